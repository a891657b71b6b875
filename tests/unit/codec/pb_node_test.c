/* pb_node_test - dag-pb in the data model, both ways */
#include "codec/codec.h"
#include "golden.h"

#define SHA "221220cf92fdefcdc34cac009c8b05eb662be0618db9de55ecd42785e9ec6712f8df65"

static struct node nd = NODE_INIT, other = NODE_INIT;

/* ---- vectors ---- */

static char **pb_row;
static int met;

/* the dag-json fixture of the same name holds the same value */
static void twin(char **col)
{
	struct buf out = BUF_INIT(BLOCK_MAX);

	if (strcmp(col[2], pb_row[2]) != 0)
		return;
	met++;
	NEED(codec_decode(CID_DAG_JSON, unit_hex(col[1]), CODEC_STRICT, &other) == 0);
	CHECK(node_equal(&nd, 0, &other, 0));
	CHECK(codec_encode(CID_DAG_PB, &other, 0, &out) == 0);
	CHECK(span_equal(buf_span(&out), unit_hex(pb_row[1])));
	buf_reset(&out);
	CHECK(codec_encode(CID_DAG_JSON, &nd, 0, &out) == 0);
	CHECK(span_equal(buf_span(&out), unit_hex(col[1])));
	buf_clear(&out);
}

static void fixture(char **col)
{
	struct span block = unit_hex(col[1]);
	struct buf out = BUF_INIT(BLOCK_MAX);

	NEED(codec_decode(CID_DAG_PB, block, CODEC_STRICT, &nd) == 0);
	CHECK(codec_encode(CID_DAG_PB, &nd, 0, &out) == 0);
	CHECK(span_equal(buf_span(&out), block));
	buf_clear(&out);
	pb_row = col;
	golden_each(GOLDEN "dag-json-blocks.tsv", twin);
}

static void fixtures(void)
{
	CHECK(golden_each(GOLDEN "dag-pb-blocks.tsv", fixture) == 17);
	CHECK(met == 17);
}

static void verdict(char **col)
{
	int strict = strncmp(col[2], "accept", 6) == 0;
	int lenient = strict || strstr(col[2], "accept (lenient)");
	struct span block = unit_hex(col[0]);

	if (codec_decode(CID_DAG_PB, block, CODEC_STRICT, &nd) != (strict ? 0 : ERR_INVALID) ||
	    codec_decode(CID_DAG_PB, block, 0, &nd) != (lenient ? 0 : ERR_INVALID))
		printf("# %s (%s)\n", col[0], col[1]);
	CHECK(codec_decode(CID_DAG_PB, block, CODEC_STRICT, &nd) == (strict ? 0 : ERR_INVALID));
	CHECK(codec_check(CID_DAG_PB, block, CODEC_STRICT, NULL, NULL) == (strict ? 0 : ERR_INVALID));
	CHECK(codec_decode(CID_DAG_PB, block, 0, &nd) == (lenient ? 0 : ERR_INVALID));
}

static void verdicts(void)
{
	CHECK(golden_each(GOLDEN "derived-dag-pb-decode.tsv", verdict) == 38);
}

static void cannot_be_encoded(char **col)
{
	struct buf out = BUF_INIT(BLOCK_MAX);
	/* Go sorts for the caller, and its blocks are the ones we must meet */
	int rc = strncmp(col[1], "bad sort", 8) == 0 ? 0 : ERR_INVALID;

	NEED(codec_decode(CID_DAG_JSON, span_str(col[0]), 0, &nd) == 0);
	if (codec_encode(CID_DAG_PB, &nd, 0, &out) != rc)
		printf("# %s (%s)\n", col[0], col[1]);
	buf_reset(&out);
	CHECK(codec_encode(CID_DAG_PB, &nd, 0, &out) == rc);
	CHECK(rc == 0 || strncmp(err_text(), "not a dag-pb node: ", 19) == 0);
	buf_clear(&out);
}

static void negative_fixtures(void)
{
	CHECK(golden_each(GOLDEN "dag-pb-encode-negative.tsv", cannot_be_encoded) == 78);
}

/* ---- reference/ipld.md 9.3 ---- */

static void known_blocks(void)
{
	static const struct { const char *hex, *json; } rows[] = {
		{ "", "{\"Links\":[]}" },
		{ "0a00", "{\"Data\":{\"/\":{\"bytes\":\"\"}},\"Links\":[]}" },
		{ "0a050001020304", "{\"Data\":{\"/\":{\"bytes\":\"AAECAwQ\"}},\"Links\":[]}" },
		{ "12240a" SHA, "{\"Links\":[{\"Hash\":{\"/\":\"QmcJw6x4bQr7oFnVnF6i8SLcJvhXjaxWvj54FYXmZ4Ct6p\"}}]}" },
		{ "12260a" SHA "1200", NULL }, { "12290a" SHA "1201781800", NULL },
		{ "12240a" SHA "0a0164", NULL }, { "12260a" SHA "1800", NULL },
	};
	struct buf out = BUF_INIT(BLOCK_MAX);
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		NEED(codec_decode(CID_DAG_PB, unit_hex(rows[i].hex), CODEC_STRICT, &nd) == 0);
		buf_reset(&out);
		NEED(codec_encode(CID_DAG_JSON, &nd, 0, &out) == 0);
		if (rows[i].json)
			CHECK_STR((const char *)out.data, rows[i].json);
		NEED(codec_decode(CID_DAG_JSON, buf_span(&out), CODEC_STRICT, &other) == 0);
		buf_reset(&out);
		NEED(codec_encode(CID_DAG_PB, &other, 0, &out) == 0);
		CHECK(span_equal(buf_span(&out), unit_hex(rows[i].hex)));
	}
	buf_clear(&out);
}

static void data_in_front_is_read_and_put_behind(void)
{
	struct buf out = BUF_INIT(BLOCK_MAX);

	NEED(codec_decode(CID_DAG_PB, unit_hex("0a016412240a" SHA), CODEC_STRICT, &nd) == 0);
	CHECK(span_equal(node_span(&nd, 1), span_str("Links")));
	NEED(codec_encode(CID_DAG_PB, &nd, 0, &out) == 0);
	CHECK(span_equal(buf_span(&out), unit_hex("12240a" SHA "0a0164")));
	NEED(codec_decode(CID_DAG_PB, buf_span(&out), CODEC_STRICT, &nd) == 0);
	CHECK(span_equal(node_span(&nd, 1), span_str("Links")));
	buf_clear(&out);
}

static void links_are_sorted_and_equal_names_keep_their_order(void)
{
	static const char json[] =
		"{\"Links\":[{\"Hash\":{\"/\":\"bafkqaaa\"},\"Name\":\"b\",\"Tsize\":1},"
		"{\"Hash\":{\"/\":\"bafkqaaa\"},\"Name\":\"a\",\"Tsize\":2},"
		"{\"Hash\":{\"/\":\"bafkqaaa\"},\"Tsize\":3},{\"Hash\":{\"/\":\"bafkqaaa\"},\"Name\":\"a\",\"Tsize\":4},"
		"{\"Hash\":{\"/\":\"bafkqaaa\"},\"Name\":\"\",\"Tsize\":5},"
		"{\"Hash\":{\"/\":\"bafkqaaa\"},\"Name\":\"aa\",\"Tsize\":6}]}";
	static const uint64_t order[] = { 3, 5, 2, 4, 6, 1 };
	struct buf out = BUF_INIT(BLOCK_MAX);
	struct pb_node node;
	struct pb_link l;
	struct pb_iter it;
	size_t i = 0;

	NEED(codec_decode(CID_DAG_JSON, span_str(json), 0, &nd) == 0);
	NEED(codec_encode(CID_DAG_PB, &nd, 0, &out) == 0);
	NEED(pb_decode(buf_span(&out), &node) == 0);
	for (it = pb_links(&node); pb_next(&it, &l); i++)
		CHECK(i < 6 && l.tsize == order[i]);
	CHECK(i == 6);
	buf_clear(&out);
}

static void names_that_are_not_utf8_are_read_and_not_written(void)
{
	struct buf out = BUF_INIT(BLOCK_MAX);

	NEED(codec_decode(CID_DAG_PB, unit_hex("12270a" SHA "1201ff"), CODEC_STRICT, &nd) == 0);
	CHECK_ERR(codec_encode(CID_DAG_PB, &nd, 0, &out), ERR_INVALID);
	CHECK_STR(err_text(), "not a dag-pb node: Name is not UTF-8");
	CHECK_ERR(codec_encode(CID_DAG_JSON, &nd, 0, &out), ERR_INVALID);
	CHECK(out.len == 0);
	buf_clear(&out);
}

static void varints_that_are_not_minimal(void)
{
	static const char *const rows[] = {
		"8a000164", "0a810064", "0a0164920024" "0a" SHA, "12270a" SHA "188700"
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK(codec_decode(CID_DAG_PB, unit_hex(rows[i]), 0, &nd) == 0);
		CHECK_ERR(codec_decode(CID_DAG_PB, unit_hex(rows[i]), CODEC_STRICT, &nd), ERR_INVALID);
	}
	CHECK(codec_decode(CID_DAG_PB, unit_hex(rows[2]), CODEC_STRICT, &nd) == ERR_INVALID);
	CHECK_STR(err_text(), "dag-pb, offset 3: a varint that is not minimal");
}

int main(void)
{
	RUN(fixtures);
	RUN(verdicts);
	RUN(negative_fixtures);
	RUN(known_blocks);
	RUN(data_in_front_is_read_and_put_behind);
	RUN(links_are_sorted_and_equal_names_keep_their_order);
	RUN(names_that_are_not_utf8_are_read_and_not_written);
	RUN(varints_that_are_not_minimal);
	node_clear(&nd);
	node_clear(&other);
	return UNIT_END();
}
