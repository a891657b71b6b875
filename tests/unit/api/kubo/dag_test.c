/* dag_test.c - nodes and archives; the answers are those of Kubo 0.43.1 */
#include "car/car.h"
#include "multi/mh.h"
#include "ops/read.h"
#include "pin/pin.h"
#include "rpc.h"

#define A "bafyreihltcnuuyqp2jm24aqydpnlj7b6w3ogwrplomrjtg5rifv44mmjey"	/* {"a":1} */
#define B "bafyreift2ylg2276u2azvura634tpfgavmoc24fnfjs4kkigchizmq3oqi"	/* {"b":[1,2,GONE],"x":hello} */
#define GONE "bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae"
#define B_JSON "{\"b\":[1,2,{\"/\":\"" GONE "\"}],\"x\":{\"/\":{\"bytes\":\"aGVsbG8\"}}}"
#define EMPTY "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
#define ABC "Qme4u9HfFqYUhH4i34ZFBKi1ZsW7z4MYHtLxScQGndhgKE"	/* a file of "abc\n" */
#define FOO "QmcnndSinMDz1DCBubCz9rpBTswwfx7G8HWdqsidrcNNxg"	/* foo: ABC */
#define MISSING "block was not found locally (offline): ipld: could not find "

static void put_block(uint64_t codec, int version, struct span bytes)
{
	struct ops_block_put o;
	struct cid cid;

	ops_block_put_init(&o);
	o.codec = codec;
	o.version = version;
	if (ops_block_put_bytes(rpc_now.st, &o, bytes, &cid) < 0 || ops_block_commit(rpc_now.st, &o, &cid, 1) < 0)
		abort();
}

/* ABC in a directory FOO, the nodes A and B, and nothing else */
static void begin(void)
{
	rpc_open("");
	put_block(CID_DAG_PB, 0, span_str("\x0a\x02\x08\x01"));
	put_block(CID_DAG_PB, 0, span_str("\x0a\x0a\x08\x02\x12\x04" "abc\n\x18\x04"));
	if (rpc("object/patch/add-link?arg=" EMPTY "&arg=foo&arg=" ABC) != 200)
		abort();
	rpc_file("a", "{\"a\":1}");
	rpc_file("b", B_JSON);
	if (rpc_send("dag/put") != 200)
		abort();
}

/* what was just asked was refused with these words */
static int refused(int status, const char *message)
{
	char want[1200];

	snprintf(want, sizeof want, "{\"Message\":\"%s\",\"Code\":0,\"Type\":\"error\"}\n", message);
	if (status == 500 && !strcmp(rpc_body(), want))
		return 1;
	printf("# %d %s", status, rpc_body());
	return 0;
}

static int says(const char *call, const char *message)
{
	return refused(rpc(call), message);
}

static uint64_t pins(void)
{
	uint64_t n;

	return pin_count(rpc_now.st, &n) < 0 ? UINT64_MAX : n;
}

/* ---- put ---- */

static int puts_as(const char *call, const char *text, const char *cid)
{
	char want[300];
	int status;

	rpc_file("x", text);
	status = rpc_send(call);
	snprintf(want, sizeof want, "{\"Cid\":{\"/\":\"%s\"}}\n", cid);
	if (status == 200 && !strcmp(rpc_body(), want))
		return 1;
	printf("# %s: %d %s", call, status, rpc_body());
	return 0;
}

static int puts_not(const char *call, const char *text, const char *message)
{
	rpc_file("x", text);
	return refused(rpc_send(call), message);
}

static void putting(void)
{
	rpc_open("");
	CHECK(puts_as("dag/put", "{\"a\":1}", A));
	CHECK_STR(rpc_field("x-chunked-output"), "1");
	CHECK(puts_as("dag/put?store-codec=0x71&hash=18&cid-base=base58btc", "{\"a\":1}", A));
	CHECK(puts_as("dag/put?store-codec=dag-json", "{\"a\":1}",
		      "baguqeeraafnl2724yv5c3wklowipaswybbbhhec64m7mltv6vzrco2ux7bra"));
	CHECK(puts_as("dag/put?store-codec=json", "{\"a\":1}",
		      "bagaaierabbiwhtagthggxneonlnno6lrtmy2zmnikifjfoncua42semvrm3a"));
	CHECK(puts_as("dag/put?store-codec=raw&input-codec=raw", "{\"a\":1}",
		      "bafkreiablk6x6xgfpiw5ss3vsdyevwaiijzzaxxdh3c45pvomitwvf7ymi"));
	CHECK(puts_as("dag/put?hash=sha1", "{\"a\":1}", "bafyrcfdzt5nqicuwtuu6zzjquznh5on5yk2tuhq"));
	CHECK(puts_as("dag/put?hash=identity", B_JSON, "bafyqan5cmfrigaic3avfqjiaafyreidykglsfhoixmivffc5uwhcgshx4j465"
		      "xwqntbmu43nb2dzqwfvafqxqrlimvwgy3y"));
	CHECK(pins() == 0);
	CHECK(puts_as("dag/put?pin=true", "{\"a\":1}", A));
	CHECK(pins() == 1);
	rpc_file("x", "{\"a\":1}");
	CHECK(rpc_send("dag/put?enc=text&cid-base=base58btc") == 200);
	CHECK_STR(rpc_body(), "zdpuB2H7FsgxU1PVuGcwk4TDYGgv7xrQ7naFJ1YHfRV71t7Rf\n");
}

static void not_putting(void)
{
	rpc_open("");
	CHECK(puts_not("dag/put?store-codec=foo", "{}", "unknown multicodec: \\\"foo\\\""));
	CHECK(puts_not("dag/put?input-codec=foo", "{}", "unknown multicodec: \\\"foo\\\""));
	CHECK(puts_not("dag/put?hash=foo", "{}", "unknown multicodec: \\\"foo\\\""));
	CHECK(puts_not("dag/put?hash=md5", "{}", "potentially insecure hash functions not allowed"));
	CHECK(puts_not("dag/put?store-codec=libp2p-key", "{}", "no encoder registered for multicodec code 114 (0x72)"));
	CHECK(puts_not("dag/put?input-codec=git-raw", "{}", "git-raw, offset 0: no kind of object (blob, tree, commit, tag)"));
	CHECK(puts_not("dag/put?pin=true", B_JSON, "pin: " MISSING GONE));
	CHECK(pins() == 0);
	rpc_part("form-data; name=\"file\"; filename=\"d\"", "application/x-directory", span_str(""));
	CHECK(refused(rpc_send("dag/put"), "expected a regular file"));
	rpc_file("d%2Fa", "{}");
	CHECK(refused(rpc_send("dag/put"), "expected a regular file"));
	CHECK(rpc("dag/put") == 400);
	CHECK_STR(rpc_body(), "file argument 'object data' is required\n");
}

/* those before the one that is wrong are put, and told */
static void a_bad_one_among_good(void)
{
	rpc_open("");
	rpc_file("a", "{\"a\":1}");
	rpc_file("b", "{bad");
	rpc_file("c", B_JSON);
	CHECK(rpc_send("dag/put") == 200);
	CHECK_STR(rpc_body(), "{\"Cid\":{\"/\":\"" A "\"}}\n");
	CHECK(strstr(rpc_trailer("x-stream-error"), "dag-json, offset 1") != NULL);
	CHECK(rpc_gives("dag/get?arg=" A, "{\"a\":1}"));
	CHECK(says("dag/get?arg=" B, MISSING B));
}

static void too_big_a_node(void)
{
	char *text = unit_kept(3000001);

	rpc_open("");
	memset(text, '1', 3000000);
	text[3000000] = 0;
	CHECK(puts_not("dag/put?input-codec=raw&store-codec=raw", text, "produced block is over 2MiB: big blocks can't be "
		       "exchanged with other peers. consider using UnixFS for automatic chunking of bigger files, or pass "
		       "--allow-big-block to override"));
	rpc_file("x", text);
	CHECK(rpc_send("dag/put?input-codec=raw&store-codec=raw&allow-big-block=true") == 200);
}

/* ---- get, resolve ---- */

static void getting(void)
{
	begin();
	CHECK(rpc_gives("dag/get?arg=" B, B_JSON));
	CHECK_STR(rpc_field("content-type"), "text/plain");
	CHECK_STR(rpc_field("x-stream-output"), "1");
	CHECK(rpc_gives("dag/get/" B, B_JSON));
	CHECK(rpc_gives("dag/get?arg=" B "/b/1", "2"));
	CHECK(rpc_gives("dag/get?arg=" B "/x", "{\"/\":{\"bytes\":\"aGVsbG8\"}}"));
	CHECK(rpc_gives("dag/get?output-codec=raw&arg=" B "/x", "hello"));
	CHECK(rpc_gives("dag/get?output-codec=dag-cbor&arg=" A, "\xa1" "aa\x01"));
	CHECK(rpc_gives("dag/get?arg=" FOO, "{\"Data\":{\"/\":{\"bytes\":\"CAE\"}},\"Links\":[{\"Hash\":{\"/\":\"" ABC
		 "\"},\"Name\":\"foo\",\"Tsize\":12}]}"));
	CHECK(rpc_gives("dag/get?arg=/ipfs/" FOO "/foo", "{\"Data\":{\"/\":{\"bytes\":\"CAISBGFiYwoYBA\"}},\"Links\":[]}"));
	CHECK(rpc_gives("dag/get?arg=/ipld/" FOO "/Links/0/Hash", "{\"Data\":{\"/\":{\"bytes\":\"CAISBGFiYwoYBA\"}},\"Links\":[]}"));
	CHECK(rpc_gives("dag/get?arg=/ipld/" FOO "/Links/0/Name", "\"foo\""));
	rpc_part("form-data; name=\"file\"", NULL, span_str(A "\n"));
	CHECK(rpc_send("dag/get") == 200);
	CHECK_STR(rpc_body(), "{\"a\":1}");
}

static void not_getting(void)
{
	begin();
	CHECK(says("dag/get?arg=" B "/b/2", MISSING GONE));
	CHECK(says("dag/get?arg=" B "/zz", "key not found: \\\"zz\\\""));
	CHECK(says("dag/get?arg=" B "/b/7", "key not found: \\\"7\\\""));
	CHECK(says("dag/get?arg=" B "/zz/y", "no link named \\\"zz\\\" under " B));
	CHECK(says("dag/get?arg=" FOO "/nope", "no link named \\\"nope\\\" under " FOO));
	CHECK(says("dag/get?arg=" GONE, MISSING GONE));
	CHECK(says("dag/get?arg=foo", "invalid path \\\"foo\\\": path does not have enough components"));
	CHECK(says("dag/get?output-codec=foo&arg=" A, "unknown multicodec: \\\"foo\\\""));
	CHECK(says("dag/get?output-codec=libp2p-key&arg=" A, "invalid encoding: libp2p-key - no encoder registered for "
		   "multicodec code 114 (0x72)"));
	/* Kubo has answered 200 by then */
	CHECK(says("dag/get?output-codec=json&arg=" B, "json holds no links"));
	CHECK(rpc("dag/get?timeout=1ns&arg=" A) == 500);
	CHECK(strstr(rpc_body(), "\"context deadline exceeded\"") != NULL);
	CHECK(rpc("dag/get") == 400);
	CHECK_STR(rpc_body(), "argument \"ref\" is required\n");
}

static void resolving(void)
{
	begin();
	CHECK(rpc_gives("dag/resolve?arg=" B "/b/1", "{\"Cid\":{\"/\":\"" B "\"},\"RemPath\":\"/b/1\"}\n"));
	CHECK(rpc_gives("dag/resolve?arg=" B, "{\"Cid\":{\"/\":\"" B "\"},\"RemPath\":\"\"}\n"));
	CHECK(rpc_gives("dag/resolve?arg=" B "/b/2", "{\"Cid\":{\"/\":\"" GONE "\"},\"RemPath\":\"\"}\n"));
	CHECK(rpc_gives("dag/resolve?cid-base=base16&arg=" FOO "/foo", "{\"Cid\":{\"/\":\"" ABC "\"},\"RemPath\":\"\"}\n"));
	CHECK(rpc_gives("dag/resolve?enc=text&arg=" FOO "/foo", ABC));
	CHECK(rpc_gives("dag/resolve?enc=text&arg=" B "/b/1", B "/b/1"));
	CHECK(rpc_gives("dag/resolve?enc=text&cid-base=base16&arg=" B "/b/1",
		 "f01711220b3d6166d6bfea6819ad220f6f93794c0ab1c2d70ad2a65c5290611d196436e82/b/1"));
	CHECK(says("dag/resolve?arg=" GONE "/a", MISSING GONE));
	CHECK(rpc_gives("dag/resolve?arg=" GONE, "{\"Cid\":{\"/\":\"" GONE "\"},\"RemPath\":\"\"}\n"));
}

/* ---- stat ---- */

static void counting(void)
{
	begin();
	CHECK(rpc_gives("dag/stat?progress=false&arg=" FOO, "{\"UniqueBlocks\":2,\"TotalSize\":61,\"Ratio\":1,\"DagStats\":["
		 "{\"Cid\":\"" FOO "\",\"Size\":61,\"NumBlocks\":2}]}\n"));
	CHECK_STR(rpc_field("x-chunked-output"), "1");
	CHECK(rpc_gives("dag/stat?arg=" FOO "&arg=" ABC, "{\"UniqueBlocks\":2,\"TotalSize\":61,\"SharedSize\":12,\"Ratio\":1.1967213,"
		 "\"DagStats\":[{\"Cid\":\"" FOO "\",\"Size\":61,\"NumBlocks\":2},{\"Cid\":\"" ABC "\",\"Size\":12,"
		 "\"NumBlocks\":1}]}\n"));
	CHECK(rpc("dag/stat?cid-base=base32&arg=" ABC) == 200);
	CHECK(strstr(rpc_body(), "[{\"Cid\":\"bafybeih") != NULL);
	CHECK(rpc_gives("dag/stat?enc=text&arg=" ABC, "\nCID                                           \tBlocks         \tSize\n" ABC
		 "\t1              \t12\n\nSummary\nTotal Size: 12 (12 B)\nUnique Blocks: 1\nShared Size: 0 (0 B)\n"
		 "Ratio: 1.000000\n\n\n"));
	/* Kubo divides 0 by 0 and says that it cannot write that */
	CHECK(rpc_gives("dag/stat?arg=bafkqaaa", "{\"UniqueBlocks\":1,\"DagStats\":[{\"Cid\":\"bafkqaaa\",\"NumBlocks\":1}]}\n"));
	CHECK(says("dag/stat?arg=" B, "error traversing DAG: " MISSING GONE));
	CHECK(says("dag/stat?arg=" GONE, MISSING GONE));
	CHECK(says("dag/stat?arg=" A "/a", "cannot return size for anything other than a DAG with a root CID"));
}

/* ---- archives ---- */

struct car {
	struct buf bytes;
	struct sink_buf sink;
	struct car_out out;
};

static struct cid cid_of(struct span block)
{
	struct cid cid;

	if (cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, &block, 1) < 0)
		abort();
	return cid;
}

static void car_begin(struct car *c, const struct cid *roots, size_t n)
{
	c->bytes = BUF_INIT(64 << 20);
	sink_buf_start(&c->sink, &c->bytes);
	if (car_out_start(&c->out, &c->sink.sink, NULL, roots, n) < 0)
		abort();
}

static void car_add(struct car *c, const struct cid *cid, struct span block)
{
	struct piece p = { .bytes = block, .fd = -1, .len = block.len };

	if (car_out_block(&c->out, cid, &p) < 0)
		abort();
}

static void attach(const struct car *c)
{
	rpc_part("form-data; name=\"file\"; filename=\"x.car\"", "application/vnd.ipld.car", buf_span(&c->bytes));
}

static int imports(const char *call, const struct car *c, const char *body)
{
	int status;

	attach(c);
	status = rpc_send(call);
	if (status == 200 && !strcmp(rpc_body(), body))
		return 1;
	printf("# %s: %d %s", call, status, rpc_body());
	return 0;
}

#define HELLO "bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am"	/* "hello\n" */
#define SECOND "bafkreigtq6r7hzoav26tqr6c3xqkesg5wh5i6bh6n74z5hhh4yh5xtm4h4"	/* "second block" */
#define THIRD "bafkreifr5gjsiuc32mw2bypylxhv4gnatwyeqhukcx3cyqplgibqjkhje4"	/* "third" */
#define ROOT(cid, why) "{\"Root\":{\"Cid\":{\"/\":\"" cid "\"},\"PinErrorMsg\":\"" why "\"}}\n"

static const char *const word[] = { "hello\n", "second block", "third" };

/* the roots and blocks with these letters: "ab" for hello and second */
static void make_car(struct car *c, const char *roots, const char *blocks)
{
	struct cid all[3], root[3];
	size_t i, n;

	for (i = 0; i < 3; i++)
		all[i] = cid_of(span_str(word[i]));
	for (n = 0; roots[n]; n++)
		root[n] = all[roots[n] - 'a'];
	car_begin(c, root, n);
	for (; *blocks; blocks++)
		car_add(c, &all[*blocks - 'a'], span_str(word[*blocks - 'a']));
}

static void importing(void)
{
	struct car two, none, other;

	rpc_open("");
	make_car(&two, "aba", "ab");
	make_car(&none, "", "a");
	make_car(&other, "c", "a");
	CHECK(imports("dag/import?pin-roots=false", &two, ""));
	CHECK(pins() == 0);
	CHECK(imports("dag/import?stats=true", &two, ROOT(HELLO, "") ROOT(SECOND, "")
		      "{\"Stats\":{\"BlockCount\":2,\"BlockBytesCount\":18}}\n"));
	CHECK_STR(rpc_field("x-chunked-output"), "1");
	CHECK(pins() == 2);
	CHECK(imports("dag/import", &none, ""));
	CHECK(imports("dag/import?silent=true", &other, ROOT(THIRD, "ipld: could not find " THIRD)));
	CHECK(imports("dag/import?local-only=true&stats=true", &other,
		      "{\"Stats\":{\"BlockCount\":1,\"BlockBytesCount\":6}}\n"));
	CHECK(imports("dag/import?enc=text&stats=true", &two, "Pinned root\t" HELLO "\tsuccess\nPinned root\t" SECOND
		      "\tsuccess\nImported 2 blocks (18 bytes)\n"));
	CHECK(imports("dag/import?enc=text&stats=true&silent=true", &two, ""));
	attach(&two);
	attach(&none);
	CHECK(rpc_send("dag/import?stats=true&pin-roots=0") == 200);
	CHECK_STR(rpc_body(), "{\"Stats\":{\"BlockCount\":3,\"BlockBytesCount\":24}}\n");
	buf_clear(&two.bytes);
	buf_clear(&none.bytes);
	buf_clear(&other.bytes);
}

static int fails(const struct car *c, size_t cut, const char *message)
{
	rpc_part("form-data; name=\"file\"; filename=\"x.car\"", NULL, span_of(c->bytes.data, c->bytes.len - cut));
	return refused(rpc_send("dag/import"), message);
}

static void not_importing(void)
{
	struct cid hello = cid_of(span_str("hello\n")), second = cid_of(span_str("second block")), odd;
	struct car c;

	rpc_open("");
	make_car(&c, "a", "ab");
	CHECK(fails(&c, 3, "import failed after block \\\"" HELLO "\\\": unexpected EOF"));
	CHECK(store_has(rpc_now.st, &hello) == 1);		/* what came before stays */
	CHECK(store_has(rpc_now.st, &second) == 0);
	CHECK(fails(&c, c.bytes.len - 20, "unexpected EOF"));
	CHECK(fails(&c, c.bytes.len, "unexpected EOF"));
	attach(&c);
	CHECK(refused(rpc_send("dag/import?local-only=1&pin-roots=1"), "--local-only implies --pin-roots=false and cannot be "
		      "combined with --pin-roots=true; please drop one of them"));
	c.bytes.data[c.bytes.len - 1] ^= 1;
	CHECK(fails(&c, 0, "import failed after block \\\"" HELLO "\\\": mismatch in content integrity, expected: " SECOND
		    ", got: bafkreicszrhbubn5wltvsz34si5zl7zjrb6ocgdm63ts4mjp7p2wver4jm"));
	buf_clear(&c.bytes);

	make_car(&c, "a", "a");
	odd = second;
	odd.codec = CID_DAG_CBOR;
	odd.bytes[1] = CID_DAG_CBOR;
	car_add(&c, &odd, span_str("second block"));
	CHECK(fails(&c, 0, "import failed at block \\\"bafyreigtq6r7hzoav26tqr6c3xqkesg5wh5i6bh6n74z5hhh4yh5xtm4h4\\\": dag-cbor, "
		    "offset 1: 19 bytes are announced, and 11 follow"));
	buf_clear(&c.bytes);

	make_car(&c, "a", "");
	NEED(cid_make(&odd, 1, CID_RAW, 0xd5, span_of("0123456789abcdef", 16)) == 0);
	car_add(&c, &odd, span_str("hello\n"));
	CHECK(fails(&c, 0, "potentially insecure hash functions not allowed"));
	buf_clear(&c.bytes);

	rpc_part("form-data; name=\"file\"; filename=\"d\"", "application/x-directory", span_str(""));
	CHECK(refused(rpc_send("dag/import"), "expected a file handle"));
	CHECK(pins() == 0);
	CHECK(rpc("dag/import") == 400);
	CHECK_STR(rpc_body(), "file argument 'path' is required\n");
}

/* a root is pinned if all below it is here; the others say what they are short of */
static void what_sticks_is_pinned(void)
{
	struct span block = span_str("\x82\xd8\x2a\x58\x25\x00\x01\x55\x12\x20");
	struct cid third = cid_of(span_str("third")), hello = cid_of(span_str("hello\n")), roots[2];
	struct buf node = BUF_INIT(100);
	struct car c;

	rpc_open("");
	buf_bytes(&node, "\x82\xd8\x2a\x58\x25\x00", 6);
	buf_add(&node, cid_span(&third));
	buf_u8(&node, 1);
	block = buf_span(&node);
	if (cid_sum(&roots[0], 1, CID_DAG_CBOR, MH_SHA2_256, &block, 1) < 0)
		abort();
	roots[1] = hello;
	car_begin(&c, roots, 2);
	car_add(&c, &roots[0], block);
	car_add(&c, &hello, span_str("hello\n"));
	CHECK(imports("dag/import", &c, ROOT("bafyreiex5ho2vtdlxxap767bedileacwca37mmhwtochysjfkb3dkweovu", MISSING THIRD)
		      ROOT(HELLO, "")));
	CHECK(pins() == 1);
	attach(&c);
	CHECK(rpc_send("dag/import?enc=text") == 500);
	CHECK_STR(rpc_body(), "pinning root \"bafyreiex5ho2vtdlxxap767bedileacwca37mmhwtochysjfkb3dkweovu\" FAILED: "
		  MISSING THIRD);
	attach(&c);
	CHECK(rpc_send("dag/import?enc=text&silent=true") == 200);
	CHECK_STR(rpc_body(), "");
	buf_clear(&node);
	buf_clear(&c.bytes);
}

enum { MANY = 120, EACH = 40000 };

static const uint8_t *nth(uint32_t seed, uint8_t block[EACH])
{
	size_t i;

	for (i = 0, seed += 12345; i < EACH; i++) {
		seed = seed * 1103515245 + 12345;
		block[i] = (uint8_t)(seed >> 16);
	}
	return block;
}

static void many(struct car *c, struct cid cids[MANY])
{
	static uint8_t block[EACH];
	uint32_t i;

	for (i = 0; i < MANY; i++)
		cids[i] = cid_of(span_of(nth(i, block), EACH));
	car_begin(c, cids, 1);
	for (i = 0; i < MANY; i++)
		car_add(c, &cids[i], span_of(nth(i, block), EACH));
}

static void a_long_one_in_small_pieces(void)
{
	static struct cid cids[MANY];
	char text[CID_TEXT_MAX], want[400];
	struct car c;

	rpc_open("");
	many(&c, cids);
	rpc_now.step = 1021;
	snprintf(want, sizeof want, ROOT("%s", "") "{\"Stats\":{\"BlockCount\":120,\"BlockBytesCount\":4800000}}\n",
		 cid_text(&cids[0], text));
	CHECK(imports("dag/import?stats=1", &c, want));
	c.bytes.data[c.bytes.len - 5] ^= 1;		/* in the last, whose slab others hash */
	attach(&c);
	CHECK(rpc_send("dag/import") == 500);
	CHECK(strstr(rpc_body(), cid_text(&cids[MANY - 2], text)) != NULL);
	rpc_now.step = 0;
	buf_clear(&c.bytes);
}

/* whoever hangs up has pinned nothing; what he sent may stay */
static void a_client_that_goes_away(void)
{
	static struct cid cids[MANY];
	struct car c;

	rpc_open("");
	many(&c, cids);
	attach(&c);
	rpc_now.cut = 3000000;
	CHECK(rpc_send("dag/import") == 0);
	rpc_now.cut = 0;
	CHECK(rpc_now.heard.rc == ERR_INTERRUPTED);
	CHECK(pins() == 0);
	CHECK(store_has(rpc_now.st, &cids[0]) == 1 && store_has(rpc_now.st, &cids[MANY - 1]) == 0);
	/* a body that ends in the middle of a part is another thing: it can be told */
	rpc_part("form-data; name=\"file\"; filename=\"x.car\"", NULL, span_of(c.bytes.data, 100));
	rpc_now.send.len -= 2;
	CHECK(rpc_ask("POST", "/api/v0/dag/import", "content-type: multipart/form-data; boundary=\"" RPC_BOUNDARY "\"\n") == 500);
	CHECK_STR(rpc_body(), "{\"Message\":\"import failed: unexpected EOF\",\"Code\":0,\"Type\":\"error\"}\n");
	buf_clear(&c.bytes);
}

static void exporting(void)
{
	static uint8_t block[EACH];
	char call[200], text[CID_TEXT_MAX];
	struct cid cid = cid_of(span_of(nth(7, block), EACH)), root;
	struct car c;

	begin();
	put_block(CID_RAW, 1, span_of(block, EACH));
	car_begin(&c, &cid, 1);
	car_add(&c, &cid, span_of(block, EACH));
	snprintf(call, sizeof call, "dag/export?arg=%s", cid_text(&cid, text));
	CHECK(rpc(call) == 200);
	CHECK_STR(rpc_field("content-type"), "application/vnd.ipld.car");
	CHECK_STR(rpc_field("x-stream-output"), "1");
	CHECK(span_equal(buf_span(&rpc_now.heard.body), buf_span(&c.bytes)));
	CHECK(rpc_now.heard.n_extents == 1);		/* it never went through our memory */
	buf_clear(&c.bytes);

	/* the root of the archive is what the path leads to; the text of a node is left behind */
	NEED(cid_parse(span_str(A), &root, NULL) == 0);
	car_begin(&c, &root, 1);
	car_add(&c, &root, span_str("\xa1" "aa\x01"));
	CHECK(rpc("dag/export?progress=true&arg=" A "/a") == 200);
	CHECK(span_equal(buf_span(&rpc_now.heard.body), buf_span(&c.bytes)));
	CHECK_STR(rpc_trailer("x-stream-error"), "");
	buf_clear(&c.bytes);
}

static void exporting_what_is_not_whole(void)
{
	struct cid root;
	struct buf node = BUF_INIT(1000);
	struct car c;

	begin();
	NEED(cid_parse(span_str(B), &root, NULL) == 0 && store_get(rpc_now.st, &root, &node) == 0);
	car_begin(&c, &root, 1);
	car_add(&c, &root, buf_span(&node));
	CHECK(says("dag/export?arg=" GONE, MISSING GONE));
	CHECK(says("dag/export?local-only=true&arg=" GONE, MISSING GONE));
	CHECK(says("dag/export?local-only=true&offline=false&arg=" A, "--local-only implies --offline and cannot be combined with "
		   "--offline=false; please drop one of them"));
	CHECK(rpc("dag/export?arg=" B) == 200);
	CHECK_STR(rpc_trailer("x-stream-error"), "walk failed: " MISSING GONE
		  " (currently offline, perhaps retry after attaching to the network)");
	CHECK(span_equal(buf_span(&rpc_now.heard.body), buf_span(&c.bytes)));
	CHECK(rpc("dag/export?offline=true&arg=" B) == 200);
	CHECK_STR(rpc_trailer("x-stream-error"), "walk failed: " MISSING GONE
		  " (currently offline, perhaps retry without the offline flag)");
	CHECK(rpc("dag/export?local-only=true&arg=" B) == 200);
	CHECK_STR(rpc_trailer("x-stream-error"), "");
	CHECK(span_equal(buf_span(&rpc_now.heard.body), buf_span(&c.bytes)));
	buf_clear(&node);
	buf_clear(&c.bytes);
}

int main(void)
{
	RUN(putting);
	RUN(not_putting);
	RUN(a_bad_one_among_good);
	RUN(too_big_a_node);
	RUN(getting);
	RUN(not_getting);
	RUN(resolving);
	RUN(counting);
	RUN(importing);
	RUN(not_importing);
	RUN(what_sticks_is_pinned);
	RUN(a_long_one_in_small_pieces);
	RUN(a_client_that_goes_away);
	RUN(exporting);
	RUN(exporting_what_is_not_whole);
	rpc_close();
	return UNIT_END();
}
