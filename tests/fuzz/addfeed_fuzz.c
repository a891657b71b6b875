/* addfeed_fuzz.c - entries of an upload in any order: a byte of options, then lines "fPATH", "dPATH" or "lPATH" */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ops/add.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
	size_t roots, files, fed;
	int root_last;
};

static int heard_entry(void *arg, const struct ops_added *e)
{
	struct heard *h = arg;

	h->roots += (size_t)e->root;
	h->files += !unixfs_is_dir(e->node.type);
	h->root_last = e->root;
	return 0;
}

/* the path is the content */
static ssize_t body(void *arg, void *p, size_t len)
{
	struct span *left = arg;

	len = len < left->len ? len : left->len;
	if (len)
		memcpy(p, left->p, len);
	*left = span_of(left->p + len, left->len - len);
	return (ssize_t)len;
}

static int feed(struct adder *a, struct span line, struct heard *h)
{
	struct span left = line;
	struct ops_add_feed_entry e = { .meta = { (uint32_t)line.len, line.len & 1, 7, 8 }, .read = body, .arg = &left };
	char *path;
	int rc;

	if (!line.len)
		return 0;
	path = strndup((const char *)line.p + 1, line.len - 1);
	if (!path)
		return err_nomem();
	e.path = path;
	e.what = *line.p == 'd' ? OPS_FEED_DIR : *line.p == 'l' ? OPS_FEED_LINK : OPS_FEED_FILE;
	rc = ops_add_feed(a, &e);
	h->fed += rc == 0 && e.what != OPS_FEED_DIR && !left.len;
	free(path);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data + (size > 0), size - (size > 0));
	unsigned bits = size ? *data : 0;
	struct heard h = { 0 };
	struct adder *a;
	struct ops_add o;
	int rc;

	ops_add_init(&o);
	o.only_hash = o.all = 1;
	o.wrap = bits & 1;
	o.drop_empty = bits >> 1 & 1;
	o.keep_mode = o.keep_mtime = bits >> 2 & 1;
	o.tell_early = bits >> 3 & 1;
	if (bits & 16) {			/* directories of more than two entries are HAMTs */
		o.dag.dir_max_links = 2;
		o.dag.hamt_fanout = 8;
	}
	o.entry = heard_entry;
	o.arg = &h;
	rc = ops_add_begin(&a, NULL, &o);
	while (rc == 0 && rest.len) {
		const uint8_t *end = memchr(rest.p, '\n', rest.len);
		size_t n = end ? (size_t)(end - rest.p) : rest.len;

		rc = feed(a, span_of(rest.p, n), &h);
		rest = span_of(rest.p + n + (end != NULL), rest.len - n - (end != NULL));
	}
	if (rc < 0 || !a) {
		ops_add_free(a);
		return 0;
	}
	rc = ops_add_end(a);
	/* what was taken was told, under a root that came behind it */
	if (rc == 0 && (h.files != h.fed || (h.files && !h.roots) || (h.roots && !h.root_last)))
		abort();
	return 0;
}
