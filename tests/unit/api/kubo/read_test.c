/* read_test.c - cat, get, ls, refs, resolve over the RPC; what is expected is what Kubo 0.43.1 answers */
#include "rpc.h"
#include "tar/tar.h"

#define TREE "QmXxQqbemcc1UFS6B7C8aZYDRSQ4zp4hJkq8cVfRFxcBha"	/* a b l sub/y */
#define ABSENT "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPEMs"
#define B_CID "QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX"
#define EMPTY "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
#define MISSING "block was not found locally (offline): ipld: could not find "
#define ERROR(text) "{\"Message\":\"" text "\",\"Code\":0,\"Type\":\"error\"}\n"
#define NO_TIME "\"ModTime\":\"0001-01-01T00:00:00Z\"}"

static const char *asked(const char *call)
{
	rpc(call);
	return rpc_body();
}

static void part(const char *name, const char *type, const char *text)
{
	char disposition[512];

	snprintf(disposition, sizeof disposition, "form-data; name=\"%s", name);
	rpc_part(disposition, type, span_str(text));
}

static void make_tree(void)
{
	char *zeds = unit_kept(600001);

	memset(zeds, 'z', 600000);
	zeds[600000] = 0;
	rpc_open("");
	rpc_file("t%2Fb", "hello");
	rpc_file("t%2Fa", zeds);
	part("d\"; filename=\"t%2Fsub\"", "application/x-directory", "");
	part("s\"; filename=\"t%2Fl\"", "application/symlink", "tgt");
	rpc_file("t%2Fsub%2Fy", "yy");
	CHECK(rpc_send("add") == 200);
	CHECK(strstr(rpc_body(), TREE));
}

/* ---- cat ---- */

static void cats(void)
{
	make_tree();
	CHECK_STR(asked("cat?arg=" TREE "/b"), "hello");
	CHECK_STR(rpc_field("content-type"), "text/plain");
	CHECK_STR(rpc_field("x-content-length"), "5");
	CHECK_STR(rpc_field("x-stream-output"), "1");
	CHECK_STR(asked("cat?arg=/ipfs/" TREE "/b&offset=2&length=2"), "ll");
	CHECK_STR(rpc_field("x-content-length"), "2");
	CHECK_STR(asked("cat?arg=" TREE "/b&offset=6"), "");
	CHECK_STR(rpc_field("x-content-length"), "0");
	CHECK_STR(asked("cat?arg=" TREE "/b&arg=" TREE "/sub/y"), "helloyy");
	CHECK_STR(asked("cat?arg=" TREE "/b&arg=" TREE "/sub/y&offset=6"), "y");
	CHECK_STR(asked("cat?arg=" TREE "/b&arg=" TREE "/sub/y&offset=5"), "yy");
	CHECK_STR(asked("cat?arg=" TREE "/b&arg=" TREE "/sub/y&offset=3&length=3"), "loy");
	CHECK_STR(rpc_field("x-content-length"), "3");
	CHECK_STR(asked("cat?arg=" TREE "/l&offset=1"), "gt");
	CHECK_STR(asked("cat?arg=bafkqaaly"), "x");
	CHECK(rpc("cat?length=0&arg=nonsense") == 200);
	CHECK_STR(rpc_body(), "");
	CHECK(rpc("cat?arg=" TREE "/a&offset=262143&length=262146") == 200 && rpc_now.heard.body.len == 262146);
	CHECK_STR(asked("cat?arg=" TREE "&offset=-1"), ERROR("cannot specify negative offset"));
	CHECK_STR(asked("cat?arg=" TREE "&length=-1"), ERROR("cannot specify negative length"));
	CHECK_STR(asked("cat?arg=" TREE), ERROR("this dag node is a directory"));
	CHECK_STR(asked("cat?arg=" TREE "/b&arg=" TREE), ERROR("this dag node is a directory"));
	CHECK_STR(asked("cat?arg=" TREE "/nope"), ERROR("no link named \\\"nope\\\" under " TREE));
	CHECK_STR(asked("cat?arg=" ABSENT), ERROR(MISSING ABSENT));
	CHECK_STR(asked("cat?arg="), ERROR("invalid path \\\"\\\": path does not have enough components"));
	CHECK(rpc("cat") == 400);
	rpc_part("form-data; name=\"file\"", NULL, span_str(TREE "/b\n" TREE "/sub/y\n"));
	CHECK(rpc_send("cat") == 200);
	CHECK_STR(rpc_body(), "helloyy");
}

/* a chunk in the middle is not there: what came before it, and the trailer */
static void a_chunk_is_missing(void)
{
	struct cid cid;

	make_tree();
	CHECK(cid_parse(span_str("QmUzPajmRytDe6gEbuccaKeGeapYeicQoUtmSEr32FKE4Q"), &cid, NULL) == 0);
	CHECK(store_delete(rpc_now.st, &cid) == 0 && store_commit(rpc_now.st) == 0);
	CHECK(rpc("cat?arg=" TREE "/a") == 200);
	CHECK(rpc_now.heard.body.len == 524288);
	CHECK_STR(rpc_trailer("x-stream-error"), MISSING "QmUzPajmRytDe6gEbuccaKeGeapYeicQoUtmSEr32FKE4Q");
	CHECK(rpc("get?arg=" TREE) == 200);
	CHECK_STR(rpc_trailer("x-stream-error"), MISSING "QmUzPajmRytDe6gEbuccaKeGeapYeicQoUtmSEr32FKE4Q");
}

/* ---- get ---- */

/* entries of the last answer as "kind mode mtime path>link=data;" */
static const char *entries(void)
{
	static char text[4096];
	char name[4300], data[64];
	struct tar_reader *r;
	struct tar_entry e;
	ssize_t n;
	size_t len = 0;
	int fd;

	snprintf(name, sizeof name, "%s/tmp/x.tar", rpc_now.path);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || io_write(fd, rpc_now.heard.body.data, rpc_now.heard.body.len, "x") < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
	    tar_reader_new(&r, fd, "x") < 0)
		return err_text();
	*text = 0;
	while (tar_reader_next(r, &e) > 0) {
		n = e.kind == TAR_FILE ? tar_reader_data(r, data, sizeof data - 1) : 0;
		data[n > 5 ? 5 : n < 0 ? 0 : n] = 0;
		len += (size_t)snprintf(text + len, sizeof text - len, "%d %o %s%.0u %s>%s=%s;", e.kind, e.meta.mode,
					e.meta.mtime < 1700000001 ? "then" : "now", e.meta.nsec, e.path,
					e.link ? e.link : "", data);
	}
	tar_reader_free(r);
	close(fd);
	return text;
}

static void gets(void)
{
	char tree[256];

	make_tree();
	CHECK(rpc("get?arg=" TREE) == 200);
	CHECK_STR(rpc_field("content-type"), "application/x-tar");
	CHECK_STR(rpc_field("x-content-length"), "600453");
	snprintf(tree, sizeof tree, "1 755 now %s>=;0 644 now %s/a>=zzzzz;0 644 now %s/b>=hello;2 777 now %s/l>tgt=;",
		 TREE, TREE, TREE, TREE);
	CHECK(strncmp(entries(), tree, strlen(tree)) == 0);
	CHECK(rpc("get?arg=/ipfs/" TREE "/sub/") == 200);
	CHECK_STR(entries(), "1 755 now sub>=;0 644 now sub/y>=yy;");
	CHECK(rpc("get?arg=ipfs://" TREE "/b&archive=true") == 200);
	CHECK_STR(entries(), "0 644 now b>=hello;");
	CHECK_STR(rpc_field("x-content-length"), "5");
	CHECK(rpc("get?arg=" TREE "/sub&archive=true&compress=true&compression-level=9") == 200);
	CHECK_STR(rpc_field("content-type"), "application/gzip");
	CHECK_STR(entries(), "1 755 now sub>=;0 644 now sub/y>=yy;");
	CHECK(rpc("get?arg=" TREE "/a&compress=true") == 200);
	CHECK(rpc_now.heard.body.len > 20 && rpc_now.heard.body.len < 60000 && rpc_now.heard.body.data[0] == 0x1f &&
	      rpc_now.heard.body.data[1] == 0x8b);
	CHECK_STR(asked("get?arg=" TREE "&compress=true"), ERROR("file is not regular"));
	CHECK_STR(asked("get?arg=" TREE "&compress=true&compression-level=0"),
		  ERROR("compression level must be between 1 and 9"));
	CHECK(rpc("get?arg=" TREE "/b&compression-level=0") == 200);
	CHECK_STR(asked("get?arg=" ABSENT), ERROR(MISSING ABSENT));
	CHECK(rpc("get") == 400);
	part("d?mode=0700&mtime=1700000000\"; filename=\"t\"", "application/x-directory", "");
	part("f?mode=0640&mtime=5&mtime-nsecs=7\"; filename=\"t%2Fb\"", "text/plain", "hello");
	CHECK(rpc_send("add?preserve-mode=true&preserve-mtime=true&to-files=/kept") == 200);
	snprintf(tree, sizeof tree, "get?arg=%.*s", 46, strstr(strstr(rpc_body(), "\"Name\":\"t\""), "Hash\":") + 7);
	CHECK(rpc(tree) == 200);
	CHECK(strstr(entries(), "1 700 then Qm") && strstr(entries(), "0 640 then7 Qm"));
}

/* ---- ls ---- */

#define LINK_A "{\"Name\":\"a\",\"Hash\":\"QmRJtuzk1aMKRJm9bh25c9obCHp32h7bs2H5pE6hmxs6TR\",\"Size\":600000,\"Type\":2," \
	"\"Target\":\"\",\"Mode\":0," NO_TIME
#define LINK_B "{\"Name\":\"b\",\"Hash\":\"" B_CID "\",\"Size\":5,\"Type\":2,\"Target\":\"\",\"Mode\":0," NO_TIME
#define LINK_L "{\"Name\":\"l\",\"Hash\":\"QmP5Gz2D1j3YRMrZFk1aeuzUGiXJdW3bTmLodxgA3oYoYX\",\"Size\":3,\"Type\":4," \
	"\"Target\":\"tgt\",\"Mode\":0," NO_TIME
#define LINK_SUB "{\"Name\":\"sub\",\"Hash\":\"Qmeqzc8BtdZcHyz9SZQLYU5rSSqpYKyvx7919pcjDvU7xV\",\"Size\":0,\"Type\":1," \
	"\"Target\":\"\",\"Mode\":0," NO_TIME
#define LINK_Y "{\"Name\":\"y\",\"Hash\":\"Qmcg7abbKusSnmtUKhxtwEtHr7Ukeb3KQu2wkF41RxEGfp\",\"Size\":2,\"Type\":2," \
	"\"Target\":\"\",\"Mode\":0," NO_TIME
#define OBJECT(hash, links) "{\"Hash\":\"" hash "\",\"Links\":[" links "]}"
#define ALL "{\"Objects\":[" OBJECT(TREE, LINK_A "," LINK_B "," LINK_L "," LINK_SUB)
#define STREAMED(hash, link) "{\"Objects\":[" OBJECT(hash, link) "]}\n"

static void lists(void)
{
	make_tree();
	CHECK_STR(asked("ls?arg=" TREE), ALL "]}\n");
	CHECK_STR(rpc_field("x-chunked-output"), "");
	CHECK_STR(asked("ls?resolve-type=false&arg=" TREE), ALL "]}\n");
	CHECK_STR(asked("ls?arg=" TREE "&arg=/ipfs/" TREE "/sub/"),
		  ALL "," OBJECT("/ipfs/" TREE "/sub/", LINK_Y) "]}\n");
	CHECK_STR(asked("ls?stream=true&arg=" TREE "&arg=" TREE "/sub"), STREAMED(TREE, LINK_A) STREAMED(TREE, LINK_B)
		  STREAMED(TREE, LINK_L) STREAMED(TREE, LINK_SUB) STREAMED(TREE "/sub", LINK_Y));
	CHECK_STR(rpc_field("x-chunked-output"), "1");
	CHECK_STR(asked("ls?size=false&resolve-type=false&arg=" TREE "/sub"), "{\"Objects\":[{\"Hash\":\"" TREE "/sub\","
		  "\"Links\":[{\"Name\":\"y\",\"Hash\":\"Qmcg7abbKusSnmtUKhxtwEtHr7Ukeb3KQu2wkF41RxEGfp\",\"Size\":0,"
		  "\"Type\":0,\"Target\":\"\",\"Mode\":0," NO_TIME "]}]}\n");
	CHECK_STR(asked("ls?arg=" TREE "/b"), "{\"Objects\":[" OBJECT(TREE "/b", "") "]}\n");
	CHECK_STR(asked("ls?arg=bafkqaaly"), "{\"Objects\":[" OBJECT("bafkqaaly", "") "]}\n");
	CHECK(strstr(asked("ls?arg=" TREE "/a"), "\"Links\":[{\"Name\":\"\",\"Hash\":"
		     "\"QmeAMsgaKpR6s5R5Hgd2WRnQxooFN1rCyUCdnhHMTkizJm\",\"Size\":262144,\"Type\":2,"));
	CHECK(strstr(asked("ls?cid-base=base36&arg=" TREE), "\"k2jmtxsgp9ve4cdreq3yq65mvgxy24gi247xj3nhpqq7dyb8nu4wuvhs\""));
	part("d\"; filename=\"e\"", "application/x-directory", "");
	CHECK(rpc_send("add") == 200);
	CHECK_STR(asked("ls?arg=" EMPTY), "{\"Objects\":[" OBJECT(EMPTY, "") "]}\n");
	CHECK_STR(asked("ls?stream=true&arg=" EMPTY), "");
	CHECK(rpc_now.heard.r.status == 200);
	CHECK(rpc("ls?sort-size=true&stream=true&arg=" TREE) == 400);
	CHECK_STR(rpc_body(), "{\"Message\":\"cannot use --sort-size with --stream\",\"Code\":1,\"Type\":\"error\"}\n");
	CHECK(rpc("ls?sort-size=true&size=false&arg=" TREE) == 400);
	CHECK_STR(asked("ls?arg=foo"), ERROR("invalid path \\\"foo\\\": path does not have enough components"));
	CHECK_STR(asked("ls?arg=" TREE "&arg=" ABSENT), ERROR(MISSING ABSENT));
	CHECK_STR(asked("ls?cid-base=foo&arg=" TREE), ERROR("unsupported multibase encoding: foo"));
	CHECK_STR(asked("refs?cid-base=foo&arg=" TREE), ERROR("unsupported multibase encoding: foo"));
	CHECK_STR(asked("refs/local?cid-base=foo"), ERROR("unsupported multibase encoding: foo"));
}

static void lists_for_people(void)
{
	make_tree();
	CHECK_STR(asked("ls?encoding=text&headers=true&arg=" TREE),
		  "Hash                                           Size   Name\n"
		  "QmRJtuzk1aMKRJm9bh25c9obCHp32h7bs2H5pE6hmxs6TR 600000 a\n" B_CID " 5      b\n"
		  "QmP5Gz2D1j3YRMrZFk1aeuzUGiXJdW3bTmLodxgA3oYoYX 3      l\n"
		  "Qmeqzc8BtdZcHyz9SZQLYU5rSSqpYKyvx7919pcjDvU7xV -      sub/\n");
	CHECK_STR(asked("ls?encoding=text&human=true&size=true&arg=" TREE "/sub&arg=" TREE "/sub"), TREE "/sub:\n"
		  "Qmcg7abbKusSnmtUKhxtwEtHr7Ukeb3KQu2wkF41RxEGfp 2 B y\n\n" TREE "/sub:\n"
		  "Qmcg7abbKusSnmtUKhxtwEtHr7Ukeb3KQu2wkF41RxEGfp 2 B y\n");
	CHECK_STR(asked("ls?encoding=text&stream=true&headers=true&arg=" TREE "/sub"),
		  "Qmcg7abbKusSnmtUKhxtwEtHr7Ukeb3KQu2wkF41RxEGfp 2         y\n");
	part("d?mode=0755&mtime=1700000000\"; filename=\"t\"", "application/x-directory", "");
	part("f?mode=0640&mtime=5&mtime-nsecs=7\"; filename=\"t%2Fb\"", "text/plain", "hello");
	part("d?mode=0700\"; filename=\"t%2Fs\"", "application/x-directory", "");
	part("s?mtime=9\"; filename=\"t%2Fl\"", "application/symlink", "tgt");
	CHECK(rpc_send("add?preserve-mode=true&preserve-mtime=true") == 200);
	CHECK_STR(asked("ls?encoding=text&long=true&headers=true&arg=QmPmZjUtoPNain9P7AwnstQjXFTJpPjN8MbVve37xW1NL4"),
		  "Mode       Hash                                           Size ModTime      Name\n"
		  "-rw-r----- QmQ7jWntiVhKFD2QwmUjJKpixa7ekKytLzjRYHL7QkAxQD 5    Jan 01  1970 b\n"
		  "-          QmWBBmcaNNZZLuCbEAdpmAV6QEBmce3R7tckP66eNpEXpX 3    Jan 01  1970 l\n"
		  "drwx------ QmP5W6usKJm3ijdL4n8VkJkrKVndm5QshUMb6LHfPKbvA4 -    Jan 01  1970 s/\n");
	CHECK_STR(asked("ls?arg=QmPmZjUtoPNain9P7AwnstQjXFTJpPjN8MbVve37xW1NL4"),
		  "{\"Objects\":[{\"Hash\":\"QmPmZjUtoPNain9P7AwnstQjXFTJpPjN8MbVve37xW1NL4\",\"Links\":["
		  "{\"Name\":\"b\",\"Hash\":\"QmQ7jWntiVhKFD2QwmUjJKpixa7ekKytLzjRYHL7QkAxQD\",\"Size\":5,\"Type\":2,"
		  "\"Target\":\"\",\"Mode\":416,\"ModTime\":\"1970-01-01T00:00:05.000000007Z\"},"
		  "{\"Name\":\"l\",\"Hash\":\"QmWBBmcaNNZZLuCbEAdpmAV6QEBmce3R7tckP66eNpEXpX\",\"Size\":3,\"Type\":4,"
		  "\"Target\":\"tgt\",\"Mode\":0,\"ModTime\":\"1970-01-01T00:00:09Z\"},"
		  "{\"Name\":\"s\",\"Hash\":\"QmP5W6usKJm3ijdL4n8VkJkrKVndm5QshUMb6LHfPKbvA4\",\"Size\":0,\"Type\":1,"
		  "\"Target\":\"\",\"Mode\":2147484096,\"ModTime\":\"1970-01-01T00:00:00Z\"}]}]}\n");
}

/* a HAMT comes in the order of its hashes: a stream has that, a whole listing that of names */
static void a_large_one(void)
{
	enum { N = 3000 };
	char name[64], call[128];
	const char *at;
	int i, n = 0, sorted = 0;

	rpc_open("");
	for (i = 0; i < N; i++) {
		snprintf(name, sizeof name, "t%%2Fname%05d", i);
		rpc_file(name, "x");
	}
	CHECK(rpc_send("add?max-directory-links=100&silent=true") == 200);
	snprintf(call, sizeof call, "ls?arg=%.46s", strstr(rpc_body(), "Hash\":") + 7);
	for (at = asked(call); (at = strstr(at, "{\"Name\":\"")); at++, n++) {
		snprintf(name, sizeof name, "{\"Name\":\"name%05d\",", n);
		sorted += strncmp(at, name, strlen(name)) == 0;
	}
	CHECK(n == N && sorted == N);
	strcat(call, "&stream=true");
	for (n = sorted = 0, at = asked(call); (at = strstr(at, "{\"Name\":\"")); at++, n++) {
		snprintf(name, sizeof name, "{\"Name\":\"name%05d\",", n);
		sorted += strncmp(at, name, strlen(name)) == 0;
	}
	CHECK(n == N && sorted < N / 2);
}

/* ---- refs ---- */

#define REF(text) "{\"Ref\":\"" text "\",\"Err\":\"\"}\n"
#define R_A "QmRJtuzk1aMKRJm9bh25c9obCHp32h7bs2H5pE6hmxs6TR"
#define R_L "QmP5Gz2D1j3YRMrZFk1aeuzUGiXJdW3bTmLodxgA3oYoYX"
#define R_SUB "Qmeqzc8BtdZcHyz9SZQLYU5rSSqpYKyvx7919pcjDvU7xV"
#define R_Y "Qmcg7abbKusSnmtUKhxtwEtHr7Ukeb3KQu2wkF41RxEGfp"
#define R_Z1 "QmeAMsgaKpR6s5R5Hgd2WRnQxooFN1rCyUCdnhHMTkizJm"
#define R_Z2 "QmUzPajmRytDe6gEbuccaKeGeapYeicQoUtmSEr32FKE4Q"
#define DIRECT REF(R_A) REF(B_CID) REF(R_L) REF(R_SUB)

static void links(void)
{
	struct cid cid;

	make_tree();
	CHECK_STR(asked("refs?arg=" TREE), DIRECT);
	CHECK_STR(rpc_field("x-chunked-output"), "1");
	CHECK_STR(asked("refs?r=true&max-depth=1&arg=" TREE), DIRECT);
	CHECK_STR(asked("refs?r=true&max-depth=0&arg=" TREE), "");
	CHECK_STR(asked("refs?recursive=true&arg=" TREE),
		  REF(R_A) REF(R_Z1) REF(R_Z1) REF(R_Z2) REF(B_CID) REF(R_L) REF(R_SUB) REF(R_Y));
	CHECK_STR(asked("refs?recursive=true&unique=true&arg=" TREE),
		  REF(R_A) REF(R_Z1) REF(R_Z2) REF(B_CID) REF(R_L) REF(R_SUB) REF(R_Y));
	CHECK_STR(asked("refs?unique=true&arg=" TREE "/sub&arg=" TREE "&arg=" TREE "/sub"), REF(R_Y) DIRECT);
	CHECK_STR(asked("refs?edges=true&arg=" TREE "/sub"), REF(R_SUB " -\\u003e " R_Y));
	CHECK_STR(asked("refs?format=%3Csrc%3E,%3Cdst%3E,%3Clinkname%3E%5Cn&arg=" TREE "/sub"),
		  REF(R_SUB "," R_Y ",y\\\\n"));
	CHECK_STR(asked("refs?encoding=text&edges=true&arg=" TREE "/sub"), R_SUB " -> " R_Y "\n");
	CHECK_STR(asked("refs?format=&arg=" TREE "/sub"), REF(R_Y));
	CHECK_STR(asked("refs?edges=true&format=x&arg=" TREE), ERROR("using format argument with edges is not allowed"));
	CHECK_STR(asked("refs?arg=" TREE "/b&arg=bafkqaaly"), "");
	CHECK_STR(asked("refs?arg=" ABSENT "&arg=" TREE "/sub"), "{\"Ref\":\"\",\"Err\":\"" MISSING ABSENT "\"}\n" REF(R_Y));
	CHECK(rpc("refs?encoding=text&arg=" ABSENT) == 200);
	CHECK_STR(rpc_trailer("x-stream-error"), MISSING ABSENT);
	CHECK_STR(asked("refs?arg=" TREE "&arg=foo"),
		  ERROR("invalid path \\\"foo\\\": path does not have enough components"));
	CHECK(cid_parse(span_str(R_Y), &cid, NULL) == 0);
	CHECK(store_delete(rpc_now.st, &cid) == 0 && store_commit(rpc_now.st) == 0);
	CHECK_STR(asked("refs?arg=" TREE "/sub"), "{\"Ref\":\"\",\"Err\":\"failed to fetch all nodes\"}\n");
}

static void everything_here(void)
{
	rpc_open("");
	CHECK_STR(asked("refs/local"), "");
	CHECK(rpc_now.heard.r.status == 200);
	rpc_file("b", "hello");
	CHECK(rpc_send("add") == 200);
	CHECK_STR(asked("refs/local"), REF("bafkreid3weurg3gvyoi7nisadzolomlvoxoppe2sesktnpvdve3256n5tq"));
	CHECK_STR(asked("repo/ls?encoding=text"), "bafkreid3weurg3gvyoi7nisadzolomlvoxoppe2sesktnpvdve3256n5tq\n");
}

/* ---- resolve ---- */

#define PATH(text) "{\"Path\":\"" text "\"}\n"

static void resolves(void)
{
	make_tree();
	CHECK_STR(asked("resolve?arg=" TREE "/b"), PATH("/ipfs/" B_CID));
	CHECK_STR(asked("resolve?arg=ipfs://" TREE "/b"), PATH("/ipfs/" B_CID));
	CHECK_STR(asked("resolve?arg=/ipld/" TREE), PATH("/ipld/" TREE));
	CHECK_STR(asked("resolve?arg=" ABSENT), PATH("/ipfs/" ABSENT));
	CHECK_STR(asked("resolve?encoding=text&arg=" TREE), "/ipfs/" TREE "\n");
	CHECK_STR(asked("resolve?cid-base=base36&arg=QmbPSRtDESXsyzK2YoFwhobqGw4rXSoozEwcH4jvJd7RFo"),
		  PATH("/ipfs/k2jmtxw729eozom39c3zpra25nkupdcc99za51es2pkgk9mrovovwv62"));
	CHECK_STR(asked("resolve?arg=f01701220686c71b0d2229e1a15c00e53ec7e0b6bc5d0c4e8bb1b8c13c7c31b35a1c8b6e5"),
		  PATH("/ipfs/f01701220686c71b0d2229e1a15c00e53ec7e0b6bc5d0c4e8bb1b8c13c7c31b35a1c8b6e5"));
	/* a v1 that leads to a v0 makes it v1, in its base */
	CHECK_STR(asked("resolve?arg=bafybeieo63swzn7qxkbzaoyidb7a2sgsrqvhuhjxvizxpmuzkd6q3bgwwy/b"),
		  ERROR(MISSING "bafybeieo63swzn7qxkbzaoyidb7a2sgsrqvhuhjxvizxpmuzkd6q3bgwwy"));
	CHECK_STR(asked("resolve?arg=" TREE "/nope"), ERROR("no link named \\\"nope\\\" under " TREE));
	CHECK_STR(asked("resolve?arg=" ABSENT "/a"), ERROR(MISSING ABSENT));
	CHECK_STR(asked("resolve?arg=foo"), ERROR("invalid path \\\"foo\\\": path does not have enough components"));
	CHECK(rpc("resolve") == 400);
	rpc_file("x", "\xa1\x61" "a\x01");
	CHECK(rpc_send("block/put?cid-codec=dag-cbor") == 200);
	CHECK_STR(asked("resolve?arg=bafyreihltcnuuyqp2jm24aqydpnlj7b6w3ogwrplomrjtg5rifv44mmjey/a"),
		  PATH("/ipfs/bafyreihltcnuuyqp2jm24aqydpnlj7b6w3ogwrplomrjtg5rifv44mmjey/a"));
}

int main(void)
{
	RUN(cats);
	RUN(a_chunk_is_missing);
	RUN(gets);
	RUN(lists);
	RUN(lists_for_people);
	RUN(a_large_one);
	RUN(links);
	RUN(everything_here);
	RUN(resolves);
	rpc_close();
	return UNIT_END();
}
