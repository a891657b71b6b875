/*
 * diff.c - are the blocks here that a new root has and an old one has not?
 * The two DAGs are gone through side by side: a link that the node beside it has, too, leads to what is
 * known to be here; others are paired with the link of the same name (or place) they took over
 * from.  Where there is no such pair everything below is walked.
 */
#include <stdlib.h>

#include "base/err.h"
#include "pin/pin_priv.h"

enum { PAIRS_MAX = 4096, SEEN_MEM = 8 * 1024 * 1024 };

struct pair {
	struct cid from, to;
};

struct old {				/* a link of the old node */
	uint8_t id[16];
	struct cid cid;
	size_t place;
	struct span name;
};

struct diff {
	struct store *st;
	struct dag_source *src;
	struct pair *pairs;		/* still to be looked at */
	size_t n_pairs, cap_pairs;
	struct idset *seen;		/* nodes of the new DAG done with */
	struct buf from, to;
	struct old *old;		/* by name */
	const struct old **by_id;
	size_t n_old, cap_old;
	size_t place;			/* in the new node */
	int rc;
};

static int nothing(void *arg, const struct dag_visit *v)
{
	(void)arg;
	(void)v;
	return 0;
}

static int walk_all(struct diff *d, const struct cid *cid)
{
	struct dag_walk w = { .once = 1, .depth_max = -1, .visit = nothing,
			      .tmpdir = store_tmpdir(d->st) };

	return dag_walk(d->src, cid, &w);
}

static int add_pair(struct diff *d, const struct cid *from, const struct cid *to)
{
	struct pair *grown;

	if (d->n_pairs == PAIRS_MAX)
		return walk_all(d, to);
	if (d->n_pairs == d->cap_pairs) {
		d->cap_pairs = d->cap_pairs ? 2 * d->cap_pairs : 64;
		grown = realloc(d->pairs, d->cap_pairs * sizeof *grown);
		if (!grown)
			return err_nomem();
		d->pairs = grown;
	}
	d->pairs[d->n_pairs++] = (struct pair){ *from, *to };
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct old *x = a, *y = b;
	int c = span_cmp(x->name, y->name);

	return c ? c : x->place < y->place ? -1 : x->place > y->place;
}

static int by_id(const void *a, const void *b)
{
	return memcmp((*(const struct old *const *)a)->id, (*(const struct old *const *)b)->id, 16);
}

static int note_old(void *arg, const struct cid *cid, struct span name)
{
	struct diff *d = arg;
	struct old *grown;

	if (d->n_old == d->cap_old) {
		d->cap_old = d->cap_old ? 2 * d->cap_old : 256;
		grown = realloc(d->old, d->cap_old * sizeof *grown);
		if (!grown)
			return d->rc = err_nomem();
		d->old = grown;
	}
	d->old[d->n_old] = (struct old){ .cid = *cid, .place = d->n_old, .name = name };
	dag_id(cid, d->old[d->n_old++].id);
	return 0;
}

/* the old link this one took the place of; NULL: none */
static const struct old *partner(struct diff *d, struct span name)
{
	struct old key = { .name = name, .place = d->place };
	size_t lo = 0, hi = d->n_old;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (by_name(&d->old[mid], &key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* names are unique in a directory; in a file all are empty and the place tells */
	if (lo < d->n_old && span_equal(d->old[lo].name, name))
		return &d->old[lo];
	if (lo > 0 && span_equal(d->old[lo - 1].name, name))
		return &d->old[lo - 1];
	return NULL;
}

static int new_link(void *arg, const struct cid *cid, struct span name)
{
	struct diff *d = arg;
	const struct old *o, *key;
	struct old k;

	dag_id(cid, k.id);
	key = &k;
	o = partner(d, name);
	d->place++;
	if (d->n_old && bsearch(&key, d->by_id, d->n_old, sizeof *d->by_id, by_id))
		return 0;			/* the old node has it */
	if (cid->codec == CID_RAW) {
		d->rc = dag_need(d->src, cid);
	} else {
		d->rc = o ? add_pair(d, &o->cid, cid) : walk_all(d, cid);
	}
	return d->rc < 0;
}

static int one_pair(struct diff *d, const struct pair *p)
{
	struct dag_source *s = d->src;
	uint8_t id[16];
	size_t i;
	int rc;

	if (cid_equal(&p->from, &p->to))
		return 0;
	dag_id(&p->to, id);
	rc = idset_add(d->seen, id);
	if (rc != 1)
		return rc;
	buf_reset(&d->from);
	buf_reset(&d->to);
	d->n_old = d->place = 0;
	d->rc = 0;
	rc = dag_leaf(s, &p->from);
	if (rc == 0)
		rc = dag_get(s, &p->from, &d->from);
	if (rc == 0)
		rc = codec_links(p->from.codec, buf_span(&d->from), note_old, d);
	if (d->rc < 0)
		return d->rc;
	if (rc != 0)
		return walk_all(d, &p->to);	/* nothing to compare with */
	free(d->by_id);
	d->by_id = malloc((d->n_old + 1) * sizeof *d->by_id);
	if (!d->by_id)
		return err_nomem();
	if (d->n_old)
		qsort(d->old, d->n_old, sizeof *d->old, by_name);
	for (i = 0; i < d->n_old; i++)
		d->by_id[i] = &d->old[i];
	if (d->n_old)
		qsort(d->by_id, d->n_old, sizeof *d->by_id, by_id);
	rc = dag_get(s, &p->to, &d->to);
	if (rc == 0)
		rc = codec_links(p->to.codec, buf_span(&d->to), new_link, d);
	return d->rc < 0 ? d->rc : rc < 0 ? rc : 0;
}

int diff_walk(struct store *st, struct dag_source *src, const struct cid *from, const struct cid *to)
{
	struct diff d = { .st = st, .src = src, .from = BUF_INIT(DAG_BLOCK_MAX), .to = BUF_INIT(DAG_BLOCK_MAX) };
	int rc = idset_new(&d.seen, 16, SEEN_MEM, store_tmpdir(st));
	struct pair p;

	if (rc == 0)
		rc = add_pair(&d, from, to);
	while (rc == 0 && d.n_pairs) {
		p = d.pairs[--d.n_pairs];
		rc = one_pair(&d, &p);
	}
	idset_free(d.seen);
	free(d.pairs);
	free(d.old);
	free(d.by_id);
	buf_clear(&d.from);
	buf_clear(&d.to);
	return rc;
}
