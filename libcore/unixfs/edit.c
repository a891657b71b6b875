/*
 * edit.c - one entry of a directory changed: a new directory from an old one.
 * When a directory changes its form is boxo's business, odd corners included (ipld/unixfs/io/
 * directory.go DynamicDirectory, ipld/unixfs/hamt swapValue), since the CID depends on it.
 */
#include <inttypes.h>
#include <limits.h>
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

/* The links of a basic directory, where they stand as a builder writes them: plain, by name, each name once.  Then the
 * new block is the old one but for a few bytes. */
struct survey {
	size_t at, end;			/* where the name's link is, or belongs */
	uint64_t n, below, estimate;	/* of the others; Σ Tsize; names and CIDs */
};

/* 1: they do */
static int survey(const struct edit *e, const struct pb_node *pb, struct survey *s)
{
	struct pb_iter it = pb_links(pb);
	struct span last = { NULL, 0 };
	struct pb_link l;
	size_t behind;
	int c;

	*s = (struct survey){ .at = 0 };
	while (pb->plain && pb_next(&it, &l)) {
		behind = (size_t)(it.rest.p - pb->block.p);
		if (last.p && span_cmp(last, l.name) >= 0)
			return 0;
		last = l.name;
		c = s->end > s->at ? 1 : span_cmp(l.name, e->name);
		if (c <= 0)
			s->end = behind;
		if (c == 0)
			continue;
		if (c < 0)
			s->at = behind;
		s->n++;
		s->below += l.tsize;
		s->estimate += l.name.len + l.hash.len;
	}
	return pb->plain;
}

/* 1: with the new entry it is too large for a basic directory, or may be */
static int outgrows(const struct edit *e, const struct read_node *old, const struct survey *s)
{
	const struct unixfs_opts *o = &e->b->opts;
	size_t cid = e->node->cid.len;
	uint64_t estimate = s->estimate + e->name.len + cid;

	if (o->hamt_estimate == UNIXFS_EST_BLOCK)
		estimate = dir_data_len(&old->data.meta) + old->pb.links_len - (s->end - s->at) +
			   pb_link_len(cid, e->name.len, e->node->tsize);
	return dir_full(o, s->n + 1) || dir_over(o, s->n + 1, estimate, s->end > s->at);
}

/* The old block with the name's link exchanged, put in, or left out. */
static int splice(struct edit *e, const struct read_node *old, const struct survey *s, struct unixfs_node *out)
{
	const struct pb_node *pb = &old->pb;
	struct naming as = naming_of(e, e->dir);
	struct buf links = BUF_INIT(DAG_BLOCK_MAX);
	uint64_t below = s->below;
	int rc = buf_reserve(&links, pb->links_len + (e->node ? pb_link_len(e->node->cid.len, e->name.len,
									     e->node->tsize) : 0));

	if (rc == 0)
		rc = buf_bytes(&links, pb->block.p, s->at);
	if (rc == 0 && e->node) {
		rc = pb_put_link(&links, cid_span(&e->node->cid), e->name, e->node->tsize);
		below += e->node->tsize;
	}
	if (rc == 0)
		rc = buf_bytes(&links, pb->block.p + s->end, pb->links_len - s->end);
	if (rc == ERR_LIMIT)
		rc = err_add(rc, "directory of %" PRIu64 " entries in one block", s->n + 1);
	if (rc == 0)
		rc = put_node(e->b, &as, &links, pb->data, below, out);
	buf_clear(&links);
	out->size = 0;
	out->type = UNIXFS_DIRECTORY;
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
	struct naming as = naming_of(e, e->dir);
	struct unixfs_dir *d;
	struct survey s;
	int replaces, rc;

	if (survey(e, &old->pb, &s)) {
		if (!e->node && s.end == s.at)
			return not_found(e);
		if (!e->node || !outgrows(e, old, &s))
			return splice(e, old, &s, out);
	}
	replaces = has_link(&old->pb, e->name);
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

/* the links from .. to-1 of a shard, written anew */
static int copy_links(struct buf *links, const struct step *s, unsigned from, unsigned to)
{
	struct pb_iter it = pb_links(&s->node.pb);
	struct pb_link l;
	unsigned i;
	int rc = 0;

	for (i = 0; rc == 0 && i < to && pb_next(&it, &l); i++)
		if (i >= from)
			rc = pb_put_link(links, l.hash, l.name, l.tsize);
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
	size_t at = 0, end = 0, to_here;	/* of the slot's link */
	struct pb_link l;
	unsigned i;
	int rc = 0;

	if (s->shard.field.len)
		memcpy(bits.b + sizeof bits.b - s->shard.field.len, s->shard.field.p,
		       s->shard.field.len);
	hamt_bit(&bits, s->slot, to != NULL);
	for (i = 0; rc == 0 && pb_next(&it, &l); i++) {
		to_here = (size_t)(it.rest.p - s->node.pb.block.p);
		if (i < s->index + (unsigned)(s->has != 0))
			end = to_here;
		if (i < s->index)
			at = to_here;
		if (!(i == s->index && s->has))
			below += l.tsize;
	}
	/* links that are plain go as they are */
	if (s->node.pb.plain)
		rc = buf_bytes(&links, s->node.pb.block.p, at);
	else
		rc = copy_links(&links, s, 0, s->index);
	if (rc == 0 && to)
		rc = put_target(&links, s, to);
	if (rc == 0 && s->node.pb.plain)
		rc = buf_bytes(&links, s->node.pb.block.p + end, s->node.pb.links_len - end);
	else if (rc == 0)
		rc = copy_links(&links, s, s->index + (unsigned)(s->has != 0), UINT_MAX);
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
