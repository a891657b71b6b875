/* source.c - the store as a source of blocks, counted */
#include <stddef.h>

#include "base/err.h"
#include "front_priv.h"

static struct front *of(struct dag_source *s)
{
	return (struct front *)(void *)((char *)s - offsetof(struct front, source));
}

static int counted(struct front *f, const char *operation, int rc)
{
	char labels[80];

	if (rc >= 0) {
		board_add(f->series, "ipfrs_blocks_retrieved_total", "source=\"local\"", 1);
		return rc;
	}
	snprintf(labels, sizeof labels, "operation=\"%s\",error_type=\"%s\"", operation,
		 rc == ERR_NOTFOUND ? "not_found" : rc == ERR_CORRUPT ? "corrupt" : "other");
	board_add(f->series, "ipfrs_block_errors_total", labels, 1);
	return rc;
}

static int get(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	struct front *f = of(s);

	return counted(f, "get", store_get(f->st, cid, out));
}

static int has(struct dag_source *s, const struct cid *cid)
{
	return store_has(of(s)->st, cid);
}

static int size(struct dag_source *s, const struct cid *cid, uint64_t *len)
{
	int rc = store_size(of(s)->st, cid, len);

	return rc < 0 ? counted(of(s), "size", rc) : rc;
}

static int extent(struct dag_source *s, const struct cid *cid, struct piece *p)
{
	struct front *f = of(s);
	int rc = store_extent(f->st, cid, p);

	return rc == 0 ? 0 : counted(f, "get", rc);
}

struct dag_source *front_source(struct front *f)
{
	f->source = (struct dag_source){ .get = get, .has = has, .size = size, .extent = extent };
	return &f->source;
}
