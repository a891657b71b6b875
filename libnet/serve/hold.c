/*
 * hold.c - what a worker has said and the client has no room for yet.
 * An answer out of the store is a list of extents, and small, however slow its reader: it is taken from the worker at
 * once, so that the worker can go on to the next request.  Only what is bytes makes a worker wait, or too much of all
 * together.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "pump_priv.h"

enum {
	HELD_MAX = 192 * 1024,		/* bytes, of one request: the extents of a file of 2 GiB */
	HELD_ALL = 64 * 1024 * 1024	/* of all requests of a pump */
};

/* ---- files ---- */

struct pump_file *pump_file_new(int fd)
{
	struct pump_file *f = malloc(sizeof *f);

	if (f)
		*f = (struct pump_file){ fd, 1 };
	return f;
}

struct pump_file *pump_file_hold(struct pump_file *f)
{
	if (f)
		f->refs++;
	return f;
}

void pump_file_drop(struct pump_file *f)
{
	if (!f || --f->refs)
		return;
	close(f->fd);
	free(f);
}

/* ---- messages ---- */

static void forget_first(struct pump *p, struct stream *s)
{
	struct held *h = s->held;
	int i;

	s->held = h->next;
	if (!s->held)
		s->held_end = &s->held;
	s->n_held -= sizeof *h + h->len;
	p->n_held -= sizeof *h + h->len;
	for (i = 0; i < LINK_SLOTS; i++)
		pump_file_drop(h->files[i]);
	free(h);
}

void hold_clear(struct pump *p, struct stream *s)
{
	while (s->held)
		forget_first(p, s);
}

static void hear(struct pump *p, struct stream *s)
{
	if (s->worker)
		pump_hear_worker(p, s->worker, !s->held || (s->n_held < HELD_MAX && p->n_held < HELD_ALL));
}

/* is the end of the answer among them?  Negative: they are none of ours */
static int has_end(struct span bundle)
{
	struct link_msg m;
	int rc, last = 0;

	while ((rc = link_unpack(&bundle, &m)) == 1) {
		if (last)
			return err_set(ERR_INVALID, "something behind the end");
		last = m.type == LINK_END;
	}
	return rc < 0 ? rc : last;
}

int hold(struct pump *p, struct stream *s, struct span bundle)
{
	struct held *h = malloc(sizeof *h + bundle.len);
	int i, rc = h ? has_end(bundle) : err_nomem();

	if (rc < 0) {
		free(h);
		return rc;
	}
	h->next = NULL;
	h->at = 0;
	h->len = bundle.len;
	memcpy(h->data, bundle.p, bundle.len);
	for (i = 0; i < LINK_SLOTS; i++)
		h->files[i] = pump_file_hold(s->worker->files[i]);
	if (!s->held)
		s->held_end = &s->held;
	*s->held_end = h;
	s->held_end = &h->next;
	s->n_held += sizeof *h + h->len;
	p->n_held += sizeof *h + h->len;
	if (rc == 1)
		stream_release(p, s, 1);	/* it has said all: others may have it */
	else
		hear(p, s);
	return 0;
}

void hold_go_on(struct pump *p, struct stream *s)
{
	struct held *h;
	struct span rest;
	int any = 0, rc = 0;

	while (rc >= 0 && (h = s->held) && !s->dead && !s->conn->dead && !s->conn->proto->busy(s)) {
		any = 1;
		rest = span_of(h->data + h->at, h->len - h->at);
		rc = stream_take(p, s, &rest, h->files);
		if (rc >= 0 && s->held == h) {
			h->at = h->len - rest.len;
			if (!rest.len)
				forget_first(p, s);
		}
	}
	if (rc < 0 || s->dead)
		return;
	hear(p, s);
	if (any)
		conn_go_on(p, s->conn);
}
