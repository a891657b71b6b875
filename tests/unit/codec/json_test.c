/* json_test - dag-json and json: fixtures, verdicts, links and bytes, limits, messages */
#include "codec/codec.h"
#include "golden.h"

static struct node nd = NODE_INIT, other = NODE_INIT;

static int decode(const char *text, int flags)
{
	return codec_decode(CID_DAG_JSON, span_str(text), flags, &nd);
}

/* the node as dag-json again */
static const char *again(uint64_t codec)
{
	static struct buf out = BUF_INIT(BLOCK_MAX);

	buf_reset(&out);
	if (codec_encode(codec, &nd, 0, &out) < 0)
		return err_text();
	return out.data ? (const char *)out.data : "";
}

static void clear(void)
{
	node_clear(&nd);
	node_clear(&other);
}

/* ---- vectors ---- */

static void fixture(char **col)
{
	struct span block = unit_hex(col[1]);
	struct buf out = BUF_INIT(BLOCK_MAX);
	char text[CID_TEXT_MAX];
	struct cid cid;

	NEED(cid_sum(&cid, 1, CID_DAG_JSON, MH_SHA2_256, &block, 1) == 0);
	CHECK_STR(cid_text(&cid, text), col[0]);
	CHECK(codec_decode(CID_DAG_JSON, block, CODEC_STRICT, &nd) == 0);
	NEED(codec_encode(CID_DAG_JSON, &nd, 0, &out) == 0);
	if (!span_equal(buf_span(&out), block))
		printf("# %s\n", col[2]);
	CHECK(span_equal(buf_span(&out), block));
	buf_clear(&out);
}

static void fixtures(void)
{
	CHECK(golden_each(GOLDEN "dag-json-blocks.tsv", fixture) == 128);
}

static void must_fail(char **col)
{
	CHECK_ERR(codec_decode(CID_DAG_JSON, unit_hex(col[0]), 0, &nd), ERR_INVALID);
}

static void negative_fixtures(void)
{
	CHECK(golden_each(GOLDEN "dag-json-negative.tsv", must_fail) == 1);
}

static const char *text_of(const struct node *n, const char *key)
{
	size_t v;
	char *s;

	if (!node_field(n, 0, span_str(key), &v))
		return NULL;
	s = unit_kept(n->step[v].n + 1);
	memcpy(s, n->step[v].p, n->step[v].n);
	s[n->step[v].n] = 0;
	return s;
}

/* each line is an object of its own, so the reader under test reads its own questions */
static void verdict(char **col)
{
	const char *strict, *hex;
	struct span text;
	int want[2], flags;
	size_t v;

	NEED(codec_decode(CID_JSON, span_str(col[0]), 0, &other) == 0);
	hex = text_of(&other, "hex");
	if (hex)
		text = unit_hex(hex);
	else if (node_field(&other, 0, span_str("text"), &v))
		text = node_span(&other, v);
	strict = text_of(&other, "strict");
	NEED(strict != NULL);
	want[1] = strncmp(strict, "accept", 6) == 0;
	want[0] = want[1] || strstr(strict, "accept") != NULL;
	for (flags = 0; flags <= CODEC_STRICT; flags++) {
		int rc = codec_decode(CID_DAG_JSON, text, flags, &nd);

		if (rc != (want[flags] ? 0 : ERR_INVALID))
			printf("# %s: %s\n", flags ? "strict" : "lenient", col[0]);
		CHECK(rc == (want[flags] ? 0 : ERR_INVALID));
		/* and nothing more is true of its links */
		CHECK(codec_check(CID_DAG_JSON, text, flags, NULL, NULL) == rc);
	}
}

static void verdicts(void)
{
	CHECK(golden_each(GOLDEN "derived-dag-json-decode.jsonl", verdict) == 83);
}

/* ---- values ---- */

static void integers_reach_64_bits_both_ways(void)
{
	static const char *const same[] = {
		"0", "1", "-1", "9223372036854775807", "-9223372036854775808", "18446744073709551615",
		"-9223372036854775809", "-18446744073709551616", "-18446744073709551615",
		"1000000000000000000", "9999999999999999999", "10000000000000000000"
	};
	size_t i;

	for (i = 0; i < sizeof same / sizeof same[0]; i++) {
		CHECK(decode(same[i], CODEC_STRICT) == 0);
		CHECK(nd.step[0].kind == NODE_INT);
		CHECK_STR(again(CID_DAG_JSON), same[i]);
	}
	CHECK_ERR(decode("18446744073709551616", 0), ERR_INVALID);
	CHECK_ERR(decode("-18446744073709551617", 0), ERR_INVALID);
	CHECK_ERR(decode("100000000000000000000000000000000000000000", 0), ERR_INVALID);
	CHECK(decode("-0", 0) == 0 && nd.step[0].kind == NODE_INT && !nd.step[0].neg);
	CHECK_STR(again(CID_DAG_JSON), "0");
}

static void floats_are_the_nearest_and_the_shortest(void)
{
	static const struct { const char *text; double f; const char *written; } rows[] = {
		{ "1.0", 1, "1" }, { "-0.0", -0.0, "-0" }, { "1e2", 100, "100" }, { "0e5", 0, "0" },
		{ "1.5", 1.5, "1.5" }, { "0.1", 0.1, "0.1" }, { "-65.613616999999977",
		-65.613616999999977, "-65.61361699999998" },
		{ "1e20", 1e20, "100000000000000000000" }, { "1e21", 1e21, "1e+21" },
		{ "1.5E+21", 1.5e21, "1.5e+21" }, { "0.000001", 1e-6, "0.000001" },
		{ "0.0000001", 1e-7, "1e-7" }, { "1.234e-10", 1.234e-10, "1.234e-10" },
		{ "5e-324", 5e-324, "5e-324" }, { "1e-323", 1e-323, "1e-323" },
		{ "2.2250738585072011e-308", 2.2250738585072011e-308, "2.225073858507201e-308" },
		{ "2.2250738585072014e-308", 2.2250738585072014e-308, "2.2250738585072014e-308" },
		{ "1.7976931348623157e308", 1.7976931348623157e308, "1.7976931348623157e+308" },
		{ "5.684341886080802e-14", 0x1p-44, "5.684341886080802e-14" },
		{ "9007199254740993.0", 9007199254740992, "9007199254740992" },
		{ "9007199254740993.00000000000000000001", 9007199254740994, "9007199254740994" },
		{ "12345678901234567890.5", 12345678901234567890.5, "12345678901234567000" },
		{ "1e-400", 0, "0" }, { "0.00000000000000000000000000000000000000001e41", 1, "1" },
		{ "100000000000000000000000000000000000000000e-41", 1, "1" },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK(decode(rows[i].text, CODEC_STRICT) == 0);
		NEED(nd.n == 1 && nd.step[0].kind == NODE_FLOAT);
		CHECK(memcmp(&nd.step[0].f, &rows[i].f, sizeof rows[i].f) == 0);
		CHECK_STR(again(CID_DAG_JSON), rows[i].written);
	}
	CHECK_ERR(decode("1e309", 0), ERR_INVALID);
	CHECK_ERR(decode("-1e999999999999999999999999", 0), ERR_INVALID);
}

/* Text of any length and exponent is what strtod makes of it. */
static void floats_are_those_of_strtod(void)
{
	uint64_t x = 88172645463325252u;
	char text[1200];
	double want;
	int i, j, n, len;

	for (i = 0; i < 60000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		len = i % 100 == 0 ? 1 + (int)(x >> 20) % 1000 : 1 + (int)(x >> 20) % 25;
		n = 0;
		if (x & 1)
			text[n++] = '-';
		text[n++] = (char)('1' + (x >> 8) % 9);
		for (j = 0; j < len; j++)
			text[n++] = (char)(j == (int)((x >> 40) % 25) && j + 1 < len && j > 0 ? '0' :
					   '0' + (x >> (j % 60)) % 10);
		text[n++] = '.';
		text[n++] = (char)('0' + (x >> 50) % 10);
		if (x & 2)
			n += sprintf(text + n, "e%d", (int)((x >> 10) % (x & 4 ? 50 : 680)) - (x & 4 ? 25 :
				     350));
		text[n] = 0;
		want = strtod(text, NULL);
		if (want - want != 0) {
			CHECK(decode(text, 0) == ERR_INVALID);
			continue;
		}
		NEED(decode(text, 0) == 0);
		if (memcmp(&nd.step[0].f, &want, sizeof want) != 0)
			printf("# %s\n", text);
		NEED(memcmp(&nd.step[0].f, &want, sizeof want) == 0);
		want = strtod(again(CID_DAG_JSON), NULL);
		NEED(memcmp(&nd.step[0].f, &want, sizeof want) == 0);
	}
}

static void strings_are_escaped_as_kubo_does(void)
{
	static const struct { const char *text, *written; int strict; } rows[] = {
		{ "\"\\b\\f\\n\\r\\t\\\"\\\\\"", "\"\\u0008\\u000c\\n\\r\\t\\\"\\\\\"", 1 },
		{ "\"\\u0000\\u001f\x7f\"", "\"\\u0000\\u001f\x7f\"", 1 },
		{ "\"\\u2028\\u2029\"", "\"\\u2028\\u2029\"", 1 },
		{ "\"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\"", "\"\\u2028\\u2029\xe2\x80\xaa\"", 1 },
		{ "\"\\ud83d\\ude00\\uD83D\\uDE00\"", "\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"", 1 },
		{ "\"\\u00e9\"", "\"\xc3\xa9\"", 0 }, { "\"\\u0041\"", "\"A\"", 0 },
		{ "\"\\u20ac\"", "\"\xe2\x82\xac\"", 0 }, { "\"\\/\"", "\"/\"", 0 },
		{ "\"0123456789\\n0123456789\xc3\xa9\"", "\"0123456789\\n0123456789\xc3\xa9\"", 1 },
		{ "\"0123456\\\"\"", "\"0123456\\\"\"", 1 }, { "\"01234567\\\"\"", "\"01234567\\\"\"", 1 },
		{ "\"\"", "\"\"", 1 },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK(decode(rows[i].text, CODEC_STRICT) == (rows[i].strict ? 0 : ERR_INVALID));
		CHECK(decode(rows[i].text, 0) == 0);
		CHECK_STR(again(CID_DAG_JSON), rows[i].written);
		CHECK_STR(again(CID_JSON), rows[i].written);
	}
}

/* every place of a string, at every distance from the end of the block */
static void strings_end_where_they_end(void)
{
	static const struct { const char *mark; int rc; } marks[] = {
		{ "\\n", 0 }, { "\x1f", ERR_INVALID }, { "\xc3\xa9", 0 }, { "\xff", ERR_INVALID },
		{ "\\u12x", ERR_INVALID }, { "\\u000a", 0 }, { "\xed\xa0\x80", ERR_INVALID },
		{ "\\ud800", ERR_INVALID }, { "\\udc00", ERR_INVALID }, { "\\ud800\\u0041", ERR_INVALID },
	};
	char text[100];
	size_t i;
	int before, after;

	for (i = 0; i < sizeof marks / sizeof marks[0]; i++)
		for (before = 0; before < 20; before++)
			for (after = 0; after < 20; after++) {
				sprintf(text, "\"%.*s%s%.*s\"", before, "abcdefghijklmnopqrst", marks[i].mark,
					after, "ABCDEFGHIJKLMNOPQRST");
				CHECK(decode(text, 0) == marks[i].rc);
				if (marks[i].rc == 0) {
					CHECK(nd.n == 1 && nd.step[0].n >= (unsigned)(before + after + 1));
					CHECK(nd.step[0].p[nd.step[0].n - 1] == (after ? 'A' + after - 1 :
						marks[i].mark[0] == '\\' ? '\n' : 0xa9));
				}
				text[strlen(text) - 1] = 0;
				CHECK(decode(text, 0) == ERR_INVALID);
			}
}

static void strings_without_escapes_are_borrowed(void)
{
	struct span text = span_str("[\"abc\",\"d\\n\"]");

	NEED(codec_decode(CID_DAG_JSON, text, 0, &nd) == 0);
	CHECK(nd.step[1].p == text.p + 2);
	CHECK(nd.step[2].p < text.p || nd.step[2].p >= text.p + text.len);
}

/* ---- links and bytes ---- */

static void forms(void)
{
	static const struct { const char *text; int strict, lenient; const char *kinds; } rows[] = {
		{ "{\"/\":\"bafkqaaa\"}", 0, 0, "link" },
		{ "[{\"/\":\"bafkqaaa\"},{\"/\":{\"bytes\":\"AQI\"}}]", 0, 0, "list link bytes" },
		{ "{\"/\":{\"/\":\"bafkqaaa\"}}", 0, 0, "map string link" },
		{ "{\"/\":{\"bytes\":{\"/\":\"bafkqaaa\"}}}", 0, 0, "map string map string link" },
		{ "{\"/\":{\"bytes\":[]}}", 0, 0, "map string map string list" },
		{ "{\"/\":{}}", 0, 0, "map string map" },
		{ "{\"/\":{\"byte\":\"\"}}", 0, 0, "map string map string string" },
		{ "{\"\":0,\"/\":\"x\"}", 0, 0, "map string int string string" },
		{ "{\"\\/\":\"bafkqaaa\"}", ERR_INVALID, 0, "link" },
		{ "{ \"/\" : { \"bytes\" : \"AQI=\" } }", ERR_INVALID, 0, "bytes" },
		{ "{\"/\":\"BAFKQAAA\"}", ERR_INVALID, 0, "link" },
		{ "{\"/\":{\"bytes\":\"AQ\"},\"-\":1}", ERR_INVALID, ERR_INVALID, "" },
		{ "{\"/\":{\"bytes\":\"A Q\"}}", ERR_INVALID, ERR_INVALID, "" },
		{ "{\"/\":{\"bytes\":\"AQI==\"}}", ERR_INVALID, ERR_INVALID, "" },
		{ "{\"/\":{\"bytes\":\"A===\"}}", ERR_INVALID, ERR_INVALID, "" },
		{ "{\"/\":{\"bytes\":\"====\"}}", ERR_INVALID, ERR_INVALID, "" },
		{ "{\"/\":{\"bytes\":\"=\"}}", ERR_INVALID, ERR_INVALID, "" },
		{ "{\"/\":{\"bytes\":\"AQ==\"}}", ERR_INVALID, 0, "bytes" },
		{ "{\"/\":\"bafkqaa\"}", ERR_INVALID, ERR_INVALID, "" },
	};
	char kinds[200];
	size_t i, k;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK(decode(rows[i].text, CODEC_STRICT) == rows[i].strict);
		CHECK(decode(rows[i].text, 0) == rows[i].lenient);
		if (rows[i].lenient != 0)
			continue;
		for (kinds[0] = 0, k = 0; k < nd.n; k++)
			sprintf(kinds + strlen(kinds), "%s%s", k ? " " : "", node_kind_name(nd.step[k].kind));
		CHECK_STR(kinds, rows[i].kinds);
		/* to json these are plain maps */
		CHECK(codec_decode(CID_JSON, span_str(rows[i].text), 0, &nd) == 0);
		CHECK(nd.step[0].kind >= NODE_LIST);
	}
}

static void base64_of_every_length(void)
{
	uint8_t bytes[70];
	struct buf out = BUF_INIT(1000);
	size_t len, i;

	for (i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	for (len = 0; len <= sizeof bytes; len++) {
		node_reset(&other);
		buf_reset(&out);
		NEED(node_add(&other, NODE_BYTES, span_of(bytes, len)) == 0);
		NEED(codec_encode(CID_DAG_JSON, &other, 0, &out) == 0);
		NEED(codec_decode(CID_DAG_JSON, buf_span(&out), CODEC_STRICT, &nd) == 0);
		CHECK(node_equal(&nd, 0, &other, 0));
	}
	buf_clear(&out);
}

static void maps_that_look_like_forms_are_not_written(void)
{
	static const struct { const char *text; int rc; } rows[] = {
		{ "{\"/\":\"b\"}", ERR_INVALID }, { "{\"/\":\"bafkqaaa\",\"x\":1}", ERR_INVALID },
		{ "{\"x\":1,\"/\":\"b\"}", ERR_INVALID }, { "{\"-\":1,\"/\":\"b\"}", 0 },
		{ "{\"/\":{\"bytes\":\"\"}}", ERR_INVALID }, { "{\"/\":{\"x\":1,\"bytes\":\"\"}}", ERR_INVALID },
		{ "{\"/\":{\"a\":1,\"bytes\":\"\"}}", 0 }, { "{\"/\":{\"bytes\":1}}", 0 }, { "{\"/\":1}", 0 },
	};
	struct buf out = BUF_INIT(1000);
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		NEED(codec_decode(CID_JSON, span_str(rows[i].text), 0, &other) == 0);
		buf_reset(&out);
		CHECK(codec_encode(CID_DAG_JSON, &other, 0, &out) == rows[i].rc);
		if (rows[i].rc < 0) {
			CHECK(out.len == 0);
			continue;
		}
		CHECK(codec_decode(CID_DAG_JSON, buf_span(&out), CODEC_STRICT, &nd) == 0);
		CHECK(node_equal(&nd, 0, &other, 0));
	}
	buf_clear(&out);
}

struct heard { char text[200]; int stop; };

static int hear(void *arg, const struct cid *cid, struct span name)
{
	struct heard *h = arg;
	char text[CID_TEXT_MAX];

	CHECK(name.len == 0);
	sprintf(h->text + strlen(h->text), "%.12s ", cid_text(cid, text));
	return --h->stop == 0 ? 1 : 0;
}

static void links_in_block_order(void)
{
	static const char text[] =
		"{\"/\":{\"bytes\":{\"/\":\"bafkqaaa\"}},\"a\":[[1,{\"/\":\"QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiw"
		"ReogJgS1zR1n\"},\"x\"],{\"/\":{\"bytes\":\"AQI\"}},{\"z\":1,\"y\":{\"/\":\"bafkqabiaaebagba\"}}]}";
	struct heard h = { "", 0 };

	CHECK(codec_links(CID_DAG_JSON, span_str(text), hear, &h) == 0);
	CHECK_STR(h.text, "bafkqaaa QmdfTbBqBPQ7 bafkqabiaaeb ");
	h = (struct heard){ "", 2 };
	CHECK(codec_links(CID_DAG_JSON, span_str(text), hear, &h) == 1);
	CHECK_STR(h.text, "bafkqaaa QmdfTbBqBPQ7 ");
	h = (struct heard){ "", 0 };
	CHECK(codec_links(CID_JSON, span_str(text), hear, &h) == 0);
	CHECK_STR(h.text, "");
	CHECK_ERR(codec_check(CID_DAG_JSON, span_str(text), CODEC_STRICT, hear, &h), ERR_INVALID);
	CHECK_ERR(codec_links(CID_DAG_JSON, span_str("[{\"b\":{},\"a\":{},\"b\":{}}]"), hear, &h), ERR_INVALID);
}

/* ---- limits ---- */

static char *nested(int lists, const char *inside)
{
	char *s = unit_kept((size_t)lists * 2 + strlen(inside) + 1);

	memset(s, '[', (size_t)lists);
	strcpy(s + lists, inside);
	memset(s + strlen(s), ']', (size_t)lists);
	s[(size_t)lists * 2 + strlen(inside)] = 0;
	return s;
}

static void depth(void)
{
	static const char bytes[] = "{\"/\":{\"bytes\":\"\"}}", link[] = "{\"/\":\"bafkqaaa\"}";
	static const struct { int lists; const char *inside; int rc; } rows[] = {
		{ 1024, "", 0 }, { 1025, "", ERR_LIMIT }, { 1024, "1", 0 }, { 1023, "{}", 0 },
		{ 1024, "{}", ERR_LIMIT }, { 1024, bytes, 0 }, { 1024, link, 0 }, { 1025, link, ERR_LIMIT },
		{ 1023, bytes, 0 }, { 1024, "{\"/\":{}}", ERR_LIMIT }, { 1023, "{\"/\":{}}", ERR_LIMIT },
		{ 1023, "{\"/\":{\"bytes\":1}}", ERR_LIMIT }, { 1022, "{\"/\":{\"bytes\":1}}", 0 },
		{ 1024, "{\"/\":{\"bytes\":[]}}", ERR_LIMIT }, { 1023, "{\"/\":{\"bytes\":{}}}", ERR_LIMIT },
		{ 100000, "", ERR_LIMIT },
	};
	struct span text;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		text = span_str(nested(rows[i].lists, rows[i].inside));
		CHECK(codec_decode(CID_DAG_JSON, text, CODEC_STRICT, &nd) == rows[i].rc);
		CHECK(codec_links(CID_DAG_JSON, text, NULL, NULL) == rows[i].rc);
		if (rows[i].rc == 0) {
			NEED(codec_decode(CID_DAG_JSON, text, CODEC_STRICT, &nd) == 0);
			CHECK_STR(again(CID_DAG_JSON), (const char *)text.p);
		}
	}
}

static void budget(void)
{
	size_t n = NODE_BUDGET / 4 + 1;
	char *s = unit_kept(2 * n + 1);
	size_t i;

	for (i = 0; i < n; i++)
		memcpy(s + 2 * i, i ? ",1" : "[1", 2);
	s[2 * n] = ']';
	CHECK_ERR(codec_decode(CID_DAG_JSON, span_of(s, 2 * n + 1), 0, &nd), ERR_LIMIT);
	s[2 * n - 2] = ']';
	CHECK(codec_decode(CID_DAG_JSON, span_of(s, 2 * n - 1), 0, &nd) == 0);
}

static void many_keys(void)
{
	static struct buf b = BUF_INIT(BLOCK_MAX);
	int n, i, twice;

	for (n = 2; n < 20000; n = n * 3 + 1)
		for (twice = 0; twice < 2; twice++) {
			buf_reset(&b);
			for (i = 0; i < n; i++)
				buf_printf(&b, "%c\"a long prefix %d\":%d", i ? ',' : '{', i * 7919 % n, i);
			if (twice)
				buf_printf(&b, ",\"a long prefix 0\":1");
			buf_u8(&b, '}');
			CHECK(codec_decode(CID_DAG_JSON, buf_span(&b), 0, &nd) == (twice ? ERR_INVALID : 0));
			CHECK(codec_links(CID_DAG_JSON, buf_span(&b), NULL, NULL) ==
			      (twice ? ERR_INVALID : 0));
			if (!twice)
				CHECK(codec_decode(CID_DAG_JSON, span_str(again(CID_DAG_JSON)), CODEC_STRICT,
						   &nd) == 0);
		}
	buf_clear(&b);
}

static void what_cannot_be_written(void)
{
	struct buf out = BUF_INIT(30);
	size_t at;

	node_reset(&other);
	NEED(node_float(&other, __builtin_inf()) == 0 && node_float(&other, __builtin_nan("")) == 0);
	CHECK_ERR(codec_encode(CID_DAG_JSON, &other, 0, &out), ERR_INVALID);
	CHECK_ERR(codec_encode(CID_DAG_JSON, &other, 1, &out), ERR_INVALID);
	node_reset(&other);
	NEED(node_add(&other, NODE_STRING, span_str("a\xff")) == 0);
	CHECK_ERR(codec_encode(CID_DAG_JSON, &other, 0, &out), ERR_INVALID);
	node_reset(&other);
	NEED(node_open(&other, NODE_MAP, &at) == 0);
	NEED(node_add(&other, NODE_STRING, span_str("a")) == 0 && node_null(&other) == 0);
	NEED(node_add(&other, NODE_STRING, span_str("a")) == 0 && node_null(&other) == 0);
	NEED(node_close(&other, at) == 0);
	CHECK_ERR(codec_encode(CID_DAG_JSON, &other, 0, &out), ERR_INVALID);
	NEED(decode("{\"/\":\"bafkqaaa\"}", 0) == 0);
	CHECK_ERR(codec_encode(CID_JSON, &nd, 0, &out), ERR_INVALID);
	NEED(decode("[1,{\"/\":{\"bytes\":\"\"}}]", 0) == 0);
	CHECK_ERR(codec_encode(CID_JSON, &nd, 0, &out), ERR_INVALID);
	NEED(decode("\"0123456789012345678901234567890123456789\"", 0) == 0);
	CHECK_ERR(codec_encode(CID_DAG_JSON, &nd, 0, &out), ERR_LIMIT);
	CHECK(out.len == 0);
	buf_clear(&out);
}

static void json_as_kubo_prints_it(void)
{
	NEED(decode("{\"b\":[1,[],{\"x\":1.5}],\"a\":{}}", 0) == 0);
	CHECK_STR(again(CID_JSON),
		  "{\n\t\"b\": [\n\t\t1,\n\t\t[],\n\t\t{\n\t\t\t\"x\": 1.5\n\t\t}\n\t],\n\t\"a\": {}\n}\n");
	CHECK_STR(again(CID_DAG_JSON), "{\"a\":{},\"b\":[1,[],{\"x\":1.5}]}");
	NEED(decode("[]", 0) == 0);
	CHECK_STR(again(CID_JSON), "[]\n");
	NEED(decode("null", 0) == 0);
	CHECK_STR(again(CID_JSON), "null");
}

static void messages_name_rule_and_offset(void)
{
	static const struct { const char *text, *message; } rows[] = {
		{ "", "dag-json, offset 0: an empty block" },
		{ "{\"b\":1,\"a\":2}", "dag-json, offset 7: map keys are not sorted" },
		{ "{\"b\":1,\"b\":2}", "dag-json, offset 7: a map has the same key twice" },
		{ "[1, 2]", "dag-json, offset 3: white space" },
		{ "[1,2]x", "dag-json, offset 5: bytes after the value" },
		{ "[1,]", "dag-json, offset 3: ']' where a value is due" },
		{ "[1 ", "dag-json, offset 2: white space" },
		{ "[1", "dag-json, offset 2: the block ends where ',' or ']' is due" },
		{ "{1:2}", "dag-json, offset 1: '1' where a key is due" },
		{ "{\"a\"1}", "dag-json, offset 4: '1' where ':' is due" },
		{ "[01]", "dag-json, offset 1: a number with a leading zero" },
		{ "[-0]", "dag-json, offset 1: the integer -0" },
		{ "[1.]", "dag-json, offset 1: a decimal point without digits behind it" },
		{ "nope", "dag-json, offset 0: a word that is not 'null'" },
		{ "[\"ab\\x\"]", "dag-json, offset 4: an escape that JSON does not have" },
		{ "[\"ab", "dag-json, offset 2: a string without end" },
		{ "\"a\tb\"", "dag-json, offset 2: a control character in a string" },
		{ "\xef\xbb\xbf" "1", "dag-json, offset 0: byte 0xef where a value is due" },
		{ "[{\"/\":{\"bytes\":\"A\"}}]", "dag-json, offset 19: base64 of an impossible length" },
		{ "[{\"/\":\"foo\"}]",
		  "dag-json, offset 11: a link that is no CID: " },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK(decode(rows[i].text, CODEC_STRICT) == ERR_INVALID);
		if (strncmp(err_text(), rows[i].message, strlen(rows[i].message)) != 0)
			CHECK_STR(err_text(), rows[i].message);
	}
}

int main(void)
{
	RUN(fixtures);
	RUN(negative_fixtures);
	RUN(verdicts);
	RUN(integers_reach_64_bits_both_ways);
	RUN(floats_are_the_nearest_and_the_shortest);
	RUN(floats_are_those_of_strtod);
	RUN(strings_are_escaped_as_kubo_does);
	RUN(strings_end_where_they_end);
	RUN(strings_without_escapes_are_borrowed);
	RUN(forms);
	RUN(base64_of_every_length);
	RUN(maps_that_look_like_forms_are_not_written);
	RUN(links_in_block_order);
	RUN(depth);
	RUN(budget);
	RUN(many_keys);
	RUN(what_cannot_be_written);
	RUN(json_as_kubo_prints_it);
	RUN(messages_name_rule_and_offset);
	clear();
	return UNIT_END();
}
