/*
 * selector_cond.c - conditions: read, and asked.
 * The specification names them and leaves their bodies open, but for "/"; dag.h says what they are here.
 */
#include "base/err.h"
#include "selector_priv.h"

static int new_cond(struct sel_parse *p, enum cond_kind kind, uint32_t *out)
{
	struct dag_selector *s = p->sel;
	struct cond *more;
	int rc = sel_room(s);

	if (rc < 0)
		return rc;
	more = sel_grow(s->cond, &s->cap_conds, s->n_conds + 1, sizeof *more);
	if (!more)
		return ERR_NOMEM;
	s->cond = more;
	*out = s->n_conds++;
	s->cond[*out] = (struct cond){ .kind = (uint8_t)kind };
	return 0;
}

/* copy any value into sel->values */
static int keep_value(struct sel_parse *p, size_t at, size_t *out)
{
	struct node *to = &p->sel->values;
	size_t end = node_next(p->nd, at), i, base = to->n - at;
	int rc = 0;

	*out = to->n;
	for (i = at; rc == 0 && i < end; i++) {
		const struct node_step *s = &p->nd->step[i];
		struct span own;

		switch ((enum node_kind)s->kind) {
		case NODE_STRING:
		case NODE_BYTES:
		case NODE_LINK:
			rc = node_own(to, node_span(p->nd, i), &own);
			if (rc == 0)
				rc = node_add(to, s->kind, own);
			break;
		default:
			rc = node_null(to);
			if (rc == 0)
				to->step[to->n - 1] = *s;
			if (rc == 0 && (s->kind == NODE_LIST || s->kind == NODE_MAP))
				to->step[to->n - 1].end = s->end + base;
		}
	}
	return rc;
}

static int parse_kind(struct sel_parse *p, size_t at, size_t *out)
{
	int k;

	if (p->nd->step[at].kind == NODE_STRING)
		for (k = NODE_NULL; k <= NODE_MAP; k++)
			if (span_equal(sel_text(p, at), span_str(node_kind_name(k)))) {
				*out = (size_t)k;
				return 0;
			}
	return sel_bad(p, "not the name of a kind");
}

static int parse_conds(struct sel_parse *p, size_t at, uint32_t me)
{
	const struct node_step *list = &p->nd->step[at];
	uint32_t first, i, sub;
	size_t k = at + 1;
	int rc;

	if (list->kind != NODE_LIST)
		return sel_bad(p, "the body is not a list");
	rc = sel_kids(p, list->n, &first);
	for (i = 0; rc == 0 && i < list->n; i++, k = node_next(p->nd, k)) {
		rc = sel_cond(p, k, &sub);
		if (rc == 0)
			p->sel->kid[first + i] = (struct kid){ { NULL, 0 }, sub };
	}
	if (rc == 0) {
		p->sel->cond[me].next = first;
		p->sel->cond[me].n = list->n;
	}
	return rc;
}

static int parse_cond_body(struct sel_parse *p, enum cond_kind kind, size_t at, uint32_t me)
{
	enum node_kind is = p->nd->step[at].kind;
	size_t value = 0;
	int rc;

	switch (kind) {
	case COND_LINK:
		if (is != NODE_LINK)
			return sel_bad(p, "not a link");
		break;
	case COND_FIELD:
		if (is != NODE_STRING)
			return sel_bad(p, "not a string");
		break;
	case COND_GREATER:
	case COND_LESS:
		if (is != NODE_INT && is != NODE_FLOAT)
			return sel_bad(p, "not a number");
		break;
	case COND_KIND:
		rc = parse_kind(p, at, &value);
		p->sel->cond[me].value = value;
		return rc;
	case COND_AND:
	case COND_OR:
		return parse_conds(p, at, me);
	case COND_VALUE:
		break;
	}
	rc = keep_value(p, at, &value);
	p->sel->cond[me].value = value;
	return rc;
}

int sel_cond(struct sel_parse *p, size_t at, uint32_t *out)
{
	static const struct { const char *key; enum cond_kind kind; } row[] = {
		{ "/", COND_LINK }, { "hasField", COND_FIELD }, { "=", COND_VALUE }, { "%", COND_KIND },
		{ "greaterThan", COND_GREATER }, { ">", COND_GREATER }, { "lessThan", COND_LESS },
		{ "<", COND_LESS }, { "and", COND_AND }, { "or", COND_OR }
	};
	const struct node_step *s = &p->nd->step[at];
	size_t i, was;
	int rc = sel_deeper(p);

	if (rc < 0)
		return rc;
	if (s->kind == NODE_LINK) {	/* how dag-json reads {"/": "bafy…"} */
		rc = new_cond(p, COND_LINK, out);
		if (rc == 0)
			rc = parse_cond_body(p, COND_LINK, at, *out);
		p->depth--;
		return rc;
	}
	if (s->kind != NODE_MAP || s->n != 1)
		return sel_bad(p, "a condition is a map with one key");
	for (i = 0; i < sizeof row / sizeof *row; i++)
		if (span_equal(sel_text(p, at + 1), span_str(row[i].key)))
			break;
	was = sel_enter(p, sel_text(p, at + 1));
	if (i == sizeof row / sizeof *row)
		return sel_bad(p, "unknown condition");
	rc = new_cond(p, row[i].kind, out);
	if (rc == 0)
		rc = parse_cond_body(p, row[i].kind, at + 2, *out);
	sel_leave(p, was);
	p->depth--;
	return rc;
}

/* ---- asking ---- */

/* -1, 0 or 1 as a is less, equal or greater than b; both are numbers */
static int compare(const struct node_step *a, const struct node_step *b)
{
	long double x, y;

	if (a->kind == NODE_INT && b->kind == NODE_INT) {
		if (a->neg != b->neg)
			return a->neg ? -1 : 1;
		return a->neg ? (a->u < b->u) - (a->u > b->u) : (a->u > b->u) - (a->u < b->u);
	}
	x = a->kind == NODE_FLOAT ? a->f : a->neg ? -1.0L - (long double)a->u : (long double)a->u;
	y = b->kind == NODE_FLOAT ? b->f : b->neg ? -1.0L - (long double)b->u : (long double)b->u;
	return (x > y) - (x < y);
}

static int is_number(const struct node_step *s)
{
	return s->kind == NODE_INT || s->kind == NODE_FLOAT;
}

/* of a view only its kind is known without reading on */
static int view_met(const struct cond *c, const struct dag_view *v)
{
	return c->kind == COND_KIND && c->value == (v->kind == DAG_VIEW_MAP ? NODE_MAP : NODE_BYTES);
}

static int one_met(const struct dag_selector *sel, const struct cond *c, const struct value *v)
{
	const struct node_step *s;
	size_t field;

	if (!v->nd)
		return view_met(c, v->view);
	s = &v->nd->step[v->at];
	switch ((enum cond_kind)c->kind) {
	case COND_LINK:
		return s->kind == NODE_LINK &&
		       span_equal(node_span(v->nd, v->at), node_span(&sel->values, c->value));
	case COND_FIELD:
		return node_field(v->nd, v->at, node_span(&sel->values, c->value), &field);
	case COND_VALUE:
		return node_equal(&sel->values, c->value, v->nd, v->at);
	case COND_KIND:
		return s->kind == c->value;
	case COND_GREATER:
		return is_number(s) && compare(s, &sel->values.step[c->value]) > 0;
	case COND_LESS:
		return is_number(s) && compare(s, &sel->values.step[c->value]) < 0;
	default:
		return 0;
	}
}

int cond_met(const struct dag_selector *sel, uint32_t i, const struct value *v)
{
	const struct cond *c = &sel->cond[i];
	uint32_t k;

	if (c->kind != COND_AND && c->kind != COND_OR)
		return one_met(sel, c, v);
	for (k = 0; k < c->n; k++)
		if (cond_met(sel, sel->kid[c->next + k].clause, v) == (c->kind == COND_OR))
			return c->kind == COND_OR;
	return c->kind == COND_AND;
}
