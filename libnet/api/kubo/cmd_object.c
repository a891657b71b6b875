/* cmd_object.c - what Kubo still has of `object`: links of dag-pb nodes, and what differs between two */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "ops/dag.h"
#include "ops/patch.h"
#include "store/store.h"

static int removed(struct call *c)
{
	(void)c;
	return err_set(ERR_UNSUPPORTED, "removed, use 'ipfs dag' or 'ipfs files' instead");
}

/* ---- patch ---- */

static int tell_node(struct call *c, const struct cid *cid)
{
	struct buf json = BUF_INIT(CID_TEXT_MAX + 64), text = BUF_INIT(CID_TEXT_MAX + 2);
	int rc = buf_str(&json, "{");

	if (rc == 0)
		rc = call_cid_field(c, &json, "Hash", cid);
	if (rc == 0)
		rc = buf_str(&json, "}");
	if (rc == 0)
		rc = call_cid(c, cid, &text);
	if (rc == 0)
		rc = buf_str(&text, "\n");
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	buf_clear(&json);
	buf_clear(&text);
	return rc;
}

static int add_link(struct call *c)
{
	struct ops_patch o = { call_bool(c, "allow-non-unixfs"), call_bool(c, "create"), call_bool(c, "allow-big-block") };
	struct cid root, to, out;
	int rc = call_resolve(c, c->arg[0], &root);

	if (rc == 0)
		rc = call_resolve(c, c->arg[2], &to);
	if (rc == 0)
		rc = ops_patch_add(c->st, c->src, &root, c->arg[1], &to, &o, &out);
	return rc == 0 ? tell_node(c, &out) : rc;
}

static int rm_link(struct call *c)
{
	struct ops_patch o = { .any = call_bool(c, "allow-non-unixfs"), .allow_big = call_bool(c, "allow-big-block") };
	struct cid root, out;
	int rc = call_resolve(c, c->arg[0], &root);

	if (rc == 0)
		rc = ops_patch_rm(c->st, c->src, &root, c->arg[1], &o, &out);
	return rc == 0 ? tell_node(c, &out) : rc;
}

/* ---- diff ---- */

struct changes {
	struct call *c;
	struct buf json, text;
	int rc;
};

static int put_side(struct buf *json, const char *key, const struct cid *cid)
{
	int rc = json_key(json, key);

	return rc < 0 ? rc : call_cid_link(json, cid);
}

static int change_json(struct buf *b, const struct ops_dag_change *d)
{
	static const unsigned types[] = { [OPS_DAG_ADDED] = 0, [OPS_DAG_REMOVED] = 1, [OPS_DAG_CHANGED] = 2 };
	uint8_t last = b->data[b->len - 1];
	int rc = buf_str(b, last == '[' ? "{" : ",{");

	if (rc == 0)
		rc = json_num(b, "Type", types[d->kind]);
	if (rc == 0)
		rc = json_field(b, "Path", d->path);
	if (rc == 0)
		rc = put_side(b, "Before", d->from.cid);
	if (rc == 0)
		rc = put_side(b, "After", d->to.cid);
	return rc < 0 ? rc : buf_str(b, "}");
}

static int change_text(struct buf *b, const struct ops_dag_change *d, int verbose)
{
	char from[CID_TEXT_MAX] = "", to[CID_TEXT_MAX] = "";
	int n = (int)d->path.len;
	const char *path = n ? (const char *)d->path.p : "";

	if (d->from.cid)
		cid_text(d->from.cid, from);
	if (d->to.cid)
		cid_text(d->to.cid, to);
	switch (d->kind) {
	case OPS_DAG_ADDED:
		return verbose ? buf_printf(b, "Added new link \"%.*s\" pointing to %s.\n", n, path, to) :
				 buf_printf(b, "+ %s \"%.*s\"\n", to, n, path);
	case OPS_DAG_REMOVED:
		return verbose ? buf_printf(b, "Removed link \"%.*s\" (was %s).\n", n, path, from) :
				 buf_printf(b, "- %s \"%.*s\"\n", from, n, path);
	default:
		return verbose ? buf_printf(b, "Changed \"%.*s\" from %s to %s.\n", n, path, from, to) :
				 buf_printf(b, "~ %s %s \"%.*s\"\n", from, to, n, path);
	}
}

static int changed(void *arg, const struct ops_dag_change *d)
{
	struct changes *all = arg;

	/* values inside of a block are not links */
	if ((d->from.nd && !d->from.cid) || (d->to.nd && !d->to.cid))
		return 0;
	all->rc = change_json(&all->json, d);
	if (all->rc == 0)
		all->rc = change_text(&all->text, d, call_bool(all->c, "verbose"));
	return all->rc;
}

/* what differs only inside of the two themselves: they do, as a whole */
static int roots_changed(struct call *c, struct changes *all)
{
	struct ops_dag_change d = { .kind = OPS_DAG_CHANGED, .path = span_str("") };
	struct cid from, to;
	int rc = call_resolve(c, c->arg[0], &from);

	if (rc == 0)
		rc = call_resolve(c, c->arg[1], &to);
	d.from.cid = &from;
	d.to.cid = &to;
	return rc < 0 ? rc : changed(all, &d);
}

static int diff(struct call *c)
{
	struct changes all = { c, BUF_INIT(1 << 26), BUF_INIT(1 << 26), 0 };
	struct ops_dag_diff o = { .tmpdir = store_tmpdir(c->st), .fn = changed, .arg = &all };
	struct buf a = BUF_INIT(1 << 16), b = BUF_INIT(1 << 16);
	int rc = call_path(c, c->arg[0], &a);

	if (rc == 0)
		rc = call_path(c, c->arg[1], &b);
	if (rc == 0)
		rc = buf_str(&all.json, "{\"Changes\":[");
	if (rc == 0)
		rc = ops_dag_diff(c->src, (const char *)a.data, (const char *)b.data, &o);
	if (rc == 1 && all.json.data[all.json.len - 1] == '[')
		rc = roots_changed(c, &all);
	if (rc >= 0)
		rc = buf_str(&all.json, "]}");
	if (rc == 0)
		rc = call_one(c, buf_span(&all.json), all.text.len ? buf_span(&all.text) : span_of("", 0));
	buf_clear(&a);
	buf_clear(&b);
	buf_clear(&all.json);
	buf_clear(&all.text);
	return rc;
}

static const struct opt add_opts[] = {
	{ "create,p", OPT_BOOL, NULL }, { "allow-non-unixfs", OPT_BOOL, NULL }, { "allow-big-block", OPT_BOOL, NULL }, { 0 }
};
static const struct opt rm_opts[] = {
	{ "allow-non-unixfs", OPT_BOOL, NULL }, { "allow-big-block", OPT_BOOL, NULL }, { 0 }
};
static const struct opt diff_opts[] = { { "verbose,v", OPT_BOOL, NULL }, { 0 } };

const struct command kubo_object_commands[] = {
	{ "object/diff", "obj_a! obj_b!", NULL, diff_opts, CMD_READS, diff },
	{ "object/patch/add-link", "root! name! ref!", NULL, add_opts, 0, add_link },
	{ "object/patch/rm-link", "root! name!", NULL, rm_opts, 0, rm_link },
	{ "object/data", "", NULL, NULL, CMD_NO_STORE, removed },
	{ "object/get", "", NULL, NULL, CMD_NO_STORE, removed },
	{ "object/links", "", NULL, NULL, CMD_NO_STORE, removed },
	{ "object/new", "", NULL, NULL, CMD_NO_STORE, removed },
	{ "object/put", "", NULL, NULL, CMD_NO_STORE, removed },
	{ "object/stat", "", NULL, NULL, CMD_NO_STORE, removed },
	{ "object/patch/append-data", "", NULL, NULL, CMD_NO_STORE, removed },
	{ "object/patch/set-data", "", NULL, NULL, CMD_NO_STORE, removed },
	{ 0 }
};
