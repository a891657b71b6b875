/* add_tell.c - what is told of an adding, and what has to wait until it is durable */
#include <string.h>

#include "base/err.h"
#include "base/rd.h"
#include "ops/add_priv.h"

enum { TOLD_MAX = 4 * 1024 * 1024 };	/* bytes of what waits to be told */

enum told { TOLD_ENTRY, TOLD_ROOT, TOLD_BYTES, TOLD_TOP };

static int stopped(struct adder *a, int stop)
{
	if (!stop)
		return 0;
	a->user_rc = 1;
	return err_set(ERR_INTERRUPTED, "stopped");
}

static int tell_entry(struct adder *a, struct rd *r, int root)
{
	struct ops_added e = { .root = root };
	struct span cid;
	int rc;

	e.node.type = (enum unixfs_type)rd_u8(r);
	e.node.tsize = rd_le64(r);
	e.node.size = rd_le64(r);
	e.puts.n_blocks = rd_le64(r);
	e.puts.bytes = rd_le64(r);
	e.puts.had_blocks = rd_le64(r);
	e.puts.had_bytes = rd_le64(r);
	cid = rd_bytes(r, rd_uvarint(r));
	rc = cid_decode(cid, &e.node.cid);
	e.path = (const char *)rd_bytes(r, rd_uvarint(r)).p;
	return rc < 0 ? rc : stopped(a, a->o.entry && a->o.entry(a->o.arg, &e));
}

static int tell_bytes(struct adder *a, struct rd *r)
{
	uint64_t so_far = rd_le64(r);
	int end = rd_u8(r);

	return stopped(a, a->o.bytes(a->o.arg, (const char *)rd_bytes(r, rd_uvarint(r)).p, so_far, end));
}

static int tell_top(struct adder *a, struct rd *r)
{
	struct ops_add_feed_entry e = { .path = NULL };
	int itself = rd_u8(r);

	e.what = (enum ops_feed)rd_u8(r);
	e.meta.mode = rd_le32(r);
	e.meta.has_mtime = rd_u8(r);
	e.meta.mtime = (int64_t)rd_le64(r);
	e.meta.nsec = rd_le32(r);
	e.path = (const char *)rd_bytes(r, rd_uvarint(r)).p;
	return a->o.top(a->o.arg, e.path, itself ? &e : NULL);
}

int add_tell_all(struct adder *a)
{
	struct rd r = rd_from(buf_span(&a->told));
	int rc = 0;

	while (rc == 0 && r.left) {
		int what = rd_u8(&r);

		rc = what == TOLD_BYTES ? tell_bytes(a, &r) : what == TOLD_TOP ? tell_top(a, &r) :
		     tell_entry(a, &r, what == TOLD_ROOT);
	}
	buf_reset(&a->told);
	return rc;
}

/* room for a record with a text at its end */
static int told_room(struct adder *a, size_t len)
{
	int rc = a->told.len > TOLD_MAX ? add_flush(a) : 0;

	return rc < 0 ? rc : buf_reserve(&a->told, 96 + CID_BYTES_MAX + len);
}

static int put_text(struct buf *b, const char *text, size_t len)
{
	buf_varint(b, len);			/* room was made */
	return buf_bytes(b, text, len);
}

/* 1: nothing that has to be told before is waiting */
static int at_once(const struct adder *a)
{
	return a->o.only_hash || !a->o.tell_early || !a->told.len;
}

int add_told(struct adder *a, const char *path, const struct unixfs_node *node, int root)
{
	size_t len = strlen(path) + 1;
	struct ops_added e = { path, *node, root, { 0 } };
	struct buf *b = &a->told;
	int rc;

	if (node->type == UNIXFS_FILE && !a->cache_off) {
		e.puts = a->read;
		a->read = (struct store_puts){ 0 };
	}
	if ((!root && !a->o.all) || a->cache_off)
		return 0;
	if (a->o.only_hash || (a->o.tell_early && !b->len && !root && !unixfs_is_dir(node->type)))
		return stopped(a, a->o.entry && a->o.entry(a->o.arg, &e));
	rc = told_room(a, len);
	if (rc < 0)
		return rc;
	buf_u8(b, root ? TOLD_ROOT : TOLD_ENTRY);
	buf_u8(b, node->type);
	buf_le64(b, node->tsize);
	buf_le64(b, node->size);
	buf_le64(b, e.puts.n_blocks);
	buf_le64(b, e.puts.bytes);
	buf_le64(b, e.puts.had_blocks);
	buf_le64(b, e.puts.had_bytes);
	buf_varint(b, node->cid.len);
	buf_add(b, cid_span(&node->cid));
	return put_text(b, path, len);
}

int add_told_bytes(struct adder *a, const char *path, uint64_t so_far, int end)
{
	size_t len = strlen(path) + 1;
	int rc;

	if (at_once(a))
		return stopped(a, a->o.bytes(a->o.arg, path, so_far, end));
	rc = told_room(a, len);
	if (rc < 0)
		return rc;
	buf_u8(&a->told, TOLD_BYTES);
	buf_le64(&a->told, so_far);
	buf_u8(&a->told, (unsigned)end);
	return put_text(&a->told, path, len);
}

int add_told_top(struct adder *a, const char *name, const struct ops_add_feed_entry *e)
{
	static const struct ops_add_feed_entry none;
	size_t len = strlen(name) + 1;
	struct buf *b = &a->told;
	int rc;

	if (!a->o.top)
		return 0;
	if (at_once(a))
		return a->o.top(a->o.arg, name, e);
	rc = told_room(a, len);
	if (rc < 0)
		return rc;
	buf_u8(b, TOLD_TOP);
	buf_u8(b, e != NULL);
	e = e ? e : &none;
	buf_u8(b, e->what);
	buf_le32(b, e->meta.mode);
	buf_u8(b, (unsigned)e->meta.has_mtime);
	buf_le64(b, (uint64_t)e->meta.mtime);
	buf_le32(b, e->meta.nsec);
	return put_text(b, name, len);
}
