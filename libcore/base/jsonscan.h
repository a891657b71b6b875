/*
 * jsonscan.h - what readers of JSON text share: strings eight bytes at a time, and escapes.
 */
#ifndef BASE_JSONSCAN_H
#define BASE_JSONSCAN_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* Eight bytes at a time: bytes of one value, a word whatever the machine, the top bit of the first byte
 * that is zero, and of the first that ends a run of plain text (those behind it may be wrong). */
#define JSON_EACH(byte) (0x0101010101010101ull * (byte))

static inline uint64_t json_load(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof x);
	return le64toh(x);
}

static inline uint64_t json_zero_byte(uint64_t x)
{
	return (x - JSON_EACH(0x01)) & ~x & JSON_EACH(0x80);
}

static inline uint64_t json_special(uint64_t x)
{
	return json_zero_byte(x ^ JSON_EACH('"')) | json_zero_byte(x ^ JSON_EACH('\\')) |
	       ((x - JSON_EACH(0x20)) & ~x & JSON_EACH(0x80));
}

/*
 * json_run - where plain text that begins at p ends: at a quote, a backslash or a control character; or less than eight
 * bytes before `end`, which may be plain as well.  The bytes in front are or-ed into *all, eight at a time.
 */
static inline const uint8_t *json_run(const uint8_t *p, const uint8_t *end, uint64_t *all)
{
	uint64_t x, hit;

	for (; end - p >= 8; p += 8) {
		x = json_load(p);
		hit = json_special(x);
		if (hit) {
			*all |= x & ((hit & -hit) - 1);		/* only the bytes in front of the hit */
			return p + __builtin_ctzll(hit) / 8;
		}
		*all |= x;
	}
	return p;
}

/* json_run_end - the same to the very end */
static inline const uint8_t *json_run_end(const uint8_t *p, const uint8_t *end, uint64_t *all)
{
	p = json_run(p, end, all);
	while (p < end && *p >= 0x20 && *p != '"' && *p != '\\')
		*all |= *p++;
	return p;
}

static inline int json_hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* json_hex4 - four hex digits at p; -1: they are not, or `end` comes before. */
static inline int32_t json_hex4(const uint8_t *p, const uint8_t *end)
{
	int32_t v = 0;
	int i, d;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		d = json_hex_digit(p[i]);
		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/* json_escape - the character that \c stands for, of one letter; -1: none. */
static inline int json_escape(uint8_t c)
{
	switch (c) {
	case 'b': return '\b';
	case 'f': return '\f';
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	}
	return c == '"' || c == '\\' || c == '/' ? c : -1;
}

#endif
