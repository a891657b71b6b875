/* gather_test.c - slices of arrays of any shape, order and type, against what loops over indexes say */
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include "tensor/gather_priv.h"
#include "tests/unit/unixfs/make.h"

static uint64_t seed = 88172645463325252u;

static uint64_t some(uint64_t n)		/* 0 .. n - 1 */
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

/* ---- a file in memory ---- */

struct fake {
	struct tensor_in in;
	struct span bytes;
	size_t window;			/* of views */
	int lies, lied;			/* how often it may still show what is not there; it did */
	uint64_t calls;
};

static int fake_read(struct tensor_in *in, uint64_t off, void *p, size_t len)
{
	struct fake *f = (struct fake *)in;

	f->calls++;
	if (off > f->bytes.len || len > f->bytes.len - off)
		return err_set(ERR_INVALID, "outside");
	memcpy(p, f->bytes.p + off, len);
	in->n_bytes += len;
	return 0;
}

static int fake_cat(struct tensor_in *in, uint64_t off, uint64_t len, struct sink *out)
{
	struct fake *f = (struct fake *)in;

	f->calls++;
	if (off > f->bytes.len || len > f->bytes.len - off)
		return err_set(ERR_INVALID, "outside");
	in->n_bytes += len;
	return sink_bytes(out, span_of(f->bytes.p + off, (size_t)len));
}

static int fake_view(struct tensor_in *in, uint64_t off, uint64_t *start, struct span *v)
{
	static const uint8_t zeros[4096];
	struct fake *f = (struct fake *)in;
	uint64_t end;

	f->calls++;
	if (off >= f->bytes.len)
		return err_set(ERR_INVALID, "outside");
	if (some(10) == 0)
		return 0;
	*start = off - off % f->window;
	end = *start + f->window < f->bytes.len ? *start + f->window : f->bytes.len;
	*v = span_of(f->bytes.p + *start, (size_t)(end - *start));
	if (f->lies && (f->lies > 1000 || some(5) == 0) && v->len <= sizeof zeros) {
		f->lies--;
		f->lied = 1;
		v->p = zeros;
	}
	return 1;
}

static int fake_seen(struct tensor_in *in)
{
	struct fake *f = (struct fake *)in;
	int good = !f->lied;

	f->lied = 0;
	return good;
}

static struct fake fake_of(struct span bytes, size_t window)
{
	return (struct fake){ .in = { .size = bytes.len, .read = fake_read, .cat = fake_cat,
				      .view = window ? fake_view : NULL, .seen = fake_seen },
			      .bytes = bytes, .window = window };
}

/* ---- what loops say ---- */

static struct span naive(struct span file, const struct tensor_info *t, const struct tensor_slice *s)
{
	uint64_t n = 1, i, k, index[TENSOR_RANK_MAX] = { 0 };
	size_t size = t->bits / 8, unit = t->dtype == TENSOR_C64 ? size / 2 : size, b;
	uint8_t *out;
	unsigned d;

	for (d = 0; d < t->rank; d++)
		n *= s->dim[d].count;
	out = malloc(n * size + 1);
	for (i = 0; i < n; i++) {
		uint64_t at = 0;

		for (d = 0; d < t->rank; d++) {
			unsigned axis = t->column_order ? t->rank - 1 - d : d;

			at = at * t->shape[axis] + s->dim[axis].start + (uint64_t)(s->dim[axis].step * (int64_t)index[axis]);
		}
		for (b = 0; b < size; b++)
			out[i * size + b] = file.p[t->off + at * size +
						   (t->big_endian ? b / unit * unit + unit - 1 - b % unit : b)];
		for (d = t->rank; d-- > 0;) {
			if (++index[d] < s->dim[d].count)
				break;
			index[d] = 0;
		}
	}
	k = n * size;
	return span_of(out, k);
}

static int gathered(struct tensor_in *in, const struct tensor_info *t, const struct tensor_slice *s, uint64_t off,
		    uint64_t len, struct buf *out)
{
	struct sink_buf sink;
	struct gather g = { .in = in, .base = t->off, .out = &sink.sink };

	buf_reset(out);
	sink_buf_start(&sink, out);
	return gather_cat(&g, t, s, off, len);
}

/* ---- arrays and slices of any kind ---- */

static const enum tensor_dtype types[] = { TENSOR_U8, TENSOR_BF16, TENSOR_F32, TENSOR_F64, TENSOR_C64, TENSOR_C128 };

static void some_tensor(struct tensor_info *t, uint64_t most)
{
	unsigned d;

	memset(t, 0, sizeof *t);
	t->rank = (unsigned)some(6);
	t->dtype = types[some(sizeof types / sizeof *types)];
	t->bits = t->dtype == TENSOR_U8 ? 8 : t->dtype == TENSOR_BF16 ? 16 : t->dtype == TENSOR_F32 ? 32 :
		  t->dtype == TENSOR_C128 ? 128 : 64;
	t->n = 1;
	for (d = 0; d < t->rank; d++) {
		t->shape[d] = 1 + some(some(4) == 0 ? 200 : 9);
		if (t->n * t->shape[d] > most)
			t->shape[d] = 1;
		t->n *= t->shape[d];
	}
	t->off = some(3) ? some(100) : 0;
	t->column_order = some(2) && t->rank > 1;
	t->big_endian = some(2) && t->dtype != TENSOR_C128;
	t->packed = t->len = t->n * t->bits / 8;
}

static void some_slice(struct tensor_slice *s, const struct tensor_info *t)
{
	unsigned d;

	s->rank = t->rank;
	for (d = 0; d < t->rank; d++) {
		uint64_t size = t->shape[d];
		struct slice_dim *k = &s->dim[d];

		*k = (struct slice_dim){ .count = size, .step = 1 };
		if (some(3) == 0)
			continue;
		k->start = some(size);
		k->step = (int64_t)(some(3) ? 1 : 1 + some(5));
		if (some(3) == 0)
			k->step = -k->step;
		k->count = (k->step > 0 ? (size - 1 - k->start) / (uint64_t)k->step : k->start / (uint64_t)-k->step) + 1;
		k->count = 1 + some(k->count);
		if (some(60) == 0)
			k->count = 0;
		if (k->count == 1 && some(2))
			k->gone = 1;
	}
}

static int as_naive(struct tensor_in *in, struct span file, const struct tensor_info *t, const struct tensor_slice *s)
{
	struct span want = naive(file, t, s);
	struct buf out = BUF_INIT(1 << 27);
	uint64_t off = 0, len = UINT64_MAX;
	int ok = gathered(in, t, s, 0, UINT64_MAX, &out) == 0 && span_equal(buf_span(&out), want);

	if (ok && want.len) {
		off = some(want.len + 3);
		len = some(want.len + 3);
		ok = gathered(in, t, s, off, len, &out) == 0;
		if (off > want.len)
			off = want.len;
		ok = ok && span_equal(buf_span(&out),
				      span_of(want.p + off, (size_t)(len < want.len - off ? len : want.len - off)));
	}
	if (!ok) {
		unsigned d;

		printf("# %s, rank %u, %s%s, off %" PRIu64 " len %" PRIu64 ":", err_text(), t->rank,
		       t->column_order ? "columns " : "", t->big_endian ? "big " : "", off, len);
		for (d = 0; d < t->rank; d++)
			printf(" %" PRIu64 "[%" PRIu64 "+%" PRIu64 "*%" PRId64 "]", t->shape[d], s->dim[d].start,
			       s->dim[d].count, s->dim[d].step);
		printf("\n");
	}
	free((void *)(uintptr_t)want.p);
	buf_clear(&out);
	return ok;
}

static void slices_of_files_in_memory(void)
{
	struct span bytes = make_bytes("tensor", 1 << 20);
	int i, bad = 0;

	for (i = 0; i < 20000 && bad < 5; i++) {
		struct tensor_info t;
		struct tensor_slice s;
		struct fake f;

		some_tensor(&t, some(10) ? 400 : 60000);
		some_slice(&s, &t);
		/* the file ends with the tensor: what is read beyond it is outside */
		f = fake_of(span_of(bytes.p, (size_t)(t.off + t.len)),
			    (size_t[]){ 0, 64, 4096, 1 << 20 }[some(4)]);
		f.lies = (int)some(4);
		if (!as_naive(&f.in, f.bytes, &t, &s))
			bad++;
	}
	CHECK(bad == 0);
}

/* now one kind of block, now the other */
static int extents_of_some(struct dag_source *s, const struct cid *cid, struct piece *p)
{
	return cid->bytes[cid->len - 1] & 1 ? 0 : memdag_extent(s, cid, p);
}

static void slices_of_files_in_a_dag(void)
{
	static const char *const shapes[] = {
		"cid-version=0 raw-leaves=no chunker=size-20000 max-links=4",
		"cid-version=1 chunker=size-17001 max-links=3", "cid-version=1 chunker=size-100"
	};
	struct span bytes = make_bytes("tensor in a dag", 400000);
	int i, k, bad = 0;

	memdag_extents(&make_dag);
	for (i = 0; i < 3; i++) {
		struct unixfs_builder *b = make_builder(shapes[i]);
		struct unixfs_node n = make_file(b, bytes, NULL);
		struct tensor_in *in = NULL;

		unixfs_builder_free(b);
		NEED(tensor_in_dag(&in, &make_dag.source, &n.cid) == 0);
		CHECK(in->size == bytes.len && strlen(in->key) > 40);
		for (k = 0; k < 1000 && bad < 5; k++) {
			struct tensor_info t;
			struct tensor_slice s;

			make_dag.source.extent = (int (*[])(struct dag_source *, const struct cid *, struct piece *)){
				memdag_extent, extents_of_some }[k / 500];
			do
				some_tensor(&t, 40000);
			while (t.off + t.len > bytes.len);
			t.off = some(bytes.len - t.len + 1);
			some_slice(&s, &t);
			bad += !as_naive(in, bytes, &t, &s);
		}
		CHECK(in->n_blocks > 0 && in->n_bytes > 0);
		tensor_in_close(in);
	}
	make_dag.source.extent = memdag_extent;
	CHECK(bad == 0);
}

static int file_of(struct span bytes)
{
	char *path = unit_kept(4096);
	int fd;

	snprintf(path, 4096, "%s/array", unit_tmpdir());
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes.p, bytes.len) != (ssize_t)bytes.len)
		abort();
	unlink(path);
	return fd;
}

static void slices_of_ordinary_files(void)
{
	struct span bytes = make_bytes("tensor", 400000);
	int fd = file_of(bytes), k, bad = 0;
	struct tensor_in *in = NULL;

	NEED(tensor_in_fd(&in, fd, "array") == 0);
	for (k = 0; k < 1000 && bad < 5; k++) {
		struct tensor_info t;
		struct tensor_slice s;

		do
			some_tensor(&t, 40000);
		while (t.off + t.len > bytes.len);
		some_slice(&s, &t);
		bad += !as_naive(in, bytes, &t, &s);
	}
	CHECK(bad == 0);
	tensor_in_close(in);
}

/* ---- deflated ---- */

static struct span deflated(struct span bytes)
{
	z_stream z = { .zalloc = NULL };
	size_t room = bytes.len + bytes.len / 8 + 1000;
	uint8_t *p = unit_kept(room);

	if (deflateInit2(&z, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	z.next_in = (uint8_t *)(uintptr_t)bytes.p;
	z.avail_in = (unsigned)bytes.len;
	z.next_out = p;
	z.avail_out = (unsigned)room;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	deflateEnd(&z);
	return span_of(p, room - z.avail_out);
}

/* the tensor as a member of an archive: 10 bytes of header before the data */
static struct tensor_info member_of(const struct tensor_info *t, struct span plain, struct span packed)
{
	struct tensor_info m = *t;

	m.off = 0;
	m.skip = (uint32_t)t->off;
	m.packed = packed.len;
	m.deflated = 1;
	m.crc = (uint32_t)crc32(0, plain.p, (unsigned)plain.len);
	return m;
}

static void slices_of_deflated_members(void)
{
	struct span bytes = make_bytes("tensor", 100000);
	int k, bad = 0;

	for (k = 0; k < 2000 && bad < 5; k++) {
		struct tensor_info t, m;
		struct tensor_in *in = NULL;
		struct span plain, packed;
		struct tensor_slice s;
		struct fake f;

		do
			some_tensor(&t, k % 10 ? 400 : 10000);
		while (t.off + t.len > bytes.len);
		some_slice(&s, &t);
		plain = span_of(bytes.p, (size_t)(t.off + t.len));
		packed = deflated(plain);
		m = member_of(&t, plain, packed);
		f = fake_of(packed, 0);
		NEED(member_in(&in, &f.in, &m) == 0);
		/* what is seen through `in` begins with the data */
		m.off = 0;
		bad += !as_naive(in, span_of(plain.p + t.off, (size_t)t.len), &m, &s);
		tensor_in_close(in);
	}
	CHECK(bad == 0);
}

static struct tensor_info rows_and_columns(uint64_t rows, uint64_t columns, int column_order)
{
	struct tensor_info t = { .dtype = TENSOR_F32, .bits = 32, .rank = 2, .shape = { rows, columns }, .n = rows * columns,
				 .column_order = (uint8_t)column_order };

	t.packed = t.len = t.n * 4;
	return t;
}

static int cat_of(struct tensor_in *in, const struct tensor_info *t, const char *text, struct sink *out)
{
	struct gather g = { .in = in, .base = t->off, .out = out };
	struct tensor_slice s;

	CHECK(tensor_slice_parse(&s, span_str(text), 0, t->rank, t->shape) == 0);
	return gather_cat(&g, t, &s, 0, UINT64_MAX);
}

static int never_read(struct tensor_in *in, uint64_t off, void *p, size_t len)
{
	(void)in;
	(void)off;
	(void)p;
	(void)len;
	return err_set(ERR_IO, "read");
}

static int never_cat(struct tensor_in *in, uint64_t off, uint64_t len, struct sink *out)
{
	(void)out;
	return never_read(in, off, NULL, (size_t)len);
}

/* what is deflated and in the wrong order is not unpacked a thousand times */
static void deflated_and_in_the_wrong_order(void)
{
	struct tensor_in in = { .size = UINT64_MAX, .read = never_read, .cat = never_cat };
	struct tensor_info t = rows_and_columns(20000, 20000, 1);
	struct sink_null sink;

	sink_null_start(&sink);
	t.deflated = 1;
	CHECK_ERR(cat_of(&in, &t, "...", &sink.sink), ERR_UNSUPPORTED);
	CHECK(strstr(err_text(), "unpacked 96 times") != NULL);
	CHECK_ERR(cat_of(&in, &t, ":5000", &sink.sink), ERR_IO);
	t.column_order = 0;
	CHECK_ERR(cat_of(&in, &t, "...", &sink.sink), ERR_IO);
	CHECK_ERR(cat_of(&in, &t, ":,5", &sink.sink), ERR_IO);
	CHECK_ERR(cat_of(&in, &t, "::-1", &sink.sink), ERR_UNSUPPORTED);
	CHECK_ERR(cat_of(&in, &t, "::-10", &sink.sink), ERR_IO);
}

static struct tensor_info of_long_elements(uint64_t rows, uint64_t columns)
{
	struct tensor_info t = { .dtype = TENSOR_OTHER, .type = span_str("|V20000"), .bits = 160000, .rank = 2,
				 .shape = { rows, columns }, .n = rows * columns, .column_order = 1 };

	t.packed = t.len = t.n * 20000;
	return t;
}

/* nor are elements that are long enough to leave by themselves */
static void deflated_and_of_long_elements(void)
{
	struct tensor_in never = { .size = UINT64_MAX, .read = never_read, .cat = never_cat }, *in = NULL;
	struct tensor_info t = of_long_elements(7, 5), m;
	struct span plain = make_bytes("long elements", (size_t)t.len), packed = deflated(plain);
	struct fake f = fake_of(packed, 0);
	struct tensor_slice s;
	struct sink_null sink;

	m = member_of(&t, plain, packed);
	NEED(member_in(&in, &f.in, &m) == 0);
	tensor_slice_all(&s, 2, m.shape);
	CHECK(as_naive(in, plain, &m, &s));
	f.in.n_bytes = 0;
	sink_null_start(&sink);
	CHECK(cat_of(in, &m, "...", &sink.sink) == 0 && sink.bytes == t.len && f.in.n_bytes <= 2 * packed.len);
	tensor_in_close(in);
	t = of_long_elements(1000, 1000);
	t.deflated = 1;
	CHECK_ERR(cat_of(&never, &t, "...", &sink.sink), ERR_UNSUPPORTED);
	CHECK_ERR(cat_of(&never, &t, ":,5", &sink.sink), ERR_IO);
}

/* ---- how much is read ---- */

static double amount(struct fake *f, const struct tensor_info *t, const char *text)
{
	struct sink_null sink;

	sink_null_start(&sink);
	f->in.n_bytes = f->calls = 0;
	CHECK(cat_of(&f->in, t, text, &sink.sink) == 0);
	return sink.bytes ? (double)f->in.n_bytes / (double)sink.bytes : -1;
}

static void no_more_is_read_than_wanted(void)
{
	struct tensor_info t = rows_and_columns(1000, 2048, 0);
	struct fake f = fake_of(make_bytes("some", (size_t)t.len), 1 << 18);

	CHECK(amount(&f, &t, ":,100:120") == 1);
	CHECK(f.calls < 1000 / 8);	/* 32 rows in a view; the fake has none now and then */
	CHECK(amount(&f, &t, "10:20") == 1 && f.calls == 1);
	CHECK(amount(&f, &t, "::100") == 1);
	CHECK(amount(&f, &t, "::-1,::-3") == 1);
	f = fake_of(f.bytes, 0);
	CHECK(amount(&f, &t, ":,100:120") == 1 && f.calls == 1000);
	CHECK(amount(&f, &t, "10:20") == 1);
	CHECK(amount(&f, &t, "::100") == 1);
	/* where there is no view, what is dense is read in spans */
	CHECK(amount(&f, &t, ":,::2") < 2.01 && f.calls < 2000);
	t.column_order = 1;
	CHECK(amount(&f, &t, "...") == 1);
	CHECK(amount(&f, &t, "100:200") == 1);
}

/* more than a block of the result: each byte once, and the right ones */
static void columns_that_become_rows(void)
{
	static const struct { uint64_t rows, columns; } of[] = {
		{ 3000, 2000 }, { 5000000, 2 }, { 2, 5000000 }, { 70000, 100 }
	};
	size_t i;

	for (i = 0; i < 4; i++) {
		struct tensor_info t = rows_and_columns(of[i].rows, of[i].columns, 1);
		struct buf out = BUF_INIT((size_t)t.len);
		uint32_t *a = malloc((size_t)t.len), *b;
		struct sink_buf sink;
		struct fake f;
		uint64_t r, c, bad = 0;

		for (r = 0; r < t.n; r++)
			a[r] = (uint32_t)r;
		sink_buf_start(&sink, &out);
		f = fake_of(span_of(a, (size_t)t.len), 0);
		CHECK(cat_of(&f.in, &t, "...", &sink.sink) == 0 && out.len == t.len);
		/* a row that does not fit into a block twice is read in spans, of which the other rows are thrown away */
		CHECK(f.in.n_bytes <= (of[i].rows == 2 ? 2 : 1) * t.len);
		b = (uint32_t *)(void *)out.data;
		for (r = 0; r < of[i].rows && out.len == t.len; r++)
			for (c = 0; c < of[i].columns; c++)
				bad += *b++ != c * of[i].rows + r;
		CHECK(bad == 0);
		free(a);
		buf_clear(&out);
	}
}

/* ---- who listens ---- */

static int heard(void *arg, uint64_t bytes)
{
	*(uint64_t *)arg += bytes;
	return 0;
}

static int no_more(void *arg, uint64_t bytes)
{
	(void)arg;
	(void)bytes;
	return err_set(ERR_INTERRUPTED, "enough");
}

static void progress_hears_every_byte(void)
{
	struct tensor_info t = rows_and_columns(1000, 2048, 0);
	static const char *const slices[] = { "...", ":,3", "::-1", ":,7:2000:3" };
	struct fake f = fake_of(make_bytes("some", (size_t)t.len), 4096);
	size_t i;

	for (i = 0; i < 8; i++) {
		uint64_t n = 0;
		struct sink_null sink;
		struct gather g = { .in = &f.in, .out = &sink.sink, .progress = heard, .arg = &n };
		struct tensor_slice s;

		t.column_order = i >= 4;
		sink_null_start(&sink);
		CHECK(tensor_slice_parse(&s, span_str(slices[i % 4]), 0, 2, t.shape) == 0);
		CHECK(gather_cat(&g, &t, &s, 5, 2001) == 0 && n == 2001 && sink.bytes == 2001);
		g = (struct gather){ .in = &f.in, .out = &sink.sink, .progress = no_more };
		CHECK_ERR(gather_cat(&g, &t, &s, 0, UINT64_MAX), ERR_INTERRUPTED);
		g = (struct gather){ .in = &f.in, .out = &sink.sink, .progress = no_more };
		CHECK(gather_cat(&g, &t, &s, UINT64_MAX, 7) == 0);
	}
}

/* what was looked at and went away is looked at again, but not for ever */
static void what_goes_away_for_ever(void)
{
	struct tensor_info t = rows_and_columns(100, 20, 0);
	struct fake f = fake_of(make_bytes("some", (size_t)t.len), 4096);
	struct sink_null sink;

	sink_null_start(&sink);
	f.lies = 1000000;
	CHECK_ERR(cat_of(&f.in, &t, ":,3", &sink.sink), ERR_CORRUPT);
	CHECK(sink.bytes == 0);
}

/* UTF-32 text and complex numbers are turned around by the character and by the part */
static void numbers_in_an_element(void)
{
	struct tensor_info t = { .dtype = TENSOR_OTHER, .type = span_str(">U2"), .bits = 64, .rank = 1, .shape = { 1 },
				 .n = 1, .len = 8, .packed = 8, .big_endian = 1 };
	struct fake f = fake_of(span_of("12345678", 8), 0);
	struct buf out = BUF_INIT(64);
	struct sink_buf sink;

	sink_buf_start(&sink, &out);
	CHECK(cat_of(&f.in, &t, "...", &sink.sink) == 0);
	CHECK_STR((char *)out.data, "43218765");
	buf_reset(&out);
	t.type = span_str(">M8[ns]");
	CHECK(cat_of(&f.in, &t, "...", &sink.sink) == 0);
	CHECK_STR((char *)out.data, "87654321");
	t.type = span_str(">c24");
	t.bits = 192;
	CHECK_ERR(cat_of(&f.in, &t, "...", &sink.sink), ERR_UNSUPPORTED);
	buf_clear(&out);
}

int main(void)
{
	RUN(slices_of_files_in_memory);
	RUN(slices_of_files_in_a_dag);
	RUN(slices_of_ordinary_files);
	RUN(slices_of_deflated_members);
	RUN(deflated_and_in_the_wrong_order);
	RUN(deflated_and_of_long_elements);
	RUN(no_more_is_read_than_wanted);
	RUN(columns_that_become_rows);
	RUN(progress_hears_every_byte);
	RUN(what_goes_away_for_ever);
	RUN(numbers_in_an_element);
	return UNIT_END();
}
