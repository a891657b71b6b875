/*
 * cid.h - content identifiers, a value type.
 * A struct cid holds the binary form inline (CIDs with digests over MH_DIGEST_MAX are refused), so
 * it is copied, compared and kept without ownership.
 * Spec: multiformats/cid README, "How does it work" and "Decoding Algorithm".
 */
#ifndef MULTI_CID_H
#define MULTI_CID_H

#include "base/buf.h"
#include "multi/mb.h"
#include "multi/mh.h"

enum {
	CID_RAW = 0x55, CID_DAG_PB = 0x70, CID_DAG_CBOR = 0x71, CID_LIBP2P_KEY = 0x72,
	CID_GIT_RAW = 0x78, CID_CBOR = 0x51, CID_DAG_JSON = 0x0129, CID_JSON = 0x0200,
	CID_BYTES_MAX = 1 + 9 + MH_BYTES_MAX,
	CID_TEXT_MAX = 1400		/* characters of any CID in any base, with the NUL */
};

struct cid {
	uint64_t codec;
	uint8_t version;		/* 0 or 1; a zeroed struct (len 0) is "no CID" */
	uint8_t mh_off;			/* where the multihash begins in bytes */
	uint16_t len;			/* of bytes */
	uint8_t bytes[CID_BYTES_MAX];
};

static inline struct span cid_span(const struct cid *c) { return span_of(c->bytes, c->len); }
static inline struct span cid_mh(const struct cid *c)
{
	return span_of(c->bytes + c->mh_off, (size_t)c->len - c->mh_off);
}
static inline int cid_equal(const struct cid *a, const struct cid *b)
{
	return span_equal(cid_span(a), cid_span(b));
}

/* cid_decode - binary form, the whole of `bytes`.  0, or ERR_INVALID with the rule broken. */
int cid_decode(struct span bytes, struct cid *cid);

/* cid_read - a binary CID at the start of `bytes`; returns its length, or ERR_INVALID. */
int cid_read(struct span bytes, struct cid *cid);

/* cid_parse - text: 46 characters "Qm…" (v0), else multibase of a v1.  Nothing is trimmed.
 * `base`, if not NULL, receives the base used (base58btc for v0).  0, or ERR_INVALID. */
int cid_parse(struct span text, struct cid *cid, const struct mb_base **base);

/* cid_format - appends: v0 as base58btc, v1 in `base` (NULL: base32, libp2p-key: base36).
 * A v0 asked for in another base than base58btc is shown as its v1.  0 or ERR_LIMIT, ERR_NOMEM. */
int cid_format(const struct cid *cid, const struct mb_base *base, struct buf *text);

/* cid_text - cid_format with the default base into a caller's array; returns `text`. */
char *cid_text(const struct cid *cid, char text[CID_TEXT_MAX]);

/* cid_make - from parts.  ERR_USAGE: v0 that is not dag-pb with sha2-256 of 32 bytes, or a
 * version other than 0 and 1; ERR_LIMIT: digest over MH_DIGEST_MAX. */
int cid_make(struct cid *cid, int version, uint64_t codec, uint64_t mh_code, struct span digest);

/* cid_make_mh - the same from a binary multihash. */
int cid_make_mh(struct cid *cid, int version, uint64_t codec, struct span mh);

/* cid_sum - name these bytes: hash the concatenation of the `n` parts (native length). */
int cid_sum(struct cid *cid, int version, uint64_t codec, uint64_t mh_code,
	    const struct span *parts, int n);

/* cid_verify - do these bytes hash to this CID?  0; ERR_CORRUPT: no; ERR_UNSUPPORTED: hash not
 * computable here. */
int cid_verify(const struct cid *cid, struct span bytes);

/* cid_identity - 1 and the inlined bytes (borrowed from cid) if the multihash is identity. */
int cid_identity(const struct cid *cid, struct span *bytes);

/* Multicodec names of IPLD and key codecs. */
const char *codec_name(uint64_t code);		/* NULL: not in the table */
/* codec_by_name - a name of the table, or a number (decimal, 0x, 0o, 0b) that is a known code or in
 * the private range 0x300000..0x3fffff; 0, or ERR_NOTFOUND. */
int codec_by_name(const char *text, uint64_t *code);
/* codec_each - entries of kind ipld in ascending order; 1 or 0 at the end.  *usable: an encoder or
 * decoder exists in Kubo (the rows of `ipfs cid codecs -s`). */
int codec_each(int i, uint64_t *code, int *usable);

#endif
