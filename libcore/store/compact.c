/*
 * compact.c - copy the living out of segments that are mostly dead, and unlink those.
 * A segment nobody writes to is locked as a writer would, read from front to back, and every
 * record an entry points at is copied; one transaction moves the entries that still point there.
 * Whoever reads the old file goes on reading it; whoever finds it gone asks the index again.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "store_priv.h"

enum {
	SCRAPE_PERCENT = 10,
	ROOM = 4 << 20,			/* bytes left for the index and others */
	BUSY_TRIES = 40, BUSY_MS = 25	/* wait a second in all for writers to leave */
};

struct victim {
	uint32_t id;
	uint64_t live;
};

static uint64_t disk_free(const struct store *st)
{
	struct statvfs fs;

	return fstatvfs(st->dirfd, &fs) < 0 ? UINT64_MAX : (uint64_t)fs.f_bavail * fs.f_frsize;
}

/* ---- which ---- */

static int choose(void *arg, struct span key, struct span value)
{
	struct compact *c = arg;
	struct seg_row row;
	struct victim v;
	uint64_t used, dead;
	int rc = seg_row_decode(value, &row);

	if (rc < 0 || key.len != 4)
		return rc;
	used = row.len - SEG_HEAD - row.pads;
	dead = used > row.live ? used - row.live : 0;
	if (used == 0 || dead * 100 < used * (uint64_t)c->percent || dead == 0)
		return 0;
	v = (struct victim){ (uint32_t)key.p[0] << 24 | (uint32_t)key.p[1] << 16 |
			     (uint32_t)key.p[2] << 8 | key.p[3], row.live };
	return buf_bytes(&c->victims, &v, sizeof v);
}

/* the emptiest first: those need no room and make some */
static int by_live(const void *a, const void *b)
{
	const struct victim *x = a, *y = b;

	return x->live != y->live ? (x->live > y->live) - (x->live < y->live)
				  : (x->id > y->id) - (x->id < y->id);
}

/* no writer shall begin in a segment that is about to go, least of all we */
static int fill_rows(struct wtx *w, void *arg)
{
	struct compact *c = arg;
	struct victim v;
	struct seg_row row;
	size_t at;
	int rc = 0;

	for (at = 0; rc >= 0 && at < c->victims.len; at += sizeof v) {
		memcpy(&v, c->victims.data + at, sizeof v);
		rc = wtx_seg_get(w, v.id, &row);
		if (rc > 0 && !(row.flags & SEG_FULL)) {
			row.flags |= SEG_FULL;
			rc = wtx_seg_put(w, v.id, &row);
		}
	}
	return rc < 0 ? rc : 0;
}

/* ---- one segment ---- */

static int by_key(const void *a, const void *b, void *arg)
{
	const struct move *x = a, *y = b;
	const struct compact *c = arg;

	return span_cmp(span_of(c->mhs.data + x->mh_at, x->mh_len),
			span_of(c->mhs.data + y->mh_at, y->mh_len));
}

static int move_entries(struct wtx *w, void *arg)
{
	struct compact *c = arg;
	uint64_t most = wtx_slice(w, c->n, 1);
	struct entry now, to;
	size_t i;
	int rc = writer_row(c->st, w, c->st->w.pos >= c->st->seg_max, 1);

	c->some = c->n - c->at < most ? c->n - c->at : most;
	w->light = c->at + c->some < c->n;	/* the last one carries the others */
	for (i = 0; rc >= 0 && i < c->some; i++) {
		struct move *m = &c->moves[c->at + i];
		struct span mh = span_of(c->mhs.data + m->mh_at, m->mh_len);

		rc = wtx_get(w, mh, &now);
		if (rc <= 0 || now.seg != m->from.seg || now.off != m->from.off)
			continue;		/* deleted or written anew meanwhile */
		to = now;
		to.seg = m->seg;
		to.off = m->off;
		rc = wtx_put(w, mh, &to, &now);
	}
	return rc < 0 ? rc : 0;
}

int compact_flush(struct compact *c)
{
	struct writer *w = &c->st->w;
	size_t i;
	int rc;

	if (!c->n)
		return 0;
	rc = writer_sync(c->st);
	qsort_r(c->moves, c->n, sizeof *c->moves, by_key, c);
	c->copied += w->pos - w->committed;
	for (c->at = 0; rc == 0 && c->at < c->n; c->at += c->some) {
		rc = gc_write(c->gc, INDEX_SYNC, move_entries, c);
		writer_settle(c->st, rc);
	}
	if (rc < 0) {
		writer_rollback(c->st);
		return rc;
	}
	if (w->pos >= c->st->seg_max)
		writer_close(c->st);
	/* what was marked where it lay is marked where it lies */
	for (i = 0; rc >= 0 && i < c->n; i++) {
		struct entry to = { .seg = c->moves[i].seg, .off = c->moves[i].off };
		uint64_t was = gc_key(&c->moves[i].from), is = gc_key(&to);

		rc = idset_has(c->gc->marks, &was);
		if (rc > 0)
			rc = idset_add(c->gc->marks, &is);
	}
	c->n = 0;
	c->bytes = 0;
	buf_reset(&c->mhs);
	return rc < 0 ? rc : 0;
}

int compact_copy(struct compact *c, struct scanned *s, const struct entry *e)
{
	struct rec r = s->rec;
	uint64_t total = rec_total(r.mh_len, r.stored_len);
	struct move *m;
	int rc;

	if (c->n == MOVES_MAX || c->bytes + total > MOVES_BYTES) {
		rc = compact_flush(c);
		if (rc < 0)
			return rc;
	}
	rc = writer_room(c->st, total);
	if (rc == 1) {			/* ours is full */
		rc = compact_flush(c);
		if (rc == 0) {
			writer_close(c->st);
			rc = writer_room(c->st, total);
		}
	}
	if (rc == 0)
		rc = writer_append(c->st, &r, &s->stored, 1, NULL);
	if (rc < 0)
		return rc;
	m = &c->moves[c->n++];
	*m = (struct move){ .from = *e, .seg = c->st->w.id, .off = r.off,
			    .mh_at = (uint32_t)c->mhs.len, .mh_len = r.mh_len };
	c->bytes += total;
	return buf_bytes(&c->mhs, r.mh, r.mh_len);
}

int compact_take_row(struct wtx *w, void *arg)
{
	struct compact *c = arg;
	struct seg_row row;
	int rc = wtx_seg_get(w, c->id, &row);

	c->gone = rc > 0 && row.n_live == 0;
	return c->gone ? wtx_seg_del(w, c->id) : rc < 0 ? rc : 1;
}

/* 1: all that lives was copied; 0: something that should live cannot be read */
static int empty_segment(struct compact *c, int fd, uint32_t len)
{
	struct scanned s;
	struct entry e;
	struct scan scan;
	int rc, good = 1;

	rc = scan_start(&scan, fd, len, "a segment");
	if (rc < 0)
		return rc;
	while ((rc = scan_next(&scan, &s)) == 1) {
		struct span mh = span_of(s.rec.mh, s.rec.mh_len);

		if (s.rec.flags & REC_PAD)
			continue;
		rc = store_lookup(c->st, mh, &e);
		if (rc < 0)
			break;
		if (!rc || e.seg != c->id || e.off != s.rec.off)
			continue;
		if (s.bad) {
			good = 0;
			continue;
		}
		rc = compact_copy(c, &s, &e);
		if (rc < 0)
			break;
	}
	scan_end(&scan);
	if (rc == 0)
		rc = compact_flush(c);
	return rc < 0 ? rc : good;
}

/* 1: someone writes to it */
static int compact_one(struct compact *c, const struct victim *v)
{
	char name[SEG_NAME_MAX];
	struct seg_row row;
	uint32_t id = v->id;
	struct stat sb;
	int fd, rc, busy = 0;

	fd = openat(c->st->dirfd, seg_name(id, name), O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys("opening segment '%08x'", id);
	rc = seg_claim(c->st, id, fd);
	busy = rc == 0;
	rc = rc < 0 ? rc : !busy && fstat(fd, &sb) == 0 && sb.st_nlink;
	if (rc > 0)
		rc = store_read_row(c->st, id, &row);
	if (rc <= 0)			/* busy, or gone */
		goto out;
	c->id = id;
	if (row.live && disk_free(c->st) < row.live + ROOM) {	/* no room for it all */
		rc = squeeze(c, fd, &row);
		goto out;
	}
	rc = empty_segment(c, fd, row.len);
	if (rc == 0)
		log_warn("store", "segment '%08x' has damaged records and stays; "
			 "run 'ipfrs-fsck -r'", id);
	if (rc <= 0)
		goto out;
	rc = gc_write(c->gc, INDEX_SYNC, compact_take_row, c);
	if (rc == 0 && c->gone && unlinkat(c->st->dirfd, name, 0) == 0)
		c->freed += (uint64_t)sb.st_blocks * 512;
	seg_forget(c->st, id);
out:
	close(fd);
	return rc < 0 ? rc : busy;
}

/*
 * Empty the victims.  Those that a writer holds come again: no other writer begins in them any more,
 * so that a store into which many programs put a little each is not left with its dead.
 */
static int compact_all(struct compact *c)
{
	struct victim *v = (struct victim *)c->victims.data;
	size_t n = c->victims.len / sizeof *v, i, kept;
	const struct timespec pause = { .tv_nsec = BUSY_MS * 1000000L };
	int tries, rc = 0;

	for (tries = 0; n && tries < BUSY_TRIES; tries++, n = kept) {
		if (tries)
			nanosleep(&pause, NULL);
		for (i = kept = 0; i < n; i++) {
			rc = compact_one(c, &v[i]);
			if (rc < 0)
				return rc;
			if (rc > 0)
				v[kept++] = v[i];
		}
	}
	return 0;
}

/* A file no row tells of, and whose number the index has passed: its row was taken away and the
 * machine stopped before it was unlinked, or its writer died before its first commit. */
static int drop_orphan(struct compact *c, uint32_t id)
{
	char name[SEG_NAME_MAX];
	struct seg_row row;
	struct stats stats;
	struct stat sb;
	int fd, rc = store_read_row(c->st, id, &row);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = store_read_stats(c->st, &stats);
	if (rc < 0 || id >= stats.next_seg)
		return rc;
	fd = openat(c->st->dirfd, seg_name(id, name), O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return 0;
	rc = seg_claim(c->st, id, fd);
	if (rc > 0 && fstat(fd, &sb) == 0 && sb.st_nlink) {
		rc = store_read_row(c->st, id, &row);	/* now that we hold it */
		if (rc == 0 && unlinkat(c->st->dirfd, name, 0) == 0)
			c->freed += (uint64_t)sb.st_blocks * 512;
	}
	close(fd);
	return rc < 0 ? rc : 0;
}

/* the disk is nearly full: every byte counts, so take segments of which less is dead */
static int scrape(struct compact *c)
{
	struct victim v;
	size_t at;
	int rc;

	c->percent = SCRAPE_PERCENT;
	buf_reset(&c->victims);
	rc = index_walk(c->st->ix, DB_SEGS, span_of(NULL, 0), 0, 0, choose, c);
	for (at = 0; rc >= 0 && at < c->victims.len; at += sizeof v) {
		memcpy(&v, c->victims.data + at, sizeof v);
		if (c->st->w.fd < 0 || v.id != c->st->w.id)
			rc = compact_one(c, &v);
	}
	return rc < 0 ? rc : 0;
}

int store_gc_compact(struct store_gc *gc, int dead_percent, uint64_t *freed)
{
	struct compact c = { .gc = gc, .st = gc->st, .percent = dead_percent,
			     .victims = BUF_INIT(SIZE_MAX / 2),
			     .mhs = BUF_INIT(MOVES_MAX * (size_t)REC_MH_MAX) };
	uint32_t *ids = NULL;
	size_t n = 0, i;
	int rc;

	*freed = 0;
	rc = store_commit(gc->st);
	writer_close(gc->st);			/* our own may be one of them */
	c.moves = malloc(MOVES_MAX * sizeof *c.moves);
	if (rc == 0 && !c.moves)
		rc = err_nomem();
	if (rc == 0)
		rc = seg_list(gc->st->dirfd, &ids, &n);
	for (i = 0; rc == 0 && i < n; i++)
		rc = drop_orphan(&c, ids[i]);
	if (rc == 0)
		rc = index_walk(gc->st->ix, DB_SEGS, span_of(NULL, 0), 0, 0, choose, &c);
	if (rc == 0 && c.victims.len) {
		qsort(c.victims.data, c.victims.len / sizeof(struct victim), sizeof(struct victim),
		      by_live);
		rc = index_write(gc->st->ix, INDEX_SYNC, fill_rows, &c);
		if (rc == ERR_NOSPACE && layout_unreserve(gc->st->dirfd))
			rc = index_write(gc->st->ix, INDEX_SYNC, fill_rows, &c);
	}
	if (rc == 0)
		rc = compact_all(&c);
	if (rc == 0 && disk_free(gc->st) < gc->st->seg_max && dead_percent > SCRAPE_PERCENT)
		rc = scrape(&c);
	if (rc < 0)
		writer_rollback(gc->st);
	if (c.freed && rc == 0)
		rc = io_sync_dir(gc->st->dirfd, "seg");
	*freed = c.freed > c.copied ? c.freed - c.copied : 0;
	free(ids);
	free(c.moves);
	buf_clear(&c.victims);
	buf_clear(&c.mhs);
	return rc;
}
