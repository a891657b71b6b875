/* cuts.c - places where blocks of a file have to begin */
#include <assert.h>

#include "base/err.h"
#include "base/rd.h"
#include "unixfs/unixfs_priv.h"

enum { RUNS_MAX = 32 * 1024 * 1024 };

void unixfs_cuts_init(struct unixfs_cuts *c)
{
	*c = (struct unixfs_cuts){ .runs = BUF_INIT(RUNS_MAX) };
}

void unixfs_cuts_clear(struct unixfs_cuts *c)
{
	buf_clear(&c->runs);
	unixfs_cuts_init(c);
}

static int end_run(struct unixfs_cuts *c)
{
	int rc = c->n ? buf_reserve(&c->runs, varint_len(c->len) + varint_len(c->n)) : 0;

	if (rc == 0 && c->n) {			/* fits */
		buf_varint(&c->runs, c->len);
		buf_varint(&c->runs, c->n);
		c->n = 0;
	}
	return rc == ERR_LIMIT ? err_set(rc, "more places to cut than %d MiB hold", RUNS_MAX >> 20) : rc;
}

int unixfs_cuts_add(struct unixfs_cuts *c, uint64_t off)
{
	uint64_t len = off - c->end;
	int rc = 0;

	assert(off >= c->end);
	if (len == 0)
		return 0;
	if (len != c->len)
		rc = end_run(c);
	if (rc < 0)
		return rc;
	c->len = len;
	c->n++;
	c->end = off;
	return 0;
}

int unixfs_builder_cut(struct unixfs_builder *b, struct unixfs_cuts *c)
{
	int rc = end_run(c);

	if (rc == 0 && chunker_min(b->chunker) != chunker_max(b->chunker))
		rc = err_set(ERR_USAGE, "chunker \"%s\" has no fixed size, and cannot cut at given places",
			     b->opts.chunker);
	if (rc == 0)
		b->cuts = c;
	return rc;
}

/* ---- reading them ---- */

/* into the next stretch; behind the last cut it has no end */
static void enter(struct cutter *k)
{
	if (k->n == 0) {
		struct rd r = rd_from(buf_span(&k->cuts->runs));

		rd_bytes(&r, k->at);
		if (r.left == 0) {
			k->left = UINT64_MAX;
			return;
		}
		k->len = rd_uvarint(&r);
		k->n = rd_uvarint(&r);
		k->at = k->cuts->runs.len - r.left;
	}
	k->n--;
	k->left = k->len;
}

struct cutter cutter_from(const struct unixfs_cuts *cuts, size_t max)
{
	return (struct cutter){ .cuts = cuts, .max = max };
}

size_t cutter_next(struct cutter *k)
{
	size_t n;

	if (k->left == 0)
		enter(k);
	n = k->left < k->max ? (size_t)k->left : k->max;
	k->left -= k->left == UINT64_MAX ? 0 : n;
	return n;
}

size_t cutter_ahead(struct cutter k, size_t room, int chunks)
{
	size_t len = cutter_next(&k), n;

	while (--chunks > 0) {
		n = cutter_next(&k);
		if (n > room - len)
			break;
		len += n;
	}
	return len;
}
