/* in.c - open files: of a store, and ordinary ones */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "tensor_priv.h"
#include "unixfs/unixfs.h"

/* ---- files of a DAG ---- */

struct dag_in {
	struct tensor_in in;
	struct unixfs_reader *reader;
};

static int counted(struct dag_in *d, int rc, struct unixfs_read_count before)
{
	struct unixfs_read_count now = unixfs_reader_count(d->reader);

	d->in.n_blocks += now.blocks - before.blocks;
	d->in.n_bytes += now.bytes - before.bytes;
	return rc;
}

static int dag_read(struct tensor_in *in, uint64_t off, void *p, size_t len)
{
	struct dag_in *d = (struct dag_in *)in;
	struct unixfs_read_count before = unixfs_reader_count(d->reader);

	return counted(d, unixfs_reader_read(d->reader, off, p, len), before);
}

static int dag_cat(struct tensor_in *in, uint64_t off, uint64_t len, struct sink *out)
{
	struct dag_in *d = (struct dag_in *)in;
	struct unixfs_read_count before = unixfs_reader_count(d->reader);

	return counted(d, unixfs_reader_cat(d->reader, off, len, out), before);
}

static int dag_view(struct tensor_in *in, uint64_t off, uint64_t *start, struct span *bytes)
{
	struct dag_in *d = (struct dag_in *)in;
	struct unixfs_read_count before = unixfs_reader_count(d->reader);

	return counted(d, unixfs_reader_view(d->reader, off, start, bytes), before);
}

static int dag_seen(struct tensor_in *in)
{
	return unixfs_reader_seen(((struct dag_in *)in)->reader);
}

static void dag_close(struct tensor_in *in)
{
	unixfs_reader_close(((struct dag_in *)in)->reader);
	free(in);
}

int tensor_in_dag(struct tensor_in **in, struct dag_source *src, const struct cid *cid)
{
	struct dag_in *d = calloc(1, sizeof *d);
	char text[CID_TEXT_MAX];
	int rc;

	if (!d)
		return err_nomem();
	rc = unixfs_reader_open(&d->reader, src, cid);
	if (rc < 0) {
		free(d);
		return rc;
	}
	d->in = (struct tensor_in){ .read = dag_read, .cat = dag_cat, .view = dag_view, .seen = dag_seen,
				    .close = dag_close, .size = unixfs_reader_size(d->reader) };
	if (strlen(cid_text(cid, text)) < sizeof d->in.key)	/* an inlined file may be longer: it is small enough */
		snprintf(d->in.key, sizeof d->in.key, "%.127s", text);
	counted(d, 0, (struct unixfs_read_count){ 0 });
	*in = &d->in;
	return 0;
}

/* ---- ordinary files ---- */

struct fd_in {
	struct tensor_in in;
	int fd;
	char *what;
};

static int outside(const struct fd_in *f)
{
	return err_set(ERR_INVALID, "'%s' ends before that", f->what);
}

/* does the file have so many bytes, or did someone cut it meanwhile? */
static int still_there(const struct fd_in *f, uint64_t end)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return err_sys("'%s'", f->what);
	return (uint64_t)st.st_size < end ? outside(f) : 0;
}

static int fd_read(struct tensor_in *in, uint64_t off, void *p, size_t len)
{
	struct fd_in *f = (struct fd_in *)in;
	ssize_t n;

	if (off > in->size || len > in->size - off)
		return outside(f);
	n = io_pread(f->fd, p, len, off, f->what);
	if (n < 0)
		return (int)n;
	in->n_bytes += (uint64_t)n;
	return (size_t)n == len ? 0 : outside(f);
}

static int fd_cat(struct tensor_in *in, uint64_t off, uint64_t len, struct sink *out)
{
	struct fd_in *f = (struct fd_in *)in;
	struct piece p = { .fd = f->fd, .off = off, .len = len };
	int rc;

	if (off > in->size || len > in->size - off)
		return outside(f);
	rc = still_there(f, off + len);
	if (rc < 0)
		return rc;
	in->n_bytes += len;
	rc = len ? sink_put(out, &p) : 0;
	/* cut while it was sent: sinks take it for a segment */
	return rc == ERR_CORRUPT && still_there(f, off + len) < 0 ? outside(f) : rc;
}

static void fd_close(struct tensor_in *in)
{
	struct fd_in *f = (struct fd_in *)in;

	close(f->fd);
	free(f->what);
	free(f);
}

int tensor_in_fd(struct tensor_in **in, int fd, const char *what)
{
	struct fd_in *f = calloc(1, sizeof *f);
	struct stat st;
	int rc = 0;

	if (!f || !(f->what = strdup(what)))
		rc = err_nomem();
	else if (fstat(fd, &st) < 0)
		rc = err_sys("'%s'", what);
	else if (!S_ISREG(st.st_mode))
		rc = err_set(ERR_INVALID, "'%s' is not a regular file", what);
	if (rc < 0) {
		if (f)
			free(f->what);
		free(f);
		close(fd);
		return rc;
	}
	f->fd = fd;
	f->in = (struct tensor_in){ .size = (uint64_t)st.st_size, .read = fd_read, .cat = fd_cat, .close = fd_close };
	*in = &f->in;
	return 0;
}
