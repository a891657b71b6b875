/*
 * json_write.c - nodes as dag-json and json.
 * dag-json: no white space, keys bytewise sorted, links and bytes in their forms.  json: as Kubo prints
 * it, with a line for every entry and keys as they come.
 * Spec: ipld/ipld specs/codecs/dag-json/spec.md, "Serialization"; the text of numbers and strings is Kubo's.
 */
#include "base/decimal.h"
#include "base/err.h"
#include "json_priv.h"

struct writer {
	const struct node *nd;
	struct buf *out;
	struct keys keys;		/* of the maps being written, innermost last */
	int pretty;
	size_t depth;
};

static int write_value(struct writer *w, size_t at);

static int write_link(struct writer *w, struct span bytes)
{
	struct cid cid;
	int rc = cid_decode(bytes, &cid);

	if (rc == 0)
		rc = buf_str(w->out, "{\"/\":\"");
	if (rc == 0)
		rc = json_cid_put(&cid, w->out);
	return rc < 0 ? rc : buf_str(w->out, "\"}");
}

static int write_bytes(struct writer *w, struct span bytes)
{
	int rc = buf_str(w->out, "{\"/\":{\"bytes\":\"");

	if (rc == 0)
		rc = json_base64_put(w->out, bytes);
	return rc < 0 ? rc : buf_str(w->out, "\"}}");
}

/* in front of an entry, or of the bracket behind the last */
static int new_line(struct writer *w)
{
	size_t i;
	int rc = w->pretty ? buf_u8(w->out, '\n') : 0;

	for (i = 0; rc == 0 && w->pretty && i < w->depth; i++)
		rc = buf_u8(w->out, '\t');
	return rc;
}

static int write_field(struct writer *w, size_t key)
{
	int rc = new_line(w);

	if (rc == 0)
		rc = json_text_put(w->out, node_span(w->nd, key));
	if (rc == 0)
		rc = buf_str(w->out, w->pretty ? ": " : ":");
	return rc < 0 ? rc : write_value(w, key + 1);
}

/* ---- what dag-json cannot say ---- */

static int same(const struct key *k, const char *text)
{
	return span_equal(span_of(k->p, k->len), span_str(text));
}

/* Is "bytes" with a string the first field of the map at `at`?  Its keys are in any order. */
static int bytes_first(const struct writer *w, size_t at)
{
	const struct node *nd = w->nd;
	size_t i, value;

	if (!node_field(nd, at, span_str("bytes"), &value) || nd->step[value].kind != NODE_STRING)
		return 0;
	for (i = at + 1; i < nd->step[at].end; i = node_next(nd, i + 1))
		if (span_cmp(node_span(nd, i), span_str("bytes")) < 0)
			return 0;
	return 1;
}

/* A map whose first key is "/" with a string, or with a map that begins as the form of bytes does, would be
 * read as something else. */
static int reserved(const struct writer *w, const struct key *first)
{
	return same(first, "/") && (w->nd->step[first->at + 1].kind == NODE_STRING ||
				    bytes_first(w, first->at + 1));
}

/* ---- lists and maps ---- */

static int write_sorted(struct writer *w, size_t at)
{
	size_t base = w->keys.n, i;
	int rc = keys_push(&w->keys, w->nd, at);

	if (rc == 0)
		return err_set(ERR_INVALID, "a map with the same key twice cannot be written");
	if (rc > 0 && base < w->keys.n && reserved(w, &w->keys.v[base]))
		return err_set(ERR_INVALID, "dag-json cannot hold a map whose first key is \"/\" and looks "
			       "like a link or bytes");
	rc = rc < 0 ? rc : 0;
	for (i = base; rc == 0 && i < w->keys.n; i++) {
		if (i > base)
			rc = buf_u8(w->out, ',');
		if (rc == 0)
			rc = write_field(w, w->keys.v[i].at);
	}
	w->keys.n = base;
	return rc;
}

/* the entries of a list, or of a map as they come */
static int write_entries(struct writer *w, size_t at)
{
	const struct node *nd = w->nd;
	int is_map = nd->step[at].kind == NODE_MAP, rc = 0;
	size_t i = at + 1;

	while (rc == 0 && i < nd->step[at].end) {
		if (i > at + 1)
			rc = buf_u8(w->out, ',');
		if (rc == 0 && is_map) {
			rc = write_field(w, i++);
		} else if (rc == 0) {
			rc = new_line(w);
			if (rc == 0)
				rc = write_value(w, i);
		}
		i = node_next(nd, i);
	}
	return rc;
}

static int write_level(struct writer *w, size_t at)
{
	const struct node_step *s = &w->nd->step[at];
	int is_map = s->kind == NODE_MAP, rc;

	if (w->depth >= NODE_DEPTH_MAX)
		return err_set(ERR_LIMIT, "more than %d levels of lists and maps", NODE_DEPTH_MAX);
	w->depth++;
	rc = buf_u8(w->out, is_map ? '{' : '[');
	if (rc == 0)
		rc = is_map && !w->pretty ? write_sorted(w, at) : write_entries(w, at);
	w->depth--;
	if (rc == 0 && s->n > 0)
		rc = new_line(w);
	return rc < 0 ? rc : buf_u8(w->out, is_map ? '}' : ']');
}

/* ---- values ---- */

static int write_float(struct writer *w, double f)
{
	char text[DECIMAL_MAX];

	if (f - f != 0)
		return err_set(ERR_INVALID, "JSON has no number for %s", f != f ? "NaN" : "infinity");
	return buf_bytes(w->out, text, decimal_put_double(f, text));
}

static int write_value(struct writer *w, size_t at)
{
	const struct node_step *s = &w->nd->step[at];
	char text[JSON_NUM_MAX];

	switch ((enum node_kind)s->kind) {
	case NODE_NULL: return buf_str(w->out, "null");
	case NODE_BOOL: return buf_str(w->out, s->neg ? "true" : "false");
	case NODE_INT: return buf_bytes(w->out, text, json_num_int(s->u, s->neg, text));
	case NODE_FLOAT: return write_float(w, s->f);
	case NODE_STRING: return json_text_put(w->out, node_span(w->nd, at));
	case NODE_BYTES:
	case NODE_LINK:
		if (w->pretty)
			return err_set(ERR_INVALID, "json holds no %s", s->kind == NODE_LINK ? "links" :
				       "bytes");
		return s->kind == NODE_LINK ? write_link(w, node_span(w->nd, at)) :
		       write_bytes(w, node_span(w->nd, at));
	case NODE_LIST:
	case NODE_MAP:
		break;
	}
	return write_level(w, at);
}

static int write_node(struct writer *w, size_t at)
{
	int rc = write_value(w, at);

	keys_clear(&w->keys);
	return rc;
}

int dag_json_encode(const struct node *nd, size_t at, struct buf *out)
{
	struct writer w = { nd, out, KEYS_INIT, 0, 0 };

	return write_node(&w, at);
}

int json_encode(const struct node *nd, size_t at, struct buf *out)
{
	struct writer w = { nd, out, KEYS_INIT, 1, 0 };
	int rc = write_node(&w, at);

	return rc == 0 && nd->step[at].kind >= NODE_LIST ? buf_u8(out, '\n') : rc;
}
