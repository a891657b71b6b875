/* select_view.c - blocks that are read as something else: files as bytes, directories as maps */
#include <string.h>

#include "base/err.h"
#include "select_priv.h"

static const struct dag_adl *find(const struct select *w, struct span name)
{
	const struct dag_adl *a = w->o->adls;

	for (; a && a->name; a++)
		if (span_equal(span_str(a->name), name))
			return a;
	return NULL;
}

int select_readable(struct select *w)
{
	const struct dag_selector *sel = w->sel;
	uint32_t i;

	for (i = 0; i < sel->n_clauses; i++) {
		struct span name = sel->clause[i].text;

		if (sel->clause[i].kind == CLAUSE_AS && !find(w, name))
			return err_set(ERR_UNSUPPORTED, "selector: nodes cannot be interpreted as '%.*s'",
				       name.len < 64 ? (int)name.len : 64, (const char *)name.p);
	}
	return 0;
}

static const struct clause *clause_of(const struct select *w, size_t spot)
{
	return &w->sel->clause[w->spots.spot[spot].clause];
}

static int blame(int rc, const struct cid *cid)
{
	char text[CID_TEXT_MAX];

	return rc == ERR_INVALID ? err_add(rc, "block %s", cid_text(cid, text)) : rc;
}

/* ---- a view is reached ---- */

/* the part of a view that a matcher means: 1 and *s, or 0 */
static int matches(const struct select *w, const struct clause *c, const struct value *v,
		   struct dag_selected *s)
{
	uint64_t from = 0, to = v->view->len;

	if (c->kind != CLAUSE_MATCH || (c->cond != NOWHERE && !cond_met(w->sel, c->cond, v)))
		return 0;
	if (c->has_subset && (v->view->kind != DAG_VIEW_BYTES || !select_slice(c, to, &from, &to)))
		return 0;
	s->matched = 1;
	s->label = c->text;
	s->off = from;
	s->len = to - from;
	return 1;
}

static int tell_view(struct select *w, int block, const struct value *v, size_t first, size_t n)
{
	struct dag_selected s = { .path = buf_span(&w->path), .cid = &w->held[block].cid,
				  .view = v->view, .src = dag_tap_under(w->src) };
	int rc = select_count(w);
	size_t i;

	if (rc < 0 || !w->o->node)
		return rc;
	for (i = first; rc == 0 && i < first + n; i++)
		if (matches(w, clause_of(w, i), v, &s) && !select_told_before(w, first, i, v))
			rc = w->o->node(w->o->arg, &s);
	if (rc == 0 && !s.matched)
		rc = w->o->node(w->o->arg, &s);
	return rc < 0 ? rc : 0;
}

int dag_selected_read(const struct dag_selected *s, struct sink *out)
{
	if (!s->view || s->view->kind != DAG_VIEW_BYTES)
		return err_set(ERR_INVALID, "not a file");
	return s->view->adl->read(s->src, s->cid, s->off, s->len, out);
}

/* load the blocks with what is meant of a file, or all of the thing: the first matcher's on top */
static int push_loads(struct select *w, const struct frame *at, const struct value *v, size_t first,
		      size_t n)
{
	struct frame f = *at;
	struct dag_selected s;
	int rc = 0;
	size_t i;

	f.kind = FRAME_LOAD;
	f.first = w->spots.n;
	f.n = 0;
	for (i = first + n; rc == 0 && i-- > first; )
		if (matches(w, clause_of(w, i), v, &s) && s.len && !select_told_before(w, first, i, v)) {
			f.view = *v->view;
			f.view.off = s.off;
			f.view.end = s.off + s.len;
			rc = select_push(w, &f);
		}
	return rc;
}

/* what is behind AS, at the block itself because there is no other reading of it */
static int read_plain(struct select *w, const struct frame *f)
{
	size_t first = w->spots.n;
	int rc;

	w->n_frames--;
	rc = spots_next(&w->spots, (size_t)f->i);
	if (rc == 0 && w->spots.n > first)
		rc = select_arrive(w, f->block, 0, first, f->depth, 1);
	return rc;
}

static int read_view(struct select *w, const struct frame *at)
{
	struct frame f = *at;
	struct dag_view view = f.view;
	struct value v = { .view = &view };
	int rc;

	w->n_frames--;
	f.first = w->spots.n;
	rc = spots_next(&w->spots, (size_t)f.i);
	if (rc == 0)
		rc = spots_expand(&w->spots, f.first, &v, 1);
	f.n = w->spots.n - f.first;
	if (rc == 0)
		rc = tell_view(w, f.block, &v, f.first, f.n);
	if (rc == 0 && view.kind == DAG_VIEW_MAP && select_explores(w, f.first, f.n)) {
		f.kind = FRAME_VIEW;
		f.picks = (uint8_t)select_picks(w, f.first, f.n);
		f.quiet = (uint8_t)view.adl->whole;
		f.i = f.j = 0;
		rc = select_push(w, &f);
	} else if (rc == 0 && view.kind == DAG_VIEW_BYTES && !view.adl->whole && w->o->block) {
		rc = push_loads(w, &f, &v, f.first, f.n);
	}
	return rc;
}

int select_run_reading(struct select *w)
{
	struct frame *f = &w->frame[w->n_frames - 1], at, load;
	const struct cid *cid = &w->held[f->block].cid;
	struct span block;
	int rc = select_bytes(w, f->block, &block);

	if (rc == 0 && !f->open) {
		f->view = (struct dag_view){ .adl = find(w, clause_of(w, (size_t)f->i)->text) };
		rc = blame(f->view.adl->open(cid, block, &f->view), cid);
		f->view.end = f->view.len;
		f->open = 1;
		if (rc == 0 && f->view.kind != DAG_VIEW_NONE && f->view.adl->whole && w->o->block) {
			load = *f;
			load.kind = FRAME_LOAD;
			load.first = w->spots.n;
			load.n = 0;
			return select_push(w, &load);
		}
	}
	if (rc < 0)
		return rc;
	at = *f;
	return at.view.kind == DAG_VIEW_NONE ? read_plain(w, &at) : read_view(w, &at);
}

/* ---- blocks of a thing ---- */

/* one more block of the thing at `f`: held on top, with *below open; 1; 0: nothing to go into */
static int hold_more(struct select *w, const struct frame *f, const struct cid *cid,
		     struct dag_view *below)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	int rc = select_fetch(w, cid, f->quiet, &block);

	if (rc == 1) {
		below->adl = f->view.adl;
		rc = blame(below->adl->open(cid, buf_span(&block), below), cid);
		/* a leaf of a file may be of any codec */
		if (rc == 0 && below->kind != f->view.kind &&
		    (below->kind != DAG_VIEW_NONE || f->view.kind != DAG_VIEW_BYTES))
			rc = blame(err_set(ERR_INVALID, "not a part of what it is in"), cid);
		if (rc == 0 && below->kind != DAG_VIEW_NONE) {
			rc = select_hold(w, cid, &block);
			return rc < 0 ? rc : 1;
		}
	}
	buf_clear(&block);
	return rc;
}

/* the same set goes on in another block of the map; a load goes on in it */
static int go_on(struct select *w, const struct cid *cid, struct dag_view *below)
{
	struct frame f = w->frame[w->n_frames - 1];
	int rc = hold_more(w, &f, cid, below);

	if (rc <= 0)
		return rc;
	f.block = w->n_held - 1;
	f.view = *below;
	return select_push(w, &f);
}

int select_run_load(struct select *w)
{
	struct frame *f = &w->frame[w->n_frames - 1];
	struct dag_view below = { .adl = f->view.adl };
	uint64_t state[4];
	struct span block, name;
	struct cid cid;
	int rc = select_bytes(w, f->block, &block);

	if (rc == 0)
		rc = f->view.adl->next(&f->view, block, &name, &cid, &below);
	if (rc < 0)
		return blame(rc, &w->held[f->block].cid);
	if (rc == 0)
		w->n_frames--;
	if (rc != 2)
		return 0;
	state[0] = below.off;
	state[1] = below.end;
	state[2] = (uint64_t)below.state;
	state[3] = (uint64_t)(below.adl - w->o->adls);
	rc = select_fresh(w, &cid, state, sizeof state);
	if (rc <= 0)
		return rc;
	rc = select_glance(w, &cid, f->quiet);
	return rc == 2 ? go_on(w, &cid, &below) : rc < 0 ? rc : 0;
}

/* ---- entries ---- */

static int entry(struct select *w, struct span name, const struct cid *cid)
{
	const struct frame *f = &w->frame[w->n_frames - 1];
	struct node_step link = { .kind = NODE_LINK, .n = cid->len, .p = cid->bytes };
	struct node nd = { .step = &link, .n = 1 };
	struct value v = { .nd = &nd };
	struct segment seg = { .name = name };
	size_t first = w->spots.n;
	int rc = spots_step(&w->spots, f->first, f->n, &seg, &v), depth = f->depth + 1;

	if (rc <= 0)
		return rc;
	rc = select_segment(w, f, name);
	return rc < 0 ? rc : select_follow(w, cid, first, depth);
}

static int all_entries(struct select *w, struct frame *f, struct span block)
{
	struct dag_view below = { .adl = f->view.adl };
	struct span name;
	struct cid cid;
	int rc = f->view.adl->next(&f->view, block, &name, &cid, &below);

	switch (rc) {
	case 0:
		w->n_frames--;
		return 0;
	case 1:
		return entry(w, name, &cid);
	case 2:
		return go_on(w, &cid, &below);
	default:
		return blame(rc, &w->held[f->block].cid);
	}
}

/* look one name up, through as many blocks as it takes: 1 and *cid, 0, or an error */
static int look_up(struct select *w, const struct frame *f, struct span block, struct span name,
		   struct cid *cid)
{
	struct buf more = BUF_INIT(DAG_BLOCK_MAX);
	struct dag_view at = f->view, below = { .adl = at.adl };
	struct cid in = w->held[f->block].cid;
	int rc;

	for (;;) {
		rc = blame(at.adl->step(&at, block, name, cid, &below), &in);
		if (rc != 2)
			break;
		in = *cid;
		rc = select_fetch(w, &in, f->quiet, &more);
		if (rc <= 0)
			break;
		block = buf_span(&more);
		rc = blame(at.adl->open(&in, block, &below), &in);
		if (rc < 0)
			break;
		at = below;
	}
	buf_clear(&more);
	return rc;
}

static int named_entries(struct select *w, struct frame *f, struct span block)
{
	struct segment seg = { .in_list = 0 };
	const struct clause *c;
	struct cid cid;
	int rc;

	for (; f->i < f->n; f->i++, f->j = 0) {
		c = clause_of(w, f->first + (size_t)f->i);
		if (c->kind != CLAUSE_FIELDS || f->j >= c->n)
			continue;
		seg.name = w->sel->kid[c->next + f->j++].name;
		if (select_named_before(w, f, &seg))
			return 0;
		rc = look_up(w, f, block, seg.name, &cid);
		return rc <= 0 ? rc : entry(w, seg.name, &cid);
	}
	w->n_frames--;
	return 0;
}

int select_run_view(struct select *w)
{
	struct frame *f = &w->frame[w->n_frames - 1];
	struct span block;
	int rc = select_bytes(w, f->block, &block);

	if (rc < 0)
		return rc;
	return f->picks ? named_entries(w, f, block) : all_entries(w, f, block);
}
