/* rd.c - read within bounds, remember the first failure */
#include "base/rd.h"

void rd_fail(struct rd *r, const char *why)
{
	if (!r->bad)
		r->bad = why;
	r->left = 0;
}

struct span rd_bytes(struct rd *r, uint64_t len)
{
	struct span s = { r->p, 0 };

	if (r->bad)
		return s;
	if (len > r->left) {
		rd_fail(r, "truncated");
		return s;
	}
	s.len = (size_t)len;
	r->p += len;
	r->left -= (size_t)len;
	return s;
}

struct span rd_rest(struct rd *r)
{
	return rd_bytes(r, r->left);
}

static uint64_t rd_word(struct rd *r, int bytes, int big)
{
	struct span s = rd_bytes(r, (uint64_t)bytes);
	uint64_t v = 0;
	int i;

	if (s.len < (size_t)bytes)
		return 0;
	for (i = 0; i < bytes; i++)
		v |= (uint64_t)s.p[big ? bytes - 1 - i : i] << (8 * i);
	return v;
}

/* most numbers in blocks are one byte, and directories have thousands of them */
static inline int is_short(const struct rd *r) { return !r->bad && r->left > 0 && *r->p < 0x80; }

static inline uint8_t take(struct rd *r)
{
	r->left--;
	return *r->p++;
}

uint8_t rd_u8(struct rd *r) { return !r->bad && r->left > 0 ? take(r) : (uint8_t)rd_word(r, 1, 0); }
uint16_t rd_le16(struct rd *r) { return (uint16_t)rd_word(r, 2, 0); }
uint32_t rd_le32(struct rd *r) { return (uint32_t)rd_word(r, 4, 0); }
uint64_t rd_le64(struct rd *r) { return rd_word(r, 8, 0); }
uint32_t rd_be32(struct rd *r) { return (uint32_t)rd_word(r, 4, 1); }
uint64_t rd_be64(struct rd *r) { return rd_word(r, 8, 1); }

uint64_t rd_uvarint(struct rd *r)
{
	uint64_t v = 0;
	int i;

	if (is_short(r))
		return take(r);
	for (i = 0; i < 9; i++) {
		uint8_t b = rd_u8(r);

		if (r->bad)
			return 0;
		v |= (uint64_t)(b & 0x7f) << (7 * i);
		if (b & 0x80)
			continue;
		if (b == 0 && i > 0) {
			rd_fail(r, "varint is not minimal");
			return 0;
		}
		return v;
	}
	rd_fail(r, "varint is longer than 9 bytes");
	return 0;
}

uint64_t rd_varint(struct rd *r)
{
	uint64_t v = 0;
	int i;

	if (is_short(r))
		return take(r);
	for (i = 0; i < 10; i++) {
		uint8_t b = rd_u8(r);

		if (r->bad)
			return 0;
		if (i == 9 && b > 1)
			break;
		v |= (uint64_t)(b & 0x7f) << (7 * i);
		if (!(b & 0x80))
			return v;
	}
	rd_fail(r, "varint overflows 64 bits");
	return 0;
}
