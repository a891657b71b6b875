/* what the processes of a server cannot do, once they are fenced in */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/front/front_priv.h"
#include "base/err.h"
#include "base/sandbox.h"
#include "unit.h"

static char dir[] = "/tmp/fence-test-XXXXXX", store[64];

static int fails_with(int rc, int want) { return rc < 0 && errno == want; }

/* what this kernel has, found out by another process */
static int fences(void)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct sandbox s = { 0 };
		int got = sandbox_enter(&s, 0);

		_exit(got < 0 ? 0 : got);
	}
	return waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : 0;
}

/* bits of what was wrong; the fences this kernel has not are not looked for */
static int worker(struct front *f, int have)
{
	struct store_stat stat;
	char path[128];
	int bad = 0, fd;

	bad |= front_begin(f) != 0 || !f->st;
	bad |= (store_stat(f->st, &stat) != 0) << 1;
	if (have & SANDBOX_PATHS) {
		bad |= !fails_with(open("/etc/passwd", O_RDONLY), EACCES) << 2;
		snprintf(path, sizeof path, "%s/config", store);
		bad |= !fails_with(open(path, O_WRONLY), EACCES) << 3;
	}
	if (have & SANDBOX_CALLS) {
		bad |= !fails_with(socket(AF_INET, SOCK_STREAM, 0), EPERM) << 4;
		bad |= !fails_with(fork(), EPERM) << 5;
	}
	snprintf(path, sizeof path, "%s/tmp/x", store);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	bad |= (fd < 0 || unlink(path) < 0) << 6;
	return bad;
}

static int pump(struct front *f, int have)
{
	int bad = front_pump(f) != 0, s;

	if (have & SANDBOX_PATHS)
		bad |= !fails_with(open("/etc/passwd", O_RDONLY), EACCES) << 1;
	if (have & SANDBOX_PATHS)
		bad |= !fails_with(open(store, O_RDONLY), EACCES) << 2;
	s = socket(AF_INET, SOCK_STREAM, 0);
	bad |= (s < 0) << 3;
	if (have & SANDBOX_CALLS)
		bad |= !fails_with(fork(), EPERM) << 4;
	return bad;
}

static int status_of(int (*what)(struct front *f, int have), int spawned)
{
	struct config *c;
	struct front *f;
	int status, have = fences();
	pid_t pid;

	if (config_parse(&c, span_of("", 0)) < 0 || front_new(&f, store, c, FRONT_GATEWAY) < 0)
		return -1;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (spawned && front_spawner(f) < 0)
			_exit(250);
		if (spawned) {			/* as the spawner forks its workers */
			pid = fork();
			if (pid == 0)
				_exit(what(f, have));
			_exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 251);
		}
		_exit(what(f, have));
	}
	waitpid(pid, &status, 0);
	front_free(f);
	config_free(c);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
}

static void a_worker(void) { CHECK(status_of(worker, 0) == 0); }
static void a_worker_of_a_spawner(void) { CHECK(status_of(worker, 1) == 0); }
static void a_pump(void) { CHECK(status_of(pump, 0) == 0); }

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	snprintf(store, sizeof store, "%s/store", dir);
	if (store_init(store, "") < 0)
		return 1;
	RUN(a_worker);
	RUN(a_worker_of_a_spawner);
	RUN(a_pump);
	return UNIT_END();
}
