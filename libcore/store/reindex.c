/*
 * reindex.c - the index from the segments alone.
 * Every record that is whole goes through an external sort, so that the new index is filled from
 * front to back whatever its size; it takes the place of the old one in one rename.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/rd.h"
#include "base/spill.h"
#include "store_priv.h"

enum { SORT_MEM = 8 << 20, TXN_ROWS = 32768, MIB = 1 << 20 };

void report_say(struct store_report *r, int fixed, const char *fmt, ...)
{
	char text[CID_TEXT_MAX + 512];
	va_list ap;

	if (!r->say)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	r->say(r->arg, fixed, text);
}

char *block_text(struct span mh, uint32_t codec, char text[CID_TEXT_MAX])
{
	uint64_t c = codec == REC_CODEC_NONE ? CID_RAW : codec;
	struct cid cid;
	size_t i;

	if (cid_make_mh(&cid, 0, c, mh) == 0 || cid_make_mh(&cid, 1, c, mh) == 0)
		return cid_text(&cid, text);
	for (i = 0; i < mh.len && i < 64; i++)
		sprintf(text + 2 * i, "%02x", mh.p[i]);
	return text;
}

struct built {
	uint32_t id;
	struct seg_row row;
};

struct build {
	int dirfd;
	const char *path;
	struct store_report *r;
	struct spill *sort;
	struct built *segs;
	size_t n_segs;
	uint64_t bytes;			/* of index rows, for the map */
	struct db db;
	struct stats stats;
};

/* a row of the sort: u8 length, multihash, entry */
static int add_record(struct build *b, uint32_t id, const struct rec *r)
{
	struct entry e = { .seg = id, .off = r->off, .stored = r->stored_len, .raw = r->raw_len,
			   .codec = r->codec, .flags = r->flags };
	uint8_t row[1 + REC_MH_MAX + ENTRY_LEN];

	if (r->mh_len > MH_BYTES_MAX)
		return 0;
	row[0] = r->mh_len;
	memcpy(row + 1, r->mh, r->mh_len);
	entry_encode(&e, row + 1 + r->mh_len);
	b->bytes += r->mh_len + (uint64_t)ENTRY_LEN + 16;
	return spill_add(b->sort, span_of(row, 1 + (size_t)r->mh_len + ENTRY_LEN));
}

static int cmp_rows(struct span a, struct span b)
{
	return span_cmp(span_of(a.p + 1, a.p[0]), span_of(b.p + 1, b.p[0]));
}

static int scan_file(struct build *b, struct built *seg, int fd, uint64_t size)
{
	struct store_report *r = b->r;
	uint64_t good_end = SEG_HEAD, bad_len = 0, bad_n = 0;
	struct scanned s;
	struct scan scan;
	int rc = scan_start(&scan, fd, size, "a segment");

	if (rc < 0)
		return rc;
	while ((rc = scan_next(&scan, &s)) == 1) {
		uint64_t total = rec_total(s.rec.mh_len, s.rec.stored_len);

		if (s.gap_len) {
			bad_n++;
			bad_len += s.gap_len;
		}
		if (s.bad) {
			bad_n++;
			bad_len += total;
			continue;
		}
		/* damage before something good is damage; at the end it is unfinished work */
		if (bad_n) {
			report_say(r, 0, "segment '%08x': %" PRIu64 " damaged bytes before offset %"
				   PRIu32, seg->id, bad_len, s.rec.off);
			r->n_bad_records += bad_n;
			r->bytes_bad += bad_len;
			bad_n = bad_len = 0;
			seg->row.flags |= SEG_FULL;
		}
		if (s.rec.flags & REC_PAD) {
			seg->row.pads += (uint32_t)total;
		} else {
			r->n_records++;
			rc = add_record(b, seg->id, &s.rec);
			if (rc < 0)
				break;
		}
		good_end = s.rec.off + total;
	}
	scan_end(&scan);
	seg->row.len = seg->row.synced = (uint32_t)good_end;
	return rc;
}

/* 1: the segment goes into the index; 0: nothing in it */
static int scan_segment(struct build *b, uint32_t id, struct built *seg)
{
	char name[SEG_NAME_MAX];
	uint8_t head[SEG_HEAD];
	struct stat sb;
	int fd = openat(b->dirfd, seg_name(id, name), O_RDONLY | O_CLOEXEC), rc;
	ssize_t got;

	*seg = (struct built){ .id = id };
	if (fd < 0)
		return err_sys("opening segment '%08x'", id);
	if (fstat(fd, &sb) < 0) {
		rc = err_sys("looking at segment '%08x'", id);
		goto out;
	}
	got = io_pread(fd, head, sizeof head, 0, name);
	rc = got < 0 ? (int)got : 0;
	if (rc < 0 || got < SEG_HEAD)		/* a writer died making it */
		goto out;
	rc = seg_head_check(head, id);
	if (rc == ERR_UNSUPPORTED)
		goto out;
	if (rc < 0) {
		report_say(b->r, 0, "%s", err_text());
		seg->row.flags |= SEG_FULL;
	}
	rc = scan_file(b, seg, fd, sb.st_size < UINT32_MAX ? (uint64_t)sb.st_size : UINT32_MAX);
	if (rc == 0)
		rc = io_sync(fd, name);		/* the index will call it durable */
	if (rc == 0)
		rc = 1;
out:
	close(fd);
	return rc;
}

static int scan_all(struct build *b)
{
	uint32_t *ids = NULL;
	size_t n = 0, i;
	int rc = seg_list(b->dirfd, &ids, &n);

	if (rc == 0 && !(b->segs = calloc(n + 1, sizeof *b->segs)))
		rc = err_nomem();
	for (i = 0; rc >= 0 && i < n; i++) {
		rc = scan_segment(b, ids[i], &b->segs[b->n_segs]);
		if (rc > 0)
			b->n_segs++;
		b->stats.next_seg = (uint64_t)ids[i] + 1;
	}
	free(ids);
	return rc < 0 ? rc : 0;
}

static struct built *seg_of(struct build *b, uint32_t id)
{
	size_t lo = 0, hi = b->n_segs;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (b->segs[mid].id == id)
			return &b->segs[mid];
		if (b->segs[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static int put_row(struct build *b, MDB_txn *txn, struct span row)
{
	MDB_val k = { row.p[0], (void *)(uintptr_t)(row.p + 1) }, v;
	uint8_t value[ENTRY_LEN];
	struct built *seg;
	struct entry e;
	int rc = entry_decode(span_of(row.p + 1 + row.p[0], ENTRY_LEN), &e);

	if (rc < 0)
		return rc;
	e.epoch = mdb_txn_id(txn);
	entry_encode(&e, value);
	v = (MDB_val){ sizeof value, value };
	rc = mdb_put(txn, b->db.dbi[DB_BLOCKS], &k, &v, MDB_APPEND);
	if (rc)
		return db_err(rc, "building");
	seg = seg_of(b, e.seg);
	seg->row.n_live++;
	seg->row.live += rec_total(row.p[0], e.stored);
	b->stats.n_blocks++;
	b->stats.raw += e.raw;
	b->stats.stored += e.stored;
	b->stats.live += rec_total(row.p[0], e.stored);
	return 0;
}

static int put_facts(struct build *b, MDB_txn *txn)
{
	uint8_t key[4], row[SEG_ROW_LEN], stats[STATS_LEN];
	MDB_val k, v;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < b->n_segs; i++) {
		struct built *s = &b->segs[i];

		key[0] = (uint8_t)(s->id >> 24);
		key[1] = (uint8_t)(s->id >> 16);
		key[2] = (uint8_t)(s->id >> 8);
		key[3] = (uint8_t)s->id;
		seg_row_encode(&s->row, row);
		k = (MDB_val){ sizeof key, key };
		v = (MDB_val){ sizeof row, row };
		rc = mdb_put(txn, b->db.dbi[DB_SEGS], &k, &v, MDB_APPEND);
		b->stats.n_segs++;
		b->stats.seg_bytes += s->row.len;
		b->stats.pads += s->row.pads;
	}
	stats_encode(&b->stats, stats);
	k = (MDB_val){ 5, (void *)(uintptr_t)"stats" };
	v = (MDB_val){ sizeof stats, stats };
	if (rc == 0)
		rc = mdb_put(txn, b->db.dbi[DB_STATE], &k, &v, 0);
	return rc ? db_err(rc, "building") : 0;
}

/* rows come sorted; of those with one key the last is the youngest copy */
static int fill(struct build *b)
{
	struct buf held = BUF_INIT(1 + REC_MH_MAX + ENTRY_LEN);
	struct span row;
	MDB_txn *txn = NULL;
	int rc, more, n = 0;

	rc = spill_read(b->sort);
	if (rc == 0 && (rc = mdb_txn_begin(b->db.env, NULL, 0, &txn)))
		rc = db_err(rc, "building");
	while (rc == 0) {
		more = spill_next(b->sort, &row);
		if (more < 0) {
			rc = more;
			break;
		}
		if (held.len && (!more || cmp_rows(buf_span(&held), row) != 0)) {
			rc = put_row(b, txn, buf_span(&held));
			if (rc == 0 && ++n % TXN_ROWS == 0) {
				rc = mdb_txn_commit(txn);
				txn = NULL;
				if (rc == 0)
					rc = mdb_txn_begin(b->db.env, NULL, 0, &txn);
				if (rc)
					rc = db_err(rc, "building");
			}
		}
		if (!more)
			break;
		buf_reset(&held);
		if (rc == 0)
			rc = buf_add(&held, row);
	}
	if (rc == 0)
		rc = put_facts(b, txn);
	if (rc == 0) {
		rc = mdb_txn_commit(txn);
		txn = NULL;
		if (rc == 0)
			rc = mdb_env_sync(b->db.env, 1);
		if (rc)
			rc = db_err(rc, "building");
	}
	if (txn)
		mdb_txn_abort(txn);
	buf_clear(&held);
	return rc;
}

/* index.new takes the place of index */
static int swap(struct build *b)
{
	int rc;

	rc = renameat2(b->dirfd, "index.new", b->dirfd, "index", RENAME_EXCHANGE);
	if (rc < 0 && errno == ENOENT)		/* there was none */
		rc = renameat(b->dirfd, "index.new", b->dirfd, "index");
	else if (rc < 0 && (errno == EINVAL || errno == ENOSYS)) {
		rc = remove_tree(b->dirfd, "index");
		if (rc < 0)
			return rc;
		rc = renameat(b->dirfd, "index.new", b->dirfd, "index");
	}
	if (rc < 0)
		return err_sys("renaming '%s/index.new' to 'index'", b->path);
	rc = io_sync_dir(b->dirfd, ".");
	return rc < 0 ? rc : remove_tree(b->dirfd, "index.new");
}

int reindex_locked(int dirfd, const char *path, struct store_report *r)
{
	struct build b = { .dirfd = dirfd, .path = path, .r = r, .stats = { .next_seg = 1 } };
	char dir[4096], tmp[4096];
	int rc;

	r->n_records = r->n_blocks = r->n_bad_records = r->bytes_bad = 0;
	if (snprintf(dir, sizeof dir, "%s/index.new", path) >= (int)sizeof dir)
		return err_set(ERR_LIMIT, "the path '%s' is too long", path);
	snprintf(tmp, sizeof tmp, "%s/tmp", path);
	rc = remove_tree(dirfd, "index.new");
	if (rc == 0 && mkdirat(dirfd, "index.new", layout_mode("index")) < 0)
		rc = err_sys("making folder '%s'", dir);
	if (rc == 0 && mkdirat(dirfd, "tmp", layout_mode("tmp")) < 0 && errno != EEXIST)
		rc = err_sys("making folder '%s'", tmp);
	if (rc == 0)
		rc = spill_new(&b.sort, tmp, SORT_MEM, cmp_rows);
	if (rc == 0)
		rc = scan_all(&b);
	if (rc == 0)
		rc = db_open(&b.db, dir, MDB_NOSYNC, 1);
	if (rc == 0) {
		rc = mdb_env_set_mapsize(b.db.env, (b.bytes + b.bytes / 4) / MIB * MIB + 16 * MIB);
		rc = rc ? db_err(rc, "building") : fill(&b);
	}
	db_close(&b.db);
	if (rc == 0)
		rc = io_sync_dir(dirfd, "index.new");
	/* transactions are counted anew, and the leases speak of the old count; as do requests of the old ends of segments */
	if (rc == 0 && unlinkat(dirfd, "board/leases", 0) < 0 && errno != ENOENT)
		rc = err_sys("removing '%s/board/leases'", path);
	if (rc == 0 && unlinkat(dirfd, "board/commits", 0) < 0 && errno != ENOENT)
		rc = err_sys("removing '%s/board/commits'", path);
	if (rc == 0)
		rc = swap(&b);
	if (rc < 0)
		remove_tree(dirfd, "index.new");
	r->n_blocks = b.stats.n_blocks;
	spill_free(b.sort);
	free(b.segs);
	return rc;
}

int store_reindex(const char *path, struct store_report *r)
{
	int dirfd = -1, lock = -1, rc;
	char *real = NULL;

	r->n_records = r->n_blocks = r->n_bad_records = r->bytes_bad = 0;
	rc = layout_open(path, &dirfd);
	if (rc == 0)
		rc = layout_version(dirfd, path);
	if (rc == 0 && !(real = realpath(path, NULL)))
		rc = err_sys("opening '%s'", path);
	if (rc == 0)
		rc = layout_lock(dirfd, path, LOCK_EX, &lock);
	if (rc == 0)
		rc = reindex_locked(dirfd, real, r);
	free(real);
	if (lock >= 0)
		close(lock);
	if (dirfd >= 0)
		close(dirfd);
	return rc;
}
