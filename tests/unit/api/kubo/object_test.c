/* object_test.c - links of dag-pb nodes, with the CIDs Kubo gives */
#include "ops/read.h"
#include "rpc.h"

#define EMPTY "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
#define ABC "Qme4u9HfFqYUhH4i34ZFBKi1ZsW7z4MYHtLxScQGndhgKE"	/* a file of "abc\n" */
#define FOO "QmcnndSinMDz1DCBubCz9rpBTswwfx7G8HWdqsidrcNNxg"	/* foo: ABC */
#define DEEP "Qme7xTJ6cD4Equ1ffAEf51YS5nPSw2kpmQZKAi1aNt1cuG"	/* a/b/foo: ABC */
#define RAW "bafkreieoltxmuosdqe247ujxf2x6s2omyrcapghdpdmlr3jeeqxqe2tqj4"	/* "raw\n" */

static void put(uint64_t codec, int version, struct span bytes, const char *expected)
{
	struct ops_block_put o;
	char text[CID_TEXT_MAX];
	struct cid cid;

	ops_block_put_init(&o);
	o.codec = codec;
	o.version = version;
	if (ops_block_put_bytes(rpc_now.st, &o, bytes, &cid) < 0 || ops_block_commit(rpc_now.st, &o, &cid, 1) < 0)
		abort();
	CHECK_STR(cid_text(&cid, text), expected);
}

static void begin(void)
{
	rpc_open("");
	put(CID_DAG_PB, 0, span_str("\x0a\x02\x08\x01"), EMPTY);
	put(CID_DAG_PB, 0, span_str("\x0a\x0a\x08\x02\x12\x04" "abc\n\x18\x04"), ABC);
	put(CID_RAW, 1, span_str("raw\n"), RAW);
}

static int is(const char *call, const char *hash)
{
	char want[300];
	int status = rpc(call);

	snprintf(want, sizeof want, "{\"Hash\":\"%s\"}\n", hash);
	if (status == 200 && !strcmp(rpc_body(), want))
		return 1;
	printf("# %s: %d %s", call, status, rpc_body());
	return 0;
}

static void adding(void)
{
	begin();
	CHECK(is("object/patch/add-link?arg=" EMPTY "&arg=foo&arg=" ABC, FOO));
	CHECK(is("object/patch/add-link?arg=" FOO "&arg=foo&arg=" ABC, FOO));
	CHECK(is("object/patch/add-link?create=true&arg=" EMPTY "&arg=a/b/foo&arg=" ABC, DEEP));
	CHECK(is("object/patch/add-link?arg=" DEEP "&arg=a/b/foo/z&arg=" ABC, "QmenaPo2N392YA7JdmYQ6QkRyrY2Jya1sLdF33yQgPe2m8"));
	CHECK(is("object/patch/add-link?arg=" DEEP "&arg=a/b/foo&arg=" RAW, "QmdZQNpxbbHrEjkQazqiNWKdLQHXs6xLAbvRBP5UyPbTBd"));
	CHECK(is("object/patch/add-link?arg=" DEEP "/a&arg=n&arg=" DEEP "/a/b/foo",
		 "Qmatf4FFKKB35RpsuofwN3YhfhNx3x3jVjWbSQGYvcCWPa"));
	CHECK(is("object/patch/add-link?allow-non-unixfs=true&arg=" ABC "&arg=x&arg=" ABC,
		 "QmRHEqHXjWnKLPi59fXjhpCWc5Rjcxm3bUPBVBwNgV6Wj7"));
	CHECK(rpc("object/patch/add-link?enc=text&arg=" EMPTY "&arg=x&arg=" ABC) == 200);
	CHECK_STR(rpc_body(), "QmZtMsp5VKz4tRGsguzmUzEbMxDnUq5n9B9pBdL6aNCRhK\n");
}

static void not_adding(void)
{
	begin();
	rpc("object/patch/add-link?create=true&arg=" EMPTY "&arg=a/b/foo&arg=" ABC);
	CHECK(rpc_says("object/patch/add-link?arg=" EMPTY "&arg=a/b/foo&arg=" ABC, "no link by that name"));
	CHECK(rpc_says("object/patch/add-link?arg=" DEEP "&arg=a//b&arg=" ABC, "no link by that name"));
	CHECK(rpc_says("object/patch/add-link?arg=" DEEP "&arg=&arg=" ABC, "cannot create link with no name"));
	CHECK(rpc_says("object/patch/add-link?arg=" ABC "&arg=foo&arg=" ABC,
		   "cannot add named links to a UnixFS File node, only Directory nodes support link addition at the dag-pb "
		   "level (see https://specs.ipfs.tech/unixfs/)"));
	CHECK(rpc_says("object/patch/add-link?arg=" RAW "&arg=foo&arg=" ABC, "expected protobuf dag node"));
	CHECK(rpc_says("object/patch/add-link?arg=" DEEP "&arg=n&arg=bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyka",
		   "block was not found locally (offline): ipld: could not find "
		   "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyka"));
	put(CID_DAG_PB, 1, span_of("", 0), "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
	CHECK(rpc_says("object/patch/add-link?arg=bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku&arg=x&arg=" ABC,
		   "cannot add named links to a non-UnixFS dag-pb node; pass --allow-non-unixfs to skip validation"));
	CHECK(rpc("object/patch/add-link?arg=" EMPTY "&arg=foo") == 400);
	CHECK_STR(rpc_body(), "argument \"ref\" is required\n");
}

static void removing(void)
{
	begin();
	rpc("object/patch/add-link?create=true&arg=" EMPTY "&arg=a/b/foo&arg=" ABC);
	CHECK(is("object/patch/rm-link?arg=" DEEP "&arg=a/b/foo", "QmZD3r9cZjzU8huNY2JS9TC6n8daDfT8TmE8zBSqG31Wvq"));
	CHECK(is("object/patch/rm-link?arg=" DEEP "&arg=a", EMPTY));
	CHECK(rpc_says("object/patch/rm-link?arg=" EMPTY "&arg=foo", "no link by that name"));
	CHECK(rpc_says("object/patch/rm-link?arg=" EMPTY "&arg=a/foo", "no link by that name"));
	CHECK(rpc_says("object/patch/rm-link?arg=" DEEP "&arg=a/b/foo/z", "no link by that name"));
	CHECK(rpc_says("object/patch/rm-link?arg=" ABC "&arg=foo",
		   "cannot remove links from a UnixFS File node, only Directory nodes support link removal at the dag-pb "
		   "level (see https://specs.ipfs.tech/unixfs/)"));
}

#define DATA_FOO "QmQeGyS87nyijii7kFt1zbe4n2PsXTFimzsdxyE9qh9TST"
#define DATA_BAR "QmNeYRbCibmaMMK6Du6ChfServcLqFvLJF76PzzF76SPrZ"

static void differences(void)
{
	begin();
	rpc("object/patch/add-link?create=true&arg=" EMPTY "&arg=a/b/foo&arg=" ABC);
	CHECK(rpc("object/diff?arg=" EMPTY "&arg=" EMPTY) == 200);
	CHECK_STR(rpc_body(), "{\"Changes\":[]}\n");
	CHECK(rpc("object/diff?arg=" EMPTY "&arg=" DEEP) == 200);
	CHECK_STR(rpc_body(), "{\"Changes\":[{\"Type\":0,\"Path\":\"a\",\"Before\":null,\"After\":{\"/\":"
			      "\"QmdhqirpYY99YorjF6fmbP3Lh8HZvCctygLWYLbCLsX8Dw\"}}]}\n");
	CHECK(rpc("object/diff?arg=" DEEP "&arg=" EMPTY) == 200);
	CHECK_STR(rpc_body(), "{\"Changes\":[{\"Type\":1,\"Path\":\"a\",\"Before\":{\"/\":"
			      "\"QmdhqirpYY99YorjF6fmbP3Lh8HZvCctygLWYLbCLsX8Dw\"},\"After\":null}]}\n");
	CHECK(rpc("object/diff?arg=" EMPTY "&arg=" ABC) == 200);
	CHECK_STR(rpc_body(), "{\"Changes\":[{\"Type\":2,\"Path\":\"\",\"Before\":{\"/\":\"" EMPTY "\"},\"After\":{\"/\":\""
			      ABC "\"}}]}\n");
	CHECK(rpc("object/diff?enc=text&verbose=true&arg=" EMPTY "&arg=" DEEP) == 200);
	CHECK_STR(rpc_body(), "Added new link \"a\" pointing to QmdhqirpYY99YorjF6fmbP3Lh8HZvCctygLWYLbCLsX8Dw.\n");
	/* without links, and not the same */
	rpc_file("", "\n\3foo");
	CHECK(rpc_send("block/put?format=v0") == 200);
	rpc_file("", "\n\3bar");
	CHECK(rpc_send("block/put?format=v0") == 200);
	CHECK(rpc("object/diff?arg=" DATA_FOO "&arg=" DATA_BAR) == 200);
	CHECK_STR(rpc_body(), "{\"Changes\":[{\"Type\":2,\"Path\":\"\",\"Before\":{\"/\":\"" DATA_FOO "\"},\"After\":{\"/\":\""
			      DATA_BAR "\"}}]}\n");
	CHECK(rpc_says("object/diff?arg=x&arg=" EMPTY, "invalid path \\\"x\\\": path does not have enough components"));
}

static void what_is_gone(void)
{
	begin();
	CHECK(rpc_says("object/data?arg=x", "removed, use 'ipfs dag' or 'ipfs files' instead"));
	CHECK(rpc_says("object/new", "removed, use 'ipfs dag' or 'ipfs files' instead"));
	CHECK(rpc_says("object/patch/append-data", "removed, use 'ipfs dag' or 'ipfs files' instead"));
	CHECK(rpc("object") == 200 && !*rpc_body());	/* a group that does nothing itself */
}

int main(void)
{
	RUN(adding);
	RUN(not_adding);
	RUN(removing);
	RUN(differences);
	RUN(what_is_gone);
	rpc_close();
	return UNIT_END();
}
