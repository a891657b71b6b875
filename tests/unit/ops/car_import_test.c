#include "cartest.h"

enum { N = 20 };

static struct carblock b[N];
static struct store *st;

static void setup(void)
{
	size_t i;

	for (i = 0; i < N - 1; i++)
		b[i] = carleaf(100, (unsigned)i);
	b[N - 1] = carnode(b, N - 1);
	st = opstore();
}

static size_t n_here(void)
{
	size_t i, n = 0;

	for (i = 0; i < N; i++)
		n += store_has(st, &b[i].cid) == 1;
	return n;
}

static struct car_importer *begin(int pin, int keep)
{
	struct ops_car_import o = { .pin = pin, .keep = keep };
	struct car_importer *m;

	if (ops_car_import_begin(&m, st, &o) < 0)
		abort();
	return m;
}

static int root(void *arg, const struct cid *cid)
{
	CHECK(cid_equal(cid, &b[N - 1].cid));
	++*(int *)arg;
	return 0;
}

static void good(void)
{
	struct car_importer *m;
	struct ops_car_counts n;
	enum pin_mode mode;
	int fd, again, told = 0;

	setup();
	fd = carfile(&b[N - 1].cid, 1, b, N);
	again = carfile(&b[N - 1].cid, 1, b, 3);
	m = begin(1, 0);
	CHECK(ops_car_import_fd(m, fd, "one") == 0);
	CHECK(ops_car_import_fd(m, again, "two") == 0);
	CHECK(ops_car_import_end(m, root, &told) == 0 && told == 1);
	n = ops_car_import_counts(m);
	CHECK(n.files == 2 && n.blocks == N + 3 && n.new_blocks == N);
	CHECK(n.new_bytes == 100 * (N - 1) + b[N - 1].bytes.len && n.bytes == n.new_bytes + 300);
	CHECK(ops_car_import_drop(m) == 0);
	CHECK(n_here() == N);
	CHECK(pin_get(st, &b[N - 1].cid, &mode, NULL) == 1 && mode == PIN_RECURSIVE);
	close(fd);
	close(again);
	store_close(st);
}

/* with a fault nothing is left of it, but what was there before; or with `keep` all before the fault */
static void fault(void)
{
	struct car_importer *m;
	uint64_t pins;
	int keep, fd;

	for (keep = 0; keep < 2; keep++) {
		setup();
		carput(st, b + 2, 2);
		NEED(store_commit(st) == 0);
		fd = carfile(&b[N - 1].cid, 1, b, N);
		carflip(fd, car_header_len(&b[N - 1].cid, 1) + 10 * car_section_len(&b[0].cid, 100) + 99);
		m = begin(1, keep);
		CHECK_ERR(ops_car_import_fd(m, fd, "bad"), ERR_CORRUPT);
		CHECK(ops_car_import_drop(m) == 0);
		CHECK(n_here() == (keep ? 10 : 2));
		CHECK(pin_count(st, &pins) == 0 && pins == 0);
		close(fd);
		store_close(st);
	}
}

/* committed in between, as a long one is */
static void long_one(void)
{
	struct car_importer *m;
	int fd;

	setup();
	fd = carfile(NULL, 0, b, N);
	m = begin(0, 0);
	CHECK(ops_car_import_fd(m, fd, "one") == 0);
	CHECK(store_commit(st) == 0 && n_here() == N);
	CHECK(ops_car_import_drop(m) == 0);
	CHECK(n_here() == 0);
	close(fd);
	store_close(st);
}

static void not_whole(void)
{
	struct carblock other = carnode(b, 1);
	struct car_importer *m;
	struct cid roots[2];
	uint64_t pins;
	int fd;

	setup();
	other = carnode(b, 1);
	roots[0] = other.cid;		/* is whole */
	roots[1] = b[N - 1].cid;
	fd = carfile(roots, 2, b + 1, N - 1);
	m = begin(1, 0);
	CHECK(ops_car_import_fd(m, fd, "part") == 0);
	carput(st, &other, 1);
	CHECK_ERR(ops_car_import_end(m, root, NULL), ERR_INVALID);
	CHECK(ops_car_import_drop(m) == 0);
	CHECK(n_here() == 0);
	CHECK(pin_count(st, &pins) == 0 && pins == 0);
	close(fd);
	/* what the store has counts */
	carput(st, b, 1);
	NEED(store_commit(st) == 0);
	fd = carfile(roots + 1, 1, b + 1, N - 1);
	m = begin(1, 0);
	CHECK(ops_car_import_fd(m, fd, "part") == 0);
	CHECK(ops_car_import_end(m, NULL, NULL) == 0);
	CHECK(ops_car_import_drop(m) == 0);
	CHECK(n_here() == N);
	CHECK(pin_count(st, &pins) == 0 && pins == 1);
	close(fd);
	store_close(st);
}

/* an archive without roots, or without blocks, is one all the same */
static void little(void)
{
	struct car_importer *m;
	int fd;

	setup();
	fd = carfile(NULL, 0, NULL, 0);
	m = begin(1, 0);
	CHECK(ops_car_import_fd(m, fd, "none") == 0);
	CHECK(ops_car_import_end(m, root, NULL) == 0);
	CHECK(ops_car_import_drop(m) == 0);
	CHECK(ops_car_import_drop(NULL) == 0);
	close(fd);
	store_close(st);
}

int main(void)
{
	RUN(good);
	RUN(fault);
	RUN(long_one);
	RUN(not_whole);
	RUN(little);
	return UNIT_END();
}
