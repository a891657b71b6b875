/* crc32c_test.c - the Castagnoli checksum */
#include "base/crc32c.h"
#include "tests/unit/unit.h"

/* bit by bit, as the polynomial says */
static uint32_t slow(const uint8_t *p, size_t n)
{
	uint32_t c = 0xffffffff;
	int k;

	while (n--)
		for (c ^= *p++, k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0x82f63b78 : c >> 1;
	return ~c;
}

static void vectors(void)
{
	uint8_t b[32];
	int i;

	CHECK(crc32c(0, span_str("123456789")) == 0xe3069283);
	CHECK(crc32c(0, span_of(NULL, 0)) == 0);
	memset(b, 0, sizeof b);				/* RFC 3720 B.4 */
	CHECK(crc32c(0, span_of(b, 32)) == 0x8a9136aa);
	memset(b, 0xff, sizeof b);
	CHECK(crc32c(0, span_of(b, 32)) == 0x62a8ab43);
	for (i = 0; i < 32; i++)
		b[i] = (uint8_t)i;
	CHECK(crc32c(0, span_of(b, 32)) == 0x46dd794e);
	for (i = 0; i < 32; i++)
		b[i] = (uint8_t)(31 - i);
	CHECK(crc32c(0, span_of(b, 32)) == 0x113fdb5c);
}

static void pieces_and_alignment(void)
{
	uint8_t in[200];
	size_t n, at, i;

	for (i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)(i * 73 + 5);
	for (at = 0; at < 9; at++)
		for (n = 0; at + n <= sizeof in; n++) {
			uint32_t want = slow(in + at, n);

			CHECK(crc32c(0, span_of(in + at, n)) == want);
			CHECK(crc32c(crc32c(0, span_of(in + at, n / 3)),
				     span_of(in + at + n / 3, n - n / 3)) == want);
		}
}

int main(void)
{
	RUN(vectors);
	RUN(pieces_and_alignment);
	return UNIT_END();
}
