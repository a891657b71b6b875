/* sibling_test - files that are compressed already beside those they stand for */
#include "ask.h"

#define CODED(coding) "accept-encoding: " coding "\n"

struct entry { const char *name, *text; };

static const struct entry files[] = {
	{ "a.js", "plain js" }, { "a.js.br", "B" }, { "a.js.gz", "GZIP" }, { "a.js.zst", "ZS" },
	{ "b.css", "plain css" }, { "b.css.gz", "GZ" },
	{ "c.txt", "plain c" }, { "c.txt.br", "" }, { "c.txt.zst", NULL },
	{ "d.bin", "plain d" }, { "d.bin.zst", "Z" },
	{ "index.html", "<p>plain</p>" }, { "index.html.br", "IB" },
	{ "lone", "<!DOCTYPE html>no name" }, { "lone.br", "LB" },
	{ NULL, NULL }
};

static char root[CID_TEXT_MAX];

/* the CID of a file's text, and the file; without text one whose block is not here */
static void file(const char *text, struct unixfs_node *n)
{
	struct span bytes = span_str(text ? text : "absent, for ever");
	struct ops_block_put put;

	ops_block_put_init(&put);
	*n = (struct unixfs_node){ .size = bytes.len, .tsize = bytes.len, .type = UNIXFS_RAW };
	if ((text ? ops_block_put_bytes(ask_now.st, &put, bytes, &n->cid)
		  : cid_sum(&n->cid, 1, CID_RAW, MH_SHA2_256, &bytes, 1)) < 0)
		abort();
}

static const char *tag(const char *text, const char *coding)
{
	char *out = unit_kept(CID_TEXT_MAX + 16), cid[CID_TEXT_MAX];
	struct unixfs_node n;

	file(text, &n);
	snprintf(out, CID_TEXT_MAX + 16, "\"%s%s%s\"", cid_text(&n.cid, cid), *coding ? "." : "", coding);
	return out;
}

static void make(const struct entry *e, int hamt)
{
	struct unixfs_node n, top;
	struct unixfs_builder *b;
	struct unixfs_opts o;
	struct unixfs_dir *d;
	int rc = 0;

	unixfs_opts_init(&o);
	o.cid_version = 1;
	o.hamt_threshold = hamt ? 1 : 0;
	if (unixfs_opts_finish(&o, 0) < 0 || unixfs_builder_new(&b, &o, store_sink(ask_now.st), NULL) < 0 ||
	    unixfs_dir_new(&d, b, NULL) < 0)
		abort();
	for (; rc == 0 && e->name; e++) {
		file(e->text, &n);
		rc = unixfs_dir_add(d, span_str(e->name), &n);
	}
	if (rc < 0 || unixfs_dir_end(d, &top) < 0 || store_commit(ask_now.st) < 0)
		abort();
	unixfs_builder_free(b);
	cid_text(&top.cid, root);
}

static int get(const char *path, const char *fields)
{
	char *target = unit_kept(CID_TEXT_MAX + 100);

	snprintf(target, CID_TEXT_MAX + 100, "/ipfs/%s/%s", root, path);
	return ask_with(target, fields);
}

static int is_plain(const char *path, const char *fields, const char *text)
{
	return get(path, fields) == 200 && !ask_field("content-encoding") && ask_now.heard.len == strlen(text) &&
	       !strcmp(ask_body(), text);
}

static int is_coded(const char *path, const char *fields, const char *coding, const char *text)
{
	return get(path, fields) == 200 && ask_field_is("content-encoding", coding) &&
	       ask_field_is("etag", tag(text, coding)) && ask_field_is("vary", "Accept-Encoding") &&
	       !ask_field("accept-ranges") && ask_now.heard.len == strlen(text) && !strcmp(ask_body(), text);
}

static void setup(const char *config, int hamt)
{
	ask_open(config);
	make(files, hamt);
}

static void the_one_the_client_likes(void)
{
	CHECK(is_coded("a.js", CODED("gzip, br, zstd"), "br", "B"));
	CHECK(ask_field_is("content-type", "text/javascript; charset=utf-8"));
	CHECK(ask_field_is("cache-control", "public, max-age=29030400, immutable"));
	CHECK(ask_field_has("x-ipfs-path", "/a.js") && !ask_field("content-disposition"));
	CHECK(is_coded("a.js", CODED("gzip;q=0.9, br;q=0.5"), "gzip", "GZIP"));
	CHECK(is_coded("a.js", CODED("zstd, gzip, br;q=0"), "zstd", "ZS"));
	CHECK(is_coded("a.js", CODED("*"), "br", "B"));
	CHECK(is_coded("a.js", "accept-encoding: gzip\naccept-encoding: br\n", "br", "B"));
	CHECK(is_plain("a.js", CODED("identity, gzip;q=0.5"), "plain js"));
	CHECK(is_plain("a.js", CODED("deflate, compress"), "plain js") && is_plain("a.js", CODED(""), "plain js"));
	CHECK(is_plain("a.js", NULL, "plain js") && ask_field_is("etag", tag("plain js", "")));
	/* what is liked best is not there: the next */
	CHECK(is_coded("b.css", CODED("br, gzip"), "gzip", "GZ"));
	CHECK(is_plain("b.css", CODED("br, zstd"), "plain css"));
	/* whatever the type: its being there is the author's word */
	CHECK(is_coded("d.bin", CODED("zstd"), "zstd", "Z") && ask_field_is("content-type", "application/octet-stream"));
	CHECK(is_coded("lone", CODED("br"), "br", "LB") && ask_field_is("content-type", "text/html"));
}

/* others may get another answer, whether this client does or not; where names do not tell, when that is seen */
static void caches_are_told(void)
{
	CHECK(is_plain("b.css", NULL, "plain css") && ask_field_is("vary", "Accept-Encoding"));
	CHECK(get("b.css", CODED("gzip") "range: bytes=0-0\n") == 206 && ask_field_is("vary", "Accept-Encoding"));
	CHECK(is_plain("d.bin", NULL, "plain d") && !ask_field("vary"));
	CHECK(is_plain("b.css?download=true", CODED("gzip"), "plain css") && !ask_field("vary"));
}

static void heads(void)
{
	char target[CID_TEXT_MAX + 32];

	snprintf(target, sizeof target, "/ipfs/%s/a.js", root);
	CHECK(ask("HEAD", target, "127.0.0.1", CODED("gzip")) == 200 && ask_now.heard.len == 4 && !ask_now.heard.body.len);
	CHECK(ask_field_is("content-encoding", "gzip") && ask_field_is("etag", tag("GZIP", "gzip")));
}

/* empty, not here, denied, no file: as if it were not there */
static void siblings_that_cannot_be_sent(void)
{
	CHECK(is_plain("c.txt", CODED("br"), "plain c") && is_plain("c.txt", CODED("zstd"), "plain c"));
	CHECK(is_plain("c.txt", CODED("br, zstd, gzip"), "plain c"));
}

static void not_where_bytes_are_asked_for(void)
{
	static const char br[] = CODED("br");

	CHECK(get("a.js", CODED("br") "range: bytes=0-4\n") == 206 && !strcmp(ask_body(), "plain"));
	CHECK(!ask_field("content-encoding") && ask_field_is("etag", tag("plain js", "")));
	CHECK(get("a.js?range=0-4", br) == 200 && !strcmp(ask_body(), "plain") && !ask_field("content-encoding"));
	CHECK(is_plain("a.js?download=true", br, "plain js") && is_plain("a.js?format=raw", br, "plain js"));
	CHECK(is_plain("a.js", CODED("br") "accept: application/vnd.ipld.raw\n", "plain js"));
	CHECK(is_plain("a.js", CODED("br") "cache-control: no-cache, no-transform\n", "plain js"));
	CHECK(is_plain("a.js.br", br, "B") && is_plain("a.js.gz", CODED("gzip"), "GZIP"));
	/* a name in the query is a name to save under and no other file */
	CHECK(is_coded("a.js?filename=b.css", br, "br", "B") && ask_field_is("content-type", "text/css; charset=utf-8"));
	CHECK(is_plain("b.css?filename=a.js", br, "plain css"));
}

static void a_root_has_no_siblings(void)
{
	struct unixfs_node n;
	char target[CID_TEXT_MAX + 32], text[CID_TEXT_MAX];

	file("plain js", &n);
	snprintf(target, sizeof target, "/ipfs/%s", cid_text(&n.cid, text));
	CHECK(ask_with(target, CODED("br")) == 200 && !strcmp(ask_body(), "plain js") && !ask_field("content-encoding"));
}

static int get_if(const char *field, const char *etag, const char *coding)
{
	char fields[2 * CID_TEXT_MAX];

	snprintf(fields, sizeof fields, "accept-encoding: %s\n%s: %s\n", coding, field, etag);
	return get("a.js", fields);
}

static void conditions(void)
{
	CHECK(get_if("if-none-match", tag("B", "br"), "br") == 304 && ask_field_is("etag", tag("B", "br")));
	CHECK(ask_field_is("vary", "Accept-Encoding") && ask_field_has("cache-control", "immutable"));
	CHECK(!ask_field("content-encoding") && !ask_now.heard.body.len);
	/* the file itself is as good, and the answer says which of them is meant */
	CHECK(get_if("if-none-match", tag("plain js", ""), "br") == 304 && ask_field_is("etag", tag("plain js", "")));
	CHECK(get_if("if-none-match", "*", "br") == 304 && ask_field_is("etag", tag("B", "br")));
	CHECK(get_if("if-none-match", tag("GZIP", "gzip"), "br") == 200 && !strcmp(ask_body(), "B"));
	CHECK(get_if("if-none-match", tag("B", "br"), "identity") == 200 && !strcmp(ask_body(), "plain js"));
	CHECK(get_if("if-match", tag("B", "br"), "br") == 200 && ask_field_is("etag", tag("B", "br")));
	CHECK(get_if("if-match", tag("plain js", ""), "br") == 200 && ask_field_is("etag", tag("B", "br")));
	CHECK(ask_field_is("content-encoding", "br") && !strcmp(ask_body(), "B"));
	CHECK(get_if("if-match", "\"other\"", "br") == 412 && !ask_field("content-encoding"));
}

static void index_pages(void)
{
	CHECK(is_coded("", CODED("br"), "br", "IB") && ask_field_is("content-type", "text/html"));
	CHECK(is_plain("", CODED("gzip"), "<p>plain</p>") && ask_field_has("etag", root));
	CHECK(get("", CODED("br") "range: bytes=0-2\n") == 206 && !strcmp(ask_body(), "<p>"));
	CHECK(is_coded("index.html", CODED("br"), "br", "IB"));
}

static void names_that_lead_to_files(void)
{
	struct buf names = BUF_INIT(4096);

	ask_open("");			/* the CID does not change with the store */
	make(files, 0);
	CHECK(buf_printf(&names, "gateway.names = a.example:/ipfs/%s/a.js,d.example:/ipfs/%s\n", root, root) == 0);
	ask_open((char *)names.data);
	make(files, 0);
	CHECK(ask("GET", "/ipns/a.example", "127.0.0.1", CODED("br")) == 200 && !strcmp(ask_body(), "B"));
	CHECK(ask_field_is("content-encoding", "br") && !ask_field("cache-control"));
	CHECK(ask("GET", "/a.js", "d.example", CODED("gzip")) == 200 && !strcmp(ask_body(), "GZIP"));
	buf_clear(&names);
}

static void only_if_they_are_wanted(void)
{
	setup("gateway.precompressed = no\n", 0);
	CHECK(is_plain("a.js", CODED("br"), "plain js") && !ask_field("vary"));
	CHECK(is_plain("", CODED("br"), "<p>plain</p>"));
}

static void denied_ones(void)
{
	char path[4096], config[4200], cid[CID_TEXT_MAX];
	struct unixfs_node n;
	FILE *f;

	file("B", &n);
	snprintf(path, sizeof path, "%s/deny", unit_tmpdir());
	snprintf(config, sizeof config, "gateway.deny = %s\n", path);
	f = fopen(path, "w");
	NEED(f);
	fprintf(f, "/ipfs/%s\n", cid_text(&n.cid, cid));
	fclose(f);
	setup(config, 0);
	CHECK(is_coded("a.js", CODED("br, gzip"), "gzip", "GZIP") && is_plain("a.js", CODED("br"), "plain js"));
}

int main(void)
{
	setup("", 0);
	RUN(the_one_the_client_likes);
	RUN(caches_are_told);
	RUN(heads);
	RUN(siblings_that_cannot_be_sent);
	RUN(not_where_bytes_are_asked_for);
	RUN(a_root_has_no_siblings);
	RUN(conditions);
	RUN(index_pages);
	setup("", 1);
	RUN(the_one_the_client_likes);
	RUN(index_pages);
	RUN(names_that_lead_to_files);
	RUN(only_if_they_are_wanted);
	RUN(denied_ones);
	ask_close();
	return UNIT_END();
}
