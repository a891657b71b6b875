/* add_place.c - directories built from paths that come in order */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ops/place_priv.h"

struct place_open {
	struct unixfs_dir *dir;
	size_t path_len;
};

void place_init(struct place *p, struct adder *a, const char *what, const char *shown)
{
	*p = (struct place){ .a = a, .what = what, .shown = shown, .path = BUF_INIT(1 << 20),
			     .text = BUF_INIT(2 << 20) };
}

void place_clear(struct place *p)
{
	while (p->n)
		unixfs_dir_free(p->open[--p->n].dir);
	free(p->open);
	buf_clear(&p->path);
	buf_clear(&p->text);
}

static int tell(struct place *p, struct span path, const struct unixfs_node *node)
{
	int rc = 0;

	if (!p->a->o.all || (p->only_dirs && !unixfs_is_dir(node->type)))
		return 0;
	buf_reset(&p->text);
	if (*p->shown)
		rc = buf_printf(&p->text, "%s/", p->shown);
	if (rc == 0)
		rc = buf_add(&p->text, path);
	return rc < 0 ? rc : add_told(p->a, (const char *)p->text.data, node, 0);
}

int place_top(struct place *p, struct unixfs_dir *dir)
{
	if (p->n == p->cap) {
		int cap = p->cap ? 2 * p->cap : 16;
		struct place_open *more = realloc(p->open, (size_t)cap * sizeof *more);

		if (!more) {
			unixfs_dir_free(dir);
			return err_nomem();
		}
		p->open = more;
		p->cap = cap;
	}
	p->open[p->n++] = (struct place_open){ dir, p->path.len };
	return 0;
}

static int open_push(struct place *p, const struct unixfs_meta *of)
{
	struct unixfs_dir *dir;
	struct unixfs_meta m;
	int rc;

	if (p->n > p->a->o.depth_max)
		return err_set(ERR_LIMIT, "'%s': '%.80s...' is nested deeper than %d", p->what,
			       (const char *)p->path.data, p->a->o.depth_max);
	rc = unixfs_dir_new(&dir, p->a->b, add_meta(p->a, of, 0, &m));
	return rc < 0 ? rc : place_top(p, dir);
}

/* finish the deepest directory; into its parent, if it has one */
static int open_pop(struct place *p)
{
	struct unixfs_dir *dir = p->open[--p->n].dir;
	struct span path = buf_span(&p->path);
	struct unixfs_node node;
	size_t from;
	int rc = unixfs_dir_end(dir, &node);

	if (rc < 0)
		return rc;
	if (!p->n) {
		p->root = node;
		return 0;
	}
	from = p->open[p->n - 1].path_len;
	from += from > 0;
	rc = unixfs_dir_add(p->open[p->n - 1].dir, span_of(path.p + from, path.len - from), &node);
	if (rc == 0)
		rc = tell(p, path, &node);
	p->path.len = p->open[p->n - 1].path_len;
	return rc;
}

/* make the open directories those of `parent`: leave some, make those that had no entry */
static int go_to(struct place *p, struct span parent)
{
	int rc = p->n ? 0 : open_push(p, NULL);

	while (rc == 0 && p->path.len &&
	       !(parent.len >= p->path.len && !memcmp(parent.p, p->path.data, p->path.len) &&
		 (parent.len == p->path.len || parent.p[p->path.len] == '/')))
		rc = open_pop(p);
	while (rc == 0 && p->path.len < parent.len) {
		size_t from = p->path.len ? p->path.len + 1 : 0, to = from;

		while (to < parent.len && parent.p[to] != '/')
			to++;
		if (p->path.len)
			rc = buf_u8(&p->path, '/');
		if (rc == 0)
			rc = buf_bytes(&p->path, parent.p + from, to - from);
		if (rc == 0)
			rc = open_push(p, NULL);
	}
	return rc;
}

static struct span parent_of(struct span path, struct span *name)
{
	size_t at = path.len;

	*name = path;
	if (!at)
		return path;
	while (at && path.p[at - 1] != '/')
		at--;
	*name = span_of(path.p + at, path.len - at);
	return span_of(path.p, at ? at - 1 : 0);
}

int place_dir(struct place *p, struct span path, const struct unixfs_meta *of)
{
	struct span name, parent = parent_of(path, &name);
	int rc;

	if (!path.len)
		return p->n ? 0 : open_push(p, of);
	rc = go_to(p, parent);
	if (rc == 0 && p->path.len)
		rc = buf_u8(&p->path, '/');
	if (rc == 0)
		rc = buf_add(&p->path, name);
	return rc < 0 ? rc : open_push(p, of);
}

int place_node(struct place *p, struct span path, const struct unixfs_node *node)
{
	struct span name, parent = parent_of(path, &name);
	int rc = go_to(p, parent);

	if (rc == 0)
		rc = unixfs_dir_add(p->open[p->n - 1].dir, name, node);
	return rc < 0 ? rc : tell(p, path, node);
}

int place_end(struct place *p, struct unixfs_node *out)
{
	int rc = p->n ? 0 : open_push(p, NULL);

	while (rc == 0 && p->n)
		rc = open_pop(p);
	*out = p->root;
	return rc;
}
