/* columns_test.c - several tensors as the columns of one Arrow stream: what a reader finds, in one batch and in many */
#include "tensor/tensor.h"
#include "tests/unit/ipc.h"
#include "memplace.h"

static const char header[] =
	"{\"a\":{\"dtype\":\"I32\",\"shape\":[20],\"data_offsets\":[0,80]},"
	"\"b\":{\"dtype\":\"BOOL\",\"shape\":[20,3],\"data_offsets\":[80,140]},"
	"\"c\":{\"dtype\":\"F16\",\"shape\":[20,2,2],\"data_offsets\":[140,300]},"
	"\"d\":{\"dtype\":\"U8\",\"shape\":[19],\"data_offsets\":[300,319]},"
	"\"e\":{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[319,319]},"
	"\"f\":{\"dtype\":\"F4\",\"shape\":[20,2],\"data_offsets\":[319,339]}}";

static struct memplace place;
static struct tensor_set *set;
static struct tensor_body body[8];
static struct tensor_columns columns;
static struct buf whole;

static void start(void)
{
	static struct memfile files[2];

	files[0] = (struct memfile){ "x.safetensors", memfile_st(header, 339), NULL };
	memplace_init(&place, files, "x.safetensors");
	if (tensor_open(&set, &place.place, NULL, NULL) < 0)
		abort();
}

static void clear(void)
{
	size_t i;

	tensor_columns_clear(&columns);
	for (i = 0; i < columns.n; i++)
		tensor_body_clear(&body[i]);
	columns = (struct tensor_columns){ .body = body };
}

/* columns of those names (a letter each), and the stream of them into `whole` */
static int make(const char *names, const char *slice, uint64_t batch)
{
	static char text[8][2];
	struct sink_buf out;
	size_t i;
	int rc = 0;

	clear();
	for (i = 0; rc == 0 && names[i]; i++) {
		struct tensor_body *b = &body[i];

		text[i][0] = names[i];
		*b = (struct tensor_body){ .set = set, .column = text[i] };
		rc = tensor_find(set, span_str(text[i]), &b->info);
		b->to = b->info.dtype;
		b->form = b->info.rank < 2 ? TENSOR_FORM_ARROW : TENSOR_FORM_ARROW_ROWS;
		if (rc == 0)
			rc = tensor_slice_parse(&b->slice, span_str(slice), SLICE_KEEP, b->info.rank, b->info.shape);
		columns.n++;
	}
	columns.batch = batch;
	if (rc == 0)
		rc = tensor_columns_make(&columns);
	buf_reset(&whole);
	whole.max = 1 << 20;
	sink_buf_start(&out, &whole);
	return rc < 0 ? rc : tensor_columns_cat(&columns, &out.sink, NULL, NULL);
}

static struct ipc ipc;

static const char *says(void)
{
	return ipc_read(&ipc, buf_span(&whole)) < 0 ? ipc.bad : (const char *)ipc.text.data;
}

static void one_batch(void)
{
	struct span v;

	CHECK(make("abc", "...", 0) == 0);
	CHECK(strstr(says(), "schema\n a int(32) {tensor_shape=20} {tensor_dtype=I32} {tensor_layout=RowMajor}\n b fixed_list(3) "));
	CHECK(strstr(says(), "\nbatch 20 nodes 20,0 20,0 60,0 20,0 80,0 buffers 0+0 0+80 128+0 128+0 128+8 192+0 192+0 192+160 body 384\nend\n"));
	CHECK(columns.rows == 20 && columns.data == 80 + 8 + 160);
	v = ipc_buffer(&ipc, 1);
	CHECK(v.len == 80 && v.p[0] == 0 && v.p[79] == 79);
	v = ipc_buffer(&ipc, 4);
	CHECK(v.len == 8 && v.p[0] == 0xff && v.p[7] == 0x0f);
	v = ipc_buffer(&ipc, 7);
	CHECK(v.len == 160 && v.p[0] == 140 && v.p[159] == (299 & 0xff));
}

static void batches(void)
{
	struct span v;

	CHECK(make("abc", "...", 3) == 0);		/* becomes 8 */
	CHECK(strstr(says(), "\nbatch 8 nodes 8,0 8,0 24,0 8,0 32,0 buffers 0+0 0+32 64+0 64+0 64+3 128+0 128+0 128+64 body 192\n"
			     "batch 8 nodes 8,0 8,0 24,0 8,0 32,0 buffers 0+0 0+32 64+0 64+0 64+3 128+0 128+0 128+64 body 192\n"
			     "batch 4 nodes 4,0 4,0 12,0 4,0 16,0 buffers 0+0 0+16 64+0 64+0 64+2 128+0 128+0 128+32 body 192\nend\n"));
	v = ipc_buffer(&ipc, 1);
	CHECK(v.len == 16 && v.p[0] == 64 && v.p[15] == 79);
	v = ipc_buffer(&ipc, 4);
	CHECK(v.len == 2 && v.p[0] == 0xff && v.p[1] == 0x0f);
	v = ipc_buffer(&ipc, 7);
	CHECK(v.len == 32 && v.p[0] == (140 + 128) % 256 && v.p[31] == (299 & 0xff));
	CHECK(make("abc", "...", 16) == 0);
	CHECK(strstr(says(), "\nbatch 16 ") && strstr(says(), "\nbatch 4 "));
	CHECK(make("abc", "...", 1 << 30) == 0);
	CHECK(strstr(says(), "\nbatch 20 "));
}

static void slices(void)
{
	struct span v;

	CHECK(make("ac", "5:9", 0) == 0);
	CHECK(strstr(says(), "\nbatch 4 nodes 4,0 4,0 16,0 buffers 0+0 0+16 64+0 64+0 64+32 body 128\nend\n"));
	v = ipc_buffer(&ipc, 4);
	CHECK(v.p[0] == 140 + 40);
	CHECK(make("ca", "::-1", 8) == 0);
	CHECK(strstr(says(), "\nbatch 8 ") && strstr(says(), "\nbatch 4 "));
	v = ipc_buffer(&ipc, 4);
	CHECK(v.len == 16 && v.p[0] == 12 && v.p[12] == 0);	/* a[3], a[2] ... */
	CHECK(make("ab", "7", 0) == 0);
	CHECK(strstr(says(), "\nbatch 1 "));
}

/* one column alone is what its form is */
static void alone(void)
{
	struct buf form = BUF_INIT(1 << 20);
	struct sink_buf out;
	const char *name;

	for (name = "abcdf"; *name; name++) {
		char text[2] = { *name, 0 };

		CHECK(make(text, "...", 0) == 0);
		buf_reset(&form);
		sink_buf_start(&out, &form);
		CHECK(tensor_body_cat(&body[0], 0, UINT64_MAX, &out.sink, NULL, NULL) == 0);
		CHECK(span_equal(buf_span(&form), buf_span(&whole)));
	}
	buf_clear(&form);
}

static void nothing(void)
{
	CHECK(make("e", "...", 0) == 0);
	CHECK(strstr(says(), "\nbatch 0 nodes 0,0 0,0 buffers 0+0 0+0 0+0 body 0\nend\n"));
	CHECK(make("e", "...", 4) == 0);
	CHECK(strstr(says(), "\nbatch 0 "));
}

static void refused(void)
{
	CHECK_ERR(make("ad", "...", 0), ERR_USAGE);
	CHECK_STR(err_text(), "tensor 'd': 19 rows, where the first has 20");
	CHECK_ERR(make("ae", "...", 0), ERR_USAGE);
	CHECK_ERR(make("az", "...", 0), ERR_NOTFOUND);
}

int main(void)
{
	start();
	RUN(one_batch);
	RUN(batches);
	RUN(slices);
	RUN(alone);
	RUN(nothing);
	RUN(refused);
	clear();
	tensor_close(set);
	buf_clear(&whole);
	buf_clear(&ipc.text);
	return UNIT_END();
}
