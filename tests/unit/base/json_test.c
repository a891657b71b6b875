/* json_test.c - JSON text, and what is UTF-8 */
#include "base/json.h"
#include "tests/unit/unit.h"

static const char *str(struct span s)
{
	static struct buf b = BUF_INIT(1000);

	buf_reset(&b);
	return json_str(&b, s) < 0 ? err_text() : (const char *)b.data;
}

#define FFFD "\xef\xbf\xbd"

static void strings(void)
{
	CHECK_STR(str(span_str("plain")), "\"plain\"");
	CHECK_STR(str(span_str("")), "\"\"");
	CHECK_STR(str(span_str("a\"b\\c/d")), "\"a\\\"b\\\\c/d\"");
	CHECK_STR(str(span_str("\n\t\r\b\x1f\x7f")), "\"\\n\\t\\r\\u0008\\u001f\\u007f\"");
	CHECK_STR(str(span_of("a\0b", 3)), "\"a\\u0000b\"");
	CHECK_STR(str(span_str("é\xe2\x82\xac\xf0\x9f\x9a\x80")), "\"é\xe2\x82\xac\xf0\x9f\x9a\x80\"");
	CHECK_STR(str(span_str("a\xff" "b")), "\"a" FFFD "b\"");
	CHECK_STR(str(span_str("\xc0\x80")), "\"" FFFD FFFD "\"");		/* overlong */
	CHECK_STR(str(span_str("\xe2\x82")), "\"" FFFD FFFD "\"");		/* cut short */
	CHECK_STR(str(span_str("\xed\xa0\x80")), "\"" FFFD FFFD FFFD "\"");	/* surrogate */
}

static void utf8(void)
{
	static const char *good[] = { "", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
				      "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
				      "\xf4\x8f\xbf\xbf" };
	static const char *bad[] = { "\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf",
				     "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
				     "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff", "\xc2",
				     "\xe2\x82", "\xf0\x9f\x9a", "a\xc2z", "\xe2\x28\xa1" };
	char text[40];
	size_t i;
	int n;

	/* at every place of a run of ASCII, which is looked at in words of eight */
	CHECK(utf8_valid(span_of(NULL, 0)));
	for (n = 0; n < 20; n++) {
		for (i = 0; i < sizeof good / sizeof *good; i++) {
			snprintf(text, sizeof text, "%.*s%s", n, "abcdefghijklmnopqrst", good[i]);
			CHECK(utf8_valid(span_str(text)));
		}
		for (i = 0; i < sizeof bad / sizeof *bad; i++) {
			snprintf(text, sizeof text, "%.*s%s", n, "abcdefghijklmnopqrst", bad[i]);
			CHECK(!utf8_valid(span_str(text)));
			strcat(text, "abcdefghijk");
			CHECK(!utf8_valid(span_str(text)));
		}
	}
}

static void objects(void)
{
	struct buf b = BUF_INIT(1000);

	CHECK(buf_u8(&b, '{') == 0);
	CHECK(json_field(&b, "a{", span_str("x{")) == 0);	/* a brace in a string is text */
	CHECK(json_num(&b, "n", UINT64_MAX) == 0);
	CHECK(json_bool(&b, "t", 1) == 0 && json_bool(&b, "f", 0) == 0);
	CHECK(json_key(&b, "o") == 0 && buf_u8(&b, '{') == 0);
	CHECK(json_num(&b, "i", 0) == 0 && buf_str(&b, "}}") == 0);
	CHECK_STR((char *)b.data, "{\"a{\":\"x{\",\"n\":18446744073709551615,\"t\":true,\"f\":false,"
		  "\"o\":{\"i\":0}}");
	b.max = b.len;
	CHECK_ERR(json_str(&b, span_str("x")), ERR_LIMIT);
	CHECK_ERR(json_num(&b, "x", 1), ERR_LIMIT);
	CHECK_ERR(json_field(&b, "x", span_str("")), ERR_LIMIT);
	buf_clear(&b);
}

int main(void)
{
	RUN(strings);
	RUN(utf8);
	RUN(objects);
	return UNIT_END();
}
