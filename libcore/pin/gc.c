/*
 * gc.c - one collection: mark, sweep, compact, while others add, pin and read.
 *
 * Why no acknowledged pin ever loses a block.
 *
 * Who deletes: the transactions of a sweep, and whoever calls store_delete between pin_hold and
 * pin_release.  Every deletion raises the counter store_sweeps in the same transaction, and each of
 * them commits while its process holds the lock of the pins (pins/lock): remark takes it before the
 * transaction begins, settled gives it back when it is over.  Journal lines are added under the same
 * lock.  The lock is always taken before a transaction of the index, never inside one, so the two
 * cannot wait for each other.
 *
 * A pin of what is here (pin_add, pin_update):
 *	s = store_sweeps; walk; lock; if store_sweeps is not s, unlock and begin again; journal line,
 *	fsync; unlock.
 * A deletion whose transaction ended before we had the lock is counted, and makes us walk again; one
 * that comes later begins under the lock after our line is in the journal.  It finds the journal
 * longer than what it has marked, marks what is new, and only then deletes: it spares the pin, whose
 * blocks all were there when we looked under the lock.  To walk again and again while a long sweep
 * runs would be correct, too, but slow; so the root is announced first (store_protect): sweeps look at
 * the announcements at the start of each transaction and mark what is below them.  After three vain
 * walks the fourth is made under the lock.
 *
 * A pin of what was just added (pin_added): the lease of the handle, older than its first block, keeps
 * every sweep from all that the handle wrote or found, until the handle is closed; by then the line
 * is in the journal.  The blocks are committed (synced) before the line is written.
 *
 * A pin that is there when the collection begins is found by pin_each (which says so when it
 * cannot vouch for its answer), and everything below is marked.  The mark of a block and having
 * entered its links are different things (mark.c).  A pin is taken for removed only when the
 * removal is on the disk: the journal is synced before the first deletion, or a power cut could bring
 * back a pin whose blocks are gone.
 *
 * A block below a recursive pin that cannot be read may have had links; what is below it would look
 * like garbage.  Such a collection marks on, to report all, and deletes nothing.
 *
 * The files (names/mfs) change in one way only: a new root is set, under the lock of the pins, while its writer
 * keeps other writers out by the lock of names/mfs, which is taken first.  It is set by a slot of the file, or by a row of
 * the index in a transaction that begins under the lock, so that either is before or after each deletion.  What is below
 * the new root was below the old one, which every deletion so far spared, since it marked it, or was put by the writer,
 * whose lease keeps it; or it comes from elsewhere, and is treated as the pin of what is here: announced, looked at, and
 * under the lock nothing must have been deleted since.  A sweep compares the root's sequence with the one it
 * has marked, as it does for the pins.
 *
 * kill -9 anywhere: marks are in memory or in files without a name, locks are the kernel's, a
 * transaction is whole or absent, a torn journal line is cut off by the next writer.
 */
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/num.h"
#include "pin/pin_priv.h"

enum { MARK_TRIES = 20, REMARK_TRIES = 4 };

/* ---- what must stay ---- */

typedef int root_fn(void *arg, const struct cid *root, int recursive);

struct found {
	root_fn *fn;
	void *arg;
};

static int found_pin(void *arg, const struct pin *p)
{
	struct found *f = arg;

	return f->fn(f->arg, &p->cid, p->mode == PIN_RECURSIVE);
}

static int mark_one(void *arg, const struct cid *root, int recursive)
{
	struct collect *c = arg;

	return mark_root(&c->mark, root, recursive, 1);
}

/* Who knows roots: the pins, and the mutable files.  Others join here as they come (published names); those
 * that change while a sweep runs must change under the lock of the pins. */
static int mark_pins(struct collect *c)
{
	struct found f = { mark_one, c };
	int rc = ERR_BUSY, tries;

	for (tries = 0; rc == ERR_BUSY && tries < MARK_TRIES; tries++)
		rc = pin_each(c->st, PIN_NONE, found_pin, &f);
	return rc < 0 ? err_add(rc, "finding the pins") : 0;
}

/* Files may refer to what is not here, so nothing that is missing counts; but not to know the root does. */
static int mark_mfs(struct collect *c)
{
	struct pin_mfs m;
	int rc = pin_mfs_get(c->st, &m);

	if (rc == 1 && m.seq != c->mfs_seq) {
		rc = mark_root(&c->mark, &m.root, 1, 0);
		if (rc == 0)
			rc = mfs_settle(c->st, &m);	/* what it no longer has may go only then */
	}
	if (rc >= 0)
		c->mfs_seq = m.seq;
	return rc < 0 ? err_add(rc, "finding the root of the files") : 0;
}

/* 1: what was marked is all there is; asked under the lock, which keeps it so */
static int is_marked(struct collect *c)
{
	struct pin_mfs m;
	int rc = pins_view(c->p);

	if (rc == 1)
		return 0;
	if (rc == 0)
		rc = pin_mfs_get(c->st, &m);
	return rc < 0 ? rc : c->p->seq == c->seq && m.seq == c->mfs_seq;
}

static int mark_all(struct collect *c)
{
	int rc = pins_view(c->p);

	if (rc == 1)
		rc = err_set(ERR_BUSY, "the copy of the pins does not come to rest");
	if (rc == 0)
		c->seq = c->p->seq;
	if (rc == 0)
		rc = mark_pins(c);
	return rc < 0 ? rc : mark_mfs(c);
}

/* pins added since; marking one twice costs nothing */
static int mark_new_pins(struct collect *c)
{
	struct overlay over;
	struct cid cid;
	size_t i;
	int rc = pins_view(c->p);

	if (rc == 1)
		rc = err_set(ERR_BUSY, "the copy of the pins does not come to rest");
	if (rc < 0 || c->p->seq == c->seq)
		return rc;
	if (c->p->head.seq > c->seq)
		return mark_all(c);		/* some of them went into the copy */
	rc = overlay_sorted(&c->p->over, &over);
	c->seq = c->p->seq;
	for (i = 0; rc == 0 && i < over.n; i++) {
		const struct over *v = &over.over[i];

		if (v->mode == PIN_NONE)
			continue;
		rc = cid_decode(over_key(&over, v), &cid);
		if (rc == 0)
			rc = mark_root(&c->mark, &cid, v->mode == PIN_RECURSIVE, 1);
	}
	overlay_clear(&over);
	return rc;
}

static int mark_new(struct collect *c)
{
	int rc = mark_new_pins(c);

	return rc < 0 ? rc : mark_mfs(c);
}

static int whole(const struct collect *c)
{
	char root[CID_TEXT_MAX], text[CID_TEXT_MAX];

	if (c->mark.n_missing == 0)
		return 0;
	return err_set(ERR_CORRUPT, "pin %s is not whole: block %s is missing or damaged; nothing is "
		       "deleted while what it led to cannot be told from garbage (add it again, or "
		       "remove the pin)", cid_text(&c->mark.bad_root, root),
		       cid_text(&c->mark.bad, text));
}

int collect_begin(struct collect *c, struct store *st, const struct cid *extra)
{
	int rc = pins_of(st, &c->p);

	c->st = st;
	if (rc == 0)
		rc = store_gc_begin(&c->gc, st);
	if (rc == 0)
		rc = mark_init(&c->mark, st, c->gc);
	c->mark.count_bytes = c->count_bytes;
	if (rc == 0 && extra)
		rc = mark_root(&c->mark, extra, 1, 0);
	if (rc == 0)
		rc = mark_all(c);
	if (rc == 0)
		rc = pins_sync(c->p);
	return rc < 0 ? rc : whole(c);
}

static void unlock(struct collect *c)
{
	if (c->locked)
		pins_unlock(c->p);
	c->locked = c->armed = 0;
}

void collect_end(struct collect *c)
{
	unlock(c);
	mark_clear(&c->mark);
	store_gc_end(c->gc);
	c->gc = NULL;
}

/* ---- the sweep asks ---- */

static int lock(struct collect *c)
{
	int rc = c->locked ? 0 : pins_lock(c->p);

	c->locked |= rc == 0;
	return rc;
}

/* only what remark has just looked at, under the lock it took, counts as unchanged */
static int roots_changed(void *arg)
{
	struct collect *c = arg;

	return !c->armed;
}

/* mark up to the journal's end, and keep it from growing until the transaction is over */
static int remark(void *arg)
{
	struct collect *c = arg;
	int rc, tries;

	unlock(c);
	for (tries = 0; tries <= REMARK_TRIES; tries++) {
		rc = tries == REMARK_TRIES ? lock(c) : 0;
		if (rc == 0)
			rc = mark_new(c);	/* may be long: without the lock */
		if (rc == 0)
			rc = whole(c);
		if (rc == 0)
			rc = lock(c);
		if (rc == 0)
			rc = is_marked(c);
		if (rc != 0)
			break;
		if (tries < REMARK_TRIES)
			unlock(c);
	}
	if (rc == 1)
		c->armed = 1;
	else
		unlock(c);
	return rc < 0 ? rc : 0;
}

/* the transaction is over: those who want to pin may, before the next */
static void settled(void *arg)
{
	struct collect *c = arg;
	struct timespec nap = { .tv_nsec = 50000 };

	if (!c->locked)
		return;
	unlock(c);
	nanosleep(&nap, NULL);			/* a waiter gets it, not we again */
}

/* someone is about to pin this; what is not there is his to find out */
static int protect_root(void *arg, const struct cid *root)
{
	struct collect *c = arg;

	unlock(c);
	return mark_root(&c->mark, root, 1, 0);
}

static int deleted(void *arg, struct span mh, uint64_t raw_len)
{
	struct collect *c = arg;

	return c->out->deleted ? c->out->deleted(c->out->arg, mh, raw_len) : 0;
}

int collect_sweep(struct collect *c, struct pin_gc *gc, uint64_t want)
{
	struct store_sweep s = {
		.dry_run = gc->dry_run, .want_bytes = want,
		.roots_changed = roots_changed, .remark = remark, .protect_root = protect_root,
		.settled = settled, .deleted = deleted, .arg = c,
	};
	int rc;

	c->out = gc;
	rc = store_gc_sweep(c->gc, &s);
	unlock(c);
	gc->n_deleted += s.n_deleted;
	gc->bytes_deleted += s.bytes_deleted;
	return rc;
}

/* ---- the whole of it ---- */

static int compact_percent(const struct store *st)
{
	const char *text;
	uint64_t n;

	if (config_get(store_config(st), "gc.compact", &text) < 0 || num_parse(text, &n) < 0)
		return 50;
	return (int)n;
}

static int collect_all(struct store *st, struct pin_gc *gc)
{
	struct collect c = { 0 };
	uint64_t freed = 0;
	int rc = collect_begin(&c, st, NULL);

	if (rc == 0)
		rc = collect_sweep(&c, gc, UINT64_MAX);
	if (rc == 0 && !gc->dry_run)
		rc = store_gc_compact(c.gc, compact_percent(st), &freed);
	gc->n_marked = c.mark.n_marked;
	gc->disk_freed = freed;
	collect_end(&c);
	return rc;
}

int pin_gc(struct store *st, struct pin_gc *gc)
{
	struct pins *p;
	int rc = pins_of(st, &p), slot;

	gc->n_marked = gc->n_deleted = gc->bytes_deleted = gc->disk_freed = gc->disk_after = 0;
	if (rc < 0)
		return rc;
	slot = board_op_begin(pins_board(p), "gc", gc->dry_run ? "dry run" : "", 0);
	rc = gc->keep_bytes == UINT64_MAX ? collect_all(st, gc) : collect_keep(st, gc, NULL);
	if (rc == 0 && !gc->dry_run)
		rc = added_tidy(st);
	if (rc == 0)
		rc = store_disk_bytes(st, &gc->disk_after);
	board_op_end(pins_board(p), slot);
	return rc;
}
