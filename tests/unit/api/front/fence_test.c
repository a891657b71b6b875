/* what the processes of a server cannot do, once they are fenced in */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
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
	bad |= !store_board(f->st) << 7;	/* what all programs did to the store was told as nothing */
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

/* ---- a kernel that has not all of it ---- */

/* From now on Landlock (SANDBOX_PATHS) or filters (SANDBOX_CALLS) are what a kernel without them says: by a filter. */
static int lose(int which)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, which & SANDBOX_PATHS ? 4 : 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 0, 2),
		BPF_STMT(BPF_RET | BPF_K, which & SANDBOX_CALLS ? SECCOMP_RET_ERRNO | EINVAL : SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof code / sizeof *code, code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
}

static int put_nothing(struct sink *s, const struct piece *p)
{
	(void)s;
	(void)p;
	return 0;
}

static int start_nothing(struct reply *r, uint64_t len)
{
	(void)r;
	(void)len;
	return 0;
}

static int status_of_answer(struct front *f)
{
	struct request rq = { .method = span_str("GET"), .path = span_str("/ipfs/bafkqaaa"), .host = span_str("127.0.0.1"),
			      .id = span_str("id"), .peer = span_str("127.0.0.1:1"), .local = 1 };
	struct reply r = { .sink = { put_nothing }, .fields = BUF_INIT(REPLY_FIELDS_MAX), .trailers = BUF_INIT(4096),
			   .start = start_nothing };

	front_answer(&rq, &r, f);
	buf_clear(&r.fields);
	buf_clear(&r.trailers);
	return r.status;
}

enum { PUMP, SPAWNER, WORKER, ANSWER, N_PLACES };

/* one of a server's processes where `lost` is not to be had: bits of what was wrong */
static int without(const char *settings, int lost, int place, int refused)
{
	const char *word = lost == SANDBOX_PATHS ? "Landlock" : "seccomp";
	struct config *c;
	struct front *f;
	int rc = 0, bad;

	if (config_parse(&c, span_str(settings)) < 0 || front_new(&f, store, c, FRONT_GATEWAY) < 0 || !lose(lost))
		return 128;
	switch (place) {
	case PUMP: rc = front_pump(f); break;
	case SPAWNER: rc = front_spawner(f); break;
	case WORKER: rc = front_begin(f); break;
	case ANSWER: return (status_of_answer(f) != (refused ? 503 : 200)) | (refused && f->st ? 2 : 0);
	}
	bad = rc != (refused ? ERR_UNSUPPORTED : 0);
	if (refused)
		bad |= (!strstr(err_text(), word)) << 1 | (f->st != NULL) << 2;
	else if (place == WORKER)
		bad |= (f->st == NULL) << 2;
	return bad;
}

static int another(const char *settings, int lost, int place, int refused)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(without(settings, lost, place, refused));
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	if (WEXITSTATUS(status))
		printf("# %.20s, place %d, without %d: %d\n", settings, place, lost, WEXITSTATUS(status));
	return WEXITSTATUS(status);
}

/* nobody serves, and no store is left open to be served from */
static void what_must_be_is_missing(void)
{
	int place;

	for (place = 0; place < N_PLACES; place++) {
		CHECK(another("serve.sandbox = must\n", SANDBOX_CALLS, place, 1) == 0);
		/* files are not the spawner's: its workers find out */
		CHECK(another("serve.sandbox = must\n", SANDBOX_PATHS, place, place != SPAWNER) == 0);
	}
}

static void what_may_be_is_missing(void)
{
	int place;

	for (place = 0; place < N_PLACES; place++) {
		CHECK(another("serve.sandbox = yes\n", SANDBOX_CALLS, place, 0) == 0);
		CHECK(another("serve.sandbox = yes\n", SANDBOX_PATHS, place, 0) == 0);
	}
}

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
	RUN(what_must_be_is_missing);
	RUN(what_may_be_is_missing);
	return UNIT_END();
}
