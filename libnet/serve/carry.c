/*
 * carry.c - bytes between a client's socket and our buffers, encrypted or not.
 * Files go to the socket by themselves where they are sent in the clear, else by way of one record at a time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "pump_priv.h"

enum {
	IN_FIRST = 2048,		/* bytes of a buffer for heads at first */
	SEND_FILE = 1 << 20		/* bytes of a file at one go: others want their turn */
};

int carry_pending(const struct conn *c)
{
	return c->out.len > c->out_at || c->file >= 0 || (c->tls && tls_out(c->tls).len);
}

void carry_room(struct buf *out, size_t *at, size_t len)
{
	enum { AROUND = 1024 };			/* ends of chunks, an end */

	if (*at == 0 || out->len + len + AROUND <= out->max)
		return;
	memmove(out->data, out->data + *at, out->len - *at);
	out->len -= *at;
	out->data[out->len] = 0;
	*at = 0;
}

/* ---- out ---- */

static int send_some(struct conn *c, struct span s, int more, size_t *n)
{
	ssize_t sent = send(c->fd, s.p, s.len, MSG_NOSIGNAL | (more ? MSG_MORE : 0));

	*n = sent > 0 ? (size_t)sent : 0;
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : ERR_INTERRUPTED;
	return 1;
}

static void out_used(struct conn *c, size_t n)
{
	c->out_at += n;
	c->sent += n;
	if (c->out_at < c->out.len)
		return;
	buf_clear(&c->out);			/* clients that wait cost no buffers */
	c->out_at = 0;
}

static struct span out_left(const struct conn *c)
{
	return span_of(c->out.data + c->out_at, c->out.len - c->out_at);
}

static void file_used(struct conn *c, size_t n)
{
	c->file_off += n;
	c->file_len -= n;
	c->sent += n;
	if (c->file_len == 0)
		c->file = -1;
}

static int out_clear(struct conn *c)
{
	ssize_t n;
	size_t used;
	int rc;

	while (c->out.len > c->out_at) {
		rc = send_some(c, out_left(c), c->file >= 0, &used);
		if (rc <= 0)
			return rc;
		out_used(c, used);
	}
	if (c->file >= 0) {
		off_t off = (off_t)c->file_off;

		n = sendfile(c->fd, c->file, &off, c->file_len < SEND_FILE ? (size_t)c->file_len : SEND_FILE);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : ERR_INTERRUPTED;
		if (n == 0)
			return ERR_INTERRUPTED;		/* the file is shorter than the worker said */
		file_used(c, (size_t)n);
	}
	return c->file < 0;
}

/* encrypt as much as there is room for: 1 if it was anything */
static int encrypt(struct conn *c)
{
	uint8_t record[TLS_RECORD];
	ssize_t n, done;
	int any = 0;

	while (c->out.len > c->out_at) {
		n = tls_write(c->tls, out_left(c).p, out_left(c).len);
		if (n <= 0)
			return n < 0 ? (int)n : any;
		out_used(c, (size_t)n);
		any = 1;
	}
	while (c->file >= 0) {
		n = pread(c->file, record, c->file_len < sizeof record ? (size_t)c->file_len : sizeof record,
			  (off_t)c->file_off);
		if (n <= 0)
			return ERR_INTERRUPTED;		/* not readable, or shorter than the worker said */
		done = tls_write(c->tls, record, (size_t)n);
		if (done <= 0)
			return done < 0 ? (int)done : any;
		file_used(c, (size_t)done);
		any = 1;
	}
	return any;
}

static int out_tls(struct conn *c)
{
	size_t used, budget = SEND_FILE;
	struct span out;
	int rc;

	for (;;) {
		while ((out = tls_out(c->tls)).len) {
			rc = send_some(c, out, 0, &used);
			if (rc <= 0)
				return rc;
			tls_sent(c->tls, used);
			if (used >= budget)
				return !carry_pending(c);
			budget -= used;
		}
		rc = c->shaking ? 0 : encrypt(c);
		if (rc <= 0)
			return rc < 0 ? ERR_INTERRUPTED : 1;
	}
}

int carry_out(struct conn *c)
{
	return c->tls ? out_tls(c) : out_clear(c);
}

/* ---- in ---- */

/* 1: there is room in c->in; 0: it is full */
static int room_for(struct conn *c, size_t max)
{
	size_t cap = c->in_cap ? c->in_cap * 2 : c->in_first > IN_FIRST ? c->in_first : IN_FIRST;
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

static ssize_t receive(struct conn *c, void *p, size_t len)
{
	ssize_t n = recv(c->fd, p, len, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : ERR_INTERRUPTED;
	c->eof |= n == 0;
	return n;
}

/* All that can be decrypted is: nothing of it waits for an event that never comes.  That it is little is seen
 * to by whoever asks for more only where there is room. */
static int decrypt(struct conn *c)
{
	ssize_t n;
	int rc;

	for (;;) {
		rc = room_for(c, SIZE_MAX);
		if (rc < 0)
			return rc;
		n = tls_read(c->tls, c->in + c->in_len, c->in_cap - c->in_len);
		if (n == ERR_INTERRUPTED)
			c->eof = 1;
		if (n <= 0)
			break;
		c->in_len += (size_t)n;
	}
	conn_use(c, 0);				/* an empty buffer goes */
	return n < 0 && n != ERR_INTERRUPTED ? (int)n : 0;
}

/* Who fills its buffer gets a larger one the next time, and a smaller one who hardly uses it: a long body shall not come
 * in small pieces. */
static void note_fill(struct conn *c, size_t max)
{
	if (c->in_len == c->in_cap)
		c->in_first = c->in_cap < max / 4 ? c->in_cap * 4 : max;
	else
		c->in_first = c->in_len < c->in_cap / 4 ? c->in_cap / 4 : c->in_cap;
}

int carry_in(struct conn *c, size_t max)
{
	uint8_t cipher[TLS_RECORD];
	ssize_t n;
	int rc;

	if (c->tls && c->in_len < max) {
		n = receive(c, cipher, sizeof cipher);
		if (n < 0)
			return (int)n;
		tls_feed(c->tls, span_of(cipher, (size_t)n));
		if (c->eof)
			tls_eof(c->tls);
		return c->shaking ? 0 : decrypt(c);
	}
	rc = c->tls ? 0 : room_for(c, max);
	if (rc <= 0)
		return rc;
	n = receive(c, c->in + c->in_len, c->in_cap - c->in_len);
	if (n < 0)
		return (int)n;
	c->in_len += (size_t)n;
	note_fill(c, max);
	return 0;
}
