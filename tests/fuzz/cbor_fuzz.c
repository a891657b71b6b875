/*
 * cbor_fuzz.c - dag-cbor and cbor: reading and looking for links agree; what is read strictly is written
 * as the same bytes; what is read otherwise is written as something strict that is the same value.
 */
#include "base/json.h"
#include "codec/codec.h"

static int count(void *arg, const struct cid *cid, struct span name)
{
	if (cid->len == 0 || name.len != 0)
		__builtin_trap();
	++*(size_t *)arg;
	return 0;
}

/* 1: it has text that a writer refuses */
static int odd_text(const struct node *nd)
{
	size_t i;

	for (i = 0; i < nd->n; i++)
		if (nd->step[i].kind == NODE_STRING && !utf8_valid(node_span(nd, i)))
			return 1;
	return 0;
}

static void check(uint64_t codec, struct span block, int flags)
{
	struct node nd = NODE_INIT, back = NODE_INIT;
	struct buf out = BUF_INIT(SIZE_MAX / 2), again = BUF_INIT(SIZE_MAX / 2);
	size_t links = 0, there = 0, i;
	int rc = codec_decode(codec, block, flags, &nd);

	if (codec_check(codec, block, flags, count, &links) != rc)
		__builtin_trap();
	if (rc < 0)
		goto out;
	for (i = 0; i < nd.n; i++)
		there += nd.step[i].kind == NODE_LINK;
	if (links != there)
		__builtin_trap();
	rc = codec_encode(codec, &nd, 0, &out);
	if (rc < 0 && (flags & CODEC_STRICT || !odd_text(&nd)))
		__builtin_trap();
	if (rc < 0)
		goto out;
	if (flags & CODEC_STRICT && !span_equal(buf_span(&out), block))
		__builtin_trap();
	if (codec_decode(codec, buf_span(&out), CODEC_STRICT, &back) < 0 || !node_equal(&nd, 0, &back, 0))
		__builtin_trap();
	if (codec_encode(codec, &back, 0, &again) < 0 || !span_equal(buf_span(&out), buf_span(&again)))
		__builtin_trap();
out:
	node_clear(&nd);
	node_clear(&back);
	buf_clear(&out);
	buf_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(CID_DAG_CBOR, span_of(data, size), CODEC_STRICT);
	check(CID_DAG_CBOR, span_of(data, size), 0);
	check(CID_CBOR, span_of(data, size), CODEC_STRICT);
	return 0;
}
