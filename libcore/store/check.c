/*
 * check.c - everything in a store against everything else.
 * Segments are read from front to back, every record against its checksum and its hash; then
 * every entry of the index must point at one of the records found good, and the counters must be
 * their sums.  Repair writes damaged segments anew and then makes the index from them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/rd.h"
#include "base/spill.h"
#include "store_priv.h"

enum { GOOD_MEM = 16 << 20, SUSPECT_MEM = 1 << 20 };

/* ---- segments ---- */

static int is_damaged(struct check *c, uint32_t id)
{
	uint32_t last;

	c->holes = 1;
	if (c->damaged.len) {
		memcpy(&last, c->damaged.data + c->damaged.len - sizeof last, sizeof last);
		if (last == id)
			return 0;
	}
	return buf_bytes(&c->damaged, &id, sizeof id);
}

/* a good record that the index points at is remembered */
static int note_good(struct check *c, uint32_t id, const struct rec *r, uint64_t row_end)
{
	struct entry e;
	uint64_t key;
	int rc;

	c->r->n_records++;
	if (!c->st)
		return 0;
	rc = store_lookup(c->st, span_of(r->mh, r->mh_len), &e);
	if (rc == ERR_CORRUPT) {		/* its row; the walk over all rows tells */
		c->reindex = 1;
		return 0;
	}
	if (rc <= 0) {
		c->n_unknown += rc == 0 && r->off >= row_end;
		return rc;
	}
	if (e.seg != id || e.off != r->off || e.stored != r->stored_len || e.raw != r->raw_len ||
	    e.flags != r->flags)
		return 0;
	key = gc_key(&e);
	rc = idset_add(c->good, &key);
	return rc < 0 ? rc : 0;
}

/* row_end: what stands before it, the index speaks of; behind it there is only unfinished work */
static int check_records(struct check *c, uint32_t id, int fd, uint64_t end, uint64_t row_end)
{
	struct buf raw = BUF_INIT(STORE_BLOCK_MAX);
	char text[CID_TEXT_MAX];
	struct scanned s;
	struct scan scan;
	int rc = scan_start(&scan, fd, end, "a segment"), more = 1, good;

	while (rc == 0 && more) {
		more = scan_next(&scan, &s);
		if (more < 0) {
			rc = more;
			break;
		}
		if (s.gap_len && (c->st ? s.gap_at < row_end : more)) {
			check_fault(c, c->repair, "segment '%08x', offset %" PRIu64 ": %" PRIu64
				    " damaged bytes", id, s.gap_at, s.gap_len);
			c->r->n_bad_records++;
			c->r->bytes_bad += s.gap_len;
			rc = is_damaged(c, id);
		}
		if (!more || rc < 0 || (s.rec.flags & REC_PAD))
			continue;
		good = record_is_good(&s, &raw);
		if (good != 0) {
			rc = good < 0 ? good : note_good(c, id, &s.rec, row_end);
			continue;
		}
		if (c->st ? s.rec.off >= row_end : scan.off >= end)
			continue;		/* the torn end */
		check_fault(c, c->repair, "segment '%08x', offset %" PRIu32 ": the record of block "
			    "%s %s", id, s.rec.off, block_text(span_of(s.rec.mh, s.rec.mh_len),
			    s.rec.codec, text), s.bad ? "has a bad checksum" :
			    "does not hash to its name");
		c->r->n_bad_records++;
		c->r->bytes_bad += rec_total(s.rec.mh_len, s.rec.stored_len);
		rc = is_damaged(c, id);
		if (rc == 0 && !c->st)
			rc = check_suspect(c, span_of(s.rec.mh, s.rec.mh_len), s.rec.codec);
	}
	scan_end(&scan);
	buf_clear(&raw);
	return rc;
}

static int check_head(struct check *c, uint32_t id, int fd)
{
	char name[SEG_NAME_MAX];
	uint8_t head[SEG_HEAD];
	int rc, w;

	if (io_pread(fd, head, sizeof head, 0, "a segment") != SEG_HEAD)
		return 0;			/* told as cut short */
	rc = seg_head_check(head, id);
	if (rc == 0 || rc == ERR_UNSUPPORTED)
		return rc;
	if (c->repair) {
		w = openat(c->dirfd, seg_name(id, name), O_RDWR | O_CLOEXEC);
		if (w < 0)
			return err_sys("opening segment '%08x'", id);
		seg_head_encode(id, head);
		rc = io_pwrite(w, head, sizeof head, 0, "a segment");
		if (rc == 0)
			rc = io_sync(w, "a segment");
		close(w);
		if (rc < 0)
			return rc;
	}
	check_fault(c, c->repair, "segment '%08x': bad header", id);
	return 0;
}

static int check_segment(struct check *c, uint32_t id)
{
	char name[SEG_NAME_MAX];
	struct seg_row row = { 0 };
	struct stat sb;
	uint64_t end;
	int known = c->st ? store_read_row(c->st, id, &row) : 0, fd, rc;

	if (known == ERR_CORRUPT) {
		c->reindex = 1;
		known = 0;
	}
	/* no row: what a dead writer began.  A repair takes in what is good of it. */
	if (known < 0 || (c->st && !known && !c->repair))
		return known;
	fd = openat(c->dirfd, seg_name(id, name), O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		if (c->st && store_read_row(c->st, id, &row) == 1) {
			check_fault(c, c->repair, "segment '%08x' is missing", id);
			c->reindex = c->holes = 1;
		}
		return 0;
	}
	if (fd < 0)
		return err_sys("opening segment '%08x'", id);
	rc = fstat(fd, &sb) < 0 ? err_sys("looking at segment '%08x'", id) : 0;
	end = (uint64_t)sb.st_size;
	if (known && end < row.len) {
		check_fault(c, c->repair, "segment '%08x' is cut short: %" PRIu64 " bytes of %"
			    PRIu32, id, end, row.len);
		rc = is_damaged(c, id);
	} else if (known && !c->repair) {
		end = row.len;
	}
	if (end > UINT32_MAX)
		end = UINT32_MAX;
	if (rc == 0 && (known || !c->st))
		rc = check_head(c, id, fd);
	if (rc == 0 && end > SEG_HEAD)
		rc = check_records(c, id, fd, end, row.len);
	close(fd);
	return rc;
}

static int row_id(void *arg, struct span key, struct span value)
{
	uint32_t id;

	(void)value;
	if (key.len != 4)
		return 0;
	id = (uint32_t)key.p[0] << 24 | (uint32_t)key.p[1] << 16 | (uint32_t)key.p[2] << 8 |
	     key.p[3];
	return buf_bytes(arg, &id, sizeof id);
}

static int by_id(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* every segment that has a file or a row */
static int check_segments(struct check *c)
{
	struct buf all = BUF_INIT(SIZE_MAX / 2);
	uint32_t *ids = NULL, id, last = 0;
	size_t n = 0, at;
	int rc = seg_list(c->dirfd, &ids, &n);

	if (rc == ERR_NOTFOUND)
		rc = 0;				/* the folder is missing, and that was said */
	if (rc == 0 && n)
		rc = buf_bytes(&all, ids, n * sizeof *ids);
	if (rc == 0 && c->st)
		rc = index_walk(c->st->ix, DB_SEGS, span_of(NULL, 0), 0, 0, row_id, &all);
	if (all.len)
		qsort(all.data, all.len / sizeof id, sizeof id, by_id);
	for (at = 0; rc == 0 && at < all.len; at += sizeof id) {
		memcpy(&id, all.data + at, sizeof id);
		if (id != last)
			rc = check_segment(c, last = id);
	}
	free(ids);
	buf_clear(&all);
	return rc;
}

/* ---- what is lost ---- */

static int cmp_suspects(struct span a, struct span b)
{
	return span_cmp(span_of(a.p + 4, a.len - 4), span_of(b.p + 4, b.len - 4));
}

static int tell_lost(struct check *c)
{
	struct buf last = BUF_INIT(4 + REC_MH_MAX), raw = BUF_INIT(STORE_BLOCK_MAX);
	char text[CID_TEXT_MAX];
	struct span row, mh;
	struct cid cid;
	int rc = spill_read(c->suspects), more;

	while (rc == 0 && (more = spill_next(c->suspects, &row)) != 0) {
		struct rd r = rd_from(row);
		uint32_t codec = rd_le32(&r);

		if (more < 0) {
			rc = more;
			break;
		}
		mh = rd_rest(&r);
		if (last.len && cmp_suspects(buf_span(&last), row) == 0)
			continue;
		buf_reset(&last);
		rc = buf_add(&last, row);
		if (rc < 0)
			break;
		buf_reset(&raw);
		if (cid_make_mh(&cid, 1, CID_RAW, mh) == 0)
			rc = store_get(c->st, &cid, &raw);
		else
			rc = ERR_NOTFOUND;
		block_text(mh, codec, text);
		if (rc == 0) {
			report_say(c->r, 1, "block %s: another copy was found", text);
		} else if (rc == ERR_NOTFOUND || rc == ERR_CORRUPT) {
			/* with every byte of every segment in order it was the index that was
			 * wrong about its name */
			if (c->holes)
				check_fault(c, 0, "block %s is lost", text);
			rc = 0;
		}
	}
	buf_clear(&last);
	buf_clear(&raw);
	return rc;
}

static int mend(struct check *c)
{
	struct store_report inner = { 0 };
	uint32_t id;
	size_t at;
	int rc = 0;

	for (at = 0; rc == 0 && at < c->damaged.len; at += sizeof id) {
		memcpy(&id, c->damaged.data + at, sizeof id);
		rc = check_salvage(c, id);
	}
	if (rc == 0 && c->n_unknown)
		report_say(c->r, 1, "%" PRIu64 " good records the index did not know of",
			   c->n_unknown);
	if (rc == 0 && (c->reindex || c->damaged.len || c->n_unknown)) {
		store_close(c->st);
		c->st = NULL;
		rc = reindex_locked(c->dirfd, c->path, &inner);
		if (rc == 0)
			report_say(c->r, 1, "the index was built from the segments: %" PRIu64
				   " blocks", inner.n_blocks);
		if (rc == 0)
			rc = store_open_damaged(&c->st, c->path);
		c->r->n_blocks = inner.n_blocks;
	}
	return rc < 0 ? rc : tell_lost(c);
}

static int check_all(struct check *c)
{
	char why[512];
	int rc = check_layout(c), sound;

	if (rc < 0)
		return rc;
	sound = check_index_sound(c->path);
	if (sound < 0)
		return sound;
	if (sound) {
		rc = store_open_damaged(&c->st, c->path);
		if (rc < 0) {
			snprintf(why, sizeof why, "%s", err_text());
			check_fault(c, 0, "%s", why);
			return 0;
		}
	} else {
		check_fault(c, c->repair, "the index is missing or damaged");
		c->reindex = 1;
	}
	rc = check_segments(c);
	if (rc == 0 && c->st)
		rc = check_entries(c);
	if (rc == ERR_CORRUPT) {	/* somewhere in the index after all */
		snprintf(why, sizeof why, "%s", err_text());
		check_fault(c, c->repair, "%s", why);
		c->reindex = 1;
		rc = 0;
	}
	if (rc == 0 && c->repair)
		rc = mend(c);
	return rc;
}

int store_check(const char *path, int repair, struct store_report *r)
{
	struct check c = { .repair = repair, .dirfd = -1, .r = r,
			   .damaged = BUF_INIT(SIZE_MAX / 2) };
	int lock = -1, rc;
	char *real = NULL;

	r->n_records = r->n_blocks = r->n_bad_records = r->bytes_bad = 0;
	rc = layout_open(path, &c.dirfd);
	if (rc == 0 && faccessat(c.dirfd, "version", F_OK, 0) < 0 &&
	    !layout_has_segments(c.dirfd) && faccessat(c.dirfd, "config", F_OK, 0) < 0)
		rc = err_set(ERR_NOTFOUND, "no store at '%s'; run 'ipfrs-init'", path);
	if (rc == 0 && !(real = realpath(path, NULL)))
		rc = err_sys("opening '%s'", path);
	c.path = real;
	if (rc == 0 && repair)
		rc = layout_lock(c.dirfd, path, LOCK_EX, &lock);
	if (rc == 0)
		rc = idset_new(&c.good, 8, GOOD_MEM, NULL);
	if (rc == 0)
		rc = spill_new(&c.suspects, NULL, SUSPECT_MEM, cmp_suspects);
	if (rc == 0)
		rc = check_all(&c);
	store_close(c.st);
	idset_free(c.good);
	spill_free(c.suspects);
	buf_clear(&c.damaged);
	free(real);
	if (lock >= 0)
		close(lock);
	if (c.dirfd >= 0)
		close(c.dirfd);
	if (rc < 0)
		return rc;
	return c.left > INT32_MAX ? INT32_MAX : (int)c.left;
}
