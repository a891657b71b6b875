/* get_entry.c - what getting files and getting archives share */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ops/get_priv.h"
#include "ops/read.h"

enum { TARGET_MAX = 1 << 20, TEXT_MAX = 8 << 20 };

int ops_get_name(const char *path, char **name)
{
	struct dag_path p;
	const char *slash;
	char text[CID_TEXT_MAX];
	int rc = dag_path_parse(&p, path);

	*name = NULL;
	if (rc < 0)
		return rc;
	slash = strrchr(p.rest, '/');
	if (*p.rest) {
		*name = strdup(slash ? slash + 1 : p.rest);
	} else {		/* the CID as it was written, in whatever base */
		struct buf b = BUF_INIT(CID_TEXT_MAX);

		if (cid_format(&p.root, p.base, &b) == 0)
			*name = buf_take(&b);
		else
			*name = strdup(cid_text(&p.root, text));
		buf_clear(&b);
	}
	dag_path_clear(&p);
	return *name ? 0 : err_nomem();
}

int get_root(struct getter *g, struct dag_source *src, const char *path, struct got *root)
{
	int rc;

	g->src = src;
	buf_init(&g->target, TARGET_MAX);
	buf_init(&g->text, TEXT_MAX);
	rc = unixfs_resolve(src, path, &g->cid);
	if (rc == 0)
		rc = unixfs_stat(g->src, &g->cid, &g->stat);
	if (rc == 0 && g->stat.type == UNIXFS_SYMLINK)
		rc = unixfs_readlink(g->src, &g->cid, &g->target);
	*root = (struct got){ &g->cid, &g->stat, span_of(NULL, 0), buf_span(&g->target) };
	return rc;
}

static int name_ok(struct span n)
{
	if (n.len == 0 || (n.len == 1 && n.p[0] == '.') || (n.len == 2 && n.p[0] == '.' && n.p[1] == '.') ||
	    memchr(n.p, '/', n.len) || memchr(n.p, 0, n.len))
		return err_set(ERR_INVALID, "an entry of this name is refused");
	return 0;
}

int get_entry(struct getter *g, const struct unixfs_visit *v, struct got *e)
{
	int rc = name_ok(v->entry->name);

	(void)g;
	if (rc == 0 && v->rc < 0)
		return v->rc;		/* its message stands */
	*e = (struct got){ &v->entry->cid, v->stat, v->path, v->target };
	return rc;
}

/* the path of an entry as people may see it */
static const char *shown(struct getter *g, struct span path)
{
	buf_reset(&g->text);
	if (buf_str(&g->text, g->top) < 0)
		return "?";
	if (path.len && (buf_u8(&g->text, '/') < 0 || ops_name_text(path, &g->text) < 0))
		return g->top;
	return (const char *)g->text.data;
}

int get_trouble(struct getter *g, int rc, struct span path)
{
	if (g->stopped || rc == ERR_NOMEM || rc == ERR_NOSPACE)
		return rc;
	if (!g->o->trouble)
		return err_add(rc, "'%s'", shown(g, path));
	if (g->o->trouble(g->o->arg, rc, shown(g, path)) == 0)
		return 0;
	g->stopped = 1;
	return rc;
}

int get_done(struct getter *g, const struct got *e, int written)
{
	if (g->o->progress && g->o->progress(g->o->arg, 0, 1))
		g->stopped = 1;
	if (!g->stopped && g->o->entry && g->o->entry(g->o->arg, shown(g, e->path), written))
		g->stopped = 1;
	return g->stopped ? err_set(ERR_INTERRUPTED, "stopped") : 0;
}

int get_progress(void *arg, uint64_t bytes)
{
	struct getter *g = arg;

	if (!g->o->progress || g->o->progress(g->o->arg, bytes, 0) == 0)
		return 0;
	g->stopped = 1;
	return 1;
}

void get_clear(struct getter *g)
{
	buf_clear(&g->target);
	buf_clear(&g->text);
}
