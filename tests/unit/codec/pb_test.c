/* pb_test.c - dag-pb: strict reading, canonical writing, links of all codecs built in */
#include "codec/codec.h"
#include "tests/unit/unit.h"

#define GOLDEN "tests/golden/ipld-codecs/"
#define SHA "221220cf92fdefcdc34cac009c8b05eb662be0618db9de55ecd42785e9ec6712f8df65"

/* call fn with the columns of each line of a table */
static int each_row(const char *path, void (*fn)(const char **col))
{
	static char line[65536];
	FILE *f = fopen(path, "r");
	int n = 0;

	if (!f)
		return 0;
	while (fgets(line, sizeof line, f)) {
		const char *col[6] = { line, "", "", "", "", "" };
		char *p = line;
		int i;

		line[strcspn(line, "\n")] = 0;
		if (line[0] == '#')
			continue;
		for (i = 1; i < 6 && (p = strchr(p, '\t')); i++) {
			*p++ = 0;
			col[i] = p;
		}
		fn(col);
		n++;
	}
	fclose(f);
	return n;
}

static void encode_again(const struct pb_node *node, struct buf *out)
{
	struct pb_iter it = pb_links(node);
	struct pb_link l;
	size_t n = 0, before;

	while (pb_next(&it, &l)) {
		before = out->len;
		CHECK(pb_put_link(out, l.hash, l.name, l.tsize) == 0);
		CHECK(out->len - before == pb_link_len(l.hash.len, l.name.len, l.tsize));
		n++;
	}
	CHECK(n == node->n_links);
	CHECK(pb_next(&it, &l) == 0);
	if (node->plain)
		CHECK(span_equal(span_of(node->block.p, node->links_len), buf_span(out)));
	else
		CHECK(node->links_len == 0);
	if (node->has_data)
		CHECK(pb_put_data(out, node->data) == 0);
}

static void verdict(const char **col)
{
	struct pb_node node;
	/* varints that are not minimal pass, as in Kubo (reference/unixfs.md 2.3) */
	int good = strncmp(col[2], "accept", 6) == 0 || strstr(col[2], "accept (lenient)");
	int rc;

	err_set(0, "%s", "");
	rc = pb_decode(unit_hex(col[0]), &node);
	if (good ? rc != 0 : rc != ERR_INVALID || strcmp(err_text(), "unknown error") == 0)
		printf("# %s (%s)\n", col[0], col[1]);
	CHECK(rc == (good ? 0 : ERR_INVALID));
}

static void verdicts(void)
{
	CHECK(each_row(GOLDEN "derived-dag-pb-decode.tsv", verdict) == 38);
}

static void must_fail(const char **col)
{
	struct pb_node node;

	CHECK_ERR(pb_decode(unit_hex(col[0]), &node), ERR_INVALID);
}

static void negative_fixtures(void)
{
	CHECK(each_row(GOLDEN "dag-pb-negative.tsv", must_fail) > 5);
}

static void fixture(const char **col)
{
	struct buf text = BUF_INIT(CID_TEXT_MAX), again = BUF_INIT(BLOCK_MAX);
	struct span block = unit_hex(col[1]);
	struct pb_node node;
	struct cid cid;

	CHECK(pb_decode(block, &node) == 0);
	CHECK(cid_sum(&cid, 1, CID_DAG_PB, MH_SHA2_256, &block, 1) == 0);
	CHECK(cid_format(&cid, NULL, &text) == 0);
	CHECK_STR((const char *)text.data, col[0]);
	encode_again(&node, &again);
	/* the ones without Name or Tsize come back longer */
	CHECK(again.len >= block.len);
	CHECK(pb_decode(buf_span(&again), &node) == 0 && node.plain);
	buf_clear(&text);
	buf_clear(&again);
}

static void fixtures(void)
{
	CHECK(each_row(GOLDEN "dag-pb-blocks.tsv", fixture) == 17);
}

static void words(void)
{
	static const struct { const char *hex, *text; } rows[] = {
		{ "1200" "0a00" "1200", "invalid Hash field found in link, expected CID" },
		{ "1224" "0a" SHA "0a0164" "1224" "0a" SHA,
		  "protobuf: (PBNode) duplicate Links section" },
		{ "0a01640a0164", "protobuf: (PBNode) duplicate Data section" },
		{ "0801", "protobuf: (PBNode) invalid wireType, expected 2, got 0" },
		{ "1a00", "protobuf: (PBNode) invalid fieldNumber, expected 1 or 2, got 3" },
		{ "1226" "0a" SHA "2200",
		  "protobuf: (PBLink) invalid fieldNumber, expected 1, 2 or 3, got 4" },
		{ "1227" "120161" "0a" SHA, "protobuf: (PBLink) invalid order, found Name before Hash" },
		{ "1226" "1801" "0a" SHA, "protobuf: (PBLink) invalid order, found Tsize before Hash" },
		{ "1229" "0a" SHA "1801" "120161",
		  "protobuf: (PBLink) invalid order, found Tsize before Name" },
		{ "1248" "0a" SHA "0a" SHA, "protobuf: (PBLink) duplicate Hash section" },
		{ "122a" "0a" SHA "120161" "120162", "protobuf: (PBLink) duplicate Name section" },
		{ "1228" "0a" SHA "1801" "1801", "protobuf: (PBLink) duplicate Tsize section" },
		{ "12020801", "protobuf: (PBLink) wrong wireType (0) for Hash" },
		{ "1226" "0a" SHA "1001", "protobuf: (PBLink) wrong wireType (0) for Name" },
		{ "1227" "0a" SHA "1a0101", "protobuf: (PBLink) wrong wireType (2) for Tsize" },
		{ "0a05000102", "protobuf: unexpected EOF" },
		{ "0a", "protobuf: unexpected EOF" },
		{ "12ff", "protobuf: unexpected EOF" },
		{ "ffffffffffffffffffff01", "protobuf: variable length integer overflow" },
		{ "0200", "protobuf: invalid field number" },
		{ "122f" "0a" SHA "18ffffffffffffffffff01",
		  "protobuf: (PBLink) Tsize 18446744073709551615 is too large" },
	};
	struct pb_node node;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK(pb_decode(unit_hex(rows[i].hex), &node) == ERR_INVALID);
		CHECK_STR(err_text(), rows[i].text);
	}
	CHECK(pb_decode(unit_hex("12040a021220"), &node) == ERR_INVALID);
	CHECK(strstr(err_text(), "invalid Hash field found in link, expected CID: ") == err_text());
}

/* reference/unixfs.md 19.11 */
static void known_blocks(void)
{
	struct span hash = unit_hex("015500050001020304"), block;
	struct buf b = BUF_INIT(BLOCK_MAX);
	char text[CID_TEXT_MAX];
	struct pb_node node;
	struct cid cid;

	CHECK(pb_put_link(&b, hash, span_str("a"), 0) == 0);
	CHECK(pb_put_link(&b, hash, span_str("b"), 0) == 0);
	CHECK(pb_put_link(&b, hash, span_str("c"), 0) == 0);
	CHECK(pb_put_data(&b, span_str("foobar")) == 0);
	block = buf_span(&b);
	CHECK(cid_sum(&cid, 0, CID_DAG_PB, MH_SHA2_256, &block, 1) == 0);
	CHECK_STR(cid_text(&cid, text), "QmciCHWD9Q47VPX6naY3XsPZGnqVqbedAniGCcaHjBaCri");
	CHECK(pb_decode(block, &node) == 0 && node.n_links == 3 && node.has_data);
	CHECK(span_equal(node.data, span_str("foobar")));
	buf_clear(&b);

	block = span_of(NULL, 0);
	CHECK(pb_decode(block, &node) == 0 && node.n_links == 0 && !node.has_data);
	CHECK(cid_sum(&cid, 0, CID_DAG_PB, MH_SHA2_256, &block, 1) == 0);
	CHECK_STR(cid_text(&cid, text), "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n");
	CHECK(cid_sum(&cid, 1, CID_DAG_PB, MH_SHA2_256, &block, 1) == 0);
	CHECK_STR(cid_text(&cid, text), "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");

	CHECK(pb_decode(unit_hex("0a00"), &node) == 0 && node.has_data && node.data.len == 0);
}

static void links_around_data(void)
{
	struct span link = unit_hex("1229" "0a" SHA "120178" "1807");
	struct buf b = BUF_INIT(BLOCK_MAX);
	struct pb_node node;
	struct pb_iter it;
	struct pb_link l;
	int data_first, i;

	for (data_first = 0; data_first < 2; data_first++) {
		buf_reset(&b);
		if (data_first)
			CHECK(pb_put_data(&b, span_str("d")) == 0);
		for (i = 0; i < 3; i++)
			CHECK(buf_add(&b, link) == 0);
		if (!data_first)
			CHECK(pb_put_data(&b, span_str("d")) == 0);
		NEED(pb_decode(buf_span(&b), &node) == 0);
		CHECK(node.n_links == 3 && span_equal(node.data, span_str("d")));
		CHECK(node.plain == !data_first && node.links_len == (data_first ? 0 : 3 * link.len));
		it = pb_links(&node);
		for (i = 0; i < 3; i++) {
			NEED(pb_next(&it, &l) == 1);
			CHECK(span_equal(l.name, span_str("x")) && l.tsize == 7);
			CHECK(span_equal(l.hash, unit_hex(&SHA[2])));
		}
		CHECK(pb_next(&it, &l) == 0);
	}
	buf_clear(&b);
}

/* links nobody may copy as they are: they would not come out so */
static void links_that_are_not_plain(void)
{
	static const struct { const char *hex; int plain; } rows[] = {
		{ "1229" "0a" SHA "120161" "1807", 1 },
		{ "122a" "0a" SHA "120161" "188001", 1 },
		{ "122a" "0a" SHA "120161" "188700", 0 },	/* a varint too long: Tsize, … */
		{ "122a" "0a" SHA "12810061" "1807", 0 },	/* length of the name, … */
		{ "12a900" "0a" SHA "120161" "1807", 0 },	/* of the link */
		{ "1226" "0a" SHA "1200", 0 },			/* no Tsize */
		{ "1226" "0a" SHA "1807", 0 },			/* no name */
		{ "1228" "0a" SHA "1200" "1807", 1 },
		{ "9200" "29" "0a" SHA "120161" "1807", 0 },	/* a tag of two bytes */
	};
	struct pb_node node;
	struct pb_iter it;
	struct pb_link l;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct span block = unit_hex(rows[i].hex);

		NEED(pb_decode(block, &node) == 0 && node.n_links == 1);
		CHECK(node.plain == rows[i].plain && node.links_len == (rows[i].plain ? block.len : 0));
		it = pb_links(&node);
		CHECK(pb_next(&it, &l) == 1 && l.hash.len == 34 && pb_next(&it, &l) == 0);
	}
}

static void full_buffers(void)
{
	struct buf b = BUF_INIT(20);

	CHECK_ERR(pb_put_link(&b, unit_hex(&SHA[2]), span_str("x"), 1), ERR_LIMIT);
	CHECK(b.len == 0);
	CHECK_ERR(pb_put_data(&b, unit_hex(SHA)), ERR_LIMIT);
	CHECK(b.len == 0);
	buf_clear(&b);
}

static int stop_at;
static int count_links(void *arg, const struct cid *cid, struct span name)
{
	int *n = arg;

	CHECK(cid->len == 34 || cid->len == 9);
	CHECK(name.len == 1);
	return ++*n == stop_at ? 7 : 0;
}

static void links_of_codecs(void)
{
	struct span three = unit_hex("1229" "0a" SHA "120178" "1807" "1229" "0a" SHA "120179" "1807"
				     "1210" "0a09015500050001020304" "12017a" "1800");
	int n = 0;

	CHECK(codec_links(CID_DAG_PB, three, count_links, &n) == 0 && n == 3);
	n = 0;
	stop_at = 2;
	CHECK(codec_links(CID_DAG_PB, three, count_links, &n) == 7 && n == 2);
	stop_at = n = 0;
	CHECK(codec_links(CID_RAW, three, count_links, &n) == 0 && n == 0);
	CHECK(codec_links(CID_LIBP2P_KEY, three, count_links, &n) == 0 && n == 0);
	CHECK_ERR(codec_links(CID_DAG_PB, unit_hex("1200"), count_links, &n), ERR_INVALID);
	CHECK_ERR(codec_links(0x300001, three, count_links, &n), ERR_UNSUPPORTED);
	CHECK(n == 0);
}

int main(void)
{
	RUN(verdicts);
	RUN(negative_fixtures);
	RUN(fixtures);
	RUN(words);
	RUN(known_blocks);
	RUN(links_around_data);
	RUN(links_that_are_not_plain);
	RUN(full_buffers);
	RUN(links_of_codecs);
	return UNIT_END();
}
