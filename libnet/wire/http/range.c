/* range.c - the Range field (RFC 9110 14.1, 14.2) */
#include "http_priv.h"
#include "field.h"

/* Digits at the front; what is more than a number holds is UINT64_MAX, for too long is no error
 * (RFC 9110 14.1.2).  0: none there. */
static int number(struct span *s, uint64_t *v)
{
	size_t i = 0;

	for (*v = 0; i < s->len && s->p[i] >= '0' && s->p[i] <= '9'; i++)
		if (__builtin_mul_overflow(*v, (uint64_t)10, v) ||
		    __builtin_add_overflow(*v, (uint64_t)(s->p[i] - '0'), v))
			*v = UINT64_MAX;
	*s = span_of(s->p + i, s->len - i);
	return i > 0;
}

static int dash(struct span *s)
{
	if (!s->len || s->p[0] != '-')
		return 0;
	*s = span_of(s->p + 1, s->len - 1);
	return 1;
}

/* 1: a range, in *r what is left of it (len 0: nothing); 0: malformed */
static int one_range(struct span s, uint64_t size, struct http_range *r)
{
	uint64_t first, last;

	r->len = 0;
	if (!number(&s, &first)) {
		if (!dash(&s) || !number(&s, &last) || s.len)
			return 0;
		r->len = last < size ? last : size;
		r->off = size - r->len;
		return 1;
	}
	if (!dash(&s))
		return 0;
	if (!number(&s, &last))
		last = UINT64_MAX;
	else if (last < first)
		return 0;
	if (s.len)
		return 0;
	r->off = first;
	if (first < size)
		r->len = (last < size ? last + 1 : size) - first;
	return 1;
}

/* into its place in ascending order; there are few */
static void insert(struct http_range *out, size_t n, struct http_range r)
{
	for (; n > 0 && out[n - 1].off > r.off; n--)
		out[n] = out[n - 1];
	out[n] = r;
}

static size_t merge(struct http_range *out, size_t n)
{
	size_t i, k = 0;

	for (i = 1; i < n; i++) {
		uint64_t end = out[k].off + out[k].len, other = out[i].off + out[i].len;

		if (out[i].off > end)
			out[++k] = out[i];
		else if (other > end)
			out[k].len = other - out[k].off;
	}
	return k + 1;
}

int http_ranges(struct span value, uint64_t size, struct http_range out[HTTP_RANGES_MAX])
{
	size_t n = 0, seen = 0;
	struct http_range r;
	struct span word;

	if (size == 0 || value.len < 6 || !http_is(span_of(value.p, 6), "bytes="))
		return 0;
	value = span_of(value.p + 6, value.len - 6);
	while (http_list_next(&value, &word)) {
		if (seen++ == HTTP_RANGES_MAX || !one_range(word, size, &r))
			return 0;
		if (r.len)
			insert(out, n++, r);
	}
	if (!seen)
		return 0;
	return n ? (int)merge(out, n) : -1;
}
