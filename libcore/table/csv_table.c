/* csv_table.c - records of CSV into columns: what types they have, and their values */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/utf8.h"
#include "table/table_priv.h"

/* ---- which columns ---- */

/* the names of the file's columns; without a header f0, f1 ..., or what `named` says */
static int read_names(struct csv *c, const struct table_opts *o, const struct table_schema *named, struct table_schema *names)
{
	const struct table_type none = { 0 };
	struct buf tmp = BUF_INIT(SIZE_MAX);
	struct span text;
	char own[32];
	size_t i;
	int rc = csv_next(c, o->no_header ? stream_rows_max(o) : 1);

	if (rc == 0)
		rc = named && o->no_header && !named->rest ? 0 : err_set(ERR_INVALID, "no records, and so no columns");
	else if (rc > 0)
		rc = 0;
	for (i = 0; rc == 0 && i < c->n_cols; i++) {
		text = span_of(own, (size_t)snprintf(own, sizeof own, "f%zu", i));
		if (o->no_header && named && i < named->n)
			text = named->col[i].name;
		else if (!o->no_header)
			rc = csv_text(c, &c->field[i], &tmp, &text);
		if (rc == 0 && !utf8_valid(text))
			rc = csv_not_utf8(c, c->field[i].off);
		if (rc == 0)
			rc = table_schema_add(names, text, &none, i);
	}
	buf_clear(&tmp);
	return rc;
}

static int by_name(const void *a, const void *b)
{
	const struct table_column *x = *(const struct table_column *const *)a, *y = *(const struct table_column *const *)b;
	int c = span_cmp(x->name, y->name);

	return c ? c : (x->src > y->src) - (x->src < y->src);
}

static const struct table_column **sorted(const struct table_schema *s)
{
	const struct table_column **by = malloc((s->n + 1) * sizeof *by);
	size_t i;

	if (!by)
		return NULL;
	for (i = 0; i < s->n; i++)
		by[i] = &s->col[i];
	qsort(by, s->n, sizeof *by, by_name);
	return by;
}

/* the first column of that name, or NULL */
static const struct table_column **find(const struct table_column **by, size_t n, struct span name)
{
	size_t lo = 0, hi = n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (span_cmp(by[mid]->name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && span_equal(by[lo]->name, name) ? by + lo : NULL;
}

/* which field each column of s is: src[i]; without a header those in the same place */
static int find_all(const struct table_opts *o, const struct table_schema *s, const struct table_schema *names, size_t *src)
{
	const struct table_column **by = sorted(names), **at;
	size_t i;
	int rc = by ? 0 : err_nomem();

	for (i = 0; rc == 0 && i < s->n; i++) {
		src[i] = o->no_header ? i : s->col[i].src;
		if (src[i] != SIZE_MAX) {
			if (src[i] >= names->n && names->n)
				rc = err_set(ERR_INVALID, "the table has changed while it was read");
			continue;
		}
		at = find(by, names->n, s->col[i].name);
		if (!at)
			rc = table_missing(s->col[i].name);
		else if (at + 1 < by + names->n && span_equal(at[0]->name, at[1]->name))
			rc = err_set(ERR_USAGE, "column '%.200s' is there twice", (const char *)at[0]->name.p);
		else
			src[i] = at[0]->src;
	}
	free(by);
	return rc;
}

/* without a header what is named is where it is named */
static int by_place(const struct table_opts *o, const struct table_schema *s, const struct csv *c)
{
	if (!o->no_header || c->n_cols == 0 || s->n == c->n_cols || (s->rest && s->n < c->n_cols))
		return 0;
	return err_set(ERR_USAGE, "the schema has %zu columns, and the table %zu", s->n, c->n_cols);
}

/* `want`, but for types that are open, with all that `rest` stands for in the order of the file */
static int choose(const struct table_opts *o, const struct table_schema *want, const struct csv *c,
		  const struct table_schema *names, struct table_schema *out)
{
	size_t *src = calloc((want ? want->n : 0) + 1, sizeof *src), i;
	int all = !want || want->rest, rc = src ? 0 : err_nomem();

	if (rc == 0 && want)
		rc = by_place(o, want, c);
	if (rc == 0 && want)
		rc = find_all(o, want, names, src);
	for (i = 0; rc == 0 && all && i < names->n; i++)
		rc = table_schema_add(out, names->col[i].name, &names->col[i].type, i);
	for (i = 0; rc == 0 && want && i < want->n; i++) {
		if (all)
			out->col[src[i]].type = want->col[i].type;
		else
			rc = table_schema_add(out, want->col[i].name, &want->col[i].type, src[i]);
	}
	free(src);
	return rc;
}

/* ---- what types? ---- */

static int is_null(const struct table_opts *o, const struct csv *c, const struct csv_field *f)
{
	size_t i;

	if (f->len == 0)
		return 1;
	if (f->len & CSV_QUOTED)
		return 0;
	for (i = 0; i < o->n_null; i++)
		if (span_equal(o->null[i], span_of(c->win + f->off, f->len)))
			return 1;
	return 0;
}

/* what is seen in column src of the rows that were read, added to *seen */
static int see(const struct table_opts *o, const struct csv *c, size_t src, unsigned *seen)
{
	const struct csv_field *f = c->field + src;
	size_t i, len;

	/* where anything may stand, text has not been looked at yet */
	for (i = 0; i < c->rows && (c->any_bytes || !(*seen & SEEN_TEXT)); i++, f += c->n_cols) {
		const uint8_t *p = c->win + f->off;

		len = f->len & CSV_LEN;
		if (c->any_bytes && !utf8_valid(span_of(p, len)))
			return csv_not_utf8(c, f->off);
		if (len == 0 || (o->n_null && is_null(o, c, f)))
			continue;	/* nothing in quotes may be of any type, too */
		*seen |= f->len & CSV_ESCAPED ? SEEN_TEXT : value_seen(p, p + len);
	}
	return 0;
}

/* may there be bytes that are no UTF-8? */
static int check_types(const struct table_schema *s, struct csv *c)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->col[i].type.list)
			return err_set(ERR_USAGE, "column '%.200s': there are no lists in CSV",
				       (const char *)s->col[i].name.p);
		c->any_bytes |= s->col[i].type.type == ARROW_BINARY || s->col[i].type.type == ARROW_LARGE_BINARY;
	}
	return 0;
}

/* all columns whose types are not known */
static int see_all(const struct table_opts *o, const struct csv *c, const struct table_schema *s, unsigned *seen)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < s->n; i++)
		if (!s->col[i].type.type)
			rc = see(o, c, s->col[i].src, &seen[i]);
	return rc;
}

int csv_infer(const struct table_opts *o, struct table_in in, const struct table_schema *want, struct table_schema *out)
{
	struct table_schema names = { 0 };
	unsigned *seen = NULL;
	struct csv c = { 0 };
	size_t i;
	int rc = csv_open(&c, o, in);

	if (rc == 0 && want)
		rc = check_types(want, &c);
	if (rc == 0)
		rc = read_names(&c, o, want, &names);
	if (rc == 0)
		rc = choose(o, want, &c, &names, out);
	if (rc == 0) {
		seen = calloc(out->n + 1, sizeof *seen);
		rc = !seen ? err_nomem() : o->no_header ? (int)c.rows : csv_next(&c, SIZE_MAX);
	}
	while (rc > 0) {
		rc = see_all(o, &c, out, seen);
		if (rc == 0)
			rc = csv_next(&c, SIZE_MAX);
	}
	for (i = 0; rc == 0 && i < out->n; i++)
		if (!out->col[i].type.type)
			value_type(seen[i], &out->col[i].type);
	free(seen);
	table_schema_clear(&names);
	csv_close(&c);
	return rc;
}

/* ---- values ---- */

/* one column's part of the rows that were read */
struct part {
	const struct table_opts *o;
	const struct csv *c;
	struct column *col;
	const struct csv_field *f;	/* of the first row; the next is n_cols further on */
	size_t rows, done;
	struct buf *tmp;
};

typedef int value_fn(const struct table_type *t, const uint8_t *p, const uint8_t *end, void *out);

/* values of one width, each by fn: 1, or what fn or an error said of row `done` */
static inline __attribute__((always_inline)) int fixed(struct part *w, value_fn *fn, size_t width)
{
	struct column *col = w->col;
	const struct csv_field *f = w->f;
	uint8_t *out;
	int rc = column_room(col, w->rows);

	if (rc < 0)
		return rc;
	out = col->data.data + col->data.len;
	for (; w->done < w->rows; w->done++, f += w->c->n_cols, out += width, col->rows++) {
		const uint8_t *p = w->c->win + f->off;
		size_t len = f->len & CSV_LEN;

		if (len == 0 || (w->o->n_null && is_null(w->o, w->c, f))) {
			memset(out, 0, width);
			rc = column_mark(col);
			if (rc < 0)
				return rc;
			continue;
		}
		rc = fn(&col->type, p, p + len, out);
		if (rc != 1)
			return rc;
	}
	col->data.len += w->rows * width;
	return 1;
}

static int ints(struct part *w)
{
	switch (w->col->width) {
	case 1: return fixed(w, value_int, 1);
	case 2: return fixed(w, value_int, 2);
	case 4: return fixed(w, value_int, 4);
	default: return fixed(w, value_int, 8);
	}
}

static int floats(struct part *w)
{
	return w->col->width == 8 ? fixed(w, value_float, 8) : fixed(w, value_float, w->col->width);
}

/* UTF-8 with 32-bit offsets, checked before */
static int texts(struct part *w)
{
	enum { SHORT = 16 };		/* copied whole, whatever is behind it: the window has room, and so has data */
	struct column *col = w->col;
	const struct csv_field *f = w->f;
	struct span text;
	uint32_t off;
	int rc = buf_reserve(&col->offs, 4 * w->rows);

	if (rc == 0)
		rc = buf_reserve(&col->data, w->c->at - w->c->from + SHORT);
	if (rc == 0 && col->data.len > INT32_MAX - (w->c->at - w->c->from))
		rc = err_set(ERR_LIMIT, "more than %d bytes of text in a batch", INT32_MAX);
	if (rc < 0)
		return rc;
	for (; w->done < w->rows; w->done++, f += w->c->n_cols) {
		if (f->len == 0 || (w->o->n_null && is_null(w->o, w->c, f))) {
			rc = column_mark(col);
			text.len = 0;
		} else {
			rc = csv_text(w->c, f, w->tmp, &text);
			if (text.len <= SHORT && !(f->len & CSV_ESCAPED))
				memcpy(col->data.data + col->data.len, text.p, SHORT);
			else
				memcpy(col->data.data + col->data.len, text.p, text.len);
		}
		if (rc < 0)
			return rc;
		col->data.len += text.len;
		off = htole32((uint32_t)col->data.len);
		memcpy(col->offs.data + col->offs.len, &off, 4);
		col->offs.len += 4;
		col->rows++;
	}
	return 1;
}

/* any type, one after the other */
static int others(struct part *w)
{
	int text = column_is_text(w->col);
	const struct csv_field *f = w->f;
	struct span value;
	int rc;

	for (; w->done < w->rows; w->done++, f += w->c->n_cols) {
		rc = csv_text(w->c, f, w->tmp, &value);
		if (rc < 0)
			return rc;
		if ((value.len == 0 && !(text && f->len & CSV_QUOTED)) || is_null(w->o, w->c, f)) {
			rc = column_null(w->col);
			if (rc < 0)
				return rc;
			continue;
		}
		rc = column_value(w->col, value);
		if (rc != 1)
			return rc;
	}
	return 1;
}

static int values(struct part *w)
{
	switch (w->col->type.type) {
	case ARROW_INT: return ints(w);
	case ARROW_FLOAT: return floats(w);
	case ARROW_DATE: return fixed(w, value_date, w->col->width);
	case ARROW_TIMESTAMP: return fixed(w, value_time, 8);
	case ARROW_UTF8: if (!w->c->any_bytes) return texts(w);
	}
	return others(w);
}

/* the rows that were read into all columns; the first row with a text that does not fit is complained of */
static int add_rows(struct stream *s, const struct csv *c, const size_t *src, struct buf *tmp)
{
	size_t rows = c->rows, i, bad = 0;
	const struct csv_field *f;
	struct span text;
	int rc, worst = 1;

	for (i = 0; i < s->n_cols && rows; i++) {
		struct part w = { s->opts, c, &s->col[i], c->field + src[i], rows, 0, tmp };

		rc = values(&w);
		if (rc < 0)
			return rc;
		if (rc != 1) {
			worst = rc;
			rows = w.done;
			bad = i;
		}
	}
	if (worst == 1) {
		s->rows += rows;
		return 0;
	}
	f = c->field + rows * c->n_cols + src[bad];
	rc = csv_text(c, f, tmp, &text);
	return rc < 0 ? rc : table_bad(csv_line(c, f->off), &s->schema->col[bad], text, worst);
}

int csv_arrow(const struct table_opts *o, struct table_in in, const struct table_schema *schema, struct sink *out)
{
	struct buf tmp = BUF_INIT(SIZE_MAX);
	struct table_schema names = { 0 };
	struct stream s = { 0 };
	struct csv c = { 0 };
	size_t *src = calloc(schema->n + 1, sizeof *src);
	int rc = src ? csv_open(&c, o, in) : err_nomem();

	if (rc == 0)
		rc = check_types(schema, &c);
	if (rc == 0)
		rc = read_names(&c, o, schema, &names);
	if (rc == 0)
		rc = by_place(o, schema, &c);
	if (rc == 0)
		rc = find_all(o, schema, &names, src);
	if (rc == 0)
		rc = stream_start(&s, o, schema, out);
	if (rc == 0)
		rc = o->no_header ? (int)c.rows : csv_next(&c, stream_rows_max(o));
	while (rc > 0) {
		rc = add_rows(&s, &c, src, &tmp);
		if (rc == 0)
			rc = stream_full(&s);
		if (rc == 0)
			rc = csv_next(&c, stream_rows_max(o) - s.rows);
	}
	if (rc == 0)
		rc = stream_finish(&s);
	stream_clear(&s);
	table_schema_clear(&names);
	csv_close(&c);
	buf_clear(&tmp);
	free(src);
	return rc;
}
