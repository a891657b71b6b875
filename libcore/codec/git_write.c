/*
 * git_write.c - nodes as git objects.
 * Which kind it is shows in the node: bytes are a blob, a map with a link "tree" a commit, one with a link
 * "object" a tag, any other a tree.  What was written is read back and compared, so that nothing that git
 * cannot hold is lost in silence.
 */
#include <stdlib.h>

#include "base/err.h"
#include "git_priv.h"

#define refuse(...) err_add(err_set(ERR_INVALID, __VA_ARGS__), "not a git object")

/* ---- fields ---- */

/* a field that is there and not null */
static int field(const struct node *nd, size_t at, const char *key, size_t *value)
{
	return node_field(nd, at, span_str(key), value) && nd->step[*value].kind != NODE_NULL;
}

/* the text of a field, empty when there is none */
static int text_of(const struct node *nd, size_t at, const char *key, struct span *text)
{
	size_t v;

	*text = span_of(NULL, 0);
	if (!field(nd, at, key, &v))
		return 0;
	if (nd->step[v].kind != NODE_STRING)
		return refuse("'%s' is not a string", key);
	*text = node_span(nd, v);
	return 0;
}

static int put_parts(struct buf *out, const struct span *part, int n)
{
	int rc = 0, i;

	for (i = 0; rc == 0 && i < n; i++)
		rc = buf_add(out, part[i]);
	return rc;
}

static int put_line(struct buf *out, const char *prefix, struct span text)
{
	return put_parts(out, (struct span[]){ span_str(prefix), text, span_str("\n") }, 3);
}

/* a line with a text field; nothing when there is no such field */
static int put_text(struct buf *out, const char *prefix, const struct node *nd, size_t at, const char *key)
{
	struct span text;
	size_t v;
	int rc = text_of(nd, at, key, &text);

	return rc < 0 || !field(nd, at, key, &v) ? rc : put_line(out, prefix, text);
}

/* the 20 bytes of the id a link holds */
static int sha_of(const struct node *nd, size_t at, const uint8_t **sha)
{
	struct span cid = node_span(nd, at);

	if (nd->step[at].kind != NODE_LINK || cid.len != GIT_CID_LEN ||
	    memcmp(cid.p, git_cid_head, sizeof git_cid_head) != 0)
		return refuse("a link that is not the CID of a git object");
	*sha = cid.p + sizeof git_cid_head;
	return 0;
}

static int put_id(struct buf *out, const char *prefix, const struct node *nd, size_t at)
{
	char hex[2 * GIT_SHA_LEN + 1];
	const uint8_t *sha;
	int rc = sha_of(nd, at, &sha), i;

	if (rc < 0)
		return rc;
	for (i = 0; i < GIT_SHA_LEN; i++) {
		hex[2 * i] = "0123456789abcdef"[sha[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[sha[i] & 15];
	}
	return put_line(out, prefix, span_of(hex, 2 * GIT_SHA_LEN));
}

/* "NAME <EMAIL> DATE TIMEZONE"; nothing for nobody */
static int put_person(struct buf *out, const char *prefix, const struct node *nd, size_t at, const char *key)
{
	struct span name, email, date, zone;
	size_t v;
	int rc;

	if (!field(nd, at, key, &v))
		return 0;
	if (nd->step[v].kind != NODE_MAP)
		return refuse("'%s' is not a map", key);
	rc = text_of(nd, v, "name", &name);
	if (rc == 0)
		rc = text_of(nd, v, "email", &email);
	if (rc == 0)
		rc = text_of(nd, v, "date", &date);
	if (rc == 0)
		rc = text_of(nd, v, "timezone", &zone);
	if (rc < 0 || name.len + email.len + date.len + zone.len == 0)
		return rc;
	rc = put_parts(out, (struct span[]){ span_str(prefix), name, span_str(" <"), email, span_str(">") }, 5);
	if (rc == 0 && date.len + zone.len > 0)
		rc = put_parts(out, (struct span[]){ span_str(" "), date }, 2);
	if (rc == 0 && zone.len > 0)
		rc = put_parts(out, (struct span[]){ span_str(" "), zone }, 2);
	return rc < 0 ? rc : buf_u8(out, '\n');
}

/* call put for every entry of a list field */
static int put_list(struct buf *out, const struct node *nd, size_t at, const char *key,
		    int (*put)(struct buf *out, const struct node *nd, size_t at))
{
	size_t list, i;
	int rc = 0;

	if (!field(nd, at, key, &list))
		return 0;
	if (nd->step[list].kind != NODE_LIST)
		return refuse("'%s' is not a list", key);
	for (i = list + 1; rc == 0 && i < nd->step[list].end; i = node_next(nd, i))
		rc = put(out, nd, i);
	return rc;
}

/* ---- commits and tags ---- */

static int put_parent(struct buf *out, const struct node *nd, size_t at)
{
	return put_id(out, "parent ", nd, at);
}

static int put_other(struct buf *out, const struct node *nd, size_t at)
{
	if (nd->step[at].kind != NODE_STRING)
		return refuse("a line of 'other' that is not a string");
	return put_line(out, "", node_span(nd, at));
}

static int put_message(struct buf *out, const struct node *nd, size_t at)
{
	struct span text;
	int rc = text_of(nd, at, "message", &text);

	return rc < 0 ? rc : buf_add(out, text);
}

static int put_mergetag(struct buf *out, const struct node *nd, size_t at)
{
	size_t object;
	int rc;

	if (!field(nd, at, "object", &object))
		return refuse("a mergetag without an object");
	rc = put_id(out, "mergetag object ", nd, object);
	if (rc == 0)
		rc = put_text(out, " type ", nd, at, "type");
	if (rc == 0)
		rc = put_text(out, " tag ", nd, at, "tag");
	if (rc == 0)
		rc = put_person(out, " tagger ", nd, at, "tagger");
	if (rc == 0)
		rc = buf_str(out, " \n");
	return rc < 0 ? rc : put_message(out, nd, at);
}

static int put_signature(struct buf *out, const struct node *nd, size_t at)
{
	struct span text;
	size_t v;
	int rc = text_of(nd, at, "signature", &text);

	if (rc < 0 || !field(nd, at, "signature", &v))
		return rc;
	rc = buf_str(out, "gpgsig -----BEGIN PGP SIGNATURE-----\n");
	if (rc == 0)
		rc = buf_add(out, text);
	return rc < 0 ? rc : buf_str(out, " -----END PGP SIGNATURE-----\n");
}

static int put_commit(struct buf *out, const struct node *nd, size_t at)
{
	size_t tree;
	int rc = field(nd, at, "tree", &tree) ? put_id(out, "tree ", nd, tree) : 0;

	if (rc == 0)
		rc = put_list(out, nd, at, "parents", put_parent);
	if (rc == 0)
		rc = put_person(out, "author ", nd, at, "author");
	if (rc == 0)
		rc = put_person(out, "committer ", nd, at, "committer");
	if (rc == 0)
		rc = put_text(out, "encoding ", nd, at, "encoding");
	if (rc == 0)
		rc = put_list(out, nd, at, "mergetag", put_mergetag);
	if (rc == 0)
		rc = put_signature(out, nd, at);
	if (rc == 0)
		rc = put_list(out, nd, at, "other", put_other);
	if (rc == 0)
		rc = buf_u8(out, '\n');
	return rc < 0 ? rc : put_message(out, nd, at);
}

static int put_tag(struct buf *out, const struct node *nd, size_t at)
{
	size_t object;
	int rc = field(nd, at, "object", &object) ? put_id(out, "object ", nd, object) : 0;

	if (rc == 0)
		rc = put_text(out, "type ", nd, at, "type");
	if (rc == 0)
		rc = put_text(out, "tag ", nd, at, "tag");
	if (rc == 0)
		rc = put_person(out, "tagger ", nd, at, "tagger");
	if (rc == 0)
		rc = buf_u8(out, '\n');
	return rc < 0 ? rc : put_message(out, nd, at);
}

/* ---- trees ---- */

struct entry {
	struct span mode, name;
	const uint8_t *sha;
};

static int is_folder(struct span mode)
{
	unsigned long m = 0;
	size_t i;

	for (i = 0; i < mode.len; i++)
		m = m << 3 | (unsigned)(mode.p[i] - '0');
	return (m & 0170000) == 0040000;
}

/* git compares names as if those of folders ended in a slash */
static int by_git_order(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	size_t n = x->name.len < y->name.len ? x->name.len : y->name.len;
	int c = n ? memcmp(x->name.p, y->name.p, n) : 0, cx, cy;

	if (c)
		return c;
	cx = x->name.len > n ? x->name.p[n] : is_folder(x->mode) ? '/' : 0;
	cy = y->name.len > n ? y->name.p[n] : is_folder(y->mode) ? '/' : 0;
	return cx - cy;
}

static int entry_of(const struct node *nd, size_t key, struct entry *e)
{
	size_t hash, i;
	int rc;

	e->name = node_span(nd, key);
	if (nd->step[key + 1].kind != NODE_MAP || nd->step[key + 1].n != 2 ||
	    !field(nd, key + 1, "mode", &i) || !field(nd, key + 1, "hash", &hash))
		return refuse("a tree entry that is not a map of 'mode' and 'hash'");
	rc = text_of(nd, key + 1, "mode", &e->mode);
	if (rc == 0)
		rc = sha_of(nd, hash, &e->sha);
	if (rc < 0)
		return rc;
	if (e->name.len == 0 || memchr(e->name.p, 0, e->name.len))
		return refuse("a tree entry whose name is empty or holds a NUL");
	for (i = 0; i < e->mode.len && e->mode.p[i] >= '0' && e->mode.p[i] <= '7'; i++)
		;
	if (i == 0 || i < e->mode.len)
		return refuse("a tree entry whose mode is not octal");
	return 0;
}

/* the entries of a map of names, none of them twice */
static int entries_of(const struct node *nd, size_t at, struct entry *e)
{
	struct keys keys = KEYS_INIT;
	size_t i, n = 0;
	int rc = 0;

	for (i = at + 1; rc == 0 && i < nd->step[at].end; i = node_next(nd, i + 1))
		rc = entry_of(nd, i, &e[n++]);
	if (rc < 0)
		return rc;
	rc = keys_push(&keys, nd, at);
	keys_clear(&keys);
	return rc == 0 ? refuse("a tree with the same name twice") : rc < 0 ? rc : 0;
}

static int put_tree(struct buf *out, const struct node *nd, size_t at)
{
	size_t n = nd->step[at].n, i;
	struct entry *e = calloc(n + 1, sizeof *e);
	int rc = e ? entries_of(nd, at, e) : err_nomem(), sorted = 1;

	for (i = 1; rc == 0 && sorted && i < n; i++)
		sorted = by_git_order(&e[i - 1], &e[i]) < 0;
	if (rc == 0 && !sorted)
		qsort(e, n, sizeof *e, by_git_order);
	for (i = 0; rc == 0 && i < n; i++)
		rc = put_parts(out, (struct span[]){ e[i].mode, span_str(" "), e[i].name, span_of("", 1),
						     span_of(e[i].sha, GIT_SHA_LEN) }, 5);
	free(e);
	return rc;
}

/* ---- does it read back? ---- */

/* What a reader shows for a field that is not there: null, and lists, texts and persons of nothing. */
static int empty(const struct node *nd, size_t at)
{
	size_t i;

	for (i = at; i < node_next(nd, at); i++)
		if (nd->step[i].kind != NODE_NULL && nd->step[i].kind != NODE_MAP && nd->step[i].n != 0) {
			/* keys of a person are no content */
			if (nd->step[at].kind == NODE_MAP && (i - at) % 2 == 1)
				continue;
			return 0;
		}
	return 1;
}

/* Is the value at `bt`, read back, what was at `at`?  Its depth is that of a commit. */
static int same(const struct node *a, size_t at, const struct node *b, size_t bt)
{
	const struct node_step *x = &a->step[at], *y = &b->step[bt];
	size_t i, j, v;

	if (x->kind == NODE_NULL)
		return empty(b, bt);
	if (x->kind != y->kind)
		return 0;
	if (x->kind < NODE_LIST)
		return node_equal(a, at, b, bt);
	if (x->kind == NODE_LIST) {
		if (x->n != y->n)
			return 0;
		for (i = at + 1, j = bt + 1; i < x->end; i = node_next(a, i), j = node_next(b, j))
			if (!same(a, i, b, j))
				return 0;
		return 1;
	}
	for (i = at + 1; i < x->end; i = node_next(a, i + 1))
		if (!node_field(b, bt, node_span(a, i), &v))
			return 0;
	for (j = bt + 1; j < y->end; j = node_next(b, j + 1))
		if (node_field(a, at, node_span(b, j), &v) ? !same(a, v, b, j + 1) : !empty(b, j + 1))
			return 0;
	return 1;
}

static int check(const struct node *nd, size_t at, struct span block)
{
	struct node back = NODE_INIT;
	int rc = git_decode(block, 0, &back);

	if (rc == 0 && !same(nd, at, &back, 0))
		rc = refuse("a field is missing, not known, or holds what its line cannot");
	else if (rc == ERR_INVALID)
		rc = err_add(rc, "not a git object");
	node_clear(&back);
	return rc;
}

/* ---- all kinds ---- */

static int is_link(const struct node *nd, size_t at, const char *key)
{
	size_t v;

	return field(nd, at, key, &v) && nd->step[v].kind == NODE_LINK;
}

static int put_blob(const struct node *nd, size_t at, struct buf *out)
{
	struct span block = node_span(nd, at);
	struct git_rd r = { block.p, block.p + block.len, block.p };
	enum git_kind kind;

	if (git_header(&r, &kind) < 0 || kind != GIT_BLOB)
		return refuse("bytes that do not begin with the header of a blob");
	return buf_add(out, block);
}

int git_encode(const struct node *nd, size_t at, struct buf *out)
{
	struct buf body = BUF_INIT(out->max);
	size_t start = out->len;
	int commit = is_link(nd, at, "tree"), tag = !commit && is_link(nd, at, "object"), rc;

	if (nd->step[at].kind == NODE_BYTES)
		return put_blob(nd, at, out);
	if (nd->step[at].kind != NODE_MAP)
		return refuse("a %s", node_kind_name(nd->step[at].kind));
	rc = commit ? put_commit(&body, nd, at) : tag ? put_tag(&body, nd, at) : put_tree(&body, nd, at);
	if (rc == 0)
		rc = buf_printf(out, "%s %zu", commit ? "commit" : tag ? "tag" : "tree", body.len);
	if (rc == 0)
		rc = buf_u8(out, 0);
	if (rc == 0)
		rc = buf_add(out, buf_span(&body));
	if (rc == 0 && (commit || tag))		/* a tree was checked entry by entry */
		rc = check(nd, at, span_of(out->data + start, out->len - start));
	buf_clear(&body);
	return rc;
}
