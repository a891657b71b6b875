/* cbor_test - dag-cbor and cbor: every verdict of the tables, strict and lenient, and where the fault is */
#include "golden.h"
#include "codec/codec.h"

static struct node nd;

static int strict(uint64_t codec, const char *hex)
{
	return codec_decode(codec, unit_hex(hex), CODEC_STRICT, &nd);
}

static int lenient(uint64_t codec, const char *hex)
{
	return codec_decode(codec, unit_hex(hex), 0, &nd);
}

static int ignore(void *arg, const struct cid *cid, struct span name)
{
	(void)arg;
	(void)cid;
	(void)name;
	return 0;
}

/* reading for links only comes to the same verdict, in the same words */
static int checked(uint64_t codec, const char *hex, int flags)
{
	struct span block = unit_hex(hex);
	char words[300];
	int rc = codec_decode(codec, block, flags, &nd);

	snprintf(words, sizeof words, "%s", err_text());
	CHECK(codec_check(codec, block, flags, ignore, NULL) == rc);
	if (rc < 0)
		CHECK_STR(err_text(), words);
	return rc;
}

/* read without loss, though no writer emits it */
static int only_lenient(const char *hex)
{
	static const char *const some[] = {
		"f7", "fa3fc00000", "f93e00", "61ff", "63eda080", "62c080", "a262616101616202", "a2616201616102"
	};
	size_t i;

	for (i = 0; i < sizeof some / sizeof *some; i++)
		if (strcmp(some[i], hex) == 0)
			return 1;
	return 0;
}

static int n_lenient;

static void verdict(char **col)
{
	struct buf out = BUF_INIT(SIZE_MAX / 2);
	int good = strncmp(col[2], "accept", 6) == 0;
	int rc = checked(CID_DAG_CBOR, col[0], CODEC_STRICT);

	if ((rc == 0) != good)
		printf("# %s: %s\n", col[1], rc < 0 ? err_text() : "accepted");
	CHECK((rc == 0) == good);
	if (rc < 0)
		CHECK(rc == ERR_INVALID && strstr(err_text(), "dag-cbor, offset "));
	if (rc == 0) {
		CHECK(codec_encode(CID_DAG_CBOR, &nd, 0, &out) == 0);
		CHECK(span_equal(buf_span(&out), unit_hex(col[0])));
	}
	n_lenient += only_lenient(col[0]);
	rc = checked(CID_DAG_CBOR, col[0], 0);
	if ((rc == 0) != (good || only_lenient(col[0])))
		printf("# lenient, %s: %s\n", col[1], rc < 0 ? err_text() : "accepted");
	CHECK((rc == 0) == (good || only_lenient(col[0])));
	buf_clear(&out);
}

static void the_table_of_verdicts(void)
{
	NEED(golden_each(GOLDEN "derived-dag-cbor-decode.tsv", verdict) > 100);
	CHECK(n_lenient == 8);
}

static void refused(char **col)
{
	CHECK_ERR(checked(CID_DAG_CBOR, col[0], CODEC_STRICT), ERR_INVALID);
	CHECK_ERR(checked(CID_DAG_CBOR, col[0], 0), ERR_INVALID);
}

static void negative_fixtures(void)
{
	NEED(golden_each(GOLDEN "dag-cbor-negative.tsv", refused) == 1);
}

static void fixture(char **col)
{
	struct span block = unit_hex(col[1]);
	struct buf out = BUF_INIT(SIZE_MAX / 2);
	char text[CID_TEXT_MAX];
	struct cid cid;

	CHECK(codec_decode(CID_DAG_CBOR, block, CODEC_STRICT, &nd) == 0);
	CHECK(codec_encode(CID_DAG_CBOR, &nd, 0, &out) == 0);
	CHECK(span_equal(buf_span(&out), block));
	CHECK(cid_sum(&cid, 1, CID_DAG_CBOR, MH_SHA2_256, &block, 1) == 0);
	CHECK_STR(cid_text(&cid, text), col[0]);
	buf_clear(&out);
}

static void fixtures(void)
{
	NEED(golden_each(GOLDEN "dag-cbor-blocks.tsv", fixture) == 128);
}

/* what is wrong, and where */
static void words(void)
{
	static const struct { const char *hex, *text; } rows[] = {
		{ "", "dag-cbor, offset 0: the block ends where a value is due" },
		{ "821817", "dag-cbor, offset 1: 23 is not written in its shortest form" },
		{ "a2616201616102", "dag-cbor, offset 5: map keys are not sorted" },
		{ "a2616101616102", "dag-cbor, offset 5: a map has the same key twice" },
		{ "a1f601", "dag-cbor, offset 1: a map key that is not a string" },
		{ "0000", "dag-cbor, offset 1: bytes after the value" },
		{ "81c101", "dag-cbor, offset 1: tag 1, where only 42 is allowed" },
		{ "d82a40", "dag-cbor, offset 2: the bytes of a link must begin with 00" },
		{ "9f01ff", "dag-cbor, offset 0: an indefinite length or a break" },
		{ "6261", "dag-cbor, offset 1: 2 bytes are announced, and 1 follow" },
		{ "9bffffffffffffffff", "dag-cbor, offset 9: 18446744073709551615 entries are announced, and 0 "
		  "bytes follow" },
		{ "8161ff", "dag-cbor, offset 2: a string that is not UTF-8" },
		{ "fb7ff8000000000000", "dag-cbor, offset 0: NaN or infinity" },
		{ "81f93e00", "dag-cbor, offset 1: a float of 16 bits" },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ERR(strict(CID_DAG_CBOR, rows[i].hex), ERR_INVALID);
		CHECK_STR(err_text(), rows[i].text);
	}
}

static void lenient_values(void)
{
	static const struct { const char *hex; double f; } halves[] = {
		{ "f93e00", 1.5 }, { "f90000", 0 }, { "f90001", 5.960464477539063e-8 }, { "f97bff", 65504 },
		{ "f9c400", -4 }, { "f903ff", 6.097555160522461e-5 }, { "f90400", 6.103515625e-5 },
		{ "fa7f7fffff", 3.4028234663852886e38 },
	};
	struct buf out = BUF_INIT(100);
	size_t i;

	for (i = 0; i < sizeof halves / sizeof *halves; i++) {
		CHECK(lenient(CID_DAG_CBOR, halves[i].hex) == 0);
		CHECK(nd.step[0].kind == NODE_FLOAT && nd.step[0].f == halves[i].f);
	}
	CHECK(lenient(CID_DAG_CBOR, "f7") == 0 && nd.step[0].kind == NODE_NULL);
	CHECK(lenient(CID_DAG_CBOR, "a262616101616202") == 0);
	CHECK(codec_encode(CID_DAG_CBOR, &nd, 0, &out) == 0);
	CHECK(span_equal(buf_span(&out), unit_hex("a261620262616101")));	/* sorted now */
	CHECK(lenient(CID_DAG_CBOR, "61ff") == 0);
	CHECK_ERR(codec_encode(CID_DAG_CBOR, &nd, 0, &out), ERR_INVALID);
	/* out of order, and one of them twice, though not one behind the other */
	CHECK_ERR(checked(CID_DAG_CBOR, "a3616201616102616203", 0), ERR_INVALID);
	CHECK_ERR(checked(CID_DAG_CBOR, "a3616201616102616203", CODEC_STRICT), ERR_INVALID);
	buf_clear(&out);
}

static void integers_of_65_bits(void)
{
	CHECK(strict(CID_DAG_CBOR, "3bffffffffffffffff") == 0);
	CHECK(nd.step[0].neg && nd.step[0].u == UINT64_MAX);
	CHECK(strict(CID_DAG_CBOR, "1bffffffffffffffff") == 0);
	CHECK(!nd.step[0].neg && nd.step[0].u == UINT64_MAX);
}

/* cbor has no tags and no order, and yet no key twice */
static void plain_cbor(void)
{
	struct buf out = BUF_INIT(1000);

	CHECK(strict(CID_CBOR, "a2616201616102") == 0);
	CHECK(codec_encode(CID_CBOR, &nd, 0, &out) == 0);
	CHECK(span_equal(buf_span(&out), unit_hex("a2616201616102")));
	CHECK_ERR(checked(CID_CBOR, "a3616201616102616203", CODEC_STRICT), ERR_INVALID);
	CHECK_ERR(checked(CID_CBOR, "d82a450001550000", CODEC_STRICT), ERR_INVALID);
	CHECK_STR(err_text(), "cbor, offset 0: tags are not allowed");
	CHECK(strict(CID_DAG_CBOR, "d82a450001550000") == 0 && nd.step[0].kind == NODE_LINK);
	CHECK_ERR(codec_encode(CID_CBOR, &nd, 0, &out), ERR_INVALID);
	buf_clear(&out);
}

static void depth(void)
{
	static uint8_t nested[1026];
	struct buf out = BUF_INIT(2000);

	memset(nested, 0x81, sizeof nested);
	nested[1024] = 0xf6;
	CHECK(codec_decode(CID_DAG_CBOR, span_of(nested, 1025), CODEC_STRICT, &nd) == 0);
	CHECK(codec_encode(CID_DAG_CBOR, &nd, 0, &out) == 0);
	CHECK(span_equal(buf_span(&out), span_of(nested, 1025)));
	nested[1024] = 0x81;
	nested[1025] = 0xf6;
	CHECK_ERR(codec_decode(CID_DAG_CBOR, span_of(nested, 1026), CODEC_STRICT, &nd), ERR_LIMIT);
	CHECK_ERR(codec_check(CID_DAG_CBOR, span_of(nested, 1026), 0, ignore, NULL), ERR_LIMIT);
	buf_clear(&out);
}

/* a budget, so that a small block cannot become a large node */
static void costs(void)
{
	size_t len = 3 * 1000 * 1000;
	uint8_t *p = calloc(1, len);

	NEED(p);
	p[0] = 0x9a;			/* a list of nearly 3 million zeros: 12 million units */
	p[2] = (uint8_t)((len - 5) >> 16);
	p[3] = (uint8_t)((len - 5) >> 8);
	p[4] = (uint8_t)(len - 5);
	CHECK_ERR(codec_decode(CID_DAG_CBOR, span_of(p, len), 0, &nd), ERR_LIMIT);
	CHECK_ERR(codec_check(CID_DAG_CBOR, span_of(p, len), 0, ignore, NULL), ERR_LIMIT);
	free(p);
}

/* maps within maps whose keys all have to be moved */
static void sorting(void)
{
	struct node in = NODE_INIT;
	struct buf out = BUF_INIT(1 << 20);
	size_t outer, inner;
	char key[16];
	int i, k;

	NEED(node_open(&in, NODE_MAP, &outer) == 0);
	for (i = 99; i >= 0; i--) {
		struct span s;

		snprintf(key, sizeof key, "%d", i);
		NEED(node_own(&in, span_str(key), &s) == 0 && node_add(&in, NODE_STRING, s) == 0);
		NEED(node_open(&in, NODE_MAP, &inner) == 0);
		for (k = i % 25; k >= 0; k--) {
			snprintf(key, sizeof key, "k%d", k);
			NEED(node_own(&in, span_str(key), &s) == 0 && node_add(&in, NODE_STRING, s) == 0);
			NEED(node_uint(&in, (uint64_t)k) == 0);
		}
		NEED(node_close(&in, inner) == 0);
	}
	NEED(node_close(&in, outer) == 0);
	CHECK(codec_encode(CID_DAG_CBOR, &in, 0, &out) == 0);
	CHECK(codec_decode(CID_DAG_CBOR, buf_span(&out), CODEC_STRICT, &nd) == 0);
	CHECK(node_equal(&in, 0, &nd, 0));
	node_clear(&in);
	buf_clear(&out);
}

static int stop(void *arg, const struct cid *cid, struct span name)
{
	(void)cid;
	(void)name;
	return ++*(int *)arg == 2 ? 7 : 0;
}

static void links_stop(void)
{
	int n = 0;
	struct span block = unit_hex("83d82a450001550000d82a450001550000d82a450001550000");

	CHECK(codec_links(CID_DAG_CBOR, block, stop, &n) == 7 && n == 2);
}

int main(void)
{
	RUN(the_table_of_verdicts);
	RUN(negative_fixtures);
	RUN(fixtures);
	RUN(words);
	RUN(lenient_values);
	RUN(integers_of_65_bits);
	RUN(plain_cbor);
	RUN(depth);
	RUN(costs);
	RUN(sorting);
	RUN(links_stop);
	node_clear(&nd);
	return UNIT_END();
}
