/* batch.c - what a handle has put and not committed yet, and its commit */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/io.h"
#include "store_priv.h"

enum {
	BATCH_MAX = 131072		/* blocks of a batch, then it is committed */
};

/* ---- the table of what is pending ---- */

static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static size_t home(const struct batch *b, struct span mh)
{
	uint64_t tail = 0;
	size_t n = mh.len < 8 ? mh.len : 8;

	memcpy(&tail, mh.p + mh.len - n, n);
	return (size_t)mix(tail ^ b->seed) & (b->n_slots - 1);
}

static struct span mh_of(const struct batch *b, const struct pend *p)
{
	return span_of(b->mhs.data + p->mh_at, p->mh_len);
}

struct entry pend_entry(const struct pend *p)
{
	return (struct entry){ .seg = p->seg, .off = p->off, .stored = p->stored, .raw = p->raw,
			       .codec = p->codec, .flags = p->flags };
}

void pend_place(struct pend *p, const struct entry *e)
{
	p->seg = e->seg;
	p->off = e->off;
	p->stored = e->stored;
	p->raw = e->raw;
	p->codec = e->codec;
	p->flags = e->flags;
}

struct pend *batch_find(struct store *st, struct span mh)
{
	struct batch *b = &st->batch;
	size_t i;

	if (!b->n)
		return NULL;
	for (i = home(b, mh); b->slots[i]; i = (i + 1) & (b->n_slots - 1)) {
		struct pend *p = &b->pend[b->slots[i] - 1];

		if (span_equal(mh_of(b, p), mh))
			return p;
	}
	return NULL;
}

static void slot_in(struct batch *b, size_t index)
{
	size_t i = home(b, mh_of(b, &b->pend[index]));

	while (b->slots[i])
		i = (i + 1) & (b->n_slots - 1);
	b->slots[i] = (uint32_t)index + 1;
}

static int batch_grow(struct batch *b)
{
	size_t cap = b->cap ? 2 * b->cap : 64, i;
	struct pend *pend = realloc(b->pend, cap * sizeof *pend);
	uint32_t *slots;

	if (!pend)
		return err_nomem();
	b->pend = pend;
	slots = calloc(2 * cap, sizeof *slots);
	if (!slots)
		return err_nomem();
	free(b->slots);
	b->slots = slots;
	b->n_slots = 2 * cap;
	b->cap = cap;
	for (i = 0; i < b->n; i++)
		slot_in(b, i);
	return 0;
}

int batch_add(struct store *st, struct span mh, const struct pend *form)
{
	struct batch *b = &st->batch;
	struct pend *p;
	int rc = b->n == b->cap ? batch_grow(b) : 0;

	if (rc < 0)
		return rc;
	p = &b->pend[b->n];
	*p = *form;
	p->mh_at = (uint32_t)b->mhs.len;
	p->mh_len = (uint8_t)mh.len;
	rc = buf_add(&b->mhs, mh);
	if (rc < 0)
		return rc;
	slot_in(b, b->n++);
	return 0;
}

void batch_unpin(struct store *st, struct pend *p)
{
	if (p->pin >= 0 && --st->fds[p->pin].pins == 0)
		st->batch.n_pins--;
	p->pin = -1;
}

void batch_clear(struct store *st)
{
	struct batch *b = &st->batch;
	size_t i;

	for (i = 0; i < b->n; i++)
		batch_unpin(st, &b->pend[i]);
	if (b->n)
		memset(b->slots, 0, b->n_slots * sizeof *b->slots);
	b->n = 0;
	b->n_ops = 0;
	b->alone = 0;
	b->bytes = b->n_put = b->n_dup = 0;
	buf_reset(&b->mhs);
	buf_reset(&b->ops);
}

/* ---- commit ---- */

struct pass {
	struct store *st;
	uint32_t *order;		/* sorted indices into batch.pend */
	size_t from, n;			/* those of this transaction */
	size_t n_lost, lost_here;	/* relied upon and gone: before, and in this one */
	int row, full, ops, last, synced;
	int turn, lead, n_others;	/* it is our turn; we do what others want; so many of them */
	uint64_t least;			/* of the leases of others, when blocks are deleted */
};

static int by_mh(const void *x, const void *y, void *arg)
{
	const struct batch *b = arg;

	return span_cmp(mh_of(b, &b->pend[*(const uint32_t *)x]),
			mh_of(b, &b->pend[*(const uint32_t *)y]));
}

/* 1: the bytes of e will outlive a power cut */
static int is_synced(struct wtx *w, const struct entry *e, size_t mh_len)
{
	struct seg_row row;
	int rc;

	if (!w->stats.n_unsynced)
		return 1;
	rc = wtx_seg_get(w, e->seg, &row);
	return rc <= 0 ? rc : e->off + rec_total(mh_len, e->stored) <= row.synced;
}

int block_safe(struct wtx *w, struct span mh, int synced)
{
	struct entry e;
	int rc = wtx_get(w, mh, &e);

	return rc > 0 && synced ? is_synced(w, &e, mh.len) : rc;
}

int block_enter(struct wtx *w, struct span mh, const struct entry *place, int synced)
{
	struct entry old, now;
	int rc = wtx_get(w, mh, &old), there = rc;

	if (!place && rc > 0 && synced)
		rc = is_synced(w, &old, mh.len);
	if (rc < 0 || (!place && rc == 0))
		return rc;
	now = place ? *place : old;
	now.epoch = w->epoch;
	rc = wtx_put(w, mh, &now, there ? &old : NULL);
	return rc < 0 ? rc : 1;
}

static int commit_delete(struct wtx *w, struct pass *a, struct span mh, int *n_deleted)
{
	char text[CID_TEXT_MAX];
	struct entry old;
	int rc = wtx_get(w, mh, &old);

	if (rc <= 0)
		return rc;
	if (old.epoch > a->least)
		return err_set(ERR_BUSY, "block %s may be in use by a program that adds; try "
			       "again later", block_text(mh, old.codec, text));
	++*n_deleted;
	return wtx_del(w, mh, &old);
}

static int commit_pend(struct wtx *w, struct pass *a, struct pend *p, int *n_deleted)
{
	struct span mh = mh_of(&a->st->batch, p);
	struct entry place = pend_entry(p);
	int rc;

	if (p->state == PEND_DELETED)
		return commit_delete(w, a, mh, n_deleted);
	rc = block_enter(w, mh, p->state == PEND_NEW ? &place : NULL, a->synced);
	p->lost = rc == 0;		/* swept meanwhile: it will be written again */
	a->lost_here += p->lost;
	return rc;
}

/* What others who are writing may rely on is not ours to delete; our own lease does not count: a lock is
 * no hindrance to the descriptor that has it. */
static int look_at_leases(struct pass *a)
{
	struct batch *b = &a->st->batch;
	int fd = a->st->lease_fd, rc = 0;
	size_t i;

	a->least = UINT64_MAX;
	for (i = 0; i < a->n; i++)
		if (b->pend[a->order[a->from + i]].state == PEND_DELETED)
			break;
	if (i == a->n)
		return 0;
	if (fd < 0)
		rc = lease_open(a->st, &fd);
	if (rc == 0)
		rc = lease_read(fd, &a->least, NULL, NULL);
	if (fd >= 0 && fd != a->st->lease_fd)
		close(fd);
	return rc;
}

static int commit_slice(struct wtx *w, void *arg)
{
	struct pass *a = arg;
	struct store *st = a->st;
	struct batch *b = &st->batch;
	uint64_t most = wtx_slice(w, b->n, 0);
	int rc = 0, n_deleted = 0;
	size_t i;

	a->n_others = 0;
	if (a->n > most) {
		a->n = most;
		a->last = 0;
	}
	a->lost_here = 0;
	rc = look_at_leases(a);
	if (rc == 0 && a->row)		/* first: entries are counted in the row of their segment */
		rc = writer_row(st, w, a->full, a->synced);
	for (i = 0; rc >= 0 && i < a->n; i++) {
		struct pend *p = &b->pend[a->order[a->from + i]];

		p->lost = 0;
		rc = commit_pend(w, a, p, &n_deleted);
	}
	if (rc >= 0 && a->row && !a->synced)
		rc = boot_note(w);
	w->light |= !a->last;		/* the last one carries the others */
	if (rc >= 0 && a->ops && a->last && a->n_lost + a->lost_here == 0)
		rc = table_apply(w, buf_span(&b->ops));
	if (n_deleted)
		w->stats.sweeps++;
	if (rc >= 0 && a->lead && a->last && most > a->n)
		rc = a->n_others = group_lead(st, w, most - a->n);
	return rc < 0 ? rc : 0;
}

/* One transaction.  Should it fail with what others wanted, so that nobody knows whose fault it is, everybody tries
 * alone. */
static int commit_once(struct store *st, struct pass *a)
{
	enum index_sync how = a->synced ? INDEX_SYNC : INDEX_LIGHT;
	int rc = index_write(st->ix, how, commit_slice, a);

	if (rc < 0 && a->n_others != 0) {
		a->lead = 0;
		rc = index_write(st->ix, how, commit_slice, a);
	}
	if (rc == 0 && a->n_others > 0)
		group_tell(st);
	if (a->row)
		writer_settle(st, rc);
	return rc;
}

/* Our bytes to the disk, in a segment of ours; in our turn with those of others, if there is room. */
static int commit_bytes(struct store *st, struct pass *a)
{
	struct writer *w = &st->w;
	uint64_t end;
	int rc = writer_floats(w) ? writer_land(st) : 0;

	end = w->pos;
	if (rc == 0 && a->lead && group_gather(st) > 0 && writer_flush(st) < 0) {
		group_drop(st);
		writer_shed(st, end);
	}
	if (rc == 0)
		rc = a->synced ? writer_sync(st) : writer_flush(st);
	return rc;
}

/* What comes before the index: our bytes are on the disk, and if others may do it, or have us do theirs, it is our
 * turn.  1: another has done all of it. */
static int commit_prepare(struct store *st, struct pass *a, int share)
{
	struct writer *w = &st->w;
	int floats = writer_floats(w) > 0, placed = a->row && !floats, rc;

	rc = placed ? commit_bytes(st, a) : 0;
	if (rc == 0 && share) {
		rc = group_enter(st, placed);
		if (rc < 0 && placed)
			w->abandoned = 1;	/* somebody may do it yet: its bytes must stay */
	}
	if (rc == 2) {
		if (placed)
			writer_settle(st, 0);
		else
			writer_rollback(st);
		return 1;
	}
	a->turn = a->lead = rc == 1;
	if (rc > 0)
		rc = 0;
	return rc < 0 || !floats ? rc : commit_bytes(st, a);
}

/* One pass over the pending blocks of `order`: their bytes to disk, then the index, in as many
 * transactions as memory wants.  *n_lost: those that must be written again. */
static int commit_pass(struct store *st, uint32_t *order, size_t n, int full, int ops,
		       size_t *n_lost)
{
	struct pass a = { .st = st, .order = order, .synced = !(st->flags & STORE_UNSYNCED), .full = full, .ops = ops };
	struct writer *w = &st->w;
	int rc;

	*n_lost = 0;
	a.row = writer_floats(w) ||
		(w->fd >= 0 && (w->pos > w->committed + (w->is_new ? SEG_HEAD : 0) || full));
	rc = commit_prepare(st, &a, ops && !full && n == st->batch.n);
	if (rc == 1)
		return 0;
	do {
		a.n = n - a.from;
		a.last = 1;
		rc = rc < 0 ? rc : commit_once(st, &a);
		a.from += a.n;
		a.n_lost += a.lost_here;
	} while (rc == 0 && a.from < n);
	if (a.turn)
		group_leave(st);
	if (rc < 0)
		return rc;
	*n_lost = a.n_lost;
	if (a.row && full)
		writer_close(st);
	return 0;
}

/* the record a pinned descriptor still has goes into our segment; 1: which is full */
static int rewrite(struct store *st, struct pend *p)
{
	struct span mh = mh_of(&st->batch, p), stored;
	uint64_t total = rec_total(mh.len, p->stored);
	int fd = st->fds[p->pin].fd, rc = writer_room(st, total);
	ssize_t got;
	struct rec r;

	if (rc != 0)
		return rc;
	buf_reset(&st->scratch);
	rc = buf_reserve(&st->scratch, total);
	if (rc < 0)
		return rc;
	got = io_pread(fd, st->scratch.data, total, p->off, "a segment");
	if (got < 0)
		return (int)got;
	stored = span_of(st->scratch.data + REC_HEAD + mh.len, p->stored);
	if ((uint64_t)got < total || !rec_decode(st->scratch.data, total, &r) ||
	    crc32c(0, stored) != r.crc)
		return err_set(ERR_CORRUPT, "segment '%08x', offset %" PRIu32 ": a block this "
			       "work relies on is damaged; run 'ipfrs-fsck -r'", p->seg, p->off);
	rc = writer_append(st, &r, &stored, 1, NULL);
	if (rc < 0)
		return rc;
	p->seg = st->w.id;
	p->off = r.off;
	p->state = PEND_NEW;
	batch_unpin(st, p);
	return 0;
}

/* write again what has vanished, as many passes as segments need */
static int commit_lost(struct store *st, uint32_t *order, size_t n_lost, int roll)
{
	struct batch *b = &st->batch;
	size_t i, k = 0, n = 0, none;
	int rc = 0;

	for (i = 0; i < b->n && n < n_lost; i++)
		if (b->pend[order[i]].lost)
			order[n++] = order[i];	/* still sorted */
	for (i = 0; rc == 0 && i < n; i++) {
		rc = rewrite(st, &b->pend[order[i]]);
		if (rc == 1) {
			rc = commit_pass(st, order + k, i - k, 1, 0, &none);
			k = i--;		/* and this one once more */
		}
	}
	return rc < 0 ? rc : commit_pass(st, order + k, n - k, roll, 1, &none);
}

static int commit_all(struct store *st, int roll)
{
	struct batch *b = &st->batch;
	uint32_t *order = malloc((b->n + 1) * sizeof *order);
	size_t i, n_lost;
	int rc;

	if (!order)
		return err_nomem();
	for (i = 0; i < b->n; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, b->n, sizeof *order, by_mh, b);
	rc = commit_pass(st, order, b->n, roll, 1, &n_lost);
	if (rc == 0 && n_lost)
		rc = commit_lost(st, order, n_lost, 0);
	free(order);
	return rc;
}

int batch_commit(struct store *st, int roll)
{
	struct batch *b = &st->batch;
	struct stats stats;
	int rc = 0;

	if (!(st->flags & STORE_WRITE))
		return err_set(ERR_DENIED, "the store is open for reading only");
	if (st->failed)
		return err_set(st->failed, "an earlier write failed, and its batch is lost");
	if (!(st->flags & STORE_UNSYNCED)) {	/* what others left to be synced */
		rc = store_read_stats(st, &stats);
		if (rc == 0 && stats.n_unsynced)
			rc = sync_unsynced(st, &stats);
	}
	if (rc == 0 && (b->n || b->ops.len || roll))
		rc = commit_all(st, roll);
	/* deletions, and rows of pins that go, may free more than they need */
	if (rc == ERR_NOSPACE && !b->n_put && layout_unreserve(st->dirfd))
		rc = commit_all(st, roll);
	if (rc < 0) {
		st->failed = rc;
		return rc;
	}
	if (b->n > b->most)
		b->most = b->n;
	if (b->n_put || b->n_dup || b->n) {
		board_count(store_board(st), BOARD_BLOCKS_PUT, b->n_put);
		board_count(st->board, BOARD_BLOCKS_DUP, b->n_dup);
		board_count(st->board, BOARD_BYTES_PUT, b->bytes);
		board_count(st->board, BOARD_COMMITS, 1);
	}
	batch_clear(st);
	return 0;
}

int store_commit(struct store *st)
{
	return batch_commit(st, 0);
}

void store_rollback(struct store *st)
{
	batch_clear(st);
	writer_rollback(st);
	st->failed = 0;
}

int batch_room(struct store *st)
{
	struct batch *b = &st->batch;

	if (b->n < BATCH_MAX && b->bytes < st->batch_max && b->n_pins < SEG_PINS &&
	    b->ops.len < TABLE_BYTES && b->n_ops < TABLE_OPS)
		return 0;
	return batch_commit(st, 0);
}
