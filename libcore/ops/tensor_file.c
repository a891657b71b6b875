/* tensor_file.c - slices, alone and several in one file */
#include <stdlib.h>

#include "base/err.h"
#include "base/num.h"
#include "ops/tensor.h"

int ops_tensor_body(struct tensor_body *b, struct tensor_set *set, struct span name, struct span slice, int flags,
		    enum tensor_form form, enum tensor_dtype to)
{
	int rc;

	*b = (struct tensor_body){ .set = set, .form = form, .column = b->column };
	rc = tensor_find(set, name, &b->info);
	if (rc < 0)
		return rc;
	b->to = to == TENSOR_DTYPES ? b->info.dtype : to;
	if (slice.p)
		rc = tensor_slice_parse(&b->slice, slice, flags, b->info.rank, b->info.shape);
	else
		tensor_slice_all(&b->slice, b->info.rank, b->info.shape);
	return rc < 0 ? rc : tensor_body_make(b);
}

/* ---- several ---- */

/* What was asked: places in f->text and f->shape, which move as they grow. */
struct ask {
	uint64_t len;			/* bytes of data */
	uint32_t name, name_len, slice, slice_len, as, as_len, shape;
	uint16_t rank;
	uint8_t all, flags, dtype;
};

struct ops_tensor_file {
	struct tensor_set *set;
	enum tensor_dtype to;
	struct buf text, shape, asks, head;
	size_t n;
	uint64_t len;
};

int ops_tensor_file_new(struct ops_tensor_file **out, struct tensor_set *set, enum tensor_dtype to)
{
	struct ops_tensor_file *f = calloc(1, sizeof *f);

	*out = f;
	if (!f)
		return err_nomem();
	f->set = set;
	f->to = to;
	f->text = f->shape = f->asks = BUF_INIT(OPS_TENSOR_ASKED);
	f->head = BUF_INIT(2 * OPS_TENSOR_ASKED);
	return 0;
}

void ops_tensor_file_free(struct ops_tensor_file *f)
{
	if (!f)
		return;
	buf_clear(&f->text);
	buf_clear(&f->shape);
	buf_clear(&f->asks);
	buf_clear(&f->head);
	free(f);
}

static struct ask *ask_at(const struct ops_tensor_file *f, size_t i)
{
	return (struct ask *)(void *)f->asks.data + i;
}

static struct span ask_as(const struct ops_tensor_file *f, const struct ask *a)
{
	return span_of(f->text.data + a->as, a->as_len);
}

static int keep(struct ops_tensor_file *f, struct span s, uint32_t *at, uint32_t *len)
{
	*at = (uint32_t)f->text.len;
	*len = (uint32_t)s.len;
	return buf_add(&f->text, s);
}

int ops_tensor_file_add(struct ops_tensor_file *f, struct span name, struct span slice, int flags, struct span as)
{
	struct ask a = { .all = slice.p == NULL, .flags = (uint8_t)flags, .shape = (uint32_t)f->shape.len };
	struct tensor_body b = { 0 };
	int rc = ops_tensor_body(&b, f->set, name, slice, flags, TENSOR_FORM_SAFETENSORS, f->to);

	if (rc == 0 && f->text.len + f->shape.len + f->asks.len + sizeof a + name.len + slice.len + as.len >
	    OPS_TENSOR_ASKED)
		rc = err_set(ERR_LIMIT, "too many slices for one file");
	if (rc == 0)
		rc = keep(f, name, &a.name, &a.name_len);
	if (rc == 0)
		rc = keep(f, slice, &a.slice, &a.slice_len);
	if (rc == 0)
		rc = keep(f, as.len ? as : b.info.name.len ? b.info.name : span_str("data"), &a.as, &a.as_len);
	a.rank = (uint16_t)b.rank;
	a.len = b.data;
	a.dtype = (uint8_t)b.to;
	if (rc == 0)
		rc = buf_bytes(&f->shape, b.shape, b.rank * sizeof *b.shape);
	if (rc == 0)
		rc = buf_bytes(&f->asks, &a, sizeof a);
	f->n += rc == 0;
	tensor_body_clear(&b);
	return rc;
}

static int by_name(const void *a, const void *b, void *arg)
{
	return span_cmp(ask_as(arg, a), ask_as(arg, b));
}

/* as safetensors' own writer does: large elements first, so that all are aligned */
static int by_type(const void *a, const void *b, void *arg)
{
	const struct ask *x = a, *y = b;

	return x->dtype != y->dtype ? (x->dtype < y->dtype) - (x->dtype > y->dtype) : by_name(a, b, arg);
}

static int no_twins(struct ops_tensor_file *f)
{
	struct span name;
	size_t i;

	qsort_r(f->asks.data, f->n, sizeof(struct ask), by_name, f);
	for (i = 1; i < f->n; i++) {
		name = ask_as(f, ask_at(f, i));
		if (span_equal(name, ask_as(f, ask_at(f, i - 1))))
			return err_set(ERR_USAGE, "two slices are called '%.*s': give one of them another name in the file",
				       (int)name.len, (const char *)name.p);
	}
	return 0;
}

static int make_head(struct ops_tensor_file *f)
{
	struct tensor_head *t = calloc(f->n, sizeof *t);
	size_t i;
	int rc;

	if (!t)
		return err_nomem();
	for (i = 0; i < f->n; i++) {
		const struct ask *a = ask_at(f, i);

		t[i] = (struct tensor_head){ ask_as(f, a), a->dtype, a->rank,
					     (const uint64_t *)(const void *)(f->shape.data + a->shape), a->len };
	}
	rc = tensor_safetensors_head(&f->head, t, f->n, NULL, 0);
	free(t);
	return rc;
}

int ops_tensor_file_end(struct ops_tensor_file *f, uint64_t *len)
{
	size_t i;
	int rc = f->n ? no_twins(f) : err_set(ERR_USAGE, "no slice was asked for");

	if (rc < 0)
		return rc;
	qsort_r(f->asks.data, f->n, sizeof(struct ask), by_type, f);
	rc = make_head(f);
	f->len = f->head.len;
	for (i = 0; rc == 0 && i < f->n; i++)
		rc = num_add(f->len, ask_at(f, i)->len, &f->len);
	*len = f->len;
	return rc;
}

static int ask_cat(struct ops_tensor_file *f, const struct ask *a, uint64_t off, uint64_t len, struct sink *out,
		   int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	struct tensor_body b = { 0 };
	struct span slice = span_of(f->text.data + a->slice, a->slice_len);
	int rc;

	if (a->all)
		slice.p = NULL;
	rc = ops_tensor_body(&b, f->set, span_of(f->text.data + a->name, a->name_len), slice, a->flags, TENSOR_FORM_RAW,
			     f->to);
	if (rc == 0)
		rc = tensor_body_cat(&b, off, len, out, progress, arg);
	tensor_body_clear(&b);
	return rc;
}

int ops_tensor_file_cat(struct ops_tensor_file *f, uint64_t off, uint64_t len, struct sink *out,
			int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	uint64_t at = f->head.len, end = f->len - (off < f->len ? off : f->len);
	size_t i;
	int rc = 0;

	end = len < end ? off + len : f->len;
	if (off < f->head.len)
		rc = sink_bytes(out, span_of(f->head.data + off, (size_t)((end < at ? end : at) - off)));
	for (i = 0; rc == 0 && i < f->n && at < end; i++) {
		const struct ask *a = ask_at(f, i);
		uint64_t from = off > at ? off - at : 0, to = end - at < a->len ? end - at : a->len;

		if (from < to)
			rc = ask_cat(f, a, from, to - from, out, progress, arg);
		at += a->len;
	}
	return rc;
}
