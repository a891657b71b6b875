/* head1.c - the head of an HTTP/1 request, from request line to empty line */
#include "http_priv.h"

const struct http_limits http_limits_default = { 8 * 1024, 32 * 1024, UINT64_MAX };

void http1_start(struct http1 *h, const struct http_limits *limits, struct http_head *head)
{
	h->limits = limits;
	h->head = head;
	http1_next(h);
}

void http1_next(struct http1 *h)
{
	h->chunked = h->has_body = h->expects = 0;
	h->keep_alive = 1;
	h->length = h->left = h->total = 0;
	h->upgrade = span_of(NULL, 0);
	h->extra = h->seen = 0;
	h->digits = 0;
	h->status = 0;
	h->why = NULL;
	h->state = ON_HEAD;
}

enum http1_event http1_bad(struct http1 *h, int status, const char *why)
{
	h->status = status;
	h->why = why;
	h->keep_alive = 0;
	h->state = ON_BAD;
	return HTTP1_BAD;
}

static int bad(struct http1 *h, int status, const char *why)
{
	http1_bad(h, status, why);
	return -1;
}

/* ---- lines ---- */

/* The line at p[*at], without its end; *at is then behind it.  Only CRLF ends a line, and CR stands
 * nowhere else (RFC 9112 2.2).  The head is known to be whole. */
static int take_line(struct http1 *h, uint8_t *p, size_t len, size_t *at, struct span *line)
{
	const uint8_t *nl = memchr(p + *at, '\n', len - *at);
	size_t n = (size_t)(nl - (p + *at));

	if (n == 0 || p[*at + n - 1] != '\r')
		return bad(h, 400, "a line that does not end in CRLF");
	*line = span_of(p + *at, n - 1);
	*at += n + 1;
	return 0;
}

/* ---- the request line ---- */

static int version(struct http1 *h, struct span v)
{
	if (v.len != 8 || memcmp(v.p, "HTTP/", 5) != 0 || v.p[5] < '0' || v.p[5] > '9' || v.p[6] != '.' ||
	    v.p[7] < '0' || v.p[7] > '9')
		return bad(h, 400, "the request line does not end in a version");
	if (v.p[5] != '1')
		return bad(h, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
	h->head->minor = v.p[7] != '0';		/* RFC 9110 2.5: a higher minor is the highest known */
	return 0;
}

static int request_line(struct http1 *h, struct span line)
{
	const uint8_t *one, *two;

	if (line.len > h->limits->line)
		return bad(h, 414, "the request line is too long");
	one = memchr(line.p, ' ', line.len);
	two = memrchr(line.p, ' ', line.len);
	if (!one || one == two)
		return bad(h, 400, "the request line is not method, target and version");
	h->head->method = span_of(line.p, (size_t)(one - line.p));
	h->head->target = span_of(one + 1, (size_t)(two - one - 1));
	if (!http_is_token(h->head->method))
		return bad(h, 400, "the method is not a token");
	if (h->head->target.len == 0)
		return bad(h, 400, "the target is empty");
	if (!http_is_target(h->head->target))
		return bad(h, 400, "a byte in the target that may not stand there");
	if (version(h, span_of(two + 1, line.len - (size_t)(two + 1 - line.p))) < 0)
		return -1;
	return http1_target(h);
}

/* ---- fields ---- */

static int field_line(struct http1 *h, uint8_t *base, struct span line)
{
	uint8_t *name = base + (line.p - base);
	struct http_field *f;
	size_t n;

	if (line.p[0] == ' ' || line.p[0] == '\t')
		return bad(h, 400, "a field that goes on in the next line");	/* RFC 9112 5.2 */
	for (n = 0; n < line.len && (http_chars[line.p[n]] & HTTP_TOKEN); n++)
		name[n] = http_lower(line.p[n]);
	if (n == line.len)
		return bad(h, 400, "a field without a colon");
	if (n == 0 || line.p[n] != ':')			/* RFC 9112 5.1: no blank before the colon either */
		return bad(h, 400, "a field name that is not a token");
	if (h->head->n_fields == HTTP_FIELDS_MAX)
		return bad(h, 431, "too many fields");
	f = &h->head->field[h->head->n_fields++];
	f->name = span_of(name, n);
	f->value = http_trim(span_of(line.p + n + 1, line.len - n - 1));
	return http_is_value(f->value) ? 0 : bad(h, 400, "a byte in a field that may not stand there");
}

/* ---- the head ---- */

/* Where the head ends: behind the first empty line.  0: not yet. */
static size_t find_end(struct http1 *h, const uint8_t *p, size_t len)
{
	size_t i = h->seen > 3 ? h->seen - 3 : 0;
	const uint8_t *nl;

	for (; i < len && (nl = memchr(p + i, '\n', len - i)); i = (size_t)(nl - p) + 1) {
		size_t at = (size_t)(nl - p) + 1;

		/* a bare LF would end lines for some: such a head is whole, and will be refused */
		if (at < len && p[at] == '\n')
			return at + 1;
		if (at + 1 < len && p[at] == '\r' && p[at + 1] == '\n')
			return at + 2;
	}
	h->seen = len;
	return 0;
}

/* RFC 9112 2.2: an empty line before the request line is passed over, for clients of old */
static size_t skip_empty(const uint8_t *p, size_t len)
{
	size_t n = 0;

	while (n < 4 && n + 1 < len && p[n] == '\r' && p[n + 1] == '\n')
		n += 2;
	return n;
}

/* What can be said before all of it is there. */
static enum http1_event too_long(struct http1 *h, const uint8_t *p, size_t len)
{
	if (len > h->limits->line && !memchr(p, '\n', h->limits->line + 2 < len ? h->limits->line + 2 : len))
		return http1_bad(h, 414, "the request line is too long");
	if (len > h->limits->head)
		return http1_bad(h, 431, "the head is too long");
	/* bytes that no request begins with need not be waited for: another protocol */
	if (len > 0 && *p != '\r' && !(http_chars[*p] & HTTP_TOKEN))
		return http1_bad(h, 400, "this is not HTTP");
	return HTTP1_MORE;
}

enum http1_event http1_head(struct http1 *h, uint8_t *p, size_t len, size_t *used)
{
	size_t skip = skip_empty(p, len), end, at = 0;
	struct span line;

	*used = 0;
	if (h->state != ON_HEAD)
		return HTTP1_BAD;
	p += skip;
	len -= skip;
	if (h->seen > len)
		h->seen = 0;
	end = find_end(h, p, len);
	if (!end)
		return too_long(h, p, len);
	if (end > h->limits->head)
		return http1_bad(h, 431, "the head is too long");
	h->head->n_fields = 0;
	if (take_line(h, p, end, &at, &line) < 0 || request_line(h, line) < 0)
		return HTTP1_BAD;
	for (;;) {
		if (take_line(h, p, end, &at, &line) < 0)
			return HTTP1_BAD;
		if (line.len == 0)
			break;
		if (field_line(h, p, line) < 0)
			return HTTP1_BAD;
	}
	if (http1_fields(h) < 0)
		return HTTP1_BAD;
	*used = skip + at;
	h->state = h->chunked ? ON_SIZE : h->length ? ON_BODY : ON_END;
	h->left = h->length;
	return HTTP1_HEAD;
}
