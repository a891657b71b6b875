/*
 * dns.c - what a domain's DNSLink says, asked of the DNS.
 * Spec: dnslink.dev; ipfs/specs src/http-gateways, "DNSLink": TXT records at _dnslink.<domain>.
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer/fetch/fetch_priv.h"

enum { ANSWER_MAX = 65535, TXT_MAX = 4096 };

static int begins(struct span s, const char *with)
{
	size_t n = strlen(with);

	return s.len > n && !memcmp(s.p, with, n);
}

int dns_link_text(struct span record, struct span *path)
{
	if (!begins(record, "dnslink="))
		return 0;
	*path = span_of(record.p + 8, record.len - 8);
	return (begins(*path, "/ipfs/") || begins(*path, "/ipns/")) && !memchr(path->p, 0, path->len);
}

/* the strings of one record in a row */
static int join(const ns_rr *rr, struct buf *text)
{
	const uint8_t *p = ns_rr_rdata(*rr), *end = p + ns_rr_rdlen(*rr);
	int rc = 0;

	buf_reset(text);
	while (rc == 0 && p < end && (size_t)(end - p) > *p) {
		rc = buf_bytes(text, p + 1, *p);
		p += 1 + *p;
	}
	return rc;
}

int dns_link_answer(const uint8_t *msg, size_t len, struct buf *value, int64_t *ttl)
{
	struct buf text = BUF_INIT(TXT_MAX);
	size_t was = value->len;
	struct span path;
	ns_msg m;
	ns_rr rr;
	int i, found = 0, rc = 0;

	if (len > ANSWER_MAX || ns_initparse(msg, (int)len, &m) < 0)
		return err_set(ERR_INVALID, "the answer of the DNS is broken");
	for (i = 0; rc == 0 && i < ns_msg_count(m, ns_s_an); i++) {
		if (ns_parserr(&m, ns_s_an, i, &rr) < 0) {
			rc = err_set(ERR_INVALID, "the answer of the DNS is broken");
			break;
		}
		if (ns_rr_type(rr) != ns_t_txt || join(&rr, &text) < 0 || !dns_link_text(buf_span(&text), &path))
			continue;
		if (found++)
			rc = err_set(ERR_INVALID, "it has more than one DNSLink");
		else
			rc = buf_add(value, path);
		*ttl = ns_rr_ttl(rr);
	}
	buf_clear(&text);
	if (rc < 0)
		value->len = was;
	return rc < 0 ? rc : found;
}

/* "192.0.2.1", "192.0.2.1:5353", as the one server to ask */
static int set_server(struct __res_state *r, const char *server)
{
	char host[64];
	const char *colon = strrchr(server, ':');
	struct in_addr in;
	unsigned long port = 53;
	char *end;

	snprintf(host, sizeof host, "%.*s", (int)(colon ? (size_t)(colon - server) : strlen(server)), server);
	if (colon)
		port = strtoul(colon + 1, &end, 10);
	if (inet_pton(AF_INET, host, &in) != 1 || (colon && (*end || end == colon + 1)) || !port || port > 65535)
		return err_set(ERR_USAGE, "'%s' is no IPv4 address of a DNS server", server);
	r->nscount = 1;
	r->nsaddr_list[0] = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
						  .sin_addr = in };
	return 0;
}

static int no_answer(const struct __res_state *r, const char *name)
{
	switch (r->res_h_errno) {
	case HOST_NOT_FOUND:
	case NO_DATA:
		return 0;
	case TRY_AGAIN:
		return err_set(ERR_TIMEOUT, "no answer from the DNS about '%s'", name);
	default:
		return err_set(ERR_IO, "the DNS does not answer about '%s'", name);
	}
}

int dns_link(struct span domain, const char *server, int timeout_ms, struct buf *value, int64_t *ttl)
{
	struct __res_state r;
	char name[300];
	uint8_t *msg;
	int n, rc = 0;

	*ttl = -1;
	if (domain.len > 253 || memchr(domain.p, 0, domain.len) || !memchr(domain.p, '.', domain.len))
		return 0;
	snprintf(name, sizeof name, "_dnslink.%.*s", (int)domain.len, (const char *)domain.p);
	memset(&r, 0, sizeof r);
	if (res_ninit(&r) < 0)
		return err_set(ERR_IO, "the system's resolver does not start");
	r.retrans = timeout_ms >= 1000 ? timeout_ms / 1000 : 1;
	r.retry = 2;
	msg = malloc(ANSWER_MAX);
	if (!msg)
		rc = err_nomem();
	if (rc == 0 && server)
		rc = set_server(&r, server);
	if (rc == 0) {
		n = res_nquery(&r, name, ns_c_in, ns_t_txt, msg, ANSWER_MAX);
		rc = n < 0 ? no_answer(&r, name)
			   : dns_link_answer(msg, (size_t)n < ANSWER_MAX ? (size_t)n : ANSWER_MAX, value, ttl);
		if (rc < 0 && n >= 0)
			rc = err_add(rc, "'%.*s'", (int)domain.len, (const char *)domain.p);
	}
	free(msg);
	res_nclose(&r);
	return rc;
}
