/*
 * listing.c - what is in a directory
 * Only the blocks of the directory itself are read: sizes are what its links say, so that a listing costs
 * nothing of what is listed.  Entries go out as they are met, in the order of the blocks.
 * Spec: gateway reference 8.2, 11, 12; the fragments of HTML are those the conformance suite looks for.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/num.h"
#include "page_priv.h"

enum form { HTML, JSON, LINES };
enum { STOP = 1 };

struct listing {
	struct gw_page p;
	struct gw_ask *a;
	enum form form;
	struct buf dir;			/* the path of the directory as clients ask for it, without a slash at
					 * its end, as it stands in an attribute */
	struct buf cid;			/* room for a text */
	uint64_t page, skip, max;	/* page 1 is the first; entries before it; on it, 0: all */
	uint64_t met, told;		/* entries so far */
	uint64_t bytes;			/* of those told */
	int more;			/* there is a page behind this one */
};

/* ---- HTML ---- */

static struct span web_dir(const struct gw_ask *a)
{
	struct span s = buf_span(&a->web);

	while (s.len && s.p[s.len - 1] == '/')
		s.len--;
	return s;
}

/* 1: there is something above that a client may go to */
static int has_parent(const struct gw_ask *a)
{
	struct span s = web_dir(a);
	size_t i, n = 0;

	for (i = 0; i < s.len; i++)
		n += s.p[i] == '/';
	return a->view == GW_PATH ? n > 2 : n > 0;
}

/* a name no path leads to: "", ".", "..", or one with '/' or NUL */
static int unreachable(struct span n)
{
	return n.len == 0 || (n.len <= 2 && n.p[0] == '.' && n.p[n.len - 1] == '.') ||
	       memchr(n.p, '/', n.len) || memchr(n.p, 0, n.len);
}

static void put_dir_url(struct listing *l)
{
	gw_put_span(&l->p, buf_span(&l->dir));
}

static void put_short_cid(struct listing *l, const struct cid *cid)
{
	struct span s;

	buf_reset(&l->cid);
	if (l->p.rc == 0)
		l->p.rc = cid_format(cid, NULL, &l->cid);
	s = buf_span(&l->cid);
	if (l->p.rc < 0)
		return;
	if (s.len > 9) {
		gw_put_span(&l->p, span_of(s.p, 4));
		gw_put(&l->p, "\xe2\x80\xa6");
		s = span_of(s.p + s.len - 4, 4);
	}
	gw_put_span(&l->p, s);
}

static void put_row(struct listing *l, const struct unixfs_dirent *e)
{
	struct gw_page *p = &l->p;
	char size[NUM_SIZE_MAX];

	gw_put(p, "<tr><td>");
	if (unreachable(e->name)) {
		gw_put(p, "<span class=\"odd\">");
		gw_put_text(p, e->name.len ? e->name : span_str("(no name)"));
		gw_put(p, "</span>");
	} else {
		gw_put(p, "<a href=\"");
		put_dir_url(l);
		gw_put(p, "/");
		gw_put_name(p, e->name);
		gw_put(p, "\">");
		gw_put_text(p, e->name);
		gw_put(p, "</a>");
	}
	gw_put(p, "</td><td><a class=\"ipfs-hash\" translate=\"no\" href=\"");
	if (gw_page_block(p, &e->cid)) {
		gw_put(p, "?filename=");
		gw_put_twice(p, e->name);
		gw_put(p, "\">");
	} else {
		gw_put(p, "\" target=\"_blank\" rel=\"noreferrer noopener\">");
	}
	put_short_cid(l, &e->cid);
	gw_putf(p, "</a></td><td>%s</td></tr>\n", num_format_size(e->tsize, size));
}

static void put_facts(struct listing *l)
{
	struct gw_page *p = &l->p;
	char size[NUM_SIZE_MAX];

	gw_put(p, "<dl class=\"facts\">\n<dt>CID</dt><dd class=\"mono\" translate=\"no\"><a href=\"");
	if (!gw_page_block(p, &l->a->cid))
		gw_put(p, "\" rel=\"noreferrer noopener");
	gw_put(p, "\">");
	gw_put_cid(p, &l->a->cid);
	gw_putf(p, "</a></dd>\n<dt>Size</dt><dd>%s</dd>\n",
		num_format_size(l->a->stat.cumulative, size));
	gw_put(p, "<dt>Download</dt><dd><ul class=\"ways\">");
	if (l->a->g->archives)
		gw_put(p, "<li><a rel=\"nofollow\" href=\"?format=tar\">tar</a></li>"
			  "<li><a rel=\"nofollow\" href=\"?format=tar.gz\">tar.gz</a></li>"
			  "<li><a rel=\"nofollow\" href=\"?format=zip\">zip</a></li>");
	gw_put(p, "<li><a rel=\"nofollow\" href=\"?format=car\">CAR</a></li>"
		  "<li><a rel=\"nofollow\" href=\"?list=json\">this list as JSON</a></li></ul></dd>\n</dl>\n");
}

static void html_begin(struct listing *l)
{
	struct gw_page *p = &l->p;

	gw_page_head(p);
	gw_put(p, "Index of ");
	gw_put_text(p, buf_span(&l->a->path));
	gw_page_body(p);
	gw_put(p, "<h1>Index of <span class=\"path\">");
	gw_page_crumbs(p);
	gw_put(p, "</span></h1>\n");
	put_facts(l);
	gw_put(p, "<table>\n<thead><tr><th scope=\"col\">Name</th><th scope=\"col\" class=\"hash\">CID</th>"
		  "<th scope=\"col\" class=\"size\">Size</th></tr></thead>\n<tbody>\n");
	if (has_parent(l->a)) {
		gw_put(p, "<tr><td><a href=\"");
		put_dir_url(l);
		gw_put(p, "/..\">..</a></td><td></td><td></td></tr>\n");
	}
}

static void put_turn(struct listing *l)
{
	struct gw_page *p = &l->p;

	if (l->page == 1 && !l->more)
		return;
	gw_put(p, "<nav class=\"turn\" aria-label=\"Pages\">");
	if (l->page > 1)
		gw_putf(p, "<a rel=\"prev\" href=\"?page=%" PRIu64 "\">\xe2\x86\x90 Page %" PRIu64 "</a>", l->page - 1,
			l->page - 1);
	gw_putf(p, "<span aria-current=\"page\">Page %" PRIu64 "</span>", l->page);
	if (l->more)
		gw_putf(p, "<a rel=\"next\" href=\"?page=%" PRIu64 "\">Page %" PRIu64 " \xe2\x86\x92</a>", l->page + 1,
			l->page + 1);
	gw_put(p, "</nav>\n");
}

/* 12345 as "12,345" */
static const char *grouped(uint64_t n, char out[32])
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%" PRIu64, n), i, at = 0;

	for (i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = 0;
	return out;
}

static void html_end(struct listing *l)
{
	char size[NUM_SIZE_MAX], count[32];

	if (!l->told && l->page == 1)
		gw_put(&l->p, "<tr><td colspan=\"3\" class=\"empty\">This directory is empty.</td></tr>\n");
	gw_put(&l->p, "</tbody>\n");
	if (l->told && (l->page > 1 || l->more))
		gw_putf(&l->p, "<tfoot><tr><td colspan=\"3\">Entries %" PRIu64 " to %" PRIu64 ", %s</td></tr></tfoot>\n",
			l->skip + 1, l->skip + l->told, num_format_size(l->bytes, size));
	else if (l->told)
		gw_putf(&l->p, "<tfoot><tr><td colspan=\"3\">%s %s, %s</td></tr></tfoot>\n",
			grouped(l->told, count), l->told == 1 ? "entry" : "entries",
			num_format_size(l->bytes, size));
	gw_put(&l->p, "</table>\n");
	put_turn(l);
	gw_page_foot(&l->p);
}

/* ---- JSON ---- */

static void json_text(struct listing *l, const char *key, struct span text)
{
	gw_putf(&l->p, "\"%s\":", key);
	if (l->p.rc == 0)
		l->p.rc = json_str(&l->p.buf, text);
}

static void json_cid(struct listing *l, const struct cid *cid)
{
	gw_put(&l->p, "\"cid\":\"");
	gw_put_cid(&l->p, cid);
	gw_put(&l->p, "\"");
}

static void put_object(struct listing *l, const struct unixfs_dirent *e)
{
	if (l->form == JSON)
		gw_put(&l->p, l->told ? ",\n" : "\n");
	gw_put(&l->p, "{");
	json_text(l, "name", e->name);
	gw_put(&l->p, ",");
	json_cid(l, &e->cid);
	gw_putf(&l->p, ",\"size\":%" PRIu64 "}", e->tsize);
	if (l->form == LINES)
		gw_put(&l->p, "\n");
}

static void json_begin(struct listing *l)
{
	gw_put(&l->p, "{");
	json_text(l, "path", buf_span(&l->a->path));
	gw_put(&l->p, ",");
	json_cid(l, &l->a->cid);
	gw_putf(&l->p, ",\"size\":%" PRIu64 ",\"page\":%" PRIu64 ",\"entries\":[", l->a->stat.cumulative, l->page);
}

static void json_end(struct listing *l)
{
	gw_putf(&l->p, "\n],\"count\":%" PRIu64 ",", l->told);
	if (l->more)
		gw_putf(&l->p, "\"next\":\"?list=json&page=%" PRIu64 "\"}\n", l->page + 1);
	else
		gw_put(&l->p, "\"next\":null}\n");
}

/* ---- all of it ---- */

static int entry(void *arg, const struct unixfs_dirent *e)
{
	struct listing *l = arg;

	if (l->met++ < l->skip)
		return 0;
	if (l->max && l->told == l->max) {
		l->more = 1;
		return STOP;
	}
	if (l->form == HTML)
		put_row(l, e);
	else
		put_object(l, e);
	l->told++;
	if (num_add(l->bytes, e->tsize, &l->bytes) < 0)
		l->bytes = UINT64_MAX;
	gw_page_more(&l->p);
	return l->p.rc;
}

static int list_all(struct listing *l)
{
	int rc;

	if (l->form == HTML)
		html_begin(l);
	else if (l->form == JSON)
		json_begin(l);
	rc = unixfs_ls(l->a->src, &l->a->cid, entry, l);
	if (rc < 0 && l->p.rc == 0)
		l->p.rc = rc;
	if (rc == 0 && l->met <= l->skip && l->page > 1)
		return gw_fail(l->a, 404, "there is no page %" PRIu64 " of this directory", l->page);
	if (l->form == HTML)
		html_end(l);
	else if (l->form == JSON)
		json_end(l);
	return gw_page_end(&l->p);
}

/* `list` of the query decides; ?format=json and Accept say JSON as well */
static enum form form_of(struct gw_ask *a)
{
	struct buf v = BUF_INIT(32);
	enum form form = a->format == GW_JSON ? JSON : HTML;

	if (gw_arg(a, "list", &v) && span_equal(buf_span(&v), span_str("json")))
		form = JSON;
	else if (span_equal(buf_span(&v), span_str("jsonl")))
		form = LINES;
	buf_clear(&v);
	return form;
}

int gw_listing_asked(struct gw_ask *a)
{
	return form_of(a) != HTML;
}

/* the form and ?page=: 0, or 1: answered */
static int arguments(struct listing *l)
{
	struct buf v = BUF_INIT(32);
	int rc = 0;

	l->form = form_of(l->a);
	l->max = l->a->g->listing_max;
	l->page = 1;
	if (l->max && gw_arg(l->a, "page", &v) && v.len) {
		if (num_parse((char *)v.data, &l->page) < 0 || l->page == 0 ||
		    num_mul(l->page - 1, l->max, &l->skip) < 0)
			rc = gw_fail(l->a, 400, "a page is a number from 1 on");
	} else if (l->form == LINES) {
		l->max = 0;			/* for programs, and nowhere to say that more is to come */
	}
	buf_clear(&v);
	return rc;
}

static int fields(struct listing *l)
{
	static const char *const ends[] = { "", ".json", ".jsonl" };
	char etag[CID_TEXT_MAX + 96], number[32] = "", text[CID_TEXT_MAX];
	int rc;

	if (l->page > 1)
		snprintf(number, sizeof number, ".%" PRIu64, l->page);
	snprintf(etag, sizeof etag, "\"DirIndex-%s_CID-%s%s%s\"", gw_page_version(), cid_text(&l->a->cid, text),
		 number, ends[l->form]);
	rc = gw_validators(l->a, etag, 0, 0, GW_CACHE_LISTING);
	return rc ? rc : gw_page_fields(l->a->r);
}

static int make_dir_url(struct listing *l)
{
	struct buf path = BUF_INIT(4 * GW_PATH_MAX);
	int rc = gw_escape(&path, web_dir(l->a));

	if (rc == 0)
		rc = gw_html(&l->dir, buf_span(&path));
	buf_clear(&path);
	return rc;
}

int gw_listing(struct gw_ask *a)
{
	static const char *const types[] = { "text/html", "application/json", "application/x-ndjson" };
	struct listing l = { .a = a, .dir = BUF_INIT(16 * GW_PATH_MAX), .cid = BUF_INIT(CID_TEXT_MAX) };
	int rc;

	gw_page_init(&l.p, a, "text/html");
	rc = arguments(&l);
	l.p.type = types[l.form];
	if (rc == 0)
		rc = fields(&l);
	if (rc == 0)
		rc = make_dir_url(&l);
	if (rc == 0 && a->r->head_only) {
		rc = reply_field(a->r, "content-type", "%s", l.p.type);
		if (rc == 0)
			rc = reply_start(a->r, 200, LEN_UNKNOWN);
		rc = rc < 0 ? rc : 1;
	} else if (rc == 0) {
		rc = list_all(&l);
	}
	gw_page_clear(&l.p);
	buf_clear(&l.dir);
	buf_clear(&l.cid);
	return rc;
}
