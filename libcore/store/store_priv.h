/*
 * store_priv.h - what the files of the store room share.  The formats are in ipfrs-store(5).
 */
#ifndef STORE_STORE_PRIV_H
#define STORE_STORE_PRIV_H

#include <lmdb.h>
#include <pthread.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/idset.h"
#include "board/board.h"
#include "store/store.h"

/* ---- segments: segment.c ---- */

enum {
	SEG_HEAD = 32,			/* bytes before the first record */
	REC_HEAD = 24,			/* bytes of a record before its multihash */
	REC_ZSTD = 1, REC_PAD = 2,	/* flags of a record */
	REC_MH_MAX = 255,
	SEG_NAME_MAX = 24		/* "seg/0000002a.seg" */
};
#define REC_CODEC_NONE UINT32_MAX	/* the codec does not fit, or is not known */

/* A record without its bytes. */
struct rec {
	uint32_t off, codec, raw_len, stored_len, crc;
	uint8_t flags, mh_len;
	uint8_t mh[REC_MH_MAX];
};

static inline uint64_t rec_total(size_t mh_len, uint64_t stored)
{
	return REC_HEAD + mh_len + stored;
}

char *seg_name(uint32_t id, char name[SEG_NAME_MAX]);	/* relative to the store */
int seg_id_of(const char *file, uint32_t *id);		/* 1: `file` is a segment's name in seg/ */
void seg_head_encode(uint32_t id, uint8_t out[SEG_HEAD]);
/* seg_head_check - 0, or ERR_CORRUPT, ERR_UNSUPPORTED. */
int seg_head_check(const uint8_t head[SEG_HEAD], uint32_t id);
/* rec_encode - header and multihash; returns their length. */
size_t rec_encode(const struct rec *r, uint8_t out[REC_HEAD + REC_MH_MAX]);
/* rec_decode - 1 and all but off, or 0: no valid header here (`len` bytes at p). */
int rec_decode(const uint8_t *p, size_t len, struct rec *r);
/* rec_unpack - append the block of a record's stored bytes to out.  ERR_CORRUPT, ERR_LIMIT. */
int rec_unpack(const struct rec *r, struct span stored, struct buf *out);
/* mh_fits - do the bytes hash to this multihash?  1, 0, or ERR_UNSUPPORTED. */
int mh_fits(struct span mh, struct span bytes);

/* Reading a segment from front to back, over damage. */
struct scan {
	int fd;				/* borrowed */
	const char *what;
	uint64_t off, end;		/* next record; where to stop */
	uint8_t *buf;
	size_t cap, have;
	uint64_t at;			/* of buf in the file */
	int distrust;			/* damage was passed: a header may be a forgery in a block */
	unsigned false_hits;
};
struct scanned {
	struct rec rec;
	struct span stored;		/* borrowed until the next call; not of pads */
	uint64_t gap_at, gap_len;	/* unreadable bytes passed before it */
	int bad;			/* its bytes do not have its checksum */
};
int scan_start(struct scan *s, int fd, uint64_t end, const char *what);
void scan_end(struct scan *s);
/* scan_next - 1: a record; 0: the end (a gap may still be told); or ERR_IO, ERR_NOMEM. */
int scan_next(struct scan *s, struct scanned *out);
/* seg_list - ids of the files in seg/, ascending; gives *ids (free()). */
int seg_list(int dirfd, uint32_t **ids, size_t *n);

/* ---- the index: index.c, db.c ---- */

enum {
	DB_BLOCKS, DB_SEGS, DB_STATE,
	DB_TABLES,			/* the first of the tables of store.h, in their order */
	DB_N = DB_TABLES + STORE_TABLES
};
enum { ENTRY_LEN = 28, SEG_ROW_LEN = 32, STATS_LEN = 80, DB_READERS = 1024 };

struct db {				/* an LMDB environment with its databases */
	MDB_env *env;
	int dirfd;			/* its folder: see db.c, coming and going */
	MDB_dbi dbi[DB_N];
};
/* db_open - flags of LMDB; `create`: make the databases.  ERR_NOTFOUND: no index there, or not a
 * whole one; ERR_CORRUPT. */
int db_open(struct db *d, const char *dir, unsigned flags, int create);
void db_close(struct db *d);
uint64_t db_map_size(uint64_t file, int rdonly);	/* bytes of map for a file of so many */
int db_err(int rc, const char *doing);	/* an error of LMDB or errno as ours */

struct entry {				/* where a block is */
	uint32_t seg, off, stored, raw, codec;
	uint64_t epoch;			/* id of the transaction that wrote or bumped it */
	uint8_t flags;			/* of the record */
};
void entry_encode(const struct entry *e, uint8_t out[ENTRY_LEN]);
int entry_decode(struct span value, struct entry *e);	/* 0 or ERR_CORRUPT */

enum { SEG_FULL = 1 };
struct seg_row {			/* what the index knows of a segment */
	uint32_t len;			/* committed bytes of the file */
	uint32_t synced;		/* of which were synced */
	uint32_t flags, n_live, pads;	/* pads: bytes of pad records */
	uint64_t live;			/* bytes of records that entries point at */
};
void seg_row_encode(const struct seg_row *r, uint8_t out[SEG_ROW_LEN]);
int seg_row_decode(struct span value, struct seg_row *r);

struct stats {				/* counters, kept in every transaction */
	uint64_t n_blocks, raw, stored;
	uint64_t seg_bytes, live, pads;	/* sums over the rows of segments */
	uint64_t n_segs, next_seg, sweeps, n_unsynced;
};
void stats_encode(const struct stats *s, uint8_t out[STATS_LEN]);
int stats_decode(struct span value, struct stats *s);

/* A read transaction of one handle, kept for the next time. */
struct reader {
	MDB_txn *txn;
	int active;			/* holds a snapshot */
	int moved;			/* the snapshot was taken away to grow the map */
	struct reader *next;
};

/* One a process and file, shared by its handles. */
struct index {
	struct index *next;
	int refs;
	pid_t pid;
	dev_t dev;
	ino_t ino;
	char *dir;
	struct db db;
	int writable, unlocked;		/* unlocked: no reader table (read-only media) */
	pthread_mutex_t wr;
	pthread_rwlock_t rw;
	struct reader *readers;
};

int index_open(struct index **ix, const char *dir, int flags);	/* those of store_open */
void index_close(struct index *ix);
int index_stale(const struct index *ix);	/* 1: another file took its place */
int index_writable(const struct index *ix);
int index_unlocked(const struct index *ix);	/* 1: a lookup may meet pages being written */
uint64_t index_last_txn(struct index *ix);	/* which others may not see yet: see store_seen_txn */
void reader_join(struct index *ix, struct reader *r);
void reader_leave(struct index *ix, struct reader *r);
/* read_begin - a fresh snapshot, and the map held still; read_end lets go of both. */
int read_begin(struct index *ix, struct reader *r);
void read_end(struct index *ix, struct reader *r);
/* index_follow, index_grow - make the map fit the file, or larger; `wr` is held. */
int index_follow(struct index *ix);
int index_grow(struct index *ix);
MDB_dbi index_dbi(const struct index *ix, int db);
/* index_walk - rows with key >= from (exclusive: > from), copied out a batch at a time so that fn
 * may use the store.  From one snapshot, or with `fresh` from a new one each batch. */
int index_walk(struct index *ix, int db, struct span from, int exclusive, int fresh,
	       int (*fn)(void *arg, struct span key, struct span value), void *arg);

/* A write transaction. */
enum { WTX_SEGS = 64 };
struct wtx {
	struct index *ix;
	MDB_txn *txn;
	MDB_cursor *blocks;
	uint64_t epoch;
	struct stats stats;
	int full;			/* the map was full: it grows and all is done again */
	int light;			/* as INDEX_LIGHT; fn may set it */
	struct { uint32_t id; int64_t n, bytes; } segs[WTX_SEGS];
};
enum index_sync { INDEX_SYNC, INDEX_LIGHT };	/* LIGHT: the next synced commit carries it */
/* index_write - run fn in a write transaction and commit it when it returns 0; anything else leaves
 * it and is returned.  fn may be run several times. */
int index_write(struct index *ix, enum index_sync sync, int (*fn)(struct wtx *w, void *arg),
		void *arg);
int wtx_fail(struct wtx *w, int rc, const char *doing);	/* an LMDB error inside fn */
int wtx_get(struct wtx *w, struct span mh, struct entry *e);	/* 1, 0 or an error */
int wtx_put(struct wtx *w, struct span mh, const struct entry *e, const struct entry *old);
int wtx_del(struct wtx *w, struct span mh, const struct entry *old);
int wtx_seg_get(struct wtx *w, uint32_t id, struct seg_row *row);	/* 1, 0 or an error */
int wtx_seg_put(struct wtx *w, uint32_t id, const struct seg_row *row);
int wtx_seg_del(struct wtx *w, uint32_t id);
int wtx_sync_segs(struct wtx *w);	/* rows of segments as the transaction has changed them */
/* wtx_slice - of n_keys sorted ones, how many a transaction changes at most; `background`: fewer. */
uint64_t wtx_slice(struct wtx *w, uint64_t n_keys, int background);

/* ---- the segment a handle appends to: writer.c ---- */

struct writer {
	int fd;				/* -1: none; locked by flock */
	uint32_t id;
	int is_new;			/* the index does not know it */
	int abandoned;			/* a sync failed: leave the file alone */
	uint32_t committed;		/* bytes the index knows */
	uint64_t pos;			/* where the next record goes */
	uint32_t last;			/* 0, or the segment we had before we rested */
	size_t most;			/* bytes of gather that were used */
	uint64_t pads, started;		/* pad bytes since the commit; write-out was started up to */
	uint8_t *gather;		/* bytes not written yet: [pos - have, pos) */
	size_t have;
};
enum { WRITER_GATHER = 1 << 20 };	/* bytes of small records written at once */
/* writer_room - own a segment with room for a record of so many bytes; 1: it is full, commit and
 * ask again.  writer_own - we have none yet.  writer_gathers - there is memory to gather in. */
int writer_room(struct store *st, uint64_t total);
int writer_own(struct store *st, uint64_t total);
int writer_is_full(const struct store *st, uint64_t total);
int writer_gathers(struct writer *w);
int writer_append(struct store *st, struct rec *r, const struct span *parts, int n,
		  const struct dag_block *clone);
int writer_flush(struct store *st);
int writer_sync(struct store *st);	/* and the folder, for a new segment */
void writer_settle(struct store *st, int rc);	/* after each transaction with writer_row in it */
void writer_rollback(struct store *st);
void writer_close(struct store *st);
void writer_rest(struct store *st);		/* the segment may be anybody's until we write again */
/* seg_row_extend - the index learns how long the segment is, and how much padding came with that; writer_row: ours. */
int seg_row_extend(struct wtx *w, uint32_t id, uint32_t to, uint32_t pads, int full, int synced);
int writer_row(struct store *st, struct wtx *w, int full, int synced);

/* ---- records in no segment yet: float.c ---- */

/* The offsets of what is pending count from 0 then.  writer_float - 1: the next one, of so many bytes, can float.
 * writer_floats - bytes that do.  writer_land - they go into a segment of ours. */
int writer_float(struct store *st, uint64_t total);
size_t writer_floats(const struct writer *w);
int writer_land(struct store *st);
/* writer_gather - 1: records of somebody else are behind ours, from *base on; 0: there is no room.  writer_shed - those
 * from `pos` on are not there any more; nothing was written since. */
int writer_gather(struct store *st, struct span records, uint32_t *base);
void writer_shed(struct store *st, uint64_t pos);

/* ---- records without an owner: adopt.c ---- */

/* adopt_tail - index the whole records in [from, size) of a segment we hold; *end is where they end. */
int adopt_tail(struct store *st, uint32_t id, int fd, uint64_t from, uint64_t size, uint64_t *end);
int adopt_all(struct store *st);		/* in every segment whose writer is dead */

/* ---- leases: lease.c ---- */

struct leases { int fd; };
enum { LEASE_SLOTS = 1024, LEASE_SLOT = 256 };
int lease_take(struct store *st);	/* once; sets st->lease */
void lease_drop(struct store *st);
void lease_rest(struct store *st);		/* keeps the file open */
/* lease_read - the least lease held by anyone (UINT64_MAX: none), and every announced root to fn. */
int lease_read(int fd, uint64_t *least, int (*root)(void *arg, const struct cid *cid), void *arg);
int lease_open(struct store *st, int *fd);

/* ---- what is put and not committed: batch.c ---- */

enum pend_state { PEND_NEW, PEND_RELIED, PEND_DELETED };
struct pend {				/* kept small: there are BATCH_MAX of them */
	uint32_t seg, off, stored, raw, codec;	/* NEW: our record; RELIED: where it was seen */
	uint32_t mh_at;			/* in batch.mhs */
	uint8_t flags, mh_len, state, lost;
	int8_t pin;			/* cached file kept open, -1: none */
};
struct batch {
	struct pend *pend;
	size_t n, cap;
	uint32_t *slots;		/* hash table of index + 1 */
	size_t n_slots;
	struct buf mhs, ops;		/* multihashes; table changes in order */
	uint64_t seed, bytes;		/* bytes: written in this batch */
	size_t most;			/* blocks of the largest that was committed */
	uint64_t n_put, n_dup, n_ops;
	int alone;			/* has changes of tables that are not to be made with those of others */
	int n_pins;			/* cached files kept open */
};
void batch_clear(struct store *st);
struct pend *batch_find(struct store *st, struct span mh);
struct entry pend_entry(const struct pend *p);
void pend_place(struct pend *p, const struct entry *e);
int batch_add(struct store *st, struct span mh, const struct pend *form);
void batch_unpin(struct store *st, struct pend *p);	/* its segment need not stay open */
int batch_commit(struct store *st, int roll);
int batch_room(struct store *st);		/* commits when the batch is large */
/* block_enter - a block into the index, as ours at `place`, or (NULL) relied upon: its epoch is bumped.  1; 0: it is
 * not there, or not safe from a power cut though `synced`.  block_safe - would it be 1? */
int block_enter(struct wtx *w, struct span mh, const struct entry *place, int synced);
int block_safe(struct wtx *w, struct span mh, int synced);

/* ---- small commits that are done by others: offer.c, group.c ---- */

enum { GROUP_SLOTS = 64, GROUP_SLOT = 64 << 10, GROUP_END = 4096 + GROUP_SLOTS * GROUP_SLOT };	/* bytes of its file */
struct got {				/* a request whose records are behind ours, from `base` on */
	int slot;
	uint32_t base, len;
	uint64_t seq;
	size_t at;			/* in group.wants */
};
struct took {				/* one that our transaction does */
	int slot;
	uint64_t seq;
};
struct group {
	int fd, none;			/* -1: not open; it cannot be */
	int slot;
	uint8_t *rows;			/* its first page, mapped */
	uint64_t seq;			/* of our last request */
	struct buf wants;
	struct got got[GROUP_SLOTS];
	struct took took[GROUP_SLOTS];
	int n_got, n_took;
};
/* group_enter - 1: it is our turn, to do what we want and what others do, until group_leave; 2: another has done it; 0:
 * it is not for others, and we do it outside of turns.  `row`: it has bytes of our segment, which are written and
 * synced.  After an error somebody may still do it. */
int group_enter(struct store *st, int row);
void group_leave(struct store *st);
/* In our turn.  group_gather - records of others behind those in our segment that are not written yet; of how many.
 * group_drop - of nobody. */
int group_gather(struct store *st);
void group_drop(struct store *st);
/* group_lead - in a transaction that has the row of our segment as it will be: do what others want, up to `room` blocks
 * of it; how many they are.  An error: leave the transaction.  group_tell - it is committed: they may know. */
int group_lead(struct store *st, struct wtx *w, uint64_t room);
void group_tell(struct store *st);
void group_wake(struct store *st);		/* the file may be another */
void group_close(struct store *st);
/* seg_claim - lock the file of a segment: 1, and nobody's request speaks of it any more; 0: it has an owner.  Outside
 * of transactions. */
int seg_claim(struct store *st, uint32_t id, int fd);

/* ---- small tables: table.c ---- */

enum { TABLE_BYTES = 4 << 20, TABLE_OPS = 4096 };	/* of changes, then they are committed */
int table_apply(struct wtx *w, struct span ops);
int table_sane(struct span ops);		/* 1: changes that can be applied */

/* ---- the handle: store.c ---- */

enum { SEG_FDS = 64, SEG_PINS = 48 };
struct seg_fd {
	uint32_t id;			/* 0: free */
	int fd, pins;
	uint64_t used;
};

struct store {
	char *path, *tmpdir, *cachedir, *tmp_cachedir;
	int dirfd, lockfd, flags;
	pid_t pid;			/* that opened it */
	struct config *config;
	uint64_t config_was;		/* the file it was read from */
	struct index *ix;
	struct reader reader;
	struct seg_fd fds[SEG_FDS];
	uint64_t clock, looked;		/* of uses of fds; when a replaced index was looked for */
	struct writer w;
	struct batch batch;
	struct store_puts puts;
	int failed;			/* the error that lost the batch */
	uint64_t seg_max, batch_max, max_bytes;
	int zstd_level;			/* 0: off */
	int align;			/* pad and clone large payloads */
	int no_clone;			/* the kernel said it cannot */
	struct buf scratch, packed;
	int lease_fd, lease_slot;	/* slot -1: we have no lease */
	int lease_was;			/* the slot we had last */
	uint32_t lease_seq;
	uint64_t lease;
	struct group group;
	struct board *board;
	int board_tried;
	struct dag_source source;
	struct dag_sink sink;
	void *attached;			/* the pin room's */
	void (*release)(void *p);
};

int config_moved(const struct store *st);	/* 1: the file is another than the one that was read */
int store_open_damaged(struct store **st, const char *path);	/* to read; version and config aside */
int store_lookup(struct store *st, struct span mh, struct entry *e);	/* index: 1, 0 or error */
int store_read_stats(struct store *st, struct stats *s);
/* store_seen_txn - the last transaction whose changes everybody sees who looks from now on.  While the header of the next
 * is being synced LMDB tells of that one, and readers still get the one before: what is decided by numbers of transactions
 * and by looking must not mix the two. */
int store_seen_txn(struct store *st, uint64_t *id);
int store_read_row(struct store *st, uint32_t id, struct seg_row *row);	/* 1, 0 or error */
/* seg_open - a cached descriptor; ERR_NOTFOUND when there is no such file. */
int seg_open(struct store *st, uint32_t id, struct seg_fd **f);
void seg_forget(struct store *st, uint32_t id);
/* record_check - 0: at f there is the record of e, named mh; ERR_NOTFOUND: there is not. */
int record_check(int fd, const struct entry *e, struct span mh);

/* ---- the folder: layout.c ---- */

extern const char *const layout_dirs[];	/* NULL at the end */
mode_t layout_mode(const char *dir);
int layout_version(int dirfd, const char *path);	/* 0, or as store_open */
int layout_write_version(int dirfd);
/* layout_lock - flock the lock file; how: LOCK_SH or LOCK_EX; ERR_BUSY.  Gives *fd. */
int layout_lock(int dirfd, const char *path, int how, int *fd);
int layout_busy(const char *path, int how);	/* sets the message of such a lock: ERR_BUSY */
/* layout_same - 1: fd is the file that has this name in the folder now. */
int layout_same(int dirfd, const char *name, int fd);
int layout_open(const char *path, int *dirfd);
int layout_has_segments(int dirfd);
void layout_reserve(int dirfd);			/* room for deletions on a full disk */
int layout_unreserve(int dirfd);		/* 1: there was some, use it */
int remove_tree(int dirfd, const char *name);

/* ---- collection: gc.c, compact.c ---- */

struct store_gc {
	struct store *st;
	int lockfd, leasefd;
	uint64_t start;			/* the last transaction when it began */
	struct idset *marks;		/* of gc_key */
	struct buf roots;		/* struct cid announced by writers */
	size_t handed;			/* of which were handed to protect_root */
	uint64_t txn;			/* our last one, and how long it took */
	int64_t took_ns;
};
/* gc_write - index_write, which stands back where others write. */
int gc_write(struct store_gc *gc, enum index_sync sync, int (*fn)(struct wtx *w, void *arg), void *arg);
uint64_t gc_key(const struct entry *e);

enum { MOVES_MAX = 65536, MOVES_BYTES = 64 << 20 };

struct move {
	struct entry from;
	uint32_t seg, off;		/* of the copy */
	uint32_t mh_at;
	uint8_t mh_len;
};

struct compact {
	struct store_gc *gc;
	struct store *st;
	int percent;
	struct buf victims;		/* struct victim */
	struct move *moves;
	size_t n, at, some;		/* those of this transaction: [at, at + some) */
	uint64_t bytes, copied, freed;
	struct buf mhs;
	uint32_t id;			/* the segment being emptied */
	int gone;			/* its row was taken away */
};
/* compact_copy - a living record, which e points at, into our own segment; compact_flush - sync what
 * was copied and move the entries. */
int compact_copy(struct compact *c, struct scanned *s, const struct entry *e);
int compact_flush(struct compact *c);
int compact_take_row(struct wtx *w, void *arg);	/* the row of c->id, if nothing lives there */
/* squeeze - empty a segment (locked, open for writing) from its end, with little room. */
int squeeze(struct compact *c, int fd, const struct seg_row *row);

/* ---- check.c, repair.c ---- */

struct check {
	const char *path;		/* absolute */
	int dirfd, repair;
	struct store_report *r;
	uint64_t left;			/* faults not mended */
	int reindex;			/* the index must be made anew */
	int holes;			/* bytes are damaged or missing: a block may be lost */
	uint64_t n_unknown;		/* good records behind what the index knows */
	struct store *st;		/* NULL: the index is of no use */
	struct idset *good;		/* gc_key of records that an entry rightly points at */
	struct spill *suspects;		/* blocks that may be lost: u32 codec, multihash */
	struct buf damaged;		/* u32 ids of segments to write anew */
};
__attribute__((format(printf, 3, 4)))
void check_fault(struct check *c, int fixed, const char *fmt, ...);
int check_layout(struct check *c);
int check_index_sound(const char *path);	/* 1 or 0 */
int check_entries(struct check *c);		/* once c->good is filled from the segments */
/* check_suspect - told at the end if it is lost */
int check_suspect(struct check *c, struct span mh, uint32_t codec);
int check_salvage(struct check *c, uint32_t id);	/* a segment's good records into a new one */
int record_is_good(const struct scanned *in, struct buf *raw);	/* checksum and hash: 1 or 0 */

/* ---- reindex.c, recover.c ---- */
int reindex_locked(int dirfd, const char *path, struct store_report *r);
int recover_unsynced(struct store *st);
int sync_unsynced(struct store *st, const struct stats *s);
int boot_note(struct wtx *w);			/* an unsynced commit was made since this start */
__attribute__((format(printf, 3, 4)))
void report_say(struct store_report *r, int fixed, const char *fmt, ...);
char *block_text(struct span mh, uint32_t codec, char text[CID_TEXT_MAX]);

#endif
