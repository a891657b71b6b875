/* hire.c - workers: asked for, given requests, let go */
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "pump_priv.h"

enum { MESSAGES_MAX = 16, SPARES_MS = 1000 };

void pump_hear_worker(struct pump *p, struct worker_end *w, int hears)
{
	if (w->hears == hears)
		return;
	/* out of epoll, because one that has ended would be told of for ever, and what it sent before is to be
	 * read when the client has room for it */
	if (hears ? pump_hear(p, &w->about, w->fd, EPOLLIN, 0) == 0 :
		    epoll_ctl(p->epfd, EPOLL_CTL_DEL, w->fd, NULL) == 0)
		w->hears = hears;
	pump_worker_clock(p, w);
}

void pump_worker_clock(struct pump *p, struct worker_end *w)
{
	int runs = w->stream && w->hears && !w->stream->want_body && p->o->answer_ms > 0;

	if (runs == (w->wait.why == PATIENT_ANSWER))
		return;
	if (runs) {
		pump_wait_ms(p, &w->wait, PATIENT_ANSWER, w->left_ms);
	} else {
		w->left_ms = w->wait.deadline_ms > p->now_ms ? w->wait.deadline_ms - p->now_ms : 0;
		pump_wait(p, &w->wait, N_PATIENCE);
	}
}

void pump_ask_workers(struct pump *p)
{
	unsigned have = p->n_workers + p->n_asked, spare = p->n_idle + p->n_asked;
	unsigned room = p->o->workers > have ? p->o->workers - have : 0;
	unsigned wanted = p->n_queued + (p->draining || p->now_ms < p->no_spares_until_ms ? 0 : p->o->spares);
	unsigned n = wanted > spare ? wanted - spare : 0;

	if (n > room)
		n = room;
	if (n && spawn_ask(&p->spawner, n) == 0)
		p->n_asked += n;
}

static void give(struct pump *p, struct stream *s)
{
	struct worker_end *w = p->idle;

	p->idle = w->next;
	p->n_idle--;
	stream_given(p, s, w);
	pump_ask_workers(p);
}

void pump_worker_for(struct pump *p, struct stream *s)
{
	if (p->o->stale && p->o->stale(p->o->ctx))
		pump_new_workers(p);
	if (p->idle && !p->queue) {
		give(p, s);
		return;
	}
	if (p->n_queued >= p->o->queue) {
		stream_fail(p, s, 503, "too many requests are waiting");
		return;
	}
	s->queued = 1;
	s->queue_next = NULL;
	*p->queue_end = s;
	p->queue_end = &s->queue_next;
	p->n_queued++;
	pump_ask_workers(p);
}

void pump_unqueue(struct pump *p, struct stream *s)
{
	struct stream **at;

	for (at = &p->queue; *at; at = &(*at)->queue_next)
		if (*at == s) {
			*at = s->queue_next;
			if (!*at)
				p->queue_end = at;
			p->n_queued--;
			s->queued = 0;
			return;
		}
}

static void serve_queue(struct pump *p)
{
	struct stream *s;

	while (p->idle && (s = p->queue)) {
		pump_unqueue(p, s);
		give(p, s);
	}
}

/* Its process is no more, and neither is its link. */
static void gone(struct pump *p, struct worker_end *w)
{
	pump_wait(p, &w->wait, N_PATIENCE);
	if (w->all_prev)
		w->all_prev->all_next = w->all_next;
	else
		p->workers = w->all_next;
	if (w->all_next)
		w->all_next->all_prev = w->all_prev;
	w->next = p->dead_workers;
	p->dead_workers = w;
	p->n_workers--;
	pump_ask_workers(p);
}

/* Its link ends, and so should it; until it has, it counts: those who leave in the middle do not get us more
 * processes than there may be. */
static void drop(struct pump *p, struct worker_end *w, int patience_ms)
{
	int i;

	for (i = 0; i < LINK_SLOTS; i++) {
		pump_file_drop(w->files[i]);
		w->files[i] = NULL;
	}
	pump_close(p, w->fd);
	w->fd = -1;
	w->hears = 0;
	if (w->ended)
		gone(p, w);
	else
		pump_wait_ms(p, &w->wait, PATIENT_LEAVE, patience_ms);
}

static void ended(struct pump *p, pid_t pid)
{
	struct worker_end *w = p->workers;

	while (w && (w->pid != pid || w->ended))
		w = w->all_next;
	if (!w)
		return;
	w->ended = 1;
	if (w->fd < 0)
		gone(p, w);			/* else there may be something left to be heard */
}

void pump_worker_impatient(struct pump *p, struct worker_end *w)
{
	if (w->wait.why == PATIENT_ANSWER) {
		w->left_ms = 0;
		pump_wait(p, &w->wait, N_PATIENCE);
		stream_fail(p, w->stream, 504, "the answer took too long");
		return;
	}
	if (spawn_kill(&p->spawner, w->pid) == 0)
		log_warn("serve", "worker %d did not end by itself", (int)w->pid);
	pump_wait(p, &w->wait, PATIENT_LEAVE);	/* we shall hear of it, or try again */
}

void pump_forget_workers(struct pump *p)
{
	while (p->workers)
		gone(p, p->workers);
}

static void put_idle(struct pump *p, struct worker_end *w)
{
	pump_hear_worker(p, w, 1);
	if (!w->hears) {			/* we would not notice its end */
		drop(p, w, FINISH_MS);
		return;
	}
	w->next = p->idle;
	p->idle = w;
	p->n_idle++;
	serve_queue(p);
}

void pump_worker_done(struct pump *p, struct worker_end *w, int good)
{
	if (good && p->o->pool && !p->draining && w->generation == p->generation)
		put_idle(p, w);
	else
		drop(p, w, good ? FINISH_MS : LEAVE_MS);
}

static void idle_died(struct pump *p, struct worker_end *w)
{
	struct worker_end **at;

	for (at = &p->idle; *at; at = &(*at)->next)
		if (*at == w) {
			*at = w->next;
			p->n_idle--;
			break;
		}
	drop(p, w, FINISH_MS);
}

void pump_drop_workers(struct pump *p)
{
	while (p->idle)
		idle_died(p, p->idle);
}

void pump_new_workers(struct pump *p)
{
	if (spawn_reload(&p->spawner) < 0)
		return;				/* it is gone, which we are told otherwise too */
	p->generation++;
	pump_drop_workers(p);
}

void pump_worker_event(struct pump *p, struct worker_end *w)
{
	struct link_msg m;
	struct stream *s;
	int rc, n;

	for (n = 0; n < MESSAGES_MAX; n++) {
		rc = link_recv(w->fd, &m, &p->room);
		if (rc == 0)
			return;
		s = w->stream;
		if (!s) {			/* it ended, or speaks without being asked */
			p->no_spares_until_ms = p->now_ms + SPARES_MS;	/* so would the next */
			idle_died(p, w);
		}
		if (s && rc < 0)
			stream_orphaned(p, s);
		else if (s)
			stream_message(p, s, &m);
		if (m.fd >= 0)
			close(m.fd);
		if (!s || w->stream != s || !w->hears)
			return;
	}
}

static void hired(struct pump *p, const struct spawn_news *news)
{
	struct worker_end *w = calloc(1, sizeof *w);

	if (!w) {
		close(news->fd);
		return;
	}
	w->about.what = ABOUT_WORKER;
	w->fd = news->fd;
	w->pid = news->pid;
	w->generation = news->generation;
	w->wait = (struct wait){ .why = N_PATIENCE, .worker = w };
	w->all_next = p->workers;
	if (w->all_next)
		w->all_next->all_prev = w;
	p->workers = w;
	p->n_workers++;
	if (w->generation == p->generation)
		put_idle(p, w);
	else
		drop(p, w, FINISH_MS);
}

int pump_spawner_event(struct pump *p)
{
	struct spawn_news news;
	int rc;

	while ((rc = spawn_next(&p->spawner, &news)) == 1) {
		if (news.fd >= 0) {
			p->n_asked -= p->n_asked > 0;
			hired(p, &news);
		} else if (news.pid == 0) {
			p->n_asked -= p->n_asked > 0;
			log_warn("serve", "no worker could be made");
		} else {
			ended(p, news.pid);
			if (WIFSIGNALED(news.status))
				log_warn("serve", "worker %d ended by signal %d", (int)news.pid,
					 WTERMSIG(news.status));
		}
	}
	return rc;
}
