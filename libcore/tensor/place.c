/* place.c - where a container is: in a DAG, or in the file system */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "tensor_priv.h"
#include "unixfs/unixfs.h"

/* a name in a folder, and nothing that leads out of it */
static int check_name(struct span name)
{
	if (name.len == 0 || name.len > 255 || memchr(name.p, '/', name.len) || memchr(name.p, 0, name.len) ||
	    span_equal(name, span_str(".")) || span_equal(name, span_str("..")))
		return err_set(ERR_INVALID, "no name of a file in a folder");
	return 0;
}

/* ---- in a DAG ---- */

/* Unlike outside, symlinks of a DAG lead nowhere: as Kubo has it, a path ends at one. */
static int open_cid(struct dag_source *src, const struct cid *cid, struct tensor_in **in)
{
	struct unixfs_stat st;
	int rc = tensor_in_dag(in, src, cid);

	if (rc == ERR_INVALID && unixfs_stat(src, cid, &st) == 0 && st.type == UNIXFS_SYMLINK)
		return err_set(rc, "a symlink, which is not followed in the store: add with 'ipfrs-add -L'");
	return rc;
}

struct dag_place_in {
	struct tensor_place place;
	struct dag_source *src;
	struct cid cid;
	int dir;
};

static int dag_open(struct tensor_place *place, struct span name, struct tensor_in **in)
{
	struct dag_place_in *p = (struct dag_place_in *)place;
	char text[CID_TEXT_MAX];
	struct cid cid = p->cid;
	int rc;

	if (name.len == 0)
		return p->dir ? 1 : open_cid(p->src, &cid, in);
	rc = check_name(name);
	if (rc == 0 && !p->dir)
		rc = err_set(ERR_NOTFOUND, "no link named \"%.*s\" under %s", (int)name.len, (const char *)name.p,
			     cid_text(&cid, text));
	if (rc == 0)
		rc = unixfs_lookup(p->src, &p->cid, name, &cid);
	return rc < 0 ? rc : open_cid(p->src, &cid, in);
}

struct dag_list { int (*fn)(void *arg, struct span name); void *arg; };

static int dag_listed(void *arg, const struct unixfs_dirent *e)
{
	struct dag_list *l = arg;

	return l->fn(l->arg, e->name);
}

static int dag_list(struct tensor_place *place, int (*fn)(void *arg, struct span name), void *arg)
{
	struct dag_place_in *p = (struct dag_place_in *)place;
	struct dag_list l = { fn, arg };

	return unixfs_ls(p->src, &p->cid, dag_listed, &l);
}

static void dag_free(struct tensor_place *place)
{
	free(place);
}

int tensor_place_dag(struct tensor_place **out, struct dag_source *src, const struct cid *cid)
{
	struct dag_place_in *p;
	struct unixfs_stat st;
	int rc = unixfs_stat(src, cid, &st);

	if (rc < 0)
		return rc;
	p = calloc(1, sizeof *p);
	if (!p)
		return err_nomem();
	*p = (struct dag_place_in){ .place = { dag_open, dag_list, dag_free }, .src = src, .cid = *cid,
				    .dir = unixfs_is_dir(st.type) };
	*out = &p->place;
	return 0;
}

/* ---- in the file system ---- */

struct path_place {
	struct tensor_place place;
	int dirfd;			/* of the folder */
	char *path, *file;		/* file: its name in the folder, NULL: the folder itself is meant */
};

static int open_at(struct path_place *p, const char *name, struct tensor_in **in)
{
	char what[4096];
	int fd = openat(p->dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);	/* a FIFO must not hold us up */

	if (p->file && strcmp(name, p->file) == 0)
		snprintf(what, sizeof what, "%s", p->path);
	else
		snprintf(what, sizeof what, "%s/%s", p->path, name);
	return fd < 0 ? err_sys("'%s'", p->file ? name : what) : tensor_in_fd(in, fd, what);
}

static int path_open(struct tensor_place *place, struct span name, struct tensor_in **in)
{
	struct path_place *p = (struct path_place *)place;
	char text[256];
	int rc;

	if (name.len == 0)
		return p->file ? open_at(p, p->file, in) : 1;
	rc = check_name(name);
	if (rc < 0)
		return rc;
	snprintf(text, sizeof text, "%.*s", (int)name.len, (const char *)name.p);
	return open_at(p, text, in);
}

static int path_list(struct tensor_place *place, int (*fn)(void *arg, struct span name), void *arg)
{
	struct path_place *p = (struct path_place *)place;
	int fd = openat(p->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	struct dirent *e;
	DIR *d;

	if (fd < 0)
		return err_sys("'%s'", p->path);
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return err_nomem();
	}
	for (errno = 0; rc == 0 && (e = readdir(d)); errno = 0)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			rc = fn(arg, span_str(e->d_name));
	if (rc == 0 && errno)
		rc = err_sys("'%s'", p->path);
	closedir(d);
	return rc;
}

static void path_free(struct tensor_place *place)
{
	struct path_place *p = (struct path_place *)place;

	if (p->dirfd >= 0)
		close(p->dirfd);
	free(p->path);
	free(p->file);
	free(p);
}

/* the folder of the path, and what in it is meant */
static int path_take(struct path_place *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct stat st;
	char *folder;
	int rc = 0;

	p->path = strdup(path);
	if (!p->path)
		return err_nomem();
	if (stat(path, &st) < 0)
		return err_sys("'%s'", path);
	if (S_ISDIR(st.st_mode)) {
		p->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return p->dirfd < 0 ? err_sys("'%s'", path) : 0;
	}
	folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	p->file = strdup(slash ? slash + 1 : path);
	if (!folder || !p->file)
		rc = err_nomem();
	if (rc == 0)
		p->dirfd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);	/* it need not be readable */
	if (rc == 0 && p->dirfd < 0)
		rc = err_sys("'%s'", folder);
	free(folder);
	return rc;
}

int tensor_place_path(struct tensor_place **out, const char *path)
{
	struct path_place *p = calloc(1, sizeof *p);
	int rc;

	if (!p)
		return err_nomem();
	p->place = (struct tensor_place){ path_open, path_list, path_free };
	p->dirfd = -1;
	rc = path_take(p, path);
	if (rc < 0)
		path_free(&p->place);
	else
		*out = &p->place;
	return rc;
}
