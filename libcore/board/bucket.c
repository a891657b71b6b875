/*
 * bucket.c - token buckets in a shared table of sets.
 * A bucket is one word that says when it will be full again, so that taking from it is one compare-and-swap
 * (the leaky bucket as a meter, or GCRA: ITU-T I.371 annex A).
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "base/err.h"
#include "board/board.h"
#include "map.h"

enum { BUCKETS_MAGIC = 0x31426269, WAYS = 8, SETS = BOARD_BUCKETS_MAX / WAYS };

struct bucket {
	_Atomic uint64_t who;		/* hash of the client; 0: free */
	_Atomic int64_t full;		/* nanoseconds of CLOCK_BOOTTIME */
};

struct table {
	_Atomic uint32_t magic;
	uint32_t pad;
	struct bucket set[SETS][WAYS];
};

struct board_buckets { struct table *t; };

int board_buckets_open(struct board_buckets **out, const char *path)
{
	struct board_buckets *b = calloc(1, sizeof *b);
	void *map = NULL;
	int rc = b ? map_shared(path, sizeof *b->t, BUCKETS_MAGIC, &map, NULL) : err_nomem();

	*out = NULL;
	if (rc < 0) {
		free(b);
		return rc;
	}
	b->t = map;
	*out = b;
	return 0;
}

void board_buckets_close(struct board_buckets *b)
{
	if (b)
		munmap(b->t, sizeof *b->t);
	free(b);
}

/* the client's bucket, or the one of its set that is full for the longest time */
static struct bucket *bucket_of(struct board_buckets *b, uint64_t who)
{
	struct bucket *set = b->t->set[who % SETS], *old;
	int64_t full;
	uint64_t was;
	int i, tries;

	for (tries = 0; tries < WAYS; tries++) {
		old = set;
		for (i = 0; i < WAYS; i++) {
			if (atomic_load(&set[i].who) == who)
				return &set[i];
			if (atomic_load(&set[i].who) == 0 ||
			    (atomic_load(&old->who) != 0 && atomic_load(&set[i].full) < atomic_load(&old->full)))
				old = &set[i];
		}
		was = atomic_load(&old->who);
		full = atomic_load(&old->full);
		if (atomic_compare_exchange_strong(&old->who, &was, who)) {
			/* one that others of this client took from already is left as it is */
			atomic_compare_exchange_strong(&old->full, &full, 0);
			return old;
		}
	}
	return old;
}

int board_take(struct board_buckets *b, const void *client, size_t len, double burst, double per_second,
	       unsigned *left, unsigned *wait_s)
{
	int64_t cost = (int64_t)(1e9 / per_second), room = (int64_t)(burst * 1e9 / per_second), now, seen, full, then;
	struct timespec ts;
	struct bucket *k;

	*left = (unsigned)burst;
	*wait_s = 0;
	if (!b)
		return 1;
	clock_gettime(CLOCK_BOOTTIME, &ts);
	now = ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
	k = bucket_of(b, map_hash(client, len, 0));
	seen = atomic_load(&k->full);
	do {
		/* one that lies further ahead than a bucket is deep is from before a reboot, or a lie */
		full = seen < now ? now : seen > now + room ? now + room : seen;
		then = full + cost;
		if (then - now > room) {
			*left = 0;
			*wait_s = (unsigned)((then - now - room + 999999999) / 1000000000);
			return 0;
		}
	} while (!atomic_compare_exchange_weak(&k->full, &seen, then));
	*left = (unsigned)((room - (then - now)) / cost);
	return 1;
}
