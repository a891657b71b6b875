#include "unit.h"

#include "peer/fetch/fetch_priv.h"

static const char *parsed(const char *text)
{
	static char kept[256];
	char *url;
	int https;

	if (gateway_parse(text, &url, &https) < 0)
		return "refused";
	snprintf(kept, sizeof kept, "%d %s", https, url);
	free(url);
	return kept;
}

static void urls(void)
{
	CHECK_STR(parsed("https://example.net"), "1 https://example.net");
	CHECK_STR(parsed("https://example.net/"), "1 https://example.net");
	CHECK_STR(parsed("http://127.0.0.1:8080/a/b//"), "0 http://127.0.0.1:8080/a/b");
	CHECK_STR(parsed("http://[::1]:8080/ipfs/"), "0 http://[::1]:8080");
	CHECK_STR(parsed("ftp://example.net"), "refused");
	CHECK_STR(parsed("file:///etc/passwd"), "refused");
	CHECK_STR(parsed("example.net"), "refused");
	CHECK_STR(parsed(""), "refused");
	CHECK_STR(parsed("https://"), "refused");
	CHECK_STR(parsed("https://example.net/?a=b"), "refused");
	CHECK_STR(parsed("https://example.net/#a"), "refused");
	CHECK_STR(parsed("https://exa mple.net/"), "refused");
}

static void pauses(void)
{
	struct fetch f = { .o = { .backoff_ms = 100 } };
	struct gateway g = { 0 };

	gateway_failed(&f, &g, 1000, 0);
	CHECK(g.not_before == 1100 && g.fails == 1);
	gateway_failed(&f, &g, 1050, 0);		/* of the same time */
	CHECK(g.not_before == 1100 && g.fails == 1 && g.stat.n_failed == 2);
	gateway_failed(&f, &g, 1100, 0);
	CHECK(g.not_before == 1300);
	gateway_failed(&f, &g, 1300, 7);
	CHECK(g.not_before == 8300);
	g.fails = 60;
	gateway_failed(&f, &g, 10000, 0);
	CHECK(g.not_before == 10000 + BACKOFF_MAX_MS);
	gateway_failed(&f, &g, 10000, INT64_MAX);	/* nobody is left alone for longer than a day */
	CHECK(g.not_before == 10000 + 86400u * 1000);
	gateway_fine(&g);
	CHECK(g.fails == 0);
}

int main(void)
{
	RUN(urls);
	RUN(pauses);
	return UNIT_END();
}
