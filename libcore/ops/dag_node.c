/* dag_node.c - one node: shown in a codec, and its links */
#include <stdio.h>

#include "base/err.h"
#include "ops/dag.h"

enum { LINK_PATH_MAX = 64 * 1024 * 1024 };	/* keys are at most a block, in each other */

/* a value, and what it borrows from */
struct value {
	struct ops_place place;
	struct buf block;
	struct node nd;
	size_t at;
};

static void value_clear(struct value *v)
{
	node_clear(&v->nd);
	buf_clear(&v->block);
	ops_place_clear(&v->place);
}

static int value_read(struct dag_source *src, struct value *v)
{
	struct dag_place place = { v->place.cid, v->place.rest };

	return dag_value(src, &place, &v->block, &v->nd, &v->at);
}

int ops_dag_get(struct dag_source *src, const char *path, uint64_t codec, struct buf *out)
{
	struct value v = { .block = BUF_INIT(DAG_BLOCK_MAX) };
	int rc = ops_place_from(src, path, &v.place);

	if (rc == 0)
		rc = value_read(src, &v);
	if (rc == 0)
		rc = codec_encode(codec, &v.nd, v.at, out);
	value_clear(&v);
	return rc;
}

/* ---- links ---- */

struct links {
	const struct node *nd;
	struct buf path;
	int (*fn)(void *arg, const struct ops_dag_link *l);
	void *arg;
};

static int tell_link(struct links *k, size_t at)
{
	struct cid cid;
	struct ops_dag_link l = { .cid = &cid, .name = buf_span(&k->path) };
	int rc = cid_decode(node_span(k->nd, at), &cid);

	return rc < 0 ? rc : k->fn(k->arg, &l);
}

static int links_in(struct links *k, size_t at);

static int links_below(struct links *k, struct span name, size_t at)
{
	size_t mark = k->path.len;
	int rc = mark ? buf_u8(&k->path, '/') : 0;

	if (rc == 0)
		rc = buf_add(&k->path, name);
	if (rc == 0)
		rc = links_in(k, at);
	k->path.len = mark;
	return rc;
}

/* as deep as NODE_DEPTH_MAX at most */
static int links_in(struct links *k, size_t at)
{
	const struct node_step *s = &k->nd->step[at];
	char digits[16];
	uint32_t i;
	int rc = 0;

	if (s->kind == NODE_LINK)
		return tell_link(k, at);
	if (s->kind != NODE_LIST && s->kind != NODE_MAP)
		return 0;
	for (at++, i = 0; rc == 0 && i < s->n; i++) {
		if (s->kind == NODE_MAP) {
			rc = links_below(k, node_span(k->nd, at), at + 1);
			at++;
		} else if (k->nd->step[at].kind >= NODE_LINK) {
			rc = links_below(k, span_of(digits, (size_t)snprintf(digits, sizeof digits,
									     "%u", i)), at);
		}
		at = node_next(k->nd, at);
	}
	return rc;
}

static int pb_links_of(struct dag_source *src, struct value *v, struct links *k)
{
	struct ops_dag_link l = { .has_tsize = 1 };
	struct pb_node pb;
	struct pb_iter it;
	struct pb_link link;
	struct cid cid;
	int rc = dag_get(src, &v->place.cid, &v->block);

	if (rc == 0)
		rc = pb_decode(buf_span(&v->block), &pb);
	if (rc < 0)
		return rc;
	it = pb_links(&pb);
	l.cid = &cid;
	while (rc == 0 && pb_next(&it, &link)) {
		rc = cid_decode(link.hash, &cid);
		l.name = link.name;
		l.tsize = link.tsize;
		if (rc == 0)
			rc = k->fn(k->arg, &l);
	}
	return rc;
}

int ops_dag_links(struct dag_source *src, const char *path,
		  int (*fn)(void *arg, const struct ops_dag_link *l), void *arg)
{
	struct value v = { .block = BUF_INIT(DAG_BLOCK_MAX) };
	struct links k = { .nd = &v.nd, .path = BUF_INIT(LINK_PATH_MAX), .fn = fn, .arg = arg };
	int rc = ops_place_from(src, path, &v.place);

	if (rc == 0 && v.place.cid.codec == CID_DAG_PB && !*v.place.rest)
		rc = pb_links_of(src, &v, &k);
	else if (rc == 0 && (rc = value_read(src, &v)) == 0)
		rc = links_in(&k, v.at);
	buf_clear(&k.path);
	value_clear(&v);
	return rc;
}
