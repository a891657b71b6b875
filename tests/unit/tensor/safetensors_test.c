/* safetensors_test.c - headers of safetensors files, good and bad */
#include <fcntl.h>

#include "base/io.h"
#include "memplace.h"

enum { TABLE = 1 << 20 };

static int open_bytes(struct tensor_set **set, struct span bytes)
{
	memin_beyond = 0;
	return set_open_in(set, memin_new(bytes), NULL, NULL, NULL, TABLE);
}

/* the class the reference has for what is wrong with the header; "ok": nothing */
static int verdict(struct span bytes, const char *want)
{
	struct tensor_set *set;
	struct tensor_info info;
	size_t len = strcspn(want, "(");
	uint64_t i;
	int rc = open_bytes(&set, bytes);

	for (i = 0; rc == 0 && i < tensor_count(set); i++)
		rc = tensor_get(set, i, &info);
	tensor_close(set);
	if (memin_beyond)
		return 0;
	if (!strcmp(want, "ok"))
		return rc == 0;
	return rc == ERR_INVALID && !strncmp(err_text(), want, len) && err_text()[len] == ':';
}

static int says(const char *header, size_t data, const char *want)
{
	return verdict(memfile_st(header, data), want);
}

/* tests/golden/safetensors/expected.tsv */
static void golden(void)
{
	struct buf list = BUF_INIT(1 << 20), file = BUF_INIT(1 << 20);
	char *line, *rest, *tab, path[300];
	int n = 0;

	NEED(io_slurp_file(AT_FDCWD, "tests/golden/safetensors/expected.tsv", &list) == 0);
	for (line = strtok_r((char *)list.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		tab = strchr(line, '\t');
		if (*line == '#' || !tab)
			continue;
		*tab = 0;
		snprintf(path, sizeof path, "tests/golden/safetensors/%s", line);
		buf_reset(&file);
		NEED(io_slurp_file(AT_FDCWD, path, &file) == 0);
		if (!verdict(buf_span(&file), tab + 1)) {
			unit_bad++;
			printf("# %s: not %s but: %s\n", line, tab + 1, err_text());
		}
		n++;
	}
	CHECK(n == 44);
	buf_clear(&list);
	buf_clear(&file);
}

static void what_a_file_says(void)
{
	struct tensor_set *set;
	struct tensor_info t;
	struct tensor_in *in;
	uint64_t blocks, bytes;
	struct span name;

	NEED(open_bytes(&set, memfile_st("{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[4,28]},"
					 "\"b\":{\"data_offsets\":[0,4],\"x\":[{\"y\":1}],\"shape\":[],\"dtype\":\"I32\"},"
					 "\"\xc3\xa9\":{\"dtype\":\"F4\",\"shape\":[3,0],\"data_offsets\":[4,4]}}", 28)) == 0);
	CHECK(tensor_set_kind(set) == TENSOR_SAFETENSORS && tensor_count(set) == 3);
	CHECK_STR(tensor_kind_name(tensor_set_kind(set)), "safetensors");
	CHECK(tensor_get(set, 0, &t) == 0 && span_equal(t.name, span_str("b")) && t.dtype == TENSOR_I32 && t.rank == 0 &&
	      t.n == 1 && t.len == 4 && t.packed == 4 && t.bits == 32 && t.part == 0);
	NEED(tensor_part(set, 0, &in) == 0);
	CHECK(t.off == in->size - 28);
	CHECK(tensor_find(set, span_str("w"), &t) == 0 && t.rank == 2 && t.shape[0] == 2 && t.shape[1] == 3 && t.n == 6 &&
	      t.len == 24 && t.off == in->size - 24 && span_equal(t.type, span_str("F32")));
	CHECK(tensor_find(set, span_str("\xc3\xa9"), &t) == 0 && t.n == 0 && t.len == 0 && t.bits == 4);
	CHECK(tensor_find(set, span_str(""), &t) == 0 && span_equal(t.name, span_str("b")));
	CHECK_ERR(tensor_get(set, 3, &t), ERR_NOTFOUND);
	CHECK_ERR(tensor_find(set, span_str("v"), &t), ERR_NOTFOUND);
	CHECK_ERR(tensor_part(set, 1, &in), ERR_NOTFOUND);
	CHECK(tensor_part_name(set, 0, &name) == 0 && name.len == 0);
	CHECK_ERR(tensor_part_name(set, 1, &name), ERR_NOTFOUND);
	tensor_opened(set, &blocks, &bytes);
	CHECK(blocks == 0 && bytes == in->n_bytes && bytes > 100);
	tensor_close(set);
	tensor_close(NULL);
}

#define T(offsets) "{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" offsets "}"

static void ranges(void)
{
	CHECK(says("{\"a\":" T("[0,4]") ",\"b\":" T("[4,8]") "}", 8, "ok"));
	CHECK(says("{\"a\":" T("[4,8]") ",\"b\":" T("[0,4]") "}", 8, "ok"));
	CHECK(says("{\"a\":" T("[4,8]") ",\"b\":" T("[0,4]") "}", 9, "MetadataIncompleteBuffer"));
	CHECK(says("{\"a\":" T("[4,8]") ",\"b\":" T("[0,4]") "}", 7, "MetadataIncompleteBuffer"));
	CHECK(says("{\"a\":" T("[1,5]") "}", 5, "InvalidOffset"));
	CHECK(says("{\"a\":" T("[0,4]") ",\"b\":" T("[5,9]") "}", 9, "InvalidOffset"));
	CHECK(says("{\"a\":" T("[0,4]") ",\"b\":" T("[3,7]") "}", 7, "InvalidOffset"));
	CHECK(says("{\"a\":" T("[0,4]") ",\"b\":" T("[0,4]") "}", 4, "InvalidOffset"));
	CHECK(says("{\"a\":" T("[4,0]") "}", 4, "InvalidOffset"));
	CHECK(says("{\"a\":" T("[0,18446744073709551615]") "}", 4, "TensorInvalidInfo"));
	CHECK(says("{\"a\":" T("[18446744073709551611,18446744073709551615]") "}", 4, "MetadataIncompleteBuffer"));
	CHECK(says("{}", 0, "ok"));
	CHECK(says("{}", 1, "MetadataIncompleteBuffer"));
	/* nothing may lie at any border, and at no other place */
#define NONE(at) "{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[" at "," at "]}"
	CHECK(says("{\"a\":" T("[0,4]") ",\"b\":" T("[4,8]") ",\"c\":" NONE("4") ",\"d\":" NONE("0")
		   ",\"e\":" NONE("8") "}", 8, "ok"));
	CHECK(says("{\"a\":" T("[0,4]") ",\"b\":" T("[4,8]") ",\"c\":" NONE("5") "}", 8, "InvalidOffset"));
	CHECK(says("{\"a\":" T("[0,4]") ",\"c\":" NONE("9") "}", 4, "MetadataIncompleteBuffer"));
	CHECK(says("{\"c\":" NONE("0") ",\"d\":" NONE("0") "}", 0, "ok"));
}

#define HEADER_BAD "InvalidHeaderDeserialization"
#define S(dtype, shape, end) "{\"a\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[0," end "]}}"

static void sizes(void)
{
	CHECK(says(S("F32", "[2,2]", "16"), 16, "ok"));
	CHECK(says(S("F32", "[2,2]", "15"), 15, "TensorInvalidInfo"));
	CHECK(says(S("F4", "[3]", "1"), 1, "MisalignedSlice"));
	CHECK(says(S("F6_E2M3", "[4]", "3"), 3, "ok"));
	CHECK(says(S("F6_E2M3", "[3]", "3"), 3, "MisalignedSlice"));
	CHECK(says(S("F32", "[4294967296,4294967296]", "16"), 16, "ValidationOverflow"));
	CHECK(says(S("F32", "[18446744073709551615]", "16"), 16, "ValidationOverflow"));
	CHECK(says(S("F32", "[4294967296,4294967296,0]", "0"), 0, "ValidationOverflow"));
	CHECK(says(S("F32", "[0,4294967296,4294967296]", "0"), 0, "ok"));
	CHECK(says(S("F32", "[18446744073709551616]", "16"), 16, HEADER_BAD));
	CHECK(says(S("F32", "[1.0]", "4"), 4, HEADER_BAD));
	CHECK(says(S("F32", "[1e0]", "4"), 4, HEADER_BAD));
	CHECK(says(S("F32", "[-1]", "4"), 4, HEADER_BAD));
	CHECK(says(S("F32", "[\"1\"]", "4"), 4, HEADER_BAD));
	CHECK(says(S("F32", "[[1]]", "4"), 4, HEADER_BAD));
	CHECK(says(S("F32", "1", "4"), 4, HEADER_BAD));
	CHECK(says(S("F32", "null", "4"), 4, HEADER_BAD));
	CHECK(says(S("f32", "[1]", "4"), 4, HEADER_BAD));
	CHECK(says(S("C128", "[1]", "16"), 16, HEADER_BAD));
	CHECK(says(S("OTHER", "[1]", "4"), 4, HEADER_BAD));
	CHECK(says(S("", "[1]", "4"), 4, HEADER_BAD));
}

static void structure(void)
{
	CHECK(says("", 0, HEADER_BAD));
	CHECK(says("   ", 0, HEADER_BAD));
	CHECK(says("null", 0, HEADER_BAD));
	CHECK(says("[]", 0, HEADER_BAD));
	CHECK(says("{} x", 0, HEADER_BAD));
	CHECK(says("{}{}", 0, HEADER_BAD));
	CHECK(says(" \t\r\n{} \t\r\n", 0, "ok"));
	CHECK(says("{\"a\":1}", 0, HEADER_BAD));
	CHECK(says("{\"a\":{}}", 0, HEADER_BAD));
	CHECK(says("{\"a\":[\"U8\",[4],[0,4]]}", 4, HEADER_BAD));
	CHECK(says("{\"a\":{\"dtype\":\"U8\",\"shape\":[4]}}", 4, HEADER_BAD));
	CHECK(says("{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,4]}}", 4, HEADER_BAD));
	CHECK(says("{\"a\":{\"shape\":[4],\"data_offsets\":[0,4]}}", 4, HEADER_BAD));
	CHECK(says("{\"a\":{\"dtype\":5,\"shape\":[4],\"data_offsets\":[0,4]}}", 4, HEADER_BAD));
	CHECK(says("{\"a\":" T("[0]") "}", 4, HEADER_BAD));
	CHECK(says("{\"a\":" T("[0,4,4]") "}", 4, HEADER_BAD));
	CHECK(says("{\"a\":" T("{}") "}", 4, HEADER_BAD));
	CHECK(says("{\"a\":" T("[0,4.0]") "}", 4, HEADER_BAD));
	CHECK(says("{\"a\":" T("[0,4]") ",}", 4, HEADER_BAD));
	CHECK(says("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],\"more\":\"\xff\"}}", 4, "InvalidHeader"));
	CHECK(says("{\"a\":" T("[0,4]") "}\xff", 4, "InvalidHeader"));
	CHECK(says("{\"a\":1}\xc3", 0, "InvalidHeader"));
	CHECK(says("{\"a\":\"\\ud800\"}", 0, HEADER_BAD));
	CHECK(says("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],"
		   "\"more\":[{\"deep\":[1,2.5,null,true,\"\"]}]}}", 4, "ok"));
}

static void the_same_twice(void)
{
	CHECK(says("{\"a\":" T("[0,4]") ",\"b\":" T("[4,8]") ",\"a\":" T("[8,12]") "}", 12, "DuplicateKey"));
	/* however it is written */
	CHECK(says("{\"\\u00e9\":" T("[0,4]") ",\"\xc3\xa9\":" T("[4,8]") "}", 8, "DuplicateKey"));
	CHECK(says("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4, "DuplicateKey"));
	CHECK(says("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"shape\":[4],\"data_offsets\":[0,4]}}", 4, "DuplicateKey"));
	CHECK(says("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "DuplicateKey"));
	CHECK(says("{\"__metadata__\":{\"a\":\"1\",\"b\":\"2\",\"a\":\"1\"}}", 0, "DuplicateKey"));
}

/* more than any header may have */
static void lengths(void)
{
	static const struct { const char *hex, *want; } file[] = {
		{ "", "HeaderTooSmall" }, { "00000000000000", "HeaderTooSmall" },
		{ "0000000000000000", HEADER_BAD }, { "02000000000000007b7d", "ok" },
		{ "03000000000000007b7d", "InvalidHeaderLength" }, { "01e1f50500000000", "HeaderTooLarge" },
		{ "00e1f50500000000", "InvalidHeaderLength" }, { "ffffffffffffffff", "HeaderTooLarge" },
		{ "0000000001000000", "HeaderTooLarge" }
	};
	size_t i;

	for (i = 0; i < sizeof file / sizeof *file; i++)
		CHECK(verdict(unit_hex(file[i].hex), file[i].want));
}

static void too_deep_too_long(void)
{
	struct buf b = BUF_INIT(1 << 20);
	struct tensor_set *set;
	int i;

	buf_str(&b, "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],\"more\":");
	for (i = 0; i < 100000; i++)
		buf_u8(&b, '[');
	CHECK_ERR(open_bytes(&set, memfile_st((char *)b.data, 4)), ERR_LIMIT);
	CHECK(!set);
	buf_reset(&b);
	buf_str(&b, "{\"a\":{\"dtype\":\"U8\",\"shape\":[4");
	for (i = 0; i < 63; i++)
		buf_str(&b, ",1");
	buf_str(&b, "],\"data_offsets\":[0,4]}}");
	CHECK(says((char *)b.data, 4, "ok"));
	buf_reset(&b);
	buf_str(&b, "{\"a\":{\"dtype\":\"U8\",\"shape\":[4");
	for (i = 0; i < 64; i++)
		buf_str(&b, ",1");
	buf_str(&b, "],\"data_offsets\":[0,4]}}");
	CHECK_ERR(open_bytes(&set, memfile_st((char *)b.data, 4)), ERR_LIMIT);
	buf_reset(&b);
	buf_str(&b, "{\"");
	for (i = 0; i < TENSOR_NAME_MAX; i++)
		buf_u8(&b, 'n');
	buf_str(&b, "\":" T("[0,4]") "}");
	CHECK(says((char *)b.data, 4, "ok"));
	b.data[1] = 'n';
	b.data[0] = '"';
	memmove(b.data + 1, b.data, b.len + 1);
	b.data[0] = '{';
	CHECK_ERR(open_bytes(&set, memfile_st((char *)b.data, 4)), ERR_LIMIT);
	buf_clear(&b);
}

/* ---- __metadata__ ---- */

static int gather(void *arg, struct span key, struct span value)
{
	return buf_printf(arg, "%.*s=%.*s;", (int)key.len, (const char *)key.p, (int)value.len, (const char *)value.p);
}

static int meta_is(const char *header, const char *want)
{
	struct buf got = BUF_INIT(1 << 20);
	struct tensor_set *set;
	int same = open_bytes(&set, memfile_st(header, 0)) == 0 && tensor_meta(set, gather, &got) == 0 &&
		   !strcmp(got.len ? (char *)got.data : "", want);

	tensor_close(set);
	buf_clear(&got);
	return same;
}

static int stop(void *arg, struct span key, struct span value)
{
	(void)key;
	(void)value;
	return ++*(int *)arg == 2 ? 77 : 0;
}

static void metadata(void)
{
	struct tensor_set *set;
	int n = 0;

	CHECK(meta_is("{}", ""));
	CHECK(meta_is("{\"__metadata__\":{}}", ""));
	CHECK(meta_is("  { \"__metadata__\" : { \"b\":\"1\" , \"a\" : \"x\\ny\" , \"\":\"\" } }  ", "b=1;a=x\ny;=;"));
	CHECK(meta_is("{\"w\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},\"__metadata__\":{\"format\":\"pt\"}}",
		      "format=pt;"));
	CHECK(says("{\"__metadata__\":{\"a\":1}}", 0, HEADER_BAD));
	CHECK(says("{\"__metadata__\":{\"a\":{}}}", 0, HEADER_BAD));
	CHECK(says("{\"__metadata__\":null}", 0, HEADER_BAD));
	CHECK(says("{\"__metadata__\":[]}", 0, HEADER_BAD));
	CHECK(says("{\"__metadata__\":{\"a\":\"\xff\"}}", 0, "InvalidHeader"));
	NEED(open_bytes(&set, memfile_st("{\"__metadata__\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}}", 0)) == 0);
	CHECK(tensor_meta(set, stop, &n) == 77 && n == 2);
	tensor_close(set);
}

static int count_bytes(void *arg, struct span key, struct span value)
{
	*(size_t *)arg += key.len + value.len;
	return 0;
}

/* a picture among the metadata is no hindrance */
static void long_metadata(void)
{
	struct buf b = BUF_INIT(8 << 20);
	struct tensor_set *set;
	size_t i, n = 0;

	buf_str(&b, "{\"__metadata__\":{\"picture\":\"");
	for (i = 0; i < 3000000; i++)
		buf_u8(&b, 'p');
	buf_str(&b, "\"}}");
	NEED(open_bytes(&set, memfile_st((char *)b.data, 0)) == 0);
	CHECK(tensor_meta(set, count_bytes, &n) == 0 && n == 3000007);
	tensor_close(set);
	buf_clear(&b);
}

/* ---- writing ---- */

static void heads(void)
{
	const uint64_t two[] = { 2, 2 };
	struct tensor_head t[] = {
		{ span_str("w"), TENSOR_F32, 2, two, 16 }, { span_str("s\"\n\xc3\xa9"), TENSOR_BF16, 0, NULL, 2 }
	};
	struct span keys[] = { span_str("format"), span_str("pt") };
	struct buf b = BUF_INIT(4096);
	struct tensor_set *set;
	struct tensor_info info;

	/* the example of the reference, 19.5 */
	NEED(tensor_safetensors_head(&b, t, 1, NULL, 0) == 0);
	CHECK(b.len == 72 && b.data[0] == 64 && !memcmp(b.data + 8, "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,2],"
	      "\"data_offsets\":[0,16]}}       ", 64));
	buf_reset(&b);
	buf_str(&b, "in front");
	NEED(tensor_safetensors_head(&b, t, 2, keys, 1) == 0);
	CHECK(b.len % 8 == 0 && strstr((char *)b.data + 16, "{\"__metadata__\":{\"format\":\"pt\"},\"w\":{"));
	buf_bytes(&b, "0123456789abcdefgh", 18);
	NEED(open_bytes(&set, span_of(b.data + 8, b.len - 8)) == 0);
	CHECK(tensor_find(set, t[1].name, &info) == 0 && info.rank == 0 && info.dtype == TENSOR_BF16 &&
	      info.off == b.len - 8 - 2);
	tensor_close(set);
	buf_reset(&b);
	CHECK(tensor_safetensors_head(&b, NULL, 0, NULL, 0) == 0 && b.len == 16 && !memcmp(b.data + 8, "{}      ", 8));
	t[0].dtype = TENSOR_C128;
	CHECK_ERR(tensor_safetensors_head(&b, t, 1, NULL, 0), ERR_UNSUPPORTED);
	t[1].name = span_str("__metadata__");		/* no reader would take it for a tensor */
	CHECK_ERR(tensor_safetensors_head(&b, &t[1], 1, NULL, 0), ERR_UNSUPPORTED);
	CHECK(strstr(err_text(), "'__metadata__'"));
	CHECK(b.len == 16);
	buf_clear(&b);
}

/* a stream: how long it is nobody knows yet */
static void without_a_size(void)
{
	struct span file = memfile_st("{\"a\":" T("[0,4]") "}", 4);
	struct tensor_in *in = memin_new(span_of(file.p, file.len - 4));
	struct tensor_info info;
	struct tensor_set *set;

	in->size = TENSOR_UNSIZED;
	NEED(set_open_in(&set, in, NULL, NULL, NULL, TABLE) == 0);
	CHECK(tensor_get(set, 0, &info) == 0 && info.len == 4 && info.off == file.len - 4);
	tensor_close(set);
	in = memin_new(span_str("short"));
	in->size = TENSOR_UNSIZED;
	CHECK_ERR(set_open_in(&set, in, NULL, NULL, NULL, TABLE), ERR_INVALID);
	CHECK(!strncmp(err_text(), "HeaderTooSmall", 14));
	in = memin_new(memfile_st("{\"a\":" T("[1,5]") "}", 5));
	in->size = TENSOR_UNSIZED;
	CHECK_ERR(set_open_in(&set, in, NULL, NULL, NULL, TABLE), ERR_INVALID);
	CHECK(!strncmp(err_text(), "InvalidOffset", 13));
}

static void types(void)
{
	enum tensor_dtype t;
	int i;

	for (i = 0; i < TENSOR_OTHER; i++)
		CHECK(tensor_dtype_find(span_str(tensor_dtype_name((enum tensor_dtype)i)), 0, &t) && (int)t == i &&
		      tensor_dtype_bits(t) > 0);
	CHECK(tensor_dtype_find(span_str("bf16"), 1, &t) && t == TENSOR_BF16);
	CHECK(!tensor_dtype_find(span_str("bf16"), 0, &t) && !tensor_dtype_find(span_str("OTHER"), 1, &t));
	CHECK(!tensor_dtype_find(span_str(""), 1, &t) && !tensor_dtype_find(span_str("F"), 1, &t));
	CHECK(tensor_dtype_bits(TENSOR_F6_E3M2) == 6 && tensor_dtype_bits(TENSOR_OTHER) == 0);
	CHECK(tensor_dtype_bits(TENSOR_C128) == 128);
}

int main(void)
{
	RUN(golden);
	RUN(what_a_file_says);
	RUN(ranges);
	RUN(sizes);
	RUN(structure);
	RUN(the_same_twice);
	RUN(lengths);
	RUN(too_deep_too_long);
	RUN(metadata);
	RUN(long_metadata);
	RUN(heads);
	RUN(without_a_size);
	RUN(types);
	return UNIT_END();
}
