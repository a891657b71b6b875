/* directory.c - a directory: its slash, its index.html, else a listing (reference 8.2) */
#include "base/err.h"
#include "gateway_priv.h"

/* Relative links need the slash at the end; query and path as they are. */
int gw_slash(struct gw_ask *a)
{
	struct buf to = BUF_INIT(4 * GW_PATH_MAX), arg = BUF_INIT(16);
	int rc = 0, go_get = gw_arg(a, "go-get", &arg) && span_equal(buf_span(&arg), span_str("1"));

	buf_clear(&arg);
	if (go_get || (a->web.len && a->web.data[a->web.len - 1] == '/'))
		return 0;
	rc = gw_escape(&to, buf_span(&a->web));
	if (rc == 0)
		rc = buf_u8(&to, '/');
	if (rc == 0 && a->rq->query.p) {
		rc = buf_u8(&to, '?');
		if (rc == 0)
			rc = buf_add(&to, a->rq->query);
	}
	rc = rc < 0 ? gw_fail_rc(a, rc) : gw_redirect(a, 301, buf_span(&to));
	buf_clear(&to);
	return rc;
}

/* a status: the page may not be shown under this path of its directory, or at all */
static int page_denied(struct gw_ask *a, const struct buf *dir, const struct cid *file)
{
	struct buf path = BUF_INIT(4 * GW_PATH_MAX);
	int slash = dir->len && dir->data[dir->len - 1] == '/', status;

	if (buf_add(&path, buf_span(dir)) < 0 || buf_str(&path, slash ? "index.html" : "/index.html") < 0)
		status = 500;
	else
		status = gw_denied(a->g->deny, buf_span(&path), file);
	buf_clear(&path);
	return status;
}

/* 1: answered; 0: there is no index.html */
static int index_html(struct gw_ask *a)
{
	struct unixfs_stat stat;
	struct cid file;
	int rc = unixfs_lookup(a->src, &a->cid, span_str("index.html"), &file), status;

	if (rc == ERR_NOTFOUND && strncmp(err_text(), "no link named", 13) == 0)
		return 0;
	status = rc == 0 ? page_denied(a, &a->now, &file) : 0;
	if (rc == 0 && !status)
		status = page_denied(a, &a->path, &file);
	if (status)
		return gw_fail(a, status, "this content is not served here");
	if (rc == 0)
		rc = unixfs_stat(a->src, &file, &stat);
	if (rc == ERR_NOTFOUND)
		return gw_fail_missing(a);
	if (rc == ERR_INVALID || (rc == 0 && !unixfs_is_file(stat.type)))
		return gw_fail(a, 422, "index.html is not a file");
	return rc < 0 ? gw_fail_rc(a, rc) : gw_index(a, &file, &stat);
}

int gw_directory(struct gw_ask *a)
{
	int rc;

	if (gw_listing_asked(a))	/* not the page in its place */
		return gw_listing(a);
	if (a->format == GW_CBOR)
		return gw_fail(a, 406, "a directory is no CBOR");
	rc = gw_slash(a);
	if (rc == 0)
		rc = index_html(a);
	return rc ? rc : gw_listing(a);
}
