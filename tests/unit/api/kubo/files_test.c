/* files_test.c - the mutable files over the RPC: shapes, words and CIDs are Kubo's */
#include "rpc.h"

#define EMPTY "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"

static int quiet(const char *call)
{
	int status = rpc(call);

	if (status == 200 && !*rpc_body() && !strcmp(rpc_field("x-chunked-output"), "1") &&
	    !strcmp(rpc_field("content-type"), "application/json") && !*rpc_trailer("x-stream-error"))
		return 1;
	printf("# %s: %d %s%s\n", call, status, rpc_body(), rpc_trailer("x-stream-error"));
	return 0;
}

static int write_to(const char *call, const char *text)
{
	rpc_file("arg", text);
	if (rpc_send(call) == 200 && !*rpc_body())
		return 1;
	printf("# %s: %d %s", call, rpc_now.heard.r.status, rpc_body());
	return 0;
}

static void begin(void)
{
	rpc_open("");
	CHECK(write_to("files/write?arg=/w1&create=true", "hello world"));
	CHECK(write_to("files/write?arg=/m/x/y&create=true&parents=true&raw-leaves=true&cid-version=1", "hello <&> world"));
	CHECK(quiet("files/chmod?arg=0741&arg=/w1"));
	CHECK(quiet("files/touch?arg=/w1&mtime=1600000000&mtime-nsecs=55"));
	CHECK(quiet("files/chmod?arg=1755&arg=/m"));
}

static void stat_(void)
{
	begin();
	CHECK(rpc_gives("files/stat?arg=/w1", "{\"Hash\":\"QmQPGRWqDc5ASY3hQwrgUhzdC6su3J7QqxAUf7C5ycLqCL\",\"Size\":11,"
		    "\"CumulativeSize\":85,\"Blocks\":1,\"Type\":\"file\",\"Mtime\":1600000000,\"MtimeNsecs\":55,"
		    "\"Mode\":\"0741\"}\n"));
	CHECK(rpc_gives("files/stat?arg=/w1&with-local=true",
		    "{\"Hash\":\"QmQPGRWqDc5ASY3hQwrgUhzdC6su3J7QqxAUf7C5ycLqCL\",\"Size\":11,\"CumulativeSize\":85,"
		    "\"Blocks\":1,\"Type\":\"file\",\"WithLocality\":true,\"Local\":true,\"SizeLocal\":85,"
		    "\"Mtime\":1600000000,\"MtimeNsecs\":55,\"Mode\":\"0741\"}\n"));
	CHECK(rpc_gives("files/stat?arg=/", "{\"Hash\":\"QmV6EVASMzWLnAU4SseBYa958p8mxAQDZkaJpBFNsX5ZEj\",\"Size\":0,"
		    "\"CumulativeSize\":294,\"Blocks\":2,\"Type\":\"directory\"}\n"));
	CHECK(rpc_says("files/stat?arg=/ipfs/bafyreihltcnuuyqp2jm24aqydpnlj7b6w3ogwrplomrjtg5rifv44mmjey",
		   "not unixfs node (proto or raw)"));
	CHECK(rpc_gives("files/stat?arg=/m", "{\"Hash\":\"bafybeihf2ngwswa4sfwlgbx7p55vlixd5rzp5a4x7xtkach36n6t3x2eo4\","
		    "\"Size\":0,\"CumulativeSize\":116,\"Blocks\":1,\"Type\":\"directory\",\"Mode\":\"20000000755\"}\n"));
	CHECK(rpc_gives("files/stat?arg=/m/x/y", "{\"Hash\":\"bafkreie7itcekgsi553amvqnovnwusc6nhoi4k7ccvl24d3svey6kqhbxe\","
		    "\"Size\":15,\"CumulativeSize\":15,\"Blocks\":0,\"Type\":\"file\"}\n"));
	CHECK(rpc_gives("files/stat?arg=/w1&enc=text", "QmQPGRWqDc5ASY3hQwrgUhzdC6su3J7QqxAUf7C5ycLqCL\nSize: 11\n"
		    "CumulativeSize: 85\nChildBlocks: 1\nType: file\nMode: -rwxr----x (0741)\n"
		    "Mtime: 13 Sep 2020, 12:26:40 UTC\n"));
	CHECK(rpc_gives("files/stat?arg=/w1&hash=true&enc=text", "QmQPGRWqDc5ASY3hQwrgUhzdC6su3J7QqxAUf7C5ycLqCL\n"));
	CHECK(rpc_gives("files/stat?arg=/w1&format=%3Ctype%3E%3Cx%3E%3Csize&enc=text", "file<x><size\n"));
	CHECK(rpc_gives("files/stat?arg=ipfs://QmV6EVASMzWLnAU4SseBYa958p8mxAQDZkaJpBFNsX5ZEj/w1&hash=true&enc=text",
		    "QmQPGRWqDc5ASY3hQwrgUhzdC6su3J7QqxAUf7C5ycLqCL\n"));
	CHECK(rpc("files/stat?arg=/w1&hash=true&size=true") == 400);
	CHECK_STR(rpc_body(), "{\"Message\":\"invalid parameters: format was set by multiple options. Only one format option "
			      "is allowed\",\"Code\":1,\"Type\":\"error\"}\n");
	CHECK(rpc_says("files/stat?arg=" EMPTY, "paths must start with a leading slash"));
	CHECK(rpc_says("files/stat?arg=", "paths must not be empty"));
	CHECK(rpc_says("files/stat?arg=/nope", "file does not exist"));
}

static void ls(void)
{
	rpc_open("");
	CHECK(rpc_gives("files/ls", "{\"Entries\":null}\n"));
	begin();
	CHECK(rpc_gives("files/ls", "{\"Entries\":[{\"Name\":\"m\",\"Type\":0,\"Size\":0,\"Hash\":\"\"},{\"Name\":\"w1\","
		    "\"Type\":0,\"Size\":0,\"Hash\":\"\"}]}\n"));
	CHECK_STR(rpc_field("x-chunked-output"), "");
	CHECK(rpc_gives("files/ls?long=true&stream=true&cid-base=base16",
		    "{\"Entries\":[{\"Name\":\"m\",\"Type\":1,\"Size\":0,\"Hash\":"
		    "\"bafybeihf2ngwswa4sfwlgbx7p55vlixd5rzp5a4x7xtkach36n6t3x2eo4\"},{\"Name\":\"w1\",\"Type\":0,"
		    "\"Size\":11,\"Hash\":\"QmQPGRWqDc5ASY3hQwrgUhzdC6su3J7QqxAUf7C5ycLqCL\"}]}\n"));
	CHECK(rpc_gives("files/ls?arg=/w1", "{\"Entries\":[{\"Name\":\"w1\",\"Type\":0,\"Size\":0,\"Hash\":\"\"}]}\n"));
	CHECK(rpc_gives("files/ls?enc=text&long=true", "m/\tbafybeihf2ngwswa4sfwlgbx7p55vlixd5rzp5a4x7xtkach36n6t3x2eo4\t0\n"
		    "w1\tQmQPGRWqDc5ASY3hQwrgUhzdC6su3J7QqxAUf7C5ycLqCL\t11\n"));
	CHECK(rpc_says("files/ls?arg=/nope", "file does not exist"));
	CHECK(quiet("files/mkdir?arg=/q%3C%22"));
	CHECK(rpc("files/ls") == 200 && strstr(rpc_body(), "\"Name\":\"q\\u003c\\\"\""));
}

static void reading(void)
{
	begin();
	CHECK(rpc_gives("files/read?arg=/w1", "hello world"));
	CHECK_STR(rpc_field("content-type"), "text/plain");
	CHECK_STR(rpc_field("x-stream-output"), "1");
	CHECK(rpc_gives("files/read?arg=/w1&offset=3&count=4", "lo w"));
	CHECK(rpc_gives("files/read?arg=/w1&offset=11", ""));
	CHECK(rpc_gives("files/read?arg=/w1&count=0", ""));
	CHECK(rpc_gives("files/read?arg=/w1&count=100&length=1", "hello world"));
	CHECK(rpc_says("files/read?arg=/w1&offset=300", "offset was past end of file (300 \\u003e 11)"));
	CHECK(rpc_says("files/read?arg=/w1&offset=-3", "cannot specify negative offset"));
	CHECK(rpc_says("files/read?arg=/w1&count=-3", "cannot specify negative 'count'"));
	CHECK(rpc_says("files/read?arg=/m", "/m was not a file"));
	CHECK(rpc_says("files/read?arg=/nope", "/nope: file does not exist"));
}

static void writing(void)
{
	begin();
	CHECK(write_to("files/write?arg=/w1&offset=6", "there"));
	CHECK(rpc_gives("files/read?arg=/w1", "hello there"));
	CHECK(write_to("files/write?arg=/w1&truncate=true&count=2", "xyz"));
	CHECK(rpc_gives("files/read?arg=/w1", "xy"));
	rpc_file("arg", "z");
	CHECK(rpc_send("files/write?arg=/nope") == 500 && strstr(rpc_body(), "file does not exist"));
	rpc_file("arg", "z");
	CHECK(rpc_send("files/write?arg=/w1&offset=-1") == 500 && strstr(rpc_body(), "cannot have negative write offset"));
	rpc_file("arg", "z");
	CHECK(rpc_send("files/write?arg=/w1&count=-1") == 500 && strstr(rpc_body(), "cannot have negative byte count"));
	CHECK(rpc("files/write?arg=/q") == 400);
	CHECK_STR(rpc_body(), "file argument 'data' is required\n");
}

/* a client that goes away while it writes has written nothing */
static void cut_write(void)
{
	size_t at;

	begin();
	for (at = 20; at < 140; at += 7) {
		rpc_file("arg", "something else, somewhat longer");
		rpc_now.cut = at;
		rpc_send("files/write?arg=/w1&truncate=true");
		rpc_now.cut = 0;
		if (rpc_now.heard.rc == 0)
			break;			/* the cut is behind the end */
		CHECK(rpc_now.heard.rc == ERR_INTERRUPTED && !rpc_now.heard.starts);
		CHECK(rpc_gives("files/read?arg=/w1", "hello world"));
	}
	CHECK(at > 100);
}

static void changing(void)
{
	begin();
	CHECK(quiet("files/mkdir?arg=/d"));
	CHECK(rpc_says("files/mkdir?arg=/d", "file already exists"));
	CHECK(quiet("files/mkdir?arg=/d&parents=true"));
	CHECK(rpc_says("files/mkdir?arg=/", "cannot create directory '/': Already exists"));
	CHECK(rpc_says("files/mkdir?arg=/q/w/e", "file does not exist"));
	CHECK(rpc_says("files/mkdir?arg=/zz&cid-version=9", "unknown CID version: 9"));
	CHECK(rpc_says("files/mkdir?arg=/zz&hash=zz", "unrecognized hash function: \\\"zz\\\""));
	CHECK(rpc_gives("files/flush?arg=/d", "{\"Cid\":\"" EMPTY "\"}\n"));
	CHECK(quiet("files/cp?arg=/ipfs/" EMPTY "&arg=/cc"));
	CHECK(rpc_says("files/cp?arg=/ipfs/" EMPTY "&arg=/cc",
		   "cp: cannot put node in path /cc: directory already has entry by that name"));
	CHECK(quiet("files/mv?arg=/cc&arg=/ce"));
	CHECK(rpc_says("files/stat?arg=/cc", "file does not exist"));
	CHECK(rpc_says("files/chmod?arg=9&arg=/w1", "strconv.ParseInt: parsing \\\"9\\\": invalid syntax"));
	CHECK(rpc_says("files/touch?arg=/nope", "file does not exist"));
	CHECK(quiet("files/chcid?arg=/d&cid-version=1"));
	CHECK(rpc("files/chroot?arg=x") == 404);
	CHECK(rpc("files/chmod?arg=0") == 400);
	CHECK_STR(rpc_body(), "argument \"path\" is required\n");
}

static int stays(const char *call, const char *body)
{
	int status = rpc(call);

	if (status == 200 && !strcmp(rpc_body(), body) &&
	    !strcmp(rpc_trailer("x-stream-error"), "can't remove some files"))
		return 1;
	printf("# %s: %d %s%s\n", call, status, rpc_body(), rpc_trailer("x-stream-error"));
	return 0;
}

static void removing(void)
{
	begin();
	CHECK(stays("files/rm?arg=/", "\"/: cannot delete root\"\n"));
	CHECK(stays("files/rm?arg=/m", "\"/m: path is a directory, use -r to remove directories\"\n"));
	CHECK(stays("files/rm?arg=/nope&arg=/m&arg=/w1&force=false",
		    "\"/nope: file does not exist\"\n\"/m: path is a directory, use -r to remove directories\"\n"));
	CHECK(rpc_says("files/stat?arg=/w1", "file does not exist"));
	CHECK(quiet("files/rm?arg=/nope&force=true"));
	CHECK(rpc_says("files/rm?arg=/m&recursive=true&flush=false",
		   "files rm always flushes for safety. The --flush flag cannot be set to false for this command"));
	CHECK(quiet("files/rm?arg=/m&recursive=true"));
	CHECK(rpc_gives("files/ls", "{\"Entries\":null}\n"));
}

int main(void)
{
	RUN(stat_);
	RUN(ls);
	RUN(reading);
	RUN(writing);
	RUN(cut_write);
	RUN(changing);
	RUN(removing);
	rpc_close();
	return UNIT_END();
}
