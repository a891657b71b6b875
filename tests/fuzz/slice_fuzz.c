/* slice_fuzz.c - slices of arrays of any shape: what is accepted lies within the array
 * Input: rank, flags, bits, then a byte or nine of each size (255: eight follow), then the text. */
#include "base/rd.h"
#include "tensor/tensor.h"

enum { RUNS = 200 };

static void walk(struct tensor_plan p, const struct tensor_info *t)
{
	uint64_t off, len;
	int i;

	for (i = 0; i < RUNS && tensor_plan_next(&p, &off, &len); i++)
		if (len == 0 || off > t->len || len > t->len - off)
			__builtin_trap();
}

static int read_shape(struct rd *r, struct tensor_info *t)
{
	unsigned i;

	t->n = 1;
	for (i = 0; i < t->rank; i++) {
		t->shape[i] = rd_u8(r);
		if (t->shape[i] == 255)
			t->shape[i] = rd_le64(r);
		if (__builtin_mul_overflow(t->n, t->shape[i], &t->n))
			return 0;
	}
	return !__builtin_mul_overflow(t->n, t->bits, &t->len) && (t->len /= 8, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_from(span_of(data, size));
	struct tensor_info t = { .rank = rd_u8(&r) % 8u, .dtype = TENSOR_OTHER, .type = span_str("|V3") };
	uint64_t shape[TENSOR_RANK_MAX];
	int flags = rd_u8(&r);
	struct tensor_slice s;
	struct tensor_plan p;
	unsigned i;

	t.column_order = flags >> 7;
	t.bits = rd_u8(&r);
	if (!read_shape(&r, &t) || !rd_ok(&r))
		return 0;
	if (tensor_slice_parse(&s, rd_rest(&r), flags & 7, t.rank, t.shape) < 0)
		return 0;
	for (i = 0; i < t.rank; i++) {
		const struct slice_dim *d = &s.dim[i];
		__int128 last = (__int128)d->start + (__int128)d->step * (__int128)(d->count ? d->count - 1 : 0);

		if (d->count > t.shape[i] || (d->count && (d->start >= t.shape[i] || last < 0 || last >= t.shape[i])))
			__builtin_trap();
		if (flags & SLICE_KEEP && d->gone)
			__builtin_trap();
	}
	if (tensor_slice_shape(&s, shape) > t.rank)
		__builtin_trap();
	if (tensor_plan(&p, &t, &s) < 0)
		return 0;
	if (p.len > t.len)
		__builtin_trap();
	walk(p, &t);
	tensor_plan_seek(&p, p.len / 2);
	walk(p, &t);
	return 0;
}
