/*
 * key_priv.h - what the files of the room share: a row for every type of key, and DER.
 * Bytes that are secret live in bufs that were given their room at once, so that growing leaves no copies, and
 * that end in key_wipe.
 */
#ifndef KEY_PRIV_H
#define KEY_PRIV_H

#include <nettle/bignum.h>

#include "base/err.h"
#include "base/rd.h"
#include "key.h"

enum { KEY_PARTS_MAX = 4, KEY_DIGEST = 32 };

/* What can be done with a type.  `data` and `secret` are the Data fields of the serialised keys. */
struct key_kind {
	const char *name;
	/* data is a public key: 0, ERR_INVALID, ERR_UNSUPPORTED */
	int (*check)(struct span data);
	/* 1: sig is one over the message; 0: it is not; or an error */
	int (*verify)(struct span data, const struct span *parts, int n, struct span sig);
	/* the private key, in its one form, appended to `secret`, and what belongs to it, to `data` */
	int (*open)(struct span in, struct buf *secret, struct buf *data);
	int (*sign)(struct span secret, const struct span *parts, int n, struct buf *sig);
	int (*generate)(unsigned bits, struct buf *secret);
};

extern const struct key_kind key_ed25519, key_rsa, key_secp256k1, key_ecdsa;
const struct key_kind *key_kind(enum key_type t);	/* NULL: none */

struct key {
	enum key_type type;
	struct buf secret;
	struct buf public_pb;
	struct cid id;
};

/* key_make - from the Data of a private key.  Gives *k. */
int key_make(enum key_type t, struct span secret, struct key **k);
/* key_digest - SHA-256 of the parts. */
int key_digest(const struct span *parts, int n, uint8_t digest[KEY_DIGEST]);
int key_random(uint8_t *p, size_t len);
void key_random_fn(void *ctx, size_t len, uint8_t *p);	/* for nettle; ctx is an int that keeps an error */
/* key_secret_init - a buf with all the room it may need. */
int key_secret_init(struct buf *b, size_t room);

/* key_ed25519_public - of a seed; 32 bytes each */
void key_ed25519_public(uint8_t *pub, const uint8_t *seed);

/* ---- der.c: X.690, definite and minimal lengths only ---- */
enum { DER_INT = 0x02, DER_BITS = 0x03, DER_OCTETS = 0x04, DER_NULL = 0x05, DER_OID = 0x06, DER_SEQ = 0x30,
       DER_ARG0 = 0xa0, DER_ARG1 = 0xa1 };

/* der_next - the tag of what comes next; 0: nothing.  der_read - the contents of a value of that tag.  der_enter - the
 * same to read on in; a failure of r is one of the inner, too. */
unsigned der_next(const struct rd *r);
struct span der_read(struct rd *r, unsigned tag);
struct rd der_enter(struct rd *r, unsigned tag);
/* der_uint - an INTEGER that is not negative: its bytes, without zeros in front (0 itself is one zero byte). */
struct span der_uint(struct rd *r);
/* der_bits - a BIT STRING of whole bytes */
struct span der_bits(struct rd *r);
int der_put(struct buf *b, unsigned tag, struct span body);
int der_put_uint(struct buf *b, struct span number);	/* big-endian */

/* ---- number.c: GMP's integers ---- */
void number_set(mpz_t x, struct span big_endian);
int number_put(struct buf *der, const mpz_t x);		/* as an INTEGER */
void number_wipe(mpz_t x);		/* overwrites, then clears */
/* DER of two INTEGERs, RFC 3279 2.2.3.  get: 1, or 0: it is none. */
int number_sig_put(struct buf *sig, const mpz_t r, const mpz_t s);
int number_sig_get(struct span sig, mpz_t r, mpz_t s);

/* The number of an algorithm and its parameters, whole AlgorithmIdentifiers. */
extern const struct span der_alg_rsa, der_alg_p256, der_alg_ed25519, der_oid_p256, der_oid_ec;

#endif
