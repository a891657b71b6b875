/* field_test - parameters, preferences, escapes, what proxies say */
#include "wire/http/field.h"
#include "tests/unit/unit.h"

static int text_is(struct span s, const char *want)
{
	return want ? s.p && span_equal(s, span_str(want)) : !s.p;
}

static void parameters(void)
{
	struct http_media m;
	struct span v, name, rest;
	struct buf out = BUF_INIT(64);

	CHECK(http_media_parse(span_str(" text/html ; charset=utf-8;x=\"a\\\"b;,\" "), &m));
	CHECK(text_is(m.type, "text/html") && m.q == 1000);
	CHECK(http_param(m.params, "charset", &v) && text_is(v, "utf-8"));
	CHECK(http_param(m.params, "x", &v) && text_is(v, "a\\\"b;,"));
	CHECK(http_unquote(v, &out) == 0 && text_is(buf_span(&out), "a\"b;,"));
	CHECK(!http_param(m.params, "y", &v) && !v.p);
	CHECK(http_media_parse(span_str("form-data;;NAME=\"\""), &m));
	CHECK(http_param(m.params, "name", &v) && v.p && v.len == 0);
	CHECK(!http_media_parse(span_str(""), &m) && !http_media_parse(span_str("/html"), &m));
	CHECK(!http_media_parse(span_str("text/"), &m) && !http_media_parse(span_str("a b"), &m));
	CHECK(!http_media_parse(span_str("a;b"), &m) && !http_media_parse(span_str("a;b="), &m));
	CHECK(!http_media_parse(span_str("a;b=\"c"), &m) && !http_media_parse(span_str("a;b=\"c\\"), &m));
	CHECK(!http_media_parse(span_str("a;b =c"), &m) && !http_media_parse(span_str("a;b=c d=e"), &m));
	CHECK(!http_media_parse(span_str("a;q=1.1"), &m) && !http_media_parse(span_str("a;q=0.1234"), &m));
	CHECK(!http_media_parse(span_str("a;q=.5"), &m) && !http_media_parse(span_str("a;q=2"), &m));
	CHECK(http_media_parse(span_str("a;q=0.05"), &m) && m.q == 50);
	CHECK(http_media_parse(span_str("a;Q=1.000"), &m) && m.q == 1000);
	CHECK(http_media_parse(span_str("a;q=0."), &m) && m.q == 0);
	rest = span_str(";a=1; b=2");
	CHECK(http_param_next(&rest, &name, &v) == 1 && text_is(name, "a") && text_is(v, "1"));
	CHECK(http_param_next(&rest, &name, &v) == 1 && text_is(name, "b") && text_is(v, "2"));
	CHECK(http_param_next(&rest, &name, &v) == 0);
	/* commas in quotes, malformed elements between good ones */
	rest = span_str("a;x=\"1,2\" , , b c, d;q=0.5, e;x=\"");
	CHECK(http_media_next(&rest, &m) && text_is(m.type, "a"));
	CHECK(http_media_next(&rest, &m) && text_is(m.type, "d") && m.q == 500);
	CHECK(!http_media_next(&rest, &m));
	buf_clear(&out);
}

/* the table of RFC 9110 12.5.1 */
static void accept(void)
{
	static const struct { const char *type; int q; } rows[] = {
		{ "text/plain", 300 }, { "image/jpeg", 500 }, { "text/html", 1000 }, { "application/json", 500 },
	};
	static const char *const offers[] = { "text/html", "application/json", "application/vnd.ipld.car" };
	struct span list = span_str("text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, "
				    "text/plain;format=fixed;q=0.4, */*;q=0.5");
	size_t i;

	CHECK(http_accept_q(list, "text/html") == 300 && http_accept_q(list, "image/jpeg") == 500);
	CHECK(http_accept_q(list, "text/plain") == 1000);
	list = span_str("text/*;q=0.3, text/html, */*;q=0.5");
	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK(http_accept_q(list, rows[i].type) == rows[i].q);
	CHECK(http_accept_q(span_of(NULL, 0), "a/b") == 1000);
	CHECK(http_accept_q(span_str("text/html"), "a/b") == 0);
	CHECK(http_accept_q(span_str("*/*, a/b;q=0"), "a/b") == 0);
	CHECK(http_accept_q(span_str("TEXT/HTML, text/*;q=0"), "text/html") == 1000);
	CHECK(http_accept_pick(span_str("application/vnd.ipld.car; version=1; order=dfs, */*;q=0.1"), offers, 3) == 2);
	CHECK(http_accept_pick(span_str("*/*"), offers, 3) == 0);
	CHECK(http_accept_pick(span_str("application/*"), offers, 3) == 1);
	CHECK(http_accept_pick(span_str("image/png"), offers, 3) == -1);
	CHECK(http_accept_pick(span_str("*/*;q=0"), offers, 3) == -1);
	CHECK(http_accept_pick(span_of(NULL, 0), offers, 3) == 0);
	/* what a browser sends */
	CHECK(http_accept_pick(span_str("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"),
			       offers, 3) == 0);
}

/* the examples of RFC 9110 12.5.3, and the corners */
static void codings(void)
{
	static const char *const offers[] = { "br", "zstd", "gzip" };
	static const struct { const char *said; int pick; } rows[] = {
		{ "compress, gzip", 2 }, { "", -1 }, { "*", 0 }, { "compress;q=0.5, gzip;q=1.0", 2 },
		{ "gzip;q=1.0, identity; q=0.5, *;q=0", 2 }, { "gzip, deflate, br, zstd", 0 },
		{ "gzip;q=0.5, identity", -1 }, { "X-GZIP", 2 }, { "deflate", -1 }, { "br;q=0, *", 1 },
		{ "identity;q=0", -2 }, { "*;q=0", -2 }, { "*;q=0, identity", -1 }, { "gzip;q=0.001", 2 },
		{ "br;q=0.5, gzip;q=0.5", 0 }, { "identity;q=0, deflate", -2 }, { "br;q=x, gzip", 2 },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		int got = http_coding_pick(span_str(rows[i].said), offers, 3);

		if (got != rows[i].pick)
			printf("# %s: %d\n", rows[i].said, got);
		CHECK(got == rows[i].pick);
	}
	CHECK(http_coding_pick(span_of(NULL, 0), offers, 3) == -1);
}

static void escapes(void)
{
	struct buf out = BUF_INIT(64);
	struct span rest = span_str("a=1&&b&c=x=y&=z&d="), n, v;

	CHECK(http_unescape(span_str("/a%2Fb%2e%2E+%c3%A9"), 0, &out) == 0);
	CHECK(text_is(buf_span(&out), "/a/b..+\xc3\xa9"));
	buf_reset(&out);
	CHECK(http_unescape(span_str("a+b%2B"), 1, &out) == 0 && text_is(buf_span(&out), "a b+"));
	CHECK_ERR(http_unescape(span_str("%"), 0, &out), ERR_INVALID);
	CHECK_ERR(http_unescape(span_str("%4"), 0, &out), ERR_INVALID);
	CHECK_ERR(http_unescape(span_str("%4g"), 0, &out), ERR_INVALID);
	CHECK_ERR(http_unescape(span_str("%%41"), 0, &out), ERR_INVALID);
	CHECK_ERR(http_unescape(span_str("a%00b"), 0, &out), ERR_INVALID);
	CHECK_ERR(http_unescape(span_of("a\0b", 3), 0, &out), ERR_INVALID);
	CHECK(text_is(buf_span(&out), "a b+"));		/* as it was */
	CHECK(out.data[out.len] == 0);
	out.max = 4;
	CHECK_ERR(http_unescape(span_str("x"), 0, &out), ERR_LIMIT);
	buf_clear(&out);
	CHECK(http_unescape(span_of(NULL, 0), 0, &out) == 0 && out.len == 0);
	CHECK(http_query_next(&rest, &n, &v) && text_is(n, "a") && text_is(v, "1"));
	CHECK(http_query_next(&rest, &n, &v) && text_is(n, "b") && text_is(v, NULL));
	CHECK(http_query_next(&rest, &n, &v) && text_is(n, "c") && text_is(v, "x=y"));
	CHECK(http_query_next(&rest, &n, &v) && text_is(n, "") && text_is(v, "z"));
	CHECK(http_query_next(&rest, &n, &v) && text_is(n, "d") && text_is(v, ""));
	CHECK(!http_query_next(&rest, &n, &v));
	buf_clear(&out);
}

static void forwarded(void)
{
	struct http_forwarded f;

	/* RFC 7239 4 */
	CHECK(http_forwarded(span_str("for=192.0.2.60;proto=http;by=203.0.113.43"), &f));
	CHECK(text_is(f.client, "192.0.2.60") && f.tls == 0 && text_is(f.host, NULL));
	CHECK(http_forwarded(span_str("For=\"[2001:db8:cafe::17]:4711\";Host=\"a.example:8080\";proto=HTTPS, for=b"), &f));
	CHECK(text_is(f.client, "[2001:db8:cafe::17]:4711") && text_is(f.host, "a.example:8080") && f.tls == 1);
	CHECK(http_forwarded(span_str("for=unknown, for=1.2.3.4"), &f) && text_is(f.client, "unknown") && f.tls == -1);
	CHECK(http_forwarded(span_str("host=\"a/b\";proto=ftp"), &f) && text_is(f.host, NULL) && f.tls == -1);
	CHECK(http_forwarded(span_of(NULL, 0), &f) && f.tls == -1 && text_is(f.host, NULL));
	CHECK(!http_forwarded(span_str("host=\"a"), &f) && text_is(f.host, NULL));
	CHECK(!http_forwarded(span_str("host=a;proto"), &f) && text_is(f.host, NULL));
	CHECK(!http_forwarded(span_str("host=\"a\\\"b\""), &f));
	CHECK(http_forwarded_x(span_str("2001:db8::1, 10.0.0.1"), span_str("a.example"), span_str("https"), &f));
	CHECK(text_is(f.client, "2001:db8::1") && text_is(f.host, "a.example") && f.tls == 1);
	CHECK(http_forwarded_x(span_of(NULL, 0), span_str("a@b"), span_str("x"), &f));
	CHECK(text_is(f.client, NULL) && text_is(f.host, NULL) && f.tls == -1);
}

int main(void)
{
	RUN(parameters);
	RUN(accept);
	RUN(codings);
	RUN(escapes);
	RUN(forwarded);
	return UNIT_END();
}
