/* dag.c - what holds for every source and sink: identity CIDs and the block policy */
#include "base/err.h"
#include "dag_priv.h"

/* BOXO verifcid: asked whenever a block enters or leaves */
static int allowed(const struct cid *cid)
{
	struct mh mh;
	int rc = mh_decode(cid_mh(cid), &mh);

	return rc < 0 ? rc : mh_allowed(&mh);
}

int dag_get(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	struct span inlined;
	int rc = allowed(cid);

	if (rc < 0)
		return rc;
	if (!cid_identity(cid, &inlined))
		return s->get(s, cid, out);
	rc = tap_identity(s, cid, inlined);
	return rc < 0 ? rc : buf_add(out, inlined);
}

int dag_has(struct dag_source *s, const struct cid *cid)
{
	struct span inlined;
	int rc = allowed(cid);

	if (rc < 0)
		return rc;
	return cid_identity(cid, &inlined) ? 1 : s->has(s, cid);
}

int dag_size(struct dag_source *s, const struct cid *cid, uint64_t *len)
{
	struct span inlined;
	int rc = allowed(cid);

	if (rc < 0)
		return rc;
	if (!cid_identity(cid, &inlined))
		return s->size(s, cid, len);
	*len = inlined.len;
	return 0;
}

int dag_extent(struct dag_source *s, const struct cid *cid, struct piece *p)
{
	struct span inlined;
	int rc = allowed(cid);

	if (rc < 0)
		return rc;
	if (cid_identity(cid, &inlined)) {
		*p = (struct piece){ .bytes = inlined, .fd = -1, .len = inlined.len };
		return 1;
	}
	return s->extent ? s->extent(s, cid, p) : 0;
}

int dag_need(struct dag_source *s, const struct cid *cid)
{
	uint64_t len;
	int rc = dag_has(s, cid);

	return rc == 0 ? dag_size(s, cid, &len) : rc < 0 ? rc : 0;
}

int dag_put(struct dag_sink *s, const struct dag_block *b)
{
	struct span inlined;
	int rc = allowed(b->cid);

	if (rc < 0)
		return rc;
	return cid_identity(b->cid, &inlined) ? 0 : s->put(s, b);
}

static int null_put(struct dag_sink *s, const struct dag_block *b)
{
	(void)s;
	(void)b;
	return 0;
}

struct dag_sink *dag_sink_null(void)
{
	static struct dag_sink null = { null_put };

	return &null;
}
