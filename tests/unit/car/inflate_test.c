#include "car/car.h"
#include "../unit.h"

/* zlib of "blob 6\0hello\n" as git packs it */
static const char loose[] = "78014bcac94f523063c848cdc9c9e702001dc50414";

/* zlib, the stored form of "ab" */
static const char stored[] = "7801010200fdff6162012600c4";

static void whole_streams(void)
{
	struct buf out = BUF_INIT(64);

	CHECK(car_inflate(unit_hex(stored), &out) == 0);
	CHECK(span_equal(buf_span(&out), span_str("ab")));
	CHECK(car_inflate(unit_hex(stored), &out) == 0);		/* appends */
	CHECK(span_equal(buf_span(&out), span_str("abab")));
	buf_reset(&out);
	CHECK(car_inflate(unit_hex(loose), &out) == 0);
	CHECK(span_equal(buf_span(&out), span_of("blob 6\0hello\n", 13)));
	buf_clear(&out);
}

static void a_limit_is_exact(void)
{
	struct buf fits = BUF_INIT(2), less = BUF_INIT(1);

	CHECK(car_inflate(unit_hex(stored), &fits) == 0 && fits.len == 2);
	CHECK_ERR(car_inflate(unit_hex(stored), &less), ERR_LIMIT);
	CHECK(less.len == 0);
	buf_clear(&fits);
	buf_clear(&less);
}

static void every_cut_and_every_flip_is_seen(void)
{
	struct span good = unit_hex(stored);
	uint8_t bad[64];
	size_t i;

	for (i = 0; i < good.len; i++) {
		struct buf out = BUF_INIT(1000);

		CHECK_ERR(car_inflate(span_of(good.p, i), &out), ERR_INVALID);
		memcpy(bad, good.p, good.len);
		bad[i] ^= 0xff;
		CHECK_ERR(car_inflate(span_of(bad, good.len), &out), ERR_INVALID);
		CHECK(out.len == 0);
		buf_clear(&out);
	}
	memcpy(bad, good.p, good.len);
	bad[good.len] = 0;
	{
		struct buf out = BUF_INIT(1000);

		CHECK_ERR(car_inflate(span_of(bad, good.len + 1), &out), ERR_INVALID);
		buf_clear(&out);
	}
}

int main(void)
{
	RUN(whole_streams);
	RUN(a_limit_is_exact);
	RUN(every_cut_and_every_flip_is_seen);
	return UNIT_END();
}
