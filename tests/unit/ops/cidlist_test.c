/* cidlist_test.c - rows of the tables CIDs are made with */
#include "ops/cidfmt.h"
#include "tests/unit/unit.h"

/* is this a row?  every row must have so many fields, and the rows must end */
static int has(int (*row)(int i, struct buf *out), int fields, const char *want)
{
	struct buf out = BUF_INIT(1000);
	int i, rc = 1, found = 0;

	for (i = 0; rc > 0 && i < 10000; i++) {
		const char *p;
		int n = 1;

		buf_reset(&out);
		rc = row(i, &out);
		if (rc <= 0 || !out.len)
			continue;
		for (p = (char *)out.data; *p; p++)
			n += *p == '\t';
		CHECK(n == fields);
		found += strcmp((char *)out.data, want) == 0;
	}
	CHECK(rc == 0);
	buf_clear(&out);
	return found;
}

static void tables(void)
{
	CHECK(has(cidlist_base, 3, "base32\tb\t98") == 1);
	CHECK(has(cidlist_base, 3, "base256emoji\t\xf0\x9f\x9a\x80\t128640") == 1);
	CHECK(has(cidlist_codec, 3, "dag-pb\t112\tusable") == 1);
	CHECK(has(cidlist_hash, 3, "sha2-256\t18\t32") == 1);
	CHECK(has(cidlist_hash, 3, "murmur3-x64-64\t34\t8") == 0);	/* names no block */
}

static void no_room(void)
{
	struct buf out = BUF_INIT(2);

	CHECK_ERR(cidlist_base(0, &out), ERR_LIMIT);
	CHECK_ERR(cidlist_codec(0, &out), ERR_LIMIT);
	buf_clear(&out);
}

int main(void)
{
	RUN(tables);
	RUN(no_room);
	return UNIT_END();
}
