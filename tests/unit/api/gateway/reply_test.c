/* reply_test - bodies and their parts, validators, dispositions and failures */
#include "ask.h"

static struct field list[8];
static struct request rq;
static struct gw_ask a;

static const char data[] = "hello application/vnd.ipld.raw\n";	/* 31 bytes */
enum { N = sizeof data - 1 };
static int calls, fail_at;

static int cat(void *arg, uint64_t off, uint64_t len, struct sink *out)
{
	(void)arg;
	calls++;
	if (fail_at && calls == fail_at)
		return err_set(ERR_NOTFOUND, "a block is not here");
	return sink_bytes(out, span_of(data + off, (size_t)len));
}

static void fresh(const char *fields, const char *query, int head)
{
	heard_begin(&ask_now.heard);
	ask_now.heard.r.head_only = head;
	rq = (struct request){ .field = list, .query = query ? span_str(query) : span_of(NULL, 0) };
	rq.n_fields = heard_fields(list, 8, fields);
	a = (struct gw_ask){ .rq = &rq, .r = &ask_now.heard.r, .ttl = -1 };
	cid_parse(span_str("bafkqaaa"), &a.cid, NULL);
	calls = fail_at = 0;
}

static int body(const char *fields)
{
	fresh(fields, NULL, 0);
	reply_field(&ask_now.heard.r, "etag", "\"tag\"");
	reply_field(&ask_now.heard.r, "last-modified", "Sun, 06 Nov 1994 08:49:37 GMT");
	CHECK(gw_body(&a, "text/plain", N, cat, NULL) == 1);
	return ask_now.heard.r.status;
}

static int is_part(size_t from, size_t len)
{
	return ask_now.heard.len == len && span_equal(buf_span(&ask_now.heard.body), span_of(data + from, len));
}

static void whole(void)
{
	CHECK(body(NULL) == 200 && is_part(0, N) && ask_field_is("accept-ranges", "bytes"));
	CHECK(ask_field_is("content-type", "text/plain") && !ask_field("content-range"));
	/* RFC 9110 14.2: what cannot be understood is not heeded */
	CHECK(body("range: lines=1-2\n") == 200 && body("range: bytes=5-2\n") == 200 && body("range: bytes=x\n") == 200);
	CHECK(body("range: bytes=0-99999999999999999999999\n") == 206 && is_part(0, N));
	fresh("range: bytes=0-3\n", NULL, 1);
	CHECK(gw_body(&a, NULL, N, cat, NULL) == 1 && ask_now.heard.r.status == 200 && ask_now.heard.len == N && !calls);
	fresh("range: bytes=0-3\n", NULL, 0);
	CHECK(gw_body(&a, NULL, 0, cat, NULL) == 1 && ask_now.heard.r.status == 200 && ask_now.heard.len == 0);
}

static void one_range(void)
{
	CHECK(body("range: bytes=6-16\n") == 206 && is_part(6, 11) && ask_field_is("content-range", "bytes 6-16/31"));
	CHECK(ask_field_is("content-type", "text/plain") && ask_field_is("etag", "\"tag\""));
	CHECK(body("range: bytes=-3\n") == 206 && is_part(28, 3) && ask_field_is("content-range", "bytes 28-30/31"));
	CHECK(body("range: bytes=30-\n") == 206 && is_part(30, 1));
	CHECK(body("range: bytes=-1000\n") == 206 && is_part(0, N) && ask_field_is("content-range", "bytes 0-30/31"));
	CHECK(body("range: bytes=0-4,99-\n") == 206 && is_part(0, 5));
	CHECK(body("range: bytes=0-4,3-9\n") == 206 && is_part(0, 10));
}

static void none_of_them(void)
{
	CHECK(body("range: bytes=31-\n") == 416 && ask_field_is("content-range", "bytes */31"));
	CHECK(!ask_field("etag") && !ask_field("last-modified") && !calls);
	CHECK(ask_field_is("content-type", "text/plain; charset=utf-8"));
	CHECK(body("range: bytes=-0\n") == 416);
}

static void if_range(void)
{
	CHECK(body("range: bytes=0-3\nif-range: \"tag\"\n") == 206);
	CHECK(body("range: bytes=0-3\nif-range: \"other\"\n") == 200);
	CHECK(body("range: bytes=0-3\nif-range: W/\"tag\"\n") == 200);
	CHECK(body("range: bytes=0-3\nif-range: Sun, 06 Nov 1994 08:49:37 GMT\n") == 206);
	CHECK(body("range: bytes=0-3\nif-range: Sun, 06 Nov 1994 08:49:38 GMT\n") == 200);
}

static void several(void)
{
	char want[1000], mark[80];
	const char *type;

	CHECK(body("range: bytes=7-9,1-3\n") == 206);
	type = ask_field("content-type");
	NEED(type && !strncmp(type, "multipart/byteranges; boundary=", 31) && strlen(type) >= 31 + 16);
	snprintf(mark, sizeof mark, "%s", type + 31);
	snprintf(want, sizeof want,
		 "--%s\r\nContent-Type: text/plain\r\nContent-Range: bytes 1-3/31\r\n\r\nell"
		 "\r\n--%s\r\nContent-Type: text/plain\r\nContent-Range: bytes 7-9/31\r\n\r\nppl\r\n--%s--\r\n",
		 mark, mark, mark);
	CHECK_STR(ask_body(), want);
	CHECK(ask_now.heard.len == strlen(want) && !ask_field("content-range") && ask_field_is("etag", "\"tag\""));
	/* too many: the whole is cheaper */
	CHECK(body("range: bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30\n")
	      == 206);
	CHECK(body("range: bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30,"
		   "0-0,2-2\n") == 206);
}

static void broken_off(void)
{
	fresh(NULL, NULL, 0);
	fail_at = 1;
	CHECK(gw_body(&a, NULL, N, cat, NULL) == 1 && ask_now.heard.r.status == 200 && ask_now.heard.r.failed);
	fresh("range: bytes=0-1,5-6\n", NULL, 0);
	fail_at = 2;
	CHECK(gw_body(&a, NULL, N, cat, NULL) == 1 && ask_now.heard.r.status == 206 && ask_now.heard.r.failed);
	CHECK(ask_now.heard.body.len < ask_now.heard.len);
}

/* ---- validators ---- */

static int valid(const char *fields, int mutable, int64_t ttl, enum gw_cache cache, int has_mtime)
{
	int rc;

	fresh(fields, NULL, 0);
	a.mutable_path = mutable;
	a.ttl = ttl;
	rc = gw_validators(&a, "\"tag\"", has_mtime, 784111777, cache);
	return rc == 1 ? ask_now.heard.r.status : rc;
}

static void caching(void)
{
	CHECK(valid(NULL, 0, -1, GW_CACHE_FILE, 0) == 0);
	CHECK(ask_field_is("cache-control", "public, max-age=29030400, immutable") && ask_field_is("etag", "\"tag\""));
	CHECK(!ask_field("last-modified"));
	CHECK(valid(NULL, 0, -1, GW_CACHE_LISTING, 0) == 0 &&
	      ask_field_is("cache-control", "public, max-age=604800, stale-while-revalidate=2678400"));
	CHECK(valid(NULL, 0, -1, GW_CACHE_NONE, 1) == 0 && !ask_field("cache-control"));
	CHECK(ask_field_is("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"));
	CHECK(valid(NULL, 1, 1800, GW_CACHE_FILE, 0) == 0 && ask_field_is("cache-control", "public, max-age=1800"));
	CHECK(valid(NULL, 1, 60, GW_CACHE_LISTING, 0) == 0 &&
	      ask_field_is("cache-control", "public, max-age=60, stale-while-revalidate=2678400"));
	CHECK(valid(NULL, 1, -1, GW_CACHE_FILE, 0) == 0 && !ask_field("cache-control"));
	CHECK(valid(NULL, 1, 3155760000, GW_CACHE_FILE, 0) == 0 &&
	      ask_field_is("cache-control", "public, max-age=2147483647"));
}

static void conditions(void)
{
	CHECK(valid("if-none-match: \"tag\"\n", 0, -1, GW_CACHE_FILE, 1) == 304);
	CHECK(ask_field_is("etag", "\"tag\"") && ask_field_is("cache-control", "public, max-age=29030400, immutable"));
	CHECK(!ask_field("last-modified") && !ask_field("content-type") && ask_now.heard.len == 0);
	CHECK(valid("if-none-match: W/\"tag\"\n", 0, -1, GW_CACHE_FILE, 0) == 304);
	CHECK(valid("if-none-match: \"a\", \"b\"\nif-none-match: \"tag\"\n", 0, -1, GW_CACHE_FILE, 0) == 304);
	CHECK(valid("if-none-match: *\n", 0, -1, GW_CACHE_FILE, 0) == 304);
	CHECK(valid("if-none-match: \"x\"\n", 0, -1, GW_CACHE_FILE, 0) == 0);
	CHECK(valid("if-match: \"tag\"\n", 0, -1, GW_CACHE_FILE, 0) == 0);
	CHECK(valid("if-match: W/\"tag\"\n", 0, -1, GW_CACHE_FILE, 0) == 412);
	CHECK(!ask_field("etag") && !ask_field("cache-control"));
	CHECK(valid("if-match: \"x\"\nif-none-match: \"tag\"\n", 0, -1, GW_CACHE_FILE, 0) == 412);
	CHECK(valid("if-modified-since: Sun, 06 Nov 1994 08:49:37 GMT\n", 0, -1, GW_CACHE_FILE, 1) == 304);
	CHECK(valid("if-modified-since: Sun, 06 Nov 1994 08:49:36 GMT\n", 0, -1, GW_CACHE_FILE, 1) == 0);
	CHECK(valid("if-modified-since: Sun, 06 Nov 1994 08:49:37 GMT\n", 0, -1, GW_CACHE_FILE, 0) == 0);
	CHECK(valid("if-modified-since: Sun, 06 Nov 1994 08:49:37 GMT\nif-none-match: \"x\"\n", 0, -1, GW_CACHE_FILE, 1) == 0);
	CHECK(valid("if-unmodified-since: Sun, 06 Nov 1994 08:49:36 GMT\n", 0, -1, GW_CACHE_FILE, 1) == 412);
}

/* ---- Content-Disposition ---- */

static const char *disposition(const char *query, const char *word, const char *name)
{
	fresh(NULL, query, 0);
	CHECK(gw_disposition(&a, word, span_str(name)) == 0);
	return ask_field("content-disposition");
}

static void dispositions(void)
{
	char *longer = unit_kept(6000), *p;

	CHECK(!disposition(NULL, NULL, "x") && !disposition("filename=", NULL, "x") && !disposition("download=yes", NULL, "x"));
	CHECK_STR(disposition("filename=test%D1%82%D0%B5%D1%81%D1%82.tar", "attachment", "x"),
		  "attachment; filename=\"test____.tar\"; filename*=UTF-8''test%D1%82%D0%B5%D1%81%D1%82.tar");
	CHECK_STR(disposition("filename=foobar.bin", "attachment", "x"),
		  "attachment; filename=\"foobar.bin\"; filename*=UTF-8''foobar.bin");
	CHECK_STR(disposition("filename=x", NULL, ""), "inline; filename=\"x\"; filename*=UTF-8''x");
	CHECK_STR(disposition("filename=x&download=true", NULL, ""), "attachment; filename=\"x\"; filename*=UTF-8''x");
	CHECK_STR(disposition("download=true", NULL, "n.txt"), "attachment; filename=\"n.txt\"; filename*=UTF-8''n.txt");
	CHECK_STR(disposition("download=true", NULL, ""), "attachment; filename=\"bafkqaaa\"; filename*=UTF-8''bafkqaaa");
	CHECK_STR(disposition("download=true", "inline", "d"), "attachment; filename=\"d\"; filename*=UTF-8''d");
	CHECK_STR(disposition("filename=a%22%5C%0D%0A%2Fb+c,;", NULL, ""),
		  "inline; filename=\"a%22%5C%0D%0A%2Fb%20c%2C%3B\"; filename*=UTF-8''a%22%5C%0D%0A%2Fb%20c%2C%3B");
	CHECK_STR(disposition("filename=%ff", NULL, ""), "inline; filename=\"_\"; filename*=UTF-8''%FF");
	for (p = longer + sprintf(longer, "filename="); p < longer + 5000; p += 6)
		strcpy(p, "%C4%85");
	CHECK(strlen(disposition(longer, NULL, "")) < 2000);
}

/* ---- failures ---- */

static void failures(void)
{
	fresh(NULL, NULL, 0);
	reply_field(&ask_now.heard.r, "etag", "\"tag\"");
	reply_field(&ask_now.heard.r, "cache-control", "public, max-age=29030400, immutable");
	reply_field(&ask_now.heard.r, "content-disposition", "inline");
	CHECK(gw_fail(&a, 404, "no <b> \x01 \xc4\x85 \xff \xf0\x9f\x98\x80") == 1);
	CHECK_STR(ask_body(), "no <b> \\u0001 \\u0105 \\xff \\U0001f600\n");
	CHECK(ask_field_is("content-type", "text/plain; charset=utf-8") && ask_field_is("x-content-type-options", "nosniff"));
	CHECK(!ask_field("etag") && !ask_field("cache-control") && !ask_field("content-disposition"));
	fresh(NULL, NULL, 1);
	CHECK(gw_fail(&a, 503, "later") == 1 && !ask_now.heard.body.len && ask_now.heard.len == 6 && ask_field("retry-after"));
	fresh(NULL, NULL, 0);
	a.html = 1;
	CHECK(gw_fail(&a, 404, "no <b>") == 1 && ask_field_has("content-type", "text/html"));
	CHECK(strstr(ask_body(), "no &lt;b&gt;") && !strstr(ask_body(), "<b>"));
	fresh(NULL, NULL, 0);
	err_set(ERR_CORRUPT, "block x is damaged");
	CHECK(gw_fail_rc(&a, ERR_CORRUPT) == 1 && ask_now.heard.r.status == 500 && strstr(ask_body(), "block x is damaged"));
	fresh(NULL, NULL, 0);
	CHECK(gw_fail_rc(&a, ERR_INTERRUPTED) == ERR_INTERRUPTED && !ask_now.heard.r.status);
}

static void redirects(void)
{
	fresh(NULL, NULL, 0);
	reply_field(&ask_now.heard.r, "x-ipfs-path", "/ipfs/x");
	CHECK(gw_redirect(&a, 301, span_str("/a/")) == 1 && ask_now.heard.r.status == 301 && ask_now.heard.len == 0);
	CHECK(ask_field_is("location", "/a/") && !ask_field("x-ipfs-path"));
	fresh(NULL, NULL, 0);
	CHECK(gw_redirect(&a, 301, span_str("/a\r\nset-cookie: x")) == 1 && ask_now.heard.r.status == 400);
	CHECK(!ask_field("set-cookie") && !ask_field("location"));
}

int main(void)
{
	RUN(whole);
	RUN(one_range);
	RUN(none_of_them);
	RUN(if_range);
	RUN(several);
	RUN(broken_off);
	RUN(caching);
	RUN(conditions);
	RUN(dispositions);
	RUN(failures);
	RUN(redirects);
	buf_clear(&ask_now.heard.r.fields);
	buf_clear(&ask_now.heard.body);
	return UNIT_END();
}
