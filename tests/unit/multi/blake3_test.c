/* blake3_test.c - BLAKE3 against its authors' vectors, whatever the pieces */
#include "multi/blake3.h"
#include "tests/unit/multi/table.h"

static uint8_t *input(size_t n)
{
	uint8_t *p = unit_kept(n + 1);
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = (uint8_t)(i % 251);
	return p;
}

/* the digest of n bytes given in pieces of `step` */
static void hash(const uint8_t *p, size_t n, size_t step, uint8_t *out, size_t len)
{
	struct blake3 b;
	size_t at;

	blake3_start(&b);
	for (at = 0; at < n; at += step)
		blake3_update(&b, span_of(p + at, n - at < step ? n - at : step));
	blake3_end(&b, out, len);
}

static void vectors(void)
{
	static const size_t steps[] = { SIZE_MAX / 2, 1, 63, 64, 1000, 1024, 1025, 8192, 70000 };
	size_t longest = 0, i;
	struct table t;

	NEED(table_open(&t, "blake3.tsv", '\t'));
	while (table_next(&t)) {
		size_t n = (size_t)atoll(t.field[0]);
		struct span want = unit_hex(t.field[1]);
		uint8_t out[131];

		NEED(want.len == sizeof out);
		for (i = 0; i < sizeof steps / sizeof *steps; i++) {
			hash(input(n), n, steps[i], out, sizeof out);
			CHECK(!memcmp(out, want.p, sizeof out));
			hash(input(n), n, steps[i], out, 32);
			CHECK(!memcmp(out, want.p, 32));
		}
		longest = n > longest ? n : longest;
	}
	CHECK(t.rows == 35 && longest == 102400);
}

/* around every number of chunks that makes another tree, vectors and plain code agree: pieces
 * of at most a chunk never reach the vectors */
static void lanes_and_plain(void)
{
	uint8_t *p = input(300 * 1024 + 1), a[32], b[32];
	size_t chunks, more;

	for (chunks = 0; chunks <= 300; chunks += chunks < 140 ? 1 : 13)
		for (more = 0; more < 2; more++) {
			size_t n = chunks * 1024 + more;

			hash(p, n, n + 1, a, 32);
			hash(p, n, 1024, b, 32);
			CHECK(!memcmp(a, b, 32));
		}
	hash(p, 300 * 1024 + 1, 100001, b, 32);
	hash(p, 300 * 1024 + 1, 1024, a, 32);
	CHECK(!memcmp(a, b, 32));
}

/* every width this machine has, lane by lane against one chunk at a time */
static void many(void)
{
	unsigned lanes = blake3_lanes(), i;
	const uint8_t *p = input(8 * 1024);
	uint32_t out[8][8];
	uint8_t root[32];

	CHECK(lanes == 1 || lanes == 4 || lanes == 8);
	if (lanes == 1)
		return;
	for (i = 0; i < lanes; i++) {	/* flags START, END | ROOT: each lane is a hash of its own */
		struct blake3_batch b = { p, 1024, 16, 0, 0, 0, 1, 2 | 8 };
		unsigned k;

		blake3_many(&b, out);
		hash(p + i * 1024, 1024, 1024, root, 32);
		for (k = 0; k < 32; k++)
			CHECK(root[k] == (uint8_t)(out[i][k / 4] >> (8 * (k % 4))));
	}
}

int main(void)
{
	RUN(vectors);
	RUN(lanes_and_plain);
	RUN(many);
	return UNIT_END();
}
