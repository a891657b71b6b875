/* files_verbs.c - what changes the mutable files without looking into any of them */
#include <stdlib.h>

#include "base/rd.h"
#include "ops/files_priv.h"
#include "ops/read.h"

/* ---- mkdir ---- */

struct make {
	struct fpath p;
	struct naming_as as;
};

static int mkdir_fn(struct change *c, void *arg)
{
	struct make *m = arg;
	int rc = change_as(c->o, &c->root_as, &m->as);

	return rc < 0 ? rc : edit_mkdir(c, &m->p, m->p.n, c->o->parents, &m->as);
}

int ops_files_mkdir(struct store *st, const char *path, const struct ops_files *o)
{
	struct make m;
	int rc = fpath_parse(&m.p, path);

	if (rc == 0 && m.p.n == 0)
		rc = o->parents ? 0 : err_set(ERR_EXISTS, "cannot create directory '/': Already exists");
	else if (rc == 0)
		rc = change(st, o, mkdir_fn, &m);
	fpath_clear(&m.p);
	return rc;
}

/* ---- cp ---- */

struct copy {
	const char *source;
	int content;
	struct fpath from, to;
	struct fnode node;
};

/* Content from outside is not below the root yet: announced, and seen after that, as the pin of what is here. */
static int find_content(struct change *c, struct copy *cp)
{
	struct cid cid;
	int rc = unixfs_resolve(&c->src.source, cp->source, &cid);

	c->foreign = 1;
	if (rc == 0)
		rc = store_protect(c->st, &cid);
	if (rc == 0)
		rc = store_sweeps(c->st, &c->sweeps);
	files_source_clear(&c->src);		/* what is seen from now on is there */
	if (rc == 0)
		rc = unixfs_resolve(&c->src.source, cp->source, &cid);
	cp->node.cid = cid;
	return rc;
}

static const char not_unixfs[] = "cp: source must be a valid UnixFS (dag-pb or raw codec)";

static int find_source(struct change *c, struct copy *cp)
{
	const char *shown = cp->content ? cp->source : fpath_text(&cp->from);
	struct cid cid;
	int rc = cp->content ? find_content(c, cp) : node_at(&c->src.source, &c->root, &cp->from, &cp->node);

	cid = cp->node.cid;
	if (rc == 0 && cid.codec != CID_RAW && cid.codec != CID_DAG_PB) {
		rc = dag_has(&c->src.source, &cid);
		if (rc == 1)
			return err_set(ERR_INVALID, "%s", not_unixfs);
		rc = rc < 0 ? rc : err_set(ERR_NOTFOUND, "block was not found locally (offline)");
	}
	if (rc == 0 && cp->content)
		rc = node_look(&c->src.source, &cid, &cp->node);
	if (rc == ERR_INVALID && cid.codec == CID_DAG_PB && cp->content)
		return err_add(rc, "%s", not_unixfs);
	return rc < 0 ? err_add(rc, "cp: cannot get node from path %s", shown) : 0;
}

/* force: a file in the way goes, before the new one comes, as in Kubo */
static int unlink_file(struct change *c, const struct fpath *p)
{
	struct fnode dir, old;
	int rc = edit_parent(c, p, p->n - 1, &dir);

	if (rc == ERR_NOTFOUND)
		return 0;
	if (rc == 0 && node_child(&c->src.source, &dir.cid, p->name[p->n - 1], &old) < 0)
		return 0;
	if (rc == 0 && node_is_dir(&old))
		rc = err_set(ERR_INVALID, "not a file: %s", fpath_text(p));
	if (rc == 0)
		rc = edit_rm(c, p, p->n);
	return rc < 0 ? err_add(rc, "cp: cannot unlink existing file") : 0;
}

/* a new entry at the end of p */
static int add_child(struct change *c, const struct fpath *p, const struct fnode *node)
{
	struct unixfs_node n = node_of(node);
	struct fnode dir, old;
	int rc;

	if (p->n == 0)
		return err_set(ERR_INVALID, "cannot create file with empty name");
	rc = edit_parent(c, p, p->n - 1, &dir);
	if (rc < 0)
		return rc;
	rc = node_child(&c->src.source, &dir.cid, p->name[p->n - 1], &old);
	if (rc == 0)
		return err_set(ERR_EXISTS, "directory already has entry by that name");
	return rc == ERR_NOTFOUND && !strcmp(err_text(), "file does not exist") ? edit_put(c, p, p->n, &n) : rc;
}

static int cp_fn(struct change *c, void *arg)
{
	struct copy *cp = arg;
	struct naming_as as;
	int rc = change_as(c->o, &c->root_as, &as);

	if (rc == 0)
		rc = find_source(c, cp);
	if (rc == 0 && c->o->parents && cp->to.n > 1)
		rc = edit_mkdir(c, &cp->to, cp->to.n - 1, 1, &as);
	if (rc == 0 && c->o->force && cp->to.n)
		rc = unlink_file(c, &cp->to);
	if (rc < 0)
		return rc;
	rc = add_child(c, &cp->to, &cp->node);
	return rc < 0 ? err_add(rc, "cp: cannot put node in path %s", fpath_text(&cp->to)) : 0;
}

/* the last part of a path of content: of "/ipfs/CID" that is the CID */
static struct span base_name(const char *path)
{
	size_t len = strlen(path), at;

	while (len && path[len - 1] == '/')
		len--;
	for (at = len; at && path[at - 1] != '/' && path[at - 1] != ':'; at--)
		;
	return span_of(path + at, len - at);
}

int ops_files_cp(struct store *st, const char *source, const char *dest, const struct ops_files *o)
{
	struct copy cp = { .source = source };
	struct dag_path dp = { .rest = NULL };
	int rc;

	cp.content = is_content(source) && dag_path_parse(&dp, source) == 0;
	if (cp.content)
		dag_path_clear(&dp);
	rc = fpath_parse(&cp.from, cp.content ? "/" : source);
	if (rc == 0)
		rc = fpath_parse(&cp.to, dest);
	else
		cp.to = (struct fpath){ .n = 0 };
	if (rc == 0 && (cp.to.slash || cp.to.n == 0) && (cp.content || cp.from.n))
		rc = fpath_add(&cp.to, cp.content ? base_name(source) : cp.from.name[cp.from.n - 1]);
	if (rc == 0)
		rc = change(st, o, cp_fn, &cp);
	fpath_clear(&cp.from);
	fpath_clear(&cp.to);
	return rc;
}

/* ---- mv ---- */

struct move {
	struct fpath from, to;
};

/* everything that is below `from` is below the first n names of p */
static int is_below(const struct fpath *p, const struct fpath *from)
{
	size_t i;

	for (i = 0; i < from->n && i < p->n; i++)
		if (!span_equal(p->name[i], from->name[i]))
			return 0;
	return i == from->n;
}

static int mv_fn(struct change *c, void *arg)
{
	struct move *m = arg;
	struct fpath *to = &m->to, *from = &m->from, into = { .text = BUF_INIT(FILES_PATH_MAX) };
	struct span name = from->n ? from->name[from->n - 1] : span_of("", 0);
	struct fnode dir, node, old;
	int rc;

	if (from->n == 0 || from->slash)
		return no_file();		/* as Kubo: the empty name in it */
	rc = fpath_parse(&into, fpath_text(to));
	if (rc == 0 && (into.slash || into.n == 0))
		rc = fpath_add(&into, name);
	if (rc == 0)
		rc = edit_parent(c, &into, into.n - 1, &dir);
	if (rc == 0)
		rc = edit_parent(c, from, from->n - 1, &node);
	if (rc == 0)
		rc = node_at(&c->src.source, &c->root, from, &node);
	if (rc < 0)
		goto out;
	rc = node_child(&c->src.source, &dir.cid, into.name[into.n - 1], &old);
	if (rc == 0 && node_is_dir(&old)) {
		rc = fpath_add(&into, name);
	} else if (rc == 0) {
		if (into.n == from->n && is_below(&into, from))
			goto out;		/* onto itself */
		rc = edit_rm(c, &into, into.n);
	} else if (rc == ERR_NOTFOUND) {
		rc = 0;
	}
	if (rc == 0 && node_is_dir(&node) && is_below(&into, from))
		rc = err_set(ERR_INVALID, "cannot move '%s' into itself", fpath_text(from));
	if (rc == 0)
		rc = add_child(c, &into, &node);
	if (rc == 0)
		rc = edit_rm(c, from, from->n);
out:
	fpath_clear(&into);
	return rc;
}

int ops_files_mv(struct store *st, const char *source, const char *dest, const struct ops_files *o)
{
	struct move m = { .to = { .n = 0 } };
	int rc = fpath_parse(&m.from, source);

	if (rc == 0)
		rc = fpath_parse(&m.to, dest);
	if (rc == 0)
		rc = change(st, o, mv_fn, &m);
	fpath_clear(&m.from);
	fpath_clear(&m.to);
	return rc;
}

/* ---- rm ---- */

struct remove {
	const char *const *paths;
	size_t n;
	struct buf failed;		/* what stays, to be told when the lock is gone: code, number, length, message with its NUL */
};

static int rm_one(struct change *c, const struct fpath *p)
{
	struct fnode dir, node;
	int rc;

	if (p->n == 0)
		return err_set(ERR_USAGE, "cannot delete root");
	rc = edit_parent(c, p, p->n - 1, &dir);
	if (rc == 0 && !c->o->force) {
		rc = node_child(&c->src.source, &dir.cid, p->name[p->n - 1], &node);
		if (rc == 0 && node_is_dir(&node) && !c->o->recursive)
			rc = err_set(ERR_USAGE, "path is a directory, use -r to remove directories");
	}
	if (rc == 0)
		rc = edit_rm(c, p, p->n);
	return c->o->force && rc == ERR_NOTFOUND && !strcmp(err_text(), "file does not exist") ? 0 : rc;
}

static int rm_fn(struct change *c, void *arg)
{
	struct remove *r = arg;
	struct fpath p;
	size_t i;
	int rc;

	buf_reset(&r->failed);
	for (rc = 0, i = 0; rc == 0 && i < r->n; i++) {
		rc = fpath_parse(&p, r->paths[i]);
		if (rc < 0)
			err_add(rc, "%s is not a valid path", r->paths[i]);
		if (rc == 0) {
			rc = rm_one(c, &p);
			if (rc < 0)
				err_add(rc, "%s", fpath_text(&p));
		}
		fpath_clear(&p);
		if (rc == ERR_NOMEM || rc == ERR_NOSPACE || rc == ERR_IO)
			return rc;
		if (rc < 0) {
			rc = buf_le32(&r->failed, (uint32_t)-rc);
			if (rc == 0)
				rc = buf_le64(&r->failed, i);
			if (rc == 0)
				rc = buf_le64(&r->failed, strlen(err_text()) + 1);
			if (rc == 0)
				rc = buf_bytes(&r->failed, err_text(), strlen(err_text()) + 1);
		}
	}
	return rc;
}

static int tell_failed(const struct remove *r, int (*failed)(void *arg, const char *path, int rc), void *arg)
{
	struct rd in = rd_from(buf_span(&r->failed));
	const char *text;
	uint64_t i;
	int code, rc = 0;

	while (rc == 0 && in.left) {
		code = -(int)rd_le32(&in);
		i = rd_le64(&in);
		text = (const char *)rd_bytes(&in, rd_le64(&in)).p;
		err_set(code, "%s", text);
		if (failed && failed(arg, r->paths[i], code))
			rc = err_set(ERR_INTERRUPTED, "stopped");
	}
	return rc;
}

int ops_files_rm(struct store *st, const char *const *paths, size_t n, const struct ops_files *o,
		 int (*failed)(void *arg, const char *path, int rc), void *arg)
{
	struct remove r = { paths, n, BUF_INIT(SIZE_MAX) };
	int rc;

	if (!o->flush)
		return err_set(ERR_USAGE, "files rm always flushes for safety. The --flush flag cannot be set to "
			       "false for this command");
	rc = change(st, o, rm_fn, &r);
	if (rc == 0)
		rc = tell_failed(&r, failed, arg);
	if (rc == 0 && r.failed.len)
		rc = err_set(ERR_DIFFER, "can't remove some files");
	buf_clear(&r.failed);
	return rc;
}

/* ---- flush, chcid ---- */

static int sync_root(struct store *st)
{
	struct pin_mfs m;
	int rc = pin_mfs_get(st, &m);

	if (rc < 0 || m.unsynced == 0)
		return rc < 0 ? rc : 0;
	rc = pin_mfs_begin(st, &m);
	if (rc >= 0 && m.unsynced)
		rc = pin_mfs_set(&m, &m.root, NULL, 2);
	pin_mfs_end(&m);
	return rc < 0 ? rc : 0;
}

int ops_files_flush(struct store *st, const char *path, struct cid *cid)
{
	struct fnode node = { .st = { .size = 0 } };
	struct fpath p;
	int rc = fpath_loose(&p, path);

	if (rc == 0)
		rc = files_find(st, &p, &node);
	if (rc == 0)
		rc = sync_root(st);
	fpath_clear(&p);
	*cid = node.cid;
	return rc;
}

static int chcid_fn(struct change *c, void *arg)
{
	struct fpath *p = arg;
	struct unixfs_node node;
	struct naming_as as;
	struct fnode at;
	int rc = node_at(&c->src.source, &c->root, p, &at);

	if (rc < 0 || (c->o->cid_version < 0 && !c->o->hash))
		return rc;
	if (!node_is_dir(&at))
		return err_set(ERR_USAGE, "can only update directories");
	rc = change_as(c->o, &c->root_as, &as);
	node = node_of(&at);
	if (rc == 0)
		rc = renamed(c, &at.cid, &as, &node.cid);
	return rc < 0 ? rc : edit_put(c, p, p->n, &node);
}

int ops_files_chcid(struct store *st, const char *path, const struct ops_files *o)
{
	struct fpath p;
	int rc = fpath_loose(&p, path);

	if (rc == 0 && p.n == 0)
		rc = err_set(ERR_USAGE, "cannot change CID format of the MFS root; use 'ipfs config Import.CidVersion' "
			     "and 'ipfs config Import.HashFunction' instead");
	if (rc == 0)
		rc = change(st, o, chcid_fn, &p);
	fpath_clear(&p);
	return rc;
}

/* ---- the end of an add ---- */

struct linked {
	struct cid cid;
	struct span name;
	struct fpath to;
	unsigned n;
};

static int link_fn(struct change *c, void *arg)
{
	struct linked *l = arg;
	struct fpath to = { .text = BUF_INIT(FILES_PATH_MAX) };
	int into = l->to.slash || l->to.n == 0, rc;
	struct fnode dir, node;
	const char *dest = fpath_text(&l->to);

	rc = node_at(&c->src.source, &c->root, &l->to, &dir);
	if (into && rc < 0)
		return err_add(rc, "to-files: MFS destination directory \"%s\" does not exist", dest);
	if (into && !node_is_dir(&dir))
		return err_set(ERR_INVALID, "to-files: MFS destination \"%s\" is not a directory", dest);
	rc = fpath_parse(&to, dest);
	if (rc == 0 && into)
		rc = fpath_add(&to, l->name);
	if (rc == 0 && l->n && !into)
		rc = err_set(ERR_EXISTS, "to-files: MFS destination is a file: only one entry can be copied to \"%s\"",
			     dest);
	if (rc == 0) {
		const char *whole = fpath_text(&to), *slash = strrchr(whole, '/');

		rc = edit_parent(c, &to, to.n - 1, &dir);
		if (rc < 0)
			err_add(rc, "to-files: MFS destination parent \"%s\" \"%.*s\" does not exist", whole,
				slash > whole ? (int)(slash - whole) : 1, whole);
	}
	c->foreign = 1;				/* the add may have been another handle's */
	if (rc == 0)
		rc = store_protect(c->st, &l->cid);
	if (rc == 0)
		rc = store_sweeps(c->st, &c->sweeps);
	files_source_clear(&c->src);
	if (rc == 0)
		rc = node_look(&c->src.source, &l->cid, &node);
	if (rc == 0) {
		rc = add_child(c, &to, &node);
		if (rc < 0)
			err_add(rc, "to-files: cannot put node in path \"%s\"", fpath_text(&to));
	}
	fpath_clear(&to);
	return rc;
}

int ops_files_link(struct store *st, const struct cid *cid, const char *name, const char *dest, unsigned *n,
		   const struct ops_files *o)
{
	struct linked l = { .cid = *cid, .name = base_name(name), .n = *n };
	int rc;

	if (!l.name.len)
		return err_set(ERR_USAGE, "to-files: cannot add unnamed files to MFS");
	rc = fpath_parse(&l.to, *dest ? dest : "/");
	if (rc < 0)
		err_add(rc, "to-files");
	if (rc == 0)
		rc = change(st, o, link_fn, &l);
	if (rc == 0)
		++*n;
	fpath_clear(&l.to);
	return rc;
}

/* ---- another root ---- */

int ops_files_chroot(struct store *st, const struct cid *root, struct cid *old, const struct ops_files *o)
{
	struct files_source src;
	struct fnode node;
	struct pin_mfs m;
	uint64_t sweeps;
	int rc = files_source_init(&src, st, o->src), tries;

	if (rc == 0)
		rc = root ? store_protect(st, root) : 0;
	for (rc = rc < 0 ? rc : 1, tries = 0; rc == 1 && tries < 5; tries++) {
		rc = store_sweeps(st, &sweeps);
		files_source_clear(&src);
		if (rc == 0 && root)
			rc = node_look(&src.source, root, &node);
		if (rc == 0 && root && !node_is_dir(&node))
			rc = err_set(ERR_INVALID, "new root must be a directory, got %s",
				     ops_type_name(node.st.type));
		if (rc < 0)
			break;
		rc = pin_mfs_begin(st, &m);
		*old = m.root;
		if (rc >= 0)
			rc = pin_mfs_set(&m, root ? root : &src.empty, &sweeps, o->flush);
		pin_mfs_end(&m);
	}
	files_source_clear(&src);
	if (root)
		store_protect(st, NULL);
	return rc == 1 ? err_set(ERR_BUSY, "blocks are deleted all the time; try again") : rc;
}
