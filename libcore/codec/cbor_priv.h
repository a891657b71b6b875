/*
 * cbor_priv.h - dag-cbor and cbor: what their reader and writer share.
 * Spec: RFC 8949 for the heads; ipld/ipld specs/codecs/dag-cbor/spec.md, "Strictness".
 */
#ifndef CODEC_CBOR_PRIV_H
#define CODEC_CBOR_PRIV_H

#include "codec_priv.h"

/* the first three bits of a head */
enum { CBOR_UINT, CBOR_NINT, CBOR_BYTES, CBOR_TEXT, CBOR_LIST, CBOR_MAP, CBOR_TAG, CBOR_OTHER };
enum { CBOR_LINK = 42 };

/* cbor_ascii - 1: ASCII.  What is short is looked at in one or two words. */
static inline __attribute__((always_inline)) int cbor_ascii(struct span s)
{
	const uint64_t high = UINT64_C(0x8080808080808080);
	uint64_t a, b;
	size_t i;

	if (s.len >= 8) {
		for (i = 0; i + 8 <= s.len; i += 8) {
			memcpy(&a, s.p + i, 8);
			if (a & high)
				return 0;
		}
		memcpy(&a, s.p + s.len - 8, 8);
		return !(a & high);
	}
	if (s.len >= 4) {
		uint32_t x, y;

		memcpy(&x, s.p, 4);
		memcpy(&y, s.p + s.len - 4, 4);
		return !((x | y) & 0x80808080u);
	}
	b = 0;
	for (i = 0; i < s.len; i++)
		b |= s.p[i];
	return !(b & 0x80);
}

/* ---- cbor_write.c ---- */

int dag_cbor_encode(const struct node *nd, size_t at, struct buf *out);
int cbor_encode(const struct node *nd, size_t at, struct buf *out);

/* cbor_key_cmp - the order of keys in dag-cbor: the shorter first, then bytewise. */
static inline int cbor_key_cmp(struct span a, struct span b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return a.len ? memcmp(a.p, b.p, a.len) : 0;
}

#endif
