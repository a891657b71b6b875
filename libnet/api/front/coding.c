/*
 * coding.c - content codings, where they help (RFC 9110 8.4, 12.5.3; gateway reference section 17).
 * What an answer is shows in its fields when it is started, so we stand between handler and transport from there
 * on.  A worker answers one request at a time: there is one such place.
 */
#include <stdio.h>

#include "base/err.h"
#include "front_priv.h"

static struct place {
	struct front *f;
	struct request *rq;
	int (*start)(struct reply *r, uint64_t len);
	int (*put)(struct sink *s, const struct piece *p);
	struct sink under;
	struct reply *r;
	struct coder *coder;
	struct coder_sink sink;
} now;

static int begins(struct span s, const char *with)
{
	size_t n = strlen(with);

	return s.len >= n && http_is(span_of(s.p, n), with);
}

/* types that codings make smaller; the rest is packed already, or is checked byte by byte by whoever asks */
static int helps(struct span type)
{
	static const char *const types[] = {
		"text/", "application/json", "application/xml", "application/javascript", "application/manifest+json",
		"application/vnd.ipld.dag-json", "application/wasm", "application/xhtml+xml", "application/rss+xml",
		"application/atom+xml", "application/x-ndjson", "application/ld+json", "image/svg+xml",
		"image/x-icon", "image/bmp", "font/ttf", "font/otf"
	};
	size_t i;

	if (begins(type, "text/event-stream"))
		return 0;
	for (i = 0; i < sizeof types / sizeof *types; i++)
		if (begins(type, types[i]))
			return 1;
	return 0;
}

/* could this answer be coded, whoever asks for it? */
static int eligible(const struct front *f, const struct reply *r, uint64_t len)
{
	return f->n_codings && (r->status == 200 || r->status >= 400) && (len == LEN_UNKNOWN || len >= f->coding_min) &&
	       helps(reply_value(r, "content-type")) && !reply_value(r, "content-encoding").p &&
	       !http_listed(reply_value(r, "cache-control"), "no-transform");
}

/* RFC 9110 15.3.7, 15.4.5: 206 and 304 have the Vary that 200 would have.  Of a 304, and of several ranges, the type
 * is not known here. */
static int varies(const struct front *f, const struct reply *r)
{
	struct span type = reply_value(r, "content-type");

	return f->n_codings && (r->status == 304 || (r->status == 206 && (helps(type) || begins(type, "multipart/"))));
}

/* whoever answered may have said so already */
static int vary(struct reply *r)
{
	const char *text = (const char *)r->fields.data, *nl;
	size_t at, n;

	for (at = 0; at < r->fields.len; at += n) {
		nl = memchr(text + at, '\n', r->fields.len - at);
		n = nl ? (size_t)(nl - text) + 1 - at : r->fields.len - at;
		if (n > 7 && http_is(span_of(text + at, 5), "vary:") &&
		    http_listed(span_of(text + at + 5, n - 7), "accept-encoding"))
			return 0;
	}
	return reply_field(r, "vary", "Accept-Encoding");
}

/* which coding the client likes best, -1: none; of all lines of its fields */
static int wants(struct front *f, struct request *rq)
{
	struct buf accept = BUF_INIT(1 << 20), cc = BUF_INIT(1 << 20);
	int pick = -1, rc;

	if (request_field(rq, "range").p)
		return -1;
	rc = request_list(rq, "cache-control", &cc);
	if (rc >= 0 && !http_listed(buf_span(&cc), "no-transform") &&
	    request_list(rq, "accept-encoding", &accept) == 1 && accept.len)
		pick = http_coding_pick(buf_span(&accept), f->coding, f->n_codings);
	buf_clear(&accept);
	buf_clear(&cc);
	return pick;
}

/* to the transport, counted */
static int plain_put(struct sink *s, const struct piece *p)
{
	if (p->len && !now.r->head_only)
		metric_observe(now.f, METRIC_CHUNKS, "operation=\"download\"", (double)p->len);
	return now.put(s, p);
}

static int under_put(struct sink *s, const struct piece *p)
{
	(void)s;
	return plain_put(&now.r->sink, p);
}

static int coded_put(struct sink *s, const struct piece *p)
{
	(void)s;
	return now.r->head_only ? 0 : now.sink.sink.put(&now.sink.sink, p);
}

static int start(struct reply *r, uint64_t len)
{
	struct front *f = now.f;
	int can = eligible(f, r, len), pick = can ? wants(f, now.rq) : -1, rc = 0;
	const char *theirs = r->status == 304 ? tag_listed(f, r) : NULL;

	if (can || varies(f, r))
		rc = vary(r);
	if (rc == 0 && theirs)
		rc = tag_set(r, theirs);
	if (rc == 0 && pick >= 0)
		rc = coder_new(&now.coder, f->which[pick], f->level);
	if (rc < 0 || pick < 0)
		return rc < 0 ? rc : now.start(r, len);
	rc = reply_field(r, "content-encoding", "%s", f->coding[pick]);
	if (rc == 0)
		rc = tag_set(r, f->coding[pick]);
	reply_drop(r, "accept-ranges");
	reply_drop(r, "content-length");
	now.under.put = under_put;
	coder_sink_start(&now.sink, now.coder, &now.under);
	r->sink.put = coded_put;
	return rc < 0 ? rc : now.start(r, LEN_UNKNOWN);
}

int coding_begin(struct front *f, struct request *rq, struct reply *r)
{
	now = (struct place){ .f = f, .rq = rq, .r = r, .start = r->start, .put = r->sink.put };
	r->start = start;
	r->sink.put = plain_put;
	return tags_begin(f, rq);
}

int coding_end(struct reply *r, int rc)
{
	if (now.coder && rc == 0 && !r->failed && !r->head_only)
		rc = coder_sink_end(&now.sink);
	coder_sink_clear(&now.sink);
	coder_free(now.coder);
	now.coder = NULL;
	tags_end(now.rq);
	r->start = now.start;
	r->sink.put = now.put;
	return rc;
}
