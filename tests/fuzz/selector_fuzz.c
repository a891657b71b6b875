/*
 * selector_fuzz.c - selectors: parse one, then walk a few blocks by it.
 * Input: a byte of options, the length of the selector (two bytes, little-endian), the selector, and the
 * blocks as fuzzdag.h has them.  Options: 1 the selector is dag-cbor (else dag-json), 2 once, 4 lazy,
 * 8 and 16 the codec of the root, 32 missing blocks are passed over.
 */
#include <stdlib.h>

#include "base/piece.h"
#include "fuzzdag.h"
#include "unixfs/unixfs.h"

enum { NODES = 3000, LINKS = 400, BYTES = 1 << 20 };

struct seen {
	struct sink sink;
	uint64_t bytes, nodes;
};

static int swallow(struct sink *s, const struct piece *p)
{
	struct seen *seen = (struct seen *)(void *)s;

	seen->bytes += p->len;
	return seen->bytes > BYTES ? err_set(ERR_LIMIT, "enough") : 0;
}

static int node(void *arg, const struct dag_selected *s)
{
	struct seen *seen = arg;

	if (++seen->nodes > 2 * NODES || (!s->nd && !s->view))
		abort();
	if (s->path.len && !s->path.p)
		abort();
	if (s->nd && s->at >= s->nd->n)
		abort();
	if (s->matched && s->view && s->view->kind == DAG_VIEW_BYTES)
		dag_selected_read(s, &seen->sink);	/* it may well fail */
	return 0;
}

static int block(void *arg, const struct cid *cid, struct span bytes)
{
	(void)arg;
	(void)bytes;
	if (cid->len == 0)
		abort();
	return 0;
}

static int missing(void *arg, const struct cid *cid)
{
	(void)arg;
	(void)cid;
	return 0;
}

static void walk(struct span input, unsigned how, const struct dag_selector *sel)
{
	static const uint64_t codecs[] = { CID_DAG_PB, CID_DAG_CBOR, CID_DAG_JSON, CID_RAW };
	struct seen seen = { .sink = { swallow } };
	struct dag_select opts = { .block = block, .node = how & 4 ? NULL : node, .arg = &seen,
				   .missing = how & 32 ? missing : NULL, .once = how & 2, .lazy = how & 4,
				   .nodes_max = NODES, .links_max = LINKS, .adls = unixfs_adls() };
	uint8_t digest[32] = { 0 };
	struct fuzzdag f;
	struct cid root;

	fuzzdag_init(&f, input, &root);
	cid_make(&root, 1, codecs[how >> 3 & 3], MH_SHA2_256, span_of(digest, 32));
	dag_select(&f.source, &root, sel, &opts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_from(span_of(data, size));
	struct dag_selector *sel = NULL;
	struct node nd = NODE_INIT;
	unsigned how = rd_u8(&r);
	uint64_t n = rd_le16(&r);
	struct span text = rd_bytes(&r, n < r.left ? n : r.left);

	if (rd_ok(&r) && codec_decode(how & 1 ? CID_DAG_CBOR : CID_DAG_JSON, text, 0, &nd) == 0 &&
	    dag_selector_parse(&nd, 0, &sel) == 0)
		walk(rd_rest(&r), how, sel);
	dag_selector_free(sel);
	node_clear(&nd);
	return 0;
}
