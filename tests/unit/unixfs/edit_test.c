/* edit_test.c - one entry changed: basic and HAMT, growing, collapsing, and from one to the other */
#include "tests/unit/unixfs/make.h"

static struct unixfs_builder *b;

static struct span name_of(int i)
{
	char *p = unit_kept(32);

	snprintf(p, 32, "file%06d", i);
	return span_str(p);
}

static struct unixfs_node content(int i)
{
	char text[32];

	snprintf(text, sizeof text, "%d\n", i);
	return make_text(b, text);
}

/* a directory of the numbers in [from, to) that are not `but`, built at once */
static struct unixfs_node built(int from, int to, int but)
{
	struct unixfs_node n, out = { .tsize = 0 };
	struct unixfs_dir *d;
	int i;

	if (unixfs_dir_new(&d, b, NULL) < 0)
		abort();
	for (i = from; i < to; i++) {
		n = content(i);
		if (i != but && unixfs_dir_add(d, name_of(i), &n) < 0)
			abort();
	}
	if (unixfs_dir_end(d, &out) < 0)
		abort();
	return out;
}

static int same(const struct unixfs_node *a, const struct unixfs_node *c)
{
	return cid_equal(&a->cid, &c->cid) && a->tsize == c->tsize && a->type == c->type;
}

static struct unixfs_node put(const struct unixfs_node *dir, int i)
{
	struct unixfs_node n = content(i), out = *dir;

	CHECK(unixfs_edit_put(b, &make_dag.source, &dir->cid, name_of(i), &n, &out) == 0);
	return out;
}

static struct unixfs_node rm(const struct unixfs_node *dir, int i)
{
	struct unixfs_node out = *dir;

	CHECK(unixfs_edit_rm(b, &make_dag.source, &dir->cid, name_of(i), &out) == 0);
	return out;
}

/* Adding one by one gives at every step what building at once gives, and so does removing. */
static void step_by_step(const char *options, int n)
{
	struct unixfs_node now, want;
	int i;

	b = make_builder(options);
	now = built(0, 0, -1);
	for (i = 0; i < n; i++) {
		now = put(&now, i);
		want = built(0, i + 1, -1);
		CHECK(same(&now, &want));
		if (!same(&now, &want))
			break;
	}
	for (i = 0; i < n; i++) {		/* the same again changes nothing */
		want = put(&now, i);
		CHECK(cid_equal(&now.cid, &want.cid));
	}
	for (i = 0; i < n; i++) {
		now = rm(&now, i);
		want = built(i + 1, n, -1);
		/* where basic and HAMT part, removing may stay HAMT longer: see below */
		if (now.type == want.type)
			CHECK(same(&now, &want));
	}
	CHECK_ERR(unixfs_edit_rm(b, &make_dag.source, &now.cid, name_of(0), &want), ERR_NOTFOUND);
	unixfs_builder_free(b);
}

static void one_by_one(void)
{
	step_by_step("", 60);
	step_by_step("cid-version=1", 60);
	step_by_step("hamt-threshold=2000", 120);
	step_by_step("hamt-threshold=3000 hamt-estimate=block cid-version=1 hamt-fanout=16", 120);
	step_by_step("hamt-threshold=1 hamt-fanout=8", 150);
	step_by_step("hamt-threshold=1 hamt-fanout=1024 hash=blake2b-256", 100);
	step_by_step("dir-max-links=20", 50);
	step_by_step("dir-max-links=20 hamt-estimate=disabled", 50);
	step_by_step("hamt-threshold=2000 inline=yes", 100);
}

/* reference/unixfs.md 19.8, rows 96 and 97 */
static void known_answers(void)
{
	struct unixfs_node now;
	int i;

	b = make_builder("");
	now = built(1, 5960, -1);
	CHECK(now.type == UNIXFS_HAMT);
	now = put(&now, 5960);
	CHECK_STR(make_cid(&now), "QmWfjnRWRvdvYezQWnfbvrvY7JjrpevsE9cato1x76UqGr");
	for (i = 1; i <= 5; i++)
		now = rm(&now, i);
	CHECK_STR(make_cid(&now), "QmbVxi5zDdzytrjdufUejM92JsWj8wGVmukk6tiPce3p1m");
	unixfs_builder_free(b);
}

/* The directory is 44 bytes an entry.  Removing one of n counts the entry with its two digits of
 * prefix (46), so that the switch back comes with n entries where 44 n - 46 <= threshold. */
static void where_it_becomes_basic_again(void)
{
	struct unixfs_node now, before;
	int i;

	b = make_builder("hamt-threshold=4400");
	now = built(0, 101, -1);
	CHECK(now.type == UNIXFS_HAMT);
	now = rm(&now, 0);			/* 4444 - 46 = 4398 */
	CHECK(now.type == UNIXFS_DIRECTORY);
	before = built(1, 101, -1);
	CHECK(same(&now, &before));
	unixfs_builder_free(b);

	b = make_builder("hamt-threshold=4397");	/* one byte too few */
	now = built(0, 101, -1);
	now = rm(&now, 0);
	CHECK(now.type == UNIXFS_HAMT);
	now = rm(&now, 1);
	CHECK(now.type == UNIXFS_DIRECTORY);
	before = built(2, 101, -1);
	CHECK(same(&now, &before));
	unixfs_builder_free(b);

	/* an overwrite counts the new entry without its name: -46 + 34 */
	b = make_builder("hamt-threshold=4400");
	now = built(0, 101, -1);
	now = put(&now, 3);			/* 4444 - 12 */
	CHECK(now.type == UNIXFS_HAMT);
	unixfs_builder_free(b);
	b = make_builder("hamt-threshold=1");
	now = built(0, 101, -1);
	unixfs_builder_free(b);
	b = make_builder("hamt-threshold=4432");
	now = put(&now, 3);
	CHECK(now.type == UNIXFS_DIRECTORY);
	/* and a new entry is never a reason to become basic */
	unixfs_builder_free(b);
	b = make_builder("hamt-threshold=1");
	now = built(0, 20, -1);
	unixfs_builder_free(b);
	b = make_builder("");
	now = put(&now, 20);
	CHECK(now.type == UNIXFS_HAMT);
	now = rm(&now, 20);
	CHECK(now.type == UNIXFS_DIRECTORY);
	before = built(0, 20, -1);
	CHECK(same(&now, &before));
	/* removing from a basic one never makes a HAMT, however large it stays */
	unixfs_builder_free(b);
	b = make_builder("hamt-threshold=100");
	for (i = 0; i < 5; i++) {
		now = rm(&now, i);
		CHECK(now.type == UNIXFS_DIRECTORY);
	}
	now = put(&now, 0);
	CHECK(now.type == UNIXFS_HAMT);
	unixfs_builder_free(b);
}

/* without a threshold a HAMT stays one to the end, and is the same as one built */
static void emptied(void)
{
	struct unixfs_node now, want;
	int i;

	b = make_builder("hamt-threshold=1 hamt-fanout=8");
	now = built(0, 200, -1);
	unixfs_builder_free(b);
	b = make_builder("hamt-threshold=0");
	for (i = 0; i < 200; i++)
		now = rm(&now, i);
	CHECK(now.type == UNIXFS_HAMT);
	{
		struct buf block = BUF_INIT(BLOCK_MAX);

		CHECK(dag_get(&make_dag.source, &now.cid, &block) == 0);
		CHECK(span_equal(buf_span(&block), unit_hex("0a0608052822" "3008")));
		buf_clear(&block);
	}
	now = put(&now, 7);
	unixfs_builder_free(b);
	b = make_builder("hamt-threshold=1 hamt-fanout=8");
	want = built(7, 8, -1);
	CHECK(same(&now, &want));
	unixfs_builder_free(b);
}

/* mode and mtime stay through both forms and back */
static void metadata_stays(void)
{
	struct unixfs_meta m = { 0750, 1, -5, 11 };
	struct unixfs_node n, now;
	struct unixfs_stat st;
	struct unixfs_dir *d;
	int i, hamts = 0;

	b = make_builder("meta hamt-threshold=500 hamt-fanout=8");
	NEED(unixfs_dir_new(&d, b, &m) == 0);
	NEED(unixfs_dir_end(d, &now) == 0);
	for (i = 0; i < 80; i++) {
		n = content(i % 40);
		if (i < 40)
			CHECK(unixfs_edit_put(b, &make_dag.source, &now.cid, name_of(i), &n, &now) == 0);
		else
			CHECK(unixfs_edit_rm(b, &make_dag.source, &now.cid, name_of(i - 40), &now) == 0);
		NEED(unixfs_stat(&make_dag.source, &now.cid, &st) == 0);
		CHECK(st.meta.mode == 0750 && st.meta.has_mtime && st.meta.mtime == -5 &&
		      st.meta.nsec == 11);
		CHECK(st.type == now.type && st.cumulative == now.tsize);
		hamts += now.type == UNIXFS_HAMT;
	}
	CHECK(hamts > 40 && hamts < 80);
	CHECK(now.type == UNIXFS_DIRECTORY);
	unixfs_builder_free(b);
}

/* the new directory is named as the old one, whatever the builder would do */
static void keeps_its_names(void)
{
	struct unixfs_node v1, now, x;

	b = make_builder("cid-version=1 hash=sha2-512 hamt-threshold=300");
	v1 = built(0, 5, -1);
	unixfs_builder_free(b);
	b = make_builder("hamt-threshold=300");
	x = content(1);
	CHECK(unixfs_edit_put(b, &make_dag.source, &v1.cid, span_str("x"), &x, &now) == 0);
	CHECK(now.cid.version == 1 && now.cid.bytes[2] == MH_SHA2_512);
	CHECK(now.type == UNIXFS_HAMT);
	CHECK(unixfs_edit_rm(b, &make_dag.source, &now.cid, span_str("x"), &now) == 0);
	CHECK(now.cid.version == 1 && now.cid.bytes[2] == MH_SHA2_512);
	unixfs_builder_free(b);

	/* an inlined one has no hash of its own */
	b = make_builder("cid-version=1 inline=yes");
	now = built(0, 0, -1);
	CHECK_STR(make_cid(&now), "bafyaabakaieac");
	unixfs_builder_free(b);
	b = make_builder("");
	CHECK(unixfs_edit_put(b, &make_dag.source, &now.cid, span_str("x"), &x, &now) == 0);
	CHECK(now.cid.version == 0);
	unixfs_builder_free(b);
}

/* old DAGs: unsorted links, names that come twice, fields nobody knows */
static void odd_basic_blocks(void)
{
	/* links b, a, b; Data 08 01 and an unknown field 15 */
	struct span hash = unit_hex("015500050001020304");
	struct buf block = BUF_INIT(BLOCK_MAX), want = BUF_INIT(BLOCK_MAX), got = BUF_INIT(BLOCK_MAX);
	struct unixfs_node x, out;
	struct cid dir;

	b = make_builder("");
	x = content(1);
	pb_put_link(&block, hash, span_str("b"), 1);
	pb_put_link(&block, hash, span_str("a"), 2);
	pb_put_link(&block, hash, span_str("b"), 3);
	pb_put_data(&block, unit_hex("08017801"));
	dir = memdag_add(&make_dag, 0, CID_DAG_PB, buf_span(&block));

	CHECK(unixfs_edit_put(b, &make_dag.source, &dir, span_str("c"), &x, &out) == 0);
	pb_put_link(&want, hash, span_str("a"), 2);
	pb_put_link(&want, hash, span_str("b"), 1);
	pb_put_link(&want, hash, span_str("b"), 3);
	pb_put_link(&want, cid_span(&x.cid), span_str("c"), x.tsize);
	pb_put_data(&want, unit_hex("08017801"));
	CHECK(dag_get(&make_dag.source, &out.cid, &got) == 0);
	CHECK(span_equal(buf_span(&got), buf_span(&want)));

	/* removing a name removes it as often as it is there */
	CHECK(unixfs_edit_rm(b, &make_dag.source, &dir, span_str("b"), &out) == 0);
	buf_reset(&want);
	buf_reset(&got);
	pb_put_link(&want, hash, span_str("a"), 2);
	pb_put_data(&want, unit_hex("08017801"));
	CHECK(dag_get(&make_dag.source, &out.cid, &got) == 0);
	CHECK(span_equal(buf_span(&got), buf_span(&want)));

	/* a HAMT has one place for a name */
	unixfs_builder_free(b);
	b = make_builder("hamt-threshold=1");
	CHECK_ERR(unixfs_edit_put(b, &make_dag.source, &dir, span_str("c"), &x, &out), ERR_EXISTS);
	unixfs_builder_free(b);
	buf_clear(&block);
	buf_clear(&want);
	buf_clear(&got);
}

/* the same node, as somebody may have written it: lengths of links take a byte more than they need */
static struct unixfs_node loose(const struct unixfs_node *dir)
{
	struct buf block = BUF_INIT(BLOCK_MAX), out = BUF_INIT(BLOCK_MAX);
	struct unixfs_node n = *dir;
	struct pb_node node;
	struct pb_iter it;
	struct pb_link l;
	const uint8_t *at;

	CHECK(dag_get(&make_dag.source, &dir->cid, &block) == 0 && pb_decode(buf_span(&block), &node) == 0);
	it = pb_links(&node);
	for (at = block.data; pb_next(&it, &l); at = it.rest.p) {
		CHECK(at[0] == 0x12 && at[1] < 0x80);
		buf_u8(&out, 0x12);
		buf_u8(&out, at[1] | 0x80u);
		buf_u8(&out, 0);
		buf_bytes(&out, at + 2, (size_t)(it.rest.p - at) - 2);
	}
	pb_put_data(&out, node.data);
	CHECK(pb_decode(buf_span(&out), &node) == 0 && !node.plain);
	n.cid = memdag_add(&make_dag, dir->cid.version, CID_DAG_PB, buf_span(&out));
	buf_clear(&block);
	buf_clear(&out);
	return n;
}

/* What an edit makes of a node does not depend on how its links were written. */
static void links_that_are_not_plain(void)
{
	static const char *const options[] = { "", "cid-version=1", "hamt-threshold=1", "hamt-threshold=1 hamt-fanout=16" };
	struct unixfs_node dir, odd, want, got;
	size_t k;
	int i;

	for (k = 0; k < sizeof options / sizeof options[0]; k++) {
		b = make_builder(options[k]);
		dir = built(0, 40, 13);
		odd = loose(&dir);
		for (i = 0; i < 45; i++) {
			want = put(&dir, i);
			got = put(&odd, i);
			CHECK(i == 13 || i >= 40 ? same(&want, &got) : cid_equal(&want.cid, &got.cid));
			if (i == 13 || i >= 40)
				continue;
			want = rm(&dir, i);
			got = rm(&odd, i);
			CHECK(same(&want, &got));
		}
		unixfs_builder_free(b);
	}
}

static void refusals(void)
{
	struct span bad_shard = unit_hex("0a0a0805120101" "28223008" "3800");
	struct unixfs_node x, out, file;
	struct cid c;

	b = make_builder("");
	x = content(1);
	file = make_text(b, "not a directory");
	CHECK_ERR(unixfs_edit_put(b, &make_dag.source, &file.cid, span_str("a"), &x, &out), ERR_INVALID);
	CHECK_ERR(unixfs_edit_rm(b, &make_dag.source, &file.cid, span_str("a"), &out), ERR_INVALID);
	out = built(0, 3, -1);
	CHECK_ERR(unixfs_edit_put(b, &make_dag.source, &out.cid, span_str("a/b"), &x, &out), ERR_INVALID);
	CHECK_ERR(unixfs_edit_put(b, &make_dag.source, &out.cid, span_str(""), &x, &out), ERR_INVALID);
	CHECK_ERR(unixfs_edit_rm(b, &make_dag.source, &out.cid, span_str("nobody"), &x), ERR_NOTFOUND);
	CHECK(strstr(err_text(), "no link named \"nobody\" under Qm") == err_text());
	/* a bit without a link */
	c = memdag_add(&make_dag, 0, CID_DAG_PB, bad_shard);
	CHECK_ERR(unixfs_edit_put(b, &make_dag.source, &c, span_str("a"), &x, &out), ERR_INVALID);
	/* a block that is not there */
	c = x.cid;
	c.bytes[10] ^= 1;
	CHECK_ERR(unixfs_edit_put(b, &make_dag.source, &c, span_str("a"), &x, &out), ERR_NOTFOUND);
	/* raw is no directory */
	unixfs_builder_free(b);
	b = make_builder("cid-version=1");
	file = make_text(b, "raw");
	CHECK_ERR(unixfs_edit_put(b, &make_dag.source, &file.cid, span_str("a"), &x, &out), ERR_INVALID);
	unixfs_builder_free(b);
}

/* an edit in a large directory reads and writes one block a level */
static void touches_little(void)
{
	struct unixfs_node big, x, out;
	uint64_t gets, puts;

	b = make_builder("");
	big = built(0, 20000, -1);
	CHECK(big.type == UNIXFS_HAMT);
	x = content(1);
	gets = make_dag.n_gets;
	puts = make_dag.n_puts;
	CHECK(unixfs_edit_put(b, &make_dag.source, &big.cid, span_str("new"), &x, &out) == 0);
	CHECK(make_dag.n_gets - gets <= 3 && make_dag.n_puts - puts <= 4);
	unixfs_builder_free(b);
}

int main(void)
{
	RUN(one_by_one);
	RUN(known_answers);
	RUN(where_it_becomes_basic_again);
	RUN(emptied);
	RUN(metadata_stays);
	RUN(keeps_its_names);
	RUN(odd_basic_blocks);
	RUN(links_that_are_not_plain);
	RUN(refusals);
	RUN(touches_little);
	return UNIT_END();
}
