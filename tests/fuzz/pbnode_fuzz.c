/*
 * pbnode_fuzz.c - dag-pb blocks as nodes, and nodes given as dag-json that may be written as dag-pb: what
 * is written reads back, and is canonical.
 */
#include "codec/codec.h"

/* the names of all links are UTF-8, and Tsize is never too large: no more stands in the way of writing */
static int writable(const struct node *nd)
{
	struct buf out = BUF_INIT(SIZE_MAX / 2);
	int rc = codec_encode(CID_DAG_JSON, nd, 0, &out);

	buf_clear(&out);
	return rc == 0;
}

static void there_and_back(const struct node *nd, int must)
{
	struct node back = NODE_INIT;
	struct buf one = BUF_INIT(SIZE_MAX / 2), two = BUF_INIT(SIZE_MAX / 2);

	if (codec_encode(CID_DAG_PB, nd, 0, &one) < 0) {
		if (one.len > 0 || (must && writable(nd)))
			__builtin_trap();
		goto out;
	}
	if (codec_decode(CID_DAG_PB, buf_span(&one), CODEC_STRICT, &back) < 0 ||
	    codec_encode(CID_DAG_PB, &back, 0, &two) < 0 ||
	    !span_equal(buf_span(&one), buf_span(&two)))
		__builtin_trap();
out:
	node_clear(&back);
	buf_clear(&one);
	buf_clear(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span block = span_of(data, size);
	struct node nd = NODE_INIT, strict = NODE_INIT;
	struct pb_node pb;
	int rc = codec_decode(CID_DAG_PB, block, 0, &nd), strictly;

	strictly = codec_decode(CID_DAG_PB, block, CODEC_STRICT, &strict);
	if (rc != pb_decode(block, &pb) || (strictly == 0 && (rc < 0 || !node_equal(&nd, 0, &strict, 0))) ||
	    codec_check(CID_DAG_PB, block, CODEC_STRICT, NULL, NULL) != strictly)
		__builtin_trap();
	if (rc == 0)
		there_and_back(&nd, 1);
	else if (codec_decode(CID_DAG_JSON, block, 0, &nd) == 0)
		there_and_back(&nd, 0);
	node_clear(&nd);
	node_clear(&strict);
	return 0;
}
