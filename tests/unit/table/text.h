/*
 * text.h - tables in memory, read in pieces of any length, and the values of their stream as text.
 * A row is "1|x|null" and a newline; floats as %.17g; a list is [1 2].
 */
#ifndef TESTS_TABLE_TEXT_H
#define TESTS_TABLE_TEXT_H

#include "table/table.h"
#include "tests/unit/feed.h"
#include "tests/unit/ipc.h"

static struct buf text_stream;		/* what text_arrow wrote */
static struct ipc text_ipc;
static size_t text_piece = SIZE_MAX;

static uint64_t text_num(struct span b, size_t i, size_t width)
{
	uint64_t v = 0;
	size_t k;

	if (b.len < (i + 1) * width) {
		text_ipc.bad = "a buffer is too short";
		return 0;
	}
	for (k = 0; k < width; k++)
		v |= (uint64_t)b.p[i * width + k] << (8 * k);
	return v;
}

static int64_t text_signed(uint64_t v, size_t width)
{
	return width < 8 && v >> (8 * width - 1) ? (int64_t)(v - ((uint64_t)1 << 8 * width)) : (int64_t)v;
}

/* value i of a column of that type whose first buffer is the at-th */
static void text_value(const struct table_type *t, size_t at, size_t i, struct buf *out)
{
	struct span valid = ipc_buffer(&text_ipc, at), data = ipc_buffer(&text_ipc, at + 1);
	int large = t->type == ARROW_LARGE_UTF8 || t->type == ARROW_LARGE_BINARY;
	size_t width = t->bits / 8u, from, to, k;
	struct table_type item = *t;
	uint64_t v;

	item.list = 0;
	if (valid.len && !(text_num(valid, i / 8, 1) >> i % 8 & 1)) {
		buf_str(out, "null");
	} else if (t->list) {
		from = (size_t)text_num(data, i, 4);
		to = (size_t)text_num(data, i + 1, 4);
		buf_u8(out, '[');
		for (k = from; k < to; k++) {
			if (k > from)
				buf_u8(out, ' ');
			text_value(&item, at + 2, k, out);
		}
		buf_u8(out, ']');
	} else if (t->type == ARROW_INT) {
		v = text_num(data, i, width);
		if (t->is_signed)
			buf_printf(out, "%" PRId64, text_signed(v, width));
		else
			buf_printf(out, "%" PRIu64, v);
	} else if (t->type == ARROW_FLOAT && width == 2) {
		buf_printf(out, "0x%04x", (unsigned)text_num(data, i, 2));
	} else if (t->type == ARROW_FLOAT) {
		uint32_t low = (uint32_t)text_num(data, i, width);
		double f;
		float g;

		v = text_num(data, i, width);
		memcpy(&f, &v, 8);
		memcpy(&g, &low, 4);
		buf_printf(out, "%.17g", width == 4 ? (double)g : f);
	} else if (t->type == ARROW_BOOL) {
		buf_str(out, text_num(data, i / 8, 1) >> i % 8 & 1 ? "true" : "false");
	} else if (t->type == ARROW_DATE || t->type == ARROW_TIMESTAMP) {
		width = t->type == ARROW_DATE && t->unit == 0 ? 4 : 8;
		buf_printf(out, "%" PRId64, text_signed(text_num(data, i, width), width));
	} else {
		from = (size_t)text_num(data, i, large ? 8 : 4);
		to = (size_t)text_num(data, i + 1, large ? 8 : 4);
		data = ipc_buffer(&text_ipc, at + 2);
		if (from > to || to > data.len)
			text_ipc.bad = "offsets lead out of the text";
		else
			buf_bytes(out, data.p + from, to - from);
	}
}

static size_t text_buffers(const struct table_type *t)
{
	struct table_type item = *t;

	item.list = 0;
	if (t->list)
		return 2 + text_buffers(&item);
	return t->type == ARROW_UTF8 || t->type == ARROW_BINARY || t->type == ARROW_LARGE_UTF8 ||
	       t->type == ARROW_LARGE_BINARY ? 3 : 2;
}

/* the rows of the last batch, behind the schema as text: kept until the next call */
static const char *text_rows(const struct table_schema *s)
{
	static struct buf out;
	size_t i, c, at;

	buf_reset(&out);
	out.max = 16 << 20;
	if (ipc_read(&text_ipc, buf_span(&text_stream)) < 0)
		return text_ipc.bad;
	table_schema_format(s, &out);
	buf_u8(&out, '\n');
	for (i = 0; i < text_ipc.rows && text_ipc.n_buffers; i++) {
		for (at = 0, c = 0; c < s->n; at += text_buffers(&s->col[c++].type)) {
			if (c)
				buf_u8(&out, '|');
			text_value(&s->col[c].type, at, i, &out);
		}
		buf_u8(&out, '\n');
	}
	return text_ipc.bad ? text_ipc.bad : (const char *)out.data;
}

/* a table into text_stream; columns NULL: to be found out.  *s: what it became; clear it.  0 or the error. */
static int text_arrow(const struct table_opts *o, struct span text, const char *columns, struct table_schema *s)
{
	struct table_schema want = { 0 };
	struct feed in = { text, text_piece, 0 };
	struct table_in from = { feed_read, &in };
	struct sink_buf out;
	int rc = 0;

	*s = (struct table_schema){ 0 };
	text_ipc.rows = text_ipc.n_buffers = 0;
	buf_reset(&text_stream);
	text_stream.max = 64 << 20;
	sink_buf_start(&out, &text_stream);
	if (columns)
		rc = table_schema_parse(&want, span_str(columns));
	if (rc == 0 && columns && table_schema_known(&want)) {
		*s = want;
		want = (struct table_schema){ 0 };
	} else if (rc == 0) {
		rc = table_infer(o, from, columns ? &want : NULL, s);
	}
	in.left = text;
	if (rc == 0)
		rc = table_arrow(o, from, s, &out.sink);
	table_schema_clear(&want);
	return rc;
}

/* the same as text: schema and rows, or the message of the error */
__attribute__((unused)) static const char *text_of(const struct table_opts *o, const char *text, const char *columns)
{
	struct table_schema s;
	const char *says;

	if (text_arrow(o, span_str(text), columns, &s) < 0) {
		table_schema_clear(&s);
		return err_text();
	}
	says = text_rows(&s);
	table_schema_clear(&s);
	return says;
}

#endif
