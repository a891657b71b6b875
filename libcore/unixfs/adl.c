/*
 * adl.c - files and directories as selectors see them: bytes, and maps of links.
 * Spec: reference sections 15 and 15.2; go-unixfsnode Reify, which reads what is not a file or a directory by
 * the names of its links.
 */
#include <inttypes.h>

#include "base/err.h"
#include "unixfs/read_priv.h"

enum { HASH_BITS = 64 };

/* What a view keeps of its block in own[]: offsets of the next link and of the end of the links; then, of a
 * map, how its names are made, and of a file, where its block sizes go on. */
enum {
	OWN_LINK, OWN_LINKS_END,
	OWN_PREFIX = 2,			/* characters of a slot; 0: no shard */
	OWN_BITS,			/* of the hash, this shard's included */
	OWN_SIZE = 2, OWN_SIZES_END,	/* the rest of the message */
	OWN_PACKED, OWN_PACKED_LEN,	/* what is left of a packed field */
	OWN_AT,				/* bytes of the file before the next link */
	OWN_SIZED			/* the sizes are whole and add up */
};

/* state of a view: a file's blocks, a directory's shards below the first: hash bits used by those above */
enum { STATE_ROOT = 0, STATE_IN_FILE = 1 };

static void keep_links(struct dag_view *v, struct span block, const struct pb_node *pb)
{
	struct span rest = pb_links(pb).rest;

	v->own[OWN_LINK] = rest.len ? (uint64_t)(rest.p - block.p) : 0;
	v->own[OWN_LINKS_END] = v->own[OWN_LINK] + rest.len;
}

static int next_link(struct dag_view *v, struct span block, struct pb_link *link)
{
	struct pb_iter it = { span_of(block.p + v->own[OWN_LINK],
				      (size_t)(v->own[OWN_LINKS_END] - v->own[OWN_LINK])) };

	if (it.rest.len == 0 || !pb_next(&it, link))
		return 0;
	v->own[OWN_LINK] = v->own[OWN_LINKS_END] - it.rest.len;
	return 1;
}

/* ---- files ---- */

static int wants_all(const struct dag_view *v)
{
	return v->off == 0 && v->end >= v->len;
}

static void keep_sizes(struct dag_view *v, struct span block, const struct unixfs_sizes *sizes)
{
	v->own[OWN_SIZE] = sizes->rest.len ? (uint64_t)(sizes->rest.p - block.p) : v->own[OWN_SIZES_END];
	v->own[OWN_PACKED] = sizes->packed.len ? (uint64_t)(sizes->packed.p - block.p) : 0;
	v->own[OWN_PACKED_LEN] = sizes->packed.len;
}

static int next_size(struct dag_view *v, struct span block, uint64_t *size)
{
	struct unixfs_sizes sizes = {
		span_of(block.p + v->own[OWN_SIZE], (size_t)(v->own[OWN_SIZES_END] - v->own[OWN_SIZE])),
		span_of(block.p + v->own[OWN_PACKED], (size_t)v->own[OWN_PACKED_LEN])
	};
	int more = unixfs_blocksize_next(&sizes, size);

	keep_sizes(v, block, &sizes);
	return more;
}

/* a size for every link, and their sum the size of the file */
static int sizes_add_up(const struct read_node *n)
{
	struct unixfs_sizes it = unixfs_blocksizes(&n->data);
	uint64_t sum = 0, size;

	if (n->data.n_blocksizes != n->pb.n_links)
		return 0;
	while (unixfs_blocksize_next(&it, &size)) {
		if (size > UINT64_MAX - sum)
			return 0;
		sum += size;
	}
	return !n->data.has_filesize || sum == n->data.filesize;
}

static void open_file(struct dag_view *v, struct span block, const struct read_node *n)
{
	struct unixfs_sizes sizes = unixfs_blocksizes(&n->data);
	struct unixfs_stat st;

	read_stat(n, &st);
	v->kind = DAG_VIEW_BYTES;
	v->len = st.size;
	v->own[OWN_SIZES_END] = sizes.rest.len ? (uint64_t)(sizes.rest.p + sizes.rest.len - block.p) : 0;
	keep_sizes(v, block, &sizes);
	v->own[OWN_AT] = 0;
	v->own[OWN_SIZED] = (uint64_t)sizes_add_up(n);
}

static int next_part(struct dag_view *v, struct span block, struct cid *cid, struct dag_view *below)
{
	int all = wants_all(v), rc;
	uint64_t at, size = 0;
	struct pb_link link;

	if (!all && !v->own[OWN_SIZED] && v->own[OWN_LINK] < v->own[OWN_LINKS_END])
		return err_set(ERR_INVALID, "the block sizes of a file do not add up to its size");
	while (next_link(v, block, &link)) {
		at = v->own[OWN_AT];
		next_size(v, block, &size);
		v->own[OWN_AT] += all ? 0 : size;		/* they add up */
		if (!all && at >= v->end)
			return 0;
		if (!all && at + size <= v->off)
			continue;
		*below = (struct dag_view){ .adl = v->adl, .state = STATE_IN_FILE, .end = UINT64_MAX };
		if (!all) {
			below->off = v->off > at ? v->off - at : 0;
			below->end = v->end - at < size ? v->end - at : size;
		}
		rc = cid_decode(link.hash, cid);
		return rc < 0 ? rc : 2;
	}
	return 0;
}

/* ---- directories ---- */

static int open_shard(struct dag_view *v, const struct read_node *n)
{
	struct shard s;
	int rc = shard_open(n, &s);

	if (rc < 0)
		return rc;
	v->kind = DAG_VIEW_MAP;
	v->own[OWN_PREFIX] = s.prefix;
	v->own[OWN_BITS] = (uint64_t)(v->state + s.bits);
	if (v->own[OWN_BITS] > HASH_BITS)
		return err_set(ERR_INVALID, "sharded directory too deep");
	return 0;
}

static void below_shard(const struct dag_view *v, struct dag_view *below)
{
	*below = (struct dag_view){ .adl = v->adl, .state = (int)v->own[OWN_BITS] };
}

static int next_entry(struct dag_view *v, struct span block, struct span *name, struct cid *cid,
		      struct dag_view *below)
{
	size_t prefix = (size_t)v->own[OWN_PREFIX];
	struct pb_link link;
	int rc;

	if (!next_link(v, block, &link))
		return 0;
	if (link.name.len < prefix)
		return err_set(ERR_INVALID, "invalid link name '%.*s'", (int)link.name.len,
			       (const char *)link.name.p);
	rc = cid_decode(link.hash, cid);
	if (rc < 0)
		return rc;
	if (prefix && link.name.len == prefix) {
		below_shard(v, below);
		return 2;
	}
	*name = link.name;
	if (prefix)
		*name = span_of(link.name.p + prefix, link.name.len - prefix);
	return 1;
}

static int step(const struct dag_view *v, struct span block, struct span name, struct cid *cid,
		struct dag_view *below)
{
	struct read_node n;
	struct pb_link link;
	int used = v->state, rc;

	rc = pb_decode(block, &n.pb);
	if (rc < 0)
		return rc;
	if (v->own[OWN_PREFIX] == 0) {
		if (!read_link(&n.pb, name, &link))
			return 0;
		rc = cid_decode(link.hash, cid);
		return rc < 0 ? rc : 1;
	}
	rc = unixfs_decode(n.pb.data, &n.data);
	if (rc == 0)
		rc = shard_step(&n, &used, name, cid);
	if (rc == 2)
		below_shard(v, below);
	return rc;
}

/* ---- either ---- */

static int next(struct dag_view *v, struct span block, struct span *name, struct cid *cid,
		struct dag_view *below)
{
	if (v->kind == DAG_VIEW_BYTES)
		return next_part(v, block, cid, below);
	return next_entry(v, block, name, cid, below);
}

static int view(const struct cid *cid, struct span block, struct dag_view *v)
{
	struct read_node n;
	int rc;

	v->kind = DAG_VIEW_NONE;
	if (cid->codec != CID_DAG_PB)
		return 0;
	rc = pb_decode(block, &n.pb);
	if (rc < 0)
		return rc;
	keep_links(v, block, &n.pb);
	n.data.type = UNIXFS_DIRECTORY;		/* of a node that is not UnixFS: the names of its links */
	rc = n.pb.has_data ? unixfs_decode(n.pb.data, &n.data) : ERR_INVALID;
	if (rc < 0 && v->state != STATE_ROOT)
		return n.pb.has_data ? rc : err_set(rc, "proto: required field \"Type\" not set");
	if (rc < 0)
		n.data.type = UNIXFS_DIRECTORY;
	if (unixfs_is_file(n.data.type)) {
		open_file(v, block, &n);
		return 0;
	}
	if (n.data.type == UNIXFS_HAMT)
		return open_shard(v, &n);
	if (v->state != STATE_ROOT)
		return err_set(ERR_INVALID, "a directory in an unexpected place");
	v->kind = DAG_VIEW_MAP;
	v->own[OWN_PREFIX] = 0;
	return 0;
}

const struct dag_adl *unixfs_adls(void)
{
	static const struct dag_adl adls[] = {
		{ "unixfs", 0, view, next, step, read_any },
		{ "unixfs-preload", 1, view, next, step, read_any },
		{ NULL, 0, NULL, NULL, NULL, NULL }
	};

	return adls;
}
