/* meta.c - mode and time of a node: the same node with others (boxo mfs, SetMode and SetModTime) */
#include <stdlib.h>

#include "base/err.h"
#include "base/num.h"
#include "unixfs/read_priv.h"
#include "unixfs/unixfs_priv.h"

static void apply(struct unixfs_meta *to, const struct unixfs_meta *set, int which)
{
	if (which & UNIXFS_SET_MODE)
		to->mode = set->mode & 07777;
	if (which & UNIXFS_SET_MTIME) {
		to->has_mtime = set->has_mtime;
		to->mtime = set->mtime;
		to->nsec = set->nsec;
	}
}

/* the message of a decoded node with the meta of *d */
static int encode(const struct read_node *n, const struct unixfs_data *d, struct buf *message)
{
	struct unixfs_sizes it = unixfs_blocksizes(&n->data);
	uint64_t *sizes = calloc(n->data.n_blocksizes + 1, sizeof *sizes);
	size_t i = 0;
	int rc;

	if (!sizes)
		return err_nomem();
	while (i < n->data.n_blocksizes && unixfs_blocksize_next(&it, &sizes[i]))
		i++;
	rc = unixfs_encode(message, d, sizes, i);
	free(sizes);
	return rc;
}

static int copy_links(const struct pb_node *pb, struct buf *links, uint64_t *below)
{
	struct pb_iter it = pb_links(pb);
	struct pb_link l;
	int rc = 0;

	while (rc == 0 && pb_next(&it, &l)) {
		rc = pb_put_link(links, l.hash, l.name, l.tsize);
		if (rc == 0)
			rc = num_add(*below, l.tsize, below);
	}
	return rc;
}

/* named as it was; sha2-256 where identity cannot hold it any more */
static struct naming naming_of(const struct cid *cid)
{
	struct naming as = { .version = cid->version, .hash = MH_SHA2_256, .big_version = cid->version,
			     .big_hash = MH_SHA2_256 };
	struct mh mh;

	if (mh_decode(cid_mh(cid), &mh) == 0)
		as.hash = mh.code;
	return as;
}

static int set_node(struct unixfs_builder *b, struct dag_source *src, const struct cid *node,
		    const struct unixfs_meta *set, int which, struct unixfs_node *out)
{
	struct naming as = naming_of(node);
	struct buf block = BUF_INIT(DAG_BLOCK_MAX), links = BUF_INIT(DAG_BLOCK_MAX),
		   message = BUF_INIT(DAG_BLOCK_MAX);
	struct unixfs_stat st = { .size = 0 };
	uint64_t below = 0;
	struct read_node n;
	struct unixfs_data d;
	int rc = read_get(src, node, &block, &n);

	if (rc == 0 && !unixfs_is_file(n.data.type) && !unixfs_is_dir(n.data.type) &&
	    n.data.type != UNIXFS_SYMLINK)
		rc = err_set(ERR_INVALID, "neither a file nor a directory");
	if (rc == 0) {
		read_stat(&n, &st);
		d = n.data;
		apply(&d.meta, set, which);
		rc = encode(&n, &d, &message);
	}
	if (rc == 0)
		rc = copy_links(&n.pb, &links, &below);
	if (rc == 0)
		rc = put_node(b, &as, &links, buf_span(&message), below, out);
	out->size = st.size;
	out->type = st.type == UNIXFS_RAW ? UNIXFS_FILE : st.type;
	buf_clear(&message);
	buf_clear(&links);
	buf_clear(&block);
	return rc;
}

/* A raw block has no place for them: its bytes move into a node, which has no kind of name of its own yet. */
static int wrap_raw(struct unixfs_builder *b, struct dag_source *src, const struct cid *node,
		    const struct unixfs_meta *set, int which, struct unixfs_node *out)
{
	struct unixfs_data d = { .type = UNIXFS_FILE, .has_data = 1, .has_filesize = 1 };
	struct naming as = { .hash = MH_SHA2_256 };
	struct buf block = BUF_INIT(DAG_BLOCK_MAX), message = BUF_INIT(DAG_BLOCK_MAX);
	int rc = dag_get(src, node, &block);

	apply(&d.meta, set, which);
	d.data = buf_span(&block);
	d.filesize = block.len;
	if (rc == 0)
		rc = unixfs_encode(&message, &d, NULL, 0);
	if (rc == 0)
		rc = put_node(b, &as, NULL, buf_span(&message), 0, out);
	out->size = block.len;
	out->type = UNIXFS_FILE;
	buf_clear(&message);
	buf_clear(&block);
	return rc;
}

int unixfs_set_meta(struct unixfs_builder *b, struct dag_source *src, const struct cid *node,
		    const struct unixfs_meta *set, int which, struct unixfs_node *out)
{
	struct unixfs_node got = { .tsize = 0 };
	int rc = node->codec == CID_RAW ? wrap_raw(b, src, node, set, which, &got)
					: set_node(b, src, node, set, which, &got);

	if (rc == 0)
		*out = got;
	return rc;
}
