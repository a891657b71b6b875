/* node.c - a value of the data model as a flat array of steps */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "codec_priv.h"

enum { ARENA_MIN = 4096 - 32 };

struct node_arena {
	struct node_arena *next;	/* older, full */
	size_t len, cap;
	uint8_t bytes[];
};

/* ---- memory ---- */

static void drop_arenas(struct node_arena *a)
{
	struct node_arena *next;

	for (; a; a = next) {
		next = a->next;
		free(a);
	}
}

void node_clear(struct node *nd)
{
	drop_arenas(nd->arena);
	free(nd->step);
	*nd = NODE_INIT;
}

void node_reset(struct node *nd)
{
	nd->n = 0;
	if (nd->arena) {
		drop_arenas(nd->arena->next);
		nd->arena->next = NULL;
		nd->arena->len = 0;
	}
}

int node_grow(struct node *nd)
{
	size_t cap = nd->cap ? nd->cap * 2 : 64;
	struct node_step *step;

	step = cap > SIZE_MAX / sizeof *step ? NULL : realloc(nd->step, cap * sizeof *step);
	if (!step)
		return err_nomem();
	nd->step = step;
	nd->cap = cap;
	return 0;
}

uint8_t *node_room(struct node *nd, size_t len)
{
	struct node_arena *a = nd->arena;
	size_t cap;

	if (!a || a->cap - a->len < len) {
		cap = a ? a->cap * 2 : ARENA_MIN;
		if (cap < len)
			cap = len;
		a = malloc(sizeof *a + cap);
		if (!a) {
			err_nomem();
			return NULL;
		}
		a->next = nd->arena;
		a->len = 0;
		a->cap = cap;
		nd->arena = a;
	}
	a->len += len;
	return a->bytes + a->len - len;
}

int node_own(struct node *nd, struct span in, struct span *own)
{
	uint8_t *p = node_room(nd, in.len);

	if (!p)
		return ERR_NOMEM;
	if (in.len)
		memcpy(p, in.p, in.len);
	*own = span_of(p, in.len);
	return 0;
}

/* ---- building ---- */

static int add(struct node *nd, struct node_step s)
{
	int rc = nd->n == nd->cap ? node_grow(nd) : 0;

	if (rc == 0)
		nd->step[nd->n++] = s;
	return rc;
}

int node_null(struct node *nd)
{
	return add(nd, (struct node_step){ .kind = NODE_NULL });
}

int node_bool(struct node *nd, int value)
{
	return add(nd, (struct node_step){ .kind = NODE_BOOL, .neg = value != 0 });
}

int node_uint(struct node *nd, uint64_t value)
{
	return add(nd, (struct node_step){ .kind = NODE_INT, .u = value });
}

int node_nint(struct node *nd, uint64_t value)
{
	return add(nd, (struct node_step){ .kind = NODE_INT, .neg = 1, .u = value });
}

int node_int(struct node *nd, int64_t value)
{
	return value < 0 ? node_nint(nd, (uint64_t)(-1 - value)) : node_uint(nd, (uint64_t)value);
}

int node_float(struct node *nd, double value)
{
	return add(nd, (struct node_step){ .kind = NODE_FLOAT, .f = value });
}

int node_add(struct node *nd, enum node_kind kind, struct span s)
{
	assert(kind == NODE_STRING || kind == NODE_BYTES || kind == NODE_LINK);
	if (s.len > NODE_TEXT_MAX)
		return err_set(ERR_LIMIT, "a %s of %zu bytes is over the limit of %d",
			       node_kind_name(kind), s.len, NODE_TEXT_MAX);
	return add(nd, (struct node_step){ .kind = (uint8_t)kind, .n = (uint32_t)s.len, .p = s.p });
}

int node_open(struct node *nd, enum node_kind kind, size_t *at)
{
	*at = nd->n;
	return add(nd, (struct node_step){ .kind = (uint8_t)kind });
}

int node_close(struct node *nd, size_t at)
{
	struct node_step *s = &nd->step[at];
	size_t i;
	uint64_t n = 0;

	for (i = at + 1; i < nd->n; i = node_next(nd, i))
		n++;
	if (s->kind == NODE_MAP) {
		assert(n % 2 == 0);
		n /= 2;
	}
	if (n > UINT32_MAX)
		return err_set(ERR_LIMIT, "a %s of %" PRIu64 " entries", node_kind_name(s->kind), n);
	s->n = (uint32_t)n;
	s->end = nd->n;
	return 0;
}

/* ---- reading ---- */

int node_field(const struct node *nd, size_t at, struct span key, size_t *value)
{
	size_t i;

	if (nd->step[at].kind != NODE_MAP)
		return 0;
	for (i = at + 1; i < nd->step[at].end; i = node_next(nd, i + 1))
		if (span_equal(node_span(nd, i), key)) {
			*value = i + 1;
			return 1;
		}
	return 0;
}

int node_entry(const struct node *nd, size_t at, uint64_t i, size_t *value)
{
	size_t k;

	if (nd->step[at].kind != NODE_LIST || i >= nd->step[at].n)
		return 0;
	for (k = at + 1; i; i--)
		k = node_next(nd, k);
	*value = k;
	return 1;
}

/* decimal digits only; anything else is no index */
static int index_of(struct span s, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	if (s.len == 0 || s.len > 10)
		return 0;
	for (i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	*out = v;
	return 1;
}

int node_step_into(const struct node *nd, size_t at, struct span segment, size_t *value)
{
	enum node_kind kind = nd->step[at].kind;
	uint64_t i;

	switch (kind) {
	case NODE_MAP:
		if (node_field(nd, at, segment, value))
			return 1;
		return err_set(ERR_NOTFOUND, "no field '%.*s'", (int)(segment.len < 200 ? segment.len : 200),
			       (const char *)segment.p);
	case NODE_LIST:
		if (index_of(segment, &i) && node_entry(nd, at, i, value))
			return 1;
		return err_set(ERR_NOTFOUND, "no entry '%.*s' in a list of %" PRIu32,
			       (int)(segment.len < 200 ? segment.len : 200), (const char *)segment.p,
			       nd->step[at].n);
	default:
		return err_set(ERR_NOTFOUND, "nothing named '%.*s' is in a %s",
			       (int)(segment.len < 200 ? segment.len : 200), (const char *)segment.p,
			       node_kind_name(kind));
	}
}

/* ---- comparing ---- */

static int equal(struct keys *k, const struct node *a, size_t at, const struct node *b, size_t bt);

/* Both maps' keys side by side in order.  That fails where a key stands twice, which no codec lets in, or
 * without memory: then each is looked up. */
static int maps_equal(struct keys *k, const struct node *a, size_t at, const struct node *b, size_t bt)
{
	size_t base = k->n, n = a->step[at].n, i, x, y;
	int sorted = keys_push(k, a, at) == 1 && keys_push(k, b, bt) == 1, same = 1;

	for (i = 0; sorted && same && i < n; i++) {
		x = k->v[base + i].at;
		y = k->v[base + n + i].at;
		same = span_equal(node_span(a, x), node_span(b, y)) && equal(k, a, x + 1, b, y + 1);
	}
	for (x = at + 1; !sorted && same && x < a->step[at].end; x = node_next(a, x + 1))
		same = node_field(b, bt, node_span(a, x), &y) && equal(k, a, x + 1, b, y);
	k->n = base;
	return same;
}

static int equal(struct keys *keys, const struct node *a, size_t at, const struct node *b, size_t bt)
{
	size_t i = at, j = bt, end = node_next(a, at);

	/* lists in step; one level of recursion a map, NODE_DEPTH_MAX at most */
	while (i < end) {
		const struct node_step *x = &a->step[i], *y = &b->step[j];

		if (x->kind != y->kind)
			return 0;
		switch ((enum node_kind)x->kind) {
		case NODE_NULL:
			break;
		case NODE_BOOL:
			if (x->neg != y->neg)
				return 0;
			break;
		case NODE_INT:
			if (x->neg != y->neg || x->u != y->u)
				return 0;
			break;
		case NODE_FLOAT:
			if (memcmp(&x->f, &y->f, sizeof x->f) != 0)
				return 0;
			break;
		case NODE_STRING:
		case NODE_BYTES:
		case NODE_LINK:
			if (!span_equal(node_span(a, i), node_span(b, j)))
				return 0;
			break;
		case NODE_LIST:
			if (x->n != y->n)
				return 0;
			break;
		case NODE_MAP:
			if (x->n != y->n || !maps_equal(keys, a, i, b, j))
				return 0;
			i = (size_t)x->end;
			j = (size_t)y->end;
			continue;
		}
		i++;
		j++;
	}
	return 1;
}

int node_equal(const struct node *a, size_t at, const struct node *b, size_t bt)
{
	struct keys keys = KEYS_INIT;
	int same = equal(&keys, a, at, b, bt);

	keys_clear(&keys);
	return same;
}

const char *node_kind_name(enum node_kind kind)
{
	static const char *const names[] = {
		"null", "bool", "int", "float", "string", "bytes", "link", "list", "map"
	};

	return names[kind];
}
