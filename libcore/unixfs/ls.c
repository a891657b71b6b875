/* ls.c - the entries of directories, basic and HAMT, and of all directories below */
#include <stdlib.h>

#include "base/err.h"
#include "unixfs/read_priv.h"

enum { PATH_MAX_BYTES = 1024 * 1024, HASH_BITS = 64 };

/* beside each level of the stack: what its block is */
struct place {
	int hamt;
	int bits;		/* of the hash used up to here, this shard included */
	size_t prefix;		/* characters of a slot in link names */
	size_t path;		/* length of the path of this directory */
	int depth;		/* of its entries; 1: the root's */
	int top;		/* the first block of its directory */
};

struct ls {
	struct dag_source *src;
	const struct unixfs_tree *t;
	struct dag_stack stack;
	struct place *place;
	int cap;
	struct buf block, path;
	int idle;		/* blocks since the last entry */
};

/* the block in ls->block, decoded as n, becomes the place we are at */
static int enter(struct ls *ls, const struct cid *cid, const struct read_node *n, struct place at)
{
	struct pb_iter it = pb_links(&n->pb);
	struct dag_level *l;
	struct shard shard;
	size_t end = it.rest.len;
	int rc;

	at.hamt = n->data.type == UNIXFS_HAMT;
	if (at.hamt) {
		rc = shard_open(n, &shard);
		if (rc < 0)
			return rc;
		at.prefix = shard.prefix;
		at.bits += shard.bits;
		if (at.bits > HASH_BITS)
			return err_set(ERR_INVALID, "sharded directory too deep");
	} else if (n->data.type != UNIXFS_DIRECTORY) {
		return err_set(ERR_INVALID, "this dag node is not a directory");
	}
	if (++ls->idle > READ_IDLE_MAX)
		return err_set(ERR_LIMIT, "more than %d directory blocks in a row without an entry",
			       READ_IDLE_MAX);
	if (ls->stack.n == ls->cap) {
		int cap = ls->cap ? 2 * ls->cap : 8;
		struct place *p = realloc(ls->place, (size_t)cap * sizeof *p);

		if (!p)
			return err_nomem();
		ls->place = p;
		ls->cap = cap;
	}
	ls->place[ls->stack.n] = at;
	rc = dag_stack_push(&ls->stack, cid, &ls->block);
	if (rc < 0)
		return rc;
	l = &ls->stack.level[ls->stack.n - 1];
	l->pos = 0;
	l->end = end;
	return 0;
}

static int enter_shard(struct ls *ls, const struct cid *cid)
{
	struct place at = ls->place[ls->stack.n - 1];
	struct read_node n;
	char text[CID_TEXT_MAX];
	int rc = read_get(ls->src, cid, &ls->block, &n);

	at.top = 0;
	if (rc == 0 && n.data.type != UNIXFS_HAMT)
		rc = err_set(ERR_INVALID, "node was not a dir shard");
	if (rc == 0)
		rc = enter(ls, cid, &n, at);
	return rc == ERR_INVALID ? err_add(rc, "block %s", cid_text(cid, text)) : rc;
}

/* the path of an entry below the directory at `at` */
static int make_path(struct ls *ls, const struct place *at, struct span name, struct span *path)
{
	int rc = 0;

	if (at->path == 0 && !ls->t->recursive) {	/* no need for a copy */
		*path = name;
		return 0;
	}
	ls->path.len = at->path;
	if (at->path)
		rc = buf_str(&ls->path, "/");
	if (rc == 0)
		rc = buf_add(&ls->path, name);
	if (rc < 0)
		return err_add(rc, "path of an entry");
	*path = buf_span(&ls->path);
	return 0;
}

/* look at the entry's own block; with a dag-pb one *n and ls->block hold it */
static int look(struct ls *ls, const struct cid *cid, struct read_node *n, struct unixfs_stat *st)
{
	int rc;

	if (cid->codec != CID_DAG_PB)
		return unixfs_stat(ls->src, cid, st);
	rc = read_get(ls->src, cid, &ls->block, n);
	if (rc == 0)
		read_stat(n, st);
	return rc;
}

static int tell(struct ls *ls, const struct unixfs_dirent *e)
{
	struct place at = ls->place[ls->stack.n - 1];
	struct unixfs_visit v = { .entry = e, .depth = at.depth };
	int looked = ls->t->want_stat || ls->t->recursive;
	struct unixfs_stat st;
	struct read_node n;
	int rc;

	ls->idle = 0;
	rc = make_path(ls, &at, e->name, &v.path);
	if (rc < 0)
		return rc;
	if (looked) {
		v.rc = look(ls, &e->cid, &n, &st);
		if (v.rc == 0)
			v.stat = &st;
		if (v.rc == 0 && st.type == UNIXFS_SYMLINK)
			v.target = n.data.data;
	}
	rc = ls->t->fn(ls->t->arg, &v);
	if (rc < 0)
		return rc;
	if (rc > 0 || !ls->t->recursive || !v.stat || !unixfs_is_dir(st.type))
		return 0;
	at = (struct place){ .path = ls->path.len, .depth = at.depth + 1, .top = 1 };
	return enter(ls, &e->cid, &n, at);
}

/* the next link of the deepest block: an entry, a shard, or the end */
static int step(struct ls *ls, struct dag_level *l)
{
	struct place *at = &ls->place[ls->stack.n - 1];
	struct unixfs_dirent e;
	struct pb_link link;
	struct pb_iter it;
	int rc, left;

	if (l->end > l->block.len)
		return err_set(ERR_CORRUPT, "a block changed while it was read");
	it.rest = span_of(l->block.data + l->pos, l->end - l->pos);
	if (!pb_next(&it, &link)) {
		left = at->top && ls->stack.n > 1;
		dag_stack_pop(&ls->stack);
		return left && ls->t->leave ? ls->t->leave(ls->t->arg) : 0;
	}
	l->pos = l->end - it.rest.len;
	rc = cid_decode(link.hash, &e.cid);
	if (rc < 0)
		return rc;
	e.tsize = link.tsize;
	if (at->hamt && link.name.len < at->prefix)
		return err_set(ERR_INVALID, "invalid link name '%.*s'", (int)link.name.len,
			       (const char *)link.name.p);
	if (at->hamt && link.name.len == at->prefix)
		return enter_shard(ls, &e.cid);
	e.name = link.name;
	if (at->hamt)
		e.name = span_of(link.name.p + at->prefix, link.name.len - at->prefix);
	return tell(ls, &e);
}

int unixfs_tree(struct dag_source *src, const struct cid *dir, const struct unixfs_tree *t)
{
	struct ls ls = { .src = src, .t = t, .block = BUF_INIT(DAG_BLOCK_MAX),
			 .path = BUF_INIT(PATH_MAX_BYTES) };
	struct dag_level *l;
	struct read_node n;
	int rc;

	dag_stack_init(&ls.stack, src);
	if (dir->codec == CID_RAW)
		rc = err_set(ERR_INVALID, "this dag node is not a directory");
	else
		rc = read_get(src, dir, &ls.block, &n);
	if (rc == 0)
		rc = enter(&ls, dir, &n, (struct place){ .depth = 1, .top = 1 });
	while (rc == 0) {
		rc = dag_stack_top(&ls.stack, &l);
		if (rc <= 0)
			break;
		rc = step(&ls, l);
	}
	dag_stack_clear(&ls.stack);
	free(ls.place);
	buf_clear(&ls.block);
	buf_clear(&ls.path);
	return rc;
}

/* ---- the plain form ---- */

struct plain {
	int (*fn)(void *arg, const struct unixfs_dirent *e);
	void *arg;
	int stop;
};

static int plain_entry(void *arg, const struct unixfs_visit *v)
{
	struct plain *p = arg;

	p->stop = p->fn(p->arg, v->entry);
	return p->stop ? ERR_INTERRUPTED : 0;
}

int unixfs_ls(struct dag_source *src, const struct cid *dir,
	      int (*fn)(void *arg, const struct unixfs_dirent *e), void *arg)
{
	struct plain p = { fn, arg, 0 };
	struct unixfs_tree t = { .fn = plain_entry, .arg = &p };
	int rc = unixfs_tree(src, dir, &t);

	return p.stop ? p.stop : rc;
}
