/*
 * unixfs_fuzz.c - the writing half of unixfs: messages come back as they were, chunks cover their
 * input, directories of hostile blocks can be edited or are refused.
 * The first byte picks which.
 */
#include <stdlib.h>

#include "fuzzdag.h"
#include "unixfs/unixfs.h"

static void message(struct span in)
{
	struct buf again = BUF_INIT(SIZE_MAX / 2);
	struct unixfs_data d, e;
	struct unixfs_sizes it;
	uint64_t *sizes;
	size_t n = 0;

	if (unixfs_decode(in, &d) < 0)
		return;
	sizes = calloc(d.n_blocksizes + 1, sizeof *sizes);
	if (!sizes)
		return;
	for (it = unixfs_blocksizes(&d); unixfs_blocksize_next(&it, &sizes[n]); )
		if (++n > d.n_blocksizes)
			__builtin_trap();
	if (n != d.n_blocksizes || unixfs_encode(&again, &d, sizes, n) < 0 ||
	    unixfs_decode(buf_span(&again), &e) < 0)
		__builtin_trap();
	if (e.type != d.type || !span_equal(e.data, d.data) || e.filesize != d.filesize ||
	    e.n_blocksizes != n || e.meta.mode != d.meta.mode || e.meta.mtime != d.meta.mtime ||
	    e.meta.nsec != d.meta.nsec || e.meta.has_mtime != d.meta.has_mtime)
		__builtin_trap();
	buf_clear(&again);
	free(sizes);
}

static void chunks(struct span in)
{
	struct rd r = rd_from(in);
	struct span text = rd_bytes(&r, rd_u8(&r) % 64);
	char spec[65];
	struct chunker *c;
	struct span rest = rd_rest(&r);
	size_t n;

	memcpy(spec, text.len ? (const char *)text.p : "", text.len);
	spec[text.len] = 0;
	if (chunker_new(&c, spec) < 0)
		return;
	while (rest.len) {
		n = chunker_next(c, rest, 1);
		if (n == 0 || n > rest.len || n > chunker_max(c))
			__builtin_trap();
		rest = span_of(rest.p + n, rest.len - n);
	}
	chunker_free(c);
}

/* believes no hash either: the new directory is looked at only by its length */
static int weigh(struct dag_sink *s, const struct dag_block *b)
{
	(void)s;
	return b->n_parts < 1 || b->n_parts > 4 ? err_set(ERR_INVALID, "no block") : 0;
}

static void edits(struct span in)
{
	struct dag_sink sink = { weigh };
	struct unixfs_builder *b;
	struct unixfs_node node = { .tsize = 5 }, out;
	struct unixfs_opts o;
	struct fuzzdag f;
	struct cid root;
	struct span name = fuzzdag_init(&f, in, &root);
	struct rd r = rd_from(name);

	unixfs_opts_init(&o);
	o.hamt_threshold = rd_le16(&r) % 3000;
	o.dir_max_links = rd_u8(&r) % 40;
	o.hamt_estimate = (enum unixfs_estimate)(rd_u8(&r) % 3);
	o.inline_limit = rd_u8(&r) % 129;
	name = rd_rest(&r);
	if (unixfs_opts_finish(&o, 0) < 0 || unixfs_builder_new(&b, &o, &sink, "/tmp") < 0)
		__builtin_trap();
	node.cid = root;
	if (unixfs_edit_put(b, &f.source, &root, name, &node, &out) == 0 && out.cid.len == 0)
		__builtin_trap();
	if (unixfs_edit_rm(b, &f.source, &root, name, &out) == 0 && out.cid.len == 0)
		__builtin_trap();
	unixfs_builder_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);

	if (size == 0)
		return 0;
	in = span_of(data + 1, size - 1);
	switch (data[0] % 3) {
	case 0: message(in); break;
	case 1: chunks(in); break;
	default: edits(in);
	}
	return 0;
}
