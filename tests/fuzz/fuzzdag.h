/*
 * fuzzdag.h - a few blocks out of fuzz input, as a source that believes no hash.
 * The first byte of a digest picks the block, so inputs need no hashing to hang together, and graphs
 * may have cycles, which honest sources cannot have: only the limits of the readers end those.
 * Input: the number of blocks (mod 8, plus 1), then each with two bytes of length, little-endian.
 */
#ifndef TESTS_FUZZDAG_H
#define TESTS_FUZZDAG_H

#include "base/err.h"
#include "base/rd.h"
#include "dag/dag.h"

struct fuzzdag {
	struct dag_source source;
	struct span block[8];
	unsigned n;
};

static struct span fuzzdag_pick(struct dag_source *s, const struct cid *cid)
{
	struct fuzzdag *f = (struct fuzzdag *)(void *)s;

	return f->block[cid->bytes[cid->len - 32u] % f->n];
}

static int fuzzdag_get(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	struct mh mh;

	if (mh_decode(cid_mh(cid), &mh) < 0 || mh.digest.len != 32)
		return err_set(ERR_NOTFOUND, "not one of ours");
	return buf_add(out, fuzzdag_pick(s, cid));
}

static int fuzzdag_has(struct dag_source *s, const struct cid *cid)
{
	(void)s;
	return cid->len >= 34;
}

static int fuzzdag_size(struct dag_source *s, const struct cid *cid, uint64_t *len)
{
	struct buf b = BUF_INIT(1 << 20);
	int rc = fuzzdag_get(s, cid, &b);

	*len = b.len;
	buf_clear(&b);
	return rc;
}

/* the rest of the input behind the blocks; block 0 is the root */
static struct span fuzzdag_init(struct fuzzdag *f, struct span input, struct cid *root)
{
	struct rd r = rd_from(input);
	uint8_t digest[32] = { 0 };
	unsigned i;

	*f = (struct fuzzdag){ .source = { fuzzdag_get, fuzzdag_has, fuzzdag_size, NULL } };
	f->n = rd_u8(&r) % 8 + 1u;
	for (i = 0; i < f->n; i++) {
		uint64_t n = rd_le16(&r);

		f->block[i] = rd_bytes(&r, n < r.left ? n : r.left);
	}
	cid_make(root, 1, CID_DAG_PB, MH_SHA2_256, span_of(digest, 32));
	return rd_rest(&r);
}

#endif
