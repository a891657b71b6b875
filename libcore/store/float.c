/*
 * float.c - records that are in no segment yet.
 * A few small ones stay in memory until the commit, and then go wherever there is room: to a segment of ours, or with
 * those of others to the segment of whoever has the turn (group.c).
 */
#include "store_priv.h"

enum { FLOAT_MAX = 32 << 10 };		/* bytes; what others are to write has to fit a slot */

size_t writer_floats(const struct writer *w)
{
	return w->fd < 0 ? w->have : 0;
}

int writer_float(struct store *st, uint64_t total)
{
	return st->w.fd < 0 && st->w.have + total <= FLOAT_MAX && writer_gathers(&st->w) == 0;
}

int writer_land(struct store *st)
{
	struct writer *w = &st->w;
	struct batch *b = &st->batch;
	size_t have = w->have, i;
	int rc;

	w->pos = w->have = 0;
	rc = writer_own(st, have);
	if (rc < 0)
		return rc;
	for (i = 0; i < b->n; i++)
		if (b->pend[i].state == PEND_NEW) {	/* all of them float */
			b->pend[i].seg = w->id;
			b->pend[i].off += (uint32_t)w->pos;
		}
	w->have = have;
	w->pos += have;
	return 0;
}

int writer_gather(struct store *st, struct span records, uint32_t *base)
{
	struct writer *w = &st->w;

	if (w->have + records.len > WRITER_GATHER || writer_is_full(st, records.len))
		return 0;
	memcpy(w->gather + w->have, records.p, records.len);
	*base = (uint32_t)w->pos;
	w->have += records.len;
	w->pos += records.len;
	return 1;
}

void writer_shed(struct store *st, uint64_t pos)
{
	st->w.have -= st->w.pos - pos;
	st->w.pos = pos;
}
