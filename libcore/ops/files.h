/*
 * files.h - the mutable files of a store: one directory tree whose root can be exchanged (Kubo's MFS).
 *
 * A path begins with a slash: /a/b.  It is cleaned as POSIX does; a slash at its end is kept where it says
 * something.  Every verb that changes something is one transaction: whoever looks sees the tree before or
 * after it, whatever dies when, and no change that was acknowledged is lost to another one.  The handle must
 * have nothing uncommitted of its own: a verb commits the batch, or drops it when it fails.
 * Messages are those of Kubo's `ipfs files`.
 *
 * Paths that begin with a name (/ipns/…) are for the caller to follow first.
 */
#ifndef OPS_FILES_H
#define OPS_FILES_H

#include <time.h>

#include "pin/pin.h"
#include "store/store.h"
#include "unixfs/unixfs.h"

enum { OPS_FILES_UNFLUSHED = 256 };	/* Kubo's limit of changes in a row that wait for no disk */

struct ops_files {
	/* 1: durable on return.  0: as far as the root is concerned, until ops_files_flush or the next change
	 * that is; the blocks, too, if the store was opened with STORE_UNSYNCED. */
	int flush;
	unsigned unflushed_max;		/* ERR_LIMIT after so many changes without flush in a row, 0: any number */
	int parents;			/* write, mkdir, cp: make the directories above; mkdir: may be there */
	int create, truncate;		/* write */
	int force;			/* cp: in the place of a file; rm: also what is not there, and directories */
	int recursive;			/* rm: directories, too */
	int cid_version;		/* -1: not said */
	const char *hash;		/* name of a hash function, NULL: not said; implies CIDv1 */
	int raw_leaves;			/* write; -1: not said */
	/* in front of the store's blocks, those of the batch, too: a source that has more, or other words for what
	 * is missing.  Borrowed; NULL: none. */
	struct dag_source *src;
};
/* ops_files_init - Kubo's: flush, and nothing else said. */
void ops_files_init(struct ops_files *o);
/* ops_files_set - "key=value" with cid-version, hash or raw-leaves; keeps a pointer into the text.  ERR_USAGE. */
int ops_files_set(struct ops_files *o, const char *text);

/* ops_files_path - `path` cleaned into *out (reset first).  ERR_USAGE: `paths must not be empty`, `paths must
 * start with a leading slash`. */
int ops_files_path(const char *path, struct buf *out);

/* ops_files_root - the root as it is now.  A store whose files nobody ever touched has the empty directory. */
int ops_files_root(struct store *st, struct cid *root);
/* ops_files_source - the blocks of the store, and the empty directory whether it is there or not.  Borrowed by
 * those who walk files with other verbs; release with ops_files_source_free. */
int ops_files_source(struct store *st, struct dag_source **src);
void ops_files_source_free(struct dag_source *src);

/* ---- looking ---- */

/* ops_files_stat - the thing at `path`, which may also be one dag_path_parse knows that begins with /ipfs/,
 * /ipld/ or ipfs:.  ERR_NOTFOUND: `file does not exist`; ERR_INVALID: not UnixFS.  A raw block is of type
 * UNIXFS_RAW. */
struct ops_files_stat {
	struct cid cid;
	struct unixfs_stat node;
};
int ops_files_stat(struct store *st, const char *path, struct ops_files_stat *out);
/* ops_files_local - is all below `cid` here, and how many bytes of it?  As Kubo counts: a block as often as it
 * is linked, which ends with ERR_LIMIT at 16 million links. */
int ops_files_local(struct store *st, const struct cid *cid, int *local, uint64_t *bytes);
/* ops_files_type - "file" or "directory": there is nothing else here. */
const char *ops_files_type(enum unixfs_type type);

/* ops_files_ls - what is in the directory, in the order of its blocks; of a file itself, under the last part of
 * the path.  look: find types and sizes (one block each), else type, size (and of a file the CID) are not
 * meant.  A nonzero return of fn stops and is returned. */
struct ops_files_entry {
	struct span name;
	struct cid cid;
	int looked, dir;		/* dir, size: when looked at */
	uint64_t size;			/* of a directory 0 */
};
int ops_files_ls(struct store *st, const char *path, int look,
		 int (*fn)(void *arg, const struct ops_files_entry *e), void *arg);

/* ops_files_open - the file at `path` as of now: its CID and length.  ERR_INVALID: `/x was not a file`.
 * ops_files_read - its bytes [off, off + count) as pieces into the sink; count UINT64_MAX: to the end.
 * ERR_INVALID: `offset was past end of file (N > M)`.  progress as in unixfs_cat. */
int ops_files_open(struct store *st, const char *path, struct cid *cid, uint64_t *size);
int ops_files_read(struct store *st, const char *path, uint64_t off, uint64_t count, struct sink *out,
		   int (*progress)(void *arg, uint64_t bytes), void *arg);

/* ---- changing ---- */

/* ops_files_write - up to in->max bytes that `read` gives (bytes, 0 at the end, or an error) at `off` of the
 * file.  All input is taken in before the tree is touched, so that a slow one keeps nobody waiting. */
struct ops_files_in {
	ssize_t (*read)(void *arg, void *p, size_t len);
	void *arg;
	uint64_t max;
};
int ops_files_write(struct store *st, const char *path, uint64_t off, const struct ops_files_in *in,
		    const struct ops_files *o);

int ops_files_mkdir(struct store *st, const char *path, const struct ops_files *o);
/* ops_files_cp - the source as of ops_files_stat; only its root block must be there. */
int ops_files_cp(struct store *st, const char *source, const char *dest, const struct ops_files *o);
int ops_files_mv(struct store *st, const char *source, const char *dest, const struct ops_files *o);

/* ops_files_rm - `failed` hears of each path that stays, with the message that names it in err_text, when the others
 * are gone; then the return is ERR_DIFFER, `can't remove some files`.  A nonzero return of it stops the telling. */
int ops_files_rm(struct store *st, const char *const *paths, size_t n, const struct ops_files *o,
		 int (*failed)(void *arg, const char *path, int rc), void *arg);

/* ops_files_flush - everything so far is durable; the CID of what is at `path`. */
int ops_files_flush(struct store *st, const char *path, struct cid *cid);
int ops_files_chcid(struct store *st, const char *path, const struct ops_files *o);
/* ops_files_mode - octal text; ERR_USAGE, as Go says it. */
int ops_files_mode(const char *text, uint32_t *mode);
int ops_files_chmod(struct store *st, const char *path, uint32_t mode, const struct ops_files *o);
/* ops_files_touch - mtime NULL, or of the second 0: now, as in Kubo. */
int ops_files_touch(struct store *st, const char *path, const struct timespec *mtime, const struct ops_files *o);

/* ops_files_link - the end of an add into the files (to-files): what was added as `name` at `dest`, below it if
 * that ends in a slash.  *n counts those linked so far, and begins with 0: a dest that is no directory takes one. */
int ops_files_link(struct store *st, const struct cid *cid, const char *name, const char *dest, unsigned *n,
		   const struct ops_files *o);

/* ops_files_chroot - another directory becomes the root (NULL: the empty one), whatever becomes of the old one:
 * for a root that got lost.  *old: what it was, len 0: nobody knows. */
int ops_files_chroot(struct store *st, const struct cid *root, struct cid *old, const struct ops_files *o);

#endif
