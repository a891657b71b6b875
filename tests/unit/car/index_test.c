/* index_test.c - indexes gathered, sorted and written: like go-car's, in little memory too */
#include "base/rd.h"
#include "cartest.h"
#include "car/index_priv.h"

/* reference 17.2: both forms, the fixtures beside it */
static void worked_example(void)
{
	static const uint64_t codecs[] = { CAR_INDEX_SORTED, CAR_INDEX_MH_SORTED };
	static const char *const files[] = { GOLDEN "derived/v2-index-0400.car", GOLDEN "derived/v2-index-0401.car" };
	struct buf inner = BUF_INIT(1 << 20), car = BUF_INIT(1 << 20);
	struct car_index *x;
	uint64_t len;
	int i;

	for (i = 0; i < 2; i++) {
		buf_reset(&inner);
		buf_reset(&car);
		NEED(car_index_new(&x, 0, NULL, 0) == 0);
		hello(&inner, 2, x);
		CHECK(car_index_count(x) == 2);
		CHECK(car_index_len(x, codecs[i], &len) == 0);
		wrap(&car, buf_span(&inner), x, codecs[i]);
		CHECK(car.len == (i ? 317 : 305) && len == car.len - 207);
		CHECK(span_equal(buf_span(&car), slurp(files[i])));
		car_index_free(x);
	}
	buf_clear(&inner);
	buf_clear(&car);
}

/* The indexes go-car made of its sample. */
static void like_go_car(void)
{
	static const struct { uint64_t codec; const char *file; int full; } of[] = {
		{ CAR_INDEX_SORTED, GOLDEN "go-car/sample-index.carindex", 1 },
		{ CAR_INDEX_MH_SORTED, GOLDEN "go-car/sample-multihash-index-sorted.carindex", 0 },
	};
	struct buf out = BUF_INIT(1 << 20);
	struct span car = slurp(GOLDEN "go-car/sample-v1.car");
	struct car_section s;
	struct sink_buf to;
	struct car_index *x;
	struct car_in *in;
	int fd = as_file(car), i, rc;

	sink_buf_start(&to, &out);
	for (i = 0; i < 2; i++) {
		buf_reset(&out);
		CHECK(lseek(fd, 0, SEEK_SET) == 0);
		NEED(car_index_new(&x, 0, NULL, of[i].full) == 0);
		NEED(car_in_open(&in, fd, "sample", 0) == 0);
		while ((rc = car_in_next(in, &s)) == 1)
			CHECK(car_index_add(x, &s.cid, s.off) == 0);
		CHECK(rc == 0 && car_index_write(x, of[i].codec, &to.sink) == 0);
		CHECK(span_equal(buf_span(&out), slurp(of[i].file)));
		car_in_close(in);
		car_index_free(x);
	}
	close(fd);
	buf_clear(&out);
}

/* ---- many, with many hashes, in little memory: the same bytes as in much ---- */

enum { MANY = 300000 };

/* the i-th CID: sha2-256 mostly; every so often another function, length, an identity; `plain` digests begin
 * alike, as nobody's do who is honest */
static void nth(uint64_t i, int plain, struct cid *cid)
{
	static const struct { uint64_t code; size_t len; } kinds[] = {
		{ MH_SHA1, 20 }, { MH_SHA2_512, 64 }, { MH_BLAKE3, 32 }, { MH_IDENTITY, 5 }, { MH_BLAKE2B_256, 32 },
		{ MH_SHA2_256, 20 },
	};
	uint8_t d[64];
	uint64_t x = i * 0x9e3779b97f4a7c15u;
	size_t k, n = 32;
	uint64_t code = MH_SHA2_256;

	if (i % 10 == 9) {
		code = kinds[i / 10 % 6].code;
		n = kinds[i / 10 % 6].len;
	}
	for (k = 0; k < sizeof d; k++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		d[k] = plain && k < 20 ? (uint8_t)(k > 17 ? x >> 56 : 7) : (uint8_t)(x >> 56);
	}
	if (cid_make(cid, 1, CID_RAW, code, span_of(d, n)) < 0)
		abort();
}

static void write_many(size_t mem, const char *dir, int plain, uint64_t n, uint64_t codec, struct buf *out)
{
	struct car_index *x;
	struct sink_buf to;
	struct cid cid;
	uint64_t i, len;

	sink_buf_start(&to, out);
	buf_reset(out);
	NEED(car_index_new(&x, mem, dir, 1) == 0);
	for (i = 0; i < n; i++) {
		nth(i / 3 * 3, plain, &cid);		/* each three times */
		NEED(car_index_add(x, &cid, i * 100) == 0);
	}
	CHECK(car_index_count(x) == n);
	CHECK(car_index_len(x, codec, &len) == 0);
	CHECK(car_index_write(x, codec, &to.sink) == 0);
	CHECK(out->len == len);
	CHECK_ERR(car_index_write(x, codec, &to.sink), ERR_USAGE);
	CHECK_ERR(car_index_add(x, &cid, 0), ERR_USAGE);
	car_index_free(x);
}

/* Every entry in order, those with one digest by offset. */
static void check_order(struct span index, uint64_t n)
{
	struct rd r = rd_from(index);
	int with_codes = rd_uvarint(&r) == CAR_INDEX_MH_SORTED;
	uint32_t codes = with_codes ? rd_le32(&r) : 1, widths, width;
	uint64_t code = 0, next, seen = 0, i;
	const uint8_t *last;
	struct span entries;
	int bad = 0;

	while (codes--) {
		next = with_codes ? rd_le64(&r) : 1;
		CHECK(next > code || (next == 0 && code == 0));
		code = next;
		for (widths = rd_le32(&r); widths--; ) {
			width = rd_le32(&r);
			entries = rd_bytes(&r, rd_le64(&r));
			NEED(rd_ok(&r) && width > 8 && entries.len % width == 0);
			for (last = NULL, i = 0; i < entries.len / width; i++) {
				const uint8_t *e = entries.p + i * width;
				int c = last ? memcmp(last, e, width - 8) : -1;
				struct rd a = rd_from(span_of(last ? last + width - 8 : e, 8));
				struct rd b = rd_from(span_of(e + width - 8, 8));

				bad += c > 0 || (c == 0 && rd_le64(&a) >= rd_le64(&b));
				last = e;
				seen++;
			}
		}
	}
	CHECK(bad == 0 && seen == n && rd_done(&r));
}

static void in_little_memory(int plain, uint64_t n, uint64_t codec)
{
	struct buf little = BUF_INIT(100 << 20), much = BUF_INIT(100 << 20);
	char *dir = unit_tmpdir();

	write_many(1, dir, plain, n, codec, &little);
	write_many(1 << 30, dir, plain, n, codec, &much);
	CHECK(span_equal(buf_span(&little), buf_span(&much)));
	check_order(buf_span(&much), n);
	CHECK(rmdir(dir) == 0);			/* nothing stays behind */
	buf_clear(&little);
	buf_clear(&much);
}

static void spilled_0400(void) { in_little_memory(0, MANY, CAR_INDEX_SORTED); }
static void spilled_0401(void) { in_little_memory(0, MANY, CAR_INDEX_MH_SORTED); }
static void chosen_digests(void) { in_little_memory(1, MANY / 3, CAR_INDEX_MH_SORTED); }

/* ---- what is left out, and what is too much ---- */

static void identity(void)
{
	static const uint8_t none[1];
	struct buf out = BUF_INIT(1 << 20);
	struct car_index *x;
	struct sink_buf to;
	struct cid cid, empty;
	int full;

	NEED(cid_make(&cid, 1, CID_RAW, MH_IDENTITY, span_str("abc")) == 0);
	NEED(cid_make(&empty, 1, CID_RAW, MH_IDENTITY, span_of(none, 0)) == 0);
	sink_buf_start(&to, &out);
	for (full = 0; full < 2; full++) {
		buf_reset(&out);
		NEED(car_index_new(&x, 0, NULL, full) == 0);
		CHECK(car_index_add(x, &cid, 18) == 0 && car_index_add(x, &empty, 30) == 0);
		CHECK(car_index_count(x) == (full ? 1u : 0u));
		CHECK(car_index_write(x, CAR_INDEX_MH_SORTED, &to.sink) == 0);
		CHECK(span_equal(buf_span(&out), unit_hex(full ?
			"810801000000000000000000000001000000" "0b000000" "0b00000000000000" "616263"
			"1200000000000000" : "810800000000")));
		car_index_free(x);
	}
	buf_clear(&out);
}

static void refused(void)
{
	struct buf out = BUF_INIT(1 << 20);
	struct car_index *x;
	struct sink_buf to;
	struct cid cid;
	uint8_t d[MH_DIGEST_MAX] = { 0 };
	uint64_t len, code;
	size_t n;
	int rc = 0;

	sink_buf_start(&to, &out);
	NEED(car_index_new(&x, 0, NULL, 0) == 0);
	CHECK_ERR(car_index_write(x, 0x0402, &to.sink), ERR_UNSUPPORTED);
	CHECK_ERR(car_index_len(x, 0x0402, &len), ERR_UNSUPPORTED);
	for (code = 0, n = 0; rc == 0 && n <= PILES_MAX; n++, code += n % 100 == 0) {
		NEED(cid_make(&cid, 1, CID_RAW, 0x300000 + code, span_of(d, 1 + n % 100)) == 0);
		rc = car_index_add(x, &cid, n);
	}
	CHECK(rc == ERR_LIMIT && n == PILES_MAX + 1 && strstr(err_text(), "256 kinds"));
	car_index_free(x);
	car_index_free(NULL);
	/* a sink that is full */
	NEED(car_index_new(&x, 0, NULL, 0) == 0);
	nth(1, 0, &cid);
	CHECK(car_index_add(x, &cid, 1) == 0);
	out.max = 20;
	CHECK_ERR(car_index_write(x, CAR_INDEX_SORTED, &to.sink), ERR_LIMIT);
	car_index_free(x);
	buf_clear(&out);
}

int main(void)
{
	RUN(worked_example);
	RUN(like_go_car);
	RUN(spilled_0400);
	RUN(spilled_0401);
	RUN(chosen_digests);
	RUN(identity);
	RUN(refused);
	return UNIT_END();
}
