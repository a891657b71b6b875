/* body_arrow_test.c - slices as streams of Arrow: what a reader finds */
#include "tests/unit/ipc.h"
#include "body.h"

static struct ipc ipc;

static const char *arrow_says(void)
{
	if (ipc_read(&ipc, buf_span(&whole)) < 0)
		return ipc.bad;
	return (const char *)ipc.text.data;
}

/* the last buffer of the batch: the values */
static struct span values(void)
{
	return ipc_buffer(&ipc, ipc.n_buffers - 1);
}

/* ---- one column, a row an element ---- */

#define META(shape, dtype) " {tensor_shape=" shape "} {tensor_dtype=" dtype "} {tensor_layout=RowMajor}"

static void arrow_types(void)
{
	static const struct { const char *dtype, *shape; size_t len; const char *says; } c[] = {
		{ "F32", "2,3", 24, "schema" META("2,3", "F32") "\n w float(32)" META("2,3", "F32")
		  "\nbatch 6 nodes 6,0 buffers 0+0 0+24 body 64\nend\n" },
		{ "F64", "", 8, "schema" META("", "F64") "\n w float(64)" META("", "F64")
		  "\nbatch 1 nodes 1,0 buffers 0+0 0+8 body 64\nend\n" },
		{ "F16", "0", 0, "schema" META("0", "F16") "\n w float(16)" META("0", "F16")
		  "\nbatch 0 nodes 0,0 buffers 0+0 0+0 body 0\nend\n" },
		{ "BF16", "32", 64, "schema" META("32", "BF16") "\n w uint(16)" META("32", "BF16")
		  "\nbatch 32 nodes 32,0 buffers 0+0 0+64 body 64\nend\n" },
		{ "F8_E4M3", "65", 65, "schema" META("65", "F8_E4M3") "\n w uint(8)" META("65", "F8_E4M3")
		  "\nbatch 65 nodes 65,0 buffers 0+0 0+65 body 128\nend\n" },
		{ "F8_E8M0", "1", 1, "schema" META("1", "F8_E8M0") "\n w uint(8)" META("1", "F8_E8M0")
		  "\nbatch 1 nodes 1,0 buffers 0+0 0+1 body 64\nend\n" },
		{ "F4", "2,3,2", 6, "schema" META("2,3,2", "F4") "\n w uint(8)" META("2,3,2", "F4")
		  "\nbatch 6 nodes 6,0 buffers 0+0 0+6 body 64\nend\n" },
		{ "F6_E3M2", "8", 6, "schema" META("8", "F6_E3M2") "\n w uint(8)" META("8", "F6_E3M2")
		  "\nbatch 6 nodes 6,0 buffers 0+0 0+6 body 64\nend\n" },
		{ "I8", "3", 3, "schema" META("3", "I8") "\n w int(8)" META("3", "I8")
		  "\nbatch 3 nodes 3,0 buffers 0+0 0+3 body 64\nend\n" },
		{ "U16", "3", 6, "schema" META("3", "U16") "\n w uint(16)" META("3", "U16")
		  "\nbatch 3 nodes 3,0 buffers 0+0 0+6 body 64\nend\n" },
		{ "I32", "3", 12, "schema" META("3", "I32") "\n w int(32)" META("3", "I32")
		  "\nbatch 3 nodes 3,0 buffers 0+0 0+12 body 64\nend\n" },
		{ "I64", "1", 8, "schema" META("1", "I64") "\n w int(64)" META("1", "I64")
		  "\nbatch 1 nodes 1,0 buffers 0+0 0+8 body 64\nend\n" },
		{ "U64", "1", 8, "schema" META("1", "U64") "\n w uint(64)" META("1", "U64")
		  "\nbatch 1 nodes 1,0 buffers 0+0 0+8 body 64\nend\n" },
		{ "C64", "3", 24, "schema" META("3", "C64") "\n w fixed_list(2)" META("3", "C64") "\n  item float(32)"
		  "\nbatch 3 nodes 3,0 6,0 buffers 0+0 0+0 0+24 body 64\nend\n" },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		put_tensor(c[i].dtype, c[i].shape, bytes, c[i].len);
		CHECK(make(TENSOR_FORM_ARROW, TENSOR_DTYPES, NULL, NULL) == 0);
		CHECK_STR(arrow_says(), c[i].says);
		CHECK(span_equal(values(), span_of(bytes, c[i].len)));
	}
}

static void arrow_bools(void)
{
	static const uint8_t b[] = { 1, 0, 0, 1, 0, 1, 1, 0, 255, 0, 1 };

	put_tensor("BOOL", "11", b, 11);
	CHECK(make(TENSOR_FORM_ARROW, TENSOR_DTYPES, NULL, "data") == 0);
	CHECK_STR(arrow_says(), "schema" META("11", "BOOL") "\n data bool" META("11", "BOOL")
		  "\nbatch 11 nodes 11,0 buffers 0+0 0+2 body 64\nend\n");
	CHECK(values().len == 2 && values().p[0] == 0x69 && values().p[1] == 0x05);
	CHECK(make(TENSOR_FORM_ARROW, TENSOR_DTYPES, "::-1", NULL) == 0);
	CHECK_STR(arrow_says(), "schema" META("11", "BOOL") "\n w bool" META("11", "BOOL")
		  "\nbatch 11 nodes 11,0 buffers 0+0 0+2 body 64\nend\n");
	CHECK(values().p[0] == 0xb5 && values().p[1] == 0x04);
	CHECK(make(TENSOR_FORM_ARROW, TENSOR_F32, "8:", NULL) == 0);
	CHECK(strstr(arrow_says(), " w float(32)" META("3", "F32")));
	CHECK(span_equal(values(), unit_hex("0000803f000000000000803f")));
}

static void arrow_rows(void)
{
	static const struct { const char *dtype, *shape; size_t len; const char *slice, *says; } c[] = {
#define EXT(shape) " {ARROW:extension:name=arrow.fixed_shape_tensor} {ARROW:extension:metadata={\"shape\":[" shape "]}}"
		{ "F32", "4,2,3", 96, "1:3", "schema" META("2,2,3", "F32") "\n w fixed_list(6)" EXT("2,3") META("2,2,3", "F32")
		  "\n  item float(32)\nbatch 2 nodes 2,0 12,0 buffers 0+0 0+0 0+48 body 64\nend\n" },
		{ "I16", "5", 10, NULL, "schema" META("5", "I16") "\n w fixed_list(1)" EXT("") META("5", "I16")
		  "\n  item int(16)\nbatch 5 nodes 5,0 5,0 buffers 0+0 0+0 0+10 body 64\nend\n" },
		{ "I16", "", 2, NULL, "schema" META("", "I16") "\n w fixed_list(1)" EXT("") META("", "I16")
		  "\n  item int(16)\nbatch 1 nodes 1,0 1,0 buffers 0+0 0+0 0+2 body 64\nend\n" },
		{ "U8", "2,0,4", 0, NULL, "schema" META("2,0,4", "U8") "\n w fixed_list(0)" EXT("0,4") META("2,0,4", "U8")
		  "\n  item uint(8)\nbatch 2 nodes 2,0 0,0 buffers 0+0 0+0 0+0 body 0\nend\n" },
		{ "BOOL", "3,5", 15, NULL, "schema" META("3,5", "BOOL") "\n w fixed_list(5)" EXT("5") META("3,5", "BOOL")
		  "\n  item bool\nbatch 3 nodes 3,0 15,0 buffers 0+0 0+0 0+2 body 64\nend\n" },
		{ "C64", "2,3", 48, NULL, "schema" META("2,3", "C64") "\n w fixed_list(6)" EXT("3,2") META("2,3", "C64")
		  "\n  item float(32)\nbatch 2 nodes 2,0 12,0 buffers 0+0 0+0 0+48 body 64\nend\n" },
		{ "F4", "3,4", 6, NULL, "schema" META("3,4", "F4") "\n w fixed_list(2)" EXT("2") META("3,4", "F4")
		  "\n  item uint(8)\nbatch 3 nodes 3,0 6,0 buffers 0+0 0+0 0+6 body 64\nend\n" },
		{ "F4", "4,3", 6, NULL, "schema" META("4,3", "F4") "\n w fixed_list(1)" EXT("") META("4,3", "F4")
		  "\n  item uint(8)\nbatch 6 nodes 6,0 6,0 buffers 0+0 0+0 0+6 body 64\nend\n" },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		put_tensor(c[i].dtype, c[i].shape, bytes, c[i].len);
		CHECK(make(TENSOR_FORM_ARROW_ROWS, TENSOR_DTYPES, c[i].slice, NULL) == 0);
		CHECK_STR(arrow_says(), c[i].says);
	}
}

/* ---- what is in other containers ---- */

/* what an .npy has and others have not */
static void arrow_others(void)
{
	put_npy("'<M8[ns]'", "2, 2", bytes, 32);
	CHECK(make(TENSOR_FORM_ARROW, TENSOR_DTYPES, NULL, NULL) == 0);
	CHECK_STR(arrow_says(), "schema" META("2,2", "<M8[ns]") "\n data fixed_binary(8)" META("2,2", "<M8[ns]")
		  "\nbatch 4 nodes 4,0 buffers 0+0 0+32 body 64\nend\n");
	put_npy("[('a', '<i4'), ('b', '|S5')]", "3,", bytes, 27);
	CHECK(make(TENSOR_FORM_ARROW_ROWS, TENSOR_DTYPES, NULL, "t") == 0);
	CHECK(strstr(arrow_says(), "\n t fixed_list(1)") && strstr(arrow_says(), "\n  item fixed_binary(9)\n"));
	put_npy("'<c16'", "2,", bytes, 32);
	CHECK(make(TENSOR_FORM_ARROW, TENSOR_DTYPES, NULL, NULL) == 0);
	CHECK(strstr(arrow_says(), "\n data fixed_list(2)") && strstr(arrow_says(), "\n  item float(64)\n"));
}

static void arrow_blocks(void)
{
	put_blocks();
	CHECK(make(TENSOR_FORM_ARROW, TENSOR_DTYPES, NULL, NULL) == 0);
	CHECK_STR(arrow_says(), "schema" META("3,64", "Q4_0") "\n w uint(8)" META("3,64", "Q4_0")
		  "\nbatch 108 nodes 108,0 buffers 0+0 0+108 body 128\nend\n");
	CHECK(span_equal(values(), span_of(bytes, 108)));
}

static void arrow_long_names(void)
{
	put_long_name();
	CHECK(make(TENSOR_FORM_ARROW, TENSOR_DTYPES, NULL, NULL) == 0);
	CHECK(strstr(arrow_says(), "\n \xc3\xa9.\xc3\xa9.") && span_equal(values(), span_str("ab")));
}

static void arrow_refused(void)
{
	put_tensor("F32", "2", bytes, 8);
	CHECK_ERR(make(TENSOR_FORM_ARROW, TENSOR_BF16, NULL, NULL), ERR_UNSUPPORTED);
	put_tensor("U8", "0,3000000000", bytes, 0);
	CHECK_ERR(make(TENSOR_FORM_ARROW_ROWS, TENSOR_DTYPES, NULL, NULL), ERR_LIMIT);
	CHECK(make(TENSOR_FORM_ARROW, TENSOR_DTYPES, NULL, NULL) == 0);
}

int main(void)
{
	body_start();
	RUN(arrow_types);
	RUN(arrow_bools);
	RUN(arrow_rows);
	RUN(arrow_others);
	RUN(arrow_blocks);
	RUN(arrow_long_names);
	RUN(arrow_refused);
	body_end();
	buf_clear(&ipc.text);
	return UNIT_END();
}
