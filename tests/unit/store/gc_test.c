/* gc_test.c - marks, sweeps, leases and announced roots */
#include <poll.h>

#include "storetest.h"
#include "store/store_priv.h"

struct notes {
	int asked, changes, remarked, protected, settled, n;
	struct store_gc *gc;
	struct cid root;
	uint64_t bytes;
};

static int roots_changed(void *arg)
{
	struct notes *n = arg;

	n->asked++;
	return n->changes-- > 0;
}

static int remark(void *arg)
{
	struct notes *n = arg;
	struct cid cid;

	n->remarked++;
	blk(3, 100, &cid);		/* a pin that came meanwhile */
	return store_gc_mark(n->gc, &cid) < 0 ? -1 : 0;
}

static int protect_root(void *arg, const struct cid *root)
{
	struct notes *n = arg;

	n->protected++;
	n->root = *root;
	return store_gc_mark(n->gc, root);
}

static int deleted(void *arg, struct span mh, uint64_t len)
{
	struct notes *n = arg;

	n->n += mh.len == 34;
	n->bytes += len;
	return 0;
}

static void settled(void *arg)
{
	struct notes *n = arg;

	n->settled++;
}

static struct store *filled(const char *dir, uint64_t n)
{
	struct store *st = opened(dir, STORE_WRITE);
	uint64_t i;

	for (i = 0; i < n; i++)
		CHECK(put(st, i, 100) == 0);
	CHECK(store_commit(st) == 0);
	store_close(st);		/* its lease ends */
	return opened(dir, STORE_WRITE);
}

static struct store_sweep sweep(struct notes *n)
{
	return (struct store_sweep){ .want_bytes = UINT64_MAX, .roots_changed = roots_changed,
		.remark = remark, .protect_root = protect_root, .deleted = deleted,
		.settled = settled, .arg = n };
}

static void marked_stay(void)
{
	char *dir = fresh("");
	struct store *st = filled(dir, 5000), *other;
	struct notes n = { 0 };
	struct store_sweep s = sweep(&n);
	struct store_gc *gc, *gc2;
	struct store_stat stat;
	uint64_t before, after, i, bad = 0;
	const char *cache, *served;
	struct cid cid;

	other = opened(dir, STORE_WRITE);
	NEED(store_gc_begin(&gc, st) == 0);
	CHECK_ERR(store_gc_begin(&gc2, other), ERR_BUSY);
	n.gc = gc;
	for (i = 0; i < 5000; i += 2) {
		blk(i, 100, &cid);
		bad += store_gc_mark(gc, &cid) != 1;
		bad += store_gc_mark(gc, &cid) != 0;
		bad += store_gc_marked(gc, &cid) != 1;
	}
	CHECK(bad == 0);
	blk(1, 100, &cid);
	CHECK(store_gc_marked(gc, &cid) == 0);
	blk(77777, 100, &cid);
	CHECK_ERR(store_gc_mark(gc, &cid), ERR_NOTFOUND);
	CHECK(store_sweeps(st, &before) == 0);
	cache = store_cachedir(st);
	served = store_tmp_cachedir(st);
	NEED(cache && access(cache, W_OK | X_OK) == 0 && served && mkdir(served, 0700) == 0);
	s.dry_run = 1;
	CHECK(store_gc_sweep(gc, &s) == 0 && s.n_deleted == 2500 && s.bytes_deleted == 250000);
	CHECK(n.n == 2500 && has(st, 1, 100) == 1);
	CHECK(access(cache, F_OK) == 0 && access(served, F_OK) == 0);
	CHECK(store_sweeps(st, &after) == 0 && after == before);
	s.dry_run = 0;
	n.n = 0;
	CHECK(store_gc_sweep(gc, &s) == 0 && s.n_deleted == 2500 && s.bytes_deleted == 250000);
	CHECK(n.n == 2500 && n.asked == n.settled && n.asked == 2);
	CHECK(access(cache, F_OK) < 0 && access(served, F_OK) < 0 && access(store_tmpdir(st), F_OK) == 0);
	CHECK(store_sweeps(st, &after) == 0 && after == before + 2);	/* transactions */
	store_gc_end(gc);
	store_gc_end(NULL);
	for (i = 0; i < 5000; i++)
		bad += i % 2 ? has(st, i, 100) != 0 : got(st, i, 100) != 1;
	CHECK(bad == 0);
	CHECK(store_stat(st, &stat) == 0 && stat.n_blocks == 2500 &&
	      stat.dead_bytes == 2500 * 158);
	NEED(store_gc_begin(&gc2, other) == 0);
	store_gc_end(gc2);
	store_close(other);
	store_close(st);
	NO_FAULTS(dir);
}

static void younger_than_the_collection_stay(void)
{
	char *dir = fresh("");
	struct store *st = filled(dir, 10), *w;
	struct notes n = { 0 };
	struct store_sweep s = sweep(&n);
	struct store_gc *gc;

	NEED(store_gc_begin(&gc, st) == 0);
	w = opened(dir, STORE_WRITE);
	CHECK(put(w, 50, 100) == 0 && store_commit(w) == 0);
	store_close(w);
	CHECK(store_gc_sweep(gc, &s) == 0 && s.n_deleted == 10);
	store_gc_end(gc);
	CHECK(got(st, 50, 100) == 1);
	store_close(st);
}

static void changed_roots_are_marked_first(void)
{
	char *dir = fresh("");
	struct store *st = filled(dir, 10);
	struct notes n = { .changes = 2 };
	struct store_sweep s = sweep(&n);
	struct store_gc *gc;

	NEED(store_gc_begin(&gc, st) == 0);
	n.gc = gc;
	CHECK(store_gc_sweep(gc, &s) == 0 && s.n_deleted == 9);
	CHECK(n.remarked == 2 && n.asked == 3 && n.settled == 3);
	store_gc_end(gc);
	CHECK(got(st, 3, 100) == 1 && has(st, 4, 100) == 0);
	store_close(st);
}

static void announced_roots_are_handed_out(void)
{
	char *dir = fresh("");
	struct store *st = filled(dir, 10), *w = opened(dir, STORE_WRITE);
	struct notes n = { 0 };
	struct store_sweep s = sweep(&n);
	struct store_gc *gc;
	struct cid cid;

	blk(7, 100, &cid);
	CHECK(store_protect(w, &cid) == 0);
	NEED(store_gc_begin(&gc, st) == 0);
	n.gc = gc;
	CHECK(store_gc_sweep(gc, &s) == 0 && s.n_deleted == 9);
	CHECK(n.protected == 1 && cid_equal(&n.root, &cid));
	store_gc_end(gc);
	CHECK(got(st, 7, 100) == 1);
	CHECK(store_protect(w, NULL) == 0);
	NEED(store_gc_begin(&gc, st) == 0);
	CHECK(store_gc_sweep(gc, &s) == 0 && s.n_deleted == 1 && n.protected == 1);
	store_gc_end(gc);
	store_close(w);
	store_close(st);
}

static int hold[2], tell[2];

/* take a lease and hold it until told to go on; then commit what was relied upon */
static int leaseholder(const char *dir)
{
	struct store *st = opened(dir, STORE_WRITE);
	char c = 'x';
	uint64_t i;

	for (i = 0; i < 5; i++)
		if (put(st, i, 100) != 0)
			return 1;
	if (put(st, 100, 100) != 0 || store_commit(st) != 0 || put(st, 5, 100) != 0)
		return 2;
	if (write(tell[1], &c, 1) != 1 || read(hold[0], &c, 1) != 1)
		return 3;
	if (store_commit(st) != 0)
		return 4;
	for (i = 0; i < 6; i++)
		if (got(st, i, 100) != 1)
			return 5;
	if (c == 'k')
		kill(getpid(), SIGKILL);
	store_close(st);
	return 0;
}

static uint64_t sweep_now(struct store *st)
{
	struct notes n = { 0 };
	struct store_sweep s = sweep(&n);
	struct store_gc *gc;

	if (store_gc_begin(&gc, st) < 0 || store_gc_sweep(gc, &s) < 0)
		abort();
	store_gc_end(gc);
	return s.n_deleted;
}

static void leases_of_other_processes(void)
{
	char *dir = fresh("");
	struct store *st = filled(dir, 10);
	int round, status;
	char c;
	pid_t pid;

	for (round = 0; round < 2; round++) {
		CHECK(pipe(hold) == 0 && pipe(tell) == 0);
		fflush(stdout);
		pid = fork();
		if (pid == 0)
			_exit(leaseholder(dir));
		CHECK(read(tell[0], &c, 1) == 1);
		/* 0 to 4 were bumped and 100 is new; 5 is relied upon: it goes, and comes back */
		CHECK(sweep_now(st) == (round ? 1 : 5));
		CHECK(has(st, 0, 100) == 1 && has(st, 100, 100) == 1 && has(st, 5, 100) == 0);
		c = round ? 'k' : 'g';
		CHECK(write(hold[1], &c, 1) == 1);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(round ? WIFSIGNALED(status) : status == 0);
		CHECK(got(st, 5, 100) == 1);
		close(hold[0]), close(hold[1]), close(tell[0]), close(tell[1]);
	}
	CHECK(sweep_now(st) == 7);	/* the dead protect nothing */
	store_close(st);
	NO_FAULTS(dir);
}

static void oldest_first(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	struct notes n = { 0 };
	struct store_sweep s = sweep(&n);
	struct store_gc *gc;
	uint64_t i, left = 0;

	for (i = 0; i < 100; i++)	/* each in a transaction of its own */
		CHECK(put(st, i, 1000) == 0 && store_commit(st) == 0);
	store_close(st);
	st = opened(dir, STORE_WRITE);
	NEED(store_gc_begin(&gc, st) == 0);
	n.gc = gc;
	s.want_bytes = 30500;
	s.dry_run = 1;
	CHECK(store_gc_sweep(gc, &s) == 0 && s.bytes_deleted == 31000);
	s.dry_run = 0;
	CHECK(store_gc_sweep(gc, &s) == 0 && s.bytes_deleted == 31000 && s.n_deleted == 31);
	for (i = 0; i < 100; i++) {
		CHECK(has(st, i, 1000) == (i >= 31));
		left += has(st, i, 1000) == 1;
	}
	CHECK(left == 69);
	s.want_bytes = 1000000;		/* more than there is */
	CHECK(store_gc_sweep(gc, &s) == 0 && s.n_deleted == 69);
	s.want_bytes = 0;
	CHECK(store_gc_sweep(gc, &s) == 0 && s.n_deleted == 0);
	store_gc_end(gc);
	store_close(st);
	NO_FAULTS(dir);
}

enum { WRITERS = 4, WRITES_MIN = 6, COLLECTIONS_MIN = 3 };

/* the other side of the pipe is closed, or gone with its process */
static int closed(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) == 1;
}

/*
 * Writers put blocks of their own and blocks all share, and find all of them as long as they hold
 * their handle, whatever a collector with no marks at all does meanwhile.  They go on until it has
 * collected often enough, however slow it is.
 */
static int busy_writer(const char *dir, int enough)
{
	uint64_t base = (uint64_t)getpid() << 24, i, bad = 0, round;

	for (round = 0; !bad && (round < WRITES_MIN || !closed(enough)); round++) {
		struct store *st = opened(dir, STORE_WRITE | STORE_UNSYNCED);

		for (i = 0; i < 300; i++) {
			bad += put(st, base + round * 1000 + i, 400) != 0;
			bad += put(st, i, 400) != 0;
			if (i % 50 == 49)
				bad += store_commit(st) != 0;
		}
		bad += store_commit(st) != 0;
		for (i = 0; i < 300; i++) {
			bad += got(st, base + round * 1000 + i, 400) != 1;
			bad += got(st, i, 400) != 1;
		}
		store_close(st);
		if (bad) {
			printf("# writer: %s\n", err_text());
			fflush(stdout);
		}
	}
	return bad != 0;
}

static void collecting_among_writers(void)
{
	char *dir = fresh("store.segment = 1MiB\n");
	struct store *st = opened(dir, STORE_WRITE);
	struct store_sweep s = { .want_bytes = UINT64_MAX };
	struct store_gc *gc;
	pid_t pids[WRITERS];
	int k, status, left = WRITERS, rc, rounds = 0, enough[2];
	uint64_t freed;

	NEED(pipe(enough) == 0);
	fflush(stdout);
	for (k = 0; k < WRITERS; k++)
		if ((pids[k] = fork()) == 0) {
			close(enough[1]);
			_exit(busy_writer(dir, enough[0]));
		}
	while (left) {
		NEED(store_gc_begin(&gc, st) == 0);
		CHECK(store_gc_sweep(gc, &s) == 0);
		CHECK(store_gc_compact(gc, 20, &freed) == 0);
		store_gc_end(gc);
		/* what is swept is what they left behind: they are at work */
		if (s.n_deleted > 0 && ++rounds == COLLECTIONS_MIN)
			close(enough[1]);
		for (k = 0; k < WRITERS; k++)
			if (pids[k] && waitpid(pids[k], &status, WNOHANG) == pids[k]) {
				CHECK(status == 0);
				pids[k] = 0;
				left--;
			}
	}
	CHECK(rounds >= COLLECTIONS_MIN);
	close(enough[0]);
	NO_FAULTS(dir);
	rc = (int)sweep_now(st);
	CHECK(rc >= 0);
	NEED(store_gc_begin(&gc, st) == 0);
	CHECK(store_gc_compact(gc, 1, &freed) == 0);
	store_gc_end(gc);
	CHECK(store_each(st, NULL, NULL) == 0);	/* nothing is left to call it for */
	store_close(st);
	NO_FAULTS(dir);
}

/* While somebody commits, LMDB tells of a transaction before readers see it: no collection begins with such a one, or it
 * would mark blocks where they were before it, and think them old. */
static void it_begins_with_what_readers_see(void)
{
	char *dir = fresh("");
	struct store *st;
	struct store_gc *gc;
	uint64_t seen = 0, i;
	int ahead = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		st = opened(dir, STORE_WRITE);
		for (i = 0; i < 100000; i++)
			if (put(st, i, 50) < 0 || store_commit(st) < 0)
				_exit(1);
		_exit(0);
	}
	st = opened(dir, STORE_WRITE);
	for (i = 0; i < 150 || (seen <= 10 && i < 100000); i++) {
		NEED(store_gc_begin(&gc, st) == 0);
		CHECK(store_seen_txn(st, &seen) == 0);
		ahead += gc->start > seen;
		store_gc_end(gc);
	}
	CHECK(ahead == 0 && seen > 10);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	store_close(st);
	NO_FAULTS(dir);
}

int main(void)
{
	RUN(marked_stay);
	RUN(younger_than_the_collection_stay);
	RUN(changed_roots_are_marked_first);
	RUN(announced_roots_are_handed_out);
	RUN(leases_of_other_processes);
	RUN(oldest_first);
	RUN(collecting_among_writers);
	RUN(it_begins_with_what_readers_see);
	return UNIT_END();
}
