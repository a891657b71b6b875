/*
 * group.c - small commits that are done by others: doing it.
 *
 * Who has the turn (offer.c) appends the records of those who wait to its own segment, behind its own, so that one sync
 * is enough; and changes the index for all of them in one transaction.  Larger batches come with a segment of their own,
 * written and synced, and share the transaction only.
 */
#include "base/crc32c.h"
#include "base/io.h"
#include "base/rd.h"
#include "group.h"

/* ---- done ---- */

/* 1: a transaction before this one, or this one, has done the request */
static int is_done(struct wtx *w, int slot, uint64_t seq)
{
	struct done_key room;
	MDB_val k = group_done_key(slot, &room), v;
	struct rd r;
	int rc = mdb_get(w->txn, index_dbi(w->ix, DB_STATE), &k, &v);

	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc)
		return wtx_fail(w, rc, "reading");
	r = rd_from(span_of(v.mv_data, v.mv_size));
	return rd_le64(&r) == seq && rd_done(&r);
}

/* in the index; and, once that is committed, in the row */
static int note_done(struct store *st, struct wtx *w, int slot, uint64_t seq)
{
	struct group *g = &st->group;
	struct done_key room;
	struct buf b = BUF_INIT(8);
	MDB_val k = group_done_key(slot, &room), v;
	int rc = buf_le64(&b, seq);

	if (rc == 0) {
		v = (MDB_val){ b.len, b.data };
		rc = mdb_put(w->txn, index_dbi(w->ix, DB_STATE), &k, &v, 0);
		rc = rc ? wtx_fail(w, rc, "writing") : 0;
	}
	buf_clear(&b);
	g->took[g->n_took++] = (struct took){ .slot = slot, .seq = seq };
	return rc;
}

void group_tell(struct store *st)
{
	struct group *g = &st->group;
	int i;

	/* who cannot be told so finds it in the index */
	for (i = 0; i < g->n_took; i++)
		group_row_write(st, g->took[i].slot, &(struct offer){ .done = g->took[i].seq });
	g->n_took = 0;
}

/* ---- a request ---- */

struct want {				/* as far as it is read */
	uint32_t synced, seg, from, to, pads, n;
	struct rd blocks;
	struct span records, ops;	/* records: those that come with it, of no segment */
	uint32_t into, base;		/* where its offsets begin: segment, bytes */
};

struct block {
	struct span mh;
	struct entry e;			/* of a new one */
	int relied;
};

/* 1: its records have a segment of their own */
static int is_placed(const struct want *q)
{
	return q->seg && q->seg != SEG_WITH;
}

/* 1: the next block; 0: it makes no sense */
static int block_read(const struct want *q, struct rd *r, struct block *b)
{
	b->relied = rd_u8(r);
	b->e = (struct entry){ .seg = q->into, .flags = rd_u8(r) };
	b->mh = rd_bytes(r, rd_u8(r));
	if (!b->relied) {
		b->e.off = rd_le32(r);
		b->e.stored = rd_le32(r);
		b->e.raw = rd_le32(r);
		b->e.codec = rd_le32(r);
	}
	if (!rd_ok(r) || b->mh.len == 0 || b->mh.len > MH_BYTES_MAX)
		return 0;
	if (!b->relied && (b->e.stored > STORE_BLOCK_MAX || b->e.raw > STORE_BLOCK_MAX ||
			   b->e.off + rec_total(b->mh.len, b->e.stored) > q->to))
		return 0;
	b->e.off += q->base;
	return 1;
}

/* 1: what is new stands where the request says: in the records that came with it, or behind the head of a segment */
static int is_there(const struct want *q, const struct block *b)
{
	struct rec r;

	if (b->relied || q->seg != SEG_WITH)
		return b->relied || (q->seg && b->e.off >= SEG_HEAD);
	return rec_decode(q->records.p + b->e.off, q->records.len - b->e.off, &r) && r.stored_len == b->e.stored &&
	       r.raw_len == b->e.raw && r.flags == b->e.flags && span_equal(span_of(r.mh, r.mh_len), b->mh);
}

/* 1: it makes sense to its end */
static int decode(struct span bytes, struct want *q)
{
	struct rd r = rd_from(bytes), again;
	struct block b;
	uint32_t i;

	*q = (struct want){ .synced = rd_le32(&r) };
	q->seg = q->into = rd_le32(&r);
	q->from = rd_le32(&r);
	q->to = rd_le32(&r);
	q->pads = rd_le32(&r);
	q->n = rd_le32(&r);
	q->blocks = again = r;
	if (!rd_ok(&r) || q->n > BLOCKS_MAX || q->to < q->from || (is_placed(q) ? q->to < SEG_HEAD : q->from) ||
	    (!q->seg && q->to))
		return 0;
	for (i = 0; i < q->n; i++)
		if (!block_read(q, &r, &b))
			return 0;
	if (q->seg == SEG_WITH)
		q->records = rd_bytes(&r, q->to);
	q->ops = rd_rest(&r);
	if (!rd_ok(&r) || !table_sane(q->ops))
		return 0;
	for (i = 0; i < q->n; i++) {
		block_read(q, &again, &b);
		if (!is_there(q, &b))
			return 0;
	}
	return 1;
}

/* the request of a row, behind what is in `into`: 1, and it makes sense; 0: not so, or not ours to do */
static int want_read(struct store *st, int slot, const struct offer *o, struct buf *into, struct want *q)
{
	size_t was = into->len;
	uint8_t *p;
	ssize_t got;

	if (buf_reserve(into, o->len) < 0)
		return 0;
	p = into->data + was;
	got = io_pread(st->group.fd, p, o->len, FIRST + (uint64_t)slot * SLOT, group_file);
	if (got != (ssize_t)o->len || crc32c(0, span_of(p, o->len)) != o->crc || !decode(span_of(p, o->len), q) ||
	    q->seg != o->seg || (q->synced && st->flags & STORE_UNSYNCED))	/* whose commit does not wait for the disk */
		return 0;
	into->len += o->len;
	return 1;
}

/* ---- doing it ---- */

int group_gather(struct store *st)
{
	struct group *g = &st->group;
	struct offer o;
	struct want q;
	int slot;

	group_drop(st);
	for (slot = 0; slot < SLOTS; slot++) {
		struct got *one = &g->got[g->n_got];
		size_t at = g->wants.len;

		if (slot == g->slot || !group_row(st, slot, &o) || !o.seq || o.seg != SEG_WITH ||
		    !want_read(st, slot, &o, &g->wants, &q))
			continue;
		*one = (struct got){ .slot = slot, .seq = o.seq, .at = at, .len = o.len };
		if (writer_gather(st, q.records, &one->base))
			g->n_got++;
		else
			g->wants.len = at;
	}
	return g->n_got;
}

void group_drop(struct store *st)
{
	st->group.n_got = st->group.n_took = 0;
	buf_reset(&st->group.wants);
}

/* 1: all it relies on is there, and its segment is as its owner left it; else it sees to that itself */
static int stands(struct wtx *w, const struct want *q)
{
	struct rd r = q->blocks;
	struct seg_row row;
	struct block b;
	uint32_t i;
	int rc = is_placed(q) ? wtx_seg_get(w, q->seg, &row) : 0;

	if (rc < 0 || (is_placed(q) && (rc ? row.len != q->from || row.flags & SEG_FULL : q->from != 0)))
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
	int rc = is_placed(q) ? seg_row_extend(w, q->seg, q->to, q->pads, 0, (int)q->synced) : 0;

	for (i = 0; rc >= 0 && i < q->n; i++) {
		block_read(q, &r, &b);
		rc = block_enter(w, b.mh, b.relied ? NULL : &b.e, (int)q->synced);
	}
	if (rc >= 0 && is_placed(q) && !q->synced)
		rc = boot_note(w);
	return rc < 0 ? rc : table_apply(w, q->ops);
}

/* 1: done; 0: not, and its owner will do it */
static int take_part(struct store *st, struct wtx *w, int slot, uint64_t seq, const struct want *q, uint64_t *room)
{
	int rc = is_done(w, slot, seq);

	if (rc != 0 || q->n > *room)
		return rc < 0 ? rc : 0;
	rc = stands(w, q);
	if (rc <= 0)
		return rc;
	rc = apply(w, q);
	if (rc == 0)
		rc = note_done(st, w, slot, seq);
	*room -= q->n;
	return rc < 0 ? rc : 1;
}

/* those whose records are behind ours */
static int lead_gathered(struct store *st, struct wtx *w, uint64_t *room)
{
	struct group *g = &st->group;
	struct want q;
	int i, n = 0, rc = 0;

	for (i = 0; rc >= 0 && i < g->n_got; i++) {
		const struct got *one = &g->got[i];

		decode(span_of(g->wants.data + one->at, one->len), &q);
		q.into = st->w.id;
		q.base = one->base;
		rc = take_part(st, w, one->slot, one->seq, &q, room);
		n += rc == 1;
	}
	return rc < 0 ? rc : n;
}

int group_lead(struct store *st, struct wtx *w, uint64_t room)
{
	struct offer o;
	struct want q;
	int slot, n, rc;

	st->group.n_took = 0;		/* the map may have been full */
	rc = n = lead_gathered(st, w, &room);
	for (slot = 0; rc >= 0 && slot < SLOTS; slot++) {
		buf_reset(&st->scratch);
		if (slot == st->group.slot || !group_row(st, slot, &o) || !o.seq || o.seg == SEG_WITH ||
		    !want_read(st, slot, &o, &st->scratch, &q))
			continue;
		rc = take_part(st, w, slot, o.seq, &q, &room);
		n += rc == 1;
	}
	return rc < 0 ? rc : n;
}
