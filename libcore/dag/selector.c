/*
 * selector.c - selectors from nodes, with every rule of their schema.
 * Spec: ipld/ipld specs/selectors/selectors.md, "Schema"; rejections as go-ipld-prime's ParseSelector.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "selector_priv.h"

enum { PLACE_MAX = 1024 };

static int parse_clause(struct sel_parse *p, size_t at, uint32_t *out);

/* ---- messages, and where we are ---- */

int sel_bad(struct sel_parse *p, const char *rule)
{
	return err_set(ERR_INVALID, "selector: %s: %s", p->place.len ? (char *)p->place.data : "/", rule);
}

size_t sel_enter(struct sel_parse *p, struct span name)
{
	size_t was = p->place.len;
	int shown = name.len < 64 ? (int)name.len : 64;

	buf_printf(&p->place, "/%.*s", shown, (const char *)name.p);	/* too long: the outer part does */
	return was;
}

void sel_leave(struct sel_parse *p, size_t was)
{
	p->place.len = was;
	if (p->place.data)
		p->place.data[was] = 0;
}

/* ---- growing ---- */

void *sel_grow(void *array, uint32_t *cap, uint32_t need, size_t size)
{
	uint32_t more = *cap ? *cap * 2 : 16;
	void *p;

	if (need <= *cap)
		return array;
	if (more < need)
		more = need;
	p = realloc(array, more * size);
	if (!p)
		err_nomem();
	else
		*cap = more;
	return p;
}

int sel_room(const struct dag_selector *s)
{
	if (s->n_clauses + s->n_conds < SELECTOR_CLAUSES_MAX)
		return 0;
	return err_set(ERR_LIMIT, "selector: more than %d clauses", SELECTOR_CLAUSES_MAX);
}

static int new_clause(struct sel_parse *p, enum clause_kind kind, uint32_t *out)
{
	struct dag_selector *s = p->sel;
	struct clause *more;
	int rc = sel_room(s);

	if (rc < 0)
		return rc;
	more = sel_grow(s->clause, &s->cap_clauses, s->n_clauses + 1, sizeof *more);
	if (!more)
		return ERR_NOMEM;
	s->clause = more;
	*out = s->n_clauses++;
	s->clause[*out] = (struct clause){ .kind = (uint8_t)kind, .nest = (uint8_t)p->nest,
					   .outer = p->outer, .next = NOWHERE, .cond = NOWHERE,
					   .limit = NOWHERE };
	return 0;
}

int sel_kids(struct sel_parse *p, uint32_t n, uint32_t *first)
{
	struct dag_selector *s = p->sel;
	struct kid *more;

	if (n > SELECTOR_CLAUSES_MAX)		/* each is at least a clause */
		return err_set(ERR_LIMIT, "selector: more than %d clauses", SELECTOR_CLAUSES_MAX);
	more = sel_grow(s->kid, &s->cap_kids, s->n_kids + n + 1, sizeof *more);
	if (!more)
		return ERR_NOMEM;
	s->kid = more;
	*first = s->n_kids;
	s->n_kids += n;
	return 0;
}

int sel_deeper(struct sel_parse *p)
{
	if (++p->depth <= SELECTOR_DEPTH_MAX)
		return 0;
	return err_set(ERR_LIMIT, "selector: more than %d clauses in each other", SELECTOR_DEPTH_MAX);
}

/* ---- the parts of a body ---- */

struct span sel_text(const struct sel_parse *p, size_t at)
{
	return node_span(p->nd, at);
}

/* a map with none but these keys; "subset", say, may be missing */
static int only_keys(struct sel_parse *p, size_t at, const char *const *keys)
{
	const struct node_step *s = p->nd->step;
	char rule[128];
	size_t i;
	int k;

	if (s[at].kind != NODE_MAP)
		return sel_bad(p, "the body is not a map");
	for (i = at + 1; i < s[at].end; i = node_next(p->nd, i + 1)) {
		for (k = 0; keys[k] && !span_equal(sel_text(p, i), span_str(keys[k])); k++)
			;
		if (!keys[k]) {
			snprintf(rule, sizeof rule, "unknown key \"%.*s\"", s[i].n < 64 ? (int)s[i].n : 64,
				 (const char *)s[i].p);
			return sel_bad(p, rule);
		}
	}
	return 0;
}

static int must_have(struct sel_parse *p, size_t at, const char *key, size_t *value)
{
	char rule[64];

	if (node_field(p->nd, at, span_str(key), value))
		return 0;
	snprintf(rule, sizeof rule, "missing \"%s\"", key);
	return sel_bad(p, rule);
}

static int clause_at_key(struct sel_parse *p, size_t at, const char *key, uint32_t *out)
{
	size_t value, was;
	int rc = must_have(p, at, key, &value);

	if (rc < 0)
		return rc;
	was = sel_enter(p, span_str(key));
	rc = parse_clause(p, value, out);
	sel_leave(p, was);
	return rc;
}

static int cond_at_key(struct sel_parse *p, size_t at, const char *key, uint32_t *out)
{
	size_t value, was;
	int rc = must_have(p, at, key, &value);

	if (rc < 0)
		return rc;
	was = sel_enter(p, span_str(key));
	rc = sel_cond(p, value, out);
	sel_leave(p, was);
	return rc;
}

/* a whole number that fits: 0 and up, unless `sign` */
static int number_at_key(struct sel_parse *p, size_t at, const char *key, int sign, int64_t *out)
{
	const struct node_step *s;
	char rule[96];
	size_t value;
	int rc = must_have(p, at, key, &value);

	if (rc < 0)
		return rc;
	s = &p->nd->step[value];
	if (s->kind == NODE_INT && s->u <= INT64_MAX && (sign || !s->neg)) {
		*out = s->neg ? -1 - (int64_t)s->u : (int64_t)s->u;
		return 0;
	}
	snprintf(rule, sizeof rule, "\"%s\" is %s", key,
		 s->kind != NODE_INT ? "not an integer" : s->u > INT64_MAX ? "too large" : "negative");
	return sel_bad(p, rule);
}

static int string_at_key(struct sel_parse *p, size_t at, const char *key, struct span *out)
{
	char rule[64];
	size_t value;
	int rc = must_have(p, at, key, &value);

	if (rc < 0)
		return rc;
	if (p->nd->step[value].kind == NODE_STRING)
		return node_own(&p->sel->values, sel_text(p, value), out);
	snprintf(rule, sizeof rule, "\"%s\" is not a string", key);
	return sel_bad(p, rule);
}

/* ---- clauses ---- */

static int parse_match(struct sel_parse *p, size_t at, struct clause *c)
{
	static const char *const keys[] = { "onlyIf", "label", "subset", NULL };
	static const char *const ends[] = { "[", "]", NULL };
	size_t value, was;
	int rc = only_keys(p, at, keys);

	if (rc == 0 && node_field(p->nd, at, span_str("onlyIf"), &value))
		rc = cond_at_key(p, at, "onlyIf", &c->cond);
	if (rc == 0 && node_field(p->nd, at, span_str("label"), &value))
		rc = string_at_key(p, at, "label", &c->text);
	if (rc < 0 || !node_field(p->nd, at, span_str("subset"), &value))
		return rc;
	was = sel_enter(p, span_str("subset"));
	rc = only_keys(p, value, ends);
	if (rc == 0)
		rc = number_at_key(p, value, "[", 1, &c->from);
	if (rc == 0)
		rc = number_at_key(p, value, "]", 1, &c->to);
	if (rc == 0 && c->to >= 0 && c->from > c->to)	/* as go-ipld-prime has it */
		rc = sel_bad(p, "the end of the subset is before its start");
	c->has_subset = 1;
	sel_leave(p, was);
	return rc;
}

static int parse_all(struct sel_parse *p, size_t at, struct clause *c)
{
	static const char *const keys[] = { ">", NULL };
	int rc = only_keys(p, at, keys);

	return rc < 0 ? rc : clause_at_key(p, at, ">", &c->next);
}

static int parse_fields(struct sel_parse *p, size_t at, struct clause *c)
{
	static const char *const keys[] = { "f>", NULL };
	const struct node *nd = p->nd;
	uint32_t first = 0, i, sub;
	size_t map, k, was, here;
	int rc = only_keys(p, at, keys);

	if (rc == 0)
		rc = must_have(p, at, "f>", &map);
	if (rc < 0)
		return rc;
	was = sel_enter(p, span_str("f>"));
	if (nd->step[map].kind != NODE_MAP)
		return sel_bad(p, "the fields are not a map");
	rc = sel_kids(p, nd->step[map].n, &first);
	c->next = first;
	c->n = nd->step[map].n;
	for (i = 0, k = map + 1; rc == 0 && i < c->n; i++, k = node_next(nd, k + 1)) {
		struct span name;

		here = sel_enter(p, sel_text(p, k));
		rc = node_own(&p->sel->values, sel_text(p, k), &name);
		if (rc == 0)
			rc = parse_clause(p, k + 1, &sub);
		if (rc == 0)
			p->sel->kid[first + i] = (struct kid){ name, sub };
		sel_leave(p, here);
	}
	sel_leave(p, was);
	return rc;
}

static int parse_index(struct sel_parse *p, size_t at, struct clause *c)
{
	static const char *const keys[] = { "i", ">", NULL };
	int rc = only_keys(p, at, keys);

	if (rc == 0)
		rc = number_at_key(p, at, "i", 0, &c->from);
	return rc < 0 ? rc : clause_at_key(p, at, ">", &c->next);
}

static int parse_range(struct sel_parse *p, size_t at, struct clause *c)
{
	static const char *const keys[] = { "^", "$", ">", NULL };
	int rc = only_keys(p, at, keys);

	if (rc == 0)
		rc = number_at_key(p, at, "^", 0, &c->from);
	if (rc == 0)
		rc = number_at_key(p, at, "$", 0, &c->to);
	if (rc == 0 && c->to <= c->from)
		rc = sel_bad(p, "the end of the range is not behind its start");
	return rc < 0 ? rc : clause_at_key(p, at, ">", &c->next);
}

static int parse_limit(struct sel_parse *p, size_t at, struct clause *c)
{
	int64_t n;
	size_t value, none, was;
	int rc = must_have(p, at, "l", &value);

	if (rc < 0)
		return rc;
	was = sel_enter(p, span_str("l"));
	if (p->nd->step[value].kind != NODE_MAP || p->nd->step[value].n != 1) {
		rc = sel_bad(p, "a limit is a map with one key, \"none\" or \"depth\"");
	} else if (node_field(p->nd, value, span_str("none"), &none)) {
		if (p->nd->step[none].kind != NODE_MAP || p->nd->step[none].n != 0)
			rc = sel_bad(p, "\"none\" is not an empty map");
	} else {
		rc = number_at_key(p, value, "depth", 0, &n);
		if (rc == 0)		/* no walk is so deep */
			c->limit = n < NOWHERE ? (uint32_t)n : NOWHERE - 1;
	}
	sel_leave(p, was);
	return rc;
}

static int parse_recurse(struct sel_parse *p, size_t at, struct clause *c, uint32_t me)
{
	static const char *const keys[] = { "l", ":>", "!", NULL };
	uint32_t outer = p->outer;
	size_t value;
	int rc = only_keys(p, at, keys);

	if (rc == 0)
		rc = parse_limit(p, at, c);
	if (rc == 0 && node_field(p->nd, at, span_str("!"), &value))
		rc = cond_at_key(p, at, "!", &c->cond);
	if (rc == 0 && p->nest == SELECTOR_NEST_MAX)
		rc = err_set(ERR_LIMIT, "selector: more than %d recursions in each other",
			     SELECTOR_NEST_MAX);
	if (rc < 0)
		return rc;
	p->edges[p->nest++] = 0;
	p->outer = me;
	rc = clause_at_key(p, at, ":>", &c->next);
	p->outer = outer;
	if (p->edges[--p->nest] == 0 && rc == 0)
		rc = sel_bad(p, "a recursion without an edge (\"@\") in it");
	return rc;
}

static int parse_edge(struct sel_parse *p, size_t at, struct clause *c)
{
	static const char *const keys[] = { NULL };
	int rc = only_keys(p, at, keys);

	if (rc == 0 && p->nest == 0)
		rc = sel_bad(p, "an edge (\"@\") outside of a recursion");
	if (rc < 0)
		return rc;
	p->edges[p->nest - 1]++;
	c->next = p->outer;
	c->edge = c->only = 1;
	return 0;
}

static int parse_union(struct sel_parse *p, size_t at, struct clause *c)
{
	const struct node_step *list = &p->nd->step[at];
	uint32_t first = 0, i, sub;
	char number[16];
	size_t k = at + 1, was;
	int rc;

	if (list->kind != NODE_LIST)
		return sel_bad(p, "the body is not a list");
	rc = sel_kids(p, list->n, &first);
	c->next = first;
	c->n = list->n;
	c->only = 1;
	for (i = 0; rc == 0 && i < c->n; i++, k = node_next(p->nd, k)) {
		snprintf(number, sizeof number, "%u", i);
		was = sel_enter(p, span_str(number));
		rc = parse_clause(p, k, &sub);
		sel_leave(p, was);
		if (rc < 0)
			break;
		p->sel->kid[first + i] = (struct kid){ { NULL, 0 }, sub };
		c->edge |= p->sel->clause[sub].edge;
		c->only &= p->sel->clause[sub].only;
	}
	return rc;
}

static void pass_edge(struct sel_parse *p, struct clause *c)
{
	c->edge = p->sel->clause[c->next].edge;
	c->only = p->sel->clause[c->next].only;
}

static int parse_when(struct sel_parse *p, size_t at, struct clause *c)
{
	static const char *const keys[] = { "&", ">", NULL };
	int rc = only_keys(p, at, keys);

	if (rc == 0)
		rc = cond_at_key(p, at, "&", &c->cond);
	if (rc == 0)
		rc = clause_at_key(p, at, ">", &c->next);
	if (rc == 0)
		pass_edge(p, c);
	return rc;
}

static int parse_as(struct sel_parse *p, size_t at, struct clause *c)
{
	static const char *const keys[] = { "as", ">", NULL };
	int rc = only_keys(p, at, keys);

	if (rc == 0)
		rc = string_at_key(p, at, "as", &c->text);
	if (rc == 0)
		rc = clause_at_key(p, at, ">", &c->next);
	if (rc == 0)
		pass_edge(p, c);
	return rc;
}

static int parse_body(struct sel_parse *p, size_t at, struct clause *c, uint32_t me)
{
	switch ((enum clause_kind)c->kind) {
	case CLAUSE_MATCH: return parse_match(p, at, c);
	case CLAUSE_ALL: return parse_all(p, at, c);
	case CLAUSE_FIELDS: return parse_fields(p, at, c);
	case CLAUSE_INDEX: return parse_index(p, at, c);
	case CLAUSE_RANGE: return parse_range(p, at, c);
	case CLAUSE_RECURSE: return parse_recurse(p, at, c, me);
	case CLAUSE_EDGE: return parse_edge(p, at, c);
	case CLAUSE_UNION: return parse_union(p, at, c);
	case CLAUSE_WHEN: return parse_when(p, at, c);
	case CLAUSE_AS: return parse_as(p, at, c);
	}
	return 0;
}

static int parse_clause(struct sel_parse *p, size_t at, uint32_t *out)
{
	static const char key[] = ".afirR@|&~";		/* in the order of the kinds */
	const struct node_step *s = &p->nd->step[at];
	struct clause c;
	const char *k = NULL;
	size_t was;
	int rc = sel_deeper(p);

	if (rc < 0)
		return rc;
	if (s->kind != NODE_MAP)
		return sel_bad(p, "a selector is a map");
	if (s->n != 1)
		return sel_bad(p, "a selector is a map with one key");
	was = sel_enter(p, sel_text(p, at + 1));
	if (s[1].n == 1)
		k = memchr(key, s[1].p[0], sizeof key - 1);
	if (!k)
		return sel_bad(p, "unknown clause");
	rc = new_clause(p, (enum clause_kind)(k - key), out);
	if (rc == 0) {
		c = p->sel->clause[*out];	/* the array may move below */
		rc = parse_body(p, at + 2, &c, *out);
		p->sel->clause[*out] = c;
	}
	sel_leave(p, was);
	p->depth--;
	return rc;
}

int dag_selector_parse(const struct node *nd, size_t at, struct dag_selector **out)
{
	struct sel_parse p = { .nd = nd, .outer = NOWHERE, .place = BUF_INIT(PLACE_MAX) };
	size_t inner;
	int rc;

	*out = NULL;
	p.sel = calloc(1, sizeof *p.sel);
	if (!p.sel)
		return err_nomem();
	if (at < nd->n && nd->step[at].kind == NODE_MAP && nd->step[at].n == 1 &&
	    node_field(nd, at, span_str("selector"), &inner))
		at = inner;
	rc = at < nd->n ? parse_clause(&p, at, &p.sel->root) : sel_bad(&p, "nothing there");
	buf_clear(&p.place);
	if (rc < 0) {
		dag_selector_free(p.sel);
		return rc;
	}
	*out = p.sel;
	return 0;
}

void dag_selector_free(struct dag_selector *s)
{
	if (!s)
		return;
	free(s->clause);
	free(s->kid);
	free(s->cond);
	node_clear(&s->values);
	free(s);
}
