/* blake3_lanes.c - BLAKE3 compressions side by side, in the widest vectors the processor has */
#include "multi/blake3.h"
#include "multi/blake3_round.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && defined(__SSE2__) || defined(__ARM_NEON)

#define SHUFFLE __builtin_shufflevector

typedef uint32_t vec4 __attribute__((vector_size(16)));

static inline void transpose4(vec4 *m)
{
	vec4 a = SHUFFLE(m[0], m[1], 0, 4, 1, 5), b = SHUFFLE(m[0], m[1], 2, 6, 3, 7);
	vec4 c = SHUFFLE(m[2], m[3], 0, 4, 1, 5), d = SHUFFLE(m[2], m[3], 2, 6, 3, 7);

	m[0] = SHUFFLE(a, c, 0, 1, 4, 5);
	m[1] = SHUFFLE(a, c, 2, 3, 6, 7);
	m[2] = SHUFFLE(b, d, 0, 1, 4, 5);
	m[3] = SHUFFLE(b, d, 2, 3, 6, 7);
}

#define LANES 4
#define VEC vec4
#define NAME many4
#define TRANSPOSE transpose4
#define ROTATE(x, n) ((x) >> (n) | (x) << (32 - (n)))
#include "multi/blake3_lanes.h"
#undef LANES
#undef VEC
#undef NAME
#undef TRANSPOSE
#undef ROTATE

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

typedef uint32_t vec8 __attribute__((vector_size(32)));

static inline void transpose8(vec8 *m)
{
	vec8 t[8], u[8];
	int i;

	for (i = 0; i < 8; i += 2) {
		t[i] = SHUFFLE(m[i], m[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
		t[i + 1] = SHUFFLE(m[i], m[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
	}
	for (i = 0; i < 8; i += 4) {
		u[i] = SHUFFLE(t[i], t[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
		u[i + 1] = SHUFFLE(t[i], t[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
		u[i + 2] = SHUFFLE(t[i + 1], t[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
		u[i + 3] = SHUFFLE(t[i + 1], t[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
	}
	for (i = 0; i < 4; i++) {
		m[i] = SHUFFLE(u[i], u[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
		m[i + 4] = SHUFFLE(u[i], u[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
	}
}

/* a rotation by whole bytes is one shuffle */
static inline vec8 rotate8(vec8 x, int n)
{
	const __m256i by16 = _mm256_set_epi8(13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2,
					     13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2);
	const __m256i by8 = _mm256_set_epi8(12, 15, 14, 13, 8, 11, 10, 9, 4, 7, 6, 5, 0, 3, 2, 1,
					    12, 15, 14, 13, 8, 11, 10, 9, 4, 7, 6, 5, 0, 3, 2, 1);

	if (n == 16)
		return (vec8)_mm256_shuffle_epi8((__m256i)x, by16);
	if (n == 8)
		return (vec8)_mm256_shuffle_epi8((__m256i)x, by8);
	return x >> n | x << (32 - n);
}

#define LANES 8
#define VEC vec8
#define NAME many8
#define TRANSPOSE transpose8
#define ROTATE rotate8
#include "multi/blake3_lanes.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

unsigned blake3_lanes(void)
{
	return __builtin_cpu_supports("avx2") ? 8 : 4;
}

void blake3_many(const struct blake3_batch *b, uint32_t out[][8])
{
	if (__builtin_cpu_supports("avx2"))
		many8(b, out);
	else
		many4(b, out);
}

#else
unsigned blake3_lanes(void)
{
	return 4;
}

void blake3_many(const struct blake3_batch *b, uint32_t out[][8])
{
	many4(b, out);
}
#endif

#else	/* no vectors we know: blake3.c hashes chunk after chunk */

unsigned blake3_lanes(void)
{
	return 1;
}

void blake3_many(const struct blake3_batch *b, uint32_t out[][8])
{
	(void)b;
	(void)out;
}
#endif
