/*
 * wtx.c - write transactions of the index: the counters kept with every change, and doing all of it
 * once more when the map was full.
 */
#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "store_priv.h"

enum { MIB = 1 << 20,
       DIRTY_PAGES = 3072,		/* of one transaction, in memory */
       DIRTY_BACKGROUND = 512 };	/* of one nobody waits for */

int wtx_fail(struct wtx *w, int rc, const char *doing)
{
	w->full |= rc == MDB_MAP_FULL;
	return db_err(rc, doing);
}

/* LMDB calls a short write EIO; a full disk is the usual reason */
static int disk_full(struct index *ix)
{
	struct statvfs fs;
	struct rlimit lim;
	struct stat sb;
	int fd;

	if (mdb_env_get_fd(ix->db.env, &fd))
		return 0;
	if (fstatvfs(fd, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < MIB)
		return 1;
	return fstat(fd, &sb) == 0 && getrlimit(RLIMIT_FSIZE, &lim) == 0 &&
	       lim.rlim_cur != RLIM_INFINITY && (uint64_t)sb.st_size + MIB > lim.rlim_cur;
}

static int write_once(struct index *ix, enum index_sync sync, struct wtx *w,
		      int (*fn)(struct wtx *w, void *arg), void *arg)
{
	MDB_val k = { 5, (void *)(uintptr_t)"stats" }, v;
	uint8_t row[STATS_LEN];
	int rc;

	rc = mdb_cursor_open(w->txn, ix->db.dbi[DB_BLOCKS], &w->blocks);
	if (rc == 0)
		rc = mdb_get(w->txn, ix->db.dbi[DB_STATE], &k, &v);
	if (rc) {
		mdb_txn_abort(w->txn);
		return db_err(rc, "reading");
	}
	rc = stats_decode(span_of(v.mv_data, v.mv_size), &w->stats);
	if (rc == 0)
		rc = fn(w, arg);
	if (rc == 0)
		rc = wtx_sync_segs(w);
	if (rc == 0) {
		stats_encode(&w->stats, row);
		k = (MDB_val){ 5, (void *)(uintptr_t)"stats" };
		v = (MDB_val){ sizeof row, row };
		rc = mdb_put(w->txn, ix->db.dbi[DB_STATE], &k, &v, 0);
		if (rc)
			rc = wtx_fail(w, rc, "writing");
	}
	mdb_cursor_close(w->blocks);
	if (rc != 0) {
		mdb_txn_abort(w->txn);
		return rc;
	}
	mdb_env_set_flags(ix->db.env, MDB_NOMETASYNC, sync == INDEX_LIGHT || w->light);
	rc = mdb_txn_commit(w->txn);
	if (rc == EIO && disk_full(ix))
		rc = ENOSPC;
	return rc ? wtx_fail(w, rc, "committing to") : 0;
}

int index_write(struct index *ix, enum index_sync sync, int (*fn)(struct wtx *w, void *arg),
		void *arg)
{
	const struct timespec nap = { .tv_nsec = 100000 };
	struct wtx w = { 0 };
	int rc, tries, dead;

	if (!ix->writable)
		return err_set(ERR_DENIED, "the store is open for reading only");
	rc = pthread_mutex_lock(&ix->wr);
	if (rc) {
		errno = rc;
		return err_sys("locking the index");
	}
	for (tries = 0; tries < 64; tries++) {
		w = (struct wtx){ .ix = ix };
		rc = mdb_txn_begin(ix->db.env, NULL, 0, &w.txn);
		if (rc == MDB_MAP_RESIZED) {
			rc = index_follow(ix);
			if (rc < 0)
				break;
			continue;
		}
		if (rc) {
			rc = db_err(rc, "writing");
			break;
		}
		w.epoch = mdb_txn_id(w.txn);
		rc = write_once(ix, sync, &w, fn, arg);
		if (rc >= 0 || !w.full)
			break;
		/* all of it once more, with the pages of dead readers or a larger map */
		dead = 0;
		if (tries == 0)
			mdb_reader_check(ix->db.env, &dead);
		rc = dead ? 0 : index_grow(ix);
		if (rc < 0)
			break;
	}
	pthread_mutex_unlock(&ix->wr);
	/* LMDB's lock is not fair: who has more to do lets those who wait have it first */
	if (rc == 0 && w.light)
		nanosleep(&nap, NULL);
	return rc;
}

int wtx_get(struct wtx *w, struct span mh, struct entry *e)
{
	MDB_val k = { mh.len, (void *)(uintptr_t)mh.p }, v;
	int rc = mdb_cursor_get(w->blocks, &k, &v, MDB_SET);

	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc)
		return wtx_fail(w, rc, "reading");
	rc = entry_decode(span_of(v.mv_data, v.mv_size), e);
	return rc < 0 ? rc : 1;
}

/* the changes of segments' rows wait in a small cache: a sweep makes thousands of a kind */
static int seg_flush(struct wtx *w, int i)
{
	struct seg_row row;
	int rc;

	if (!w->segs[i].id || (!w->segs[i].n && !w->segs[i].bytes))
		return 0;
	rc = wtx_seg_get(w, w->segs[i].id, &row);
	if (rc <= 0)			/* an entry without a segment: fsck tells */
		return rc;
	row.n_live = (uint32_t)((int64_t)row.n_live + w->segs[i].n);
	row.live = (uint64_t)((int64_t)row.live + w->segs[i].bytes);
	w->segs[i].n = w->segs[i].bytes = 0;
	return wtx_seg_put(w, w->segs[i].id, &row);
}

int wtx_sync_segs(struct wtx *w)
{
	int i, rc = 0;

	for (i = 0; rc >= 0 && i < WTX_SEGS; i++)
		rc = seg_flush(w, i);
	return rc < 0 ? rc : 0;
}

static int account(struct wtx *w, size_t mh_len, const struct entry *e, int sign)
{
	int64_t bytes = (int64_t)rec_total(mh_len, e->stored) * sign;
	int i = (int)(e->seg % WTX_SEGS), rc;

	w->stats.n_blocks += (uint64_t)(int64_t)sign;
	w->stats.raw += (uint64_t)((int64_t)e->raw * sign);
	w->stats.stored += (uint64_t)((int64_t)e->stored * sign);
	w->stats.live += (uint64_t)bytes;
	if (w->segs[i].id != e->seg) {
		rc = seg_flush(w, i);
		if (rc < 0)
			return rc;
		w->segs[i].id = e->seg;
		w->segs[i].n = w->segs[i].bytes = 0;
	}
	w->segs[i].n += sign;
	w->segs[i].bytes += bytes;
	return 0;
}

int wtx_put(struct wtx *w, struct span mh, const struct entry *e, const struct entry *old)
{
	MDB_val k = { mh.len, (void *)(uintptr_t)mh.p }, v;
	uint8_t row[ENTRY_LEN];
	int rc;

	entry_encode(e, row);
	v = (MDB_val){ sizeof row, row };
	rc = mdb_cursor_put(w->blocks, &k, &v, 0);
	if (rc)
		return wtx_fail(w, rc, "writing");
	if (old)
		rc = account(w, mh.len, old, -1);
	return rc < 0 ? rc : account(w, mh.len, e, 1);
}

int wtx_del(struct wtx *w, struct span mh, const struct entry *old)
{
	MDB_val k = { mh.len, (void *)(uintptr_t)mh.p }, v;
	int rc = mdb_cursor_get(w->blocks, &k, &v, MDB_SET);

	if (rc == 0)
		rc = mdb_cursor_del(w->blocks, 0);
	if (rc)
		return wtx_fail(w, rc, "writing");
	return account(w, mh.len, old, -1);
}

static MDB_val seg_key(uint32_t id, uint8_t key[4])
{
	int i;

	for (i = 0; i < 4; i++)
		key[i] = (uint8_t)(id >> (24 - 8 * i));
	return (MDB_val){ 4, key };
}

int wtx_seg_get(struct wtx *w, uint32_t id, struct seg_row *row)
{
	uint8_t key[4];
	MDB_val k = seg_key(id, key), v;
	int rc = mdb_get(w->txn, w->ix->db.dbi[DB_SEGS], &k, &v);

	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc)
		return wtx_fail(w, rc, "reading");
	rc = seg_row_decode(span_of(v.mv_data, v.mv_size), row);
	return rc < 0 ? rc : 1;
}

/* what a row adds to the counters, once put or taken away */
static void row_count(struct stats *s, const struct seg_row *r, int sign)
{
	s->seg_bytes += (uint64_t)((int64_t)r->len * sign);
	s->pads += (uint64_t)((int64_t)r->pads * sign);
	s->n_segs += (uint64_t)(int64_t)sign;
	s->n_unsynced += (uint64_t)(int64_t)(r->synced < r->len ? sign : 0);
}

int wtx_seg_put(struct wtx *w, uint32_t id, const struct seg_row *row)
{
	uint8_t key[4], bytes[SEG_ROW_LEN];
	MDB_val k = seg_key(id, key), v = { sizeof bytes, bytes };
	struct seg_row old;
	int rc = wtx_seg_get(w, id, &old);

	if (rc < 0)
		return rc;
	if (rc)
		row_count(&w->stats, &old, -1);
	row_count(&w->stats, row, 1);
	seg_row_encode(row, bytes);
	rc = mdb_put(w->txn, w->ix->db.dbi[DB_SEGS], &k, &v, 0);
	return rc ? wtx_fail(w, rc, "writing") : 0;
}

int wtx_seg_del(struct wtx *w, uint32_t id)
{
	uint8_t key[4];
	MDB_val k = seg_key(id, key);
	struct seg_row old;
	int rc = wtx_seg_get(w, id, &old);

	if (rc <= 0)
		return rc;
	row_count(&w->stats, &old, -1);
	rc = mdb_del(w->txn, w->ix->db.dbi[DB_SEGS], &k, NULL);
	return rc ? wtx_fail(w, rc, "writing") : 0;
}

/* A page of the tree that a transaction changes is copied into memory until its commit.  Of n
 * sorted keys among n_keys, evenly spread, each falls on a page of its own or they share n / n_keys
 * of the leaves, and 32 new ones need a page more. */
uint64_t wtx_slice(struct wtx *w, uint64_t n_keys, int background)
{
	double share = 1, pages = background ? DIRTY_BACKGROUND : DIRTY_PAGES;
	MDB_stat st;

	if (mdb_stat(w->txn, w->ix->db.dbi[DB_BLOCKS], &st) == 0 && st.ms_leaf_pages < n_keys)
		share = (double)st.ms_leaf_pages / (double)n_keys;
	return (uint64_t)(pages / (share + 1.0 / 32));
}
