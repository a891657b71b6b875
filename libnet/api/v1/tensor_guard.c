/*
 * tensor_guard.c - what is not served here is not read, either: a source of blocks and a place of files in front of those
 * of the container, which ask the deny list first
 */
#include <stddef.h>

#include "tensor_priv.h"

static int judge(struct wish *w, struct span path, const struct cid *cid)
{
	const struct v1_env *e = w->a->e;
	int status = e->denied(e->arg, path, cid);

	if (!status)
		return 0;
	w->refused = status;
	return err_set(ERR_DENIED, "this content is not served here");
}

static int guarded(struct dag_source *s, const struct cid *cid)
{
	return judge((struct wish *)(void *)((char *)s - offsetof(struct wish, guard)), span_of("", 0), cid);
}

static struct dag_source *behind(struct dag_source *s)
{
	return ((struct wish *)(void *)((char *)s - offsetof(struct wish, guard)))->a->e->src;
}

static int guard_get(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	int rc = guarded(s, cid);

	return rc < 0 ? rc : dag_get(behind(s), cid, out);
}

static int guard_has(struct dag_source *s, const struct cid *cid)
{
	int rc = guarded(s, cid);

	return rc < 0 ? rc : dag_has(behind(s), cid);
}

static int guard_size(struct dag_source *s, const struct cid *cid, uint64_t *len)
{
	int rc = guarded(s, cid);

	return rc < 0 ? rc : dag_size(behind(s), cid, len);
}

static int guard_extent(struct dag_source *s, const struct cid *cid, struct piece *p)
{
	int rc = guarded(s, cid);

	return rc < 0 ? rc : dag_extent(behind(s), cid, p);
}

/* the first `len` bytes of the path, and a name in that folder, if there is one */
static int judge_path(struct wish *w, size_t len, struct span name)
{
	struct buf path = BUF_INIT(PATH_MAX_BYTES + CID_TEXT_MAX + TENSOR_NAME_MAX);
	int rc = buf_printf(&path, "/ipfs/%.*s%s", (int)len, (char *)w->path.data, name.len ? "/" : "");

	if (rc == 0)
		rc = buf_add(&path, name);
	if (rc == 0)
		rc = judge(w, buf_span(&path), NULL);
	buf_clear(&path);
	return rc;
}

/* a file in the folder, or beside the file, that the path is of: a shard, or the one a folder stands for */
static int place_open(struct tensor_place *p, struct span name, struct tensor_in **in)
{
	struct wish *w = (struct wish *)(void *)((char *)p - offsetof(struct wish, place));
	const char *path = (const char *)w->path.data, *slash = strrchr(path, '/');
	size_t len = w->in_dir || !slash ? w->path.len : (size_t)(slash - path);
	int rc = name.len ? judge_path(w, len, name) : 0;

	if (rc == 0)
		rc = w->t.place->open(w->t.place, name, in);
	if (name.len == 0)
		w->in_dir = rc == 1;
	return rc;
}

static int place_list(struct tensor_place *p, int (*fn)(void *arg, struct span name), void *arg)
{
	struct wish *w = (struct wish *)(void *)((char *)p - offsetof(struct wish, place));

	return w->t.place->list(w->t.place, fn, arg);
}

int wish_open(struct wish *w)
{
	struct store *st = w->a->e->st;
	int rc;

	w->guard = (struct dag_source){ guard_get, guard_has, guard_size, guard_extent };
	w->place = (struct tensor_place){ .open = place_open, .list = place_list };
	rc = judge_path(w, w->path.len, span_of("", 0));
	if (rc == 0)
		rc = judge(w, span_of("", 0), &w->cid);
	if (rc == 0)
		rc = ops_tensor_place(&w->t.place, &w->guard, (char *)w->path.data, store_tmpdir(st), &w->t.cid);
	if (rc == 0)		/* a worker writes in the tmp folder only, and what it writes only workers believe */
		rc = tensor_open(&w->t.set, &w->place, store_tmpdir(st), store_tmp_cachedir(st));
	if (rc < 0)
		ops_tensor_close(&w->t);
	return rc;
}
