/*
 * grow.c - bytes behind the end of a file: whatever its layout, as if its root were a trickle node.
 * Shapes: boxo ipld/unixfs/importer/trickle, Append.  It goes on otherwise than one go would have:
 * the first subtrees may be deeper, and the last of a group is not always filled.  CIDs depend on it.
 */
#include "base/err.h"
#include "unixfs/modify_priv.h"

enum { WIDTH = 174, REPEAT = 4, ZERO_CHUNK = 4096 };

/* An inner node that takes more children. */
struct part {
	struct inner in;
	struct naming as;
	struct unixfs_data data;	/* of its message, sizes apart; no bytes */
};

static int part_put(struct modify *m, const struct part *p, struct unixfs_node *out)
{
	int rc = inner_put(m->b, &p->as, &p->in, &p->data, out);

	if (rc == 0 && out->tsize > INT64_MAX)
		return err_set(ERR_LIMIT, "a file of more than 2^63 bytes");
	return rc;
}

/* ---- leaves ---- */

static int new_leaf(struct modify *m, struct span bytes, struct unixfs_node *out)
{
	struct unixfs_data d = { .type = UNIXFS_RAW, .has_data = bytes.len > 0, .data = bytes,
				 .has_filesize = 1 };

	return m->raw ? modify_raw(m, &m->as, bytes, out) : modify_leaf(m, &m->as, &d, out);
}

static int zero_leaf(struct modify *m, struct unixfs_node *out)
{
	static const uint8_t zeros[ZERO_CHUNK];
	size_t n = m->in.left < ZERO_CHUNK ? (size_t)m->in.left : ZERO_CHUNK;
	int rc = 0;

	if (n < ZERO_CHUNK || m->zero.size == 0)
		rc = new_leaf(m, span_of(zeros, n), out);
	else
		*out = m->zero;
	if (rc == 0 && n == ZERO_CHUNK)
		m->zero = *out;
	m->in.left -= n;
	return rc;
}

/* there is something to come */
static int next_leaf(struct modify *m, struct unixfs_node *out)
{
	struct pour *in = &m->in;
	size_t max = chunker_max(m->b->chunker), n;
	int rc;

	if (!in->read)
		return zero_leaf(m, out);
	rc = pour_fill(in, max);
	if (rc < 0)
		return rc;
	n = chunker_next(m->b->chunker, span_of(in->mem + in->pos, in->n), in->n < max);
	rc = new_leaf(m, span_of(in->mem + in->pos, n), out);
	in->pos += n;
	in->n -= n;
	return rc;
}

static int fill_leaves(struct modify *m, struct part *p)
{
	struct unixfs_node leaf;
	int rc = 0;

	while (rc == 0 && p->in.n < WIDTH && (rc = pour_more(&m->in)) > 0) {
		rc = next_leaf(m, &leaf);
		if (rc == 0)
			rc = inner_add(&p->in, &leaf);
	}
	return rc;
}

/* ---- new subtrees ---- */

static int add_group(struct modify *m, struct part *p, int from, int depth);

/* A subtree of that depth at most.  As deep as this calls itself, as deep full trees were made before. */
static int new_subtree(struct modify *m, int depth, struct unixfs_node *out)
{
	struct part p = { .as = m->as, .data = { .type = UNIXFS_FILE } };
	struct unixfs_node *zeros = !m->in.read && depth < LAYOUT_LEVELS ? &m->zeros[depth] : NULL;
	int d, rc;

	if (zeros && zeros->size && zeros->size <= m->in.left) {
		*out = *zeros;
		m->in.left -= out->size;
		return 0;
	}
	inner_start(&p.in);
	rc = fill_leaves(m, &p);
	for (d = 1; rc == 0 && d < depth && (rc = pour_more(&m->in)) > 0; d++)
		rc = add_group(m, &p, 0, d);
	if (rc == 0)
		rc = part_put(m, &p, out);
	inner_clear(&p.in);
	/* it is full where something is left */
	if (rc == 0 && zeros && m->in.left > 0)
		*zeros = *out;
	return rc;
}

/* Subtrees of one depth, until there are four of them. */
static int add_group(struct modify *m, struct part *p, int from, int depth)
{
	struct unixfs_node sub;
	int i, rc = 0;

	for (i = from; rc == 0 && i < REPEAT && (rc = pour_more(&m->in)) > 0; i++) {
		rc = new_subtree(m, depth, &sub);
		if (rc == 0)
			rc = inner_add(&p->in, &sub);
	}
	return rc;
}

/* ---- old ones ---- */

/* The links and sizes of a node that was read. */
static int part_copy(struct part *p, const struct read_node *n)
{
	struct unixfs_sizes sizes = unixfs_blocksizes(&n->data);
	struct pb_iter it = pb_links(&n->pb);
	struct pb_link l;
	uint64_t size;
	int rc = 0;

	p->data = n->data;
	p->data.data = span_of(NULL, 0);
	while (rc == 0 && pb_next(&it, &l) && unixfs_blocksize_next(&sizes, &size))
		rc = inner_link(&p->in, l.hash, l.name, l.tsize, size);
	return rc;
}

/* The last child, and where its link begins. */
static int last_child(const struct inner *in, struct unixfs_node *last, size_t *at)
{
	struct pb_iter it = { buf_span(&in->links) };
	struct pb_link l;
	size_t i;

	for (i = 0; i < in->n; i++) {
		*at = (size_t)(it.rest.p - in->links.data);
		if (!pb_next(&it, &l))
			return err_set(ERR_CORRUPT, "a file node changed while it was read");
	}
	last->size = in->sizes[in->n - 1];
	last->tsize = l.tsize;
	return cid_decode(l.hash, &last->cid);
}

static void drop_last(struct inner *in, const struct unixfs_node *last, size_t at)
{
	in->links.len = at;
	in->n--;
	in->size -= last->size;
	in->below -= last->tsize;
}

/* 1: *p is the subtree; 0: it is a leaf with bytes in it, which takes no children. */
static int open_subtree(struct modify *m, const struct unixfs_node *at, struct part *p)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	uint64_t size = at->size;
	struct read_node n;
	int rc;

	if (at->cid.codec == CID_RAW)
		return 0;
	p->as = modify_naming(m, &at->cid);
	rc = modify_read(m, &at->cid, &size, &block, &n);
	if (rc == 0 && n.data.data.len == 0) {
		rc = part_copy(p, &n);
		rc = rc < 0 ? rc : 1;
	}
	buf_clear(&block);
	return rc;
}

/* where a node that was made in one go goes on: the depth of its subtrees, how many of them there are */
static void where(const struct part *p, int *depth, int *repeat)
{
	size_t below = p->in.n < WIDTH ? 0 : p->in.n - WIDTH;

	*depth = p->in.n < WIDTH ? 0 : (int)(below / REPEAT) + 1;
	*repeat = (int)(below % REPEAT);
}

static int fill_last(struct modify *m, struct part *p, int depth, int repeat, int level);

/* Fill up an old subtree. */
static int fill_old(struct modify *m, struct part *p, int depth_max, int level)
{
	int depth, repeat, rc = depth_max == 0 ? 0 : pour_more(&m->in);

	if (rc <= 0)
		return rc;
	where(p, &depth, &repeat);
	rc = 0;
	if (depth == 0) {
		rc = fill_leaves(m, p);
		depth = 1;
	}
	if (rc < 0 || depth == depth_max)
		return rc;
	rc = fill_last(m, p, depth, repeat, level);
	for (depth++; rc == 0 && depth < depth_max && (rc = pour_more(&m->in)) > 0; depth++)
		rc = add_group(m, p, 0, depth);
	return rc;
}

static int fill_last(struct modify *m, struct part *p, int depth, int repeat, int level)
{
	struct part sub = { .as = m->as };
	struct unixfs_node last = { .tsize = 0 };
	size_t at = 0;
	int rc;

	if (p->in.n <= WIDTH)
		return 0;
	if (level > MODIFY_DEPTH_MAX)
		return err_set(ERR_LIMIT, "a file more than %d nodes deep", MODIFY_DEPTH_MAX);
	inner_start(&sub.in);
	rc = last_child(&p->in, &last, &at);
	if (rc == 0)
		rc = open_subtree(m, &last, &sub);
	if (rc > 0) {
		drop_last(&p->in, &last, at);
		rc = fill_old(m, &sub, depth - 1, level + 1);
		if (rc == 0)
			rc = part_put(m, &sub, &last);
		if (rc == 0)
			rc = inner_add(&p->in, &last);
	}
	inner_clear(&sub.in);
	return rc == 0 && repeat ? add_group(m, p, repeat, depth) : rc;
}

static int grow(struct modify *m, struct part *root)
{
	int depth, repeat, rc = 0;

	where(root, &depth, &repeat);
	if (depth == 0) {
		rc = fill_leaves(m, root);
		if (rc == 0)
			rc = pour_more(&m->in);
		if (rc == 0)
			modify_touch(m, &root->data.meta);
		if (rc <= 0)
			return rc;
		depth = 1;
	}
	rc = fill_last(m, root, depth - 1, repeat, 0);
	for (depth++; rc == 0 && (rc = pour_more(&m->in)) > 0; depth++)
		rc = add_group(m, root, 0, depth);
	return rc;
}

/* A root that holds its bytes gets them as its first leaf instead. */
static int root_from_leaf(struct modify *m, struct part *p, const struct read_node *n)
{
	struct unixfs_node leaf;
	int rc = new_leaf(m, n->data.data, &leaf);

	p->data = n->data;
	p->data.has_data = 0;
	return rc < 0 ? rc : inner_add(&p->in, &leaf);
}

static int append_to_raw(struct modify *m, struct unixfs_node *at)
{
	struct part root = { .as = m->as, .data = { .type = UNIXFS_FILE } };
	int raw = m->raw, rc;

	inner_start(&root.in);
	m->raw = 1;
	rc = inner_add(&root.in, at);
	if (rc == 0)
		rc = grow(m, &root);
	if (rc == 0)
		rc = part_put(m, &root, at);
	m->raw = raw;
	inner_clear(&root.in);
	return rc;
}

int modify_append(struct modify *m, struct unixfs_node *at)
{
	struct part root = { .as = modify_naming(m, &at->cid) };
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	struct read_node n;
	int rc;

	if (at->cid.codec == CID_RAW)
		return append_to_raw(m, at);
	inner_start(&root.in);
	rc = modify_read(m, &at->cid, &at->size, &block, &n);
	if (rc == 0)
		rc = n.data.data.len ? root_from_leaf(m, &root, &n) : part_copy(&root, &n);
	buf_clear(&block);
	if (rc == 0)
		rc = grow(m, &root);
	if (rc == 0)
		rc = part_put(m, &root, at);
	inner_clear(&root.in);
	return rc;
}
