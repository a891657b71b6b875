/* add_opts_test.c - options of adding as people write them */
#include "ops/add.h"
#include "tests/unit/unit.h"

static void modes(void)
{
	static const char *const bad[] = { "", "8", "+7", " 7", "-1", "10000", "7x", "0x7" };
	struct ops_add o;
	size_t i;

	ops_add_init(&o);
	CHECK(ops_add_mode(&o, "0644") == 0 && o.meta.mode == 0644);
	CHECK(ops_add_mode(&o, "7777") == 0 && o.meta.mode == 07777);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_ERR(ops_add_mode(&o, bad[i]), ERR_USAGE);
	CHECK(o.meta.mode == 07777);
}

static void times(void)
{
	static const char *const bad[] = { "", " 1", "x", "1,5", "1.5s", "1.0123456789" };
	struct ops_add o;
	size_t i;

	ops_add_init(&o);
	CHECK(ops_add_mtime(&o, "0") == 0 && o.meta.has_mtime && o.meta.mtime == 0);
	CHECK(ops_add_mtime(&o, "-62") == 0 && o.meta.mtime == -62 && o.meta.nsec == 0);
	CHECK(ops_add_mtime(&o, "1.5") == 0 && o.meta.mtime == 1 && o.meta.nsec == 500000000);
	CHECK(ops_add_mtime(&o, "2.000000001") == 0 && o.meta.nsec == 1);
	CHECK(ops_add_mtime(&o, "3") == 0 && o.meta.nsec == 0);	/* the last one speaks */
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_ERR(ops_add_mtime(&o, bad[i]), ERR_USAGE);
	CHECK(o.meta.mtime == 3);
}

static void preserved(void)
{
	struct ops_add o;

	ops_add_init(&o);
	CHECK(ops_add_preserve(&o, "mode") == 0 && o.keep_mode && !o.keep_mtime);
	CHECK(ops_add_preserve(&o, "mtime,mode") == 0 && o.keep_mtime);
	CHECK_ERR(ops_add_preserve(&o, "mode,owner"), ERR_USAGE);
	CHECK_ERR(ops_add_preserve(&o, ","), ERR_USAGE);
}

/* naming needs no store, but a wrong setting is one without it, too */
static void no_store(void)
{
	struct store *st = NULL;
	struct ops_add o;
	char path[4200];

	snprintf(path, sizeof path, "%s/none", unit_tmpdir());
	ops_add_init(&o);
	CHECK_ERR(ops_add_open(&o, path, STORE_WRITE, NULL, &st), ERR_NOTFOUND);
	o.only_hash = 1;
	CHECK(ops_add_open(&o, path, STORE_WRITE, NULL, &st) == 0 && !st);
	CHECK(ops_add_open(&o, path, STORE_WRITE, "cid-version=1,raw-leaves=no", &st) == 0);
	CHECK(o.dag.cid_version == 1 && o.dag.raw_leaves == 0);
	CHECK_ERR(ops_add_open(&o, path, STORE_WRITE, "colour=red", &st), ERR_USAGE);
}

static void records(void)
{
	struct ops_added e = { .path = "a\tb", .root = 1, .node = { .type = UNIXFS_FILE, .size = 5,
								     .tsize = 13 } };
	struct buf out = BUF_INIT(1000), small = BUF_INIT(8);

	NEED(cid_parse(span_str("bafkqaaa"), &e.node.cid, NULL) == 0);
	CHECK(ops_added_text(&e, 0, &out) == 0);
	CHECK_STR((char *)out.data, "bafkqaaa\ta\\tb");
	buf_reset(&out);
	CHECK(ops_added_text(&e, 1, &out) == 0);
	CHECK_STR((char *)out.data, "bafkqaaa\ta\tb");
	buf_reset(&out);
	CHECK(ops_added_json(&e, &out) == 0);
	CHECK_STR((char *)out.data, "{\"path\":\"a\\tb\",\"cid\":\"bafkqaaa\",\"type\":\"file\",\"size\":5,"
		  "\"cumulative\":13,\"root\":true}");
	CHECK_ERR(ops_added_json(&e, &small), ERR_LIMIT);
	buf_clear(&out);
	buf_clear(&small);
}

int main(void)
{
	RUN(modes);
	RUN(times);
	RUN(preserved);
	RUN(no_store);
	RUN(records);
	return UNIT_END();
}
