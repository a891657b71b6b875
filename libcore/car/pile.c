/*
 * pile.c - entries of one width, sorted fast.
 * Digests are as good as random, so their first bits put nearly every entry in its place: a radix sort
 * of keys, then a look at neighbours.  Digests somebody chose cost a comparison sort, no more.
 */
#include <stdlib.h>

#include "base/err.h"
#include "index_priv.h"

struct pile_key {
	uint32_t prefix;		/* of the digest, as a number */
	uint32_t at;			/* which entry */
};

enum { KEY_BITS = 32, PASSES_MAX = 2, RADIX_BITS = 11, RADIX = 1 << RADIX_BITS, FEW = 16, AHEAD = 24 };

_Static_assert(2 * sizeof(struct pile_key) == PILE_SORT, "what sorting costs is told rightly");

int pile_add(struct pile *p, struct span digest, uint64_t off)
{
	uint32_t cap = p->cap ? p->cap + p->cap / 2 : 64;
	uint8_t *e;
	int i;

	if (p->have == p->cap) {
		e = p->cap > UINT32_MAX / 2 ? NULL : realloc(p->entry, cap * p->width);
		if (!e)
			return err_nomem();
		p->entry = e;
		p->cap = cap;
	}
	e = p->entry + p->have++ * p->width;
	memcpy(e, digest.p, digest.len);
	for (i = 0; i < 8; i++)
		e[digest.len + (size_t)i] = (uint8_t)(off >> (8 * i));
	p->n++;
	return 0;
}

/* ---- sorting ---- */

/* Digests first, then the order of adding. */
static int before(const struct pile *p, const struct pile_key *a, const struct pile_key *b)
{
	int c;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix;
	c = memcmp(p->entry + a->at * p->width, p->entry + b->at * p->width, p->width - 8);
	return c ? c < 0 : a->at < b->at;
}

static int compare(const void *a, const void *b, void *pile)
{
	return before(pile, a, b) ? -1 : 1;	/* no two are equal */
}

static void sort_few(const struct pile *p, struct pile_key *k, size_t n)
{
	struct pile_key t;
	size_t i, j;

	for (i = 1; i < n; i++) {
		t = k[i];
		for (j = i; j > 0 && before(p, &t, &k[j - 1]); j--)
			k[j] = k[j - 1];
		k[j] = t;
	}
}

/* The keys are in order by all but their last `shift` bits: the rest. */
static void sort_rest(struct pile *p, struct pile_key *k, size_t n, unsigned shift)
{
	size_t i, j;

	for (i = 0; i < n; i = j) {
		for (j = i + 1; j < n && k[j].prefix >> shift == k[i].prefix >> shift; j++)
			;
		if (j - i > FEW)
			qsort_r(k + i, j - i, sizeof *k, compare, p);
		else if (j - i > 1)
			sort_few(p, k + i, j - i);
	}
}

static void radix_pass(const struct pile_key *in, struct pile_key *out, size_t n, unsigned shift)
{
	uint32_t at[RADIX] = { 0 }, sum = 0, t;
	size_t i;

	for (i = 0; i < n; i++)
		at[in[i].prefix >> shift & (RADIX - 1)]++;
	for (i = 0; i < RADIX; i++) {
		t = at[i];
		at[i] = sum;
		sum += t;
	}
	for (i = 0; i < n; i++)
		out[at[in[i].prefix >> shift & (RADIX - 1)]++] = in[i];
}

/* 0 and p->key; passes until a key has few neighbours that share the bits looked at */
static int sort(struct pile *p)
{
	struct pile_key *k, *a, *b, *t;
	unsigned passes = 1, i;

	p->next = 0;
	if (p->have == 0)
		return 0;
	a = k = malloc(2 * (size_t)p->have * sizeof *k);
	if (!k)
		return err_nomem();
	for (i = 0; i < p->have; i++)
		k[i] = (struct pile_key){ digest_prefix(p->entry + i * p->width, p->width - 8) >> 32, i };
	b = k + p->have;
	while (passes < PASSES_MAX && p->have >> (RADIX_BITS * passes + 2))
		passes++;
	for (i = passes; i-- > 0; t = a, a = b, b = t)
		radix_pass(a, b, p->have, KEY_BITS - RADIX_BITS * (i + 1));
	sort_rest(p, a, p->have, KEY_BITS - RADIX_BITS * passes);
	if (a != k)
		memcpy(k, a, p->have * sizeof *k);
	free(p->key);
	p->key = k;
	return 0;
}

/* ---- to disk and back ---- */

/* The i-th entry in order; they lie anywhere, so those that follow are called for in time. */
static const uint8_t *sorted(const struct pile *p, uint32_t i)
{
	const uint8_t *later;

	if (p->have - i > AHEAD) {
		later = p->entry + p->key[i + AHEAD].at * p->width;
		__builtin_prefetch(later);
		__builtin_prefetch(later + p->width - 1);
	}
	return p->entry + p->key[i].at * p->width;
}

static int by_digest(struct span a, struct span b)
{
	size_t len = a.len - 8;			/* a pile has one width */
	uint64_t x = digest_prefix(a.p, len), y = digest_prefix(b.p, len);

	return x != y ? (x < y ? -1 : 1) : memcmp(a.p, b.p, len);
}

static struct span nth_sorted(void *pile, size_t i)
{
	struct pile *p = pile;

	return span_of(sorted(p, (uint32_t)i), p->width);
}

int pile_flush(struct pile *p, const char *tmpdir)
{
	int rc = p->runs ? 0 : spill_new(&p->runs, tmpdir, 0, by_digest);

	if (rc == 0)
		rc = sort(p);
	if (rc == 0)
		rc = spill_run(p->runs, p->have, nth_sorted, p);
	free(p->key);
	p->key = NULL;
	p->have = 0;
	return rc;
}

int pile_read(struct pile *p)
{
	int rc;

	if (!p->runs)
		return sort(p);
	rc = pile_flush(p, NULL);
	free(p->entry);
	p->entry = NULL;
	p->cap = 0;
	return rc < 0 ? rc : spill_read(p->runs);
}

int pile_next(struct pile *p)
{
	struct span e;
	int rc;

	p->now = NULL;
	if (p->runs) {
		rc = spill_next(p->runs, &e);
		if (rc == 1)
			p->now = e.p;
		return rc < 0 ? rc : 0;
	}
	if (p->next == p->have)
		return 0;
	p->now = sorted(p, p->next++);
	return 0;
}

void pile_clear(struct pile *p)
{
	spill_free(p->runs);
	free(p->entry);
	free(p->key);
	p->runs = NULL;
	p->entry = NULL;
	p->key = NULL;
	p->have = p->cap = 0;
	p->now = NULL;
}
