/* murmur3.c - MurmurHash3 x64 128, seed 0 (public domain algorithm of Austin Appleby) */
#include "multi/murmur3.h"
#include "multi/murmur3_priv.h"

#define C1 0x87c37b91114253d5ULL
#define C2 0x4cf5ad432745937fULL

static uint64_t rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static uint64_t le64(const uint8_t *p)
{
	uint64_t v = 0;
	int i;

	for (i = 0; i < 8; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static uint64_t mix1(uint64_t k) { return rotl(k * C1, 31) * C2; }
static uint64_t mix2(uint64_t k) { return rotl(k * C2, 33) * C1; }

static uint64_t avalanche(uint64_t k)
{
	k ^= k >> 33;
	k *= 0xff51afd7ed558ccdULL;
	k ^= k >> 33;
	k *= 0xc4ceb9fe1a85ec53ULL;
	return k ^ k >> 33;
}

static void block(struct murmur3 *m, const uint8_t *p)
{
	m->h1 = (rotl(m->h1 ^ mix1(le64(p)), 27) + m->h2) * 5 + 0x52dce729;
	m->h2 = (rotl(m->h2 ^ mix2(le64(p + 8)), 31) + m->h1) * 5 + 0x38495ab5;
}

void murmur3_start(struct murmur3 *m)
{
	*m = (struct murmur3){ 0 };
}

void murmur3_update(struct murmur3 *m, struct span s)
{
	size_t have = m->len % 16, take = 16 - have;

	m->len += s.len;
	if (have && s.len >= take) {
		memcpy(m->tail + have, s.p, take);
		block(m, m->tail);
		s.p += take;
		s.len -= take;
		have = 0;
	}
	for (; s.len >= 16; s.p += 16, s.len -= 16)
		block(m, s.p);
	if (s.len)
		memcpy(m->tail + have, s.p, s.len);
}

uint64_t murmur3_end(const struct murmur3 *m)
{
	size_t have = m->len % 16;
	uint64_t h1 = m->h1, h2 = m->h2;
	uint8_t w[16] = { 0 };

	memcpy(w, m->tail, have);
	h2 ^= mix2(le64(w + 8));	/* both are 0 where there are no bytes */
	h1 ^= mix1(le64(w));
	h1 ^= m->len;
	h2 ^= m->len;
	h1 += h2;
	h2 += h1;
	h1 = avalanche(h1);
	h2 = avalanche(h2);
	return h1 + h2;
}

uint64_t murmur3_x64_64(struct span s)
{
	struct murmur3 m;

	murmur3_start(&m);
	murmur3_update(&m, s);
	return murmur3_end(&m);
}
