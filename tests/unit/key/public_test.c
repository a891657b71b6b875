/* public_test.c - serialised public keys, and signatures by them */
#include "tests/unit/key/vectors.h"

static void vectors_verify(void)
{
	struct vector v;
	FILE *f = NULL;
	int n = 0;

	while (vectors_next(&f, &v)) {
		struct span noise[2] = { span_str("noise-libp2p-static-key:"), v.noise_pub };
		struct buf again = BUF_INIT(KEY_PUBLIC_MAX);
		struct key_public k;

		NEED(key_public_decode(v.public_pb, &k) == 0);
		CHECK(!strcasecmp(key_type_name(k.type), v.type));
		CHECK(key_verify(&k, &v.message, 1, v.signature) == 0);
		CHECK(key_verify(&k, noise, 2, v.noise_sig) == 0);
		CHECK_ERR(key_verify(&k, noise, 1, v.noise_sig), ERR_CORRUPT);
		CHECK_ERR(key_verify(&k, &v.message, 1, v.noise_sig), ERR_CORRUPT);
		CHECK_ERR(key_verify(&k, &v.message, 1, span_of(NULL, 0)), ERR_CORRUPT);
		CHECK(key_public_encode(&k, &again) == 0 && span_equal(buf_span(&again), v.public_pb));
		buf_clear(&again);
		n++;
	}
	CHECK(n == 6);
}

/* every bit of a signature counts, but for nothing that is written twice */
static void bits_of_signatures(void)
{
	struct vector v;
	FILE *f = NULL;

	while (vectors_next(&f, &v)) {
		uint8_t sig[KEY_SIG_MAX];
		struct key_public k;
		size_t i;

		NEED(key_public_decode(v.public_pb, &k) == 0);
		memcpy(sig, v.signature.p, v.signature.len);
		for (i = 0; i < v.signature.len; i++) {
			sig[i] ^= 1 << (i & 7);
			CHECK(key_verify(&k, &v.message, 1, span_of(sig, v.signature.len)) == ERR_CORRUPT);
			sig[i] ^= 1 << (i & 7);
		}
		CHECK(key_verify(&k, &v.message, 1, span_of(sig, v.signature.len - 1)) == ERR_CORRUPT);
	}
}

static int decode(const char *hex)
{
	struct key_public k;

	return key_public_decode(unit_hex(hex), &k);
}

#define ED "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e"

static void strict(void)
{
	CHECK(decode("08011220" ED) == 0);
	CHECK_ERR(decode(""), ERR_INVALID);
	CHECK_ERR(decode("08011220" ED "00"), ERR_INVALID);		/* bytes behind */
	CHECK_ERR(decode("08011220" ED "1801"), ERR_INVALID);		/* another field */
	CHECK_ERR(decode("1220" ED "0801"), ERR_INVALID);		/* in another order */
	CHECK_ERR(decode("0881001220" ED), ERR_INVALID);		/* not in the shortest form */
	CHECK_ERR(decode("080112a000" ED), ERR_INVALID);
	CHECK_ERR(decode("1220" ED), ERR_INVALID);			/* no type */
	CHECK_ERR(decode("0801"), ERR_INVALID);				/* no data */
	CHECK_ERR(decode("08011221" ED), ERR_INVALID);			/* cut off */
	CHECK_ERR(decode("0801121f1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce2"), ERR_INVALID);
	CHECK_ERR(decode("08041220" ED), ERR_UNSUPPORTED);		/* a type nobody knows */
	CHECK_ERR(decode("08021221057777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99"), ERR_INVALID);
	CHECK_ERR(decode("08001220" ED), ERR_INVALID);			/* not DER */
	CHECK_ERR(decode("08031220" ED), ERR_INVALID);
}

/* a P-256 key off the curve, and one of another curve */
static void ecdsa_points(void)
{
	struct vector v = vector("spec-ecdsa");
	struct key_public k;
	uint8_t pb[128];

	memcpy(pb, v.public_pb.p, v.public_pb.len);
	pb[v.public_pb.len - 1] ^= 1;
	CHECK_ERR(key_public_decode(span_of(pb, v.public_pb.len), &k), ERR_INVALID);
	pb[v.public_pb.len - 1] ^= 1;
	pb[4 + 2 + 2 + 9 + 9] = 6;		/* the last number of the curve's name */
	CHECK_ERR(key_public_decode(span_of(pb, v.public_pb.len), &k), ERR_UNSUPPORTED);
}

/* RSA outside of what libp2p takes: 1024 bits, an even number, a giant exponent */
static void rsa_numbers(void)
{
	struct vector v = vector("rsa2048");
	struct key_public k;
	uint8_t pb[512];

	memcpy(pb, v.public_pb.p, v.public_pb.len);
	NEED(key_public_decode(span_of(pb, v.public_pb.len), &k) == 0);
	pb[v.public_pb.len - 6] ^= 1;		/* the last byte of the modulus */
	CHECK_ERR(key_public_decode(span_of(pb, v.public_pb.len), &k), ERR_INVALID);
	pb[v.public_pb.len - 6] ^= 1;
	pb[v.public_pb.len - 1] = 0;
	CHECK_ERR(key_public_decode(span_of(pb, v.public_pb.len), &k), ERR_INVALID);
	CHECK_ERR(decode("080012a201"
		"30819f300d06092a864886f70d010101050003818d0030818902818100"
		"c34c8ef03021f7863e07566570a367986757bb110498a14c926514ff1a4e16a171239d63fec02bdbc3c7f8ed579481c3"
		"53825e05157788133c3701fc1d7948245f6a084a4a3860688dcf55cfeb737ed40db9eefe654d1df6e4728cf596d8a652"
		"2075f790989d1a8bf4174e02ee2ad417470d59402126c45443e0253baf5e14b7"
		"0203010001"), ERR_UNSUPPORTED);
}

/* what btcec of Go writes is taken, with either value of S: libsecp256k1 alone takes the lower only */
static void secp256k1_high_s(void)
{
	static const uint8_t order[32] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
		0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41
	};
	struct vector v = vector("spec-secp256k1");
	uint8_t sig[80];
	struct key_public k;
	size_t r = 2 + 2 + v.signature.p[3], s = r + 2;
	int i, borrow = 0;

	NEED(key_public_decode(v.public_pb, &k) == 0 && v.signature.p[r + 1] == 32);
	memcpy(sig, v.signature.p, s);
	sig[1]++;				/* one zero byte more: the sign */
	sig[r + 1] = 33;
	sig[s] = 0;
	for (i = 31; i >= 0; i--) {
		int d = order[i] - v.signature.p[s + (size_t)i] - borrow;

		borrow = d < 0;
		sig[s + 1 + (size_t)i] = (uint8_t)(d & 0xff);
	}
	CHECK(sig[s + 1] & 0x80);
	CHECK(key_verify(&k, &v.message, 1, span_of(sig, v.signature.len + 1)) == 0);
	sig[s + 5] ^= 1;
	CHECK_ERR(key_verify(&k, &v.message, 1, span_of(sig, v.signature.len + 1)), ERR_CORRUPT);
}

static void types(void)
{
	enum key_type t;

	CHECK(key_type_by_name("secp256k1", &t) == 0 && t == KEY_SECP256K1);
	CHECK_ERR(key_type_by_name("dsa", &t), ERR_USAGE);
	CHECK_STR(key_type_name(KEY_RSA), "rsa");
}

int main(void)
{
	RUN(vectors_verify);
	RUN(bits_of_signatures);
	RUN(strict);
	RUN(ecdsa_points);
	RUN(rsa_numbers);
	RUN(secp256k1_high_s);
	RUN(types);
	return UNIT_END();
}
