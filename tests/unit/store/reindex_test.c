/* reindex_test.c - the index from the segments alone */
#include <time.h>

#include "storetest.h"

static char *filled(const char *config, uint64_t n, size_t len)
{
	char *dir = fresh(config);
	struct store *st = opened(dir, STORE_WRITE);
	uint64_t i;

	for (i = 0; i < n; i++)
		CHECK(put(st, i, len) == 0);
	CHECK(store_commit(st) == 0);
	store_close(st);
	return dir;
}

static void drop_index(const char *dir)
{
	CHECK(unlink(below(dir, "index/data.mdb")) == 0);
	CHECK(unlink(below(dir, "index/lock.mdb")) == 0);
	CHECK(rmdir(below(dir, "index")) == 0);
}

static uint64_t present(const char *dir, uint64_t n, size_t len)
{
	struct store *st = opened(dir, STORE_READ);
	uint64_t i, all = 0;

	for (i = 0; i < n; i++)
		all += got(st, i, len) == 1;
	store_close(st);
	return all;
}

static void everything_comes_back(void)
{
	char *dir = filled("store.segment = 1MiB\n", 3000, 1000);
	struct store_report r = { 0 };
	struct store *st;
	struct store_stat s;
	struct cid cid;

	drop_index(dir);
	CHECK_ERR(store_open(&st, dir, STORE_READ), ERR_CORRUPT);
	CHECK(strstr(err_text(), "ipfrs-reindex"));
	CHECK(store_reindex(dir, &r) == 0);
	CHECK(r.n_records == 3000 && r.n_blocks == 3000 && r.n_bad_records == 0);
	CHECK(present(dir, 3000, 1000) == 3000);
	st = opened(dir, STORE_WRITE);
	CHECK(store_stat(st, &s) == 0 && s.n_blocks == 3000 && s.raw_bytes == 3000000);
	CHECK(put(st, 5000, 10) == 0 && store_commit(st) == 0);
	blk(7, 1000, &cid);
	CHECK(store_delete(st, &cid) == 0 && store_commit(st) == 0);
	store_close(st);
	CHECK(store_reindex(dir, &r) == 0 && r.n_blocks == 3001);	/* over a good one too */
	NO_FAULTS(dir);
}

static void writing_makes_a_missing_index(void)
{
	char *dir = filled("", 100, 100);
	struct store *st;

	drop_index(dir);
	NEED(store_open(&st, dir, STORE_WRITE) == 0);
	CHECK(got(st, 42, 100) == 1);
	CHECK(put(st, 200, 100) == 0 && store_commit(st) == 0);
	store_close(st);
	CHECK(truncate(below(dir, "index/data.mdb"), 4096) == 0);
	CHECK_ERR(store_open(&st, dir, STORE_READ), ERR_CORRUPT);
	NEED(store_open(&st, dir, STORE_WRITE) == 0);
	CHECK(got(st, 200, 100) == 1);
	store_close(st);
	CHECK(truncate(below(dir, "index/data.mdb"), 0) == 0);
	NEED(store_open(&st, dir, STORE_WRITE) == 0);
	CHECK(got(st, 200, 100) == 1);
	store_close(st);
	NO_FAULTS(dir);
}

static void writers_hold_it_off(void)
{
	char *dir = filled("", 10, 100);
	struct store_report r = { 0 };
	struct store *st = opened(dir, STORE_WRITE), *reader;

	CHECK_ERR(store_reindex(dir, &r), ERR_BUSY);
	store_close(st);
	reader = opened(dir, STORE_READ);	/* readers do not, and follow */
	CHECK(store_reindex(dir, &r) == 0);
	st = opened(dir, STORE_WRITE);
	CHECK(put(st, 77, 100) == 0 && store_commit(st) == 0);
	CHECK(got(reader, 77, 100) == 1 && got(reader, 3, 100) == 1);
	store_close(st);
	store_close(reader);
	CHECK_ERR(store_reindex(below(dir, "none"), &r), ERR_NOTFOUND);
}

static void damage_is_passed_over(void)
{
	char *dir = filled("", 100, 1000);
	struct heard h = HEARD_INIT;
	struct store_report r = { .say = hear, .arg = &h };
	int fd = open(below(dir, "seg/00000001.seg"), O_RDWR);

	CHECK(pwrite(fd, "xxxx", 4, 32 + 1058 * 10) == 4);	/* a header */
	CHECK(pwrite(fd, "xxxx", 4, 32 + 1058 * 20 + 500) == 4);	/* bytes */
	CHECK(ftruncate(fd, 32 + 1058 * 100 - 1) == 0);		/* the end */
	close(fd);
	CHECK(store_reindex(dir, &r) == 0);
	CHECK(r.n_blocks == 97 && r.n_bad_records == 2 && r.bytes_bad == 2 * 1058);
	CHECK(h.n == 2);
	CHECK(present(dir, 100, 1000) == 97);
	buf_clear(&h.text);
}

static void a_torn_tail_is_written_over(void)
{
	char *dir = filled("", 10, 1000);
	struct store_report r = { 0 };
	struct store *st;
	int fd = open(below(dir, "seg/00000001.seg"), O_WRONLY | O_APPEND);

	CHECK(write(fd, "half a record", 13) == 13);
	close(fd);
	drop_index(dir);
	CHECK(store_reindex(dir, &r) == 0 && r.n_blocks == 10 && r.n_bad_records == 0);
	st = opened(dir, STORE_WRITE);
	CHECK(put(st, 10, 1000) == 0 && store_commit(st) == 0);
	store_close(st);
	CHECK(file_size(below(dir, "seg/00000001.seg")) == 32 + 11 * 1058);
	CHECK(present(dir, 11, 1000) == 11);
	NO_FAULTS(dir);
}

static void the_youngest_copy_wins(void)
{
	char *dir = filled("", 10, 1000);
	struct store_report r = { 0 };
	struct store *st = opened(dir, STORE_WRITE);
	struct store_stat s;
	struct cid cid;

	blk(3, 1000, &cid);
	CHECK(store_delete(st, &cid) == 0 && store_commit(st) == 0);
	CHECK(put(st, 3, 1000) == 0 && store_commit(st) == 0);
	store_close(st);
	CHECK(store_reindex(dir, &r) == 0 && r.n_records == 11 && r.n_blocks == 10);
	st = opened(dir, STORE_READ);
	CHECK(store_stat(st, &s) == 0 && s.n_blocks == 10 && s.dead_bytes == 1058);
	store_close(st);
	CHECK(present(dir, 10, 1000) == 10);
}

static int killed(const char *dir)
{
	struct store_report r = { 0 };

	alarm(0);
	return store_reindex(dir, &r) == 0 ? 0 : 1;
}

static void killed_at_any_moment(void)
{
	char *dir = filled("", 3000, 100);
	int i, status;

	for (i = 0; i < 40; i++) {
		pid_t pid;
		struct timespec nap = { 0, i * 400000 };

		fflush(stdout);
		pid = fork();
		if (pid == 0)
			_exit(killed(dir));
		nanosleep(&nap, NULL);
		kill(pid, SIGKILL);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(present(dir, 3000, 100) == 3000);
	}
	NO_FAULTS(dir);
}

static void more_than_memory_sorts(void)
{
	char *dir = filled("", 200000, 20);
	struct store_report r = { 0 };

	drop_index(dir);
	CHECK(store_reindex(dir, &r) == 0 && r.n_blocks == 200000);
	CHECK(present(dir, 200000, 20) == 200000);
	NO_FAULTS(dir);
}

int main(void)
{
	RUN(everything_comes_back);
	RUN(writing_makes_a_missing_index);
	RUN(writers_hold_it_off);
	RUN(damage_is_passed_over);
	RUN(a_torn_tail_is_written_over);
	RUN(the_youngest_copy_wins);
	RUN(killed_at_any_moment);
	RUN(more_than_memory_sorts);
	return UNIT_END();
}
