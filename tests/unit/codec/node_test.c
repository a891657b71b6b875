/* node_test - values of the data model: building, finding, comparing */
#include "base/err.h"
#include "codec/codec.h"
#include "tests/unit/unit.h"

/* {"a": [1, -1, "x"], "b": {}} */
static void build(struct node *nd)
{
	size_t map, list, in;

	NEED(node_open(nd, NODE_MAP, &map) == 0);
	NEED(node_add(nd, NODE_STRING, span_str("a")) == 0);
	NEED(node_open(nd, NODE_LIST, &list) == 0);
	NEED(node_uint(nd, 1) == 0 && node_int(nd, -1) == 0);
	NEED(node_add(nd, NODE_STRING, span_str("x")) == 0);
	NEED(node_close(nd, list) == 0);
	NEED(node_add(nd, NODE_STRING, span_str("b")) == 0);
	NEED(node_open(nd, NODE_MAP, &in) == 0 && node_close(nd, in) == 0);
	NEED(node_close(nd, map) == 0);
}

static void steps_into_maps_and_lists(void)
{
	struct node nd = NODE_INIT;
	size_t at, v;

	build(&nd);
	CHECK(nd.step[0].kind == NODE_MAP && nd.step[0].n == 2 && nd.step[0].end == nd.n);
	NEED(node_step_into(&nd, 0, span_str("a"), &at) == 1);
	CHECK(nd.step[at].kind == NODE_LIST && nd.step[at].n == 3);
	NEED(node_step_into(&nd, at, span_str("1"), &v) == 1);
	CHECK(nd.step[v].kind == NODE_INT && nd.step[v].neg && nd.step[v].u == 0);
	CHECK_ERR(node_step_into(&nd, at, span_str("3"), &v), ERR_NOTFOUND);
	CHECK_ERR(node_step_into(&nd, at, span_str("-1"), &v), ERR_NOTFOUND);
	CHECK_ERR(node_step_into(&nd, at, span_str(""), &v), ERR_NOTFOUND);
	CHECK_ERR(node_step_into(&nd, at + 1, span_str("0"), &v), ERR_NOTFOUND);
	CHECK_ERR(node_step_into(&nd, 0, span_str("c"), &v), ERR_NOTFOUND);
	node_clear(&nd);
}

static void maps_are_equal_in_any_order(void)
{
	struct node a = NODE_INIT, b = NODE_INIT;
	size_t map, list, in;

	build(&a);
	NEED(node_open(&b, NODE_MAP, &map) == 0);
	NEED(node_add(&b, NODE_STRING, span_str("b")) == 0);
	NEED(node_open(&b, NODE_MAP, &in) == 0 && node_close(&b, in) == 0);
	NEED(node_add(&b, NODE_STRING, span_str("a")) == 0);
	NEED(node_open(&b, NODE_LIST, &list) == 0);
	NEED(node_uint(&b, 1) == 0 && node_nint(&b, 0) == 0);
	NEED(node_add(&b, NODE_STRING, span_str("x")) == 0);
	NEED(node_close(&b, list) == 0 && node_close(&b, map) == 0);
	CHECK(node_equal(&a, 0, &b, 0));
	b.step[in].kind = NODE_LIST;
	CHECK(!node_equal(&a, 0, &b, 0));
	node_clear(&a);
	node_clear(&b);
}

/* n keys, from 7 on by `step` modulo n, each with its number; the value of `odd` is another */
static void number(struct node *nd, unsigned n, unsigned step, unsigned odd)
{
	struct span key;
	char text[24];
	unsigned i, k;
	size_t map;

	NEED(node_open(nd, NODE_MAP, &map) == 0);
	for (i = 0, k = 7 % n; i < n; i++, k = (k + step) % n) {
		sprintf(text, "%u", k);
		NEED(node_own(nd, span_str(text), &key) == 0);
		NEED(node_add(nd, NODE_STRING, key) == 0 && node_uint(nd, k + (k == odd)) == 0);
	}
	NEED(node_close(nd, map) == 0);
}

/* looking each key up was quadratic: minutes for a map that fits in one block */
static void maps_of_many_keys_are_compared_quickly(void)
{
	struct node a = NODE_INIT, b = NODE_INIT, c = NODE_INIT;

	number(&a, 100000, 1, UINT32_MAX);
	number(&b, 100000, 99999, UINT32_MAX);	/* the other way round */
	number(&c, 100000, 33331, 99999);
	CHECK(node_equal(&a, 0, &b, 0) && node_equal(&b, 0, &a, 0));
	CHECK(!node_equal(&a, 0, &c, 0) && !node_equal(&c, 0, &b, 0));
	node_clear(&a);
	node_clear(&b);
	node_clear(&c);
}

/* built by hand: no codec reads or writes it, and the first of the two counts */
static void a_key_twice_is_looked_up(void)
{
	struct node a = NODE_INIT, b = NODE_INIT;
	size_t map;

	NEED(node_open(&a, NODE_MAP, &map) == 0);
	NEED(node_add(&a, NODE_STRING, span_str("k")) == 0 && node_uint(&a, 1) == 0);
	NEED(node_add(&a, NODE_STRING, span_str("k")) == 0 && node_uint(&a, 1) == 0);
	NEED(node_close(&a, map) == 0);
	NEED(node_open(&b, NODE_MAP, &map) == 0);
	NEED(node_add(&b, NODE_STRING, span_str("k")) == 0 && node_uint(&b, 1) == 0);
	NEED(node_add(&b, NODE_STRING, span_str("l")) == 0 && node_uint(&b, 2) == 0);
	NEED(node_close(&b, map) == 0);
	CHECK(node_equal(&a, 0, &a, 0) && node_equal(&a, 0, &b, 0));
	CHECK(!node_equal(&b, 0, &a, 0));
	node_clear(&a);
	node_clear(&b);
}

static void own_text_stays_where_it_is(void)
{
	struct node nd = NODE_INIT;
	char big[9000];
	struct span first, more;
	int i;

	memset(big, 'b', sizeof big);
	NEED(node_own(&nd, span_str("first"), &first) == 0);
	for (i = 0; i < 100; i++) {
		NEED(node_own(&nd, span_of((uint8_t *)big, sizeof big), &more) == 0);
		CHECK(more.len == sizeof big && more.p[0] == 'b');
	}
	CHECK(span_equal(first, span_str("first")));
	node_reset(&nd);
	CHECK(nd.n == 0);
	node_clear(&nd);
}

static void raw_is_bytes(void)
{
	struct node nd = NODE_INIT;
	struct buf out = BUF_INIT(100);

	NEED(codec_decode(CID_RAW, span_str("abc"), CODEC_STRICT, &nd) == 0);
	CHECK(nd.n == 1 && nd.step[0].kind == NODE_BYTES);
	CHECK(codec_encode(CID_RAW, &nd, 0, &out) == 0);
	CHECK(span_equal(buf_span(&out), span_str("abc")));
	node_reset(&nd);
	NEED(node_null(&nd) == 0);
	CHECK_ERR(codec_encode(CID_RAW, &nd, 0, &out), ERR_INVALID);
	CHECK(out.len == 3);
	CHECK_ERR(codec_decode(0x2a, span_str("abc"), 0, &nd), ERR_UNSUPPORTED);
	node_clear(&nd);
	buf_clear(&out);
}

/* no bytes at all, without an address: no codec reckons with it */
static void nothing(void)
{
	static const uint64_t codecs[] = { CID_RAW, CID_DAG_PB, CID_DAG_CBOR, CID_DAG_JSON, CID_CBOR, CID_JSON, CID_GIT_RAW };
	struct node nd = NODE_INIT;
	size_t i;
	int rc;

	for (i = 0; i < sizeof codecs / sizeof *codecs; i++) {
		rc = codec_decode(codecs[i], span_of(NULL, 0), 0, &nd);
		CHECK(rc == (codecs[i] == CID_RAW || codecs[i] == CID_DAG_PB ? 0 : ERR_INVALID));
		CHECK(codec_check(codecs[i], span_of(NULL, 0), 0, NULL, NULL) == rc);
	}
	node_clear(&nd);
}

int main(void)
{
	RUN(nothing);
	RUN(steps_into_maps_and_lists);
	RUN(maps_are_equal_in_any_order);
	RUN(maps_of_many_keys_are_compared_quickly);
	RUN(a_key_twice_is_looked_up);
	RUN(own_text_stays_where_it_is);
	RUN(raw_is_bytes);
	return UNIT_END();
}
