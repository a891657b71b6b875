/* secp256k1.c - ECDSA on the curve of that name; signatures of SHA-256 as DER, with the lower S */
#include <secp256k1.h>
#include <secp256k1_preallocated.h>
#include <stdlib.h>
#include <string.h>

#include "key_priv.h"

enum { SCALAR = 32, POINT = 33, DER_SIG_MAX = 72 };

static int check(struct span data)
{
	secp256k1_pubkey key;

	if (data.len == POINT && secp256k1_ec_pubkey_parse(secp256k1_context_static, &key, data.p, data.len))
		return 0;
	return err_set(ERR_INVALID, "public key: not a point of secp256k1 in 33 bytes");
}

/* As btcec does: S may be either of its two values.  The library itself takes the lower one only. */
static int verify(struct span data, const struct span *parts, int n, struct span der)
{
	const secp256k1_context *ctx = secp256k1_context_static;
	secp256k1_ecdsa_signature sig;
	secp256k1_pubkey key;
	uint8_t digest[KEY_DIGEST];
	int rc = key_digest(parts, n, digest);

	if (rc < 0)
		return rc;
	if (data.len != POINT || !secp256k1_ec_pubkey_parse(ctx, &key, data.p, data.len) || der.len == 0 ||
	    !secp256k1_ecdsa_signature_parse_der(ctx, &sig, der.p, der.len))
		return 0;
	secp256k1_ecdsa_signature_normalize(ctx, &sig, &sig);
	return secp256k1_ecdsa_verify(ctx, &sig, digest, &key);
}

/* A context for work with a secret: in our own memory, as the library's own would end the program when there is none.
 * It is blinded.  Gives *mem. */
static int secret_context(void **mem, secp256k1_context **ctx)
{
	uint8_t seed[32];
	int rc;

	*mem = malloc(secp256k1_context_preallocated_size(SECP256K1_CONTEXT_SIGN));
	if (!*mem)
		return err_nomem();
	*ctx = secp256k1_context_preallocated_create(*mem, SECP256K1_CONTEXT_SIGN);
	rc = key_random(seed, sizeof seed);
	if (rc == 0 && !secp256k1_context_randomize(*ctx, seed))
		rc = err_set(ERR_CORRUPT, "secp256k1 cannot be set up");
	explicit_bzero(seed, sizeof seed);
	return rc;
}

static void context_free(void *mem, secp256k1_context *ctx)
{
	if (mem)
		secp256k1_context_preallocated_destroy(ctx);
	free(mem);
}

static int open_secret(struct span in, struct buf *secret, struct buf *data)
{
	secp256k1_context *ctx = NULL;
	uint8_t point[POINT];
	size_t len = sizeof point;
	secp256k1_pubkey key;
	void *mem;
	int rc;

	if (in.len != SCALAR)
		return err_set(ERR_INVALID, "private key: a secp256k1 key has 32 bytes");
	rc = secret_context(&mem, &ctx);
	if (rc == 0 && !secp256k1_ec_pubkey_create(ctx, &key, in.p))
		rc = err_set(ERR_INVALID, "private key: not one of secp256k1");
	if (rc == 0) {
		secp256k1_ec_pubkey_serialize(ctx, point, &len, &key, SECP256K1_EC_COMPRESSED);
		rc = buf_bytes(data, point, len);
	}
	if (rc == 0)
		rc = buf_add(secret, in);
	context_free(mem, ctx);
	return rc;
}

static int sign(struct span secret, const struct span *parts, int n, struct buf *out)
{
	secp256k1_ecdsa_signature sig;
	secp256k1_context *ctx = NULL;
	uint8_t digest[KEY_DIGEST], der[DER_SIG_MAX];
	size_t len = sizeof der;
	void *mem;
	int rc = secret_context(&mem, &ctx);

	if (rc == 0)
		rc = key_digest(parts, n, digest);
	if (rc == 0 && (!secp256k1_ecdsa_sign(ctx, &sig, digest, secret.p, NULL, NULL) ||
			!secp256k1_ecdsa_signature_serialize_der(ctx, der, &len, &sig)))
		rc = err_set(ERR_CORRUPT, "this secp256k1 key cannot sign");
	if (rc == 0)
		rc = buf_bytes(out, der, len);
	context_free(mem, ctx);
	return rc;
}

static int generate(unsigned bits, struct buf *secret)
{
	uint8_t scalar[SCALAR];
	int rc;

	if (bits && bits != 256)
		return err_set(ERR_USAGE, "a secp256k1 key has no other size");
	do
		rc = key_random(scalar, sizeof scalar);
	while (rc == 0 && !secp256k1_ec_seckey_verify(secp256k1_context_static, scalar));
	if (rc == 0)
		rc = buf_bytes(secret, scalar, sizeof scalar);
	explicit_bzero(scalar, sizeof scalar);
	return rc;
}

const struct key_kind key_secp256k1 = { "secp256k1", check, verify, open_secret, sign, generate };
