/* gguf_test.c - GGUF files: their keys as text, their tensors, and lies of either */
#include "tensor/gguf_priv.h"
#include "opened.h"

static const struct expected {
	const char *name, *type;
	enum tensor_dtype dtype;
	unsigned bits, rank;
	uint64_t shape[3], len, off;
} tensors[] = {
	{ "blk.0.w", "F32", TENSOR_F32, 32, 2, { 3, 4 }, 48, 1056 },
	{ "brain", "BF16", TENSOR_BF16, 16, 2, { 2, 3 }, 12, 1408 },
	{ "f64", "F64", TENSOR_F64, 64, 1, { 3 }, 24, 1440 },
	{ "half", "F16", TENSOR_F16, 16, 1, { 5 }, 10, 1120 },
	{ "ints", "I32", TENSOR_I32, 32, 3, { 2, 2, 2 }, 32, 1152 },
	{ "q4", "Q4_0", TENSOR_OTHER, 0, 2, { 2, 32 }, 36, 1344 },
	{ "q8", "Q8_0", TENSOR_OTHER, 0, 2, { 2, 64 }, 136, 1184 },
};
enum { N_TENSORS = sizeof tensors / sizeof *tensors };

static void tensors_of_a_file(void)
{
	struct tensor_set *set;
	struct tensor_info t;
	size_t i;

	NEED(opened(&set, vector_read("gguf/sample.gguf")) == 0);
	CHECK(tensor_set_kind(set) == TENSOR_GGUF && tensor_count(set) == N_TENSORS);
	for (i = 0; i < N_TENSORS; i++) {
		const struct expected *e = &tensors[i];

		CHECK(tensor_get(set, i, &t) == 0);
		CHECK(span_equal(t.name, span_str(e->name)) && span_equal(t.type, span_str(e->type)));
		CHECK(t.dtype == e->dtype && t.bits == e->bits && t.rank == e->rank && t.len == e->len && t.off == e->off);
		CHECK(!memcmp(t.shape, e->shape, t.rank * sizeof *t.shape));
	}
	tensor_close(set);
	CHECK(!memin_beyond);
}

static void versions_and_alignments(void)
{
	static const char *const files[] = { "gguf/align64.gguf", "gguf/v2.gguf" };
	struct tensor_set *set;
	struct tensor_info t;
	size_t i;

	for (i = 0; i < 2; i++) {
		NEED(opened(&set, vector_read(files[i])) == 0);
		CHECK(tensor_find(set, span_str("q4"), &t) == 0 && t.off == 832);
		tensor_close(set);
	}
	NEED(opened(&set, vector_read("gguf/none.gguf")) == 0);
	CHECK(tensor_count(set) == 0);
	tensor_close(set);
}

/* ---- keys ---- */

static int text_add(void *arg, struct span key, struct span value)
{
	struct buf *b = arg;

	CHECK(buf_add(b, key) == 0 && buf_str(b, "=") == 0 && buf_add(b, value) == 0 && buf_str(b, "|") == 0);
	return 0;
}

static void keys_as_text(void)
{
	struct buf b = BUF_INIT(10000);
	struct tensor_set *set;

	NEED(opened(&set, vector_read("gguf/none.gguf")) == 0);
	CHECK(tensor_meta(set, text_add, &b) == 0);
	CHECK_STR((char *)b.data, "general.architecture=llama|t.u8=200|t.i8=-5|t.u16=60000|t.i16=-300|t.u32=4000000000|"
		  "t.i32=-7|t.f32=1.1|t.bool=true|t.string=h\xc3\xa9llo\n\"x\"|t.u64=9223372036854775809|"
		  "t.i64=-4611686018427387904|t.f64=0.1|t.strings=[\"tok0\", \"tok1\", \"tok2\", \"tok3\", \"tok4\", \"tok5\", "
		  "\"tok6\", \"tok7\", ... 20 in all]|t.ints=[1, 2, 3]|t.floats=[0.5, 0.00001]|t.bools=[true, false]|");
	buf_clear(&b);
	tensor_close(set);
}

static int stop(void *arg, struct span key, struct span value)
{
	(void)key;
	(void)value;
	return ++*(int *)arg == 3 ? 17 : 0;
}

static void who_hears_keys_may_stop(void)
{
	struct tensor_set *set;
	int n = 0;

	NEED(opened(&set, vector_read("gguf/none.gguf")) == 0);
	CHECK(tensor_meta(set, stop, &n) == 17 && n == 3);
	tensor_close(set);
}

/* ---- files by hand ---- */

struct made {
	struct buf b;
	uint64_t n_keys, n_tensors;
};

static void str(struct made *m, const char *s)
{
	buf_le64(&m->b, strlen(s));
	buf_str(&m->b, s);
}

static void start(struct made *m)
{
	*m = (struct made){ .b = BUF_INIT(1 << 20) };
	buf_str(&m->b, "GGUF");
	buf_le32(&m->b, 3);
	buf_le64(&m->b, 0);
	buf_le64(&m->b, 0);
}

static void key(struct made *m, const char *name, uint32_t type)
{
	str(m, name);
	buf_le32(&m->b, type);
	m->n_keys++;
}

static void tensor(struct made *m, const char *name, uint32_t type, unsigned rank, const uint64_t *dim, uint64_t off)
{
	unsigned i;

	str(m, name);
	buf_le32(&m->b, rank);
	for (i = 0; i < rank; i++)
		buf_le64(&m->b, dim[i]);
	buf_le32(&m->b, type);
	buf_le64(&m->b, off);
	m->n_tensors++;
}

/* with so many bytes of data */
static struct vector done(struct made *m, size_t data)
{
	struct vector v;

	while (data && m->b.len % 32)
		buf_u8(&m->b, 0);
	while (data--)
		buf_u8(&m->b, 0);
	v = (struct vector){ unit_kept(m->b.len), m->b.len };
	memcpy(v.p, m->b.data, m->b.len);
	vector_put(v, 8, m->n_tensors, 8);
	vector_put(v, 16, m->n_keys, 8);
	buf_clear(&m->b);
	return v;
}

static void other_versions_are_refused(void)
{
	struct made m;
	struct vector v;

	start(&m);
	v = done(&m, 0);
	vector_put(v, 4, 1, 4);
	refuses(v, ERR_UNSUPPORTED, "version 1");
	vector_put(v, 4, 4, 4);
	refuses(v, ERR_INVALID, "InvalidHeader: version 4");
	vector_put(v, 4, 0, 4);
	refuses(v, ERR_INVALID, "InvalidHeader: version 0");
	vector_put(v, 4, UINT32_C(3) << 24, 4);
	refuses(v, ERR_UNSUPPORTED, "big-endian");
}

static void counts_are_held_against_the_file(void)
{
	struct made m;
	struct vector v;

	start(&m);
	v = done(&m, 100);
	vector_put(v, 8, UINT64_MAX, 8);
	refuses(v, ERR_INVALID, "InvalidHeaderLength: ");
	vector_put(v, 8, 0, 8);
	vector_put(v, 16, UINT64_MAX / 14, 8);
	refuses(v, ERR_INVALID, "InvalidHeaderLength: ");
}

static void keys_that_lie_are_refused(void)
{
	struct made m;
	struct vector v;
	int i;

	start(&m);
	key(&m, "k", GGUF_VALUES);
	refuses(done(&m, 50), ERR_INVALID, "no type that is known");
	start(&m);
	key(&m, "", GGUF_U8);
	refuses(done(&m, 50), ERR_INVALID, "an empty or endless key");
	start(&m);
	key(&m, "\xff", GGUF_U8);
	refuses(done(&m, 50), ERR_INVALID, "not UTF-8");
	start(&m);
	key(&m, "k", GGUF_BOOL);
	buf_u8(&m.b, 2);
	refuses(done(&m, 50), ERR_INVALID, "InvalidHeaderDeserialization: key 'k': a truth");
	start(&m);
	for (i = 0; i < 2; i++) {
		key(&m, "k", GGUF_U8);
		buf_u8(&m.b, 1);
	}
	refuses(done(&m, 50), ERR_INVALID, "DuplicateKey: two keys 'k'");
	start(&m);
	key(&m, "k", GGUF_STRING);
	buf_le64(&m.b, UINT64_MAX - 3);
	refuses(done(&m, 50), ERR_INVALID, "InvalidHeaderLength: key 'k'");
	start(&m);
	key(&m, "k", GGUF_ARRAY);
	buf_le32(&m.b, GGUF_U64);
	buf_le64(&m.b, UINT64_C(1) << 61);
	refuses(done(&m, 50), ERR_INVALID, "without end");
	start(&m);
	key(&m, "k", GGUF_ARRAY);
	buf_le32(&m.b, GGUF_STRING);
	buf_le64(&m.b, UINT64_MAX);
	v = done(&m, 500);
	refuses(v, ERR_INVALID, "InvalidHeaderLength: key 'k'");
	start(&m);
	key(&m, "k", GGUF_ARRAY);
	buf_le32(&m.b, GGUF_VALUES);
	buf_le64(&m.b, 0);
	refuses(done(&m, 50), ERR_INVALID, "no type that is known");
}

/* in each array another one; *deep of them are all that is read */
static void arrays_in_arrays(void)
{
	struct buf b = BUF_INIT(1000);
	struct tensor_set *set;
	struct made m;
	int i, deep;

	for (deep = GGUF_DEPTH_MAX; deep <= GGUF_DEPTH_MAX + 1; deep++) {
		start(&m);
		key(&m, "k", GGUF_ARRAY);
		for (i = 1; i < deep; i++) {
			buf_le32(&m.b, GGUF_ARRAY);
			buf_le64(&m.b, 1);
		}
		buf_le32(&m.b, GGUF_U8);
		buf_le64(&m.b, 2);
		buf_u8(&m.b, 1);
		buf_u8(&m.b, 2);
		if (deep > GGUF_DEPTH_MAX) {
			refuses(done(&m, 50), ERR_INVALID, "arrays in arrays without end");
			break;
		}
		NEED(opened(&set, done(&m, 50)) == 0);
		CHECK(tensor_meta(set, text_add, &b) == 0);
		CHECK_STR((char *)b.data, "k=[[[...]]]|");
		tensor_close(set);
	}
	buf_clear(&b);
}

static void long_strings_are_cut(void)
{
	struct buf b = BUF_INIT(1 << 20);
	struct tensor_set *set;
	struct made m;
	int i;

	start(&m);
	key(&m, "k", GGUF_STRING);
	buf_le64(&m.b, GGUF_TEXT_MAX + 100);
	buf_u8(&m.b, 'x');
	for (i = 0; i < GGUF_TEXT_MAX / 2 + 49; i++)
		buf_str(&m.b, "\xc3\xa9");
	buf_u8(&m.b, 'x');
	key(&m, "l", GGUF_ARRAY);
	buf_le32(&m.b, GGUF_STRING);
	buf_le64(&m.b, 1);
	buf_le64(&m.b, GGUF_ITEM_MAX + 1);
	for (i = 0; i < GGUF_ITEM_MAX + 1; i++)
		buf_u8(&m.b, '"');
	NEED(opened(&set, done(&m, 0)) == 0);
	CHECK(tensor_meta(set, text_add, &b) == 0);
	CHECK(b.len == 2 + GGUF_TEXT_MAX - 1 + 3 + 1 + 2 + 4 + 2 * GGUF_ITEM_MAX + 3 + 1);
	CHECK(!memcmp(b.data + 2 + GGUF_TEXT_MAX - 3, "\xc3\xa9...|l=[\"\\\"", 11));
	buf_clear(&b);
	tensor_close(set);
}

static void alignments_that_are_none(void)
{
	static const struct { uint32_t type, value; const char *words; } cases[] = {
		{ GGUF_U32, 0, "power of 2" }, { GGUF_U32, 33, "power of 2" }, { GGUF_I32, 32, "no UINT32" },
	};
	struct made m;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		start(&m);
		key(&m, "general.alignment", cases[i].type);
		buf_le32(&m.b, cases[i].value);
		refuses(done(&m, 50), ERR_INVALID, cases[i].words);
	}
}

/* ---- tensors ---- */

static void tensors_that_lie_are_refused(void)
{
	static const struct { uint32_t type, rank; uint64_t dim[5], off; const char *words; } cases[] = {
		{ 0, 1, { 4 }, 16, "InvalidOffset: tensor 't': it begins at 16" },
		{ 0, 1, { 4 }, 64, "MetadataIncompleteBuffer: tensor 't' ends 16 bytes behind the file" },
		{ 0, 1, { 17 }, 0, "MetadataIncompleteBuffer: " },
		{ 0, 1, { 4 }, UINT64_MAX - 31, "InvalidOffset: " },
		{ 0, 5, { 1, 1, 1, 1, 1 }, 0, "5 dimensions" }, { 0, UINT32_MAX, { 1 }, 0, "4294967295 dimensions" },
		{ 4, 1, { 4 }, 0, "4 is no type of ggml" }, { 43, 1, { 4 }, 0, "43 is no type" }, { UINT32_MAX, 0, { 0 }, 0, "no type" },
		{ 12, 2, { 128, 2 }, 0, "TensorInvalidInfo: tensor 't': rows of type Q4_K" }, { 8, 0, { 0 }, 0, "rows of type Q8_0" },
		{ 0, 2, { UINT64_C(1) << 32, UINT64_C(1) << 32 }, 0, "ValidationOverflow: " },
		{ 0, 3, { UINT64_C(1) << 32, UINT64_C(1) << 32, 0 }, 0, "ValidationOverflow: " },
		{ 12, 1, { UINT64_C(1) << 63 }, 0, "ValidationOverflow: " }, { 1, 1, { UINT64_C(1) << 62 }, 0, "ValidationOverflow: " },
	};
	struct made m;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		start(&m);
		tensor(&m, "t", cases[i].type, cases[i].rank < 5 ? cases[i].rank : 5, cases[i].dim, cases[i].off);
		if (cases[i].rank > 5)
			vector_put((struct vector){ m.b.data, m.b.len }, 24 + 9, cases[i].rank, 4);
		refuses(done(&m, 64), ERR_INVALID, cases[i].words);
	}
}

static void tensors_do_not_overlap(void)
{
	static const uint64_t four[] = { 4 }, nine[] = { 9 }, none[] = { 0 };
	struct tensor_set *set;
	struct tensor_info t;
	struct made m;

	start(&m);
	tensor(&m, "b", 0, 1, four, 32);
	tensor(&m, "a", 0, 1, nine, 0);
	refuses(done(&m, 64), ERR_INVALID, "InvalidOffset: tensor 'b' begins within another one");
	start(&m);
	tensor(&m, "a", 0, 1, four, 0);
	tensor(&m, "a", 0, 1, four, 32);
	refuses(done(&m, 64), ERR_INVALID, "DuplicateKey: ");
	start(&m);				/* in any order, with a gap, and nothing at one place with something */
	tensor(&m, "b", 0, 1, four, 64);
	tensor(&m, "a", 0, 1, four, 0);
	tensor(&m, "c", 0, 1, none, 0);
	tensor(&m, "d", 0, 0, none, 96);
	NEED(opened(&set, done(&m, 100)) == 0);
	CHECK(tensor_find(set, span_str("c"), &t) == 0 && t.n == 0 && t.len == 0);
	CHECK(tensor_find(set, span_str("d"), &t) == 0 && t.n == 1 && t.len == 4 && t.rank == 0);
	tensor_close(set);
}

static void nothing_needs_no_data(void)
{
	static const uint64_t none[] = { 0 };
	struct tensor_set *set;
	struct tensor_info t;
	struct made m;

	start(&m);
	tensor(&m, "c", 0, 1, none, 0);
	NEED(opened(&set, done(&m, 0)) == 0);
	CHECK(tensor_find(set, span_str("c"), &t) == 0 && t.len == 0);
	tensor_close(set);
}

static void every_cut_of_a_file_is_seen(void)
{
	struct vector v = vector_read("gguf/sample.gguf"), less = v;
	struct tensor_info t;
	struct tensor_set *set;
	size_t n, end;

	NEED(opened(&set, v) == 0);
	CHECK(tensor_find(set, span_str("f64"), &t) == 0);
	end = (size_t)(t.off + t.len);
	tensor_close(set);
	for (n = 0; n < end; n++) {
		less.len = n;
		refuses(less, ERR_INVALID, "");
	}
}

/* sizes of blocks, as ggml-common.h asserts them */
static void types(void)
{
	static const struct { uint32_t type; const char *name; unsigned block, bytes; } known[] = {
		{ 0, "F32", 1, 4 }, { 1, "F16", 1, 2 }, { 2, "Q4_0", 32, 2 + 16 }, { 3, "Q4_1", 32, 4 + 16 },
		{ 6, "Q5_0", 32, 2 + 4 + 16 }, { 7, "Q5_1", 32, 4 + 4 + 16 }, { 8, "Q8_0", 32, 2 + 32 }, { 9, "Q8_1", 32, 4 + 32 },
		{ 10, "Q2_K", 256, 4 + 256 / 16 + 256 / 4 }, { 11, "Q3_K", 256, 2 + 256 / 4 + 256 / 8 + 12 },
		{ 12, "Q4_K", 256, 4 + 12 + 128 }, { 13, "Q5_K", 256, 4 + 12 + 128 + 32 }, { 14, "Q6_K", 256, 2 + 16 + 192 },
		{ 15, "Q8_K", 256, 4 + 256 + 32 }, { 16, "IQ2_XXS", 256, 2 + 64 }, { 17, "IQ2_XS", 256, 2 + 64 + 8 },
		{ 18, "IQ3_XXS", 256, 2 + 96 }, { 19, "IQ1_S", 256, 2 + 32 + 16 }, { 20, "IQ4_NL", 32, 2 + 16 },
		{ 21, "IQ3_S", 256, 2 + 13 * 8 + 4 }, { 22, "IQ2_S", 256, 2 + 64 + 16 }, { 23, "IQ4_XS", 256, 2 + 2 + 4 + 128 },
		{ 24, "I8", 1, 1 }, { 25, "I16", 1, 2 }, { 26, "I32", 1, 4 }, { 27, "I64", 1, 8 }, { 28, "F64", 1, 8 },
		{ 29, "IQ1_M", 256, 32 + 16 + 8 }, { 30, "BF16", 1, 2 }, { 34, "TQ1_0", 256, 2 + 4 + 48 }, { 35, "TQ2_0", 256, 2 + 64 },
		{ 39, "MXFP4", 32, 1 + 16 }, { 40, "NVFP4", 64, 4 + 32 }, { 41, "Q1_0", 128, 2 + 16 }, { 42, "Q2_0", 64, 2 + 16 },
	};
	const struct gguf_type *t;
	size_t i, n = 0;
	uint32_t type;

	for (i = 0; i < sizeof known / sizeof *known; i++) {
		t = gguf_type_find(known[i].type);
		NEED(t);
		CHECK_STR(t->name, known[i].name);
		CHECK(t->block == known[i].block && t->bytes == known[i].bytes);
	}
	for (type = 0; type < 1000; type++)
		n += gguf_type_find(type) != NULL;
	CHECK(n == sizeof known / sizeof *known);
}

int main(void)
{
	RUN(tensors_of_a_file);
	RUN(versions_and_alignments);
	RUN(keys_as_text);
	RUN(who_hears_keys_may_stop);
	RUN(other_versions_are_refused);
	RUN(counts_are_held_against_the_file);
	RUN(keys_that_lie_are_refused);
	RUN(arrays_in_arrays);
	RUN(long_strings_are_cut);
	RUN(alignments_that_are_none);
	RUN(tensors_that_lie_are_refused);
	RUN(tensors_do_not_overlap);
	RUN(nothing_needs_no_data);
	RUN(every_cut_of_a_file_is_seen);
	RUN(types);
	return UNIT_END();
}
