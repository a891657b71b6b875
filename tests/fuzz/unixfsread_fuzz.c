/* unixfsread_fuzz.c - files, directories and walks over hostile blocks: they end, in little memory */
#include "fuzzdag.h"
#include "unixfs/unixfs.h"

enum { BYTES = 65536, ENTRIES = 500 };

static int some_bytes(void *arg, uint64_t bytes)
{
	uint64_t *n = arg;

	return (*n += bytes) > BYTES ? err_set(ERR_INTERRUPTED, "enough") : 0;
}

static int some_entries(void *arg, const struct unixfs_visit *v)
{
	int *n = arg;

	if (!v->entry || (v->rc == 0) != (v->stat != NULL))
		__builtin_trap();
	return ++*n > ENTRIES ? err_set(ERR_INTERRUPTED, "enough") : 0;
}

static int some_blocks(void *arg, const struct dag_visit *v)
{
	int *n = arg;

	(void)v;
	return ++*n > ENTRIES ? err_set(ERR_INTERRUPTED, "enough") : 0;
}

/* some places of a file, forward and backward */
static void places(struct dag_source *src, const struct cid *root, uint64_t off, uint64_t len)
{
	struct unixfs_reader *r;
	struct sink_null sink;
	uint8_t p[256];
	uint64_t start;
	struct span v;
	int i;

	if (unixfs_reader_open(&r, src, root) < 0)
		return;
	sink_null_start(&sink);
	for (i = 0; i < 8; i++, off = off * 5 + len) {
		uint64_t at = unixfs_reader_size(r) ? off % unixfs_reader_size(r) : off;
		size_t n = (size_t)(len % (sizeof p + 1));

		unixfs_reader_read(r, at, p, n);
		sink.bytes = 0;
		if (unixfs_reader_cat(r, at, n, &sink.sink) == 0 && sink.bytes != n)
			__builtin_trap();
		if (unixfs_reader_view(r, at, &start, &v) > 0 && (start > at || at - start >= v.len))
			__builtin_trap();
	}
	unixfs_reader_close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unixfs_tree tree = { .recursive = 1, .fn = some_entries };
	struct dag_walk walk = { .depth_max = -1, .want_leaves = 1, .visit = some_blocks };
	struct buf target = BUF_INIT(4096);
	struct sink_null sink;
	struct unixfs_stat st;
	struct fuzzdag f;
	struct cid root, out;
	uint64_t heard = 0;
	struct span rest = fuzzdag_init(&f, span_of(data, size), &root);
	struct rd r = rd_from(rest);
	uint64_t off = rd_varint(&r), len = rd_varint(&r);
	int n = 0;

	sink_null_start(&sink);
	unixfs_stat(&f.source, &root, &st);
	unixfs_cat(&f.source, &root, 0, UINT64_MAX, &sink.sink, some_bytes, &heard);
	heard = sink.bytes = 0;
	unixfs_cat(&f.source, &root, off, len, &sink.sink, some_bytes, &heard);
	if (sink.bytes > len)
		__builtin_trap();
	places(&f.source, &root, off, len);
	tree.arg = walk.arg = &n;
	unixfs_tree(&f.source, &root, &tree);
	n = 0;
	dag_walk(&f.source, &root, &walk);
	n = 0;
	walk.once = walk.edges = 1;
	walk.want_leaves = 0;
	walk.seen_mem = 65536;
	dag_walk(&f.source, &root, &walk);
	unixfs_lookup(&f.source, &root, rd_rest(&r), &out);
	unixfs_readlink(&f.source, &root, &target);
	buf_clear(&target);
	return 0;
}
