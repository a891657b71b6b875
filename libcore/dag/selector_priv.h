/* selector_priv.h - a selector as it is walked with, and the sets of places in it */
#ifndef DAG_SELECTOR_PRIV_H
#define DAG_SELECTOR_PRIV_H

#include "dag_priv.h"

#define NOWHERE UINT32_MAX		/* no clause, no condition, no limit */

enum clause_kind {
	CLAUSE_MATCH, CLAUSE_ALL, CLAUSE_FIELDS, CLAUSE_INDEX, CLAUSE_RANGE, CLAUSE_RECURSE,
	CLAUSE_EDGE, CLAUSE_UNION, CLAUSE_WHEN, CLAUSE_AS
};

/* One step of a selector.  What is behind it stands in `next`, or in kid[next] and the n - 1 after. */
struct clause {
	uint8_t kind;
	uint8_t nest;			/* recursions around it; for RECURSE its own place among them */
	uint8_t edge, only;		/* it is, or a union in it has, an edge; and nothing else */
	uint8_t has_subset;
	uint32_t outer;			/* the innermost recursion around it */
	uint32_t next, n;		/* EDGE: next is its recursion */
	uint32_t cond;
	uint32_t limit;			/* RECURSE; NOWHERE: none */
	int64_t from, to;		/* INDEX, RANGE; the subset of a MATCH */
	struct span text;		/* the label of a MATCH, the name behind AS */
};

struct kid {
	struct span name;		/* of FIELDS */
	uint32_t clause;
};

enum cond_kind {
	COND_LINK, COND_FIELD, COND_VALUE, COND_KIND, COND_GREATER, COND_LESS, COND_AND, COND_OR
};

struct cond {
	uint8_t kind;
	uint32_t next, n;		/* AND, OR: in kid[] */
	size_t value;			/* the step in sel->values; of COND_KIND a kind */
};

struct dag_selector {
	struct clause *clause;
	struct kid *kid;
	struct cond *cond;
	uint32_t n_clauses, n_kids, n_conds;
	uint32_t cap_clauses, cap_kids, cap_conds;
	struct node values;		/* owns all text, too */
	uint32_t root;
};

/* ---- reading ---- */

struct sel_parse {
	struct dag_selector *sel;
	const struct node *nd;
	uint32_t outer;			/* the recursion we are in */
	int nest, depth;
	uint32_t edges[SELECTOR_NEST_MAX];	/* seen in each recursion around us */
	struct buf place;		/* for messages: "/R/:>" */
};

int sel_bad(struct sel_parse *p, const char *rule);		/* ERR_INVALID, with the place */
size_t sel_enter(struct sel_parse *p, struct span name);	/* one further; for sel_leave */
void sel_leave(struct sel_parse *p, size_t was);
int sel_deeper(struct sel_parse *p);				/* p->depth++, or ERR_LIMIT */
int sel_room(const struct dag_selector *s);			/* for one more clause; ERR_LIMIT */
void *sel_grow(void *array, uint32_t *cap, uint32_t need, size_t size);	/* NULL: no memory */
int sel_kids(struct sel_parse *p, uint32_t n, uint32_t *first);
struct span sel_text(const struct sel_parse *p, size_t at);
int sel_cond(struct sel_parse *p, size_t at, uint32_t *out);

/* ---- asking ---- */

/* What a condition is asked of. */
struct value {
	const struct node *nd;		/* NULL: a view */
	size_t at;
	const struct dag_view *view;
};
int cond_met(const struct dag_selector *sel, uint32_t cond, const struct value *v);	/* 1 or 0 */

/*
 * A place in a selector: a clause, and of each recursion around it how often it may start again.  What
 * is meant at a node is a set of places.
 */
struct spot {
	uint32_t clause;
	uint32_t left[SELECTOR_NEST_MAX];	/* NOWHERE: without end; unused ones are 0 */
};

/* Sets, one behind the other as a stack. */
struct spots {
	const struct dag_selector *sel;
	struct spot *spot;
	size_t n, cap;
	/* for spots_expand: what was met and what is to be, and the last one met of each clause */
	struct met *met;
	size_t n_met, cap_met;
	uint32_t *last;
	struct spot *todo;
	size_t n_todo, cap_todo;
};

/* Where a child stands: its name, and in a list its index. */
struct segment {
	struct span name;
	int in_list;
	uint64_t index;
};

int spots_init(struct spots *s, const struct dag_selector *sel);
void spots_clear(struct spots *s);
/* spots_start - the set of the whole selector. */
int spots_start(struct spots *s);
/* spots_step - push the set of what is meant of a child, before it is known; `of` is [first, first + n).  The
 * number of places: 0: nothing, it is not to be visited. */
int spots_step(struct spots *s, size_t first, size_t n, const struct segment *seg,
	       const struct value *child);
/* spots_expand - put in place of the set from `first` up what it is at this value: unions and recursions
 * are entered, conditions asked, what is twice there left out.  `through`: no other reading is to be had, so
 * the clauses after AS are meant. */
int spots_expand(struct spots *s, size_t first, const struct value *v, int through);
/* spots_next - push what is behind the AS clause at `i`. */
int spots_next(struct spots *s, size_t i);

/* segment_index - the canonical decimal: 1 or 0. */
int segment_index(struct span name, uint64_t *index);

#endif
