#include <fcntl.h>
#include <unistd.h>

#include "ops/dag.h"
#include "opstore.h"

/* what was met: "depth:name " each, names from the root to the block joined by the parents met before */
struct told {
	char text[4096];
	size_t len;
	int n, stop_at, missing;
};

static int tell(void *arg, const struct ops_dag_met *m)
{
	struct told *t = arg;

	CHECK((m->parent == NULL) == (m->depth <= 0));
	t->len += (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "%d:%.*s ", m->depth,
				   (int)m->name.len, (const char *)m->name.p);
	return ++t->n == t->stop_at ? 77 : 0;
}

static int absent(void *arg, const struct cid *cid)
{
	struct told *t = arg;

	(void)cid;
	t->missing++;
	return 0;
}

static int walk(struct store *st, const struct cid *root, struct told *t, struct ops_dag_walk o)
{
	o.fn = tell;
	o.arg = t;
	o.tmpdir = unit_tmpdir();
	return ops_dag_walk(store_source(st), oppath(root, ""), &o);
}

/* root -> a -> (c -> x, x), root -> b -> c */
static struct cid some(struct store *st, struct cid x)
{
	struct oplink c = { x, "x" }, a[2], b, top[2];

	a[0] = b = (struct oplink){ opdir(st, &c, 1), "c" };
	a[1] = (struct oplink){ x, "y" };
	top[0] = (struct oplink){ opdir(st, a, 2), "a" };
	top[1] = (struct oplink){ opdir(st, &b, 1), "b" };
	return opdir(st, top, 2);
}

static void orders(void)
{
	struct store *st = opstore();
	struct cid root = some(st, opblock(st, 1, CID_RAW, span_str("x")));
	static const char *const once[] = { "0: 1:a 2:c 3:x 1:b ", "3:x 2:c 1:a 1:b 0: ", "0: 1:a 1:b 2:c 2:y " };
	static const char *const all[] = { "0: 1:a 2:c 3:x 2:y 1:b 2:c 3:x ", "3:x 2:c 2:y 1:a 3:x 2:c 1:b 0: ",
					   "0: 1:a 1:b 2:c 2:y 2:c 3:x 3:x " };
	static const char *const cut[] = { "0: 1:a 2:c 2:y 1:b ", "2:c 2:y 1:a 1:b 0: ", "0: 1:a 1:b 2:c 2:y " };
	int o;

	for (o = OPS_DAG_PRE; o <= OPS_DAG_WIDE; o++) {
		struct told t = { .n = 0 }, d = { .n = 0 }, c = { .n = 0 }, s = { .stop_at = 2 };
		enum ops_dag_order order = (enum ops_dag_order)o;

		CHECK(walk(st, &root, &t, (struct ops_dag_walk){ .order = order, .depth_max = -1 }) == 0);
		CHECK_STR(t.text, once[o]);
		CHECK(walk(st, &root, &d, (struct ops_dag_walk){ .order = order, .depth_max = -1,
								 .dups = 1 }) == 0);
		CHECK_STR(d.text, all[o]);
		CHECK(walk(st, &root, &c, (struct ops_dag_walk){ .order = order, .depth_max = 2 }) == 0);
		CHECK_STR(c.text, cut[o]);
		CHECK(walk(st, &root, &s, (struct ops_dag_walk){ .order = order, .depth_max = -1 }) == 77);
		CHECK(s.n == 2);
	}
	store_close(st);
}

static void missing_blocks(void)
{
	struct store *st = opstore();
	struct cid gone, root;
	int o;

	NEED(cid_parse(span_str("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"), &gone, NULL) == 0);
	root = some(st, gone);
	for (o = OPS_DAG_PRE; o <= OPS_DAG_WIDE; o++) {
		struct told t = { .n = 0 }, f = { .n = 0 }, d = { .n = 0 };
		struct ops_dag_walk w = { .order = (enum ops_dag_order)o, .depth_max = -1 };

		CHECK_ERR(walk(st, &root, &f, w), ERR_NOTFOUND);
		w.missing = absent;
		CHECK(walk(st, &root, &t, w) == 0 && t.missing == 1 && t.n == 4);
		w.dups = 1;
		CHECK(walk(st, &root, &d, w) == 0 && d.missing == 3 && d.n == 5);
	}
	store_close(st);
}

/* blocks that link to each other twice, forty levels of them, are no more than forty-one blocks */
static void repetition_is_no_bomb(void)
{
	struct store *st = opstore();
	struct cid at = opblock(st, 1, CID_RAW, span_str("x"));
	int i, o;

	for (i = 0; i < 40; i++) {
		struct oplink l[] = { { at, "l" }, { at, "r" } };

		at = opdir(st, l, 2);
	}
	for (o = OPS_DAG_PRE; o <= OPS_DAG_WIDE; o++) {
		struct told t = { .n = 0 }, d = { .n = 0 };
		struct ops_dag_walk w = { .order = (enum ops_dag_order)o, .depth_max = -1 };

		CHECK(walk(st, &at, &t, w) == 0 && t.n == 41);
		w.depth_max = 30;
		CHECK(walk(st, &at, &d, w) == 0 && d.n == 31);
	}
	store_close(st);
}

static void selectors(void)
{
	struct store *st = opstore();
	struct cid root = some(st, opblock(st, 1, CID_RAW, span_str("x")));
	struct ops_dag_walk w = { .depth_max = -1 };
	struct dag_selector *sel;
	struct told t = { .n = 0 };

	NEED(ops_dag_selector("{\"R\":{\"l\":{\"none\":{}},\":>\":{\"a\":{\">\":{\"@\":{}}}}}}", &sel) == 0);
	w.selector = sel;
	CHECK(walk(st, &root, &t, w) == 0 && t.n == 5);
	w.depth_max = 1;
	CHECK_ERR(walk(st, &root, &t, w), ERR_USAGE);
	w = (struct ops_dag_walk){ .depth_max = -1, .order = OPS_DAG_POST, .selector = sel };
	CHECK_ERR(walk(st, &root, &t, w), ERR_USAGE);
	dag_selector_free(sel);
	CHECK_ERR(ops_dag_selector("{\"R\":1}", &sel), ERR_USAGE);
	CHECK_ERR(ops_dag_selector("{", &sel), ERR_USAGE);
	CHECK_ERR(ops_dag_selector("/nonexistent/file", &sel), ERR_NOTFOUND);
	store_close(st);
}

/* "-" is standard input, and anything that does not begin with '{' a file; both hold one that ends in a newline */
static void selectors_from_files(void)
{
	char *path = unit_kept(4200);
	struct dag_selector *sel;
	int fd, in = dup(0);

	snprintf(path, 4200, "%s/selector", unit_tmpdir());
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	NEED(fd >= 0 && in >= 0 && write(fd, "{\".\":{}}\n", 9) == 9 && lseek(fd, 0, SEEK_SET) == 0);
	NEED(ops_dag_selector(path, &sel) == 0);
	dag_selector_free(sel);
	NEED(dup2(fd, 0) == 0 && ops_dag_selector("-", &sel) == 0);
	dag_selector_free(sel);
	CHECK_ERR(ops_dag_selector("-", &sel), ERR_USAGE);	/* it was read, nothing is left */
	NEED(dup2(in, 0) == 0);
	NEED(ftruncate(fd, 2 << 20) == 0);
	CHECK_ERR(ops_dag_selector(path, &sel), ERR_LIMIT);
	close(fd);
	close(in);
}

int main(void)
{
	RUN(orders);
	RUN(missing_blocks);
	RUN(repetition_is_no_bomb);
	RUN(selectors);
	RUN(selectors_from_files);
	return UNIT_END();
}
