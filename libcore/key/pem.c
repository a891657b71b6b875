/* pem.c - private keys as text: PKCS #8 (RFC 5958) in PEM (RFC 7468) */
#include <stdlib.h>
#include <string.h>

#include "key_priv.h"
#include "multi/mb.h"

static const char begin[] = "-----BEGIN PRIVATE KEY-----", end[] = "-----END PRIVATE KEY-----";

enum { LINE = 64, SEED = 32 };		/* characters of a line; bytes */

/* ---- writing ---- */

/* RFC 5958 2: version 0, the algorithm, the key as that algorithm has it */
static int pkcs8(struct span alg, struct span key, struct buf *der)
{
	struct buf in;
	int rc = key_secret_init(&in, KEY_PRIVATE_MAX);

	if (rc == 0 && (rc = der_put_uint(&in, span_of(NULL, 0))) == 0 && (rc = buf_add(&in, alg)) == 0 &&
	    (rc = der_put(&in, DER_OCTETS, key)) == 0)
		rc = der_put(der, DER_SEQ, buf_span(&in));
	key_wipe(&in);
	return rc;
}

static int to_der(const struct key *k, struct buf *der)
{
	struct span secret = buf_span(&k->secret);
	struct buf in;
	int rc;

	switch (k->type) {
	case KEY_RSA:
		return pkcs8(der_alg_rsa, secret, der);
	case KEY_ECDSA:
		return pkcs8(der_alg_p256, secret, der);
	case KEY_ED25519:		/* RFC 8410 7: the seed, in an OCTET STRING of its own */
		rc = key_secret_init(&in, 64);
		if (rc == 0)
			rc = der_put(&in, DER_OCTETS, span_of(secret.p, SEED));
		if (rc == 0)
			rc = pkcs8(der_alg_ed25519, buf_span(&in), der);
		key_wipe(&in);
		return rc;
	default:
		return err_set(ERR_UNSUPPORTED, "%s keys have no PEM form", key_type_name(k->type));
	}
}

int key_pem(const struct key *k, struct buf *pem)
{
	struct buf der = BUF_INIT(0), text = BUF_INIT(0);
	size_t at, n;
	int rc = key_secret_init(&der, KEY_PRIVATE_MAX);

	if (rc == 0)
		rc = to_der(k, &der);
	if (rc == 0)
		rc = key_secret_init(&text, KEY_TEXT_MAX);
	if (rc == 0)
		rc = mb_encode_body(mb_by_name("base64pad"), buf_span(&der), &text);
	if (rc == 0)
		rc = buf_reserve(pem, text.len + text.len / LINE + sizeof begin + sizeof end + 4);
	if (rc == 0)
		rc = buf_printf(pem, "%s\n", begin);
	for (at = 0; rc == 0 && at < text.len; at += n) {
		n = text.len - at < LINE ? text.len - at : LINE;
		rc = buf_printf(pem, "%.*s\n", (int)n, (const char *)text.data + at);
	}
	if (rc == 0)
		rc = buf_printf(pem, "%s\n", end);
	key_wipe(&text);
	key_wipe(&der);
	return rc;
}

/* ---- reading ---- */

static int from_der(struct span der, struct key **k)
{
	struct rd out = rd_from(der), r = der_enter(&out, DER_SEQ), in;
	struct span version = der_uint(&r), alg = span_of(r.p, r.left), key, seed;	/* alg: to be cut */
	uint8_t both[2 * SEED];
	int rc;

	der_read(&r, DER_SEQ);
	alg.len -= r.left;
	key = der_read(&r, DER_OCTETS);
	if (!rd_ok(&r) || !rd_done(&out) || version.len != 1 || version.p[0] > 1)
		return err_set(ERR_INVALID, "private key: not PKCS #8");
	/* attributes and a public key may stand behind (RFC 5958 2); they are not needed */
	if (span_equal(alg, der_alg_rsa))
		return key_make(KEY_RSA, key, k);
	if (span_equal(alg, der_alg_p256))
		return key_make(KEY_ECDSA, key, k);
	if (!span_equal(alg, der_alg_ed25519))
		return err_set(ERR_UNSUPPORTED, "private key: neither Ed25519, RSA nor ECDSA on P-256");
	in = rd_from(key);
	seed = der_read(&in, DER_OCTETS);
	if (!rd_done(&in) || seed.len != SEED)
		return err_set(ERR_INVALID, "private key: an ed25519 key has a seed of 32 bytes");
	memcpy(both, seed.p, SEED);
	key_ed25519_public(both + SEED, both);
	rc = key_make(KEY_ED25519, span_of(both, sizeof both), k);
	explicit_bzero(both, sizeof both);
	return rc;
}

static const uint8_t *find(struct span in, const char *what)
{
	return in.len ? memmem(in.p, in.len, what, strlen(what)) : NULL;
}

static int from_pem(struct span file, const uint8_t *start, struct key **k)
{
	struct span rest = span_of(start, file.len - (size_t)(start - file.p));
	const uint8_t *stop = find(rest, end), *p;
	struct buf text, der = BUF_INIT(0);
	int rc;

	if (!stop)
		return err_set(ERR_INVALID, "private key: PEM without its end");
	rc = key_secret_init(&text, KEY_TEXT_MAX);
	for (p = start; rc == 0 && p < stop; p++)	/* RFC 7468 3: white space is passed over */
		if (!strchr(" \t\r\n", *p) || !*p)
			rc = buf_u8(&text, *p);
	if (rc == 0)
		rc = key_secret_init(&der, KEY_PRIVATE_MAX);
	if (rc == 0 && mb_decode_body(mb_by_name("base64pad"), buf_span(&text), &der) < 0)
		rc = err_add(ERR_INVALID, "private key: PEM");
	if (rc == 0)
		rc = from_der(buf_span(&der), k);
	key_wipe(&der);
	key_wipe(&text);
	return rc;
}

int key_parse(struct span file, struct key **k)
{
	const uint8_t *pem = find(file, begin);

	if (file.len > KEY_TEXT_MAX)
		return err_set(ERR_INVALID, "private key: over %d bytes", KEY_TEXT_MAX);
	if (pem)
		return from_pem(file, pem + sizeof begin - 1, k);
	if (find(file, "-----BEGIN "))
		return err_set(ERR_UNSUPPORTED, "private key: PEM, but not one plain \"PRIVATE KEY\" (PKCS #8)");
	return key_decode(file, k);
}
