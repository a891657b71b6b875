#include "cartest.h"

static void records(void)
{
	struct ops_car_verify v = { .version = 2, .indexed = 1, .n_roots = 3, .n_blocks = 4, .bytes = UINT64_MAX };
	struct ops_car_counts n = { 1, 2, 3, 4, 5 };
	struct buf out = BUF_INIT(4096);
	struct car_section s = { .data = span_str("x"), .off = 59, .len = 6 };

	NEED(cid_parse(span_str("bafkqaaa"), &s.cid, NULL) == 0);
	CHECK(ops_car_section_text(&s, 0, &out) == 0);
	CHECK_STR((char *)out.data, "bafkqaaa\t64\t1");
	buf_reset(&out);
	CHECK(ops_car_section_text(&s, 1, &out) == 0);
	CHECK_STR((char *)out.data, "{\"cid\":\"bafkqaaa\",\"offset\":64,\"length\":1,\"section_offset\":59,"
		  "\"section_length\":6}");
	buf_reset(&out);
	CHECK(ops_car_counts_json(&n, &out) == 0);
	CHECK_STR((char *)out.data, "{\"files\":1,\"blocks\":2,\"bytes\":3,\"new_blocks\":4,\"new_bytes\":5}");
	buf_reset(&out);
	CHECK(ops_car_missing_text("a\"b", &s.cid, OPS_JSON, &out) == 0);
	CHECK_STR((char *)out.data, "{\"file\":\"a\\\"b\",\"missing\":\"bafkqaaa\"}");
	buf_reset(&out);
	CHECK(ops_car_verify_text("f", &v, OPS_JSON, &out) == 0);
	CHECK_STR((char *)out.data, "{\"file\":\"f\",\"ok\":true,\"version\":2,\"packed\":false,\"indexed\":true,"
		  "\"roots\":3,\"blocks\":4,\"bytes\":18446744073709551615}");
	buf_reset(&out);
	v.n_missing = 1;
	CHECK(ops_car_verify_text("f", &v, OPS_JSON, &out) == 0);
	CHECK(strstr((char *)out.data, "\"ok\":false"));
	buf_reset(&out);
	CHECK(ops_car_piece_json("p-0001.car", 7, 8, &out) == 0);
	CHECK_STR((char *)out.data, "{\"file\":\"p-0001.car\",\"bytes\":7,\"blocks\":8}");
	buf_reset(&out);
	out.max = 10;
	CHECK_ERR(ops_car_piece_json("p-0001.car", 7, 8, &out), ERR_LIMIT);
	buf_clear(&out);
}

static void lines(void)
{
	struct ops_car_verify v = { .version = 1 };
	struct buf out = BUF_INIT(4096);
	struct cid cid;

	NEED(cid_parse(span_str("bafkqaaa"), &cid, NULL) == 0);
	CHECK(ops_car_missing_text("a\nb", &cid, OPS_TEXT, &out) == 0);
	CHECK_STR((char *)out.data, "a\\nb\tmissing\tbafkqaaa");
	buf_reset(&out);
	CHECK(ops_car_missing_text("a\nb", &cid, OPS_PLAIN, &out) == 0);
	CHECK_STR((char *)out.data, "a\nb\tmissing\tbafkqaaa");
	buf_reset(&out);
	CHECK(ops_car_verify_text("a\nb", &v, OPS_TEXT, &out) == 0);
	CHECK_STR((char *)out.data, "a\\nb\tok");
	buf_clear(&out);
}

int main(void)
{
	RUN(records);
	RUN(lines);
	return UNIT_END();
}
