/*
 * coding.c - content codings, where they help (RFC 9110 8.4, 12.5.3; gateway reference section 17).
 * What an answer is shows in its fields when it is started, so we stand between handler and transport from there
 * on.  A worker answers one request at a time: there is one such place.
 */
#include <stddef.h>
#include <stdio.h>
#include <strings.h>

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
	struct span tags;		/* the If-None-Match of the client */
	const struct field *theirs;	/* its fields; `fields` are shown instead */
	struct field fields[HTTP_FIELDS_MAX];
	struct buf plain;
} now;

static struct span reply_value(const struct reply *r, const char *name)
{
	const char *text = (const char *)r->fields.data, *nl;
	size_t at = 0, n = strlen(name), end;

	for (; at < r->fields.len; at = end) {
		nl = memchr(text + at, '\n', r->fields.len - at);
		end = nl ? (size_t)(nl - text) + 1 : r->fields.len;
		if (end - at > n + 4 && text[at + n] == ':' && !strncasecmp(text + at, name, n))
			return span_of(text + at + n + 2, end - at - n - 4);
	}
	return span_of(NULL, 0);
}

static int begins(struct span s, const char *with)
{
	size_t n = strlen(with);

	return s.len >= n && !strncasecmp((const char *)s.p, with, n);
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

/* would a 304 stand for an answer that is coded?  Its type is not known then: what the client has, tells */
static const char *suffix_of(struct span tag, const struct front *f)
{
	size_t i, n;

	for (i = 0; i < f->n_codings; i++) {
		n = strlen(f->coding[i]);
		if (tag.len > n + 2 && tag.p[tag.len - 1] == '"' && tag.p[tag.len - n - 2] == '-' &&
		    !memcmp(tag.p + tag.len - n - 1, f->coding[i], n))
			return f->coding[i];
	}
	return NULL;
}

static int set_tag(struct reply *r, const char *coding)
{
	struct span tag = reply_value(r, "etag");
	char text[512];
	int n;

	if (!tag.p || tag.len < 2 || tag.p[tag.len - 1] != '"')
		return 0;
	n = snprintf(text, sizeof text, "%.*s-%s\"", (int)tag.len - 1, (const char *)tag.p, coding);
	reply_drop(r, "etag");
	return n < 0 || (size_t)n >= sizeof text ? 0 : reply_field(r, "Etag", "%s", text);
}

static int under_put(struct sink *s, const struct piece *p)
{
	(void)s;
	return now.put(&now.r->sink, p);
}

static int coded_put(struct sink *s, const struct piece *p)
{
	(void)s;
	return now.r->head_only ? 0 : now.sink.sink.put(&now.sink.sink, p);
}

static int start(struct reply *r, uint64_t len)
{
	struct front *f = now.f;
	struct span accept = request_field(now.rq, "accept-encoding"), cc = request_field(now.rq, "cache-control");
	int pick = -1, rc = 0, can = eligible(f, r, len);
	const char *suffix;

	if (can)
		rc = reply_field(r, "Vary", "Accept-Encoding");
	if (can && accept.p && !request_field(now.rq, "range").p && !http_listed(cc, "no-transform"))
		pick = http_coding_pick(accept, f->coding, f->n_codings);
	if (r->status == 304 && now.tags.p) {
		suffix = suffix_of(now.tags, f);
		if (suffix)
			rc = set_tag(r, suffix);
		if (suffix && rc == 0)
			rc = reply_field(r, "Vary", "Accept-Encoding");
	}
	if (rc == 0 && pick >= 0)
		rc = coder_new(&now.coder, f->which[pick], f->level);
	if (rc < 0 || pick < 0)
		return rc < 0 ? rc : now.start(r, len);
	rc = reply_field(r, "Content-Encoding", "%s", f->coding[pick]);
	if (rc == 0)
		rc = set_tag(r, f->coding[pick]);
	reply_drop(r, "accept-ranges");
	reply_drop(r, "content-length");
	now.under.put = under_put;
	coder_sink_start(&now.sink, now.coder, &now.under);
	r->sink.put = coded_put;
	return rc < 0 ? rc : now.start(r, LEN_UNKNOWN);
}

/* The tags of coded answers are those of the plain one with a word behind them, and whoever answers knows only the
 * plain one. */
static int plain_tags(struct request *rq)
{
	struct span in, tag;
	const char *suffix;
	int rc = 0;
	size_t i;

	now.tags = span_of(NULL, 0);
	for (i = 0; i < rq->n_fields; i++)
		if (http_is(rq->field[i].name, "if-none-match"))
			break;
	if (i == rq->n_fields || !now.f->n_codings || rq->n_fields > HTTP_FIELDS_MAX)
		return 0;
	in = now.tags = rq->field[i].value;
	buf_reset(&now.plain);
	while (rc == 0 && in.len) {
		const uint8_t *comma = memchr(in.p, ',', in.len);
		size_t n = comma ? (size_t)(comma - in.p) : in.len, end;

		tag = span_of(in.p, n);
		for (end = n; end && in.p[end - 1] == ' '; end--)
			;
		tag.len = end;
		suffix = suffix_of(tag, now.f);
		rc = suffix ? buf_bytes(&now.plain, tag.p, tag.len - strlen(suffix) - 2) : buf_add(&now.plain, tag);
		if (rc == 0 && suffix)
			rc = buf_str(&now.plain, "\"");
		n += comma != NULL;
		in = span_of(in.p + n, in.len - n);
		if (rc == 0 && in.len)
			rc = buf_str(&now.plain, ",");
	}
	if (rc < 0)
		return rc;
	memcpy(now.fields, rq->field, rq->n_fields * sizeof *now.fields);
	now.fields[i].value = buf_span(&now.plain);
	rq->field = now.fields;
	return 0;
}

int coding_begin(struct front *f, struct request *rq, struct reply *r)
{
	struct buf plain = now.plain.max ? now.plain : (struct buf)BUF_INIT(64 * 1024);

	now = (struct place){ .f = f, .rq = rq, .r = r, .start = r->start, .put = r->sink.put,
			      .plain = plain, .theirs = rq->field };
	r->start = start;
	return plain_tags(rq);
}

int coding_end(struct reply *r, int rc)
{
	if (now.coder) {
		if (rc == 0 && !r->failed && !r->head_only)
			rc = coder_sink_end(&now.sink);
		else
			coder_sink_clear(&now.sink);
		coder_free(now.coder);
		now.coder = NULL;
	}
	now.rq->field = now.theirs;
	r->start = now.start;
	r->sink.put = now.put;
	return rc;
}
