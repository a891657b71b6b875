/* blake3.c - the BLAKE3 hash: chunks, the tree over them, and the root */
#include "multi/blake3.h"
#include "multi/blake3_round.h"

enum { CHUNK_START = 1, CHUNK_END = 2, PARENT = 4, ROOT = 8 };

/* As many chunks are hashed together at most; a power of two.  More lanes stay busy in the
 * tree above them the larger it is; their chaining values live on the stack. */
enum { BATCH = 64 };

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

#define ROTATE(x, n) ((x) >> (n) | (x) << (32 - (n)))

/* One compression; out receives all 16 words (the first 8 are the chaining value). */
static void compress(const uint32_t cv[8], const uint8_t block[BLAKE3_BLOCK], uint64_t counter,
		     uint32_t len, uint32_t flags, uint32_t out[16])
{
	uint32_t v[16], m[16];
	int i;

	for (i = 0; i < 16; i++)
		m[i] = le32(block + 4 * i);
	for (i = 0; i < 8; i++)
		v[i] = cv[i];
	for (i = 0; i < 4; i++)
		v[8 + i] = blake3_iv[i];
	v[12] = (uint32_t)counter;
	v[13] = (uint32_t)(counter >> 32);
	v[14] = len;
	v[15] = flags;
	BLAKE3_ROUNDS();
	for (i = 0; i < 8; i++) {
		out[i] = v[i] ^ v[i + 8];
		out[i + 8] = v[i + 8] ^ cv[i];
	}
}

static void parent_block(const uint32_t left[8], const uint32_t right[8],
			 uint8_t block[BLAKE3_BLOCK])
{
	int i, k;

	for (i = 0; i < 8; i++)
		for (k = 0; k < 4; k++) {
			block[4 * i + k] = (uint8_t)(left[i] >> (8 * k));
			block[32 + 4 * i + k] = (uint8_t)(right[i] >> (8 * k));
		}
}

static void parent(const uint32_t left[8], const uint32_t right[8], uint32_t cv[8])
{
	uint8_t block[BLAKE3_BLOCK];
	uint32_t out[16];

	parent_block(left, right, block);
	compress(blake3_iv, block, 0, BLAKE3_BLOCK, PARENT, out);
	memcpy(cv, out, 8 * sizeof *out);
}

/* The chaining value of one whole chunk. */
static void chunk_cv(const uint8_t *p, uint64_t counter, uint32_t cv[8])
{
	uint32_t out[16];
	unsigned n;

	memcpy(out, blake3_iv, sizeof blake3_iv);
	for (n = 0; n < BLAKE3_CHUNK / BLAKE3_BLOCK; n++) {
		uint32_t from[8], flags = n == 0 ? CHUNK_START : 0;

		if (n == BLAKE3_CHUNK / BLAKE3_BLOCK - 1)
			flags |= CHUNK_END;
		memcpy(from, out, sizeof from);
		compress(from, p + n * BLAKE3_BLOCK, counter, BLAKE3_BLOCK, flags, out);
	}
	memcpy(cv, out, 8 * sizeof *out);
}

/* The chaining value of a full subtree of n chunks, n a power of two up to BATCH. */
static void subtree(const uint8_t *p, size_t n, uint64_t counter, uint32_t cv[8])
{
	uint32_t cvs[BATCH][8];		/* little-endian where there are lanes: they read it */
	size_t i = 0, lanes = blake3_lanes();

	for (; lanes > 1 && n - i >= lanes; i += lanes) {
		struct blake3_batch b = { p + i * BLAKE3_CHUNK, BLAKE3_CHUNK,
					  BLAKE3_CHUNK / BLAKE3_BLOCK, counter + i, 1, 0,
					  CHUNK_START, CHUNK_END };

		blake3_many(&b, cvs + i);
	}
	for (; i < n; i++)
		chunk_cv(p + i * BLAKE3_CHUNK, counter + i, cvs[i]);
	while ((n /= 2) > 0) {
		for (i = 0; lanes > 1 && n - i >= lanes; i += lanes) {
			struct blake3_batch b = { (const uint8_t *)cvs[2 * i], BLAKE3_BLOCK, 1, 0, 0,
						  PARENT, 0, 0 };

			blake3_many(&b, cvs + i);
		}
		for (; i < n; i++)
			parent(cvs[2 * i], cvs[2 * i + 1], cvs[i]);
	}
	memcpy(cv, cvs[0], sizeof cvs[0]);
}

/* Put a full subtree of n chunks, which begins at chunk b->chunk, on the stack.  More input
 * follows, so none of the parents made here is the root. */
static void push(struct blake3 *b, const uint32_t cv[8], size_t n)
{
	uint64_t total;

	memcpy(b->stack[b->depth++], cv, sizeof b->stack[0]);
	b->chunk += n;
	for (total = b->chunk / n; total % 2 == 0; total /= 2) {
		b->depth--;
		parent(b->stack[b->depth - 1], b->stack[b->depth], b->stack[b->depth - 1]);
	}
}

static void chunk_begin(struct blake3 *b)
{
	memcpy(b->cv, blake3_iv, sizeof b->cv);
	b->have = b->blocks = 0;
}

/* flags of the block being filled */
static uint32_t chunk_flags(const struct blake3 *b)
{
	return b->blocks == 0 ? CHUNK_START : 0;
}

/* Into the chunk being filled; a full block is compressed only when more of it follows, as it
 * might be the last. */
static void chunk_update(struct blake3 *b, const uint8_t *p, size_t len)
{
	uint32_t out[16];

	while (len) {
		size_t n = BLAKE3_BLOCK - b->have;

		if (n == 0) {
			compress(b->cv, b->block, b->chunk, BLAKE3_BLOCK, chunk_flags(b), out);
			memcpy(b->cv, out, sizeof b->cv);
			b->blocks++;
			b->have = 0;
			continue;
		}
		n = n < len ? n : len;
		memcpy(b->block + b->have, p, n);
		b->have = (uint8_t)(b->have + n);
		p += n;
		len -= n;
	}
}

static size_t chunk_have(const struct blake3 *b)
{
	return (size_t)b->blocks * BLAKE3_BLOCK + b->have;
}

void blake3_start(struct blake3 *b)
{
	b->chunk = 0;
	b->depth = 0;
	chunk_begin(b);
}

void blake3_update(struct blake3 *b, struct span s)
{
	uint32_t out[16];

	while (s.len) {
		size_t have = chunk_have(b), n = 1;

		if (have == BLAKE3_CHUNK) {		/* full, and not the last */
			compress(b->cv, b->block, b->chunk, BLAKE3_BLOCK,
				 chunk_flags(b) | CHUNK_END, out);
			push(b, out, 1);
			chunk_begin(b);
			continue;
		}
		if (have == 0 && s.len > BLAKE3_CHUNK) {	/* as large a subtree as fits here */
			while (n < BATCH && b->chunk % (2 * n) == 0 &&
			       s.len > 2 * n * BLAKE3_CHUNK)
				n *= 2;
			subtree(s.p, n, b->chunk, out);
			push(b, out, n);
			n *= BLAKE3_CHUNK;
		} else {
			n = BLAKE3_CHUNK - have;
			n = n < s.len ? n : s.len;
			chunk_update(b, s.p, n);
		}
		s.p += n;
		s.len -= n;
	}
}

void blake3_end(const struct blake3 *b, uint8_t *out, size_t len)
{
	uint8_t block[BLAKE3_BLOCK] = { 0 };
	uint32_t cv[8], w[16], flags = chunk_flags(b) | CHUNK_END, size = b->have;
	uint64_t counter = b->chunk;
	unsigned depth = b->depth;
	size_t i;

	memcpy(cv, b->cv, sizeof cv);
	memcpy(block, b->block, b->have);
	while (depth > 0) {			/* the last node of every level, upwards */
		compress(cv, block, counter, size, flags, w);
		parent_block(b->stack[--depth], w, block);
		memcpy(cv, blake3_iv, sizeof cv);
		counter = 0;
		size = BLAKE3_BLOCK;
		flags = PARENT;
	}
	for (i = 0; i < len; i++) {
		if (i % BLAKE3_BLOCK == 0)
			compress(cv, block, i / BLAKE3_BLOCK, size, flags | ROOT, w);
		out[i] = (uint8_t)(w[i % BLAKE3_BLOCK / 4] >> (8 * (i % 4)));
	}
}
