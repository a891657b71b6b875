/* tls_priv.h - what the files of this room share */
#ifndef WIRE_TLS_TLS_PRIV_H
#define WIRE_TLS_TLS_PRIV_H

#include <gnutls/gnutls.h>

#include "wire/tls/tls.h"

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
