/* gc.c, mark.c, quota.c, added.c: what stays, what goes, and in which order */
#include <time.h>

#include "pintest.h"

static int collect(struct store *st, struct pin_gc *gc)
{
	int rc;

	*gc = (struct pin_gc){ .keep_bytes = UINT64_MAX };
	rc = pin_gc(st, gc);
	if (rc < 0)
		printf("# gc: %s\n", err_text());
	return rc;
}

/* what a process before us has left; its lease went with it */
static struct store *again(struct store *st, const char *path)
{
	store_close(st);
	return open_store(path, STORE_WRITE);
}

static void pinned_stays_the_rest_goes(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE);
	struct cid kept = put_tree(st, 1, 50, 200), gone = put_tree(st, 2, 50, 200), one;
	struct store_stat s;
	struct pin_gc gc = { .keep_bytes = UINT64_MAX, .dry_run = 1 };

	one = put_leaf(st, 77, 100);
	put_leaf(st, 78, 100);
	CHECK(pin_add(st, &kept, PIN_RECURSIVE, NULL) == 0);
	CHECK(pin_add(st, &one, PIN_DIRECT, NULL) == 0);
	st = again(st, path);
	CHECK(pin_gc(st, &gc) == 0 && gc.n_deleted == 52 && gc.bytes_deleted > 10000);
	CHECK(store_stat(st, &s) == 0 && s.n_blocks == 104);
	CHECK(collect(st, &gc) == 0 && gc.n_deleted == 52 && gc.n_marked == 52);
	CHECK(store_stat(st, &s) == 0 && s.n_blocks == 52);
	CHECK(complete(st, &kept) && complete(st, &one) && !complete(st, &gone));
	CHECK(gc.disk_after > 0);
	CHECK(collect(st, &gc) == 0 && gc.n_deleted == 0);
	store_close(st);
}

static int count_deleted(void *arg, struct span mh, uint64_t raw_len)
{
	(void)raw_len;
	*(int *)arg += mh.len == 34;
	return 0;
}

static void says_what_it_deletes(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE);
	int n = 0;
	struct pin_gc gc = { .keep_bytes = UINT64_MAX, .deleted = count_deleted, .arg = &n };

	put_tree(st, 2, 50, 200);
	commit(st);
	st = again(st, path);
	CHECK(pin_gc(st, &gc) == 0 && n == 51);
	store_close(st);
}

/* A block pinned directly, or known as raw bytes, is an inner node of something pinned recursively:
 * that it is marked already must not hide what is below it. */
static void marked_is_not_entered(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE);
	struct cid sub = put_tree(st, 1, 20, 100), root = put_node(st, &sub, 1), raw;

	NEED(cid_make_mh(&raw, 1, CID_RAW, cid_mh(&sub)) == 0);
	CHECK(pin_add(st, &sub, PIN_DIRECT, NULL) == 0);
	CHECK(pin_add(st, &raw, PIN_RECURSIVE, NULL) == 0);
	CHECK(pin_add(st, &root, PIN_RECURSIVE, NULL) == 0);
	st = again(st, path);
	{
		struct pin_gc gc;

		CHECK(collect(st, &gc) == 0 && gc.n_deleted == 0);
	}
	CHECK(complete(st, &root));
	store_close(st);
}

static void shared_blocks_stay(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE);
	struct cid links[40], a, b;
	struct pin_gc gc;
	int i;

	for (i = 0; i < 40; i++)
		links[i] = put_leaf(st, (uint64_t)i, 100);
	a = put_node(st, links, 30);
	b = put_node(st, links + 10, 30);
	CHECK(pin_add(st, &a, PIN_RECURSIVE, NULL) == 0);
	CHECK(pin_add(st, &b, PIN_RECURSIVE, NULL) == 0);
	CHECK(pin_rm(st, &a, PIN_RECURSIVE) == 0);
	st = again(st, path);
	CHECK(collect(st, &gc) == 0 && gc.n_deleted == 11);
	CHECK(complete(st, &b) && !complete(st, &a));
	store_close(st);
}

/* inlined nodes have links, too */
static void below_identity_cids(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE);
	struct cid leaf = put_leaf(st, 1, 100), inlined, root;
	struct buf block = BUF_INIT(1000);
	struct pin_gc gc;

	NEED(pb_put_link(&block, cid_span(&leaf), span_str("x"), 0) == 0);
	NEED(cid_make(&inlined, 1, CID_DAG_PB, MH_IDENTITY, buf_span(&block)) == 0);
	root = put_node(st, &inlined, 1);
	CHECK(pin_add(st, &root, PIN_RECURSIVE, NULL) == 0);
	st = again(st, path);
	CHECK(collect(st, &gc) == 0 && gc.n_deleted == 0);
	CHECK(complete(st, &root));
	CHECK(pin_rm(st, &root, PIN_RECURSIVE) == 0);
	CHECK(pin_add(st, &inlined, PIN_RECURSIVE, NULL) == 0);
	CHECK(collect(st, &gc) == 0 && gc.n_deleted == 1);
	CHECK(complete(st, &inlined));
	buf_clear(&block);
	store_close(st);
}

/* what hung below a lost node would look like garbage */
static void nothing_is_deleted_below_a_broken_pin(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE);
	struct cid sub[2] = { put_tree(st, 1, 20, 100), put_tree(st, 2, 20, 100) }, root;
	struct cid loose = put_leaf(st, 99, 100);
	struct pin_gc gc = { .keep_bytes = UINT64_MAX };
	struct buf block = BUF_INIT(1 << 20);
	struct span bytes;
	struct dag_block again_b;
	char text[CID_TEXT_MAX];

	root = put_node(st, sub, 2);
	CHECK(pin_add(st, &root, PIN_RECURSIVE, NULL) == 0);
	NEED(store_get(st, &sub[1], &block) == 0);
	CHECK(store_delete(st, &sub[1]) == 0);
	commit(st);
	st = again(st, path);
	CHECK_ERR(pin_gc(st, &gc), ERR_CORRUPT);
	CHECK(strstr(err_text(), cid_text(&sub[1], text)));
	CHECK(strstr(err_text(), cid_text(&root, text)));
	CHECK(store_has(st, &loose) == 1);
	/* added again, all is well: its leaves were not deleted */
	bytes = buf_span(&block);
	again_b = (struct dag_block){ .cid = &sub[1], .parts = { bytes }, .n_parts = 1, .src_fd = -1 };
	CHECK(store_put(st, &again_b) == 0);
	commit(st);
	CHECK(complete(st, &root));
	st = again(st, path);
	CHECK(collect(st, &gc) == 0 && gc.n_deleted == 1);
	CHECK(complete(st, &root) && store_has(st, &loose) == 0);
	buf_clear(&block);
	store_close(st);
}

/* a lost leaf has nothing below it: a pity, but no reason to stop */
static void a_lost_leaf_does_not_stop_it(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE);
	struct cid leaf = put_leaf(st, 1, 100), root = put_node(st, &leaf, 1);
	struct pin_gc gc;

	put_leaf(st, 2, 100);
	CHECK(pin_add(st, &root, PIN_RECURSIVE, NULL) == 0);
	CHECK(store_delete(st, &leaf) == 0);
	commit(st);
	st = again(st, path);
	CHECK(collect(st, &gc) == 0 && gc.n_deleted == 1);
	CHECK(store_has(st, &root) == 1);
	store_close(st);
}

/* chains deeper than any stack, wide nodes: a pile of CIDs on disk at worst */
static void deep_and_wide(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE | STORE_UNSYNCED);
	struct cid deep = put_leaf(st, 1, 10), *links = calloc(40000, sizeof *links), wide, root;
	struct pin_gc gc;
	int i;

	for (i = 0; i < 3000; i++)
		deep = put_node(st, &deep, 1);
	for (i = 0; i < 40000; i++)
		links[i] = put_leaf(st, 100 + (uint64_t)i, 10);
	wide = put_node(st, links, 40000);
	links[0] = deep;
	links[1] = wide;
	root = put_node(st, links, 2);
	commit(st);
	CHECK(pin_added(st, &root, NULL) == 0);		/* pin_add would refuse the depth */
	put_leaf(st, 5, 10);
	commit(st);
	st = again(st, path);
	CHECK(collect(st, &gc) == 0 && gc.n_deleted == 1 && gc.n_marked == 43003);
	store_close(st);
	free(links);
}

/* ---- a codec we cannot read ---- */

static void an_opaque_block_is_a_leaf(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE);
	struct cid opaque = put(st, 0x300001, span_str("who knows")), root = put_node(st, &opaque, 1);
	struct pin_gc gc;

	commit(st);
	CHECK(pin_added(st, &root, NULL) == 0);
	st = again(st, path);
	CHECK(collect(st, &gc) == 0 && gc.n_deleted == 0);
	CHECK(store_has(st, &opaque) == 1);
	store_close(st);
}

/* ---- quotas ---- */

enum { TREE = 40, LEAF = 4096 };	/* a tree takes about 165 KiB */

static void note(struct store *st, const struct cid *root)
{
	struct timespec nap = { .tv_nsec = 2000000 };

	if (pin_note(st, root) < 0)
		abort();
	commit(st);
	nanosleep(&nap, NULL);			/* later than the one before */
}

static uint64_t disk(struct store *st)
{
	uint64_t n;

	return store_disk_bytes(st, &n) < 0 ? 0 : n;
}

static void the_oldest_go_first(void)
{
	char *path = new_store("store.segment = 64KiB\n");
	struct store *st = open_store(path, STORE_WRITE);
	struct cid pinned = put_tree(st, 1, TREE, LEAF), root[4], loose;
	struct pin_gc gc;
	uint64_t all;
	int i, order[4] = { 2, 0, 3, 1 };

	CHECK(pin_add(st, &pinned, PIN_RECURSIVE, NULL) == 0);
	for (i = 0; i < 4; i++)
		root[i] = put_tree(st, 10 + (uint64_t)i, TREE, LEAF);
	for (i = 0; i < 4; i++)
		note(st, &root[order[i]]);
	note(st, &root[0]);			/* added again: it is the newest now: 2 3 1 0 */
	loose = put_tree(st, 50, 10, LEAF);
	commit(st);
	st = again(st, path);
	all = disk(st);

	gc = (struct pin_gc){ .keep_bytes = all };
	CHECK(pin_gc(st, &gc) == 0 && gc.n_deleted == 0);

	gc = (struct pin_gc){ .keep_bytes = all - 8192 };	/* the loose ones suffice */
	CHECK(pin_gc(st, &gc) == 0 && gc.n_deleted > 0 && gc.disk_after <= gc.keep_bytes);
	for (i = 0; i < 4; i++)
		CHECK(complete(st, &root[i]));
	CHECK(!complete(st, &loose));

	gc = (struct pin_gc){ .keep_bytes = all - 200 * 1024 };
	CHECK(pin_gc(st, &gc) == 0 && gc.disk_after <= gc.keep_bytes);
	CHECK(!complete(st, &root[2]) && complete(st, &root[3]) && complete(st, &root[1]) &&
	      complete(st, &root[0]));

	gc = (struct pin_gc){ .keep_bytes = all - 500 * 1024 };
	CHECK(pin_gc(st, &gc) == 0 && gc.disk_after <= gc.keep_bytes);
	CHECK(!complete(st, &root[3]) && complete(st, &root[0]));

	gc = (struct pin_gc){ .keep_bytes = 1 };
	CHECK(pin_gc(st, &gc) == 0 && gc.disk_after > 165 * 1024);
	CHECK(!complete(st, &root[0]) && complete(st, &pinned));
	CHECK(n_pins(st) == 1);
	{
		uint64_t n;

		CHECK(store_table_count(st, STORE_ADDED, &n) == 0 && n == 0);
	}
	store_close(st);
}

static int no_matter(void *arg, size_t i, int rc)
{
	(void)arg;
	(void)i;
	return rc;
}

/* what lost its pin counted as older than everything, and went first */
static void unpinned_is_as_if_just_added(void)
{
	struct timespec nap = { .tv_nsec = 2000000 };
	char *path = new_store("store.segment = 64KiB\n");
	struct store *st = open_store(path, STORE_WRITE);
	struct cid was[4], old;
	struct pin_gc gc;
	int i;

	for (i = 0; i < 4; i++) {
		was[i] = put_tree(st, 10 + (uint64_t)i, TREE, LEAF);
		commit(st);
		CHECK(pin_add(st, &was[i], PIN_RECURSIVE, NULL) == 0);
	}
	old = put_tree(st, 20, TREE, LEAF);
	note(st, &old);
	/* the three ways */
	CHECK(pin_rm(st, &was[1], PIN_RECURSIVE) == 0);
	nanosleep(&nap, NULL);
	CHECK(pin_rm_many(st, &was[0], 1, PIN_RECURSIVE, no_matter, NULL) == 0);
	nanosleep(&nap, NULL);
	CHECK(pin_update(st, &was[2], &was[3], 1) == ERR_EXISTS);
	CHECK(pin_rm(st, &was[3], PIN_RECURSIVE) == 0);
	nanosleep(&nap, NULL);
	CHECK(pin_update(st, &was[2], &was[3], 1) == 0);
	st = again(st, path);

	gc = (struct pin_gc){ .keep_bytes = disk(st) - 100 * 1024 };
	CHECK(pin_gc(st, &gc) == 0 && gc.disk_after <= gc.keep_bytes);
	CHECK(!complete(st, &old));
	for (i = 0; i < 4; i++)
		CHECK(complete(st, &was[i]));
	gc = (struct pin_gc){ .keep_bytes = disk(st) - 100 * 1024 };
	CHECK(pin_gc(st, &gc) == 0 && gc.disk_after <= gc.keep_bytes);
	CHECK(!complete(st, &was[1]) && complete(st, &was[0]) && complete(st, &was[2]));
	gc = (struct pin_gc){ .keep_bytes = disk(st) - 100 * 1024 };
	CHECK(pin_gc(st, &gc) == 0 && gc.disk_after <= gc.keep_bytes);
	CHECK(!complete(st, &was[0]) && complete(st, &was[2]) && complete(st, &was[3]));
	store_close(st);
}

static void shared_with_a_newer_root_stays(void)
{
	char *path = new_store("store.segment = 64KiB\n");
	struct store *st = open_store(path, STORE_WRITE);
	struct cid links[2 * TREE], old, new;
	struct pin_gc gc;
	int i;

	for (i = 0; i < 2 * TREE; i++)
		links[i] = put_leaf(st, (uint64_t)i, LEAF);
	old = put_node(st, links, 2 * TREE - 10);
	new = put_node(st, links + 20, 2 * TREE - 20);
	note(st, &old);
	note(st, &new);
	st = again(st, path);
	gc = (struct pin_gc){ .keep_bytes = disk(st) - 40 * 1024 };
	CHECK(pin_gc(st, &gc) == 0 && gc.disk_after <= gc.keep_bytes);
	CHECK(complete(st, &new) && !complete(st, &old));
	CHECK(gc.n_deleted == 21);
	store_close(st);
}

/* one process adds root after root, as a server would; each is a process of its own here */
static void a_store_with_a_quota_stays_within_it(void)
{
	char *path = new_store("store.segment = 64KiB\nstore.max = 1MiB\n");
	struct store *st;
	struct cid root, pinned, last = { 0 };
	uint64_t i;

	st = open_store(path, STORE_WRITE);
	pinned = put_tree(st, 1, TREE, LEAF);
	CHECK(pin_add(st, &pinned, PIN_RECURSIVE, NULL) == 0);
	CHECK(pin_quota(st, &pinned) == 0);
	store_close(st);
	for (i = 0; i < 12; i++) {
		st = open_store(path, STORE_WRITE);
		root = put_tree(st, 100 + i, TREE, LEAF);
		note(st, &root);
		CHECK(pin_quota(st, &root) == 0);
		CHECK(disk(st) <= 1024 * 1024);
		CHECK(complete(st, &root) && complete(st, &pinned));
		if (i > 0)
			CHECK(complete(st, &last));	/* there is room for a few */
		last = root;
		store_close(st);
	}
	st = open_store(path, STORE_WRITE);
	root = put_tree(st, 1000, 300, LEAF);		/* too much by itself */
	commit(st);
	CHECK_ERR(pin_quota(st, &root), ERR_NOSPACE);
	CHECK(strstr(err_text(), "store.max"));
	CHECK(complete(st, &pinned));
	store_close(st);
}

static void no_quota_no_work(void)
{
	struct store *st = open_store(new_store(NULL), STORE_WRITE);
	struct cid root = put_tree(st, 1, 3, 100);

	commit(st);
	CHECK(pin_quota(st, &root) == 0);
	CHECK(pin_quota(st, NULL) == 0);
	store_close(st);
}

static void one_collection_at_a_time(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE), *other = open_store(path, STORE_WRITE);
	struct store_gc *held;
	struct pin_gc gc = { .keep_bytes = UINT64_MAX };

	NEED(store_gc_begin(&held, other) == 0);
	CHECK_ERR(pin_gc(st, &gc), ERR_BUSY);
	store_gc_end(held);
	CHECK(pin_gc(st, &gc) == 0);
	store_close(other);
	other = open_store(path, STORE_READ);
	CHECK_ERR(pin_gc(other, &gc), ERR_DENIED);
	store_close(other);
	store_close(st);
}

int main(void)
{
	RUN(pinned_stays_the_rest_goes);
	RUN(says_what_it_deletes);
	RUN(marked_is_not_entered);
	RUN(shared_blocks_stay);
	RUN(below_identity_cids);
	RUN(nothing_is_deleted_below_a_broken_pin);
	RUN(a_lost_leaf_does_not_stop_it);
	RUN(deep_and_wide);
	RUN(an_opaque_block_is_a_leaf);
	RUN(the_oldest_go_first);
	RUN(unpinned_is_as_if_just_added);
	RUN(shared_with_a_newer_root_stays);
	RUN(a_store_with_a_quota_stays_within_it);
	RUN(no_quota_no_work);
	RUN(one_collection_at_a_time);
	return UNIT_END();
}
