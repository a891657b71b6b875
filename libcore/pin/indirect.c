/* indirect.c - what stays only because of a recursive pin above it; computed, never stored */
#include "base/err.h"
#include "base/log.h"
#include "pin/pin_priv.h"

enum { SEEN_MEM = 16 * 1024 * 1024 };

/* ---- all of them ---- */

struct listing {
	struct store *st;
	struct pins *p;
	struct reach reach;
	struct idset *seen;		/* below all pins so far */
	struct idset *pinned;		/* explicit pins, when looking one up is slow; else NULL */
	struct cid root;
	int (*fn)(void *arg, const struct pin *p);
	void *arg;
	int stop;			/* what fn returned */
};

static int explicit(struct listing *l, const struct cid *cid, const uint8_t id[16])
{
	enum pin_mode mode;

	return l->pinned ? idset_has(l->pinned, id) : pins_get(l->p, cid, &mode, NULL);
}

static int list_enter(void *arg, const struct cid *cid)
{
	struct listing *l = arg;
	struct pin pin = { .mode = PIN_INDIRECT, .name = "" };
	uint8_t id[16];
	int rc;

	dag_id(cid, id);
	rc = idset_add(l->seen, id);
	if (rc != 1)
		return rc;
	rc = explicit(l, cid, id);
	if (rc == 0) {
		if (dag_has(store_source(l->st), cid) != 1)
			return 0;
		pin.cid = *cid;
		l->stop = l->fn(l->arg, &pin);
		if (l->stop)
			return ERR_INTERRUPTED;
	}
	if (rc < 0 || cid->codec == CID_RAW)
		return rc < 0 ? rc : 0;
	rc = dag_leaf(store_source(l->st), cid);
	return rc == 1 ? 0 : 1;			/* trouble shows when it is read */
}

static int list_pin(void *arg, const struct pin *p)
{
	struct listing *l = arg;
	int rc;

	l->root = p->cid;
	rc = reach(&l->reach, &l->root);
	return l->stop ? l->stop : rc;
}

static int note_pinned(void *arg, const struct pin *p)
{
	struct listing *l = arg;
	uint8_t id[16];
	int rc;

	dag_id(&p->cid, id);
	rc = idset_add(l->pinned, id);
	return rc < 0 ? rc : 0;
}

int pin_each_indirect(struct store *st, int (*fn)(void *arg, const struct pin *p), void *arg)
{
	struct listing l = { .st = st, .fn = fn, .arg = arg };
	int rc = pins_of(st, &l.p);

	if (rc < 0)
		return rc;
	rc = reach_init(&l.reach, st);
	l.reach.enter = list_enter;
	l.reach.arg = &l;
	if (rc == 0)
		rc = idset_new(&l.seen, 16, SEEN_MEM, store_tmpdir(st));
	if (rc == 0)
		rc = pins_view(l.p);
	if (rc == 1) {
		rc = idset_new(&l.pinned, 16, SEEN_MEM, store_tmpdir(st));
		if (rc == 0)
			rc = pin_each(st, PIN_NONE, note_pinned, &l);
	}
	if (rc == 0)
		rc = pin_each(st, PIN_RECURSIVE, list_pin, &l);
	idset_free(l.seen);
	idset_free(l.pinned);
	reach_clear(&l.reach);
	return rc;
}

/* ---- one ---- */

struct why {
	struct store *st;
	struct reach reach;
	struct idset *seen;
	const struct cid *cid;
	struct cid root;
	int found;
};

static int why_enter(void *arg, const struct cid *cid)
{
	struct why *w = arg;
	uint8_t id[16];
	int rc;

	/* the block itself is what stays, under whatever CID */
	if (span_equal(cid_mh(cid), cid_mh(w->cid)) &&
	    !(cid_equal(cid, &w->root) && cid_equal(cid, w->cid))) {
		w->found = 1;
		return ERR_INTERRUPTED;
	}
	if (cid->codec == CID_RAW)
		return 0;
	dag_id(cid, id);
	rc = idset_add(w->seen, id);
	if (rc != 1)
		return rc;
	rc = dag_leaf(store_source(w->st), cid);
	return rc == 1 ? 0 : 1;
}

static int why_pin(void *arg, const struct pin *p)
{
	struct why *w = arg;
	int rc = 0;

	w->root = p->cid;
	if (p->mode == PIN_DIRECT)
		w->found = span_equal(cid_mh(&p->cid), cid_mh(w->cid)) &&
			   !cid_equal(&p->cid, w->cid);
	else
		rc = reach(&w->reach, &w->root);
	return w->found ? 1 : rc;
}

int pin_why(struct store *st, const struct cid *cid, struct cid *root)
{
	struct why w = { .st = st, .cid = cid };
	int rc = reach_init(&w.reach, st);

	w.reach.enter = why_enter;
	w.reach.arg = &w;
	if (rc == 0)
		rc = idset_new(&w.seen, 16, SEEN_MEM, store_tmpdir(st));
	if (rc == 0)
		rc = pin_each(st, PIN_DIRECT, why_pin, &w);
	if (rc == 0)
		rc = pin_each(st, PIN_RECURSIVE, why_pin, &w);
	if (w.found) {
		*root = w.root;
		rc = 1;
	}
	idset_free(w.seen);
	reach_clear(&w.reach);
	return rc;
}
