/* mh_test.c - multihashes: form, names, digests, block policy */
#include <pthread.h>

#include "multi/keccak.h"
#include "multi/mh.h"
#include "multi/multicodec.h"
#include "tests/unit/multi/table.h"

/* mh_sum of one span as a whole multihash in hex */
static const char *sum_hex(uint64_t code, struct span in, size_t want)
{
	static char hex[4096];
	uint8_t digest[MH_DIGEST_MAX];
	struct buf b = BUF_INIT(1024);
	int n = mh_sum(code, &in, 1, want, digest);

	if (n < 0)
		return err_name(n);
	if (mh_encode(&b, code, span_of(digest, (size_t)n)) < 0)
		abort();
	to_hex(buf_span(&b), hex);
	buf_clear(&b);
	return hex;
}

static void reference(void)
{
	struct span hello = span_str("hello world"), none = span_of(NULL, 0);

	CHECK_STR(sum_hex(MH_SHA2_256, none, 0), "1220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b"
		  "934ca495991b7852b855");
	CHECK_STR(sum_hex(MH_SHA2_256, hello, 0), "1220b94d27b9934d3e08a52e52d7da7dabfac484efe37a53"
		  "80ee9088f7ace2efcde9");
	CHECK_STR(sum_hex(MH_SHA2_256, hello, 20), "1214b94d27b9934d3e08a52e52d7da7dabfac484efe3");
	CHECK_STR(sum_hex(MH_SHA1, hello, 0), "11142aae6c35c94fcfb415dbe95f408b9ce91ee846ed");
	CHECK_STR(sum_hex(MH_SHA2_512, hello, 0), "1340309ecc489c12d6eb4cc40f50c902f2b4d0ed77ee511a"
		  "7c7a9bcd3ca86d4cd86f989dd35bc5ff499670da34255b45b0cfd830e81f605dcf7dc5542e93ae9c"
		  "d76f");
	CHECK_STR(sum_hex(MH_SHA3_256, hello, 0), "1620644bcc7e564373040999aac89e7622f3ca71fba1d972"
		  "fd94a31c3bfbf24e3938");
	CHECK_STR(sum_hex(MH_DBL_SHA2_256, hello, 0), "5620bc62d4b80d9e36da29c16c5d4d9f11731f36052c"
		  "72401a76c23c0fb5a9b74423");
	CHECK_STR(sum_hex(MH_KECCAK_256, none, 0), "1b20c5d2460186f7233c927e7db2dcc703c0e500b653ca8"
		  "2273b7bfad8045d85a470");
	CHECK_STR(sum_hex(MH_BLAKE2B_256, hello, 0), "a0e40220256c83b297114d201b30179f3f0ef0cace978"
		  "3622da5974326b436178aeef610");
	CHECK_STR(sum_hex(MH_BLAKE2S_256, hello, 0), "e0e402209aec6806794561107e594b1f6a8a6b0c92a0c"
		  "ba9acf5e5e93cca06f781813b0b");
	CHECK_STR(sum_hex(MH_BLAKE3, none, 0), "1e20af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b"
		  "7cc9a93cae41f3262");
	CHECK_STR(sum_hex(MH_IDENTITY, hello, 0), "000b68656c6c6f20776f726c64");
	CHECK_STR(sum_hex(MH_MURMUR3_X64_64, hello, 0), "2208533f6046eb7f610e");
}

/* The rest of the table: FIPS 180-4, FIPS 202 and BLAKE2 digests of "hello world" as Python's
 * hashlib makes them; Keccak from the SHA-3 competition's known answers. */
static void all_functions(void)
{
	struct span hello = span_str("hello world"), none = span_of(NULL, 0);

	CHECK_STR(sum_hex(MH_SHA3_224, hello, 0), "171cdfb7f18c77e928bb56faeb2da27291bd790bc1045cde"
		  "45f3210bb6c5");
	CHECK_STR(sum_hex(MH_SHA3_384, hello, 0), "153083bff28dde1b1bf5810071c6643c08e5b05bdb836eff"
		  "d70b403ea8ea0a634dc4997eb1053aa3593f590f9c63630dd90b");
	CHECK_STR(sum_hex(MH_SHA3_512, hello, 0), "1440840006653e9ac9e95117a15c915caab81662918e925d"
		  "e9e004f774ff82d7079a40d4d27b1b372657c61d46d470304c88c788b3a4527ad074d1dccbee5dba"
		  "a99a");
	CHECK_STR(sum_hex(MH_SHA2_384, hello, 0), "2030fdbd8e75a67f29f701a4e040385e2e23986303ea1023"
		  "9211af907fcbb83578b3e417cb71ce646efd0819dd8c088de1bd");
	CHECK_STR(sum_hex(MH_SHA2_224, hello, 0), "93201c2f05477fc24bb4faefd86517156dafdecec45b8ad3"
		  "cf2522a563582b");
	CHECK_STR(sum_hex(MH_SHA2_512_224, hello, 0), "94201c22e0d52336f64a998085078b05a6e37b26f812"
		  "0f43bf4db4c43a64ee");
	CHECK_STR(sum_hex(MH_SHA2_512_256, hello, 0), "9520200ac561fac838104e3f2e4ad107b4bee3e938bf"
		  "15f2b15f009ccccd61a913f017");
	CHECK_STR(sum_hex(MH_MD5, hello, 0), "d501105eb63bbbe01eeed093cb22bb8f5acdc3");
	CHECK_STR(sum_hex(MH_SHAKE_128, hello, 0), "18203a9159f071e4dd1c8c4f968607c30942e120d8156b8"
		  "b1e72e0d376e8871cb8b8");
	CHECK_STR(sum_hex(MH_SHAKE_256, hello, 0), "1940369771bb2cb9d2b04c1d54cca487e372d9f187f73f7"
		  "ba3f65b95c8ee7798c527f4f3c2d55c2d46a29f2e945d469c3df27853a8735271f5cc2d9e8895443"
		  "57116");
	CHECK_STR(sum_hex(MH_KECCAK_224, none, 0), "1a1cf71837502ba8e10837bdd8d365adb85591895602fc5"
		  "52b48b7390abd");
	CHECK_STR(sum_hex(MH_KECCAK_384, none, 0), "1c302c23146a63a29acf99e73b88f8c24eaa7dc60aa7717"
		  "80ccc006afbfa8fe2479b2dd2b21362337441ac12b515911957ff");
	CHECK_STR(sum_hex(MH_KECCAK_512, hello, 0), "1d403ee2b40047b8060f68c67242175660f4174d0af5c0"
		  "1d47168ec20ed619b0b7c42181f40aa1046f39e2ef9efc6910782a998e0013d172458957957fac94"
		  "05b67d");
	CHECK_STR(sum_hex(MH_BLAKE2B_MIN, hello, 0), "81e4020193");
	CHECK_STR(sum_hex(MH_BLAKE2B_MIN + 19, hello, 0), "94e4021470e8ece5e293e1bda064deef6b080edd"
		  "e357010f");
	CHECK_STR(sum_hex(MH_BLAKE2B_MAX, hello, 0), "c0e40240021ced8799296ceca557832ab941a50b4a11f"
		  "83478cf141f51f933f653ab9fbcc05a037cddbed06e309bf334942c4e58cdf1a46e237911ccd7fcf"
		  "9787cbc7fd0");
	CHECK_STR(sum_hex(MH_BLAKE2S_MIN + 19, hello, 0), "d4e402145b61362bd56823fd6ed1d3bea2f3ff0d"
		  "2a0214d7");
}

/* the vectors of multiformats/multihash, truncated digests among them */
static void upstream(void)
{
	struct table t;

	NEED(table_open(&t, "multihash.csv", ','));
	NEED(table_next(&t));				/* the heading */
	while (table_next(&t)) {
		uint64_t code;

		CHECK(mh_by_name(t.field[0], &code) == 0);
		CHECK_STR(sum_hex(code, span_str(t.field[2]), (size_t)atoi(t.field[1]) / 8),
			  t.field[3]);
	}
	CHECK(t.rows == 261);
}

/* our sponge with the padding of SHA-3 must agree with nettle at every fill of a block */
static void sponge_is_keccak(void)
{
	uint8_t in[400], ours[64], theirs[MH_DIGEST_MAX];
	struct keccak k;
	size_t n, i;

	for (i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)(i * 7);
	for (n = 0; n <= sizeof in; n++) {
		struct span s = span_of(in, n);

		keccak_start(&k, 72, 0x06);
		for (i = 0; i < n; i += 5)	/* in pieces that do not fit lanes */
			keccak_update(&k, span_of(in + i, n - i < 5 ? n - i : 5));
		keccak_end(&k, ours, 64);
		CHECK(mh_sum(MH_SHA3_512, &s, 1, 0, theirs) == 64 && !memcmp(ours, theirs, 64));
	}
}

/* a running hash in odd pieces and mh_sum of several parts give what one call gives */
static void pieces(void)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 129, 1000, 5000 };
	static uint8_t in[5000];
	uint64_t code;
	size_t i, k;
	int c, done = 0;

	for (i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)(i * 31 + i / 251);
	for (c = 0; mh_each(c, &code); c++) {
		if (code == MH_IDENTITY || mh_native(code) < 0)
			continue;
		for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			size_t n = sizes[i], at, step = n / 7 + 1;
			struct span whole = span_of(in, n);
			struct span parts[3] = { span_of(in, n / 3), span_of(NULL, 0),
						 span_of(in + n / 3, n - n / 3) };
			uint8_t a[MH_DIGEST_MAX], b[MH_DIGEST_MAX], d[MH_DIGEST_MAX];
			struct mh_ctx *h;
			int len = mh_sum(code, &whole, 1, 0, a);

			CHECK(len == mh_native(code) && len > 0);
			CHECK(mh_sum(code, parts, 3, 0, b) == len && !memcmp(a, b, (size_t)len));
			NEED(mh_begin(&h, code) == 0);
			for (at = 0; at < n; at += step)
				mh_update(h, span_of(in + at, n - at < step ? n - at : step));
			CHECK(mh_end(h, 0, d) == len && !memcmp(a, d, (size_t)len));
		}
		for (k = 1; k <= (size_t)mh_native(code); k++) {	/* cut on the right */
			uint8_t a[MH_DIGEST_MAX], b[MH_DIGEST_MAX];
			struct span s = span_of(in, 100);

			mh_sum(code, &s, 1, 0, a);
			CHECK(mh_sum(code, &s, 1, k, b) == (int)k && !memcmp(a, b, k));
		}
		done++;
	}
	CHECK(done == 21 + 64 + 32);
}

static void lengths(void)
{
	uint8_t d[MH_DIGEST_MAX], e[MH_DIGEST_MAX], in[129] = { 1 };
	struct span s = span_str("hello world"), big = span_of(in, 129), edge = span_of(in, 128);
	struct span two[2] = { edge, span_of(in, 1) };
	struct mh_ctx *h;

	CHECK_ERR(mh_sum(MH_SHA2_256, &s, 1, 33, d), ERR_USAGE);
	CHECK_ERR(mh_sum(MH_KECCAK_256, &s, 1, 33, d), ERR_USAGE);
	CHECK_ERR(mh_sum(MH_BLAKE2B_256, &s, 1, 64, d), ERR_USAGE);
	CHECK(mh_sum(MH_BLAKE3, &s, 1, 128, d) == 128);
	CHECK_ERR(mh_sum(MH_BLAKE3, &s, 1, 129, d), ERR_USAGE);
	CHECK(mh_sum(MH_SHAKE_128, &s, 1, 128, d) == 128);
	CHECK(mh_sum(MH_SHAKE_128, &s, 1, 0, e) == 32 && !memcmp(d, e, 32));
	CHECK(mh_sum(MH_SHAKE_256, &s, 1, 128, d) == 128);
	CHECK(mh_sum(MH_IDENTITY, &edge, 1, 0, d) == 128);
	CHECK(mh_sum(MH_IDENTITY, &edge, 1, 128, d) == 128);
	CHECK(mh_sum(MH_IDENTITY, NULL, 0, 0, d) == 0);
	CHECK_ERR(mh_sum(MH_IDENTITY, &edge, 1, 127, d), ERR_USAGE);
	CHECK_ERR(mh_sum(MH_IDENTITY, &big, 1, 0, d), ERR_LIMIT);
	CHECK_ERR(mh_sum(MH_IDENTITY, two, 2, 0, d), ERR_LIMIT);
	CHECK_ERR(mh_sum(0x1052, &s, 1, 0, d), ERR_UNSUPPORTED);	/* ripemd-128 */
	CHECK_STR(err_text(), "hash function ripemd-128 cannot be computed here");
	CHECK_ERR(mh_sum(0x300000, &s, 1, 0, d), ERR_UNSUPPORTED);
	CHECK_ERR(mh_begin(&h, MH_IDENTITY), ERR_UNSUPPORTED);
	CHECK(h == NULL);
	CHECK_ERR(mh_begin(&h, 0x1052), ERR_UNSUPPORTED);
	NEED(mh_begin(&h, MH_SHA1) == 0);
	CHECK_ERR(mh_end(h, 21, d), ERR_USAGE);
	NEED(mh_begin(&h, MH_BLAKE3) == 0);
	mh_free(h);
	mh_free(NULL);
}

static void native(void)
{
	CHECK(mh_native(MH_SHA2_256) == 32 && mh_native(MH_SHA1) == 20);
	CHECK(mh_native(MH_SHA2_512) == 64 && mh_native(MH_SHAKE_256) == 64);
	CHECK(mh_native(MH_SHAKE_128) == 32 && mh_native(MH_BLAKE3) == 32);
	CHECK(mh_native(MH_BLAKE2B_MIN) == 1 && mh_native(MH_BLAKE2B_MAX) == 64);
	CHECK(mh_native(MH_BLAKE2S_MIN) == 1 && mh_native(MH_BLAKE2S_MAX) == 32);
	CHECK(mh_native(MH_IDENTITY) == 0 && mh_native(MH_MURMUR3_X64_64) == 8);
	CHECK(mh_native(0x1100) == -1 && mh_native(0x70) == -1);
}

static void names(void)
{
	uint64_t code = 0;

	CHECK_STR(mh_name(MH_SHA2_256), "sha2-256");
	CHECK_STR(mh_name(MH_IDENTITY), "identity");
	CHECK_STR(mh_name(MH_BLAKE2B_256), "blake2b-256");
	CHECK_STR(mh_name(MH_BLAKE2S_MIN), "blake2s-8");
	CHECK_STR(mh_name(0xb360 + 128), "skein1024-1024");
	CHECK_STR(mh_name(0xb401), "poseidon-bls12_381-a2-fc1");
	CHECK(mh_name(0x70) == NULL);			/* a name, but of no hash */
	CHECK(mh_name(0xffffffffffu) == NULL);
	CHECK(mh_by_name("sha2-256", &code) == 0 && code == MH_SHA2_256);
	CHECK(mh_by_name("SHA2-256", &code) == 0 && code == MH_SHA2_256);
	CHECK(mh_by_name("sha3", &code) == 0 && code == MH_SHA3_512);
	CHECK(mh_by_name("blake2b-160", &code) == 0 && code == 0xb214);
	CHECK(mh_by_name("murmur3-x64-64", &code) == 0 && code == MH_MURMUR3_X64_64);
	CHECK_ERR(mh_by_name("sha2", &code), ERR_NOTFOUND);
	CHECK_STR(err_text(), "unrecognized hash function: \"sha2\"");
	CHECK_ERR(mh_by_name("dag-pb", &code), ERR_NOTFOUND);
	CHECK_ERR(mh_by_name("", &code), ERR_NOTFOUND);
}

/* the hashes `ipfs cid hashes` prints are those the policy allows, in order */
static void each(void)
{
	uint64_t code, last = 0, first = 1;
	uint8_t zero[32] = { 0 };
	int i, allowed = 0;

	for (i = 0; mh_each(i, &code); i++) {
		struct mh mh = { code, span_of(zero, 32) };

		CHECK(mh_name(code) != NULL);
		CHECK(i == 0 || code > last);
		first = i == 0 ? code : first;
		last = code;
		allowed += mh_allowed(&mh) == 0;
	}
	CHECK(first == MH_IDENTITY);
	CHECK(allowed == 73);
	CHECK(mh_each(-1, &code) == 0 && mh_each(i, &code) == 0);
}

static void whole_table(void)
{
	const struct multicodec *m;
	int i = 0;
	struct table t;

	NEED(table_open(&t, "multicodec.tsv", '\t'));
	while (table_next(&t)) {
		uint64_t code = strtoull(t.field[2], NULL, 16);
		int hash = !strcmp(t.field[1], "multihash") || !strcmp(t.field[1], "hash");

		m = multicodec_each(i++);
		NEED(m != NULL);
		CHECK_STR(m->name, t.field[0]);
		CHECK(m->code == code && m == multicodec_find(code));
		CHECK((m->kind == MULTICODEC_HASH) == hash);
		CHECK((m->kind == MULTICODEC_IPLD) == !strcmp(t.field[1], "ipld"));
		CHECK((m->kind == MULTICODEC_KEY) == !strcmp(t.field[1], "key"));
	}
	CHECK(i == 637 && !multicodec_each(i) && !multicodec_each(-1));
	CHECK(!multicodec_find(0x0f) && !multicodec_find(UINT64_MAX));
}

static void parse(void)
{
	struct mh mh;

	CHECK(mh_decode(unit_hex("1203aabbcc"), &mh) == 0);
	CHECK(mh.code == 0x12 && mh.digest.len == 3 && mh.digest.p[2] == 0xcc);
	CHECK(mh_read(unit_hex("1203aabbccdd"), &mh) == 5 && mh.digest.len == 3);
	CHECK_ERR(mh_decode(unit_hex("1203aabbccdd"), &mh), ERR_INVALID);
	CHECK(mh_decode(unit_hex("0000"), &mh) == 0 && mh.digest.len == 0);
	CHECK(mh_decode(unit_hex("bf8401021122"), &mh) == 0 && mh.code == 0x423f);  /* unknown */
	CHECK(mh_decode(unit_hex("bf840100"), &mh) == 0);
	CHECK_ERR(mh_decode(unit_hex("1200"), &mh), ERR_INVALID);	/* empty sha2-256 */
	CHECK_ERR(mh_decode(unit_hex(""), &mh), ERR_INVALID);
	CHECK_ERR(mh_decode(unit_hex("12"), &mh), ERR_INVALID);
	CHECK_ERR(mh_decode(unit_hex("1204aabbcc"), &mh), ERR_INVALID);
	CHECK_ERR(mh_decode(unit_hex("920003aabbcc"), &mh), ERR_INVALID);	/* not minimal */
	CHECK_ERR(mh_decode(unit_hex("128300aabbcc"), &mh), ERR_INVALID);
	CHECK_ERR(mh_decode(unit_hex("128080808008"), &mh), ERR_INVALID);	/* 2^31 */
	CHECK_ERR(mh_decode(unit_hex("12ffffffff07"), &mh), ERR_INVALID);	/* 2^31-1, absent */
	CHECK_ERR(mh_decode(unit_hex("ffffffffffffffffff0100"), &mh), ERR_INVALID);
}

static void policy(void)
{
	struct table t;
	int denied = 0;

	NEED(table_open(&t, "cid-blockpolicy.tsv", '\t'));
	while (table_next(&t)) {
		struct span bin = unit_hex(t.field[0]);
		int rc, ok = !strncmp(t.field[2], "ok", 2);
		struct mh mh;

		NEED(mh_decode(span_of(bin.p + 2, bin.len - 2), &mh) == 0);	/* 01 55 … */
		rc = mh_allowed(&mh);
		CHECK(rc == (ok ? 0 : ERR_DENIED));
		denied += !ok;
		if (!strncmp(t.field[2], "digest-too-small", 16))
			CHECK_STR(err_text(), "digest too small: sha2-256 digest got 19 bytes, "
				  "minimum 20");
		else if (!strncmp(t.field[2], "digest-too-large", 16))
			CHECK_STR(err_text(), "digest too large: blake3 digest got 129 bytes, "
				  "maximum 128");
		else if (!strncmp(t.field[2], "identity-too-large", 18))
			CHECK_STR(err_text(), "digest too large: identity digest got 129 bytes, "
				  "maximum 128");
		else if (!ok)
			CHECK_STR(err_text(), "potentially insecure hash functions not allowed");
	}
	CHECK(t.rows == 17 && denied == 9);
}

static void encode_limit(void)
{
	struct buf b = BUF_INIT(34);

	CHECK(mh_encode(&b, MH_SHA2_256, unit_hex("00112233")) == 0 && b.len == 6);
	CHECK_ERR(mh_encode(&b, MH_SHA2_256, unit_hex("000102030405060708090a0b0c0d0e0f101112131415"
						      "161718191a1b1c1d1e1f")), ERR_LIMIT);
	CHECK(b.len == 6);
	buf_clear(&b);
}

static void *hash_much(void *bad)
{
	struct span s = span_str("hello world");
	uint8_t d[MH_DIGEST_MAX];
	int i;

	for (i = 0; i < 2000; i++)
		if (mh_sum(MH_SHA2_256, &s, 1, 0, d) != 32 || d[0] != 0xb9 ||
		    mh_sum(MH_BLAKE3, &s, 1, 0, d) != 32 || d[0] != 0xd7)
			*(int *)bad = 1;
	return NULL;
}

static void threads(void)
{
	pthread_t id[4];
	int i, n = 0, bad[4] = { 0 };

	for (i = 0; i < 4; i++)
		n += pthread_create(&id[n], NULL, hash_much, &bad[i]) == 0;
	NEED(n > 0);
	while (n > 0)
		pthread_join(id[--n], NULL);
	CHECK(!bad[0] && !bad[1] && !bad[2] && !bad[3]);
}

int main(void)
{
	RUN(reference);
	RUN(all_functions);
	RUN(upstream);
	RUN(sponge_is_keccak);
	RUN(pieces);
	RUN(lengths);
	RUN(native);
	RUN(names);
	RUN(each);
	RUN(whole_table);
	RUN(parse);
	RUN(policy);
	RUN(encode_limit);
	RUN(threads);
	return UNIT_END();
}
