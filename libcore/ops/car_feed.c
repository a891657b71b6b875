/*
 * car_feed.c - the sections of an archive, hashed by other threads while the next ones are read.
 * Sections are copied into slabs; a slab is one job, and slabs come back in order.  An archive that
 * fits the first slab is hashed here: threads are not worth their making then.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/pool.h"
#include "ops/car_priv.h"

enum {
	SLAB = 2 * 1024 * 1024,		/* bytes, but a section may be larger */
	SLAB_ITEMS = 2048,
	RING_MAX = 18
};

struct item {
	struct cid cid;
	uint64_t off, whole;		/* of the section */
	size_t at, len;			/* of the block in the slab */
};

struct slab {
	struct pool_job job;		/* first: the pool's handle on a slab */
	int decode;
	uint8_t *mem;
	size_t cap, len;
	struct item *items;
	size_t n, next;
	size_t good;			/* items before the first bad one */
	int busy;			/* handed to the pool */
};

struct feed {
	struct car_in *car;
	int flags;
	struct pool *pool;
	struct slab ring[RING_MAX];
	int n_ring;
	int head, n_full;		/* the oldest full slab, and how many there are */
	int end;			/* 1: the reader said 0; negative: its error */
	char *why;			/* of the error */
};

int feed_at(int rc, const struct car_section *s)
{
	char text[CID_TEXT_MAX];

	return err_add(rc, "section at offset %" PRIu64 ", block %s", s->off, cid_text(&s->cid, text));
}

/* ---- one slab ---- */

static int check(const struct item *i, struct span block, int decode)
{
	int rc = cid_verify(&i->cid, block);

	if (rc == ERR_CORRUPT)		/* which CID, feed_at says */
		return err_set(rc, "the bytes do not hash to it");
	return rc == 0 && decode ? codec_check(i->cid.codec, block, 0, NULL, NULL) : rc;
}

static struct span block_of(const struct slab *s, const struct item *i)
{
	return span_of(s->mem + i->at, i->len);
}

/* in a thread: its message is nobody's, so the check that failed is made once more where it counts */
static void check_slab(struct pool_job *job)
{
	struct slab *s = (struct slab *)job;

	for (s->good = 0; s->good < s->n; s->good++) {
		const struct item *i = &s->items[s->good];

		if (check(i, block_of(s, i), s->decode) < 0)
			break;
	}
}

static int add(struct slab *s, const struct car_section *sec)
{
	struct item *i = &s->items[s->n];

	if (sec->data.len > s->cap - s->len) {		/* only the first can be so large */
		size_t cap = s->len + sec->data.len;
		uint8_t *more = realloc(s->mem, cap);

		if (!more)
			return err_nomem();
		s->mem = more;
		s->cap = cap;
	}
	*i = (struct item){ .cid = sec->cid, .off = sec->off, .whole = sec->len, .at = s->len,
			    .len = sec->data.len };
	if (sec->data.len)
		memcpy(s->mem + s->len, sec->data.p, sec->data.len);
	s->len += sec->data.len;
	s->n++;
	return 0;
}

static int slab_init(struct slab *s, int decode)
{
	if (!s->mem) {
		s->mem = malloc(SLAB);
		s->items = malloc(SLAB_ITEMS * sizeof *s->items);
		s->cap = SLAB;
	}
	s->job = (struct pool_job){ .run = check_slab };
	s->decode = decode;
	s->len = s->n = s->next = s->good = 0;
	s->busy = 0;
	return s->mem && s->items ? 0 : err_nomem();
}

/* ---- the ring ---- */

static void ended(struct feed *f, int rc)
{
	f->end = rc == 0 ? 1 : rc;
	if (rc < 0)
		f->why = strdup(err_text());
}

/* read sections into a slab until it is full or they end */
static void fill(struct feed *f, struct slab *s)
{
	struct car_section sec;
	int rc = slab_init(s, f->flags & FEED_DECODE);

	if (rc < 0) {
		ended(f, rc);
		return;
	}
	/* what is read must find room: the last that does not fit a slab makes it larger */
	while (s->n < SLAB_ITEMS && s->len < SLAB) {
		rc = car_in_next(f->car, &sec);
		if (rc == 1)
			rc = add(s, &sec) < 0 ? ERR_NOMEM : 1;
		if (rc != 1) {
			ended(f, rc);
			return;
		}
	}
}

static int make_pool(struct feed *f)
{
	int rc = pool_new(&f->pool, 0);

	if (rc < 0)
		return rc;
	f->n_ring = pool_threads(f->pool) + 2;
	if (f->n_ring > RING_MAX)
		f->n_ring = RING_MAX;
	return 0;
}

static void hand_out(struct feed *f, struct slab *s)
{
	if (f->n_full == 0 && f->end && !f->pool) {	/* all there is */
		check_slab(&s->job);
	} else if (!f->pool && make_pool(f) < 0) {
		f->n_ring = 1;
		check_slab(&s->job);
	} else {
		s->busy = 1;
		pool_submit(f->pool, &s->job);
	}
}

static void refill(struct feed *f)
{
	while (!f->end && f->n_full < f->n_ring) {
		struct slab *s = &f->ring[(f->head + f->n_full) % f->n_ring];

		fill(f, s);
		if (s->n == 0)
			break;
		hand_out(f, s);
		f->n_full++;
	}
}

/* ---- the door ---- */

int feed_open(struct feed **out, int fd, const char *what, int flags)
{
	struct feed *f = calloc(1, sizeof *f);
	int rc;

	*out = NULL;
	if (!f)
		return err_nomem();
	f->flags = flags;
	f->n_ring = 1;
	rc = car_in_open(&f->car, fd, what, CAR_NO_HASH);
	if (rc < 0)
		feed_close(f);
	else
		*out = f;
	return rc;
}

void feed_close(struct feed *f)
{
	int i;

	if (!f)
		return;
	for (i = 0; i < RING_MAX; i++)
		if (f->ring[i].busy)
			pool_wait(f->pool, &f->ring[i].job);
	pool_free(f->pool);
	for (i = 0; i < RING_MAX; i++) {
		free(f->ring[i].mem);
		free(f->ring[i].items);
	}
	car_in_close(f->car);
	free(f->why);
	free(f);
}

struct car_in *feed_car(struct feed *f)
{
	return f->car;
}

static int give(struct slab *s, struct car_section *out)
{
	const struct item *i = &s->items[s->next];

	*out = (struct car_section){ .cid = i->cid, .data = block_of(s, i), .off = i->off,
				     .len = i->whole };
	if (s->next++ < s->good)
		return 1;
	return feed_at(check(i, out->data, s->decode), out);
}

int feed_next(struct feed *f, struct car_section *out)
{
	struct slab *s = &f->ring[f->head];

	if (f->n_full && s->next == s->n) {		/* used up */
		f->head = (f->head + 1) % f->n_ring;
		f->n_full--;
	}
	refill(f);
	if (f->n_full == 0)
		return f->end < 0 ? err_set(f->end, "%s", f->why ? f->why : "out of memory") : 0;
	s = &f->ring[f->head];
	if (s->busy) {
		pool_wait(f->pool, &s->job);
		s->busy = 0;
	}
	return give(s, out);
}
