/* explain.c - which options give this file or folder that CID? */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/err.h"
#include "ops/add.h"
#include "ops/explain.h"
#include "ops/walk.h"

enum { OPTIONS_MAX = 4096, RABIN_MIN = 87381, BUZHASH_MIN = 131072, NONE = -1 };

/* What is at the path, as far as it decides which ways can differ. */
struct subject {
	int is_dir, has_hidden;
	uint64_t largest;		/* file, bytes */
	uint64_t dir_bytes;		/* of the directory with most names, about */
	uint64_t smallest;		/* file or link, bytes */
};

struct job {
	const char *path;
	const struct cid *cid;
	const struct ops_explain *e;
	struct subject s;
	struct mh mh;
	struct buf text;		/* the way that is tried */
	struct buf near;		/* one that gives the same block, but another version */
	struct cid near_cid;
	struct unixfs_node got;
	int have, stop;
};

/* one way to add */
struct way {
	const char *chunker;
	int raw_leaves, trickle, wrap, hidden, inline_limit;
	unsigned max_links, fanout;
	uint64_t threshold;
	const char *estimate;
};

/* ---- the subject ---- */

static int look(struct job *j)
{
	struct walk_opts o = { .hidden = 1, .want_stat = 1, .depth_max = OPS_ADD_DEPTH };
	struct subject *s = &j->s;
	uint64_t *sum = NULL;
	struct walk_entry e;
	struct walk *w;
	int ev, rc = walk_new(&w, j->path, &o);

	s->smallest = UINT64_MAX;
	sum = calloc(OPS_ADD_DEPTH + 2, sizeof *sum);
	if (rc == 0 && !sum)
		rc = err_nomem();
	while (rc == 0 && (ev = walk_next(w, &e)) != WALK_END) {
		uint64_t size;

		if (ev < 0)
			rc = ev;
		else if (ev == WALK_FAIL)
			rc = err_add(e.rc, "'%s'", e.path);
		else if (ev == WALK_OTHER)
			rc = err_set(ERR_INVALID, "'%s' is %s", e.path, walk_kind(e.st.st_mode));
		if (rc < 0)
			break;
		if (*e.rel && *e.name == '.')
			s->has_hidden = 1;
		if (*e.rel && ev != WALK_LEAVE)
			sum[e.depth - 1] += strlen(e.name) + 40;
		if (ev == WALK_ENTER) {
			sum[e.depth] = 0;
			s->is_dir |= !*e.rel;
		} else if (ev == WALK_LEAVE) {
			if (sum[e.depth] > s->dir_bytes)
				s->dir_bytes = sum[e.depth];
		} else {
			size = (uint64_t)e.st.st_size;
			if (ev == WALK_FILE && size > s->largest)
				s->largest = size;
			if (size < s->smallest)
				s->smallest = size;
		}
	}
	walk_free(w);
	free(sum);
	return rc;
}

/* ---- trying ---- */

static int named(void *arg, const struct ops_added *a)
{
	struct job *j = arg;

	if (a->root)
		j->got = a->node;
	j->have |= a->root;
	return 0;
}

static int read_some(void *arg, uint64_t bytes, uint64_t files)
{
	struct job *j = arg;

	(void)files;
	if (bytes && j->e->progress && j->e->progress(j->e->arg, bytes))
		j->stop = 1;
	return j->stop;
}

/* does this give the CID?  1 or 0 */
static int try(struct job *j, struct ops_add *o)
{
	struct adder *a;
	int rc;

	o->recursive = j->s.is_dir;
	o->only_hash = 1;
	o->entry = named;
	o->progress = read_some;
	o->arg = j;
	j->have = 0;
	rc = ops_add_begin(&a, NULL, o);
	if (rc == ERR_USAGE)
		return 0;			/* not a way at all */
	if (rc == 0)
		rc = ops_add_path(a, j->path);
	if (rc < 0)
		ops_add_free(a);
	else
		rc = ops_add_end(a);
	if (rc < 0)				/* a block too large for its way, say */
		return j->stop || rc == ERR_NOMEM ? rc : rc == ERR_LIMIT ? 0 : rc;
	if (!j->have || !span_equal(cid_mh(&j->got.cid), cid_mh(j->cid)) ||
	    j->got.cid.codec != j->cid->codec)
		return 0;
	if (cid_equal(&j->got.cid, j->cid))
		return 1;
	if (!j->near_cid.len) {
		j->near_cid = j->got.cid;
		rc = buf_add(&j->near, buf_span(&j->text));
	}
	return rc;
}

static int told(struct job *j, const struct buf *text, const struct cid *got)
{
	return j->e->found(j->e->arg, text->len ? (const char *)text->data : "", got);
}

static int text_flags(struct job *j, int wrap, int hidden)
{
	int rc = 0;

	if (j->s.is_dir)
		rc = buf_str(&j->text, j->text.len ? " -r" : "-r");
	if (rc == 0 && hidden)
		rc = buf_str(&j->text, j->text.len ? " -H" : "-H");
	if (rc == 0 && wrap)
		rc = buf_str(&j->text, j->text.len ? " -w" : "-w");
	return rc;
}

/* no options, and every profile by its first name */
static int try_profiles(struct job *j)
{
	const char *name;
	int i, flags, found = 0, rc = 0;

	for (flags = 0; rc == 0 && !found && flags < 4; flags++) {
		int hidden = flags & 1, wrap = flags >> 1;

		if (hidden && !j->s.has_hidden)
			continue;
		for (i = -1; rc >= 0 && !j->stop && (i < 0 || (name = unixfs_profile_name(i))); i++) {
			struct ops_add o;

			ops_add_init(&o);
			o.hidden = hidden;
			o.wrap = wrap;
			buf_reset(&j->text);
			rc = i < 0 ? 0 : unixfs_opts_profile(&o.dag, name);
			if (rc == 0 && i >= 0)
				rc = buf_printf(&j->text, "-O profile=%s", name);
			if (rc == 0)
				rc = text_flags(j, wrap, hidden);
			if (rc == 0)
				rc = try(j, &o);
			if (rc == 1) {
				found = 1;
				j->stop |= told(j, &j->text, &j->got.cid) != 0;
				rc = 0;
			}
		}
	}
	return rc < 0 ? rc : found;
}

static int pair(struct buf *b, const char *key, const char *value)
{
	return buf_printf(b, "%s%s=%s", b->len ? "," : "", key, value);
}

static int number(struct buf *b, const char *key, uint64_t v)
{
	return buf_printf(b, "%s%s=%llu", b->len ? "," : "", key, (unsigned long long)v);
}

/* the settings of a way that are not the defaults */
static int way_settings(const struct job *j, const struct way *y, struct buf *b)
{
	int v1 = j->cid->version == 1, rc = 0;

	if (v1 && j->cid->codec != CID_RAW)
		rc = pair(b, "cid-version", "1");
	if (rc == 0 && j->mh.code != MH_SHA2_256 && j->mh.code != MH_IDENTITY)
		rc = pair(b, "hash", mh_name(j->mh.code));
	if (rc == 0 && y->raw_leaves != NONE)
		rc = pair(b, "raw-leaves", y->raw_leaves ? "yes" : "no");
	if (rc == 0 && y->inline_limit)
		rc = number(b, "inline", (uint64_t)y->inline_limit);
	if (rc == 0 && strcmp(y->chunker, "size-262144"))
		rc = pair(b, "chunker", y->chunker);
	if (rc == 0 && y->trickle)
		rc = pair(b, "layout", "trickle");
	if (rc == 0 && y->max_links != 174)
		rc = number(b, "max-links", y->max_links);
	if (rc == 0 && y->fanout != 256)
		rc = number(b, "hamt-fanout", y->fanout);
	if (rc == 0 && y->threshold != 262144)
		rc = number(b, "hamt-threshold", y->threshold);
	if (rc == 0 && strcmp(y->estimate, "links"))
		rc = pair(b, "hamt-estimate", y->estimate);
	return rc;
}

static int try_way(struct job *j, const struct way *y)
{
	struct buf set = BUF_INIT(OPTIONS_MAX);
	struct ops_add o;
	int rc = way_settings(j, y, &set);

	ops_add_init(&o);
	o.wrap = y->wrap;
	o.hidden = y->hidden;
	if (rc == 0 && set.len)
		rc = ops_add_set(&o, (const char *)set.data);
	buf_reset(&j->text);
	if (rc == 0 && set.len)
		rc = buf_printf(&j->text, "-O %s", (const char *)set.data);
	if (rc == 0)
		rc = text_flags(j, y->wrap, y->hidden);
	if (rc == 0)
		rc = try(j, &o);
	buf_clear(&set);
	return rc;
}

/* ---- all the ways ---- */

static const char *const chunkers[] = {
	"size-262144", "size-1048576", "size-524288", "size-2096896", "size-131072", "size-65536",
	"rabin", "buzhash", "size-32768", "size-16384", "size-8192", "size-4096", "size-1024", "size-2048",
	"size-512", "size-256", "size-1000000", "size-500000", "size-100000", "rabin-131072",
	"rabin-524288", "rabin-1048576", "rabin-16384-131072-524288", "rabin-512-1024-2048", NULL
};
static const unsigned widths[] = { 174, 1024, 11, 256, 512, 2048, 8192, 0 };
static const int inlines[] = { 0, 32, 64, 128 };

/* more than one chunk of the largest file? */
static uint64_t n_chunks(const struct job *j, const char *chunker)
{
	uint64_t size = 0, n = j->s.largest;

	if (!strncmp(chunker, "size-", 5))
		size = strtoull(chunker + 5, NULL, 10);
	else if (!strcmp(chunker, "rabin"))
		return n <= RABIN_MIN ? 1 : n / RABIN_MIN + 1;
	else if (!strcmp(chunker, "buzhash"))
		return n <= BUZHASH_MIN ? 1 : n / BUZHASH_MIN + 1;
	else
		return n <= 512 ? 1 : UINT64_MAX;
	return n / size + (n % size != 0);
}

/* chunkers, widths and layouts for what the rest of the way says; 1 found, 0 not */
static int try_layouts(struct job *j, struct way *y)
{
	int single = 0, rc = 0, c, w, t;

	for (c = 0; rc == 0 && chunkers[c]; c++) {
		uint64_t n = n_chunks(j, chunkers[c]), tried = 0;

		if ((n <= 1 && single++) || (n > 1 && j->cid->codec == CID_RAW))
			continue;		/* as any other that does not cut; only a leaf is raw */
		y->chunker = chunkers[c];
		for (t = 0; rc == 0 && t < 2 - (j->cid->codec == CID_RAW); t++) {
			y->trickle = t;
			tried = 0;
			for (w = 0; rc == 0 && widths[w]; w++) {
				if (n <= widths[w] && tried)
					continue;	/* one node holds all, as before */
				tried |= n <= widths[w];
				y->max_links = widths[w];
				rc = try_way(j, y);
			}
		}
	}
	y->chunker = chunkers[0];
	y->trickle = 0;
	y->max_links = widths[0];
	return rc;
}

static int try_dirs(struct job *j, struct way *y)
{
	static const struct { uint64_t threshold; const char *estimate; } kinds[] = {
		{ 262144, "links" }, { 262144, "block" }, { 1048576, "links" }, { 0, "links" }, { 1, "links" }
	};
	static const unsigned fanouts[] = { 256, 1024, 16, 64 };
	int rc = 0;
	size_t k, f;

	if (!j->s.is_dir || j->s.dir_bytes < 100000)
		return try_layouts(j, y);
	for (k = 0; rc == 0 && k < sizeof kinds / sizeof *kinds; k++) {
		for (f = 0; rc == 0 && f < sizeof fanouts / sizeof *fanouts; f++) {
			if (kinds[k].threshold == 0 && f)
				continue;
			y->threshold = kinds[k].threshold;
			y->estimate = kinds[k].estimate;
			y->fanout = fanouts[f];
			rc = try_layouts(j, y);
		}
	}
	return rc;
}

static int try_ways(struct job *j)
{
	int flags, leaves, rc = 0;
	size_t i;

	for (flags = 0; rc == 0 && flags < 4; flags++) {
		struct way y = { .chunker = chunkers[0], .max_links = 174, .fanout = 256,
				 .threshold = 262144, .estimate = "links",
				 .hidden = flags & 1, .wrap = flags >> 1 };

		if (y.hidden && !j->s.has_hidden)
			continue;
		for (i = 0; rc == 0 && i < sizeof inlines / sizeof *inlines; i++) {
			/* framing is at least a few bytes; nothing so small, nothing to inline */
			if (inlines[i] && j->s.smallest > (uint64_t)inlines[i] && !j->s.is_dir)
				continue;
			if (j->mh.code == MH_IDENTITY && !inlines[i])
				continue;
			y.inline_limit = inlines[i];
			for (leaves = 0; rc == 0 && leaves < 2; leaves++) {
				/* raw leaves first where they are the rule, else the other way */
				y.raw_leaves = (j->cid->version == 1) != leaves;
				if (j->cid->codec == CID_RAW && !y.raw_leaves)
					continue;
				if (j->cid->version == 1 && j->cid->codec != CID_RAW && y.raw_leaves)
					y.raw_leaves = NONE;	/* implied */
				else if (j->cid->version == 0 && !y.raw_leaves)
					y.raw_leaves = NONE;
				rc = try_dirs(j, &y);
			}
		}
	}
	return rc;
}

int ops_explain(const char *path, const struct cid *cid, const struct ops_explain *e)
{
	struct job j = { .path = path, .cid = cid, .e = e, .text = BUF_INIT(2 * OPTIONS_MAX),
			 .near = BUF_INIT(2 * OPTIONS_MAX) };
	struct cid other;
	int rc = mh_decode(cid_mh(cid), &j.mh);

	if (rc == 0 && cid->codec != CID_RAW && cid->codec != CID_DAG_PB)
		return err_set(ERR_UNSUPPORTED, "no file gets a CID of codec %s",
			       codec_name(cid->codec) ? codec_name(cid->codec) : "unknown");
	if (rc == 0 && j.mh.code != MH_IDENTITY && mh_native(j.mh.code) < 0)
		return err_set(ERR_UNSUPPORTED, "the hash of this CID cannot be computed here");
	if (rc == 0)
		rc = look(&j);
	if (rc == 0)
		rc = try_profiles(&j);
	if (rc == 0 && !j.stop) {
		rc = try_ways(&j);
		if (rc == 1)
			told(&j, &j.text, &j.got.cid);
		if (rc == 0 && j.near_cid.len) {
			told(&j, &j.near, &j.near_cid);
			rc = 1;
		}
		/* a CID someone converted: the ways of the other version */
		if (rc == 0 && cid->codec == CID_DAG_PB && j.mh.code == MH_SHA2_256 &&
		    cid_make_mh(&other, !cid->version, CID_DAG_PB, cid_mh(cid)) == 0) {
			j.cid = &other;
			rc = try_ways(&j);
			if (rc == 1)
				told(&j, &j.text, &other);
		}
	}
	buf_clear(&j.text);
	buf_clear(&j.near);
	return j.stop && rc < 0 ? err_set(ERR_INTERRUPTED, "stopped") : rc;
}
