/* value.c - numbers and truth as text, and what a text may be */
#include <math.h>
#include <strings.h>

#include "base/decimal.h"
#include "table/table_priv.h"

/* ---- whole numbers ---- */

struct whole {
	int neg, sign, huge;		/* sign: one is written; huge: over 64 bits */
	uint64_t v;
};

/* [sign] digits and nothing else: 1 or 0 */
static inline int read_whole(const uint8_t *p, const uint8_t *end, struct whole *w)
{
	const uint8_t *digits;

	*w = (struct whole){ 0 };
	if (p < end && (*p == '-' || *p == '+')) {
		w->neg = *p == '-';
		w->sign = 1;
		p++;
	}
	if (p == end)
		return 0;
	digits = p;
	p = decimal_digits(p, end, &w->v);
	if (p != end)
		return 0;
	if (p - digits <= DECIMAL_EXACT)
		return 1;
	while (digits < end && *digits == '0')
		digits++;
	/* 20 digits may fit; they do where the last one did not wrap */
	w->huge = end - digits > 20 || (end - digits == 20 && (*digits > '1' || w->v < decimal_pow10[19]));
	return 1;
}

int value_int(const struct table_type *t, const uint8_t *p, const uint8_t *end, void *out)
{
	struct whole w;
	uint64_t most;

	value_trim(&p, &end);
	if (!read_whole(p, end, &w))
		return 0;
	most = t->is_signed ? ((uint64_t)1 << (t->bits - 1)) - 1 + (uint64_t)w.neg : UINT64_MAX >> (64 - t->bits);
	if (w.huge || w.v > most || (w.neg && !t->is_signed && w.v))
		return VALUE_RANGE;
	if (w.neg)
		w.v = -w.v;
	switch (t->bits) {
	case 8: *(uint8_t *)out = (uint8_t)w.v; break;
	case 16: { uint16_t v = (uint16_t)w.v; memcpy(out, &v, sizeof v); break; }
	case 32: { uint32_t v = (uint32_t)w.v; memcpy(out, &v, sizeof v); break; }
	default: memcpy(out, &w.v, sizeof w.v);
	}
	return 1;
}

/* ---- floats ---- */

struct real {
	const uint8_t *digits, *last;	/* with the point */
	uint64_t w;
	int64_t exp;
	int neg, sign;
	int word;			/* 'n' nan, 'i' infinity, 0: digits */
};

static int word_is(const uint8_t *p, const uint8_t *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - p) == n && strncasecmp((const char *)p, word, n) == 0;
}

/* [sign] digits [ . digits ] [ e [sign] digits ], with a digit on one side of the point: 1 or 0 */
static inline int read_real(const uint8_t *p, const uint8_t *end, struct real *r)
{
	int64_t fraction = 0;
	const uint8_t *q;

	*r = (struct real){ 0 };
	if (p < end && (*p == '-' || *p == '+')) {
		r->neg = *p == '-';
		r->sign = 1;
		p++;
	}
	r->digits = p;
	q = decimal_digits(p, end, &r->w);
	if (q < end && *q == '.') {
		p = q + 1;
		q = decimal_digits(p, end, &r->w);
		fraction = q - p;
	}
	if (fraction == 0 && (q == r->digits || *r->digits == '.')) {
		p = r->digits;
		r->word = word_is(p, end, "nan") ? 'n' : word_is(p, end, "inf") || word_is(p, end, "infinity") ? 'i' : 0;
		return r->word != 0;
	}
	r->last = q;
	if (q < end && (*q | 32) == 'e') {
		q = decimal_exponent(q + 1, end, &r->exp);
		if (!q)
			return 0;
	}
	r->exp -= fraction;
	return q == end;
}

/* to 16 bits, the nearest, ties to even; below the largest exponent */
static uint16_t half_of(double f)
{
	uint64_t bits, m, rest, half;
	int e, drop;

	memcpy(&bits, &f, sizeof bits);
	bits &= UINT64_MAX >> 1;
	e = (int)(bits >> 52) - 1023;
	if (e < -25 || bits >> 52 == 0)
		return 0;
	m = (bits & (((uint64_t)1 << 52) - 1)) | (uint64_t)1 << 52;
	drop = e < -14 ? 42 + (-14 - e) : 42;		/* below 2^-14 there is no more exponent */
	rest = m & (((uint64_t)1 << drop) - 1);
	half = (uint64_t)1 << (drop - 1);
	m >>= drop;
	m += rest > half || (rest == half && (m & 1));
	/* what m has above its ten bits is, or carries into, the exponent */
	return (uint16_t)(m + (e < -14 ? 0 : (uint64_t)(e + 14) << 10));
}

static int put_half(const struct real *r, void *out)
{
	double f = r->word == 'i' ? INFINITY : r->word ? NAN : decimal_double(r->digits, r->last, r->w, r->exp);
	uint16_t v = r->word == 'i' ? 0x7c00 : r->word ? 0x7e00 : 0;

	if (!r->word) {
		if (f >= 65520)
			return VALUE_RANGE;
		v = half_of(f);
	}
	v |= (uint16_t)(r->neg << 15);
	memcpy(out, &v, sizeof v);
	return 1;
}

static int put_single(const struct real *r, void *out)
{
	float f = r->word == 'i' ? INFINITY : r->word ? NAN : decimal_single(r->digits, r->last, r->w, r->exp);

	if (!r->word && isinf(f))
		return VALUE_RANGE;
	f = r->neg ? -f : f;
	memcpy(out, &f, sizeof f);
	return 1;
}

int value_float(const struct table_type *t, const uint8_t *p, const uint8_t *end, void *out)
{
	struct real r;
	double f;

	value_trim(&p, &end);
	if (!read_real(p, end, &r))
		return 0;
	if (t->bits < 64)
		return t->bits == 32 ? put_single(&r, out) : put_half(&r, out);
	f = r.word == 'i' ? INFINITY : r.word ? NAN : decimal_double(r.digits, r.last, r.w, r.exp);
	if (!r.word && isinf(f))
		return VALUE_RANGE;
	f = r.neg ? -f : f;
	memcpy(out, &f, sizeof f);
	return 1;
}

/* ---- truth ---- */

static int read_bool(const uint8_t *p, const uint8_t *end, uint8_t *v)
{
	*v = (uint8_t)(end - p == 4);
	if (end - p == 4)
		return !memcmp(p, "true", 4) || !memcmp(p, "True", 4) || !memcmp(p, "TRUE", 4);
	return end - p == 5 && (!memcmp(p, "false", 5) || !memcmp(p, "False", 5) || !memcmp(p, "FALSE", 5));
}

int value_bool(const struct table_type *t, const uint8_t *p, const uint8_t *end, void *out)
{
	(void)t;
	value_trim(&p, &end);
	if (end - p == 1 && (*p == '0' || *p == '1')) {
		*(uint8_t *)out = *p - '0';
		return 1;
	}
	return read_bool(p, end, out);
}

/* ---- what may it be? ---- */

/* a number beyond all doubles; most are too short for that */
static int is_beyond(const struct real *r)
{
	return !r->word && (r->exp > 250 || r->last - r->digits > 250) &&
	       isinf(decimal_double(r->digits, r->last, r->w, r->exp));
}

static unsigned seen_number(const uint8_t *p, const uint8_t *end)
{
	struct whole w;
	struct real r;
	int whole = read_whole(p, end, &w);

	if (whole && !w.huge) {
		if (w.neg)
			return SEEN_MINUS | (w.v > (uint64_t)INT64_MAX + 1 ? SEEN_HUGE : SEEN_INT);
		return w.v > INT64_MAX ? SEEN_UINT : SEEN_INT;
	}
	/* what is huge may become a float, too */
	if (!read_real(p, end, &r) || is_beyond(&r))
		return 0;
	return whole ? SEEN_HUGE | (w.neg ? SEEN_MINUS : 0) : SEEN_FLOAT;
}

unsigned value_seen(const uint8_t *p, const uint8_t *end)
{
	unsigned seen = 0;
	uint8_t truth;

	value_trim(&p, &end);
	if (p == end || *p == '+')	/* of telephones, more often than of numbers */
		return SEEN_TEXT;
	if (decimal_is_digit(*p) || *p == '-' || *p == '.' || (*p | 32) == 'n' || (*p | 32) == 'i') {
		seen = seen_number(p, end);
		if (!seen)
			seen = value_seen_time(p, end);
	} else if (read_bool(p, end, &truth)) {
		seen = SEEN_BOOL;
	}
	return seen ? seen : SEEN_TEXT;
}

void value_type(unsigned seen, struct table_type *t)
{
	const unsigned numbers = SEEN_INT | SEEN_UINT | SEEN_MINUS | SEEN_HUGE | SEEN_FLOAT;
	const unsigned times = SEEN_DATE | SEEN_TIME | SEEN_ZONED | SEEN_NANO | SEEN_FAR;

	*t = (struct table_type){ .type = ARROW_UTF8 };
	if (seen == 0)
		return;
	if (seen == SEEN_BOOL) {
		t->type = ARROW_BOOL;
	} else if ((seen & ~numbers) == 0) {
		/* a whole number that no type holds exactly makes floats only where there are others */
		if (seen & SEEN_FLOAT)
			*t = (struct table_type){ .type = ARROW_FLOAT, .bits = 64 };
		else if (!(seen & (SEEN_HUGE | SEEN_UINT)) || !(seen & (SEEN_HUGE | SEEN_MINUS)))
			*t = (struct table_type){ .type = ARROW_INT, .bits = 64, .is_signed = !(seen & SEEN_UINT) };
	} else if ((seen & ~times) == 0) {
		/* a time without an offset is no known moment, and one with it no time of wherever the others are */
		if ((seen & SEEN_ZONED) && (seen & (SEEN_DATE | SEEN_TIME)))
			return;
		if (seen & SEEN_DATE && !(seen & SEEN_TIME))
			*t = (struct table_type){ .type = ARROW_DATE };
		else if (!(seen & SEEN_NANO) || !(seen & SEEN_FAR))
			*t = (struct table_type){ .type = ARROW_TIMESTAMP, .unit = seen & SEEN_NANO ? 3 : 2 };
		if ((seen & SEEN_ZONED) && t->type == ARROW_TIMESTAMP)
			memcpy(t->zone, "UTC", 4);
	}
}
