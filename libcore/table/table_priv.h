/*
 * table_priv.h - what reading CSV and reading JSON lines share: values, columns, and the batches they leave in.
 */
#ifndef TABLE_TABLE_PRIV_H
#define TABLE_TABLE_PRIV_H

#include "table/table.h"

/* ---- values: value.c, time.c ---- */

/*
 * One value as text, into out (of table_type's width): 1; 0: it is no such value; VALUE_RANGE: it is one, but does not fit.
 * Blanks around numbers, dates and the like do not count.
 */
enum { VALUE_RANGE = 2 };
int value_int(const struct table_type *t, const uint8_t *p, const uint8_t *end, void *out);
int value_float(const struct table_type *t, const uint8_t *p, const uint8_t *end, void *out);
int value_bool(const struct table_type *t, const uint8_t *p, const uint8_t *end, void *out);	/* a byte, 0 or 1 */
int value_date(const struct table_type *t, const uint8_t *p, const uint8_t *end, void *out);
int value_time(const struct table_type *t, const uint8_t *p, const uint8_t *end, void *out);

/* What a text may be, seen without a type. */
enum {
	SEEN_INT = 1,			/* fits int64 */
	SEEN_UINT = 2,			/* fits uint64 only */
	SEEN_MINUS = 4,			/* an integer below 0 */
	SEEN_HUGE = 8,			/* an integer that fits neither */
	SEEN_FLOAT = 16,		/* has a point, an exponent, or is nan or inf */
	SEEN_BOOL = 32,
	SEEN_DATE = 64,
	SEEN_TIME = 128,		/* a date and a time of day, */
	SEEN_ZONED = 256,		/* with an offset */
	SEEN_NANO = 512,		/* with more than six digits of a second */
	SEEN_FAR = 1024,		/* a date, or date and time, outside of what nanoseconds can count */
	SEEN_TEXT = 2048,
	SEEN_LIST = 4096, SEEN_JSON = 8192, SEEN_STRING = 16384	/* JSON lines */
};
unsigned value_seen(const uint8_t *p, const uint8_t *end);
unsigned value_seen_time(const uint8_t *p, const uint8_t *end);	/* the part of it that is dates; 0: none */
/* value_type - the type of a column in which all this was seen (nothing: utf8). */
void value_type(unsigned seen, struct table_type *t);

/* value_trim - without the blanks around it */
static inline void value_trim(const uint8_t **p, const uint8_t **end)
{
	while (*p < *end && (**p == ' ' || **p == '\t'))
		++*p;
	while (*p < *end && ((*end)[-1] == ' ' || (*end)[-1] == '\t'))
		--*end;
}

/* ---- columns: column.c ---- */

struct column {
	struct table_type type;
	size_t width;			/* bytes of a value; 0: text, bits or a list */
	size_t rows, nulls;
	struct buf valid;		/* bits; those behind its end are all 1 */
	struct buf data;
	struct buf offs;		/* of text and lists: where each ends; 32 or 64 bits */
	struct column *item;		/* of a list */
};
int column_init(struct column *c, const struct table_type *t);
void column_clear(struct column *c);
void column_reset(struct column *c);		/* no rows */

int column_null(struct column *c);
int column_pad(struct column *c, size_t rows);	/* nulls, until there are so many */
/* column_value - a value as text: 1, else as value_int, and nothing is added; or an error. */
int column_value(struct column *c, struct span text);
int column_end_list(struct column *c);		/* the items since the last one are a list */
size_t column_bytes(const struct column *c);
size_t column_row_bits(const struct column *c);	/* of a null, but for the bit that says so */
int column_is_text(const struct column *c);	/* UTF-8 or bytes */
/* column_mark - the row that is added next is null */
int column_mark(struct column *c);
/* column_room - room for so many values; those who add many write them themselves */
static inline int column_room(struct column *c, size_t rows)
{
	return buf_reserve(&c->data, rows * c->width);
}

/* ---- the stream: stream.c ---- */

struct stream {
	const struct table_schema *schema;
	const struct table_opts *opts;
	struct sink *out;
	struct column *col;		/* as the schema has them */
	size_t n_cols, rows, n_nodes, n_buffers;
	size_t row_bits;		/* that a row has at least, also where it is null: columns may lag behind */
};
int stream_start(struct stream *s, const struct table_opts *o, const struct table_schema *schema, struct sink *out);
int stream_flush(struct stream *s);		/* a batch of what there is, if there is anything */
int stream_must(const struct stream *s);	/* 1: as many rows as a batch may have, or surely as many bytes; costs nothing */
int stream_full(struct stream *s);		/* a flush when it is time for one */
int stream_finish(struct stream *s);
void stream_clear(struct stream *s);		/* accepts a zeroed one */
size_t stream_rows_max(const struct table_opts *o);

/* ---- complaints: schema.c ---- */

/* table_bad - ERR_INVALID: the text in that line does not fit column i; rc as value_int gives it. */
int table_bad(uint64_t line, const struct table_column *col, struct span text, int rc);
/* table_missing - ERR_USAGE: there is no such column. */
int table_missing(struct span name);

/* ---- CSV: csv.c ---- */

enum { CSV_QUOTED = 1u << 31, CSV_ESCAPED = 1u << 30, CSV_LEN = CSV_ESCAPED - 1 };
struct csv_field {
	uint32_t off;			/* in the window */
	uint32_t len;			/* and flags; quoted: without the quotes */
};
struct csv {
	struct table_in in;
	const struct table_opts *opts;
	int any_bytes;			/* need not be UTF-8 as a whole */
	/* its own: */
	uint8_t sep;
	uint8_t *win;
	size_t cap, at, have;		/* at: the first record that was not given; CSV_SLACK bytes of 0 behind have */
	int eof, after_cr, from_cr;	/* a CR ends what is before `at`, `from` */
	size_t from;			/* where what was given last begins */
	uint64_t line, next_line;	/* of win[from], win[at] */
	struct csv_field *field;	/* rows * n_cols */
	size_t n_fields, cap_fields;
	size_t n_cols, rows;		/* n_cols 0: not known yet */
	enum csv_wrong { CSV_FINE, CSV_RAGGED, CSV_BEHIND, CSV_OPEN, CSV_WIDE } wrong;	/* with the record at `at` */
	size_t wrong_at, wrong_n;
};
enum { CSV_SLACK = 64 };
int csv_open(struct csv *c, const struct table_opts *o, struct table_in in);
void csv_close(struct csv *c);		/* accepts a zeroed one */
/* csv_next - up to rows_max whole records: their number, 0 at the end, or an error. */
int csv_next(struct csv *c, size_t rows_max);
/* csv_text - a field as it is meant; one with quotes in it is put into tmp. */
int csv_text(const struct csv *c, const struct csv_field *f, struct buf *tmp, struct span *text);
uint64_t csv_line(const struct csv *c, size_t off);	/* the line that byte of the window is in */
int csv_not_utf8(const struct csv *c, size_t off);	/* ERR_INVALID: what is there */

/* ---- the two of table.h for each way to write tables: csv_table.c, jsonl.c ---- */

int csv_infer(const struct table_opts *o, struct table_in in, const struct table_schema *want, struct table_schema *out);
int csv_arrow(const struct table_opts *o, struct table_in in, const struct table_schema *s, struct sink *out);
int jsonl_infer(const struct table_opts *o, struct table_in in, const struct table_schema *want, struct table_schema *out);
int jsonl_arrow(const struct table_opts *o, struct table_in in, const struct table_schema *s, struct sink *out);

#endif
