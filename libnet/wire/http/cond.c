/* cond.c - conditional requests (RFC 9110 8.8.3, 13) */
#include "http_priv.h"
#include "field.h"

/* An entity tag at the front of s: its bytes; 0: none. */
static size_t etag_len(struct span s)
{
	size_t i = s.len >= 2 && s.p[0] == 'W' && s.p[1] == '/' ? 2 : 0;

	if (i >= s.len || s.p[i++] != '"')
		return 0;
	for (; i < s.len && s.p[i] != '"'; i++)
		if (s.p[i] <= ' ' || s.p[i] == 0x7f)
			return 0;
	return i < s.len ? i + 1 : 0;
}

int http_is_etag(struct span s)
{
	return s.len > 0 && etag_len(s) == s.len;
}

static int is_weak(struct span tag)
{
	return tag.len > 0 && tag.p[0] == 'W';
}

static struct span opaque(struct span tag)
{
	return is_weak(tag) ? span_of(tag.p + 2, tag.len - 2) : tag;
}

static int same(struct span a, struct span b, int weak)
{
	return (weak || (!is_weak(a) && !is_weak(b))) && span_equal(opaque(a), opaque(b));
}

int http_etag_listed(struct span list, struct span etag, int weak)
{
	struct span all = http_trim(list);
	size_t n;

	if (all.len == 1 && all.p[0] == '*')
		return 1;
	if (!http_is_etag(etag))
		return 0;
	for (;;) {
		while (all.len && (all.p[0] == ',' || all.p[0] == ' ' || all.p[0] == '\t'))
			all = span_of(all.p + 1, all.len - 1);
		n = etag_len(all);
		if (!n)
			return 0;
		if (same(span_of(all.p, n), etag, weak))
			return 1;
		all = http_trim(span_of(all.p + n, all.len - n));
		if (all.len && all.p[0] != ',')
			return 0;
	}
}

/* "*" asks only whether there is something (RFC 9110 13.1.1, 13.1.2) */
static int matches(struct span list, const struct http_validators *v, int weak)
{
	return v->exists && http_etag_listed(list, v->etag, weak);
}

/* the order of RFC 9110 13.2.2 */
int http_condition(const struct http_conditions *c, int safe, const struct http_validators *v, int64_t now)
{
	int64_t t;

	if (c->match.p) {
		if (!matches(c->match, v, 0))
			return 412;
	} else if (c->unmodified_since.p && v->exists && v->has_modified &&
		   http_date_parse(c->unmodified_since, now, &t) && v->modified > t) {
		return 412;
	}
	if (c->none_match.p) {
		if (matches(c->none_match, v, 1))
			return safe ? 304 : 412;
	} else if (safe && c->modified_since.p && v->exists && v->has_modified &&
		   http_date_parse(c->modified_since, now, &t) && v->modified <= t) {
		return 304;
	}
	return 0;
}

int http_if_range(const struct http_conditions *c, const struct http_validators *v, int64_t now)
{
	struct span s = http_trim(c->if_range);
	int64_t t;

	if (!s.p)
		return 1;
	if (http_is_etag(s))
		return http_is_etag(v->etag) && same(s, v->etag, 0);
	/* RFC 9110 13.1.5: exactly that date; and, 8.8.2.2, not of this very second */
	return v->has_modified && http_date_parse(s, now, &t) && t == v->modified && now > t;
}
