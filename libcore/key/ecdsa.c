/* ecdsa.c - ECDSA on P-256 with SHA-256; keys in PKIX (RFC 5480) and SEC 1 (RFC 5915) form */
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>
#include <string.h>

#include "key_priv.h"

enum { SCALAR = 32, POINT = 65 };

static const char order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/* SEC 1 2.3.4, uncompressed: 04, X, Y; `point` is initialised */
static int read_point(struct span s, struct ecc_point *point)
{
	mpz_t x, y;
	int yes;

	if (s.len != POINT || s.p[0] != 4)
		return 0;
	mpz_init(x);
	mpz_init(y);
	number_set(x, span_of(s.p + 1, SCALAR));
	number_set(y, span_of(s.p + 1 + SCALAR, SCALAR));
	yes = ecc_point_set(point, x, y);
	mpz_clear(x);
	mpz_clear(y);
	return yes;
}

static int read_public(struct span data, struct ecc_point *point)
{
	struct rd out = rd_from(data), in = der_enter(&out, DER_SEQ), alg = der_enter(&in, DER_SEQ);
	struct span oid = rd_bytes(&alg, der_oid_ec.len), curve = der_read(&alg, DER_OID), bits = der_bits(&in);
	struct span p256 = span_of(der_oid_p256.p + 2, der_oid_p256.len - 2);

	if (!rd_done(&out) || !rd_done(&in) || !rd_done(&alg) || !span_equal(oid, der_oid_ec))
		return err_set(ERR_INVALID, "public key: not an ECDSA key in PKIX form");
	if (!span_equal(curve, p256))
		return err_set(ERR_UNSUPPORTED, "an ECDSA key on another curve than P-256");
	if (!read_point(bits, point))
		return err_set(ERR_INVALID, "public key: not a point of P-256");
	return 0;
}

static int check(struct span data)
{
	struct ecc_point point;
	int rc;

	ecc_point_init(&point, nettle_get_secp_256r1());
	rc = read_public(data, &point);
	ecc_point_clear(&point);
	return rc;
}

static int verify(struct span data, const struct span *parts, int n, struct span sig)
{
	uint8_t digest[KEY_DIGEST];
	struct dsa_signature s;
	struct ecc_point point;
	int rc;

	ecc_point_init(&point, nettle_get_secp_256r1());
	dsa_signature_init(&s);
	rc = read_public(data, &point);
	if (rc == 0)
		rc = key_digest(parts, n, digest);
	if (rc == 0)
		rc = number_sig_get(sig, s.r, s.s) && ecdsa_verify(&point, sizeof digest, digest, &s);
	dsa_signature_clear(&s);
	ecc_point_clear(&point);
	return rc;
}

/* ---- private keys ---- */

/* RFC 5915 3: the scalar; the curve may be left out where it is known, the public key always */
static int read_private(struct span in, struct span *scalar, struct span *point)
{
	struct rd out = rd_from(in), r = der_enter(&out, DER_SEQ), arg;
	struct span version = der_uint(&r);

	*scalar = der_read(&r, DER_OCTETS);
	*point = span_of(NULL, 0);
	if (der_next(&r) == DER_ARG0) {
		struct span curve = der_read(&r, DER_ARG0);

		if (!span_equal(curve, der_oid_p256))
			return err_set(ERR_UNSUPPORTED, "an ECDSA key on another curve than P-256");
	}
	if (der_next(&r) == DER_ARG1) {
		arg = der_enter(&r, DER_ARG1);
		*point = der_bits(&arg);
		if (!rd_done(&arg))
			rd_fail(&r, "bytes behind the public key");
	}
	if (!rd_done(&r) || !rd_done(&out) || version.len != 1 || version.p[0] != 1 || scalar->len != SCALAR)
		return err_set(ERR_INVALID, "private key: not an ECDSA key on P-256");
	return 0;
}

/* the scalar of a key, to be cleared; 0: it is none */
static int scalar_set(struct ecc_scalar *key, struct span bytes)
{
	mpz_t x;
	int yes;

	mpz_init(x);
	number_set(x, bytes);
	ecc_scalar_init(key, nettle_get_secp_256r1());
	yes = ecc_scalar_set(key, x);
	number_wipe(x);
	return yes;
}

static void point_bytes(const struct ecc_scalar *key, uint8_t out[POINT])
{
	struct ecc_point point;
	mpz_t x, y;

	ecc_point_init(&point, nettle_get_secp_256r1());
	mpz_init(x);
	mpz_init(y);
	ecc_point_mul_g(&point, key);
	ecc_point_get(&point, x, y);
	out[0] = 4;
	nettle_mpz_get_str_256(SCALAR, out + 1, x);
	nettle_mpz_get_str_256(SCALAR, out + 1 + SCALAR, y);
	mpz_clear(x);
	mpz_clear(y);
	ecc_point_clear(&point);
}

static int put_bits(struct buf *out, const uint8_t point[POINT])
{
	uint8_t bits[1 + POINT] = { 0 };

	memcpy(bits + 1, point, POINT);
	return der_put(out, DER_BITS, span_of(bits, sizeof bits));
}

static int put_public(const uint8_t point[POINT], struct buf *data)
{
	struct buf in = BUF_INIT(KEY_PUBLIC_MAX);
	int rc = buf_add(&in, der_alg_p256);

	if (rc == 0)
		rc = put_bits(&in, point);
	if (rc == 0)
		rc = der_put(data, DER_SEQ, buf_span(&in));
	buf_clear(&in);
	return rc;
}

/* the one form we write, as Go does: version, scalar, curve, public key */
static int put_private(struct span scalar, const uint8_t point[POINT], struct buf *secret)
{
	static const uint8_t one = 1;
	struct buf in, bits = BUF_INIT(128);
	int rc = key_secret_init(&in, 256);

	if (rc == 0 && (rc = der_put_uint(&in, span_of(&one, 1))) == 0 &&
	    (rc = der_put(&in, DER_OCTETS, scalar)) == 0 &&
	    (rc = der_put(&in, DER_ARG0, der_oid_p256)) == 0 && (rc = put_bits(&bits, point)) == 0 &&
	    (rc = der_put(&in, DER_ARG1, buf_span(&bits))) == 0)
		rc = der_put(secret, DER_SEQ, buf_span(&in));
	buf_clear(&bits);
	key_wipe(&in);
	return rc;
}

static int open_secret(struct span in, struct buf *secret, struct buf *data)
{
	struct span scalar, told;
	struct ecc_scalar key;
	uint8_t point[POINT];
	int rc = read_private(in, &scalar, &told);

	if (rc < 0)
		return rc;
	if (!scalar_set(&key, scalar)) {
		rc = err_set(ERR_INVALID, "private key: not an ECDSA key on P-256");
	} else {
		point_bytes(&key, point);
		if (told.len && !span_equal(told, span_of(point, POINT)))
			rc = err_set(ERR_INVALID, "private key: its public half belongs to another");
	}
	ecc_scalar_clear(&key);
	if (rc == 0)
		rc = put_public(point, data);
	return rc == 0 ? put_private(scalar, point, secret) : rc;
}

/* of S and N - S, both of which are good, the lower */
static void lower(mpz_t s)
{
	mpz_t n, other;

	mpz_init_set_str(n, order, 16);
	mpz_init(other);
	mpz_sub(other, n, s);
	if (mpz_cmp(other, s) < 0)
		mpz_set(s, other);
	mpz_clear(n);
	mpz_clear(other);
}

static int sign(struct span secret, const struct span *parts, int n, struct buf *sig)
{
	uint8_t digest[KEY_DIGEST];
	struct span scalar, point;
	struct dsa_signature s;
	struct ecc_scalar key;
	int random = 0, rc = read_private(secret, &scalar, &point);

	if (rc == 0)
		rc = key_digest(parts, n, digest);
	if (rc < 0)
		return rc;
	dsa_signature_init(&s);
	if (!scalar_set(&key, scalar)) {
		rc = err_set(ERR_CORRUPT, "this ECDSA key cannot sign");
	} else {
		ecdsa_sign(&key, &random, key_random_fn, sizeof digest, digest, &s);
		rc = random;
	}
	if (rc == 0) {
		lower(s.s);
		rc = number_sig_put(sig, s.r, s.s);
	}
	ecc_scalar_clear(&key);
	dsa_signature_clear(&s);
	return rc;
}

static int generate(unsigned bits, struct buf *secret)
{
	uint8_t bytes[SCALAR], point[POINT];
	struct ecc_scalar key;
	int random = 0;
	mpz_t x;

	if (bits && bits != 256)
		return err_set(ERR_USAGE, "an ECDSA key is made on P-256 only");
	ecc_scalar_init(&key, nettle_get_secp_256r1());
	ecc_scalar_random(&key, &random, key_random_fn);
	mpz_init(x);
	ecc_scalar_get(&key, x);
	nettle_mpz_get_str_256(SCALAR, bytes, x);
	number_wipe(x);
	if (random == 0) {
		point_bytes(&key, point);
		random = put_private(span_of(bytes, SCALAR), point, secret);
	}
	explicit_bzero(bytes, sizeof bytes);
	ecc_scalar_clear(&key);
	return random;
}

const struct key_kind key_ecdsa = { "ecdsa", check, verify, open_secret, sign, generate };
