/* What Kubo says of a record of ours, and ours of it; the key is that of RFC 8032 7.1, test 1. */
#include "key/key.h"
#include "name/name.h"
#include "rpc.h"

#define ID "k51qzi5uqu5dljtg5upm7x7ugan9lql3ewyknv4r4mhhkwzn8n7cnbd1unfwgq"
#define PEER "12D3KooWQK1wnefoLrcVHbbnf5tLzbopUd3K3bFAoJpA7YJgL5pV"
#define OTHER "12D3KooWMVs7CfFqHnpAd442GE2Hgv1jieVCozz62bZNFRPewNFp"
#define HELLO "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"
#define ABSENT "bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am"
#define ERROR(text) "{\"Message\":\"" text "\",\"Code\":0,\"Type\":\"error\"}\n"

static const uint8_t secret[] = {
	0x08, 0x01, 0x12, 0x40, 0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec,
	0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
	0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1,
	0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a
};
/* sequence 3, for HELLO, good until 2036 */
static const uint8_t record[] = {
	0x0a, 0x41, 0x2f, 0x69, 0x70, 0x66, 0x73, 0x2f, 0x62, 0x61, 0x66, 0x6b, 0x72, 0x65, 0x69, 0x62, 0x6d, 0x36, 0x6a, 0x67,
	0x33, 0x75, 0x78, 0x35, 0x71, 0x75, 0x6d, 0x68, 0x63, 0x6e, 0x32, 0x62, 0x33, 0x66, 0x6c, 0x63, 0x33, 0x74, 0x79, 0x75,
	0x36, 0x64, 0x6d, 0x6c, 0x62, 0x34, 0x78, 0x61, 0x37, 0x75, 0x35, 0x62, 0x66, 0x34, 0x34, 0x79, 0x65, 0x67, 0x6e, 0x72,
	0x6a, 0x68, 0x63, 0x34, 0x79, 0x65, 0x71, 0x12, 0x40, 0xd1, 0xe7, 0x4d, 0x31, 0x1e, 0x09, 0x72, 0x14, 0xb3, 0x94, 0x67,
	0x78, 0x8a, 0x0a, 0x5b, 0x4d, 0x46, 0x01, 0xd0, 0x94, 0x15, 0x39, 0xde, 0xde, 0x67, 0xe9, 0x31, 0x7b, 0x8a, 0xc4, 0x51,
	0x73, 0x55, 0x5b, 0xcc, 0xbf, 0xf6, 0x8f, 0x91, 0xdc, 0xb0, 0x60, 0x6a, 0x79, 0x70, 0xd1, 0x43, 0xd6, 0x5f, 0x06, 0x62,
	0xf0, 0xbb, 0xdc, 0xf9, 0x6c, 0xa3, 0x47, 0x9f, 0x57, 0xad, 0xd0, 0x26, 0x03, 0x18, 0x00, 0x22, 0x1e, 0x32, 0x30, 0x33,
	0x36, 0x2d, 0x31, 0x31, 0x2d, 0x32, 0x33, 0x54, 0x30, 0x37, 0x3a, 0x34, 0x38, 0x3a, 0x31, 0x36, 0x2e, 0x39, 0x35, 0x37,
	0x33, 0x35, 0x39, 0x33, 0x32, 0x37, 0x5a, 0x28, 0x03, 0x30, 0x80, 0xf0, 0x92, 0xcb, 0xdd, 0x08, 0x42, 0x40, 0xbd, 0xec,
	0x9f, 0xbb, 0x9a, 0x6c, 0xde, 0x89, 0xc2, 0xed, 0x2e, 0x4d, 0x9e, 0xc2, 0xb4, 0x10, 0x8d, 0x7b, 0x2c, 0xaf, 0x0e, 0x29,
	0xf5, 0xfc, 0x2d, 0x61, 0x15, 0x3f, 0x27, 0x74, 0xfc, 0x47, 0x35, 0xbc, 0x64, 0x06, 0xb3, 0x3c, 0x65, 0x58, 0x31, 0x0d,
	0x29, 0xf9, 0x5f, 0x64, 0x3b, 0x35, 0x57, 0x54, 0x65, 0xb3, 0x8f, 0xb2, 0x04, 0xaf, 0x9b, 0x44, 0xc7, 0xb1, 0x5d, 0x88,
	0xa6, 0x0d, 0x4a, 0x98, 0x01, 0xa5, 0x63, 0x54, 0x54, 0x4c, 0x1b, 0x00, 0x00, 0x00, 0x45, 0xd9, 0x64, 0xb8, 0x00, 0x65,
	0x56, 0x61, 0x6c, 0x75, 0x65, 0x58, 0x41, 0x2f, 0x69, 0x70, 0x66, 0x73, 0x2f, 0x62, 0x61, 0x66, 0x6b, 0x72, 0x65, 0x69,
	0x62, 0x6d, 0x36, 0x6a, 0x67, 0x33, 0x75, 0x78, 0x35, 0x71, 0x75, 0x6d, 0x68, 0x63, 0x6e, 0x32, 0x62, 0x33, 0x66, 0x6c,
	0x63, 0x33, 0x74, 0x79, 0x75, 0x36, 0x64, 0x6d, 0x6c, 0x62, 0x34, 0x78, 0x61, 0x37, 0x75, 0x35, 0x62, 0x66, 0x34, 0x34,
	0x79, 0x65, 0x67, 0x6e, 0x72, 0x6a, 0x68, 0x63, 0x34, 0x79, 0x65, 0x71, 0x68, 0x53, 0x65, 0x71, 0x75, 0x65, 0x6e, 0x63,
	0x65, 0x03, 0x68, 0x56, 0x61, 0x6c, 0x69, 0x64, 0x69, 0x74, 0x79, 0x58, 0x1e, 0x32, 0x30, 0x33, 0x36, 0x2d, 0x31, 0x31,
	0x2d, 0x32, 0x33, 0x54, 0x30, 0x37, 0x3a, 0x34, 0x38, 0x3a, 0x31, 0x36, 0x2e, 0x39, 0x35, 0x37, 0x33, 0x35, 0x39, 0x33,
	0x32, 0x37, 0x5a, 0x6c, 0x56, 0x61, 0x6c, 0x69, 0x64, 0x69, 0x74, 0x79, 0x54, 0x79, 0x70, 0x65, 0x00,
};
static const char inspected[] =
	"{\"Entry\":{\"Value\":\"/ipfs/bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq\",\"Validit"
	"yType\":0,\"Validity\":\"2036-11-23T07:48:16.957359327Z\",\"Sequence\":3,\"TTL\":300000000000},\"PbSi"
	"ze\":397,\"SignatureType\":\"V1+V2\",\"HexDump\":\"00000000  0a 41 2f 69 70 66 73 2f  62 61 66 6b 72 "
	"65 69 62  |.A/ipfs/bafkreib|\\n00000010  6d 36 6a 67 33 75 78 35  71 75 6d 68 63 6e 32 62  |m6jg3ux5q"
	"umhcn2b|\\n00000020  33 66 6c 63 33 74 79 75  36 64 6d 6c 62 34 78 61  |3flc3tyu6dmlb4xa|\\n00000030 "
	" 37 75 35 62 66 34 34 79  65 67 6e 72 6a 68 63 34  |7u5bf44yegnrjhc4|\\n00000040  79 65 71 12 40 d1 e"
	"7 4d  31 1e 09 72 14 b3 94 67  |yeq.@..M1..r...g|\\n00000050  78 8a 0a 5b 4d 46 01 d0  94 15 39 de de"
	" 67 e9 31  |x..[MF....9..g.1|\\n00000060  7b 8a c4 51 73 55 5b cc  bf f6 8f 91 dc b0 60 6a  |{..QsU[."
	"......`j|\\n00000070  79 70 d1 43 d6 5f 06 62  f0 bb dc f9 6c a3 47 9f  |yp.C._.b....l.G.|\\n00000080"
	"  57 ad d0 26 03 18 00 22  1e 32 30 33 36 2d 31 31  |W..\\u0026...\\\".2036-11|\\n00000090  2d 32 33 "
	"54 30 37 3a 34  38 3a 31 36 2e 39 35 37  |-23T07:48:16.957|\\n000000a0  33 35 39 33 32 37 5a 28  03 3"
	"0 80 f0 92 cb dd 08  |359327Z(.0......|\\n000000b0  42 40 bd ec 9f bb 9a 6c  de 89 c2 ed 2e 4d 9e c2 "
	" |B@.....l.....M..|\\n000000c0  b4 10 8d 7b 2c af 0e 29  f5 fc 2d 61 15 3f 27 74  |...{,..)..-a.?'t|\\"
	"n000000d0  fc 47 35 bc 64 06 b3 3c  65 58 31 0d 29 f9 5f 64  |.G5.d..\\u003ceX1.)._d|\\n000000e0  3b "
	"35 57 54 65 b3 8f b2  04 af 9b 44 c7 b1 5d 88  |;5WTe......D..].|\\n000000f0  a6 0d 4a 98 01 a5 63 54"
	"  54 4c 1b 00 00 00 45 d9  |..J...cTTL....E.|\\n00000100  64 b8 00 65 56 61 6c 75  65 58 41 2f 69 70 "
	"66 73  |d..eValueXA/ipfs|\\n00000110  2f 62 61 66 6b 72 65 69  62 6d 36 6a 67 33 75 78  |/bafkreibm6j"
	"g3ux|\\n00000120  35 71 75 6d 68 63 6e 32  62 33 66 6c 63 33 74 79  |5qumhcn2b3flc3ty|\\n00000130  75"
	" 36 64 6d 6c 62 34 78  61 37 75 35 62 66 34 34  |u6dmlb4xa7u5bf44|\\n00000140  79 65 67 6e 72 6a 68 6"
	"3  34 79 65 71 68 53 65 71  |yegnrjhc4yeqhSeq|\\n00000150  75 65 6e 63 65 03 68 56  61 6c 69 64 69 74"
	" 79 58  |uence.hValidityX|\\n00000160  1e 32 30 33 36 2d 31 31  2d 32 33 54 30 37 3a 34  |.2036-11-23"
	"T07:4|\\n00000170  38 3a 31 36 2e 39 35 37  33 35 39 33 32 37 5a 6c  |8:16.957359327Zl|\\n00000180  5"
	"6 61 6c 69 64 69 74 79  54 79 70 65 00           |ValidityType.|\\n\",\"Validation\":null}\n";
static const char verified[] =
	"Value:          \"/ipfs/bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq\"\n"
	"Validity Type:  0\n"
	"Validity:       \"2036-11-23T07:48:16.957359327Z\"\n"
	"Sequence:       3\n"
	"TTL:            5m0s\n"
	"Protobuf Size:  397\n"
	"Signature Type: V1+V2\n"
	"\n"
	"Validation results:\n"
	" Valid: true\n"
	" Name:  k51qzi5uqu5dljtg5upm7x7ugan9lql3ewyknv4r4mhhkwzn8n7cnbd1unfwgq\n";
static const char of_another[] =
	"{\"Entry\":{\"Value\":\"/ipfs/bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq\",\"Validit"
	"yType\":0,\"Validity\":\"2036-11-23T07:48:16.957359327Z\",\"Sequence\":3,\"TTL\":300000000000},\"PbSi"
	"ze\":397,\"SignatureType\":\"V1+V2\",\"HexDump\":\"\",\"Validation\":{\"Valid\":false,\"Reason\":\"si"
	"gnature verification failed\",\"Name\":\"k51qzi5uqu5dkibe61v4uojqgjzww6ditmmcmh7k924hyygrxnt9z9yanevc"
	"27\"}}\n";

static void send(const char *call, const void *bytes, size_t len, int status)
{
	rpc_part("form-data; name=\"record\"", NULL, span_of(bytes, len));
	CHECK(rpc_send(call) == status);
}

static void inspects_as_kubo_does(void)
{
	send("name/inspect", record, sizeof record, 200);
	CHECK_STR(rpc_body(), inspected);
	send("name/inspect?enc=text&dump=false&verify=" ID, record, sizeof record, 200);
	CHECK_STR(rpc_body(), verified);
	send("name/inspect?dump=false&verify=" OTHER, record, sizeof record, 200);
	CHECK_STR(rpc_body(), of_another);
	send("name/inspect?dump=false&verify=xx", record, sizeof record, 500);
	CHECK_STR(rpc_body(), ERROR("failed to parse peer ID: invalid cid: selected encoding not supported"));
	send("name/inspect", "hello", 5, 500);
	CHECK_STR(rpc_body(), ERROR("record is malformed\\nproto: cannot parse invalid wire-format data"));
	send("name/inspect", "", 0, 500);
	CHECK_STR(rpc_body(), ERROR("record is malformed\\nrecord is missing the dag-cbor data field"));
	CHECK(rpc("name/inspect") == 400);
	CHECK_STR(rpc_body(), "file argument 'record' is required\n");
}

static void puts_what_is_one(void)
{
	send("name/put?arg=" ID, record, sizeof record, 500);
	CHECK_STR(rpc_body(), ERROR("this action must be run in online mode, try running 'ipfs daemon' first"));
	send("name/put?arg=" OTHER "&allow-offline=1&force=1", record, sizeof record, 500);
	CHECK_STR(rpc_body(), ERROR("record validation failed: signature verification failed"));
	send("name/put?arg=" ID "&allow-offline=1&force=1", "hello", 5, 500);
	CHECK(strstr(rpc_body(), "invalid IPNS record: record is malformed") != NULL);
	send("name/put?arg=" ID, "", 0, 500);
	CHECK_STR(rpc_body(), ERROR("record is empty"));
	send("name/put?arg=xx", record, sizeof record, 500);
	CHECK_STR(rpc_body(), ERROR("invalid IPNS name: failed to parse peer ID: invalid cid: selected encoding not "
				    "supported"));
	send("name/put?arg=" ID "&allow-offline=1&allow-delegated=1", record, sizeof record, 500);
	CHECK_STR(rpc_body(), ERROR("cannot use both --allow-offline and --allow-delegated flags"));
	send("name/put?arg=" ID "&allow-delegated=1", record, sizeof record, 500);
	CHECK_STR(rpc_body(), ERROR("no delegated publishers configured: add Ipns.DelegatedPublishers or use "
				    "--allow-offline for local-only publishing"));
	CHECK(rpc("name/get?arg=" ID) == 500);
	CHECK_STR(rpc_body(), ERROR("routing: not found"));
	send("name/put?arg=/ipns/" PEER "&allow-offline=1", record, sizeof record, 200);
	CHECK_STR(rpc_body(), "{\"Name\":\"" ID "\",\"Value\":\"/ipfs/" HELLO "\"}\n");
	send("name/put?arg=" ID "&allow-offline=1&enc=text", record, sizeof record, 200);	/* the same again */
	CHECK_STR(rpc_body(), ID "\n");
	CHECK(rpc("name/get?arg=/ipns/" ID) == 200);
	CHECK_STR(rpc_field("content-type"), "application/vnd.ipfs.ipns-record");
	CHECK(rpc_now.heard.body.len == sizeof record && !memcmp(rpc_now.heard.body.data, record, sizeof record));
}

static void resolves(void)
{
	CHECK(rpc("name/resolve?arg=" ID) == 200);
	CHECK_STR(rpc_body(), "{\"Path\":\"/ipfs/" HELLO "\"}\n");
	CHECK_STR(rpc_field("x-chunked-output"), "");
	CHECK(rpc("name/resolve?arg=/ipns/" PEER "/a/b&stream=true") == 200);
	CHECK_STR(rpc_body(), "{\"Path\":\"/ipfs/" HELLO "/a/b\"}\n");
	CHECK_STR(rpc_field("x-chunked-output"), "1");
	CHECK(rpc("name/resolve?arg=ipns://" ID "&enc=text&r=false") == 200);
	CHECK_STR(rpc_body(), "/ipfs/" HELLO "\n");
	CHECK(rpc("name/resolve") == 500);	/* the node's own name, of which there is no record yet */
	CHECK_STR(rpc_body(), ERROR("could not resolve name"));
	CHECK(rpc("name/resolve?arg=" OTHER) == 500);
	CHECK_STR(rpc_body(), ERROR("could not resolve name"));
	CHECK(rpc("name/resolve?arg=example.com/a") == 500);
	CHECK_STR(rpc_body(), ERROR("DNSLink lookup for \\\"example.com.\\\" failed: could not resolve name: DNSLink lookup could not "
				    "find a TXT record (https://docs.ipfs.tech/concepts/dnslink/)"));
	CHECK(rpc("name/resolve?arg=/ipfs/" HELLO) == 500);
	CHECK_STR(rpc_body(), ERROR("\\\"/ipfs/" HELLO "\\\" is not an IPNS name"));
	CHECK(rpc("name/resolve?arg=") == 500);
	CHECK_STR(rpc_body(), ERROR("invalid path \\\"/ipns/\\\": path does not have enough components"));
	CHECK(rpc("name/resolve?dht-timeout=-1s") == 500);
	CHECK_STR(rpc_body(), ERROR("DHT timeout value must be \\u003e= 0"));
}

static void refuses_to_publish(void)
{
	static const char *const bad[][2] = {
		{ "allow-offline=1&lifetime=0s", ERROR("lifetime must be greater than zero, got 0s") },
		{ "allow-offline=1&lifetime=x", ERROR("error parsing lifetime option: time: invalid duration \\\"x\\\"") },
		{ "allow-offline=1&lifetime=1h&ttl=90m", ERROR("ttl (1h30m0s) must not be greater than lifetime (1h0m0s)") },
		{ "allow-offline=1&ttl=-1s", ERROR("ttl must not be negative, got -1s") },
		{ "allow-offline=1&ttl=x", ERROR("time: invalid duration \\\"x\\\"") },
		{ "allow-offline=1&key=nope", ERROR("no key by the given name was found") },
		{ "allow-offline=1&key=" OTHER, ERROR("no key by the given name or PeerID was found") },
		{ "allow-offline=1&sequence=3&key=rfc",
		  ERROR("sequence number must be greater than the current record sequence") },
		{ "allow-offline=1&allow-delegated=1", ERROR("cannot use both --allow-offline and --allow-delegated flags") },
		{ "", ERROR("can't publish while offline: pass `--allow-offline` to override or `--allow-delegated` if "
			    "Ipns.DelegatedPublishers are set up") },
		{ "allow-delegated=1", ERROR("no delegated publishers configured: add Ipns.DelegatedPublishers or use "
					     "--allow-offline for local-only publishing") },
	};
	char call[256];
	size_t i;

	rpc_file("", "hello");
	NEED(rpc_send("block/put") == 200);
	rpc_part("form-data; name=\"key\"", NULL, span_of(secret, sizeof secret));
	NEED(rpc_send("key/import?arg=rfc") == 200);
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(call, sizeof call, "name/publish?arg=%s&%s", HELLO, bad[i][0]);
		CHECK(rpc(call) == 500);
		CHECK_STR(rpc_body(), bad[i][1]);
	}
	CHECK(rpc("name/publish?arg=xx&allow-offline=1") == 500);
	CHECK_STR(rpc_body(), ERROR("invalid path \\\"xx\\\": path does not have enough components"));
	CHECK(rpc("name/publish?arg=" ABSENT "&allow-offline=1") == 500);
	CHECK_STR(rpc_body(), ERROR("block was not found locally (offline): ipld: could not find " ABSENT));
}

static struct name_record kept(struct buf *bytes)
{
	struct name_record r = { .sequence = 0 };
	struct cid id;

	CHECK(key_id_parse(span_str(ID), &id) == 0);
	CHECK(name_get(rpc_now.st, &id, bytes, &r) == 0);
	return r;
}

static void publishes(void)
{
	struct buf bytes = BUF_INIT(NAME_RECORD_MAX);
	struct name_record r;

	CHECK(rpc("name/publish?arg=" HELLO "&allow-offline=1&key=rfc&enc=text&ttl=1m&lifetime=1h") == 200);
	CHECK_STR(rpc_body(), "Published to " ID ": /ipfs/" HELLO "\n");
	r = kept(&bytes);
	CHECK(r.sequence == 3 && r.ttl_ns == UINT64_C(60000000000) && r.sig_v1.len > 0);
	CHECK(rpc("name/publish?arg=/ipfs/" ABSENT "&allow-offline=1&resolve=false&key=" PEER "&v1compat=false") == 200);
	CHECK_STR(rpc_body(), "{\"Name\":\"" ID "\",\"Value\":\"/ipfs/" ABSENT "\"}\n");
	r = kept(&bytes);
	CHECK(r.sequence == 4 && r.ttl_ns == UINT64_C(300000000000) && r.sig_v1.len == 0);
	CHECK(rpc("name/publish?arg=" HELLO "&allow-offline=1&key=rfc&sequence=9&Q=1&enc=text&lifetime=10s") == 200);
	CHECK_STR(rpc_body(), ID "\n");
	r = kept(&bytes);
	CHECK(r.sequence == 9 && r.ttl_ns == UINT64_C(10000000000));	/* not beyond its end */
	buf_clear(&bytes);
}

/* a name that stands for a name, and one that stands for itself */
static void follows_names(void)
{
	CHECK(rpc("name/publish?arg=/ipns/" ID "&allow-offline=1") == 200);
	CHECK(rpc("name/resolve") == 200);
	CHECK_STR(rpc_body(), "{\"Path\":\"/ipfs/" HELLO "\"}\n");
	CHECK(rpc("name/resolve?recursive=false") == 200);
	CHECK_STR(rpc_body(), "{\"Path\":\"/ipns/" ID "\"}\n");
	CHECK(rpc("name/publish?arg=/ipns/" ID "&allow-offline=1&key=rfc&resolve=false") == 200);
	CHECK(rpc("name/resolve?arg=" ID) == 500);
	CHECK_STR(rpc_body(), ERROR("could not resolve name (recursion limit exceeded)"));
	send("name/put?arg=" ID, record, sizeof record, 500);
	CHECK_STR(rpc_body(), ERROR("this action must be run in online mode, try running 'ipfs daemon' first"));
	send("name/put?arg=" ID "&allow-offline=1", record, sizeof record, 500);
	CHECK_STR(rpc_body(), ERROR("existing IPNS record has sequence 10 \\u003e= new record sequence 3, use 'ipfs name put "
				    "--force' to skip this check"));
	send("name/put?arg=" ID "&allow-offline=1&force=true", record, sizeof record, 200);
	CHECK(rpc("name/resolve?arg=" ID) == 200);
}

static void routing_put_is_for_records(void)
{
	send("routing/put?arg=/ipns/" ID, record, sizeof record, 500);
	CHECK_STR(rpc_body(), ERROR("can't put while offline: pass `--allow-offline` to override"));
	send("routing/put?arg=/ipns/" ID "&allow-offline=1", record, sizeof record, 200);
	CHECK_STR(rpc_body(), "{\"ID\":\"" PEER "\",\"Type\":5,\"Responses\":null,\"Extra\":\"\"}\n");
	send("routing/put?arg=/ipns/" ID "&allow-offline=1&enc=text", record, sizeof record, 200);
	CHECK_STR(rpc_body(), PEER "\n");
	send("routing/put?arg=" ID "&allow-offline=1", record, sizeof record, 500);
	CHECK_STR(rpc_body(), ERROR("invalid key"));
	send("routing/put?arg=/ipns/xx&allow-offline=1", record, sizeof record, 500);
	CHECK_STR(rpc_body(), ERROR("failed to parse peer ID: invalid cid: selected encoding not supported"));
	send("routing/put?arg=/ipns/" OTHER "&allow-offline=1", record, sizeof record, 500);
	CHECK_STR(rpc_body(), ERROR("signature verification failed"));
}

static void there_is_no_pubsub(void)
{
	CHECK(rpc("name/pubsub/state") == 200);
	CHECK_STR(rpc_body(), "{\"Enabled\":false}\n");
	CHECK(rpc("name/pubsub/subs") == 400);
	CHECK_STR(rpc_body(), "{\"Message\":\"IPNS pubsub subsystem is not enabled\",\"Code\":1,\"Type\":\"error\"}\n");
	CHECK(rpc("name/pubsub/cancel?arg=x") == 400);
	CHECK(rpc("name/pubsub/cancel") == 400);
	CHECK_STR(rpc_body(), "argument \"name\" is required\n");
}

int main(void)
{
	rpc_open("");
	RUN(inspects_as_kubo_does);
	RUN(puts_what_is_one);
	RUN(resolves);
	RUN(refuses_to_publish);
	RUN(publishes);
	RUN(follows_names);
	RUN(routing_put_is_for_records);
	RUN(there_is_no_pubsub);
	rpc_close();
	return UNIT_END();
}
