/* pin_test.c - pins; the answers are those of Kubo 0.43.1 */
#include "ops/read.h"
#include "pin/pin.h"
#include "rpc.h"

#define EMPTY "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
#define ABC "Qme4u9HfFqYUhH4i34ZFBKi1ZsW7z4MYHtLxScQGndhgKE"	/* a file of "abc\n" */
#define FOO "QmcnndSinMDz1DCBubCz9rpBTswwfx7G8HWdqsidrcNNxg"	/* foo: ABC */
#define DEEP "Qme7xTJ6cD4Equ1ffAEf51YS5nPSw2kpmQZKAi1aNt1cuG"	/* a/b/foo: ABC */
#define DEEP_A "QmdhqirpYY99YorjF6fmbP3Lh8HZvCctygLWYLbCLsX8Dw"	/* its a */
#define RAW "bafkreieoltxmuosdqe247ujxf2x6s2omyrcapghdpdmlr3jeeqxqe2tqj4"	/* "raw\n" */
#define GONE "QmYtUc4iTCbbfVSDNKvtQqrfyezPPnFvE33wFmutw9PBBk"
#define MISSING "block was not found locally (offline): ipld: could not find "

static void put(uint64_t codec, int version, struct span bytes)
{
	struct ops_block_put o;
	struct cid cid;

	ops_block_put_init(&o);
	o.codec = codec;
	o.version = version;
	if (ops_block_put_bytes(rpc_now.st, &o, bytes, &cid) < 0 || ops_block_commit(rpc_now.st, &o, &cid, 1) < 0)
		abort();
}

static void begin(void)
{
	rpc_open("");
	put(CID_DAG_PB, 0, span_str("\x0a\x02\x08\x01"));
	put(CID_DAG_PB, 0, span_str("\x0a\x0a\x08\x02\x12\x04" "abc\n\x18\x04"));
	put(CID_RAW, 1, span_str("raw\n"));
	if (rpc("object/patch/add-link?create=true&arg=" EMPTY "&arg=a/b/foo&arg=" ABC) != 200)
		abort();
}

static int forgets(const char *text)
{
	struct cid cid;

	return cid_parse(span_str(text), &cid, NULL) == 0 && store_delete(rpc_now.st, &cid) == 0 &&
	       store_commit(rpc_now.st) == 0;
}

/* ---- add, rm ---- */

static void adding(void)
{
	begin();
	CHECK(rpc_gives("pin/add?arg=" DEEP, "{\"Pins\":[\"" DEEP "\"]}\n"));
	CHECK_STR(rpc_field("x-chunked-output"), "");
	CHECK(rpc_gives("pin/add?arg=/ipfs/" DEEP "/a/b&arg=" RAW "&recursive=false",
		 "{\"Pins\":[\"" FOO "\",\"" RAW "\"]}\n"));
	CHECK(rpc_gives("pin/add?cid-base=base58btc&arg=" RAW, "{\"Pins\":[\"zb2rhgE1GzZeNRLgreAACqBeu9KvLKQxoNJNbuujSk1Qm1hA6\"]}\n"));
	CHECK(rpc_gives("pin/add?enc=text&arg=" DEEP "&arg=" RAW, "pinned " DEEP " recursively\npinned " RAW " recursively\n"));
	CHECK(rpc_gives("pin/add?enc=text&r=0&arg=" ABC, "pinned " ABC " directly\n"));
	rpc_part("form-data; name=\"file\"", NULL, span_str(DEEP "\r\n" RAW));
	CHECK(rpc_send("pin/add?arg=" ABC) == 200);
	CHECK_STR(rpc_body(), "{\"Pins\":[\"" ABC "\",\"" DEEP "\",\"" RAW "\"]}\n");
}

static void adding_with_progress(void)
{
	begin();
	/* Kubo tells of it each half second, and at the end */
	CHECK(rpc_gives("pin/add?progress=true&arg=" DEEP, "{\"Progress\":4,\"Bytes\":155}\n{\"Pins\":[\"" DEEP "\"]}\n"));
	CHECK_STR(rpc_field("x-chunked-output"), "1");
	CHECK(rpc_gives("pin/add?progress=true&arg=" DEEP, "{\"Progress\":4,\"Bytes\":155}\n{\"Pins\":[\"" DEEP "\"]}\n"));
	CHECK(rpc_gives("pin/add?progress=true&recursive=false&arg=" RAW, "{\"Progress\":1,\"Bytes\":4}\n{\"Pins\":[\"" RAW "\"]}\n"));
}

static void not_adding(void)
{
	char call[400];

	begin();
	rpc("pin/add?arg=" DEEP);
	CHECK(rpc_says("pin/add?recursive=false&arg=" DEEP, "pin: " DEEP " already pinned recursively"));
	CHECK(rpc_says("pin/add?arg=" GONE, "pin: " MISSING GONE));
	CHECK(rpc_says("pin/add?recursive=false&arg=" GONE, "pin: " MISSING GONE));
	CHECK(rpc_says("pin/add?arg=" DEEP "/b", "no link named \\\"b\\\" under " DEEP));
	CHECK(rpc_says("pin/add?arg=foo", "invalid path \\\"foo\\\": path does not have enough components"));
	snprintf(call, sizeof call, "pin/add?arg=%s&name=%0256d", RAW, 0);
	CHECK(rpc_says(call, "pin name is 256 bytes (max 255 bytes)"));
	/* what stands before the bad one is pinned */
	CHECK(rpc_says("pin/add?arg=" RAW "&arg=" GONE "&arg=" ABC, "pin: " MISSING GONE));
	CHECK(rpc_gives("pin/ls?arg=" RAW, "{\"Keys\":{\"" RAW "\":{\"Type\":\"recursive\",\"Name\":\"\"}}}\n"));
	NEED(forgets(ABC));
	CHECK(rpc_says("pin/add?arg=" FOO, "pin: " MISSING ABC));
	CHECK(rpc("pin/add?timeout=1ns&arg=" FOO) == 500);
	CHECK(strstr(rpc_body(), "context deadline exceeded") != NULL);
	CHECK(rpc("pin/add") == 400);
	CHECK_STR(rpc_body(), "argument \"ipfs-path\" is required\n");
}

static void removing(void)
{
	begin();
	rpc("pin/add?arg=" DEEP "&arg=" RAW);
	rpc("pin/add?recursive=false&arg=" ABC);
	CHECK(rpc_says("pin/rm?recursive=false&arg=" DEEP, DEEP " is pinned recursively"));
	CHECK(rpc_says("pin/rm?arg=" DEEP "/a", "not pinned or pinned indirectly"));
	CHECK(rpc_says("pin/rm?arg=" GONE, "not pinned or pinned indirectly"));
	CHECK(rpc_gives("pin/rm?arg=" DEEP "/a/b/foo", "{\"Pins\":[\"" ABC "\"]}\n"));
	/* as far as the first that cannot be */
	CHECK(rpc_says("pin/rm?arg=" RAW "&arg=" GONE "&arg=" DEEP, "not pinned or pinned indirectly"));
	CHECK(rpc_says("pin/rm?arg=" RAW, "not pinned or pinned indirectly"));
	CHECK(rpc_gives("pin/rm?enc=text&arg=" DEEP, "unpinned " DEEP "\n"));
	CHECK(rpc_gives("pin/ls", "{}\n"));
}

/* ---- ls ---- */

static void listing(void)
{
	begin();
	CHECK(rpc_gives("pin/ls", "{}\n"));
	CHECK_STR(rpc_field("x-chunked-output"), "");
	CHECK_STR(rpc_field("content-type"), "application/json");
	CHECK(rpc_gives("pin/ls?enc=text", ""));
	CHECK(rpc_gives("pin/ls?stream=true", ""));
	CHECK_STR(rpc_field("x-chunked-output"), "1");
	rpc("pin/add?name=a%20<name>&arg=" DEEP);
	rpc("pin/add?recursive=false&name=other&arg=" RAW);
	CHECK(rpc_gives("pin/ls", "{\"Keys\":{\"" FOO "\":{\"Type\":\"indirect\",\"Name\":\"\"},\"" DEEP_A
		 "\":{\"Type\":\"indirect\",\"Name\":\"\"},\"" ABC "\":{\"Type\":\"indirect\",\"Name\":\"\"},\"" DEEP
		 "\":{\"Type\":\"recursive\",\"Name\":\"\"},\"" RAW "\":{\"Type\":\"direct\",\"Name\":\"\"}}}\n"));
	CHECK(rpc_gives("pin/ls?names=true&type=recursive", "{\"Keys\":{\"" DEEP
		 "\":{\"Type\":\"recursive\",\"Name\":\"a \\u003cname\\u003e\"}}}\n"));
	CHECK(rpc_gives("pin/ls?stream=true", "{\"Cid\":\"" DEEP "\",\"Type\":\"recursive\"}\n{\"Cid\":\"" RAW
		 "\",\"Type\":\"direct\"}\n{\"Cid\":\"" DEEP_A "\",\"Type\":\"indirect\"}\n{\"Cid\":\"" FOO
		 "\",\"Type\":\"indirect\"}\n{\"Cid\":\"" ABC "\",\"Type\":\"indirect\"}\n"));
	CHECK(rpc_gives("pin/ls?stream=true&name=the", "{\"Cid\":\"" RAW "\",\"Name\":\"other\",\"Type\":\"direct\"}\n"));
	CHECK(rpc_gives("pin/ls?name=The", "{}\n"));
	CHECK(rpc_gives("pin/ls?type=direct&enc=text", RAW " direct\n"));
	CHECK(rpc_gives("pin/ls?type=direct&enc=text&names=1", RAW " direct other\n"));
	CHECK(rpc_gives("pin/ls?type=direct&enc=text&stream=1&quiet=1", RAW "\n"));
	CHECK(rpc_gives("pin/ls?type=recursive&enc=text&quiet=1", DEEP "\n"));
	CHECK(rpc_gives("pin/ls?type=direct&cid-base=base16", "{\"Keys\":{\"f015512208e5ceeca3a438135cfd1372eafe969ccc44407"
		 "98e378d8b8ed24242f026a704f\":{\"Type\":\"direct\",\"Name\":\"\"}}}\n"));
	CHECK(rpc_says("pin/ls?type=foo", "invalid type 'foo', must be one of {direct, indirect, recursive, all}"));
	CHECK(rpc_says("pin/ls?type=", "invalid type '', must be one of {direct, indirect, recursive, all}"));
}

static void looking(void)
{
	begin();
	rpc("pin/add?name=n&arg=" DEEP);
	rpc("pin/add?recursive=false&arg=" ABC);
	CHECK(rpc_gives("pin/ls?arg=" DEEP "/a", "{\"Keys\":{\"" DEEP_A "\":{\"Type\":\"indirect through " DEEP "\",\"Name\":\"\"}}}\n"));
	CHECK(rpc_gives("pin/ls?name=zzz&arg=" DEEP, "{\"Keys\":{\"" DEEP "\":{\"Type\":\"recursive\",\"Name\":\"n\"}}}\n"));
	CHECK(rpc_gives("pin/ls?stream=1&arg=" DEEP "/a&arg=/ipfs/" DEEP, "{\"Cid\":\"" DEEP_A "\",\"Type\":\"indirect through " DEEP
		 "\"}\n{\"Cid\":\"" DEEP "\",\"Type\":\"recursive\"}\n"));
	CHECK(rpc_gives("pin/ls?enc=text&arg=" FOO, FOO " indirect through " DEEP "\n"));
	/* pinned directly it may be indirect, too; recursively not */
	CHECK(rpc_gives("pin/ls?type=indirect&arg=" ABC, "{\"Keys\":{\"" ABC "\":{\"Type\":\"indirect through " DEEP
		 "\",\"Name\":\"\"}}}\n"));
	CHECK(rpc_gives("pin/ls?arg=" ABC, "{\"Keys\":{\"" ABC "\":{\"Type\":\"direct\",\"Name\":\"\"}}}\n"));
	rpc("pin/add?arg=" ABC);
	CHECK(rpc_says("pin/ls?type=indirect&arg=" ABC, "path '" ABC "' is not pinned"));
	CHECK(rpc_says("pin/ls?type=direct&arg=" DEEP, "path '" DEEP "' is not pinned"));
	CHECK(rpc_says("pin/ls?arg=/ipfs/" RAW, "path '/ipfs/" RAW "' is not pinned"));
	CHECK(rpc_says("pin/ls?arg=" GONE, "path '" GONE "' is not pinned"));
	CHECK(rpc_says("pin/ls?stream=1&arg=" DEEP "&arg=" DEEP "/z", "no link named \\\"z\\\" under " DEEP));
}

/* the empty directory is there for whoever asks; pinned, it has to be in the store */
static void the_directory_that_is_always_there(void)
{
	char hash[100] = "", call[200];
	struct cid cid;

	rpc_open("");
	NEED(cid_parse(span_str(EMPTY), &cid, NULL) == 0);
	CHECK(rpc("object/patch/add-link?arg=" EMPTY "&arg=x&arg=" EMPTY) == 200);
	CHECK(sscanf(rpc_body(), "{\"Hash\":\"%99[A-Za-z0-9]", hash) == 1);
	snprintf(call, sizeof call, "pin/add?arg=%s", hash);
	CHECK(rpc_gives("pin/ls", "{}\n"));
	CHECK(store_has(rpc_now.st, &cid) == 0);
	CHECK(rpc(call) == 200);
	CHECK(store_has(rpc_now.st, &cid) == 1);
	CHECK(rpc_gives("pin/verify", ""));
	CHECK(rpc("repo/gc") == 200);
	CHECK(store_has(rpc_now.st, &cid) == 1);
	rpc_open("");
	CHECK(rpc_gives("pin/add?recursive=false&arg=" EMPTY, "{\"Pins\":[\"" EMPTY "\"]}\n"));
	CHECK(store_has(rpc_now.st, &cid) == 1);
}

/* a map has no key twice: the v0 that is shown as a v1, and that v1 */
static void two_names_that_look_the_same(void)
{
	begin();
	put(CID_DAG_PB, 1, span_str("\x0a\x02\x08\x01"));
	rpc("pin/add?arg=" EMPTY "&arg=bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354");
	CHECK(rpc_gives("pin/ls?cid-base=base32", "{\"Keys\":{\"bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354\":"
		 "{\"Type\":\"recursive\",\"Name\":\"\"}}}\n"));
}

/* in pieces, in the order of their texts */
static void many(void)
{
	enum { N = 3000 };
	const char *at;
	char text[16], last[CID_TEXT_MAX] = "", now[CID_TEXT_MAX];
	struct cid cid;
	struct span s;
	int i, n = 0;

	rpc_open("");
	for (i = 0; i < N; i++) {
		snprintf(text, sizeof text, "%d", i);
		s = span_str(text);
		if (cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, &s, 1) < 0)
			abort();
		put(CID_RAW, 1, s);
		if (pin_add(rpc_now.st, &cid, PIN_DIRECT, text) < 0)
			abort();
	}
	CHECK(rpc("pin/ls?names=1") == 200);
	CHECK(rpc_now.heard.body.len == strlen("{\"Keys\":{}}\n") + N * strlen("\"" RAW "\":{\"Type\":\"direct\",\"Name\":\"\"},") - 1 +
	      10 + 90 * 2 + 900 * 3 + 2000 * 4);
	for (at = strstr(rpc_body(), "{\"b") + 2; at; n++) {
		snprintf(now, sizeof now, "%.*s", (int)strcspn(at, "\""), at);
		CHECK(strcmp(last, now) < 0);
		strcpy(last, now);
		at = strstr(at, ",\"b");
		at = at ? at + 2 : NULL;
	}
	CHECK(n == N);
	CHECK(rpc("pin/ls?stream=1") == 200);
	CHECK(rpc_now.heard.body.len == N * strlen("{\"Cid\":\"" RAW "\",\"Type\":\"direct\"}\n"));
	CHECK(rpc_now.heard.n_flushes >= 1 && rpc_now.heard.n_flushes < N);	/* they go in company */
}

/* ---- update, verify ---- */

static void moving(void)
{
	begin();
	rpc("pin/add?arg=" DEEP "&arg=" RAW);
	CHECK(rpc_says("pin/update?arg=" DEEP "&arg=" RAW, "'to' cid was already recursively pinned"));
	CHECK(rpc_says("pin/update?arg=" FOO "&arg=" EMPTY, "'from' cid was not recursively pinned already"));
	CHECK(rpc_says("pin/update?arg=" DEEP "&arg=" GONE, "get " GONE ": " MISSING GONE));
	CHECK(rpc_gives("pin/update?unpin=false&arg=" DEEP "&arg=" DEEP "/a", "{\"Pins\":[\"" DEEP "\",\"" DEEP_A "\"]}\n"));
	CHECK(rpc_gives("pin/ls?type=recursive&quiet=1&enc=text", DEEP_A "\n" DEEP "\n" RAW "\n"));
	CHECK(rpc_gives("pin/update?arg=" DEEP_A "&arg=" FOO, "{\"Pins\":[\"" DEEP_A "\",\"" FOO "\"]}\n"));
	CHECK(rpc_gives("pin/update?enc=text&arg=" FOO "&arg=" ABC, "updated " FOO " to " ABC "\n"));
	CHECK(rpc_gives("pin/update?arg=" ABC "&arg=" ABC, "{\"Pins\":[\"" ABC "\",\"" ABC "\"]}\n"));
	CHECK(rpc_gives("pin/ls?type=recursive&quiet=1&enc=text", ABC "\n" DEEP "\n" RAW "\n"));
	CHECK(rpc("pin/update?arg=" DEEP) == 400);
	CHECK_STR(rpc_body(), "argument \"to-path\" is required\n");
}

static void verifying(void)
{
	begin();
	rpc("pin/add?arg=" DEEP "&arg=" RAW);
	CHECK(rpc_gives("pin/verify", ""));
	CHECK(rpc_gives("pin/verify?verbose=true", "{\"Cid\":\"" RAW "\",\"Ok\":true}\n{\"Cid\":\"" DEEP "\",\"Ok\":true}\n"));
	CHECK_STR(rpc_field("x-chunked-output"), "1");
	NEED(forgets(ABC));
	CHECK(rpc_gives("pin/verify", "{\"Cid\":\"" DEEP "\",\"BadNodes\":[{\"Cid\":\"" ABC "\",\"Err\":\"" MISSING ABC "\"}]}\n"));
	CHECK(rpc_gives("pin/verify?quiet=true", "{\"Cid\":\"" DEEP "\"}\n"));
	CHECK(rpc_gives("pin/verify?enc=text", DEEP " broken\n  " ABC ": " MISSING ABC "\n"));
	CHECK(rpc_gives("pin/verify?enc=text&quiet=1", DEEP "\n"));
	CHECK(rpc_gives("pin/verify?enc=text&verbose=1", DEEP " broken\n  " ABC ": " MISSING ABC "\n" RAW " ok\n"));
	CHECK(rpc_says("pin/verify?verbose=1&quiet=1", "the --verbose and --quiet options can not be used at the same time"));
}

int main(void)
{
	RUN(adding);
	RUN(adding_with_progress);
	RUN(not_adding);
	RUN(removing);
	RUN(listing);
	RUN(looking);
	RUN(the_directory_that_is_always_there);
	RUN(two_names_that_look_the_same);
	RUN(many);
	RUN(moving);
	RUN(verifying);
	rpc_close();
	return UNIT_END();
}
