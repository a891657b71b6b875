/*
 * mh.h - multihashes: varint code, varint digest length, digest.
 * Spec: multiformats/multihash README, "Format"; codes from multiformats/multicodec table.csv.
 */
#ifndef MULTI_MH_H
#define MULTI_MH_H

#include "base/span.h"

enum {
	MH_IDENTITY = 0x00, MH_SHA1 = 0x11, MH_SHA2_256 = 0x12, MH_SHA2_512 = 0x13,
	MH_SHA3_512 = 0x14, MH_SHA3_384 = 0x15, MH_SHA3_256 = 0x16, MH_SHA3_224 = 0x17,
	MH_SHAKE_128 = 0x18, MH_SHAKE_256 = 0x19, MH_KECCAK_224 = 0x1a, MH_KECCAK_256 = 0x1b,
	MH_KECCAK_384 = 0x1c, MH_KECCAK_512 = 0x1d, MH_BLAKE3 = 0x1e, MH_SHA2_384 = 0x20,
	MH_MURMUR3_X64_64 = 0x22, MH_DBL_SHA2_256 = 0x56, MH_MD5 = 0xd5,
	MH_SHA2_224 = 0x1013, MH_SHA2_512_224 = 0x1014, MH_SHA2_512_256 = 0x1015,
	MH_BLAKE2B_MIN = 0xb201, MH_BLAKE2B_256 = 0xb220, MH_BLAKE2B_MAX = 0xb240,
	MH_BLAKE2S_MIN = 0xb241, MH_BLAKE2S_256 = 0xb260, MH_BLAKE2S_MAX = 0xb260,
	MH_DIGEST_MAX = 128,		/* bytes a block's digest may have (identity too) */
	MH_DIGEST_MIN = 20,		/* and must have, identity apart */
	MH_BYTES_MAX = 9 + 9 + MH_DIGEST_MAX
};

/* struct mh - a parsed multihash; digest borrows. */
struct mh {
	uint64_t code;
	struct span digest;
};

/* mh_decode - the whole of `bytes`; 0, or ERR_INVALID.  An unknown code parses. */
int mh_decode(struct span bytes, struct mh *mh);

/* mh_read - a multihash at the start of `bytes`; returns its length in bytes, or ERR_INVALID. */
int mh_read(struct span bytes, struct mh *mh);

/* mh_encode - appends; 0, ERR_LIMIT, ERR_NOMEM. */
struct buf;
int mh_encode(struct buf *out, uint64_t code, struct span digest);

/* mh_name - "sha2-256", NULL for a code without a name; static. */
const char *mh_name(uint64_t code);

/* mh_by_name - code of a name as the multihash table spells it ("sha3" is sha3-512), letter case
 * ignored; or ERR_NOTFOUND: `unrecognized hash function: "<name>"`. */
int mh_by_name(const char *name, uint64_t *code);

/* mh_native - digest bytes mh_sum makes when asked for 0; identity: 0; -1: cannot compute. */
int mh_native(uint64_t code);

/* mh_each - the codes with names in ascending order: *code for i = 0, 1, …; 1, or 0 at the end. */
int mh_each(int i, uint64_t *code);

/*
 * mh_sum - digest of the concatenation of `n` spans into digest[0..MH_DIGEST_MAX).
 * `want` 0 asks for the native length; less cuts on the right (blake3 and shake: XOF length).
 * Returns the digest's bytes, or ERR_UNSUPPORTED: no such function here; ERR_USAGE: a length it
 * cannot have; ERR_LIMIT: identity of more than MH_DIGEST_MAX bytes.  Safe in any thread.
 */
int mh_sum(uint64_t code, const struct span *parts, int n, size_t want, uint8_t *digest);

/* A running hash of one of the codes above except identity (for bodies that do not fit). */
struct mh_ctx;
int mh_begin(struct mh_ctx **ctx, uint64_t code);	/* gives; mh_end or mh_free releases */
void mh_update(struct mh_ctx *ctx, struct span s);
int mh_end(struct mh_ctx *ctx, size_t want, uint8_t *digest);	/* as mh_sum; releases ctx */
void mh_free(struct mh_ctx *ctx);			/* accepts NULL */

/* mh_allowed - the block policy: may a block be named by this hash?  0, or ERR_DENIED with
 * Kubo's words (boxo verifcid: allow list, 20 to 128 bytes, identity 0 to 128). */
int mh_allowed(const struct mh *mh);

#endif
