/*
 * pin.h - what must stay, and the collection of what need not.
 *
 * The truth is pins/journal, one line a change, folded now and then into pins/snapshot; the index
 * carries a copy for speed.  An acknowledged change has been synced.
 *
 * Lines of both (UTF-8 text, LF):   SEQ TAB OP TAB MODE TAB CID TAB NAME TAB CHECKSUM
 *   SEQ counts changes; OP `+` or `-`; MODE r (recursive) or d (direct); NAME percent-encoded (%,
 *   controls with TAB and LF); CHECKSUM crc32c of what stands before it, 8 hex digits.
 *   OP `=` begins a snapshot and a journal after a snapshot: changes up to SEQ are in the snapshot, the
 *   journal has those that follow (older ones are passed over).  OP `.` ends a snapshot, NAME is the
 *   number of its pins.  All lines of a snapshot have the SEQ of its last change.
 *   A last line without LF, or with a bad checksum, is a torn write and is cut off; a bad line before
 *   the last is corruption (fsck).
 */
#ifndef PIN_PIN_H
#define PIN_PIN_H

#include "store/store.h"

enum pin_mode { PIN_NONE, PIN_RECURSIVE = 'r', PIN_DIRECT = 'd', PIN_INDIRECT = 'i' };

struct pin {
	struct cid cid;
	enum pin_mode mode;
	const char *name;		/* "" when it has none; borrowed */
};

enum { PIN_NAME_MAX = 255 };		/* bytes, as in the Pinning Service API */

/*
 * pin_add - pin what is here.  Recursive: every block below must be present (walked, protected from
 * a concurrent collection), ERR_NOTFOUND names the first that is not; nothing is pinned then.  A
 * recursive pin replaces a direct one; direct over recursive is ERR_EXISTS, in Kubo's words
 * ("<cid> already pinned recursively").  Pinning again is success and sets the name if `name` is not
 * NULL.  ERR_USAGE: name over PIN_NAME_MAX or not UTF-8.  Durable on return.
 */
int pin_add(struct store *st, const struct cid *cid, enum pin_mode mode, const char *name);

/*
 * pin_add_many - the same for many at once, with one sync for some hundreds of them.  told(arg, i, rc)
 * hears what became of each: 0, and it is durable; or the error, with its message in err_text.  A
 * nonzero return of told stops; some may then be pinned that it was not told of.
 * 0, told's return, or an error that concerns all that were not told.
 */
int pin_add_many(struct store *st, const struct cid *cids, size_t n, enum pin_mode mode,
		 const char *name, int (*told)(void *arg, size_t i, int rc), void *arg);

/*
 * pin_add_from, pin_update_from - the same with blocks that are looked for in `src`, which stands before the store:
 * so it is src that says what is not there.  progress hears of each block, also of what is pinned already; nonzero
 * stops (ERR_INTERRUPTED).
 */
struct pin_from {
	struct dag_source *src;		/* NULL: the store */
	int (*progress)(void *arg, uint64_t bytes);	/* may be NULL; an update does not tell */
	void *arg;
};
int pin_add_from(struct store *st, const struct pin_from *from, const struct cid *cid, enum pin_mode mode,
		 const char *name);
int pin_update_from(struct store *st, const struct pin_from *from, const struct cid *old, const struct cid *to,
		    int unpin);

/* pin_added - the end of an add: `root` and all below was put through this handle and committed.  No
 * walk unless a sweep ran meanwhile. */
int pin_added(struct store *st, const struct cid *root, const char *name);

/* pin_note - remember an unpinned root as just added, so that a quota takes the oldest first.  Joins
 * the store's batch (commit follows).  Removing a recursive pin does it, too. */
int pin_note(struct store *st, const struct cid *root);

/* pin_rm - mode PIN_RECURSIVE removes the pin whatever its mode; PIN_DIRECT on a recursive one is
 * ERR_DIFFER ("<cid> is pinned recursively").  ERR_NOTFOUND: "not pinned or pinned indirectly". */
int pin_rm(struct store *st, const struct cid *cid, enum pin_mode mode);

/* pin_rm_many - the same for many at once; `told` and the returns as with pin_add_many. */
int pin_rm_many(struct store *st, const struct cid *cids, size_t n, enum pin_mode mode,
		int (*told)(void *arg, size_t i, int rc), void *arg);

/* pin_hold - no pin is added, removed or collected under until pin_release.  For whoever deletes blocks
 * because they are not pinned: hold, look, store_delete, store_commit, release.  Commits the batch;
 * pin calls of this handle go on working.  Keep it short: all pinning waits. */
int pin_hold(struct store *st);
void pin_release(struct store *st);

/* pin_changes - a number that every change of pins raises: what was found out without holding them still
 * holds if it is the same when they are held. */
int pin_changes(struct store *st, uint64_t *n);

/* pin_update - move a recursive pin from one root to another (walking only what differs is enough);
 * `unpin` drops the old one.  Keeps the name. */
int pin_update(struct store *st, const struct cid *from, const struct cid *to, int unpin);

/* pin_get - the explicit pin of cid (mode, name appended to *name if not NULL); 1, or 0: none. */
int pin_get(struct store *st, const struct cid *cid, enum pin_mode *mode, struct buf *name);

/* pin_each - explicit pins in key order, streaming; `mode` PIN_NONE: all.  A nonzero return stops. */
int pin_each(struct store *st, enum pin_mode mode,
	     int (*fn)(void *arg, const struct pin *p), void *arg);
/* pin_each_indirect - blocks that only stay because of a recursive pin above them, streaming. */
int pin_each_indirect(struct store *st, int (*fn)(void *arg, const struct pin *p), void *arg);
/* pin_why - 1 and the pin that keeps the block of cid (a recursive root above it, or a pin of the
 * same block under another CID), 0: none.  The pin of cid itself does not count.  Walks. */
int pin_why(struct store *st, const struct cid *cid, struct cid *root);
int pin_count(struct store *st, uint64_t *n);

/* pin_verify - every pin complete and readable?  Calls `bad` for each that is not, with the first
 * missing or corrupt block; returns the number of bad pins. */
int pin_verify(struct store *st, int (*bad)(void *arg, const struct pin *p, const struct cid *block,
					     const char *why), void *arg);

/* pin_check - journal and snapshot against the copy in the index; `repair` cuts torn lines and makes
 * the copy anew.  Returns faults left. */
int pin_check(struct store *st, int repair, struct store_report *r);

/*
 * The root of the mutable files: names/mfs has two slots, written in turn, so that a torn write leaves the other, and the
 * index may have a row (STORE_META, "mfs") that is a slot.  A slot is at 0 and at MFS_SLOT: "ipfrsmfs", u64 sequence, u32
 * changes since the last that is durable, u32 length of the CID, the CID, 0..., u32 crc32c of the first MFS_USED - 4
 * bytes; little-endian.  The one that is whole and has the highest sequence counts; bytes of zero were never written.
 * Collections spare what is below the root, as far as it is here.
 */
enum { MFS_SLOT = 4096, MFS_USED = 256 };
struct pin_mfs {
	struct store *st;
	int fd;				/* of whoever changes it, -1: nobody does */
	struct cid root;		/* len 0: there is none yet */
	uint64_t seq;			/* 0: the same */
	uint32_t unsynced;		/* changes up to now that a power cut may take back */
	int row, behind;		/* the index has a row; which is newer than the slots */
	uint64_t put;			/* bytes the handle had put when it began */
};
/* pin_mfs_get - as it is now.  ERR_CORRUPT: both slots are damaged, and there is no row. */
int pin_mfs_get(struct store *st, struct pin_mfs *m);
/* pin_mfs_begin - the same, and nobody else changes it until pin_mfs_end (which may be called in any case).
 * Blocks; short, please. */
int pin_mfs_begin(struct store *st, struct pin_mfs *m);
/* pin_mfs_commit - what was put through this handle since pin_mfs_begin is committed, and then, or in the same moment,
 * another root set.  All that is new below it is of that, and the rest is below the root that was.  If something else is,
 * its root was announced by store_protect, and `sweeps` says when all was seen: 1, and nothing is set, when something
 * was deleted since (NULL: no matter).
 * sync: it is durable on return, and so is everything before it, unless the handle does not wait for the
 * disk; 2: in any case. */
int pin_mfs_commit(struct pin_mfs *m, const struct cid *root, const uint64_t *sweeps, int sync);
/* pin_mfs_set - the same where nothing is to be committed any more. */
int pin_mfs_set(struct pin_mfs *m, const struct cid *root, const uint64_t *sweeps, int sync);
void pin_mfs_end(struct pin_mfs *m);
/* pin_mfs_keep - names/mfs says what the index says, and is on the disk: before the index is made anew. */
int pin_mfs_keep(struct store *st);
/* pin_mfs_check - is the root known and here?  `repair`: if not, the one before it, or, where no slot is whole,
 * that of the index, or none.  Returns faults left. */
int pin_mfs_check(struct store *st, int repair, struct store_report *r);

/* pin_gc - collect.  ERR_BUSY: another collection runs.  ERR_CORRUPT: a block below a recursive pin is
 * missing or damaged, so that what was below it cannot be told from garbage: nothing was deleted.
 * keep_bytes: UINT64_MAX deletes all that is unpinned; else only until the store's
 * disk use is at most so much, least recently added roots first.  Never stops writers. */
struct pin_gc {
	int dry_run;
	uint64_t keep_bytes;		/* UINT64_MAX: delete everything unpinned */
	int (*deleted)(void *arg, struct span mh, uint64_t raw_len);	/* may be NULL */
	void *arg;
	uint64_t n_marked, n_deleted, bytes_deleted, disk_freed, disk_after;	/* out */
};
int pin_gc(struct store *st, struct pin_gc *gc);

/* pin_quota - keep store.max, if set, before `root` is acknowledged: collects if needed; ERR_NOSPACE if
 * what is pinned (with root, if not NULL) does not fit. */
int pin_quota(struct store *st, const struct cid *root);

#endif
