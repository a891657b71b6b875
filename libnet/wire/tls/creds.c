/* creds.c - certificates and their keys, from files, from memory, or made up */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "tls_priv.h"

enum { FILE_MAX = 1 << 20, DAY = 24 * 60 * 60 };

/* forward secrecy and authenticated encryption only: none of what RFC 9113 9.2.2 forbids is left */
static const char rules[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
			    "-CIPHER-ALL:+AES-128-GCM:+CHACHA20-POLY1305:+AES-256-GCM:-MAC-ALL:+AEAD";

int tls_error(int code, int gnutls_code, const char *what)
{
	const char *why = gnutls.strerror(gnutls_code);
	size_t n = strlen(why);

	if (gnutls_code == GNUTLS_E_MEMORY_ERROR)
		return err_nomem();
	n -= n && why[n - 1] == '.';		/* theirs are sentences */
	return err_set(code, "%s: %.*s", what, (int)n, why);
}

int tls_creds_pem(struct tls_creds **out, struct span cert, struct span key, struct span ocsp)
{
	gnutls_datum_t c = tls_datum(cert), k = tls_datum(key), o = tls_datum(ocsp);
	struct tls_creds *t = calloc(1, sizeof *t);
	const char *what = "preparing for TLS";
	int rc;

	*out = NULL;
	if (!t)
		return err_nomem();
	t->users = 1;
	rc = tls_load();
	if (rc < 0) {
		free(t);
		return rc;
	}
	rc = gnutls.certificate_allocate_credentials(&t->cred);
	if (rc >= 0)
		rc = gnutls.priority_init(&t->rules, rules, NULL);
	if (rc >= 0) {
		what = "the certificate and its key";
		rc = gnutls.certificate_set_x509_key_mem2(t->cred, &c, &k, GNUTLS_X509_FMT_PEM, NULL, 0);
	}
	if (rc >= 0 && ocsp.len) {
		what = "the OCSP answer";
		rc = gnutls.certificate_set_ocsp_status_request_mem(t->cred, &o, 0, GNUTLS_X509_FMT_DER);
	}
	if (rc < 0) {
		tls_creds_free(t);
		return tls_error(ERR_INVALID, rc, what);
	}
	*out = t;
	return 0;
}

void tls_creds_free(struct tls_creds *t)
{
	if (!t || --t->users)
		return;
	if (t->rules)
		gnutls.priority_deinit(t->rules);
	if (t->cred)
		gnutls.certificate_free_credentials(t->cred);
	explicit_bzero(t->ticket_key, sizeof t->ticket_key);
	free(t);
}

int tls_creds_load(struct tls_creds **out, const char *cert, const char *key, const char *ocsp)
{
	struct buf c = BUF_INIT(FILE_MAX), k = BUF_INIT(FILE_MAX), o = BUF_INIT(FILE_MAX);
	int rc = io_slurp_file(AT_FDCWD, cert, &c);

	*out = NULL;
	if (rc == 0)
		rc = io_slurp_file(AT_FDCWD, key, &k);
	if (rc == 0 && ocsp)
		rc = io_slurp_file(AT_FDCWD, ocsp, &o);
	if (rc == 0)
		rc = tls_creds_pem(out, buf_span(&c), buf_span(&k), buf_span(&o));
	if (rc < 0)
		err_add(rc, "TLS with '%s' and '%s'", cert, key);
	if (k.len)
		explicit_bzero(k.data, k.len);
	buf_clear(&c);
	buf_clear(&k);
	buf_clear(&o);
	return rc;
}

/* ---- tickets ---- */

int tls_ticket_key(uint8_t key[TLS_TICKET_KEY])
{
	return getentropy(key, TLS_TICKET_KEY) < 0 ? err_sys("making a key for tickets") : 0;
}

int tls_creds_tickets(struct tls_creds *t, const uint8_t key[TLS_TICKET_KEY])
{
	memcpy(t->ticket_key, key, TLS_TICKET_KEY);
	t->tickets = 1;
	return 0;
}

/* ---- made up ---- */

static int alternative(gnutls_x509_crt_t crt, const char *name)
{
	uint8_t addr[16];

	if (inet_pton(AF_INET, name, addr) == 1)
		return gnutls.x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, addr, 4, GNUTLS_FSAN_APPEND);
	if (inet_pton(AF_INET6, name, addr) == 1)
		return gnutls.x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, addr, 16, GNUTLS_FSAN_APPEND);
	return gnutls.x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name),
						    GNUTLS_FSAN_APPEND);
}

static int fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *name)
{
	static const char *const also[] = { "localhost", "127.0.0.1", "::1" };
	uint8_t serial[16];
	time_t now = time(NULL);
	size_t i;
	int rc = gnutls.rnd(GNUTLS_RND_NONCE, serial, sizeof serial);

	serial[0] &= 0x7f;			/* RFC 5280 4.1.2.2: positive */
	serial[0] |= 0x40;
	if (rc >= 0)
		rc = gnutls.x509_crt_set_version(crt, 3);
	if (rc >= 0)
		rc = gnutls.x509_crt_set_serial(crt, serial, sizeof serial);
	if (rc >= 0)
		rc = gnutls.x509_crt_set_activation_time(crt, now - DAY);
	if (rc >= 0)
		rc = gnutls.x509_crt_set_expiration_time(crt, now + 364 * (time_t)DAY);
	if (rc >= 0)
		rc = gnutls.x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned)strlen(name));
	if (rc >= 0)
		rc = gnutls.x509_crt_set_key(crt, key);
	if (rc >= 0)
		rc = alternative(crt, name);
	for (i = 0; rc >= 0 && i < sizeof also / sizeof *also; i++)
		rc = strcmp(also[i], name) == 0 ? 0 : alternative(crt, also[i]);
	if (rc >= 0)
		rc = gnutls.x509_crt_set_basic_constraints(crt, 0, -1);
	if (rc >= 0)
		rc = gnutls.x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (rc >= 0)
		rc = gnutls.x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	return rc < 0 ? rc : gnutls.x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
}

static int add_pem(struct buf *out, gnutls_datum_t *pem)
{
	int rc = buf_bytes(out, pem->data, pem->size);

	explicit_bzero(pem->data, pem->size);
	(*gnutls.free)(pem->data);
	return rc;
}

int tls_self_signed(const char *name, struct buf *cert, struct buf *key)
{
	gnutls_x509_privkey_t k = NULL;
	gnutls_x509_crt_t crt = NULL;
	gnutls_datum_t c_pem = { 0 }, k_pem = { 0 };
	int rc = tls_load(), one;

	if (rc < 0)
		return rc;
	rc = gnutls.x509_privkey_init(&k);
	if (rc >= 0)
		rc = gnutls.x509_privkey_generate(k, GNUTLS_PK_ECDSA,
						  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (rc >= 0)
		rc = gnutls.x509_crt_init(&crt);
	if (rc >= 0)
		rc = fill(crt, k, name);
	if (rc >= 0)
		rc = gnutls.x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &c_pem);
	if (rc >= 0)
		rc = gnutls.x509_privkey_export2(k, GNUTLS_X509_FMT_PEM, &k_pem);
	if (rc < 0)
		rc = tls_error(ERR_INVALID, rc, "making a certificate");
	if (c_pem.data) {
		one = add_pem(cert, &c_pem);
		rc = rc < 0 ? rc : one;
	}
	if (k_pem.data) {
		one = add_pem(key, &k_pem);
		rc = rc < 0 ? rc : one;
	}
	if (crt)
		gnutls.x509_crt_deinit(crt);
	if (k)
		gnutls.x509_privkey_deinit(k);
	return rc < 0 ? rc : 0;
}
