/*
 * blake3_round.h - the initial value and the seven rounds of BLAKE3, over words or vectors of
 * words: v[16] is the state, m[16] the message, ROTATE(x, n) turns right.
 */
#ifndef MULTI_BLAKE3_ROUND_H
#define MULTI_BLAKE3_ROUND_H

#include <stdint.h>

static const uint32_t blake3_iv[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
				       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

#define BLAKE3_G(a, b, c, d, x, y) do { \
	v[a] += v[b] + m[x]; v[d] = ROTATE(v[d] ^ v[a], 16); \
	v[c] += v[d];        v[b] = ROTATE(v[b] ^ v[c], 12); \
	v[a] += v[b] + m[y]; v[d] = ROTATE(v[d] ^ v[a], 8); \
	v[c] += v[d];        v[b] = ROTATE(v[b] ^ v[c], 7); } while (0)
#define BLAKE3_ROUND(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, sa, sb, sc, sd, se, sf) do { \
	BLAKE3_G(0, 4, 8, 12, s0, s1); \
	BLAKE3_G(1, 5, 9, 13, s2, s3); \
	BLAKE3_G(2, 6, 10, 14, s4, s5); \
	BLAKE3_G(3, 7, 11, 15, s6, s7); \
	BLAKE3_G(0, 5, 10, 15, s8, s9); \
	BLAKE3_G(1, 6, 11, 12, sa, sb); \
	BLAKE3_G(2, 7, 8, 13, sc, sd); \
	BLAKE3_G(3, 4, 9, 14, se, sf); } while (0)
#define BLAKE3_ROUNDS() do { \
	BLAKE3_ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); \
	BLAKE3_ROUND(2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8); \
	BLAKE3_ROUND(3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1); \
	BLAKE3_ROUND(10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6); \
	BLAKE3_ROUND(12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4); \
	BLAKE3_ROUND(9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7); \
	BLAKE3_ROUND(11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13); } while (0)

#endif
