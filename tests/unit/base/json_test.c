/* json_test.c - JSON text */
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
	RUN(objects);
	return UNIT_END();
}
