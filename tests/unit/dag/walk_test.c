#include "../memdag.h"

/* a trace of visits: "depth:name " each, '!' for one seen before */
struct trace {
	char text[4096];
	size_t len;
	int n, skip_depth, stop_after, stop_left;
	uint64_t bytes;
};

static int note(void *arg, const struct dag_visit *v)
{
	struct trace *t = arg;

	t->n++;
	t->bytes += v->block.len;
	if (t->len + 64 < sizeof t->text)
		t->len += (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "%d:%.*s%s ",
					   v->depth, (int)v->name.len, (const char *)v->name.p,
					   v->first ? "" : "!");
	if (t->stop_after && t->n >= t->stop_after)
		return err_set(ERR_INTERRUPTED, "enough");
	return t->skip_depth && v->depth == t->skip_depth;
}

static int walk(struct memdag *m, const struct cid *root, struct trace *t, struct dag_walk w)
{
	w.visit = note;
	w.arg = t;
	return dag_walk(&m->source, root, &w);
}

/* root -> a -> x, root -> b -> x, root -> x */
static struct cid diamond(struct memdag *m, struct cid *x)
{
	struct memdag_link down = { .name = "x" }, top[3];
	struct cid a, b;

	*x = memdag_add(m, 1, CID_RAW, span_str("leaf"));
	down.cid = *x;
	a = memdag_node(m, 1, &down, 1, span_str("a"));
	b = memdag_node(m, 1, &down, 1, span_str("b"));
	top[0] = (struct memdag_link){ a, "a", 0 };
	top[1] = (struct memdag_link){ b, "b", 0 };
	top[2] = (struct memdag_link){ *x, "x", 0 };
	return memdag_node(m, 1, top, 3, span_of(NULL, 0));
}

static void parents_come_first_in_block_order(void)
{
	struct trace t = { .n = 0 };
	struct cid root, x;
	struct memdag m;

	memdag_init(&m);
	root = diamond(&m, &x);
	CHECK(walk(&m, &root, &t, (struct dag_walk){ .depth_max = -1 }) == 0);
	CHECK_STR(t.text, "0: 1:a 2:x 1:b 2:x 1:x ");
}

static void once_is_once(void)
{
	struct trace t = { .n = 0 }, e = { .n = 0 };
	struct cid root, x;
	struct memdag m;

	memdag_init(&m);
	root = diamond(&m, &x);
	CHECK(walk(&m, &root, &t, (struct dag_walk){ .depth_max = -1, .once = 1 }) == 0);
	CHECK_STR(t.text, "0: 1:a 2:x 1:b ");
	CHECK(walk(&m, &root, &e, (struct dag_walk){ .depth_max = -1, .once = 1, .edges = 1 }) == 0);
	CHECK_STR(e.text, "0: 1:a 2:x 1:b 2:x! 1:x! ");
}

static int note_leave(void *arg, const struct cid *cid, int depth)
{
	struct trace *t = arg;

	t->len += (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "%d%c ", depth,
				   cid->codec == CID_RAW ? 'x' : '<');
	return t->stop_left ? err_set(ERR_INTERRUPTED, "enough") : 0;
}

static void what_is_left_comes_after_all_below(void)
{
	struct trace t = { .n = 0 }, once = { .n = 0 }, flat = { .n = 0 }, stop = { .stop_left = 1 };
	struct cid root, x;
	struct memdag m;

	memdag_init(&m);
	root = diamond(&m, &x);
	CHECK(walk(&m, &root, &t, (struct dag_walk){ .depth_max = -1, .leave = note_leave }) == 0);
	CHECK_STR(t.text, "0: 1:a 2:x 2x 1< 1:b 2:x 2x 1< 1:x 1x 0< ");
	CHECK(walk(&m, &root, &once, (struct dag_walk){ .depth_max = -1, .once = 1,
							.leave = note_leave }) == 0);
	CHECK_STR(once.text, "0: 1:a 2:x 2x 1< 1:b 1< 0< ");
	CHECK(walk(&m, &root, &flat, (struct dag_walk){ .depth_max = 1, .leave = note_leave }) == 0);
	CHECK_STR(flat.text, "0: 1:a 1< 1:b 1< 1:x 1x 0< ");
	CHECK_ERR(walk(&m, &root, &stop, (struct dag_walk){ .depth_max = -1, .leave = note_leave }),
		  ERR_INTERRUPTED);
	CHECK_STR(stop.text, "0: 1:a 2:x 2x ");
}

static void depth_limit_counts_links(void)
{
	struct trace t = { .n = 0 }, none = { .n = 0 };
	struct cid root, x;
	struct memdag m;

	memdag_init(&m);
	root = diamond(&m, &x);
	CHECK(walk(&m, &root, &t, (struct dag_walk){ .depth_max = 1 }) == 0);
	CHECK_STR(t.text, "0: 1:a 1:b 1:x ");
	CHECK(walk(&m, &root, &none, (struct dag_walk){ .depth_max = 0 }) == 0);
	CHECK_STR(none.text, "0: ");
}

/* long -> mid -> deep -> end, and a short cut to deep: with a limit of 2, end is only reached there */
static void a_shorter_way_reaches_deeper(void)
{
	struct trace t = { .n = 0 };
	struct memdag_link l = { .name = "end" }, two[2];
	struct cid end, deep, mid, root;
	struct memdag m;

	memdag_init(&m);
	l.cid = end = memdag_add(&m, 1, CID_RAW, span_str("end"));
	deep = memdag_node(&m, 1, &l, 1, span_of(NULL, 0));
	l = (struct memdag_link){ deep, "deep", 0 };
	mid = memdag_node(&m, 1, &l, 1, span_of(NULL, 0));
	two[0] = (struct memdag_link){ mid, "mid", 0 };
	two[1] = (struct memdag_link){ deep, "short", 0 };
	root = memdag_node(&m, 1, two, 2, span_of(NULL, 0));
	CHECK(walk(&m, &root, &t, (struct dag_walk){ .depth_max = 2, .once = 1 }) == 0);
	CHECK_STR(t.text, "0: 1:mid 2:deep 2:end ");
}

static void visitors_skip_and_stop(void)
{
	struct trace skip = { .skip_depth = 1 }, stop = { .stop_after = 2 };
	struct cid root, x;
	struct memdag m;

	memdag_init(&m);
	root = diamond(&m, &x);
	CHECK(walk(&m, &root, &skip, (struct dag_walk){ .depth_max = -1 }) == 0);
	CHECK_STR(skip.text, "0: 1:a 1:b 1:x ");
	CHECK_ERR(walk(&m, &root, &stop, (struct dag_walk){ .depth_max = -1 }), ERR_INTERRUPTED);
	CHECK(stop.n == 2);
}

static int n_missing;

static int count_missing(void *arg, const struct cid *cid)
{
	(void)arg;
	n_missing += cid->codec == CID_RAW;
	return 0;
}

static void missing_blocks(void)
{
	struct trace t = { .n = 0 }, u = { .n = 0 };
	struct memdag_link l = { .name = "gone" };
	struct memdag m;
	struct cid root;

	memdag_init(&m);
	NEED(cid_sum(&l.cid, 1, CID_RAW, MH_SHA2_256, &(struct span){ NULL, 0 }, 1) == 0);
	root = memdag_node(&m, 1, &l, 1, span_of(NULL, 0));
	CHECK_ERR(walk(&m, &root, &t, (struct dag_walk){ .depth_max = -1 }), ERR_NOTFOUND);
	CHECK_STR(t.text, "0: ");		/* what is visited is there */
	n_missing = 0;
	CHECK(walk(&m, &root, &u, (struct dag_walk){ .depth_max = -1, .want_leaves = 1,
						     .missing = count_missing }) == 0);
	CHECK(n_missing == 1 && u.n == 1);
	CHECK_ERR(walk(&m, &l.cid, &u, (struct dag_walk){ .depth_max = -1 }), ERR_NOTFOUND);
}

static void leaves_are_read_when_wanted(void)
{
	struct trace t = { .n = 0 }, u = { .n = 0 }, w = { .n = 0 };
	struct memdag_link l[2] = { { .name = "raw" }, { .name = "pb" } };
	char big[8000];
	struct cid root;
	struct memdag m;

	memset(big, 'x', sizeof big);
	memdag_init(&m);
	memdag_extents(&m);
	l[0].cid = memdag_add(&m, 1, CID_RAW, span_of(big, sizeof big));
	l[1].cid = memdag_node(&m, 1, NULL, 0, span_of(big, sizeof big));
	root = memdag_node(&m, 1, l, 2, span_of(NULL, 0));
	m.n_gets = 0;
	CHECK(walk(&m, &root, &t, (struct dag_walk){ .depth_max = -1 }) == 0);
	CHECK(m.n_gets == 1 && t.n == 3 && t.bytes < sizeof big);	/* the root alone */
	CHECK(walk(&m, &root, &u, (struct dag_walk){ .depth_max = -1, .want_leaves = 1 }) == 0);
	CHECK(m.n_gets == 4 && u.n == 3 && u.bytes > 2 * sizeof big);
	m.source.extent = NULL;		/* without extents the dag-pb leaf must be read to be known */
	m.n_gets = 0;
	CHECK(walk(&m, &root, &w, (struct dag_walk){ .depth_max = -1 }) == 0);
	CHECK(m.n_gets == 2 && w.n == 3);
}

static void a_glance_tells_leaves(void)
{
	struct memdag_link l = { .name = "x" };
	char big[8000];
	struct memdag m;
	struct cid cid;

	memset(big, 'x', sizeof big);
	memdag_init(&m);
	memdag_extents(&m);
	l.cid = memdag_add(&m, 1, CID_RAW, span_of(big, sizeof big));
	CHECK(dag_leaf(&m.source, &l.cid) == 1);
	cid = memdag_node(&m, 0, NULL, 0, span_of(big, sizeof big));
	CHECK(dag_leaf(&m.source, &cid) == 1);
	cid = memdag_node(&m, 0, &l, 1, span_of(big, sizeof big));
	CHECK(dag_leaf(&m.source, &cid) == 0);		/* links come first */
	cid = memdag_node(&m, 0, NULL, 0, span_of(big, 10));
	CHECK(dag_leaf(&m.source, &cid) == 0);		/* small: not worth a glance */
	{
		struct buf b = BUF_INIT(1 << 16);

		/* Data first and links behind it: not Data from end to end */
		NEED(pb_put_data(&b, span_of(big, sizeof big)) == 0);
		NEED(pb_put_link(&b, cid_span(&l.cid), span_str("x"), 1) == 0);
		cid = memdag_add(&m, 1, CID_DAG_PB, buf_span(&b));
		CHECK(dag_leaf(&m.source, &cid) == 0);
		buf_clear(&b);
	}
	NEED(cid_sum(&cid, 1, CID_DAG_PB, MH_SHA2_256, &(struct span){ NULL, 0 }, 1) == 0);
	CHECK_ERR(dag_leaf(&m.source, &cid), ERR_NOTFOUND);
	CHECK(m.n_gets == 0);
}

/* two links to the same node below, forty times: 2^40 paths, 41 blocks */
static void repetition_is_no_bomb(void)
{
	struct trace t = { .n = 0 };
	struct memdag_link l[2] = { { .name = "l" }, { .name = "r" } };
	struct dag_stat st;
	struct memdag m;
	int i;

	memdag_init(&m);
	l[0].cid = memdag_add(&m, 1, CID_RAW, span_str("end"));
	for (i = 0; i < 40; i++) {
		l[1].cid = l[0].cid;
		l[0].cid = memdag_node(&m, 1, l, 2, span_of(NULL, 0));
	}
	CHECK(walk(&m, &l[0].cid, &t, (struct dag_walk){ .depth_max = -1, .once = 1 }) == 0);
	CHECK(t.n == 41);
	CHECK(dag_stat(&m.source, &l[0].cid, &st) == 0 && st.n_blocks == 41);
	CHECK(st.bytes == 3 + 40 * (2 * pb_link_len(36, 1, 0)));
}

static void depth_bombs_are_refused(void)
{
	struct trace t = { .n = 0 };
	struct memdag_link l = { .name = "" };
	struct memdag m;
	int i;

	memdag_init(&m);
	l.cid = memdag_add(&m, 1, CID_RAW, span_str("end"));
	for (i = 0; i < DAG_DEPTH_MAX; i++)
		l.cid = memdag_node(&m, 1, &l, 1, span_of(NULL, 0));
	CHECK(walk(&m, &l.cid, &t, (struct dag_walk){ .depth_max = -1 }) == 0);
	CHECK(t.n == DAG_DEPTH_MAX + 1);
	l.cid = memdag_node(&m, 1, &l, 1, span_of(NULL, 0));
	CHECK_ERR(walk(&m, &l.cid, &t, (struct dag_walk){ .depth_max = -1 }), ERR_LIMIT);
}

/* each level a block of a MiB and a second child: more than the budget, read again on the way back */
static void deep_and_large(void)
{
	struct trace t = { .n = 0 };
	struct memdag_link l[2] = { { .name = "down" }, { .name = "side" } };
	uint8_t *pad = unit_kept(1 << 20);
	struct memdag m;
	int i;

	memdag_init(&m);
	l[0].cid = memdag_add(&m, 1, CID_RAW, span_str("end"));
	for (i = 0; i < 60; i++) {
		memset(pad, i, 1 << 20);
		l[1].cid = memdag_add(&m, 1, CID_RAW, span_of(&i, sizeof i));
		l[0].cid = memdag_node(&m, 1, l, 2, span_of(pad, 1 << 20));
	}
	CHECK(walk(&m, &l[0].cid, &t, (struct dag_walk){ .depth_max = -1 }) == 0);
	CHECK(t.n == 121);
	CHECK(m.n_gets > 60);
}

static void broken_blocks_are_named(void)
{
	struct trace t = { .n = 0 };
	char text[CID_TEXT_MAX];
	struct memdag m;
	struct cid cid;

	memdag_init(&m);
	cid = memdag_add(&m, 1, CID_DAG_PB, unit_hex("0a00" "0a00"));
	CHECK_ERR(walk(&m, &cid, &t, (struct dag_walk){ .depth_max = -1 }), ERR_INVALID);
	CHECK(strstr(err_text(), cid_text(&cid, text)) != NULL);
	/* links we cannot read are no reason to call it a leaf: gc would collect what is below */
	cid = memdag_add(&m, 1, 0x1234, span_str("?"));
	CHECK_ERR(walk(&m, &cid, &t, (struct dag_walk){ .depth_max = -1 }), ERR_UNSUPPORTED);
}

/* more CIDs than the set may keep in memory */
static void the_seen_set_outgrows_memory(void)
{
	enum { N = 20000 };
	struct memdag_link *l = unit_kept(2 * N * sizeof *l);
	struct trace t = { .n = 0 };
	struct memdag m;
	struct cid root;
	unsigned i;

	memdag_init(&m);
	for (i = 0; i < 2 * N; i++) {
		unsigned k = i % N;

		l[i] = (struct memdag_link){ memdag_add(&m, 1, CID_RAW, span_of(&k, sizeof k)), "", 0 };
	}
	root = memdag_node(&m, 1, l, 2 * N, span_of(NULL, 0));
	CHECK(walk(&m, &root, &t, (struct dag_walk){ .depth_max = -1, .once = 1,
						     .seen_mem = 65536 }) == 0);
	CHECK(t.n == N + 1);
}

int main(void)
{
	RUN(parents_come_first_in_block_order);
	RUN(once_is_once);
	RUN(what_is_left_comes_after_all_below);
	RUN(depth_limit_counts_links);
	RUN(a_shorter_way_reaches_deeper);
	RUN(visitors_skip_and_stop);
	RUN(missing_blocks);
	RUN(leaves_are_read_when_wanted);
	RUN(a_glance_tells_leaves);
	RUN(repetition_is_no_bomb);
	RUN(depth_bombs_are_refused);
	RUN(deep_and_large);
	RUN(broken_blocks_are_named);
	RUN(the_seen_set_outgrows_memory);
	return UNIT_END();
}
