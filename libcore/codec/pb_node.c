/*
 * pb_node.c - dag-pb in the data model: { "Data": bytes, "Links": [ { "Hash", "Name", "Tsize" } ] }.
 * What is absent in the block is absent in the node, and the other way round.
 * Spec: ipld/ipld specs/codecs/dag-pb/spec.md, "Logical format".
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/rd.h"
#include "codec_priv.h"

enum { TAG_DATA = 0x0a, TAG_LINK = 0x12, TAG_HASH = 0x0a, TAG_NAME = 0x12, TAG_TSIZE = 0x18 };

/* A link, and which of its fields are there. */
struct link {
	struct span hash, name;
	uint64_t tsize;
	uint8_t has_name, has_tsize;
	size_t i;			/* its place in the list */
};

static size_t field_len(size_t len)
{
	return 1 + varint_len(len) + len;
}

static size_t link_len(const struct link *k)
{
	return field_len(k->hash.len) + (k->has_name ? field_len(k->name.len) : 0) +
	       (k->has_tsize ? 1 + varint_len(k->tsize) : 0);
}

/* ---- reading ---- */

static int put_text(struct node *nd, const char *key, enum node_kind kind, struct span s)
{
	int rc = node_add(nd, NODE_STRING, span_str(key));

	return rc < 0 ? rc : node_add(nd, kind, s);
}

static int put_link(struct node *nd, const struct link *k)
{
	size_t at;
	int rc = node_open(nd, NODE_MAP, &at);

	if (rc == 0)
		rc = put_text(nd, "Hash", NODE_LINK, k->hash);
	if (rc == 0 && k->has_name)
		rc = put_text(nd, "Name", NODE_STRING, k->name);
	if (rc == 0 && k->has_tsize) {
		rc = node_add(nd, NODE_STRING, span_str("Tsize"));
		if (rc == 0)
			rc = node_uint(nd, k->tsize);
	}
	return rc < 0 ? rc : node_close(nd, at);
}

/* the body of a link in which pb_decode found nothing wrong */
static struct link read_link(struct span body)
{
	struct rd r = rd_from(body);
	struct link k = { .tsize = 0 };

	while (r.left > 0)
		switch (rd_varint(&r)) {
		case TAG_HASH:
			k.hash = rd_bytes(&r, rd_varint(&r));
			break;
		case TAG_NAME:
			k.name = rd_bytes(&r, rd_varint(&r));
			k.has_name = 1;
			break;
		default:
			k.tsize = rd_varint(&r);
			k.has_tsize = 1;
		}
	return k;
}

/* The list of links of a block in which pb_decode found nothing wrong.  Strict: every varint has the
 * shortest form, which shows in the lengths. */
static int put_links(struct span block, int strict, struct node *nd)
{
	struct rd r = rd_from(block);
	const uint8_t *start;
	struct span body;
	struct link k;
	uint64_t tag;
	size_t at;
	int rc = node_open(nd, NODE_LIST, &at);

	while (rc == 0 && r.left > 0) {
		start = r.p;
		tag = rd_varint(&r);
		body = rd_bytes(&r, rd_varint(&r));
		if (tag == TAG_LINK)
			k = read_link(body);
		if (strict && ((size_t)(r.p - start) != field_len(body.len) ||
			       (tag == TAG_LINK && body.len != link_len(&k))))
			return err_set(ERR_INVALID, "dag-pb, offset %zu: a varint that is not minimal",
				       (size_t)(start - block.p));
		if (tag == TAG_LINK)
			rc = put_link(nd, &k);
	}
	return rc < 0 ? rc : node_close(nd, at);
}

/* Links, then Data, wherever they stand in the block: the order of the schema, in which Kubo hands the fields to
 * codecs that do not sort. */
static int pb_node_decode(struct span block, int flags, struct node *nd)
{
	struct pb_node node;
	size_t at;
	int rc = pb_decode(block, &node);

	if (rc == 0)
		rc = node_open(nd, NODE_MAP, &at);
	if (rc < 0)
		return rc;
	rc = node_add(nd, NODE_STRING, span_str("Links"));
	if (rc == 0)
		rc = put_links(block, flags & CODEC_STRICT, nd);
	if (rc == 0 && node.has_data)
		rc = put_text(nd, "Data", NODE_BYTES, node.data);
	return rc < 0 ? rc : node_close(nd, at);
}

static int pb_block_links(struct span block, int flags, struct listener to)
{
	struct pb_node node;
	struct pb_link l;
	struct pb_iter it;
	struct node nd = NODE_INIT;
	struct cid cid;
	int rc = pb_decode(block, &node);

	if (rc == 0 && flags & CODEC_STRICT) {
		rc = put_links(block, 1, &nd);
		node_clear(&nd);
	}
	if (rc < 0 || !to.link)
		return rc;
	for (it = pb_links(&node); pb_next(&it, &l); ) {
		rc = cid_decode(l.hash, &cid);
		if (rc == 0)
			rc = to.link(to.arg, &cid, l.name);
		if (rc)
			return rc;
	}
	return 0;
}

/* ---- writing ---- */

/* what dag-pb cannot hold */
#define refuse(...) err_add(err_set(ERR_INVALID, __VA_ARGS__), "not a dag-pb node")

/*
 * fields_of - the values of a map with these keys and no others; step 0, which is never a value, stands
 * for one that is absent.
 */
static int fields_of(const struct node *nd, size_t at, const char *what, const char *const *keys, int n_keys,
		     size_t *value)
{
	size_t i;
	int k;

	if (nd->step[at].kind != NODE_MAP)
		return refuse("%s is a %s, not a map", what, node_kind_name(nd->step[at].kind));
	for (k = 0; k < n_keys; k++)
		value[k] = 0;
	for (i = at + 1; i < nd->step[at].end; i = node_next(nd, i + 1)) {
		struct span key = node_span(nd, i);

		for (k = 0; k < n_keys && !span_equal(key, span_str(keys[k])); k++)
			;
		if (k == n_keys)
			return refuse("%s has a field '%.*s'", what, (int)(key.len < 100 ? key.len : 100),
				      (const char *)key.p);
		if (value[k])
			return refuse("%s has its field '%s' twice", what, keys[k]);
		value[k] = i + 1;
	}
	return 0;
}

static int expect(const struct node *nd, size_t at, const char *field, enum node_kind kind)
{
	if (nd->step[at].kind != kind)
		return refuse("%s is a %s, not a %s", field, node_kind_name(nd->step[at].kind),
			      node_kind_name(kind));
	return 0;
}

static int link_of(const struct node *nd, size_t at, struct link *k)
{
	static const char *const keys[] = { "Hash", "Name", "Tsize" };
	size_t v[3];
	int rc = fields_of(nd, at, "a link", keys, 3, v);

	if (rc < 0)
		return rc;
	if (!v[0])
		return refuse("a link has no Hash");
	rc = expect(nd, v[0], "Hash", NODE_LINK);
	if (rc == 0 && v[1])
		rc = expect(nd, v[1], "Name", NODE_STRING);
	if (rc == 0 && v[2])
		rc = expect(nd, v[2], "Tsize", NODE_INT);
	if (rc < 0)
		return rc;
	k->hash = node_span(nd, v[0]);
	k->has_name = v[1] != 0;
	k->name = v[1] ? node_span(nd, v[1]) : span_of(NULL, 0);
	if (!utf8_valid(k->name))
		return refuse("Name is not UTF-8");
	k->has_tsize = v[2] != 0;
	k->tsize = v[2] ? nd->step[v[2]].u : 0;
	if (v[2] && nd->step[v[2]].neg)
		return refuse("Tsize is negative");
	if (k->tsize > INT64_MAX)
		return refuse("Tsize %" PRIu64 " is too large", k->tsize);
	return 0;
}

/* by name; links of one name, or of none, keep their order */
static int by_name(const void *a, const void *b)
{
	const struct link *x = a, *y = b;
	int c = span_cmp(x->name, y->name);

	return c ? c : (x->i > y->i) - (x->i < y->i);
}

static int links_of(const struct node *nd, size_t list, struct link *links)
{
	size_t i, n = 0;
	int sorted = 1, rc;

	for (i = list + 1; i < nd->step[list].end; i = node_next(nd, i)) {
		rc = link_of(nd, i, &links[n]);
		if (rc < 0)
			return rc;
		links[n].i = n;
		sorted = sorted && (n == 0 || by_name(&links[n - 1], &links[n]) < 0);
		n++;
	}
	if (!sorted)			/* silently, as Go does */
		qsort(links, n, sizeof *links, by_name);
	return 0;
}

static int write_link(struct buf *out, const struct link *k)
{
	size_t len = link_len(k);
	int rc = buf_reserve(out, field_len(len));

	if (rc < 0)
		return rc;
	/* there is room: none of these can fail */
	buf_u8(out, TAG_LINK);
	buf_varint(out, len);
	buf_u8(out, TAG_HASH);
	buf_varint(out, k->hash.len);
	buf_add(out, k->hash);
	if (k->has_name) {
		buf_u8(out, TAG_NAME);
		buf_varint(out, k->name.len);
		buf_add(out, k->name);
	}
	if (k->has_tsize) {
		buf_u8(out, TAG_TSIZE);
		buf_varint(out, k->tsize);
	}
	return 0;
}

static int write_links(const struct node *nd, size_t list, struct buf *out)
{
	size_t n = nd->step[list].n, i;
	struct link *links = calloc(n + 1, sizeof *links);
	int rc;

	if (!links)
		return err_nomem();
	rc = links_of(nd, list, links);
	for (i = 0; rc == 0 && i < n; i++)
		rc = write_link(out, &links[i]);
	free(links);
	return rc;
}

static int pb_node_encode(const struct node *nd, size_t at, struct buf *out)
{
	static const char *const keys[] = { "Data", "Links" };
	size_t v[2];
	int rc = fields_of(nd, at, "it", keys, 2, v);

	if (rc < 0)
		return rc;
	if (!v[1])
		return refuse("it has no Links");
	rc = expect(nd, v[1], "Links", NODE_LIST);
	if (rc == 0 && v[0])
		rc = expect(nd, v[0], "Data", NODE_BYTES);
	if (rc == 0)
		rc = write_links(nd, v[1], out);
	if (rc == 0 && v[0])
		rc = pb_put_data(out, node_span(nd, v[0]));
	return rc;
}

const struct codec codec_dag_pb = { CID_DAG_PB, pb_node_decode, pb_node_encode, pb_block_links };
