/* listing_test.c - what is in a directory: the fragments others look for, and names that mean harm */
#include "form.h"
#include "tests/unit/memdag.h"

#define ROOT "bafybeig6ka5mlwkl4subqhaiatalkcleo4jgnr3hqwvpmsqfca27cijp3i"
#define FILE_CID "bafkreialihlqnf5uwo4byh4n3cmwlntwqzxxs2fg5vanqdi3d7tb2l5xkm"
#define DIR_PATH "/ipfs/" ROOT "/\xc4\x85/\xc4\x99/"

static struct cid at(const char *rest)
{
	struct cid root, out;
	char path[256];

	snprintf(path, sizeof path, "/ipfs/" ROOT "%s", rest);
	if (cid_parse(span_str(ROOT), &root, NULL) < 0 || unixfs_resolve(store_source(ask_now.st), path, &out) < 0)
		abort();
	return out;
}

static void fixture(void)
{
	form_open();
	ask_import("tests/golden/gateway/path-gateway-tar.car");
}

/* cases 001, 003 of the conformance suite */
static void on_a_path_gateway(void)
{
	struct form f = { .path = "/ipfs/" ROOT "/", .cid = ROOT };

	fixture();
	CHECK(form(&f, gw_listing) == 200 && ask_now.heard.rc == 1);
	CHECK(form_has("Index of"));
	CHECK(!strstr(ask_body(), ">..</a>"));
	CHECK(ask_field_is("content-type", "text/html"));
	CHECK(ask_field_is("cache-control", "public, max-age=604800, stale-while-revalidate=2678400"));
	CHECK(form_has("<a href=\"/ipfs/" ROOT "/ipfs\">ipfs</a>"));
	CHECK(ask_now.heard.len == ask_now.heard.body.len);
	f = (struct form){ .path = DIR_PATH, .of = at("/\xc4\x85/\xc4\x99") };
	CHECK(form(&f, gw_listing) == 200);
	CHECK(ask_field_has("etag", "\"DirIndex-"));
	CHECK(form_has("/ipfs/<a href=\"/ipfs/" ROOT "\">" ROOT "</a>/<a href=\"/ipfs/" ROOT
		       "/%C4%85\">\xc4\x85</a>/<a href=\"/ipfs/" ROOT "/%C4%85/%C4%99\">\xc4\x99</a>"));
	CHECK(form_has("<a href=\"/ipfs/" ROOT "/%C4%85/%C4%99/..\">..</a>"));
	CHECK(form_has("<a href=\"/ipfs/" ROOT "/%C4%85/%C4%99/file-%C5%BA%C5%82.txt\">file-\xc5\xba\xc5\x82.txt</a>"));
	CHECK(form_has("<a class=\"ipfs-hash\" translate=\"no\" href=\"/ipfs/" FILE_CID
		       "?filename=file-%25C5%25BA%25C5%2582.txt\">bafk\xe2\x80\xa6" "5xkm</a>"));
	CHECK(form_has("</html>"));
}

/* cases 196, 198 */
static void on_a_subdomain(void)
{
	struct form f = { .path = "/ipfs/" ROOT "/", .web = "/", .cid = ROOT, .view = GW_SUBDOMAIN,
			  .gw_host = "example.com:8080", .host = ROOT ".ipfs.example.com:8080" };

	fixture();
	CHECK(form(&f, gw_listing) == 200);
	CHECK(!strstr(ask_body(), ">..</a>"));
	CHECK(form_has("<a href=\"/ipns\">ipns</a>"));
	f.path = DIR_PATH;
	f.web = "/\xc4\x85/\xc4\x99/";
	f.cid = NULL;
	f.of = at("/\xc4\x85/\xc4\x99");
	CHECK(form(&f, gw_listing) == 200);
	CHECK(form_has("<a href=\"/%C4%85/%C4%99/..\">..</a>"));
	CHECK(form_has("/ipfs/<a href=\"//example.com:8080/ipfs/" ROOT "\">" ROOT "</a>/<a href=\"//example.com:8080/ipfs/"
		       ROOT "/%C4%85\">\xc4\x85</a>/<a href=\"//example.com:8080/ipfs/" ROOT
		       "/%C4%85/%C4%99\">\xc4\x99</a>"));
	CHECK(form_has("<a href=\"/%C4%85/%C4%99/file-%C5%BA%C5%82.txt\">file-\xc5\xba\xc5\x82.txt</a>"));
	CHECK(form_has("<a class=\"ipfs-hash\" translate=\"no\" href=\"//example.com:8080/ipfs/" FILE_CID
		       "?filename=file-%25C5%25BA%25C5%2582.txt\">"));
}

/* cases 244, 246 */
static void of_a_dns_name(void)
{
	struct form f = { .path = "/ipns/dnslink-dir-listing.example.org/", .web = "/", .cid = ROOT,
			  .view = GW_DNSLINK, .host = "dnslink-dir-listing.example.org", .mutable_path = 1 };

	fixture();
	CHECK(form(&f, gw_listing) == 200);
	CHECK(!strstr(ask_body(), ">..</a>"));
	CHECK(ask_field_is("cache-control", NULL));
	f.path = "/ipns/dnslink-dir-listing.example.org/\xc4\x85/\xc4\x99/";
	f.web = "/\xc4\x85/\xc4\x99/";
	f.cid = NULL;
	f.of = at("/\xc4\x85/\xc4\x99");
	CHECK(form(&f, gw_listing) == 200);
	CHECK(form_has("<a href=\"/%C4%85/%C4%99/..\">..</a>"));
	CHECK(form_has("/ipns/<a href=\"//dnslink-dir-listing.example.org/\">dnslink-dir-listing.example.org</a>/"
		       "<a href=\"//dnslink-dir-listing.example.org/%C4%85\">\xc4\x85</a>/"
		       "<a href=\"//dnslink-dir-listing.example.org/%C4%85/%C4%99\">\xc4\x99</a>"));
	CHECK(form_has("<a href=\"/%C4%85/%C4%99/file-%C5%BA%C5%82.txt\">file-\xc5\xba\xc5\x82.txt</a>"));
	CHECK(form_has("<a class=\"ipfs-hash\" translate=\"no\" href=\"https://cid.ipfs.tech/#" FILE_CID
		       "\" target=\"_blank\" rel=\"noreferrer noopener\">"));
}

/* ---- directories of our own ---- */

static struct memdag mem;

static struct cid dir_of(const char *const *names, size_t n)
{
	static const uint8_t folder[] = { 0x08, 0x01 };
	struct memdag_link *links = unit_kept((n + 1) * sizeof *links);
	size_t i;

	for (i = 0; i < n; i++)
		links[i] = (struct memdag_link){ memdag_add(&mem, 1, CID_RAW, span_str(names[i])), names[i], 1500 };
	return memdag_node(&mem, 1, links, n, span_of(folder, sizeof folder));
}

static void own(void)
{
	form_open();
	memdag_init(&mem);
	ask_now.src = &mem.source;
}

static void names_that_mean_harm(void)
{
	static const char *const names[] = {
		"<script>alert(1)</script>", "\" onmouseover=\"alert(1)", "'&lt;", "a&b=c?d#e%20f", "..", ".", "",
		"a/b", "//evil.example", "javascript:alert(1)", "\\\\evil", "x\x01\n\ty", "bad \xff\xfe utf-8",
		("\xe2\x80\xae" "gpj.exe")
	};
	struct form f = { .path = "/ipfs/" ROOT "/", };

	own();
	f.of = dir_of(names, sizeof names / sizeof *names);
	CHECK(form(&f, gw_listing) == 200);
	CHECK(!strstr(ask_body(), "<script") && !strstr(ask_body(), "\" onmouseover"));
	CHECK(form_has("<span class=\"odd\">&lt;script&gt;alert(1)&lt;/script&gt;</span>"));
	CHECK(form_has("/%22%20onmouseover=%22alert%281%29\">&#34; onmouseover=&#34;alert(1)</a>"));
	CHECK(form_has("/%27&amp;lt;\">&#39;&amp;lt;</a>"));
	CHECK(form_has("/a&amp;b=c%3Fd%23e%2520f\">a&amp;b=c?d#e%20f</a>"));
	/* no path leads to these: only their CIDs are links */
	CHECK(form_has("<span class=\"odd\">..</span>") && form_has("<span class=\"odd\">.</span>"));
	CHECK(form_has("<span class=\"odd\">(no name)</span>") && form_has("<span class=\"odd\">a/b</span>"));
	CHECK(form_has("<span class=\"odd\">//evil.example</span>"));
	CHECK(form_has("\"/ipfs/" ROOT "/javascript:alert%281%29\""));
	CHECK(form_has("\"/ipfs/" ROOT "/%5C%5Cevil\""));
	CHECK(form_has("/x%01%0A%09y\">x\xe2\x90\x81\xe2\x90\x8a\xe2\x90\x89y</a>"));
	CHECK(form_has("/bad%20%FF%FE%20utf-8\">bad \xef\xbf\xbd\xef\xbf\xbd utf-8</a>"));
	CHECK(form_has("/%E2%80%AEgpj.exe\">\xef\xbf\xbdgpj.exe</a>"));
	CHECK(ask_field_has("content-security-policy", "default-src 'none'"));
	/* in JSON they are what they are, but for bytes that are no text */
	f.query = "list=json";
	CHECK(form(&f, gw_listing) == 200);
	CHECK(form_has("{\"name\":\"<script>alert(1)</script>\",\"cid\":\"bafk") || form_has("\"name\":\"\\u003cscript"));
	CHECK(form_has("\"name\":\"x\\u0001\\n\\ty\""));
}

static void an_empty_one(void)
{
	struct form f = { .path = "/ipfs/" ROOT "/", };

	own();
	f.of = dir_of(NULL, 0);
	CHECK(form(&f, gw_listing) == 200);
	CHECK(form_has("This directory is empty."));
	f.query = "list=json";
	CHECK(form(&f, gw_listing) == 200);
	CHECK(form_has("\"entries\":[\n],\"count\":0,\"next\":null}"));
	f.query = "list=jsonl";
	CHECK(form(&f, gw_listing) == 200 && ask_now.heard.body.len == 0 && ask_now.heard.len == 0);
}

static void as_json(void)
{
	static const char *const names[] = { "a", "b c" };
	struct form f = { .path = "/ipfs/" ROOT "/", .query = "list=json" };
	char html[256], json[256];

	own();
	f.of = dir_of(names, 2);
	CHECK(form(&f, gw_listing) == 200 && ask_field_is("content-type", "application/json"));
	snprintf(json, sizeof json, "%s", ask_field("etag"));
	CHECK(form_has("{\"path\":\"/ipfs/" ROOT "/\",\"cid\":\"bafybei"));
	CHECK(form_has("\"page\":1,\"entries\":[\n{\"name\":\"a\",\"cid\":\"bafkreig"));
	CHECK(form_has(",\"size\":1500},\n{\"name\":\"b c\""));
	CHECK(form_has("\n],\"count\":2,\"next\":null}\n"));
	f.query = NULL;
	f.format = GW_JSON;
	CHECK(form(&f, gw_listing) == 200 && ask_field_is("content-type", "application/json"));
	f.query = "list=jsonl";
	CHECK(form(&f, gw_listing) == 200 && ask_field_is("content-type", "application/x-ndjson"));
	f.format = GW_NONE;
	CHECK(!strncmp(ask_body(), "{\"name\":\"a\"", 11) && form_has("}\n{\"name\":\"b c\""));
	f.query = "list=other";
	CHECK(form(&f, gw_listing) == 200 && ask_field_is("content-type", "text/html"));
	snprintf(html, sizeof html, "%s", ask_field("etag"));
	CHECK(strcmp(html, json));
	CHECK(form_has("2 entries, 2.93 KiB"));
}

static void in_pages(void)
{
	static const char *const names[] = { "n1", "n2", "n3", "n4", "n5" };
	struct form f = { .path = "/ipfs/" ROOT "/", .page = 2 };

	own();
	f.of = dir_of(names, 5);
	CHECK(form(&f, gw_listing) == 200);
	CHECK(form_has(">n2</a>") && !strstr(ask_body(), ">n3</a>"));
	CHECK(form_has("<a rel=\"next\" href=\"?page=2\">") && !strstr(ask_body(), "rel=\"prev\""));
	f.query = "page=2";
	CHECK(form(&f, gw_listing) == 200);
	CHECK(form_has(">n3</a>") && form_has(">n4</a>") && !strstr(ask_body(), ">n2</a>"));
	CHECK(form_has("Entries 3 to 4, 2.93 KiB"));
	CHECK(form_has("<a rel=\"prev\" href=\"?page=1\">") && form_has("<a rel=\"next\" href=\"?page=3\">"));
	f.query = "list=jsonl";
	CHECK(form(&f, gw_listing) == 200 && form_has("\"n1\"") && form_has("\"n5\""));
	f.query = "list=jsonl&page=2";
	CHECK(form(&f, gw_listing) == 200 && form_has("\"n3\"") && form_has("\"n4\"") && !strstr(ask_body(), "\"n5\""));
	f.query = "page=3";
	CHECK(form(&f, gw_listing) == 200);
	CHECK(form_has(">n5</a>") && !strstr(ask_body(), "rel=\"next\""));
	f.query = "page=2&list=json";
	CHECK(form(&f, gw_listing) == 200 && form_has("\"count\":2,\"next\":\"?list=json&page=3\"}"));
	f.query = "page=4";
	CHECK(form(&f, gw_listing) == 404 && ask_field_is("etag", NULL));
	f.query = "page=0";
	CHECK(form(&f, gw_listing) == 400);
	f.query = "page=x";
	CHECK(form(&f, gw_listing) == 400);
	f.query = "page=18446744073709551615";
	CHECK(form(&f, gw_listing) == 400);
	f.page = 0;			/* not in pages: the argument means nothing */
	CHECK(form(&f, gw_listing) == 200 && form_has(">n5</a>") && form_has(">n1</a>"));
}

static void conditions_and_head(void)
{
	static const char *const names[] = { "a" };
	struct form f = { .path = "/ipfs/" ROOT "/", };
	char fields[256];

	own();
	f.of = dir_of(names, 1);
	CHECK(form(&f, gw_listing) == 200);
	snprintf(fields, sizeof fields, "if-none-match: W/%s", ask_field("etag"));
	f.fields = fields;
	CHECK(form(&f, gw_listing) == 304 && ask_now.heard.body.len == 0 && ask_now.heard.rc == 1);
	f.fields = NULL;
	f.head = 1;
	CHECK(form(&f, gw_listing) == 200 && ask_now.heard.body.len == 0 && ask_field_is("content-type", "text/html"));
}

static void a_block_is_missing(void)
{
	struct form f = { .path = "/ipfs/" ROOT "/", .cid = ROOT };

	own();				/* with nothing in it */
	CHECK(form(&f, gw_listing) == 404 && ask_now.heard.rc == 1);
	CHECK(ask_field_is("etag", NULL) && ask_field_is("cache-control", NULL));
	CHECK(form_has("404") && form_has("</html>"));
}

/* ---- large ones ---- */

enum { MANY = 20000 };

static struct cid hamt(void)
{
	struct unixfs_builder *b = NULL;
	struct unixfs_opts o;
	struct unixfs_dir *d = NULL;
	struct unixfs_node file, out = { 0 };
	char name[64];
	int i, rc;

	unixfs_opts_init(&o);
	rc = unixfs_opts_finish(&o, 0);
	if (rc == 0)
		rc = unixfs_builder_new(&b, &o, &mem.sink, NULL);
	if (rc == 0)
		rc = unixfs_dir_new(&d, b, NULL);
	file = (struct unixfs_node){ .cid = memdag_add(&mem, 1, CID_RAW, span_str("x")), .tsize = 1, .size = 1 };
	for (i = 0; rc == 0 && i < MANY; i++) {
		snprintf(name, sizeof name, "photograph-number-%d.jpeg", i);
		rc = unixfs_dir_add(d, span_str(name), &file);
	}
	if (rc == 0)
		rc = unixfs_dir_end(d, &out);
	unixfs_builder_free(b);
	if (rc < 0) {
		printf("# %s\n", err_text());
		abort();
	}
	return out.cid;
}

/* the largest piece that was sent: nothing but that is held */
static uint64_t largest;
static size_t rows;

static int measure(struct sink *s, const struct piece *p)
{
	struct span b = p->bytes;
	const uint8_t *at_row;

	(void)s;
	if (p->len > largest)
		largest = p->len;
	while (b.len && (at_row = memmem(b.p, b.len, "<tr><td><a", 10))) {
		rows++;
		at_row += 10;
		b = span_of(at_row, b.len - (size_t)(at_row - b.p));
	}
	return 0;
}

static int listing_measured(struct gw_ask *a)
{
	a->r->sink.put = measure;
	return gw_listing(a);
}

static void twenty_thousand_entries(void)
{
	struct form f = { .path = "/ipfs/" ROOT "/", };
	uint64_t gets;

	own();
	f.of = hamt();
	largest = rows = 0;
	gets = mem.n_gets;
	CHECK(form(&f, listing_measured) == 200 && ask_now.heard.rc == 1 && !ask_now.heard.r.failed);
	CHECK(ask_now.heard.len == LEN_UNKNOWN);
	CHECK(rows == MANY);
	CHECK(largest < 100000);
	CHECK(mem.n_gets - gets < mem.n_blocks + 10);	/* of the directory, each once */
	f.page = 100;
	f.query = "page=200";
	rows = 0;
	CHECK(form(&f, listing_measured) == 200 && rows == 100);
	/* the first page reads no more than it shows */
	f.query = NULL;
	rows = 0;
	gets = mem.n_gets;
	CHECK(form(&f, listing_measured) == 200 && rows == 100);
	if (mem.n_gets - gets >= 60)
		printf("# %" PRIu64 " reads\n", mem.n_gets - gets);
	CHECK(mem.n_gets - gets < 60);
}

static int gone(struct sink *s, const struct piece *p)
{
	(void)s;
	(void)p;
	return err_set(ERR_INTERRUPTED, "the client is gone");
}

static int listing_to_nobody(struct gw_ask *a)
{
	a->r->sink.put = gone;
	return gw_listing(a);
}

static void the_client_leaves(void)
{
	struct form f = { .path = "/ipfs/" ROOT "/", };

	own();
	f.of = hamt();
	form(&f, listing_to_nobody);
	CHECK(ask_now.heard.rc == ERR_INTERRUPTED);
}

/* a shard is not there: what was sent is seen not to be whole */
static int (*real_get)(struct dag_source *s, const struct cid *cid, struct buf *out);
static int gets_left;

static int get_some(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	return gets_left-- > 0 ? real_get(s, cid, out) : err_set(ERR_NOTFOUND, "not there");
}

static void it_ends_early(void)
{
	struct form f = { .path = "/ipfs/" ROOT "/", };

	own();
	f.of = hamt();
	real_get = mem.source.get;
	mem.source.get = get_some;
	gets_left = 100;
	CHECK(form(&f, gw_listing) == 200 && ask_now.heard.r.failed && ask_now.heard.rc == 1);
	gets_left = 3;			/* nothing was sent yet: an answer like any other */
	CHECK(form(&f, gw_listing) == 404 && !ask_now.heard.r.failed);
}

/* what a listing or a preview looks like cannot change and leave the tags as they were */
static void the_version_is_of_all_that_makes_pages(void)
{
	static const char *const sources[] = { "page", "style", "listing", "preview" };
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	struct buf text = BUF_INIT(1 << 20), hex = BUF_INIT(128);
	struct span parts[2] = { { 0 }, span_str(IPFRS_VERSION) };
	uint8_t sum[MH_DIGEST_MAX];
	char path[200], want[9] = "";
	size_t i;

	for (i = 0; i < 4; i++) {
		struct buf one = BUF_INIT(1 << 20);

		snprintf(path, sizeof path, "libnet/api/gateway/%s.c", sources[i]);
		NEED(io_slurp_file(AT_FDCWD, path, &one) == 0 && buf_add(&text, buf_span(&one)) == 0);
		buf_clear(&one);
	}
	parts[0] = buf_span(&text);
	NEED(mh_sum(MH_SHA2_256, parts, 1, 0, sum) >= 0);
	NEED(mb_encode_body(mb_by_name("base16"), span_of(sum, 16), &hex) == 0);
	parts[0] = buf_span(&hex);
	NEED(mh_sum(MH_SHA2_256, parts, 2, 0, sum) >= 0);
	for (i = 0; i < 8; i++)
		want[i] = letters[sum[i] & 31];
	CHECK_STR(gw_page_version(), want);
	buf_clear(&text);
	buf_clear(&hex);
}

int main(void)
{
	RUN(on_a_path_gateway);
	RUN(on_a_subdomain);
	RUN(of_a_dns_name);
	RUN(names_that_mean_harm);
	RUN(an_empty_one);
	RUN(as_json);
	RUN(in_pages);
	RUN(conditions_and_head);
	RUN(a_block_is_missing);
	RUN(twenty_thousand_entries);
	RUN(the_client_leaves);
	RUN(it_ends_early);
	RUN(the_version_is_of_all_that_makes_pages);
	form_close();
	return UNIT_END();
}
