/* answer.c - heads of answers and the frames of their bodies (RFC 9112 4, 6, 7.1) */
#include <inttypes.h>

#include "base/err.h"
#include "http_priv.h"
#include "answer.h"

int http_line(struct buf *out, const char *name, struct span value)
{
	size_t n = strlen(name);
	int rc;

	if (!http_is_token(span_of(name, n)))
		return err_set(ERR_INVALID, "a field name that is not a token");
	if (!http_is_value(value) || http_trim(value).len != value.len)
		return err_set(ERR_INVALID, "field '%s': a byte that may not stand there", name);
	rc = buf_reserve(out, n + 2 + value.len + 2);
	if (rc < 0)
		return rc;
	buf_bytes(out, name, n);		/* there is room: none of these can fail */
	buf_str(out, ": ");
	buf_add(out, value);
	buf_str(out, "\r\n");
	return 0;
}

static int listed(struct span name, const char *const *names)
{
	for (; *names; names++)
		if (http_is(name, *names))
			return 1;
	return 0;
}

/* is it one that those who write lines may not write? */
static int reserved(struct span name, enum http_lines kind)
{
	static const char *const framing[] = {
		"connection", "content-length", "date", "keep-alive", "proxy-connection", "te",
		"transfer-encoding", NULL
	};
	/* of the RFC's: framing, routing, modifiers, authentication, controls, how to read the content */
	static const char *const before_body[] = {
		"age", "authorization", "cache-control", "content-encoding", "content-range", "content-type",
		"expires", "host", "location", "proxy-authenticate", "retry-after", "set-cookie", "trailer",
		"vary", "www-authenticate", NULL
	};

	return listed(name, framing) || (kind != HTTP_LINES_UPGRADE && http_is(name, "upgrade")) ||
	       (kind == HTTP_LINES_TRAILER && listed(name, before_body));
}

int http_lines_ok(struct span s, enum http_lines kind)
{
	const uint8_t *nl, *colon;
	struct span name, value;

	while (s.len) {
		nl = memchr(s.p, '\n', s.len);
		colon = nl ? memchr(s.p, ':', (size_t)(nl - s.p)) : NULL;
		/* ": " and CR are in front of the LF */
		if (!colon || nl - colon < 3 || colon[1] != ' ' || nl[-1] != '\r')
			return 0;
		name = span_of(s.p, (size_t)(colon - s.p));
		value = span_of(colon + 2, (size_t)(nl - colon - 3));
		if (!http_is_token(name) || !http_is_value(value) || reserved(name, kind))
			return 0;
		s = span_of(nl + 1, s.len - (size_t)(nl + 1 - s.p));
	}
	return 1;
}

/* RFC 9112 6.3, 9110 8.6: which of the ways to tell where the body ends; the line that says so */
static int framing(struct buf *out, struct http1_answer *a, int status, uint64_t len)
{
	a->chunked = a->has_body = 0;
	a->left = 0;
	if (status < 200 || status == 204 || status == 304)
		return 0;
	if (status == 205)			/* RFC 9110 15.3.6 */
		len = 0;
	if (len != HTTP_LEN_UNKNOWN) {
		a->has_body = len > 0 && !a->head_only;
		a->left = a->has_body ? len : 0;
		return buf_printf(out, "content-length: %" PRIu64 "\r\n", len);
	}
	if (a->head_only)
		return 0;
	a->has_body = 1;
	a->left = len;
	if (a->minor == 0) {
		a->keep_alive = 0;
		return 0;
	}
	a->chunked = 1;
	return buf_str(out, "transfer-encoding: chunked\r\n");
}

static int connection(struct buf *out, const struct http1_answer *a, int status)
{
	if (status == 101)
		return buf_str(out, "connection: upgrade\r\n");
	if (status < 200)
		return 0;
	if (!a->keep_alive)
		return buf_str(out, "connection: close\r\n");
	return a->minor == 0 ? buf_str(out, "connection: keep-alive\r\n") : 0;
}

int http1_answer(struct buf *out, struct http1_answer *a, int status, const char *reason, const char *date,
		 struct span lines, uint64_t len)
{
	size_t before = out->len;
	int rc;

	if (status < 100 || status > 999)
		return err_set(ERR_INVALID, "%d is no status", status);
	if (!http_is_value(span_str(reason ? reason : "")) || !http_is_value(span_str(date ? date : "")) ||
	    !http_lines_ok(lines, status == 101 ? HTTP_LINES_UPGRADE : HTTP_LINES_HEAD))
		return err_set(ERR_INVALID, "the head of the answer has bytes or fields that may not stand in it");
	rc = buf_printf(out, "HTTP/1.1 %d %s\r\n", status, reason ? reason : "");
	if (rc == 0 && date)
		rc = buf_printf(out, "date: %s\r\n", date);
	if (rc == 0)
		rc = buf_add(out, lines);
	if (rc == 0)
		rc = framing(out, a, status, len);
	if (rc == 0)
		rc = connection(out, a, status);
	if (rc == 0)
		rc = buf_str(out, "\r\n");
	if (rc < 0 && out->data) {
		out->len = before;
		out->data[before] = 0;
	}
	return rc;
}

int http1_answer_begin(struct buf *out, struct http1_answer *a, uint64_t len)
{
	int rc = 0;

	if (!a->has_body || len > a->left)
		return err_set(ERR_INVALID, "more bytes of body than the head of the answer said");
	if (len == 0)				/* it would be the last chunk */
		return err_set(ERR_INVALID, "a piece of body without bytes");
	if (a->chunked)
		rc = buf_printf(out, "%" PRIx64 "\r\n", len);
	if (rc == 0 && a->left != HTTP_LEN_UNKNOWN)
		a->left -= len;
	return rc;
}

int http1_answer_behind(struct buf *out, const struct http1_answer *a)
{
	return a->chunked ? buf_str(out, "\r\n") : 0;
}

int http1_answer_end(struct buf *out, struct http1_answer *a, struct span trailers)
{
	int rc;

	if (a->left != 0 && a->left != HTTP_LEN_UNKNOWN)
		return err_set(ERR_INVALID, "%" PRIu64 " bytes of body are missing", a->left);
	if (!http_lines_ok(trailers, HTTP_LINES_TRAILER))
		return err_set(ERR_INVALID, "trailers with bytes or fields that may not stand in them");
	if (a->chunked) {
		rc = buf_reserve(out, 3 + trailers.len + 2);
		if (rc < 0)
			return rc;
		buf_str(out, "0\r\n");		/* there is room: none of these can fail */
		buf_add(out, trailers);
		buf_str(out, "\r\n");
	}
	a->has_body = a->chunked = 0;
	a->left = 0;
	return 0;
}
