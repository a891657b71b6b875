/* dns.c - asking name servers for TXT records, by UDP and, when the answer is long, by TCP */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/num.h"
#include "base/rd.h"
#include "dns_priv.h"

enum {
	ROUNDS = 2,			/* times each server is asked */
	CHAIN_MAX = 16,			/* aliases that lead to aliases */
	UDP_SIZE = 1232,		/* bytes of an answer that come in one datagram nearly everywhere */
	QUERY_MAX = 2 + NS_HFIXEDSZ + NS_MAXCDNAME + NS_QFIXEDSZ + 11
};

/* ---- servers ---- */

static void add_server(struct dns_servers *s, const void *addr, size_t len)
{
	if (s->n == (int)(sizeof s->server / sizeof s->server[0]))
		return;
	memcpy(&s->server[s->n].at, addr, len);
	s->server[s->n++].len = (socklen_t)len;
}

void dns_system(struct dns_servers *s)
{
	struct __res_state state;
	int i;

	s->n = 0;
	memset(&state, 0, sizeof state);
	if (res_ninit(&state) < 0)
		return;
	for (i = 0; i < state.nscount && i < MAXNS; i++) {
		if (state.nsaddr_list[i].sin_family == AF_INET)
			add_server(s, &state.nsaddr_list[i], sizeof(struct sockaddr_in));
#ifdef __GLIBC__
		else if (state._u._ext.nsaddrs[i])	/* glibc keeps those of IPv6 here */
			add_server(s, state._u._ext.nsaddrs[i], sizeof(struct sockaddr_in6));
#endif
	}
	res_nclose(&state);
}

static int parse_port(const char *text, uint16_t *port)
{
	uint64_t n;

	if (num_parse(text, &n) < 0 || n == 0 || n > 65535)
		return -1;
	*port = htons((uint16_t)n);
	return 0;
}

int dns_parse(struct dns_servers *s, const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(NS_DEFAULTPORT) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(NS_DEFAULTPORT) };
	char host[INET6_ADDRSTRLEN + 1], *colon;
	size_t len = strcspn(text, "]");
	int ok = 0;

	s->n = 0;
	if (text[0] == '[' && text[len] == ']' && len - 1 < sizeof host) {
		memcpy(host, text + 1, len - 1);
		host[len - 1] = 0;
		text += len + 1;
		ok = inet_pton(AF_INET6, host, &in6.sin6_addr) == 1 &&
		     (*text == 0 || (*text == ':' && parse_port(text + 1, &in6.sin6_port) == 0));
		if (ok)
			add_server(s, &in6, sizeof in6);
	} else if (strlen(text) < sizeof host) {
		strcpy(host, text);
		colon = strchr(host, ':');
		if (colon && strchr(colon + 1, ':')) {
			ok = inet_pton(AF_INET6, host, &in6.sin6_addr) == 1;
			if (ok)
				add_server(s, &in6, sizeof in6);
		} else {
			if (colon)
				*colon = 0;
			ok = inet_pton(AF_INET, host, &in.sin_addr) == 1 &&
			     (!colon || parse_port(colon + 1, &in.sin_port) == 0);
			if (ok)
				add_server(s, &in, sizeof in);
		}
	}
	return ok ? 0 : err_set(ERR_USAGE, "'%s' is no address of a DNS server, as 192.0.2.1 or [2001:db8::1]:53",
				text);
}

/* ---- answers ---- */

struct span dns_text(const struct dns_texts *t, size_t i)
{
	return span_of(t->text.data + t->at[i].off, t->at[i].len);
}

static void least(int64_t *ttl, int64_t other)
{
	if (other > INT32_MAX)			/* RFC 2181 8 */
		other = 0;
	if (*ttl < 0 || other < *ttl)
		*ttl = other;
}

/* RFC 1035 3.3.14: strings of up to 255 bytes, which are one text */
static int add_text(struct dns_texts *t, struct span data)
{
	size_t max = sizeof t->at / sizeof t->at[0], off = t->text.len;
	struct rd r = rd_from(data);
	int rc = 0;

	while (rc == 0 && rd_ok(&r) && r.left)
		rc = buf_add(&t->text, rd_bytes(&r, rd_u8(&r)));
	if (rc < 0)
		return rc;
	if (!rd_ok(&r) || !data.len)
		return err_set(ERR_INVALID, "a TXT record of the DNS is malformed");
	if (t->n < max) {
		t->at[t->n].off = (uint32_t)off;
		t->at[t->n].len = (uint32_t)(t->text.len - off);
	}
	t->n++;
	return 0;
}

static int malformed(void)
{
	return err_set(ERR_INVALID, "an answer of the DNS is malformed");
}

/* the name this one is an alias of; 1, 0 or ERR_INVALID */
static int alias(ns_msg *m, char name[NS_MAXDNAME], int64_t *ttl)
{
	ns_rr rr;
	int i;

	for (i = 0; i < ns_msg_count(*m, ns_s_an); i++) {
		if (ns_parserr(m, ns_s_an, i, &rr) < 0)
			return malformed();
		if (ns_rr_type(rr) != ns_t_cname || ns_rr_class(rr) != ns_c_in ||
		    strcasecmp(ns_rr_name(rr), name) != 0)
			continue;
		if (ns_name_uncompress(ns_msg_base(*m), ns_msg_end(*m), ns_rr_rdata(rr), name, NS_MAXDNAME) < 0)
			return malformed();
		least(ttl, ns_rr_ttl(rr));
		return 1;
	}
	return 0;
}

static int records(ns_msg *m, const char *name, struct dns_texts *t)
{
	ns_rr rr;
	int i, rc = 0;

	for (i = 0; rc == 0 && i < ns_msg_count(*m, ns_s_an); i++) {
		if (ns_parserr(m, ns_s_an, i, &rr) < 0)
			return malformed();
		if (ns_rr_type(rr) != ns_t_txt || ns_rr_class(rr) != ns_c_in ||
		    strcasecmp(ns_rr_name(rr), name) != 0)
			continue;
		rc = add_text(t, span_of(ns_rr_rdata(rr), ns_rr_rdlen(rr)));
		least(&t->ttl, ns_rr_ttl(rr));
	}
	return rc;
}

/* RFC 2308 5: how long it may be believed that there is nothing */
static int64_t negative_ttl(ns_msg *m)
{
	int64_t ttl = -1;
	ns_rr rr;
	int i;

	for (i = 0; i < ns_msg_count(*m, ns_s_ns); i++) {
		if (ns_parserr(m, ns_s_ns, i, &rr) < 0)
			return -1;
		if (ns_rr_type(rr) != ns_t_soa || ns_rr_rdlen(rr) < 22)
			continue;
		least(&ttl, ns_rr_ttl(rr));
		least(&ttl, ns_get32(ns_rr_rdata(rr) + ns_rr_rdlen(rr) - 4));
	}
	return ttl;
}

static int is_question(ns_msg *m, const char *name)
{
	ns_rr rr;

	return ns_msg_count(*m, ns_s_qd) == 1 && ns_parserr(m, ns_s_qd, 0, &rr) == 0 &&
	       ns_rr_type(rr) == ns_t_txt && ns_rr_class(rr) == ns_c_in &&
	       strcasecmp(ns_rr_name(rr), name) == 0;
}

static int texts(ns_msg *m, const char *name, struct dns_texts *t)
{
	char at[NS_MAXDNAME];
	int rc = 1, i;

	snprintf(at, sizeof at, "%s", name);
	for (i = 0; rc == 1; i++) {
		if (i == CHAIN_MAX)
			return err_set(ERR_INVALID, "'%s' has too many aliases", name);
		rc = alias(m, at, &t->ttl);
	}
	if (rc == 0)
		rc = records(m, at, t);
	if (rc == 0 && t->n == 0)
		t->ttl = negative_ttl(m);
	return rc < 0 ? rc : t->n > 0;
}

static void reset(struct dns_texts *t)
{
	if (!t->text.max)
		buf_init(&t->text, DNS_TEXT_MAX);
	buf_reset(&t->text);
	t->n = 0;
	t->ttl = -1;
}

int dns_answer(struct span packet, uint16_t id, const char *name, struct dns_texts *t)
{
	ns_msg m;
	int code;

	reset(t);
	if (packet.len < NS_HFIXEDSZ || packet.len > 65535 || ns_get16(packet.p) != id ||
	    !(packet.p[2] & 0x80) || (packet.p[2] & 0x78))
		return err_set(ERR_INVALID, "a packet that answers no question");
	if (packet.p[2] & 0x02)		/* cut off anywhere, so it need not parse */
		return 2;
	if (ns_initparse(packet.p, (int)packet.len, &m) < 0 || !is_question(&m, name))
		return malformed();
	code = ns_msg_getflag(m, ns_f_rcode);
	if (code == ns_r_nxdomain) {
		t->ttl = negative_ttl(&m);
		return 0;
	}
	if (code != ns_r_noerror)
		return err_set(ERR_IO, "the DNS server answers '%s' to a question about '%s'",
			       code == ns_r_servfail ? "failure" : code == ns_r_refused ? "refused" : "error",
			       name);
	code = texts(&m, name, t);
	return code == ERR_INVALID ? err_set(ERR_IO, "%s", err_text()) : code;
}

/* ---- asking ---- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* a question with an OPT record (RFC 6891 6.1.2); behind two bytes for the length TCP puts in front */
static int question(const char *name, uint16_t id, uint8_t out[QUERY_MAX], size_t *len)
{
	static const uint8_t opt[11] = { 0, 0, ns_t_opt, UDP_SIZE >> 8, UDP_SIZE & 0xff };
	uint8_t *p = out + 2;
	int n;

	memset(p, 0, NS_HFIXEDSZ);
	ns_put16(id, p);
	p[2] = 0x01;				/* RD */
	p[5] = 1;				/* one question */
	p[11] = 1;				/* one record more */
	p += NS_HFIXEDSZ;
	n = ns_name_compress(name, p, NS_MAXCDNAME, NULL, NULL);
	if (n < 0)
		return err_set(ERR_INVALID, "'%s' is no name for the DNS", name);
	p += n;
	ns_put16(ns_t_txt, p);
	ns_put16(ns_c_in, p + 2);
	memcpy(p + 4, opt, sizeof opt);
	p += 4 + sizeof opt;
	*len = (size_t)(p - out) - 2;
	ns_put16((u_int)*len, out);
	return 0;
}

/* 1: ready; 0: the time is over */
static int wait_for(int fd, short events, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = until - now_ms();
		if (left <= 0)
			return 0;
		n = poll(&p, 1, left > 60000 ? 60000 : (int)left);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

static int open_to(const struct dns_servers *s, int i, int type)
{
	int fd = socket(s->server[i].at.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&s->server[i].at, s->server[i].len) < 0 &&
	    errno != EINPROGRESS) {
		close(fd);
		fd = -1;
	}
	return fd < 0 ? err_sys("asking a DNS server") : fd;
}

static int timed_out(const char *name)
{
	return err_set(ERR_TIMEOUT, "no DNS server answered in time about '%s'", name);
}

struct asking {
	const char *name;
	uint16_t id;
	uint8_t query[QUERY_MAX];
	size_t len;
	struct dns_texts *t;
};

static int by_udp(int fd, struct asking *q, int64_t until)
{
	uint8_t in[4096];
	ssize_t n;
	int rc;

	if (send(fd, q->query + 2, q->len, MSG_NOSIGNAL) < 0)
		return err_sys("asking a DNS server");
	while (wait_for(fd, POLLIN, until)) {
		n = recv(fd, in, sizeof in, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)			/* nobody listens there */
			return err_sys("asking a DNS server");
		rc = dns_answer(span_of(in, (size_t)n), q->id, q->name, q->t);
		if (rc != ERR_INVALID)		/* else somebody guesses, or an old answer */
			return rc;
	}
	return timed_out(q->name);
}

/* the whole of it, one way or the other; 0 or an error */
static int transfer(int fd, void *p, size_t len, int out, struct asking *q, int64_t until)
{
	uint8_t *at = p;
	ssize_t n;

	while (len) {
		if (!wait_for(fd, out ? POLLOUT : POLLIN, until))
			return timed_out(q->name);
		n = out ? send(fd, at, len, MSG_NOSIGNAL) : recv(fd, at, len, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return err_sys("asking a DNS server");
		if (n == 0)
			return err_set(ERR_IO, "the DNS server breaks off");
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* RFC 1035 4.2.2: the length in two bytes goes first */
static int by_tcp(int fd, struct asking *q, int64_t until)
{
	uint8_t head[2], *in = NULL;
	size_t len = 0;
	int rc = transfer(fd, q->query, q->len + 2, 1, q, until);

	if (rc == 0)
		rc = transfer(fd, head, sizeof head, 0, q, until);
	if (rc == 0) {
		len = ns_get16(head);
		in = malloc(len + 1);
		rc = in ? transfer(fd, in, len, 0, q, until) : err_nomem();
	}
	if (rc == 0)
		rc = dns_answer(span_of(in, len), q->id, q->name, q->t);
	free(in);
	return rc == 2 ? err_set(ERR_IO, "the DNS server cuts its answers") : rc;
}

static int ask_one(const struct dns_servers *s, int i, struct asking *q, int64_t slice, int64_t until)
{
	int fd = open_to(s, i, SOCK_DGRAM), rc;

	if (fd < 0)
		return fd;
	rc = by_udp(fd, q, slice);
	close(fd);
	if (rc != 2)
		return rc;
	fd = open_to(s, i, SOCK_STREAM);
	if (fd < 0)
		return fd;
	rc = by_tcp(fd, q, until);
	close(fd);
	return rc;
}

int dns_txt(const struct dns_servers *s, const char *name, int timeout_ms, struct dns_texts *t)
{
	struct asking q = { .name = name, .t = t };
	int64_t now = now_ms(), until = now + timeout_ms;
	int i, rc, tries = ROUNDS * s->n;

	reset(t);
	if (!s->n)
		return err_set(ERR_TIMEOUT, "there is no DNS server to ask about '%s'", name);
	if (getrandom(&q.id, sizeof q.id, 0) != sizeof q.id)
		return err_sys("random bytes");
	rc = question(name, q.id, q.query, &q.len);
	if (rc < 0)
		return rc;
	for (i = 0; i < tries && now < until; i++, now = now_ms()) {
		rc = ask_one(s, i % s->n, &q, now + (until - now) / (tries - i) + 1, until);
		if (rc >= 0 || rc == ERR_LIMIT || rc == ERR_NOMEM)
			return rc;
	}
	reset(t);
	return rc == ERR_TIMEOUT || rc == 0 ? timed_out(name) : err_set(ERR_TIMEOUT, "%s", err_text());
}
