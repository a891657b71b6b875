/* get_archive.c - a DAG into an archive */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ops/get_priv.h"
#include "tar/tar.h"

struct out {
	struct getter g;
	struct sink sink;		/* into the entry that is open */
	struct tar_writer *w;
	struct buf path;
	char *name;			/* everything is below this */
	const struct timespec *mtime;	/* of entries that have none */
	int broken;			/* an entry's head is out, but not what it promised */
};

static int archive_put(struct sink *sink, const struct piece *p)
{
	struct out *x = (struct out *)(void *)((char *)sink - offsetof(struct out, sink));

	return tar_writer_piece(x->w, p);
}

static int write_entry(struct out *x, const struct got *e)
{
	struct tar_entry t = { .meta = e->stat->meta };
	char *target = NULL;
	int rc;

	buf_reset(&x->path);
	rc = buf_str(&x->path, x->name);
	if (rc == 0 && e->path.len)
		rc = buf_u8(&x->path, '/');
	if (rc == 0)
		rc = buf_add(&x->path, e->path);
	if (rc < 0)
		return err_set(rc, "its path is longer than %d bytes", TAR_PATH_MAX);
	t.path = (const char *)x->path.data;
	t.meta.mode &= 0777;
	if (!t.meta.has_mtime && x->mtime) {
		t.meta.has_mtime = 1;
		t.meta.mtime = x->mtime->tv_sec;
		t.meta.nsec = (uint32_t)x->mtime->tv_nsec;
	}
	if (unixfs_is_dir(e->stat->type)) {
		t.kind = TAR_DIR;
	} else if (unixfs_is_file(e->stat->type)) {
		t.kind = TAR_FILE;
		t.size = e->stat->size;
	} else if (e->stat->type == UNIXFS_SYMLINK) {
		if (!e->target.len || memchr(e->target.p, 0, e->target.len))
			return err_set(ERR_INVALID, "a symlink cannot point to nothing, or to a NUL");
		t.kind = TAR_SYMLINK;
		t.link = target = strndup((const char *)e->target.p, e->target.len);
		if (!target)
			return err_nomem();
	} else {
		return err_set(ERR_INVALID, "unrecognized node type");
	}
	x->broken = 1;
	rc = tar_writer_entry(x->w, &t);
	free(target);
	if (rc == 0 && t.kind == TAR_FILE)
		rc = unixfs_cat(x->g.src, e->cid, 0, UINT64_MAX, &x->sink, get_progress, &x->g);
	x->broken = rc < 0;
	return rc < 0 ? rc : get_done(&x->g, e, 1);
}

static int visit(void *arg, const struct unixfs_visit *v)
{
	struct out *x = arg;
	struct got e;
	int rc = get_entry(&x->g, v, &e);

	if (rc == 0)
		rc = write_entry(x, &e);
	if (rc < 0 && !x->broken) {
		rc = get_trouble(&x->g, rc, v->path);
		return rc < 0 ? rc : 1;
	}
	return rc;
}

/* all of it, once there is a writer; the writer is released */
static int archive(struct out *x, const struct got *root)
{
	struct unixfs_tree t = { .recursive = 1, .want_stat = 1, .fn = visit, .arg = x };
	int rc = write_entry(x, root);

	if (rc == 0 && unixfs_is_dir(root->stat->type))
		rc = unixfs_tree(x->g.src, root->cid, &t);
	if (rc == 0)
		rc = tar_writer_end(x->w);
	else
		tar_writer_free(x->w);
	return rc;
}

static void start(struct out *x, const struct ops_get *o)
{
	*x = (struct out){ .g = { .o = o }, .sink = { archive_put }, .path = BUF_INIT(TAR_PATH_MAX) };
}

static void end(struct out *x)
{
	buf_clear(&x->path);
	get_clear(&x->g);
	free(x->name);
}

int ops_get_archive_from(struct dag_source *src, const char *path, int fd, const char *what, const char *format,
			 const struct ops_get *o)
{
	struct got root;
	struct out x;
	int rc;

	start(&x, o);
	rc = ops_get_name(path, &x.name);
	x.g.top = x.name;
	if (rc == 0)
		rc = get_root(&x.g, src, path, &root);
	if (rc == 0)
		rc = tar_writer_new(&x.w, fd, format, what);
	if (rc == 0)
		rc = archive(&x, &root);
	end(&x);
	return rc;
}

int ops_get_archive_sink(struct dag_source *src, const struct cid *cid, const char *name, const struct timespec *mtime,
			 struct sink *sink, const char *format, const struct ops_get *o)
{
	char text[CID_TEXT_MAX];
	struct got root;
	struct out x;
	int rc;

	start(&x, o);
	x.mtime = mtime;
	x.g.top = x.name = strdup(name);
	rc = x.name ? get_root(&x.g, src, cid_text(cid, text), &root) : err_nomem();
	if (rc == 0)
		rc = tar_writer_new_sink(&x.w, sink, format, name);
	if (rc == 0)
		rc = archive(&x, &root);
	end(&x);
	return rc;
}

int ops_get_archive(struct store *st, const char *path, int fd, const char *what, const char *format,
		    const struct ops_get *o)
{
	return ops_get_archive_from(store_source(st), path, fd, what, format, o);
}
