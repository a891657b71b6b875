/* answer_test - requests to a gateway over the fixtures of the conformance suite, and what that never asks */
#include "ask.h"

#define UNIXFS "tests/golden/unixfs/"
#define GATEWAY "tests/golden/gateway/"

#define CACHE_ROOT "bafybeib3ffl2teiqdncv3mkz4r23b5ctrwkzrrhctdbne6iboayxuxk5ui"
#define ROOT2 "bafybeih2w7hjocxjg6g2ku25hvmd53zj7og4txpby3vsusfefw5rrg5sii"
#define ROOT3 "bafybeiawdvhmjcz65x5egzx4iukxc72hg4woks6v6fvgyupiyt3oczk5ja"
#define DIRS "bafybeig6ka5mlwkl4subqhaiatalkcleo4jgnr3hqwvpmsqfca27cijp3i"
#define ASCII "bafybeie72edlprgtlwwctzljf6gkn2wnlrddqjbkxo3jomh4n7omwblxly"
#define HAMT "bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i"
#define DAG_JSON "baguqeeram5ujjqrwheyaty3w5gdsmoz6vittchvhk723jjqxk7hakxkd47xq"
#define DAG_CBOR "bafyreibs4utpgbn7uqegmd2goqz4bkyflre2ek2iwv743fhvylwi4zeeim"
#define PLAIN_JSON "bagaaierajjsnhsxqlgfrvknlt7z2heoljcgfv37cn45tu7mhmr23x3ekiboq"
#define PLAIN_CBOR "bafireif3aymeikgfbofx533yf5vlx4kimzq6zmzmpra2mnzfsfnmv4hchm"
#define ABSENT "QmYzfKSE55XCjD1MW128RfciAf2DViABhEiXfgVFMabSjN"
#define HOLED "QmYhmPjhFjYFyaoiuNzYv8WGavpSRDwdHWe5B4M5du5Rtk"
#define SYMLINKS "QmWvY6FaqFMS89YAQ9NAPjVP4WZKA1qbHbicc9HeSKQTgt"
#define MULTI "bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy"
#define HELLO "bafkqabtimvwgy3yk"		/* "hello\n", inlined */

static void setup(void)
{
	static const char *const cars[] = {
		GATEWAY "gateway-cache.car", UNIXFS "path-gateway-tar.car", UNIXFS "gateway-raw-block.car",
		UNIXFS "single-layer-hamt-with-multi-block-files.car", GATEWAY "dag-json-traversal.car",
		GATEWAY "dag-cbor-traversal.car", GATEWAY "plain-json.car", GATEWAY "plain-cbor.car",
		UNIXFS "file-3k-and-3-blocks-missing-block.car", UNIXFS "symlink.car", UNIXFS "dir-with-files.car",
		GATEWAY "gateway-json-cbor.car", UNIXFS "dir-with-percent-encoded-filename.car"
	};
	size_t i;

	ask_open("gateway.hosts = example.com subdomains inline\n"
		 "gateway.names = site.example.org:/ipfs/" CACHE_ROOT "/root2,loop.example.org:/ipns/loop.example.org\n");
	for (i = 0; i < sizeof cars / sizeof *cars; i++)
		ask_import(cars[i]);
}

static void methods(void)
{
	CHECK(ask("OPTIONS", "/ipfs/" HELLO, NULL, NULL) == 204 && ask_field_is("allow", "GET, HEAD, OPTIONS"));
	CHECK(ask("OPTIONS", "*", NULL, NULL) == 204 && !ask_now.heard.body.len);
	CHECK(ask("POST", "/ipfs/" HELLO, NULL, NULL) == 405 && ask_field_is("allow", "GET, HEAD, OPTIONS"));
	CHECK(ask("get", "/ipfs/" HELLO, NULL, NULL) == 405);
	CHECK(ask("HEAD", "/ipfs/" HELLO, NULL, NULL) == 200 && !ask_now.heard.body.len && ask_now.heard.len == 6);
}

/* to ourselves, by any name content or the gateway has here, and to nobody else */
static void tunnels(void)
{
	static const char *const ours[] = {
		"127.0.0.1:8080", "[::1]:8080", "localhost:80", "example.com:8080", "EXAMPLE.com:443",
		HELLO ".ipfs.example.com:8080", HELLO ".ipfs.localhost:80"
	};
	static const char *const others[] = { "bank.example:443", "example.com.bank.example:443", "ipfs.example.com:80", "" };
	size_t i;

	for (i = 0; i < sizeof ours / sizeof *ours; i++)
		CHECK(ask("CONNECT", "", ours[i], NULL) == 200 && !ask_now.heard.body.len && !ask_field("content-type"));
	for (i = 0; i < sizeof others / sizeof *others; i++)
		CHECK(ask("CONNECT", "", others[i], NULL) == 403 && strstr(ask_body(), "this gateway only"));
}

static void bad_paths(void)
{
	static const char *const bad[] = {
		"/ipfs", "/ipfs/", "/ipfs/" HELLO "/%zz", "/ipfs/" HELLO "/%00", "/ipfs/../..",
		"/ipfs/ipfs/QmInvalidCID", "/ipfs/ipns/", "/ipns/", "/ipfs/bafkqaaz"
	};
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK(ask_get(bad[i]) == 400);
		CHECK(!ask_field("etag") && !ask_field("cache-control") && ask_field("content-type"));
	}
	/* the URL that is printed at the start says what to ask for */
	CHECK(ask_get("/") == 404 && strstr(ask_body(), "/ipfs/CID"));
	/* what is not of the gateway is not there, rather than wrong */
	CHECK(ask_get("/favicon.ico") == 404 && ask_get("/robots.txt") == 404 && ask_get("/x/y/z") == 404);
	CHECK(ask_get("/ipfs/../etc/passwd") == 400 && ask_get("/ipfs/%2e%2e/") == 400);	/* what was sent is ours */
	CHECK(ask_get("/ipld/" HELLO) == 404 && ask_get("/ipfsx/" HELLO) == 404);
	CHECK(ask_get("/ipfs/QmInvalidCID") == 400 && strstr(ask_body(), "invalid path \"/ipfs/QmInvalidCID\""));
	CHECK(ask_get("/ipfs/Qm%0d%0Aset-cookie:x") == 400 && strstr(ask_body(), "Qm\\u000d\\u000aset-cookie:x"));
	CHECK(ask_get("/ipfs/ipfs/" HELLO "/?x=%20y") == 301 && ask_field_is("location", "/ipfs/" HELLO "/?x=%20y"));
	CHECK(ask_get("/ipfs/ipns/example.com/a") == 301 && ask_field_is("location", "/ipns/example.com/a"));
}

static void clean_paths(void)
{
	CHECK(ask_get("//ipfs//" HELLO) == 200 && ask_get("/ipfs/./" HELLO "/.") == 200);
	CHECK(ask_get("/ipfs/x/../" HELLO) == 200);
	CHECK(ask_get("/ipfs%2F" HELLO) == 200 && ask_field_is("x-ipfs-path", "/ipfs/" HELLO));
	CHECK(ask_get("//evil.example/x") == 404 && !ask_field("location"));
	/* any base on the path gateway; what is sent names the CID in its own way */
	CHECK(ask_get("/ipfs/BAFKQABTIMVWGY3YK") == 200 && ask_field_is("x-ipfs-path", "/ipfs/BAFKQABTIMVWGY3YK"));
	CHECK(ask_field_is("etag", "\"" HELLO "\"") && ask_field_is("x-ipfs-roots", HELLO));
	CHECK(ask_get("/ipfs/f0155000668656c6c6f0a") == 200 && ask_field_is("etag", "\"" HELLO "\""));
}

static void service_workers(void)
{
	CHECK(ask_with("/ipfs/" HELLO, "service-worker: script\n") == 400);
	CHECK(ask_with("/ipns/site.example.org", "service-worker: script\n") == 400);
	CHECK(ask_with("/ipfs/" HELLO "/", "service-worker: script\n") == 200);
}

static void files(void)
{
	CHECK(ask_get("/ipfs/" ASCII "/dir/ascii.txt") == 200);
	CHECK_STR(ask_body(), "hello application/vnd.ipld.raw\n");
	CHECK(ask_now.heard.len == 31 && ask_field_is("content-type", "text/plain; charset=utf-8"));
	CHECK(ask_field_is("accept-ranges", "bytes") && !ask_field("content-disposition"));
	CHECK(ask_field_is("cache-control", "public, max-age=29030400, immutable"));
	CHECK(ask_get("/ipfs/" ASCII "/dir/ascii.txt/") == 200);
	CHECK(ask_get("/ipfs/" ASCII "/dir/ascii.txt/x") == 404 && ask_get("/ipfs/" ASCII "/nothing") == 404);
	CHECK(ask_get("/ipfs/" ABSENT) == 404 && !ask_field("etag") && !ask_field("cache-control"));
	CHECK(ask_get("/ipfs/" ASCII "/dir/ascii.txt?download=true") == 200 &&
	      ask_field_has("content-disposition", "attachment; filename=\"ascii.txt\""));
	CHECK(ask_get("/ipfs/" HELLO "?filename=x.html") == 200 && ask_field_is("content-type", "text/html"));
	CHECK(ask_get("/ipfs/bafybeig675grnxcmshiuzdaz2xalm6ef4thxxds6o6ypakpghm5kghpc34/"
		      "Portugal%252C+Espa%C3%B1a=Peninsula%20Ib%C3%A9rica.txt") == 200 && ask_now.heard.len > 0);
}

static void ranges_of_files(void)
{
	CHECK(ask_with("/ipfs/" MULTI "/multiblock.txt", "range: bytes=250-260\n") == 206 && ask_now.heard.body.len == 11);
	CHECK(ask_with("/ipfs/" MULTI "/multiblock.txt", "range: bytes=1026-\n") == 416);
	CHECK(ask_field_is("content-range", "bytes */1026") && !ask_field("etag"));
	CHECK(ask_with("/ipfs/" MULTI "/multiblock.txt", "range: bytes=-5000\n") == 206 && ask_now.heard.body.len == 1026);
	CHECK(ask("HEAD", "/ipfs/" MULTI "/multiblock.txt", NULL, "range: bytes=0-1\n") == 200 && ask_now.heard.len == 1026);
	CHECK(ask_with("/ipfs/" HAMT "/685.txt", "range: bytes=1000-1003\n") == 206);
	CHECK(ask_field_is("content-range", "bytes 1000-1003/1026"));
	CHECK(ask_with("/ipfs/" HELLO, "range: bytes=1-2\n") == 206 && !strcmp(ask_body(), "el"));
}

/* a block in the middle is not here: what does not need it is served, and what does is seen to be broken off */
static void ranges_of_an_incomplete_file(void)
{
	CHECK(ask_with("/ipfs/" HOLED, "range: bytes=997-1000\n") == 206 && ask_now.heard.body.len == 4);
	CHECK(ask_field_is("content-range", "bytes 997-1000/3072"));
	CHECK(ask_with("/ipfs/" HOLED, "range: bytes=2200-2201\n") == 206 && !ask_now.heard.r.failed);
	CHECK(ask_with("/ipfs/" HOLED, "range: bytes=1500-1501\n") == 206 && ask_now.heard.r.failed && !ask_now.heard.body.len);
	/* to tell its type takes what is not here; with a name the first bytes are on their way before it shows */
	CHECK(ask_get("/ipfs/" HOLED) == 404 && ask_with("/ipfs/" HOLED, "cache-control: only-if-cached\n") == 412);
	CHECK(ask_get("/ipfs/" HOLED "?filename=x.txt") == 200 && ask_now.heard.r.failed && ask_now.heard.body.len == 1024);
	CHECK(ask("HEAD", "/ipfs/" HOLED "?filename=x.txt", NULL, NULL) == 200 && ask_now.heard.len == 3072);
	CHECK(!ask_now.heard.r.failed);
}

static void parts_by_argument(void)
{
	CHECK(ask_get("/ipfs/" ASCII "/dir/ascii.txt?range=6-16") == 200);
	CHECK_STR(ask_body(), "application");
	CHECK(ask_now.heard.len == 11 && ask_field_has("etag", ".6-16\"") && !ask_field("content-range"));
	CHECK(ask_with("/ipfs/" ASCII "/dir/ascii.txt?range=bytes=6-16", "range: bytes=0-2\n") == 206);
	CHECK_STR(ask_body(), "app");
	CHECK(ask_field_is("content-range", "bytes 0-2/11"));
	CHECK(ask_get("/ipfs/" ASCII "/dir/ascii.txt?range=-3") == 200 && !strcmp(ask_body(), "aw\n"));
	CHECK(ask_get("/ipfs/" ASCII "/dir/ascii.txt?range=31-") == 400);
	CHECK(ask_get("/ipfs/" ASCII "/dir/ascii.txt?range=1-2,5-6") == 400);
	CHECK(ask_get("/ipfs/" ASCII "/dir/ascii.txt?range=xyz") == 400);
}

static void symlinks(void)
{
	CHECK(ask_get("/ipfs/" SYMLINKS "/bar") == 200 && !strcmp(ask_body(), "foo"));
	CHECK(ask_field_is("content-type", "inode/symlink") && ask_now.heard.len == 3);
	CHECK(ask_get("/ipfs/" SYMLINKS "/bar/x") == 404);
}

static void directories(void)
{
	CHECK(ask_get("/ipfs/" DIRS "/%C4%85/%C4%99?a=%20b+c") == 301);
	CHECK(ask_field_is("location", "/ipfs/" DIRS "/%C4%85/%C4%99/?a=%20b+c"));
	CHECK(ask_get("/ipfs/" DIRS "?go-get=1") == 200);
	CHECK(ask_get("/ipfs/" DIRS "/") == 200 && strstr(ask_body(), "Index of"));
	CHECK(ask_field_has("etag", "\"DirIndex-") && ask_field_has("etag", "_CID-" DIRS "\""));
	CHECK(ask_get("/ipfs/" CACHE_ROOT "/root2/root3/") == 200);
	CHECK(ask_field_is("x-ipfs-roots", CACHE_ROOT "," ROOT2 "," ROOT3));
	CHECK(ask_field_is("x-ipfs-path", "/ipfs/" CACHE_ROOT "/root2/root3/"));
	CHECK(ask_get("/ipfs/" CACHE_ROOT "/root2/root3/root4/") == 200 && !strcmp(ask_body(), "hello\n"));
	CHECK(ask_field_is("content-type", "text/html") && ask_field_is("accept-ranges", "bytes"));
	CHECK(ask_field_is("cache-control", "public, max-age=29030400, immutable"));
	CHECK(ask_with("/ipfs/" CACHE_ROOT "/root2/root3/root4/", "range: bytes=1-2\n") == 206 && !strcmp(ask_body(), "el"));
	CHECK(ask_get("/ipfs/" HAMT "/") == 200 && strstr(ask_body(), "685.txt"));
	CHECK(ask("HEAD", "/ipfs/" DIRS "/", NULL, NULL) == 200 && !ask_now.heard.body.len && ask_field_has("etag", "DirIndex-"));
	CHECK(ask_get("/ipfs/" DIRS "/?format=cbor") == 406);
}

/* a directory whose index.html is another one, and one in a HAMT */
static void put_dir(struct cid *out, const char *name, const struct unixfs_node *entry, int hamt)
{
	struct unixfs_builder *b;
	struct unixfs_opts o;
	struct unixfs_dir *d;
	struct unixfs_node n;

	unixfs_opts_init(&o);
	o.cid_version = 1;
	if (hamt)
		o.hamt_threshold = 1;
	NEED(unixfs_opts_finish(&o, 0) == 0 && unixfs_builder_new(&b, &o, store_sink(ask_now.st), NULL) == 0);
	NEED(unixfs_dir_new(&d, b, NULL) == 0 && unixfs_dir_add(d, span_str(name), entry) == 0 &&
	     unixfs_dir_end(d, &n) == 0);
	unixfs_builder_free(b);
	NEED(store_commit(ask_now.st) == 0);
	*out = n.cid;
}

static void indexes(void)
{
	struct unixfs_node dir = { .tsize = 10, .type = UNIXFS_DIRECTORY }, file = { .tsize = 6, .size = 6, .type = UNIXFS_RAW };
	char target[CID_TEXT_MAX + 16], text[CID_TEXT_MAX], etag[CID_TEXT_MAX + 4];
	struct cid cid = { 0 };

	cid_parse(span_str(DIRS), &dir.cid, NULL);
	cid_parse(span_str(HELLO), &file.cid, NULL);
	put_dir(&cid, "index.html", &dir, 0);
	snprintf(target, sizeof target, "/ipfs/%s/", cid_text(&cid, text));
	CHECK(ask_get(target) == 422);
	put_dir(&cid, "index.html", &file, 1);
	snprintf(target, sizeof target, "/ipfs/%s/", cid_text(&cid, text));
	snprintf(etag, sizeof etag, "\"%s\"", text);
	CHECK(ask_get(target) == 200 && !strcmp(ask_body(), "hello\n") && ask_field_is("etag", etag));
	CHECK(ask_field_is("x-ipfs-roots", text));
	/* what is linked to is not here */
	cid_parse(span_str(ABSENT), &file.cid, NULL);
	put_dir(&cid, "index.html", &file, 0);
	snprintf(target, sizeof target, "/ipfs/%s/", cid_text(&cid, text));
	CHECK(ask_get(target) == 404);
	CHECK(ask_with(target, "cache-control: only-if-cached\n") == 412);
}

static void blocks(void)
{
	CHECK(ask_get("/ipfs/" ASCII "/dir?format=raw") == 200 && ask_now.heard.len == 57);
	CHECK(ask_field_is("content-type", "application/vnd.ipld.raw") && ask_field_is("x-content-type-options", "nosniff"));
	CHECK(ask_field_has("content-disposition", "attachment; filename=\"bafy") && ask_field_has("content-disposition", ".bin\""));
	CHECK(ask_field_has("etag", ".raw\"") && ask_field_is("cache-control", "public, max-age=29030400, immutable"));
	CHECK(!ask_field("content-location"));
	CHECK(ask_with("/ipfs/" ASCII "/dir", "accept: application/vnd.ipld.raw\n") == 200);
	CHECK(ask_field_is("content-location", "/ipfs/" ASCII "/dir?format=raw"));
	CHECK(ask_with("/ipfs/" ASCII "/dir?format=raw", "range: bytes=6-16\n") == 206 &&
	      ask_field_is("content-range", "bytes 6-16/57") && ask_now.heard.body.len == 11);
	CHECK(ask_get("/ipfs/" ASCII "/dir?format=raw&filename=foobar.bin") == 200 &&
	      ask_field_has("content-disposition", "attachment; filename=\"foobar.bin\""));
	CHECK(ask_get("/ipfs/bafkqaaa?format=raw") == 200 && ask_now.heard.len == 0);
	CHECK(ask("HEAD", "/ipfs/bafkqaaa?format=raw", NULL, NULL) == 200);
	CHECK(ask_get("/ipfs/" HELLO "?format=raw") == 200 && !strcmp(ask_body(), "hello\n"));
	CHECK(ask_get("/ipfs/" ABSENT "?format=raw") == 404);
	CHECK(ask_with("/ipfs/" ASCII "?format=raw", "if-none-match: \"" ASCII ".raw\"\n") == 304);
	CHECK(ask_with("/ipfs/" ASCII "?format=raw", "if-none-match: \"" ASCII "\"\n") == 200);
}

/* large and plain blocks are sent from the file they lie in */
static void extents(void)
{
	static char big[200000];
	struct ops_block_put o;
	char target[CID_TEXT_MAX + 32], text[CID_TEXT_MAX];
	struct cid cid;

	memset(big, 'x', sizeof big);
	ops_block_put_init(&o);
	NEED(ops_block_put_bytes(ask_now.st, &o, span_of(big, sizeof big), &cid) == 0 && store_commit(ask_now.st) == 0);
	snprintf(target, sizeof target, "/ipfs/%s?format=raw", cid_text(&cid, text));
	CHECK(ask_get(target) == 200 && ask_now.heard.n_extents == 1 && ask_now.heard.body.len == sizeof big);
	CHECK(ask_with(target, "range: bytes=5-14\n") == 206 && !strcmp(ask_body(), "xxxxxxxxxx"));
	snprintf(target, sizeof target, "/ipfs/%s?filename=x.txt", text);
	CHECK(ask_get(target) == 200 && ask_now.heard.n_extents == 1 && ask_now.heard.body.len == sizeof big);
	ask_now.heard.room = 10;
	CHECK(ask_with(target, "range: bytes=0-99,200-299\n") == 206 && (ask_now.heard.rc < 0 || ask_now.heard.r.failed));
	ask_now.heard.room = 0;
}

static void codecs(void)
{
	CHECK(ask_get("/ipfs/" DAG_JSON) == 200 && ask_now.heard.len == 124);
	CHECK(ask_field_is("content-type", "application/vnd.ipld.dag-json") && ask_field_is("etag", "\"" DAG_JSON ".dag-json\""));
	CHECK(ask_field_is("content-disposition",
			   "inline; filename=\"" DAG_JSON ".json\"; filename*=UTF-8''" DAG_JSON ".json"));
	CHECK(ask_get("/ipfs/" DAG_JSON "?format=json") == 200 && ask_field_is("content-type", "application/json"));
	CHECK(ask_field_is("etag", "\"" DAG_JSON ".json\""));
	CHECK(ask_get("/ipfs/" DAG_JSON "?format=dag-cbor") == 406 && ask_get("/ipfs/" DAG_JSON "?format=cbor") == 406);
	CHECK(ask_get("/ipfs/" DAG_JSON "?format=tar") == 406 && ask_get("/ipfs/" DAG_JSON "?format=zip") == 406);
	CHECK(ask_get("/ipfs/" DAG_CBOR) == 200 && ask_now.heard.len == 76 &&
	      ask_field_is("content-type", "application/vnd.ipld.dag-cbor"));
	CHECK(ask_field_has("content-disposition", "attachment; filename=\"" DAG_CBOR ".cbor\""));
	CHECK(ask_with("/ipfs/" DAG_CBOR, "accept: application/cbor\n") == 200 && ask_field_is("content-type", "application/cbor"));
	CHECK(ask_get("/ipfs/" DAG_CBOR "?format=json") == 406 && ask_get("/ipfs/" DAG_CBOR "?format=dag-json") == 406);
	CHECK(ask_get("/ipfs/" PLAIN_JSON) == 200 && ask_field_is("content-type", "application/json"));
	CHECK(ask_with("/ipfs/" PLAIN_JSON, "range: bytes=0-3\nif-range: \"" PLAIN_JSON ".json\"\n") == 206);
	CHECK(ask_get("/ipfs/" PLAIN_CBOR) == 200 && ask_field_is("content-type", "application/cbor"));
	CHECK(ask_get("/ipfs/" PLAIN_CBOR "?format=dag-cbor") == 406);
	CHECK(ask_get("/ipfs/" DAG_JSON "?download=true") == 200 && ask_field_has("content-disposition", "attachment; "));
	CHECK(ask_with("/ipfs/" DAG_JSON "/", "accept: text/html\n") == 200 && ask_field_has("etag", "\"DagIndex-"));
	CHECK(!ask_field("content-disposition") && strstr(ask_body(), "</html>"));
	CHECK(ask_with("/ipfs/" DAG_JSON, "accept: text/html\n") == 301);
}

static void json_of_files(void)
{
	CHECK(ask_get("/ipfs/bafkreibrppizs3g7axs2jdlnjua6vgpmltv7k72l7v7sa6mmht6mne3qqe") == 200);
	CHECK(ask_field_is("content-type", "application/json"));
	CHECK(ask_get("/ipfs/bafkreibrppizs3g7axs2jdlnjua6vgpmltv7k72l7v7sa6mmht6mne3qqe?format=json") == 200);
	CHECK(ask_get("/ipfs/" HELLO "?format=json") == 406 && ask_get("/ipfs/" HELLO "?format=cbor") == 406);
	CHECK(ask_get("/ipfs/" HELLO "?format=dag-json") == 406 && ask_get("/ipfs/" HELLO "?format=dag-cbor") == 406);
	CHECK(ask_get("/ipfs/" SYMLINKS "/bar?format=json") == 406);
}

static void values_inside_blocks(void)
{
	CHECK(ask_get("/ipfs/" DAG_JSON "/foo?format=dag-json") == 501 && ask_get("/ipfs/" DAG_CBOR "/foo") == 501);
	CHECK(ask_get("/ipfs/" DAG_JSON "/foo/link/bar?format=dag-json") == 200 &&
	      strstr(ask_body(), "this is not a link"));
	CHECK(ask_get("/ipfs/" DAG_CBOR "/foo/link/bar?format=dag-cbor") == 200);
	CHECK(strchr(ask_field("x-ipfs-roots"), ','));
	CHECK(ask_get("/ipfs/" DAG_JSON "/foo/nothing") == 404 && strstr(ask_body(), "nothing"));
	CHECK(ask_get("/ipfs/" DAG_JSON "/foo/link/bar/hello/deeper") == 404);
	CHECK(ask_get("/ipfs/" DAG_JSON "/foo?format=raw") == 501);
}

static void put_block(struct cid *cid, uint64_t codec, struct span bytes)
{
	struct ops_block_put o;

	ops_block_put_init(&o);
	o.codec = codec;
	NEED(ops_block_put_bytes(ask_now.st, &o, bytes, cid) == 0 && store_commit(ask_now.st) == 0);
}

static void lists_and_links(void)
{
	char target[CID_TEXT_MAX + 32], text[CID_TEXT_MAX];
	struct cid cid = { 0 };

	put_block(&cid, CID_DAG_JSON, span_str("[1,{\"/\":\"" HELLO "\"},[{\"/\":\"" DAG_JSON "\"}]]"));
	snprintf(target, sizeof target, "/ipfs/%s/1", cid_text(&cid, text));
	CHECK(ask_get(target) == 200 && !strcmp(ask_body(), "hello\n"));
	snprintf(target, sizeof target, "/ipfs/%s/2/0/foo/link?format=raw", text);
	CHECK(ask_get(target) == 200);
	snprintf(target, sizeof target, "/ipfs/%s/3", text);
	CHECK(ask_get(target) == 404);
	snprintf(target, sizeof target, "/ipfs/%s/0", text);
	CHECK(ask_get(target) == 501);
	/* blocks that are not what their codec says */
	put_block(&cid, CID_DAG_PB, span_str("no protobuf"));
	snprintf(target, sizeof target, "/ipfs/%s", cid_text(&cid, text));
	CHECK(ask_get(target) == 422);
	snprintf(target, sizeof target, "/ipfs/%s/a", text);
	CHECK(ask_get(target) == 500);
	snprintf(target, sizeof target, "/ipfs/%s?format=raw", text);
	CHECK(ask_get(target) == 200 && !strcmp(ask_body(), "no protobuf"));
	put_block(&cid, CID_DAG_CBOR, span_str("\xff"));
	snprintf(target, sizeof target, "/ipfs/%s/a", cid_text(&cid, text));
	CHECK(ask_get(target) == 500);
	snprintf(target, sizeof target, "/ipfs/%s", text);	/* as it is, it need not be valid */
	CHECK(ask_get(target) == 200);
	/* a codec we know nothing of */
	put_block(&cid, CID_LIBP2P_KEY, span_str("some key"));
	snprintf(target, sizeof target, "/ipfs/%s", cid_text(&cid, text));
	CHECK(ask_get(target) == 406);
	snprintf(target, sizeof target, "/ipfs/%s?format=raw", text);
	CHECK(ask_get(target) == 200);
}

static void only_if_cached(void)
{
	CHECK(ask("HEAD", "/ipfs/" ASCII, NULL, "cache-control: only-if-cached\n") == 301);
	CHECK(ask_with("/ipfs/" HELLO, "cache-control: no-cache, Only-If-Cached\n") == 200);
	CHECK(ask_with("/ipfs/" ABSENT, "cache-control: only-if-cached\n") == 412);
	CHECK(ask("HEAD", "/ipfs/" ABSENT, NULL, "cache-control: only-if-cached\n") == 412 && !ask_now.heard.body.len);
	CHECK(ask_with("/ipfs/" ABSENT "?format=car", "cache-control: only-if-cached\n") == 412);
	CHECK(ask_with("/ipfs/" ABSENT "?format=raw", "cache-control: only-if-cached\n") == 412);
	CHECK(ask_with("/ipfs/QmInvalidCID", "cache-control: only-if-cached\n") == 400);
	CHECK(ask_with("/ipns/unknown.example.org/", "cache-control: only-if-cached\n") == 412);
}

static void not_modified(void)
{
	static const char *const lists[] = { "%s", "W/%s", "*%.0s", "\"x\", W/\"y\",%s" };
	char field[300], list[280];
	const char *tag;
	size_t i;

	CHECK(ask_get("/ipfs/" CACHE_ROOT "/root2/root3/root4/") == 200);
	tag = ask_field("etag");
	for (i = 0; i < sizeof lists / sizeof *lists; i++) {
		snprintf(list, sizeof list, lists[i], tag);
		snprintf(field, sizeof field, "if-none-match: %s\n", list);
		CHECK(ask_with("/ipfs/" CACHE_ROOT "/root2/root3/root4/", field) == 304 && !ask_now.heard.body.len);
		CHECK(ask_field_is("etag", tag) && ask_field("cache-control") && !ask_field("content-type"));
	}
	CHECK(ask_with("/ipfs/" HELLO, "if-none-match: \"" HELLO "\"\naccept: application/vnd.ipld.raw\n") == 200);
	CHECK(ask_with("/ipfs/" HELLO, "if-match: \"x\"\n") == 412 && !ask_field("etag"));
	CHECK(ask_with("/ipfs/" DAG_JSON, "if-none-match: \"" DAG_JSON ".dag-json\"\n") == 304);
	CHECK(ask_with("/ipfs/" ABSENT, "if-none-match: *\n") == 404);
}

static void names(void)
{
	CHECK(ask_get("/ipns/site.example.org/root3/root4/index.html") == 200 && !strcmp(ask_body(), "hello\n"));
	CHECK(ask_field_is("x-ipfs-path", "/ipns/site.example.org/root3/root4/index.html"));
	CHECK(ask_field_has("x-ipfs-roots", CACHE_ROOT "," ROOT2 "," ROOT3 ",") && !ask_field("cache-control"));
	CHECK(ask_get("/ipns/site.example.org/root3") == 301 && ask_field_is("location", "/ipns/site.example.org/root3/"));
	CHECK(ask_get("/ipns/unknown.example.org/") == 404);
	CHECK(ask_get("/ipfs/" HELLO "?format=ipns-record") == 400);
}

static void trustless(void)
{
	ask_open("gateway.trustless = yes\n");
	ask_import(UNIXFS "gateway-raw-block.car");
	CHECK(ask_get("/ipfs/" ASCII "/") == 406 && ask_get("/ipfs/" ASCII "/dir?format=raw") == 406);
	CHECK(ask_get("/ipfs/" ASCII "?format=raw") == 200 && ask_get("/ipfs/" ASCII "/?format=raw") == 200);
	CHECK(ask_get("/ipfs/" ASCII "?format=tar") == 406 && ask_get("/ipns/example.com?format=ipns-record") == 406);
	CHECK(ask_get("/ipfs/bafkqaaa?format=raw") == 200);
	CHECK(ask_with("/ipfs/" ASCII, "accept: text/html\n") == 406 && ask_field_has("content-type", "text/html"));
}

static void settings(void)
{
	struct gateway *g;
	struct config *c;

	CHECK(gateway_new(&g, NULL) == 0 && !gateway_wants_net(g));
	gateway_free(g);
	NEED(config_parse(&c, span_str("gateway.hosts = A.Example.com subdomains inline, *.b.org trustless no-ipns,c\n"
				       "gateway.dnslink = dns\ngateway.listing = 7\ngateway.archives = no\n")) == 0);
	NEED(gateway_new(&g, c) == 0);
	CHECK(gateway_wants_net(g) && g->n_hosts == 3 && g->listing_max == 7 && !g->archives);
	CHECK_STR(g->hosts[0].name, "a.example.com");
	CHECK(g->hosts[0].flags == (GATEWAY_SUBDOMAINS | GATEWAY_INLINE));
	CHECK(g->hosts[1].flags == (GATEWAY_TRUSTLESS | GATEWAY_NO_IPNS) && g->hosts[2].flags == 0);
	gateway_free(g);
	config_free(c);
	CHECK_ERR(config_parse(&c, span_str("gateway.hosts = example.com everything\n")), ERR_INVALID);
	CHECK_ERR(config_parse(&c, span_str("gateway.dnslink = maybe\n")), ERR_INVALID);
	CHECK_ERR(config_parse(&c, span_str("gateway.deny = relative\n")), ERR_INVALID);
}

int main(void)
{
	setup();
	RUN(methods);
	RUN(tunnels);
	RUN(bad_paths);
	RUN(clean_paths);
	RUN(service_workers);
	RUN(files);
	RUN(ranges_of_files);
	RUN(ranges_of_an_incomplete_file);
	RUN(parts_by_argument);
	RUN(symlinks);
	RUN(directories);
	RUN(indexes);
	RUN(blocks);
	RUN(extents);
	RUN(codecs);
	RUN(json_of_files);
	RUN(values_inside_blocks);
	RUN(lists_and_links);
	RUN(only_if_cached);
	RUN(not_modified);
	RUN(names);
	RUN(trustless);
	RUN(settings);
	ask_close();
	return UNIT_END();
}
