/*
 * index.c - one LMDB environment a process and file, shared by its handles.
 *
 * Two environments on one file in one process would drop each other's locks, so they are found by
 * device and inode.  The map may only change size while no transaction of the process looks at it:
 * readers hold `rw` while they look, writers hold `wr`, and the long walks give their snapshot
 * back (they take it up again where they were).
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "store_priv.h"

enum { MIB = 1 << 20, TRIES = 1000, WALK_ROWS = 512, WALK_BYTES = 64 * 1024,
       DIRTY_PAGES = 3072 };		/* of one transaction, in memory */

struct index {
	struct index *next;
	int refs;
	dev_t dev;
	ino_t ino;
	char *dir;
	struct db db;
	int writable, unlocked;		/* unlocked: no reader table (read-only media) */
	pthread_mutex_t wr;
	pthread_rwlock_t rw;
	struct reader *readers;
};

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct index *all;

static int file_of(const char *dir, struct stat *sb)
{
	char file[4096];

	snprintf(file, sizeof file, "%s/data.mdb", dir);
	return stat(file, sb);
}

static int index_new(struct index **out, const char *dir, const struct stat *sb, int write)
{
	struct index *ix = calloc(1, sizeof *ix);
	pthread_mutexattr_t attr;
	int rc;

	if (ix)
		ix->dir = strdup(dir);
	if (!ix || !ix->dir) {
		free(ix);
		return err_nomem();
	}
	ix->refs = 1;
	ix->dev = sb->st_dev;
	ix->ino = sb->st_ino;
	ix->writable = 1;
	rc = db_open(&ix->db, dir, 0, 0);
	if (rc == ERR_DENIED && !write) {
		ix->writable = 0;
		rc = db_open(&ix->db, dir, MDB_RDONLY, 0);
		if (rc == ERR_DENIED) {	/* the lock file cannot be written to either */
			ix->unlocked = 1;
			rc = db_open(&ix->db, dir, MDB_RDONLY | MDB_NOLOCK, 0);
		}
	}
	if (rc < 0) {
		free(ix->dir);
		free(ix);
		return rc;
	}
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&ix->wr, &attr);
	pthread_mutexattr_destroy(&attr);
	pthread_rwlock_init(&ix->rw, NULL);
	*out = ix;
	return 0;
}

int index_open(struct index **out, const char *dir, int write)
{
	struct index *ix;
	struct stat sb, now;
	int rc = 0, tries, dead;

	*out = NULL;
	pthread_mutex_lock(&all_lock);
	for (tries = 0; tries < TRIES && !*out; tries++) {
		if (file_of(dir, &sb) < 0) {
			rc = err_sys("opening the index in '%s'", dir);
			break;
		}
		for (ix = all; ix; ix = ix->next)
			if (ix->dev == sb.st_dev && ix->ino == sb.st_ino)
				break;
		if (ix && (ix->writable || !write)) {
			ix->refs++;
			*out = ix;
			break;
		}
		if (ix) {			/* it is open here without the right to write */
			rc = err_set(ERR_DENIED, "no permission to write to '%s'", dir);
			break;
		}
		rc = index_new(&ix, dir, &sb, write);
		if (rc < 0)
			break;
		if (file_of(dir, &now) < 0 || now.st_ino != sb.st_ino || now.st_dev != sb.st_dev) {
			ix->refs = 0;		/* replaced just now */
			db_close(&ix->db);
			free(ix->dir);
			free(ix);
			continue;
		}
		ix->next = all;
		all = ix;
		*out = ix;
	}
	pthread_mutex_unlock(&all_lock);
	if (!*out)
		return rc < 0 ? rc : err_set(ERR_BUSY, "the index in '%s' is being replaced", dir);
	if (write)
		mdb_reader_check((*out)->db.env, &dead);
	return 0;
}

void index_close(struct index *ix)
{
	struct index **at;

	if (!ix)
		return;
	pthread_mutex_lock(&all_lock);
	if (--ix->refs == 0) {
		for (at = &all; *at != ix; at = &(*at)->next)
			;
		*at = ix->next;
		db_close(&ix->db);
		pthread_mutex_destroy(&ix->wr);
		pthread_rwlock_destroy(&ix->rw);
		free(ix->dir);
		free(ix);
	}
	pthread_mutex_unlock(&all_lock);
}

int index_stale(const struct index *ix)
{
	struct stat sb;

	return file_of(ix->dir, &sb) == 0 && (sb.st_ino != ix->ino || sb.st_dev != ix->dev);
}

int index_unlocked(const struct index *ix)
{
	return ix->unlocked;
}

int index_writable(const struct index *ix)
{
	return ix->writable;
}

MDB_dbi index_dbi(const struct index *ix, int db)
{
	return ix->db.dbi[db];
}

uint64_t index_last_txn(struct index *ix)
{
	MDB_envinfo info = { 0 };

	pthread_rwlock_rdlock(&ix->rw);
	mdb_env_info(ix->db.env, &info);
	pthread_rwlock_unlock(&ix->rw);
	return info.me_last_txnid;
}

/* change the map; `wr` is held */
static int resize(struct index *ix, uint64_t size)
{
	MDB_envinfo info;
	struct reader *r;
	void *trial;
	int rc;

	pthread_rwlock_wrlock(&ix->rw);
	mdb_env_info(ix->db.env, &info);
	/* LMDB gives the old map away before it asks for the new one, and is lost when it gets
	 * none; so ask first (ulimit -v) */
	if (size > info.me_mapsize) {
		trial = mmap(NULL, size - info.me_mapsize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
		if (trial == MAP_FAILED) {
			rc = err_sys("enlarging the map of the index to %" PRIu64 " bytes", size);
			pthread_rwlock_unlock(&ix->rw);
			return rc;
		}
		munmap(trial, size - info.me_mapsize);
	}
	for (r = ix->readers; r; r = r->next)
		if (r->active) {
			mdb_txn_reset(r->txn);
			r->active = 0;
			r->moved = 1;
		}
	rc = mdb_env_set_mapsize(ix->db.env, size);
	pthread_rwlock_unlock(&ix->rw);
	return rc ? db_err(rc, "enlarging the map of") : 0;
}

static int grow(struct index *ix)
{
	MDB_envinfo info;
	uint64_t step;
	int rc;

	mdb_env_info(ix->db.env, &info);
	step = info.me_mapsize / 2 > 16 * MIB ? info.me_mapsize / 2 : 16 * MIB;
	rc = resize(ix, (info.me_mapsize + step + MIB - 1) / MIB * MIB);
	return rc == ERR_NOMEM ? resize(ix, info.me_mapsize + 2 * MIB) : rc;
}

/* another process made the file larger than our map */
static int follow(struct index *ix)
{
	MDB_envinfo info;
	struct stat sb;
	uint64_t size;
	int fd;

	if (mdb_env_get_fd(ix->db.env, &fd) || fstat(fd, &sb) < 0)
		return err_sys("looking at the index in '%s'", ix->dir);
	mdb_env_info(ix->db.env, &info);
	size = db_map_size((uint64_t)sb.st_size, !ix->writable);
	return resize(ix, size > info.me_mapsize ? size : info.me_mapsize + MIB);
}

static int adopt(struct index *ix)
{
	int rc = pthread_mutex_lock(&ix->wr);

	if (rc) {
		errno = rc;
		return err_sys("locking the index");
	}
	rc = follow(ix);
	pthread_mutex_unlock(&ix->wr);
	return rc;
}

/* ---- reading ---- */

void reader_join(struct index *ix, struct reader *r)
{
	*r = (struct reader){ 0 };
	pthread_rwlock_wrlock(&ix->rw);
	r->next = ix->readers;
	ix->readers = r;
	pthread_rwlock_unlock(&ix->rw);
}

void reader_leave(struct index *ix, struct reader *r)
{
	struct reader **at;

	pthread_rwlock_wrlock(&ix->rw);
	for (at = &ix->readers; *at && *at != r; at = &(*at)->next)
		;
	if (*at)
		*at = r->next;
	if (r->txn)
		mdb_txn_abort(r->txn);
	*r = (struct reader){ 0 };
	pthread_rwlock_unlock(&ix->rw);
}

int read_begin(struct index *ix, struct reader *r)
{
	int rc = 0, tries, dead;

	for (tries = 0; tries < TRIES; tries++) {
		pthread_rwlock_rdlock(&ix->rw);
		if (r->active)
			return 0;
		rc = r->txn ? mdb_txn_renew(r->txn)
			    : mdb_txn_begin(ix->db.env, NULL, MDB_RDONLY, &r->txn);
		if (rc == 0) {
			r->active = 1;
			return 0;
		}
		pthread_rwlock_unlock(&ix->rw);
		if (rc == MDB_MAP_RESIZED) {
			rc = adopt(ix);
			if (rc < 0)
				return rc;
		} else if (rc == MDB_READERS_FULL && tries == 0) {
			mdb_reader_check(ix->db.env, &dead);
		} else {
			break;
		}
	}
	return db_err(rc, "reading");
}

/* let the map go, keep the snapshot */
static void read_pause(struct index *ix)
{
	pthread_rwlock_unlock(&ix->rw);
}

void read_end(struct index *ix, struct reader *r)
{
	if (r->active)
		mdb_txn_reset(r->txn);
	r->active = 0;
	pthread_rwlock_unlock(&ix->rw);
}

/* a batch of rows, each u32 key length, u32 value length, key, value */
static int walk_batch(struct index *ix, struct reader *r, int db, struct span from, int exclusive,
		      struct buf *rows)
{
	MDB_val k = { from.len, (void *)(uintptr_t)from.p }, v;
	MDB_cursor *cur;
	int rc, n = 0;

	buf_reset(rows);
	rc = mdb_cursor_open(r->txn, ix->db.dbi[db], &cur);
	if (rc)
		return db_err(rc, "reading");
	rc = mdb_cursor_get(cur, &k, &v, from.len ? MDB_SET_RANGE : MDB_FIRST);
	if (rc == 0 && exclusive && span_equal(span_of(k.mv_data, k.mv_size), from))
		rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT);
	while (rc == 0) {
		uint32_t lens[2] = { (uint32_t)k.mv_size, (uint32_t)v.mv_size };

		if (buf_bytes(rows, lens, sizeof lens) < 0 ||
		    buf_bytes(rows, k.mv_data, k.mv_size) < 0 ||
		    buf_bytes(rows, v.mv_data, v.mv_size) < 0) {
			mdb_cursor_close(cur);
			return ERR_NOMEM;
		}
		if (++n == WALK_ROWS || rows->len > WALK_BYTES)
			break;
		rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT);
	}
	mdb_cursor_close(cur);
	if (rc && rc != MDB_NOTFOUND)
		return db_err(rc, "reading");
	return rc == 0;
}

int index_walk(struct index *ix, int db, struct span from, int exclusive, int fresh,
	       int (*fn)(void *arg, struct span key, struct span value), void *arg)
{
	struct buf rows = BUF_INIT(SIZE_MAX / 2), last = BUF_INIT(SIZE_MAX / 2);
	struct reader r;
	int rc = buf_add(&last, from), more = 1;
	size_t at;

	if (rc < 0)
		return rc;
	reader_join(ix, &r);
	while (rc == 0 && more) {
		rc = read_begin(ix, &r);
		if (rc < 0)
			break;
		more = walk_batch(ix, &r, db, buf_span(&last), exclusive, &rows);
		if (fresh || ix->unlocked)
			read_end(ix, &r);	/* unregistered: nobody keeps a snapshot for us */
		else
			read_pause(ix);
		if (more < 0) {
			rc = more;
			break;
		}
		for (at = 0; rc == 0 && at < rows.len;) {
			uint32_t lens[2];
			struct span k, v;

			memcpy(lens, rows.data + at, sizeof lens);
			k = span_of(rows.data + at + sizeof lens, lens[0]);
			v = span_of(k.p + k.len, lens[1]);
			at += sizeof lens + k.len + v.len;
			if (at == rows.len) {
				buf_reset(&last);
				rc = buf_add(&last, k);
			}
			if (rc == 0)
				rc = fn(arg, k, v);
		}
		exclusive = 1;
	}
	reader_leave(ix, &r);
	buf_clear(&rows);
	buf_clear(&last);
	return rc;
}

/* ---- writing ---- */

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
	struct wtx w;
	int rc, tries;

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
			rc = follow(ix);
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
		rc = grow(ix);			/* and all of it once more */
		if (rc < 0)
			break;
	}
	pthread_mutex_unlock(&ix->wr);
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
uint64_t wtx_slice(struct wtx *w, uint64_t n_keys)
{
	double share = 1;
	MDB_stat st;

	if (mdb_stat(w->txn, w->ix->db.dbi[DB_BLOCKS], &st) == 0 && st.ms_leaf_pages < n_keys)
		share = (double)st.ms_leaf_pages / (double)n_keys;
	return (uint64_t)(DIRTY_PAGES / (share + 1.0 / 32));
}
