/* get.c - where a block is, and reading it */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/io.h"
#include "store_priv.h"

enum { LOOK_TRIES = 16 };

/* ---- where a block is ---- */

static int look(struct store *st, struct span mh, struct entry *e)
{
	MDB_val k = { mh.len, (void *)(uintptr_t)mh.p }, v;
	int rc, tries;

	for (tries = 0; tries < LOOK_TRIES; tries++) {
		rc = read_begin(st->ix, &st->reader);
		if (rc < 0)
			return rc;
		rc = mdb_get(st->reader.txn, index_dbi(st->ix, DB_BLOCKS), &k, &v);
		if (rc == 0) {
			rc = entry_decode(span_of(v.mv_data, v.mv_size), e);
			rc = rc < 0 ? rc : 1;
		} else {
			rc = rc == MDB_NOTFOUND ? 0 : db_err(rc, "reading");
		}
		read_end(st->ix, &st->reader);
		/* without a lock file a writer may have taken the pages under our feet */
		if (rc >= 0 || !index_unlocked(st->ix))
			break;
	}
	return rc;
}

/* A rebuilt index takes the place of the one a reader has open. */
static int follow_index(struct store *st)
{
	struct index *ix;
	char dir[4096];
	int rc;

	snprintf(dir, sizeof dir, "%s/index", st->path);
	rc = index_open(&ix, dir, st->flags & STORE_READ_ONLY);
	if (rc < 0)
		return rc;
	reader_leave(st->ix, &st->reader);
	index_close(st->ix);
	st->ix = ix;
	reader_join(st->ix, &st->reader);
	return 0;
}

/* 1: time to look whether the index was replaced; once a tick, for misses may come by the million */
static int may_be_stale(struct store *st)
{
	struct timespec now = { 0 };
	uint64_t tick;

	if (st->lockfd >= 0)		/* a writer keeps it from being replaced */
		return 0;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	tick = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	if (tick == st->looked)
		return 0;
	st->looked = tick;
	return index_stale(st->ix);
}

int store_lookup(struct store *st, struct span mh, struct entry *e)
{
	int rc = mh.len ? look(st, mh, e) : err_set(ERR_USAGE, "an empty CID");

	if (rc == 0 && may_be_stale(st) && follow_index(st) == 0)
		rc = look(st, mh, e);
	return rc;
}

int store_seen_txn(struct store *st, uint64_t *id)
{
	int rc = read_begin(st->ix, &st->reader);

	if (rc < 0)
		return rc;
	*id = mdb_txn_id(st->reader.txn);
	read_end(st->ix, &st->reader);
	return 0;
}

int store_read_stats(struct store *st, struct stats *s)
{
	MDB_val k = { 5, (void *)(uintptr_t)"stats" }, v;
	int rc = read_begin(st->ix, &st->reader);

	if (rc < 0)
		return rc;
	rc = mdb_get(st->reader.txn, index_dbi(st->ix, DB_STATE), &k, &v);
	rc = rc ? db_err(rc, "reading") : stats_decode(span_of(v.mv_data, v.mv_size), s);
	read_end(st->ix, &st->reader);
	return rc;
}

int store_read_row(struct store *st, uint32_t id, struct seg_row *row)
{
	uint8_t key[4] = { (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),
			   (uint8_t)id };
	MDB_val k = { 4, key }, v;
	int rc = read_begin(st->ix, &st->reader);

	if (rc < 0)
		return rc;
	rc = mdb_get(st->reader.txn, index_dbi(st->ix, DB_SEGS), &k, &v);
	if (rc == 0) {
		rc = seg_row_decode(span_of(v.mv_data, v.mv_size), row);
		rc = rc < 0 ? rc : 1;
	} else {
		rc = rc == MDB_NOTFOUND ? 0 : db_err(rc, "reading");
	}
	read_end(st->ix, &st->reader);
	return rc;
}

/* ---- files of segments ---- */

void seg_forget(struct store *st, uint32_t id)
{
	int i;

	for (i = 0; i < SEG_FDS; i++)
		if (st->fds[i].id == id && st->fds[i].fd >= 0 && !st->fds[i].pins) {
			close(st->fds[i].fd);
			st->fds[i].fd = -1;
			st->fds[i].id = 0;
		}
}

int seg_open(struct store *st, uint32_t id, struct seg_fd **out)
{
	struct seg_fd *f, *oldest = NULL;
	char name[SEG_NAME_MAX];
	int i, fd;

	for (i = 0; i < SEG_FDS; i++) {
		f = &st->fds[i];
		if (f->id == id && f->fd >= 0) {
			f->used = ++st->clock;
			*out = f;
			return 0;
		}
		if (!f->pins && (!oldest || f->used < oldest->used))
			oldest = f;
	}
	if (!oldest)
		return err_set(ERR_BUSY, "too many segments in use");
	do {
		fd = openat(st->dirfd, seg_name(id, name), O_RDONLY | O_CLOEXEC);
		if (fd >= 0 || (errno != EMFILE && errno != ENFILE))
			break;
		for (f = NULL, i = 0; i < SEG_FDS; i++)	/* give one back and try again */
			if (st->fds[i].fd >= 0 && !st->fds[i].pins &&
			    (!f || st->fds[i].used < f->used))
				f = &st->fds[i];
		if (f) {
			close(f->fd);
			*f = (struct seg_fd){ .fd = -1 };
			oldest = f;
		}
	} while (f);
	if (fd < 0)
		return err_sys("opening segment '%08x'", id);
	if (oldest->fd >= 0)
		close(oldest->fd);
	*oldest = (struct seg_fd){ .id = id, .fd = fd, .used = ++st->clock };
	*out = oldest;
	return 0;
}

/* the header a record of e and mh begins with, looked at */
static int head_fits(const uint8_t *head, size_t len, const struct entry *e, struct span mh,
		     struct rec *r)
{
	return rec_decode(head, len, r) && span_equal(span_of(r->mh, r->mh_len), mh) &&
	       r->stored_len == e->stored && r->raw_len == e->raw && r->flags == e->flags;
}

int record_check(int fd, const struct entry *e, struct span mh)
{
	uint8_t head[REC_HEAD + REC_MH_MAX];
	struct rec r;
	ssize_t got = io_pread(fd, head, REC_HEAD + mh.len, e->off, "a segment");

	if (got < 0)
		return (int)got;
	if (!head_fits(head, (size_t)got, e, mh, &r))
		return err_set(ERR_NOTFOUND, "segment '%08x', offset %" PRIu32
			       ": not the record the index speaks of", e->seg, e->off);
	return 0;
}

/* Where mh is now: 1 and the entry; *p says when this batch has it. */
static int locate(struct store *st, struct span mh, struct entry *e, struct pend **p)
{
	*p = batch_find(st, mh);
	if (*p && (*p)->state != PEND_DELETED) {
		*e = pend_entry(*p);
		return 1;
	}
	*p = NULL;
	return store_lookup(st, mh, e);
}

/* the descriptor that has e's record; ERR_NOTFOUND: the segment went away */
static int file_for(struct store *st, const struct entry *e, const struct pend *p, int *fd)
{
	struct seg_fd *f;
	int rc;

	if (p && p->pin >= 0) {
		*fd = st->fds[p->pin].fd;
		return 0;
	}
	if (e->seg == st->w.id && (p || st->w.fd >= 0)) {
		*fd = st->w.fd;		/* -1: it floats, in memory */
		return 0;
	}
	rc = seg_open(st, e->seg, &f);
	if (rc == 0)
		*fd = f->fd;
	return rc;
}

static int absent(const struct cid *cid)
{
	char text[CID_TEXT_MAX];

	return err_set(ERR_NOTFOUND, "block %s is not in the store", cid_text(cid, text));
}

/* ERR_CORRUPT with the name of the block in front of what was found */
static int corrupt(const struct cid *cid, const struct entry *e)
{
	char text[CID_TEXT_MAX], why[256];

	snprintf(why, sizeof why, "%s", err_text());
	return err_set(ERR_CORRUPT, "block %s: segment '%08x', offset %" PRIu32 ": %s",
		       cid_text(cid, text), e->seg, e->off, why);
}

/*
 * Try `use` on the place of a block until it is really there: between a look at the index and at
 * the segment a collection may move it.  Ends with the last entry's trouble when the index keeps
 * saying the same.
 */
static int at_place(struct store *st, const struct cid *cid, struct entry *e,
		    int (*use)(struct store *st, const struct cid *cid, const struct entry *e,
			       int fd, void *arg), void *arg)
{
	struct entry was = { 0 };
	struct pend *p;
	int rc = 0, tries, fd;

	for (tries = 0; tries < LOOK_TRIES; tries++) {
		rc = locate(st, cid_mh(cid), e, &p);
		if (rc <= 0)
			return rc < 0 ? rc : absent(cid);
		if (tries > 1 && e->seg == was.seg && e->off == was.off)
			break;
		was = *e;
		rc = file_for(st, e, p, &fd);
		if (rc == 0)
			rc = use(st, cid, e, fd, arg);
		if (rc != ERR_NOTFOUND)
			return rc;
		seg_forget(st, e->seg);
		if (st->lockfd < 0 && index_stale(st->ix) && follow_index(st) < 0)
			break;
	}
	err_set(ERR_CORRUPT, "the record is gone; run 'ipfrs-fsck -r'");
	return corrupt(cid, e);
}

/* ---- get ---- */

/* header and stored bytes of a record into `head` and at `to`; from memory while not written */
static int record_bytes(struct store *st, const struct entry *e, int fd, size_t mh_len,
			uint8_t *head, uint8_t *to)
{
	uint64_t flushed = st->w.pos - st->w.have;
	struct iovec iov[2] = { { head, REC_HEAD + mh_len }, { to, e->stored } };
	size_t want = REC_HEAD + mh_len + e->stored, got = 0;
	ssize_t n;

	if (fd == st->w.fd && e->off >= flushed) {
		const uint8_t *from = st->w.gather + (e->off - flushed);

		memcpy(head, from, REC_HEAD + mh_len);
		memcpy(to, from + REC_HEAD + mh_len, e->stored);
		return 0;
	}
	n = preadv(fd, iov, 2, e->off);
	if (n < 0 && errno != EINTR)
		return err_sys("reading segment '%08x'", e->seg);
	if (n > 0)
		got = (size_t)n;
	if (got == want)
		return 0;
	/* interrupted or cut short: the slow way */
	n = io_pread(fd, head, REC_HEAD + mh_len, e->off, "a segment");
	if (n == (ssize_t)(REC_HEAD + mh_len))
		n = io_pread(fd, to, e->stored, e->off + REC_HEAD + mh_len, "a segment");
	else if (n >= 0)
		n = -1000;
	if (n == (ssize_t)e->stored)
		return 0;
	return n < 0 && n != -1000 ? (int)n : err_set(ERR_NOTFOUND, "the segment is cut short");
}

static int get_at(struct store *st, const struct cid *cid, const struct entry *e, int fd, void *arg)
{
	struct span mh = cid_mh(cid), bytes;
	uint8_t head[REC_HEAD + REC_MH_MAX], *to;
	struct buf *out = arg, *in = out;
	size_t was = out->len;
	struct rec r;
	int rc;

	if (e->raw > out->max - out->len)
		return err_set(ERR_LIMIT, "a block of %" PRIu32 " bytes, more than %zu", e->raw,
			       out->max - out->len);
	if (e->flags & REC_ZSTD) {
		in = &st->packed;
		buf_reset(in);
	}
	rc = buf_reserve(in, e->stored);
	if (rc < 0)
		return rc;
	to = in->data + in->len;
	rc = record_bytes(st, e, fd, mh.len, head, to);
	if (rc == 0 && !head_fits(head, REC_HEAD + mh.len, e, mh, &r))
		rc = err_set(ERR_NOTFOUND, "not the record the index speaks of");
	if (rc == 0 && in == out)
		out->len += e->stored;
	else if (rc == 0)
		rc = rec_unpack(&r, span_of(to, e->stored), out);
	if (rc == 0) {
		bytes = span_of(out->data + was, out->len - was);
		rc = cid_verify(cid, bytes);
		if (rc == ERR_UNSUPPORTED)	/* no such hash here: the checksum must do */
			rc = crc32c(0, span_of(to, e->stored)) == r.crc ? 0 :
			     err_set(ERR_CORRUPT, "bad checksum");
	}
	if (rc < 0)
		out->len = was;
	if (out->data)
		out->data[out->len] = 0;
	return rc == ERR_CORRUPT ? corrupt(cid, e) : rc;
}

int store_get(struct store *st, const struct cid *cid, struct buf *out)
{
	struct entry e;

	return at_place(st, cid, &e, get_at, out);
}

int store_has(struct store *st, const struct cid *cid)
{
	struct entry e;
	struct pend *p;

	return locate(st, cid_mh(cid), &e, &p);
}

int store_size(struct store *st, const struct cid *cid, uint64_t *len)
{
	struct entry e;
	struct pend *p;
	int rc = locate(st, cid_mh(cid), &e, &p);

	if (rc <= 0)
		return rc < 0 ? rc : absent(cid);
	*len = e.raw;
	return 0;
}

static int extent_at(struct store *st, const struct cid *cid, const struct entry *e, int fd,
		     void *arg)
{
	struct piece *p = arg;
	struct seg_fd *f;
	size_t mh_len = cid_mh(cid).len;
	int rc;

	if (e->flags & REC_ZSTD)
		return 0;
	if (fd == st->w.fd) {
		/* not the descriptor with the lock: whoever it is passed on to would hold it */
		rc = e->off >= st->w.pos - st->w.have ? writer_flush(st) : 0;
		if (rc == 0)
			rc = seg_open(st, e->seg, &f);
		if (rc < 0)
			return rc;
		fd = f->fd;
	}
	rc = record_check(fd, e, cid_mh(cid));
	if (rc < 0)
		return rc;
	*p = (struct piece){ .fd = fd, .off = e->off + REC_HEAD + mh_len, .len = e->raw };
	return 1;
}

int store_extent(struct store *st, const struct cid *cid, struct piece *p)
{
	struct entry e;
	int rc = writer_floats(&st->w) ? writer_land(st) : 0;

	return rc < 0 ? rc : at_place(st, cid, &e, extent_at, p);
}
