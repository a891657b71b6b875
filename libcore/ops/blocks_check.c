/* blocks_check.c - is every block what its name says, in a store that is in use? */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/spill.h"
#include "ops/fsck.h"

enum { BAD_MEM = 1024 * 1024, WHY_MAX = 4096, HEAD = 4 };

struct check {
	struct store *st;
	struct spill *bad;		/* with `drop`: u16 length of the CID, u16 -rc, the CID, why */
	struct buf block, record;
	int (*fn)(void *arg, const struct ops_block_state *b);
	void *arg;
};

static int put_aside(struct check *k, const struct ops_block_state *b)
{
	int rc;

	buf_reset(&k->record);
	rc = buf_le16(&k->record, b->cid.len);
	if (rc == 0)
		rc = buf_le16(&k->record, (uint16_t)-b->rc);
	if (rc == 0)
		rc = buf_add(&k->record, cid_span(&b->cid));
	if (rc == 0)
		rc = buf_bytes(&k->record, b->why, strlen(b->why) + 1);
	return rc < 0 ? rc : spill_add(k->bad, buf_span(&k->record));
}

static int look(void *arg, const struct store_entry *e)
{
	struct check *k = arg;
	struct ops_block_state b = { .rc = 0 };
	char why[WHY_MAX];
	int rc = cid_make_mh(&b.cid, 1, CID_RAW, e->mh);

	if (rc < 0)
		return rc;
	buf_reset(&k->block);
	b.rc = store_get(k->st, &b.cid, &k->block);
	if (b.rc == ERR_NOMEM)
		return b.rc;
	if (b.rc == ERR_NOTFOUND)		/* deleted since this began */
		return 0;
	if (b.rc < 0) {
		snprintf(why, sizeof why, "%s", err_text());
		b.why = why;
	}
	return b.rc < 0 && k->bad ? put_aside(k, &b) : k->fn(k->arg, &b);
}

/* whatever pins it: what it should be is gone already.  1, or -1 and why in err_text() */
static int drop(struct store *st, const struct cid *cid)
{
	int rc = store_delete(st, cid);

	if (rc == 0)
		rc = store_commit(st);
	else if (rc == ERR_NOTFOUND)
		return 1;
	if (rc < 0)
		store_rollback(st);
	return rc < 0 ? -1 : 1;
}

static int drop_all(struct check *k)
{
	struct ops_block_state b;
	struct span r;
	int rc = spill_read(k->bad), len;

	while (rc == 0 && (rc = spill_next(k->bad, &r)) == 1) {
		len = r.p[0] | r.p[1] << 8;
		b = (struct ops_block_state){ .rc = -(r.p[2] | r.p[3] << 8), .why = (const char *)r.p + HEAD + len };
		rc = cid_decode(span_of(r.p + HEAD, (size_t)len), &b.cid);
		if (rc < 0)
			break;
		b.dropped = drop(k->st, &b.cid);
		rc = k->fn(k->arg, &b);
	}
	return rc;
}

int ops_blocks_check(struct store *st, int and_drop, int (*fn)(void *arg, const struct ops_block_state *b), void *arg)
{
	struct check k = { .st = st, .fn = fn, .arg = arg, .block = BUF_INIT(STORE_BLOCK_MAX),
			   .record = BUF_INIT(HEAD + CID_BYTES_MAX + WHY_MAX) };
	int rc = and_drop ? spill_new(&k.bad, store_tmpdir(st), BAD_MEM, span_cmp) : 0;

	if (rc == 0)
		rc = store_each(st, look, &k);
	if (rc == 0 && and_drop)
		rc = drop_all(&k);
	spill_free(k.bad);
	buf_clear(&k.record);
	buf_clear(&k.block);
	return rc;
}
