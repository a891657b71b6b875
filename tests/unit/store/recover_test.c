/* recover_test.c - commits that did not wait for the disk */
#include "store/store_priv.h"
#include "storetest.h"

static uint64_t owing(const char *dir)
{
	struct store *st = opened(dir, STORE_READ);
	struct stats s = { 0 };

	CHECK(store_read_stats(st, &s) == 0);
	store_close(st);
	return s.n_unsynced;
}

static void unsynced(const char *dir, uint64_t from, uint64_t n)
{
	struct store *st = opened(dir, STORE_WRITE | STORE_UNSYNCED);
	uint64_t i;

	for (i = from; i < from + n; i++)
		CHECK(put(st, i, 1000) == 0);
	CHECK(store_commit(st) == 0);
	store_close(st);
}

static void a_later_commit_pays(void)
{
	char *dir = fresh("store.segment = 64KiB\n");
	struct store *st;

	unsynced(dir, 0, 200);
	CHECK(owing(dir) >= 3);
	st = opened(dir, STORE_WRITE);
	CHECK(put(st, 5, 1000) == 0);		/* present, and now promised */
	CHECK(store_commit(st) == 0);
	store_close(st);
	CHECK(owing(dir) == 0);
	unsynced(dir, 300, 10);
	CHECK(owing(dir) == 1);
	st = opened(dir, STORE_WRITE);
	CHECK(store_commit(st) == 0);		/* even one with nothing in it */
	store_close(st);
	CHECK(owing(dir) == 0);
	NO_FAULTS(dir);
}

static int other_boot(struct wtx *w, void *arg)
{
	MDB_val k = { 4, (void *)(uintptr_t)"boot" }, v = { 6, (void *)(uintptr_t)"before" };

	(void)arg;
	return mdb_put(w->txn, index_dbi(w->ix, DB_STATE), &k, &v, 0) ? -1 : 0;
}

/* as if the machine had gone down since the last unsynced commit */
static void reboot(const char *dir)
{
	struct store *st = opened(dir, STORE_WRITE);

	CHECK(index_write(st->ix, INDEX_LIGHT, other_boot, NULL) == 0);
	store_close(st);
}

static void all_survived(void)
{
	char *dir = fresh("");
	struct store *st;
	uint64_t i;

	unsynced(dir, 0, 100);
	reboot(dir);
	st = opened(dir, STORE_WRITE);
	for (i = 0; i < 100; i++)
		CHECK(got(st, i, 1000) == 1);
	store_close(st);
	CHECK(owing(dir) == 0);
	NO_FAULTS(dir);
}

/* it may go while nothing runs */
static void without_a_board(void)
{
	char *dir = fresh("");
	struct store *st;

	unsynced(dir, 0, 10);
	reboot(dir);
	CHECK(remove_tree(AT_FDCWD, below(dir, "board")) == 0);
	CHECK(store_open(&st, dir, STORE_WRITE) == 0 && got(st, 9, 1000) == 1);
	store_close(st);
	CHECK(owing(dir) == 0);
	NO_FAULTS(dir);
}

static void some_did_not(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	uint64_t i;
	int fd;

	for (i = 0; i < 50; i++)
		CHECK(put(st, i, 1000) == 0);
	CHECK(store_commit(st) == 0);
	store_close(st);
	unsynced(dir, 50, 50);
	reboot(dir);
	fd = open(below(dir, "seg/00000001.seg"), O_RDWR);
	CHECK(ftruncate(fd, 32 + 1058 * 80 + 500) == 0);
	CHECK(ftruncate(fd, 32 + 1058 * 100) == 0);	/* zeros */
	CHECK(pwrite(fd, "??", 2, 32 + 1058 * 60 + 700) == 2);
	close(fd);
	st = opened(dir, STORE_WRITE);
	for (i = 0; i < 100; i++)
		if (i < 80 && i != 60)
			CHECK(got(st, i, 1000) == 1);
		else
			CHECK(has(st, i, 1000) == 0);
	/* so that whoever puts them again writes them again */
	for (i = 0; i < 100; i++)
		CHECK(put(st, i, 1000) == 0);
	CHECK(store_commit(st) == 0);
	for (i = 0; i < 100; i++)
		CHECK(got(st, i, 1000) == 1);
	store_close(st);
	CHECK(owing(dir) == 0);
}

static void a_segment_that_was_never_there(void)
{
	char *dir = fresh("");
	struct store *st;

	unsynced(dir, 0, 20);
	reboot(dir);
	CHECK(unlink(below(dir, "seg/00000001.seg")) == 0);
	st = opened(dir, STORE_WRITE);
	CHECK(has(st, 3, 1000) == 0);
	CHECK(put(st, 3, 1000) == 0 && store_commit(st) == 0 && got(st, 3, 1000) == 1);
	store_close(st);
	CHECK(owing(dir) == 0);
	NO_FAULTS(dir);
	unsynced(dir, 50, 20);			/* and one whose header did not reach the disk */
	reboot(dir);
	st = opened(dir, STORE_WRITE);
	store_close(st);
	NO_FAULTS(dir);
}

static int recovering(const char *dir)
{
	struct store *st = opened(dir, STORE_WRITE);
	uint64_t i, bad = 0;

	for (i = 0; i < 300; i++)
		bad += put(st, i, 1000) != 0;
	bad += store_commit(st) != 0;
	for (i = 0; i < 300; i++)
		bad += got(st, i, 1000) != 1;
	store_close(st);
	return bad != 0;
}

static void many_recover_at_once(void)
{
	char *dir = fresh("store.segment = 64KiB\n");
	pid_t pids[4];
	int k, status;

	unsynced(dir, 0, 300);
	reboot(dir);
	CHECK(truncate(below(dir, "seg/00000002.seg"), 1000) == 0);
	CHECK(truncate(below(dir, "seg/00000004.seg"), 20000) == 0);
	fflush(stdout);
	for (k = 0; k < 4; k++)
		if ((pids[k] = fork()) == 0)
			_exit(recovering(dir));
	for (k = 0; k < 4; k++)
		CHECK(waitpid(pids[k], &status, 0) == pids[k] && status == 0);
	CHECK(owing(dir) == 0);
	NO_FAULTS(dir);
}

int main(void)
{
	RUN(a_later_commit_pays);
	RUN(all_survived);
	RUN(without_a_board);
	RUN(some_did_not);
	RUN(a_segment_that_was_never_there);
	RUN(many_recover_at_once);
	return UNIT_END();
}
