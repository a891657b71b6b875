/* stat.c - what a node says about itself */
#include "base/err.h"
#include "unixfs/read_priv.h"

int read_decode(const struct buf *block, struct read_node *n)
{
	int rc = pb_decode(buf_span(block), &n->pb);

	if (rc < 0)
		return rc;
	if (!n->pb.has_data)
		return err_set(ERR_INVALID, "proto: required field \"Type\" not set");
	return unixfs_decode(n->pb.data, &n->data);
}

int read_get(struct dag_source *src, const struct cid *cid, struct buf *block, struct read_node *n)
{
	int rc;

	buf_reset(block);
	if (cid->codec != CID_DAG_PB)
		return err_set(ERR_INVALID, "unknown node type");
	rc = dag_get(src, cid, block);
	return rc < 0 ? rc : read_decode(block, n);
}

static uint64_t sum(uint64_t a, uint64_t b)		/* of claims: too much is "very much" */
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

void read_stat(const struct read_node *n, struct unixfs_stat *st)
{
	const struct unixfs_data *d = &n->data;
	struct unixfs_sizes sizes = unixfs_blocksizes(d);
	struct pb_iter it = pb_links(&n->pb);
	struct pb_link link;
	uint64_t size;

	*st = (struct unixfs_stat){ .type = d->type, .block_len = n->pb.block.len,
				    .n_links = n->pb.n_links, .meta = d->meta };
	st->cumulative = st->block_len;
	while (pb_next(&it, &link))
		st->cumulative = sum(st->cumulative, link.tsize);
	if (d->type == UNIXFS_SYMLINK)
		st->size = d->data.len;
	if (!unixfs_is_file(d->type))
		return;
	if (d->has_filesize)
		st->size = d->filesize;
	else if (n->pb.n_links == 0)
		st->size = d->data.len;
	else
		while (unixfs_blocksize_next(&sizes, &size))
			st->size = sum(st->size, size);
}

int unixfs_stat(struct dag_source *src, const struct cid *cid, struct unixfs_stat *st)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	struct read_node n;
	uint64_t len;
	int rc;

	if (cid->codec == CID_RAW) {
		rc = dag_size(src, cid, &len);
		if (rc == 0)
			*st = (struct unixfs_stat){ .type = UNIXFS_RAW, .size = len,
						    .cumulative = len, .block_len = len };
		return rc;
	}
	rc = read_get(src, cid, &block, &n);
	if (rc == 0)
		read_stat(&n, st);
	buf_clear(&block);
	return rc;
}
