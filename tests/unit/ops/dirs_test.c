/* dirs_test.c - folders that are closed and opened again */
#include <fcntl.h>
#include <unistd.h>

#include "ops/dirs.h"
#include "tests/unit/ops/opstest.h"

enum { DEEP = 200 };

/* make and push: level i is called "d" */
static int push(struct dirs *d)
{
	int above = d->n ? dirs_fd(d) : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	struct stat sb;

	if (above < 0)
		return above;
	mkdirat(above, "d", 0755);
	fd = openat(above, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!d->n)
		close(above);
	if (fd < 0 || fstat(fd, &sb) < 0)
		abort();
	return dirs_push(d, fd, "d", &sb);
}

static void deep_and_back(void)
{
	ino_t inode[DEEP];
	struct dirs d = { 0 };
	struct stat sb;
	int i, rc = 0;

	for (i = 0; i < DEEP && rc == 0; i++) {
		rc = push(&d);
		CHECK(rc == 0 && fstat(dirs_fd(&d), &sb) == 0);
		inode[i] = sb.st_ino;
		CHECK(d.n_open <= DIRS_OPEN);
		CHECK(dirs_has(&d, &sb));
	}
	while (d.n) {
		int fd = dirs_fd(&d);

		NEED(fd >= 0 && fstat(fd, &sb) == 0);
		CHECK(sb.st_ino == inode[d.n - 1]);
		CHECK(d.n_open <= DIRS_OPEN);
		dirs_pop(&d);
		CHECK(!dirs_has(&d, &sb));
	}
	dirs_clear(&d);
	CHECK(d.n_open == 0);
}

static void another_in_its_place(void)
{
	struct dirs d = { 0 };
	char path[3 * DEEP + 10] = "";
	int i, rc = 0;

	for (i = 0; i < DEEP && rc == 0; i++)
		rc = push(&d);
	for (i = 0; i < 100; i++)
		strcat(path, i ? "/d" : "d");
	NEED(rename(at(path), at("away")) == 0 && mkdir(at(path), 0755) == 0);
	for (i = 0; i < DEEP && rc >= 0 && d.n; i++) {
		rc = dirs_fd(&d);
		dirs_pop(&d);
	}
	CHECK(rc < 0 && d.n > 50 && d.n < DEEP);
	/* a symlink in its place is not followed */
	NEED(rmdir(at(path)) == 0 && symlink(at("away"), at(path)) == 0);
	CHECK(dirs_fd(&d) < 0);
	dirs_clear(&d);
}

int main(void)
{
	dir = unit_tmpdir();
	RUN(deep_and_back);
	RUN(another_in_its_place);
	return UNIT_END();
}
