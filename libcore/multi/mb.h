/*
 * mb.h - multibase text.
 * Decoding is strict: no white space, right padding, unused bits zero (reference: the multibase
 * RFCs; RFC 4648; RFC 9285).  Bodies over MB_TEXT_MAX are refused (the big-integer bases cost
 * quadratic time).
 */
#ifndef MULTI_MB_H
#define MULTI_MB_H

#include "base/buf.h"

enum { MB_TEXT_MAX = 8192 };		/* bytes of text */

/* One row of the table; everything static. */
struct mb_base {
	const char *name;	/* "base32" */
	const char *prefix;	/* UTF-8; "" for identity, whose prefix is one NUL byte */
	int kubo;		/* one of the bases Kubo lists */
};

const struct mb_base *mb_by_name(const char *name);	/* NULL: no such base (err is set) */

/* mb_by_prefix - the base `text` begins with, NULL with a message when there is none. */
const struct mb_base *mb_by_prefix(struct span text);

/* mb_each - the bases in the order `ipfs cid bases` prints, then those Kubo lacks; NULL ends. */
const struct mb_base *mb_each(int i);

/* mb_code - the code point of the prefix, by which the multicodec table knows the base. */
uint32_t mb_code(const struct mb_base *base);

/* mb_piecewise - the bits a digit carries, where a long text may be made and read piece by piece: bodies of MB_PIECE
 * bytes, or 8 * n digits, are then each on their own what they are in the whole; 0: only as a whole. */
enum { MB_PIECE = 15 };
int mb_piecewise(const struct mb_base *base);

/* mb_encode - appends prefix and body; mb_encode_body only the body.  0, ERR_LIMIT, ERR_NOMEM. */
int mb_encode(const struct mb_base *base, struct span bytes, struct buf *text);
int mb_encode_body(const struct mb_base *base, struct span bytes, struct buf *text);

/* mb_decode - appends the bytes and, if `base` is not NULL, says which base it was.
 * 0, or ERR_INVALID; ERR_LIMIT: over MB_TEXT_MAX or out->max. */
int mb_decode(struct span text, struct buf *out, const struct mb_base **base);
int mb_decode_body(const struct mb_base *base, struct span body, struct buf *out);

#endif
