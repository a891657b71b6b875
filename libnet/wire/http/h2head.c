/*
 * h2head.c - the head of an HTTP/2 request: collected, checked, and shown as one of HTTP/1.
 * nghttp2 checks most of it, some versions more than others; what a request may be is decided here.
 * Spec: RFC 9113 8.2, 8.3.
 */
#include "base/err.h"
#include "base/rd.h"
#include "h2_priv.h"

static int is(struct span s, const char *text)
{
	return span_equal(s, span_str(text));
}

/* RFC 9113 8.2: lower case, and no colon but the first of a pseudo-header field */
static int is_name(struct span name)
{
	size_t i;

	for (i = 0; i < name.len; i++)
		if (name.p[i] >= 'A' && name.p[i] <= 'Z')
			return 0;
	return http_is_token(name);
}

/* RFC 9113 8.2.1: no blanks around it either */
static int is_plain_value(struct span value)
{
	return http_is_value(value) && http_trim(value).len == value.len;
}

/* RFC 9113 8.2.2 */
static int about_connection(struct span name, struct span value)
{
	static const char *const names[] = {
		"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", NULL
	};
	const char *const *n;

	for (n = names; *n; n++)
		if (is(name, *n))
			return 1;
	return is(name, "te") && !http_is(value, "trailers");
}

/* the first reason counts */
static void refuse(struct h2_stream *s, int status, const char *why)
{
	if (!s->status) {
		s->status = status;
		s->why = why;
	}
}

/* ---- while it comes ---- */

static int keep(struct h2_stream *s, struct span name, struct span value)
{
	int rc = buf_reserve(&s->block, 8 + name.len + value.len);

	if (rc < 0)
		return rc;
	buf_le32(&s->block, (uint32_t)name.len);	/* there is room: none of these can fail */
	buf_le32(&s->block, (uint32_t)value.len);
	buf_add(&s->block, name);
	buf_add(&s->block, value);
	return 0;
}

int h2_head_line(struct h2_stream *s, struct span name, struct span value)
{
	int pseudo = name.len && name.p[0] == ':';

	s->head_bytes += name.len + value.len + 4;	/* as it would be long in HTTP/1 */
	if (pseudo ? s->pseudo_over : !is_name(name) || about_connection(name, value))
		s->malformed = 1;
	s->pseudo_over |= !pseudo;
	if (!is_plain_value(value))
		s->malformed = 1;
	if (s->malformed)
		return -1;
	if (is(name, ":path") && value.len > s->h->limits->line)
		refuse(s, 414, "the path is too long");
	s->n_fields += !pseudo;
	if (s->head_bytes > s->h->limits->head || s->n_fields > HTTP_FIELDS_MAX)
		s->too_long = 1;
	if (!s->too_long && keep(s, name, value) < 0)
		s->too_long = 1;
	return 0;
}

int h2_trailer_line(struct h2_stream *s, struct span name, struct span value)
{
	s->trailer_bytes += name.len + value.len + 4;
	return is_name(name) && is_plain_value(value) && !about_connection(name, value) &&
	       s->trailer_bytes <= s->h->limits->head ? 0 : -1;
}

/* ---- when it is whole ---- */

/* RFC 9113 8.2.3: cookies may come in pieces; they are one field for everybody else */
static int join_cookies(struct h2_stream *s)
{
	struct rd r = rd_from(buf_span(&s->block));
	struct buf joined = BUF_INIT(s->h->limits->head + 2 * HTTP_FIELDS_MAX);
	struct buf rest = BUF_INIT(s->block.max);
	struct h2_stream to = { .block = rest };
	int rc = 0, n = 0;

	while (rc == 0 && r.left) {
		uint32_t name_len = rd_le32(&r), value_len = rd_le32(&r);
		struct span name = rd_bytes(&r, name_len), value = rd_bytes(&r, value_len);

		if (!is(name, "cookie"))
			rc = keep(&to, name, value);
		else if ((rc = n++ ? buf_str(&joined, "; ") : 0) == 0)
			rc = buf_add(&joined, value);
	}
	if (rc == 0)
		rc = keep(&to, span_str("cookie"), buf_span(&joined));
	if (rc == 0 && n > 1) {
		struct buf old = s->block;

		s->block = to.block;
		to.block = old;
		s->n_fields -= (size_t)n - 1;
	}
	buf_clear(&to.block);
	buf_clear(&joined);
	return rc;
}

/* what of it has to be looked at together */
struct parts {
	struct span method, scheme, authority, path, host, length;
	int n_host, n_length, n_cookie, twice, unknown, expects, other_expect;
};

static void once(struct parts *p, struct span *at, struct span value)
{
	p->twice |= at->p != NULL;
	*at = value.p ? value : span_of("", 0);
}

static void take_part(struct parts *p, struct span name, struct span value)
{
	if (is(name, ":method"))
		once(p, &p->method, value);
	else if (is(name, ":scheme"))
		once(p, &p->scheme, value);
	else if (is(name, ":authority"))
		once(p, &p->authority, value);
	else if (is(name, ":path"))
		once(p, &p->path, value);
	else if (name.p[0] == ':')
		p->unknown = 1;
	else if (is(name, "host"))
		once(p, &p->host, value);
	else if (is(name, "content-length"))
		once(p, &p->length, value);
	else if (is(name, "cookie"))
		p->n_cookie++;
	else if (is(name, "expect")) {
		p->expects = 1;
		p->other_expect |= !http_is(value, "100-continue");
	}
}

static struct parts parts_of(struct h2_stream *s)
{
	struct rd r = rd_from(buf_span(&s->block));
	struct parts p = { 0 };

	while (r.left) {
		uint32_t name_len = rd_le32(&r), value_len = rd_le32(&r);
		struct span name = rd_bytes(&r, name_len), value = rd_bytes(&r, value_len);

		take_part(&p, name, value);
	}
	return p;
}

/* 0: good; -1: it is no number */
static int length_of(struct span text, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return -1;
		/* beyond all measure is beyond any limit */
		v = v > (UINT64_MAX - 10) / 10 ? UINT64_MAX - 1 : v * 10 + (uint64_t)(text.p[i] - '0');
	}
	*out = v;
	return text.len ? 0 : -1;
}

/* names of hosts know no case */
static int same_host(struct span a, struct span b)
{
	size_t i;

	if (a.len != b.len)
		return 0;
	for (i = 0; i < a.len; i++)
		if (http_lower(a.p[i]) != http_lower(b.p[i]))
			return 0;
	return 1;
}

/* RFC 9113 8.3.1, as strict as http1_target and http1_fields */
static void check_target(struct h2_stream *s, const struct parts *p)
{
	struct span host = p->authority.p ? p->authority : p->host;
	int asterisk = is(p->path, "*") && is(p->method, "OPTIONS");

	if (!p->scheme.p && is(p->method, "CONNECT")) {
		if (!http_is_authority(p->authority, 1))
			refuse(s, 400, "CONNECT needs a host and a port");
		return;
	}
	if (!http_is(p->scheme, "http") && !http_is(p->scheme, "https"))
		refuse(s, 400, "the scheme is not http or https");
	if (!asterisk && (p->path.len == 0 || p->path.p[0] != '/' || !http_is_target(p->path)))
		refuse(s, 400, "the path does not begin with a slash, or has a byte that may not stand there");
	if (p->method.len + p->path.len + sizeof "  HTTP/1.1" - 1 > s->h->limits->line)
		refuse(s, 414, "the path is too long");
	if (!http_is_authority(host, 0))
		refuse(s, 400, "no host, or one that is no authority");
	if (p->authority.p && p->host.p && !same_host(p->authority, p->host))
		refuse(s, 400, "two hosts");
}

static void check_body(struct h2_stream *s, const struct parts *p)
{
	s->length = s->has_body ? HTTP_LEN_UNKNOWN : 0;
	if (p->length.p && s->has_body)
		length_of(p->length, &s->length);
	if (s->length != HTTP_LEN_UNKNOWN && s->length > s->h->limits->body)
		refuse(s, 413, "the body is too large");
	if (p->other_expect)
		refuse(s, 417, "an expectation other than 100-continue");
	s->expects = p->expects && s->has_body;
}

int h2_head_check(struct h2_stream *s)
{
	struct parts p = parts_of(s);
	uint64_t length;
	int connect = is(p.method, "CONNECT");

	if (s->malformed || p.twice || p.unknown || !http_is_token(p.method) ||
	    (p.length.p && length_of(p.length, &length) < 0))
		return ERR_INVALID;
	if (p.length.p && length > 0 && !s->has_body)
		return ERR_INVALID;
	if (!s->too_long && (connect ? p.scheme.p || p.path.p || !p.authority.p : !p.scheme.p || !p.path.p))
		return ERR_INVALID;
	s->is_head = is(p.method, "HEAD");
	if (s->too_long)
		refuse(s, 431, "the head is too long");
	check_target(s, &p);
	check_body(s, &p);
	return p.n_cookie > 1 ? join_cookies(s) : 0;
}

/* ---- and told ---- */

static void split_target(struct http_head *d)
{
	const uint8_t *mark = d->target.len ? memchr(d->target.p, '?', d->target.len) : NULL;

	d->path = mark ? span_of(d->target.p, (size_t)(mark - d->target.p)) : d->target;
	d->query = mark ? span_of(mark + 1, d->target.len - d->path.len - 1) : span_of(NULL, 0);
	d->form = is(d->target, "*") ? HTTP_ASTERISK : HTTP_ORIGIN;
}

void h2_head_show(struct h2_stream *s)
{
	struct rd r = rd_from(buf_span(&s->block));
	struct http_head *d = s->h->head;
	struct parts p = { 0 };

	d->n_fields = 0;
	while (r.left && d->n_fields < HTTP_FIELDS_MAX) {
		uint32_t name_len = rd_le32(&r), value_len = rd_le32(&r);
		struct span name = rd_bytes(&r, name_len), value = rd_bytes(&r, value_len);

		take_part(&p, name, value);
		if (name.p[0] != ':')
			d->field[d->n_fields++] = (struct http_field){ name, value };
	}
	d->method = p.method;
	d->minor = 1;
	d->tls = http_is(p.scheme, "https");
	d->host = p.authority.p ? p.authority : p.host;
	d->target = p.path;
	split_target(d);
	if (is(p.method, "CONNECT")) {
		d->form = HTTP_AUTHORITY;
		d->target = d->host;
		d->path = d->query = span_of(NULL, 0);
	}
}
