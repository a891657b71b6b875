/* write.c - a CARv1, section by section */
#include "base/err.h"
#include "car_priv.h"
#include "multi/uvarint.h"

/* the bytes around the roots: a2 65 "roots" <list> … 67 "version" 01 */
enum { AROUND = 1 + 6 + 8 + 1, LIST_HEAD_MAX = 5 };

/* the head of a CBOR item with this argument, which is a count or length below 2^32 */
static size_t cbor_head(uint8_t *p, unsigned major, size_t n)
{
	unsigned bytes = n < 24 ? 0 : n < 256 ? 1 : n < 65536 ? 2 : 4, i;

	p[0] = (uint8_t)(major << 5 | (bytes == 0 ? (unsigned)n : bytes == 1 ? 24 : bytes == 2 ? 25 : 26));
	for (i = 0; i < bytes; i++)
		p[1 + i] = (uint8_t)(n >> (8 * (bytes - 1 - i)));
	return 1 + bytes;
}

/* tag 42 with the bytes 00 and the CID: what stands before the CID */
static size_t link_head(uint8_t *p, const struct cid *cid)
{
	size_t n;

	p[0] = 0xd8;
	p[1] = 42;
	n = 2 + cbor_head(p + 2, 2, cid->len + 1u);
	p[n++] = 0;
	return n;
}

/* the dag-cbor of the header, without the length before it */
static uint64_t head_len(const struct cid *roots, size_t n)
{
	uint8_t head[8];
	uint64_t len = AROUND + cbor_head(head, 4, n);
	size_t i;

	for (i = 0; i < n; i++)
		len += link_head(head, &roots[i]) + roots[i].len;
	return len;
}

uint64_t car_header_len(const struct cid *roots, size_t n)
{
	uint64_t len = head_len(roots, n);

	return varint_len(len) + len;
}

uint64_t car_section_len(const struct cid *cid, uint64_t block_len)
{
	return varint_len(cid->len + block_len) + cid->len + block_len;
}

static int head_encode(struct buf *out, const struct cid *roots, size_t n)
{
	uint8_t head[8];
	size_t i;
	int rc = buf_reserve(out, car_header_len(roots, n));

	if (rc < 0)
		return rc;		/* all below fits */
	buf_varint(out, head_len(roots, n));
	buf_str(out, "\xa2\x65" "roots");
	buf_bytes(out, head, cbor_head(head, 4, n));
	for (i = 0; i < n; i++) {
		buf_bytes(out, head, link_head(head, &roots[i]));
		buf_add(out, cid_span(&roots[i]));
	}
	buf_str(out, "\x67" "version");
	return buf_u8(out, 1);
}

int car_out_start(struct car_out *o, struct sink *sink, struct car_index *index,
		  const struct cid *roots, size_t n)
{
	struct buf head = BUF_INIT(CAR_HEADER_MAX);
	int rc;

	*o = (struct car_out){ .sink = sink, .index = index };
	if (n > CAR_ROOTS_MAX)
		return err_set(ERR_LIMIT, "%zu roots, an archive may have %d", n, CAR_ROOTS_MAX);
	rc = head_encode(&head, roots, n);
	if (rc == 0)
		rc = sink_bytes(sink, buf_span(&head));
	if (rc == 0)
		o->pos = head.len;
	buf_clear(&head);
	return rc;
}

int car_out_block(struct car_out *o, const struct cid *cid, const struct piece *block)
{
	uint64_t len = block->fd < 0 ? block->bytes.len : block->len;
	uint8_t head[UVARINT_MAX + CID_BYTES_MAX];
	char text[CID_TEXT_MAX];
	size_t n;
	int rc;

	if (len > CAR_SECTION_MAX || cid->len + len > CAR_SECTION_MAX)
		return err_set(ERR_LIMIT, "block '%s' is larger than a section of an archive may be "
			       "(%d bytes)", cid_text(cid, text), CAR_SECTION_MAX);
	n = uvarint_put(head, cid->len + len);
	memcpy(head + n, cid->bytes, cid->len);
	n += cid->len;
	rc = sink_bytes(o->sink, span_of(head, n));
	if (rc == 0 && len)
		rc = sink_put(o->sink, block);
	if (rc == 0 && o->index)
		rc = car_index_add(o->index, cid, o->pos);
	if (rc == 0)
		o->pos += n + len;
	return rc;
}
