#include "ops/dag.h"
#include "opstore.h"

/* what was told: "+a/b ~c " */
struct told {
	char text[8192];
	size_t len;
	int n, stop_at, fail_at;
};

static int tell(void *arg, const struct ops_dag_change *c)
{
	struct told *t = arg;

	t->n++;
	CHECK((c->kind == OPS_DAG_ADDED) == (!c->from.cid && !c->from.nd));
	CHECK((c->kind == OPS_DAG_REMOVED) == (!c->to.cid && !c->to.nd));
	if (t->len + c->path.len + 3 < sizeof t->text)
		t->len += (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "%c%.*s ",
					   "+-~"[c->kind], (int)c->path.len, (const char *)c->path.p);
	if (t->n == t->fail_at)
		return err_set(ERR_INTERRUPTED, "enough");
	return t->n == t->stop_at;
}

static int diff(struct store *st, const struct cid *a, const struct cid *b, struct told *t, int deep)
{
	struct ops_dag_diff o = { .fn = tell, .arg = t, .deep = deep, .tmpdir = unit_tmpdir() };

	return ops_dag_diff(store_source(st), oppath(a, ""), oppath(b, ""), &o);
}

/* a HAMT shard of this fanout: links with their slots in front, in order */
static struct cid shard(struct store *st, unsigned fanout, const struct oplink *l, size_t n)
{
	struct unixfs_data d = { .type = UNIXFS_HAMT, .has_data = 1, .hash_type = MH_MURMUR3_X64_64,
				 .fanout = fanout };
	struct buf b = BUF_INIT(1 << 20), data = BUF_INIT(4096);
	uint8_t bits[2] = { 0, 0 };
	struct cid cid;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned slot = (unsigned)strtoul((char[2]){ l[i].name[0], 0 }, NULL, 16);

		bits[1 - slot / 8] |= (uint8_t)(1 << slot % 8);
		if (pb_put_link(&b, cid_span(&l[i].cid), span_str(l[i].name), 1) < 0)
			abort();
	}
	d.data = span_of(bits, 2);
	if (unixfs_encode(&data, &d, NULL, 0) < 0 || pb_put_data(&b, buf_span(&data)) < 0)
		abort();
	cid = opblock(st, 1, CID_DAG_PB, buf_span(&b));
	buf_clear(&b);
	buf_clear(&data);
	return cid;
}

static void names_and_links(void)
{
	struct store *st = opstore();
	struct cid x = opblock(st, 1, CID_RAW, span_str("x")), y = opblock(st, 1, CID_RAW, span_str("y"));
	struct oplink one[] = { { x, "a" }, { x, "b" }, { x, "d" } };
	struct oplink two[] = { { y, "a" }, { x, "c" }, { x, "d" } };
	struct cid a = opdir(st, one, 3), b = opdir(st, two, 3);
	struct told t = { .n = 0 }, same = { .n = 0 };

	CHECK(diff(st, &a, &b, &t, 0) == 1);
	CHECK_STR(t.text, "~a -b +c ");
	CHECK(diff(st, &a, &a, &same, 0) == 0 && same.n == 0);
	store_close(st);
}

/* old DAGs have names twice, and entries in any order */
static void names_twice(void)
{
	struct store *st = opstore();
	struct cid x = opblock(st, 1, CID_RAW, span_str("x")), y = opblock(st, 1, CID_RAW, span_str("y"));
	struct oplink one[] = { { x, "b" }, { x, "a" }, { y, "a" } };
	struct oplink two[] = { { x, "a" }, { x, "a" }, { x, "b" }, { x, "a" } };
	struct cid a = opdir(st, one, 3), b = opdir(st, two, 4);
	struct told t = { .n = 0 };

	CHECK(diff(st, &a, &b, &t, 0) == 1);
	CHECK_STR(t.text, "~a +a ");
	store_close(st);
}

static void whoever_listens_may_stop(void)
{
	struct store *st = opstore();
	struct cid x = opblock(st, 1, CID_RAW, span_str("x"));
	struct oplink l[] = { { x, "a" }, { x, "b" }, { x, "c" } };
	struct cid none = opdir(st, l, 0), all = opdir(st, l, 3), up;
	struct oplink d[] = { { all, "d" } };
	struct told stop = { .stop_at = 2 }, fail = { .fail_at = 3 }, in = { .stop_at = 3 };

	CHECK(diff(st, &none, &all, &stop, 0) == 1 && stop.n == 2);
	CHECK_ERR(diff(st, &none, &all, &fail, 0), ERR_INTERRUPTED);
	up = opdir(st, d, 1);
	CHECK(diff(st, &none, &up, &in, 1) == 1 && in.n == 3);
	CHECK_STR(in.text, "+d +d/a +d/b ");
	store_close(st);
}

/* a slot holds nothing, an entry or a shard, on either side */
static void every_pair_of_slots(void)
{
	struct store *st = opstore();
	struct cid x = opblock(st, 1, CID_RAW, span_str("x")), y = opblock(st, 1, CID_RAW, span_str("y"));
	struct oplink in[] = { { x, "1p" }, { x, "2q" } }, in2[] = { { x, "1p" }, { y, "2q" }, { x, "3r" } };
	struct cid s = shard(st, 16, in, 2), s2 = shard(st, 16, in2, 3);
	struct oplink one[] = { { x, "1gone" }, { x, "2same" }, { x, "3was" }, { s, "4" }, { s, "5" },
				{ y, "6p" }, { s, "7" }, { x, "9z" } };
	struct oplink two[] = { { x, "0new" }, { x, "2same" }, { x, "3is" }, { s2, "4" }, { x, "5p" },
				{ s, "6" }, { s, "7" }, { s, "8" }, { s, "9" } };
	struct cid a = shard(st, 16, one, 8), b = shard(st, 16, two, 9);
	struct told t = { .n = 0 };

	CHECK(diff(st, &a, &b, &t, 0) == 1);
	/* 6: p was y and is x, q came; 8: both came; 9: z went, p and q came; and at the end 4: q, r */
	CHECK_STR(t.text, "+new -gone -was +is -q ~p +q +p +q +p +q -z ~q +r ");
	store_close(st);
}

static void shards_that_lie(void)
{
	struct store *st = opstore();
	struct cid x = opblock(st, 1, CID_RAW, span_str("x"));
	struct oplink twice[] = { { x, "1a" }, { x, "1b" } }, nameless[] = { { x, "" } };
	struct oplink good[] = { { x, "1a" } };
	struct cid a = shard(st, 16, good, 1), b = shard(st, 16, twice, 2), c = shard(st, 16, nameless, 1);
	struct cid d = shard(st, 8, good, 0), e = shard(st, 0, good, 1);
	struct told t = { .n = 0 };

	CHECK_ERR(diff(st, &a, &b, &t, 0), ERR_INVALID);
	CHECK_ERR(diff(st, &a, &c, &t, 0), ERR_INVALID);
	CHECK_ERR(diff(st, &c, &a, &t, 0), ERR_INVALID);
	CHECK_ERR(diff(st, &d, &a, &t, 0), ERR_INVALID);	/* a bitfield wider than the fanout */
	CHECK(t.n == 0);
	CHECK(diff(st, &e, &a, &t, 0) == 1);		/* no fanout: no directory */
	CHECK_STR(t.text, "~ ");
	store_close(st);
}

/* twelve levels of shards with nothing in them, each four times in the one above */
static void shards_of_shards_are_no_bomb(void)
{
	struct store *st = opstore();
	struct cid a = shard(st, 16, NULL, 0), b = shard(st, 0, NULL, 0);
	struct told t = { .n = 0 };
	int i;

	for (i = 0; i < 12; i++) {
		struct oplink one[] = { { a, "1" }, { a, "2" }, { a, "3" }, { a, "4" } };
		struct oplink two[] = { { b, "1" }, { b, "2" }, { b, "3" }, { b, "4" } };

		a = shard(st, 16, one, 4);
		b = shard(st, 16, two, 4);
	}
	CHECK_ERR(diff(st, &a, &b, &t, 0), ERR_LIMIT);
	CHECK(t.n == 0);
	store_close(st);
}

/* a chain of directories, the last of them `end` */
static struct cid chain(struct store *st, struct cid end, int n)
{
	struct oplink l = { end, "d" };

	while (n--)
		l.cid = opdir(st, &l, 1);
	return l.cid;
}

static void depth_has_an_end(void)
{
	struct store *st = opstore();
	struct cid x = opblock(st, 1, CID_RAW, span_str("x")), y = opblock(st, 1, CID_RAW, span_str("y"));
	struct cid a = chain(st, x, 1000), b = chain(st, y, 1000);
	struct told deep = { .n = 0 }, over = { .n = 0 };

	CHECK(diff(st, &a, &b, &deep, 0) == 1 && deep.n == 1);
	a = chain(st, a, 100);
	b = chain(st, b, 100);
	CHECK_ERR(diff(st, &a, &b, &over, 0), ERR_LIMIT);
	store_close(st);
}

/* the same pair of subtrees at many paths is told at every one; what is equal at none */
static void shared_subtrees(void)
{
	struct store *st = opstore();
	struct cid x = opblock(st, 1, CID_RAW, span_str("x")), y = opblock(st, 1, CID_RAW, span_str("y"));
	struct told t = { .n = 0 };
	int i;

	for (i = 0; i < 3; i++) {
		struct oplink one[] = { { x, "l" }, { x, "r" } }, two[] = { { y, "l" }, { y, "r" } };

		x = opdir(st, one, 2);
		y = opdir(st, two, 2);
	}
	CHECK(diff(st, &x, &y, &t, 0) == 1);
	CHECK_STR(t.text, "~l/l/l ~l/l/r ~l/r/l ~l/r/r ~r/l/l ~r/l/r ~r/r/l ~r/r/r ");
	store_close(st);
}

static struct cid value(struct store *st, uint64_t codec, const char *json)
{
	struct buf block = BUF_INIT(1 << 20);
	struct node nd = NODE_INIT;
	struct cid cid;

	if (codec_decode(CID_DAG_JSON, span_str(json), 0, &nd) < 0 ||
	    codec_encode(codec, &nd, 0, &block) < 0)
		abort();
	cid = opblock(st, 1, codec, buf_span(&block));
	node_clear(&nd);
	buf_clear(&block);
	return cid;
}

static void values(void)
{
	struct store *st = opstore();
	struct cid a = value(st, CID_DAG_CBOR, "{\"a\":[1,{\"x\":null},3],\"b\":\"s\",\"c\":{\"/\":\"bafkqaaa\"}}");
	struct cid b = value(st, CID_DAG_JSON, "{\"a\":[1,{\"x\":0}],\"bb\":\"s\",\"c\":{\"/\":\"bafkqaaa\"}}");
	struct cid same = value(st, CID_DAG_JSON, "{\"a\":[1,{\"x\":null},3],\"b\":\"s\",\"c\":{\"/\":\"bafkqaaa\"}}");
	struct cid list = value(st, CID_DAG_CBOR, "[]");
	struct told t = { .n = 0 }, codec = { .n = 0 }, kind = { .n = 0 };

	CHECK(diff(st, &a, &b, &t, 0) == 1);
	CHECK_STR(t.text, "~a/1/x -a/2 -b +bb ");
	CHECK(diff(st, &a, &same, &codec, 0) == 1);
	CHECK_STR(codec.text, "~ ");
	CHECK(diff(st, &a, &list, &kind, 0) == 1);
	CHECK_STR(kind.text, "~ ");
	store_close(st);
}

static void blocks_that_are_not_nodes(void)
{
	struct store *st = opstore();
	struct cid good = value(st, CID_DAG_CBOR, "{}"), bad = opblock(st, 1, CID_DAG_CBOR, span_str("\xff"));
	struct cid pb = opblock(st, 1, CID_DAG_PB, span_str("\xff"));
	struct cid dir = opdir(st, NULL, 0), opaque = opblock(st, 1, 0x90, span_str("eth"));
	struct told t = { .n = 0 };

	CHECK_ERR(diff(st, &good, &bad, &t, 0), ERR_INVALID);
	CHECK_ERR(diff(st, &pb, &dir, &t, 0), ERR_INVALID);
	CHECK(t.n == 0);
	CHECK(diff(st, &opaque, &dir, &t, 0) == 1);	/* nobody can look inside: it is another */
	CHECK(diff(st, &dir, &good, &t, 0) == 1);
	CHECK_STR(t.text, "~ ~ ");
	store_close(st);
}

/* one block of 100,000 keys, in order or (readers take it) the other way round; value of `odd` is another */
static struct cid many_keys(struct store *st, int turned, int odd)
{
	struct buf b = BUF_INIT(1 << 20);
	struct cid cid;
	int i, k, rc = buf_add(&b, span_of("\xba\x00\x01\x86\xa0", 5));

	for (i = 0; rc == 0 && i < 100000; i++) {
		k = turned ? 99999 - i : i;
		rc = buf_printf(&b, "e%05d%c", k, k == odd ? 1 : 0);	/* a text of five, and 0 or 1 */
	}
	if (rc < 0)
		abort();
	cid = opblock(st, 1, CID_DAG_CBOR, buf_span(&b));
	buf_clear(&b);
	return cid;
}

static void maps_of_many_keys_are_compared_quickly(void)
{
	struct store *st = opstore();
	struct cid a = many_keys(st, 0, -1), b = many_keys(st, 1, 4711), c = many_keys(st, 1, -1);
	struct told t = { .n = 0 }, same = { .n = 0 };

	CHECK(diff(st, &a, &b, &t, 0) == 1);
	CHECK_STR(t.text, "~04711 ");
	CHECK(diff(st, &a, &c, &same, 0) == 1);		/* the blocks are others, the values are not */
	CHECK_STR(same.text, "~ ");
	store_close(st);
}

int main(void)
{
	RUN(names_and_links);
	RUN(names_twice);
	RUN(whoever_listens_may_stop);
	RUN(every_pair_of_slots);
	RUN(shards_that_lie);
	RUN(shards_of_shards_are_no_bomb);
	RUN(depth_has_an_end);
	RUN(shared_subtrees);
	RUN(values);
	RUN(blocks_that_are_not_nodes);
	RUN(maps_of_many_keys_are_compared_quickly);
	return UNIT_END();
}
