#include "cartest.h"

enum { N = 50 };

static struct carblock b[N];
static struct store *st;

static void setup(void)
{
	size_t i;

	for (i = 0; i < N; i++)
		b[i] = carleaf(100, (unsigned)i);
	st = opstore();
}

static size_t n_here(void)
{
	size_t i, n = 0;

	for (i = 0; i < N; i++)
		n += store_has(st, &b[i].cid) == 1;
	return n;
}

static struct undo *begin(void)
{
	struct undo *u;
	size_t i;

	if (undo_new(&u, st) < 0)
		abort();
	carput(st, b, N);
	for (i = 0; i < N; i++)
		if (undo_note(u, &b[i].cid) < 0)
			abort();
	return u;
}

static void not_committed(void)
{
	struct undo *u;

	setup();
	u = begin();
	CHECK(n_here() == N);
	CHECK(undo_run(u) == 0);
	CHECK(n_here() == 0);
	undo_free(u);
	store_close(st);
}

static void committed(void)
{
	struct undo *u;

	setup();
	u = begin();
	NEED(store_commit(st) == 0);
	CHECK(undo_run(u) == 0);
	CHECK(n_here() == 0);
	CHECK(store_commit(st) == 0);	/* the handle is as good as before */
	carput(st, b, 3);
	CHECK(store_commit(st) == 0 && n_here() == 3);
	undo_free(u);
	store_close(st);
}

static struct store *other(void)
{
	struct store *o;

	if (store_open(&o, store_path(st), STORE_WRITE) < 0)
		abort();
	return o;
}

static void pinned_meanwhile(void)
{
	struct undo *u;
	struct store *o;

	setup();
	u = begin();
	NEED(store_commit(st) == 0);
	o = other();
	NEED(pin_add(o, &b[7].cid, PIN_RECURSIVE, NULL) == 0);
	store_close(o);
	CHECK(undo_run(u) == 0);
	CHECK(n_here() == 1 && store_has(st, &b[7].cid) == 1);
	undo_free(u);
	store_close(st);
}

/* a writer that began after our commit writes again what it relied upon */
static void relied_on(void)
{
	struct undo *u;
	struct store *o;

	setup();
	u = begin();
	NEED(store_commit(st) == 0);
	o = other();
	carput(o, &b[7], 1);
	CHECK(undo_run(u) == 0);
	CHECK(store_commit(o) == 0);
	CHECK(n_here() == 1 && store_has(st, &b[7].cid) == 1);
	store_close(o);
	undo_free(u);
	store_close(st);
}

/* one that began before may have been promised any of them */
static void a_writer_from_before(void)
{
	struct carblock mine = carleaf(10, 1000);
	struct undo *u;
	struct store *o;

	setup();
	o = other();
	carput(o, &mine, 1);
	u = begin();
	NEED(store_commit(st) == 0);
	CHECK_ERR(undo_run(u), ERR_BUSY);
	CHECK(n_here() == N);
	store_close(o);
	undo_free(u);
	store_close(st);
}

int main(void)
{
	RUN(not_committed);
	RUN(committed);
	RUN(pinned_meanwhile);
	RUN(relied_on);
	RUN(a_writer_from_before);
	return UNIT_END();
}
