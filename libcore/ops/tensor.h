/*
 * tensor.h - the verbs of tensors: where an operand leads, what is in a container, slices of it.
 * An operand that is a CID or a path from one (CID/a, /ipfs/CID/a, ipfs://CID/a) is in the store, or whatever source of
 * blocks there is; everything else is a file or folder outside.  "./bafy..." is always outside.
 */
#ifndef OPS_TENSOR_H
#define OPS_TENSOR_H

#include "ops/read.h"
#include "tensor/tensor.h"

/* ops_tensor_stored - 1: such an operand is in the store (also /ipns/NAME, which has to be looked up before). */
int ops_tensor_stored(const char *path);

/* ops_tensor_place - where the operand leads; `src` (borrowed until free) may be NULL for those outside, else it is
 * ERR_USAGE.  *cid (may be NULL): what a path into the store leads to, of others len is 0.  Shards of a model are looked
 * for beside an index file, in the folder the path went through.  "-" is standard input; a pipe is copied to a nameless
 * file in tmpdir (NULL: $TMPDIR or /tmp) first. */
int ops_tensor_place(struct tensor_place **place, struct dag_source *src, const char *path, const char *tmpdir,
		     struct cid *cid);

/*
 * ops_tensor_open - the container an operand leads to, as tensor_open.  st may be NULL for operands outside; src NULL: that of
 * st.  tmpdir and cachedir are those of st, if any.  ops_tensor_open_cid - the same of what a CID names.
 * ops_tensor_close - accepts a zeroed one.
 */
struct ops_tensor {
	struct tensor_place *place;
	struct tensor_set *set;
	struct cid cid;			/* len 0: outside the store */
};
int ops_tensor_open(struct ops_tensor *t, struct store *st, struct dag_source *src, const char *path);
int ops_tensor_open_cid(struct ops_tensor *t, struct store *st, struct dag_source *src, const struct cid *cid);
void ops_tensor_close(struct ops_tensor *t);

/* ---- telling ---- */

/* ops_tensor_shape - append "[2,3]". */
int ops_tensor_shape(unsigned rank, const uint64_t *shape, struct buf *out);
/* ops_tensor_dtype - "F32", or what the container calls a type that has no such name. */
struct span ops_tensor_dtype(const struct tensor_info *t);
/*
 * ops_tensor_line - one tensor as a record without its end: name, dtype, shape, bytes by TAB; as JSON also where it lies in which
 * file.  stats, if not NULL: min max mean std zeros nans infs histogram ("-" for what there is not, null in JSON).
 */
int ops_tensor_line(struct tensor_set *set, const struct tensor_info *t, const struct tensor_stats *stats, enum ops_form form,
		    struct buf *out);
/*
 * ops_tensor_info - the JSON object that says what a container is (the /info of the HTTP interface): `name` (empty: the
 * first) in front, then all tensors.  Streams; memory is a record.
 */
int ops_tensor_info(struct ops_tensor *t, struct span name, struct sink *out);

/* ---- slices ---- */

/*
 * ops_tensor_body - make b the slice `slice` (p NULL: all) of the tensor `name` (empty: the first), in a form; to: TENSOR_DTYPES as it
 * is stored.  The rest as tensor_slice_parse and tensor_body_make.  b->column may be set before; all else is.
 * Clear it with tensor_body_clear, on failure too.
 */
int ops_tensor_body(struct tensor_body *b, struct tensor_set *set, struct span name, struct span slice, int flags,
		    enum tensor_form form, enum tensor_dtype to);

/*
 * ops_tensor_file - several slices as one safetensors file.  new: set is borrowed until free.  add: `as` is its name in there
 * (empty: as it is called, or "data"); the errors of ops_tensor_body.  end: checks that there are some and no two have one name
 * (ERR_USAGE), sorts them as safetensors does, makes the header; then len (bytes) is known and cat gives bytes [off, off + len),
 * as far as there are.  Memory: what was asked, up to OPS_TENSOR_ASKED, and the header; ERR_LIMIT beyond.
 */
enum { OPS_TENSOR_ASKED = 8 * 1024 * 1024 };
struct ops_tensor_file;
int ops_tensor_file_new(struct ops_tensor_file **f, struct tensor_set *set, enum tensor_dtype to);
int ops_tensor_file_add(struct ops_tensor_file *f, struct span name, struct span slice, int flags, struct span as);
int ops_tensor_file_end(struct ops_tensor_file *f, uint64_t *len);
int ops_tensor_file_cat(struct ops_tensor_file *f, uint64_t off, uint64_t len, struct sink *out,
			int (*progress)(void *arg, uint64_t bytes), void *arg);
void ops_tensor_file_free(struct ops_tensor_file *f);

#endif
