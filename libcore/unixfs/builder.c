/* builder.c - what all files of one add share: how blocks are named and where they go */
#include <stdlib.h>

#include "base/err.h"
#include "unixfs/unixfs_priv.h"

/* ---- naming ---- */

int name_block(const struct naming *as, uint64_t codec, const struct span *parts, int n,
	       struct cid *cid)
{
	uint64_t hash = as->hash;
	int version = as->version, i;
	size_t len = 0;

	for (i = 0; i < n; i++)
		len += parts[i].len;
	if (codec == CID_RAW)
		version = 1;			/* v0 means dag-pb */
	if (as->inline_limit && len <= (size_t)(as->inline_limit > 0 ? as->inline_limit : 0)) {
		version = 1;
		hash = MH_IDENTITY;
	}
	if (hash == MH_IDENTITY && len > MH_DIGEST_MAX && as->big_hash) {
		hash = as->big_hash;
		version = codec == CID_RAW ? 1 : as->big_version;
	}
	if (hash == MH_IDENTITY && len > MH_DIGEST_MAX)
		return err_set(ERR_LIMIT, "digest too large: identity digest got %zu bytes, maximum %d",
			       len, MH_DIGEST_MAX);
	return cid_sum(cid, version, codec, hash, parts, n);
}

int put_node(struct unixfs_builder *b, const struct naming *as, const struct buf *links,
	     struct span data, uint64_t below, struct unixfs_node *out)
{
	uint8_t room[16];
	struct buf head = { room, 0, sizeof room, sizeof room - 1 };
	struct dag_block block = { .cid = &out->cid, .n_parts = 3, .src_fd = -1 };
	int rc;

	buf_u8(&head, 0x0a);			/* PBNode.Data; fits */
	buf_varint(&head, data.len);
	block.parts[0] = links ? buf_span(links) : span_of(NULL, 0);
	block.parts[1] = buf_span(&head);
	block.parts[2] = data;
	rc = name_block(as, CID_DAG_PB, block.parts, block.n_parts, &out->cid);
	if (rc < 0)
		return rc;
	out->tsize = below + block.parts[0].len + head.len + data.len;
	return dag_put(b->sink, &block);
}

int unixfs_add_symlink(struct unixfs_builder *b, struct span target, const struct unixfs_meta *meta,
		       struct unixfs_node *out)
{
	struct unixfs_data d = { .type = UNIXFS_SYMLINK, .has_data = 1, .data = target };
	struct buf data = BUF_INIT(BLOCK_MAX);
	int rc;

	if (meta) {
		d.meta = *meta;
		d.meta.mode = 0;		/* symlinks have no mode of their own */
	}
	rc = unixfs_encode(&data, &d, NULL, 0);
	if (rc == 0)
		rc = put_node(b, &b->as, NULL, buf_span(&data), 0, out);
	buf_clear(&data);
	out->size = target.len;
	out->type = UNIXFS_SYMLINK;
	return rc;
}

/* ---- the builder ---- */

int unixfs_builder_new(struct unixfs_builder **out, const struct unixfs_opts *finished,
		       struct dag_sink *sink, const char *tmpdir)
{
	struct unixfs_builder *b = calloc(1, sizeof *b);
	int rc;

	if (!b)
		return err_nomem();
	b->opts = *finished;
	b->as = (struct naming){ .version = finished->cid_version, .hash = finished->hash,
				 .inline_limit = finished->inline_limit };
	b->sink = sink;
	b->tmpdir = tmpdir;
	b->n_slabs = 2;
	rc = slabs_new(b);
	if (rc == 0)
		rc = chunker_new(&b->chunker, finished->chunker);
	if (rc < 0) {
		unixfs_builder_free(b);
		return rc;
	}
	slabs_plan(b);
	*out = b;
	return 0;
}

void unixfs_builder_free(struct unixfs_builder *b)
{
	if (!b)
		return;
	pool_free(b->pool);
	slabs_free(b);
	chunker_free(b->chunker);
	layout_clear(&b->layout);
	free(b);
}
