/*
 * rabin.c - cut where a Rabin fingerprint of 16 bytes ends in zero bits.
 * Polynomial, window and bounds are those of boxo chunker/rabin.go; the fingerprint is the one of
 * M. O. Rabin, "Fingerprinting by random polynomials", 1981.
 *
 * Sixteen bytes after its start a fingerprint depends on the last sixteen bytes only, so one can
 * start anywhere.  Four of them run side by side over four neighbouring stretches of the input:
 * each step of one waits for its own table look-up, and four waits overlap.
 */
#include <pthread.h>

#include "unixfs/chunk_priv.h"

static const uint64_t POLY = UINT64_C(17437180132763653);	/* degree 53 */

enum { DEGREE = 53, SHIFT = DEGREE - 8, LANES = 4, STRETCH = 1024 };

/* mod[b]: b x^53 reduced, with the bits that cancel b itself; out[b]: b x^128 reduced, what a byte
 * has become when the byte 16 places later has been taken in. */
static uint64_t mod[256], out[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint64_t reduce(uint64_t x)
{
	int bit;

	for (bit = 63; bit >= DEGREE; bit--)
		if (x >> bit & 1)
			x ^= POLY << (bit - DEGREE);
	return x;
}

static void build(void)
{
	uint64_t b, h;
	int i;

	for (b = 0; b < 256; b++) {
		/* in two halves, or the shift would drop bits */
		h = reduce((b >> 4) << DEGREE);
		h = reduce(h << 4) ^ reduce((b & 15) << DEGREE);
		mod[b] = h | b << DEGREE;
	}
	for (b = 0; b < 256; b++) {
		for (h = b, i = 0; i < RABIN_WINDOW; i++)
			h = h << 8 ^ mod[h >> SHIFT];
		out[b] = h;
	}
}

void rabin_setup(void)
{
	pthread_once(&once, build);
}

static inline uint64_t take(uint64_t digest, uint8_t b)
{
	return (digest << 8 | b) ^ mod[digest >> SHIFT];
}

static inline uint64_t slide(uint64_t digest, uint8_t in, uint8_t gone)
{
	return (digest << 8 | in) ^ mod[digest >> SHIFT] ^ out[gone];
}

/* the fingerprint of the 16 bytes that end before `end` */
static uint64_t start(const uint8_t *end)
{
	uint64_t digest = 0;
	int i;

	for (i = RABIN_WINDOW; i > 0; i--)
		digest = take(digest, end[-i]);
	return digest;
}

size_t rabin_cut(const struct cut *c, struct span window)
{
	const uint8_t *p = window.p, *in, *gone;
	size_t max = c->max < window.len ? c->max : window.len, i, k, lane;
	uint64_t d[LANES], mask = c->mask;
	unsigned hit;

	if (window.len <= c->min)
		return window.len;
	if ((start(p + c->min) & mask) == 0)
		return c->min;
	/* i: bytes taken; the fingerprint over the last 16 of them did not cut */
	for (i = c->min; max - i >= LANES * STRETCH; i += LANES * STRETCH) {
		for (lane = 0; lane < LANES; lane++)
			d[lane] = start(p + i + lane * STRETCH);
		/* lanes behind the first are looked at only if no earlier one has hit */
		for (k = 0, hit = 0; k < STRETCH && !hit; k++) {
			in = p + i + k;
			gone = in - RABIN_WINDOW;
			for (lane = 0; lane < LANES; lane++) {
				d[lane] = slide(d[lane], in[lane * STRETCH], gone[lane * STRETCH]);
				hit |= (unsigned)((d[lane] & mask) == 0) << lane;
			}
		}
		if (hit & 1)
			return i + k;
		if (hit)
			break;		/* some later place cuts: find the first one slowly */
	}
	for (d[0] = start(p + i); i < max; ) {
		d[0] = slide(d[0], p[i], p[i - RABIN_WINDOW]);
		i++;
		if ((d[0] & mask) == 0)
			break;
	}
	return i;
}
