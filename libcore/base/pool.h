/*
 * pool.h - a few threads that run jobs, for work that is only arithmetic.
 * A job must not use the store (a store belongs to one thread) and leaves no err message.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

struct pool;

struct pool_job {
	void (*run)(struct pool_job *job);
	struct pool_job *next;	/* the pool's */
	int state;		/* the pool's */
};

/* pool_new - `threads` 0: one for each processor this process may use.  Where a thread cannot
 * be made the pool has fewer; with none, pool_submit runs the job at once.  0 or ERR_NOMEM. */
int pool_new(struct pool **pool, int threads);
void pool_free(struct pool *pool);		/* waits for what was submitted; accepts NULL */

int pool_threads(const struct pool *pool);

/* pool_submit - the job and what it points to stay the caller's and must live until waited. */
void pool_submit(struct pool *pool, struct pool_job *job);
void pool_wait(struct pool *pool, struct pool_job *job);	/* runs other jobs meanwhile */

#endif
