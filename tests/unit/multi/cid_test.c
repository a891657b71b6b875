/* cid_test.c - content identifiers */
#include "multi/cid.h"
#include "tests/unit/multi/table.h"

#define HELLO "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
#define EMPTY_DIR "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"

static int parse(const char *text, struct cid *cid)
{
	return cid_parse(span_str(text), cid, NULL);
}

static const char *format(const struct cid *cid, const char *base)
{
	static struct buf b = BUF_INIT(CID_TEXT_MAX);

	buf_reset(&b);
	if (cid_format(cid, base ? mb_by_name(base) : NULL, &b) < 0)
		return err_text();
	return (const char *)b.data;
}

static void valid(void)
{
	static const char *bases[] = { "base32", "base36", "base58btc", "base64url", "base16" };
	struct table t;

	NEED(table_open(&t, "cid-valid.tsv", '\t'));
	while (table_next(&t)) {
		struct span bin = unit_hex(t.field[1]), digest;
		uint64_t codec = strtoull(t.field[2], NULL, 16), code = strtoull(t.field[3], NULL, 16);
		const struct mb_base *base;
		struct cid c, d, v0;
		struct mh mh;
		int i;

		digest = strcmp(t.field[4], "-") ? unit_hex(t.field[4]) : span_of(NULL, 0);
		NEED(cid_decode(bin, &c) == 0);
		CHECK(c.version == 1 && c.codec == codec);
		CHECK(span_equal(cid_span(&c), bin));
		CHECK(mh_decode(cid_mh(&c), &mh) == 0 && mh.code == code);
		CHECK(span_equal(mh.digest, digest));
		for (i = 0; i < 5; i++) {
			CHECK_STR(format(&c, bases[i]), t.field[5 + i]);
			NEED(cid_parse(span_str(t.field[5 + i]), &d, &base) == 0);
			CHECK(cid_equal(&c, &d) && d.codec == codec && d.mh_off == c.mh_off);
			CHECK_STR(base->name, bases[i]);
		}
		CHECK_STR(format(&c, NULL), t.field[codec == CID_LIBP2P_KEY ? 6 : 5]);
		CHECK(cid_make(&d, 1, codec, code, digest) == 0 && cid_equal(&c, &d));
		CHECK(cid_make_mh(&d, 1, codec, cid_mh(&c)) == 0 && cid_equal(&c, &d));
		if (strcmp(t.field[10], "-")) {
			NEED(cid_parse(span_str(t.field[10]), &v0, &base) == 0);
			CHECK(v0.version == 0 && v0.len == 34 && v0.codec == CID_DAG_PB);
			CHECK_STR(base->name, "base58btc");
			CHECK(span_equal(cid_mh(&v0), cid_mh(&c)) && !cid_equal(&v0, &c));
			CHECK_STR(format(&v0, NULL), t.field[10]);
			CHECK_STR(format(&v0, "base58btc"), t.field[10]);
			CHECK_STR(format(&v0, "base32"), t.field[5]);	/* shown as its v1 */
			CHECK(cid_make_mh(&d, 0, CID_DAG_PB, cid_mh(&c)) == 0);
			CHECK(cid_equal(&d, &v0));
		}
	}
	CHECK(t.rows == 24);
}

static void invalid(void)
{
	struct table t;

	NEED(table_open(&t, "cid-invalid.tsv", '\t'));
	while (table_next(&t)) {
		struct cid c = { .len = 7 };
		char *text = t.field[0], *nl;
		int rc;

		if ((nl = strstr(text, "\\n"))) {
			*nl = '\n';
			memmove(nl + 1, nl + 2, strlen(nl + 2) + 1);
		}
		err_set(0, "%s", "");
		rc = !strcmp(t.field[1], "hex") ? cid_decode(unit_hex(text), &c) : parse(text, &c);
		if (rc != ERR_INVALID || !strcmp(err_text(), "unknown error")) {
			printf("# %s (%s): %s\n", text, t.field[2], err_name(rc));
			CHECK(!"invalid");
		}
		CHECK(c.len == 7);		/* left as it was */
	}
	CHECK(t.rows == 47);
}

static void messages(void)
{
	struct cid c;

	CHECK_ERR(parse("QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1", &c), ERR_INVALID);
	CHECK_STR(err_text(), "a CIDv0 has exactly 46 characters, this has 45");
	CHECK_ERR(parse("QmdfTbBqBPO7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n", &c), ERR_INVALID);
	CHECK_STR(err_text(), "'O' is no base58btc digit (character 11 of the body)");
	CHECK_ERR(parse("zQmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n", &c), ERR_INVALID);
	CHECK_STR(err_text(), "a CIDv0 is written without multibase prefix");
	CHECK_ERR(parse("bafkqaab", &c), ERR_INVALID);
	CHECK_STR(err_text(), "base32 text has unused bits that are not zero");
	CHECK_ERR(parse(HELLO " ", &c), ERR_INVALID);
	CHECK_STR(err_text(), "byte 0x20 is no base32 digit (character 59 of the body)");
	CHECK_ERR(parse("bajkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e", &c),
		  ERR_INVALID);
	CHECK_STR(err_text(), "CID version 2 is not known");
	CHECK_ERR(parse("Qx", &c), ERR_INVALID);
	CHECK_STR(err_text(), "'Q' is no multibase prefix: it is reserved");
}

/* every binary CID of the valid table cut short anywhere is refused; in a stream, bytes after
 * it stay for the next reader */
static void truncated_and_stream(void)
{
	struct table t;

	NEED(table_open(&t, "cid-valid.tsv", '\t'));
	while (table_next(&t)) {
		struct span bin = unit_hex(t.field[1]);
		uint8_t longer[256];
		struct cid c;
		size_t n;

		for (n = 0; n < bin.len; n++)
			CHECK_ERR(cid_decode(span_of(bin.p, n), &c), ERR_INVALID);
		memcpy(longer, bin.p, bin.len);
		longer[bin.len] = 0x12;
		CHECK_ERR(cid_decode(span_of(longer, bin.len + 1), &c), ERR_INVALID);
		CHECK(cid_read(span_of(longer, bin.len + 1), &c) == (int)bin.len);
		CHECK(span_equal(cid_span(&c), bin));
		if (strcmp(t.field[10], "-")) {		/* the same as v0 */
			CHECK(cid_read(span_of(longer + 2, bin.len - 1), &c) == 34);
			CHECK(c.version == 0 && c.mh_off == 0);
		}
	}
}

static void made_in_vain(void)
{
	uint8_t big[129] = { 0 };
	struct span d32 = span_of(big, 32);
	struct cid c;

	CHECK_ERR(cid_make(&c, 0, CID_RAW, MH_SHA2_256, d32), ERR_USAGE);
	CHECK_STR(err_text(), "can't convert non-dag-pb nodes to cidv0");
	CHECK_ERR(cid_make(&c, 0, CID_DAG_PB, MH_SHA2_512, d32), ERR_USAGE);
	CHECK_ERR(cid_make(&c, 0, CID_DAG_PB, MH_SHA2_256, span_of(big, 31)), ERR_USAGE);
	CHECK_ERR(cid_make(&c, 2, CID_DAG_PB, MH_SHA2_256, d32), ERR_USAGE);
	CHECK_ERR(cid_make(&c, -1, CID_DAG_PB, MH_SHA2_256, d32), ERR_USAGE);
	CHECK_ERR(cid_make(&c, 1, UINT64_MAX, MH_SHA2_256, d32), ERR_USAGE);
	CHECK_ERR(cid_make(&c, 1, CID_RAW, MH_SHA2_256, span_of(big, 0)), ERR_USAGE);
	CHECK_ERR(cid_make(&c, 1, CID_RAW, MH_BLAKE3, span_of(big, 129)), ERR_LIMIT);
	CHECK_ERR(cid_make_mh(&c, 1, CID_RAW, unit_hex("1220")), ERR_INVALID);
	CHECK(cid_make(&c, 1, INT64_MAX, INT64_MAX, span_of(big, 128)) == 0);
}

/* the largest CID there is fits its array and its text in every base */
static void largest(void)
{
	const struct mb_base *b, *said;
	struct buf text = BUF_INIT(CID_TEXT_MAX - 1);
	uint8_t digest[128];
	struct cid c, d;
	int i;

	memset(digest, 0xff, sizeof digest);
	NEED(cid_make(&c, 1, INT64_MAX, INT64_MAX, span_of(digest, 128)) == 0);
	CHECK(c.len == 1 + 9 + 9 + 2 + 128 && c.mh_off == 10);
	for (i = 0; (b = mb_each(i)); i++) {
		buf_reset(&text);
		CHECK(cid_format(&c, b, &text) == 0);
		CHECK(cid_parse(buf_span(&text), &d, &said) == 0 && said == b);
		CHECK(cid_equal(&c, &d));
	}
	buf_clear(&text);
}

/* a digest of a CID may be used to make the same CID anew */
static void in_place(void)
{
	struct cid c, want;
	struct mh mh;

	NEED(parse(EMPTY_DIR, &c) == 0);
	NEED(parse("bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354", &want) == 0);
	CHECK(cid_make_mh(&c, 1, CID_DAG_PB, cid_mh(&c)) == 0 && cid_equal(&c, &want));
	CHECK(mh_decode(cid_mh(&c), &mh) == 0);
	CHECK(cid_make(&c, 0, CID_DAG_PB, mh.code, mh.digest) == 0);
	CHECK_STR(format(&c, NULL), EMPTY_DIR);
}

static void sums(void)
{
	struct span parts[2] = { span_str("hello "), span_str("world") };
	char text[CID_TEXT_MAX];
	struct cid c;

	CHECK(cid_sum(&c, 1, CID_RAW, MH_SHA2_256, parts, 2) == 0);
	CHECK_STR(cid_text(&c, text), HELLO);
	CHECK(cid_sum(&c, 1, CID_RAW, MH_IDENTITY, parts, 2) == 0);
	CHECK_STR(cid_text(&c, text), "bafkqac3imvwgy3zao5xxe3de");
	CHECK(cid_sum(&c, 0, CID_DAG_PB, MH_SHA2_256, NULL, 0) == 0);
	CHECK_STR(cid_text(&c, text), "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n");
	CHECK_ERR(cid_sum(&c, 1, CID_RAW, 0x1100, parts, 2), ERR_UNSUPPORTED);
	CHECK_ERR(cid_sum(&c, 0, CID_RAW, MH_SHA2_256, parts, 2), ERR_USAGE);
}

static void verify(void)
{
	struct span hello = span_str("hello world"), other = span_str("hello worle"), in;
	uint8_t digest[MH_DIGEST_MAX] = { 0 };
	struct cid c;

	NEED(parse(HELLO, &c) == 0);
	CHECK(cid_verify(&c, hello) == 0);
	CHECK_ERR(cid_verify(&c, other), ERR_CORRUPT);
	CHECK_STR(err_text(), "the bytes do not hash to '" HELLO "'");
	CHECK(!cid_identity(&c, &in));
	NEED(parse("bafkreffzjut3te2nhyekklss27nh3k72ysco7yy", &c) == 0);	/* 20 bytes */
	CHECK(cid_verify(&c, hello) == 0);
	CHECK_ERR(cid_verify(&c, other), ERR_CORRUPT);
	NEED(parse("bafkqac3imvwgy3zao5xxe3de", &c) == 0);
	CHECK(cid_verify(&c, hello) == 0);
	CHECK_ERR(cid_verify(&c, other), ERR_CORRUPT);
	CHECK(cid_identity(&c, &in) == 1 && span_equal(in, hello));
	NEED(parse("bafkqaaa", &c) == 0);
	CHECK(cid_identity(&c, &in) == 1 && in.len == 0);
	CHECK(cid_verify(&c, span_of(NULL, 0)) == 0);
	NEED(cid_make(&c, 1, CID_RAW, MH_SHA2_256, span_of(digest, 33)) == 0);
	CHECK_ERR(cid_verify(&c, hello), ERR_CORRUPT);
	NEED(cid_make(&c, 1, CID_RAW, 0x1052, span_of(digest, 16)) == 0);
	CHECK_ERR(cid_verify(&c, hello), ERR_UNSUPPORTED);
	memset(&c, 0, sizeof c);
	CHECK(!cid_identity(&c, &in));			/* no CID */
}

static void codecs(void)
{
	uint64_t code = 0;
	int i, n = 0, usable, last = 0;

	CHECK_STR(codec_name(CID_RAW), "raw");
	CHECK_STR(codec_name(CID_DAG_JSON), "dag-json");
	CHECK_STR(codec_name(0xed), "ed25519-pub");
	CHECK(codec_name(0x300001) == NULL && codec_name(0x7f) == NULL);
	CHECK(codec_by_name("dag-cbor", &code) == 0 && code == CID_DAG_CBOR);
	CHECK(codec_by_name("rsa-pub", &code) == 0 && code == 0x1205);
	CHECK(codec_by_name("car", &code) == 0 && code == 0x0202);
	CHECK(codec_by_name("85", &code) == 0 && code == CID_RAW);
	CHECK(codec_by_name("0x55", &code) == 0 && code == CID_RAW);
	CHECK(codec_by_name("0X5a", &code) == ERR_NOTFOUND);
	CHECK(codec_by_name("0o125", &code) == 0 && code == CID_RAW);
	CHECK(codec_by_name("0b1010101", &code) == 0 && code == CID_RAW);
	CHECK(codec_by_name("0", &code) == 0 && code == 0);
	CHECK(codec_by_name("0x300000", &code) == 0 && code == 0x300000);
	CHECK(codec_by_name("4194303", &code) == 0 && code == 0x3fffff);
	CHECK_ERR(codec_by_name("0x400000", &code), ERR_NOTFOUND);
	CHECK_ERR(codec_by_name("0x2fffff", &code), ERR_NOTFOUND);
	CHECK_ERR(codec_by_name("055", &code), ERR_NOTFOUND);
	CHECK_ERR(codec_by_name("0x", &code), ERR_NOTFOUND);
	CHECK_ERR(codec_by_name("", &code), ERR_NOTFOUND);
	CHECK_ERR(codec_by_name("85 ", &code), ERR_NOTFOUND);
	CHECK_ERR(codec_by_name("DAG-PB", &code), ERR_NOTFOUND);
	CHECK_ERR(codec_by_name("18446744073709551701", &code), ERR_NOTFOUND);	/* 2^64 + 85 */
	CHECK_ERR(codec_by_name("nosuch", &code), ERR_NOTFOUND);
	CHECK_STR(err_text(), "unknown multicodec: \"nosuch\"");
	for (i = 0; codec_each(i, &code, &usable); i++) {
		CHECK(codec_name(code) && (i == 0 || (int)code > last));
		last = (int)code;
		n += usable;
	}
	CHECK(i == 44 && n == 9);
}

int main(void)
{
	RUN(valid);
	RUN(invalid);
	RUN(messages);
	RUN(truncated_and_stream);
	RUN(made_in_vain);
	RUN(largest);
	RUN(in_place);
	RUN(sums);
	RUN(verify);
	RUN(codecs);
	return UNIT_END();
}
