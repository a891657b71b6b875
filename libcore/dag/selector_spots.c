/* selector_spots.c - sets of places in a selector: what is meant here, and what of a child */
#include <stdlib.h>

#include "base/err.h"
#include "selector_priv.h"

/* Selectors that hold more than this many places at once are made to be slow. */
enum { SPOTS_MAX = 1 << 18, MET_MAX = 1 << 14 };

/* A place met while a set is expanded.  Places of one clause are a chain. */
struct met {
	struct spot spot;
	uint32_t before;
	size_t kept;			/* where it stands in the set; SIZE_MAX: it does not */
};

int segment_index(struct span name, uint64_t *index)
{
	uint64_t v = 0;
	size_t i;

	if (name.len == 0 || name.len > 18 || (name.len > 1 && name.p[0] == '0'))
		return 0;
	for (i = 0; i < name.len; i++) {
		if (name.p[i] < '0' || name.p[i] > '9')
			return 0;
		v = v * 10 + (uint64_t)(name.p[i] - '0');
	}
	*index = v;
	return 1;
}

int spots_init(struct spots *s, const struct dag_selector *sel)
{
	uint32_t i;

	*s = (struct spots){ .sel = sel };
	s->last = malloc((sel->n_clauses + 1) * sizeof *s->last);
	if (!s->last)
		return err_nomem();
	for (i = 0; i < sel->n_clauses; i++)
		s->last[i] = NOWHERE;
	return 0;
}

void spots_clear(struct spots *s)
{
	free(s->spot);
	free(s->met);
	free(s->last);
	free(s->todo);
}

static int full(void)
{
	return err_set(ERR_LIMIT, "the selector means too many things at once");
}

/* room for one more in an array of spots */
static int room(struct spot **array, size_t n, size_t *cap)
{
	size_t more = *cap ? *cap * 2 : 64;
	struct spot *p;

	if (n < *cap)
		return 0;
	if (n >= SPOTS_MAX)
		return full();
	p = realloc(*array, more * sizeof *p);
	if (!p)
		return err_nomem();
	*array = p;
	*cap = more;
	return 0;
}

static int push(struct spots *s, const struct spot *spot)
{
	int rc = room(&s->spot, s->n, &s->cap);

	if (rc == 0)
		s->spot[s->n++] = *spot;
	return rc;
}

static int later(struct spots *s, const struct spot *spot)
{
	int rc = room(&s->todo, s->n_todo, &s->cap_todo);

	if (rc == 0)
		s->todo[s->n_todo++] = *spot;
	return rc;
}

int spots_start(struct spots *s)
{
	struct spot spot = { .clause = s->sel->root };

	return push(s, &spot);
}

/* ---- a step down ---- */

/*
 * Push `next`, which stands behind a clause at `from`.  When an edge is met there, however deep in
 * unions, its recursion has used up one of its turns; at the last one there is nothing behind an edge
 * (go-ipld-prime ExploreRecursive.Explore).
 */
static int step_to(struct spots *s, const struct spot *from, uint32_t next)
{
	const struct clause *c = &s->sel->clause[next];
	struct spot to = *from;
	uint32_t *left = c->edge ? &to.left[c->nest - 1] : NULL;

	to.clause = next;
	if (left && *left != NOWHERE)
		*left = *left < 2 ? 0 : *left - 1;
	if (left && *left == 0 && c->only)
		return 0;
	return push(s, &to);
}

/* does a recursion around the clause stop at this child? */
static int stopped(const struct spots *s, const struct clause *c, const struct value *child)
{
	uint32_t r;

	for (r = c->outer; r != NOWHERE; r = s->sel->clause[r].outer)
		if (s->sel->clause[r].cond != NOWHERE && cond_met(s->sel, s->sel->clause[r].cond, child))
			return 1;
	return 0;
}

/* the clause behind c for this child, or NOWHERE */
static uint32_t behind(const struct dag_selector *sel, const struct clause *c,
		       const struct segment *seg)
{
	uint32_t i;

	switch ((enum clause_kind)c->kind) {
	case CLAUSE_ALL:
		return c->next;
	case CLAUSE_FIELDS:
		for (i = 0; i < c->n; i++)
			if (span_equal(sel->kid[c->next + i].name, seg->name))
				return sel->kid[c->next + i].clause;
		return NOWHERE;
	case CLAUSE_INDEX:
		return seg->in_list && seg->index == (uint64_t)c->from ? c->next : NOWHERE;
	case CLAUSE_RANGE:
		return seg->in_list && seg->index >= (uint64_t)c->from && seg->index < (uint64_t)c->to ?
		       c->next : NOWHERE;
	default:
		return NOWHERE;
	}
}

int spots_step(struct spots *s, size_t first, size_t n, const struct segment *seg,
	       const struct value *child)
{
	size_t was = s->n, i;
	int rc;

	for (i = first; i < first + n; i++) {
		struct spot from = s->spot[i];		/* the array may move */
		const struct clause *c = &s->sel->clause[from.clause];
		uint32_t next = behind(s->sel, c, seg);

		if (next == NOWHERE || stopped(s, c, child))
			continue;
		rc = step_to(s, &from, next);
		if (rc < 0)
			return rc;
	}
	return s->n > was;
}

int spots_next(struct spots *s, size_t i)
{
	struct spot from = s->spot[i];

	return step_to(s, &from, s->sel->clause[from.clause].next);
}

/* ---- what a set is at a value ---- */

/* a may do whatever b may: the same clause, and no fewer turns left of any recursion */
static int covers(const struct spot *a, const struct spot *b)
{
	int i;

	for (i = 0; i < SELECTOR_NEST_MAX; i++)
		if (a->left[i] < b->left[i])
			return 0;
	return 1;
}

/* 1: this place, or one that may do more, was met before */
static int met_before(struct spots *s, const struct spot *spot)
{
	uint32_t i;

	for (i = s->last[spot->clause]; i != NOWHERE; i = s->met[i].before) {
		struct met *m = &s->met[i];

		if (covers(&m->spot, spot))
			return 1;
		if (m->kept != SIZE_MAX && covers(spot, &m->spot)) {
			m->spot = s->spot[m->kept] = *spot;
			return 1;
		}
	}
	return 0;
}

static int note(struct spots *s, const struct spot *spot, size_t kept)
{
	size_t more = s->cap_met ? s->cap_met * 2 : 64;
	struct met *p;

	if (s->n_met == s->cap_met) {
		if (s->n_met >= MET_MAX)
			return full();
		p = realloc(s->met, more * sizeof *p);
		if (!p)
			return err_nomem();
		s->met = p;
		s->cap_met = more;
	}
	s->met[s->n_met] = (struct met){ *spot, s->last[spot->clause], kept };
	s->last[spot->clause] = (uint32_t)s->n_met++;
	return 0;
}

/* the clauses a structural one stands for go on the list, the last one first */
static int unfold(struct spots *s, struct spot *spot, const struct value *v)
{
	const struct clause *c = &s->sel->clause[spot->clause];
	struct spot to = *spot;
	uint32_t i;
	int rc = 0;

	switch ((enum clause_kind)c->kind) {
	case CLAUSE_UNION:
		for (i = c->n; rc == 0 && i-- > 0; ) {
			to.clause = s->sel->kid[c->next + i].clause;
			rc = later(s, &to);
		}
		return rc;
	case CLAUSE_RECURSE:
		to.left[c->nest] = c->limit;
		to.clause = c->next;
		return later(s, &to);
	case CLAUSE_EDGE:
		if (to.left[c->nest - 1] == 0)
			return 0;
		to.clause = s->sel->clause[c->next].next;
		return later(s, &to);
	case CLAUSE_WHEN:
		if (!cond_met(s->sel, c->cond, v))
			return 0;
		to.clause = c->next;
		return later(s, &to);
	default:			/* AS, with nothing to read it as */
		to.clause = c->next;
		return later(s, &to);
	}
}

static int expand_one(struct spots *s, struct spot *spot, const struct value *v, int through)
{
	enum clause_kind kind = s->sel->clause[spot->clause].kind;
	int keep = kind < CLAUSE_RECURSE || (kind == CLAUSE_AS && !through), rc;

	if (met_before(s, spot))
		return 0;
	rc = note(s, spot, keep ? s->n : SIZE_MAX);
	if (rc < 0)
		return rc;
	return keep ? push(s, spot) : unfold(s, spot, v);
}

int spots_expand(struct spots *s, size_t first, const struct value *v, int through)
{
	size_t end = s->n, i;
	int rc = 0;

	s->n_todo = 0;
	for (i = end; rc == 0 && i-- > first; )
		rc = later(s, &s->spot[i]);
	s->n = first;			/* they wait on the list now */
	while (rc == 0 && s->n_todo) {
		struct spot spot = s->todo[--s->n_todo];

		rc = expand_one(s, &spot, v, through);
	}
	for (i = 0; i < s->n_met; i++)
		s->last[s->met[i].spot.clause] = NOWHERE;
	s->n_met = 0;
	return rc;
}
