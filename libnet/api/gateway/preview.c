/*
 * preview.c - dag-json and dag-cbor for people: the values of a block as a tree, and its links as links
 * What cannot be read still gets a page, with the reason in place of the tree; what is large is cut, and says so.
 * Spec: gateway reference 8.8.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "page_priv.h"

enum {
	BLOCK_SHOWN = 1024 * 1024,	/* bytes; a larger block is not taken apart */
	ITEMS_SHOWN = 4000,		/* of all lists and maps */
	DEPTH_SHOWN = 40,
	TEXT_SHOWN = 2048, BYTES_SHOWN = 48
};

struct tree {
	struct gw_page *p;
	const struct node *nd;
	struct buf text;		/* of a number */
	int items, depth;
};

/* a number, true, false, null: as dag-json has it */
static void put_scalar(struct tree *t, size_t at)
{
	buf_reset(&t->text);
	if (t->p->rc == 0 && codec_encode(CID_DAG_JSON, t->nd, at, &t->text) < 0)
		gw_put(t->p, "<i>(not a number of JSON)</i>");
	else
		gw_put_text(t->p, buf_span(&t->text));
}

static void put_string(struct tree *t, struct span s)
{
	struct span shown = s;

	if (s.len > TEXT_SHOWN) {
		shown.len = TEXT_SHOWN;
		while (shown.len && (s.p[shown.len] & 0xc0) == 0x80)
			shown.len--;
	}
	gw_put(t->p, "<q>");
	gw_put_text(t->p, shown);
	gw_put(t->p, "</q>");
	if (shown.len < s.len)
		gw_putf(t->p, " <i>\xe2\x80\xa6 %zu bytes more</i>", s.len - shown.len);
}

static void put_bytes(struct tree *t, struct span s)
{
	size_t i;

	gw_putf(t->p, "<i>%zu byte%s</i> <code>", s.len, s.len == 1 ? "" : "s");
	for (i = 0; i < s.len && i < BYTES_SHOWN; i++)
		gw_putf(t->p, "%02x", s.p[i]);
	gw_put(t->p, i < s.len ? "\xe2\x80\xa6</code>" : "</code>");
}

static void put_link(struct tree *t, struct span s)
{
	struct cid cid;

	if (cid_decode(s, &cid) < 0) {		/* the codec saw to it that it is one */
		put_bytes(t, s);
		return;
	}
	gw_put(t->p, "<a translate=\"no\" href=\"");
	if (!gw_page_block(t->p, &cid))
		gw_put(t->p, "\" rel=\"noreferrer noopener");
	gw_put(t->p, "\">");
	gw_put_cid(t->p, &cid);
	gw_put(t->p, "</a>");
}

static void put_value(struct tree *t, size_t at)
{
	switch (t->nd->step[at].kind) {
	case NODE_STRING: put_string(t, node_span(t->nd, at)); break;
	case NODE_BYTES: put_bytes(t, node_span(t->nd, at)); break;
	case NODE_LINK: put_link(t, node_span(t->nd, at)); break;
	default: put_scalar(t, at);
	}
}

static void put_entries(struct tree *t, size_t at);

/* one entry: its label, if any, and its value, which may have entries of its own */
static void put_entry(struct tree *t, size_t key, size_t at)
{
	const struct node_step *s = &t->nd->step[at];
	int inner = s->kind == NODE_LIST || s->kind == NODE_MAP, open = inner && s->n && t->depth < DEPTH_SHOWN;

	gw_put(t->p, open ? "<details open><summary>" : "");
	if (key != at) {
		gw_put(t->p, "<b>");
		gw_put_text(t->p, node_span(t->nd, key));
		gw_put(t->p, "</b>: ");
	}
	if (inner)
		gw_putf(t->p, s->kind == NODE_MAP ? "<i>{%" PRIu32 "}</i>" : "<i>[%" PRIu32 "]</i>", s->n);
	else
		put_value(t, at);
	if (inner && s->n && !open)
		gw_put(t->p, " <i>\xe2\x80\xa6 too deep to be shown</i>");
	gw_put(t->p, open ? "</summary>" : "");
	if (open)
		put_entries(t, at);
	gw_put(t->p, open ? "</details>\n" : "");
}

static void put_entries(struct tree *t, size_t at)
{
	int map = t->nd->step[at].kind == NODE_MAP;
	size_t end = node_next(t->nd, at), i = at + 1;
	uint32_t left = t->nd->step[at].n;

	t->depth++;
	gw_put(t->p, "<ul>\n");
	while (i < end && t->items < ITEMS_SHOWN && t->p->rc == 0) {
		size_t key = i;

		t->items++;
		left--;
		i += (size_t)map;
		gw_put(t->p, "<li>");
		put_entry(t, map ? key : i, i);
		gw_put(t->p, "</li>\n");
		i = node_next(t->nd, i);
		gw_page_more(t->p);
	}
	if (i < end)
		gw_putf(t->p, "<li><i>\xe2\x80\xa6 %" PRIu32 " more not shown</i></li>\n", left);
	gw_put(t->p, "</ul>");
	t->depth--;
}

static void put_tree(struct gw_page *p, const struct node *nd)
{
	struct tree t = { .p = p, .nd = nd, .text = BUF_INIT(4096) };

	gw_put(p, "<div class=\"tree\">\n");
	put_entry(&t, 0, 0);
	gw_put(p, "</div>\n");
	buf_clear(&t.text);
}

static void put_facts(struct gw_page *p, struct span block)
{
	const struct gw_ask *a = p->a;
	const char *codec = codec_name(a->cid.codec);
	char size[NUM_SIZE_MAX];

	gw_put(p, "<dl class=\"facts\">\n<dt>CID</dt><dd class=\"mono\" translate=\"no\">");
	gw_put_cid(p, &a->cid);
	gw_putf(p, "</dd>\n<dt>Codec</dt><dd>%s</dd>\n<dt>Size</dt><dd>%s</dd>\n<dt>Download</dt><dd>"
		   "<ul class=\"ways\">", codec ? codec : "unknown", num_format_size(block.len, size));
	gw_putf(p, "<li><a rel=\"nofollow\" href=\"?format=%s\">%s</a></li>",
		a->cid.codec == CID_DAG_JSON ? "dag-json" : "dag-cbor",
		a->cid.codec == CID_DAG_JSON ? "dag-json" : "dag-cbor");
	gw_put(p, "<li><a rel=\"nofollow\" href=\"?format=raw\">raw block</a></li>"
		  "<li><a rel=\"nofollow\" href=\"?format=car\">CAR with all below</a></li></ul></dd>\n</dl>\n");
}

static void put_content(struct gw_page *p, struct span block)
{
	struct node nd = NODE_INIT;

	if (block.len > BLOCK_SHOWN) {
		gw_put(p, "<p class=\"says\">The block is too large to be shown as a tree.</p>\n");
	} else if (codec_decode(p->a->cid.codec, block, 0, &nd) < 0 || !nd.n) {
		gw_put(p, "<p class=\"says\">The block cannot be shown as a tree: ");
		gw_put_text(p, span_str(err_text()));
		gw_put(p, "</p>\n");
	} else {
		put_tree(p, &nd);
	}
	node_clear(&nd);
}

static int put_page(struct gw_ask *a, struct span block)
{
	const char *codec = codec_name(a->cid.codec);
	struct gw_page p;
	int rc;

	gw_page_init(&p, a, "text/html");
	gw_page_head(&p);
	gw_put_text(&p, span_str(codec ? codec : "block"));
	gw_put(&p, " at ");
	gw_put_text(&p, buf_span(&a->path));
	gw_page_body(&p);
	gw_putf(&p, "<h1>%s block <span class=\"path\">", codec ? codec : "a");
	gw_page_crumbs(&p);
	gw_put(&p, "</span></h1>\n");
	put_facts(&p, block);
	put_content(&p, block);
	gw_page_foot(&p);
	rc = gw_page_end(&p);
	gw_page_clear(&p);
	return rc;
}

int gw_preview(struct gw_ask *a)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	char etag[CID_TEXT_MAX + 64], text[CID_TEXT_MAX];
	int rc = gw_slash(a);		/* for its relative links */

	if (rc)
		return rc;
	snprintf(etag, sizeof etag, "\"DagIndex-%s_CID-%s\"", gw_page_version(), cid_text(&a->cid, text));
	rc = gw_validators(a, etag, 0, 0, GW_CACHE_LISTING);
	if (rc)
		return rc;
	rc = dag_get(a->src, &a->cid, &block);
	if (rc == 0)
		rc = gw_page_fields(a->r);
	rc = rc < 0 ? gw_fail_rc(a, rc) : put_page(a, buf_span(&block));
	buf_clear(&block);
	return rc;
}
