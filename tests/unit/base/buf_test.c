/* buf_test.c - owned bytes under a ceiling */
#include "tests/unit/unit.h"

static void grows(void)
{
	struct buf b = BUF_INIT(SIZE_MAX - 1);
	int i;

	for (i = 0; i < 10000; i++) {
		CHECK(buf_u8(&b, (unsigned)i) == 0);
		CHECK(b.data[b.len] == 0);
	}
	CHECK(b.len == 10000 && b.data[300] == (300 & 0xff));
	buf_reset(&b);
	CHECK(b.len == 0 && b.data[0] == 0 && b.cap >= 10000);
	buf_clear(&b);
	CHECK(!b.data && !b.len && !b.cap && b.max == SIZE_MAX - 1);
	buf_clear(&b);
}

static void ceiling(void)
{
	struct buf b = BUF_INIT(10);

	CHECK(buf_str(&b, "0123456") == 0);
	CHECK_ERR(buf_str(&b, "789a"), ERR_LIMIT);
	CHECK_STR((char *)b.data, "0123456");
	CHECK_ERR(buf_printf(&b, "%d", 1234), ERR_LIMIT);
	CHECK_STR((char *)b.data, "0123456");
	CHECK_ERR(buf_le32(&b, 1), ERR_LIMIT);
	CHECK_ERR(buf_reserve(&b, SIZE_MAX), ERR_LIMIT);
	CHECK(buf_str(&b, "789") == 0 && b.len == 10);
	CHECK_ERR(buf_u8(&b, 0), ERR_LIMIT);
	CHECK(buf_add(&b, span_of(NULL, 0)) == 0);
	CHECK(b.cap <= 11);
	buf_clear(&b);
	b = BUF_INIT(0);
	CHECK_ERR(buf_u8(&b, 0), ERR_LIMIT);
	CHECK(buf_add(&b, span_of(NULL, 0)) == 0 && b.len == 0);
	buf_clear(&b);
}

static void words(void)
{
	struct buf b = BUF_INIT(1000);

	CHECK(buf_le16(&b, 0x0102) == 0 && buf_le32(&b, 0x03040506) == 0);
	CHECK(buf_le64(&b, 0x0708090a0b0c0d0e) == 0 && buf_be32(&b, 0x0f101112) == 0);
	CHECK(buf_be64(&b, 0x131415161718191a) == 0);
	CHECK(span_equal(buf_span(&b), unit_hex("0201" "06050403" "0e0d0c0b0a090807" "0f101112"
						"131415161718191a")));
	buf_reset(&b);
	CHECK(buf_varint(&b, 0) == 0 && buf_varint(&b, 300) == 0 && buf_varint(&b, UINT64_MAX) == 0);
	CHECK(span_equal(buf_span(&b), unit_hex("00" "ac02" "ffffffffffffffffff01")));
	CHECK(varint_len(0) == 1 && varint_len(127) == 1 && varint_len(128) == 2);
	CHECK(varint_len(UINT64_MAX) == 10 && varint_len(INT64_MAX) == 9);
	buf_reset(&b);
	CHECK(buf_printf(&b, "%s-%d", "a", 7) == 0 && buf_printf(&b, "%s", "") == 0);
	CHECK_STR((char *)b.data, "a-7");
	buf_clear(&b);
}

static void take(void)
{
	struct buf b = BUF_INIT(10);
	char *p = buf_take(&b);

	CHECK(p && !*p);		/* of nothing: an empty string */
	free(p);
	CHECK(buf_str(&b, "word") == 0);
	p = buf_take(&b);
	CHECK_STR(p, "word");
	CHECK(!b.data && b.len == 0 && b.max == 10);
	free(p);
}

static void spans(void)
{
	struct span a = span_str("abc"), ab = span_of("abc", 2), none = span_of(NULL, 0);

	CHECK(span_cmp(ab, a) < 0 && span_cmp(a, ab) > 0 && span_cmp(a, a) == 0);
	CHECK(span_cmp(span_str("b"), a) > 0 && span_cmp(none, a) < 0 && span_cmp(none, none) == 0);
	CHECK(span_cmp(span_str("\xff"), span_str("a")) > 0);		/* bytes have no sign */
	CHECK(span_equal(none, span_of("", 0)) && !span_equal(a, ab));
}

int main(void)
{
	RUN(grows);
	RUN(ceiling);
	RUN(words);
	RUN(take);
	RUN(spans);
	return UNIT_END();
}
