/* columns.c - several slices as the columns of one stream of Arrow, in one batch or more */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/num.h"
#include "body_priv.h"

static struct span name_of(const struct tensor_body *b)
{
	return b->column ? span_str(b->column) : b->info.name;
}

/* of the i-th column */
static int in_column(const struct tensor_columns *c, size_t i, int rc)
{
	struct span name = name_of(&c->body[i]);

	return err_add(rc, "tensor '%.*s'", name.len < 200 ? (int)name.len : 200, (const char *)name.p);
}

static int make_column(struct tensor_columns *c, size_t i)
{
	struct tensor_body *b = &c->body[i];
	int rc = tensor_body_make(b);
	uint64_t rows;

	if (rc == 0)
		rc = arrow_column(b, &c->col[i]);
	if (rc < 0)
		return c->n > 1 ? in_column(c, i, rc) : rc;
	rows = c->col[i].node[0].length;
	if (i && rows != c->rows)
		return in_column(c, i, err_set(ERR_USAGE, "%" PRIu64 " rows, where the first has %" PRIu64, rows, c->rows));
	c->rows = rows;
	c->n_nodes += 1 + c->col[i].field.n_children;
	return 0;
}

/* ---- a batch ---- */

/* bytes of the data of rows [0, rows); a multiple of 8 rows ends on a byte, however small they are */
static uint64_t data_of(const struct tensor_columns *c, size_t i, uint64_t rows)
{
	const struct tensor_body *b = &c->body[i];
	uint64_t n;

	if (rows == c->rows)
		return b->data;
	if (!arrow_bits(b))
		return b->data / c->rows * rows;
	n = b->n / c->rows * rows;		/* bits */
	return n / 8;
}

static uint64_t padded(uint64_t len)
{
	return (len + ARROW_ALIGN - 1) / ARROW_ALIGN * ARROW_ALIGN;
}

/* the message in front of rows [first, first + rows), and the length of what is behind it */
static int batch_head(const struct tensor_columns *c, uint64_t first, uint64_t rows, struct buf *out, uint64_t *body)
{
	struct arrow_node *node = calloc(c->n_nodes + 1, sizeof *node);
	struct arrow_buffer *buffer = calloc(c->n_nodes + c->n + 1, sizeof *buffer);
	size_t i, k, n = 0, m = 0;
	int rc = node && buffer ? 0 : err_nomem();

	*body = 0;
	for (i = 0; rc == 0 && i < c->n; i++) {
		const struct arrow_field *f = &c->col[i].field;
		uint64_t data = data_of(c, i, first + rows) - data_of(c, i, first);

		node[n++].length = rows;
		if (f->n_children)
			node[n++].length = rows * (uint64_t)f->size;
		for (k = 0; k < 1 + f->n_children; k++)	/* nothing is null */
			buffer[m++].off = *body;
		buffer[m++] = (struct arrow_buffer){ *body, data };
		*body += padded(data);
	}
	if (rc == 0)
		rc = arrow_batch(out, rows, node, n, buffer, m, *body);
	free(node);
	free(buffer);
	return rc;
}

static uint64_t rows_of(const struct tensor_columns *c, uint64_t first)
{
	return c->rows - first < c->batch ? c->rows - first : c->batch;
}

static int put_batch(struct tensor_columns *c, uint64_t first, struct sink *out,
		     int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	static const uint8_t zeros[ARROW_ALIGN];
	uint64_t rows = rows_of(c, first), body, from, len;
	struct buf head = BUF_INIT(TENSOR_COLUMNS_HEAD);
	size_t i;
	int rc = batch_head(c, first, rows, &head, &body);

	if (rc == 0)
		rc = sink_bytes(out, buf_span(&head));
	for (i = 0; rc == 0 && i < c->n; i++) {
		from = data_of(c, i, first);
		len = data_of(c, i, first + rows) - from;
		rc = tensor_body_cat(&c->body[i], c->body[i].head.len + from, len, out, progress, arg);
		if (rc == 0)
			rc = sink_bytes(out, span_of(zeros, (size_t)(padded(len) - len)));
	}
	buf_clear(&head);
	return rc;
}

/* ---- all of it ---- */

static int make_schema(struct tensor_columns *c)
{
	struct arrow_field *field = calloc(c->n + 1, sizeof *field);
	size_t i;
	int rc = field ? 0 : err_nomem();

	for (i = 0; rc == 0 && i < c->n; i++)
		field[i] = c->col[i].field;
	if (rc == 0)		/* of a column alone the schema says what it is, too, as its own form does */
		rc = arrow_schema(&c->head, field, c->n, c->n == 1 ? &c->col[0].pair[2] : NULL, c->n == 1 ? 3 : 0);
	free(field);
	return rc;
}

int tensor_columns_make(struct tensor_columns *c)
{
	size_t i;
	int rc = 0;

	c->head = BUF_INIT(TENSOR_COLUMNS_HEAD);
	c->rows = c->n_nodes = 0;
	c->col = calloc(c->n + 1, sizeof *c->col);
	if (!c->col)
		return err_nomem();
	for (i = 0; rc == 0 && i < c->n; i++) {
		c->n_cols = i + 1;
		rc = make_column(c, i);
		if (rc == 0)
			rc = num_add(c->data, c->body[i].data, &c->data);
	}
	if (c->batch == 0 || c->batch > INT64_MAX)
		c->batch = c->rows ? c->rows : 1;
	else
		c->batch = (c->batch + 7) / 8 * 8;
	return rc < 0 ? rc : make_schema(c);
}

const struct arrow_field *tensor_columns_field(const struct tensor_columns *c, size_t i)
{
	return &c->col[i].field;
}

int tensor_columns_cat(struct tensor_columns *c, struct sink *out, int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	struct buf end = BUF_INIT(64);
	uint64_t first = 0;
	int rc = sink_bytes(out, buf_span(&c->head));

	do {		/* without rows there is a batch of none, as for a column alone */
		if (rc == 0)
			rc = put_batch(c, first, out, progress, arg);
		first += rows_of(c, first);
	} while (rc == 0 && first < c->rows);
	if (rc == 0)
		rc = arrow_end(&end);
	if (rc == 0)
		rc = sink_bytes(out, buf_span(&end));
	buf_clear(&end);
	return rc;
}

void tensor_columns_clear(struct tensor_columns *c)
{
	size_t i;

	for (i = 0; i < c->n_cols; i++)
		arrow_column_clear(&c->col[i]);
	free(c->col);
	buf_clear(&c->head);
	c->col = NULL;
	c->n_cols = 0;
}
