/* car_get.c - files and folders out of an archive */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "ops/car.h"

static int to_fd(struct dag_source *src, const char *path, const struct ops_car_get *o)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	struct sink_fd out;
	struct cid cid;
	int rc = unixfs_resolve(src, path, &cid), end;

	if (rc == 0)
		rc = sink_fd_start(&out, o->fd, o->what);
	if (rc < 0)
		return rc;
	if (!o->block)
		rc = unixfs_cat(src, &cid, 0, UINT64_MAX, &out.sink, NULL, NULL);
	else if ((rc = dag_get(src, &cid, &block)) == 0)
		rc = sink_bytes(&out.sink, buf_span(&block));
	end = sink_fd_end(&out);
	buf_clear(&block);
	return end < 0 ? end : rc;
}

static int to_files(struct dag_source *src, const char *path, const struct ops_car_get *o)
{
	char *name = NULL, *target = NULL;
	int rc;

	if (!o->target || !o->into)
		return ops_get_from(src, path, o->target, &o->get);
	rc = ops_get_name(path, &name);
	if (rc < 0)
		return rc;
	if (asprintf(&target, "%s/%s", o->target, name) < 0) {
		target = NULL;
		rc = err_nomem();
	} else {
		rc = ops_get_from(src, path, target, &o->get);
	}
	free(name);
	free(target);
	return rc;
}

/* "/a/b" is below the one root, unless it names a root itself; gives */
static int whole_path(struct car_file *f, const char *path, char **out)
{
	static const char *const spaces[] = { "/ipfs/", "/ipld/", "/ipns/" };
	char text[CID_TEXT_MAX];
	const struct cid *roots;
	size_t n, i;

	for (i = 0; i < 3; i++)
		if (!strncmp(path, spaces[i], 6))
			break;
	if (*path != '/' || i < 3)
		return (*out = strdup(path)) ? 0 : err_nomem();
	roots = car_file_roots(f, &n);
	if (n != 1)
		return err_set(ERR_USAGE, "the archive has %zu roots, so the path must begin with a CID", n);
	if (asprintf(out, "/ipfs/%s%s", cid_text(roots, text), path) < 0) {
		*out = NULL;
		return err_nomem();
	}
	return 0;
}

int ops_car_get(struct car_file *f, const char *path, const struct ops_car_get *o)
{
	struct dag_source *src = car_file_source(f);
	char *full = NULL;
	int rc = whole_path(f, path, &full);

	if (rc == 0)
		rc = o->what ? to_fd(src, full, o) : to_files(src, full, o);
	free(full);
	return rc;
}
