/*
 * archive.c - a file or a tree as one archive, made while it is sent
 * Where the names in a tree lead is looked at before anything is promised: a small tree as a whole, of a large
 * one the beginning; what turns up later ends the archive in a way that shows.
 * Spec: gateway reference 8.6 (IPIP-288); zip, tar.gz and tar.zst are the same in other clothes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "gateway_priv.h"
#include "tar/tar.h"

enum { LOOK_MAX = 2000 };		/* entries that are looked at first */

struct kind {
	enum gw_format format;
	const char *made, *type, *end, *etag;
};

static const struct kind kinds[] = {
	{ GW_TAR, "tar", "application/x-tar", ".tar", "x-tar" },
	{ GW_ZIP, "zip", "application/zip", ".zip", "zip" },
	{ GW_TAR_GZ, "tar.gz", "application/gzip", ".tar.gz", "tar.gz" },
	{ GW_TAR_ZST, "tar.zst", "application/zstd", ".tar.zst", "tar.zst" },
};

struct archive_out {
	struct sink entry;		/* the bytes of the entry that is open */
	struct sink sink;		/* the archive: into the reply */
	struct gw_ask *a;
	struct tar_writer *w;
	struct buf top, path;		/* the name of the root; room for that of an entry */
	int looked;
	int bad_name;			/* an entry would leave the root */
	int gone;			/* the transport failed */
};

/* ---- names ---- */

static int refuse(struct archive_out *x)
{
	x->bad_name = 1;
	return err_set(ERR_INVALID, "a name in it leads out of the directory, or nowhere");
}

/* take the last segment off, but nothing of the root's name */
static int up(struct archive_out *x)
{
	struct buf *b = &x->path;

	if (b->len <= x->top.len)
		return refuse(x);
	while (b->data[b->len - 1] != '/')
		b->len--;
	b->data[--b->len] = 0;
	return 0;
}

/*
 * x->path gets the name of an entry in the archive: climbing within the root is resolved, above it refused.
 * `path` holds the names of links, which may hold anything.
 */
static int member(struct archive_out *x, struct span path)
{
	int rc;

	buf_reset(&x->path);
	rc = buf_add(&x->path, buf_span(&x->top));
	if (!path.len || memchr(path.p, 0, path.len) || path.p[path.len - 1] == '/')
		return refuse(x);
	while (rc == 0 && path.len) {
		const uint8_t *slash = memchr(path.p, '/', path.len);
		struct span s = span_of(path.p, slash ? (size_t)(slash - path.p) : path.len);

		path = span_of(path.p + s.len, path.len - s.len);
		if (path.len)
			path = span_of(path.p + 1, path.len - 1);
		if (s.len == 2 && !memcmp(s.p, "..", 2)) {
			rc = up(x);
		} else if (s.len && !(s.len == 1 && *s.p == '.')) {
			rc = buf_u8(&x->path, '/');
			if (rc == 0)
				rc = buf_add(&x->path, s);
		} else if (!path.len) {
			rc = refuse(x);
		}
	}
	if (rc == ERR_LIMIT)
		return err_set(rc, "a path in it has more than %d bytes", TAR_PATH_MAX);
	return rc == 0 && x->path.len == x->top.len ? refuse(x) : rc;
}

static int look(void *arg, const struct unixfs_visit *v)
{
	struct archive_out *x = arg;
	int rc = member(x, v->path);

	if (rc < 0 || v->rc < 0)
		return rc < 0 ? rc : v->rc;
	if (++x->looked == LOOK_MAX)
		return err_set(ERR_BUSY, "enough was looked at");
	return 0;
}

static int look_first(struct archive_out *x)
{
	struct unixfs_tree t = { .recursive = 1, .want_stat = 1, .fn = look, .arg = x };
	int rc = unixfs_is_dir(x->a->stat.type) ? unixfs_tree(x->a->src, &x->a->cid, &t) : 0;

	return x->looked == LOOK_MAX ? 0 : rc;
}

/* ---- entries ---- */

static int to_reply(struct sink *s, const struct piece *p)
{
	struct archive_out *x = (struct archive_out *)(void *)((char *)s - offsetof(struct archive_out, sink));
	int rc = sink_put(&x->a->r->sink, p);

	x->gone |= rc < 0;
	return rc;
}

static int to_entry(struct sink *s, const struct piece *p)
{
	struct archive_out *x = (struct archive_out *)(void *)((char *)s - offsetof(struct archive_out, entry));

	return tar_writer_piece(x->w, p);
}

/* the entry whose name x->path has */
static int put_entry(struct archive_out *x, const struct cid *cid, const struct unixfs_stat *stat,
		     struct span target)
{
	struct tar_entry e = { .path = (char *)x->path.data, .meta = stat->meta };
	char *link = NULL;
	int rc;

	e.meta.mode &= 0777;		/* setuid and its like are not for files from elsewhere */
	if (unixfs_is_dir(stat->type)) {
		e.kind = TAR_DIR;
	} else if (unixfs_is_file(stat->type)) {
		e.kind = TAR_FILE;
		e.size = stat->size;
	} else if (stat->type == UNIXFS_SYMLINK) {
		if (!target.len || memchr(target.p, 0, target.len))
			return err_set(ERR_INVALID, "a symlink cannot point to nothing, or to a NUL");
		e.kind = TAR_SYMLINK;
		e.link = link = strndup((const char *)target.p, target.len);
		if (!link)
			return err_nomem();
	} else {
		return err_set(ERR_INVALID, "'%s' is neither a file nor a directory", e.path);
	}
	rc = tar_writer_entry(x->w, &e);
	free(link);
	if (rc == 0 && e.kind == TAR_FILE)
		rc = unixfs_cat(x->a->src, cid, 0, UINT64_MAX, &x->entry, NULL, NULL);
	return rc;
}

static int visit(void *arg, const struct unixfs_visit *v)
{
	struct archive_out *x = arg;
	int rc = v->rc < 0 ? v->rc : member(x, v->path);

	return rc < 0 ? rc : put_entry(x, &v->entry->cid, v->stat, v->target);
}

static int put_root(struct archive_out *x)
{
	struct gw_ask *a = x->a;
	struct buf target = BUF_INIT(TAR_PATH_MAX);
	int rc = 0;

	buf_reset(&x->path);
	rc = buf_add(&x->path, buf_span(&x->top));
	if (rc == 0 && a->stat.type == UNIXFS_SYMLINK)
		rc = unixfs_readlink(a->src, &a->cid, &target);
	if (rc == 0)
		rc = put_entry(x, &a->cid, &a->stat, buf_span(&target));
	buf_clear(&target);
	return rc;
}

static int put_all(struct archive_out *x, const struct kind *k)
{
	struct unixfs_tree t = { .recursive = 1, .want_stat = 1, .fn = visit, .arg = x };
	int rc = tar_writer_new_sink(&x->w, &x->sink, k->made, "archive");

	if (rc == 0)
		rc = put_root(x);
	if (rc == 0 && unixfs_is_dir(x->a->stat.type))
		rc = unixfs_tree(x->a->src, &x->a->cid, &t);
	if (rc == 0) {
		rc = tar_writer_end(x->w);
		x->w = NULL;
	}
	tar_writer_free(x->w);
	return rc;
}

/* ---- the answer ---- */

/* tar: the CID, as IPIP-288 has it; the others: what people called it */
static int name_root(struct archive_out *x, const struct kind *k)
{
	struct span name = x->a->name;

	if (k->format != GW_TAR && name.len && !memchr(name.p, 0, name.len) && !memchr(name.p, '/', name.len))
		return buf_add(&x->top, name);
	return cid_format(&x->a->cid, NULL, &x->top);
}

static int fields(struct archive_out *x, const struct kind *k)
{
	char etag[CID_TEXT_MAX + 32], text[CID_TEXT_MAX];
	struct gw_ask *a = x->a;
	int rc;

	snprintf(etag, sizeof etag, "W/\"%s.%s\"", cid_text(&a->cid, text), k->etag);
	rc = gw_validators(a, etag, a->stat.meta.has_mtime, a->stat.meta.mtime, GW_CACHE_FILE);
	if (rc)
		return rc;
	rc = buf_add(&x->path, buf_span(&x->top));
	if (rc == 0)
		rc = buf_str(&x->path, k->end);
	if (rc == 0)
		rc = gw_disposition(a, "attachment", buf_span(&x->path));
	if (rc == 0)
		rc = reply_field(a->r, "content-type", "%s", k->type);
	return rc < 0 ? rc : reply_field(a->r, "x-content-type-options", "nosniff");
}

static int answer(struct archive_out *x, const struct kind *k)
{
	struct gw_ask *a = x->a;
	int rc = name_root(x, k);

	if (rc == 0)
		rc = fields(x, k);
	if (rc)
		return rc;
	rc = look_first(x);
	if (x->bad_name)
		return gw_fail(a, 400, "%s", err_text());
	if (rc < 0)
		return gw_fail_rc(a, rc);
	rc = reply_start(a->r, 200, LEN_UNKNOWN);
	if (rc < 0 || a->r->head_only)
		return rc < 0 ? rc : 1;
	rc = put_all(x, k);
	if (rc == 0)
		return 1;
	return x->gone ? rc : gw_fail_rc(a, rc);
}

int gw_archive(struct gw_ask *a)
{
	struct archive_out x = { .entry = { to_entry }, .sink = { to_reply }, .a = a,
				 .top = BUF_INIT(TAR_PATH_MAX), .path = BUF_INIT(TAR_PATH_MAX) };
	const struct kind *k = kinds;
	int rc;

	while (k->format != a->format && k < kinds + sizeof kinds / sizeof *kinds - 1)
		k++;
	if (!a->is_unixfs || a->stat.type == UNIXFS_METADATA)
		return gw_fail(a, 406, "only files and directories can be had as an archive; "
			       "try ?format=raw or ?format=car");
	if (!a->g->archives && unixfs_is_dir(a->stat.type))
		return gw_fail(a, 406, "this gateway makes no archives of directories; try ?format=car");
	rc = answer(&x, k);
	buf_clear(&x.top);
	buf_clear(&x.path);
	return rc;
}
