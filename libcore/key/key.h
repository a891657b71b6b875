/*
 * key.h - the keys of libp2p: who signed this, what is its name, and where our own are kept.
 *
 * A public key is used in its serialised form, the protobuf that names are made from.  A private key is
 * opaque, belongs to one thread at a time, and its bytes are wiped when it is freed.
 * Spec: libp2p/specs peer-ids/peer-ids.md; RFC 8032, 8017, 5480, 5915, 5958, 8410.
 */
#ifndef KEY_KEY_H
#define KEY_KEY_H

#include "base/buf.h"
#include "multi/cid.h"

enum key_type { KEY_RSA = 0, KEY_ED25519 = 1, KEY_SECP256K1 = 2, KEY_ECDSA = 3 };	/* the wire's numbers */

enum {
	KEY_PUBLIC_MAX = 1200,		/* bytes of a serialised public key: RSA of 8192 bits */
	KEY_PRIVATE_MAX = 6144,		/* … of a private one */
	KEY_TEXT_MAX = 10240,		/* … of one as text, in PEM */
	KEY_SIG_MAX = 1024,		/* … of a signature */
	KEY_INLINE_MAX = 42,		/* a public key up to this stands in its name itself */
	KEY_RSA_MIN = 2048, KEY_RSA_MAX = 8192,	/* bits */
	KEY_NAME_MAX = 128		/* bytes of a key's name in the store */
};

/* ---- public keys ---- */

/* A public key that was looked at: RSA and ECDSA: PKIX SubjectPublicKeyInfo (DER), Ed25519: 32 bytes,
 * secp256k1: a point of 33 bytes.  Borrows. */
struct key_public {
	enum key_type type;
	struct span data;
};

/*
 * key_public_decode - a serialised public key, from end to end: both fields, once, in their order, in the shortest
 * form, as whoever hashes it to a name must have written it; and its data is a key of that type.  `out` borrows
 * from pb.  ERR_INVALID; ERR_UNSUPPORTED: a type, curve or size (RSA: KEY_RSA_MIN to KEY_RSA_MAX bits) that is not
 * known here.
 */
int key_public_decode(struct span pb, struct key_public *out);
/* key_public_encode - appends. */
int key_public_encode(const struct key_public *k, struct buf *pb);

/*
 * key_verify - is `sig` a signature by `k` over the concatenation of the `n` parts (at most 4)?  0; ERR_CORRUPT: it is
 * not.  Ed25519: RFC 8032; RSA: PKCS #1 v1.5 with SHA-256; secp256k1 and ECDSA: DER, over SHA-256, with either of
 * the two values of S.
 */
int key_verify(const struct key_public *k, const struct span *parts, int n, struct span sig);

const char *key_type_name(enum key_type t);		/* "ed25519", "rsa", "secp256k1", "ecdsa"; static */
int key_type_by_name(const char *name, enum key_type *t);	/* 0; ERR_USAGE: no such type */

/* ---- names of keys: peer ids, IPNS names ---- */

/*
 * A name is a CIDv1 of codec libp2p-key around the multihash of the serialised public key: the key itself
 * (identity) up to KEY_INLINE_MAX bytes, else sha2-256.  cid_format with base NULL (or cid_text) gives the canonical
 * text, "k51…".
 * key_id - the name of a serialised public key.
 */
int key_id(struct span public_pb, struct cid *id);

/*
 * key_id_parse - every text form: base58btc of the multihash ("12D3KooW…", "16Uiu2…", "Qm…"), a CIDv1 of codec
 * libp2p-key in any base, and of codec dag-pb, which old URLs have.  *id is always the canonical CID, so that
 * `text` is canonical when it equals cid_text(id).
 * ERR_INVALID: it is none of these, or the multihash is neither sha2-256 nor an inlined public key.
 */
int key_id_parse(struct span text, struct cid *id);
/* key_id_from_mh - the same from a binary multihash, as it travels between peers. */
int key_id_from_mh(struct span mh, struct cid *id);
/* key_id_peer - appends the base58btc form ("12D3KooW…"). */
int key_id_peer(const struct cid *id, struct buf *text);
/* key_id_public - 1 and the key when the name holds it (*k borrows from id); 0: it does not. */
int key_id_public(const struct cid *id, struct key_public *k);

/* ---- private keys ---- */

struct key;				/* opaque; key_decode, key_generate, key_parse and key_load give one */

/* key_decode - a serialised private key; it is checked that its halves fit.  Gives *k.  Errors as in key_public_decode. */
int key_decode(struct span pb, struct key **k);
/* key_encode - appends the serialised private key; whoever owns the buf wipes it (key_wipe). */
int key_encode(const struct key *k, struct buf *pb);

/* key_generate - a new key from the system's randomness.  bits: of RSA, 0: 2048; else 0.  Gives *k.
 * ERR_USAGE: a size it cannot have; ERR_IO: no randomness. */
int key_generate(enum key_type t, unsigned bits, struct key **k);
void key_free(struct key *k);		/* wipes; accepts NULL */

enum key_type key_type(const struct key *k);
struct span key_public_pb(const struct key *k);		/* serialised; borrowed, lives as long as k */
const struct cid *key_name(const struct key *k);	/* its id; borrowed */

/* key_sign - appends the signature of the concatenation of the `n` parts (at most 4); secp256k1 and ECDSA as DER, with
 * the lower S.  0, ERR_LIMIT, ERR_NOMEM, ERR_CORRUPT: the private key does not work. */
int key_sign(const struct key *k, const struct span *parts, int n, struct buf *sig);

/* key_pem - appends the key as PEM, "BEGIN PRIVATE KEY" (PKCS #8).  ERR_UNSUPPORTED: secp256k1 has no such form.
 * key_parse - any form a file may hold: a serialised private key, or PEM as above.  Gives *k. */
int key_pem(const struct key *k, struct buf *pem);
int key_parse(struct span file, struct key **k);

/* key_wipe - overwrite what the buf held, then free it. */
void key_wipe(struct buf *b);

/* ---- keys of a store: files in its folder key/, mode 0600 ----
 * `path` is the folder of the store (store_path).  Any number of processes may change them. */

/* key_name_check - may a key be called so?  1 to KEY_NAME_MAX bytes of UTF-8 without '/', controls, or a dot in
 * front.  0 or ERR_USAGE. */
int key_name_check(const char *name);
/* key_load - ERR_NOTFOUND: `no key named 'x'`; ERR_CORRUPT: the file is no key.  Gives *k. */
int key_load(const char *path, const char *name, struct key **k);
/* key_self - the node's own key, "self"; made (Ed25519) when there is none.  Gives *k. */
int key_self(const char *path, struct key **k);
/* key_save - durable.  ERR_EXISTS: there is one of that name, unless `replace`. */
int key_save(const char *path, const char *name, const struct key *k, int replace);
int key_remove(const char *path, const char *name);	/* ERR_NOTFOUND */
/* key_rename - 0, or 1 when `replace` allowed it to take the place of another; ERR_NOTFOUND, ERR_EXISTS. */
int key_rename(const char *path, const char *old, const char *new, int replace);
/* key_each - tell the names, sorted as bytes; stops at a nonzero return.  Memory: all names. */
int key_each(const char *path, int (*fn)(void *arg, const char *name), void *arg);
/* key_find - the name under which the key of that id is kept, appended to `name`; ERR_NOTFOUND. */
int key_find(const char *path, const struct cid *id, struct buf *name);

#endif
