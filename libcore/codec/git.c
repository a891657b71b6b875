/*
 * git.c - git objects: the header, blobs and trees, and the row of the table.
 * A blob is one value of bytes, header and all, because Kubo made it so.
 */
#include "base/err.h"
#include "git_priv.h"

const uint8_t git_cid_head[4] = { 0x01, CID_GIT_RAW, MH_SHA1, GIT_SHA_LEN };

int git_bad(const struct git_rd *r, const uint8_t *where, const char *rule)
{
	return err_set(ERR_INVALID, "git-raw, offset %zu: %s", (size_t)(where - r->start), rule);
}

/* ---- header ---- */

/* the decimal number in front of the NUL; -1: there is none */
static int64_t read_size(struct git_rd *r)
{
	const uint8_t *first = r->p;
	int64_t n = 0;

	for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++) {
		if (n > (INT64_MAX - 9) / 10)
			return -1;
		n = n * 10 + (*r->p - '0');
	}
	if (r->p == first || (*first == '0' && r->p > first + 1) || r->p == r->end || *r->p != 0)
		return -1;
	r->p++;
	return n;
}

int git_header(struct git_rd *r, enum git_kind *kind)
{
	static const char *const names[] = { "blob ", "tree ", "commit ", "tag " };
	size_t left = (size_t)(r->end - r->p), n;
	int64_t size;
	int k;

	for (k = GIT_BLOB; k <= GIT_TAG; k++) {
		n = strlen(names[k]);
		if (left >= n && memcmp(r->p, names[k], n) == 0)
			break;
	}
	if (k > GIT_TAG)
		return git_bad(r, r->p, "no kind of object (blob, tree, commit, tag)");
	r->p += strlen(names[k]);
	size = read_size(r);
	if (size < 0)
		return git_bad(r, r->p, "no size of the object, or no NUL behind it");
	if (size != r->end - r->p)
		return err_set(ERR_INVALID, "git-raw, offset %zu: %zu bytes where the header says %lld",
			       (size_t)(r->p - r->start), (size_t)(r->end - r->p), (long long)size);
	*kind = (enum git_kind)k;
	return 0;
}

/* ---- trees ---- */

int git_entry(struct git_rd *r, struct git_entry *e)
{
	const uint8_t *p = r->p, *name;

	if (p == r->end)
		return 0;
	while (p < r->end && *p >= '0' && *p <= '7')
		p++;
	if (p == r->p || p == r->end || *p != ' ')
		return git_bad(r, p, "a mode of a tree entry that is not octal");
	e->mode = span_of(r->p, (size_t)(p - r->p));
	name = p + 1;
	p = memchr(name, 0, (size_t)(r->end - name));
	if (!p)
		return git_bad(r, name, "a name of a tree entry without end");
	if (p == name)
		return git_bad(r, name, "a tree entry without a name");
	e->name = span_of(name, (size_t)(p - name));
	if (r->end - p < 1 + GIT_SHA_LEN)
		return git_bad(r, p, "an id of a tree entry that is cut short");
	e->sha = p + 1;
	r->p = p + 1 + GIT_SHA_LEN;
	return 1;
}

int git_put_link(struct node *nd, const uint8_t *sha)
{
	uint8_t *own = node_room(nd, GIT_CID_LEN);

	if (!own)
		return ERR_NOMEM;
	memcpy(own, git_cid_head, sizeof git_cid_head);
	memcpy(own + sizeof git_cid_head, sha, GIT_SHA_LEN);
	return node_add(nd, NODE_LINK, span_of(own, GIT_CID_LEN));
}

static int put_entry(struct node *nd, const struct git_entry *e)
{
	size_t at;
	int rc = node_add(nd, NODE_STRING, e->name);

	if (rc == 0)
		rc = node_open(nd, NODE_MAP, &at);
	if (rc == 0)
		rc = node_add(nd, NODE_STRING, span_str("mode"));
	if (rc == 0)
		rc = node_add(nd, NODE_STRING, e->mode);
	if (rc == 0)
		rc = node_add(nd, NODE_STRING, span_str("hash"));
	if (rc == 0)
		rc = git_put_link(nd, e->sha);
	return rc < 0 ? rc : node_close(nd, at);
}

static int tree_node(struct git_rd *r, struct node *nd)
{
	struct keys keys = KEYS_INIT;
	struct git_entry e;
	size_t at;
	int rc = node_open(nd, NODE_MAP, &at), more = 0;

	while (rc == 0 && (more = git_entry(r, &e)) > 0)
		rc = put_entry(nd, &e);
	if (rc == 0)
		rc = more < 0 ? more : node_close(nd, at);
	if (rc < 0)
		return rc;
	rc = keys_push(&keys, nd, at);
	keys_clear(&keys);
	if (rc == 0)
		return git_bad(r, r->p, "a tree has the same name twice");
	return rc < 0 ? rc : 0;
}

/* ---- the codec ---- */

int git_decode(struct span block, int flags, struct node *nd)
{
	struct git_rd r = { block.p, block.p + block.len, block.p };
	enum git_kind kind;
	int rc = git_header(&r, &kind);

	(void)flags;			/* there is one way to write an object */
	if (rc < 0)
		return rc;
	switch (kind) {
	case GIT_BLOB: return node_add(nd, NODE_BYTES, block);
	case GIT_TREE: return tree_node(&r, nd);
	case GIT_COMMIT: return git_commit_node(&r, nd);
	case GIT_TAG: break;
	}
	return git_tag_node(&r, nd);
}

/* The node of an object is hardly more than its links: a tree has one for each entry, a blob is one step. */
static int node_links(const struct node *nd, struct listener to)
{
	struct cid cid;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && to.link && i < nd->n; i++)
		if (nd->step[i].kind == NODE_LINK) {
			rc = cid_decode(node_span(nd, i), &cid);
			if (rc == 0)
				rc = to.link(to.arg, &cid, span_of(NULL, 0));
		}
	return rc;
}

static int git_links(struct span block, int flags, struct listener to)
{
	struct node nd = NODE_INIT;
	int rc = git_decode(block, flags, &nd);

	if (rc == 0)
		rc = node_links(&nd, to);
	node_clear(&nd);
	return rc;
}

const struct codec codec_git_raw = { CID_GIT_RAW, git_decode, git_encode, git_links };
