/*
 * uvarint.h - unsigned varints (multiformats/unsigned-varint): minimal, at most 9 bytes.
 * Reading is rd_uvarint of base/rd.h, writing buf_varint of base/buf.h; this is the third form,
 * into fixed storage.
 */
#ifndef MULTI_UVARINT_H
#define MULTI_UVARINT_H

#include "base/span.h"

enum { UVARINT_MAX = 9 };		/* bytes */

/* uvarint_put - at most UVARINT_MAX bytes at p for v < 2^63; returns their number. */
static inline size_t uvarint_put(uint8_t *p, uint64_t v)
{
	size_t n = 0;

	while (v >= 0x80) {
		p[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	p[n++] = (uint8_t)v;
	return n;
}

#endif
