/*
 * stats.c - what the numbers of a tensor are like.
 * The thread that reads hands buffers to others, who do nothing but reckon; what they found is put together in the order
 * of the data, so the result does not depend on how many there are.  Types of at most 16 bits are counted by value, in one
 * pass; others take a second one for the histogram.
 */
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/io.h"
#include "base/pool.h"
#include "tensor/tensor.h"

enum {
	ROOM = 3 * 128 * 1024,		/* bytes of a buffer: whole elements of every type, packed ones too */
	CHUNK = 2048,			/* elements reckoned at once, also whole bytes */
	LANES = 8,			/* sums side by side: faster, and each is shorter */
	THREADS_MAX = 16
};

/* What was found in a stretch.  Long doubles hold the squares of all doubles there are. */
struct part {
	uint64_t n, zeros, nans, infs;		/* n: those that are finite */
	double min, max;
	long double mean, squares;		/* squares: sum of those of the distances to the mean */
};

/* where the bins are: edges of `half` of the numbers, when their range is no double */
struct ruler {
	double first, per, half, edge[TENSOR_BINS + 1];
};

struct work {
	struct pool_job job;
	int busy;
	enum tensor_dtype dtype;
	size_t len;				/* bytes in `in` */
	uint8_t *in;
	uint64_t *count;			/* by value, or NULL */
	const struct ruler *ruler;		/* the second pass, or NULL */
	struct part part;
	uint64_t bins[TENSOR_BINS];
};

struct crew {
	struct sink sink;
	struct pool *pool;			/* NULL: little to do, no help needed */
	struct work *work;
	int n, at;				/* work[at] is being filled */
	struct part all;
	uint64_t *bins;
};

/* ---- putting together ---- */

static void part_init(struct part *p)
{
	*p = (struct part){ .min = INFINITY, .max = -INFINITY };
}

/* Chan, Golub, LeVeque 1979: two means and sums of squares as one */
static void part_join(struct part *a, const struct part *b)
{
	long double n = (long double)a->n + (long double)b->n, d = b->mean - a->mean;

	a->zeros += b->zeros;
	a->nans += b->nans;
	a->infs += b->infs;
	if (!b->n)
		return;
	a->min = b->min < a->min ? b->min : a->min;
	a->max = b->max > a->max ? b->max : a->max;
	a->squares += b->squares + d * d * ((long double)a->n * (long double)b->n / n);
	a->mean += d * ((long double)b->n / n);
	a->n += b->n;
}

static double bits_double(uint64_t u)
{
	double d;

	memcpy(&d, &u, sizeof d);
	return d;
}

static uint64_t double_bits(double d)
{
	uint64_t u;

	memcpy(&u, &d, sizeof u);
	return u;
}

/* the finite ones among x, moved to its front; counts the others */
static size_t keep_finite(double *x, size_t n, struct part *p)
{
	const uint64_t inf = double_bits(INFINITY) << 1;
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		uint64_t u = double_bits(x[i]), size = u << 1;	/* without its sign */

		p->zeros += size == 0;
		p->infs += size == inf;
		p->nans += size > inf;
		x[k] = bits_double(u);
		k += size < inf;
	}
	return k;
}

static double lanes_sum(const double *lane)
{
	return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

static double sum(const double *x, size_t n)
{
	double lane[LANES] = { 0 };
	size_t i, j;

	for (i = 0; i + LANES <= n; i += LANES)
		for (j = 0; j < LANES; j++)
			lane[j] += x[i + j];
	for (j = 0; i < n; i++, j++)
		lane[j] += x[i];
	return lanes_sum(lane);
}

/* the sum of the squares of the distances to about the mean; *rest: that of the distances, which says how far about it was */
static double squares(const double *x, size_t n, double mean, double *rest)
{
	double lane[LANES] = { 0 }, off[LANES] = { 0 }, d;
	size_t i, j;

	for (i = 0; i + LANES <= n; i += LANES)
		for (j = 0; j < LANES; j++) {
			d = x[i + j] - mean;
			off[j] += d;
			lane[j] += d * d;
		}
	for (j = 0; i < n; i++, j++) {
		d = x[i] - mean;
		off[j] += d;
		lane[j] += d * d;
	}
	*rest = lanes_sum(off);
	return lanes_sum(lane);
}

/* the same where doubles are too small for the sums */
static void reckon_wide(const double *x, size_t n, struct part *p)
{
	size_t i;

	p->mean = p->squares = 0;
	for (i = 0; i < n; i++)
		p->mean += x[i] / (long double)n;
	for (i = 0; i < n; i++)
		p->squares += (x[i] - p->mean) * (x[i] - p->mean);
}

static void reckon(double *x, size_t n, struct part *all)
{
	struct part p;
	double mean, sq, rest;
	size_t i;

	part_init(&p);
	n = keep_finite(x, n, &p);
	p.n = n;
	for (i = 0; i < n; i++) {
		p.min = x[i] < p.min ? x[i] : p.min;
		p.max = x[i] > p.max ? x[i] : p.max;
	}
	mean = n ? sum(x, n) / (double)n : 0;
	sq = squares(x, n, mean, &rest);
	if (!isfinite(mean) || !isfinite(sq) || !isfinite(rest)) {
		reckon_wide(x, n, &p);
	} else if (n) {
		p.mean = mean + rest / (long double)n;
		p.squares = sq - rest * (rest / (long double)n);
	}
	part_join(all, &p);
}

/* ---- bins ---- */

static void ruler_make(struct ruler *r, double min, double max)
{
	double step;
	int i;

	r->half = isinf(max - min) ? 0.5 : 1;
	r->first = min * r->half;
	max *= r->half;
	step = (max - r->first) / TENSOR_BINS;
	r->per = step > 0 ? 1 / step : 0;
	if (isinf(r->per))
		r->per = 0;			/* so narrow that the edges alone must tell */
	for (i = 0; i < TENSOR_BINS; i++)
		r->edge[i] = r->first + i * step;
	r->edge[TENSOR_BINS] = max;
}

/* the last bin has both its edges; what rounding got wrong the edges put right */
static int bin_of(const struct ruler *r, double x)
{
	int i;

	x *= r->half;
	if (x <= r->first)
		return 0;			/* also where there is no width at all */
	if (x >= r->edge[TENSOR_BINS])
		return TENSOR_BINS - 1;		/* also what a file that changes has got since the first pass */
	i = (int)((x - r->first) * r->per);
	i = i < TENSOR_BINS ? i : TENSOR_BINS - 1;
	while (i > 0 && x < r->edge[i])
		i--;
	while (i < TENSOR_BINS - 1 && x >= r->edge[i + 1])
		i++;
	return i;
}

/* ---- a buffer ---- */

static void count_values(struct work *w, unsigned bits)
{
	size_t i;

	if (bits == 8)
		for (i = 0; i < w->len; i++)
			w->count[w->in[i]]++;
	else
		for (i = 0; i + 1 < w->len; i += 2)
			w->count[w->in[i] | (unsigned)w->in[i + 1] << 8]++;
}

static void work_run(struct pool_job *job)
{
	struct work *w = (struct work *)job;
	unsigned bits = tensor_dtype_bits(w->dtype);
	size_t n = w->len * 8 / bits, done, k, i;
	double x[CHUNK];
	struct part none;

	if (w->count) {
		count_values(w, bits);
		return;
	}
	part_init(&w->part);
	memset(w->bins, 0, sizeof w->bins);
	for (done = 0; done < n; done += k) {
		k = n - done < CHUNK ? n - done : CHUNK;
		tensor_convert(w->dtype, TENSOR_F64, w->in + done * bits / 8, x, k);
		if (!w->ruler) {
			reckon(x, k, &w->part);
			continue;
		}
		part_init(&none);
		for (i = keep_finite(x, k, &none); i; i--)
			w->bins[bin_of(w->ruler, x[i - 1])]++;
	}
}

/* ---- the crew ---- */

/* wait for it, and take what it found */
static void collect(struct crew *c, struct work *w)
{
	int i;

	if (!w->busy)
		return;
	if (c->pool)
		pool_wait(c->pool, &w->job);
	w->busy = 0;
	w->len = 0;
	if (w->count)
		return;				/* adds up where it is */
	part_join(&c->all, &w->part);
	for (i = 0; w->ruler && i < TENSOR_BINS; i++)
		c->bins[i] += w->bins[i];
}

static void send(struct crew *c)
{
	struct work *w = &c->work[c->at];

	w->busy = 1;
	if (c->pool)
		pool_submit(c->pool, &w->job);
	else
		work_run(&w->job);
	c->at = (c->at + 1) % c->n;
	collect(c, &c->work[c->at]);		/* the oldest is next to be filled */
}

static int crew_put(struct sink *s, const struct piece *p)
{
	struct crew *c = (struct crew *)s;
	uint64_t done = 0, len = p->fd < 0 ? p->bytes.len : p->len;

	while (done < len) {
		struct work *w = &c->work[c->at];
		size_t k = len - done < ROOM - w->len ? (size_t)(len - done) : ROOM - w->len;
		ssize_t n = (ssize_t)k;

		if (p->fd < 0)
			memcpy(w->in + w->len, p->bytes.p + done, k);
		else
			n = io_pread(p->fd, w->in + w->len, k, p->off + done, "input");
		if (n < 0)
			return (int)n;
		if ((size_t)n < k)
			return err_set(ERR_IO, "a file was cut while it was read");
		w->len += k;
		done += k;
		if (w->len == ROOM)
			send(c);
	}
	return 0;
}

/* what is under way, in order; also after an error, since others use the buffers */
static void crew_end(struct crew *c, int rc)
{
	int i;

	if (rc == 0 && c->work[c->at].len)
		send(c);
	for (i = 0; i < c->n; i++)
		collect(c, &c->work[(c->at + i) % c->n]);
}

static void crew_clear(struct crew *c)
{
	int i;

	pool_free(c->pool);
	for (i = 0; c->work && i < c->n; i++) {
		free(c->work[i].in);
		free(c->work[i].count);
	}
	free(c->work);
}

static int crew_make(struct crew *c, enum tensor_dtype dtype, uint64_t len, int threads)
{
	unsigned bits = tensor_dtype_bits(dtype);
	int i, rc = 0;

	*c = (struct crew){ .sink.put = crew_put, .n = 1 };
	part_init(&c->all);
	if (len > ROOM && threads != 1)
		rc = pool_new(&c->pool, threads > THREADS_MAX ? THREADS_MAX : threads);
	if (rc < 0)
		return rc;
	if (c->pool) {
		i = pool_threads(c->pool);
		c->n = 2 * (i < THREADS_MAX ? i : THREADS_MAX);
	}
	c->work = calloc((size_t)c->n, sizeof *c->work);
	for (i = 0; c->work && i < c->n; i++) {
		struct work *w = &c->work[i];

		w->job.run = work_run;
		w->dtype = dtype;
		w->in = malloc(ROOM);
		if (bits == 8 || bits == 16)
			w->count = calloc((size_t)1 << bits, sizeof *w->count);
		if (!w->in || ((bits == 8 || bits == 16) && !w->count))
			return err_nomem();
	}
	return c->work ? 0 : err_nomem();
}

/* ---- values that were counted ---- */

static void counts_add(struct crew *c, size_t values)
{
	size_t v;
	int i;

	for (i = 1; i < c->n; i++)
		for (v = 0; v < values; v++)
			c->work[0].count[v] += c->work[i].count[v];
}

/* the number each of the values stands for */
static double *values_make(enum tensor_dtype dtype, size_t values)
{
	unsigned bytes = tensor_dtype_bits(dtype) / 8;
	uint8_t *codes = malloc(values * bytes);
	double *x = malloc(values * sizeof *x);
	size_t v;

	for (v = 0; codes && v < values; v++) {
		codes[v * bytes] = (uint8_t)v;
		if (bytes == 2)
			codes[2 * v + 1] = (uint8_t)(v >> 8);
	}
	if (codes && x)
		tensor_convert(dtype, TENSOR_F64, codes, x, values);
	else {
		free(x);
		x = NULL;
	}
	free(codes);
	return x;
}

static void counts_reckon(const uint64_t *count, const double *x, size_t values, struct part *p, uint64_t *bins)
{
	long double total = 0;
	struct ruler r;
	size_t v;

	for (v = 0; v < values; v++) {
		if (isnan(x[v])) {
			p->nans += count[v];
		} else if (isinf(x[v])) {
			p->infs += count[v];
		} else if (count[v]) {
			p->n += count[v];
			p->zeros += x[v] == 0 ? count[v] : 0;
			p->min = x[v] < p->min ? x[v] : p->min;
			p->max = x[v] > p->max ? x[v] : p->max;
			total += (long double)x[v] * (long double)count[v];
		}
	}
	if (!p->n)
		return;
	p->mean = total / (long double)p->n;
	ruler_make(&r, p->min, p->max);
	for (v = 0; v < values; v++)
		if (count[v] && isfinite(x[v])) {
			p->squares += (x[v] - p->mean) * (x[v] - p->mean) * (long double)count[v];
			bins[bin_of(&r, x[v])] += count[v];
		}
}

static int counted(struct crew *c)
{
	size_t values = (size_t)1 << tensor_dtype_bits(c->work[0].dtype);
	double *x = values_make(c->work[0].dtype, values);

	if (!x)
		return err_nomem();
	counts_add(c, values);
	counts_reckon(c->work[0].count, x, values, &c->all, c->bins);
	free(x);
	return 0;
}

/* ---- all of it ---- */

/* by Newton, from 1 to 4 where he is quick; libm would be one more library to load */
static double square_root(long double v)
{
	long double x = 1.5L, unit = 1;
	int i;

	if (!(v > 0))
		return 0;
	for (; v >= 4; v /= 4)
		unit *= 2;
	for (; v < 1; v *= 4)
		unit /= 2;
	for (i = 0; i < 6; i++)
		x = (x + v / x) / 2;
	return (double)(x * unit);
}

static int second_pass(struct crew *c, struct tensor_set *set, const struct tensor_info *t, const struct tensor_slice *s,
		       int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	struct part first = c->all;
	struct ruler r;
	int i, rc;

	ruler_make(&r, first.min, first.max);
	for (i = 0; i < c->n; i++)
		c->work[i].ruler = &r;
	rc = tensor_cat(set, t, s, 0, UINT64_MAX, &c->sink, progress, arg);
	crew_end(c, rc);
	c->all = first;
	return rc;
}

int tensor_stats(struct tensor_set *set, const struct tensor_info *t, const struct tensor_slice *s, int threads,
		 struct tensor_stats *out, int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	struct tensor_plan plan;
	struct crew c;
	int rc;

	*out = (struct tensor_stats){ .min = NAN, .max = NAN, .mean = NAN, .std = NAN };
	if (!tensor_convertible(t->dtype, TENSOR_F64))
		return err_set(ERR_UNSUPPORTED, "no statistics of elements of type %.*s", (int)t->type.len,
			       (const char *)t->type.p);
	rc = tensor_plan(&plan, t, s);
	if (rc < 0)
		return rc;
	rc = crew_make(&c, t->dtype, plan.len, threads);
	c.bins = out->bins;
	if (rc == 0) {
		rc = tensor_cat(set, t, s, 0, UINT64_MAX, &c.sink, progress, arg);
		crew_end(&c, rc);
	}
	if (rc == 0 && c.work[0].count)
		rc = counted(&c);
	else if (rc == 0 && c.all.n)
		rc = second_pass(&c, set, t, s, progress, arg);
	if (rc == 0) {
		out->n = c.all.n + c.all.nans + c.all.infs;
		out->zeros = c.all.zeros;
		out->nans = c.all.nans;
		out->infs = c.all.infs;
	}
	if (rc == 0 && c.all.n) {
		out->min = c.all.min;
		out->max = c.all.max;
		out->mean = (double)c.all.mean;
		out->std = square_root(c.all.squares / (long double)c.all.n);
	}
	crew_clear(&c);
	return rc;
}
