/*
 * read.c - the bytes of a file, or a range of them, as pieces.
 * A block that lies plain in the store is not read here: its bytes leave as an extent.
 */
#include "base/err.h"
#include "unixfs/read_priv.h"

struct cat {
	struct dag_source *src;
	struct sink *out;
	int (*progress)(void *arg, uint64_t bytes);
	void *arg;
	struct dag_stack stack;
	struct buf block;
	uint64_t skip, left;		/* bytes to pass over, bytes still wanted */
	int idle;			/* blocks since the last byte */
	int any;			/* leaves of other codecs than raw and dag-pb, too */
};

/* the part of a leaf of `len` bytes that is wanted: from *at, returns its length */
static uint64_t cut(struct cat *c, uint64_t len, uint64_t *at)
{
	uint64_t n;

	*at = c->skip < len ? c->skip : len;
	c->skip = 0;			/* we are at the offset, or the sizes above lied */
	n = len - *at < c->left ? len - *at : c->left;
	c->left -= n;
	return n;
}

static int send_piece(struct cat *c, const struct piece *p)
{
	int rc;

	if (p->len == 0)
		return 0;
	c->idle = 0;
	rc = sink_put(c->out, p);
	if (rc == 0 && c->progress)
		rc = c->progress(c->arg, p->len);
	return rc;
}

static int send_bytes(struct cat *c, struct span s)
{
	struct piece p = { .fd = -1 };
	uint64_t at;

	p.len = cut(c, s.len, &at);
	if (p.len)
		p.bytes = span_of(s.p + at, (size_t)p.len);
	return send_piece(c, &p);
}

/* 1: it was sent; 0: no extent, or not a plain leaf */
static int leaf_extent(struct cat *c, const struct cid *cid)
{
	struct piece p;
	uint64_t at;
	int rc = read_leaf_extent(c->src, cid, NULL, &p);

	if (rc <= 0)
		return rc;
	p.len = cut(c, p.len, &at);
	p.off += at;
	rc = send_piece(c, &p);
	return rc == 0 ? 1 : rc;
}

/* pass over the children of an inner node that lie before the range (reference 16.2) */
static int seek(struct cat *c, const struct read_node *n, struct pb_iter *it)
{
	struct unixfs_sizes sizes = unixfs_blocksizes(&n->data);
	struct pb_link link;
	struct pb_iter next = *it;
	uint64_t size = 0;

	if (c->skip == 0)
		return 0;
	if (n->data.n_blocksizes != n->pb.n_links)
		return err_set(ERR_INVALID, "file does not support seeking");
	while (pb_next(&next, &link)) {
		unixfs_blocksize_next(&sizes, &size);
		if (c->skip < size)
			return 0;
		c->skip -= size;
		*it = next;
	}
	return 0;
}

static int enter_inner(struct cat *c, const struct cid *cid, const struct read_node *n)
{
	struct pb_iter it = pb_links(&n->pb);
	const uint8_t *start = c->block.data;
	struct dag_level *l;
	size_t pos;
	int rc = seek(c, n, &it);

	if (rc < 0)
		return rc;
	pos = (size_t)(it.rest.p - start);
	if (it.rest.len == 0) {		/* all below lies before the range, or its sizes say so */
		if (c->stack.n > 0)
			c->skip = 0;
		return 0;
	}
	rc = dag_stack_push(&c->stack, cid, &c->block);
	if (rc < 0)
		return rc;
	l = &c->stack.level[c->stack.n - 1];
	l->pos = pos;
	l->end = pos + it.rest.len;
	return 0;
}

/* a leaf of some codec, whose value is bytes (go-unixfsnode reads such files) */
static int other_leaf(struct cat *c, const struct cid *cid)
{
	struct node nd = NODE_INIT;
	int rc;

	buf_reset(&c->block);
	rc = dag_get(c->src, cid, &c->block);
	if (rc == 0)
		rc = codec_decode(cid->codec, buf_span(&c->block), 0, &nd);
	if (rc == 0 && nd.step[0].kind != NODE_BYTES)
		rc = err_set(ERR_INVALID, "a leaf of a file is a %s", node_kind_name(nd.step[0].kind));
	if (rc == 0)
		rc = send_bytes(c, node_span(&nd, 0));
	node_clear(&nd);
	return rc;
}

/* a node of a file; *follow, for a root only: the node it stands for */
static int enter(struct cat *c, const struct cid *cid, int root, struct cid *follow)
{
	struct pb_link link;
	struct read_node n;
	struct pb_iter it;
	int rc;

	if (++c->idle > READ_IDLE_MAX)
		return err_set(ERR_LIMIT, "more than %d blocks in a row without a byte in them",
			       READ_IDLE_MAX);
	rc = leaf_extent(c, cid);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (cid->codec == CID_RAW) {
		buf_reset(&c->block);
		rc = dag_get(c->src, cid, &c->block);
		return rc < 0 ? rc : send_bytes(c, buf_span(&c->block));
	}
	if (c->any && cid->codec != CID_DAG_PB)
		return other_leaf(c, cid);
	rc = read_get(c->src, cid, &c->block, &n);
	if (rc == ERR_INVALID && !root && cid->codec == CID_DAG_PB)
		return err_add(rc, "incorrectly formatted protobuf");
	if (rc < 0)
		return rc;
	switch (n.data.type) {
	case UNIXFS_RAW:
	case UNIXFS_FILE:
		/* Kubo ignores Data beside links; nobody writes such nodes */
		return n.pb.n_links ? enter_inner(c, cid, &n) : send_bytes(c, n.data.data);
	case UNIXFS_SYMLINK:
		return root ? send_bytes(c, n.data.data) : read_wrong_node(n.data.type, root);
	case UNIXFS_METADATA:
		if (!root)
			break;
		it = pb_links(&n.pb);
		if (!pb_next(&it, &link))
			return err_set(ERR_INVALID, "incorrectly formatted metadata object");
		rc = cid_decode(link.hash, follow);
		if (rc == 0 && follow->codec != CID_DAG_PB)
			rc = err_set(ERR_INVALID, "expected protobuf dag node");
		return rc;
	default:
		break;
	}
	return read_wrong_node(n.data.type, root);
}

static int next_child(struct cat *c, struct cid *child)
{
	struct dag_level *l;
	struct pb_iter it;
	struct pb_link link;
	int rc;

	for (;;) {
		rc = dag_stack_top(&c->stack, &l);
		if (rc <= 0)
			return rc;
		if (l->end > l->block.len)
			return err_set(ERR_CORRUPT, "a block changed while it was read");
		it.rest = span_of(l->block.data + l->pos, l->end - l->pos);
		if (pb_next(&it, &link)) {
			l->pos = l->end - it.rest.len;
			rc = cid_decode(link.hash, child);
			return rc < 0 ? rc : 1;
		}
		dag_stack_pop(&c->stack);
	}
}

static int cat(struct cat *c, const struct cid *cid)
{
	struct cid at = *cid, follow = { 0 };
	char text[CID_TEXT_MAX];
	int rc;

	dag_stack_init(&c->stack, c->src);
	rc = enter(c, &at, 1, &follow);
	while (rc == 0 && follow.len) {		/* metadata; each turn counts as idle */
		at = follow;
		follow = (struct cid){ 0 };
		rc = enter(c, &at, 1, &follow);
	}
	while (rc == 0 && c->left > 0) {
		rc = next_child(c, &at);
		if (rc <= 0)
			break;
		rc = enter(c, &at, 0, &follow);
		if (rc == ERR_INVALID)
			err_add(rc, "block %s", cid_text(&at, text));
	}
	dag_stack_clear(&c->stack);
	buf_clear(&c->block);
	return rc;
}

int unixfs_cat(struct dag_source *src, const struct cid *cid, uint64_t off, uint64_t len,
	       struct sink *out, int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	struct cat c = { .src = src, .out = out, .progress = progress, .arg = arg, .skip = off,
			 .left = len, .block = BUF_INIT(DAG_BLOCK_MAX) };

	return cat(&c, cid);
}

int read_any(struct dag_source *src, const struct cid *cid, uint64_t off, uint64_t len,
	     struct sink *out)
{
	struct cat c = { .src = src, .out = out, .skip = off, .left = len, .any = 1,
			 .block = BUF_INIT(DAG_BLOCK_MAX) };

	return cat(&c, cid);
}
