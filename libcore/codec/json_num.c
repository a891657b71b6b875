/* json_num.c - numbers as text, both ways: what JSON allows, and whole numbers beyond doubles */
#include "base/decimal.h"
#include "json_priv.h"

typedef unsigned __int128 u128;

/* ---- reading ---- */

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

const uint8_t *json_num_read(const uint8_t *p, const uint8_t *end, struct node_step *s, int *minus_zero,
			     const char **why)
{
	const uint8_t *digits, *last, *point;
	int64_t exp = 0, fraction = 0;
	uint64_t w = 0;
	int neg = *p == '-';
	double f;

	*minus_zero = 0;
	digits = p += neg;
	if (p == end || !decimal_is_digit(*p)) {
		*why = "a minus sign without digits";
		return NULL;
	}
	if (*p == '0' && p + 1 < end && decimal_is_digit(p[1])) {
		*why = "a number with a leading zero";
		return NULL;
	}
	p = decimal_digits(p, end, &w);
	if (p == end || (*p != '.' && *p != 'e' && *p != 'E')) {
		if (p - digits >= DECIMAL_EXACT || w == 0)
			return read_int(digits, p, neg, s, minus_zero, why);
		*s = (struct node_step){ .kind = NODE_INT, .neg = (uint8_t)neg, .u = w - (uint64_t)neg };
		return p;
	}
	point = p;
	if (*p == '.') {
		p = decimal_digits(point + 1, end, &w);
		if (p == point + 1) {
			*why = "a decimal point without digits behind it";
			return NULL;
		}
		fraction = p - point - 1;
	}
	last = p;
	if (p < end && (*p == 'e' || *p == 'E')) {
		p = decimal_exponent(p + 1, end, &exp);
		if (!p) {
			*why = "an exponent without digits";
			return NULL;
		}
	}
	f = decimal_double(digits, last, w, exp - fraction);
	if (f > 1.7976931348623157e308) {
		*why = "a number beyond the range of doubles";
		return NULL;
	}
	*s = (struct node_step){ .kind = NODE_FLOAT, .f = neg ? -f : f };
	return p;
}

/* ---- writing ---- */

size_t json_num_int(uint64_t u, int neg, char *text)
{
	static const char lowest[] = "-18446744073709551616";

	if (!neg)
		return decimal_put_uint(u, text);
	if (u == UINT64_MAX) {
		memcpy(text, lowest, sizeof lowest - 1);
		return sizeof lowest - 1;
	}
	text[0] = '-';
	return 1 + decimal_put_uint(u + 1, text + 1);
}
