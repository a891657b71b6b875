/* data.c - the UnixFS Data message, read as any protobuf reader would and written canonically */
#include <inttypes.h>

#include "base/err.h"
#include "base/rd.h"
#include "unixfs/unixfs.h"

enum { WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES, WIRE_GROUP, WIRE_GROUP_END, WIRE_FIXED32 };
enum { F_TYPE = 1, F_DATA, F_FILESIZE, F_BLOCKSIZES, F_HASH_TYPE, F_FANOUT, F_MODE, F_MTIME };
enum { GROUPS_MAX = 64, NSEC_MAX = 999999999 };

#define TAG(field, wire) ((unsigned)((field) << 3 | (wire)))

/* One field of a message; groups are passed over. */
struct field {
	uint64_t num;
	unsigned wire;
	uint64_t v;			/* varint, fixed32, fixed64 */
	struct span bytes;
};

/* field_value - what follows the tag; the tags that end groups are the caller's business */
static void field_value(struct rd *r, struct field *f)
{
	switch (f->wire) {
	case WIRE_VARINT: f->v = rd_varint(r); break;
	case WIRE_FIXED64: f->v = rd_le64(r); break;
	case WIRE_BYTES: f->bytes = rd_bytes(r, rd_varint(r)); break;
	case WIRE_FIXED32: f->v = rd_le32(r); break;
	case WIRE_GROUP: case WIRE_GROUP_END: break;
	default: rd_fail(r, "reserved wire type");
	}
}

static void field_tag(struct rd *r, struct field *f)
{
	uint64_t tag = rd_varint(r);

	*f = (struct field){ .num = tag >> 3, .wire = tag & 7 };
	if (f->num < 1 || f->num > INT32_MAX)
		rd_fail(r, "field number");
}

/* Groups are of an older protobuf; no field here is one.  What is inside has no meaning. */
static void skip_group(struct rd *r, uint64_t num)
{
	uint64_t open[GROUPS_MAX] = { num };
	int depth = 1;
	struct field f;

	while (depth > 0 && rd_ok(r)) {
		field_tag(r, &f);
		field_value(r, &f);
		if (f.wire == WIRE_GROUP && depth == GROUPS_MAX)
			rd_fail(r, "groups nest too deep");
		else if (f.wire == WIRE_GROUP)
			open[depth++] = f.num;
		else if (f.wire == WIRE_GROUP_END && open[--depth] != f.num)
			rd_fail(r, "mismatching end group marker");
	}
}

/* 1 and the next field that is no group, or 0 at the end or after a failure */
static int field_next(struct rd *r, struct field *f)
{
	while (rd_ok(r) && r->left > 0) {
		field_tag(r, f);
		field_value(r, f);
		if (f->wire == WIRE_GROUP_END)
			rd_fail(r, "mismatching end group marker");
		else if (f->wire == WIRE_GROUP)
			skip_group(r, f->num);
		else
			return rd_ok(r);
	}
	return 0;
}

static int malformed(void)
{
	return err_set(ERR_INVALID, "proto: cannot parse invalid wire-format data");
}

static int missing(const char *name)
{
	return err_set(ERR_INVALID, "proto: required field \"%s\" not set", name);
}

/* UnixTime; when the field comes twice the messages merge */
struct when {
	int has_seconds, has_nsec;
	uint64_t seconds, nsec;
};

static int decode_when(struct span message, struct when *w)
{
	struct rd r = rd_from(message);
	struct field f;

	while (field_next(&r, &f)) {
		if (f.num == 1 && f.wire == WIRE_VARINT) {
			w->has_seconds = 1;
			w->seconds = f.v;
		} else if (f.num == 2 && f.wire == WIRE_FIXED32) {
			w->has_nsec = 1;
			w->nsec = f.v;
		}
	}
	return rd_ok(&r) ? 0 : malformed();
}

/* the number of varints in a packed list */
static int packed_count(struct span list, size_t *n)
{
	struct rd r = rd_from(list);

	while (r.left > 0) {
		rd_varint(&r);
		++*n;
	}
	return rd_ok(&r) ? 0 : malformed();
}

/* take_varint - a field of wire type 0; others of that type are unknown and pass */
static void take_varint(struct unixfs_data *d, const struct field *f, int *has_type)
{
	switch (f->num) {
	case F_TYPE:
		*has_type = 1;
		/* numbers we do not know are kept as one that is none of ours */
		d->type = f->v <= INT32_MAX ? (enum unixfs_type)f->v : (enum unixfs_type)INT32_MAX;
		break;
	case F_FILESIZE:
		d->has_filesize = 1;
		d->filesize = f->v;
		break;
	case F_BLOCKSIZES: d->n_blocksizes++; break;
	case F_HASH_TYPE: d->hash_type = f->v; break;
	case F_FANOUT: d->fanout = f->v; break;
	case F_MODE:
		d->meta.mode = f->v & 07777;
		d->mode_high = (uint32_t)f->v & ~(uint32_t)07777;
		break;
	}
}

int unixfs_decode(struct span message, struct unixfs_data *d)
{
	struct rd r = rd_from(message);
	struct when when = { 0 };
	int has_type = 0, has_mtime = 0, rc = 0;
	struct field f;

	*d = (struct unixfs_data){ .blocksizes_in = message };
	while (rc == 0 && field_next(&r, &f)) {
		if (f.wire == WIRE_VARINT) {
			take_varint(d, &f, &has_type);
		} else if (f.wire == WIRE_BYTES && f.num == F_DATA) {
			d->has_data = 1;
			d->data = f.bytes;
		} else if (f.wire == WIRE_BYTES && f.num == F_BLOCKSIZES) {
			rc = packed_count(f.bytes, &d->n_blocksizes);
		} else if (f.wire == WIRE_BYTES && f.num == F_MTIME) {
			has_mtime = 1;
			rc = decode_when(f.bytes, &when);
		}
	}
	if (rc < 0)
		return rc;
	if (!rd_ok(&r))
		return malformed();
	if (!has_type)
		return missing("Type");
	if (has_mtime && !when.has_seconds)
		return missing("Seconds");
	/* nanoseconds that are none make the whole time unknown, as Kubo has it */
	if (has_mtime && (!when.has_nsec || (when.nsec >= 1 && when.nsec <= NSEC_MAX))) {
		d->meta.has_mtime = 1;
		d->meta.mtime = (int64_t)when.seconds;
		d->meta.nsec = (uint32_t)when.nsec;
	}
	return 0;
}

struct unixfs_sizes unixfs_blocksizes(const struct unixfs_data *d)
{
	return (struct unixfs_sizes){ .rest = d->n_blocksizes ? d->blocksizes_in : span_of(NULL, 0) };
}

int unixfs_blocksize_next(struct unixfs_sizes *it, uint64_t *size)
{
	struct rd r;
	struct field f;

	for (;;) {
		if (it->packed.len > 0) {
			r = rd_from(it->packed);
			*size = rd_varint(&r);
			it->packed = span_of(r.p, r.left);
			return rd_ok(&r);
		}
		r = rd_from(it->rest);
		if (!field_next(&r, &f))
			return 0;
		it->rest = span_of(r.p, r.left);
		if (f.num != F_BLOCKSIZES)
			continue;
		if (f.wire == WIRE_VARINT) {
			*size = f.v;
			return 1;
		}
		if (f.wire == WIRE_BYTES)
			it->packed = f.bytes;
	}
}

static int put_varint(struct buf *out, unsigned field, uint64_t v)
{
	int rc = buf_u8(out, TAG(field, WIRE_VARINT));

	return rc < 0 ? rc : buf_varint(out, v);
}

static int put_bytes(struct buf *out, unsigned field, struct span bytes)
{
	int rc = buf_u8(out, TAG(field, WIRE_BYTES));

	if (rc == 0)
		rc = buf_varint(out, bytes.len);
	return rc < 0 ? rc : buf_add(out, bytes);
}

static int put_mtime(struct buf *out, const struct unixfs_meta *m)
{
	uint8_t room[32];
	struct buf b = { room, 0, sizeof room, sizeof room - 1 };
	int rc = put_varint(&b, 1, (uint64_t)m->mtime);

	/* seconds are a plain varint, negative ones take ten bytes (protobuf int64) */
	if (rc == 0 && m->nsec)
		rc = buf_u8(&b, TAG(2, WIRE_FIXED32));
	if (rc == 0 && m->nsec)
		rc = buf_le32(&b, m->nsec);
	return rc < 0 ? rc : put_bytes(out, F_MTIME, buf_span(&b));
}

int unixfs_encode(struct buf *out, const struct unixfs_data *d, const uint64_t *blocksizes, size_t n)
{
	size_t start = out->len, i;
	int rc = put_varint(out, F_TYPE, d->type);

	if (rc == 0 && d->has_data)
		rc = put_bytes(out, F_DATA, d->data);
	if (rc == 0 && d->has_filesize)
		rc = put_varint(out, F_FILESIZE, d->filesize);
	for (i = 0; rc == 0 && i < n; i++)
		rc = put_varint(out, F_BLOCKSIZES, blocksizes[i]);
	if (rc == 0 && d->type == UNIXFS_HAMT)
		rc = put_varint(out, F_HASH_TYPE, d->hash_type);
	if (rc == 0 && d->type == UNIXFS_HAMT)
		rc = put_varint(out, F_FANOUT, d->fanout);
	if (rc == 0 && (d->meta.mode | d->mode_high))
		rc = put_varint(out, F_MODE, d->meta.mode | d->mode_high);
	if (rc == 0 && d->meta.has_mtime)
		rc = put_mtime(out, &d->meta);
	if (rc < 0)
		out->len = start;
	return rc;
}
