/*
 * read.h - the verbs that read: resolve, cat, ls, stat, refs, and single blocks.
 * A path is what dag_path_parse accepts: /ipfs/CID/a/b, ipfs://CID/a/b, CID/a/b, CID.
 * All of them read from the store they are given and write nothing, but for ops_block_put and
 * ops_block_rm.
 */
#ifndef OPS_READ_H
#define OPS_READ_H

#include "pin/pin.h"
#include "store/store.h"
#include "unixfs/unixfs.h"

/* ops_resolve - the CID of the block at the end of a path, across nodes of any codec.  ERR_USAGE: not a
 * path; ERR_NOTFOUND: no such entry, or a block on the way is not in the store; ERR_INVALID: what is
 * there is no block, but a value inside one. */
int ops_resolve(struct store *st, const char *path, struct cid *cid);

/* ops_resolve_place - the same for any value: the block that holds it and the segments inside the block. */
struct ops_place {
	struct cid cid;
	const struct mb_base *base;	/* the CID in the path was written in this; NULL for a CIDv0 */
	char *rest;			/* "a/0", "": the block itself; owned */
};
int ops_resolve_place(struct store *st, const char *path, struct ops_place *p);
void ops_place_clear(struct ops_place *p);
/* ops_place_from - the same from any source; a dag_tap hears what is read. */
int ops_place_from(struct dag_source *src, const char *path, struct ops_place *p);
/* ops_place_format - append `<cid>[/<rest>]`; base NULL: that of the path. */
int ops_place_format(const struct ops_place *p, const struct mb_base *base, struct buf *out);

/* ops_cat - bytes [start, start + len) of the file at `path` to `fd` (borrowed); len UINT64_MAX: to
 * the end.  A start behind the end is an empty answer.  ERR_INVALID: a directory, or not a file. */
int ops_cat(struct store *st, const char *path, uint64_t start, uint64_t len, int fd);
/* ops_cat_from - the same from any source of blocks. */
int ops_cat_from(struct dag_source *src, const char *path, uint64_t start, uint64_t len, int fd);

/*
 * ops_ls - tell every entry of the directory at `path` (struct unixfs_visit says what of), in the
 * order of its blocks, while it is read.  A path that is a file or symlink is one entry, named as
 * the last segment of the path, with depth 0.
 * look: also find types and sizes, which reads a block of every entry.  fn as in unixfs_tree.
 */
struct ops_ls {
	int recursive, look;
};
int ops_ls(struct store *st, const char *path, const struct ops_ls *opts,
	   int (*fn)(void *arg, const struct unixfs_visit *v), void *arg);
/* ops_ls_from - the same from any source of blocks. */
int ops_ls_from(struct dag_source *src, const char *path, const struct ops_ls *opts,
		int (*fn)(void *arg, const struct unixfs_visit *v), void *arg);

/* ops_type_name - "file", "directory", "symlink", "metadata". */
const char *ops_type_name(enum unixfs_type type);

/* ops_name_text - appends a name fit for one line of a terminal: backslash, controls, invisible
 * characters and bytes that are not UTF-8 as Go escapes (\n, \x1b, \u200b), as `ipfs ls` shows them. */
int ops_name_text(struct span name, struct buf *out);

/* How a record is written, without its end: fields by TAB, with names as ops_name_text has them or, where
 * records end in NUL, as they are; or as a JSON object. */
enum ops_form { OPS_TEXT, OPS_PLAIN, OPS_JSON };
int ops_name_form(struct span name, enum ops_form form, struct buf *out);	/* TEXT or PLAIN */

/* ops_stat - the thing at `path`.  Blocks that are not UnixFS have only a CID and a length.  `count`
 * walks everything below and counts each block once. */
struct ops_stat {
	struct cid cid;
	int is_unixfs;
	struct unixfs_stat node;	/* when is_unixfs */
	uint64_t block_len;		/* bytes of the root block */
	struct dag_stat all;		/* when counted */
};
int ops_stat(struct store *st, const char *path, int count, struct ops_stat *out);

/*
 * ops_refs - the links of the block at `path`; with `recursive` all links below, depth first.
 * unique: tell each CID once (the first link to it).  depth_max: levels of links, -1: all (without
 * `recursive` always 1); 0 tells nothing.  A block that is not there is ERR_NOTFOUND, as in Kubo, where
 * refs that were told could be read.  A nonzero return of fn stops and is returned.
 */
struct ops_refs {
	int recursive, unique, depth_max;
};
struct ops_ref {
	const struct cid *src, *dst;
	struct span name;
};
int ops_refs(struct dag_source *src, const char *tmpdir, const char *path, const struct ops_refs *opts,
	     int (*fn)(void *arg, const struct ops_ref *ref), void *arg);
/* ops_refs_below - the same of a block. */
int ops_refs_below(struct dag_source *src, const char *tmpdir, const struct cid *root, const struct ops_refs *opts,
		   int (*fn)(void *arg, const struct ops_ref *ref), void *arg);

/* ops_refs_format - appends `format` with <src>, <dst> and <linkname> replaced, and \n and \t
 * (a backslash and a letter) too, as Kubo does. */
int ops_refs_format(const char *format, const struct ops_ref *ref, struct buf *out);

/* ops_refs_local - every block of the store, as CIDv1 of codec raw: the store knows multihashes. */
int ops_refs_local(struct store *st, int (*fn)(void *arg, const struct cid *cid), void *arg);

/* ---- single blocks ---- */

/*
 * ops_block_put - take in the bytes of `fd` to its end as one block.  The block is not checked
 * against its codec.  Durable after ops_block_commit, which pins what `pin` asks for (recursively; what
 * is below must be there).
 * ERR_LIMIT: over BLOCK_MAX, or with allow_big over STORE_BLOCK_MAX; ERR_DENIED: a hash the block
 * policy forbids; ERR_USAGE: CIDv0 for other than dag-pb and sha2-256.
 */
struct ops_block_put {
	uint64_t codec, hash;		/* multicodec, multihash code */
	int version;			/* of the CID */
	size_t digest_len;		/* bytes, 0: what the hash has */
	int pin, allow_big;
};
void ops_block_put_init(struct ops_block_put *o);	/* Kubo's: CIDv1, raw, sha2-256 */
int ops_block_put(struct store *st, const struct ops_block_put *o, int fd, const char *what,
		  struct cid *cid);
int ops_block_put_bytes(struct store *st, const struct ops_block_put *o, struct span bytes,
			struct cid *cid);
int ops_block_commit(struct store *st, const struct ops_block_put *o, const struct cid *cids, size_t n);

/* ops_block_get - the bytes of a block, verified, to `fd`. */
int ops_block_get(struct store *st, const struct cid *cid, int fd);

/*
 * ops_block_rm - forget blocks, and commit.  fn hears the fate of each in order: 0, or ERR_NOTFOUND,
 * ERR_DIFFER with "pinned: recursive", "pinned: direct" or "pinned via <root>" in err_text (with many
 * blocks at once "pinned: indirect"); its negative return stops.  On an error nothing was deleted.
 * What the handle had put before is committed.  No pin is made between looking and deleting.
 * force: delete pinned blocks too, and do not mind absent ones.  Memory: 16 bytes a block beside `cids`.
 */
int ops_block_rm(struct store *st, const struct cid *cids, size_t n, int force,
		 int (*fn)(void *arg, const struct cid *cid, int rc), void *arg);

#endif
