/*
 * unixfs.h - files and directories as DAGs, with Kubo's names bit for bit.
 * Spec: ipfs/specs src/unixfs.md and IPIP-499, as boxo implements them.
 */
#ifndef UNIXFS_UNIXFS_H
#define UNIXFS_UNIXFS_H

#include <sys/types.h>

#include "base/piece.h"
#include "base/pool.h"
#include "dag/dag.h"

enum unixfs_type {			/* Data.Type */
	UNIXFS_RAW, UNIXFS_DIRECTORY, UNIXFS_FILE, UNIXFS_METADATA, UNIXFS_SYMLINK, UNIXFS_HAMT
};
enum unixfs_estimate { UNIXFS_EST_LINKS, UNIXFS_EST_BLOCK, UNIXFS_EST_DISABLED };
enum { UNIXFS_CHUNK_MAX = 2096896, UNIXFS_INLINE_MAX = 128, UNIXFS_INLINE_EMPTY = -1 };	/* bytes */

/* Mode and time of a node; mode 0 and has_mtime 0 mean absent. */
struct unixfs_meta {
	uint32_t mode;			/* low 12 bits */
	int has_mtime;
	int64_t mtime;			/* seconds since the epoch, may be negative */
	uint32_t nsec;			/* 0..999999999 */
};

/* Everything that shapes a DAG.  -1 in cid_version and raw_leaves: not said. */
struct unixfs_opts {
	char chunker[64];
	int trickle, cid_version, raw_leaves;
	int raw_leaves_set;		/* raw_leaves was said, not concluded: what is modified obeys */
	uint64_t hash;			/* multihash code */
	int hash_set;
	int inline_limit;		/* bytes, 0: no inlining; UNIXFS_INLINE_EMPTY: of blocks without any */
	uint32_t max_links, dir_max_links, hamt_fanout;
	uint64_t hamt_threshold;	/* bytes, 0: never a HAMT */
	enum unixfs_estimate hamt_estimate;
};

void unixfs_opts_init(struct unixfs_opts *o);		/* unixfs-v0-2015 */
/* unixfs_opts_profile - ERR_NOTFOUND: no such profile.  unixfs_profile_name(i): NULL at the end. */
int unixfs_opts_profile(struct unixfs_opts *o, const char *name);
const char *unixfs_profile_name(int i);
/* unixfs_opts_set - by the names of the config keys without "import.": chunker, layout, cid-version,
 * raw-leaves, hash, inline (a limit or yes/no), max-links, dir-max-links, hamt-fanout,
 * hamt-threshold, hamt-estimate, profile.  ERR_USAGE with the reference's words. */
int unixfs_opts_set(struct unixfs_opts *o, const char *key, const char *value);
/* unixfs_opts_flag - 1 or 0: yes or no in any of their spellings; ERR_USAGE names the key. */
int unixfs_opts_flag(const char *key, const char *value);
/* unixfs_opts_finish - apply the rules of reference section 6 (hash implies v1, v1 implies raw leaves,
 * metadata forbids them); with_meta: mode or mtime will be stored.  ERR_USAGE on contradictions. */
int unixfs_opts_finish(struct unixfs_opts *o, int with_meta);

/* What an added or listed thing is. */
struct unixfs_node {
	struct cid cid;
	uint64_t tsize;			/* cumulative size: block + all below, bytes */
	uint64_t size;			/* file bytes */
	enum unixfs_type type;
};

/* ---- chunkers: where to cut ---- */
struct chunker;
int chunker_new(struct chunker **c, const char *spec);	/* ERR_USAGE; gives */
void chunker_free(struct chunker *c);
size_t chunker_max(const struct chunker *c);		/* largest chunk it makes, bytes */
/* chunker_next - length of the first chunk of `window`, which holds at least chunker_max bytes or all
 * up to the end of input (`eof`).  0 only when window is empty. */
size_t chunker_next(struct chunker *c, struct span window, int eof);

/* ---- writing ---- */
/* A builder holds options, sink and threads for many files.  Memory: about
 * (2 * threads + 2) * chunk, at least 4 MiB, plus the open nodes of one path. */
struct unixfs_builder;
int unixfs_builder_new(struct unixfs_builder **b, const struct unixfs_opts *finished,
		       struct dag_sink *sink, const char *tmpdir);
void unixfs_builder_free(struct unixfs_builder *b);

/* unixfs_add_fd - one file from a descriptor read to its end.  `progress` (may be NULL) hears the bytes
 * read since its last call; a negative return stops and is returned, a positive one stops with
 * ERR_INTERRUPTED.  meta may be NULL.  clonable: fd is a regular file read from
 * its start, whose extents a store may share. */
int unixfs_add_fd(struct unixfs_builder *b, int fd, const char *what, int clonable,
		  const struct unixfs_meta *meta, int (*progress)(void *arg, uint64_t bytes), void *arg,
		  struct unixfs_node *out);
/* unixfs_add_read - the same from a read function: bytes, 0 at the end, or an error. */
int unixfs_add_read(struct unixfs_builder *b, ssize_t (*read)(void *arg, void *p, size_t len), void *arg,
		    const struct unixfs_meta *meta, struct unixfs_node *out);

/*
 * Places where blocks of a file begin besides those of the chunker, which begins anew at each: what stands between two
 * of them becomes the same blocks in every file.  Kept as stretches that repeat: some bytes for each kind.
 * init, add (ascending; 0 and the same again are nothing; ERR_LIMIT: over 32 MiB of them), then unixfs_builder_cut: the
 * next file is cut so, at those of the places that are in it.  Borrows cuts until that file is added.  ERR_USAGE: the
 * chunker has no fixed size.
 */
struct unixfs_cuts {
	struct buf runs;		/* varints: length of a stretch, how many of them */
	uint64_t end;			/* the last place, bytes */
	uint64_t len, n;		/* the run that is not in `runs` yet */
};
void unixfs_cuts_init(struct unixfs_cuts *c);
void unixfs_cuts_clear(struct unixfs_cuts *c);
int unixfs_cuts_add(struct unixfs_cuts *c, uint64_t off);
int unixfs_builder_cut(struct unixfs_builder *b, struct unixfs_cuts *c);

int unixfs_add_symlink(struct unixfs_builder *b, struct span target, const struct unixfs_meta *meta,
		       struct unixfs_node *out);

/* A directory being built; entries in any order.  Memory is bounded: beyond a few MiB entries are
 * spilled, sorted, to files in tmpdir.  Basic or HAMT is decided at the end as Kubo would.
 * add: ERR_EXISTS: "directory already has entry by that name" (may only be seen at end);
 * ERR_INVALID: empty name or one with '/' or NUL. */
struct unixfs_dir;
int unixfs_dir_new(struct unixfs_dir **d, struct unixfs_builder *b, const struct unixfs_meta *meta);
int unixfs_dir_add(struct unixfs_dir *d, struct span name, const struct unixfs_node *node);
int unixfs_dir_end(struct unixfs_dir *d, struct unixfs_node *out);	/* releases d, always */
void unixfs_dir_free(struct unixfs_dir *d);		/* without ending; accepts NULL */

/* ---- editing: a new directory from an old one, basic <-> HAMT as boxo switches ---- */
/* The new directory is named (version, hash) as the old one was, or as the builder does when that was
 * inlined; mode and mtime stay.  Reads and writes one block a level; a HAMT that may have become
 * small is listed up to the threshold.  ERR_INVALID: not a directory, no name; ERR_EXISTS: an old basic
 * directory with a name twice would have to become a HAMT. */
int unixfs_edit_put(struct unixfs_builder *b, struct dag_source *src, const struct cid *dir,
		    struct span name, const struct unixfs_node *node, struct unixfs_node *out);
int unixfs_edit_rm(struct unixfs_builder *b, struct dag_source *src, const struct cid *dir,
		   struct span name, struct unixfs_node *out);	/* ERR_NOTFOUND */

/* ---- modifying: a new file from an old one, as boxo's DagModifier ---- */
/*
 * Old blocks keep their kind of name (version, hash), new ones get the file's; identity gives way to sha2-256
 * where it cannot hold a block.  What is appended hangs below the old root as a trickle DAG of width 174 whatever
 * the options say.  It is cut by the builder's chunker, and after every 2129920 bytes of a write (the buffer of Kubo
 * without a daemon; with one that depends on what the network brings).  Leaves are raw as the options say, or, where
 * raw_leaves_set is 0, if the file's CID is v1.  A root with nothing but one raw leaf and no mode or mtime is that
 * leaf when leaves are raw.  An mtime is set to now when the root is a leaf, or what is appended fits beside its
 * leaves; else it stays.
 *
 * `src` must find what was put into the builder's sink.  Reads and writes the blocks that are touched and those
 * above them; memory: a block a level and a chunk.  ERR_INVALID: not a file, or its sizes contradict each other;
 * ERR_LIMIT: over 2^63 - 1 bytes, deeper than a file gets; ERR_NOTFOUND, what the source and `read` fail with.
 *
 * Not as boxo: appending to a dag-pb file that holds its bytes in the root moves them into a leaf (there they are
 * lost to readers); where the last link of a wide root is a leaf, appending goes on behind it (there it fails).
 */
/* unixfs_write_at - the file with bytes from `off` on replaced by what `read` gives (bytes, 0 at the end, or an
 * error), at most `max` of them.  Zeros come before an off beyond the end, even if `read` then gives nothing. */
int unixfs_write_at(struct unixfs_builder *b, struct dag_source *src, const struct cid *file, uint64_t off,
		    ssize_t (*read)(void *arg, void *p, size_t len), void *arg, uint64_t max,
		    struct unixfs_node *out);
/* unixfs_write_anew - the same after the file was cut to nothing: what is new is named and shaped as the old. */
int unixfs_write_anew(struct unixfs_builder *b, struct dag_source *src, const struct cid *file, uint64_t off,
		      ssize_t (*read)(void *arg, void *p, size_t len), void *arg, uint64_t max,
		      struct unixfs_node *out);
/* unixfs_truncate - the file cut, or with zeros to `size` bytes. */
int unixfs_truncate(struct unixfs_builder *b, struct dag_source *src, const struct cid *file, uint64_t size,
		    struct unixfs_node *out);
enum { UNIXFS_SET_MODE = 1, UNIXFS_SET_MTIME = 2 };
/* unixfs_set_meta - the same node with this mode and/or mtime; those of `set` that are absent are taken off.  Links
 * and kind of name stay; a raw block becomes a File node of name v0 with its bytes inside.  Files, directories
 * and symlinks; others: ERR_INVALID. */
int unixfs_set_meta(struct unixfs_builder *b, struct dag_source *src, const struct cid *node,
		    const struct unixfs_meta *set, int which, struct unixfs_node *out);

/* ---- the Data message ---- */
struct unixfs_data {
	enum unixfs_type type;
	int has_data, has_filesize;
	struct span data;		/* borrowed */
	uint64_t filesize;
	size_t n_blocksizes;
	struct span blocksizes_in;	/* the message, for unixfs_blocksize_next */
	uint64_t hash_type, fanout;
	struct unixfs_meta meta;
	uint32_t mode_high;		/* bits of mode above those of meta: kept */
};
/* unixfs_decode - an ordinary proto2 reader: any order, last scalar wins, unknown fields skipped,
 * packed blocksizes accepted.  ERR_INVALID: `proto: …`. */
int unixfs_decode(struct span message, struct unixfs_data *d);
struct unixfs_sizes { struct span rest, packed; };
struct unixfs_sizes unixfs_blocksizes(const struct unixfs_data *d);
int unixfs_blocksize_next(struct unixfs_sizes *it, uint64_t *size);	/* 1 or 0 */
/* unixfs_encode - canonical; the spans of d are used, blocksizes come from the array. */
int unixfs_encode(struct buf *out, const struct unixfs_data *d, const uint64_t *blocksizes, size_t n);

/* ---- reading ---- */
struct unixfs_stat {
	enum unixfs_type type;		/* a block of codec raw is UNIXFS_RAW */
	uint64_t size;			/* file: bytes it claims; symlink: target length; directory: 0 */
	uint64_t cumulative;		/* block + Σ Tsize */
	uint64_t block_len;		/* of the root block */
	uint64_t n_links;
	struct unixfs_meta meta;
};
int unixfs_stat(struct dag_source *src, const struct cid *cid, struct unixfs_stat *st);
/* unixfs_is_dir - basic or HAMT; unixfs_is_file - a file, a raw leaf or a raw block. */
static inline int unixfs_is_dir(enum unixfs_type t)
{
	return t == UNIXFS_DIRECTORY || t == UNIXFS_HAMT;
}
static inline int unixfs_is_file(enum unixfs_type t)
{
	return t == UNIXFS_FILE || t == UNIXFS_RAW;
}

/* unixfs_cat - bytes [off, off+len) of a file as pieces into the sink; len UINT64_MAX: to the end.  Only
 * the blocks that overlap are read; plain blocks go as extents.  Past the end: nothing, success.
 * `progress` as above.  ERR_INVALID: "this dag node is a directory" and the other words of reference
 * section 16.1; a symlink yields its target.  Depth over DAG_DEPTH_MAX: ERR_LIMIT. */
int unixfs_cat(struct dag_source *src, const struct cid *cid, uint64_t off, uint64_t len,
	       struct sink *out, int (*progress)(void *arg, uint64_t bytes), void *arg);

/*
 * unixfs_reader - a file open for reading at any places.  The way to the last place stays open: what is in the same leaf
 * costs nothing more, a neighbour one block, any other the blocks on the way to it.  Blocks are checked as by
 * unixfs_cat.  Memory: as a dag_stack, a leaf, and 4 MiB.  src is borrowed until close.
 *
 * open - a file, a raw leaf or raw block.  ERR_INVALID: anything else, or a file without sizes; ERR_NOTFOUND.
 * read - all of [off, off + len); cat - the same as pieces.  ERR_INVALID: the file ends before, or its sizes contradict each
 * other; ERR_NOTFOUND.
 * view - bytes around `off` as they lie in memory, from *start on, *start <= off < *start + len; borrowed until the
 * next call.  1: they are counted by whoever takes some; 2: they were counted; 0: not to be had, read.
 * seen - 1: what was looked at since the last time was the file's; 0: not all of it, for a collection cut it off
 * meanwhile (zeros were there, or what came after): do it again.
 */
struct unixfs_reader;
struct unixfs_read_count {
	uint64_t blocks, bytes;		/* opened, again if it was closed; read of them (of plain leaves: what was wanted) */
};
int unixfs_reader_open(struct unixfs_reader **r, struct dag_source *src, const struct cid *cid);
void unixfs_reader_close(struct unixfs_reader *r);	/* accepts NULL */
uint64_t unixfs_reader_size(const struct unixfs_reader *r);
struct unixfs_read_count unixfs_reader_count(const struct unixfs_reader *r);
int unixfs_reader_read(struct unixfs_reader *r, uint64_t off, void *p, size_t len);
int unixfs_reader_cat(struct unixfs_reader *r, uint64_t off, uint64_t len, struct sink *out);
int unixfs_reader_view(struct unixfs_reader *r, uint64_t off, uint64_t *start, struct span *bytes);
int unixfs_reader_seen(struct unixfs_reader *r);

/* unixfs_ls - every entry of a directory (basic: block order; HAMT: hash order), streaming, one block
 * a level.  The entry's type and size are not looked up (unixfs_stat does).  A nonzero return stops. */
struct unixfs_dirent {
	struct span name;
	struct cid cid;
	uint64_t tsize;
};
int unixfs_ls(struct dag_source *src, const struct cid *dir,
	      int (*fn)(void *arg, const struct unixfs_dirent *e), void *arg);

/*
 * unixfs_tree - entries of a directory and, when `recursive`, of those below it: an entry, then what
 * is below it, in listing order.  Memory is bounded whatever the depth (dag_stack).  With `want_stat`
 * or `recursive` the entries' own blocks are looked at (raw blocks: their size only), once.
 * fn: 0 goes on, 1 does not go below this entry, a negative value stops and is returned.  A failed
 * look at an entry is told in visit.rc (err_text has the message); fn decides.  `leave`, if set, is
 * called when everything in the directory an fn call entered was told.  Names are what the block
 * says: they may be empty, "..", or hold any byte.
 */
struct unixfs_visit {
	const struct unixfs_dirent *entry;
	struct span path;		/* below the root directory, "a/b/c" */
	int depth;			/* 1: an entry of the root directory */
	int rc;				/* 0, or why the entry could not be looked at */
	const struct unixfs_stat *stat;	/* NULL when not looked at */
	struct span target;		/* of a symlink */
};
struct unixfs_tree {
	int recursive, want_stat;
	int (*fn)(void *arg, const struct unixfs_visit *v);
	int (*leave)(void *arg);
	void *arg;
};
int unixfs_tree(struct dag_source *src, const struct cid *dir, const struct unixfs_tree *t);

/* unixfs_lookup - one entry; reads one block a level.  ERR_NOTFOUND: `no link named "x" under <cid>`. */
int unixfs_lookup(struct dag_source *src, const struct cid *dir, struct span name, struct cid *out);
/* unixfs_enter - what is at `cid`, and if that is a directory, its entry `name`: 1 and *child; 0: it has none, or is not one.
 * Reads one block a level.  What unixfs_stat fails with. */
int unixfs_enter(struct dag_source *src, const struct cid *cid, struct span name, enum unixfs_type *type,
		 struct cid *child);
/* unixfs_names - names of entries for dag_resolve: directories, HAMTs; dag-pb nodes that are not UnixFS
 * have the names of their links.  Symlinks are not followed. */
const struct dag_names *unixfs_names(void);
/* unixfs_resolve - the block a path text (see dag_path_parse) leads to, through directories and
 * across nodes of other codecs.  ERR_INVALID: what is there is a value inside a block. */
int unixfs_resolve(struct dag_source *src, const char *path, struct cid *out);
/* unixfs_adls - for dag_select: "unixfs", a file as bytes and a directory as a map, whose blocks are read
 * as they are needed; "unixfs-preload", the same with all blocks of the file or directory (not those of its
 * entries) read at once.  Leaves of any codec that hold bytes are bytes of the file. */
const struct dag_adl *unixfs_adls(void);
int unixfs_readlink(struct dag_source *src, const struct cid *cid, struct buf *target);

#endif
