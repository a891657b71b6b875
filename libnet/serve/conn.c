/*
 * conn.c - one client: its bytes in, ours out.
 * What they mean is the protocol's business.  Of an answer no more is taken from a worker than the client has
 * taken from us.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/err.h"
#include "pump_priv.h"

enum {
	IN_FIRST = 2048,		/* bytes of a buffer for heads at first */
	OUT_MAX = LINK_MAX + 8192,	/* one message, and what is around it */
	SEND_FILE = 1 << 20		/* bytes of a file at one go: others want their turn */
};

/* ---- coming and going ---- */

/* more of them than one address may have: told, where that can be done at once */
static void one_too_many(struct pump *p, struct conn *c)
{
	struct stream *s = stream_new(p, c);

	if (!s) {
		conn_close(p, c);
		return;
	}
	c->close_after = c->linger = 1;
	snprintf(s->limits, sizeof s->limits, "retry-after: 1\r\n");
	stream_fail(p, s, 429, "too many connections from this address");
}

static int counted(struct pump *p, struct conn *c)
{
	c->peer_key = p->peers && p->o->conns_per_ip ? peers_key(c->fd) : 0;
	return c->peer_key && peers_add(p->peers, p->row, c->peer_key) > p->o->conns_per_ip;
}

struct conn *conn_new(struct pump *p, int fd, int tls)
{
	struct conn *c = calloc(1, sizeof *c);
	int one = 1;

	(void)tls;
	if (!c) {
		close(fd);
		return NULL;
	}
	c->about.what = ABOUT_CONN;
	c->fd = fd;
	c->file = -1;
	c->proto = &proto_http1;
	c->out = BUF_INIT(OUT_MAX);
	c->wait = (struct wait){ .why = N_PATIENCE, .conn = c };
	http1_start(&c->http, &p->o->limits, &p->head);
	peer_text(fd, c->peer);
	c->local = peer_is_local(fd);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (pump_hear(p, &c->about, fd, EPOLLIN, 0) < 0) {
		close(fd);
		free(c);
		return NULL;
	}
	c->events = EPOLLIN;
	pump_wait(p, &c->wait, PATIENT_HEAD);
	p->n_conns++;
	c->next = p->conns;
	if (c->next)
		c->next->prev = c;
	p->conns = c;
	if (counted(p, c))
		one_too_many(p, c);
	return c;
}

/* Gone for everybody; its memory stays until the events at hand are dealt with. */
void conn_close(struct pump *p, struct conn *c)
{
	if (c->dead)
		return;
	c->dead = 1;
	while (c->streams)
		stream_end(p, c->streams);
	pump_wait(p, &c->wait, N_PATIENCE);
	if (c->peer_key)
		peers_drop(p->peers, p->row, c->peer_key);
	pump_close(p, c->fd);
	c->fd = -1;
	if (c->prev)
		c->prev->next = c->next;
	else
		p->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->next_grave = p->graves;
	p->graves = c;
	p->n_conns--;
}

void conn_free(struct conn *c)
{
	free(c->in);
	buf_clear(&c->out);
	free(c);
}

/* The client shall see that the answer is not whole: a reset, where there is no other way. */
void conn_abort(struct pump *p, struct conn *c)
{
	struct linger now = { 1, 0 };

	if (c->dead)
		return;
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	conn_close(p, c);
}

/* RFC 9112 9.6: half a close first, and the other when the client has stopped sending, or it may never get
 * to read what it was sent. */
static void close_softly(struct pump *p, struct conn *c)
{
	if (!c->linger && c->in_len == 0) {
		conn_close(p, c);
		return;
	}
	shutdown(c->fd, SHUT_WR);
	c->state = CONN_LINGER;
	conn_use(c, c->in_len);
	pump_wait(p, &c->wait, PATIENT_LINGER);
}

static void waste(struct pump *p, struct conn *c)
{
	char bytes[16384];
	ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		conn_close(p, c);
}

/* ---- what we listen for ---- */

int conn_pending(const struct conn *c)
{
	return c->out.len > c->out_at || c->file >= 0;
}

static void listen_for(struct pump *p, struct conn *c)
{
	unsigned events = 0;

	if (c->dead)
		return;
	if (conn_pending(c))
		events |= EPOLLOUT;
	if (c->state == CONN_LINGER || (c->state == CONN_OPEN && !c->eof && c->proto->wants(c)))
		events |= EPOLLIN;
	if (events != c->events && pump_hear(p, &c->about, c->fd, events, 1) == 0)
		c->events = events;
}

/* ---- sending ---- */

int conn_flush(struct conn *c)
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

static void go_once(struct pump *p, struct conn *c)
{
	int rc = conn_flush(c);

	if (rc < 0) {
		conn_abort(p, c);
		return;
	}
	if (rc == 0) {				/* the client is slow: so is the worker now */
		c->proto->blocked(p, c);
		if (c->wait.why != PATIENT_SEND && !c->dead)
			pump_wait(p, &c->wait, PATIENT_SEND);
		return;
	}
	if (c->wait.why == PATIENT_SEND)
		pump_wait(p, &c->wait, N_PATIENCE);
	if (c->state != CONN_LINGER)
		c->proto->sent(p, c);
	if (!c->dead && conn_pending(c))
		c->again = 1;
	else if (!c->dead && c->state == CONN_CLOSING)
		close_softly(p, c);
}

void conn_go_on(struct pump *p, struct conn *c)
{
	if (c->dead)
		return;
	c->again = 1;
	if (c->going)				/* we are called by what we called: once more, then */
		return;
	c->going = 1;
	while (!c->dead && c->again) {
		c->again = 0;
		go_once(p, c);
	}
	c->going = 0;
	listen_for(p, c);
}

/* ---- receiving ---- */

void conn_use(struct conn *c, size_t n)
{
	c->in_len -= n;
	if (c->in_len) {
		memmove(c->in, c->in + n, c->in_len);
		return;
	}
	free(c->in);				/* clients that wait cost no buffers */
	c->in = NULL;
	c->in_cap = 0;
}

static int room_for(struct conn *c, size_t max)
{
	size_t cap = c->in_cap ? c->in_cap * 2 : IN_FIRST;
	uint8_t *in;

	if (c->in_len < c->in_cap)
		return 1;
	if (cap > max)
		cap = max;
	if (cap <= c->in_len)
		return 0;
	in = realloc(c->in, cap);
	if (!in)
		return err_nomem();
	c->in = in;
	c->in_cap = cap;
	return 1;
}

/* negative: the client is gone */
static int take_in(struct conn *c, size_t max)
{
	int rc = room_for(c, max);
	ssize_t n;

	if (rc <= 0)
		return rc;
	n = recv(c->fd, c->in + c->in_len, c->in_cap - c->in_len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return ERR_INTERRUPTED;
	c->eof |= n == 0;
	c->in_len += (size_t)n;
	return 0;
}

void conn_event(struct pump *p, struct conn *c, unsigned events)
{
	if (events & (EPOLLERR | EPOLLHUP) && !(events & EPOLLIN)) {
		conn_close(p, c);
		return;
	}
	if (events & EPOLLOUT && conn_pending(c)) {
		if (c->wait.why == PATIENT_SEND)	/* progress */
			pump_wait(p, &c->wait, PATIENT_SEND);
		conn_go_on(p, c);
	}
	if (c->dead || !(events & EPOLLIN))
		return;
	if (c->state == CONN_LINGER) {
		waste(p, c);
		return;
	}
	if (c->state != CONN_OPEN || !c->proto->wants(c))
		return;
	if (take_in(c, p->o->limits.head + LINK_DATA) < 0) {
		conn_close(p, c);
		return;
	}
	c->proto->input(p, c);
	listen_for(p, c);
}

void conn_impatient(struct pump *p, struct conn *c)
{
	struct stream *s;

	if (c->wait.why == PATIENT_SEND) {
		conn_abort(p, c);
		return;
	}
	if (c->wait.why != PATIENT_HEAD || c->in_len == 0 || c->streams || !(s = stream_new(p, c))) {
		conn_close(p, c);
		return;
	}
	c->close_after = 1;
	stream_fail(p, s, 408, "the request did not come in time");
}
