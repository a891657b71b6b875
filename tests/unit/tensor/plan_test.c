/* plan_test.c - the runs of bytes a slice is made of */
#include "tensor/tensor.h"
#include "tests/unit/unit.h"

static struct tensor_info array(unsigned bits, int column_order, unsigned rank, const uint64_t *shape)
{
	struct tensor_info t = { .dtype = bits == 4 ? TENSOR_F4 : bits == 6 ? TENSOR_F6_E2M3 : TENSOR_OTHER, .bits = bits,
				 .rank = rank, .column_order = (uint8_t)column_order, .n = 1 };
	unsigned i;

	for (i = 0; i < rank; i++)
		t.n *= t.shape[i] = shape[i];
	t.packed = t.len = t.n * bits / 8;
	return t;
}

/* "off+len" a run; or the complaint */
static const char *runs_from(const struct tensor_info *t, const char *slice, uint64_t from)
{
	static char out[4096];
	struct tensor_slice s;
	struct tensor_plan p;
	uint64_t off, len;
	size_t n = 0;

	if (tensor_slice_parse(&s, span_str(slice), 0, t->rank, t->shape) < 0 || tensor_plan(&p, t, &s) < 0)
		return err_text();
	if (from)
		tensor_plan_seek(&p, from);
	out[0] = 0;
	while (tensor_plan_next(&p, &off, &len) && n < sizeof out - 64)
		n += (size_t)snprintf(out + n, sizeof out - n, "%s%" PRIu64 "+%" PRIu64, n ? " " : "", off, len);
	return out;
}

static const char *runs(const struct tensor_info *t, const char *slice)
{
	return runs_from(t, slice, 0);
}

static void neighbours_are_one_run(void)
{
	struct tensor_info t = array(32, 0, 3, (uint64_t[]){ 4, 5, 6 });

	CHECK_STR(runs(&t, "..."), "0+480");
	CHECK_STR(runs(&t, "1"), "120+120");
	CHECK_STR(runs(&t, "1:3"), "120+240");
	CHECK_STR(runs(&t, "1,2:4"), "168+48");
	CHECK_STR(runs(&t, "1:3,2:4"), "168+48 288+48");
	CHECK_STR(runs(&t, "1,2,3"), "180+4");
	CHECK_STR(runs(&t, "0,:2,1:3"), "4+8 28+8");
	CHECK_STR(runs(&t, "0:1,:,0:6"), "0+120");
	CHECK_STR(runs(&t, "::2"), "0+120 240+120");
	CHECK_STR(runs(&t, "::-2"), "360+120 120+120");
	CHECK_STR(runs(&t, "0,0,::2"), "0+4 8+4 16+4");
	CHECK_STR(runs(&t, "0,0,::-3"), "20+4 8+4");
	CHECK_STR(runs(&t, "0:0"), "");
	CHECK_STR(runs_from(&t, "1:3,2:4", 47), "215+1 288+48");
	CHECK_STR(runs_from(&t, "1:3,2:4", 50), "290+46");
	CHECK_STR(runs_from(&t, "1:3,2:4", 96), "");
	/* axes that are walked in even steps are one axis */
	t = array(8, 0, 4, (uint64_t[]){ 3, 4, 5, 6 });
	struct tensor_slice s;
	struct tensor_plan p;

	CHECK(tensor_slice_parse(&s, span_str("...,2"), 0, 4, t.shape) == 0 && tensor_plan(&p, &t, &s) == 0);
	CHECK(p.outer == 1 && p.n_runs == 60 && p.run == 1 && p.len == 60);
	CHECK(tensor_slice_parse(&s, span_str(":,1:3,:,2"), 0, 4, t.shape) == 0 && tensor_plan(&p, &t, &s) == 0);
	CHECK(p.outer == 2 && p.n_runs == 30 && p.len == 30);
}

static void columns_first(void)
{
	struct tensor_info t = array(16, 1, 2, (uint64_t[]){ 3, 2 });

	CHECK_STR(runs(&t, "..."), "0+2 6+2 2+2 8+2 4+2 10+2");
	CHECK_STR(runs(&t, ":,1"), "6+6");
	CHECK_STR(runs(&t, "1,:"), "2+2 8+2");
	CHECK_STR(runs(&t, "1:,1"), "8+4");
	t = array(16, 1, 1, (uint64_t[]){ 5 });
	CHECK_STR(runs(&t, "..."), "0+10");
	t = array(16, 1, 3, (uint64_t[]){ 5, 1, 1 });
	CHECK_STR(runs(&t, "1:4"), "2+6");
}

/* reference 19.3: runs of elements that are no bytes must begin and end on bytes */
static void halves_of_bytes(void)
{
	struct tensor_info t = array(4, 0, 2, (uint64_t[]){ 3, 4 });

	CHECK_STR(runs(&t, "..."), "0+6");
	CHECK_STR(runs(&t, "1"), "2+2");
	CHECK_STR(runs(&t, ":,2:4"), "1+1 3+1 5+1");
	CHECK(strncmp(runs(&t, ":,1:3"), "MisalignedSlice", 15) == 0);
	CHECK(strncmp(runs(&t, ":,0:1"), "MisalignedSlice", 15) == 0);
	CHECK(strncmp(runs(&t, "0,::2"), "MisalignedSlice", 15) == 0);
	CHECK(strncmp(runs(&t, "0,0"), "MisalignedSlice", 15) == 0);
	/* rows of a byte and a half: two of them are whole bytes */
	t = array(4, 0, 2, (uint64_t[]){ 4, 3 });
	CHECK_STR(runs(&t, "0:2"), "0+3");
	CHECK_STR(runs(&t, "2:4"), "3+3");
	CHECK(strncmp(runs(&t, "1:3"), "MisalignedSlice", 15) == 0);
	CHECK(strncmp(runs(&t, "1"), "MisalignedSlice", 15) == 0);
	t = array(6, 0, 2, (uint64_t[]){ 4, 8 });
	CHECK_STR(runs(&t, "1,4:8"), "9+3");
	CHECK(strncmp(runs(&t, "1,2:4"), "MisalignedSlice", 15) == 0);
}

static void scalars_and_nothing(void)
{
	struct tensor_info t = array(64, 0, 0, NULL);

	CHECK_STR(runs(&t, "..."), "0+8");
	t = array(64, 0, 3, (uint64_t[]){ 0, UINT64_MAX / 2, 4 });
	t.n = t.len = 0;
	CHECK_STR(runs(&t, "..."), "");
	CHECK_STR(runs(&t, ":,5,1:3"), "");
}

static int plan_of(const struct tensor_info *t, const char *slice)
{
	struct tensor_slice s;
	struct tensor_plan p;
	int rc = tensor_slice_parse(&s, span_str(slice), 0, t->rank, t->shape);

	return rc < 0 ? rc : tensor_plan(&p, t, &s);
}

static void what_cannot_be_planned(void)
{
	struct tensor_info t = array(8, 0, 2, (uint64_t[]){ 4, 4 });
	struct tensor_slice s;
	struct tensor_plan p;

	t.bits = 0;				/* quantised blocks */
	t.type = span_str("Q4_K");
	CHECK(plan_of(&t, "...") == 0);
	CHECK(plan_of(&t, "0:4,:") == 0);
	CHECK_ERR(plan_of(&t, "1"), ERR_UNSUPPORTED);
	CHECK(strstr(err_text(), "Q4_K") != NULL);
	CHECK_ERR(plan_of(&t, "::-1"), ERR_UNSUPPORTED);
	tensor_slice_all(&s, 1, t.shape);
	CHECK_ERR(tensor_plan(&p, &t, &s), ERR_USAGE);
	t = array(8, 0, 1, (uint64_t[]){ UINT64_MAX / 4 });
	CHECK_ERR(plan_of(&t, "1:3"), ERR_LIMIT);
}

static uint64_t seed = 88172645463325252u;

static uint64_t some(uint64_t n)		/* 0 .. n - 1 */
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

/* a slice takes no byte twice, none outside, as many as it has; from any place on the same */
static int sound(const struct tensor_info *t, const struct tensor_slice *s)
{
	struct tensor_plan p, q;
	uint64_t off, len, sum = 0, last = 0, before, i, skipped = 0, qoff, qlen;
	uint8_t *seen = calloc(1, t->len + 1);
	unsigned d;
	int ok, ascending = !t->column_order;

	for (d = 0; d < s->rank; d++)
		ascending &= s->dim[d].step > 0;
	ok = tensor_plan(&p, t, s) == 0;
	q = p;
	before = p.len ? some(p.len) : 0;
	tensor_plan_seek(&q, before);
	for (i = 0; ok && tensor_plan_next(&p, &off, &len); i++) {
		ok = len > 0 && off <= t->len && len <= t->len - off && (!ascending || off >= last);
		if (ok && skipped + len > before) {	/* q goes along from here on */
			ok = tensor_plan_next(&q, &qoff, &qlen) == 1 && qoff + qlen == off + len &&
			     qlen == (skipped >= before ? len : skipped + len - before);
		}
		skipped += len;
		last = off + len;
		sum += len;
		for (; ok && len; off++, len--)
			ok = seen[off]++ == 0;
	}
	ok = ok && sum == p.len && i == (p.len ? p.n_runs : 0) && (!p.len || tensor_plan_next(&q, &qoff, &qlen) == 0);
	free(seen);
	return ok;
}

static void any_plan_is_sound(void)
{
	int i, bad = 0;

	for (i = 0; i < 20000; i++) {
		uint64_t shape[5];
		unsigned rank = (unsigned)some(6), d;
		struct tensor_slice s = { .rank = rank };
		struct tensor_info t;

		for (d = 0; d < rank; d++)
			shape[d] = 1 + some(7);
		t = array((unsigned[]){ 8, 16, 32, 24 }[some(4)], (int)some(2), rank, shape);
		for (d = 0; d < rank; d++) {
			struct slice_dim *k = &s.dim[d];

			k->start = some(shape[d]);
			k->step = (int64_t)(1 + some(3)) * (some(2) ? 1 : -1);
			k->count = (k->step > 0 ? (shape[d] - 1 - k->start) / (uint64_t)k->step :
				    k->start / (uint64_t)-k->step) + 1;
			k->count = some(9) ? k->count : some(k->count + 1);
		}
		bad += !sound(&t, &s);
	}
	CHECK(bad == 0);
}

int main(void)
{
	RUN(neighbours_are_one_run);
	RUN(columns_first);
	RUN(halves_of_bytes);
	RUN(scalars_and_nothing);
	RUN(what_cannot_be_planned);
	RUN(any_plan_is_sound);
	return UNIT_END();
}
