#include "../dag/selectors.h"
#include "car.h"

static struct memdag m;

static int walk(const struct cid *root, const char *selector, struct told *t, struct dag_select opts)
{
	struct dag_selector *sel;
	int rc = sel_parse(selector, &sel);

	if (rc < 0)
		return rc;
	opts.block = told_block;
	opts.node = opts.lazy ? NULL : told_node;
	opts.missing = told_missing;
	opts.adls = unixfs_adls();
	opts.arg = t;
	buf_reset(&t->text);
	t->n_blocks = t->n_missing = 0;
	rc = dag_select(&m.source, root, sel, &opts);
	dag_selector_free(sel);
	return rc;
}

static void check(const struct cid *root, const char *selector, struct told *t, const char *want)
{
	int rc = walk(root, selector, t, (struct dag_select){ 0 });

	CHECK_STR(rc < 0 ? err_text() : t->text.len ? (char *)t->text.data : "", want);
}

#define AS(s) "{\"~\":{\"as\":\"unixfs\",\">\":" s "}}"
#define PRELOAD(s) "{\"~\":{\"as\":\"unixfs-preload\",\">\":" s "}}"
#define MATCH "{\".\":{}}"
#define PART(from, to) "{\".\":{\"subset\":{\"[\":" #from ",\"]\":" #to "}}}"

/* The ADL fixture: a file whose leaves are dag-json.  Its root is written in dag-json, too, and meant to
 * be taken for a dag-pb node, so it is made one here. */
static void fixture_of_the_specification(void)
{
	struct cid json = the_cid("baguqeeraqtdlrsukvrcgoxwerjocwrqcumwvblocx6fm5izwjus75ygmktla"), root;
	struct buf block = BUF_INIT(4096), pb = BUF_INIT(4096);
	struct told t = TOLD_INIT;
	struct node nd = NODE_INIT;

	memdag_init(&m);
	car_load(&m, "../ipld-selectors/selector-fixtures-adl.car");
	NEED(dag_get(&m.source, &json, &block) == 0);
	NEED(codec_decode(CID_DAG_JSON, buf_span(&block), 0, &nd) == 0);
	NEED(codec_encode(CID_DAG_PB, &nd, 0, &pb) == 0);
	root = memdag_add(&m, 1, CID_DAG_PB, buf_span(&pb));
	t.read = 1;
	check(&root, AS(PART(14, 42)), &t, "+=file chunk b\n\nfile chunk c\n\n");
	check(&root, AS(MATCH), &t, "+=file chunk a\n\nfile chunk b\n\nfile chunk c\n\nfile chunk d\n\n");
	CHECK(t.n_blocks == 5);
	node_clear(&nd);
	buf_clear(&block);
	buf_clear(&pb);
	buf_clear(&t.text);
}

/* five leaves of 10 bytes under two inner nodes and the root: 4 + 1 */
static struct cid file_of_50(void)
{
	static const uint64_t sizes[4] = { 10, 10, 10, 10 }, tops[2] = { 40, 10 };
	struct memdag_link leaf[5], top[2];
	char text[32];
	int i;

	memdag_init(&m);
	for (i = 0; i < 5; i++) {
		snprintf(text, sizeof text, "leaf %d....", i);
		leaf[i] = (struct memdag_link){ memdag_add(&m, 1, CID_RAW, span_str(text)), "", 10 };
	}
	top[0] = (struct memdag_link){ memdag_node(&m, 1, leaf, 4, message(UNIXFS_FILE, (struct span){ NULL, 0 },
									     40, sizes, 4)), "", 0 };
	top[1] = leaf[4];
	return memdag_node(&m, 1, top, 2, message(UNIXFS_FILE, (struct span){ NULL, 0 }, 50, tops, 2));
}

static void parts_of_files(void)
{
	struct told t = TOLD_INIT;
	struct cid root = file_of_50();

	t.read = 1;
	check(&root, AS(MATCH), &t, "+=leaf 0....leaf 1....leaf 2....leaf 3....leaf 4....");
	CHECK(t.n_blocks == 7);
	check(&root, AS(PART(8, 12)), &t, "+=..le");
	CHECK(t.n_blocks == 4);
	check(&root, AS(PART(20, 30)), &t, "+=leaf 2....");
	CHECK(t.n_blocks == 3);
	check(&root, AS(PART(-10, 9223372036854775807)), &t, "+=leaf 4....");
	CHECK(t.n_blocks == 2);
	check(&root, AS(PART(20, 20)), &t, "+=");
	CHECK(t.n_blocks == 1);
	check(&root, AS(PART(50, 60)), &t, "-");
	CHECK(t.n_blocks == 1);
	/* two parts, and the blocks of both, in their order */
	check(&root, AS("{\"|\":[" PART(40, 41) "," PART(0, 1) "]}"), &t, "+=l +=l");
	CHECK(t.n_blocks == 4);
	check(&root, AS("{\"a\":{\">\":" MATCH "}}"), &t, "-");	/* bytes have no children */
	check(&root, PRELOAD("{\"a\":{\">\":" MATCH "}}"), &t, "-");
	CHECK(t.n_blocks == 7);
	check(&root, PRELOAD(PART(0, 1)), &t, "+=l");
	CHECK(t.n_blocks == 7);
	t.read = 0;
	t.with_blocks = 1;
	CHECK(walk(&root, AS(PART(35, 45)), &t, (struct dag_select){ .lazy = 1 }) == 0);
	CHECK(t.n_blocks == 4);
	CHECK(strstr((char *)t.text.data, "][?][?]") != NULL);
	/* without another reading it is what its codec says */
	t.with_blocks = 0;
	check(&root, "{\"|\":[{\"f\":{\"f>\":{\"Data\":" MATCH "}}}," AS(MATCH) "]}", &t, "- +Data +");
	buf_clear(&t.text);
}

static void files_that_lie(void)
{
	static const uint64_t sizes[2] = { 10, 10 };
	struct memdag_link leaf[2];
	struct told t = TOLD_INIT;
	struct cid root;

	memdag_init(&m);
	leaf[0] = (struct memdag_link){ memdag_add(&m, 1, CID_RAW, span_str("0123456789")), "", 10 };
	leaf[1] = leaf[0];
	root = memdag_node(&m, 1, leaf, 2, message(UNIXFS_FILE, (struct span){ NULL, 0 }, 21, sizes, 2));
	CHECK_ERR(walk(&root, AS(PART(3, 4)), &t, (struct dag_select){ 0 }), ERR_INVALID);
	CHECK(walk(&root, AS(MATCH), &t, (struct dag_select){ 0 }) == 0);
	root = memdag_node(&m, 1, leaf, 2, message(UNIXFS_FILE, (struct span){ NULL, 0 }, 20, sizes, 1));
	CHECK_ERR(walk(&root, AS(PART(3, 4)), &t, (struct dag_select){ 0 }), ERR_INVALID);
	/* a directory inside a file */
	leaf[1].cid = memdag_node(&m, 1, NULL, 0, unit_hex("0801"));
	root = memdag_node(&m, 1, leaf, 2, message(UNIXFS_FILE, (struct span){ NULL, 0 }, 20, sizes, 2));
	CHECK_ERR(walk(&root, AS(MATCH), &t, (struct dag_select){ 0 }), ERR_INVALID);
	leaf[1].cid = memdag_node(&m, 1, NULL, 0, (struct span){ NULL, 0 });
	root = memdag_node(&m, 1, leaf, 2, message(UNIXFS_FILE, (struct span){ NULL, 0 }, 20, sizes, 2));
	CHECK_ERR(walk(&root, AS(MATCH), &t, (struct dag_select){ 0 }), ERR_INVALID);
	buf_clear(&t.text);
}

static void directories(void)
{
	struct told t = TOLD_INIT;
	struct cid root = the_cid("bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy");

	memdag_init(&m);
	car_load(&m, "dir-with-files.car");
	check(&root, AS("{\"a\":{\">\":" MATCH "}}"), &t, "- +ascii-copy.txt +ascii.txt +hello.txt +multiblock.txt");
	check(&root, AS("{\"f\":{\"f>\":{\"hello.txt\":" MATCH ",\"nope\":" MATCH "}}}"), &t, "- +hello.txt");
	check(&root, AS("{\"f\":{\"f>\":{\"multiblock.txt\":" AS(PART(0, 100)) "}}}"), &t, "- +multiblock.txt");
	CHECK(t.n_blocks == 3);
	check(&root, AS("{\"i\":{\"i\":0,\">\":" MATCH "}}"), &t, "-");
	check(&root, AS("{\"|\":[" MATCH ",{\"R\":{\"l\":{\"depth\":1},\":>\":" ALL_FURTHER "}}]}"), &t, "+");
	CHECK(t.n_blocks == 1);
	buf_clear(&t.text);
}

static void sharded_directories(void)
{
	struct cid root = the_cid("bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i");
	struct told t = TOLD_INIT;
	struct dag_select opts = { .node = NULL, .block = told_block, .arg = &t, .adls = unixfs_adls(), .lazy = 1 };
	struct dag_selector *sel;
	int shards;

	memdag_init(&m);
	car_load(&m, "single-layer-hamt-with-multi-block-files.car");
	NEED(dag_selector_entity(&sel) == 0);		/* every shard, and no entry */
	CHECK(dag_select(&m.source, &root, sel, &opts) == 0);
	shards = t.n_blocks;
	dag_selector_free(sel);
	CHECK(shards > 100 && shards < 257);
	CHECK(walk(&root, PRELOAD(MATCH), &t, (struct dag_select){ 0 }) == 0);
	CHECK(t.n_blocks == shards);
	CHECK(walk(&root, PRELOAD("{\"|\":[" MATCH ",{\"R\":{\"l\":{\"depth\":1},\":>\":" ALL_FURTHER "}}]}"), &t,
		   (struct dag_select){ 0 }) == 0);
	CHECK(t.n_blocks == shards);			/* they are not loaded again */
	check(&root, AS("{\"f\":{\"f>\":{\"470.txt\":" MATCH "}}}"), &t, "- +470.txt");
	CHECK(t.n_blocks == 3);				/* root, shard, the file's */
	check(&root, AS("{\"f\":{\"f>\":{\"1001.txt\":" MATCH "}}}"), &t, "-");
	buf_clear(&t.text);
}

static void what_is_neither(void)
{
	struct memdag_link l[2] = { { .name = "a" }, { .name = "b" } };
	struct told t = TOLD_INIT;
	struct cid root;

	memdag_init(&m);
	l[0].cid = l[1].cid = memdag_add(&m, 1, CID_RAW, span_str("x"));
	root = memdag_node(&m, 1, l, 2, (struct span){ NULL, 0 });	/* by the names of its links */
	check(&root, AS("{\"a\":{\">\":" MATCH "}}"), &t, "- +a +b");
	check(&root, AS("{\"f\":{\"f>\":{\"b\":" MATCH "}}}"), &t, "- +b");
	root = memdag_add(&m, 1, CID_RAW, span_str("text"));		/* and of another codec, as it is */
	t.with_values = 1;
	check(&root, AS(PART(1, 3)), &t, "+={\"/\":{\"bytes\":\"ZXg\"}}");
	root = sel_block(&m, "{\"k\":[1]}");
	t.with_values = 0;
	check(&root, AS("{\"f\":{\"f>\":{\"k\":" AS("{\"a\":{\">\":" MATCH "}}") "}}}"), &t, "- -k +k/0");
	/* the edge comes back to the clause itself: once is enough */
	check(&root, "{\"R\":{\"l\":{\"none\":{}},\":>\":" AS("{\"|\":[{\"@\":{}}," MATCH "]}") "}}", &t, "+");
	buf_clear(&t.text);
}

static void parts_that_are_not_there(void)
{
	struct told t = TOLD_INIT;
	struct cid root = the_cid("QmYhmPjhFjYFyaoiuNzYv8WGavpSRDwdHWe5B4M5du5Rtk");

	memdag_init(&m);
	car_load(&m, "file-3k-and-3-blocks-missing-block.car");
	CHECK_ERR(walk(&root, AS(MATCH), &t, (struct dag_select){ 0 }), ERR_NOTFOUND);
	CHECK(walk(&root, AS(PART(0, 1024)), &t, (struct dag_select){ 0 }) == 0);
	CHECK(t.n_blocks == 2);
	CHECK(walk(&root, AS(PART(2048, 3072)), &t, (struct dag_select){ 0 }) == 0);
	CHECK(t.n_blocks == 2);
	t.skip_missing = 1;
	CHECK(walk(&root, AS(MATCH), &t, (struct dag_select){ 0 }) == 0);
	CHECK(t.n_blocks == 3 && t.n_missing == 1);
	CHECK(walk(&root, AS(MATCH), &t, (struct dag_select){ .lazy = 1, .once = 1 }) == 0);
	CHECK(t.n_blocks == 3 && t.n_missing == 1);
	buf_clear(&t.text);
}

int main(void)
{
	RUN(fixture_of_the_specification);
	RUN(parts_of_files);
	RUN(files_that_lie);
	RUN(directories);
	RUN(sharded_directories);
	RUN(what_is_neither);
	RUN(parts_that_are_not_there);
	return UNIT_END();
}
