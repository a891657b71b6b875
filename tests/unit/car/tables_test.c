/* tables_test.c - look-ups in the index where it lies: honest ones, and all the ways to lie */
#include "base/rd.h"
#include "cartest.h"

enum { MANY = 200000 };

static void nth(uint64_t i, struct cid *cid)
{
	uint8_t d[32];
	uint64_t x = i * 0x9e3779b97f4a7c15u;
	size_t k;

	for (k = 0; k < sizeof d; k++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		d[k] = (uint8_t)(x >> 56);
	}
	if (i % 7 == 0)				/* digests that share their beginning: guesses are of no use */
		memset(d, 0x55, 12);
	if (cid_make(cid, 1, i % 2 ? CID_RAW : CID_DAG_CBOR, i % 5 ? MH_SHA2_256 : MH_BLAKE3,
		     span_of(d, sizeof d)) < 0)
		abort();
}

/* Every one of many is found where it is, none that is not there. */
static void many(uint64_t codec)
{
	struct buf inner = BUF_INIT(100 << 20), car = BUF_INIT(100 << 20);
	uint64_t *at = unit_kept(MANY * sizeof *at), i, off, len, n;
	struct car_index *x;
	struct car_file *f;
	struct sink_buf to;
	struct car_out o;
	struct cid cid;
	int wrong = 0;

	sink_buf_start(&to, &inner);
	NEED(car_index_new(&x, 1 << 20, NULL, 0) == 0);
	CHECK(car_out_start(&o, &to.sink, x, NULL, 0) == 0);
	for (i = 0; i < MANY; i++) {
		nth(i, &cid);
		NEED(car_out_block(&o, &cid, &(struct piece){ .bytes = span_of(&i, i % 8), .fd = -1 }) == 0);
		at[i] = CAR_V2_HEADER + o.pos - i % 8;
	}
	wrap(&car, buf_span(&inner), x, codec);
	car_index_free(x);
	NEED(car_file_open(&f, as_path(buf_span(&car))) == 0);
	for (i = 0; i < MANY; i++) {
		nth(i, &cid);
		wrong += car_file_find(f, &cid, &off, &len) != 1 || off != at[i] || len != i % 8;
		nth(MANY + i, &cid);
		wrong += car_file_find(f, &cid, &off, &len) != 0;
	}
	CHECK(wrong == 0);
	CHECK(car_file_check(f, &n) == 0 && n == MANY);
	car_file_close(f);
	buf_clear(&inner);
	buf_clear(&car);
}

static void many_0400(void) { many(CAR_INDEX_SORTED); }
static void many_0401(void) { many(CAR_INDEX_MH_SORTED); }

/* ---- lies.  The worked example: index at 207, entries at 237 and 277 (0x0401) or 225 and 265 (0x0400) ---- */

static struct buf *example(const char *name)
{
	static struct buf car = BUF_INIT(1 << 20);
	char path[256];

	snprintf(path, sizeof path, GOLDEN "derived/%s", name);
	buf_reset(&car);
	if (buf_add(&car, slurp(path)) < 0)
		abort();
	return &car;
}

static void patch(struct buf *car, size_t at, const char *hex)
{
	struct span s = unit_hex(hex);

	memcpy(car->data + at, s.p, s.len);
}

/* Not to be opened, and why. */
static void shape(struct buf *car, int code, const char *says)
{
	struct car_file *f;

	CHECK_ERR(car_file_open(&f, as_path(buf_span(car))), code);
	if (!strstr(err_text(), says))
		printf("# %s\n", err_text());
	CHECK(strstr(err_text(), says));
}

static void shapes(void)
{
	struct buf *car;
	size_t i;

	car = example("v2-index-0401.car");
	patch(car, 209, "ffffffff");
	shape(car, ERR_INVALID, "offset 209: the index: a negative count");
	patch(car, 209, "02000000");
	shape(car, ERR_INVALID, "offset 317: the index is cut short");
	patch(car, 209, "0100000012000000000000000000ff80");
	shape(car, ERR_INVALID, "offset 221: the index: a negative count");
	car = example("v2-index-0401.car");
	patch(car, 225, "08000000");
	shape(car, ERR_INVALID, "offset 225: the index: entries without a digest");
	patch(car, 225, "00000000");
	shape(car, ERR_INVALID, "entries without a digest");
	patch(car, 225, "01000002");
	shape(car, ERR_INVALID, "offset 225: the index: entries over 32 MiB");
	patch(car, 225, "27000000");
	shape(car, ERR_INVALID, "offset 229: the index: the length of the entries is no multiple of their width");
	patch(car, 225, "280000007800000000000000");
	shape(car, ERR_INVALID, "offset 229: the index: the entries end behind the end of the file");
	patch(car, 225, "28000000f8ffffffffffff7f");
	shape(car, ERR_INVALID, "the entries end behind the end of the file");
	car = example("v2-index-0400.car");
	patch(car, 207, "808080808080808080");
	shape(car, ERR_INVALID, "offset 207: the index: varint is longer than 9 bytes");
	/* cut anywhere: the tables do not fit any more */
	for (i = 208; i < 317; i++) {
		car = example("v2-index-0401.car");
		car->len = i;
		shape(car, ERR_INVALID, "offset 2");
	}
}

/* widths and codes that do not ascend, and more of them than anybody needs */
static void directories(void)
{
	struct buf *car = example("v2-index-0401.car");
	int i;

	car->len = 207;
	CHECK(buf_add(car, unit_hex("81080200000012000000000000000000000012000000000000000000000000")) == 0);
	shape(car, ERR_INVALID, "offset 225: the index: hash codes are not ascending");
	car->len = 207;
	CHECK(buf_add(car, unit_hex("800802000000" "280000000000000000000000" "280000000000000000000000")) == 0);
	shape(car, ERR_INVALID, "offset 225: the index: widths are not ascending");
	car->len = 207;
	CHECK(buf_add(car, unit_hex("800800100000")) == 0);
	for (i = 0; i < 4096; i++)
		CHECK(buf_le32(car, 9 + (uint32_t)i) == 0 && buf_le64(car, 0) == 0);
	shape(car, ERR_LIMIT, "more than 1024 kinds");
	/* an index without an entry is one */
	car->len = 207;
	CHECK(buf_add(car, unit_hex("810800000000")) == 0);
	{
		struct cid cid = raw_cid(span_str("hello world"));
		struct car_file *f;
		uint64_t off, len;

		NEED(car_file_open(&f, as_path(buf_span(car))) == 0);
		CHECK(car_file_indexed(f) && car_file_find(f, &cid, &off, &len) == 0);
		CHECK(car_file_check(f, &off) == 0 && off == 0);
		car_file_close(f);
	}
}

/* Opened, but what it says of the block `hello world` is not so. */
static void lie(struct buf *car, const char *says)
{
	struct cid cid = raw_cid(span_str("hello world"));
	struct buf out = BUF_INIT(100);
	struct car_file *f;
	uint64_t off, len;

	NEED(car_file_open(&f, as_path(buf_span(car))) == 0);
	CHECK_ERR(car_file_find(f, &cid, &off, &len), ERR_INVALID);
	if (!strstr(err_text(), says))
		printf("# %s\n", err_text());
	CHECK(strstr(err_text(), says));
	CHECK_ERR(dag_get(car_file_source(f), &cid, &out), ERR_INVALID);
	CHECK_ERR(dag_has(car_file_source(f), &cid), ERR_INVALID);
	CHECK(out.len == 0);
	CHECK_ERR(car_file_check(f, &len), ERR_INVALID);
	CHECK(strstr(err_text(), says));
	/* a scan does not ask the index */
	CHECK(car_file_scan(f) == 0 && dag_get(car_file_source(f), &cid, &out) == 0 && out.len == 11);
	car_file_close(f);
	buf_clear(&out);
}

static void lies(void)
{
	struct buf *car = example("v2-index-0401.car");

	patch(car, 237 + 32, "6b");
	lie(car, "offset 237: an entry of the index gives the offset ");
	lie(car, "another block is there");
	patch(car, 237 + 32, "9c");		/* the very end of the payload */
	lie(car, "the offset 156: that is behind the payload");
	patch(car, 237 + 32, "00000000000000ff");
	lie(car, "that is behind the payload");
	patch(car, 237 + 32, "0000000000000000");
	lie(car, "the offset 0: that is inside the header");
	patch(car, 237 + 32, "3c");		/* one too far: 01 as a length */
	lie(car, "the offset 60: ");
	patch(car, 237 + 32, "9b");		/* the last byte, "k" = 107, as a length */
	lie(car, "a section of 107 bytes where the payload has 0");
	car = example("v2-index-0400.car");
	patch(car, 225 + 32, "6b");
	lie(car, "another block is there");
	car = example("v2-index-offset-mismatch.car");
	{
		struct car_file *f;
		uint64_t n;

		NEED(car_file_open(&f, as_path(buf_span(car))) == 0);
		CHECK_ERR(car_file_check(f, &n), ERR_INVALID);
		car_file_close(f);
	}
}

/* Entries in the wrong order: what was looked at is told, what was not found is not claimed to be there. */
static void out_of_order(void)
{
	struct buf *car = example("v2-index-0401.car");
	struct car_file *f;
	uint8_t entry[40];
	uint64_t n;

	memcpy(entry, car->data + 237, 40);
	memmove(car->data + 237, car->data + 277, 40);
	memcpy(car->data + 277, entry, 40);
	NEED(car_file_open(&f, as_path(buf_span(car))) == 0);
	CHECK_ERR(car_file_check(f, &n), ERR_INVALID);
	CHECK(strstr(err_text(), "offset 277: the index: entries are not in order"));
	car_file_close(f);
}

/* Many out of order: searches end, with one of three answers, and right ones are right. */
static void shuffled(void)
{
	struct buf inner = BUF_INIT(10 << 20), car = BUF_INIT(10 << 20);
	struct car_index *x;
	struct car_file *f;
	struct sink_buf to;
	struct car_out o;
	struct cid cid;
	uint64_t i, off, len, told = 0;
	size_t at;
	int rc;

	sink_buf_start(&to, &inner);
	NEED(car_index_new(&x, 0, NULL, 0) == 0);
	CHECK(car_out_start(&o, &to.sink, x, NULL, 0) == 0);
	for (i = 0; i < 1000; i++) {
		nth(7 * i + 1, &cid);
		NEED(car_out_block(&o, &cid, &(struct piece){ .bytes = span_of(&i, 8), .fd = -1 }) == 0);
	}
	wrap(&car, buf_span(&inner), x, CAR_INDEX_SORTED);
	car_index_free(x);
	at = CAR_V2_HEADER + inner.len + 18;
	NEED(car.len == at + 40000);
	for (i = 0; i < 500; i++) {			/* the back half first */
		uint8_t t[40];

		memcpy(t, car.data + at + i * 40, 40);
		memcpy(car.data + at + i * 40, car.data + at + (999 - i) * 40, 40);
		memcpy(car.data + at + (999 - i) * 40, t, 40);
	}
	NEED(car_file_open(&f, as_path(buf_span(&car))) == 0);
	for (i = 0; i < 1000; i++) {
		nth(7 * i + 1, &cid);
		rc = car_file_find(f, &cid, &off, &len);
		CHECK(rc == 0 || rc == ERR_INVALID || (rc == 1 && len == 8 && !memcmp(car.data + off, &i, 8)));
		told += rc == ERR_INVALID;
	}
	CHECK(told > 0);
	car_file_close(f);
	buf_clear(&inner);
	buf_clear(&car);
}

/* One digest, two functions: 0x0400 does not tell them apart, the section does. */
static void same_digest_of_two_functions(void)
{
	static const uint8_t d[32] = { 1, 2, 3 };
	static const uint64_t codes[] = { MH_BLAKE3, MH_SHA2_256, MH_KECCAK_256 };
	struct buf inner = BUF_INIT(1 << 20), car = BUF_INIT(1 << 20);
	struct car_index *x;
	struct car_file *f;
	struct sink_buf to;
	struct car_out o;
	struct cid cid;
	uint64_t off, len, n;
	int i, k;

	for (k = 0; k < 2; k++) {
		buf_reset(&inner);
		buf_reset(&car);
		sink_buf_start(&to, &inner);
		NEED(car_index_new(&x, 0, NULL, 0) == 0);
		CHECK(car_out_start(&o, &to.sink, x, NULL, 0) == 0);
		for (i = 0; i < 2; i++) {
			NEED(cid_make(&cid, 1, CID_RAW, codes[i], span_of(d, sizeof d)) == 0);
			NEED(car_out_block(&o, &cid, &(struct piece){ .bytes = span_of(d, 1 + (size_t)i), .fd = -1 }) == 0);
		}
		wrap(&car, buf_span(&inner), x, k ? CAR_INDEX_MH_SORTED : CAR_INDEX_SORTED);
		car_index_free(x);
		NEED(car_file_open(&f, as_path(buf_span(&car))) == 0);
		for (i = 0; i < 3; i++) {
			NEED(cid_make(&cid, 1, CID_RAW, codes[i], span_of(d, sizeof d)) == 0);
			CHECK(car_file_find(f, &cid, &off, &len) == (i < 2));
			CHECK(i == 2 || len == 1 + (uint64_t)i);
		}
		CHECK(car_file_check(f, &n) == 0 && n == 2);
		car_file_close(f);
	}
	buf_clear(&inner);
	buf_clear(&car);
}

int main(void)
{
	RUN(many_0400);
	RUN(many_0401);
	RUN(shapes);
	RUN(directories);
	RUN(lies);
	RUN(out_of_order);
	RUN(shuffled);
	RUN(same_digest_of_two_functions);
	return UNIT_END();
}
