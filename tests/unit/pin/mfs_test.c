/* mfs.c: the root of the mutable files, torn, damaged, lost, and kept by collections */
#include "pintest.h"

static int set_root(struct store *st, const struct cid *root, int sync)
{
	struct pin_mfs m;
	int rc = store_commit(st);

	if (rc == 0)
		rc = pin_mfs_begin(st, &m);
	if (rc >= 0)
		rc = pin_mfs_set(&m, root, NULL, sync);
	pin_mfs_end(&m);
	return rc;
}

/* with what it is made of, as those do who change files */
static int commit_root(struct store *st, const struct cid *root, int sync)
{
	struct pin_mfs m;
	int rc = pin_mfs_begin(st, &m);

	if (rc >= 0)
		rc = pin_mfs_commit(&m, root, NULL, sync);
	pin_mfs_end(&m);
	return rc;
}

/* … a large one */
static int commit_much(struct store *st, const struct cid *root)
{
	struct pin_mfs m;
	int rc = pin_mfs_begin(st, &m);

	put_leaf(st, 9, 5 << 20);
	if (rc >= 0)
		rc = pin_mfs_commit(&m, root, NULL, 1);
	pin_mfs_end(&m);
	return rc;
}

static int has_row(struct store *st)
{
	struct buf row = BUF_INIT(MFS_USED);
	int rc = store_table_find(st, STORE_META, span_str("mfs"), &row);

	buf_clear(&row);
	return rc;
}

static int root_is(struct store *st, const struct cid *root)
{
	struct pin_mfs m;

	return pin_mfs_get(st, &m) == 1 && cid_equal(&m.root, root);
}

static void none_then_some(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_READ);
	struct cid a, b;
	struct pin_mfs m;

	CHECK(pin_mfs_get(st, &m) == 0 && m.root.len == 0 && m.seq == 0);
	CHECK_ERR(pin_mfs_begin(st, &m), ERR_DENIED);
	CHECK(access(path_in(path, "names/mfs"), F_OK) < 0);
	store_close(st);
	st = open_store(path, STORE_WRITE);
	a = put_tree(st, 1, 3, 100);
	b = put_tree(st, 2, 3, 100);
	CHECK(pin_mfs_begin(st, &m) == 0);
	pin_mfs_end(&m);
	CHECK(pin_mfs_get(st, &m) == 0 && m.root.len == 0);
	CHECK(set_root(st, &a, 1) == 0 && root_is(st, &a));
	CHECK(set_root(st, &b, 1) == 0 && root_is(st, &b));
	CHECK(set_root(st, &a, 0) == 0 && root_is(st, &a));
	CHECK(pin_mfs_get(st, &m) == 1 && m.unsynced == 1);
	CHECK(set_root(st, &b, 0) == 0);
	CHECK(pin_mfs_get(st, &m) == 1 && m.unsynced == 2);
	CHECK(set_root(st, &a, 1) == 0);
	CHECK(pin_mfs_get(st, &m) == 1 && m.unsynced == 0 && m.seq == 6);
	store_close(st);
}

/* the file as every number of bytes of the last write leaves it */
static void torn_at_every_byte(void)
{
	char *path = new_store(NULL), *file = path_in(path, "names/mfs");
	struct store *st = open_store(path, STORE_WRITE);
	struct cid root[3];
	struct buf old, new, torn = BUF_INIT(3 * MFS_SLOT);
	size_t i, n, at;
	int k;

	for (k = 0; k < 3; k++)
		root[k] = put_leaf(st, (uint64_t)k, 50);
	CHECK(set_root(st, &root[0], 1) == 0 && set_root(st, &root[1], 1) == 0);
	for (k = 0; k < 2; k++) {		/* one write into each slot */
		old = slurp(file);
		CHECK(set_root(st, &root[(k + 2) % 3], 1) == 0);
		new = slurp(file);
		CHECK(old.len == new.len && new.len == MFS_SLOT + MFS_USED);
		for (at = 0; at < new.len && old.data[at] == new.data[at]; at++)
			;
		at -= at % MFS_SLOT;
		for (n = 0, i = 0; i <= MFS_USED; i++) {
			buf_reset(&torn);
			CHECK(buf_add(&torn, buf_span(&old)) == 0);
			memcpy(torn.data + at, new.data + at, i);
			spew(file, buf_span(&torn));
			if (root_is(st, &root[(k + 2) % 3]))
				n++;
			else
				CHECK(root_is(st, &root[(k + 1) % 3]));
			CHECK(pin_mfs_check(st, 0, NULL) == 0);
		}
		CHECK(n >= 1 && n < 8);		/* only when all that differs is there */
		spew(file, buf_span(&new));
		CHECK(root_is(st, &root[(k + 2) % 3]));
		buf_clear(&old);
		buf_clear(&new);
	}
	buf_clear(&torn);
	store_close(st);
}

/* … and the very first: there is no root before it */
static void making_it_is_cut_off(void)
{
	char *path = new_store(NULL), *file = path_in(path, "names/mfs");
	struct store *st = open_store(path, STORE_WRITE);
	struct cid root = put_leaf(st, 1, 50);
	struct buf made;
	struct pin_mfs m;
	size_t i;

	CHECK(pin_mfs_begin(st, &m) == 0);
	pin_mfs_end(&m);
	made = slurp(file);
	for (i = 0; i < made.len; i += i < MFS_SLOT ? 1000 : 1) {
		spew(file, span_of(made.data, i));
		CHECK(pin_mfs_get(st, &m) == 0);
		CHECK(pin_mfs_check(st, 0, NULL) == 0);
	}
	CHECK(set_root(st, &root, 1) == 0 && root_is(st, &root));
	buf_clear(&made);
	store_close(st);
}

struct said { int found, fixed; char last[4096]; };

static void hear(void *arg, int fixed, const char *text)
{
	struct said *s = arg;

	s->found += !fixed;
	s->fixed += fixed;
	snprintf(s->last, sizeof s->last, "%s", text);
}

static void both_damaged(void)
{
	char *path = new_store(NULL), *file = path_in(path, "names/mfs");
	struct store *st = open_store(path, STORE_WRITE);
	struct cid root = put_tree(st, 1, 3, 100), text = put_leaf(st, 99, 10);
	struct pin_gc gc = { .keep_bytes = UINT64_MAX };
	struct said said = { 0 };
	struct store_report r = { .say = hear, .arg = &said };
	struct pin_mfs m;
	struct buf b;

	CHECK(set_root(st, &root, 1) == 0 && set_root(st, &text, 1) == 0 && set_root(st, &root, 1) == 0);
	b = slurp(file);
	b.data[30] ^= 1;
	spew(file, buf_span(&b));
	CHECK(pin_mfs_get(st, &m) == 1);	/* one is enough */
	CHECK(pin_mfs_check(st, 0, &r) == 0 && said.found == 0);
	b.data[MFS_SLOT + 30] ^= 1;
	spew(file, buf_span(&b));
	CHECK_ERR(pin_mfs_get(st, &m), ERR_CORRUPT);
	CHECK_ERR(pin_mfs_begin(st, &m), ERR_CORRUPT);
	store_close(st);
	st = open_store(path, STORE_WRITE);	/* without the lease that spares them */
	CHECK_ERR(pin_gc(st, &gc), ERR_CORRUPT);
	CHECK(gc.n_deleted == 0);
	CHECK(pin_mfs_check(st, 0, &r) == 1 && said.found == 1 && said.fixed == 0);
	CHECK(pin_mfs_check(st, 1, &r) == 0 && said.found == 2 && said.fixed == 1);
	CHECK(pin_mfs_get(st, &m) == 0);
	CHECK(set_root(st, &root, 1) == 0 && root_is(st, &root));
	buf_clear(&b);
	store_close(st);
}

static void the_roots_block_is_gone(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE);
	struct cid good = put_tree(st, 1, 3, 100), gone = some_cid(7), gone2 = some_cid(8);
	struct said said = { 0 };
	struct store_report r = { .say = hear, .arg = &said };

	CHECK(set_root(st, &good, 1) == 0 && set_root(st, &gone, 1) == 0);
	CHECK(pin_mfs_check(st, 0, &r) == 1 && said.found == 1);
	CHECK(pin_mfs_check(st, 1, &r) == 0 && said.fixed == 1);
	CHECK(strstr(said.last, "back at the root before it") != NULL);
	CHECK(root_is(st, &good));
	CHECK(set_root(st, &gone2, 1) == 0 && set_root(st, &gone, 1) == 0);
	CHECK(pin_mfs_check(st, 1, &r) == 1);	/* nothing to go back to: it may come back itself */
	CHECK(root_is(st, &gone));
	store_close(st);
}

/* a collection spares what is below the root, also where something is missing, and nothing else */
static void collected_around(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE);
	struct cid links[3], keep, drop, missing = some_cid(5);
	struct pin_gc gc = { .keep_bytes = UINT64_MAX };

	links[0] = put_tree(st, 1, 3, 100);
	links[1] = missing;
	links[2] = put_leaf(st, 77, 100);
	keep = put_node(st, links, 3);
	drop = put_tree(st, 2, 4, 100);
	CHECK(set_root(st, &drop, 1) == 0 && set_root(st, &keep, 0) == 0);
	store_close(st);
	st = open_store(path, STORE_WRITE);
	CHECK(pin_gc(st, &gc) == 0);
	CHECK(gc.n_deleted == 5);
	CHECK(store_has(st, &keep) == 1 && complete(st, &links[0]) && store_has(st, &links[2]) == 1);
	CHECK(store_has(st, &drop) == 0);
	store_close(st);
}

/* who refers to something that is not his must look again when something was deleted */
static void deleted_meanwhile(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE), *other;
	struct cid loose = put_tree(st, 1, 3, 100), root = put_leaf(st, 5, 50);
	struct pin_gc gc = { .keep_bytes = UINT64_MAX };
	struct pin_mfs m;
	uint64_t sweeps;

	CHECK(set_root(st, &root, 1) == 0);
	store_close(st);
	st = open_store(path, STORE_WRITE);
	CHECK(store_sweeps(st, &sweeps) == 0);
	CHECK(pin_mfs_begin(st, &m) == 1);
	CHECK(pin_mfs_set(&m, &loose, &sweeps, 1) == 0);
	CHECK(pin_mfs_set(&m, &root, &sweeps, 1) == 0);
	pin_mfs_end(&m);
	other = open_store(path, STORE_WRITE);
	CHECK(pin_gc(other, &gc) == 0 && gc.n_deleted == 4);
	CHECK(pin_mfs_begin(st, &m) == 1);
	CHECK(pin_mfs_set(&m, &loose, &sweeps, 1) == 1);
	pin_mfs_end(&m);
	CHECK(root_is(st, &root));
	store_close(other);
	store_close(st);
}

/* ---- by a row of the index ---- */

static void by_the_row(void)
{
	char *path = new_store(NULL), *file = path_in(path, "names/mfs");
	struct store *st = open_store(path, STORE_WRITE), *other;
	struct cid a = put_tree(st, 1, 3, 100), b, c;
	struct buf before, after;
	struct pin_mfs m;

	CHECK(commit_root(st, &a, 1) == 0 && root_is(st, &a) && has_row(st) == 1);
	before = slurp(file);
	b = put_tree(st, 2, 3, 100);
	other = open_store(path, STORE_READ);
	CHECK(store_has(other, &b) == 0);
	CHECK(commit_root(st, &b, 1) == 0 && root_is(st, &b));
	CHECK(store_has(other, &b) == 1 && root_is(other, &b));
	after = slurp(file);
	CHECK(!span_equal(buf_span(&before), buf_span(&after)));

	spew(file, buf_span(&before));		/* a power cut, or death before the slot was written */
	CHECK(root_is(st, &b) && root_is(other, &b));
	CHECK(pin_mfs_check(st, 0, NULL) == 0);
	CHECK(pin_mfs_begin(st, &m) == 1 && cid_equal(&m.root, &b));
	pin_mfs_end(&m);			/* and the slot says so, too */
	CHECK(store_table_del(st, STORE_META, span_str("mfs")) == 0 && store_commit(st) == 0);
	CHECK(has_row(st) == 0 && root_is(st, &b));

	c = put_leaf(st, 3, 50);
	CHECK(commit_root(st, &c, 1) == 0 && has_row(st) == 1 && root_is(st, &c));
	CHECK(pin_mfs_get(st, &m) == 1 && m.seq == 4 && m.unsynced == 0);
	CHECK(unlink(file) == 0);		/* it is not all there is */
	CHECK(root_is(st, &c));
	CHECK(commit_root(st, &a, 1) == 0 && root_is(st, &a));
	CHECK(pin_mfs_get(st, &m) == 1 && m.seq == 5);
	buf_clear(&before);
	buf_clear(&after);
	store_close(other);
	store_close(st);
}

/* a row that stays behind must never be what is left */
static void the_row_goes(void)
{
	char *path = new_store(NULL), *file = path_in(path, "names/mfs");
	struct store *st = open_store(path, STORE_WRITE);
	struct cid a = put_leaf(st, 1, 50), b = put_leaf(st, 2, 50), c = put_leaf(st, 3, 50);
	struct buf old, now;
	struct pin_mfs m;
	int i;

	CHECK(commit_root(st, &a, 1) == 0);
	old = slurp(file);
	CHECK(commit_root(st, &b, 1) == 0 && has_row(st) == 1);
	spew(file, buf_span(&old));
	for (i = 0; i < 4; i++) {		/* without waiting; with nothing to commit; in any case; a large one */
		CHECK(commit_root(st, &b, 1) == 0 && has_row(st) == 1);
		spew(file, buf_span(&old));
		CHECK((i == 3 ? commit_much(st, &c) : i == 1 ? set_root(st, &c, 1) : commit_root(st, &c, i)) == 0);
		CHECK(has_row(st) == 0 && root_is(st, &c));
		CHECK(pin_mfs_get(st, &m) == 1 && m.unsynced == (i == 0));
		now = slurp(file);
		memset(now.data + (now.data[8] > now.data[MFS_SLOT + 8] ? 0 : MFS_SLOT) + 30, 0xff, 20);
		spew(file, buf_span(&now));	/* torn: what is left is what the row said */
		CHECK(root_is(st, &b));
		buf_clear(&now);
	}
	buf_clear(&old);
	store_close(st);
}

static void the_row_is_what_is_left(void)
{
	char *path = new_store(NULL), *file = path_in(path, "names/mfs");
	struct store *st = open_store(path, STORE_WRITE);
	struct cid a = put_leaf(st, 1, 50), b = put_leaf(st, 2, 50), gone = some_cid(7);
	struct said said = { 0 };
	struct store_report r = { .say = hear, .arg = &said };
	struct buf bytes;

	CHECK(commit_root(st, &a, 1) == 0 && commit_root(st, &b, 1) == 0 && commit_root(st, &a, 1) == 0);
	bytes = slurp(file);
	bytes.data[30] ^= 1;
	bytes.data[MFS_SLOT + 30] ^= 1;
	spew(file, buf_span(&bytes));
	CHECK(root_is(st, &a));
	CHECK(pin_mfs_check(st, 0, &r) == 1 && said.found == 1 && said.fixed == 0);
	CHECK(pin_mfs_check(st, 1, &r) == 0 && said.found == 2 && said.fixed == 1);
	CHECK(strstr(said.last, "with the root the index has") != NULL);
	CHECK(root_is(st, &a) && pin_mfs_check(st, 0, &r) == 0 && said.found == 2);

	CHECK(commit_root(st, &b, 1) == 0 && commit_root(st, &gone, 1) == 0);
	CHECK(pin_mfs_check(st, 0, &r) == 1 && said.found == 3);
	CHECK(pin_mfs_check(st, 1, &r) == 0 && said.fixed == 2 && root_is(st, &b));
	CHECK(pin_mfs_check(st, 0, &r) == 0);
	buf_clear(&bytes);
	store_close(st);
}

/* What only an older root has goes when the file, too, has the new one: or an index made anew would bring it back. */
static void collected_after_it_is_kept(void)
{
	char *path = new_store(NULL), *file = path_in(path, "names/mfs");
	struct store *st = open_store(path, STORE_WRITE);
	struct cid old = put_tree(st, 1, 3, 100), new = put_tree(st, 2, 3, 100);
	struct pin_gc gc = { .keep_bytes = UINT64_MAX };
	struct buf bytes;

	CHECK(commit_root(st, &old, 1) == 0);
	bytes = slurp(file);
	CHECK(commit_root(st, &new, 1) == 0);
	spew(file, buf_span(&bytes));
	store_close(st);
	st = open_store(path, STORE_WRITE);
	CHECK(pin_gc(st, &gc) == 0 && gc.n_deleted == 4);
	CHECK(complete(st, &new) && store_has(st, &old) == 0);
	CHECK(store_table_del(st, STORE_META, span_str("mfs")) == 0 && store_commit(st) == 0);
	CHECK(root_is(st, &new));
	spew(file, buf_span(&bytes));
	CHECK(commit_root(st, &new, 1) == 0);	/* the same with a new number */
	spew(file, buf_span(&bytes));
	CHECK(pin_mfs_keep(st) == 0);
	CHECK(store_table_del(st, STORE_META, span_str("mfs")) == 0 && store_commit(st) == 0);
	CHECK(root_is(st, &new));
	buf_clear(&bytes);
	store_close(st);
}

static void deleted_meanwhile_by_the_row(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE), *other;
	struct cid loose = put_tree(st, 1, 3, 100), root = put_leaf(st, 5, 50), new;
	struct pin_gc gc = { .keep_bytes = UINT64_MAX };
	struct pin_mfs m;
	uint64_t sweeps;

	CHECK(commit_root(st, &root, 1) == 0);
	store_close(st);
	st = open_store(path, STORE_WRITE);
	CHECK(store_sweeps(st, &sweeps) == 0);
	other = open_store(path, STORE_WRITE);
	CHECK(pin_gc(other, &gc) == 0 && gc.n_deleted == 4);
	CHECK(pin_mfs_begin(st, &m) == 1);
	new = put_leaf(st, 6, 50);
	CHECK(pin_mfs_commit(&m, &loose, &sweeps, 1) == 1);
	CHECK(root_is(st, &root) && has_row(st) == 1);
	CHECK(store_sweeps(st, &sweeps) == 0);
	CHECK(pin_mfs_commit(&m, &new, &sweeps, 1) == 0);
	pin_mfs_end(&m);
	CHECK(root_is(st, &new) && root_is(other, &new) && store_has(other, &new) == 1);
	store_close(other);
	store_close(st);
}

int main(void)
{
	RUN(by_the_row);
	RUN(the_row_goes);
	RUN(the_row_is_what_is_left);
	RUN(collected_after_it_is_kept);
	RUN(deleted_meanwhile_by_the_row);
	RUN(none_then_some);
	RUN(torn_at_every_byte);
	RUN(making_it_is_cut_off);
	RUN(both_damaged);
	RUN(the_roots_block_is_gone);
	RUN(collected_around);
	RUN(deleted_meanwhile);
	return UNIT_END();
}
