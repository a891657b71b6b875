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

/* ---- links as everybody writes them; directories have thousands ---- */

/* a minimal varint of up to 63 bits at *p; 0: there is none, and *p is as it was */
static inline int plain_varint(const uint8_t **p, const uint8_t *end, uint64_t *v)
{
	const uint8_t *at = *p;
	uint64_t n = 0;
	int shift;

	for (shift = 0; at < end && shift < 63; shift += 7) {
		uint8_t b = *at++;

		n |= (uint64_t)(b & 0x7f) << shift;
		if (b & 0x80)
			continue;
		if (b == 0 && shift > 0)
			return 0;
		*v = n;
		*p = at;
		return 1;
	}
	return 0;
}

static inline int plain_field(const uint8_t **p, const uint8_t *end, uint8_t tag, struct span *field)
{
	const uint8_t *at = *p + 1;
	uint64_t len;

	if (*p == end || **p != tag || !plain_varint(&at, end, &len) || len > (uint64_t)(end - at))
		return 0;
	*field = span_of(at, (size_t)len);
	*p = at + len;
	return 1;
}

/* 1: a link with all its fields, minimal and in order, which *rest then is behind; else nothing changes */
static inline int plain_link(struct span *rest, struct pb_link *link)
{
	const uint8_t *p = rest->p, *end, *at;
	struct span body;

	if (rest->len == 0)
		return 0;
	end = p + rest->len;
	if (!plain_field(&p, end, TAG_LINK, &body))
		return 0;
	at = body.p;
	end = at + body.len;
	if (!plain_field(&at, end, TAG_HASH, &link->hash) || !plain_field(&at, end, TAG_NAME, &link->name) ||
	    at == end || *at++ != TAG_TSIZE || !plain_varint(&at, end, &link->tsize) || at != end)
		return 0;
	*rest = span_of(p, rest->len - (size_t)(p - rest->p));
	return 1;
}

/* 1: a CID with a digest of sha2-256, of version 0, or of version 1 and a codec of one byte: no need to look closer */
static inline int plain_cid(struct span c)
{
	static const uint8_t sha[] = { 0x12, 32 };

	return (c.len == 34 && memcmp(c.p, sha, 2) == 0) ||
	       (c.len == 36 && c.p[0] == 1 && c.p[1] < 0x80 && memcmp(c.p + 2, sha, 2) == 0);
}

/* the plain links a block begins with; what is wrong with the next is said by who reads that */
static void decode_plain(struct rd *r, struct pb_node *node)
{
	struct span rest = span_of(r->p, r->left), next = rest;
	struct pb_link l;
	struct cid cid;

	while (plain_link(&next, &l) && (plain_cid(l.hash) || cid_decode(l.hash, &cid) == 0)) {
		rest = next;
		node->n_links++;
	}
	node->links_len = (size_t)(rest.p - r->p);
	*r = rd_from(rest);
}

int pb_decode(struct span block, struct pb_node *node)
{
	struct rd r = rd_from(block);
	int data_after_links = 0, rc;
	unsigned wire = 0;
	struct span field;
	int64_t num;

	*node = (struct pb_node){ .block = block, .plain = 1 };
	decode_plain(&r, node);
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
		node->plain = 0;
	}
	if (!node->plain)
		node->links_len = 0;
	return 0;
}

struct pb_iter pb_links(const struct pb_node *node)
{
	return (struct pb_iter){ node->n_links ? node->block : span_of(NULL, 0) };
}

int pb_next(struct pb_iter *it, struct pb_link *link)
{
	struct rd r, in;
	struct span field = { NULL, 0 };
	uint64_t tag = 0;

	if (plain_link(&it->rest, link))
		return 1;
	r = rd_from(it->rest);
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
