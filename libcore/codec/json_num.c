/*
 * json_num.c - numbers as text, both ways, with small tables of powers.
 * A double is found exactly: up to 19 digits and a power of ten up to 10^19 fit 128-bit arithmetic; what
 * is left (rare) goes to strtod without a decimal point, so that no locale has a say.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_priv.h"

typedef unsigned __int128 u128;

enum {
	EXACT_DIGITS = 19,		/* 10^19 < 2^64 */
	CUT_DIGITS = 780		/* more never change a double, but for being there at all */
};

static const uint64_t pow10u[EXACT_DIGITS + 1] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
	100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000,
	10000000000000000, 100000000000000000, 1000000000000000000, 10000000000000000000u
};

/* the first 64 bits of 10^-e */
static const uint64_t reciprocal[EXACT_DIGITS + 1] = {
	0, 0xcccccccccccccccc, 0xa3d70a3d70a3d70a, 0x83126e978d4fdf3b, 0xd1b71758e219652b,
	0xa7c5ac471b478423, 0x8637bd05af6c69b5, 0xd6bf94d5e57a42bc, 0xabcc77118461cefc,
	0x89705f4136b4a597, 0xdbe6fecebdedd5be, 0xafebff0bcb24aafe, 0x8cbccc096f5088cb,
	0xe12e13424bb40e13, 0xb424dc35095cd80f, 0x901d7cf73ab0acd9, 0xe69594bec44de15b,
	0xb877aa3236a4b449, 0x9392ee8e921d5d07, 0xec1e4a7db69561a5
};

static inline int is_digit(uint8_t c)
{
	return (unsigned)c - '0' < 10;
}

/* ---- reading ---- */

/* eight digits (0 to 9), the first in the lowest byte, as a number: pairs, then fours, then all */
static inline uint64_t eight_digits(uint64_t x)
{
	x = x * 10 + (x >> 8);
	return ((x & 0x000000ff000000ff) * 0x000f424000000064 +
		(x >> 16 & 0x000000ff000000ff) * 0x0000271000000001) >> 32 & 0xffffffff;
}

/* how many of eight bytes, from the first on, are digits */
static inline unsigned count_digits(uint64_t x)
{
	/* '0'..'9' are 0x30..0x39, and six more is still 0x3x */
	uint64_t other = ((x ^ JSON_EACH(0x30)) | ((x + JSON_EACH(0x06)) ^ JSON_EACH(0x30))) & JSON_EACH(0xf0);

	return other ? (unsigned)__builtin_ctzll(other) / 8 : 8;
}

/* v, and behind it the first n of eight bytes: these are moved up, behind zeros */
static inline uint64_t append_digits(uint64_t v, uint64_t x, unsigned n)
{
	/* by two shifts, for n may be 0 */
	x = (x - JSON_EACH('0')) << (32 - 4 * n) << (32 - 4 * n);
	return v * pow10u[n] + eight_digits(x);
}

/* the digits at p behind those of *w, which wraps when they are too many to count */
static inline const uint8_t *read_digits(const uint8_t *p, const uint8_t *end, uint64_t *w)
{
	uint64_t x, v = *w;
	unsigned n;

	while (end - p >= 8) {
		x = json_load(p);
		n = count_digits(x);
		v = append_digits(v, x, n);
		p += n;
		if (n < 8) {
			*w = v;
			return p;
		}
	}
	for (; p < end && is_digit(*p); p++)
		v = v * 10 + (uint64_t)(*p - '0');
	*w = v;
	return p;
}

/* m * 2^exp for 2^52 <= m <= 2^53, where that is a normal number, as it is for the exponents that get here */
static inline double make_double(uint64_t m, int exp)
{
	/* m holds the implicit bit, which carries into the exponent */
	uint64_t bits = ((uint64_t)(exp + 52 + 1022) << 52) + m;
	double f;

	memcpy(&f, &bits, sizeof f);
	return f;
}

/* the double nearest to q * 2^exp, ties to even; q has its top bit set, `more`: something below q is lost */
static double round_to_double(uint64_t q, int exp, int more)
{
	uint64_t m = q >> 11, low = q & 0x7ff;

	if (low > 0x400 || (low == 0x400 && (more || (m & 1))))
		m++;
	return make_double(m, exp + 11);
}

/* w * 10^e for w > 0 and 0 <= e <= 19 */
static inline double scale_up(uint64_t w, int e)
{
	u128 n = (u128)w * pow10u[e];
	uint64_t hi = (uint64_t)(n >> 64), lo = (uint64_t)n;
	int z;

	if (hi == 0) {
		z = __builtin_clzll(lo);
		return round_to_double(lo << z, -z, 0);
	}
	z = __builtin_clzll(hi);
	n <<= z;
	return round_to_double((uint64_t)(n >> 64), 64 - z, (uint64_t)n != 0);
}

/*
 * w / 10^e for w > 0 and 0 < e <= 19: 1, or 0: so near to the middle between two doubles that it takes more.
 * The upper half of the product with the first 64 bits of the reciprocal falls short of the truth by less than
 * 2, or 4 when it had to be shifted, and only where the middle is among these does that matter.  This is the
 * first step of Lemire, "Number parsing at a gigabyte per second" (2021), sections 5 and 6.
 */
static inline int scale_down(uint64_t w, int e, double *f)
{
	int zw = __builtin_clzll(w), zd = __builtin_clzll(pow10u[e]), z;
	u128 n = (u128)(w << zw) * reciprocal[e];
	uint64_t q;

	z = 1 - (int)(n >> 127);
	q = (uint64_t)(n >> 64) << z;
	if ((q & 0x7ff) - 0x3fd <= 3)
		return 0;
	*f = make_double((q >> 11) + (q >> 10 & 1), zd - zw - z - 63 + 11);
	return 1;
}

/* w * 10^e; 1, or 0: out of the reach of so little arithmetic */
static inline int scale(uint64_t w, int64_t e, double *f)
{
	if (w == 0) {
		*f = 0;
		return 1;
	}
	if (e < 0)
		return e >= -EXACT_DIGITS && scale_down(w, (int)-e, f);
	if (e > EXACT_DIGITS)
		return 0;
	*f = scale_up(w, (int)e);
	return 1;
}

/* Any number: its digits without the point, cut where they no longer count, and an exponent. */
static double read_long(const uint8_t *p, const uint8_t *end, int64_t exp)
{
	char text[CUT_DIGITS + 32];
	size_t n = 0;
	int after_point = 0, more = 0;

	for (; p < end; p++) {
		if (*p == '.') {
			after_point = 1;
			continue;
		}
		if (n < CUT_DIGITS) {
			if (n > 0 || *p != '0')
				text[n++] = (char)*p;
			exp -= after_point;
		} else {
			more |= *p != '0';
			exp += !after_point;
		}
	}
	if (n == 0)
		return 0;
	if (more) {
		text[n++] = '1';
		exp--;
	}
	snprintf(text + n, sizeof text - n, "e%lld", (long long)exp);
	return strtod(text, NULL);
}

/* how many digits from the first that is not 0 */
static size_t significant(const uint8_t *p, const uint8_t *end)
{
	size_t n = 0;

	for (; p < end; p++)
		n += is_digit(*p) && (n > 0 || *p != '0');
	return n;
}

static const uint8_t *read_int(const uint8_t *digits, const uint8_t *end, int neg, struct node_step *s,
			       int *minus_zero, const char **why)
{
	static const char outside[] = "an integer outside of -2^64 .. 2^64-1";
	u128 v = 0;
	const uint8_t *p;

	if (end - digits > 20) {
		*why = outside;
		return NULL;
	}
	for (p = digits; p < end; p++)
		v = v * 10 + (*p - '0');
	*minus_zero = neg && v == 0;
	if (neg && v > 0)
		v--;
	else
		neg = 0;
	if (v >> 64) {
		*why = outside;
		return NULL;
	}
	*s = (struct node_step){ .kind = NODE_INT, .neg = (uint8_t)neg, .u = (uint64_t)v };
	return end;
}

/* an exponent behind its `e`; far beyond the reach of doubles its size no longer matters */
static const uint8_t *read_exponent(const uint8_t *p, const uint8_t *end, int64_t *exp, const char **why)
{
	int neg = p < end && *p == '-';
	int64_t e = 0;

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (p == end || !is_digit(*p)) {
		*why = "an exponent without digits";
		return NULL;
	}
	for (; p < end && is_digit(*p); p++)
		if (e < INT64_MAX / 100)
			e = e * 10 + (*p - '0');
	*exp = neg ? -e : e;
	return p;
}

const uint8_t *json_num_read(const uint8_t *p, const uint8_t *end, struct node_step *s, int *minus_zero,
			     const char **why)
{
	const uint8_t *digits, *last, *point;
	int64_t exp = 0, written = 0;
	uint64_t w = 0;
	int neg = *p == '-';
	double f;

	*minus_zero = 0;
	digits = p += neg;
	if (p == end || !is_digit(*p)) {
		*why = "a minus sign without digits";
		return NULL;
	}
	if (*p == '0' && p + 1 < end && is_digit(p[1])) {
		*why = "a number with a leading zero";
		return NULL;
	}
	p = read_digits(p, end, &w);
	if (p == end || (*p != '.' && *p != 'e' && *p != 'E')) {
		if (p - digits >= EXACT_DIGITS || w == 0)
			return read_int(digits, p, neg, s, minus_zero, why);
		*s = (struct node_step){ .kind = NODE_INT, .neg = (uint8_t)neg, .u = w - (uint64_t)neg };
		return p;
	}
	point = p;
	if (*p == '.') {
		p = read_digits(point + 1, end, &w);
		if (p == point + 1) {
			*why = "a decimal point without digits behind it";
			return NULL;
		}
		exp = point + 1 - p;
	}
	last = p;
	if (p < end && (*p == 'e' || *p == 'E')) {
		p = read_exponent(p + 1, end, &written, why);
		if (!p)
			return NULL;
	}
	if ((last - digits > EXACT_DIGITS && significant(digits, last) > EXACT_DIGITS) ||
	    !scale(w, exp + written, &f))
		f = read_long(digits, last, written);
	if (f > 1.7976931348623157e308) {
		*why = "a number beyond the range of doubles";
		return NULL;
	}
	*s = (struct node_step){ .kind = NODE_FLOAT, .f = neg ? -f : f };
	return p;
}

/* ---- writing ---- */

static size_t put_decimal(uint64_t u, char *text)
{
	char tmp[20];
	size_t n = 0, i;

	do
		tmp[n++] = (char)('0' + u % 10);
	while (u /= 10);
	for (i = 0; i < n; i++)
		text[i] = tmp[n - 1 - i];
	return n;
}

size_t json_num_int(uint64_t u, int neg, char *text)
{
	static const char lowest[] = "-18446744073709551616";

	if (!neg)
		return put_decimal(u, text);
	if (u == UINT64_MAX) {
		memcpy(text, lowest, sizeof lowest - 1);
		return sizeof lowest - 1;
	}
	text[0] = '-';
	return 1 + put_decimal(u + 1, text + 1);
}

static inline uint64_t bits_of(double f)
{
	uint64_t bits;

	memcpy(&bits, &f, sizeof bits);
	return bits;
}

static const uint64_t FRACTION = ((uint64_t)1 << 52) - 1;

/* f (positive, normal) to p digits with 128-bit arithmetic: f is about digits * 10^(k-p).  0: cannot. */
static int round_fast(double f, int p, uint64_t *digits, int *k)
{
	uint64_t m = (bits_of(f) & FRACTION) | (FRACTION + 1);
	int e = (int)(bits_of(f) >> 52) - 1075, c, tries;	/* f = m * 2^e */
	u128 n, q, half;

	*k = ((e + 52) * 1233 >> 12) + 1;	/* log10(2) is about 1233/4096 */
	for (tries = 0; tries < 3; tries++) {
		c = p - *k;
		if (c < 0 || c > EXACT_DIGITS || e < -116 || e > 11)
			return 0;
		n = (u128)m * pow10u[c];
		q = e < 0 ? n >> -e : n << e;
		if (e < 0) {		/* to the nearest, ties to even */
			half = (u128)1 << (-e - 1);
			n -= q << -e;
			if (n > half || (n == half && (q & 1)))
				q++;
		}
		/* the logarithm may be one off, and rounding may reach the next power of ten */
		if (q >= (u128)pow10u[p])
			++*k;
		else if (q < (u128)pow10u[p - 1])
			--*k;
		else
			break;
	}
	*digits = (uint64_t)q;
	return tries < 3;
}

static void round_slow(double f, int p, uint64_t *digits, int *k)
{
	char text[64];
	const char *s;

	snprintf(text, sizeof text, "%.*e", p - 1, f);
	*digits = 0;
	for (s = text; *s != 'e'; s++)	/* the point is whatever the locale has */
		if (is_digit((uint8_t)*s))
			*digits = *digits * 10 + (uint64_t)(*s - '0');
	*k = atoi(s + 1) + 1;
}

static int reads_as(uint64_t digits, int exp, double f)
{
	char text[64];
	double g;

	if (!scale(digits, exp, &g)) {
		snprintf(text, sizeof text, "%llue%d", (unsigned long long)digits, exp);
		g = strtod(text, NULL);
	}
	return g == f;
}

/*
 * The shortest digits that read back as f (positive): f is 0.DIGITS * 10^k.  Text of up to 15 digits
 * survives a normal double, so that a shorter one shows as zeros at the end of 15.
 */
static uint64_t shortest(double f, int *k)
{
	uint64_t digits;
	int p = f < 2.2250738585072014e-308 ? 1 : 15;

	for (;; p++) {
		if (!round_fast(f, p, &digits, k))
			round_slow(f, p, &digits, k);
		if (p >= 17 || reads_as(digits, *k - p, f))
			break;
		/* Below a power of two doubles lie closer: what rounds down may be out of reach when the
		 * next one up, although farther, is not. */
		if ((bits_of(f) & FRACTION) == 0 && reads_as(digits + 1, *k - p, f)) {
			digits++;
			break;
		}
	}
	while (digits % 10 == 0)
		digits /= 10;
	return digits;
}

static size_t put_zeros(char *text, int n)
{
	memset(text, '0', (size_t)n);
	return (size_t)n;
}

size_t json_num_float(double f, char *text)
{
	char d[24];
	size_t at = 0;
	int n, k = 0, whole;

	if (bits_of(f) >> 63) {
		text[at++] = '-';
		f = -f;
	}
	if (f == 0) {
		text[at++] = '0';
		return at;
	}
	n = (int)put_decimal(shortest(f, &k), d);
	if (f < 1e-6 || f >= 1e21) {
		text[at++] = d[0];
		if (n > 1) {
			text[at++] = '.';
			memcpy(text + at, d + 1, (size_t)n - 1);
			at += (size_t)n - 1;
		}
		text[at++] = 'e';
		text[at++] = k > 0 ? '+' : '-';
		return at + put_decimal((uint64_t)(k > 0 ? k - 1 : 1 - k), text + at);
	}
	if (k <= 0) {
		text[at++] = '0';
		text[at++] = '.';
		at += put_zeros(text + at, -k);
		memcpy(text + at, d, (size_t)n);
		return at + (size_t)n;
	}
	whole = n < k ? n : k;
	memcpy(text + at, d, (size_t)whole);
	at += (size_t)whole;
	if (n <= k)
		return at + put_zeros(text + at, k - n);
	text[at++] = '.';
	memcpy(text + at, d + whole, (size_t)(n - whole));
	return at + (size_t)(n - whole);
}
