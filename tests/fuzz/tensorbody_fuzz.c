/*
 * tensorbody_fuzz.c - slices out of strange containers, in every form: two bytes choose form and type, a line the slice, the
 * rest is the container.  What comes out is as long as was said, is read by who reads that form, and holds the same numbers;
 * any part of it is part of it.
 */
#include "../unit/feed.h"
#include "../unit/ipc.h"
#include "../unit/tensor/memin.h"
#include "base/jsonrd.h"

#define MUST(x) do { if (!(x)) { fprintf(stderr, "%s: %s\n", #x, err_text()); abort(); } } while (0)

enum { INPUT_MAX = 1 << 20, DATA_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_failure(int rc)
{
	return rc == ERR_INVALID || rc == ERR_UNSUPPORTED || rc == ERR_LIMIT || rc == ERR_USAGE || rc == ERR_NOTFOUND;
}

static int cat(struct tensor_body *b, uint64_t off, uint64_t len, struct buf *out)
{
	struct sink_buf s;

	buf_reset(out);
	sink_buf_start(&s, out);
	return tensor_body_cat(b, off, len, &s.sink, NULL, NULL);
}

/* the data alone, as it leaves */
static int data_of(const struct tensor_body *of, struct buf *out)
{
	struct tensor_body b = { .set = of->set, .info = of->info, .slice = of->slice, .form = TENSOR_FORM_RAW, .to = of->to };
	int rc = tensor_body_make(&b);

	MUST(rc == 0 && b.head.len == 0 && b.tail.len == 0 && b.len == b.data);
	rc = cat(&b, 0, UINT64_MAX, out);
	tensor_body_clear(&b);
	return rc;
}

static void some_parts(struct tensor_body *b, const struct buf *whole)
{
	struct buf part = BUF_INIT(whole->len);
	uint64_t i, off, len;

	for (i = 1; i < 9; i++) {
		off = whole->len * i / 9;
		len = (whole->len - off) * (i * 5 % 9) / 8;
		MUST(cat(b, off, len, &part) == 0 && part.len == len);
		MUST(len == 0 || !memcmp(part.data, whole->data + off, (size_t)len));
	}
	MUST(cat(b, whole->len + 1, UINT64_MAX, &part) == ERR_USAGE);
	buf_clear(&part);
}

/* a container again, with one tensor of these bytes */
static void reads_back(const struct tensor_body *b, const struct buf *whole, const struct buf *values)
{
	struct buf again = BUF_INIT(whole->len);
	struct tensor_body r = { .form = TENSOR_FORM_RAW };

	MUST(set_open_in(&r.set, memin_new(buf_span(whole)), NULL, NULL, NULL, 64 * 1024) == 0);
	MUST(tensor_count(r.set) == 1 && tensor_get(r.set, 0, &r.info) == 0);
	if (b->form == TENSOR_FORM_SAFETENSORS)
		MUST(r.info.dtype == b->to && r.info.rank == b->rank && !memcmp(r.info.shape, b->shape, b->rank * sizeof *b->shape));
	r.to = r.info.dtype;
	tensor_slice_all(&r.slice, r.info.rank, r.info.shape);
	MUST(tensor_body_make(&r) == 0 && cat(&r, 0, UINT64_MAX, &again) == 0);
	MUST(span_equal(buf_span(&again), buf_span(values)));
	tensor_body_clear(&r);
	tensor_close(r.set);
	buf_clear(&again);
}

static void is_arrow(const struct tensor_body *b, const struct buf *whole, const struct buf *values)
{
	static struct ipc c;
	struct span got;
	size_t i;

	if (ipc_read(&c, buf_span(whole)) < 0) {
		fprintf(stderr, "%s\n", c.bad);
		abort();
	}
	got = ipc_buffer(&c, c.n_buffers - 1);
	MUST(got.len == b->data);
	if (b->to != TENSOR_BOOL) {
		MUST(span_equal(got, buf_span(values)));
		return;
	}
	for (i = 0; i < values->len; i++)
		MUST((got.p[i / 8] >> i % 8 & 1) == (values->data[i] != 0));
}

/* one value, with as many numbers as there are elements */
static void is_json(const struct tensor_body *b, const struct buf *whole)
{
	struct feed text = { buf_span(whole), SIZE_MAX, 0 };
	uint64_t n = 0;
	struct jsonrd j;
	int t;

	jsonrd_init(&j, feed_read, &text, 100);
	while ((t = jsonrd_next(&j)) > 0)
		n += t == JSONRD_NUMBER || t == JSONRD_NULL || t == JSONRD_TRUE || t == JSONRD_FALSE;
	/* 64 dimensions of complex numbers are deeper than our own reader goes */
	MUST(t == JSONRD_DONE || b->rank >= JSONRD_DEPTH_MAX);
	MUST(t < 0 || n == b->n * (b->to == TENSOR_C64 || b->to == TENSOR_C128 ? 2 : 1));
	jsonrd_clear(&j);
}

static void one_body(struct tensor_body *b)
{
	struct buf whole = BUF_INIT(64 * DATA_MAX), values = BUF_INIT(16 * DATA_MAX);
	int rc = b->data > DATA_MAX ? ERR_LIMIT : cat(b, 0, UINT64_MAX, &whole);

	/* a deflated member may be broken anywhere */
	MUST(rc == 0 || is_failure(rc));
	if (rc == 0)
		rc = data_of(b, &values);
	if (rc == 0 && b->form == TENSOR_FORM_JSON)
		is_json(b, &whole);
	if (rc == 0 && b->form != TENSOR_FORM_JSON) {
		MUST(whole.len == b->len);
		some_parts(b, &whole);
	}
	if (rc == 0 && (b->form == TENSOR_FORM_ARROW || b->form == TENSOR_FORM_ARROW_ROWS))
		is_arrow(b, &whole, &values);
	if (rc == 0 && (b->form == TENSOR_FORM_SAFETENSORS || b->form == TENSOR_FORM_NPY))
		reads_back(b, &whole, &values);
	buf_clear(&whole);
	buf_clear(&values);
}

static void one_tensor(struct tensor_set *set, uint64_t i, enum tensor_form form, int type, struct span slice)
{
	struct tensor_body b = { .set = set, .form = form };
	int rc;

	MUST(tensor_get(set, i, &b.info) == 0);
	b.to = type == 0 ? b.info.dtype : type == 1 ? TENSOR_F32 : TENSOR_F64;
	rc = tensor_slice_parse(&b.slice, slice, 0, b.info.rank, b.info.shape);
	if (rc < 0)
		tensor_slice_all(&b.slice, b.info.rank, b.info.shape);
	rc = tensor_body_make(&b);
	MUST(rc == 0 || is_failure(rc));
	if (rc == 0)
		one_body(&b);
	tensor_body_clear(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tensor_set *set;
	const uint8_t *line;
	struct span slice;
	uint64_t i;

	if (size < 3 || size > INPUT_MAX || !(line = memchr(data + 2, '\n', size - 2)))
		return 0;
	slice = span_of(data + 2, (size_t)(line - data) - 2);
	line++;
	if (set_open_in(&set, memin_new(span_of(line, size - (size_t)(line - data))), NULL, NULL, NULL, 64 * 1024) < 0)
		return 0;
	for (i = 0; i < tensor_count(set) && i < 8; i++)
		one_tensor(set, i, (enum tensor_form)(data[0] % TENSOR_FORMS), data[1] % 3, slice);
	MUST(!memin_beyond);
	tensor_close(set);
	return 0;
}
