/*
 * fetch.c - runs that lie in steps in a file, side by side in memory.
 * A read for each is dear when they are short: where a file shows its bytes in memory they are picked there, else what
 * lies between near ones is read, too.  "Near" is within a page: that is what comes from the disk in any case.
 */
#include <stdlib.h>

#include "base/err.h"
#include "gather_priv.h"

enum { PAGE = 4096 };

static void copy_runs(uint8_t *p, int64_t to, const uint8_t *s, int64_t from, size_t run, size_t n)
{
	size_t i;

#define COPY(bytes) \
	case bytes: \
		for (i = 0; i < n; i++) \
			memcpy(p + (int64_t)i * to, s + (int64_t)i * from, bytes); \
		break;
	switch (run) {
	COPY(1)
	COPY(2)
	COPY(4)
	COPY(8)
	COPY(16)
	default:
		for (i = 0; i < n; i++)
			memcpy(p + (int64_t)i * to, s + (int64_t)i * from, run);
	}
#undef COPY
}

/* how many of n runs from `at` on lie in `len` bytes */
static size_t runs_within(uint64_t at, size_t len, int64_t from, size_t run, uint64_t n)
{
	uint64_t more;

	if (run > len || at > len - run)
		return 0;
	more = from > 0 ? (len - run - at) / (uint64_t)from : from < 0 ? at / (uint64_t)-from : n;
	return (size_t)(more < n - 1 ? more + 1 : n);
}

/* the number of runs that were seen and copied, 0: none; or an error */
static int64_t from_view(struct gather *g, uint64_t off, int64_t from, size_t run, uint64_t n, uint8_t *p, int64_t to)
{
	uint64_t start;
	struct span v;
	size_t k;
	int rc = g->in->view(g->in, off, &start, &v);

	if (rc <= 0)
		return rc;
	k = runs_within(off - start, v.len, from, run, n);
	if (k)
		copy_runs(p, to, v.p + (off - start), from, run, k);
	if (rc == 1)
		g->in->n_bytes += k * run;
	return (int64_t)k;
}

/* the same of runs that are read with what is between them */
static int64_t from_span(struct gather *g, uint64_t off, int64_t from, size_t run, uint64_t n, uint8_t *p, int64_t to)
{
	uint64_t step = (uint64_t)(from < 0 ? -from : from), k, first;
	int rc;

	if (!g->span && !(g->span = malloc(FETCH_SPAN)))
		return err_nomem();
	k = (FETCH_SPAN - run) / step + 1;
	if (k > n)
		k = n;
	first = from < 0 ? off - (k - 1) * step : off;
	rc = g->in->read(g->in, first, g->span, (size_t)((k - 1) * step + run));
	if (rc < 0)
		return rc;
	copy_runs(p, to, g->span + (off - first), from, run, (size_t)k);
	return (int64_t)k;
}

int fetch_runs(struct gather *g, uint64_t off, int64_t from, size_t run, uint64_t n, uint8_t *p, int64_t to)
{
	uint64_t step = (uint64_t)(from < 0 ? -from : from);
	int64_t k = 0;

	for (off += g->base; n; n -= (uint64_t)k) {
		k = 0;
		if (from > 0 && step == run && to == (int64_t)run)
			k = (int64_t)n;
		if (k) {
			int rc = g->in->read(g->in, off, p, (size_t)n * run);

			if (rc < 0)
				return rc;
			break;
		}
		if (g->look)
			k = from_view(g, off, from, run, n, p, to);
		else if (n > 1 && step <= PAGE && run <= FETCH_SPAN)
			k = from_span(g, off, from, run, n, p, to);
		if (k == 0) {
			k = g->in->read(g->in, off, p, run);
			k = k < 0 ? k : 1;
		}
		if (k < 0)
			return (int)k;
		off += (uint64_t)k * (uint64_t)from;
		p += k * to;
	}
	return 0;
}
