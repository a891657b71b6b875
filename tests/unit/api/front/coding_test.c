/* coding_test.c - which answers are coded, how they are told from plain ones, and that nothing is left behind */
#include <brotli/decode.h>
#include <fcntl.h>
#include <zlib.h>
#include <zstd.h>

#include "rig.h"

/* ---- decoders: the plain bytes, kept; NULL: it is not that coding, or does not end where it should ---- */

enum { ROOM = 1 << 20 };

static const char *unzlib(struct span in, int bits, size_t *len)
{
	char *out = unit_kept(ROOM);
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.len, .next_out = (Bytef *)out,
		       .avail_out = ROOM };
	int rc;

	if (inflateInit2(&z, bits) != Z_OK)
		return NULL;
	rc = inflate(&z, Z_FINISH);
	*len = ROOM - z.avail_out;
	inflateEnd(&z);
	return rc == Z_STREAM_END && !z.avail_in ? out : NULL;
}

static const char *decoded(const char *coding, struct span in, size_t *len)
{
	char *out = unit_kept(ROOM);

	*len = ROOM;
	if (!strcmp(coding, "gzip"))
		return unzlib(in, MAX_WBITS + 16, len);
	if (!strcmp(coding, "deflate"))
		return unzlib(in, MAX_WBITS, len);
	if (!strcmp(coding, "br"))
		return BrotliDecoderDecompress(in.len, in.p, len, (uint8_t *)out) == BROTLI_DECODER_RESULT_SUCCESS ?
		       out : NULL;
	if (!strcmp(coding, "zstd")) {
		ZSTD_DCtx *d = ZSTD_createDCtx();
		ZSTD_inBuffer from = { in.p, in.len, 0 };
		ZSTD_outBuffer to = { out, ROOM, 0 };
		size_t left = ZSTD_decompressStream(d, &to, &from);

		ZSTD_freeDCtx(d);
		*len = to.pos;
		return left == 0 && from.pos == in.len ? out : NULL;
	}
	return NULL;
}

/* ---- a handler ---- */

struct page {
	const char *type, *tag;		/* NULL: none */
	const char *more;		/* fields: "name: value\n" */
	int status;
	size_t len;			/* of the body */
	int unknown;			/* its length is not told */
	int file;			/* the body comes as extents of this file; 0: as bytes */
	int cond;			/* 304 when the tag is listed, as the gateway would say it */
	size_t dies;			/* so many bytes into the body; 0: not */
	int dies_with;
};

static struct span text(size_t len)
{
	static uint8_t *p;
	size_t i;

	if (!p) {
		p = unit_kept(ROOM);
		for (i = 0; i < ROOM; i++)
			p[i] = (uint8_t)"the same words again, and a number: 0123456789\n"[(i * 7 + i / 4096) % 47];
	}
	return span_of(p, len);
}

static int put_all(const struct page *p, struct reply *r)
{
	struct span all = text(p->len);
	size_t at, n;
	int rc = 0;

	for (at = 0; rc == 0 && at < all.len; at += n) {
		struct piece e = { .fd = p->file, .off = at };

		n = all.len - at < 50000 ? all.len - at : 50000;
		if (p->dies && at + n > p->dies)
			return p->dies_with ? err_set(p->dies_with, "the handler died") : (r->failed = 1, 0);
		e.len = n;
		rc = p->file ? sink_put(&r->sink, &e) : sink_bytes(&r->sink, span_of(all.p + at, n));
	}
	return rc;
}

static int page(struct request *rq, struct reply *r, void *ctx)
{
	const struct page *p = ctx;
	struct field f[8];
	size_t i, n = heard_fields(f, 8, p->more);
	int rc = 0, status = p->status ? p->status : 200;
	struct buf list = BUF_INIT(1 << 20);

	if (p->tag)
		rc = reply_field(r, "etag", "%s", p->tag);
	if (p->cond && request_list(rq, "if-none-match", &list) == 1 &&
	    http_etag_listed(buf_span(&list), span_str(p->tag), 1))
		status = 304;
	if (p->cond && request_field(rq, "if-match").p &&
	    !http_etag_listed(request_field(rq, "if-match"), span_str(p->tag), 0))
		status = 412;
	buf_clear(&list);
	if (p->type && status != 304)
		rc = reply_field(r, "content-type", "%s", p->type);
	for (i = 0; rc == 0 && i < n; i++)
		rc = reply_field(r, (const char *)memcpy(memset(unit_kept(64), 0, 64), f[i].name.p, f[i].name.len), "%.*s",
				 (int)f[i].value.len, (const char *)f[i].value.p);
	if (rc == 0)
		rc = reply_start(r, status, status == 304 ? 0 : p->unknown ? LEN_UNKNOWN : p->len);
	return rc < 0 || status == 304 || status == 412 ? rc : put_all(p, r);
}

static int get(const struct page *p, const char *fields)
{
	return rig_answer(page, (void *)(uintptr_t)p, "GET", "/x", fields);
}

/* is the last answer the page in this coding ("": as it is), and does it say so? */
static int is_coded(const struct page *p, const char *coding)
{
	size_t len = rig.heard.body.len;
	const char *plain = *coding ? decoded(coding, buf_span(&rig.heard.body), &len) : rig_body();

	if (strcmp(rig_field("content-encoding"), coding) != 0 || !plain || len != p->len ||
	    memcmp(plain, text(p->len).p, len) != 0) {
		printf("# coding \"%s\", %zu bytes, not \"%s\"\n", rig_field("content-encoding"), rig.heard.body.len, coding);
		return 0;
	}
	return *coding ? rig.heard.len == LEN_UNKNOWN : rig.heard.len == (p->unknown ? LEN_UNKNOWN : p->len);
}

/* ---- tests ---- */

static const char all[] = "compress.codings = zstd br gzip deflate\n";

static void every_coding(void)
{
	static const char *const names[] = { "zstd", "br", "gzip", "deflate" };
	struct page p = { "text/plain; charset=utf-8", "\"t\"", "accept-ranges: bytes\ncontent-length: 200000\n",
			  .len = 200000 };
	char fields[64], tag[32];
	size_t i;

	rig_open(all);
	for (i = 0; i < 4; i++) {
		snprintf(fields, sizeof fields, "accept-encoding: %s\n", names[i]);
		snprintf(tag, sizeof tag, "\"t-%s\"", names[i]);
		CHECK(get(&p, fields) == 200 && rig.heard.rc == 0 && rig.heard.starts == 1);
		CHECK(is_coded(&p, names[i]));
		CHECK(rig.heard.body.len < p.len / 4);
		CHECK_STR(rig_field("etag"), tag);
		CHECK_STR(rig_field("vary"), "Accept-Encoding");
		CHECK_STR(rig_field("accept-ranges"), "");
		CHECK_STR(rig_field("content-length"), "");
	}
	p.unknown = 1;
	CHECK(get(&p, "accept-encoding: gzip\n") == 200 && is_coded(&p, "gzip"));
	/* the answer that is not coded could have been: caches must know */
	CHECK(get(&p, NULL) == 200 && is_coded(&p, ""));
	CHECK_STR(rig_field("vary"), "Accept-Encoding");
	CHECK_STR(rig_field("etag"), "\"t\"");
}

static void who_wants_what(void)
{
	static const struct { const char *said, *coding; } rows[] = {
		{ "gzip, deflate, br, zstd", "zstd" },		/* ours first among equals */
		{ "gzip, deflate, br", "br" },
		{ "gzip;q=1, br;q=0.9", "gzip" },
		{ "br;q=0, gzip", "gzip" },
		{ "zstd;q=0.001", "zstd" },
		{ "*", "zstd" },
		{ "*;q=0.5, br;q=0", "zstd" },
		{ "zstd;q=0, *", "br" },
		{ "GZIP", "gzip" },
		{ "x-gzip", "gzip" },
		{ "identity, gzip;q=0.5", "" },			/* plain is liked more */
		{ "gzip;q=0", "" },
		{ "identity", "" },
		{ "lzma, compress", "" },
		{ "", "" },
		{ "gzip;q=nonsense", "" },
		{ "*;q=0", "" },				/* nothing suits: better plain than nothing */
	};
	struct page p = { "text/html", "\"t\"", .len = 5000 };
	char fields[128];
	size_t i;

	rig_open(all);
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(fields, sizeof fields, "accept-encoding: %s\n", rows[i].said);
		get(&p, fields);
		if (!is_coded(&p, rows[i].coding))
			printf("# for \"%s\"\n", rows[i].said);
		CHECK(!strcmp(rig_field("content-encoding"), rows[i].coding));
	}
	/* what one field refuses another does not allow */
	CHECK(get(&p, "accept-encoding: br\naccept-encoding: zstd;q=0\n") == 200 && is_coded(&p, "br"));
	CHECK(get(&p, "accept-encoding: deflate\naccept-encoding: gzip\n") == 200 && is_coded(&p, "gzip"));
}

static void which_answers(void)
{
	static const struct { const char *type; int coded; } rows[] = {
		{ "text/html", 1 }, { "TEXT/CSS", 1 }, { "text/plain; charset=utf-8", 1 }, { "application/json", 1 },
		{ "application/vnd.ipld.dag-json", 1 }, { "image/svg+xml", 1 }, { "application/wasm", 1 },
		{ "application/javascript", 1 }, { "text/event-stream", 0 }, { "application/vnd.ipld.raw", 0 },
		{ "application/vnd.ipld.car; version=1; order=dfs; dups=n", 0 }, { "application/x-tar", 0 },
		{ "application/vnd.ipfs.ipns-record", 0 }, { "application/vnd.ipld.dag-cbor", 0 },
		{ "application/cbor", 0 }, { "application/octet-stream", 0 }, { "application/zip", 0 },
		{ "application/gzip", 0 }, { "image/png", 0 }, { "video/mp4", 0 }, { "audio/ogg", 0 }, { "font/woff2", 0 },
		{ "application/grpc+proto", 0 }, { "application/vnd.apache.arrow.stream", 0 },
		{ "application/vnd.safetensors", 0 }, { "application/pdf", 0 }, { NULL, 0 },
	};
	struct page p = { .tag = "\"t\"", .len = 5000 };
	size_t i;

	rig_open(all);
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		p.type = rows[i].type;
		get(&p, "accept-encoding: gzip\n");
		if (!is_coded(&p, rows[i].coded ? "gzip" : ""))
			printf("# of %s\n", p.type ? p.type : "no type");
		CHECK(!strcmp(rig_field("content-encoding"), rows[i].coded ? "gzip" : ""));
		CHECK_STR(rig_field("vary"), rows[i].coded ? "Accept-Encoding" : "");
		CHECK_STR(rig_field("etag"), rows[i].coded ? "\"t-gzip\"" : "\"t\"");
	}
}

static void sizes_and_statuses(void)
{
	struct page p = { "text/plain", "\"t\"", .len = 1023 };

	rig_open(all);
	CHECK(get(&p, "accept-encoding: gzip\n") == 200 && is_coded(&p, ""));
	CHECK_STR(rig_field("vary"), "");
	p.len = 1024;
	CHECK(get(&p, "accept-encoding: gzip\n") == 200 && is_coded(&p, "gzip"));
	p.status = 404;					/* pages of errors may be long, too */
	CHECK(get(&p, "accept-encoding: br\n") == 404 && is_coded(&p, "br"));
	p.status = 500;
	CHECK(get(&p, "accept-encoding: br\n") == 500 && is_coded(&p, "br"));
	p.status = 301;
	CHECK(get(&p, "accept-encoding: br\n") == 301 && is_coded(&p, ""));
	p.status = 200;
	p.len = 0;
	p.unknown = 1;
	CHECK(get(&p, "accept-encoding: br\n") == 200 && is_coded(&p, "br"));
	rig_open("compress.codings =\n");
	p.len = 5000;
	CHECK(get(&p, "accept-encoding: br\n") == 200 && is_coded(&p, ""));
	CHECK_STR(rig_field("vary"), "");
}

static void left_as_it_is(void)
{
	struct page p = { "text/plain", "\"t\"", .len = 5000 };

	rig_open(all);
	CHECK(get(&p, "accept-encoding: gzip\ncache-control: no-transform\n") == 200 && is_coded(&p, ""));
	CHECK(get(&p, "accept-encoding: gzip\ncache-control: no-cache\ncache-control: max-age=0, No-Transform\n") == 200 &&
	      is_coded(&p, ""));
	p.more = "cache-control: public, no-transform\n";
	CHECK(get(&p, "accept-encoding: gzip\n") == 200 && is_coded(&p, ""));
	CHECK_STR(rig_field("vary"), "");
	p.more = "vary: Accept, accept-encoding\n";	/* said already */
	CHECK(get(&p, NULL) == 200 && is_coded(&p, ""));
	CHECK_STR(rig_field("vary"), "Accept, accept-encoding");
	p.more = "vary: Origin\n";
	CHECK(get(&p, NULL) == 200 && is_coded(&p, ""));
	CHECK_STR(rig_field("vary"), "Origin, Accept-Encoding");
	p.more = "content-encoding: br\n";		/* coded already */
	CHECK(get(&p, "accept-encoding: gzip\n") == 200);
	CHECK_STR(rig_field("content-encoding"), "br");
	CHECK_STR(rig_field("etag"), "\"t\"");
	CHECK(rig.heard.body.len == p.len);
}

static void ranges(void)
{
	struct page p = { "text/plain", "\"t\"", "content-range: bytes 0-4999/9000\n", .status = 206, .len = 5000 };

	rig_open(all);
	CHECK(get(&p, "accept-encoding: gzip\nrange: bytes=0-4999\n") == 206 && is_coded(&p, ""));
	CHECK_STR(rig_field("vary"), "Accept-Encoding");	/* RFC 9110 15.3.7: as the 200 has it */
	CHECK_STR(rig_field("etag"), "\"t\"");
	p.type = "multipart/byteranges; boundary=x";
	CHECK(get(&p, "accept-encoding: gzip\nrange: bytes=0-1,5-6\n") == 206 && is_coded(&p, ""));
	CHECK_STR(rig_field("vary"), "Accept-Encoding");
	p.type = "application/vnd.ipld.raw";
	CHECK(get(&p, "accept-encoding: gzip\nrange: bytes=0-1\n") == 206 && is_coded(&p, ""));
	CHECK_STR(rig_field("vary"), "");
	/* a range that is ignored gets the plain bytes as well: their tag is the one If-Range knows */
	p.type = "text/plain";
	p.status = 200;
	CHECK(get(&p, "accept-encoding: gzip\nrange: bytes=0-4999\nif-range: \"old\"\n") == 200 && is_coded(&p, ""));
}

static void tags(void)
{
	static const struct { const char *list, *tag; } rows[] = {
		{ "\"t\"", "\"t\"" },
		{ "\"t-gzip\"", "\"t-gzip\"" },
		{ "W/\"t-br\"", "\"t-br\"" },
		{ "\"a\", \"t-zstd\"", "\"t-zstd\"" },
		{ "\"t-zstd\", \"a\"", "\"t-zstd\"" },		/* the last in the list said nothing of it */
		{ "\"t-deflate\" ,\t\"a-gzip\"", "\"t-deflate\"" },
		{ "\"a-gzip\",\"t\"", "\"t\"" },
		{ "\"t-gzip\", \"t\"", "\"t\"" },
		{ "*", "\"t\"" },
		{ ",, \"t-br\",", "\"t-br\"" },
		{ "\"a,b\", \"t-gzip\"", "\"t-gzip\"" },
	};
	static const char *const no[] = {
		"\"t-lzma\"", "\"t-gzip", "t-gzip\"", "\"-gzip\"", "\"tt-gzip\"", "\"t-gzip-br\"", "\"t,x-gzip\"", ""
	};
	struct page p = { "text/plain", "\"t\"", .len = 5000, .cond = 1 };
	char fields[128];
	size_t i;

	rig_open(all);
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(fields, sizeof fields, "if-none-match: %s\naccept-encoding: gzip\n", rows[i].list);
		if (get(&p, fields) != 304 || strcmp(rig_field("etag"), rows[i].tag) != 0)
			printf("# for %s\n", rows[i].list);
		CHECK(rig.heard.r.status == 304 && rig.heard.body.len == 0);
		CHECK_STR(rig_field("etag"), rows[i].tag);
		CHECK_STR(rig_field("vary"), "Accept-Encoding");
		CHECK_STR(rig_field("content-encoding"), "");
	}
	for (i = 0; i < sizeof no / sizeof *no; i++) {
		snprintf(fields, sizeof fields, "if-none-match: %s\n", no[i]);
		if (get(&p, fields) != 200)
			printf("# for %s\n", no[i]);
		CHECK(rig.heard.r.status == 200);
	}
	/* in any of several fields, among others */
	CHECK(get(&p, "if-none-match: \"a\"\naccept: */*\nif-none-match: \"b\", \"t-br\"\n") == 304);
	CHECK_STR(rig_field("etag"), "\"t-br\"");
	p.tag = "W/\"t\"";
	CHECK(get(&p, "if-none-match: W/\"t-br\"\n") == 304);
	CHECK_STR(rig_field("etag"), "W/\"t-br\"");
	CHECK(get(&p, "accept-encoding: br\n") == 200);
	CHECK_STR(rig_field("etag"), "W/\"t-br\"");
	/* a tag that has such an end by itself */
	p.tag = "\"t-gzip\"";
	CHECK(get(&p, "if-none-match: \"t-gzip\"\n") == 304);
	CHECK_STR(rig_field("etag"), "\"t-gzip\"");
	CHECK(get(&p, "if-none-match: \"t-gzip-br\"\n") == 304);
	CHECK_STR(rig_field("etag"), "\"t-gzip-br\"");
	/* nobody's coding, nobody's tags */
	rig_open("compress.codings = gzip\n");
	p.tag = "\"t\"";
	CHECK(get(&p, "if-none-match: \"t-br\"\n") == 200);
	rig_open("compress.codings =\n");
	CHECK(get(&p, "if-none-match: \"t-gzip\"\n") == 200);
	CHECK(get(&p, "if-none-match: \"t\"\n") == 304);
	CHECK_STR(rig_field("vary"), "");
}

static void the_tag_must_match(void)
{
	struct page p = { "text/plain", "\"t\"", .len = 5000, .cond = 1 };

	rig_open(all);
	CHECK(get(&p, "if-match: \"t-gzip\"\naccept-encoding: gzip\n") == 200 && is_coded(&p, "gzip"));
	CHECK(get(&p, "if-match: \"u-gzip\"\n") == 412);
	/* parts are of the plain bytes: those of the coded ones would not fit */
	CHECK(get(&p, "if-match: \"t-gzip\"\nrange: bytes=0-4\n") == 412);
	CHECK(get(&p, "if-match: \"t\"\nrange: bytes=0-4\n") == 200);
}

/* n bytes of other tags, and ours at the end */
static const char *long_list(size_t n)
{
	char *fields = unit_kept(n + 64);
	size_t i;

	strcpy(fields, "if-none-match: ");
	for (i = strlen(fields); i + 16 < n; i += 10)
		memcpy(fields + i, "\"u-gzip\", ", 11);
	strcpy(fields + i, "\"t-br\"\n");
	return fields;
}

/* as long as a head may be; and beyond what is ever sent nothing breaks */
static void long_lists_and_tags(void)
{
	struct page p = { "text/plain", "\"t\"", .len = 5000, .cond = 1 };
	char *fields;

	rig_open(all);
	CHECK(get(&p, long_list(30000)) == 304);
	CHECK_STR(rig_field("etag"), "\"t-br\"");
	CHECK(get(&p, long_list(1000000)) == 200 && is_coded(&p, ""));
	/* long tags of ours do not exist, and one of a stranger is left out rather than cut */
	fields = memset(unit_kept(700), 'x', 700);
	fields[0] = fields[698] = '"';
	fields[699] = 0;
	p.tag = fields;
	CHECK(get(&p, "accept-encoding: br\n") == 200 && is_coded(&p, "br"));
	CHECK_STR(rig_field("etag"), "");
}

static void no_tag(void)
{
	struct page p = { "text/plain", NULL, .len = 5000 };

	rig_open(all);
	CHECK(get(&p, "accept-encoding: br\n") == 200 && is_coded(&p, "br"));
	CHECK_STR(rig_field("etag"), "");
}

/* HEAD says what GET would, and makes nothing */
static void head(void)
{
	struct page p = { "text/plain", "\"t\"", "accept-ranges: bytes\n", .len = 5000 };

	rig_open(all);
	CHECK(rig_answer(page, &p, "HEAD", "/x", "accept-encoding: br\n") == 200 && rig.heard.rc == 0);
	CHECK_STR(rig_field("content-encoding"), "br");
	CHECK_STR(rig_field("etag"), "\"t-br\"");
	CHECK_STR(rig_field("vary"), "Accept-Encoding");
	CHECK_STR(rig_field("accept-ranges"), "");
	CHECK(rig.heard.len == LEN_UNKNOWN && rig.heard.n_pieces == 0 && rig.heard.body.len == 0);
	CHECK(rig_answer(page, &p, "HEAD", "/x", NULL) == 200);
	CHECK_STR(rig_field("accept-ranges"), "bytes");
	CHECK(rig.heard.len == 5000);
}

static void extents(void)
{
	struct page p = { "text/plain", "\"t\"", .len = 300000 };
	char path[64];
	int fd;

	snprintf(path, sizeof path, "%s/extent", unit_tmpdir());
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	NEED(fd > 0 && write(fd, text(p.len).p, p.len) == (ssize_t)p.len);
	p.file = fd;
	rig_open(all);
	CHECK(get(&p, "accept-encoding: gzip\n") == 200 && is_coded(&p, "gzip"));
	CHECK(rig.heard.n_extents == 0);
	CHECK(get(&p, NULL) == 200 && is_coded(&p, ""));
	CHECK(rig.heard.n_extents == 6);			/* and never pass through us */
	/* a file that ends early: the answer does, too, and not as if it were whole */
	NEED(ftruncate(fd, 200000) == 0);
	CHECK(get(&p, "accept-encoding: gzip\n") == 200 && rig.heard.rc == ERR_CORRUPT);
	close(fd);
}

/* the size of what came out tells an answer that is whole from one that is not */
static void ends_badly(const struct page *p, int rc, const char *coding)
{
	char fields[64];
	size_t len;

	snprintf(fields, sizeof fields, "accept-encoding: %s\n", coding);
	CHECK(get(p, fields) == 200 && rig.heard.rc == rc);
	CHECK_STR(rig_field("content-encoding"), coding);
	CHECK(!decoded(coding, buf_span(&rig.heard.body), &len));
}

static void handlers_that_fail(void)
{
	static const char *const names[] = { "zstd", "br", "gzip", "deflate" };
	struct page p = { "text/plain", "\"t\"", .len = 900000, .dies = 500000 };
	struct page good = { "text/plain", "\"t\"", .len = 5000 };
	size_t i;

	rig_open(all);
	for (i = 0; i < 4; i++) {
		p.dies_with = ERR_CORRUPT;
		ends_badly(&p, ERR_CORRUPT, names[i]);
		p.dies_with = 0;			/* it says so in the reply only */
		ends_badly(&p, 0, names[i]);
		CHECK(get(&good, "accept-encoding: gzip\n") == 200 && is_coded(&good, "gzip"));
	}
}

static void clients_that_leave(void)
{
	struct page p = { "text/plain", "\"t\"", .len = 900000 };
	struct page good = { "text/plain", "\"t\"", .len = 5000 };

	rig_open(all);
	rig.heard.room = 1;
	CHECK(get(&p, "accept-encoding: gzip\n") == 200);
	CHECK(rig.heard.rc == 0 || rig.heard.rc == ERR_INTERRUPTED);	/* all of it may fit into one piece */
	CHECK(get(&p, NULL) == 200 && rig.heard.rc == ERR_INTERRUPTED);
	rig.heard.room = 0;
	CHECK(get(&good, "accept-encoding: gzip\n") == 200 && is_coded(&good, "gzip"));
}

static int no_room(struct request *rq, struct reply *r, void *ctx)
{
	(void)rq;
	(void)ctx;
	r->fields.max = r->fields.len + 60;		/* for a type, and no more */
	if (reply_field(r, "content-type", "text/plain") < 0)
		return ERR_LIMIT;
	return reply_start(r, 200, 5000);
}

/* when what is to be said of the coding does not fit, no head goes out that says half of it */
static void a_head_that_is_full(void)
{
	rig_open(all);
	rig_answer(no_room, NULL, "GET", "/x", "accept-encoding: gzip\n");
	CHECK(rig.heard.rc == ERR_LIMIT && rig.heard.starts == 0);
}

static int nothing(struct request *rq, struct reply *r, void *ctx)
{
	(void)rq;
	(void)r;
	(void)ctx;
	return 0;
}

/* all of the front: answers of the routes and errors of the gateway */
static void through_the_front(void)
{
	const char *plain;
	size_t len;

	rig_open("compress.codings = gzip\ncompress.min-size = 1\n");
	CHECK(rig_answer(nothing, NULL, "GET", "/", "accept-encoding: gzip\n") == 0 && rig.heard.rc == 0);
	CHECK(rig_ask("GET", "/metrics", "accept-encoding: gzip\n") == 200);
	CHECK_STR(rig_field("content-encoding"), "gzip");
	plain = decoded("gzip", buf_span(&rig.heard.body), &len);
	CHECK(plain && len > 1000 && !memcmp(plain, "# HELP ", 7));
	CHECK(rig_ask("GET", "/ipfs/nonsense", "accept-encoding: gzip\n") == 400);
	plain = decoded("gzip", buf_span(&rig.heard.body), &len);
	CHECK(plain && len > 10 && memmem(plain, len, "nonsense", 8));
	CHECK(rig_ask("HEAD", "/metrics", "accept-encoding: gzip\n") == 200 && rig.heard.body.len == 0);
	CHECK_STR(rig_field("content-encoding"), "gzip");
	CHECK(rig_ask("OPTIONS", "/metrics", "accept-encoding: gzip\n") == 204 && rig.heard.body.len == 0);
	CHECK_STR(rig_field("content-encoding"), "");
}

int main(void)
{
	RUN(every_coding);
	RUN(who_wants_what);
	RUN(which_answers);
	RUN(sizes_and_statuses);
	RUN(left_as_it_is);
	RUN(ranges);
	RUN(tags);
	RUN(the_tag_must_match);
	RUN(long_lists_and_tags);
	RUN(no_tag);
	RUN(head);
	RUN(extents);
	RUN(handlers_that_fail);
	RUN(clients_that_leave);
	RUN(a_head_that_is_full);
	RUN(through_the_front);
	rig_close();
	return UNIT_END();
}
