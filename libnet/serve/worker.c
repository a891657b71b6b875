/* worker.c - one request after the other from a link, and the answers back */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "msg.h"
#include "worker.h"

enum {
	FILE_MIN = 16 * 1024,		/* bytes of an extent that is worth handing over a descriptor */
	BUNDLE = 60 * 1024		/* bytes that go together */
};

struct worker {
	struct request rq;		/* first: the handler's handle on us */
	struct reply reply;
	int fd;
	int gone;			/* the pump does not answer any more */
	struct buf room, body;		/* messages; bytes of the request's body not read yet */
	struct buf bundle;		/* messages that go together; not sent yet */
	size_t body_at;
	int wanted, body_over;
	/* files the pump has, by the numbers they have on the disk */
	struct { dev_t dev; ino_t ino; int used; } slot[LINK_SLOTS];
	unsigned next_slot;
	struct field fields[HTTP_FIELDS_MAX];	/* the last, and not zeroed: pages nobody touches are not copied */
};

static struct worker *of_reply(struct reply *r)
{
	return (struct worker *)(void *)((char *)r - offsetof(struct worker, reply));
}

static int send_now(struct worker *w, const struct link_msg *m)
{
	int rc;

	if (w->gone)
		return err_set(ERR_INTERRUPTED, "the client is gone");
	rc = link_send(w->fd, m);
	w->gone = rc < 0;
	return rc < 0 ? rc : 0;
}

static int flush(struct worker *w)
{
	struct link_msg m = { .type = LINK_BUNDLE, .fd = -1, .data = buf_span(&w->bundle) };
	int rc = w->bundle.len ? send_now(w, &m) : 0;

	buf_reset(&w->bundle);
	return rc;
}

/* Most answers are a head, some bytes and an end: one message instead of three wakes the pump once.  What needs an
 * answer, carries a descriptor or is large goes by itself. */
static int send_msg(struct worker *w, const struct link_msg *m)
{
	int alone = m->type == LINK_WANT || m->type == LINK_FILE || m->data.len > BUNDLE / 4, rc = 0;

	if (alone || w->bundle.len + m->data.len + 64 > BUNDLE)
		rc = flush(w);
	if (rc == 0)
		rc = alone ? send_now(w, m) : link_pack(&w->bundle, m);
	return rc == 0 && m->type == LINK_END ? flush(w) : rc;
}

/* ---- the body of the request ---- */

static ssize_t body_read(struct request *rq, void *p, size_t len)
{
	struct worker *w = (struct worker *)(void *)rq;
	struct link_msg m = { .type = LINK_WANT, .fd = -1 };
	size_t n;
	int rc;

	while (w->body_at == w->body.len && !w->body_over) {
		rc = w->wanted ? 0 : send_msg(w, &m);
		if (rc == 0)
			rc = link_recv(w->fd, &m, &w->body);
		w->wanted = 0;
		if (rc != 1) {
			w->gone = 1;
			return err_set(ERR_INTERRUPTED, "the client is gone");
		}
		if (m.type == LINK_BODY_END)
			w->body_over = 1;
		else if (m.type != LINK_BODY)
			return err_set(ERR_INVALID, "a message that is not of a body");
		w->body_at = m.type == LINK_BODY ? (size_t)(m.data.p - w->body.data) : 0;
		w->body.len = m.type == LINK_BODY ? w->body_at + m.data.len : 0;
		m = (struct link_msg){ .type = LINK_WANT, .fd = -1 };
	}
	n = w->body.len - w->body_at < len ? w->body.len - w->body_at : len;
	if (n)
		memcpy(p, w->body.data + w->body_at, n);
	w->body_at += n;
	return (ssize_t)n;
}

/* what went wrong is for body_read to say */
static int body_ready(struct request *rq, int timeout_ms)
{
	struct worker *w = (struct worker *)(void *)rq;
	struct link_msg m = { .type = LINK_WANT, .fd = -1 };
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	if (w->body_at < w->body.len || w->body_over)
		return 1;
	if (!w->wanted && send_msg(w, &m) < 0)
		return 1;
	w->wanted = 1;
	return poll(&p, 1, timeout_ms) > 0;
}

/* ---- the reply ---- */

static int start(struct reply *r, uint64_t len)
{
	struct link_msg m = { .type = LINK_HEAD, .status = r->status, .len = len, .fd = -1,
			      .data = buf_span(&r->fields) };

	return send_msg(of_reply(r), &m);
}

static int flush_reply(struct reply *r)
{
	return flush(of_reply(r));
}

static int send_bytes(struct worker *w, struct span s)
{
	struct link_msg m = { .type = LINK_BYTES, .fd = -1 };
	int rc = 0;

	while (rc == 0 && s.len) {
		m.data = span_of(s.p, s.len < LINK_DATA ? s.len : LINK_DATA);
		rc = send_msg(w, &m);
		s = span_of(s.p + m.data.len, s.len - m.data.len);
	}
	return rc;
}

/* the slot the pump knows this file by, after handing it over if it does not know it */
static int slot_of(struct worker *w, int fd, unsigned *slot)
{
	struct link_msg m = { .type = LINK_FILE, .fd = fd };
	struct stat sb;
	unsigned i;
	int rc;

	if (fstat(fd, &sb) < 0)
		return err_sys("looking at a file to send");
	for (i = 0; i < LINK_SLOTS; i++)
		if (w->slot[i].used && w->slot[i].dev == sb.st_dev && w->slot[i].ino == sb.st_ino) {
			*slot = i;
			return 0;
		}
	i = w->next_slot;
	w->next_slot = (w->next_slot + 1) % LINK_SLOTS;
	m.slot = *slot = i;
	rc = send_msg(w, &m);
	w->slot[i].used = rc == 0;
	w->slot[i].dev = sb.st_dev;
	w->slot[i].ino = sb.st_ino;
	return rc;
}

static int send_small(struct worker *w, const struct piece *p)
{
	uint8_t bytes[FILE_MIN];
	ssize_t n = pread(p->fd, bytes, (size_t)p->len, (off_t)p->off);

	if (n < 0)
		return err_sys("reading what is to be sent");
	if ((uint64_t)n < p->len)
		return err_set(ERR_CORRUPT, "a file ends before what is to be sent of it");
	return send_bytes(w, span_of(bytes, (size_t)n));
}

static int put(struct sink *s, const struct piece *p)
{
	struct worker *w = of_reply((struct reply *)(void *)((char *)s - offsetof(struct reply, sink)));
	struct link_msg m = { .type = LINK_EXTENT, .fd = -1, .off = p->off, .len = p->len };
	int rc;

	if (w->reply.head_only)
		return 0;
	if (p->fd < 0)
		return send_bytes(w, p->bytes);
	if (p->len < FILE_MIN)
		return send_small(w, p);
	rc = slot_of(w, p->fd, &m.slot);
	return rc < 0 ? rc : send_msg(w, &m);
}

/* ---- requests ---- */

/* what is left of the body is not read: the pump sees to that */
static int finish(struct worker *w)
{
	struct link_msg m = { .type = LINK_END, .fd = -1,
			      .status = (w->reply.failed ? 0 : LINK_WHOLE) | (w->reply.ends ? LINK_LAST : 0),
			      .data = buf_span(&w->reply.trailers) };

	return send_msg(w, &m);
}

static int one(struct worker *w, const struct link_msg *m, const struct serve_opts *o)
{
	size_t head = m->data.len - (size_t)m->len;
	int rc = msg_request_read(span_of(m->data.p, head), &w->rq, w->fields);

	buf_reset(&w->body);
	if (rc == 0)
		rc = buf_bytes(&w->body, m->data.p + head, (size_t)m->len);
	if (rc < 0)
		return rc;
	w->rq.read = body_read;
	w->rq.ready = body_ready;
	w->reply.status = w->reply.head_only = w->reply.failed = w->reply.ends = 0;
	w->reply.may_end = o->may_end;
	w->reply.sink.put = put;
	w->reply.start = start;
	w->reply.flush = flush_reply;
	buf_reset(&w->reply.fields);
	buf_reset(&w->reply.trailers);
	buf_reset(&w->bundle);
	w->body_at = 0;
	w->wanted = 0;
	w->body_over = w->rq.body_len == 0 || m->len > 0;
	rc = o->answer(&w->rq, &w->reply, o->ctx);
	return rc < 0 ? rc : finish(w);
}

int worker_run(int fd, const struct serve_opts *o)
{
	struct worker *w = malloc(sizeof *w);
	struct link_msg m;
	int rc = w ? 0 : err_nomem();

	if (w)
		memset(w, 0, offsetof(struct worker, fields));
	if (rc == 0 && o->begin)
		rc = o->begin(o->ctx);
	if (rc < 0)
		return 1;
	w->fd = fd;
	w->room = BUF_INIT(LINK_MAX + 1);
	w->bundle = BUF_INIT(2 * BUNDLE);
	w->body = BUF_INIT(LINK_MAX + 1);
	w->reply.fields = BUF_INIT(REPLY_FIELDS_MAX);
	w->reply.trailers = BUF_INIT(REPLY_FIELDS_MAX);
	do {
		rc = link_recv(fd, &m, &w->room);
		if (rc == 1 && m.type == LINK_REQUEST)
			rc = one(w, &m, o);
		else if (rc == 1 && (m.type == LINK_BODY || m.type == LINK_BODY_END))
			rc = 0;			/* the rest of a body nobody read */
		else if (rc == 1)
			rc = ERR_INVALID;
	} while (rc >= 0 && o->pool);
	if (o->end)
		o->end(o->ctx);
	buf_clear(&w->room);
	buf_clear(&w->bundle);
	buf_clear(&w->body);
	buf_clear(&w->reply.fields);
	buf_clear(&w->reply.trailers);
	free(w);
	return rc < 0 && rc != ERR_INTERRUPTED;
}
