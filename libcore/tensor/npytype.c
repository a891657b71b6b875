/* npytype.c - descr, the type of the elements of an .npy: what numpy.save writes, and its near relations */
#include <inttypes.h>

#include "base/err.h"
#include "base/num.h"
#include "npy_priv.h"

static int unknown(struct span s)
{
	return err_set(ERR_INVALID, "InvalidHeaderDeserialization: '%.*s' is no type of NumPy",
		       (int)(s.len < 80 ? s.len : 80), s.p);
}

/* ---- simple types ---- */

static const struct { char kind; uint8_t bytes; enum tensor_dtype dtype; } numbers[] = {
	{ 'b', 1, TENSOR_BOOL },
	{ 'i', 1, TENSOR_I8 }, { 'i', 2, TENSOR_I16 }, { 'i', 4, TENSOR_I32 }, { 'i', 8, TENSOR_I64 },
	{ 'u', 1, TENSOR_U8 }, { 'u', 2, TENSOR_U16 }, { 'u', 4, TENSOR_U32 }, { 'u', 8, TENSOR_U64 },
	{ 'f', 2, TENSOR_F16 }, { 'f', 4, TENSOR_F32 }, { 'f', 8, TENSOR_F64 }, { 'f', 16, TENSOR_OTHER },
	{ 'c', 8, TENSOR_C64 }, { 'c', 16, TENSOR_C128 }, { 'c', 32, TENSOR_OTHER },
};

/* digits at *at; 0: none, or more than an element may have */
static int digits(struct span s, size_t *at, uint64_t *v)
{
	size_t first = *at;

	for (*v = 0; *at < s.len && s.p[*at] >= '0' && s.p[*at] <= '9' && *v <= NPY_ITEM_MAX; ++*at)
		*v = *v * 10 + (uint64_t)(s.p[*at] - '0');
	return *at > first && *v <= NPY_ITEM_MAX;
}

/* [ns], [25s], [s/4] behind M8 and m8, or nothing */
static int is_unit(struct span s)
{
	static const char *const units[] = {
		"Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic"
	};
	size_t at = 1, n, i;
	uint64_t v;

	if (s.len == 0)
		return 1;
	if (s.len < 3 || s.p[0] != '[' || s.p[s.len - 1] != ']')
		return 0;
	if (digits(s, &at, &v) && v == 0)
		return 0;
	for (n = at; n < s.len && s.p[n] >= 'A' && s.p[n] <= 'z' && s.p[n] != ']'; n++)
		;
	for (i = 0; i < sizeof units / sizeof *units; i++)
		if (span_equal(span_of(s.p + at, n - at), span_str(units[i])))
			break;
	if (i == sizeof units / sizeof *units)
		return 0;
	if (s.p[n] == '/') {
		n++;
		if (!digits(s, &n, &v) || v == 0)
			return 0;
	}
	return n == s.len - 1;
}

/* kind and bytes, behind the sign of the order */
static int simple(struct npy_type *t, struct span s)
{
	char kind = s.len ? (char)s.p[0] : 0;
	size_t at = 1, i;

	if (kind == 'O') {
		t->object = 1;
		t->item = 8;
		return s.len == 1 || (s.len == 2 && (s.p[1] == '8' || s.p[1] == '4'));
	}
	if (!kind || !digits(s, &at, &t->item))
		return 0;
	if (kind == 'M' || kind == 'm')
		return t->item == 8 && is_unit(span_of(s.p + at, s.len - at));
	if (at < s.len)
		return 0;
	if (kind == 'S' || kind == 'V' || kind == 'a')
		return 1;
	if (kind == 'U') {
		t->item *= 4;
		return t->item <= NPY_ITEM_MAX;
	}
	for (i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (numbers[i].kind == kind && numbers[i].bytes == t->item) {
			t->dtype = numbers[i].dtype;
			return 1;
		}
	return 0;
}

/* the order: < > | =, or none; native ones are little-endian wherever NumPy runs */
static int one_type(struct npy_type *t, struct span s)
{
	struct span rest = s;

	*t = (struct npy_type){ .dtype = TENSOR_OTHER };
	if (s.len && memchr("<>|=", s.p[0], 4))
		rest = span_of(s.p + 1, s.len - 1);
	if (!simple(t, rest))
		return unknown(s.len ? s : span_str(""));
	t->filler = rest.p[0] == 'V';
	t->big_endian = s.p[0] == '>' && t->item > 1 && t->dtype != TENSOR_OTHER;
	return 0;
}

/* ---- records ---- */

struct record {
	struct npy_lit *l;
	struct buf word;		/* of the string being read */
	struct buf names;		/* each with its length in front */
	int depth;
};

static int read_type(struct record *r, struct npy_type *t);

/* a name stands but once in a record; `from`: where those of this record begin */
static int name_add(struct record *r, size_t from)
{
	size_t at = from;
	uint32_t n;
	int rc;

	while (at < r->names.len) {
		memcpy(&n, r->names.data + at, sizeof n);
		at += sizeof n;
		if (span_equal(span_of(r->names.data + at, n), buf_span(&r->word)))
			return err_set(ERR_INVALID, "InvalidHeaderDeserialization: two fields '%.*s'",
				       (int)(r->word.len < 80 ? r->word.len : 80), r->word.data);
		at += n;
	}
	n = (uint32_t)r->word.len;
	rc = buf_bytes(&r->names, &n, sizeof n);
	return rc < 0 ? rc : buf_add(&r->names, buf_span(&r->word));
}

/* 'name' or ('title', 'name'); *blank: it has no name, perhaps it only fills the record */
static int field_name(struct record *r, size_t from, int *blank)
{
	int rc, two = npy_lit_take(r->l, '(');

	rc = npy_lit_str(r->l, &r->word);
	if (rc == 0 && two) {
		rc = name_add(r, from);
		if (rc == 0)
			rc = npy_lit_need(r->l, ',');
		if (rc == 0)
			rc = npy_lit_str(r->l, &r->word);
		if (rc == 0)
			rc = npy_lit_need(r->l, ')');
	}
	*blank = r->word.len == 0;
	return rc < 0 || *blank ? rc : name_add(r, from);
}

/* , (2, 3) behind a type: so many of it */
static int times(struct record *r, struct npy_type *t)
{
	uint64_t shape[TENSOR_RANK_MAX];
	unsigned rank, i;
	int rc = npy_lit_shape(r->l, &rank, shape);

	for (i = 0; rc == 0 && i < rank; i++)
		if (__builtin_mul_overflow(t->item, shape[i], &t->item))
			rc = err_set(ERR_INVALID, "ValidationOverflow: a field of over 64 bits");
	t->dtype = TENSOR_OTHER;
	t->filler = t->filler || rank > 0;
	return rc;
}

static int field(struct record *r, size_t from, struct npy_type *all)
{
	struct npy_type t;
	int rc, blank = 0;

	rc = npy_lit_need(r->l, '(');
	if (rc == 0)
		rc = field_name(r, from, &blank);
	if (rc == 0)
		rc = npy_lit_need(r->l, ',');
	if (rc == 0)
		rc = read_type(r, &t);
	if (rc < 0)
		return rc;
	if (!npy_lit_take(r->l, ')')) {
		rc = npy_lit_need(r->l, ',');
		if (rc == 0)
			rc = times(r, &t);
		if (rc == 0)
			rc = npy_lit_need(r->l, ')');
		if (rc < 0)
			return rc;
	}
	buf_reset(&r->word);
	if (blank && !t.filler) {
		rc = name_add(r, from);
		if (rc < 0)
			return rc;
	}
	all->object |= t.object;
	if (__builtin_add_overflow(all->item, t.item, &all->item) || all->item > NPY_ITEM_MAX)
		return err_set(ERR_INVALID, "TensorInvalidInfo: an element of over %d bytes", NPY_ITEM_MAX);
	return 0;
}

static int fields(struct record *r, struct npy_type *t)
{
	size_t from = r->names.len;
	int rc = 1;

	*t = (struct npy_type){ .dtype = TENSOR_OTHER };
	if (npy_lit_take(r->l, ']'))
		return 0;
	while (rc == 1) {
		rc = field(r, from, t);
		if (rc == 0)
			rc = npy_lit_comma(r->l, ']');
	}
	r->names.len = from;
	return rc;
}

/* (type, shape) in a record */
static int subarray(struct record *r, struct npy_type *t)
{
	int rc = read_type(r, t);

	if (rc == 0)
		rc = npy_lit_need(r->l, ',');
	if (rc == 0)
		rc = times(r, t);
	return rc < 0 ? rc : npy_lit_need(r->l, ')');
}

static int read_type(struct record *r, struct npy_type *t)
{
	int rc;

	if (r->depth == NPY_DEPTH_MAX)
		return err_set(ERR_LIMIT, "records in records, over %d of them", NPY_DEPTH_MAX);
	r->depth++;
	if (npy_lit_take(r->l, '[')) {
		rc = fields(r, t);
	} else if (r->depth > 1 && npy_lit_take(r->l, '(')) {
		rc = subarray(r, t);
	} else {
		rc = npy_lit_str(r->l, &r->word);
		if (rc == 0)
			rc = one_type(t, buf_span(&r->word));
	}
	r->depth--;
	return rc;
}

/* the text of a record, as UTF-8 */
static int keep(const struct npy_lit *l, const char *from, struct buf *text)
{
	int rc = 0;

	if (!l->latin1)
		return buf_bytes(text, from, (size_t)(l->p - from));
	for (; rc == 0 && from < l->p; from++)
		rc = npy_utf8(text, (uint8_t)*from);
	return rc;
}

int npy_type_read(struct npy_lit *l, struct npy_type *t, struct buf *text)
{
	struct record r = { .l = l, .word = BUF_INIT(4 * NPY_TEXT_MAX), .names = BUF_INIT(8 * NPY_TEXT_MAX) };
	int list = npy_lit_peek(l) == '[', rc;
	const char *from = l->p;

	buf_reset(text);
	rc = read_type(&r, t);
	if (rc == 0)
		rc = list ? keep(l, from, text) : buf_add(text, buf_span(&r.word));
	buf_clear(&r.names);
	buf_clear(&r.word);
	return rc;
}
