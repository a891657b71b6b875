/* json_num_test - numbers as text are the doubles that strtod makes of them, hard cases and a million others */
#include "codec/codec.h"
#include "tests/unit/unit.h"

static struct node nd = NODE_INIT;
static uint64_t seed = 88172645463325252u;

static uint64_t any(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t below(uint64_t n)
{
	return (any() >> 11) % n;
}

static uint64_t bits_of(double f)
{
	uint64_t bits;

	memcpy(&bits, &f, sizeof bits);
	return bits;
}

static double of_bits(uint64_t bits)
{
	double f;

	memcpy(&f, &bits, sizeof f);
	return f;
}

/* 1: `text`, which ends its block, and the same with more behind it, is the double nearest to it */
static int right(const char *text)
{
	double want = strtod(text, NULL);
	char list[1300];
	size_t at;

	snprintf(list, sizeof list, "[%s,12345678901234567890]", text);
	for (at = 0; at < 2; at++) {
		if (codec_decode(CID_DAG_JSON, span_str(at ? list : text), 0, &nd) < 0) {
			if (want - want != 0)
				continue;
		} else if (nd.step[at].kind == NODE_FLOAT && bits_of(nd.step[at].f) == bits_of(want)) {
			continue;
		}
		printf("# %s\n", at ? list : text);
		return 0;
	}
	return 1;
}

static void neighbours_of_2_to_the_53(void)
{
	static const char *ends[] = { ".0", "e0", ".00000000000000000000", ".5", ".49999999999999999999",
				      ".50000000000000000001", "000000e-6", "00000000000000000000000e-23" };
	char text[100];
	uint64_t w;
	size_t i, shift;

	for (shift = 0; shift < 11; shift++)
		for (w = ((uint64_t)1 << (52 + shift)) - 40; w < ((uint64_t)1 << (52 + shift)) + 40; w++)
			for (i = 0; i < sizeof ends / sizeof *ends; i++) {
				snprintf(text, sizeof text, "%" PRIu64 "%s", w, ends[i]);
				NEED(right(text));
			}
}

/* whole numbers in the middle between two doubles, and those beside them */
static void whole_ties(void)
{
	char text[100];
	uint64_t m;
	int i, shift, d;

	for (i = 0; i < 20000; i++) {
		m = ((uint64_t)1 << 53 | any() >> 11 | 1);		/* 54 bits, the last one set */
		shift = (int)below(11);
		for (d = -1; d <= 1; d++) {
			snprintf(text, sizeof text, "%" PRIu64 "%s", (m << shift) + (uint64_t)d, i % 2 ? ".0" : "e0");
			NEED(right(text));
			snprintf(text, sizeof text, "%" PRIu64 "0e-1", (m << shift) + (uint64_t)d);
			NEED(right(text));
		}
	}
}

/* The middle between two doubles of any size, in all its digits and in few: exact, as a long double has 64 bits. */
static void ties_of_any_size(void)
{
	char text[1200];
	long double middle;
	double f, next;
	int i, digits;

	for (i = 0; i < 30000; i++) {
		/* most of them where numbers usually are */
		f = of_bits(i % 8 ? (uint64_t)(1023 - 70 + below(140)) << 52 | any() >> 12 : any() >> 1);
		if (f - f != 0 || f > 1e308)
			continue;
		next = of_bits(bits_of(f) + 1);
		middle = ((long double)f + next) / 2;
		for (digits = 15; digits < 21; digits++) {
			snprintf(text, sizeof text, "%.*Le", digits - 1, middle);
			NEED(right(text));
		}
		if (f >= 1e-18 && f < 1e18) {
			snprintf(text, sizeof text, "%.80Lf", middle);
			NEED(right(text));
			text[strlen(text) - 1] = '1';		/* a little more */
			NEED(right(text));
			snprintf(text, sizeof text, "%.*Lf", (int)below(17), middle);
			if (strchr(text, '.'))
				NEED(right(text));
		}
	}
}

static void subnormals(void)
{
	static const char *rows[] = {
		"2.2250738585072011e-308", "2.2250738585072012e-308", "2.2250738585072013e-308",
		"2.2250738585072014e-308", "4.9406564584124654e-324", "2.4703282292062327e-324",
		"2.4703282292062328e-324", "1e-323", "7.4109846876186981e-324", "7.4109846876186982e-324",
		"1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1e309",
	};
	char text[100];
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK(right(rows[i]));
	for (i = 0; i < 20000; i++) {
		snprintf(text, sizeof text, "%.*e", (int)below(20), of_bits(any() >> (12 + below(50))));
		NEED(right(text));
	}
}

/* so many digits, the point anywhere among or before them, and an exponent or none */
static void any_number(void)
{
	char digits[32], text[100];
	int i, n, point, len;

	for (i = 0; i < 1000000; i++) {
		n = 1 + (int)below(20);
		len = snprintf(digits, sizeof digits, "%020" PRIu64, any()) - n;
		point = (int)below((uint64_t)n + 1);
		/* no zero in front: a whole part of one that is lost would be another number */
		if (point == 0 || digits[len] == '0')
			snprintf(text, sizeof text, "-0.%s", digits + len);
		else if (point < n)
			snprintf(text, sizeof text, "%.*s.%s", point, digits + len, digits + len + point);
		else
			snprintf(text, sizeof text, "%se0", digits + len);
		if (i % 2 && !strchr(text, 'e'))
			sprintf(text + strlen(text), "e%d", (int)below(i % 4 == 1 ? 44 : 640) - (i % 4 == 1 ? 22 : 330));
		NEED(right(text));
	}
}

/* what is written is read back as it was, with 17 digits and with those we find */
static void any_double(void)
{
	struct buf out = BUF_INIT(1000);
	char text[100];
	double f;
	int i;

	for (i = 0; i < 200000; i++) {
		f = of_bits(i % 2 ? any() : (uint64_t)(1023 - 64 + below(128)) << 52 | any() >> 12);
		if (f - f != 0)
			continue;
		snprintf(text, sizeof text, "%.*e", 14 + i % 3, f);
		NEED(right(text));
		node_reset(&nd);
		buf_reset(&out);
		NEED(node_float(&nd, f) == 0 && codec_encode(CID_DAG_JSON, &nd, 0, &out) == 0);
		NEED(bits_of(strtod((char *)out.data, NULL)) == bits_of(f));
	}
	buf_clear(&out);
}

int main(void)
{
	RUN(neighbours_of_2_to_the_53);
	RUN(whole_ties);
	RUN(ties_of_any_size);
	RUN(subnormals);
	RUN(any_number);
	RUN(any_double);
	node_clear(&nd);
	return UNIT_END();
}
