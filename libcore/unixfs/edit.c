/*
 * edit.c - one entry of a directory changed: a new directory from an old one.
 * When a directory changes its form is boxo's business, odd corners included (ipld/unixfs/io/
 * directory.go DynamicDirectory, ipld/unixfs/hamt swapValue), since the CID depends on it.
 */
#include <stdlib.h>

#include "base/err.h"
#include "multi/murmur3.h"
#include "unixfs/read_priv.h"
#include "unixfs/unixfs_priv.h"

/* One shard on the way from the root to the slot where the name belongs. */
struct step {
	struct cid cid;
	struct buf block;
	struct read_node node;
	struct shard shard;
	int consumed;			/* hash bits used up, this shard's included */
	unsigned slot, index;		/* of the name; the number of links before it */
	int has;			/* the slot is taken by: */
	struct pb_link link;
};

struct edit {
	struct unixfs_builder *b;
	struct dag_source *src;
	const struct cid *dir;
	struct span name;
	const struct unixfs_node *node;	/* NULL: remove the name */
	uint64_t hash;
	struct step *step;		/* HAMT_LEVELS of them */
	int n;
};

/* What a slot is to hold: an entry, or with an empty name a shard. */
struct target {
	struct span name, cid;
	uint64_t tsize;
};

static int not_found(const struct edit *e)
{
	char text[CID_TEXT_MAX];

	return err_set(ERR_NOTFOUND, "no link named \"%.*s\" under %s",
		       e->name.len < 200 ? (int)e->name.len : 200, (const char *)e->name.p,
		       cid_text(e->dir, text));
}

/* A changed block is named as the one it replaces was; one that was inlined has no hash to keep. */
static struct naming naming_of(const struct edit *e, const struct cid *cid)
{
	struct naming as = e->b->as;
	struct mh mh;

	if (mh_decode(cid_mh(cid), &mh) == 0 && mh.code != MH_IDENTITY) {
		as.version = cid->version;
		as.hash = mh.code;
	}
	return as;
}

/* ---- basic ---- */

/* the links of a basic directory but those of the name, into d */
static int keep_links(struct edit *e, struct unixfs_dir *d, const struct pb_node *pb)
{
	struct pb_iter it = pb_links(pb);
	struct pb_link l;
	int rc = 0;

	while (rc == 0 && pb_next(&it, &l))
		if (!span_equal(l.name, e->name))
			rc = dir_link(d, l.name, l.hash, l.tsize);
	return rc;
}

static int has_link(const struct pb_node *pb, struct span name)
{
	struct pb_iter it = pb_links(pb);
	struct pb_link l;

	while (pb_next(&it, &l))
		if (span_equal(l.name, name))
			return 1;
	return 0;
}

static int edit_basic(struct edit *e, const struct read_node *old, struct unixfs_node *out)
{
	int replaces = has_link(&old->pb, e->name), rc;
	struct naming as = naming_of(e, e->dir);
	struct unixfs_dir *d;

	if (!e->node && !replaces)
		return not_found(e);
	rc = unixfs_dir_new(&d, e->b, &old->data.meta);
	if (rc < 0)
		return rc;
	/* removing never makes a HAMT, whatever the size that is left */
	dir_edit(d, &as, old->pb.data, e->node ? DIR_AUTO : DIR_BASIC, replaces);
	rc = keep_links(e, d, &old->pb);
	if (rc == 0 && e->node)
		rc = unixfs_dir_add(d, e->name, e->node);
	if (rc < 0) {
		unixfs_dir_free(d);
		return rc;
	}
	return unixfs_dir_end(d, out);
}

/* ---- HAMT: the way down ---- */

static unsigned slot_of(uint64_t hash, int before, int bits)
{
	return (unsigned)(hash << before >> (64 - bits));
}

/* Decode the block of step n and find the slot in it. */
static int step_open(struct edit *e, int before)
{
	struct step *s = &e->step[e->n];
	struct pb_iter it;
	unsigned i;
	int rc = shard_open(&s->node, &s->shard);

	if (rc < 0)
		return rc;
	s->consumed = before + s->shard.bits;
	if (s->consumed > 64)
		return err_set(ERR_INVALID, "sharded directory too deep");
	s->slot = slot_of(e->hash, before, s->shard.bits);
	s->has = shard_has(&s->shard, s->slot);
	s->index = shard_below(&s->shard, s->slot);
	it = pb_links(&s->node.pb);
	for (i = 0; s->has && i <= s->index; i++)
		if (!pb_next(&it, &s->link))
			return err_set(ERR_INVALID, "invalid index passed to operate children "
				       "(likely corrupt bitfield)");
	if (s->has && s->link.name.len < s->shard.prefix)
		return err_set(ERR_INVALID, "invalid link name '%.*s'", (int)s->link.name.len,
			       (const char *)s->link.name.p);
	e->n++;
	return 0;
}

static int is_shard_link(const struct step *s)
{
	return s->has && s->link.name.len == s->shard.prefix;
}

/* step 0 has its block; read on until the slot holds no shard */
static int descend(struct edit *e)
{
	int rc = step_open(e, 0);
	struct step *s;

	while (rc == 0 && is_shard_link(&e->step[e->n - 1])) {
		s = &e->step[e->n];		/* 3 bits a step at least: there are enough of them */
		rc = cid_decode(s[-1].link.hash, &s->cid);
		s->block = BUF_INIT(BLOCK_MAX);
		if (rc == 0)
			rc = read_get(e->src, &s->cid, &s->block, &s->node);
		if (rc == 0)
			rc = step_open(e, s[-1].consumed);
	}
	return rc;
}

static const struct step *deepest(const struct edit *e)
{
	return &e->step[e->n - 1];
}

/* the entry's name in a link of a shard */
static struct span bare(const struct step *s, struct span name)
{
	return span_of(name.p + s->shard.prefix, name.len - s->shard.prefix);
}

static int found(const struct edit *e)
{
	const struct step *s = deepest(e);

	return s->has && span_equal(bare(s, s->link.name), e->name);
}

/* ---- HAMT: would it be a basic directory? ---- */

struct census {
	uint64_t n, bytes, n_max, bytes_max;
	int block;			/* exact bytes, not names and CIDs only */
};

static int count_entry(void *arg, const struct unixfs_dirent *entry)
{
	struct census *c = arg;

	c->n++;
	c->bytes += c->block ? pb_link_len(entry->cid.len, entry->name.len, entry->tsize)
			     : entry->name.len + entry->cid.len;
	return c->n > c->n_max || c->bytes > c->bytes_max;
}

/* boxo HAMTDirectory.needsToSwitchToBasicDir for a directory just loaded: 1, 0 or an error.  The sizes
 * of what goes and comes are taken from links whose names are not bare: the old one still has its
 * prefix, the new one has no name yet. */
static int fits_basic(const struct edit *e)
{
	const struct unixfs_opts *o = &e->b->opts;
	const struct step *s = deepest(e);
	struct census c = { .n_max = UINT64_MAX, .bytes_max = UINT64_MAX,
			    .block = o->hamt_estimate == UNIXFS_EST_BLOCK };
	int gone = found(e), by_count = o->hamt_estimate == UNIXFS_EST_DISABLED, rc;
	int64_t change = 0;

	if (o->hamt_threshold == 0 || (by_count && o->dir_max_links == 0))
		return 0;
	if (o->dir_max_links)
		c.n_max = (uint64_t)o->dir_max_links + (uint64_t)gone - (e->node != NULL);
	if (!by_count) {
		if (gone)
			change -= (int64_t)(c.block ? pb_link_len(s->link.hash.len, s->link.name.len,
								  s->link.tsize)
						    : s->link.name.len + s->link.hash.len);
		if (e->node)
			change += (int64_t)(c.block ? pb_link_len(e->node->cid.len, 0, e->node->tsize)
						    : e->node->cid.len);
		if (change >= 0)
			return 0;
		c.bytes_max = o->hamt_threshold + (uint64_t)-change;
		if (c.block)
			c.bytes = dir_data_len(&e->step[0].node.data.meta);
	}
	rc = unixfs_ls(e->src, e->dir, count_entry, &c);
	return rc < 0 ? rc : rc == 0;
}

struct refill {
	struct unixfs_dir *d;
	struct span but;
};

static int refill_entry(void *arg, const struct unixfs_dirent *entry)
{
	struct refill *r = arg;

	if (span_equal(entry->name, r->but))
		return 0;
	return dir_link(r->d, entry->name, cid_span(&entry->cid), entry->tsize);
}

static int to_basic(struct edit *e, struct unixfs_node *out)
{
	struct unixfs_data m = { .type = UNIXFS_DIRECTORY, .meta = e->step[0].node.data.meta };
	struct naming as = naming_of(e, e->dir);
	struct buf data = BUF_INIT(BLOCK_MAX);
	struct refill r = { .but = e->name };
	int rc = unixfs_encode(&data, &m, NULL, 0);

	if (rc == 0)
		rc = unixfs_dir_new(&r.d, e->b, &m.meta);
	if (rc == 0) {
		dir_edit(r.d, &as, buf_span(&data), DIR_BASIC, 0);
		rc = unixfs_ls(e->src, e->dir, refill_entry, &r);
	}
	if (rc == 0 && e->node)
		rc = unixfs_dir_add(r.d, e->name, e->node);
	if (rc == 0) {
		rc = unixfs_dir_end(r.d, out);
		r.d = NULL;
	}
	unixfs_dir_free(r.d);
	buf_clear(&data);
	return rc;
}

/* ---- HAMT: the way up ---- */

static int put_target(struct buf *links, const struct step *s, const struct target *to)
{
	struct buf name = BUF_INIT(BLOCK_MAX);
	char prefix[8];
	int rc;

	hamt_prefix(prefix, s->slot, (int)s->shard.prefix);
	rc = buf_str(&name, prefix);
	if (rc == 0)
		rc = buf_add(&name, to->name);
	if (rc == 0)
		rc = pb_put_link(links, to->cid, buf_span(&name), to->tsize);
	buf_clear(&name);
	return rc;
}

/* The shard of step k with `to` (NULL: nothing) in its slot. */
static int rewrite(struct edit *e, int k, const struct target *to, struct unixfs_node *out)
{
	struct step *s = &e->step[k];
	struct naming as = naming_of(e, &s->cid);
	struct pb_iter it = pb_links(&s->node.pb);
	struct buf links = BUF_INIT(BLOCK_MAX);
	struct hamt_bits bits = { { 0 } };
	uint64_t below = to ? to->tsize : 0;
	struct pb_link l;
	unsigned i = 0;
	int rc = 0;

	if (s->shard.field.len)
		memcpy(bits.b + sizeof bits.b - s->shard.field.len, s->shard.field.p,
		       s->shard.field.len);
	hamt_bit(&bits, s->slot, to != NULL);
	while (rc == 0 && pb_next(&it, &l)) {
		if (i == s->index && to)
			rc = put_target(&links, s, to);
		if (rc == 0 && !(i == s->index && s->has)) {
			rc = pb_put_link(&links, l.hash, l.name, l.tsize);
			below += l.tsize;
		}
		i++;
	}
	if (rc == 0 && i == s->index && to)
		rc = put_target(&links, s, to);
	if (rc == 0)
		rc = hamt_put(e->b, &as, &links, &bits, (uint32_t)s->node.data.fanout,
			      k == 0 ? &s->node.data.meta : NULL, below, out);
	buf_clear(&links);
	return rc;
}

/* What is left of the shard of step k below the root when an entry goes: 1 with *alone the one entry in
 * it, which then takes the shard's place; 2 when nothing is; 0: it stays a shard. */
static int collapses(const struct edit *e, int k, const struct target *to, struct target *alone)
{
	const struct step *s = &e->step[k];
	struct pb_iter it = pb_links(&s->node.pb);
	size_t n = s->node.pb.n_links - (s->has ? 1 : 0) + (to ? 1 : 0);
	struct pb_link l = { .tsize = 0 };
	unsigned i = 0;

	if (n != 1)
		return n == 0 ? 2 : 0;
	if (to) {
		*alone = *to;
		return to->name.len > 0;
	}
	while (pb_next(&it, &l) && i++ == s->index)
		;
	if (l.name.len <= s->shard.prefix)
		return 0;
	*alone = (struct target){ bare(s, l.name), l.hash, l.tsize };
	return 1;
}

/* The slot is taken by another name: both go one shard down, or as many as they share bits. */
static int fork_slot(struct edit *e, struct unixfs_node *sub)
{
	const struct step *s = deepest(e);
	struct naming as = naming_of(e, &s->cid);
	struct hamt_entry old = { .name = bare(s, s->link.name), .cid = s->link.hash,
				  .tsize = s->link.tsize };
	struct hamt_entry new = { e->hash, e->name, cid_span(&e->node->cid), e->node->tsize };
	struct hamt *h;
	int rc;

	old.hash = murmur3_x64_64(old.name);
	rc = hamt_new(&h, e->b, &as, (uint32_t)s->node.data.fanout, s->consumed, NULL);
	if (rc < 0)
		return rc;
	rc = hamt_add(h, old.hash < new.hash ? &old : &new);
	if (rc == 0)
		rc = hamt_add(h, old.hash < new.hash ? &new : &old);
	if (rc == 0)
		rc = hamt_end(h, sub);
	hamt_free(h);
	return rc;
}

static int climb(struct edit *e, struct unixfs_node *out)
{
	struct target now = { .name = e->name }, *to = NULL;
	struct unixfs_node sub;
	int k, what, rc = 0;

	if (e->node && deepest(e)->has && !found(e)) {
		rc = fork_slot(e, &sub);
		now = (struct target){ { NULL, 0 }, cid_span(&sub.cid), sub.tsize };
		to = &now;
	} else if (e->node) {
		now.cid = cid_span(&e->node->cid);
		now.tsize = e->node->tsize;
		to = &now;
	}
	for (k = e->n - 1; rc == 0 && k >= 0; k--) {
		what = e->node || k == 0 ? 0 : collapses(e, k, to, &now);
		if (what) {
			to = what == 1 ? &now : NULL;
			continue;
		}
		rc = rewrite(e, k, to, out);
		sub = *out;
		now = (struct target){ { NULL, 0 }, cid_span(&sub.cid), sub.tsize };
		to = &now;
	}
	return rc;
}

static int edit_hamt(struct edit *e, struct unixfs_node *out)
{
	int rc = descend(e);

	if (rc == 0 && !e->node && !found(e))
		rc = not_found(e);
	if (rc == 0)
		rc = fits_basic(e);
	return rc < 0 ? rc : rc ? to_basic(e, out) : climb(e, out);
}

/* ---- the door ---- */

static int edit(struct edit *e, struct unixfs_node *out)
{
	struct step *root;
	int i, rc;

	e->hash = murmur3_x64_64(e->name);
	e->step = calloc(HAMT_LEVELS, sizeof *e->step);
	if (!e->step)
		return err_nomem();
	root = &e->step[0];
	root->cid = *e->dir;
	root->block = BUF_INIT(DAG_BLOCK_MAX);
	rc = read_get(e->src, e->dir, &root->block, &root->node);
	if (rc == 0 && root->node.data.type == UNIXFS_DIRECTORY)
		rc = edit_basic(e, &root->node, out);
	else if (rc == 0 && root->node.data.type == UNIXFS_HAMT)
		rc = edit_hamt(e, out);
	else if (rc == 0)
		rc = err_set(ERR_INVALID, "merkledag node was not a directory or shard");
	for (i = 0; i < HAMT_LEVELS; i++)
		buf_clear(&e->step[i].block);
	free(e->step);
	return rc;
}

int unixfs_edit_put(struct unixfs_builder *b, struct dag_source *src, const struct cid *dir,
		    struct span name, const struct unixfs_node *node, struct unixfs_node *out)
{
	struct edit e = { .b = b, .src = src, .dir = dir, .name = name, .node = node };
	int rc = dir_name_ok(name);

	return rc < 0 ? rc : edit(&e, out);
}

int unixfs_edit_rm(struct unixfs_builder *b, struct dag_source *src, const struct cid *dir,
		   struct span name, struct unixfs_node *out)
{
	struct edit e = { .b = b, .src = src, .dir = dir, .name = name };

	return edit(&e, out);
}
