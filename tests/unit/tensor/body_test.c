/* body_test.c - slices in their forms: what a reader of each finds, any part of them, and what is refused */
#include "body.h"

/* bytes [off, off + len) are those of `whole` */
static int part_is(uint64_t off, uint64_t len)
{
	struct buf b = BUF_INIT(16u << 20);
	struct sink_buf out;
	int ok;

	sink_buf_start(&out, &b);
	ok = tensor_body_cat(&body, off, len, &out.sink, NULL, NULL) == 0 && b.len == len &&
	     (len == 0 || !memcmp(b.data, whole.data + off, (size_t)len));
	buf_clear(&b);
	return ok;
}

/* ---- names ---- */

static void names(void)
{
	enum tensor_form f;
	int i;

	for (i = 0; i < TENSOR_FORMS; i++) {
		f = TENSOR_FORMS;
		CHECK(tensor_form_find(span_str(tensor_form_name((enum tensor_form)i)), &f) == 1 && (int)f == i);
		CHECK(strchr(tensor_form_type((enum tensor_form)i), '/'));
	}
	CHECK(!tensor_form_find(span_str("xml"), &f) && !tensor_form_find(span_str(""), &f));
	CHECK(!tensor_form_find(span_str("NPY"), &f));
	CHECK_STR(tensor_form_type(TENSOR_FORM_ARROW), "application/vnd.apache.arrow.stream");
	CHECK_STR(tensor_form_type(TENSOR_FORM_SAFETENSORS), "application/vnd.safetensors");
}

/* ---- files ---- */

static void raw(void)
{
	put_tensor("I16", "3,4", bytes, 24);
	CHECK(make(TENSOR_FORM_RAW, TENSOR_DTYPES, NULL, NULL) == 0);
	CHECK(span_equal(buf_span(&whole), span_of(bytes, 24)));
	CHECK(make(TENSOR_FORM_RAW, TENSOR_DTYPES, "1,1:3", NULL) == 0);
	CHECK(span_equal(buf_span(&whole), span_of(bytes + 10, 4)) && body.rank == 1 && body.shape[0] == 2 && body.n == 2);
	put_tensor("BF16", "4", (const uint8_t *)"\x80\x3f\x00\xc0\x80\x7f\x01\x00", 8);
	CHECK(make(TENSOR_FORM_RAW, TENSOR_F32, NULL, NULL) == 0);
	CHECK(span_equal(buf_span(&whole), unit_hex("0000803f000000c00000807f00000100")));
	CHECK(make(TENSOR_FORM_RAW, TENSOR_F64, "1", NULL) == 0);
	CHECK(span_equal(buf_span(&whole), unit_hex("00000000000000c0")) && body.rank == 0 && body.n == 1);
}

static void npy_is(const char *descr, const char *shape, const uint8_t *p, size_t len)
{
	char want[200];

	snprintf(want, sizeof want, "{'descr': %s, 'fortran_order': False, 'shape': (%s), }", descr, shape);
	CHECK(whole.len > 10 && !memcmp(whole.data, "\x93NUMPY\1\0", 8));
	if (whole.len > 10) {
		size_t head = 10u + whole.data[8] + 256u * whole.data[9];

		CHECK(head % 64 == 0 && whole.len == head + len);
		CHECK(!memcmp(whole.data + 10, want, strlen(want)));
		CHECK(whole.len == head + len && (len == 0 || !memcmp(whole.data + head, p, len)));
	}
}

static void npy(void)
{
	static const struct { const char *dtype, *shape; size_t len; const char *descr, *is; } c[] = {
		{ "BOOL", "2,3", 6, "'|b1'", "2, 3" }, { "U8", "5", 5, "'|u1'", "5," },
		{ "I8", "", 1, "'|i1'", "" }, { "I16", "2", 4, "'<i2'", "2," },
		{ "U16", "2", 4, "'<u2'", "2," }, { "F16", "2", 4, "'<f2'", "2," },
		{ "BF16", "2", 4, "'<u2'", "2," }, { "I32", "1", 4, "'<i4'", "1," },
		{ "U32", "1", 4, "'<u4'", "1," }, { "F32", "0,7", 0, "'<f4'", "0, 7" },
		{ "F64", "1,1,1", 8, "'<f8'", "1, 1, 1" }, { "I64", "1", 8, "'<i8'", "1," },
		{ "U64", "1", 8, "'<u8'", "1," }, { "C64", "2", 16, "'<c8'", "2," },
		{ "F8_E5M2", "3", 3, "'|u1'", "3," }, { "F8_E4M3FNUZ", "3", 3, "'|u1'", "3," },
		{ "F4", "3,4", 6, "'|u1'", "3, 2" }, { "F4", "4,3", 6, "'|u1'", "6," },
		{ "F6_E2M3", "2,2,4", 12, "'|u1'", "2, 2, 3" }, { "F4", "0,4", 0, "'|u1'", "0, 4" },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		put_tensor(c[i].dtype, c[i].shape, bytes, c[i].len);
		CHECK(make(TENSOR_FORM_NPY, TENSOR_DTYPES, NULL, NULL) == 0);
		npy_is(c[i].descr, c[i].is, bytes, c[i].len);
	}
	put_tensor("I8", "2,2", (const uint8_t *)"\1\2\3\4", 4);
	CHECK(make(TENSOR_FORM_NPY, TENSOR_F32, "1", NULL) == 0);
	npy_is("'<f4'", "2,", unit_hex("0000404000008040").p, 8);
}

static void safetensors(void)
{
	static const char *const heads[] = {
		"{\"w\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}",
		"{\"w\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]}}",
	};
	static const size_t lens[] = { 4, 16 };
	int i;

	put_tensor("BF16", "2,3", bytes, 12);
	for (i = 0; i < 2; i++) {
		uint64_t n = 0;
		int k;

		CHECK(make(TENSOR_FORM_SAFETENSORS, i ? TENSOR_F64 : TENSOR_BF16, "1,:2", NULL) == 0);
		NEED(whole.len > 8);
		for (k = 0; k < 8; k++)
			n |= (uint64_t)whole.data[k] << (8 * k);
		NEED(n % 8 == 0 && whole.len == 8 + n + lens[i]);
		CHECK(!memcmp(whole.data + 8, heads[i], strlen(heads[i])));
		for (k = 8 + (int)strlen(heads[i]); k < 8 + (int)n; k++)
			CHECK(whole.data[k] == ' ');
		if (i == 0)
			CHECK(!memcmp(whole.data + 8 + n, bytes + 6, 4));
	}
}

/* what an .npy has and others have not */
static void others(void)
{
	put_npy("'<M8[ns]'", "2, 2", bytes, 32);
	CHECK(make(TENSOR_FORM_NPY, TENSOR_DTYPES, "1", NULL) == 0);
	npy_is("'<M8[ns]'", "2,", bytes + 16, 16);
	CHECK(make(TENSOR_FORM_RAW, TENSOR_DTYPES, "1,0", NULL) == 0);
	CHECK(span_equal(buf_span(&whole), span_of(bytes + 16, 8)));
	CHECK_ERR(make(TENSOR_FORM_SAFETENSORS, TENSOR_DTYPES, NULL, NULL), ERR_UNSUPPORTED);
	CHECK(strstr(err_text(), "safetensors has no elements of type <M8[ns]"));
	CHECK_ERR(make(TENSOR_FORM_JSON, TENSOR_DTYPES, NULL, NULL), ERR_UNSUPPORTED);
	CHECK_ERR(make(TENSOR_FORM_NPY, TENSOR_F32, NULL, NULL), ERR_UNSUPPORTED);
	CHECK(strstr(err_text(), "<M8[ns]"));
	put_npy("[('a', '<i4'), ('b', '|S5')]", "3,", bytes, 27);
	CHECK(make(TENSOR_FORM_NPY, TENSOR_DTYPES, "::2", NULL) == 0);
	NEED(whole.len > 18);
	CHECK(!memcmp(whole.data + whole.len - 18, bytes, 9) && !memcmp(whole.data + whole.len - 9, bytes + 18, 9));
	CHECK(memmem(whole.data, whole.len, "{'descr': [('a', '<i4'), ('b', '|S5')], ", 40));
	put_npy("'<c16'", "2,", bytes, 32);
	CHECK(make(TENSOR_FORM_NPY, TENSOR_DTYPES, NULL, NULL) == 0);
	npy_is("'<c16'", "2,", bytes, 32);
	CHECK_ERR(make(TENSOR_FORM_SAFETENSORS, TENSOR_DTYPES, NULL, NULL), ERR_UNSUPPORTED);
}

/* blocks of GGUF: nothing but bytes, and all of them */
static void blocks(void)
{
	put_blocks();
	CHECK(make(TENSOR_FORM_NPY, TENSOR_DTYPES, NULL, NULL) == 0);
	npy_is("'|u1'", "3, 36", bytes, 108);
	CHECK_ERR(make(TENSOR_FORM_JSON, TENSOR_DTYPES, NULL, NULL), ERR_UNSUPPORTED);
	CHECK_ERR(make(TENSOR_FORM_RAW, TENSOR_DTYPES, "0", NULL), ERR_UNSUPPORTED);
	CHECK_ERR(make(TENSOR_FORM_RAW, TENSOR_F32, NULL, NULL), ERR_UNSUPPORTED);
}

/* ---- parts ---- */

static const struct { const char *dtype, *shape; size_t len; enum tensor_dtype to; const char *slice; } parts[] = {
	{ "F32", "4,5", 80, TENSOR_DTYPES, NULL },
	{ "F32", "4,5", 80, TENSOR_DTYPES, "1:4:2,::-1" },
	{ "BF16", "7,5", 70, TENSOR_F32, NULL },
	{ "BF16", "7,5", 70, TENSOR_F64, ":,1:4" },
	{ "I8", "33", 33, TENSOR_F32, "1:" },
	{ "F64", "9", 72, TENSOR_F32, "::-2" },
	{ "F4", "6,6", 18, TENSOR_F32, NULL },
	{ "F4", "6,6", 18, TENSOR_F64, "1:5,2:4" },
	{ "F4", "10", 5, TENSOR_DTYPES, "2:8" },
	{ "F6_E2M3", "5,4", 15, TENSOR_F32, NULL },
	{ "F6_E3M2", "5,8", 30, TENSOR_F64, "::2" },
	{ "BOOL", "61", 61, TENSOR_DTYPES, NULL },
	{ "BOOL", "8,8", 64, TENSOR_DTYPES, "1::3,1:" },
	{ "BOOL", "20", 20, TENSOR_F32, NULL },
	{ "C64", "3,3", 72, TENSOR_DTYPES, "2" },
	{ "U64", "9", 72, TENSOR_F64, NULL },
	{ "U8", "0", 0, TENSOR_F32, NULL },
	{ "F8_E4M3", "3,0,2", 0, TENSOR_DTYPES, NULL },
};

static void any_part(void)
{
	size_t i, bad = 0, n = 0;
	uint64_t off, len;
	int f;

	for (i = 0; i < sizeof parts / sizeof *parts; i++) {
		put_tensor(parts[i].dtype, parts[i].shape, bytes, parts[i].len);
		for (f = 0; f < TENSOR_FORM_JSON; f++) {
			CHECK(make((enum tensor_form)f, parts[i].to, parts[i].slice, NULL) == 0);
			for (off = body.head.len > 4 ? body.head.len - 4 : 0; off <= body.len; off++)
				for (len = 0; len <= body.len - off; len += 1 + len / 16) {
					bad += !part_is(off, len);
					n++;
				}
			bad += !part_is(0, body.len) + !part_is(body.len, 0);
			if (body.len)
				bad += !part_is(0, 1) + !part_is(1, body.len - 1);
		}
	}
	CHECK(bad == 0);
	CHECK(n > 50000);
}

/* long ones: over the steps in which elements are converted, and from places in the middle of elements */
static void long_parts(void)
{
	static const struct { const char *dtype; unsigned bits; enum tensor_dtype to; enum tensor_form form; } c[] = {
		{ "BF16", 16, TENSOR_F32, TENSOR_FORM_NPY },
		{ "F64", 64, TENSOR_F32, TENSOR_FORM_RAW },
		{ "F4", 4, TENSOR_F64, TENSOR_FORM_ARROW },
		{ "F6_E2M3", 6, TENSOR_F32, TENSOR_FORM_SAFETENSORS },
		{ "BOOL", 8, TENSOR_DTYPES, TENSOR_FORM_ARROW },
		{ "F32", 32, TENSOR_DTYPES, TENSOR_FORM_ARROW_ROWS },
		{ "I64", 64, TENSOR_F64, TENSOR_FORM_ARROW_ROWS },
	};
	uint64_t seed = 1, off, len;
	size_t i, bad = 0;
	char shape[40];
	int k;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		snprintf(shape, sizeof shape, "101,%u", 48000 / c[i].bits);
		put_tensor(c[i].dtype, shape, bytes, 101 * 6000);
		CHECK(make(c[i].form, c[i].to, NULL, NULL) == 0);
		for (k = 0; k < 40; k++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			off = (seed >> 20) % body.len;
			len = (seed >> 33) % (body.len - off + 1);
			bad += !part_is(off, len);
		}
	}
	CHECK(bad == 0);
}

static void outside(void)
{
	struct sink_null out;

	sink_null_start(&out);
	put_tensor("F32", "2", bytes, 8);
	NEED(make(TENSOR_FORM_RAW, TENSOR_DTYPES, NULL, NULL) == 0);
	CHECK_ERR(tensor_body_cat(&body, 9, 0, &out.sink, NULL, NULL), ERR_USAGE);
	CHECK_ERR(tensor_body_cat(&body, 8, 1, &out.sink, NULL, NULL), ERR_USAGE);
	CHECK_ERR(tensor_body_cat(&body, 0, 9, &out.sink, NULL, NULL), ERR_USAGE);
	CHECK_ERR(tensor_body_cat(&body, UINT64_MAX, 2, &out.sink, NULL, NULL), ERR_USAGE);
	CHECK(tensor_body_cat(&body, 8, UINT64_MAX, &out.sink, NULL, NULL) == 0 && out.bytes == 0);
	NEED(make(TENSOR_FORM_JSON, TENSOR_DTYPES, NULL, NULL) == 0 && body.len == UINT64_MAX);
	CHECK_ERR(tensor_body_cat(&body, 1, UINT64_MAX, &out.sink, NULL, NULL), ERR_USAGE);
	CHECK_ERR(tensor_body_cat(&body, 0, 2, &out.sink, NULL, NULL), ERR_USAGE);
}

static int add(void *sum, uint64_t n)
{
	*(uint64_t *)sum += n;
	return 0;
}

static int stop(void *arg, uint64_t n)
{
	(void)arg, (void)n;
	return err_set(ERR_INTERRUPTED, "enough");
}

static void progress(void)
{
	struct sink_null out;
	uint64_t sum;
	size_t i;
	int f;

	for (i = 0; i < sizeof parts / sizeof *parts; i++) {
		put_tensor(parts[i].dtype, parts[i].shape, bytes, parts[i].len);
		for (f = 0; f < TENSOR_FORM_JSON; f++) {
			NEED(make((enum tensor_form)f, parts[i].to, parts[i].slice, NULL) == 0);
			sum = 0;
			sink_null_start(&out);
			CHECK(tensor_body_cat(&body, 0, UINT64_MAX, &out.sink, add, &sum) == 0 && sum == body.data);
			if (body.data)
				CHECK_ERR(tensor_body_cat(&body, 0, UINT64_MAX, &out.sink, stop, NULL), ERR_INTERRUPTED);
		}
	}
}

struct extents {
	struct sink sink;
	uint64_t bytes;
};

static int count_extents(struct sink *s, const struct piece *p)
{
	((struct extents *)(void *)s)->bytes += p->fd >= 0 ? p->len : 0;
	return 0;
}

/* what is not converted goes from the file as it lies there */
static void extents(void)
{
	static const enum tensor_form forms[] = {
		TENSOR_FORM_RAW, TENSOR_FORM_NPY, TENSOR_FORM_SAFETENSORS, TENSOR_FORM_ARROW
	};
	struct extents out = { { count_extents }, 0 };
	size_t i;

	put_tensor("F32", "250000", bytes, 1000000);
	for (i = 0; i < 4; i++) {
		NEED(make(forms[i], TENSOR_DTYPES, "100:249000", NULL) == 0);
		out.bytes = 0;
		CHECK(tensor_body_cat(&body, 0, UINT64_MAX, &out.sink, NULL, NULL) == 0);
		CHECK(out.bytes == body.data);
	}
}

/* ---- refused ---- */

static void refused(void)
{
	put_tensor("F32", "2", bytes, 8);
	CHECK_ERR(make(TENSOR_FORM_RAW, TENSOR_I32, NULL, NULL), ERR_UNSUPPORTED);
	CHECK(strstr(err_text(), "F32 cannot become I32"));
	put_tensor("C64", "1", bytes, 8);
	CHECK_ERR(make(TENSOR_FORM_NPY, TENSOR_F32, NULL, NULL), ERR_UNSUPPORTED);
	put_tensor("F4", "4,3", bytes, 6);
	CHECK_ERR(make(TENSOR_FORM_RAW, TENSOR_F32, "1", NULL), ERR_UNSUPPORTED);
	CHECK(strstr(err_text(), "MisalignedSlice"));
	tensor_body_clear(&body);
	tensor_body_clear(&body);
	body = (struct tensor_body){ 0 };
	tensor_body_clear(&body);
}

/* names that are no names of C */
static void long_names(void)
{
	size_t len = put_long_name();

	CHECK(make(TENSOR_FORM_SAFETENSORS, TENSOR_DTYPES, NULL, NULL) == 0);
	put_file("again.safetensors", &whole);
	CHECK(make(TENSOR_FORM_RAW, TENSOR_DTYPES, NULL, NULL) == 0 && body.info.name.len == len);
	CHECK(span_equal(buf_span(&whole), span_str("ab")));
}

int main(void)
{
	body_start();
	RUN(names);
	RUN(raw);
	RUN(npy);
	RUN(safetensors);
	RUN(others);
	RUN(blocks);
	RUN(any_part);
	RUN(long_parts);
	RUN(outside);
	RUN(progress);
	RUN(extents);
	RUN(refused);
	RUN(long_names);
	body_end();
	return UNIT_END();
}
