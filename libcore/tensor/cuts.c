/*
 * cuts.c - where blocks of a file of tensors had best begin.
 * Tensors are looked at as they lie in the file; their places are sorted with base/spill.h, so that memory is bounded.
 */
#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "base/rd.h"
#include "base/spill.h"
#include "tensor/tensor_priv.h"

enum { PLACE = 3 * 8, SPILL_MEM = 4 * 1024 * 1024 };

/* Where a tensor lies; as a record three big-endian numbers, in the order of which they are sorted. */
struct lies {
	uint64_t off, len, step;	/* bytes */
};

static int by_place(struct span a, struct span b)
{
	return memcmp(a.p, b.p, PLACE);
}

/* bytes of as many steps of the outermost dimension as a chunk has room for */
static uint64_t step_of(const struct tensor_info *t, uint64_t chunk)
{
	uint64_t unit = t->len, n = 1;
	unsigned i;

	if (t->deflated)
		return chunk;
	for (i = 0; unit > chunk && i < t->rank; i++) {
		n *= t->shape[t->column_order ? t->rank - 1 - i : i];	/* divides t->n, which is not 0 */
		if (t->len % n)
			return chunk;		/* a step is no whole number of bytes */
		unit = t->len / n;
	}
	return unit <= chunk ? chunk / unit * unit : chunk;
}

static int sort(struct tensor_set *set, uint64_t chunk, struct spill *places)
{
	uint8_t room[PLACE + 1];
	struct buf b = { room, 0, sizeof room, PLACE };
	struct tensor_info t;
	uint64_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < tensor_count(set); i++) {
		rc = tensor_get(set, i, &t);
		if (rc < 0 || !t.packed)
			continue;
		buf_reset(&b);
		buf_be64(&b, t.off);
		buf_be64(&b, t.packed);
		buf_be64(&b, step_of(&t, chunk));
		rc = spill_add(places, buf_span(&b));
	}
	return rc < 0 ? rc : spill_read(places);
}

struct cutting {
	int (*fn)(void *arg, uint64_t off);
	void *arg;
	uint64_t size, end;		/* of the file; of what was cut, 0: nothing */
	uint64_t last;			/* told so far */
	uint64_t small;			/* bytes of short pieces that wait for more */
};

static int cut(struct cutting *c, uint64_t off)
{
	if (off <= c->last || off >= c->size)
		return 0;
	c->last = off;
	return c->fn(c->arg, off);
}

static int cut_piece(struct cutting *c, const struct lies *t)
{
	int is_short = t->len < TENSOR_CUT_MIN, rc = 0;
	uint64_t at;

	if (!is_short || !c->small) {
		rc = cut(c, t->off);
		c->small = 0;
	}
	for (at = t->step; rc == 0 && !is_short && at < t->len; at += t->step)
		rc = cut(c, t->off + at);
	if (is_short)
		c->small += t->len;
	if (c->small >= TENSOR_CUT_MIN)
		c->small = 0;
	c->end = t->off + t->len;
	return rc;
}

/* What lies between two tensors is a piece, too; what is before the first has its own blocks, however short. */
static int cut_tensor(struct cutting *c, const struct lies *t)
{
	int rc = 0;

	if (c->end && t->off > c->end)
		rc = cut_piece(c, &(struct lies){ c->end, t->off - c->end, t->off - c->end });
	return rc ? rc : cut_piece(c, t);
}

static int cut_all(struct cutting *c, struct spill *places)
{
	struct span rec;
	int rc;

	while ((rc = spill_next(places, &rec)) > 0) {
		struct rd r = rd_from(rec);
		struct lies t;

		t.off = rd_be64(&r);
		t.len = rd_be64(&r);
		t.step = rd_be64(&r);
		rc = cut_tensor(c, &t);
		if (rc)
			return rc;
	}
	return rc < 0 ? rc : cut(c, c->end);
}

int tensor_cuts(struct tensor_set *set, uint64_t chunk, int (*fn)(void *arg, uint64_t off), void *arg)
{
	struct cutting c = { .fn = fn, .arg = arg };
	struct spill *places = NULL;
	struct tensor_in *in;
	int rc;

	assert(chunk);
	if (tensor_set_kind(set) == TENSOR_SHARDED)
		return err_set(ERR_INVALID, "the tensors of an index are in other files");
	rc = tensor_part(set, 0, &in);
	if (rc == 0)
		rc = spill_new(&places, set->tmpdir, SPILL_MEM, by_place);
	if (rc == 0) {
		c.size = in->size;
		rc = sort(set, chunk, places);
	}
	if (rc == 0)
		rc = cut_all(&c, places);
	spill_free(places);
	return rc;
}
