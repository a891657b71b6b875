/*
 * keccak.h - the Keccak sponge with the paddings nettle lacks: shake and the first keccak.
 * Spec: FIPS 202 section 4 (sponge) and 6.2 (shake); the Keccak submission, 2011, for pad 01.
 */
#ifndef MULTI_KECCAK_H
#define MULTI_KECCAK_H

#include "base/span.h"

struct keccak {
	uint64_t a[25];
	unsigned rate, pos;	/* bytes */
	uint8_t pad;
};

void keccak_start(struct keccak *k, unsigned rate, uint8_t pad);
void keccak_update(struct keccak *k, struct span s);
void keccak_end(struct keccak *k, uint8_t *out, size_t len);	/* any length (XOF) */

#endif
