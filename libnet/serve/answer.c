/*
 * answer.c - what a worker says, as HTTP/1 for its client.
 * Nothing is believed: fields are looked at, lengths are counted, and an answer that is not whole ends in
 * a way that shows.  Spec: RFC 9112 6, 7, 9.
 */
#include <unistd.h>

#include "base/err.h"
#include "pump_priv.h"

static int head_out(struct pump *p, struct conn *c, const struct link_msg *m)
{
	int status = m->status, old = c->minor == 0, rc;

	c->started = 1;
	c->status = status;
	c->no_body |= status == 204 || status == 304;
	c->left = m->len;
	rc = conn_say(c, "HTTP/1.1 %d %s\r\ndate: %s\r\n", status, reply_reason(status), pump_date(p));
	if (rc == 0)
		rc = buf_add(&c->out, m->data);
	if (rc == 0)
		rc = conn_say(c, "x-request-id: %s\r\n", c->id);
	if (rc == 0 && status != 204 && status != 304 && m->len != LEN_UNKNOWN)
		rc = conn_say(c, "content-length: %llu\r\n", (unsigned long long)m->len);
	if (rc == 0 && !c->no_body && m->len == LEN_UNKNOWN) {
		c->chunked = !old;
		c->close_after |= old;
		rc = old ? 0 : conn_say(c, "transfer-encoding: chunked\r\n");
	}
	if (rc == 0 && c->close_after)
		rc = conn_say(c, "connection: close\r\n");
	else if (rc == 0 && old)
		rc = conn_say(c, "connection: keep-alive\r\n");
	return rc < 0 ? rc : conn_say(c, "\r\n");
}

/* `len` bytes of body are about to be sent: may they? */
static int body_out(struct conn *c, uint64_t len)
{
	if (!c->started || c->no_body)
		return ERR_INVALID;
	if (c->chunked)
		return conn_say(c, "%llx\r\n", (unsigned long long)len);
	if (c->left == LEN_UNKNOWN)
		return 0;
	if (len > c->left)
		return ERR_INVALID;		/* more than it said */
	c->left -= len;
	return 0;
}

static int end_out(struct conn *c, const struct link_msg *m)
{
	int whole = m->status && c->started &&
		    (c->no_body || c->chunked || c->left == LEN_UNKNOWN || c->left == 0);

	if (!whole)
		return ERR_INVALID;
	c->over = 1;
	if (!c->chunked || c->no_body)
		return 0;
	if (conn_say(c, "0\r\n") < 0 || buf_add(&c->out, m->data) < 0)
		return ERR_LIMIT;
	return conn_say(c, "\r\n");
}

void conn_message(struct pump *p, struct conn *c, struct link_msg *m)
{
	struct worker_end *w = c->worker;
	int rc = ERR_INVALID;

	switch (m->type) {
	case LINK_WANT:
		conn_wants_body(p, c);
		return;
	case LINK_HEAD:
		if (!c->started && msg_head_check(m->data))
			rc = head_out(p, c, m);
		break;
	case LINK_BYTES:
		rc = body_out(c, m->data.len);
		if (rc == 0)
			rc = buf_add(&c->out, m->data);
		if (rc == 0 && c->chunked)
			rc = conn_say(c, "\r\n");
		break;
	case LINK_FILE:
		if (w->files[m->slot] >= 0)
			close(w->files[m->slot]);
		w->files[m->slot] = m->fd;
		m->fd = -1;
		return;
	case LINK_EXTENT:
		if (w->files[m->slot] < 0 || c->file >= 0)
			break;
		rc = body_out(c, m->len);
		c->file = w->files[m->slot];
		c->file_off = m->off;
		c->file_len = m->len;
		break;
	case LINK_END:
		if (msg_head_check(m->data))
			rc = end_out(c, m);
		break;
	default:
		break;
	}
	if (rc < 0 && !c->started)
		conn_worker_died(p, c);
	else if (rc < 0)
		conn_abort(p, c);
	else
		conn_go_on(p, c);
}

/* a chunk that is a file needs its end behind it */
int conn_end_chunk(struct conn *c, int was_file)
{
	return was_file && c->file < 0 && c->chunked ? conn_say(c, "\r\n") : 0;
}

void conn_worker_died(struct pump *p, struct conn *c)
{
	struct worker_end *w = c->worker;

	c->worker = NULL;
	if (w) {
		w->conn = NULL;
		pump_worker_done(p, w, 0);
	}
	if (c->started) {
		conn_abort(p, c);
		return;
	}
	conn_fail(p, c, 500, "the process that was to answer died");
}
