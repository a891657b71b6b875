/*
 * proto2.c - a client of HTTP/2: many requests at one time (RFC 9113).
 * Each has a little that waits to be sent.  What the client's windows let pass goes out; while there is more
 * than enough, the worker is not heard.
 */
#include <unistd.h>

#include "base/err.h"
#include "pump_priv.h"

enum {
	ENOUGH = 64 * 1024,		/* bytes that wait: of a request, of the connection */
	PART = 16 * 1024		/* bytes of a file at one go */
};

int proto2_begin(struct pump *p, struct conn *c)
{
	struct h2_opts o = h2_opts_default;

	if (p->o->streams)
		o.streams = p->o->streams;
	c->sniffing = 0;
	c->proto = &proto_http2;
	return h2_new(&c->h2, &p->o->limits, &p->head, &o);
}

/* ---- bodies of requests ---- */

static void pass_body(struct pump *p, struct stream *s)
{
	struct h2 *h = s->conn->h2;
	struct span data;
	int rc;

	if (!s->want_body || s->body_over || !s->h2)
		return;
	rc = h2_body(h, s->h2, &data);
	if (rc == 1) {
		size_t n = data.len < LINK_DATA ? data.len : LINK_DATA;

		if (stream_pass(p, s, span_of(data.p, n)) == 0)
			h2_took(h, s->h2, n);
	} else if (rc == 2) {
		stream_pass(p, s, span_of(NULL, 0));
	} else if (rc < 0) {
		stream_fail(p, s, 413, "the body is too long");
	}
}

static void go_ahead(struct stream *s)
{
	if (s->expects && !s->started && s->h2) {
		s->expects = 0;
		h2_interim(s->conn->h2, s->h2, 100, span_of(NULL, 0));
	}
}

static void body(struct pump *p, struct stream *s)
{
	go_ahead(s);
	pass_body(p, s);
	conn_go_on(p, s->conn);
}

/* ---- events ---- */

static void new_request(struct pump *p, struct conn *c, struct h2_event *e)
{
	struct stream *s = stream_new(p, c);

	if (!s) {
		h2_reset(c->h2, e->s, H2_REFUSED_STREAM);
		return;
	}
	*e->user = s;
	s->h2 = e->s;
	s->expects = e->expects;
	s->body_over = !e->has_body;
	if (e->what == H2_BAD)
		stream_fail(p, s, e->status, e->why);
	else
		stream_begin(p, s, e->has_body ? e->length : 0, span_of(NULL, 0));
}

static void events(struct pump *p, struct conn *c)
{
	struct h2_event e;
	struct stream *s;

	while (!c->dead && h2_next(c->h2, &e) == 1) {
		s = *e.user;
		switch (e.what) {
		case H2_HEAD:
		case H2_BAD:
			new_request(p, c, &e);
			break;
		case H2_BODY:
			if (s)
				pass_body(p, s);
			break;
		case H2_ROOM:
			break;			/* whoever waits for it is looked at anyway */
		case H2_GONE:
			if (!s)
				break;
			s->h2 = NULL;
			stream_end(p, s);
			break;
		}
	}
}

static void take(struct pump *p, struct conn *c)
{
	size_t used = 0;
	int rc = h2_in(c->h2, span_of(c->in, c->in_len), p->now_ms, &used);

	conn_use(c, rc < 0 ? c->in_len : used);
	events(p, c);
	if (rc < 0 && !c->dead) {
		c->state = CONN_CLOSING;	/* after what says why */
		c->linger = 1;
	}
}

static void input(struct pump *p, struct conn *c)
{
	c->going++;
	take(p, c);
	c->going--;
	if (c->eof && !c->dead)
		conn_close(p, c);
	conn_go_on(p, c);
}

static int wants(const struct conn *c)
{
	return c->in_len < ENOUGH && c->out.len - c->out_at < ENOUGH;
}

/* ---- answers ---- */

static size_t waits(const struct stream *s)
{
	return s->out.len - s->out_at;
}

static int bytes_out(struct conn *c, struct stream *s)
{
	size_t used = 0;
	int rc = h2_data(c->h2, s->h2, span_of(s->out.data + s->out_at, waits(s)), &c->out, &used);

	s->out_at += used;
	s->note.sent += used;
	if (waits(s) == 0) {
		buf_reset(&s->out);
		s->out_at = 0;
	}
	return rc == ERR_LIMIT ? 0 : rc < 0 ? rc : used > 0;
}

static int file_out(struct conn *c, struct stream *s)
{
	uint8_t part[PART];
	size_t window = h2_window(c->h2, s->h2), used = 0;
	size_t want = s->file_len < sizeof part ? (size_t)s->file_len : sizeof part;
	ssize_t n;
	int rc;

	if (window == 0)
		return 0;
	n = pread(s->file, part, want < window ? want : window, (off_t)s->file_off);
	if (n <= 0)
		return err_set(ERR_INTERRUPTED, "the file is shorter than the worker said");
	rc = h2_data(c->h2, s->h2, span_of(part, (size_t)n), &c->out, &used);
	s->note.sent += used;
	s->file_off += used;
	s->file_len -= used;
	if (s->file_len == 0)
		s->file = -1;
	return rc == ERR_LIMIT ? 0 : rc < 0 ? rc : used > 0;
}

/* Is the rest of a body that nobody reads still to come, and little?  Then it is waited for: there are clients
 * who take the reset that gives it up for a failure, although RFC 9113 8.1 allows it. */
static int rest_comes(struct pump *p, struct stream *s)
{
	struct h2 *h = s->conn->h2;
	struct span data;
	int rc;

	while ((rc = h2_body(h, s->h2, &data)) == 1) {
		h2_took(h, s->h2, data.len);
		s->wasted += data.len;
	}
	if (rc != 0 || s->body_over || s->expects || s->wasted > ENOUGH || s->impatient)
		return 0;
	stream_release(p, s, s->over);			/* the worker need not wait for it */
	if (s->wait.why == N_PATIENCE)
		pump_wait(p, &s->wait, PATIENT_LINGER);
	return 1;
}

static void end_out(struct pump *p, struct stream *s)
{
	struct h2_stream *h2 = s->h2;

	s->h2 = NULL;
	if (h2_end(s->conn->h2, h2, buf_span(&s->trailers)) < 0)
		s->note.whole = 0;
	stream_end(p, s);
}

static void abort_answer(struct pump *p, struct stream *s)
{
	struct conn *c = s->conn;

	if (s->h2)
		h2_reset(c->h2, s->h2, H2_INTERNAL_ERROR);
	s->h2 = NULL;
	stream_end(p, s);
	conn_go_on(p, c);
}

/* as much of this one as goes; 1 if anything did */
static int stream_out(struct pump *p, struct conn *c, struct stream *s)
{
	int rc = 0;

	if (!s->started)
		return 0;
	if (waits(s))
		rc = bytes_out(c, s);
	else if (s->file >= 0)
		rc = file_out(c, s);
	else if (s->ending && !rest_comes(p, s)) {
		end_out(p, s);
		return 1;
	}
	if (rc < 0) {
		abort_answer(p, s);
		return 1;
	}
	/* RFC 9113 10.5: a window that stays closed is a way to keep us busy */
	if (rc == 0 && (waits(s) || s->file >= 0) && s->wait.why == N_PATIENCE)
		pump_wait(p, &s->wait, PATIENT_SEND);
	else if (rc > 0 && s->wait.why == PATIENT_SEND)
		pump_wait(p, &s->wait, N_PATIENCE);
	return rc;
}

static int busy(const struct stream *s)
{
	return waits(s) >= ENOUGH || s->file >= 0;
}

/* there may be room for more of the answers */
static void hear(struct pump *p, struct conn *c)
{
	struct stream *s, *next;

	for (s = c->streams; s && !c->dead; s = next) {
		next = s->next;
		hold_go_on(p, s);
		if (s->dead)			/* and perhaps others with it */
			break;
	}
}

static void set_clock(struct pump *p, struct conn *c)
{
	enum patience why = h2_in_head(c->h2) ? PATIENT_HEAD : c->streams ? N_PATIENCE : PATIENT_IDLE;

	if (c->wait.why != why && c->wait.why != PATIENT_SEND)
		pump_wait(p, &c->wait, why);
}

static void sent(struct pump *p, struct conn *c)
{
	struct stream *s, *next;
	int any = 1;

	if (c->in_len && c->state == CONN_OPEN)
		take(p, c);
	while (any && !c->dead && c->out.len < ENOUGH) {
		any = 0;
		for (s = c->streams; s && c->out.len < ENOUGH; s = next) {
			next = s->next;		/* a part of each in turn */
			if (s->dead)		/* another one took it along */
				break;
			any |= stream_out(p, c, s);
		}
	}
	if (c->dead)
		return;
	if (p->draining && !c->streams)
		h2_drain(c->h2);
	if (h2_out(c->h2, &c->out) < 0) {
		conn_abort(p, c);
		return;
	}
	events(p, c);
	if (c->dead)
		return;
	if (h2_over(c->h2) && !carry_pending(c) && c->state == CONN_OPEN)
		c->state = CONN_CLOSING;
	hear(p, c);
	set_clock(p, c);
}

static int head(struct pump *p, struct stream *s, int status, struct span lines, uint64_t len)
{
	if (!s->h2)
		return ERR_INTERRUPTED;
	if (s->worker && status < 300 && !s->body_over)	/* begun early, and the body is wanted nevertheless */
		go_ahead(s);
	return h2_answer(s->conn->h2, s->h2, status, pump_date(p), lines, len, &s->has_body);
}

static int bytes(struct stream *s, struct span data)
{
	if (!s->has_body)			/* our own words to a HEAD: dropped; a worker's: it is wrong */
		return s->worker ? ERR_INVALID : 0;
	carry_room(&s->out, &s->out_at, data.len);
	return buf_add(&s->out, data);
}

static int extent(struct stream *s, int fd, uint64_t off, uint64_t len)
{
	if (!s->has_body || s->file >= 0)
		return ERR_INVALID;
	s->file = fd;
	s->file_off = off;
	s->file_len = len;
	return 0;
}

static int end(struct stream *s, struct span trailers)
{
	s->ending = 1;
	return buf_add(&s->trailers, trailers);
}

static void drain(struct pump *p, struct conn *c)
{
	h2_drain(c->h2);
	conn_go_on(p, c);
}

const struct proto proto_http2 = {
	.name = "HTTP/2", .input = input, .wants = wants, .sent = sent, .busy = busy,
	.head = head, .bytes = bytes, .extent = extent, .end = end, .body = body, .abort = abort_answer,
	.drain = drain
};
