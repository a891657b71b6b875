/*
 * cbor_write.c - nodes as dag-cbor and cbor.
 * dag-cbor: shortest heads, 64-bit floats, keys sorted by length and then bytewise.  cbor: the same, but
 * with keys as they come and without links.  Spec: ipld/ipld specs/codecs/dag-cbor/spec.md.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "cbor_priv.h"

enum { FEW = 16 };	/* keys: inserted one by one rather than by qsort */

/* A list or map being written: its entries in order, or, for a map that is not in it, by `order`. */
struct level {
	size_t at, end;		/* the step that comes next, and the one behind the last */
	size_t order, n, base;	/* indexes into writer.order: [order, n) are still to be written */
	uint8_t is_map, sorted;	/* sorted: at walks through the steps themselves */
};

struct writer {
	const struct node *nd;
	struct buf *out;
	int dag;
	uint32_t *order;	/* steps of keys, of all levels being written */
	size_t n_order, cap;
	size_t depth;
	struct level level[NODE_DEPTH_MAX];
};

/* ---- heads ---- */

static size_t head(uint8_t *p, unsigned major, uint64_t v)
{
	unsigned info, n, i;

	if (v < 24) {
		p[0] = (uint8_t)(major << 5 | v);
		return 1;
	}
	info = v <= UINT8_MAX ? 24 : v <= UINT16_MAX ? 25 : v <= UINT32_MAX ? 26 : 27;
	n = 1u << (info - 24);
	p[0] = (uint8_t)(major << 5 | info);
	for (i = 0; i < n; i++)
		p[1 + i] = (uint8_t)(v >> 8 * (n - 1 - i));
	return 1 + n;
}

/* a head and what it announces, in one piece of memory */
static int put(struct buf *out, unsigned major, uint64_t v, struct span body)
{
	int rc = buf_reserve(out, 9 + body.len);

	if (rc < 0)
		return rc;
	out->len += head(out->data + out->len, major, v);
	if (body.len)
		memcpy(out->data + out->len, body.p, body.len);
	out->len += body.len;
	out->data[out->len] = 0;
	return 0;
}

static int put_text(struct writer *w, struct span s)
{
	if (!utf8_valid(s))
		return err_set(ERR_INVALID, "%s holds no strings that are not UTF-8", w->dag ? "dag-cbor" : "cbor");
	return put(w->out, CBOR_TEXT, s.len, s);
}

static int put_link(struct writer *w, struct span cid)
{
	static const uint8_t tag[] = { CBOR_TAG << 5 | 24, CBOR_LINK };
	int rc;

	if (!w->dag)
		return err_set(ERR_INVALID, "cbor holds no links");
	rc = buf_bytes(w->out, tag, sizeof tag);
	if (rc == 0)
		rc = put(w->out, CBOR_BYTES, cid.len + 1, span_of(NULL, 0));
	if (rc == 0)
		rc = buf_u8(w->out, 0);			/* the identity base, of old */
	return rc < 0 ? rc : buf_add(w->out, cid);
}

static int put_float(struct writer *w, double f)
{
	uint64_t bits;
	int rc;

	if (f - f != 0)
		return err_set(ERR_INVALID, "%s holds no %s", w->dag ? "dag-cbor" : "cbor",
			       f != f ? "NaN" : "infinity");
	memcpy(&bits, &f, sizeof bits);
	rc = buf_u8(w->out, 0xfb);
	return rc < 0 ? rc : buf_be64(w->out, bits);
}

/* ---- the order of keys ---- */

static int by_key(const void *a, const void *b, void *arg)
{
	const struct node *nd = arg;

	return cbor_key_cmp(node_span(nd, *(const uint32_t *)a), node_span(nd, *(const uint32_t *)b));
}

static void sort_keys(const struct node *nd, uint32_t *v, size_t n)
{
	size_t i, j;
	uint32_t x;

	if (n > FEW) {
		qsort_r(v, n, sizeof *v, by_key, (void *)(uintptr_t)nd);
		return;
	}
	for (i = 1; i < n; i++) {
		x = v[i];
		for (j = i; j > 0 && by_key(&v[j - 1], &x, (void *)(uintptr_t)nd) > 0; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
}

static int order_room(struct writer *w, size_t n)
{
	size_t cap = w->cap ? w->cap : 256;
	uint32_t *order;

	while (cap - w->n_order < n)
		cap *= 2;
	if (cap == w->cap)
		return 0;
	order = realloc(w->order, cap * sizeof *order);
	if (!order)
		return err_nomem();
	w->order = order;
	w->cap = cap;
	return 0;
}

/* 1: the keys of the map at `at` are in order as they stand; 0: their order is in w->order */
static int arrange(struct writer *w, size_t at, struct level *l)
{
	const struct node *nd = w->nd;
	const struct node_step *map = &nd->step[at];
	size_t i, before = 0, n;
	int rc, c;

	for (i = at + 1; i < map->end; before = i, i = node_next(nd, i + 1)) {
		if (!before)
			continue;
		c = cbor_key_cmp(node_span(nd, before), node_span(nd, i));
		if (c == 0)
			return err_set(ERR_INVALID, "a map with the same key twice cannot be written");
		if (c > 0)
			break;
	}
	if (i >= map->end)
		return 1;
	rc = order_room(w, map->n);
	if (rc < 0)
		return rc;
	l->order = l->base = n = w->n_order;
	for (i = at + 1; i < map->end; i = node_next(nd, i + 1))
		w->order[n++] = (uint32_t)i;
	sort_keys(nd, w->order + l->order, n - l->order);
	for (i = l->order + 1; i < n; i++)
		if (by_key(&w->order[i - 1], &w->order[i], (void *)(uintptr_t)nd) == 0)
			return err_set(ERR_INVALID, "a map with the same key twice cannot be written");
	l->n = w->n_order = n;
	return 0;
}

/* cbor: as they come, and yet each once */
static int no_duplicates(const struct node *nd, size_t at)
{
	struct keys keys = KEYS_INIT;
	int rc = keys_push(&keys, nd, at);

	keys_clear(&keys);
	return rc == 0 ? err_set(ERR_INVALID, "a map with the same key twice cannot be written") : rc;
}

/* ---- values ---- */

static int open_level(struct writer *w, size_t at)
{
	const struct node_step *s = &w->nd->step[at];
	struct level *l = &w->level[w->depth];
	int rc;

	if (w->depth == NODE_DEPTH_MAX)
		return err_set(ERR_LIMIT, "more than %d levels of lists and maps", NODE_DEPTH_MAX);
	*l = (struct level){ .at = at + 1, .end = (size_t)s->end, .is_map = s->kind == NODE_MAP, .sorted = 1 };
	if (l->is_map) {
		rc = w->dag ? arrange(w, at, l) : no_duplicates(w->nd, at);
		if (rc < 0)
			return rc;
		l->sorted = rc == 1;
	}
	w->depth++;
	return put(w->out, l->is_map ? CBOR_MAP : CBOR_LIST, s->n, span_of(NULL, 0));
}

/* a value; of a list or map only its head */
static int value(struct writer *w, size_t at)
{
	const struct node_step *s = &w->nd->step[at];

	switch ((enum node_kind)s->kind) {
	case NODE_NULL: return buf_u8(w->out, 0xf6);
	case NODE_BOOL: return buf_u8(w->out, s->neg ? 0xf5 : 0xf4);
	case NODE_INT: return put(w->out, s->neg ? CBOR_NINT : CBOR_UINT, s->u, span_of(NULL, 0));
	case NODE_FLOAT: return put_float(w, s->f);
	case NODE_STRING: return put_text(w, node_span(w->nd, at));
	case NODE_BYTES: return put(w->out, CBOR_BYTES, s->n, node_span(w->nd, at));
	case NODE_LINK: return put_link(w, node_span(w->nd, at));
	case NODE_LIST:
	case NODE_MAP: break;
	}
	return open_level(w, at);
}

/* the entry that comes next at the innermost level; 0: there is none */
static int next_entry(struct writer *w, struct level *l, size_t *at)
{
	if (!l->sorted) {
		if (l->order == l->n)
			return 0;
		*at = w->order[l->order++];
		return 1;
	}
	if (l->at >= l->end)
		return 0;
	*at = l->at;
	l->at = node_next(w->nd, l->at + l->is_map);
	return 1;
}

static int write_node(const struct node *nd, size_t at, struct buf *out, int dag)
{
	struct writer w;
	struct level *l;
	int rc;

	w.nd = nd;			/* not all of it: the levels are set as they open */
	w.out = out;
	w.dag = dag;
	w.order = NULL;
	w.n_order = w.cap = w.depth = 0;
	rc = value(&w, at);
	while (rc == 0 && w.depth > 0) {
		l = &w.level[w.depth - 1];
		if (!next_entry(&w, l, &at)) {
			w.depth--;
			if (!l->sorted)
				w.n_order = l->base;
			continue;
		}
		if (l->is_map)
			rc = put_text(&w, node_span(nd, at++));
		if (rc == 0)
			rc = value(&w, at);
	}
	free(w.order);
	return rc;
}

int dag_cbor_encode(const struct node *nd, size_t at, struct buf *out)
{
	return write_node(nd, at, out, 1);
}

int cbor_encode(const struct node *nd, size_t at, struct buf *out)
{
	return write_node(nd, at, out, 0);
}
