/*
 * blake3.h - the BLAKE3 hash (unkeyed), in pieces of any size and bounded memory.
 * Spec: BLAKE3 paper, section 2 "Specification" (O'Connor, Aumasson, Neves, Wilcox-O'Hearn).
 */
#ifndef MULTI_BLAKE3_H
#define MULTI_BLAKE3_H

#include "base/span.h"

enum { BLAKE3_CHUNK = 1024, BLAKE3_BLOCK = 64, BLAKE3_DEPTH = 54 };	/* bytes; 2^64 bytes */

struct blake3 {
	uint64_t chunk;			/* number of the chunk being filled */
	uint32_t cv[8];			/* its chaining value so far */
	uint8_t block[BLAKE3_BLOCK];	/* its block being filled */
	uint8_t have, blocks;		/* bytes of that block; blocks compressed before it */
	uint8_t depth;			/* of the stack: complete subtrees, largest first */
	uint32_t stack[BLAKE3_DEPTH][8];
};

void blake3_start(struct blake3 *b);
void blake3_update(struct blake3 *b, struct span s);
void blake3_end(const struct blake3 *b, uint8_t *out, size_t len);	/* any length (XOF) */

/*
 * Compress several independent inputs at once, one in each lane.
 * Lane i reads `blocks` blocks from in + i * stride and starts from the IV.  The flags of the
 * first and last block are added to `flags`.  The counter of lane i is counter + i * step.
 */
struct blake3_batch {
	const uint8_t *in;
	size_t stride;			/* bytes */
	unsigned blocks;
	uint64_t counter;
	unsigned step;
	uint32_t flags, first, last;
};

/* blake3_lanes - lanes this processor runs at once (1: use the plain code); _many fills
 * out[lanes]. */
unsigned blake3_lanes(void);
void blake3_many(const struct blake3_batch *b, uint32_t out[][8]);

#endif
