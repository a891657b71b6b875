/*
 * modify.c - bytes of a file exchanged, or cut off: a new file from an old one.
 * What becomes of each block is boxo's business (ipld/unixfs/mod DagModifier, as `ipfs files write`
 * drives it), since the CID depends on it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/num.h"
#include "unixfs/modify_priv.h"

/* Kubo copies its input in pieces of 32 KiB into a buffer that is written out when it holds more than
 * 2 MiB, and a chunk ends there. */
enum { STRETCH = 2 * 1024 * 1024 + 32 * 1024, READ_MIN = 64 * 1024 };

/* ---- bytes on their way in ---- */

/* up to `len` bytes, some only at the end of the input */
static ssize_t pour_read(struct pour *p, void *out, size_t len)
{
	uint64_t most = p->left < p->stretch ? p->left : p->stretch;
	ssize_t got;

	if (len > most)
		len = (size_t)most;
	if (len == 0)
		return 0;
	got = p->read(p->arg, out, len);
	if (got < 0)
		return got;
	p->left = got == 0 ? 0 : p->left - (uint64_t)got;
	p->stretch -= (uint64_t)got;
	return got;
}

int pour_fill(struct pour *p, size_t want)
{
	ssize_t got = 1;

	if (!p->mem)
		p->mem = malloc(p->cap);
	if (!p->mem)
		return err_nomem();
	if (p->n < want && p->pos > 0) {
		memmove(p->mem, p->mem + p->pos, p->n);
		p->pos = 0;
	}
	while (p->n < want && got > 0) {
		got = pour_read(p, p->mem + p->n, p->cap - p->n);
		if (got > 0)
			p->n += (size_t)got;
	}
	return got < 0 ? (int)got : 0;
}

int pour_more(struct pour *p)
{
	int rc;

	if (!p->read)
		return p->left > 0;
	if (p->n > 0)
		return 1;
	rc = pour_fill(p, 1);
	return rc < 0 ? rc : p->n > 0;
}

ssize_t pour_take(struct pour *p, void *out, size_t len)
{
	size_t n = p->n < len ? p->n : len;
	ssize_t got = 1;

	if (n)
		memcpy(out, p->mem + p->pos, n);
	p->pos += n;
	p->n -= n;
	while (n < len && got > 0) {
		got = pour_read(p, (uint8_t *)out + n, len - n);
		if (got > 0)
			n += (size_t)got;
	}
	return got < 0 ? got : (ssize_t)n;
}

/* ---- blocks ---- */

struct naming modify_naming(const struct modify *m, const struct cid *cid)
{
	struct naming as = m->as;
	struct mh mh;

	if (mh_decode(cid_mh(cid), &mh) == 0) {
		as.version = cid->version;
		as.hash = mh.code;
	}
	return as;
}

void modify_touch(const struct modify *m, struct unixfs_meta *meta)
{
	if (!meta->has_mtime)
		return;
	meta->mtime = m->now.mtime;
	meta->nsec = m->now.nsec;
}

/* What is below the node, if all it says of that agrees. */
static int add_sizes(const struct read_node *n, uint64_t *size)
{
	struct unixfs_sizes sizes = unixfs_blocksizes(&n->data);
	uint64_t part;
	int rc = 0;

	if (n->data.n_blocksizes != n->pb.n_links)
		return err_set(ERR_INVALID, "a file node with %zu links and %zu block sizes", n->pb.n_links,
			       n->data.n_blocksizes);
	if (n->pb.n_links && n->data.data.len)
		return err_set(ERR_INVALID, "a file node with bytes beside its links");
	*size = n->data.data.len;
	while (rc == 0 && unixfs_blocksize_next(&sizes, &part))
		rc = num_add(*size, part, size);
	if (rc < 0 || *size > INT64_MAX)
		return err_set(ERR_INVALID, "a file node with block sizes that are too large");
	if (n->data.has_filesize && n->data.filesize != *size)
		return err_set(ERR_INVALID, "a file node of %" PRIu64 " bytes that says it has %" PRIu64, *size,
			       n->data.filesize);
	return 0;
}

static int wrong_size(const struct cid *cid, uint64_t size, uint64_t want)
{
	char text[CID_TEXT_MAX];

	return err_set(ERR_INVALID, "block %s: %" PRIu64 " bytes of a file where %" PRIu64 " should be",
		       cid_text(cid, text), size, want);
}

int modify_read(const struct modify *m, const struct cid *cid, uint64_t *size, struct buf *block,
		struct read_node *n)
{
	uint64_t found;
	int rc = read_get(m->src, cid, block, n);

	if (rc == 0 && n->data.type == UNIXFS_SYMLINK)
		rc = err_set(ERR_INVALID, "symlinks not yet supported");
	else if (rc == 0 && unixfs_is_dir(n->data.type))
		rc = err_set(ERR_INVALID, "this dag node is a directory");
	else if (rc == 0 && !unixfs_is_file(n->data.type))
		rc = err_set(ERR_INVALID, "unsupported fsnode type for 'file'");
	if (rc == 0)
		rc = add_sizes(n, &found);
	if (rc < 0)
		return rc;
	if (*size != UINT64_MAX && *size != found)
		return wrong_size(cid, found, *size);
	*size = found;
	return 0;
}

int modify_raw(const struct modify *m, const struct naming *as, struct span bytes, struct unixfs_node *out)
{
	struct dag_block block = { .cid = &out->cid, .parts = { bytes }, .n_parts = 1, .src_fd = -1 };
	int rc = name_block(as, CID_RAW, &bytes, 1, &out->cid);

	out->size = out->tsize = bytes.len;
	out->type = UNIXFS_FILE;
	return rc < 0 ? rc : dag_put(m->b->sink, &block);
}

int modify_leaf(const struct modify *m, const struct naming *as, const struct unixfs_data *like,
		struct unixfs_node *out)
{
	struct unixfs_data d = *like;
	struct buf message = BUF_INIT(DAG_BLOCK_MAX);
	int rc;

	if (d.has_filesize)
		d.filesize = d.data.len;
	rc = unixfs_encode(&message, &d, NULL, 0);
	if (rc == 0)
		rc = put_node(m->b, as, NULL, buf_span(&message), 0, out);
	buf_clear(&message);
	out->size = d.data.len;
	out->type = UNIXFS_FILE;
	return rc;
}

/* the bytes of a leaf, to write on */
static uint8_t *bytes_of(const struct read_node *n, const struct buf *block)
{
	return n->data.data.len ? block->data + (n->data.data.p - block->data) : NULL;
}

static int get_raw(const struct modify *m, const struct unixfs_node *at, struct buf *block)
{
	int rc = dag_get(m->src, &at->cid, block);

	return rc == 0 && block->len != at->size ? wrong_size(&at->cid, block->len, at->size) : rc;
}

static int too_deep(void)
{
	return err_set(ERR_LIMIT, "a file more than %d nodes deep", MODIFY_DEPTH_MAX);
}

/* ---- over what is there ---- */

static int over(struct modify *m, struct unixfs_node *at, uint64_t off, int level);

static int over_raw(struct modify *m, struct unixfs_node *at, uint64_t off)
{
	struct naming as = modify_naming(m, &at->cid);
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	ssize_t got;
	int rc = get_raw(m, at, &block);

	if (rc == 0) {
		got = pour_take(&m->in, block.data ? block.data + off : NULL, (size_t)(at->size - off));
		rc = got < 0 ? (int)got : modify_raw(m, &as, buf_span(&block), at);
	}
	buf_clear(&block);
	return rc;
}

/* The children from `off` on that there are bytes for; links keep their Tsize, and the message stays. */
static int over_inner(struct modify *m, struct unixfs_node *at, uint64_t off, const struct read_node *n, int level)
{
	struct unixfs_sizes sizes = unixfs_blocksizes(&n->data);
	struct naming as = modify_naming(m, &at->cid);
	struct pb_iter it = pb_links(&n->pb);
	struct buf links = BUF_INIT(DAG_BLOCK_MAX);
	struct unixfs_node sub = { .tsize = 0 };
	uint64_t below = 0;
	struct pb_link l;
	int rc = 0;

	while (rc == 0 && pb_next(&it, &l) && unixfs_blocksize_next(&sizes, &sub.size)) {
		if (off >= sub.size) {
			off -= sub.size;
		} else if ((rc = pour_more(&m->in)) > 0) {
			rc = cid_decode(l.hash, &sub.cid);
			if (rc == 0)
				rc = over(m, &sub, off, level + 1);
			l.hash = cid_span(&sub.cid);
			off = 0;
		}
		if (rc == 0)
			rc = num_add(below, l.tsize, &below);
		if (rc == 0)
			rc = pb_put_link(&links, l.hash, l.name, l.tsize);
	}
	if (rc == 0)
		rc = put_node(m->b, &as, &links, n->pb.data, below, at);
	buf_clear(&links);
	return rc;
}

static int over_leaf(struct modify *m, struct unixfs_node *at, uint64_t off, struct read_node *n, struct buf *block)
{
	struct naming as = modify_naming(m, &at->cid);
	uint8_t *bytes = bytes_of(n, block);
	ssize_t got = pour_take(&m->in, bytes ? bytes + off : NULL, (size_t)(at->size - off));

	if (got < 0)
		return (int)got;
	modify_touch(m, &n->data.meta);
	return modify_leaf(m, &as, &n->data, at);
}

/* The part of a file *at with the input over its bytes from `off` on, as far as they go. */
static int over(struct modify *m, struct unixfs_node *at, uint64_t off, int level)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	struct read_node n;
	int rc;

	if (level > MODIFY_DEPTH_MAX)
		return too_deep();
	if (at->cid.codec == CID_RAW)
		return over_raw(m, at, off);
	rc = modify_read(m, &at->cid, &at->size, &block, &n);
	if (rc == 0)
		rc = n.pb.n_links ? over_inner(m, at, off, &n, level) : over_leaf(m, at, off, &n, &block);
	buf_clear(&block);
	return rc;
}

/* ---- cutting ---- */

static int cut_raw(struct modify *m, struct unixfs_node *at, uint64_t size)
{
	struct naming as = modify_naming(m, &at->cid);
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	int rc = get_raw(m, at, &block);

	if (rc == 0)
		rc = modify_raw(m, &as, span_of(block.data, (size_t)size), at);
	buf_clear(&block);
	return rc;
}

static int cut_leaf(struct modify *m, struct unixfs_node *at, uint64_t size, struct read_node *n)
{
	struct naming plain = { .hash = MH_SHA2_256 };		/* boxo forgets how it was named */

	n->data.data.len = (size_t)size;
	n->data.has_filesize = 1;
	modify_touch(m, &n->data.meta);
	return modify_leaf(m, &plain, &n->data, at);
}

static int cut(struct modify *m, struct unixfs_node *at, uint64_t size, int level);

/* What comes before the child where `size` is, and that one cut: to nothing, where it begins there. */
static int cut_inner(struct modify *m, struct unixfs_node *at, uint64_t size, const struct read_node *n, int level)
{
	struct unixfs_sizes sizes = unixfs_blocksizes(&n->data);
	struct naming as = modify_naming(m, &at->cid);
	struct pb_iter it = pb_links(&n->pb);
	struct inner in = { .n = 0 };
	struct unixfs_node sub = { .tsize = 0 };
	struct pb_link l;
	int rc = 0;

	inner_start(&in);
	while (rc == 0 && pb_next(&it, &l) && unixfs_blocksize_next(&sizes, &sub.size) &&
	       size - in.size >= sub.size)
		rc = inner_link(&in, l.hash, l.name, l.tsize, sub.size);
	if (rc == 0)
		rc = cid_decode(l.hash, &sub.cid);
	if (rc == 0)
		rc = cut(m, &sub, size - in.size, level + 1);
	if (rc == 0)
		rc = inner_add(&in, &sub);
	if (rc == 0)
		rc = inner_put(m->b, &as, &in, &n->data, at);
	inner_clear(&in);
	return rc;
}

/* The part of a file *at, which is longer, cut to `size`. */
static int cut(struct modify *m, struct unixfs_node *at, uint64_t size, int level)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	struct read_node n;
	int rc;

	if (level > MODIFY_DEPTH_MAX)
		return too_deep();
	if (at->cid.codec == CID_RAW)
		return cut_raw(m, at, size);
	rc = modify_read(m, &at->cid, &at->size, &block, &n);
	if (rc == 0)
		rc = n.pb.n_links ? cut_inner(m, at, size, &n, level) : cut_leaf(m, at, size, &n);
	buf_clear(&block);
	return rc;
}

/* ---- the whole file ---- */

static int start(struct modify *m, const struct cid *file, struct unixfs_node *at)
{
	const struct unixfs_opts *o = &m->b->opts;
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	struct read_node n;
	struct unixfs_stat st;
	struct timespec t;
	int rc;

	m->as = modify_naming(m, file);
	m->as.big_version = m->as.version;
	m->as.big_hash = m->as.hash == MH_IDENTITY ? MH_SHA2_256 : m->as.hash;
	m->raw = o->raw_leaves_set ? o->raw_leaves : file->version > 0;
	clock_gettime(CLOCK_REALTIME, &t);
	m->now = (struct unixfs_meta){ .mtime = t.tv_sec, .nsec = (uint32_t)t.tv_nsec };
	*at = (struct unixfs_node){ .cid = *file, .size = UINT64_MAX, .type = UNIXFS_FILE };
	if (file->codec == CID_RAW) {
		rc = dag_size(m->src, file, &at->size);
		at->tsize = at->size;
		return rc;
	}
	rc = modify_read(m, file, &at->size, &block, &n);
	if (rc == 0) {
		read_stat(&n, &st);
		at->tsize = st.cumulative;
	}
	buf_clear(&block);
	return rc;
}

/* A root that has nothing but one raw leaf is that leaf. */
static int collapse(const struct modify *m, struct unixfs_node *at)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	struct read_node n;
	struct pb_link l;
	struct pb_iter it;
	struct cid leaf;
	uint64_t len;
	int rc;

	if (!m->raw || at->cid.codec == CID_RAW)
		return 0;
	rc = read_get(m->src, &at->cid, &block, &n);
	if (rc == 0 && n.pb.n_links == 1 && !n.data.meta.has_mtime && !n.data.meta.mode) {
		it = pb_links(&n.pb);
		pb_next(&it, &l);
		rc = cid_decode(l.hash, &leaf);
		if (rc == 0 && leaf.codec == CID_RAW && dag_size(m->src, &leaf, &len) == 0)
			*at = (struct unixfs_node){ .cid = leaf, .tsize = len, .size = len,
						    .type = UNIXFS_FILE };
	}
	buf_clear(&block);
	return rc;
}

static int too_long(void)
{
	return err_set(ERR_LIMIT, "a file of more than 2^63 bytes");
}

/* zeros up to `size` */
static int expand(struct modify *m, struct unixfs_node *at, uint64_t size)
{
	if (size > INT64_MAX)
		return too_long();
	m->in = (struct pour){ .left = size - at->size };
	return modify_append(m, at);
}

static int resize(struct modify *m, struct unixfs_node *at, uint64_t size)
{
	if (size > at->size)
		return expand(m, at, size);
	return size < at->size ? cut(m, at, size, 0) : 0;
}

struct source {
	ssize_t (*read)(void *arg, void *p, size_t len);
	void *arg;
	uint64_t max;
};

static int write_from(struct modify *m, struct unixfs_node *at, uint64_t off, const struct source *s)
{
	size_t chunk = chunker_max(m->b->chunker);
	int rc = off > at->size ? expand(m, at, off) : 0;

	if (rc < 0)
		return rc;
	m->in = (struct pour){ .read = s->read, .arg = s->arg, .left = s->max, .stretch = STRETCH,
			       .cap = chunk > READ_MIN ? chunk : READ_MIN };
	while ((rc = pour_more(&m->in)) > 0) {
		rc = over(m, at, off, 0);
		if (rc == 0)
			rc = pour_more(&m->in);
		if (rc > 0)
			rc = modify_append(m, at);
		if (rc < 0)
			break;
		if (at->size > INT64_MAX) {
			rc = too_long();
			break;
		}
		off += STRETCH;			/* there are more bytes only if this one was full */
		m->in.stretch = STRETCH;
	}
	free(m->in.mem);
	return rc;
}

static int modify(struct modify *m, const struct cid *file, uint64_t cut_to, uint64_t off, const struct source *s,
		  struct unixfs_node *out)
{
	struct unixfs_node at;
	int rc = start(m, file, &at);

	if (rc == 0 && cut_to != UINT64_MAX)
		rc = resize(m, &at, cut_to);
	if (rc == 0 && s)
		rc = write_from(m, &at, off, s);
	if (rc == 0)
		rc = collapse(m, &at);
	if (rc == 0)
		*out = at;
	return rc;
}

int unixfs_write_at(struct unixfs_builder *b, struct dag_source *src, const struct cid *file, uint64_t off,
		    ssize_t (*read)(void *arg, void *p, size_t len), void *arg, uint64_t max,
		    struct unixfs_node *out)
{
	struct modify m = { .b = b, .src = src };
	struct source s = { read, arg, max };

	return modify(&m, file, UINT64_MAX, off, &s, out);
}

int unixfs_write_anew(struct unixfs_builder *b, struct dag_source *src, const struct cid *file, uint64_t off,
		      ssize_t (*read)(void *arg, void *p, size_t len), void *arg, uint64_t max,
		      struct unixfs_node *out)
{
	struct modify m = { .b = b, .src = src };
	struct source s = { read, arg, max };

	return modify(&m, file, 0, off, &s, out);
}

int unixfs_truncate(struct unixfs_builder *b, struct dag_source *src, const struct cid *file, uint64_t size,
		    struct unixfs_node *out)
{
	struct modify m = { .b = b, .src = src };

	if (size > INT64_MAX)
		return too_long();
	return modify(&m, file, size, 0, NULL, out);
}
