/* add_tree.c - a tree of files, bottom up, into directories */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "ops/add_priv.h"
#include "ops/walk.h"

enum { SHOWN_MAX = 2 * 1024 * 1024 };

/* A directory that is being filled. */
struct level {
	struct unixfs_dir *dir;
	int rules;			/* its own were pushed */
	uint8_t digest[CACHE_DIGEST];
	uint64_t files;			/* in it, not below */
};

struct tree {
	struct adder *a;
	struct ignore *rules;		/* a->rules, or our own */
	struct level *level;
	int n, cap;
	uint8_t digest[CACHE_DIGEST];	/* of the folder that holds the top */
	struct buf where;		/* the whole path of that folder, and room behind it */
	size_t where_len;
	struct buf shown;		/* the path things are told under */
	size_t shown_top;
	struct unixfs_node root;
	int have_root;
};

static const struct unixfs_meta *meta_of(const struct adder *a, const struct stat *st, int symlink,
					 struct unixfs_meta *m)
{
	struct unixfs_meta of = { st->st_mode & 07777, 1, st->st_mtim.tv_sec,
				  (uint32_t)st->st_mtim.tv_nsec };

	return add_meta(a, &of, symlink, m);
}

static int wanted(void *arg, const char *rel, int is_dir)
{
	const struct tree *t = arg;

	return !t->rules || !ignore_match(t->rules, rel, is_dir);
}

static const char *shown(struct tree *t, const char *rel)
{
	t->shown.len = t->shown_top;
	if (*rel && (buf_u8(&t->shown, '/') < 0 || buf_str(&t->shown, rel) < 0))
		return rel;		/* too long even for us */
	if (!*rel)
		t->shown.data[t->shown.len] = 0;
	return (const char *)t->shown.data;
}

/* an entry is complete: into the directory it was found in */
static int done(struct tree *t, const struct walk_entry *e, const struct unixfs_node *node)
{
	int rc = 0;

	if (!*e->rel) {
		t->root = *node;
		t->have_root = 1;
		return 0;			/* whoever wanted the top tells it */
	}
	rc = unixfs_dir_add(t->level[t->n - 1].dir, span_str(e->name), node);
	return rc < 0 || !t->a->o.all ? rc : add_told(t->a, shown(t, e->rel), node, 0);
}

static int trouble(struct tree *t, int rc, const struct walk_entry *e)
{
	return add_fatal(t->a, rc) ? rc : add_trouble(t->a, rc, e->path);
}

static const uint8_t *digest_here(const struct tree *t)
{
	return t->n ? t->level[t->n - 1].digest : t->digest;
}

static const char *base_name(const struct walk_entry *e)
{
	const char *slash = *e->rel ? NULL : strrchr(e->path, '/');

	return slash ? slash + 1 : e->name;
}

/* where it is, from the root of the file system on; "" when that is too long even for us */
static const char *whole_path(struct tree *t, const struct walk_entry *e)
{
	size_t top = strlen(e->path) - strlen(e->rel);

	while (top > 1 && e->path[top - 1] == '/')
		top--;
	while (top && e->path[top - 1] != '/')
		top--;
	t->where.len = t->where_len;
	return buf_u8(&t->where, '/') < 0 || buf_str(&t->where, e->path + top) < 0 ? "" :
	       (const char *)t->where.data;
}

static int add_file(struct tree *t, struct walk *w, const struct walk_entry *e)
{
	struct adder *a = t->a;
	struct unixfs_node node;
	struct unixfs_meta m;
	struct stat before, after;
	int fd, rc, hit = 0;

	if (t->n)
		t->level[t->n - 1].files++;
	if (a->o.cache) {
		hit = cache_get(a, digest_here(t), base_name(e), &e->st, &node);
		if (hit < 0)
			return hit;
	}
	if (!hit) {
		fd = walk_open(w, e, &before);
		if (fd < 0)
			return trouble(t, fd, e);
		rc = add_body_fd(a, fd, e->path, 1, meta_of(a, &before, 0, &m), &node);
		if (rc == 0 && a->o.cache && fstat(fd, &after) == 0)
			rc = cache_put(a, digest_here(t), base_name(e), whole_path(t, e), &before,
				       &after, &node);
		close(fd);
		if (rc < 0)
			return trouble(t, rc, e);
	}
	rc = done(t, e, &node);
	return rc < 0 ? rc : add_counted(a, hit);
}

static int add_link(struct tree *t, const struct walk_entry *e)
{
	struct adder *a = t->a;
	char target[PATH_MAX + 1];
	struct unixfs_node node;
	struct unixfs_meta m;
	struct stat st = e->st;
	ssize_t n = readlinkat(e->dirfd, e->name, target, sizeof target);
	int rc;

	if (n < 0 || (size_t)n == sizeof target) {
		rc = n < 0 ? err_sys("reading the symlink") :
			     err_set(ERR_LIMIT, "the target is longer than %d bytes", PATH_MAX);
		return trouble(t, rc, e);
	}
	if (a->o.keep_mtime && !e->has_stat && fstatat(e->dirfd, e->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return trouble(t, err_sys("looking at it"), e);
	rc = unixfs_add_symlink(a->b, span_of(target, (size_t)n), meta_of(a, &st, 1, &m), &node);
	if (rc < 0)
		return trouble(t, rc, e);
	rc = done(t, e, &node);
	return rc < 0 ? rc : add_counted(a, 0);
}

/* the rules in a folder join those above it */
static int rules_of(struct tree *t, struct level *l, const struct walk_entry *e)
{
	struct buf text = BUF_INIT(IGNORE_TEXT_MAX);
	int fd = openat(e->dirfd, t->a->o.ignore_name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return errno == ENOENT || errno == ELOOP ? 0 : err_sys("reading its ignore file");
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		rc = io_slurp(fd, &text, t->a->o.ignore_name);
		if (rc == 0)
			rc = ignore_push(t->rules, e->rel, buf_span(&text), e->path);
		l->rules = rc == 0;
	}
	close(fd);
	buf_clear(&text);
	return rc;
}

static int enter(struct tree *t, const struct walk_entry *e)
{
	struct unixfs_meta m;
	struct level *l;
	int rc;

	if (t->n == t->cap) {
		int cap = t->cap ? 2 * t->cap : 16;
		struct level *more = realloc(t->level, (size_t)cap * sizeof *more);

		if (!more)
			return err_nomem();
		t->level = more;
		t->cap = cap;
	}
	l = &t->level[t->n];
	*l = (struct level){ .rules = 0 };
	if (t->a->o.cache)
		cache_down(digest_here(t), base_name(e), l->digest);
	rc = unixfs_dir_new(&l->dir, t->a->b, meta_of(t->a, &e->st, 0, &m));
	if (rc < 0)
		return rc;
	t->n++;
	/* rules that cannot be read would add what was meant to stay out */
	return t->a->o.ignore_name ? rules_of(t, l, e) : 0;
}

static int leave(struct tree *t, const struct walk_entry *e)
{
	struct level *l = &t->level[--t->n];
	struct unixfs_node node;
	int rc;

	if (l->rules)
		ignore_pop(t->rules);
	rc = unixfs_dir_end(l->dir, &node);
	if (rc == 0 && t->a->o.cache)
		rc = cache_leave(t->a, l->digest, l->files);
	return rc < 0 ? rc : done(t, e, &node);
}

static int step(struct tree *t, struct walk *w, enum walk_event ev, const struct walk_entry *e)
{
	switch (ev) {
	case WALK_FILE:
		return add_file(t, w, e);
	case WALK_LINK:
		return add_link(t, e);
	case WALK_ENTER:
		return enter(t, e);
	case WALK_LEAVE:
		return leave(t, e);
	case WALK_OTHER:
		return trouble(t, err_set(ERR_INVALID, "is %s, which cannot be added",
					  walk_kind(e->st.st_mode)), e);
	default:
		return trouble(t, e->rc, e);
	}
}

/* with -r missing, a directory is a mistake before anything of it is read */
static int is_folder(const struct adder *a, const char *path)
{
	struct stat st;

	return fstatat(AT_FDCWD, path, &st, a->o.follow ? 0 : AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

static int start(struct tree *t, const char *path, const char *show)
{
	struct adder *a = t->a;
	int rc;

	buf_init(&t->shown, SHOWN_MAX);
	buf_init(&t->where, SHOWN_MAX);
	rc = buf_str(&t->shown, show);
	while (t->shown.len > 1 && t->shown.data[t->shown.len - 1] == '/')
		t->shown.len--;
	if (t->shown.len == 1 && t->shown.data[0] == '/')
		t->shown.len = 0;
	t->shown_top = t->shown.len;
	t->rules = a->rules;
	if (rc == 0 && !a->rules && a->o.ignore_name)
		rc = ignore_new(&t->rules);
	if (rc == 0 && a->o.cache)
		rc = cache_top(a, path, t->digest, &t->where);
	t->where_len = t->where.len;
	return rc;
}

int add_tree(struct adder *a, const char *path, const char *show, struct unixfs_node *out)
{
	struct tree t = { .a = a };
	struct walk_opts wo = { .hidden = a->o.hidden, .follow = a->o.follow == OPS_FOLLOW_ALL,
				.follow_top = a->o.follow != OPS_FOLLOW_NONE,
				.want_stat = a->o.cache, .depth_max = a->o.depth_max,
				.tmpdir = a->st ? store_tmpdir(a->st) : NULL, .want = wanted, .arg = &t };
	struct walk *w = NULL;
	struct walk_entry e;
	int rc, ev = 0;

	if (!a->o.recursive && is_folder(a, path))
		return add_trouble(a, err_set(ERR_USAGE, "is a directory, use -r to add it"), path);
	rc = start(&t, path, show);
	if (rc == 0)
		rc = walk_new(&w, path, &wo);
	while (rc == 0 && (ev = walk_next(w, &e)) > 0)
		rc = step(&t, w, ev, &e);
	if (rc == 0)
		rc = ev;
	while (t.n) {			/* only after an error */
		if (t.level[--t.n].rules)
			ignore_pop(t.rules);
		unixfs_dir_free(t.level[t.n].dir);
	}
	/* what is wrong with the tree itself concerns this one only */
	if (rc < 0 && !add_fatal(a, rc))
		rc = add_trouble(a, rc, path);
	if (rc == 0 && t.have_root) {
		*out = t.root;
		rc = 1;
	}
	walk_free(w);
	if (t.rules != a->rules)
		ignore_free(t.rules);
	free(t.level);
	buf_clear(&t.shown);
	buf_clear(&t.where);
	return rc;
}

/* the name a path gets in a wrapper; gives, free() it */
static char *wrapped_name(const char *path)
{
	size_t len = strlen(path), from;
	char *name, *real;

	while (len > 1 && path[len - 1] == '/')
		len--;
	for (from = len; from && path[from - 1] != '/'; from--)
		;
	name = strndup(path + from, len - from);
	if (!name || (strcmp(name, ".") && strcmp(name, "..")))
		return name;
	free(name);			/* where does that lead? */
	real = realpath(path, NULL);
	name = real ? strdup(strrchr(real, '/') + 1) : NULL;
	free(real);
	return name;
}

int ops_add_path(struct adder *a, const char *path)
{
	char *name = a->o.wrap ? wrapped_name(path) : NULL;
	struct unixfs_node node;
	int rc = a->rc;

	if (rc < 0)
		return err_set(rc, "adding has failed before");
	if (a->o.wrap && (!name || !*name)) {
		free(name);
		return add_trouble(a, err_set(ERR_USAGE, "has no name for an entry"), path);
	}
	rc = add_tree(a, path, name ? name : path, &node);
	if (rc > 0)
		rc = add_top(a, name ? name : path, name, &node, path);
	free(name);
	if (rc < 0)
		a->rc = rc;
	return rc;
}

int ops_add_fd(struct adder *a, int fd, const char *path, const char *name)
{
	char text[CID_TEXT_MAX];
	struct unixfs_node node;
	struct unixfs_meta m;
	struct stat st;
	int rc = a->rc;

	if (rc < 0)
		return err_set(rc, "adding has failed before");
	if (fstat(fd, &st) < 0)
		return add_trouble(a, err_sys("looking at it"), path);
	if (S_ISDIR(st.st_mode))
		return add_trouble(a, err_set(ERR_INVALID, "is a directory"), path);
	/* a pipe has no mode or time worth keeping */
	rc = add_body_fd(a, fd, path, 0,
			 S_ISREG(st.st_mode) ? meta_of(a, &st, 0, &m) : add_meta(a, NULL, 0, &m), &node);
	if (rc < 0) {
		rc = add_fatal(a, rc) ? rc : add_trouble(a, rc, path);
	} else {
		if (a->o.wrap)
			path = name ? name : cid_text(&node.cid, text);
		rc = add_top(a, path, name, &node, NULL);
		if (rc == 0)
			rc = add_counted(a, 0);
	}
	if (rc < 0)
		a->rc = rc;
	return rc;
}
