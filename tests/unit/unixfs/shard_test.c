#include "car.h"
#include "unixfs/read_priv.h"

static int open_shard(struct memdag *m, const char *field, unsigned fanout, size_t n_links,
		      struct shard *s)
{
	static struct buf block = { .max = 1 << 20 };
	struct memdag_link l[16];
	struct read_node n;
	struct cid cid;
	size_t i;

	for (i = 0; i < n_links; i++)
		l[i] = (struct memdag_link){ memdag_add(m, 1, CID_RAW, span_str("")), "0x", 0 };
	cid = memdag_node(m, 1, l, n_links, message(UNIXFS_HAMT, unit_hex(field), -1, NULL, fanout));
	if (read_get(&m->source, &cid, &block, &n) < 0)
		abort();
	return shard_open(&n, s);
}

static void the_field_is_one_big_number(void)
{
	struct memdag m;
	struct shard s;

	memdag_init(&m);
	NEED(open_shard(&m, "0200", 256, 1, &s) == 0);
	CHECK(s.bits == 8 && s.prefix == 2);
	CHECK(shard_has(&s, 9) && !shard_has(&s, 8) && !shard_has(&s, 1) && !shard_has(&s, 255));
	CHECK(shard_below(&s, 9) == 0 && shard_below(&s, 10) == 1 && shard_below(&s, 255) == 1);
	NEED(open_shard(&m, "80000000000000000000000000000000000000000000000000000000000000c1", 256, 4,
			&s) == 0);
	CHECK(shard_has(&s, 0) && shard_has(&s, 6) && shard_has(&s, 7) && shard_has(&s, 255));
	CHECK(shard_below(&s, 7) == 2 && shard_below(&s, 255) == 3);
	NEED(open_shard(&m, "ff", 8, 8, &s) == 0);
	CHECK(s.bits == 3 && s.prefix == 1 && shard_below(&s, 7) == 7);
	NEED(open_shard(&m, "01", 1024, 1, &s) == 0);
	CHECK(s.bits == 10 && s.prefix == 3);
}

static void counts_must_agree(void)
{
	struct memdag m;
	struct shard s;

	memdag_init(&m);
	CHECK_ERR(open_shard(&m, "03", 8, 1, &s), ERR_INVALID);
	CHECK_ERR(open_shard(&m, "03", 8, 3, &s), ERR_INVALID);
	CHECK_ERR(open_shard(&m, "0103", 8, 3, &s), ERR_INVALID);
}

int main(void)
{
	RUN(the_field_is_one_big_number);
	RUN(counts_must_agree);
	return UNIT_END();
}
