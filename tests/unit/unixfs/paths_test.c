/* paths that go from block to block through nodes of every codec */
#include "car.h"

static struct memdag m;

static void load(void)
{
	memdag_init(&m);
	car_load(&m, "../ipld-paths/dag-cbor-traversal.car");
	car_load(&m, "../ipld-paths/dag-json-traversal.car");
	car_load(&m, "../ipld-paths/dir-with-dag-cbor-with-links.car");
}

/* "<cid>[/<rest>]" or the error */
static const char *place(const char *text, struct dag_source *src)
{
	static char out[2 * CID_TEXT_MAX];
	char cid[CID_TEXT_MAX];
	struct dag_place p;
	struct dag_path path;
	int rc = dag_path_parse(&path, text);

	if (rc == 0)
		rc = dag_resolve(src, &path.root, path.rest, path.ipld ? NULL : unixfs_names(), &p);
	if (rc < 0)
		snprintf(out, sizeof out, "!%s", err_text());
	else
		snprintf(out, sizeof out, "%s%s%s", cid_text(&p.cid, cid), *p.rest ? "/" : "", p.rest);
	dag_path_clear(&path);
	return out;
}

static void as_kubo_says(void)
{
	FILE *f = fopen("tests/golden/ipld-paths/paths.tsv", "r");
	char line[2048];
	int n = 0;

	NEED(f != NULL);
	load();
	while (fgets(line, sizeof line, f)) {
		char *want = strchr(line, '\t');
		const char *is;

		NEED(want != NULL);
		*want++ = 0;
		want[strcspn(want, "\n")] = 0;
		is = place(line, &m.source);
		if (!strcmp(want, "!"))
			CHECK(!strncmp(is, "!no link named \"", 16) || !strncmp(is, "!key not found: \"", 17));
		else
			CHECK_STR(is, want);
		n++;
	}
	fclose(f);
	CHECK(n == 42);
}

#define DOC "bafybeia264q44a3kmfc2otctzu4egp2k235o3t7mslz2yjraymp4nv6asi/document/"

static void values(void)
{
	struct cid doc = the_cid("bafyreidy4q6mmetut5jzc54ambsfnatbyoujmwbfzyyolqw24majazwgha");
	struct buf block = BUF_INIT(DAG_BLOCK_MAX), text = BUF_INIT(4096);
	struct dag_place p = { doc, "files" };
	struct node nd = NODE_INIT;
	struct cid cid;
	size_t at;

	load();
	NEED(dag_value(&m.source, &p, &block, &nd, &at) == 0 && nd.step[at].kind == NODE_MAP);
	CHECK(codec_encode(CID_DAG_JSON, &nd, at, &text) == 0);
	CHECK(strstr((char *)text.data, "{\"multiblock\":{\"/\":\"bafybei") == (char *)text.data);
	p.rest = "cats";
	CHECK(dag_value(&m.source, &p, &block, &nd, &at) == 0 && nd.step[at].kind == NODE_BOOL);
	p.rest = "";
	CHECK(dag_value(&m.source, &p, &block, &nd, &at) == 0 && at == 0);
	p.rest = "files/single";
	CHECK(dag_value(&m.source, &p, &block, &nd, &at) == 0 && nd.step[at].kind == NODE_LINK);
	p.rest = "files/single/x";
	CHECK_ERR(dag_value(&m.source, &p, &block, &nd, &at), ERR_USAGE);
	p.rest = "files/0";
	CHECK_ERR(dag_value(&m.source, &p, &block, &nd, &at), ERR_NOTFOUND);
	/* what wants a block is not content with a value */
	CHECK(unixfs_resolve(&m.source, DOC "files/single", &cid) == 0);
	CHECK_ERR(unixfs_resolve(&m.source, DOC "files", &cid), ERR_INVALID);
	CHECK(strstr(err_text(), "'files' inside block bafyreidy4q6m") != NULL);
	node_clear(&nd);
	buf_clear(&block);
	buf_clear(&text);
}

struct heard {
	int n;
	char names[4096];
};

static int hear(void *arg, const struct cid *cid, struct span bytes)
{
	struct heard *h = arg;
	char text[CID_TEXT_MAX];

	if (!bytes.p || h->n++ > 9)
		return ERR_INVALID;
	cid_text(cid, text);
	snprintf(h->names + strlen(h->names), sizeof h->names - strlen(h->names), "%.9s ",
		 text + strlen(text) - 9);
	return 0;
}

/* the blocks on the way, in order; not the one at its end */
static void blocks_on_the_way(void)
{
	struct heard h = { 0, "" };
	struct dag_tap tap, second;

	load();
	dag_tap_init(&tap, &m.source, hear, &h);
	place(DOC "files/single", &tap.source);
	CHECK_STR(h.names, "mp4nv6asi majazwgha ");
	CHECK(dag_tap_under(&tap.source) == &m.source && dag_tap_under(&m.source) == &m.source);
	car_load(&m, "single-layer-hamt-with-multi-block-files.car");
	h = (struct heard){ 0, "" };
	dag_tap_init(&second, &tap.source, hear, &h);
	place("bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i/470.txt", &second.source);
	CHECK(h.n == 4);		/* two blocks, told twice */
	CHECK(dag_tap_under(&second.source) == &m.source);
}

/* identity blocks are nodes like others, and heard of by taps */
static void inlined(void)
{
	char path[3 * CID_TEXT_MAX], text[CID_TEXT_MAX], json[2 * CID_TEXT_MAX];
	struct heard h = { 0, "" };
	struct dag_tap tap;
	struct span bytes;
	struct cid cid;

	memdag_init(&m);
	bytes = span_str("{\"a\":[true]}");
	NEED(cid_sum(&cid, 1, CID_DAG_JSON, MH_IDENTITY, &bytes, 1) == 0);
	dag_tap_init(&tap, &m.source, hear, &h);
	snprintf(path, sizeof path, "%s/a/0", cid_text(&cid, text));
	CHECK_STR(place(path, &tap.source), path);
	CHECK(h.n == 1);
	snprintf(json, sizeof json, "{\"l\":{\"/\":\"%s\"}}", text);
	cid = memdag_add(&m, 1, CID_DAG_JSON, span_str(json));
	snprintf(json, sizeof json, "%s/a", text);
	snprintf(path, sizeof path, "%s/l/a", cid_text(&cid, text));
	CHECK_STR(place(path, &tap.source), json);
	CHECK(h.n == 3);
}

static void limits(void)
{
	struct cid cid = memdag_add(&m, 1, CID_RAW, span_str("x"));
	char *path = unit_kept(2 * DAG_SEGMENTS_MAX + 8);
	struct dag_place p;
	int i;

	for (i = 0; i <= DAG_SEGMENTS_MAX; i++)
		memcpy(path + 2 * i, "a/", 3);
	CHECK_ERR(dag_resolve(&m.source, &cid, path, NULL, &p), ERR_LIMIT);
	path[2 * DAG_SEGMENTS_MAX] = 0;
	CHECK_ERR(dag_resolve(&m.source, &cid, path, NULL, &p), ERR_NOTFOUND);
}

int main(void)
{
	RUN(as_kubo_says);
	RUN(values);
	RUN(blocks_on_the_way);
	RUN(inlined);
	RUN(limits);
	return UNIT_END();
}
