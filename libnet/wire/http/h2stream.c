/* h2stream.c - the streams of a connection of HTTP/2, and the events that wait for them */
#include <stdlib.h>

#include "base/err.h"
#include "h2_priv.h"

struct h2_stream *h2_stream_new(struct h2 *h, int32_t id)
{
	struct h2_stream *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->h = h;
	s->id = id;
	s->callers = 1;
	s->block = BUF_INIT(h->limits->head + 16 * (HTTP_FIELDS_MAX + 16));
	s->body = BUF_INIT((size_t)h->opts.window + H2_BODY_SLACK);
	s->next = h->all;
	if (h->all)
		h->all->prev = s;
	h->all = s;
	h->n_streams++;
	h->n_all++;
	return s;
}

void h2_discard_body(struct h2_stream *s)
{
	size_t n = s->body.len - s->body_at;

	/* the windows are the connection's: what nobody will take must not close them */
	if (n && !s->h->broken && s->closed)
		nghttp2_session_consume_connection(s->h->session, n);
	else if (n && !s->h->broken)
		nghttp2_session_consume(s->h->session, s->id, n);
	buf_clear(&s->body);
	s->body_at = 0;
}

static void not_ready(struct h2_stream *s)
{
	struct h2 *h = s->h;
	struct h2_stream **at;

	if (!s->ready)
		return;
	s->ready = 0;
	for (at = &h->ready; *at; at = &(*at)->next_ready)
		if (*at == s) {
			*at = s->next_ready;
			if (!*at)
				h->ready_end = at;
			return;
		}
}

void h2_drop(struct h2_stream *s)
{
	struct h2 *h = s->h;

	h2_discard_body(s);
	if (!s->closed && !h->broken)
		nghttp2_session_set_stream_user_data(h->session, s->id, NULL);
	not_ready(s);
	if (s->prev)
		s->prev->next = s->next;
	else
		h->all = s->next;
	if (s->next)
		s->next->prev = s->prev;
	if (h->told == s)
		h->told = NULL;
	if (h->spent == s)
		h->spent = NULL;
	h->n_all--;
	h->n_streams -= s->callers != 0;
	buf_clear(&s->block);
	free(s);
}

void h2_wake(struct h2_stream *s, unsigned event)
{
	struct h2 *h = s->h;

	s->waits |= event;
	if (s->ready)
		return;
	s->ready = 1;
	s->next_ready = NULL;
	*h->ready_end = s;
	h->ready_end = &s->next_ready;
}

void h2_let_go(struct h2_stream *s)
{
	if (s->closed) {
		h2_drop(s);
		return;
	}
	not_ready(s);
	s->waits = 0;
	s->h->n_streams -= s->callers != 0;
	s->callers = 0;
	buf_clear(&s->block);
	h2_discard_body(s);
}

int h2_fail(struct h2 *h, int rc, const char *why)
{
	struct h2_stream *s, *next;

	if (h->rc == 0) {
		h->rc = rc;
		h->why = why;
		for (s = h->all; s; s = next) {
			next = s->next;
			if (!s->code)
				s->code = rc == ERR_LIMIT ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR;
			s->waits &= ~(unsigned)(WAIT_BODY | WAIT_ROOM);
			if (s->callers && s->shown)
				h2_wake(s, WAIT_GONE);
			else
				not_ready(s);
		}
	}
	return err_set(h->rc, "HTTP/2: %s", h->why);
}

/* ---- events ---- */

static void tell_head(struct h2_stream *s, struct h2_event *e)
{
	struct h2 *h = s->h;

	s->shown = 1;
	h->told = s;
	h2_head_show(s);
	e->what = s->status ? H2_BAD : H2_HEAD;
	e->head = h->head;
	e->has_body = s->has_body && !s->status;
	e->expects = s->expects && !s->status;
	e->length = s->length;
	e->status = s->status;
	e->why = s->why;
	if (s->status) {
		h2_charge(h, PRICE_RESET + PAY_ANSWER);	/* its answer earns nothing */
		h2_discard_body(s);
	}
}

/* the most urgent of what waits for a stream; 0: nothing */
static unsigned tell(struct h2_stream *s, struct h2_event *e)
{
	unsigned what = s->waits & WAIT_HEAD ? WAIT_HEAD : s->waits & WAIT_GONE ? WAIT_GONE :
			s->waits & WAIT_BODY ? WAIT_BODY : s->waits & WAIT_ROOM;

	*e = (struct h2_event){ .s = s, .user = &s->user };
	s->waits &= ~what;
	switch (what) {
	case WAIT_HEAD:
		tell_head(s, e);
		break;
	case WAIT_GONE:
		e->what = H2_GONE;
		e->code = s->code;
		s->waits = 0;
		s->h->spent = s;
		break;
	case WAIT_BODY:
		e->what = H2_BODY;
		s->body_asked = 0;
		break;
	case WAIT_ROOM:
		e->what = H2_ROOM;
		s->blocked = 0;
		break;
	default:
		break;
	}
	return what;
}

int h2_next(struct h2 *h, struct h2_event *e)
{
	struct h2_stream *s;
	unsigned what;

	if (h->told)
		buf_clear(&h->told->block);
	h->told = NULL;
	if (h->spent)
		h2_let_go(h->spent);
	h->spent = NULL;
	while ((s = h->ready)) {
		not_ready(s);
		what = tell(s, e);
		if (s->waits)
			h2_wake(s, 0);		/* behind the others */
		if (what)
			return 1;
	}
	return 0;
}
