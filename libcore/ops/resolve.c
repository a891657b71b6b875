/* resolve.c - what paths lead to */
#include <stdlib.h>

#include "base/err.h"
#include "ops/read.h"

int ops_resolve(struct store *st, const char *path, struct cid *cid)
{
	return unixfs_resolve(store_source(st), path, cid);
}

int ops_resolve_place(struct store *st, const char *path, struct ops_place *p)
{
	return ops_place_from(store_source(st), path, p);
}

int ops_place_from(struct dag_source *src, const char *text, struct ops_place *p)
{
	struct dag_path path;
	struct dag_place place;
	int rc = dag_path_parse(&path, text);

	*p = (struct ops_place){ 0 };
	if (rc < 0)
		return rc;
	rc = dag_resolve(src, &path.root, path.rest, path.ipld ? NULL : unixfs_names(), &place);
	if (rc == 0) {
		p->cid = place.cid;
		p->base = path.root.version == 0 ? NULL : path.base;
		p->rest = strdup(place.rest);
		rc = p->rest ? 0 : err_nomem();
	}
	dag_path_clear(&path);
	return rc;
}

void ops_place_clear(struct ops_place *p)
{
	free(p->rest);
	*p = (struct ops_place){ 0 };
}

int ops_place_format(const struct ops_place *p, const struct mb_base *base, struct buf *out)
{
	int rc = cid_format(&p->cid, base ? base : p->base, out);

	if (rc == 0 && *p->rest)
		rc = buf_printf(out, "/%s", p->rest);
	return rc;
}
