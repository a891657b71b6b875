/*
 * group.c - small commits that share one transaction of the index, and with it the syncs.
 *
 * A commit whose blocks are written, and synced, says what it wants of the index in its slot of board/commits, and asks
 * for the lock of the index like any other.  Whoever gets that does its own part, then that of all others who wait;
 * they find it done when their turn comes.  That it is done is said by a row of the same transaction (in the state,
 * "commit" and the slot's number: the sequence number of the request), so that it is done once or not at all, whoever
 * dies when.
 *
 * The slots go by the leases: who has the lease of a slot has this slot, too.  A request counts until its owner, or who
 * has the slot when that one died, takes it back, which is done under the lock of the index; or until somebody takes
 * over the segment it speaks of (seg_claim), who then has the last word on what lies behind the committed end.  Nothing
 * here is kept: the first who opens the file begins it anew, so that no request outlives a power cut.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/io.h"
#include "base/rd.h"
#include "store_priv.h"

enum { SLOTS = 64, SLOT = 16 << 10, ROW = 32, ROWS = SLOTS * ROW, FIRST = 4096, BLOCKS_MAX = 256, OPS_MAX = 8 << 10 };

_Static_assert(FIRST + SLOTS * SLOT == (int)GROUP_END, "the file has no more");

static const char *const what = "board/commits";

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

/* all rows; what is behind the end of the file is none */
static int rows_read(int fd, uint8_t rows[ROWS])
{
	ssize_t got = io_pread(fd, rows, ROWS, 0, what);

	if (got >= 0)
		memset(rows + got, 0, ROWS - (size_t)got);
	return got < 0 ? (int)got : 0;
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
			rc = io_pwrite(fd, none, ROWS, 0, what);
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
		g->fd = openat(st->dirfd, what, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (g->fd < 0) {
		g->none = is_for_nobody(errno);
		return g->none ? 0 : err_sys("opening '%s/%s'", st->path, what);
	}
	if (begin_anew(g->fd) < 0) {
		group_close(st);
		return err_sys("locking '%s/%s'", st->path, what);
	}
	return 1;
}

void group_close(struct store *st)
{
	if (st->group.fd >= 0)
		close(st->group.fd);
	st->group.fd = -1;
	st->group.none = st->group.offered = 0;
}

void group_wake(struct store *st)
{
	if (st->group.fd >= 0 && !layout_same(st->dirfd, what, st->group.fd))
		group_close(st);
}

struct offer {				/* a row */
	uint64_t seq;
	uint32_t seg, len, crc;
};

static int row_write(struct store *st, int slot, const struct offer *o)
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
		rc = buf_le64(&b, 0);
	if (rc == 0)
		rc = buf_le32(&b, crc32c(0, buf_span(&b)));
	if (rc == 0)
		rc = io_pwrite(st->group.fd, o->seq ? b.data : zeros, ROW, (uint64_t)slot * ROW, what);
	buf_clear(&b);
	return rc;
}

/* 1: there is a request; what is torn is none, yet */
static int row_decode(const uint8_t *p, struct offer *o)
{
	struct rd r = rd_from(span_of(p, ROW));

	o->seq = rd_le64(&r);
	o->seg = rd_le32(&r);
	o->len = rd_le32(&r);
	o->crc = rd_le32(&r);
	rd_le64(&r);
	return rd_le32(&r) == crc32c(0, span_of(p, ROW - 4)) && o->seq != 0 && o->len <= SLOT;
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

/* ERR_LIMIT: it is too large */
static int encode(struct store *st, int row, struct buf *b)
{
	const struct writer *w = &st->w;
	const struct batch *batch = &st->batch;
	size_t i;
	int rc = buf_le32(b, !(st->flags & STORE_UNSYNCED));

	if (rc == 0)
		rc = buf_le32(b, row ? w->id : 0);
	if (rc == 0)
		rc = buf_le32(b, row ? w->committed : 0);
	if (rc == 0)
		rc = buf_le32(b, row ? (uint32_t)w->pos : 0);
	if (rc == 0)
		rc = buf_le32(b, row ? (uint32_t)w->pads : 0);
	if (rc == 0)
		rc = buf_le32(b, (uint32_t)batch->n);
	for (i = 0; rc == 0 && i < batch->n; i++) {
		const struct pend *p = &batch->pend[i];

		rc = block_encode(b, p, span_of(batch->mhs.data + p->mh_at, p->mh_len));
	}
	return rc < 0 ? rc : buf_add(b, buf_span(&batch->ops));
}

static int fits(const struct store *st, int row)
{
	const struct batch *b = &st->batch;
	size_t i;

	if (st->lease_slot < 0 || st->lease_slot >= SLOTS || b->alone || b->n > BLOCKS_MAX || b->ops.len > OPS_MAX)
		return 0;
	for (i = 0; i < b->n; i++)
		if (b->pend[i].state == PEND_DELETED || (b->pend[i].state == PEND_NEW && !row))
			return 0;
	return 1;
}

/* 1: the request of somebody who died still stands in our slot.  Whoever does it may be about to commit that, and who
 * takes over its segment has to see it. */
static int is_taken(struct store *st)
{
	uint8_t row[ROW];
	struct offer o;

	return io_pread(st->group.fd, row, ROW, (uint64_t)st->group.slot * ROW, what) == ROW && row_decode(row, &o);
}

static int offer(struct store *st, int row)
{
	struct group *g = &st->group;
	struct buf b = BUF_INIT(SLOT);
	struct offer o;
	int rc = encode(st, row, &b);

	if (rc == 0) {
		o = (struct offer){ .seq = g->seq, .seg = row ? st->w.id : 0, .len = (uint32_t)b.len,
				    .crc = crc32c(0, buf_span(&b)) };
		rc = io_pwrite(g->fd, b.data, b.len, FIRST + (uint64_t)g->slot * SLOT, what);
	}
	if (rc == 0) {			/* even if this fails, perhaps somebody sees it */
		g->offered = 1;
		row_write(st, g->slot, &o);
	}
	buf_clear(&b);
	return g->offered;
}

int group_offer(struct store *st, int row)
{
	struct group *g = &st->group;

	if (!g->offered) {
		if (!fits(st, row) || group_open(st) != 1)
			return 0;
		g->slot = st->lease_slot;
		g->offered = is_taken(st);
	}
	/* an earlier one, which is taken back first, must not be taken for this one */
	g->seq += g->seq + 1 ? 1 : 2;
	return g->offered || offer(st, row);
}

int group_withdraw(struct store *st)
{
	struct offer none = { 0 };
	int rc = st->group.offered ? row_write(st, st->group.slot, &none) : 0;

	if (rc == 0)
		st->group.offered = 0;
	return rc;
}

/* ---- done ---- */

struct done_key { char text[7]; };

static MDB_val done_key(int slot, struct done_key *k)
{
	memcpy(k->text, "commit", 6);
	k->text[6] = (char)slot;
	return (MDB_val){ sizeof k->text, k->text };
}

/* 1: a transaction before this one, or this one, has done the request */
static int is_done(struct wtx *w, int slot, uint64_t seq)
{
	struct done_key room;
	MDB_val k = done_key(slot, &room), v;
	struct rd r;
	int rc = mdb_get(w->txn, index_dbi(w->ix, DB_STATE), &k, &v);

	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc)
		return wtx_fail(w, rc, "reading");
	r = rd_from(span_of(v.mv_data, v.mv_size));
	return rd_le64(&r) == seq && rd_done(&r);
}

static int note_done(struct wtx *w, int slot, uint64_t seq)
{
	struct done_key room;
	struct buf b = BUF_INIT(8);
	MDB_val k = done_key(slot, &room), v;
	int rc = buf_le64(&b, seq);

	if (rc == 0) {
		v = (MDB_val){ b.len, b.data };
		rc = mdb_put(w->txn, index_dbi(w->ix, DB_STATE), &k, &v, 0);
		rc = rc ? wtx_fail(w, rc, "writing") : 0;
	}
	buf_clear(&b);
	return rc;
}

int group_done(struct store *st, struct wtx *w)
{
	return is_done(w, st->group.slot, st->group.seq);
}

/* ---- doing what others want ---- */

struct want {				/* a request, as far as it is read */
	uint32_t synced, seg, from, to, pads, n;
	struct rd blocks;
	struct span ops;
};

struct block {
	struct span mh;
	struct entry e;			/* of a new one */
	int relied;
};

/* 1: the next block; 0: it makes no sense */
static int block_read(const struct want *q, struct rd *r, struct block *b)
{
	b->relied = rd_u8(r);
	b->e = (struct entry){ .seg = q->seg, .flags = rd_u8(r) };
	b->mh = rd_bytes(r, rd_u8(r));
	if (!b->relied) {
		b->e.off = rd_le32(r);
		b->e.stored = rd_le32(r);
		b->e.raw = rd_le32(r);
		b->e.codec = rd_le32(r);
	}
	if (!rd_ok(r) || b->mh.len == 0 || b->mh.len > MH_BYTES_MAX)
		return 0;
	return b->relied || (q->seg && b->e.off >= SEG_HEAD && b->e.stored <= STORE_BLOCK_MAX &&
			     b->e.raw <= STORE_BLOCK_MAX && b->e.off + rec_total(b->mh.len, b->e.stored) <= q->to);
}

/* 1: it makes sense to its end */
static int decode(struct span bytes, struct want *q)
{
	struct rd r = rd_from(bytes);
	struct block b;
	uint32_t i;

	q->synced = rd_le32(&r);
	q->seg = rd_le32(&r);
	q->from = rd_le32(&r);
	q->to = rd_le32(&r);
	q->pads = rd_le32(&r);
	q->n = rd_le32(&r);
	q->blocks = r;
	if (!rd_ok(&r) || q->n > BLOCKS_MAX || (q->seg && (q->to < q->from || q->to < SEG_HEAD)))
		return 0;
	for (i = 0; i < q->n; i++)
		if (!block_read(q, &r, &b))
			return 0;
	q->ops = rd_rest(&r);
	return table_sane(q->ops);
}

/* 1: all it relies on is there, and its segment is as its owner left it; else it sees to that itself */
static int stands(struct wtx *w, const struct want *q)
{
	struct rd r = q->blocks;
	struct seg_row row;
	struct block b;
	uint32_t i;
	int rc = q->seg ? wtx_seg_get(w, q->seg, &row) : 0;

	if (rc < 0 || (q->seg && (rc ? row.len != q->from || row.flags & SEG_FULL : q->from != 0)))
		return rc < 0 ? rc : 0;
	for (i = 0; i < q->n; i++) {
		block_read(q, &r, &b);
		rc = b.relied ? block_safe(w, b.mh, (int)q->synced) : 1;
		if (rc <= 0)
			return rc;
	}
	return 1;
}

static int apply(struct wtx *w, const struct want *q)
{
	struct rd r = q->blocks;
	struct block b;
	uint32_t i;
	int rc = q->seg ? seg_row_extend(w, q->seg, q->to, q->pads, 0, (int)q->synced) : 0;

	for (i = 0; rc >= 0 && i < q->n; i++) {
		block_read(q, &r, &b);
		rc = block_enter(w, b.mh, b.relied ? NULL : &b.e, (int)q->synced);
	}
	if (rc >= 0 && q->seg && !q->synced)
		rc = boot_note(w);
	return rc < 0 ? rc : table_apply(w, q->ops);
}

/* 1: done; 0: not, and its owner will do it */
static int take_part(struct store *st, struct wtx *w, int slot, const struct offer *o, uint64_t *room)
{
	struct want q;
	ssize_t got;
	int rc = is_done(w, slot, o->seq);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	buf_reset(&st->scratch);
	if (buf_reserve(&st->scratch, o->len) < 0)
		return 0;
	got = io_pread(st->group.fd, st->scratch.data, o->len, FIRST + (uint64_t)slot * SLOT, what);
	if (got != (ssize_t)o->len || crc32c(0, span_of(st->scratch.data, o->len)) != o->crc ||
	    !decode(span_of(st->scratch.data, o->len), &q) || q.seg != o->seg || q.n > *room ||
	    (q.synced && st->flags & STORE_UNSYNCED))	/* whose transaction does not wait for the disk */
		return 0;
	rc = stands(w, &q);
	if (rc == 1)
		rc = apply(w, &q);
	else
		return rc;
	if (rc == 0)
		rc = note_done(w, slot, o->seq);
	*room -= q.n;
	return rc < 0 ? rc : 1;
}

int group_lead(struct store *st, struct wtx *w, uint64_t room)
{
	uint8_t rows[ROWS];
	struct offer o;
	int slot, n = 0, rc = rows_read(st->group.fd, rows);

	for (slot = 0; rc >= 0 && slot < SLOTS; slot++) {
		if (slot == st->group.slot || !row_decode(rows + slot * ROW, &o))
			continue;
		rc = take_part(st, w, slot, &o, &room);
		n += rc == 1;
	}
	return rc < 0 ? rc : n;
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
	uint8_t rows[ROWS];
	struct offer o, none = { 0 };
	int slot, rc = rows_read(x->st->group.fd, rows);

	(void)w;
	for (slot = 0; rc == 0 && slot < SLOTS; slot++)
		if (row_decode(rows + slot * ROW, &o) && o.seg == x->seg)
			rc = row_write(x->st, slot, &none);
	return rc < 0 ? rc : 1;
}

/* what somebody who died wanted of this segment is not wanted any more */
static int nix_all(struct store *st, uint32_t seg)
{
	struct nix x = { st, seg };
	uint8_t rows[ROWS];
	struct offer o;
	int slot, rc;

	rc = group_open(st);
	if (rc <= 0)
		return rc;
	rc = rows_read(st->group.fd, rows);
	for (slot = 0; rc == 0 && slot < SLOTS; slot++)
		if (row_decode(rows + slot * ROW, &o) && o.seg == seg)
			break;
	if (rc < 0 || slot == SLOTS)
		return rc;
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
