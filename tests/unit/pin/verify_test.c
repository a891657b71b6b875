/* verify.c: complete and readable, pin by pin */
#include "pintest.h"

struct heard {
	struct cid pins[8], blocks[8];
	char why[8][256];
	int n;
};

static int bad(void *arg, const struct pin *p, const struct cid *block, const char *why)
{
	struct heard *h = arg;

	if (h->n < 8) {
		h->pins[h->n] = p->cid;
		h->blocks[h->n] = *block;
		snprintf(h->why[h->n], sizeof h->why[0], "%s", why);
	}
	h->n++;
	return 0;
}

static const struct cid *blames(const struct heard *h, const struct cid *pin)
{
	int i;

	for (i = 0; i < h->n; i++)
		if (cid_equal(&h->pins[i], pin))
			return &h->blocks[i];
	return NULL;
}

static void all_is_well(void)
{
	struct store *st = open_store(new_store(NULL), STORE_WRITE);
	struct cid a = put_tree(st, 1, 50, 50), leaf = put_leaf(st, 5, 50);
	struct heard h = { .n = 0 };

	CHECK(pin_add(st, &a, PIN_RECURSIVE, NULL) == 0);
	CHECK(pin_add(st, &leaf, PIN_DIRECT, NULL) == 0);
	CHECK(pin_verify(st, bad, &h) == 0 && h.n == 0);
	store_close(st);
}

/* every pin that has the lost block is named, whichever found it first */
static void a_lost_block_is_told_of_every_pin_above_it(void)
{
	struct store *st = open_store(new_store(NULL), STORE_WRITE);
	struct cid leaf = put_leaf(st, 1, 50), sub = put_node(st, &leaf, 1), links[2], a, b, c;
	struct heard h = { .n = 0 };

	links[0] = put_leaf(st, 2, 50);
	links[1] = sub;
	a = put_node(st, links, 2);
	b = put_node(st, &sub, 1);
	c = put_tree(st, 3, 5, 50);
	CHECK(pin_add(st, &a, PIN_RECURSIVE, NULL) == 0);
	CHECK(pin_add(st, &b, PIN_RECURSIVE, NULL) == 0);
	CHECK(pin_add(st, &c, PIN_RECURSIVE, NULL) == 0);
	CHECK(pin_add(st, &leaf, PIN_DIRECT, NULL) == 0);
	CHECK(store_delete(st, &leaf) == 0);
	commit(st);
	CHECK(pin_verify(st, bad, &h) == 3 && h.n == 3);
	CHECK(blames(&h, &a) && cid_equal(blames(&h, &a), &leaf));
	CHECK(blames(&h, &b) && cid_equal(blames(&h, &b), &leaf));
	CHECK(blames(&h, &leaf) && !blames(&h, &c));
	CHECK(strstr(h.why[0], "not in the store"));
	store_close(st);
}

/* a pin that is removed and collected while the others are looked through */
struct going {
	struct store *st;
	struct cid pin, block;
	int n;
};

static int take_away(void *arg, const struct pin *p, const struct cid *block, const char *why)
{
	struct going *g = arg;

	(void)p;
	(void)block;
	(void)why;
	if (g->n++ == 0) {
		CHECK(pin_rm(g->st, &g->pin, PIN_RECURSIVE) == 0);
		CHECK(store_delete(g->st, &g->pin) == 0 && store_delete(g->st, &g->block) == 0);
		commit(g->st);
	}
	return 0;
}

static void a_pin_that_goes_meanwhile_is_no_fault(void)
{
	struct store *st = open_store(new_store(NULL), STORE_WRITE);
	struct cid gone = put_leaf(st, 1, 50), leaf = put_leaf(st, 2, 50), pins[2], sub[2];
	struct going g = { .st = st };
	int i, first;

	for (i = 0; i < 2; i++) {
		struct cid links[2];

		links[0] = i ? leaf : gone;
		sub[i] = put_node(st, links, 1);
		links[1] = sub[i];
		pins[i] = put_node(st, links, 2);
	}
	/* the one that stays comes first, and is the broken one */
	first = span_cmp(cid_span(&pins[0]), cid_span(&pins[1])) > 0;
	for (i = 0; i < 2; i++)
		CHECK(pin_add(st, &pins[i], PIN_RECURSIVE, NULL) == 0);
	g.pin = pins[!first];
	g.block = sub[!first];
	CHECK(store_delete(st, first ? &leaf : &gone) == 0);
	commit(st);
	CHECK(pin_verify(st, take_away, &g) == 1 && g.n == 1);
	store_close(st);
}

/* bytes that changed on the disk are found in leaves, too */
static void a_damaged_leaf(void)
{
	char *path = new_store(NULL), *seg = NULL;
	struct store *st = open_store(path, STORE_WRITE);
	struct cid leaf = put(st, CID_RAW, span_str("a leaf that will be damaged")), root;
	struct heard h = { .n = 0 };
	struct buf file;
	size_t i;

	root = put_node(st, &leaf, 1);
	CHECK(pin_add(st, &root, PIN_RECURSIVE, NULL) == 0);
	store_close(st);
	seg = path_in(path, "seg/00000001.seg");
	file = slurp(seg);
	for (i = 0; i + 6 < file.len; i++)
		if (!memcmp(file.data + i, "a leaf", 6))
			break;
	NEED(i + 6 < file.len);
	file.data[i] ^= 1;
	spew(seg, buf_span(&file));
	st = open_store(path, STORE_READ);
	CHECK(pin_verify(st, bad, &h) == 1);
	CHECK(cid_equal(&h.blocks[0], &leaf) && *h.why[0]);
	store_close(st);
	buf_clear(&file);
}

static void a_block_that_is_not_what_its_codec_says(void)
{
	struct store *st = open_store(new_store(NULL), STORE_WRITE);
	struct cid root = put(st, CID_DAG_PB, span_str("this is not protobuf"));
	struct heard h = { .n = 0 };

	commit(st);
	CHECK(pin_added(st, &root, NULL) == 0);
	CHECK(pin_verify(st, bad, &h) == 1);
	CHECK(cid_equal(&h.blocks[0], &root) && *h.why[0]);
	store_close(st);
}

int main(void)
{
	RUN(all_is_well);
	RUN(a_lost_block_is_told_of_every_pin_above_it);
	RUN(a_pin_that_goes_meanwhile_is_no_fault);
	RUN(a_damaged_leaf);
	RUN(a_block_that_is_not_what_its_codec_says);
	return UNIT_END();
}
