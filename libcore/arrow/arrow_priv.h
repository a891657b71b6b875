/*
 * arrow_priv.h - FlatBuffers, written front to back: an object is placed, then what it points at.
 * Positions count from the start of the buffer; the first failure stays, and everything after it does nothing.
 * Spec: google/flatbuffers, docs/source/internals.md.
 */
#ifndef ARROW_ARROW_PRIV_H
#define ARROW_ARROW_PRIV_H

#include "base/buf.h"

struct flat {
	struct buf *out;
	size_t start;		/* of the buffer, in out */
	int rc;			/* the first failure */
};

/* a table: where its fields are, from its start; 0: absent */
struct flat_table {
	unsigned size;		/* bytes of it, a multiple of 4 */
	int wide;		/* 1: begins with a field of 8 bytes, at 4 */
	unsigned n_slots;
	uint8_t slot[8];
};

void flat_begin(struct flat *f, struct buf *out);
int flat_end(struct flat *f);			/* pads to 8 */

/* Each places something at the end and returns where; what is in it is 0 at first. */
size_t flat_table(struct flat *f, const struct flat_table *t);
size_t flat_string(struct flat *f, struct span text);
size_t flat_vector(struct flat *f, size_t n);			/* of references */
size_t flat_vector_wide(struct flat *f, size_t n, size_t size);	/* of structs that hold 64-bit numbers */

/* fill in a field */
void flat_set8(struct flat *f, size_t at, unsigned v);
void flat_set16(struct flat *f, size_t at, unsigned v);
void flat_set32(struct flat *f, size_t at, uint32_t v);
void flat_set64(struct flat *f, size_t at, uint64_t v);
void flat_refer(struct flat *f, size_t at, size_t target);

#endif
