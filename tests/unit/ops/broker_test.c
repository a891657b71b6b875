/* broker_test.c - programs started for those who may not: allowed ones, others, many, and the end */
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "ops/broker.h"
#include "tests/unit/unit.h"

static int only_c(const char *const *args)
{
	return strcmp(args[0], "-c") == 0;
}

/* all that `sh args` says to `in` */
static const char *said(struct broker *b, const char *const *args, const char *in)
{
	static struct buf out;
	int fd = broker_run(b, args);

	buf_clear(&out);
	out.max = 1 << 20;
	if (fd < 0)
		return "(not started)";
	CHECK(io_write(fd, in, strlen(in), "in") == 0 && shutdown(fd, SHUT_WR) == 0);
	CHECK(io_slurp(fd, &out, "out") == 0);
	close(fd);
	return out.data ? (const char *)out.data : "";
}

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void starting(void)
{
	struct broker *b;
	int i;

	NEED(broker_new(&b, "sh", only_c) == 0 && broker_fd(b) >= 10);
	CHECK_STR(said(b, ARGS("-c", "cat; echo \"$1\" >&2", "sh", "two words"), "in "), "in two words\nexit 0\n");
	CHECK_STR(said(b, ARGS("-c", "exit 3"), ""), "exit 3\n");
	CHECK_STR(said(b, ARGS("-c", "kill -9 $$"), ""), "exit 137\n");
	CHECK_STR(said(b, ARGS("-x", "echo no"), ""), "");
	CHECK_STR(said(b, ARGS("-c", "ls /proc/self/fd | wc -l"), ""), "4\nexit 0\n");	/* and the folder itself */
	for (i = 0; i < 50; i++)
		CHECK_STR(said(b, ARGS("-c", "echo hello"), ""), "hello\nexit 0\n");
	broker_free(b);
}

static void too_much(void)
{
	static char word[9000];
	struct broker *b;

	NEED(broker_new(&b, "sh", only_c) == 0);
	memset(word, 'x', sizeof word - 1);
	CHECK_ERR(broker_run(b, ARGS("-c", "true", word)), ERR_LIMIT);
	CHECK_STR(said(b, ARGS("-c", "echo still"), ""), "still\nexit 0\n");
	broker_free(b);
	NEED(broker_new(&b, "no-such-program-anywhere", only_c) == 0);
	CHECK_STR(said(b, ARGS("-c", "x"), ""), "exit 127\n");
	broker_free(b);
	broker_free(NULL);
}

/* children have it, too, and what was started outlives the handle */
static void from_children(void)
{
	struct broker *b;
	int fd, status;
	char c;
	pid_t pid;

	NEED(broker_new(&b, "sh", only_c) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(strcmp(said(b, ARGS("-c", "echo hello"), ""), "hello\nexit 0\n") != 0);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	fd = broker_run(b, ARGS("-c", "read x; echo $x"));
	broker_free(b);
	CHECK(fd >= 0 && io_write(fd, "y\n", 2, "in") == 0 && read(fd, &c, 1) == 1 && c == 'y');
	close(fd);
}

int main(void)
{
	RUN(starting);
	RUN(too_much);
	RUN(from_children);
	return UNIT_END();
}
