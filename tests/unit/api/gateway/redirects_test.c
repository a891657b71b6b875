/* redirects_test - rules of _redirects files: which fits, where it leads, and what makes a file useless */
#include "api/gateway/gateway_priv.h"
#include "tests/unit/unit.h"

/* of the sites in gateway-conformance's redirects_file/redirects.car and redirects-spa.car */
static const char examples[] =
	"/redirect-one /one.html\n"
	"/301-redirect-one /one.html 301\n"
	"/302-redirect-two /two.html 302\n"
	"/200-index /index.html 200\n"
	"/posts/:year/:month/:day/:title /articles/:year/:month/:day/:title 301\n"
	"/splat/* /redirected-splat/:splat 301\n"
	"/not-found/* /404.html 404\n"
	"/gone/* /410.html 410\n"
	"/unavail/* /451.html 451\n"
	"/* /index.html 200\n";
static const char newlines[] = "/redirect-one /one.html\r\n/200-index /index.html 200\r\n";
static const char spa[] = "# Map SPA routes to the main index HTML file.\n/* /index.html 200\n";
static const char good_codes[] =
	"/a200 /b200 200\n/a301 /b301 301\n/a302 /b302 302\n/a303 /b303 303\n/a307 /b307 307\n"
	"/a308 /b308 308\n/a404 /b404 404\n/a410 /b410 410\n/a451 /b451 451\n";
/* of the query examples of the specification */
static const char queries[] =
	"/source1/* /target-file?static-query1=static-val1&static-query2=static-val2 301\n"
	"/source2/:code/:name /target-file?code=:code&name=:name 301\n"
	"/source3/* https://example.net/target3/:splat 301\n";

static int ask(const char *file, const char *path, const char *query, struct gw_rule *out)
{
	return gw_redirects(span_str(file), span_str(path), query ? span_str(query) : span_of(NULL, 0), out);
}

/* "301 /one.html"; "none"; "fault" with the message in err_text() */
static const char *say(const char *file, const char *path, const char *query)
{
	static char text[70000];
	struct gw_rule rule = { .status = 0 };
	int rc = ask(file, path, query, &rule);

	if (rc == 1)
		snprintf(text, sizeof text, "%d %s", rule.status, (const char *)rule.to.data);
	else
		snprintf(text, sizeof text, "%s", rc == 0 ? "none" : rc == ERR_INVALID ? "fault" : err_name(rc));
	buf_clear(&rule.to);
	return text;
}

static void the_examples_of_the_specification(void)
{
	CHECK_STR(say(examples, "/redirect-one", NULL), "301 /one.html");
	CHECK_STR(say(examples, "/301-redirect-one", NULL), "301 /one.html");
	CHECK_STR(say(examples, "/302-redirect-two", NULL), "302 /two.html");
	CHECK_STR(say(examples, "/200-index", NULL), "200 /index.html");
	CHECK_STR(say(examples, "/posts/2022/01/01/hello-world", NULL), "301 /articles/2022/01/01/hello-world");
	CHECK_STR(say(examples, "/splat/one.html", NULL), "301 /redirected-splat/one.html");
	CHECK_STR(say(examples, "/splat/a/b/c.html", NULL), "301 /redirected-splat/a/b/c.html");
	CHECK_STR(say(examples, "/not-found/has-no-redirects-entry", NULL), "404 /404.html");
	CHECK_STR(say(examples, "/gone/has-no-redirects-entry", NULL), "410 /410.html");
	CHECK_STR(say(examples, "/unavail/has-no-redirects-entry", NULL), "451 /451.html");
	CHECK_STR(say(examples, "/catch-all", NULL), "200 /index.html");
	CHECK_STR(say(newlines, "/redirect-one", NULL), "301 /one.html");
	CHECK_STR(say(newlines, "/200-index", NULL), "200 /index.html");
	CHECK_STR(say(newlines, "/else", NULL), "none");
	CHECK_STR(say(spa, "/any/route", NULL), "200 /index.html");
}

static void every_status(void)
{
	static const int codes[] = { 200, 301, 302, 303, 307, 308, 404, 410, 451 };
	char path[16], want[32];
	size_t i;

	for (i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		snprintf(path, sizeof path, "/a%d", codes[i]);
		snprintf(want, sizeof want, "%d /b%d", codes[i], codes[i]);
		CHECK_STR(say(good_codes, path, NULL), want);
	}
}

static void what_fits(void)
{
	CHECK_STR(say("/a/* /b", "/a", NULL), "none");		/* 22.2: the star needs the slash before it */
	CHECK_STR(say("/a/* /b", "/a/", NULL), "none");
	CHECK_STR(say("/a/* /b", "/a/b/c", NULL), "301 /b");
	CHECK_STR(say("/a* /b", "/ab", NULL), "none");		/* no whole segment */
	CHECK_STR(say("/A /b", "/a", NULL), "none");
	CHECK_STR(say("/a/ /b", "/a", NULL), "301 /b");
	CHECK_STR(say("/a /b", "/a/", NULL), "301 /b");
	CHECK_STR(say("/a /b", "/a/b", NULL), "none");
	CHECK_STR(say("/a/b /b", "/a", NULL), "none");
	CHECK_STR(say("/:x /b", "/", NULL), "none");
	CHECK_STR(say("/:x/c /:x.html", "/b/c", NULL), "301 /b.html");
	CHECK_STR(say("/a /first\n/a /second", "/a", NULL), "301 /first");
	CHECK_STR(say("  \t/a \t /b\t302 \t\n", "/a", NULL), "302 /b");
	CHECK_STR(say("", "/a", NULL), "none");
	CHECK_STR(say("\n\n# nothing\n", "/a", NULL), "none");
	CHECK_STR(say("/: /b", "/:", NULL), "301 /b");		/* a colon alone names nothing */
}

static void placeholders_are_put_in_once(void)
{
	CHECK_STR(say("/:y/:year /:year-:y 200", "/1/2", NULL), "200 /2-1");
	CHECK_STR(say("/:a/:b /:a/:b 200", "/:b/x", NULL), "200 /:b/x");
	CHECK_STR(say("/:a/* /:splat/:a/:none 200", "/1/2/3", NULL), "200 /2/3/1/:none");
	CHECK_STR(say("/x/:a https://example.net:8080/:a", "/x/1", NULL), "301 https://example.net:8080/1");
	/* a path of ours never becomes another host */
	CHECK_STR(say("/:a/:b /:a/:b", "//evil.example", NULL), "301 /evil.example");
	CHECK_STR(say("/a/* /:splat", "/a//evil.example", NULL), "301 /evil.example");
}

static void locations_are_encoded_and_rewrites_are_not(void)
{
	CHECK_STR(say("/a/* /b/:splat", "/a/\xc4\x85 %?#\"x\r\ny", NULL),
		  "301 /b/%C4%85%20%25%3F%23%22x%0D%0Ay");
	CHECK_STR(say("/a/* /b/:splat 200", "/a/\xc4\x85 %?#", NULL), "200 /b/\xc4\x85 %?#");
	CHECK_STR(say("/a/:x /b?q=:x#f", "/a/1&2=3+4", NULL), "301 /b?q=1%262%3D3%2B4#f");
	CHECK_STR(say("/a /\xc4\x85%20b", "/a", NULL), "301 /%C4%85%20b");
	CHECK_STR(say("/\xc4\x85 /b", "/\xc4\x85", NULL), "301 /b");
}

static void queries_are_merged(void)
{
	CHECK_STR(say(queries, "/source1/x", NULL),
		  "301 /target-file?static-query1=static-val1&static-query2=static-val2");
	CHECK_STR(say(queries, "/source1/x", "a=b"),
		  "301 /target-file?static-query1=static-val1&static-query2=static-val2&a=b");
	/* the request's value wins */
	CHECK_STR(say(queries, "/source1/x", "static-query1=mine&sort=z"),
		  "301 /target-file?static-query2=static-val2&static-query1=mine&sort=z");
	CHECK_STR(say(queries, "/source1/x", "static%2Dquery2&static-query1"),
		  "301 /target-file?static%2Dquery2&static-query1");
	CHECK_STR(say(queries, "/source2/200/ok", NULL), "301 /target-file?code=200&name=ok");
	CHECK_STR(say(queries, "/source3/foo", "a=%20b"), "301 https://example.net/target3/foo?a=%20b");
	CHECK_STR(say("/a /b#end", "/a", "q=1"), "301 /b?q=1#end");
	CHECK_STR(say("/a /b?x", "/a", ""), "301 /b?x");
	CHECK_STR(say("/a /b?x 200", "/a", "y"), "200 /b?x");
}

static void faults_make_the_file_useless(void)
{
	static const char *const bad[] = {
		"hello", "/a /b 999", "/a /b 301!", "/a /b 301 more", "/a /b 0301", "/a /b x", "/a /b 3:1",
		"a /b", "/a*b /c", "/a** /c", "/*/b /c", "/a b", "/a ftp://example.net/", "/a javascript:alert(1)",
		"/a mailto:x@example.net", "/a https://", "/a%2 /b", "/a /%zz", "/a /\x01", "/a /b\x7f", "/:x/:x /b",
		"/:splat/* /b", "/a /b # 301"
	};
	char file[200];
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK_STR(say(bad[i], "/zzz", NULL), "fault");
		CHECK(strstr(err_text(), "line 1, '") != NULL);
		/* also behind a rule that fits */
		snprintf(file, sizeof file, "/zzz /b\n\n%s\n", bad[i]);
		CHECK_STR(say(file, "/zzz", NULL), "fault");
		CHECK(strstr(err_text(), "line 3, '") != NULL);
	}
}

static void sizes(void)
{
	struct gw_rule rule = { .status = 0 };
	char *big = unit_kept(GW_REDIRECTS_MAX + 2);

	memset(big, '#', GW_REDIRECTS_MAX + 1);
	memcpy(big, "/a /b\n", 6);
	CHECK(gw_redirects(span_of(big, GW_REDIRECTS_MAX), span_str("/a"), span_of(NULL, 0), &rule) == 1);
	CHECK_ERR(gw_redirects(span_of(big, GW_REDIRECTS_MAX + 1), span_str("/a"), span_of(NULL, 0), &rule),
		  ERR_INVALID);
	CHECK(strstr(err_text(), "redirects file size cannot exceed") != NULL);
	buf_clear(&rule.to);
}

/* ":splat" ten thousand times, with a long path, is no reason to fill the memory */
static void targets_do_not_grow_without_end(void)
{
	char *file = unit_kept(GW_REDIRECTS_MAX), *path = unit_kept(8000), *at = file;
	size_t i;

	at += sprintf(at, "/a/* /");
	for (i = 0; i < 10000; i++)
		at += sprintf(at, ":splat");
	memset(path, 'x', 7999);
	memcpy(path, "/a/", 3);
	path[7999] = 0;
	CHECK_STR(say(file, path, NULL), "fault");
	CHECK(strstr(err_text(), "with everything put in") != NULL);
}

/* many arguments against many: both are kept, as comparing all would take long */
static void queries_without_end(void)
{
	char *file = unit_kept(GW_REDIRECTS_MAX), *query = unit_kept(5000), *at = file;
	struct gw_rule rule = { .status = 0 };
	size_t i;

	at += sprintf(at, "/a /b?x");
	for (i = 0; i < 5000; i++)
		at += sprintf(at, "&b=1");
	for (i = 0; i < 2000; i++)
		memcpy(query + 2 * i, "b&", 3);
	CHECK(ask(file, "/a", query, &rule) == 1);
	CHECK(rule.to.len > 4 * 5000 + 2 * 2000);
	buf_clear(&rule.to);
}

int main(void)
{
	RUN(the_examples_of_the_specification);
	RUN(every_status);
	RUN(what_fits);
	RUN(placeholders_are_put_in_once);
	RUN(locations_are_encoded_and_rewrites_are_not);
	RUN(queries_are_merged);
	RUN(faults_make_the_file_useless);
	RUN(sizes);
	RUN(targets_do_not_grow_without_end);
	RUN(queries_without_end);
	return UNIT_END();
}
