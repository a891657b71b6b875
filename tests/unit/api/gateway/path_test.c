/* path_test - paths that come in are cleaned once, and go out so that they mean the same */
#include "api/gateway/gateway_priv.h"
#include "tests/unit/unit.h"

static void cleaned(void)
{
	static const char *const rows[][2] = {
		{ "/", "/" }, { "//", "/" }, { "/a", "/a" }, { "/a/", "/a/" }, { "/a//b", "/a/b" },
		{ "//evil.example/x", "/evil.example/x" }, { "/a/./b", "/a/b" }, { "/a/../b", "/b" },
		{ "/a/b/..", "/a/" }, { "/a/b/.", "/a/b/" }, { "/a/%2e%2E/b", "/b" }, { "/a%2Fb", "/a/b" },
		{ "/a+b", "/a+b" }, { "/%C4%85/%C4%99", "/ą/ę" }, { "/a%252F", "/a%2F" }, { "/...", "/..." },
		{ "/a///", "/a/" }, { "/a/..", "/" }, { "/.hidden", "/.hidden" },
		{ "/Portugal%252C+Espa%C3%B1a=Peninsula%20Ib%C3%A9rica.txt",
		  "/Portugal%2C+España=Peninsula Ibérica.txt" },
	};
	static const char *const bad[] = { "", "a", "*", "/%", "/%4", "/%zz", "/a%00b", "/..", "/a/../..", "/%2e%2e/x" };
	struct buf out = BUF_INIT(GW_PATH_MAX);
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		buf_reset(&out);
		CHECK(gw_clean(span_str(rows[i][0]), &out) == 0);
		CHECK_STR((char *)out.data, rows[i][1]);
	}
	buf_reset(&out);
	buf_str(&out, "/ipfs/x");
	CHECK(gw_clean(span_str("/b/../c"), &out) == 0);
	CHECK_STR((char *)out.data, "/ipfs/x/c");
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK_ERR(gw_clean(span_str(bad[i]), &out), ERR_INVALID);
		CHECK_STR((char *)out.data, "/ipfs/x/c");	/* as it was; nobody climbs into it */
	}
	buf_clear(&out);
}

static void a_long_one_is_a_limit(void)
{
	char *path = unit_kept(GW_PATH_MAX + 10);
	struct buf out = BUF_INIT(2 * GW_PATH_MAX);

	memset(path, 'a', GW_PATH_MAX + 9);
	path[0] = '/';
	CHECK_ERR(gw_clean(span_of(path, GW_PATH_MAX + 9), &out), ERR_LIMIT);
	CHECK(out.len == 0);
	CHECK(gw_clean(span_of(path, GW_PATH_MAX), &out) == 0 && out.len == GW_PATH_MAX);
	buf_clear(&out);
}

static void escaped(void)
{
	static const char *const rows[][2] = {
		{ "/ą/ę/", "/%C4%85/%C4%99/" },
		{ "/Portugal%2C+España=Peninsula Ibérica.txt",
		  "/Portugal%252C+Espa%C3%B1a=Peninsula%20Ib%C3%A9rica.txt" },
		{ "-_.~$&+,/:;=@", "-_.~$&+,/:;=@" },
		{ "%?#\"'()*![]", "%25%3F%23%22%27%28%29%2A%21%5B%5D" },
		{ "\r\n\x7f\xff", "%0D%0A%7F%FF" }, { "", "" },
	};
	struct buf out = BUF_INIT(1000), back = BUF_INIT(1000);
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		buf_reset(&out);
		buf_reset(&back);
		CHECK(gw_escape(&out, span_str(rows[i][0])) == 0);
		CHECK(span_equal(buf_span(&out), span_str(rows[i][1])));
		CHECK(http_unescape(buf_span(&out), 0, &back) == 0 &&
		      span_equal(buf_span(&back), span_str(rows[i][0])));
	}
	buf_reset(&out);
	CHECK(gw_escape(&out, span_of("a\0b", 3)) == 0 && !strcmp((char *)out.data, "a%00b"));
	buf_clear(&out);
	buf_clear(&back);
}

static void html(void)
{
	static const char *const rows[][2] = {
		{ "<script>\"&'", "&lt;script&gt;&#34;&amp;&#39;" }, { "file-źł.txt", "file-źł.txt" },
		{ "a\nb\x1b", "a␊b␛" }, { "x\xff\xc0\x80y", "x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdy" },
		{ "a\xe2\x80\xae" "b", "a\xef\xbf\xbd" "b" },		/* U+202E turns the line around */
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },	/* a surrogate */
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" }, { "\xf0\x9f\x98", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};
	struct buf out = BUF_INIT(1000);
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		buf_reset(&out);
		CHECK(gw_html(&out, span_str(rows[i][0])) == 0);
		CHECK_STR((char *)out.data, rows[i][1]);
	}
	buf_clear(&out);
}

static void last_segments(void)
{
	static const char *const rows[][2] = {
		{ "/ipfs/x", "" }, { "/ipfs/x/", "" }, { "/ipfs/x/a", "a" }, { "/ipfs/x/a/b.txt/", "b.txt" },
		{ "/ipns/example.com", "" }, { "/", "" },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK(span_equal(gw_last_segment(span_str(rows[i][0])), span_str(rows[i][1])));
}

int main(void)
{
	RUN(cleaned);
	RUN(a_long_one_is_a_limit);
	RUN(escaped);
	RUN(html);
	RUN(last_segments);
	return UNIT_END();
}
