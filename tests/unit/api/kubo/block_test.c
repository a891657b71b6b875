/* block_test.c - single blocks over the RPC; what is expected is what Kubo 0.43.1 answers */
#include "pin/pin.h"
#include "rpc.h"

#define HELLO "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"
#define X "bafkreibnoelefnzgwbcacyt4vh52ymxvzbjq7mmqhtcnwarfq4lzegsiqe"
#define CBOR "bafyreihltcnuuyqp2jm24aqydpnlj7b6w3ogwrplomrjtg5rifv44mmjey"
#define ABSENT "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPEMs"
#define ERROR(text) "{\"Message\":\"" text "\",\"Code\":0,\"Type\":\"error\"}\n"

static const char *put(const char *options, const char *text)
{
	char call[256];

	snprintf(call, sizeof call, "block/put?%s", options);
	rpc_file("x", text);
	rpc_send(call);
	return rpc_body();
}

static const char *asked(const char *call)
{
	rpc(call);
	return rpc_body();
}

static void names(void)
{
	rpc_open("");
	CHECK_STR(put("", "hello"), "{\"Key\":\"" HELLO "\",\"Size\":5}\n");
	CHECK_STR(rpc_field("x-chunked-output"), "1");
	CHECK_STR(put("cid-codec=dag-pb", "hello"),
		  "{\"Key\":\"bafybeibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq\",\"Size\":5}\n");
	CHECK_STR(put("format=v0", "hello"), "{\"Key\":\"QmRN6wdp1S2A5EtjW9A3M1vKSBuQQGcgvuhoMUoEz4iiT5\",\"Size\":5}\n");
	CHECK_STR(put("format=protobuf", "x"),
		  "{\"Key\":\"bafybeibnoelefnzgwbcacyt4vh52ymxvzbjq7mmqhtcnwarfq4lzegsiqe\",\"Size\":1}\n");
	CHECK_STR(put("f=cbor", "x"), "{\"Key\":\"bafyreibnoelefnzgwbcacyt4vh52ymxvzbjq7mmqhtcnwarfq4lzegsiqe\",\"Size\":1}\n");
	CHECK_STR(put("f=v0&cid-codec=raw", "x"), "{\"Key\":\"QmRQ353oFNqt8zfZ9X1HgRUszwv9RkEEwmMZZkbkYEsybn\",\"Size\":1}\n");
	CHECK_STR(put("cid-codec=112", "x"),
		  "{\"Key\":\"bafybeibnoelefnzgwbcacyt4vh52ymxvzbjq7mmqhtcnwarfq4lzegsiqe\",\"Size\":1}\n");
	CHECK_STR(put("mhtype=sha2-512&mhlen=32", "x"),
		  "{\"Key\":\"bafkrgifevpkejdcjkywyfaiv2e5b7thksj7vfngviwjjp6fuhzbnvcjdrm\",\"Size\":1}\n");
	CHECK_STR(put("mhtype=blake3", "x"),
		  "{\"Key\":\"bafkr4ib247mal5tytjsaflfxblkas2ufuvv7nacov4s4asj2y2lvjdjqwu\",\"Size\":1}\n");
	CHECK_STR(put("mhtype=identity&mhlen=5", "x"), "{\"Key\":\"bafkqaaly\",\"Size\":1}\n");
	CHECK_STR(put("mhlen=-5&mhtype=&cid-codec=", "x"), "{\"Key\":\"" X "\",\"Size\":1}\n");
	CHECK_STR(put("encoding=text", "x"), X "\n");
	CHECK_STR(put("cid-base=base36", "x"),
		  "{\"Key\":\"k2cwue9s6dv2bfbgdnck8y7v4jriu1j7jb1xj9vg8zwtbhy7hurmpbi9\",\"Size\":1}\n");
	rpc_file("1", "hello");
	rpc_file("2", "two");
	CHECK(rpc_send("block/put") == 200);
	CHECK_STR(rpc_body(), "{\"Key\":\"" HELLO "\",\"Size\":5}\n"
		  "{\"Key\":\"bafkreib7ytgp45cyodrmbwm7ohzq74dfnsg63va4yhl5hu3wwdn6nbpc6m\",\"Size\":3}\n");
	CHECK(rpc_send("block/put") == 200);
	CHECK_STR(rpc_body(), "");
	rpc_open("import.hash = sha2-512\n");
	CHECK(strstr(put("", "x"), "{\"Key\":\"bafkrgqf"));
}

static void refused(void)
{
	char *big = unit_kept(BLOCK_MAX + 2);
	struct cid cid;
	uint64_t n = 1;

	rpc_open("");
	CHECK_STR(put("f=v0&cid-codec=dag-pb", "x"),
		  ERROR("unable to use \\\"format\\\" (deprecated) and a custom \\\"cid-codec\\\" at the same time"));
	CHECK_STR(put("f=nope", "x"), ERROR("unknown multicodec: \\\"nope\\\""));
	CHECK_STR(put("cid-codec=nope", "x"), ERROR("unknown multicodec: \\\"nope\\\""));
	CHECK_STR(put("mhtype=nope", "x"), ERROR("unrecognized multihash function: nope"));
	CHECK_STR(put("mhtype=SHA2-256", "x"), ERROR("unrecognized multihash function: SHA2-256"));
	CHECK_STR(put("mhlen=10", "x"), ERROR("digest too small: sha2-256 digest got 10 bytes, minimum 20"));
	CHECK_STR(put("mhlen=0", "x"), ERROR("digest too small: sha2-256 digest got 0 bytes, minimum 20"));
	CHECK_STR(put("mhlen=33", "x"), ERROR("invalid cid: requested length was too large for digest"));
	CHECK_STR(put("mhtype=murmur3-x64-64", "x"), ERROR("potentially insecure hash functions not allowed"));
	CHECK_STR(put("f=v0&mhtype=sha2-512", "x"), ERROR("only sha2-255-32 is allowed with CIDv0"));
	CHECK_STR(put("f=v0&mhlen=20", "x"), ERROR("only sha2-255-32 is allowed with CIDv0"));
	memset(big, 'a', BLOCK_MAX + 1);
	big[129] = 0;
	CHECK_STR(put("mhtype=identity", big), ERROR("digest too large: identity digest got 129 bytes, maximum 128"));
	big[129] = 'a';
	big[BLOCK_MAX + 1] = 0;
	CHECK(strstr(put("", big), "produced block is over 2MiB: big blocks can't be exchanged with other peers. consider "
		     "using UnixFS for automatic chunking of bigger files, or pass --allow-big-block to override"));
	CHECK(cid_parse(span_str("bafkreiawuqu2dziwf7hvtyyhs4shmpu27l6o6hrmp6dck4pjez5t3fmrcm"), &cid, NULL) == 0);
	CHECK(store_has(rpc_now.st, &cid) == 0);
	CHECK_STR(put("allow-big-block=true", big),
		  "{\"Key\":\"bafkreiawuqu2dziwf7hvtyyhs4shmpu27l6o6hrmp6dck4pjez5t3fmrcm\",\"Size\":2097153}\n");
	rpc_part("form-data; name=\"file\"; filename=\"d\"", "application/x-directory", span_str(""));
	CHECK(rpc_send("block/put") == 500);
	CHECK_STR(rpc_body(), ERROR("expected a file"));
	rpc_file("d%2Fa", "x");
	CHECK(rpc_send("block/put") == 500);
	CHECK_STR(rpc_body(), ERROR("expected a file"));
	CHECK(rpc("block/put") == 400);
	/* what cannot be pinned is not kept either, and what came before it is */
	CHECK(strstr(put("pin=true&cid-codec=dag-pb", "broken"), "\"Message\""));
	CHECK(pin_count(rpc_now.st, &n) == 0 && n == 0);
	CHECK_STR(put("pin=true", "pinned"),
		  "{\"Key\":\"bafkreib7vnobqg6srie3mq4x353k4k726hvmdauxtnp5w6rufbmaatzwv4\",\"Size\":6}\n");
	CHECK(pin_count(rpc_now.st, &n) == 0 && n == 1);
}

static void get_and_stat(void)
{
	rpc_open("");
	put("", "hello");
	CHECK_STR(asked("block/get?arg=" HELLO), "hello");
	CHECK_STR(rpc_field("content-type"), "application/vnd.ipld.raw");
	CHECK_STR(rpc_field("x-stream-output"), "1");
	CHECK_STR(asked("block/get?arg=/ipfs/" HELLO), "hello");
	CHECK_STR(asked("block/get?arg=bafkqaaly"), "x");
	CHECK_STR(asked("block/stat?arg=" HELLO), "{\"Key\":\"" HELLO "\",\"Size\":5}\n");
	CHECK_STR(asked("block/stat?encoding=text&arg=" HELLO), "Key: " HELLO "\nSize: 5\n");
	CHECK_STR(asked("block/stat?arg=bafkqaaly"), "{\"Key\":\"bafkqaaly\",\"Size\":1}\n");
	CHECK_STR(asked("block/stat?arg=" ABSENT),
		  ERROR("block was not found locally (offline): ipld: could not find " ABSENT));
	CHECK_STR(asked("block/get?arg=" ABSENT),
		  ERROR("block was not found locally (offline): ipld: could not find " ABSENT));
	CHECK_STR(asked("block/get?arg=foo"), ERROR("invalid path \\\"foo\\\": path does not have enough components"));
	CHECK(rpc("block/get") == 400);
	rpc_part("form-data; name=\"file\"", NULL, span_str(HELLO "\n"));
	CHECK(rpc_send("block/get") == 200);
	CHECK_STR(rpc_body(), "hello");
	/* the inside of a block leads to the block */
	put("cid-codec=dag-cbor", "\xa1\x61" "a\x01");
	CHECK_STR(asked("block/stat?arg=" CBOR "/a"), "{\"Key\":\"" CBOR "\",\"Size\":4}\n");
	CHECK_STR(asked("block/get?arg=" CBOR "/a"), "\xa1\x61" "a\x01");
	CHECK(rpc("block/get?arg=" CBOR "/b") == 500);
}

static void rm(void)
{
	rpc_open("");
	rpc_file("t%2Fb", "hello");
	CHECK(rpc_send("add") == 200);
	put("", "x");
	CHECK_STR(asked("block/rm?arg=" X "&arg=QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX&arg=" ABSENT),
		  "{\"Hash\":\"" X "\"}\n{\"Hash\":\"QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX\",\"Error\":"
		  "\"pinned via QmTit56ArA1szANiToB2dbgiYzVZcDnPJF3XpgbbPmNj8Q\"}\n"
		  "{\"Hash\":\"" ABSENT "\",\"Error\":\"ipld: could not find " ABSENT "\"}\n");
	CHECK_STR(rpc_field("x-chunked-output"), "1");
	put("", "x");
	CHECK_STR(asked("block/rm?quiet=true&arg=" X "&arg=" X), "{\"Hash\":\"" X "\",\"Error\":\"ipld: could not find " X
		  "\"}\n");
	CHECK_STR(asked("block/rm?force=true&arg=" X), "{\"Hash\":\"" X "\"}\n");
	/* force is about what is not there, a pinned block stays */
	CHECK_STR(asked("block/rm?force=true&arg=QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX"),
		  "{\"Hash\":\"QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX\",\"Error\":"
		  "\"pinned via QmTit56ArA1szANiToB2dbgiYzVZcDnPJF3XpgbbPmNj8Q\"}\n");
	CHECK_STR(asked("block/rm?arg=" X "&arg=foo"), "{\"Hash\":\"" X "\",\"Error\":\"ipld: could not find " X "\"}\n");
	CHECK_STR(rpc_trailer("x-stream-error"), "invalid path \"foo\": path does not have enough components");
	CHECK(rpc("block/rm?arg=foo") == 500);
	/* a wrong base is told of before anything is gone, or put */
	put("", "x");
	CHECK_STR(asked("block/rm?cid-base=foo&arg=" X), ERROR("unsupported multibase encoding: foo"));
	CHECK_STR(asked("block/get?cid-base=foo&arg=" X), "x");
	CHECK_STR(asked("block/stat?cid-base=foo&arg=" X), ERROR("unsupported multibase encoding: foo"));
	CHECK_STR(put("cid-base=foo", "y"), ERROR("unsupported multibase encoding: foo"));
	CHECK(rpc("block/rm") == 400);
}

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

/* more blocks than wait for each other, told in their order; those that come before a fault stay */
static void many(void)
{
	char text[32];
	int i;

	rpc_open("");
	for (i = 0; i < 700; i++) {
		snprintf(text, sizeof text, "block %d", i);
		rpc_file("x", text);
	}
	CHECK(rpc_send("block/put") == 200 && lines_of(rpc_body()) == 700);
	CHECK(!*rpc_trailer("x-stream-error"));
	CHECK(strstr(rpc_body(), "\"Size\":7}\n") && !strcmp(rpc_body() + strlen(rpc_body()) - 10, "\"Size\":9}\n"));
	rpc_file("x", "one");
	rpc_file("x", "two");
	rpc_part("form-data; name=\"file\"; filename=\"d\"", "application/x-directory", span_str(""));
	rpc_file("x", "three");
	CHECK(rpc_send("block/put") == 200 && lines_of(rpc_body()) == 2);
	CHECK_STR(rpc_trailer("x-stream-error"), "expected a file");
}

int main(void)
{
	RUN(names);
	RUN(refused);
	RUN(get_and_stat);
	RUN(rm);
	RUN(many);
	rpc_close();
	return UNIT_END();
}
