/*
 * tile.c - slices whose runs stand in another order in the file than in the result: columns that become rows.
 * The result is made in blocks of as many of its rows as fit in memory; of each the runs are fetched in the order of the
 * file and put where they belong.  Where columns lie in the file without gaps, some are fetched at once and put down
 * row by row: one by one they would touch each line of the cache as often as there are elements in it.
 */
#include <stdlib.h>

#include "base/err.h"
#include "gather_priv.h"

enum {
	LINE = 64,			/* bytes of a line of the cache: so much of a row is put down at once */
	SHORT = 512,			/* bytes of columns that are not worth it */
	COLUMNS = 4 * 1024 * 1024	/* bytes of columns in memory */
};

struct tile {
	unsigned outer;			/* dimensions of the result that are walked block by block: [0, outer) */
	uint64_t inner;			/* bytes of a step of dimension `outer` */
	uint64_t rows;			/* steps of it in a block, at most */
	unsigned n;			/* dimensions of a block, the longest step in the file first */
	struct axis {
		uint64_t count, at;
		int64_t from;		/* bytes in the file */
		int64_t to;		/* in the block */
	} axis[TENSOR_RANK_MAX];
};

static uint64_t magnitude(int64_t v)
{
	return v < 0 ? (uint64_t)-v : (uint64_t)v;
}

int gather_scattered(const struct tensor_plan *p)
{
	unsigned i;

	for (i = 1; i < p->outer; i++)
		if (magnitude(p->dim[i - 1].stride) < magnitude(p->dim[i].stride))
			return 1;
	return 0;
}

/* how much of the result is a block */
static void choose(struct tile *t, const struct tensor_plan *p, size_t room)
{
	t->outer = p->outer - 1;
	t->inner = p->run;
	while (t->outer > 0 && t->inner * p->dim[t->outer].count <= room)
		t->inner *= p->dim[t->outer--].count;
	t->rows = room / t->inner;
}

static void add_axis(struct tile *t, struct axis a)
{
	unsigned i;

	for (i = t->n++; i > 0 && magnitude(t->axis[i - 1].from) < magnitude(a.from); i--)
		t->axis[i] = t->axis[i - 1];
	t->axis[i] = a;
}

/* the axes of a block of `rows` rows; those that go backwards in the file are turned.  Returns where the first run goes. */
static uint8_t *lay_axes(struct tile *t, const struct tensor_plan *p, uint64_t rows, uint64_t *off, uint8_t *mem)
{
	int64_t to = (int64_t)p->run;
	unsigned i;

	t->n = 0;
	for (i = p->outer; i-- > t->outer;) {
		struct axis a = { .count = i == t->outer ? rows : p->dim[i].count, .from = p->dim[i].stride, .to = to };

		to *= (int64_t)a.count;
		if (a.from < 0) {
			*off += (a.count - 1) * (uint64_t)a.from;
			mem += (int64_t)(a.count - 1) * a.to;
			a.from = -a.from;
			a.to = -a.to;
		}
		add_axis(t, a);
	}
	return mem;
}

/* ---- columns, some at once ---- */

#define TURN(bytes) \
	case bytes: \
		for (r = 0; r < n_rows; r++) \
			for (c = 0; c < n_columns; c++) \
				memcpy(to + (int64_t)r * row + (int64_t)c * column, from + c * pitch + r * bytes, bytes); \
		break;

/* columns that lie `pitch` bytes apart become rows that lie `row` bytes apart */
static void turn(uint8_t *to, int64_t row, int64_t column, const uint8_t *from, size_t pitch, uint64_t run, size_t n_rows,
		 size_t n_columns)
{
	size_t r, c;

	switch (run) {
	TURN(1)
	TURN(2)
	TURN(4)
	TURN(8)
	TURN(16)
	}
}

/* The axis along a row of the result, if it and the last one can be turned; else NULL. */
static const struct axis *across(const struct tile *t, uint64_t run)
{
	const struct axis *last = &t->axis[t->n - 1];
	unsigned i;

	if (run > 16 || run & (run - 1) || (uint64_t)last->from != run || last->count * run < SHORT)
		return NULL;
	for (i = 0; i + 1 < t->n; i++)
		if (magnitude(t->axis[i].to) == run && t->axis[i].count > 1)
			return &t->axis[i];
	return NULL;
}

/* the runs along two axes: down the columns, which lie without gaps, and over them */
static int fill_columns(struct gather *g, uint64_t off, uint8_t *mem, const struct axis *down, const struct axis *over)
{
	uint64_t run = g->plan.run, at_once = LINE / run, rows = COLUMNS / LINE, r, c, k, n_rows, n_columns;
	size_t pitch;
	int rc = 0;

	if (rows > down->count)
		rows = down->count;
	pitch = (size_t)(rows * run + LINE);	/* not a power of two, whose lines would push each other out */
	if (!g->columns && !(g->columns = malloc(COLUMNS + LINE * LINE)))
		return err_nomem();
	for (c = 0; c < over->count; c += n_columns) {
		n_columns = at_once < over->count - c ? at_once : over->count - c;
		for (r = 0; r < down->count; r += n_rows) {
			n_rows = rows < down->count - r ? rows : down->count - r;
			for (k = 0; rc == 0 && k < n_columns; k++)
				rc = g->in->read(g->in, g->base + off + (c + k) * (uint64_t)over->from + r * run,
						 g->columns + k * pitch, (size_t)(n_rows * run));
			if (rc < 0)
				return rc;
			turn(mem + (int64_t)r * down->to + (int64_t)c * over->to, down->to, over->to, g->columns, pitch, run,
			     (size_t)n_rows, (size_t)n_columns);
		}
	}
	return 0;
}

/* ---- blocks ---- */

/* the runs of a block: `off` is where the first of its result is */
static int fill(struct gather *g, struct tile *t, uint64_t off, uint64_t rows)
{
	uint8_t *mem = lay_axes(t, &g->plan, rows, &off, g->mem);
	const struct axis *last = &t->axis[t->n - 1], *over = across(t, g->plan.run);
	int64_t i;
	int rc;

	for (;;) {
		if (over)
			rc = fill_columns(g, off, mem, last, over);
		else
			rc = fetch_runs(g, off, last->from, (size_t)g->plan.run, last->count, mem, last->to);
		if (rc < 0)
			return rc;
		for (i = (int64_t)t->n - 2; i >= 0; i--) {
			struct axis *a = &t->axis[i];

			if (a == over)
				continue;
			off += (uint64_t)a->from;
			mem += a->to;
			if (++a->at < a->count)
				break;
			a->at = 0;
			off -= a->count * (uint64_t)a->from;
			mem -= (int64_t)a->count * a->to;
		}
		if (i < 0)
			return 0;
	}
}

uint64_t gather_tile_count(const struct tensor_plan *p)
{
	struct tile t;
	uint64_t n;
	unsigned i;

	choose(&t, p, GATHER_TILE);
	n = (p->dim[t.outer].count - 1) / t.rows + 1;
	for (i = 0; i < t.outer; i++)
		n *= p->dim[i].count;
	return n;
}

int gather_tiles(struct gather *g, uint64_t at)
{
	struct tensor_plan *p = &g->plan;
	uint64_t row, within, rows;
	struct tile t;
	int rc = 0, tries = 0;

	choose(&t, p, g->size);
	row = at / t.inner;
	within = at % t.inner;
	for (; rc == 0 && g->left; row += rows) {
		tensor_plan_seek(p, row * t.inner);
		rows = p->dim[t.outer].count - p->dim[t.outer].at;
		if (rows > t.rows)
			rows = t.rows;
		if (rows > (within + g->left - 1) / t.inner + 1)
			rows = (within + g->left - 1) / t.inner + 1;
		do
			rc = fill(g, &t, p->base, rows);
		while (rc == 0 && (rc = gather_seen(g, &tries)) == 0);
		if (rc < 0)
			break;
		g->drop += (uint32_t)within;
		g->have = (size_t)(rows * t.inner - within < g->left ? rows * t.inner : within + g->left);
		g->left -= g->have - within;
		within = 0;
		rc = gather_flush(g);
	}
	return rc;
}
