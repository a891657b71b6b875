/*
 * dns_priv.h - the TXT records of a name, asked for within a bound of time.
 * The C library's own resolver is bound in whole seconds for each server and try, and not at all once it has
 * turned to TCP; so only its list of servers and its parser are used, and the asking is done here.
 * Spec: RFC 1035, RFC 6891, RFC 7766.
 */
#ifndef API_GATEWAY_DNS_PRIV_H
#define API_GATEWAY_DNS_PRIV_H

#include <sys/socket.h>

#include "base/buf.h"

enum {
	DNS_NAME_MAX = 253,		/* bytes of a name as text */
	DNS_TEXT_MAX = 65535		/* bytes of all texts of an answer */
};

struct dns_servers {
	int n;
	struct { struct sockaddr_storage at; socklen_t len; } server[3];
};

/* dns_system - the servers of /etc/resolv.conf, maybe none.  dns_parse - one server: "192.0.2.1", "192.0.2.1:5353",
 * "2001:db8::1", "[2001:db8::1]:5353".  0 or ERR_USAGE. */
void dns_system(struct dns_servers *s);
int dns_parse(struct dns_servers *s, const char *text);

struct dns_texts {
	struct buf text;		/* one behind the other; owned */
	size_t n;
	struct { uint32_t off, len; } at[64];	/* the first 64 of them */
	int64_t ttl;			/* seconds; with no record: how long that may be believed, -1: not said */
};
struct span dns_text(const struct dns_texts *t, size_t i);

/* dns_txt - ask one server after the other.  t is reset first.  1: there are records; 0: there is no such name, or none
 * of this type; ERR_TIMEOUT: no server gave an answer in time; ERR_LIMIT, ERR_NOMEM. */
int dns_txt(const struct dns_servers *s, const char *name, int timeout_ms, struct dns_texts *t);

/* dns_answer - what a packet says to the question with that id.  As dns_txt, and 2: it was too long for a
 * datagram; ERR_INVALID: not an answer to this question; ERR_IO: one, but malformed, or the server will not say. */
int dns_answer(struct span packet, uint16_t id, const char *name, struct dns_texts *t);

#endif
