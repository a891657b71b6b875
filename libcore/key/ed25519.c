/* ed25519.c - RFC 8032 */
#include <nettle/eddsa.h>
#include <string.h>

#include "key_priv.h"

enum { SEED = ED25519_KEY_SIZE, BOTH = 2 * SEED };

void key_ed25519_public(uint8_t *pub, const uint8_t *seed)
{
	ed25519_sha512_public_key(pub, seed);
}

static int check(struct span data)
{
	return data.len == SEED ? 0 : err_set(ERR_INVALID, "public key: an ed25519 key has 32 bytes");
}

/* one run of bytes, as nettle wants it */
static int join(const struct span *parts, int n, struct buf *all)
{
	int i, rc = 0;

	buf_init(all, SIZE_MAX / 2);
	for (i = 0; rc == 0 && i < n; i++)
		rc = buf_add(all, parts[i]);
	return rc;
}

static int verify(struct span data, const struct span *parts, int n, struct span sig)
{
	struct buf all;
	int rc = join(parts, n, &all);

	if (rc == 0)
		rc = sig.len == ED25519_SIGNATURE_SIZE && data.len == SEED &&
		     ed25519_sha512_verify(data.p, all.len, all.data, sig.p);
	buf_clear(&all);
	return rc;
}

/* seed and public key; in old files the public key twice */
static int open_secret(struct span in, struct buf *secret, struct buf *data)
{
	uint8_t pub[SEED];
	int rc;

	if (in.len != BOTH && in.len != BOTH + SEED)
		return err_set(ERR_INVALID, "private key: an ed25519 key has 64 bytes");
	ed25519_sha512_public_key(pub, in.p);
	if (memcmp(pub, in.p + SEED, SEED) || (in.len > BOTH && memcmp(pub, in.p + BOTH, SEED)))
		return err_set(ERR_INVALID, "private key: its public half belongs to another");
	rc = buf_bytes(secret, in.p, BOTH);
	return rc == 0 ? buf_bytes(data, pub, SEED) : rc;
}

static int sign(struct span secret, const struct span *parts, int n, struct buf *sig)
{
	uint8_t out[ED25519_SIGNATURE_SIZE];
	struct buf all;
	int rc = join(parts, n, &all);

	if (rc == 0) {
		ed25519_sha512_sign(secret.p + SEED, secret.p, all.len, all.data, out);
		rc = buf_bytes(sig, out, sizeof out);
	}
	buf_clear(&all);
	return rc;
}

static int generate(unsigned bits, struct buf *secret)
{
	uint8_t both[BOTH];
	int rc;

	if (bits && bits != 256)
		return err_set(ERR_USAGE, "an ed25519 key has no other size");
	rc = key_random(both, SEED);
	if (rc == 0) {
		ed25519_sha512_public_key(both + SEED, both);
		rc = buf_bytes(secret, both, sizeof both);
	}
	explicit_bzero(both, sizeof both);
	return rc;
}

const struct key_kind key_ed25519 = { "ed25519", check, verify, open_secret, sign, generate };
