/*
 * car_import.c - archives into the store.
 * Blocks are put as they come; what was not here before is remembered, so that a session which comes to
 * nothing can take it out again.  A process that is killed leaves whole blocks, which the next try finds
 * and passes over, and which a collection takes away if there is none.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/idset.h"
#include "ops/car_priv.h"
#include "ops/read.h"

enum { ROOTS_MEM = 1024 * 1024, SESSION_ROOTS_MAX = 2 * CAR_ROOTS_MAX };

struct car_importer {
	struct store *st;
	struct ops_car_import o;
	struct ops_car_counts n;
	struct undo *undo;		/* NULL with `keep` */
	struct idset *met;		/* roots */
	struct cid *roots;		/* in order, each once */
	size_t n_roots, cap;
	uint64_t heard;			/* bytes of this archive that progress was told of */
	int done;
};

int ops_car_import_begin(struct car_importer **out, struct store *st, const struct ops_car_import *o)
{
	struct car_importer *m = calloc(1, sizeof *m);
	int rc;

	*out = NULL;
	if (!m)
		return err_nomem();
	m->st = st;
	m->o = *o;
	rc = o->keep ? 0 : undo_new(&m->undo, st);
	if (rc == 0)
		rc = idset_new(&m->met, 16, ROOTS_MEM, store_tmpdir(st));
	if (rc == 0) {
		*out = m;
		return 0;
	}
	undo_free(m->undo);
	free(m);
	return rc;
}

static int note_root(struct car_importer *m, const struct cid *cid)
{
	uint8_t id[16];
	int rc;

	dag_id(cid, id);
	rc = idset_add(m->met, id);
	if (rc <= 0)
		return rc;
	if (m->n_roots == SESSION_ROOTS_MAX)
		return err_set(ERR_LIMIT, "more than %d roots in all", SESSION_ROOTS_MAX);
	if (m->n_roots == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 16;
		struct cid *more = realloc(m->roots, cap * sizeof *more);

		if (!more)
			return err_nomem();
		m->roots = more;
		m->cap = cap;
	}
	m->roots[m->n_roots++] = *cid;
	return 0;
}

/* ---- one block ---- */

static int too_big(struct car_importer *m, const struct car_section *s)
{
	if (s->data.len <= BLOCK_MAX || m->o.allow_big)
		return 0;
	return err_set(ERR_LIMIT, "%zu bytes, over 2 MiB: other peers do not take such blocks; big ones "
		       "must be allowed", s->data.len);
}

static int check(struct car_importer *m, const struct car_section *s)
{
	int rc = too_big(m, s);

	return rc < 0 ? rc : codec_check(s->cid.codec, s->data, 0, NULL, NULL);
}

static int take(struct car_importer *m, const struct car_section *s)
{
	struct dag_block b = { .cid = &s->cid, .parts = { s->data }, .n_parts = 1, .src_fd = -1 };
	int rc;

	rc = dag_has(store_source(m->st), &s->cid);
	if (rc < 0)
		return rc;
	m->n.blocks++;
	m->n.bytes += s->data.len;
	if (rc == 0) {
		m->n.new_blocks++;
		m->n.new_bytes += s->data.len;
		if (m->undo)
			rc = undo_note(m->undo, &s->cid);
	}
	/* also what is here: from now on we rely on it */
	return rc < 0 ? rc : dag_put(store_sink(m->st), &b);
}

static int heard(struct car_importer *m, struct car_in *c)
{
	uint64_t now = car_in_bytes(c), more = now - m->heard;

	m->heard = now;
	if (!m->o.progress || m->o.progress(m->o.arg, more, 1) == 0)
		return 0;
	return err_set(ERR_INTERRUPTED, "stopped");
}

/* ---- one archive ---- */

struct feed {
	ssize_t (*read)(void *arg, void *p, size_t len);
	void *arg;
	int over, rc;			/* it ended; or why not */
};

static ssize_t feed_read(void *arg, void *p, size_t len)
{
	struct feed *f = arg;
	ssize_t n = f->read(f->arg, p, len);

	f->over |= n == 0;
	f->rc = n < 0 ? (int)n : f->rc;
	return n;
}

static int fault(struct car_importer *m, const struct ops_car_fault *f, int rc)
{
	return m->o.fault && rc != ERR_NOMEM && rc != ERR_IO ? m->o.fault(m->o.arg, f, rc) : rc;
}

/* the sections, until one is wrong */
static int sections(struct car_importer *m, struct car_in *c, const struct feed *feed, const char *what)
{
	struct cid before = { 0 };
	struct ops_car_fault f = { 0 };
	struct car_section s;
	int rc;

	while ((rc = car_in_next(c, &s)) == 1) {
		rc = check(m, &s);
		if (rc < 0) {
			f.block = &s.cid;
			rc = m->o.fault ? rc : at_section(rc, what, &s);
			break;
		}
		rc = take(m, &s);
		if (rc == 0)
			rc = heard(m, c);
		if (rc < 0)
			return rc;
		before = s.cid;
		f.before = &before;
	}
	if (rc == 0)
		return rc;
	f.read = feed && feed->rc == rc;
	if (rc == ERR_CORRUPT && !f.read)
		f.block = &s.cid;
	if (f.block)
		f.data = s.data;
	f.cut = car_in_cut(c);
	return fault(m, &f, rc);
}

/* c: open, or rc says why not */
static int import(struct car_importer *m, struct car_in *c, int rc, const struct feed *feed, const char *what)
{
	struct ops_car_fault head = { .head = 1, .cut = feed && feed->over };
	const struct cid *roots;
	size_t n, i;

	head.read = feed && feed->rc == rc;
	if (rc < 0)
		return fault(m, &head, rc);
	m->heard = 0;
	roots = car_in_roots(c, &n);
	for (i = 0; rc == 0 && i < n; i++)
		rc = note_root(m, &roots[i]);
	if (rc == 0)
		rc = sections(m, c, feed, what);
	car_in_close(c);
	if (rc == 0)
		m->n.files++;
	return rc;
}

int ops_car_import_fd(struct car_importer *m, int fd, const char *what)
{
	struct car_in *c = NULL;
	int rc = car_in_open(&c, fd, what, m->o.flags);

	return import(m, c, rc, NULL, what);
}

int ops_car_import_read(struct car_importer *m, ssize_t (*read)(void *arg, void *p, size_t len), void *arg,
			const char *what)
{
	struct feed feed = { .read = read, .arg = arg };
	struct car_in *c = NULL;
	int rc = car_in_from(&c, feed_read, &feed, m->o.fault ? NULL : what, m->o.flags);

	return import(m, c, rc, &feed, what);
}

struct ops_car_counts ops_car_import_counts(const struct car_importer *m)
{
	return m->n;
}

/* ---- the end ---- */

static int no_visit(void *arg, const struct dag_visit *v)
{
	(void)arg;
	(void)v;
	return 0;
}

static int not_whole(int rc, const struct cid *root)
{
	char text[CID_TEXT_MAX];

	if (rc == ERR_NOTFOUND)		/* not a question that was answered "no": the archive is short of it */
		rc = err_set(ERR_INVALID, "%s", err_text());
	return rc < 0 ? err_add(rc, "root %s cannot be pinned", cid_text(root, text)) : rc;
}

/* all or none: with more than one root, look at each before the first is pinned */
static int look_at_roots(struct car_importer *m)
{
	struct dag_walk w = { .once = 1, .depth_max = -1, .visit = no_visit,
			      .tmpdir = store_tmpdir(m->st) };
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && m->n_roots > 1 && i < m->n_roots; i++)
		rc = not_whole(dag_walk(store_source(m->st), &m->roots[i], &w), &m->roots[i]);
	return rc;
}

static int pinned(void *arg, size_t i, int rc)
{
	struct car_importer *m = arg;

	return not_whole(rc, &m->roots[i]);
}

int ops_car_import_end(struct car_importer *m, int (*root)(void *arg, const struct cid *cid), void *arg)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && !m->o.pin && i < m->n_roots; i++)
		rc = pin_note(m->st, &m->roots[i]);
	if (rc == 0)
		rc = store_commit(m->st);
	if (rc == 0 && m->o.pin)
		rc = look_at_roots(m);
	if (rc == 0)			/* our lease keeps the other roots from a collection */
		rc = pin_quota(m->st, m->o.pin && m->n_roots ? &m->roots[m->n_roots - 1] : NULL);
	if (rc == 0 && m->o.pin && m->n_roots)
		rc = pin_add_many(m->st, m->roots, m->n_roots, PIN_RECURSIVE, m->o.pin_name, pinned, m);
	if (rc < 0)
		return rc;
	m->done = 1;
	for (i = 0; rc == 0 && root && i < m->n_roots; i++)
		rc = root(arg, &m->roots[i]);
	return rc;
}

int ops_car_import_drop(struct car_importer *m)
{
	int rc = 0;

	if (!m)
		return 0;
	if (!m->done && m->undo) {
		rc = undo_run(m->undo);
	} else if (!m->done) {
		rc = store_commit(m->st);
		if (rc < 0)
			store_rollback(m->st);
	}
	undo_free(m->undo);
	idset_free(m->met);
	free(m->roots);
	free(m);
	return rc;
}
