#include "rpc.h"

#define V0 "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
#define V1 "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"
#define RAW "zb2rhe5P4gXftAwvA4eXQ5HJwsER2owDyS9sKaQRRVQPn93bA"

static void formats(void)
{
	CHECK(rpc("cid/format?arg=" V0) == 200);
	CHECK_STR(rpc_body(), "{\"CidStr\":\"" V0 "\",\"Formatted\":\"" V0 "\",\"ErrorMsg\":\"\"}\n");
	CHECK_STR(rpc_field("x-chunked-output"), "1");
	CHECK(rpc("cid/format/" V0 "?f=%25P&v=1&b=base36") == 200);
	CHECK_STR(rpc_body(), "{\"CidStr\":\"" V0 "\",\"Formatted\":\"cidv1-dag-pb-sha2-256-32\",\"ErrorMsg\":\"\"}\n");
	CHECK(rpc("cid/format?arg=" V0 "&b=base32") == 200);
	CHECK_STR(rpc_body(), "{\"CidStr\":\"" V0 "\",\"Formatted\":\"" V1 "\",\"ErrorMsg\":\"\"}\n");
	CHECK(rpc("cid/format?arg=" RAW "&mc=dag-cbor&enc=text") == 200);
	CHECK_STR(rpc_body(), "zdpuAsrYMSgAEYbF9RZA4eWkqxpRGM4rYiVNzoYRrTM3S26JG\n");
}

static void tells_what_is_wrong_beside_each(void)
{
	CHECK(rpc("cid/format?arg=xx&arg=" V0 "&arg=x&arg=" RAW "&v=0") == 200);
	CHECK_STR(rpc_body(), "{\"CidStr\":\"xx\",\"Formatted\":\"\",\"ErrorMsg\":\"invalid cid: selected encoding not "
		  "supported\"}\n"
		  "{\"CidStr\":\"" V0 "\",\"Formatted\":\"" V0 "\",\"ErrorMsg\":\"\"}\n"
		  "{\"CidStr\":\"x\",\"Formatted\":\"\",\"ErrorMsg\":\"invalid cid: cid too short\"}\n"
		  "{\"CidStr\":\"" RAW "\",\"Formatted\":\"\",\"ErrorMsg\":\"can't convert non-dag-pb nodes to cidv0\"}\n");
	CHECK_STR(rpc_trailer("x-stream-error"), "");
}

static void refuses_what_no_cid_can_have(void)
{
	static const char *const calls[][2] = {
		{ "f=x", "invalid format string: \\\"x\\\"" },
		{ "f=%25q", "unrecognized specifier in format string: %q" },
		{ "f=%25", "premature end of format string" },
		{ "v=2", "invalid cid version: \\\"2\\\"" },
		{ "v=0&mc=raw", "cannot convert to CIDv0 with any codec other than dag-pb" },
		{ "v=0&b=base32", "cannot convert to CIDv0 with any multibase other than the implicit base58btc" },
		{ "mc=nope", "unknown multicodec: \\\"nope\\\"" },
		{ "b=nope", "unsupported multibase encoding: nope" },
	};
	char call[256], body[512];
	size_t i;

	for (i = 0; i < sizeof calls / sizeof *calls; i++) {
		snprintf(call, sizeof call, "cid/format?arg=%s&%s", V0, calls[i][0]);
		snprintf(body, sizeof body, "{\"Message\":\"%s\",\"Code\":0,\"Type\":\"error\"}\n", calls[i][1]);
		CHECK(rpc(call) == 500);
		CHECK_STR(rpc_body(), body);
	}
	CHECK(rpc("cid/format") == 400);
	CHECK_STR(rpc_body(), "argument \"cid\" is required\n");
}

static void takes_cids_from_the_body(void)
{
	rpc_file("", V0 "\n" RAW "\n");
	CHECK(rpc_send("cid/base32?enc=text") == 200);
	CHECK_STR(rpc_body(), V1 "\nbafkreidon73zkcrwdb5iafqtijxildoonbwnpv7dyd6ef3qdgads2jc4su\n");
	CHECK_STR(rpc_field("content-type"), "text/plain");
}

static void inspects(void)
{
	CHECK(rpc("cid/inspect?arg=" RAW) == 200);
	CHECK_STR(rpc_body(), "{\"cid\":\"" RAW "\",\"version\":1,\"multibase\":{\"prefix\":\"z\",\"name\":\"base58btc\"},"
		  "\"multicodec\":{\"code\":85,\"name\":\"raw\"},\"multihash\":{\"code\":18,\"name\":\"sha2-256\","
		  "\"length\":32,\"digest\":\"6e6ff7950a36187a801613426e858dce686cd7d7e3c0fc42ee0330072d245c95\"},"
		  "\"cidV1\":\"bafkreidon73zkcrwdb5iafqtijxildoonbwnpv7dyd6ef3qdgads2jc4su\"}\n");
	CHECK_STR(rpc_field("x-chunked-output"), "");
	CHECK(rpc("cid/inspect?arg=x") == 200);
	CHECK_STR(rpc_body(), "{\"cid\":\"x\",\"version\":0,\"multibase\":{\"prefix\":\"\",\"name\":\"\"},"
		  "\"multicodec\":{\"code\":0,\"name\":\"\"},\"multihash\":{\"code\":0,\"name\":\"\",\"length\":0,"
		  "\"digest\":\"\"},\"cidV1\":\"\",\"errorMsg\":\"invalid CID: invalid cid: cid too short\"}\n");
	CHECK(rpc("cid/inspect?arg=x&enc=text") == 500);
	CHECK_STR(rpc_body(), "invalid CID: invalid cid: cid too short");
	CHECK(rpc("cid/inspect?arg=" V0 "&enc=text") == 200);
	CHECK(!strncmp(rpc_body(), "CID:        " V0 "\nVersion:    0\n", 71));
}

static void lists(void)
{
	CHECK(rpc("cid/bases?enc=text&prefix=1&numeric=1") == 200);
	CHECK(!strncmp(rpc_body(), "        0  identity\n0      48  base2\nb      98  base32\n", 55));
	CHECK(strstr(rpc_body(), "\xf0\x9f\x9a\x80  128640  base256emoji\n") != NULL);
	CHECK(rpc("multibase/list?enc=text&prefix=1") == 200);
	CHECK(!strncmp(rpc_body(), "   identity\n0  base2\n", 21));
	CHECK(rpc("cid/bases") == 200);
	CHECK(!strncmp(rpc_body(), "[{\"Code\":0,\"Name\":\"identity\"},{\"Code\":48,\"Name\":\"base2\"},", 57));
	CHECK(!strstr(rpc_body(), "base45"));	/* ours alone */
	CHECK(rpc("cid/codecs?s=1") == 200);
	CHECK_STR(rpc_body(), "[{\"Code\":81,\"Name\":\"cbor\"},{\"Code\":85,\"Name\":\"raw\"},{\"Code\":112,\"Name\":\"dag-pb\"},"
		  "{\"Code\":113,\"Name\":\"dag-cbor\"},{\"Code\":114,\"Name\":\"libp2p-key\"},{\"Code\":120,"
		  "\"Name\":\"git-raw\"},{\"Code\":133,\"Name\":\"dag-jose\"},{\"Code\":297,\"Name\":\"dag-json\"},"
		  "{\"Code\":512,\"Name\":\"json\"}]\n");
	CHECK(rpc("cid/codecs?s=1&n=1&enc=text") == 200);
	CHECK(!strncmp(rpc_body(), "   81  cbor\n   85  raw\n", 23));
	CHECK(rpc("cid/hashes?enc=text") == 200);
	CHECK(!strncmp(rpc_body(), "identity\nsha1\nsha2-256\n", 23));
}

static void multibase(void)
{
	rpc_file("", "hello");
	CHECK(rpc_send("multibase/encode") == 200);
	CHECK_STR(rpc_body(), "uaGVsbG8");
	CHECK_STR(rpc_field("x-stream-output"), "1");
	rpc_file("", "hello");
	CHECK(rpc_send("multibase/encode?b=base58btc") == 200);
	CHECK_STR(rpc_body(), "zCn8eVZg");
	rpc_file("", "");
	CHECK(rpc_send("multibase/encode?b=base32") == 200);
	CHECK_STR(rpc_body(), "b");
	rpc_file("", "uaGVsbG8\n");
	CHECK(rpc_send("multibase/decode") == 200);
	CHECK_STR(rpc_body(), "hello");
	rpc_file("", "uaGVsbG8");
	CHECK(rpc_send("multibase/transcode?b=base16") == 200);
	CHECK_STR(rpc_body(), "f68656c6c6f");
	rpc_file("", "");
	CHECK(rpc_send("multibase/decode") == 500);
	CHECK_STR(rpc_body(), "{\"Message\":\"failed to decode multibase: cannot decode multibase for zero length string\","
		  "\"Code\":0,\"Type\":\"error\"}\n");
	rpc_file("", "xhello");
	CHECK(rpc_send("multibase/decode") == 500);
	CHECK_STR(rpc_body(), "{\"Message\":\"failed to decode multibase: selected encoding not supported\",\"Code\":0,"
		  "\"Type\":\"error\"}\n");
	rpc_file("", "f0");
	CHECK(rpc_send("multibase/decode") == 500);
	CHECK(rpc("multibase/encode") == 400);
	CHECK_STR(rpc_body(), "file argument 'file' is required\n");
}

/* there and back again, in pieces; every length around the ends of pieces and groups */
static void long_texts_go_through_in_pieces(void)
{
	static const char *const names[] = { "base2", "base16", "base32", "base32pad", "base64", "base64pad", "base64url",
					     "identity" };
	static const size_t lens[] = { 2999, 3000, 3001, 3002, 5759, 5760, 5761, 9000, 100003 };
	char *bytes = unit_kept(100004), call[64];
	struct buf text = BUF_INIT(1 << 24);
	size_t i, k;

	for (i = 0; i < 100003; i++)
		bytes[i] = (char)(i * 7 + i / 251 + 1);
	for (i = 0; i < sizeof names / sizeof *names; i++)
		for (k = 0; k < sizeof lens / sizeof *lens; k++) {
			rpc_part("form-data; name=\"file\"", NULL, span_of(bytes, lens[k]));
			snprintf(call, sizeof call, "multibase/encode?b=%s", names[i]);
			CHECK(rpc_send(call) == 200);
			buf_reset(&text);
			NEED(buf_add(&text, buf_span(&rpc_now.heard.body)) == 0);
			rpc_part("form-data; name=\"file\"", NULL, buf_span(&text));
			rpc_now.step = 777;
			CHECK(rpc_send("multibase/decode") == 200);
			rpc_now.step = 0;
			CHECK(rpc_now.heard.body.len == lens[k] && !memcmp(rpc_now.heard.body.data, bytes, lens[k]));
			CHECK_STR(rpc_trailer("x-stream-error"), "");
		}
	buf_clear(&text);
}

static void what_cannot_be_cut_has_a_limit(void)
{
	char *bytes = unit_kept(20001);

	memset(bytes, 'x', 20000);
	rpc_part("form-data; name=\"file\"", NULL, span_of(bytes, 3001));
	CHECK(rpc_send("multibase/encode?b=base58btc") == 500);
	CHECK_STR(rpc_body(), "{\"Message\":\"more than 3000 bytes are not encoded as base58btc\",\"Code\":0,"
		  "\"Type\":\"error\"}\n");
	memset(bytes, 'z', 20000);
	rpc_part("form-data; name=\"file\"", NULL, span_of(bytes, 20000));
	CHECK(rpc_send("multibase/decode") == 500);
	CHECK_STR(rpc_body(), "{\"Message\":\"failed to decode multibase: multibase text of more than 7680 bytes\","
		  "\"Code\":0,\"Type\":\"error\"}\n");
}

/* padding in the middle of what comes in pieces */
static void nothing_may_follow_the_end_of_a_text(void)
{
	char *text = unit_kept(20001);

	memset(text, 'A', 20000);
	text[0] = 'M';
	text[7679] = text[7680] = '=';	/* the last of the first 7680 digits */
	rpc_part("form-data; name=\"file\"", NULL, span_of(text, 20000));
	rpc_send("multibase/decode");
	CHECK(!strncmp(rpc_body(), "{\"Message\":\"failed to decode multibase: ", 40) ||
	      !strncmp(rpc_trailer("x-stream-error"), "failed to decode multibase: ", 28));
}

int main(void)
{
	rpc_open("");
	RUN(formats);
	RUN(tells_what_is_wrong_beside_each);
	RUN(refuses_what_no_cid_can_have);
	RUN(takes_cids_from_the_body);
	RUN(inspects);
	RUN(lists);
	RUN(multibase);
	RUN(long_texts_go_through_in_pieces);
	RUN(what_cannot_be_cut_has_a_limit);
	RUN(nothing_may_follow_the_end_of_a_text);
	rpc_close();
	return UNIT_END();
}
