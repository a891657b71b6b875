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

/*
 * Four fingerprints side by side, over the four stretches of 4 * STRETCH bytes at p; the 16 bytes
 * before p are there.  Returns the steps taken; *hit says what the last one found: 0 no cut, 1 one in
 * the first lane, 2 in another only.
 * Written out, because compilers keep four variables in registers sooner than four elements.
 */
static size_t lanes(const uint8_t *p, uint64_t mask, unsigned *hit)
{
	const uint8_t *gone = p - RABIN_WINDOW;
	uint64_t a = start(p), b = start(p + STRETCH), c = start(p + 2 * STRETCH),
		 d = start(p + 3 * STRETCH);
	size_t k;

	for (k = 0; k < STRETCH; k++) {
		a = slide(a, p[k], gone[k]);
		b = slide(b, p[k + STRETCH], gone[k + STRETCH]);
		c = slide(c, p[k + 2 * STRETCH], gone[k + 2 * STRETCH]);
		d = slide(d, p[k + 3 * STRETCH], gone[k + 3 * STRETCH]);
		if (!(a & mask) || !(b & mask) || !(c & mask) || !(d & mask)) {
			*hit = (a & mask) ? 2 : 1;
			return k + 1;
		}
	}
	*hit = 0;
	return k;
}

size_t rabin_cut(const struct cut *c, struct span window)
{
	const uint8_t *p = window.p;
	size_t max = c->max < window.len ? c->max : window.len, i, k;
	uint64_t d;
	unsigned hit = 0;

	if (window.len <= c->min)
		return window.len;
	if ((start(p + c->min) & c->mask) == 0)
		return c->min;
	/* i: bytes taken; the fingerprint over the last 16 of them did not cut */
	for (i = c->min; max - i >= LANES * STRETCH; i += LANES * STRETCH) {
		k = lanes(p + i, c->mask, &hit);
		if (hit == 1)
			return i + k;	/* in the first stretch: nothing can be before it */
		if (hit)
			break;		/* further on: find the first one slowly */
	}
	for (d = start(p + i); i < max; ) {
		d = slide(d, p[i], p[i - RABIN_WINDOW]);
		i++;
		if ((d & c->mask) == 0)
			break;
	}
	return i;
}
