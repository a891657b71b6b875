/* resolve.c - from names to CIDs: one entry, a whole path, a symlink's target */
#include "base/err.h"
#include "multi/murmur3.h"
#include "unixfs/read_priv.h"

enum { HASH_BITS = 64, NAME_SHOWN = 256 };

static int no_link(const struct cid *cid, struct span name)
{
	int shown = name.len < NAME_SHOWN ? (int)name.len : NAME_SHOWN;
	char text[CID_TEXT_MAX];

	return err_set(ERR_NOTFOUND, "no link named \"%.*s\" under %s", shown, (const char *)name.p,
		       cid_text(cid, text));
}

int read_link(const struct pb_node *node, struct span name, struct pb_link *link)
{
	struct pb_iter it = pb_links(node);

	while (pb_next(&it, link))
		if (span_equal(link->name, name))
			return 1;
	return 0;
}

static int nth_link(const struct pb_node *node, unsigned i, struct pb_link *link)
{
	struct pb_iter it = pb_links(node);

	while (pb_next(&it, link))
		if (i-- == 0)
			return 1;
	return 0;
}

/* The bits of the name's hash say which slot, most significant first. */
int shard_step(const struct read_node *n, int *used, struct span name, struct cid *out)
{
	uint64_t hash = murmur3_x64_64(name);
	struct pb_link link;
	struct shard s;
	unsigned slot;
	int rc = shard_open(n, &s);

	if (rc < 0)
		return rc;
	if (*used + s.bits > HASH_BITS)
		return err_set(ERR_INVALID, "sharded directory too deep");
	slot = (unsigned)(hash << *used >> (HASH_BITS - s.bits));
	*used += s.bits;
	if (!shard_has(&s, slot) || !nth_link(&n->pb, shard_below(&s, slot), &link))
		return 0;
	if (link.name.len < s.prefix)
		return err_set(ERR_INVALID, "invalid link name '%.*s'", (int)link.name.len,
			       (const char *)link.name.p);
	if (link.name.len > s.prefix &&
	    !span_equal(span_of(link.name.p + s.prefix, link.name.len - s.prefix), name))
		return 0;
	rc = cid_decode(link.hash, out);
	return rc < 0 ? rc : link.name.len > s.prefix ? 1 : 2;
}

static int find_in_hamt(struct dag_source *src, struct buf *block, struct read_node *n,
			struct span name, struct cid *out)
{
	int used = 0, rc;

	while ((rc = shard_step(n, &used, name, out)) == 2) {
		rc = read_get(src, out, block, n);
		if (rc < 0)
			return rc;
	}
	return rc;
}

int unixfs_enter(struct dag_source *src, const struct cid *cid, struct span name, enum unixfs_type *type,
		 struct cid *child)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	struct read_node n;
	struct pb_link link;
	uint64_t len;
	int rc;

	if (cid->codec == CID_RAW) {
		*type = UNIXFS_RAW;
		return dag_size(src, cid, &len);
	}
	rc = read_get(src, cid, &block, &n);
	if (rc == 0) {
		*type = n.data.type;
		if (*type == UNIXFS_HAMT)
			rc = find_in_hamt(src, &block, &n, name, child);
		else if (*type == UNIXFS_DIRECTORY && read_link(&n.pb, name, &link))
			rc = cid_decode(link.hash, child) < 0 ? ERR_INVALID : 1;
	}
	buf_clear(&block);
	return rc;
}

/* `plain`: a dag-pb node that is not UnixFS has its link names as entries */
static int lookup(struct dag_source *src, const struct cid *dir, struct span name, int plain,
		  struct buf *block, struct cid *out)
{
	struct read_node n;
	struct pb_link link;
	char text[CID_TEXT_MAX];
	int rc;

	buf_reset(block);
	if (dir->codec == CID_RAW)
		return no_link(dir, name);
	if (dir->codec != CID_DAG_PB)
		return err_set(ERR_UNSUPPORTED, "no paths through %s blocks (%s)",
			       codec_name(dir->codec) ? codec_name(dir->codec) : "unknown",
			       cid_text(dir, text));
	rc = dag_get(src, dir, block);
	if (rc < 0)
		return rc;
	rc = read_decode(block, &n);
	if (rc < 0 && plain && pb_decode(buf_span(block), &n.pb) == 0)
		n.data.type = UNIXFS_DIRECTORY;
	else if (rc < 0)
		return err_add(rc, "block %s", cid_text(dir, text));
	if (n.data.type == UNIXFS_HAMT)
		rc = find_in_hamt(src, block, &n, name, out);
	else if (n.data.type != UNIXFS_DIRECTORY)
		rc = 0;
	else if ((rc = read_link(&n.pb, name, &link)) == 1)
		rc = cid_decode(link.hash, out) < 0 ? ERR_INVALID : 1;
	if (rc == 0)
		return no_link(dir, name);
	return rc < 0 ? rc : 0;
}

static int lookup_as(struct dag_source *src, const struct cid *dir, struct span name, int plain,
		     struct cid *out)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	struct cid found = { 0 };
	int rc = lookup(src, dir, name, plain, &block, &found);

	if (rc == 0)
		*out = found;
	buf_clear(&block);
	return rc;
}

int unixfs_lookup(struct dag_source *src, const struct cid *dir, struct span name, struct cid *out)
{
	return lookup_as(src, dir, name, 0, out);
}

static int lookup_name(struct dag_source *src, const struct cid *dir, struct span name, struct cid *out)
{
	return lookup_as(src, dir, name, 1, out);
}

const struct dag_names *unixfs_names(void)
{
	static const struct dag_names names = { lookup_name };

	return &names;
}

int unixfs_resolve(struct dag_source *src, const char *text, struct cid *out)
{
	struct dag_place place;
	struct dag_path path;
	char cid[CID_TEXT_MAX];
	int rc = dag_path_parse(&path, text);

	if (rc < 0)
		return rc;
	rc = dag_resolve(src, &path.root, path.rest, path.ipld ? NULL : unixfs_names(), &place);
	if (rc == 0 && *place.rest)
		rc = err_set(ERR_INVALID, "not a block of its own, but '%s' inside block %s", place.rest,
			     cid_text(&place.cid, cid));
	if (rc == 0)
		*out = place.cid;
	dag_path_clear(&path);
	return rc;
}

int unixfs_readlink(struct dag_source *src, const struct cid *cid, struct buf *target)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	struct read_node n;
	int rc = read_get(src, cid, &block, &n);

	if (rc == 0 && n.data.type != UNIXFS_SYMLINK)
		rc = err_set(ERR_INVALID, "this dag node is not a symbolic link");
	if (rc == 0)
		rc = buf_add(target, n.data.data);
	buf_clear(&block);
	return rc;
}
