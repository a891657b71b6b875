/* msg.c - heads of requests and replies, to and from bytes */
#include "base/err.h"
#include "base/rd.h"
#include "msg.h"

static int put(struct buf *out, struct span s)
{
	int rc = buf_le32(out, (uint32_t)s.len);

	return rc < 0 ? rc : buf_add(out, s);
}

static struct span get(struct rd *r)
{
	return rd_bytes(r, rd_le32(r));
}

int msg_request(struct buf *out, const struct http_head *d, uint64_t body_len, const struct msg_peer *peer)
{
	int rc = buf_u8(out, (unsigned)(peer->local | (peer->tls || d->tls) << 1 | (d->query.p != NULL) << 2));
	size_t i;

	if (rc == 0)
		rc = buf_le64(out, body_len);
	if (rc == 0)
		rc = put(out, d->method);
	if (rc == 0)
		rc = put(out, d->path);
	if (rc == 0)
		rc = put(out, d->query);
	if (rc == 0)
		rc = put(out, d->host);
	if (rc == 0)
		rc = put(out, span_str(peer->text));
	if (rc == 0)
		rc = put(out, peer->id);
	if (rc == 0)
		rc = buf_le32(out, (uint32_t)d->n_fields);
	for (i = 0; rc == 0 && i < d->n_fields; i++) {
		rc = put(out, d->field[i].name);
		if (rc == 0)
			rc = put(out, d->field[i].value);
	}
	return rc;
}

int msg_request_read(struct span in, struct request *rq, struct field *fields)
{
	struct rd r = rd_from(in);
	unsigned flags = rd_u8(&r);
	size_t i, n;

	*rq = (struct request){ .local = flags & 1, .tls = flags >> 1 & 1, .field = fields };
	rq->body_len = rd_le64(&r);
	rq->method = get(&r);
	rq->path = get(&r);
	rq->query = get(&r);
	if (!(flags & 4))
		rq->query = span_of(NULL, 0);
	rq->host = get(&r);
	rq->peer = get(&r);
	rq->id = get(&r);
	n = rd_le32(&r);
	for (i = 0; rd_ok(&r) && i < n && i < HTTP_FIELDS_MAX; i++) {
		fields[i].name = get(&r);
		fields[i].value = get(&r);
	}
	rq->n_fields = i;
	return rd_done(&r) && i == n ? 0 : err_set(ERR_INVALID, "a request that is none of ours");
}
