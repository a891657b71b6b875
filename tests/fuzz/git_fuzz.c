/*
 * git_fuzz.c - git objects, and nodes given as dag-json that may be written as one: what is written reads
 * back as it was.
 */
#include "codec/codec.h"

static int count(void *arg, const struct cid *cid, struct span name)
{
	size_t *n = arg;

	if (cid->codec != CID_GIT_RAW || cid->len != 24 || name.len != 0)
		__builtin_trap();
	++*n;
	return 0;
}

/* Odd objects lose something on their way into a node, but a node loses nothing more. */
static void there_and_back(const struct node *nd, int must)
{
	struct node first = NODE_INIT, second = NODE_INIT;
	struct buf one = BUF_INIT(SIZE_MAX / 2), two = BUF_INIT(SIZE_MAX / 2);

	if (codec_encode(CID_GIT_RAW, nd, 0, &one) < 0) {
		if (one.len > 0)
			__builtin_trap();
		goto out;
	}
	if (codec_decode(CID_GIT_RAW, buf_span(&one), 0, &first) < 0 ||
	    (must && !node_equal(nd, 0, &first, 0)))
		__builtin_trap();
	if (codec_encode(CID_GIT_RAW, &first, 0, &two) < 0 || !span_equal(buf_span(&one), buf_span(&two)))
		__builtin_trap();
	if (codec_decode(CID_GIT_RAW, buf_span(&two), 0, &second) < 0 || !node_equal(&first, 0, &second, 0))
		__builtin_trap();
out:
	node_clear(&first);
	node_clear(&second);
	buf_clear(&one);
	buf_clear(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span block = span_of(data, size);
	struct node nd = NODE_INIT;
	size_t links = 0, i;
	int rc = codec_decode(CID_GIT_RAW, block, CODEC_STRICT, &nd);

	if (codec_links(CID_GIT_RAW, block, count, &links) != rc)
		__builtin_trap();
	if (rc == 0) {
		for (i = 0; i < nd.n; i++)
			links -= nd.step[i].kind == NODE_LINK;
		if (links != 0)
			__builtin_trap();
		there_and_back(&nd, 1);
	} else if (codec_decode(CID_DAG_JSON, block, 0, &nd) == 0) {
		there_and_back(&nd, 0);
	}
	node_clear(&nd);
	return 0;
}
