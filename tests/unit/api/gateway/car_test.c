/* car_test - which blocks a CAR holds and in which order, as gateway-conformance asks; and what it does not ask */
#include <sys/mman.h>

#include "api/gateway/car_priv.h"
#include "ask.h"
#include "car/car.h"

#define GOLDEN "tests/golden/gateway-conformance/"
#define CARS GOLDEN "trustless_gateway_car/"
#define DUPS "bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy"
#define MIXED "bafybeidh6k2vzukelqtrjsmd4p52cpmltd2ufqrdtdg6yigi73in672fwu"
#define MULTI "bafybeigcisqd7m5nf3qmuvjdbakl5bdnh4ocrmacaqkpuh77qjvggmt2sa"
#define HOLES "QmYhmPjhFjYFyaoiuNzYv8WGavpSRDwdHWe5B4M5du5Rtk"
#define CBOR "bafyreidy4q6mmetut5jzc54ambsfnatbyoujmwbfzyyolqw24majazwgha"
#define ASCII "bafkreifkam6ns4aoolg3wedr4uzrs3kvq66p4pecirz6y2vlrngla62mxm"
#define INLINED "bafkqaf3imvwgy3zaneqgc3janfxgy2lomvscay3jmqfa"

static void setup(const char *config)
{
	static const char *const cars[] = {
		"dir-with-dag-cbor-with-links", "dir-with-duplicate-files",
		"file-3k-and-3-blocks-missing-block", "single-layer-hamt-with-multi-block-files",
		"subdir-with-mixed-block-files", "subdir-with-two-single-block-files"
	};
	char path[200];
	size_t i;

	ask_open(config);
	for (i = 0; i < sizeof cars / sizeof *cars; i++) {
		snprintf(path, sizeof path, CARS "%s.car", cars[i]);
		ask_import(path);
	}
}

/* the CIDs in the archive that was answered, one a line; each block is hashed.  "broken" when it is none */
static char *blocks(void)
{
	struct buf out = BUF_INIT(1 << 20);
	struct car_section s;
	struct car_in *c = NULL;
	size_t n_roots;
	int fd = memfd_create("car", MFD_CLOEXEC), rc;

	if (fd < 0 || io_write(fd, ask_now.heard.body.data, ask_now.heard.body.len, "car") < 0 || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	rc = car_in_open(&c, fd, "answer", 0);
	if (rc == 0 && (car_in_version(c) != 1 || !car_in_roots(c, &n_roots) || !n_roots))
		rc = err_set(ERR_INVALID, "no roots");
	buf_str(&out, "");
	while (rc >= 0 && (rc = car_in_next(c, &s)) == 1) {
		char text[CID_TEXT_MAX];

		buf_printf(&out, "%s\n", cid_text(&s.cid, text));
	}
	car_in_close(c);
	close(fd);
	if (rc < 0) {
		buf_reset(&out);
		buf_str(&out, "broken");
	}
	return buf_take(&out);
}

static size_t count(const char *lines)
{
	size_t n = 0;

	for (; *lines; lines++)
		n += *lines == '\n';
	return n;
}

/* how many blocks a request gets; -1: it fails */
static int n_blocks(const char *target)
{
	char *have;
	int n;

	if (ask_get(target) != 200 || ask_now.heard.r.failed)
		return -1;
	have = blocks();
	n = strcmp(have, "broken") ? (int)count(have) : -1;
	free(have);
	return n;
}

/* ---- the cases of the suite ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* the same lines in another order */
static void sort_lines(char *text)
{
	size_t n = 0, i, len = strlen(text);
	char **line = unit_kept((count(text) + 1) * sizeof *line), *copy = unit_kept(len + 1), *p, *save;

	memcpy(copy, text, len + 1);
	for (p = strtok_r(copy, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
		line[n++] = p;
	qsort(line, n, sizeof *line, by_text);
	for (i = 0, p = text; i < n; i++)
		p += sprintf(p, "%s\n", line[i]);
}

/* the text between two marks, from `at` on; kept */
static char *between(const char *at, const char *from, const char *to)
{
	const char *p = strstr(at, from), *end;
	char *out;

	if (!p)
		return NULL;
	p += strlen(from);
	end = strstr(p, to);
	if (!end)
		abort();
	out = unit_kept((size_t)(end - p) + 1);
	memcpy(out, p, (size_t)(end - p));
	out[end - p] = 0;
	return out;
}

/* "a","b" -> a line each */
static char *lines_of(const char *list)
{
	char *out = unit_kept(strlen(list) + 2), *p = out;

	for (; *list; list++)
		if (*list == ',')
			*p++ = '\n';
		else if (*list != '"')
			*p++ = *list;
	if (p > out)
		*p++ = '\n';
	*p = 0;
	return out;
}

static int all_in(char *want, const char *have)
{
	char *line, *save;

	for (line = strtok_r(want, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strstr(have, line))
			return 0;
	return 1;
}

static int one_case(const char *json)
{
	char *target = between(json, "\"target\":\"", "\""), *accept = between(json, "\"Accept\":\"", "\"");
	char *list = between(json, "{\"car\":{\"blocks\":[", "]"), *want, *have, fields[300];

	if (!list || strstr(json, "{\"any\":"))
		return 0;
	snprintf(fields, sizeof fields, "accept: %s\n", accept ? accept : "");
	want = lines_of(list);
	CHECK(ask_with(target, accept ? fields : NULL) == 200 && !ask_now.heard.r.failed);
	CHECK(ask_field_is("x-content-type-options", "nosniff") && ask_field_is("accept-ranges", "none"));
	CHECK(ask_field_has("content-type", "application/vnd.ipld.car; version=1; order="));
	CHECK(ask_field_has("content-disposition", "attachment; filename=\"") && ask_field("etag"));
	have = blocks();
	if (!strstr(json, "\"ordered\":true")) {
		sort_lines(want);
		sort_lines(have);
	}
	if (strstr(json, "\"exact\":true") && strcmp(want, have)) {
		CHECK(!"the blocks that are wanted");
		printf("# %s\n# want:\n%s# have:\n%s", target, want, have);
	}
	if (!strstr(json, "\"exact\":true"))
		CHECK(all_in(want, have));
	free(have);
	return 1;
}

static void the_suite(void)
{
	struct buf text = BUF_INIT(4 << 20);
	char *line, *save;
	int n = 0;

	setup("");
	NEED(io_slurp_file(AT_FDCWD, GOLDEN "cases.jsonl", &text) == 0);
	for (line = strtok_r((char *)text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strstr(line, "trustless-car"))
			n += one_case(line);
	CHECK(n > 50);
	buf_clear(&text);
}

static void what_the_url_says_counts_more(void)
{
	CHECK(ask_with("/ipfs/" DUPS "?format=car&car-dups=y", "accept: application/vnd.ipld.car; dups=n; order=unk\n")
	      == 200);
	CHECK(ask_field_is("content-type", "application/vnd.ipld.car; version=1; order=unk; dups=y"));
	CHECK(ask_with("/ipfs/" DUPS "?format=car&car-order=dfs", "accept: application/vnd.ipld.car; order=unk\n")
	      == 200);
	CHECK(ask_field_is("content-type", "application/vnd.ipld.car; version=1; order=dfs; dups=n"));
	CHECK(ask_with("/ipfs/" DUPS, "accept: application/vnd.ipld.car;version=\"1\";dups=\"y\"\n") == 200);
	CHECK(ask_field_is("content-type", "application/vnd.ipld.car; version=1; order=dfs; dups=y"));
}

static void parameters_that_are_wrong(void)
{
	static const char *const bad[] = {
		"dag-scope=some", "car-version=2", "car-order=bfs", "car-dups=yes", "entity-bytes=", "entity-bytes",
		"entity-bytes=5", "entity-bytes=5:2", "entity-bytes=-2:-5", "entity-bytes=a:b", "entity-bytes=1:2:3",
		"entity-bytes=*:5", "entity-bytes=%200:5", "entity-bytes=1:", "entity-bytes=:", "entity-bytes=--1:*",
		"entity-bytes=99999999999999999999:*", "entity-bytes=1026:*", "entity-bytes=0:+5"
	};
	char target[200];
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(target, sizeof target, "/ipfs/" MULTI "?format=car&%s", bad[i]);
		CHECK(ask_get(target) == 400);
		CHECK(!ask_field("etag") && !ask_field("cache-control") && !ask_field("accept-ranges"));
	}
	CHECK(ask_with("/ipfs/" MULTI, "accept: application/vnd.ipld.car; version=2\n") == 400 ||
	      ask_now.heard.r.status == 406);
	CHECK(ask_get("/ipfs/" MULTI "?format=raw&dag-scope=some") == 200);	/* nothing of it is asked */
}

static void scopes_and_ways(void)
{
	CHECK(n_blocks("/ipfs/" MULTI "?format=car&entity-bytes=900:-900") == 1);	/* empty: the block */
	CHECK(n_blocks("/ipfs/" MULTI "?format=car&dag-scope=all&entity-bytes=0:0") == 2);
	CHECK(n_blocks("/ipfs/" ASCII "?format=car&entity-bytes=3:4") == 1);
	CHECK(n_blocks("/ipfs/" MIXED "/subdir?format=car&entity-bytes=0:3") == 2);	/* it has no bytes */
	CHECK(n_blocks("/ipfs/" MIXED "?format=car") == 10);
	CHECK(n_blocks("/ipfs/" CBOR "?format=car&dag-scope=block") == 1);
	CHECK(n_blocks("/ipfs/" CBOR "?format=car") > 2);
	/* a value inside a block: that block, once, and all below it where all is asked for */
	CHECK(n_blocks("/ipfs/" CBOR "/files?format=car&dag-scope=entity&car-dups=y") == 1);
	CHECK(n_blocks("/ipfs/" CBOR "/files?format=car&dag-scope=block") == 1);
	CHECK(n_blocks("/ipfs/" CBOR "/files?format=car&car-dups=y") == n_blocks("/ipfs/" CBOR "?format=car&car-dups=y"));
	CHECK(n_blocks("/ipfs/bafybeia264q44a3kmfc2otctzu4egp2k235o3t7mslz2yjraymp4nv6asi/document/files?format=car") == 9);
	CHECK(n_blocks("/ipfs/" INLINED "?format=car") == 0);
	CHECK(n_blocks("/ipfs/bafkqaaa?format=car") == 0);
}

static void what_is_not_there(void)
{
	CHECK(ask_get("/ipfs/" MIXED "/subdir/none?format=car") == 404);
	CHECK(ask_get("/ipfs/QmYzfKSE55XCjD1MW128RfciAf2DViABhEiXfgVFMabSjN?format=car") == 404);
	/* a block that is missing further on: the end is unclean */
	CHECK(ask_get("/ipfs/" HOLES "?format=car") == 200 && ask_now.heard.r.failed);
	CHECK(ask_get("/ipfs/" HOLES "?format=car&entity-bytes=0:2000") == 200 && ask_now.heard.r.failed);
	CHECK(ask_get("/ipfs/" HOLES "?format=car&entity-bytes=0:1023") == 200 && !ask_now.heard.r.failed);
}

static void tags(void)
{
	static const char *const other[] = {
		"", "&dag-scope=entity", "&dag-scope=block", "&entity-bytes=0:5", "&entity-bytes=0:6",
		"&entity-bytes=1:6", "&entity-bytes=1:*", "&car-dups=y", "&car-order=unk"
	};
	const char *tag[20];
	char target[200], fields[200];
	size_t n = 0, i, j;

	for (i = 0; i < sizeof other / sizeof other[0]; i++) {
		snprintf(target, sizeof target, "/ipfs/" MIXED "/subdir/multiblock.txt?format=car%s", other[i]);
		CHECK(ask_get(target) == 200);
		tag[n++] = ask_field("etag");
	}
	CHECK(ask_get("/ipfs/" MIXED "/subdir/hello.txt?format=car") == 200);
	tag[n++] = ask_field("etag");
	for (i = 0; i < n; i++) {
		CHECK(tag[i] && strncmp(tag[i], "\"" MIXED ".car.", 65) == 0);
		for (j = 0; j < i; j++)
			CHECK(strcmp(tag[i], tag[j]) != 0);
	}
	snprintf(fields, sizeof fields, "if-none-match: %s\n", tag[0]);
	CHECK(ask_with("/ipfs/" MIXED "/subdir/multiblock.txt?format=car", fields) == 304 && !ask_now.heard.body.len);
	CHECK(ask_with("/ipfs/" MIXED "/subdir/multiblock.txt?format=car&car-dups=y", fields) == 200);
}

static void heads(void)
{
	CHECK(ask("HEAD", "/ipfs/" MIXED "/subdir?format=car", "127.0.0.1", NULL) == 200);
	CHECK(!ask_now.heard.body.len && ask_now.heard.len == LEN_UNKNOWN);
	CHECK(ask_field_is("content-type", "application/vnd.ipld.car; version=1; order=dfs; dups=n"));
	CHECK(ask_field_is("content-disposition", "attachment; filename=\"" MIXED "_subdir.car\"; filename*=UTF-8''"
			   MIXED "_subdir.car"));
	CHECK(ask_field_is("cache-control", "public, max-age=29030400, immutable"));
	CHECK(ask_field_has("x-ipfs-roots", MIXED ","));
	CHECK(ask("HEAD", "/ipfs/QmYzfKSE55XCjD1MW128RfciAf2DViABhEiXfgVFMabSjN?format=car", "127.0.0.1", NULL)
	      == 404);
	CHECK(ask_get("/ipfs/" MIXED "?format=car&filename=a.car") == 200);
	CHECK(ask_field_is("content-disposition", "attachment; filename=\"a.car\"; filename*=UTF-8''a.car"));
	CHECK(ask_with("/ipfs/" MIXED "?format=car", "range: bytes=0-5\n") == 200);
}

static void large_blocks_are_not_copied(void)
{
	ask_import(GOLDEN "redirects_file/redirects.car");
	CHECK(n_blocks("/ipfs/QmQyqMY5vUBSbSxyitJqthgwZunCQjDVtNd8ggVCxzuPQ4/too-large/_redirects?format=car") == 3);
	CHECK(ask_now.heard.n_extents == 1);
	CHECK(n_blocks("/ipfs/QmQyqMY5vUBSbSxyitJqthgwZunCQjDVtNd8ggVCxzuPQ4/too-large/_redirects?format=car"
		       "&entity-bytes=0:1") == 3);
}

/* a client that goes away is told to whoever asked, and nothing is made of it */
static void clients_that_go_away(void)
{
	ask_now.heard.room = 100;
	CHECK(ask_get("/ipfs/" MIXED "?format=car") == 200 && ask_now.heard.rc == ERR_INTERRUPTED);
	ask_now.heard.room = 0;
}

static void duplicates_have_a_bound(void)
{
	setup("gateway.car-max = 4000\n");
	CHECK(ask_get("/ipfs/" DUPS "?format=car&car-dups=y") == 200);
	CHECK(!ask_now.heard.r.failed);
	CHECK(ask_get("/ipfs/bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i?format=car&car-dups=y") == 200);
	CHECK(ask_now.heard.r.failed && ask_now.heard.body.len < 2 * 65536);
	CHECK(ask_get("/ipfs/bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i?format=car") == 200);
	CHECK(!ask_now.heard.r.failed);
}

static void denied_blocks(void)
{
	char path[4200], config[4300], secret[100];
	size_t len;
	FILE *f;

	NEED(ask_get("/ipfs/" ASCII "?format=raw") == 200 && ask_now.heard.body.len < sizeof secret);
	len = ask_now.heard.body.len;
	memcpy(secret, ask_now.heard.body.data, len);
	snprintf(path, sizeof path, "%s/list.deny", unit_tmpdir());
	f = fopen(path, "w");
	NEED(f && fputs("/ipfs/" ASCII "\n", f) >= 0 && fclose(f) == 0);
	snprintf(config, sizeof config, "gateway.deny = %s\n", path);
	setup(config);
	CHECK(ask_get("/ipfs/" MIXED "/subdir/ascii.txt?format=car") == 410);
	CHECK(ask_get("/ipfs/" MIXED "/subdir/hello.txt?format=car") == 200 && !ask_now.heard.r.failed);
	CHECK(ask_get("/ipfs/" MIXED "?format=car") == 200 && ask_now.heard.r.failed);
	CHECK(len == 31 && !memmem(ask_now.heard.body.data, ask_now.heard.body.len, secret, len));
}

/* the table of reference 8.5 */
static void ranges(void)
{
	static const struct { const char *text; uint64_t size; int rc; uint64_t off, len; } rows[] = {
		{ "0:0", 1026, 1, 0, 1 }, { "512:*", 1026, 1, 512, 514 }, { "512:1023", 1026, 1, 512, 512 },
		{ "512:-256", 1026, 1, 512, 259 }, { "-5:*", 1026, 1, 1021, 5 }, { "-9999:*", 1026, 1, 0, 1026 },
		{ "-9999:-3", 1026, 1, 0, 1024 }, { "0:9999", 1026, 1, 0, 1026 }, { "5:-1026", 1026, 0, 0, 0 },
		{ "0:-1026", 1026, 1, 0, 1 }, { "0:-9999", 1026, 0, 0, 0 }, { "0:*", 0, 0, 0, 0 },
		{ "-1:*", 0, 0, 0, 0 }, { "1025:*", 1026, 1, 1025, 1 }, { "1026:*", 1026, ERR_USAGE, 0, 0 },
		{ "-0:*", 1026, 1, 0, 1026 }, { "9223372036854775807:*", 1026, ERR_USAGE, 0, 0 },
		{ "-9223372036854775807:9223372036854775807", 1026, 1, 0, 1026 },
		{ "0:9223372036854775807", UINT64_MAX, 1, 0, INT64_MAX },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct car_wish w = { .scope = CAR_ENTITY };
		uint64_t off = 0, len = 0;

		CHECK(car_bytes(span_str(rows[i].text), &w) == 0);
		CHECK(car_range(&w, rows[i].size, &off, &len) == rows[i].rc);
		CHECK(off == rows[i].off && len == rows[i].len);
		if (off != rows[i].off || len != rows[i].len)
			printf("# %s: %" PRIu64 " %" PRIu64 "\n", rows[i].text, off, len);
	}
}

int main(void)
{
	RUN(the_suite);
	RUN(what_the_url_says_counts_more);
	RUN(parameters_that_are_wrong);
	RUN(scopes_and_ways);
	RUN(what_is_not_there);
	RUN(tags);
	RUN(heads);
	RUN(large_blocks_are_not_copied);
	RUN(clients_that_go_away);
	RUN(duplicates_have_a_bound);
	RUN(denied_blocks);
	RUN(ranges);
	ask_close();
	return UNIT_END();
}
