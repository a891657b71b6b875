/*
 * files_write.c - what changes a file, or what is known about one.
 *
 * The input is taken in before the lock: what is short into memory, what is long to a file without a name, or,
 * if it is to be a new file, into blocks at once.
 */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/tmpfile.h"
#include "ops/files_priv.h"

enum { SHORT_MAX = 1024 * 1024 };	/* bytes of input kept in memory */

/* ---- the input ---- */

struct input {
	const struct ops_files_in *in;
	struct buf mem;			/* its beginning */
	int fd;				/* all of it, -1: it is in mem */
	uint64_t pos, len;		/* of what was read again; bytes of it all */
	int eof;
};

/* the next bytes of the caller's */
static ssize_t more(struct input *i, void *p, size_t len)
{
	ssize_t n;

	if (len > i->in->max - i->len)
		len = (size_t)(i->in->max - i->len);
	n = len && !i->eof ? i->in->read(i->in->arg, p, len) : 0;
	i->eof |= n == 0;
	if (n > 0)
		i->len += (uint64_t)n;
	return n;
}

/* 1: there may be more than what is in memory */
static int take_first(struct input *i)
{
	ssize_t n = 1;
	int rc = 0;

	while (rc == 0 && n > 0 && i->mem.len < SHORT_MAX) {
		rc = buf_reserve(&i->mem, 65536);
		if (rc == 0) {
			n = more(i, i->mem.data + i->mem.len, 65536);
			i->mem.len += n > 0 ? (size_t)n : 0;
		}
	}
	return rc < 0 ? rc : n < 0 ? (int)n : n > 0;
}

/* what is in memory, then what still comes; arg of a file that is made at once */
static ssize_t stream(void *arg, void *p, size_t len)
{
	struct input *i = arg;
	size_t left = i->mem.len - (size_t)i->pos;

	if (left == 0)
		return more(i, p, len);
	len = len < left ? len : left;
	memcpy(p, i->mem.data + i->pos, len);
	i->pos += len;
	return (ssize_t)len;
}

/* what was taken in, again */
static ssize_t replay(void *arg, void *p, size_t len)
{
	struct input *i = arg;
	ssize_t n;

	if (i->fd < 0) {
		n = (ssize_t)(i->mem.len - (size_t)i->pos);
		n = (size_t)n < len ? n : (ssize_t)len;
		if (n)
			memcpy(p, i->mem.data + i->pos, (size_t)n);
	} else {
		n = io_pread(i->fd, p, len, i->pos, "the input");
	}
	i->pos += n > 0 ? (uint64_t)n : 0;
	return n;
}

/* all that still comes to a file */
static int spool(struct input *i, const char *tmpdir)
{
	enum { STEP = 65536 };
	uint8_t *step = malloc(STEP);
	ssize_t n = 1;
	int rc = step ? 0 : err_nomem();

	i->fd = rc == 0 ? tmpfile_nameless(tmpdir) : -1;
	if (rc == 0 && i->fd < 0)
		rc = i->fd;
	if (rc == 0)
		rc = io_write(i->fd, i->mem.data, i->mem.len, "the input");
	while (rc == 0 && n > 0) {
		n = more(i, step, STEP);
		rc = n < 0 ? (int)n : io_write(i->fd, step, (size_t)n, "the input");
	}
	free(step);
	buf_clear(&i->mem);
	return rc;
}

/* ---- write ---- */

struct write {
	struct fpath p;
	uint64_t off;
	struct input input;
	int made;			/* a new file was made of the input, before the lock: */
	struct unixfs_node node;
	struct seen seen;		/* the path, … */
	int seen_rc;			/* … and what came of it: 0, or 1: the last name is missing; else look again */
};

/* a builder that makes the leaves that were asked for; if none were, those of the settings, or as suits the file */
static int builder_for(struct change *c, struct unixfs_builder **b)
{
	struct unixfs_opts o = c->opts;

	if (c->o->raw_leaves >= 0) {
		o.raw_leaves = c->o->raw_leaves;
		o.raw_leaves_set = 1;
	}
	return unixfs_builder_new(b, &o, store_sink(c->st), store_tmpdir(c->st));
}

static int build(struct change *c, struct write *w, const struct cid *file, ssize_t (*read)(void *arg, void *p,
		 size_t len), struct unixfs_node *out)
{
	struct unixfs_builder *b = NULL;
	int rc = builder_for(c, &b);

	w->input.pos = 0;
	if (rc == 0)
		rc = (c->o->truncate ? unixfs_write_anew : unixfs_write_at)(b, &c->src.source, file, w->off, read,
									    &w->input, UINT64_MAX, out);
	unixfs_builder_free(b);
	return rc;
}

/* a file that was empty before, and nowhere */
static int build_new(struct change *c, struct write *w, const struct naming_as *as, ssize_t (*read)(void *arg, void *p,
		     size_t len), struct unixfs_node *out)
{
	struct span bytes = files_empty_file();
	struct cid empty, put;
	int rc = cid_sum(&empty, as->version, CID_DAG_PB, as->hash, &bytes, 1);

	if (rc < 0)
		return rc;
	c->src.file = empty;
	rc = build(c, w, &empty, read, out);
	return rc == 0 && cid_equal(&out->cid, &empty) ? put_bytes(c, bytes, as, &put) : rc;
}

/* A file was made of the input, and now there is one already: it becomes input again. */
static int unmake(struct change *c, struct write *w)
{
	struct sink_fd out;
	int rc, end;

	w->input.fd = tmpfile_nameless(store_tmpdir(c->st));
	if (w->input.fd < 0)
		return w->input.fd;
	rc = sink_fd_start(&out, w->input.fd, "the input");
	if (rc < 0)
		return rc;
	rc = unixfs_cat(&c->src.source, &w->node.cid, 0, UINT64_MAX, &out.sink, NULL, NULL);
	end = rc < 0 ? (sink_fd_clear(&out), rc) : sink_fd_end(&out);
	w->made = 0;
	return end;
}

/* Where the path leads: 0; 1: to nothing, but it may be made there. */
static int see_path(struct change *c, struct write *w)
{
	struct seen *s = &w->seen;

	/* what was seen before the lock was ours is so, if the root is the same */
	if (w->seen_rc < 0 || !cid_equal(&s->root, &c->root)) {
		w->seen_rc = node_walk(&c->src.source, &c->root, s->p, s->dirs, &s->found, &s->node);
		s->root = c->root;
	}
	if (w->seen_rc == 1)
		return c->o->create && !s->p->slash && s->found + 1 == s->p->n ? 1 : no_file();
	return w->seen_rc;
}

static int write_fn(struct change *c, void *arg)
{
	struct write *w = arg;
	const struct fpath *p = &w->p;
	struct naming_as as;
	struct unixfs_node node;
	struct cid file;
	int rc = change_as(c->o, &c->root_as, &as), is_new = 0;

	c->grows = 1;
	if (rc == 0 && c->o->parents && p->n > 1)
		rc = edit_mkdir(c, p, p->n - (p->slash ? 0 : 1), 1, &as);
	if (rc == 0)
		rc = is_new = see_path(c, w);
	if (rc == 0) {
		rc = file_only(p, &w->seen.node);
		file = w->seen.node.cid;
	}
	if (rc == 0 && w->made)
		rc = unmake(c, w);
	if (rc < 0)
		return rc;
	node = w->node;
	if (!w->made && is_new)
		rc = build_new(c, w, &as, replay, &node);
	else if (!w->made)
		rc = build(c, w, &file, replay, &node);
	return rc < 0 ? rc : edit_put_in(c, p, w->seen.dirs, &node);
}

/* A long input that will be a new file, as it looks: it becomes one at once, and durable, without keeping others
 * waiting. */
static int make_at_once(struct store *st, const struct ops_files *o, struct write *w)
{
	struct naming_as as;
	struct change c;
	int rc = change_prepare(&c, st, o);

	if (rc == 0)
		rc = change_as(o, &c.root_as, &as);
	if (rc == 0)
		rc = build_new(&c, w, &as, stream, &w->node);
	if (rc == 0)
		rc = store_commit(st);
	else
		store_rollback(st);
	change_clear(&c);
	w->made = rc == 0;
	return rc;
}

/* What can be seen before the input is: 1: there is no such file yet; 0: there is; or why it will not be. */
static int look_first(struct change *c, struct write *w)
{
	struct seen *s = &w->seen;
	int rc = files_see(c->st, &c->src, s);

	if (rc == 0 || (rc == 1 && s->found + 1 == s->p->n))
		w->seen_rc = rc;
	if (rc == 0)
		return file_only(s->p, &s->node);
	if (rc < 0)
		return rc;
	return c->o->create && !s->p->slash && (c->o->parents || s->found + 1 == s->p->n) ? 1 : no_file();
}

static int take_in(struct change *c, struct write *w)
{
	int is_new = look_first(c, w), rc;

	if (is_new < 0)
		return is_new;
	rc = take_first(&w->input);
	if (rc == 1 && is_new && w->off == 0)
		return make_at_once(c->st, c->o, w);
	return rc == 1 ? spool(&w->input, store_tmpdir(c->st)) : rc;
}

int ops_files_write(struct store *st, const char *path, uint64_t off, const struct ops_files_in *in,
		    const struct ops_files *o)
{
	struct write w = { .off = off, .input = { .in = in, .mem = BUF_INIT(2 * SHORT_MAX), .fd = -1 }, .seen_rc = -1 };
	struct change c = { .st = NULL };
	int rc = fpath_parse(&w.p, path);

	if (rc == 0 && off > INT64_MAX)
		rc = err_set(ERR_USAGE, "cannot have negative write offset");
	if (rc == 0)
		rc = change_prepare(&c, st, o);
	w.seen.p = &w.p;
	if (rc == 0 && !(w.seen.dirs = calloc(w.p.n + 1, sizeof *w.seen.dirs)))
		rc = err_nomem();
	if (rc == 0)
		rc = take_in(&c, &w);
	if (rc == 0)
		rc = change_make(&c, write_fn, &w);
	change_clear(&c);
	free(w.seen.dirs);
	if (w.input.fd >= 0)
		close(w.input.fd);
	buf_clear(&w.input.mem);
	fpath_clear(&w.p);
	return rc;
}

/* ---- mode and time ---- */

struct meta {
	struct fpath p;
	struct unixfs_meta meta;
	int which;
};

static int meta_fn(struct change *c, void *arg)
{
	struct meta *m = arg;
	struct unixfs_node node;
	struct fnode at;
	int rc = node_at(&c->src.source, &c->root, &m->p, &at);

	if (rc == 0)
		rc = unixfs_set_meta(c->b, &c->src.source, &at.cid, &m->meta, m->which, &node);
	return rc < 0 ? rc : edit_put(c, &m->p, m->p.n, &node);
}

static int set_meta(struct store *st, const char *path, struct meta *m, const struct ops_files *o)
{
	int rc = fpath_parse(&m->p, path);

	if (rc == 0)
		rc = change(st, o, meta_fn, m);
	fpath_clear(&m->p);
	return rc;
}

int ops_files_mode(const char *text, uint32_t *mode)
{
	const char *p = text + (*text == '+');
	uint64_t v = 0;

	for (; *p >= '0' && *p <= '7' && v <= INT32_MAX; p++)
		v = 8 * v + (uint64_t)(*p - '0');
	if (*p || p == text + (*text == '+'))
		return err_set(ERR_USAGE, "strconv.ParseInt: parsing \"%s\": %s", text,
			       v > INT32_MAX ? "value out of range" : "invalid syntax");
	if (v > INT32_MAX)
		return err_set(ERR_USAGE, "strconv.ParseInt: parsing \"%s\": value out of range", text);
	*mode = (uint32_t)v;
	return 0;
}

int ops_files_chmod(struct store *st, const char *path, uint32_t mode, const struct ops_files *o)
{
	/* Kubo takes the number for a Go FileMode, in which set-id and sticky are other bits */
	uint32_t unix_mode = (mode & 0777) | (mode & 0xc00000) >> 12 | (mode & 0x100000) >> 11;
	struct meta m = { .meta = { .mode = unix_mode }, .which = UNIXFS_SET_MODE };

	return set_meta(st, path, &m, o);
}

int ops_files_touch(struct store *st, const char *path, const struct timespec *mtime, const struct ops_files *o)
{
	struct timespec now;
	struct meta m = { .which = UNIXFS_SET_MTIME };

	clock_gettime(CLOCK_REALTIME, &now);
	if (!mtime || mtime->tv_sec == 0)
		mtime = &now;
	m.meta = (struct unixfs_meta){ .has_mtime = 1, .mtime = mtime->tv_sec, .nsec = (uint32_t)mtime->tv_nsec };
	return set_meta(st, path, &m, o);
}
