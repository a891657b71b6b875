/* diff.c: only what differs is looked at, and all that differs is */
#include "pintest.h"

/* directories of directories of leaves; number `odd` of the inner ones has a leaf of its own */
static struct cid two_levels(struct store *st, int n, int odd, const struct cid *leaf)
{
	struct cid *dirs = calloc((size_t)n, sizeof *dirs), root;
	int i;

	for (i = 0; i < n; i++) {
		struct cid links[3] = { put_leaf(st, (uint64_t)i, 20), put_leaf(st, 7, 20),
					put_leaf(st, 8, 20) };

		if (i == odd)
			links[1] = *leaf;
		dirs[i] = put_node(st, links, 3);
	}
	root = put_node(st, dirs, (size_t)n);
	free(dirs);
	return root;
}

static void what_differs_must_be_there(void)
{
	struct store *st = open_store(new_store(NULL), STORE_WRITE | STORE_UNSYNCED);
	struct cid gone = some_cid(1), here = put_leaf(st, 500, 20), sub, a, b, c, d;
	char text[CID_TEXT_MAX];

	a = two_levels(st, 50, -1, NULL);
	b = two_levels(st, 50, 33, &here);
	c = two_levels(st, 50, 33, &gone);
	sub = put_node(st, &gone, 1);
	d = two_levels(st, 50, 49, &sub);	/* an inner node where a leaf was */
	commit(st);
	CHECK(diff_walk(st, store_source(st), &a, &a) == 0);
	CHECK(diff_walk(st, store_source(st), &a, &b) == 0);
	CHECK_ERR(diff_walk(st, store_source(st), &a, &c), ERR_NOTFOUND);
	CHECK(strstr(err_text(), cid_text(&gone, text)));
	CHECK_ERR(diff_walk(st, store_source(st), &a, &d), ERR_NOTFOUND);
	CHECK_ERR(diff_walk(st, store_source(st), &a, &gone), ERR_NOTFOUND);
	CHECK_ERR(diff_walk(st, store_source(st), &here, &c), ERR_NOTFOUND);	/* nothing to compare with */
	CHECK(diff_walk(st, store_source(st), &here, &b) == 0);
	store_close(st);
}

/* what both have is taken for granted: that is the use of it */
static void what_is_shared_is_not_looked_at(void)
{
	struct store *st = open_store(new_store(NULL), STORE_WRITE | STORE_UNSYNCED);
	struct cid here = put_leaf(st, 500, 20), shared = put_leaf(st, 3, 20), a, b;

	a = two_levels(st, 50, -1, NULL);
	b = two_levels(st, 50, 33, &here);
	commit(st);
	CHECK(store_delete(st, &shared) == 0);		/* leaf of directory 3 of both */
	commit(st);
	CHECK(diff_walk(st, store_source(st), &a, &b) == 0);
	CHECK(!complete(st, &b));
	store_close(st);
}

/* more pairs than are kept: those beyond are walked at once */
static void everything_differs(void)
{
	struct store *st = open_store(new_store(NULL), STORE_WRITE | STORE_UNSYNCED);
	struct cid *from = calloc(6000, sizeof *from), *to = calloc(6000, sizeof *to), gone, a, b, c;
	int i;

	for (i = 0; i < 6000; i++) {
		struct cid leaf = put_leaf(st, (uint64_t)i, 20);

		from[i] = put_node(st, &leaf, 1);
		leaf = put_leaf(st, 10000 + (uint64_t)i, 20);
		to[i] = put_node(st, &leaf, 1);
	}
	a = put_node(st, from, 6000);
	b = put_node(st, to, 6000);
	gone = some_cid(1);
	to[5] = put_node(st, &gone, 1);			/* among the pairs kept */
	c = put_node(st, to, 6000);
	commit(st);
	CHECK(diff_walk(st, store_source(st), &a, &b) == 0);
	CHECK_ERR(diff_walk(st, store_source(st), &a, &c), ERR_NOTFOUND);
	to[5] = to[6];
	to[5999] = put_node(st, &gone, 1);		/* among those beyond */
	c = put_node(st, to, 6000);
	commit(st);
	CHECK_ERR(diff_walk(st, store_source(st), &a, &c), ERR_NOTFOUND);
	free(from);
	free(to);
	store_close(st);
}

int main(void)
{
	RUN(what_differs_must_be_there);
	RUN(what_is_shared_is_not_looked_at);
	RUN(everything_differs);
	return UNIT_END();
}
