/*
 * car_export.c - the blocks of DAGs into an archive.
 * A whole DAG is walked, and its leaves go from the segment to the archive without being read.  For
 * part of one (the way of a path, a range of a file, what a selector visits) the blocks are those that
 * somebody else reads: a tap on the source tells of them.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/idset.h"
#include "ops/car_priv.h"

enum {
	SEEN_MEM = 16 * 1024 * 1024,
	EXTENT_MIN = 16 * 1024		/* smaller blocks are read and hashed as fast */
};

struct export {
	struct ops_car_export *o;
	struct dag_source *src;
	struct target *t;
	struct idset *written;		/* CIDs, when more than one walk writes; NULL: not needed */
	struct idset *entered;		/* … and whose DAG was walked */
	struct buf block;
	struct dag_tap tap;
	int stopped;
};

void ops_car_export_init(struct ops_car_export *o)
{
	*o = (struct ops_car_export){ .depth_max = -1, .len = UINT64_MAX };
}

/* 1: new in the set, or there is none */
static int is_new(struct idset *set, const struct cid *cid)
{
	uint8_t id[16];

	if (!set)
		return 1;
	dag_id(cid, id);
	return idset_add(set, id);
}

static int emit(struct export *x, const struct cid *cid, const struct piece *p)
{
	int rc = is_new(x->written, cid);

	if (rc <= 0)
		return rc;
	rc = car_out_block(&x->t->out, cid, p);
	if (rc < 0)
		return rc;
	x->o->n_blocks++;
	x->o->bytes += p->len;
	if (x->o->progress && x->o->progress(x->o->arg, p->len, 1)) {
		x->stopped = 1;
		return err_set(ERR_INTERRUPTED, "stopped");
	}
	return 0;
}

static int emit_bytes(struct export *x, const struct cid *cid, struct span bytes)
{
	struct piece p = { .bytes = bytes, .fd = -1, .len = bytes.len };

	return emit(x, cid, &p);
}

/* from the segment, if it lies there plain; else read */
static int emit_stored(struct export *x, const struct cid *cid)
{
	struct piece p;
	int rc = dag_extent(x->src, cid, &p);

	if (rc == 1 && (p.fd < 0 || p.len >= EXTENT_MIN))
		return emit(x, cid, &p);
	buf_reset(&x->block);
	if (rc >= 0)
		rc = dag_get(x->src, cid, &x->block);
	return rc < 0 ? rc : emit_bytes(x, cid, buf_span(&x->block));
}

/* ---- all of a DAG ---- */

static int visit(void *arg, const struct dag_visit *v)
{
	struct export *x = arg;
	int rc = is_new(x->entered, v->cid);

	if (rc < 0)
		return rc;
	if (rc == 0)			/* all below is there, too, unless it was too deep */
		return x->o->depth_max < 0;
	return v->block.len ? emit_bytes(x, v->cid, v->block) : emit_stored(x, v->cid);
}

static int missing(void *arg, const struct cid *cid)
{
	struct export *x = arg;

	(void)cid;
	x->o->n_missing++;
	return 0;
}

static int whole(struct export *x, const struct cid *root)
{
	struct dag_walk w = { .once = !x->o->dups, .depth_max = x->o->depth_max, .visit = visit,
			      .missing = x->o->partial ? missing : NULL, .tmpdir = x->t->to->tmpdir,
			      .arg = x };

	return dag_walk(x->src, root, &w);
}

/* ---- what others read ---- */

static int was_read(void *arg, const struct cid *cid, struct span bytes)
{
	return bytes.p ? emit_bytes(arg, cid, bytes) : emit_stored(arg, cid);
}

static int range(struct export *x, const struct cid *cid)
{
	struct sink_null nowhere;

	sink_null_start(&nowhere);
	return unixfs_cat(&x->tap.source, cid, x->o->start, x->o->len, &nowhere.sink, NULL, NULL);
}

static int selected(struct export *x, const struct cid *cid)
{
	struct dag_select s = { .block = was_read, .missing = x->o->partial ? missing : NULL, .arg = x,
				.once = !x->o->dups, .lazy = 1, .adls = unixfs_adls(),
				.tmpdir = x->t->to->tmpdir };

	return dag_select(x->src, cid, x->o->selector, &s);
}

/* ---- one root after the other ---- */

static int one(struct export *x, const char *path, const struct cid *root)
{
	struct cid cid = *root;
	int rc = 0;

	if (x->o->way)			/* the blocks on the way are written as they are read */
		rc = unixfs_resolve(&x->tap.source, path, &cid);
	if (rc < 0)
		return rc;
	if (x->o->selector)
		return selected(x, &cid);
	return x->o->ranged ? range(x, &cid) : whole(x, &cid);
}

static int root_of(struct export *x, const char *path, struct cid *root)
{
	struct dag_path p;
	int rc;

	if (!x->o->way)
		return unixfs_resolve(x->src, path, root);
	rc = dag_path_parse(&p, path);
	if (rc < 0)
		return rc;
	*root = p.root;
	dag_path_clear(&p);
	return 0;
}

static int sets(struct export *x, size_t n)
{
	const char *tmpdir = x->t->to->tmpdir;
	int rc = 0;

	if (x->o->dups)
		return 0;
	if (x->o->way || x->o->ranged || x->o->selector)
		rc = idset_new(&x->written, 16, SEEN_MEM, tmpdir);
	if (rc == 0 && n > 1)
		rc = idset_new(&x->entered, 16, SEEN_MEM, tmpdir);
	return rc;
}

static int check_options(const struct ops_car_export *o, size_t n)
{
	if (n > CAR_ROOTS_MAX)
		return err_set(ERR_USAGE, "more than %d roots", CAR_ROOTS_MAX);
	if (o->ranged && (o->selector || o->depth_max >= 0))
		return err_set(ERR_USAGE, "a range of bytes goes with no selector and no depth");
	if (o->selector && o->depth_max >= 0)
		return err_set(ERR_USAGE, "a selector goes with no depth; it has its own");
	if (o->partial && (o->ranged || o->way))
		return err_set(ERR_USAGE, "what leads to a path, or holds a range, cannot be left out");
	return 0;
}

/* the roots, in the order of the paths, each once */
static int find_roots(struct export *x, const char *const *paths, size_t n, struct cid *roots,
		      size_t *n_roots, struct cid *distinct)
{
	struct idset *met;
	size_t i;
	int rc = idset_new(&met, 16, SEEN_MEM, x->t->to->tmpdir);

	*n_roots = 0;
	for (i = 0; rc >= 0 && i < n; i++) {
		rc = root_of(x, paths[i], &roots[i]);
		if (rc < 0)
			err_add(rc, "%s", paths[i]);
		else
			rc = is_new(met, &roots[i]);
		if (rc == 1)
			distinct[(*n_roots)++] = roots[i];
	}
	idset_free(met);
	return rc < 0 ? rc : 0;
}

int ops_car_export(struct dag_source *src, const char *const *paths, size_t n,
		   struct ops_car_export *o, const struct ops_car_to *to)
{
	struct cid *roots = calloc(2 * n + 1, sizeof *roots);
	struct target t;
	struct export x = { .o = o, .src = src, .t = &t, .block = BUF_INIT(DAG_BLOCK_MAX) };
	size_t i, n_roots = 0;
	int rc = roots ? check_options(o, n) : err_nomem();

	o->n_blocks = o->bytes = o->n_missing = 0;
	dag_tap_init(&x.tap, src, was_read, &x);
	if (rc < 0) {
		free(roots);
		return rc;
	}
	t = (struct target){ .to = to };
	rc = find_roots(&x, paths, n, roots, &n_roots, roots + n);
	if (rc == 0)
		rc = target_open(&t, to);
	if (rc < 0) {
		free(roots);
		return rc;
	}
	rc = sets(&x, n);
	if (rc == 0)
		rc = target_start(&t, roots + n, n_roots);
	for (i = 0; rc == 0 && i < n; i++) {
		rc = one(&x, paths[i], &roots[i]);
		if (rc < 0 && n > 1)
			err_add(rc, "%s", paths[i]);
	}
	rc = rc == 0 ? target_end(&t) : target_cut(&t, rc);
	target_close(&t);
	idset_free(x.written);
	idset_free(x.entered);
	buf_clear(&x.block);
	free(roots);
	return rc;
}
