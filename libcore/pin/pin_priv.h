/*
 * pin_priv.h - what the files of the pin room share.
 *
 * Three things hold pins: the journal (the truth since the snapshot), the snapshot (the truth up to
 * some change), and the copy in the index, which is one of the two at some change.  A reader takes
 * the copy and puts what the journal says behind it over it: the overlay.  Changes are numbered;
 * every file and the copy say up to which number they speak, so it never matters which was
 * replaced first.
 */
#ifndef PIN_PIN_PRIV_H
#define PIN_PIN_PRIV_H

#include <sys/types.h>

#include "base/idset.h"
#include "board/board.h"
#include "pin/pin.h"

/* ---- one line: line.c ---- */

enum {
	PIN_SET = '+', PIN_DROP = '-',
	PIN_BASE = '=',			/* what came up to here is in the snapshot */
	PIN_END = '.',			/* the last line of a snapshot; NAME is the number of pins */
	PIN_LINE_MAX = 2048		/* bytes of a line with its LF */
};
#define PIN_SEQ_MAX 1000000000000000000u	/* more changes than anyone makes */

struct pin_line {
	uint64_t seq;
	char op;
	enum pin_mode mode;		/* of + and - */
	struct cid cid;			/* of + and - */
	uint64_t count;			/* of . */
	uint32_t crc;
	char name[PIN_NAME_MAX + 1];
};

/* pin_line_format - appends the line with its LF and sets l->crc. */
int pin_line_format(struct pin_line *l, struct buf *out);
/* pin_line_parse - a line without its LF; 0, or ERR_CORRUPT. */
int pin_line_parse(struct span text, struct pin_line *l);

/* Lines of a file, in bounded memory. */
struct pin_lines {
	int fd;				/* borrowed */
	const char *what;
	uint64_t off, end;		/* of the next line; where to stop */
	uint8_t *buf;
	size_t pos, have;
	int scrap;			/* in a line that is too long */
};
enum pin_got { PIN_LINES_END, PIN_LINE_GOOD, PIN_LINE_BAD };
int pin_lines_begin(struct pin_lines *r, int fd, uint64_t from, uint64_t end, const char *what);
void pin_lines_end(struct pin_lines *r);
/* pin_lines_next - PIN_LINE_GOOD and *l, PIN_LINE_BAD (ends with LF, is not a line), or the end; r->off is
 * behind what was told.  What is left of a file without LF is not told. */
int pin_lines_next(struct pin_lines *r, struct pin_line *l);

/* ---- the changes behind the copy: overlay.c ---- */

struct over {
	uint8_t id[16];			/* dag_id */
	uint32_t key_at, name_at;	/* in overlay.text */
	uint16_t key_len, name_len;
	enum pin_mode mode;		/* PIN_NONE: no pin */
};
struct overlay {
	struct over *over;
	size_t n, cap;
	uint32_t *slots;		/* index + 1 */
	size_t n_slots;
	struct buf text;
};
void overlay_init(struct overlay *o);
void overlay_clear(struct overlay *o);
/* overlay_set - the newest word on a CID. */
int overlay_set(struct overlay *o, const struct cid *cid, enum pin_mode mode, const char *name);
const struct over *overlay_find(const struct overlay *o, const struct cid *cid);
/* overlay_sorted - a copy of its own, in order of the binary CIDs; overlay_clear it. */
int overlay_sorted(const struct overlay *o, struct overlay *out);
static inline struct span over_key(const struct overlay *o, const struct over *v)
{
	return span_of(o->text.data + v->key_at, v->key_len);
}
static inline const char *over_name(const struct overlay *o, const struct over *v)
{
	return (const char *)o->text.data + v->name_at;
}

/* ---- the journal, and what a handle keeps of it: journal.c ---- */

enum {
	TAIL_MAX = 64 * 1024,		/* bytes behind the copy; then writers bring the copy on */
	OVERLAY_MAX = 1024 * 1024,	/* … that a reader takes into memory */
	FOLD_MIN = 1024 * 1024		/* bytes of journal worth folding */
};

struct head {				/* a row of the copy: up to where it speaks */
	uint64_t seq;			/* last change it has */
	uint64_t off;			/* behind that change in the journal, 0: not known */
	uint32_t crc;			/* checksum of the line that ends at off */
	uint32_t gen;			/* drawn anew when the copy is made anew; 0: there is no copy */
};

struct pins {
	struct store *st;
	int dirfd;			/* pins/, -1: there is none */
	int lockfd, locked;
	int fd;				/* the journal, -1: none seen yet */
	ino_t ino;
	dev_t dev;
	struct head head;		/* the overlay begins behind it */
	uint64_t end, seq;		/* behind the last line taken in, its number … */
	uint32_t crc;			/* … and checksum */
	uint64_t n_bad;			/* damaged lines passed over */
	uint64_t tail;			/* bytes taken into the overlay */
	struct overlay over;
	int warned;
	struct board *board;
	int board_tried;
};

static inline int pins_write(const struct pins *p)
{
	return (store_flags(p->st) & STORE_WRITE) != 0;
}

/* pins_of - what this handle keeps; made at the first call, freed with the handle. */
int pins_of(struct store *st, struct pins **p);
struct board *pins_board(struct pins *p);	/* NULL: cannot be had */
/* pins_lock - no change and no sweep but ours until pins_unlock.  Blocks; never call it inside a
 * transaction of the index (see gc.c). */
int pins_lock(struct pins *p);
void pins_unlock(struct pins *p);

/* pins_view - the overlay as of now: 0; 1: there is no copy it could lie on (only for readers: a
 * writer makes one first), see scan.c. */
int pins_view(struct pins *p);
/* pins_follow - the same without making a copy: 0; 1: the journal begins behind h or has more behind
 * it than OVERLAY_MAX. */
int pins_follow(struct pins *p, const struct head *h);
/* pins_open - have the file open that bears the journal's name now; 1: another than before.  Its
 * length, 0 when there is none. */
int pins_open(struct pins *p, uint64_t *len);
/* pins_behind - where in the journal the changes behind h begin (changes h has may still follow):
 * 0; 1: it begins later, the snapshot has what is between. */
int pins_behind(struct pins *p, const struct head *h, uint64_t len, uint64_t *from);

struct change {
	char op;
	enum pin_mode mode;
	const struct cid *cid;
	const char *name;
};
/* pins_append - journal lines, synced, in one write.  Holding the lock. */
int pins_append(struct pins *p, const struct change *c, int n);
/* pins_sync - what was read from the journal will still be there after a power cut. */
int pins_sync(struct pins *p);
int snapshot_open(struct pins *p, int *fd, uint64_t *seq, uint64_t *len);	/* 1, 0: none, error */

/* ---- the copy in the index: copy.c ---- */

/* copy_head - 1 and the head, 0: no copy (*h is zero). */
int copy_head(struct store *st, struct head *h);
int head_decode(struct span value, struct head *h);
struct span head_key(void);			/* sorts before all CIDs */
int row_decode(struct span value, enum pin_mode *mode, struct span *name);
/* copy_bring - carry the journal into the copy, up to its end; makes the copy anew from the snapshot
 * when it does not reach the journal's beginning, or when *anew asks for it; *anew (may be NULL) says
 * whether it did.  Holding the lock; commits the store's batch, which should be empty. */
int copy_bring(struct pins *p, int *anew);
/* copy_tend - bring the copy on and fold the journal when they have grown.  After a change. */
void copy_tend(struct pins *p);
/* copy_fold - the copy becomes the snapshot and the journal begins anew.  Holding the lock. */
int copy_fold(struct pins *p);

/* ---- without a copy: scan.c ---- */

int scan_get(struct pins *p, const struct cid *cid, enum pin_mode *mode, struct buf *name);
/* scan_each - all pins in key order from snapshot and journal alone.  *n_bad: damaged lines; may be
 * NULL.  `say` is told about each damaged line (may be NULL). */
int scan_each(struct pins *p, int (*fn)(void *arg, const struct pin *pin), void *arg,
	      uint64_t *n_bad, void (*say)(void *arg, const char *text), void *say_arg);

/* ---- looking: look.c ---- */

/* pins_get - as pin_get. */
int pins_get(struct pins *p, const struct cid *cid, enum pin_mode *mode, struct buf *name);

/* ---- a pile of CIDs still to be looked at, of any height: pile.c ---- */

struct pile;
int pile_new(struct pile **p, const char *tmpdir);
void pile_free(struct pile *p);				/* accepts NULL */
int pile_push(struct pile *p, const struct cid *cid);
int pile_pop(struct pile *p, struct cid *cid);		/* 1, 0: empty, or an error */
void pile_empty(struct pile *p);

/* ---- reaching all below: reach.c ---- */

/*
 * reach - call enter(arg, cid) for the root and every link below; it answers 1: look below this one, too;
 * 0: do not (it was seen, cannot have links, is not wanted); or an error.  In no order worth
 * knowing.  trouble(arg, cid, rc) hears of a block that is missing or damaged; its 0 goes on.
 * A codec whose links we cannot read has none.  Any depth and width in bounded memory.
 */
struct reach {
	struct store *st;
	int (*enter)(void *arg, const struct cid *cid);
	int (*trouble)(void *arg, const struct cid *cid, int rc);	/* NULL: such blocks have no links */
	void *arg;
	struct pile *pile;
	struct buf block;
	int rc;				/* of enter, inside a block */
};
int reach_init(struct reach *r, struct store *st);
void reach_clear(struct reach *r);
int reach(struct reach *r, const struct cid *root);

/* ---- marking: mark.c ---- */

struct mark {
	struct store *st;
	struct store_gc *gc;
	struct reach reach;
	struct idset *entered;		/* CIDs whose links were marked */
	int strict;			/* what is missing below this root counts */
	int recursive, count_bytes;
	uint64_t n_marked, bytes;	/* newly marked blocks and their raw bytes */
	uint64_t n_missing;
	struct cid root, bad_root, bad;	/* of the first that counted */
};
int mark_init(struct mark *m, struct store *st, struct store_gc *gc);
void mark_clear(struct mark *m);
/* mark_root - the block, and when `recursive` all below it.  Blocks that are not there are passed over
 * (and counted when `strict`). */
int mark_root(struct mark *m, const struct cid *root, int recursive, int strict);
/* mark_cost - raw bytes that marking root would add; stops looking when they pass `most`. */
int mark_cost(struct mark *m, const struct cid *root, uint64_t most, uint64_t *bytes);

/* ---- the root of the mutable files: mfs.c ---- */

/* mfs_settle - what m says will still be so after a power cut. */
int mfs_settle(struct store *st, const struct pin_mfs *m);

/* ---- one collection: gc.c ---- */

struct collect {
	struct store *st;
	struct pins *p;
	struct store_gc *gc;
	struct mark mark;
	uint64_t seq;			/* pins up to this change are marked */
	uint64_t mfs_seq;		/* … and what is below this root of the files */
	int armed;			/* marked up to the journal's end, and nobody can add to it */
	int locked;
	int count_bytes;		/* mark.bytes is wanted */
	struct pin_gc *out;
};
/* collect_begin - everything that must stay is marked, and `extra` (may be NULL) as if it were pinned.
 * ERR_BUSY; ERR_CORRUPT: a pin is not whole.  collect_end in any case. */
int collect_begin(struct collect *c, struct store *st, const struct cid *extra);
void collect_end(struct collect *c);
/* collect_sweep - delete what is not marked, up to `want` raw bytes. */
int collect_sweep(struct collect *c, struct pin_gc *gc, uint64_t want);
/* collect_keep - pin_gc down to gc->keep_bytes, with one more root that stays: quota.c */
int collect_keep(struct store *st, struct pin_gc *gc, const struct cid *extra);

/* ---- roots that are not pinned, by age: added.c ---- */

/* added_unpinned - before recursive pins are removed: their roots are as if just added.  That this may
 * fail (a full disk) is no reason to keep the pins.  Commits. */
void added_unpinned(struct store *st, const struct change *changes, size_t n);
/* added_each - the newest first; a nonzero return stops. */
int added_each(struct store *st, int (*fn)(void *arg, const struct cid *root), void *arg);
/* added_tidy - forget those that are gone. */
int added_tidy(struct store *st);

/* ---- what differs: diff.c ---- */

/* diff_walk - is every block below `to` here, given that all below `from` is?  Looks only where the
 * two differ.  ERR_NOTFOUND names a block that is not. */
int diff_walk(struct store *st, struct dag_source *src, const struct cid *from, const struct cid *to);

#endif
