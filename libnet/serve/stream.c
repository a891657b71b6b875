/*
 * stream.c - one request, from its head to the end of its answer, whatever protocol brought it.
 * Nothing a worker says is believed: fields are looked at, lengths are counted (by the protocol), and an
 * answer that is not whole ends in a way that shows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "pump_priv.h"

struct stream *stream_new(struct pump *p, struct conn *c)
{
	struct stream *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->conn = c;
	s->request = BUF_INIT(LINK_MAX - 64);
	s->out = BUF_INIT(2 * LINK_MAX);
	s->trailers = BUF_INIT(LINK_MAX);
	s->file = -1;
	s->held_end = &s->held;
	s->wait = (struct wait){ .why = N_PATIENCE, .conn = c, .stream = s };
	s->note.began_ms = p->now_ms;
	s->next = c->streams;
	if (s->next)
		s->next->prev = s;
	c->streams = s;
	c->n_streams++;
	return s;
}

void stream_free(struct stream *s)
{
	buf_clear(&s->request);
	buf_clear(&s->out);
	buf_clear(&s->trailers);
	pump_file_drop(s->lent);
	free(s);
}

static void let_go(struct pump *p, struct stream *s, int good)
{
	struct worker_end *w = s->worker;

	if (s->queued)
		pump_unqueue(p, s);
	s->worker = NULL;
	if (!w)
		return;
	w->stream = NULL;
	s->want_body = 0;			/* by nobody now, whatever it said before */
	if (s->wait.why == PATIENT_BODY)
		pump_wait(p, &s->wait, N_PATIENCE);
	pump_worker_clock(p, w);
	pump_worker_done(p, w, good);
}

void stream_release(struct pump *p, struct stream *s, int good)
{
	let_go(p, s, good);
}

void stream_end(struct pump *p, struct stream *s)
{
	struct conn *c = s->conn;

	if (s->dead)
		return;
	s->dead = 1;
	if (!s->note.status)
		s->note.status = 499;
	if (c->proto->one_by_one)
		s->note.sent = c->sent;
	let_go(p, s, s->over);
	hold_clear(p, s);
	pump_wait(p, &s->wait, N_PATIENCE);
	log_stream(p, s);
	if (s->prev)
		s->prev->next = s->next;
	else
		c->streams = s->next;
	if (s->next)
		s->next->prev = s->prev;
	c->n_streams--;
	s->next = p->stream_graves;
	p->stream_graves = s;
}

/* ---- what is known of it ---- */

static void keep(char *out, size_t size, struct span s)
{
	size_t n = s.len < size - 1 ? s.len : size - 1;

	if (n)
		memcpy(out, s.p, n);
	out[n] = 0;
}

static struct span field(const struct http_head *d, const char *name)
{
	size_t i;

	for (i = 0; i < d->n_fields; i++)
		if (http_is(d->field[i].name, name))
			return d->field[i].value;
	return span_of(NULL, 0);
}

/* may it stand in a log, in JSON, in a field, as it is? */
static int sane(struct span id)
{
	size_t i;

	for (i = 0; i < id.len; i++)
		if (!(id.p[i] >= '0' && id.p[i] <= '9') &&
		    !((id.p[i] | 0x20) >= 'a' && (id.p[i] | 0x20) <= 'z') && !memchr("-_.:+/=@", id.p[i], 8))
			return 0;
	return id.len > 0 && id.len <= ID_MAX;
}

static void name_it(struct pump *p, struct stream *s, struct span given)
{
	uint64_t r = 0;

	p->n_requests++;
	if (sane(given)) {
		keep(s->note.id, sizeof s->note.id, given);
		return;
	}
	if (getrandom(&r, sizeof r, GRND_NONBLOCK) != sizeof r)
		r = p->n_requests * 0x9e3779b97f4a7c15u;
	snprintf(s->note.id, sizeof s->note.id, "%016llx", (unsigned long long)r);
}

static void note_it(struct pump *p, struct stream *s)
{
	const struct http_head *d = &p->head;

	keep(s->note.method, sizeof s->note.method, d->method);
	keep(s->note.path, sizeof s->note.path, d->path.len ? d->path : d->target);
	keep(s->note.query, sizeof s->note.query, d->query);
	keep(s->note.host, sizeof s->note.host, d->host);
	keep(s->note.agent, sizeof s->note.agent, field(d, "user-agent"));
	keep(s->note.referer, sizeof s->note.referer, field(d, "referer"));
	name_it(p, s, field(d, "x-request-id"));
}

/* ---- to a worker ---- */

/* the address without its port */
static struct span address(const char *peer)
{
	const char *colon = strrchr(peer, ':');
	size_t n = colon ? (size_t)(colon - peer) : strlen(peer);

	return *peer == '[' && n > 2 ? span_of(peer + 1, n - 2) : span_of(peer, n);
}

/* is it within what this client may ask?  0: no, and it was told */
static int admitted(struct pump *p, struct stream *s)
{
	struct serve_admit a = { .head = &p->head, .local = s->conn->local, .conns = p->n_conns,
				 .busy = p->n_workers - p->n_idle, .queued = p->n_queued };
	int yes, n = 0;

	if (!p->o->admit)
		return 1;
	yes = p->o->admit(p->o->ctx, address(s->conn->peer), &a);
	if (a.limit)
		n = snprintf(s->limits, sizeof s->limits,
			     "x-ratelimit-limit: %u\r\nx-ratelimit-remaining: %u\r\n", a.limit,
			     yes ? a.remaining : 0);
	if (yes)
		return 1;
	snprintf(s->limits + n, sizeof s->limits - (size_t)n, "retry-after: %u\r\n",
		 a.retry_after_s ? a.retry_after_s : 1);
	stream_fail(p, s, 429, "too many requests: wait a little");
	return 0;
}

int stream_begin(struct pump *p, struct stream *s, uint64_t body_len, struct span with)
{
	struct conn *c = s->conn;
	struct msg_peer peer = { .text = c->peer, .local = c->local, .tls = c->tls != NULL };

	note_it(p, s);
	s->body_over = body_len == 0;
	if (!admitted(p, s))
		return 0;
	peer.id = span_str(s->note.id);
	if (msg_request(&s->request, &p->head, body_len, &peer) < 0) {
		stream_fail(p, s, 431, "the head is too long");
		return 0;
	}
	if (with.len && buf_add(&s->request, with) == 0) {
		s->n_with = with.len;
		s->note.received = with.len;
		s->body_over = 1;
	}
	pump_worker_for(p, s);
	return s->n_with > 0;
}

void stream_given(struct pump *p, struct stream *s, struct worker_end *w)
{
	struct link_msg m = { .type = LINK_REQUEST, .fd = -1, .data = buf_span(&s->request), .len = s->n_with };

	s->worker = w;
	w->stream = s;
	w->left_ms = p->o->answer_ms;
	if (link_send(w->fd, &m) != 1) {	/* it was dead before it heard of it: another one can have it */
		let_go(p, s, 0);
		pump_worker_for(p, s);
		return;
	}
	buf_clear(&s->request);
	pump_hear_worker(p, w, 1);
	pump_worker_clock(p, w);
}

int stream_pass(struct pump *p, struct stream *s, struct span data)
{
	struct link_msg m = { .type = data.len ? LINK_BODY : LINK_BODY_END, .fd = -1, .data = data };

	s->want_body = 0;
	s->body_over |= data.len == 0;
	s->note.received += data.len;
	pump_wait(p, &s->wait, N_PATIENCE);
	pump_worker_clock(p, s->worker);
	if (link_send(s->worker->fd, &m) == 1)
		return 0;
	stream_orphaned(p, s);
	return ERR_INTERRUPTED;
}

/* ---- answers ---- */

/* the fields of the worker, and ours */
static int head_out(struct pump *p, struct stream *s, int status, struct span lines, uint64_t len)
{
	int rc;

	buf_reset(&p->lines);
	rc = buf_add(&p->lines, lines);
	if (rc == 0 && *s->note.id)
		rc = buf_printf(&p->lines, "x-request-id: %s\r\n", s->note.id);
	if (rc == 0)
		rc = buf_str(&p->lines, s->limits);
	if (rc == 0)
		rc = s->conn->proto->head(p, s, status, buf_span(&p->lines), len);
	if (rc < 0)
		return rc;
	s->started = 1;
	s->note.status = status;
	return 0;
}

static int error_body(struct buf *b, int status, const char *text, const char *id)
{
	int rc = buf_str(b, "{\"error\":{");

	if (rc == 0)
		rc = json_num(b, "code", (uint64_t)status);
	if (rc == 0)
		rc = json_field(b, "status", span_str(reply_reason(status)));
	if (rc == 0)
		rc = json_field(b, "message", span_str(text));
	if (rc == 0 && *id)
		rc = json_field(b, "request_id", span_str(id));
	return rc < 0 ? rc : buf_str(b, "}}\n");
}

void stream_fail(struct pump *p, struct stream *s, int status, const char *text)
{
	const struct proto *proto = s->conn->proto;
	struct buf body = BUF_INIT(4096);
	int rc;

	let_go(p, s, 0);
	hold_clear(p, s);
	pump_wait(p, &s->wait, N_PATIENCE);
	if (s->started) {
		proto->abort(p, s);
		return;
	}
	if (!*s->note.id)
		name_it(p, s, span_of(NULL, 0));
	if (status == 503 && !*s->limits)
		snprintf(s->limits, sizeof s->limits, "retry-after: 1\r\n");
	rc = error_body(&body, status, text ? text : reply_reason(status), s->note.id);
	if (rc == 0)
		rc = head_out(p, s, status, span_str("content-type: application/json\r\n"
						     "x-content-type-options: nosniff\r\n"), body.len);
	if (rc == 0 && strcmp(s->note.method, "HEAD") != 0)
		rc = proto->bytes(s, buf_span(&body));
	if (rc == 0)
		rc = proto->end(s, span_of(NULL, 0));
	buf_clear(&body);
	s->over = rc == 0;
	s->note.whole = s->over;
	if (rc < 0)
		proto->abort(p, s);
	else
		conn_go_on(p, s->conn);
}

void stream_orphaned(struct pump *p, struct stream *s)
{
	stream_fail(p, s, 500, "the process that was to answer died");
}

static int extent(struct stream *s, const struct link_msg *m, struct pump_file *f)
{
	int rc = f ? s->conn->proto->extent(s, f->fd, m->off, m->len) : ERR_INVALID;

	if (rc == 0) {
		pump_file_hold(f);
		pump_file_drop(s->lent);
		s->lent = f;
	}
	return rc;
}

static int keep_file(struct worker_end *w, struct link_msg *m)
{
	struct pump_file *f = pump_file_new(m->fd);

	if (!f)
		return err_nomem();
	pump_file_drop(w->files[m->slot]);
	w->files[m->slot] = f;
	m->fd = -1;
	return 0;
}

static void wants_body(struct pump *p, struct stream *s)
{
	s->want_body = 1;
	if (s->body_over) {
		stream_pass(p, s, span_of(NULL, 0));
		return;
	}
	pump_wait(p, &s->wait, PATIENT_BODY);
	pump_worker_clock(p, s->worker);
	s->conn->proto->body(p, s);
}

/* one message of an answer */
static int take(struct pump *p, struct stream *s, const struct link_msg *m, struct pump_file *const files[LINK_SLOTS])
{
	const struct proto *proto = s->conn->proto;
	int rc = ERR_INVALID;

	switch (s->over ? LINK_WANT : m->type) {	/* nothing comes behind the end */
	case LINK_HEAD:
		if (!s->started)
			rc = head_out(p, s, m->status, m->data, m->len);
		break;
	case LINK_BYTES:
		if (s->started)
			rc = proto->bytes(s, m->data);
		break;
	case LINK_EXTENT:
		if (s->started)
			rc = extent(s, m, files[m->slot]);
		break;
	case LINK_END:
		if (s->started && m->status & LINK_WHOLE)
			rc = proto->end(s, m->data);
		s->over = s->note.whole = rc == 0;
		if (rc == 0 && m->status & LINK_LAST)
			pump_ask_end(p);
		break;
	default:
		break;
	}
	if (rc < 0)
		stream_orphaned(p, s);		/* it is not to be trusted: as if it had died */
	return rc;
}

int stream_take(struct pump *p, struct stream *s, struct span *rest, struct pump_file *const files[LINK_SLOTS])
{
	struct link_msg m;
	int rc = 1;

	while (rest->len && !s->dead && (s->over || !s->conn->proto->busy(s))) {
		rc = link_unpack(rest, &m);
		if (rc < 0)
			stream_orphaned(p, s);
		else
			rc = take(p, s, &m, files);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int keep_for_later(struct pump *p, struct stream *s, struct span bundle)
{
	int rc = hold(p, s, bundle);

	if (rc < 0)
		stream_orphaned(p, s);
	return rc;
}

static int keep_one(struct pump *p, struct stream *s, const struct link_msg *m)
{
	struct buf one = BUF_INIT(LINK_MAX + 64);
	int rc = link_pack(&one, m);

	if (rc < 0)
		stream_orphaned(p, s);
	else
		rc = keep_for_later(p, s, buf_span(&one));
	buf_clear(&one);
	return rc;
}

void stream_message(struct pump *p, struct stream *s, struct link_msg *m)
{
	struct span rest = m->data;
	int busy = s->held || s->conn->proto->busy(s), rc = 0;

	if (m->type == LINK_WANT) {
		wants_body(p, s);
		return;
	}
	if (m->type == LINK_FILE) {
		if (keep_file(s->worker, m) < 0)
			stream_orphaned(p, s);
		return;
	}
	if (m->type != LINK_BUNDLE && busy)
		rc = keep_one(p, s, m);
	else if (m->type != LINK_BUNDLE)
		rc = take(p, s, m, s->worker->files);
	else if (!busy)
		rc = stream_take(p, s, &rest, s->worker->files);
	if (rc >= 0 && m->type == LINK_BUNDLE && rest.len)
		rc = keep_for_later(p, s, rest);
	if (rc >= 0 && s->over)
		stream_release(p, s, 1);	/* however slow the client is with the last bytes */
	if (rc >= 0)
		conn_go_on(p, s->conn);
}

void stream_impatient(struct pump *p, struct stream *s)
{
	if (s->wait.why == PATIENT_LINGER) {
		s->impatient = 1;
		pump_wait(p, &s->wait, N_PATIENCE);
		conn_go_on(p, s->conn);
	} else if (s->started)
		s->conn->proto->abort(p, s);
	else
		stream_fail(p, s, 408, "the body did not come in time");
}
