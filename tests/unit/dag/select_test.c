#include "selectors.h"

/* ---- the fixtures of the specification ---- */

/* the fenced block behind "[testmark]:# (name/part)", from *p on; NULL: none */
static char *hunk(const char *all, const char *name, const char *part)
{
	char mark[256];
	const char *p, *end;
	char *out;

	snprintf(mark, sizeof mark, "[testmark]:# (%s/%s)", name, part);
	p = strstr(all, mark);
	p = p ? strstr(p, "\n```") : NULL;
	p = p ? strchr(p + 1, '\n') : NULL;
	end = p ? strstr(p, "\n```") : NULL;
	if (!end)
		return NULL;
	out = unit_kept((size_t)(end - p) + 1);
	memcpy(out, p + 1, (size_t)(end - p));
	out[end - p] = 0;
	return out;
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *out = unit_kept(65536);
	size_t n = f ? fread(out, 1, 65535, f) : 0;

	out[n] = 0;
	if (f)
		fclose(f);
	return out;
}

/* expectation lines against what is told, in order */
struct expect {
	char *rest;
	int bad;
};

static int next_line(struct expect *e, struct node *nd)
{
	char *line = e->rest, *end;

	while (*line == '\n' || *line == ' ')
		line++;
	if (!*line)
		return 0;
	end = line + strcspn(line, "\n");
	e->rest = *end ? end + 1 : end;
	return codec_decode(CID_DAG_JSON, span_of(line, (size_t)(end - line)), 0, nd) == 0 ? 1 : -1;
}

static int compare(void *arg, const struct dag_selected *s)
{
	struct expect *e = arg;
	struct node nd = NODE_INIT;
	size_t path, node, matched, key;
	const struct node_step *is;

	if (next_line(e, &nd) != 1 || !node_field(&nd, 0, span_str("path"), &path) ||
	    !node_field(&nd, 0, span_str("node"), &node) ||
	    !node_field(&nd, 0, span_str("matched"), &matched)) {
		e->bad++;
		node_clear(&nd);
		return 0;
	}
	key = node + 1;
	is = &s->nd->step[s->at];
	if (!span_equal(node_span(&nd, path), s->path) || nd.step[matched].neg != s->matched ||
	    !span_equal(node_span(&nd, key), span_str(node_kind_name(is->kind))))
		e->bad++;
	if (is->kind < NODE_LIST && !node_equal(&nd, key + 1, s->nd, s->at))
		e->bad++;
	node_clear(&nd);
	return 0;
}

static void fixture(const char *all, const char *name)
{
	char *data = hunk(all, name, "data"), *selector = hunk(all, name, "selector");
	struct expect e = { hunk(all, name, "expect-visit"), 0 };
	struct dag_select opts = { .node = compare, .arg = &e };
	struct node nd = NODE_INIT;
	struct dag_selector *sel;
	struct memdag m;
	struct cid root;

	NEED(data && selector && e.rest);
	memdag_init(&m);
	root = sel_block(&m, data);
	NEED(sel_parse(selector, &sel) == 0);
	CHECK(dag_select(&m.source, &root, sel, &opts) == 0);
	if (e.bad || next_line(&e, &nd))
		printf("# fixture %s\n", name);
	CHECK(e.bad == 0);
	CHECK(next_line(&e, &nd) == 0);		/* nothing was left out */
	node_clear(&nd);
	dag_selector_free(sel);
}

static void fixtures_of_the_specification(void)
{
	static const char *const files[] = { "1", "recursion" };
	char path[128];
	int n = 0;
	size_t i;

	for (i = 0; i < 2; i++) {
		char *all, *p;

		snprintf(path, sizeof path, "tests/golden/ipld-selectors/selector-fixtures-%s.md", files[i]);
		all = slurp(path);
		for (p = all; (p = strstr(p, "/selector)\n")); p++) {
			char name[64];
			char *start = p;

			while (start > all && start[-1] != '(')
				start--;
			snprintf(name, sizeof name, "%.*s", (int)(p - start), start);
			fixture(all, name);
			n++;
		}
	}
	CHECK(n == 10);
}

/* ---- walks over small DAGs ---- */

static struct memdag dag;

static int walk(const struct cid *root, const char *selector, struct told *t, struct dag_select opts)
{
	struct dag_selector *sel;
	int rc = sel_parse(selector, &sel);

	if (rc < 0)
		return rc;
	opts.block = told_block;
	opts.node = opts.lazy ? NULL : told_node;
	opts.missing = told_missing;
	opts.arg = t;
	buf_reset(&t->text);
	t->n_blocks = t->n_missing = 0;
	rc = dag_select(&dag.source, root, sel, &opts);
	dag_selector_free(sel);
	return rc;
}

static void check(const struct cid *root, const char *selector, const char *want)
{
	struct told t = TOLD_INIT;
	int rc = walk(root, selector, &t, (struct dag_select){ 0 });

	CHECK_STR(rc < 0 ? err_text() : t.text.len ? (char *)t.text.data : "", want);
	buf_clear(&t.text);
}

#define NONE "\"l\":{\"none\":{}}"
#define MATCH "{\".\":{}}"

static void order_and_sets(void)
{
	struct cid leaf, root;
	char json[8 * CID_TEXT_MAX], text[CID_TEXT_MAX];

	memdag_init(&dag);
	leaf = sel_block(&dag, "{\"x\":[7,8]}");
	snprintf(json, sizeof json, "{\"b\":{\"/\":\"%s\"},\"a\":[1,2,3,4],\"c\":\"text\"}",
		 cid_text(&leaf, text));
	root = sel_block(&dag, json);
	check(&root, MATCH, "+");
	check(&root, "{\"a\":{\">\":" MATCH "}}", "- +b +a +c");
	check(&root, "{\"f\":{\"f>\":{\"c\":" MATCH ",\"b\":" MATCH ",\"no\":" MATCH "}}}", "- +c +b");
	check(&root, "{\"f\":{\"f>\":{\"a\":{\"i\":{\"i\":3,\">\":" MATCH "}}}}}", "- -a +a/3");
	check(&root, "{\"f\":{\"f>\":{\"a\":{\"i\":{\"i\":4,\">\":" MATCH "}}}}}", "- -a");
	check(&root, "{\"f\":{\"f>\":{\"a\":{\"r\":{\"^\":1,\"$\":9223372036854775807,\">\":" MATCH "}}}}}",
	      "- -a +a/1 +a/2 +a/3");
	/* a number names an entry of a list, in its canonical form */
	check(&root, "{\"f\":{\"f>\":{\"a\":{\"f\":{\"f>\":{\"2\":" MATCH ",\"01\":" MATCH "}}}}}}",
	      "- -a +a/2");
	/* no child twice, however many name it */
	check(&root, "{\"f\":{\"f>\":{\"a\":{\"|\":[{\"i\":{\"i\":2,\">\":" MATCH "}},{\"r\":{\"^\":0,\"$\":4,"
	      "\">\":" MATCH "}},{\"f\":{\"f>\":{\"1\":" MATCH "}}}]}}}}", "- -a +a/2 +a/0 +a/1 +a/3");
	check(&root, "{\"|\":[" MATCH "," MATCH ",{\"|\":[" MATCH "]}]}", "+");
	check(&root, "{\"R\":{" NONE ",\":>\":{\"|\":[" MATCH "," ALL_FURTHER "]}}}",
	      "+ +b +b/x +b/x/0 +b/x/1 +a +a/0 +a/1 +a/2 +a/3 +c");
	/* an index means nothing in a map */
	check(&leaf, "{\"i\":{\"i\":0,\">\":" MATCH "}}", "-");
	check(&root, "{\"|\":[]}", "-");
}

static void recursion(void)
{
	struct cid root;

	memdag_init(&dag);
	root = sel_block(&dag, "{\"n\":{\"n\":{\"n\":{\"n\":{}}}},\"m\":[[[]]]}");
	check(&root, "{\"R\":{\"l\":{\"depth\":1},\":>\":" ALL_FURTHER "}}", "-");
	check(&root, "{\"R\":{\"l\":{\"depth\":0},\":>\":" ALL_FURTHER "}}", "-");
	check(&root, "{\"R\":{\"l\":{\"depth\":2},\":>\":" ALL_FURTHER "}}", "- -n -m");
	check(&root, "{\"R\":{\"l\":{\"depth\":3},\":>\":{\"f\":{\"f>\":{\"n\":{\"@\":{}}}}}}}", "- -n -n/n");
	/* two steps a turn */
	check(&root, "{\"R\":{\"l\":{\"depth\":2},\":>\":{\"a\":{\">\":{\"f\":{\"f>\":{\"n\":{\"|\":[" MATCH
	      ",{\"@\":{}}]}}}}}}}}", "- -n +n/n -n/n/n +n/n/n/n -m");
	/* members that go different ways: each its own turns, none twice */
	check(&root, "{\"R\":{" NONE ",\":>\":{\"|\":[" ALL_FURTHER "," ALL_FURTHER ",{\"a\":{\">\":"
	      ALL_FURTHER "}}]}}}", "- -n -n/n -n/n/n -n/n/n/n -m -m/0 -m/0/0");
	/* one in another: the edge belongs to the inner one */
	check(&root, "{\"R\":{\"l\":{\"depth\":2},\":>\":{\"f\":{\"f>\":{\"n\":{\"|\":[{\"@\":{}},{\"R\":{"
	      "\"l\":{\"depth\":2},\":>\":{\"f\":{\"f>\":{\"n\":{\"|\":[" MATCH ",{\"@\":{}}]}}}}}}]}}}}}}",
	      "- -n +n/n +n/n/n +n/n/n/n");
	/* an empty union beside the edge does not make the last turn longer */
	check(&root, "{\"R\":{\"l\":{\"depth\":2},\":>\":{\"a\":{\">\":{\"|\":[{\"@\":{}},{\"|\":[]}]}}}}}", "- -n -m");
	check(&root, "{\"R\":{" NONE ",\":>\":{\"@\":{}}}}", "-");
	check(&root, "{\"R\":{\"l\":{\"depth\":9},\":>\":{\"|\":[{\"@\":{}}," MATCH "]}}}", "+");
}

/* sets of places would double at every step if the same place counted twice */
static void unions_do_not_explode(void)
{
	struct buf json = BUF_INIT(1 << 16);
	struct told t = TOLD_INIT;
	struct cid root;
	int i;

	memdag_init(&dag);
	for (i = 0; i < 200; i++)
		buf_str(&json, "[");
	for (i = 0; i < 200; i++)
		buf_str(&json, "]");
	root = sel_block(&dag, (char *)json.data);
	buf_reset(&json);
	buf_str(&json, "{\"R\":{\"l\":{\"depth\":150},\":>\":{\"|\":[");
	for (i = 0; i < 50; i++)
		buf_printf(&json, "%s%s", i ? "," : "", i % 2 ? ALL_FURTHER : "{\"a\":{\">\":" ALL_FURTHER "}}");
	buf_str(&json, "]}}}");
	CHECK(walk(&root, (char *)json.data, &t, (struct dag_select){ .nodes_max = 200 }) == 0);
	buf_clear(&json);
	buf_clear(&t.text);
}

static void stop_at_links(void)
{
	struct cid inner, leaf, root;
	char json[8 * CID_TEXT_MAX], a[CID_TEXT_MAX], b[CID_TEXT_MAX];

	memdag_init(&dag);
	leaf = sel_block(&dag, "\"leaf\"");
	snprintf(json, sizeof json, "[{\"/\":\"%s\"}]", cid_text(&leaf, a));
	inner = sel_block(&dag, json);
	snprintf(json, sizeof json, "[{\"/\":\"%s\"},{\"/\":\"%s\"}]", cid_text(&inner, b), a);
	root = sel_block(&dag, json);
	snprintf(json, sizeof json, "{\"R\":{" NONE ",\"!\":{\"/\":\"%s\"},\":>\":" ALL_FURTHER "}}", b);
	check(&root, json, "- -1");
	snprintf(json, sizeof json, "{\"R\":{" NONE ",\"!\":{\"/\":{\"/\":\"%s\"}},\":>\":" ALL_FURTHER "}}", a);
	check(&root, json, "- -0");
	snprintf(json, sizeof json, "{\"R\":{" NONE ",\"!\":{\"or\":[{\"/\":{\"/\":\"%s\"}},{\"/\":{\"/\":\"%s\"}}]},"
		 "\":>\":" ALL_FURTHER "}}", a, b);
	check(&root, json, "-");
	/* of an outer recursion, too */
	snprintf(json, sizeof json, "{\"R\":{" NONE ",\"!\":{\"/\":\"%s\"},\":>\":{\"|\":[{\"i\":{\"i\":9,\">\":"
		 "{\"@\":{}}}},{\"R\":{" NONE ",\":>\":" ALL_FURTHER "}}]}}}", a);
	check(&root, json, "- -0");
	check(&root, "{\"R\":{" NONE ",\"!\":{\"%\":\"link\"},\":>\":" ALL_FURTHER "}}", "-");
}

static void conditions(void)
{
	struct cid root;

	memdag_init(&dag);
	root = sel_block(&dag, "[1,-1,1.5,\"s\",null,true,{\"k\":[1,2]},[],{\"/\":{\"bytes\":\"AQ\"}}]");
#define ONLY(c) "{\"a\":{\">\":{\".\":{\"onlyIf\":" c "}}}}"
	check(&root, ONLY("{\"=\":1}"), "- +0 -1 -2 -3 -4 -5 -6 -7 -8");
	check(&root, ONLY("{\"=\":{\"k\":[1,2]}}"), "- -0 -1 -2 -3 -4 -5 +6 -7 -8");
	check(&root, ONLY("{\"=\":{\"/\":{\"bytes\":\"AQ\"}}}"), "- -0 -1 -2 -3 -4 -5 -6 -7 +8");
	check(&root, ONLY("{\"<\":1}"), "- -0 +1 -2 -3 -4 -5 -6 -7 -8");
	check(&root, ONLY("{\"greaterThan\":-1.5}"), "- +0 +1 +2 -3 -4 -5 -6 -7 -8");
	check(&root, ONLY("{\"lessThan\":1.5}"), "- +0 +1 -2 -3 -4 -5 -6 -7 -8");
	check(&root, ONLY("{\"%\":\"list\"}"), "- -0 -1 -2 -3 -4 -5 -6 +7 -8");
	check(&root, ONLY("{\"hasField\":\"k\"}"), "- -0 -1 -2 -3 -4 -5 +6 -7 -8");
	check(&root, ONLY("{\"and\":[{\"%\":\"int\"},{\">\":0}]}"), "- +0 -1 -2 -3 -4 -5 -6 -7 -8");
	check(&root, ONLY("{\"or\":[{\"%\":\"null\"},{\"=\":true}]}"), "- -0 -1 -2 -3 +4 +5 -6 -7 -8");
	check(&root, ONLY("{\"and\":[]}"), "- +0 +1 +2 +3 +4 +5 +6 +7 +8");
	check(&root, ONLY("{\"or\":[]}"), "- -0 -1 -2 -3 -4 -5 -6 -7 -8");
	check(&root, "{\"R\":{" NONE ",\":>\":{\"&\":{\"&\":{\"%\":\"list\"},\">\":{\"|\":[" MATCH ","
	      ALL_FURTHER "]}}}}}", "+ -0 -1 -2 -3 -4 -5 -6 +7 -8");
	check(&root, "{\"R\":{" NONE ",\":>\":{\"&\":{\"&\":{\"%\":\"list\"},\">\":{\"@\":{}}}}}}", "-");
}

static void subsets(void)
{
	static const struct { const char *from, *to, *want; } rows[] = {
		{ "0", "5", "+=\"hello\"" }, { "1", "3", "+=\"el\"" }, { "-2", "5", "+=\"lo\"" },
		{ "-9", "2", "+=\"he\"" }, { "0", "-1", "+=\"hell\"" }, { "2", "2", "+=\"\"" },
		{ "0", "99", "+=\"hello\"" }, { "5", "9", "-=\"hello\"" }, { "4", "-2", "-=\"hello\"" },
		{ "0", "-6", "-=\"hello\"" },
		{ "-9223372036854775808", "9223372036854775807", "+=\"hello\"" },
		{ "-9223372036854775808", "-9223372036854775808", "-=\"hello\"" }
	};
	struct told t = TOLD_INIT;
	struct cid root;
	char json[256];
	size_t i;

	memdag_init(&dag);
	t.with_values = 1;
	root = sel_block(&dag, "\"hello\"");
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(json, sizeof json, "{\".\":{\"subset\":{\"[\":%s,\"]\":%s}}}", rows[i].from, rows[i].to);
		CHECK(walk(&root, json, &t, (struct dag_select){ 0 }) == 0);
		CHECK_STR((char *)t.text.data, rows[i].want);
	}
	root = sel_block(&dag, "[1]");
	check(&root, "{\".\":{\"subset\":{\"[\":0,\"]\":1}}}", "-");
	check(&root, "{\"|\":[{\".\":{\"label\":\"a\"}},{\".\":{\"label\":\"b\"}}]}", "+(a) +(b)");
	root = memdag_add(&dag, 1, CID_RAW, span_str("raw"));
	t.with_values = 1;
	CHECK(walk(&root, "{\".\":{\"subset\":{\"[\":1,\"]\":9}}}", &t, (struct dag_select){ 0 }) == 0);
	CHECK_STR((char *)t.text.data, "+={\"/\":{\"bytes\":\"YXc\"}}");
	buf_clear(&t.text);
}

/* ---- blocks ---- */

/* two ways to a leaf, and one more */
static struct cid shared_dag(void)
{
	struct cid leaf, mid;
	char json[8 * CID_TEXT_MAX], a[CID_TEXT_MAX], b[CID_TEXT_MAX];

	memdag_init(&dag);
	leaf = memdag_add(&dag, 1, CID_RAW, span_str("leaf"));
	snprintf(json, sizeof json, "[{\"/\":\"%s\"}]", cid_text(&leaf, a));
	mid = sel_block(&dag, json);
	snprintf(json, sizeof json, "[{\"/\":\"%s\"},{\"/\":\"%s\"},{\"/\":\"%s\"}]", cid_text(&mid, b), a, b);
	return sel_block(&dag, json);
}

#define EVERYTHING "{\"R\":{" NONE ",\":>\":" ALL_FURTHER "}}"

static void blocks_in_order(void)
{
	struct told t = TOLD_INIT;
	struct cid root = shared_dag();

	t.with_blocks = 1;
	CHECK(walk(&root, EVERYTHING, &t, (struct dag_select){ 0 }) == 0);
	CHECK_STR((char *)t.text.data, "[209] -[69] -0[4] -0/0[4] -1[69] -2[4] -2/0");
	CHECK(walk(&root, EVERYTHING, &t, (struct dag_select){ .once = 1 }) == 0);
	CHECK_STR((char *)t.text.data, "[209] -[69] -0[4] -0/0");
	CHECK(walk(&root, MATCH, &t, (struct dag_select){ 0 }) == 0);
	CHECK_STR((char *)t.text.data, "[209] +");
	CHECK(walk(&root, EVERYTHING, &t, (struct dag_select){ .lazy = 1 }) == 0);
	CHECK_STR((char *)t.text.data, "[209][69][?][?][69][?]");
	t.stop_after = 2;
	CHECK(walk(&root, EVERYTHING, &t, (struct dag_select){ 0 }) == ERR_INTERRUPTED);
	buf_clear(&t.text);
}

/* "once" leaves nothing out: the second time the limit lets the walk go deeper, or the selector differs */
static void once_is_by_state(void)
{
	struct told t = TOLD_INIT;
	struct cid root = shared_dag();

	CHECK(walk(&root, "{\"f\":{\"f>\":{\"0\":" MATCH ",\"2\":{\"a\":{\">\":" MATCH "}}}}}", &t,
		   (struct dag_select){ .once = 1 }) == 0);
	CHECK_STR((char *)t.text.data, "- +0 -2 +2/0");
	CHECK(t.n_blocks == 3);
	buf_clear(&t.text);
}

/* without `once` this would be 2^60 visits */
static void many_ways(void)
{
	char json[8 * CID_TEXT_MAX], a[CID_TEXT_MAX];
	struct told t = TOLD_INIT;
	struct cid cid;
	int i;

	memdag_init(&dag);
	cid = memdag_add(&dag, 1, CID_RAW, span_str("leaf"));
	for (i = 0; i < 60; i++) {
		snprintf(json, sizeof json, "[{\"/\":\"%s\"},{\"/\":\"%s\"}]", cid_text(&cid, a), a);
		cid = sel_block(&dag, json);
	}
	CHECK(walk(&cid, EVERYTHING, &t, (struct dag_select){ .once = 1 }) == 0);
	CHECK(t.n_blocks == 61);
	CHECK(walk(&cid, "{\"R\":{\"l\":{\"depth\":40},\":>\":" ALL_FURTHER "}}", &t,
		   (struct dag_select){ .once = 1 }) == 0);
	CHECK(t.n_blocks == 40);
	CHECK_ERR(walk(&cid, EVERYTHING, &t, (struct dag_select){ .links_max = 1000 }), ERR_LIMIT);
	CHECK(t.n_blocks == 1000);
	CHECK_ERR(walk(&cid, EVERYTHING, &t, (struct dag_select){ .nodes_max = 1000 }), ERR_LIMIT);
	CHECK(walk(&cid, MATCH, &t, (struct dag_select){ .nodes_max = 1, .links_max = 1 }) == 0);
	buf_clear(&t.text);
}

static void blocks_that_are_not_there(void)
{
	char json[8 * CID_TEXT_MAX], a[CID_TEXT_MAX], b[CID_TEXT_MAX];
	struct told t = TOLD_INIT;
	struct cid gone, leaf, root;

	memdag_init(&dag);
	leaf = memdag_add(&dag, 1, CID_RAW, span_str("leaf"));
	NEED(cid_sum(&gone, 1, CID_RAW, MH_SHA2_256, &(struct span){ NULL, 0 }, 1) == 0);
	snprintf(json, sizeof json, "[{\"/\":\"%s\"},{\"/\":\"%s\"}]", cid_text(&gone, a), cid_text(&leaf, b));
	root = sel_block(&dag, json);
	CHECK_ERR(walk(&root, EVERYTHING, &t, (struct dag_select){ 0 }), ERR_NOTFOUND);
	CHECK_ERR(walk(&root, EVERYTHING, &t, (struct dag_select){ .lazy = 1 }), ERR_NOTFOUND);
	CHECK_ERR(walk(&gone, MATCH, &t, (struct dag_select){ 0 }), ERR_NOTFOUND);
	t.skip_missing = 1;
	CHECK(walk(&root, EVERYTHING, &t, (struct dag_select){ 0 }) == 0);
	CHECK_STR((char *)t.text.data, "- -1");
	CHECK(t.n_missing == 1);
	CHECK(walk(&gone, MATCH, &t, (struct dag_select){ 0 }) == 0);
	CHECK(t.n_missing == 1 && t.text.len == 0);
	CHECK(walk(&root, EVERYTHING, &t, (struct dag_select){ .lazy = 1 }) == 0);
	CHECK(t.n_missing == 1 && t.n_blocks == 2);
	root = memdag_add(&dag, 1, 0x1234, span_str("?"));
	CHECK_ERR(walk(&root, MATCH, &t, (struct dag_select){ 0 }), ERR_UNSUPPORTED);
	root = sel_block(&dag, "{");
	CHECK_ERR(walk(&root, MATCH, &t, (struct dag_select){ 0 }), ERR_INVALID);
	CHECK(strstr(err_text(), cid_text(&root, a)) != NULL);
	CHECK_ERR(walk(&root, "{\"~\":{\"as\":\"unixfs\",\">\":" MATCH "}}", &t, (struct dag_select){ 0 }),
		  ERR_UNSUPPORTED);
	buf_clear(&t.text);
}

/* a chain of blocks, each with `pad` bytes and then the link */
static struct cid chain(int n, size_t pad)
{
	struct buf json = BUF_INIT(1 << 24);
	struct cid cid = memdag_add(&dag, 1, CID_RAW, span_str("end"));
	char a[CID_TEXT_MAX];
	size_t k;
	int i;

	for (i = 0; i < n; i++) {
		buf_reset(&json);
		buf_printf(&json, "[\"%d", i);
		for (k = 0; k < pad; k++)
			buf_u8(&json, 'x');
		buf_printf(&json, "\",{\"/\":\"%s\"},1]", cid_text(&cid, a));
		cid = sel_block(&dag, (char *)json.data);
	}
	buf_clear(&json);
	return cid;
}

/* blocks above the budget are read again on the way back, and not told again */
static void deep(void)
{
	struct told t = TOLD_INIT;
	struct cid cid;

	memdag_init(&dag);
	cid = chain(40, 1 << 20);
	CHECK(walk(&cid, EVERYTHING, &t, (struct dag_select){ 0 }) == 0);
	CHECK(t.n_blocks == 41);
	CHECK(dag.n_gets > 60 && dag.n_gets < 90);
	cid = chain(DAG_DEPTH_MAX - 1, 0);
	CHECK(walk(&cid, EVERYTHING, &t, (struct dag_select){ .once = 1 }) == 0);
	CHECK(t.n_blocks == DAG_DEPTH_MAX);
	cid = chain(DAG_DEPTH_MAX, 0);
	CHECK_ERR(walk(&cid, EVERYTHING, &t, (struct dag_select){ .once = 1 }), ERR_LIMIT);
	buf_clear(&t.text);
}

static void ready_made(void)
{
	struct told t = TOLD_INIT;
	struct dag_select opts = { .block = told_block, .node = told_node, .arg = &t };
	struct dag_selector *sel;
	struct cid root = shared_dag();

	NEED(dag_selector_all(&sel) == 0);
	CHECK(dag_select(&dag.source, &root, sel, &opts) == 0);
	CHECK_STR((char *)t.text.data, "+ +0 +0/0 +1 +2 +2/0");
	dag_selector_free(sel);
	buf_reset(&t.text);
	NEED(dag_selector_block(&sel) == 0);
	CHECK(dag_select(&dag.source, &root, sel, &opts) == 0);
	CHECK_STR((char *)t.text.data, "+");
	dag_selector_free(sel);
	buf_reset(&t.text);
	NEED(dag_selector_depth(2, &sel) == 0);
	CHECK(dag_select(&dag.source, &root, sel, &opts) == 0);
	CHECK_STR((char *)t.text.data, "+ +0 +1 +2");
	dag_selector_free(sel);
	CHECK_ERR(dag_selector_depth(0, &sel), ERR_USAGE);
	NEED(dag_selector_depth(UINT64_MAX, &sel) == 0);
	dag_selector_free(sel);
	NEED(dag_selector_entity(&sel) == 0);
	dag_selector_free(sel);
	NEED(dag_selector_bytes(-5, INT64_MAX, &sel) == 0);
	dag_selector_free(sel);
	buf_clear(&t.text);
}

int main(void)
{
	RUN(fixtures_of_the_specification);
	RUN(order_and_sets);
	RUN(recursion);
	RUN(unions_do_not_explode);
	RUN(stop_at_links);
	RUN(conditions);
	RUN(subsets);
	RUN(blocks_in_order);
	RUN(once_is_by_state);
	RUN(many_ways);
	RUN(blocks_that_are_not_there);
	RUN(deep);
	RUN(ready_made);
	return UNIT_END();
}
