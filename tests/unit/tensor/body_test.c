/* body_test.c - slices in their forms: what a reader of each finds, any part of them, and what is refused */
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "tensor/tensor.h"
#include "tests/unit/ipc.h"

/* ---- containers ---- */

static char *dir;
static struct tensor_place *place;
static struct tensor_set *set;

static void put_file(const char *name, const struct buf *b)
{
	char path[4200];
	int fd;

	tensor_close(set);
	tensor_place_free(place);
	set = NULL;
	place = NULL;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || io_write(fd, b->data, b->len, path) < 0 || close(fd) < 0)
		abort();
	CHECK(tensor_place_path(&place, path) == 0);
	if (place)
		CHECK(tensor_open(&set, place, dir, NULL) == 0);
}

/* a safetensors file with one tensor "w"; shape as JSON has it */
static void put_tensor(const char *dtype, const char *shape, const uint8_t *p, size_t len)
{
	struct buf head = BUF_INIT(4096), b = BUF_INIT(4u << 20);

	if (buf_printf(&head, "{\"w\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[0,%zu]}}", dtype, shape, len) < 0 ||
	    buf_le64(&b, head.len) < 0 || buf_add(&b, buf_span(&head)) < 0 || buf_bytes(&b, p, len) < 0)
		abort();
	put_file("w.safetensors", &b);
	buf_clear(&head);
	buf_clear(&b);
}

static void put_npy(const char *descr, const char *shape, const uint8_t *p, size_t len)
{
	struct buf b = BUF_INIT(65536);

	if (buf_bytes(&b, "\x93NUMPY\1\0\0\1", 10) < 0 ||
	    buf_printf(&b, "{'descr': %s, 'fortran_order': False, 'shape': (%s), }", descr, shape) < 0)
		abort();
	while (b.len < 265)
		if (buf_u8(&b, ' ') < 0)
			abort();
	if (buf_u8(&b, '\n') < 0 || buf_bytes(&b, p, len) < 0)
		abort();
	put_file("w.npy", &b);
	buf_clear(&b);
}

/* bytes that are the same every time, and whole numbers of every type as far as that goes */
static uint8_t bytes[1 << 20];

static void fill(void)
{
	size_t i;

	for (i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 15);
}

/* ---- bodies ---- */

static struct tensor_body body;
static struct buf whole;

/* the body of a slice (NULL: all), made and read: `whole` is it; the error of either */
static int make(enum tensor_form form, enum tensor_dtype to, const char *slice, const char *column)
{
	struct sink_buf out;
	int rc;

	tensor_body_clear(&body);
	body = (struct tensor_body){ .set = set, .form = form, .column = column };
	if (!set)
		return ERR_NOTFOUND;
	buf_reset(&whole);
	whole.max = 16u << 20;
	sink_buf_start(&out, &whole);
	rc = tensor_find(set, span_of("", 0), &body.info);
	if (rc < 0)
		return rc;
	body.to = to == TENSOR_DTYPES ? body.info.dtype : to;
	if (slice)
		rc = tensor_slice_parse(&body.slice, span_str(slice), 0, body.info.rank, body.info.shape);
	else
		tensor_slice_all(&body.slice, body.info.rank, body.info.shape);
	if (rc == 0)
		rc = tensor_body_make(&body);
	if (rc == 0)
		rc = tensor_body_cat(&body, 0, UINT64_MAX, &out.sink, NULL, NULL);
	if (rc == 0 && form != TENSOR_FORM_JSON)
		CHECK(body.len == whole.len);
	return rc;
}

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
	CHECK(make(TENSOR_FORM_ARROW, TENSOR_DTYPES, NULL, NULL) == 0);
	CHECK_STR(arrow_says(), "schema" META("2,2", "<M8[ns]") "\n data fixed_binary(8)" META("2,2", "<M8[ns]")
		  "\nbatch 4 nodes 4,0 buffers 0+0 0+32 body 64\nend\n");
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
	CHECK(make(TENSOR_FORM_ARROW_ROWS, TENSOR_DTYPES, NULL, "t") == 0);
	CHECK(strstr(arrow_says(), "\n t fixed_list(1)") && strstr(arrow_says(), "\n  item fixed_binary(9)\n"));
	put_npy("'<c16'", "2,", bytes, 32);
	CHECK(make(TENSOR_FORM_NPY, TENSOR_DTYPES, NULL, NULL) == 0);
	npy_is("'<c16'", "2,", bytes, 32);
	CHECK(make(TENSOR_FORM_ARROW, TENSOR_DTYPES, NULL, NULL) == 0);
	CHECK(strstr(arrow_says(), "\n data fixed_list(2)") && strstr(arrow_says(), "\n  item float(64)\n"));
	CHECK_ERR(make(TENSOR_FORM_SAFETENSORS, TENSOR_DTYPES, NULL, NULL), ERR_UNSUPPORTED);
}

/* blocks of GGUF: nothing but bytes, and all of them */
static void blocks(void)
{
	struct buf b = BUF_INIT(4096);

	CHECK(buf_str(&b, "GGUF") == 0 && buf_le32(&b, 3) == 0 && buf_le64(&b, 1) == 0 && buf_le64(&b, 0) == 0);
	CHECK(buf_le64(&b, 1) == 0 && buf_str(&b, "w") == 0 && buf_le32(&b, 2) == 0 && buf_le64(&b, 64) == 0);
	CHECK(buf_le64(&b, 3) == 0 && buf_le32(&b, 2) == 0 && buf_le64(&b, 0) == 0);	/* Q4_0: 32 elements in 18 bytes */
	while (b.len % 32)
		CHECK(buf_u8(&b, 0) == 0);
	CHECK(buf_bytes(&b, bytes, 128) == 0);
	put_file("w.gguf", &b);
	buf_clear(&b);
	CHECK(make(TENSOR_FORM_NPY, TENSOR_DTYPES, NULL, NULL) == 0);
	npy_is("'|u1'", "3, 36", bytes, 108);
	CHECK(make(TENSOR_FORM_ARROW, TENSOR_DTYPES, NULL, NULL) == 0);
	CHECK_STR(arrow_says(), "schema" META("3,64", "Q4_0") "\n w uint(8)" META("3,64", "Q4_0")
		  "\nbatch 108 nodes 108,0 buffers 0+0 0+108 body 128\nend\n");
	CHECK(span_equal(values(), span_of(bytes, 108)));
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

/* ---- JSON ---- */

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

/* ---- refused ---- */

static void refused(void)
{
	put_tensor("F32", "2", bytes, 8);
	CHECK_ERR(make(TENSOR_FORM_RAW, TENSOR_I32, NULL, NULL), ERR_UNSUPPORTED);
	CHECK(strstr(err_text(), "F32 cannot become I32"));
	CHECK_ERR(make(TENSOR_FORM_ARROW, TENSOR_BF16, NULL, NULL), ERR_UNSUPPORTED);
	put_tensor("C64", "1", bytes, 8);
	CHECK_ERR(make(TENSOR_FORM_NPY, TENSOR_F32, NULL, NULL), ERR_UNSUPPORTED);
	put_tensor("F4", "4,3", bytes, 6);
	CHECK_ERR(make(TENSOR_FORM_RAW, TENSOR_F32, "1", NULL), ERR_UNSUPPORTED);
	CHECK(strstr(err_text(), "MisalignedSlice"));
	put_tensor("U8", "0,3000000000", bytes, 0);
	CHECK_ERR(make(TENSOR_FORM_ARROW_ROWS, TENSOR_DTYPES, NULL, NULL), ERR_LIMIT);
	CHECK(make(TENSOR_FORM_ARROW, TENSOR_DTYPES, NULL, NULL) == 0);
	tensor_body_clear(&body);
	tensor_body_clear(&body);
	body = (struct tensor_body){ 0 };
	tensor_body_clear(&body);
}

/* names that are no names of C */
static void long_names(void)
{
	struct buf b = BUF_INIT(1u << 20), name = BUF_INIT(1u << 20);
	size_t i;

	for (i = 0; i < 20000; i++)
		CHECK(buf_str(&name, "\xc3\xa9.") == 0);
	CHECK(buf_le64(&b, name.len + 52) == 0);
	CHECK(buf_printf(&b, "{\"%s\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", (char *)name.data) == 0);
	CHECK(b.len == 8 + name.len + 52 && buf_str(&b, "ab") == 0);
	put_file("name.safetensors", &b);
	CHECK(make(TENSOR_FORM_ARROW, TENSOR_DTYPES, NULL, NULL) == 0);
	CHECK(strstr(arrow_says(), "\n \xc3\xa9.\xc3\xa9.") && span_equal(values(), span_str("ab")));
	CHECK(make(TENSOR_FORM_SAFETENSORS, TENSOR_DTYPES, NULL, NULL) == 0);
	put_file("again.safetensors", &whole);
	CHECK(make(TENSOR_FORM_RAW, TENSOR_DTYPES, NULL, NULL) == 0 && body.info.name.len == name.len);
	CHECK(span_equal(buf_span(&whole), span_str("ab")));
	buf_clear(&name);
	buf_clear(&b);
}

int main(void)
{
	dir = unit_tmpdir();
	fill();
	RUN(names);
	RUN(arrow_types);
	RUN(arrow_bools);
	RUN(arrow_rows);
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
	RUN(json_shapes);
	RUN(json_numbers);
	RUN(json_long);
	RUN(refused);
	RUN(long_names);
	tensor_body_clear(&body);
	buf_clear(&whole);
	buf_clear(&ipc.text);
	tensor_close(set);
	tensor_place_free(place);
	return UNIT_END();
}
