/* pool_test.c - a few threads that run jobs */
#include <stdatomic.h>

#include "base/pool.h"
#include "tests/unit/unit.h"

struct add {
	struct pool_job job;	/* first */
	atomic_int *sum;
	struct pool *pool;	/* not NULL: wait for an inner job, too */
	int n;
};

static void run_add(struct pool_job *job)
{
	struct add *a = (struct add *)job;

	if (a->pool) {
		struct add inner = { { .run = run_add }, a->sum, NULL, 1000 };

		pool_submit(a->pool, &inner.job);
		pool_wait(a->pool, &inner.job);
	}
	atomic_fetch_add(a->sum, a->n);
}

static void many_jobs(int threads)
{
	static struct add jobs[1000];
	atomic_int sum = 0;
	struct pool *p;
	int i;

	NEED(pool_new(&p, threads) == 0);
	CHECK(pool_threads(p) >= 1 && (threads == 0 || pool_threads(p) <= threads));
	for (i = 0; i < 1000; i++) {
		jobs[i] = (struct add){ { .run = run_add }, &sum, NULL, i };
		pool_submit(p, &jobs[i].job);
	}
	for (i = 999; i >= 0; i--)
		pool_wait(p, &jobs[i].job);
	CHECK(sum == 999 * 1000 / 2);
	pool_wait(p, &jobs[0].job);		/* again: at once */
	for (i = 0; i < 10; i++)		/* the same jobs a second time */
		pool_submit(p, &jobs[i].job);
	pool_free(p);				/* waits for them */
	CHECK(sum == 999 * 1000 / 2 + 45);
}

static void one(void) { many_jobs(1); }
static void four(void) { many_jobs(4); }
static void as_many_as_processors(void) { many_jobs(0); }

/* with every thread inside a job that waits for another, the waiters run what is queued */
static void jobs_in_jobs(void)
{
	struct add jobs[8];
	atomic_int sum = 0;
	struct pool *p;
	int i;

	NEED(pool_new(&p, 2) == 0);
	for (i = 0; i < 8; i++) {
		jobs[i] = (struct add){ { .run = run_add }, &sum, p, 1 };
		pool_submit(p, &jobs[i].job);
	}
	for (i = 0; i < 8; i++)
		pool_wait(p, &jobs[i].job);
	CHECK(sum == 8 * 1001);
	pool_free(p);
	pool_free(NULL);
}

int main(void)
{
	RUN(one);
	RUN(four);
	RUN(as_many_as_processors);
	RUN(jobs_in_jobs);
	return UNIT_END();
}
