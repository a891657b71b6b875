/* dag_diff_dir.c - what changed between two directories, or nodes whose links have names */
#include <stdlib.h>

#include "base/err.h"
#include "base/rd.h"
#include "base/spill.h"
#include "ops/dag_diff_priv.h"

enum { MIXED_MEM = 4 * 1024 * 1024 };

/* ---- lists of named links ---- */

struct link {
	struct span name;
	struct span hash;
	const uint8_t *place;		/* in the block, for names that come twice */
};

static int by_name(const void *a, const void *b)
{
	const struct link *x = a, *y = b;
	int c = span_cmp(x->name, y->name);

	return c ? c : x->place < y->place ? -1 : x->place > y->place;
}

/* the links of a node by name; gives an array, NULL: no memory */
static struct link *sorted(const struct pb_node *pb)
{
	struct link *l = malloc((pb->n_links + 1) * sizeof *l);
	struct pb_iter it = pb_links(pb);
	struct pb_link link;
	size_t n = 0;

	if (!l) {
		err_nomem();
		return NULL;
	}
	while (pb_next(&it, &link))
		l[n++] = (struct link){ link.name, link.hash, link.hash.p };
	if (n)
		qsort(l, n, sizeof *l, by_name);
	return l;
}

/* an entry of either side, or of both */
static int entry(struct diff *d, struct span name, const struct cid *from, const struct cid *to)
{
	size_t mark;
	int rc;

	if (from && to && cid_equal(from, to))
		return 0;
	rc = diff_enter(d, name, &mark);
	if (rc < 0)
		return rc;
	rc = from && to ? diff_links(d, from, to) :
	     from ? diff_whole(d, OPS_DAG_REMOVED, from) : diff_whole(d, OPS_DAG_ADDED, to);
	diff_leave(d, mark);
	return rc;
}

static int link_entry(struct diff *d, struct span name, const struct link *x, const struct link *y)
{
	struct cid from, to;
	int rc = x && y && span_equal(x->hash, y->hash) ? 1 : x ? cid_decode(x->hash, &from) : 0;

	if (rc == 0 && y)
		rc = cid_decode(y->hash, &to);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	return entry(d, name, x ? &from : NULL, y ? &to : NULL);
}

int diff_named(struct diff *d, const struct diff_dir *from, const struct diff_dir *to)
{
	const struct pb_node *a = from->pb, *b = to->pb;
	struct link *la = sorted(a), *lb = la ? sorted(b) : NULL, *x = la, *y = lb;
	int rc = lb ? 0 : ERR_NOMEM;

	while (rc == 0 && (x < la + a->n_links || y < lb + b->n_links)) {
		int c = x == la + a->n_links ? 1 : y == lb + b->n_links ? -1 :
			span_cmp(x->name, y->name);

		rc = link_entry(d, c <= 0 ? x->name : y->name, c <= 0 ? x : NULL, c >= 0 ? y : NULL);
		x += c <= 0;
		y += c >= 0;
	}
	free(la);
	free(lb);
	return rc;
}

/* ---- HAMT directories, slot by slot ---- */

/* what stands alone in a slot on one side, while the other has a shard there */
struct lone {
	struct diff *d;
	struct span name;		/* p NULL: nothing */
	const struct cid *cid;
	int flip, met;			/* flip: the shard is the old side */
};

static int beside(void *arg, const struct unixfs_dirent *e)
{
	struct lone *l = arg;
	const struct cid *other = NULL;

	if (l->name.p && !l->met && span_equal(l->name, e->name)) {
		l->met = 1;
		other = l->cid;
	}
	return l->flip ? entry(l->d, e->name, &e->cid, other) : entry(l->d, e->name, other, &e->cid);
}

/* all entries of a shard against one entry, or none */
static int shard_beside(struct diff *d, const struct cid *shard, struct span name, const struct cid *cid,
			int flip)
{
	struct lone l = { d, name, cid, flip, 0 };
	int rc = unixfs_ls(d->src, shard, beside, &l);

	if (rc != 0 || !name.p || l.met)
		return rc;
	return flip ? entry(d, name, NULL, cid) : entry(d, name, cid, NULL);
}

struct slot {
	struct span name;		/* of the entry; p NULL: a shard */
	struct cid cid;
	int used;
};

static int open_slot(const struct link *l, size_t prefix, struct slot *s)
{
	*s = (struct slot){ .used = l != NULL };
	if (!l)
		return 0;
	if (l->name.len > prefix)
		s->name = span_of(l->name.p + prefix, l->name.len - prefix);
	return cid_decode(l->hash, &s->cid);
}

static int slots(struct diff *d, const struct link *x, const struct link *y, size_t prefix)
{
	struct slot a, b;
	int rc = open_slot(x, prefix, &a);

	if (rc == 0)
		rc = open_slot(y, prefix, &b);
	if (rc < 0)
		return rc;
	if (a.used && b.used && !a.name.p && !b.name.p)
		return cid_equal(&a.cid, &b.cid) ? 0 : diff_later(d, PAIR_SHARDS, &a.cid, &b.cid);
	if (a.used && !a.name.p)
		return shard_beside(d, &a.cid, b.name, &b.cid, 1);
	if (b.used && !b.name.p)
		return shard_beside(d, &b.cid, a.name, &a.cid, 0);
	if (a.used && b.used && span_equal(a.name, b.name))
		return entry(d, a.name, &a.cid, &b.cid);
	rc = a.used ? entry(d, a.name, &a.cid, NULL) : 0;
	return rc == 0 && b.used ? entry(d, b.name, NULL, &b.cid) : rc;
}

/* names begin with the slot, and no slot comes twice */
static int check_slots(const struct link *l, size_t n, size_t prefix)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (l[i].name.len < prefix)
			return err_set(ERR_INVALID, "invalid link name '%.*s'", (int)l[i].name.len,
				       (const char *)l[i].name.p);
		if (i && memcmp(l[i].name.p, l[i - 1].name.p, prefix) == 0)
			return err_set(ERR_INVALID, "a slot of a HAMT shard is used twice");
	}
	return 0;
}

static size_t prefix_of(uint64_t fanout)
{
	size_t n = 1;

	for (fanout = (fanout - 1) >> 4; fanout; fanout >>= 4)
		n++;
	return n;
}

int diff_shards(struct diff *d, const struct diff_dir *from, const struct diff_dir *to)
{
	const struct pb_node *a = from->pb, *b = to->pb;
	struct link *la = sorted(a), *lb = la ? sorted(b) : NULL, *x = la, *y = lb;
	size_t prefix = prefix_of(from->fanout);
	int rc = lb ? check_slots(la, a->n_links, prefix) : ERR_NOMEM;

	if (rc == 0)
		rc = check_slots(lb, b->n_links, prefix);
	while (rc == 0 && (x < la + a->n_links || y < lb + b->n_links)) {
		int c = x == la + a->n_links ? 1 : y == lb + b->n_links ? -1 :
			memcmp(x->name.p, y->name.p, prefix);

		if (c != 0 || !span_equal(x->name, y->name) || !span_equal(x->hash, y->hash))
			rc = slots(d, c <= 0 ? x : NULL, c >= 0 ? y : NULL, prefix);
		x += c <= 0;
		y += c >= 0;
	}
	free(la);
	free(lb);
	return rc;
}

/* ---- a basic directory and a HAMT, or HAMTs of different fanouts: both lists, sorted ---- */

static struct span name_in(struct span rec, uint8_t *side, struct span *cid)
{
	struct rd r = rd_from(rec);

	*side = rd_u8(&r);
	*cid = rd_bytes(&r, rd_le16(&r));
	return rd_rest(&r);
}

static int by_name_and_side(struct span a, struct span b)
{
	uint8_t x, y;
	struct span cid;
	int c = span_cmp(name_in(a, &x, &cid), name_in(b, &y, &cid));

	return c ? c : (x > y) - (x < y);
}

struct gather {
	struct spill *all;
	struct buf rec;
	uint8_t side;
};

static int gather_link(struct gather *g, struct span name, struct span cid)
{
	int rc;

	buf_reset(&g->rec);
	rc = buf_u8(&g->rec, g->side);
	if (rc == 0)
		rc = buf_le16(&g->rec, (uint16_t)cid.len);
	if (rc == 0)
		rc = buf_add(&g->rec, cid);
	if (rc == 0)
		rc = buf_add(&g->rec, name);
	return rc < 0 ? rc : spill_add(g->all, buf_span(&g->rec));
}

static int gather_entry(void *arg, const struct unixfs_dirent *e)
{
	return gather_link(arg, e->name, cid_span(&e->cid));
}

static int gather(struct diff *d, struct gather *g, const struct diff_dir *dir)
{
	struct pb_iter it = pb_links(dir->pb);
	struct pb_link link;
	int rc = 0;

	if (dir->fanout)
		return unixfs_ls(d->src, dir->cid, gather_entry, g);
	while (rc == 0 && pb_next(&it, &link))
		rc = gather_link(g, link.name, link.hash);
	return rc;
}

/* the records in order: one of the old side waits for one of the new side with its name */
static int merge(struct diff *d, struct spill *all)
{
	struct buf held = BUF_INIT(SPILL_RECORD_MAX);
	struct span rec, cid, name, held_cid = { 0 }, held_name = { 0 };
	struct cid from, to;
	uint8_t side;
	int rc = spill_read(all), got = 0;

	while (rc == 0 && (got = spill_next(all, &rec)) == 1) {
		name = name_in(rec, &side, &cid);
		rc = cid_decode(cid, side ? &to : &from);
		if (rc < 0)
			break;
		if (side && held.len && span_equal(name, held_name)) {
			rc = cid_decode(held_cid, &from);
			if (rc == 0)
				rc = entry(d, name, &from, &to);
			buf_reset(&held);
			continue;
		}
		if (held.len && (rc = cid_decode(held_cid, &from)) == 0)
			rc = entry(d, held_name, &from, NULL);
		buf_reset(&held);
		if (rc == 0 && side)
			rc = entry(d, name, NULL, &to);
		else if (rc == 0 && (rc = buf_add(&held, rec)) == 0)
			held_name = name_in(buf_span(&held), &side, &held_cid);
	}
	if (rc == 0 && got == 0 && held.len && (rc = cid_decode(held_cid, &from)) == 0)
		rc = entry(d, held_name, &from, NULL);
	buf_clear(&held);
	return got < 0 ? got : rc;
}

int diff_mixed(struct diff *d, const struct diff_dir *a, const struct diff_dir *b)
{
	struct gather g = { .rec = BUF_INIT(SPILL_RECORD_MAX) };
	int rc = spill_new(&g.all, d->o->tmpdir, MIXED_MEM, by_name_and_side);

	if (rc == 0)
		rc = gather(d, &g, a);
	g.side = 1;
	if (rc == 0)
		rc = gather(d, &g, b);
	if (rc == 0)
		rc = merge(d, g.all);
	spill_free(g.all);
	buf_clear(&g.rec);
	return rc;
}
