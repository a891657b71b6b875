/*
 * arrow.h - tensors, and tables of text, as streams of Arrow.
 * Operands as ops/tensor.h tells them apart: in the store, or files outside; "-" is standard input.
 */
#ifndef OPS_ARROW_H
#define OPS_ARROW_H

#include "ops/read.h"
#include "table/table.h"
#include "tensor/tensor.h"

/* ---- tensors ---- */

/*
 * ops_columns_open - the tensors `name` (n of them; none: all there are) as columns.  One alone has a row for each element,
 * or with `rows` one for each step of its first axis; several have these, and must have as many of them.  slice: of each
 * (NULL: all); of several it speaks of their rows.  to: TENSOR_DTYPES as they are.  The set is borrowed until close.
 * ERR_NOTFOUND, ERR_USAGE, ERR_LIMIT: over TENSOR_COLUMNS_MAX; the rest as tensor_slice_parse and tensor_columns_make.
 * What goes out is tensor_columns_cat of `out`.  ops_columns_close - accepts a zeroed one.
 */
struct ops_columns_opts {
	const char *slice;
	enum tensor_dtype to;
	int rows;
	uint64_t batch;			/* rows of a batch; 0: all in one */
};
struct ops_columns {
	struct tensor_columns out;
	struct buf names;		/* what the bodies borrow */
};
int ops_columns_open(struct ops_columns *c, struct tensor_set *set, const char *const *name, size_t n,
		     const struct ops_columns_opts *o);
void ops_columns_close(struct ops_columns *c);

/* ---- tables ---- */

/* ops_table_named - 1: a path that ends so is CSV (.csv, .tsv, .psv) or JSON lines (.jsonl, .ndjson); form and sep are
 * set. */
int ops_table_named(const char *path, struct table_opts *o);

/*
 * ops_table_open - the table at a path; want (may be NULL) as for table_infer, which reads all of it, unless `want` is known.
 * Then standard input is not copied to a nameless file (in tmpdir; NULL: $TMPDIR or /tmp) but read as it comes.  o is borrowed
 * until close; its progress hears every byte that is read.  src may be NULL for what is outside the store.
 * ops_table_cat - the stream.  ops_table_close - accepts a zeroed one.
 */
struct ops_table {
	const struct table_opts *opts;
	struct table_schema schema;
	struct tensor_place *place;
	struct tensor_in *in;		/* NULL: standard input, as it comes */
	uint64_t at;
};
int ops_table_open(struct ops_table *t, struct dag_source *src, const char *path, const char *tmpdir,
		   const struct table_opts *o, const struct table_schema *want);
int ops_table_cat(struct ops_table *t, struct sink *out);
void ops_table_close(struct ops_table *t);

/* ---- telling ---- */

/* One column as a record without its end: name and type by TAB, or {"name":...,"type":...,"nullable":...}. */
int ops_columns_line(const struct ops_columns *c, size_t i, enum ops_form form, struct buf *out);
int ops_table_line(const struct ops_table *t, size_t i, enum ops_form form, struct buf *out);

#endif
