/*
 * proto1.c - a client of HTTP/1: one request after the other (RFC 9112).
 * A request is read to the end of its head, handed over, and its body passed on as the worker asks for it.
 */
#include "base/err.h"
#include "pump_priv.h"

static const char http1_continue[] = "HTTP/1.1 100 Continue\r\n\r\n";

/* ---- requests ---- */

static void refuse(struct pump *p, struct conn *c, struct stream *s)
{
	c->close_after = c->linger = 1;
	stream_fail(p, s, c->http.status, c->http.why);
}

/* A body that was not read to its end is in the way of the next request.  1: what is left of it was here
 * already, and is dropped. */
static int skip_body(struct conn *c)
{
	enum http1_event e = HTTP1_DATA;
	struct span data;
	size_t used;

	while (e == HTTP1_DATA) {
		e = http1_body(&c->http, span_of(c->in, c->in_len), &used, &data);
		conn_use(c, used);
	}
	return e == HTTP1_END;
}

/* A small body that is here, behind the head of `used` bytes, goes with it: its worker need not ask for it. */
static struct span small_body(const struct conn *c, size_t used)
{
	uint64_t len = c->http.chunked ? 0 : c->http.length;

	return len && len <= BODY_SMALL && len <= c->in_len - used ? span_of(c->in + used, (size_t)len) :
								     span_of(NULL, 0);
}

/* 1: the body is over, too */
static int new_request(struct pump *p, struct conn *c, struct stream *s, struct span with)
{
	const struct http_head *d = &p->head;

	c->sent = 0;
	c->answer = (struct http1_answer){ .minor = d->minor,
					   .head_only = span_equal(d->method, span_str("HEAD")) };
	c->close_after = !c->http.keep_alive || p->draining;
	pump_wait(p, &c->wait, N_PATIENCE);
	return stream_begin(p, s, c->http.chunked ? LEN_UNKNOWN : c->http.length, with);
}

static void read_head(struct pump *p, struct conn *c)
{
	enum http1_event e;
	struct stream *s;
	size_t used;
	int over = 0;

	if (c->in_len == 0)
		return;
	e = http1_head(&c->http, c->in, c->in_len, &used);
	if (e != HTTP1_HEAD && e != HTTP1_BAD) {
		if (c->wait.why == PATIENT_IDLE)
			pump_wait(p, &c->wait, PATIENT_HEAD);
		return;
	}
	s = stream_new(p, c);
	if (!s) {
		conn_close(p, c);
		return;
	}
	c->answer = (struct http1_answer){ .minor = 1 };
	c->going++;				/* the bytes stay where they are: the head points to them */
	if (e == HTTP1_BAD)
		refuse(p, c, s);
	else
		over = new_request(p, c, s, small_body(c, used));
	c->going--;
	if (c->dead)
		return;
	conn_use(c, e == HTTP1_HEAD ? used : c->in_len);
	if (over)
		skip_body(c);
	conn_go_on(p, c);
}

/* ---- bodies of requests ---- */

/* the next part of the body that is here; HTTP1_DATA is never empty */
static enum http1_event take_body(struct conn *c, size_t *used, struct span *data)
{
	enum http1_event e;

	do {
		e = http1_body(&c->http, span_of(c->in, c->in_len < LINK_DATA ? c->in_len : LINK_DATA), used, data);
		if (e == HTTP1_DATA && data->len)
			return e;
		if (e == HTTP1_DATA || e == HTTP1_MORE)
			conn_use(c, *used);
	} while ((e == HTTP1_DATA || e == HTTP1_MORE) && c->in_len);
	return e == HTTP1_DATA ? HTTP1_MORE : e;
}

static void pass_body(struct pump *p, struct stream *s)
{
	struct conn *c = s->conn;
	enum http1_event e;
	struct span data;
	size_t used = 0;

	e = take_body(c, &used, &data);
	if (e == HTTP1_BAD) {
		refuse(p, c, s);
		return;
	}
	if (e == HTTP1_MORE) {
		if (c->eof)			/* it hung up in the middle of the body */
			conn_close(p, c);
		return;
	}
	if (stream_pass(p, s, e == HTTP1_END ? span_of(NULL, 0) : data) == 0)
		conn_use(c, used);
}

static void body(struct pump *p, struct stream *s)
{
	struct conn *c = s->conn;

	/* RFC 9110 10.1.1: the client may be waiting for it */
	if (c->http.expects && !s->started && c->in_len == 0) {
		c->http.expects = 0;
		if (buf_str(&c->out, http1_continue) < 0 || carry_out(c) < 0) {
			conn_close(p, c);
			return;
		}
	}
	pass_body(p, s);
	conn_go_on(p, c);
}

/* Is the rest of the body here already?  Then the connection may outlive an answer that begins before it was read. */
static int rest_is_here(const struct conn *c)
{
	struct http1 h = c->http;		/* looked at only: nothing is used up */
	enum http1_event e = HTTP1_DATA;
	struct span data, rest = span_of(c->in, c->in_len);
	size_t used;

	while (e == HTTP1_DATA) {
		e = http1_body(&h, rest, &used, &data);
		if (used)		/* there may be no buffer at all */
			rest = span_of(rest.p + used, rest.len - used);
	}
	return e == HTTP1_END;
}

/* ---- events ---- */

static int wants(const struct conn *c)
{
	const struct stream *s = c->streams;

	return s ? s->want_body && !s->body_over : !carry_pending(c);
}

static void input(struct pump *p, struct conn *c)
{
	if (c->streams) {
		pass_body(p, c->streams);
		conn_go_on(p, c);
		return;
	}
	read_head(p, c);
	if (!c->dead && c->eof && !c->streams && c->state == CONN_OPEN)
		conn_close(p, c);		/* also in the middle of a head: nobody waits for an answer */
}

static void request_over(struct pump *p, struct conn *c, struct stream *s)
{
	if (!s->body_over && c->http.status == 0 && !skip_body(c))
		c->close_after = c->linger = 1;
	stream_end(p, s);
	if (c->close_after || p->draining) {
		c->state = CONN_CLOSING;
		return;
	}
	http1_next(&c->http);
	c->in_first = 0;			/* who dribbles a head does not get a large buffer for it */
	pump_wait(p, &c->wait, PATIENT_IDLE);
}

static void sent(struct pump *p, struct conn *c)
{
	struct stream *s = c->streams;

	if (s && c->behind) {		/* a chunk that was a file needs its end behind it */
		c->behind = 0;
		if (http1_answer_behind(&c->out, &c->answer) < 0)
			conn_abort(p, c);
		if (c->dead || carry_pending(c))
			return;
	}
	if (s && s->over)
		request_over(p, c, s);
	else if (s)
		hold_go_on(p, s);
	if (!c->dead && c->state == CONN_OPEN && !c->streams && c->in_len)
		read_head(p, c);		/* pipelined */
}

/* a file comes behind the bytes, and nothing behind a file before it is sent */
static int busy(const struct stream *s)
{
	const struct conn *c = s->conn;

	return c->file >= 0 || c->behind || c->out.len - c->out_at >= LINK_DATA;
}

/* ---- answers ---- */

/* RFC 9110 9.3.6: a 2xx to CONNECT has no body, and says nothing of one.  What follows is a request again: the
 * tunnel ends here. */
static int tunnel(struct pump *p, struct conn *c, int status, struct span lines)
{
	int rc;

	if (!http_lines_ok(lines, HTTP_LINES_HEAD))
		return ERR_INVALID;
	rc = buf_printf(&c->out, "HTTP/1.1 %d Connection established\r\ndate: %s\r\n", status, pump_date(p));
	if (rc == 0)
		rc = buf_add(&c->out, lines);
	return rc < 0 ? rc : buf_str(&c->out, "\r\n");
}

static int head(struct pump *p, struct stream *s, int status, struct span lines, uint64_t len)
{
	struct conn *c = s->conn;
	int rc;

	if (strcmp(s->note.method, "CONNECT") == 0 && status < 300)
		return tunnel(p, c, status, lines);

	if (!s->body_over && (!s->worker || !rest_is_here(c)))	/* nobody may read it to its end */
		c->close_after = 1;
	if (c->http.expects && s->worker && status < 300 && !s->body_over && c->in_len == 0) {
		c->http.expects = 0;		/* an answer that begins early does not mean that the body is not wanted */
		rc = buf_str(&c->out, http1_continue);
		if (rc < 0)
			return rc;
	}
	c->answer.keep_alive = !c->close_after;
	rc = http1_answer(&c->out, &c->answer, status, reply_reason(status), pump_date(p), lines, len);
	if (rc == 0 && !c->answer.keep_alive)
		c->close_after = 1;
	return rc;
}

static int bytes(struct stream *s, struct span data)
{
	struct conn *c = s->conn;
	int rc;

	carry_room(&c->out, &c->out_at, data.len);
	rc = http1_answer_begin(&c->out, &c->answer, data.len);
	if (rc == 0)
		rc = buf_add(&c->out, data);
	return rc < 0 ? rc : http1_answer_behind(&c->out, &c->answer);
}

static int extent(struct stream *s, int fd, uint64_t off, uint64_t len)
{
	struct conn *c = s->conn;
	int rc;

	carry_room(&c->out, &c->out_at, 0);
	rc = c->file >= 0 ? ERR_INVALID : http1_answer_begin(&c->out, &c->answer, len);
	if (rc < 0)
		return rc;
	c->file = fd;
	c->file_off = off;
	c->file_len = len;
	c->behind = 1;
	return 0;
}

static int end(struct stream *s, struct span trailers)
{
	carry_room(&s->conn->out, &s->conn->out_at, trailers.len);
	return http1_answer_end(&s->conn->out, &s->conn->answer, trailers);
}

static void abort_answer(struct pump *p, struct stream *s)
{
	conn_abort(p, s->conn);
}

static void drain(struct pump *p, struct conn *c)
{
	if (!c->streams && c->in_len == 0 && c->state == CONN_OPEN)
		conn_close(p, c);		/* nothing under way */
}

const struct proto proto_http1 = {
	.name = "HTTP/1.1", .one_by_one = 1, .input = input, .wants = wants, .sent = sent, .busy = busy,
	.head = head, .bytes = bytes, .extent = extent, .end = end, .body = body, .abort = abort_answer,
	.drain = drain
};
