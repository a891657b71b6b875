/*
 * table.h - tables of text, CSV and JSON lines, as Arrow IPC streams.
 * A table is read as it streams by, once when the types of its columns are given, else once before to find them; it leaves in
 * batches.  Memory: a batch and the longest record, within the limits of struct table_opts.
 * Spec: RFC 4180 (CSV), jsonlines.org over RFC 8259; apache/arrow format/Columnar.rst; the house's reference, ipld 21.
 */
#ifndef TABLE_TABLE_H
#define TABLE_TABLE_H

#include <sys/types.h>

#include "arrow/arrow.h"
#include "base/piece.h"

enum {
	TABLE_COLUMNS_MAX = 32768,
	TABLE_ROWS = 65536,			/* of a batch */
	TABLE_BATCH = 8 * 1024 * 1024,		/* bytes of a batch */
	TABLE_RECORD = 8 * 1024 * 1024,		/* bytes of text of a record */
	TABLE_NAME_MAX = 65536,			/* bytes of a column's name */
	TABLE_NAMES_MAX = 8 * 1024 * 1024,	/* of all of them */
	TABLE_ZONE_MAX = 64
};

/* ---- types ---- */

struct table_type {
	uint8_t type;			/* enum arrow_type; 0: to be found out */
	uint8_t bits, is_signed;	/* as struct arrow_field has them */
	uint8_t unit;
	uint8_t list;			/* a list of items of this type (JSON lines) */
	uint8_t json;			/* of ARROW_UTF8: text of JSON, arrow.json */
	char zone[TABLE_ZONE_MAX];	/* of ARROW_TIMESTAMP; "": none */
};

/* table_type_parse - bool, int8 … uint64, float16 float32 float64, utf8, large_utf8, binary, large_binary, date32, date64,
 * timestamp[s|ms|us|ns] and timestamp[us,ZONE], json, list<TYPE>; also as pyarrow prints them.  ERR_USAGE.
 * table_type_format - append such a name. */
int table_type_parse(struct table_type *t, struct span text);
int table_type_format(const struct table_type *t, struct buf *out);

struct table_column {
	struct span name;		/* UTF-8; owned by the schema */
	struct table_type type;
	size_t src;			/* CSV: which field of a record; SIZE_MAX: the one of that name */
};
struct table_schema {
	struct table_column *col;
	size_t n, cap, bytes;		/* bytes of the names */
	int rest;			/* and all other columns there are */
};

/*
 * table_schema_parse - "name:type,name,..." : a column without a type has its type found out, "..." stands for all columns
 * not named; without it they are left out.  A name with one of , : " or blanks around it is written as a JSON string.
 * ERR_USAGE.
 * table_schema_format - append it.  table_schema_known - 1: nothing is left to find out.  _clear accepts a zeroed one.
 * table_schema_add - one more column, whose name is copied; _copy - the columns of another one, without its `rest`.
 * ERR_LIMIT: over one of the limits above; what was added stays.
 */
int table_schema_parse(struct table_schema *s, struct span text);
int table_schema_format(const struct table_schema *s, struct buf *out);
int table_schema_known(const struct table_schema *s);
int table_schema_add(struct table_schema *s, struct span name, const struct table_type *t, size_t src);
int table_schema_copy(struct table_schema *s, const struct table_schema *from);
void table_schema_clear(struct table_schema *s);

/* ---- reading ---- */

enum table_form { TABLE_CSV, TABLE_JSONL };

struct table_opts {
	enum table_form form;
	int sep;			/* CSV: what is between two fields; 0: found out, one of , ; TAB | */
	int no_header;			/* CSV: the first record is none; columns are named by the schema, or f0, f1 … */
	const struct span *null;	/* CSV: texts that stand for null, besides no text at all; never in quotes */
	size_t n_null;
	size_t rows_max, batch_max, record_max;	/* 0: as above */
	int (*progress)(void *arg, uint64_t bytes);	/* hears of text read; may be NULL; its error stops */
	void *arg;
};

/* The text: read gives the next bytes, their number, 0 at the end, or an error. */
struct table_in {
	ssize_t (*read)(void *arg, void *p, size_t len);
	void *arg;
};

/*
 * table_infer - find out what `want` (NULL: everything) leaves open, from all of the text: *out has all types, and
 * table_arrow never fails because of one that was found.  Types are int64, uint64 (over the range of int64), float64, bool,
 * date32, timestamp[us] or [ns], with zone UTC where the text has offsets, list<…> of these, json (objects, lists of other
 * things), else utf8.  CSV: an empty field is null; in quotes it is an empty text.  JSON lines: one object a line; columns
 * are its keys; a key that is not there is null.
 * ERR_INVALID: malformed, with the line; ERR_LIMIT; ERR_USAGE: a column of `want` is not there.
 *
 * table_arrow - the table as a stream.  s is known; text it does not fit is ERR_INVALID, with line and column.
 */
int table_infer(const struct table_opts *o, struct table_in in, const struct table_schema *want, struct table_schema *out);
int table_arrow(const struct table_opts *o, struct table_in in, const struct table_schema *s, struct sink *out);

#endif
