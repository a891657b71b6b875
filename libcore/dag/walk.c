/* walk.c - every block below a root, depth first */
#include <stdlib.h>

#include "base/err.h"
#include "base/idset.h"
#include "base/io.h"
#include "base/num.h"
#include "base/rd.h"
#include "dag/dag.h"

enum { SEEN_MEM = 16 * 1024 * 1024, GLANCE_MIN = 4096 };

struct walk {
	const struct dag_walk *w;
	struct dag_stack stack;
	struct idset *seen;		/* with `once` */
	struct buf block;		/* the one being entered */
};

/* ---- the links of a block, one after the other ---- */

/* A dag-pb block is its own list of links.  Of other codecs we keep the links alone: each its
 * length, CID, length, name. */
static int list_link(void *arg, const struct cid *cid, struct span name)
{
	struct buf *list = arg;
	int rc = buf_le16(list, cid->len);

	if (rc == 0)
		rc = buf_add(list, cid_span(cid));
	if (rc == 0)
		rc = buf_le32(list, (uint32_t)name.len);
	return rc < 0 ? rc : buf_add(list, name);
}

/* turn a block into what next_link reads, checking it from end to end */
static int open_links(const struct cid *cid, struct buf *block, size_t *pos, size_t *end)
{
	struct buf list = BUF_INIT(2 * (size_t)DAG_BLOCK_MAX);
	struct span all = buf_span(block);
	struct pb_node node;
	struct pb_iter it;
	int rc;

	*pos = *end = 0;
	if (cid->codec == CID_DAG_PB) {
		rc = pb_decode(all, &node);
		if (rc < 0 || node.n_links == 0)
			return rc;
		it = pb_links(&node);
		*pos = (size_t)(it.rest.p - all.p);
		*end = *pos + it.rest.len;
		return 0;
	}
	rc = codec_links(cid->codec, all, list_link, &list);
	if (rc < 0) {
		buf_clear(&list);
		return rc;
	}
	buf_clear(block);
	*block = list;
	*end = list.len;
	return 0;
}

static int next_link(struct dag_level *l, struct cid *cid, struct span *name)
{
	struct span rest = span_of(l->block.data + l->pos, l->end - l->pos);
	struct pb_iter it = { rest };
	struct pb_link link;
	struct rd r;
	int rc;

	if (rest.len == 0)
		return 0;
	if (l->cid.codec != CID_DAG_PB) {
		r = rd_from(rest);
		rc = cid_decode(rd_bytes(&r, rd_le16(&r)), cid);
		*name = rd_bytes(&r, rd_le32(&r));
		l->pos = l->end - r.left;
		return rc < 0 ? rc : 1;
	}
	if (!pb_next(&it, &link)) {
		l->pos = l->end;
		return 0;
	}
	l->pos = l->end - it.rest.len;
	*name = link.name;
	rc = cid_decode(link.hash, cid);
	return rc < 0 ? rc : 1;
}

/* ---- what was seen ---- */

/*
 * *visit: not visited before; *enter: go below.  Without a depth limit a CID is entered once.  With
 * one, also when it was only met further down: the id then carries the depth, so that the
 * levels above can be asked for one by one.
 */
static int seen(struct walk *k, const struct cid *cid, int depth, int *visit, int *enter)
{
	uint8_t id[16];
	int rc, d, met = 0;

	*visit = *enter = 1;
	if (!k->w->once)
		return 0;
	dag_id(cid, id);
	if (k->w->depth_max < 0) {
		rc = idset_add(k->seen, id);
		*visit = *enter = rc == 1;
		return rc < 0 ? rc : 0;
	}
	rc = idset_add(k->seen, id);		/* met anywhere */
	if (rc < 0)
		return rc;
	*visit = rc == 1;
	for (d = 0; d <= depth; d++) {
		uint8_t at[16];

		memcpy(at, id, sizeof at);
		at[0] ^= (uint8_t)(d + 1);
		at[1] ^= (uint8_t)((d + 1) >> 8);
		rc = d < depth ? idset_has(k->seen, at) : idset_add(k->seen, at);
		if (rc < 0)
			return rc;
		met |= d < depth ? rc : !rc;
		if (met)
			break;
	}
	*enter = !met;
	return 0;
}

/* ---- the walk ---- */

int dag_leaf(struct dag_source *s, const struct cid *cid)
{
	uint8_t head[16];
	struct piece p;
	struct rd r;
	ssize_t n;
	int rc;

	if (cid->codec == CID_RAW)
		return 1;
	rc = cid->codec == CID_DAG_PB ? dag_extent(s, cid, &p) : 0;
	if (rc <= 0)
		return rc;
	if (p.fd < 0 || p.len < GLANCE_MIN)
		return 0;
	n = io_pread(p.fd, head, sizeof head, p.off, "segment");
	if (n < 0)
		return (int)n;
	r = rd_from(span_of(head, (size_t)n));
	if (rd_u8(&r) != 0x0a)				/* PBNode.Data */
		return 0;
	return rd_varint(&r) == p.len - ((uint64_t)n - r.left) && rd_ok(&r);
}

/* Is there nothing to find in this block?  1: no, and it is there; 0: it must be read; or an error. */
static int is_leaf(struct walk *k, const struct cid *cid, int depth)
{
	int rc;

	if (k->w->want_leaves)
		return 0;
	if (cid->codec != CID_RAW && depth != k->w->depth_max)
		return dag_leaf(k->stack.src, cid);
	rc = dag_need(k->stack.src, cid);
	return rc < 0 ? rc : 1;
}

static int leave(const struct walk *k, const struct cid *cid, int depth)
{
	return k->w->leave ? k->w->leave(k->w->arg, cid, depth) : 0;
}

static int enter(struct walk *k, const struct cid *cid, const struct cid *parent, struct span name,
		 int depth)
{
	const struct dag_walk *w = k->w;
	struct dag_visit v = { .cid = cid, .parent = parent, .name = name, .depth = depth };
	int fresh, deeper, leaf, rc;
	size_t pos, end;
	char text[CID_TEXT_MAX];

	if (w->depth_max >= 0 && depth > w->depth_max)
		return 0;
	rc = seen(k, cid, depth, &fresh, &deeper);
	if (rc < 0)
		return rc;
	v.first = fresh;
	if (!fresh && w->edges) {
		rc = w->visit(w->arg, &v);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	if (!fresh && !deeper)
		return 0;
	buf_reset(&k->block);
	rc = is_leaf(k, cid, depth);
	leaf = rc == 1;
	if (rc == 0)
		rc = dag_get(k->stack.src, cid, &k->block);
	if (rc == ERR_NOTFOUND && w->missing)
		return w->missing(w->arg, cid);
	if (rc < 0)
		return rc;
	v.block = buf_span(&k->block);
	if (fresh) {
		rc = w->visit(w->arg, &v);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	if (leaf || depth == w->depth_max)
		return leave(k, cid, depth);
	rc = open_links(cid, &k->block, &pos, &end);
	if (rc < 0)
		return err_add(rc, "block %s", cid_text(cid, text));
	if (pos == end)
		return leave(k, cid, depth);
	rc = dag_stack_push(&k->stack, cid, &k->block);
	if (rc < 0)
		return rc;
	k->stack.level[k->stack.n - 1].pos = pos;
	k->stack.level[k->stack.n - 1].end = end;
	return 0;
}

int dag_walk(struct dag_source *s, const struct cid *root, const struct dag_walk *w)
{
	struct walk k = { .w = w, .block = BUF_INIT(DAG_BLOCK_MAX) };
	struct cid cid = *root, parent;
	struct span name = { NULL, 0 };
	struct dag_level *l;
	int rc = 0;

	dag_stack_init(&k.stack, s);
	if (w->once)
		rc = idset_new(&k.seen, 16, w->seen_mem ? w->seen_mem : SEEN_MEM, w->tmpdir);
	if (rc == 0)
		rc = enter(&k, &cid, NULL, name, 0);
	while (rc == 0) {
		size_t pos, end;

		rc = dag_stack_top(&k.stack, &l);
		if (rc <= 0)
			break;
		if (rc == 2) {			/* read again: the same bytes, the same place */
			rc = open_links(&l->cid, &l->block, &pos, &end);
			if (rc == 0 && end != l->end)
				rc = err_set(ERR_CORRUPT, "a block changed while it was walked");
			if (rc < 0)
				break;
		}
		rc = next_link(l, &cid, &name);
		if (rc < 0)
			break;
		if (rc == 0) {
			cid = l->cid;
			dag_stack_pop(&k.stack);
			rc = leave(&k, &cid, k.stack.n);
			continue;
		}
		parent = l->cid;
		rc = enter(&k, &cid, &parent, name, k.stack.n);
	}
	dag_stack_clear(&k.stack);
	buf_clear(&k.block);
	idset_free(k.seen);
	return rc;
}

/* ---- counting ---- */

struct count {
	struct dag_source *s;
	struct dag_stat *out;
};

static int count_visit(void *arg, const struct dag_visit *v)
{
	struct count *c = arg;
	uint64_t len = v->block.len;
	int rc = len == 0 ? dag_size(c->s, v->cid, &len) : 0;	/* a leaf was not read */

	if (rc < 0)
		return rc;
	c->out->n_blocks++;
	return num_add(c->out->bytes, len, &c->out->bytes);
}

int dag_stat(struct dag_source *s, const struct cid *root, struct dag_stat *out)
{
	struct count c = { s, out };
	struct dag_walk w = { .once = 1, .depth_max = -1, .visit = count_visit, .arg = &c };

	*out = (struct dag_stat){ 0, 0 };
	return dag_walk(s, root, &w);
}
