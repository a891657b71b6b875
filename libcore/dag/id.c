/*
 * id.c - short names for CIDs, for sets.
 * SipHash-2-4 with 128 bits of output (Aumasson, Bernstein: "SipHash: a fast short-input PRF").
 */
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/random.h>

#include "dag_priv.h"

static uint64_t key[2];
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void key_draw(void)
{
	const void *start = (const void *)(uintptr_t)getauxval(AT_RANDOM);

	if (getrandom(key, sizeof key, 0) == (ssize_t)sizeof key)
		return;
	if (start)		/* what the kernel drew when the program began */
		memcpy(key, start, sizeof key);
}

static uint64_t rotl(uint64_t v, int n)
{
	return v << n | v >> (64 - n);
}

static void rounds(uint64_t v[4], int n)
{
	while (n--) {
		v[0] += v[1];
		v[1] = rotl(v[1], 13) ^ v[0];
		v[0] = rotl(v[0], 32);
		v[2] += v[3];
		v[3] = rotl(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotl(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotl(v[1], 17) ^ v[2];
		v[2] = rotl(v[2], 32);
	}
}

static uint64_t le64(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static void put64(uint8_t *p, uint64_t v)
{
	int i;

	for (i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

void dag_keyed(struct span bytes, uint8_t id[16])
{
	const uint8_t *p = bytes.p;
	size_t left = bytes.len;
	uint64_t v[4], m;

	pthread_once(&key_once, key_draw);
	v[0] = key[0] ^ 0x736f6d6570736575u;
	v[1] = key[1] ^ 0x646f72616e646f6du ^ 0xee;
	v[2] = key[0] ^ 0x6c7967656e657261u;
	v[3] = key[1] ^ 0x7465646279746573u;
	for (; left >= 8; p += 8, left -= 8) {
		m = le64(p, 8);
		v[3] ^= m;
		rounds(v, 2);
		v[0] ^= m;
	}
	m = le64(p, left) | (uint64_t)bytes.len << 56;
	v[3] ^= m;
	rounds(v, 2);
	v[0] ^= m;
	v[2] ^= 0xee;
	rounds(v, 4);
	put64(id, v[0] ^ v[1] ^ v[2] ^ v[3]);
	v[1] ^= 0xdd;
	rounds(v, 4);
	put64(id + 8, v[0] ^ v[1] ^ v[2] ^ v[3]);
}

void dag_id(const struct cid *cid, uint8_t id[16])
{
	dag_keyed(cid_span(cid), id);
}
