/* batch.c - what a handle has put and not committed yet, and its commit */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#include "base/crc32c.h"
#include "base/io.h"
#include "store_priv.h"

enum {
	BATCH_MAX = 131072,		/* blocks of a batch, then it is committed */
	PACK_MIN = 256,			/* bytes of a block worth compressing */
	PROBE_FROM = 16 << 10, PROBE = 4096
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

static void pend_place(struct pend *p, const struct entry *e)
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

static int batch_add(struct store *st, struct span mh, const struct pend *form)
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

static void unpin(struct store *st, struct pend *p)
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
		unpin(st, &b->pend[i]);
	if (b->n)
		memset(b->slots, 0, b->n_slots * sizeof *b->slots);
	b->n = 0;
	b->n_ops = 0;
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

static int commit_pend(struct wtx *w, struct pass *a, struct pend *p, int *n_deleted)
{
	struct span mh = mh_of(&a->st->batch, p);
	struct entry old, now;
	char text[CID_TEXT_MAX];
	int rc = wtx_get(w, mh, &old), safe;

	if (rc < 0)
		return rc;
	switch (p->state) {
	case PEND_NEW:
		now = pend_entry(p);
		now.epoch = w->epoch;
		return wtx_put(w, mh, &now, rc ? &old : NULL);
	case PEND_RELIED:
		safe = rc && a->synced ? is_synced(w, &old, mh.len) : rc;
		if (safe < 0)
			return safe;
		if (!safe) {		/* swept meanwhile: it will be written again */
			p->lost = 1;
			a->lost_here++;
			return 0;
		}
		now = old;
		now.epoch = w->epoch;
		return wtx_put(w, mh, &now, &old);
	default:
		if (!rc)
			return 0;
		if (old.epoch > a->least)
			return err_set(ERR_BUSY, "block %s may be in use by a program that adds; try "
				       "again later", block_text(mh, old.codec, text));
		++*n_deleted;
		return wtx_del(w, mh, &old);
	}
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
	struct batch *b = &a->st->batch;
	uint64_t most = wtx_slice(w, b->n, 0);
	int rc = 0, n_deleted = 0;
	size_t i;

	if (a->n > most) {
		a->n = most;
		a->last = 0;
	}
	a->lost_here = 0;
	rc = look_at_leases(a);
	if (rc == 0 && a->row)		/* first: entries are counted in the row of their segment */
		rc = writer_row(a->st, w, a->full, a->synced);
	for (i = 0; rc >= 0 && i < a->n; i++) {
		struct pend *p = &b->pend[a->order[a->from + i]];

		p->lost = 0;
		rc = commit_pend(w, a, p, &n_deleted);
	}
	if (rc >= 0 && a->row && !a->synced)
		rc = boot_note(w);
	w->light |= !a->last;		/* the last one carries the others */
	if (rc >= 0 && a->ops && a->last && a->n_lost + a->lost_here == 0)
		rc = table_apply(a->st, w);
	if (n_deleted)
		w->stats.sweeps++;
	return rc < 0 ? rc : 0;
}

/* One pass over the pending blocks of `order`: their bytes to disk, then the index, in as many
 * transactions as memory wants.  *n_lost: those that must be written again. */
static int commit_pass(struct store *st, uint32_t *order, size_t n, int full, int ops,
		       size_t *n_lost)
{
	int synced = !(st->flags & STORE_UNSYNCED), rc;
	struct pass a = { .st = st, .order = order, .synced = synced, .full = full, .ops = ops };
	struct writer *w = &st->w;

	*n_lost = 0;
	a.row = w->fd >= 0 && (w->pos > w->committed + (w->is_new ? SEG_HEAD : 0) || full);
	if (a.row) {
		rc = synced ? writer_sync(st) : writer_flush(st);
		if (rc < 0)
			return rc;
	}
	do {
		a.n = n - a.from;
		a.last = 1;
		rc = index_write(st->ix, synced ? INDEX_SYNC : INDEX_LIGHT, commit_slice, &a);
		if (a.row)
			writer_settle(st, rc);
		if (rc < 0)
			return rc;
		a.from += a.n;
		a.n_lost += a.lost_here;
	} while (a.from < n);
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
	unpin(st, p);
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

/* ---- put ---- */

/* 1: no saving to be had: a piece of the block does not shrink */
static int incompressible(struct span block)
{
	uint8_t out[PROBE + 128];
	size_t n;

	if (block.len < PROBE_FROM)
		return 0;
	n = ZSTD_compress(out, sizeof out, block.p + block.len / 2, PROBE, 1);
	return ZSTD_isError(n) || n > PROBE - PROBE / 8;
}

/* try to make r smaller; *stored is what to write then.  1: it is */
static int pack(struct store *st, struct rec *r, const struct span *parts, int n,
		struct span *stored)
{
	struct span block = parts[0];
	size_t most = r->raw_len - r->raw_len / 8, len;
	int i;

	if (!st->zstd_level || r->raw_len < PACK_MIN)
		return 0;
	if (n > 1) {
		buf_reset(&st->scratch);
		for (i = 0; i < n; i++)
			if (buf_add(&st->scratch, parts[i]) < 0)
				return 0;
		block = buf_span(&st->scratch);
	}
	buf_reset(&st->packed);
	if (incompressible(block) || buf_reserve(&st->packed, most) < 0)
		return 0;
	len = ZSTD_compress(st->packed.data, most, block.p, block.len, st->zstd_level);
	if (ZSTD_isError(len))			/* it would not fit */
		return 0;
	r->flags = REC_ZSTD;
	r->stored_len = (uint32_t)len;
	*stored = span_of(st->packed.data, len);
	return 1;
}

static int put_new(struct store *st, const struct dag_block *b, uint64_t raw, struct pend *again)
{
	struct span mh = cid_mh(b->cid), packed;
	const struct span *parts = b->parts;
	struct rec r = { .raw_len = (uint32_t)raw, .stored_len = (uint32_t)raw };
	struct pend p = { .state = PEND_NEW, .pin = -1 };
	struct entry e;
	int n = b->n_parts, rc, i;

	r.mh_len = (uint8_t)mh.len;
	memcpy(r.mh, mh.p, mh.len);
	r.codec = b->cid->codec < REC_CODEC_NONE ? (uint32_t)b->cid->codec : REC_CODEC_NONE;
	if (n && pack(st, &r, parts, n, &packed)) {
		parts = &packed;
		n = 1;
	}
	for (i = 0; i < n; i++)
		r.crc = crc32c(r.crc, parts[i]);
	rc = writer_room(st, rec_total(mh.len, r.stored_len));
	if (rc == 1) {			/* full: a batch has one segment */
		again = NULL;
		rc = batch_commit(st, 1);
		if (rc == 0)
			rc = writer_room(st, rec_total(mh.len, r.stored_len));
	}
	if (rc == 0)
		rc = writer_append(st, &r, parts, n, r.flags ? NULL : b);
	if (rc < 0)
		return rc;
	e = (struct entry){ .seg = st->w.id, .off = r.off, .stored = r.stored_len,
			      .raw = r.raw_len, .codec = r.codec, .flags = r.flags };
	st->batch.n_put++;
	st->batch.bytes += r.stored_len;
	if (again) {
		pend_place(again, &e);
		again->state = PEND_NEW;
		return 0;
	}
	pend_place(&p, &e);
	return batch_add(st, mh, &p);
}

/* Keep the file of a block that is there open, so that it can be written again should a sweep
 * take it before our commit.  1: done; 0: it is not really there. */
static int rely(struct store *st, struct span mh, const struct entry *e, struct pend *again)
{
	struct pend p = { .state = PEND_RELIED };
	struct seg_fd *f;
	int rc = seg_open(st, e->seg, &f);

	if (rc == 0)
		rc = record_check(f->fd, e, mh);
	if (rc == ERR_NOTFOUND) {
		seg_forget(st, e->seg);
		return 0;
	}
	if (rc < 0)
		return rc;
	p.pin = (int8_t)(f - st->fds);
	pend_place(&p, e);
	if (again) {
		pend_place(again, e);
		again->state = PEND_RELIED;
		again->pin = p.pin;
	} else {
		rc = batch_add(st, mh, &p);
		if (rc < 0)
			return rc;
	}
	st->batch.n_pins += f->pins++ == 0;
	return 1;
}

static int put_block(struct store *st, const struct dag_block *b, uint64_t raw)
{
	struct span mh = cid_mh(b->cid);
	struct pend *p;
	struct entry e;
	int rc = batch_room(st), tries;

	if (rc == 0)
		rc = lease_take(st);
	if (rc < 0)
		return rc;
	p = batch_find(st, mh);
	if (p && p->state != PEND_DELETED) {
		st->batch.n_dup++;
		return 0;
	}
	/* the record may move between the look and the open */
	for (tries = 0; tries < 4; tries++) {
		rc = store_lookup(st, mh, &e);
		if (rc <= 0)
			break;
		if (e.epoch > st->lease && !p) {
			st->batch.n_dup++;
			return 0;	/* the lease keeps it */
		}
		rc = rely(st, mh, &e, p);
		if (rc != 0) {
			st->batch.n_dup += rc > 0;
			return rc < 0 ? rc : 0;
		}
	}
	return rc < 0 ? rc : put_new(st, b, raw, p);
}

int store_put(struct store *st, const struct dag_block *b)
{
	uint64_t raw = 0;
	int i, rc;

	if (!(st->flags & STORE_WRITE))
		return err_set(ERR_DENIED, "the store is open for reading only");
	if (st->failed)
		return err_set(st->failed, "an earlier write failed, and its batch is lost");
	for (i = 0; i < b->n_parts; i++)
		raw += b->parts[i].len;
	if (raw > STORE_BLOCK_MAX)
		return err_set(ERR_LIMIT, "a block of %" PRIu64 " bytes, more than %d", raw,
			       STORE_BLOCK_MAX);
	rc = put_block(st, b, raw);
	if (rc < 0)
		st->failed = rc;
	return rc;
}

int store_delete(struct store *st, const struct cid *cid)
{
	struct pend *p, form = { .state = PEND_DELETED, .pin = -1 };
	char text[CID_TEXT_MAX];
	struct entry e;
	int rc = 1;

	if (!(st->flags & STORE_WRITE))
		return err_set(ERR_DENIED, "the store is open for reading only");
	if (st->failed)
		return err_set(st->failed, "an earlier write failed, and its batch is lost");
	rc = batch_room(st);
	if (rc < 0)
		return rc;
	p = batch_find(st, cid_mh(cid));
	if (p && p->state != PEND_DELETED) {
		unpin(st, p);
		p->state = PEND_DELETED;
		return 0;
	}
	rc = p ? 0 : store_lookup(st, cid_mh(cid), &e);
	if (rc == 0)
		return err_set(ERR_NOTFOUND, "block %s is not in the store", cid_text(cid, text));
	return rc < 0 ? rc : batch_add(st, cid_mh(cid), &form);
}
