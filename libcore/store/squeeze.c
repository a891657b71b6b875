/*
 * squeeze.c - empty a segment when the disk has no room for a copy of all that lives in it.
 * Its last part is copied, as much as there is room for; the entries move; the segment is cut there,
 * which makes more room than was taken if something in that part was dead; and so on to its
 * beginning.  A reader on its way to a record that was cut off asks the index again.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "store_priv.h"

enum { SLICES = 1024, BUDGET_MAX = 64 << 20, MIB = 1 << 20 };

struct slice {				/* records that begin in one 1024th of the segment */
	uint64_t first;			/* offset of the first */
	uint64_t live;			/* bytes */
	uint32_t n_live, pads;
};

struct squeeze {
	struct compact *c;
	int fd;
	struct slice *slices;
	uint64_t width, end;		/* bytes of a slice; of the segment now */
	uint64_t cut;			/* to be its end */
	uint32_t n_left, pads_left;	/* living records and padding before the cut */
};

/* half of what is free, for copies; the index needs some */
static uint64_t budget(const struct store *st)
{
	struct statvfs fs;
	uint64_t room = fstatvfs(st->dirfd, &fs) < 0 ? 0 : (uint64_t)fs.f_bavail * fs.f_frsize;

	room = room > 2 * MIB ? (room - MIB) / 2 : room / 4;
	return room < BUDGET_MAX ? room : BUDGET_MAX;
}

/* 1: an entry points at this record */
static int lives(struct compact *c, const struct rec *r, struct entry *e)
{
	int rc = store_lookup(c->st, span_of(r->mh, r->mh_len), e);

	return rc <= 0 ? rc : e->seg == c->id && e->off == r->off;
}

/* 1: every byte was read and the slices are filled; 0: there is damage, leave it to fsck */
static int survey(struct squeeze *q)
{
	struct scanned s;
	struct scan scan;
	struct entry e;
	int rc = scan_start(&scan, q->fd, q->end, "a segment"), good = 1;

	while (rc == 0 && good && (rc = scan_next(&scan, &s)) == 1) {
		struct slice *sl = &q->slices[s.rec.off / q->width];

		good = !s.gap_len && !s.bad;
		if (!sl->first)
			sl->first = s.rec.off;
		rc = 0;
		if (s.rec.flags & REC_PAD) {
			sl->pads += (uint32_t)rec_total(0, s.rec.stored_len);
			continue;
		}
		rc = lives(q->c, &s.rec, &e);
		if (rc > 0) {
			sl->live += rec_total(s.rec.mh_len, s.rec.stored_len);
			sl->n_live++;
			rc = 0;
		}
	}
	if (rc == 0 && good)
		good = !s.gap_len;
	scan_end(&scan);
	return rc < 0 ? rc : good;
}

/* choose the cut: as far to the front as the budget reaches.  0: it does not reach at all */
static int choose_cut(struct squeeze *q)
{
	uint64_t room = budget(q->c->st), live = 0;
	int i, found = 0;

	q->cut = q->end;
	for (i = (int)((q->end - 1) / q->width); i >= 0; i--) {
		live += q->slices[i].live;
		if (live > room)
			break;
		if (q->slices[i].first && q->slices[i].first < q->cut) {
			q->cut = q->slices[i].first;
			found = 1;
		}
	}
	q->n_left = q->pads_left = 0;
	for (i = 0; i < SLICES; i++)
		if (q->slices[i].first && q->slices[i].first < q->cut) {
			q->n_left += q->slices[i].n_live;
			q->pads_left += q->slices[i].pads;
		}
	return found;
}

static int copy_end(struct squeeze *q)
{
	struct scanned s;
	struct scan scan;
	struct entry e;
	int rc = scan_start(&scan, q->fd, q->end, "a segment");

	scan.off = q->cut;
	while (rc == 0 && (rc = scan_next(&scan, &s)) == 1) {
		rc = s.rec.flags & REC_PAD || s.bad ? 0 : lives(q->c, &s.rec, &e);
		if (rc > 0)
			rc = compact_copy(q->c, &s, &e);
	}
	scan_end(&scan);
	return rc < 0 ? rc : compact_flush(q->c);
}

/* 1: something behind the cut still lives, so there is no cut */
static int shorter_row(struct wtx *w, void *arg)
{
	struct squeeze *q = arg;
	struct seg_row row;
	int rc = wtx_seg_get(w, q->c->id, &row);

	if (rc <= 0)
		return rc < 0 ? rc : 1;
	if (row.n_live > q->n_left)
		return 1;
	row.len = (uint32_t)q->cut;
	if (row.synced > row.len)
		row.synced = row.len;
	row.pads = q->pads_left;
	row.flags |= SEG_FULL;
	return wtx_seg_put(w, q->c->id, &row);
}

static uint64_t allocated(int fd)
{
	struct stat sb;

	return fstat(fd, &sb) < 0 ? 0 : (uint64_t)sb.st_blocks * 512;
}

int squeeze(struct compact *c, int fd, const struct seg_row *row)
{
	struct squeeze q = { .c = c, .fd = fd, .end = row->len,
			     .width = (uint64_t)row->len / SLICES + 1 };
	char name[SEG_NAME_MAX];
	uint64_t before;
	int rc;

	q.slices = calloc(SLICES, sizeof *q.slices);
	if (!q.slices)
		return err_nomem();
	rc = survey(&q);
	while (rc == 1 && q.end > SEG_HEAD && choose_cut(&q)) {
		before = allocated(fd);
		rc = copy_end(&q);
		if (rc == 0)
			rc = index_write(c->st->ix, INDEX_SYNC, shorter_row, &q);
		if (rc != 0)
			break;
		if (ftruncate(fd, (off_t)q.cut) < 0) {
			rc = err_sys("cutting segment '%08x'", c->id);
			break;
		}
		c->freed += before - allocated(fd);
		q.end = q.cut;
		rc = 1;
	}
	if (rc == 1 && q.end <= SEG_HEAD) {
		before = allocated(fd);
		rc = index_write(c->st->ix, INDEX_SYNC, compact_take_row, c);
		if (rc == 0 && c->gone && unlinkat(c->st->dirfd, seg_name(c->id, name), 0) == 0)
			c->freed += before;
	}
	seg_forget(c->st, c->id);
	free(q.slices);
	return rc < 0 ? rc : 0;
}
