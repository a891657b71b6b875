/*
 * tensor.h - arrays of numbers in files: what a container holds, slices of it, and the forms in which they leave.
 * Containers are safetensors, sharded models (an index.json and its safetensors files), NumPy's .npy and .npz, and GGUF.
 * Only what is asked is read: the header, then the bytes of the slice.  Memory does not depend on the size of anything.
 * Spec: huggingface/safetensors README "Format"; NumPy NEP 1; ggml docs/gguf.md; the house's reference, ipld 19 and 20.
 */
#ifndef TENSOR_TENSOR_H
#define TENSOR_TENSOR_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/piece.h"
#include "dag/dag.h"

enum {
	TENSOR_RANK_MAX = 64,			/* dimensions, as NumPy 2 */
	TENSOR_HEADER_MAX = 100000000,		/* bytes of a safetensors header */
	TENSOR_NAME_MAX = 65536,		/* bytes of a name */
	TENSOR_CUT_MIN = 4096			/* bytes of a tensor that has blocks of its own (tensor_cuts) */
};
#define TENSOR_UNSIZED UINT64_MAX		/* size of a stream whose end is not known yet */

/* ---- element types: those of safetensors in the order of its ranks, then what others have ---- */
enum tensor_dtype {
	TENSOR_BOOL, TENSOR_F4, TENSOR_F6_E2M3, TENSOR_F6_E3M2, TENSOR_U8, TENSOR_I8, TENSOR_F8_E5M2, TENSOR_F8_E4M3,
	TENSOR_F8_E8M0, TENSOR_F8_E4M3FNUZ, TENSOR_F8_E5M2FNUZ, TENSOR_I16, TENSOR_U16, TENSOR_F16, TENSOR_BF16,
	TENSOR_I32, TENSOR_U32, TENSOR_F32, TENSOR_C64, TENSOR_F64, TENSOR_I64, TENSOR_U64,
	TENSOR_C128,			/* two F64 (npy) */
	TENSOR_OTHER,			/* named by tensor_info.type: "<M8[ns]", "Q4_K" */
	TENSOR_DTYPES
};
const char *tensor_dtype_name(enum tensor_dtype t);		/* "BF16" */
unsigned tensor_dtype_bits(enum tensor_dtype t);		/* of an element; 0: TENSOR_OTHER */
/* tensor_dtype_find - by name; exact as in files, or `anycase` as people type.  1 or 0. */
int tensor_dtype_find(struct span name, int anycase, enum tensor_dtype *t);

/* ---- where bytes come from ---- */

/*
 * An open file.  read - all of [off, off + len), or an error: ERR_INVALID where the file ends before.  cat - the same
 * as pieces, extents where there are some.  Both are cheap for runs that follow each other in any order: what is open
 * stays open.
 */
struct tensor_in {
	uint64_t size;		/* bytes; TENSOR_UNSIZED: all but the header of safetensors is taken to be there */
	int (*read)(struct tensor_in *in, uint64_t off, void *p, size_t len);
	int (*cat)(struct tensor_in *in, uint64_t off, uint64_t len, struct sink *out);
	/* bytes around off as they lie in memory, from *start on: *start <= off < *start + len; borrowed until the next
	 * call.  1: who takes some adds them to n_bytes; 2: they are counted; 0: not to be had.  May be NULL. */
	int (*view)(struct tensor_in *in, uint64_t off, uint64_t *start, struct span *bytes);
	int (*seen)(struct tensor_in *in);	/* with view: 1: what was looked at was the file's; 0: not all, look again */
	void (*close)(struct tensor_in *in);		/* frees it */
	uint64_t n_blocks, n_bytes;	/* opened (inner nodes and leaves) and read so far, for who counts */
	char key[128];			/* of the content: a CID as text; "": may change, is not cached */
};
static inline void tensor_in_close(struct tensor_in *in)
{
	if (in)
		in->close(in);
}
/* tensor_in_dag - a UnixFS file or raw block; src is borrowed until close.  ERR_INVALID: a directory; ERR_NOTFOUND.
 * tensor_in_fd - an ordinary file; fd is taken, also on failure. */
int tensor_in_dag(struct tensor_in **in, struct dag_source *src, const struct cid *cid);
int tensor_in_fd(struct tensor_in **in, int fd, const char *what);

/*
 * Where a container is.  open - its file: `name` empty: the place itself (1 and no file when that is a directory); else the
 * file of that name beside it, or in it.  ERR_NOTFOUND; ERR_INVALID: no name of a file in a folder, or no file.  Gives *in.
 * list - the names in a directory; a nonzero return of fn stops and is returned.  free gives it up, after the set is closed.
 */
struct tensor_place {
	int (*open)(struct tensor_place *p, struct span name, struct tensor_in **in);
	int (*list)(struct tensor_place *p, int (*fn)(void *arg, struct span name), void *arg);
	void (*free)(struct tensor_place *p);
};
static inline void tensor_place_free(struct tensor_place *p)
{
	if (p)
		p->free(p);
}
/* tensor_place_dag - src is borrowed until free.  tensor_place_path - a file or folder outside the store.  Both give *p;
 * ERR_NOTFOUND; what is wrong with a file its open says. */
int tensor_place_dag(struct tensor_place **p, struct dag_source *src, const struct cid *cid);
int tensor_place_path(struct tensor_place **p, const char *path);

/* ---- containers ---- */

enum tensor_kind { TENSOR_SAFETENSORS, TENSOR_SHARDED, TENSOR_NPY, TENSOR_NPZ, TENSOR_GGUF };

struct tensor_info {
	struct span name;		/* UTF-8; borrowed from the set until its next call; of an .npy empty */
	enum tensor_dtype dtype;
	struct span type;		/* as the container spells it: "F32", "<f4", "Q4_K"; borrowed as name */
	unsigned bits;			/* of an element; 0: elements cannot be told apart, only the whole can be had */
	unsigned rank;			/* 0: a scalar, one element */
	uint64_t shape[TENSOR_RANK_MAX];
	uint64_t n;			/* elements */
	uint64_t len;			/* bytes, in row-major order without gaps */
	uint64_t off;			/* of its file, where it begins (of a deflated member: of its compressed bytes) */
	uint64_t packed;		/* bytes it takes in the file: len, unless deflated */
	uint32_t part;			/* which file: 0 <= part < tensor_parts */
	uint8_t column_order, big_endian, deflated;	/* TENSOR_OTHER is never big_endian: its type says that */
	uint32_t skip, crc;		/* of a deflated member: bytes before its data; CRC-32 of all of it */
};

struct tensor_set;
/*
 * tensor_open - what is in the container at that place.  The header is checked from end to end: nothing in it can lead
 * outside the file.  It streams; what it says is kept sorted, in memory up to some MiB and then in a nameless file in tmpdir
 * (NULL: $TMPDIR or /tmp).  cachedir: where what was parsed is kept under the CID for the next who asks, when it was long (NULL:
 * nowhere).  Of a sharded model only the files are opened whose tensors are asked for.  Arrays of Python objects are
 * left out of an .npz, with a warning in the log; an .npy of them is ERR_UNSUPPORTED.
 * Borrows place until close.  ERR_INVALID: no container, or a malformed one, with the class of the reference's 19.2 in front of the
 * message ("InvalidOffset: tensor 'w' ..."); ERR_LIMIT; ERR_NOTFOUND: a block, or a shard; ERR_UNSUPPORTED.
 */
int tensor_open(struct tensor_set **set, struct tensor_place *place, const char *tmpdir, const char *cachedir);
void tensor_close(struct tensor_set *set);			/* accepts NULL */
enum tensor_kind tensor_set_kind(const struct tensor_set *set);
const char *tensor_kind_name(enum tensor_kind kind);		/* "safetensors" */
uint64_t tensor_count(const struct tensor_set *set);
/* tensor_get - by the bytewise order of names: 0 <= i < tensor_count.  tensor_find - by name (empty: the first in that
 * order).  ERR_NOTFOUND names what is near. */
int tensor_get(struct tensor_set *set, uint64_t i, struct tensor_info *info);
int tensor_find(struct tensor_set *set, struct span name, struct tensor_info *info);
/* tensor_meta - what the header says besides: __metadata__, "metadata" of an index, the keys of GGUF (their long texts and arrays
 * cut); values as text.  It is read anew.  fn's nonzero return stops and is returned.  ERR_LIMIT: a value over 16 MiB. */
int tensor_meta(struct tensor_set *set, int (*fn)(void *arg, struct span key, struct span value), void *arg);
/* tensor_part - the open file; borrowed until the set's next call, which may close it.  tensor_part_name - what it is called, of a
 * sharded model; empty where there is but one file; borrowed likewise.  ERR_NOTFOUND: no such part; the first also what
 * opening it says.  tensor_opened - blocks and bytes of all of them, so far. */
int tensor_part(struct tensor_set *set, uint32_t part, struct tensor_in **in);
int tensor_part_name(struct tensor_set *set, uint32_t part, struct span *name);
void tensor_opened(const struct tensor_set *set, uint64_t *n_blocks, uint64_t *n_bytes);

/* ---- slices ---- */

/*
 * slice = dim *( "," dim )     blanks may stand around each part; [ ] may stand around all of it
 * dim   = "..."                as many whole dimensions as are missing, once
 *       | index                one element; its dimension goes, with SLICE_KEEP it stays with length 1
 *       | [index] ":" [index] [ ":" [step] ]        from, up to but without, every step-th: as NumPy
 *       | index "+" count      so many from there on
 *       | "*"                  all, as ":"
 * index = decimal, negative ones count from the end; step = decimal but not 0, negative ones go backwards
 * Dimensions that are not said are whole.  Bounds are not clipped: what is asked must be there.
 */
struct slice_dim {
	uint64_t start, count;		/* the first element, and how many */
	int64_t step;
	int gone;			/* 1: a single index; no dimension of the result */
};
struct tensor_slice {
	unsigned rank;			/* of the tensor */
	struct slice_dim dim[TENSOR_RANK_MAX];
};
enum {
	SLICE_KEEP = 1,			/* single indexes keep their dimension */
	SLICE_EXACT = 2,		/* every dimension must be said, or "..." */
	SLICE_NONEMPTY = 4		/* start < end wanted */
};
/* tensor_slice_parse - ERR_USAGE, in words that name the dimension.  tensor_slice_all - all of it.  _shape - of the
 * result: its rank, and shape; the product fits 64 bits. */
int tensor_slice_parse(struct tensor_slice *s, struct span text, int flags, unsigned rank, const uint64_t *shape);
void tensor_slice_all(struct tensor_slice *s, unsigned rank, const uint64_t *shape);
unsigned tensor_slice_shape(const struct tensor_slice *s, uint64_t shape[TENSOR_RANK_MAX]);

/*
 * A plan: the runs of bytes of the file that make the slice, in the order of the result.  Neighbours are one run.
 * tensor_plan - ERR_UNSUPPORTED: "MisalignedSlice ..." for sub-byte elements that do not begin and end on bytes; or the type has
 * no elements and the slice is not the whole.  ERR_USAGE: a slice of another rank; ERR_LIMIT: a tensor of over 2^59 bytes.
 * tensor_plan_next - 1 and a run, or 0; off is from the tensor's first byte on, both are bytes.
 * tensor_plan_seek - go on at this byte of the result.
 */
struct tensor_plan {
	uint64_t len;			/* of the result, bytes */
	uint64_t run, n_runs;		/* bytes of each run; how many */
	unsigned outer;			/* dimensions that are walked, the last one fastest */
	struct { uint64_t count, at; int64_t stride; } dim[TENSOR_RANK_MAX];	/* stride: bytes; at: where we are */
	uint64_t base, skip;		/* where the next run is; how many bytes of it are not wanted */
	int done;
};
int tensor_plan(struct tensor_plan *p, const struct tensor_info *t, const struct tensor_slice *s);
int tensor_plan_next(struct tensor_plan *p, uint64_t *off, uint64_t *len);
void tensor_plan_seek(struct tensor_plan *p, uint64_t off);

/*
 * tensor_cat - bytes [off, off + len) of the elements of a slice, row-major and little-endian whatever the container has.
 * Long runs go as pieces of the file, short ones are gathered.  len UINT64_MAX: to the end, which is where more ends as well.
 * progress hears bytes of the result, as unixfs_cat's.  Memory: 16 MiB and 4 where columns become rows, else 1/2 MiB.
 * The errors of tensor_plan and of the file; ERR_UNSUPPORTED: a deflated tensor that would be unpacked over 64 times.
 */
int tensor_cat(struct tensor_set *set, const struct tensor_info *t, const struct tensor_slice *s, uint64_t off, uint64_t len,
	       struct sink *out, int (*progress)(void *arg, uint64_t bytes), void *arg);

/* ---- conversion ---- */
/* tensor_convertible - 1: from any float, integer or BOOL type to F32 or F64; any to itself.  tensor_convert - n elements, in and
 * out little-endian; sub-byte ones are packed, the first in the low bits.  F32 is the nearest value, ties to even. */
int tensor_convertible(enum tensor_dtype from, enum tensor_dtype to);
void tensor_convert(enum tensor_dtype from, enum tensor_dtype to, const void *in, void *out, size_t n);
/* tensor_sink - a sink that converts what it is given, of any lengths, and gives it to `out` (borrowed); what stays as it is
 * goes through as it comes, extents as extents.  start: ERR_UNSUPPORTED; clear it then, too.  end: ERR_INVALID if what came last is
 * no whole element; it clears in any case.  96 KiB of memory. */
struct tensor_sink {
	struct sink sink;
	struct sink *out;
	enum tensor_dtype from, to;
	int (*step)(struct tensor_sink *s, const uint8_t *p, size_t len);	/* takes whole elements */
	uint8_t *work;
	size_t unit, have;		/* bytes: of whole elements, gathered */
};
int tensor_sink_start(struct tensor_sink *s, enum tensor_dtype from, enum tensor_dtype to, struct sink *out);
int tensor_sink_end(struct tensor_sink *s);
void tensor_sink_clear(struct tensor_sink *s);

/* ---- forms ---- */

enum tensor_form {
	TENSOR_FORM_RAW,		/* the elements */
	TENSOR_FORM_NPY,		/* NumPy: types it lacks as the bits, BF16 as <u2, F8 as |u1, packed ones as |u1 of the bytes */
	TENSOR_FORM_SAFETENSORS,	/* a file with this one tensor */
	TENSOR_FORM_ARROW,		/* IPC stream: one column, a row an element */
	TENSOR_FORM_ARROW_ROWS,		/* IPC stream: arrow.fixed_shape_tensor, a row for each step of the first axis */
	TENSOR_FORM_JSON,		/* nested arrays and a newline; NaN and infinities are null, BOOL true, C64 [re,im] */
	TENSOR_FORMS
};
const char *tensor_form_name(enum tensor_form f);		/* "npy" */
int tensor_form_find(struct span name, enum tensor_form *f);	/* 1 or 0 */
const char *tensor_form_type(enum tensor_form f);		/* media type */

/* An answer: a slice in a form.  Plain; tensor_body_make fills the rest. */
struct tensor_body {
	struct tensor_set *set;			/* borrowed */
	struct tensor_info info;
	struct tensor_slice slice;
	enum tensor_form form;
	enum tensor_dtype to;			/* what the elements become; info.dtype: as they are */
	const char *column;			/* Arrow's; NULL: the tensor's name, or "data" */
	/* made: */
	unsigned rank;
	uint64_t shape[TENSOR_RANK_MAX];	/* of the result */
	uint64_t n, data;			/* elements; bytes of them, as they leave */
	uint64_t rows;				/* of a stream of Arrow */
	uint64_t len;				/* of all; UINT64_MAX: JSON, known only at the end */
	struct buf head, tail;			/* around the data */
};
/*
 * tensor_body_make - check, and find the lengths.  ERR_UNSUPPORTED: the form has no such type (and what has), or it cannot
 * become `to`; ERR_LIMIT: more than the form can count; the errors of tensor_plan.
 * In the forms of Arrow BF16 is uint16, F8 uint8, BOOL bits, C64 two floats; F4, F6 and blocks of GGUF are uint8 of their bytes,
 * a row a byte; what else NumPy has is fixed_size_binary.  Metadata of schema and field says what it is: tensor_shape "2,3",
 * tensor_dtype, tensor_layout.
 * tensor_body_cat - bytes [off, off + len) of it (UINT64_MAX: to the end; JSON: all of it only).  progress hears bytes of the data
 * as they leave, of JSON as they come.  ERR_USAGE: outside.
 * tensor_body_clear - accepts a zeroed one.
 */
int tensor_body_make(struct tensor_body *b);
int tensor_body_cat(struct tensor_body *b, uint64_t off, uint64_t len, struct sink *out,
		    int (*progress)(void *arg, uint64_t bytes), void *arg);
void tensor_body_clear(struct tensor_body *b);

/*
 * Several slices as the columns of one stream of Arrow, of as many rows each: a body of TENSOR_FORM_ARROW has a row an element,
 * of TENSOR_FORM_ARROW_ROWS one for each step of its first axis.  What info.name and info.type of the bodies show has to stay
 * until clear: the set lends them for less.
 */
enum { TENSOR_COLUMNS_MAX = 4096, TENSOR_COLUMNS_HEAD = 16 * 1024 * 1024 };
struct arrow_field;
struct body_column;
struct tensor_columns {
	struct tensor_body *body;	/* the caller's; as for tensor_body_make, and cleared by who has them */
	size_t n;
	uint64_t batch;			/* rows of a batch, made a multiple of 8; 0: all in one */
	/* made: */
	uint64_t rows, data;		/* bytes of all data */
	struct body_column *col;
	size_t n_cols, n_nodes;
	struct buf head;		/* the schema */
};
/* tensor_columns_make - as tensor_body_make of each; ERR_USAGE: different numbers of rows.  tensor_columns_field - what the i-th
 * is; borrowed.  tensor_columns_cat - all of it, long runs as extents.  tensor_columns_clear - accepts a zeroed one. */
int tensor_columns_make(struct tensor_columns *c);
const struct arrow_field *tensor_columns_field(const struct tensor_columns *c, size_t i);
int tensor_columns_cat(struct tensor_columns *c, struct sink *out, int (*progress)(void *arg, uint64_t bytes), void *arg);
void tensor_columns_clear(struct tensor_columns *c);

/* tensor_safetensors_head - append the header of a safetensors file of these tensors, in this order of data, padded so that data
 * is aligned to 8; `keys`: n_keys pairs for __metadata__.  tensor_npy_head - append that of an .npy.  On failure `out` is as it was:
 * ERR_LIMIT; ERR_UNSUPPORTED: a type, or the one name, safetensors has not. */
struct tensor_head {
	struct span name;
	enum tensor_dtype dtype;
	unsigned rank;
	const uint64_t *shape;
	uint64_t len;			/* bytes */
};
int tensor_safetensors_head(struct buf *out, const struct tensor_head *t, size_t n, const struct span *keys, size_t n_keys);
int tensor_npy_head(struct buf *out, struct span descr, int column_order, unsigned rank, const uint64_t *shape);

/* ---- statistics ---- */
enum { TENSOR_BINS = 32 };
struct tensor_stats {
	uint64_t n, zeros, nans, infs;	/* n: of all */
	double min, max, mean, std;	/* of what is neither NaN nor infinite; NAN when there is none; std of the population */
	uint64_t bins[TENSOR_BINS];	/* equal widths from min to max */
};
/* tensor_stats - of all elements of a slice, with `threads` (0: all there are).  Elements of 8 and 16 bits are read once,
 * others twice, for the bins; progress hears the bytes of each time.  Does not depend on the number of threads.
 * ERR_UNSUPPORTED: complex, OTHER; the errors of tensor_cat. */
int tensor_stats(struct tensor_set *set, const struct tensor_info *t, const struct tensor_slice *s, int threads,
		 struct tensor_stats *out, int (*progress)(void *arg, uint64_t bytes), void *arg);

/* ---- where to cut ---- */
/*
 * tensor_cuts - the places of a file where blocks had best begin, ascending and below its end, so that files which share
 * tensors share blocks: where each tensor begins and ends, and in those longer than `chunk` bytes every so many steps of the
 * outermost dimension of which one fits into a chunk, as many as fit (every chunk, where none does or the bytes lie in
 * no such order).  A tensor of TENSOR_CUT_MIN bytes has blocks of its own, the same in every file; shorter ones, and short
 * gaps, stay with those before them until together they have that many or a longer one comes.  chunk is not 0.  fn's nonzero
 * return stops and is returned.  ERR_INVALID: an index, whose tensors are in other files; the errors of tensor_get.
 */
int tensor_cuts(struct tensor_set *set, uint64_t chunk, int (*fn)(void *arg, uint64_t off), void *arg);

#endif
