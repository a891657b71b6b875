/*
 * files_change.c - one transaction on the mutable files, and the edits it is made of.
 *
 * Under the lock of names/mfs: read the root, make the new blocks, commit them and set the root.  Whoever dies on
 * the way leaves the old root, and perhaps blocks nobody refers to.
 */
#include <stdlib.h>

#include "base/num.h"
#include "ops/files_priv.h"

enum { TRIES = 4 };

/* ---- blocks ---- */

int put_bytes(struct change *c, struct span bytes, const struct naming_as *as, struct cid *cid)
{
	struct dag_block b = { .cid = cid, .parts = { bytes }, .n_parts = 1, .src_fd = -1 };
	int rc = cid_sum(cid, as->version, CID_DAG_PB, as->hash, &bytes, 1);

	return rc < 0 ? rc : dag_put(store_sink(c->st), &b);
}

static int named_so(const struct cid *cid, const struct naming_as *as)
{
	struct mh mh;

	return cid->version == as->version && mh_decode(cid_mh(cid), &mh) == 0 && mh.code == as->hash;
}

int renamed(struct change *c, const struct cid *cid, const struct naming_as *as, struct cid *out)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	int rc = 0;

	*out = *cid;
	if (named_so(cid, as))
		return 0;
	rc = dag_get(&c->src.source, cid, &block);
	if (rc == 0)
		rc = put_bytes(c, buf_span(&block), as, out);
	buf_clear(&block);
	return rc;
}

/* ---- edits ---- */

/* The directories above the last of n names, dir[0] the root: n of them.  Gives. */
static int way(struct change *c, const struct fpath *p, size_t n, struct cid **dirs)
{
	struct cid *dir = calloc(n ? n : 1, sizeof *dir);
	struct fpath up = *p;
	struct fnode at;
	size_t found;
	int rc = dir ? 0 : err_nomem();

	up.n = n ? n - 1 : 0;
	if (rc == 0)
		rc = node_walk(&c->src.source, &c->root, &up, dir, &found, &at);
	if (rc == 1)
		rc = no_file();
	if (rc == 0 && n && !node_is_dir(&at))
		rc = not_a_dir(p, n - 1);
	if (rc == 0 && n)
		dir[n - 1] = at.cid;
	*dirs = dir;
	return rc;
}

/* `node` is what the entry of the last of n names is now; all above it follow */
static int climb(struct change *c, const struct fpath *p, size_t n, const struct cid *dir, struct unixfs_node node)
{
	struct unixfs_node up;
	int rc = 0;

	while (rc == 0 && n > 0) {
		n--;
		rc = unixfs_edit_put(c->b, &c->src.source, &dir[n], p->name[n], &node, &up);
		node = up;
	}
	if (rc == 0)
		c->root = node.cid;
	return rc;
}

int edit_put(struct change *c, const struct fpath *p, size_t n, const struct unixfs_node *node)
{
	struct cid *dir;
	int rc = way(c, p, n, &dir);

	if (rc == 0)
		rc = climb(c, p, n, dir, *node);
	free(dir);
	return rc;
}

int edit_put_in(struct change *c, const struct fpath *p, const struct cid *dirs, const struct unixfs_node *node)
{
	return climb(c, p, p->n, dirs, *node);
}

int edit_rm(struct change *c, const struct fpath *p, size_t n)
{
	struct unixfs_node node;
	struct cid *dir;
	int rc = way(c, p, n, &dir);

	if (rc == 0)
		rc = unixfs_edit_rm(c->b, &c->src.source, &dir[n - 1], p->name[n - 1], &node);
	if (rc == ERR_NOTFOUND && !strncmp(err_text(), "no link named", 13))
		rc = no_file();
	if (rc == 0)
		rc = climb(c, p, n - 1, dir, node);
	free(dir);
	return rc;
}

int edit_parent(struct change *c, const struct fpath *p, size_t n, struct fnode *dir)
{
	struct fpath up = *p;
	int rc;

	up.n = n;
	rc = node_at(&c->src.source, &c->root, &up, dir);
	return rc == 0 && !node_is_dir(dir) ? not_a_dir(p, n) : rc;
}

/* empty directories in each other, named after names from .. n-1 of the path; *node is the outermost */
static int nest(struct change *c, const struct fpath *p, size_t from, size_t n, const struct naming_as *as,
		struct unixfs_node *node)
{
	static const uint8_t empty[] = { 0x0a, 0x02, 0x08, 0x01 };
	struct unixfs_node outer;
	struct cid cid;
	int rc = put_bytes(c, span_of(empty, sizeof empty), as, &cid);

	*node = (struct unixfs_node){ cid, sizeof empty, 0, UNIXFS_DIRECTORY };
	while (rc == 0 && --n > from) {
		rc = unixfs_edit_put(c->b, &c->src.source, &cid, p->name[n], node, &outer);
		*node = outer;
	}
	return rc;
}

/* Kubo means to name what is in the way, and names what is above it */
static int was_no_dir(const struct fpath *p, size_t n)
{
	struct buf text = BUF_INIT(FILES_PATH_MAX);
	int rc = fpath_span(p, n, &text);

	if (rc == 0)
		rc = err_set(ERR_INVALID, "%s was not a directory", (char *)text.data);
	buf_clear(&text);
	return rc;
}

int edit_mkdir(struct change *c, const struct fpath *p, size_t n, int parents, const struct naming_as *as)
{
	struct unixfs_node node;
	struct fnode at;
	struct cid dir;
	size_t i;
	int rc = node_look(&c->src.source, &c->root, &at);

	for (i = 0; rc == 0 && i < n; i++) {
		if (!node_is_dir(&at))
			return was_no_dir(p, i);
		dir = at.cid;
		rc = node_child(&c->src.source, &dir, p->name[i], &at);
	}
	if (rc == 0 && n && (!parents || !node_is_dir(&at)))
		return err_set(ERR_EXISTS, "file already exists");
	if (rc == 0 || rc != ERR_NOTFOUND || strcmp(err_text(), "file does not exist"))
		return rc;
	if (i < n && !parents)
		return rc;			/* i counts the one that is not there, too */
	rc = nest(c, p, i - 1, n, as, &node);
	return rc < 0 ? rc : edit_put(c, p, i, &node);
}

/* ---- the transaction ---- */

int change_as(const struct ops_files *o, const struct naming_as *settings, struct naming_as *as)
{
	*as = *settings;
	if (o->cid_version == -1 && !o->hash)
		return 0;
	*as = (struct naming_as){ o->cid_version == -1 ? 0 : o->cid_version, MH_SHA2_256 };
	if (as->version < 0 || as->version > 1)
		return err_set(ERR_USAGE, "unknown CID version: %d", as->version);
	if (!o->hash)
		return 0;
	as->version = 1;
	if (mh_by_name(o->hash, &as->hash) < 0)
		return err_set(ERR_USAGE, "unrecognized hash function: \"%s\"", o->hash);
	return 0;
}

int change_prepare(struct change *c, struct store *st, const struct ops_files *o)
{
	struct naming_as as;
	int rc;

	*c = (struct change){ .st = st, .o = o };
	rc = files_settings(st, &c->opts);
	if (rc == 0)
		rc = unixfs_opts_finish(&c->opts, 0);
	c->root_as = (struct naming_as){ c->opts.cid_version, c->opts.hash };
	if (rc == 0)
		rc = change_as(c->o, &c->root_as, &as);
	if (rc == 0) {				/* is this hash to be had at all? */
		struct unixfs_opts asked = c->opts;

		asked.cid_version = as.version;
		asked.hash = as.hash;
		rc = unixfs_opts_finish(&asked, 0);
	}
	if (rc == 0)
		rc = files_source_init(&c->src, c->st, c->o->src);
	return rc < 0 ? rc : unixfs_builder_new(&c->b, &c->opts, store_sink(c->st), store_tmpdir(c->st));
}

void change_clear(struct change *c)
{
	files_source_clear(&c->src);
	unixfs_builder_free(c->b);
}

static int within_limit(const struct change *c)
{
	unsigned max = c->o->unflushed_max;

	if (c->o->flush || !max || c->m.unsynced < max)
		return 0;
	return err_set(ERR_LIMIT, "reached limit of %u unflushed MFS operations. To resolve: 1) run 'ipfs files "
		       "flush' to persist changes, 2) use --flush=true (default), or 3) increase "
		       "Internal.MFSNoFlushLimit in config", max);
}

static int has_quota(struct store *st)
{
	const char *text;
	uint64_t max;

	return config_get(store_config(st), "store.max", &text) == 0 && num_parse_size(text, &max) == 0 && max > 0;
}

/* The blocks, then the root: 0; 1: look again at what is not ours. */
static int settle(struct change *c)
{
	const uint64_t *sweeps = c->foreign ? &c->sweeps : NULL;
	struct cid root;
	int rc = renamed(c, &c->root, &c->root_as, &root);

	if (rc < 0)
		return rc;
	if (cid_equal(&root, c->m.root.len ? &c->m.root : &c->src.empty)) {
		store_rollback(c->st);
		return c->o->flush && c->m.unsynced ? pin_mfs_set(&c->m, &root, NULL, 1) : 0;
	}
	if (!c->grows || !has_quota(c->st))
		return pin_mfs_commit(&c->m, &root, sweeps, c->o->flush);
	rc = store_commit(c->st);		/* there must be room before there is a root */
	if (rc == 0)
		rc = pin_quota(c->st, &root);
	return rc < 0 ? rc : pin_mfs_set(&c->m, &root, sweeps, c->o->flush);
}

static int once(struct change *c, int tries, int (*fn)(struct change *c, void *arg), void *arg)
{
	int rc = pin_mfs_begin(c->st, &c->m), held;

	c->root = c->m.root.len ? c->m.root : c->src.empty;
	c->foreign = c->grows = 0;
	if (rc >= 0)
		rc = within_limit(c);
	/* something is deleted whenever we look: then nothing shall be (the locks always in this order) */
	if (rc == 0 && tries >= TRIES)
		rc = pin_hold(c->st);
	held = rc == 0 && tries >= TRIES;
	if (rc == 0)
		rc = fn(c, arg);
	if (rc == 0)
		rc = settle(c);
	if (rc < 0)
		store_rollback(c->st);
	if (held)
		pin_release(c->st);
	pin_mfs_end(&c->m);
	return rc;
}

int change_make(struct change *c, int (*fn)(struct change *c, void *arg), void *arg)
{
	int rc, tries = 0;

	do {
		rc = once(c, tries++, fn, arg);
	} while (rc == 1);
	if (c->foreign)
		store_protect(c->st, NULL);
	return rc;
}

int change(struct store *st, const struct ops_files *o, int (*fn)(struct change *c, void *arg), void *arg)
{
	struct change c;
	int rc = change_prepare(&c, st, o);

	if (rc == 0)
		rc = change_make(&c, fn, arg);
	change_clear(&c);
	return rc;
}
