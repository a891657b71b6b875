/* gather_test.c - slices of arrays of any shape, order and type, against what loops over indexes say */
#include <unistd.h>

#include "tensor/gather_priv.h"
#include "tests/unit/unixfs/make.h"

static uint64_t seed = 88172645463325252u;

static uint64_t some(uint64_t n)		/* 0 .. n - 1 */
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

/* ---- a file in memory ---- */

struct fake {
	struct tensor_in in;
	struct span bytes;
	size_t window;			/* of views */
	uint64_t calls;
};

static int fake_read(struct tensor_in *in, uint64_t off, void *p, size_t len)
{
	struct fake *f = (struct fake *)in;

	f->calls++;
	if (off > f->bytes.len || len > f->bytes.len - off)
		return err_set(ERR_INVALID, "outside");
	memcpy(p, f->bytes.p + off, len);
	in->n_bytes += len;
	return 0;
}

static int fake_cat(struct tensor_in *in, uint64_t off, uint64_t len, struct sink *out)
{
	struct fake *f = (struct fake *)in;

	f->calls++;
	if (off > f->bytes.len || len > f->bytes.len - off)
		return err_set(ERR_INVALID, "outside");
	in->n_bytes += len;
	return sink_bytes(out, span_of(f->bytes.p + off, (size_t)len));
}

static int fake_view(struct tensor_in *in, uint64_t off, uint64_t *start, struct span *v)
{
	struct fake *f = (struct fake *)in;
	uint64_t end;

	f->calls++;
	if (off >= f->bytes.len)
		return err_set(ERR_INVALID, "outside");
	if (some(10) == 0)
		return 0;
	*start = off - off % f->window;
	end = *start + f->window < f->bytes.len ? *start + f->window : f->bytes.len;
	*v = span_of(f->bytes.p + *start, (size_t)(end - *start));
	return 1;
}

static struct fake fake_of(struct span bytes, size_t window)
{
	return (struct fake){ .in = { .size = bytes.len, .read = fake_read, .cat = fake_cat,
				      .view = window ? fake_view : NULL },
			      .bytes = bytes, .window = window };
}

/* ---- what loops say ---- */

static struct span naive(struct span file, const struct tensor_info *t, const struct tensor_slice *s)
{
	uint64_t n = 1, i, k, index[TENSOR_RANK_MAX] = { 0 };
	size_t size = t->bits / 8, unit = t->dtype == TENSOR_C64 ? size / 2 : size, b;
	uint8_t *out;
	unsigned d;

	for (d = 0; d < t->rank; d++)
		n *= s->dim[d].count;
	out = malloc(n * size + 1);
	for (i = 0; i < n; i++) {
		uint64_t at = 0;

		for (d = 0; d < t->rank; d++) {
			unsigned axis = t->column_order ? t->rank - 1 - d : d;

			at = at * t->shape[axis] + s->dim[axis].start + (uint64_t)(s->dim[axis].step * (int64_t)index[axis]);
		}
		for (b = 0; b < size; b++)
			out[i * size + b] = file.p[t->off + at * size + (t->big_endian ? b / unit * unit + unit - 1 - b % unit : b)];
		for (d = t->rank; d-- > 0;) {
			if (++index[d] < s->dim[d].count)
				break;
			index[d] = 0;
		}
	}
	k = n * size;
	return span_of(out, k);
}

static int gathered(struct tensor_in *in, const struct tensor_info *t, const struct tensor_slice *s, uint64_t off,
		    uint64_t len, struct buf *out)
{
	struct sink_buf sink;
	struct gather g = { .in = in, .base = t->off, .out = &sink.sink };

	buf_reset(out);
	sink_buf_start(&sink, out);
	return gather_cat(&g, t, s, off, len);
}

/* ---- arrays and slices of any kind ---- */

static const enum tensor_dtype types[] = { TENSOR_U8, TENSOR_BF16, TENSOR_F32, TENSOR_F64, TENSOR_C64, TENSOR_C128 };

static void some_tensor(struct tensor_info *t, uint64_t most)
{
	unsigned d;

	memset(t, 0, sizeof *t);
	t->rank = (unsigned)some(6);
	t->dtype = types[some(sizeof types / sizeof *types)];
	t->bits = t->dtype == TENSOR_U8 ? 8 : t->dtype == TENSOR_BF16 ? 16 : t->dtype == TENSOR_F32 ? 32 :
		  t->dtype == TENSOR_C128 ? 128 : 64;
	t->n = 1;
	for (d = 0; d < t->rank; d++) {
		t->shape[d] = 1 + some(some(4) == 0 ? 200 : 9);
		if (t->n * t->shape[d] > most)
			t->shape[d] = 1;
		t->n *= t->shape[d];
	}
	t->off = some(3) ? some(100) : 0;
	t->column_order = some(2) && t->rank > 1;
	t->big_endian = some(2) && t->dtype != TENSOR_C128;
	t->packed = t->len = t->n * t->bits / 8;
}

static void some_slice(struct tensor_slice *s, const struct tensor_info *t)
{
	unsigned d;

	s->rank = t->rank;
	for (d = 0; d < t->rank; d++) {
		uint64_t size = t->shape[d];
		struct slice_dim *k = &s->dim[d];

		*k = (struct slice_dim){ .count = size, .step = 1 };
		if (some(3) == 0)
			continue;
		k->start = some(size);
		k->step = (int64_t)(some(3) ? 1 : 1 + some(5));
		if (some(3) == 0)
			k->step = -k->step;
		k->count = (k->step > 0 ? (size - 1 - k->start) / (uint64_t)k->step : k->start / (uint64_t)-k->step) + 1;
		k->count = 1 + some(k->count);
		if (some(60) == 0)
			k->count = 0;
		if (k->count == 1 && some(2))
			k->gone = 1;
	}
}

static int as_naive(struct tensor_in *in, struct span file, const struct tensor_info *t, const struct tensor_slice *s)
{
	struct span want = naive(file, t, s);
	struct buf out = BUF_INIT(1 << 27);
	uint64_t off = 0, len = UINT64_MAX;
	int ok = gathered(in, t, s, 0, UINT64_MAX, &out) == 0 && span_equal(buf_span(&out), want);

	if (ok && want.len) {
		off = some(want.len + 3);
		len = some(want.len + 3);
		ok = gathered(in, t, s, off, len, &out) == 0;
		if (off > want.len)
			off = want.len;
		ok = ok && span_equal(buf_span(&out),
				      span_of(want.p + off, (size_t)(len < want.len - off ? len : want.len - off)));
	}
	if (!ok) {
		unsigned d;

		printf("# %s, rank %u, %s%s, off %" PRIu64 " len %" PRIu64 ":", err_text(), t->rank,
		       t->column_order ? "columns " : "", t->big_endian ? "big " : "", off, len);
		for (d = 0; d < t->rank; d++)
			printf(" %" PRIu64 "[%" PRIu64 "+%" PRIu64 "*%" PRId64 "]", t->shape[d], s->dim[d].start, s->dim[d].count,
			       s->dim[d].step);
		printf("\n");
	}
	free((void *)(uintptr_t)want.p);
	buf_clear(&out);
	return ok;
}

static void slices_of_files_in_memory(void)
{
	struct span bytes = make_bytes("tensor", 1 << 20);
	int i, bad = 0;

	for (i = 0; i < 20000 && bad < 5; i++) {
		struct tensor_info t;
		struct tensor_slice s;
		struct fake f;

		some_tensor(&t, some(10) ? 400 : 60000);
		some_slice(&s, &t);
		/* the file ends with the tensor: what is read beyond it is outside */
		f = fake_of(span_of(bytes.p, (size_t)(t.off + t.len)), (size_t[]){ 0, 64, 4096, 1 << 20 }[some(4)]);
		if (!as_naive(&f.in, f.bytes, &t, &s))
			bad++;
	}
	CHECK(bad == 0);
}

int main(void)
{
	RUN(slices_of_files_in_memory);
	return UNIT_END();
}
