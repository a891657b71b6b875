/* tensor_priv.h - what the files of this room share */
#ifndef TENSOR_TENSOR_PRIV_H
#define TENSOR_TENSOR_PRIV_H

#include "tensor/tensor.h"

enum {
	TENSOR_TYPE_MAX = 16384,	/* bytes of a type as the container spells it */
	TENSOR_NOTE_MAX = 8 << 20
};

/* ---- the tensors of a container, by name: table.c ---- */

/*
 * Rows are added in any order, then sorted and kept as one image: in memory up to `mem` bytes, beyond that in a
 * nameless file in tmpdir (borrowed until table_end).  The note is what else the format wants to remember; it is kept with the
 * rows, in memory and in the cache.
 * table_add - copies what the spans of the row show.  ERR_LIMIT: a name, a type or a rank too long.
 * table_end - ERR_INVALID "DuplicateKey: ...".
 * table_get - 0 <= i < table_count; spans are borrowed until the next call.  The row is checked: shape, type and lengths
 * agree (of rows whose `type` is known), no sum overflows; that it lies in its file is for who has the file.
 * table_find - the place where `name` is (1) or would be (0).
 */
struct table;
int table_new(struct table **t, const char *tmpdir, size_t mem);
void table_free(struct table *t);			/* accepts NULL */
int table_add(struct table *t, const struct tensor_info *row);
int table_end(struct table *t, struct span note);
uint64_t table_count(const struct table *t);
uint64_t table_bytes(const struct table *t);		/* of the image */
struct span table_note(const struct table *t);
int table_get(struct table *t, uint64_t i, struct tensor_info *row);
int table_find(struct table *t, struct span name, uint64_t *i);

/* table_save - as a file named by `key` in the folder, for others.  table_load - one that was saved for this key and a
 * container of this kind and size: 1, or 0: there is none that can be used.  Neither ever fails: a cache may be missing. */
void table_save(struct table *t, const char *dir, const char *key, enum tensor_kind kind, uint64_t size);
int table_load(struct table **t, const char *dir, const char *key, enum tensor_kind kind, uint64_t size);

/* ---- kinds of containers ---- */

/*
 * A kind.  looks - do the first bytes of the file (up to TENSOR_SNIFF, less at its end) look like it?  read - add a row to
 * set->rows for every tensor of the file `in`, and to set->note what the others want to know; it is not called when the table is in
 * the cache.  get - complete a row that was just read from the table (NULL: rows are whole); may open parts.
 * check - once the rows are sorted, before they are kept (NULL: all was checked).  meta - for tensor_meta.  part - the file of a
 * part (NULL: there is but one, set->in); part_name - as tensor_part_name (NULL: empty).  opened - adds what the files of parts
 * counted (NULL: nothing).  close - give up set->more (NULL: nothing).
 * Errors of malformed bytes: ERR_INVALID, "InvalidOffset: tensor 'w' ...".
 */
enum { TENSOR_SNIFF = 16 };
struct tensor_format {
	int (*looks)(struct span head, uint64_t size);
	int (*read)(struct tensor_set *set, struct tensor_in *in);
	int (*get)(struct tensor_set *set, struct tensor_info *info);
	int (*meta)(struct tensor_set *set, int (*fn)(void *arg, struct span key, struct span value), void *arg);
	int (*check)(struct tensor_set *set);
	int (*part)(struct tensor_set *set, uint32_t part, struct tensor_in **in);
	int (*part_name)(struct tensor_set *set, uint32_t part, struct span *name);
	void (*opened)(const struct tensor_set *set, uint64_t *n_blocks, uint64_t *n_bytes);
	void (*close)(struct tensor_set *set);
};
extern const struct tensor_format tensor_safetensors, tensor_sharded, tensor_npy, tensor_npz, tensor_gguf;

enum { SET_UNPACKED = 32 };		/* of 60 KiB each */
struct tensor_set {
	const struct tensor_format *format;
	enum tensor_kind kind;
	struct tensor_place *place;	/* borrowed; NULL in a shard, which has no neighbours */
	struct tensor_in *in;		/* the file of the container */
	char *tmpdir, *cachedir;	/* NULL: the usual one; none */
	struct table *rows;
	struct buf note;		/* while read runs; then table_note(set->rows) */
	void *more;			/* the format's; zero while read runs, whoever fills it */
	/* deflated tensors that were read, with what is still to come of them: who reads one piece by piece does not begin anew
	 * each time (cat.c) */
	struct { struct tensor_in *in; uint64_t off; uint32_t part; } unpacked[SET_UNPACKED];
	unsigned n_unpacked;		/* how many there were so far */
};

/* set_open_in - the container in a file that is open (taken, also on failure); what kind it is of, when `format` is NULL.
 * `mem`: bytes of table in memory. */
int set_open_in(struct tensor_set **set, struct tensor_in *in, const struct tensor_format *format, const char *tmpdir,
		const char *cachedir, size_t mem);

/* info_size - check rank and shape and fill n and len from shape and bits: ERR_INVALID "ValidationOverflow: ...",
 * "MisalignedSlice: ...". */
int info_size(struct tensor_info *info);

/* info_measure - n, len and packed of an array whose elements take `bytes` for every `block` of them.  ERR_INVALID
 * "ValidationOverflow: ...": the lengths that are not 0 must fit by themselves, so that strides do. */
int info_measure(struct tensor_info *info, uint64_t block, uint64_t bytes);

/* set_find_in_dir - the container in a folder: its name, of an index or else of the one file of safetensors there is. */
int set_find_in_dir(struct tensor_place *place, struct buf *name);

/* near_names - append "; is it 'a' or 'b'?" for the names of the table that are like this one, or nothing. */
int near_names(struct table *t, struct span name, struct buf *out);

/* quoted_name - of a tensor, for messages: in quotes, long ones cut, control characters shown as ?  Returns out. */
enum { QUOTED_MAX = 100 };
char *quoted_name(struct span name, char out[QUOTED_MAX]);

/* A range of a file as a stream, for jsonrd. */
struct in_range {
	struct tensor_in *in;
	uint64_t off, end;
};
ssize_t in_range_read(void *in_range, void *p, size_t len);

/* meta_read - the members of the JSON object there, as tensor_meta gives them: text, numbers and words; what is nested is left out.
 * ERR_LIMIT: a value over META_VALUE_MAX. */
enum { META_VALUE_MAX = 16 << 20 };
int meta_read(struct in_range *range, int (*fn)(void *arg, struct span key, struct span value), void *arg);

/* ---- deflated members of an .npz: member.c ---- */

/*
 * The data of a deflated tensor as a stream, as the file has it (order of bytes and axes).  About 56 KiB of memory.
 * member_open - at the first byte of the data; `in` is borrowed until close, of t nothing.
 * member_read - all of the next len bytes; with the last byte of the tensor the checksum is compared.  member_skip - go over len
 * bytes.  ERR_INVALID: no such stream, too short or too long, the wrong checksum, or more than there is was asked.
 * member_at - the next byte to come, of the tensor.
 */
struct member;
int member_open(struct member **m, struct tensor_in *in, const struct tensor_info *t);
int member_read(struct member *m, void *p, size_t len);
int member_skip(struct member *m, uint64_t len);
uint64_t member_at(const struct member *m);
void member_close(struct member *m);			/* accepts NULL */

#endif
