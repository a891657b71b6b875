/*
 * path_fuzz.c - paths through a few blocks: where they lead is a place, and the place is where it says.
 * Input: a byte of options, the length of the path (a byte), the path, and the blocks as fuzzdag.h has
 * them.  Options: 1 and 2 the codec of the root, 4 as in /ipld/.
 */
#include <stdlib.h>

#include "fuzzdag.h"
#include "unixfs/unixfs.h"

static void follow(struct dag_source *src, const struct cid *root, const char *path, int ipld)
{
	const struct dag_names *names = ipld ? NULL : unixfs_names();
	struct buf block = BUF_INIT(1 << 20);
	struct node nd = NODE_INIT;
	struct dag_place p, q;
	size_t at;

	if (dag_resolve(src, root, path, names, &p) < 0)
		return;
	if (p.rest < path || p.rest > path + strlen(path))
		abort();
	if (*p.rest) {			/* a value: it stands there, and resolving it leads nowhere else */
		if (dag_value(src, &p, &block, &nd, &at) < 0 || at >= nd.n || nd.step[at].kind == NODE_LINK)
			abort();
		if (dag_resolve(src, &p.cid, p.rest, names, &q) < 0 || !cid_equal(&p.cid, &q.cid) ||
		    strcmp(p.rest, q.rest))
			abort();
	}
	node_clear(&nd);
	buf_clear(&block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t codecs[] = { CID_DAG_PB, CID_DAG_CBOR, CID_DAG_JSON, CID_RAW };
	struct rd r = rd_from(span_of(data, size));
	unsigned how = rd_u8(&r);
	uint64_t n = rd_u8(&r);
	struct span text = rd_bytes(&r, n < r.left ? n : r.left);
	uint8_t digest[32] = { 0 };
	struct fuzzdag f;
	char path[256] = "";
	struct cid root;

	if (text.len)
		memcpy(path, text.p, text.len);
	fuzzdag_init(&f, rd_rest(&r), &root);
	cid_make(&root, 1, codecs[how & 3], MH_SHA2_256, span_of(digest, 32));
	follow(&f.source, &root, path, how >> 2 & 1);
	return 0;
}
