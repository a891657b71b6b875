/* host_test - which content a host and a path mean, and where requests are sent on to (reference 3, 20) */
#include "api/gateway/gateway_priv.h"
#include "tests/unit/unit.h"

#define V0 "QmZULkCELmmk5XNfCgTnCyFgAVxBRBXyDHGGMVoLFLiXEN"
#define V0_LABEL "bafybeiffndsajwhk3lwjewwdxqntmjm4b5wxaaanokonsggenkbw6slwk4"
#define RAW "bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am"
#define LONG "bafkrgqhhyivzstcz3hhswshfjgy6ertgmnqeleynhwt4dlfsthi4hn7zgh4uvlsb5xncykzapi3ocd4lzogukir6ksdy6wzrnz6ohnv4aglcs"
#define RSA "QmVujd5Vb7moysJj8itnGufN7MEtPRCNHkKpNuA4onsRa3"
#define RSA36 "k2k4r8m7xvggw5pxxk3abrkwyer625hg01hfyggrai7lk1m63fuihi7w"
#define ED "12D3KooWLQzUv2FHWGVPXTXSZpdHs7oHbXub2G5WC8Tx4NQhyd2d"
#define ED36 "k51qzi5uqu5dk3v4rmjber23h16xnr23bsggmqqil9z2gduiis5se8dht36dam"
#define ED32 "bafzaajaiaejcbhltvusd6q2t7tm3lmke4vu4lieeerm25eihikbh3ncjntnm6t6o"
#define TOO_LONG "CID incompatible with DNS label length limit of 63"

/* ---- a reply that is kept, and a gateway ---- */

static struct buf body = BUF_INIT(1 << 20);

static int keep_start(struct reply *r, uint64_t len)
{
	(void)r;
	(void)len;
	return 0;
}

static int keep_put(struct sink *s, const struct piece *p)
{
	(void)s;
	return buf_add(&body, p->bytes);
}

static struct gateway g;

/* what the names are said to be */
static struct gw_host hosts[] = {
	{ (char []){ "example.com" }, GATEWAY_SUBDOMAINS | GATEWAY_INLINE },
	{ (char []){ "plain.example" }, 0 },
	{ (char []){ "dotted.example" }, GATEWAY_SUBDOMAINS },
	{ (char []){ "sub.dotted.example" }, GATEWAY_SUBDOMAINS | GATEWAY_NO_IPNS },
	{ (char []){ "port.example:81" }, GATEWAY_SUBDOMAINS | GATEWAY_TRUSTLESS },
	{ (char []){ "port.example" }, GATEWAY_NO_IPFS | GATEWAY_NO_DNSLINK },
	{ (char []){ "*.wild.example" }, GATEWAY_SUBDOMAINS },
	{ (char []){ "127.0.0.1" }, GATEWAY_SUBDOMAINS },	/* an address has no names below it */
};

static void open_gateway(void)
{
	g = (struct gateway){ .hosts = hosts, .n_hosts = sizeof hosts / sizeof hosts[0] };
	if (gw_names_new(&g.names, "en.wikipedia-on-ipfs.example.org:/ipfs/" RAW ",plain.example:/ipfs/" RAW
			 ",port.example:/ipfs/" RAW ",site.example:/ipfs/" RAW ",my-label:/ipfs/" RAW
			 ",aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaa.example:/ipfs/" RAW)
	    < 0)
		abort();
}

/* ---- asking ---- */

static struct asked { int tls, remote, html; const char *forwarded_host, *forwarded_proto; } as;

static const char *location(const struct reply *r)
{
	static char text[40000];
	const char *p = r->fields.data ? strstr((const char *)r->fields.data, "location: ") : NULL;

	if (!p)
		return "";
	snprintf(text, sizeof text, "%s", p + strlen("location: "));
	text[strcspn(text, "\r")] = 0;
	return text;
}

/* "301 URL", "400 text", "path /ipfs/…", "subdomain /ipfs/… of example.com", "dnslink /ipns/…" */
static const char *say(const char *host, const char *target)
{
	static char text[50000];
	static const char *const views[] = { "path", "subdomain", "dnslink" };
	const char *mark = strchr(target, '?');
	struct field f[2];
	struct request rq = { .method = span_str("GET"), .host = span_str(host), .field = f, .tls = as.tls,
			      .path = span_of(target, strcspn(target, "?")), .local = !as.remote,
			      .query = mark ? span_str(mark + 1) : span_of(NULL, 0) };
	struct reply r = { .sink = { keep_put }, .fields = BUF_INIT(REPLY_FIELDS_MAX), .start = keep_start };
	struct gw_ask a = { .g = &g, .rq = &rq, .r = &r, .host = BUF_INIT(GW_TEXT_MAX),
			    .gw_host = BUF_INIT(GW_TEXT_MAX), .web = BUF_INIT(GW_PATH_MAX),
			    .path = BUF_INIT(GW_PATH_MAX + GW_TEXT_MAX) };
	int rc;

	if (as.forwarded_host)
		f[rq.n_fields++] = (struct field){ span_str("x-forwarded-host"), span_str(as.forwarded_host) };
	if (as.forwarded_proto)
		f[rq.n_fields++] = (struct field){ span_str("x-forwarded-proto"), span_str(as.forwarded_proto) };
	buf_reset(&body);
	rc = gw_host(&a);
	if (rc < 0)
		snprintf(text, sizeof text, "%s", err_name(rc));
	else if (rc == 1 && r.status >= 300 && r.status < 400)
		snprintf(text, sizeof text, "%d %s", r.status, location(&r));
	else if (rc == 1)
		snprintf(text, sizeof text, "%d %.*s", r.status, (int)strcspn((char *)body.data, "\n"),
			 (char *)body.data);
	else
		snprintf(text, sizeof text, "%s %s%s%s%s", views[a.view], (char *)a.path.data,
			 a.https ? " https" : "", a.view == GW_SUBDOMAIN ? " of " : "",
			 a.view == GW_SUBDOMAIN ? (char *)a.gw_host.data : "");
	if (rc == 0 && !span_equal(buf_span(&a.host), span_str(as.forwarded_host && !as.remote ?
							       as.forwarded_host : host)))
		snprintf(text, sizeof text, "host '%s'", (char *)a.host.data);
	buf_clear(&a.host);
	buf_clear(&a.gw_host);
	buf_clear(&a.web);
	buf_clear(&a.path);
	buf_clear(&r.fields);
	return text;
}

/* ---- 20.3: paths of hosts with subdomains ---- */

static void paths_become_subdomains(void)
{
	CHECK_STR(say("example.com:8080", "/ipfs/" V0 "/"), "301 http://" V0_LABEL ".ipfs.example.com:8080/");
	CHECK_STR(say("example.com:8080", "/ipfs/" V0), "301 http://" V0_LABEL ".ipfs.example.com:8080/");
	CHECK_STR(say("EXAMPLE.com", "/ipfs/" RAW "/a/b?c=%20d&e"),
		  "301 http://" RAW ".ipfs.EXAMPLE.com/a/b?c=%20d&e");
	CHECK_STR(say("example.com:8080", "/ipfs/" RAW "/Portugal%252C+Espa%C3%B1a=Peninsula%20Ib%C3%A9rica.txt"),
		  "301 http://" RAW ".ipfs.example.com:8080/Portugal%252C+Espa%C3%B1a=Peninsula%20Ib%C3%A9rica.txt");
	CHECK_STR(say("example.com:8080", "/ipns/" RSA), "301 http://" RSA36 ".ipns.example.com:8080/");
	CHECK_STR(say("example.com:8080", "/ipns/" RSA36), "301 http://" RSA36 ".ipns.example.com:8080/");
	CHECK_STR(say("example.com:8080", "/ipns/" ED "/a/"), "301 http://" ED36 ".ipns.example.com:8080/a/");
	CHECK_STR(say("example.com:8080", "/ipns/" ED32), "301 http://" ED36 ".ipns.example.com:8080/");
	CHECK_STR(say("example.com:8080", "/ipns/en.wikipedia-on-ipfs.example.org/wiki/"),
		  "301 http://en-wikipedia--on--ipfs-example-org.ipns.example.com:8080/wiki/");
	CHECK_STR(say("example.com", "/ipfs/" LONG "/"), "400 " TOO_LONG);
	CHECK_STR(say("example.com", "/ipns/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
		      "aaaaaaaaaaaaaaaaaaaaaaaaaa.example"),
		  "400 DNSLink name incompatible with DNS label length limit of 63");
}

static void names_without_dots_become_names(void)
{
	/* the un-inlined form has a DNSLink: it is what is meant */
	CHECK_STR(say("dotted.example", "/ipns/en-wikipedia--on--ipfs-example-org/x"),
		  "301 http://en.wikipedia-on-ipfs.example.org.ipns.dotted.example/x");
	CHECK_STR(say("example.com", "/ipns/en-wikipedia--on--ipfs-example-org/x"),
		  "301 http://en-wikipedia--on--ipfs-example-org.ipns.example.com/x");
	CHECK_STR(say("example.com", "/ipns/no-such-name"), "301 http://no-such-name.ipns.example.com/");
	CHECK_STR(say("example.com", "/ipns/no.such.name"), "301 http://no.such.name.ipns.example.com/");
	CHECK_STR(say("dotted.example", "/ipns/en.wikipedia-on-ipfs.example.org"),
		  "301 http://en.wikipedia-on-ipfs.example.org.ipns.dotted.example/");
	as = (struct asked){ .tls = 1 };	/* a certificate covers one label */
	CHECK_STR(say("dotted.example", "/ipns/en.wikipedia-on-ipfs.example.org"),
		  "301 https://en-wikipedia--on--ipfs-example-org.ipns.dotted.example/");
	as = (struct asked){ .tls = 0 };
}

static void what_stays_a_path(void)
{
	CHECK_STR(say("example.com", "/ipfs/QmInvalidCID"), "path /ipfs/QmInvalidCID");
	CHECK_STR(say("example.com", "/ipfs/"), "path /ipfs/");
	CHECK_STR(say("example.com", "/ipns"), "path /ipns");
	CHECK_STR(say("example.com", "/ipns/evil%0d%0aX/y"), "path /ipns/evil\r\nX/y");
	CHECK_STR(say("example.com", "/ipns/evil.example%3a80@/y"), "path /ipns/evil.example:80@/y");
	CHECK_STR(say("example.com", "/ipns/evil:80/y"), "path /ipns/evil:80/y");
	CHECK_STR(say("127.0.0.1:8080", "/ipfs/" RAW "/a/../b"), "path /ipfs/" RAW "/b");
	CHECK_STR(say("[::1]:8080", "/ipfs/" RAW), "path /ipfs/" RAW);
	CHECK_STR(say("plain.example", "/ipfs/" RAW), "path /ipfs/" RAW);
	CHECK_STR(say("fake.domain.com", "/ipfs/" RAW), "path /ipfs/" RAW);
	CHECK_STR(say("", "/ipfs/" RAW), "path /ipfs/" RAW);
	CHECK_STR(say("fake.domain.com", "/other"), "path /other");
}

static void localhost_has_subdomains(void)
{
	CHECK_STR(say("localhost:8080", "/ipfs/" RAW), "301 http://" RAW ".ipfs.localhost:8080/");
	CHECK_STR(say(RAW ".ipfs.localhost:8080", "/a"), "subdomain /ipfs/" RAW "/a of localhost:8080");
	CHECK_STR(say("localhost", "/"), "404 nothing is served under this path");
}

/* ---- proxies ---- */

static void what_proxies_say(void)
{
	as.forwarded_proto = "https";
	CHECK_STR(say("example.com:8080", "/ipfs/" RAW "/"), "301 https://" RAW ".ipfs.example.com:8080/");
	as.forwarded_proto = "http";
	CHECK_STR(say("example.com:8080", "/ipfs/" RAW "/"), "301 http://" RAW ".ipfs.example.com:8080/");
	as = (struct asked){ .forwarded_host = "example.com:8080" };
	CHECK_STR(say("fake.domain.com", "/ipfs/" RAW), "301 http://" RAW ".ipfs.example.com:8080/");
	as.forwarded_proto = "https";
	CHECK_STR(say("fake.domain.com", "/ipfs/" RAW), "301 https://" RAW ".ipfs.example.com:8080/");
	/* somebody else could say so, too */
	as.remote = 1;
	CHECK_STR(say("fake.domain.com", "/ipfs/" RAW), "path /ipfs/" RAW);
	as = (struct asked){ .tls = 1, .forwarded_proto = "http" };
	CHECK_STR(say("plain.example", "/ipfs/" RAW), "path /ipfs/" RAW " https");
	as = (struct asked){ .tls = 0 };
}

/* ---- 20.4: subdomains ---- */

static void subdomains(void)
{
	CHECK_STR(say(RAW ".ipfs.example.com:8080", "/"), "subdomain /ipfs/" RAW "/ of example.com:8080");
	CHECK_STR(say(RAW ".IPFS.Example.com", "/ipfs/" RAW "/"),
		  "subdomain /ipfs/" RAW "/ipfs/" RAW "/ of Example.com");
	CHECK_STR(say(RSA36 ".ipns.example.com", "/a"), "subdomain /ipns/" RSA36 "/a of example.com");
	CHECK_STR(say("en.wikipedia-on-ipfs.example.org.ipns.example.com", "/a"),
		  "subdomain /ipns/en.wikipedia-on-ipfs.example.org/a of example.com");
	CHECK_STR(say("en-wikipedia--on--ipfs-example-org.ipns.example.com", "/a"),
		  "subdomain /ipns/en.wikipedia-on-ipfs.example.org/a of example.com");
	/* a name that is known as it stands */
	CHECK_STR(say("my-label.ipns.example.com", "/"), "subdomain /ipns/my-label/ of example.com");
	CHECK_STR(say("no-such.ipns.example.com", "/"), "subdomain /ipns/no.such/ of example.com");
	CHECK_STR(say("nothing.ipfs.example.com", "/"), "subdomain /ipfs/nothing/ of example.com");
	/* the longest name that is known */
	CHECK_STR(say(RAW ".ipfs.sub.dotted.example", "/"), "subdomain /ipfs/" RAW "/ of sub.dotted.example");
	CHECK_STR(say("x.ipns.ipfs.dotted.example", "/"), "subdomain /ipfs/x.ipns/ of dotted.example");
}

static void labels_become_canonical(void)
{
	CHECK_STR(say(V0 ".ipfs.example.com", "/a?b"), "301 http://" V0_LABEL ".ipfs.example.com/a?b");
	/* over 63 in base32: dag-json by blake2b-256 */
	CHECK_STR(say("baguqfiheaiqbceirceirceirceirceirceirceirceirceirceirceirceircei.ipfs.example.com", "/"),
		  "301 http://ktcwjr2drpfobacni6g48va4n7ghmzdb67aw1e0qwrks283c0x303o28kdg1.ipfs.example.com/");
	CHECK_STR(say("ktcwjr2drpfobacni6g48va4n7ghmzdb67aw1e0qwrks283c0x303o28kdg1.ipfs.example.com", "/"),
		  "subdomain /ipfs/ktcwjr2drpfobacni6g48va4n7ghmzdb67aw1e0qwrks283c0x303o28kdg1/ of example.com");
	CHECK_STR(say("k2jmtxu61bnhrtj301lw7zizknztocdbeqhxgv76l2q9t36fn9jbzipo.ipns.example.com", "/"),
		  "301 http://" RSA36 ".ipns.example.com/");
	CHECK_STR(say("k50rm9yjlt0jey4fqg6wafvqprktgbkpgkqdg27tpqje6iimzxewnhvtin9hhq.ipns.example.com", "/"),
		  "301 http://" ED36 ".ipns.example.com/");
	CHECK_STR(say(ED ".ipns.example.com", "/a/"), "301 http://" ED36 ".ipns.example.com/a/");
	CHECK_STR(say(RSA ".ipns.example.com", "/"), "301 http://" RSA36 ".ipns.example.com/");
	CHECK_STR(say(LONG ".ipfs.example.com", "/"), "400 " TOO_LONG);
	/* letters of a host have no case */
	CHECK_STR(say("BAFKREICYSG23KIWV34EG2D7QWEIPXWOSDO2PY4LDV42NBAUGULUEN5V6AM.ipfs.example.com", "/"),
		  "subdomain /ipfs/" RAW "/ of example.com");
	CHECK_STR(say("bAfkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6aM.ipfs.example.com", "/"),
		  "subdomain /ipfs/" RAW "/ of example.com");
	as = (struct asked){ .forwarded_proto = "https" };
	CHECK_STR(say(V0 ".ipfs.example.com", "//evil.example/x"),
		  "301 https://" V0_LABEL ".ipfs.example.com/evil.example/x");
	as = (struct asked){ .tls = 0 };
}

static void what_names_may_not(void)
{
	CHECK_STR(say(RAW ".ipfs.plain.example", "/"), "404 no ipfs content is served under names below this one");
	CHECK_STR(say(ED36 ".ipns.sub.dotted.example", "/"),
		  "404 no ipns content is served under names below this one");
	CHECK_STR(say("sub.dotted.example", "/ipns/" ED), "404 nothing is served under this path");
	CHECK_STR(say("port.example:81", "/ipfs/" RAW), "301 http://" RAW ".ipfs.port.example:81/");
	CHECK_STR(say("port.example:82", "/ipfs/" RAW), "404 nothing is served under this path");
	CHECK_STR(say("port.example:82", "/ipns/" ED), "path /ipns/" ED);
	CHECK_STR(say(RAW ".ipfs.127.0.0.1", "/"), "404 no ipfs content is served under names below this one");
}

static void wildcards(void)
{
	CHECK_STR(say("a.wild.example:80", "/ipfs/" RAW), "301 http://" RAW ".ipfs.a.wild.example:80/");
	CHECK_STR(say(RAW ".ipfs.a.wild.example:80", "/x"), "subdomain /ipfs/" RAW "/x of a.wild.example:80");
	CHECK_STR(say("a.b.wild.example", "/ipfs/" RAW), "path /ipfs/" RAW);
	CHECK_STR(say("wild.example", "/ipfs/" RAW), "path /ipfs/" RAW);
}

/* ---- DNSLink ---- */

static void names_with_a_dnslink(void)
{
	CHECK_STR(say("site.example", "/"), "dnslink /ipns/site.example/");
	CHECK_STR(say("Site.Example.:8080", "/a/b"), "dnslink /ipns/Site.Example/a/b");
	CHECK_STR(say("site.example", "/ipfs/" RAW), "dnslink /ipns/site.example/ipfs/" RAW);
	/* of a gateway's own name what is no content path */
	CHECK_STR(say("plain.example", "/about"), "dnslink /ipns/plain.example/about");
	CHECK_STR(say("plain.example", "/ipfs/" RAW), "path /ipfs/" RAW);
	CHECK_STR(say("port.example", "/about"), "404 nothing is served under this path");
	g.flags = GATEWAY_NO_DNSLINK;
	CHECK_STR(say("site.example", "/a"), "path /a");
	g.flags = 0;
}

/* a name server that does not answer: content paths do not need it, a site does */
static void a_dns_that_is_silent(void)
{
	struct gw_names *names = g.names;

	if (gw_names_new(&g.names, NULL) < 0)
		abort();
	g.dns = 1;
	g.dns_ms = 40;
	strcpy(g.dns_server, "127.0.0.1:1");
	CHECK_STR(say("other.example", "/ipfs/" RAW), "path /ipfs/" RAW);
	CHECK(strncmp(say("other.example", "/a"), "504 ", 4) == 0);
	as = (struct asked){ .tls = 1 };
	CHECK_STR(say("example.com", "/ipns/a.b-c.example/"), "301 https://a-b--c-example.ipns.example.com/");
	as = (struct asked){ .tls = 0 };
	g.dns = 0;
	gw_names_free(g.names);
	g.names = names;
}

/* ---- 20.6 ---- */

static void the_uri_router(void)
{
	CHECK_STR(say("example.com", "/ipfs/?uri=ipfs%3A%2F%2FQmXoypizjW3WknFiJnKLwHCnL72vedxjQkDDP1mXWo6uco"
		      "%2Fwiki%2FDiego_Maradona.html"),
		  "301 /ipfs/QmXoypizjW3WknFiJnKLwHCnL72vedxjQkDDP1mXWo6uco/wiki/Diego_Maradona.html");
	CHECK_STR(say("example.com", "/ipns/?uri=ipns%3A%2F%2Fen.wikipedia-on-ipfs.example.org"),
		  "301 /ipns/en.wikipedia-on-ipfs.example.org");
	CHECK_STR(say("any.example", "/?a=b&uri=IPFS://" RAW "/a%2520b/%2525?x=1%26y=%2522%23frag"),
		  "301 /ipfs/" RAW "/a%20b/%25?x=1&y=%22");
	CHECK_STR(say("", "/x?uri=ipfs://" RAW "//evil.example//"), "301 /ipfs/" RAW "/evil.example/");
	CHECK(strncmp(say("", "/x?uri=ipfs://" RAW "/../../x"), "400 ", 4) == 0);
	CHECK(strncmp(say("", "/x?uri=ipfs://" RAW "/../" RAW "x"), "400 ", 4) == 0);
	CHECK(strncmp(say("", "/x?uri=ipfs://%2e%2e/x"), "400 ", 4) == 0);
	CHECK(strncmp(say("", "/x?uri=ipfs:///x"), "400 ", 4) == 0);
	CHECK(strncmp(say("", "/x?uri=ipfs://"), "400 ", 4) == 0);
	CHECK(strncmp(say("", "/x?uri=https://example.net/"), "400 ", 4) == 0);
	CHECK(strncmp(say("", "/x?uri=javascript:alert(1)"), "400 ", 4) == 0);
	CHECK(strncmp(say("", "/x?uri=ipfs://" RAW "/%25zz"), "400 ", 4) == 0);
	CHECK_STR(say("plain.example", "/ipfs/" RAW "?uri="), "path /ipfs/" RAW);
}

static void requests_that_are_wrong(void)
{
	CHECK(strncmp(say("example.com/x", "/"), "400 ", 4) == 0);
	CHECK(strncmp(say("exa mple.com", "/"), "400 ", 4) == 0);
	CHECK(strncmp(say("user@example.com", "/"), "400 ", 4) == 0);
	CHECK(strncmp(say("example.com", "/ipfs/%zz"), "400 ", 4) == 0);
	CHECK(strncmp(say("example.com", "/ipfs/%00"), "400 ", 4) == 0);
	CHECK(strncmp(say("example.com", "/../x"), "400 ", 4) == 0);
	CHECK(strncmp(say("example.com", "no-slash"), "400 ", 4) == 0);
}

int main(void)
{
	open_gateway();
	RUN(paths_become_subdomains);
	RUN(names_without_dots_become_names);
	RUN(what_stays_a_path);
	RUN(localhost_has_subdomains);
	RUN(what_proxies_say);
	RUN(subdomains);
	RUN(labels_become_canonical);
	RUN(what_names_may_not);
	RUN(wildcards);
	RUN(names_with_a_dnslink);
	RUN(a_dns_that_is_silent);
	RUN(the_uri_router);
	RUN(requests_that_are_wrong);
	gw_names_free(g.names);
	buf_clear(&body);
	return UNIT_END();
}
