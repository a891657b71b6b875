#include "ops/dag_stash.h"
#include "../unit.h"

/* a record of `len` bytes that tells its number */
static struct span record(uint8_t *bytes, size_t len, unsigned n)
{
	memset(bytes, (int)(n & 0xff), len);
	if (len >= 4) {
		bytes[0] = (uint8_t)n;
		bytes[1] = (uint8_t)(n >> 8);
	}
	return span_of(bytes, len);
}

static void forward_from_any_place(void)
{
	struct buf out = BUF_INIT(SIZE_MAX);
	uint64_t place[100], at;
	struct stash s;
	uint8_t bytes[100];
	unsigned i;

	stash_init(&s, NULL);
	CHECK(stash_end(&s) == 0);
	for (i = 0; i < 100; i++) {
		place[i] = stash_end(&s);
		NEED(stash_add(&s, record(bytes, i, i)) == 0);
	}
	for (i = 0; i < 100; i += 7) {
		at = place[i];
		CHECK(stash_get(&s, &at, &out) == 0);
		CHECK(span_equal(buf_span(&out), record(bytes, i, i)));
		CHECK(at == (i < 99 ? place[i + 1] : stash_end(&s)));
	}
	CHECK(s.fd < 0);			/* small ones need no file */
	stash_clear(&s);
	buf_clear(&out);
}

static void more_than_memory(void)
{
	enum { N = 300, LEN = 40000 };
	static uint8_t bytes[LEN];
	struct buf out = BUF_INIT(SIZE_MAX);
	uint64_t at = 0;
	struct stash s;
	unsigned i;

	stash_init(&s, unit_tmpdir());
	for (i = 0; i < N; i++) {
		NEED(stash_add(&s, record(bytes, LEN, i)) == 0);
		CHECK(s.mem.len <= STASH_MEM);
	}
	CHECK(s.fd >= 0);
	for (i = 0; i < N; i++) {
		NEED(stash_get(&s, &at, &out) == 0);
		CHECK(span_equal(buf_span(&out), record(bytes, LEN, i)));
	}
	CHECK(at == stash_end(&s));
	stash_clear(&s);
	buf_clear(&out);
}

/* as a stack: grow, cut anywhere, grow again */
static void cut_and_grow(void)
{
	enum { LEN = 30000, STEP = LEN + 4 };
	static uint8_t bytes[LEN];
	struct buf out = BUF_INIT(SIZE_MAX);
	struct stash s;
	unsigned n = 0, cut, i, round;
	uint64_t at;

	stash_init(&s, unit_tmpdir());
	for (round = 0; round < 20; round++) {
		for (i = 0; i < 60; i++, n++)
			NEED(stash_add(&s, record(bytes, LEN, n)) == 0);
		cut = round * 29 % n;
		stash_cut(&s, (uint64_t)cut * STEP);
		n = cut;
		CHECK(stash_end(&s) == (uint64_t)n * STEP);
		for (i = n % 5; i < n; i += 5) {
			at = (uint64_t)i * STEP;
			NEED(stash_get(&s, &at, &out) == 0);
			CHECK(span_equal(buf_span(&out), record(bytes, LEN, i)));
		}
	}
	stash_cut(&s, 0);
	CHECK(stash_end(&s) == 0);
	stash_clear(&s);
	buf_clear(&out);
}

int main(void)
{
	RUN(forward_from_any_place);
	RUN(more_than_memory);
	RUN(cut_and_grow);
	return UNIT_END();
}
