/* what is fenced off fails, what is needed works on */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/sandbox.h"
#include "unit.h"

static char dir[] = "/tmp/sandbox-test-XXXXXX";

static int fails_with(int rc, int want) { return rc < 0 && errno == want; }

static void *nothing(void *arg) { return arg; }

/* each check that fails is a bit of the exit status */
static int inside(int net, int fork_too, enum sandbox_stage stage)
{
	const char *const write[] = { dir, "/no/such/folder", NULL };
	struct sandbox s = { .stage = stage, .write = write, .net = net, .fork = fork_too, .files = 64 };
	int got = sandbox_enter(&s, 0), bad = 0, fd, pair[2], p;
	pthread_t t;
	pid_t pid;
	char path[64];

	if (got < 0 || !(got & SANDBOX_LIMITS))
		return 255;
	snprintf(path, sizeof path, "%s/file", dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	bad |= (fd < 0 || write != s.write || ftruncate(fd, 4096) < 0) << 0;
	bad |= (mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED || unlink(path) < 0) << 0;
	if (got & SANDBOX_PATHS) {
		bad |= !fails_with(open("/etc/passwd", O_RDONLY), EACCES) << 1;
		bad |= !fails_with(open("/tmp/sandbox-test-other", O_WRONLY | O_CREAT, 0600), EACCES) << 1;
	}
	if (got & SANDBOX_CALLS) {
		p = socket(AF_INET, SOCK_STREAM, 0);
		bad |= (net ? p < 0 : !fails_with(p, EPERM)) << 2;
		bad |= (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) << 3;
		pid = fork();
		if (pid == 0)
			_exit(0);
		bad |= (fork_too ? pid <= 0 || waitpid(pid, NULL, 0) != pid : !fails_with(pid, EPERM)) << 4;
		bad |= !fails_with(execl("/bin/true", "true", (char *)NULL), EPERM) << 5;
		bad |= !fails_with(setuid(1), EPERM) << 5;
	}
	bad |= (pthread_create(&t, NULL, nothing, NULL) != 0 || pthread_join(t, NULL) != 0) << 6;
	return bad;
}

static int status_of(int net, int fork_too, enum sandbox_stage stage)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(inside(net, fork_too, stage));
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 254;
}

static void a_worker(void) { CHECK(status_of(0, 0, SANDBOX_WHOLE) == 0); }
static void with_sockets(void) { CHECK(status_of(1, 0, SANDBOX_WHOLE) == 0); }
static void with_processes(void) { CHECK(status_of(0, 1, SANDBOX_WHOLE) == 0); }

/* the same fences in two steps, for many children of one parent */
static void in_two_steps(void)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct sandbox s = { .stage = SANDBOX_PARENT };
		int i, bad = sandbox_enter(&s, 0) < 0;

		for (i = 0; !bad && i < 3; i++)
			bad = status_of(0, 0, SANDBOX_CHILD);
		_exit(bad);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void what_must_be_there(void)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct sandbox s = { 0 };
		int rc = sandbox_enter(&s, SANDBOX_ALL);

		_exit(rc == SANDBOX_ALL || rc == ERR_UNSUPPORTED ? 0 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	RUN(a_worker);
	RUN(with_sockets);
	RUN(with_processes);
	RUN(in_two_steps);
	RUN(what_must_be_there);
	rmdir(dir);
	return UNIT_END();
}
