/* site.c - what a site's _redirects says about a path that is not there (reference 22) */
#include <stdio.h>

#include "base/err.h"
#include "gateway_priv.h"

static const char too_large[] = "redirects file size cannot exceed";

/* the text of a file of the site; ERR_LIMIT: longer than out->max */
static int read_file(struct gw_ask *a, const struct cid *cid, struct buf *out)
{
	struct unixfs_stat stat;
	struct sink_buf s;
	int rc = unixfs_stat(a->src, cid, &stat);

	if (rc == 0 && !unixfs_is_file(stat.type))
		return err_set(ERR_INVALID, "it is not a file");
	if (rc == 0 && stat.size > out->max)
		return err_set(ERR_LIMIT, "%s %zu bytes", too_large, out->max);
	sink_buf_start(&s, out);
	if (rc == 0)
		rc = unixfs_cat(a->src, cid, 0, UINT64_MAX, &s.sink, NULL, NULL);
	return rc == ERR_LIMIT ? err_set(rc, "%s %zu bytes", too_large, out->max) : rc;
}

static int could_not_parse(struct gw_ask *a)
{
	return gw_fail(a, 500, "could not parse _redirects: %s", err_text());
}

/*
 * The target of a redirect, whose captures are decoded text: what may not stand in a URL is encoded, the rest is
 * as the site wrote it (RFC 3986 2).
 */
static int put_target(struct buf *out, struct span to)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < to.len; i++) {
		uint8_t c = to.p[i];

		if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}", c))
			rc = buf_printf(out, "%%%02X", c);
		else
			rc = buf_u8(out, c);
	}
	return rc;
}

static int redirect(struct gw_ask *a, const struct gw_rule *rule)
{
	struct buf to = BUF_INIT(4 * GW_REDIRECTS_MAX);
	int rc = put_target(&to, buf_span(&rule->to));

	rc = rc < 0 ? gw_fail_rc(a, rc) : gw_redirect(a, rule->status, buf_span(&to));
	buf_clear(&to);
	return rc;
}

/* `now` becomes that of a file of the site, and is resolved. */
static int resolve_target(struct gw_ask *a, const struct gw_rule *rule)
{
	struct span to = buf_span(&rule->to);
	const uint8_t *end = to.len ? memchr(to.p, '?', to.len) : NULL;
	int rc;

	if (end)
		to.len = (size_t)(end - to.p);
	if (to.len == 0 || to.p[0] != '/')
		return gw_fail(a, 500, "_redirects: status %d wants a path of this site", rule->status);
	while (to.len && to.p[to.len - 1] == '/')
		to.len--;
	buf_reset(&a->now);
	rc = buf_str(&a->now, "/ipfs/");
	if (rc == 0)
		rc = cid_format(&a->root, NULL, &a->now);
	if (rc == 0)
		rc = buf_add(&a->now, to);
	if (rc < 0)
		return gw_fail(a, 500, "_redirects: %s", err_text());
	rc = gw_resolve_now(a, 1);
	if (rc == ERR_NOTFOUND)
		return gw_fail(a, rule->status == 200 ? 404 : 500, "_redirects: %s", err_text());
	a->name = gw_last_segment(buf_span(&a->now));
	return rc;
}

/* 404, 410 and 451: a page of the site with that status. */
static int page(struct gw_ask *a, int status)
{
	char cid[CID_TEXT_MAX], etag[CID_TEXT_MAX + 8];
	int rc;

	if (!a->is_unixfs || !unixfs_is_file(a->stat.type))
		return gw_fail(a, 500, "_redirects: the page for status %d is not a file", status);
	snprintf(etag, sizeof etag, "\"%s\"", cid_text(&a->cid, cid));
	rc = reply_field(a->r, "etag", "%s", etag);
	if (rc == 0)
		rc = gw_cache_control(a, GW_CACHE_FILE);
	if (rc == 0)
		rc = reply_field(a->r, "content-type", "text/html");
	if (rc == 0)
		rc = reply_start(a->r, status, a->stat.size);
	if (rc == 0 && !a->r->head_only) {
		rc = unixfs_cat(a->src, &a->cid, 0, UINT64_MAX, &a->r->sink, NULL, NULL);
		if (rc < 0)
			return gw_fail_rc(a, rc);
	}
	return rc < 0 ? rc : 1;
}

static int apply(struct gw_ask *a, const struct gw_rule *rule)
{
	int rc;

	if (rule->status >= 300 && rule->status < 400)
		return redirect(a, rule);
	rc = resolve_target(a, rule);
	return rc || rule->status == 200 ? rc : page(a, rule->status);
}

/* the path below the root, "/a/b" */
static struct span below_root(const struct gw_ask *a)
{
	struct span now = buf_span(&a->now);
	const uint8_t *slash = memchr(now.p + 6, '/', now.len - 6);

	return slash ? span_of(slash, now.len - (size_t)(slash - now.p)) : span_str("/");
}

int gw_site(struct gw_ask *a)
{
	struct buf text = BUF_INIT(GW_REDIRECTS_MAX), path = BUF_INIT(2 * GW_PATH_MAX);
	struct gw_rule rule = { 0, BUF_INIT(4 * GW_REDIRECTS_MAX) };
	char missing[GW_TEXT_MAX];
	struct cid file;
	int rc;

	snprintf(missing, sizeof missing, "%s", err_text());
	rc = unixfs_lookup(a->src, &a->root, span_str("_redirects"), &file);
	if (rc < 0) {			/* no such file, or no such site: the path is missing, that is all */
		err_set(ERR_NOTFOUND, "%s", missing);
		return gw_fail_missing(a);
	}
	rc = read_file(a, &file, &text);
	if (rc == 0)
		rc = buf_add(&path, below_root(a));
	if (rc == 0)
		rc = gw_redirects(buf_span(&text), buf_span(&path), a->rq->query, &rule);
	if (rc < 0) {
		rc = could_not_parse(a);
	} else if (rc == 0) {
		err_set(ERR_NOTFOUND, "%s", missing);
		rc = gw_fail_missing(a);
	} else {
		rc = apply(a, &rule);
	}
	buf_clear(&text);
	buf_clear(&path);
	buf_clear(&rule.to);
	return rc;
}
