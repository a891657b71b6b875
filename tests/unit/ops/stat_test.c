#include "opstore.h"

static void files_blocks_and_sums(void)
{
	struct store *st = opstore();
	struct oplink l[2] = { { .name = "a" }, { .name = "b" } };
	struct ops_stat s;
	struct cid dir, odd;

	l[0].cid = l[1].cid = opblock(st, 1, CID_RAW, span_str("hello"));
	dir = opdir(st, l, 2);
	odd = opblock(st, 1, CID_DAG_PB, unit_hex("0a00"));
	NEED(store_commit(st) == 0);
	CHECK(ops_stat(st, oppath(&dir, "/a"), 0, &s) == 0);
	CHECK(s.is_unixfs && s.node.size == 5 && s.block_len == 5 && s.all.n_blocks == 0);
	CHECK(ops_stat(st, oppath(&dir, ""), 1, &s) == 0);
	CHECK(s.node.type == UNIXFS_DIRECTORY && s.all.n_blocks == 2);
	CHECK(s.all.bytes == s.block_len + 5 && cid_equal(&s.cid, &dir));
	CHECK(ops_stat(st, oppath(&odd, ""), 1, &s) == 0);
	CHECK(!s.is_unixfs && s.block_len == 2 && s.all.n_blocks == 1);
	odd = opblock(st, 1, 0x85, span_str("x"));	/* dag-jose: not built in */
	CHECK(ops_stat(st, oppath(&odd, ""), 0, &s) == 0 && !s.is_unixfs);
	CHECK_ERR(ops_stat(st, oppath(&odd, ""), 1, &s), ERR_UNSUPPORTED);
	CHECK_ERR(ops_stat(st, oppath(&dir, "/c"), 0, &s), ERR_NOTFOUND);
	store_close(st);
}

int main(void)
{
	RUN(files_blocks_and_sums);
	return UNIT_END();
}
