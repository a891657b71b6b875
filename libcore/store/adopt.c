/*
 * adopt.c - take in what a writer that died had written whole.
 * Behind the length the index knows there may be records nobody was told of: their writer died
 * before its commit, or the disk lost the commit it had promised to keep, or an old index was put
 * back.  Blocks that have their hash are welcome whatever the reason, and the same add run again
 * finds them; what comes after the last one is torn, and is cut.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "store_priv.h"

enum { CHUNK = 1024 };			/* records of a transaction */

struct adopt {
	struct store *st;
	uint32_t id;
	struct rec *recs;
	size_t n;
	uint64_t end, pads;		/* of the good records so far */
	uint64_t taken;
};

static int adopt_rows(struct wtx *w, void *arg)
{
	struct adopt *a = arg;
	struct seg_row row = { 0 };
	struct entry e, old;
	size_t i;
	int rc = wtx_seg_get(w, a->id, &row);

	if (rc < 0)
		return rc;
	row.len = row.synced = (uint32_t)a->end;
	row.pads += (uint32_t)a->pads;
	if (w->stats.next_seg <= a->id)
		w->stats.next_seg = (uint64_t)a->id + 1;
	rc = wtx_seg_put(w, a->id, &row);	/* first: entries are counted in it */
	for (i = 0; rc >= 0 && i < a->n; i++) {
		const struct rec *r = &a->recs[i];
		struct span mh = span_of(r->mh, r->mh_len);

		rc = wtx_get(w, mh, &old);
		if (rc != 0)
			continue;		/* known elsewhere */
		e = (struct entry){ .seg = a->id, .off = r->off, .stored = r->stored_len,
				    .raw = r->raw_len, .codec = r->codec, .flags = r->flags,
				    .epoch = w->epoch };
		rc = wtx_put(w, mh, &e, NULL);
	}
	return rc < 0 ? rc : 0;
}

static int adopt_flush(struct adopt *a)
{
	int rc = index_write(a->st->ix, INDEX_SYNC, adopt_rows, a);

	a->taken += a->n;
	a->n = 0;
	a->pads = 0;
	return rc;
}

/* 1: record s is good to the last bit */
static int take_in(struct adopt *a, const struct scanned *s, struct buf *raw)
{
	int good = s->rec.flags & REC_PAD ? 1 : record_is_good(s, raw);

	if (good <= 0)
		return good;
	if (s->rec.flags & REC_PAD)
		a->pads += rec_total(0, s->rec.stored_len);
	else if (s->rec.mh_len <= MH_BYTES_MAX)
		a->recs[a->n++] = s->rec;
	a->end = s->rec.off + rec_total(s->rec.mh_len, s->rec.stored_len);
	return 1;
}

int adopt_tail(struct store *st, uint32_t id, int fd, uint64_t from, uint64_t size, uint64_t *end)
{
	struct adopt a = { .st = st, .id = id, .end = from };
	struct buf raw = BUF_INIT(STORE_BLOCK_MAX);
	uint8_t head[SEG_HEAD];
	struct scan scan = { 0 };
	struct scanned s;
	int rc = 0;

	*end = from;
	if (size > UINT32_MAX)
		size = UINT32_MAX;
	if (size <= from || io_pread(fd, head, sizeof head, 0, "a segment") != SEG_HEAD ||
	    seg_head_check(head, id) < 0)
		return 0;
	a.recs = malloc(CHUNK * sizeof *a.recs);
	if (!a.recs)
		return err_nomem();
	rc = scan_start(&scan, fd, size, "a segment");
	scan.off = from;
	while (rc == 0 && (rc = scan_next(&scan, &s)) == 1 && !s.gap_len) {
		rc = take_in(&a, &s, &raw);
		if (rc <= 0)
			break;
		rc = 0;
		if (a.taken == 0 && a.n == 1) {	/* before the index learns of any */
			rc = io_sync(fd, "a segment");
			if (rc == 0)
				rc = io_sync_dir(st->dirfd, "seg");
		}
		if (rc == 0 && a.n == CHUNK)
			rc = adopt_flush(&a);
	}
	if (rc >= 0 && a.n)
		rc = adopt_flush(&a);
	else if (a.taken == 0 && a.n == 0)
		a.end = from;			/* only pads */
	if (a.taken)
		log_info("store", "%llu blocks of a writer that died were taken in",
			 (unsigned long long)a.taken);
	*end = a.end;
	scan_end(&scan);
	free(a.recs);
	buf_clear(&raw);
	return rc < 0 ? rc : 0;
}

/* one file, unless its writer lives */
static int adopt_one(struct store *st, uint32_t id)
{
	char name[SEG_NAME_MAX];
	struct seg_row row = { 0 };
	struct stats stats;
	struct stat sb;
	uint64_t end;
	int fd, rc = store_read_row(st, id, &row);

	if (rc < 0 || fstatat(st->dirfd, seg_name(id, name), &sb, 0) < 0 ||
	    (uint64_t)sb.st_size <= (rc ? row.len : SEG_HEAD))
		return rc < 0 ? rc : 0;
	fd = openat(st->dirfd, name, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return 0;
	rc = seg_claim(st, id, fd);
	if (rc == 1 && fstat(fd, &sb) == 0 && sb.st_nlink) {
		rc = store_read_row(st, id, &row);	/* now that nobody changes it */
		if (rc == 0)
			rc = store_read_stats(st, &stats) < 0 ? ERR_IO : stats.next_seg <= id;
		else if (rc == 1)
			rc = (uint64_t)sb.st_size > row.len;
		if (rc == 1) {
			uint64_t from = row.len ? row.len : SEG_HEAD;

			rc = adopt_tail(st, id, fd, from, (uint64_t)sb.st_size, &end);
			if (rc == 0 && (row.len || end > from) && ftruncate(fd, (off_t)end) < 0)
				rc = err_sys("cutting segment '%08x'", id);
		}
	}
	close(fd);
	return rc < 0 ? rc : 0;
}

int adopt_all(struct store *st)
{
	uint32_t *ids = NULL;
	size_t n = 0, i;
	int rc = seg_list(st->dirfd, &ids, &n);

	for (i = 0; rc == 0 && i < n; i++)
		if (st->w.fd < 0 || ids[i] != st->w.id)
			rc = adopt_one(st, ids[i]);
	free(ids);
	return rc;
}
