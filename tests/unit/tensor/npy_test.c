#include "tensor/npy_priv.h"
#include "memin.h"
#include "vector.h"

/* bytes that are asked for one after the other; asking for more than there are is a fault */
struct text {
	struct span left;
	int beyond;
};

static int text_read(void *arg, void *p, size_t len)
{
	struct text *t = arg;

	if (len > t->left.len) {
		t->beyond = 1;
		return err_set(ERR_IO, "read behind the end");
	}
	if (len)
		memcpy(p, t->left.p, len);
	t->left = span_of(t->left.p + len, t->left.len - len);
	return 0;
}

/* the head of these bytes; what they say is checked when data are `more` bytes longer than what is here */
static int head_of(struct npy *n, struct span file, uint64_t more)
{
	struct text t = { file, 0 };
	int rc = npy_head(n, file.len + more, text_read, &t);

	CHECK(!t.beyond || more);
	return rc;
}

static struct span file_of(const char *name)
{
	char path[100];

	snprintf(path, sizeof path, "npy/%s", name);
	return vector_span(vector_read(path));
}

/* a head of version 1 or so with this dictionary */
static struct span made(int version, const char *dict)
{
	struct buf b = BUF_INIT(200000);
	struct span s;
	size_t len = strlen(dict);

	buf_bytes(&b, "\x93NUMPY", 6);
	buf_u8(&b, (unsigned)version);
	buf_u8(&b, 0);
	if (version == 1)
		buf_le16(&b, (uint16_t)len);
	else
		buf_le32(&b, (uint32_t)len);
	buf_str(&b, dict);
	s = span_of(unit_kept(b.len + 1), b.len);
	memcpy((void *)(uintptr_t)s.p, b.data, b.len);
	buf_clear(&b);
	return s;
}

static struct span dict(int version, const char *descr, const char *order, const char *shape)
{
	char text[30000];

	snprintf(text, sizeof text, "{'descr': %s, 'fortran_order': %s, 'shape': %s, }\n", descr, order, shape);
	return made(version, text);
}

static const struct golden {
	const char *name, *type;
	enum tensor_dtype dtype;
	unsigned bits, rank;
	uint64_t shape[2], len;
	int column_order, big_endian;
} golden[] = {
	{ "V2-2-bf16.npy", "|V2", TENSOR_OTHER, 16, 1, { 2 }, 4, 0, 0 },
	{ "be-i4-2.npy", ">i4", TENSOR_I32, 32, 1, { 2 }, 8, 0, 1 },
	{ "bool-3.npy", "|b1", TENSOR_BOOL, 8, 1, { 3 }, 3, 0, 0 },
	{ "c8-1.npy", "<c8", TENSOR_C64, 64, 1, { 1 }, 8, 0, 0 },
	{ "f2-2.npy", "<f2", TENSOR_F16, 16, 1, { 2 }, 4, 0, 0 },
	{ "f4-2x3-c.npy", "<f4", TENSOR_F32, 32, 2, { 2, 3 }, 24, 0, 0 },
	{ "f4-2x3-fortran.npy", "<f4", TENSOR_F32, 32, 2, { 2, 3 }, 24, 1, 0 },
	{ "f4-2x3-v2.npy", "<f4", TENSOR_F32, 32, 2, { 2, 3 }, 24, 0, 0 },
	{ "f4-2x3-v3.npy", "<f4", TENSOR_F32, 32, 2, { 2, 3 }, 24, 0, 0 },
	{ "f4-scalar.npy", "<f4", TENSOR_F32, 32, 0, { 0 }, 4, 0, 0 },
	{ "i8-empty.npy", "<i8", TENSOR_I64, 64, 2, { 2, 0 }, 0, 0, 0 },
	{ "struct-a-i4-b-f8.npy", "[('a', '<i4'), ('b', '<f8')]", TENSOR_OTHER, 96, 1, { 1 }, 12, 0, 0 },
	{ "u1-1d-5.npy", "|u1", TENSOR_U8, 8, 1, { 5 }, 5, 0, 0 },
	{ "u2-2-bf16-bits.npy", "<u2", TENSOR_U16, 16, 1, { 2 }, 4, 0, 0 },
};

static void every_sample_is_read(void)
{
	size_t i;

	for (i = 0; i < sizeof golden / sizeof *golden; i++) {
		const struct golden *g = &golden[i];
		struct span file = file_of(g->name);
		struct npy n;

		CHECK(head_of(&n, file, 0) == 0);
		CHECK(n.info.dtype == g->dtype && n.info.bits == g->bits && n.info.rank == g->rank);
		CHECK(!memcmp(n.info.shape, g->shape, g->rank * sizeof *g->shape));
		CHECK(n.info.column_order == g->column_order && n.info.big_endian == g->big_endian && !n.object);
		CHECK(n.info.len == g->len && n.head + g->len == file.len);
		CHECK(span_equal(n.info.type, span_str(g->type)));
		npy_clear(&n);
	}
}

static void what_is_no_npy_is_refused(void)
{
	static const struct { const char *name, *class; } bad[] = {
		{ "bad-bad-descr.npy", "InvalidHeaderDeserialization: " }, { "bad-bad-magic.npy", "InvalidHeader: " },
		{ "bad-bad-version-4.npy", "InvalidHeader: " }, { "bad-extra-key.npy", "InvalidHeaderDeserialization: " },
		{ "bad-fortran-int.npy", "InvalidHeaderDeserialization: " },
		{ "bad-missing-key.npy", "InvalidHeaderDeserialization: " },
		{ "bad-negative-shape.npy", "InvalidHeaderDeserialization: " }, { "bad-no-newline.npy", "InvalidHeader: " },
		{ "bad-shape-list.npy", "InvalidHeaderDeserialization: " },
		{ "bad-truncated-data.npy", "MetadataIncompleteBuffer: " },
		{ "bad-truncated-header.npy", "InvalidHeaderLength: " },
	};
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct npy n;

		CHECK_ERR(head_of(&n, file_of(bad[i].name), 0), ERR_INVALID);
		if (strncmp(err_text(), bad[i].class, strlen(bad[i].class)))
			CHECK_STR(err_text(), bad[i].class);
		npy_clear(&n);
	}
}

static void every_cut_of_a_file_is_seen(void)
{
	struct span file = file_of("f4-2x3-fortran.npy");
	size_t i;

	for (i = 0; i < file.len; i++) {
		struct npy n;

		CHECK_ERR(head_of(&n, span_of(file.p, i), 0), ERR_INVALID);
		npy_clear(&n);
	}
}

struct type_case {
	const char *descr;
	int rc;
	enum tensor_dtype dtype;
	unsigned bits;
};

static void types(void)
{
	static const struct type_case cases[] = {
		{ "'<f4'", 0, TENSOR_F32, 32 }, { "'f4'", 0, TENSOR_F32, 32 }, { "'=f8'", 0, TENSOR_F64, 64 },
		{ "\"<i8\"", 0, TENSOR_I64, 64 }, { "'<b1'", 0, TENSOR_BOOL, 8 }, { "'>u1'", 0, TENSOR_U8, 8 },
		{ "'<c16'", 0, TENSOR_C128, 128 }, { "'<f16'", 0, TENSOR_OTHER, 128 }, { "'<U3'", 0, TENSOR_OTHER, 96 },
		{ "'|S5'", 0, TENSOR_OTHER, 40 }, { "'<M8[ns]'", 0, TENSOR_OTHER, 64 }, { "'<m8[25us]'", 0, TENSOR_OTHER, 64 },
		{ "'<M8[s/4]'", 0, TENSOR_OTHER, 64 }, { "'<M8'", 0, TENSOR_OTHER, 64 }, { "'|V0'", 0, TENSOR_OTHER, 0 },
		{ "'\\x3cf4'", 0, TENSOR_F32, 32 }, { "[]", 0, TENSOR_OTHER, 0 },
		{ "[('a', '|u1'), ('', '|V3'), ('b', '<i4', (2, 3)), (('t', 'c'), [('x', '>f2'),],),]", ERR_INVALID, 0, 0 },
		{ "[('a', '|u1'), ('', '|V3'), ('b', '<i4', (2, 3)), (('t', 'c'), [('x', '>f2'),]),]", 0, TENSOR_OTHER, 240 },
		{ "[('a', ('<i2', (4,)))]", 0, TENSOR_OTHER, 64 },
		{ "[('', '|V3'), ('', '<i2', (2,)), ('', '|V1')]", 0, TENSOR_OTHER, 64 },
		{ "[('', '<i2'), ('', '<i2')]", ERR_INVALID, 0, 0 }, { "[('a', '<i2'), ('a', '<i2')]", ERR_INVALID, 0, 0 },
		{ "[(('a', 'b'), '<i2'), ('a', '<i2')]", ERR_INVALID, 0, 0 },
		{ "('<f4', (2,))", ERR_INVALID, 0, 0 }, { "'<f3'", ERR_INVALID, 0, 0 }, { "'<f'", ERR_INVALID, 0, 0 },
		{ "'d'", ERR_INVALID, 0, 0 }, { "'<f4 '", ERR_INVALID, 0, 0 }, { "'<M8[xs]'", ERR_INVALID, 0, 0 },
		{ "'<M8[0s]'", ERR_INVALID, 0, 0 }, { "'<M8[s'", ERR_INVALID, 0, 0 }, { "'<M8[s/0]'", ERR_INVALID, 0, 0 },
		{ "'<M8[25]'", ERR_INVALID, 0, 0 }, { "'<M4[s]'", ERR_INVALID, 0, 0 }, { "''", ERR_INVALID, 0, 0 },
		{ "'|S9999999999'", ERR_INVALID, 0, 0 }, { "'<U999999999'", ERR_INVALID, 0, 0 }, { "'\\x00'", ERR_INVALID, 0, 0 },
		{ "'<f4' '<f4'", ERR_INVALID, 0, 0 }, { "'<f4", ERR_INVALID, 0, 0 }, { "b'<f4'", ERR_INVALID, 0, 0 },
		{ "[('a', '|V2000000000'), ('b', '|V2000000000')]", ERR_INVALID, 0, 0 },
		{ "[('a', '|V2', (2305843009213693952, 16))]", ERR_INVALID, 0, 0 },
		{ "[[[[]]]]", ERR_INVALID, 0, 0 }, { "[('a')]", ERR_INVALID, 0, 0 }, { "[('a',)]", ERR_INVALID, 0, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct npy n;
		int rc = head_of(&n, dict(1, cases[i].descr, "False", "(0,)"), 0);

		if (rc != cases[i].rc || (rc == 0 && (n.info.dtype != cases[i].dtype || n.info.bits != cases[i].bits)))
			printf("# %s: %d, %d of %u bits\n", cases[i].descr, rc, n.info.dtype, n.info.bits);
		CHECK(rc == cases[i].rc);
		CHECK(rc || (n.info.dtype == cases[i].dtype && n.info.bits == cases[i].bits));
		npy_clear(&n);
	}
}

static void python_objects_are_told_apart(void)
{
	struct npy n;

	CHECK(head_of(&n, dict(1, "'|O'", "False", "(3,)"), 0) == 0 && n.object);
	npy_clear(&n);
	CHECK(head_of(&n, dict(1, "[('a', '<i4'), ('b', [('c', '|O')])]", "False", "(3,)"), 0) == 0 && n.object);
	npy_clear(&n);
}

static void dictionaries(void)
{
	static const struct { const char *text; int rc; } cases[] = {
		{ "{'shape':(),'descr':'<i2','fortran_order':False}\n", 0 },
		{ " { \"shape\" : ( 2L , ) ,\n\t'descr' : '<i2' , 'fortran_order' : True , } \n", 0 },
		{ "{'shape': (1, 2), 'descr': '<i2', 'fortran_order': True, 'shape': (1, 2)}\n", ERR_INVALID },
		{ "{'shape': (1 2), 'descr': '<i2', 'fortran_order': True}\n", ERR_INVALID },
		{ "{'shape': (1, 2,), 'descr': '<i2', 'fortran_order': True}\n", 0 },
		{ "{'shape': (1, 2,,), 'descr': '<i2', 'fortran_order': True}\n", ERR_INVALID },
		{ "{'shape': (5), 'descr': '<i2', 'fortran_order': True}\n", ERR_INVALID },
		{ "{'shape': (,), 'descr': '<i2', 'fortran_order': True}\n", ERR_INVALID },
		{ "{'shape': (1.0,), 'descr': '<i2', 'fortran_order': True}\n", ERR_INVALID },
		{ "{'shape': (0x1,), 'descr': '<i2', 'fortran_order': True}\n", ERR_INVALID },
		{ "{'shape': (01,), 'descr': '<i2', 'fortran_order': True}\n", ERR_INVALID },
		{ "{'shape': (True,), 'descr': '<i2', 'fortran_order': True}\n", ERR_INVALID },
		{ "{'shape': (1+1,), 'descr': '<i2', 'fortran_order': True}\n", ERR_INVALID },
		{ "{'shape': (1,), 'descr': '<i2', 'fortran_order': Truely}\n", ERR_INVALID },
		{ "{'shape': (1,), 'descr': '<i2', 'fortran_order': None}\n", ERR_INVALID },
		{ "{'shape': (1,), 'descr': '<i2', 'fortran_order': True} #\n", ERR_INVALID },
		{ "{'shape': (1,), 'descr': '<i2', 'fortran_order': True}{}\n", ERR_INVALID },
		{ "{'shape': (1,), 'descr': '<i2', 'fortran_order': True\n", ERR_INVALID },
		{ "{'shape': (18446744073709551616,), 'descr': '<i2', 'fortran_order': True}\n", ERR_INVALID },
		{ "{'shape': (4294967296, 4294967296), 'descr': '<i2', 'fortran_order': True}\n", ERR_INVALID },
		{ "{'shape': (4294967296, 4294967296, 0), 'descr': '<i2', 'fortran_order': True}\n", ERR_INVALID },
		{ "{}\n", ERR_INVALID }, { "[]\n", ERR_INVALID }, { "\n", ERR_INVALID }, { "{,}\n", ERR_INVALID },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct npy n;
		int rc = head_of(&n, made(1, cases[i].text), 1000);

		if (rc != cases[i].rc)
			printf("# %s", cases[i].text);
		CHECK(rc == cases[i].rc);
		npy_clear(&n);
	}
}

/* 2L was a number of Python 2, which wrote no version 3 */
static void versions_differ(void)
{
	struct npy n;

	CHECK(head_of(&n, dict(2, "[('\xe9', '<i4')]", "False", "(1L,)"), 4) == 0);
	CHECK(span_equal(n.info.type, span_str("[('\xc3\xa9', '<i4')]")));
	npy_clear(&n);
	CHECK(head_of(&n, dict(3, "[('\xc3\xa9', '<i4')]", "False", "(1,)"), 4) == 0);
	CHECK(span_equal(n.info.type, span_str("[('\xc3\xa9', '<i4')]")));
	npy_clear(&n);
	CHECK_ERR(head_of(&n, dict(3, "[('\xe9', '<i4')]", "False", "(1,)"), 4), ERR_INVALID);
	npy_clear(&n);
	CHECK_ERR(head_of(&n, dict(3, "'<i4'", "False", "(1L,)"), 4), ERR_INVALID);
	npy_clear(&n);
}

static void limits(void)
{
	char shape[400] = "(", blank[NPY_TEXT_MAX + 2], deep[2000] = "";
	struct npy n;
	int i;

	for (i = 0; i < TENSOR_RANK_MAX; i++)
		strcat(shape, "1, ");
	strcat(shape, ")");
	CHECK(head_of(&n, dict(1, "'<i2'", "False", shape), 2) == 0 && n.info.rank == TENSOR_RANK_MAX);
	npy_clear(&n);
	shape[strlen(shape) - 1] = 0;
	strcat(shape, "1)");
	CHECK_ERR(head_of(&n, dict(1, "'<i2'", "False", shape), 2), ERR_LIMIT);
	npy_clear(&n);

	memset(blank, ' ', sizeof blank);
	memcpy(blank, "{'descr':'<i2','fortran_order':False,'shape':()}", 48);
	blank[NPY_TEXT_MAX - 1] = '\n';
	blank[NPY_TEXT_MAX] = 0;
	CHECK(head_of(&n, made(1, blank), 2) == 0);
	npy_clear(&n);
	blank[NPY_TEXT_MAX - 1] = ' ';
	blank[NPY_TEXT_MAX] = '\n';
	blank[NPY_TEXT_MAX + 1] = 0;
	CHECK_ERR(head_of(&n, made(2, blank), 2), ERR_INVALID);
	CHECK(!strncmp(err_text(), "HeaderTooLarge: ", 16));
	npy_clear(&n);
	CHECK_ERR(head_of(&n, made(3, blank), 2), ERR_INVALID);
	CHECK(!strncmp(err_text(), "HeaderTooLarge: ", 16));
	npy_clear(&n);

	for (i = 0; i < NPY_DEPTH_MAX; i++)
		strcat(deep, "[('a',");
	CHECK_ERR(head_of(&n, dict(1, deep, "False", "()"), 0), ERR_LIMIT);
	npy_clear(&n);
}

/* a hole in a record: too wide an element to be cut, yet the whole can be had */
static void wide_elements_have_no_bits(void)
{
	struct npy n;

	CHECK(head_of(&n, dict(1, "'|V1073741824'", "False", "(2,)"), UINT64_C(2) << 30) == 0);
	CHECK(n.info.bits == 0 && n.info.len == UINT64_C(2) << 30 && n.info.n == 2);
	npy_clear(&n);
}

/* ---- writing ---- */

static void head_as_numpy(char *line)
{
	char *descr = strtok(line, "\t"), *order = strtok(NULL, "\t"), *shape, *hex;
	uint64_t dim[TENSOR_RANK_MAX];
	struct buf b = BUF_INIT(100000);
	unsigned rank = 0;
	struct span want;
	struct npy n;

	shape = order + 2;
	hex = strchr(shape, '\t') + 1;
	hex[strcspn(hex, "\n")] = 0;
	while (*shape != '\t') {
		dim[rank++] = strtoull(shape, &shape, 10);
		shape += *shape == ',';
	}
	want = unit_hex(hex);
	CHECK(tensor_npy_head(&b, span_str(descr), *order == '1', rank, dim) == 0);
	if (!span_equal(buf_span(&b), want))
		printf("# %s\n", descr);
	CHECK(span_equal(buf_span(&b), want));
	if (head_of(&n, want, UINT64_MAX / 2) == 0) {		/* and back; some arrays are larger than any file */
		CHECK(span_equal(n.info.type, span_str(descr)) && n.info.rank == rank && n.head == want.len);
		CHECK(n.info.column_order == (*order == '1' && rank > 1));
		CHECK(!memcmp(n.info.shape, dim, rank * sizeof *dim));
	} else {
		CHECK(!strncmp(err_text(), "ValidationOverflow", 18));
	}
	npy_clear(&n);
	buf_clear(&b);
}

static void heads_are_those_of_numpy(void)
{
	FILE *f = fopen("tests/golden/npy/heads.tsv", "r");
	char line[2000];
	int n = 0;

	NEED(f);
	while (fgets(line, sizeof line, f))
		if (*line != '#') {
			head_as_numpy(line);
			n++;
		}
	CHECK(n == 99);
	fclose(f);
}

/* 65536 bytes and more do not fit version 1 */
static void a_long_head_is_of_version_2(void)
{
	struct buf b = BUF_INIT(200000), descr = BUF_INIT(100000);
	uint64_t one = 1;
	size_t len;

	buf_str(&descr, "[('");
	while (descr.len < 65400)
		buf_u8(&descr, 'n');
	buf_str(&descr, "', '<f4')]");
	CHECK(tensor_npy_head(&b, buf_span(&descr), 0, 1, &one) == 0);
	CHECK(b.data[6] == 1 && b.len % 64 == 0 && (b.data[8] | (size_t)b.data[9] << 8) == b.len - 10);
	buf_reset(&b);
	buf_reset(&descr);
	buf_str(&descr, "[('");
	while (descr.len < 65500)
		buf_u8(&descr, 'n');
	buf_str(&descr, "', '<f4')]");
	CHECK(tensor_npy_head(&b, buf_span(&descr), 0, 1, &one) == 0);
	len = b.data[8] | (size_t)b.data[9] << 8 | (size_t)b.data[10] << 16;
	CHECK(b.data[6] == 2 && b.len % 64 == 0 && len == b.len - 12 && b.data[b.len - 1] == '\n');
	buf_clear(&descr);
	buf_clear(&b);
}

static void a_head_that_does_not_fit_leaves_nothing(void)
{
	struct buf b = BUF_INIT(100);

	buf_str(&b, "there");
	CHECK_ERR(tensor_npy_head(&b, span_str("<f4"), 0, 0, NULL), ERR_LIMIT);
	CHECK(span_equal(buf_span(&b), span_str("there")));
	buf_clear(&b);
}

/* ---- as a container ---- */

static void a_file_is_a_set_of_one(void)
{
	struct span file = file_of("be-i4-2.npy");
	struct tensor_set *set;
	struct tensor_info t;

	NEED(set_open_in(&set, memin_new(file), NULL, NULL, NULL, 1 << 20) == 0);
	CHECK(tensor_set_kind(set) == TENSOR_NPY && tensor_count(set) == 1);
	CHECK(tensor_find(set, span_str(""), &t) == 0);
	CHECK(t.off + t.len == file.len && t.name.len == 0 && t.big_endian && t.n == 2);
	tensor_close(set);
	CHECK_ERR(set_open_in(&set, memin_new(dict(1, "'|O'", "False", "()")), NULL, NULL, NULL, 1 << 20), ERR_UNSUPPORTED);
	CHECK(!memin_beyond);
}

int main(void)
{
	RUN(every_sample_is_read);
	RUN(what_is_no_npy_is_refused);
	RUN(every_cut_of_a_file_is_seen);
	RUN(types);
	RUN(python_objects_are_told_apart);
	RUN(dictionaries);
	RUN(versions_differ);
	RUN(limits);
	RUN(wide_elements_have_no_bits);
	RUN(heads_are_those_of_numpy);
	RUN(a_long_head_is_of_version_2);
	RUN(a_head_that_does_not_fit_leaves_nothing);
	RUN(a_file_is_a_set_of_one);
	return UNIT_END();
}
