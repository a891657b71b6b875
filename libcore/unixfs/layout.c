/*
 * layout.c - leaves into trees: balanced and trickle, node by node as they fill.
 * Only the nodes on the way from the root to the next leaf are in memory.
 * Shapes: boxo ipld/unixfs/importer/{balanced,trickle}.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/num.h"
#include "unixfs/unixfs_priv.h"

enum { TRICKLE_REPEAT = 4 };		/* subtrees of one depth */

int inner_link(struct inner *in, struct span cid, struct span name, uint64_t tsize, uint64_t size)
{
	uint64_t *sizes, all, below;
	size_t cap;
	int rc = num_add(in->size, size, &all);

	if (rc == 0)
		rc = num_add(in->below, tsize, &below);
	if (rc < 0)
		return err_add(rc, "file node");

	if (in->n == in->cap) {
		cap = in->cap ? in->cap * 2 : 64;
		sizes = realloc(in->sizes, cap * sizeof *sizes);
		if (!sizes)
			return err_nomem();
		in->sizes = sizes;
		in->cap = cap;
	}
	rc = pb_put_link(&in->links, cid, name, tsize);
	if (rc < 0)
		return rc == ERR_LIMIT ? err_add(rc, "file node") : rc;
	in->sizes[in->n++] = size;
	in->size = all;
	in->below = below;
	return 0;
}

int inner_add(struct inner *in, const struct unixfs_node *child)
{
	return inner_link(in, cid_span(&child->cid), span_of(NULL, 0), child->tsize, child->size);
}

void inner_start(struct inner *in)
{
	in->links.max = DAG_BLOCK_MAX;
	buf_reset(&in->links);
	in->n = 0;
	in->size = in->below = 0;
	in->depth = 1;
	in->repeat = 0;
}

void inner_clear(struct inner *in)
{
	buf_clear(&in->links);
	free(in->sizes);
}

int inner_put(struct unixfs_builder *b, const struct naming *as, const struct inner *in,
	      const struct unixfs_data *like, struct unixfs_node *out)
{
	struct unixfs_data d = *like;
	struct buf data = BUF_INIT(DAG_BLOCK_MAX);
	int rc;

	d.has_filesize = 1;
	d.filesize = in->size;
	rc = unixfs_encode(&data, &d, in->sizes, in->n);
	if (rc == 0)
		rc = put_node(b, as, &in->links, buf_span(&data), in->below, out);
	buf_clear(&data);
	out->size = in->size;
	out->type = UNIXFS_FILE;
	return rc;
}

static int inner_end(struct unixfs_builder *b, struct inner *in, const struct unixfs_meta *meta,
		     struct unixfs_node *out)
{
	struct unixfs_data d = { .type = UNIXFS_FILE };

	if (meta)
		d.meta = *meta;
	return inner_put(b, &b->as, in, &d, out);
}

static int open_level(struct layout *l)
{
	if (l->n == LAYOUT_LEVELS)
		return err_set(ERR_LIMIT, "file tree has more than %d levels", LAYOUT_LEVELS);
	inner_start(&l->level[l->n++]);
	return 0;
}

/* ---- balanced ---- */

/* Put a node on level k.  A full node goes up only when something comes after it, so that the tree
 * is never higher than it must be. */
static int balanced_put(struct layout *l, int k, const struct unixfs_node *child)
{
	struct unixfs_node full;
	int rc = 0;

	if (k == l->n)
		rc = open_level(l);
	if (rc == 0 && l->level[k].n == l->b->opts.max_links) {
		rc = inner_end(l->b, &l->level[k], NULL, &full);
		if (rc == 0)
			rc = balanced_put(l, k + 1, &full);	/* at most LAYOUT_LEVELS deep */
		inner_start(&l->level[k]);
	}
	return rc < 0 ? rc : inner_add(&l->level[k], child);
}

static int balanced_leaf(struct layout *l, const struct unixfs_node *leaf)
{
	int rc = 0;

	if (l->n_leaves == 0)
		l->first = *leaf;
	else if (l->n_leaves == 1)
		rc = balanced_put(l, 0, &l->first);
	if (rc == 0 && l->n_leaves > 0)
		rc = balanced_put(l, 0, leaf);
	l->n_leaves++;
	return rc;
}

static int balanced_end(struct layout *l, const struct unixfs_meta *meta, struct unixfs_node *out)
{
	int k, rc = 0;

	*out = l->first;
	for (k = 0; rc == 0 && k < l->n; k++) {
		rc = inner_end(l->b, &l->level[k], k == l->n - 1 ? meta : NULL, out);
		if (rc == 0 && k + 1 < l->n)
			rc = balanced_put(l, k + 1, out);
	}
	return rc;
}

/* ---- trickle ---- */

/* Close the deepest node and hang it into the one above. */
static int trickle_up(struct layout *l)
{
	struct unixfs_node sub;
	struct inner *parent = &l->level[l->n - 2];
	int rc = inner_end(l->b, &l->level[l->n - 1], NULL, &sub);

	l->n--;
	if (rc == 0)
		rc = inner_add(parent, &sub);
	if (++parent->repeat == TRICKLE_REPEAT) {
		parent->repeat = 0;
		parent->depth++;
	}
	return rc;
}

static int trickle_leaf(struct layout *l, const struct unixfs_node *leaf)
{
	struct inner *top;
	int rc;

	l->n_leaves++;
	for (;;) {
		top = &l->level[l->n - 1];
		if (top->n < l->b->opts.max_links)
			return inner_add(top, leaf);
		if (top->depth_max < 0 || top->depth < top->depth_max) {
			rc = open_level(l);
			if (rc == 0)
				l->level[l->n - 1].depth_max = top->depth;
		} else {
			rc = trickle_up(l);
		}
		if (rc < 0)
			return rc;
	}
}

static int trickle_end(struct layout *l, const struct unixfs_meta *meta, struct unixfs_node *out)
{
	int rc = 0;

	while (rc == 0 && l->n > 1)
		rc = trickle_up(l);
	return rc < 0 ? rc : inner_end(l->b, &l->level[0], meta, out);
}

/* ---- both ---- */

void layout_start(struct layout *l, struct unixfs_builder *b)
{
	l->b = b;
	l->n = 0;
	l->n_leaves = 0;
	if (b->opts.trickle) {
		inner_start(&l->level[l->n++]);
		l->level[0].depth_max = -1;
	}
}

int layout_leaf(struct layout *l, const struct unixfs_node *leaf)
{
	return l->b->opts.trickle ? trickle_leaf(l, leaf) : balanced_leaf(l, leaf);
}

int layout_end(struct layout *l, const struct unixfs_meta *meta, struct unixfs_node *out)
{
	return l->b->opts.trickle ? trickle_end(l, meta, out) : balanced_end(l, meta, out);
}

void layout_clear(struct layout *l)
{
	int i;

	for (i = 0; i < LAYOUT_LEVELS; i++)
		inner_clear(&l->level[i]);
}
