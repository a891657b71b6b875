/* private_test.c - private keys: from bytes and to bytes, made, used */
#include "tests/unit/key/vectors.h"

static const enum key_type types[] = { KEY_ED25519, KEY_RSA, KEY_SECP256K1, KEY_ECDSA };

/* sign with k, verify with what its name, or its public half, says; 1: all is well */
static int goes_round(const struct key *k)
{
	struct span parts[3] = { span_str("ipns-"), span_str(""), span_str("signature:") };
	struct span joined = span_str("ipns-signature:");
	struct buf sig = BUF_INIT(KEY_SIG_MAX);
	struct key_public pub;
	struct cid id;
	int ok;

	ok = key_sign(k, parts, 3, &sig) == 0 && key_public_decode(key_public_pb(k), &pub) == 0 &&
	     pub.type == key_type(k) && key_verify(&pub, &joined, 1, buf_span(&sig)) == 0 &&
	     key_verify(&pub, parts, 2, buf_span(&sig)) == ERR_CORRUPT &&
	     key_id(key_public_pb(k), &id) == 0 && cid_equal(&id, key_name(k));
	buf_clear(&sig);
	return ok;
}

static void vectors(void)
{
	struct vector v;
	FILE *f = NULL;

	while (vectors_next(&f, &v)) {
		struct buf pb = BUF_INIT(KEY_PRIVATE_MAX), sig = BUF_INIT(KEY_SIG_MAX);
		struct key *k = NULL;

		NEED(key_decode(v.private_pb, &k) == 0);
		CHECK(span_equal(key_public_pb(k), v.public_pb));
		CHECK(key_encode(k, &pb) == 0 && span_equal(buf_span(&pb), v.private_pb));
		CHECK(goes_round(k));
		CHECK(key_sign(k, &v.message, 1, &sig) == 0);
		/* all but ECDSA on P-256 give the same bytes whoever signs */
		if (key_type(k) != KEY_ECDSA)
			CHECK(span_equal(buf_span(&sig), v.signature));
		key_free(k);
		key_wipe(&pb);
		buf_clear(&sig);
	}
}

static void generate(void)
{
	size_t i;

	for (i = 0; i < 4; i++) {
		struct buf pb = BUF_INIT(KEY_PRIVATE_MAX);
		struct key *k = NULL, *again = NULL, *other = NULL;

		NEED(key_generate(types[i], 0, &k) == 0);
		CHECK(key_type(k) == types[i] && goes_round(k));
		NEED(key_encode(k, &pb) == 0 && key_decode(buf_span(&pb), &again) == 0);
		CHECK(goes_round(again) && cid_equal(key_name(k), key_name(again)));
		if (types[i] != KEY_RSA) {
			NEED(key_generate(types[i], 0, &other) == 0);
			CHECK(!cid_equal(key_name(k), key_name(other)));
			CHECK_ERR(key_generate(types[i], 1024, &other), ERR_USAGE);
		}
		key_free(k);
		key_free(again);
		key_free(other);
		key_wipe(&pb);
	}
}

static void rsa_sizes(void)
{
	struct key *k = NULL;

	CHECK_ERR(key_generate(KEY_RSA, 1024, &k), ERR_USAGE);
	CHECK_ERR(key_generate(KEY_RSA, 16384, &k), ERR_USAGE);
	NEED(key_generate(KEY_RSA, 3072, &k) == 0);
	CHECK(goes_round(k));
	key_free(k);
}

/* no byte of a private key can be changed without a complaint, unless it makes another key that works */
static void damaged(void)
{
	struct vector v;
	FILE *f = NULL;

	while (vectors_next(&f, &v)) {
		struct key *k;
		uint8_t *pb = unit_kept(v.private_pb.len);
		size_t i, step = v.private_pb.len > 200 ? 7 : 1;

		memcpy(pb, v.private_pb.p, v.private_pb.len);
		for (i = 0; i < v.private_pb.len; i += step) {
			pb[i] ^= 0x10;
			k = NULL;
			if (key_decode(span_of(pb, v.private_pb.len), &k) == 0)
				CHECK(goes_round(k));
			key_free(k);
			pb[i] ^= 0x10;
			CHECK(key_decode(span_of(pb, i), &k) < 0);
		}
	}
}

/* seed, public, public: how they were written once */
static void old_ed25519(void)
{
	struct vector v = vector("spec-ed25519");
	uint8_t pb[4 + 96] = { 0x08, 0x01, 0x12, 0x60 };
	struct key *k = NULL;

	memcpy(pb + 4, v.private_pb.p + 4, 64);
	memcpy(pb + 68, v.private_pb.p + 36, 32);
	NEED(key_decode(span_of(pb, sizeof pb), &k) == 0);
	CHECK(span_equal(key_public_pb(k), v.public_pb));
	key_free(k);
	pb[99] ^= 1;
	CHECK_ERR(key_decode(span_of(pb, sizeof pb), &k), ERR_INVALID);
}

static void mistaken_halves(void)
{
	struct vector a = vector("ed25519-seed1"), b = vector("ed25519-seed2");
	uint8_t pb[68];
	struct key *k = NULL;

	memcpy(pb, a.private_pb.p, 36);
	memcpy(pb + 36, b.private_pb.p + 36, 32);
	CHECK_ERR(key_decode(span_of(pb, sizeof pb), &k), ERR_INVALID);
	CHECK_ERR(key_decode(unit_hex("080212200000000000000000000000000000000000000000000000000000000000000000"),
			     &k), ERR_INVALID);
	CHECK_ERR(key_decode(unit_hex("08091200"), &k), ERR_UNSUPPORTED);
	CHECK_ERR(key_decode(span_of(NULL, 0), &k), ERR_INVALID);
}

int main(void)
{
	RUN(vectors);
	RUN(generate);
	RUN(rsa_sizes);
	RUN(damaged);
	RUN(old_ed25519);
	RUN(mistaken_halves);
	return UNIT_END();
}
