/* column.c - the values of a column, until they leave in a batch */
#include <stdlib.h>

#include "base/err.h"
#include "base/utf8.h"
#include "table/table_priv.h"

static size_t width_of(const struct table_type *t)
{
	switch (t->type) {
	case ARROW_INT:
	case ARROW_FLOAT: return t->bits / 8u;
	case ARROW_DATE: return t->unit ? 8 : 4;
	case ARROW_TIMESTAMP: return 8;
	}
	return 0;
}

static int is_large(const struct column *c)
{
	return c->type.type == ARROW_LARGE_UTF8 || c->type.type == ARROW_LARGE_BINARY;
}

int column_is_text(const struct column *c)
{
	return c->type.type == ARROW_UTF8 || c->type.type == ARROW_BINARY || is_large(c);
}

static int put_offset(struct column *c, uint64_t v)
{
	if (is_large(c))
		return buf_le64(&c->offs, v);
	if (v > INT32_MAX)
		return err_set(ERR_LIMIT, "more than %d bytes of text in a batch", INT32_MAX);
	return buf_le32(&c->offs, (uint32_t)v);
}

int column_init(struct column *c, const struct table_type *t)
{
	struct table_type item = *t;
	int rc;

	*c = (struct column){ .type = *t, .width = t->list ? 0 : width_of(t) };
	buf_init(&c->valid, SIZE_MAX);
	buf_init(&c->data, SIZE_MAX);
	buf_init(&c->offs, SIZE_MAX);
	if (t->list) {
		c->type = (struct table_type){ .type = ARROW_LIST };
		item.list = 0;
		c->item = malloc(sizeof *c->item);
		if (!c->item)
			return err_nomem();
		rc = column_init(c->item, &item);
		if (rc < 0)
			return rc;
	}
	return c->item || column_is_text(c) ? put_offset(c, 0) : 0;
}

void column_clear(struct column *c)
{
	buf_clear(&c->valid);
	buf_clear(&c->data);
	buf_clear(&c->offs);
	if (c->item)
		column_clear(c->item);
	free(c->item);
	c->item = NULL;
}

void column_reset(struct column *c)
{
	c->rows = c->nulls = 0;
	buf_reset(&c->valid);
	buf_reset(&c->data);
	if (c->offs.len)
		c->offs.len = is_large(c) ? 8 : 4;	/* the first is 0 */
	if (c->item)
		column_reset(c->item);
}

size_t column_bytes(const struct column *c)
{
	return c->valid.len + c->data.len + c->offs.len + (c->item ? column_bytes(c->item) : 0);
}

size_t column_row_bits(const struct column *c)
{
	return c->item || column_is_text(c) ? (is_large(c) ? 64 : 32) : c->type.type == ARROW_BOOL ? 1 : 8 * c->width;
}

/* up to n bytes, the new ones `byte` */
static int stretch(struct buf *b, size_t n, int byte)
{
	int rc;

	if (n <= b->len)
		return 0;
	rc = buf_reserve(b, n - b->len);
	if (rc < 0)
		return rc;
	memset(b->data + b->len, byte, n - b->len);
	b->len = n;
	return 0;
}

int column_mark(struct column *c)
{
	int rc = stretch(&c->valid, c->rows / 8 + 1, 0xff);

	if (rc < 0)
		return rc;
	c->valid.data[c->rows / 8] &= (uint8_t)~(1u << (c->rows % 8));
	c->nulls++;
	return 0;
}

int column_null(struct column *c)
{
	int rc = column_mark(c);

	if (rc < 0)
		return rc;
	if (c->item)
		rc = put_offset(c, c->item->rows);
	else if (column_is_text(c))
		rc = put_offset(c, c->data.len);
	else if (c->type.type == ARROW_BOOL)
		rc = stretch(&c->data, c->rows / 8 + 1, 0);
	else
		rc = stretch(&c->data, (c->rows + 1) * c->width, 0);
	c->rows += rc == 0;
	return rc;
}

int column_pad(struct column *c, size_t rows)
{
	int rc = 0;

	while (rc == 0 && c->rows < rows)
		rc = column_null(c);
	return rc;
}

int column_end_list(struct column *c)
{
	int rc = put_offset(c, c->item->rows);

	c->rows += rc == 0;
	return rc;
}

static int add_text(struct column *c, struct span text)
{
	int utf8 = c->type.type == ARROW_UTF8 || c->type.type == ARROW_LARGE_UTF8, rc;

	if (utf8 && !utf8_valid(text))
		return 0;
	rc = buf_add(&c->data, text);
	if (rc == 0)
		rc = put_offset(c, c->data.len);
	if (rc < 0)
		return rc;
	c->rows++;
	return 1;
}

int column_value(struct column *c, struct span text)
{
	const uint8_t *p = text.p, *end = text.p + text.len;
	uint8_t value[8] = { 0 };
	int rc;

	switch (c->type.type) {
	case ARROW_INT: rc = value_int(&c->type, p, end, value); break;
	case ARROW_FLOAT: rc = value_float(&c->type, p, end, value); break;
	case ARROW_DATE: rc = value_date(&c->type, p, end, value); break;
	case ARROW_TIMESTAMP: rc = value_time(&c->type, p, end, value); break;
	case ARROW_BOOL: rc = value_bool(&c->type, p, end, value); break;
	case ARROW_LIST: return 0;
	default: return add_text(c, text);
	}
	if (rc != 1)
		return rc;
	if (c->type.type == ARROW_BOOL) {
		rc = stretch(&c->data, c->rows / 8 + 1, 0);
		if (rc == 0)
			c->data.data[c->rows / 8] |= (uint8_t)(value[0] << (c->rows % 8));
	} else {
		rc = buf_bytes(&c->data, value, c->width);
	}
	if (rc < 0)
		return rc;
	c->rows++;
	return 1;
}
