/* check_index.c - is the index whole, and does it say what the segments say? */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spill.h"
#include "store_priv.h"

enum { LOOKS = 3 };

/* ---- is the index fit to be read? ---- */

/* A damaged tree may send LMDB anywhere, so a child looks first: each database from end to end,
 * keys ascending, as many as it says. */
static int walk_everything(const char *dir)
{
	struct db db;
	MDB_txn *txn;
	MDB_cursor *cur;
	MDB_stat st;
	int i, rc = db_open(&db, dir, MDB_RDONLY | MDB_NOLOCK, 0);

	if (rc < 0 || mdb_txn_begin(db.env, NULL, MDB_RDONLY, &txn))
		return 1;
	for (i = 0; i < DB_N; i++) {
		uint8_t last[512];
		size_t last_len = 0, n = 0, sum = 0, k;
		MDB_val key, value;

		if (mdb_stat(txn, db.dbi[i], &st) || mdb_cursor_open(txn, db.dbi[i], &cur))
			return 1;
		while ((rc = mdb_cursor_get(cur, &key, &value, MDB_NEXT)) == 0) {
			if (++n > st.ms_entries || key.mv_size == 0 || key.mv_size > sizeof last)
				return 1;
			if (last_len && span_cmp(span_of(last, last_len),
						 span_of(key.mv_data, key.mv_size)) >= 0)
				return 1;
			memcpy(last, key.mv_data, last_len = key.mv_size);
			for (k = 0; k < value.mv_size; k += 512)
				sum += ((const uint8_t *)value.mv_data)[k];
		}
		if (rc != MDB_NOTFOUND || n != st.ms_entries || sum == SIZE_MAX)
			return 1;
	}
	return 0;
}

int check_index_sound(const char *path)
{
	char dir[4096];
	int status;
	pid_t pid;

	if (snprintf(dir, sizeof dir, "%s/index", path) >= (int)sizeof dir)
		return err_set(ERR_LIMIT, "the path '%s' is too long", path);
	pid = fork();
	if (pid < 0)
		return err_sys("starting a process");
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		_exit(walk_everything(dir));
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys("waiting for a process");
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int check_suspect(struct check *c, struct span mh, uint32_t codec)
{
	uint8_t row[4 + REC_MH_MAX];
	int i;

	for (i = 0; i < 4; i++)
		row[i] = (uint8_t)(codec >> (8 * i));
	memcpy(row + 4, mh.p, mh.len);
	return spill_add(c->suspects, span_of(row, 4 + mh.len));
}

/* ---- the entries against the segments ---- */

struct sums {
	struct check *c;
	struct stats s;
	uint64_t n_good;		/* entries at records found good */
	struct buf segs, wrong;		/* struct seg_sum, as they come; u32 ids of those whose row says otherwise */
	size_t hint;
};
struct seg_sum {
	uint32_t id, n;
	uint64_t live;
};

static int add_to_segment(struct sums *u, const struct entry *e, size_t mh_len)
{
	struct seg_sum *s = (void *)u->segs.data, fresh = { .id = e->seg };
	size_t n = u->segs.len / sizeof *s, i;
	int rc;

	if (u->hint < n && s[u->hint].id == e->seg) {
		i = u->hint;
	} else {
		for (i = 0; i < n && s[i].id != e->seg; i++)
			;
		if (i == n) {
			rc = buf_bytes(&u->segs, &fresh, sizeof fresh);
			if (rc < 0)
				return rc;
			s = (void *)u->segs.data;
		}
	}
	u->hint = i;
	s[i].n++;
	s[i].live += rec_total(mh_len, e->stored);
	return 0;
}

/* 1: the entry is right after all (it moved while we read), 0: it is not; `why` says */
static int look_again(struct check *c, struct span mh, struct entry *e, char why[256])
{
	struct buf raw = BUF_INIT(STORE_BLOCK_MAX);
	struct cid cid;
	int rc = 0, i;

	if (cid_make_mh(&cid, 1, CID_RAW, mh) < 0) {
		snprintf(why, 256, "its key is no multihash");
		return 0;
	}
	for (i = 0; i < LOOKS; i++) {
		rc = store_lookup(c->st, mh, e);
		if (rc <= 0) {
			rc = rc < 0 ? rc : 1;	/* deleted meanwhile */
			break;
		}
		buf_reset(&raw);
		rc = store_get(c->st, &cid, &raw);
		if (rc != ERR_CORRUPT) {
			rc = rc == ERR_NOTFOUND || rc == 0 ? 1 : rc;
			break;
		}
		snprintf(why, 256, "%s", err_text());
		rc = 0;
	}
	buf_clear(&raw);
	return rc;
}

static int seg_there(const struct check *c, uint32_t id)
{
	char name[SEG_NAME_MAX];

	return faccessat(c->dirfd, seg_name(id, name), F_OK, 0) == 0;
}

static int entry_row(void *arg, struct span key, struct span value)
{
	struct sums *u = arg;
	struct check *c = u->c;
	char text[CID_TEXT_MAX], why[256] = "";
	struct entry e;
	uint64_t at;
	int rc = entry_decode(value, &e);

	if (rc < 0) {
		check_fault(c, c->repair, "the index: the row of block %s is damaged",
			    block_text(key, REC_CODEC_NONE, text));
		c->reindex = 1;
		return check_suspect(c, key, REC_CODEC_NONE);
	}
	u->s.n_blocks++;
	u->s.raw += e.raw;
	u->s.stored += e.stored;
	u->s.live += rec_total(key.len, e.stored);
	rc = add_to_segment(u, &e, key.len);
	if (rc < 0)
		return rc;
	at = gc_key(&e);
	rc = idset_has(c->good, &at);
	u->n_good += rc == 1;
	if (rc == 0)
		rc = look_again(c, key, &e, why);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	c->reindex = 1;
	if (!seg_there(c, e.seg))
		c->holes = 1;
	if (c->repair)			/* told once it is known whether another copy is there */
		return check_suspect(c, key, e.codec);
	check_fault(c, 0, "block %s: segment '%08x', offset %" PRIu32 ": not readable",
		    block_text(key, e.codec, text), e.seg, e.off);
	return 0;
}

static int same_stats(const struct stats *a, const struct stats *b)
{
	uint8_t x[STATS_LEN], y[STATS_LEN];

	stats_encode(a, x);
	stats_encode(b, y);
	return memcmp(x, y, sizeof x) == 0;
}

static int seg_counts(void *arg, struct span key, struct span value)
{
	struct sums *u = arg;
	const struct seg_sum *s = (const void *)u->segs.data;
	size_t n = u->segs.len / sizeof *s, i;
	struct seg_row row;
	uint32_t id = 0;
	int rc = seg_row_decode(value, &row);

	for (i = 0; i < key.len && i < 4; i++)
		id = id << 8 | key.p[i];
	if (rc < 0 || key.len != 4) {
		check_fault(u->c, u->c->repair, "the index: the row of segment '%08x' is damaged",
			    id);
		u->c->reindex = 1;
		return 0;
	}
	for (i = 0; i < n && s[i].id != id; i++)
		;
	if (row.n_live != (i < n ? s[i].n : 0) || row.live != (i < n ? s[i].live : 0))
		rc = buf_bytes(&u->wrong, &id, sizeof id);	/* unless somebody writes meanwhile */
	u->s.n_segs++;
	u->s.seg_bytes += row.len;
	u->s.pads += row.pads;
	u->s.n_unsynced += row.synced < row.len;
	return rc < 0 ? rc : 0;
}

/* what the counters of the index should be, and are not */
static void compare(struct sums *u, const struct stats *is)
{
	struct check *c = u->c;
	uint32_t id;
	size_t at;

	for (at = 0; at < u->wrong.len; at += sizeof id) {
		memcpy(&id, u->wrong.data + at, sizeof id);
		check_fault(c, c->repair, "the index: wrong counters of segment '%08x'", id);
		c->reindex = 1;
	}
	if (!same_stats(&u->s, is)) {
		check_fault(c, c->repair, "the index: wrong counters");
		c->reindex = 1;
	}
	if (u->n_good > idset_count(c->good)) {
		check_fault(c, c->repair, "the index: two entries at one record");
		c->reindex = 1;
	}
}

int check_entries(struct check *c)
{
	struct sums u = { .c = c, .segs = BUF_INIT(SIZE_MAX / 2), .wrong = BUF_INIT(SIZE_MAX / 2) };
	struct stats stats = { 0 };
	uint64_t txn, now = 0;
	int rc = store_seen_txn(c->st, &txn);

	if (rc == 0)
		rc = store_read_stats(c->st, &stats);
	if (rc == 0)
		rc = index_walk(c->st->ix, DB_BLOCKS, span_of(NULL, 0), 0, 0, entry_row, &u);
	if (rc == 0)
		rc = store_seen_txn(c->st, &now);
	if (rc == 0 && now == txn)
		rc = index_walk(c->st->ix, DB_SEGS, span_of(NULL, 0), 0, 0, seg_counts, &u);
	u.s.next_seg = stats.next_seg;
	u.s.sweeps = stats.sweeps;
	if (rc == 0)
		rc = store_seen_txn(c->st, &now);
	if (rc == 0 && now == txn)		/* nobody wrote meanwhile */
		compare(&u, &stats);
	c->r->n_blocks = u.s.n_blocks;
	buf_clear(&u.segs);
	buf_clear(&u.wrong);
	return rc;
}
