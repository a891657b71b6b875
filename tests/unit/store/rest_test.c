/* rest_test.c - a handle that is kept open without being in the way */
#include <sys/file.h>

#include "storetest.h"
#include "store/store_priv.h"

static struct store *worked(const char *dir)
{
	struct store *st = opened(dir, STORE_WRITE);

	if (put(st, 1, 100) < 0 || store_commit(st) < 0)
		abort();
	return st;
}

static uint64_t least_lease(struct store *st)
{
	uint64_t least = 0;
	int fd;

	if (lease_open(st, &fd) < 0 || lease_read(fd, &least, NULL, NULL) < 0)
		abort();
	close(fd);
	return least;
}

static void it_goes_on_where_it_was(void)
{
	char *dir = fresh("");
	struct store *st = worked(dir);
	struct seg_row row;
	int i;

	for (i = 0; i < 20; i++) {
		store_rest(st);
		CHECK(store_wake(st) == 0);
		CHECK(got(st, 1, 100) == 1);
		CHECK(put(st, (uint64_t)(10 + i), 100) == 0 && store_commit(st) == 0);
		CHECK(got(st, (uint64_t)(10 + i), 100) == 1);
	}
	CHECK(store_read_row(st, 1, &row) == 1 && row.n_live == 21 && row.len == 32 + 21 * 158);
	CHECK(store_read_row(st, 2, &row) == 0);
	store_close(st);
	NO_FAULTS(dir);
}

static void what_was_not_committed_is_dropped(void)
{
	char *dir = fresh("");
	struct store *st = worked(dir);

	CHECK(put(st, 2, 2000000) == 0 && put(st, 3, 100) == 0);
	store_rest(st);
	CHECK(file_size(below(dir, "seg/00000001.seg")) == 32 + 158);
	CHECK(store_wake(st) == 0 && has(st, 2, 2000000) == 0 && has(st, 3, 100) == 0);
	store_rest(st);
	store_close(st);		/* in its sleep */
	NO_FAULTS(dir);

	dir = fresh("");		/* a segment nobody knows of yet is not left behind */
	st = opened(dir, STORE_WRITE);
	CHECK(put(st, 2, 100) == 0);
	store_rest(st);
	CHECK(file_size(below(dir, "seg/00000001.seg")) == -1);
	CHECK(store_wake(st) == 0 && put(st, 2, 100) == 0 && store_commit(st) == 0 && got(st, 2, 100) == 1);
	store_close(st);
	NO_FAULTS(dir);
}

static void no_lease_is_held(void)
{
	char *dir = fresh("");
	struct store *st = worked(dir), *gcer = opened(dir, STORE_WRITE);
	struct store_sweep all = { .want_bytes = UINT64_MAX };
	struct store_gc *gc;

	CHECK(least_lease(gcer) != UINT64_MAX);
	store_rest(st);
	CHECK(least_lease(gcer) == UINT64_MAX);
	CHECK(store_gc_begin(&gc, gcer) == 0 && store_gc_sweep(gc, &all) == 0 && all.n_deleted == 1);
	store_gc_end(gc);
	CHECK(store_wake(st) == 0 && has(st, 1, 100) == 0);
	CHECK(put(st, 1, 100) == 0 && least_lease(gcer) != UINT64_MAX);	/* written anew, and protected again */
	CHECK(store_gc_begin(&gc, gcer) == 0 && store_gc_sweep(gc, &all) == 0 && all.n_deleted == 0);
	store_gc_end(gc);
	CHECK(store_commit(st) == 0 && got(st, 1, 100) == 1);
	store_close(gcer);
	store_close(st);
	NO_FAULTS(dir);
}

static void its_segment_is_anybodys(void)
{
	char *dir = fresh("");
	struct store *st = worked(dir), *other = opened(dir, STORE_WRITE);
	struct seg_row row;
	uint64_t freed = 0;
	struct store_gc *gc;
	struct cid cid;

	store_rest(st);
	CHECK(put(other, 2, 100) == 0 && store_commit(other) == 0 && other->w.id == 1);
	CHECK(store_wake(st) == 0 && put(st, 3, 100) == 0 && store_commit(st) == 0);
	CHECK(st->w.id == 2);			/* the other has an owner now */
	store_rest(st);
	/* both are compacted away under its feet */
	blk(3, 100, &cid);
	CHECK(store_delete(other, &cid) == 0 && store_commit(other) == 0);
	CHECK(store_gc_begin(&gc, other) == 0 && store_gc_compact(gc, 1, &freed) == 0);
	store_gc_end(gc);
	CHECK(store_read_row(other, 2, &row) == 0 && file_size(below(dir, "seg/00000002.seg")) == -1);
	CHECK(store_wake(st) == 0 && put(st, 4, 100) == 0 && store_commit(st) == 0);
	CHECK(st->w.id != 2 && got(st, 4, 100) == 1 && got(st, 1, 100) == 1 && has(st, 3, 100) == 0);
	store_close(other);
	store_close(st);
	NO_FAULTS(dir);
}

/* a segment that was cut while we slept is read where it is, not where our descriptor thinks */
static void another_appended_and_died(void)
{
	char *dir = fresh("");
	struct store *st = worked(dir);
	char *seg = below(dir, "seg/00000001.seg");
	int fd;

	store_rest(st);
	fd = open(seg, O_WRONLY | O_APPEND);
	CHECK(fd >= 0 && write(fd, "torn", 4) == 4);
	close(fd);
	CHECK(adopt_all(st) == 0 && file_size(seg) == 32 + 158);	/* ours, too, is looked after */
	CHECK(store_wake(st) == 0 && put(st, 5, 100) == 0 && store_commit(st) == 0);
	CHECK(file_size(seg) == 32 + 2 * 158);
	store_close(st);
	NO_FAULTS(dir);
}

static void repairs_need_not_wait(void)
{
	char *dir = fresh("");
	struct store *st = worked(dir);
	struct store_report r = { 0 };
	int fd;

	CHECK_ERR(store_reindex(dir, &r), ERR_BUSY);
	store_rest(st);
	CHECK(store_reindex(dir, &r) == 0 && r.n_blocks == 1);
	CHECK(store_wake(st) == 1);		/* another index */
	store_close(st);

	st = worked(dir);
	store_rest(st);
	fd = open(below(dir, "lock"), O_RDONLY);
	CHECK(flock(fd, LOCK_EX | LOCK_NB) == 0);
	CHECK_ERR(store_wake(st), ERR_BUSY);
	close(fd);
	CHECK(store_wake(st) == 0 && got(st, 1, 100) == 1);
	store_rest(st);
	CHECK(unlink(below(dir, "lock")) == 0);
	CHECK(store_wake(st) == 1);		/* a lock nobody else would see */
	store_close(st);
	NO_FAULTS(dir);
}

static void another_board(void)
{
	char *dir = fresh("");
	struct store *st = worked(dir);

	CHECK(put(st, 2, 100) == 0 && store_commit(st) == 0 && st->group.fd >= 0);
	store_rest(st);
	CHECK(unlink(below(dir, "board/commits")) == 0 && unlink(below(dir, "board/leases")) == 0);
	CHECK(store_wake(st) == 0 && st->group.fd < 0);
	CHECK(put(st, 3, 100) == 0 && store_commit(st) == 0);
	CHECK(file_size(below(dir, "board/commits")) > 0 && file_size(below(dir, "board/leases")) > 0);
	store_close(st);
	NO_FAULTS(dir);
}

static void another_configuration_is_another_store(void)
{
	char *dir = fresh("");
	struct store *st = worked(dir);
	struct config *c;

	store_rest(st);
	CHECK(store_config_load(dir, &c) == 0 && config_set(c, "store.max", "1GiB") == 0);
	CHECK(store_config_save(dir, c) == 0);
	config_free(c);
	CHECK(store_wake(st) == 1);
	store_close(st);
	CHECK(store_open(&st, dir, STORE_WRITE) == 0 && store_max_bytes(st) == 1 << 30);
	store_rest(st);
	CHECK(store_wake(st) == 0);
	store_close(st);
}

static void it_sleeps_small(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	uint64_t i;

	for (i = 0; i < 20000; i++)
		CHECK(put(st, i, 100) == 0);
	CHECK(put(st, 1, 3000000) == 0 && store_commit(st) == 0 && got(st, 7, 100) == 1);
	CHECK(st->batch.cap >= 20000 && st->w.gather);
	CHECK(store_rest(st) == 1);		/* it had better be closed */
	CHECK(st->w.fd < 0);			/* a segment that is unlinked gives its room back */
	CHECK(!st->w.gather && st->batch.mhs.cap <= 65536 && st->scratch.cap <= 65536);
	for (i = 0; i < SEG_FDS; i++)
		CHECK(st->fds[i].fd < 0);
	CHECK(store_wake(st) == 0 && put(st, 30000, 100) == 0 && store_commit(st) == 0 && got(st, 30000, 100) == 1);
	store_close(st);
	st = worked(dir);
	CHECK(put(st, 7000001, 100) == 0 && store_commit(st) == 0 && store_rest(st) == 0);
	CHECK(st->w.gather);			/* little was used of it: it stays */
	store_close(st);
	NO_FAULTS(dir);
}

static void an_error_ends_with_the_work_it_hit(void)
{
	char *dir = fresh("");
	struct store *st = worked(dir);

	st->failed = ERR_NOSPACE;
	CHECK_ERR(put(st, 2, 100), ERR_NOSPACE);
	store_rest(st);
	CHECK(store_wake(st) == 0 && put(st, 2, 100) == 0 && store_commit(st) == 0);
	store_close(st);

	st = opened(dir, STORE_READ);		/* who reads is in nobody's way */
	store_rest(st);
	CHECK(store_wake(st) == 0 && got(st, 2, 100) == 1);
	store_close(st);
}

int main(void)
{
	RUN(it_goes_on_where_it_was);
	RUN(what_was_not_committed_is_dropped);
	RUN(no_lease_is_held);
	RUN(its_segment_is_anybodys);
	RUN(another_appended_and_died);
	RUN(repairs_need_not_wait);
	RUN(another_board);
	RUN(another_configuration_is_another_store);
	RUN(it_sleeps_small);
	RUN(an_error_ends_with_the_work_it_hit);
	return UNIT_END();
}
