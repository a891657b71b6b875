/* resolve.c - from a content path to its last block (reference 5) */
#include "base/err.h"
#include "gateway_priv.h"
#include "name/name.h"

enum { ROOTS_MAX = 8192 };		/* bytes of X-Ipfs-Roots; a longer one is left out */

/* ---- names ---- */

/* Of keys the store is asked afterwards, so this is the time to learn of them. */
static int dnslink(void *arg, struct span name, struct buf *value, int64_t *ttl)
{
	struct gw_ask *a = arg;
	struct cid key;
	int rc = gw_dnslink(a->g, name, value, ttl);

	return rc == 0 && key_id_parse(name, &key) == 0 ? gw_learn(a, &key) : rc;
}

/* Reference 19.2: a record that is no good is a fault on this side. */
static int name_failed(struct gw_ask *a, int rc)
{
	switch (rc) {
	case ERR_NOTFOUND:		/* a key may well have a record, elsewhere (path gateway, "500") */
		if (!a->only_cached && strncmp(err_text(), "no record of the name", 21) == 0)
			return gw_fail(a, 500, "%s", err_text());
		return gw_fail_missing(a);
	case ERR_LIMIT:
		return gw_fail(a, 400, "%s", err_text());
	case ERR_TIMEOUT: case ERR_BUSY: case ERR_NOMEM:
		return gw_fail_rc(a, rc);
	default:
		return gw_fail(a, 500, "%s", err_text());
	}
}

/* the path without what does nothing: slashes together or at the end */
static int tidy(struct span in, struct buf *out)
{
	size_t i;
	int rc = 0;

	buf_reset(out);
	for (i = 0; rc == 0 && i < in.len; i++)
		if (in.p[i] != '/' || (i + 1 < in.len && in.p[i + 1] != '/'))
			rc = buf_u8(out, in.p[i]);
	return rc;
}

static int follow_names(struct gw_ask *a)
{
	struct buf to = BUF_INIT(2 * GW_PATH_MAX);
	int rc;

	if (!a->mutable_path)
		return tidy(buf_span(&a->path), &a->now);
	rc = name_resolve(a->st, buf_span(&a->path), dnslink, a, &to, &a->ttl);
	if (rc < 0)
		rc = name_failed(a, rc);
	else
		rc = tidy(buf_span(&to), &a->now);
	buf_clear(&to);
	return rc;
}

/* ---- segments ---- */

struct road {
	struct gw_ask *a;
	const char *p;			/* what is left of the path */
	struct buf block;
	struct node nd;
};

static int segment(const char **path, struct span *name)
{
	const char *p = *path + strspn(*path, "/");
	size_t n = strcspn(p, "/");

	*name = span_of(p, n);
	p += n;
	*path = p + strspn(p, "/");
	return n > 0;
}

static int no_link(const struct cid *cid, struct span name)
{
	int shown = name.len < 256 ? (int)name.len : 256;
	char text[CID_TEXT_MAX];

	return err_set(ERR_NOTFOUND, "no link named \"%.*s\" under %s", shown, (const char *)name.p,
		       cid_text(cid, text));
}

static int load(struct road *r, const struct cid *cid)
{
	char text[CID_TEXT_MAX];
	int rc;

	if (!codec_can_decode(cid->codec))
		return err_set(ERR_UNSUPPORTED, "no paths through the codec of %s", cid_text(cid, text));
	buf_reset(&r->block);
	rc = dag_get(r->a->src, cid, &r->block);
	if (rc == 0)
		rc = codec_decode(cid->codec, buf_span(&r->block), 0, &r->nd);
	return rc;
}

static int add_root(struct gw_ask *a, const struct cid *cid)
{
	int rc = a->roots.len ? buf_u8(&a->roots, ',') : 0;

	if (rc == 0)
		rc = cid_format(cid, NULL, &a->roots);
	if (rc == ERR_LIMIT) {		/* half a list would be a wrong one */
		buf_reset(&a->roots);
		a->roots.max = 0;
		return 0;
	}
	return rc;
}

/* Down the segments that stay in the block *at: 1 and the link they met in *at; 0 at the end of the path. */
static int inside(struct road *r, struct cid *at)
{
	struct span name;
	size_t step = 0;
	int rc = load(r, at);

	while (rc == 0 && segment(&r->p, &name)) {
		rc = node_step_into(&r->nd, step, name, &step);
		if (rc == ERR_NOTFOUND)
			return no_link(at, name);
		rc = rc > 0 ? 0 : rc;
		if (rc == 0 && r->nd.step[step].kind == NODE_LINK) {
			struct cid next;

			rc = cid_decode(node_span(&r->nd, step), &next);
			if (rc < 0)
				return rc;
			*at = next;
			return 1;
		}
		if (rc == 0)		/* X-Ipfs-Roots: one for each segment (reference 5) */
			rc = add_root(r->a, at);
	}
	return rc;
}

/* One block further: 1; 0: the rest of the path is inside this one. */
static int step(struct road *r, struct cid *at, const char **rest)
{
	struct cid next = { 0 };
	struct span name;
	int rc = 1;

	*rest = r->p;
	if (at->codec == CID_RAW) {
		segment(&r->p, &name);
		return no_link(at, name);
	}
	if (at->codec != CID_DAG_PB)
		return inside(r, at);
	segment(&r->p, &name);
	rc = unixfs_names()->lookup(r->a->src, at, name, &next);
	if (rc < 0)
		return rc;
	*at = next;
	return 1;
}

/* 0; 1: it was denied and answered; or the error */
static int denied(struct gw_ask *a, struct span path, const struct cid *cid)
{
	int status = gw_denied(a->g->deny, path, cid);

	return status ? gw_fail(a, status, "this content is not served here") : 0;
}

static int walk(struct gw_ask *a)
{
	struct road r = { a, a->rest, BUF_INIT(DAG_BLOCK_MAX), NODE_INIT };
	int rc = denied(a, buf_span(&a->now), &a->root);
	struct cid above;

	a->cid = a->root;
	a->in_dir = 0;
	if (rc == 0)
		rc = add_root(a, &a->root);
	while (rc == 0 && *r.p) {
		above = a->cid;
		rc = step(&r, &a->cid, &a->rest);
		if (rc <= 0)
			break;
		a->in_dir = above.codec == CID_DAG_PB;
		a->dir = above;
		a->rest = r.p;
		rc = denied(a, span_of("", 0), &a->cid);
		if (rc == 0)
			rc = add_root(a, &a->cid);
	}
	buf_clear(&r.block);
	node_clear(&r.nd);
	return rc;
}

/* ---- the end of it ---- */

/* What there is.  A block that is not UnixFS is no fault here: the form decides. */
static int look(struct gw_ask *a)
{
	char text[CID_TEXT_MAX];
	int rc;

	a->is_unixfs = 0;
	if (a->cid.codec == CID_RAW || a->cid.codec == CID_DAG_PB) {
		rc = unixfs_stat(a->src, &a->cid, &a->stat);
		a->is_unixfs = rc == 0;
		return rc == ERR_INVALID ? 0 : rc;
	}
	rc = dag_has(a->src, &a->cid);
	return rc ? rc < 0 ? rc : 0 : err_set(ERR_NOTFOUND, "block %s is not here", cid_text(&a->cid, text));
}

static int root_of(struct gw_ask *a)
{
	struct span now = buf_span(&a->now), text;
	const uint8_t *slash;
	struct mh mh;
	int rc;

	if (now.len < 6 || memcmp(now.p, "/ipfs/", 6) != 0)
		return gw_fail(a, 500, "the name stands for no path of /ipfs/");
	text = span_of(now.p + 6, now.len - 6);
	slash = memchr(text.p, '/', text.len);
	if (slash)
		text.len = (size_t)(slash - text.p);
	rc = cid_parse(text, &a->root, NULL);
	if (rc == 0)
		rc = mh_decode(cid_mh(&a->root), &mh);
	if (rc == 0)
		rc = mh_allowed(&mh);
	if (rc < 0)
		return gw_fail(a, a->mutable_path ? 500 : 400, "invalid path \"%s\": %s", (char *)a->path.data,
			       err_text());
	a->rest = slash ? (const char *)slash + 1 : (const char *)text.p + text.len;
	return 0;
}

struct span gw_last_segment(struct span path)
{
	size_t n = 0, i, slashes = 0;

	while (path.len && path.p[path.len - 1] == '/')
		path.len--;
	for (i = 0; i < path.len; i++)
		if (path.p[i] == '/') {
			slashes++;
			n = i + 1;
		}
	return slashes > 2 ? span_of(path.p + n, path.len - n) : span_of(NULL, 0);
}

/* as dag.h words it: an entry that is not there, as against a block that is not here */
static int is_no_link(int rc)
{
	return rc == ERR_NOTFOUND && strncmp(err_text(), "no link named", 13) == 0;
}

int gw_fail_missing(struct gw_ask *a)
{
	/* RFC 9111 5.2.1.7 would have 504; gateways answer 412 (reference 12.3) */
	return gw_fail(a, a->only_cached ? 412 : 404, "%s", err_text());
}

int gw_resolve_now(struct gw_ask *a, int quiet)
{
	int rc = root_of(a);

	if (rc != 0)
		return rc;
	buf_reset(&a->roots);
	a->roots.max = ROOTS_MAX;
	rc = walk(a);
	if (rc == 0)
		rc = look(a);
	else if (rc < 0 && quiet && is_no_link(rc))
		return rc;
	if (rc == ERR_NOTFOUND)
		return gw_fail_missing(a);
	return rc < 0 ? gw_fail_rc(a, rc) : rc;
}

int gw_resolve(struct gw_ask *a, int quiet)
{
	int rc;

	a->name = gw_last_segment(buf_span(&a->path));
	rc = follow_names(a);
	return rc ? rc : gw_resolve_now(a, quiet);
}
