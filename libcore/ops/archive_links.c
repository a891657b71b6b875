/* archive_links.c - records of an archive's entries, and hard links among them */
#include <string.h>

#include "base/err.h"
#include "base/rd.h"
#include "ops/archive_priv.h"

enum { LINK_ROUNDS = 32 };		/* links to links to links ... */

/* ---- records ---- */

int arch_path_cmp(struct span a, struct span b)
{
	size_t n = a.len < b.len ? a.len : b.len, i;

	for (i = 0; i < n; i++) {
		int x = a.p[i], y = b.p[i];

		if (x != y) {		/* what is below a name stands right behind it */
			x = x == '/' ? 0 : x;
			y = y == '/' ? 0 : y;
			return x - y;
		}
	}
	return (a.len > b.len) - (a.len < b.len);
}

/* the latest of one path first, and a link that was replaced by a file behind that */
int arch_cmp(struct span a, struct span b)
{
	struct rd x = rd_from(a), y = rd_from(b);
	struct span p = rd_bytes(&x, rd_le32(&x)), q = rd_bytes(&y, rd_le32(&y));
	uint64_t m = rd_le64(&x), n = rd_le64(&y);
	int c = arch_path_cmp(p, q);

	if (c == 0)
		c = (m > n) - (m < n);
	return c ? c : rd_u8(&x) - rd_u8(&y);
}

int arch_record(struct buf *b, const struct record *r)
{
	int rc;

	buf_reset(b);
	rc = buf_reserve(b, r->path.len + r->target.len + CID_BYTES_MAX + 128);
	if (rc < 0)
		return rc;
	buf_le32(b, (uint32_t)r->path.len);	/* room was made */
	buf_add(b, r->path);
	buf_le64(b, ~r->num);
	buf_u8(b, r->kind);
	switch (r->kind) {
	case ARCH_DIR:
		buf_le32(b, r->meta.mode);
		buf_u8(b, (unsigned)r->meta.has_mtime);
		buf_le64(b, (uint64_t)r->meta.mtime);
		return buf_le32(b, r->meta.nsec);
	case ARCH_LINK:
		return buf_add(b, r->target);
	default:
		buf_u8(b, r->node.type);
		buf_le64(b, r->node.tsize);
		buf_le64(b, r->node.size);
		return buf_add(b, cid_span(&r->node.cid));
	}
}

int arch_get(struct span s, struct record *r)
{
	struct rd rd = rd_from(s);

	*r = (struct record){ .num = 0 };
	r->path = rd_bytes(&rd, rd_le32(&rd));
	r->num = ~rd_le64(&rd);
	r->kind = (enum arch_kind)rd_u8(&rd);
	switch (r->kind) {
	case ARCH_DIR:
		r->meta.mode = rd_le32(&rd);
		r->meta.has_mtime = rd_u8(&rd);
		r->meta.mtime = (int64_t)rd_le64(&rd);
		r->meta.nsec = rd_le32(&rd);
		break;
	case ARCH_LINK:
		r->target = rd_rest(&rd);
		break;
	default:
		r->node.type = (enum unixfs_type)rd_u8(&rd);
		r->node.tsize = rd_le64(&rd);
		r->node.size = rd_le64(&rd);
		return cid_decode(rd_rest(&rd), &r->node.cid);
	}
	return rd_done(&rd) ? 0 : err_set(ERR_IO, "a temporary file was changed");
}

int arch_keep(struct arch *x, struct spill *s, const struct record *r)
{
	int rc = arch_record(&x->rec, r);

	return rc < 0 ? rc : spill_add(s, buf_span(&x->rec));
}

/* ---- hard links ---- */

void arch_settle(struct group *g, struct record *r)
{
	if (r->kind == ARCH_DATA) {
		if (!g->have_data)
			g->data = r->node;
		g->have_data = 1;
	} else if (r->kind == ARCH_FILE && g->have_data) {
		r->node = g->data;
		g->have_data = 0;
	}
}

/* What sorted links still wait for: the next one, from `links`. */
struct waiting {
	struct record r;
	struct buf bytes;
	int have;
};

static int next_link(struct spill *s, struct waiting *w)
{
	struct span rec;
	int rc = spill_next(s, &rec);

	w->have = rc > 0;
	if (rc <= 0)
		return rc;
	buf_reset(&w->bytes);
	rc = buf_add(&w->bytes, rec);
	return rc < 0 ? rc : arch_get(buf_span(&w->bytes), &w->r);
}

static int no_target(const struct arch *x, const struct record *link)
{
	return err_set(ERR_INVALID, "'%s': hard link '%.*s' points to '%.*s', which is no file before it",
		       x->what, (int)link->target.len, (const char *)link->target.p,
		       (int)link->path.len, (const char *)link->path.p);
}

/*
 * One round: go through all records and all links, both sorted by path, and replace the links to files.
 * A link to a link not replaced yet waits for the next round.
 */
static int link_round(struct arch *x, struct spill *all, struct spill *links, uint64_t *n_left)
{
	struct waiting w = { .bytes = BUF_INIT(ARCH_RECORD) };
	struct group g = { .have_data = 0 };
	struct buf path = BUF_INIT(TAR_PATH_MAX + 1);
	uint64_t done = UINT64_MAX;
	struct span rec;
	struct record r;
	int rc = spill_read(x->all);

	*n_left = 0;
	if (rc == 0)
		rc = spill_read(x->links);
	if (rc == 0)
		rc = next_link(x->links, &w);
	while (rc >= 0 && (rc = spill_next(x->all, &rec)) > 0) {
		int same;

		rc = arch_get(rec, &r);
		if (rc < 0)
			break;
		same = path.data && span_equal(r.path, buf_span(&path));
		if (!same) {
			g = (struct group){ .have_data = 0 };
			done = UINT64_MAX;
			buf_reset(&path);
			rc = buf_add(&path, r.path);
		}
		/* a link that was replaced stands before its old self */
		if (rc < 0 || (same && r.kind == ARCH_LINK && r.num == done))
			continue;
		if (r.kind == ARCH_FILE)
			done = r.num;
		arch_settle(&g, &r);
		rc = arch_keep(x, all, &r);
		/* links to this path, made after this record of it */
		while (rc >= 0 && w.have && r.kind != ARCH_DATA) {
			int c = arch_path_cmp(w.r.path, r.path);
			struct record made = { .path = w.r.target, .num = w.r.num, .kind = ARCH_FILE,
					       .node = r.node };

			if (c < 0) {
				rc = no_target(x, &w.r);
				break;
			}
			if (c > 0 || w.r.num <= r.num)
				break;
			if (r.kind == ARCH_FILE) {
				rc = arch_keep(x, all, &made);
			} else if (r.kind == ARCH_LINK) {
				rc = arch_keep(x, links, &w.r);
				++*n_left;
			} else {
				rc = no_target(x, &w.r);
			}
			if (rc >= 0)
				rc = next_link(x->links, &w);
		}
	}
	if (rc == 0 && w.have)
		rc = no_target(x, &w.r);
	buf_clear(&w.bytes);
	buf_clear(&path);
	return rc < 0 ? rc : 0;
}

const char *arch_tmpdir(const struct arch *x)
{
	return x->a->st ? store_tmpdir(x->a->st) : NULL;
}

int arch_resolve(struct arch *x)
{
	int rc = 0, round;

	for (round = 0; rc == 0 && x->n_links; round++) {
		struct spill *all = NULL, *links = NULL;

		if (round == LINK_ROUNDS)
			return err_set(ERR_LIMIT, "'%s': hard links to hard links, over %d deep",
				       x->what, LINK_ROUNDS);
		rc = spill_new(&all, arch_tmpdir(x), ARCH_SPILL_MEM, arch_cmp);
		if (rc == 0)
			rc = spill_new(&links, arch_tmpdir(x), ARCH_SPILL_MEM, arch_cmp);
		if (rc == 0)
			rc = link_round(x, all, links, &x->n_links);
		spill_free(x->all);
		spill_free(x->links);
		x->all = all;
		x->links = links;
	}
	return rc;
}
