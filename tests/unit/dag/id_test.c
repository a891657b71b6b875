#include "../memdag.h"

static void ids_tell_cids_apart(void)
{
	struct cid a, b, v0;
	uint8_t x[16], y[16];
	struct span s = span_str("x");

	NEED(cid_sum(&a, 1, CID_DAG_PB, MH_SHA2_256, &s, 1) == 0);
	NEED(cid_sum(&v0, 0, CID_DAG_PB, MH_SHA2_256, &s, 1) == 0);
	NEED(cid_sum(&b, 1, CID_RAW, MH_SHA2_256, &s, 1) == 0);
	dag_id(&a, x);
	dag_id(&a, y);
	CHECK(!memcmp(x, y, 16));
	dag_id(&b, y);
	CHECK(memcmp(x, y, 16));
	dag_id(&v0, y);
	CHECK(memcmp(x, y, 16));
}

/* every length from the smallest CID on, so that the last, partial word is met in every form */
static void every_byte_counts(void)
{
	uint8_t digest[64] = { 0 }, x[16], y[16];
	struct cid cid;
	size_t n, i;

	for (n = 0; n <= 40; n++) {
		NEED(cid_make(&cid, 1, CID_RAW, MH_IDENTITY, span_of(digest, n)) == 0);
		dag_id(&cid, x);
		for (i = 0; i < n; i++) {
			digest[i] = 1;
			NEED(cid_make(&cid, 1, CID_RAW, MH_IDENTITY, span_of(digest, n)) == 0);
			dag_id(&cid, y);
			CHECK(memcmp(x, y, 16));
			digest[i] = 0;
		}
	}
}

int main(void)
{
	RUN(ids_tell_cids_apart);
	RUN(every_byte_counts);
	return UNIT_END();
}
