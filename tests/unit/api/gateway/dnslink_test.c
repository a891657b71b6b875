/* dnslink_test - names of the map, and those a small name server on loopback knows */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "api/gateway/dns_priv.h"
#include "api/gateway/gateway_priv.h"
#include "tests/unit/unit.h"

#define CID1 "bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am"
#define CID0 "QmYBhLYDwVFvxos9h8CGU2ibaY66QNgv8hpfewxaQrPiZj"

/* ---- packets ---- */

static void put_name(struct buf *b, const char *name)
{
	while (*name) {
		size_t len = strcspn(name, ".");

		buf_u8(b, (unsigned)len);
		buf_bytes(b, name, len);
		name += len + (name[len] == '.');
	}
	buf_u8(b, 0);
}

static void put16(struct buf *b, unsigned v)
{
	buf_u8(b, v >> 8);
	buf_u8(b, v & 0xff);
}

static void put_head(struct buf *b, unsigned id, unsigned flags, unsigned an, unsigned ns)
{
	put16(b, id);
	put16(b, flags);
	put16(b, 1);
	put16(b, an);
	put16(b, ns);
	put16(b, 0);
}

static void put_question(struct buf *b, const char *name)
{
	put_name(b, name);
	put16(b, ns_t_txt);
	put16(b, ns_c_in);
}

static void put_rr(struct buf *b, const char *name, unsigned type, uint32_t ttl, struct span data)
{
	put_name(b, name);
	put16(b, type);
	put16(b, ns_c_in);
	buf_be32(b, ttl);
	put16(b, (unsigned)data.len);
	buf_add(b, data);
}

/* a text in strings of at most `step` bytes */
static void put_txt(struct buf *b, const char *name, uint32_t ttl, const char *text, size_t step)
{
	struct buf data = BUF_INIT(65535);
	size_t len = strlen(text), n;

	do {
		n = len < step ? len : step;
		buf_u8(&data, (unsigned)n);
		buf_bytes(&data, text, n);
		text += n;
		len -= n;
	} while (len);
	put_rr(b, name, ns_t_txt, ttl, buf_span(&data));
	buf_clear(&data);
}

static void put_cname(struct buf *b, const char *name, const char *to, uint32_t ttl)
{
	struct buf data = BUF_INIT(300);

	put_name(&data, to);
	put_rr(b, name, ns_t_cname, ttl, buf_span(&data));
	buf_clear(&data);
}

static void put_soa(struct buf *b, uint32_t ttl, uint32_t minimum)
{
	struct buf data = BUF_INIT(300);
	int i;

	put_name(&data, "ns");
	put_name(&data, "me");
	for (i = 0; i < 4; i++)
		buf_be32(&data, 7);
	buf_be32(&data, minimum);
	put_rr(b, "example", ns_t_soa, ttl, buf_span(&data));
	buf_clear(&data);
}

/* ---- the server ---- */

static struct server {
	pthread_t thread;
	int udp, tcp, stop[2];
	char address[32];
	atomic_int asked, by_tcp;
} server;

enum { OK = 0x8180, CUT = 0x8380, NONE = 0x8183, FAILED = 0x8182 };

/* what it knows: `q` without "_dnslink." */
static void answer(struct buf *b, unsigned id, const char *full, int tcp)
{
	const char *q = full + strlen("_dnslink.");
	char many[60];
	int i;

	if (!strcmp(q, "one.example")) {
		put_head(b, id, OK, 1, 0);
		put_question(b, full);
		put_txt(b, full, 300, "dnslink=/ipfs/" CID1, 255);
	} else if (!strcmp(q, "strings.example")) {
		put_head(b, id, OK, 3, 0);
		put_question(b, full);
		put_txt(b, full, 300, "v=spf1 -all", 255);
		put_txt(b, full, 60, "dnslink=/ipns/other.example/a b/c/", 7);
		put_txt(b, full, 300, "dnslink=/hyper/abc", 255);
	} else if (!strcmp(q, "several.example")) {
		put_head(b, id, OK, 2, 0);
		put_question(b, full);
		put_txt(b, full, 300, "dnslink=/ipfs/" CID1, 255);
		put_txt(b, full, 300, "dnslink=/ipfs/" CID0, 255);
	} else if (!strcmp(q, "same.example")) {
		put_head(b, id, OK, 2, 0);
		put_question(b, full);
		put_txt(b, full, 300, "dnslink=/ipfs/" CID1, 255);
		put_txt(b, full, 300, "dnslink=/ipfs/" CID1 "/", 255);
	} else if (!strcmp(q, "bad.example") || !strcmp(q, "climbs.example")) {
		put_head(b, id, OK, 1, 0);
		put_question(b, full);
		put_txt(b, full, 300, *q == 'b' ? "dnslink=/ipfs/nonsense" : "dnslink=/ipfs/" CID1 "/../x", 255);
	} else if (!strcmp(q, "path.example")) {
		put_head(b, id, OK, 1, 0);
		put_question(b, full);
		put_txt(b, full, 300, "/ipfs/" CID0 "/sub", 255);
	} else if (!strcmp(q, "cid.example")) {
		put_head(b, id, OK, 1, 0);
		put_question(b, full);
		put_txt(b, full, 300, CID0, 255);
	} else if (!strcmp(q, "markedcid.example")) {
		put_head(b, id, OK, 1, 0);
		put_question(b, full);
		put_txt(b, full, 300, "dnslink=" CID0, 255);
	} else if (!strcmp(q, "alias.example")) {
		put_head(b, id, OK, 3, 0);
		put_question(b, full);
		put_txt(b, "x.example", 300, "dnslink=/ipfs/" CID0, 255);
		put_cname(b, full, "X.example", 20);
		put_txt(b, "y.example", 300, "dnslink=/ipfs/" CID1, 255);
	} else if (!strcmp(q, "loop.example")) {
		put_head(b, id, OK, 1, 0);
		put_question(b, full);
		put_cname(b, full, full, 20);
	} else if (!strcmp(q, "long.example")) {
		put_head(b, id, tcp ? OK : CUT, tcp ? 41 : 0, 0);
		put_question(b, full);
		for (i = 0; tcp && i < 40; i++) {
			snprintf(many, sizeof many, "a record about something else %d", i);
			put_txt(b, full, 300, many, 3);
		}
		if (tcp)
			put_txt(b, full, 300, "dnslink=/ipfs/" CID1, 255);
	} else if (!strcmp(q, "nodata.example")) {
		put_head(b, id, OK, 0, 1);
		put_question(b, full);
		put_soa(b, 900, 30);
	} else if (!strcmp(q, "failed.example")) {
		put_head(b, id, FAILED, 0, 0);
		put_question(b, full);
	} else {
		put_head(b, id, NONE, 0, 1);
		put_question(b, full);
		put_soa(b, 40, 900);
	}
}

static void read_name(const uint8_t *p, size_t len, char *out, size_t max)
{
	size_t at = 12, n = 0;

	while (at < len && p[at] && n + p[at] + 2 < max && at + p[at] < len) {
		if (n)
			out[n++] = '.';
		memcpy(out + n, p + at + 1, p[at]);
		n += p[at];
		at += p[at] + 1u;
	}
	out[n] = 0;
}

static void serve_udp(struct server *s)
{
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	struct buf b = BUF_INIT(65535);
	uint8_t in[600];
	char name[300];
	ssize_t n = recvfrom(s->udp, in, sizeof in, 0, (struct sockaddr *)&from, &len);
	unsigned id;

	if (n < 12)
		return;
	s->asked++;
	id = ns_get16(in);
	read_name(in, (size_t)n, name, sizeof name);
	if (strstr(name, "silent.example"))
		return;
	if (strstr(name, "forged.example")) {	/* somebody guesses first */
		answer(&b, id ^ 1, "_dnslink.one.example", 0);
		sendto(s->udp, b.data, b.len, 0, (struct sockaddr *)&from, len);
		buf_reset(&b);
		answer(&b, id, "_dnslink.one.example", 0);
		sendto(s->udp, b.data, b.len, 0, (struct sockaddr *)&from, len);
		buf_reset(&b);
	}
	answer(&b, id, name, 0);
	sendto(s->udp, b.data, b.len, 0, (struct sockaddr *)&from, len);
	buf_clear(&b);
}

static void serve_tcp(struct server *s)
{
	struct buf b = BUF_INIT(65535);
	uint8_t in[600], head[2];
	char name[300];
	ssize_t n;
	int fd = accept(s->tcp, NULL, NULL);

	if (fd < 0)
		return;
	s->by_tcp++;
	n = recv(fd, in, sizeof in, 0);
	if (n >= 14) {
		read_name(in + 2, (size_t)n - 2, name, sizeof name);
		answer(&b, ns_get16(in + 2), name, 1);
		ns_put16((unsigned)b.len, head);
		if (send(fd, head, 2, MSG_NOSIGNAL) == 2)
			send(fd, b.data, b.len, MSG_NOSIGNAL);
	}
	close(fd);
	buf_clear(&b);
}

static void *serve(void *arg)
{
	struct server *s = arg;
	struct pollfd p[3] = { { .fd = s->udp, .events = POLLIN }, { .fd = s->tcp, .events = POLLIN },
			       { .fd = s->stop[0], .events = POLLIN | POLLHUP } };

	while (poll(p, 3, -1) > 0 && !p[2].revents) {
		if (p[0].revents)
			serve_udp(s);
		if (p[1].revents)
			serve_tcp(s);
	}
	return NULL;
}

static void start_server(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int i;

	/* one port for both: what UDP got may be taken in TCP */
	for (i = 0; i < 100; i++) {
		at.sin_port = 0;
		server.udp = socket(AF_INET, SOCK_DGRAM, 0);
		server.tcp = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(server.udp, (struct sockaddr *)&at, sizeof at) == 0 &&
		    getsockname(server.udp, (struct sockaddr *)&at, &len) == 0 &&
		    bind(server.tcp, (struct sockaddr *)&at, sizeof at) == 0 && listen(server.tcp, 8) == 0)
			break;
		close(server.udp);
		close(server.tcp);
	}
	if (i == 100 || pipe(server.stop) < 0)
		abort();
	snprintf(server.address, sizeof server.address, "127.0.0.1:%d", ntohs(at.sin_port));
	if (pthread_create(&server.thread, NULL, serve, &server))
		abort();
}

static void stop_server(void)
{
	close(server.stop[1]);
	pthread_join(server.thread, NULL);
	close(server.stop[0]);
	close(server.udp);
	close(server.tcp);
}

/* ---- asking ---- */

static struct gateway with(const char *map)
{
	struct gateway g = { .dns = 1, .dns_ms = 10000 };

	snprintf(g.dns_server, sizeof g.dns_server, "%s", server.address);
	if (gw_names_new(&g.names, map) < 0)
		abort();
	return g;
}

/* "/ipfs/… 300", "none 30", or the name of the error */
static const char *say(struct gateway *g, const char *name)
{
	static char text[5000];
	struct buf value = BUF_INIT(GW_PATH_MAX);
	int64_t ttl;
	int rc = gw_dnslink(g, span_str(name), &value, &ttl);

	if (rc < 0)
		snprintf(text, sizeof text, "%s", err_name(rc));
	else
		snprintf(text, sizeof text, "%s %" PRId64, rc == 1 ? (const char *)value.data : "none", ttl);
	buf_clear(&value);
	return text;
}

static void records_of_the_dns(void)
{
	struct gateway g = with(NULL);

	CHECK_STR(say(&g, "one.example"), "/ipfs/" CID1 " 300");
	CHECK_STR(say(&g, "strings.example"), "/ipns/other.example/a b/c 60");
	CHECK_STR(say(&g, "same.example"), "/ipfs/" CID1 " 300");
	CHECK_STR(say(&g, "path.example"), "/ipfs/" CID0 "/sub 300");
	CHECK_STR(say(&g, "cid.example"), "/ipfs/" CID0 " 300");
	CHECK_STR(say(&g, "markedcid.example"), "/ipfs/" CID0 " 300");
	CHECK_STR(say(&g, "alias.example"), "/ipfs/" CID0 " 20");
	CHECK_STR(say(&g, "nosuch.example"), "none 40");
	CHECK_STR(say(&g, "nodata.example"), "none 30");
	gw_names_free(g.names);
}

static void records_that_are_no_good(void)
{
	struct gateway g = with(NULL);

	CHECK_STR(say(&g, "several.example"), "INVALID");
	CHECK(strstr(err_text(), "several DNSLinks") != NULL);
	CHECK_STR(say(&g, "bad.example"), "INVALID");
	CHECK_STR(say(&g, "bad.example"), "INVALID");	/* kept, with its message */
	CHECK(strstr(err_text(), "malformed") != NULL);
	CHECK_STR(say(&g, "climbs.example"), "INVALID");
	CHECK_STR(say(&g, "failed.example"), "TIMEOUT");
	CHECK_STR(say(&g, "loop.example"), "TIMEOUT");
	gw_names_free(g.names);
}

static void long_answers_come_by_tcp(void)
{
	struct gateway g = with(NULL);
	int was = server.by_tcp;

	CHECK_STR(say(&g, "long.example"), "/ipfs/" CID1 " 300");
	CHECK(server.by_tcp == was + 1);
	gw_names_free(g.names);
}

/* an answer with another id, and one to another question, are passed over */
static void guesses_are_passed_over(void)
{
	struct gateway g = with(NULL);

	CHECK_STR(say(&g, "forged.example"), "none 40");
	gw_names_free(g.names);
}

static void a_server_that_is_silent(void)
{
	struct gateway g = with(NULL);

	g.dns_ms = 60;
	CHECK_STR(say(&g, "silent.example"), "TIMEOUT");
	CHECK(strstr(err_text(), "silent.example") != NULL);
	gw_names_free(g.names);
	g = with(NULL);
	strcpy(g.dns_server, "127.0.0.1:1");		/* nobody is there */
	CHECK_STR(say(&g, "one.example"), "TIMEOUT");
	gw_names_free(g.names);
}

static void answers_are_kept(void)
{
	struct gateway g = with(NULL);
	char name[40];
	int was, i;

	say(&g, "one.example");
	was = server.asked;
	for (i = 0; i < 10; i++) {
		CHECK(strncmp(say(&g, "One.EXAMPLE."), "/ipfs/" CID1 " ", 66) == 0);
		CHECK(server.asked == was);
	}
	say(&g, "gone.example");
	was = server.asked;
	say(&g, "gone.example");
	CHECK(server.asked == was);
	/* but not without end */
	for (i = 0; i < 3000; i++) {
		snprintf(name, sizeof name, "n%d.example", i);
		CHECK(strncmp(say(&g, name), "none", 4) == 0);
	}
	gw_names_free(g.names);
}

static void the_map_comes_first(void)
{
	struct gateway g = with(" one.example:/ipfs/" CID0 "/x/ ,\n"
				"Other.Example:/ipns/one.example,,one.example:/ipfs/" CID1 ","
				"12D3KooWLQzUv2FHWGVPXTXSZpdHs7oHbXub2G5WC8Tx4NQhyd2d:/ipfs/" CID1);
	int was = server.asked;

	CHECK_STR(say(&g, "one.example"), "/ipfs/" CID0 "/x -1");
	CHECK_STR(say(&g, "ONE.example."), "/ipfs/" CID0 "/x -1");
	CHECK_STR(say(&g, "other.example"), "/ipns/one.example -1");
	CHECK_STR(say(&g, "12D3KooWLQzUv2FHWGVPXTXSZpdHs7oHbXub2G5WC8Tx4NQhyd2d"), "/ipfs/" CID1 " -1");
	CHECK_STR(say(&g, "k51qzi5uqu5dk3v4rmjber23h16xnr23bsggmqqil9z2gduiis5se8dht36dam"), "/ipfs/" CID1 " -1");
	CHECK_STR(say(&g, "bafzaajaiaejcbhltvusd6q2t7tm3lmke4vu4lieeerm25eihikbh3ncjntnm6t6o"),
		  "/ipfs/" CID1 " -1");
	CHECK_STR(say(&g, "localhost"), "none -1");	/* no name of the DNS */
	CHECK_STR(say(&g, "127.0.0.1"), "none -1");
	CHECK_STR(say(&g, ""), "none -1");
	CHECK(server.asked == was);
	g.dns = 0;
	CHECK_STR(say(&g, "two.example"), "none -1");
	CHECK(server.asked == was);
	gw_names_free(g.names);
}

static void maps_that_are_wrong(void)
{
	static const char *const bad[] = {
		"a.example", "a.example:", ":/ipfs/" CID0, "a.example:/ipfs/", "a.example:/ipfs/none",
		"a.example:" CID0, "a.example:/ipld/" CID0, "a.example:/ipfs/" CID0 "/../x", "a.example:/ipns/"
	};
	struct gw_names *n;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_ERR(gw_names_new(&n, bad[i]), ERR_USAGE);
	CHECK(gw_names_new(&n, "") == 0);
	gw_names_free(n);
	gw_names_free(NULL);
}

static void names_of_the_dns(void)
{
	static const char *const good[] = { "a.b", "en.wikipedia-on-ipfs.org", "_x.example.", "xn--n3h.example",
		"a--b.example", "1.2.3.a4", "0x.example" };
	static const char *const bad[] = { "", ".", "a", "localhost", "a..b", ".a.b", "127.0.0.1", "1.2", "a.b:80",
		"a b.c", "[::1]", "::1", "a/b.c", "\xc4\x85.example", "a.b..",
		"k51qzi5uqu5dk3v4rmjber23h16xnr23bsggmqqil9z2gduiis5se8dht36dam",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b" };
	char big[300];
	size_t i;

	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		CHECK(gw_is_dns_name(span_str(good[i])));
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(!gw_is_dns_name(span_str(bad[i])));
	for (i = 0; i < 254; i++)
		big[i] = i % 2 ? '.' : 'a';
	CHECK(gw_is_dns_name(span_of(big, 253)));
	CHECK(!gw_is_dns_name(span_of(big + 1, 254)));
	big[253] = 'a';
	CHECK(!gw_is_dns_name(span_of(big, 255)));
}

static void addresses_of_servers(void)
{
	static const char *const good[] = { "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]",
		"[2001:db8::1]:5353" };
	static const char *const bad[] = { "", "192.0.2", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536",
		"192.0.2.1:x", "[2001:db8::1", "2001:db8::1]", "[2001:db8::1]x", "[::1]:", "[]", "dns.example",
		"[192.0.2.1]:53", "1111111111111111111111111111111111111111111111111111111111111" };
	struct dns_servers s;
	size_t i;

	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		CHECK(dns_parse(&s, good[i]) == 0 && s.n == 1 && gw_dns_server_check(good[i]) == 0);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_ERR(gw_dns_server_check(bad[i]), ERR_USAGE);
}

static void the_server_of_the_settings(void)
{
	struct config *c = NULL;
	struct gateway *g = NULL;
	char text[100];

	snprintf(text, sizeof text, "gateway.dnslink = dns\ngateway.dns-server = %s\n", server.address);
	NEED(config_parse(&c, span_str(text)) == 0 && gateway_new(&g, c) == 0);
	CHECK(gateway_wants_net(g));
	CHECK_STR(say(g, "one.example"), "/ipfs/" CID1 " 300");
	gateway_free(g);
	config_free(c);
	c = NULL;
	NEED(config_parse(&c, span_str("gateway.dns-server = dns.example\n")) == 0);
	CHECK_ERR(gateway_new(&g, c), ERR_USAGE);
	config_free(c);
}

/* as `dig TXT _dnslink.docs.ipfs.tech` shows it in a capture: a compressed owner, then the SOA of a denial */
static void packets(void)
{
	struct dns_texts t = { .n = 0 };
	struct span p = unit_hex("123481800001000100000000" "085f646e736c696e6b04646f637304697066730474656368"
				 "0000100001" "c00c00100001000000b4000f" "0e646e736c696e6b3d2f697066732f");
	const char *name = "_dnslink.docs.ipfs.tech";
	uint8_t cut[200];
	size_t i;

	CHECK(dns_answer(p, 0x1234, name, &t) == 1);
	CHECK(t.n == 1 && t.ttl == 180 && span_equal(dns_text(&t, 0), span_str("dnslink=/ipfs/")));
	CHECK(dns_answer(p, 0x1234, "_DNSLINK.docs.IPFS.tech", &t) == 1);
	CHECK_ERR(dns_answer(p, 0x1235, name, &t), ERR_INVALID);
	CHECK_ERR(dns_answer(p, 0x1234, "_dnslink.docs.ipfs.example", &t), ERR_INVALID);
	for (i = 0; i < p.len; i++)		/* wherever it ends */
		CHECK_ERR(dns_answer(span_of(p.p, i), 0x1234, name, &t), ERR_INVALID);
	memcpy(cut, p.p, p.len);
	cut[2] |= 0x02;				/* TC */
	CHECK(dns_answer(span_of(cut, p.len), 0x1234, name, &t) == 2);
	cut[2] = 0x01;				/* a question */
	CHECK_ERR(dns_answer(span_of(cut, p.len), 0x1234, name, &t), ERR_INVALID);
	cut[2] = 0x81;
	cut[p.len - 15]++;			/* a string longer than its record */
	CHECK_ERR(dns_answer(span_of(cut, p.len), 0x1234, name, &t), ERR_IO);
	cut[p.len - 15]--;
	cut[p.len - 21] = 0x80;			/* RFC 2181 8: a ttl with its first bit counts as 0 */
	CHECK(dns_answer(span_of(cut, p.len), 0x1234, name, &t) == 1 && t.ttl == 0);
	buf_clear(&t.text);
}

int main(void)
{
	start_server();
	RUN(records_of_the_dns);
	RUN(records_that_are_no_good);
	RUN(long_answers_come_by_tcp);
	RUN(guesses_are_passed_over);
	RUN(a_server_that_is_silent);
	RUN(answers_are_kept);
	RUN(the_map_comes_first);
	RUN(maps_that_are_wrong);
	RUN(names_of_the_dns);
	RUN(addresses_of_servers);
	RUN(the_server_of_the_settings);
	RUN(packets);
	stop_server();
	return UNIT_END();
}
