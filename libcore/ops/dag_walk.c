/* dag_walk.c - every block below a root, or those a selector visits, in the order asked for */
#include <stdlib.h>

#include "base/err.h"
#include "base/idset.h"
#include "base/rd.h"
#include "ops/dag.h"
#include "ops/dag_stash.h"

enum { SEEN_MEM = 16 * 1024 * 1024, NAMES_MAX = 16 * 1024 * 1024 };

struct walk {
	struct dag_source *src;
	const struct ops_dag_walk *o;
	int stop;			/* fn's return, when it was not 0 */
	/* post-order: the way down */
	struct level {
		struct cid cid;
		size_t name, end;	/* the name of the link to it, in `names` */
	} *level;
	int cap;
	struct buf names;
	/* post-order within a depth, and by levels: what was told, or queued */
	struct idset *seen;
	/* by levels: */
	struct stash queue[2];
	struct buf rec, block;
	int depth, missing;
};

int ops_dag_order_by_name(const char *name, enum ops_dag_order *order)
{
	static const char *const names[] = { "pre", "post", "wide" };
	int i;

	for (i = OPS_DAG_PRE; i <= OPS_DAG_WIDE; i++)
		if (!strcmp(name, names[i])) {
			*order = (enum ops_dag_order)i;
			return 0;
		}
	return err_set(ERR_USAGE, "unknown order '%s', it is one of: pre post wide", name);
}

int ops_dag_wants(const struct ops_dag_walk *o, const struct cid *cid)
{
	size_t i;

	for (i = 0; i < o->n_codecs; i++)
		if (o->codecs[i] == cid->codec)
			return 1;
	return o->n_codecs == 0;
}

static int tell(struct walk *w, const struct ops_dag_met *m)
{
	if (!ops_dag_wants(w->o, m->cid))
		return 0;
	w->stop = w->o->fn(w->o->arg, m);
	return w->stop ? ERR_INTERRUPTED : 0;
}

static int absent(void *arg, const struct cid *cid)
{
	struct walk *w = arg;
	char text[CID_TEXT_MAX];

	return w->o->missing ? w->o->missing(w->o->arg, cid) :
	       err_set(ERR_NOTFOUND, "block %s is not there", cid_text(cid, text));
}

/* 1: not met before, or nobody minds */
static int first_time(struct walk *w, const struct cid *cid)
{
	uint8_t id[16];

	if (!w->seen)
		return 1;
	dag_id(cid, id);
	return idset_add(w->seen, id);
}

/* ---- depth first ---- */

static int pre(void *arg, const struct dag_visit *v)
{
	struct ops_dag_met m = { .cid = v->cid, .parent = v->parent, .name = v->name, .depth = v->depth };

	return tell(arg, &m);
}

/* remember the way down, for when it is left */
static int down(void *arg, const struct dag_visit *v)
{
	struct walk *w = arg;
	struct level *grown, *l;
	int rc;

	if (v->depth >= w->cap) {
		w->cap = w->cap ? 2 * w->cap : 16;
		grown = realloc(w->level, (size_t)w->cap * sizeof *grown);
		if (!grown)
			return err_nomem();
		w->level = grown;
	}
	w->names.len = v->depth ? w->level[v->depth - 1].end : 0;
	l = &w->level[v->depth];
	*l = (struct level){ .cid = *v->cid, .name = w->names.len };
	rc = buf_add(&w->names, v->name);
	l->end = w->names.len;
	return rc < 0 ? err_add(rc, "names on the way to a block") : 0;
}

static int up(void *arg, const struct cid *cid, int depth)
{
	struct walk *w = arg;
	struct level *l = &w->level[depth];
	struct ops_dag_met m = { .cid = cid, .depth = depth };
	int rc = first_time(w, cid);

	m.parent = depth ? &w->level[depth - 1].cid : NULL;
	m.name = span_of(w->names.data + l->name, l->end - l->name);
	return rc == 1 ? tell(w, &m) : rc;
}

static int deep(struct walk *w, const struct cid *root)
{
	const struct ops_dag_walk *o = w->o;
	int post = o->order == OPS_DAG_POST;
	/* within a depth a block is left again when it is met again further up: `edges` tells of that */
	int again = post && !o->dups && o->depth_max >= 0;
	struct dag_walk d = { .once = !o->dups, .edges = again, .depth_max = o->depth_max, .tmpdir = o->tmpdir,
			      .visit = post ? down : pre, .leave = post ? up : NULL,
			      .missing = absent, .arg = w };
	int rc = 0;

	if (again)
		rc = idset_new(&w->seen, 16, SEEN_MEM, o->tmpdir);
	return rc < 0 ? rc : dag_walk(w->src, root, &d);
}

/* ---- by levels ---- */

/* a record: depth is that of its queue; CID, parent's CID, name */
static int queue(struct walk *w, struct stash *to, const struct cid *cid, const struct cid *parent,
		 struct span name)
{
	struct buf rec = BUF_INIT(SIZE_MAX);
	int rc = first_time(w, cid);

	if (rc != 1)
		return rc;
	rc = buf_le16(&rec, cid->len);
	if (rc == 0)
		rc = buf_add(&rec, cid_span(cid));
	if (rc == 0)
		rc = buf_le16(&rec, parent ? parent->len : 0);
	if (rc == 0 && parent)
		rc = buf_add(&rec, cid_span(parent));
	if (rc == 0)
		rc = buf_add(&rec, name);
	if (rc == 0)
		rc = stash_add(to, buf_span(&rec));
	buf_clear(&rec);
	return rc;
}

struct below {
	struct walk *w;
	struct stash *to;
	const struct cid *parent;
	int rc;
};

static int queue_link(void *arg, const struct cid *cid, struct span name)
{
	struct below *b = arg;

	b->rc = queue(b->w, b->to, cid, b->parent, name);
	return b->rc < 0;
}

/* 1: nothing is to be found in it, and it is there; 0: it must be read */
static int is_leaf(struct walk *w, const struct cid *cid)
{
	char text[CID_TEXT_MAX];
	int rc;

	if (cid->codec == CID_RAW || w->depth == w->o->depth_max) {
		rc = dag_has(w->src, cid);
		return rc == 0 ? err_set(ERR_NOTFOUND, "block %s is not there", cid_text(cid, text)) : rc;
	}
	return dag_leaf(w->src, cid);
}

static int visit(struct walk *w, struct span record, struct stash *next)
{
	struct rd r = rd_from(record);
	struct ops_dag_met m = { .depth = w->depth };
	struct cid cid, parent;
	struct below b = { w, next, &cid, 0 };
	struct span above;
	char text[CID_TEXT_MAX];
	int rc = cid_decode(rd_bytes(&r, rd_le16(&r)), &cid), leaf;

	above = rd_bytes(&r, rd_le16(&r));
	if (rc == 0 && above.len)
		rc = cid_decode(above, &parent);
	if (rc < 0)
		return rc;
	m.cid = &cid;
	m.parent = above.len ? &parent : NULL;
	m.name = rd_rest(&r);
	leaf = rc = is_leaf(w, &cid);
	buf_reset(&w->block);
	if (rc == 0)
		rc = dag_get(w->src, &cid, &w->block);
	if (rc == ERR_NOTFOUND)
		return absent(w, &cid);
	if (rc >= 0)
		rc = tell(w, &m);
	if (rc < 0 || leaf == 1)
		return rc;
	rc = codec_links(cid.codec, buf_span(&w->block), queue_link, &b);
	if (b.rc < 0)
		return b.rc;
	return rc < 0 ? err_add(rc, "block %s", cid_text(&cid, text)) : 0;
}

static int wide(struct walk *w, const struct cid *root)
{
	struct stash *now = &w->queue[0], *next = &w->queue[1], *other;
	int rc = w->o->dups ? 0 : idset_new(&w->seen, 16, SEEN_MEM, w->o->tmpdir);

	stash_init(now, w->o->tmpdir);
	stash_init(next, w->o->tmpdir);
	if (rc == 0)
		rc = queue(w, now, root, NULL, span_of(NULL, 0));
	while (rc == 0 && stash_end(now)) {
		uint64_t at = 0;

		while (rc == 0 && at < stash_end(now)) {
			rc = stash_get(now, &at, &w->rec);
			if (rc == 0)
				rc = visit(w, buf_span(&w->rec), next);
		}
		stash_cut(now, 0);
		other = now;
		now = next;
		next = other;
		w->depth++;
	}
	stash_clear(now);
	stash_clear(next);
	return rc;
}

/* ---- selectors ---- */

static int chosen_block(void *arg, const struct cid *cid, struct span bytes)
{
	struct ops_dag_met m = { .cid = cid, .depth = -1 };

	(void)bytes;
	return tell(arg, &m);
}

static int chosen_node(void *arg, const struct dag_selected *s)
{
	struct walk *w = arg;
	struct ops_dag_met m = { .cid = s->cid, .depth = -1, .node = s };

	return w->o->nodes == 2 && !s->matched ? 0 : tell(w, &m);
}

static int chosen(struct walk *w, const struct cid *root)
{
	const struct ops_dag_walk *o = w->o;
	struct dag_select s = { .block = o->nodes ? NULL : chosen_block, .node = o->nodes ? chosen_node : NULL,
				.missing = absent, .arg = w, .once = !o->dups, .lazy = 1,
				.adls = unixfs_adls(), .tmpdir = o->tmpdir };

	return dag_select(w->src, root, o->selector, &s);
}

int ops_dag_walk(struct dag_source *src, const char *path, const struct ops_dag_walk *o)
{
	struct walk w = { .src = src, .o = o, .names = BUF_INIT(NAMES_MAX), .rec = BUF_INIT(SIZE_MAX),
			  .block = BUF_INIT(DAG_BLOCK_MAX) };
	struct cid root;
	int rc = 0;

	if (o->selector && (o->order != OPS_DAG_PRE || o->depth_max >= 0))
		rc = err_set(ERR_USAGE, "a selector goes with no order and no depth; it has its own");
	if (rc == 0)
		rc = unixfs_resolve(src, path, &root);
	if (rc == 0)
		rc = o->selector ? chosen(&w, &root) : o->order == OPS_DAG_WIDE ? wide(&w, &root) :
		     deep(&w, &root);
	idset_free(w.seen);
	free(w.level);
	buf_clear(&w.names);
	buf_clear(&w.rec);
	buf_clear(&w.block);
	return w.stop ? w.stop : rc;
}
