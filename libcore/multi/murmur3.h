/* murmur3.h - MurmurHash3 x64 128, seed 0, its first 64-bit word: the key hash of HAMT directories. */
#ifndef MULTI_MURMUR3_H
#define MULTI_MURMUR3_H

#include "base/span.h"

/* murmur3_x64_64 - h1; its most significant byte is the first byte of the big-endian digest. */
uint64_t murmur3_x64_64(struct span s);

#endif
