/* table.c - the tensors of a container, sorted by name: in memory, or in a file when they are many */
#include <endian.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/rd.h"
#include "base/spill.h"
#include "base/tmpfile.h"
#include "table_priv.h"

enum {
	OFFSET = 8,			/* bytes of an offset in the image */
	ROW_HEAD = 6 * 4 + 4 + 4 * 8,	/* bytes of a row before its shape */
	ROW_MAX = ROW_HEAD + 8 * TENSOR_RANK_MAX + TENSOR_TYPE_MAX + TENSOR_NAME_MAX,
	SORT_MEM = 4 << 20,
	WRITE_BEHIND = 64 * 1024,
	LOOK = 4096, LOOK_ON = 64 * 1024	/* bytes read of a file: at one place, and where the one before ended */
};

enum { ROW_COLUMNS = 1, ROW_BIG = 2, ROW_DEFLATED = 4 };

struct table {
	struct table_image im;
	struct buf note;
	struct window {			/* of the file, what was read last */
		struct buf bytes;
		uint64_t off;
	} offsets, rows;
	/* while it is made */
	struct spill *sort;
	struct buf row;
	const char *tmpdir;
	size_t mem;
	uint64_t n, n_bytes;
};

/* ---- the image ---- */

void image_clear(struct table_image *im)
{
	free(im->mem);
	if (im->fd >= 0)
		close(im->fd);
	*im = (struct table_image){ .fd = -1 };
}

int image_read(const struct table_image *im, uint64_t off, void *p, size_t len)
{
	ssize_t got;

	if (im->fd < 0) {
		memcpy(p, im->mem + off, len);
		return 0;
	}
	got = io_pread(im->fd, p, len, im->base + off, "a table of tensors");
	if (got < 0)
		return (int)got;
	return (size_t)got == len ? 0 : err_set(ERR_IO, "a table of tensors has lost its end");
}

/* Bytes of the image, which has so many; borrowed until the window moves.  Who goes on where the window ends gets
 * a wide one. */
static int look(const struct table *t, struct window *w, uint64_t off, size_t len, struct span *out)
{
	uint64_t left = t->im.len - off;
	size_t want = off >= w->off && off <= w->off + w->bytes.len && w->bytes.len ? LOOK_ON : LOOK;
	int rc;

	if (t->im.fd < 0) {
		*out = span_of(t->im.mem + off, len);
		return 0;
	}
	if (off < w->off || off - w->off > w->bytes.len || len > w->bytes.len - (size_t)(off - w->off)) {
		want = want < len ? len : want;
		want = want > left ? (size_t)left : want;
		buf_reset(&w->bytes);
		w->off = off;
		rc = buf_reserve(&w->bytes, want);
		if (rc == 0)
			rc = image_read(&t->im, off, w->bytes.data, want);
		if (rc < 0)
			return rc;
		w->bytes.len = want;
	}
	*out = span_of(w->bytes.data + (off - w->off), len);
	return 0;
}

/* Where the image is written to: two places of it in turn. */
struct pen {
	struct table_image *im;
	uint64_t at;
	struct buf behind;
};

static int pen_flush(struct pen *p)
{
	int rc = 0;

	if (p->im->fd >= 0)
		rc = io_pwrite(p->im->fd, p->behind.data, p->behind.len, p->im->base + p->at, "a temporary file");
	p->at += p->behind.len;
	buf_reset(&p->behind);
	return rc;
}

static int pen_put(struct pen *p, struct span s)
{
	int rc = 0;

	if (p->im->fd < 0) {
		if (s.len)
			memcpy(p->im->mem + p->at, s.p, s.len);
		p->at += s.len;
		return 0;
	}
	if (p->behind.len + s.len > WRITE_BEHIND)
		rc = pen_flush(p);
	return rc < 0 ? rc : buf_add(&p->behind, s);
}

static int pen_offset(struct pen *p, uint64_t v)
{
	uint64_t le = htole64(v);

	return pen_put(p, span_of(&le, sizeof le));
}

/* ---- rows as bytes: the name comes last ---- */

static int row_encode(struct buf *b, const struct tensor_info *r)
{
	unsigned flags = (r->column_order ? ROW_COLUMNS : 0) | (r->big_endian ? ROW_BIG : 0) |
			 (r->deflated ? ROW_DEFLATED : 0);
	int rc = buf_reserve(b, ROW_HEAD + 8 * r->rank + r->type.len + r->name.len);
	unsigned i;

	if (rc < 0)
		return rc;
	buf_le32(b, (uint32_t)r->name.len);	/* all of it fits */
	buf_le32(b, (uint32_t)r->type.len);
	buf_le32(b, r->part);
	buf_le32(b, r->skip);
	buf_le32(b, r->crc);
	buf_le32(b, r->bits);
	buf_u8(b, r->dtype);
	buf_u8(b, r->rank);
	buf_le16(b, (uint16_t)flags);
	buf_le64(b, r->n);
	buf_le64(b, r->len);
	buf_le64(b, r->off);
	buf_le64(b, r->packed);
	for (i = 0; i < r->rank; i++)
		buf_le64(b, r->shape[i]);
	buf_add(b, r->type);
	return buf_add(b, r->name);
}

static struct span row_name(struct span row)
{
	uint32_t len;			/* compared so often that struct rd would be felt */

	if (row.len < sizeof len)
		return span_of(NULL, 0);
	memcpy(&len, row.p, sizeof len);
	len = le32toh(len);
	return len <= row.len - sizeof len ? span_of(row.p + row.len - len, len) : span_of(NULL, 0);
}

/* does what the row says of its lengths agree? */
static int row_agrees(const struct tensor_info *r)
{
	struct tensor_info again = *r;
	uint64_t end;

	if (info_size(&again) < 0 || again.n != r->n || __builtin_add_overflow(r->off, r->packed, &end))
		return 0;
	if (r->dtype != TENSOR_OTHER && r->bits != tensor_dtype_bits(r->dtype))
		return 0;
	if (r->bits && again.len != r->len)
		return 0;
	return r->deflated || r->packed == r->len;
}

static int row_decode(struct span bytes, struct tensor_info *info)
{
	struct rd r = rd_from(bytes);
	uint32_t name_len = rd_le32(&r), type_len = rd_le32(&r), flags;
	unsigned i;

	*info = (struct tensor_info){ .part = rd_le32(&r) };
	info->skip = rd_le32(&r);
	info->crc = rd_le32(&r);
	info->bits = rd_le32(&r);
	info->dtype = rd_u8(&r);
	info->rank = rd_u8(&r);
	flags = rd_le16(&r);
	info->column_order = flags & ROW_COLUMNS;
	info->big_endian = (flags & ROW_BIG) != 0;
	info->deflated = (flags & ROW_DEFLATED) != 0;
	info->n = rd_le64(&r);
	info->len = rd_le64(&r);
	info->off = rd_le64(&r);
	info->packed = rd_le64(&r);
	if (info->rank > TENSOR_RANK_MAX || info->dtype >= TENSOR_DTYPES || name_len > TENSOR_NAME_MAX)
		rd_fail(&r, "a row of no tensor");
	for (i = 0; rd_ok(&r) && i < info->rank; i++)
		info->shape[i] = rd_le64(&r);
	info->type = rd_bytes(&r, type_len);
	info->name = rd_bytes(&r, name_len);
	if (!rd_done(&r) || !row_agrees(info))
		return err_set(ERR_CORRUPT, "a table of tensors is damaged");
	if (type_len == 0 && info->dtype != TENSOR_OTHER)
		info->type = span_str(tensor_dtype_name(info->dtype));
	return 0;
}

/* ---- making it ---- */

static int by_name(struct span a, struct span b)
{
	return span_cmp(row_name(a), row_name(b));
}

static struct table *table_empty(void)
{
	struct table *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->im.fd = -1;
	t->note = BUF_INIT(TENSOR_NOTE_MAX);
	t->row = BUF_INIT(ROW_MAX);
	t->offsets.bytes = t->rows.bytes = BUF_INIT(LOOK_ON + ROW_MAX);
	return t;
}

int table_new(struct table **out, const char *tmpdir, size_t mem)
{
	struct table *t = table_empty();
	int rc;

	*out = t;
	if (!t)
		return err_nomem();
	t->tmpdir = tmpdir;
	t->mem = mem;
	rc = spill_new(&t->sort, tmpdir, mem < SORT_MEM ? mem : SORT_MEM, by_name);
	if (rc < 0) {
		table_free(t);
		*out = NULL;
	}
	return rc;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	image_clear(&t->im);
	spill_free(t->sort);
	buf_clear(&t->row);
	buf_clear(&t->note);
	buf_clear(&t->offsets.bytes);
	buf_clear(&t->rows.bytes);
	free(t);
}

int table_add(struct table *t, const struct tensor_info *row)
{
	char quoted[QUOTED_MAX];
	int rc;

	if (row->name.len > TENSOR_NAME_MAX || row->type.len > TENSOR_TYPE_MAX || row->rank > TENSOR_RANK_MAX)
		return err_set(ERR_LIMIT, "tensor %s: its name, type or shape is too long", quoted_name(row->name, quoted));
	buf_reset(&t->row);
	rc = row_encode(&t->row, row);
	if (rc == 0)
		rc = spill_add(t->sort, buf_span(&t->row));
	if (rc == 0) {
		t->n++;
		t->n_bytes += t->row.len;
	}
	return rc;
}

/* room for the image, which is of known length */
static int image_start(struct table *t)
{
	t->im.n = t->n;
	t->im.len = (t->n + 1) * OFFSET + t->n_bytes + t->note.len;
	t->im.note_len = t->note.len;
	if (t->im.len > t->mem) {
		t->im.fd = tmpfile_nameless(t->tmpdir);
		return t->im.fd < 0 ? t->im.fd : 0;
	}
	t->im.mem = malloc((size_t)t->im.len);
	return t->im.mem ? 0 : err_nomem();
}

/* rows in order, their places, and no two of one name */
static int write_rows(struct table *t, struct pen *offsets, struct pen *rows)
{
	struct buf last = BUF_INIT(TENSOR_NAME_MAX);
	uint64_t at = rows->at, i;
	char quoted[QUOTED_MAX];
	struct span row;
	int rc = 0;

	for (i = 0; rc == 0 && (rc = spill_next(t->sort, &row)) == 1; i++) {
		if (i && span_equal(row_name(row), buf_span(&last)))
			rc = err_set(ERR_INVALID, "DuplicateKey: two tensors %s", quoted_name(row_name(row), quoted));
		buf_reset(&last);
		if (rc > 0)
			rc = buf_add(&last, row_name(row));
		if (rc == 0)
			rc = pen_offset(offsets, at);
		if (rc == 0)
			rc = pen_put(rows, row);
		at += row.len;
	}
	buf_clear(&last);
	return rc < 0 ? rc : pen_offset(offsets, at);
}

int table_end(struct table *t, struct span note)
{
	struct pen offsets = { &t->im, 0, BUF_INIT(WRITE_BEHIND + ROW_MAX) };
	struct pen rows = { &t->im, (t->n + 1) * OFFSET, BUF_INIT(WRITE_BEHIND + ROW_MAX) };
	int rc = buf_add(&t->note, note);

	if (rc == 0)
		rc = image_start(t);
	if (rc == 0)
		rc = spill_read(t->sort);
	if (rc == 0)
		rc = write_rows(t, &offsets, &rows);
	if (rc == 0)
		rc = pen_flush(&offsets);
	if (rc == 0)
		rc = pen_flush(&rows);
	if (rc == 0 && note.len)		/* it may be longer than what is gathered */
		rc = t->im.fd >= 0 ? io_pwrite(t->im.fd, note.p, note.len, rows.at, "a temporary file") :
				     pen_put(&rows, note);
	buf_clear(&offsets.behind);
	buf_clear(&rows.behind);
	spill_free(t->sort);
	t->sort = NULL;
	buf_clear(&t->row);
	return rc;
}

int table_of_image(struct table **out, struct table_image *im)
{
	struct table *t = table_empty();
	int rc;

	*out = NULL;
	if (!t) {
		image_clear(im);
		return err_nomem();
	}
	t->im = *im;
	rc = buf_reserve(&t->note, (size_t)im->note_len);
	if (rc == 0)
		rc = image_read(&t->im, im->len - im->note_len, t->note.data, (size_t)im->note_len);
	if (rc < 0) {
		table_free(t);
		return rc;
	}
	t->note.len = (size_t)im->note_len;
	*out = t;
	return 0;
}

/* ---- reading it ---- */

const struct table_image *table_image(const struct table *t)
{
	return &t->im;
}

uint64_t table_count(const struct table *t)
{
	return t->im.n;
}

uint64_t table_bytes(const struct table *t)
{
	return t->im.len;
}

struct span table_note(const struct table *t)
{
	return buf_span(&t->note);
}

static int row_bytes(struct table *t, uint64_t i, struct span *row)
{
	uint64_t lo = (t->im.n + 1) * OFFSET, hi = t->im.len - t->im.note_len, from, to;
	struct span two;
	struct rd r;
	int rc = look(t, &t->offsets, i * OFFSET, 2 * OFFSET, &two);

	if (rc < 0)
		return rc;
	r = rd_from(two);
	from = rd_le64(&r);
	to = rd_le64(&r);
	if (from < lo || to < from || to > hi || to - from > ROW_MAX)
		return err_set(ERR_CORRUPT, "a table of tensors is damaged");
	return look(t, &t->rows, from, (size_t)(to - from), row);
}

int table_get(struct table *t, uint64_t i, struct tensor_info *row)
{
	struct span bytes;
	int rc = row_bytes(t, i, &bytes);

	return rc < 0 ? rc : row_decode(bytes, row);
}

int table_find(struct table *t, struct span name, uint64_t *at)
{
	uint64_t lo = 0, hi = t->im.n;
	struct span row;
	int rc, c;

	while (lo < hi) {
		*at = lo + (hi - lo) / 2;
		rc = row_bytes(t, *at, &row);
		if (rc < 0)
			return rc;
		c = span_cmp(name, row_name(row));
		if (c == 0)
			return 1;
		if (c < 0)
			hi = *at;
		else
			lo = *at + 1;
	}
	*at = lo;
	return 0;
}
