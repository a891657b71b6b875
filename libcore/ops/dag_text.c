/* dag_text.c - what is said of nodes and graphs, as records */
#include <inttypes.h>

#include "base/json.h"
#include "ops/dag.h"

static int cid_field(struct buf *out, const char *key, const struct cid *cid)
{
	char text[CID_TEXT_MAX];

	return json_field(out, key, span_str(cid_text(cid, text)));
}

/* `{"cid":"…"`, to go on from there */
static int open_json(const struct cid *cid, struct buf *out)
{
	int rc = buf_u8(out, '{');

	return rc < 0 ? rc : cid_field(out, "cid", cid);
}

int ops_dag_cid_text(const struct cid *cid, enum ops_form form, struct buf *out)
{
	char text[CID_TEXT_MAX];
	int rc;

	if (form != OPS_JSON)
		return buf_str(out, cid_text(cid, text));
	rc = open_json(cid, out);
	return rc < 0 ? rc : buf_u8(out, '}');
}

int ops_dag_missing_text(const struct cid *cid, enum ops_form form, struct buf *out)
{
	int rc;

	if (form != OPS_JSON)
		return ops_dag_cid_text(cid, form, out);
	rc = open_json(cid, out);
	if (rc == 0)
		rc = json_bool(out, "missing", 1);
	return rc < 0 ? rc : buf_u8(out, '}');
}

int ops_place_text(const struct ops_place *p, enum ops_form form, struct buf *out)
{
	int rc;

	if (form != OPS_JSON)
		return ops_place_format(p, NULL, out);
	rc = open_json(&p->cid, out);
	if (rc == 0)
		rc = json_field(out, "rest", span_str(p->rest));
	return rc < 0 ? rc : buf_u8(out, '}');
}

/* ---- links ---- */

static int link_json(const struct ops_dag_link *l, struct buf *out)
{
	int rc = open_json(l->cid, out);

	if (rc == 0)
		rc = json_field(out, "name", l->name);
	if (rc == 0 && l->has_tsize)
		rc = json_num(out, "size", l->tsize);
	return rc < 0 ? rc : buf_u8(out, '}');
}

int ops_dag_link_text(const struct ops_dag_link *l, enum ops_form form, struct buf *out)
{
	char text[CID_TEXT_MAX];
	int rc;

	if (form == OPS_JSON)
		return link_json(l, out);
	rc = buf_printf(out, "%s\t", cid_text(l->cid, text));
	if (rc == 0)
		rc = ops_name_form(l->name, form, out);
	if (rc == 0)
		rc = l->has_tsize ? buf_printf(out, "\t%" PRIu64, l->tsize) : buf_str(out, "\t-");
	return rc;
}

/* ---- what a walk meets ---- */

static int node_json(const struct dag_selected *s, struct buf *out)
{
	const char *kind = s->view ? s->view->kind == DAG_VIEW_MAP ? "map" : "bytes" :
			   s->nd ? node_kind_name(s->nd->step[s->at].kind) : NULL;
	int rc = json_field(out, "path", s->path);

	if (rc == 0)
		rc = json_bool(out, "match", s->matched);
	if (rc == 0 && kind)
		rc = json_field(out, "kind", span_str(kind));
	if (rc == 0 && s->label.p)
		rc = json_field(out, "label", s->label);
	return rc;
}

static int met_json(const struct ops_dag_met *m, struct buf *out)
{
	const char *codec = codec_name(m->cid->codec);
	int rc = open_json(m->cid, out);

	if (rc == 0 && codec)
		rc = json_field(out, "codec", span_str(codec));
	if (rc == 0 && m->depth >= 0)
		rc = json_num(out, "depth", (uint64_t)m->depth);
	if (rc == 0 && m->parent)
		rc = cid_field(out, "parent", m->parent);
	if (rc == 0 && m->name.len)
		rc = json_field(out, "name", m->name);
	if (rc == 0 && m->node)
		rc = node_json(m->node, out);
	return rc < 0 ? rc : buf_u8(out, '}');
}

int ops_dag_met_text(const struct ops_dag_met *m, enum ops_form form, struct buf *out)
{
	char text[CID_TEXT_MAX];
	int rc;

	if (form == OPS_JSON)
		return met_json(m, out);
	rc = buf_str(out, cid_text(m->cid, text));
	if (rc == 0 && m->node)
		rc = buf_u8(out, '\t');
	return rc < 0 || !m->node ? rc : ops_name_form(m->node->path, form, out);
}

/* ---- changes ---- */

/* a CID, or the value; as JSON both are dag-json */
static int add_side(const struct ops_dag_side *s, enum ops_form form, struct buf *out)
{
	char text[CID_TEXT_MAX];

	if (!s->cid)
		return codec_encode(CID_DAG_JSON, s->nd, s->at, out);
	return buf_printf(out, form == OPS_JSON ? "{\"/\":\"%s\"}" : "%s", cid_text(s->cid, text));
}

static int change_json(const struct ops_dag_change *c, struct buf *out)
{
	static const char *const names[] = { "added", "removed", "changed" };
	int rc = buf_u8(out, '{');

	if (rc == 0)
		rc = json_field(out, "change", span_str(names[c->kind]));
	if (rc == 0)
		rc = json_field(out, "path", c->path);
	if (rc == 0 && c->kind != OPS_DAG_ADDED && (rc = json_key(out, "from")) == 0)
		rc = add_side(&c->from, OPS_JSON, out);
	if (rc == 0 && c->kind != OPS_DAG_REMOVED && (rc = json_key(out, "to")) == 0)
		rc = add_side(&c->to, OPS_JSON, out);
	return rc < 0 ? rc : buf_u8(out, '}');
}

int ops_dag_change_text(const struct ops_dag_change *c, enum ops_form form, struct buf *out)
{
	int rc;

	if (form == OPS_JSON)
		return change_json(c, out);
	rc = buf_printf(out, "%c\t", "+-~"[c->kind]);
	if (rc == 0)
		rc = c->path.len ? ops_name_form(c->path, form, out) : buf_u8(out, '.');
	if (rc == 0 && c->kind != OPS_DAG_ADDED && (rc = buf_u8(out, '\t')) == 0)
		rc = add_side(&c->from, form, out);
	if (rc == 0 && c->kind != OPS_DAG_REMOVED && (rc = buf_u8(out, '\t')) == 0)
		rc = add_side(&c->to, form, out);
	return rc;
}
