/*
 * car_verify.c - is an archive whole and true?
 * One pass, in whatever order the blocks come.  A block that something reached links to is reached; links
 * to what is not there yet are put aside, and what is reached and never came is missing.  Of a block
 * that comes before anything that leads to it, its links are kept until the end.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/idset.h"
#include "ops/car_priv.h"

enum { SET_MEM = 16 * 1024 * 1024 };

struct edge {				/* from a block that was not reached when it came */
	uint8_t from[16], to[16];
};

struct verify {
	struct ops_car_verify *o;
	const char *what;
	struct idset *here, *reached;
	struct cidlog ahead;		/* links to what was not there when they were met */
	struct edge *edges;
	size_t n_edges, cap;
	/* of the block at hand */
	int from_reached;
	uint8_t id[16];
};

/* ---- reaching ---- */

static int put_edge(struct verify *v, const uint8_t to[16])
{
	struct edge *e;

	if (v->n_edges == v->cap) {
		size_t cap = v->cap ? 2 * v->cap : 256;

		e = realloc(v->edges, cap * sizeof *e);
		if (!e)
			return err_nomem();
		v->edges = e;
		v->cap = cap;
	}
	e = &v->edges[v->n_edges++];
	memcpy(e->from, v->id, 16);
	memcpy(e->to, to, 16);
	return 0;
}

static int link_to(void *arg, const struct cid *cid, struct span name)
{
	struct verify *v = arg;
	struct span inlined;
	uint8_t id[16];
	int rc;

	(void)name;
	if (cid_identity(cid, &inlined)) {	/* it is there; smaller each time, so this ends */
		rc = codec_links(cid->codec, inlined, link_to, v);
		return rc == ERR_UNSUPPORTED ? 0 : rc;
	}
	dag_id(cid, id);
	rc = v->from_reached ? idset_add(v->reached, id) : put_edge(v, id);
	if (rc >= 0)
		rc = idset_has(v->here, id);
	return rc == 0 ? cidlog_add(&v->ahead, cid) : rc < 0 ? rc : 0;
}

static int block(struct verify *v, const struct car_section *s)
{
	struct span inlined;
	int rc;

	v->o->n_blocks++;
	v->o->bytes += s->data.len;
	v->o->n_identity += (uint64_t)cid_identity(&s->cid, &inlined);
	if (v->o->partial)
		return 0;
	dag_id(&s->cid, v->id);
	rc = idset_add(v->here, v->id);
	if (rc <= 0)			/* a duplicate */
		return rc;
	v->from_reached = rc = idset_has(v->reached, v->id);
	if (rc >= 0)
		rc = codec_links(s->cid.codec, s->data, link_to, v);
	return rc;
}

/* ---- at the end: what the blocks that came too early lead to ---- */

static int by_from(const void *a, const void *b)
{
	return memcmp(((const struct edge *)a)->from, ((const struct edge *)b)->from, 16);
}

static size_t first_edge(const struct verify *v, const uint8_t from[16])
{
	size_t lo = 0, hi = v->n_edges;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (memcmp(v->edges[mid].from, from, 16) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* the places in `edges` where the links of blocks that were reached begin, to be followed */
static int follow(struct verify *v, size_t *todo, size_t n)
{
	int rc = 0;

	while (rc >= 0 && n) {
		size_t i = todo[--n], at;
		const uint8_t *from = v->edges[i].from;

		for (; rc >= 0 && i < v->n_edges && !memcmp(v->edges[i].from, from, 16); i++) {
			rc = idset_add(v->reached, v->edges[i].to);
			if (rc != 1)
				continue;
			at = first_edge(v, v->edges[i].to);
			if (at < v->n_edges && !memcmp(v->edges[at].from, v->edges[i].to, 16))
				todo[n++] = at;
		}
	}
	return rc < 0 ? rc : 0;
}

static int reach_early(struct verify *v)
{
	size_t *todo, n = 0, i;
	int rc = 0;

	if (v->n_edges == 0)
		return 0;
	qsort(v->edges, v->n_edges, sizeof *v->edges, by_from);
	todo = malloc(v->n_edges * sizeof *todo);	/* each block gets there once at most */
	if (!todo)
		return err_nomem();
	for (i = 0; rc >= 0 && i < v->n_edges; i++) {
		if (i && !memcmp(v->edges[i].from, v->edges[i - 1].from, 16))
			continue;
		rc = idset_has(v->reached, v->edges[i].from);
		if (rc == 1)
			todo[n++] = i;
	}
	if (rc >= 0)
		rc = follow(v, todo, n);
	free(todo);
	return rc;
}

static int find_missing(struct verify *v)
{
	uint8_t id[16];
	struct cid cid;
	int rc = reach_early(v);

	while (rc == 0 && (rc = cidlog_next(&v->ahead, &cid)) == 1) {
		dag_id(&cid, id);
		rc = idset_has(v->reached, id);
		if (rc == 1)
			rc = idset_add(v->here, id);	/* told once */
		if (rc != 1)
			continue;
		v->o->n_missing++;
		rc = v->o->missing ? v->o->missing(v->o->arg, &cid) : 0;
	}
	return rc;
}

/* ---- the index ---- */

/* fewer entries than sections: fine if it is only duplicates that have none */
static int find_each(struct car_file *f, const struct ops_car_verify *o)
{
	int full = car_file_v2(f)->full, fd = open(o->path, O_RDONLY | O_CLOEXEC), rc;
	struct car_section s;
	struct span inlined;
	struct car_in *c = NULL;
	uint64_t off, len;

	if (fd < 0)
		return err_sys("opening '%s'", o->path);
	rc = car_in_open(&c, fd, o->path, CAR_NO_HASH | o->flags);
	while (rc == 0 && (rc = car_in_next(c, &s)) == 1) {
		rc = full || !cid_identity(&s.cid, &inlined) ? car_file_find(f, &s.cid, &off, &len) : 1;
		if (rc == 0)
			rc = at_section(err_set(ERR_INVALID, "the index lacks it"), o->path, &s);
		rc = rc < 0 ? rc : 0;
	}
	car_in_close(c);
	close(fd);
	return rc;
}

static int check_index(struct ops_car_verify *o)
{
	struct car_file *f;
	uint64_t n = 0;
	int rc = car_file_open_flags(&f, o->path, o->flags & CAR_LOOSE_HEADER);

	if (rc < 0)
		return rc;
	o->index_codec = car_file_index_codec(f);
	o->indexed = car_file_indexed(f);
	if (o->indexed) {
		rc = car_file_check(f, &n);
		if (rc == 0 && n < o->n_blocks - (car_file_v2(f)->full ? 0 : o->n_identity))
			rc = find_each(f, o);
	}
	car_file_close(f);
	return rc;
}

/* ---- one archive ---- */

static int take_roots(struct verify *v, struct car_in *c)
{
	size_t n, i;
	const struct cid *roots = car_in_roots(c, &n);
	int rc = 0;

	v->o->version = car_in_version(c);
	v->o->packed = car_in_packed(c);
	v->o->n_roots = n;
	v->from_reached = 1;
	for (i = 0; rc == 0 && !v->o->partial && i < n; i++)
		rc = link_to(v, &roots[i], span_of(NULL, 0));
	return rc;
}

static int take_blocks(struct verify *v, struct car_in *c)
{
	struct car_section s;
	uint64_t was = 0, now;
	int rc = 0;

	while (rc == 0 && (rc = car_in_next(c, &s)) == 1) {
		rc = block(v, &s);
		if (rc == ERR_UNSUPPORTED) {
			v->o->n_opaque++;
			rc = 0;
		} else if (rc < 0) {
			at_section(rc, v->what, &s);
		}
		now = car_in_bytes(c);
		if (rc == 0 && v->o->progress && v->o->progress(v->o->arg, now - was, 1))
			rc = err_set(ERR_INTERRUPTED, "stopped");
		was = now;
	}
	return rc;
}

int ops_car_verify(int fd, const char *what, struct ops_car_verify *o)
{
	struct verify v = { .o = o, .what = what };
	struct car_in *c;
	int rc = car_in_open(&c, fd, what, o->flags);

	o->n_blocks = o->bytes = o->n_missing = o->n_opaque = o->n_identity = 0;
	o->version = o->packed = o->indexed = 0;
	o->index_codec = 0;
	if (rc < 0)
		return rc;
	cidlog_init(&v.ahead, o->tmpdir);
	rc = idset_new(&v.here, 16, SET_MEM, o->tmpdir);
	if (rc == 0)
		rc = idset_new(&v.reached, 16, SET_MEM, o->tmpdir);
	if (rc == 0)
		rc = take_roots(&v, c);
	if (rc == 0)
		rc = take_blocks(&v, c);
	car_in_close(c);
	if (rc == 0 && o->path && o->version == 2 && !o->packed)
		rc = check_index(o);
	if (rc == 0 && !o->partial)
		rc = find_missing(&v);
	idset_free(v.here);
	idset_free(v.reached);
	cidlog_clear(&v.ahead);
	free(v.edges);
	return rc < 0 ? rc : o->n_missing > 0;
}
