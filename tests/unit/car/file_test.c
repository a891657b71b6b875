/* file_test.c - archives at hand: opened, scanned, used as a source, and cut short meanwhile */
#include "cartest.h"
#include "car/file_priv.h"

static struct car_file *opened(const char *path)
{
	struct car_file *f = NULL;

	CHECK(car_file_open(&f, path) == 0);
	return f;
}

/* Every section the reader sees is found, and is what the reader saw. */
static void find_all(const char *path, int scan)
{
	struct car_file *f = opened(path);
	struct buf block = BUF_INIT(CAR_SECTION_MAX);
	struct dag_source *src;
	struct span inlined;
	struct car_section s;
	struct car_in *in;
	struct piece p;
	uint64_t off, len;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	NEED(f && fd >= 0 && car_in_open(&in, fd, path, 0) == 0);
	CHECK(car_file_version(f) == car_in_version(in));
	if (scan)
		CHECK(car_file_scan(f) == 0);
	src = car_file_source(f);
	while ((rc = car_in_next(in, &s)) == 1) {
		if (cid_identity(&s.cid, &inlined))
			continue;
		CHECK(car_file_find(f, &s.cid, &off, &len) == 1 && len == s.data.len);
		buf_reset(&block);
		CHECK(dag_get(src, &s.cid, &block) == 0 && span_equal(buf_span(&block), s.data));
		CHECK(dag_has(src, &s.cid) == 1);
		CHECK(dag_size(src, &s.cid, &len) == 0 && len == s.data.len);
		CHECK(dag_extent(src, &s.cid, &p) == 0);	/* which nobody would hash */
	}
	CHECK(rc == 0);
	car_in_close(in);
	close(fd);
	car_file_close(f);
	buf_clear(&block);
}

static void every_block_is_found(void)
{
	static const char *const indexed[] = { "go-car/sample-wrapped-v2.car", "go-car/sample-rw-bs-v2.car",
		"go-car/sample-unixfs-v2.car", "derived/v2-index-0400.car", "derived/v2-index-0401.car",
		"derived/v2-index-0401-padded.car", "derived/v2-fully-indexed-identity.car" };
	/* carv2-basic.car has an index without a codec before it: that is, of a codec nobody knows */
	static const char *const plain[] = { "go-car/sample-v1.car", "go-car/sample-v2-indexless.car",
		"derived/v2-index-unknown-codec.car", "go-car/simple-unixfs.car", "derived/v1-duplicate-block.car",
		"ipld-spec/carv1-basic.car", "ipld-spec/carv2-basic.car", "derived/v1-cidv0-section.car",
		"derived/v1-empty-block.car" };
	struct car_file *f;
	char path[256];
	uint64_t n;
	size_t i;

	for (i = 0; i < sizeof indexed / sizeof indexed[0]; i++) {
		snprintf(path, sizeof path, GOLDEN "%s", indexed[i]);
		NEED((f = opened(path)));
		CHECK(car_file_indexed(f) == 1 && car_file_check(f, &n) == 0 && n > 0);
		car_file_close(f);
		find_all(path, 0);
		find_all(path, 1);
	}
	for (i = 0; i < sizeof plain / sizeof plain[0]; i++) {
		snprintf(path, sizeof path, GOLDEN "%s", plain[i]);
		NEED((f = opened(path)));
		CHECK(car_file_indexed(f) == 0);
		CHECK_ERR(car_file_check(f, &n), ERR_UNSUPPORTED);
		car_file_close(f);
		find_all(path, 1);
	}
}

static void what_it_says_of_itself(void)
{
	struct cid hello_cid = raw_cid(span_str("hello world")), other = raw_cid(span_str("not in there"));
	struct buf out = BUF_INIT(100);
	const struct cid *roots;
	struct car_file *f;
	uint64_t off, len;
	size_t n;

	NEED((f = opened(GOLDEN "derived/v2-index-0401-padded.car")));
	CHECK(car_file_v2(f)->data_off == 64 && car_file_v2(f)->data_size == 156);
	CHECK(car_file_v2(f)->index_off == 284);
	CHECK(car_file_index_codec(f) == CAR_INDEX_MH_SORTED);
	roots = car_file_roots(f, &n);
	CHECK(n == 1 && cid_equal(&roots[0], &hello_cid));
	CHECK(car_file_find(f, &hello_cid, &off, &len) == 1 && off == 64 + 59 + 1 + 36 && len == 11);
	CHECK(car_file_find(f, &other, &off, &len) == 0);
	CHECK(dag_has(car_file_source(f), &other) == 0);
	CHECK_ERR(dag_get(car_file_source(f), &other, &out), ERR_NOTFOUND);
	CHECK_ERR(dag_size(car_file_source(f), &other, &len), ERR_NOTFOUND);
	car_file_close(f);
	NEED((f = opened(GOLDEN "derived/v1-one-raw.car")));
	CHECK(car_file_version(f) == 1 && car_file_v2(f)->data_off == 0 && car_file_v2(f)->data_size == 107);
	CHECK_ERR(car_file_find(f, &hello_cid, &off, &len), ERR_UNSUPPORTED);
	CHECK(car_file_scan(f) == 0 && car_file_scan(f) == 0);
	CHECK(car_file_find(f, &hello_cid, &off, &len) == 1 && off == 96);
	CHECK(car_file_find(f, &other, &off, &len) == 0);
	car_file_close(f);
	NEED((f = opened(GOLDEN "derived/v2-index-unknown-codec.car")));
	CHECK(car_file_index_codec(f) != 0 && !car_file_indexed(f));
	car_file_close(f);
	car_file_close(NULL);
	buf_clear(&out);
}

/* A block goes by its multihash: a link may name it as v0, v1, raw. */
static void by_multihash(void)
{
	static const char *const files[] = { "derived/v2-index-0400.car", "derived/v2-index-0401.car",
		"derived/v1-two-raw.car" };
	struct span block = span_str("second block");
	struct cid v0, cbor;
	struct car_file *f;
	uint64_t off, len;
	char path[256];
	int i;

	NEED(cid_sum(&v0, 0, CID_DAG_PB, MH_SHA2_256, &block, 1) == 0);
	NEED(cid_sum(&cbor, 1, CID_DAG_CBOR, MH_SHA2_256, &block, 1) == 0);
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof path, GOLDEN "%s", files[i]);
		NEED((f = opened(path)));
		if (i == 2)
			CHECK(car_file_scan(f) == 0);
		CHECK(car_file_find(f, &v0, &off, &len) == 1 && len == 12);
		CHECK(car_file_find(f, &cbor, &off, &len) == 1 && len == 12);
		car_file_close(f);
	}
}

static void not_opened(void)
{
	static const struct { const char *file; int code; } bad[] = {
		{ "derived/v1-header-unsorted.car", ERR_INVALID }, { "derived/v1-version-3.car", ERR_INVALID },
		{ "derived/v2-data-past-eof.car", ERR_INVALID }, { "derived/v2-index-inside-data.car", ERR_INVALID },
		{ "derived/v2-inner-version-2.car", ERR_INVALID }, { "nothing-there.car", ERR_NOTFOUND },
		{ "go-car/badheaderlength.car", ERR_LIMIT }, { "derived", ERR_UNSUPPORTED },
		{ "go-car/sample-v2-corrupt-data-and-index.car", ERR_INVALID },
	};
	char path[256], fifo[4200];
	struct car_file *f;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(path, sizeof path, GOLDEN "%s", bad[i].file);
		CHECK_ERR(car_file_open(&f, path), bad[i].code);
	}
	CHECK(car_file_open_flags(&f, GOLDEN "derived/v1-header-unsorted.car", CAR_LOOSE_HEADER) == 0);
	car_file_close(f);
	snprintf(fifo, sizeof fifo, "%s/fifo", unit_tmpdir());
	NEED(mkfifo(fifo, 0600) == 0);
	CHECK_ERR(car_file_open(&f, fifo), ERR_UNSUPPORTED);	/* and does not wait for a writer */
	CHECK_ERR(car_file_open(&f, as_path(unit_hex("28b52ffd2001090000" "00"))), ERR_INVALID);
	/* one byte, packed by zstd, is no archive; a packed archive cannot be looked into */
	CHECK_ERR(car_file_open(&f, as_path(unit_hex("28b52ffd2012910000" "11a265726f6f7473806776657273696f6e01"))),
		  ERR_UNSUPPORTED);
}

static void scan_finds_faults(void)
{
	static const struct { const char *file, *says; } bad[] = {
		{ "derived/v1-truncated-in-data.car", "offset 107: a section of 48 bytes where the payload has 45" },
		{ "derived/v1-truncated-in-cid.car", "offset 107: a section of 48 bytes where the payload has 4" },
		{ "derived/v1-truncated-in-length.car", "offset 107: unexpected end of the payload" },
		{ "derived/v1-truncated-after-length.car", "offset 107: a section of 48 bytes where the payload has 0" },
		{ "derived/v1-null-padding.car", "offset 107: a section of length 0" },
		{ "derived/v1-length-nonminimal.car", "varint is not minimal" },
		{ "derived/v1-section-shorter-than-cid.car", "offset 59: the section's CID: " },
	};
	struct car_file *f;
	char path[256];
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(path, sizeof path, GOLDEN "%s", bad[i].file);
		NEED((f = opened(path)));
		CHECK_ERR(car_file_scan(f), ERR_INVALID);
		if (!strstr(err_text(), bad[i].says))
			printf("# %s\n", err_text());
		CHECK(strstr(err_text(), bad[i].says));
		car_file_close(f);
	}
}

/* What a block says is believed after it was hashed. */
static void blocks_are_verified(void)
{
	struct buf out = BUF_INIT(100), car = BUF_INIT(1 << 20);
	struct cid cid = raw_cid(span_str("hello world"));
	struct car_file *f;
	struct span in = slurp(GOLDEN "derived/v2-index-0401.car");

	CHECK(buf_add(&car, in) == 0 && buf_str(&out, "before") == 0);
	car.data[51 + 59 + 1 + 36] ^= 1;
	NEED((f = opened(as_path(buf_span(&car)))));
	CHECK_ERR(dag_get(car_file_source(f), &cid, &out), ERR_CORRUPT);
	CHECK(strstr(err_text(), "offset 147: the bytes do not hash to"));
	CHECK(out.len == 6 && dag_has(car_file_source(f), &cid) == 1);
	out.max = 10;
	CHECK_ERR(dag_get(car_file_source(f), &cid, &out), ERR_LIMIT);
	CHECK(out.len == 6);
	car_file_close(f);
	buf_clear(&out);
	buf_clear(&car);
}

/* The file loses its end while it is mapped: an error, and no signal. */
static void cut_while_open(void)
{
	struct buf out = BUF_INIT(CAR_SECTION_MAX);
	struct car_file *f, *g;
	struct car_section s;
	struct car_in *in;
	struct cid cid = { 0 };
	uint64_t off, len, n;
	char *path = as_path(slurp(GOLDEN "go-car/sample-wrapped-v2.car"));
	int fd = open(path, O_RDWR | O_CLOEXEC);

	NEED(fd >= 0 && car_in_open(&in, fd, path, 0) == 0);
	while (car_in_next(in, &s) == 1)
		cid = s.cid;			/* the last one */
	car_in_close(in);
	NEED((f = opened(path)) && (g = opened(path)));
	CHECK(car_file_find(f, &cid, &off, &len) == 1);
	CHECK(ftruncate(fd, 8192) == 0);
	CHECK_ERR(car_file_find(f, &cid, &off, &len), ERR_CORRUPT);
	CHECK(strstr(err_text(), "was cut short while it was read"));
	CHECK_ERR(dag_get(car_file_source(f), &cid, &out), ERR_CORRUPT);
	CHECK_ERR(car_file_check(f, &n), ERR_CORRUPT);
	CHECK_ERR(car_file_scan(g), ERR_CORRUPT);
	CHECK_ERR(car_file_find(f, &cid, &off, &len), ERR_CORRUPT);
	car_file_close(f);
	car_file_close(g);
	/* and others are not touched */
	NEED((f = opened(GOLDEN "go-car/sample-wrapped-v2.car")));
	CHECK(car_file_find(f, &cid, &off, &len) == 1);
	car_file_close(f);
	close(fd);
	buf_clear(&out);
}

/* Where nothing can be mapped the same is read piece by piece. */
static void without_a_mapping(void)
{
	enum { LOTS = 70 };			/* more than there are slots */
	struct car_file *f[LOTS];
	struct cid cid = raw_cid(span_str("second block"));
	struct buf out = BUF_INIT(100);
	uint64_t off, len, n;
	int i, fd;
	char *path = as_path(slurp(GOLDEN "derived/v2-index-0401.car"));

	for (i = 0; i < LOTS; i++)
		NEED((f[i] = opened(path)));
	CHECK(f[0]->guard.map.p && !f[LOTS - 1]->guard.map.p);
	CHECK(car_file_find(f[LOTS - 1], &cid, &off, &len) == 1 && len == 12);
	CHECK(car_file_check(f[LOTS - 1], &n) == 0 && n == 2);
	CHECK(dag_get(car_file_source(f[LOTS - 1]), &cid, &out) == 0 && out.len == 12);
	CHECK(car_file_scan(f[LOTS - 2]) == 0 && car_file_find(f[LOTS - 2], &cid, &off, &len) == 1);
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(ftruncate(fd, 60) == 0);
	CHECK_ERR(car_file_find(f[LOTS - 1], &cid, &off, &len), ERR_CORRUPT);
	close(fd);
	for (i = 0; i < LOTS; i++)
		car_file_close(f[i]);
	buf_clear(&out);
}

int main(void)
{
	RUN(every_block_is_found);
	RUN(what_it_says_of_itself);
	RUN(by_multihash);
	RUN(not_opened);
	RUN(scan_finds_faults);
	RUN(blocks_are_verified);
	RUN(cut_while_open);
	RUN(without_a_mapping);
	return UNIT_END();
}
