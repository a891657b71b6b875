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

static void drop(struct pump *p, struct worker_end *w)
{
	int i;

	for (i = 0; i < LINK_SLOTS; i++)
		pump_file_drop(w->files[i]);
	pump_close(p, w->fd);
	w->fd = -1;
	w->hears = 0;
	w->next = p->dead_workers;
	p->dead_workers = w;
	p->n_workers--;
	pump_ask_workers(p);
}

static void put_idle(struct pump *p, struct worker_end *w)
{
	pump_hear_worker(p, w, 1);
	if (!w->hears) {			/* we would not notice its end */
		drop(p, w);
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
		drop(p, w);
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
	drop(p, w);
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
	p->n_workers++;
	if (w->generation == p->generation)
		put_idle(p, w);
	else
		drop(p, w);
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
		} else if (WIFSIGNALED(news.status)) {
			log_warn("serve", "worker %d ended by signal %d", (int)news.pid, WTERMSIG(news.status));
		}
	}
	return rc;
}
