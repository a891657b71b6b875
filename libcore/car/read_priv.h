/*
 * read_priv.h - inside the reader: who fills slabs, who hashes them, who hands sections out.
 * A slab is a run of whole sections.  One thread fills slabs, a pool hashes the blocks in them, and
 * car_in_next walks through them in order; so reading, unpacking, hashing and what the caller does go
 * on at once, and memory is N_SLABS times the largest section or SLAB.
 */
#ifndef CAR_READ_PRIV_H
#define CAR_READ_PRIV_H

#include <pthread.h>

#include "base/pool.h"
#include "car_priv.h"

enum {
	N_SLABS = 4,
	SLAB = 1024 * 1024,		/* bytes; more only for a larger section */
	JOBS = 8,			/* in which the blocks of a slab are hashed */
	JOB_MIN = 64 * 1024		/* bytes worth waking a thread for */
};

struct slab;

/* Sections [from, to) of a slab; `bad` is where the first one begins that is wrong. */
struct slab_job {
	struct pool_job job;		/* first */
	struct slab *slab;
	size_t from, to, bad;
};

struct slab {
	uint8_t *data;
	size_t cap, have;		/* bytes read */
	size_t end;			/* of the whole sections, from 0; behind it stands a part of the next */
	uint64_t off;			/* of data[0] in the inner CARv1 */
	int last;			/* nothing comes after it */
	int rc;				/* why, if not because the archive is at its end, … */
	char text[512];			/* … and what is to be said about it */
	int cut;			/* … because there is too little of it */
	struct slab_job job[JOBS];
	int n_jobs;			/* 0: nobody hashes this one, car_in_next does */
};

struct car_in {
	struct input in;
	const char *what;
	int flags, version;
	struct car_head head;
	struct car_v2 v2;		/* of a CARv2 */
	uint64_t base;			/* of the inner CARv1 in the unpacked file */
	uint64_t left;			/* of the payload, not read yet; UINT64_MAX: to the end of the file */
	struct pool *pool;		/* NULL: car_in_next hashes */
	struct slab slab[N_SLABS];
	/* the thread that fills */
	int threaded, stop[2];
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	unsigned filled, freed;		/* slabs so far; under the lock when there is a thread */
	int quit;
	/* where car_in_next is */
	struct slab *now;
	size_t pos;
	int at_job, done;		/* done: 1 at the end, or the error */
	int cut;
};

/* car_at - where in the file the error is that was set; returns rc. */
int car_at(const struct car_in *c, int rc, uint64_t off);

/* fill.c: slab_fill - the next slab, which follows `before` (NULL: it is the first).  What goes wrong is
 * left in the slab.  slab_hash - have the pool hash it. */
void slab_fill(struct car_in *c, struct slab *s, const struct slab *before);
void slab_hash(struct car_in *c, struct slab *s);

/* slab_section - the section at `at`, without a look at its block: its length with varint, or an error. */
int slab_section(const struct slab *s, size_t at, struct cid *cid, struct span *data);

#endif
