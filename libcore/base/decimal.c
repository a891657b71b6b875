/*
 * decimal.c - floating-point numbers as decimal text, with small tables of powers.
 * A double is found exactly: up to 19 digits and a power of ten up to 10^19 fit 128-bit arithmetic; what is left (rare) goes
 * to strtod without a decimal point, so that no locale has a say.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/decimal.h"

typedef unsigned __int128 u128;

enum { CUT_DIGITS = 780 };		/* more never change a double, but for being there at all */

const uint64_t decimal_pow10[DECIMAL_EXACT + 1] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
	100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000,
	10000000000000000, 100000000000000000, 1000000000000000000, 10000000000000000000u
};

/* the first 64 bits of 10^-e */
static const uint64_t reciprocal[DECIMAL_EXACT + 1] = {
	0, 0xcccccccccccccccc, 0xa3d70a3d70a3d70a, 0x83126e978d4fdf3b, 0xd1b71758e219652b,
	0xa7c5ac471b478423, 0x8637bd05af6c69b5, 0xd6bf94d5e57a42bc, 0xabcc77118461cefc,
	0x89705f4136b4a597, 0xdbe6fecebdedd5be, 0xafebff0bcb24aafe, 0x8cbccc096f5088cb,
	0xe12e13424bb40e13, 0xb424dc35095cd80f, 0x901d7cf73ab0acd9, 0xe69594bec44de15b,
	0xb877aa3236a4b449, 0x9392ee8e921d5d07, 0xec1e4a7db69561a5
};

/* ---- reading ---- */

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
	u128 n = (u128)w * decimal_pow10[e];
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
	int zw = __builtin_clzll(w), zd = __builtin_clzll(decimal_pow10[e]), z;
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
		return e >= -DECIMAL_EXACT && scale_down(w, (int)-e, f);
	if (e > DECIMAL_EXACT)
		return 0;
	*f = scale_up(w, (int)e);
	return 1;
}

enum { LONG_TEXT = CUT_DIGITS + 32 };

/* Any number for strtod: its digits without the point, cut where they no longer count, and an exponent. */
static void write_long(char text[LONG_TEXT], const uint8_t *p, const uint8_t *end, int64_t exp)
{
	size_t n = 0;
	int more = 0;

	for (; p < end; p++) {
		if (*p == '.')
			continue;
		if (n < CUT_DIGITS) {
			if (n > 0 || *p != '0')
				text[n++] = (char)*p;
		} else {
			more |= *p != '0';
			exp++;
		}
	}
	if (n == 0)
		text[n++] = '0';
	if (more) {
		text[n++] = '1';
		exp--;
	}
	snprintf(text + n, LONG_TEXT - n, "e%lld", (long long)exp);
}

/* how many digits from the first that is not 0 */
static size_t significant(const uint8_t *p, const uint8_t *end)
{
	size_t n = 0;

	for (; p < end; p++)
		n += decimal_is_digit(*p) && (n > 0 || *p != '0');
	return n;
}

double decimal_double(const uint8_t *p, const uint8_t *end, uint64_t w, int64_t exp)
{
	char text[LONG_TEXT];
	double f;

	if ((end - p <= DECIMAL_EXACT || significant(p, end) <= DECIMAL_EXACT) && scale(w, exp, &f))
		return f;
	write_long(text, p, end, exp);
	return strtod(text, NULL);
}

static inline uint64_t bits_of(double f)
{
	uint64_t bits;

	memcpy(&bits, &f, sizeof bits);
	return bits;
}

/* Rounding twice goes wrong only where the first time gives the middle between two floats (or what may be one of small floats). */
static inline int rounds_twice(double f)
{
	return (bits_of(f) & 0x1fffffff) == 0x10000000 || fabs(f) < 0x1p-125 || fabs(f) > 0x1p127;
}

float decimal_single(const uint8_t *p, const uint8_t *end, uint64_t w, int64_t exp)
{
	double f = decimal_double(p, end, w, exp);
	char text[LONG_TEXT];

	if (f == 0 || !rounds_twice(f))
		return (float)f;
	write_long(text, p, end, exp);
	return strtof(text, NULL);
}

const uint8_t *decimal_exponent(const uint8_t *p, const uint8_t *end, int64_t *exp)
{
	int neg = p < end && *p == '-';
	int64_t e = 0;

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (p == end || !decimal_is_digit(*p))
		return NULL;
	for (; p < end && decimal_is_digit(*p); p++)
		if (e < INT64_MAX / 100)
			e = e * 10 + (*p - '0');
	*exp = neg ? -e : e;
	return p;
}

/* ---- writing ---- */

size_t decimal_put_uint(uint64_t u, char *text)
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
		if (c < 0 || c > DECIMAL_EXACT || e < -116 || e > 11)
			return 0;
		n = (u128)m * decimal_pow10[c];
		q = e < 0 ? n >> -e : n << e;
		if (e < 0) {		/* to the nearest, ties to even */
			half = (u128)1 << (-e - 1);
			n -= q << -e;
			if (n > half || (n == half && (q & 1)))
				q++;
		}
		/* the logarithm may be one off, and rounding may reach the next power of ten */
		if (q >= (u128)decimal_pow10[p])
			++*k;
		else if (q < (u128)decimal_pow10[p - 1])
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
		if (decimal_is_digit((uint8_t)*s))
			*digits = *digits * 10 + (uint64_t)(*s - '0');
	*k = atoi(s + 1) + 1;
}

static int reads_as(uint64_t digits, int exp, double f, int single)
{
	char text[64];
	double g;

	if (!scale(digits, exp, &g) || (single && rounds_twice(g))) {
		snprintf(text, sizeof text, "%llue%d", (unsigned long long)digits, exp);
		g = single ? (double)strtof(text, NULL) : strtod(text, NULL);
	}
	return single ? (float)g == (float)f : g == f;
}

/*
 * The shortest digits that read back as f (positive): f is 0.DIGITS * 10^k.  Text of up to 15 digits survives a normal
 * double, and of up to 6 a normal float, so that a shorter one shows as zeros at the end of these.
 */
static uint64_t shortest(double f, int single, int *k)
{
	int p = single ? 6 : 15, most = single ? 9 : 17;
	uint64_t digits;

	if (f < (single ? 0x1p-126 : 0x1p-1022))
		p = 1;
	for (;; p++) {
		if (!round_fast(f, p, &digits, k))
			round_slow(f, p, &digits, k);
		if (p >= most || reads_as(digits, *k - p, f, single))
			break;
		/* Below a power of two floats lie closer: what rounds down may be out of reach when the
		 * next one up, although farther, is not. */
		if ((bits_of(f) & FRACTION) == 0 && reads_as(digits + 1, *k - p, f, single)) {
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

static size_t put_float(double f, int single, char *text)
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
	n = (int)decimal_put_uint(shortest(f, single, &k), d);
	if (f < 1e-6 || f >= 1e21) {
		text[at++] = d[0];
		if (n > 1) {
			text[at++] = '.';
			memcpy(text + at, d + 1, (size_t)n - 1);
			at += (size_t)n - 1;
		}
		text[at++] = 'e';
		text[at++] = k > 0 ? '+' : '-';
		return at + decimal_put_uint((uint64_t)(k > 0 ? k - 1 : 1 - k), text + at);
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

size_t decimal_put_double(double f, char *text)
{
	return put_float(f, 0, text);
}

size_t decimal_put_single(float f, char *text)
{
	return put_float(f, 1, text);
}
