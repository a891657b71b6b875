/* chars.c - what may stand in a token, a field value, a list */
#include "http_priv.h"

#define T HTTP_TOKEN | HTTP_VALUE | HTTP_TARGET
#define V HTTP_VALUE | HTTP_TARGET
const uint8_t http_chars[256] = {
	['\t'] = HTTP_VALUE, [' '] = HTTP_VALUE,
	['!'] = T, ['"'] = V, ['#'] = HTTP_VALUE | HTTP_TOKEN, ['$'] = T, ['%'] = T, ['&'] = T, ['\''] = T,
	['('] = V, [')'] = V, ['*'] = T, ['+'] = T, [','] = V, ['-'] = T, ['.'] = T, ['/'] = V,
	['0' ... '9'] = T, [':'] = V, [';'] = V, ['<'] = V, ['='] = V, ['>'] = V, ['?'] = V, ['@'] = V,
	['A' ... 'Z'] = T, ['['] = V, ['\\'] = V, [']'] = V, ['^'] = T, ['_'] = T, ['`'] = T,
	['a' ... 'z'] = T, ['{'] = V, ['|'] = T, ['}'] = V, ['~'] = T,
	[0x80 ... 0xff] = HTTP_VALUE,
};

static int all(struct span s, uint8_t kind)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!(http_chars[s.p[i]] & kind))
			return 0;
	return 1;
}

/* eight bytes at a time: a bit in the top of each byte that is less than n, or is c (exact for "none") */
#define EACH(b) (UINT64_C(0x0101010101010101) * (b))
#define LESS(x, n) (((x) - EACH(n)) & ~(x) & EACH(0x80))
#define IS(x, c) LESS((x) ^ EACH(c), 1)

static uint64_t eight(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, 8);
	return x;
}

int http_is_token(struct span s)
{
	return s.len > 0 && all(s, HTTP_TOKEN);
}

int http_is_value(struct span s)
{
	for (; s.len >= 8; s = span_of(s.p + 8, s.len - 8)) {
		uint64_t x = eight(s.p);

		if ((LESS(x, ' ') | IS(x, 0x7f)) && !all(span_of(s.p, 8), HTTP_VALUE))	/* a tab may be */
			return 0;
	}
	return all(s, HTTP_VALUE);
}

int http_is_target(struct span s)
{
	for (; s.len >= 8; s = span_of(s.p + 8, s.len - 8)) {
		uint64_t x = eight(s.p);

		if (LESS(x, ' ' + 1) | IS(x, 0x7f) | IS(x, '#') | (x & EACH(0x80)))
			return 0;
	}
	return all(s, HTTP_TARGET);
}

int http_is(struct span s, const char *lower)
{
	size_t i;

	for (i = 0; i < s.len && lower[i]; i++)
		if (http_lower(s.p[i]) != (uint8_t)lower[i])
			return 0;
	return i == s.len && !lower[i];
}

struct span http_trim(struct span s)
{
	while (s.len && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = span_of(s.p + 1, s.len - 1);
	while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

int http_list_next(struct span *rest, struct span *word)
{
	const uint8_t *comma;

	while (rest->len) {
		comma = memchr(rest->p, ',', rest->len);
		*word = http_trim(span_of(rest->p, comma ? (size_t)(comma - rest->p) : rest->len));
		*rest = comma ? span_of(comma + 1, rest->len - (size_t)(comma + 1 - rest->p)) : span_of(NULL, 0);
		if (word->len)
			return 1;
	}
	return 0;
}

int http_listed(struct span list, const char *lower)
{
	struct span word;

	while (http_list_next(&list, &word))
		if (http_is(word, lower))
			return 1;
	return 0;
}
