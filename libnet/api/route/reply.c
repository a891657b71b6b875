/* reply.c - fields that cannot be forged, and answers for errors */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/json.h"
#include "route.h"

const char *reply_reason(int status)
{
	static const struct { int status; const char *reason; } known[] = {
		{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" }, { 204, "No Content" },
		{ 206, "Partial Content" }, { 301, "Moved Permanently" }, { 302, "Found" },
		{ 303, "See Other" }, { 304, "Not Modified" }, { 307, "Temporary Redirect" },
		{ 308, "Permanent Redirect" }, { 400, "Bad Request" }, { 401, "Unauthorized" },
		{ 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" }, { 408, "Request Timeout" }, { 409, "Conflict" },
		{ 410, "Gone" }, { 411, "Length Required" }, { 412, "Precondition Failed" },
		{ 413, "Content Too Large" }, { 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" }, { 416, "Range Not Satisfiable" },
		{ 417, "Expectation Failed" }, { 421, "Misdirected Request" },
		{ 422, "Unprocessable Content" }, { 426, "Upgrade Required" },
		{ 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" },
		{ 451, "Unavailable For Legal Reasons" }, { 499, "Client Closed Request" },
		{ 500, "Internal Server Error" }, { 501, "Not Implemented" }, { 502, "Bad Gateway" },
		{ 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" }, { 507, "Insufficient Storage" },
	};
	size_t i;

	for (i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].status == status)
			return known[i].reason;
	return "Unknown";
}

/* RFC 9110 5.5: visible bytes, blanks and bytes from 0x80 on; a CR or LF would begin a field of its own */
static int fit_for_value(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
			return 0;
	return 1;
}

__attribute__((format(printf, 3, 0)))
static int add(struct buf *b, const char *name, const char *fmt, va_list ap)
{
	char room[256], *value = room;
	size_t was = b->len;
	va_list again;
	int n, rc = 0;

	va_copy(again, ap);
	n = vsnprintf(room, sizeof room, fmt, ap);
	if (n < 0 || ((size_t)n >= sizeof room && vasprintf(&value, fmt, again) < 0))
		rc = err_nomem();
	va_end(again);
	if (rc < 0)
		return rc;
	if (!fit_for_value(value))
		rc = err_set(ERR_INVALID, "a byte that may not stand in a header field ('%s')", name);
	if (rc == 0)
		rc = buf_str(b, name);
	if (rc == 0)
		rc = buf_str(b, ": ");
	if (rc == 0)
		rc = buf_str(b, value);
	if (rc == 0)
		rc = buf_str(b, "\r\n");
	if (value != room)
		free(value);
	if (rc < 0 && b->data) {
		b->len = was;
		b->data[was] = 0;
	}
	return rc;
}

int reply_field(struct reply *r, const char *name, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = add(&r->fields, name, fmt, ap);
	va_end(ap);
	return rc;
}

int reply_trailer(struct reply *r, const char *name, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = add(&r->trailers, name, fmt, ap);
	va_end(ap);
	return rc;
}

/* the line of that name from *at on, and *end of it, behind its CR LF: 1 or 0 */
static int find_line(const struct buf *fields, const char *name, size_t *at, size_t *end)
{
	const char *text = (const char *)fields->data, *nl;
	size_t len = strlen(name);

	for (; *at < fields->len; *at = *end) {
		nl = memchr(text + *at, '\n', fields->len - *at);
		*end = nl ? (size_t)(nl - text) + 1 : fields->len;
		if (*end - *at > len && text[*at + len] == ':' && strncasecmp(text + *at, name, len) == 0)
			return 1;
	}
	return 0;
}

struct span reply_value(const struct reply *r, const char *name)
{
	size_t at = 0, end, before = strlen(name) + 2;

	if (!find_line(&r->fields, name, &at, &end) || end - at <= before + 2)
		return span_of(NULL, 0);
	return span_of(r->fields.data + at + before, end - at - before - 2);
}

void reply_drop(struct reply *r, const char *name)
{
	size_t at = 0, end;

	while (find_line(&r->fields, name, &at, &end)) {
		memmove(r->fields.data + at, r->fields.data + end, r->fields.len - end);
		r->fields.len -= end - at;
		r->fields.data[r->fields.len] = 0;
	}
}

int reply_start(struct reply *r, int status, uint64_t len)
{
	r->status = status;
	return r->start(r, len);
}

int reply_flush(struct reply *r)
{
	return r->status && r->flush ? r->flush(r) : 0;
}

int reply_whole(struct reply *r, int status, const char *type, struct span body)
{
	int rc = type ? reply_field(r, "content-type", "%s", type) : 0;

	if (rc == 0)
		rc = reply_start(r, status, body.len);
	return rc < 0 || r->head_only ? rc : sink_bytes(&r->sink, body);
}

/* what described the answer that is not given, and would be cached with the error */
static void drop_body_fields(struct reply *r)
{
	static const char *const names[] = {
		"content-type", "content-length", "content-encoding", "content-range", "content-disposition",
		"content-location", "etag", "last-modified", "cache-control", "accept-ranges"
	};
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		reply_drop(r, names[i]);
}

int reply_status(const struct request *rq, struct reply *r, int status, const char *text)
{
	struct buf body = BUF_INIT(64 * 1024);
	int rc;

	if (r->status) {
		r->failed = 1;
		return 0;
	}
	drop_body_fields(r);
	rc = buf_str(&body, "{\"error\":{");
	if (rc == 0)
		rc = json_num(&body, "code", (uint64_t)status);
	if (rc == 0)
		rc = json_field(&body, "status", span_str(reply_reason(status)));
	if (rc == 0)
		rc = json_field(&body, "message", span_str(text));
	if (rc == 0 && rq->id.len)
		rc = json_field(&body, "request_id", rq->id);
	if (rc == 0)
		rc = buf_str(&body, "}}\n");
	if (rc == 0)
		rc = reply_field(r, "x-content-type-options", "nosniff");
	if (rc == 0)
		rc = reply_whole(r, status, "application/json", buf_span(&body));
	buf_clear(&body);
	return rc;
}

int reply_error(const struct request *rq, struct reply *r, int code)
{
	return reply_status(rq, r, err_http(code), err_text());
}
