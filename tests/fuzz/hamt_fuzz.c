/* hamt_fuzz.c - HAMT shards: listing, and looking up what was listed and what was not */
#include "fuzzdag.h"
#include "unixfs/unixfs.h"

enum { ENTRIES = 200 };

struct state {
	struct fuzzdag dag;
	struct cid root;
	int n;
};

static int look(void *arg, const struct unixfs_dirent *e)
{
	struct state *s = arg;
	struct cid out;

	unixfs_lookup(&s->dag.source, &s->root, e->name, &out);
	return ++s->n > ENTRIES;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state s = { .n = 0 };
	struct span name = fuzzdag_init(&s.dag, span_of(data, size), &s.root);
	struct cid out;

	if (unixfs_lookup(&s.dag.source, &s.root, name, &out) == 0 && out.len == 0)
		__builtin_trap();
	unixfs_ls(&s.dag.source, &s.root, look, &s);
	return 0;
}
