/*
 * quota.c - collect only as much as keeps the store within so many bytes on disk.
 *
 * What is pinned stays, whatever it takes.  Of what is not, blocks that belong to no remembered root go
 * first (the oldest first); then the roots that were added least recently, each with all that no newer
 * root and no pin shares with it.  What a deletion gives back on the disk is not known before the
 * segments are compacted, so this goes in rounds.
 */
#include <inttypes.h>
#include <time.h>

#include "base/err.h"
#include "base/num.h"
#include "pin/pin_priv.h"

enum {
	ROUNDS = 5,
	RECORD_EXTRA = 64,		/* bytes on disk a block takes besides its own */
	BUSY_WAIT_MS = 60000, BUSY_NAP_MS = 20
};

struct keep {
	struct collect c;
	uint64_t budget;		/* raw bytes that may stay */
	int cut;			/* an older root did not fit */
};

/* newest first: as long as they fit */
static int keep_root(void *arg, const struct cid *root)
{
	struct keep *k = arg;
	struct mark *m = &k->c.mark;
	uint64_t left = k->budget > m->bytes ? k->budget - m->bytes : 0, cost;
	int rc = dag_has(store_source(k->c.st), root);

	if (rc != 1)
		return rc;
	rc = mark_cost(m, root, left, &cost);
	if (rc < 0)
		return rc;
	if (cost > left) {
		k->cut = 1;
		return 1;			/* and all that are older */
	}
	return mark_root(m, root, 1, 0);
}

/* bytes on disk as raw bytes of blocks, as far as that can be said */
static uint64_t as_raw(const struct store_stat *s, uint64_t disk)
{
	double live = (double)s->stored_bytes + (double)RECORD_EXTRA * (double)s->n_blocks;

	return live > 0 ? (uint64_t)((double)disk * ((double)s->raw_bytes / live)) + 1 : disk;
}

/* give back what is dead, beginning where it costs least */
static int squeeze(struct keep *k, struct store *st, struct pin_gc *gc)
{
	static const int percent[] = { 50, 20, 5, 1 };
	uint64_t disk = UINT64_MAX, freed;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && disk > gc->keep_bytes && i < sizeof percent / sizeof *percent; i++) {
		freed = 0;
		rc = store_gc_compact(k->c.gc, percent[i], &freed);
		gc->disk_freed += freed;
		if (rc == 0)
			rc = store_disk_bytes(st, &disk);
	}
	return rc;
}

/* 1: nothing more to do or to be had */
static int one_round(struct store *st, struct pin_gc *gc, const struct cid *extra, int round)
{
	struct keep k = { .c.count_bytes = 1 };
	uint64_t need, want, before = gc->n_deleted;
	struct store_stat s;
	int rc = store_stat(st, &s);

	if (rc < 0 || s.disk_bytes <= gc->keep_bytes)
		return rc < 0 ? rc : 1;
	need = s.disk_bytes - gc->keep_bytes;
	if (round == 0)				/* perhaps what is dead already does */
		need = need > s.dead_bytes ? need - s.dead_bytes : 0;
	want = need ? as_raw(&s, need) : 0;
	k.budget = s.raw_bytes > want ? s.raw_bytes - want : 0;
	rc = collect_begin(&k.c, st, extra);
	if (rc == 0 && want)
		rc = added_each(st, keep_root, &k);
	if (rc >= 0 && want)
		rc = collect_sweep(&k.c, gc, k.cut ? UINT64_MAX : want);
	if (rc == 0 && !gc->dry_run)
		rc = squeeze(&k, st, gc);
	gc->n_marked = k.c.mark.n_marked;
	collect_end(&k.c);
	return rc < 0 ? rc : gc->dry_run || (round > 0 && gc->n_deleted == before);
}

int collect_keep(struct store *st, struct pin_gc *gc, const struct cid *extra)
{
	int rc = 0, round;

	for (round = 0; rc == 0 && round < ROUNDS; round++)
		rc = one_round(st, gc, extra, round);
	return rc < 0 ? rc : 0;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int pin_quota(struct store *st, const struct cid *root)
{
	struct timespec nap = { .tv_nsec = BUSY_NAP_MS * 1000000L };
	char most[NUM_SIZE_MAX], have[NUM_SIZE_MAX];
	uint64_t until = now_ms() + BUSY_WAIT_MS, disk;
	struct store_stat s;
	int rc;

	if (store_max_bytes(st) == 0)		/* then nobody has to know how large it is */
		return 0;
	for (;;) {
		struct pin_gc gc = { 0 };

		rc = store_stat(st, &s);
		if (rc < 0 || s.disk_bytes <= s.max_bytes)
			return rc;
		gc.keep_bytes = s.max_bytes;
		rc = collect_keep(st, &gc, root);
		if (rc != ERR_BUSY || now_ms() > until)
			break;
		nanosleep(&nap, NULL);		/* someone else makes room */
	}
	if (rc == 0)
		rc = added_tidy(st);
	if (rc == 0)
		rc = store_disk_bytes(st, &disk);
	if (rc < 0 || disk <= s.max_bytes)
		return rc;
	return err_set(ERR_NOSPACE, "the store is full: it takes %s of the %s that store.max allows, and "
		       "what could go is gone", num_format_size(disk, have),
		       num_format_size(s.max_bytes, most));
}
