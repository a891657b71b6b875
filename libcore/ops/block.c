/* block.c - single blocks in and out of the store */
#include <stdlib.h>

#include "base/err.h"
#include "base/io.h"
#include "ops/read.h"

void ops_block_put_init(struct ops_block_put *o)
{
	*o = (struct ops_block_put){ .codec = CID_RAW, .hash = MH_SHA2_256, .version = 1 };
}

static int name_block(const struct ops_block_put *o, struct span bytes, struct cid *cid)
{
	uint8_t digest[MH_DIGEST_MAX];
	struct mh mh;
	int n = mh_sum(o->hash, &bytes, 1, o->digest_len, digest), rc;

	if (n < 0)
		return n;
	mh = (struct mh){ o->hash, span_of(digest, (size_t)n) };
	rc = mh_allowed(&mh);
	return rc < 0 ? rc : cid_make(cid, o->version, o->codec, o->hash, mh.digest);
}

int ops_block_put_bytes(struct store *st, const struct ops_block_put *o, struct span bytes,
			struct cid *cid)
{
	struct dag_block b = { .cid = cid, .parts = { bytes }, .n_parts = 1, .src_fd = -1 };
	int rc;

	if (bytes.len > BLOCK_MAX && !o->allow_big)
		return err_set(ERR_LIMIT, "produced block is over 2MiB: big blocks can't be exchanged "
			       "with other peers. consider using UnixFS for automatic chunking of "
			       "bigger files, or allow big blocks");
	rc = name_block(o, bytes, cid);
	return rc < 0 ? rc : dag_put(store_sink(st), &b);
}

int ops_block_put(struct store *st, const struct ops_block_put *o, int fd, const char *what,
		  struct cid *cid)
{
	size_t max = o->allow_big ? STORE_BLOCK_MAX : BLOCK_MAX;
	struct buf bytes = BUF_INIT(max + 1);
	int rc = io_slurp(fd, &bytes, what);

	if ((rc == ERR_LIMIT || (rc == 0 && bytes.len > max)) && o->allow_big)
		rc = err_set(ERR_LIMIT, "a block of more than %d MiB", STORE_BLOCK_MAX >> 20);
	else if (rc == 0 || rc == ERR_LIMIT)
		rc = ops_block_put_bytes(st, o, span_of(bytes.data, rc ? max + 1 : bytes.len), cid);
	buf_clear(&bytes);
	return rc;
}

/* one that cannot be pinned fails them all */
static int pinned_all(void *arg, size_t i, int rc)
{
	(void)arg;
	(void)i;
	return rc;
}

int ops_block_commit(struct store *st, const struct ops_block_put *o, const struct cid *cids, size_t n)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && !o->pin && i < n; i++)
		rc = pin_note(st, &cids[i]);
	if (rc == 0)
		rc = store_commit(st);
	if (rc == 0 && o->pin)
		rc = pin_add_many(st, cids, n, PIN_RECURSIVE, NULL, pinned_all, NULL);
	if (rc == 0 && n)
		rc = pin_quota(st, &cids[n - 1]);
	return rc;
}

int ops_block_get(struct store *st, const struct cid *cid, int fd)
{
	struct buf block = BUF_INIT(STORE_BLOCK_MAX);
	int rc = dag_get(store_source(st), cid, &block);

	if (rc == 0)
		rc = io_write(fd, block.data, block.len, "output");
	buf_clear(&block);
	return rc;
}

/* ---- rm ---- */

struct rm {
	const struct cid **sorted;	/* by multihash */
	size_t n;
	const struct cid *first;	/* cids[0], to tell the place in `held` */
	uint8_t *held;			/* 1: under a recursive pin, or pinned by another CID */
	struct cid root;		/* of a single block: the pin above it, when held */
};

static int by_mh(const void *a, const void *b)
{
	return span_cmp(cid_mh(*(const struct cid *const *)a), cid_mh(*(const struct cid *const *)b));
}

static int note_held(void *arg, const struct pin *p)
{
	struct rm *rm = arg;
	size_t lo = 0, hi = rm->n;

	while (lo < hi) {		/* the first that is not less */
		size_t mid = lo + (hi - lo) / 2;

		if (span_cmp(cid_mh(rm->sorted[mid]), cid_mh(&p->cid)) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < rm->n && span_equal(cid_mh(rm->sorted[lo]), cid_mh(&p->cid)); lo++)
		rm->held[rm->sorted[lo] - rm->first] = 1;
	return 0;
}

/* which blocks live through pins of others: one walk for all of them */
static int find_held(struct store *st, struct rm *rm)
{
	int rc;

	memset(rm->held, 0, rm->n);
	if (rm->n == 1) {
		rc = pin_why(st, rm->first, &rm->root);
		rm->held[0] = rc == 1;
		return rc < 0 ? rc : 0;
	}
	rc = pin_each(st, PIN_NONE, note_held, rm);
	if (rc >= 0)
		rc = pin_each_indirect(st, note_held, rm);
	return rc < 0 ? rc : 0;
}

static int rm_init(struct rm *rm, const struct cid *cids, size_t n)
{
	size_t i;

	*rm = (struct rm){ .first = cids, .n = n };
	rm->sorted = malloc((n + 1) * sizeof *rm->sorted);
	rm->held = calloc(n + 1, 1);
	if (!rm->sorted || !rm->held)
		return err_nomem();
	for (i = 0; i < n; i++)
		rm->sorted[i] = &cids[i];
	qsort(rm->sorted, n, sizeof *rm->sorted, by_mh);
	return 0;
}

/* hold the pins with what keeps the blocks found out; again under the hold if a pin was made meanwhile */
static int hold(struct store *st, struct rm *rm, int force)
{
	uint64_t before = 0, now = 0;
	int rc = force ? 0 : pin_changes(st, &before);

	if (rc == 0 && !force)
		rc = find_held(st, rm);
	if (rc == 0)
		rc = pin_hold(st);
	if (rc < 0 || force)
		return rc;
	rc = pin_changes(st, &now);
	if (rc == 0 && now != before)
		rc = find_held(st, rm);
	if (rc < 0)
		pin_release(st);
	return rc;
}

static int pinned(struct store *st, const struct cid *cid, const struct rm *rm)
{
	enum pin_mode mode;
	char text[CID_TEXT_MAX];
	int rc = pin_get(st, cid, &mode, NULL);

	if (rc == 1)
		return err_set(ERR_DIFFER, "pinned: %s",
			       mode == PIN_DIRECT ? "direct" : "recursive");
	if (rc < 0 || !rm->held[cid - rm->first])
		return rc;
	return rm->n > 1 ? err_set(ERR_DIFFER, "pinned: indirect") :
	       err_set(ERR_DIFFER, "pinned via %s", cid_text(&rm->root, text));
}

int ops_block_rm(struct store *st, const struct cid *cids, size_t n, int force,
		 int (*fn)(void *arg, const struct cid *cid, int rc), void *arg)
{
	struct rm rm;
	size_t i;
	int rc = rm_init(&rm, cids, n);

	if (rc == 0)
		rc = hold(st, &rm, force);
	if (rc < 0)
		goto out;
	for (i = 0; rc >= 0 && i < n; i++) {
		rc = dag_has(store_source(st), &cids[i]);
		if (rc == 0 && !force) {
			char text[CID_TEXT_MAX];

			rc = err_set(ERR_NOTFOUND, "ipld: could not find %s", cid_text(&cids[i], text));
		} else if (rc == 1) {
			rc = force ? 0 : pinned(st, &cids[i], &rm);
			if (rc == 0)
				rc = store_delete(st, &cids[i]);
		}
		if (rc == 0 || rc == ERR_NOTFOUND || rc == ERR_DIFFER || rc == ERR_DENIED)
			rc = fn(arg, &cids[i], rc);
	}
	if (rc >= 0)
		rc = store_commit(st);
	else
		store_rollback(st);
	pin_release(st);
out:
	free(rm.sorted);
	free(rm.held);
	return rc;
}
