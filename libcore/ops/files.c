/* files.c - looking at the mutable files: their root, nodes, listing, reading */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "ops/add.h"
#include "ops/files_priv.h"

enum { LOOKS = 64, NAP_MS = 32, LOCAL_MAX = 16 * 1024 * 1024 };

static const uint8_t empty_dir[] = { 0x0a, 0x02, 0x08, 0x01 };

void ops_files_init(struct ops_files *o)
{
	*o = (struct ops_files){ .flush = 1, .cid_version = -1, .raw_leaves = -1 };
}

int ops_files_set(struct ops_files *o, const char *text)
{
	struct unixfs_opts dag;
	const char *eq = strchr(text, '=');
	char key[16] = "";
	int rc;

	if (eq && (size_t)(eq - text) < sizeof key)
		memcpy(key, text, (size_t)(eq - text));
	if (!eq || (strcmp(key, "cid-version") && strcmp(key, "hash") && strcmp(key, "raw-leaves")))
		return err_set(ERR_USAGE, "'%s' is not cid-version=, hash= or raw-leaves=", text);
	unixfs_opts_init(&dag);
	rc = unixfs_opts_set(&dag, key, eq + 1);
	if (rc < 0)
		return rc;
	if (*key == 'h')
		o->hash = eq + 1;
	else if (*key == 'c')
		o->cid_version = dag.cid_version;
	else
		o->raw_leaves = dag.raw_leaves;
	return 0;
}

int no_file(void)
{
	return err_set(ERR_NOTFOUND, "file does not exist");
}

/* ---- settings, and the root ---- */

int files_settings(struct store *st, struct unixfs_opts *o)
{
	struct ops_add add;
	int rc;

	ops_add_init(&add);
	rc = ops_add_config(&add, store_config(st));
	*o = add.dag;
	o->inline_limit = 0;
	o->max_links = 174;			/* reference section 15.2: whatever the settings say */
	o->trickle = 1;
	if (o->hash != MH_SHA2_256 || o->cid_version < 0)
		o->cid_version = o->hash != MH_SHA2_256;
	return rc;
}

struct span files_empty_file(void)
{
	static const uint8_t bytes[] = { 0x0a, 0x04, 0x08, 0x02, 0x18, 0x00 };

	return span_of(bytes, sizeof bytes);
}

static int is_empty(const struct files_source *s, const struct cid *cid)
{
	return cid->codec == CID_DAG_PB && span_equal(cid_mh(cid), cid_mh(&s->empty));
}

/* a block was read: `n` bytes at the end of out; without memory it is not kept */
static void keep(struct files_source *s, const struct cid *cid, const struct buf *out, size_t n)
{
	struct buf block = BUF_INIT(KEPT_MAX);

	if (n == 0 || n > KEPT_MAX || buf_bytes(&block, out->data + out->len - n, n) < 0)
		return;
	buf_clear(&s->kept[s->next].block);
	s->kept[s->next].block = block;
	s->kept[s->next].cid = *cid;
	s->next = (s->next + 1) % KEPT;
}

static int source_get(struct dag_source *src, const struct cid *cid, struct buf *out)
{
	struct files_source *s = (struct files_source *)(void *)src;
	size_t had = out->len, i;
	int rc;

	if (s->file.len && cid_equal(&s->file, cid))
		return buf_add(out, files_empty_file());
	for (i = 0; i < KEPT; i++)
		if (s->kept[i].block.len && cid_equal(&s->kept[i].cid, cid))
			return buf_add(out, buf_span(&s->kept[i].block));
	rc = s->under->get(s->under, cid, out);
	if (rc == 0 && cid->codec == CID_DAG_PB)
		keep(s, cid, out, out->len - had);
	return rc == ERR_NOTFOUND && is_empty(s, cid) ? buf_bytes(out, empty_dir, sizeof empty_dir) : rc;
}

void files_source_clear(struct files_source *s)
{
	size_t i;

	for (i = 0; i < KEPT; i++)
		buf_clear(&s->kept[i].block);
}

static int source_has(struct dag_source *src, const struct cid *cid)
{
	struct files_source *s = (struct files_source *)(void *)src;
	int rc = s->under->has(s->under, cid);

	return rc == 0 ? is_empty(s, cid) : rc;
}

static int source_size(struct dag_source *src, const struct cid *cid, uint64_t *len)
{
	struct files_source *s = (struct files_source *)(void *)src;
	int rc = s->under->size(s->under, cid, len);

	if (rc != ERR_NOTFOUND || !is_empty(s, cid))
		return rc;
	*len = sizeof empty_dir;
	return 0;
}

static int source_extent(struct dag_source *src, const struct cid *cid, struct piece *p)
{
	struct files_source *s = (struct files_source *)(void *)src;
	int rc = s->under->extent ? s->under->extent(s->under, cid, p) : 0;

	return rc == ERR_NOTFOUND && is_empty(s, cid) ? 0 : rc;
}

int files_source_init(struct files_source *s, struct store *st, struct dag_source *under)
{
	struct span bytes = span_of(empty_dir, sizeof empty_dir);
	struct unixfs_opts o;
	int rc = files_settings(st, &o);

	*s = (struct files_source){ .source = { source_get, source_has, source_size, source_extent },
				    .under = under ? under : store_source(st) };
	return rc < 0 ? rc : cid_sum(&s->empty, o.cid_version, CID_DAG_PB, o.hash, &bytes, 1);
}

int ops_files_source(struct store *st, struct dag_source **src)
{
	struct files_source *s = malloc(sizeof *s);
	int rc = s ? files_source_init(s, st, NULL) : err_nomem();

	if (rc < 0) {
		free(s);
		return rc;
	}
	*src = &s->source;
	return 0;
}

void ops_files_source_free(struct dag_source *src)
{
	if (src)
		files_source_clear((struct files_source *)(void *)src);
	free(src);
}

static int now(struct store *st, const struct files_source *s, struct cid *root, uint64_t *seq)
{
	struct pin_mfs m;
	int rc = pin_mfs_get(st, &m);

	*root = rc == 1 ? m.root : s->empty;
	*seq = m.seq;
	return rc < 0 ? rc : 0;
}

int ops_files_root(struct store *st, struct cid *root)
{
	struct files_source s;
	uint64_t seq;
	int rc = files_source_init(&s, st, NULL);

	return rc < 0 ? rc : now(st, &s, root, &seq);
}

/* ---- nodes ---- */

static int is_unixfs(const struct cid *cid)
{
	return cid->codec == CID_RAW || cid->codec == CID_DAG_PB;
}

static int not_unixfs(void)
{
	return err_set(ERR_INVALID, "not unixfs node (proto or raw)");
}

int node_look(struct dag_source *src, const struct cid *cid, struct fnode *out)
{
	out->cid = *cid;
	if (!is_unixfs(cid))
		return not_unixfs();
	return unixfs_stat(src, cid, &out->st);
}

int node_child(struct dag_source *src, const struct cid *dir, struct span name, struct fnode *out)
{
	struct cid cid;
	int rc = unixfs_lookup(src, dir, name, &cid);

	if (rc == ERR_NOTFOUND && !strncmp(err_text(), "no link named", 13))
		return no_file();
	return rc < 0 ? rc : node_look(src, &cid, out);
}

static int no_directory(const struct fpath *p, size_t n)
{
	struct buf text = BUF_INIT(FILES_PATH_MAX);
	int rc = fpath_span(p, n, &text);

	if (rc == 0)
		rc = err_set(ERR_INVALID, "cannot access %s: Not a directory", (char *)text.data + 1);
	buf_clear(&text);
	return rc;
}

int node_walk(struct dag_source *src, const struct cid *root, const struct fpath *p, struct cid *dirs, size_t *found,
	      struct fnode *out)
{
	struct cid at = *root, child;
	enum unixfs_type type;
	int rc;

	for (*found = 0; *found < p->n; ++*found) {
		if (!is_unixfs(&at))
			return not_unixfs();
		rc = unixfs_enter(src, &at, p->name[*found], &type, &child);
		if (rc < 0)
			return rc;
		if (!unixfs_is_dir(type))
			return no_directory(p, *found + 1);
		if (dirs)
			dirs[*found] = at;
		if (rc == 0)
			return 1;
		at = child;
	}
	return node_look(src, &at, out);
}

int node_at(struct dag_source *src, const struct cid *root, const struct fpath *p, struct fnode *out)
{
	size_t found;
	int rc = node_walk(src, root, p, NULL, &found, out);

	return rc == 1 ? no_file() : rc;
}

/* ---- looking ---- */

struct look {
	struct files_source *src;
	struct cid root;
	uint64_t seq;
	int told;			/* something was given out: too late to begin anew */
};

static int moved(struct store *st, const struct look *l)
{
	struct pin_mfs m;

	return pin_mfs_get(st, &m) >= 0 && m.seq != l->seq;	/* leaves the message */
}

/* Those who change the files and those who collect what they leave behind may be faster than who looks: not for long. */
static void nap(int tries)
{
	long ms = tries < 5 ? 1L << tries : NAP_MS;
	struct timespec t = { .tv_nsec = ms * 1000000 };

	nanosleep(&t, NULL);
}

/* Look at the files as they are now.  What is collected while somebody looks was left behind by a change: then
 * there is another root, and one looks again. */
static int look_through(struct look *l, struct store *st, int (*fn)(struct look *l, void *arg), void *arg)
{
	int rc = 0, tries = 0;

	l->told = 0;
	do {
		rc = now(st, l->src, &l->root, &l->seq);
		if (rc == 0)
			rc = fn(l, arg);
		if (rc != ERR_NOTFOUND || l->told || !moved(st, l))
			return rc;
		nap(tries);
	} while (++tries < LOOKS);
	return err_set(ERR_BUSY, "the files do not come to rest");
}

static int look(struct look *l, struct store *st, int (*fn)(struct look *l, void *arg), void *arg)
{
	struct files_source src;
	int rc = files_source_init(&src, st, NULL);

	l->src = &src;
	if (rc == 0)
		rc = look_through(l, st, fn, arg);
	files_source_clear(&src);
	return rc;
}

struct find {
	const char *path;
	struct fpath p;
	int content;
	struct fnode node;
};

static int find(struct look *l, void *arg)
{
	struct find *f = arg;
	struct cid cid;
	int rc;

	if (!f->content)
		return node_at(&l->src->source, &l->root, &f->p, &f->node);
	rc = unixfs_resolve(&l->src->source, f->path, &cid);
	return rc < 0 ? rc : node_look(&l->src->source, &cid, &f->node);
}

int ops_files_stat(struct store *st, const char *path, struct ops_files_stat *out)
{
	struct find f = { .path = path };
	struct dag_path dp;
	struct look l;
	int rc;

	f.content = is_content(path) && dag_path_parse(&dp, path) == 0;
	if (f.content)
		dag_path_clear(&dp);
	rc = f.content ? 0 : fpath_parse(&f.p, path);
	if (rc == 0)
		rc = look(&l, st, find, &f);
	if (!f.content)
		fpath_clear(&f.p);
	*out = (struct ops_files_stat){ f.node.cid, f.node.st };
	return rc;
}

static int see(struct look *l, void *arg)
{
	struct seen *s = arg;

	s->root = l->root;
	return node_walk(&l->src->source, &l->root, s->p, s->dirs, &s->found, &s->node);
}

int files_see(struct store *st, struct files_source *src, struct seen *s)
{
	struct look l = { .src = src };

	return look_through(&l, st, see, s);
}

int files_find(struct store *st, const struct fpath *p, struct fnode *out)
{
	struct find f = { .p = *p };
	struct look l;
	int rc = look(&l, st, find, &f);

	*out = f.node;
	return rc;
}

const char *ops_files_type(enum unixfs_type type)
{
	return unixfs_is_dir(type) ? "directory" : "file";
}

/* ---- how much of it is here ---- */

struct local {
	struct dag_source *src;
	int all;
	uint64_t bytes;
	uint32_t n;
};

static int local_visit(void *arg, const struct dag_visit *v)
{
	struct local *l = arg;
	uint64_t len = v->block.len;
	int rc = len ? 0 : dag_size(l->src, v->cid, &len);

	if (++l->n > LOCAL_MAX)
		return err_set(ERR_LIMIT, "more than %d links", LOCAL_MAX);
	l->bytes += len;
	return rc;
}

static int local_missing(void *arg, const struct cid *cid)
{
	struct local *l = arg;

	(void)cid;
	l->all = 0;
	return 0;
}

int ops_files_local(struct store *st, const struct cid *cid, int *local, uint64_t *bytes)
{
	struct files_source src;
	struct local l = { .src = &src.source, .all = 1 };
	struct dag_walk w = { .depth_max = -1, .tmpdir = store_tmpdir(st), .visit = local_visit,
			      .missing = local_missing, .arg = &l };
	int rc = files_source_init(&src, st, NULL);

	if (rc == 0)
		rc = dag_walk(&src.source, cid, &w);
	files_source_clear(&src);
	*local = l.all;
	*bytes = l.bytes;
	return rc;
}

/* ---- ls ---- */

struct list {
	struct find f;
	struct look *l;
	int look;
	int (*fn)(void *arg, const struct ops_files_entry *e);
	void *arg;
};

static int list_entry(void *arg, const struct unixfs_dirent *d)
{
	struct list *list = arg;
	struct ops_files_entry e = { .name = d->name, .cid = d->cid, .looked = list->look };
	struct fnode n;
	int rc = 0;

	if (list->look) {
		rc = node_look(&list->l->src->source, &d->cid, &n);
		e.dir = rc == 0 && node_is_dir(&n);
		e.size = e.dir ? 0 : n.st.size;
	}
	if (rc < 0)
		return rc;
	list->l->told = 1;
	return list->fn(list->arg, &e);
}

static int list(struct look *l, void *arg)
{
	struct list *ls = arg;
	const struct fpath *p = &ls->f.p;
	struct unixfs_dirent d;
	int rc = find(l, &ls->f);

	ls->l = l;
	if (rc < 0)
		return rc;
	if (node_is_dir(&ls->f.node))
		return unixfs_ls(&l->src->source, &ls->f.node.cid, list_entry, ls);
	/* as Kubo: what is behind the last slash */
	d = (struct unixfs_dirent){ .name = p->slash ? span_of("", 0) : p->name[p->n - 1],
				    .cid = ls->f.node.cid };
	return list_entry(ls, &d);
}

int ops_files_ls(struct store *st, const char *path, int want, int (*fn)(void *arg, const struct ops_files_entry *e),
		 void *arg)
{
	struct list ls = { .look = want, .fn = fn, .arg = arg };
	struct look l;
	int rc = fpath_parse(&ls.f.p, path);

	if (rc == 0)
		rc = look(&l, st, list, &ls);
	fpath_clear(&ls.f.p);
	return rc;
}

/* ---- reading ---- */

int file_only(const struct fpath *p, const struct fnode *n)
{
	if (node_is_dir(n))
		return err_set(ERR_INVALID, "%s was not a file", fpath_text(p));
	if (n->st.type == UNIXFS_SYMLINK)
		return err_set(ERR_UNSUPPORTED, "symlinks not yet supported");
	if (!unixfs_is_file(n->st.type))
		return err_set(ERR_INVALID, "unsupported fsnode type for 'file'");
	return 0;
}

int ops_files_open(struct store *st, const char *path, struct cid *cid, uint64_t *size)
{
	struct fnode node = { .st = { .size = 0 } };
	struct fpath p;
	int rc = fpath_parse(&p, path);

	if (rc == 0) {
		rc = files_find(st, &p, &node);
		rc = rc < 0 ? err_add(rc, "%s", fpath_text(&p)) : file_only(&p, &node);
	}
	fpath_clear(&p);
	*cid = node.cid;
	*size = node.st.size;
	return rc;
}

int ops_files_read(struct store *st, const char *path, uint64_t off, uint64_t count, struct sink *out,
		   int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	struct files_source src;
	struct cid cid;
	uint64_t size;
	int rc = ops_files_open(st, path, &cid, &size);

	if (rc == 0 && off > size)
		rc = err_set(ERR_INVALID, "offset was past end of file (%" PRIu64 " > %" PRIu64 ")", off, size);
	if (rc == 0)
		rc = files_source_init(&src, st, NULL);
	if (rc < 0)
		return rc;
	rc = unixfs_cat(&src.source, &cid, off, count, out, progress, arg);
	files_source_clear(&src);
	return rc;
}
