/* resolve.c - where a path leads, across blocks of any codec (boxo path/resolver) */
#include "base/err.h"
#include "dag_priv.h"

enum { NAME_SHOWN = 256 };

struct road {
	struct dag_source *src;
	struct buf block;		/* the one we are in */
	struct node nd;
};

static int no_link(const struct cid *cid, struct span name)
{
	int shown = name.len < NAME_SHOWN ? (int)name.len : NAME_SHOWN;
	char text[CID_TEXT_MAX];

	return err_set(ERR_NOTFOUND, "no link named \"%.*s\" under %s", shown, (const char *)name.p,
		       cid_text(cid, text));
}

/* as Kubo says it of the last segment of a path */
static int no_key(struct span name)
{
	int shown = name.len < NAME_SHOWN ? (int)name.len : NAME_SHOWN;

	return err_set(ERR_NOTFOUND, "key not found: \"%.*s\"", shown, (const char *)name.p);
}

/* the first segment of *path, which goes on to the next; 0 at the end */
static int segment(const char **path, struct span *name)
{
	const char *p = *path + strspn(*path, "/");
	size_t n = strcspn(p, "/");

	*name = span_of(p, n);
	p += n;
	*path = p + strspn(p, "/");
	return n > 0;
}

static int count_segments(const char *path)
{
	struct span name;
	int n = 0;

	while (segment(&path, &name))
		if (++n > DAG_SEGMENTS_MAX)
			return err_set(ERR_LIMIT, "a path of more than %d segments", DAG_SEGMENTS_MAX);
	return 0;
}

static int load(struct road *r, const struct cid *cid)
{
	char text[CID_TEXT_MAX];
	int rc;

	buf_reset(&r->block);
	rc = dag_get(r->src, cid, &r->block);
	if (rc < 0)
		return rc;
	rc = codec_decode(cid->codec, buf_span(&r->block), 0, &r->nd);
	return rc < 0 ? err_add(rc, "block %s", cid_text(cid, text)) : 0;
}

/*
 * Down the segments of *path as far as they stay in the block: 1 and the link they met, with *path
 * behind it; 0 and the value's step in *at, at the end of the path.
 */
static int descend(struct road *r, const struct cid *cid, const char **path, struct cid *link,
		   size_t *at)
{
	struct span name;
	size_t in;
	int rc;

	for (*at = 0; segment(path, &name); ) {
		in = *at;
		rc = node_step_into(&r->nd, in, name, at);
		if (rc == ERR_NOTFOUND)
			return **path || cid->codec == CID_DAG_PB || r->nd.step[in].kind < NODE_LIST ?
			       no_link(cid, name) : no_key(name);
		if (rc < 0)
			return rc;
		if (r->nd.step[*at].kind != NODE_LINK)
			continue;
		rc = cid_decode(node_span(&r->nd, *at), link);
		return rc < 0 ? rc : 1;
	}
	return 0;
}

static void leave(struct road *r)
{
	buf_clear(&r->block);
	node_clear(&r->nd);
}

int dag_resolve(struct dag_source *src, const struct cid *root, const char *rest,
		const struct dag_names *names, struct dag_place *out)
{
	struct road r = { .src = src, .block = BUF_INIT(DAG_BLOCK_MAX), .nd = NODE_INIT };
	struct cid at = *root, next = { 0 };
	const char *p = rest + strspn(rest, "/"), *inside = p;
	struct span name;
	size_t step;
	int rc = count_segments(p);

	while (rc == 0 && *p) {
		inside = p;
		if (names && at.codec == CID_DAG_PB) {
			segment(&p, &name);
			rc = names->lookup(src, &at, name, &next);
		} else {
			rc = load(&r, &at);
			if (rc == 0)
				rc = descend(&r, &at, &p, &next, &step);
			if (rc == 0)			/* the value is in here */
				break;
			rc = rc == 1 ? 0 : rc;
		}
		at = next;
		inside = p;
	}
	if (rc == 0)
		*out = (struct dag_place){ at, inside };
	leave(&r);
	return rc;
}

int dag_value(struct dag_source *src, const struct dag_place *place, struct buf *block, struct node *nd,
	      size_t *at)
{
	struct road r = { src, *block, *nd };
	const char *p = place->rest;
	struct cid link;
	int rc;

	rc = load(&r, &place->cid);
	if (rc == 0)
		rc = descend(&r, &place->cid, &p, &link, at);
	if (rc == 1)			/* at the end it is the value, before it another block's */
		rc = *p ? err_set(ERR_USAGE, "the path goes on behind a link") : 0;
	*block = r.block;
	*nd = r.nd;
	return rc;
}
