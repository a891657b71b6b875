/*
 * select.c - walk a DAG as a selector says.
 * Spec: ipld/ipld specs/selectors/selectors.md; the order of go-ipld-prime's traversal.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "select_priv.h"

enum { FRAMES_MAX = 65536, PATH_BYTES_MAX = 1024 * 1024, SEEN_MEM = 16 * 1024 * 1024 };

int select_push(struct select *w, const struct frame *f)
{
	if (w->n_frames == w->cap_frames) {
		int cap = w->cap_frames ? 2 * w->cap_frames : 32;
		struct frame *p;

		if (w->n_frames >= FRAMES_MAX)
			return err_set(ERR_LIMIT, "more than %d levels of nodes", FRAMES_MAX);
		p = realloc(w->frame, (size_t)cap * sizeof *p);
		if (!p)
			return err_nomem();
		w->frame = p;
		w->cap_frames = cap;
	}
	w->frame[w->n_frames++] = *f;
	return 0;
}

int select_segment(struct select *w, const struct frame *f, struct span name)
{
	int rc = 0;

	w->path.len = f->path;
	if (f->depth > 0)
		rc = buf_u8(&w->path, '/');
	if (rc == 0)
		rc = buf_add(&w->path, name);
	return rc < 0 ? err_add(rc, "path of a node") : 0;
}

/* ---- sets ---- */

static const struct clause *clause_of(const struct select *w, size_t spot)
{
	return &w->sel->clause[w->spots.spot[spot].clause];
}

int select_picks(const struct select *w, size_t first, size_t n)
{
	size_t i;

	for (i = first; i < first + n; i++)
		if (clause_of(w, i)->kind == CLAUSE_ALL)
			return 0;
	return 1;
}

int select_explores(const struct select *w, size_t first, size_t n)
{
	size_t i;

	for (i = first; i < first + n; i++)
		switch (clause_of(w, i)->kind) {
		case CLAUSE_ALL:
		case CLAUSE_FIELDS:
		case CLAUSE_INDEX:
		case CLAUSE_RANGE:
			return 1;
		}
	return 0;
}

static int names(const struct select *w, const struct clause *c, const struct segment *seg)
{
	uint32_t i;

	switch (c->kind) {
	case CLAUSE_FIELDS:
		for (i = 0; i < c->n; i++)
			if (span_equal(w->sel->kid[c->next + i].name, seg->name))
				return 1;
		return 0;
	case CLAUSE_INDEX:
		return seg->in_list && seg->index == (uint64_t)c->from;
	case CLAUSE_RANGE:
		return seg->in_list && seg->index >= (uint64_t)c->from && seg->index < (uint64_t)c->to;
	}
	return 0;
}

int select_named_before(const struct select *w, const struct frame *f, const struct segment *seg)
{
	size_t i;

	for (i = f->first; i < f->first + f->i; i++)
		if (names(w, clause_of(w, i), seg))
			return 1;
	return 0;
}

/* ---- a node is reached ---- */

int select_count(struct select *w)
{
	if (w->o->nodes_max && w->n_nodes >= w->o->nodes_max)
		return err_set(ERR_LIMIT, "more than %" PRIu64 " nodes", w->o->nodes_max);
	w->n_nodes++;
	return 0;
}

int select_slice(const struct clause *c, uint64_t len, uint64_t *from, uint64_t *to)
{
	/* a length beyond 2^63 is a claim that no block can keep */
	int64_t n = len > INT64_MAX ? INT64_MAX : (int64_t)len, a = c->from, b = c->to;

	if (b < 0)
		b += n;
	else if (b > n)
		b = n;
	if (a < 0)
		a = a + n < 0 ? 0 : a + n;
	if (a > b || a >= n)
		return 0;
	*from = (uint64_t)a;
	*to = (uint64_t)b;
	return 1;
}

/* A matcher that says no more than one before it, say from another member of a union, says nothing. */
int select_told_before(const struct select *w, size_t first, size_t i, const struct value *v)
{
	const struct clause *c = clause_of(w, i), *o;
	size_t k;

	for (k = first; k < i; k++) {
		o = clause_of(w, k);
		if (o->kind == CLAUSE_MATCH && o->has_subset == c->has_subset && o->from == c->from &&
		    o->to == c->to && span_equal(o->text, c->text) &&
		    (o->cond == NOWHERE || cond_met(w->sel, o->cond, v)))
			return 1;
	}
	return 0;
}

/* the node a matcher means: this one, or of text a part in *part; 0: none */
static int matches(const struct select *w, const struct clause *c, const struct value *v,
		   struct node_step *part)
{
	uint64_t from, to;

	*part = v->nd->step[v->at];
	if (c->kind != CLAUSE_MATCH || (c->cond != NOWHERE && !cond_met(w->sel, c->cond, v)))
		return 0;
	if (!c->has_subset)
		return 1;
	if (part->kind != NODE_STRING && part->kind != NODE_BYTES)
		return 0;
	if (!select_slice(c, part->n, &from, &to))
		return 0;
	part->p += from;
	part->n = (uint32_t)(to - from);
	return 1;
}

static int tell_node(struct select *w, int block, const struct value *v, size_t first, size_t n)
{
	struct dag_selected s = { .path = buf_span(&w->path), .cid = &w->held[block].cid, .nd = v->nd,
				  .at = v->at, .src = w->src };
	struct node_step part;
	struct node alone = { .step = &part, .n = 1 };
	int rc = select_count(w);
	size_t i;

	if (rc < 0 || !w->o->node)
		return rc;
	for (i = first; rc == 0 && i < first + n; i++) {
		const struct clause *c = clause_of(w, i);

		if (!matches(w, c, v, &part) || select_told_before(w, first, i, v))
			continue;
		s.matched = 1;
		s.label = c->text;
		s.nd = c->has_subset ? &alone : v->nd;
		s.at = c->has_subset ? 0 : v->at;
		rc = w->o->node(w->o->arg, &s);
	}
	if (rc == 0 && !s.matched)
		rc = w->o->node(w->o->arg, &s);
	return rc < 0 ? rc : 0;
}

/* readings wait below the node itself, the first one on top */
static int push_readings(struct select *w, int block, size_t first, size_t n, int depth, size_t *n_as)
{
	struct frame f = { .kind = FRAME_READING, .block = block, .depth = depth, .first = first, .n = n,
			   .path = w->path.len };
	size_t i;
	int rc = 0;

	for (i = first + n; rc == 0 && i-- > first; ) {
		if (clause_of(w, i)->kind != CLAUSE_AS)
			continue;
		f.i = i;
		(*n_as)++;
		rc = select_push(w, &f);
	}
	return rc;
}

int select_arrive(struct select *w, int block, size_t at, size_t first, int depth, int through)
{
	struct value v = { .at = at };
	struct frame f = { .kind = FRAME_NODE, .block = block, .depth = depth, .first = first,
			   .at = at, .pos = at + 1, .path = w->path.len };
	size_t n, n_as = 0;
	int rc = 0;

	if (w->sel->n_conds || through)
		rc = select_node(w, block, &v.nd);
	if (rc == 0)
		rc = spots_expand(&w->spots, first, &v, through);
	n = f.n = w->spots.n - first;
	if (rc == 0 && !through)
		rc = push_readings(w, block, first, n, depth, &n_as);
	if (rc < 0 || (n_as && n_as == n))	/* only as something else */
		return rc;
	rc = select_node(w, block, &v.nd);
	if (rc == 0)
		rc = tell_node(w, block, &v, first, n);
	if (rc < 0 || v.nd->step[at].kind < NODE_LIST || !select_explores(w, first, n))
		return rc;
	f.picks = (uint8_t)select_picks(w, first, n);
	return select_push(w, &f);
}

/* 1: this link was not followed with this set yet; 0: it was */
static int fresh(struct select *w, const struct cid *cid, size_t first)
{
	int rc = 0, nest, k;
	size_t i;

	if (!w->seen)
		return 1;
	buf_reset(&w->state);
	for (i = first; rc == 0 && i < w->spots.n; i++) {
		rc = buf_le32(&w->state, w->spots.spot[i].clause);
		nest = clause_of(w, i)->nest;
		for (k = 0; rc == 0 && k < nest; k++)
			rc = buf_le32(&w->state, w->spots.spot[i].left[k]);
	}
	return rc < 0 ? rc : select_fresh(w, cid, w->state.data, w->state.len);
}

int select_follow(struct select *w, const struct cid *cid, size_t first, int depth)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	int rc = fresh(w, cid, first);

	if (rc <= 0)
		return rc;
	if (cid->codec == CID_RAW && !w->o->node) {	/* whatever is meant, it has no children */
		rc = select_glance(w, cid, 0);
		if (rc == 1)
			rc = select_count(w);
		if (rc <= 0)
			return rc;
	}
	rc = select_fetch(w, cid, 0, &block);
	if (rc == 1) {
		rc = select_hold(w, cid, &block);
		return rc < 0 ? rc : select_arrive(w, w->n_held - 1, 0, first, depth, 0);
	}
	buf_clear(&block);
	return rc;
}

/* ---- children ---- */

static int child(struct select *w, const struct node *nd, const struct segment *seg, size_t at)
{
	const struct frame *f = &w->frame[w->n_frames - 1];
	struct value v = { .nd = nd, .at = at };
	size_t first = w->spots.n;
	int block = f->block, depth = f->depth + 1, rc;
	struct cid cid;

	rc = spots_step(&w->spots, f->first, f->n, seg, &v);
	if (rc <= 0)
		return rc;
	rc = select_segment(w, f, seg->name);
	if (rc < 0)
		return rc;
	if (nd->step[at].kind != NODE_LINK)
		return select_arrive(w, block, at, first, depth, 1);
	rc = cid_decode(node_span(nd, at), &cid);
	return rc < 0 ? rc : select_follow(w, &cid, first, depth);
}

static int list_child(struct select *w, const struct node *nd, uint64_t index, size_t at)
{
	char digits[24];
	struct segment seg = { .in_list = 1, .index = index };

	seg.name = span_of(digits, (size_t)snprintf(digits, sizeof digits, "%" PRIu64, index));
	return child(w, nd, &seg, at);
}

/* the next child in the order of the block: 1 went on, 0 there is none */
static int next_in_block(struct select *w, const struct node *nd)
{
	struct frame *f = &w->frame[w->n_frames - 1];
	struct segment seg = { .in_list = 0 };
	size_t at = f->pos;
	int rc;

	if (at >= nd->step[f->at].end)
		return 0;
	if (nd->step[f->at].kind == NODE_LIST) {
		f->pos = node_next(nd, at);
		rc = list_child(w, nd, f->i++, at);
	} else {
		seg.name = node_span(nd, at);
		f->pos = node_next(nd, at + 1);
		rc = child(w, nd, &seg, at + 1);
	}
	return rc < 0 ? rc : 1;
}

/* the j-th child that a clause names: 1 and *seg, *at; 0: it is not there; -1: there are no more */
static int named(const struct select *w, struct frame *f, const struct node *nd, char digits[24],
		 struct segment *seg, size_t *at)
{
	const struct clause *c = clause_of(w, f->first + (size_t)f->i);
	int in_list = nd->step[f->at].kind == NODE_LIST;
	uint64_t j = f->j++, index = (uint64_t)c->from + j;

	*seg = (struct segment){ .in_list = in_list };
	if (c->kind == CLAUSE_FIELDS) {
		if (j >= c->n)
			return -1;
		seg->name = w->sel->kid[c->next + j].name;
		if (in_list)
			return segment_index(seg->name, &seg->index) &&
			       node_entry(nd, f->at, seg->index, at);
		return node_field(nd, f->at, seg->name, at);
	}
	if (!in_list || (c->kind != CLAUSE_INDEX && c->kind != CLAUSE_RANGE) ||
	    (c->kind == CLAUSE_INDEX && j > 0) || (c->kind == CLAUSE_RANGE && index >= (uint64_t)c->to) ||
	    index >= nd->step[f->at].n)
		return -1;
	if (j == 0)
		node_entry(nd, f->at, index, at);
	else
		*at = node_next(nd, f->pos);
	f->pos = *at;
	seg->index = index;
	seg->name = span_of(digits, (size_t)snprintf(digits, 24, "%" PRIu64, index));
	return 1;
}

/* the next child in the order of the selector */
static int next_named(struct select *w, const struct node *nd)
{
	struct frame *f = &w->frame[w->n_frames - 1];
	struct segment seg;
	char digits[24];
	size_t at = 0;
	int rc;

	while (f->i < f->n) {
		rc = named(w, f, nd, digits, &seg, &at);
		if (rc < 0) {
			f->i++;
			f->j = 0;
			continue;
		}
		if (rc == 0 || select_named_before(w, f, &seg))
			continue;
		rc = child(w, nd, &seg, at);
		return rc < 0 ? rc : 1;
	}
	return 0;
}

static int run_node(struct select *w)
{
	const struct frame *f = &w->frame[w->n_frames - 1];
	const struct node *nd;
	int rc = select_node(w, f->block, &nd);

	if (rc < 0)
		return rc;
	if (f->at >= nd->n || nd->step[f->at].kind < NODE_LIST)
		return err_set(ERR_CORRUPT, "a block changed while it was walked");
	rc = f->picks ? next_named(w, nd) : next_in_block(w, nd);
	if (rc == 0)
		w->n_frames--;
	return rc < 0 ? rc : 0;
}

/* ---- the walk ---- */

static int run(struct select *w)
{
	const struct frame *f = &w->frame[w->n_frames - 1];

	w->spots.n = f->first + f->n;		/* what children meant is over */
	w->path.len = f->path;
	select_trim(w, f->block + 1);
	switch ((enum frame_kind)f->kind) {
	case FRAME_NODE: return run_node(w);
	case FRAME_VIEW: return select_run_view(w);
	case FRAME_LOAD: return select_run_load(w);
	case FRAME_READING: return select_run_reading(w);
	}
	return 0;
}

int dag_select(struct dag_source *src, const struct cid *root, const struct dag_selector *sel,
	       const struct dag_select *opts)
{
	struct select w = { .src = src, .sel = sel, .o = opts, .path = BUF_INIT(PATH_BYTES_MAX),
			    .state = BUF_INIT(SIZE_MAX), .scratch = BUF_INIT(SIZE_MAX) };
	int rc = spots_init(&w.spots, sel);

	if (rc == 0)
		rc = select_readable(&w);
	if (rc == 0 && opts->once)
		rc = idset_new(&w.seen, 16, opts->seen_mem ? opts->seen_mem : SEEN_MEM, opts->tmpdir);
	if (rc == 0)
		rc = buf_reserve(&w.path, 64);	/* so that the root's is a text, too */
	if (rc == 0)
		rc = spots_start(&w.spots);
	if (rc == 0)
		rc = select_follow(&w, root, 0, 0);
	while (rc == 0 && w.n_frames)
		rc = run(&w);
	select_blocks_clear(&w);
	spots_clear(&w.spots);
	idset_free(w.seen);
	free(w.frame);
	buf_clear(&w.path);
	buf_clear(&w.state);
	buf_clear(&w.scratch);
	return rc;
}
