/* patch.c - links of dag-pb nodes, one more or less */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ops/patch.h"
#include "unixfs/unixfs.h"

enum { NAMES_MAX = DAG_DEPTH_MAX };

struct patch {
	struct store *st;
	struct dag_source *src;
	const struct ops_patch *o;
	const struct cid *to;		/* NULL: the link goes */
};

/* ---- what may be changed ---- */

static const char *says(const struct patch *p, const char *add, const char *rm)
{
	return p->to ? add : rm;
}

static int check(const struct patch *p, const struct pb_node *nd)
{
	struct unixfs_data d;

	if (p->o->any)
		return 0;
	if (!nd->has_data || unixfs_decode(nd->data, &d) < 0)
		return err_set(ERR_INVALID, "cannot %s a non-UnixFS dag-pb node; pass --allow-non-unixfs to skip validation",
			       says(p, "add named links to", "remove links from"));
	if (d.type == UNIXFS_HAMT)
		return err_set(ERR_INVALID, "cannot %s a HAMTShard at the dag-pb level (would corrupt the HAMT bitfield); "
			       "use 'ipfs files%s instead, or pass --allow-non-unixfs to override",
			       says(p, "add links to", "remove links from"), says(p, "' commands", " rm'"));
	if (d.type != UNIXFS_DIRECTORY)
		return err_set(ERR_INVALID, "cannot %s a UnixFS %s node, only Directory nodes support link %s at the dag-pb "
			       "level (see https://specs.ipfs.tech/unixfs/)",
			       says(p, "add named links to", "remove links from"),
			       d.type == UNIXFS_SYMLINK ? "Symlink" : d.type == UNIXFS_RAW ? "Raw" :
			       d.type == UNIXFS_METADATA ? "Metadata" : "File", says(p, "addition", "removal"));
	return 0;
}

/* ---- one node ---- */

/* what a link says of the size of all that is below it */
static int tsize(const struct patch *p, const struct cid *cid, uint64_t *size)
{
	struct unixfs_stat s;
	struct buf block = BUF_INIT(STORE_BLOCK_MAX);
	struct pb_node nd;
	struct pb_link l;
	struct pb_iter it;
	int rc;

	if (cid->codec != CID_DAG_PB)
		return unixfs_stat(p->src, cid, &s) == 0 ? (*size = s.cumulative, 0) : dag_size(p->src, cid, size);
	rc = dag_get(p->src, cid, &block);
	if (rc == 0)
		rc = pb_decode(buf_span(&block), &nd);
	if (rc == 0) {
		*size = block.len;
		for (it = pb_links(&nd); pb_next(&it, &l); )
			*size += l.tsize;
	}
	buf_clear(&block);
	return rc;
}

struct named {
	struct pb_link l;
	size_t i;			/* links of one name stay in their order */
};

static int by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int d = span_cmp(x->l.name, y->l.name);

	return d ? d : x->i < y->i ? -1 : x->i > y->i;
}

static int encode(const struct pb_node *nd, struct named *links, size_t n, struct buf *out)
{
	size_t i;
	int rc = 0;

	qsort(links, n, sizeof *links, by_name);
	for (i = 0; rc == 0 && i < n; i++)
		rc = pb_put_link(out, links[i].l.hash, links[i].l.name, links[i].l.tsize);
	return rc == 0 && nd->has_data ? pb_put_data(out, nd->data) : rc;
}

/* the node without the links called `name`, and with `to` with one.  *had: there was one. */
static int rewrite(const struct pb_node *nd, struct span name, const struct cid *to, uint64_t size, struct buf *out,
		   int *had)
{
	struct named *links = calloc(nd->n_links + 1, sizeof *links);
	struct pb_iter it = pb_links(nd);
	struct pb_link l;
	size_t n = 0;
	int rc;

	*had = 0;
	if (!links)
		return err_nomem();
	while (pb_next(&it, &l)) {
		if (span_equal(l.name, name)) {
			*had = 1;
			continue;
		}
		links[n] = (struct named){ l, n };
		n++;
	}
	if (to) {
		links[n] = (struct named){ { cid_span(to), name, size }, n };
		n++;
	}
	rc = encode(nd, links, n, out);
	free(links);
	return rc;
}

static int put(const struct patch *p, const struct cid *was, const struct buf *block, struct cid *out)
{
	struct span bytes = buf_span(block);
	struct dag_block b = { .cid = out, .parts = { bytes }, .n_parts = 1, .src_fd = -1 };
	struct mh mh;
	int rc;

	if (block->len > BLOCK_MAX && !p->o->allow_big)
		return err_set(ERR_LIMIT, "produced block is over 2MiB: big blocks can't be exchanged with other peers. consider "
			       "using UnixFS for automatic chunking of bigger files, or pass --allow-big-block to override");
	rc = mh_decode(cid_mh(was), &mh);
	if (rc == 0)
		rc = cid_sum(out, was->version, CID_DAG_PB, mh.code, &bytes, 1);
	return rc < 0 ? rc : dag_put(store_sink(p->st), &b);
}

/* node `was` with name leading to `to`, or to nothing */
static int change(const struct patch *p, const struct cid *was, const struct pb_node *nd, struct span name,
		  const struct cid *to, struct cid *out)
{
	struct buf block = BUF_INIT(STORE_BLOCK_MAX);
	uint64_t size = 0;
	int rc = to ? tsize(p, to, &size) : 0, had;

	if (rc == 0)
		rc = rewrite(nd, name, to, size, &block, &had);
	if (rc == 0 && !to && !had)
		rc = err_set(ERR_NOTFOUND, "no link by that name");
	if (rc == 0)
		rc = put(p, was, &block, out);
	buf_clear(&block);
	return rc;
}

/* ---- the way down, and up again ---- */

struct level {
	struct cid cid;
	struct buf block;
	struct pb_node nd;
	struct span name;		/* of the link that is followed, or changed */
};

static int enter(const struct patch *p, struct level *l)
{
	int rc;

	buf_clear(&l->block);
	if (l->cid.codec != CID_DAG_PB)
		return err_set(ERR_INVALID, "expected protobuf dag node");
	l->block = BUF_INIT(STORE_BLOCK_MAX);
	rc = dag_get(p->src, &l->cid, &l->block);
	return rc < 0 ? rc : pb_decode(buf_span(&l->block), &l->nd);
}

static int follow(const struct level *l, struct cid *next)
{
	struct pb_iter it = pb_links(&l->nd);
	struct pb_link link;

	while (pb_next(&it, &link))
		if (span_equal(link.name, l->name))
			return cid_decode(link.hash, next) < 0 ? ERR_INVALID : 1;
	return 0;
}

/* an empty directory, named as the node above it */
static int make_dir(const struct patch *p, struct level *l, const struct cid *like)
{
	static const uint8_t empty[] = { 0x0a, 0x02, 0x08, 0x01 };

	l->block = BUF_INIT(STORE_BLOCK_MAX);
	if (buf_bytes(&l->block, empty, sizeof empty) < 0)
		return err_nomem();
	if (put(p, like, &l->block, &l->cid) < 0)
		return ERR_IO;
	return pb_decode(buf_span(&l->block), &l->nd);
}

static int split(const char *path, struct level *level, int *n)
{
	const char *slash;

	for (*n = 0; ; path = slash + 1) {
		if (*n == NAMES_MAX)
			return err_set(ERR_LIMIT, "a path of more than %d names", NAMES_MAX);
		slash = strchr(path, '/');
		level[(*n)++].name = span_of(path, slash ? (size_t)(slash - path) : strlen(path));
		if (!slash)
			return 0;
	}
}

static int down(const struct patch *p, struct level *level, int n)
{
	int i, rc;

	rc = enter(p, &level[0]);
	if (rc == 0)
		rc = check(p, &level[0].nd);
	for (i = 1; rc == 0 && i < n; i++) {
		rc = follow(&level[i - 1], &level[i].cid);
		buf_clear(&level[i - 1].block);		/* it is read again on the way up */
		if (rc == 1)
			rc = enter(p, &level[i]);
		else if (rc == 0 && p->o->create && p->to)
			rc = make_dir(p, &level[i], &level[0].cid);
		else if (rc == 0)
			rc = err_set(ERR_NOTFOUND, "no link by that name");
	}
	return rc;
}

static int up(const struct patch *p, struct level *level, int n, struct cid *out)
{
	struct cid child;
	int i, rc = change(p, &level[n - 1].cid, &level[n - 1].nd, level[n - 1].name, p->to, out);

	for (i = n - 2; rc == 0 && i >= 0; i--) {
		child = *out;
		rc = enter(p, &level[i]);
		if (rc == 0)
			rc = change(p, &level[i].cid, &level[i].nd, level[i].name, &child, out);
		buf_clear(&level[i].block);
	}
	return rc;
}

static int patch(const struct patch *p, const struct cid *root, const char *path, struct cid *out)
{
	struct level *level = calloc(NAMES_MAX, sizeof *level);
	int n = 0, i, rc;

	if (!level)
		return err_nomem();
	rc = split(path, level, &n);
	level[0].cid = *root;
	if (rc == 0)
		rc = down(p, level, n);
	if (rc == 0 && p->to && !level[n - 1].name.len)
		rc = err_set(ERR_USAGE, "cannot create link with no name");
	if (rc == 0)
		rc = up(p, level, n, out);
	if (rc == 0)
		rc = store_commit(p->st);
	for (i = 0; i < n; i++)
		buf_clear(&level[i].block);
	free(level);
	return rc;
}

int ops_patch_add(struct store *st, struct dag_source *src, const struct cid *root, const char *path,
		  const struct cid *to, const struct ops_patch *o, struct cid *out)
{
	return patch(&(struct patch){ st, src, o, to }, root, path, out);
}

int ops_patch_rm(struct store *st, struct dag_source *src, const struct cid *root, const char *path,
		 const struct ops_patch *o, struct cid *out)
{
	return patch(&(struct patch){ st, src, o, NULL }, root, path, out);
}
