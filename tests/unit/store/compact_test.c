/* compact_test.c - space comes back, under readers and writers */
#include <sched.h>
#include <sys/mount.h>

#include "store/store_priv.h"
#include "storetest.h"

static const char *const small = "store.segment = 256KiB\n";

/* n blocks of 10000 bytes, of which all but every tenth are swept */
static struct store *mostly_dead(const char *dir, uint64_t n, struct store_gc **gc)
{
	struct store_sweep s = { .want_bytes = UINT64_MAX };
	struct store *st = opened(dir, STORE_WRITE);
	struct cid cid;
	uint64_t i;

	for (i = 0; i < n; i++)
		CHECK(put(st, i, 10000) == 0);
	CHECK(store_commit(st) == 0);
	store_close(st);
	st = opened(dir, STORE_WRITE);
	CHECK(store_gc_begin(gc, st) == 0);
	for (i = 0; i < n; i += 10) {
		blk(i, 10000, &cid);
		CHECK(store_gc_mark(*gc, &cid) == 1);
	}
	CHECK(store_gc_sweep(*gc, &s) == 0);
	return st;
}

static void space_comes_back(void)
{
	char *dir = fresh(small);
	struct store_gc *gc;
	struct store *st = mostly_dead(dir, 500, &gc);
	struct store_sweep s = { .want_bytes = UINT64_MAX };
	struct store_stat before, after;
	uint64_t freed, i;

	CHECK(store_stat(st, &before) == 0);
	CHECK(store_gc_compact(gc, 50, &freed) == 0);
	CHECK(store_stat(st, &after) == 0);
	CHECK(freed > 4000000 && before.disk_bytes - after.disk_bytes > 4000000);
	CHECK(after.n_blocks == 50 && after.dead_bytes == 0 && after.n_segments < 5);
	for (i = 0; i < 500; i += 10)
		CHECK(got(st, i, 10000) == 1);
	/* marks follow what was moved */
	CHECK(store_gc_sweep(gc, &s) == 0 && s.n_deleted == 0);
	CHECK(store_gc_compact(gc, 50, &freed) == 0 && freed == 0);
	store_gc_end(gc);
	CHECK(put(st, 1000, 100) == 0 && store_commit(st) == 0 && got(st, 1000, 100) == 1);
	store_close(st);
	NO_FAULTS(dir);
}

static void readers_find_what_moved(void)
{
	char *dir = fresh(small);
	struct store_gc *gc;
	struct store *st = mostly_dead(dir, 300, &gc), *warm = opened(dir, STORE_READ);
	struct store *walker = opened(dir, STORE_READ);
	uint8_t bytes[10000];
	struct piece p;
	struct cid cid;
	struct span s;
	uint64_t freed, i;

	for (i = 0; i < 300; i += 20)		/* with the old files open */
		CHECK(got(warm, i, 10000) == 1);
	s = blk(10, 10000, &cid);
	CHECK(store_extent(walker, &cid, &p) == 1);
	CHECK(store_gc_compact(gc, 50, &freed) == 0 && freed > 0);
	CHECK(pread(p.fd, bytes, 10000, (off_t)p.off) == 10000);
	CHECK(memcmp(bytes, s.p, 10000) == 0);
	for (i = 0; i < 300; i += 10) {
		CHECK(got(warm, i, 10000) == 1);
		CHECK(got(walker, i, 10000) == 1);
	}
	store_gc_end(gc);
	store_close(warm);
	store_close(walker);
	store_close(st);
	NO_FAULTS(dir);
}

/* a writer that sits in a segment when the collector comes, and leaves a moment later */
static void a_busy_segment_is_tried_again(void)
{
	char *dir = fresh(small);
	struct store_gc *gc;
	struct store *st = mostly_dead(dir, 20, &gc);	/* one segment */
	uint64_t freed;
	int pipes[2], status;
	pid_t pid;
	char c;

	fflush(stdout);
	NEED(pipe(pipes) == 0);
	if ((pid = fork()) == 0) {
		struct store *w = opened(dir, STORE_WRITE);
		int rc = put(w, 777, 100);

		if (rc == 0)
			rc = store_commit(w);
		rc |= write(pipes[1], "x", 1) != 1;
		usleep(200000);
		store_close(w);
		_exit(rc != 0);
	}
	NEED(read(pipes[0], &c, 1) == 1);
	CHECK(store_gc_compact(gc, 50, &freed) == 0);
	CHECK(freed > 150000);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(got(st, 0, 10000) == 1 && got(st, 777, 100) == 1);
	store_gc_end(gc);
	store_close(st);
	close(pipes[0]);
	close(pipes[1]);
	NO_FAULTS(dir);
}

static int read_on(const char *dir)
{
	uint64_t bad = 0, round, i;

	for (round = 0; round < 20; round++) {
		struct store *st = opened(dir, STORE_READ);

		for (i = 0; i < 300; i += 10)
			bad += got(st, i, 10000) != 1;
		store_close(st);
	}
	return bad != 0;
}

static void reading_while_it_runs(void)
{
	char *dir = fresh(small);
	struct store_gc *gc;
	struct store *st = mostly_dead(dir, 300, &gc);
	uint64_t freed;
	pid_t pids[3];
	int k, status;

	fflush(stdout);
	for (k = 0; k < 3; k++)
		if ((pids[k] = fork()) == 0)
			_exit(read_on(dir));
	for (k = 100; k > 0; k -= 10)
		CHECK(store_gc_compact(gc, k, &freed) == 0);
	for (k = 0; k < 3; k++)
		CHECK(waitpid(pids[k], &status, 0) == pids[k] && status == 0);
	store_gc_end(gc);
	store_close(st);
	NO_FAULTS(dir);
}

static void only_what_is_dead_enough(void)
{
	char *dir = fresh(small);
	struct store *st = opened(dir, STORE_WRITE);
	struct store_gc *gc;
	struct store_stat s;
	struct cid cid;
	uint64_t freed;

	CHECK(put(st, 1, 10000) == 0 && put(st, 2, 10000) == 0 && put(st, 3, 10000) == 0);
	CHECK(store_commit(st) == 0);
	blk(2, 10000, &cid);
	CHECK(store_delete(st, &cid) == 0 && store_commit(st) == 0);
	NEED(store_gc_begin(&gc, st) == 0);
	CHECK(store_gc_compact(gc, 50, &freed) == 0 && freed == 0);
	CHECK(store_stat(st, &s) == 0 && s.dead_bytes == 10058);
	CHECK(store_gc_compact(gc, 30, &freed) == 0);
	CHECK(store_stat(st, &s) == 0 && s.dead_bytes == 0);
	CHECK(got(st, 1, 10000) == 1 && got(st, 3, 10000) == 1);
	store_gc_end(gc);
	store_close(st);
	NO_FAULTS(dir);
}

static void segments_being_written_are_left(void)
{
	char *dir = fresh(small);
	struct store *w = opened(dir, STORE_WRITE), *st = opened(dir, STORE_WRITE);
	struct store_gc *gc;
	struct cid cid;
	uint64_t freed;

	CHECK(put(w, 1, 10000) == 0 && put(w, 2, 10000) == 0 && store_commit(w) == 0);
	blk(2, 10000, &cid);
	CHECK(store_delete(w, &cid) == 0 && store_commit(w) == 0);
	CHECK(put(w, 3, 10000) == 0);
	NEED(store_gc_begin(&gc, st) == 0);
	CHECK(store_gc_compact(gc, 1, &freed) == 0 && freed == 0);
	CHECK(store_commit(w) == 0 && got(st, 3, 10000) == 1 && got(st, 1, 10000) == 1);
	store_close(w);
	CHECK(store_gc_compact(gc, 1, &freed) == 0);
	CHECK(got(st, 3, 10000) == 1 && got(st, 1, 10000) == 1 && has(st, 2, 10000) == 0);
	store_gc_end(gc);
	store_close(st);
	NO_FAULTS(dir);
}

static void remnants_are_removed(void)
{
	char *dir = fresh(small), *path = below(dir, "seg/00000001.seg");
	struct store *a = opened(dir, STORE_WRITE), *st = opened(dir, STORE_WRITE);
	struct store_gc *gc;
	uint64_t freed;
	uint8_t head[SEG_HEAD];
	int fd;

	CHECK(put(a, 1, 100) == 0 && writer_land(a) == 0 && put(st, 2, 100) == 0 && store_commit(st) == 0);
	store_close(a);			/* 1 was never used, 2 was */
	CHECK(file_size(path) == -1);
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	seg_head_encode(1, head);
	CHECK(write(fd, head, sizeof head) == sizeof head);
	close(fd);
	NEED(store_gc_begin(&gc, st) == 0);
	CHECK(store_gc_compact(gc, 50, &freed) == 0);
	CHECK(file_size(path) == -1);
	store_gc_end(gc);
	store_close(st);
}

static void damaged_living_records_keep_their_segment(void)
{
	char *dir = fresh(small), *seg = below(dir, "seg/00000001.seg");
	struct store *st = opened(dir, STORE_WRITE);
	struct store_gc *gc;
	struct cid cid;
	uint64_t freed;
	int fd;

	CHECK(put(st, 1, 10000) == 0 && put(st, 2, 10000) == 0 && put(st, 3, 10000) == 0);
	CHECK(store_commit(st) == 0);
	blk(2, 10000, &cid);
	CHECK(store_delete(st, &cid) == 0 && store_commit(st) == 0);
	fd = open(seg, O_RDWR);
	CHECK(pwrite(fd, "?", 1, 32 + 58 + 500) == 1);
	close(fd);
	NEED(store_gc_begin(&gc, st) == 0);
	CHECK(store_gc_compact(gc, 1, &freed) == 0);
	CHECK(file_size(seg) > 0);
	CHECK_ERR(got(st, 1, 10000), ERR_CORRUPT);
	CHECK(got(st, 3, 10000) == 1);
	store_gc_end(gc);
	store_close(st);
}

/* a full disk stops it, and costs nothing */
static void full_disk(void)
{
	char *dir = fresh("store.segment = 8MiB\n");
	struct store_gc *gc;
	struct store *st = mostly_dead(dir, 1000, &gc);
	struct rlimit was, tight;
	uint64_t freed, i;

	signal(SIGXFSZ, SIG_IGN);
	NEED(getrlimit(RLIMIT_FSIZE, &was) == 0);
	tight = was;
	tight.rlim_cur = 500000;
	NEED(setrlimit(RLIMIT_FSIZE, &tight) == 0);
	CHECK_ERR(store_gc_compact(gc, 50, &freed), ERR_NOSPACE);
	CHECK(setrlimit(RLIMIT_FSIZE, &was) == 0);
	for (i = 0; i < 1000; i += 10)
		CHECK(got(st, i, 10000) == 1);
	CHECK(store_gc_compact(gc, 50, &freed) == 0 && freed > 0);
	for (i = 0; i < 1000; i += 10)
		CHECK(got(st, i, 10000) == 1);
	store_gc_end(gc);
	store_close(st);
	NO_FAULTS(dir);
}

/* on a disk that is full to the last byte, with all in one segment of which a third is dead */
static int squeezed(const char *mnt)
{
	char *dir = below(mnt, "store"), *text = below("", "");
	struct store_sweep s = { .want_bytes = UINT64_MAX };
	struct heard h = HEARD_INIT;
	struct store_gc *gc;
	struct store *st;
	uint64_t i, n = 0, freed, bad = 0;
	struct cid cid;
	int fd, rc = 0;

	snprintf(text, 4096, "mount -t tmpfs -o size=24m tmpfs %s 2>/dev/null", mnt);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    system(text) != 0)
		return 77;
	if (store_init(dir, "") < 0)
		return 1;
	st = opened(dir, STORE_WRITE);
	for (i = 0; rc == 0; i++) {
		rc = put(st, i, 10000);
		if (rc == 0 && i % 100 == 99) {
			rc = store_commit(st);
			n = rc == 0 ? i + 1 : n;
		}
	}
	if (rc != ERR_NOSPACE)
		return 2;
	store_close(st);
	fd = open(below(mnt, "rest"), O_WRONLY | O_CREAT, 0600);
	while (write(fd, dir, 100) == 100)
		;
	close(fd);
	st = opened(dir, STORE_WRITE);
	if (store_gc_begin(&gc, st) < 0)
		return 3;
	for (i = 0; i < n; i++) {
		blk(i, 10000, &cid);
		if (i % 3 && store_gc_mark(gc, &cid) != 1)
			return 4;
	}
	if (store_gc_sweep(gc, &s) < 0)
		return 5;
	unlink(below(mnt, "rest"));	/* a little room, far less than what lives */
	fd = open(below(mnt, "rest"), O_WRONLY | O_CREAT, 0600);
	if (ftruncate(fd, 0) < 0)
		return 6;
	if (store_gc_compact(gc, 50, &freed) < 0 || freed < 4000000)
		return 7;
	store_gc_end(gc);
	for (i = 0; i < n; i++)
		bad += i % 3 ? got(st, i, 10000) != 1 : has(st, i, 10000) != 0;
	for (i = 0; i < 300; i++)	/* and it can be filled again */
		bad += put(st, 100000 + i, 10000) != 0;
	bad += store_commit(st) != 0;
	store_close(st);
	rc = checked(dir, 0, &h);
	if (rc)
		printf("# %s\n", h.text.data ? (char *)h.text.data : err_text());
	fflush(stdout);
	return bad || rc ? 8 : 0;
}

static void a_full_disk_gives_back_what_is_dead(void)
{
	char *mnt = below(unit_tmpdir(), "mnt");
	int rc;

	CHECK(mkdir(mnt, 0755) == 0);
	rc = geteuid() == 0 ? in_child(squeezed, mnt) : 77;
	if (rc == 77)
		printf("# may not mount here: skipped\n");
	else
		CHECK(rc == 0);
	if (rc && rc != 77)
		printf("# it ended with %d\n", rc);
}

int main(void)
{
	RUN(space_comes_back);
	RUN(readers_find_what_moved);
	RUN(a_busy_segment_is_tried_again);
	RUN(reading_while_it_runs);
	RUN(only_what_is_dead_enough);
	RUN(segments_being_written_are_left);
	RUN(remnants_are_removed);
	RUN(damaged_living_records_keep_their_segment);
	RUN(full_disk);
	RUN(a_full_disk_gives_back_what_is_dead);
	return UNIT_END();
}
