/* tls_test - a client of GnuTLS and our server, in memory; and what is no client */
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <errno.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "wire/tls/tls.h"

static struct buf cert = { .max = 1 << 16 }, key = { .max = 1 << 16 };
static struct tls_creds *creds;

/* ---- the client ---- */

static struct client {
	gnutls_session_t s;
	gnutls_certificate_credentials_t cred;
	struct tls *server;
	size_t step;			/* bytes the server is fed at once */
} cl;

static ssize_t pull(gnutls_transport_ptr_t p, void *to, size_t len)
{
	struct client *c = p;
	struct span out = tls_out(c->server);

	if (out.len == 0) {
		gnutls_transport_set_errno(c->s, EAGAIN);
		return -1;
	}
	if (out.len < len)
		len = out.len;
	memcpy(to, out.p, len);
	tls_sent(c->server, len);
	return (ssize_t)len;
}

static int pull_timeout(gnutls_transport_ptr_t p, unsigned int t)
{
	(void)t;
	return tls_out(((struct client *)p)->server).len > 0;
}

static ssize_t push(gnutls_transport_ptr_t p, const void *from, size_t len)
{
	struct client *c = p;
	size_t n = tls_feed(c->server, span_of(from, len < c->step ? len : c->step));

	if (n == 0) {
		gnutls_transport_set_errno(c->s, EAGAIN);
		return -1;
	}
	return (ssize_t)n;
}

/* 0: the system's library forbids clients what these rules want, as Ubuntu's does with the oldest versions */
static int meet(const char *rules, const char *const *alpn, const char *offer, const gnutls_datum_t *ticket)
{
	gnutls_datum_t d = { (unsigned char *)(uintptr_t)offer, offer ? (unsigned)strlen(offer) : 0 };
	int ok;

	memset(&cl, 0, sizeof cl);
	cl.step = SIZE_MAX;
	if (tls_new(&cl.server, creds, alpn) < 0)
		abort();
	gnutls_init(&cl.s, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
	gnutls_certificate_allocate_credentials(&cl.cred);
	gnutls_credentials_set(cl.s, GNUTLS_CRD_CERTIFICATE, cl.cred);
	ok = gnutls_priority_set_direct(cl.s, rules, NULL) == GNUTLS_E_SUCCESS;
	gnutls_server_name_set(cl.s, GNUTLS_NAME_DNS, "h.example", 9);
	if (offer)
		gnutls_alpn_set_protocols(cl.s, &d, 1, 0);
	if (ticket)
		gnutls_session_set_data(cl.s, ticket->data, ticket->size);
	gnutls_transport_set_ptr(cl.s, &cl);
	gnutls_transport_set_pull_function(cl.s, pull);
	gnutls_transport_set_pull_timeout_function(cl.s, pull_timeout);
	gnutls_transport_set_push_function(cl.s, push);
	return ok;
}

static void part(void)
{
	gnutls_deinit(cl.s);
	gnutls_certificate_free_credentials(cl.cred);
	tls_free(cl.server);
}

/* 1: both are done; else the server's error, or 0 where only the client gave up */
static int shake(int *client)
{
	int i, s = 0, c = GNUTLS_E_AGAIN;

	for (i = 0; i < 10000 && s >= 0; i++) {
		if (c == GNUTLS_E_AGAIN || c == GNUTLS_E_INTERRUPTED)
			c = gnutls_handshake(cl.s);
		s = tls_shake(cl.server);
		if ((s == 1 && c == 0) || (c < 0 && gnutls_error_is_fatal(c)))
			break;
	}
	*client = c;
	return s == 1 && c != 0 ? 0 : s;
}

static const char *const both[] = { "h2", "http/1.1", NULL };

static void handshakes(void)
{
	static const struct { const char *rules, *version; } v[] = {
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.3", "TLS1.3" }, { "NORMAL:-VERS-ALL:+VERS-TLS1.2", "TLS1.2" },
	};
	size_t i;
	int c;

	for (i = 0; i < 2; i++) {
		meet(v[i].rules, both, "h2", NULL);
		CHECK(shake(&c) == 1);
		CHECK_STR(tls_alpn(cl.server), "h2");
		CHECK_STR(tls_version(cl.server), v[i].version);
		part();
		/* nothing in common is no reason to part (the client may) */
		meet(v[i].rules, both, "other", NULL);
		CHECK(shake(&c) == 1);
		CHECK_STR(tls_alpn(cl.server), "");
		part();
		meet(v[i].rules, both, NULL, NULL);
		cl.step = 1;			/* a client that dribbles */
		CHECK(shake(&c) == 1);
		CHECK_STR(tls_alpn(cl.server), "");
		part();
	}
}

static void what_is_too_old(void)
{
	static const char *const rules[] = {
		"NORMAL:-VERS-ALL:+VERS-TLS1.1", "NORMAL:-VERS-ALL:+VERS-TLS1.0",
		"NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA",
		"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC",
	};
	size_t i;
	int c;

	for (i = 0; i < sizeof rules / sizeof *rules; i++) {
		if (meet(rules[i], both, NULL, NULL)) {
			CHECK_ERR(shake(&c), ERR_INVALID);
			CHECK(gnutls_handshake(cl.s) == GNUTLS_E_FATAL_ALERT_RECEIVED);	/* it is told */
		} else {
			printf("# no client here with %s\n", rules[i]);
		}
		part();
	}
}

static void bytes_both_ways(void)
{
	static uint8_t sent[300000], got[300000];
	size_t at = 0, have = 0, i;
	ssize_t n;
	int c, idle = 0;
	char text[100];

	for (i = 0; i < sizeof sent; i++)
		sent[i] = (uint8_t)(i * 31 + i / 777);
	meet("NORMAL", both, "h2", NULL);
	NEED(shake(&c) == 1);
	CHECK(tls_read(cl.server, text, sizeof text) == 0);
	NEED(gnutls_record_send(cl.s, "hello", 5) == 5);
	CHECK(tls_read(cl.server, text, sizeof text) == 5 && memcmp(text, "hello", 5) == 0);
	/* what is not sent is bounded */
	while ((n = tls_write(cl.server, sent + at, sizeof sent - at)) > 0)
		at += (size_t)n;
	CHECK(n == 0 && at > 64 * 1024 && at < sizeof sent && tls_out(cl.server).len <= TLS_OUT_MAX);
	while (have < sizeof got && idle < 1000) {
		n = gnutls_record_recv(cl.s, got + have, sizeof got - have);
		have += n > 0 ? (size_t)n : 0;
		idle = n > 0 ? 0 : idle + 1;
		n = at < sizeof sent ? tls_write(cl.server, sent + at, sizeof sent - at) : 0;
		at += n > 0 ? (size_t)n : 0;
	}
	CHECK(have == sizeof sent && memcmp(sent, got, have) == 0);
	/* what is not read is bounded */
	for (i = 0; i < 100 && gnutls_record_send(cl.s, sent, 16384) > 0; i++)
		;
	CHECK(i > 2 && i < 10);
	while ((n = tls_read(cl.server, got, sizeof got)) > 0)
		CHECK(memcmp(got, sent, (size_t)n) == 0);
	CHECK(n == 0);
	part();
}

static void ends(void)
{
	char text[10];
	int c;

	meet("NORMAL", both, "h2", NULL);
	NEED(shake(&c) == 1);
	gnutls_bye(cl.s, GNUTLS_SHUT_WR);
	CHECK_ERR((int)tls_read(cl.server, text, sizeof text), ERR_INTERRUPTED);
	CHECK(tls_closed(cl.server));
	CHECK(tls_bye(cl.server) == 0);
	CHECK(gnutls_record_recv(cl.s, text, sizeof text) == 0);
	part();
	/* cut off: that is no end */
	meet("NORMAL", both, "h2", NULL);
	NEED(shake(&c) == 1);
	tls_eof(cl.server);
	CHECK_ERR((int)tls_read(cl.server, text, sizeof text), ERR_INTERRUPTED);
	CHECK(!tls_closed(cl.server));
	part();
	meet("NORMAL", both, "h2", NULL);
	gnutls_handshake(cl.s);
	tls_eof(cl.server);
	CHECK_ERR(tls_shake(cl.server) == 1 ? 1 : tls_shake(cl.server), ERR_INTERRUPTED);
	part();
}

static void forged_bytes(void)
{
	char text[100];
	uint8_t record[29] = { 23, 3, 3, 0, 24 };
	int c;

	meet("NORMAL", both, "h2", NULL);
	NEED(shake(&c) == 1);
	tls_feed(cl.server, span_of(record, sizeof record));
	CHECK_ERR((int)tls_read(cl.server, text, sizeof text), ERR_INVALID);
	part();
}

static void no_renegotiation(void)
{
	char text[100];
	int c;
	ssize_t n;

	meet("NORMAL:-VERS-ALL:+VERS-TLS1.2", both, "h2", NULL);
	NEED(shake(&c) == 1);
	gnutls_handshake(cl.s);
	n = tls_read(cl.server, text, sizeof text);
	CHECK(n == ERR_INVALID);
	part();
}

static int resumed(const char *rules, const uint8_t first[TLS_TICKET_KEY], const uint8_t second[TLS_TICKET_KEY])
{
	gnutls_datum_t ticket = { 0 };
	char text[10];
	int c, yes;

	tls_creds_tickets(creds, first);
	meet(rules, both, "h2", NULL);
	if (shake(&c) != 1)
		return -1;
	gnutls_record_recv(cl.s, text, sizeof text);	/* TLS 1.3 sends tickets afterwards */
	if (gnutls_session_get_data2(cl.s, &ticket) < 0)
		return -1;
	part();
	tls_creds_tickets(creds, second);
	meet(rules, both, "h2", &ticket);
	if (shake(&c) != 1)
		return -1;
	yes = tls_resumed(cl.server);
	gnutls_free(ticket.data);
	part();
	return yes;
}

static void tickets(void)
{
	uint8_t a[TLS_TICKET_KEY], b[TLS_TICKET_KEY];

	NEED(tls_ticket_key(a) == 0 && tls_ticket_key(b) == 0 && memcmp(a, b, sizeof a) != 0);
	CHECK(resumed("NORMAL:-VERS-ALL:+VERS-TLS1.3", a, a) == 1);
	CHECK(resumed("NORMAL:-VERS-ALL:+VERS-TLS1.2", a, a) == 1);
	CHECK(resumed("NORMAL:-VERS-ALL:+VERS-TLS1.3", a, b) == 0);
	CHECK(resumed("NORMAL:-VERS-ALL:+VERS-TLS1.2", a, b) == 0);
}

/* it must neither hang, nor take memory without end, nor say that all is well */
static void hostile_bytes(void)
{
	static const char *const begins_with[] = {
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "\x16\x03\x01\xff\xff", "\x16\x03\x01\x40\x00\x01\x00\x40\x00",
		"\x80\x2e\x01\x03\x01", "\x15\x03\x03\x00\x02\x01\x00", "\x17\x03\x03\x00\x10", "\x14\x03\x03\x00\x01\x01",
	};
	static const size_t lens[] = { 27, 5, 9, 5, 7, 5, 6 };
	static uint8_t more[8192];
	unsigned seed = 7, i, k, j;
	struct tls *t;
	int rc = 0;

	for (i = 0; i < 400; i++) {
		k = i % 7;
		NEED(tls_new(&t, creds, both) == 0);
		CHECK(tls_feed(t, span_of(begins_with[k], lens[k])) == lens[k]);
		for (rc = 0, j = 0; rc == 0 && j < 40; j++) {
			unsigned n;

			for (n = 0; n < sizeof more; n++)
				more[n] = i < 7 ? 0 : (uint8_t)((seed = seed * 1103515245 + 12345) >> 16);
			rc = tls_shake(t);
			tls_feed(t, span_of(more, sizeof more));
			CHECK(tls_out(t).len < 4096);
		}
		CHECK(rc < 0);
		tls_free(t);
	}
}

static int put(const char *name, struct span s)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int rc = fd < 0 || write(fd, s.p, s.len) != (ssize_t)s.len;

	close(fd);
	return rc;
}

static void files(void)
{
	char *dir = unit_tmpdir(), c[4200], k[4200], other[4200];
	struct buf cert2 = BUF_INIT(1 << 16), key2 = BUF_INIT(1 << 16);
	struct tls_creds *t;

	snprintf(c, sizeof c, "%s/cert", dir);
	snprintf(k, sizeof k, "%s/key", dir);
	snprintf(other, sizeof other, "%s/other", dir);
	NEED(tls_self_signed("other.example", &cert2, &key2) == 0);
	NEED(put(c, buf_span(&cert)) == 0 && put(k, buf_span(&key)) == 0 && put(other, buf_span(&key2)) == 0);
	CHECK(tls_creds_load(&t, c, k, NULL) == 0);
	tls_creds_free(t);
	CHECK_ERR(tls_creds_load(&t, c, other, NULL), ERR_INVALID);
	CHECK(strstr(err_text(), other) != NULL && t == NULL);
	CHECK_ERR(tls_creds_load(&t, "/nowhere", k, NULL), ERR_NOTFOUND);
	CHECK_ERR(tls_creds_load(&t, k, c, NULL), ERR_INVALID);
	CHECK_ERR(tls_creds_load(&t, c, k, k), ERR_INVALID);	/* not an OCSP answer */
	CHECK_ERR(tls_creds_load(&t, c, k, "/nowhere"), ERR_NOTFOUND);
	unlink(c);
	unlink(k);
	unlink(other);
	rmdir(dir);
	buf_clear(&cert2);
	buf_clear(&key2);
}

static void a_certificate_made_up(void)
{
	gnutls_datum_t pem = { cert.data, (unsigned)cert.len };
	gnutls_x509_crt_t crt;
	int c;

	gnutls_x509_crt_init(&crt);
	NEED(gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM) == 0);
	CHECK(gnutls_x509_crt_check_hostname(crt, "h.example"));
	CHECK(gnutls_x509_crt_check_hostname(crt, "localhost"));
	CHECK(gnutls_x509_crt_check_hostname(crt, "127.0.0.1"));
	CHECK(!gnutls_x509_crt_check_hostname(crt, "other.example"));
	gnutls_x509_crt_deinit(crt);
	/* a client that trusts it is content */
	meet("NORMAL", both, "h2", NULL);
	gnutls_certificate_set_x509_trust_mem(cl.cred, &pem, GNUTLS_X509_FMT_PEM);
	gnutls_session_set_verify_cert(cl.s, "h.example", 0);
	CHECK(shake(&c) == 1);
	part();
}

int main(void)
{
	if (tls_self_signed("h.example", &cert, &key) < 0 ||
	    tls_creds_pem(&creds, buf_span(&cert), buf_span(&key), span_of(NULL, 0)) < 0)
		return 1;
	RUN(handshakes);
	RUN(what_is_too_old);
	RUN(bytes_both_ways);
	RUN(ends);
	RUN(forged_bytes);
	RUN(no_renegotiation);
	RUN(tickets);
	RUN(hostile_bytes);
	RUN(files);
	RUN(a_certificate_made_up);
	tls_creds_free(creds);
	buf_clear(&cert);
	buf_clear(&key);
	return UNIT_END();
}
