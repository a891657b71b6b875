/* dagpb_fuzz.c - dag-pb blocks: what decodes has the links it says, and comes back when encoded */
#include "codec/codec.h"

static int count(void *arg, const struct cid *cid, struct span name)
{
	size_t *n = arg;

	(void)name;
	if (cid->len == 0)
		__builtin_trap();
	++*n;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span block = span_of(data, size);
	struct buf again = BUF_INIT(SIZE_MAX / 2);
	struct pb_node node, back;
	struct pb_iter it, it2;
	struct pb_link l, m;
	size_t n = 0, links_len;

	if (pb_decode(block, &node) < 0) {
		if (codec_links(CID_DAG_PB, block, count, &n) == 0)
			__builtin_trap();
		return 0;
	}
	if (codec_links(CID_DAG_PB, block, count, &n) != 0 || n != node.n_links)
		__builtin_trap();
	for (n = 0, it = pb_links(&node); pb_next(&it, &l); n++)
		if (pb_put_link(&again, l.hash, l.name, l.tsize) < 0)
			__builtin_trap();
	links_len = again.len;
	if (node.plain ? !span_equal(span_of(block.p, node.links_len), buf_span(&again)) : node.links_len != 0)
		__builtin_trap();
	if (n != node.n_links || (node.has_data && pb_put_data(&again, node.data) < 0))
		__builtin_trap();
	if (pb_decode(buf_span(&again), &back) < 0 || back.n_links != n ||
	    !back.plain || back.links_len != links_len || back.has_data != node.has_data || !span_equal(back.data, node.data))
		__builtin_trap();
	it = pb_links(&node);
	it2 = pb_links(&back);
	while (pb_next(&it, &l))
		if (!pb_next(&it2, &m) || !span_equal(l.hash, m.hash) || !span_equal(l.name, m.name) ||
		    l.tsize != m.tsize)
			__builtin_trap();
	buf_clear(&again);
	return 0;
}
