/*
 * blake3_lanes.h - one body for every width of vector; included by blake3_lanes.c with
 * LANES (4, 8), VEC (the vector type), TRANSPOSE, ROTATE and NAME defined.
 */

static void NAME(const struct blake3_batch *b, uint32_t out[][8])
{
	const VEC zero = { 0 };
	VEC h[8], v[16], m[16], low, high;
	unsigned n, i, k;

	for (k = 0; k < 8; k++)
		h[k] = zero + blake3_iv[k];
	for (i = 0; i < LANES; i++) {
		uint64_t counter = b->counter + (uint64_t)i * b->step;

		low[i] = (uint32_t)counter;
		high[i] = (uint32_t)(counter >> 32);
	}
	for (n = 0; n < b->blocks; n++) {
		uint32_t flags = b->flags | (n == 0 ? b->first : 0) |
				 (n == b->blocks - 1 ? b->last : 0);

		for (k = 0; k < 16; k += LANES) {	/* rows are lanes; columns become words */
			for (i = 0; i < LANES; i++)
				memcpy(&m[k + i], b->in + i * b->stride +
				       n * BLAKE3_BLOCK + 4 * k, sizeof(VEC));
			TRANSPOSE(&m[k]);
		}
		for (k = 0; k < 8; k++)
			v[k] = h[k];
		for (k = 0; k < 4; k++)
			v[8 + k] = zero + blake3_iv[k];
		v[12] = low;
		v[13] = high;
		v[14] = zero + BLAKE3_BLOCK;
		v[15] = zero + flags;
		BLAKE3_ROUNDS();
		for (k = 0; k < 8; k++)
			h[k] = v[k] ^ v[k + 8];
	}
	for (i = 0; i < LANES; i++)
		for (k = 0; k < 8; k++)
			out[i][k] = h[k][i];
}
