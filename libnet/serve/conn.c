/*
 * conn.c - one client: its bytes in, ours out.
 * What they mean is the protocol's business.  Of an answer no more is taken from a worker than the client has
 * taken from us.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/err.h"
#include "pump_priv.h"

enum { OUT_MAX = LINK_MAX + 8192 };	/* bytes: one message, and what is around it */

/* ---- coming and going ---- */

/* more of them than one address may have: told, where that can be done at once */
static void one_too_many(struct pump *p, struct conn *c)
{
	struct stream *s = c->tls ? NULL : stream_new(p, c);

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

static int begin_tls(struct pump *p, struct conn *c)
{
	static const char *const alpn[] = { "h2", "http/1.1", NULL };

	c->shaking = 1;
	c->sniffing = 0;
	return p->creds ? tls_new(&c->tls, p->creds, alpn) : ERR_USAGE;
}

static void settle_tcp(const struct serve_opts *o, int fd)
{
	static const struct { int name, value; } alive[] = {
		{ TCP_KEEPIDLE, 60 }, { TCP_KEEPINTVL, 20 }, { TCP_KEEPCNT, 3 }
	};
	int one = 1;
	size_t i;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (o->send_ms > 0 && o->body_ms > 0)
		return;
	/* nobody loses patience with a client whose machine is gone: the kernel has to find out */
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
	for (i = 0; i < sizeof alive / sizeof *alive; i++)
		setsockopt(fd, IPPROTO_TCP, alive[i].name, &alive[i].value, sizeof alive[i].value);
}

struct conn *conn_new(struct pump *p, int fd, int tls)
{
	struct conn *c = calloc(1, sizeof *c);

	if (!c) {
		close(fd);
		return NULL;
	}
	c->about.what = ABOUT_CONN;
	c->fd = fd;
	c->file = -1;
	c->sniffing = 1;
	c->proto = &proto_http1;
	c->out = BUF_INIT(OUT_MAX);
	c->wait = (struct wait){ .why = N_PATIENCE, .conn = c };
	http1_start(&c->http, &p->o->limits, &p->head);
	peer_text(fd, c->peer);
	c->local = peer_is_local(fd);
	settle_tcp(p->o, fd);
	if ((tls && begin_tls(p, c) < 0) || pump_hear(p, &c->about, fd, EPOLLIN, 0) < 0) {
		close(fd);
		conn_free(c);
		return NULL;
	}
	c->events = EPOLLIN;
	pump_wait(p, &c->wait, tls ? PATIENT_TLS : PATIENT_HEAD);
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
	h2_free(c->h2);
	tls_free(c->tls);
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

static void listen_for(struct pump *p, struct conn *c)
{
	unsigned events = 0;

	if (c->dead)
		return;
	if (carry_pending(c))
		events |= EPOLLOUT;
	if (c->state == CONN_LINGER || (c->state == CONN_OPEN && !c->eof && (c->shaking || c->proto->wants(c))))
		events |= EPOLLIN;
	else if (c->state == CONN_OPEN && !c->hung_up)
		events |= EPOLLRDHUP;
	if (events != c->events && pump_hear(p, &c->about, c->fd, events, 1) == 0)
		c->events = events;
}

/* ---- sending ---- */

/* Half a close may be a whole one: only what is sent next would tell.  So the answer has to come on. */
static void doubt(struct pump *p, struct conn *c)
{
	if (c->hung_up && c->streams && (c->wait.why == N_PATIENCE || c->wait.why == PATIENT_GONE))
		pump_wait(p, &c->wait, PATIENT_GONE);
}

/* all is sent: what comes next? */
static void go_further(struct pump *p, struct conn *c)
{
	if (c->wait.why == PATIENT_SEND)
		pump_wait(p, &c->wait, N_PATIENCE);
	doubt(p, c);
	if (c->state != CONN_LINGER && !c->bye)
		c->proto->sent(p, c);
	if (c->dead)
		return;
	if (c->state == CONN_CLOSING && c->tls && !c->bye && !carry_pending(c)) {
		c->bye = 1;
		tls_bye(c->tls);
	}
	if (carry_pending(c))
		c->again = 1;
	else if (c->state == CONN_CLOSING)
		close_softly(p, c);
}

static void go_once(struct pump *p, struct conn *c)
{
	int rc = carry_out(c);

	if (rc < 0) {
		conn_abort(p, c);
	} else if (c->shaking) {
		return;				/* there is a clock for that already */
	} else if (rc == 0) {			/* the client is slow */
		if (c->wait.why != PATIENT_SEND && !c->dead)
			pump_wait(p, &c->wait, PATIENT_SEND);
	} else {
		go_further(p, c);
	}
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

/* the handshake: go on with it, and when it is done, we know what is spoken */
static void shake(struct pump *p, struct conn *c)
{
	int rc = tls_shake(c->tls);

	if (rc < 0 || (rc == 0 && c->eof)) {
		carry_out(c);			/* why, if it can be said at once */
		conn_close(p, c);
		return;
	}
	if (rc == 1) {
		c->shaking = 0;
		pump_wait(p, &c->wait, PATIENT_HEAD);
		if (strcmp(tls_alpn(c->tls), "h2") == 0 && proto2_begin(p, c) < 0)
			conn_close(p, c);
	}
	conn_go_on(p, c);
}

/* 1: it is known which protocol this is */
static int sniff(struct pump *p, struct conn *c)
{
	int is = h2_is_preface(span_of(c->in, c->in_len));

	if (is < 0 && !c->eof)
		return 0;
	c->sniffing = 0;
	if (is == 1 && proto2_begin(p, c) < 0)
		conn_close(p, c);
	return 1;
}

static void receive(struct pump *p, struct conn *c)
{
	if (c->state == CONN_LINGER) {
		waste(p, c);
		return;
	}
	if (c->state != CONN_OPEN || !(c->shaking || c->proto->wants(c)))
		return;
	if (carry_in(c, p->o->limits.head + LINK_DATA) < 0) {
		conn_close(p, c);
		return;
	}
	if (c->shaking) {
		shake(p, c);
		/* what came right behind the handshake */
		if (c->dead || c->shaking)
			return;
		if (carry_in(c, p->o->limits.head + LINK_DATA) < 0) {
			conn_close(p, c);
			return;
		}
	}
	if ((c->in_len || c->eof) && (!c->sniffing || sniff(p, c)) && !c->dead)
		c->proto->input(p, c);
}

void conn_event(struct pump *p, struct conn *c, unsigned events)
{
	if (events & (EPOLLERR | EPOLLHUP) && !(events & EPOLLIN)) {
		conn_close(p, c);
		return;
	}
	if (events & EPOLLRDHUP && !c->hung_up) {
		c->hung_up = 1;
		doubt(p, c);
		listen_for(p, c);
	}
	if (events & EPOLLOUT && carry_pending(c)) {
		if (c->wait.why == PATIENT_SEND)	/* progress */
			pump_wait(p, &c->wait, PATIENT_SEND);
		conn_go_on(p, c);
	}
	if (c->dead || !(events & EPOLLIN))
		return;
	receive(p, c);
	listen_for(p, c);
}

void conn_impatient(struct pump *p, struct conn *c)
{
	struct stream *s;

	if (c->wait.why == PATIENT_SEND) {
		conn_abort(p, c);
		return;
	}
	if (c->wait.why != PATIENT_HEAD || !c->proto->one_by_one || c->in_len == 0 || c->streams ||
	    !(s = stream_new(p, c))) {
		conn_close(p, c);
		return;
	}
	c->close_after = 1;
	stream_fail(p, s, 408, "the request did not come in time");
}
