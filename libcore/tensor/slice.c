/* slice.c - slices as people write them */
#include <inttypes.h>

#include "base/err.h"
#include "base/rd.h"
#include "tensor_priv.h"

/* What is read, and where: dimension `dim` of one of these sizes. */
struct slicing {
	struct span rest;
	unsigned dim, rank;
	const uint64_t *shape;
	int flags;
};

struct number {
	uint64_t v;
	int given, minus;
};

static int bad(const struct slicing *s, const char *what)
{
	return err_set(ERR_USAGE, "slice dimension #%u: %s", s->dim, what);
}

static int out_of_bounds(const struct slicing *s, const struct number *n, const char *what)
{
	return err_set(ERR_USAGE, "slice dimension #%u: %s %s%" PRIu64 " is out of bounds for size %" PRIu64, s->dim, what,
		       n->minus ? "-" : "", n->v, s->shape[s->dim]);
}

static void blanks(struct slicing *s)
{
	while (s->rest.len && (*s->rest.p == ' ' || *s->rest.p == '\t')) {
		s->rest.p++;
		s->rest.len--;
	}
}

/* 1: that was next, and is read; blanks around it too */
static int take(struct slicing *s, char c)
{
	blanks(s);
	if (!s->rest.len || *s->rest.p != (uint8_t)c)
		return 0;
	s->rest.p++;
	s->rest.len--;
	blanks(s);
	return 1;
}

/* a number, if there is one */
static int number(struct slicing *s, struct number *n)
{
	*n = (struct number){ .minus = take(s, '-') };
	for (; s->rest.len && *s->rest.p >= '0' && *s->rest.p <= '9'; s->rest.p++, s->rest.len--) {
		n->given = 1;
		n->v = n->v * 10 + (*s->rest.p - '0');
		if (n->v > INT64_MAX / 16)
			return bad(s, "a number is too large");
	}
	blanks(s);
	return n->minus && !n->given ? bad(s, "a number should follow the '-'") : 0;
}

/* a number as a place in the dimension, 0 .. most */
static int place_of(const struct slicing *s, const struct number *n, uint64_t most, const char *what, uint64_t *at)
{
	uint64_t size = s->shape[s->dim];

	if (n->minus && n->v) {
		if (n->v > size)
			return out_of_bounds(s, n, what);
		*at = size - n->v;
	} else {
		*at = n->v;
	}
	return *at <= most && most != UINT64_MAX ? 0 : out_of_bounds(s, n, what);
}

static int one_index(const struct slicing *s, const struct number *n, struct slice_dim *d)
{
	int rc = place_of(s, n, s->shape[s->dim] - 1, "index", &d->start);

	d->count = 1;
	d->step = 1;
	d->gone = !(s->flags & SLICE_KEEP);
	return rc;
}

static int counted(struct slicing *s, const struct number *from, struct slice_dim *d)
{
	struct number n;
	int rc = number(s, &n);

	if (rc == 0 && (!n.given || n.minus))
		rc = bad(s, "a count should follow the '+'");
	if (rc == 0)
		rc = place_of(s, from, s->shape[s->dim], "start", &d->start);
	if (rc == 0 && n.v > s->shape[s->dim] - d->start)
		rc = out_of_bounds(s, &n, "count");
	if (rc == 0 && n.v == 0 && s->flags & SLICE_NONEMPTY)
		rc = bad(s, "the count should not be 0");
	d->count = n.v;
	d->step = 1;
	return rc;
}

static uint64_t steps(uint64_t len, uint64_t step)
{
	return len ? (len - 1) / step + 1 : 0;
}

/* from `from` up or down to before `to`, every step-th */
static int range(const struct slicing *s, const struct number *from, const struct number *to, struct slice_dim *d)
{
	uint64_t size = s->shape[s->dim], end = d->step > 0 ? size : 0, most = d->step > 0 ? size : size - 1;
	int rc = 0;

	d->start = d->step > 0 || size == 0 ? 0 : size - 1;
	if (from->given)
		rc = place_of(s, from, most, "start", &d->start);
	if (rc == 0 && to->given)
		rc = place_of(s, to, most, "end", &end);
	if (rc < 0)
		return rc;
	if (size && s->flags & SLICE_NONEMPTY && d->start == size)
		return out_of_bounds(s, from, "start");
	if (d->step > 0)
		d->count = steps(end > d->start ? end - d->start : 0, (uint64_t)d->step);
	else if (to->given)
		d->count = steps(d->start > end ? d->start - end : 0, (uint64_t)-d->step);
	else
		d->count = size ? steps(d->start + 1, (uint64_t)-d->step) : 0;
	if (d->count == 0 && s->flags & SLICE_NONEMPTY)
		return bad(s, "the start should be before the end");
	return 0;
}

static int one_range(struct slicing *s, const struct number *from, struct slice_dim *d)
{
	struct number to, step = { 0 };
	int rc = number(s, &to);

	if (rc == 0 && take(s, ':'))
		rc = number(s, &step);
	if (rc == 0 && step.given && step.v == 0)
		rc = bad(s, "the step is 0");
	if (rc < 0)
		return rc;
	d->step = step.given ? (step.minus ? -(int64_t)step.v : (int64_t)step.v) : 1;
	return range(s, from, &to, d);
}

static int one_dim(struct slicing *s, struct slice_dim *d)
{
	struct number from, none = { 0 };
	int rc;

	*d = (struct slice_dim){ .step = 1 };
	if (take(s, '*'))
		return range(s, &none, &none, d);
	rc = number(s, &from);
	if (rc < 0)
		return rc;
	if (take(s, ':'))
		return one_range(s, &from, d);
	if (!from.given)
		return bad(s, "an index, a range a:b or '*' is wanted");
	return take(s, '+') ? counted(s, &from, d) : one_index(s, &from, d);
}

/* ---- all of it ---- */

static int take_dots(struct slicing *s)
{
	blanks(s);
	if (s->rest.len < 3 || memcmp(s->rest.p, "...", 3))
		return 0;
	s->rest = span_of(s->rest.p + 3, s->rest.len - 3);
	blanks(s);
	return 1;
}

/* how many dimensions are said, without "..."; *dots: that is among them */
static unsigned said(struct span text, int *dots)
{
	unsigned n = 1;
	size_t i;

	for (i = 0; i < text.len; i++) {
		n += text.p[i] == ',';
		*dots |= text.p[i] == '.';
	}
	return n - (*dots != 0);
}

static int mismatch(unsigned n, unsigned rank)
{
	return err_set(ERR_USAGE, "Slice dimensions (%u) don't match tensor dimensions (%u)", n, rank);
}

static int unwrap(struct slicing *s)
{
	blanks(s);
	while (s->rest.len && (s->rest.p[s->rest.len - 1] == ' ' || s->rest.p[s->rest.len - 1] == '\t'))
		s->rest.len--;
	if (!s->rest.len || *s->rest.p != '[')
		return 0;
	if (s->rest.p[s->rest.len - 1] != ']')
		return err_set(ERR_USAGE, "a slice that begins with '[' should end with ']'");
	s->rest = span_of(s->rest.p + 1, s->rest.len - 2);
	return 0;
}

int tensor_slice_parse(struct tensor_slice *out, struct span text, int flags, unsigned rank, const uint64_t *shape)
{
	struct slicing s = { .rest = text, .rank = rank, .shape = shape, .flags = flags };
	int dots = 0, had = 0, rc = unwrap(&s);
	unsigned n = said(s.rest, &dots);
	struct number none = { 0 };

	out->rank = rank;
	if (rc == 0 && (n > rank || (n < rank && !dots && flags & SLICE_EXACT)))
		rc = mismatch(n, rank);
	while (rc == 0) {
		if (take_dots(&s)) {
			rc = had++ ? err_set(ERR_USAGE, "\"...\" stands twice in a slice") : 0;
			for (n = rank - n; rc == 0 && n > 0; n--, s.dim++) {
				out->dim[s.dim].step = 1;
				out->dim[s.dim].gone = 0;
				rc = range(&s, &none, &none, &out->dim[s.dim]);
			}
		} else if (s.dim == rank) {
			rc = mismatch(rank + 1, rank);
		} else {
			rc = one_dim(&s, &out->dim[s.dim]);
			s.dim += rc == 0;
		}
		if (rc < 0 || !s.rest.len)
			break;
		if (!take(&s, ',')) {
			s.dim -= s.dim > 0;		/* the one that was just read */
			rc = bad(&s, "a ',' should be between two dimensions");
		}
	}
	for (; rc == 0 && s.dim < rank; s.dim++) {
		out->dim[s.dim].step = 1;
		out->dim[s.dim].gone = 0;
		rc = range(&s, &none, &none, &out->dim[s.dim]);
	}
	return rc;
}

void tensor_slice_all(struct tensor_slice *s, unsigned rank, const uint64_t *shape)
{
	unsigned i;

	s->rank = rank;
	for (i = 0; i < rank; i++)
		s->dim[i] = (struct slice_dim){ .count = shape[i], .step = 1 };
}

unsigned tensor_slice_shape(const struct tensor_slice *s, uint64_t shape[TENSOR_RANK_MAX])
{
	unsigned i, n = 0;

	for (i = 0; i < s->rank; i++)
		if (!s->dim[i].gone)
			shape[n++] = s->dim[i].count;
	return n;
}
