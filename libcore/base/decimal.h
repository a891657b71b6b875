/*
 * decimal.h - floating-point numbers as decimal text, both ways: exact, quick for what is usual, and the same in every
 * locale.
 */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <endian.h>

#include "base/span.h"

enum {
	DECIMAL_MAX = 32,		/* bytes of any number written here */
	DECIMAL_EXACT = 19		/* digits that surely fit 64 bits */
};

extern const uint64_t decimal_pow10[DECIMAL_EXACT + 1];

static inline int decimal_is_digit(uint8_t c)
{
	return (unsigned)c - '0' < 10;
}

/* decimal_eight - eight digits (0 to 9, not '0' to '9'), the first in the lowest byte, as a number: pairs, fours, all. */
static inline uint64_t decimal_eight(uint64_t x)
{
	x = x * 10 + (x >> 8);
	return ((x & 0x000000ff000000ff) * 0x000f424000000064 +
		(x >> 16 & 0x000000ff000000ff) * 0x0000271000000001) >> 32 & 0xffffffff;
}

#define DECIMAL_EACH(byte) (0x0101010101010101ull * (byte))

/* decimal_count - how many of eight bytes, from the first on, are digits */
static inline unsigned decimal_count(uint64_t x)
{
	/* '0'..'9' are 0x30..0x39, and six more is still 0x3x */
	uint64_t other = ((x ^ DECIMAL_EACH(0x30)) | ((x + DECIMAL_EACH(0x06)) ^ DECIMAL_EACH(0x30))) & DECIMAL_EACH(0xf0);

	return other ? (unsigned)__builtin_ctzll(other) / 8 : 8;
}

/* decimal_digits - the digits at p behind those of *w, which wraps when they are over DECIMAL_EXACT; the first byte that is
 * none. */
static inline const uint8_t *decimal_digits(const uint8_t *p, const uint8_t *end, uint64_t *w)
{
	uint64_t x, v = *w;
	unsigned n;

	while (end - p >= 8) {
		memcpy(&x, p, sizeof x);
		x = le64toh(x);
		n = decimal_count(x);
		/* the n digits are moved up, behind zeros; by two shifts, for n may be 0 */
		x = (x - DECIMAL_EACH('0')) << (32 - 4 * n) << (32 - 4 * n);
		v = v * decimal_pow10[n] + decimal_eight(x);
		p += n;
		if (n < 8) {
			*w = v;
			return p;
		}
	}
	for (; p < end && decimal_is_digit(*p); p++)
		v = v * 10 + (uint64_t)(*p - '0');
	*w = v;
	return p;
}

/*
 * decimal_double - the double nearest to DIGITS * 10^exp, ties to even; infinity when that is beyond all of them.  DIGITS
 * stands at [p, end): one at least; a point among them is not looked at, whoever calls has it in exp.  w is what
 * decimal_digits makes of all of them.  decimal_single - the same for float.
 */
double decimal_double(const uint8_t *p, const uint8_t *end, uint64_t w, int64_t exp);
float decimal_single(const uint8_t *p, const uint8_t *end, uint64_t w, int64_t exp);

/* decimal_exponent - what stands behind an `e`: a sign or none, and digits; the byte behind, or NULL: no digits.  Far beyond
 * the reach of doubles its size no longer counts. */
const uint8_t *decimal_exponent(const uint8_t *p, const uint8_t *end, int64_t *exp);

/* decimal_put_uint - the text of a whole number.  decimal_put_double, decimal_put_single - the shortest text that reads back
 * equal as a double or a float, as ECMAScript writes it (no point when it is whole); f is finite.  Bytes written. */
size_t decimal_put_uint(uint64_t v, char *text);
size_t decimal_put_double(double f, char *text);
size_t decimal_put_single(float f, char *text);

#endif
