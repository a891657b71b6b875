/* rules1.c - targets, and what the fields of a head say together */
#include "http_priv.h"

static int bad(struct http1 *h, int status, const char *why)
{
	http1_bad(h, status, why);
	return -1;
}

/* ---- the target (RFC 9112 3.2) ---- */

/* RFC 3986 3.2 without userinfo: a name or address, and perhaps a port */
int http_is_authority(struct span s, int port_due)
{
	size_t i = 0, digits = 0;

	if (s.len && s.p[0] == '[') {
		for (i = 1; i < s.len && s.p[i] != ']'; i++)
			if (!((s.p[i] >= '0' && s.p[i] <= '9') || (http_lower(s.p[i]) >= 'a' && http_lower(s.p[i]) <= 'f') ||
			      s.p[i] == ':' || s.p[i] == '.'))
				return 0;
		if (i < 3 || i++ >= s.len)
			return 0;
	} else {
		for (; i < s.len && s.p[i] != ':'; i++)
			if (!((s.p[i] >= '0' && s.p[i] <= '9') || (http_lower(s.p[i]) >= 'a' && http_lower(s.p[i]) <= 'z') ||
			      s.p[i] == '-' || s.p[i] == '.' || s.p[i] == '_' || s.p[i] == '~' || s.p[i] == '%'))
				return 0;
		if (i == 0)
			return 0;
	}
	if (i == s.len)
		return !port_due;
	if (s.p[i++] != ':')
		return 0;
	for (; i < s.len; i++, digits++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
	return digits <= 5 && (digits > 0 || !port_due);
}

static void split_query(struct http_head *head, struct span path)
{
	const uint8_t *mark = path.len ? memchr(path.p, '?', path.len) : NULL;

	head->path = mark ? span_of(path.p, (size_t)(mark - path.p)) : path;
	head->query = mark ? span_of(mark + 1, path.len - head->path.len - 1) : span_of(NULL, 0);
	if (head->path.len == 0)
		head->path = span_str("/");
}

static int absolute(struct http1 *h, struct span rest)
{
	size_t n = 0;

	while (n < rest.len && rest.p[n] != '/' && rest.p[n] != '?')
		n++;
	h->head->form = HTTP_ABSOLUTE;
	h->head->host = span_of(rest.p, n);
	if (!http_is_authority(h->head->host, 0))
		return bad(h, 400, "the target has no valid authority");
	split_query(h->head, span_of(rest.p + n, rest.len - n));
	return 0;
}

static int begins(struct span s, const char *lower)
{
	size_t n = strlen(lower);

	return s.len >= n && http_is(span_of(s.p, n), lower);
}

int http1_target(struct http1 *h)
{
	struct http_head *head = h->head;
	struct span t = head->target;

	head->tls = 0;
	head->host = head->query = span_of(NULL, 0);
	if (span_equal(head->method, span_str("CONNECT"))) {
		head->form = HTTP_AUTHORITY;
		head->host = t;
		head->path = span_of(NULL, 0);
		return http_is_authority(t, 1) ? 0 : bad(h, 400, "CONNECT needs a host and a port");
	}
	if (t.p[0] == '/') {
		head->form = HTTP_ORIGIN;
		split_query(head, t);
		return 0;
	}
	if (t.len == 1 && t.p[0] == '*' && span_equal(head->method, span_str("OPTIONS"))) {
		head->form = HTTP_ASTERISK;
		head->path = t;
		return 0;
	}
	if (begins(t, "http://"))
		return absolute(h, span_of(t.p + 7, t.len - 7));
	if (begins(t, "https://")) {
		head->tls = 1;
		return absolute(h, span_of(t.p + 8, t.len - 8));
	}
	return bad(h, 400, "the target is in none of the four forms");
}

/* ---- the fields together ---- */

static int host(struct http1 *h, struct span value, int *n)
{
	if ((*n)++)
		return bad(h, 400, "more than one Host");
	/* RFC 9112 3.2: empty when the target has no authority */
	if (value.len && !http_is_authority(value, 0))
		return bad(h, 400, "a Host that is no authority");
	if (h->head->form != HTTP_ABSOLUTE && h->head->form != HTTP_AUTHORITY)
		h->head->host = value;
	return 0;
}

static int content_length(struct http1 *h, struct span value, int *n)
{
	uint64_t v = 0;
	size_t i;

	if ((*n)++)
		return bad(h, 400, "more than one Content-Length");
	if (value.len == 0)
		return bad(h, 400, "an empty Content-Length");
	for (i = 0; i < value.len; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return bad(h, 400, "a Content-Length that is no number");
		if (v > (UINT64_MAX - 9) / 10)
			return bad(h, 413, "a Content-Length beyond all measure");
		v = v * 10 + (uint64_t)(value.p[i] - '0');
	}
	if (v > h->limits->body)
		return bad(h, 413, "the body is too large");
	h->length = v;
	return 0;
}

static int transfer_encoding(struct http1 *h, struct span value, int *n)
{
	if ((*n)++)
		return bad(h, 400, "more than one Transfer-Encoding");
	if (h->head->minor == 0)
		return bad(h, 400, "a Transfer-Encoding in HTTP/1.0");	/* RFC 9112 6.1 */
	if (!http_is(value, "chunked"))
		return bad(h, 501, "a transfer coding other than chunked");
	h->chunked = 1;
	return 0;
}

static int connection(struct http1 *h, struct span value, int *close, int *keep, int *upgrade)
{
	struct span word, rest = value;

	while (http_list_next(&rest, &word)) {
		if (!http_is_token(word))
			return bad(h, 400, "a Connection option that is not a token");
		*close |= http_is(word, "close");
		*keep |= http_is(word, "keep-alive");
		*upgrade |= http_is(word, "upgrade");
	}
	return 0;
}

int http1_fields(struct http1 *h)
{
	int n_host = 0, n_length = 0, n_coding = 0, close = 0, keep = 0, upgrade = 0, rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < h->head->n_fields; i++) {
		struct span name = h->head->field[i].name, value = h->head->field[i].value;

		if (span_equal(name, span_str("host")))
			rc = host(h, value, &n_host);
		else if (span_equal(name, span_str("content-length")))
			rc = content_length(h, value, &n_length);
		else if (span_equal(name, span_str("transfer-encoding")))
			rc = transfer_encoding(h, value, &n_coding);
		else if (span_equal(name, span_str("connection")))
			rc = connection(h, value, &close, &keep, &upgrade);
		else if (span_equal(name, span_str("upgrade")) && !h->upgrade.p)
			h->upgrade = value;
		else if (span_equal(name, span_str("expect")) && h->head->minor > 0) {
			if (!http_is(value, "100-continue"))
				rc = bad(h, 417, "an expectation other than 100-continue");
			h->expects = 1;
		}
	}
	if (rc < 0)
		return rc;
	if (h->head->minor > 0 && !n_host)
		return bad(h, 400, "no Host");			/* RFC 9112 3.2 */
	if (n_length && n_coding)
		return bad(h, 400, "both Content-Length and Transfer-Encoding");
	if (!upgrade || h->head->minor == 0)			/* RFC 9110 7.8: not without both, nor in 1.0 */
		h->upgrade = span_of(NULL, 0);
	h->has_body = h->chunked || h->length > 0;
	h->expects = h->expects && h->has_body;
	h->keep_alive = !close && (h->head->minor > 0 || keep);
	return 0;
}
