/* db.c - an LMDB environment, and the rows in it */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/rd.h"
#include "store_priv.h"

enum { MIB = 1 << 20, HEADROOM = 16 * MIB };

static const char *const db_names[DB_N] = {
	"blocks", "segs", "state", "pins", "added", "files", "meta"
};

int db_err(int rc, const char *doing)
{
	switch (rc) {
	case MDB_CORRUPTED: case MDB_PAGE_NOTFOUND: case MDB_INVALID: case MDB_INCOMPATIBLE:
	case MDB_BAD_VALSIZE: case MDB_CURSOR_FULL: case MDB_BAD_TXN: case MDB_NOTFOUND:
		return err_set(ERR_CORRUPT, "%s the index: %s; run 'ipfrs-fsck -r'", doing,
			       mdb_strerror(rc));
	case MDB_VERSION_MISMATCH:
		return err_set(ERR_UNSUPPORTED, "%s the index: %s", doing, mdb_strerror(rc));
	case MDB_READERS_FULL:
		return err_set(ERR_BUSY, "%s the index: %d readers already", doing, DB_READERS);
	case MDB_MAP_FULL: case MDB_TXN_FULL:
		return err_set(ERR_LIMIT, "%s the index: %s", doing, mdb_strerror(rc));
	case MDB_PANIC:
		return err_set(ERR_IO, "%s the index: an earlier write failed", doing);
	}
	if (rc < 0)
		return err_set(ERR_IO, "%s the index: %s", doing, mdb_strerror(rc));
	errno = rc;
	return err_sys("%s the index", doing);
}

/* The map begins at what is there and some room, because programs are run under ulimit -v. */
uint64_t db_map_size(uint64_t file, int rdonly)
{
	uint64_t room = file / 4 > HEADROOM ? file / 4 : HEADROOM;

	if (rdonly)
		room = MIB;
	return (file + room + MIB - 1) / MIB * MIB;
}

static int open_all(struct db *d, int create)
{
	unsigned txn_flags = create ? 0 : MDB_RDONLY;
	struct stats none = { .next_seg = 1 };
	uint8_t row[STATS_LEN];
	MDB_val k = { 5, (void *)(uintptr_t)"stats" }, v;
	MDB_txn *txn;
	int i, rc, dead, checked = 0;

	do {				/* another process may be filling it */
		rc = mdb_txn_begin(d->env, NULL, txn_flags, &txn);
		if (rc == MDB_MAP_RESIZED && mdb_env_set_mapsize(d->env, 0))
			break;
		/* readers that were killed keep their places until somebody looks */
		if (rc == MDB_READERS_FULL && (checked++ || mdb_reader_check(d->env, &dead)))
			break;
	} while (rc == MDB_MAP_RESIZED || rc == MDB_READERS_FULL);
	if (rc)
		return db_err(rc, "reading");
	for (i = 0; rc == 0 && i < DB_N; i++)
		rc = mdb_dbi_open(txn, db_names[i], create ? MDB_CREATE : 0, &d->dbi[i]);
	if (rc == 0)
		rc = mdb_get(txn, d->dbi[DB_STATE], &k, &v);
	if (rc == MDB_NOTFOUND && create) {
		stats_encode(&none, row);
		v = (MDB_val){ sizeof row, row };
		rc = mdb_put(txn, d->dbi[DB_STATE], &k, &v, 0);
	}
	if (rc) {
		mdb_txn_abort(txn);
		if (rc == MDB_NOTFOUND)	/* it was being made when a machine stopped */
			return err_set(ERR_NOTFOUND, "the index is not whole");
		return db_err(rc, "opening");
	}
	rc = mdb_txn_commit(txn);
	return rc ? db_err(rc, "opening") : 0;
}

/* LMDB believes the page size its file states, so look at both headers before it does: page
 * header 16 bytes, magic u32, version u32, address u64, map size u64, page size u32 */
static int headers_sane(const char *file)
{
	struct buf b = BUF_INIT(16 + 28);
	uint32_t size = 0, word[2];
	int fd = open(file, O_RDONLY | O_CLOEXEC), i, ok = fd >= 0;

	for (i = 0; ok && i < 2; i++) {
		uint32_t at = i * size;

		buf_reset(&b);
		ok = buf_reserve(&b, b.max) == 0 &&
		     io_pread(fd, b.data, b.max, at, file) == (ssize_t)b.max;
		if (!ok)
			break;
		memcpy(word, b.data + 16, sizeof word);
		ok = word[0] == 0xbeefc0de;
		memcpy(word, b.data + 40, sizeof *word);
		ok = ok && word[0] >= 512 && word[0] <= 65536 && !(word[0] & (word[0] - 1)) &&
		     (i == 0 || word[0] == size);
		size = word[0];
	}
	if (fd >= 0)
		close(fd);
	buf_clear(&b);
	return ok;
}

/*
 * A page that a transaction both takes and gives back is never written.  At the end of the file such
 * pages are missing, and that is no fault: they are in the list of free pages.  The list is read
 * here without the map, which must not be touched behind the end of the file.
 */
enum {
	PG_HEAD = 16, PG_BRANCH = 1, PG_LEAF = 2, PG_BIG = 1,	/* page header; flags of pages, of nodes */
	META_FREE_ROOT = 80, META_LAST = 136, META_TXN = 144, META_LEN = 152,
	TREE_DEPTH = 32, TAIL_MAX = 1 << 20	/* pages missing that anyone would believe in */
};

struct tail {
	int fd;
	uint32_t psize;
	uint64_t have, n;		/* pages of the file; pages missing behind them */
	uint64_t seen;
	uint8_t *free;			/* [n]: in the list */
};

static uint64_t le(const uint8_t *p, int bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}

/* bytes of a page and those behind it; 0: not in the file */
static int tail_read(struct tail *t, uint64_t page, uint8_t *p, size_t len)
{
	return page < t->have && io_pread(t->fd, p, len, page * t->psize, "index") == (ssize_t)len;
}

static void tail_note(struct tail *t, const uint8_t *list, size_t len)
{
	uint64_t i, page, n = len < 8 ? 0 : le(list, 8);

	for (i = 1; i <= n && (i + 1) * 8 <= len; i++) {
		page = le(list + 8 * i, 8);
		if (page >= t->have && page - t->have < t->n && !t->free[page - t->have]) {
			t->free[page - t->have] = 1;
			t->seen++;
		}
	}
}

/* the value of a leaf's node, which may lie on pages of its own */
static int tail_value(struct tail *t, const uint8_t *node, size_t room)
{
	size_t len = (size_t)le(node, 4), key = (size_t)le(node + 6, 2);
	uint8_t *big;
	int ok;

	if (key > room)
		return 0;
	room -= key;
	if (!(le(node + 4, 2) & PG_BIG)) {
		tail_note(t, node + 8 + key, len < room ? len : room);
		return len <= room;
	}
	if (room < 8 || len > 16 + 8 * (size_t)TAIL_MAX * 64)
		return 0;
	big = malloc(PG_HEAD + len);
	ok = big && tail_read(t, le(node + 8 + key, 8), big, PG_HEAD + len);
	if (ok)
		tail_note(t, big + PG_HEAD, len);
	free(big);
	return ok;
}

static int tail_walk(struct tail *t, uint64_t page, int depth)
{
	uint8_t *p = malloc(t->psize);
	size_t i, n, at;
	int ok = p && depth < TREE_DEPTH && tail_read(t, page, p, t->psize);
	unsigned flags = ok ? (unsigned)le(p + 10, 2) : 0;

	n = ok && le(p + 12, 2) >= PG_HEAD ? ((size_t)le(p + 12, 2) - PG_HEAD) / 2 : 0;
	ok = ok && (flags & (PG_BRANCH | PG_LEAF)) && PG_HEAD + 2 * n <= t->psize;
	for (i = 0; ok && i < n; i++) {
		at = (size_t)le(p + PG_HEAD + 2 * i, 2);
		ok = at >= PG_HEAD && at + 8 <= t->psize;
		if (ok && (flags & PG_BRANCH))
			ok = tail_walk(t, le(p + at, 6), depth + 1);
		else if (ok)
			ok = tail_value(t, p + at, t->psize - at - 8);
	}
	free(p);
	return ok;
}

/* the header of the last transaction */
static int tail_meta(const struct tail *t, uint8_t meta[META_LEN])
{
	uint8_t other[META_LEN];

	if (io_pread(t->fd, meta, META_LEN, 0, "index") != META_LEN ||
	    io_pread(t->fd, other, META_LEN, t->psize, "index") != META_LEN)
		return 0;
	if (le(other + META_TXN, 8) > le(meta + META_TXN, 8))
		memcpy(meta, other, META_LEN);
	return 1;
}

/* 1: no page that is in use lies behind the end of the file */
static int tail_unused(const char *file, uint32_t psize)
{
	struct tail t = { .fd = open(file, O_RDONLY | O_CLOEXEC), .psize = psize };
	uint8_t meta[META_LEN], after[META_LEN];
	struct stat sb;
	int ok = 0, again = 1, tries;

	for (tries = 0; t.fd >= 0 && again && tries < 8; tries++) {
		again = 0;
		if (!tail_meta(&t, meta) || fstat(t.fd, &sb) < 0)
			break;
		t.have = (uint64_t)sb.st_size / psize;
		ok = le(meta + META_LAST, 8) < t.have;
		t.n = ok ? 0 : le(meta + META_LAST, 8) + 1 - t.have;
		if (ok || t.n > TAIL_MAX)
			break;
		t.seen = 0;
		t.free = calloc(t.n, 1);
		ok = t.free && tail_walk(&t, le(meta + META_FREE_ROOT, 8), 0) && t.seen == t.n;
		free(t.free);
		/* writers may have been at work */
		again = !ok && tail_meta(&t, after) && memcmp(meta, after, META_LEN) != 0;
	}
	if (t.fd >= 0)
		close(t.fd);
	return ok;
}

/* ---- coming and going ----
 * LMDB from 0.9.30 on destroys the mutexes in its lock file when the last one closes the environment; who opens it at
 * that moment waits for that one's file lock, and then has mutexes that are no more: every transaction is EINVAL.  So
 * nobody opens while somebody closes.  Where the folder cannot be locked, it is as LMDB has it. */

static void gate(const struct db *d, int how)
{
	while (d->dirfd >= 0 && flock(d->dirfd, how) < 0 && errno == EINTR)
		;
}

static int env_open(struct db *d, const char *dir, unsigned flags)
{
	int rc;

	d->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gate(d, LOCK_SH);
	rc = mdb_env_open(d->env, dir, flags, 0644);
	gate(d, LOCK_UN);
	return rc;
}

int db_open(struct db *d, const char *dir, unsigned flags, int create)
{
	char file[4096];
	MDB_envinfo info;
	MDB_stat page;
	struct stat sb = { 0 };
	int rc;

	*d = (struct db){ .dirfd = -1 };
	snprintf(file, sizeof file, "%s/data.mdb", dir);
	if (stat(file, &sb) < 0 && (errno != ENOENT || !create))
		return err_sys("opening '%s'", file);
	if (sb.st_size == 0 && !create)
		return err_set(ERR_NOTFOUND, "the index is empty");
	if (sb.st_size > 0 && !headers_sane(file))
		return err_set(ERR_CORRUPT, "the index is damaged; run 'ipfrs-fsck -r'");
	if (sb.st_size > 64 * MIB)
		flags |= MDB_NORDAHEAD;
	rc = mdb_env_create(&d->env);
	if (rc)
		return db_err(rc, "opening");
	rc = mdb_env_set_maxreaders(d->env, DB_READERS);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(d->env, DB_N);
	if (rc == 0)
		rc = mdb_env_set_mapsize(d->env,
					 db_map_size((uint64_t)sb.st_size, (flags & MDB_RDONLY) != 0));
	if (rc == 0)
		rc = env_open(d, dir, flags | MDB_NOTLS);
	if (rc == 0)
		rc = mdb_env_info(d->env, &info);
	if (rc == 0)
		rc = mdb_env_stat(d->env, &page);
	if (rc) {
		rc = db_err(rc, "opening");
		db_close(d);
		return rc;
	}
	/* pages are written before the header that counts them: a shorter file was cut, and its
	 * map would end in SIGBUS */
	if (stat(file, &sb) == 0 &&
	    (uint64_t)sb.st_size / page.ms_psize < (uint64_t)info.me_last_pgno + 1 && !create &&
	    !tail_unused(file, page.ms_psize)) {
		db_close(d);
		return err_set(ERR_CORRUPT, "the index is cut short; run 'ipfrs-fsck -r'");
	}
	rc = open_all(d, create);
	if (rc < 0)
		db_close(d);
	return rc;
}

void db_close(struct db *d)
{
	if (d->env) {
		gate(d, LOCK_EX);
		mdb_env_close(d->env);
		if (d->dirfd >= 0)
			close(d->dirfd);	/* and with it the lock */
	}
	d->env = NULL;
	d->dirfd = -1;
}

static uint8_t *put(uint8_t *p, uint64_t v, int bytes)
{
	int i;

	for (i = 0; i < bytes; i++)
		*p++ = (uint8_t)(v >> (8 * i));
	return p;
}

void entry_encode(const struct entry *e, uint8_t out[ENTRY_LEN])
{
	uint8_t *p = put(out, e->seg, 4);

	p = put(p, e->off, 4);
	p = put(p, e->stored, 4);
	p = put(p, e->raw, 4);
	p = put(p, e->codec, 4);
	put(p, e->epoch << 8 | e->flags, 8);
}

int entry_decode(struct span value, struct entry *e)
{
	struct rd r = rd_from(value);
	uint64_t w;

	e->seg = rd_le32(&r);
	e->off = rd_le32(&r);
	e->stored = rd_le32(&r);
	e->raw = rd_le32(&r);
	e->codec = rd_le32(&r);
	w = rd_le64(&r);
	e->epoch = w >> 8;
	e->flags = (uint8_t)w;
	if (!rd_done(&r) || e->raw > STORE_BLOCK_MAX || e->stored > STORE_BLOCK_MAX || !e->seg)
		return err_set(ERR_CORRUPT, "the index: a bad row; run 'ipfrs-fsck -r'");
	return 0;
}

void seg_row_encode(const struct seg_row *s, uint8_t out[SEG_ROW_LEN])
{
	uint8_t *p = put(out, s->len, 4);

	p = put(p, s->synced, 4);
	p = put(p, s->flags, 4);
	p = put(p, s->n_live, 4);
	p = put(p, s->pads, 4);
	p = put(p, 0, 4);
	put(p, s->live, 8);
}

int seg_row_decode(struct span value, struct seg_row *s)
{
	struct rd r = rd_from(value);

	s->len = rd_le32(&r);
	s->synced = rd_le32(&r);
	s->flags = rd_le32(&r);
	s->n_live = rd_le32(&r);
	s->pads = rd_le32(&r);
	rd_le32(&r);
	s->live = rd_le64(&r);
	if (!rd_done(&r) || s->len < SEG_HEAD)
		return err_set(ERR_CORRUPT, "the index: a bad row of a segment; "
			       "run 'ipfrs-fsck -r'");
	return 0;
}

void stats_encode(const struct stats *s, uint8_t out[STATS_LEN])
{
	const uint64_t all[] = { s->n_blocks, s->raw, s->stored, s->seg_bytes, s->live, s->pads,
				 s->n_segs, s->next_seg, s->sweeps, s->n_unsynced };
	size_t i;

	for (i = 0; i < sizeof all / sizeof *all; i++)
		out = put(out, all[i], 8);
}

int stats_decode(struct span value, struct stats *s)
{
	struct rd r = rd_from(value);

	s->n_blocks = rd_le64(&r);
	s->raw = rd_le64(&r);
	s->stored = rd_le64(&r);
	s->seg_bytes = rd_le64(&r);
	s->live = rd_le64(&r);
	s->pads = rd_le64(&r);
	s->n_segs = rd_le64(&r);
	s->next_seg = rd_le64(&r);
	s->sweeps = rd_le64(&r);
	s->n_unsynced = rd_le64(&r);
	if (!rd_done(&r))
		return err_set(ERR_CORRUPT, "the index: bad counters; run 'ipfrs-fsck -r'");
	return 0;
}
