/* plan.c - which runs of bytes a slice is made of */
#include <inttypes.h>

#include "base/err.h"
#include "gather_priv.h"

/* Lengths are counted in bits where elements are no whole bytes. */
struct scale {
	unsigned bits;			/* in a unit: 1 or 8 */
	uint64_t element;		/* units */
};

static int whole(const struct tensor_info *t, const struct tensor_slice *s)
{
	unsigned i;

	for (i = 0; i < t->rank; i++)
		if (s->dim[i].start != 0 || s->dim[i].count != t->shape[i] || s->dim[i].step != 1)
			return 0;
	return 1;
}

static int empty(const struct tensor_slice *s)
{
	unsigned i;

	for (i = 0; i < s->rank; i++)
		if (s->dim[i].count == 0)
			return 1;
	return 0;
}

static int misaligned(const struct tensor_info *t)
{
	return err_set(ERR_UNSUPPORTED, "MisalignedSlice: runs of %u-bit elements should begin and end on whole bytes",
		       t->bits);
}

/* units from one element to the next along each axis */
static void strides(const struct tensor_info *t, struct scale sc, uint64_t stride[TENSOR_RANK_MAX])
{
	uint64_t at = sc.element;
	unsigned i, d;

	for (i = 0; i < t->rank; i++) {
		d = t->column_order ? i : t->rank - 1 - i;
		stride[d] = at;
		at *= t->shape[d];	/* len fits: it was checked */
	}
}

/* Add the axis that is next, from the last one on.  Dimensions are gathered in reverse. */
static void add_axis(struct tensor_plan *p, uint64_t count, int64_t stride)
{
	if (p->outer == 0 && stride > 0 && (uint64_t)stride == p->run) {
		p->run *= count;
	} else if (p->outer && p->dim[p->outer - 1].stride * (int64_t)p->dim[p->outer - 1].count == stride) {
		p->dim[p->outer - 1].count *= count;
	} else {
		p->dim[p->outer].count = count;
		p->dim[p->outer++].stride = stride;
	}
}

static void reverse(struct tensor_plan *p)
{
	unsigned i;

	for (i = 0; i < p->outer / 2; i++) {
		__typeof__(p->dim[0]) d = p->dim[i];

		p->dim[i] = p->dim[p->outer - 1 - i];
		p->dim[p->outer - 1 - i] = d;
	}
}

/* from units to bytes; 0, or -1: some run does not begin or end on a byte */
static int to_bytes(struct tensor_plan *p, struct scale sc)
{
	int64_t per = 8 / (int64_t)sc.bits;
	unsigned i;

	if (p->run % (uint64_t)per || p->base % (uint64_t)per)
		return -1;
	p->run /= (uint64_t)per;
	p->base /= (uint64_t)per;
	for (i = 0; i < p->outer; i++) {
		if (p->dim[i].stride % per)
			return -1;
		p->dim[i].stride /= per;
	}
	return 0;
}

static int lay_out(struct tensor_plan *p, const struct tensor_info *t, const struct tensor_slice *s)
{
	struct scale sc = { .bits = t->bits % 8 ? 1 : 8, .element = t->bits % 8 ? t->bits : t->bits / 8 };
	uint64_t stride[TENSOR_RANK_MAX];
	unsigned i;

	strides(t, sc, stride);
	p->run = sc.element;
	for (i = t->rank; i-- > 0;) {
		p->base += s->dim[i].start * stride[i];
		if (s->dim[i].count > 1)
			add_axis(p, s->dim[i].count, s->dim[i].step * (int64_t)stride[i]);
	}
	reverse(p);
	if (to_bytes(p, sc) < 0)
		return misaligned(t);
	p->n_runs = 1;
	for (i = 0; i < p->outer; i++)
		p->n_runs *= p->dim[i].count;
	p->len = p->n_runs * p->run;
	return 0;
}

int tensor_plan(struct tensor_plan *p, const struct tensor_info *t, const struct tensor_slice *s)
{
	memset(p, 0, sizeof *p);
	if (s->rank != t->rank)
		return err_set(ERR_USAGE, "Slice dimensions (%u) don't match tensor dimensions (%u)", s->rank, t->rank);
	if (t->len > INT64_MAX / 16)
		return err_set(ERR_LIMIT, "a tensor of %" PRIu64 " bytes", t->len);
	if (empty(s) || t->len == 0) {
		p->done = 1;
		return 0;
	}
	if (whole(t, s) && (!t->column_order || t->rank < 2)) {
		p->len = p->run = t->len;
		p->n_runs = 1;
		return 0;
	}
	if (t->bits == 0)
		return err_set(ERR_UNSUPPORTED, "elements of type %.*s cannot be told apart: only all of them can be had",
			       (int)t->type.len, (const char *)t->type.p);
	return lay_out(p, t, s);
}

int tensor_plan_next(struct tensor_plan *p, uint64_t *off, uint64_t *len)
{
	if (p->done)
		return 0;
	*off = p->base + p->skip;
	*len = p->run - p->skip;
	p->skip = 0;
	plan_step(p, 1);
	return 1;
}

void plan_step(struct tensor_plan *p, uint64_t n)
{
	unsigned i = p->outer;

	if (i == 0) {
		p->done = 1;
		return;
	}
	p->dim[i - 1].at += n;
	p->base += n * (uint64_t)p->dim[i - 1].stride;
	while (i-- > 0 && p->dim[i].at == p->dim[i].count) {
		p->base -= p->dim[i].count * (uint64_t)p->dim[i].stride;
		p->dim[i].at = 0;
		if (i == 0) {
			p->done = 1;
			return;
		}
		p->dim[i - 1].at++;
		p->base += (uint64_t)p->dim[i - 1].stride;
	}
}

void tensor_plan_seek(struct tensor_plan *p, uint64_t off)
{
	uint64_t i = p->run ? off / p->run : 0, at;
	unsigned d;

	p->done = off >= p->len;
	p->skip = p->run ? off % p->run : 0;
	for (d = p->outer; d-- > 0;) {
		at = p->done ? 0 : i % p->dim[d].count;
		i /= p->dim[d].count;
		p->base += (at - p->dim[d].at) * (uint64_t)p->dim[d].stride;
		p->dim[d].at = at;
	}
}
