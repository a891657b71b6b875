/* body.c - a slice in a form: what stands around its elements, how long all of it is, and any part of it */
#include <inttypes.h>

#include "base/err.h"
#include "base/num.h"
#include "body_priv.h"

static const struct { const char *name, *type; } forms[TENSOR_FORMS] = {
	[TENSOR_FORM_RAW] = { "raw", "application/octet-stream" },
	[TENSOR_FORM_NPY] = { "npy", "application/x-npy" },
	[TENSOR_FORM_SAFETENSORS] = { "safetensors", "application/vnd.safetensors" },
	[TENSOR_FORM_ARROW] = { "arrow", "application/vnd.apache.arrow.stream" },
	[TENSOR_FORM_ARROW_ROWS] = { "arrow-rows", "application/vnd.apache.arrow.stream" },
	[TENSOR_FORM_JSON] = { "json", "application/json" },
};

const char *tensor_form_name(enum tensor_form f)
{
	return forms[f].name;
}

const char *tensor_form_type(enum tensor_form f)
{
	return forms[f].type;
}

int tensor_form_find(struct span name, enum tensor_form *f)
{
	int i;

	for (i = 0; i < TENSOR_FORMS; i++)
		if (span_equal(name, span_str(forms[i].name))) {
			*f = (enum tensor_form)i;
			return 1;
		}
	return 0;
}

/* ---- types ---- */

static unsigned bits_of(const struct tensor_body *b)
{
	return b->to == TENSOR_OTHER ? b->info.bits : tensor_dtype_bits(b->to);
}

struct span body_type(const struct tensor_body *b)
{
	return b->to == TENSOR_OTHER ? b->info.type : span_str(tensor_dtype_name(b->to));
}

int body_unsupported(const struct tensor_body *b, const char *instead)
{
	struct span type = body_type(b);

	return err_set(ERR_UNSUPPORTED, "%s has no elements of type %.*s; %s", tensor_form_name(b->form),
		       (int)(type.len < 80 ? type.len : 80), (const char *)type.p, instead);
}

int body_bytes(const struct tensor_body *b, unsigned *rank, uint64_t shape[TENSOR_RANK_MAX])
{
	unsigned bits = bits_of(b), i;
	uint64_t rows = 1;

	*rank = b->rank;
	memcpy(shape, b->shape, b->rank * sizeof *shape);
	if (bits && bits % 8 == 0)
		return 0;
	for (i = 0; i + 1 < b->rank; i++)
		if (__builtin_mul_overflow(rows, shape[i], &rows))
			rows = 0;
	if (b->rank && rows && b->data % rows == 0) {
		shape[b->rank - 1] = b->data / rows;
	} else if (b->rank == 0 || b->data) {
		*rank = 1;
		shape[0] = b->data;
	}
	return 1;
}

/* ---- heads ---- */

/* as NumPy spells it; its own types of others stay */
static struct span npy_descr(const struct tensor_body *b)
{
	static const char *const names[TENSOR_DTYPES] = {
		[TENSOR_BOOL] = "|b1", [TENSOR_I8] = "|i1", [TENSOR_I16] = "<i2", [TENSOR_I32] = "<i4",
		[TENSOR_I64] = "<i8", [TENSOR_U16] = "<u2", [TENSOR_BF16] = "<u2", [TENSOR_U32] = "<u4",
		[TENSOR_U64] = "<u8", [TENSOR_F16] = "<f2", [TENSOR_F32] = "<f4", [TENSOR_F64] = "<f8",
		[TENSOR_C64] = "<c8", [TENSOR_C128] = "<c16",
	};

	if (b->to == TENSOR_OTHER && b->info.bits)
		return b->info.type;
	return span_str(names[b->to] ? names[b->to] : "|u1");
}

static int npy_head(struct tensor_body *b)
{
	uint64_t shape[TENSOR_RANK_MAX];
	unsigned rank;

	body_bytes(b, &rank, shape);
	return tensor_npy_head(&b->head, npy_descr(b), 0, rank, shape);
}

static int safetensors_head(struct tensor_body *b)
{
	struct tensor_head t = { b->info.name, b->to, b->rank, b->shape, b->data };

	if (b->to == TENSOR_C128 || b->to == TENSOR_OTHER)
		return body_unsupported(b, "npy and raw have");
	if (t.name.len == 0)
		t.name = span_str("data");
	return tensor_safetensors_head(&b->head, &t, 1, NULL, 0);
}

static int make_head(struct tensor_body *b)
{
	switch (b->form) {
	case TENSOR_FORM_NPY: return npy_head(b);
	case TENSOR_FORM_SAFETENSORS: return safetensors_head(b);
	case TENSOR_FORM_ARROW:
	case TENSOR_FORM_ARROW_ROWS: return arrow_head(b);
	case TENSOR_FORM_JSON: return json_make(b);
	default: return 0;
	}
}

/* ---- making ---- */

/* bytes of the data: as they are in the file, or converted */
static int find_data(struct tensor_body *b)
{
	struct tensor_plan plan;
	unsigned i;
	int rc = tensor_plan(&plan, &b->info, &b->slice);

	if (rc < 0)
		return rc;
	b->n = 1;
	for (i = 0; i < b->rank; i++)
		b->n *= b->shape[i];		/* fits, says tensor_slice_shape */
	b->data = plan.len;
	return b->to == b->info.dtype ? 0 : num_mul(b->n, tensor_dtype_bits(b->to) / 8, &b->data);
}

int tensor_body_make(struct tensor_body *b)
{
	int rc;

	b->head = BUF_INIT(BODY_HEAD_MAX);
	b->tail = BUF_INIT(BODY_HEAD_MAX);
	b->rank = tensor_slice_shape(&b->slice, b->shape);
	if (!tensor_convertible(b->info.dtype, b->to))
		return not_convertible(b->info.type, b->to);
	rc = find_data(b);
	if (rc == 0)
		rc = make_head(b);
	if (rc < 0)
		return rc;
	if (b->form == TENSOR_FORM_JSON) {
		b->len = UINT64_MAX;
		return 0;
	}
	rc = num_add(b->head.len, b->data, &b->len);
	return rc < 0 ? rc : num_add(b->len, b->tail.len, &b->len);
}

void tensor_body_clear(struct tensor_body *b)
{
	buf_clear(&b->head);
	buf_clear(&b->tail);
}

/* ---- going out ---- */

/* lets `left` bytes through behind the first `skip` */
struct window {
	struct sink sink;
	struct sink *out;
	uint64_t skip, left;
	int (*progress)(void *arg, uint64_t bytes);
	void *arg;
};

static int window_put(struct sink *sink, const struct piece *p)
{
	struct window *w = (struct window *)(void *)sink;
	uint64_t skip = w->skip < p->len ? w->skip : p->len, n = p->len - skip;
	struct piece q = *p;
	int rc;

	w->skip -= skip;
	n = n < w->left ? n : w->left;
	if (n == 0)
		return 0;
	w->left -= n;
	q.len = n;
	if (p->fd < 0)
		q.bytes = span_of(p->bytes.p + skip, (size_t)n);
	else
		q.off += skip;
	rc = sink_put(w->out, &q);
	return rc == 0 && w->progress ? w->progress(w->arg, n) : rc;
}

/* Packed elements are converted from a whole byte on: 8 of them are that in every type. */
static int converted(struct tensor_body *b, uint64_t off, uint64_t len, struct sink *out,
		     int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	unsigned from = tensor_dtype_bits(b->info.dtype), size = tensor_dtype_bits(b->to) / 8;
	uint64_t first = off / size / 8 * 8, end = (off + len + size - 1) / size, n;
	struct window w = { { window_put }, out, off - first * size, len, progress, arg };
	struct tensor_sink s;
	int rc;

	if (from % 8)
		end = b->n - end < 8 ? b->n : (end + 7) / 8 * 8;
	n = (end - first) / 8 * from + (end - first) % 8 * from / 8;
	rc = tensor_sink_start(&s, b->info.dtype, b->to, &w.sink);
	if (rc == 0)
		rc = tensor_cat(b->set, &b->info, &b->slice, first / 8 * from, n, &s.sink, NULL, NULL);
	if (rc < 0) {
		tensor_sink_clear(&s);
		return rc;
	}
	return tensor_sink_end(&s);
}

static int data_cat(struct tensor_body *b, uint64_t off, uint64_t len, struct sink *out,
		    int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	if (len == 0)
		return 0;
	if (arrow_bits(b))
		return arrow_bits_cat(b, off, len, out, progress, arg);
	if (b->to != b->info.dtype)
		return converted(b, off, len, out, progress, arg);
	return tensor_cat(b->set, &b->info, &b->slice, off, len, out, progress, arg);
}

/* what of a part of `n` bytes is in [*off, *off + *len), which then begins behind it; *at: where in the part */
static uint64_t cut(uint64_t n, uint64_t *off, uint64_t *len, uint64_t *at)
{
	uint64_t have;

	*at = *off < n ? *off : n;
	have = n - *at < *len ? n - *at : *len;
	*off -= *at;
	*len -= have;
	return have;
}

static int put_part(struct sink *out, const struct buf *part, uint64_t at, uint64_t n)
{
	return n ? sink_bytes(out, span_of(part->data + at, (size_t)n)) : 0;
}

int tensor_body_cat(struct tensor_body *b, uint64_t off, uint64_t len, struct sink *out,
		    int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	uint64_t n, at;
	int rc;

	if (b->form == TENSOR_FORM_JSON) {
		if (off || len != UINT64_MAX)
			return err_set(ERR_USAGE, "of JSON no part can be had, only all of it");
		return json_cat(b, out, progress, arg);
	}
	if (off > b->len || (len != UINT64_MAX && len > b->len - off))
		return err_set(ERR_USAGE, "bytes %" PRIu64 "+%" PRIu64 ": there are %" PRIu64, off, len, b->len);
	n = cut(b->head.len, &off, &len, &at);
	rc = put_part(out, &b->head, at, n);
	n = cut(b->data, &off, &len, &at);
	if (rc == 0)
		rc = data_cat(b, at, n, out, progress, arg);
	n = cut(b->tail.len, &off, &len, &at);
	return rc < 0 ? rc : put_part(out, &b->tail, at, n);
}
