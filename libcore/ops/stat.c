/* stat.c - what is known about the thing at a path */
#include "base/err.h"
#include "ops/read.h"

int ops_stat(struct store *st, const char *path, int count, struct ops_stat *out)
{
	struct dag_source *src = store_source(st);
	int rc;

	*out = (struct ops_stat){ 0 };
	rc = ops_resolve(st, path, &out->cid);
	if (rc == 0)
		rc = dag_size(src, &out->cid, &out->block_len);
	if (rc < 0)
		return rc;
	rc = unixfs_stat(src, &out->cid, &out->node);
	out->is_unixfs = rc == 0;
	if (rc < 0 && rc != ERR_INVALID)	/* other codecs, and dag-pb that is not UnixFS, are fine */
		return rc;
	return count ? dag_stat(src, &out->cid, &out->all) : 0;
}
