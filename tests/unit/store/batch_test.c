/* batch_test.c - what is relied upon, swept and written again */
#include "storetest.h"

/* a collection that has marked nothing, and compacts what it can */
static uint64_t sweep_all(struct store *st, int compact)
{
	struct store_sweep s = { .want_bytes = UINT64_MAX };
	struct store_gc *gc;
	uint64_t freed;

	if (store_gc_begin(&gc, st) < 0 || store_gc_sweep(gc, &s) < 0)
		abort();
	if (compact && store_gc_compact(gc, 1, &freed) < 0)
		abort();
	store_gc_end(gc);
	return s.n_deleted;
}

static void filled(const char *dir, uint64_t from, uint64_t n, size_t len)
{
	struct store *st = opened(dir, STORE_WRITE);
	uint64_t i;

	for (i = 0; i < n; i++)
		CHECK(put(st, from + i, len) == 0);
	CHECK(store_commit(st) == 0);
	store_close(st);
}

static void swept_between_put_and_commit(int compact)
{
	char *dir = fresh("");
	struct store *w, *g;
	uint64_t i, bad = 0;

	filled(dir, 0, 100, 1000);
	w = opened(dir, STORE_WRITE);
	g = opened(dir, STORE_WRITE);
	for (i = 0; i < 100; i++)
		CHECK(put(w, i, 1000) == 0);
	CHECK(put(w, 500, 10) == 0);
	CHECK(sweep_all(g, compact) == 100);
	CHECK(has(g, 5, 1000) == 0);
	for (i = 0; i < 100; i++)		/* this handle still has them */
		bad += has(w, i, 1000) != 1 || got(w, i, 1000) != 1;
	CHECK(store_commit(w) == 0);
	for (i = 0; i < 100; i++)
		bad += got(g, i, 1000) != 1;
	CHECK(bad == 0 && got(g, 500, 10) == 1);
	CHECK(sweep_all(g, compact) == 0);	/* and they stay while it lives */
	store_close(w);
	CHECK(got(g, 99, 1000) == 1);
	CHECK(sweep_all(g, compact) == 101);
	store_close(g);
	NO_FAULTS(dir);
}

static void swept_and_written_again(void) { swept_between_put_and_commit(0); }
static void compacted_and_written_again(void) { swept_between_put_and_commit(1); }

static void written_again_over_many_segments(void)
{
	char *dir = fresh("store.segment = 64KiB\n");
	struct store *w, *g;
	uint64_t i, bad = 0;

	filled(dir, 0, 60, 20000);
	w = opened(dir, STORE_WRITE);
	g = opened(dir, STORE_WRITE);
	for (i = 0; i < 60; i++)
		CHECK(put(w, i, 20000) == 0);
	CHECK(store_table_put(w, STORE_META, span_str("k"), span_str("v")) == 0);
	CHECK(sweep_all(g, 1) == 60);
	CHECK(store_commit(w) == 0);
	for (i = 0; i < 60; i++)
		bad += got(g, i, 20000) != 1;
	CHECK(bad == 0);
	store_close(w);
	store_close(g);
	NO_FAULTS(dir);
}

static void relied_in_more_segments_than_files_may_be_open(void)
{
	char *dir = fresh("store.segment = 64KiB\n");
	struct store *w;
	uint64_t i, bad = 0;

	filled(dir, 0, 130, 60000);
	w = opened(dir, STORE_WRITE);
	for (i = 0; i < 130; i++)
		bad += put(w, i, 60000) != 0;
	for (i = 0; i < 130; i++)
		bad += got(w, i, 60000) != 1;
	CHECK(bad == 0 && store_commit(w) == 0);
	store_close(w);
	NO_FAULTS(dir);
}

static void younger_than_the_lease_needs_nothing(void)
{
	char *dir = fresh("");
	struct store *w = opened(dir, STORE_WRITE), *g = opened(dir, STORE_WRITE);

	CHECK(put(w, 1, 100) == 0 && store_commit(w) == 0);	/* the lease begins */
	filled(dir, 2, 1, 100);
	CHECK(put(w, 2, 100) == 0);
	CHECK(sweep_all(g, 0) == 0);
	CHECK(store_commit(w) == 0 && got(g, 1, 100) == 1 && got(g, 2, 100) == 1);
	store_close(w);
	CHECK(sweep_all(g, 0) == 2);
	store_close(g);
	NO_FAULTS(dir);
}

static void a_missing_segment_is_written_anew(void)
{
	char *dir = fresh("");
	struct store *st;

	filled(dir, 1, 3, 1000);
	CHECK(unlink(below(dir, "seg/00000001.seg")) == 0);
	st = opened(dir, STORE_WRITE);
	CHECK_ERR(got(st, 1, 1000), ERR_CORRUPT);
	CHECK(put(st, 1, 1000) == 0 && got(st, 1, 1000) == 1);
	CHECK(store_commit(st) == 0 && got(st, 1, 1000) == 1);
	CHECK_ERR(got(st, 2, 1000), ERR_CORRUPT);
	store_close(st);
}

static void large_batches_commit_themselves(void)
{
	char *dir = fresh("store.batch = 1MiB\n");
	struct store *st = opened(dir, STORE_WRITE), *r = opened(dir, STORE_READ);
	struct store_stat s;
	uint64_t i;

	for (i = 0; i < 30; i++)
		CHECK(put(st, i, 100000) == 0);
	CHECK(store_stat(r, &s) == 0 && s.n_blocks >= 20);
	store_rollback(st);			/* drops what came after */
	CHECK(got(st, 5, 100000) == 1 && has(st, 29, 100000) == 0);
	for (i = 1000; i < 1000 + 140000; i++)
		CHECK(put(st, i, 10) == 0);
	CHECK(store_stat(r, &s) == 0 && s.n_blocks >= 100000);
	store_close(r);
	store_close(st);
	NO_FAULTS(dir);
}

/* several processes take in the same blocks at once: none is lost, whoever commits last */
static int same_blocks(const char *dir)
{
	struct store *st = opened(dir, STORE_WRITE | STORE_UNSYNCED);
	uint64_t i, bad = 0;

	for (i = 0; i < 3000; i++) {
		bad += put(st, i, 300) != 0;
		if (i % 100 == 99)
			bad += store_commit(st) != 0;
	}
	bad += store_commit(st) != 0;
	for (i = 0; i < 3000; i++)
		bad += got(st, i, 300) != 1;
	store_close(st);
	return bad != 0;
}

static void the_same_blocks_from_many(void)
{
	char *dir = fresh("");
	struct store *st;
	struct store_stat s;
	pid_t pids[4];
	int k, status;

	fflush(stdout);
	for (k = 0; k < 4; k++)
		if ((pids[k] = fork()) == 0)
			_exit(same_blocks(dir));
	for (k = 0; k < 4; k++)
		CHECK(waitpid(pids[k], &status, 0) == pids[k] && status == 0);
	st = opened(dir, STORE_READ);
	CHECK(store_stat(st, &s) == 0 && s.n_blocks == 3000 && s.raw_bytes == 900000);
	store_close(st);
	NO_FAULTS(dir);
}

int main(void)
{
	RUN(swept_and_written_again);
	RUN(compacted_and_written_again);
	RUN(written_again_over_many_segments);
	RUN(relied_in_more_segments_than_files_may_be_open);
	RUN(younger_than_the_lease_needs_nothing);
	RUN(a_missing_segment_is_written_anew);
	RUN(large_batches_commit_themselves);
	RUN(the_same_blocks_from_many);
	return UNIT_END();
}
