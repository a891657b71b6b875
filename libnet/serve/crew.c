/* crew.c - the pumps of one group of addresses: started, heard of, started anew when they die */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "crew.h"

enum { AGAIN_MS = 1000 };

int64_t crew_clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
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

/* ---- starting ---- */

static void close_listeners(const struct crew *c)
{
	size_t i;

	for (i = 0; i < c->n_l; i++)
		close(c->l[i].fd);
}

/* what is the parent's, or another group's: a listener that stays open here would keep its address taken */
static void let_go(const struct crew *c)
{
	const struct house *h = c->house;
	struct crew *other;

	close(h->sigfd);
	for (other = h->crews; other < h->crews + h->n_crews; other++) {
		if (other == c)
			continue;
		close_listeners(other);
		if (other->secrets)
			munmap(other->secrets, sizeof *other->secrets);
	}
}

/* in the child: what it runs, with nothing of the parent's but the listeners */
static int run_pump(struct crew *c, unsigned i, int fd, int tls, int report)
{
	struct pump_start start = { .o = &c->each, .l = c->l, .n_l = fd < 0 ? c->n_l : 0, .fd = fd, .tls = tls,
				    .secrets = c->secrets, .peers = c->peers, .row = i, .report = report,
				    .ask_fd = c->house->ask_fd };

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	let_go(c);
	if (fd >= 0) {
		close_listeners(c);
		start.peers = NULL;		/* the parent counts */
	}
	return pump_run(&start) < 0;
}

/* *report: its end of the pipe by which the pump says that it is ready; NULL: nobody asks */
static int start_pump(struct crew *c, unsigned i, int fd, int tls, int *report)
{
	struct child *one = &c->pumps[i];
	int pipes[2] = { -1, -1 };
	pid_t parent = getpid();

	if (report && pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys("making a pipe");
	one->pid = fork();
	if (one->pid == 0) {
		if (report)
			close(pipes[0]);
		if (getppid() != parent)
			_exit(1);
		_exit(run_pump(c, i, fd, tls, pipes[1]));
	}
	if (report) {
		close(pipes[1]);
		*report = pipes[0];
	}
	one->born_ms = crew_clock_ms();
	one->again_ms = 0;
	if (one->pid < 0) {
		one->pid = 0;
		one->again_ms = one->born_ms + AGAIN_MS;
		return err_sys("forking a pump");
	}
	c->n_alive++;
	return 0;
}

static int start_pumps(struct crew *c)
{
	int report[PUMPS_MAX], rc = 0, one;
	unsigned i, n;

	for (n = 0; rc == 0 && n < c->n_pumps; n++)
		rc = start_pump(c, n, -1, 0, &report[n]);
	if (rc < 0)
		n--;
	for (i = 0; i < n; i++) {
		one = pump_hear_report(report[i]);
		if (rc == 0)
			rc = one;
	}
	return rc;
}

static unsigned processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : (unsigned)CPU_COUNT(&set);
}

static unsigned share(unsigned all, unsigned n)
{
	return all / n + (all % n != 0);
}

static void divide(struct crew *c)
{
	const struct serve_opts *o = c->o;
	unsigned n = o->pumps ? o->pumps : processors();

	c->each = *o;
	c->own = o->conns == 1;
	if (c->own) {
		c->n_pumps = o->workers ? o->workers : 1;
		c->each.workers = c->each.spares = 1;
		c->each.quiet_ms = 0;
		return;
	}
	if (n > o->workers)
		n = o->workers;
	if (n > o->conns)
		n = o->conns;
	if (n > PUMPS_MAX)
		n = PUMPS_MAX;
	c->n_pumps = n ? n : 1;
	c->each.workers = share(o->workers ? o->workers : 1, c->n_pumps);
	c->each.spares = share(o->spares, c->n_pumps);
	c->each.conns = share(o->conns ? o->conns : 1, c->n_pumps);
	c->each.queue = share(o->queue, c->n_pumps);
}

int crew_begin(struct crew *c)
{
	int rc;

	divide(c);
	c->pumps = calloc(c->n_pumps, sizeof *c->pumps);
	if (c->o->conns_per_ip)
		c->peers = peers_new(c->own ? 1 : c->n_pumps, c->own ? c->n_pumps : c->each.conns);
	if (!c->pumps || (c->o->conns_per_ip && !c->peers)) {
		c->n_pumps = 0;
		return err_nomem();
	}
	if (!c->own)
		return start_pumps(c);
	rc = secrets_check(c->secrets, c->o);
	/* once, and not for every client; else each pump does that behind the back of its spawner */
	return rc == 0 && c->secrets ? tls_load() : rc;
}

void crew_clear(struct crew *c)
{
	listen_close(c->l, c->n_l);
	c->n_l = 0;
	free(c->pumps);
	c->pumps = NULL;
	c->n_pumps = 0;
}

/* ---- living and dying ---- */

void crew_tell(struct crew *c, int sig)
{
	unsigned i;

	for (i = 0; i < c->n_pumps; i++)
		if (c->pumps[i].pid > 0)
			kill(c->pumps[i].pid, sig);
}

static void died(struct crew *c, struct child *one, int status)
{
	int64_t now = crew_clock_ms();
	unsigned row = (unsigned)(one - c->pumps);

	one->pid = 0;
	c->n_alive--;
	if (c->own) {
		if (one->peer_key)
			peers_drop(c->peers, 0, one->peer_key);
		one->peer_key = 0;
	} else if (c->peers) {
		peers_clear(c->peers, row);
	}
	if (WIFSIGNALED(status))
		log_warn("serve", "a pump ended by signal %d", WTERMSIG(status));
	/* one that ends well without being asked had no clients for long enough */
	if (!c->house->ending && !c->own && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
		one->again_ms = now - one->born_ms < AGAIN_MS ? now + AGAIN_MS : now;
}

void crew_reap(struct crew *c)
{
	int status;
	unsigned i;

	for (i = 0; i < c->n_pumps; i++)
		if (c->pumps[i].pid > 0 && waitpid(c->pumps[i].pid, &status, WNOHANG) > 0)
			died(c, &c->pumps[i], status);
}

int64_t crew_start_again(struct crew *c)
{
	int64_t now = crew_clock_ms(), next = INT64_MAX;
	unsigned i;

	for (i = 0; i < c->n_pumps; i++) {
		struct child *one = &c->pumps[i];

		if (one->pid || !one->again_ms)
			continue;
		if (c->house->ending)
			one->again_ms = 0;
		else if (one->again_ms > now)
			next = one->again_ms < next ? one->again_ms : next;
		else if (start_pump(c, i, -1, 0, NULL) < 0)
			log_warn("serve", "%s", err_text());
	}
	return next;
}

int crew_waits(const struct crew *c)
{
	unsigned i;

	for (i = 0; i < c->n_pumps; i++)
		if (c->pumps[i].again_ms)
			return 1;
	return 0;
}

/* ---- a pump for each client ---- */

static struct child *free_place(const struct crew *c)
{
	unsigned i;

	for (i = 0; i < c->n_pumps; i++)
		if (!c->pumps[i].pid)
			return &c->pumps[i];
	return NULL;
}

int crew_has_place(const struct crew *c)
{
	return free_place(c) != NULL;
}

void crew_take_client(struct crew *c, const struct listener *l)
{
	struct child *one = free_place(c);
	int fd = one ? accept4(l->fd, NULL, NULL, SOCK_CLOEXEC) : -1;
	uint64_t key;

	if (fd < 0)
		return;
	key = c->peers ? peers_key(fd) : 0;
	if (key && peers_add(c->peers, 0, key) > c->o->conns_per_ip) {
		peers_drop(c->peers, 0, key);
	} else if (start_pump(c, (unsigned)(one - c->pumps), fd, l->tls, NULL) < 0) {
		log_warn("serve", "%s", err_text());
		one->again_ms = 0;
		if (key)
			peers_drop(c->peers, 0, key);
	} else {
		one->peer_key = key;
	}
	close(fd);
}
