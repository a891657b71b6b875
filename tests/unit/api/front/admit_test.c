/* admit_test.c - how often one client may ask, and who is one */
#include "rig.h"

/* no time passes here that would matter: a token comes every hundred seconds */
#define SLOW "rate.requests = 10\nrate.seconds = 1000\nrate.burst = 2\n"

static unsigned limit, left, wait_s;

static int ask(const char *peer, const char *forwarded)
{
	struct front_wish w = { .peer = span_str(peer), .path = span_str("/ipfs/x"), .host = span_str("localhost") };

	if (forwarded)
		w.forwarded = span_str(forwarded);
	return front_admit(rig.f, &w, &limit, &left, &wait_s);
}

static int ask_for(struct front *f, const char *host, const char *path, const char *forwarded_host, int local)
{
	struct front_wish w = { .peer = span_str("192.0.2.1"), .path = span_str(path), .host = span_str(host),
				.local = local };

	if (forwarded_host)
		w.forwarded_host = span_str(forwarded_host);
	return front_admit(f, &w, &limit, &left, &wait_s);
}

/* do the two share what they may ask? */
static int one_client(const char *settings, const char *peer, const char *forwarded, const char *peer2,
		      const char *forwarded2)
{
	char text[512];

	snprintf(text, sizeof text, SLOW "%s", settings);
	rig_open(text);
	if (!ask(peer, forwarded) || !ask(peer, forwarded) || ask(peer, forwarded))
		return -1;
	return !ask(peer2, forwarded2);
}

static void counted(void)
{
	rig_open(SLOW);
	CHECK(ask("192.0.2.1", NULL) && limit == 10 && left == 1);
	CHECK(ask("192.0.2.1", NULL) && limit == 10 && left == 0);
	CHECK(!ask("192.0.2.1", NULL) && limit == 10 && left == 0 && wait_s >= 1 && wait_s <= 100);
	CHECK(ask("192.0.2.2", NULL) && left == 1);
}

static void no_limit(void)
{
	int i;

	rig_open("");
	for (i = 0; i < 100; i++)
		CHECK(ask("192.0.2.1", NULL) && limit == 0);
}

/* all that servers of one store count, they count together */
static void counted_by_all(void)
{
	struct front *other;

	rig_open(SLOW);
	NEED(front_new(&other, rig.path, rig.c, FRONT_GATEWAY) == 0);
	CHECK(ask("192.0.2.1", NULL));
	CHECK(ask_for(other, "localhost", "/", NULL, 0));
	CHECK(!ask("192.0.2.1", NULL));
	front_free(other);
}

static void exempt(void)
{
	static const char *const paths[] = { "/health", "/health/live", "/health/ready", "/metrics" };
	static const char *const others[] = { "/healthy", "/health/x", "/health/../ipfs/x", "/metrics/", "/Health", "" };
	size_t i;

	rig_open(SLOW);
	while (ask("192.0.2.1", NULL))
		;
	for (i = 0; i < 4; i++)
		CHECK(ask_for(rig.f, "localhost", paths[i], NULL, 0) && limit == 0);
	for (i = 0; i < 6; i++)
		CHECK(!ask_for(rig.f, "localhost", others[i], NULL, 0));
}

/* "/health" of somebody's pages was asked for without a limit */
static void pages_of_that_name_are_counted(void)
{
	static const char *const ours[] = {
		"", "localhost", "localhost:8080", "127.0.0.1", "127.0.0.1:80", "[::1]:80", "gw.example", "GW.example:81"
	};
	static const char *const theirs[] = {
		"bafkqaaa.ipfs.localhost", "bafkqaaa.ipfs.localhost:8080", "en.site.ipns.gw.example", "site.example", "x"
	};
	size_t i;

	rig_open(SLOW "gateway.hosts = gw.example subdomains\n");
	while (ask("192.0.2.1", NULL))
		;
	for (i = 0; i < sizeof ours / sizeof *ours; i++)
		CHECK(ask_for(rig.f, ours[i], "/health", NULL, 0));
	for (i = 0; i < sizeof theirs / sizeof *theirs; i++)
		CHECK(!ask_for(rig.f, theirs[i], "/metrics", NULL, 0) && wait_s > 0);
	/* whose name it is, a proxy on this machine says */
	CHECK(!ask_for(rig.f, "localhost", "/health", "bafkqaaa.ipfs.localhost", 1));
	CHECK(ask_for(rig.f, "localhost", "/health", "bafkqaaa.ipfs.localhost", 0));
	CHECK(ask_for(rig.f, "site.example", "/health", "gw.example", 1));
	CHECK(!ask_for(rig.f, "site.example", "/health", "gw.example", 0));
}

static void addresses(void)
{
	CHECK(one_client("", "192.0.2.1", NULL, "192.0.2.2", NULL) == 0);
	CHECK(one_client("", "192.0.2.1", NULL, "::ffff:192.0.2.1", NULL) == 1);
	CHECK(one_client("", "::ffff:192.0.2.1", NULL, "::ffff:192.0.2.2", NULL) == 0);
	/* of IPv6 a network, however its zeros are written */
	CHECK(one_client("", "2001:db8:1:2:3:4:5:6", NULL, "2001:db8:1:2:ffff::1", NULL) == 1);
	CHECK(one_client("", "2001:db8:1:2::1", NULL, "2001:db8:1:3::1", NULL) == 0);
	CHECK(one_client("", "2001:db8::1", NULL, "2001:db8::2", NULL) == 1);
	CHECK(one_client("", "2001:db8::aaaa:1", NULL, "2001:db8:0:0:bbbb::", NULL) == 1);
	CHECK(one_client("", "2001:db8::1", NULL, "2001:db8:0:1::1", NULL) == 0);
	CHECK(one_client("", "fe80::1%eth0", NULL, "fe80::2%eth0", NULL) == 1);
	CHECK(one_client("", "::1", NULL, "127.0.0.1", NULL) == 0);
	CHECK(one_client("", "unix", NULL, "127.0.0.1", NULL) == 0);
}

static void what_strangers_say_does_not_count(void)
{
	CHECK(one_client("", "192.0.2.1", "198.51.100.1", "192.0.2.1", "198.51.100.2") == 1);
	CHECK(one_client("rate.trusted = 10.0.0.1\n", "192.0.2.1", "198.51.100.1", "192.0.2.1", NULL) == 1);
}

static void proxies(void)
{
	const char *one = "rate.trusted = 10.0.0.1\n";

	CHECK(one_client(one, "10.0.0.1", "198.51.100.1", "10.0.0.1", "198.51.100.2") == 0);
	CHECK(one_client(one, "10.0.0.1", "198.51.100.1", "198.51.100.1", NULL) == 1);
	/* the client may have written what stands to the left */
	CHECK(one_client(one, "10.0.0.1", "1.1.1.1, 198.51.100.1", "10.0.0.1", "2.2.2.2,198.51.100.1") == 1);
	CHECK(one_client(one, "10.0.0.1", "198.51.100.1:4711", "10.0.0.1", "198.51.100.1:4712") == 1);
	CHECK(one_client(one, "10.0.0.1", "[2001:db8::1]:4711", "10.0.0.1", "2001:db8::2") == 1);
	CHECK(one_client(one, "::ffff:10.0.0.1", "198.51.100.1", "10.0.0.1", "198.51.100.1") == 1);
	/* what is no address is nobody: the proxy itself */
	CHECK(one_client(one, "10.0.0.1", "unknown", "10.0.0.1", "_hidden") == 1);
	CHECK(one_client(one, "10.0.0.1", "", "10.0.0.1", NULL) == 1);
	CHECK(one_client(one, "10.0.0.1", ", ,", "10.0.0.1", NULL) == 1);
	CHECK(one_client("rate.trusted = unix\n", "unix", "198.51.100.1", "unix", "198.51.100.2") == 0);
}

static void proxies_behind_proxies(void)
{
	const char *two = "rate.trusted = 10.0.0.0/8 2001:db8:f::/48, unix\n";

	CHECK(one_client(two, "10.1.2.3", "198.51.100.1, 10.0.0.9", "10.1.2.3", "198.51.100.1") == 1);
	CHECK(one_client(two, "10.1.2.3", "198.51.100.1, 10.0.0.9", "10.1.2.3", "198.51.100.2, 10.0.0.9") == 0);
	CHECK(one_client(two, "unix", "198.51.100.1, 2001:db8:f::1", "198.51.100.1", NULL) == 1);
	CHECK(one_client(two, "unix", "198.51.100.1, 2001:db8:e::1", "2001:db8:e::2", NULL) == 1);
	/* the chain ends where somebody is not trusted */
	CHECK(one_client(two, "10.1.2.3", "198.51.100.1, 203.0.113.1, 10.0.0.9", "203.0.113.1", NULL) == 1);
	/* proxies all the way: the first of them */
	CHECK(one_client(two, "10.1.2.3", "10.0.0.8, 10.0.0.9", "10.0.0.8", NULL) == 1);
	CHECK(one_client("rate.trusted = 192.0.2.128/25\n", "192.0.2.127", "198.51.100.1", "192.0.2.127", NULL) == 1);
	CHECK(one_client("rate.trusted = 192.0.2.128/25\n", "192.0.2.129", "198.51.100.1", "192.0.2.129", NULL) == 0);
	CHECK(one_client("rate.trusted = 0.0.0.0/0\n", "192.0.2.1", "198.51.100.1", "198.51.100.1", NULL) == 1);
	/* 0.0.0.0/0 is not everybody */
	CHECK(one_client("rate.trusted = 0.0.0.0/0\n", "2001:db8::1", "198.51.100.1", "2001:db8::1", NULL) == 1);
}

static void a_long_chain(void)
{
	char *chain = unit_kept(400001);
	size_t i;

	for (i = 0; i < 400000; i += 10)
		memcpy(chain + i, "10.0.0.1, ", 10);
	chain[400000] = 0;
	rig_open(SLOW "rate.trusted = 10.0.0.1\n");
	CHECK(ask("10.0.0.1", chain));
	memset(chain, '1', 400000);
	CHECK(ask("10.0.0.1", chain));
	CHECK(!ask("10.0.0.1", NULL));
}

int main(void)
{
	RUN(counted);
	RUN(no_limit);
	RUN(counted_by_all);
	RUN(exempt);
	RUN(pages_of_that_name_are_counted);
	RUN(addresses);
	RUN(what_strangers_say_does_not_count);
	RUN(proxies);
	RUN(proxies_behind_proxies);
	RUN(a_long_chain);
	rig_close();
	return UNIT_END();
}
