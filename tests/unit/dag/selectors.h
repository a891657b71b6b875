/* selectors.h - selectors from dag-json, and what a walk by one tells, as lines of text */
#ifndef TESTS_DAG_SELECTORS_H
#define TESTS_DAG_SELECTORS_H

#include "../memdag.h"

#define ALL_FURTHER "{\"a\":{\">\":{\"@\":{}}}}"

__attribute__((unused)) static int sel_parse(const char *json, struct dag_selector **sel)
{
	struct node nd = NODE_INIT;
	int rc = codec_decode(CID_DAG_JSON, span_str(json), 0, &nd);

	*sel = NULL;
	if (rc == 0)
		rc = dag_selector_parse(&nd, 0, sel);
	node_clear(&nd);
	return rc;
}

__attribute__((unused)) static struct cid sel_block(struct memdag *m, const char *json)
{
	return memdag_add(m, 1, CID_DAG_JSON, span_str(json));
}

/* what was told: "+path" for a match, "-path" for a node on the way, "[n]" for a block of n bytes */
struct told {
	struct buf text;
	int with_blocks, with_values, read;
	int stop_after, n_blocks, n_missing;
	int skip_missing;
};

#define TOLD_INIT ((struct told){ .text = BUF_INIT(1 << 20) })

__attribute__((unused)) static int told_block(void *arg, const struct cid *cid, struct span bytes)
{
	struct told *t = arg;

	(void)cid;
	t->n_blocks++;
	if (t->with_blocks && bytes.p)
		buf_printf(&t->text, "[%zu]", bytes.len);
	else if (t->with_blocks)
		buf_str(&t->text, "[?]");
	return t->stop_after && t->n_blocks >= t->stop_after ? ERR_INTERRUPTED : 0;
}

__attribute__((unused)) static int told_node(void *arg, const struct dag_selected *s)
{
	struct told *t = arg;
	struct sink_buf out;

	buf_printf(&t->text, "%s%c%.*s", t->text.len ? " " : "", s->matched ? '+' : '-', (int)s->path.len,
		   (const char *)s->path.p);
	if (s->label.p)
		buf_printf(&t->text, "(%.*s)", (int)s->label.len, (const char *)s->label.p);
	if (t->with_values && s->nd) {
		buf_str(&t->text, "=");
		if (codec_encode(CID_DAG_JSON, s->nd, s->at, &t->text) < 0)
			return ERR_INVALID;
	} else if (t->read && s->matched && s->view->kind == DAG_VIEW_BYTES) {
		buf_str(&t->text, "=");
		sink_buf_start(&out, &t->text);
		return dag_selected_read(s, &out.sink);
	}
	return 0;
}

__attribute__((unused)) static int told_missing(void *arg, const struct cid *cid)
{
	struct told *t = arg;

	(void)cid;
	t->n_missing++;
	return t->skip_missing ? 0 : ERR_NOTFOUND;
}

#endif
