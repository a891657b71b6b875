/* stream.c - columns leave as an Arrow stream, batch by batch */
#include <stdlib.h>

#include "base/err.h"
#include "table/table_priv.h"

enum { META_MAX = 256 * 1024 * 1024 };	/* of a schema: names are what it grows with, and they were read already */

static const struct arrow_pair json_pairs[] = {
	{ { (const uint8_t *)"ARROW:extension:name", 20 }, { (const uint8_t *)"arrow.json", 10 } },
	{ { (const uint8_t *)"ARROW:extension:metadata", 24 }, { (const uint8_t *)"", 0 } },
};

size_t stream_rows_max(const struct table_opts *o)
{
	return o->rows_max ? o->rows_max : TABLE_ROWS;
}

/* ---- the schema ---- */

static void field_of(const struct table_column *col, struct arrow_field *f, struct arrow_field *child)
{
	const struct table_type *t = &col->type;

	*f = (struct arrow_field){ .name = col->name, .nullable = 1, .type = (enum arrow_type)t->type, .bits = t->bits,
				   .is_signed = t->is_signed, .unit = t->unit, .zone = span_str(t->zone) };
	if (t->json) {
		f->pair = json_pairs;
		f->n_pairs = sizeof json_pairs / sizeof *json_pairs;
	}
	if (!t->list)
		return;
	*child = *f;
	child->name = span_str("item");
	*f = (struct arrow_field){ .name = col->name, .nullable = 1, .type = ARROW_LIST, .child = child, .n_children = 1 };
}

static int put_schema(struct stream *s)
{
	struct arrow_field *f = calloc(2 * s->n_cols + 1, sizeof *f);
	struct buf head = BUF_INIT(META_MAX);
	size_t i;
	int rc = f ? 0 : err_nomem();

	for (i = 0; rc == 0 && i < s->n_cols; i++)
		field_of(&s->schema->col[i], &f[i], &f[s->n_cols + i]);
	if (rc == 0)
		rc = arrow_schema(&head, f, s->n_cols, NULL, 0);
	if (rc == 0)
		rc = sink_bytes(s->out, buf_span(&head));
	buf_clear(&head);
	free(f);
	return rc;
}

int stream_start(struct stream *s, const struct table_opts *o, const struct table_schema *schema, struct sink *out)
{
	size_t i;
	int rc;

	*s = (struct stream){ .schema = schema, .opts = o, .out = out };
	s->col = calloc(schema->n + 1, sizeof *s->col);
	if (!s->col)
		return err_nomem();
	for (i = 0; i < schema->n; i++) {
		s->n_cols = i + 1;
		rc = column_init(&s->col[i], &schema->col[i].type);
		if (rc < 0)
			return rc;
		s->row_bits += column_row_bits(&s->col[i]);
		s->n_nodes += s->col[i].item ? 2 : 1;
		s->n_buffers += s->col[i].item ? 5 : 3;		/* at most */
	}
	return put_schema(s);
}

void stream_clear(struct stream *s)
{
	size_t i;

	for (i = 0; i < s->n_cols; i++)
		column_clear(&s->col[i]);
	free(s->col);
	*s = (struct stream){ 0 };
}

/* ---- a batch ---- */

struct layout {
	struct arrow_node *node;
	struct arrow_buffer *buffer;
	struct span *bytes;		/* of each buffer */
	size_t n_nodes, n_buffers;
	uint64_t len;
};

static void lay(struct layout *l, struct span bytes)
{
	l->bytes[l->n_buffers] = bytes;
	l->buffer[l->n_buffers++] = (struct arrow_buffer){ l->len, bytes.len };
	l->len += (bytes.len + ARROW_ALIGN - 1) / ARROW_ALIGN * ARROW_ALIGN;
}

/* the bits of all rows, those behind the last one 0 */
static int finish_valid(struct column *c)
{
	size_t n = (c->rows + 7) / 8, had = c->valid.len;
	int rc = c->nulls && n > had ? buf_reserve(&c->valid, n - had) : 0;

	if (rc < 0 || c->nulls == 0)
		return rc;
	if (n > had)
		memset(c->valid.data + had, 0xff, n - had);
	c->valid.len = n;
	if (c->rows % 8)
		c->valid.data[n - 1] &= (uint8_t)((1u << (c->rows % 8)) - 1);
	return 0;
}

static int lay_column(struct layout *l, struct column *c)
{
	int rc = finish_valid(c);

	if (rc < 0)
		return rc;
	l->node[l->n_nodes++] = (struct arrow_node){ c->rows, c->nulls };
	lay(l, c->nulls ? buf_span(&c->valid) : span_of(NULL, 0));
	if (c->offs.len)
		lay(l, buf_span(&c->offs));
	if (c->item)
		return lay_column(l, c->item);
	lay(l, buf_span(&c->data));
	return 0;
}

static int put_body(struct stream *s, const struct layout *l)
{
	static const uint8_t zeros[ARROW_ALIGN];
	size_t i, pad;
	int rc = 0;

	for (i = 0; rc == 0 && i < l->n_buffers; i++) {
		pad = -l->bytes[i].len % ARROW_ALIGN;
		rc = sink_bytes(s->out, l->bytes[i]);
		if (rc == 0)
			rc = sink_bytes(s->out, span_of(zeros, pad));
	}
	return rc;
}

int stream_flush(struct stream *s)
{
	struct layout l = { 0 };
	struct buf head = BUF_INIT(META_MAX);
	size_t i;
	int rc = 0;

	if (s->rows == 0)
		return 0;
	l.node = calloc(s->n_nodes + 1, sizeof *l.node);
	l.buffer = calloc(s->n_buffers + 1, sizeof *l.buffer);
	l.bytes = calloc(s->n_buffers + 1, sizeof *l.bytes);
	if (!l.node || !l.buffer || !l.bytes)
		rc = err_nomem();
	for (i = 0; rc == 0 && i < s->n_cols; i++) {
		rc = column_pad(&s->col[i], s->rows);
		if (rc == 0)
			rc = lay_column(&l, &s->col[i]);
	}
	if (rc == 0)
		rc = arrow_batch(&head, s->rows, l.node, l.n_nodes, l.buffer, l.n_buffers, l.len);
	if (rc == 0)
		rc = sink_bytes(s->out, buf_span(&head));
	if (rc == 0)
		rc = put_body(s, &l);
	for (i = 0; i < s->n_cols; i++)
		column_reset(&s->col[i]);
	s->rows = 0;
	free(l.node);
	free(l.buffer);
	free(l.bytes);
	buf_clear(&head);
	return rc;
}

static size_t bytes_max(const struct stream *s)
{
	return s->opts->batch_max ? s->opts->batch_max : TABLE_BATCH;
}

int stream_must(const struct stream *s)
{
	return s->rows >= stream_rows_max(s->opts) || s->rows * s->row_bits / 8 >= bytes_max(s);
}

int stream_full(struct stream *s)
{
	size_t bytes = 0, i;

	for (i = 0; i < s->n_cols; i++)
		bytes += column_bytes(&s->col[i]);
	return bytes >= bytes_max(s) || stream_must(s) ? stream_flush(s) : 0;
}

int stream_finish(struct stream *s)
{
	struct buf end = BUF_INIT(64);
	int rc = stream_flush(s);

	if (rc == 0)
		rc = arrow_end(&end);
	if (rc == 0)
		rc = sink_bytes(s->out, buf_span(&end));
	buf_clear(&end);
	return rc;
}
