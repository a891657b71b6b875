/*
 * recover.c - what was committed without waiting for the disk (-u).
 * Rows of segments say how much of them was synced.  A later commit that does wait syncs the rest
 * before it acknowledges anything; after the machine went down in between, the rest is looked at
 * record by record and what did not survive leaves the index, so that nobody relies on it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/io.h"
#include "base/log.h"
#include "store_priv.h"

enum { BOOT_LEN = 64, DROP_MAX = 2048 };

struct owed {
	uint32_t id, len, synced;
};

struct owing {
	struct buf list;		/* of struct owed */
};

static int owing_row(void *arg, struct span key, struct span value)
{
	struct owing *o = arg;
	struct seg_row row;
	struct owed one;
	int rc = seg_row_decode(value, &row);

	if (rc < 0 || row.synced >= row.len || key.len != 4)
		return rc;
	one = (struct owed){ (uint32_t)key.p[0] << 24 | (uint32_t)key.p[1] << 16 |
			     (uint32_t)key.p[2] << 8 | key.p[3], row.len, row.synced };
	return buf_bytes(&o->list, &one, sizeof one);
}

static int owing_read(struct store *st, struct owed **list, size_t *n)
{
	struct owing o = { BUF_INIT(SIZE_MAX / 2) };
	int rc = index_walk(st->ix, DB_SEGS, span_of(NULL, 0), 0, 0, owing_row, &o);

	*list = NULL;
	*n = o.list.len / sizeof **list;
	if (rc == 0) {
		*list = (struct owed *)(void *)buf_take(&o.list);
		rc = *list ? 0 : err_nomem();
	}
	buf_clear(&o.list);
	return rc;
}

struct paid {
	struct owed *list;
	size_t n;
};

static int paid_rows(struct wtx *w, void *arg)
{
	struct paid *p = arg;
	struct seg_row row;
	size_t i;
	int rc = 0;

	for (i = 0; rc >= 0 && i < p->n; i++) {
		rc = p->list[i].len ? wtx_seg_get(w, p->list[i].id, &row) : 0;
		if (rc > 0 && row.synced < p->list[i].len) {
			row.synced = p->list[i].len < row.len ? p->list[i].len : row.len;
			rc = wtx_seg_put(w, p->list[i].id, &row);
		}
	}
	return rc < 0 ? rc : 0;
}

int sync_unsynced(struct store *st, const struct stats *s)
{
	char name[SEG_NAME_MAX];
	struct paid p;
	size_t i;
	int rc, fd;

	(void)s;
	rc = owing_read(st, &p.list, &p.n);
	for (i = 0; rc == 0 && i < p.n; i++) {
		fd = openat(st->dirfd, seg_name(p.list[i].id, name), O_RDONLY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT) {
			p.list[i].len = 0;	/* compacted meanwhile */
			continue;
		}
		if (fd < 0) {
			rc = err_sys("opening segment '%08x'", p.list[i].id);
			break;
		}
		rc = io_sync(fd, "a segment");
		close(fd);
	}
	if (rc == 0 && p.n)
		rc = io_sync_dir(st->dirfd, "seg");
	if (rc == 0 && p.n)
		rc = index_write(st->ix, INDEX_SYNC, paid_rows, &p);
	free(p.list);
	return rc;
}

/* ---- after the machine went down ---- */

static int boot_id(char out[BOOT_LEN])
{
	struct buf b = BUF_INIT(BOOT_LEN - 1);
	int rc = io_slurp_file(AT_FDCWD, STORE_BOOT_ID, &b);

	out[0] = 0;
	if (rc == 0 && b.len)
		memcpy(out, b.data, b.len + 1);
	buf_clear(&b);
	return out[0] != 0;
}

int boot_note(struct wtx *w)
{
	char id[BOOT_LEN];
	MDB_val k = { 4, (void *)(uintptr_t)"boot" }, v = { 0, id };
	int rc;

	boot_id(id);
	v.mv_size = strlen(id) + 1;
	rc = mdb_put(w->txn, index_dbi(w->ix, DB_STATE), &k, &v, 0);
	return rc ? wtx_fail(w, rc, "writing") : 0;
}

/* 1: the unsynced commits were made since the machine started */
static int same_boot(struct store *st)
{
	char id[BOOT_LEN];
	MDB_val k = { 4, (void *)(uintptr_t)"boot" }, v;
	int rc;

	if (!boot_id(id))			/* no /proc: nothing to go by */
		return 1;
	rc = read_begin(st->ix, &st->reader);
	if (rc < 0)
		return rc;
	rc = mdb_get(st->reader.txn, index_dbi(st->ix, DB_STATE), &k, &v);
	rc = rc == 0 && span_equal(span_of(v.mv_data, v.mv_size), span_of(id, strlen(id) + 1));
	read_end(st->ix, &st->reader);
	return rc;
}

/* entries that point behind `synced` of a segment at what is no record */
struct drop {
	struct store *st;
	struct owed *seg;
	int fd;				/* -1: the file is gone */
	struct buf keys;		/* u8 length, key */
	size_t n;
	uint64_t dropped, size;
	uint64_t good_end;		/* of the last record that is whole */
	struct buf bytes;
};

static int survived(struct drop *d, struct span mh, const struct entry *e)
{
	uint64_t total = rec_total(mh.len, e->stored);
	struct rec r;

	if (d->fd < 0 || e->off + total > d->size)
		return 0;
	buf_reset(&d->bytes);
	if (buf_reserve(&d->bytes, total) < 0)
		return ERR_NOMEM;
	if (io_pread(d->fd, d->bytes.data, total, e->off, "a segment") != (ssize_t)total)
		return 0;
	return rec_decode(d->bytes.data, total, &r) &&
	       span_equal(span_of(r.mh, r.mh_len), mh) && r.stored_len == e->stored &&
	       crc32c(0, span_of(d->bytes.data + REC_HEAD + mh.len, e->stored)) == r.crc;
}

static int drop_keys(struct wtx *w, void *arg)
{
	struct drop *d = arg;
	struct entry e;
	size_t at;
	int rc = 0;

	for (at = 0; rc >= 0 && at < d->keys.len; at += 1 + (size_t)d->keys.data[at]) {
		struct span mh = span_of(d->keys.data + at + 1, d->keys.data[at]);

		rc = wtx_get(w, mh, &e);
		if (rc > 0 && e.seg == d->seg->id)
			rc = wtx_del(w, mh, &e);
	}
	if (rc >= 0)
		w->stats.sweeps++;
	return rc < 0 ? rc : 0;
}

static int drop_flush(struct drop *d)
{
	int rc = d->n ? index_write(d->st->ix, INDEX_SYNC, drop_keys, d) : 0;

	d->dropped += d->n;
	d->n = 0;
	buf_reset(&d->keys);
	return rc;
}

static int drop_row(void *arg, struct span key, struct span value)
{
	struct drop *d = arg;
	struct entry e;
	int rc = entry_decode(value, &e);

	if (rc < 0 || e.seg != d->seg->id || e.off < d->seg->synced)
		return rc;
	rc = survived(d, key, &e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = buf_u8(&d->keys, (unsigned)key.len);
	if (rc == 0)
		rc = buf_add(&d->keys, key);
	if (rc == 0 && ++d->n == DROP_MAX)
		rc = drop_flush(d);
	return rc;
}

/* the row is what is left of the segment, and nobody appends to it */
static int settle_row(struct wtx *w, void *arg)
{
	struct drop *d = arg;
	struct seg_row row;
	int rc = wtx_seg_get(w, d->seg->id, &row);

	if (rc <= 0)
		return rc;
	if (d->fd < 0)
		return wtx_seg_del(w, d->seg->id);
	if (row.len > d->good_end)
		row.len = (uint32_t)d->good_end;
	row.synced = row.len;
	if (d->dropped)
		row.flags |= SEG_FULL;
	return wtx_seg_put(w, d->seg->id, &row);
}

/* 1: every record behind what was synced is whole */
static int whole(struct drop *d)
{
	struct scanned rec;
	struct scan s;
	int rc, ok = d->size >= d->seg->len;

	d->good_end = d->seg->synced > SEG_HEAD ? d->seg->synced : SEG_HEAD;
	if (d->fd < 0)
		return 0;
	rc = scan_start(&s, d->fd, ok ? d->seg->len : d->size, "a segment");
	if (rc < 0)
		return rc;
	s.off = d->good_end;
	do {
		rc = scan_next(&s, &rec);
		ok = ok && !rec.gap_len && !(rc == 1 && rec.bad);
		if (rc == 1 && !rec.bad)
			d->good_end = s.off;
	} while (rc == 1);
	scan_end(&s);
	return rc < 0 ? rc : ok;
}

static int recover_seg(struct store *st, struct owed *seg, int fd)
{
	struct drop d = { .st = st, .seg = seg, .fd = fd, .keys = BUF_INIT(1 << 20),
			  .bytes = BUF_INIT(2 * STORE_BLOCK_MAX) };
	uint8_t head[SEG_HEAD];
	struct stat sb;
	int rc = 0;

	if (fd >= 0 && fstat(fd, &sb) == 0)
		d.size = (uint64_t)sb.st_size;
	if (fd >= 0 && seg->synced == 0) {	/* its header was not synced either */
		seg_head_encode(seg->id, head);
		rc = io_pwrite(fd, head, sizeof head, 0, "a segment");
	}
	if (rc == 0)
		rc = whole(&d);
	if (rc == 0) {
		rc = index_walk(st->ix, DB_BLOCKS, span_of(NULL, 0), 0, 1, drop_row, &d);
		if (rc == 0)
			rc = drop_flush(&d);
	}
	if (rc >= 0 && fd >= 0 && d.size > d.good_end && ftruncate(fd, (off_t)d.good_end) < 0)
		rc = err_sys("cutting segment '%08x'", seg->id);
	if (rc >= 0 && fd >= 0)
		rc = io_sync(fd, "a segment");
	if (rc >= 0)
		rc = index_write(st->ix, INDEX_SYNC, settle_row, &d);
	if (d.dropped)
		log_warn("store", "%llu blocks written without waiting for the disk (-u) did not "
			 "survive", (unsigned long long)d.dropped);
	buf_clear(&d.keys);
	buf_clear(&d.bytes);
	return rc < 0 ? rc : 0;
}

/* own one segment for the time; 1: it is as it should be, 0: looked at, or another does */
static int recover_one(struct store *st, struct owed *seg)
{
	struct timespec nap = { .tv_nsec = 10000000 };
	char name[SEG_NAME_MAX];
	struct seg_row row;
	int rc, fd;

	for (;;) {
		rc = same_boot(st);
		if (rc == 0)
			rc = store_read_row(st, seg->id, &row);
		else if (rc == 1)
			return 0;		/* another recovered, and commits again */
		if (rc <= 0 || row.synced >= row.len)
			return rc < 0 ? rc : 0;
		seg->len = row.len;
		seg->synced = row.synced;
		fd = openat(st->dirfd, seg_name(seg->id, name), O_RDWR | O_CLOEXEC);
		if (fd < 0 && errno != ENOENT)
			return err_sys("opening segment '%08x'", seg->id);
		rc = fd < 0 ? 1 : seg_claim(st, seg->id, fd);
		if (rc > 0)
			break;
		close(fd);
		if (rc < 0)
			return rc;
		nanosleep(&nap, NULL);
	}
	rc = recover_seg(st, seg, fd);
	if (fd >= 0)
		close(fd);
	return rc;
}

int recover_unsynced(struct store *st)
{
	struct owed *list = NULL;
	struct stats stats;
	size_t n = 0, i;
	int rc = store_read_stats(st, &stats);

	if (rc < 0 || !stats.n_unsynced)
		return rc;
	rc = same_boot(st);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = owing_read(st, &list, &n);
	for (i = 0; rc == 0 && i < n; i++)
		rc = recover_one(st, &list[i]);
	free(list);
	return rc;
}
