/* rsa.c - RSA with PKCS #1 v1.5 and SHA-256 (RFC 8017) */
#include <nettle/rsa.h>
#include <string.h>

#include "key_priv.h"

enum { E = 65537 };

static int check_numbers(const mpz_t n, const mpz_t e)
{
	size_t bits = mpz_sizeinbase(n, 2);

	if (bits < KEY_RSA_MIN || bits > KEY_RSA_MAX)
		return err_set(ERR_UNSUPPORTED, "an RSA key of %zu bits; those of %d to %d can be used", bits,
			       KEY_RSA_MIN, KEY_RSA_MAX);
	/* what Go takes: an exponent below 2^31, so that checking a signature costs little */
	if (mpz_even_p(n) || mpz_even_p(e) || mpz_cmp_ui(e, 3) < 0 || mpz_sizeinbase(e, 2) > 31)
		return err_set(ERR_INVALID, "not an RSA key");
	return 0;
}

/* RFC 8017 A.1.1 in RFC 5280's SubjectPublicKeyInfo; key is initialised */
static int read_public(struct span data, struct rsa_public_key *key)
{
	struct rd out = rd_from(data), in = der_enter(&out, DER_SEQ);
	struct span alg = rd_bytes(&in, der_alg_rsa.len), n, e;
	struct rd bits, pair;

	if (!span_equal(alg, der_alg_rsa))
		rd_fail(&in, "the algorithm is not RSA");
	bits = rd_from(der_bits(&in));
	pair = der_enter(&bits, DER_SEQ);
	n = der_uint(&pair);
	e = der_uint(&pair);
	if (!rd_done(&out) || !rd_done(&in) || !rd_done(&bits) || !rd_done(&pair))
		return err_set(ERR_INVALID, "public key: not an RSA key in PKIX form");
	number_set(key->n, n);
	number_set(key->e, e);
	return check_numbers(key->n, key->e);
}

static int check(struct span data)
{
	struct rsa_public_key key;
	int rc;

	rsa_public_key_init(&key);
	rc = read_public(data, &key);
	rsa_public_key_clear(&key);
	return rc;
}

static int verify(struct span data, const struct span *parts, int n, struct span sig)
{
	struct rsa_public_key key;
	uint8_t digest[KEY_DIGEST];
	mpz_t s;
	int rc;

	rsa_public_key_init(&key);
	mpz_init(s);
	rc = read_public(data, &key);
	if (rc == 0)
		rc = key_digest(parts, n, digest);
	if (rc == 0 && rsa_public_key_prepare(&key) && sig.len == key.size) {	/* RFC 8017 8.2.2, step 1 */
		number_set(s, sig);
		rc = rsa_sha256_verify_digest(&key, digest, s) == 1;
	}
	mpz_clear(s);
	rsa_public_key_clear(&key);
	return rc;
}

/* ---- private keys: RFC 8017 A.1.2 ---- */

struct pair {
	struct rsa_public_key pub;
	struct rsa_private_key key;
};

static void pair_init(struct pair *k)
{
	rsa_public_key_init(&k->pub);
	rsa_private_key_init(&k->key);
}

static void pair_clear(struct pair *k)
{
	rsa_public_key_clear(&k->pub);
	number_wipe(k->key.d);
	number_wipe(k->key.p);
	number_wipe(k->key.q);
	number_wipe(k->key.a);
	number_wipe(k->key.b);
	number_wipe(k->key.c);
}

/* 1: x is d mod (prime - 1) */
static int rest_fits(const mpz_t x, const mpz_t d, const mpz_t prime)
{
	mpz_t less, rest;
	int yes;

	mpz_init(less);
	mpz_init(rest);
	mpz_sub_ui(less, prime, 1);
	mpz_mod(rest, d, less);
	yes = mpz_cmp(rest, x) == 0;
	number_wipe(less);
	number_wipe(rest);
	return yes;
}

/* nettle's code for secret numbers asserts what a good key has, so a bad one must not reach it */
static int fits(const struct pair *k)
{
	size_t half = mpz_sizeinbase(k->pub.n, 2) / 2, p = mpz_sizeinbase(k->key.p, 2),
	       q = mpz_sizeinbase(k->key.q, 2);
	mpz_t n;
	int yes;

	if (p > half + 8 || q > half + 8 || p < half - 8 || q < half - 8 || mpz_even_p(k->key.p) ||
	    mpz_even_p(k->key.q) || mpz_cmp(k->key.c, k->key.p) >= 0 || mpz_sgn(k->key.c) == 0 ||
	    mpz_sgn(k->key.a) == 0 || mpz_sgn(k->key.b) == 0 || mpz_cmp(k->key.p, k->key.q) == 0)
		return 0;
	mpz_init(n);
	mpz_mul(n, k->key.p, k->key.q);
	yes = mpz_cmp(n, k->pub.n) == 0;
	number_wipe(n);
	return yes && rest_fits(k->key.a, k->key.d, k->key.p) && rest_fits(k->key.b, k->key.d, k->key.q);
}

static int read_private(struct span in, struct pair *k)
{
	struct rd out = rd_from(in), r = der_enter(&out, DER_SEQ);
	struct span version = der_uint(&r), v[8];
	int i;

	for (i = 0; i < 8; i++)
		v[i] = der_uint(&r);
	if (!rd_done(&r) || !rd_done(&out) || version.len != 1 || version.p[0] != 0)
		return err_set(ERR_INVALID, "private key: not an RSA key in PKCS #1 form");
	number_set(k->pub.n, v[0]);
	number_set(k->pub.e, v[1]);
	number_set(k->key.d, v[2]);
	number_set(k->key.p, v[3]);
	number_set(k->key.q, v[4]);
	number_set(k->key.a, v[5]);
	number_set(k->key.b, v[6]);
	number_set(k->key.c, v[7]);
	i = check_numbers(k->pub.n, k->pub.e);
	if (i < 0)
		return i;
	if (!fits(k) || !rsa_public_key_prepare(&k->pub) || !rsa_private_key_prepare(&k->key))
		return err_set(ERR_INVALID, "private key: the numbers of this RSA key do not fit");
	return 0;
}

static int put_public(const struct pair *k, struct buf *data)
{
	struct buf in = BUF_INIT(KEY_PUBLIC_MAX), bits = BUF_INIT(KEY_PUBLIC_MAX);
	int rc;

	if ((rc = number_put(&in, k->pub.n)) == 0 && (rc = number_put(&in, k->pub.e)) == 0 &&
	    (rc = buf_u8(&bits, 0)) == 0)
		rc = der_put(&bits, DER_SEQ, buf_span(&in));
	buf_reset(&in);
	if (rc == 0 && (rc = buf_add(&in, der_alg_rsa)) == 0 &&
	    (rc = der_put(&in, DER_BITS, buf_span(&bits))) == 0)
		rc = der_put(data, DER_SEQ, buf_span(&in));
	buf_clear(&bits);
	buf_clear(&in);
	return rc;
}

static int open_secret(struct span in, struct buf *secret, struct buf *data)
{
	struct pair k;
	int rc;

	pair_init(&k);
	rc = read_private(in, &k);
	if (rc == 0)
		rc = put_public(&k, data);
	if (rc == 0)
		rc = buf_add(secret, in);
	pair_clear(&k);
	return rc;
}

static int sign(struct span secret, const struct span *parts, int n, struct buf *sig)
{
	uint8_t digest[KEY_DIGEST], out[KEY_RSA_MAX / 8];
	int rc, random = 0;
	struct pair k;
	mpz_t s;

	pair_init(&k);
	mpz_init(s);
	rc = read_private(secret, &k);
	if (rc == 0)
		rc = key_digest(parts, n, digest);
	if (rc == 0 && !rsa_sha256_sign_digest_tr(&k.pub, &k.key, &random, key_random_fn, digest, s))
		rc = err_set(ERR_CORRUPT, "this RSA key cannot sign");
	if (rc == 0)
		rc = random;
	if (rc == 0) {
		nettle_mpz_get_str_256(k.pub.size, out, s);
		rc = buf_bytes(sig, out, k.pub.size);
	}
	mpz_clear(s);
	pair_clear(&k);
	return rc;
}

static int put_private(struct pair *k, struct buf *secret)
{
	const mpz_t *v[] = { &k->pub.n, &k->pub.e, &k->key.d, &k->key.p, &k->key.q, &k->key.a, &k->key.b,
			     &k->key.c };
	struct buf in;
	size_t i;
	int rc = key_secret_init(&in, KEY_PRIVATE_MAX);

	if (rc == 0)
		rc = der_put_uint(&in, span_of(NULL, 0));
	for (i = 0; rc == 0 && i < sizeof v / sizeof *v; i++)
		rc = number_put(&in, *v[i]);
	if (rc == 0)
		rc = der_put(secret, DER_SEQ, buf_span(&in));
	key_wipe(&in);
	return rc;
}

static int generate(unsigned bits, struct buf *secret)
{
	int rc, random = 0;
	struct pair k;

	if (bits == 0)
		bits = KEY_RSA_MIN;
	if (bits < KEY_RSA_MIN || bits > KEY_RSA_MAX)
		return err_set(ERR_USAGE, "an RSA key has %d to %d bits", KEY_RSA_MIN, KEY_RSA_MAX);
	pair_init(&k);
	mpz_set_ui(k.pub.e, E);
	rc = rsa_generate_keypair(&k.pub, &k.key, &random, key_random_fn, NULL, NULL, bits, 0) ? random :
	     err_set(ERR_USAGE, "no RSA key of %u bits can be made", bits);
	if (rc == 0)
		rc = put_private(&k, secret);
	pair_clear(&k);
	return rc;
}

const struct key_kind key_rsa = { "rsa", check, verify, open_secret, sign, generate };
