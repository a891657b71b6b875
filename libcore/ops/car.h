/*
 * car.h - DAGs into content archives and out of them, and work on archives: the verbs behind ipfrs-car.
 * Memory does not depend on the size of a DAG or an archive, except where it is said.
 */
#ifndef OPS_CAR_H
#define OPS_CAR_H

#include "car/car.h"
#include "ops/get.h"
#include "ops/read.h"
#include "store/store.h"

/* Archives are read strictly.  `flags` of those who read them: CAR_ZERO_ENDS, CAR_LOOSE_HEADER, CAR_PLAIN. */

/*
 * Where an archive goes.  A path gets a CARv2 with an index (0x0401), which appears whole or not at all; if
 * the path is a device or a fifo, or is NULL (then fd), or with `plain`, it is a CARv1.
 */
struct ops_car_to {
	struct sink *sink;		/* not NULL: a CARv1 into this, and nowhere else */
	const char *path;
	int fd;				/* borrowed; used when path is NULL */
	int plain;			/* CARv1 also into a file */
	int sync;			/* wait for the disk */
	const char *tmpdir;		/* for what outgrows memory; NULL: $TMPDIR or /tmp */
};

/*
 * ops_car_export - the blocks of the DAGs at `paths`, in one archive: depth first, parents before children,
 * each CID once.  Byte for byte what `ipfs dag export` writes.  Blocks that lie plain in the source go as
 * extents and are not hashed on the way.
 * ERR_NOTFOUND: a block is not there; the archive ends before it.  ERR_USAGE: over CAR_ROOTS_MAX
 * paths, options that exclude each other.
 */
struct ops_car_export {
	int depth_max;			/* levels of links; -1: all */
	int dups;			/* a block as often as it is met */
	int partial;			/* leave out what is not there, and what is below it */
	int way;			/* the root is that of the path, and the blocks on the way come first */
	int ranged;			/* only what bytes [start, start + len) of the files need */
	uint64_t start, len;
	const struct dag_selector *selector;	/* only blocks it visits; NULL: none */
	int (*progress)(void *arg, uint64_t bytes, uint64_t blocks);	/* nonzero stops; may be NULL */
	void *arg;
	uint64_t n_blocks, bytes, n_missing;	/* out; bytes of blocks */
};
void ops_car_export_init(struct ops_car_export *o);
int ops_car_export(struct dag_source *src, const char *const *paths, size_t n,
		   struct ops_car_export *o, const struct ops_car_to *to);

/*
 * Importing is a session: any number of archives, then the end, which makes all durable, pins, and tells.
 * Every block is hashed, and decoded by its codec.  Blocks that are here are passed over.  A session that
 * is dropped takes the blocks it brought out of the store again, unless `keep`; what another program
 * relies on by then, or pinned, stays.  Memory: the roots, at most 2 * CAR_ROOTS_MAX.
 */
/* What an archive fails at: its header, or a block, or what should be one. */
struct ops_car_fault {
	int head;			/* 1: its header */
	int cut;			/* 1: it ends too early */
	int read;			/* 1: it is what `read` returned */
	const struct cid *before;	/* the block before; NULL: there is none */
	const struct cid *block;	/* NULL: there is none to be seen */
	struct span data;		/* of that */
};
struct ops_car_import {
	int pin;			/* the roots, recursively */
	const char *pin_name;		/* NULL: none */
	int keep;			/* what came before a fault */
	int allow_big;			/* blocks over BLOCK_MAX */
	int flags;
	int (*progress)(void *arg, uint64_t bytes, uint64_t blocks);	/* bytes read; nonzero stops */
	/* says anew, if set, what went wrong: rc, and why without a place is in err_text().  Returns the code.
	 * Not asked about what is no fault of the archive, but of the store. */
	int (*fault)(void *arg, const struct ops_car_fault *f, int rc);
	void *arg;
};
struct ops_car_counts {
	uint64_t files, blocks, bytes;	/* duplicates counted, as in Kubo */
	uint64_t new_blocks, new_bytes;
};
struct car_importer;
/* begin - o is copied.  st must be open for writing. */
int ops_car_import_begin(struct car_importer **m, struct store *st, const struct ops_car_import *o);
/* fd - one archive to its end; `what` names it.  After an error only drop is left.  Errors: those of
 * car_in_open and car_in_next; ERR_LIMIT: a block over BLOCK_MAX; ERR_INVALID: it is not what its codec
 * says; ERR_UNSUPPORTED: no such codec here. */
int ops_car_import_fd(struct car_importer *m, int fd, const char *what);
/* read - the same from a function: bytes, 0 at the end, or an error, which is returned. */
int ops_car_import_read(struct car_importer *m, ssize_t (*read)(void *arg, void *p, size_t len), void *arg,
			const char *what);
/* end - root is told of each root, once, in the order they were met.  ERR_INVALID: a root to be pinned is
 * not whole; nothing is pinned then.  After an error only drop is left; else also drop, to release. */
int ops_car_import_end(struct car_importer *m, int (*root)(void *arg, const struct cid *cid), void *arg);
struct ops_car_counts ops_car_import_counts(const struct car_importer *m);
/* drop - release, and without an end before it, undo.  0; or why something that was to be taken out is
 * still there (garbage, for a collection).  Accepts NULL. */
int ops_car_import_drop(struct car_importer *m);

/*
 * ops_car_ls - the sections of an archive, in its order; nothing is hashed.  `roots` hears the roots first;
 * either may be NULL.  A nonzero return stops and is returned.
 */
struct ops_car_ls {
	int flags;
	int (*roots)(void *arg, const struct cid *roots, size_t n);
	int (*block)(void *arg, const struct car_section *s);
	void *arg;
};
int ops_car_ls(int fd, const char *what, const struct ops_car_ls *o);

/*
 * ops_car_verify - structure, every hash, every block by its codec; the index of a CARv2, if `path` is
 * given, against its payload; and whether all that is linked from the roots is there: `missing` hears each
 * block that is not, once.  0, or 1: something is missing; or the first fault.
 * Memory: 16 bytes a block (in a file beyond 32 MiB), and 32 a link of blocks that stand before those
 * that link to them.
 */
struct ops_car_verify {
	int flags;
	const char *path;		/* of the file on fd; NULL: leave its index alone */
	int partial;			/* do not look for what is missing */
	int (*missing)(void *arg, const struct cid *cid);	/* nonzero stops; may be NULL */
	int (*progress)(void *arg, uint64_t bytes, uint64_t blocks);
	void *arg;
	const char *tmpdir;
	/* out */
	int version, packed, indexed;
	uint64_t index_codec;		/* 0: none; without `indexed` one that is not known here */
	uint64_t n_roots, n_blocks, bytes, n_missing, n_identity;
	uint64_t n_opaque;		/* blocks of a codec we cannot read, taken as without links */
};
int ops_car_verify(int fd, const char *what, struct ops_car_verify *o);

/* ops_car_index - the archive on fd again, as a CARv2 with an index (to->plain: without, a CARv1).  Blocks are
 * not hashed. */
int ops_car_index(int fd, const char *what, int flags, const struct ops_car_to *to);
/* ops_car_index_file - … of the file `path`, open as fd, in its place (a symlink to it stays), synced. */
int ops_car_index_file(int fd, const char *path, int flags, const struct ops_car_to *to);

/*
 * ops_car_split - into CARv1 files of at most `most` bytes, all with the roots of the whole and
 * named PREFIX-0001.car and so on; `piece` hears each when it is there.  ERR_LIMIT: a block does not fit,
 * even alone.  On an error the pieces are removed again.
 */
int ops_car_split(int fd, const char *what, int flags, const char *prefix, uint64_t most,
		  int (*piece)(void *arg, const char *path, uint64_t bytes, uint64_t blocks), void *arg);

/* ops_car_join - the blocks of many archives in one, each CID once (dups: as often as it comes), with
 * all their roots.  Blocks are hashed.  "-" is standard input (once).  The archives are opened twice. */
int ops_car_join(const char *const *paths, size_t n, int flags, int dups, const struct ops_car_to *to);

/* ops_car_open - an archive to read blocks from (car_file_source), with an index made in memory if it has
 * none (40 bytes a block). */
int ops_car_open(struct car_file **f, const char *path, int flags);

/*
 * ops_car_get - what is at `path` in an archive, as ops_get_from: "/a/b" is below its one root.  ERR_USAGE: it
 * has no root or several, and the path does not begin with a CID.
 */
struct ops_car_get {
	const char *target;		/* NULL: the name of what is got, where we stand */
	int into;			/* the target is a folder for it, under its own name */
	const char *what;		/* not NULL: no files, but the bytes of one to `fd`, which this names */
	int fd;				/* borrowed */
	int block;			/* … or those of the block itself */
	struct ops_get get;
};
int ops_car_get(struct car_file *f, const char *path, const struct ops_car_get *o);

/* Records, appended to `out`: 0 or the buf's error.  Of a section the offset and length of its block, as the
 * index counts; of a missing block and of an archive without one the name of the archive first; counts and pieces
 * are one JSON object each. */
int ops_car_section_text(const struct car_section *s, int json, struct buf *out);
int ops_car_counts_json(const struct ops_car_counts *n, struct buf *out);
int ops_car_missing_text(const char *name, const struct cid *cid, enum ops_form form, struct buf *out);
int ops_car_verify_text(const char *name, const struct ops_car_verify *v, enum ops_form form,
			struct buf *out);
int ops_car_piece_json(const char *path, uint64_t bytes, uint64_t blocks, struct buf *out);

#endif
