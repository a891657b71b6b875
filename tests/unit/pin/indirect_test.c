/* indirect.c: what stays because of a pin above it */
#include "pintest.h"

struct list {
	struct cid cids[64];
	int n, stop;
};

static int note(void *arg, const struct pin *p)
{
	struct list *l = arg;

	CHECK(p->mode == PIN_INDIRECT && !*p->name);
	if (l->n < 64)
		l->cids[l->n] = p->cid;
	l->n++;
	return l->n == l->stop ? 7 : 0;
}

static int has(const struct list *l, const struct cid *cid)
{
	int i, n = 0;

	for (i = 0; i < l->n && i < 64; i++)
		n += cid_equal(&l->cids[i], cid);
	return n;
}

static void listed_once_and_explicit_ones_not(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE), *r;
	struct cid leaf[4], sub, a, b, direct;
	struct list l = { .n = 0 };
	int i;

	for (i = 0; i < 4; i++)
		leaf[i] = put_leaf(st, (uint64_t)i, 50);
	sub = put_node(st, leaf, 4);
	a = put_node(st, &sub, 1);
	{
		struct cid links[2] = { sub, a };

		b = put_node(st, links, 2);
	}
	direct = put_leaf(st, 50, 50);
	CHECK(pin_add(st, &a, PIN_RECURSIVE, NULL) == 0);
	CHECK(pin_add(st, &b, PIN_RECURSIVE, NULL) == 0);
	CHECK(pin_add(st, &leaf[0], PIN_DIRECT, NULL) == 0);
	CHECK(pin_add(st, &direct, PIN_DIRECT, NULL) == 0);
	CHECK(pin_each_indirect(st, note, &l) == 0);
	CHECK(l.n == 4);			/* sub and three leaves */
	CHECK(has(&l, &sub) == 1 && has(&l, &leaf[0]) == 0 && has(&l, &leaf[3]) == 1);
	CHECK(has(&l, &a) == 0);		/* below b, but pinned itself */
	l = (struct list){ .stop = 2 };
	CHECK(pin_each_indirect(st, note, &l) == 7 && l.n == 2);
	/* the same for a reader without a copy in the index */
	CHECK(store_table_clear(st, STORE_PINS) == 0);
	commit(st);
	store_close(st);
	r = open_store(path, STORE_READ);
	l = (struct list){ .n = 0 };
	CHECK(pin_each_indirect(r, note, &l) == 0 && l.n == 4);
	store_close(r);
}

static void why(void)
{
	struct store *st = open_store(new_store(NULL), STORE_WRITE);
	struct cid a = put_tree(st, 1, 5, 50), b = put_tree(st, 2, 5, 50), top = put_node(st, &a, 1);
	struct cid leaf = put_leaf(st, 1000003, 50), other = put_leaf(st, 9, 50), root, node;

	node = put(st, CID_RAW, span_str("bytes"));
	CHECK(pin_add(st, &top, PIN_RECURSIVE, NULL) == 0);
	CHECK(pin_add(st, &b, PIN_RECURSIVE, NULL) == 0);
	CHECK(pin_why(st, &leaf, &root) == 1 && cid_equal(&root, &top));
	CHECK(pin_why(st, &a, &root) == 1 && cid_equal(&root, &top));
	CHECK(pin_why(st, &top, &root) == 0);	/* its own pin does not count */
	CHECK(pin_why(st, &other, &root) == 0);
	/* a direct pin of the same block under another CID */
	CHECK(pin_add(st, &node, PIN_DIRECT, NULL) == 0);
	NEED(cid_make_mh(&other, 1, CID_DAG_PB, cid_mh(&node)) == 0);
	CHECK(pin_why(st, &other, &root) == 1 && cid_equal(&root, &node));
	CHECK(pin_why(st, &node, &root) == 0);
	store_close(st);
}

static void missing_blocks_are_passed_over(void)
{
	struct store *st = open_store(new_store(NULL), STORE_WRITE);
	struct cid links[3] = { put_tree(st, 1, 5, 50), some_cid(1), put_leaf(st, 5, 50) }, root;
	struct cid found;
	struct list l = { .n = 0 };

	root = put_node(st, links, 3);
	commit(st);
	CHECK(pin_added(st, &root, NULL) == 0);
	CHECK(pin_each_indirect(st, note, &l) == 0 && l.n == 7);
	CHECK(pin_why(st, &links[0], &found) == 1);
	store_close(st);
}

int main(void)
{
	RUN(listed_once_and_explicit_ones_not);
	RUN(why);
	RUN(missing_blocks_are_passed_over);
	return UNIT_END();
}
