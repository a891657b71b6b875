/*
 * page_priv.h - pages for people, made while they are sent.
 * A page is gathered until it is done or large; so a small one has a length and can still become an error, and a
 * large one takes no more memory than PAGE_HOLD.  The functions that put remember the first failure, so
 * that a page is written straight down and asked once, in gw_page_end.
 */
#ifndef API_GATEWAY_PAGE_PRIV_H
#define API_GATEWAY_PAGE_PRIV_H

#include "gateway_priv.h"

enum { PAGE_HOLD = 64 * 1024, PAGE_MAX = 1024 * 1024 };	/* bytes gathered; and of one run */

struct gw_page {
	struct gw_ask *a;
	const char *type;		/* of the whole, borrowed */
	struct buf buf;
	struct buf word;		/* room to encode in */
	int started;			/* the head is out */
	int gone;			/* rc is the transport's */
	int rc;
};

void gw_page_init(struct gw_page *p, struct gw_ask *a, const char *type);
void gw_page_clear(struct gw_page *p);

/* gw_put - as it is.  gw_put_text - as HTML.  gw_put_url - a path, as it stands in an attribute; a '/' in it is
 * kept.  gw_put_name - one segment of it.  gw_put_twice - one value of a query, encoded twice (8.2).
 * gw_put_cid - its text. */
void gw_put(struct gw_page *p, const char *text);
void gw_put_span(struct gw_page *p, struct span s);
void gw_putf(struct gw_page *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void gw_put_text(struct gw_page *p, struct span s);
void gw_put_url(struct gw_page *p, struct span path);
void gw_put_name(struct gw_page *p, struct span name);
void gw_put_twice(struct gw_page *p, struct span value);
void gw_put_cid(struct gw_page *p, const struct cid *cid);

/* gw_page_head - up to the content of <main>; the caller has put the title's text between the two.
 * gw_page_foot - from its end.  Both are of every page. */
void gw_page_head(struct gw_page *p);
void gw_page_body(struct gw_page *p);
void gw_page_foot(struct gw_page *p);

/* gw_page_crumbs - the content path with a link at each step (8.2).  gw_page_block - the URL of a block: begins an
 * href, whose value the caller may go on with if it returns 1; 0: the URL is elsewhere and complete. */
void gw_page_crumbs(struct gw_page *p);
int gw_page_block(struct gw_page *p, const struct cid *cid);

/* gw_page_more - a good moment to send what was gathered.  gw_page_end - send the rest, or the error instead.
 * As all that answer: 1 or negative. */
void gw_page_more(struct gw_page *p);
int gw_page_end(struct gw_page *p);

/* gw_page_fields - what a browser is to know of a page of ours: it runs nothing and loads nothing. */
int gw_page_fields(struct reply *r);

#endif
