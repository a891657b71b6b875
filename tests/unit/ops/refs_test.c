#include "opstore.h"

static void formats(void)
{
	struct buf out = BUF_INIT(4096);
	struct ops_ref ref = { .name = span_str("n") };
	struct cid a, b;

	NEED(cid_parse(span_str("bafkqaaa"), &a, NULL) == 0);
	NEED(cid_parse(span_str("bafyaabakaieac"), &b, NULL) == 0);
	ref.src = &a;
	ref.dst = &b;
	CHECK(ops_refs_format("<src> -> <dst> (<linkname>)\\n\\t<other>\\x<", &ref, &out) == 0);
	CHECK_STR((char *)out.data, "bafkqaaa -> bafyaabakaieac (n)\n\t<other>\\x<");
	buf_reset(&out);
	out.max = 10;
	CHECK_ERR(ops_refs_format("<src><dst>", &ref, &out), ERR_LIMIT);
	buf_clear(&out);
}

static int count(void *arg, const struct ops_ref *ref)
{
	int *n = arg;

	return ++*n == 3 && ref->name.len == 1 && *ref->name.p == '!' ? 77 : 0;
}

static void walks(void)
{
	struct ops_refs one = { .depth_max = -1 }, all = { .recursive = 1, .depth_max = -1 };
	struct ops_refs unique = { .recursive = 1, .unique = 1, .depth_max = -1 };
	struct oplink l[3] = { { .name = "a" }, { .name = "b" }, { .name = "!" } };
	struct store *st = opstore();
	struct cid dir;
	int n = 0;

	l[0].cid = l[1].cid = l[2].cid = opblock(st, 1, CID_RAW, span_str("x"));
	l[0].cid = l[1].cid = opdir(st, l, 3);
	dir = opdir(st, l, 3);
	NEED(store_commit(st) == 0);
	one.depth_max = 5;		/* without recursive it is always 1 */
	CHECK(ops_refs(store_source(st), store_tmpdir(st), oppath(&dir, "/!"), &one, count, &n) == 0 && n == 0);
	CHECK(ops_refs(store_source(st), store_tmpdir(st), oppath(&dir, "/a"), &one, count, &n) == 77 && n == 3);
	n = -100;
	CHECK(ops_refs(store_source(st), store_tmpdir(st), oppath(&dir, ""), &all, count, &n) == 0 && n == -100 + 9);
	n = -100;
	CHECK(ops_refs(store_source(st), store_tmpdir(st), oppath(&dir, ""), &unique, count, &n) == 0 && n == -100 + 2);
	store_close(st);
}

static int count_raw(void *arg, const struct cid *cid)
{
	int *n = arg;

	*n += cid->version == 1 && cid->codec == CID_RAW;
	return 0;
}

static void local_blocks(void)
{
	struct store *st = opstore();
	int n = 0;

	opblock(st, 0, CID_DAG_PB, unit_hex("0a020801"));
	opblock(st, 1, CID_RAW, span_str("x"));
	NEED(store_commit(st) == 0);
	CHECK(ops_refs_local(st, count_raw, &n) == 0 && n == 2);
	store_close(st);
}

int main(void)
{
	RUN(formats);
	RUN(walks);
	RUN(local_blocks);
	return UNIT_END();
}
