/* add_test.c - add over the RPC: Kubo's answers to uploads of all kinds, and options */
#include "ops/files.h"
#include "pin/pin.h"
#include "rpc.h"

/* the parts of a script of tests/golden/kubo_add.txt as the body to come */
static void script_parts(const char *s)
{
	static char zeds[600001];
	size_t len, head, i, n;

	memset(zeds, 'z', 600000);
	for (; *s; s += len + (s[len] == ' ')) {
		char disposition[1024], meta[256] = "", path[512] = "";
		unsigned mode, nsec = 0;
		long long mtime = 0;

		len = strcspn(s, " ");
		head = strcspn(s, ":");
		for (i = head + 1; i < len; i++)
			snprintf(path + strlen(path), 8, s[i] == '/' ? "%%2F" : "%c", s[i]);
		n = s[1] == '@' ? (size_t)sscanf(s + 2, "%o,%lld,%u", &mode, &mtime, &nsec) : 0;
		if (n)
			snprintf(meta, sizeof meta, "?mode=%o", mode);
		if (n > 1)
			snprintf(meta + strlen(meta), 64, "&mtime=%lld", mtime);
		if (n > 2)
			snprintf(meta + strlen(meta), 64, "&mtime-nsecs=%u", nsec);
		snprintf(disposition, sizeof disposition, "form-data; name=\"file%s\"; filename=\"%s\"", meta, path);
		rpc_part(disposition, *s == 'd' ? "application/x-directory" : *s == 'l' ? "application/symlink" :
			 "application/octet-stream", span_str(*s == 'f' ? "x" : *s == 'y' ? "yy" : *s == 'z' ? zeds :
							      *s == 'l' ? "tgt" : ""));
	}
}

/* the text of a member of a line of JSON, "" when it is not there */
static const char *member(const char *line, const char *key)
{
	static char room[4][600];
	static int turn;
	const char *end = strchr(line, '\n'), *at;
	char *out = room[turn++ % 4], name[64];

	*out = 0;
	snprintf(name, sizeof name, "\"%s\":", key);
	at = strstr(line, name);
	if (!at || (end && at > end))
		return out;
	at += strlen(name);
	at += *at == '"';
	snprintf(out, 600, "%.*s", (int)strcspn(at, "\",}"), at);
	return out;
}

/* the events of the last answer as the vectors write them */
static void events(struct buf *out)
{
	const char *line = rpc_body();

	buf_reset(out);
	CHECK(buf_str(out, "") == 0);
	for (; *line == '{'; line = strchr(line, '\n') + 1)
		CHECK((*member(line, "Hash") ?
		       buf_printf(out, "= %s|%s|%s\n", member(line, "Name"), member(line, "Hash"), member(line, "Size")) :
		       buf_printf(out, "= %s|%s\n", member(line, "Name"),
				  *member(line, "Bytes") ? member(line, "Bytes") : "0")) == 0);
}

static void vector(const char *query, const char *script, const char *expected, const char *error, size_t step)
{
	struct buf heard = BUF_INIT(1 << 20);
	char call[1100];

	snprintf(call, sizeof call, "add?%s", query);
	script_parts(script);
	rpc_now.step = step;
	if (*expected || !*error) {
		CHECK(rpc_send(call) == 200);
		CHECK_STR(rpc_trailer("x-stream-error"), error);
		CHECK_STR(rpc_field("x-chunked-output"), "1");
		events(&heard);
		if (strcmp((char *)heard.data, expected))
			printf("# ?%s +%s\n%s", query, script, (char *)heard.data);
		CHECK_STR((char *)heard.data, expected);
	} else {
		CHECK(rpc_send(call) == 500);
		CHECK_STR(member(rpc_body(), "Message"), error);
	}
	rpc_now.step = 0;
	buf_clear(&heard);
}

static void as_kubo_does(void)
{
	FILE *f = fopen("tests/golden/kubo_add.txt", "r");
	char line[1024], query[1024] = "", script[1024] = "", error[1024] = "";
	struct buf expected = BUF_INIT(1 << 20);
	int n = 0, more = 1;

	NEED(f && buf_str(&expected, "") == 0);
	while (more) {
		more = fgets(line, sizeof line, f) != NULL;
		line[strcspn(line, "\n")] = 0;
		if (!more || *line == '?') {
			rpc_open("");
			if (n++)
				vector(query, script, (char *)expected.data, error, n % 2 ? 0 : 777);
			buf_reset(&expected);
			*error = 0;
		}
		if (more && *line == '?')
			snprintf(query, sizeof query, "%s", line + (line[1] ? 2 : 1));
		if (more && *line == '+')
			snprintf(script, sizeof script, "%s", line + (line[1] ? 2 : 1));
		if (more && *line == '!')
			snprintf(error, sizeof error, "%s", line + 2);
		if (more && *line == '=')
			CHECK(buf_printf(&expected, "%s\n", line) == 0);
	}
	CHECK(n - 1 == 55);
	fclose(f);
	buf_clear(&expected);
}

#define X_CID "QmULKig5Fxrs2sC4qt9nNduucXfb92AFYQ6Hi3YRqDmrYC"

static const char *one(const char *query)
{
	char call[1024];

	snprintf(call, sizeof call, "add?%s", query);
	rpc_file("a", "x");
	rpc_send(call);
	return rpc_body();
}

static const char *refused(const char *query)
{
	one(query);
	CHECK(rpc_now.heard.r.status == 500);
	return member(rpc_body(), "Message");
}

static void the_answer(void)
{
	rpc_open("");
	CHECK_STR(one(""), "{\"Name\":\"a\",\"Hash\":\"" X_CID "\",\"Size\":\"9\"}\n");
	CHECK_STR(rpc_field("content-type"), "application/json");
	CHECK_STR(one("progress=true"), "{\"Name\":\"a\",\"Bytes\":1}\n"
		  "{\"Name\":\"a\",\"Hash\":\"" X_CID "\",\"Size\":\"9\"}\n");
	CHECK(rpc_now.heard.n_flushes >= 2);
	CHECK_STR(one("silent=true"), "");
	CHECK(rpc_now.heard.r.status == 200);
	CHECK_STR(one("silent=true&progress=true"), "{\"Name\":\"a\",\"Bytes\":1}\n");
	script_parts("f:t/x f:t/e/y");
	CHECK(rpc_send("add?silent=true") == 200);
	CHECK(strstr(rpc_body(), "{\"Name\":\"t/e\",") == rpc_body() && !strstr(rpc_body(), "t/x"));
	/* metadata of a top is repeated by its events, whether it is stored or not */
	script_parts("d@0755,5,9:t f@0600:t/a f@0604:u");
	CHECK(rpc_send("add") == 200);
	CHECK_STR(rpc_body(), "{\"Name\":\"t/a\",\"Hash\":\"" X_CID "\",\"Size\":\"9\",\"Mode\":\"0755\",\"Mtime\":5,"
		  "\"MtimeNsecs\":9}\n{\"Name\":\"t\",\"Hash\":\"QmdWVbkp8PyAqVjA4dNC2zGN4cS8g4WSy6VrP9XFVHWDfZ\","
		  "\"Size\":\"56\",\"Mode\":\"0755\",\"Mtime\":5,\"MtimeNsecs\":9}\n"
		  "{\"Name\":\"u\",\"Hash\":\"" X_CID "\",\"Size\":\"9\",\"Mode\":\"0604\"}\n");
	script_parts("l@0777,3:l f:v");
	CHECK(rpc_send("add") == 200);
	CHECK_STR(rpc_body(), "{\"Name\":\"l\",\"Hash\":\"QmP5Gz2D1j3YRMrZFk1aeuzUGiXJdW3bTmLodxgA3oYoYX\",\"Size\":\"9\","
		  "\"Mode\":\"01000000777\",\"Mtime\":3}\n{\"Name\":\"v\",\"Hash\":\"" X_CID "\",\"Size\":\"9\"}\n");
	/* Go escapes what might end up in a page */
	rpc_file("%3Ca%26b%3E", "x");
	CHECK(rpc_send("add?cid-base=base36") == 200);
	CHECK_STR(rpc_body(), "{\"Name\":\"\\u003ca\\u0026b\\u003e\",\"Hash\":"
		  "\"k2jmtxtl0wle5fnyeud32f2u635t3s05v3vmsqznhzsupixpgnvathjp\",\"Size\":\"9\"}\n");
	CHECK(rpc_send("add") == 500);
	CHECK_STR(member(rpc_body(), "Message"), "expected a file argument");
	CHECK(rpc("add") == 400);
	CHECK(strstr(rpc_body(), "file argument 'path' is required") != NULL);
}

static void options(void)
{
	rpc_open("");
	CHECK_STR(refused("nocopy=true&raw-leaves=false"), "nocopy option requires '--raw-leaves' to be enabled as well");
	CHECK(strstr(refused("nocopy=true"), "either the filestore or the urlstore must be enabled"));
	CHECK(strstr((refused("hash=foo"), rpc_body()), "unrecognized hash function: \\\"foo\\\""));
	CHECK_STR(refused("cid-base=foo"), "unsupported multibase encoding: foo");
	CHECK_STR(refused("hash=murmur3-x64-64"), "potentially insecure hash functions not allowed");
	CHECK_STR(refused("hash=sha2-512&cid-version=0"), "CIDv0 only supports sha2-256");
	CHECK_STR(refused("cid-version=2"), "unknown CID version: 2");
	CHECK_STR(refused("chunker=foo"), "unrecognized chunker option: foo");
	CHECK_STR(refused("chunker=size-0"), "chunker size must be greater than 0");
	CHECK_STR(refused("inline=true&inline-limit=129"), "inline-limit 129 exceeds maximum allowed size of 128 bytes");
	CHECK_STR(refused("pin=false&pin-name=x"), "pin-name option requires pin to be set");
	CHECK_STR(refused("only-hash=true&pin-name=x"), "pin-name option requires pin to be set");
	CHECK_STR(refused("only-hash=true&to-files=/"), "only-hash and to-files options are not compatible");
	CHECK_STR(refused("w=1&to-files=/"), "wrap-with-directory and to-files options are not compatible");
	CHECK(strstr((refused("mtime-nsecs=5"), rpc_body()),
		     "option \\\"mtime-nsecs\\\" requires \\\"mtime\\\" to be provided as well"));
	CHECK(strstr((refused("mtime=1&mtime-nsecs=1000000000"), rpc_body()),
		     "mtime nanoseconds must be in range [1, 999999999]"));
	CHECK_STR(refused("mode=0644&raw-leaves=true"),
		  "raw-leaves can't be used with UnixFS metadata like mode or modification time");
	CHECK(strstr((refused("max-hamt-fanout=7"), rpc_body()),
		     "HAMT fanout must be a power of 2, between 8 and 1024 (got 7)"));
	CHECK_STR(member(one("cid-version=-1"), "Hash"), X_CID);
	CHECK_STR(member(one("max-file-links=0&max-directory-links=-1"), "Hash"), X_CID);
	CHECK_STR(member(one("hash=identity"), "Hash"), "bafkqaaly");
	CHECK_STR(member(one("raw-leaves=true"), "Hash"), "bafkreibnoelefnzgwbcacyt4vh52ymxvzbjq7mmqhtcnwarfq4lzegsiqe");
	CHECK_STR(member(one("mode=01644"), "Hash"), "QmeqiB6ZGn2dEFvVdQ5NpSRUjpPSBytsYk9Ukym8pY6ByL");
	CHECK_STR(member(one("mtime=-5"), "Hash"), "QmbaqTAR8hBNv3hKKHjtAkwtGKMNiunyncwyHZecnyeVYm");
	CHECK_STR(member(one("preserve-mode=true&cid-version=1"), "Hash"),
		  "bafybeiczcctdlznuiia25cbxs3bmdsinqecjoqocn43kvxcy4u5fgouucu");
	rpc_open("import.cid-version = 1\n");
	CHECK_STR(member(one(""), "Hash"), "bafkreibnoelefnzgwbcacyt4vh52ymxvzbjq7mmqhtcnwarfq4lzegsiqe");
	CHECK_STR(member(one("cid-version=0"), "Hash"), X_CID);
}

static void pins(void)
{
	struct buf name = BUF_INIT(300);
	enum pin_mode mode;
	struct cid cid;
	uint64_t n = 0;
	size_t cut, whole;

	rpc_open("");
	CHECK(cid_parse(span_str(X_CID), &cid, NULL) == 0);
	one("only-hash=true");
	CHECK(store_has(rpc_now.st, &cid) == 0);
	one("pin=false");
	CHECK(store_has(rpc_now.st, &cid) == 1 && pin_count(rpc_now.st, &n) == 0 && n == 0);
	one("pin-name=my%20pin");
	CHECK(pin_get(rpc_now.st, &cid, &mode, &name) == 1 && mode == PIN_RECURSIVE);
	CHECK_STR((char *)name.data, "my pin");
	buf_clear(&name);
	/* an error in the middle, or a client that goes away, leaves none */
	rpc_open("");
	script_parts("f:t/x f:t/y f:t/x");
	CHECK(rpc_send("add") == 200 && *rpc_trailer("x-stream-error"));
	CHECK(pin_count(rpc_now.st, &n) == 0 && n == 0);
	for (cut = 1, n = 0; !n; cut++) {
		script_parts("f:t/x f:t/y d:t/z");
		whole = rpc_now.send.len + sizeof "--" RPC_BOUNDARY "--" - 1;
		rpc_now.cut = cut;
		rpc_send("add?progress=true");
		CHECK(pin_count(rpc_now.st, &n) == 0 && (n == 0) == (cut < whole));
		CHECK((rpc_now.heard.rc == ERR_INTERRUPTED) == (n == 0));
		CHECK(n || !strstr(rpc_body(), "\"Name\":\"t\""));
	}
	CHECK(cut > 300 && strstr(rpc_body(), "\"Name\":\"t\""));
	rpc_now.cut = 0;
}

static const char *file_cid(const char *path)
{
	static char text[CID_TEXT_MAX];
	struct ops_files_stat stat;

	return ops_files_stat(rpc_now.st, path, &stat) < 0 ? "" : cid_text(&stat.cid, text);
}

static void into_files(void)
{
	rpc_open("");
	CHECK_STR(member(one("to-files=/"), "Hash"), X_CID);
	CHECK_STR(rpc_trailer("x-stream-error"), "");
	one("to-files=/");
	CHECK_STR(rpc_trailer("x-stream-error"),
		  "to-files: cannot put node in path \"/a\": directory already has entry by that name");
	one("to-files=a");
	CHECK_STR(rpc_trailer("x-stream-error"), "to-files: paths must start with a leading slash");
	one("to-files=/nodir/");
	CHECK_STR(rpc_trailer("x-stream-error"),
		  "to-files: MFS destination directory \"/nodir/\" does not exist: file does not exist");
	one("to-files=/x/y");
	CHECK_STR(rpc_trailer("x-stream-error"),
		  "to-files: MFS destination parent \"/x/y\" \"/x\" does not exist: file does not exist");
	one("to-files=/a/");
	CHECK_STR(rpc_trailer("x-stream-error"), "to-files: MFS destination \"/a/\" is not a directory");
	script_parts("f:m f:n");
	CHECK(rpc_send("add?to-files=/two") == 200);
	CHECK_STR(rpc_trailer("x-stream-error"),
		  "to-files: MFS destination is a file: only one entry can be copied to \"/two\"");
	script_parts("f:");
	CHECK(rpc_send("add?to-files=/") == 200);
	CHECK_STR(rpc_trailer("x-stream-error"), "to-files: cannot add unnamed files to MFS");
	script_parts("f:dd/x f:ee");
	CHECK(rpc_send("add?to-files=/&pin=false") == 200);
	CHECK_STR(rpc_trailer("x-stream-error"), "");
	CHECK_STR(file_cid("/dd/x"), X_CID);
	CHECK_STR(file_cid("/ee"), X_CID);
	CHECK_STR(file_cid("/two"), X_CID);
}

int main(void)
{
	RUN(as_kubo_does);
	RUN(the_answer);
	RUN(options);
	RUN(pins);
	RUN(into_files);
	rpc_close();
	return UNIT_END();
}
