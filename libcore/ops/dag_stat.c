/* dag_stat.c - how much is below some roots, together and each alone */
#include <stdlib.h>

#include "base/err.h"
#include "base/idset.h"
#include "base/num.h"
#include "ops/dag.h"

enum { SEEN_MEM = 16 * 1024 * 1024 };

struct dag_counter {
	struct dag_source *src;
	const char *tmpdir;
	struct idset *all;		/* CIDs under any root; NULL: there is one root only */
	struct ops_dag_root *root;	/* being counted */
	uint64_t n_blocks, bytes;	/* each CID once */
	uint64_t again;			/* bytes with those counted again */
	int (*progress)(void *arg, uint64_t bytes, uint64_t blocks);
	void *arg;
};

int ops_dag_count_begin(struct dag_counter **c, struct dag_source *src, int several, const char *tmpdir,
			int (*progress)(void *arg, uint64_t bytes, uint64_t blocks), void *arg)
{
	struct dag_counter *k = calloc(1, sizeof *k);
	int rc;

	if (!k)
		return err_nomem();
	*k = (struct dag_counter){ .src = src, .tmpdir = tmpdir, .progress = progress, .arg = arg };
	rc = several ? idset_new(&k->all, 16, SEEN_MEM, tmpdir) : 0;
	if (rc < 0)
		free(k);
	else
		*c = k;
	return rc;
}

static int visit(void *arg, const struct dag_visit *v)
{
	struct dag_counter *c = arg;
	uint64_t len = v->block.len;
	uint8_t id[16];
	int fresh = 1, rc = len == 0 ? dag_size(c->src, v->cid, &len) : 0;	/* a leaf was not read */

	if (rc < 0)
		return rc;
	c->root->n_blocks++;
	rc = num_add(c->root->bytes, len, &c->root->bytes);
	if (rc == 0)
		rc = num_add(c->again, len, &c->again);
	if (rc == 0 && c->all) {
		dag_id(v->cid, id);
		rc = fresh = idset_add(c->all, id);
	}
	if (rc < 0)
		return rc;
	if (fresh) {
		c->n_blocks++;
		c->bytes += len;		/* at most `again` */
	}
	return c->progress && c->progress(c->arg, len, 1) ? ERR_INTERRUPTED : 0;
}

int ops_dag_count_root(struct dag_counter *c, const char *path, struct ops_dag_root *out)
{
	struct dag_walk w = { .once = 1, .depth_max = -1, .tmpdir = c->tmpdir, .visit = visit, .arg = c };
	struct ops_place place = { .rest = NULL };
	int rc = ops_place_from(c->src, path, &place);

	if (rc == 0 && *place.rest)
		rc = err_set(ERR_USAGE, "cannot return size for anything other than a DAG with a root CID");
	*out = (struct ops_dag_root){ .cid = place.cid };
	ops_place_clear(&place);
	c->root = out;
	return rc < 0 ? rc : dag_walk(c->src, &out->cid, &w);
}

struct ops_dag_sum ops_dag_count_sum(const struct dag_counter *c)
{
	/* in single precision, as Kubo, whose digits are printed */
	return (struct ops_dag_sum){ c->n_blocks, c->bytes, c->again - c->bytes,
				     c->bytes ? (float)c->again / (float)c->bytes : 0 };
}

void ops_dag_count_end(struct dag_counter *c)
{
	if (c)
		idset_free(c->all);
	free(c);
}
