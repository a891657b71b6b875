/*
 * car.h - content archives: blocks one after the other in a file or pipe.
 * A CARv1 is a header with roots and then sections (CID and block); a CARv2 wraps one and may carry an
 * index.  Everything here is hostile until it was hashed; memory does not depend on the archive.
 * Spec: ipld/ipld specs/transport/car/carv1, carv2; the index as go-car writes it (ipld/ipld #366).
 */
#ifndef CAR_CAR_H
#define CAR_CAR_H

#include <sys/types.h>

#include "base/piece.h"
#include "dag/dag.h"

/* go-car's limits, bytes; and how many roots a header may have. */
enum { CAR_HEADER_MAX = 32 * 1024 * 1024, CAR_SECTION_MAX = 8 * 1024 * 1024,
       CAR_V2_HEADER = 51, CAR_ROOTS_MAX = 65536 };

/* ---- reading, front to back ---- */

/*
 * A reader of an open file or pipe (borrowed).  gzip and zstd are recognised by their first bytes and
 * unpacked on the way.  A CARv2 is read for its payload; what stands before and behind it is passed over.
 */
struct car_in;
enum {
	CAR_NO_HASH = 1,	/* do not hash blocks: the caller does, or only looks at the shape */
	CAR_ZERO_ENDS = 2,	/* a section of length zero ends the archive (padded files of old) */
	CAR_LOOSE_HEADER = 4,	/* the keys of a header may stand in any order, as go-car and js-car take it */
	CAR_PLAIN = 8		/* gzip and zstd are not unpacked */
};
/* car_in_open - reads the header.  gives *c.  ERR_INVALID with the rule broken and the offset in the
 * file; ERR_LIMIT: header over CAR_HEADER_MAX; ERR_IO. `what` (borrowed) names it in messages.
 * The reader reads ahead, from car_in_next on in a thread of its own, and hashes in a pool of threads; where
 * it leaves the fd is of no use to anybody.  Memory: 4 slabs of 1 MiB, or of the largest section, and the
 * window of zstd (at most 128 MiB, as zstd(1) without --long=N). */
int car_in_open(struct car_in **c, int fd, const char *what, int flags);
/* car_in_from - the same from a function, which is called by the thread that calls these: bytes, 0 at the end, or
 * an error, which is passed on.  what NULL: messages say what is wrong, and not where. */
int car_in_from(struct car_in **c, ssize_t (*read)(void *arg, void *p, size_t len), void *arg, const char *what,
		int flags);
void car_in_close(struct car_in *c);			/* accepts NULL; the fd stays open */
int car_in_version(const struct car_in *c);		/* 1 or 2 */
int car_in_packed(const struct car_in *c);		/* 1: was gzip or zstd */
const struct cid *car_in_roots(const struct car_in *c, size_t *n);
uint64_t car_in_bytes(const struct car_in *c);		/* read from the fd so far, for progress */

/*
 * car_in_next - the next section: 1, 0 at the end, or an error after which the reader is of no more use:
 * ERR_INVALID: the shape is wrong (cut short, a length that lies, a CID that is none, varints over 9
 * bytes or padded); ERR_CORRUPT: the block does not hash to its CID; ERR_DENIED: the block policy
 * (mh_allowed) forbids the CID's hash or its identity data over 128 bytes; ERR_LIMIT: over
 * CAR_SECTION_MAX.  Messages give the offset of the section in the (unpacked) file and the CID.
 * A block that is ERR_CORRUPT stands in *s nevertheless.  car_in_cut - 1: the error was that it ends too early.
 */
struct car_section {
	struct cid cid;
	struct span data;	/* borrowed until the next call */
	uint64_t off;		/* of the section's length varint from the start of the inner CARv1 */
	uint64_t len;		/* of the whole section with its length varint */
};
int car_in_next(struct car_in *c, struct car_section *s);
int car_in_cut(const struct car_in *c);

/* ---- writing ---- */

/*
 * A writer puts a CARv1 into a sink, piece by piece: blocks given as extents stay extents.  With an
 * index (see car_index) every section is noted.
 */
struct car_index;
struct car_out {
	struct sink *sink;
	uint64_t pos;			/* bytes written of the CARv1 */
	struct car_index *index;	/* NULL: none wanted */
};
/* car_out_start - the header.  n roots, 0 allowed. */
int car_out_start(struct car_out *o, struct sink *sink, struct car_index *index,
		  const struct cid *roots, size_t n);
int car_out_block(struct car_out *o, const struct cid *cid, const struct piece *block);
/* car_header_len, car_section_len - bytes these add, so that sizes are known before writing. */
uint64_t car_header_len(const struct cid *roots, size_t n);
uint64_t car_section_len(const struct cid *cid, uint64_t block_len);

/* A CARv2's first 51 bytes: pragma and header, for a payload of `size` bytes at `off`. */
struct car_v2 {
	uint64_t data_off, data_size;
	uint64_t index_off;		/* 0: no index */
	int full;			/* the index has identity CIDs, too */
};
void car_v2_encode(const struct car_v2 *v, uint8_t out[CAR_V2_HEADER]);
/* file_size UINT64_MAX: not known (a pipe).  ERR_INVALID with the rule broken. */
int car_v2_decode(struct span in, uint64_t file_size, struct car_v2 *v);

/* ---- index: where sections are ---- */

/*
 * Gathered (digest, offset) pairs, sorted when written: 0x0401 MultihashIndexSorted, or 0x0400.  Beyond
 * `mem` bytes (0: 64 MiB) sorted runs go to files without a name in tmpdir and are merged.
 * Identity CIDs are left out unless `full`, and those without a byte always.  One index has at most 256
 * kinds and lengths of hashes (ERR_LIMIT).
 */
int car_index_new(struct car_index **x, size_t mem, const char *tmpdir, int full);
void car_index_free(struct car_index *x);
int car_index_add(struct car_index *x, const struct cid *cid, uint64_t off);
uint64_t car_index_count(const struct car_index *x);
/* car_index_write - once, after the last car_index_add.  ERR_UNSUPPORTED: another codec; what the sink says.
 * car_index_len - the bytes it will write. */
enum { CAR_INDEX_SORTED = 0x0400, CAR_INDEX_MH_SORTED = 0x0401 };
int car_index_write(struct car_index *x, uint64_t codec, struct sink *out);
int car_index_len(struct car_index *x, uint64_t codec, uint64_t *len);

/* ---- a file at hand: look blocks up without reading it ---- */

/*
 * An archive mapped for reading.  The index inside a CARv2 is used where it is and checked as it is used;
 * nothing it says is believed before the section's CID was compared and the block hashed.  A file that is
 * cut short meanwhile is ERR_CORRUPT and not the end of the program: see base/guard.h.  Blocks are found by
 * their multihash, whatever version and codec the CID in the section has.
 */
struct car_file;
/* car_file_open - ERR_INVALID; ERR_UNSUPPORTED: gzip or zstd.  car_file_indexed: 1 when the file has an
 * index we can read.  Without one car_file_scan walks all sections once and builds one in memory
 * (24 bytes a block; 64 while it is made). */
int car_file_open(struct car_file **f, const char *path);
int car_file_open_flags(struct car_file **f, const char *path, int flags);	/* CAR_LOOSE_HEADER */
void car_file_close(struct car_file *f);
int car_file_version(const struct car_file *f);
int car_file_indexed(const struct car_file *f);
int car_file_scan(struct car_file *f);
const struct cid *car_file_roots(const struct car_file *f, size_t *n);
const struct car_v2 *car_file_v2(const struct car_file *f);	/* of a CARv1: all of it as data */
/* car_file_find - 1 and the block's place in the file, 0: not here; ERR_INVALID: the index lies.  That the
 * place is a block of this CID shows when it is hashed, not before. */
int car_file_find(struct car_file *f, const struct cid *cid, uint64_t *off, uint64_t *len);
/* car_file_check - every entry of the index: in order, and at its offset a section with its hash (blocks are
 * not hashed).  *n: entries that are good.  ERR_INVALID with the first that is not; ERR_UNSUPPORTED: no
 * index.  A block without an entry is found by car_file_find. */
int car_file_check(struct car_file *f, uint64_t *n);
uint64_t car_file_index_codec(const struct car_file *f);	/* also one we cannot read; 0: no index */
/* car_file_source - blocks from the archive as a source for everything above (dag.h); each is hashed as it is
 * read, so there are no extents. */
struct dag_source *car_file_source(struct car_file *f);

/* ---- not an archive ---- */

/* car_inflate - append what a zlib stream (RFC 1950) holds, the whole of `in`: git keeps its objects so, and
 * this is the room that knows zlib.  ERR_INVALID with the offset; ERR_LIMIT: over out->max.  On failure
 * `out` is as it was. */
int car_inflate(struct span in, struct buf *out);

#endif
