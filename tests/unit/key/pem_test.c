/* pem_test.c - private keys as PKCS #8 in PEM */
#include "tests/unit/key/vectors.h"

/* RFC 8410 10.3, the first example, and the public key that belongs to it (10.1) */
#define RFC8410 "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC"
static const char rfc8410_public[] = "0801122019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";

#define PEM(body) "-----BEGIN PRIVATE KEY-----\n" body "\n-----END PRIVATE KEY-----\n"

static int parse(const char *text, struct key **k)
{
	*k = NULL;
	return key_parse(span_str(text), k);
}

static void rfc8410(void)
{
	struct buf pem = BUF_INIT(KEY_TEXT_MAX);
	struct key *k;

	NEED(parse(PEM(RFC8410), &k) == 0);
	CHECK(span_equal(key_public_pb(k), unit_hex(rfc8410_public)));
	CHECK(key_pem(k, &pem) == 0);
	CHECK_STR((char *)pem.data, PEM(RFC8410));
	key_free(k);
	key_wipe(&pem);
}

/* the second example of RFC 8410 10.3: version 1, attributes and the public key behind */
static void with_more_behind(void)
{
	struct key *k;

	NEED(parse(PEM("MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
		       "oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n"
		       "Z9w7lshQhqowtrbLDFw4rXAxZuE="), &k) == 0);
	CHECK(span_equal(key_public_pb(k), unit_hex(rfc8410_public)));
	key_free(k);
}

static void round_trips(void)
{
	struct vector v;
	FILE *f = NULL;

	while (vectors_next(&f, &v)) {
		struct buf pem = BUF_INIT(KEY_TEXT_MAX);
		struct key *k = NULL, *again = NULL;

		NEED(key_parse(v.private_pb, &k) == 0);
		if (key_type(k) == KEY_SECP256K1) {
			CHECK_ERR(key_pem(k, &pem), ERR_UNSUPPORTED);
		} else {
			NEED(key_pem(k, &pem) == 0 && key_parse(buf_span(&pem), &again) == 0);
			CHECK(span_equal(key_public_pb(again), v.public_pb));
			CHECK(key_type(again) == key_type(k));
		}
		key_free(k);
		key_free(again);
		key_wipe(&pem);
	}
}

/* what openssl genpkey -algorithm EC writes: SEC 1 without the curve, which the algorithm tells */
static void openssl_ec(void)
{
	struct key *k;

	NEED(parse("some text in front\r\n"
		   PEM("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPlsf6XEubDFJQqdQ\n"
		       "vWdIXePB7+hbG/tSCuj5rj36SkyhRANCAATePTAPo2rg6PXVMImdg6urRKvzFh8W\n"
		       "KkvJAdjm7NoCDottX42jBSXnHWhRUQwJjlxHxkall/tNzsA06fd8QJ5i"), &k) == 0);
	CHECK(span_equal(key_public_pb(k), vector("spec-ecdsa").public_pb));
	key_free(k);
}

static void others(void)
{
	struct key *k;

	CHECK_ERR(parse("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMC4=\n", &k), ERR_UNSUPPORTED);
	CHECK_ERR(parse("-----BEGIN EC PRIVATE KEY-----\nMC4=\n", &k), ERR_UNSUPPORTED);
	CHECK_ERR(parse("-----BEGIN PRIVATE KEY-----\n" RFC8410 "\n", &k), ERR_INVALID);
	CHECK_ERR(parse(PEM(""), &k), ERR_INVALID);
	CHECK_ERR(parse(PEM("!" RFC8410), &k), ERR_INVALID);
	CHECK_ERR(parse(PEM("MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp"), &k), ERR_INVALID);
	/* X25519: a key, but not for signing */
	CHECK_ERR(parse(PEM("MC4CAQAwBQYDK2VuBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC"), &k),
		  ERR_UNSUPPORTED);
	CHECK_ERR(parse("", &k), ERR_INVALID);
	CHECK_ERR(parse("hello", &k), ERR_INVALID);
}

int main(void)
{
	RUN(rfc8410);
	RUN(with_more_behind);
	RUN(round_trips);
	RUN(openssl_ec);
	RUN(others);
	return UNIT_END();
}
