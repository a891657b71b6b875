/* deny_test - which content a list denies; the hashed rules are the examples of the specification */
#include "api/gateway/gateway_priv.h"
#include "tests/unit/unit.h"

#define V0 "QmVTF1yEejXd9iMgoRTFDxBv7HAz9kuZcQNBzHrceuK9HR"
#define V1 "bafybeidjwik6im54nrpfg7osdvmx7zojl5oaxqel5cmsz46iuelwf5acja"
#define RAW "bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am"
#define KEY36 "k51qzi5uqu5dk3v4rmjber23h16xnr23bsggmqqil9z2gduiis5se8dht36dam"
#define KEY58 "12D3KooWLQzUv2FHWGVPXTXSZpdHs7oHbXub2G5WC8Tx4NQhyd2d"
#define LEGACY "bafybeiefwqslmf6zyyrxodaxx4vwqircuxpza5ri45ws3y5a62ypxti42e"

static int open_text(struct gw_deny **d, const char *text)
{
	static char path[4200];
	FILE *f;
	int rc;

	if (!path[0])
		snprintf(path, sizeof path, "%s/list.deny", unit_tmpdir());
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		abort();
	rc = gw_deny_open(d, path);
	return rc;
}

static struct gw_deny *list(const char *text)
{
	struct gw_deny *d = NULL;

	CHECK(open_text(&d, text) == 0);
	return d;
}

static int denied(struct gw_deny *d, const char *path)
{
	return gw_denied(d, span_str(path), NULL);
}

static int denied_cid(struct gw_deny *d, const char *text)
{
	struct cid cid;

	return cid_parse(span_str(text), &cid, NULL) < 0 ? -1 : gw_denied(d, span_of("", 0), &cid);
}

static void content_by_its_multihash(void)
{
	struct gw_deny *d = list("# a comment\n\n/ipfs/" V0 "\r\n  " RAW "  \n");

	CHECK(denied(d, "/ipfs/" V0) == 410);
	CHECK(denied(d, "/ipfs/" V1) == 410);
	CHECK(denied(d, "/ipfs/" V1 "/") == 410);
	CHECK(denied(d, "/ipfs/" V1 "/below/it") == 410);
	CHECK(denied(d, "/ipns/" V1) == 410);
	CHECK(denied_cid(d, V0) == 410);
	CHECK(denied_cid(d, V1) == 410);
	CHECK(denied_cid(d, RAW) == 410);
	CHECK(denied_cid(d, LEGACY) == 0);
	CHECK(denied(d, "/ipfs/" LEGACY) == 0);
	CHECK(denied(d, "/ipfs/") == 0 && denied(d, "/") == 0 && denied(d, "") == 0 && denied(d, "/ipfs/none") == 0);
	gw_deny_free(d);
}

static void paths(void)
{
	struct gw_deny *d = list("/ipfs/" V0 "/a/b%20c\n/ipfs/" RAW "/x/\n");

	CHECK(denied(d, "/ipfs/" V1 "/a/b c") == 410);
	CHECK(denied(d, "/ipfs/" V1 "/a/b c/") == 410);
	CHECK(denied(d, "/ipfs/" V1 "/a/b c/d") == 0);
	CHECK(denied(d, "/ipfs/" V1 "/a") == 0);
	CHECK(denied(d, "/ipfs/" V1) == 0);
	CHECK(denied(d, "/ipfs/" RAW "/x") == 410);
	CHECK(denied_cid(d, V1) == 0);
	gw_deny_free(d);
}

static void beginnings_of_paths(void)
{
	struct gw_deny *d = list("/ipfs/" V0 "/test*\n/ipfs/" RAW "/ab/*\n/ipfs/" LEGACY "/*\n/ipns/x.example/p*");

	CHECK(denied(d, "/ipfs/" V1 "/test") == 410);
	CHECK(denied(d, "/ipfs/" V1 "/testing/it") == 410);
	CHECK(denied(d, "/ipfs/" V1 "/tes") == 0);
	CHECK(denied(d, "/ipfs/" V1 "/a/test") == 0);
	CHECK(denied(d, "/ipfs/" V1) == 0);
	CHECK(denied(d, "/ipfs/" RAW "/ab/c") == 410);	/* the same as "ab*" */
	CHECK(denied(d, "/ipfs/" RAW "/abc") == 410);
	CHECK(denied(d, "/ipfs/" LEGACY) == 410);
	CHECK(denied(d, "/ipfs/" LEGACY "/any") == 410);
	CHECK(denied_cid(d, LEGACY) == 410);
	CHECK(denied(d, "/ipns/X.example/path") == 410);
	CHECK(denied(d, "/ipns/x.example/q") == 0);
	gw_deny_free(d);
}

static void names(void)
{
	struct gw_deny *d = list("/ipns/domain.example\n/ipns/Domain2.example/path\n/ipns/" KEY36 "\n");

	CHECK(denied(d, "/ipns/domain.example") == 410);
	CHECK(denied(d, "/ipns/DOMAIN.example/a") == 410);
	CHECK(denied(d, "/ipns/domain2.example") == 0);
	CHECK(denied(d, "/ipns/domain2.example/path") == 410);
	CHECK(denied(d, "/ipns/" KEY58) == 410);
	CHECK(denied(d, "/ipns/" KEY36 "/a") == 410);
	gw_deny_free(d);
}

/* the last rule that fits counts */
static void exceptions(void)
{
	struct gw_deny *d = list("/ipfs/" V0 "/blocked*\n!/ipfs/" V0 "/blockednot\n!/ipfs/" V0 "/blocked/not\n"
				 "!/ipfs/" V0 "/blocked/exceptions*\n!/ipns/my.domain\n/ipns/my.domain\n"
				 "/ipfs/" RAW "\n!/ipfs/" RAW "/ok\n"
				 "/ipfs/" LEGACY "/bad\n!/ipfs/" LEGACY "\n");

	CHECK(denied(d, "/ipfs/" V1 "/blocked") == 410);
	CHECK(denied(d, "/ipfs/" V1 "/blockedtoo") == 410);
	CHECK(denied(d, "/ipfs/" V1 "/blockednot") == 0);
	CHECK(denied(d, "/ipfs/" V1 "/blocked/not") == 0);
	CHECK(denied(d, "/ipfs/" V1 "/blocked/not/so") == 410);
	CHECK(denied(d, "/ipfs/" V1 "/blocked/exceptions3") == 0);
	CHECK(denied(d, "/ipns/my.domain") == 410);
	CHECK(denied(d, "/ipfs/" RAW "/other") == 410);
	CHECK(denied(d, "/ipfs/" RAW "/ok") == 0);
	CHECK(denied(d, "/ipfs/" LEGACY) == 0);
	CHECK(denied(d, "/ipfs/" LEGACY "/bad") == 410);	/* that the root is served says nothing of it */
	gw_deny_free(d);
}

/* ipfs/specs src/compact-denylist-format.md, "Example" */
static void hashed_rules(void)
{
	struct gw_deny *d = list("//QmX9dhRcQcKUw3Ws8485T5a9dtjrSCQaUAHnG4iK9i4ceM\n"
				 "//gW813G35CnLsy7gRYYHuf63hrz71U1xoLFDVeV7actx6oX\n"
				 "//d9d295bde21f422d471a90f2a37ec53049fdf3e5fa3ee2e8f20e10003da429e7\n");
	struct gw_deny *e = list("//c555c4de78827ba42527dd3dc5398db38d6c0a8c345a88e0158b2d100f317e50\n"
				 "//3f8b9febd851873b3774b937cce126910699ceac56e72e64b866f8e258d09572 status:451\n"
				 "//QmSju6XPmYLG611rmK7rEeCMFVuL6EHpqyvmEU6oGx3GR8\n");
	const char *b3 = "/ipfs/bafyb4ieqht3b2rssdmc7sjv2cy2gfdilxkfh7623nvndziyqnawkmo266a";
	char path[200];

	CHECK(denied(d, "/ipfs/" V0) == 410);
	CHECK(denied(d, "/ipfs/" V1) == 410);
	CHECK(denied_cid(d, V1) == 410);
	snprintf(path, sizeof path, "%s/path", b3);
	CHECK(denied(d, path) == 410);
	CHECK(denied(d, "/ipfs/f01701e20903cf61d46521b05f926ba1634628d0bba8a7ffb5b6d5a3ca310682ca63b5ef0/path") == 410);
	snprintf(path, sizeof path, "%s/path2", b3);
	CHECK(denied(d, path) == 0);
	CHECK(denied(d, b3) == 0);
	CHECK(denied(d, "/ipfs/" LEGACY) == 410);
	CHECK(denied_cid(d, LEGACY) == 410);
	CHECK(denied(e, "/ipfs/" LEGACY) == 0);
	CHECK(denied(e, "/ipfs/" LEGACY "/path") == 451);
	CHECK(denied(e, "/ipfs/" LEGACY "/path2") == 0);
	CHECK(denied(e, "/ipns/bad-domain-name.tld") == 410);
	CHECK(denied(e, "/ipns/good-domain-name.tld") == 0);
	CHECK(denied(e, "/ipfs/bafybeihrw75yfhdx5qsqgesdnxejtjybscwuclpusvxkuttep6h7pkgmze/my/path") == 410);
	gw_deny_free(d);
	gw_deny_free(e);
}

static void headers_and_hints(void)
{
	struct gw_deny *d = list("version: 1\nname: a list\nhints:\n  gateway_status: 451\n  other: x\n---\n"
				 "/ipfs/" V0 "\n/ipfs/" RAW " reason:x gateway_status:410\n/ipfs/" LEGACY " status:999\n");
	struct gw_deny *e = NULL;

	CHECK(denied(d, "/ipfs/" V1) == 451);
	CHECK(denied(d, "/ipfs/" RAW) == 410);
	CHECK(denied(d, "/ipfs/" LEGACY) == 451);
	gw_deny_free(d);
	CHECK_ERR(open_text(&e, "version: 2\n---\n/ipfs/" V0 "\n"), ERR_UNSUPPORTED);
	CHECK(e == NULL);
}

/* nothing is served because of a slip */
static void lines_that_are_no_rules(void)
{
	static const char *const bad[] = {
		"/ipfs/", "/ipfs", "/ipld/" V0, "/ipfs/nonsense", "nonsense", "//", "//zzz", "//abcd", "/ipns/",
		"/ipfs/" V0 "*", "/ipfs/*", "/ipns/x.example*", "*", "!", "/ipfs/" V0 "/%zz", "version: 1",
		"//" V0 "/x"
	};
	struct gw_deny *d = NULL;
	char text[300];
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(text, sizeof text, "/ipfs/" V0 "\n%s\n", bad[i]);
		CHECK_ERR(open_text(&d, text), ERR_INVALID);
		CHECK(d == NULL);
	}
	CHECK_ERR(gw_deny_open(&d, "/nonexistent/list"), ERR_NOTFOUND);
}

static void no_list(void)
{
	struct gw_deny *d = list("# nothing\n");

	CHECK(denied(d, "/ipfs/" V0) == 0);
	gw_deny_free(d);
	CHECK(denied(NULL, "/ipfs/" V0) == 0);
	gw_deny_free(NULL);
}

static void many_rules(void)
{
	char *text = unit_kept(70 * 10000), *at = text, path[100];
	struct gw_deny *d;
	int i;

	for (i = 0; i < 5000; i++)
		at += sprintf(at, "/ipns/d%d.example/a*\n/ipns/e%d.example\n", i * 7919 % 5000, i);
	d = list(text);
	for (i = 0; i < 5000; i += 7) {
		snprintf(path, sizeof path, "/ipns/d%d.example/ab", i);
		CHECK(denied(d, path) == 410);
		snprintf(path, sizeof path, "/ipns/e%d.example", i);
		CHECK(denied(d, path) == 410);
		snprintf(path, sizeof path, "/ipns/d%d.example/b", i);
		CHECK(denied(d, path) == 0);
	}
	gw_deny_free(d);
}

int main(void)
{
	RUN(content_by_its_multihash);
	RUN(paths);
	RUN(beginnings_of_paths);
	RUN(names);
	RUN(exceptions);
	RUN(hashed_rules);
	RUN(headers_and_hints);
	RUN(lines_that_are_no_rules);
	RUN(no_list);
	RUN(many_rules);
	return UNIT_END();
}
