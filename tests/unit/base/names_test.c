/* names_test.c - a list of names from a stream */
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/names.h"
#include "tests/unit/unit.h"

/* a file with these bytes, open for reading */
static int file_of(const void *p, size_t len)
{
	char path[] = "/tmp/ipfrs-names.XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || unlink(path) < 0 || io_write(fd, p, len, path) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return fd;
}

/* every name in [brackets]; an error ends it with its own name */
static const char *all(const void *p, size_t len, char end)
{
	static char out[4096];
	struct names n;
	const char *name;
	int fd = file_of(p, len), rc;

	out[0] = 0;
	names_init(&n, fd, end, "test");
	while ((rc = names_next(&n, &name)) > 0)
		sprintf(out + strlen(out), "[%s]", name);
	if (rc < 0)
		strcat(out, err_name(rc));
	if (rc == 0 && names_next(&n, &name) != 0)	/* the end stays the end */
		strcat(out, "more?");
	names_clear(&n);
	close(fd);
	return out;
}

#define ALL(text, end) all((text), sizeof (text) - 1, (end))

static void lines(void)
{
	CHECK_STR(ALL("a\nb c\n d\n", '\n'), "[a][b c][ d]");
	CHECK_STR(ALL("a\nlast", '\n'), "[a][last]");
	CHECK_STR(ALL("\n\na\n\n\nb\n\n", '\n'), "[a][b]");
	CHECK_STR(ALL("", '\n'), "");
	CHECK_STR(ALL("\n", '\n'), "");
	CHECK_STR(ALL("a\r\n", '\n'), "[a\r]");
	CHECK_STR(ALL("a\nb\0c\nd\n", '\n'), "[a]INVALID");
}

static void by_nul(void)
{
	CHECK_STR(ALL("a\0b\nc\0", '\0'), "[a][b\nc]");
	CHECK_STR(ALL("\0\0a\0\0last", '\0'), "[a][last]");
	CHECK_STR(ALL("", '\0'), "");
}

/* names longer than one read, and one that is exactly as long as allowed */
static void long_names(void)
{
	static char text[3 * NAMES_LINE_MAX];
	struct names n;
	const char *name = NULL;
	int fd;

	memset(text, 'x', sizeof text);
	text[10] = text[10 + NAMES_LINE_MAX + 1] = '\n';
	fd = file_of(text, 10 + NAMES_LINE_MAX + 4);
	names_init(&n, fd, '\n', "test");
	CHECK(names_next(&n, &name) == 1 && strlen(name) == 10);
	CHECK(names_next(&n, &name) == 1 && strlen(name) == NAMES_LINE_MAX);
	CHECK(names_next(&n, &name) == 1 && strlen(name) == 2);
	CHECK(names_next(&n, &name) == 0);
	names_clear(&n);
	close(fd);
}

/* the tail of a name too long was once given as the next name */
static void tail_of_too_long_is_no_name(void)
{
	static char text[2 * NAMES_LINE_MAX + 10];
	struct names n;
	const char *name = NULL;
	int fd;

	memset(text, 'x', sizeof text);
	strcpy(text + sizeof text - 6, "\nnext");
	fd = file_of(text, sizeof text - 1);
	names_init(&n, fd, '\n', "test");
	CHECK_ERR(names_next(&n, &name), ERR_LIMIT);
	CHECK(strstr(err_text(), "'test'") != NULL);
	CHECK(names_next(&n, &name) == 1);
	CHECK_STR(name, "next");
	CHECK(names_next(&n, &name) == 0);
	names_clear(&n);
	close(fd);
	fd = file_of(text, sizeof text - 10);		/* and at the end of the stream */
	names_init(&n, fd, '\n', "test");
	CHECK_ERR(names_next(&n, &name), ERR_LIMIT);
	CHECK(names_next(&n, &name) == 0);
	names_clear(&n);
	close(fd);
}

/* a pipe's names are used as they come */
static void from_a_pipe(void)
{
	struct names n;
	const char *name = NULL;
	int p[2];

	NEED(pipe(p) == 0);
	names_init(&n, p[0], '\n', "pipe");
	CHECK(names_wait(&n) == 1);
	CHECK(write(p[1], "one\ntw", 6) == 6);
	CHECK(names_wait(&n) == 0);
	CHECK(names_next(&n, &name) == 1);
	CHECK_STR(name, "one");
	CHECK(names_wait(&n) == 1);		/* for the rest of "tw" */
	CHECK(write(p[1], "o\n", 2) == 2);
	CHECK(names_wait(&n) == 0);
	CHECK(names_next(&n, &name) == 1);
	CHECK_STR(name, "two");
	close(p[1]);
	CHECK(names_wait(&n) == 0);		/* the end is known without waiting */
	CHECK(names_next(&n, &name) == 0);
	CHECK(names_wait(&n) == 0);
	names_clear(&n);
	close(p[0]);
	names_init(&n, -1, '\n', "nothing");
	CHECK_ERR(names_next(&n, &name), ERR_IO);
	names_clear(&n);
}

int main(void)
{
	RUN(lines);
	RUN(by_nul);
	RUN(long_names);
	RUN(tail_of_too_long_is_no_name);
	RUN(from_a_pipe);
	return UNIT_END();
}
