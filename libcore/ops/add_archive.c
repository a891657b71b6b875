/*
 * add_archive.c - an archive into a directory, as if it had been unpacked and added.
 *
 * Entries come in any order, some more than once, parents late or never.  Files are added as they
 * pass by; of every entry a record is kept, and the records are sorted by path (base/spill.h), those of one
 * path latest first, so that memory stays bounded.  Then all directories are built in one pass.
 * Hard links are replaced by what they point to in between: the last entry of that path before the
 * link, as unpacking would have it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/rd.h"
#include "base/spill.h"
#include "ops/add_priv.h"
#include "tar/tar.h"

enum {
	SPILL_MEM = 4 * 1024 * 1024, RECORD_ROOM = 3 * TAR_PATH_MAX + 1024,
	LINK_ROUNDS = 32,		/* links to links to links … */
	FIRST = 64 * 1024
};

enum kind {
	A_FILE, A_DIR,			/* A_FILE: also symlinks; there is a node */
	A_LINK,				/* a hard link not yet looked up */
	A_DATA				/* data that came with a later link: they are the file's */
};

/* A record: u32 length of path, path, u64 ~number, u8 kind, then by kind.  The number is turned around so
 * that the latest comes first. */
struct record {
	struct span path;		/* "" the top */
	uint64_t num;
	enum kind kind;
	struct unixfs_meta meta;	/* A_DIR */
	struct unixfs_node node;	/* A_FILE, A_DATA */
	struct span target;		/* A_LINK */
};

struct arch {
	struct adder *a;
	const char *what;
	struct tar_reader *r;
	struct spill *all, *links;
	struct buf rec;
	uint64_t num, n_links;
	/* the first bytes of an entry, read ahead */
	uint8_t *first;
	size_t have, used;
};

/* ---- records ---- */

static int path_cmp(struct span a, struct span b)
{
	size_t n = a.len < b.len ? a.len : b.len, i;

	for (i = 0; i < n; i++) {
		int x = a.p[i], y = b.p[i];

		if (x != y) {		/* what is below a name stands right behind it */
			x = x == '/' ? 0 : x;
			y = y == '/' ? 0 : y;
			return x - y;
		}
	}
	return (a.len > b.len) - (a.len < b.len);
}

/* the latest of one path first, and a link that was replaced by a file behind that */
static int record_cmp(struct span a, struct span b)
{
	struct rd x = rd_from(a), y = rd_from(b);
	struct span p = rd_bytes(&x, rd_le32(&x)), q = rd_bytes(&y, rd_le32(&y));
	uint64_t m = rd_le64(&x), n = rd_le64(&y);
	int c = path_cmp(p, q);

	if (c == 0)
		c = (m > n) - (m < n);
	return c ? c : rd_u8(&x) - rd_u8(&y);
}

static int put_record(struct buf *b, const struct record *r)
{
	int rc;

	buf_reset(b);
	rc = buf_reserve(b, r->path.len + r->target.len + CID_BYTES_MAX + 128);
	if (rc < 0)
		return rc;
	buf_le32(b, (uint32_t)r->path.len);	/* room was made */
	buf_add(b, r->path);
	buf_le64(b, ~r->num);
	buf_u8(b, r->kind);
	switch (r->kind) {
	case A_DIR:
		buf_le32(b, r->meta.mode);
		buf_u8(b, (unsigned)r->meta.has_mtime);
		buf_le64(b, (uint64_t)r->meta.mtime);
		return buf_le32(b, r->meta.nsec);
	case A_LINK:
		return buf_add(b, r->target);
	default:
		buf_u8(b, r->node.type);
		buf_le64(b, r->node.tsize);
		buf_le64(b, r->node.size);
		return buf_add(b, cid_span(&r->node.cid));
	}
}

static int get_record(struct span s, struct record *r)
{
	struct rd rd = rd_from(s);

	*r = (struct record){ .num = 0 };
	r->path = rd_bytes(&rd, rd_le32(&rd));
	r->num = ~rd_le64(&rd);
	r->kind = (enum kind)rd_u8(&rd);
	switch (r->kind) {
	case A_DIR:
		r->meta.mode = rd_le32(&rd);
		r->meta.has_mtime = rd_u8(&rd);
		r->meta.mtime = (int64_t)rd_le64(&rd);
		r->meta.nsec = rd_le32(&rd);
		break;
	case A_LINK:
		r->target = rd_rest(&rd);
		break;
	default:
		r->node.type = (enum unixfs_type)rd_u8(&rd);
		r->node.tsize = rd_le64(&rd);
		r->node.size = rd_le64(&rd);
		return cid_decode(rd_rest(&rd), &r->node.cid);
	}
	return rd_done(&rd) ? 0 : err_set(ERR_IO, "a temporary file was changed");
}

static int keep(struct arch *x, struct spill *s, const struct record *r)
{
	int rc = put_record(&x->rec, r);

	return rc < 0 ? rc : spill_add(s, buf_span(&x->rec));
}

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

	return unixfs_add_read(x->a->b, entry_read, x, add_meta(x->a, &e->meta, 0, &m), node);
}

/* a hard link: to be looked up when all is known; with data they are the file's it points to */
static int take_link(struct arch *x, const struct tar_entry *e, struct record *r)
{
	struct record swapped = { .path = span_str(e->link), .num = x->num, .kind = A_LINK,
				  .target = r->path };
	ssize_t n;
	int rc;

	r->kind = A_LINK;
	r->target = span_str(e->link);
	rc = keep(x, x->all, r);
	if (rc == 0)
		rc = keep(x, x->links, &swapped);
	x->n_links++;
	if (rc < 0 || !e->size)
		return rc;
	n = tar_reader_data(x->r, x->first, FIRST);
	if (n <= 0)
		return (int)n;
	x->have = (size_t)n;
	r->kind = A_DATA;
	r->path = span_str(e->link);
	rc = add_data(x, e, &r->node);
	return rc < 0 ? rc : keep(x, x->all, r);
}

static int take(struct arch *x, const struct tar_entry *e)
{
	struct record r = { .path = span_str(e->path), .num = x->num, .kind = A_FILE };
	struct unixfs_meta m;
	int rc;

	x->have = x->used = 0;
	if (!strcmp(e->path, "."))
		r.path.len = 0;
	switch (e->kind) {
	case TAR_DIR:
		r.kind = A_DIR;
		r.meta = e->meta;
		return keep(x, x->all, &r);
	case TAR_HARDLINK:
		rc = take_link(x, e, &r);
		break;
	case TAR_SYMLINK:
		rc = unixfs_add_symlink(x->a->b, span_str(e->link), add_meta(x->a, &e->meta, 1, &m),
					&r.node);
		if (rc == 0)
			rc = keep(x, x->all, &r);
		break;
	default:
		rc = add_data(x, e, &r.node);
		if (rc == 0)
			rc = keep(x, x->all, &r);
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

/* ---- hard links ---- */

/* All records of one path, latest first, become what the path was at each time. */
struct group {
	struct unixfs_node data;	/* that came later, for the next file below */
	int have_data;
};

/* the node of a file record, with data that came later */
static void settle(struct group *g, struct record *r)
{
	if (r->kind == A_DATA) {
		if (!g->have_data)
			g->data = r->node;
		g->have_data = 1;
	} else if (r->kind == A_FILE && g->have_data) {
		r->node = g->data;
		g->have_data = 0;
	}
}

/* What sorted links still wait for: the next one, from `links`. */
struct waiting {
	struct record r;
	struct buf bytes;
	int have;
};

static int next_link(struct spill *s, struct waiting *w)
{
	struct span rec;
	int rc = spill_next(s, &rec);

	w->have = rc > 0;
	if (rc <= 0)
		return rc;
	buf_reset(&w->bytes);
	rc = buf_add(&w->bytes, rec);
	return rc < 0 ? rc : get_record(buf_span(&w->bytes), &w->r);
}

static int no_target(const struct arch *x, const struct record *link)
{
	return err_set(ERR_INVALID, "'%s': hard link '%.*s' points to '%.*s', which is no file before it",
		       x->what, (int)link->target.len, (const char *)link->target.p,
		       (int)link->path.len, (const char *)link->path.p);
}

/*
 * One round: go through all records and all links, both sorted by path, and replace the links to files.
 * A link to a link not replaced yet waits for the next round.
 */
static int link_round(struct arch *x, struct spill *all, struct spill *links, uint64_t *n_left)
{
	struct waiting w = { .bytes = BUF_INIT(RECORD_ROOM) };
	struct group g = { .have_data = 0 };
	struct buf path = BUF_INIT(TAR_PATH_MAX + 1);
	uint64_t done = UINT64_MAX;
	struct span rec;
	struct record r;
	int rc = spill_read(x->all);

	*n_left = 0;
	if (rc == 0)
		rc = spill_read(x->links);
	if (rc == 0)
		rc = next_link(x->links, &w);
	while (rc >= 0 && (rc = spill_next(x->all, &rec)) > 0) {
		int same;

		rc = get_record(rec, &r);
		if (rc < 0)
			break;
		same = path.data && span_equal(r.path, buf_span(&path));
		if (!same) {
			g = (struct group){ .have_data = 0 };
			done = UINT64_MAX;
			buf_reset(&path);
			rc = buf_add(&path, r.path);
		}
		/* a link that was replaced stands before its old self */
		if (rc < 0 || (same && r.kind == A_LINK && r.num == done))
			continue;
		if (r.kind == A_FILE)
			done = r.num;
		settle(&g, &r);
		rc = keep(x, all, &r);
		/* links to this path, made after this record of it */
		while (rc >= 0 && w.have && r.kind != A_DATA) {
			int c = path_cmp(w.r.path, r.path);
			struct record made = { .path = w.r.target, .num = w.r.num, .kind = A_FILE,
					       .node = r.node };

			if (c < 0) {
				rc = no_target(x, &w.r);
				break;
			}
			if (c > 0 || w.r.num <= r.num)
				break;
			if (r.kind == A_FILE) {
				rc = keep(x, all, &made);
			} else if (r.kind == A_LINK) {
				rc = keep(x, links, &w.r);
				++*n_left;
			} else {
				rc = no_target(x, &w.r);
			}
			if (rc >= 0)
				rc = next_link(x->links, &w);
		}
	}
	if (rc == 0 && w.have)
		rc = no_target(x, &w.r);
	buf_clear(&w.bytes);
	buf_clear(&path);
	return rc < 0 ? rc : 0;
}

static const char *tmpdir(const struct adder *a)
{
	return a->st ? store_tmpdir(a->st) : NULL;
}

static int resolve_links(struct arch *x)
{
	int rc = 0, round;

	for (round = 0; rc == 0 && x->n_links; round++) {
		struct spill *all = NULL, *links = NULL;

		if (round == LINK_ROUNDS)
			return err_set(ERR_LIMIT, "'%s': hard links to hard links, over %d deep",
				       x->what, LINK_ROUNDS);
		rc = spill_new(&all, tmpdir(x->a), SPILL_MEM, record_cmp);
		if (rc == 0)
			rc = spill_new(&links, tmpdir(x->a), SPILL_MEM, record_cmp);
		if (rc == 0)
			rc = link_round(x, all, links, &x->n_links);
		spill_free(x->all);
		spill_free(x->links);
		x->all = all;
		x->links = links;
	}
	return rc;
}

/* ---- building ---- */

struct open_dir {
	struct unixfs_dir *dir;
	size_t path_len;
};

struct build {
	struct arch *x;
	const char *shown;
	struct open_dir *open;
	int n, cap;
	struct buf path;		/* of the deepest open directory */
	struct buf text;
	struct unixfs_node root;
};

static int tell(struct build *b, struct span path, const struct unixfs_node *node)
{
	int rc;

	if (!b->x->a->o.all)
		return 0;
	buf_reset(&b->text);
	rc = buf_str(&b->text, b->shown);
	if (rc == 0)
		rc = buf_u8(&b->text, '/');
	if (rc == 0)
		rc = buf_add(&b->text, path);
	return rc < 0 ? rc : add_told(b->x->a, (const char *)b->text.data, node, 0);
}

static int open_push(struct build *b, const struct unixfs_meta *of)
{
	struct adder *a = b->x->a;
	struct unixfs_meta m;
	int rc;

	if (b->n > a->o.depth_max)
		return err_set(ERR_LIMIT, "'%s': '%.80s...' is nested deeper than %d", b->x->what,
			       (const char *)b->path.data, a->o.depth_max);
	if (b->n == b->cap) {
		int cap = b->cap ? 2 * b->cap : 16;
		struct open_dir *more = realloc(b->open, (size_t)cap * sizeof *more);

		if (!more)
			return err_nomem();
		b->open = more;
		b->cap = cap;
	}
	b->open[b->n] = (struct open_dir){ NULL, b->path.len };
	rc = unixfs_dir_new(&b->open[b->n].dir, a->b, add_meta(a, of, 0, &m));
	b->n += rc == 0;
	return rc;
}

/* finish the deepest directory; into its parent, if it has one */
static int open_pop(struct build *b)
{
	struct unixfs_dir *dir = b->open[--b->n].dir;
	struct span path = buf_span(&b->path);
	struct unixfs_node node;
	size_t from;
	int rc = unixfs_dir_end(dir, &node);

	if (rc < 0)
		return rc;
	if (!b->n) {
		b->root = node;
		return 0;
	}
	from = b->open[b->n - 1].path_len;
	from += from > 0;
	rc = unixfs_dir_add(b->open[b->n - 1].dir, span_of(path.p + from, path.len - from), &node);
	if (rc == 0)
		rc = tell(b, path, &node);
	b->path.len = b->open[b->n - 1].path_len;
	return rc;
}

/* make the open directories those of `parent`: leave some, make those that had no entry */
static int go_to(struct build *b, struct span parent)
{
	int rc = 0;

	while (rc == 0 && b->path.len &&
	       !(parent.len >= b->path.len && !memcmp(parent.p, b->path.data, b->path.len) &&
		 (parent.len == b->path.len || parent.p[b->path.len] == '/')))
		rc = open_pop(b);
	while (rc == 0 && b->path.len < parent.len) {
		size_t from = b->path.len ? b->path.len + 1 : 0, to = from;

		while (to < parent.len && parent.p[to] != '/')
			to++;
		if (b->path.len)
			rc = buf_u8(&b->path, '/');
		if (rc == 0)
			rc = buf_bytes(&b->path, parent.p + from, to - from);
		if (rc == 0)
			rc = open_push(b, NULL);
	}
	return rc;
}

static int is_hidden(struct span path)
{
	size_t i;

	for (i = 0; i < path.len; i++)
		if (path.p[i] == '.' && (i == 0 || path.p[i - 1] == '/'))
			return 1;
	return 0;
}

static struct span parent_of(struct span path, struct span *name)
{
	size_t at = path.len;

	while (at && path.p[at - 1] != '/')
		at--;
	*name = span_of(path.p + at, path.len - at);
	return span_of(path.p, at ? at - 1 : 0);
}

/* the latest record of its path */
static int place(struct build *b, const struct record *r)
{
	struct span name, parent = parent_of(r->path, &name);
	int rc;

	if (r->kind == A_DIR) {
		rc = go_to(b, parent);
		if (rc == 0 && b->path.len)
			rc = buf_u8(&b->path, '/');
		if (rc == 0)
			rc = buf_add(&b->path, name);
		return rc < 0 ? rc : open_push(b, &r->meta);
	}
	rc = go_to(b, parent);
	if (rc == 0)
		rc = unixfs_dir_add(b->open[b->n - 1].dir, name, &r->node);
	return rc < 0 ? rc : tell(b, r->path, &r->node);
}

static int below(struct span path, const struct buf *file)
{
	return file->len && path.len > file->len && path.p[file->len] == '/' &&
	       !memcmp(path.p, file->data, file->len);
}

/* a path other than the one before: that must not have been a file above it */
static int new_path(const struct build *b, struct buf *last, int is_file, struct span path)
{
	if (is_file && below(path, last))
		return err_set(ERR_INVALID, "'%s': '%.*s' is below '%s', which is not a directory",
			       b->x->what, (int)path.len, (const char *)path.p,
			       (const char *)last->data);
	buf_reset(last);
	return buf_reserve(last, path.len + 1) < 0 ? err_nomem() : buf_add(last, path);
}

static int build_all(struct build *b)
{
	struct arch *x = b->x;
	struct buf last = BUF_INIT(TAR_PATH_MAX + 1);
	struct group g = { .have_data = 0 };
	int settled = 0, is_file = 0, rc;
	struct span rec;
	struct record r;

	rc = spill_read(x->all);
	while (rc >= 0 && (rc = spill_next(x->all, &rec)) > 0) {
		rc = get_record(rec, &r);
		if (rc == 0 && (!last.data || !span_equal(r.path, buf_span(&last)))) {
			rc = new_path(b, &last, is_file, r.path);
			g = (struct group){ .have_data = 0 };
			settled = is_file = 0;
		}
		if (rc < 0 || settled)
			continue;
		settle(&g, &r);
		if (r.kind == A_DATA)
			continue;
		settled = 1;
		is_file = r.kind != A_DIR;
		if (!x->a->o.hidden && is_hidden(r.path))
			continue;
		if (b->n == 0)			/* the top: first in order, or it has no entry */
			rc = open_push(b, r.path.len ? NULL : &r.meta);
		if (rc == 0 && r.path.len)
			rc = place(b, &r);
	}
	if (rc == 0 && b->n == 0)
		rc = open_push(b, NULL);
	while (rc == 0 && b->n)
		rc = open_pop(b);
	buf_clear(&last);
	return rc;
}

static int build(struct arch *x, const char *shown, struct unixfs_node *out)
{
	struct build b = { .x = x, .shown = shown, .path = BUF_INIT(TAR_PATH_MAX + 1),
			   .text = BUF_INIT(2 << 20) };
	int rc = buf_reserve(&b.path, 1);

	if (rc == 0)
		rc = build_all(&b);
	while (b.n)
		unixfs_dir_free(b.open[--b.n].dir);
	free(b.open);
	buf_clear(&b.path);
	buf_clear(&b.text);
	*out = b.root;
	return rc;
}

static int add_archive(struct arch *x, int fd, const char *shown, struct unixfs_node *out)
{
	int rc;

	x->first = malloc(FIRST);
	if (!x->first)
		return err_nomem();
	rc = spill_new(&x->all, tmpdir(x->a), SPILL_MEM, record_cmp);
	if (rc == 0)
		rc = spill_new(&x->links, tmpdir(x->a), SPILL_MEM, record_cmp);
	if (rc == 0)
		rc = tar_reader_new(&x->r, fd, x->what);
	if (rc == 0)
		rc = read_all(x);
	tar_reader_free(x->r);
	x->r = NULL;
	if (rc == 0)
		rc = resolve_links(x);
	return rc < 0 ? rc : build(x, shown, out);
}

int ops_add_archive(struct adder *a, int fd, const char *path, const char *name)
{
	struct arch x = { .a = a, .what = path, .rec = BUF_INIT(RECORD_ROOM) };
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
