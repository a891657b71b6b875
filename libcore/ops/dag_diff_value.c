/* dag_diff_value.c - what changed between two values of the data model */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "ops/dag_diff_priv.h"

struct side {
	const struct node *nd;
	size_t at;
};

struct field {
	struct span key;
	size_t value;
};

static int link_of(struct side s, struct cid *cid)
{
	return s.nd->step[s.at].kind == NODE_LINK && cid_decode(node_span(s.nd, s.at), cid) == 0;
}

/* a link is told as what it leads to */
static struct ops_dag_side shown(struct side s, struct cid *cid)
{
	return link_of(s, cid) ? (struct ops_dag_side){ .cid = cid } :
	       (struct ops_dag_side){ .nd = s.nd, .at = s.at };
}

static const struct ops_dag_side none = { 0 };

static int tell_one(struct diff *d, enum ops_dag_change_kind kind, struct span name, struct side s)
{
	struct ops_dag_side value;
	struct cid cid;
	size_t mark;
	int rc = diff_enter(d, name, &mark);

	if (rc < 0)
		return rc;
	value = shown(s, &cid);
	rc = kind == OPS_DAG_ADDED ? diff_tell(d, kind, none, value) : diff_tell(d, kind, value, none);
	diff_leave(d, mark);
	return rc;
}

static int below(struct diff *d, struct span name, struct side a, struct side b)
{
	size_t mark;
	int rc = diff_enter(d, name, &mark);

	if (rc == 0) {
		rc = diff_values(d, a.nd, a.at, b.nd, b.at);
		diff_leave(d, mark);
	}
	return rc;
}

/* ---- maps ---- */

static int by_key(const void *a, const void *b)
{
	const struct field *x = a, *y = b;

	return span_cmp(x->key, y->key);
}

/* the fields by key; gives an array, NULL: no memory */
static struct field *sorted(struct side s)
{
	size_t n = s.nd->step[s.at].n, at = s.at + 1, i;
	struct field *f = malloc((n + 1) * sizeof *f);

	if (!f) {
		err_nomem();
		return NULL;
	}
	for (i = 0; i < n; i++) {
		f[i] = (struct field){ node_span(s.nd, at), at + 1 };
		at = node_next(s.nd, at + 1);
	}
	if (n)
		qsort(f, n, sizeof *f, by_key);
	return f;
}

static int maps(struct diff *d, struct side a, struct side b)
{
	size_t na = a.nd->step[a.at].n, nb = b.nd->step[b.at].n;
	struct field *fa = sorted(a), *fb = fa ? sorted(b) : NULL, *x = fa, *y = fb;
	int rc = fb ? 0 : ERR_NOMEM;

	while (rc == 0 && (x < fa + na || y < fb + nb)) {
		int c = x == fa + na ? 1 : y == fb + nb ? -1 : span_cmp(x->key, y->key);

		if (c < 0)
			rc = tell_one(d, OPS_DAG_REMOVED, x->key, (struct side){ a.nd, x->value });
		else if (c > 0)
			rc = tell_one(d, OPS_DAG_ADDED, y->key, (struct side){ b.nd, y->value });
		else
			rc = below(d, x->key, (struct side){ a.nd, x->value },
				   (struct side){ b.nd, y->value });
		x += c <= 0;
		y += c >= 0;
	}
	free(fa);
	free(fb);
	return rc;
}

/* ---- lists ---- */

static int lists(struct diff *d, struct side a, struct side b)
{
	size_t na = a.nd->step[a.at].n, nb = b.nd->step[b.at].n, i;
	char digits[24];
	int rc = 0;

	a.at++;
	b.at++;
	for (i = 0; rc == 0 && (i < na || i < nb); i++) {
		struct span name = span_of(digits, (size_t)sprintf(digits, "%zu", i));

		if (i >= nb)
			rc = tell_one(d, OPS_DAG_REMOVED, name, a);
		else if (i >= na)
			rc = tell_one(d, OPS_DAG_ADDED, name, b);
		else
			rc = below(d, name, a, b);
		if (i < na)
			a.at = node_next(a.nd, a.at);
		if (i < nb)
			b.at = node_next(b.nd, b.at);
	}
	return rc;
}

int diff_values(struct diff *d, const struct node *from, size_t at, const struct node *to, size_t bt)
{
	struct side a = { from, at }, b = { to, bt };
	int kind = from->step[at].kind;
	struct cid ca, cb;

	if (kind == to->step[bt].kind) {	/* as deep as NODE_DEPTH_MAX at most */
		if (kind == NODE_MAP)
			return maps(d, a, b);
		if (kind == NODE_LIST)
			return lists(d, a, b);
		if (kind == NODE_LINK && link_of(a, &ca) && link_of(b, &cb))
			return diff_links(d, &ca, &cb);
		if (node_equal(from, at, to, bt))
			return 0;
	}
	return diff_tell(d, OPS_DAG_CHANGED, shown(a, &ca), shown(b, &cb));
}
