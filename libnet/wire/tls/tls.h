/*
 * tls.h - TLS without sockets: the server's side, ciphertext in and out by memory.
 * Versions 1.2 and 1.3, forward secret ciphers only, no renegotiation, no compression, no early data.
 * Spec: RFC 8446, RFC 5246, RFC 7301 (ALPN), RFC 5077 and RFC 8446 4.6.1 (tickets), RFC 6066 8 (OCSP).
 *
 *	tls_new -> { tls_feed; tls_shake until 1; tls_read, tls_write; tls_out } -> tls_bye -> tls_free
 *
 * Memory is bounded: TLS_IN_MAX bytes of ciphertext wait to be read, TLS_OUT_MAX to be sent.
 */
#ifndef WIRE_TLS_TLS_H
#define WIRE_TLS_TLS_H

#include <sys/types.h>

#include "base/buf.h"

enum {
	TLS_TICKET_KEY = 64,		/* bytes */
	TLS_RECORD = 16 * 1024,		/* bytes of plaintext in a record, at most */
	TLS_IN_MAX = 64 * 1024, TLS_OUT_MAX = 128 * 1024
};

/* tls_load - GnuTLS into this process, and those it will fork.  What follows does so when it needs to; to be called where
 * that would be too late, or too often.  0, ERR_UNSUPPORTED: it is not on this machine. */
int tls_load(void);

/* ---- who we are ---- */

struct tls_creds;			/* certificate, key, and rules; counted: sessions hold on to theirs */

/* tls_creds_load - from files: PEM chain, PEM key, and a DER OCSP answer or NULL; tls_creds_pem - from bytes.
 * ERR_NOTFOUND, ERR_DENIED: a file; ERR_INVALID: what is in it, or the key is another's; ERR_NOMEM; as tls_load. */
int tls_creds_load(struct tls_creds **out, const char *cert, const char *key, const char *ocsp);
int tls_creds_pem(struct tls_creds **out, struct span cert, struct span key, struct span ocsp);
void tls_creds_free(struct tls_creds *c);	/* ours goes; sessions keep theirs; NULL is accepted */

/* tls_ticket_key - a key for session tickets, to be shared by all who may see the same client again.  The keys
 * that tickets are sealed with are made from it and change with time by themselves.  tls_creds_tickets - give
 * tickets (the bytes are copied). */
int tls_ticket_key(uint8_t key[TLS_TICKET_KEY]);
int tls_creds_tickets(struct tls_creds *c, const uint8_t key[TLS_TICKET_KEY]);

/* tls_self_signed - appends a certificate for `name` (a DNS name or an address; "localhost" and loopback are
 * in it as well) and its key, as PEM; for a year from yesterday. */
int tls_self_signed(const char *name, struct buf *cert, struct buf *key);

/* ---- a client ---- */

struct tls;

/* tls_new - `alpn`: protocols we would speak, those we like most first, NULL-terminated, or NULL. */
int tls_new(struct tls **out, struct tls_creds *c, const char *const *alpn);
void tls_free(struct tls *t);		/* NULL is accepted */

/* tls_feed - ciphertext from the client; how much of it was taken: less than all only when TLS_IN_MAX wait to
 * be read. */
size_t tls_feed(struct tls *t, struct span in);
/* tls_eof - the client will send no more: what is not whole by now never will be. */
void tls_eof(struct tls *t);

/* tls_shake - go on with the handshake.  1: done; 0: more has to be fed, or sent; ERR_INVALID: it failed, and
 * what is to be sent may say why; ERR_INTERRUPTED: the client left. */
int tls_shake(struct tls *t);

/* tls_read - up to `len` bytes of plaintext.  How many; 0: nothing is here; ERR_INTERRUPTED: the client closed
 * (1 by tls_closed: in the way that cannot be forged); ERR_INVALID: an attack, or a bug. */
ssize_t tls_read(struct tls *t, void *p, size_t len);
int tls_closed(const struct tls *t);

/* tls_write - encrypt; how many bytes were taken, at most a record, 0: what is there has to be sent first. */
ssize_t tls_write(struct tls *t, const void *p, size_t len);

/* tls_out - ciphertext to be sent; valid until any other call.  tls_sent - so much of it was. */
struct span tls_out(const struct tls *t);
void tls_sent(struct tls *t, size_t n);

int tls_bye(struct tls *t);		/* close_notify into tls_out */

/* tls_alpn - the protocol agreed upon, "" if none; tls_version - "TLS1.3".  Static or the session's. */
const char *tls_alpn(const struct tls *t);
const char *tls_version(const struct tls *t);
int tls_resumed(const struct tls *t);

#endif
