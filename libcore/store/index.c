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
#include <sys/stat.h>
#include <unistd.h>

#include "store_priv.h"

enum { MIB = 1 << 20, TRIES = 1000, WALK_ROWS = 512, WALK_BYTES = 64 * 1024 };

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct index *all;

static int file_of(const char *dir, struct stat *sb)
{
	char file[4096];

	snprintf(file, sizeof file, "%s/data.mdb", dir);
	return stat(file, sb);
}

static int index_new(struct index **out, const char *dir, const struct stat *sb, int flags)
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
	ix->pid = getpid();
	ix->dev = sb->st_dev;
	ix->ino = sb->st_ino;
	/* writable, because LMDB does not make it so later.  Else it does without 3 MB of lists and a descriptor. */
	ix->writable = !(flags & STORE_READ_ONLY);
	rc = ix->writable ? db_open(&ix->db, dir, 0, 0) : ERR_DENIED;
	if (rc == ERR_DENIED && !(flags & STORE_WRITE)) {
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

int index_open(struct index **out, const char *dir, int flags)
{
	int write = flags & STORE_WRITE;
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
			if (ix->dev == sb.st_dev && ix->ino == sb.st_ino && ix->pid == getpid())
				break;		/* not one carried over a fork */
		if (ix && (ix->writable || !write)) {
			ix->refs++;
			*out = ix;
			break;
		}
		if (ix) {			/* it is open here without the right to write */
			rc = err_set(ERR_DENIED, "no permission to write to '%s'", dir);
			break;
		}
		rc = index_new(&ix, dir, &sb, flags);
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

int index_grow(struct index *ix)
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
int index_follow(struct index *ix)
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
	rc = index_follow(ix);
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
