/*
 * dag_diff.c - what changed between two DAGs: blocks beside blocks.
 * Pairs that differ wait in a stash, as segments of a stack: those found in a pair are compared right after it,
 * in order, then cut off.  So only one pair of blocks is in memory, however deep and wide the DAGs are.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/rd.h"
#include "ops/dag_diff_priv.h"

/* As many pairs in a row of which there is nothing to tell are a bomb: shards of shards without entries. */
enum { DIFF_PATH_MAX = 1024 * 1024, DIFF_IDLE_MAX = 65536 };

struct pair {
	enum pair_kind kind;
	struct cid from, to;
	struct span path;
};

struct frame {
	uint64_t rec;			/* the record of the pair */
	uint64_t start, next, end;	/* the pairs found in it */
	uint64_t told;			/* how much had been told before it */
};

/* ---- paths and telling ---- */

int diff_enter(struct diff *d, struct span segment, size_t *mark)
{
	int rc = 0;

	*mark = d->path.len;
	if (d->path.len)
		rc = buf_u8(&d->path, '/');
	if (rc == 0)
		rc = buf_add(&d->path, segment);
	if (rc < 0) {
		diff_leave(d, *mark);
		return err_add(rc, "path of a change");
	}
	return 0;
}

void diff_leave(struct diff *d, size_t mark)
{
	d->path.len = mark;
}

int diff_tell(struct diff *d, enum ops_dag_change_kind kind, struct ops_dag_side from,
	      struct ops_dag_side to)
{
	struct ops_dag_change c = { kind, buf_span(&d->path), from, to };

	int rc = d->o->fn(d->o->arg, &c);

	d->told++;
	d->idle = 0;
	d->stop |= rc > 0;
	return rc > 0 ? ERR_DIFFER : rc;
}

/* ---- what is added or removed with all below ---- */

struct whole {
	struct diff *d;
	enum ops_dag_change_kind kind;
};

static int tell_cid(struct diff *d, enum ops_dag_change_kind kind, const struct cid *cid)
{
	struct ops_dag_side one = { .cid = cid }, none = { 0 };

	return kind == OPS_DAG_ADDED ? diff_tell(d, kind, none, one) : diff_tell(d, kind, one, none);
}

static int in_whole(void *arg, const struct unixfs_visit *v)
{
	struct whole *w = arg;
	size_t mark;
	int rc = diff_enter(w->d, v->path, &mark);

	if (rc == 0) {
		rc = tell_cid(w->d, w->kind, &v->entry->cid);
		diff_leave(w->d, mark);
	}
	if (rc == 0 && v->rc < 0 && v->rc != ERR_INVALID && !(v->rc == ERR_NOTFOUND && w->d->o->missing))
		rc = v->rc;		/* what is no UnixFS has nothing below it here */
	return rc;
}

int diff_whole(struct diff *d, enum ops_dag_change_kind kind, const struct cid *cid)
{
	struct whole w = { d, kind };
	struct unixfs_tree t = { .recursive = 1, .fn = in_whole, .arg = &w };
	struct unixfs_stat st;
	int rc = tell_cid(d, kind, cid);

	if (rc != 0 || !d->o->deep || cid->codec != CID_DAG_PB)
		return rc;
	rc = unixfs_stat(d->src, cid, &st);
	if (rc == ERR_INVALID || (rc == ERR_NOTFOUND && d->o->missing))
		return 0;
	if (rc == 0 && unixfs_is_dir(st.type))
		rc = unixfs_tree(d->src, cid, &t);
	return rc;
}

/* ---- the stash ---- */

static int add_cid(struct buf *b, const struct cid *cid)
{
	int rc = buf_le16(b, cid->len);

	return rc < 0 ? rc : buf_add(b, cid_span(cid));
}

int diff_later(struct diff *d, enum pair_kind kind, const struct cid *from, const struct cid *to)
{
	struct buf rec = BUF_INIT(SIZE_MAX);
	int rc = buf_u8(&rec, kind);

	if (rc == 0)
		rc = add_cid(&rec, from);
	if (rc == 0)
		rc = add_cid(&rec, to);
	if (rc == 0)
		rc = buf_add(&rec, buf_span(&d->path));
	if (rc == 0)
		rc = stash_add(&d->work, buf_span(&rec));
	buf_clear(&rec);
	return rc;
}

static int get_pair(struct diff *d, uint64_t *at, struct pair *p)
{
	struct rd r;
	int rc = stash_get(&d->work, at, &d->rec);

	if (rc < 0)
		return rc;
	r = rd_from(buf_span(&d->rec));
	p->kind = rd_u8(&r);
	rc = cid_decode(rd_bytes(&r, rd_le16(&r)), &p->from);
	if (rc == 0)
		rc = cid_decode(rd_bytes(&r, rd_le16(&r)), &p->to);
	p->path = rd_rest(&r);
	return rc;
}

/* can there be more to say of it than that it is another? */
static int has_inside(const struct cid *cid)
{
	return cid->codec != CID_RAW && codec_can_decode(cid->codec);
}

int diff_links(struct diff *d, const struct cid *from, const struct cid *to)
{
	if (cid_equal(from, to))
		return 0;
	if (has_inside(from) && has_inside(to))
		return diff_later(d, PAIR_NODES, from, to);
	return diff_tell(d, OPS_DAG_CHANGED, (struct ops_dag_side){ .cid = from },
			 (struct ops_dag_side){ .cid = to });
}

/* ---- one pair ---- */

enum what { OTHER, DIR, HAMT, NODE };

/* one side of a pair; everything borrows from its block */
struct thing {
	enum what what;
	const struct cid *cid;
	struct pb_node pb;		/* DIR, HAMT */
	struct unixfs_data data;	/* of both, when is_unixfs */
	int is_unixfs;
};

/* every link of the node has a name, so that names tell what is what */
static int all_named(const struct pb_node *pb)
{
	struct pb_iter it = pb_links(pb);
	struct pb_link link;

	while (pb_next(&it, &link))
		if (link.name.len == 0)
			return 0;
	return pb->n_links > 0;
}

static int look(struct diff *d, const struct cid *cid, struct buf *block, struct thing *t)
{
	int rc;

	*t = (struct thing){ .what = NODE, .cid = cid };
	buf_reset(block);
	rc = dag_get(d->src, cid, block);
	if (rc < 0 || cid->codec != CID_DAG_PB)
		return rc;
	rc = pb_decode(buf_span(block), &t->pb);
	if (rc < 0)
		return rc;
	t->is_unixfs = t->pb.has_data && unixfs_decode(t->pb.data, &t->data) == 0;
	if (t->is_unixfs)
		t->what = t->data.type == UNIXFS_HAMT && t->data.fanout ? HAMT : t->data.type == UNIXFS_DIRECTORY ? DIR :
			  OTHER;
	else if (all_named(&t->pb))
		t->what = DIR;
	return 0;
}

static int meta_equal(const struct unixfs_meta *a, const struct unixfs_meta *b)
{
	return a->mode == b->mode && a->has_mtime == b->has_mtime && a->mtime == b->mtime &&
	       a->nsec == b->nsec;
}

/* the directories themselves, apart from what is in them */
static int tell_meta(struct diff *d, const struct thing *a, const struct thing *b)
{
	int same = a->is_unixfs && b->is_unixfs ? meta_equal(&a->data.meta, &b->data.meta) :
		   a->is_unixfs == b->is_unixfs && a->pb.has_data == b->pb.has_data &&
		   span_equal(a->pb.data, b->pb.data);

	return same ? 0 : diff_tell(d, OPS_DAG_CHANGED, (struct ops_dag_side){ .cid = a->cid },
				    (struct ops_dag_side){ .cid = b->cid });
}

static int dirs(struct diff *d, const struct thing *a, const struct thing *b, enum pair_kind kind)
{
	struct diff_dir from = { a->cid, &a->pb, a->what == HAMT ? a->data.fanout : 0 };
	struct diff_dir to = { b->cid, &b->pb, b->what == HAMT ? b->data.fanout : 0 };
	int rc = kind == PAIR_NODES ? tell_meta(d, a, b) : 0;

	if (rc != 0)
		return rc;
	if (from.fanout != to.fanout)
		return diff_mixed(d, &from, &to);
	return from.fanout ? diff_shards(d, &from, &to) : diff_named(d, &from, &to);
}

static int nodes(struct diff *d, const struct cid *from, const struct cid *to)
{
	struct node a = NODE_INIT, b = NODE_INIT;
	int rc = codec_decode(from->codec, buf_span(&d->a), 0, &a);

	if (rc == 0)
		rc = codec_decode(to->codec, buf_span(&d->b), 0, &b);
	if (rc == 0)
		rc = diff_values(d, &a, 0, &b, 0);
	node_clear(&a);
	node_clear(&b);
	return rc;
}

/* what is found of no kind that has parts is told, when the pair is left, as changed itself */
static int compare(struct diff *d, const struct pair *p)
{
	struct thing a, b;
	char text[CID_TEXT_MAX];
	int rc = look(d, &p->from, &d->a, &a);

	if (rc < 0)
		return rc == ERR_INVALID ? err_add(rc, "block %s", cid_text(&p->from, text)) : rc;
	rc = look(d, &p->to, &d->b, &b);
	if (rc < 0)
		return rc == ERR_INVALID ? err_add(rc, "block %s", cid_text(&p->to, text)) : rc;
	if ((a.what == DIR || a.what == HAMT) && (b.what == DIR || b.what == HAMT))
		return dirs(d, &a, &b, p->kind);
	return a.what == NODE && b.what == NODE ? nodes(d, &p->from, &p->to) : 0;
}

/* ---- the stack of pairs ---- */

static int push(struct diff *d, struct frame f)
{
	struct frame *grown;

	if (d->n == DAG_DEPTH_MAX)
		return err_set(ERR_LIMIT, "more than %d levels of blocks", DAG_DEPTH_MAX);
	if (d->n == d->cap) {
		d->cap = d->cap ? 2 * d->cap : 16;
		grown = realloc(d->frame, (size_t)d->cap * sizeof *grown);
		if (!grown)
			return err_nomem();
		d->frame = grown;
	}
	d->frame[d->n++] = f;
	return 0;
}

static int set_path(struct diff *d, struct span path)
{
	buf_reset(&d->path);
	return buf_add(&d->path, path);
}

/* compare the next pair of the deepest frame, and go into it */
static int descend(struct diff *d, struct frame *f)
{
	struct frame below = { .rec = f->next, .start = stash_end(&d->work), .told = d->told };
	struct pair p;
	int rc = get_pair(d, &f->next, &p);

	if (rc == 0)
		rc = set_path(d, p.path);
	if (rc == 0 && ++d->idle > DIFF_IDLE_MAX)
		rc = err_set(ERR_LIMIT, "more than %d pairs of blocks in a row without a change in them",
			     DIFF_IDLE_MAX);
	if (rc == 0)
		rc = compare(d, &p);
	if (rc == ERR_NOTFOUND && d->o->missing)
		rc = 0;
	below.next = below.start;
	below.end = stash_end(&d->work);
	return rc < 0 ? rc : push(d, below);
}

/* everything in the deepest pair was compared */
static int ascend(struct diff *d, struct frame *f)
{
	uint64_t at = f->rec;
	struct pair p;
	int rc = f->told == d->told ? get_pair(d, &at, &p) : 1;

	if (rc == 0 && p.kind == PAIR_NODES) {
		rc = set_path(d, p.path);
		if (rc == 0)
			rc = diff_tell(d, OPS_DAG_CHANGED, (struct ops_dag_side){ .cid = &p.from },
				       (struct ops_dag_side){ .cid = &p.to });
	}
	stash_cut(&d->work, f->start);
	d->n--;
	return rc < 0 ? rc : 0;
}

static int run(struct diff *d, const struct cid *from, const struct cid *to)
{
	int rc = diff_links(d, from, to);

	if (rc == 0)
		rc = push(d, (struct frame){ .end = stash_end(&d->work) });
	while (rc == 0 && d->n) {
		struct frame *f = &d->frame[d->n - 1];

		if (f->next < f->end)
			rc = descend(d, f);
		else if (d->n > 1)
			rc = ascend(d, f);
		else
			break;
	}
	return rc;
}

int ops_dag_diff(struct dag_source *src, const char *from, const char *to, const struct ops_dag_diff *o)
{
	struct diff d = { .o = o, .src = src, .path = BUF_INIT(DIFF_PATH_MAX), .rec = BUF_INIT(SIZE_MAX),
			  .a = BUF_INIT(DAG_BLOCK_MAX), .b = BUF_INIT(DAG_BLOCK_MAX) };
	struct cid a, b;
	int rc = unixfs_resolve(src, from, &a);

	if (rc < 0)
		return err_add(rc, "%s", from);
	rc = unixfs_resolve(src, to, &b);
	if (rc < 0)
		return err_add(rc, "%s", to);
	stash_init(&d.work, o->tmpdir);
	rc = run(&d, &a, &b);
	stash_clear(&d.work);
	free(d.frame);
	buf_clear(&d.path);
	buf_clear(&d.rec);
	buf_clear(&d.a);
	buf_clear(&d.b);
	return d.stop || (rc == 0 && d.told) ? 1 : rc;
}
