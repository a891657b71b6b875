/* ranges.c - a body, or the parts of it that were asked for (RFC 9110 14) */
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include "base/err.h"
#include "body.h"
#include "wire/http/field.h"
#include "wire/http/multipart.h"

enum { RANGES_MAX = 16, BOUNDARY_BYTES = 12 };

struct body {
	const struct request *rq;
	struct reply *r;
	const char *type;
	uint64_t size;
	int (*cat)(void *arg, uint64_t off, uint64_t len, struct sink *out);
	void *arg;
};

/* the ranges to answer with: how many; 0: the whole body; -1: none can be satisfied */
static int wanted(const struct body *b, struct http_range r[HTTP_RANGES_MAX])
{
	int64_t now = (int64_t)time(NULL);
	struct span range = request_field(b->rq, "range"), modified = reply_value(b->r, "last-modified");
	struct http_conditions c = { .if_range = request_field(b->rq, "if-range") };
	struct http_validators v = { .exists = 1, .etag = reply_value(b->r, "etag") };
	int n;

	if (b->r->head_only || !range.p)	/* RFC 9110 14.2: only of GET */
		return 0;
	v.has_modified = modified.p && http_date_parse(modified, now, &v.modified);
	if (!http_if_range(&c, &v, now))
		return 0;
	n = http_ranges(range, b->size, r);
	return n > RANGES_MAX ? 0 : n;
}

static int begin(const struct body *b, int status, const char *type, uint64_t len)
{
	int rc = type ? reply_field(b->r, "content-type", "%s", type) : 0;

	return rc < 0 ? rc : reply_start(b->r, status, len);
}

static int put(const struct body *b, uint64_t off, uint64_t len)
{
	return len ? b->cat(b->arg, off, len, &b->r->sink) : 0;
}

static int put_one(const struct body *b, const struct http_range *r)
{
	int rc = reply_field(b->r, "content-range", "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, r->off,
			     r->off + r->len - 1, b->size);

	if (rc == 0)
		rc = begin(b, 206, b->type, r->len);
	return rc < 0 ? rc : put(b, r->off, r->len);
}

static int boundary(char out[2 * BOUNDARY_BYTES + 1])
{
	uint8_t raw[BOUNDARY_BYTES];
	size_t i;

	if (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw)
		return err_sys("random bytes");
	for (i = 0; i < sizeof raw; i++)
		sprintf(out + 2 * i, "%02x", raw[i]);
	return 0;
}

static int put_several(const struct body *b, const struct http_range *r, int n)
{
	struct buf head = BUF_INIT(4096);
	struct span type = b->type ? span_str(b->type) : span_of("", 0), mark;
	char text[2 * BOUNDARY_BYTES + 1], multi[96];
	uint64_t len;
	int i, rc = boundary(text);

	mark = span_of(text, sizeof text - 1);
	snprintf(multi, sizeof multi, "multipart/byteranges; boundary=%.*s", (int)mark.len, text);
	if (rc == 0)
		rc = byteranges_len(mark, type, r, (size_t)n, b->size, &len);
	if (rc == 0)
		rc = begin(b, 206, multi, len);
	for (i = 0; rc == 0 && i < n; i++) {
		buf_reset(&head);
		rc = byteranges_head(&head, i == 0, mark, type, &r[i], b->size);
		if (rc == 0)
			rc = sink_bytes(&b->r->sink, buf_span(&head));
		if (rc == 0)
			rc = put(b, r[i].off, r[i].len);
	}
	buf_reset(&head);
	if (rc == 0)
		rc = byteranges_end(&head, mark);
	if (rc == 0)
		rc = sink_bytes(&b->r->sink, buf_span(&head));
	buf_clear(&head);
	return rc;
}

int body_send(const struct request *rq, struct reply *r, const char *type, uint64_t size,
	      int (*cat)(void *arg, uint64_t off, uint64_t len, struct sink *out), void *arg)
{
	struct body b = { rq, r, type, size, cat, arg };
	struct http_range part[HTTP_RANGES_MAX];
	int n, rc;

	n = wanted(&b, part);
	if (n < 0)
		return BODY_NO_RANGE;
	rc = reply_field(r, "accept-ranges", "bytes");
	if (rc == 0 && n == 1)
		rc = put_one(&b, part);
	else if (rc == 0 && n > 1)
		rc = put_several(&b, part, n);
	else if (rc == 0 && (rc = begin(&b, 200, type, size)) == 0 && !r->head_only)
		rc = put(&b, 0, size);
	return rc < 0 ? rc : BODY_SENT;
}
