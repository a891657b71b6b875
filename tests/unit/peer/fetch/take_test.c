/* archives as they come from a gateway, in pieces of any length */
#include "unit.h"

#include "memdag.h"
#include "peer/fetch/fetch_priv.h"

static struct memdag m;
static struct store *st;
static struct fetch *f;
static struct cid leaf[3], root, other;

static void setup(void)
{
	const char *const gateways[] = { "http://127.0.0.1:1" };
	struct fetch_opts o;
	struct memdag_link l[3];
	char *dir = unit_tmpdir();
	int i;

	memdag_init(&m);
	for (i = 0; i < 3; i++) {
		char text[24];

		snprintf(text, sizeof text, "leaf %d", i);
		leaf[i] = memdag_add(&m, 1, CID_RAW, span_str(text));
		l[i] = (struct memdag_link){ leaf[i], "", 6 };
	}
	root = memdag_node(&m, 1, l, 3, span_of(NULL, 0));
	other = memdag_add(&m, 1, CID_RAW, span_str("nobody asked"));
	fetch_opts_init(&o);
	o.gateways = gateways;
	o.n_gateways = 1;
	o.block_max = 1000;
	if (store_init(dir, "") < 0 || store_open(&st, dir, STORE_WRITE) < 0 || fetch_new(&f, st, &o) < 0)
		abort();
}

static void teardown(void)
{
	fetch_free(f);
	store_close(st);
}

static void add(struct buf *car, const struct cid *cid, struct span bytes)
{
	buf_varint(car, cid->len + bytes.len);
	buf_add(car, cid_span(cid));
	buf_add(car, bytes);
}

static void block(struct buf *car, const struct cid *cid)
{
	struct buf bytes = BUF_INIT(4096);

	if (dag_get(&m.source, cid, &bytes) < 0)
		abort();
	add(car, cid, buf_span(&bytes));
	buf_clear(&bytes);
}

static void header(struct buf *car)
{
	struct span s = unit_hex("a265726f6f7473806776657273696f6e01");	/* {"roots": [], "version": 1} */

	buf_reset(car);
	buf_varint(car, s.len);
	buf_add(car, s);
}

static int take(struct span in, size_t step, int *whole, uint64_t *stored)
{
	struct take *t;
	size_t n;
	int rc = take_new(&t, f, &root);

	while (rc == 0 && in.len) {
		n = in.len < step ? in.len : step;
		rc = take_bytes(t, span_of(in.p, n));
		in = span_of(in.p + n, in.len - n);
	}
	*whole = take_whole(t);
	*stored = take_stored(t);
	take_free(t);
	return rc;
}

static void pieces(void)
{
	struct buf car = BUF_INIT(65536);
	uint64_t stored;
	size_t step;
	int whole;

	for (step = 1; step < 300; step += 7) {
		setup();
		header(&car);
		block(&car, &root);
		block(&car, &leaf[1]);
		block(&car, &leaf[0]);
		block(&car, &leaf[0]);			/* again */
		block(&car, &other);
		CHECK(take(buf_span(&car), step, &whole, &stored) == 0 && whole && stored == 3);
		CHECK(store_has(st, &root) == 1 && store_has(st, &leaf[0]) == 1 && store_has(st, &leaf[1]) == 1);
		CHECK(store_has(st, &leaf[2]) == 0 && store_has(st, &other) == 0);
		teardown();
	}
	buf_clear(&car);
}

/* what is below a block counts only behind it */
static void order(void)
{
	struct buf car = BUF_INIT(65536);
	uint64_t stored;
	int whole;

	setup();
	header(&car);
	block(&car, &leaf[0]);
	block(&car, &root);
	block(&car, &leaf[1]);
	CHECK(take(buf_span(&car), 4096, &whole, &stored) == 0 && whole && stored == 2);
	CHECK(store_has(st, &leaf[0]) == 0);
	car.len -= 2;
	CHECK(take(buf_span(&car), 4096, &whole, &stored) == 0 && !whole && stored == 0);
	buf_clear(&car);
	teardown();
}

static void lies(void)
{
	struct buf car = BUF_INIT(1 << 20);
	struct cid big = root;
	uint64_t stored;
	int whole, i;

	setup();
	header(&car);
	block(&car, &root);
	add(&car, &leaf[0], span_str("leaf 1"));
	CHECK_ERR(take(buf_span(&car), 64, &whole, &stored), ERR_CORRUPT);
	CHECK(store_has(st, &leaf[0]) == 0);
	header(&car);
	add(&car, &big, span_of(unit_kept(1100), 1001));
	CHECK_ERR(take(buf_span(&car), 64, &whole, &stored), ERR_LIMIT);
	header(&car);
	buf_add(&car, unit_hex("ffffffffffffffff7f"));
	CHECK_ERR(take(buf_span(&car), 64, &whole, &stored), ERR_LIMIT);
	header(&car);
	buf_u8(&car, 0);
	CHECK_ERR(take(buf_span(&car), 64, &whole, &stored), ERR_INVALID);
	header(&car);
	buf_add(&car, unit_hex("03015512"));
	CHECK_ERR(take(buf_span(&car), 64, &whole, &stored), ERR_INVALID);
	CHECK_ERR(take(unit_hex("0aa16776657273696f6e02"), 64, &whole, &stored), ERR_INVALID);	/* CARv2 */
	CHECK_ERR(take(span_str("<html><body>welcome to our network, please sign in here</body></html>"), 64,
		       &whole, &stored), ERR_INVALID);
	/* good blocks without an end */
	{
		struct take *t;
		int rc = take_new(&t, f, &root), n;

		header(&car);
		block(&car, &other);
		rc = rc < 0 ? rc : take_bytes(t, buf_span(&car));
		buf_reset(&car);
		for (i = 0; i < 1000; i++)
			block(&car, &other);
		for (n = 0; rc == 0 && n < 1000; n++)
			rc = take_bytes(t, buf_span(&car));
		CHECK(rc == ERR_CORRUPT && n < 200);
		take_free(t);
	}
	buf_clear(&car);
	teardown();
}

int main(void)
{
	RUN(pieces);
	RUN(order);
	RUN(lies);
	return UNIT_END();
}
