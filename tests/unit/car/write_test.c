/* write_test.c - the writer, byte for byte */
#include "cartest.h"

#define HELLO "01551220b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"

/* reference 16.4 */
static void worked_example(void)
{
	struct span want = unit_hex("3aa265726f6f747381d82a582500" HELLO "6776657273696f6e01"
				    "2f" HELLO "68656c6c6f20776f726c64");
	struct buf car = BUF_INIT(1 << 20);

	hello(&car, 1, NULL);
	CHECK(car.len == 107 && span_equal(buf_span(&car), want));
	CHECK(span_equal(buf_span(&car), slurp(GOLDEN "derived/v1-one-raw.car")));
	buf_reset(&car);
	hello(&car, 2, NULL);
	CHECK(span_equal(buf_span(&car), slurp(GOLDEN "derived/v1-two-raw.car")));
	buf_clear(&car);
}

/* What the reader took apart, put together again, is the same file. */
static void copy(const char *path)
{
	struct buf out = BUF_INIT(10 << 20);
	struct span in = slurp(path);
	struct car_section s;
	struct sink_buf to;
	const struct cid *roots;
	struct car_in *car;
	struct car_out o;
	size_t n;
	int fd = as_file(in), rc;

	sink_buf_start(&to, &out);
	NEED(car_in_open(&car, fd, path, 0) == 0);
	roots = car_in_roots(car, &n);
	CHECK(car_out_start(&o, &to.sink, NULL, roots, n) == 0);
	CHECK(out.len == car_header_len(roots, n) && o.pos == out.len);
	while ((rc = car_in_next(car, &s)) == 1) {
		struct piece p = { .bytes = s.data, .fd = -1, .len = s.data.len };
		uint64_t before = o.pos;

		CHECK(s.off == o.pos);
		CHECK(car_out_block(&o, &s.cid, &p) == 0);
		CHECK(o.pos - before == car_section_len(&s.cid, s.data.len) && s.len == o.pos - before);
		CHECK(out.len == o.pos);
	}
	CHECK(rc == 0 && span_equal(buf_span(&out), in));
	car_in_close(car);
	close(fd);
	buf_clear(&out);
}

static void copies_are_equal(void)
{
	copy(GOLDEN "go-car/sample-v1.car");
	copy(GOLDEN "go-car/sample-v1-noidentity.car");
	copy(GOLDEN "go-car/wikipedia-cryptographic-hash-function.car");
	copy(GOLDEN "go-car/simple-unixfs.car");
	copy(GOLDEN "ipld-spec/carv1-basic.car");
	copy(GOLDEN "derived/v1-two-roots.car");
	copy(GOLDEN "derived/v1-no-roots.car");
	copy(GOLDEN "derived/v1-cidv0-section.car");
	copy(GOLDEN "derived/v1-identity-section.car");
	copy(GOLDEN "derived/v1-empty-block.car");
}

/* List heads of every width, and identity CIDs, whose link is short or long. */
static void many_roots(void)
{
	static const size_t counts[] = { 0, 1, 23, 24, 255, 256, 65535, CAR_ROOTS_MAX };
	struct cid *roots = unit_kept((CAR_ROOTS_MAX + 1) * sizeof *roots);
	struct buf out = BUF_INIT(CAR_HEADER_MAX);
	const struct cid *back;
	struct sink_buf to;
	struct car_in *in;
	struct car_out o;
	size_t i, k, n;
	int fd;

	for (i = 0; i <= CAR_ROOTS_MAX; i++) {
		uint8_t digest[MH_DIGEST_MAX] = { (uint8_t)i, (uint8_t)(i >> 8) };

		NEED(cid_make(&roots[i], 1, CID_RAW, MH_IDENTITY, span_of(digest, i % 129)) == 0);
	}
	sink_buf_start(&to, &out);
	for (k = 0; k < sizeof counts / sizeof counts[0]; k++) {
		buf_reset(&out);
		CHECK(car_out_start(&o, &to.sink, NULL, roots, counts[k]) == 0);
		CHECK(out.len == car_header_len(roots, counts[k]));
		fd = as_file(buf_span(&out));
		NEED(car_in_open(&in, fd, "roots", 0) == 0);
		back = car_in_roots(in, &n);
		CHECK(n == counts[k]);
		for (i = 0; i < n && cid_equal(&back[i], &roots[i]); i++)
			;
		CHECK(i == n);
		car_in_close(in);
		close(fd);
	}
	buf_reset(&out);
	CHECK_ERR(car_out_start(&o, &to.sink, NULL, roots, CAR_ROOTS_MAX + 1), ERR_LIMIT);
	CHECK(out.len == 0);
	buf_clear(&out);
}

/* Blocks given as extents go into a file as such. */
static void extents(void)
{
	struct span data = span_str("a file with hello world in it"), block = span_of(data.p + 12, 11);
	int from = as_file(data), to_fd = memfd_create("out", MFD_CLOEXEC);
	struct cid root = raw_cid(block);
	struct piece p = { .fd = from, .off = 12, .len = 11 };
	struct buf out = BUF_INIT(1 << 20);
	struct sink_fd to;
	struct car_out o;

	NEED(sink_fd_start(&to, to_fd, "memfd") == 0);
	CHECK(car_out_start(&o, &to.sink, NULL, &root, 1) == 0);
	CHECK(car_out_block(&o, &root, &p) == 0);
	CHECK(sink_fd_end(&to) == 0 && o.pos == 107);
	CHECK(lseek(to_fd, 0, SEEK_SET) == 0 && io_slurp(to_fd, &out, "memfd") == 0);
	CHECK(span_equal(buf_span(&out), slurp(GOLDEN "derived/v1-one-raw.car")));
	buf_clear(&out);
	close(from);
	close(to_fd);
}

static int full(struct sink *s, const struct piece *p)
{
	(void)s;
	(void)p;
	return err_set(ERR_NOSPACE, "no room");
}

static void a_sink_that_fails(void)
{
	struct sink s = { full };
	struct cid root = raw_cid(span_str("hello world"));
	struct sink_null ok;
	struct car_out o;

	CHECK_ERR(car_out_start(&o, &s, NULL, &root, 1), ERR_NOSPACE);
	sink_null_start(&ok);
	CHECK(car_out_start(&o, &ok.sink, NULL, &root, 1) == 0 && ok.bytes == 59);
	o.sink = &s;
	CHECK_ERR(car_out_block(&o, &root, &(struct piece){ .bytes = span_str("hello world"), .fd = -1 }),
		  ERR_NOSPACE);
	CHECK(o.pos == 59);
}

int main(void)
{
	RUN(worked_example);
	RUN(copies_are_equal);
	RUN(many_roots);
	RUN(extents);
	RUN(a_sink_that_fails);
	return UNIT_END();
}
