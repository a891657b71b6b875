#include "cartest.h"

enum { N = 40 };

static struct carblock b[N];
static int to[N][4], n_to[N];		/* links: always to smaller numbers */
static uint32_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static void make_dag(void)
{
	int i, k;

	for (i = 0; i < N; i++) {
		struct carblock l[4];

		n_to[i] = i < 8 ? 0 : (int)rnd(5);
		for (k = 0; k < n_to[i]; k++) {
			to[i][k] = (int)rnd((uint32_t)i);
			l[k] = b[to[i][k]];
		}
		b[i] = carnode(l, (size_t)n_to[i]);
		for (k = 0; k < i && n_to[i]; k++)	/* the same links are the same node */
			if (cid_equal(&b[k].cid, &b[i].cid))
				n_to[i] = 0;
		if (n_to[i] == 0)
			b[i] = carleaf(20, (uint32_t)i);
	}
}

static void reach(int i, const uint8_t *here, uint8_t *reached)
{
	int k;

	if (reached[i])
		return;
	reached[i] = 1;
	for (k = 0; here[i] && k < n_to[i]; k++)
		reach(to[i][k], here, reached);
}

static int told(void *arg, const struct cid *cid)
{
	uint8_t *missing = arg;
	int i;

	for (i = 0; i < N; i++)
		if (cid_equal(&b[i].cid, cid))
			missing[i]++;
	return 0;
}

/* any DAG, any blocks of it, in any order, some twice: as the plain search says */
static void any_order(void)
{
	int round, i, n, fd;

	for (round = 0; round < 400; round++) {
		uint8_t here[N], reached[N] = { 0 }, missing[N] = { 0 };
		struct carblock out[N + 10], roots_of[2];
		struct ops_car_verify v = { .missing = told, .arg = missing };
		struct cid roots[2];

		seed = (uint32_t)round;
		make_dag();
		for (i = n = 0; i < N; i++) {
			here[i] = rnd(10) > 0;
			if (here[i])
				out[n++] = b[i];
		}
		for (i = 0; i < 10 && n; i++, n++)
			out[n] = out[rnd((uint32_t)n)];
		for (i = 0; round % 3 && i < n; i++) {
			int k = (int)rnd((uint32_t)n);
			struct carblock t = out[i];

			out[i] = out[k];
			out[k] = t;
		}
		for (i = 0; i < 2; i++) {
			int r = N - 1 - (int)rnd(10);

			roots_of[i] = b[r];
			roots[i] = roots_of[i].cid;
			reach(r, here, reached);
		}
		fd = carfile(roots, 2, out, (size_t)n);
		for (i = 0; i < N; i++)
			reached[i] = reached[i] && !here[i];
		n = !memchr(reached, 1, N);
		CHECK(ops_car_verify(fd, "test", &v) == !n);
		CHECK(!memcmp(reached, missing, N));
		close(fd);
	}
}

/* links below inlined blocks count, too */
static void identity(void)
{
	struct carblock leaf = carleaf(30, 1), inl = carnode(&leaf, 1), top;
	struct ops_car_verify v = { 0 };
	int fd;

	NEED(cid_make(&inl.cid, 1, CID_DAG_PB, MH_IDENTITY, inl.bytes) == 0);
	top = carnode(&inl, 1);
	fd = carfile(&top.cid, 1, &top, 1);
	CHECK(ops_car_verify(fd, "test", &v) == 1 && v.n_missing == 1 && v.n_blocks == 1);
	close(fd);
	fd = carfile(&inl.cid, 1, &leaf, 1);
	CHECK(ops_car_verify(fd, "test", &v) == 0 && v.n_missing == 0);
	close(fd);
}

static void parts(void)
{
	struct carblock leaf = carleaf(30, 1), top = carnode(&leaf, 1);
	struct ops_car_verify v = { .partial = 1 };
	int fd = carfile(&top.cid, 1, &top, 1);

	CHECK(ops_car_verify(fd, "test", &v) == 0 && v.version == 1 && v.n_roots == 1);
	close(fd);
	/* nothing in it but a root */
	fd = carfile(&top.cid, 1, NULL, 0);
	v.partial = 0;
	CHECK(ops_car_verify(fd, "test", &v) == 1 && v.n_missing == 1);
	close(fd);
	top = carblock(CID_DAG_PB, span_str("\x0a\xff"));
	fd = carfile(&top.cid, 1, &top, 1);
	CHECK_ERR(ops_car_verify(fd, "test", &v), ERR_INVALID);
	close(fd);
	top = carblock(0x300001, span_str("opaque"));
	fd = carfile(&top.cid, 1, &top, 1);
	CHECK(ops_car_verify(fd, "test", &v) == 0 && v.n_opaque == 1);
	close(fd);
}

int main(void)
{
	RUN(any_order);
	RUN(identity);
	RUN(parts);
	return UNIT_END();
}
