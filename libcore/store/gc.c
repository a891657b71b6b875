/*
 * gc.c - marks, and the sweep of what has none.
 * A sweep takes entries that are unmarked, not younger than the collection's beginning and not
 * younger than any live writer's lease.  What it may take is found out while others write; the
 * transaction then looks at each once more.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "store_priv.h"

enum {
	MARK_MEM = 16 << 20,
	SWEEP_MAX = 2048,		/* deletions of a transaction */
	SWEEP_MIN = 8,			/* when the disk is full */
	BUCKETS = 4096,
	PACE_TIMES = 4, PACE_MAX_MS = 100
};
enum { AGAIN_REMARK = 1, AGAIN_PROTECT = 2 };	/* why a transaction was left */

static int gc_lock(struct store *st, int *out)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int fd = openat(st->dirfd, "board/gc", O_RDWR | O_CREAT | O_CLOEXEC, 0644), rc;

	if (fd < 0)
		return err_sys("opening '%s/board/gc'", st->path);
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
		rc = errno == EAGAIN || errno == EACCES ?
		     err_set(ERR_BUSY, "another collection runs in '%s'", st->path) :
		     err_sys("locking '%s/board/gc'", st->path);
		close(fd);
		return rc;
	}
	*out = fd;
	return 0;
}

int store_gc_begin(struct store_gc **out, struct store *st)
{
	struct store_gc *gc;
	int rc;

	*out = NULL;
	if (!(st->flags & STORE_WRITE))
		return err_set(ERR_DENIED, "the store is open for reading only");
	rc = store_commit(st);
	if (rc < 0)
		return rc;
	gc = calloc(1, sizeof *gc);
	if (!gc)
		return err_nomem();
	*gc = (struct store_gc){ .st = st, .lockfd = -1, .leasefd = -1,
				 .roots = BUF_INIT(SIZE_MAX / 2) };
	rc = lease_open(st, &gc->leasefd);	/* makes board/ */
	if (rc == 0)
		rc = gc_lock(st, &gc->lockfd);
	if (rc == 0)
		rc = idset_new(&gc->marks, 8, MARK_MEM, st->tmpdir);
	if (rc < 0) {
		store_gc_end(gc);
		return rc;
	}
	rc = adopt_all(st);		/* garbage, too */
	if (rc < 0 && rc != ERR_NOSPACE) {
		store_gc_end(gc);
		return rc;
	}
	rc = store_seen_txn(st, &gc->start);	/* what is younger may not be seen where it is when it is marked */
	if (rc < 0) {
		store_gc_end(gc);
		return rc;
	}
	board_count(store_board(st), BOARD_GC_RUNS, 1);
	*out = gc;
	return 0;
}

void store_gc_end(struct store_gc *gc)
{
	if (!gc)
		return;
	if (gc->lockfd >= 0)
		layout_reserve(gc->st->dirfd);
	idset_free(gc->marks);
	buf_clear(&gc->roots);
	if (gc->leasefd >= 0)
		close(gc->leasefd);
	if (gc->lockfd >= 0)
		close(gc->lockfd);
	free(gc);
}

uint64_t gc_key(const struct entry *e)
{
	return (uint64_t)e->seg << 32 | e->off;
}

int store_gc_mark(struct store_gc *gc, const struct cid *cid)
{
	char text[CID_TEXT_MAX];
	struct entry e;
	uint64_t key;
	int rc = store_lookup(gc->st, cid_mh(cid), &e);

	if (rc == 0)
		return err_set(ERR_NOTFOUND, "block %s is not in the store", cid_text(cid, text));
	if (rc < 0)
		return rc;
	key = gc_key(&e);
	return idset_add(gc->marks, &key);
}

static int marked(struct store_gc *gc, const struct entry *e)
{
	uint64_t key = gc_key(e);

	return idset_has(gc->marks, &key);
}

int store_gc_marked(struct store_gc *gc, const struct cid *cid)
{
	struct entry e;
	int rc = store_lookup(gc->st, cid_mh(cid), &e);

	return rc <= 0 ? rc : marked(gc, &e);
}

/* ---- the sweep ---- */

struct cand {
	uint32_t mh_at, raw;
	uint8_t mh_len, gone;
};

struct sweep {
	struct store_gc *gc;
	struct store_sweep *s;
	uint64_t limit;			/* entries younger than this stay */
	uint64_t least;			/* of the leases, for a dry run */
	struct cand *cands;
	size_t n, from, to;		/* those of this transaction */
	struct buf mhs;
	uint64_t got_n, got_bytes;	/* in this transaction */
	int done;
	/* the histogram of ages */
	uint64_t lo, hi, width, *buckets;
};

static int root_seen(void *arg, const struct cid *cid)
{
	struct store_gc *gc = arg;
	const struct cid *known = (const void *)gc->roots.data;
	size_t i, n = gc->roots.len / sizeof *known;

	for (i = 0; i < n; i++)
		if (cid_equal(&known[i], cid))
			return 0;
	return buf_bytes(&gc->roots, cid, sizeof *cid);
}

/*
 * The index has one writer at a time, and whoever asks for it often gets it often.  Where others write,
 * we stand back as long as our last transaction took; alone we go on at once.
 */
int gc_write(struct store_gc *gc, enum index_sync sync, int (*fn)(struct wtx *w, void *arg), void *arg)
{
	struct timespec from, to, nap;
	int64_t ns;
	int rc;

	if (gc->txn && index_last_txn(gc->st->ix) > gc->txn) {
		ns = gc->took_ns * PACE_TIMES;
		if (ns > PACE_MAX_MS * INT64_C(1000000))
			ns = PACE_MAX_MS * INT64_C(1000000);
		nap = (struct timespec){ .tv_nsec = ns };
		nanosleep(&nap, NULL);
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	rc = index_write(gc->st->ix, sync, fn, arg);
	clock_gettime(CLOCK_MONOTONIC, &to);
	gc->took_ns = (to.tv_sec - from.tv_sec) * INT64_C(1000000000) + to.tv_nsec - from.tv_nsec;
	gc->txn = index_last_txn(gc->st->ix);
	return rc;
}

/* hand out the roots that were seen since the last time; outside a transaction */
static int hand_out(struct sweep *w)
{
	struct store_gc *gc = w->gc;
	struct cid cid;
	int rc = 0;

	while (rc >= 0 && gc->handed < gc->roots.len / sizeof cid) {
		memcpy(&cid, gc->roots.data + gc->handed * sizeof cid, sizeof cid);
		rc = w->s->protect_root ? w->s->protect_root(w->s->arg, &cid) : 0;
		if (rc >= 0)
			gc->handed++;
	}
	return rc < 0 ? rc : 0;
}

static int sweep_txn(struct wtx *tx, void *arg)
{
	struct sweep *w = arg;
	struct store_gc *gc = w->gc;
	uint64_t least;
	struct entry e;
	size_t i;
	int rc = 0;

	w->got_n = w->got_bytes = 0;
	if (w->s->roots_changed) {
		rc = w->s->roots_changed(w->s->arg);
		if (rc != 0)
			return rc < 0 ? rc : AGAIN_REMARK;
	}
	rc = lease_read(gc->leasefd, &least, root_seen, gc);
	if (rc < 0)
		return rc;
	if (gc->roots.len / sizeof(struct cid) > gc->handed)
		return AGAIN_PROTECT;
	if (least > w->limit)
		least = w->limit;
	for (i = w->from; i < w->to; i++) {
		struct cand *c = &w->cands[i];
		struct span mh = span_of(w->mhs.data + c->mh_at, c->mh_len);

		c->gone = 0;
		if (w->s->bytes_deleted + w->got_bytes >= w->s->want_bytes)
			continue;
		rc = wtx_get(tx, mh, &e);
		if (rc == 0 || (rc > 0 && e.epoch > least))
			continue;
		if (rc > 0)
			rc = marked(gc, &e);
		if (rc == 0)
			rc = wtx_del(tx, mh, &e);
		else if (rc > 0)
			continue;
		if (rc < 0)
			return rc;
		c->gone = 1;
		w->got_n++;
		w->got_bytes += e.raw;
	}
	if (w->got_n)
		tx->stats.sweeps++;
	return 0;
}

/* delete the candidates gathered so far */
static int sweep_now(struct sweep *w)
{
	const struct timespec nap = { .tv_nsec = 100000 };
	size_t step = SWEEP_MAX, i;
	int rc = 0;

	w->from = 0;
	while (rc >= 0 && w->from < w->n) {
		w->to = w->n - w->from < step ? w->n : w->from + step;
		/* a deletion a power cut takes back is no loss; the end of the sweep syncs all */
		rc = gc_write(w->gc, INDEX_LIGHT, sweep_txn, w);
		if (w->s->settled)
			w->s->settled(w->s->arg);
		if (rc == AGAIN_REMARK)
			rc = w->s->remark ? w->s->remark(w->s->arg) : 0;
		else if (rc == AGAIN_PROTECT)
			rc = hand_out(w);
		else if (rc == ERR_NOSPACE && step > SWEEP_MIN) {
			step /= 8;		/* a full disk: what was freed makes room */
			rc = 0;
		} else if (rc == ERR_NOSPACE && layout_unreserve(w->gc->st->dirfd)) {
			rc = 0;
		} else if (rc == 0) {
			w->s->n_deleted += w->got_n;
			w->s->bytes_deleted += w->got_bytes;
			for (i = w->from; rc >= 0 && w->s->deleted && i < w->to; i++)
				if (w->cands[i].gone)
					rc = w->s->deleted(w->s->arg, span_of(w->mhs.data +
						w->cands[i].mh_at, w->cands[i].mh_len),
						w->cands[i].raw);
			w->from = w->to;
			nanosleep(&nap, NULL);	/* who waits for the index gets it, not we */
		}
	}
	w->n = 0;
	buf_reset(&w->mhs);
	w->done = w->s->bytes_deleted >= w->s->want_bytes;
	return rc < 0 ? rc : 0;
}

static int dry(struct sweep *w, struct span mh, const struct entry *e)
{
	int rc = 0;

	if (e->epoch > w->least)
		return 0;
	w->s->n_deleted++;
	w->s->bytes_deleted += e->raw;
	if (w->s->deleted)
		rc = w->s->deleted(w->s->arg, mh, e->raw);
	w->done = w->s->bytes_deleted >= w->s->want_bytes;
	return rc < 0 ? rc : w->done;
}

static int sweep_row(void *arg, struct span key, struct span value)
{
	struct sweep *w = arg;
	struct entry e;
	int rc = entry_decode(value, &e);

	if (rc < 0 || e.epoch > w->limit)
		return rc;
	rc = marked(w->gc, &e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (w->s->dry_run)
		return dry(w, key, &e);
	w->cands[w->n++] = (struct cand){ .mh_at = (uint32_t)w->mhs.len, .raw = e.raw,
					  .mh_len = (uint8_t)key.len };
	rc = buf_add(&w->mhs, key);
	if (rc == 0 && w->n == SWEEP_MAX)
		rc = sweep_now(w);
	return rc < 0 ? rc : w->done;
}

static int sweep_up_to(struct sweep *w, uint64_t limit)
{
	int rc;

	w->limit = limit;
	rc = index_walk(w->gc->st->ix, DB_BLOCKS, span_of(NULL, 0), 0, 1, sweep_row, w);
	if (rc >= 0 && w->n && !w->done)
		rc = sweep_now(w);
	return rc < 0 ? rc : 0;
}

/* ---- oldest first: up to which age must one go for so many bytes? ---- */

static int age_row(void *arg, struct span key, struct span value)
{
	struct sweep *w = arg;
	struct entry e;
	int rc = entry_decode(value, &e);

	(void)key;
	if (rc < 0 || e.epoch < w->lo || e.epoch > w->hi)
		return rc;
	rc = marked(w->gc, &e);
	if (rc == 0)
		w->buckets[(e.epoch - w->lo) / w->width] += e.raw;
	return rc < 0 ? rc : 0;
}

static int age_for(struct sweep *w, uint64_t want, uint64_t *age)
{
	uint64_t below = 0, sum, i;
	int rc = 0;

	w->lo = 0;
	w->hi = w->gc->start;
	w->buckets = malloc(BUCKETS * sizeof *w->buckets);
	if (!w->buckets)
		return err_nomem();
	do {
		w->width = (w->hi - w->lo) / BUCKETS + 1;
		memset(w->buckets, 0, BUCKETS * sizeof *w->buckets);
		rc = index_walk(w->gc->st->ix, DB_BLOCKS, span_of(NULL, 0), 0, 1, age_row, w);
		for (i = 0, sum = below; i < BUCKETS && sum + w->buckets[i] < want; i++)
			sum += w->buckets[i];
		if (i == BUCKETS) {		/* all of it does not reach */
			w->lo = w->hi;
			break;
		}
		below = sum;
		w->lo += i * w->width;
		if (w->hi > w->lo + w->width - 1)
			w->hi = w->lo + w->width - 1;
	} while (rc == 0 && w->width > 1);
	*age = w->lo;
	free(w->buckets);
	w->buckets = NULL;
	return rc;
}

static int nothing(struct wtx *tx, void *arg)
{
	(void)tx;
	(void)arg;
	return 0;
}

/* what was worked out of blocks, of some that go perhaps; it can be made again as it was */
static void forget(int dirfd, const char *folder)
{
	if (remove_tree(dirfd, folder) < 0)
		log_info("store", "%s", err_text());
}

int store_gc_sweep(struct store_gc *gc, struct store_sweep *s)
{
	struct sweep w = { .gc = gc, .s = s, .mhs = BUF_INIT(SWEEP_MAX * (size_t)REC_MH_MAX) };
	uint64_t age = 0, least;
	int rc;

	s->n_deleted = s->bytes_deleted = 0;
	if (s->want_bytes == 0)
		return 0;
	w.cands = calloc(SWEEP_MAX, sizeof *w.cands);
	if (!w.cands)
		return err_nomem();
	if (!s->dry_run) {
		forget(gc->st->dirfd, "cache");
		forget(gc->st->dirfd, "tmp/cache");
	}
	rc = lease_read(gc->leasefd, &least, root_seen, gc);
	if (rc == 0)
		rc = hand_out(&w);
	w.least = least;
	if (rc == 0 && s->want_bytes != UINT64_MAX) {
		rc = age_for(&w, s->want_bytes, &age);
		if (rc == 0 && age > 0)
			rc = sweep_up_to(&w, age - 1);
		if (rc == 0 && !w.done)
			rc = sweep_up_to(&w, age);
	} else if (rc == 0) {
		rc = sweep_up_to(&w, gc->start);
	}
	if (rc == 0 && s->n_deleted && !s->dry_run)
		rc = index_write(gc->st->ix, INDEX_SYNC, nothing, NULL);
	if (!s->dry_run) {
		board_count(store_board(gc->st), BOARD_GC_DELETED, s->n_deleted);
		board_count(gc->st->board, BOARD_GC_FREED, s->bytes_deleted);
	}
	free(w.cands);
	buf_clear(&w.mhs);
	return rc;
}
