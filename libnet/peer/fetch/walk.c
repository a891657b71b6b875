/*
 * walk.c - a whole DAG: what is here is walked, what is missing is asked for, many at once.
 *
 * Nodes that are here and whose links are not all looked at yet stand on a stack, and the top one goes on.  A link to a
 * block that is missing becomes a request, and the node it brings goes on top when it has come.  So there are never
 * more nodes on the stack than levels times requests at once, and those the walk will not come back to soon do not
 * keep their links in memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "peer/fetch/fetch_priv.h"

enum { SEEN_MEM = 8 * 1024 * 1024, STACK_MEM = 16 * 1024 * 1024 };

struct level {
	struct cid cid;
	int depth;			/* of the node; its links are one deeper */
	int loaded;
	struct buf links;		/* le16 length, with NAMED, CID */
	size_t pos;
};
enum { NAMED = 0x8000 };		/* the link has a name: it leads to a file or directory, not to a part of one */

struct walk {
	struct fetch *f;		/* NULL: only look */
	struct store *st;
	struct fetch_dag *d;
	struct idset *seen;
	struct level *level;
	int n, cap;
	size_t held;			/* bytes of links */
	int n_jobs, n_levels_max;
	int no_car;			/* archives bring what is here */
	struct buf block;
};

static int missing(struct walk *w, const struct cid *cid, int rc)
{
	if (rc == ERR_NOMEM || rc == ERR_NOSPACE || !w->d->missing)
		return rc;
	return w->d->missing(w->d->arg, cid, rc);
}

/* ---- the stack ---- */

static int add_link(void *arg, const struct cid *cid, struct span name)
{
	struct buf *links = arg;
	int rc = buf_le16(links, (uint16_t)(cid->len | (name.len ? NAMED : 0)));

	return rc < 0 ? rc : buf_add(links, cid_span(cid));
}

static void unload(struct walk *w, struct level *l)
{
	w->held -= l->links.cap;
	buf_clear(&l->links);
	l->loaded = 0;
}

/* the links of l, from the store; ERR_INVALID and ERR_UNSUPPORTED: what it is tells nothing of them */
static int load(struct walk *w, struct level *l)
{
	int rc, i;

	buf_reset(&w->block);
	rc = dag_get(store_source(w->st), &l->cid, &w->block);
	if (rc == 0)
		rc = codec_links(l->cid.codec, buf_span(&w->block), add_link, &l->links);
	w->held += l->links.cap;
	l->loaded = 1;
	for (i = 0; w->held > STACK_MEM && &w->level[i] < l; i++)
		if (w->level[i].loaded)
			unload(w, &w->level[i]);
	return rc;
}

static void pop(struct walk *w)
{
	unload(w, &w->level[--w->n]);
}

static int push(struct walk *w, const struct cid *cid, int depth)
{
	struct level *l;
	char text[CID_TEXT_MAX];
	int rc;

	if (depth >= DAG_DEPTH_MAX)
		return err_set(ERR_LIMIT, "block %s is more than %d levels deep", cid_text(cid, text), DAG_DEPTH_MAX);
	if (w->n == w->cap) {
		int cap = w->cap ? 2 * w->cap : 32;
		struct level *more = realloc(w->level, (size_t)cap * sizeof *more);

		if (!more)
			return err_nomem();
		w->level = more;
		w->cap = cap;
	}
	l = &w->level[w->n++];
	*l = (struct level){ .cid = *cid, .depth = depth, .links = { .max = 2 * (size_t)STORE_BLOCK_MAX } };
	rc = load(w, l);
	if (rc == ERR_INVALID || rc == ERR_UNSUPPORTED || rc == ERR_CORRUPT || rc == ERR_LIMIT)
		rc = missing(w, cid, err_add(rc, "block %s", cid_text(cid, text)));
	if (l->links.len == 0)
		pop(w);
	return rc;
}

/* ---- blocks ---- */

static int count(struct walk *w, const struct cid *cid)
{
	uint64_t len = 0;
	int rc = dag_size(store_source(w->st), cid, &len);

	w->d->n_blocks++;
	w->d->bytes += len;
	return rc;
}

/* it is here: go below */
static int enter(struct walk *w, const struct cid *cid, int depth)
{
	int rc = count(w, cid);

	if (rc < 0 || depth == w->d->depth_max)
		return rc;
	rc = dag_leaf(store_source(w->st), cid);
	return rc != 0 ? (rc < 0 ? rc : 0) : push(w, cid, depth);
}

/* Should it be asked for with all that is below it? */
static int as_archive(const struct walk *w, const struct cid *cid, int depth, int named)
{
	const struct fetch *f = w->f;

	if (f->o.form == FETCH_RAW || w->d->depth_max >= 0 || cid->codec == CID_RAW || w->no_car)
		return 0;
	if (f->o.form == FETCH_CAR)
		return 1;
	/* with several gateways, what is below the root is spread over them; and parts of a file are asked for side
	 * by side, for each is probably one block */
	return depth ? named || cid->codec != CID_DAG_PB : f->n_gw == 1;
}

static int request(struct walk *w, const struct cid *cid, int depth, int archive)
{
	char target[CID_TEXT_MAX + 96], text[CID_TEXT_MAX];
	struct job *j;
	int rc;

	snprintf(target, sizeof target, archive ? "/ipfs/%s?format=car&dag-scope=all&car-order=dfs&car-dups=n"
						: "/ipfs/%s?format=raw", cid_text(cid, text));
	rc = job_new(&j, w->f, archive ? JOB_CAR : JOB_BLOCK, cid, target);
	if (rc < 0)
		return rc;
	j->owner = w;
	j->depth = depth;
	fetch_submit(w->f, j);
	w->n_jobs++;
	return 0;
}

static int seen(struct walk *w, const struct cid *cid, int depth)
{
	uint8_t id[16];
	int rc;

	dag_id(cid, id);
	if (w->d->depth_max >= 0) {	/* met at another depth it is another: it may reach deeper */
		id[0] ^= (uint8_t)depth;
		id[1] ^= (uint8_t)(depth >> 8);
	}
	rc = idset_add(w->seen, id);
	return rc < 0 ? rc : !rc;
}

static int visit(struct walk *w, const struct cid *cid, int depth, int named)
{
	struct mh mh;
	int rc = seen(w, cid, depth);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = mh_decode(cid_mh(cid), &mh);
	if (rc == 0)
		rc = mh_allowed(&mh);
	if (rc < 0)
		return missing(w, cid, rc);
	rc = dag_has(store_source(w->st), cid);
	if (rc != 0)
		return rc < 0 ? rc : enter(w, cid, depth);
	if (!w->f) {
		char text[CID_TEXT_MAX];

		return missing(w, cid, err_set(ERR_NOTFOUND, "block %s is not in the store", cid_text(cid, text)));
	}
	return request(w, cid, depth, as_archive(w, cid, depth, named));
}

/* one step of the top node: 1, or 0: there is none */
static int step(struct walk *w)
{
	struct level *l;
	struct cid cid;
	struct rd r;
	unsigned len;
	int rc;

	if (w->n == 0)
		return 0;
	l = &w->level[w->n - 1];
	if (!l->loaded) {
		rc = load(w, l);
		if (rc < 0)
			return rc;
	}
	if (l->pos >= l->links.len) {
		pop(w);
		return 1;
	}
	r = rd_from(span_of(l->links.data + l->pos, l->links.len - l->pos));
	len = rd_le16(&r);
	rc = cid_decode(rd_bytes(&r, len & ~(unsigned)NAMED), &cid);
	l->pos = l->links.len - r.left;
	if (rc == 0)
		rc = visit(w, &cid, l->depth + 1, (len & NAMED) != 0);
	return rc < 0 ? rc : 1;
}

/* a request is done: gives up the job */
static int settle(struct walk *w, struct job *j)
{
	struct cid cid = j->cid;
	int depth = j->depth, kind = j->kind, job_rc = j->rc, rc;
	char why[sizeof j->why];

	snprintf(why, sizeof why, "%s", j->why);
	job_free(j);
	w->n_jobs--;
	if (kind == JOB_CAR && job_rc == ERR_EXISTS)
		w->no_car = 1;
	rc = store_has(w->st, &cid);
	if (rc != 0)
		return rc < 0 ? rc : enter(w, &cid, depth);
	if (kind == JOB_CAR)
		return request(w, &cid, depth, 0);
	if (job_rc == 0)
		return err_set(ERR_IO, "a block that was stored is gone");
	return missing(w, &cid, err_set(job_rc, "%s", why));
}

/* ---- the walk ---- */

static int room(const struct walk *w)
{
	return !w->f || w->n_jobs < w->f->o.parallel;
}

static int go(struct walk *w, const struct cid *root)
{
	struct job *j;
	int rc = visit(w, root, 0, 1), steps;

	while (rc == 0 && (w->n || w->n_jobs)) {
		/* not too long without a look at the network */
		for (steps = 0; rc == 0 && steps < 64 && room(w) && w->n; steps++) {
			rc = step(w);
			rc = rc < 0 ? rc : 0;
		}
		if (rc == 0 && w->f && w->n_jobs)
			rc = fetch_turn(w->f, w->n && room(w) ? 0 : 500, -1);
		while (rc == 0 && w->f && (j = fetch_take_done(w->f, w)) != NULL)
			rc = settle(w, j);
	}
	return rc;
}

static int run(struct walk *w, const struct cid *root)
{
	struct fetch_dag *d = w->d;
	int rc;

	d->n_blocks = d->bytes = d->n_new = d->new_bytes = 0;
	buf_init(&w->block, STORE_BLOCK_MAX);
	rc = idset_new(&w->seen, 16, SEEN_MEM, store_tmpdir(w->st));
	if (rc == 0)
		rc = go(w, root);
	while (w->n)
		pop(w);
	free(w->level);
	idset_free(w->seen);
	buf_clear(&w->block);
	return rc;
}

int fetch_dag(struct fetch *f, const struct cid *root, struct fetch_dag *d)
{
	struct walk w = { .f = f, .st = f->st, .d = d };
	uint64_t n = f->n_stored, bytes = f->stored_bytes;
	char why[512];
	int rc = run(&w, root), end;

	if (rc < 0)
		snprintf(why, sizeof why, "%s", err_text());
	fetch_cancel(f, &w);
	d->n_new = f->n_stored - n;
	d->new_bytes = f->stored_bytes - bytes;
	end = f->fatal && f->fatal != ERR_INTERRUPTED && f->fatal != ERR_LIMIT ? 0 : fetch_commit(f);
	return rc < 0 ? err_set(rc, "%s", why) : end;
}

int fetch_missing(struct store *st, const struct cid *root, struct fetch_dag *d)
{
	struct walk w = { .st = st, .d = d };

	return run(&w, root);
}

/* ---- an archive of what a path needs ---- */

static int escaped(struct buf *out, const char *rest)
{
	int rc = 0;

	for (; rc == 0 && *rest; rest++) {
		unsigned char c = (unsigned char)*rest;

		if (((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9') || strchr("-._~/", c))
			rc = buf_u8(out, c);
		else
			rc = buf_printf(out, "%%%02X", c);
	}
	return rc;
}

static int range(struct buf *out, int64_t from, int64_t to)
{
	if (from < 0 && to < 0)
		return 0;
	if (from < 0)
		from = 0;
	return to < 0 ? buf_printf(out, "&entity-bytes=%lld:*", (long long)from)
		      : buf_printf(out, "&entity-bytes=%lld:%lld", (long long)from, (long long)to);
}

int fetch_ahead(struct fetch *f, const struct cid *root, const char *rest, enum fetch_scope scope, int64_t from,
		int64_t to)
{
	static const char *const scopes[] = { "block", "entity", "all" };
	struct buf target = BUF_INIT(64 * 1024);
	char text[CID_TEXT_MAX];
	struct job *j = NULL;
	int rc;

	if (f->o.form == FETCH_RAW)
		return 0;
	rc = buf_printf(&target, "/ipfs/%s%s", cid_text(root, text), *rest ? "/" : "");
	if (rc == 0)
		rc = escaped(&target, rest);
	if (rc == 0)
		rc = buf_printf(&target, "?format=car&dag-scope=%s&car-order=dfs&car-dups=n", scopes[scope]);
	if (rc == 0)
		rc = range(&target, from, to);
	if (rc == 0)
		rc = job_new(&j, f, JOB_CAR, root, (const char *)target.data);
	buf_clear(&target);
	if (rc < 0)
		return rc;
	j->owner = &target;
	fetch_submit(f, j);
	rc = fetch_wait(f, &target, &j);
	if (rc < 0)
		fetch_cancel(f, &target);
	else
		job_free(j);
	return rc;
}
