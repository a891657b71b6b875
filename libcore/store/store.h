/*
 * store.h - blocks by name, on one disk.
 *
 * Blocks live in append-only segments; the LMDB index over them can be rebuilt from the segments at
 * any time.  Any number of processes read and write one store at once.  A store handle belongs to
 * the thread that opened it: open it after fork(), not before.
 *
 *   $IPFRS_PATH/version config seg/ index/ pins/ names/ key/ token/ board/ tmp/ cache/ lock
 *
 * Durability: store_commit syncs segment data, then commits the index; what it acknowledged
 * survives a power cut.  See ipfrs-store(5) for the formats.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/buf.h"
#include "base/piece.h"
#include "dag/dag.h"
#include "multi/cid.h"

struct board;
struct store;				/* opaque; store_open gives one */

enum {					/* flags of store_open */
	STORE_READ = 0,
	STORE_WRITE = 1,
	STORE_UNSYNCED = 2,		/* commits do not wait for the disk (-u) */
	STORE_READ_ONLY = 4		/* and as long as it is open, no handle of this process on that store writes: its
					 * index is opened in two thirds of the time.  STORE_WRITE is ERR_DENIED then */
};
/* what a process that writes must be able to read outside of the store, to know that the machine was down meanwhile */
#define STORE_BOOT_ID "/proc/sys/kernel/random/boot_id"
enum { STORE_BLOCK_MAX = 32 * 1024 * 1024 };	/* bytes a record can hold; BLOCK_MAX is policy */

/* store_init - make a store at `path` (the folder may exist if empty).  `config` is the text of its
 * first config file.  ERR_EXISTS: there is a store already. */
int store_init(const char *path, const char *config);

/* store_open - ERR_NOTFOUND: no store there (says to run ipfrs-init); ERR_UNSUPPORTED: a newer
 * version; ERR_BUSY: a repair holds it; ERR_DENIED: STORE_WRITE without permission.  STORE_READ works
 * without write permission and on read-only media.  A missing index is rebuilt when writing.
 * Gives *st. */
int store_open(struct store **st, const char *path, int flags);
void store_close(struct store *st);	/* drops what was not committed; accepts NULL */
/* store_rest - nothing is to be written for a while: what was not committed is dropped, and nothing of st is in the way of
 * collections, other writers and repairs; blocks that were put are safe from collections no longer.  1: all handles
 * of the process had better be closed, for there is memory that is not given back otherwise; else 0.
 * store_wake - before it is used again: 0; 1: it must be closed, and opened anew, for its index or its configuration
 * is not the one it was; ERR_BUSY: as store_open.  Both do nothing to a store that is open for reading. */
int store_rest(struct store *st);
int store_wake(struct store *st);
const char *store_path(const struct store *st);	/* the folder; lives as long as st */
const char *store_tmpdir(const struct store *st);	/* its tmp folder */
/* store_cachedir - its folder of what was worked out of blocks and can be worked out again; made now if it is not there and can
 * be.  NULL: no memory. */
const char *store_cachedir(struct store *st);
/* store_tmp_cachedir - the same for those who may write in its tmp folder and nowhere else; others do not read it.  Made by who
 * writes into it. */
const char *store_tmp_cachedir(struct store *st);
int store_flags(const struct store *st);	/* as given to store_open */

/* store_attach - a place for what the pin room keeps with a handle (one pointer; NULL at first): it is
 * handed to `release` by store_close, while st still works for reading. */
void store_attach(struct store *st, void *p, void (*release)(void *p));
void *store_attached(const struct store *st);

/* store_get - read one block and check it against its CID.
 * Appends the block to `out`; on failure `out` is as it was.  Borrows all three.  Keyed by
 * multihash: CIDv0, CIDv1 and any codec find the same bytes.  Blocks put and not yet committed by
 * this handle are found too.
 * Returns 0, or ERR_NOTFOUND: not here; ERR_CORRUPT: the bytes on disk do not hash to `cid`;
 * ERR_LIMIT: more than out->max bytes.
 * Spec: multiformats/cid, "CIDv1"; multiformats/multihash, "Format". */
int store_get(struct store *st, const struct cid *cid, struct buf *out);
int store_has(struct store *st, const struct cid *cid);			/* 1 or 0 */
int store_size(struct store *st, const struct cid *cid, uint64_t *len);

/* store_extent - as dag_source.extent. */
int store_extent(struct store *st, const struct cid *cid, struct piece *p);

/* The store as a source and as a sink; borrowed, live as long as st. */
struct dag_source *store_source(struct store *st);
struct dag_sink *store_sink(struct store *st);

/*
 * store_put - take a block in.  Not durable before store_commit.  A block already present is not
 * written again, but relied upon: it is safe from a concurrent sweep from here until this handle
 * is closed.  The hash is NOT checked here (callers just made it, or verified it).
 * ERR_LIMIT: over STORE_BLOCK_MAX; ERR_NOSPACE, ERR_IO.  After an error of the disk the batch is
 * lost: store_rollback, or close.
 */
int store_put(struct store *st, const struct dag_block *b);

/* store_puts - what this handle has put since it was opened, and what of that it already had. */
struct store_puts { uint64_t n_blocks, bytes, had_blocks, had_bytes; };
struct store_puts store_puts(const struct store *st);

/* store_commit - make everything since the last commit durable: segment data synced, then one index
 * transaction (blocks, table rows).  0, or an error and nothing of the batch is in the index. */
int store_commit(struct store *st);
void store_rollback(struct store *st);

/* store_delete - forget a block at the next commit (the caller checked pins).  ERR_NOTFOUND.  The commit is
 * ERR_BUSY, and its batch lost, when another handle that puts blocks may rely on one of those. */
int store_delete(struct store *st, const struct cid *cid);

/* store_each - every block in index order, from a consistent snapshot; stops at a nonzero return.
 * `codec` is the hint it was stored with. */
struct store_entry {
	struct span mh;
	uint64_t codec;
	uint64_t raw_len, stored_len;	/* bytes */
};
int store_each(struct store *st, int (*fn)(void *arg, const struct store_entry *e), void *arg);

/* ---- small tables that live in the index beside the blocks ---- */
enum store_table {
	STORE_PINS,			/* pin room: a copy of the pin journal, for speed */
	STORE_ADDED,			/* pin room: unpinned roots by age */
	STORE_FILES,			/* ops room: what ipfrs-add -c remembers */
	STORE_META,			/* small facts */
	STORE_TABLES
};
/* Keys up to 511 bytes.  Changes join the batch and are committed with it; get and each see
 * committed rows only.  get: ERR_NOTFOUND.  find: 1, or 0: there is none, which leaves no message.  each: rows with
 * key >= from, ascending. */
int store_table_get(struct store *st, enum store_table t, struct span key, struct buf *value);
int store_table_find(struct store *st, enum store_table t, struct span key, struct buf *value);
int store_table_put(struct store *st, enum store_table t, struct span key, struct span value);
int store_table_del(struct store *st, enum store_table t, struct span key);
int store_table_each(struct store *st, enum store_table t, struct span from,
		     int (*fn)(void *arg, struct span key, struct span value), void *arg);
int store_table_count(struct store *st, enum store_table t, uint64_t *n);
int store_table_clear(struct store *st, enum store_table t);	/* at the next commit */

/* ---- facts ---- */
struct store_stat {
	uint64_t n_blocks, raw_bytes, stored_bytes;	/* living blocks */
	uint64_t dead_bytes;		/* of records nobody indexes */
	uint64_t n_segments, disk_bytes;	/* all files of the store, as allocated on disk */
	uint64_t max_bytes;		/* store.max, 0: none */
};
int store_stat(struct store *st, struct store_stat *out);
int store_disk_bytes(struct store *st, uint64_t *bytes);	/* du of the whole store folder */
uint64_t store_max_bytes(const struct store *st);	/* store.max, 0: none */
struct board *store_board(struct store *st);	/* what its programs count; opened on demand, may be NULL */

/* ---- protection of running work (see the epochs in ipfrs-store(5)) ---- */
/* store_sweeps - a counter that every deletion raises. */
int store_sweeps(struct store *st, uint64_t *n);
/* store_protect - announce that this process is about to pin `root`: sweeps that begin later treat
 * it as a root until the handle closes or the next call (NULL withdraws).  Then walk; if
 * store_sweeps has changed since before the walk, walk once more. */
int store_protect(struct store *st, const struct cid *root);

/* ---- collection: the pin room marks, the store sweeps ---- */
struct store_gc;
/* begin - ERR_BUSY: another collection runs.  Gives *gc. */
int store_gc_begin(struct store_gc **gc, struct store *st);
void store_gc_end(struct store_gc *gc);
/* mark - 1: newly marked, 0: was marked, ERR_NOTFOUND.  Memory: 8 bytes a marked block over a load
 * of at least 1/2, in an unlinked file once it passes 16 MiB. */
int store_gc_mark(struct store_gc *gc, const struct cid *cid);
int store_gc_marked(struct store_gc *gc, const struct cid *cid);	/* 1 or 0 */
/* sweep - delete unmarked entries older than the collection and than every live writer's lease,
 * a few thousand a transaction.  In each transaction `roots_changed(arg)` is asked first; 1 leaves the
 * transaction, calls remark(arg) and begins it anew.  Roots announced by store_protect are handed
 * to protect_root (outside a transaction; mark it).  With dry_run counts only.  `want_bytes`: stop
 * when so many raw bytes were freed (UINT64_MAX: all), oldest entries first when less than all. */
struct store_sweep {
	int dry_run;
	uint64_t want_bytes;
	int (*roots_changed)(void *arg);
	int (*remark)(void *arg);
	int (*protect_root)(void *arg, const struct cid *root);
	int (*deleted)(void *arg, struct span mh, uint64_t raw_len);	/* may be NULL */
	void (*settled)(void *arg);	/* a transaction is over; may be NULL */
	void *arg;
	uint64_t n_deleted, bytes_deleted;	/* out */
};
int store_gc_sweep(struct store_gc *gc, struct store_sweep *s);
/* compact - copy the living out of segments of which at least `dead_percent` is dead and unlink
 * them; works while others read and write.  *freed: bytes of disk given back. */
int store_gc_compact(struct store_gc *gc, int dead_percent, uint64_t *freed);

/* ---- repair ---- */
/* store_reindex - rebuild the index from the segments alone, under the exclusive lock (ERR_BUSY while
 * writers live).  Damaged records are passed over and reported. */
struct store_report {
	uint64_t n_records, n_blocks, n_bad_records, bytes_bad;	/* out */
	/* called for everything found wrong; `fixed` says that it was repaired */
	void (*say)(void *arg, int fixed, const char *text);
	void *arg;
};
int store_reindex(const char *path, struct store_report *r);
/* store_check - verify every record's checksum and hash, the index against the segments and the
 * counters.  `repair`: mend what can be mended, whatever file is damaged (index, version, config,
 * segments, board) and say exactly which blocks were lost.  Returns the number of faults left, or
 * an error. */
int store_check(const char *path, int repair, struct store_report *r);

/* ---- configuration: one `key = value` a line, # comments ---- */
struct config;				/* a parsed file */
/* parse: ERR_INVALID names the line: unknown key, bad value, repeated key. */
int config_parse(struct config **c, struct span text);
void config_free(struct config *c);
/* get - the value set or the default; ERR_USAGE: unknown key.  Borrowed from c. */
int config_get(const struct config *c, const char *key, const char **value);
/* set - checked; keeps comments and order of the file.  value NULL: back to the default. */
int config_set(struct config *c, const char *key, const char *value);
int config_format(const struct config *c, struct buf *text);
/* each - all known keys: 1 or 0 at the end; `set` says it is in the file. */
int config_each(const struct config *c, int i, const char **key, const char **value,
		int *set, const char **help);
/* config_profile - apply the import.* values of a named profile; ERR_NOTFOUND. */
int config_profile(struct config *c, const char *name);
const char *config_profile_name(int i);	/* NULL at the end */
const struct config *store_config(const struct store *st);
int store_config_load(const char *path, struct config **c);	/* the file of the store at path */
int store_config_save(const char *path, const struct config *c);	/* atomic, durable */

#endif
