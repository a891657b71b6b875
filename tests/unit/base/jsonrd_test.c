/* jsonrd_test.c - JSON text as it streams by */
#include <time.h>

#include "base/jsonrd.h"
#include "tests/unit/feed.h"
#include "tests/unit/unit.h"

/* the tokens as text: { } [ ] k"name" s"text" n12 t f z | and . at the end; 0, or the error */
static int tokens(struct span text, size_t step, int lines, size_t max, struct buf *out)
{
	static const char sign[] = ".{}[]ksntfz|";
	struct feed f = { text, step, 0 };
	struct jsonrd j;
	int t;

	jsonrd_init(&j, feed_read, &f, max);
	j.lines = lines;
	do {
		t = jsonrd_next(&j);
		if (t < 0)
			break;
		buf_u8(out, (uint8_t)sign[t]);
		if (t == JSONRD_KEY || t == JSONRD_STRING || t == JSONRD_NUMBER)
			buf_printf(out, "<%s>", j.text.len ? (char *)j.text.data : "");
	} while (t > 0);
	jsonrd_clear(&j);
	return t;
}

/* the same whatever the pieces */
static int reads(const char *text, int lines, const char *want)
{
	static const size_t steps[] = { 1, 2, 3, 7, 1 << 20 };
	size_t i, n = 0;
	struct buf b = BUF_INIT(1 << 20);

	for (i = 0; i < sizeof steps / sizeof *steps; i++) {
		buf_reset(&b);
		n += tokens(span_str(text), steps[i], lines, 1000, &b) == 0 && b.data && !strcmp((char *)b.data, want);
	}
	if (n < i)
		printf("# \"%s\" is \"%s\"\n", text, b.data ? (char *)b.data : "");
	buf_clear(&b);
	return n == i;
}

/* an error, and what it says */
static int fails(const char *text, int lines, int code, const char *says)
{
	static const size_t steps[] = { 1, 5, 1 << 20 };
	struct buf b = BUF_INIT(1 << 20);
	size_t i, n = 0;

	for (i = 0; i < 3; i++) {
		buf_reset(&b);
		n += tokens(span_str(text), steps[i], lines, 1000, &b) == code && strstr(err_text(), says) != NULL;
	}
	if (n < i)
		printf("# \"%s\": %s\n", text, err_text());
	buf_clear(&b);
	return n == i;
}

static void values(void)
{
	CHECK(reads("{}", 0, "{}."));
	CHECK(reads(" [ ] ", 0, "[]."));
	CHECK(reads("0", 0, "n<0>."));
	CHECK(reads("\t\r\n-12.50e+3 ", 0, "n<-12.50e+3>."));
	CHECK(reads("true", 0, "t."));
	CHECK(reads("[true,false,null]", 0, "[tfz]."));
	CHECK(reads("\"\"", 0, "s<>."));
	CHECK(reads("{\"a\":[1,{\"b\":\"c\"},[]],\"\":2}", 0, "{k<a>[n<1>{k<b>s<c>}[]]k<>n<2>}."));
	CHECK(reads("{ \"a\" : 1 , \"a\" : 2 }", 0, "{k<a>n<1>k<a>n<2>}."));
	CHECK(reads("[0,-0,0.0,1e5,1E-5,123456789012345678901234567890]", 0,
		    "[n<0>n<-0>n<0.0>n<1e5>n<1E-5>n<123456789012345678901234567890>]."));
}

static void strings(void)
{
	CHECK(reads("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\"", 0,
		    "s<\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac>."));
	CHECK(reads("\"\\ud83d\\ude00 \xf0\x9f\x98\x80\"", 0, "s<\xf0\x9f\x98\x80 \xf0\x9f\x98\x80>."));
	CHECK(reads("\"longer than eight bytes \xc3\xa9 and more than sixteen\"", 0,
		    "s<longer than eight bytes \xc3\xa9 and more than sixteen>."));
	CHECK(fails("\"\\ud83d\"", 0, ERR_INVALID, "byte 1: the first half"));
	CHECK(fails("\"\\ud83d\\u0041\"", 0, ERR_INVALID, "byte 1: the first half"));
	CHECK(fails("\"a\\ude00\"", 0, ERR_INVALID, "byte 2: the second half"));
	CHECK(fails("\"\\x41\"", 0, ERR_INVALID, "byte 1: an escape that"));
	CHECK(fails("\"\\u00g0\"", 0, ERR_INVALID, "four hex digits"));
	CHECK(fails("\"\\u00", 0, ERR_INVALID, "four hex digits"));
	CHECK(fails("\"abc", 0, ERR_INVALID, "without end"));
	CHECK(fails("\"abc\\", 0, ERR_INVALID, "without end"));
	CHECK(fails("\"abc\xe2\x82", 0, ERR_INVALID, "without end"));
	CHECK(fails("\"a\nb\"", 0, ERR_INVALID, "byte 2: a control"));
	CHECK(fails("\"a\xff\"", 0, ERR_INVALID, "not UTF-8"));
	CHECK(fails("\"\xe2\x82\"", 0, ERR_INVALID, "not UTF-8"));
	CHECK(fails("\"\xe2\\u0082\xac\"", 0, ERR_INVALID, "not UTF-8"));
	CHECK(fails("\"\xed\xa0\x80\"", 0, ERR_INVALID, "not UTF-8"));
	CHECK(fails("\"0123456789abcdef0123456789\xc0\x80\"", 0, ERR_INVALID, "not UTF-8"));
}

static void what_is_no_json(void)
{
	static const char *const text[] = {
		"", " ", "[", "{", "[1", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "[1,", "[1,]", "{\"a\":1,}", "{,}", "[,1]",
		"{1:2}", "{'a':1}", "{a:1}", "[1 2]", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "]", "}", "[}", "{]", "[1}", "{\"a\":1]",
		"01", "-", "+1", ".5", "1.", "1e", "1e+", "1.e1", "-a", "0x10", "1_0", "NaN", "Infinity", "-Infinity",
		"tru", "truE", "True", "nul", "nulll", "truefalse", "1 2", "{} {}", "{}x", "// c\n1", "/* c */1", "\xef\xbb\xbf{}",
		"\"a\"\"b\"", "[1]]", "\f1", "\v1", "1\f", "\xa0", "1a", "1.5.5", "1ee5", "00", "-01", "[1:2]"
	};
	size_t i;

	for (i = 0; i < sizeof text / sizeof *text; i++)
		CHECK(fails(text[i], 0, ERR_INVALID, "byte "));
	CHECK(fails("{\"a\":1,\"b\" 2}", 0, ERR_INVALID, "byte 11: no :"));
	CHECK(fails("[1,2,,3]", 0, ERR_INVALID, "byte 5: no JSON value"));
	CHECK(fails("{} {}", 0, ERR_INVALID, "byte 3: text behind"));
}

static void deep(void)
{
	char text[200];
	struct buf b = BUF_INIT(1000);

	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	text[128] = 0;
	CHECK(tokens(span_str(text), 9, 0, 10, &b) == 0 && b.len == 129);
	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	text[130] = 0;
	CHECK(fails(text, 0, ERR_LIMIT, "byte 64: nested deeper than 64"));
	buf_clear(&b);
	/* which of them are objects is remembered at every depth */
	CHECK(reads("[{\"a\":[{\"b\":[[{}]]}]},{}]", 0, "[{k<a>[{k<b>[[{}]]}]}{}]."));
	CHECK(fails("[{\"a\":[{\"b\":[[{}]]]}]},{}]", 0, ERR_INVALID, "byte 18: neither , nor }"));
}

static void lines(void)
{
	CHECK(reads("", 1, "."));
	CHECK(reads("\n \n", 1, "."));
	CHECK(reads("1", 1, "n<1>."));
	CHECK(reads("1\n2\n", 1, "n<1>|n<2>."));
	CHECK(reads("\n{\"a\":1}\r\n\n[2]\n\n", 1, "{k<a>n<1>}|[n<2>]."));
	CHECK(reads("{\n\"a\":\n1}\n2", 1, "{k<a>n<1>}|n<2>."));
	CHECK(fails("1 2", 1, ERR_INVALID, "byte 2: two values on a line"));
	CHECK(fails("{}{}", 1, ERR_INVALID, "two values on a line"));
	CHECK(fails("1\n]", 1, ERR_INVALID, "byte 2"));
	CHECK(fails("{\"a\":\n", 1, ERR_INVALID, "the end"));
}

static void limits_of_text(void)
{
	struct buf b = BUF_INIT(1000);

	CHECK(tokens(span_str("\"12345\""), 2, 0, 5, &b) == 0);
	CHECK_ERR(tokens(span_str("\"123456\""), 2, 0, 5, &b), ERR_LIMIT);
	CHECK_ERR(tokens(span_str("123456"), 100, 0, 5, &b), ERR_LIMIT);
	CHECK_ERR(tokens(span_str("{\"12345\\n\":1}"), 100, 0, 5, &b), ERR_LIMIT);
	buf_clear(&b);
}

/* what is not wanted may be longer than what is */
static void skipped(void)
{
	const char *text = "{\"a\":{\"long name\":[\"long value \xc3\xa9\",{\"long\":12345678901}]},\"b\":\"long value\",\"c\":7}";
	size_t step;

	for (step = 1; step < 40; step++) {
		struct feed f = { span_str(text), step, 0 };
		struct jsonrd j;
		uint64_t v;

		jsonrd_init(&j, feed_read, &f, 4);
		CHECK(jsonrd_next(&j) == JSONRD_OBJECT && j.off == 1);
		CHECK(jsonrd_next(&j) == JSONRD_KEY && j.off == 4);
		CHECK(jsonrd_skip(&j, jsonrd_next(&j)) == 0);
		CHECK(jsonrd_next(&j) == JSONRD_KEY && j.text.len == 1 && *j.text.data == 'b');
		j.drop = 1;
		CHECK(jsonrd_next(&j) == JSONRD_STRING && j.text.len == 0);
		j.drop = 0;
		CHECK(jsonrd_next(&j) == JSONRD_KEY && jsonrd_next(&j) == JSONRD_NUMBER && jsonrd_uint(&j, &v) && v == 7);
		CHECK(jsonrd_next(&j) == JSONRD_OBJECT_END && j.off == strlen(text));
		CHECK(jsonrd_next(&j) == JSONRD_DONE && jsonrd_next(&j) == JSONRD_DONE);
		jsonrd_clear(&j);
	}
}

static void skipped_and_wrong(void)
{
	struct feed f = { span_str("[[\"\xff\"]]"), 3, 0 };
	struct jsonrd j;

	jsonrd_init(&j, feed_read, &f, 4);
	CHECK(jsonrd_next(&j) == JSONRD_ARRAY);
	CHECK_ERR(jsonrd_skip(&j, jsonrd_next(&j)), ERR_INVALID);
	CHECK_ERR(jsonrd_next(&j), ERR_INVALID);		/* and it stays so */
	jsonrd_clear(&j);
}

static void errors_of_read(void)
{
	static const char *const text[] = { "", "[", "\"abc", "12", "tr", "{\"a\"", "\"\\u12", "[1,  " };
	size_t i;

	for (i = 0; i < sizeof text / sizeof *text; i++) {
		struct feed f = { span_str(text[i]), 1, ERR_IO };
		struct jsonrd j;
		int t;

		jsonrd_init(&j, feed_read, &f, 100);
		do
			t = jsonrd_next(&j);
		while (t > 0);
		CHECK(t == ERR_IO);
		jsonrd_clear(&j);
	}
}

static int whole(const char *text, uint64_t *v)
{
	struct jsonrd j = { .text = BUF_INIT(100) };
	int yes;

	buf_str(&j.text, text);
	yes = jsonrd_uint(&j, v);
	jsonrd_clear(&j);
	return yes;
}

static void whole_numbers(void)
{
	uint64_t v = 1;

	CHECK(whole("0", &v) && v == 0);
	CHECK(whole("18446744073709551615", &v) && v == UINT64_MAX);
	CHECK(!whole("18446744073709551616", &v) && !whole("99999999999999999999999", &v));
	CHECK(!whole("-1", &v) && !whole("-0", &v) && !whole("1.0", &v) && !whole("1e2", &v) && !whole("", &v));
}

/* across the edges of what is read at once */
static void long_strings(void)
{
	struct buf text = BUF_INIT(1 << 20), b = BUF_INIT(1 << 20);
	size_t n, i;

	for (n = 16384 - 40; n < 16384 + 10; n++) {
		buf_reset(&text);
		buf_reset(&b);
		buf_u8(&text, '"');
		for (i = 0; i < n; i++)
			buf_u8(&text, 'x');
		buf_str(&text, "\xf0\x9f\x98\x80\\ud83d\\ude00\\n\xc3\xa9\"");
		CHECK(tokens(buf_span(&text), 1 << 20, 0, 1 << 20, &b) == 0);
		CHECK(b.len == 2 + n + 4 + 4 + 1 + 2 + 2 &&
		      !memcmp(b.data + 2 + n, "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\n\xc3\xa9>.", 13));
	}
	buf_clear(&text);
	buf_clear(&b);
}

/* not a test of speed: it says what it is */
static void speed(void)
{
	struct buf text = BUF_INIT(64 << 20);
	struct timespec a, z;
	struct feed f;
	struct jsonrd j;
	double s;
	int i, t;

	buf_u8(&text, '{');
	for (i = 0; i < 100000; i++)
		buf_printf(&text, "%s\"model.layers.%d.mlp.down_proj.weight\":{\"dtype\":\"BF16\",\"shape\":[4096,14336],"
			   "\"data_offsets\":[%d,%d]}", i ? "," : "", i, 117440512 * (i & 15), 117440512 * ((i & 15) + 1));
	buf_u8(&text, '}');
	f = (struct feed){ buf_span(&text), 1 << 20, 0 };
	jsonrd_init(&j, feed_read, &f, 1000);
	clock_gettime(CLOCK_MONOTONIC, &a);
	do
		t = jsonrd_next(&j);
	while (t > 0);
	clock_gettime(CLOCK_MONOTONIC, &z);
	CHECK(t == JSONRD_DONE && j.off == text.len);
	s = (double)(z.tv_sec - a.tv_sec) + (double)(z.tv_nsec - a.tv_nsec) / 1e9;
	printf("# %.0f MB/s\n", (double)text.len / 1e6 / s);
	jsonrd_clear(&j);
	buf_clear(&text);
}

int main(void)
{
	RUN(values);
	RUN(strings);
	RUN(what_is_no_json);
	RUN(deep);
	RUN(lines);
	RUN(limits_of_text);
	RUN(skipped);
	RUN(skipped_and_wrong);
	RUN(errors_of_read);
	RUN(whole_numbers);
	RUN(long_strings);
	RUN(speed);
	return UNIT_END();
}
