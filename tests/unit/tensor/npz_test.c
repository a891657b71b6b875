/* npz_test.c - archives of arrays as NumPy writes them, and what lies in them */
#include "tensor/zip_priv.h"
#include "opened.h"

/* the bytes of a tensor as the file has them */
static int data_of(struct tensor_set *set, const struct tensor_info *t, struct buf *out)
{
	struct tensor_in *in;
	struct member *m;
	int rc = tensor_part(set, t->part, &in);

	buf_reset(out);
	if (rc < 0 || buf_reserve(out, (size_t)t->len) < 0)
		return -1;
	out->len = (size_t)t->len;
	if (!t->deflated)
		return in->read(in, t->off, out->data, out->len);
	rc = member_open(&m, in, t);
	if (rc == 0)
		rc = member_read(m, out->data, out->len);
	if (rc == 0)
		CHECK(member_at(m) == t->len);
	member_close(m);
	return rc;
}

static const struct { const char *name, *type, *hex; unsigned rank; uint64_t shape[2]; int column_order; } arrays[] = {
	{ "a", "<f4", "000000000000803f0000004000004040000080400000a040", 2, { 2, 3 }, 0 },
	{ "b", ">i4", "000000000000000300000001000000040000000200000005", 2, { 2, 3 }, 1 },
	{ "dir/x", "<U2", "61000000000000006200000063000000", 1, { 2 }, 0 },
	{ "empty", "<f8", "", 2, { 0, 4 }, 0 },
	{ "scalar", "<i8", "0700000000000000", 0, { 0 }, 0 },
	{ "\xc3\xa9", "|u1", "010203", 1, { 3 }, 0 },
};
enum { N_ARRAYS = sizeof arrays / sizeof *arrays };

static void holds_the_arrays(const char *file, size_t more)
{
	struct buf b = BUF_INIT(100000);
	struct tensor_set *set;
	struct tensor_info t;
	size_t i;

	NEED(opened(&set, vector_read(file)) == 0);
	CHECK(tensor_set_kind(set) == TENSOR_NPZ && tensor_count(set) == N_ARRAYS + more);
	for (i = 0; i < N_ARRAYS; i++) {
		CHECK(tensor_find(set, span_str(arrays[i].name), &t) == 0);
		CHECK(span_equal(t.type, span_str(arrays[i].type)) && t.column_order == arrays[i].column_order);
		CHECK(t.rank == arrays[i].rank && !memcmp(t.shape, arrays[i].shape, t.rank * sizeof *t.shape));
		CHECK(data_of(set, &t, &b) == 0 && span_equal(buf_span(&b), unit_hex(arrays[i].hex)));
	}
	buf_clear(&b);
	tensor_close(set);
	CHECK(!memin_beyond);
}

static void archives_of_numpy(void)
{
	holds_the_arrays("npz/stored.npz", 0);
	holds_the_arrays("npz/deflated.npz", 1);
	holds_the_arrays("npz/streamed.npz", 0);
}

/* a deflated member is not unpacked from its beginning for each part of it */
static void parts_go_on(void)
{
	uint64_t blocks, first = 0, bytes, off;
	struct buf b = BUF_INIT(1000);
	struct tensor_slice all;
	struct tensor_set *set;
	struct tensor_info t;
	struct sink_buf out;

	NEED(opened(&set, vector_read("npz/deflated.npz")) == 0);
	NEED(tensor_find(set, span_str("a"), &t) == 0 && t.deflated);
	tensor_slice_all(&all, t.rank, t.shape);
	sink_buf_start(&out, &b);
	for (off = 0; off < t.len; off += 4) {
		CHECK(tensor_cat(set, &t, &all, off, 4, &out.sink, NULL, NULL) == 0);
		tensor_opened(set, &blocks, &bytes);
		first = off ? first : bytes;
		CHECK(bytes == first);
	}
	CHECK(span_equal(buf_span(&b), unit_hex(arrays[0].hex)));
	buf_reset(&b);
	CHECK(tensor_cat(set, &t, &all, 0, UINT64_MAX, &out.sink, NULL, NULL) == 0);
	CHECK(span_equal(buf_span(&b), unit_hex(arrays[0].hex)));
	tensor_opened(set, &blocks, &bytes);
	CHECK(bytes > first);
	buf_clear(&b);
	tensor_close(set);
}

static void nothing_is_an_archive_too(void)
{
	struct tensor_set *set;
	struct tensor_info t;

	NEED(opened(&set, vector_read("npz/none.npz")) == 0);
	CHECK(tensor_count(set) == 0);
	CHECK_ERR(tensor_find(set, span_str(""), &t), ERR_NOTFOUND);
	tensor_close(set);
}

static void long_forms(void)
{
	struct buf b = BUF_INIT(100);
	struct tensor_set *set;
	struct tensor_info t;

	NEED(opened(&set, vector_read("npz/zip64.npz")) == 0);
	CHECK(tensor_find(set, span_str("a"), &t) == 0 && data_of(set, &t, &b) == 0);
	CHECK(span_equal(buf_span(&b), unit_hex(arrays[0].hex)));
	buf_clear(&b);
	tensor_close(set);
}

static void python_objects_are_left_out(void)
{
	struct tensor_set *set;
	struct tensor_info t;

	NEED(opened(&set, vector_read("npz/objects.npz")) == 0);
	CHECK(tensor_count(set) == 1 && tensor_find(set, span_str("a"), &t) == 0);
	CHECK_ERR(tensor_find(set, span_str("o"), &t), ERR_NOTFOUND);
	tensor_close(set);
}

static void what_is_not_read_says_so(void)
{
	struct vector v = vector_read("npz/stored.npz");
	size_t entry = vector_find(v, "PK\1\2", 4, 0);

	refuses(vector_read("npz/bzip2.npz"), ERR_UNSUPPORTED, "member 'a.npy': it is packed by method 12");
	vector_put(v, entry + 8, 1, 2);
	refuses(v, ERR_UNSUPPORTED, "member 'a.npy': it is encrypted");
}

/* of an entry of the directory and of the member's own head: offsets from "PK" of what is wrong */
static void heads_that_lie_are_refused(void)
{
	static const struct { int local; size_t off; int bytes; uint64_t value; const char *words; } lies[] = {
		{ 0, 10, 2, 8, "" },				/* deflated, when it is not */
		{ 0, 16, 4, 0x12345678, "another checksum" },
		{ 0, 20, 4, 151, "another length" },
		{ 0, 24, 4, 151, "another length" },
		{ 0, 42, 4, 1, "no member where" }, { 0, 42, 4, 0xfffffff0, "begins outside" },
		{ 0, 28, 2, 0xffff, "" }, { 0, 30, 2, 0xffff, "" }, { 0, 32, 2, 0xffff, "" },
		{ 0, 46, 1, 'z', "another name" },
		{ 1, 0, 4, 0, "no member where" }, { 1, 8, 2, 8, "another than its entry" },
		{ 1, 6, 2, 1, "another than its entry" }, { 1, 14, 4, 1, "another checksum" },
		{ 1, 22, 4, 151, "another length" }, { 1, 18, 4, 151, "another length" },
		{ 1, 26, 2, 6, "another than its entry" }, { 1, 28, 2, 0xffff, "outside" },
		{ 1, 30, 1, 'z', "another name" },
	};
	size_t i;

	for (i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct vector v = vector_read("npz/stored.npz");
		size_t entry = vector_find(v, "PK\1\2", 4, 1), local = (size_t)vector_get(v, entry + 42, 4);

		vector_put(v, (lies[i].local ? local : entry) + lies[i].off, lies[i].value, lies[i].bytes);
		if (lies[i].off == 20 || lies[i].off == 24)	/* both, or it were no stored member */
			vector_put(v, entry + 44 - lies[i].off, lies[i].value, lies[i].bytes);
		refuses(v, ERR_INVALID, lies[i].words);
	}
}

static void ends_that_lie_are_refused(void)
{
	static const struct { size_t off; int bytes; uint64_t value; const char *words; } lies[] = {
		{ 4, 2, 1, "disk" }, { 8, 2, 5, "disk" }, { 10, 2, 5, "disk" }, { 12, 4, 300, "not where it should be" },
		{ 16, 4, 3, "not where it should be" }, { 20, 2, 1, "no end" }, { 0, 1, 'Q', "no end" },
	};
	struct vector v;
	size_t i, end;

	for (i = 0; i < sizeof lies / sizeof *lies; i++) {
		v = vector_read("npz/stored.npz");
		end = vector_find(v, "PK\5\6", 4, 0);
		vector_put(v, end + lies[i].off, lies[i].value, lies[i].bytes);
		refuses(v, ERR_INVALID, lies[i].words);
	}
	v = vector_read("npz/stored.npz");
	end = vector_find(v, "PK\5\6", 4, 0);
	vector_put(v, end + 8, 5, 2);
	vector_put(v, end + 10, 5, 2);
	refuses(v, ERR_INVALID, "bytes behind the last");
	vector_put(v, end + 8, 7, 2);
	vector_put(v, end + 10, 7, 2);
	refuses(v, ERR_INVALID, "");
}

static void long_ends_that_lie_are_refused(void)
{
	static const struct { size_t off; int bytes; } lies[] = {
		{ 0, 1 }, { 4, 8 }, { 16, 4 }, { 20, 4 }, { 24, 8 }, { 32, 8 }, { 40, 8 }, { 48, 8 }, { 56, 1 }, { 64, 8 },
	};
	size_t i, j;
	static const uint64_t values[] = { 0xff, 2, UINT64_MAX, INT64_MAX };

	for (i = 0; i < sizeof lies / sizeof *lies; i++)
		for (j = 0; j < 4; j++) {
			struct vector v = vector_read("npz/zip64.npz");
			size_t at = vector_find(v, "PK\6\6", 4, 0);

			vector_put(v, at + lies[i].off, values[j], lies[i].bytes);
			refuses(v, ERR_INVALID, "");
		}
}

/* Two entries for one member: a small file must not have more data than bytes. */
static void members_do_not_overlap(void)
{
	struct vector v = vector_read("npz/stored.npz");
	size_t a = vector_find(v, "a.npy", 5, 1), b = vector_find(v, "b.npy", 5, 1), first = vector_find(v, "PK\1\2", 4, 0);
	size_t second = vector_find(v, "PK\1\2", 4, 1), own;

	/* b inside of a's data: a's own bytes are made a member by hand */
	own = (size_t)vector_get(v, second + 42, 4);
	CHECK(a == first + 46 && b == second + 46 && own);
	vector_put(v, first + 20, vector_get(v, first + 20, 4) + 180, 4);
	vector_put(v, first + 24, vector_get(v, first + 24, 4) + 180, 4);
	vector_put(v, 18, UINT32_MAX, 4);
	vector_put(v, 22, UINT32_MAX, 4);
	vector_put(v, 30 + 5 + 4, vector_get(v, first + 24, 4), 8);
	vector_put(v, 30 + 5 + 12, vector_get(v, first + 24, 4), 8);
	refuses(v, ERR_INVALID, "bytes behind the array");

	/* the same entry twice: b becomes a second a */
	v = vector_read("npz/stored.npz");
	memcpy(v.p + second, v.p + first, 46 + 5);
	refuses(v, ERR_INVALID, "begins within another one");
}

static void names_are_text(void)
{
	struct tensor_set *set;
	struct vector v = vector_read("npz/stored.npz");
	size_t entry = vector_find(v, "PK\1\2", 4, 0);

	v.p[entry + 46] = v.p[30] = 0;
	refuses(v, ERR_INVALID, "no text");
	v.p[entry + 46] = v.p[30] = 0xff;
	refuses(v, ERR_INVALID, "no text");
	v.p[entry + 46] = v.p[30] = 'b';
	refuses(v, ERR_INVALID, "DuplicateKey: ");
	v.p[entry + 50] = v.p[34] = 'x';		/* b.npx is nothing to us */
	NEED(opened(&set, v) == 0);
	CHECK(tensor_count(set) == N_ARRAYS - 1);
	tensor_close(set);
}

static void every_cut_of_an_archive_is_seen(void)
{
	static const char *const files[] = { "npz/stored.npz", "npz/deflated.npz", "npz/zip64.npz" };
	size_t i, n;

	for (i = 0; i < 3; i++) {
		struct vector v = vector_read(files[i]), less = v;

		for (n = 4; n < v.len; n++) {
			less.len = n;
			refuses(less, ERR_INVALID, "");
		}
	}
}

/* A deflated member: every flip of its bytes is seen, when it is opened or when it is read; but for bits behind the end of
 * the stream, which mean nothing. */
static void flips_in_a_deflated_member_are_seen(void)
{
	struct vector v = vector_read("npz/deflated.npz");
	struct buf b = BUF_INIT(100000);
	struct tensor_set *set;
	struct tensor_info t;
	size_t i, from, to;

	NEED(opened(&set, v) == 0);
	NEED(tensor_find(set, span_str("a"), &t) == 0);
	from = (size_t)t.off;
	to = from + (size_t)t.packed;
	tensor_close(set);
	for (i = from; i < to; i++) {
		int rc;

		v.p[i] ^= 0x10;
		rc = opened(&set, v);
		if (rc == 0)
			rc = tensor_find(set, span_str("a"), &t);
		if (rc == 0)
			rc = data_of(set, &t, &b);
		CHECK(rc == ERR_INVALID || (rc == 0 && i == to - 1 && span_equal(buf_span(&b), unit_hex(arrays[0].hex))));
		tensor_close(set);
		v.p[i] ^= 0x10;
	}
	buf_clear(&b);
}

static void lengths_that_cannot_be_are_refused(void)
{
	struct vector v = vector_read("npz/deflated.npz");
	size_t entry = vector_find(v, "PK\1\2", 4, 0);

	vector_put(v, entry + 24, 0x7fffffff, 4);
	refuses(v, ERR_INVALID, "cannot be packed");
}

int main(void)
{
	RUN(archives_of_numpy);
	RUN(parts_go_on);
	RUN(nothing_is_an_archive_too);
	RUN(long_forms);
	RUN(python_objects_are_left_out);
	RUN(what_is_not_read_says_so);
	RUN(heads_that_lie_are_refused);
	RUN(ends_that_lie_are_refused);
	RUN(long_ends_that_lie_are_refused);
	RUN(members_do_not_overlap);
	RUN(names_are_text);
	RUN(every_cut_of_an_archive_is_seen);
	RUN(flips_in_a_deflated_member_are_seen);
	RUN(lengths_that_cannot_be_are_refused);
	return UNIT_END();
}
