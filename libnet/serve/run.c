/*
 * run.c - the parent: it listens, starts the pumps, starts anew those that die, and passes signals on.
 * It takes no client itself, except where every one gets a pump of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "pump_priv.h"

enum { PUMPS_MAX = 256, AGAIN_MS = 1000, KILL_MS = 5000 };

struct child {
	pid_t pid;			/* 0: none */
	int64_t born_ms, again_ms;	/* of the last; when it may be started anew, 0: not at all */
	uint64_t peer_key;		/* of a client with a pump of its own */
};

struct house {
	const struct serve_opts *o;
	struct serve_opts each;		/* the share of one pump */
	struct listener l[LISTEN_MAX];
	size_t n_l;
	struct child *pumps;
	unsigned n_pumps, n_alive;
	int own;			/* a pump for each client */
	struct peers *peers;
	struct secrets *secrets;	/* NULL: no TLS */
	int sigfd;
	sigset_t mask;			/* as it was before */
	int ending;
	int64_t kill_ms;
};

static int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void serve_opts_init(struct serve_opts *o)
{
	*o = (struct serve_opts){
		.workers = 64, .spares = 4, .conns = 20000, .queue = 1024, .limits = http_limits_default,
		.head_ms = 10000, .idle_ms = 60000, .body_ms = 30000, .send_ms = 30000, .drain_ms = 30000,
		.tls_ms = 10000, .answer_ms = 3600000, .streams = 128, .log_fd = -1, .log = SERVE_LOG_COMBINED
	};
}

/* ---- how a beginning is told ---- */

struct report { int32_t rc; char text[508]; };

void pump_report(int fd, int rc)
{
	struct report r = { .rc = rc };

	if (rc < 0)
		strncpy(r.text, err_text(), sizeof r.text - 1);
	if (write(fd, &r, sizeof r) < 0)
		errno = 0;			/* the parent is gone: so are we soon */
	close(fd);
}

int pump_hear_report(int fd)
{
	struct report r = { 0 };
	ssize_t n;

	do
		n = read(fd, &r, sizeof r);
	while (n < 0 && errno == EINTR);
	close(fd);
	if (n != sizeof r)
		return err_set(ERR_IO, "a pump died before it was ready");
	r.text[sizeof r.text - 1] = 0;
	return r.rc < 0 ? err_set(r.rc, "%s", r.text) : 0;
}

/* ---- pumps ---- */

/* in the child: what it runs, with nothing of the parent's but the listeners */
static int run_pump(struct house *h, unsigned i, int fd, int tls, int report)
{
	struct pump_start start = { .o = &h->each, .l = h->l, .n_l = fd < 0 ? h->n_l : 0, .fd = fd, .tls = tls,
				    .secrets = h->secrets, .peers = h->peers, .row = i, .report = report };
	size_t k;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	close(h->sigfd);
	for (k = 0; fd >= 0 && k < h->n_l; k++)
		close(h->l[k].fd);
	if (fd >= 0)
		start.peers = NULL;		/* the parent counts */
	return pump_run(&start) < 0;
}

/* *report: its end of the pipe by which the pump says that it is ready; NULL: nobody asks */
static int start_pump(struct house *h, unsigned i, int fd, int tls, int *report)
{
	struct child *c = &h->pumps[i];
	int pipes[2] = { -1, -1 };
	pid_t parent = getpid();

	if (report && pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys("making a pipe");
	c->pid = fork();
	if (c->pid == 0) {
		if (report)
			close(pipes[0]);
		if (getppid() != parent)
			_exit(1);
		_exit(run_pump(h, i, fd, tls, pipes[1]));
	}
	if (report) {
		close(pipes[1]);
		*report = pipes[0];
	}
	c->born_ms = clock_ms();
	c->again_ms = 0;
	if (c->pid < 0) {
		c->pid = 0;
		c->again_ms = c->born_ms + AGAIN_MS;
		return err_sys("forking a pump");
	}
	h->n_alive++;
	return 0;
}

static int start_pumps(struct house *h)
{
	int report[PUMPS_MAX], rc = 0, one;
	unsigned i, n;

	for (n = 0; rc == 0 && n < h->n_pumps; n++)
		rc = start_pump(h, n, -1, 0, &report[n]);
	if (rc < 0)
		n--;
	for (i = 0; i < n; i++) {
		one = pump_hear_report(report[i]);
		if (rc == 0)
			rc = one;
	}
	return rc;
}

static void tell_all(struct house *h, int sig)
{
	unsigned i;

	for (i = 0; i < h->n_pumps; i++)
		if (h->pumps[i].pid > 0)
			kill(h->pumps[i].pid, sig);
}

static void died(struct house *h, struct child *c, int status)
{
	int64_t now = clock_ms();
	unsigned row = (unsigned)(c - h->pumps);

	c->pid = 0;
	h->n_alive--;
	if (h->own) {
		if (c->peer_key)
			peers_drop(h->peers, 0, c->peer_key);
		c->peer_key = 0;
	} else if (h->peers) {
		peers_clear(h->peers, row);
	}
	if (WIFSIGNALED(status))
		log_warn("serve", "a pump ended by signal %d", WTERMSIG(status));
	/* one that ends well without being asked had no clients for long enough */
	if (!h->ending && !h->own && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
		c->again_ms = now - c->born_ms < AGAIN_MS ? now + AGAIN_MS : now;
}

static void reap(struct house *h)
{
	int status;
	unsigned i;

	for (i = 0; i < h->n_pumps; i++)
		if (h->pumps[i].pid > 0 && waitpid(h->pumps[i].pid, &status, WNOHANG) > 0)
			died(h, &h->pumps[i], status);
}

/* those whose time has come; how long until the next, -1: for ever */
static int start_again(struct house *h)
{
	int64_t now = clock_ms(), next = INT64_MAX;
	unsigned i;

	for (i = 0; i < h->n_pumps; i++) {
		struct child *c = &h->pumps[i];

		if (c->pid || !c->again_ms)
			continue;
		if (h->ending)
			c->again_ms = 0;
		else if (c->again_ms > now)
			next = c->again_ms < next ? c->again_ms : next;
		else if (start_pump(h, i, -1, 0, NULL) < 0)
			log_warn("serve", "%s", err_text());
	}
	return next == INT64_MAX ? -1 : (int)(next - now) + 1;
}

static int waits_for_one(const struct house *h)
{
	unsigned i;

	for (i = 0; i < h->n_pumps; i++)
		if (h->pumps[i].again_ms)
			return 1;
	return 0;
}

/* ---- a pump for each client ---- */

static struct child *free_place(struct house *h)
{
	unsigned i;

	for (i = 0; i < h->n_pumps; i++)
		if (!h->pumps[i].pid)
			return &h->pumps[i];
	return NULL;
}

static void take_client(struct house *h, const struct listener *l)
{
	struct child *c = free_place(h);
	int fd = c ? accept4(l->fd, NULL, NULL, SOCK_CLOEXEC) : -1;
	uint64_t key;

	if (fd < 0)
		return;
	key = h->peers ? peers_key(fd) : 0;
	if (key && peers_add(h->peers, 0, key) > h->o->conns_per_ip) {
		peers_drop(h->peers, 0, key);
	} else if (start_pump(h, (unsigned)(c - h->pumps), fd, l->tls, NULL) < 0) {
		log_warn("serve", "%s", err_text());
		c->again_ms = 0;
		if (key)
			peers_drop(h->peers, 0, key);
	} else {
		c->peer_key = key;
	}
	close(fd);
}

/* ---- the loop ---- */

static void end_all(struct house *h)
{
	h->kill_ms = clock_ms() + (h->ending ? 0 : h->o->drain_ms) + KILL_MS;
	h->ending = 1;
	listen_close(h->l, h->n_l);		/* the next server may have the addresses */
	h->n_l = 0;
	tell_all(h, SIGTERM);
}

static void signals(struct house *h)
{
	struct signalfd_siginfo s;

	while (read(h->sigfd, &s, sizeof s) == sizeof s) {
		if (s.ssi_signo == SIGTERM || s.ssi_signo == SIGINT)
			end_all(h);
		if (s.ssi_signo != SIGHUP)
			continue;
		if (h->o->reload)
			h->o->reload(h->o->ctx);
		tell_all(h, SIGHUP);
	}
	reap(h);
}

static void loop(struct house *h)
{
	struct pollfd fds[1 + LISTEN_MAX] = { { .fd = h->sigfd, .events = POLLIN } };
	int64_t now, quiet_from = clock_ms();
	int timeout;
	size_t i, n;

	for (;;) {
		timeout = start_again(h);
		now = clock_ms();
		if (h->n_alive)
			quiet_from = now;
		if (h->n_alive == 0 && !waits_for_one(h) &&
		    (h->ending || !h->own || (h->o->quiet_ms > 0 && now - quiet_from >= h->o->quiet_ms)))
			return;
		if (h->ending && now >= h->kill_ms)
			tell_all(h, SIGKILL);
		if (h->ending || (h->own && h->o->quiet_ms > 0))
			timeout = 500;
		n = h->own && !h->ending && free_place(h) ? h->n_l : 0;
		for (i = 0; i < n; i++)
			fds[1 + i] = (struct pollfd){ .fd = h->l[i].fd, .events = POLLIN };
		if (poll(fds, 1 + n, timeout) <= 0)
			continue;
		for (i = 0; i < n; i++)
			if (fds[1 + i].revents)
				take_client(h, &h->l[i]);
		if (fds[0].revents)
			signals(h);
	}
}

/* ---- beginning ---- */

static unsigned processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : (unsigned)CPU_COUNT(&set);
}

static unsigned share(unsigned all, unsigned n)
{
	return all / n + (all % n != 0);
}

static void divide(struct house *h)
{
	const struct serve_opts *o = h->o;
	unsigned n = o->pumps ? o->pumps : processors();

	h->each = *o;
	h->own = o->conns == 1;
	if (h->own) {
		h->n_pumps = o->workers ? o->workers : 1;
		h->each.workers = h->each.spares = 1;
		h->each.quiet_ms = 0;
		return;
	}
	if (n > o->workers)
		n = o->workers;
	if (n > o->conns)
		n = o->conns;
	if (n > PUMPS_MAX)
		n = PUMPS_MAX;
	h->n_pumps = n ? n : 1;
	h->each.workers = share(o->workers ? o->workers : 1, h->n_pumps);
	h->each.spares = share(o->spares, h->n_pumps);
	h->each.conns = share(o->conns ? o->conns : 1, h->n_pumps);
	h->each.queue = share(o->queue, h->n_pumps);
}

static int hear_signals(struct house *h)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &h->mask);
	h->sigfd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return h->sigfd < 0 ? err_sys("waiting for signals") : 0;
}

static int open_all(struct house *h)
{
	const char *const *spec;
	int rc = 0;

	for (spec = h->o->listen; rc == 0 && spec && *spec; spec++)
		rc = listen_open(*spec, h->l, &h->n_l);
	return rc;
}

/* what pumps share for TLS, in memory of its own */
static int make_secrets(struct house *h, int wanted)
{
	const struct serve_opts *o = h->o;
	struct buf cert = BUF_INIT(PEM_MAX - 1), key = BUF_INIT(PEM_MAX - 1);
	struct secrets *s;
	int rc;

	if (!wanted)
		return 0;
	if (!o->tls_cert)
		return err_set(ERR_USAGE, "a TLS address needs a certificate (-c and -k, or -c self)");
	s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return err_nomem();
	h->secrets = s;
	rc = tls_ticket_key(s->ticket_key);
	if (rc == 0 && strcmp(o->tls_cert, "self") == 0) {
		rc = tls_self_signed("localhost", &cert, &key);
		if (rc == 0) {
			memcpy(s->cert, cert.data, cert.len + 1);
			memcpy(s->key, key.data, key.len + 1);
		}
	}
	if (key.data)
		explicit_bzero(key.data, key.cap);
	buf_clear(&cert);
	buf_clear(&key);
	return rc;
}

/* Is the certificate good?  Asked of a child, so that the key is in none of those who fork. */
static int check_creds(struct house *h)
{
	struct tls_creds *creds;
	int pipes[2], rc;
	pid_t pid;

	if (!h->secrets)
		return 0;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys("making a pipe");
	pid = fork();
	if (pid == 0) {
		close(pipes[0]);
		pump_report(pipes[1], pump_creds(h->o, h->secrets, &creds));
		_exit(0);
	}
	close(pipes[1]);
	rc = pump_hear_report(pipes[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return rc;
}

static int keep_house(struct house *h)
{
	size_t i;
	int rc = 0;

	divide(h);
	h->pumps = calloc(h->n_pumps, sizeof *h->pumps);
	if (h->o->conns_per_ip)
		h->peers = peers_new(h->own ? 1 : h->n_pumps, h->own ? h->n_pumps : h->each.conns);
	if (!h->pumps || (h->o->conns_per_ip && !h->peers))
		rc = err_nomem();
	if (rc == 0)
		rc = hear_signals(h);
	if (rc == 0)
		rc = h->own ? check_creds(h) : start_pumps(h);
	for (i = 0; rc == 0 && h->o->ready && i < h->n_l; i++)
		h->o->ready(h->o->ctx, h->l[i].text);
	if (rc < 0)
		end_all(h);
	if (h->sigfd >= 0)
		loop(h);
	listen_close(h->l, h->n_l);
	free(h->pumps);
	if (h->sigfd >= 0) {
		close(h->sigfd);
		sigprocmask(SIG_SETMASK, &h->mask, NULL);
	}
	return rc;
}

int serve_run(const struct serve_opts *o)
{
	struct house h = { .o = o, .sigfd = -1 };
	struct pump_start one = { .o = o, .fd = 0, .tls = o->tls_given, .report = -1 };
	int rc, tls = o->tls_given && !o->listen, how;
	size_t i;

	rc = o->listen ? open_all(&h) : listen_given(h.l, &h.n_l);
	how = rc;
	for (i = 0; i < h.n_l; i++) {
		if (!o->listen)
			h.l[i].tls = o->tls_given;
		tls |= h.l[i].tls;
	}
	if (rc >= 0)
		rc = make_secrets(&h, tls);
	if (rc < 0) {
		listen_close(h.l, h.n_l);
		return rc;
	}
	one.secrets = h.secrets;
	if (!o->listen && how == LISTEN_CONNECTED)
		return pump_run(&one);
	if (h.n_l == 0)
		return err_set(ERR_USAGE, "no address to listen at, and no socket was given");
	return keep_house(&h);
}
