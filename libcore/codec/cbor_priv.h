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
