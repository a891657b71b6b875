/* uvarint_test.c - unsigned varints, all three forms (multiformats/unsigned-varint) */
#include "base/rd.h"
#include "multi/uvarint.h"
#include "tests/unit/multi/table.h"

static void table(void)
{
	int ok = 0, refused = 0;
	struct table t;

	NEED(table_open(&t, "varint.tsv", '\t'));
	while (table_next(&t)) {
		struct span hex = unit_hex(t.field[1]);
		struct rd r = rd_from(hex);
		uint64_t v = rd_uvarint(&r);

		if (!strcmp(t.field[2], "ok")) {
			uint64_t want = strtoull(t.field[0], NULL, 10);
			struct buf b = BUF_INIT(16);
			uint8_t put[UVARINT_MAX];
			size_t n = uvarint_put(put, want);

			CHECK(rd_done(&r) && v == want);
			CHECK(span_equal(span_of(put, n), hex));
			CHECK(buf_varint(&b, want) == 0 && span_equal(buf_span(&b), hex));
			CHECK(varint_len(want) == hex.len);
			buf_clear(&b);
			ok++;
		} else {
			CHECK(!rd_ok(&r) && r.bad && v == 0);
			refused++;
		}
	}
	CHECK(ok == 19 && refused == 12);
}

static void rest_is_left(void)
{
	struct rd r = rd_from(unit_hex("ac0205"));

	CHECK(rd_uvarint(&r) == 300 && r.left == 1);
	CHECK(rd_uvarint(&r) == 5 && rd_done(&r));
	CHECK(rd_uvarint(&r) == 0 && !strcmp(r.bad, "truncated"));
}

int main(void)
{
	RUN(table);
	RUN(rest_is_left);
	return UNIT_END();
}
