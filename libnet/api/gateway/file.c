/* file.c - files, raw leaves, symlinks, and the index.html of a directory (reference 8.1, 8.3, 16) */
#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/num.h"
#include "gateway_priv.h"

struct file {
	struct gw_ask *a;
	struct cid cid;			/* of the file itself */
	const struct unixfs_stat *stat;
	uint64_t off, len;		/* of the part that the URL means */
};

static int cat_file(void *arg, uint64_t off, uint64_t len, struct sink *out)
{
	struct file *f = arg;

	return unixfs_cat(f->a->src, &f->cid, f->off + off, len, out, NULL, NULL);
}

/* ---- type ---- */

static int is_json(const char *type)
{
	return type && strcmp(type, "application/json") == 0;
}

/*
 * The type by what the file begins with.  The type of a part is that of the whole, but the beginning may not be
 * here: then the part goes without one (reference 14.4).
 */
static int sniff(struct file *f, const char **type)
{
	struct buf first = BUF_INIT(GW_SNIFF);
	struct sink_buf s;
	int rc;

	*type = gw_known_get(f->a->g->known, &f->cid);
	if (*type) {
		f->a->g->caches.types_hits++;
		return 0;
	}
	f->a->g->caches.types_misses++;
	sink_buf_start(&s, &first);
	rc = unixfs_cat(f->a->src, &f->cid, 0, GW_SNIFF, &s.sink, NULL, NULL);
	if (rc == 0) {
		*type = gw_type_by_bytes(f->a->g->types, buf_span(&first));
		gw_known_put(f->a->g->known, &f->cid, *type);
	} else if (rc == ERR_NOTFOUND && request_field(f->a->rq, "range").p) {
		rc = 0;
	}
	buf_clear(&first);
	return rc == ERR_NOTFOUND ? gw_fail_missing(f->a) : rc < 0 ? gw_fail_rc(f->a, rc) : 0;
}

static int find_type(struct file *f, struct span name, const char **type)
{
	struct buf arg = BUF_INIT(GW_PATH_MAX);

	*type = NULL;
	if (gw_arg(f->a, "filename", &arg) && arg.len)
		name = buf_span(&arg);
	if (name.len)
		*type = gw_type_by_name(name);
	buf_clear(&arg);
	return *type ? 0 : sniff(f, type);
}

/* ---- ?range=A-B: a part of the file as a thing of its own, for who cannot send a Range ---- */

static int part_number(struct span *s, uint64_t *v)
{
	char text[24];
	size_t n = 0;

	while (n < s->len && n < sizeof text - 1 && s->p[n] >= '0' && s->p[n] <= '9') {
		text[n] = (char)s->p[n];
		n++;
	}
	text[n] = 0;
	*s = span_of(s->p + n, s->len - n);
	return n > 0 && num_parse(text, v) == 0;
}

/* 1: there is one, and it lies in the file; 0: none; negative: it does not */
static int part(struct file *f)
{
	struct buf arg = BUF_INIT(128);
	struct http_range r[HTTP_RANGES_MAX];
	uint64_t first;
	struct span s;
	int n = 0, rc = 0;

	if (!gw_arg(f->a, "range", &arg) || !arg.len)
		goto out;
	s = buf_span(&arg);
	if (s.p[0] != 'b' && (s.p[0] == '-' || part_number(&s, &first))) {	/* without "bytes=" */
		struct buf with = BUF_INIT(256);

		rc = buf_printf(&with, "bytes=%s", (char *)arg.data);
		n = rc == 0 ? http_ranges(buf_span(&with), f->stat->size, r) : 0;
		buf_clear(&with);
	} else {
		n = http_ranges(s, f->stat->size, r);
	}
	if (rc == 0 && n != 1)
		rc = err_set(ERR_USAGE, "range= wants one range of bytes that lies in the file: A-B, A- or -N");
	if (rc == 0) {
		f->off = r[0].off;
		f->len = r[0].len;
		rc = 1;
	}
out:
	buf_clear(&arg);
	return rc;
}

/* ---- answers ---- */

/* With many blocks the first of them may not be here: better to say so than to break off. */
static int probe(struct file *f)
{
	struct sink_null s;
	int rc;

	if (f->stat->n_links == 0 || f->a->r->head_only || request_field(f->a->rq, "range").p || !f->len)
		return 0;
	sink_null_start(&s);
	rc = unixfs_cat(f->a->src, &f->cid, f->off, 1, &s.sink, NULL, NULL);
	return rc == ERR_NOTFOUND ? gw_fail_missing(f->a) : rc < 0 ? gw_fail_rc(f->a, rc) : 0;
}

static int wrong_form(struct gw_ask *a)
{
	return gw_fail(a, 406, "this file is no %s; without ?format= it is sent as it is",
		       a->format == GW_JSON ? "JSON" : "CBOR");
}

/* json and cbor of files: as they are, if that is what they are (reference 7) */
static int fits(struct gw_ask *a, const char *type)
{
	if (a->format == GW_JSON)
		return is_json(type);
	return a->format != GW_CBOR || (type && strcmp(type, "application/cbor") == 0);
}

/* in place of the file one that is compressed already; find_type is of the file itself */
static int answer_sibling(struct file *f, const struct gw_sibling *s, const char *etag, struct span name)
{
	const char *type = NULL;
	int rc = gw_sibling_head(f->a, s, etag);

	if (rc == 0)
		rc = find_type(f, name, &type);
	if (rc == 0)
		rc = gw_disposition(f->a, NULL, name);
	return rc ? rc : gw_sibling_body(f->a, s, type);
}

/* `dir`: where `name` is found, NULL: nowhere */
static int answer(struct file *f, const struct cid *tag, const struct cid *dir, struct span name)
{
	struct gw_sibling s;
	struct gw_ask *a = f->a;
	const struct unixfs_meta *m = &f->stat->meta;
	char cid[CID_TEXT_MAX], etag[CID_TEXT_MAX + 64];
	const char *type = NULL, *dot = a->format == GW_NONE ? "" : gw_format_name(a->format);
	int rc = part(f), is_part = rc;

	if (rc < 0)
		return gw_fail_rc(a, rc);
	cid_text(tag, cid);
	if (is_part)
		snprintf(etag, sizeof etag, "\"%s.%" PRIu64 "-%" PRIu64 "\"", cid, f->off, f->off + f->len - 1);
	else
		snprintf(etag, sizeof etag, "\"%s%s%s\"", cid, *dot ? "." : "", dot);
	rc = is_part ? 0 : gw_sibling(a, dir, name, &s);
	if (rc)
		return rc < 0 ? gw_fail_rc(a, rc) : answer_sibling(f, &s, etag, name);
	if (a->format != GW_NONE) {	/* 406 goes before 304 */
		rc = find_type(f, name, &type);
		if (rc == 0 && !fits(a, type))
			rc = wrong_form(a);
		if (rc == 1 || rc < 0)
			return rc;
	}
	rc = gw_validators(a, etag, m->has_mtime, m->mtime, GW_CACHE_FILE);
	if (rc == 0 && !type)
		rc = find_type(f, name, &type);
	if (rc == 0)
		rc = probe(f);
	if (rc == 0)
		rc = gw_disposition(a, NULL, name);
	return rc ? rc : gw_body(a, type, f->len, cat_file, f);
}

static int answer_symlink(struct gw_ask *a)
{
	struct buf target = BUF_INIT(DAG_BLOCK_MAX);
	char cid[CID_TEXT_MAX], etag[CID_TEXT_MAX + 8];
	int rc = unixfs_readlink(a->src, &a->cid, &target);

	if (rc < 0) {
		rc = gw_fail_rc(a, rc);
		goto out;
	}
	snprintf(etag, sizeof etag, "\"%s\"", cid_text(&a->cid, cid));
	rc = gw_validators(a, etag, a->stat.meta.has_mtime, a->stat.meta.mtime, GW_CACHE_FILE);
	if (rc == 0)
		rc = gw_disposition(a, NULL, a->name);
	if (rc == 0)
		rc = reply_whole(a->r, 200, "inode/symlink", buf_span(&target));
	if (rc == 0)
		rc = 1;
out:
	buf_clear(&target);
	return rc;
}

int gw_file(struct gw_ask *a)
{
	struct file f = { a, a->cid, &a->stat, 0, a->stat.size };

	if (a->stat.type == UNIXFS_SYMLINK)
		return a->format == GW_NONE ? answer_symlink(a) : wrong_form(a);
	/* a name may stand for a path that ends in a file */
	return answer(&f, &a->cid, a->in_dir ? &a->dir : NULL,
		      a->name.len ? a->name : gw_last_segment(buf_span(&a->now)));
}

int gw_index(struct gw_ask *a, const struct cid *file, const struct unixfs_stat *stat)
{
	struct file f = { a, *file, stat, 0, stat->size };

	return answer(&f, &a->cid, &a->cid, span_str("index.html"));
}
