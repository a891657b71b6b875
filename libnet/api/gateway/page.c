/*
 * page.c - pages for people: the frame of all of them, and errors
 * No scripts, nothing from elsewhere, one style for light and dark; what is in the page is there without
 * any style, too.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "page_priv.h"
#include "pages.h"			/* PAGES_SUM: of the sources of all pages, made by make */
#include "style_priv.h"

static const char head_text[] =
	"<!DOCTYPE html>\n"
	"<html lang=\"en\">\n"
	"<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n"
	"<link rel=\"icon\" href=\"data:,\">\n"
	"<title>";

static const char foot_text[] =
	"</main>\n"
	"<footer><p>ipfrs " IPFRS_VERSION ", an IPFS gateway. What has a CID can be "
	"<a href=\"https://specs.ipfs.tech/http-gateways/trustless-gateway/\" rel=\"noreferrer\">verified</a> by "
	"whoever receives it.</p></footer>\n"
	"</body>\n"
	"</html>\n";

/* What a page would be without, if it could run: names in it are anyone's.  The icon is a data: URL. */
static const char policy[] =
	"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
	"frame-ancestors 'none'";

void gw_page_init(struct gw_page *p, struct gw_ask *a, const char *type)
{
	*p = (struct gw_page){ .a = a, .type = type, .buf = BUF_INIT(PAGE_HOLD + PAGE_MAX),
			       .word = BUF_INIT(PAGE_MAX) };
}

void gw_page_clear(struct gw_page *p)
{
	buf_clear(&p->buf);
	buf_clear(&p->word);
}

/* ---- putting ---- */

void gw_put(struct gw_page *p, const char *text)
{
	if (p->rc == 0)
		p->rc = buf_str(&p->buf, text);
}

void gw_put_span(struct gw_page *p, struct span s)
{
	if (p->rc == 0)
		p->rc = buf_add(&p->buf, s);
}

void gw_putf(struct gw_page *p, const char *fmt, ...)
{
	char text[GW_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	gw_put(p, text);
}

void gw_put_text(struct gw_page *p, struct span s)
{
	if (p->rc == 0)
		p->rc = gw_html(&p->buf, s);
}

/* p->word gets `s` as it stands in a path */
static void encode(struct gw_page *p, struct span s)
{
	buf_reset(&p->word);
	if (p->rc == 0)
		p->rc = gw_escape(&p->word, s);
}

void gw_put_url(struct gw_page *p, struct span path)
{
	encode(p, path);
	gw_put_text(p, buf_span(&p->word));	/* it may hold an & */
}

/* `s` with these of its bytes as escapes, and as HTML */
static void put_escaping(struct gw_page *p, struct span s, const char *which)
{
	size_t i, run = 0;

	for (i = 0; i < s.len && p->rc == 0; i++) {
		if (!s.p[i] || !strchr(which, s.p[i]))
			continue;
		gw_put_text(p, span_of(s.p + run, i - run));
		gw_putf(p, "%%%02X", s.p[i]);
		run = i + 1;
	}
	if (run < s.len)
		gw_put_text(p, span_of(s.p + run, s.len - run));
}

void gw_put_name(struct gw_page *p, struct span name)
{
	encode(p, name);
	put_escaping(p, buf_span(&p->word), "/");
}

void gw_put_twice(struct gw_page *p, struct span value)
{
	encode(p, value);
	put_escaping(p, buf_span(&p->word), "%$&+,/:;=@");
}

void gw_put_cid(struct gw_page *p, const struct cid *cid)
{
	if (p->rc == 0)
		p->rc = cid_format(cid, NULL, &p->buf);
}

/* ---- the frame ---- */

void gw_page_head(struct gw_page *p)
{
	gw_put(p, head_text);
}

void gw_page_body(struct gw_page *p)
{
	gw_put(p, "</title>\n<style>\n");
	gw_put(p, gw_style);
	gw_put(p, "</style>\n</head>\n<body>\n<main>\n");
}

void gw_page_foot(struct gw_page *p)
{
	gw_put(p, foot_text);
}

/* the first segment of a path behind `*at`, and `*at` behind it */
static struct span segment(struct span path, size_t *at)
{
	size_t from;

	while (*at < path.len && path.p[*at] == '/')
		++*at;
	for (from = *at; *at < path.len && path.p[*at] != '/'; ++*at)
		;
	return span_of(path.p + from, *at - from);
}

static void put_host(struct gw_page *p, const struct buf *host)
{
	gw_put(p, "//");
	gw_put_text(p, buf_span(host));
}

/* where a step of the crumbs leads: the path up to `end` */
static void crumb_url(struct gw_page *p, struct span path, size_t root_end, size_t end)
{
	struct gw_ask *a = p->a;

	if (a->view == GW_SUBDOMAIN)
		put_host(p, &a->gw_host);
	if (a->view == GW_DNSLINK) {		/* the name is the host, and is no part of the path */
		put_host(p, &a->host);
		if (end == root_end)
			gw_put(p, "/");
		gw_put_url(p, span_of(path.p + root_end, end - root_end));
	} else {
		gw_put_url(p, span_of(path.p, end));
	}
}

void gw_page_crumbs(struct gw_page *p)
{
	struct span path = buf_span(&p->a->path), s;
	size_t at = 0, root_end = 0;

	s = segment(path, &at);
	gw_put(p, "/");
	gw_put_text(p, s);
	while ((s = segment(path, &at)).len) {
		if (!root_end)
			root_end = at;
		gw_put(p, "/<a href=\"");
		crumb_url(p, path, root_end, at);
		gw_put(p, "\">");
		gw_put_text(p, s);
		gw_put(p, "</a>");
	}
}

int gw_page_block(struct gw_page *p, const struct cid *cid)
{
	/* a host that stands for one name has no paths to other content */
	if (p->a->view == GW_DNSLINK) {
		gw_put(p, "https://cid.ipfs.tech/#");
		gw_put_cid(p, cid);
		return 0;
	}
	if (p->a->view == GW_SUBDOMAIN)
		put_host(p, &p->a->gw_host);
	gw_put(p, "/ipfs/");
	gw_put_cid(p, cid);
	return 1;
}

/* ---- sending ---- */

int gw_page_fields(struct reply *r)
{
	reply_drop(r, "content-security-policy");
	return reply_field(r, "content-security-policy", "%s", policy);
}

static void start(struct gw_page *p, uint64_t len)
{
	p->rc = reply_field(p->a->r, "content-type", "%s", p->type);
	if (p->rc < 0)
		return;
	p->started = 1;
	p->rc = reply_start(p->a->r, 200, len);
	p->gone = p->rc < 0;
}

static void flush(struct gw_page *p)
{
	if (p->rc == 0 && !p->a->r->head_only) {
		p->rc = sink_bytes(&p->a->r->sink, buf_span(&p->buf));
		p->gone = p->rc < 0;
	}
	buf_reset(&p->buf);
}

void gw_page_more(struct gw_page *p)
{
	if (p->rc < 0 || p->buf.len < PAGE_HOLD)
		return;
	if (!p->started)
		start(p, LEN_UNKNOWN);
	flush(p);
}

int gw_page_end(struct gw_page *p)
{
	if (p->rc == 0 && !p->started)
		start(p, p->buf.len);
	if (p->rc == 0)
		flush(p);
	if (p->rc == 0)
		return 1;
	return p->gone ? p->rc : gw_fail_rc(p->a, p->rc);
}

/* ---- its version ---- */

const char *gw_page_version(void)
{
	static char text[9];
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	struct span parts[] = { span_str(PAGES_SUM), span_str(IPFRS_VERSION) };
	uint8_t digest[MH_DIGEST_MAX] = { 0 };
	char made[9] = "";
	int i;

	if (*text)
		return text;
	mh_sum(MH_SHA2_256, parts, sizeof parts / sizeof *parts, 0, digest);
	for (i = 0; i < 8; i++)
		made[i] = digits[digest[i] & 31];
	memcpy(text, made, sizeof made);
	return text;
}

/* ---- errors ---- */

static const char *advice(int status)
{
	switch (status) {
	case 400: return "The address is not right as it stands. Look for a letter too many or too few.";
	case 404: return "It is not here: there is no such name, or this gateway does not have its blocks.";
	case 406: return "It cannot be had in the form that was asked for.";
	case 410: case 451: return "This gateway does not serve it.";
	case 412: return "Only what this gateway has already was asked for.";
	case 429: case 503: return "Please try again in a moment.";
	case 501: return "This gateway cannot do that.";
	case 500: case 502: case 504: return "It is not your fault. Trying again later may help.";
	default: return NULL;
	}
}

int gw_error_html(struct gw_ask *a, int status, const char *text, struct buf *out)
{
	const char *help = advice(status);
	struct gw_page p;
	int rc = gw_page_fields(a->r);

	gw_page_init(&p, a, "text/html");
	gw_page_head(&p);
	gw_putf(&p, "%d %s", status, reply_reason(status));
	gw_page_body(&p);
	gw_putf(&p, "<h1 class=\"error\"><span>%d</span> %s</h1>\n<p class=\"says\">", status, reply_reason(status));
	gw_put_text(&p, span_str(text));
	gw_put(&p, "</p>\n");
	if (help)
		gw_putf(&p, "<p>%s</p>\n", help);
	if (a->rq->id.len) {
		gw_put(&p, "<p class=\"dim\">Request <code>");
		gw_put_text(&p, a->rq->id);
		gw_put(&p, "</code></p>\n");
	}
	gw_page_foot(&p);
	if (rc == 0)
		rc = p.rc;
	if (rc == 0)
		rc = buf_add(out, buf_span(&p.buf));
	gw_page_clear(&p);
	return rc;
}
