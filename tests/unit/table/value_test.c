/* value_test.c - texts as values of every type, and what a column of texts may be */
#include "table/table_priv.h"
#include "text.h"

/* text as a value of that type: as text again, "no" or "range" */
static const char *as(const char *type, const char *text)
{
	static char says[64];
	struct table_type t;
	uint8_t v[8] = { 0 };
	const uint8_t *p = (const uint8_t *)text, *end = p + strlen(text);
	int64_t wide;
	double f;
	float g;
	uint16_t h;
	int rc, bits;

	if (table_type_parse(&t, span_str(type)) < 0)
		return err_text();
	switch (t.type) {
	case ARROW_INT: rc = value_int(&t, p, end, v); break;
	case ARROW_FLOAT: rc = value_float(&t, p, end, v); break;
	case ARROW_BOOL: rc = value_bool(&t, p, end, v); break;
	case ARROW_DATE: rc = value_date(&t, p, end, v); break;
	default: rc = value_time(&t, p, end, v);
	}
	if (rc != 1)
		return rc == VALUE_RANGE ? "range" : "no";
	memcpy(&wide, v, 8);
	memcpy(&f, v, 8);
	memcpy(&g, v, 4);
	memcpy(&h, v, 2);
	bits = t.type == ARROW_INT ? t.bits : t.type == ARROW_DATE && t.unit == 0 ? 32 : t.type == ARROW_BOOL ? 8 : 64;
	if (t.type == ARROW_FLOAT && t.bits == 16)
		snprintf(says, sizeof says, "%04x", h);
	else if (t.type == ARROW_FLOAT)
		snprintf(says, sizeof says, "%.17g", t.bits == 32 ? (double)g : f);
	else if (t.type == ARROW_INT && !t.is_signed)
		snprintf(says, sizeof says, "%" PRIu64, (uint64_t)wide & (UINT64_MAX >> (64 - bits)));
	else
		snprintf(says, sizeof says, "%" PRId64, (int64_t)((uint64_t)wide << (64 - bits)) >> (64 - bits));
	return says;
}

static void ints(void)
{
	static const struct { const char *type, *text, *says; } c[] = {
		{ "int8", "127", "127" }, { "int8", "-128", "-128" }, { "int8", "128", "range" }, { "int8", "-129", "range" },
		{ "int16", "-32768", "-32768" }, { "int16", "32768", "range" }, { "int32", "2147483647", "2147483647" },
		{ "int32", "-2147483649", "range" }, { "int64", "9223372036854775807", "9223372036854775807" },
		{ "int64", "-9223372036854775808", "-9223372036854775808" }, { "int64", "9223372036854775808", "range" },
		{ "int64", "-9223372036854775809", "range" }, { "int64", "123456789012345678901234567890", "range" },
		{ "uint8", "255", "255" }, { "uint8", "256", "range" }, { "uint8", "-1", "range" }, { "uint8", "-0", "0" },
		{ "uint16", "65535", "65535" }, { "uint32", "4294967295", "4294967295" }, { "uint32", "4294967296", "range" },
		{ "uint64", "18446744073709551615", "18446744073709551615" }, { "uint64", "18446744073709551616", "range" },
		{ "uint64", "28446744073709551615", "range" }, { "uint64", "00000000000000000000000000000000007", "7" },
		{ "uint64", "10000000000000000000", "10000000000000000000" }, { "int64", "+5", "5" },
		{ "int64", " \t5 ", "5" },
		{ "int64", "", "no" }, { "int64", "-", "no" }, { "int64", "+", "no" }, { "int64", "1.0", "no" },
		{ "int64", "1e3", "no" },
		{ "int64", "0x10", "no" }, { "int64", "5 5", "no" }, { "int64", "--5", "no" }, { "int64", "12345678a", "no" },
		{ "int64", "1,000", "no" }, { "int64", "\xd9\xa3", "no" },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++)
		CHECK_STR(as(c[i].type, c[i].text), c[i].says);
}

static void floats(void)
{
	static const struct { const char *type, *text, *says; } c[] = {
		{ "float64", "0.1", "0.10000000000000001" }, { "float64", "-0", "-0" }, { "float64", "1e308", "1e+308" },
		{ "float64", "1.7976931348623157e308", "1.7976931348623157e+308" }, { "float64", "1.8e308", "range" },
		{ "float64", "5e-324", "4.9406564584124654e-324" }, { "float64", "1e-400", "0" }, { "float64", ".5", "0.5" },
		{ "float64", "5.", "5" }, { "float64", "5.e1", "50" }, { "float64", "+1.5E+2", "150" },
		{ "float64", " 1 ", "1" },
		{ "float64", "nan", "nan" }, { "float64", "NaN", "nan" }, { "float64", "INF", "inf" },
		{ "float64", "-Infinity", "-inf" },
		{ "float64", ".", "no" }, { "float64", "e5", "no" }, { "float64", "1e", "no" }, { "float64", "1e+", "no" },
		{ "float64", "1.2.3", "no" }, { "float64", "1d5", "no" }, { "float64", "infinit", "no" },
		{ "float64", "", "no" },
		{ "float64", "-", "no" }, { "float64", "0x1p3", "no" }, { "float64", "1_0", "no" },
		{ "float32", "16777217", "16777216" }, { "float32", "16777217.0000001", "16777218" },
		{ "float32", "3.5e38", "range" },
		{ "float32", "1e-50", "0" }, { "float32", "-inf", "-inf" }, { "float32", "0.1", "0.10000000149011612" },
		{ "float16", "1", "3c00" }, { "float16", "-2", "c000" }, { "float16", "65504", "7bff" },
		{ "float16", "65519.99", "7bff" },
		{ "float16", "65520", "range" }, { "float16", "6e-8", "0001" }, { "float16", "2.98e-8", "0000" },
		{ "float16", "2.99e-8", "0001" },
		{ "float16", "0.00006103515625", "0400" }, { "float16", "6.1e-5", "03ff" }, { "float16", "2049", "6800" },
		{ "float16", "2051", "6802" }, { "float16", "0.333251953125", "3555" }, { "float16", "inf", "7c00" },
		{ "float16", "-nan", "fe00" },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++)
		CHECK_STR(as(c[i].type, c[i].text), c[i].says);
}

/* every half comes back from the decimals of itself */
static void halves(void)
{
	char text[64], says[8];
	uint32_t h;

	for (h = 0; h < 0x7c00; h++) {
		int e = (int)(h >> 10);
		double m = h & 0x3ff, f = e ? (1024 + m) / 1024 : m / 1024;
		int n = e ? e - 15 : -14;

		for (; n > 0; n--)
			f *= 2;
		for (; n < 0; n++)
			f /= 2;
		snprintf(text, sizeof text, "%.12g", f);
		snprintf(says, sizeof says, "%04x", h);
		CHECK_STR(as("float16", text), says);
	}
}

static void times(void)
{
	static const struct { const char *type, *text, *says; } c[] = {
		{ "date32", "1970-01-01", "0" }, { "date32", "1969-12-31", "-1" }, { "date32", "0000-03-01", "-719468" },
		{ "date32", "9999-12-31", "2932896" }, { "date32", "2000-02-29", "11016" }, { "date32", "1900-02-29", "no" },
		{ "date32", "2024-13-01", "no" }, { "date32", "2024-00-01", "no" }, { "date32", "2024-04-31", "no" },
		{ "date32", "2024-1-1", "no" }, { "date32", "2024-01-01T00:00", "no" }, { "date32", " 2024-01-01 ", "19723" },
		{ "date64", "1970-01-02", "86400000" }, { "date64", "1969-12-31", "-86400000" },
		{ "timestamp[s]", "1970-01-01", "0" }, { "timestamp[s]", "1970-01-01T00:01", "60" },
		{ "timestamp[s]", "1970-01-01 00:01:01.000", "61" }, { "timestamp[s]", "1970-01-01 00:01:01.5", "range" },
		{ "timestamp[ms]", "1969-12-31 23:59:59.999", "-1" }, { "timestamp[us]", "1969-12-31t23:59:59,5", "-500000" },
		{ "timestamp[ns]", "2262-04-11T23:47:16.854775807", "9223372036854775807" },
		{ "timestamp[ns]", "2262-04-11T23:47:16.854775808", "range" },
		{ "timestamp[ns]", "1677-09-21T00:12:43.145224192", "-9223372036854775808" },
		{ "timestamp[ns]", "1677-09-21T00:12:43.145224191", "range" },
		{ "timestamp[us]", "0001-01-01 00:00:00.000001", "-62135596799999999" },
		{ "timestamp[us]", "2024-01-01 24:00:00", "no" }, { "timestamp[us]", "2024-01-01 23:60:00", "no" },
		{ "timestamp[us]", "2024-01-01 23:59:60", "no" }, { "timestamp[us]", "2024-01-01 23", "no" },
		{ "timestamp[us]", "2024-01-01 23:5", "no" }, { "timestamp[us]", "2024-01-01 23:59:", "no" },
		{ "timestamp[us]", "2024-01-01 23:59:00.", "no" },
		{ "timestamp[us]", "2024-01-01 23:59:00.1234567890", "no" },
		{ "timestamp[us]", "2024-01-01T00:00:00.1234567", "range" },
		{ "timestamp[us]", "2024-01-01T00:00:00Z", "no" },
		{ "timestamp[us,UTC]", "2024-01-01T00:00:00", "no" }, { "timestamp[s,UTC]", "1970-01-01T00:00:00Z", "0" },
		{ "timestamp[s,UTC]", "1970-01-01T02:00:00+02:00", "0" },
		{ "timestamp[s,UTC]", "1970-01-01 00:00-0130", "5400" },
		{ "timestamp[s,UTC]", "1970-01-01 00:00:00+01", "-3600" },
		{ "timestamp[s,UTC]", "1970-01-01 00:00:00+1", "no" },
		{ "timestamp[s,UTC]", "1970-01-01 00:00:00+01:", "no" },
		{ "timestamp[s,UTC]", "1970-01-01 00:00:00+24:00", "no" },
		{ "timestamp[s,UTC]", "1970-01-01 00:00:00+00:60", "no" },
		{ "timestamp[s,UTC]", "1970-01-01 00:00:00ZZ", "no" },
		{ "timestamp[s,UTC]", "1970-01-01", "no" },
		{ "bool", "true", "1" }, { "bool", "False", "0" }, { "bool", "TRUE", "1" }, { "bool", "1", "1" },
		{ "bool", "0", "0" },
		{ "bool", "tRUE", "no" }, { "bool", "yes", "no" }, { "bool", "2", "no" }, { "bool", "", "no" },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++)
		CHECK_STR(as(c[i].type, c[i].text), c[i].says);
}

/* every day of 10000 years follows the one before */
static void days(void)
{
	char text[64], says[32];
	int y, m, d, n = -719528;

	for (y = 0; y < 10000; y++)
		for (m = 1; m <= 12; m++)
			for (d = 1; d <= 31; d++) {
				snprintf(text, sizeof text, "%04d-%02d-%02d", y, m, d);
				if (!strcmp(as("date32", text), "no"))
					continue;
				snprintf(says, sizeof says, "%d", n++);
				NEED(!strcmp(as("date32", text), says));
			}
	CHECK(n == 2932897);
}

/* a column of texts, separated by blanks: its type */
static const char *found(const char *texts)
{
	static struct buf out;
	struct table_type t;
	unsigned seen = 0;

	buf_reset(&out);
	out.max = 1000;
	while (*texts) {
		const char *end = strchrnul(texts, ';');

		seen |= value_seen((const uint8_t *)texts, (const uint8_t *)end);
		texts = *end ? end + 1 : end;
	}
	value_type(seen, &t);
	if (table_type_format(&t, &out) < 0)
		return "?";
	return (const char *)out.data;
}

static void types(void)
{
	static const struct { const char *texts, *type; } c[] = {
		{ "", "utf8" }, { "1;2;-3", "int64" }, { "007", "int64" }, { "+1", "utf8" }, { "1;x", "utf8" },
		{ "1; 2 ", "int64" },
		{ "9223372036854775807;-9223372036854775808", "int64" }, { "9223372036854775808;1", "uint64" },
		{ "9223372036854775808;-1", "utf8" }, { "18446744073709551616", "utf8" }, { "-9223372036854775809", "utf8" },
		{ "18446744073709551616;1.5", "float64" }, { "9223372036854775808;-1.0", "float64" },
		{ "1;2.5;-3e5;nan", "float64" },
		{ "1.8e308", "utf8" }, { "inf;1", "float64" }, { "true;False;TRUE", "bool" }, { "true;1", "utf8" },
		{ "2024-01-01;1999-12-31", "date32" }, { "2024-01-01;2024-01-01 10:00", "timestamp[us]" },
		{ "2024-01-01;5", "utf8" },
		{ "2024-01-01T10:00:00.123456", "timestamp[us]" }, { "2024-01-01T10:00:00.1234567", "timestamp[ns]" },
		{ "2024-01-01T10:00:00.1234567;9999-01-01", "utf8" }, { "9999-01-01 00:00", "timestamp[us]" },
		{ "2024-01-01T10:00:00Z;2024-01-01T10:00:00+02:00", "timestamp[us,UTC]" },
		{ "2024-01-01T10:00:00Z;2024-01-01T10:00:00", "utf8" }, { "2024-01-01T10:00:00Z;2024-01-01", "utf8" },
		{ "2024-02-30", "utf8" }, { " ", "utf8" }, { "-", "utf8" }, { "n", "utf8" }, { "None", "utf8" },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++)
		CHECK_STR(found(c[i].texts), c[i].type);
}

int main(void)
{
	RUN(ints);
	RUN(floats);
	RUN(halves);
	RUN(times);
	RUN(days);
	RUN(types);
	return UNIT_END();
}
