/*
 * add_archive.c - an archive into a directory, as if it had been unpacked and added.
 *
 * Entries come in any order, some more than once, parents late or never.  Files are added as they
 * pass by; of every entry a record is kept, and the records are sorted by path (base/spill.h), those of one
 * path latest first, so that memory stays bounded.  Then all directories are built in one pass.
 * Hard links are replaced by what they point to in between (archive_links.c).
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ops/archive_priv.h"
#include "ops/place_priv.h"

enum { FIRST = 64 * 1024 };

/* ---- reading the archive ---- */

static ssize_t entry_read(void *arg, void *p, size_t len)
{
	struct arch *x = arg;
	ssize_t n;

	if (x->used < x->have) {
		if (len > x->have - x->used)
			len = x->have - x->used;
		memcpy(p, x->first + x->used, len);
		x->used += len;
		n = (ssize_t)len;
	} else {
		n = tar_reader_data(x->r, p, len);
	}
	if (n > 0 && add_progress(x->a, (uint64_t)n))
		return err_set(ERR_INTERRUPTED, "stopped");
	return n;
}

static int add_data(struct arch *x, const struct tar_entry *e, struct unixfs_node *node)
{
	struct unixfs_meta m;
	int rc = add_body_read(x->a, e->path, entry_read, x, add_meta(x->a, &e->meta, 0, &m), node);

	x->a->read = (struct store_puts){ 0 };	/* it is told much later */
	return rc;
}

/* a hard link: to be looked up when all is known; with data they are the file's it points to */
static int take_link(struct arch *x, const struct tar_entry *e, struct record *r)
{
	struct record swapped = { .path = span_str(e->link), .num = x->num, .kind = ARCH_LINK,
				  .target = r->path };
	ssize_t n;
	int rc;

	r->kind = ARCH_LINK;
	r->target = span_str(e->link);
	rc = arch_keep(x, x->all, r);
	if (rc == 0)
		rc = arch_keep(x, x->links, &swapped);
	x->n_links++;
	if (rc < 0 || !e->size)
		return rc;
	n = tar_reader_data(x->r, x->first, FIRST);
	if (n <= 0)
		return (int)n;
	x->have = (size_t)n;
	r->kind = ARCH_DATA;
	r->path = span_str(e->link);
	rc = add_data(x, e, &r->node);
	return rc < 0 ? rc : arch_keep(x, x->all, r);
}

static int take(struct arch *x, const struct tar_entry *e)
{
	struct record r = { .path = span_str(e->path), .num = x->num, .kind = ARCH_FILE };
	struct unixfs_meta m;
	int rc;

	x->have = x->used = 0;
	if (!strcmp(e->path, "."))
		r.path.len = 0;
	switch (e->kind) {
	case TAR_DIR:
		r.kind = ARCH_DIR;
		r.meta = e->meta;
		return arch_keep(x, x->all, &r);
	case TAR_HARDLINK:
		rc = take_link(x, e, &r);
		break;
	case TAR_SYMLINK:
		rc = unixfs_add_symlink(x->a->b, span_str(e->link), add_meta(x->a, &e->meta, 1, &m),
					&r.node);
		if (rc == 0)
			rc = arch_keep(x, x->all, &r);
		break;
	default:
		rc = add_data(x, e, &r.node);
		if (rc == 0)
			rc = arch_keep(x, x->all, &r);
	}
	return rc < 0 ? rc : add_counted(x->a, 0);
}

static int read_all(struct arch *x)
{
	struct tar_entry e;
	int rc;

	while ((rc = tar_reader_next(x->r, &e)) > 0) {
		x->num++;
		rc = take(x, &e);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* ---- building ---- */

static int is_hidden(struct span path)
{
	size_t i;

	for (i = 0; i < path.len; i++)
		if (path.p[i] == '.' && (i == 0 || path.p[i - 1] == '/'))
			return 1;
	return 0;
}

static int below(struct span path, const struct buf *file)
{
	return file->len && path.len > file->len && path.p[file->len] == '/' &&
	       !memcmp(path.p, file->data, file->len);
}

/* a path other than the one before: that must not have been a file above it */
static int new_path(const struct arch *x, struct buf *last, int is_file, struct span path)
{
	if (is_file && below(path, last))
		return err_set(ERR_INVALID, "'%s': '%.*s' is below '%s', which is not a directory",
			       x->what, (int)path.len, (const char *)path.p,
			       (const char *)last->data);
	buf_reset(last);
	return buf_reserve(last, path.len + 1) < 0 ? err_nomem() : buf_add(last, path);
}

static int build_all(struct arch *x, struct place *b)
{
	struct buf last = BUF_INIT(TAR_PATH_MAX + 1);
	struct group g = { .have_data = 0 };
	int settled = 0, is_file = 0, rc;
	struct span rec;
	struct record r;

	rc = spill_read(x->all);
	while (rc >= 0 && (rc = spill_next(x->all, &rec)) > 0) {
		rc = arch_get(rec, &r);
		if (rc == 0 && (!last.data || !span_equal(r.path, buf_span(&last)))) {
			rc = new_path(x, &last, is_file, r.path);
			g = (struct group){ .have_data = 0 };
			settled = is_file = 0;
		}
		if (rc < 0 || settled)
			continue;
		arch_settle(&g, &r);
		if (r.kind == ARCH_DATA)
			continue;
		settled = 1;
		is_file = r.kind != ARCH_DIR;
		if (!x->a->o.hidden && is_hidden(r.path))
			continue;
		if (!is_file || !r.path.len)
			rc = place_dir(b, r.path, &r.meta);
		else
			rc = place_node(b, r.path, &r.node);
	}
	buf_clear(&last);
	return rc;
}

static int build(struct arch *x, const char *shown, struct unixfs_node *out)
{
	struct place b;
	int rc;

	place_init(&b, x->a, x->what, shown);
	rc = build_all(x, &b);
	if (rc == 0)
		rc = place_end(&b, out);
	place_clear(&b);
	return rc;
}

static int add_archive(struct arch *x, int fd, const char *shown, struct unixfs_node *out)
{
	int rc;

	x->first = malloc(FIRST);
	if (!x->first)
		return err_nomem();
	rc = spill_new(&x->all, arch_tmpdir(x), ARCH_SPILL_MEM, arch_cmp);
	if (rc == 0)
		rc = spill_new(&x->links, arch_tmpdir(x), ARCH_SPILL_MEM, arch_cmp);
	if (rc == 0)
		rc = tar_reader_new(&x->r, fd, x->what);
	if (rc == 0)
		rc = read_all(x);
	tar_reader_free(x->r);
	x->r = NULL;
	if (rc == 0)
		rc = arch_resolve(x);
	return rc < 0 ? rc : build(x, shown, out);
}

int ops_add_archive(struct adder *a, int fd, const char *path, const char *name)
{
	struct arch x = { .a = a, .what = path, .rec = BUF_INIT(ARCH_RECORD) };
	struct unixfs_node node;
	int rc = a->rc;

	if (rc < 0)
		return err_set(rc, "adding has failed before");
	if (a->o.ignore_name || a->o.ignore_rules)
		return add_trouble(a, err_set(ERR_USAGE, "ignore rules do not reach into archives"),
				   path);
	rc = add_archive(&x, fd, a->o.wrap && name ? name : path, &node);
	spill_free(x.all);
	spill_free(x.links);
	buf_clear(&x.rec);
	free(x.first);
	if (rc < 0)
		rc = add_fatal(a, rc) ? rc : add_trouble(a, rc, path);
	else
		rc = add_top(a, a->o.wrap && name ? name : path, name, &node, NULL);
	if (rc < 0)
		a->rc = rc;
	return rc;
}
