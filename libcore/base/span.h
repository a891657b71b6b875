/*
 * span.h - a borrowed run of bytes.
 * A span owns nothing; whoever lent the bytes says how long they live.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *p;
	size_t len;		/* bytes */
};

static inline struct span span_of(const void *p, size_t len)
{
	return (struct span){ p, len };
}

static inline struct span span_str(const char *s)
{
	return (struct span){ (const uint8_t *)s, strlen(s) };
}

static inline int span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* span_cmp - bytewise order, a shorter prefix first; <0, 0, >0 as memcmp. */
static inline int span_cmp(struct span a, struct span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.len > b.len) - (a.len < b.len);
}

#endif
