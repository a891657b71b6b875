/*
 * rd.h - read within bounds, remember the first failure.
 * A parser reads straight down and asks once, with rd_ok or rd_done, before it believes
 * anything.  After a failure every read returns 0 or an empty span.
 */
#ifndef BASE_RD_H
#define BASE_RD_H

#include "base/span.h"

struct rd {
	const uint8_t *p;
	size_t left;		/* bytes not read yet */
	const char *bad;	/* the first failure, static text; NULL while all is well */
};

static inline struct rd rd_from(struct span s) { return (struct rd){ s.p, s.len, NULL }; }
static inline int rd_ok(const struct rd *r) { return !r->bad; }
static inline int rd_done(const struct rd *r) { return !r->bad && r->left == 0; }

void rd_fail(struct rd *r, const char *why);	/* keeps an earlier failure */
uint8_t rd_u8(struct rd *r);
uint16_t rd_le16(struct rd *r);
uint32_t rd_le32(struct rd *r);
uint64_t rd_le64(struct rd *r);
uint32_t rd_be32(struct rd *r);
uint64_t rd_be64(struct rd *r);
struct span rd_bytes(struct rd *r, uint64_t len);
struct span rd_rest(struct rd *r);

/* rd_uvarint - multiformats/unsigned-varint: minimal, at most 9 bytes and 2^63-1. */
uint64_t rd_uvarint(struct rd *r);

/* rd_varint - protobuf varint: up to 10 bytes and 64 bits, non-minimal forms accepted. */
uint64_t rd_varint(struct rd *r);

#endif
