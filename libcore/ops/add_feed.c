/*
 * add_feed.c - entries as they come, as a client sends them.
 *
 * A file is added as it passes by; of everything in a top that is a directory a record is kept, sorted by
 * path (base/spill.h), and when the top is complete its directories are built in one pass.  What a
 * path was when it came first is known from a set of ids (base/idset.h): the id of an entry is the
 * hash of that of the directory it is in, its kind and its name.  So memory is bounded, and a long
 * path costs what it is long.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ops/archive_priv.h"
#include "ops/place_priv.h"

enum { ID = 16, IDS_MEM = 1 << 20 };

struct level {
	uint8_t id[ID];
	size_t len;			/* of its path */
};

struct feed {
	struct adder *a;
	int open;			/* a top that is a directory is being filled */
	int all;			/* it holds whatever comes: it has no name */
	struct buf top;			/* its name */
	struct unixfs_meta meta;
	struct spill *entries;
	struct idset *seen;
	struct buf record;
	/* where we are below the top: one level a directory, the top the first */
	struct buf at;
	struct level *level;
	int n, cap;
	struct buf file;		/* what is below it is skipped; len 0: nothing */
	/* a directory of which is not known yet whether something is in it (drop_empty) */
	struct buf empty;
	struct unixfs_meta empty_meta;
	int pending;
};

void feed_free(struct feed *f)
{
	if (!f)
		return;
	spill_free(f->entries);
	idset_free(f->seen);
	free(f->level);
	buf_clear(&f->top);
	buf_clear(&f->record);
	buf_clear(&f->at);
	buf_clear(&f->file);
	buf_clear(&f->empty);
	free(f);
}

static struct feed *feed_new(struct adder *a)
{
	struct feed *f = calloc(1, sizeof *f);

	if (!f)
		return NULL;
	f->a = a;
	buf_init(&f->top, OPS_FEED_PATH_MAX);
	buf_init(&f->record, ARCH_RECORD);
	buf_init(&f->at, OPS_FEED_PATH_MAX + CID_TEXT_MAX);
	buf_init(&f->file, OPS_FEED_PATH_MAX);
	buf_init(&f->empty, OPS_FEED_PATH_MAX);
	return f;
}

/* ---- paths ---- */

static int path_ok(const char *path)
{
	size_t len = strlen(path), n;
	const char *p = path;

	if (len > OPS_FEED_PATH_MAX)
		return err_set(ERR_LIMIT, "'%.80s...': a path has at most %d bytes", path, OPS_FEED_PATH_MAX);
	if (!len)
		return 0;
	for (;; p += n + 1) {
		n = strcspn(p, "/");
		if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return err_set(ERR_INVALID, "'%.200s' is not a path of names", path);
		if (!p[n])
			return 0;
	}
}

static int below(struct span path, struct span dir)
{
	return path.len > dir.len && path.p[dir.len] == '/' && !memcmp(path.p, dir.p, dir.len);
}

/* `path` is in or below `dir`, or is it; "" is above everything */
static int within(struct span path, struct span dir)
{
	return !dir.len || span_equal(path, dir) || below(path, dir);
}

static struct span parent_of(struct span path)
{
	while (path.len && path.p[path.len - 1] != '/')
		path.len--;
	path.len -= path.len > 0;
	return path;
}

/* ---- what was seen ---- */

static void id_of(const struct feed *f, int kind, struct span name, uint8_t id[ID])
{
	uint8_t k = (uint8_t)kind, digest[MH_DIGEST_MAX];
	struct span part[3] = { { f->level[f->n - 1].id, ID }, { &k, 1 }, name };

	/* cannot fail: the hash is built in and the length its own */
	(void)mh_sum(MH_SHA2_256, part, 3, 0, digest);
	memcpy(id, digest, ID);
}

static int level_push(struct feed *f, const uint8_t id[ID])
{
	if (f->n > f->a->o.depth_max)
		return err_set(ERR_LIMIT, "'%.80s...' is nested deeper than %d", (const char *)f->at.data,
			       f->a->o.depth_max);
	if (f->n == f->cap) {
		int cap = f->cap ? 2 * f->cap : 16;
		struct level *more = realloc(f->level, (size_t)cap * sizeof *more);

		if (!more)
			return err_nomem();
		f->level = more;
		f->cap = cap;
	}
	memcpy(f->level[f->n].id, id, ID);
	f->level[f->n++].len = f->at.len;
	return 0;
}

/* num: of records of one path the highest counts */
static int keep(struct feed *f, struct record *r)
{
	int rc = arch_record(&f->record, r);

	return rc < 0 ? rc : spill_add(f->entries, buf_span(&f->record));
}

/* Into a directory of the one we are in.  of: what is said of it, NULL: nothing, it is just on the way. */
static int enter(struct feed *f, struct span name, const struct unixfs_meta *of)
{
	uint8_t dir[ID], file[ID];
	int rc;

	id_of(f, 'd', name, dir);
	id_of(f, 'f', name, file);
	rc = idset_has(f->seen, file);
	if (rc)
		return rc < 0 ? rc : err_set(ERR_EXISTS, "file already exists");
	rc = f->at.len ? buf_u8(&f->at, '/') : 0;
	if (rc == 0)
		rc = buf_add(&f->at, name);
	if (rc == 0)
		rc = level_push(f, dir);
	if (rc == 0)
		rc = idset_add(f->seen, dir);
	if (rc <= 0 || !of)
		return rc < 0 ? rc : 0;
	return keep(f, &(struct record){ .path = buf_span(&f->at), .num = 1, .kind = ARCH_DIR, .meta = *of });
}

static void leave(struct feed *f)
{
	f->at.len = f->level[--f->n - 1].len;
}

/* make where we are `dir`; on the way folders may come about */
static int go_to(struct feed *f, struct span dir)
{
	int rc = 0;

	while (f->n > 1 && !within(dir, buf_span(&f->at)))
		leave(f);
	while (rc == 0 && f->at.len < dir.len) {
		size_t from = f->at.len + (f->at.len > 0), to = from;

		while (to < dir.len && dir.p[to] != '/')
			to++;
		rc = enter(f, span_of(dir.p + from, to - from), NULL);
	}
	return rc;
}

/* ---- files and symlinks ---- */

struct body {
	struct adder *a;
	const struct ops_add_feed_entry *e;
	uint64_t got, told;
};

static ssize_t body_read(void *arg, void *p, size_t len)
{
	struct body *b = arg;
	struct adder *a = b->a;
	uint64_t step = b->told + OPS_FEED_STEP - b->got;
	ssize_t n = b->e->read(b->e->arg, p, a->o.bytes && step < len ? step : len);
	int rc;

	if (n < 0)
		return n;
	b->got += (uint64_t)n;
	if (n && add_progress(a, (uint64_t)n))
		return err_set(ERR_INTERRUPTED, "stopped");
	if (!a->o.bytes || (n && b->got - b->told < OPS_FEED_STEP))
		return n;
	b->told = b->got;
	rc = add_told_bytes(a, b->e->path, b->got, n == 0);
	return rc < 0 ? rc : n;
}

static int target_of(const struct ops_add_feed_entry *e, struct buf *target)
{
	ssize_t n = 1;
	int rc = 0;

	while (rc == 0 && n > 0) {
		rc = buf_reserve(target, 1024);
		n = rc < 0 ? rc : e->read(e->arg, target->data + target->len, 1024);
		if (n > 0)
			target->len += (size_t)n;
	}
	if (rc == ERR_LIMIT || (n >= 0 && target->len > OPS_FEED_TARGET_MAX))
		return err_set(ERR_LIMIT, "'%.200s': the target of the symlink is longer than %d bytes", e->path,
			       OPS_FEED_TARGET_MAX);
	return rc < 0 ? rc : (int)n;
}

static int add_node(struct adder *a, const struct ops_add_feed_entry *e, struct unixfs_node *node)
{
	const struct unixfs_meta *meta;
	struct unixfs_meta m;
	struct buf target = BUF_INIT(OPS_FEED_TARGET_MAX + 1024);
	int rc;

	meta = add_meta(a, &e->meta, e->what == OPS_FEED_LINK, &m);
	if (e->what == OPS_FEED_FILE)
		return unixfs_add_read(a->b, body_read, &(struct body){ a, e, 0, 0 }, meta, node);
	rc = target_of(e, &target);
	if (rc == 0)
		rc = unixfs_add_symlink(a->b, buf_span(&target), meta, node);
	buf_clear(&target);
	return rc;
}

/* 0: there is nothing called so in the directory we are in, and from now on it is a file */
static int claim(struct feed *f, struct span name)
{
	uint8_t id[ID];
	int rc;

	id_of(f, 'd', name, id);
	rc = idset_has(f->seen, id);
	if (rc == 0) {
		id_of(f, 'f', name, id);
		rc = idset_add(f->seen, id);
		rc = rc < 0 ? rc : !rc;
	}
	return rc > 0 ? err_set(ERR_EXISTS, "directory already has entry by that name") : rc;
}

/* "top/path", or "path" in a top without a name, into f->record */
static const char *shown(struct feed *f, struct span path)
{
	buf_reset(&f->record);
	if ((f->top.len && (buf_add(&f->record, buf_span(&f->top)) < 0 || buf_u8(&f->record, '/') < 0)) ||
	    buf_add(&f->record, path) < 0)
		return "";		/* not: there is room */
	return (const char *)f->record.data;
}

/* rel: below the top, "": a file without a name, right in it */
static int file_inside(struct feed *f, struct span rel, const struct ops_add_feed_entry *e)
{
	struct span dir = parent_of(rel), name = rel;
	struct record r = { .kind = ARCH_FILE };
	char text[CID_TEXT_MAX];
	int rc = go_to(f, dir);

	if (dir.len)
		name = span_of(rel.p + dir.len + 1, rel.len - dir.len - 1);
	if (rc == 0 && rel.len)
		rc = claim(f, name);
	if (rc == 0)
		rc = add_node(f->a, e, &r.node);
	if (rc == 0 && !rel.len) {
		rel = span_str(cid_text(&r.node.cid, text));
		rc = claim(f, rel);
	}
	r.path = rel;
	if (rc == 0)
		rc = keep(f, &r);
	if (rc == 0)
		rc = add_told(f->a, shown(f, rel), &r.node, 0);
	return rc < 0 ? rc : add_counted(f->a, 0);
}

/* a file or symlink that is a root itself */
static int file_top(struct feed *f, const struct ops_add_feed_entry *e)
{
	char text[CID_TEXT_MAX];
	struct unixfs_node node;
	int rc = add_node(f->a, e, &node);

	if (rc == 0)
		rc = add_top(f->a, *e->path ? e->path : cid_text(&node.cid, text), NULL, &node, NULL);
	return rc < 0 ? rc : add_counted(f->a, 0);
}

/* ---- directories ---- */

static int dir_inside(struct feed *f, struct span rel, const struct unixfs_meta *meta)
{
	struct span dir = parent_of(rel), name = rel;
	int rc;

	if (!rel.len)
		return err_set(ERR_INVALID, "no path given to Mkdir");
	rc = go_to(f, dir);
	if (dir.len)
		name = span_of(rel.p + dir.len + 1, rel.len - dir.len - 1);
	if (rc == 0 && f->a->o.drop_empty) {
		f->pending = 1;
		f->empty_meta = *meta;
		buf_reset(&f->empty);
		return buf_add(&f->empty, rel);
	}
	return rc < 0 ? rc : enter(f, name, meta);
}

/* The next entry, below the top, decides whether the last directory was empty.  When it is dropped, the one
 * it was in has been entered all the same. */
static int settle(struct feed *f, int is_below)
{
	struct span rel = buf_span(&f->empty), dir = parent_of(rel);

	if (!f->pending)
		return 0;
	f->pending = 0;
	if (is_below)
		return enter(f, span_of(rel.p + dir.len + (dir.len > 0), rel.len - dir.len - (dir.len > 0)),
			     &f->empty_meta);
	return dir.len ? keep(f, &(struct record){ .path = dir, .kind = ARCH_DIR }) : 0;
}

/* ---- tops ---- */

static int top_open(struct feed *f, struct span name, int all, const struct unixfs_meta *meta)
{
	const char *tmp = f->a->st ? store_tmpdir(f->a->st) : NULL;
	int rc;

	f->open = 1;
	f->all = all;
	f->meta = *meta;
	f->n = 0;
	buf_reset(&f->at);
	buf_reset(&f->top);
	rc = buf_add(&f->top, name);
	if (rc == 0)
		rc = buf_u8(&f->top, 0);	/* a string, also when it is empty */
	f->top.len -= rc == 0;
	if (rc == 0)
		rc = spill_new(&f->entries, tmp, ARCH_SPILL_MEM, arch_cmp);
	if (rc == 0)
		rc = idset_new(&f->seen, ID, IDS_MEM, tmp);
	return rc < 0 ? rc : level_push(f, (const uint8_t[ID]){ 0 });
}

static int place_all(struct feed *f, struct place *p)
{
	struct buf last = BUF_INIT(OPS_FEED_PATH_MAX + CID_TEXT_MAX);
	struct span rec;
	struct record r;
	int rc = spill_read(f->entries);

	while (rc >= 0 && (rc = spill_next(f->entries, &rec)) > 0) {
		rc = arch_get(rec, &r);
		if (rc < 0 || (last.len && span_equal(r.path, buf_span(&last))))
			continue;
		buf_reset(&last);
		rc = buf_add(&last, r.path);
		if (rc == 0)
			rc = r.kind == ARCH_DIR ? place_dir(p, r.path, &r.meta) :
						  place_node(p, r.path, &r.node);
	}
	buf_clear(&last);
	return rc;
}

static int build(struct feed *f, struct unixfs_node *out)
{
	const char *name = (const char *)f->top.data;
	struct place p;
	int rc;

	place_init(&p, f->a, name, name);
	p.only_dirs = 1;
	if (f->a->wrap) {
		rc = place_top(&p, f->a->wrap);
		f->a->wrap = NULL;
	} else {
		rc = place_dir(&p, span_of(NULL, 0), &f->meta);
	}
	if (rc == 0)
		rc = place_all(f, &p);
	if (rc == 0)
		rc = place_end(&p, out);
	place_clear(&p);
	return rc;
}

static int top_end(struct feed *f)
{
	struct unixfs_node node;
	int rc;

	if (!f->open)
		return 0;
	f->open = f->all = 0;
	rc = settle(f, 0);
	if (rc == 0)
		rc = build(f, &node);
	spill_free(f->entries);
	f->entries = NULL;
	idset_free(f->seen);
	f->seen = NULL;
	f->a->o.wrap = 0;		/* it was the wrapper, if there was to be one */
	return rc < 0 ? rc : add_top(f->a, (const char *)f->top.data, NULL, &node, NULL);
}

static int in_top(const struct feed *f, struct span path)
{
	return f->open && (f->all || below(path, buf_span(&f->top)));
}

static int tell_top(const struct feed *f, struct span name, const struct ops_add_feed_entry *e)
{
	char *text = strndup(name.len ? (const char *)name.p : "", name.len);
	int rc = text ? add_told_top(f->a, text, e) : err_nomem();

	free(text);
	return rc;
}

/* 1: the entry is a top itself, and done with */
static int top_begin(struct feed *f, struct span path, const struct ops_add_feed_entry *e)
{
	static const struct unixfs_meta none;
	struct span name = span_of(path.p, strcspn(e->path, "/"));
	int itself = name.len == path.len, rc;

	if (f->a->wrap) {
		rc = tell_top(f, span_of(NULL, 0), NULL);
		return rc < 0 ? rc : top_open(f, span_of(NULL, 0), 1, &none);
	}
	rc = top_end(f);
	if (rc == 0)
		rc = tell_top(f, name, itself ? e : NULL);
	if (rc < 0)
		return rc;
	if (itself && e->what != OPS_FEED_DIR)
		rc = file_top(f, e);
	else
		rc = top_open(f, name, !name.len, itself ? &e->meta : &none);
	return rc < 0 ? rc : itself;
}

/* ---- the door ---- */

static int inside(struct feed *f, struct span path, const struct ops_add_feed_entry *e)
{
	size_t skip = f->all ? 0 : f->top.len + 1;
	struct span rel = span_of(path.p + skip, path.len - skip);
	int rc = settle(f, below(rel, buf_span(&f->empty)));

	if (rc < 0)
		return rc;
	return e->what == OPS_FEED_DIR ? dir_inside(f, rel, &e->meta) : file_inside(f, rel, e);
}

static int feed(struct feed *f, const struct ops_add_feed_entry *e)
{
	struct span path = span_str(e->path);
	int rc = path_ok(e->path);

	if (rc < 0 || (f->file.len && below(path, buf_span(&f->file))))
		return rc;
	buf_reset(&f->file);
	rc = in_top(f, path) ? 0 : top_begin(f, path, e);
	if (rc == 0)
		rc = inside(f, path, e);
	if (rc >= 0 && e->what != OPS_FEED_DIR)
		rc = buf_add(&f->file, path);
	return rc < 0 ? rc : 0;
}

int ops_add_feed(struct adder *a, const struct ops_add_feed_entry *e)
{
	int rc = a->rc;

	if (rc < 0)
		return err_set(rc, "adding has failed before");
	if (!a->feed)
		a->feed = feed_new(a);
	rc = a->feed ? feed(a->feed, e) : err_nomem();
	return rc < 0 ? ops_add_fail(a, rc) : 0;
}

int ops_add_feed_end(struct adder *a)
{
	int rc = a->rc;

	if (rc < 0)
		return err_set(rc, "adding has failed before");
	rc = a->feed ? top_end(a->feed) : 0;
	return rc < 0 ? ops_add_fail(a, rc) : 0;
}
