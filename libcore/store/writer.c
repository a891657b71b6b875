/*
 * writer.c - the segment a handle appends to.
 * The lock (flock) on its file makes it ours; what stands behind the length the index knows is
 * nobody's promise, and whoever takes the segment over cuts it off.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "store_priv.h"

enum {
	GATHER = WRITER_GATHER,
	GATHER_KEEP = 64 << 10,		/* … that may stay in memory */
	COPY_MAX = 64 << 10,		/* larger records are not gathered */
	WRITE_OUT = 8 << 20,		/* bytes after which the disk is told to begin */
	LOOK_BACK = 256,		/* segments looked at for one with room */
	CREATE_TRIES = 4096,
	PAGE = 4096,
	CLONE_MIN = 64 << 10		/* bytes of payload worth sharing */
};

static void forget(struct writer *w)
{
	*w = (struct writer){ .fd = -1, .gather = w->gather, .most = w->most, .last = w->last };
}

static uint64_t floor_of(const struct writer *w)
{
	return w->committed ? w->committed : SEG_HEAD;
}

static int cut(struct writer *w, uint64_t len)
{
	int rc;

	do
		rc = ftruncate(w->fd, (off_t)len);
	while (rc < 0 && errno == EINTR);
	return rc < 0 ? err_sys("cutting segment '%08x'", w->id) : 0;
}

static void let_go(struct store *st)
{
	struct writer *w = &st->w;
	char name[SEG_NAME_MAX];

	if (w->fd >= 0) {
		if (st->pid != getpid() || w->abandoned)
			;			/* a child's copy, or nobody knows what was kept */
		else if (w->is_new)
			unlinkat(st->dirfd, seg_name(w->id, name), 0);
		else if (w->pos - w->have > w->committed)
			cut(w, w->committed);	/* the next owner would */
		close(w->fd);
	}
	forget(w);
}

void writer_close(struct store *st)
{
	let_go(st);
	free(st->w.gather);
	st->w = (struct writer){ .fd = -1 };
}

/* 1: there is something behind that end, or nobody knows */
static int is_longer(const struct writer *w, uint64_t end)
{
	struct stat sb;

	return fstat(w->fd, &sb) < 0 || (uint64_t)sb.st_size > end;
}

void writer_rollback(struct store *st)
{
	struct writer *w = &st->w;

	if (w->fd < 0) {
		w->pos = w->have = 0;
		return;
	}
	if (w->abandoned || (is_longer(w, floor_of(w)) && cut(w, floor_of(w)) < 0)) {
		writer_close(st);
		return;
	}
	w->pos = w->started = floor_of(w);
	w->have = 0;
	w->pads = 0;
}

void writer_rest(struct store *st)
{
	struct writer *w = &st->w;

	if (w->fd >= 0)
		w->last = w->is_new || w->abandoned ? 0 : w->id;
	let_go(st);
	if (w->most > GATHER_KEEP) {
		free(w->gather);
		w->gather = NULL;
		w->most = 0;
	}
}

int writer_gathers(struct writer *w)
{
	if (!w->gather)
		w->gather = malloc(GATHER);
	return w->gather ? 0 : err_nomem();
}

/* ---- finding one ---- */

/* 1: segment id is ours now.  0: it is not to be had. */
static int take(struct store *st, uint32_t id, int fd)
{
	struct writer *w = &st->w;
	struct stats stats;
	struct seg_row row;
	struct stat sb;
	uint8_t head[SEG_HEAD];
	uint64_t end;
	int rc, known;

	rc = seg_claim(st, id, fd);
	if (rc <= 0)
		return rc;
	if (fstat(fd, &sb) < 0)
		return err_sys("looking at segment '%08x'", id);
	if (sb.st_nlink == 0)			/* compacted away while we opened it */
		return 0;
	known = store_read_row(st, id, &row);	/* with the lock: nobody else changes it now */
	if (known < 0)
		return known;
	rc = known ? 0 : store_read_stats(st, &stats);
	if (rc < 0)
		return rc;
	if (known && ((row.flags & SEG_FULL) || (uint64_t)sb.st_size < row.len)) {
		if ((uint64_t)sb.st_size < row.len)
			log_warn("store", "segment '%08x' is cut short; run 'ipfrs-fsck -r'", id);
		return 0;
	}
	if (!known && id < stats.next_seg)	/* a remnant of one that is gone */
		return 0;
	rc = adopt_tail(st, id, fd, known ? row.len : SEG_HEAD, (uint64_t)sb.st_size, &end);
	if (rc < 0)
		return rc;
	if (known || end > SEG_HEAD) {
		known = 1;
		row.len = (uint32_t)end;
	}
	forget(w);
	w->fd = fd;
	w->id = id;
	w->is_new = !known;
	w->committed = known ? row.len : 0;
	rc = (uint64_t)sb.st_size == w->committed ? 0 : cut(w, w->committed);
	if (rc == 0 && !known) {
		seg_head_encode(id, head);
		rc = io_pwrite(fd, head, sizeof head, 0, "a segment");
	}
	w->pos = w->started = floor_of(w);
	if (rc < 0) {
		w->fd = -1;
		if (!known) {
			char name[SEG_NAME_MAX];

			unlinkat(st->dirfd, seg_name(id, name), 0);
		}
		forget(w);
		return rc;
	}
	return 1;
}

static int take_known(struct store *st, uint32_t id)
{
	char name[SEG_NAME_MAX];
	int fd = openat(st->dirfd, seg_name(id, name), O_RDWR | O_CLOEXEC), rc;

	if (fd < 0)
		return 0;			/* gone, or not ours to write */
	rc = take(st, id, fd);
	if (rc <= 0)
		close(fd);
	return rc;
}

/* one with room for so much: what is adopted may be as large as a segment can be */
static int take_new(struct store *st, uint64_t total)
{
	char name[SEG_NAME_MAX];
	struct stats stats;
	uint64_t id;
	int rc, fd, tries;

	rc = store_read_stats(st, &stats);
	if (rc < 0)
		return rc;
	id = stats.next_seg ? stats.next_seg : 1;
	for (tries = 0; tries < CREATE_TRIES; tries++, id++) {
		if (id >= UINT32_MAX)
			return err_set(ERR_LIMIT, "no more numbers for segments");
		seg_name((uint32_t)id, name);
		fd = openat(st->dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd < 0 && errno == EEXIST)	/* someone's, or left by someone who died */
			fd = openat(st->dirfd, name, O_RDWR | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return err_sys("creating '%s/%s'", st->path, name);
		rc = take(st, (uint32_t)id, fd);
		if (rc > 0 && st->w.pos + total <= UINT32_MAX)
			return 0;
		if (rc > 0)
			let_go(st);
		else
			close(fd);
		if (rc < 0)
			return rc;
	}
	return err_set(ERR_BUSY, "no number for a new segment; try again later");
}

/* ids of the youngest segments that have room, youngest first */
static int with_room(struct store *st, uint64_t total, uint32_t *ids)
{
	MDB_cursor *cur;
	MDB_val k, v;
	struct seg_row row;
	int n = 0, i, rc = read_begin(st->ix, &st->reader);

	if (rc < 0)
		return rc;
	rc = mdb_cursor_open(st->reader.txn, index_dbi(st->ix, DB_SEGS), &cur);
	if (rc == 0) {
		rc = mdb_cursor_get(cur, &k, &v, MDB_LAST);
		for (i = 0; rc == 0 && i < LOOK_BACK; i++) {
			const uint8_t *p = k.mv_data;

			if (k.mv_size == 4 &&
			    seg_row_decode(span_of(v.mv_data, v.mv_size), &row) == 0 &&
			    !(row.flags & SEG_FULL) && row.len + total <= st->seg_max)
				ids[n++] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
					   (uint32_t)p[2] << 8 | p[3];
			rc = mdb_cursor_get(cur, &k, &v, MDB_PREV);
		}
		mdb_cursor_close(cur);
	}
	read_end(st->ix, &st->reader);
	return rc && rc != MDB_NOTFOUND ? db_err(rc, "reading") : n;
}

int writer_is_full(const struct store *st, uint64_t total)
{
	return st->w.pos + total > st->seg_max && st->w.pos > SEG_HEAD;
}

int writer_own(struct store *st, uint64_t total)
{
	uint32_t ids[LOOK_BACK], last = st->w.last;
	int n, i, rc;

	st->w.last = 0;
	if (last) {			/* as a rule nobody else has taken it */
		rc = take_known(st, last);
		if (rc < 0 || (rc && !writer_is_full(st, total)))
			return rc < 0 ? rc : 0;
		if (rc)
			let_go(st);
	}
	n = with_room(st, total, ids);
	if (n < 0)
		return n;
	for (i = 0; i < n; i++) {
		rc = take_known(st, ids[i]);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	return take_new(st, total);
}

int writer_room(struct store *st, uint64_t total)
{
	struct writer *w = &st->w;
	int rc = writer_floats(w) ? writer_land(st) : 0;

	if (rc == 0 && w->fd >= 0)
		return writer_is_full(st, total);
	if (rc == 0)
		rc = writer_gathers(w);
	return rc < 0 ? rc : writer_own(st, total);
}

/* ---- writing ---- */

static void write_out(struct writer *w)
{
	uint64_t done = w->pos - w->have;

	if (done < w->started + WRITE_OUT)
		return;
	sync_file_range(w->fd, (off_t)w->started, (off_t)(done - w->started),
			SYNC_FILE_RANGE_WRITE);
	w->started = done;
}

int writer_flush(struct store *st)
{
	struct writer *w = &st->w;
	int rc = 0;

	if (w->have > w->most)
		w->most = w->have;
	if (w->fd >= 0 && w->have) {
		rc = io_pwrite(w->fd, w->gather, w->have, w->pos - w->have, "a segment");
		if (rc == 0)
			w->have = 0;
	}
	return rc;
}

int writer_sync(struct store *st)
{
	struct writer *w = &st->w;
	int rc = writer_flush(st);

	if (rc < 0 || w->fd < 0)
		return rc;
	rc = io_sync(w->fd, "a segment");
	if (rc == 0 && w->is_new)
		rc = io_sync_dir(st->dirfd, "seg");
	/* after a failed sync the kernel may call lost pages clean: never append to them */
	if (rc < 0)
		w->abandoned = 1;
	return rc;
}

/* The transaction that has the row of our segment ended so.  Once it is committed the bytes are no
 * longer ours to take back; and if the disk failed we cannot know, so the file stays as it is. */
void writer_settle(struct store *st, int rc)
{
	struct writer *w = &st->w;

	if (rc == 0) {
		w->committed = (uint32_t)w->pos;
		w->is_new = 0;
		w->pads = 0;
	} else if (rc == ERR_IO) {
		w->abandoned = 1;
	}
}

/* the bytes [from, from + len) of the parts as at most n iovecs */
static int slice(const struct span *parts, int n, uint64_t from, uint64_t len, struct iovec *iov)
{
	int i, k = 0;

	for (i = 0; i < n && len; i++) {
		uint64_t have = parts[i].len;

		if (from >= have) {
			from -= have;
			continue;
		}
		have -= from;
		if (have > len)
			have = len;
		iov[k++] = (struct iovec){ (void *)(uintptr_t)(parts[i].p + from), have };
		len -= have;
		from = 0;
	}
	return k;
}

/* 1: the file has these bytes there */
static int same(struct writer *w, uint64_t at, const struct span *parts, int n, uint64_t from,
		uint64_t len, struct buf *scratch)
{
	struct iovec iov[4];
	uint64_t step;
	ssize_t got;
	int i, k, ok = 1;

	for (; ok && len; at += step, from += step, len -= step) {
		const uint8_t *p;

		step = len < GATHER ? len : GATHER;
		buf_reset(scratch);
		if (buf_reserve(scratch, step) < 0)
			return 0;
		got = io_pread(w->fd, scratch->data, step, at, "a segment");
		ok = got == (ssize_t)step;
		p = scratch->data;
		k = slice(parts, n, from, step, iov);
		for (i = 0; ok && i < k; p += iov[i].iov_len, i++)
			ok = memcmp(p, iov[i].iov_base, iov[i].iov_len) == 0;
	}
	buf_reset(scratch);
	return ok;
}

/* Skip to where the payload lies in its page as it does in the source, with a record that says
 * so; the bytes between are a hole. */
static int pad(struct store *st, size_t head, const struct dag_block *b)
{
	struct writer *w = &st->w;
	uint8_t bytes[REC_HEAD + REC_MH_MAX];
	struct rec r = { .flags = REC_PAD, .codec = REC_CODEC_NONE };
	uint64_t want = b->src_fd >= 0 ? b->src_off : 0, skip;
	int rc;

	skip = (want - (w->pos + head + b->payload_at)) % PAGE;
	if (skip == 0)
		return 0;
	if (skip < REC_HEAD)
		skip += PAGE;
	rc = writer_flush(st);
	if (rc < 0)
		return rc;
	r.stored_len = (uint32_t)(skip - REC_HEAD);
	rc = io_pwrite(w->fd, bytes, rec_encode(&r, bytes), w->pos, "a segment");
	if (rc < 0)
		return rc;
	w->pos += skip;
	w->pads += skip;
	return 0;
}

/*
 * Share the whole pages of the payload with the source file.  1: done, and the pages hold what
 * was hashed; 0: write the bytes.  The source may have been changed since it was read, so the
 * pages are compared once they are ours.
 */
static int share(struct store *st, uint64_t at, const struct span *parts, int n,
		 const struct dag_block *b, uint64_t *from, uint64_t *to)
{
	struct writer *w = &st->w;
	uint64_t payload = at + b->payload_at;
	struct file_clone_range range;

	if (b->src_fd < 0 || st->no_clone)
		return 0;
	*from = (payload + PAGE - 1) / PAGE * PAGE;
	*to = (payload + b->payload_len) / PAGE * PAGE;
	if (*to < *from + CLONE_MIN / 2)
		return 0;
	range = (struct file_clone_range){ .src_fd = b->src_fd, .src_length = *to - *from,
					   .src_offset = b->src_off + (*from - payload),
					   .dest_offset = *from };
	if (ioctl(w->fd, FICLONERANGE, &range) < 0) {
		if (errno == EOPNOTSUPP || errno == ENOTTY)
			st->no_clone = 1;
		return 0;
	}
	return same(w, *from, parts, n, *from - at, *to - *from, &st->packed);
}

static int append_large(struct store *st, const uint8_t *head, size_t head_len,
			const struct span *parts, int n, uint64_t len, const struct dag_block *clone)
{
	struct writer *w = &st->w;
	struct iovec iov[6] = { { w->gather, w->have }, { (void *)(uintptr_t)head, head_len } };
	uint64_t at = w->pos + head_len, from, to;
	int rc, k;

	if (clone && share(st, at, parts, n, clone, &from, &to)) {
		k = 2 + slice(parts, n, 0, from - at, iov + 2);
		rc = io_pwritev(w->fd, iov, k, w->pos - w->have, "a segment");
		k = slice(parts, n, to - at, len - (to - at), iov);
		if (rc == 0 && k)
			rc = io_pwritev(w->fd, iov, k, to, "a segment");
	} else {
		k = 2 + slice(parts, n, 0, len, iov + 2);
		rc = io_pwritev(w->fd, iov, k, w->pos - w->have, "a segment");
	}
	if (rc < 0)
		return rc;
	w->have = 0;
	w->pos = at + len;
	write_out(w);
	return 0;
}

/* Append r, whose off is set, and its stored bytes.  `clone`: the block they are of, if its bytes
 * may be shared with a file. */
int writer_append(struct store *st, struct rec *r, const struct span *parts, int n,
		  const struct dag_block *clone)
{
	struct writer *w = &st->w;
	uint8_t head[REC_HEAD + REC_MH_MAX];
	size_t head_len = rec_encode(r, head), total = head_len + r->stored_len;
	int rc = 0, i;

	if (clone && (!st->align || clone->payload_len < CLONE_MIN))
		clone = NULL;
	if (clone)
		rc = pad(st, head_len, clone);
	if (rc == 0 && total <= COPY_MAX && w->have + total > GATHER) {
		rc = writer_flush(st);
		write_out(w);
	}
	if (rc < 0)
		return rc;
	r->off = (uint32_t)w->pos;
	if (total > COPY_MAX)
		return append_large(st, head, head_len, parts, n, r->stored_len, clone);
	memcpy(w->gather + w->have, head, head_len);
	w->have += head_len;
	for (i = 0; i < n; i++) {
		if (parts[i].len)
			memcpy(w->gather + w->have, parts[i].p, parts[i].len);
		w->have += parts[i].len;
	}
	w->pos += total;
	return 0;
}

int seg_row_extend(struct wtx *tx, uint32_t id, uint32_t to, uint32_t pads, int full, int synced)
{
	struct seg_row row = { 0 };
	int rc = wtx_seg_get(tx, id, &row);

	if (rc < 0)
		return rc;
	if (row.len < to)		/* a commit may take several transactions */
		row.pads += pads;
	row.len = to;
	if (synced)
		row.synced = row.len;
	if (full)
		row.flags |= SEG_FULL;
	if (tx->stats.next_seg <= id)
		tx->stats.next_seg = (uint64_t)id + 1;
	return wtx_seg_put(tx, id, &row);
}

int writer_row(struct store *st, struct wtx *tx, int full, int synced)
{
	const struct writer *w = &st->w;

	return seg_row_extend(tx, w->id, (uint32_t)w->pos, (uint32_t)w->pads, full, synced);
}
