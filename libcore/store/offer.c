/*
 * offer.c - small commits that are done by others: asking for it, and waiting for the turn.
 *
 * A small commit says what it wants in its slot of board/commits, and waits.  One process at a time has the turn (a
 * lock on a byte of the file); it does its own commit and those of all who wait, in one segment and one transaction
 * (group.c), and says so in their rows.  Who comes when nobody has the turn asks nobody.
 *
 * What was done is said by a row of the same transaction, too (in the state, "commit" and the slot's number: the
 * sequence number of the request), so that it is done once or not at all, whoever dies when.
 *
 * The slots go by the leases: who has the lease of a slot has this slot, too.  A request counts until its owner, or who
 * has the slot when that one died, takes it back, which is done by whoever has the turn; or until somebody takes over
 * the segment it speaks of (seg_claim), who then has the last word on what lies behind the committed end.  Nothing here
 * is kept: the first who opens the file begins it anew, so that no request outlives a power cut.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/io.h"
#include "base/rd.h"
#include "group.h"

_Static_assert(FIRST + SLOTS * SLOT == (int)GROUP_END, "the file has no more");

const char *const group_file = "board/commits";

enum {
	PAGE = 4096,			/* the rows, and behind them the count of turns */
	NAP_NS = 20000000		/* after which one looks if who has the turn has died */
};
_Static_assert(ROWS + sizeof(uint32_t) <= PAGE && (int)PAGE <= (int)FIRST, "before the first slot");

/* ---- the file ---- */

/* Two bytes behind its end are locked: GATE by who is opening it, OPEN by all who have it open. */
enum { GATE = GROUP_END, OPEN };

static int lock(int fd, int how, int byte, short type)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
	int rc;

	do
		rc = fcntl(fd, how, &l);
	while (rc < 0 && errno == EINTR);
	return rc;
}

static int rows_read(int fd, uint8_t rows[ROWS])
{
	ssize_t got = io_pread(fd, rows, ROWS, 0, group_file);

	if (got >= 0)
		memset(rows + got, 0, ROWS - (size_t)got);
	return got < 0 ? (int)got : 0;
}

/* its first page, which no one makes shorter */
static int map(struct group *g)
{
	struct stat sb;
	void *p;

	/* written, not truncated: somebody may be writing behind it */
	if (fstat(g->fd, &sb) < 0 || (sb.st_size < PAGE && pwrite(g->fd, "", 1, PAGE - 1) != 1))
		return -1;
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, g->fd, 0);
	g->rows = p == MAP_FAILED ? NULL : p;
	return g->rows ? 0 : -1;
}

static _Atomic uint32_t *turns(const struct group *g)
{
	return (_Atomic uint32_t *)(void *)(g->rows + ROWS);
}

/* Who is alone with it: what is there is nobody's any more.  One after the other, or the next would take for begun what
 * one who died was about to begin. */
static int begin_anew(int fd)
{
	static const uint8_t none[ROWS];
	uint8_t rows[ROWS];
	int rc = lock(fd, F_OFD_SETLKW, GATE, F_WRLCK);

	if (rc == 0 && lock(fd, F_OFD_SETLK, OPEN, F_WRLCK) == 0) {
		rc = rows_read(fd, rows);
		if (rc == 0 && memcmp(rows, none, ROWS))
			rc = io_pwrite(fd, none, ROWS, 0, group_file);
	}
	if (rc == 0)
		rc = lock(fd, F_OFD_SETLKW, OPEN, F_RDLCK);
	return rc < 0 ? rc : lock(fd, F_OFD_SETLK, GATE, F_UNLCK);
}

/* nobody else has it open either, who may do what we may */
static int is_for_nobody(int error)
{
	return error == EISDIR || error == ELOOP || error == ENOTDIR || error == EACCES || error == EPERM ||
	       error == EROFS || error == ENOSPC || error == EDQUOT;
}

/* 1: it is open.  0: it cannot be, and everybody commits alone.  An error: perhaps others can. */
static int group_open(struct store *st)
{
	struct group *g = &st->group;

	if (g->fd >= 0 || g->none)
		return g->fd >= 0;
	if (getrandom(&g->seq, sizeof g->seq, GRND_NONBLOCK) != sizeof g->seq)
		return err_set(ERR_BUSY, "no random numbers yet");
	if (mkdirat(st->dirfd, "board", 0755) == 0 || errno == EEXIST)
		g->fd = openat(st->dirfd, group_file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (g->fd < 0) {
		g->none = is_for_nobody(errno);
		return g->none ? 0 : err_sys("opening '%s/%s'", st->path, group_file);
	}
	if (begin_anew(g->fd) < 0) {
		group_close(st);
		return err_sys("locking '%s/%s'", st->path, group_file);
	}
	if (map(g) < 0) {
		group_close(st);
		return err_sys("mapping '%s/%s'", st->path, group_file);
	}
	return 1;
}

void group_close(struct store *st)
{
	struct group *g = &st->group;

	if (g->rows)
		munmap(g->rows, PAGE);
	if (g->fd >= 0)
		close(g->fd);
	g->rows = NULL;
	g->fd = -1;
	g->none = 0;
}

void group_wake(struct store *st)
{
	if (st->group.fd >= 0 && !layout_same(st->dirfd, group_file, st->group.fd))
		group_close(st);
}

int group_row_write(struct store *st, int slot, const struct offer *o)
{
	struct buf b = BUF_INIT(ROW);
	uint8_t zeros[ROW] = { 0 };
	int rc = buf_le64(&b, o->seq);

	if (rc == 0)
		rc = buf_le32(&b, o->seg);
	if (rc == 0)
		rc = buf_le32(&b, o->len);
	if (rc == 0)
		rc = buf_le32(&b, o->crc);
	if (rc == 0)
		rc = buf_le64(&b, o->done);
	if (rc == 0)
		rc = buf_le32(&b, crc32c(0, buf_span(&b)));
	if (rc == 0)
		rc = io_pwrite(st->group.fd, o->seq || o->done ? b.data : zeros, ROW, (uint64_t)slot * ROW, group_file);
	buf_clear(&b);
	return rc;
}

int group_row(const struct store *st, int slot, struct offer *o)
{
	uint8_t row[ROW];		/* as it was at one time, or torn */
	struct rd r = rd_from(span_of(row, ROW));

	memcpy(row, st->group.rows + slot * ROW, ROW);
	o->seq = rd_le64(&r);
	o->seg = rd_le32(&r);
	o->len = rd_le32(&r);
	o->crc = rd_le32(&r);
	o->done = rd_le64(&r);
	return rd_le32(&r) == crc32c(0, span_of(row, ROW - 4)) && o->len <= SLOT;
}

/* ---- offering ---- */

static int block_encode(struct buf *b, const struct pend *p, struct span mh)
{
	int relied = p->state == PEND_RELIED, rc = buf_u8(b, (unsigned)relied);

	if (rc == 0)
		rc = buf_u8(b, p->flags);
	if (rc == 0)
		rc = buf_u8(b, (unsigned)mh.len);
	if (rc == 0)
		rc = buf_add(b, mh);
	if (rc < 0 || relied)
		return rc;
	rc = buf_le32(b, p->off);
	if (rc == 0)
		rc = buf_le32(b, p->stored);
	if (rc == 0)
		rc = buf_le32(b, p->raw);
	return rc < 0 ? rc : buf_le32(b, p->codec);
}

/* where the records are: in our segment, or here */
static uint32_t place(const struct writer *w, int row)
{
	return row ? w->id : writer_floats(w) ? SEG_WITH : 0;
}

static int place_encode(const struct writer *w, int row, struct buf *b)
{
	int rc = buf_le32(b, place(w, row));

	if (rc == 0)
		rc = buf_le32(b, row ? w->committed : 0);
	if (rc == 0)
		rc = buf_le32(b, row ? (uint32_t)w->pos : (uint32_t)writer_floats(w));
	return rc < 0 ? rc : buf_le32(b, row ? (uint32_t)w->pads : 0);
}

/* ERR_LIMIT: it is too large */
static int encode(struct store *st, int row, struct buf *b)
{
	const struct writer *w = &st->w;
	const struct batch *batch = &st->batch;
	size_t i;
	int rc = buf_le32(b, !(st->flags & STORE_UNSYNCED));

	if (rc == 0)
		rc = place_encode(w, row, b);
	if (rc == 0)
		rc = buf_le32(b, (uint32_t)batch->n);
	for (i = 0; rc == 0 && i < batch->n; i++) {
		const struct pend *p = &batch->pend[i];

		rc = block_encode(b, p, span_of(batch->mhs.data + p->mh_at, p->mh_len));
	}
	if (rc == 0)
		rc = buf_bytes(b, w->gather, writer_floats(w));
	return rc < 0 ? rc : buf_add(b, buf_span(&batch->ops));
}

static int fits(const struct store *st, int row)
{
	const struct batch *b = &st->batch;
	size_t i;

	if (st->lease_slot < 0 || st->lease_slot >= SLOTS || b->alone || b->n > BLOCKS_MAX || b->ops.len > OPS_MAX)
		return 0;
	for (i = 0; i < b->n; i++)
		if (b->pend[i].state == PEND_DELETED ||
		    (b->pend[i].state == PEND_NEW && !row && !writer_floats(&st->w)))
			return 0;
	return 1;
}

/* our row; what is torn is none, yet */
static struct offer ours(struct store *st)
{
	struct offer o, none = { 0 };

	return group_row(st, st->group.slot, &o) ? o : none;
}

static int is_done(const struct offer *o, const struct store *st)
{
	return !o->seq && o->done == st->group.seq;
}

/* 0, or an error: it cannot be said, or not in a slot */
static int offer(struct store *st, int row)
{
	struct group *g = &st->group;
	struct buf b = BUF_INIT(SLOT);
	struct offer o;
	int rc = encode(st, row, &b);

	if (rc == 0) {
		o = (struct offer){ .seq = g->seq, .seg = place(&st->w, row), .len = (uint32_t)b.len,
				    .crc = crc32c(0, buf_span(&b)) };
		rc = io_pwrite(g->fd, b.data, b.len, FIRST + (uint64_t)g->slot * SLOT, group_file);
	}
	if (rc == 0)			/* if this fails, somebody may see it all the same: it is taken back */
		group_row_write(st, g->slot, &o);
	buf_clear(&b);
	return rc;
}

/* ---- the turn ---- */

MDB_val group_done_key(int slot, struct done_key *k)
{
	memcpy(k->text, "commit", 6);
	k->text[6] = (char)slot;
	return (MDB_val){ sizeof k->text, k->text };
}

/* 1: the index says that our request was done: who did it died before it could tell us */
static int index_has_it(struct store *st)
{
	struct done_key room;
	MDB_val k = group_done_key(st->group.slot, &room), v;
	struct rd r;
	int rc = read_begin(st->ix, &st->reader), has = 0;

	if (rc < 0)
		return rc;
	rc = mdb_get(st->reader.txn, index_dbi(st->ix, DB_STATE), &k, &v);
	if (rc == 0) {
		r = rd_from(span_of(v.mv_data, v.mv_size));
		has = rd_le64(&r) == st->group.seq && rd_done(&r);
	}
	read_end(st->ix, &st->reader);
	return rc == 0 || rc == MDB_NOTFOUND ? has : db_err(rc, "reading");
}

/* We have the turn, and nobody looks at our slot.  1; 2: what we offered was done; an error: we have it no longer. */
static int begin(struct store *st, int offered)
{
	static const struct offer none;
	struct offer o = ours(st);
	int rc = 0, done = offered && is_done(&o, st);

	if (offered && !done)
		rc = done = index_has_it(st);
	/* ours, or of somebody who died: from here on it is not wanted any more */
	if (rc >= 0 && o.seq)
		rc = group_row_write(st, st->group.slot, &none);
	if (rc < 0 || done)
		group_leave(st);
	return rc < 0 ? rc : 1 + done;
}

/* Until whoever has the turn has ended it, or a moment: it may have died.  `n`: how many turns there were before. */
static void nap(const struct group *g, uint32_t n)
{
	const struct timespec most = { .tv_nsec = NAP_NS };

	syscall(SYS_futex, turns(g), FUTEX_WAIT, n, &most, NULL, 0);
}

/* All who wait are woken at the end of a turn.  Most were done; of the others one has the next turn. */
static int await(struct store *st, int offered)
{
	struct group *g = &st->group;
	struct offer o;
	uint32_t n;

	for (;;) {
		n = atomic_load(turns(g));
		o = ours(st);
		if (offered && is_done(&o, st))
			return 2;
		if (flock(g->fd, LOCK_EX | LOCK_NB) == 0)
			return begin(st, offered);
		if (errno == EWOULDBLOCK)
			nap(g, n);
		else if (errno != EINTR)
			return err_sys("locking '%s/%s'", st->path, group_file);
	}
}

int group_enter(struct store *st, int row)
{
	struct group *g = &st->group;
	int offered;

	if (!fits(st, row) || group_open(st) != 1)
		return 0;
	g->slot = st->lease_slot;
	if (flock(g->fd, LOCK_EX | LOCK_NB) == 0)
		return begin(st, 0);
	g->seq += g->seq + 1 ? 1 : 2;
	/* what stands there of one who died is not written over: somebody may be about to do it */
	offered = !ours(st).seq && offer(st, row) == 0;
	return await(st, offered);
}

void group_leave(struct store *st)
{
	const struct group *g = &st->group;

	group_drop(st);
	flock(g->fd, LOCK_UN);
	atomic_fetch_add(turns(g), 1);
	syscall(SYS_futex, turns(g), FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* ---- taking a segment over ---- */

struct nix {
	struct store *st;
	uint32_t seg;
};

/* always leaves the transaction: it is there for the lock */
static int nix_offers(struct wtx *w, void *arg)
{
	struct nix *x = arg;
	struct offer o, none = { 0 };
	int slot, rc = 0;

	(void)w;
	for (slot = 0; rc == 0 && slot < SLOTS; slot++)
		if (group_row(x->st, slot, &o) && o.seq && o.seg == x->seg)
			rc = group_row_write(x->st, slot, &none);
	return rc < 0 ? rc : 1;
}

/* what somebody who died wanted of this segment is not wanted any more */
static int nix_all(struct store *st, uint32_t seg)
{
	struct nix x = { st, seg };
	struct offer o;
	int slot, rc;

	rc = group_open(st);
	if (rc <= 0)
		return rc;
	for (slot = 0; slot < SLOTS; slot++)
		if (group_row(st, slot, &o) && o.seq && o.seg == seg)
			break;
	if (slot == SLOTS)
		return 0;
	rc = index_write(st->ix, INDEX_LIGHT, nix_offers, &x);
	return rc < 0 ? rc : 0;
}

int seg_claim(struct store *st, uint32_t id, int fd)
{
	int rc;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK || errno == EINTR ? 0 : err_sys("locking segment '%08x'", id);
	rc = nix_all(st, id);
	return rc < 0 ? rc : 1;
}
