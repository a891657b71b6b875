/*
 * conn.c - one client: its requests in, the answers out.
 * A request is read to the end of its head, handed over, and its body passed on as the worker asks for
 * it.  Of the answer no more is taken from the worker than the client has taken from us.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/err.h"
#include "pump_priv.h"

enum {
	IN_FIRST = 2048,		/* bytes of a buffer for heads at first */
	OUT_MAX = LINK_MAX + 4096,	/* one message, and what is around it */
	SEND_FILE = 1 << 20		/* bytes of a file at one go: others want their turn */
};

/* ---- coming and going ---- */

struct conn *conn_new(struct pump *p, int fd)
{
	struct conn *c = calloc(1, sizeof *c);
	int one = 1;

	if (!c)
		return NULL;
	c->about.what = ABOUT_CONN;
	c->fd = fd;
	c->file = -1;
	c->out = BUF_INIT(OUT_MAX);
	c->request = BUF_INIT(LINK_MAX);
	http1_start(&c->http, &p->o->limits, &p->head);
	peer_text(fd, c->peer);
	c->local = peer_is_local(fd);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (pump_hear(p, &c->about, fd, EPOLLIN, 0) < 0) {
		free(c);
		return NULL;
	}
	c->events = EPOLLIN;
	c->patience = N_PATIENCE;
	pump_patience(p, c, PATIENT_HEAD);
	p->n_conns++;
	return c;
}

/* Gone for everybody; its memory stays until the events at hand are dealt with. */
void conn_close(struct pump *p, struct conn *c)
{
	if (c->dead)
		return;
	c->dead = 1;
	if (c->state == CONN_QUEUED)
		pump_unqueue(p, c);
	if (c->worker) {
		c->worker->conn = NULL;
		pump_worker_done(p, c->worker, 0);
	}
	if (c->status || c->state == CONN_BUSY) {	/* a request was under way */
		if (!c->status)
			c->status = 499;
		log_request(p, c);
	}
	pump_patience(p, c, N_PATIENCE);
	pump_close(p, c->fd);
	c->fd = -1;
	c->next = p->graves;
	p->graves = c;
	p->n_conns--;
}

void conn_free(struct conn *c)
{
	free(c->in);
	buf_clear(&c->out);
	buf_clear(&c->request);
	free(c);
}

/* The client shall see that the answer is not whole: a reset, where there is no other way. */
void conn_abort(struct pump *p, struct conn *c)
{
	struct linger now = { 1, 0 };

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	conn_close(p, c);
}

/* ---- what we listen for ---- */

static int pending(const struct conn *c)
{
	return c->out.len > c->out_at || c->file >= 0;
}

static void listen_for(struct pump *p, struct conn *c)
{
	unsigned events = 0;

	if (c->dead)
		return;
	if (pending(c))
		events |= EPOLLOUT;
	if (c->state == CONN_HEAD && !c->eof && !pending(c))
		events |= EPOLLIN;
	if (c->state == CONN_BUSY && c->want_body && !c->body_over && !c->eof)
		events |= EPOLLIN;
	if (events != c->events && pump_hear(p, &c->about, c->fd, events, 1) == 0)
		c->events = events;
}

/* ---- sending ---- */

/* 1: all is sent; 0: later; ERR_INTERRUPTED: the client is gone */
static int flush(struct conn *c)
{
	ssize_t n;

	while (c->out.len > c->out_at) {
		n = send(c->fd, c->out.data + c->out_at, c->out.len - c->out_at,
			 MSG_NOSIGNAL | (c->file >= 0 ? MSG_MORE : 0));
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : ERR_INTERRUPTED;
		c->out_at += (size_t)n;
		c->sent += (uint64_t)n;
	}
	buf_reset(&c->out);
	c->out_at = 0;
	while (c->file >= 0) {
		off_t off = (off_t)c->file_off;

		n = sendfile(c->fd, c->file, &off, c->file_len < SEND_FILE ? (size_t)c->file_len : SEND_FILE);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : ERR_INTERRUPTED;
		if (n == 0)
			return ERR_INTERRUPTED;		/* the file is shorter than the worker said */
		c->file_off += (uint64_t)n;
		c->file_len -= (uint64_t)n;
		c->sent += (uint64_t)n;
		if (c->file_len == 0)
			c->file = -1;
		else
			return 0;
	}
	return 1;
}

int conn_say(struct conn *c, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return n < 0 || (size_t)n >= sizeof text ? ERR_LIMIT : buf_bytes(&c->out, text, (size_t)n);
}

/* An answer of our own, where no worker gave one, and the end of the connection. */
void conn_fail(struct pump *p, struct conn *c, int status, const char *text)
{
	char body[400];
	int n = snprintf(body, sizeof body, "{\"error\":{\"code\":%d,\"status\":\"%s\",\"message\":\"%s\"%s%s%s}}\n",
			 status, reply_reason(status), text, *c->id ? ",\"request_id\":\"" : "", c->id,
			 *c->id ? "\"" : "");

	c->state = CONN_CLOSING;
	c->status = status;
	if (!c->began_ms)
		c->began_ms = p->now_ms;
	if (conn_say(c, "HTTP/1.1 %d %s\r\ndate: %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
		"x-content-type-options: nosniff\r\n%sconnection: close\r\n\r\n", status, reply_reason(status),
		pump_date(p), n, status == 503 ? "retry-after: 1\r\n" : "") < 0 ||
	    (!c->no_body && buf_bytes(&c->out, body, (size_t)n) < 0)) {
		conn_close(p, c);
		return;
	}
	pump_patience(p, c, PATIENT_SEND);
	conn_go_on(p, c);
}

/* ---- a request ---- */

static void keep_field(const struct http_head *d, const char *name, char *out, size_t size)
{
	size_t i, n;

	*out = 0;
	for (i = 0; i < d->n_fields; i++)
		if (http_is(d->field[i].name, name)) {
			n = d->field[i].value.len < size - 1 ? d->field[i].value.len : size - 1;
			memcpy(out, d->field[i].value.p, n);
			out[n] = 0;
			return;
		}
}

/* the client's own, if it is one that may stand in a log; else a new one */
static void name_request(struct pump *p, struct conn *c)
{
	uint64_t r = 0;
	size_t i;

	keep_field(&p->head, "x-request-id", c->id, sizeof c->id);
	for (i = 0; c->id[i]; i++)
		if (!(c->id[i] >= '0' && c->id[i] <= '9') && !((c->id[i] | 0x20) >= 'a' && (c->id[i] | 0x20) <= 'z') &&
		    !strchr("-_.:", c->id[i]))
			break;
	if (i > 0 && !c->id[i])
		return;
	if (getrandom(&r, sizeof r, GRND_NONBLOCK) != sizeof r)
		r = ++p->n_requests * 0x9e3779b97f4a7c15u;
	snprintf(c->id, sizeof c->id, "%016llx", (unsigned long long)r);
}

static void new_request(struct pump *p, struct conn *c)
{
	const struct http_head *d = &p->head;
	struct msg_peer peer = { .text = c->peer, .local = c->local };

	c->began_ms = p->now_ms;
	c->sent = 0;
	c->status = 0;
	c->minor = d->minor;
	c->started = c->chunked = c->over = 0;
	c->no_body = span_equal(d->method, span_str("HEAD"));
	c->want_body = 0;
	c->body_over = !c->http.has_body;
	c->close_after = !c->http.keep_alive || p->draining;
	snprintf(c->line, sizeof c->line, "%.*s %.*s HTTP/1.%d", (int)(d->method.len < 32 ? d->method.len : 32),
		 (const char *)d->method.p, (int)(d->target.len < 150 ? d->target.len : 150),
		 (const char *)d->target.p, d->minor);
	keep_field(d, "user-agent", c->agent, sizeof c->agent);
	keep_field(d, "referer", c->referer, sizeof c->referer);
	name_request(p, c);
	p->n_requests++;
	peer.id = span_str(c->id);
	buf_reset(&c->request);
	if (msg_request(&c->request, &c->http, &peer) < 0) {
		conn_fail(p, c, 431, "the head is too long");
		return;
	}
	pump_patience(p, c, PATIENT_WORKER);
	pump_worker_for(p, c);
}

static void use(struct conn *c, size_t n)
{
	c->in_len -= n;
	if (c->in_len)
		memmove(c->in, c->in + n, c->in_len);
	else {
		free(c->in);			/* clients that wait cost no buffers */
		c->in = NULL;
		c->in_cap = 0;
	}
}

static void read_head(struct pump *p, struct conn *c)
{
	size_t used;

	if (c->in_len == 0)
		return;
	switch (http1_head(&c->http, c->in, c->in_len, &used)) {
	case HTTP1_HEAD:
		c->state = CONN_QUEUED;
		new_request(p, c);		/* before the bytes are moved: the head points to them */
		if (!c->dead)
			use(c, used);
		listen_for(p, c);
		return;
	case HTTP1_BAD:
		snprintf(c->line, sizeof c->line, "-");
		conn_fail(p, c, c->http.status, c->http.why);
		return;
	default:
		if (c->patience == PATIENT_IDLE)
			pump_patience(p, c, PATIENT_HEAD);
	}
}

/* the worker has the request */
void conn_given(struct pump *p, struct conn *c, struct worker_end *w)
{
	struct link_msg m = { .type = LINK_REQUEST, .fd = -1, .data = buf_span(&c->request) };

	c->worker = w;
	c->state = CONN_BUSY;
	w->conn = c;
	if (link_send(w->fd, &m) != 1) {
		conn_worker_died(p, c);
		return;
	}
	buf_clear(&c->request);
	pump_patience(p, c, c->http.has_body ? PATIENT_BODY : PATIENT_WORKER);
	pump_hear_worker(p, w, 1);
}

/* ---- its body ---- */

static void pass_body(struct pump *p, struct conn *c)
{
	struct link_msg m = { .type = LINK_BODY, .fd = -1 };
	enum http1_event e = HTTP1_MORE;
	size_t used = 0;

	while (c->worker && c->want_body && !c->body_over) {
		struct span in = span_of(c->in, c->in_len < LINK_DATA ? c->in_len : LINK_DATA);

		e = http1_body(&c->http, in, &used, &m.data);
		if (e == HTTP1_DATA && m.data.len == 0)
			e = HTTP1_MORE;
		if (e == HTTP1_MORE) {
			use(c, used);
			if (c->in_len == 0)
				break;
			continue;
		}
		if (e == HTTP1_BAD) {
			c->close_after = 1;
			if (c->started)
				conn_abort(p, c);
			else
				conn_fail(p, c, c->http.status, c->http.why);
			return;
		}
		m.type = e == HTTP1_END ? LINK_BODY_END : LINK_BODY;
		c->body_over = e == HTTP1_END;
		c->want_body = 0;
		if (e == HTTP1_END)
			m.data = span_of(NULL, 0);
		if (link_send(c->worker->fd, &m) != 1) {
			conn_worker_died(p, c);
			return;
		}
		use(c, used);
		pump_patience(p, c, PATIENT_BODY);
	}
	if (c->dead)
		return;
	if (c->eof && c->want_body && !c->body_over)	/* it hung up in the middle of the body */
		conn_close(p, c);
	else
		listen_for(p, c);
}

void conn_wants_body(struct pump *p, struct conn *c)
{
	c->want_body = 1;
	if (c->body_over) {
		struct link_msg m = { .type = LINK_BODY_END, .fd = -1 };

		c->want_body = 0;
		if (link_send(c->worker->fd, &m) != 1)
			conn_worker_died(p, c);
		return;
	}
	/* RFC 9110 10.1.1: the client may be waiting for it */
	if (c->http.expects && !c->started) {
		c->http.expects = 0;
		if (conn_say(c, "HTTP/1.1 100 Continue\r\n\r\n") < 0 || flush(c) < 0) {
			conn_close(p, c);
			return;
		}
	}
	pass_body(p, c);
}

/* ---- what comes next ---- */

/* A body that was not read to its end is in the way of the next request.  1: what is left of it was here
 * already, and is dropped. */
static int skip_body(struct conn *c)
{
	enum http1_event e = HTTP1_DATA;
	struct span data;
	size_t used;

	while (e == HTTP1_DATA) {
		e = http1_body(&c->http, span_of(c->in, c->in_len), &used, &data);
		use(c, used);
	}
	return e == HTTP1_END;
}

static void request_over(struct pump *p, struct conn *c)
{
	struct worker_end *w = c->worker;

	if (!c->close_after && !c->body_over)
		c->close_after = !skip_body(c);
	c->worker = NULL;
	w->conn = NULL;
	pump_worker_done(p, w, 1);
	log_request(p, c);
	c->status = 0;
	c->began_ms = 0;
	if (c->close_after || p->draining) {
		c->state = CONN_CLOSING;
		return;
	}
	c->state = CONN_HEAD;
	*c->id = 0;
	http1_next(&c->http);
	pump_patience(p, c, PATIENT_IDLE);
}

/* RFC 9112 9.6: half a close first, so that the client gets to read what it was sent */
static void close_softly(struct pump *p, struct conn *c)
{
	char waste[4096];

	shutdown(c->fd, SHUT_WR);
	while (recv(c->fd, waste, sizeof waste, MSG_DONTWAIT) > 0)
		;
	conn_close(p, c);
}

/* after something was put into `out`, or there is room again */
void conn_go_on(struct pump *p, struct conn *c)
{
	int was_file, rc;

	if (c->dead)
		return;
	do {
		was_file = c->file >= 0;
		rc = flush(c);
		if (rc >= 0 && conn_end_chunk(c, was_file) < 0)
			rc = ERR_INTERRUPTED;
	} while (rc == 1 && pending(c));
	if (rc < 0) {
		conn_abort(p, c);
		return;
	}
	if (rc == 0) {				/* the client is slow: so is the worker now */
		if (c->worker)
			pump_hear_worker(p, c->worker, 0);
		if (c->patience != PATIENT_SEND)
			pump_patience(p, c, PATIENT_SEND);
		listen_for(p, c);
		return;
	}
	if (c->over && c->worker) {
		c->over = 0;
		request_over(p, c);
		if (c->dead)
			return;
	}
	if (c->state == CONN_CLOSING) {
		close_softly(p, c);
		return;
	}
	if (c->worker) {
		pump_hear_worker(p, c->worker, 1);
		if (c->patience == PATIENT_SEND)
			pump_patience(p, c, PATIENT_WORKER);
	}
	listen_for(p, c);
	if (c->state == CONN_HEAD && c->in_len)
		read_head(p, c);		/* pipelined */
}

static int take_in(struct conn *c, size_t max)
{
	ssize_t n;
	size_t cap = c->in_cap;
	uint8_t *in;

	if (c->in_len == c->in_cap) {
		cap = cap ? cap * 2 : IN_FIRST;
		if (cap > max)
			cap = max;
		if (cap <= c->in_len)
			return 1;
		in = realloc(c->in, cap);
		if (!in)
			return ERR_NOMEM;
		c->in = in;
		c->in_cap = cap;
	}
	n = recv(c->fd, c->in + c->in_len, c->in_cap - c->in_len, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : ERR_INTERRUPTED;
	if (n == 0)
		c->eof = 1;
	c->in_len += (size_t)n;
	return 0;
}

void conn_event(struct pump *p, struct conn *c, unsigned events)
{
	int rc;

	if (events & (EPOLLERR | EPOLLHUP) && !(events & EPOLLIN)) {
		conn_close(p, c);
		return;
	}
	if (events & EPOLLOUT && pending(c)) {
		if (c->patience == PATIENT_SEND)	/* progress */
			pump_patience(p, c, PATIENT_SEND);
		conn_go_on(p, c);
		return;
	}
	if (!(events & EPOLLIN))
		return;
	rc = take_in(c, p->o->limits.head + LINK_DATA);
	if (rc < 0 || (c->eof && c->state == CONN_HEAD)) {
		conn_close(p, c);		/* also in the middle of a head: nobody waits for an answer */
		return;
	}
	if (c->state == CONN_HEAD)
		read_head(p, c);
	else if (c->state == CONN_BUSY)
		pass_body(p, c);
}

void conn_impatient(struct pump *p, struct conn *c)
{
	switch (c->patience) {
	case PATIENT_HEAD:
		snprintf(c->line, sizeof c->line, "-");
		if (c->in_len)
			conn_fail(p, c, 408, "the request did not come in time");
		else
			conn_close(p, c);
		return;
	case PATIENT_BODY:
		if (c->want_body && !c->started) {
			conn_fail(p, c, 408, "the body did not come in time");
			return;
		}
		if (!c->want_body) {		/* it is the worker that takes its time */
			pump_patience(p, c, PATIENT_WORKER);
			return;
		}
		conn_abort(p, c);
		return;
	case PATIENT_SEND:
		conn_abort(p, c);
		return;
	default:
		conn_close(p, c);
	}
}
