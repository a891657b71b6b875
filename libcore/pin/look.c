/* look.c - one pin, all pins, their number: the copy in the index under the overlay */
#include "base/err.h"
#include "pin/pin_priv.h"

enum { LOOK_TRIES = 50 };

/* ---- one ---- */

/* 1 and the row, 0: none; -1 … an error; *again: the copy was made anew under our eyes */
static int row_get(struct pins *p, const struct cid *cid, enum pin_mode *mode, struct buf *name,
		   int *again)
{
	struct buf value = BUF_INIT(1 + PIN_NAME_MAX);
	struct head h;
	struct span n;
	int rc = store_table_get(p->st, STORE_PINS, cid_span(cid), &value), got;

	*again = 0;
	got = rc == ERR_NOTFOUND ? 0 : rc < 0 ? rc : 1;
	if (got == 1)
		rc = row_decode(buf_span(&value), mode, &n);
	if (got >= 0) {
		int head = copy_head(p->st, &h);

		if (head < 0)
			got = head;
		else if (h.gen != p->head.gen)
			*again = 1;
	}
	if (got == 1)
		got = rc < 0 ? rc : 1;
	if (got == 1 && name && !*again)
		rc = buf_add(name, n);
	buf_clear(&value);
	return got == 1 && rc < 0 ? rc : got;
}

int pins_get(struct pins *p, const struct cid *cid, enum pin_mode *mode, struct buf *name)
{
	const struct over *v;
	int rc, tries, again = 1;

	*mode = PIN_NONE;
	if (cid->len == 0)
		return err_set(ERR_USAGE, "an empty CID");
	for (tries = 0; again && tries < LOOK_TRIES; tries++) {
		rc = pins_view(p);
		if (rc < 0)
			return rc;
		if (rc == 1)
			return scan_get(p, cid, mode, name);
		v = overlay_find(&p->over, cid);
		if (v) {
			*mode = v->mode;
			rc = v->mode && name ? buf_str(name, over_name(&p->over, v)) : 0;
			return rc < 0 ? rc : v->mode != PIN_NONE;
		}
		rc = row_get(p, cid, mode, name, &again);
	}
	if (again)
		return err_set(ERR_BUSY, "the copy of the pins does not come to rest");
	if (rc != 1)
		*mode = PIN_NONE;
	return rc;
}

int pin_get(struct store *st, const struct cid *cid, enum pin_mode *mode, struct buf *name)
{
	enum pin_mode ignored;
	struct pins *p;
	int rc = pins_of(st, &p);

	return rc < 0 ? rc : pins_get(p, cid, mode ? mode : &ignored, name);
}

/* ---- all ---- */

struct merge {
	struct overlay over;		/* sorted, our own: fn may change pins */
	size_t at;
	uint32_t gen;			/* of the copy the overlay lies on */
	enum pin_mode mode;
	int (*fn)(void *arg, const struct pin *p);
	void *arg;
	int begun, other;		/* other: this is another copy */
	struct pin pin;
	char name[PIN_NAME_MAX + 1];
};

static int wanted(enum pin_mode have, enum pin_mode want)
{
	return have != PIN_NONE && (want == PIN_NONE || want == have);
}

static int tell(struct merge *m, struct span key, enum pin_mode mode, struct span name)
{
	int rc;

	if (!wanted(mode, m->mode))
		return 0;
	rc = cid_decode(key, &m->pin.cid);
	if (rc < 0)
		return rc;
	if (name.len)
		memcpy(m->name, name.p, name.len);
	m->name[name.len] = 0;
	m->pin.mode = mode;
	m->pin.name = m->name;
	return m->fn(m->arg, &m->pin);
}

/* what the overlay has before `key` (its p NULL: all), and 1 in *same if it has a word on key itself */
static int tell_over(struct merge *m, struct span key, int *same)
{
	int rc = 0, c = -1;

	*same = 0;
	for (; rc == 0 && m->at < m->over.n; m->at++) {
		const struct over *v = &m->over.over[m->at];

		if (key.p)
			c = span_cmp(over_key(&m->over, v), key);
		if (c > 0)
			break;
		rc = tell(m, over_key(&m->over, v), v->mode, span_str(over_name(&m->over, v)));
		*same |= c == 0;
	}
	return rc;
}

static int merge_row(void *arg, struct span key, struct span value)
{
	struct merge *m = arg;
	enum pin_mode mode;
	struct span name;
	struct head h;
	int rc, same;

	if (!m->begun) {
		m->begun = 1;
		h = (struct head){ 0 };
		if (span_equal(key, head_key()) && head_decode(value, &h) < 0)
			h = (struct head){ 0 };
		m->other = h.gen != m->gen;
	}
	if (m->other)
		return 1;
	if (span_equal(key, head_key()))
		return 0;
	rc = tell_over(m, key, &same);
	if (rc != 0 || same)
		return rc;
	rc = row_decode(value, &mode, &name);
	return rc < 0 ? rc : tell(m, key, mode, name);
}

struct filter {
	enum pin_mode mode;
	int (*fn)(void *arg, const struct pin *p);
	void *arg;
};

static int filtered(void *arg, const struct pin *p)
{
	struct filter *f = arg;

	return wanted(p->mode, f->mode) ? f->fn(f->arg, p) : 0;
}

int pin_each(struct store *st, enum pin_mode mode, int (*fn)(void *arg, const struct pin *p),
	     void *arg)
{
	struct merge m = { .mode = mode, .fn = fn, .arg = arg };
	struct filter f = { mode, fn, arg };
	struct span none = { NULL, 0 };
	struct pins *p;
	struct head h;
	int rc = pins_of(st, &p), tries, same;

	for (tries = 0; rc == 0 && tries < LOOK_TRIES; tries++) {
		rc = pins_view(p);
		if (rc == 1)
			return scan_each(p, filtered, &f, NULL, NULL, NULL);
		if (rc == 0)
			rc = overlay_sorted(&p->over, &m.over);
		if (rc < 0)
			break;
		m.gen = p->head.gen;
		m.at = 0;
		m.begun = m.other = 0;
		rc = store_table_each(st, STORE_PINS, head_key(), merge_row, &m);
		if (rc == 0 && !m.begun && m.gen)
			m.other = rc = 1;	/* not even a head */
		if (rc == 1 && m.other) {	/* nothing was told yet */
			overlay_clear(&m.over);
			rc = 0;
			continue;
		}
		if (rc == 0)
			rc = tell_over(&m, none, &same);
		overlay_clear(&m.over);
		if (rc != 0 || !m.gen)
			return rc;
		rc = copy_head(st, &h);
		if (rc >= 0 && h.gen != m.gen)
			return err_set(ERR_BUSY, "the copy of the pins was made anew meanwhile; "
				       "try again");
		return rc < 0 ? rc : 0;
	}
	return rc < 0 ? rc : err_set(ERR_BUSY, "the copy of the pins does not come to rest");
}

/* ---- their number ---- */

/* rows that the overlay adds to those of the copy */
static int count_over(struct pins *p, int64_t *more)
{
	struct buf value = BUF_INIT(1 + PIN_NAME_MAX);
	size_t i;
	int rc = 0;

	for (i = 0; rc >= 0 && i < p->over.n; i++) {
		const struct over *v = &p->over.over[i];

		buf_reset(&value);
		rc = store_table_get(p->st, STORE_PINS, over_key(&p->over, v), &value);
		if (rc < 0 && rc != ERR_NOTFOUND)
			break;
		*more += (v->mode != PIN_NONE) - (rc == 0);
		rc = 0;
	}
	buf_clear(&value);
	return rc;
}

static int count_one(void *arg, const struct pin *p)
{
	(void)p;
	++*(uint64_t *)arg;
	return 0;
}

int pin_count(struct store *st, uint64_t *n)
{
	struct head before, after;
	struct pins *p;
	int64_t more;
	int rc = pins_of(st, &p), tries;

	for (tries = 0; rc >= 0 && tries < LOOK_TRIES; tries++) {
		*n = 0;
		more = 0;
		rc = pins_view(p);
		if (rc == 1)
			return scan_each(p, count_one, n, NULL, NULL, NULL);
		if (rc == 0)
			rc = copy_head(st, &before);
		if (rc >= 0)
			rc = store_table_count(st, STORE_PINS, n);
		if (rc == 0)
			rc = count_over(p, &more);
		if (rc == 0)
			rc = copy_head(st, &after);
		if (rc < 0)
			return rc;
		if (before.gen != after.gen || before.seq != after.seq)
			continue;
		*n = (uint64_t)((int64_t)*n + more) - (after.gen != 0);
		return 0;
	}
	return rc < 0 ? rc : err_set(ERR_BUSY, "the copy of the pins does not come to rest");
}
