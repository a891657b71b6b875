/* opstore.h - a scratch store, and blocks in it, for the tests of ops */
#ifndef TESTS_OPS_OPSTORE_H
#define TESTS_OPS_OPSTORE_H

#include "ops/read.h"
#include "../unit.h"

__attribute__((unused)) static struct store *opstore(void)
{
	char *path = unit_kept(4200);
	struct store *st;

	snprintf(path, 4200, "%s/store", unit_tmpdir());
	if (store_init(path, "") < 0 || store_open(&st, path, STORE_WRITE) < 0) {
		printf("# %s\n", err_text());
		abort();
	}
	return st;
}

/* a block of these bytes, put and not yet committed */
__attribute__((unused)) static struct cid opblock(struct store *st, int version, uint64_t codec,
						  struct span bytes)
{
	struct ops_block_put o;
	struct cid cid;

	ops_block_put_init(&o);
	o.version = version;
	o.codec = codec;
	if (ops_block_put_bytes(st, &o, bytes, &cid) < 0) {
		printf("# %s\n", err_text());
		abort();
	}
	return cid;
}

struct oplink {
	struct cid cid;
	const char *name;
};

__attribute__((unused)) static struct cid opdir(struct store *st, const struct oplink *l, size_t n)
{
	struct buf b = BUF_INIT(1 << 20);
	struct cid cid;

	for (; n; n--, l++)
		if (pb_put_link(&b, cid_span(&l->cid), span_str(l->name), 1) < 0)
			abort();
	if (pb_put_data(&b, span_str("\x08\x01")) < 0)
		abort();
	cid = opblock(st, 1, CID_DAG_PB, buf_span(&b));
	buf_clear(&b);
	return cid;
}

/* "/ipfs/<cid><rest>" */
__attribute__((unused)) static const char *oppath(const struct cid *cid, const char *rest)
{
	char *p = unit_kept(CID_TEXT_MAX + 300), text[CID_TEXT_MAX];

	snprintf(p, CID_TEXT_MAX + 300, "/ipfs/%s%s", cid_text(cid, text), rest);
	return p;
}

#endif
