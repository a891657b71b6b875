/*
 * leaf.c - leaves of files that lie plain in the store: their bytes as an extent.
 * Of a dag-pb leaf we read the few bytes around the payload, to know where that begins and ends.
 */
#include "base/err.h"
#include "base/io.h"
#include "base/rd.h"
#include "unixfs/read_priv.h"

enum {
	EXTENT_MIN = 16 * 1024,		/* smaller blocks are read and hashed as fast */
	HEAD_MAX = 24, TAIL_MAX = 16	/* bytes around the payload of a leaf */
};

/*
 * Is the block at this extent a leaf as every builder writes it, Data { Type, Data, filesize } and
 * nothing else, all its bytes accounted for?  1 and the extent cut down to the payload, else 0.
 */
static int leaf_payload(struct piece *p, const struct read_bytes *from)
{
	uint8_t head[HEAD_MAX], tail[TAIL_MAX];
	uint64_t message, n, at, rest;
	struct rd r;
	ssize_t got = from->read(from->arg, p->fd, head, sizeof head, p->off);
	uint8_t type;

	if (got < 0)
		return (int)got;
	r = rd_from(span_of(head, (size_t)got));
	if (rd_u8(&r) != 0x0a)			/* PBNode.Data: the links would come first */
		return 0;
	message = rd_varint(&r);
	if (!rd_ok(&r) || message != p->len - ((uint64_t)got - r.left))
		return 0;
	if (rd_u8(&r) != 0x08)			/* Type */
		return 0;
	type = rd_u8(&r);
	if ((type != UNIXFS_FILE && type != UNIXFS_RAW) || rd_u8(&r) != 0x12)
		return 0;
	n = rd_varint(&r);
	at = (uint64_t)got - r.left;
	if (!rd_ok(&r) || at > p->len || n > p->len - at)
		return 0;
	rest = p->len - at - n;
	if (rest > sizeof tail)
		return 0;
	got = from->read(from->arg, p->fd, tail, (size_t)rest, p->off + at + n);
	if (got < 0)
		return (int)got;
	r = rd_from(span_of(tail, (size_t)got));
	if ((uint64_t)got != rest || rd_u8(&r) != 0x18 || rd_varint(&r) != n || !rd_done(&r))
		return 0;
	p->off += at;
	p->len = n;
	return 1;
}

static ssize_t plain_read(void *arg, int fd, void *to, size_t len, uint64_t off)
{
	(void)arg;
	return io_pread(fd, to, len, off, "segment");
}

int read_leaf_extent(struct dag_source *src, const struct cid *cid, const struct read_bytes *from, struct piece *p)
{
	static const struct read_bytes plain = { plain_read, NULL };
	int rc;

	if (cid->codec != CID_RAW && cid->codec != CID_DAG_PB)
		return 0;
	rc = dag_extent(src, cid, p);
	if (rc <= 0)
		return rc;
	if (p->fd < 0 || p->len < EXTENT_MIN)
		return 0;
	return cid->codec == CID_RAW ? 1 : leaf_payload(p, from ? from : &plain);
}

int read_wrong_node(unsigned type, int root)
{
	static const char *const names[] = { "Raw", "Directory", "File", "Metadata", "Symlink",
					     "HAMTShard" };

	if (type > UNIXFS_HAMT)
		return err_set(ERR_INVALID, "unrecognized node type");
	if (root)
		return err_set(ERR_INVALID, "this dag node is a directory");
	return err_set(ERR_INVALID, "found %s node in unexpected place", names[type]);
}
