/* keccak.c - the Keccak sponge */
#include "multi/keccak.h"

#define ROTL(x, n) ((x) << (n) | (x) >> (64 - (n)))

/* theta: a column and the two beside it */
#define COLUMN(x) (a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20])
#define THETA(x, left, right) do { \
	d = c[left] ^ ROTL(c[right], 1); \
	a[x] ^= d; a[x + 5] ^= d; a[x + 10] ^= d; a[x + 15] ^= d; a[x + 20] ^= d; } while (0)

/* rho and pi: the lane carried so far goes, turned, to the next place of the walk */
#define CARRY(lane, turn) do { d = a[lane]; a[lane] = ROTL(carry, turn); carry = d; } while (0)

#define CHI(y) do { \
	c[0] = a[y]; c[1] = a[y + 1]; \
	a[y] ^= ~a[y + 1] & a[y + 2]; a[y + 1] ^= ~a[y + 2] & a[y + 3]; \
	a[y + 2] ^= ~a[y + 3] & a[y + 4]; a[y + 3] ^= ~a[y + 4] & c[0]; \
	a[y + 4] ^= ~c[0] & c[1]; } while (0)

static void permute(uint64_t a[25])
{
	static const uint64_t iota[24] = {
		0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
		0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
		0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
		0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
		0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
		0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
	};
	uint64_t c[5], d, carry;
	int round;

	for (round = 0; round < 24; round++) {
		c[0] = COLUMN(0); c[1] = COLUMN(1); c[2] = COLUMN(2); c[3] = COLUMN(3);
		c[4] = COLUMN(4);
		THETA(0, 4, 1); THETA(1, 0, 2); THETA(2, 1, 3); THETA(3, 2, 4); THETA(4, 3, 0);
		carry = a[1];
		CARRY(10, 1); CARRY(7, 3); CARRY(11, 6); CARRY(17, 10); CARRY(18, 15);
		CARRY(3, 21); CARRY(5, 28); CARRY(16, 36); CARRY(8, 45); CARRY(21, 55);
		CARRY(24, 2); CARRY(4, 14); CARRY(15, 27); CARRY(23, 41); CARRY(19, 56);
		CARRY(13, 8); CARRY(12, 25); CARRY(2, 43); CARRY(20, 62); CARRY(14, 18);
		CARRY(22, 39); CARRY(9, 61); CARRY(6, 20); CARRY(1, 44);
		CHI(0); CHI(5); CHI(10); CHI(15); CHI(20);
		a[0] ^= iota[round];
	}
}

static uint64_t le64(const uint8_t *p)
{
	uint64_t v = 0;
	int i;

	for (i = 0; i < 8; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static void put(struct keccak *k, uint8_t byte)
{
	k->a[k->pos / 8] ^= (uint64_t)byte << (8 * (k->pos % 8));
	k->pos++;
}

void keccak_start(struct keccak *k, unsigned rate, uint8_t pad)
{
	*k = (struct keccak){ .rate = rate, .pad = pad };
}

void keccak_update(struct keccak *k, struct span s)
{
	while (s.len) {
		if (k->pos % 8 == 0 && s.len >= 8) {		/* rates are whole lanes */
			k->a[k->pos / 8] ^= le64(s.p);
			k->pos += 8;
			s.p += 8;
			s.len -= 8;
		} else {
			put(k, *s.p++);
			s.len--;
		}
		if (k->pos == k->rate) {
			permute(k->a);
			k->pos = 0;
		}
	}
}

void keccak_end(struct keccak *k, uint8_t *out, size_t len)
{
	size_t i;

	put(k, k->pad);
	k->pos = k->rate - 1;		/* perhaps the same byte again */
	put(k, 0x80);
	for (i = 0; i < len; i++) {
		if (k->pos == k->rate) {
			permute(k->a);
			k->pos = 0;
		}
		out[i] = (uint8_t)(k->a[k->pos / 8] >> (8 * (k->pos % 8)));
		k->pos++;
	}
}
