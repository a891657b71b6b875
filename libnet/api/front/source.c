/* source.c - the store, and the upstream behind it, as sources of blocks, counted */
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "front_priv.h"
#include "ops/coproc.h"

enum place { LOCAL, UPSTREAM };

static const char *const places[] = { "source=\"local\"", "source=\"upstream\"" };

static struct front *of(struct dag_source *s)
{
	return (struct front *)(void *)((char *)s - offsetof(struct front, source));
}

static struct timespec clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t;
}

static int failed(struct front *f, const char *operation, int rc)
{
	char labels[80];

	snprintf(labels, sizeof labels, "operation=\"%s\",error_type=\"%s\"", operation,
		 rc == ERR_NOTFOUND ? "not_found" : rc == ERR_CORRUPT ? "corrupt" : "other");
	metric_add(f, METRIC_BLOCK_ERRORS, labels, 1);
	return rc;
}

static int got(struct front *f, enum place where, const struct timespec *from, int rc)
{
	metric_add(f, METRIC_BLOCKS, places[where], 1);
	metric_observe(f, METRIC_BLOCK_SECONDS, places[where], metric_since(from));
	return rc;
}

/* ---- the store; what it does not have is no error where somebody else may ---- */

static int told(struct front *f, const char *operation, const struct timespec *from, int rc)
{
	if (rc >= 0)
		return from ? got(f, LOCAL, from, rc) : rc;
	f->missed = rc == ERR_NOTFOUND;
	return f->missed && f->upstream ? rc : failed(f, operation, rc);
}

static int get(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	struct timespec from = clock_now();

	return told(of(s), "get", &from, store_get(of(s)->st, cid, out));
}

static int has(struct dag_source *s, const struct cid *cid)
{
	return store_has(of(s)->st, cid);
}

static int size(struct dag_source *s, const struct cid *cid, uint64_t *len)
{
	return told(of(s), "size", NULL, store_size(of(s)->st, cid, len));
}

static int extent(struct dag_source *s, const struct cid *cid, struct piece *p)
{
	struct timespec from = clock_now();
	int rc = store_extent(of(s)->st, cid, p);

	return rc == 0 ? 0 : told(of(s), "get", &from, rc);
}

struct dag_source *front_source(struct front *f)
{
	f->source = (struct dag_source){ .get = get, .has = has, .size = size, .extent = extent };
	return &f->source;
}

/* ---- and the upstream ---- */

static struct front *beyond(struct dag_source *s)
{
	return (struct front *)(void *)((char *)s - offsetof(struct front, beyond));
}

static int beyond_get(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	struct front *f = beyond(s);
	struct timespec from = clock_now();
	int rc;

	f->missed = 0;
	rc = coproc_source(f->upstream)->get(coproc_source(f->upstream), cid, out);
	if (!f->missed)
		return rc;		/* the store had it, and it is counted */
	return rc < 0 ? failed(f, "get", rc) : got(f, UPSTREAM, &from, rc);
}

static int beyond_has(struct dag_source *s, const struct cid *cid)
{
	struct dag_source *up = coproc_source(beyond(s)->upstream);

	return up->has(up, cid);
}

static int beyond_size(struct dag_source *s, const struct cid *cid, uint64_t *len)
{
	struct front *f = beyond(s);
	struct dag_source *up = coproc_source(f->upstream);
	int rc;

	f->missed = 0;
	rc = up->size(up, cid, len);
	return rc < 0 && f->missed ? failed(f, "size", rc) : rc;
}

static int beyond_extent(struct dag_source *s, const struct cid *cid, struct piece *p)
{
	struct dag_source *up = coproc_source(beyond(s)->upstream);

	return up->extent(up, cid, p);
}

struct dag_source *front_sources(struct front *f)
{
	if (!f->upstream)
		return front_source(f);
	f->beyond = (struct dag_source){ .get = beyond_get, .has = beyond_has, .size = beyond_size,
					 .extent = beyond_extent };
	return &f->beyond;
}
