/* scan.c - the pins from snapshot and journal alone, for readers when the index has no copy */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/rd.h"
#include "base/spill.h"
#include "pin/pin_priv.h"

enum { SORT_MEM = 4 * 1024 * 1024, OPEN_TRIES = 100 };

/* The two files, of which the second takes up where the first ends. */
struct files {
	struct pins *p;
	int snap;			/* -1: none */
	uint64_t seq;			/* up to where the snapshot speaks */
	uint64_t snap_len, len;
};

static int files_open(struct pins *p, struct files *f)
{
	struct head h = { 0 };
	uint64_t from;
	int tries, rc = 1;

	*f = (struct files){ .p = p, .snap = -1 };
	for (tries = 0; rc == 1 && tries < OPEN_TRIES; tries++) {
		if (f->snap >= 0)
			close(f->snap);
		rc = snapshot_open(p, &f->snap, &f->seq, &f->snap_len);
		if (rc < 0)
			return rc;
		rc = pins_open(p, &f->len);
		p->end = 0;			/* the overlay does not go with this file */
		h.seq = f->seq;
		if (rc >= 0)
			rc = pins_behind(p, &h, f->len, &from);
	}
	if (rc == 1)
		rc = err_set(ERR_CORRUPT, "'%s/pins': the journal begins after the snapshot ends; "
			     "run 'ipfrs-fsck -r'", store_path(p->st));
	if (rc < 0 && f->snap >= 0)
		close(f->snap);
	return rc;
}

static void files_close(struct files *f)
{
	if (f->snap >= 0)
		close(f->snap);
}

/* What was found in the files, told once a damaged line is known not to be the end of a file. */
struct scan {
	int (*change)(void *arg, const struct pin_line *l);
	void (*say)(void *arg, const char *text);
	void *arg, *say_arg;
	uint64_t n_bad, n_pins, n_lines;
	int ended;			/* the snapshot's last line was seen */
};

static void complain(struct scan *s, const char *what, uint64_t line, const char *why)
{
	char text[128];

	s->n_bad++;
	snprintf(text, sizeof text, "%s: line %" PRIu64 ": %s", what, line, why);
	if (s->say)
		s->say(s->say_arg, text);
}

static int scan_file(struct scan *s, int fd, uint64_t len, uint64_t above, int is_snapshot)
{
	const char *what = is_snapshot ? "pins/snapshot" : "pins/journal";
	uint64_t seq = above, line = 0, bad_from = 0, n_bad = 0, i;
	struct pin_lines r;
	struct pin_line l;
	int rc = pin_lines_begin(&r, fd, 0, len, what);

	while (rc >= 0) {
		rc = pin_lines_next(&r, &l);
		if (rc <= PIN_LINES_END)
			break;
		line++;
		if (rc == PIN_LINE_BAD) {
			if (n_bad++ == 0)
				bad_from = line;
			continue;
		}
		for (i = 0; i < n_bad; i++)
			complain(s, what, bad_from + i, "damaged; the change it held is lost");
		n_bad = 0;
		rc = 0;
		if (is_snapshot && l.op == PIN_END) {
			s->ended = 1;
			if (l.count != s->n_pins)
				complain(s, what, line, "not as many pins as it says");
		}
		if (l.op != PIN_SET && l.op != PIN_DROP)
			continue;
		s->n_pins++;
		if (!is_snapshot && l.seq <= above)
			continue;		/* the snapshot has it */
		if (!is_snapshot && l.seq <= seq) {
			complain(s, what, line, "its number was used before");
			continue;
		}
		seq = l.seq;
		rc = s->change(s->arg, &l);
	}
	if (rc >= 0 && is_snapshot && !s->ended)
		complain(s, what, line, "the end is missing");
	pin_lines_end(&r);
	return rc;
}

static int scan_files(struct pins *p, struct scan *s)
{
	struct files f;
	int rc = files_open(p, &f);

	if (rc < 0)
		return rc;
	if (f.snap >= 0)
		rc = scan_file(s, f.snap, f.snap_len, 0, 1);
	if (rc == 0 && p->fd >= 0)
		rc = scan_file(s, p->fd, f.len, f.seq, 0);
	files_close(&f);
	return rc;
}

/* ---- one pin ---- */

struct want {
	const struct cid *cid;
	enum pin_mode mode;
	char name[PIN_NAME_MAX + 1];
};

static int note_wanted(void *arg, const struct pin_line *l)
{
	struct want *w = arg;

	if (!cid_equal(&l->cid, w->cid))
		return 0;
	w->mode = l->op == PIN_SET ? l->mode : PIN_NONE;
	memcpy(w->name, l->name, sizeof w->name);
	return 0;
}

int scan_get(struct pins *p, const struct cid *cid, enum pin_mode *mode, struct buf *name)
{
	struct want w = { .cid = cid, .mode = PIN_NONE };
	struct scan s = { .change = note_wanted, .arg = &w };
	int rc = scan_files(p, &s);

	if (rc < 0 || w.mode == PIN_NONE)
		return rc;
	*mode = w.mode;
	if (name)
		rc = buf_str(name, w.name);
	return rc < 0 ? rc : 1;
}

/* ---- all, sorted ---- */

/* u16 length of the CID, CID, u8 mode (0: none), name.  The sort is stable: the newest comes last. */
static struct span record_key(struct span r)
{
	return span_of(r.p + 2, (size_t)(r.p[0] | r.p[1] << 8));
}

static int by_cid(struct span a, struct span b)
{
	return span_cmp(record_key(a), record_key(b));
}

struct sorting {
	struct spill *spill;
	struct buf record;
};

static int add_change(void *arg, const struct pin_line *l)
{
	struct sorting *o = arg;
	int rc;

	buf_reset(&o->record);
	rc = buf_le16(&o->record, l->cid.len);
	if (rc == 0)
		rc = buf_add(&o->record, cid_span(&l->cid));
	if (rc == 0)
		rc = buf_u8(&o->record, l->op == PIN_SET ? (unsigned)l->mode : PIN_NONE);
	if (rc == 0)
		rc = buf_str(&o->record, l->name);
	return rc < 0 ? rc : spill_add(o->spill, buf_span(&o->record));
}

static int tell(const struct buf *record, int (*fn)(void *arg, const struct pin *p), void *arg)
{
	struct span key = record_key(buf_span(record));
	const uint8_t *rest = key.p + key.len;
	struct pin pin = { .mode = (enum pin_mode)rest[0], .name = (const char *)rest + 1 };
	int rc;

	if (pin.mode == PIN_NONE)
		return 0;
	rc = cid_decode(key, &pin.cid);
	return rc < 0 ? rc : fn(arg, &pin);
}

int scan_each(struct pins *p, int (*fn)(void *arg, const struct pin *pin), void *arg,
	      uint64_t *n_bad, void (*say)(void *arg, const char *text), void *say_arg)
{
	struct sorting o = { .record = BUF_INIT(PIN_LINE_MAX) };
	struct scan s = { .change = add_change, .arg = &o, .say = say, .say_arg = say_arg };
	struct buf last = BUF_INIT(PIN_LINE_MAX);
	struct span r;
	int rc = spill_new(&o.spill, store_tmpdir(p->st), SORT_MEM, by_cid);

	if (rc == 0)
		rc = scan_files(p, &s);
	if (rc == 0)
		rc = spill_read(o.spill);
	while (rc == 0 && (rc = spill_next(o.spill, &r)) == 1) {
		rc = last.len && by_cid(buf_span(&last), r) != 0 ? tell(&last, fn, arg) : 0;
		buf_reset(&last);
		if (rc == 0)
			rc = buf_add(&last, r);
	}
	if (rc == 0 && last.len)
		rc = tell(&last, fn, arg);
	if (n_bad)
		*n_bad = s.n_bad;
	buf_clear(&last);
	buf_clear(&o.record);
	spill_free(o.spill);
	return rc;
}
