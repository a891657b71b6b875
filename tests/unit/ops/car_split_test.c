#include "cartest.h"

enum { N = 60 };

struct pieces {
	uint64_t most, blocks;
	int n;
	char *path[N];
};

static int piece(void *arg, const char *path, uint64_t bytes, uint64_t blocks)
{
	struct pieces *p = arg;

	CHECK(bytes <= p->most);
	p->blocks += blocks;
	p->path[p->n] = strdup(path);
	p->n++;
	return 0;
}

static int same(int a, int b)
{
	char x[65536], y[sizeof x];
	ssize_t n, m;

	lseek(a, 0, SEEK_SET);
	lseek(b, 0, SEEK_SET);
	do {
		n = read(a, x, sizeof x);
		m = read(b, y, sizeof y);
		if (n != m || memcmp(x, y, (size_t)n))
			return 0;
	} while (n > 0);
	return 1;
}

/* whatever the size, the pieces joined are the whole, and none is larger */
static void round_trip(void)
{
	static const uint64_t most[] = { 1200, 1201, 2500, 10000, 1 << 20 };
	char *dir = unit_tmpdir(), *prefix = unit_kept(8300);
	struct carblock b[N];
	size_t i;
	int fd, out;

	for (i = 0; i < N; i++)
		b[i] = carleaf(i * 17, (unsigned)i);
	snprintf(prefix, 8300, "%s/piece", dir);
	for (i = 0; i < sizeof most / sizeof *most; i++) {
		struct pieces p = { .most = most[i] };
		struct ops_car_to to = { .fd = -1 };

		fd = carfile(&b[3].cid, 1, b, N);
		out = tmpfile_nameless(NULL);
		CHECK(ops_car_split(fd, "test", 0, prefix, most[i], piece, &p) == 0);
		CHECK(p.blocks == N && p.n >= 1 && (p.n == 1) == (i == 4));
		to.fd = out;
		CHECK(ops_car_join((const char *const *)p.path, (size_t)p.n, 0, 0, &to) == 0);
		CHECK(same(fd, out));
		while (p.n) {
			CHECK(unlink(p.path[--p.n]) == 0);
			free(p.path[p.n]);
		}
		close(fd);
		close(out);
	}
	CHECK(rmdir(dir) == 0);		/* nothing else is left there */
}

static void too_large(void)
{
	char *dir = unit_tmpdir(), *prefix = unit_kept(8300);
	struct pieces p = { .most = 1000 };
	struct carblock b[3] = { carleaf(500, 1), carleaf(500, 2), carleaf(950, 3) };
	int fd = carfile(&b[0].cid, 1, b, 3);

	snprintf(prefix, 8300, "%s/piece", dir);
	CHECK_ERR(ops_car_split(fd, "test", 0, prefix, 1000, piece, &p), ERR_LIMIT);
	CHECK(p.n == 2);
	CHECK(rmdir(dir) == 0);
	while (p.n)
		free(p.path[--p.n]);
	close(fd);
}

/* roots and blocks of all, each once */
static void join(void)
{
	char *dir = unit_tmpdir(), *path[3];
	struct carblock b[3] = { carleaf(500, 1), carleaf(500, 2), carleaf(950, 3) };
	struct cid roots[3] = { b[0].cid, b[1].cid, b[0].cid };
	int dups, i, fd, out, want;

	for (i = 0; i < 3; i++) {
		struct ops_car_to to = { 0 };

		path[i] = unit_kept(8300);
		snprintf(path[i], 8300, "%s/%d.car", dir, i);
		to.path = path[i];
		fd = carfile(&roots[i], 1, b, (size_t)i + 1);
		CHECK(ops_car_index(fd, "test", 0, &to) == 0);
		close(fd);
	}
	for (dups = 0; dups < 2; dups++) {
		struct carblock all[6] = { b[0], b[0], b[1], b[0], b[1], b[2] };
		struct ops_car_to to = { .fd = out = tmpfile_nameless(NULL) };

		CHECK(ops_car_join((const char *const *)path, 3, 0, dups, &to) == 0);
		want = carfile(roots, 2, dups ? all : b, dups ? 6 : 3);
		CHECK(same(out, want));
		close(out);
		close(want);
	}
	path[1] = path[2] + 1;
	CHECK(ops_car_join((const char *const *)path, 2, 0, 0, &(struct ops_car_to){ .fd = 2 }) == ERR_NOTFOUND);
}

int main(void)
{
	RUN(round_trip);
	RUN(too_large);
	RUN(join);
	return UNIT_END();
}
