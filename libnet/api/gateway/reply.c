/* reply.c - what every answer needs: failures, redirects, validators, dispositions */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "api/body/body.h"
#include "base/err.h"
#include "gateway_priv.h"

enum {
	NAME_MAX_BYTES = 255,		/* of a file in Content-Disposition */
	RETRY_SECONDS = 30
};

static void drop(struct reply *r, const char *const *names)
{
	for (; *names; names++)
		reply_drop(r, *names);
}

/* What described the answer that is not given: an immutable error would poison caches. */
static void drop_body_fields(struct reply *r)
{
	static const char *const names[] = {
		"content-type", "content-length", "content-encoding", "content-disposition", "content-location",
		"content-range", "etag", "last-modified", "cache-control", "accept-ranges",
		"x-content-type-options", NULL
	};

	drop(r, names);
}

/* Text of the client's in ASCII, so that nothing of it does anything. */
static int put_plain(struct buf *out, struct span text)
{
	uint32_t r;
	int rc = 0;

	while (rc == 0 && text.len) {
		int good = gw_rune(&text, &r);

		if (!good)
			rc = buf_printf(out, "\\x%02x", r);
		else if (r >= 0x20 && r < 0x7f)
			rc = buf_u8(out, r);
		else
			rc = r > 0xffff ? buf_printf(out, "\\U%08x", r) : buf_printf(out, "\\u%04x", r);
	}
	return rc;
}

static int put_text(struct gw_ask *a, int status, struct span text)
{
	struct buf plain = BUF_INIT(16 * GW_PATH_MAX), body = BUF_INIT(1 << 20);
	const char *type = "text/plain; charset=utf-8";
	int rc = put_plain(&plain, text);

	if (rc == 0 && a->html) {
		type = "text/html";
		rc = gw_error_html(a, status, plain.data ? (char *)plain.data : "", &body);
	} else if (rc == 0) {
		rc = buf_add(&body, buf_span(&plain));
		if (rc == 0)
			rc = buf_u8(&body, '\n');
	}
	if (rc == 0)
		rc = reply_field(a->r, "x-content-type-options", "nosniff");
	if (rc == 0)
		rc = reply_whole(a->r, status, type, buf_span(&body));
	buf_clear(&plain);
	buf_clear(&body);
	return rc < 0 ? rc : 1;
}

static int fail(struct gw_ask *a, int status, const char *name, const char *value, struct span text)
{
	int rc = 0;

	if (a->r->status) {		/* the client shall see that it is not whole */
		a->r->failed = 1;
		return 1;
	}
	drop_body_fields(a->r);
	if (name)
		rc = reply_field(a->r, name, "%s", value);
	if (rc == 0 && status == 429)
		rc = reply_field(a->r, "cache-control", "no-store");
	if (rc == 0 && (status == 429 || (status >= 502 && status <= 504)))
		rc = reply_field(a->r, "retry-after", "%d", RETRY_SECONDS);
	return rc < 0 ? rc : put_text(a, status, text);
}

__attribute__((format(printf, 5, 0)))
static int vfail(struct gw_ask *a, int status, const char *name, const char *value, const char *fmt, va_list ap)
{
	char *text;
	int rc = vasprintf(&text, fmt, ap);

	if (rc < 0)
		return err_nomem();
	rc = fail(a, status, name, value, span_str(text));
	free(text);
	return rc;
}

int gw_fail(struct gw_ask *a, int status, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vfail(a, status, NULL, NULL, fmt, ap);
	va_end(ap);
	return rc;
}

int gw_fail_with(struct gw_ask *a, int status, const char *name, const char *value, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vfail(a, status, name, value, fmt, ap);
	va_end(ap);
	return rc;
}

/* Until a path was resolved what is malformed is the request; then it is a block, and that is our fault. */
static int status_of(const struct gw_ask *a, int rc)
{
	switch (rc) {
	case ERR_INVALID:
		return a->now.len ? 500 : 400;
	case ERR_NOTFOUND: case ERR_USAGE: case ERR_UNSUPPORTED: case ERR_BUSY: case ERR_TIMEOUT:
	case ERR_NOMEM:
		return err_http(rc);
	default:
		return 500;
	}
}

int gw_fail_rc(struct gw_ask *a, int rc)
{
	return rc == ERR_INTERRUPTED ? rc : gw_fail(a, status_of(a, rc), "%s", err_text());
}

int gw_redirect(struct gw_ask *a, int status, struct span location)
{
	int rc;

	drop_body_fields(a->r);
	reply_drop(a->r, "x-ipfs-path");
	reply_drop(a->r, "x-ipfs-roots");
	rc = reply_field(a->r, "location", "%.*s", (int)location.len, (const char *)location.p);
	if (rc == ERR_INVALID)
		return gw_fail(a, 400, "the target of the redirect is no URL");
	if (rc == 0)
		rc = reply_start(a->r, status, 0);
	return rc < 0 ? rc : 1;
}

/* ---- validators ---- */

int gw_cache_control(struct gw_ask *a, enum gw_cache cache)
{
	static const char stale[] = ", stale-while-revalidate=2678400";
	int64_t ttl = a->ttl < INT32_MAX ? a->ttl : INT32_MAX;

	if (cache == GW_CACHE_NONE || (a->mutable_path && ttl < 0))
		return 0;
	if (a->mutable_path)
		return reply_field(a->r, "cache-control", "public, max-age=%" PRId64 "%s", ttl,
				   cache == GW_CACHE_LISTING ? stale : "");
	return cache == GW_CACHE_FILE
		? reply_field(a->r, "cache-control", "public, max-age=29030400, immutable")
		: reply_field(a->r, "cache-control", "public, max-age=604800%s", stale);
}

static int conditions(struct gw_ask *a, const char *etag, int has_mtime, int64_t mtime)
{
	int rc = body_conditions(a->rq, a->r, etag, has_mtime, mtime);

	if (rc == 412)
		return gw_fail(a, 412, "the condition of the request does not hold");
	return rc == 304 ? 1 : rc;
}

int gw_validators(struct gw_ask *a, const char *etag, int has_mtime, int64_t mtime, enum gw_cache cache)
{
	char date[HTTP_DATE_LEN + 1];
	int rc = reply_field(a->r, "etag", "%s", etag);

	if (rc == 0 && has_mtime) {
		http_date(mtime, date);
		rc = reply_field(a->r, "last-modified", "%s", date);
	}
	if (rc == 0)
		rc = gw_cache_control(a, cache);
	return rc < 0 ? rc : conditions(a, etag, has_mtime, mtime);
}

static int no_range(struct gw_ask *a, uint64_t size)
{
	char range[64];

	snprintf(range, sizeof range, "bytes */%" PRIu64, size);
	return gw_fail_with(a, 416, "content-range", range, "none of the ranges lies in %s bytes", range + 8);
}

int gw_body(struct gw_ask *a, const char *type, uint64_t size,
	    int (*cat)(void *arg, uint64_t off, uint64_t len, struct sink *out), void *arg)
{
	int rc = body_send(a->rq, a->r, type, size, cat, arg);

	if (rc == BODY_NO_RANGE)
		return no_range(a, size);
	/* after the head an error of what is read can only be shown by a body that is too short */
	return rc < 0 ? gw_fail_rc(a, rc) : 1;
}

/* ---- Content-Disposition (RFC 6266, reference 15) ---- */

static int put_name(struct buf *out, struct span name, int ascii)
{
	static const char stay[] = "-_.~$&+=:@";
	uint32_t r;
	int rc = 0;

	while (rc == 0 && name.len) {
		const uint8_t *from = name.p;
		int good = gw_rune(&name, &r);

		if (ascii && (!good || r >= 0x80))
			rc = buf_u8(out, '_');
		else if (good && r && r < 0x80 && strchr(stay, (int)r))
			rc = buf_u8(out, r);
		else if (r == ',' || r == '/' || r == ';')	/* stay in a path, not here */
			rc = buf_printf(out, "%%%02X", r);
		else
			rc = gw_escape(out, span_of(from, (size_t)(name.p - from)));
	}
	return rc;
}

/* not in the middle of a character */
static struct span cut(struct span s)
{
	if (s.len <= NAME_MAX_BYTES)
		return s;
	s.len = NAME_MAX_BYTES;
	while (s.len && (s.p[s.len] & 0xc0) == 0x80)
		s.len--;
	return s;
}

static int put_disposition(struct gw_ask *a, const char *word, struct span name)
{
	struct buf v = BUF_INIT(8 * GW_TEXT_MAX);
	int rc = buf_printf(&v, "%s; filename=\"", word);

	name = cut(name);
	if (rc == 0)
		rc = put_name(&v, name, 1);
	if (rc == 0)
		rc = buf_str(&v, "\"; filename*=UTF-8''");
	if (rc == 0)
		rc = put_name(&v, name, 0);
	if (rc == 0)
		rc = reply_field(a->r, "content-disposition", "%s", (char *)v.data);
	buf_clear(&v);
	return rc;
}

int gw_disposition(struct gw_ask *a, const char *word, struct span name)
{
	struct buf arg = BUF_INIT(GW_PATH_MAX), cid = BUF_INIT(CID_TEXT_MAX);
	int down, rc = 0;

	down = gw_arg(a, "download", &arg) && span_equal(buf_span(&arg), span_str("true"));
	if (gw_arg(a, "filename", &arg) && arg.len)
		name = buf_span(&arg);
	else if (!word && !down)
		goto out;
	if (!name.len) {
		rc = cid_format(&a->cid, NULL, &cid);
		name = buf_span(&cid);
	}
	if (rc == 0)
		rc = put_disposition(a, down ? "attachment" : word ? word : "inline", name);
out:
	buf_clear(&arg);
	buf_clear(&cid);
	return rc;
}

int gw_arg(struct gw_ask *a, const char *name, struct buf *out)
{
	struct span rest = a->rq->query, key, value;
	struct buf plain = BUF_INIT(64);	/* our names are short: one that does not fit is none of them */
	int found = 0;

	buf_reset(out);
	while (!found && http_query_next(&rest, &key, &value)) {
		buf_reset(&plain);
		if (http_unescape(key, 1, &plain) < 0 || !span_equal(buf_span(&plain), span_str(name)))
			continue;
		found = !value.p || http_unescape(value, 1, out) == 0;
	}
	buf_clear(&plain);
	return found;
}
