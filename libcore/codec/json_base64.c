/* json_base64.c - base64 (RFC 4648 section 4), written without padding; unused bits must be zero */
#include "json_priv.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* the values of the digits from '+' to 'z'; 64: it is none */
static const uint8_t values[] = {
	62, 64, 64, 64, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64,
	64, 64, 64, 64, 64, 64, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
	10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
	64, 64, 64, 64, 64, 64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
	36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51
};

static inline uint32_t value(uint8_t c)
{
	c = (uint8_t)(c - '+');
	return c < sizeof values ? values[c] : 64;
}

int json_base64_put(struct buf *out, struct span b)
{
	size_t n = b.len / 3 * 4 + (b.len % 3 ? b.len % 3 + 1 : 0), i;
	int rc = buf_reserve(out, n);
	uint32_t v;
	uint8_t *o;

	if (rc < 0)
		return rc;
	o = out->data + out->len;
	for (i = 0; i + 3 <= b.len; i += 3) {
		v = (uint32_t)b.p[i] << 16 | (uint32_t)b.p[i + 1] << 8 | b.p[i + 2];
		*o++ = (uint8_t)digits[v >> 18];
		*o++ = (uint8_t)digits[v >> 12 & 63];
		*o++ = (uint8_t)digits[v >> 6 & 63];
		*o++ = (uint8_t)digits[v & 63];
	}
	if (i < b.len) {
		v = (uint32_t)b.p[i] << 16 | (i + 1 < b.len ? (uint32_t)b.p[i + 1] << 8 : 0);
		*o++ = (uint8_t)digits[v >> 18];
		*o++ = (uint8_t)digits[v >> 12 & 63];
		if (i + 1 < b.len)
			*o++ = (uint8_t)digits[v >> 6 & 63];
	}
	out->len += n;
	out->data[out->len] = 0;
	return 0;
}

static ptrdiff_t fail(const char *rule, const char **why)
{
	*why = rule;
	return -1;
}

ptrdiff_t json_base64_read(struct span s, int strict, uint8_t *out, const char **why)
{
	static const char alien[] = "a character that base64 does not have";
	uint8_t *o = out;
	uint32_t v, a, b, c, d;
	size_t i;

	if (s.len > 0 && s.len % 4 == 0 && s.p[s.len - 1] == '=') {
		if (strict)
			return fail("base64 with padding", why);
		s.len -= s.p[s.len - 2] == '=' ? 2 : 1;
	}
	if (s.len % 4 == 1)
		return fail("base64 of an impossible length", why);
	for (i = 0; i + 4 <= s.len; i += 4) {
		a = value(s.p[i]);
		b = value(s.p[i + 1]);
		c = value(s.p[i + 2]);
		d = value(s.p[i + 3]);
		if ((a | b | c | d) & 64)
			return fail(alien, why);
		v = a << 18 | b << 12 | c << 6 | d;
		*o++ = (uint8_t)(v >> 16);
		*o++ = (uint8_t)(v >> 8);
		*o++ = (uint8_t)v;
	}
	for (v = 0; i < s.len; i++) {
		d = value(s.p[i]);
		if (d & 64)
			return fail(alien, why);
		v = v << 6 | d;
	}
	if (s.len % 4 == 2) {
		if (v & 0xf)
			return fail("base64 with unused bits that are not zero", why);
		*o++ = (uint8_t)(v >> 4);
	} else if (s.len % 4 == 3) {
		if (v & 3)
			return fail("base64 with unused bits that are not zero", why);
		*o++ = (uint8_t)(v >> 10);
		*o++ = (uint8_t)(v >> 2);
	}
	return o - out;
}
