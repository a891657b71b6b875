/*
 * car.c - a path, and what is at its end, as blocks anybody can verify (reference 8.5).
 * First the blocks that lead to the end of the path, then those of it, depth first.  A tap on the source
 * tells of the blocks that resolving, listing or reading a range needs; a whole DAG is walked.
 * Spec: ipfs/specs src/http-gateways/trustless-gateway.md, IPIP-402, IPIP-412.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/idset.h"
#include "car/car.h"
#include "car_priv.h"

enum {
	SEEN_MEM = 16 * 1024 * 1024,
	EXTENT_MIN = 16 * 1024		/* smaller blocks are read and hashed as fast */
};

struct car {
	struct gw_ask *a;
	struct car_wish wish;
	uint64_t off, len;		/* of the range; len 0: none */
	struct car_out out;
	struct dag_tap tap;
	struct idset *written;		/* without dups, where readings tell; else NULL */
	struct buf block;
};

/* ---- one block ---- */

static int emit(struct car *c, const struct cid *cid, const struct piece *p)
{
	uint64_t max = c->a->g->car_bytes_max;
	char text[CID_TEXT_MAX];
	int rc;

	rc = car_out_block(&c->out, cid, p);
	if (rc == 0 && c->wish.dups && max && c->out.pos > max)
		return err_set(ERR_LIMIT, "a CAR with duplicates over %" PRIu64 " bytes, at %s", max,
			       cid_text(cid, text));
	return rc;
}

/* 1: it is to be written; 0: it is its own block, or is written already */
static int wanted(struct car *c, const struct cid *cid)
{
	struct span inlined;
	char text[CID_TEXT_MAX];
	uint8_t id[16];

	if (cid_identity(cid, &inlined) == 1)
		return 0;
	if (gw_denied(c->a->g->deny, span_of("", 0), cid))
		return err_set(ERR_DENIED, "block %s is not served here", cid_text(cid, text));
	if (!c->written)
		return 1;
	dag_id(cid, id);
	return idset_add(c->written, id);
}

/* from the segment, if it lies there plain; else read, and so hashed */
static int emit_stored(struct car *c, const struct cid *cid)
{
	struct piece p;
	int rc = dag_extent(c->a->src, cid, &p);

	if (rc == 1 && (p.fd < 0 || p.len >= EXTENT_MIN))
		return emit(c, cid, &p);
	buf_reset(&c->block);
	if (rc >= 0)
		rc = dag_get(c->a->src, cid, &c->block);
	p = (struct piece){ .bytes = buf_span(&c->block), .fd = -1, .len = c->block.len };
	return rc < 0 ? rc : emit(c, cid, &p);
}

static int tell(void *arg, const struct cid *cid, struct span bytes)
{
	struct piece p = { .bytes = bytes, .fd = -1, .len = bytes.len };
	int rc = wanted(arg, cid);

	if (rc <= 0)
		return rc;
	return bytes.p ? emit(arg, cid, &p) : emit_stored(arg, cid);
}

/* ---- what is at the end of the path ---- */

static int visit(void *arg, const struct dag_visit *v)
{
	return tell(arg, v->cid, v->block.len ? v->block : span_of(NULL, 0));
}

/* The walk has a set of its own, and no block of the way can lie below its end. */
static int all_below(struct car *c)
{
	struct dag_walk w = { .once = !c->wish.dups, .depth_max = -1, .visit = visit, .arg = c };

	idset_free(c->written);
	c->written = NULL;
	return dag_walk(c->a->src, &c->a->cid, &w);
}

static int each_entry(void *arg, const struct unixfs_dirent *e)
{
	(void)arg;
	(void)e;
	return 0;
}

static int is_file(const struct gw_ask *a)
{
	return a->is_unixfs && unixfs_is_file(a->stat.type);
}

static int entity(struct car *c)
{
	struct gw_ask *a = c->a;
	struct sink_null nowhere;

	if (is_file(a) && !c->wish.ranged)
		return all_below(c);
	if (is_file(a) && c->len) {
		sink_null_start(&nowhere);
		return unixfs_cat(&c->tap.source, &a->cid, c->off, c->len, &nowhere.sink, NULL, NULL);
	}
	if (a->is_unixfs && a->stat.type == UNIXFS_HAMT)	/* its shards, but not what they list */
		return unixfs_ls(&c->tap.source, &a->cid, each_entry, NULL);
	return tell(c, &a->cid, span_of(NULL, 0));
}

static int the_end(struct car *c)
{
	struct gw_ask *a = c->a;

	c->tap.quiet.len = 0;
	/* a value inside a block is that block, and what is below it below that */
	if (c->wish.scope == CAR_ALL)
		return all_below(c);
	if (*a->rest || c->wish.scope == CAR_BLOCK)
		return tell(c, &a->cid, span_of(NULL, 0));
	return entity(c);
}

/* ---- the way to it ---- */

static int the_way(struct car *c)
{
	struct span now = buf_span(&c->a->now);
	const uint8_t *slash = memchr(now.p + 6, '/', now.len - 6);
	struct dag_place place;

	if (!slash)
		return 0;
	c->tap.quiet = c->a->cid;		/* its turn comes; it cannot lie above itself */
	return dag_resolve(&c->tap.source, &c->a->root, (const char *)slash + 1, unixfs_names(), &place);
}

static int write_all(struct car *c)
{
	int rc = 0;

	if (!c->wish.dups)
		rc = idset_new(&c->written, 16, SEEN_MEM, NULL);
	if (rc == 0)
		rc = car_out_start(&c->out, &c->a->r->sink, NULL, &c->a->cid, 1);
	if (rc == 0)
		rc = the_way(c);
	if (rc == 0)
		rc = the_end(c);
	idset_free(c->written);
	buf_clear(&c->block);
	return rc;
}

/* ---- the head ---- */

/* a short name for all that makes this CAR another than that, below the root's CID */
static int etag_of(struct car *c, char *out, size_t max)
{
	const struct car_wish *w = &c->wish;
	struct gw_ask *a = c->a;
	struct buf text = BUF_INIT(16), what = BUF_INIT(8 * GW_PATH_MAX);
	uint8_t digest[MH_DIGEST_MAX];
	char cid[CID_TEXT_MAX];
	struct span part;
	int rc = buf_add(&what, buf_span(&a->now));

	if (rc == 0)
		rc = buf_printf(&what, "%c%d %d %d %d %" PRId64 " %" PRId64, 0, (int)w->scope, w->dups, w->any_order,
				w->ranged * 2 + w->to_end, w->from, w->to);
	part = buf_span(&what);
	if (rc == 0)
		rc = mh_sum(MH_SHA2_256, &part, 1, 0, digest);
	if (rc >= 0)
		rc = mb_encode_body(mb_by_name("base32"), span_of(digest, 8), &text);
	if (rc == 0)
		snprintf(out, max, "\"%s.car.%s\"", cid_text(&a->root, cid), (char *)text.data);
	buf_clear(&text);
	buf_clear(&what);
	return rc;
}

static int put_name(struct gw_ask *a)
{
	struct buf name = BUF_INIT(GW_PATH_MAX + CID_TEXT_MAX);
	int rc = cid_format(&a->root, NULL, &name);

	if (rc == 0 && a->name.len)
		rc = buf_u8(&name, '_');
	if (rc == 0)
		rc = buf_add(&name, span_of(a->name.p, a->name.len < 120 ? a->name.len : 120));
	if (rc == 0)
		rc = buf_str(&name, ".car");
	if (rc == 0)
		rc = gw_disposition(a, "attachment", buf_span(&name));
	buf_clear(&name);
	return rc;
}

/* 0; 1: answered; or an error */
static int head(struct car *c)
{
	struct gw_ask *a = c->a;
	char etag[CID_TEXT_MAX + 64];
	int rc = etag_of(c, etag, sizeof etag);

	if (rc == 0)
		rc = gw_validators(a, etag, 0, 0, GW_CACHE_FILE);
	if (rc == 0)
		rc = put_name(a);
	if (rc == 0)
		rc = reply_field(a->r, "x-content-type-options", "nosniff");
	if (rc == 0)
		rc = reply_field(a->r, "accept-ranges", "none");
	if (rc == 0)
		rc = reply_field(a->r, "content-type", "application/vnd.ipld.car; version=1; order=%s; dups=%s",
				 c->wish.any_order ? "unk" : "dfs", c->wish.dups ? "y" : "n");
	return rc ? rc : reply_start(a->r, 200, LEN_UNKNOWN);
}

/* the bytes of the file that are meant; 0, or ERR_USAGE */
static int range_of(struct car *c)
{
	int rc;

	if (!c->wish.ranged || *c->a->rest || !is_file(c->a)) {
		c->wish.ranged = 0;		/* of what has no bytes the whole is meant */
		return 0;
	}
	rc = car_range(&c->wish, c->a->stat.size, &c->off, &c->len);
	return rc < 0 ? rc : 0;
}

int gw_car(struct gw_ask *a)
{
	struct car c = { .a = a, .block = BUF_INIT(DAG_BLOCK_MAX) };
	int rc = car_wish(a, &c.wish);

	if (rc == 0)
		rc = range_of(&c);
	if (rc < 0)
		return gw_fail(a, 400, "%s", err_text());
	rc = head(&c);
	if (rc)
		return rc < 0 && !a->r->status ? gw_fail_rc(a, rc) : rc;
	if (a->r->head_only)
		return 1;
	dag_tap_init(&c.tap, a->src, tell, &c);
	rc = write_all(&c);
	return rc < 0 ? gw_fail_rc(a, rc) : 1;
}
