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

/* archives that are all roots: they are kept until the end, so there is one to their number */
static void too_many_roots(void)
{
	struct cid *roots = calloc(CAR_ROOTS_MAX, sizeof *roots);
	struct car_importer *m;
	char digest[33];
	int fd, i, k, rc = 0;

	if (!roots)
		abort();
	st = opstore();
	m = begin(0, 1);
	for (k = 0; rc == 0 && k < 4; k++) {
		for (i = 0; i < CAR_ROOTS_MAX; i++) {
			snprintf(digest, sizeof digest, "%032d", k * CAR_ROOTS_MAX + i);
			if (cid_make(&roots[i], 1, CID_RAW, MH_SHA2_256, span_of(digest, 32)) < 0)
				abort();
		}
		fd = carfile(roots, CAR_ROOTS_MAX, NULL, 0);
		rc = ops_car_import_fd(m, fd, "roots");
		close(fd);
	}
	CHECK(rc == ERR_LIMIT && k == 3);
	CHECK(ops_car_import_drop(m) == 0);
	free(roots);
	store_close(st);
}

/* ---- from a function ---- */

struct gives {
	int fd, rc;
	struct ops_car_fault f;		/* what was told of the fault */
	struct cid before, block;
	int told;
};

static ssize_t gives_read(void *arg, void *p, size_t len)
{
	struct gives *g = arg;
	ssize_t n = read(g->fd, p, len < 1000 ? len : 1000);

	return n == 0 && g->rc ? err_set(g->rc, "no more") : n;
}

static int tells(void *arg, const struct ops_car_fault *f, int rc)
{
	struct gives *g = arg;

	g->told++;
	g->f = *f;
	g->before = f->before ? *f->before : (struct cid){ 0 };
	g->block = f->block ? *f->block : (struct cid){ 0 };
	return err_add(rc, "said anew");
}

/* all of it but `cut` bytes at the end, one changed (SIZE_MAX: none) */
static int feed(struct gives *g, uint64_t flip, off_t cut, int big)
{
	struct ops_car_import o = { .keep = 1, .fault = tells, .arg = g, .allow_big = big };
	struct car_importer *m;
	int rc;

	g->fd = carfile(&b[N - 1].cid, 1, b, N);
	g->told = 0;
	if (flip != UINT64_MAX)
		carflip(g->fd, flip);
	if (cut && ftruncate(g->fd, lseek(g->fd, 0, SEEK_END) - cut) < 0)
		abort();
	lseek(g->fd, 0, SEEK_SET);
	if (ops_car_import_begin(&m, st, &o) < 0)
		abort();
	rc = ops_car_import_read(m, gives_read, g, NULL);
	CHECK(ops_car_import_drop(m) == 0);
	close(g->fd);
	return rc;
}

static void from_a_function(void)
{
	struct gives g = { 0 };
	uint64_t tenth;

	setup();
	tenth = car_header_len(&b[N - 1].cid, 1) + 10 * car_section_len(&b[0].cid, 100) + 99;
	CHECK(feed(&g, UINT64_MAX, 0, 0) == 0 && g.told == 0 && n_here() == N);
	CHECK_ERR(feed(&g, tenth, 0, 0), ERR_CORRUPT);
	CHECK(g.told == 1 && !g.f.head && !g.f.cut && !g.f.read);
	CHECK(cid_equal(&g.before, &b[9].cid) && cid_equal(&g.block, &b[10].cid) && g.f.data.len == 100);
	CHECK(strncmp(err_text(), "said anew: ", 11) == 0);
	CHECK_ERR(feed(&g, UINT64_MAX, 5, 0), ERR_INVALID);
	CHECK(g.f.cut && cid_equal(&g.before, &b[N - 2].cid) && g.block.len == 0);
	CHECK_ERR(feed(&g, 3, 0, 0), ERR_INVALID);
	CHECK(g.f.head && !g.f.before && !g.f.block);
	g.rc = ERR_TIMEOUT;
	CHECK_ERR(feed(&g, UINT64_MAX, 5, 0), ERR_TIMEOUT);
	CHECK(g.f.read && !g.f.cut && cid_equal(&g.before, &b[N - 2].cid));
	CHECK_STR(err_text(), "said anew: no more");
	g.rc = 0;
	b[3] = carleaf(BLOCK_MAX + 1, 3);
	CHECK_ERR(feed(&g, UINT64_MAX, 0, 0), ERR_LIMIT);
	CHECK(cid_equal(&g.block, &b[3].cid) && cid_equal(&g.before, &b[2].cid));
	CHECK(feed(&g, UINT64_MAX, 0, 1) == 0);
	store_close(st);
}

int main(void)
{
	RUN(good);
	RUN(fault);
	RUN(long_one);
	RUN(not_whole);
	RUN(little);
	RUN(too_many_roots);
	RUN(from_a_function);
	return UNIT_END();
}
