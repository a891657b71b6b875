/* answer.c - what is meant by a request, and which form of it is the answer (reference 3, "content handler") */
#include <stdio.h>
#include <strings.h>

#include "base/err.h"
#include "gateway_priv.h"
#include "key/key.h"

/* ---- before anything is looked at ---- */

static int is_method(const struct gw_ask *a, const char *name)
{
	return span_equal(a->rq->method, span_str(name));
}

static int by_method(struct gw_ask *a)
{
	int rc;

	if (is_method(a, "GET") || is_method(a, "HEAD"))
		return 0;
	if (is_method(a, "CONNECT"))
		return gw_connect(a);
	if (!is_method(a, "OPTIONS"))
		return gw_fail_with(a, 405, "allow", "GET, HEAD, OPTIONS", "only GET, HEAD and OPTIONS are served here");
	rc = reply_field(a->r, "allow", "GET, HEAD, OPTIONS");
	if (rc == 0)
		rc = reply_start(a->r, 204, 0);
	return rc < 0 ? rc : 1;
}

/* ---- the content path ---- */

/* the name space, the root and what follows, "/a" or ""; 0: there are no two segments */
static int split(struct span path, struct span *ns, struct span *root, struct span *rest)
{
	const uint8_t *p = path.p + 1, *end = path.p + path.len, *slash;

	*rest = span_of("", 0);
	slash = path.len > 1 ? memchr(p, '/', (size_t)(end - p)) : NULL;
	if (!slash)
		return 0;
	*ns = span_of(p, (size_t)(slash - p));
	p = slash + 1;
	slash = p < end ? memchr(p, '/', (size_t)(end - p)) : NULL;
	*root = span_of(p, (size_t)((slash ? slash : end) - p));
	if (slash)
		*rest = span_of(slash, (size_t)(end - slash));
	return root->len > 0;
}

/* Reference 9: a worker below /ipfs/X would govern what is not of its own origin. */
static int service_worker(struct gw_ask *a, struct span rest)
{
	if (a->view != GW_PATH || rest.len || !span_equal(request_field(a->rq, "service-worker"), span_str("script")))
		return 0;
	return gw_fail(a, 400, "a service worker cannot be registered for all of this path: \"%s\"",
		       (char *)a->path.data);
}

static int redirect_to(struct gw_ask *a, int status, const char *before, struct span path)
{
	struct buf to = BUF_INIT(4 * GW_PATH_MAX);
	int rc = buf_str(&to, before);

	if (rc == 0)
		rc = gw_escape(&to, path);
	if (rc == 0 && a->rq->query.p) {
		rc = buf_u8(&to, '?');
		if (rc == 0)
			rc = buf_add(&to, a->rq->query);
	}
	rc = rc < 0 ? gw_fail_rc(a, rc) : gw_redirect(a, status, buf_span(&to));
	buf_clear(&to);
	return rc;
}

/* Reference 23.2: on the path gateway a key has one address. */
static int canonical_key(struct gw_ask *a, struct span root, struct span rest)
{
	char text[CID_TEXT_MAX], to[CID_TEXT_MAX + 8];
	struct cid id;

	if (a->view != GW_PATH || !a->mutable_path || key_id_parse(root, &id) < 0 ||
	    span_equal(root, span_str(cid_text(&id, text))))
		return 0;
	snprintf(to, sizeof to, "/ipns/%s", text);
	return redirect_to(a, 302, to, rest);
}

static int is_content_path(struct span path)
{
	struct span ns, root, rest;
	struct cid cid;

	if (!split(path, &ns, &root, &rest))
		return 0;
	return span_equal(ns, span_str("ipns")) ||
	       (span_equal(ns, span_str("ipfs")) && cid_parse(root, &cid, NULL) == 0);
}

static int bad_path(struct gw_ask *a, const char *why)
{
	return gw_fail(a, 400, "invalid path \"%s\": %s", (char *)a->path.data, why);
}

static int is_ours(struct span path)
{
	struct span first = path.len ? span_of(path.p + 1, path.len - 1) : path;
	const uint8_t *slash = first.len ? memchr(first.p, '/', first.len) : NULL;

	if (slash)
		first.len = (size_t)(slash - first.p);
	return span_equal(first, span_str("ipfs")) || span_equal(first, span_str("ipns"));
}

/* nothing of ours, neither as it was sent nor as it was meant: a browser asks for /favicon.ico, a robot for /robots.txt */
static int is_elsewhere(const struct gw_ask *a)
{
	return !is_ours(buf_span(&a->path)) && !is_ours(a->rq->path);
}

/* h3 to h6 */
static int parse(struct gw_ask *a)
{
	struct span path = buf_span(&a->path), ns, root, rest, inner;
	struct cid cid;
	int rc;

	if (a->view == GW_PATH && is_elsewhere(a))
		return gw_fail(a, 404, "there is no page here: ask for /ipfs/CID or /ipns/NAME");
	if (!split(path, &ns, &root, &rest))
		return bad_path(a, "it has not enough components");
	a->mutable_path = span_equal(ns, span_str("ipns"));
	if (!a->mutable_path && !span_equal(ns, span_str("ipfs")))
		return bad_path(a, "unknown namespace");
	rc = service_worker(a, rest);
	if (rc == 0)
		rc = canonical_key(a, root, rest);
	if (rc || a->mutable_path)
		return rc;
	if (a->view == GW_PATH && (span_equal(root, span_str("ipfs")) || span_equal(root, span_str("ipns")))) {
		inner = span_of(path.p + 5, path.len - 5);
		if (is_content_path(inner))
			return redirect_to(a, 301, "", inner);
	}
	return cid_parse(root, &cid, NULL) < 0 ? bad_path(a, err_text()) : 0;
}

/* ---- the form ---- */

static int put_path(struct gw_ask *a)
{
	struct buf v = BUF_INIT(4 * GW_PATH_MAX);
	int rc = gw_escape(&v, buf_span(&a->path));

	if (rc == 0)
		rc = reply_field(a->r, "x-ipfs-path", "%s", (char *)v.data);
	buf_clear(&v);
	return rc;
}

/* Reference 6.5 */
static int trustless(struct gw_ask *a)
{
	struct span ns, root, rest;
	struct cid id;
	int sub;

	if (!(a->flags & GATEWAY_TRUSTLESS))
		return 0;
	split(buf_span(&a->path), &ns, &root, &rest);
	sub = rest.len > 1;
	if ((a->format == GW_CAR && !a->mutable_path) || (a->format == GW_RAW && !a->mutable_path && !sub) ||
	    (a->format == GW_RECORD && a->mutable_path && !sub && key_id_parse(root, &id) == 0))
		return 0;
	return gw_fail(a, 406, "only what can be verified is served here: raw blocks, CARs and IPNS records; see "
		       "https://specs.ipfs.tech/http-gateways/trustless-gateway/");
}

static int only_if_cached(const struct request *rq)
{
	struct buf v = BUF_INIT(GW_TEXT_MAX);
	struct http_media m;
	struct span rest;
	int found = 0;

	if (request_list(rq, "cache-control", &v) > 0) {
		rest = buf_span(&v);
		while (!found && http_media_next(&rest, &m))
			found = m.type.len == 14 && strncasecmp((const char *)m.type.p, "only-if-cached", 14) == 0;
	}
	buf_clear(&v);
	return found;
}

static int mismatch(struct gw_ask *a)
{
	return gw_fail(a, 406, "this content has no form %s; ?format=raw gives its bytes, to be converted by whoever "
		       "wants another one", gw_format_name(a->format));
}

/* The codecs that are forms of their own. */
static enum gw_format own_format(uint64_t codec)
{
	switch (codec) {
	case CID_JSON: return GW_JSON;
	case CID_CBOR: return GW_CBOR;
	case CID_DAG_JSON: return GW_DAG_JSON;
	case CID_DAG_CBOR: return GW_DAG_CBOR;
	default: return GW_NONE;
	}
}

static int wants_download(struct gw_ask *a)
{
	struct buf v = BUF_INIT(16);
	int down = gw_arg(a, "download", &v) && span_equal(buf_span(&v), span_str("true"));

	buf_clear(&v);
	return down;
}

static int as_unixfs(struct gw_ask *a)
{
	if (!a->is_unixfs && a->format == GW_NONE)
		return gw_fail(a, 422, "this is not a file or directory; ?format=raw gives the block");
	if (!a->is_unixfs)
		return mismatch(a);
	return unixfs_is_dir(a->stat.type) ? gw_directory(a) : gw_file(a);
}

/* no form was asked for, or json or cbor (reference 7) */
static int as_it_is(struct gw_ask *a)
{
	enum gw_format own = own_format(a->cid.codec);

	if (a->cid.codec == CID_RAW || a->cid.codec == CID_DAG_PB)
		return as_unixfs(a);
	if (own == GW_NONE)
		return gw_fail(a, 406, "this codec has no form but ?format=raw and ?format=car");
	if (a->format == GW_NONE && a->html && (own == GW_DAG_JSON || own == GW_DAG_CBOR) && !wants_download(a))
		return gw_preview(a);
	if (a->format == GW_NONE)
		a->format = own;
	else if (a->format != own && !(a->format == GW_JSON && own == GW_DAG_JSON) &&
		 !(a->format == GW_CBOR && own == GW_DAG_CBOR))
		return mismatch(a);
	return gw_block(a);
}

static int as_archive(struct gw_ask *a)
{
	if (!a->is_unixfs || (a->format != GW_TAR && !a->g->archives))
		return mismatch(a);
	return gw_archive(a);
}

static int form(struct gw_ask *a)
{
	if (*a->rest && a->format != GW_CAR)
		return gw_fail(a, 501, "\"%s\" is a value inside a block, which has no form of its own", a->rest);
	switch (a->format) {
	case GW_NONE: case GW_JSON: case GW_CBOR:
		return as_it_is(a);
	case GW_RAW:
		return gw_block(a);
	case GW_DAG_JSON: case GW_DAG_CBOR:
		return own_format(a->cid.codec) == a->format ? gw_block(a) : mismatch(a);
	case GW_CAR:
		return gw_car(a);
	case GW_TAR: case GW_ZIP: case GW_TAR_GZ: case GW_TAR_ZST:
		return as_archive(a);
	case GW_RECORD:
		break;
	}
	return mismatch(a);
}

static int record(struct gw_ask *a)
{
	int status = gw_denied(a->g->deny, buf_span(&a->path), NULL);

	if (status)
		return gw_fail(a, status, "this content is not served here");
	return a->mutable_path ? gw_record(a) : gw_fail(a, 400, "records are of /ipns/ names");
}

static int resolve(struct gw_ask *a)
{
	int sites = a->view != GW_PATH && a->format == GW_NONE, status, rc;

	status = gw_denied(a->g->deny, buf_span(&a->path), NULL);
	if (status)
		return gw_fail(a, status, "this content is not served here");
	rc = gw_resolve(a, sites);
	if (sites && rc == ERR_NOTFOUND)
		rc = gw_site(a);
	if (rc == 0 && a->roots.len)
		rc = reply_field(a->r, "x-ipfs-roots", "%s", (char *)a->roots.data);
	return rc;
}

static int content(struct gw_ask *a)
{
	int rc = parse(a);

	if (rc)
		return rc;
	a->only_cached = only_if_cached(a->rq);
	rc = gw_negotiate(a);
	if (rc == 0)
		rc = put_path(a);
	if (rc == 0)
		rc = trustless(a);
	if (rc == 0)
		rc = gw_content_location(a);
	if (rc)
		return rc;
	if (a->format == GW_RECORD)
		return record(a);
	rc = resolve(a);
	return rc ? rc : form(a);
}

static void clear(struct gw_ask *a)
{
	buf_clear(&a->host);
	buf_clear(&a->gw_host);
	buf_clear(&a->web);
	buf_clear(&a->path);
	buf_clear(&a->accept_params);
	buf_clear(&a->now);
	buf_clear(&a->roots);
}

int gateway_answer(struct gateway *g, struct store *st, struct dag_source *src, struct request *rq,
		   struct reply *r)
{
	struct gw_ask a = {
		.g = g, .st = st, .src = src, .rq = rq, .r = r, .ttl = -1, .rest = "",
		.host = BUF_INIT(GW_TEXT_MAX), .gw_host = BUF_INIT(GW_TEXT_MAX), .web = BUF_INIT(GW_PATH_MAX),
		.path = BUF_INIT(GW_PATH_MAX + GW_TEXT_MAX), .accept_params = BUF_INIT(GW_PATH_MAX),
		.now = BUF_INIT(4 * GW_PATH_MAX), .roots = BUF_INIT(GW_PATH_MAX)
	};
	int rc;

	if (is_method(&a, "HEAD"))
		r->head_only = 1;
	a.html = gw_wants_html(rq);
	rc = by_method(&a);
	if (rc == 0)
		rc = gw_host(&a);
	if (rc == 0)
		rc = content(&a);
	if (rc < 0 && r->status)	/* the answer was begun: the transport knows what became of it */
		r->failed = 1;
	clear(&a);
	return rc < 0 ? rc : 0;
}
