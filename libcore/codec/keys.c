/* keys.c - the keys of a map, bytewise sorted */
#include <stdlib.h>

#include "base/err.h"
#include "codec_priv.h"

enum { FEW = 16 };	/* keys: inserted one by one rather than by qsort */

void keys_clear(struct keys *k)
{
	free(k->v);
	*k = KEYS_INIT;
}

/* the first eight bytes, so that most comparisons touch no text */
static uint64_t head_of(struct span s)
{
	uint64_t h = 0;
	size_t i, n = s.len < 8 ? s.len : 8;

	for (i = 0; i < n; i++)
		h |= (uint64_t)s.p[i] << (56 - 8 * i);
	return h;
}

static inline int compare(const struct key *a, const struct key *b)
{
	if (a->head != b->head)
		return a->head < b->head ? -1 : 1;
	return span_cmp(span_of(a->p, a->len), span_of(b->p, b->len));
}

static int compare_void(const void *a, const void *b)
{
	return compare(a, b);
}

static void sort_few(struct key *v, size_t n)
{
	struct key x;
	size_t i, j;

	for (i = 1; i < n; i++) {
		x = v[i];
		for (j = i; j > 0 && compare(&v[j - 1], &x) > 0; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
}

static int reserve(struct keys *k, size_t n)
{
	size_t cap = k->cap ? k->cap : 64;
	struct key *v;

	while (cap - k->n < n)
		cap *= 2;
	if (cap == k->cap)
		return 0;
	v = realloc(k->v, cap * sizeof *v);
	if (!v)
		return err_nomem();
	k->v = v;
	k->cap = cap;
	return 0;
}

int keys_push(struct keys *k, const struct node *nd, size_t at)
{
	const struct node_step *map = &nd->step[at], *s;
	int rc = reserve(k, map->n), sorted = 1;
	struct key *v = k->v + k->n;
	size_t i, n = 0;

	if (rc < 0)
		return rc;
	for (i = at + 1; i < map->end; i = node_next(nd, i + 1)) {
		s = &nd->step[i];
		v[n] = (struct key){ head_of(node_span(nd, i)), s->p, s->n, (uint32_t)i };
		sorted = sorted && (n == 0 || compare(&v[n - 1], &v[n]) < 0);
		n++;
	}
	k->n += n;
	if (sorted)
		return 1;
	if (n <= FEW)
		sort_few(v, n);
	else
		qsort(v, n, sizeof *v, compare_void);
	for (i = 1; i < n; i++)
		if (compare(&v[i - 1], &v[i]) == 0)
			return 0;
	return 1;
}
