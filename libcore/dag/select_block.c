/* select_block.c - the blocks of a walk by a selector, within a budget of memory */
#include <stdlib.h>

#include "base/err.h"
#include "select_priv.h"

enum { SPARE_MAX = 4 * 1024 * 1024 };

/* ---- what was seen ---- */

static int tell(struct select *w, const struct cid *cid, struct span bytes)
{
	uint8_t id[16];
	int rc;

	if (!w->o->block)
		return 0;
	if (w->seen) {
		dag_id(cid, id);
		rc = idset_add(w->seen, id);
		if (rc != 1)
			return rc;
	}
	rc = w->o->block(w->o->arg, cid, bytes);
	return rc < 0 ? rc : 0;
}

int select_fresh(struct select *w, const struct cid *cid, const void *state, size_t len)
{
	uint8_t id[16];
	int rc;

	if (!w->seen)
		return 1;
	buf_reset(&w->scratch);
	rc = buf_u8(&w->scratch, 0xff);		/* no CID begins so */
	if (rc == 0)
		rc = buf_u8(&w->scratch, cid->len);
	if (rc == 0)
		rc = buf_add(&w->scratch, cid_span(cid));
	if (rc == 0)
		rc = buf_bytes(&w->scratch, state, len);
	if (rc < 0)
		return rc;
	dag_keyed(buf_span(&w->scratch), id);
	return idset_add(w->seen, id);
}

/* ---- reading ---- */

static int count(struct select *w)
{
	if (w->o->links_max && w->n_links >= w->o->links_max)
		return err_set(ERR_LIMIT, "more than %llu blocks",
			       (unsigned long long)w->o->links_max);
	w->n_links++;
	return 0;
}

static int lost(struct select *w, const struct cid *cid, int rc)
{
	if (rc == ERR_NOTFOUND && w->o->missing) {
		rc = w->o->missing(w->o->arg, cid);
		return rc < 0 ? rc : 0;
	}
	return rc;
}

int select_fetch(struct select *w, const struct cid *cid, int quiet, struct buf *out)
{
	int rc = count(w);

	buf_reset(out);
	if (rc == 0)
		rc = dag_get(w->src, cid, out);
	if (rc < 0)
		return lost(w, cid, rc);
	rc = quiet ? 0 : tell(w, cid, span_of(out->data ? out->data : (const uint8_t *)"", out->len));
	return rc < 0 ? rc : 1;
}

int select_glance(struct select *w, const struct cid *cid, int quiet)
{
	int rc;

	if (!w->o->lazy)
		return 2;
	rc = cid->codec == CID_RAW ? dag_need(w->src, cid) : dag_leaf(w->src, cid);
	if (rc == 0 && cid->codec != CID_RAW)
		return 2;
	if (rc < 0)
		return lost(w, cid, rc);
	rc = count(w);
	if (rc == 0 && !quiet)
		rc = tell(w, cid, span_of(NULL, 0));
	return rc < 0 ? rc : 1;
}

/* ---- holding ---- */

static void weigh(struct select *w, struct held *h)
{
	w->bytes -= h->bytes;
	h->bytes = 2 * h->block.cap + h->nd.cap * sizeof *h->nd.step;	/* twice: text of its own */
	w->bytes += h->bytes;
}

static void drop(struct select *w, struct held *h)
{
	buf_clear(&h->block);
	node_clear(&h->nd);
	w->bytes -= h->bytes;
	h->bytes = 0;
	h->whole = 0;
}

/* the deepest one always stays */
static void keep_budget(struct select *w)
{
	while (w->bytes > DAG_STACK_MEM && w->whole < w->n_held - 1)
		drop(w, &w->held[w->whole++]);
}

int select_hold(struct select *w, const struct cid *cid, struct buf *block)
{
	struct held *h;

	if (w->n_held >= DAG_DEPTH_MAX) {
		buf_clear(block);
		return err_set(ERR_LIMIT, "more than %d levels of blocks", DAG_DEPTH_MAX);
	}
	if (w->n_held == w->cap_held) {
		int cap = w->cap_held ? 2 * w->cap_held : 8;

		h = realloc(w->held, (size_t)cap * sizeof *h);
		if (!h) {
			buf_clear(block);
			return err_nomem();
		}
		w->held = h;
		w->cap_held = cap;
	}
	h = &w->held[w->n_held++];
	*h = (struct held){ .cid = *cid, .block = *block, .nd = w->spare, .whole = 1,
			     .len = block->len };
	w->spare = NODE_INIT;
	node_reset(&h->nd);
	buf_init(block, DAG_BLOCK_MAX);
	weigh(w, h);
	keep_budget(w);
	return 0;
}

/* keep the memory of one small block for the next */
static void retire(struct select *w, struct held *h)
{
	if (h->whole && h->bytes <= SPARE_MAX && !w->spare.step) {
		w->spare = h->nd;
		h->nd = NODE_INIT;
	}
	drop(w, h);
}

void select_trim(struct select *w, int n)
{
	while (w->n_held > n)
		retire(w, &w->held[--w->n_held]);
	if (w->whole > w->n_held)
		w->whole = w->n_held;
}

static int decode(struct select *w, struct held *h)
{
	char text[CID_TEXT_MAX];
	int rc = codec_decode(h->cid.codec, buf_span(&h->block), 0, &h->nd);

	if (rc < 0)
		return err_add(rc, "block %s", cid_text(&h->cid, text));
	h->decoded = 1;
	weigh(w, h);
	keep_budget(w);
	return 0;
}

/* Only the deepest block is ever looked into, and when the walk comes back to one it is that. */
static int again(struct select *w, struct held *h)
{
	int rc;

	buf_init(&h->block, DAG_BLOCK_MAX);
	h->nd = NODE_INIT;
	rc = dag_get(dag_tap_under(w->src), &h->cid, &h->block);
	if (rc == 0 && h->block.len != h->len)
		rc = err_set(ERR_CORRUPT, "a block changed while it was walked");
	if (rc < 0) {
		buf_clear(&h->block);
		return rc;
	}
	h->whole = 1;
	w->whole = (int)(h - w->held);
	weigh(w, h);
	return h->decoded ? decode(w, h) : 0;
}

int select_bytes(struct select *w, int i, struct span *block)
{
	struct held *h = &w->held[i];
	int rc = h->whole ? 0 : again(w, h);

	*block = buf_span(&h->block);
	return rc;
}

int select_node(struct select *w, int i, const struct node **nd)
{
	struct held *h = &w->held[i];
	int rc = h->whole ? 0 : again(w, h);

	if (rc == 0 && !h->decoded)
		rc = decode(w, h);
	*nd = &h->nd;
	return rc;
}

void select_blocks_clear(struct select *w)
{
	select_trim(w, 0);
	free(w->held);
	node_clear(&w->spare);
}
