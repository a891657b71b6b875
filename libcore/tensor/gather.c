/* gather.c - the bytes of a slice, row-major and little-endian */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "gather_priv.h"

enum {
	ROOM = 256 * 1024,		/* bytes gathered before they leave */
	LONG = 16 * 1024,		/* runs of so many bytes leave as pieces of the file: to a pipe 8 KiB do pay */
	STEP = 16 * 1024 * 1024,	/* of a long run at once: between two calls of progress */
	NEAR = 64 * 1024,		/* bytes between runs that are looked at in memory */
	PASSES_MAX = 64,		/* over a deflated tensor */
	TRIES_MAX = 10			/* when what was looked at went away */
};

/* ---- order of bytes ---- */

/* bytes of the numbers in an element; 0: those of this type are not turned around */
static unsigned number_size(const struct tensor_info *t)
{
	unsigned size = t->bits / 8;

	if (t->dtype == TENSOR_C64 || t->dtype == TENSOR_C128)
		return size / 2;
	if (t->dtype != TENSOR_OTHER)
		return size;
	if (t->type.len > 1 && t->type.p[1] == 'U')	/* characters of four bytes */
		return 4;
	if (t->type.len > 1 && t->type.p[1] == 'c')
		return size / 2;
	return size;
}

static void turn(uint8_t *p, size_t len, unsigned unit)
{
	uint16_t a;
	uint32_t b;
	uint64_t c;
	size_t i, k;

	for (i = 0; i + unit <= len; i += unit)
		switch (unit) {
		case 2:
			memcpy(&a, p + i, 2);
			a = __builtin_bswap16(a);
			memcpy(p + i, &a, 2);
			break;
		case 4:
			memcpy(&b, p + i, 4);
			b = __builtin_bswap32(b);
			memcpy(p + i, &b, 4);
			break;
		case 8:
			memcpy(&c, p + i, 8);
			c = __builtin_bswap64(c);
			memcpy(p + i, &c, 8);
			break;
		default:
			for (k = 0; k < unit / 2; k++) {
				uint8_t was = p[i + k];

				p[i + k] = p[i + unit - 1 - k];
				p[i + unit - 1 - k] = was;
			}
		}
}

static int choose_swap(struct gather *g, const struct tensor_info *t)
{
	g->swap = t->big_endian ? number_size(t) : 0;
	if (g->swap < 2)
		g->swap = 0;
	if (ROOM % (g->swap ? g->swap : 1) == 0)
		return 0;
	return err_set(ERR_UNSUPPORTED, "big-endian elements of type %.*s", (int)t->type.len, (const char *)t->type.p);
}

/* ---- what leaves ---- */

static int told(struct gather *g, uint64_t bytes)
{
	g->give -= bytes;
	return g->progress && bytes ? g->progress(g->arg, bytes) : 0;
}

int gather_flush(struct gather *g)
{
	size_t from = g->drop < g->have ? g->drop : g->have, n = g->have - from;
	int rc;

	if (g->swap)
		turn(g->mem, g->have, g->swap);
	if (n > g->give)
		n = (size_t)g->give;
	g->drop -= (uint32_t)from;
	g->have = 0;
	rc = sink_bytes(g->out, span_of(g->mem + from, n));
	return rc == 0 ? told(g, n) : rc;
}

/* ---- the ways ---- */

static int pieces(struct gather *g)
{
	uint64_t off, len, n;
	int rc = 0;

	while (rc == 0 && g->left && tensor_plan_next(&g->plan, &off, &len))
		for (; rc == 0 && g->left && len; off += n, len -= n) {
			n = len < STEP ? len : STEP;
			if (n > g->left)
				n = g->left;
			g->left -= n;
			rc = g->in->cat(g->in, g->base + off, n, g->out);
			if (rc == 0)
				rc = told(g, n);
		}
	return rc;
}

static void got(struct gather *g, uint64_t n)
{
	g->have += (size_t)n;
	g->left -= n;
}

/* a part of a run */
static int part(struct gather *g)
{
	struct tensor_plan *p = &g->plan;
	uint64_t n = p->run - p->skip, off = p->base + p->skip;
	uint8_t *to = g->mem + g->have;

	if (n > g->size - g->have)
		n = g->size - g->have;
	if (n > g->left)
		n = g->left;
	p->skip += n;
	if (p->skip == p->run) {
		p->skip = 0;
		plan_step(p, 1);
	}
	got(g, n);
	return g->in->read(g->in, g->base + off, to, (size_t)n);
}

/* whole runs along the last dimension, as many as there is room for */
static int runs(struct gather *g)
{
	struct tensor_plan *p = &g->plan;
	uint64_t room = g->size - g->have, n = (room < g->left ? room : g->left) / p->run, there = 1, off = p->base;
	uint8_t *to = g->mem + g->have;
	int64_t from = 0;

	if (p->outer) {
		there = p->dim[p->outer - 1].count - p->dim[p->outer - 1].at;
		from = p->dim[p->outer - 1].stride;
	}
	if (n > there)
		n = there;
	plan_step(p, n);
	got(g, n * p->run);
	return fetch_runs(g, off, from, (size_t)p->run, n, to, (int64_t)p->run);
}

/* as much as there is room for */
static int fill(struct gather *g)
{
	struct tensor_plan *p = &g->plan;
	int rc = 0;

	while (rc == 0 && g->left && g->have < g->size) {
		if (p->skip || p->run > g->left || p->run > g->size)
			rc = part(g);
		else if (p->run <= g->size - g->have)
			rc = runs(g);
		else
			break;
	}
	return rc;
}

int gather_seen(struct gather *g, int *tries)
{
	if (!g->in->seen || g->in->seen(g->in))
		return 1;
	return ++*tries < TRIES_MAX ? 0 : err_set(ERR_CORRUPT, "segments are cut short faster than they can be read");
}

static int in_order(struct gather *g)
{
	struct tensor_plan before;
	uint64_t left;
	int rc = 0, tries = 0;

	while (rc == 0 && g->left) {
		before = g->plan;
		left = g->left;
		rc = fill(g);
		if (rc == 0)
			rc = gather_seen(g, &tries);
		if (rc == 1) {
			rc = gather_flush(g);
		} else if (rc == 0) {
			g->plan = before;
			g->left = left;
			g->have = 0;
		}
	}
	return rc;
}

/* ---- which of them ---- */

/* do runs lie in front of those that come before them in the result? */
static int backwards(const struct tensor_plan *p)
{
	unsigned i;

	if (gather_scattered(p))
		return 1;
	for (i = 0; i < p->outer; i++)
		if (p->dim[i].stride < 0)
			return 1;
	return 0;
}

static int some_near(const struct tensor_plan *p)
{
	unsigned i;

	for (i = 0; i < p->outer; i++)
		if (p->dim[i].stride <= NEAR && p->dim[i].stride >= -NEAR)
			return 1;
	return 0;
}

/* a deflated tensor begins anew whenever it goes back */
static int affordable(const struct gather *g, const struct tensor_info *t, int tiles)
{
	uint64_t n = !t->deflated ? 1 : tiles ? gather_tile_count(&g->plan) : backwards(&g->plan) ? g->plan.n_runs : 1;

	if (n <= PASSES_MAX)
		return 0;
	return err_set(ERR_UNSUPPORTED, "a deflated tensor of %" PRIu64 " bytes would have to be unpacked %" PRIu64
		       " times for this slice, more than %d", t->len, n, PASSES_MAX);
}

static int go(struct gather *g, int tiles, uint64_t at)
{
	uint64_t room = tiles ? GATHER_TILE : ROOM, most = tiles ? g->plan.len : g->left;
	int rc;

	g->size = (size_t)(room < most ? room : most);
	g->mem = malloc(g->size);
	if (!g->mem)
		return err_nomem();
	g->look = g->in->view && some_near(&g->plan);
	if (!tiles)
		tensor_plan_seek(&g->plan, at);
	rc = tiles ? gather_tiles(g, at) : in_order(g);
	free(g->mem);
	free(g->span);
	free(g->columns);
	return rc;
}

int gather_cat(struct gather *g, const struct tensor_info *t, const struct tensor_slice *s, uint64_t off, uint64_t len)
{
	struct tensor_plan *p = &g->plan;
	uint64_t at = off, end;
	int rc = tensor_plan(p, t, s), tiles;

	if (rc == 0)
		rc = choose_swap(g, t);
	if (rc < 0 || off >= p->len || len == 0)
		return rc;
	end = len < p->len - off ? off + len : p->len;
	g->give = end - off;
	if (g->swap) {			/* whole numbers, and then what is wanted of them */
		at -= at % g->swap;
		end += (g->swap - end % g->swap) % g->swap;
	}
	g->drop = (uint32_t)(off - at);
	g->left = end - at;
	tiles = p->run < LONG && gather_scattered(p);
	if (t->deflated && backwards(p) && p->run <= GATHER_TILE)
		tiles = 1;
	rc = affordable(g, t, tiles);
	if (rc < 0)
		return rc;
	if (tiles || p->run < LONG || g->swap)
		return go(g, tiles, at);
	tensor_plan_seek(p, at);
	return pieces(g);
}
