/*
 * mark.c - mark what must stay.
 * The marks are of blocks, by multihash; what was gone into is remembered apart from them, by CID.
 * A block marked under one CID (pinned directly, or named as raw bytes) may be an inner node under
 * another, and then what is below it must be marked all the same.
 */
#include "base/err.h"
#include "base/log.h"
#include "pin/pin_priv.h"

enum { ENTERED_MEM = 16 * 1024 * 1024, COST_MEM = 4 * 1024 * 1024 };

/* A block that is not there.  Unless it is known to have no links, what was below it cannot be told
 * from garbage any more, and that counts. */
static int missing(struct mark *m, const struct cid *cid)
{
	char root[CID_TEXT_MAX], text[CID_TEXT_MAX];

	if (!m->strict)
		return 0;
	log_warn("pin", "below pin %s, block %s: %s", cid_text(&m->root, root),
		 cid_text(cid, text), err_text());
	if (m->recursive && cid->codec != CID_RAW && m->n_missing++ == 0) {
		m->bad_root = m->root;
		m->bad = *cid;
	}
	return 0;
}

/* what enter answers when the block was not entered before */
static int go_into(struct mark *m, const struct cid *cid, int marked)
{
	uint8_t id[16];
	int rc;

	if (!m->recursive)
		return 0;
	rc = marked ? 0 : dag_leaf(store_source(m->st), cid);
	if (rc == 1 || cid->codec == CID_RAW)
		return 0;
	if (rc < 0 && rc != ERR_NOTFOUND && rc != ERR_CORRUPT)
		return rc;
	dag_id(cid, id);
	return idset_add(m->entered, id);
}

static int mark_enter(void *arg, const struct cid *cid)
{
	struct mark *m = arg;
	struct span inlined;
	uint64_t len;
	int rc;

	if (cid_identity(cid, &inlined))
		return m->recursive && cid->codec != CID_RAW;
	rc = store_gc_mark(m->gc, cid);
	if (rc == ERR_NOTFOUND)
		return missing(m, cid);
	if (rc < 0)
		return rc;
	if (rc == 1) {
		m->n_marked++;
		if (m->count_bytes && store_size(m->st, cid, &len) == 0)
			m->bytes += len;
	}
	return go_into(m, cid, rc == 0);
}

static int mark_trouble(void *arg, const struct cid *cid, int rc)
{
	(void)rc;
	return missing(arg, cid);
}

int mark_init(struct mark *m, struct store *st, struct store_gc *gc)
{
	int rc;

	*m = (struct mark){ .st = st, .gc = gc };
	rc = reach_init(&m->reach, st);
	m->reach.enter = mark_enter;
	m->reach.trouble = mark_trouble;
	m->reach.arg = m;
	return rc < 0 ? rc : idset_new(&m->entered, 16, ENTERED_MEM, store_tmpdir(st));
}

void mark_clear(struct mark *m)
{
	reach_clear(&m->reach);
	idset_free(m->entered);
	m->entered = NULL;
}

int mark_root(struct mark *m, const struct cid *root, int recursive, int strict)
{
	m->root = *root;
	m->recursive = recursive;
	m->strict = strict;
	return reach(&m->reach, root);
}

/* ---- what would it cost? ---- */

struct cost {
	struct mark *m;
	struct idset *seen;
	uint64_t bytes, most;
};

static int cost_enter(void *arg, const struct cid *cid)
{
	struct cost *c = arg;
	struct span inlined;
	uint8_t id[16];
	uint64_t len;
	int rc;

	if (cid_identity(cid, &inlined))
		return cid->codec != CID_RAW;
	dag_id(cid, id);
	rc = idset_has(c->m->entered, id);
	if (rc == 0)
		rc = idset_add(c->seen, id) == 1 ? 0 : 1;
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = store_gc_marked(c->m->gc, cid);
	if (rc < 0)
		return rc;
	if (rc == 0 && store_size(c->m->st, cid, &len) == 0)
		c->bytes += len;
	if (c->bytes > c->most)
		return err_set(ERR_LIMIT, "more than that");
	if (cid->codec == CID_RAW || store_has(c->m->st, cid) != 1)
		return 0;
	rc = dag_leaf(store_source(c->m->st), cid);
	return rc < 0 ? rc : !rc;
}

int mark_cost(struct mark *m, const struct cid *root, uint64_t most, uint64_t *bytes)
{
	struct cost c = { .m = m, .most = most };
	struct reach r;
	int rc = reach_init(&r, m->st);

	r.enter = cost_enter;
	r.arg = &c;
	if (rc == 0)
		rc = idset_new(&c.seen, 16, COST_MEM, store_tmpdir(m->st));
	if (rc == 0)
		rc = reach(&r, root);
	if (rc == ERR_LIMIT)
		rc = 0;
	*bytes = c.bytes;
	idset_free(c.seen);
	reach_clear(&r);
	return rc;
}
