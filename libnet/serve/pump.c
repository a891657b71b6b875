/*
 * pump.c - the event loop: who comes, who has a worker, whose patience is at an end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "pump_priv.h"
#include "worker.h"

enum { EVENTS = 256, ACCEPT_MAX = 64, LINGER_MS = 2000, GONE_MS = 30000, DEAF_MS = 200 };

static int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const char *pump_date(struct pump *p)
{
	time_t now = time(NULL);
	struct tm tm;

	if (p->date_s != now) {			/* RFC 9110 5.6.7: IMF-fixdate */
		gmtime_r(&now, &tm);
		strftime(p->date, sizeof p->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
		p->date_s = now;
	}
	return p->date;
}

int pump_hear(struct pump *p, struct about *about, int fd, unsigned events, int again)
{
	struct epoll_event e = { .events = events, .data.ptr = about };

	if (epoll_ctl(p->epfd, again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e) < 0)
		return err_sys("waiting for a descriptor");
	return 0;
}

void pump_close(struct pump *p, int fd)
{
	epoll_ctl(p->epfd, EPOLL_CTL_DEL, fd, NULL);
	close(fd);
}

/* ---- patience ---- */

static int patience_ms(const struct serve_opts *o, enum patience why)
{
	switch (why) {
	case PATIENT_TLS: return o->tls_ms;
	case PATIENT_HEAD: return o->head_ms;
	case PATIENT_IDLE: return o->idle_ms;
	case PATIENT_SEND: return o->send_ms > 0 ? o->send_ms : -1;
	case PATIENT_GONE: return o->send_ms > 0 ? o->send_ms : GONE_MS;
	case PATIENT_LINGER: return LINGER_MS;
	case PATIENT_BODY: return o->body_ms > 0 ? o->body_ms : -1;
	case PATIENT_ANSWER: return o->answer_ms;
	case PATIENT_LEAVE: return LEAVE_MS;
	default: return -1;
	}
}

static void take_out(struct list *l, struct wait *w)
{
	if (w->prev)
		w->prev->next = w->next;
	else
		l->first = w->next;
	if (w->next)
		w->next->prev = w->prev;
	else
		l->last = w->prev;
}

/* Nearly always the last of its list: where patience differs, those who wait are few. */
static void put_in(struct list *l, struct wait *w)
{
	struct wait *before = l->last;

	while (before && before->deadline_ms > w->deadline_ms)
		before = before->prev;
	w->prev = before;
	w->next = before ? before->next : l->first;
	if (w->next)
		w->next->prev = w;
	else
		l->last = w;
	if (before)
		before->next = w;
	else
		l->first = w;
}

void pump_wait_ms(struct pump *p, struct wait *w, enum patience why, int64_t ms)
{
	if (w->why != N_PATIENCE)
		take_out(&p->lists[w->why], w);
	w->prev = w->next = NULL;
	w->why = why;
	if (why == N_PATIENCE)
		return;
	w->deadline_ms = ms < 0 ? INT64_MAX : p->now_ms + ms;
	put_in(&p->lists[why], w);
}

void pump_wait(struct pump *p, struct wait *w, enum patience why)
{
	pump_wait_ms(p, w, why, patience_ms(p->o, why));
}

static void lose_patience(struct pump *p)
{
	struct wait *w;
	int i;

	for (i = 0; i < N_PATIENCE; i++)
		while ((w = p->lists[i].first) && w->deadline_ms <= p->now_ms) {
			if (w->worker)
				pump_worker_impatient(p, w->worker);
			else if (w->stream)
				stream_impatient(p, w->stream);
			else
				conn_impatient(p, w->conn);
		}
}

/* how long nothing can happen by itself; -1: for ever */
static int until_next(const struct pump *p)
{
	int64_t next = INT64_MAX;
	int i;

	for (i = 0; i < N_PATIENCE; i++)
		if (p->lists[i].first && p->lists[i].first->deadline_ms < next)
			next = p->lists[i].first->deadline_ms;
	if (p->draining && p->drain_until_ms < next)
		next = p->drain_until_ms;
	if (!p->listening && !p->draining && p->n_conns < p->o->conns && p->deaf_until_ms < next)
		next = p->deaf_until_ms;
	if (p->o->quiet_ms > 0 && p->n_conns == 0 && p->quiet_since_ms + p->o->quiet_ms < next)
		next = p->quiet_since_ms + p->o->quiet_ms;
	if (next == INT64_MAX)
		return -1;
	return next <= p->now_ms ? 0 : next - p->now_ms > 60000 ? 60000 : (int)(next - p->now_ms) + 1;
}

/* ---- clients ---- */

static void hear_listeners(struct pump *p, int yes)
{
	size_t i;

	if (p->listening == yes)
		return;
	p->listening = yes;
	for (i = 0; i < p->n_listeners; i++) {
		struct listening *l = &p->listeners[i];

		/* exclusive: of the pumps that wait, one is woken */
		if (yes)
			pump_hear(p, &l->about, l->l.fd, EPOLLIN | EPOLLEXCLUSIVE, 0);
		else
			epoll_ctl(p->epfd, EPOLL_CTL_DEL, l->l.fd, NULL);
	}
}

static void listener_event(struct pump *p, const struct listener *l)
{
	int i, fd;

	for (i = 0; i < ACCEPT_MAX && p->n_conns < p->o->conns; i++) {
		fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			/* no descriptors left: those who wait are let in when somebody leaves, or a little later */
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
				p->deaf_until_ms = p->now_ms + DEAF_MS;
			return;
		}
		conn_new(p, fd, l->tls);
	}
}

/* let in whom we can */
static void mind_the_door(struct pump *p)
{
	if (!p->draining)
		hear_listeners(p, p->n_conns < p->o->conns && p->now_ms >= p->deaf_until_ms);
	if (p->n_conns)
		p->quiet_since_ms = p->now_ms;
}

static int is_quiet(const struct pump *p)
{
	return p->o->quiet_ms > 0 && p->n_conns == 0 && p->now_ms - p->quiet_since_ms >= p->o->quiet_ms;
}

/* ---- signals ---- */

static void drain(struct pump *p)
{
	struct conn *c, *next;
	size_t i;

	p->draining = 1;
	p->drain_until_ms = p->now_ms + p->o->drain_ms;
	hear_listeners(p, 0);
	for (i = 0; i < p->n_listeners; i++)
		close(p->listeners[i].l.fd);
	p->n_listeners = 0;
	for (c = p->conns; c; c = next) {
		next = c->next;
		c->proto->drain(p, c);
	}
	pump_drop_workers(p);
}

void pump_ask_end(struct pump *p)
{
	uint64_t one = 1;

	if (!p->o->may_end || p->asked_end)
		return;
	p->asked_end = 1;
	if (p->ask_fd >= 0 && write(p->ask_fd, &one, sizeof one) < 0)
		log_warn("serve", "asking for the end failed");
}

static void reload(struct pump *p)
{
	struct tls_creds *creds;

	if (log_open(p) < 0)
		log_once("serve", LOG_WARN_, "%s; the log goes on as it was", err_text());
	if (p->o->reload)
		p->o->reload(p->o->ctx);
	if (p->secrets && pump_creds(p->o, p->secrets, &creds) < 0) {
		log_once("serve", LOG_WARN_, "%s; the certificate stays as it was", err_text());
	} else if (p->secrets) {
		tls_creds_free(p->creds);
		p->creds = creds;
	}
	pump_new_workers(p);
}

static void signal_event(struct pump *p)
{
	struct signalfd_siginfo s;

	while (read(p->sigfd, &s, sizeof s) == sizeof s) {
		if (s.ssi_signo == SIGHUP && !p->draining)
			reload(p);
		else if (s.ssi_signo != SIGHUP && p->draining)
			p->drain_until_ms = p->now_ms;	/* asked for twice: now */
		else if (s.ssi_signo != SIGHUP)
			drain(p);
	}
}

/* ---- the loop ---- */

static void bury(struct pump *p)
{
	struct worker_end *w;
	struct stream *s;
	struct conn *c;

	while ((s = p->stream_graves)) {
		p->stream_graves = s->next;
		stream_free(s);
	}
	while ((c = p->graves)) {
		p->graves = c->next_grave;
		conn_free(c);
	}
	while ((w = p->dead_workers)) {
		p->dead_workers = w->next;
		free(w);
	}
}

static int event(struct pump *p, const struct epoll_event *e)
{
	struct about *about = e->data.ptr;

	switch (about->what) {
	case ABOUT_CONN:
		if (!((struct conn *)(void *)about)->dead)
			conn_event(p, (struct conn *)(void *)about, e->events);
		break;
	case ABOUT_WORKER:
		if (((struct worker_end *)(void *)about)->hears)
			pump_worker_event(p, (struct worker_end *)(void *)about);
		break;
	case ABOUT_LISTENER:
		if (!p->draining)
			listener_event(p, &((struct listening *)(void *)about)->l);
		break;
	case ABOUT_SPAWNER:
		return pump_spawner_event(p);
	case ABOUT_SIGNAL:
		signal_event(p);
	}
	return 0;
}

int pump_turn(struct pump *p, int timeout_ms)
{
	struct epoll_event events[EVENTS];
	int i, rc = 0, n = epoll_wait(p->epfd, events, EVENTS, timeout_ms);

	p->now_ms = clock_ms();
	if (n < 0 && errno != EINTR)
		rc = err_sys("waiting for events");
	for (i = 0; rc >= 0 && i < n; i++)
		rc = event(p, &events[i]);
	if (p->asked_end && !p->draining)
		drain(p);
	lose_patience(p);
	mind_the_door(p);
	bury(p);
	return rc < 0 ? rc : n > 0;
}

static int loop(struct pump *p, int only_one)
{
	int rc = 0;

	while (rc >= 0 && !(p->draining && (p->n_conns == 0 || p->now_ms >= p->drain_until_ms)) &&
	       !(only_one && p->n_conns == 0) && !is_quiet(p))
		rc = pump_turn(p, until_next(p));
	return rc < 0 ? rc : 0;
}

/* ---- beginning ---- */

/* a worker begins with nothing of ours but its link and the standard descriptors, which lead nowhere */
static int work(int fd, void *arg)
{
	const struct serve_opts *o = arg;

	if (fd != 3 && dup2(fd, 3) < 0)
		return 1;
	spawn_close(4, o->kept);
	return worker_run(3, o);
}

static int begin_spawner(void *arg)
{
	const struct serve_opts *o = arg;

	return o->spawn ? o->spawn(o->ctx) : 0;
}

static void reload_spawner(void *arg)
{
	const struct serve_opts *o = arg;

	if (o->reload)
		o->reload(o->ctx);
}

static int hear_signals(struct pump *p)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	p->sigfd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (p->sigfd < 0)
		return err_sys("waiting for signals");
	p->about_signal.what = ABOUT_SIGNAL;
	return pump_hear(p, &p->about_signal, p->sigfd, EPOLLIN, 0);
}

/* as many descriptors as there may be clients */
static void more_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

static int take_client(struct pump *p, int fd, int tls)
{
	int fl = fcntl(fd, F_GETFL);

	if (fl < 0 || fcntl(fd, F_SETFL, fl | O_NONBLOCK) < 0 || !conn_new(p, fd, tls))
		return err_sys("taking over descriptor %d", fd);
	return 0;
}

int pump_hear_spawner(struct pump *p)
{
	p->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (p->epfd < 0)
		return err_sys("making an event loop");
	p->about_spawner.what = ABOUT_SPAWNER;
	return pump_hear(p, &p->about_spawner, p->spawner.fd, EPOLLIN, 0);
}

static int begin(struct pump *p, const struct pump_start *start)
{
	int rc = pump_hear_spawner(p);
	size_t i;

	if (rc == 0)
		rc = hear_signals(p);
	if (rc == 0)
		rc = log_open(p);
	if (rc == 0 && p->secrets)
		rc = pump_creds(p->o, p->secrets, &p->creds);
	for (i = 0; rc == 0 && i < start->n_l; i++) {
		p->listeners[i].about.what = ABOUT_LISTENER;
		p->listeners[i].l = start->l[i];
		p->n_listeners = i + 1;
	}
	if (rc == 0)
		pump_ask_workers(p);
	if (rc == 0 && start->fd >= 0)
		rc = take_client(p, start->fd, start->tls);
	mind_the_door(p);
	return rc;
}

void pump_end(struct pump *p)
{
	int64_t left = p->draining ? p->drain_until_ms - p->now_ms : p->o->drain_ms;

	p->draining = 1;			/* nobody new */
	while (p->conns)
		conn_close(p, p->conns);
	pump_drop_workers(p);
	bury(p);
	spawn_stop(&p->spawner, left < LINGER_MS ? LINGER_MS : left < FINISH_MS ? (int)left : FINISH_MS);
	pump_forget_workers(p);
	bury(p);
	if (p->sigfd >= 0)
		close(p->sigfd);
	if (p->log_fd >= 0)
		close(p->log_fd);
	if (p->epfd >= 0)
		close(p->epfd);
	tls_creds_free(p->creds);
	buf_clear(&p->room);
	buf_clear(&p->lines);
	free(p);
}

struct pump *pump_new(const struct pump_start *start)
{
	struct pump *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	*p = (struct pump){ .o = start->o, .epfd = -1, .sigfd = -1, .log_fd = -1, .spawner = { .fd = -1 },
			    .room = BUF_INIT(LINK_MAX + 1), .lines = BUF_INIT(LINK_MAX + 1024),
			    .secrets = start->secrets, .peers = start->peers, .row = start->row, .now_ms = clock_ms(),
			    .ask_fd = start->ask_fd };
	p->queue_end = &p->queue;
	p->quiet_since_ms = p->now_ms;
	return p;
}

int pump_run(const struct pump_start *start)
{
	struct pump *p = pump_new(start);
	int rc;

	if (!p)
		return err_nomem();
	more_descriptors();
	if (p->secrets)				/* workers shall not have them; the certificate is read later, too */
		madvise(start->secrets, sizeof *start->secrets, MADV_DONTFORK);
	rc = spawn_start(&p->spawner, begin_spawner, work, reload_spawner, (void *)(uintptr_t)start->o,
			 start->o->kept);
	if (rc == 0)
		rc = begin(p, start);
	if (rc == 0 && start->o->fence)
		rc = start->o->fence(start->o->ctx);
	if (start->report >= 0)
		pump_report(start->report, rc);
	if (rc == 0)
		rc = loop(p, start->fd >= 0);
	pump_end(p);
	return rc;
}
