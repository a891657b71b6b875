/*
 * json_fuzz.c - dag-json and json: what decodes has the links it says, and comes back when encoded.
 * Not all of it comes back as it was: whole floats are written like integers, as Kubo does.
 */
#include "codec/codec.h"

static int count(void *arg, const struct cid *cid, struct span name)
{
	size_t *n = arg;

	if (cid->len == 0 || name.len != 0)
		__builtin_trap();
	++*n;
	return 0;
}

/* the number of links; *whole: there is a float without a fraction */
static size_t look(const struct node *nd, int *whole)
{
	size_t i, links = 0;

	for (*whole = 0, i = 0; i < nd->n; i++) {
		double f = nd->step[i].f;

		links += nd->step[i].kind == NODE_LINK;
		if (nd->step[i].kind == NODE_FLOAT &&
		    (f > 1e15 || f < -1e15 || f == (double)(int64_t)f))
			*whole = 1;
	}
	return links;
}

static void check(uint64_t codec, struct span block, int flags)
{
	struct node nd = NODE_INIT, back = NODE_INIT;
	struct buf out = BUF_INIT(SIZE_MAX / 2), again = BUF_INIT(SIZE_MAX / 2);
	size_t links = 0, there;
	int rc = codec_decode(codec, block, flags, &nd), whole;

	if (codec_check(codec, block, flags, count, &links) != rc)
		__builtin_trap();
	if (rc < 0)
		goto out;
	there = look(&nd, &whole);
	if (links != there)
		__builtin_trap();
	/* maps that a writer must not make are read when their keys are out of order */
	rc = codec_encode(codec, &nd, 0, &out);
	if (rc < 0 && (flags & CODEC_STRICT || codec == CID_JSON))
		__builtin_trap();
	if (rc < 0 || whole)
		goto out;
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
	check(CID_DAG_JSON, span_of(data, size), CODEC_STRICT);
	check(CID_DAG_JSON, span_of(data, size), 0);
	check(CID_JSON, span_of(data, size), 0);
	return 0;
}
