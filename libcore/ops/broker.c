/* broker.c - a process that starts a program for others */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "ops/broker.h"
#include "ops/coproc.h"

enum { ARGS_BYTES = 8192, ARGS_MAX = 64, FD_MIN = 10 };

struct broker { int fd; };

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/* ---- the process ---- */

/* "a\0b\0" to pointers behind argv[0]; 0: no such thing */
static int unpack(char *bytes, size_t len, const char *argv[ARGS_MAX + 2])
{
	size_t n = 1, at;

	if (len == 0 || bytes[len - 1])
		return 0;
	for (at = 0; at < len; at += strlen(bytes + at) + 1) {
		if (n == ARGS_MAX + 1)
			return 0;
		argv[n++] = bytes + at;
	}
	argv[n] = NULL;
	return 1;
}

/* how it ended, behind all it said: whoever hears nothing of that knows that it did not end well */
static void tell_end(int fd, pid_t pid)
{
	char line[32];
	int status, n;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return;
	n = snprintf(line, sizeof line, "exit %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	while (send(fd, line, (size_t)n, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static void start(int fd, const char *program, const char **argv)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t none;
	pid_t pid;

	if (fork() != 0)
		return;
	sigaction(SIGCHLD, &standard, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	pid = fork();
	if (pid != 0) {
		if (pid > 0)
			tell_end(fd, pid);
		_exit(0);
	}
	if (dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(126);
	close_range(3, ~0u, 0);
	coproc_exec(program, argv);
	_exit(127);
}

/* one request: 1; 0: nobody is left who could make any */
static int serve(int fd, const char *program, int (*may)(const char *const *args))
{
	static char bytes[ARGS_BYTES];
	const char *argv[ARGS_MAX + 2] = { program };
	union control c;
	struct iovec v = { bytes, sizeof bytes };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = c.bytes, .msg_controllen = sizeof c.bytes };
	struct cmsghdr *h;
	ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	int theirs = -1;

	if (n == 0 || (n < 0 && errno != EINTR))
		return 0;
	h = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
		memcpy(&theirs, CMSG_DATA(h), sizeof theirs);
	if (theirs >= 0 && !(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && unpack(bytes, (size_t)n, argv) && may(argv + 1))
		start(theirs, program, argv);
	if (theirs >= 0)
		close(theirs);
	return 1;
}

static void be_broker(int fd, const char *program, int (*may)(const char *const *args))
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGCHLD, &ignore, NULL);	/* nobody waits for those we start */
	sigaction(SIGHUP, &ignore, NULL);
	dup2(fd, 3);
	close_range(4, ~0u, 0);
	while (serve(3, program, may))
		;
	_exit(0);
}

int broker_new(struct broker **out, const char *program, int (*may)(const char *const *args))
{
	struct broker *b = malloc(sizeof *b);
	int pair[2];
	pid_t pid;

	*out = NULL;
	if (!b)
		return err_nomem();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		free(b);
		return err_sys("making a socket pair");
	}
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		if (fork() == 0)		/* nobody has to wait for it either */
			be_broker(pair[1], program, may);
		_exit(0);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		free(b);
		return err_sys("starting a process");
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	b->fd = fcntl(pair[0], F_DUPFD_CLOEXEC, FD_MIN);
	close(pair[0]);
	if (b->fd < 0) {
		free(b);
		return err_sys("making a socket pair");
	}
	*out = b;
	return 0;
}

int broker_fd(const struct broker *b)
{
	return b->fd;
}

void broker_free(struct broker *b)
{
	if (!b)
		return;
	close(b->fd);
	free(b);
}

/* ---- who asks ---- */

static int pack(const char *const *args, char bytes[ARGS_BYTES], size_t *len)
{
	size_t n;

	for (*len = 0; *args; args++, *len += n) {
		n = strlen(*args) + 1;
		if (n > ARGS_BYTES - *len)
			return err_set(ERR_LIMIT, "too much for a program to be told");
		memcpy(bytes + *len, *args, n);
	}
	return 0;
}

int broker_run(struct broker *b, const char *const *args)
{
	char bytes[ARGS_BYTES];
	union control c = { { 0 } };
	struct iovec v = { bytes, 0 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = c.bytes, .msg_controllen = sizeof c.bytes };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	int pair[2], rc = pack(args, bytes, &v.iov_len);

	if (rc < 0)
		return rc;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys("making a socket pair");
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &pair[1], sizeof(int));
	if (sendmsg(b->fd, &m, MSG_NOSIGNAL) < 0)
		rc = err_sys("asking for a program");
	close(pair[1]);
	if (rc < 0)
		close(pair[0]);
	return rc < 0 ? rc : pair[0];
}
