/* body_arrow.c - a slice as a stream of Arrow: one column, one batch */
#include <inttypes.h>

#include "base/err.h"
#include "body_priv.h"

static int floats(enum tensor_dtype t)
{
	return t == TENSOR_F16 || t == TENSOR_F32 || t == TENSOR_F64 || t == TENSOR_C64 || t == TENSOR_C128;
}

static int is_complex(const struct tensor_body *b)
{
	return b->to == TENSOR_C64 || b->to == TENSOR_C128;
}

int arrow_bits(const struct tensor_body *b)
{
	return b->to == TENSOR_BOOL && (b->form == TENSOR_FORM_ARROW || b->form == TENSOR_FORM_ARROW_ROWS);
}

/* the type of an element, of complex ones that of their halves */
static void set_type(const struct tensor_body *b, int bytes, struct arrow_field *f)
{
	int bits = (int)tensor_dtype_bits(b->to);

	if (bytes) {
		f->type = ARROW_INT;
		f->bits = 8;
	} else if (b->to == TENSOR_OTHER) {
		f->type = ARROW_FIXED_BINARY;
		f->size = b->info.bits / 8;
	} else if (b->to == TENSOR_BOOL) {
		f->type = ARROW_BOOL;
	} else {
		f->type = floats(b->to) ? ARROW_FLOAT : ARROW_INT;
		f->bits = is_complex(b) ? bits / 2 : bits;
		f->is_signed = b->to == TENSOR_I8 || b->to == TENSOR_I16 || b->to == TENSOR_I32 || b->to == TENSOR_I64;
	}
}

/* "2,3" */
static int put_shape(struct buf *out, unsigned rank, const uint64_t *shape)
{
	unsigned i;
	int rc = 0;

	for (i = 0; rc == 0 && i < rank; i++)
		rc = buf_printf(out, "%s%" PRIu64, i ? "," : "", shape[i]);
	return rc;
}

static int make_pairs(const struct tensor_body *b, struct body_column *c, unsigned rank, const uint64_t *row)
{
	int rc = put_shape(&c->shape, b->rank, b->shape);

	if (rc == 0)
		rc = buf_str(&c->extension, "{\"shape\":[");
	if (rc == 0)
		rc = put_shape(&c->extension, rank, row);
	if (rc == 0)
		rc = buf_str(&c->extension, "]}");
	c->pair[0] = (struct arrow_pair){ span_str("ARROW:extension:name"), span_str("arrow.fixed_shape_tensor") };
	c->pair[1] = (struct arrow_pair){ span_str("ARROW:extension:metadata"), buf_span(&c->extension) };
	c->pair[2] = (struct arrow_pair){ span_str("tensor_shape"), buf_span(&c->shape) };
	c->pair[3] = (struct arrow_pair){ span_str("tensor_dtype"), body_type(b) };
	c->pair[4] = (struct arrow_pair){ span_str("tensor_layout"), span_str("RowMajor") };
	return rc;
}

static void set_name(const struct tensor_body *b, struct body_column *c)
{
	c->item.name = span_str("item");
	c->field.name = b->column ? span_str(b->column) : b->info.name.len ? b->info.name : span_str("data");
}

/* of the items in a list of so many */
static void set_list(struct body_column *c, uint64_t rows, uint64_t size)
{
	c->field.type = ARROW_FIXED_LIST;
	c->field.size = (int64_t)size;
	c->field.child = &c->item;
	c->field.n_children = 1;
	c->node[0].length = rows;
	c->node[1].length = rows * size;
}

/* a row an element */
static int elements(const struct tensor_body *b, struct body_column *c)
{
	uint64_t shape[TENSOR_RANK_MAX];
	unsigned rank;
	int bytes = body_bytes(b, &rank, shape);

	c->node[0].length = bytes ? b->data : b->n;
	if (is_complex(b)) {
		set_type(b, 0, &c->item);
		set_list(c, b->n, 2);
	} else {
		set_type(b, bytes, &c->field);
	}
	c->field.pair = &c->pair[2];
	c->field.n_pairs = 3;
	return make_pairs(b, c, 0, NULL);
}

/* a row a step of the first axis; complex numbers are one axis more, of length 2 */
static int rows(const struct tensor_body *b, struct body_column *c)
{
	uint64_t shape[TENSOR_RANK_MAX + 1], size = 1, n_rows;
	const uint64_t *row = shape;
	unsigned rank, i;
	int bytes = body_bytes(b, &rank, shape);

	n_rows = rank ? shape[0] : 1;
	if (rank) {
		row++;
		rank--;
	}
	if (is_complex(b))
		shape[row - shape + rank++] = 2;
	for (i = 0; i < rank; i++)
		if (__builtin_mul_overflow(size, row[i], &size))
			size = UINT64_MAX;
	for (i = 0; i < rank; i++)
		if (row[i] == 0)
			size = 0;
	if (size > INT32_MAX)
		return err_set(ERR_LIMIT, "%" PRIu64 " elements in a row, and Arrow counts to %" PRId32 "; slice it, or take %s",
			       size, INT32_MAX, tensor_form_name(TENSOR_FORM_ARROW));
	set_type(b, bytes, &c->item);
	set_list(c, n_rows, size);
	c->field.pair = c->pair;
	c->field.n_pairs = BODY_PAIRS;
	return make_pairs(b, c, rank, row);
}

int arrow_column(struct tensor_body *b, struct body_column *c)
{
	int rc;

	*c = (struct body_column){ .shape = BUF_INIT(BODY_HEAD_MAX), .extension = BUF_INIT(BODY_HEAD_MAX) };
	set_name(b, c);
	rc = b->form == TENSOR_FORM_ARROW ? elements(b, c) : rows(b, c);
	if (rc == 0 && arrow_bits(b))
		b->data = b->n / 8 + (b->n % 8 != 0);
	if (rc == 0 && (b->data > INT64_MAX - ARROW_ALIGN || c->node[0].length > INT64_MAX || c->node[1].length > INT64_MAX))
		rc = err_set(ERR_LIMIT, "more bytes than Arrow counts");
	b->rows = rc == 0 ? c->node[0].length : 0;
	return rc;
}

void arrow_column_clear(struct body_column *c)
{
	buf_clear(&c->shape);
	buf_clear(&c->extension);
}

/* behind the data: until the body is aligned, and the end of the stream */
static int make_tail(struct tensor_body *b, uint64_t padding)
{
	static const uint8_t zeros[ARROW_ALIGN];
	int rc = buf_bytes(&b->tail, zeros, (size_t)padding);

	return rc < 0 ? rc : arrow_end(&b->tail);
}

static int messages(struct tensor_body *b, struct body_column *c)
{
	uint64_t padding = (ARROW_ALIGN - b->data % ARROW_ALIGN) % ARROW_ALIGN;
	size_t lists = c->field.n_children;
	int rc;

	c->buffer[1 + lists].len = b->data;		/* those before it tell what is null: nothing */
	rc = arrow_schema(&b->head, &c->field, 1, &c->pair[2], 3);
	if (rc == 0)
		rc = arrow_batch(&b->head, c->node[0].length, c->node, 1 + lists, c->buffer, 2 + lists, b->data + padding);
	return rc < 0 ? rc : make_tail(b, padding);
}

int arrow_head(struct tensor_body *b)
{
	struct body_column c;
	int rc = arrow_column(b, &c);

	if (rc == 0)
		rc = messages(b, &c);
	arrow_column_clear(&c);
	return rc;
}

/* ---- bits ---- */

struct packer {
	struct tensor_sink in;
	int (*progress)(void *arg, uint64_t bytes);
	void *arg;
};

/* BOOL as bits, the first in the low one; fewer than 8 only at the end */
static int pack(struct tensor_sink *s, const uint8_t *p, size_t len)
{
	struct packer *k = (struct packer *)(void *)s;
	size_t room, n, i;
	uint8_t *out = elements_room(s, &room);	/* an eighth of what there is at most: it fits */
	int rc;

	n = (len + 7) / 8;
	memset(out, 0, n);
	for (i = 0; i < len; i++)
		out[i / 8] |= (uint8_t)((p[i] != 0) << i % 8);
	rc = sink_bytes(s->out, span_of(out, n));
	return rc == 0 && k->progress ? k->progress(k->arg, n) : rc;
}

int arrow_bits_cat(struct tensor_body *b, uint64_t off, uint64_t len, struct sink *out,
		   int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	uint64_t left = b->n - 8 * off, n = left / 8 < len ? left : 8 * len;
	struct packer k = { .progress = progress, .arg = arg };
	int rc;

	rc = elements_start(&k.in, TENSOR_BOOL, pack, out);
	k.in.unit = 8;
	if (rc == 0)
		rc = tensor_cat(b->set, &b->info, &b->slice, 8 * off, n, &k.in.sink, NULL, NULL);
	if (rc == 0 && k.in.have)
		rc = pack(&k.in, k.in.work, k.in.have);
	tensor_sink_clear(&k.in);
	return rc;
}
