/* writer_test.c - segments of the dead, crowds, and full disks */
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "base/io.h"
#include "storetest.h"

static int segments(const char *dir)
{
	int i, n = 0;

	for (i = 1; i < 200; i++) {
		char name[32];

		snprintf(name, sizeof name, "seg/%08x.seg", (unsigned)i);
		n += file_size(below(dir, name)) >= 0;
	}
	return n;
}

/* put, commit, put more, have it written, and die */
static int die_with_a_tail(const char *dir)
{
	struct store *st = opened(dir, STORE_WRITE);

	if (put(st, 1, 100) != 0 || store_commit(st) != 0 || put(st, 2, 300000) != 0)
		return 1;
	kill(getpid(), SIGKILL);
	return 2;
}

static void the_torn_tail_of_a_dead_writer_is_cut(void)
{
	char *dir = fresh("");
	struct store *st;
	char *seg = below(dir, "seg/00000001.seg");

	CHECK(in_child(die_with_a_tail, dir) == 128 + SIGKILL);
	CHECK(file_size(seg) > 300000);
	CHECK(truncate(seg, 200000) == 0);
	st = opened(dir, STORE_WRITE);
	CHECK(got(st, 1, 100) == 1 && has(st, 2, 300000) == 0);
	CHECK(put(st, 3, 100) == 0 && store_commit(st) == 0);
	CHECK(file_size(seg) == 32 + 2 * 158);
	CHECK(got(st, 1, 100) == 1 && got(st, 3, 100) == 1);
	store_close(st);
	NO_FAULTS(dir);
}

static void what_a_dead_writer_had_written_whole_is_taken_in(void)
{
	char *dir = fresh("");
	struct store *st;
	char *seg = below(dir, "seg/00000001.seg");

	CHECK(in_child(die_with_a_tail, dir) == 128 + SIGKILL);
	NO_FAULTS(dir);
	st = opened(dir, STORE_WRITE);
	CHECK(has(st, 2, 300000) == 0);
	CHECK(put(st, 3, 100) == 0 && store_commit(st) == 0 && got(st, 2, 300000) == 1);
	CHECK(file_size(seg) == 32 + 2 * 158 + 300058);
	store_close(st);
	NO_FAULTS(dir);
}

static int copy_file(const char *from, const char *to)
{
	struct buf b = BUF_INIT(1 << 26);
	int rc = io_slurp_file(AT_FDCWD, from, &b), fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (rc == 0)
		rc = io_write(fd, b.data, b.len, to);
	close(fd);
	buf_clear(&b);
	return rc;
}

/* An index that forgot the last commits (an old copy, or a disk that lied about a sync) costs
 * nothing: nobody writes over what the segments have. */
static void an_index_of_yesterday(void)
{
	char *dir = fresh(""), *data = below(dir, "index/data.mdb"), *old = below(dir, "tmp/old");
	struct store *st, *other;
	struct store_gc *gc;
	uint64_t i, freed;

	CHECK(copy_file(data, old) == 0);	/* it knows of no segment at all */
	st = opened(dir, STORE_WRITE);
	other = opened(dir, STORE_WRITE);
	for (i = 0; i < 20; i++)
		CHECK(put(st, i, 1000) == 0 && put(other, 100 + i, 1000) == 0);
	CHECK(store_commit(st) == 0 && store_commit(other) == 0);
	store_close(st);
	store_close(other);
	CHECK(copy_file(old, data) == 0);
	st = opened(dir, STORE_WRITE);
	CHECK(has(st, 5, 1000) == 0);
	CHECK(put(st, 200, 1000) == 0 && store_commit(st) == 0);
	for (i = 0; i < 20; i++)		/* the first segment was taken over */
		CHECK(got(st, i, 1000) == 1 && has(st, 100 + i, 1000) == 0);
	NEED(store_gc_begin(&gc, st) == 0);	/* looks at them all */
	for (i = 0; i < 20; i++)
		CHECK(got(st, 100 + i, 1000) == 1);
	CHECK(store_gc_compact(gc, 50, &freed) == 0);
	store_gc_end(gc);
	for (i = 0; i < 20; i++)
		CHECK(got(st, 100 + i, 1000) == 1);
	store_close(st);
	NO_FAULTS(dir);
}

static int die_before_the_first_commit(const char *dir)
{
	struct store *st = opened(dir, STORE_WRITE);

	if (put(st, 2, 300000) != 0)
		return 1;
	kill(getpid(), SIGKILL);
	return 2;
}

static void a_new_segment_of_a_dead_writer_is_used(void)
{
	char *dir = fresh("");
	struct store *st;
	int i;

	CHECK(in_child(die_before_the_first_commit, dir) == 128 + SIGKILL);
	CHECK(truncate(below(dir, "seg/00000001.seg"), 20) == 0);
	st = opened(dir, STORE_WRITE);
	CHECK(put(st, 3, 100) == 0 && store_commit(st) == 0);
	CHECK(segments(dir) == 1 && file_size(below(dir, "seg/00000001.seg")) == 32 + 158);
	store_close(st);
	st = opened(dir, STORE_WRITE);		/* and nothing stays of one that wrote nothing */
	CHECK(put(st, 3, 100) == 0 && put(st, 4, 100) == 0);
	store_close(st);
	CHECK(file_size(below(dir, "seg/00000001.seg")) == 32 + 158);
	for (i = 0; i < 5; i++)
		CHECK(in_child(die_before_the_first_commit, dir) == 128 + SIGKILL);
	CHECK(segments(dir) == 1);
	NO_FAULTS(dir);
}

static void writers_share_no_segment(void)
{
	char *dir = fresh("");
	struct store *st[8];
	uint64_t i;

	for (i = 0; i < 8; i++) {
		st[i] = opened(dir, STORE_WRITE);
		CHECK(put(st[i], i, 40000) == 0);
	}
	CHECK(segments(dir) == 8);
	for (i = 0; i < 8; i++)
		CHECK(store_commit(st[7 - i]) == 0);
	for (i = 0; i < 8; i++)
		CHECK(got(st[0], i, 40000) == 1);
	for (i = 0; i < 8; i++)
		store_close(st[i]);
	st[0] = opened(dir, STORE_WRITE);	/* one after the other they use the same */
	CHECK(put(st[0], 100, 10) == 0 && store_commit(st[0]) == 0);
	store_close(st[0]);
	CHECK(segments(dir) == 8);
	NO_FAULTS(dir);
}

static int many(const char *dir)
{
	struct store *st;
	uint64_t base = (uint64_t)getpid() << 20, i;

	for (i = 0; i < 200; i++) {
		st = opened(dir, STORE_WRITE | STORE_UNSYNCED);
		if (put(st, base + i, 5000) != 0 || put(st, i, 3000) != 0 || store_commit(st) != 0)
			return 1;
		if (got(st, base + i, 5000) != 1 || got(st, i / 2, 3000) != 1)
			return 2;
		store_close(st);
	}
	return 0;
}

static void processes_create_at_once(void)
{
	char *dir = fresh("store.segment = 64KiB\n");
	struct store *st;
	struct store_stat s;
	pid_t pids[6];
	uint64_t i, bad = 0;
	int k, status;

	fflush(stdout);
	for (k = 0; k < 6; k++) {
		pids[k] = fork();
		if (pids[k] == 0)
			_exit(many(dir));
	}
	for (k = 0; k < 6; k++)
		CHECK(waitpid(pids[k], &status, 0) == pids[k] && status == 0);
	st = opened(dir, STORE_READ);
	CHECK(store_stat(st, &s) == 0 && s.n_blocks == 200 + 6 * 200);
	for (k = 0; k < 6; k++)
		for (i = 0; i < 200; i++)
			bad += got(st, ((uint64_t)pids[k] << 20) + i, 5000) != 1;
	CHECK(bad == 0);
	store_close(st);
	NO_FAULTS(dir);
}

static void full_segments_are_left(void)
{
	char *dir = fresh("store.segment = 64KiB\n");
	struct store *st = opened(dir, STORE_WRITE);
	uint64_t i;

	for (i = 0; i < 30; i++)
		CHECK(put(st, i, 10000) == 0);
	CHECK(put(st, 100, 200000) == 0);	/* larger than a segment: one of its own */
	CHECK(store_commit(st) == 0);
	CHECK(segments(dir) == 6);
	for (i = 0; i < 30; i++)
		CHECK(got(st, i, 10000) == 1);
	CHECK(got(st, 100, 200000) == 1);
	store_close(st);
	NO_FAULTS(dir);
}

static struct store *parents;

static int close_in_child(const char *dir)
{
	struct store *own = opened(dir, STORE_WRITE);	/* an environment of its own */
	int rc = put(own, 7, 100) == 0 && store_commit(own) == 0 ? 0 : 1;

	store_close(own);
	store_close(parents);
	return rc;
}

static void children_leave_the_parents_work_alone(void)
{
	char *dir = fresh("");

	parents = opened(dir, STORE_WRITE);
	CHECK(put(parents, 1, 100) == 0 && put(parents, 2, 300000) == 0);
	CHECK(in_child(close_in_child, dir) == 0);
	CHECK(got(parents, 1, 100) == 1 && got(parents, 2, 300000) == 1);
	CHECK(store_commit(parents) == 0);
	CHECK(got(parents, 2, 300000) == 1 && got(parents, 7, 100) == 1);
	store_close(parents);
	NO_FAULTS(dir);
}

/* the disk is full for files over 1 MiB */
static void full_disk(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	struct rlimit was, small;
	uint64_t i;
	int rc = 0;

	CHECK(put(st, 1, 1000) == 0 && store_commit(st) == 0);
	signal(SIGXFSZ, SIG_IGN);
	NEED(getrlimit(RLIMIT_FSIZE, &was) == 0);
	small = was;
	small.rlim_cur = 1 << 20;
	NEED(setrlimit(RLIMIT_FSIZE, &small) == 0);
	for (i = 10; i < 100 && rc == 0; i++)
		rc = put(st, i, 100000);
	CHECK(rc == ERR_NOSPACE);
	CHECK_ERR(put(st, 200, 10), ERR_NOSPACE);	/* the batch is lost, and stays so */
	CHECK_ERR(store_commit(st), ERR_NOSPACE);
	store_rollback(st);
	CHECK(has(st, 10, 100000) == 0 && got(st, 1, 1000) == 1);
	CHECK(put(st, 200, 10) == 0 && store_commit(st) == 0);	/* small things still fit */
	CHECK(got(st, 200, 10) == 1);
	CHECK(setrlimit(RLIMIT_FSIZE, &was) == 0);
	for (i = 10; i < 100; i++)
		CHECK(put(st, i, 100000) == 0);
	CHECK(store_commit(st) == 0 && got(st, 99, 100000) == 1);
	store_close(st);
	NO_FAULTS(dir);
}

/* the disk is full for the index: nothing of the batch is in it, and the store lives on */
static void full_disk_at_the_index(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	struct rlimit was, small;
	uint64_t i, n = 0;
	struct store_stat s;

	for (i = 0; i < 1000; i++)
		CHECK(put(st, i, 20) == 0);
	CHECK(store_commit(st) == 0);
	signal(SIGXFSZ, SIG_IGN);
	NEED(getrlimit(RLIMIT_FSIZE, &was) == 0);
	small = was;
	small.rlim_cur = (rlim_t)file_size(below(dir, "index/data.mdb")) + 100000;
	NEED(setrlimit(RLIMIT_FSIZE, &small) == 0);
	for (i = 1000; i < 3000; i++)
		n += put(st, i, 20) == 0;
	CHECK(n == 2000);
	CHECK_ERR(store_commit(st), ERR_NOSPACE);
	store_rollback(st);
	CHECK(setrlimit(RLIMIT_FSIZE, &was) == 0);
	CHECK(store_stat(st, &s) == 0 && s.n_blocks == 1000);
	CHECK(has(st, 2999, 20) == 0);
	for (i = 1000; i < 3000; i++)
		CHECK(put(st, i, 20) == 0);
	CHECK(store_commit(st) == 0);
	CHECK(store_stat(st, &s) == 0 && s.n_blocks == 3000);
	store_close(st);
	NO_FAULTS(dir);
}

/* A large batch is several transactions.  When the disk is full at the second, the first one's blocks
 * are in the index, and their bytes must stay. */
static void full_disk_between_two_transactions(void)
{
	char *dir = fresh("");
	struct rlimit was, small;
	struct store_stat s;
	struct store *st;
	uint64_t i, k, some = 0;
	int rc;

	signal(SIGXFSZ, SIG_IGN);
	NEED(getrlimit(RLIMIT_FSIZE, &was) == 0);
	for (k = 8; k < 24; k++) {
		st = opened(dir, STORE_WRITE | STORE_UNSYNCED);
		for (i = 0; i < 125000; i++)
			if (put(st, k * 1000000 + i, 8) != 0)
				break;
		CHECK(i == 125000);
		/* the segment is written, the index is what has no room */
		small = was;
		small.rlim_cur = (rlim_t)file_size(below(dir, "index/data.mdb")) + (k << 20) / 2;
		NEED(setrlimit(RLIMIT_FSIZE, &small) == 0);
		rc = store_commit(st);
		NEED(setrlimit(RLIMIT_FSIZE, &was) == 0);
		if (rc == 0) {
			store_close(st);
			break;
		}
		store_rollback(st);
		CHECK(store_stat(st, &s) == 0);
		some += s.n_blocks > 0;
		store_close(st);
		NO_FAULTS(dir);
		if (s.n_blocks)
			break;
	}
	CHECK(some == 1);		/* or nothing was tested */
	NO_FAULTS(dir);
}

/* cloning from a file where the filesystem cannot, or from one that changed: the bytes count */
static void payload_from_a_file(void)
{
	char *dir = fresh("store.align = always\n");
	struct store *st = opened(dir, STORE_WRITE);
	struct cid cid;
	struct span s = blk(1, 300000, &cid);
	struct dag_block b = { .cid = &cid, .parts = { { s.p, 100 }, { s.p + 100, 299900 } },
			       .n_parts = 2, .payload_at = 14, .payload_len = 299980,
			       .src_off = 8192 + 100 };
	struct piece p;
	int fd = open(below(dir, "tmp/source"), O_RDWR | O_CREAT, 0600);

	NEED(fd >= 0 && ftruncate(fd, 1000000) == 0);
	CHECK(pwrite(fd, s.p + 14, 299980, 8192 + 100) == 299980);
	b.src_fd = fd;
	CHECK(store_put(st, &b) == 0 && put(st, 3, 100) == 0 && put(st, 2, 100) == 0);
	CHECK(got(st, 1, 300000) == 1);
	CHECK(store_commit(st) == 0 && got(st, 1, 300000) == 1 && got(st, 2, 100) == 1);
	CHECK(store_extent(st, &cid, &p) == 1);
	CHECK((p.off + 14) % 4096 == (8192 + 100) % 4096);	/* as it lies in the source */
	CHECK(got(st, 3, 100) == 1);
	s = blk(9, 300000, &cid);
	b.parts[0] = (struct span){ s.p, 100 };	/* the file no longer has these bytes */
	b.parts[1] = (struct span){ s.p + 100, 299900 };
	CHECK(store_put(st, &b) == 0 && store_commit(st) == 0 && got(st, 9, 300000) == 1);
	close(fd);
	store_close(st);
	NO_FAULTS(dir);
}

enum { SHARED = 100, CHUNK = 262144 };

static uint64_t used(const char *dir)
{
	struct statvfs s;

	sync();
	return statvfs(dir, &s) < 0 ? 0 : (s.f_blocks - s.f_bfree) * s.f_frsize;
}

/* the ith block: a few bytes, a piece of the source, a few bytes */
static struct dag_block wrapped(uint64_t i, struct cid *cid)
{
	struct dag_block b = { .cid = cid, .n_parts = 3, .payload_at = 14, .payload_len = CHUNK,
			       .src_off = i * CHUNK, .parts = { { (const uint8_t *)
			       "fourteen bytes", 14 }, blk(i, CHUNK, cid),
			       { (const uint8_t *)"end", 3 } } };

	if (cid_sum(cid, 1, CID_DAG_PB, MH_SHA2_256, b.parts, 3) < 0)
		abort();
	return b;
}

static int sharing(const char *mnt)
{
	char *dir = below(mnt, "store"), text[4300];
	struct buf out = BUF_INIT(1 << 20);
	struct dag_block b;
	struct store *st;
	struct span s;
	struct cid cid;
	uint64_t i, before, bad = 0;
	int fd;

	/* a namespace of our own, so that the mount goes when we do */
	snprintf(text, sizeof text, "mount -o loop %s.img %s 2>/dev/null", mnt, mnt);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    system(text) != 0)
		return 77;
	if (store_init(dir, "") < 0)
		return 1;
	st = opened(dir, STORE_WRITE);
	fd = open(below(mnt, "source"), O_RDWR | O_CREAT, 0644);
	for (i = 0; i < SHARED; i++) {
		s = blk(i, CHUNK, &cid);
		if (write(fd, s.p, s.len) != CHUNK)
			return 2;
	}
	fsync(fd);
	before = used(mnt);
	for (i = 0; i < SHARED; i++) {
		b = wrapped(i, &cid);
		b.src_fd = fd;
		/* one changes between the hash and the put */
		if (i == 50 && pwrite(fd, "changed", 7, 50 * CHUNK + 8192) != 7)
			return 2;
		bad += store_put(st, &b) != 0;
	}
	bad += store_commit(st) != 0;
	if (used(mnt) > before + SHARED * CHUNK / 8)
		return 3;
	/* and one when all is done */
	if (pwrite(fd, "changed later", 13, 7 * CHUNK + 5000) != 13 || fsync(fd) < 0)
		return 2;
	for (i = 0; i < SHARED; i++) {
		wrapped(i, &cid);
		buf_reset(&out);
		bad += store_get(st, &cid, &out) != 0 || out.len != CHUNK + 17;
	}
	store_close(st);
	buf_clear(&out);
	return bad ? 4 : 0;
}

static void extents_are_shared_where_they_can_be(void)
{
	static const char *const types[] = { "btrfs", "xfs" };
	char *mnt = below(unit_tmpdir(), "mnt"), text[4300];
	size_t i;

	CHECK(mkdir(mnt, 0755) == 0);
	for (i = 0; i < 2; i++) {
		int rc = 77;

		snprintf(text, sizeof text, "rm -f %s.img && truncate -s 400M %s.img && "
			 "mkfs.%s -q %s.img >/dev/null 2>&1", mnt, mnt, types[i], mnt);
		if (geteuid() == 0 && system(text) == 0)
			rc = in_child(sharing, mnt);
		if (rc == 77)
			printf("# %s cannot be had here: skipped\n", types[i]);
		else
			CHECK(rc == 0);
		unlink(below(mnt, "../mnt.img"));
	}
}

int main(void)
{
	RUN(the_torn_tail_of_a_dead_writer_is_cut);
	RUN(what_a_dead_writer_had_written_whole_is_taken_in);
	RUN(an_index_of_yesterday);
	RUN(a_new_segment_of_a_dead_writer_is_used);
	RUN(writers_share_no_segment);
	RUN(processes_create_at_once);
	RUN(full_segments_are_left);
	RUN(children_leave_the_parents_work_alone);
	RUN(full_disk);
	RUN(full_disk_at_the_index);
	RUN(full_disk_between_two_transactions);
	RUN(payload_from_a_file);
	RUN(extents_are_shared_where_they_can_be);
	return UNIT_END();
}
