/* site_test - sites with an origin of their own: what their _redirects say of paths that are not there */
#include "ask.h"

#define UNIXFS "tests/golden/unixfs/"
#define GATEWAY "tests/golden/gateway/"

#define EXAMPLES "bafybeiesjgoros75o5meijhfvnxmy7kzkynhqijlzmypw3nry6nvsjqkzy.ipfs.example.com:8080"
#define FORCED "bafybeicv4452oppsenilwr54bcej2xxr5olcwu3y5xc2k3lemvrvtokljm.ipfs.example.com:8080"
#define TOO_LARGE "bafybeia7qpipssvt5ric7m2kuzgnj454njcz5q6vj3fqq67be2dm7r522m.ipfs.example.com:8080"
#define NEWLINES "bafybeie6hxr2huda5imzvblcwgxuddackbw5wi35elm3jzeuk4v2ul54kq.ipfs.example.com:8080"
#define BAD_CODES "bafybeignwkoxmt6a2l3jyvph4m2pmfctvqlom7znwufpkpzgoxtuyjptea.ipfs.example.com:8080"
#define SPA_CID "bafybeib5lboymwd6p2eo4qb2lkueaine577flvsjjeuevmp2nlio72xv5q"
#define SPA SPA_CID ".ipfs.example.com:8080"
#define FOREVER "public, max-age=29030400, immutable"

static int site(const char *host, const char *target)
{
	return ask("GET", target, host, NULL);
}

static void setup(void)
{
	ask_open("gateway.hosts = example.com subdomains inline\n"
		 "gateway.names = site.example.org:/ipfs/QmYBhLYDwVFvxos9h8CGU2ibaY66QNgv8hpfewxaQrPiZj,"
		 "spa.example.org:/ipfs/" SPA_CID "\n");
	ask_import(UNIXFS "redirects.car");
	ask_import(GATEWAY "redirects-spa.car");
}

static void redirects(void)
{
	static const struct { const char *target; int status; const char *to; } rows[] = {
		{ "/redirect-one", 301, "/one.html" }, { "/301-redirect-one", 301, "/one.html" },
		{ "/302-redirect-two", 302, "/two.html" },
		{ "/posts/2022/01/01/hello-world", 301, "/articles/2022/01/01/hello-world" },
		{ "/splat/one.html", 301, "/redirected-splat/one.html" },
		{ "/splat/%C4%85%20b%0D%0Ax", 301, "/redirected-splat/%C4%85%20b%0D%0Ax" },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK(site(EXAMPLES, rows[i].target) == rows[i].status && ask_now.heard.len == 0);
		CHECK(ask_field_is("location", rows[i].to));
		CHECK(!ask_field("etag") && !ask_field("cache-control") && !ask_field("x-ipfs-roots"));
	}
	CHECK(site("site.example.org", "/redirect-one") == 301 && ask_field_is("location", "/one.html"));
}

static void rewrites(void)
{
	CHECK(site(EXAMPLES, "/200-index") == 200 && strstr(ask_body(), "my index"));
	CHECK(ask_field_is("content-type", "text/html") && ask_field_is("cache-control", FOREVER));
	CHECK(site(EXAMPLES, "/catch-all") == 200 && strstr(ask_body(), "my index"));
	CHECK(ask_field_has("x-ipfs-path", "/catch-all") && ask_field_has("x-ipfs-roots", ","));
	CHECK(site(SPA, "/some/route") == 200 && !strcmp(ask_body(), "hello world\n"));
	CHECK(site("spa.example.org", "/some/route") == 200 && !ask_field("cache-control"));
}

/* the tag is that of the page served, so that the second request for it need not bring it again */
static void rewrites_are_revalidated(void)
{
	char field[200];

	CHECK(ask("GET", "/route", SPA, "accept: text/html\n") == 200);
	snprintf(field, sizeof field, "accept: text/html\nif-none-match: %s\n", ask_field("etag"));
	CHECK(ask("GET", "/route", SPA, field) == 304 && ask_field_is("cache-control", FOREVER));
	CHECK(ask("GET", "/other", "spa.example.org", field) == 304 && !ask_field("cache-control"));
	CHECK(ask("HEAD", "/other", SPA, NULL) == 200 && ask_now.heard.len == 12 && !ask_now.heard.body.len);
	CHECK(ask("GET", "/other", SPA, "range: bytes=0-4\n") == 206 && !strcmp(ask_body(), "hello"));
}

static void pages(void)
{
	static const struct { const char *target; int status; const char *text, *etag; } rows[] = {
		{ "/not-found/has-no-redirects-entry", 404, "my 404", "\"Qmd9GD7Bauh6N2ZLfNnYS3b7QVAijbud83b8GE8LPMNBBP\"" },
		{ "/gone/x", 410, "my 410", "\"QmSmR9NShZ89VEBrn9SBy7Xxvjw8Qe6XArD5GqtHvbtBM3\"" },
		{ "/unavail/x/y", 451, "my 451", "\"QmVQqj9oZig9tH3ENHo4bxV5pNgssUwFCXUjAJAVcZVbJG\"" },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK(site(EXAMPLES, rows[i].target) == rows[i].status && strstr(ask_body(), rows[i].text));
		CHECK(ask_field_is("etag", rows[i].etag) && ask_field_is("content-type", "text/html"));
		CHECK(ask_field_is("cache-control", FOREVER) && ask_now.heard.len == ask_now.heard.body.len);
		CHECK(site("site.example.org", rows[i].target) == rows[i].status);
		CHECK(ask_field_is("etag", rows[i].etag) && !ask_field("cache-control"));
	}
	CHECK(ask("HEAD", "/gone/x", EXAMPLES, NULL) == 410 && !ask_now.heard.body.len && ask_now.heard.len > 0);
}

/* a file that cannot be used is a fault only of what would have needed it */
static void unusable_files(void)
{
	CHECK(site(FORCED, "/not-found") == 500 && strstr(ask_body(), "could not parse _redirects:"));
	CHECK(!ask_field("etag") && !ask_field("cache-control"));
	CHECK(site(TOO_LARGE, "/not-found") == 500 && strstr(ask_body(), "could not parse _redirects:"));
	CHECK(strstr(ask_body(), "redirects file size cannot exceed") != NULL);
	CHECK(site(BAD_CODES, "/found.html") == 200 && site(BAD_CODES, "/nothing") == 500);
	CHECK(site(NEWLINES, "/redirect-one") == 301 && ask_field_is("location", "/one.html"));
}

static void not_there_to_be_asked(void)
{
	/* without an origin of its own, or for an explicit form, a missing path is just that */
	CHECK(ask_get("/ipfs/QmYBhLYDwVFvxos9h8CGU2ibaY66QNgv8hpfewxaQrPiZj/redirect-one") == 404);
	CHECK(site(EXAMPLES, "/redirect-one?format=raw") == 404);
	CHECK(ask("GET", "/redirect-one", EXAMPLES, "accept: application/vnd.ipld.raw\n") == 404);
	CHECK(site(EXAMPLES, "/_redirects") == 200);
	/* a site without a file of rules, and one that is not here */
	CHECK(site("bafybeig6ka5mlwkl4subqhaiatalkcleo4jgnr3hqwvpmsqfca27cijp3i.ipfs.example.com", "/x") == 404);
	ask_import(UNIXFS "path-gateway-tar.car");
	CHECK(site("bafybeig6ka5mlwkl4subqhaiatalkcleo4jgnr3hqwvpmsqfca27cijp3i.ipfs.example.com", "/x") == 404);
	CHECK(strstr(ask_body(), "no link named \"x\"") != NULL);
	CHECK(ask("GET", "/x", "bafybeig6ka5mlwkl4subqhaiatalkcleo4jgnr3hqwvpmsqfca27cijp3i.ipfs.example.com",
		  "cache-control: only-if-cached\n") == 412);
}

/* ---- sites made for what the fixtures do not have ---- */

struct entry { const char *name, *text; };

/* the host of a site with these files; an entry without text is a link to a block that is not here */
static const char *make_site(const struct entry *e)
{
	char *host = unit_kept(CID_TEXT_MAX + 40), text[CID_TEXT_MAX];
	struct unixfs_node n, root;
	struct unixfs_builder *b;
	struct unixfs_opts o;
	struct unixfs_dir *d;
	int rc = 0;

	unixfs_opts_init(&o);
	o.cid_version = 1;
	if (unixfs_opts_finish(&o, 0) < 0 || unixfs_builder_new(&b, &o, store_sink(ask_now.st), NULL) < 0 ||
	    unixfs_dir_new(&d, b, NULL) < 0)
		abort();
	for (; rc == 0 && e->name; e++) {
		struct ops_block_put put;
		struct span bytes = span_str(e->text ? e->text : "absent, for ever");

		ops_block_put_init(&put);
		n = (struct unixfs_node){ .size = bytes.len, .tsize = bytes.len, .type = UNIXFS_RAW };
		rc = e->text ? ops_block_put_bytes(ask_now.st, &put, bytes, &n.cid)
			     : cid_sum(&n.cid, 1, CID_RAW, MH_SHA2_256, &bytes, 1);
		if (rc == 0)
			rc = unixfs_dir_add(d, span_str(e->name), &n);
	}
	if (rc < 0 || unixfs_dir_end(d, &root) < 0 || store_commit(ask_now.st) < 0)
		abort();
	unixfs_builder_free(b);
	snprintf(host, CID_TEXT_MAX + 40, "%s.ipfs.example.com", cid_text(&root.cid, text));
	return host;
}

static void other_statuses_and_targets(void)
{
	const char *host = make_site((const struct entry[]){
		{ "_redirects", "/303 /x 303\n/307 https://example.net/t?a=1 307\n/308 /q?b=:n 308\n"
				"/lost /no-such-page.html 200\n/lost404 /no-such-page.html 404\n"
				"/away https://example.net/ 200\n/dir / 404\n/code/* /x%25/:splat 302\n"
				"/hole /hole.txt 200\n/hole404 /hole.txt 404\n" },
		{ "hole.txt", NULL }, { "here.txt", "here" }, { NULL, NULL } });

	CHECK(site(host, "/303") == 303 && site(host, "/307") == 307 && site(host, "/308") == 308);
	CHECK(site(host, "/307?a=2&c=%203") == 307);
	CHECK(ask_field_has("location", "https://example.net/t?") && ask_field_has("location", "a=2"));
	CHECK(ask_field_has("location", "c=%203") && !strstr(ask_field("location"), "a=1"));
	CHECK(site(host, "/lost") == 404 && !ask_field("cache-control") && site(host, "/lost404") == 500);
	CHECK(site(host, "/away") == 500 && site(host, "/dir") == 500);
	CHECK(site(host, "/code/a%22%3Cb") == 302 && ask_field_is("location", "/x%25/a%22%3Cb"));
	/* what is linked to but not here is no missing path: nothing may stand in its place */
	CHECK(site(host, "/hole.txt") == 404 && site(host, "/hole") == 404 && site(host, "/hole404") == 404);
	CHECK(!ask_field("cache-control"));
	CHECK(site(host, "/here.txt") == 200 && !strcmp(ask_body(), "here"));
}

/* 65536 bytes are not too many, and one more is */
static void the_largest_file(void)
{
	char *rules = unit_kept(GW_REDIRECTS_MAX + 2);
	size_t n;

	n = (size_t)sprintf(rules, "/a /b\n#");
	memset(rules + n, 'x', GW_REDIRECTS_MAX - n);
	rules[GW_REDIRECTS_MAX] = 0;
	CHECK(site(make_site((const struct entry[]){ { "_redirects", rules }, { NULL, NULL } }), "/a") == 301);
	strcpy(rules + GW_REDIRECTS_MAX, "x");
	CHECK(site(make_site((const struct entry[]){ { "_redirects", rules }, { NULL, NULL } }), "/a") == 500);
}

int main(void)
{
	setup();
	RUN(redirects);
	RUN(rewrites);
	RUN(rewrites_are_revalidated);
	RUN(pages);
	RUN(unusable_files);
	RUN(not_there_to_be_asked);
	RUN(other_statuses_and_targets);
	RUN(the_largest_file);
	ask_close();
	return UNIT_END();
}
