/* float_test.c - records that are in no segment before their commit */
#include "storetest.h"
#include "store/store_priv.h"

static int segments(const char *dir)
{
	uint32_t *ids = NULL;
	size_t n = 0;
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY), rc = seg_list(dirfd, &ids, &n);

	close(dirfd);
	free(ids);
	return rc < 0 ? rc : (int)n;
}

/* 1: the extent of a block has its bytes */
static int extent_of(struct store *st, uint64_t i, size_t len)
{
	uint8_t *bytes = unit_kept(len);
	struct piece p = { 0 };
	struct cid cid;
	struct span want = blk(i, len, &cid);

	return store_extent(st, &cid, &p) == 1 && p.len == len &&
	       pread(p.fd, bytes, len, (off_t)p.off) == (ssize_t)len && span_equal(span_of(bytes, len), want);
}

static void a_few_float_until_the_commit(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE), *other = opened(dir, STORE_READ);
	uint64_t i;

	for (i = 0; i < 5; i++)
		CHECK(put(st, i, 1000 + (size_t)i) == 0);
	CHECK(put(st, 2, 1002) == 0 && st->batch.n == 5);		/* and once is enough */
	CHECK(segments(dir) == 0 && writer_floats(&st->w) == 5 * (58 + 1002));
	for (i = 0; i < 5; i++)
		CHECK(got(st, i, 1000 + (size_t)i) == 1 && has(other, i, 1000 + (size_t)i) == 0);
	CHECK(store_commit(st) == 0 && segments(dir) == 1 && writer_floats(&st->w) == 0);
	for (i = 0; i < 5; i++)
		CHECK(got(st, i, 1000 + (size_t)i) == 1 && got(other, i, 1000 + (size_t)i) == 1);
	store_close(other);
	store_close(st);
	NO_FAULTS(dir);
}

static void a_file_that_is_wanted_makes_them_land(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);

	CHECK(put(st, 1, 100) == 0 && put(st, 2, 200) == 0 && segments(dir) == 0);
	CHECK(extent_of(st, 2, 200) && extent_of(st, 1, 100) && segments(dir) == 1);
	CHECK(put(st, 3, 300) == 0 && got(st, 3, 300) == 1 && extent_of(st, 3, 300));
	CHECK(store_commit(st) == 0 && got(st, 1, 100) == 1 && got(st, 3, 300) == 1);
	store_close(st);
	NO_FAULTS(dir);
}

static void many_land(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	uint64_t i;

	for (i = 0; i < 4; i++)
		CHECK(put(st, i, 10000) == 0 && (segments(dir) == 1) == (i > 2));
	for (i = 0; i < 4; i++)
		CHECK(got(st, i, 10000) == 1);
	CHECK(store_commit(st) == 0 && got(st, 0, 10000) == 1 && got(st, 3, 10000) == 1);
	store_close(st);
	NO_FAULTS(dir);
}

static void compressed_ones_float(void)
{
	char *dir = fresh("store.compress = zstd\n");
	static const uint8_t zeros[5000];
	struct span bytes = span_of(zeros, sizeof zeros);
	struct store *st = opened(dir, STORE_WRITE);
	struct buf out = BUF_INIT(sizeof zeros);
	struct cid cid;
	struct dag_block b = { .cid = &cid, .parts = { bytes }, .n_parts = 1, .src_fd = -1 };

	CHECK(cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, &bytes, 1) == 0);
	CHECK(put(st, 1, 100) == 0 && store_put(st, &b) == 0 && put(st, 2, 100) == 0);
	CHECK(writer_floats(&st->w) > 0 && writer_floats(&st->w) < 1000);
	CHECK(store_get(st, &cid, &out) == 0 && span_equal(buf_span(&out), bytes));
	CHECK(store_commit(st) == 0 && got(st, 2, 100) == 1);
	buf_reset(&out);
	CHECK(store_get(st, &cid, &out) == 0 && span_equal(buf_span(&out), bytes));
	buf_clear(&out);
	store_close(st);
	NO_FAULTS(dir);
}

static void what_is_taken_back_is_nowhere(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	struct cid cid;

	CHECK(put(st, 1, 100) == 0);
	store_rollback(st);
	CHECK(has(st, 1, 100) == 0 && writer_floats(&st->w) == 0);
	CHECK(put(st, 2, 100) == 0 && put(st, 3, 100) == 0);
	blk(2, 100, &cid);
	CHECK(store_delete(st, &cid) == 0 && has(st, 2, 100) == 0);
	CHECK(store_commit(st) == 0 && has(st, 2, 100) == 0 && got(st, 3, 100) == 1 && has(st, 1, 100) == 0);
	CHECK(put(st, 4, 100) == 0);
	store_close(st);
	st = opened(dir, STORE_READ);
	CHECK(has(st, 4, 100) == 0 && got(st, 3, 100) == 1);
	store_close(st);
	NO_FAULTS(dir);
}

/* the segment one had last may have no room for what floats now */
static void each_finds_a_segment_with_room(void)
{
	char *dir = fresh("store.segment = 64KiB\n");
	struct store *st = opened(dir, STORE_WRITE);
	uint64_t i;

	for (i = 0; i < 20; i++) {
		CHECK(put(st, i, i % 2 ? 30000 : 5000) == 0 && store_commit(st) == 0);
		store_rest(st);
		CHECK(store_wake(st) == 0);
	}
	for (i = 0; i < 20; i++)
		CHECK(got(st, i, i % 2 ? 30000 : 5000) == 1);
	CHECK(segments(dir) >= 6 && segments(dir) <= 10);
	store_close(st);
	NO_FAULTS(dir);
}

int main(void)
{
	RUN(a_few_float_until_the_commit);
	RUN(a_file_that_is_wanted_makes_them_land);
	RUN(many_land);
	RUN(compressed_ones_float);
	RUN(what_is_taken_back_is_nowhere);
	RUN(each_finds_a_segment_with_room);
	return UNIT_END();
}
