/* decimal_test - floats as text are what strtod and strtof make of them, and the shortest that read back (doubles in
 * general: codec/json_num_test) */
#include <math.h>

#include "base/decimal.h"
#include "unit.h"

static uint64_t seed = 88172645463325252u;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* text is DIGITS[.DIGITS][eEXP] */
static double read_text(const char *text, float *single)
{
	const uint8_t *p = (const uint8_t *)text, *end = p + strlen(text), *q;
	int64_t exp = 0, fraction = 0;
	uint64_t w = 0;

	q = decimal_digits(p, end, &w);
	if (q < end && *q == '.') {
		fraction = -(q + 1 - p);
		q = decimal_digits(q + 1, end, &w);
		fraction += q - p;
	}
	if (q < end && (*q == 'e' || *q == 'E'))
		CHECK(decimal_exponent(q + 1, end, &exp) == end);
	*single = decimal_single(p, q, w, exp - fraction);
	return decimal_double(p, q, w, exp - fraction);
}

static void one_text(const char *text)
{
	float single;
	double f = read_text(text, &single);

	if (f != strtod(text, NULL) || single != strtof(text, NULL)) {
		printf("# %s: %a and %a\n", text, f, (double)single);
		unit_bad++;
	}
}

static void reads_hard_cases(void)
{
	static const char *const text[] = {
		"0", "0.0", "0e999", "1", "123456789012345678901234567890", "1e22", "1e23", "9007199254740993",
		"0.1", "2.2250738585072011e-308", "4.9e-324", "2.4e-324", "1.7976931348623158e308", "1e309", "1e-400",
		"16777217", "16777216.999999999", "16777217.0000000001", "16777219", "1.00000017881393432617187499",
		"1.000000178813934326171875", "1.00000017881393432617187501", "3.4028235677973366e38", "3.4028235677973365e38",
		"1.401298464324817e-45", "7.006492321624085e-46", "7.006492321624086e-46", "1.1754943508222875e-38",
		"0.000000000000000000000000000000000000011754942807573643", "340282346638528859811704183484516925440",
	};
	size_t i;

	for (i = 0; i < sizeof text / sizeof *text; i++)
		one_text(text[i]);
}

static void reads_random_text(void)
{
	char text[128];
	int i;

	for (i = 0; i < 200000; i++) {
		snprintf(text, sizeof text, "%" PRIu64 ".%0*" PRIu64 "e%d", rnd() >> (rnd() % 64), (int)(rnd() % 9),
			 rnd() >> (rnd() % 64), (int)(rnd() % 100) - 50);
		one_text(text);
	}
}

/* the middle between two floats, and its neighbours among doubles: where rounding twice goes wrong */
static void reads_middles_of_floats(void)
{
	char text[128];
	int i, d;

	for (i = 0; i < 50000; i++) {
		uint64_t bits = (uint64_t)(1023 - 140 + rnd() % 280) << 52 | (rnd() & 0xfffffe0000000) | 0x10000000;

		for (d = -1; d <= 1; d++) {
			uint64_t near = bits + (uint64_t)(int64_t)d;
			double f;

			memcpy(&f, &near, sizeof f);
			/* 17 digits are seldom the double itself */
			snprintf(text, sizeof text, "%.*e", d ? 25 : 17, f);
			one_text(text);
		}
	}
}

static void singles_come_back(void)
{
	char text[DECIMAL_MAX + 1], shorter[64];
	float f;
	int i, p;

	for (i = 0; i < 300000; i++) {
		uint32_t bits = (uint32_t)rnd();
		size_t n;

		if (i < 600)
			bits = (uint32_t)i << 23;		/* powers of two, signs, zero */
		memcpy(&f, &bits, sizeof f);
		if (!isfinite(f))
			continue;
		n = decimal_put_single(f, text);
		NEED(n <= DECIMAL_MAX);
		text[n] = 0;
		if (strtof(text, NULL) != f || (i % 16 == 0 && f != 0)) {
			size_t digits = 0, zeros = 0;
			char *s;

			for (s = text; *s && *s != 'e'; s++)
				if (decimal_is_digit((uint8_t)*s) && (digits || *s != '0')) {
					digits++;
					zeros = *s == '0' ? zeros + 1 : 0;
				}
			digits -= zeros;
			CHECK(strtof(text, NULL) == f);
			for (p = 1; p < 10; p++) {
				snprintf(shorter, sizeof shorter, "%.*e", p - 1, (double)f);
				if (strtof(shorter, NULL) == f)
					break;
			}
			if ((int)digits > p)
				printf("# %s where %s will do\n", text, shorter);
			CHECK((int)digits <= p);
		}
	}
	CHECK(decimal_put_single(0.1f, text) == 3 && !memcmp(text, "0.1", 3));
	CHECK(decimal_put_single(16777216.0f, text) == 8 && !memcmp(text, "16777216", 8));
	CHECK(decimal_put_double(0.1f, text) == 19 && !memcmp(text, "0.10000000149011612", 19));
}

int main(void)
{
	RUN(reads_hard_cases);
	RUN(reads_random_text);
	RUN(reads_middles_of_floats);
	RUN(singles_come_back);
	return UNIT_END();
}
