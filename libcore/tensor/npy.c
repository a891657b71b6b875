/* npy.c - NumPy's .npy: a dictionary of Python in front of one array */
#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "npy_priv.h"
#include "tensor_priv.h"

static const uint8_t magic[6] = "\x93NUMPY";

enum {
	ALIGN = 64,			/* where data begins, as NumPy writes */
	GROWTH_DIGITS = 21		/* room for the digits of the axis that grows */
};

/* ---- reading ---- */

/* {'descr': ..., 'fortran_order': ..., 'shape': ...}, in any order, each once */
static int dictionary(struct npy_lit *l, struct npy *n, struct npy_type *t)
{
	static const char *const keys[] = { "descr", "fortran_order", "shape" };
	struct buf key = BUF_INIT(4 * NPY_TEXT_MAX);
	int seen = 0, column = 0, rc, k;

	rc = npy_lit_need(l, '{');
	if (rc == 0)
		rc = npy_lit_peek(l) == '}' ? 0 : 1;
	while (rc == 1) {
		rc = npy_lit_str(l, &key);
		for (k = 0; rc == 0 && k < 3; k++)
			if (span_equal(buf_span(&key), span_str(keys[k])))
				break;
		if (rc == 0 && k == 3)
			rc = npy_lit_bad(l, "a key that is not known");
		else if (rc == 0 && seen & 1 << k)
			rc = npy_lit_bad(l, "a key twice");
		seen |= 1 << k;
		if (rc == 0)
			rc = npy_lit_need(l, ':');
		if (rc == 0)
			rc = k == 0 ? npy_type_read(l, t, &n->text) : k == 1 ? npy_lit_bool(l, &column) :
			     npy_lit_shape(l, &n->info.rank, n->info.shape);
		if (rc == 0)
			rc = npy_lit_comma(l, '}');
	}
	buf_clear(&key);
	if (rc == 0 && seen != 7)
		return npy_lit_bad(l, "one of the keys descr, fortran_order and shape is missing");
	if (rc == 0 && (npy_lit_peek(l) || l->p < l->end))
		return npy_lit_bad(l, "something behind the dictionary");
	n->info.column_order = column && n->info.rank > 1;
	return rc;
}

/* what follows from type and shape */
static int measure(struct npy *n, const struct npy_type *t)
{
	struct tensor_info *i = &n->info;

	i->dtype = t->dtype;
	i->type = buf_span(&n->text);
	i->big_endian = t->big_endian;
	i->bits = t->item <= UINT32_MAX / 8 ? (unsigned)t->item * 8 : 0;
	return info_measure(i, 1, t->item);
}

/* characters, as far as that can be told */
static size_t characters(const char *p, size_t len, int latin1)
{
	size_t n = 0, i;

	for (i = 0; i < len; i++)
		n += latin1 || (p[i] & 0xc0) != 0x80;
	return n;
}

static int dictionary_text(struct npy *n, const char *text, size_t len, int latin1)
{
	struct npy_lit l = { text, text, text + len - 1, latin1 };
	struct npy_type t = { .dtype = TENSOR_OTHER };
	int rc;

	if (characters(text, len, latin1) > NPY_TEXT_MAX)
		return err_set(ERR_INVALID, "HeaderTooLarge: the dictionary has over %d characters", NPY_TEXT_MAX);
	if (text[len - 1] != '\n')
		return err_set(ERR_INVALID, "InvalidHeader: no new line behind the dictionary");
	rc = dictionary(&l, n, &t);
	n->object = t.object;
	return rc < 0 ? rc : measure(n, &t);
}

/* how long the dictionary is */
static int front(struct npy *n, uint64_t left, int (*read)(void *arg, void *p, size_t len), void *arg, uint32_t *len,
		 int *latin1)
{
	uint8_t b[12] = { 0 };
	int rc;

	if (left < 10)
		return err_set(ERR_INVALID, "HeaderTooSmall: %" PRIu64 " bytes are no .npy", left);
	rc = read(arg, b, 10);
	if (rc < 0)
		return rc;
	if (memcmp(b, magic, sizeof magic))
		return err_set(ERR_INVALID, "InvalidHeader: no .npy, it does not begin with \\x93NUMPY");
	if (b[6] < 1 || b[6] > 3 || b[7])
		return err_set(ERR_INVALID, "InvalidHeader: version %d.%d of .npy, known are 1.0, 2.0 and 3.0", b[6], b[7]);
	n->head = b[6] == 1 ? 10 : 12;
	if (left < n->head)
		return err_set(ERR_INVALID, "HeaderTooSmall: %" PRIu64 " bytes are no .npy", left);
	rc = b[6] == 1 ? 0 : read(arg, b + 10, 2);
	if (rc < 0)
		return rc;
	*len = b[8] | (uint32_t)b[9] << 8 | (uint32_t)b[10] << 16 | (uint32_t)b[11] << 24;
	*latin1 = b[6] < 3;
	if (*len > left - n->head)
		return err_set(ERR_INVALID, "InvalidHeaderLength: a dictionary of %" PRIu32 " bytes, there are %" PRIu64,
			       *len, left - n->head);
	if (*len > NPY_TEXT_MAX * (*latin1 ? 1u : 4u))
		return err_set(ERR_INVALID, "HeaderTooLarge: a dictionary of %" PRIu32 " bytes", *len);
	if (*len == 0)
		return err_set(ERR_INVALID, "InvalidHeaderDeserialization: no dictionary");
	return 0;
}

int npy_head(struct npy *n, uint64_t left, int (*read)(void *arg, void *p, size_t len), void *arg)
{
	struct buf text = BUF_INIT(4 * NPY_TEXT_MAX);
	uint32_t len = 0;
	int rc, latin1 = 1;

	*n = (struct npy){ .text = BUF_INIT(4 * NPY_TEXT_MAX) };
	rc = front(n, left, read, arg, &len, &latin1);
	if (rc == 0)
		rc = buf_reserve(&text, len);
	if (rc == 0)
		rc = read(arg, text.data, len);
	if (rc == 0)
		rc = dictionary_text(n, (const char *)text.data, len, latin1);
	buf_clear(&text);
	n->head += len;
	if (rc == 0 && !n->object && n->info.len > left - n->head)
		rc = err_set(ERR_INVALID, "MetadataIncompleteBuffer: the array takes %" PRIu64 " bytes, there are %" PRIu64,
			     n->info.len, left - n->head);
	return rc;
}

void npy_clear(struct npy *n)
{
	buf_clear(&n->text);
}

/* ---- the format ---- */

static int npy_looks(struct span head, uint64_t size)
{
	return size != TENSOR_UNSIZED && head.len >= sizeof magic && !memcmp(head.p, magic, sizeof magic);
}

struct at {
	struct tensor_in *in;
	uint64_t off;
};

static int at_read(void *arg, void *p, size_t len)
{
	struct at *a = arg;
	int rc = a->in->read(a->in, a->off, p, len);

	a->off += len;
	return rc;
}

/* Bytes behind the array are no concern of ours: NumPy writes several into one stream. */
static int npy_read(struct tensor_set *set, struct tensor_in *in)
{
	struct at at = { in, 0 };
	struct npy n;
	int rc = npy_head(&n, in->size, at_read, &at);

	if (rc == 0 && n.object)
		rc = err_set(ERR_UNSUPPORTED, "an array of Python objects (pickle), which are never read");
	n.info.off = n.head;
	if (rc == 0)
		rc = table_add(set->rows, &n.info);
	npy_clear(&n);
	return rc;
}

const struct tensor_format tensor_npy = { .looks = npy_looks, .read = npy_read };

/* ---- writing ---- */

/* a type as in tensor_info: records stand as they are, others are strings */
static int descr_add(struct buf *out, struct span descr)
{
	int rc;

	if (descr.len && descr.p[0] == '[')
		return buf_add(out, descr);
	rc = buf_u8(out, '\'');
	if (rc == 0)
		rc = buf_add(out, descr);
	return rc < 0 ? rc : buf_u8(out, '\'');
}

static int shape_add(struct buf *out, unsigned rank, const uint64_t *shape)
{
	int rc = buf_u8(out, '(');
	unsigned i;

	for (i = 0; rc == 0 && i < rank; i++)
		rc = buf_printf(out, i ? ", %" PRIu64 : "%" PRIu64, shape[i]);
	return rc < 0 ? rc : buf_str(out, rank == 1 ? ",)" : ")");
}

/* the dictionary and the spaces in which the axis that grows may grow */
static int dictionary_add(struct buf *out, struct span descr, int column_order, unsigned rank, const uint64_t *shape)
{
	char digits[24];
	int n, rc;

	rc = buf_str(out, "{'descr': ");
	if (rc == 0)
		rc = descr_add(out, descr);
	if (rc == 0)
		rc = buf_printf(out, ", 'fortran_order': %s, 'shape': ", column_order ? "True" : "False");
	if (rc == 0)
		rc = shape_add(out, rank, shape);
	if (rc == 0)
		rc = buf_str(out, ", }");
	if (rc < 0 || rank == 0)
		return rc;
	n = snprintf(digits, sizeof digits, "%" PRIu64, shape[column_order ? rank - 1 : 0]);
	return buf_printf(out, "%*s", GROWTH_DIGITS - n, "");
}

/* UTF-8 to Latin-1 in place: 1, or 0 where that cannot be (and nothing is changed) */
static int to_latin1(struct buf *b)
{
	size_t i, n = 0;

	for (i = 0; i < b->len; i++)
		if (b->data[i] > 0xc3)
			return 0;
	for (i = 0; i < b->len; i++) {
		uint8_t c = b->data[i];

		if (c >= 0xc2 && i + 1 < b->len)
			c = (uint8_t)(c << 6 | (b->data[++i] & 0x3f));
		b->data[n++] = c;
	}
	b->len = n;
	return 1;
}

int tensor_npy_head(struct buf *out, struct span descr, int column_order, unsigned rank, const uint64_t *shape)
{
	struct buf text = BUF_INIT(out->max);
	size_t had = out->len, fill = 0;
	int rc, version = 1;

	rc = dictionary_add(&text, descr, column_order, rank, shape);
	if (rc == 0) {
		version = to_latin1(&text) ? 1 : 3;
		fill = ALIGN - ((version == 1 ? 10 : 12) + text.len + 1) % ALIGN;	/* never none, as NumPy */
		if (version == 1 && text.len + 1 + fill > UINT16_MAX) {
			version = 2;
			fill = ALIGN - (12 + text.len + 1) % ALIGN;
		}
		rc = buf_bytes(out, magic, sizeof magic);
	}
	if (rc == 0)
		rc = buf_le16(out, (uint16_t)version);
	if (rc == 0)
		rc = version == 1 ? buf_le16(out, (uint16_t)(text.len + fill + 1)) :
		     buf_le32(out, (uint32_t)(text.len + fill + 1));
	if (rc == 0)
		rc = buf_add(out, buf_span(&text));
	if (rc == 0)
		rc = buf_printf(out, "%*s\n", (int)fill, "");
	buf_clear(&text);
	if (rc < 0)
		out->len = had;
	return rc;
}
