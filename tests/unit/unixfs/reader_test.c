/* reader_test.c - any bytes of a file, again and again: the same as all of it, and no block opened twice for nothing */
#include "car.h"
#include "make.h"

static uint64_t seed = 88172645463325252u;

static uint64_t some(uint64_t n)		/* 0 .. n - 1 */
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

/* as blocks that must be read, as extents of a file, or now one and now the other */
static int extents_of(struct dag_source *s, const struct cid *cid, struct piece *p)
{
	return cid->bytes[cid->len - 1] & 1 ? 0 : memdag_extent(s, cid, p);
}

static int whole(const struct cid *cid, struct buf *out)
{
	struct sink_buf sink;

	sink_buf_start(&sink, out);
	return unixfs_cat(&make_dag.source, cid, 0, UINT64_MAX, &sink.sink, NULL, NULL);
}

static int same_read(struct unixfs_reader *r, struct span all, uint64_t off, size_t n)
{
	uint8_t *p = malloc(n + 1);
	int same;

	p[n] = 0xa5;
	same = unixfs_reader_read(r, off, p, n) == 0 && span_equal(span_of(p, n), span_of(all.p + off, n)) && p[n] == 0xa5;
	free(p);
	return same;
}

static int same_cat(struct unixfs_reader *r, struct span all, uint64_t off, size_t n)
{
	struct buf out = BUF_INIT(1 << 26);
	struct sink_buf sink;
	int same;

	sink_buf_start(&sink, &out);
	same = unixfs_reader_cat(r, off, n, &sink.sink) == 0 && span_equal(buf_span(&out), span_of(all.p + off, n));
	buf_clear(&out);
	return same;
}

/* 1 also when there is nothing to be seen */
static int same_view(struct unixfs_reader *r, struct span all, uint64_t off)
{
	uint64_t start;
	struct span v;
	int rc = unixfs_reader_view(r, off, &start, &v);

	if (rc <= 0)
		return rc == 0;
	return start <= off && off - start < v.len && start + v.len <= all.len &&
	       span_equal(v, span_of(all.p + start, v.len));
}

static int same_anywhere(struct unixfs_reader *r, struct span all, int how)
{
	uint64_t off = 0;
	size_t n, i;

	for (i = 0; i < 400; i++) {
		off = how == 0 ? some(all.len + 1) : off + (how == 1 ? 1 : -1) * some(all.len / 300 + 2);
		if (off > all.len)
			off = how == 1 ? 0 : all.len;
		n = (size_t)some(i % 7 == 0 ? 300000 : 100);
		if (n > all.len - off)
			n = (size_t)(all.len - off);
		switch (some(3)) {
		case 0:
			if (!same_read(r, all, off, n))
				return 0;
			break;
		case 1:
			if (!same_cat(r, all, off, n))
				return 0;
			break;
		default:
			if (off < all.len && !same_view(r, all, off))
				return 0;
		}
	}
	return 1;
}

static int as_cat(struct span bytes, const char *options)
{
	struct unixfs_builder *b = make_builder(options);
	struct unixfs_node n = make_file(b, bytes, NULL);
	struct buf all = BUF_INIT(1 << 26);
	struct unixfs_reader *r = NULL;
	int how, source, same = whole(&n.cid, &all) == 0 && span_equal(buf_span(&all), bytes);

	unixfs_builder_free(b);
	for (source = 0; same && source < 3; source++) {
		make_dag.source.extent = source == 0 ? NULL : source == 1 ? memdag_extent : extents_of;
		same = unixfs_reader_open(&r, &make_dag.source, &n.cid) == 0 && unixfs_reader_size(r) == bytes.len;
		for (how = 0; same && how < 3; how++)
			same = same_anywhere(r, buf_span(&all), how);
		if (same)
			unixfs_reader_close(r);
		if (!same)
			printf("# %s, source %d, %zu bytes\n", options, source, bytes.len);
	}
	make_dag.source.extent = memdag_extent;
	buf_clear(&all);
	return same;
}

static void any_place_of_any_shape(void)
{
	static const char *const shapes[] = {
		"cid-version=0 raw-leaves=no chunker=size-1000 max-links=4",
		"cid-version=1 chunker=size-40000 max-links=3",
		"cid-version=0 raw-leaves=no chunker=size-50000 max-links=5 layout=trickle",
		"cid-version=1 chunker=size-777 max-links=2 layout=trickle",
		"cid-version=1 chunker=rabin-20000-30000-50000 max-links=6",
		"cid-version=1 chunker=size-100 max-links=1000",
		"cid-version=1 chunker=size-100 inline=120",
		"cid-version=1 chunker=size-2000000",
	};
	static const size_t sizes[] = { 0, 1, 99, 100, 5000, 300000, 3000001 };
	size_t i, k;

	for (i = 0; i < sizeof shapes / sizeof *shapes; i++)
		for (k = 0; k < sizeof sizes / sizeof *sizes; k++)
			CHECK(as_cat(make_bytes("reader", sizes[k]), shapes[i]));
}

/* a leaf of more than a window: parts of it are seen */
static void a_leaf_larger_than_the_window(void)
{
	struct span bytes = make_bytes("large leaf", 9000001);
	struct cid cid = memdag_add(&make_dag, 1, CID_RAW, bytes);
	struct unixfs_reader *r = NULL;

	NEED(unixfs_reader_open(&r, &make_dag.source, &cid) == 0);
	CHECK(unixfs_reader_size(r) == bytes.len);
	CHECK(same_anywhere(r, bytes, 0));
	CHECK(same_anywhere(r, bytes, 2));
	unixfs_reader_close(r);
}

/* Two segments: half of the blocks are moved to another file, to the same place, when they are first asked for. */
static int other_file = -1;

static int extents_of_two(struct dag_source *s, const struct cid *cid, struct piece *p)
{
	static uint8_t wrong[65536];
	struct span bytes = memdag_look(s, cid)->bytes;
	int rc = memdag_extent(s, cid, p);

	if (rc == 1 && cid->bytes[cid->len - 1] & 1) {
		if (pwrite(other_file, bytes.p, bytes.len, (off_t)p->off) != (ssize_t)bytes.len ||
		    pwrite(p->fd, wrong, bytes.len, (off_t)p->off) != (ssize_t)bytes.len)
			abort();
		p->fd = other_file;
	}
	return rc;
}

static void leaves_in_two_segments(void)
{
	struct unixfs_builder *b = make_builder("cid-version=1 chunker=size-20000");
	struct span bytes = make_bytes("two segments", 64 * 20000);
	struct unixfs_node n = make_file(b, bytes, NULL);
	char *name = unit_kept(4096);
	struct unixfs_reader *r = NULL;
	uint64_t off;

	unixfs_builder_free(b);
	snprintf(name, 4096, "%s/segment", unit_tmpdir());
	other_file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	NEED(other_file >= 0 && unlink(name) == 0);
	make_dag.source.extent = extents_of_two;
	NEED(unixfs_reader_open(&r, &make_dag.source, &n.cid) == 0);
	for (off = 0; off < bytes.len; off += 7000)
		CHECK(same_view(r, bytes, off) && same_read(r, bytes, off, bytes.len - off < 9 ? bytes.len - off : 9));
	unixfs_reader_close(r);
	make_dag.source.extent = memdag_extent;
	close(other_file);
}

/* ---- a collection on a full disk moves blocks away and cuts the segment ---- */

static int moved;

static int extents_that_move(struct dag_source *s, const struct cid *cid, struct piece *p)
{
	int rc = memdag_extent(s, cid, p);

	if (rc == 1 && moved)
		p->fd = other_file;
	return rc;
}

static void copy_file(int from, int to, uint64_t len)
{
	uint8_t *p = malloc(len);

	if (pread(from, p, len, 0) != (ssize_t)len || pwrite(to, p, len, 0) != (ssize_t)len)
		abort();
	free(p);
}

/* cut the segment within the block at `off` of the file, a few bytes into it */
static void cut_at(struct span bytes, uint64_t off)
{
	struct span leaf = span_of(bytes.p + off - off % 20000, 20000);
	struct cid cid;

	if (cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, &leaf, 1) < 0 ||
	    ftruncate(make_dag.fd, (off_t)memdag_look(&make_dag.source, &cid)->off + 100) < 0)
		abort();
	moved = 1;
}

static void put_back(void)
{
	copy_file(other_file, make_dag.fd, make_dag.end - 7);
	moved = 0;
}

static void a_segment_that_is_cut(void)
{
	struct unixfs_builder *b = make_builder("cid-version=1 chunker=size-20000");
	struct span bytes = make_bytes("a cut", 64 * 20000), v;
	struct unixfs_node n = make_file(b, bytes, NULL);
	struct unixfs_reader *r = NULL;
	char *name = unit_kept(4096);
	uint64_t start;
	unsigned sum = 0, i;

	unixfs_builder_free(b);
	snprintf(name, 4096, "%s/segment", unit_tmpdir());
	other_file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	copy_file(make_dag.fd, other_file, make_dag.end - 7);
	make_dag.source.extent = extents_that_move;
	NEED(unixfs_reader_open(&r, &make_dag.source, &n.cid) == 0);

	NEED(unixfs_reader_view(r, 100000, &start, &v) == 1);
	CHECK(unixfs_reader_seen(r) == 1 && unixfs_reader_seen(r) == 1);
	NEED(unixfs_reader_view(r, 100000, &start, &v) == 1);
	cut_at(bytes, 100000);
	for (i = 0; i < v.len; i++)	/* pages that are gone */
		sum += v.p[i];
	CHECK(sum > 0);
	CHECK(unixfs_reader_seen(r) == 0);
	CHECK(same_view(r, bytes, 100000) && unixfs_reader_seen(r) == 1);
	put_back();

	/* seen in a page that is there, whose end is gone; and not asked about before the next place */
	CHECK(unixfs_reader_view(r, 200000, &start, &v) == 1);
	NEED(unixfs_reader_view(r, 200000, &start, &v) == 1);
	cut_at(bytes, 200000);
	CHECK(v.p[90] == bytes.p[start + 90] && v.p[101] == 0);
	CHECK(same_view(r, bytes, 600000));
	CHECK(unixfs_reader_seen(r) == 0);
	CHECK(same_view(r, bytes, 200000) && unixfs_reader_seen(r) == 1);
	put_back();

	/* what was mapped is read; what was open is read; a piece is sent */
	CHECK(same_view(r, bytes, 300000));
	cut_at(bytes, 300000);
	CHECK(same_read(r, bytes, 300000, 15000));
	put_back();
	CHECK(same_read(r, bytes, 400000, 150));
	cut_at(bytes, 400000);
	CHECK(same_read(r, bytes, 400000, 15000));
	put_back();
	CHECK(same_view(r, bytes, 500000));
	cut_at(bytes, 500000);
	CHECK(same_cat(r, bytes, 500000, 20000));
	put_back();
	unixfs_reader_close(r);
	make_dag.source.extent = memdag_extent;
	close(other_file);
}

static void neighbours_cost_one_block(void)
{
	struct unixfs_builder *b = make_builder("cid-version=1 chunker=size-20000 max-links=4");
	struct span bytes = make_bytes("neighbours", 64 * 20000);
	struct unixfs_node n = make_file(b, bytes, NULL);
	struct unixfs_reader *r = NULL;
	struct unixfs_read_count c;
	uint64_t i;
	uint8_t p[10];

	unixfs_builder_free(b);
	NEED(unixfs_reader_open(&r, &make_dag.source, &n.cid) == 0);
	for (i = 0; i < bytes.len; i += 500)
		CHECK(unixfs_reader_read(r, i, p, sizeof p) == 0);
	c = unixfs_reader_count(r);
	CHECK(c.blocks == 64 + 16 + 4 + 1);
	for (i = bytes.len; i >= 500; i -= 500)
		CHECK(unixfs_reader_read(r, i - 10, p, sizeof p) == 0);
	/* the other way: leaves again, of the nodes only those that were left */
	CHECK(unixfs_reader_count(r).blocks == c.blocks + 63 + 15 + 3);
	c = unixfs_reader_count(r);
	CHECK(unixfs_reader_read(r, 3, p, sizeof p) == 0);
	CHECK(unixfs_reader_read(r, 19000, p, sizeof p) == 0);
	CHECK(unixfs_reader_count(r).blocks == c.blocks);
	CHECK(unixfs_reader_count(r).bytes == c.bytes + 20);
	unixfs_reader_close(r);
}

static struct cid liar(uint64_t first, uint64_t second, int64_t filesize)
{
	uint64_t sizes[] = { first, second };
	struct memdag_link l[2] = {
		{ memdag_add(&make_dag, 1, CID_RAW, span_str("hello")), "", 5 },
		{ memdag_add(&make_dag, 1, CID_RAW, span_str("world!")), "", 6 },
	};

	return memdag_node(&make_dag, 1, l, 2, message(UNIXFS_FILE, span_of(NULL, 0), filesize, sizes, 2));
}

static int read_of(struct cid cid, uint64_t off, size_t len)
{
	struct unixfs_reader *r = NULL;
	uint8_t p[64];
	int rc = unixfs_reader_open(&r, &make_dag.source, &cid);

	if (rc == 0)
		rc = unixfs_reader_read(r, off, p, len);
	unixfs_reader_close(r);
	return rc;
}

static void sizes_that_lie(void)
{
	uint64_t one = 5;
	struct memdag_link l[2] = { { liar(5, 6, 11), "", 1 }, { liar(5, 6, 11), "", 1 } };

	CHECK(read_of(liar(5, 6, 11), 0, 11) == 0);
	CHECK_ERR(read_of(liar(5, 6, 11), 11, 1), ERR_INVALID);
	CHECK_ERR(read_of(liar(5, 6, 11), UINT64_MAX, 2), ERR_INVALID);
	CHECK_ERR(read_of(liar(4, 6, 10), 0, 1), ERR_INVALID);
	CHECK(strstr(err_text(), "contradict") != NULL);
	CHECK(read_of(liar(5, 6, 40), 3, 8) == 0);
	CHECK_ERR(read_of(liar(5, 6, 40), 3, 9), ERR_INVALID);
	CHECK_ERR(read_of(liar(5, 6, 8), 3, 5), ERR_INVALID);
	CHECK_ERR(read_of(liar(5, UINT64_MAX, 11), 5, 1), ERR_INVALID);
	CHECK_ERR(read_of(memdag_node(&make_dag, 1, l, 2, message(UNIXFS_FILE, span_of(NULL, 0), 5, &one, 1)), 0, 1),
		  ERR_INVALID);
	CHECK(strstr(err_text(), "does not support seeking") != NULL);
}

/* leaves that are not read, but taken as extents */
static void sizes_of_extents_that_lie(void)
{
	struct span bytes = make_bytes("extent", 20000);
	struct memdag_link l = { memdag_add(&make_dag, 1, CID_RAW, bytes), "", 20000 };
	static const uint64_t sizes[] = { 19999, 20001, 20000 };
	int i;

	for (i = 0; i < 3; i++) {
		struct cid root = memdag_node(&make_dag, 1, &l, 1, message(UNIXFS_FILE, span_of(NULL, 0), (int64_t)sizes[i],
									   &sizes[i], 1));
		struct unixfs_reader *r = NULL;
		uint64_t start;
		struct span v;

		NEED(unixfs_reader_open(&r, &make_dag.source, &root) == 0);
		if (i == 2) {
			CHECK(unixfs_reader_view(r, 19999, &start, &v) == 1 && v.len == 20000);
		} else {
			CHECK_ERR(unixfs_reader_view(r, 0, &start, &v), ERR_INVALID);
			CHECK_ERR(read_of(root, 5, 1), ERR_INVALID);
		}
		unixfs_reader_close(r);
	}
}

static void what_is_no_file(void)
{
	struct cid gone;
	struct span s = span_str("nobody has it");

	CHECK(cid_sum(&gone, 1, CID_RAW, MH_SHA2_256, &s, 1) == 0);
	CHECK_ERR(read_of(gone, 0, 1), ERR_NOTFOUND);
	CHECK_ERR(read_of(memdag_add(&make_dag, 1, CID_DAG_PB, unit_hex("0a020801")), 0, 0), ERR_INVALID);
	CHECK_STR(err_text(), "this dag node is a directory");
	CHECK_ERR(read_of(memdag_add(&make_dag, 1, CID_DAG_PB, unit_hex("0a07080412036c6e6b")), 0, 0), ERR_INVALID);
	CHECK_ERR(read_of(memdag_add(&make_dag, 1, CID_DAG_CBOR, unit_hex("a0")), 0, 0), ERR_INVALID);
}

static void a_leaf_that_is_missing(void)
{
	struct span s = span_str("nobody has it");
	uint64_t sizes[] = { 5, 13 };
	struct memdag_link l[2] = { { memdag_add(&make_dag, 1, CID_RAW, span_str("hello")), "", 5 }, { .name = "" } };
	struct unixfs_reader *r = NULL;
	struct cid root;
	uint8_t p[18];

	CHECK(cid_sum(&l[1].cid, 1, CID_RAW, MH_SHA2_256, &s, 1) == 0);
	root = memdag_node(&make_dag, 1, l, 2, message(UNIXFS_FILE, span_of(NULL, 0), 18, sizes, 2));
	NEED(unixfs_reader_open(&r, &make_dag.source, &root) == 0);
	CHECK(unixfs_reader_read(r, 0, p, 5) == 0);
	CHECK_ERR(unixfs_reader_read(r, 0, p, 6), ERR_NOTFOUND);
	CHECK(unixfs_reader_read(r, 0, p, 5) == 0);
	CHECK(memcmp(p, "hello", 5) == 0);
	unixfs_reader_close(r);
}

int main(void)
{
	memdag_init(&make_dag);
	memdag_extents(&make_dag);
	RUN(any_place_of_any_shape);
	RUN(a_leaf_larger_than_the_window);
	RUN(leaves_in_two_segments);
	RUN(a_segment_that_is_cut);
	RUN(neighbours_cost_one_block);
	RUN(sizes_that_lie);
	RUN(sizes_of_extents_that_lie);
	RUN(what_is_no_file);
	RUN(a_leaf_that_is_missing);
	return UNIT_END();
}
