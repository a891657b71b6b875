/* call_test.c - arguments, options, bodies, and the ways to answer, with a command of the test's own */
#include "rpc.h"

static const struct opt opts[] = {
	{ "recursive,r", OPT_BOOL, "true" }, { "offset,o", OPT_INT64, NULL }, { "mode", OPT_UINT, NULL },
	{ "name,n", OPT_STRING, "x" }, { "ignore", OPT_STRINGS, NULL }, { "f", OPT_FLOAT, "0.5" }, { NULL }
};
static int run(struct call *c) { (void)c; return 0; }
static const struct command cmd = { "test", "one! two", NULL, opts, 0, run };
static const struct command file_cmd = { "test", "", "data!...", NULL, CMD_FILE, run };
static const struct command list_cmd = { "test", "path!...", NULL, NULL, CMD_STDIN, run };

static struct call call;

static void over(void)
{
	parts_free(&call);
	query_free(&call);
	buf_clear(&call.json);
	memset(&call, 0, sizeof call);
}

/* the query given to the test's command: 0 or the status it is refused with */
static int asked(const struct command *of, const char *query)
{
	static struct request rq;

	over();
	rq = (struct request){ .path = span_str("/api/v0/version"), .query = span_str(query) };
	call = (struct call){ .rq = &rq, .cmd = of };
	call.query = calloc(1, sizeof *call.query);
	return query_take(&call);
}

static void options(void)
{
	CHECK(asked(&cmd, "arg=a&arg=b%20c+d&arg=&nonsense=7") == 0 && query_finish(&call) == 0);
	CHECK(call.n_args == 3);
	CHECK_STR(call.arg[1], "b c d");
	CHECK_STR(call.arg[2], "");
	CHECK(call_bool(&call, "recursive") && !call_given(&call, "recursive"));
	CHECK_STR(call_text(&call, "name"), "x");
	CHECK(call_int(&call, "offset") == 0 && call_float(&call, "f") == 0.5);
	CHECK(asked(&cmd, "arg=a&r=False&o=-0x10&mode=0644&name=&ignore=a&ignore=b&f=1e3") == 0);
	CHECK(!call_bool(&call, "recursive") && call_given(&call, "recursive"));
	CHECK(call_int(&call, "offset") == -16 && call_uint(&call, "mode") == 0644);
	CHECK_STR(call_text(&call, "name"), "");
	CHECK_STR(call_each(&call, "ignore", 0), "a");
	CHECK_STR(call_each(&call, "ignore", 1), "b");
	CHECK(!call_each(&call, "ignore", 2) && call_float(&call, "f") == 1000);
	CHECK(asked(&cmd, "arg=a&recursive") == 0 && call_bool(&call, "recursive"));
	CHECK(asked(&cmd, "o=1_000") == 0 && call_int(&call, "offset") == 1000);
	CHECK(asked(&cmd, "o=0b11") == 0 && call_int(&call, "offset") == 3);
	CHECK(asked(&cmd, "o=0o17") == 0 && call_int(&call, "offset") == 15);
	CHECK(asked(&cmd, "o=-9223372036854775808") == 0 && call_int(&call, "offset") == INT64_MIN);
	/* pairs that cannot be read are not there */
	CHECK(asked(&cmd, "o=%zz&arg=a;b&%=1&&=&arg=c%00") == 0 && call.n_args == 0 && !call_given(&call, "offset"));
}

static void refused(void)
{
	CHECK(asked(&cmd, "o=1&o=2") == 400);
	CHECK_STR(err_text(), "expected key o to have only a single value, received [1 2]");
	CHECK(asked(&cmd, "o=1&offset=2") == 0 && call_int(&call, "offset") == 1);
	CHECK(asked(&cmd, "o=") == 400);
	CHECK_STR(err_text(), "could not convert empty value to type \"int64\" (for option \"-o\")");
	CHECK(asked(&cmd, "o=99999999999999999999") == 400);
	CHECK_STR(err_text(), "could not convert value \"99999999999999999999\" to type \"int64\" (for option \"-o\")");
	CHECK(asked(&cmd, "r=maybe") == 400);
	CHECK_STR(err_text(), "could not convert value \"maybe\" to type \"bool\" (for option \"-r\")");
	CHECK(asked(&cmd, "offset=1.5") == 400);
	CHECK_STR(err_text(), "could not convert value \"1.5\" to type \"int64\" (for option \"-offset\")");
	CHECK(asked(&cmd, "mode=-1") == 400);
	CHECK(asked(&cmd, "o=9223372036854775808") == 400);
	CHECK(asked(&cmd, "o=1__0") == 400);
	CHECK(asked(&cmd, "o=_1") == 400);
	CHECK(asked(&cmd, "o=1_") == 400);
	CHECK(asked(&cmd, "o=0x") == 400);
	CHECK(asked(&cmd, "o=09") == 400);
	CHECK(asked(&cmd, "o= 1") == 400);
	CHECK(asked(&cmd, "o=") == 400);
	CHECK(asked(&cmd, "f=x") == 400);
	CHECK(asked(&cmd, "enc=yaml") == 400);
	CHECK_STR(err_text(), "invalid encoding: yaml");
	CHECK(asked(&cmd, "timeout=soon") == 400);
	CHECK(asked(&cmd, "") == 0 && query_finish(&call) == 400);
	CHECK_STR(err_text(), "argument \"one\" is required");
	CHECK(asked(&file_cmd, "") == 0 && query_finish(&call) == 400);
	CHECK_STR(err_text(), "file argument 'data' is required");
	CHECK(asked(&list_cmd, "") == 0 && query_finish(&call) == 400);
	CHECK_STR(err_text(), "argument \"path\" is required");
}

static void durations(void)
{
	int64_t ns = 0;

	CHECK(call_duration("1m30s", &ns) == 0 && ns == 90000000000);
	CHECK(call_duration("500ms", &ns) == 0 && ns == 500000000);
	CHECK(call_duration("1.5h", &ns) == 0 && ns == 5400000000000);
	CHECK(call_duration("2us3ns", &ns) == 0 && ns == 2003);
	CHECK(call_duration("0", &ns) == 0 && ns == 0);
	CHECK(call_duration("-1s", &ns) == 0 && ns == -1000000000);
	CHECK(call_duration("", &ns) < 0);
	CHECK(call_duration("5", &ns) < 0);
	CHECK_STR(err_text(), "time: missing unit in duration \"5\"");
	CHECK(call_duration("5y", &ns) < 0);
	CHECK_STR(err_text(), "time: unknown unit \"y\" in duration \"5y\"");
	CHECK(call_duration("s", &ns) < 0 && call_duration(".s", &ns) < 0 && call_duration("9999999h", &ns) < 0);
}

/* ---- bodies ---- */

/* the parts so far as the body of a call of that command */
static int with_body(const struct command *of, size_t step, size_t cut)
{
	static struct field type = { { (const uint8_t *)"content-type", 12 }, { NULL, 0 } };
	static struct request rq;

	over();
	rpc_now.send.max = 1 << 24;
	if (buf_str(&rpc_now.send, "--" RPC_BOUNDARY "--\r\n") < 0)
		abort();
	type.value = span_str("multipart/form-data; boundary=" RPC_BOUNDARY);
	rq = (struct request){ .read = rpc_read, .field = &type, .n_fields = 1 };
	rpc_now.step = step;
	rpc_now.cut = cut;
	rpc_now.sent = 0;
	call = (struct call){ .rq = &rq, .cmd = of };
	call.query = calloc(1, sizeof *call.query);
	return parts_open(&call);
}

static void body_over(void)
{
	buf_clear(&rpc_now.send);
	rpc_now.step = rpc_now.cut = 0;
	over();
}

static const char *text_of_part(void)
{
	static struct buf b;

	buf_clear(&b);
	b.max = 1 << 20;
	CHECK(call_slurp(&call, &b) == 0);
	return b.data ? (const char *)b.data : "";
}

static void some_parts(void)
{
	rpc_file("dir%2Fa%20b%2B%C3%A9.txt", "hello");
	rpc_part("form-data; name=\"dir-2\"; filename=\"/x/../d//\"", "application/x-directory", span_str(""));
	rpc_part("attachment; filename=\"d%2fl\"", "application/symlink", span_str("../t\r\n------7ba_"));
	rpc_part("form-data; name=\"file?mode=0644&mtime=-5&mtime-nsecs=7\"; filename=\"%zz\"", NULL, span_str(""));
	rpc_part("form-data; name=\"file?x\"", "multipart/form-data; boundary=q", span_str(""));
}

static void parts(void)
{
	static const size_t steps[] = { 0, 1, 7, 100 };
	size_t i;

	for (i = 0; i < sizeof steps / sizeof *steps; i++) {
		some_parts();
		CHECK(with_body(&file_cmd, steps[i], 0) == 0 && call_part(&call) == 1);
		CHECK_STR(call.part.path, "dir/a b+\xc3\xa9.txt");
		CHECK(call.part.kind == PART_FILE && !call.part.has_mtime && !call.part.mode);
		CHECK_STR(text_of_part(), "hello");
		CHECK(call_part(&call) == 1 && call.part.kind == PART_DIR);
		CHECK_STR(call.part.path, "d");
		CHECK(call_part(&call) == 1 && call.part.kind == PART_LINK);
		CHECK_STR(call.part.path, "d/l");
		CHECK_STR(text_of_part(), "../t\r\n------7ba_");
		CHECK_STR(text_of_part(), "");
		CHECK(call_part(&call) == 1 && call.part.mode == 0644 && call.part.mtime == -5 && call.part.nsec == 7);
		CHECK_STR(call.part.path, "%zz");
		CHECK(call_part(&call) == 1 && call.part.kind == PART_DIR && call.part.has_mtime);
		CHECK_STR(call.part.path, "");
		CHECK(call_part(&call) == 0 && call_part(&call) == 0);
		body_over();
	}
	/* what is not read is passed over */
	some_parts();
	CHECK(with_body(&file_cmd, 0, 0) == 0);
	for (i = 0; i < 5; i++)
		CHECK(call_part(&call) == 1);
	CHECK(call_part(&call) == 0);
	body_over();
}

/* a client that goes away at any byte is never taken for one that is done */
static void cut(void)
{
	size_t at, all, n;
	int rc;

	some_parts();
	CHECK(with_body(&file_cmd, 0, 0) == 0);
	all = rpc_now.send.len - 4;		/* behind the last dashes nothing is missed */
	body_over();
	for (at = 1; at < all; at++) {
		some_parts();
		CHECK(with_body(&file_cmd, 0, at) == 0);
		for (n = 0; n < 10 && (rc = call_part(&call)) == 1; n++)
			;
		NEED(rc == ERR_INTERRUPTED && n < 6);
		body_over();
	}
}

static void broken(void)
{
	struct buf b = BUF_INIT(100);

	/* a body that ends too early */
	rpc_file("a", "hello");
	with_body(&file_cmd, 0, 0);
	rpc_now.send.len -= 6;
	CHECK(call_part(&call) == 1 && call_slurp(&call, &b) == ERR_INVALID);
	CHECK(call_part(&call) == ERR_INVALID);
	body_over();
	buf_clear(&b);
	b = BUF_INIT(4);
	rpc_file("a", "hello");
	with_body(&file_cmd, 0, 0);
	CHECK(call_part(&call) == 1 && call_slurp(&call, &b) == ERR_LIMIT);
	body_over();
	buf_clear(&b);
	rpc_file("a%00b", "");
	with_body(&file_cmd, 0, 0);
	CHECK(call_part(&call) == ERR_INVALID);
	body_over();
}

static void odd_heads(void)
{
	rpc_part("form-data; name=\"file?mode=0644&mtime=x\"; filename=\"a\"", NULL, span_str(""));
	rpc_now.send.max = 1 << 20;
	CHECK(buf_str(&rpc_now.send, "--" RPC_BOUNDARY "\r\nContent-Type: text/plain\r\n\r\nnobody's\r\n") == 0);
	rpc_file("b", "hello");
	CHECK(with_body(&file_cmd, 5, 0) == 0 && call_part(&call) == 1 && !call.part.has_mtime && !call.part.mode);
	CHECK(call_part(&call) == 1);
	CHECK_STR(call.part.path, "b");
	CHECK(call_part(&call) == 0);
	body_over();
}

static void arguments_in_body(void)
{
	rpc_part("form-data; name=\"file\"; filename=\"\"", NULL, span_str("one\r\n\ntwo\nthree"));
	CHECK(with_body(&list_cmd, 3, 0) == 0 && parts_args(&call) == 0 && call.n_args == 4);
	CHECK_STR(call.arg[0], "one");
	CHECK_STR(call.arg[1], "");
	CHECK_STR(call.arg[3], "three");
	CHECK(query_finish(&call) == 0);
	body_over();
}

/* ---- words ---- */

static void cids(void)
{
	struct cid v0, v1;
	struct buf out = BUF_INIT(1024);

	CHECK(cid_parse(span_str("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"), &v0, NULL) == 0);
	CHECK(cid_parse(span_str("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"), &v1, NULL) == 0);
	CHECK(asked(&cmd, "") == 0 && call_cid(&call, &v0, &out) == 0);
	CHECK_STR((char *)out.data, "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn");
	buf_reset(&out);
	CHECK(asked(&cmd, "cid-base=base58btc") == 0 && call_cid(&call, &v0, &out) == 0);
	CHECK_STR((char *)out.data, "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn");
	buf_reset(&out);
	CHECK(asked(&cmd, "cid-base=base32") == 0 && call_cid(&call, &v0, &out) == 0);
	CHECK_STR((char *)out.data, "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354");
	buf_reset(&out);
	CHECK(asked(&cmd, "upgrade-cidv0-in-output=true") == 0 && call_cid(&call, &v0, &out) == 0);
	CHECK_STR((char *)out.data, "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354");
	buf_reset(&out);
	CHECK(asked(&cmd, "cid-base=base16") == 0 && call_cid(&call, &v1, &out) == 0);
	CHECK(!strncmp((char *)out.data, "f01551220e3b0c442", 17));
	buf_reset(&out);
	CHECK(asked(&cmd, "cid-base=base99") == 0 && call_cid(&call, &v1, &out) == ERR_USAGE);
	CHECK_STR(err_text(), "unsupported multibase encoding: base99");
	CHECK(call_cid_link(&out, &v0) == 0 && call_cid_link(&out, NULL) == 0);
	CHECK_STR((char *)out.data, "{\"/\":\"QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn\"}null");
	buf_clear(&out);
	over();
}

/* ---- answers, through commands there are ---- */

static void answers(void)
{
	rpc_open("");
	CHECK(rpc("provide/clear") == 200);
	CHECK_STR(rpc_body(), "0\n");
	CHECK_STR(rpc_field("x-chunked-output"), "1");
	CHECK(rpc_now.heard.n_flushes > 0);
	CHECK(rpc("pubsub/reset") == 200);
	CHECK_STR(rpc_body(), "{\"deleted\":0}\n");
	CHECK_STR(rpc_field("x-chunked-output"), "");
	CHECK(rpc("pubsub/reset?enc=text") == 200);
	CHECK_STR(rpc_body(), "Deleted 0 pubsub peer records\n");
	CHECK_STR(rpc_field("content-type"), "text/plain");
	CHECK(rpc("bitswap/stat") == 400);
	CHECK_STR(rpc_body(), "{\"Message\":\"unable to run offline: this command must be run in online mode. Try running "
			      "'ipfs daemon' first\",\"Code\":1,\"Type\":\"error\"}\n");
	CHECK(rpc("swarm/peers?enc=text") == 500);
	CHECK_STR(rpc_body(), "this action must be run in online mode, try running 'ipfs daemon' first");
	CHECK(rpc("swarm/connect/foo%3C%26%3E") == 500);
	CHECK_STR(rpc_body(), "{\"Message\":\"failed to parse multiaddr \\\"foo\\u003c\\u0026\\u003e\\\": must begin with /\","
			      "\"Code\":0,\"Type\":\"error\"}\n");
	CHECK(rpc("swarm/connect") == 400);
	CHECK_STR(rpc_body(), "argument \"address\" is required\n");
	CHECK(rpc("swarm/disconnect?arg=/p2p/QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn") == 200);
	CHECK_STR(rpc_body(), "{\"Strings\":[\"disconnect QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn failure: this "
			      "action must be run in online mode, try running 'ipfs daemon' first\"]}\n");
	CHECK(rpc("pubsub/sub?arg=uZm9v") == 500 && strstr(rpc_body(), "experimental pubsub"));
	CHECK(rpc("pubsub/sub?arg=bmzxw6") == 500 && strstr(rpc_body(), "URL arg must be base64url encoded"));
	CHECK(rpc("pubsub/sub?arg=foo") == 500 && strstr(rpc_body(), "URL arg must be multibase encoded"));
}

int main(void)
{
	RUN(options);
	RUN(refused);
	RUN(durations);
	RUN(parts);
	RUN(cut);
	RUN(broken);
	RUN(odd_heads);
	RUN(arguments_in_body);
	RUN(cids);
	RUN(answers);
	rpc_close();
	over();
	return UNIT_END();
}
