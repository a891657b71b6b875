/* group_test.c - small commits that share a transaction, and who dies in the middle of it */
#include <sys/file.h>

#include "storetest.h"
#include "store/store_priv.h"

enum { CROWD = 8, ROWS_LEN = 64 * 32, FIRST = 4096, SLOT = 64 << 10, LARGE_LEN = 40000 };

/* ---- a crowd of writers that commit at a word ---- */

struct one {
	pid_t pid;
	int go;
};
static struct one crowd[CROWD];
static char *store;

enum how { NEW, RELIED, UNSYNCED, LARGE };

/* block i, and 1000 if it is to be relied upon, with a row of a table; a large one comes with a segment of its own */
static int commit_one(int i, enum how how)
{
	struct store *st = opened(store, STORE_WRITE | (how == UNSYNCED ? STORE_UNSYNCED : 0));
	char key[16];
	int rc = put(st, (uint64_t)i, how == LARGE ? LARGE_LEN : 100);

	snprintf(key, sizeof key, "key %d", i);
	if (rc == 0 && how == RELIED)
		rc = put(st, 1000, 100);
	if (rc == 0)
		rc = store_table_put(st, STORE_ADDED, span_str(key), span_str("value"));
	if (rc == 0)
		rc = store_commit(st);
	if (rc < 0)
		printf("# writer %d: %s\n", i, err_text());
	fflush(stdout);
	store_close(st);
	return rc < 0;
}

static void gather_crowd(int n, enum how how)
{
	int i, p[2];
	char c;

	fflush(stdout);
	for (i = 0; i < n; i++) {
		if (pipe(p) < 0)
			abort();
		crowd[i].pid = fork();
		if (crowd[i].pid == 0)
			_exit(read(p[0], &c, 1) != 1 || commit_one(i, how));
		close(p[0]);
		crowd[i].go = p[1];
	}
}

static void say_go(int from, int to)
{
	for (; from < to; from++)
		if (write(crowd[from].go, "x", 1) != 1)
			abort();
}

/* the exit status of one, 128 + signal if it was killed */
static int left(int i)
{
	int status;

	close(crowd[i].go);
	if (waitpid(crowd[i].pid, &status, 0) < 0)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int n_offers(void)
{
	uint8_t rows[ROWS_LEN] = { 0 };
	uint64_t seq;
	int fd = open(below(store, "board/commits"), O_RDONLY), i, n = 0;

	if (fd >= 0 && pread(fd, rows, sizeof rows, 0) < 0)
		abort();
	if (fd >= 0)
		close(fd);
	for (i = 0; i < ROWS_LEN; i += 32) {
		memcpy(&seq, rows + i, sizeof seq);
		n += seq != 0;
	}
	return n;
}

static int wait_for_offers(int n)
{
	struct timespec nap = { .tv_nsec = 1000000 };
	int tries;

	for (tries = 0; tries < 20000 && n_offers() != n; tries++)
		nanosleep(&nap, NULL);
	return n_offers() == n;
}

/* ---- turns of the test's own ---- */

struct act {
	struct store *st;
	int from, n, all;		/* who may go; how many offers to wait for, if not for theirs; -1: none */
	int kill_from, kill_to;		/* those who die while they wait */
	int lead, die;			/* do what they want; and die before the commit */
	int mute;			/* do not tell them */
	int drop;			/* delete block 1000 */
	int led;
};

static int act(struct wtx *w, void *arg)
{
	struct act *a = arg;
	struct entry e;
	struct cid cid;
	int rc = 0;

	if (a->drop) {
		blk(1000, 100, &cid);
		rc = wtx_get(w, cid_mh(&cid), &e);
		rc = rc == 1 ? wtx_del(w, cid_mh(&cid), &e) : ERR_NOTFOUND;
	}
	if (rc == 0 && a->st->w.fd >= 0)
		rc = writer_row(a->st, w, 0, !(a->st->flags & STORE_UNSYNCED));
	if (rc == 0 && a->st->flags & STORE_UNSYNCED)
		rc = boot_note(w);
	if (rc == 0)
		rc = a->led = group_lead(a->st, w, 1000);
	if (a->die)
		kill(getpid(), SIGKILL);
	return rc < 0 ? rc : 0;
}

static int lead(struct act *a)
{
	struct store *st = a->st;
	int rc;

	if (st->w.fd < 0 && writer_room(st, 1) < 0)
		return -1;
	if (group_gather(st) > 0 && (st->flags & STORE_UNSYNCED ? writer_flush(st) : writer_sync(st)) < 0)
		return -1;
	rc = index_write(st->ix, INDEX_SYNC, act, a);
	writer_settle(st, rc);
	if (rc == 0 && !a->mute)
		group_tell(st);
	return rc;
}

static int acts(struct store *st, struct act a, int *led)
{
	int i, rc = 0;

	a.st = st;
	st->group.slot = -1;
	if (flock(st->group.fd, LOCK_EX) < 0)
		return -1;
	say_go(a.from, a.n);
	if (a.all >= 0 && !wait_for_offers(a.all ? a.all : a.n))
		rc = err_set(ERR_BUSY, "%d offers", n_offers());
	for (i = a.kill_from; i < a.kill_to; i++) {
		kill(crowd[i].pid, SIGKILL);
		if (left(i) != 128 + SIGKILL)
			rc = err_set(ERR_BUSY, "it did not die");
	}
	if (rc == 0 && a.lead)
		rc = lead(&a);
	group_leave(st);
	if (led)
		*led = a.led;
	return rc;
}

/* the store as it was begun: open, and with its file of requests open */
static struct store *begun(const char *config)
{
	struct store *st;

	store = fresh(config);
	st = opened(store, STORE_WRITE);
	if (put(st, 999, 100) < 0 || store_commit(st) < 0)
		abort();
	return st;
}

static int n_rows(struct store *st)
{
	uint64_t n = 0;

	return store_table_count(st, STORE_ADDED, &n) < 0 ? -1 : (int)n;
}

static uint64_t blocks(struct store *st)
{
	struct stats s = { 0 };

	return store_read_stats(st, &s) < 0 ? UINT64_MAX : s.n_blocks;
}

/* ---- tests ---- */

static void those_who_wait_share_one_transaction(void)
{
	struct store *st = begun("");
	struct stats s;
	uint64_t before;
	int i;

	gather_crowd(CROWD, NEW);
	CHECK(acts(st, (struct act){ .n = CROWD }, NULL) == 0);
	before = index_last_txn(st->ix);
	for (i = 0; i < CROWD; i++)
		CHECK(left(i) == 0);
	CHECK(index_last_txn(st->ix) == before + 1);
	for (i = 0; i < CROWD; i++)
		CHECK(got(st, (uint64_t)i, 100) == 1);
	CHECK(blocks(st) == CROWD + 1 && n_rows(st) == CROWD && n_offers() == 0);
	CHECK(store_read_stats(st, &s) == 0 && s.n_segs == 2);	/* that of block 999, and of who had the turn */
	store_close(st);
	NO_FAULTS(store);
}

static int many_commits(int who)
{
	struct store *st = opened(store, STORE_WRITE);
	int i, bad = 0;

	for (i = 0; i < 100 && !bad; i++) {
		bad |= put(st, (uint64_t)(who * 1000 + i), 60 + (size_t)i) != 0;
		bad |= put(st, (uint64_t)(100000 + i), 100) != 0;	/* all the same */
		bad |= store_commit(st) != 0;
		bad |= got(st, (uint64_t)(who * 1000 + i), 60 + (size_t)i) != 1;
		if (i % 10 == 9) {
			store_rest(st);
			bad |= store_wake(st) != 0;
		}
	}
	if (bad)
		printf("# %d, commit %d: %s\n", who, i, err_text());
	fflush(stdout);
	store_close(st);
	return bad;
}

static void a_crowd_commits_what_it_likes(void)
{
	struct store *st = begun("store.segment = 64KiB\n");
	struct stats s;
	int i, k, lost = 0;

	fflush(stdout);
	for (i = 0; i < CROWD; i++) {
		crowd[i].go = open("/dev/null", O_RDONLY);
		crowd[i].pid = fork();
		if (crowd[i].pid == 0)
			_exit(many_commits(i));
	}
	for (i = 0; i < CROWD; i++)
		CHECK(left(i) == 0);
	for (i = 0; i < CROWD; i++)
		for (k = 0; k < 100; k++)
			lost += got(st, (uint64_t)(i * 1000 + k), 60 + (size_t)k) != 1;
	CHECK(lost == 0);
	CHECK(store_read_stats(st, &s) == 0 && s.n_blocks == CROWD * 100 + 100 + 1);
	store_close(st);
	NO_FAULTS(store);
}

static int lead_and_die(const char *dir)
{
	struct store *st = opened(dir, STORE_WRITE);

	if (put(st, 998, 100) < 0 || store_commit(st) < 0)
		return 1;
	acts(st, (struct act){ .n = 3, .lead = 1, .die = 1 }, NULL);
	return 2;
}

/* nothing of what it did was committed: the next does it */
static void a_leader_dies_before_its_commit(void)
{
	struct store *st = begun("");
	int i;

	gather_crowd(3, NEW);
	CHECK(in_child(lead_and_die, store) == 128 + SIGKILL);
	for (i = 0; i < 3; i++)
		CHECK(left(i) == 0);
	CHECK(blocks(st) == 5 && n_rows(st) == 3 && n_offers() == 0);
	store_close(st);
	NO_FAULTS(store);
}

static int lead_then_die(const char *dir)
{
	struct store *st = opened(dir, STORE_WRITE);
	int led = 0;

	if (put(st, 998, 100) < 0 || store_commit(st) < 0)
		return 1;
	if (acts(st, (struct act){ .n = 3, .lead = 1, .mute = 1 }, &led) != 0 || led != 3)
		return 2;
	kill(getpid(), SIGKILL);
	return 3;
}

/* its transaction says what was done, though it cannot any more */
static void a_leader_dies_behind_its_commit(void)
{
	struct store *st = begun("");
	uint64_t before = index_last_txn(st->ix);
	int i;

	gather_crowd(3, NEW);
	CHECK(in_child(lead_then_die, store) == 128 + SIGKILL);
	for (i = 0; i < 3; i++)
		CHECK(left(i) == 0);
	CHECK(index_last_txn(st->ix) == before + 2);	/* that of block 998, and of them all */
	CHECK(blocks(st) == 5 && n_rows(st) == 3 && n_offers() == 0);
	store_close(st);
	NO_FAULTS(store);
}

static void nobody_is_done_twice(void)
{
	struct store *st = begun("");
	int led = 0;

	gather_crowd(3, NEW);
	CHECK(acts(st, (struct act){ .n = 3, .kill_to = 3, .lead = 1, .mute = 1 }, &led) == 0 && led == 3);
	CHECK(n_offers() == 3);		/* nobody was there to take them back */
	CHECK(acts(st, (struct act){ .from = 3, .n = 3, .lead = 1 }, &led) == 0 && led == 0);
	CHECK(blocks(st) == 4 && n_rows(st) == 3);
	store_close(st);
	CHECK(n_offers() == 3);
	NO_FAULTS(store);
	st = opened(store, STORE_WRITE);	/* who is alone begins anew */
	CHECK(put(st, 50, 100) == 0 && store_commit(st) == 0 && n_offers() == 0);
	store_close(st);
	NO_FAULTS(store);
}

/* A request of before, and somebody who was about to clear it and died: who waited for that does it. */
static void who_begins_anew_dies(void)
{
	struct flock both = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = GROUP_END, .l_len = 2 };
	uint8_t row[32] = { 1, 2, 3 };
	struct timespec nap = { .tv_nsec = 50000000 };
	int fd;

	store = fresh("");
	CHECK(mkdir(below(store, "board"), 0755) == 0 || errno == EEXIST);
	fd = open(below(store, "board/commits"), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	CHECK(pwrite(fd, row, sizeof row, 40 * sizeof row) == sizeof row && n_offers() == 1);
	CHECK(fcntl(fd, F_OFD_SETLK, &both) == 0);
	fflush(stdout);
	crowd[0].go = open("/dev/null", O_RDONLY);
	crowd[0].pid = fork();
	if (crowd[0].pid == 0) {
		close(fd);
		_exit(commit_one(0, NEW));
	}
	nanosleep(&nap, NULL);
	CHECK(waitpid(crowd[0].pid, NULL, WNOHANG) == 0);	/* it waits */
	close(fd);
	CHECK(left(0) == 0 && n_offers() == 0);
	NO_FAULTS(store);
}

/* nobody heard that it was done: it may be, or not; here there is somebody who does it */
static void a_follower_dies(void)
{
	struct store *st = begun(""), *heir;
	int led = 0, i;

	gather_crowd(4, NEW);
	CHECK(acts(st, (struct act){ .n = 4, .kill_from = 2, .kill_to = 4 }, NULL) == 0);
	CHECK(left(0) == 0 && left(1) == 0);
	CHECK(got(st, 0, 100) == 1 && got(st, 1, 100) == 1);
	for (i = 0; i < 3; i++) {
		heir = opened(store, STORE_WRITE);
		CHECK(put(heir, (uint64_t)(20 + i), 100) == 0);
		CHECK(store_commit(heir) == 0);
		CHECK(i < 2 || adopt_all(heir) == 0);
		store_close(heir);
	}
	CHECK(acts(st, (struct act){ .all = -1, .lead = 1 }, &led) == 0 && led == 0);
	CHECK(got(st, 2, 100) == 1 && got(st, 3, 100) == 1);
	CHECK(blocks(st) == 8);
	store_close(st);
	NO_FAULTS(store);
}

/* what it wanted is void before the tail of its segment is looked at, and stays so */
static void a_dead_followers_segment_is_adopted(void)
{
	struct store *st = begun(""), *heir;
	struct seg_row row = { 0 };
	int led = 0;

	gather_crowd(1, LARGE);
	CHECK(acts(st, (struct act){ .n = 1, .kill_to = 1 }, NULL) == 0);
	CHECK(n_offers() == 1 && blocks(st) == 1);
	/* the record loses a byte on the disk: it cannot be taken in, and is cut */
	CHECK(truncate(below(store, "seg/00000002.seg"), 32 + 58 + LARGE_LEN - 1) == 0);
	heir = opened(store, STORE_WRITE);
	CHECK(put(heir, 30, 200) == 0 && writer_land(heir) == 0);
	CHECK(heir->w.id == 2 && n_offers() == 0);
	CHECK(acts(st, (struct act){ .n = 0, .lead = 1 }, &led) == 0 && led == 0);
	CHECK(store_commit(heir) == 0);
	CHECK(has(st, 0, 100) == 0 && got(st, 30, 200) == 1 && n_rows(st) == 0);
	CHECK(store_read_row(st, 2, &row) == 1 && row.len == 32 + 258 && row.n_live == 1);
	store_close(heir);
	store_close(st);
	NO_FAULTS(store);
}

/* the segment that a slot's request speaks of; 0: there is none */
static uint32_t offered_seg(int slot)
{
	uint32_t row[8] = { 0 };
	int fd = open(below(store, "board/commits"), O_RDONLY);

	if (fd < 0 || pread(fd, row, sizeof row, slot * (off_t)sizeof row) < 0)
		abort();
	close(fd);
	return row[0] || row[1] ? row[2] : 0;
}

/* who has the slot of one who died does not write over what stands there, but takes it back in its turn */
static void a_dead_ones_slot(void)
{
	struct timespec moment = { .tv_nsec = 50000000 };
	struct store *st = begun("");
	int fd, led = -1;

	gather_crowd(1, LARGE);
	CHECK(acts(st, (struct act){ .n = 1, .kill_to = 1 }, NULL) == 0);
	CHECK(offered_seg(1) == 2);
	fd = open(below(store, "seg/00000002.seg"), O_RDONLY);
	CHECK(flock(fd, LOCK_EX | LOCK_NB) == 0);
	gather_crowd(1, RELIED);
	CHECK(flock(st->group.fd, LOCK_EX) == 0);
	say_go(0, 1);
	nanosleep(&moment, NULL);
	CHECK(waitpid(crowd[0].pid, NULL, WNOHANG) == 0);	/* it waits, and has said nothing */
	CHECK(n_offers() == 1 && offered_seg(1) == 2);
	group_leave(st);
	CHECK(left(0) == 0 && n_offers() == 0);
	CHECK(got(st, 0, 100) == 1 && got(st, 1000, 100) == 1);
	CHECK(acts(st, (struct act){ .all = -1, .lead = 1 }, &led) == 0 && led == 0);
	CHECK(has(st, 0, LARGE_LEN) == 0 && blocks(st) == 3);
	close(fd);
	store_close(st);
	NO_FAULTS(store);
}

/* a request that was done and could not be taken back says nothing of the next batch, small or large */
static void a_request_that_stands(void)
{
	struct store *st = begun(""), *heir;
	int led = 0, round, i, n, lost = 0;

	for (round = 0; round < 2; round++) {
		gather_crowd(1, NEW);
		CHECK(acts(st, (struct act){ .n = 1, .kill_to = 1, .lead = 1, .mute = 1 }, &led) == 0 && led == 1);
		CHECK(n_offers() == 1);
		heir = opened(store, STORE_WRITE);
		n = round ? 300 : 1;
		for (i = 0; i < n; i++)
			CHECK(put(heir, (uint64_t)(2000 + 1000 * round + i), 100) == 0);
		CHECK(heir->lease_slot == 1 && store_commit(heir) == 0 && n_offers() == round);
		for (i = 0; i < n; i++)
			lost += got(st, (uint64_t)(2000 + 1000 * round + i), 100) != 1;
		CHECK(lost == 0);
		store_close(heir);
	}
	CHECK(acts(st, (struct act){ .all = -1, .lead = 1 }, &led) == 0 && led == 0);
	CHECK(blocks(st) == 1 + 1 + 1 + 300);
	store_close(st);
	NO_FAULTS(store);
}

/* some bring a segment of their own, which is synced before they ask */
static void large_ones_come_with_their_segments(void)
{
	struct store *st = begun("");
	struct stats s;
	uint64_t before;
	int led = 0, i;

	gather_crowd(3, LARGE);
	before = index_last_txn(st->ix);
	CHECK(acts(st, (struct act){ .n = 3, .lead = 1 }, &led) == 0 && led == 3);
	for (i = 0; i < 3; i++)
		CHECK(left(i) == 0 && got(st, (uint64_t)i, LARGE_LEN) == 1);
	CHECK(index_last_txn(st->ix) == before + 1 && n_offers() == 0);
	CHECK(store_read_stats(st, &s) == 0 && s.n_segs == 4 && s.n_blocks == 4);
	store_close(st);
	NO_FAULTS(store);
}

static void what_is_relied_upon_is_swept_meanwhile(void)
{
	struct store *st = begun("");
	int led = -1, i;

	CHECK(put(st, 1000, 100) == 0 && store_commit(st) == 0);
	gather_crowd(3, RELIED);
	store_rest(st);			/* it relies on nothing, and its segment is free */
	CHECK(store_wake(st) == 0);
	CHECK(acts(st, (struct act){ .n = 3, .drop = 1, .lead = 1 }, &led) == 0);
	CHECK(led == 0);		/* each has to write the block again */
	for (i = 0; i < 3; i++)
		CHECK(left(i) == 0);
	CHECK(got(st, 1000, 100) == 1 && got(st, 0, 100) == 1 && got(st, 2, 100) == 1);
	CHECK(blocks(st) == 5 && n_rows(st) == 3);
	store_close(st);
	NO_FAULTS(store);
}

static void what_is_relied_upon_is_bumped_by_others(void)
{
	struct store *st = begun("");
	struct entry was, is;
	struct cid cid;
	int led = -1, i;

	CHECK(put(st, 1000, 100) == 0 && store_commit(st) == 0);
	blk(1000, 100, &cid);
	CHECK(store_lookup(st, cid_mh(&cid), &was) == 1);
	CHECK(put(st, 1001, 100) == 0 && store_commit(st) == 0);
	gather_crowd(3, RELIED);
	CHECK(acts(st, (struct act){ .n = 3, .lead = 1 }, &led) == 0 && led == 3);
	for (i = 0; i < 3; i++)
		CHECK(left(i) == 0);
	CHECK(store_lookup(st, cid_mh(&cid), &is) == 1 && is.epoch == index_last_txn(st->ix));
	CHECK(is.epoch > was.epoch && is.seg == was.seg && is.off == was.off);
	store_close(st);
	NO_FAULTS(store);
}

/* who does not wait for the disk may be done by who does, and not the other way round */
static void some_do_not_wait_for_the_disk(void)
{
	struct store *st = begun(""), *hasty = opened(store, STORE_WRITE | STORE_UNSYNCED);
	struct stats s;
	int led = -1, i;

	CHECK(put(hasty, 900, 100) == 0 && store_commit(hasty) == 0);
	CHECK(put(st, 901, 100) == 0 && store_commit(st) == 0);
	CHECK(store_read_stats(st, &s) == 0 && s.n_unsynced == 0);
	gather_crowd(3, UNSYNCED);
	CHECK(acts(st, (struct act){ .n = 3, .lead = 1 }, &led) == 0 && led == 3);
	for (i = 0; i < 3; i++)
		CHECK(left(i) == 0);
	CHECK(store_read_stats(st, &s) == 0 && s.n_unsynced == 0 && s.n_blocks == 6);	/* they are in its segment */
	CHECK(put(st, 902, 100) == 0 && store_commit(st) == 0);	
	CHECK(store_read_stats(st, &s) == 0 && s.n_unsynced == 0);

	gather_crowd(3, UNSYNCED);			/* dup: they rely on what is there */
	CHECK(acts(hasty, (struct act){ .n = 3, .lead = 1 }, &led) == 0 && led == 3);
	for (i = 0; i < 3; i++)
		CHECK(left(i) == 0);
	gather_crowd(3, RELIED);
	CHECK(acts(hasty, (struct act){ .n = 3, .lead = 1 }, &led) == 0 && led == 0);
	for (i = 0; i < 3; i++)
		CHECK(left(i) == 0);
	CHECK(got(st, 1000, 100) == 1 && got(st, 2, 100) == 1);
	store_close(hasty);
	store_close(st);
	NO_FAULTS(store);
}

static void without_a_slot_one_commits_alone(void)
{
	static struct store *st[66];
	size_t i, shared = 0;

	store = fresh("");
	for (i = 0; i < 66; i++) {
		st[i] = opened(store, STORE_WRITE);
		CHECK(put(st[i], i, 100) == 0 && st[i]->lease_slot == (int)i);
	}
	for (i = 0; i < 66; i++) {
		CHECK(store_commit(st[i]) == 0);
		shared += st[i]->group.fd >= 0 && st[i]->group.slot == (int)i;
	}
	CHECK(shared == 64 && n_offers() == 0);
	for (i = 0; i < 66; i++)
		store_close(st[i]);
	NO_FAULTS(store);
}

/* what is not whole, and what is whole and makes no sense */
static void garbage_is_nobodys_request(void)
{
	struct store *st = begun("");
	uint8_t *bytes = unit_kept(FIRST + 64 * SLOT);
	int led = -1, fd, round, i;
	uint64_t x = 88172645463325252u;

	gather_crowd(1, RELIED);
	fd = open(below(store, "board/commits"), O_RDWR);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < FIRST + 64 * SLOT; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			bytes[i] = (uint8_t)(x >> 24);
		}
		CHECK(pwrite(fd, bytes, FIRST + 64 * SLOT, 0) == FIRST + 64 * SLOT);
		CHECK(acts(st, (struct act){ .lead = 1, .all = 64 }, &led) == 0 && led == 0);
		CHECK(put(st, (uint64_t)(100 + round), 100) == 0 && store_commit(st) == 0);
	}
	CHECK(ftruncate(fd, 100) == 0);
	CHECK(put(st, 200, 100) == 0 && store_commit(st) == 0);
	close(fd);
	say_go(0, 1);
	CHECK(left(0) == 0 && got(st, 0, 100) == 1);
	CHECK(blocks(st) == 24 && n_rows(st) == 1);
	store_close(st);
	NO_FAULTS(store);
}

/* where the file cannot be had, and on a full disk, everything is as without it */
static void the_file_cannot_be_had(void)
{
	struct heard h = HEARD_INIT;
	struct store *st;
	int i;

	store = fresh("");
	CHECK(mkdir(below(store, "board/commits"), 0755) == 0);
	gather_crowd(3, NEW);
	say_go(0, 3);
	for (i = 0; i < 3; i++)
		CHECK(left(i) == 0);
	st = opened(store, STORE_WRITE);
	CHECK(blocks(st) == 3 && n_rows(st) == 3);
	store_close(st);
	CHECK(checked(store, 0, &h) == 1 && checked(store, 1, &h) == 0);
	CHECK(strstr((char *)h.text.data, "1 file 'board/commits' is damaged"));
	buf_clear(&h.text);
	NO_FAULTS(store);
	st = opened(store, STORE_WRITE);
	CHECK(put(st, 9, 100) == 0 && store_commit(st) == 0 && st->group.fd >= 0);
	store_close(st);
}

/* how many of its commits were good */
static int count_commits(int who)
{
	struct store *st = opened(store, STORE_WRITE);
	int i, n = 0;

	for (i = 0; i < 40; i++) {
		if (put(st, (uint64_t)(5000 + who * 100 + i), 64) == 0 && store_commit(st) == 0)
			n++;
		else
			store_rollback(st);
	}
	store_close(st);
	return n;
}

/* No room for what all want together: each tries alone and hears how that ended.  Half of them have room. */
static void there_is_no_room(void)
{
	struct store *st = begun("");
	struct rlimit small = { .rlim_max = RLIM_INFINITY };
	int i, n, all = 0, tight = 0;

	signal(SIGXFSZ, SIG_IGN);
	small.rlim_cur = (rlim_t)file_size(below(store, "index/data.mdb")) + 8192;
	fflush(stdout);
	for (i = 0; i < CROWD; i++) {
		crowd[i].go = open("/dev/null", O_RDONLY);
		crowd[i].pid = fork();
		if (crowd[i].pid == 0) {
			if (i % 2)
				setrlimit(RLIMIT_FSIZE, &small);
			_exit(count_commits(i));
		}
	}
	for (i = 0; i < CROWD; i++) {
		n = left(i);
		CHECK(i % 2 || n == 40);
		all += n;
		tight += i % 2 ? n : 0;
	}
	CHECK(tight < CROWD / 2 * 40 && blocks(st) == (uint64_t)all + 1);
	printf("# %d commits of those without room were done\n", tight);
	CHECK(put(st, 77, 100) == 0 && store_commit(st) == 0);
	store_close(st);
	NO_FAULTS(store);
}

int main(void)
{
	RUN(those_who_wait_share_one_transaction);
	RUN(a_crowd_commits_what_it_likes);
	RUN(a_leader_dies_before_its_commit);
	RUN(a_leader_dies_behind_its_commit);
	RUN(nobody_is_done_twice);
	RUN(who_begins_anew_dies);
	RUN(a_follower_dies);
	RUN(a_dead_followers_segment_is_adopted);
	RUN(a_dead_ones_slot);
	RUN(a_request_that_stands);
	RUN(large_ones_come_with_their_segments);
	RUN(what_is_relied_upon_is_swept_meanwhile);
	RUN(what_is_relied_upon_is_bumped_by_others);
	RUN(some_do_not_wait_for_the_disk);
	RUN(without_a_slot_one_commits_alone);
	RUN(garbage_is_nobodys_request);
	RUN(the_file_cannot_be_had);
	RUN(there_is_no_room);
	return UNIT_END();
}
