/* murmur3_test.c - the key hash of HAMT directories */
#include "multi/murmur3.h"
#include "multi/murmur3_priv.h"
#include "tests/unit/unit.h"

static void vectors(void)
{
	CHECK(murmur3_x64_64(span_of(NULL, 0)) == 0);
	CHECK(murmur3_x64_64(span_str("a")) == 0x85555565f6597889u);
	CHECK(murmur3_x64_64(span_str("foo")) == 0xe271865701f54561u);
	CHECK(murmur3_x64_64(span_str("hello world")) == 0x533f6046eb7f610eu);
	CHECK(murmur3_x64_64(span_str("index.html")) == 0xa06d7ec87879381du);
	CHECK(murmur3_x64_64(span_str("The quick brown fox jumps over the lazy dog")) ==
	      0xe34bbc7bbc071b6cu);
}

/* pieces of every size give what one call gives, at every length around the blocks of 16 */
static void pieces(void)
{
	uint8_t in[100];
	size_t n, step, at;

	for (n = 0; n < sizeof in; n++)
		in[n] = (uint8_t)(n * 37);
	for (n = 0; n <= sizeof in; n++)
		for (step = 1; step <= 40; step++) {
			struct murmur3 m;

			murmur3_start(&m);
			for (at = 0; at < n; at += step)
				murmur3_update(&m, span_of(in + at, n - at < step ? n - at : step));
			CHECK(murmur3_end(&m) == murmur3_x64_64(span_of(in, n)));
		}
}

int main(void)
{
	RUN(vectors);
	RUN(pieces);
	return UNIT_END();
}
