/* reach.c - every block below a root, in bounded memory whatever its shape */
#include "base/err.h"
#include "pin/pin_priv.h"

int reach_init(struct reach *r, struct store *st)
{
	*r = (struct reach){ .st = st, .block = BUF_INIT(DAG_BLOCK_MAX) };
	return pile_new(&r->pile, store_tmpdir(st));
}

void reach_clear(struct reach *r)
{
	pile_free(r->pile);
	r->pile = NULL;
	buf_clear(&r->block);
}

static int enter(struct reach *r, const struct cid *cid)
{
	int rc = r->enter(r->arg, cid);

	return rc == 1 ? pile_push(r->pile, cid) : rc;
}

static int follow(void *arg, const struct cid *cid, struct span name)
{
	struct reach *r = arg;

	(void)name;
	r->rc = enter(r, cid);
	return r->rc < 0;
}

/* is it this block that is at fault (a bad sector, too)? */
static int of_block(int rc)
{
	return rc == ERR_NOTFOUND || rc == ERR_CORRUPT || rc == ERR_INVALID || rc == ERR_LIMIT ||
	       rc == ERR_DENIED || rc == ERR_UNSUPPORTED || rc == ERR_IO;
}

static int look_into(struct reach *r, const struct cid *cid)
{
	int rc;

	buf_reset(&r->block);
	rc = dag_get(store_source(r->st), cid, &r->block);
	if (rc == 0) {
		r->rc = 0;
		rc = codec_links(cid->codec, buf_span(&r->block), follow, r);
		if (r->rc < 0)
			return r->rc;
		if (rc == ERR_UNSUPPORTED)
			rc = 0;			/* opaque */
	}
	if (rc < 0 && of_block(rc))
		rc = r->trouble ? r->trouble(r->arg, cid, rc) : 0;
	return rc < 0 ? rc : 0;
}

int reach(struct reach *r, const struct cid *root)
{
	struct cid cid;
	int rc;

	pile_empty(r->pile);
	rc = enter(r, root);
	while (rc >= 0 && (rc = pile_pop(r->pile, &cid)) == 1)
		rc = look_into(r, &cid);
	return rc < 0 ? rc : 0;
}
