/* tensor.c - where an operand leads, and the container there */
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/tmpfile.h"
#include "ops/tensor.h"

enum { COPY = 65536 };

int ops_tensor_stored(const char *path)
{
	static const char *const begins[] = { "/ipfs/", "/ipns/", "/ipld/", "ipfs:", "ipns:", "ipld:" };
	struct cid cid;
	size_t i;

	for (i = 0; i < sizeof begins / sizeof *begins; i++)
		if (!strncasecmp(path, begins[i], strlen(begins[i])))
			return 1;
	return cid_parse(span_of(path, strcspn(path, "/")), &cid, NULL) == 0;
}

/* ---- in the store: the file itself, and the folder it was found in for the files beside it ---- */

struct stored {
	struct tensor_place place;
	struct dag_source *src;
	struct cid cid;
	char *path;
	struct tensor_place *self, *beside;	/* beside is looked for when it is asked for */
};

/* the path without its last segment, appended; nothing, when there is but the CID */
static int folder_of(const char *path, struct buf *out)
{
	struct dag_path parts;
	int rc = dag_path_parse(&parts, path);
	char *slash;

	if (rc < 0)
		return rc;
	slash = strrchr(parts.rest, '/');
	if (*parts.rest) {
		rc = buf_printf(out, "/%s/", parts.ipld ? "ipld" : "ipfs");
		if (rc == 0)
			rc = cid_format(&parts.root, NULL, out);
		if (rc == 0 && slash)
			rc = buf_printf(out, "/%.*s", (int)(slash - parts.rest), parts.rest);
	}
	dag_path_clear(&parts);
	return rc;
}

/* a folder has its files in it, a file has them beside it, if the path tells where */
static int stored_beside(struct stored *s, struct tensor_place **p)
{
	struct buf folder = BUF_INIT(SIZE_MAX);
	struct unixfs_stat st;
	struct cid cid;
	int rc = 0;

	if (!s->beside)
		rc = unixfs_stat(s->src, &s->cid, &st);
	if (rc == 0 && !s->beside && !unixfs_is_dir(st.type))
		rc = folder_of(s->path, &folder);
	if (rc == 0 && folder.len)
		rc = unixfs_resolve(s->src, (const char *)folder.data, &cid);
	if (rc == 0 && folder.len)
		rc = tensor_place_dag(&s->beside, s->src, &cid);
	buf_clear(&folder);
	*p = s->beside ? s->beside : s->self;
	return rc;
}

static int stored_open(struct tensor_place *p, struct span name, struct tensor_in **in)
{
	struct stored *s = (struct stored *)p;
	int rc = 0;

	if (name.len)
		rc = stored_beside(s, &p);
	else
		p = s->self;
	return rc < 0 ? rc : p->open(p, name, in);
}

static int stored_list(struct tensor_place *p, int (*fn)(void *arg, struct span name), void *arg)
{
	int rc = stored_beside((struct stored *)p, &p);

	return rc < 0 ? rc : p->list(p, fn, arg);
}

static void stored_free(struct tensor_place *p)
{
	struct stored *s = (struct stored *)p;

	tensor_place_free(s->beside);
	tensor_place_free(s->self);
	free(s->path);
	free(s);
}

static int place_stored(struct tensor_place **out, struct dag_source *src, const char *path, struct cid *cid)
{
	struct stored *s = calloc(1, sizeof *s);
	int rc;

	if (!s)
		return err_nomem();
	s->place = (struct tensor_place){ stored_open, stored_list, stored_free };
	s->src = src;
	s->path = strdup(path);
	rc = s->path ? unixfs_resolve(src, path, cid) : err_nomem();
	s->cid = *cid;
	if (rc == 0)
		rc = tensor_place_dag(&s->self, src, cid);
	if (rc < 0)
		stored_free(&s->place);
	else
		*out = &s->place;
	return rc;
}

/* ---- standard input: a file, or what comes out of a pipe ---- */

struct given {
	struct tensor_place place;
	int fd;
};

static int given_open(struct tensor_place *p, struct span name, struct tensor_in **in)
{
	int fd;

	if (name.len)
		return err_set(ERR_NOTFOUND, "no '%.*s' beside standard input", (int)name.len, (const char *)name.p);
	fd = dup(((struct given *)p)->fd);
	return fd < 0 ? err_sys("standard input") : tensor_in_fd(in, fd, "standard input");
}

static int given_list(struct tensor_place *p, int (*fn)(void *arg, struct span name), void *arg)
{
	(void)p;
	(void)fn;
	(void)arg;
	return 0;
}

static void given_free(struct tensor_place *p)
{
	close(((struct given *)p)->fd);
	free(p);
}

/* all of a pipe into a file that can be read anywhere */
static int copied(int in, const char *tmpdir)
{
	char *room = malloc(COPY);
	int fd = room ? tmpfile_nameless(tmpdir) : err_nomem(), rc = fd;
	ssize_t n;

	while (rc >= 0 && (n = io_read(in, room, COPY, "standard input")) != 0)
		rc = n < 0 ? (int)n : io_write(fd, room, (size_t)n, "temporary file");
	free(room);
	if (rc < 0 && fd >= 0)
		close(fd);
	return rc < 0 ? rc : fd;
}

static int place_given(struct tensor_place **out, const char *tmpdir)
{
	struct given *g;
	struct stat st;
	int fd;

	if (fstat(0, &st) < 0)
		return err_sys("standard input");
	if (S_ISREG(st.st_mode)) {
		fd = dup(0);
		if (fd < 0)
			return err_sys("standard input");
	} else {
		fd = copied(0, tmpdir);
		if (fd < 0)
			return fd;
	}
	g = calloc(1, sizeof *g);
	if (!g) {
		close(fd);
		return err_nomem();
	}
	g->place = (struct tensor_place){ given_open, given_list, given_free };
	g->fd = fd;
	*out = &g->place;
	return 0;
}

/* ---- any of them ---- */

int ops_tensor_place(struct tensor_place **place, struct dag_source *src, const char *path, const char *tmpdir,
		     struct cid *cid)
{
	struct cid found;

	if (!cid)
		cid = &found;
	*place = NULL;
	*cid = (struct cid){ 0 };
	if (!strcmp(path, "-"))
		return place_given(place, tmpdir);
	if (!ops_tensor_stored(path))
		return tensor_place_path(place, path);
	if (!src)
		return err_set(ERR_USAGE, "'%s' is in a store, and none is open", path);
	return place_stored(place, src, path, cid);
}

static int open_set(struct ops_tensor *t, struct store *st, int rc)
{
	if (rc == 0)
		rc = tensor_open(&t->set, t->place, st ? store_tmpdir(st) : NULL, st ? store_cachedir(st) : NULL);
	if (rc < 0)
		ops_tensor_close(t);
	return rc;
}

int ops_tensor_open(struct ops_tensor *t, struct store *st, struct dag_source *src, const char *path)
{
	*t = (struct ops_tensor){ 0 };
	if (!src && st)
		src = store_source(st);
	return open_set(t, st, ops_tensor_place(&t->place, src, path, st ? store_tmpdir(st) : NULL, &t->cid));
}

int ops_tensor_open_cid(struct ops_tensor *t, struct store *st, struct dag_source *src, const struct cid *cid)
{
	*t = (struct ops_tensor){ .cid = *cid };
	return open_set(t, st, tensor_place_dag(&t->place, src ? src : store_source(st), cid));
}

void ops_tensor_close(struct ops_tensor *t)
{
	tensor_close(t->set);
	tensor_place_free(t->place);
	*t = (struct ops_tensor){ 0 };
}
