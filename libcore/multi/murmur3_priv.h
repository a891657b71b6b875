/* murmur3_priv.h - the same hash in pieces, for mh_ctx */
#ifndef MULTI_MURMUR3_PRIV_H
#define MULTI_MURMUR3_PRIV_H

#include "base/span.h"

struct murmur3 {
	uint64_t h1, h2, len;
	uint8_t tail[16];	/* the last len % 16 bytes */
};

void murmur3_start(struct murmur3 *m);
void murmur3_update(struct murmur3 *m, struct span s);
uint64_t murmur3_end(const struct murmur3 *m);	/* h1 */

#endif
