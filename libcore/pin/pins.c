/* pins.c - adding, removing and moving pins */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "pin/pin_priv.h"

enum { WALK_TRIES = 3, MANY = 256 };

static int check_name(const char *name)
{
	size_t len = name ? strlen(name) : 0;

	if (len > PIN_NAME_MAX)
		return err_set(ERR_USAGE, "pin name is %zu bytes (max %d bytes)", len, PIN_NAME_MAX);
	if (name && !utf8_valid(span_str(name)))
		return err_set(ERR_USAGE, "a pin's name must be UTF-8");
	return 0;
}

/* ready to change pins: what was put is committed, since a pin must never outlive its blocks */
static int ready(struct store *st, struct pins **p)
{
	int rc = store_commit(st);

	return rc < 0 ? rc : pins_of(st, p);
}

/* others' changes that we are about to acknowledge may not be on the disk yet */
static int settle(struct pins *p)
{
	return store_flags(p->st) & STORE_UNSYNCED ? 0 : pins_sync(p);
}

/* ---- add ---- */

enum need { NEED_NOTHING, NEED_LINE, NEED_WALK };

/* what is left to do for this pin; *name: what it is to be called */
static int examine(struct pins *p, const struct cid *cid, enum pin_mode mode, const char *asked,
		   struct buf *name)
{
	char text[CID_TEXT_MAX];
	enum pin_mode have;
	int rc;

	buf_reset(name);
	rc = pins_get(p, cid, &have, name);
	if (rc < 0)
		return rc;
	if (mode == PIN_DIRECT && have == PIN_RECURSIVE)
		return err_set(ERR_EXISTS, "%s already pinned recursively", cid_text(cid, text));
	if (have == mode && (!asked || span_equal(span_str(asked), buf_span(name)))) {
		rc = settle(p);
		return rc < 0 ? rc : NEED_NOTHING;
	}
	if (asked) {
		buf_reset(name);
		rc = buf_str(name, asked);
	}
	return rc < 0 ? rc : have == mode ? NEED_LINE : NEED_WALK;
}

struct job {
	struct pins *p;
	const struct pin_from *in;	/* NULL: the store, and nobody listens */
	const struct cid *from, *to;	/* from: of an update, else NULL */
	enum pin_mode mode;
};

static struct dag_source *source(const struct job *j)
{
	return j->in && j->in->src ? j->in->src : store_source(j->p->st);
}

/* one more block is here; len 0: nobody read it */
static int seen(const struct job *j, const struct cid *cid, uint64_t len)
{
	int rc = 0;

	if (!j->in || !j->in->progress)
		return 0;
	if (len == 0)
		rc = dag_size(source(j), cid, &len);
	if (rc == 0 && j->in->progress(j->in->arg, len))
		rc = err_set(ERR_INTERRUPTED, "stopped");
	return rc;
}

static int visit(void *arg, const struct dag_visit *v)
{
	return seen(arg, v->cid, v->block.len);
}

static int walk(struct job *j)
{
	struct dag_walk w = { .once = 1, .depth_max = -1, .visit = visit, .arg = j,
			      .tmpdir = store_tmpdir(j->p->st) };
	int rc;

	if (j->from)
		return diff_walk(j->p->st, source(j), j->from, j->to);
	if (j->mode == PIN_RECURSIVE)
		return dag_walk(source(j), j->to, &w);
	rc = dag_need(source(j), j->to);
	return rc == 0 ? seen(j, j->to, 0) : rc;
}

/*
 * Walk until nothing was deleted between the walk's beginning and the moment we have the lock, which no
 * sweep's transaction can be inside of; then it is held.  Announcing the root makes sweeps that begin
 * from now on keep it, so that as a rule one walk does; the last resort is a walk with sweeps
 * shut out.  gc.c has the whole argument.
 */
static int walk_and_lock(struct job *j)
{
	uint64_t before, after;
	int rc = store_protect(j->p->st, j->to), tries, held;

	for (tries = 0; rc == 0; tries++) {
		held = 0;
		rc = store_sweeps(j->p->st, &before);
		if (rc == 0 && tries >= WALK_TRIES)
			rc = (held = pins_lock(j->p) == 0) ? 0 : ERR_IO;
		if (rc == 0)
			rc = walk(j);
		if (rc == 0 && !held)
			rc = (held = pins_lock(j->p) == 0) ? 0 : ERR_IO;
		if (rc == 0)
			rc = store_sweeps(j->p->st, &after);
		if (rc == 0 && before == after)
			return 0;
		if (held)
			pins_unlock(j->p);
	}
	return rc;
}

static int append_one(struct pins *p, char op, enum pin_mode mode, const struct cid *cid,
		      const char *name)
{
	struct change c = { op, mode, cid, name };
	int rc;

	added_unpinned(p->st, &c, 1);
	rc = pins_append(p, &c, 1);
	if (rc == 0) {
		board_count(pins_board(p), op == PIN_SET ? BOARD_PINS_ADDED : BOARD_PINS_REMOVED, 1);
		copy_tend(p);
	}
	return rc;
}

int pin_add(struct store *st, const struct cid *cid, enum pin_mode mode, const char *name)
{
	return pin_add_from(st, NULL, cid, mode, name);
}

int pin_add_from(struct store *st, const struct pin_from *from, const struct cid *cid, enum pin_mode mode,
		 const char *name)
{
	struct buf call = BUF_INIT(PIN_NAME_MAX);
	struct job j = { .in = from, .to = cid, .mode = mode };
	struct pins *p = NULL;
	int rc = check_name(name), need, walked = 0;

	if (rc == 0 && mode != PIN_RECURSIVE && mode != PIN_DIRECT)
		rc = err_set(ERR_USAGE, "a pin is recursive or direct");
	if (rc == 0)
		rc = ready(st, &p);
	if (rc < 0)
		return rc;
	j.p = p;
	need = examine(p, cid, mode, name, &call);
	if (need >= 0 && need < NEED_WALK && from && from->progress) {
		rc = walk(&j);			/* who listens hears of it, though it is pinned already */
		need = rc < 0 ? rc : need;
	}
	while (need > NEED_NOTHING) {
		walked = need == NEED_WALK;
		rc = walked ? walk_and_lock(&j) : pins_lock(p);
		if (rc < 0)
			break;
		need = examine(p, cid, mode, name, &call);	/* the last word, under the lock */
		if (need == NEED_WALK && !walked) {
			pins_unlock(p);		/* it was unpinned meanwhile */
			continue;
		}
		if (need > NEED_NOTHING)
			rc = append_one(p, PIN_SET, mode, cid, call.data ? (char *)call.data : "");
		pins_unlock(p);
		break;
	}
	if (walked)
		store_protect(st, NULL);
	buf_clear(&call);
	return need < 0 ? need : rc < 0 ? rc : 0;
}

/* ---- many at once ---- */

struct many {
	struct pins *p;
	enum pin_mode mode;
	const char *name;
	int (*told)(void *arg, size_t i, int rc);
	void *arg;
	struct buf call;
	char (*names)[PIN_NAME_MAX + 1];	/* [MANY] */
	struct change changes[MANY];
	uint8_t good[MANY];
};

/* The walks, without the lock.  Those that fail are told at once, while the message is theirs. */
static int many_walk(struct many *m, const struct cid *cids, size_t from, size_t n)
{
	struct job j = { .p = m->p, .mode = m->mode };
	size_t i;
	int rc = 0, need;

	for (i = 0; rc == 0 && i < n; i++) {
		j.to = &cids[from + i];
		need = examine(m->p, j.to, m->mode, m->name, &m->call);
		if (need == NEED_WALK) {
			rc = walk(&j);
			need = rc < 0 ? rc : need;
		}
		m->good[i] = need >= 0;
		rc = need < 0 ? m->told(m->arg, from + i, need) : 0;
	}
	return rc;
}

/* under the lock: one line for each that still needs one, all in one write */
static int many_append(struct many *m, const struct cid *cids, size_t from, size_t n)
{
	int rc = 0, need;
	size_t i, k = 0;

	for (i = 0; rc == 0 && i < n; i++) {
		if (!m->good[i])
			continue;
		need = examine(m->p, &cids[from + i], m->mode, m->name, &m->call);
		if (need < 0) {
			m->good[i] = 0;
			rc = m->told(m->arg, from + i, need);
			continue;
		}
		if (need == NEED_NOTHING)
			continue;
		snprintf(m->names[k], sizeof m->names[k], "%s",
			 m->call.data ? (char *)m->call.data : "");
		m->changes[k] = (struct change){ PIN_SET, m->mode, &cids[from + i], m->names[k] };
		k++;
	}
	if (rc == 0 && k)
		rc = pins_append(m->p, m->changes, (int)k);
	if (rc == 0 && k) {
		board_count(pins_board(m->p), BOARD_PINS_ADDED, k);
		copy_tend(m->p);
	}
	return rc;
}

static int add_some(struct many *m, const struct cid *cids, size_t from, size_t n)
{
	uint64_t before, after = 0;
	size_t i;
	int rc = store_sweeps(m->p->st, &before);

	if (rc == 0)
		rc = many_walk(m, cids, from, n);
	if (rc == 0)
		rc = pins_lock(m->p);
	if (rc != 0)
		return rc;
	rc = store_sweeps(m->p->st, &after);
	if (rc == 0 && before == after)
		rc = many_append(m, cids, from, n);
	pins_unlock(m->p);
	for (i = 0; rc == 0 && i < n; i++) {
		if (!m->good[i])
			continue;
		/* something was deleted while we walked: each for itself, as it must be */
		if (before != after)
			rc = m->told(m->arg, from + i, pin_add(m->p->st, &cids[from + i], m->mode, m->name));
		else
			rc = m->told(m->arg, from + i, 0);
	}
	return rc;
}

static int each_some(struct store *st, struct many *m, const struct cid *cids, size_t n,
		     int (*deal)(struct many *m, const struct cid *cids, size_t from, size_t n))
{
	size_t from, k;
	int rc = ready(st, &m->p);

	m->call = BUF_INIT(PIN_NAME_MAX);
	m->names = calloc(MANY, sizeof *m->names);
	if (rc == 0 && !m->names)
		rc = err_nomem();
	for (from = 0; rc == 0 && from < n; from += k) {
		k = n - from < MANY ? n - from : MANY;
		rc = deal(m, cids, from, k);
	}
	buf_clear(&m->call);
	free(m->names);
	return rc;
}

int pin_add_many(struct store *st, const struct cid *cids, size_t n, enum pin_mode mode,
		 const char *name, int (*told)(void *arg, size_t i, int rc), void *arg)
{
	struct many m = { .mode = mode, .name = name, .told = told, .arg = arg };
	int rc = check_name(name);

	if (rc == 0 && mode != PIN_RECURSIVE && mode != PIN_DIRECT)
		rc = err_set(ERR_USAGE, "a pin is recursive or direct");
	return rc < 0 ? rc : each_some(st, &m, cids, n, add_some);
}

/* ---- the end of an add ---- */

/* The lease of this handle, taken before the first block was put, keeps a sweep from everything the
 * add has written or found; nothing needs to be walked. */
int pin_added(struct store *st, const struct cid *root, const char *name)
{
	struct buf call = BUF_INIT(PIN_NAME_MAX);
	struct pins *p = NULL;
	char text[CID_TEXT_MAX];
	int rc = check_name(name), need;

	if (rc == 0)
		rc = ready(st, &p);
	if (rc == 0) {
		rc = dag_has(store_source(st), root);
		rc = rc == 0 ? err_set(ERR_NOTFOUND, "block %s is not in the store",
				       cid_text(root, text)) : rc < 0 ? rc : 0;
	}
	if (rc == 0)
		rc = pins_lock(p);
	if (rc < 0)
		return rc;
	need = examine(p, root, PIN_RECURSIVE, name, &call);
	rc = need;
	if (need > NEED_NOTHING)
		rc = append_one(p, PIN_SET, PIN_RECURSIVE, root, call.data ? (char *)call.data : "");
	pins_unlock(p);
	buf_clear(&call);
	return rc;
}

/* ---- remove ---- */

/* may this pin go?  0 and how it is pinned, or why not */
static int may_rm(struct pins *p, const struct cid *cid, enum pin_mode mode, enum pin_mode *have)
{
	char text[CID_TEXT_MAX];
	int rc = pins_get(p, cid, have, NULL);

	if (rc == 0)
		return err_set(ERR_NOTFOUND, "not pinned or pinned indirectly");
	if (rc == 1 && *have == PIN_RECURSIVE && mode == PIN_DIRECT)
		return err_set(ERR_DIFFER, "%s is pinned recursively", cid_text(cid, text));
	return rc < 0 ? rc : 0;
}

int pin_rm(struct store *st, const struct cid *cid, enum pin_mode mode)
{
	enum pin_mode have;
	struct pins *p;
	int rc = ready(st, &p);

	if (rc == 0)
		rc = pins_lock(p);
	if (rc < 0)
		return rc;
	rc = may_rm(p, cid, mode, &have);
	if (rc == 0)
		rc = append_one(p, PIN_DROP, have, cid, NULL);
	pins_unlock(p);
	return rc;
}

/* some hundreds under the lock; a CID that comes twice is not pinned the second time */
static int drop_some(struct many *m, const struct cid *cids, size_t from, size_t n)
{
	struct overlay done;		/* CIDs of this batch */
	enum pin_mode have;
	size_t i, k = 0;
	int rc = pins_lock(m->p);

	if (rc < 0)
		return rc;
	overlay_init(&done);
	for (i = 0; rc == 0 && i < n; i++) {
		const struct cid *cid = &cids[from + i];

		rc = overlay_find(&done, cid) ?
		     err_set(ERR_NOTFOUND, "not pinned or pinned indirectly") :
		     may_rm(m->p, cid, m->mode, &have);
		m->good[i] = rc == 0;
		if (rc < 0) {
			rc = m->told(m->arg, from + i, rc);
			continue;
		}
		rc = overlay_set(&done, cid, PIN_NONE, "");
		m->changes[k++] = (struct change){ PIN_DROP, have, cid, NULL };
	}
	overlay_clear(&done);
	if (rc == 0)
		added_unpinned(m->p->st, m->changes, k);
	if (rc == 0 && k)
		rc = pins_append(m->p, m->changes, (int)k);
	if (rc == 0 && k) {
		board_count(pins_board(m->p), BOARD_PINS_REMOVED, k);
		copy_tend(m->p);
	}
	pins_unlock(m->p);
	for (i = 0; rc == 0 && i < n; i++)
		if (m->good[i])
			rc = m->told(m->arg, from + i, 0);
	return rc;
}

int pin_rm_many(struct store *st, const struct cid *cids, size_t n, enum pin_mode mode,
		int (*told)(void *arg, size_t i, int rc), void *arg)
{
	struct many m = { .mode = mode, .told = told, .arg = arg };

	return each_some(st, &m, cids, n, drop_some);
}

/* ---- update ---- */

/* *name: of the old pin */
static int may_update(struct pins *p, const struct cid *from, const struct cid *to,
		      struct buf *name)
{
	enum pin_mode have;
	int rc;

	buf_reset(name);
	rc = pins_get(p, from, &have, name);
	if (rc >= 0 && have != PIN_RECURSIVE)
		return err_set(ERR_NOTFOUND, "'from' cid was not recursively pinned already");
	if (rc < 0 || cid_equal(from, to))
		return rc < 0 ? rc : 0;
	rc = pins_get(p, to, &have, NULL);
	if (rc >= 0 && have == PIN_RECURSIVE)
		return err_set(ERR_EXISTS, "'to' cid was already recursively pinned");
	return rc < 0 ? rc : 0;
}

int pin_update(struct store *st, const struct cid *from, const struct cid *to, int unpin)
{
	return pin_update_from(st, NULL, from, to, unpin);
}

int pin_update_from(struct store *st, const struct pin_from *in, const struct cid *from, const struct cid *to,
		    int unpin)
{
	struct buf name = BUF_INIT(PIN_NAME_MAX);
	struct job j = { .in = in, .from = from, .to = to, .mode = PIN_RECURSIVE };
	struct pins *p;
	int rc = ready(st, &p);

	if (rc == 0)
		rc = may_update(p, from, to, &name);
	if (rc == 0 && cid_equal(from, to)) {
		rc = settle(p);
	} else if (rc == 0) {
		j.p = p;
		rc = walk_and_lock(&j);
		if (rc == 0) {
			rc = may_update(p, from, to, &name);
			if (rc == 0) {
				struct change c[2] = {
					{ PIN_SET, PIN_RECURSIVE, to,
					  name.data ? (char *)name.data : "" },
					{ PIN_DROP, PIN_RECURSIVE, from, NULL },
				};

				added_unpinned(st, c, unpin ? 2 : 1);
				rc = pins_append(p, c, unpin ? 2 : 1);
			}
			if (rc == 0)
				copy_tend(p);
			pins_unlock(p);
		}
		store_protect(st, NULL);
	}
	buf_clear(&name);
	return rc;
}

/* ---- for others who delete ---- */

int pin_hold(struct store *st)
{
	struct pins *p;
	int rc = ready(st, &p);

	return rc < 0 ? rc : pins_lock(p);
}

void pin_release(struct store *st)
{
	struct pins *p;

	if (pins_of(st, &p) == 0)
		pins_unlock(p);
}

int pin_changes(struct store *st, uint64_t *n)
{
	struct pins *p;
	int rc = pins_of(st, &p);

	if (rc == 0)
		rc = pins_view(p);
	if (rc == 1)
		rc = err_set(ERR_BUSY, "the copy of the pins does not come to rest");
	if (rc == 0)
		*n = p->seq;
	return rc;
}
