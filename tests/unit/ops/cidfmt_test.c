/* cidfmt_test.c - CIDs shown, converted and taken apart as Kubo does (outputs of Kubo 0.43.1) */
#include "ops/cidfmt.h"
#include "tests/unit/unit.h"

#define HELLO "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
#define HELLO_HEX "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"
#define DIR_V0 "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
#define DIR_V1 "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"
#define PEER "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"
#define PEER_CID "k51qzi5uqu5dhdmyb9bd18pypu2wp5lpv2xnskfmrqa4lb5knqryrotb05e7or"

/* `text` shown by `format`, in its own base */
static const char *shown(const char *text, const char *format)
{
	static struct buf out = BUF_INIT(10000);
	const struct mb_base *base;
	struct cid cid;

	buf_reset(&out);
	if (cid_parse(span_str(text), &cid, &base) < 0 ||
	    cidfmt_write(&cid, base, format, &out) < 0)
		return err_text();
	return (const char *)out.data;
}

/* `text` converted and shown */
static const char *converted(const char *text, struct cid_convert how)
{
	static struct buf out = BUF_INIT(10000);
	const struct mb_base *base;
	struct cid cid;

	buf_reset(&out);
	if (cid_parse(span_str(text), &cid, &base) < 0 ||
	    cid_convert_apply(&how, &cid, base, &cid, &base) < 0 ||
	    cidfmt_write(&cid, base, "%s", &out) < 0)
		return err_text();
	return (const char *)out.data;
}

static void verbs(void)
{
	CHECK_STR(shown(HELLO, "%s"), HELLO);
	CHECK_STR(shown(HELLO, "%b|%B|%v|%V|%c|%C|%h|%H|%L"),
		  "base32|b|cidv1|1|raw|85|sha2-256|18|32");
	CHECK_STR(shown(HELLO, "%P%%"), "cidv1-raw-sha2-256-32%");
	CHECK_STR(shown("f01551220" HELLO_HEX, "%s %S"), "f01551220" HELLO_HEX " 01551220" HELLO_HEX);
	CHECK_STR(shown("f01551220" HELLO_HEX, "%m %M"), "f1220" HELLO_HEX " 1220" HELLO_HEX);
	CHECK_STR(shown("f01551220" HELLO_HEX, "%d %D"), "f" HELLO_HEX " " HELLO_HEX);
	CHECK_STR(shown(DIR_V0, "%s %S"), DIR_V0 " " DIR_V0);
	CHECK_STR(shown(DIR_V0, "%b%B %v-%c-%h-%L %P"),
		  "base58btcz cidv0-dag-pb-sha2-256-32 cidv0-dag-pb-sha2-256-32");
	CHECK_STR(shown(DIR_V0, "%m"), "z" DIR_V0);
	CHECK_STR(shown(DIR_V0, "%M"), DIR_V0);
	CHECK_STR(shown("f01ff7f1200", "%c"), "multihash sha2-256 has an empty digest");
	CHECK_STR(shown("f01ff7f8f7e0111", "%c %h %H"), "Code(16383) hash?16143 16143");
	CHECK_STR(shown("f01813012" "0411223344", "%c"), "Code(6145)");
}

static void no_base_given(void)
{
	struct buf out = BUF_INIT(1000);
	struct cid cid;

	NEED(cid_parse(span_str(DIR_V0), &cid, NULL) == 0);
	CHECK(cidfmt_write(&cid, NULL, "%s %b", &out) == 0);
	CHECK_STR((char *)out.data, DIR_V0 " base58btc");
	buf_reset(&out);
	CHECK_ERR(cidfmt_write(&cid, mb_by_name("base32"), "x%s", &out), ERR_USAGE);
	CHECK(out.len == 0);
	NEED(cid_parse(span_str(PEER_CID), &cid, NULL) == 0);
	CHECK(cidfmt_write(&cid, NULL, "%s %b", &out) == 0);
	CHECK_STR((char *)out.data, PEER_CID " base36");
	out.max = out.len + 3;
	CHECK_ERR(cidfmt_write(&cid, NULL, "ab%s", &out), ERR_LIMIT);
	CHECK_STR((char *)out.data, PEER_CID " base36");
	buf_clear(&out);
}

static void formats(void)
{
	const char *v;
	char f[3] = "%?";

	for (v = "%bBvVcChHLmMdDsSP"; *v; v++) {
		f[1] = *v;
		CHECK(cidfmt_check(f) == 0);
	}
	CHECK(cidfmt_check("a%%b%s") == 0);
	CHECK_ERR(cidfmt_check("plain"), ERR_USAGE);
	CHECK_ERR(cidfmt_check(""), ERR_USAGE);
	CHECK_ERR(cidfmt_check("%s%"), ERR_USAGE);
	CHECK_STR(err_text(), "premature end of format string");
	CHECK_ERR(cidfmt_check("%s %x"), ERR_USAGE);
	CHECK_STR(err_text(), "unrecognized specifier in format string: %x");
	CHECK_ERR(cidfmt_check("%%%"), ERR_USAGE);
	CHECK_ERR(cidfmt_check("% s"), ERR_USAGE);
}

static void conversions(void)
{
	struct cid_convert how = CID_CONVERT_NONE;

	CHECK_STR(converted(DIR_V0, how), DIR_V0);
	CHECK_STR(converted(DIR_V1, how), DIR_V1);
	how.version = 0;
	CHECK_STR(converted(DIR_V1, how), DIR_V0);
	CHECK_STR(converted(HELLO, how), "can't convert non-dag-pb nodes to cidv0");
	how.have_codec = 1;
	how.codec = CID_DAG_PB;
	CHECK_STR(converted(HELLO, how), "QmaozNR7DZHQK1ZcU9p7QdrshMvXqWK6gpu5rmrkPdT3L4");
	CHECK(strstr(converted("bafkqaaa", how), "sha2-256") != NULL);	/* Kubo panics */
	how.codec = CID_RAW;
	CHECK_ERR(cid_convert_check(&how), ERR_USAGE);
	how = CID_CONVERT_NONE;
	how.base = mb_by_name("base16");
	CHECK_STR(converted(HELLO, how), "f01551220" HELLO_HEX);
	CHECK(!strncmp(converted(DIR_V0, how), "f0170122059948439", 17));	/* base: v1 */
	how.version = 0;
	CHECK_ERR(cid_convert_check(&how), ERR_USAGE);
	how.base = mb_by_name("base58btc");
	CHECK_STR(converted(DIR_V1, how), DIR_V0);
	how = CID_CONVERT_NONE;
	how.version = 1;		/* the input's base is kept: base58btc */
	CHECK_STR(converted(DIR_V0, how), "zdj7WbTaiJT1fgatdet9Ei9iDB5hdCxkbVyhyh8YTUnXMiwYi");
	how.base = mb_by_name("base32");
	CHECK_STR(converted(DIR_V0, how), DIR_V1);
	how = CID_CONVERT_NONE;
	how.have_codec = 1;
	how.codec = CID_RAW;		/* another codec is always a v1 */
	CHECK(!strncmp(converted(DIR_V0, how), "zb2r", 4));
	how.codec = CID_DAG_PB;		/* the same codec is no change */
	CHECK_STR(converted(DIR_V0, how), DIR_V0);
	how.version = 2;
	CHECK_ERR(cid_convert_check(&how), ERR_USAGE);
	how.version = -2;
	CHECK_ERR(cid_convert_check(&how), ERR_USAGE);
}

static const char *inspected(const char *text)
{
	static struct buf out = BUF_INIT(10000);

	buf_reset(&out);
	return cid_inspect_text(text, &out) < 0 ? err_text() : (const char *)out.data;
}

static void inspect_text(void)
{
	CHECK_STR(inspected(HELLO),
		  "CID:        " HELLO "\n"
		  "Version:    1\n"
		  "Multibase:  base32 (b)\n"
		  "Multicodec: raw (0x55)\n"
		  "Multihash:  sha2-256 (0x12)\n"
		  "  Length:   32 bytes\n"
		  "  Digest:   " HELLO_HEX "\n"
		  "CIDv0:      not possible, requires dag-pb (0x70), got raw (0x55)\n"
		  "CIDv1:      " HELLO "\n");
	CHECK_STR(inspected(DIR_V0),
		  "CID:        " DIR_V0 "\n"
		  "Version:    0\n"
		  "Multibase:  base58btc (implicit)\n"
		  "Multicodec: dag-pb (0x70, implicit)\n"
		  "Multihash:  sha2-256 (0x12, implicit)\n"
		  "  Length:   32 bytes\n"
		  "  Digest:   59948439065f29619ef41280cbb932be52c56d99c5966b65e0111239f098bbef\n"
		  "CIDv0:      " DIR_V0 "\n"
		  "CIDv1:      " DIR_V1 "\n");
	CHECK(strstr(inspected("f0170110411223344"), "CIDv0:      not possible, requires sha2-256 "
		     "(0x12), got sha1 (0x11)\n") != NULL);
	CHECK(strstr(inspected("f0170120411223344"), "CIDv0:      not possible, requires 32-byte "
		     "digest, got 4\n") != NULL);
	CHECK(strstr(inspected("f01ff7f8f7e0111"), "Multicodec: unknown (0x3fff)\nMultihash:  "
		     "unknown (0x3f0f)\n") != NULL);
	CHECK(strstr(inspected(PEER_CID), "\nCIDv1:      " PEER_CID "\n") != NULL);
}

static void inspect_no_cid(void)
{
	struct buf out = BUF_INIT(10000);

	CHECK_ERR(cid_inspect_text("x", &out), ERR_INVALID);
	CHECK(!strncmp(err_text(), "invalid CID: ", 13));
	CHECK_ERR(cid_inspect_text(PEER, &out), ERR_INVALID);
	CHECK(strstr(err_text(), "\nNote: the value is a PeerID; inspect its CID representation "
		     "instead:\n  " PEER_CID) != NULL);
	CHECK(out.len == 0);
	CHECK_ERR(cid_inspect_json("x\"", &out), ERR_INVALID);
	CHECK(!strncmp((char *)out.data, "{\"cid\":\"x\\\"\",\"version\":0,\"multibase\":"
		       "{\"prefix\":\"\",\"name\":\"\"},\"multicodec\":{\"code\":0,\"name\":\"\"},"
		       "\"multihash\":{\"code\":0,\"name\":\"\",\"length\":0,\"digest\":\"\"},"
		       "\"cidV1\":\"\",\"errorMsg\":\"invalid CID: ", 150));
	CHECK(out.data[out.len - 1] == '}');
	out.max = out.len + 20;
	CHECK_ERR(cid_inspect_json(HELLO, &out), ERR_LIMIT);
	CHECK(out.data[out.len - 1] == '}' && out.data[out.len] == 0);
	buf_clear(&out);
}

static void inspect_json(void)
{
	struct buf out = BUF_INIT(10000);

	CHECK(cid_inspect_json(DIR_V0, &out) == 0);
	CHECK_STR((char *)out.data, "{\"cid\":\"" DIR_V0 "\",\"version\":0,\"multibase\":{\"prefix\":"
		  "\"z\",\"name\":\"base58btc\"},\"multicodec\":{\"code\":112,\"name\":\"dag-pb\"},"
		  "\"multihash\":{\"code\":18,\"name\":\"sha2-256\",\"length\":32,\"digest\":"
		  "\"59948439065f29619ef41280cbb932be52c56d99c5966b65e0111239f098bbef\"},"
		  "\"cidV0\":\"" DIR_V0 "\",\"cidV1\":\"" DIR_V1 "\"}");
	buf_reset(&out);
	CHECK(cid_inspect_json(HELLO, &out) == 0);
	CHECK(!strstr((char *)out.data, "cidV0") && strstr((char *)out.data, "\"cidV1\":\"" HELLO));
	buf_clear(&out);
}

int main(void)
{
	RUN(verbs);
	RUN(no_base_given);
	RUN(formats);
	RUN(conversions);
	RUN(inspect_text);
	RUN(inspect_no_cid);
	RUN(inspect_json);
	return UNIT_END();
}
