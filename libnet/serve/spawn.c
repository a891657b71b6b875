/* spawn.c - the process that forks workers and reaps them */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "link.h"
#include "spawn.h"

struct order {
	uint32_t n;
};

struct told {
	int32_t pid, status;
};

/* ---- the spawner's side ---- */

static void on_child(int sig)
{
	(void)sig;			/* only to wake ppoll */
}

static void tell(int fd, pid_t pid, int status, int link)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct told t = { (int32_t)pid, status };
	struct iovec iov = { &t, sizeof t };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (link >= 0) {
		h.msg_control = control.room;
		h.msg_controllen = sizeof control.room;
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &link, sizeof link);
	}
	while (sendmsg(fd, &h, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static void make_worker(int fd, int (*work)(int fd, void *arg), void *arg, const sigset_t *mask)
{
	int link[2];
	pid_t pid;

	if (link_pair(link) < 0) {
		tell(fd, 0, -1, -1);
		return;
	}
	pid = fork();
	if (pid == 0) {
		close(fd);
		close(link[0]);
		signal(SIGCHLD, SIG_DFL);
		sigprocmask(SIG_SETMASK, mask, NULL);
		prctl(PR_SET_PDEATHSIG, SIGKILL);	/* without a spawner there is nobody to answer for */
		_exit(work(link[1], arg));
	}
	close(link[1]);
	tell(fd, pid > 0 ? pid : 0, -1, pid > 0 ? link[0] : -1);
	close(link[0]);
}

static void reap(int fd)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		tell(fd, pid, status, -1);
}

static void spawner(int fd, int (*work)(int fd, void *arg), void *arg)
{
	struct sigaction sa = { .sa_handler = on_child };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	sigset_t block, was;
	struct order o;
	ssize_t n;

	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigprocmask(SIG_BLOCK, &block, &was);
	sigaction(SIGCHLD, &sa, NULL);
	signal(SIGHUP, SIG_IGN);	/* the pump decides when it is over */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	for (;;) {
		if (ppoll(&p, 1, NULL, &was) > 0) {
			n = recv(fd, &o, sizeof o, MSG_DONTWAIT);
			if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
				break;
			for (; n == sizeof o && o.n > 0; o.n--)
				make_worker(fd, work, arg, &was);
		}
		reap(fd);
	}
	close(fd);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)	/* their links end, and so do they */
		;
}

/* ---- the pump's side ---- */

int spawn_start(struct spawner *s, int (*work)(int fd, void *arg), void *arg)
{
	int fds[2];

	if (link_pair(fds) < 0)
		return err_add(ERR_IO, "making the spawner");
	s->pid = fork();
	if (s->pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return err_sys("forking the spawner");
	}
	if (s->pid == 0) {
		close(fds[0]);
		spawner(fds[1], work, arg);
		_exit(0);
	}
	close(fds[1]);
	s->fd = fds[0];
	return 0;
}

int spawn_ask(struct spawner *s, unsigned n)
{
	struct order o = { n };

	while (send(s->fd, &o, sizeof o, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return errno == EAGAIN ? err_set(ERR_BUSY, "the spawner is behind") :
						 err_set(ERR_INTERRUPTED, "the spawner is gone");
	return 0;
}

int spawn_next(struct spawner *s, struct spawn_news *news)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct told t;
	struct iovec iov = { &t, sizeof t };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
			    .msg_controllen = sizeof control.room };
	struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(s->fd, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (n != sizeof t)
		return err_set(ERR_INTERRUPTED, "the spawner is gone");
	*news = (struct spawn_news){ .pid = t.pid, .status = t.status, .fd = -1 };
	c = CMSG_FIRSTHDR(&h);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&news->fd, CMSG_DATA(c), sizeof news->fd);
	return 1;
}

void spawn_stop(struct spawner *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}
