/* pins.c, look.c: adding, removing, moving, finding */
#include "pintest.h"

static struct store *fresh(void)
{
	return open_store(new_store(NULL), STORE_WRITE);
}

static void add_get_rm(void)
{
	struct store *st = fresh();
	struct cid root = put_tree(st, 1, 5, 100);
	struct buf name = BUF_INIT(300);
	enum pin_mode mode;
	uint64_t n;

	CHECK(pin_get(st, &root, &mode, NULL) == 0 && mode == PIN_NONE);
	CHECK(pin_add(st, &root, PIN_RECURSIVE, "site") == 0);	/* commits what was put */
	CHECK(pin_get(st, &root, &mode, &name) == 1 && mode == PIN_RECURSIVE);
	CHECK_STR((char *)name.data, "site");
	CHECK(pin_count(st, &n) == 0 && n == 1);
	CHECK(pin_rm(st, &root, PIN_RECURSIVE) == 0);
	CHECK(pin_get(st, &root, &mode, NULL) == 0);
	CHECK(pin_count(st, &n) == 0 && n == 0);
	CHECK_ERR(pin_rm(st, &root, PIN_RECURSIVE), ERR_NOTFOUND);
	CHECK_STR(err_text(), "not pinned or pinned indirectly");
	buf_clear(&name);
	store_close(st);
}

static void the_next_process_sees_it(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE);
	struct cid root = put_tree(st, 1, 5, 100);

	CHECK(pin_add(st, &root, PIN_RECURSIVE, NULL) == 0);
	store_close(st);
	st = open_store(path, STORE_READ);
	CHECK(mode_of(st, &root) == PIN_RECURSIVE);
	CHECK(n_pins(st) == 1);
	CHECK_ERR(pin_rm(st, &root, PIN_RECURSIVE), ERR_DENIED);
	CHECK(n_pins(st) == 1);
	store_close(st);
}

static void modes_replace_each_other_as_in_kubo(void)
{
	struct store *st = fresh();
	struct cid leaf = put_leaf(st, 1, 100);
	char want[CID_TEXT_MAX + 64], text[CID_TEXT_MAX];

	CHECK(pin_add(st, &leaf, PIN_DIRECT, "d") == 0);
	CHECK(mode_of(st, &leaf) == PIN_DIRECT);
	CHECK(pin_add(st, &leaf, PIN_RECURSIVE, NULL) == 0);
	CHECK(mode_of(st, &leaf) == PIN_RECURSIVE);
	CHECK_ERR(pin_add(st, &leaf, PIN_DIRECT, NULL), ERR_EXISTS);
	snprintf(want, sizeof want, "%s already pinned recursively", cid_text(&leaf, text));
	CHECK_STR(err_text(), want);
	CHECK_ERR(pin_rm(st, &leaf, PIN_DIRECT), ERR_DIFFER);
	snprintf(want, sizeof want, "%s is pinned recursively", text);
	CHECK_STR(err_text(), want);
	CHECK(pin_rm(st, &leaf, PIN_RECURSIVE) == 0);
	CHECK(pin_add(st, &leaf, PIN_DIRECT, NULL) == 0);
	CHECK(pin_rm(st, &leaf, PIN_RECURSIVE) == 0);	/* whatever its mode */
	CHECK(n_pins(st) == 0);
	store_close(st);
}

static void names(void)
{
	struct store *st = fresh();
	struct cid leaf = put_leaf(st, 1, 100);
	struct buf name = BUF_INIT(300);
	char longest[PIN_NAME_MAX + 2];

	CHECK(pin_add(st, &leaf, PIN_RECURSIVE, "one") == 0);
	CHECK(pin_add(st, &leaf, PIN_RECURSIVE, NULL) == 0);	/* keeps it */
	CHECK(pin_get(st, &leaf, NULL, &name) == 1);
	CHECK_STR((char *)name.data, "one");
	CHECK(pin_add(st, &leaf, PIN_RECURSIVE, "two\t\n") == 0);
	buf_reset(&name);
	CHECK(pin_get(st, &leaf, NULL, &name) == 1);
	CHECK_STR((char *)name.data, "two\t\n");
	memset(longest, 'x', sizeof longest);
	longest[PIN_NAME_MAX + 1] = 0;
	CHECK_ERR(pin_add(st, &leaf, PIN_RECURSIVE, longest), ERR_USAGE);
	CHECK_STR(err_text(), "pin name is 256 bytes (max 255 bytes)");
	longest[PIN_NAME_MAX] = 0;
	CHECK(pin_add(st, &leaf, PIN_RECURSIVE, longest) == 0);
	CHECK_ERR(pin_add(st, &leaf, PIN_RECURSIVE, "\xff"), ERR_USAGE);
	buf_clear(&name);
	store_close(st);
}

static void incomplete_is_not_pinned(void)
{
	struct store *st = fresh();
	struct cid links[2] = { put_leaf(st, 1, 100), some_cid(99) }, root;
	char text[CID_TEXT_MAX];

	root = put_node(st, links, 2);
	commit(st);
	CHECK_ERR(pin_add(st, &root, PIN_RECURSIVE, NULL), ERR_NOTFOUND);
	CHECK(strstr(err_text(), cid_text(&links[1], text)));
	CHECK(n_pins(st) == 0);
	CHECK(pin_add(st, &root, PIN_DIRECT, NULL) == 0);
	CHECK_ERR(pin_add(st, &links[1], PIN_DIRECT, NULL), ERR_NOTFOUND);
	CHECK_ERR(pin_added(st, &links[1], NULL), ERR_NOTFOUND);
	store_close(st);
}

static void the_end_of_an_add(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE);
	struct cid root = put_tree(st, 1, 50, 100);

	commit(st);
	CHECK(pin_added(st, &root, "x") == 0);
	CHECK(pin_added(st, &root, NULL) == 0);
	CHECK(mode_of(st, &root) == PIN_RECURSIVE);
	store_close(st);
	st = open_store(path, STORE_READ);
	CHECK(mode_of(st, &root) == PIN_RECURSIVE);
	store_close(st);
}

static void update(void)
{
	struct store *st = fresh();
	struct cid links[200], a, b, c, broken;
	struct buf name = BUF_INIT(300);
	size_t i;

	for (i = 0; i < 200; i++)
		links[i] = put_leaf(st, i, 40);
	a = put_node(st, links, 200);
	links[77] = put_leaf(st, 1000, 40);
	b = put_node(st, links, 200);
	links[78] = some_cid(5);
	broken = put_node(st, links, 200);
	links[78] = put_tree(st, 7, 10, 30);
	c = put_node(st, links, 199);
	commit(st);
	CHECK_ERR(pin_update(st, &a, &b, 1), ERR_NOTFOUND);
	CHECK_STR(err_text(), "'from' cid was not recursively pinned already");
	CHECK(pin_add(st, &a, PIN_RECURSIVE, "site") == 0);
	CHECK(pin_update(st, &a, &a, 1) == 0);
	CHECK(mode_of(st, &a) == PIN_RECURSIVE);
	CHECK_ERR(pin_update(st, &a, &broken, 1), ERR_NOTFOUND);
	CHECK(mode_of(st, &a) == PIN_RECURSIVE && mode_of(st, &broken) == PIN_NONE);
	CHECK(pin_update(st, &a, &b, 1) == 0);
	CHECK(mode_of(st, &a) == PIN_NONE);
	CHECK(pin_get(st, &b, NULL, &name) == 1);
	CHECK_STR((char *)name.data, "site");
	CHECK(pin_update(st, &b, &c, 0) == 0);
	CHECK(mode_of(st, &b) == PIN_RECURSIVE && mode_of(st, &c) == PIN_RECURSIVE);
	CHECK_ERR(pin_update(st, &b, &c, 0), ERR_EXISTS);
	CHECK_STR(err_text(), "'to' cid was already recursively pinned");
	buf_clear(&name);
	store_close(st);
}

/* ---- many at once ---- */

struct fates {
	int rc[700], n, stop;
	char text[256];
};

static int fate(void *arg, size_t i, int rc)
{
	struct fates *f = arg;

	f->rc[i] = rc;
	if (rc < 0)
		snprintf(f->text, sizeof f->text, "%s", err_text());
	return ++f->n == f->stop ? 9 : 0;
}

static void many(void)
{
	struct store *st = fresh();
	struct cid cids[700];
	struct fates f = { .n = 0 };
	char text[CID_TEXT_MAX];
	int i, bad = 0;

	for (i = 0; i < 700; i++)
		cids[i] = i == 300 ? some_cid(1) : put_leaf(st, (uint64_t)i, 30);
	cids[5] = cids[6];
	commit(st);
	CHECK(pin_add(st, &cids[10], PIN_RECURSIVE, "ten") == 0);
	CHECK(pin_add_many(st, cids, 700, PIN_RECURSIVE, NULL, fate, &f) == 0);
	for (i = 0; i < 700; i++) {
		bad += f.rc[i] != (i == 300 ? ERR_NOTFOUND : 0);
		bad += mode_of(st, &cids[i]) != (i == 300 ? PIN_NONE : PIN_RECURSIVE);
	}
	CHECK(!bad && f.n == 700 && n_pins(st) == 698);
	CHECK(strstr(f.text, cid_text(&cids[300], text)));
	f = (struct fates){ .stop = 3 };
	CHECK(pin_add_many(st, cids, 700, PIN_DIRECT, "x", fate, &f) == 9 && f.n == 3);
	CHECK(f.rc[0] == ERR_EXISTS);
	CHECK(pin_add_many(st, cids, 0, PIN_DIRECT, "x", fate, &f) == 0);
	f = (struct fates){ .n = 0 };
	CHECK(pin_rm_many(st, cids, 10, PIN_DIRECT, fate, &f) == 0 && f.rc[9] == ERR_DIFFER);
	f = (struct fates){ .n = 0 };
	CHECK(pin_rm_many(st, cids, 700, PIN_RECURSIVE, fate, &f) == 0 && f.n == 700);
	for (i = 0; i < 700; i++)		/* 300 was not pinned, 6 is the same as 5 */
		bad += f.rc[i] != (i == 300 || i == 6 ? ERR_NOTFOUND : 0);
	CHECK(!bad && n_pins(st) == 0);
	CHECK(pin_check(st, 0, NULL) == 0);
	store_close(st);
}

/* ---- listing ---- */

struct seen {
	struct store *st;
	struct cid last;
	int n, n_bad, rm;
	char names[64];
};

static int in_order(void *arg, const struct pin *p)
{
	struct seen *s = arg;

	if (s->n && span_cmp(cid_span(&s->last), cid_span(&p->cid)) >= 0)
		s->n_bad++;
	s->last = p->cid;
	s->n++;
	snprintf(s->names + strlen(s->names), sizeof s->names - strlen(s->names), "%s", p->name);
	if (s->rm && pin_rm(s->st, &p->cid, PIN_RECURSIVE) < 0)
		s->n_bad++;
	return 0;
}

/* some in the index, some in the journal, some removed again, some in both */
static void copy_and_journal_as_one(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE), *reader;
	struct cid cids[60];
	struct pins *p;
	struct seen s = { .st = st };
	uint64_t n;
	int i;

	for (i = 0; i < 60; i++)
		cids[i] = put_leaf(st, (uint64_t)i, 20);
	commit(st);
	for (i = 0; i < 40; i++)
		CHECK(pin_add(st, &cids[i], i % 2 ? PIN_RECURSIVE : PIN_DIRECT, "a") == 0);
	NEED(pins_of(st, &p) == 0 && pins_lock(p) == 0);
	CHECK(copy_bring(p, NULL) == 0);
	pins_unlock(p);
	for (i = 30; i < 50; i++)
		CHECK(pin_add(st, &cids[i], PIN_RECURSIVE, "b") == 0);
	for (i = 0; i < 10; i++)
		CHECK(pin_rm(st, &cids[i], PIN_RECURSIVE) == 0);
	CHECK(pin_each(st, PIN_NONE, in_order, &s) == 0);
	CHECK(s.n == 40 && s.n_bad == 0);
	CHECK(pin_count(st, &n) == 0 && n == 40);
	reader = open_store(path, STORE_READ);
	s = (struct seen){ .st = reader };
	CHECK(pin_each(reader, PIN_DIRECT, in_order, &s) == 0 && s.n == 10);
	s = (struct seen){ .st = reader };
	CHECK(pin_each(reader, PIN_RECURSIVE, in_order, &s) == 0 && s.n == 30 && !s.n_bad);
	for (i = 0; i < 60; i++) {
		enum pin_mode want = i < 10 || i >= 50 ? PIN_NONE : i >= 30 || i % 2 ?
				     PIN_RECURSIVE : PIN_DIRECT;

		CHECK(mode_of(reader, &cids[i]) == want);
	}
	/* a listing that changes what it lists */
	s = (struct seen){ .st = st, .rm = 1 };
	CHECK(pin_each(st, PIN_NONE, in_order, &s) == 0 && s.n == 40 && !s.n_bad);
	CHECK(n_pins(st) == 0 && n_pins(reader) == 0);
	store_close(reader);
	store_close(st);
}

static int stop_at_three(void *arg, const struct pin *p)
{
	(void)p;
	return ++*(int *)arg == 3 ? 42 : 0;
}

static void a_listing_stops_when_told(void)
{
	struct store *st = fresh();
	struct pins *p;
	struct cid cid;
	int i, n = 0;

	for (i = 0; i < 10; i++) {
		cid = put_leaf(st, (uint64_t)i, 20);
		CHECK(pin_add(st, &cid, PIN_DIRECT, NULL) == 0);
	}
	CHECK(pin_each(st, PIN_NONE, stop_at_three, &n) == 42 && n == 3);
	NEED(pins_of(st, &p) == 0 && pins_lock(p) == 0);
	CHECK(copy_bring(p, NULL) == 0);
	pins_unlock(p);
	n = 0;
	CHECK(pin_each(st, PIN_NONE, stop_at_three, &n) == 42 && n == 3);
	store_close(st);
}

static void v0_and_v1_are_different_pins(void)
{
	struct store *st = fresh();
	struct cid v1 = put_tree(st, 1, 3, 10), v0, why;

	commit(st);
	NEED(cid_make_mh(&v0, 0, CID_DAG_PB, cid_mh(&v1)) == 0);
	CHECK(pin_add(st, &v0, PIN_RECURSIVE, NULL) == 0);
	CHECK(mode_of(st, &v1) == PIN_NONE);
	CHECK(pin_why(st, &v1, &why) == 1 && cid_equal(&why, &v0));
	CHECK(pin_why(st, &v0, &why) == 0);
	CHECK(pin_add(st, &v1, PIN_RECURSIVE, NULL) == 0);
	CHECK(n_pins(st) == 2);
	store_close(st);
}

/* ---- in front of the store ---- */

struct front {
	struct dag_source source;
	struct dag_source *under;
	struct cid hidden;		/* it says that this is not there */
	uint64_t blocks, bytes, stop_at;
};

static struct front *front_of(struct dag_source *s)
{
	return (struct front *)(void *)s;
}

static int front_get(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	struct front *f = front_of(s);

	return cid_equal(cid, &f->hidden) ? err_set(ERR_NOTFOUND, "hidden") : f->under->get(f->under, cid, out);
}

static int front_has(struct dag_source *s, const struct cid *cid)
{
	struct front *f = front_of(s);

	return cid_equal(cid, &f->hidden) ? 0 : f->under->has(f->under, cid);
}

static int front_size(struct dag_source *s, const struct cid *cid, uint64_t *len)
{
	struct front *f = front_of(s);

	return cid_equal(cid, &f->hidden) ? err_set(ERR_NOTFOUND, "hidden") : f->under->size(f->under, cid, len);
}

static int counts(void *arg, uint64_t bytes)
{
	struct front *f = arg;

	f->bytes += bytes;
	return ++f->blocks == f->stop_at;
}

static void through_a_source(void)
{
	struct store *st = fresh();
	struct cid links[2] = { put_leaf(st, 1, 100), put_leaf(st, 2, 100) }, root, old;
	struct front f = { .source = { front_get, front_has, front_size, NULL }, .under = store_source(st) };
	struct pin_from from = { &f.source, counts, &f };
	uint64_t len;

	root = put_node(st, links, 2);
	old = put_node(st, links, 1);
	commit(st);
	f.hidden = links[1];
	CHECK_ERR(pin_add_from(st, &from, &root, PIN_RECURSIVE, NULL), ERR_NOTFOUND);
	CHECK_STR(err_text(), "hidden");
	CHECK_ERR(pin_add_from(st, &from, &links[1], PIN_DIRECT, NULL), ERR_NOTFOUND);
	CHECK_STR(err_text(), "hidden");
	CHECK(n_pins(st) == 0);
	CHECK(pin_add(st, &old, PIN_RECURSIVE, NULL) == 0);
	CHECK_ERR(pin_update_from(st, &from, &old, &root, 1), ERR_NOTFOUND);
	CHECK_STR(err_text(), "hidden");
	CHECK(mode_of(st, &old) == PIN_RECURSIVE);
	f.hidden = (struct cid){ 0 };
	f.stop_at = 2;
	f.blocks = 0;
	CHECK_ERR(pin_add_from(st, &from, &root, PIN_RECURSIVE, NULL), ERR_INTERRUPTED);
	CHECK(n_pins(st) == 1);
	f.stop_at = f.blocks = f.bytes = 0;
	CHECK(pin_add_from(st, &from, &root, PIN_RECURSIVE, NULL) == 0);
	CHECK(store_size(st, &root, &len) == 0 && f.blocks == 3 && f.bytes == 200 + len);
	CHECK(pin_rm(st, &root, PIN_RECURSIVE) == 0 && pin_update_from(st, &from, &old, &root, 1) == 0);
	CHECK(mode_of(st, &root) == PIN_RECURSIVE && n_pins(st) == 1);
	store_close(st);
}

int main(void)
{
	RUN(add_get_rm);
	RUN(the_next_process_sees_it);
	RUN(modes_replace_each_other_as_in_kubo);
	RUN(names);
	RUN(incomplete_is_not_pinned);
	RUN(the_end_of_an_add);
	RUN(update);
	RUN(many);
	RUN(copy_and_journal_as_one);
	RUN(a_listing_stops_when_told);
	RUN(v0_and_v1_are_different_pins);
	RUN(through_a_source);
	return UNIT_END();
}
