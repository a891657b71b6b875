/*
 * series.c - a table of measurements, open addressing, no locks.
 * A row is taken by setting its hash with compare-and-swap; its name follows and `ready` after it.  Rows are
 * never given back.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "board/board.h"
#include "map.h"

enum { SERIES_MAGIC = 0x31536269, PROBES = 64, WAITS = 1000 };

struct row {
	_Atomic uint64_t hash;		/* 0: free */
	_Atomic uint32_t ready;
	uint32_t kind;
	char name[BOARD_SERIES_NAME];	/* family NUL labels NUL */
	_Atomic uint64_t in[BOARD_BOUNDS_MAX + 1], count;
	_Atomic int64_t sum;		/* millionths; of a gauge its level, of a counter nothing */
};

struct table {
	_Atomic uint32_t magic;
	uint32_t pad;
	_Atomic uint64_t lost;
	struct row rows[BOARD_SERIES_MAX];
};

struct board_series { struct table *t; };

int board_series_open(struct board_series **out, const char *path)
{
	struct board_series *s = calloc(1, sizeof *s);
	void *map = NULL;
	int rc = s ? map_shared(path, sizeof *s->t, SERIES_MAGIC, &map, NULL) : err_nomem();

	*out = NULL;
	if (rc < 0) {
		free(s);
		return rc;
	}
	s->t = map;
	*out = s;
	return 0;
}

void board_series_close(struct board_series *s)
{
	if (s)
		munmap(s->t, sizeof *s->t);
	free(s);
}

static int is_row(struct row *r, uint64_t hash, const char *name, size_t len)
{
	int i;

	if (atomic_load_explicit(&r->hash, memory_order_acquire) != hash)
		return 0;
	/* whoever took it is writing its name; one that died doing so leaves a row nobody uses */
	for (i = 0; i < WAITS && !atomic_load_explicit(&r->ready, memory_order_acquire); i++)
		sched_yield();
	return i < WAITS && memcmp(r->name, name, len) == 0;
}

static struct row *row_of(struct board_series *s, enum board_kind kind, const char *family, const char *labels)
{
	size_t n = s ? strlen(family) + 1 : 0, m = s ? strlen(labels) + 1 : 0, i;
	char name[BOARD_SERIES_NAME];
	uint64_t hash, none;
	struct row *r;

	if (!s)
		return NULL;
	if (n + m <= sizeof name) {
		memcpy(name, family, n);
		memcpy(name + n, labels, m);
		hash = map_hash(name, n + m, kind);
		for (i = 0; i < PROBES; i++) {
			r = &s->t->rows[(hash + i) % BOARD_SERIES_MAX];
			if (is_row(r, hash, name, n + m))
				return r;
			none = 0;
			if (atomic_load_explicit(&r->hash, memory_order_relaxed) == 0 &&
			    atomic_compare_exchange_strong(&r->hash, &none, hash)) {
				memcpy(r->name, name, n + m);
				r->kind = kind;
				atomic_store_explicit(&r->ready, 1, memory_order_release);
				return r;
			}
			if (none == hash && is_row(r, hash, name, n + m))
				return r;
		}
	}
	atomic_fetch_add_explicit(&s->t->lost, 1, memory_order_relaxed);
	return NULL;
}

void board_add(struct board_series *s, const char *family, const char *labels, uint64_t n)
{
	struct row *r = row_of(s, BOARD_COUNTER, family, labels);

	if (r)
		atomic_fetch_add_explicit(&r->count, n, memory_order_relaxed);
}

void board_gauge(struct board_series *s, const char *family, const char *labels, int64_t change)
{
	struct row *r = row_of(s, BOARD_GAUGE, family, labels);

	if (r)
		atomic_fetch_add_explicit(&r->sum, change, memory_order_relaxed);
}

void board_observe(struct board_series *s, const char *family, const char *labels, const double *bounds,
		   size_t n, double value)
{
	struct row *r = row_of(s, BOARD_HISTOGRAM, family, labels);
	size_t i = 0;

	if (!r)
		return;
	while (i < n && i < BOARD_BOUNDS_MAX && value > bounds[i])
		i++;
	atomic_fetch_add_explicit(&r->in[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&r->count, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&r->sum, (int64_t)(value * 1e6 + .5), memory_order_relaxed);
}

void board_gauges_reset(struct board_series *s)
{
	size_t i;

	for (i = 0; s && i < BOARD_SERIES_MAX; i++)
		if (atomic_load(&s->t->rows[i].ready) && s->t->rows[i].kind == BOARD_GAUGE)
			atomic_store(&s->t->rows[i].sum, 0);
}

uint64_t board_lost(struct board_series *s)
{
	return s ? atomic_load(&s->t->lost) : 0;
}

int board_each(struct board_series *s, int (*fn)(void *arg, const struct board_sample *x), void *arg)
{
	size_t i, k;
	int rc = 0;

	for (i = 0; s && rc == 0 && i < BOARD_SERIES_MAX; i++) {
		struct row *r = &s->t->rows[i];
		struct board_sample x = { .kind = (enum board_kind)r->kind };
		char name[BOARD_SERIES_NAME];

		if (!atomic_load_explicit(&r->ready, memory_order_acquire))
			continue;
		memcpy(name, r->name, sizeof name);	/* the file is shared: it ends where we say */
		name[sizeof name - 2] = name[sizeof name - 1] = '\0';
		x.family = name;
		x.labels = name + strlen(name) + 1;
		x.value = x.count = atomic_load_explicit(&r->count, memory_order_relaxed);
		x.level = atomic_load_explicit(&r->sum, memory_order_relaxed);
		x.sum = (double)x.level / 1e6;
		for (k = 0; k <= BOARD_BOUNDS_MAX; k++)
			x.in[k] = atomic_load_explicit(&r->in[k], memory_order_relaxed);
		rc = fn(arg, &x);
	}
	return rc;
}
