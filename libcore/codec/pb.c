/* pb.c - dag-pb: strict reading, canonical writing */
#include <inttypes.h>

#include "base/err.h"
#include "base/rd.h"
#include "codec/codec.h"

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };
enum { TAG_DATA = 0x0a, TAG_LINK = 0x12, TAG_HASH = 0x0a, TAG_NAME = 0x12, TAG_TSIZE = 0x18 };

/* the words Kubo's protobuf reader has for it */
static int broken(const struct rd *r)
{
	return err_set(ERR_INVALID, "protobuf: %s",
		       r->bad && strcmp(r->bad, "truncated") ? "variable length integer overflow"
							     : "unexpected EOF");
}

/* a tag: the field number, wire type in *wire; 0 with r->bad set, or an error of our own */
static int64_t read_tag(struct rd *r, unsigned *wire)
{
	uint64_t tag = rd_varint(r);

	if (!rd_ok(r))
		return broken(r);
	*wire = tag & 7;
	if (tag >> 3 < 1 || tag >> 3 > INT32_MAX)
		return err_set(ERR_INVALID, "protobuf: invalid field number");
	return (int64_t)(tag >> 3);
}

static int wrong_wire(unsigned wire, const char *field)
{
	return err_set(ERR_INVALID, "protobuf: (PBLink) wrong wireType (%u) for %s", wire, field);
}

/* May field `num` come after the fields in `seen` (a bit each)?  They must ascend. */
static int link_order(int64_t num, unsigned seen)
{
	static const char *const names[] = { "", "Hash", "Name", "Tsize" };
	int64_t later;

	if (seen & 1u << num)
		return err_set(ERR_INVALID, "protobuf: (PBLink) duplicate %s section", names[num]);
	for (later = num + 1; later <= 3; later++)
		if (seen & 1u << later)
			return err_set(ERR_INVALID, "protobuf: (PBLink) invalid order, found %s before "
				       "%s", names[later], names[num]);
	return 0;
}

static int decode_link(struct span message)
{
	struct rd r = rd_from(message);
	unsigned seen = 0, wire = 0;
	struct span hash;
	struct cid cid;
	int64_t num;
	uint64_t v;
	int rc;

	while (r.left > 0) {
		num = read_tag(&r, &wire);
		if (num < 0)
			return (int)num;
		if (num > 3)
			return err_set(ERR_INVALID, "protobuf: (PBLink) invalid fieldNumber, expected 1, "
				       "2 or 3, got %" PRId64, num);
		rc = link_order(num, seen);
		if (rc < 0)
			return rc;
		seen |= 1u << num;
		switch (num) {
		case 1:
			if (wire != WIRE_BYTES)
				return wrong_wire(wire, "Hash");
			hash = rd_bytes(&r, rd_varint(&r));
			if (!rd_ok(&r))
				return broken(&r);
			if (cid_decode(hash, &cid) < 0)
				return err_add(ERR_INVALID, "invalid Hash field found in link, expected "
					       "CID");
			break;
		case 2:
			if (wire != WIRE_BYTES)
				return wrong_wire(wire, "Name");
			rd_bytes(&r, rd_varint(&r));
			if (!rd_ok(&r))
				return broken(&r);
			break;
		default:
			if (wire != WIRE_VARINT)
				return wrong_wire(wire, "Tsize");
			v = rd_varint(&r);
			if (!rd_ok(&r))
				return broken(&r);
			/* Go reads it as a negative number: nobody agrees on what it means */
			if (v > INT64_MAX)
				return err_set(ERR_INVALID, "protobuf: (PBLink) Tsize %" PRIu64 " is too "
					       "large", v);
		}
	}
	if (!(seen & 1u << 1))
		return err_set(ERR_INVALID, "invalid Hash field found in link, expected CID");
	return 0;
}

int pb_decode(struct span block, struct pb_node *node)
{
	struct rd r = rd_from(block);
	int data_after_links = 0, rc;
	unsigned wire = 0;
	struct span field;
	int64_t num;

	*node = (struct pb_node){ .block = block };
	while (r.left > 0) {
		num = read_tag(&r, &wire);
		if (num < 0)
			return (int)num;
		if (wire != WIRE_BYTES)
			return err_set(ERR_INVALID, "protobuf: (PBNode) invalid wireType, expected 2, got "
				       "%u", wire);
		if (num > 2)
			return err_set(ERR_INVALID, "protobuf: (PBNode) invalid fieldNumber, expected 1 "
				       "or 2, got %" PRId64, num);
		if (num == 1 && node->has_data)
			return err_set(ERR_INVALID, "protobuf: (PBNode) duplicate Data section");
		field = rd_bytes(&r, rd_varint(&r));
		if (!rd_ok(&r))
			return broken(&r);
		if (num == 1) {
			node->has_data = 1;
			node->data = field;
			data_after_links = node->n_links > 0;
			continue;
		}
		if (data_after_links)
			return err_set(ERR_INVALID, "protobuf: (PBNode) duplicate Links section");
		rc = decode_link(field);
		if (rc < 0)
			return rc;
		node->n_links++;
	}
	return 0;
}

struct pb_iter pb_links(const struct pb_node *node)
{
	return (struct pb_iter){ node->n_links ? node->block : span_of(NULL, 0) };
}

int pb_next(struct pb_iter *it, struct pb_link *link)
{
	struct rd r = rd_from(it->rest), in;
	struct span field = { NULL, 0 };
	uint64_t tag = 0;

	while (r.left > 0 && tag != TAG_LINK) {
		tag = rd_varint(&r);
		field = rd_bytes(&r, rd_varint(&r));
	}
	it->rest = span_of(r.p, r.left);
	if (!rd_ok(&r) || tag != TAG_LINK)
		return 0;
	*link = (struct pb_link){ .name = { NULL, 0 } };
	in = rd_from(field);
	while (in.left > 0) {
		switch (rd_varint(&in)) {
		case TAG_HASH: link->hash = rd_bytes(&in, rd_varint(&in)); break;
		case TAG_NAME: link->name = rd_bytes(&in, rd_varint(&in)); break;
		case TAG_TSIZE: link->tsize = rd_varint(&in); break;
		default: rd_fail(&in, "not a link");
		}
	}
	return rd_ok(&in);
}

static size_t link_body_len(size_t hash_len, size_t name_len, uint64_t tsize)
{
	return 1 + varint_len(hash_len) + hash_len + 1 + varint_len(name_len) + name_len + 1 +
	       varint_len(tsize);
}

size_t pb_link_len(size_t hash_len, size_t name_len, uint64_t tsize)
{
	size_t body = link_body_len(hash_len, name_len, tsize);

	return 1 + varint_len(body) + body;
}

int pb_put_link(struct buf *out, struct span hash, struct span name, uint64_t tsize)
{
	int rc = buf_reserve(out, pb_link_len(hash.len, name.len, tsize));

	if (rc < 0)
		return rc;
	/* there is room: none of these can fail */
	buf_u8(out, TAG_LINK);
	buf_varint(out, link_body_len(hash.len, name.len, tsize));
	buf_u8(out, TAG_HASH);
	buf_varint(out, hash.len);
	buf_add(out, hash);
	buf_u8(out, TAG_NAME);
	buf_varint(out, name.len);
	buf_add(out, name);
	buf_u8(out, TAG_TSIZE);
	buf_varint(out, tsize);
	return 0;
}

int pb_put_data(struct buf *out, struct span data)
{
	int rc = buf_reserve(out, 1 + varint_len(data.len) + data.len);

	if (rc < 0)
		return rc;
	buf_u8(out, TAG_DATA);
	buf_varint(out, data.len);
	return buf_add(out, data);
}
