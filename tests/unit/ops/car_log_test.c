#include "cartest.h"

/* few stay in memory, many go to a file; in both cases they come back in order */
static void many(size_t n)
{
	struct carblock b;
	struct cidlog l;
	struct cid cid;
	size_t i;

	cidlog_init(&l, NULL);
	for (i = 0; i < n; i++) {
		b = carleaf(i % 7, (unsigned)i);
		CHECK(cidlog_add(&l, &b.cid) == 0);
	}
	for (i = 0; i < n; i++) {
		NEED(cidlog_next(&l, &cid) == 1);
		b = carleaf(i % 7, (unsigned)i);
		CHECK(cid_equal(&cid, &b.cid));
	}
	CHECK(cidlog_next(&l, &cid) == 0);
	CHECK(cidlog_next(&l, &cid) == 0);
	cidlog_clear(&l);
}

static void in_memory(void)
{
	many(0);
	many(1);
	many(1000);
}

static void in_a_file(void)
{
	many(1725);			/* about where the tail is written out */
	many(20000);
}

static void all_lengths(void)
{
	uint8_t digest[MH_DIGEST_MAX] = { 1 };
	struct cidlog l;
	struct cid cid;
	size_t i, round;

	cidlog_init(&l, NULL);
	for (round = 0; round < 10; round++)
		for (i = 0; i <= MH_DIGEST_MAX; i++) {
			NEED(cid_make(&cid, 1, CID_RAW, MH_IDENTITY, span_of(digest, i)) == 0);
			NEED(cidlog_add(&l, &cid) == 0);
		}
	for (round = 0; round < 10; round++)
		for (i = 0; i <= MH_DIGEST_MAX; i++) {
			NEED(cidlog_next(&l, &cid) == 1);
			CHECK(cid_mh(&cid).len == i + (i > 127 ? 3 : 2));
		}
	CHECK(cidlog_next(&l, &cid) == 0);
	cidlog_clear(&l);
}

int main(void)
{
	RUN(in_memory);
	RUN(in_a_file);
	RUN(all_lengths);
	return UNIT_END();
}
