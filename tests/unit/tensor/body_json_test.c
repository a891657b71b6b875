/* body_json_test.c - slices as JSON */
#include "body.h"

static const char *json(enum tensor_dtype to, const char *slice)
{
	if (make(TENSOR_FORM_JSON, to, slice, NULL) < 0)
		return err_text();
	if (whole.len && whole.data[whole.len - 1] == '\n')
		whole.data[whole.len - 1] = 0;
	else
		return "no newline";
	return (const char *)whole.data;
}

static void json_shapes(void)
{
	static const uint8_t count[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };

	put_tensor("U8", "12", count, 12);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[0,1,2,3,4,5,6,7,8,9,10,11]");
	CHECK_STR(json(TENSOR_DTYPES, "3"), "3");
	CHECK_STR(json(TENSOR_DTYPES, "3:3"), "[]");
	CHECK_STR(json(TENSOR_DTYPES, "::-5"), "[11,6,1]");
	put_tensor("U8", "2,3,2", count, 12);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[[[0,1],[2,3],[4,5]],[[6,7],[8,9],[10,11]]]");
	CHECK_STR(json(TENSOR_DTYPES, ":,1,:"), "[[2,3],[8,9]]");
	CHECK_STR(json(TENSOR_DTYPES, ":,1:2,1:2"), "[[[3]],[[9]]]");
	CHECK_STR(json(TENSOR_DTYPES, ":,0:0"), "[[],[]]");
	CHECK_STR(json(TENSOR_DTYPES, ":,:,0:0"), "[[[],[],[]],[[],[],[]]]");
	CHECK_STR(json(TENSOR_DTYPES, "0:0"), "[]");
	put_tensor("U8", "1,1,1,1", count + 7, 1);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[[[[7]]]]");
	put_tensor("U8", "", count + 7, 1);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "7");
	put_tensor("U8", "3000000000,1000,0", count, 0);
	CHECK_ERR(make(TENSOR_FORM_JSON, TENSOR_DTYPES, NULL, NULL), ERR_LIMIT);
	CHECK(make(TENSOR_FORM_ARROW, TENSOR_DTYPES, NULL, NULL) == 0);
	CHECK_STR(json(TENSOR_DTYPES, "1:4,5:7"), "[[[],[]],[[],[]],[[],[]]]");
}

static void json_numbers(void)
{
	put_tensor("F32", "8", unit_hex("cdcccc3d" "0000803f" "000000c0" "0000c07f"
					"0000807f" "000080ff" "00000080" "01000000").p, 32);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[0.1,1,-2,null,null,null,-0,1e-45]");
	CHECK_STR(json(TENSOR_F64, "0:2"), "[0.10000000149011612,1]");
	put_tensor("F64", "3", unit_hex("9a9999999999b93f" "000000000000f87f" "000000000000f0ff").p, 24);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[0.1,null,null]");
	CHECK_STR(json(TENSOR_F32, NULL), "[0.1,null,null]");
	put_tensor("F16", "4", unit_hex("662e" "007c" "0100" "00bc").p, 8);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[0.099975586,null,5.9604645e-8,-1]");
	put_tensor("BF16", "2", unit_hex("cd3d" "c07f").p, 4);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[0.100097656,null]");
	put_tensor("F4", "16", unit_hex("1032547698badcfe").p, 8);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[0,0.5,1,1.5,2,3,4,6,-0,-0.5,-1,-1.5,-2,-3,-4,-6]");
	put_tensor("F6_E3M2", "4", unit_hex("5ff817").p, 3);	/* 31, 33, 63, 5 */
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[28,-0.0625,-28,0.3125]");
	put_tensor("F8_E4M3", "3", unit_hex("7e7f01").p, 3);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[448,null,0.001953125]");
	put_tensor("BOOL", "3", unit_hex("010002").p, 3);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[true,false,true]");
	put_tensor("I8", "3", unit_hex("807f00").p, 3);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[-128,127,0]");
	put_tensor("I64", "2", unit_hex("0000000000000080" "ffffffffffffffff").p, 16);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[-9223372036854775808,-1]");
	put_tensor("U64", "1", unit_hex("ffffffffffffffff").p, 8);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[18446744073709551615]");
	put_tensor("I32", "1", unit_hex("feffffff").p, 4);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[-2]");
	put_tensor("C64", "2", unit_hex("0000803f00000040" "cdcccc3d0000c07f").p, 16);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[[1,2],[0.1,null]]");
	put_npy("'<c16'", "1,", unit_hex("9a9999999999b93f000000000000f87f").p, 16);
	CHECK_STR(json(TENSOR_DTYPES, NULL), "[[0.1,null]]");
}

/* more text than fits at once */
static void json_long(void)
{
	struct buf want = BUF_INIT(8u << 20);
	size_t i, k;
	char *got;

	put_tensor("U32", "300,250", bytes, 300 * 250 * 4);
	for (i = 0; i < 300; i++)
		for (k = 0; k < 250; k++) {
			uint32_t v;

			memcpy(&v, bytes + 4 * (250 * i + k), 4);
			CHECK(buf_printf(&want, "%s%" PRIu32 "%s", k ? "," : i ? ",[" : "[[", v,
					 k < 249 ? "" : i < 299 ? "]" : "]]") == 0);
		}
	got = (char *)(uintptr_t)json(TENSOR_DTYPES, NULL);
	CHECK(strlen(got) == want.len && !memcmp(got, want.data, want.len));
	buf_clear(&want);
}

int main(void)
{
	body_start();
	RUN(json_shapes);
	RUN(json_numbers);
	RUN(json_long);
	body_end();
	return UNIT_END();
}
