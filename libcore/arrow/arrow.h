/*
 * arrow.h - write Apache Arrow IPC streams: the messages around columns of bytes.
 * Nothing here knows where the bytes of a column come from; who calls puts them behind the message.
 * Spec: apache/arrow docs/source/format/Columnar.rst "IPC Streaming Format", format/Message.fbs, format/Schema.fbs;
 * the house's reference, ipld 21.
 */
#ifndef ARROW_ARROW_H
#define ARROW_ARROW_H

#include "base/buf.h"

enum arrow_type {			/* as Schema.fbs numbers them */
	ARROW_NULL = 1, ARROW_INT = 2, ARROW_FLOAT = 3, ARROW_BINARY = 4, ARROW_UTF8 = 5, ARROW_BOOL = 6,
	ARROW_DATE = 8, ARROW_TIMESTAMP = 10, ARROW_LIST = 12, ARROW_STRUCT = 13, ARROW_FIXED_BINARY = 15,
	ARROW_FIXED_LIST = 16, ARROW_LARGE_BINARY = 19, ARROW_LARGE_UTF8 = 20, ARROW_LARGE_LIST = 21
};
struct arrow_pair { struct span key, value; };	/* custom_metadata */

struct arrow_field {
	struct span name;
	int nullable;
	enum arrow_type type;
	int bits;			/* ARROW_INT: 8 … 64; ARROW_FLOAT: 16, 32, 64 */
	int is_signed;			/* ARROW_INT */
	int64_t size;			/* bytes of ARROW_FIXED_BINARY, items of ARROW_FIXED_LIST (fits 31 bits) */
	int unit;			/* ARROW_DATE 0 days, 1 ms; ARROW_TIMESTAMP 0 s, 1 ms, 2 µs, 3 ns */
	struct span zone;		/* ARROW_TIMESTAMP; empty: none */
	const struct arrow_field *child;
	size_t n_children;
	const struct arrow_pair *pair;
	size_t n_pairs;
};
struct arrow_node { uint64_t length, nulls; };		/* of a column, pre-order */
struct arrow_buffer { uint64_t off, len; };		/* of the body; off a multiple of 8 */

enum { ARROW_ALIGN = 64 };		/* what we align buffers to */

/* Append whole messages, padded.  ERR_LIMIT: over 2^31 - 1 bytes of metadata, or out->max. */
int arrow_schema(struct buf *out, const struct arrow_field *field, size_t n_fields, const struct arrow_pair *pair,
		 size_t n_pairs);
/* arrow_batch - what stands before a body of body_len bytes (a multiple of 8). */
int arrow_batch(struct buf *out, uint64_t rows, const struct arrow_node *node, size_t n_nodes,
		const struct arrow_buffer *buffer, size_t n_buffers, uint64_t body_len);
int arrow_end(struct buf *out);		/* the end of the stream */

#endif
