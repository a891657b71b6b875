/* tls_priv.h - what the files of this room share */
#ifndef WIRE_TLS_TLS_PRIV_H
#define WIRE_TLS_TLS_PRIV_H

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "wire/tls/tls.h"

/*
 * What we use of GnuTLS: gnutls.init is gnutls_init, after tls_load.  The library brings eight others with it, and forty
 * mappings; a worker that carried them would be forked, and end, a fifth more slowly, for nothing: it sees no ciphertext.
 */
#define TLS_LIBRARY(X) \
	X(alert_send) X(alert_send_appropriate) X(alpn_get_selected_protocol) X(alpn_set_protocols) \
	X(bye) X(certificate_allocate_credentials) X(certificate_free_credentials) \
	X(certificate_set_ocsp_status_request_mem) X(certificate_set_x509_key_mem2) \
	X(credentials_set) X(deinit) X(error_is_fatal) X(free) X(handshake) \
	X(handshake_set_max_packet_length) X(init) X(priority_deinit) X(priority_init) \
	X(priority_set) X(protocol_get_name) X(protocol_get_version) X(record_recv) X(record_send) \
	X(rnd) X(session_is_resumed) X(session_ticket_enable_server) X(strerror) \
	X(transport_set_errno) X(transport_set_ptr) X(transport_set_pull_function) \
	X(transport_set_pull_timeout_function) X(transport_set_push_function) X(x509_crt_deinit) \
	X(x509_crt_export2) X(x509_crt_init) X(x509_crt_set_activation_time) \
	X(x509_crt_set_basic_constraints) X(x509_crt_set_dn_by_oid) X(x509_crt_set_expiration_time) \
	X(x509_crt_set_key) X(x509_crt_set_key_purpose_oid) X(x509_crt_set_key_usage) \
	X(x509_crt_set_serial) X(x509_crt_set_subject_alt_name) X(x509_crt_set_version) \
	X(x509_crt_sign2) X(x509_privkey_deinit) X(x509_privkey_export2) X(x509_privkey_generate) \
	X(x509_privkey_init)

struct tls_library {
#define X(name) __typeof__(gnutls_##name) *name;
	TLS_LIBRARY(X)
#undef X
};
extern struct tls_library gnutls;

struct tls_creds {
	unsigned users;
	gnutls_certificate_credentials_t cred;
	gnutls_priority_t rules;
	uint8_t ticket_key[TLS_TICKET_KEY];
	int tickets;
};

/* tls_error - an error of GnuTLS as one of ours: ERR_NOMEM, else `code`, with its text. */
int tls_error(int code, int gnutls_code, const char *what);

static inline gnutls_datum_t tls_datum(struct span s)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)s.p, (unsigned)s.len };
}

#endif
