/* rd_test.c - read within bounds, remember the first failure */
#include "base/rd.h"
#include "tests/unit/unit.h"

static void words(void)
{
	struct rd r = rd_from(unit_hex("01" "0203" "04050607" "08090a0b0c0d0e0f" "10111213"
				       "1415161718191a1b" "aabbcc"));

	CHECK(rd_u8(&r) == 1 && rd_le16(&r) == 0x0302 && rd_le32(&r) == 0x07060504);
	CHECK(rd_le64(&r) == 0x0f0e0d0c0b0a0908 && rd_be32(&r) == 0x10111213);
	CHECK(rd_be64(&r) == 0x1415161718191a1b);
	CHECK(rd_ok(&r) && !rd_done(&r));
	CHECK(rd_bytes(&r, 1).p[0] == 0xaa);
	CHECK(span_equal(rd_rest(&r), unit_hex("bbcc")));
	CHECK(rd_done(&r) && rd_rest(&r).len == 0 && rd_done(&r));
}

static void first_failure(void)
{
	struct rd r = rd_from(unit_hex("0102"));

	CHECK(rd_le32(&r) == 0 && !rd_ok(&r));
	CHECK_STR(r.bad, "truncated");
	CHECK(rd_u8(&r) == 0 && rd_bytes(&r, 1).len == 0 && rd_uvarint(&r) == 0);
	rd_fail(&r, "later");
	CHECK_STR(r.bad, "truncated");
	CHECK(!rd_done(&r));
	r = rd_from(unit_hex("0102"));
	CHECK(rd_bytes(&r, UINT64_MAX).len == 0 && !rd_ok(&r));
	r = rd_from(span_of(NULL, 0));
	CHECK(rd_done(&r) && rd_bytes(&r, 0).len == 0 && rd_done(&r));
	rd_fail(&r, "why");
	CHECK_STR(r.bad, "why");
}

/* protobuf varints: 10 bytes, 64 bits, longer forms than needed are read */
static void varints(void)
{
	struct rd r = rd_from(unit_hex("00" "8000" "ac02" "ffffffffffffffffff01"
				       "80808080808080808000"));

	CHECK(rd_varint(&r) == 0 && rd_varint(&r) == 0 && rd_varint(&r) == 300);
	CHECK(rd_varint(&r) == UINT64_MAX && rd_varint(&r) == 0 && rd_done(&r));
	r = rd_from(unit_hex("ffffffffffffffffff02"));
	CHECK(rd_varint(&r) == 0 && !rd_ok(&r));
	r = rd_from(unit_hex("8080808080808080808001"));
	CHECK(rd_varint(&r) == 0 && !rd_ok(&r));
	r = rd_from(unit_hex("8080"));
	CHECK(rd_varint(&r) == 0 && !rd_ok(&r));
}

int main(void)
{
	RUN(words);
	RUN(first_failure);
	RUN(varints);
	return UNIT_END();
}
