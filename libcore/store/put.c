/* put.c - blocks into the batch: written, or found present and relied upon; and out of it */
#include <inttypes.h>
#include <zstd.h>

#include "base/crc32c.h"
#include "store_priv.h"

enum {
	PACK_MIN = 256,			/* bytes of a block worth compressing */
	PROBE_FROM = 16 << 10, PROBE = 4096
};

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
	rc = writer_float(st, rec_total(mh.len, r.stored_len)) ? 0 :
	     writer_room(st, rec_total(mh.len, r.stored_len));
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

/* it is there already */
static int had(struct store *st, uint64_t raw)
{
	st->batch.n_dup++;
	st->puts.had_blocks++;
	st->puts.had_bytes += raw;
	return 0;
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
	if (p && p->state != PEND_DELETED)
		return had(st, raw);
	/* the record may move between the look and the open */
	for (tries = 0; tries < 4; tries++) {
		rc = store_lookup(st, mh, &e);
		if (rc <= 0)
			break;
		if (e.epoch > st->lease && !p)
			return had(st, raw);	/* the lease keeps it */
		rc = rely(st, mh, &e, p);
		if (rc != 0)
			return rc < 0 ? rc : had(st, raw);
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
	if (rc < 0) {
		st->failed = rc;
		return rc;
	}
	st->puts.n_blocks++;
	st->puts.bytes += raw;
	return 0;
}

struct store_puts store_puts(const struct store *st)
{
	return st->puts;
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
		batch_unpin(st, p);
		p->state = PEND_DELETED;
		return 0;
	}
	rc = p ? 0 : store_lookup(st, cid_mh(cid), &e);
	if (rc == 0)
		return err_set(ERR_NOTFOUND, "block %s is not in the store", cid_text(cid, text));
	return rc < 0 ? rc : batch_add(st, cid_mh(cid), &form);
}
