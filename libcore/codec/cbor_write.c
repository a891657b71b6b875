/*
 * cbor_write.c - nodes as dag-cbor and cbor.
 * dag-cbor: shortest heads, 64-bit floats, keys sorted by length and then bytewise.  cbor: the same, but
 * with keys as they come and without links.  Spec: ipld/ipld specs/codecs/dag-cbor/spec.md.
 */
#include <endian.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "cbor_priv.h"

enum {
	FEW = 16,		/* keys: inserted one by one rather than by qsort */
	HEAD = 9		/* bytes at most; a link has two, and two bytes more */
};

/* A map whose keys stand in another order than they are written in. */
struct jumps {
	size_t next, n, base;	/* indexes into writer.order: [next, n) are still to be written */
	size_t depth;		/* its own */
	size_t at, end;		/* what comes behind it, and the end of that */
};

struct writer {
	const struct node *nd;
	struct buf *out;
	uint8_t *p, *end;	/* of the room in `out` */
	int dag;
	uint64_t *order;	/* keys in their order, of all the maps to jump in */
	size_t n_order, cap;
	size_t depth, n_jumps;
	size_t level[NODE_DEPTH_MAX];	/* the steps behind the lists and maps around us */
	struct jumps jumps[NODE_DEPTH_MAX];
};

static int more_room(struct writer *w, size_t len)
{
	struct buf *out = w->out;
	size_t max = out->max;
	int rc;

	out->len = (size_t)(w->p - out->data);
	out->max = SIZE_MAX / 2;	/* the ceiling is looked at when the length is known */
	rc = buf_reserve(out, len);
	out->max = max;
	if (rc < 0)
		return rc;
	w->p = out->data + out->len;
	w->end = out->data + out->cap;
	return 0;
}

/* room - for a value with so many bytes of text, whatever its kind */
static inline int room(struct writer *w, size_t len)
{
	len += 2 * HEAD;
	return (size_t)(w->end - w->p) < len ? more_room(w, len) : 0;
}

/* ---- heads ---- */

/* Writes nine bytes, whatever it needs of them: there is room for so many at every value. */
static inline size_t head(uint8_t *p, unsigned major, uint64_t v)
{
	unsigned info, n;

	if (v < 24) {
		p[0] = (uint8_t)(major << 5 | v);
		return 1;
	}
	info = v <= UINT8_MAX ? 24 : v <= UINT16_MAX ? 25 : v <= UINT32_MAX ? 26 : 27;
	n = 1u << (info - 24);
	p[0] = (uint8_t)(major << 5 | info);
	v = htobe64(v << (64 - 8 * n));
	memcpy(p + 1, &v, sizeof v);
	return 1 + n;
}

/* most strings are short, and a call to copy them costs more than they do */
static inline void copy(uint8_t *to, const uint8_t *from, size_t len)
{
	uint64_t a, b;

	if (len > 16) {
		memcpy(to, from, len);
	} else if (len >= 8) {
		memcpy(&a, from, 8);
		memcpy(&b, from + len - 8, 8);
		memcpy(to, &a, 8);
		memcpy(to + len - 8, &b, 8);
	} else {
		for (; len; len--)
			*to++ = *from++;
	}
}

/* a head and what it announces */
static inline void put(struct writer *w, unsigned major, uint64_t v, struct span body)
{
	w->p += head(w->p, major, v);
	copy(w->p, body.p, body.len);
	w->p += body.len;
}

static inline int put_text(struct writer *w, size_t at)
{
	struct span s = node_span(w->nd, at);

	if (!w->nd->step[at].utf8 && !cbor_ascii(s) && !utf8_valid(s))
		return err_set(ERR_INVALID, "%s holds no strings that are not UTF-8", w->dag ? "dag-cbor" : "cbor");
	put(w, CBOR_TEXT, s.len, s);
	return 0;
}

static int put_link(struct writer *w, struct span cid)
{
	if (!w->dag)
		return err_set(ERR_INVALID, "cbor holds no links");
	*w->p++ = CBOR_TAG << 5 | 24;
	*w->p++ = CBOR_LINK;
	put(w, CBOR_BYTES, cid.len + 1, span_of(NULL, 0));
	*w->p++ = 0;				/* the identity base, of old */
	memcpy(w->p, cid.p, cid.len);
	w->p += cid.len;
	return 0;
}

static int put_float(struct writer *w, double f)
{
	uint64_t bits;

	if (f - f != 0)
		return err_set(ERR_INVALID, "%s holds no %s", w->dag ? "dag-cbor" : "cbor",
			       f != f ? "NaN" : "infinity");
	memcpy(&bits, &f, sizeof bits);
	*w->p++ = 0xfb;
	bits = htobe64(bits);
	memcpy(w->p, &bits, sizeof bits);
	w->p += sizeof bits;
	return 0;
}

/* ---- the order of keys ---- */

/* A key waiting for its turn: its length above, its step below, so that most comparisons touch no text. */
static inline uint64_t turn_of(const struct node *nd, size_t at)
{
	return (uint64_t)nd->step[at].n << 32 | at;
}

static inline int before(const struct node *nd, uint64_t a, uint64_t b)
{
	const struct node_step *x = &nd->step[(uint32_t)a], *y = &nd->step[(uint32_t)b];

	if (a >> 32 != b >> 32)
		return a >> 32 < b >> 32 ? -1 : 1;
	return x->n ? memcmp(x->p, y->p, x->n) : 0;
}

static int by_turn(const void *a, const void *b, void *arg)
{
	return before(arg, *(const uint64_t *)a, *(const uint64_t *)b);
}

static void sort_keys(const struct node *nd, uint64_t *v, size_t n)
{
	size_t i, j;
	uint64_t x;

	if (n > FEW) {
		qsort_r(v, n, sizeof *v, by_turn, (void *)(uintptr_t)nd);
		return;
	}
	for (i = 1; i < n; i++) {
		x = v[i];
		for (j = i; j > 0 && before(nd, v[j - 1], x) > 0; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
}

static int order_room(struct writer *w, size_t n)
{
	size_t cap = w->cap ? w->cap : 256;
	uint64_t *order;

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

/* 1: the keys of the map at `at` are in order as they stand; 0: their order is in w->order from j->next on */
static int arrange(struct writer *w, size_t at, struct jumps *j)
{
	const struct node *nd = w->nd;
	const struct node_step *map = &nd->step[at];
	int rc = order_room(w, map->n), sorted = 1;
	uint64_t *v = w->order + w->n_order;
	size_t i, n = 0;

	if (rc < 0)
		return rc;
	for (i = at + 1; i < map->end; i = node_next(nd, i + 1)) {
		v[n] = turn_of(nd, i);
		sorted = sorted && (n == 0 || before(nd, v[n - 1], v[n]) < 0);
		n++;
	}
	if (sorted)
		return 1;
	sort_keys(nd, v, n);
	for (i = 1; i < n; i++)
		if (before(nd, v[i - 1], v[i]) == 0)
			return err_set(ERR_INVALID, "a map with the same key twice cannot be written");
	j->next = j->base = w->n_order;
	j->n = w->n_order += n;
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

/*
 * Nothing is written at the end of a list or map, so that a node is written as it stands, step by step, up to
 * the first map that is in another order.
 */
struct run { size_t at, end; };

/* the head of the list or map at run->at, behind which the run goes on */
static int open_level(struct writer *w, struct run *run)
{
	const struct node_step *s = &w->nd->step[run->at];
	struct jumps *j = &w->jumps[w->n_jumps];
	int rc;

	while (w->depth > 0 && w->level[w->depth - 1] <= run->at)
		w->depth--;		/* those that have ended */
	if (w->depth == NODE_DEPTH_MAX)
		return err_set(ERR_LIMIT, "more than %d levels of lists and maps", NODE_DEPTH_MAX);
	w->level[w->depth++] = (size_t)s->end;
	put(w, s->kind == NODE_MAP ? CBOR_MAP : CBOR_LIST, s->n, span_of(NULL, 0));
	if (s->kind == NODE_LIST)
		return 0;
	rc = w->dag ? arrange(w, run->at, j) : no_duplicates(w->nd, run->at);
	if (rc == 0) {
		j->depth = w->depth;
		j->at = (size_t)s->end;
		j->end = run->end;
		w->n_jumps++;
		run->end = run->at + 1;		/* jump on */
	}
	return rc < 0 ? rc : 0;
}

static inline int write_run(struct writer *w, struct run *run)
{
	const struct node_step *s;
	int rc = 0;

	for (; rc == 0 && run->at < run->end; run->at++) {
		s = &w->nd->step[run->at];
		rc = room(w, s->kind >= NODE_STRING && s->kind <= NODE_LINK ? s->n : 0);
		if (rc < 0)
			return rc;
		switch ((enum node_kind)s->kind) {
		case NODE_NULL: *w->p++ = 0xf6; break;
		case NODE_BOOL: *w->p++ = s->neg ? 0xf5 : 0xf4; break;
		case NODE_INT: put(w, s->neg ? CBOR_NINT : CBOR_UINT, s->u, span_of(NULL, 0)); break;
		case NODE_FLOAT: rc = put_float(w, s->f); break;
		case NODE_STRING: rc = put_text(w, run->at); break;
		case NODE_BYTES: put(w, CBOR_BYTES, s->n, node_span(w->nd, run->at)); break;
		case NODE_LINK: rc = put_link(w, node_span(w->nd, run->at)); break;
		case NODE_LIST:
		case NODE_MAP: rc = open_level(w, run); break;
		}
	}
	return rc;
}

/* the entry that the innermost map in another order has next, or what comes behind that map */
static struct run jump(struct writer *w)
{
	struct jumps *j = &w->jumps[w->n_jumps - 1];
	size_t key;

	w->depth = j->depth;
	if (j->next < j->n) {
		key = (uint32_t)w->order[j->next++];
		return (struct run){ key, node_next(w->nd, key + 1) };
	}
	w->n_order = j->base;
	w->n_jumps--;
	w->depth--;
	return (struct run){ j->at, j->end };
}

static int write_values(struct writer *w, struct run run)
{
	int rc = write_run(w, &run);

	while (rc == 0 && w->n_jumps > 0) {
		run = jump(w);
		rc = write_run(w, &run);
	}
	return rc;
}

static int write_node(const struct node *nd, size_t at, struct buf *out, int dag)
{
	struct writer w;
	size_t len;
	int rc = buf_reserve(out, 0);

	if (rc < 0)
		return rc;
	w.nd = nd;			/* not all of it: levels and jumps are set as they open */
	w.out = out;
	w.p = w.end = out->data + out->len;
	w.dag = dag;
	w.order = NULL;
	w.n_order = w.cap = w.depth = w.n_jumps = 0;
	rc = write_values(&w, (struct run){ at, node_next(nd, at) });
	free(w.order);
	if (rc < 0)
		return rc;
	len = (size_t)(w.p - out->data);
	if (len > out->max)
		return err_set(ERR_LIMIT, "a block of %zu bytes, more than %zu", len, out->max);
	out->len = len;
	out->data[len] = 0;
	return 0;
}

int dag_cbor_encode(const struct node *nd, size_t at, struct buf *out)
{
	return write_node(nd, at, out, 1);
}

int cbor_encode(const struct node *nd, size_t at, struct buf *out)
{
	return write_node(nd, at, out, 0);
}
