/* store_test.c - what the door promises of one handle */
#include "storetest.h"

static void init_makes_a_store(void)
{
	char *dir = unit_tmpdir(), *sub = below(dir, "new");
	struct store *st;
	struct stat sb;

	CHECK_ERR(store_open(&st, sub, STORE_READ), ERR_NOTFOUND);
	CHECK(st == NULL && strstr(err_text(), "ipfrs-init"));
	CHECK_ERR(store_init(sub, "no.such = 1\n"), ERR_INVALID);
	CHECK(file_size(sub) == -1);
	CHECK(store_init(sub, "# hello\nstore.max = 1GiB\n") == 0);
	CHECK_ERR(store_init(sub, ""), ERR_EXISTS);
	NEED(store_open(&st, sub, STORE_WRITE) == 0);
	CHECK(strstr(store_path(st), "/new") && strstr(store_tmpdir(st), "/new/tmp"));
	CHECK(stat(below(sub, "key"), &sb) == 0 && (sb.st_mode & 0777) == 0700);
	CHECK(stat(below(sub, "token"), &sb) == 0 && (sb.st_mode & 0777) == 0700);
	store_close(st);
	store_close(NULL);
	NO_FAULTS(sub);
	/* a folder with something in it stays alone */
	CHECK(mkdir(below(dir, "other"), 0755) == 0);
	CHECK(close(open(below(dir, "other/file"), O_CREAT | O_WRONLY, 0644)) == 0);
	CHECK_ERR(store_init(below(dir, "other"), ""), ERR_EXISTS);
	CHECK_ERR(store_init(below(dir, "other/file"), ""), ERR_EXISTS);
}

static void init_goes_on_where_one_was_cut_off(void)
{
	char *dir = fresh("");
	struct store *st;

	CHECK(unlink(below(dir, "version")) == 0);
	CHECK_ERR(store_open(&st, dir, STORE_READ), ERR_NOTFOUND);
	CHECK(store_init(dir, "") == 0);
	st = opened(dir, STORE_WRITE);
	CHECK(put(st, 1, 100) == 0 && store_commit(st) == 0);
	store_close(st);
	/* but never over somebody's blocks */
	CHECK(unlink(below(dir, "version")) == 0);
	CHECK_ERR(store_init(dir, ""), ERR_EXISTS);
	CHECK_ERR(store_open(&st, dir, STORE_READ), ERR_CORRUPT);
}

static void newer_versions_are_refused(void)
{
	char *dir = fresh("");
	struct store *st;
	int fd = open(below(dir, "version"), O_WRONLY | O_TRUNC);

	CHECK(write(fd, "ipfrs-store 2\n", 14) == 14);
	close(fd);
	CHECK_ERR(store_open(&st, dir, STORE_READ), ERR_UNSUPPORTED);
	fd = open(below(dir, "version"), O_WRONLY | O_TRUNC);
	CHECK(write(fd, "gibberish", 9) == 9);
	close(fd);
	CHECK_ERR(store_open(&st, dir, STORE_READ), ERR_CORRUPT);
}

static void put_get_has_size(void)
{
	static const size_t lens[] = { 0, 1, 8, 100, 4096, 65536, 65537, 262144, 1048576, 2097152 };
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	struct cid cid;
	uint64_t len;
	size_t i;

	for (i = 0; i < sizeof lens / sizeof *lens; i++) {
		CHECK(has(st, i, lens[i]) == 0);
		CHECK_ERR(got(st, i, lens[i]), ERR_NOTFOUND);
		CHECK(put(st, i, lens[i]) == 0);
		CHECK(has(st, i, lens[i]) == 1);	/* before the commit too */
		CHECK(got(st, i, lens[i]) == 1);
		blk(i, lens[i], &cid);
		CHECK(store_size(st, &cid, &len) == 0 && len == lens[i]);
	}
	CHECK(store_commit(st) == 0);
	for (i = 0; i < sizeof lens / sizeof *lens; i++)
		CHECK(got(st, i, lens[i]) == 1);
	store_close(st);
	st = opened(dir, STORE_READ);
	for (i = 0; i < sizeof lens / sizeof *lens; i++) {
		CHECK(has(st, i, lens[i]) == 1);
		CHECK(got(st, i, lens[i]) == 1);
		blk(i, lens[i], &cid);
		CHECK(store_size(st, &cid, &len) == 0 && len == lens[i]);
	}
	blk(99, 5, &cid);
	CHECK_ERR(store_size(st, &cid, &len), ERR_NOTFOUND);
	store_close(st);
	NO_FAULTS(dir);
}

static void parts_make_one_block(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	struct buf out = BUF_INIT(1 << 20);
	struct cid cid;
	struct span s = blk(7, 300000, &cid);
	struct dag_block b = { .cid = &cid, .n_parts = 4, .src_fd = -1, .parts = {
		{ s.p, 10 }, { s.p + 10, 0 }, { s.p + 10, 200000 }, { s.p + 200010, 99990 } } };

	CHECK(store_put(st, &b) == 0);
	CHECK(store_get(st, &cid, &out) == 0 && span_equal(buf_span(&out), s));
	store_close(st);
	buf_clear(&out);
}

static void get_appends_or_leaves_alone(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	struct buf out = BUF_INIT(150);
	struct cid cid;

	CHECK(buf_str(&out, "before") == 0);
	CHECK(put(st, 1, 100) == 0 && put(st, 2, 145) == 0 && store_commit(st) == 0);
	blk(2, 145, &cid);
	CHECK_ERR(store_get(st, &cid, &out), ERR_LIMIT);
	CHECK_STR((char *)out.data, "before");
	blk(3, 10, &cid);
	CHECK_ERR(store_get(st, &cid, &out), ERR_NOTFOUND);
	CHECK_STR((char *)out.data, "before");
	blk(1, 100, &cid);
	CHECK(store_get(st, &cid, &out) == 0 && out.len == 106);
	store_close(st);
	buf_clear(&out);
}

static void any_cid_of_the_multihash_finds_it(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	struct buf out = BUF_INIT(1000);
	struct cid v1, v0, cbor;

	CHECK(put(st, 1, 100) == 0 && store_commit(st) == 0);
	blk(1, 100, &v1);
	CHECK(cid_make_mh(&v0, 0, CID_DAG_PB, cid_mh(&v1)) == 0);
	CHECK(cid_make_mh(&cbor, 1, CID_DAG_CBOR, cid_mh(&v1)) == 0);
	CHECK(store_has(st, &v0) == 1 && store_has(st, &cbor) == 1);
	CHECK(store_get(st, &v0, &out) == 0 && out.len == 100);
	CHECK(store_get(st, &cbor, &out) == 0 && out.len == 200);
	store_close(st);
	buf_clear(&out);
}

static void too_large_is_refused(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	struct cid cid;
	struct span s = blk(1, 4 << 20, &cid);
	struct dag_block b = { .cid = &cid, .parts = { s, s, s, s }, .n_parts = 4, .src_fd = -1 };

	b.parts[3].len = (size_t)STORE_BLOCK_MAX;
	CHECK_ERR(store_put(st, &b), ERR_LIMIT);
	CHECK(put(st, 1, 10) == 0 && store_commit(st) == 0);	/* and the handle lives on */
	store_close(st);
}

static void uncommitted_is_dropped(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);

	CHECK(put(st, 1, 100) == 0 && store_commit(st) == 0);
	CHECK(put(st, 2, 100) == 0 && put(st, 3, 200000) == 0);
	store_rollback(st);
	CHECK(has(st, 2, 100) == 0 && has(st, 3, 200000) == 0 && got(st, 1, 100) == 1);
	CHECK(put(st, 4, 100) == 0 && store_commit(st) == 0);
	CHECK(put(st, 5, 100) == 0);
	store_close(st);
	st = opened(dir, STORE_READ);
	CHECK(got(st, 1, 100) == 1 && has(st, 2, 100) == 0 && got(st, 4, 100) == 1);
	CHECK(has(st, 5, 100) == 0);
	store_close(st);
	NO_FAULTS(dir);
}

static void two_handles_see_commits(void)
{
	char *dir = fresh("");
	struct store *a = opened(dir, STORE_WRITE), *b = opened(dir, STORE_WRITE);
	struct store *r = opened(dir, STORE_READ);
	int i;

	CHECK(put(a, 1, 100) == 0);
	CHECK(has(b, 1, 100) == 0);
	CHECK(store_commit(a) == 0);
	CHECK(got(b, 1, 100) == 1 && got(r, 1, 100) == 1);
	for (i = 10; i < 50; i++)	/* both fill segments of their own at once */
		CHECK(put(a, (uint64_t)i, 1000) == 0 && put(b, (uint64_t)i + 1000, 1000) == 0);
	CHECK(store_commit(b) == 0 && store_commit(a) == 0);
	for (i = 10; i < 50; i++)
		CHECK(got(r, (uint64_t)i, 1000) == 1 && got(r, (uint64_t)i + 1000, 1000) == 1);
	store_close(a);
	CHECK(got(r, 10, 1000) == 1);
	CHECK(put(b, 3, 10) == 0 && store_commit(b) == 0 && got(r, 3, 10) == 1);
	store_close(b);
	store_close(r);
	NO_FAULTS(dir);
}

static void present_blocks_are_not_written_again(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	struct store_puts p;
	struct store_stat s;
	long long size;

	CHECK(put(st, 1, 50000) == 0 && put(st, 1, 50000) == 0 && store_commit(st) == 0);
	size = file_size(below(dir, "seg/00000001.seg"));
	CHECK(size == 32 + 58 + 50000);	/* 58 bytes around a block named by sha2-256 */
	CHECK(put(st, 1, 50000) == 0 && store_commit(st) == 0);
	p = store_puts(st);
	CHECK(p.n_blocks == 3 && p.bytes == 150000 && p.had_blocks == 2 && p.had_bytes == 100000);
	store_close(st);
	st = opened(dir, STORE_WRITE);
	CHECK(put(st, 1, 50000) == 0 && store_commit(st) == 0);
	p = store_puts(st);
	CHECK(p.n_blocks == 1 && p.bytes == 50000 && p.had_blocks == 1 && p.had_bytes == 50000);
	CHECK(file_size(below(dir, "seg/00000001.seg")) == size);
	CHECK(store_stat(st, &s) == 0 && s.n_blocks == 1 && s.raw_bytes == 50000 &&
	      s.stored_bytes == 50000 && s.dead_bytes == 0 && s.n_segments == 1);
	CHECK(s.disk_bytes >= 50000 && s.disk_bytes < 10 << 20 && s.max_bytes == 0);
	store_close(st);
}

static void extents_are_the_bytes(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	uint8_t bytes[70000];
	struct piece p;
	struct cid cid;
	struct span s;
	size_t i;

	CHECK(put(st, 1, 1000) == 0 && put(st, 2, 70000) == 0);
	for (i = 0; i < 2; i++) {
		size_t k;

		for (k = 1; k <= 2; k++) {
			s = blk(k, k == 1 ? 1000 : 70000, &cid);
			CHECK(store_extent(st, &cid, &p) == 1);
			CHECK(p.len == s.len && p.fd >= 0);
			CHECK(pread(p.fd, bytes, p.len, (off_t)p.off) == (ssize_t)p.len);
			CHECK(memcmp(bytes, s.p, s.len) == 0);
		}
		CHECK(store_commit(st) == 0);
	}
	blk(9, 10, &cid);
	CHECK_ERR(store_extent(st, &cid, &p), ERR_NOTFOUND);
	store_close(st);
}

static void source_and_sink(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	struct dag_source *src = store_source(st);
	struct dag_sink *sink = store_sink(st);
	struct buf out = BUF_INIT(1000);
	struct cid cid;
	struct span s = blk(1, 100, &cid);
	struct dag_block b = { .cid = &cid, .parts = { s }, .n_parts = 1, .src_fd = -1 };
	struct piece p;
	uint64_t len;

	CHECK(src->has(src, &cid) == 0);
	CHECK(sink->put(sink, &b) == 0);
	CHECK(src->has(src, &cid) == 1);
	CHECK(src->get(src, &cid, &out) == 0 && span_equal(buf_span(&out), s));
	CHECK(src->size(src, &cid, &len) == 0 && len == 100);
	CHECK(src->extent(src, &cid, &p) == 1 && p.len == 100);
	store_close(st);
	buf_clear(&out);
}

static void reading_needs_no_right_to_write(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);

	CHECK(put(st, 1, 100) == 0 && store_commit(st) == 0);
	store_close(st);
	st = opened(dir, STORE_READ);
	CHECK_ERR(put(st, 2, 100), ERR_DENIED);
	CHECK_ERR(store_commit(st), ERR_DENIED);
	CHECK_ERR(store_protect(st, NULL), ERR_DENIED);
	store_close(st);
}

static int as_nobody(const char *dir)
{
	struct store *st;
	int bad = 0;

	if (seteuid(65534) < 0)
		return 77;
	if (store_open(&st, dir, STORE_WRITE) != ERR_DENIED)
		bad |= 1;
	if (store_open(&st, dir, STORE_READ) < 0) {
		printf("# %s\n", err_text());
		fflush(stdout);
		return 2;
	}
	if (got(st, 1, 100) != 1 || has(st, 2, 100) != 0 || got(st, 3, 100000) != 1)
		bad |= 4;
	store_close(st);
	return bad;
}

static void read_only_folder_as_another_user(void)
{
	static const char *const parts[] = { "", "seg", "index", "index/data.mdb", "board", "tmp",
					     "index/lock.mdb", "seg/00000001.seg", NULL };
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	int i;

	CHECK(put(st, 1, 100) == 0 && put(st, 3, 100000) == 0 && store_commit(st) == 0);
	store_close(st);
	if (geteuid() != 0) {
		printf("# not root: skipped\n");
		return;
	}
	CHECK(chmod(dir, 0755) == 0);
	CHECK(chmod(strcmp(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", "/tmp") ?
		    getenv("TMPDIR") : dir, 0755) == 0);
	CHECK(in_child(as_nobody, dir) == 0);
	/* without a lock file and with nothing writable at all */
	CHECK(unlink(below(dir, "index/lock.mdb")) == 0);
	for (i = 0; parts[i]; i++)
		if (access(below(dir, parts[i]), F_OK) == 0)
			CHECK(chmod(below(dir, parts[i]), i < 3 || i == 4 || i == 5 ? 0555 : 0444)
			      == 0);
	CHECK(in_child(as_nobody, dir) == 0);
}

static int count(void *arg, const struct store_entry *e)
{
	uint64_t *sum = arg;

	if (e->codec != CID_RAW || e->raw_len != e->stored_len)
		return -1;
	sum[0]++;
	sum[1] += e->raw_len;
	return sum[0] == sum[2];
}

static void each_block_once_in_order(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	uint64_t sum[3] = { 0, 0, UINT64_MAX }, i;

	for (i = 0; i < 2000; i++)
		CHECK(put(st, i, 10 + i % 7) == 0);
	CHECK(store_each(st, count, sum) == 0 && sum[0] == 0);	/* committed blocks only */
	CHECK(store_commit(st) == 0);
	CHECK(store_each(st, count, sum) == 0 && sum[0] == 2000);
	sum[0] = 0;
	sum[2] = 7;
	CHECK(store_each(st, count, sum) == 1 && sum[0] == 7);
	store_close(st);
}

static void delete_forgets_at_commit(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	struct store_stat s;
	uint64_t before, after;
	struct cid cid;

	blk(1, 100, &cid);
	CHECK_ERR(store_delete(st, &cid), ERR_NOTFOUND);
	CHECK(put(st, 1, 100) == 0 && put(st, 2, 100) == 0 && store_commit(st) == 0);
	CHECK(store_sweeps(st, &before) == 0);
	CHECK(store_delete(st, &cid) == 0);
	CHECK_ERR(store_delete(st, &cid), ERR_NOTFOUND);
	CHECK(store_commit(st) == 0);
	CHECK(store_sweeps(st, &after) == 0 && after > before);
	CHECK(has(st, 1, 100) == 0 && got(st, 2, 100) == 1);
	CHECK(store_stat(st, &s) == 0 && s.n_blocks == 1 && s.dead_bytes == 158);
	/* put again, and put, deleted and put in one batch */
	CHECK(put(st, 1, 100) == 0 && store_commit(st) == 0 && got(st, 1, 100) == 1);
	CHECK(store_delete(st, &cid) == 0 && put(st, 1, 100) == 0 && store_commit(st) == 0);
	CHECK(got(st, 1, 100) == 1);
	blk(5, 100, &cid);
	CHECK(put(st, 5, 100) == 0 && store_delete(st, &cid) == 0 && put(st, 5, 100) == 0);
	CHECK(got(st, 5, 100) == 1 && store_commit(st) == 0 && got(st, 5, 100) == 1);
	CHECK(put(st, 6, 100) == 0);
	blk(6, 100, &cid);
	CHECK(store_delete(st, &cid) == 0 && store_commit(st) == 0 && has(st, 6, 100) == 0);
	store_close(st);
	NO_FAULTS(dir);
}

static void compression_where_it_saves(void)
{
	char *dir = fresh("store.compress = zstd:3\n");
	struct store *st = opened(dir, STORE_WRITE);
	static uint8_t zeros[200000];
	struct span parts[2] = { { zeros, 100000 }, { zeros, 100000 } };
	struct buf out = BUF_INIT(1 << 20);
	struct store_stat s;
	struct piece p;
	struct cid cid;
	struct dag_block b = { .cid = &cid, .parts = { parts[0], parts[1] }, .n_parts = 2,
			       .src_fd = -1 };
	int i;

	NEED(cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, parts, 2) == 0);
	CHECK(store_put(st, &b) == 0 && put(st, 1, 100000) == 0 && put(st, 2, 1000) == 0);
	for (i = 0; i < 2; i++) {
		buf_reset(&out);
		CHECK(store_get(st, &cid, &out) == 0 && out.len == 200000);
		CHECK(out.data[0] == 0 && memcmp(out.data, out.data + 1, 199999) == 0);
		CHECK(store_extent(st, &cid, &p) == 0);
		CHECK(got(st, 1, 100000) == 1 && got(st, 2, 1000) == 1);
		CHECK(store_commit(st) == 0);
	}
	CHECK(store_stat(st, &s) == 0 && s.raw_bytes == 301000 && s.stored_bytes < 102000);
	store_close(st);
	buf_clear(&out);
	NO_FAULTS(dir);
}

static void config_of_the_store(void)
{
	char *dir = fresh("store.max = 3GiB\n");
	struct store *st;
	struct config *c;
	struct store_stat s;
	const char *v;
	int fd;

	NEED(store_config_load(dir, &c) == 0);
	CHECK(config_set(c, "gc.compact", "70") == 0);
	CHECK(store_config_save(dir, c) == 0);
	config_free(c);
	st = opened(dir, STORE_READ);
	CHECK(config_get(store_config(st), "gc.compact", &v) == 0);
	CHECK_STR(v, "70");
	CHECK(store_stat(st, &s) == 0 && s.max_bytes == (uint64_t)3 << 30);
	store_close(st);
	fd = open(below(dir, "config"), O_WRONLY | O_TRUNC);
	CHECK(write(fd, "nonsense\n", 9) == 9);
	close(fd);
	CHECK_ERR(store_open(&st, dir, STORE_READ), ERR_INVALID);
}

int main(void)
{
	RUN(init_makes_a_store);
	RUN(init_goes_on_where_one_was_cut_off);
	RUN(newer_versions_are_refused);
	RUN(put_get_has_size);
	RUN(parts_make_one_block);
	RUN(get_appends_or_leaves_alone);
	RUN(any_cid_of_the_multihash_finds_it);
	RUN(too_large_is_refused);
	RUN(uncommitted_is_dropped);
	RUN(two_handles_see_commits);
	RUN(present_blocks_are_not_written_again);
	RUN(extents_are_the_bytes);
	RUN(source_and_sink);
	RUN(reading_needs_no_right_to_write);
	RUN(read_only_folder_as_another_user);
	RUN(each_block_once_in_order);
	RUN(delete_forgets_at_commit);
	RUN(compression_where_it_saves);
	RUN(config_of_the_store);
	return UNIT_END();
}
