/* copy.c - the copy of the pins in the index, and folding the journal into the snapshot */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/rd.h"
#include "base/tmpfile.h"
#include "pin/pin_priv.h"

enum {
	HEAD_LEN = 24,
	ROW_MAX = 1 + PIN_NAME_MAX,
	COPY_BATCH = 8192		/* lines a transaction */
};

/* ---- rows: binary CID -> mode, name ---- */

/* no CID is one byte, or begins with 0 */
struct span head_key(void)
{
	static const uint8_t key[1] = { 0 };

	return span_of(key, sizeof key);
}

int head_decode(struct span value, struct head *h)
{
	struct rd r = rd_from(value);

	h->seq = rd_le64(&r);
	h->off = rd_le64(&r);
	h->crc = rd_le32(&r);
	h->gen = rd_le32(&r);
	if (rd_done(&r) && h->gen)
		return 0;
	*h = (struct head){ 0 };
	return err_set(ERR_CORRUPT, "the copy of the pins in the index: malformed head");
}

int copy_head(struct store *st, struct head *h)
{
	struct buf value = BUF_INIT(64);
	int rc = store_table_get(st, STORE_PINS, head_key(), &value);

	*h = (struct head){ 0 };
	if (rc == 0)			/* a head that makes no sense is no copy */
		rc = head_decode(buf_span(&value), h) < 0 ? 0 : 1;
	else if (rc == ERR_NOTFOUND)
		rc = 0;
	buf_clear(&value);
	return rc;
}

int row_decode(struct span value, enum pin_mode *mode, struct span *name)
{
	if (value.len == 0 || value.len > ROW_MAX || (value.p[0] != 'r' && value.p[0] != 'd'))
		return err_set(ERR_CORRUPT, "the copy of the pins in the index: malformed row");
	*mode = value.p[0] == 'r' ? PIN_RECURSIVE : PIN_DIRECT;
	*name = span_of(value.p + 1, value.len - 1);
	return 0;
}

static int put_head(struct store *st, const struct head *h)
{
	struct buf b = BUF_INIT(HEAD_LEN);
	int rc = buf_le64(&b, h->seq);

	if (rc == 0)
		rc = buf_le64(&b, h->off);
	if (rc == 0)
		rc = buf_le32(&b, h->crc);
	if (rc == 0)
		rc = buf_le32(&b, h->gen);
	if (rc == 0)
		rc = store_table_put(st, STORE_PINS, head_key(), buf_span(&b));
	buf_clear(&b);
	return rc;
}

static int put_row(struct store *st, const struct pin_line *l)
{
	uint8_t value[ROW_MAX];
	size_t len = strlen(l->name);

	if (l->op == PIN_DROP)
		return store_table_del(st, STORE_PINS, cid_span(&l->cid));
	value[0] = (uint8_t)l->mode;
	memcpy(value + 1, l->name, len);
	return store_table_put(st, STORE_PINS, cid_span(&l->cid), span_of(value, 1 + len));
}

/* ---- carrying lines over ---- */

/*
 * The changes of a file from `from` to `end` that are newer than h, which goes along.  With `told` the
 * head is put beside them in every transaction: what is there is then the copy at that change.
 */
static int carry(struct pins *p, int fd, const char *what, uint64_t from, uint64_t end,
		 struct head *h, int told)
{
	struct pin_lines r;
	struct pin_line l;
	int rc = pin_lines_begin(&r, fd, from, end, what), n = 0;

	while (rc >= 0) {
		rc = pin_lines_next(&r, &l);
		if (rc <= PIN_LINES_END)
			break;
		if (rc == PIN_LINE_BAD)
			continue;
		if (l.op == PIN_SET || l.op == PIN_DROP) {
			if (told && l.seq <= h->seq)
				rc = 0;			/* it has that */
			else
				rc = put_row(p->st, &l);
			h->seq = l.seq > h->seq ? l.seq : h->seq;
		}
		h->off = r.off;
		h->crc = l.crc;
		if (rc < 0 || ++n < COPY_BATCH)
			continue;
		n = 0;
		rc = told ? put_head(p->st, h) : 0;
		if (rc == 0)
			rc = store_commit(p->st);
	}
	pin_lines_end(&r);
	return rc;
}

/* everything away but what the snapshot says; the head comes last */
static int from_snapshot(struct pins *p, struct head *h)
{
	uint64_t len;
	int fd, rc;

	*h = (struct head){ 0 };
	while (h->gen == 0)
		if (getrandom(&h->gen, sizeof h->gen, 0) != sizeof h->gen)
			return err_sys("drawing a number");
	rc = store_table_clear(p->st, STORE_PINS);
	if (rc == 0)
		rc = store_commit(p->st);
	if (rc < 0)
		return rc;
	rc = snapshot_open(p, &fd, &h->seq, &len);
	if (rc <= 0)
		return rc;
	rc = carry(p, fd, "pins/snapshot", 0, len, h, 0);
	close(fd);
	h->off = 0;
	h->crc = 0;
	return rc;
}

int copy_bring(struct pins *p, int *anew)
{
	uint64_t len, from;
	struct head h;
	int rc = pins_open(p, &len), make = anew && *anew;

	if (rc >= 0)
		rc = copy_head(p->st, &h);
	if (rc < 0)
		return rc;
	make |= rc == 0;
	rc = pins_behind(p, &h, len, &from);
	if (rc >= 0 && (make || rc == 1)) {
		make = 1;
		rc = from_snapshot(p, &h);
		from = 0;
	}
	/* the index must not know a change that a power cut could take out of the journal */
	if (rc == 0)
		rc = pins_sync(p);
	if (rc == 0 && p->fd >= 0)
		rc = carry(p, p->fd, "pins/journal", from, len, &h, 1);
	if (rc == 0)
		rc = put_head(p->st, &h);
	if (rc == 0)
		rc = store_commit(p->st);
	if (anew)
		*anew = make;
	return rc;
}

/* ---- folding ---- */

struct fold {
	struct buf text;
	struct tmpfile file;
	struct pin_line line;
	uint64_t n;
};

static int fold_flush(struct fold *f, size_t min)
{
	int rc = 0;

	if (f->text.len >= min) {
		rc = io_write(f->file.fd, f->text.data, f->text.len, "pins/snapshot");
		buf_reset(&f->text);
	}
	return rc;
}

static int fold_row(void *arg, struct span key, struct span value)
{
	struct fold *f = arg;
	struct span name = { NULL, 0 };
	int rc;

	if (span_equal(key, head_key()))
		return 0;
	rc = cid_decode(key, &f->line.cid);
	if (rc == 0)
		rc = row_decode(value, &f->line.mode, &name);
	if (rc < 0)
		return rc;
	if (name.len)
		memcpy(f->line.name, name.p, name.len);
	f->line.name[name.len] = 0;
	f->line.op = PIN_SET;
	f->n++;
	rc = pin_line_format(&f->line, &f->text);
	return rc < 0 ? rc : fold_flush(f, 64 * 1024);
}

static int special(struct fold *f, char op)
{
	f->line = (struct pin_line){ .seq = f->line.seq, .op = op, .count = f->n };
	return pin_line_format(&f->line, &f->text);
}

static int write_snapshot(struct pins *p, uint64_t seq)
{
	struct fold f = { .text = BUF_INIT(128 * 1024), .line.seq = seq };
	int rc = tmpfile_open(&f.file, p->dirfd, "snapshot", 0644);

	if (rc < 0)
		return rc;
	rc = special(&f, PIN_BASE);
	if (rc == 0)
		rc = store_table_each(p->st, STORE_PINS, head_key(), fold_row, &f);
	if (rc == 0)
		rc = special(&f, PIN_END);
	if (rc == 0)
		rc = fold_flush(&f, 1);
	if (rc == 0)
		rc = tmpfile_commit(&f.file, 1);
	else
		tmpfile_close(&f.file);
	buf_clear(&f.text);
	return rc;
}

/* a journal that begins behind change `seq` */
static int write_journal(struct pins *p, struct head *h)
{
	struct fold f = { .text = BUF_INIT(PIN_LINE_MAX), .line.seq = h->seq };
	int rc = tmpfile_open(&f.file, p->dirfd, "journal", 0644);

	if (rc < 0)
		return rc;
	rc = special(&f, PIN_BASE);
	h->off = f.text.len;
	h->crc = f.line.crc;
	if (rc == 0)
		rc = fold_flush(&f, 1);
	if (rc == 0)
		rc = tmpfile_commit(&f.file, 1);
	else
		tmpfile_close(&f.file);
	buf_clear(&f.text);
	return rc;
}

/* what those who were killed while they folded left behind */
static void sweep_tmp(struct pins *p)
{
	int fd = openat(p->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d && fd >= 0)
		close(fd);
	while (d && (e = readdir(d)))
		if (strstr(e->d_name, ".tmp."))
			unlinkat(p->dirfd, e->d_name, 0);
	if (d)
		closedir(d);
}

int copy_fold(struct pins *p)
{
	struct head h;
	int rc = copy_bring(p, NULL);

	if (rc == 0)
		rc = copy_head(p->st, &h);
	if (rc <= 0)
		return rc < 0 ? rc : err_set(ERR_CORRUPT, "the copy of the pins went away");
	sweep_tmp(p);
	rc = write_snapshot(p, h.seq);
	if (rc == 0)
		rc = write_journal(p, &h);
	if (rc == 0)
		rc = put_head(p->st, &h);
	return rc < 0 ? rc : store_commit(p->st);
}

void copy_tend(struct pins *p)
{
	struct stat sb = { 0 };
	struct head h;
	int rc = copy_head(p->st, &h);

	if (rc < 0 || p->fd < 0)
		return;
	if (h.gen && h.seq <= p->seq && p->end - (h.off <= p->end ? h.off : 0) <= TAIL_MAX)
		return;
	if (fstatat(p->dirfd, "snapshot", &sb, 0) < 0)
		sb.st_size = 0;
	if (p->end > FOLD_MIN && p->end > (uint64_t)sb.st_size)
		rc = copy_fold(p);
	else
		rc = copy_bring(p, NULL);
	/* the change itself is safe in the journal, and the batch was empty: the next one tries again */
	if (rc < 0)
		store_rollback(p->st);
	if (rc < 0)
		log_info("pin", "folding the journal of pins: %s", err_text());
}
