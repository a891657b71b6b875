/* param.c - words with parameters, alone and in lists (RFC 9110 5.6.6, 8.3.1, 12.4.2) */
#include "base/err.h"
#include "http_priv.h"
#include "field.h"

static struct span from(struct span s, size_t n)
{
	return n ? span_of(s.p + n, s.len - n) : s;	/* s.p may be NULL */
}

static size_t blanks(struct span s)
{
	size_t n = 0;

	while (n < s.len && (s.p[n] == ' ' || s.p[n] == '\t'))
		n++;
	return n;
}

static size_t token(struct span s)
{
	size_t n = 0;

	while (n < s.len && (http_chars[s.p[n]] & HTTP_TOKEN))
		n++;
	return n;
}

/* A quoted string at the front: its bytes with both quotes; 0: none, or it has no end. */
static size_t quoted(struct span s)
{
	size_t i;

	if (!s.len || s.p[0] != '"')
		return 0;
	for (i = 1; i < s.len && s.p[i] != '"'; i++) {
		if (s.p[i] == '\\')
			i++;
		if (i >= s.len || !(http_chars[s.p[i]] & HTTP_VALUE))
			return 0;
	}
	return i < s.len ? i + 1 : 0;
}

int http_param_next(struct span *rest, struct span *name, struct span *value)
{
	struct span s = *rest;
	size_t n;

	for (;;) {			/* parameters = *( OWS ";" OWS [ parameter ] ) */
		s = from(s, blanks(s));
		if (!s.len) {
			*rest = s;
			return 0;
		}
		if (s.p[0] != ';')
			break;
		s = from(s, 1);
	}
	n = token(s);
	*name = span_of(s.p, n);
	if (!n || n == s.len || s.p[n] != '=')
		return -1;
	s = from(s, n + 1);
	n = quoted(s);
	*value = n ? span_of(s.p + 1, n - 2) : span_of(s.p, n = token(s));
	s = from(s, n);
	*rest = s = from(s, blanks(s));
	return !n || (s.len && s.p[0] != ';') ? -1 : 1;
}

int http_unquote(struct span value, struct buf *out)
{
	size_t i, n = 0;
	int rc = buf_reserve(out, value.len);

	if (rc < 0)
		return rc;
	for (i = 0; i < value.len; i++) {
		if (value.p[i] == '\\' && i + 1 < value.len)
			i++;
		out->data[out->len + n++] = value.p[i];
	}
	if (n)
		return out->len += n, out->data[out->len] = 0, 0;
	return 0;
}

int http_param(struct span params, const char *lower, struct span *value)
{
	struct span name;

	while (http_param_next(&params, &name, value) > 0)
		if (http_is(name, lower))
			return 1;
	*value = span_of(NULL, 0);
	return 0;
}

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ), in thousandths; -1: none */
static int weight(struct span s)
{
	int q, unit = 100;
	size_t i;

	if (!s.len || s.len > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.len > 1 && s.p[1] != '.'))
		return -1;
	q = (s.p[0] - '0') * 1000;
	for (i = 2; i < s.len; i++, unit /= 10) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		q += (s.p[i] - '0') * unit;
	}
	return q > 1000 ? -1 : q;
}

int http_media_parse(struct span value, struct http_media *m)
{
	struct span s = http_trim(value), rest, name, v;
	size_t n = token(s);
	int more;

	if (!n)
		return 0;
	if (n < s.len && s.p[n] == '/') {
		size_t sub = token(from(s, n + 1));

		if (!sub)
			return 0;
		n += 1 + sub;
	}
	m->type = span_of(s.p, n);
	m->q = 1000;
	s = from(s, n);
	s = from(s, blanks(s));
	if (s.len && s.p[0] != ';')
		return 0;
	m->params = rest = s.len ? from(s, 1) : s;
	while ((more = http_param_next(&rest, &name, &v)) > 0)
		if (http_is(name, "q") && (m->q = weight(v)) < 0)
			return 0;
	return more == 0;
}

/* the bytes up to a comma that stands in no quotes; a quote without end takes all, so that nobody can have
 * us look for that end again and again */
static size_t element(struct span s)
{
	size_t i, n;

	for (i = 0; i < s.len && s.p[i] != ','; i += n) {
		n = s.p[i] == '"' ? quoted(from(s, i)) : 1;
		if (!n)
			return s.len;
	}
	return i;
}

int http_media_next(struct span *rest, struct http_media *m)
{
	while (rest->len) {
		size_t n = element(*rest);
		struct span one = span_of(rest->p, n);

		*rest = from(*rest, n < rest->len ? n + 1 : n);
		if (http_media_parse(one, m))
			return 1;
	}
	return 0;
}
