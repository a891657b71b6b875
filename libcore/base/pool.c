/* pool.c - a few threads that run jobs */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/pool.h"

enum { JOB_QUEUED = 1, JOB_RUNNING, JOB_DONE };

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	struct pool_job *head, **tail;
	pthread_t *ids;
	int n, quit;
};

static struct pool_job *take(struct pool *p)
{
	struct pool_job *j = p->head;

	if (!j)
		return NULL;
	p->head = j->next;
	if (!p->head)
		p->tail = &p->head;
	j->state = JOB_RUNNING;
	return j;
}

/* with the lock held on entry and on return */
static void run_one(struct pool *p, struct pool_job *j)
{
	pthread_mutex_unlock(&p->lock);
	j->run(j);
	pthread_mutex_lock(&p->lock);
	j->state = JOB_DONE;
	pthread_cond_broadcast(&p->done);
}

static void *loop(void *arg)
{
	struct pool *p = arg;
	struct pool_job *j;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!(j = take(p)) && !p->quit)
			pthread_cond_wait(&p->work, &p->lock);
		if (!j)
			break;
		run_one(p, j);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static int processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) < 0)
		return 1;
	return CPU_COUNT(&set) < 64 ? CPU_COUNT(&set) : 64;
}

int pool_new(struct pool **pool, int threads)
{
	struct pool *p = calloc(1, sizeof *p);
	pthread_attr_t attr;
	sigset_t all, old;

	if (threads <= 0)
		threads = processors();
	if (!p || !(p->ids = calloc((size_t)threads, sizeof *p->ids))) {
		free(p);
		return err_nomem();
	}
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->done, NULL);
	p->tail = &p->head;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	sigfillset(&all);			/* signals are for the main thread */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (p->n < threads && pthread_create(&p->ids[p->n], &attr, loop, p) == 0)
		p->n++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	*pool = p;
	return 0;
}

void pool_free(struct pool *p)
{
	int i;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->quit = 1;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (i = 0; i < p->n; i++)
		pthread_join(p->ids[i], NULL);
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->done);
	pthread_mutex_destroy(&p->lock);
	free(p->ids);
	free(p);
}

int pool_threads(const struct pool *p)
{
	return p->n ? p->n : 1;
}

void pool_submit(struct pool *p, struct pool_job *j)
{
	if (p->n == 0) {
		j->run(j);
		j->state = JOB_DONE;
		return;
	}
	j->next = NULL;
	j->state = JOB_QUEUED;
	pthread_mutex_lock(&p->lock);
	*p->tail = j;
	p->tail = &j->next;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
}

void pool_wait(struct pool *p, struct pool_job *j)
{
	struct pool_job *other;

	if (p->n == 0)
		return;
	pthread_mutex_lock(&p->lock);
	while (j->state != JOB_DONE) {
		other = take(p);
		if (other)
			run_one(p, other);
		else
			pthread_cond_wait(&p->done, &p->lock);
	}
	pthread_mutex_unlock(&p->lock);
}
