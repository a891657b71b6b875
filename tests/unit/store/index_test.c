/* index_test.c - the index under growth, crowds and short memory */
#include <pthread.h>

#include "storetest.h"

/* the map begins with 16 MiB of room: 300,000 blocks outgrow it */
static void the_map_grows(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE | STORE_UNSYNCED), *old = opened(dir, STORE_READ);
	struct store_stat s;
	uint64_t i, bad = 0;

	CHECK(has(old, 1, 16) == 0);
	for (i = 0; i < 300000; i++)
		bad += put(st, i, 16) != 0;
	CHECK(bad == 0 && store_commit(st) == 0);
	CHECK(file_size(below(dir, "index/data.mdb")) > 20 << 20);
	for (i = 0; i < 300000; i += 997)	/* one that mapped it while it was small */
		bad += got(old, i, 16) != 1;
	CHECK(bad == 0);
	CHECK(store_stat(old, &s) == 0 && s.n_blocks == 300000);
	store_close(old);
	store_close(st);
}

static int grower(const char *dir)
{
	struct store *st = opened(dir, STORE_WRITE | STORE_UNSYNCED);
	uint64_t i;

	for (i = 0; i < 250000; i++)
		if (put(st, i, 16) != 0)
			return 1;
	i = store_commit(st) != 0;
	store_close(st);
	return (int)i;
}

static void another_process_grows_it(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE), *r = opened(dir, STORE_READ);

	CHECK(put(st, 1000000, 16) == 0 && store_commit(st) == 0);
	CHECK(in_child(grower, dir) == 0);
	CHECK(got(r, 249999, 16) == 1);
	CHECK(put(st, 1000001, 16) == 0 && store_commit(st) == 0);	/* follows the map */
	CHECK(got(r, 1000001, 16) == 1 && got(st, 7, 16) == 1);
	store_close(st);
	store_close(r);
}

/* the first handle decides: one that shall only read keeps its process from writing, and follows what others write */
static void one_that_only_reads(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE), *r = opened(dir, STORE_READ_ONLY), *w;

	CHECK(put(st, 1000000, 16) == 0 && store_commit(st) == 0 && got(r, 1000000, 16) == 1);
	store_close(st);
	store_close(r);
	r = opened(dir, STORE_READ_ONLY);
	CHECK(got(r, 1000000, 16) == 1);
	CHECK_ERR(store_open(&w, dir, STORE_WRITE), ERR_DENIED);
	CHECK(w == NULL);
	st = opened(dir, STORE_READ);
	CHECK(got(st, 1000000, 16) == 1);
	store_close(st);
	CHECK(in_child(grower, dir) == 0);
	CHECK(got(r, 249999, 16) == 1 && got(r, 7, 16) == 1);
	store_close(r);
	st = opened(dir, STORE_WRITE);
	CHECK(put(st, 1000001, 16) == 0 && store_commit(st) == 0);
	store_close(st);
}

struct walk {
	struct store *st;
	uint64_t n, next;
};

static int grow_meanwhile(void *arg, const struct store_entry *e)
{
	struct walk *w = arg;
	int i;

	(void)e;
	w->n++;
	if (w->n % 1000 == 0 && w->next < 1300000)
		for (i = 0; i < 10000; i++)
			if (put(w->st, w->next++, 16) != 0)
				return -1;
	return 0;
}

/* a walk's own callbacks may put so much that the map has to grow under it */
static void growth_under_a_walk(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE | STORE_UNSYNCED);
	struct walk w = { st, 0, 1000000 };
	int i;

	for (i = 0; i < 30000; i++)
		CHECK(put(st, (uint64_t)i, 16) == 0);
	CHECK(store_commit(st) == 0);
	CHECK(store_each(st, grow_meanwhile, &w) == 0);
	CHECK(w.n >= 30000);
	CHECK(store_commit(st) == 0 && got(st, w.next - 1, 16) == 1);
	store_close(st);
}

struct job {
	const char *dir;
	int bad;
	uint64_t base;
};

static void *thread(void *arg)
{
	struct job *j = arg;
	struct store *st = opened(j->dir, STORE_WRITE | STORE_UNSYNCED);
	uint64_t i;

	for (i = 0; i < 40000; i++) {
		j->bad += put(st, j->base + i, 16) != 0;
		if (i % 5000 == 0)
			j->bad += store_commit(st) != 0;
		if (i % 100 == 0)
			j->bad += got(st, j->base + i / 2, 16) != 1;
	}
	j->bad += store_commit(st) != 0;
	store_close(st);
	return NULL;
}

static void threads_with_handles_of_their_own(void)
{
	char *dir = fresh("");
	struct job jobs[4];
	pthread_t t[4];
	struct store *st;
	struct store_stat s;
	uint64_t i;

	for (i = 0; i < 4; i++) {
		jobs[i] = (struct job){ dir, 0, i * 1000000 };
		CHECK(pthread_create(&t[i], NULL, thread, &jobs[i]) == 0);
	}
	for (i = 0; i < 4; i++) {
		CHECK(pthread_join(t[i], NULL) == 0);
		CHECK(jobs[i].bad == 0);
	}
	st = opened(dir, STORE_READ);
	CHECK(store_stat(st, &s) == 0 && s.n_blocks == 160000);
	store_close(st);
}

#ifndef __SANITIZE_ADDRESS__
static int thrifty(const char *dir)
{
	struct rlimit all, small;
	struct store *st;
	uint64_t i;
	int rc = 0;

	st = opened(dir, STORE_WRITE | STORE_UNSYNCED);
	getrlimit(RLIMIT_AS, &all);
	small = all;
	{
		struct buf b = BUF_INIT(4096);
		unsigned long pages = 0;
		int fd = open("/proc/self/statm", O_RDONLY);

		if (buf_reserve(&b, 1000) < 0 || read(fd, b.data, 1000) <= 0)
			return 9;
		close(fd);
		pages = strtoul((char *)b.data, NULL, 10);
		small.rlim_cur = pages * 4096 + (24 << 20);	/* bytes more than now */
		buf_clear(&b);
	}
	if (setrlimit(RLIMIT_AS, &small) < 0)
		return 8;
	for (i = 0; i < 600000 && rc == 0; i++)
		rc = put(st, i, 16);
	if (rc == 0)
		rc = store_commit(st);
	if (rc != ERR_NOMEM) {
		printf("# %d %s\n", rc, err_text());
		fflush(stdout);
		return 1;
	}
	setrlimit(RLIMIT_AS, &all);
	store_rollback(st);		/* and with memory it goes on */
	for (i = 0, rc = 0; i < 1000 && rc == 0; i++)
		rc = put(st, 5000000 + i, 16);
	if (rc < 0 || store_commit(st) < 0)
		return 2;
	rc = got(st, 5000999, 16);
	store_close(st);
	return rc == 1 ? 0 : 3;
}
#endif

/* more readers than there are places in the index, all of them killed */
static void readers_that_were_killed(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	int i, status, bad = 0;
	pid_t pid;

	CHECK(put(st, 1, 16) == 0 && store_commit(st) == 0);
	store_close(st);
	fflush(stdout);
	for (i = 0; i < 1100 && !bad; i++) {
		pid = fork();
		if (pid == 0) {
			st = opened(dir, STORE_READ);
			_exit(!st || got(st, 1, 16) != 1);	/* without closing it */
		}
		bad = pid < 0 || waitpid(pid, &status, 0) != pid || status != 0;
	}
	CHECK(!bad);
}

static void no_room_to_map_is_an_error(void)
{
#if defined(__SANITIZE_ADDRESS__)
	printf("# the sanitizer maps everything: skipped\n");
#else
	char *dir = fresh("");

	CHECK(in_child(thrifty, dir) == 0);
	NO_FAULTS(dir);
#endif
}

int main(void)
{
	RUN(the_map_grows);
	RUN(another_process_grows_it);
	RUN(one_that_only_reads);
	RUN(growth_under_a_walk);
	RUN(threads_with_handles_of_their_own);
	RUN(readers_that_were_killed);
	RUN(no_room_to_map_is_an_error);
	return UNIT_END();
}
