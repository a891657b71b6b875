#include "car.h"

static const struct span none = { NULL, 0 };

static size_t got_len;

/* cat into a string that stays; got_len: its bytes */
static int cat_range(struct memdag *m, const struct cid *cid, uint64_t off, uint64_t len,
		     const char **text)
{
	struct buf out = BUF_INIT(1 << 26);
	struct sink_buf sink;
	char *kept;
	int rc;

	sink_buf_start(&sink, &out);
	rc = unixfs_cat(&m->source, cid, off, len, &sink.sink, NULL, NULL);
	kept = unit_kept(out.len + 1);
	memcpy(kept, out.data ? out.data : (uint8_t *)"", out.len);
	kept[got_len = out.len] = 0;
	*text = kept;
	buf_clear(&out);
	return rc;
}

static const char *cat(struct memdag *m, struct cid cid)
{
	const char *text;
	int rc = cat_range(m, &cid, 0, UINT64_MAX, &text);

	return rc < 0 ? err_text() : text;
}

static struct cid block(struct memdag *m, const char *hex)
{
	return memdag_add(m, 1, CID_DAG_PB, unit_hex(hex));
}

static struct cid leaf(struct memdag *m, const char *text)
{
	return memdag_node(m, 1, NULL, 0, message(UNIXFS_FILE, span_str(text),
						  (int64_t)strlen(text), NULL, 0));
}

static struct cid inner(struct memdag *m, const struct cid *child, const uint64_t *sizes, size_t n)
{
	struct memdag_link l[64];
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		l[i] = (struct memdag_link){ child[i], "", 10 };
		sum += sizes ? sizes[i] : 0;
	}
	return memdag_node(m, 1, l, n, message(UNIXFS_FILE, none, (int64_t)sum, sizes, n));
}

/* reference 16.1, row by row */
static void what_cat_says_to_each_kind(void)
{
	struct memdag_link l = { .name = "" };
	struct memdag m;
	struct cid cid;

	memdag_init(&m);
	CHECK_STR(cat(&m, memdag_add(&m, 1, CID_RAW, span_str("raw"))), "raw");
	CHECK_STR(cat(&m, memdag_add(&m, 1, CID_RAW, none)), "");
	CHECK_STR(cat(&m, leaf(&m, "file")), "file");
	CHECK_STR(cat(&m, block(&m, "0a0408021800")), "");		/* no Data: empty */
	CHECK_STR(cat(&m, block(&m, "0a09080012037261771803")), "raw");	/* Type Raw */
	CHECK_STR(cat(&m, block(&m, "0a07080412036c6e6b")), "lnk");	/* symlink: its target */
	CHECK_STR(cat(&m, block(&m, "0a020801")), "this dag node is a directory");
	CHECK_STR(cat(&m, block(&m, "0a06080528223008")), "this dag node is a directory");
	CHECK_STR(cat(&m, block(&m, "0a020807")), "unrecognized node type");
	CHECK_STR(cat(&m, block(&m, "0a020803")), "incorrectly formatted metadata object");
	CHECK(strstr(cat(&m, block(&m, "0a00")), "proto: required field") != NULL);
	CHECK(strstr(cat(&m, block(&m, "0a050001020304")), "proto: ") != NULL);
	CHECK(strstr(cat(&m, block(&m, "")), "proto: ") != NULL);
	CHECK_STR(cat(&m, memdag_add(&m, 1, CID_DAG_CBOR, unit_hex("a0"))), "unknown node type");
	/* metadata stands for its first link, which must be dag-pb */
	l.cid = leaf(&m, "described");
	cid = memdag_node(&m, 1, &l, 1, unit_hex("0803"));
	CHECK_STR(cat(&m, cid), "described");
	l.cid = memdag_add(&m, 1, CID_RAW, span_str("raw"));
	cid = memdag_node(&m, 1, &l, 1, unit_hex("0803"));
	CHECK_STR(cat(&m, cid), "expected protobuf dag node");
}

static void what_may_not_stand_in_a_file(void)
{
	struct memdag m;
	struct cid c[2];

	memdag_init(&m);
	c[0] = leaf(&m, "good");
	c[1] = block(&m, "0a020801");
	CHECK(strstr(cat(&m, inner(&m, c, NULL, 2)), "found Directory node in unexpected place"));
	c[1] = block(&m, "0a07080412036c6e6b");
	CHECK(strstr(cat(&m, inner(&m, c, NULL, 2)), "found Symlink node in unexpected place"));
	c[1] = block(&m, "0a0101");
	CHECK(strstr(cat(&m, inner(&m, c, NULL, 2)), "incorrectly formatted protobuf: "));
	c[1] = memdag_add(&m, 1, CID_DAG_CBOR, unit_hex("a0"));
	CHECK(strstr(cat(&m, inner(&m, c, NULL, 2)), "unknown node type"));
	/* Data beside links is not part of the file; link names do not matter */
	{
		struct memdag_link l = { leaf(&m, "leaf"), "odd name", 4 };
		struct cid cid = memdag_node(&m, 1, &l, 1, message(UNIXFS_FILE, span_str("inline"),
								   10, NULL, 0));

		CHECK_STR(cat(&m, cid), "leaf");
	}
}

/* raw and dag-pb leaves at different depths: a tree of "0".."99" */
static struct cid mixed(struct memdag *m, char *whole)
{
	struct cid c[10], d[10];
	uint64_t sizes[10], dsizes[10];
	unsigned i, j;

	*whole = 0;
	for (i = 0; i < 10; i++) {
		sizes[i] = 0;
		for (j = 0; j < 10; j++) {
			char text[32];

			snprintf(text, sizeof text, "%u,", i * 10 + j);
			strcat(whole, text);
			dsizes[j] = strlen(text);
			sizes[i] += dsizes[j];
			d[j] = j & 1 ? leaf(m, text) : memdag_add(m, 1, CID_RAW, span_str(text));
		}
		c[i] = inner(m, d, dsizes, 10);
	}
	return inner(m, c, sizes, 10);
}

static void every_range_of_a_tree(void)
{
	char whole[1024];
	struct memdag m;
	struct cid cid;
	size_t off, len, n;

	memdag_init(&m);
	cid = mixed(&m, whole);
	n = strlen(whole);
	for (off = 0; off <= n + 2; off++)
		for (len = 0; len <= n + 2; len += len < 20 ? 1 : 37) {
			char want[1024] = "";
			const char *got;

			if (off < n)
				snprintf(want, sizeof want, "%.*s", (int)len, whole + off);
			NEED(cat_range(&m, &cid, off, len, &got) == 0);
			CHECK_STR(got, want);
		}
	CHECK_STR(cat(&m, cid), whole);
}

static void only_blocks_in_the_range_are_read(void)
{
	char whole[1024];
	const char *got;
	struct memdag m;
	struct cid cid;

	memdag_init(&m);
	cid = mixed(&m, whole);
	m.n_gets = 0;
	NEED(cat_range(&m, &cid, 141, 3, &got) == 0);
	CHECK(m.n_gets <= 4);			/* root, one inner node, one or two leaves */
	m.n_gets = 0;
	NEED(cat_range(&m, &cid, 100000, 3, &got) == 0);
	CHECK(m.n_gets == 1 && !*got);
}

/* extents: bytes leave without being read, the file is the same */
static void leaves_leave_as_extents(void)
{
	enum { N = 3 * 65536 + 5 };
	uint8_t *bytes = unit_kept(N);
	struct cid c[4];
	uint64_t sizes[4];
	struct memdag m;
	struct cid cid;
	const char *got;
	unsigned i;
	size_t off;

	memdag_init(&m);
	memdag_extents(&m);
	for (i = 0; i < N; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 255);
	for (i = 0; i < 4; i++) {
		size_t n = i < 3 ? 65536 : 5;
		struct span s = span_of(bytes + i * 65536, n);

		sizes[i] = n;
		if (i == 1)
			c[i] = memdag_add(&m, 1, CID_RAW, s);
		else
			c[i] = memdag_node(&m, 0, NULL, 0, message(i == 2 ? UNIXFS_RAW : UNIXFS_FILE,
								   s, (int64_t)n, NULL, 0));
	}
	cid = inner(&m, c, sizes, 4);
	m.n_gets = 0;
	NEED(cat_range(&m, &cid, 0, UINT64_MAX, &got) == 0);
	CHECK(!memcmp(got, bytes, N));
	CHECK(m.n_gets == 2);			/* the root and the small leaf */
	for (off = 1; off < N - 70000; off += 7919) {
		NEED(cat_range(&m, &cid, off, 70000, &got) == 0);
		CHECK(!memcmp(got, bytes + off, 70000));
	}
}

/* leaves that are almost what every builder writes: believed only byte by byte */
static void odd_leaves_are_not_taken_for_plain_ones(void)
{
	uint8_t *fill = unit_kept(20000);
	struct span s = span_of(fill, 20000);
	struct unixfs_data d = { .type = UNIXFS_FILE, .has_data = 1, .data = s, .has_filesize = 1,
				 .filesize = 20000, .meta = { .mode = 0644, .has_mtime = 1 } };
	struct memdag_link l = { .name = "" };
	struct buf b = BUF_INIT(1 << 20);
	struct memdag m;
	struct cid cid;
	const char *got;

	memset(fill, 'x', 20000);
	memdag_init(&m);
	memdag_extents(&m);
	/* mode and mtime behind the data */
	NEED(unixfs_encode(&b, &d, NULL, 0) == 0);
	cid = memdag_node(&m, 1, NULL, 0, buf_span(&b));
	NEED(cat_range(&m, &cid, 0, UINT64_MAX, &got) == 0);
	CHECK(strlen(got) == 20000);
	/* Data twice: the last one is the file */
	buf_reset(&b);
	NEED(buf_bytes(&b, "\x08\x02\x12\xa0\x9c\x01", 6) == 0 && buf_add(&b, s) == 0);
	NEED(buf_bytes(&b, "\x12\x01y\x18\x01", 5) == 0);
	cid = memdag_node(&m, 1, NULL, 0, buf_span(&b));
	NEED(cat_range(&m, &cid, 0, UINT64_MAX, &got) == 0);
	CHECK_STR(got, "y");
	/* another type behind the data */
	buf_reset(&b);
	NEED(buf_bytes(&b, "\x08\x02\x12\xa0\x9c\x01", 6) == 0 && buf_add(&b, s) == 0);
	NEED(buf_bytes(&b, "\x08\x01", 2) == 0);
	cid = memdag_node(&m, 1, NULL, 0, buf_span(&b));
	CHECK_ERR(cat_range(&m, &cid, 0, UINT64_MAX, &got), ERR_INVALID);
	/* a filesize that lies, no filesize, links behind Data */
	d = (struct unixfs_data){ .type = UNIXFS_FILE, .has_data = 1, .data = s, .has_filesize = 1,
				  .filesize = 5 };
	buf_reset(&b);
	NEED(unixfs_encode(&b, &d, NULL, 0) == 0);
	cid = memdag_node(&m, 1, NULL, 0, buf_span(&b));
	NEED(cat_range(&m, &cid, 0, UINT64_MAX, &got) == 0);
	CHECK(strlen(got) == 20000);
	d.has_filesize = 0;
	buf_reset(&b);
	NEED(unixfs_encode(&b, &d, NULL, 0) == 0);
	cid = memdag_node(&m, 1, NULL, 0, buf_span(&b));
	NEED(cat_range(&m, &cid, 0, UINT64_MAX, &got) == 0);
	CHECK(strlen(got) == 20000);
	{
		struct buf block_ = BUF_INIT(1 << 20);

		l.cid = leaf(&m, "child");
		NEED(pb_put_data(&block_, message(UNIXFS_FILE, s, 20000, NULL, 0)) == 0);
		NEED(pb_put_link(&block_, cid_span(&l.cid), none, 5) == 0);
		cid = memdag_add(&m, 1, CID_DAG_PB, buf_span(&block_));
		NEED(cat_range(&m, &cid, 0, UINT64_MAX, &got) == 0);
		CHECK_STR(got, "child");
		buf_clear(&block_);
	}
	buf_clear(&b);
}

/* reference 16.2 */
static void sizes_that_lie(void)
{
	uint64_t more[2] = { 100, 4 }, less[2] = { 1, 1 }, huge[2] = { UINT64_MAX, UINT64_MAX };
	struct memdag m;
	struct cid c[2], cid;
	const char *got;

	memdag_init(&m);
	c[0] = leaf(&m, "abcd");
	c[1] = leaf(&m, "efgh");
	cid = inner(&m, c, NULL, 2);
	CHECK_STR(cat(&m, cid), "abcdefgh");		/* no sizes: streams, but does not seek */
	CHECK_ERR(cat_range(&m, &cid, 1, 1, &got), ERR_INVALID);
	CHECK_STR(err_text(), "file does not support seeking");
	CHECK(cat_range(&m, &cid, 0, 5, &got) == 0);
	CHECK_STR(got, "abcde");
	cid = inner(&m, c, more, 2);
	CHECK_STR(cat(&m, cid), "abcdefgh");
	CHECK(cat_range(&m, &cid, 50, 2, &got) == 0);	/* inside what the first child claims */
	CHECK_STR(got, "ef");
	cid = inner(&m, c, less, 2);
	CHECK_STR(cat(&m, cid), "abcdefgh");
	CHECK(cat_range(&m, &cid, 1, UINT64_MAX, &got) == 0);
	CHECK_STR(got, "efgh");
	cid = inner(&m, c, huge, 2);
	CHECK(cat_range(&m, &cid, UINT64_MAX - 1, UINT64_MAX, &got) == 0);
	CHECK_STR(got, "efgh");
	CHECK_STR(cat(&m, cid), "abcdefgh");
}

static void missing_blocks_hurt_only_their_range(void)
{
	struct memdag m;
	struct cid cid = the_cid("QmYhmPjhFjYFyaoiuNzYv8WGavpSRDwdHWe5B4M5du5Rtk");
	const char *got;

	memdag_init(&m);
	car_load(&m, "file-3k-and-3-blocks-missing-block.car");
	CHECK(cat_range(&m, &cid, 0, 1024, &got) == 0 && got_len == 1024);
	CHECK(cat_range(&m, &cid, 2048, 1024, &got) == 0 && got_len == 1024);
	CHECK(cat_range(&m, &cid, 2048, UINT64_MAX, &got) == 0 && got_len == 1024);
	CHECK_ERR(cat_range(&m, &cid, 0, UINT64_MAX, &got), ERR_NOTFOUND);
	CHECK(got_len == 1024);
	CHECK_ERR(cat_range(&m, &cid, 1024, 1, &got), ERR_NOTFOUND);
	CHECK_ERR(cat_range(&m, &cid, 1000, 100, &got), ERR_NOTFOUND);
}

static void conformance_fixtures(void)
{
	static const struct { const char *car, *path, *text; } rows[] = {
		{ "dir-with-files.car", "bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy"
		  "/ascii.txt", "hello application/vnd.ipld.car\n" },
		{ "path-gateway-tar.car", "bafybeig6ka5mlwkl4subqhaiatalkcleo4jgnr3hqwvpmsqfca27cijp3i"
		  "/ą/ę/file-źł.txt", "I am a txt file on path with utf8\n" },
		{ "symlink.car", "QmWvY6FaqFMS89YAQ9NAPjVP4WZKA1qbHbicc9HeSKQTgt/foo", "content\n" },
		{ "symlink.car", "QmWvY6FaqFMS89YAQ9NAPjVP4WZKA1qbHbicc9HeSKQTgt/bar", "foo" },
	};
	struct memdag m;
	struct cid cid;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		memdag_init(&m);
		car_load(&m, rows[i].car);
		NEED(unixfs_resolve(&m.source, rows[i].path, &cid) == 0);
		CHECK_STR(cat(&m, cid), rows[i].text);
	}
	memdag_init(&m);
	car_load(&m, "dir-with-files.car");
	cid = the_cid("bafybeigcisqd7m5nf3qmuvjdbakl5bdnh4ocrmacaqkpuh77qjvggmt2sa");
	CHECK(strlen(cat(&m, cid)) == 1026);
}

static void depth_bombs_are_refused(void)
{
	uint64_t size = 3;
	struct memdag m;
	struct cid cid;
	const char *got;
	int i;

	memdag_init(&m);
	cid = leaf(&m, "end");
	for (i = 0; i < DAG_DEPTH_MAX; i++)
		cid = inner(&m, &cid, &size, 1);
	CHECK_STR(cat(&m, cid), "end");
	CHECK(cat_range(&m, &cid, 2, 5, &got) == 0);
	CHECK_STR(got, "d");
	cid = inner(&m, &cid, &size, 1);
	CHECK_ERR(cat_range(&m, &cid, 0, UINT64_MAX, &got), ERR_LIMIT);
}

/* sixty levels of two links each over an empty leaf: 2^60 ways to find nothing */
static void empty_bombs_are_refused(void)
{
	struct memdag m;
	struct cid c[2];
	const char *got;
	int i;

	memdag_init(&m);
	c[0] = block(&m, "0a0408021800");
	for (i = 0; i < 60; i++) {
		c[1] = c[0];
		c[0] = inner(&m, c, NULL, 2);
	}
	CHECK_ERR(cat_range(&m, &c[0], 0, UINT64_MAX, &got), ERR_LIMIT);
}

/* the same over one byte: a file of 2^60 bytes, of which ranges are found at once */
static void huge_files_seek_at_once(void)
{
	struct memdag m;
	struct cid c[2];
	const char *got;
	uint64_t sizes[2] = { 1, 1 };
	int i;

	memdag_init(&m);
	c[0] = leaf(&m, "a");
	for (i = 0; i < 60; i++) {
		c[1] = c[0];
		c[0] = inner(&m, c, sizes, 2);
		sizes[0] = sizes[1] = sizes[0] * 2;
	}
	m.n_gets = 0;
	CHECK(cat_range(&m, &c[0], ((uint64_t)1 << 59) + 12345, 9, &got) == 0);
	CHECK_STR(got, "aaaaaaaaa");
	CHECK(m.n_gets < 120);
	CHECK(cat_range(&m, &c[0], ((uint64_t)1 << 60) - 2, 9, &got) == 0);
	CHECK_STR(got, "aa");
}

static uint64_t heard;

static int hear(void *arg, uint64_t bytes)
{
	(void)arg;
	heard += bytes;
	return heard > 200 ? err_set(ERR_INTERRUPTED, "enough") : 0;
}

static void progress_is_told_and_may_stop(void)
{
	char whole[1024];
	struct sink_null sink;
	struct memdag m;
	struct cid cid;

	memdag_init(&m);
	cid = mixed(&m, whole);
	sink_null_start(&sink);
	heard = 0;
	CHECK(unixfs_cat(&m.source, &cid, 10, 100, &sink.sink, hear, NULL) == 0);
	CHECK(heard == 100 && sink.bytes == 100);
	CHECK_ERR(unixfs_cat(&m.source, &cid, 0, UINT64_MAX, &sink.sink, hear, NULL), ERR_INTERRUPTED);
}

int main(void)
{
	RUN(what_cat_says_to_each_kind);
	RUN(what_may_not_stand_in_a_file);
	RUN(every_range_of_a_tree);
	RUN(only_blocks_in_the_range_are_read);
	RUN(leaves_leave_as_extents);
	RUN(odd_leaves_are_not_taken_for_plain_ones);
	RUN(sizes_that_lie);
	RUN(missing_blocks_hurt_only_their_range);
	RUN(conformance_fixtures);
	RUN(depth_bombs_are_refused);
	RUN(empty_bombs_are_refused);
	RUN(huge_files_seek_at_once);
	RUN(progress_is_told_and_may_stop);
	return UNIT_END();
}
