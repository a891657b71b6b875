/* spawn.c - the process that forks workers and reaps them */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "link.h"
#include "spawn.h"

enum { STEP_MS = 5 };

struct job {
	int fd;				/* to the pump */
	int (*work)(int fd, void *arg);
	int (*begin)(void *arg);
	void (*reload)(void *arg);
	void *arg;
	int kept;			/* a descriptor that stays; -1: none */
	uint32_t generation;
	sigset_t mask;			/* as it was */
};

/* ---- the spawner's side ---- */

static void on_child(int sig)
{
	(void)sig;			/* only to wake ppoll */
}

void spawn_tell(int fd, const struct spawn_told *told, int link)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct spawn_told t = *told;
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

static void tell(const struct job *j, pid_t pid, int status, int link)
{
	const struct spawn_told t = { (int32_t)pid, status, j->generation };

	spawn_tell(j->fd, &t, link);
}

static void make_worker(const struct job *j)
{
	int link[2];
	pid_t pid;

	if (link_pair(link) < 0) {
		tell(j, 0, -1, -1);
		return;
	}
	pid = fork();
	if (pid == 0) {
		close(j->fd);
		close(link[0]);
		signal(SIGCHLD, SIG_DFL);
		sigprocmask(SIG_SETMASK, &j->mask, NULL);
		prctl(PR_SET_PDEATHSIG, SIGKILL);	/* without a spawner there is nobody to answer for */
		_exit(j->work(link[1], j->arg));
	}
	close(link[1]);
	tell(j, pid > 0 ? pid : 0, -1, pid > 0 ? link[0] : -1);
	close(link[0]);
}

static void reap(const struct job *j)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		tell(j, pid, status, -1);
}

/* Only a child of ours can be waited for, and as long as it is not, its number is not another's. */
static void end_worker(const struct job *j, pid_t pid)
{
	int status;
	pid_t got = pid > 0 ? waitpid(pid, &status, WNOHANG) : -1;

	if (got == 0)
		kill(pid, SIGKILL);
	else if (got > 0)
		tell(j, pid, status, -1);
}

static void obey(struct job *j, struct spawn_order o)
{
	switch (o.what) {
	case SPAWN_WORKERS:
		for (; o.n > 0; o.n--)
			make_worker(j);
		break;
	case SPAWN_RELOAD:
		if (j->reload)
			j->reload(j->arg);
		j->generation++;
		break;
	case SPAWN_KILL:
		end_worker(j, (pid_t)o.n);
		break;
	}
}

/* nothing of the pump's stays open here: neither its sockets nor what it was given */
static int keep_only(int fd, int kept)
{
	int null;

	if (fd != 3 && dup2(fd, 3) < 0)
		return -1;
	null = open("/dev/null", O_RDWR);
	if (null >= 0 && (dup2(null, 0) < 0 || dup2(null, 1) < 0))
		return -1;
	spawn_close(4, kept);
	fcntl(3, F_SETFD, FD_CLOEXEC);
	return 3;
}

void spawn_close(int from, int but)
{
	if (but < from) {
		close_range((unsigned)from, ~0u, 0);
		return;
	}
	if (but > from)
		close_range((unsigned)from, (unsigned)but - 1, 0);
	close_range((unsigned)but + 1, ~0u, 0);
}

static void spawner(struct job *j)
{
	struct sigaction sa = { .sa_handler = on_child };
	struct pollfd p = { .events = POLLIN };
	sigset_t block, was;
	struct spawn_order o;
	ssize_t n;

	j->fd = p.fd = keep_only(j->fd, j->kept);
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigprocmask(SIG_SETMASK, &block, &was);
	sigemptyset(&j->mask);
	sigaction(SIGCHLD, &sa, NULL);
	signal(SIGHUP, SIG_IGN);	/* the pump decides when it is over */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (j->begin && j->begin(j->arg) < 0)
		return;				/* the pump is told: there will be no workers */
	for (;;) {
		if (ppoll(&p, 1, NULL, &j->mask) > 0) {
			n = recv(j->fd, &o, sizeof o, MSG_DONTWAIT);
			if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
				break;
			if (n == sizeof o)
				obey(j, o);
		}
		reap(j);
	}
	close(j->fd);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)	/* their links end, and so do they */
		;
}

/* ---- the pump's side ---- */

int spawn_start(struct spawner *s, int (*begin)(void *arg), int (*work)(int fd, void *arg),
		void (*reload)(void *arg), void *arg, int kept)
{
	struct job j = { .begin = begin, .work = work, .reload = reload, .arg = arg, .kept = kept };
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
		j.fd = fds[1];
		spawner(&j);
		_exit(0);
	}
	close(fds[1]);
	s->fd = fds[0];
	return 0;
}

static int order(struct spawner *s, enum spawn_what what, uint32_t n)
{
	struct spawn_order o = { what, n };

	while (send(s->fd, &o, sizeof o, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return errno == EAGAIN ? err_set(ERR_BUSY, "the spawner is behind") :
						 err_set(ERR_INTERRUPTED, "the spawner is gone");
	return 0;
}

int spawn_ask(struct spawner *s, unsigned n)
{
	return n ? order(s, SPAWN_WORKERS, n) : 0;
}

int spawn_reload(struct spawner *s)
{
	return order(s, SPAWN_RELOAD, 0);
}

int spawn_kill(struct spawner *s, pid_t pid)
{
	return order(s, SPAWN_KILL, (uint32_t)pid);
}

int spawn_next(struct spawner *s, struct spawn_news *news)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct spawn_told t;
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
	*news = (struct spawn_news){ .pid = t.pid, .status = t.status, .fd = -1,
				     .generation = t.generation };
	c = CMSG_FIRSTHDR(&h);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&news->fd, CMSG_DATA(c), sizeof news->fd);
	return 1;
}

void spawn_stop(struct spawner *s, int patience_ms)
{
	const struct timespec step = { 0, STEP_MS * 1000000 };

	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	if (s->pid <= 0)
		return;
	for (; patience_ms > 0 && waitpid(s->pid, NULL, WNOHANG) == 0; patience_ms -= STEP_MS)
		nanosleep(&step, NULL);
	if (patience_ms <= 0 && waitpid(s->pid, NULL, WNOHANG) == 0) {
		kill(s->pid, SIGKILL);		/* and its workers with it */
		waitpid(s->pid, NULL, 0);
	}
	s->pid = 0;
}
