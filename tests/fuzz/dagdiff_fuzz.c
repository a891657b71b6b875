/*
 * dagdiff_fuzz.c - two DAGs side by side, and each walked in every order.
 * Input: a byte of options, and the blocks as fuzzdag.h has them; the roots are the first two.  Options: 1
 * deep, 2 missing blocks are changes, 4 and 8 the codec of one root, 16 and 32 of the other.
 */
#include <stdlib.h>

#include "fuzzdag.h"
#include "ops/dag.h"

enum { CHANGES = 300, BLOCKS = 300 };

static void check_side(const struct ops_dag_side *s, int wanted)
{
	struct buf out = BUF_INIT(SIZE_MAX);

	if (!wanted != (!s->cid && !s->nd))
		abort();
	if (s->nd && (s->at >= s->nd->n || codec_encode(CID_DAG_JSON, s->nd, s->at, &out) == ERR_CORRUPT))
		abort();
	buf_clear(&out);
}

static int change(void *arg, const struct ops_dag_change *c)
{
	check_side(&c->from, c->kind != OPS_DAG_ADDED);
	check_side(&c->to, c->kind != OPS_DAG_REMOVED);
	if (c->from.cid && c->to.cid && cid_equal(c->from.cid, c->to.cid))
		abort();
	return ++*(int *)arg == CHANGES;
}

static int met(void *arg, const struct ops_dag_met *m)
{
	if (!m->parent != (m->depth == 0))
		abort();
	return ++*(int *)arg == BLOCKS;
}

static int missing(void *arg, const struct cid *cid)
{
	(void)arg;
	(void)cid;
	return 0;
}

static void walks(struct dag_source *src, const char *path)
{
	int o, n;

	for (o = OPS_DAG_PRE; o <= OPS_DAG_WIDE; o++) {
		struct ops_dag_walk w = { .order = (enum ops_dag_order)o, .depth_max = -1, .fn = met,
					  .missing = missing, .arg = &n };

		n = 0;
		ops_dag_walk(src, path, &w);
		w.depth_max = 3;
		n = 0;
		ops_dag_walk(src, path, &w);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t codecs[] = { CID_DAG_PB, CID_DAG_CBOR, CID_DAG_JSON, CID_RAW };
	struct rd r = rd_from(span_of(data, size));
	unsigned how = rd_u8(&r);
	uint8_t one[32] = { 0 }, two[32] = { 1 };
	char a[CID_TEXT_MAX], b[CID_TEXT_MAX];
	struct fuzzdag f;
	struct cid from, to;
	int n = 0, rc;
	struct ops_dag_diff o = { .deep = how & 1, .missing = how & 2, .fn = change, .arg = &n };

	fuzzdag_init(&f, rd_rest(&r), &from);
	cid_make(&from, 1, codecs[how >> 2 & 3], MH_SHA2_256, span_of(one, 32));
	cid_make(&to, 1, codecs[how >> 4 & 3], MH_SHA2_256, span_of(two, 32));
	rc = ops_dag_diff(&f.source, cid_text(&from, a), cid_text(&to, b), &o);
	if (rc == 0)		/* the roots are never equal */
		abort();
	walks(&f.source, a);
	return 0;
}
