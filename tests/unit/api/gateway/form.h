/*
 * form.h - one form of an answer without the way to it: a gw_ask made by hand, over a store of fixtures.
 *
 *	form_open();
 *	ask_import("tests/golden/gateway/dir_listing.car");
 *	struct form f = { .path = "/ipfs/bafy…/a/", .cid = "bafy…" };
 *	CHECK(form(&f, gw_listing) == 200 && strstr(ask_body(), "Index of"));
 */
#ifndef TESTS_GATEWAY_FORM_H
#define TESTS_GATEWAY_FORM_H

#include "ask.h"

struct form {
	const char *path, *web;		/* web NULL: the path */
	const char *cid;		/* NULL: `of` */
	struct cid of;
	const char *query, *fields, *host, *gw_host, *name;
	enum gw_view view;
	enum gw_format format;
	int head, no_archives, mutable_path;
	uint64_t page;
};

/* form_open - a new empty store */
__attribute__((unused)) static void form_open(void)
{
	static int n;
	static char *dir;
	char path[4200];

	if (!dir)
		dir = unit_tmpdir();
	store_close(ask_now.st);
	ask_now.st = NULL;
	snprintf(path, sizeof path, "%s/form%d", dir, n++);
	if (store_init(path, "") < 0 || store_open(&ask_now.st, path, STORE_WRITE | STORE_UNSYNCED) < 0) {
		printf("# no store: %s\n", err_text());
		abort();
	}
}

__attribute__((unused)) static void form_close(void)
{
	store_close(ask_now.st);
	buf_clear(&ask_now.heard.body);
	buf_clear(&ask_now.heard.r.fields);
	buf_clear(&ask_now.heard.r.trailers);
	memset(&ask_now, 0, sizeof ask_now);
}

static void form_text(struct buf *b, const char *s)
{
	*b = BUF_INIT(GW_PATH_MAX);
	if (s && buf_str(b, s) < 0)
		abort();
}

/* form - the status of the answer; the rest of it is where ask() leaves it */
__attribute__((unused)) static int form(const struct form *f, int (*fn)(struct gw_ask *a))
{
	struct gateway g = { .archives = !f->no_archives, .listing_max = f->page };
	struct field field[32];
	struct request rq = { .method = span_str(f->head ? "HEAD" : "GET"), .id = span_str("id-<1>"), .field = field,
			      .path = span_str(f->web ? f->web : f->path),
			      .query = f->query ? span_str(f->query) : span_of(NULL, 0) };
	struct gw_ask a = { .g = &g, .st = ask_now.st, .rq = &rq, .r = &ask_now.heard.r, .view = f->view,
			    .format = f->format, .html = 1, .ttl = -1, .rest = "", .mutable_path = f->mutable_path,
			    .name = f->name ? span_str(f->name) : span_of(NULL, 0) };

	a.src = ask_now.src ? ask_now.src : store_source(ask_now.st);
	rq.n_fields = heard_fields(field, 32, f->fields);
	a.cid = f->of;
	if (f->cid && cid_parse(span_str(f->cid), &a.cid, NULL) < 0)
		abort();
	a.is_unixfs = unixfs_stat(a.src, &a.cid, &a.stat) == 0;
	form_text(&a.web, f->web ? f->web : f->path);
	form_text(&a.path, f->path);
	form_text(&a.host, f->host);
	form_text(&a.gw_host, f->gw_host);
	heard_begin(&ask_now.heard);
	ask_now.heard.r.head_only = f->head;
	ask_now.heard.rc = fn(&a);
	buf_clear(&a.web);
	buf_clear(&a.path);
	buf_clear(&a.host);
	buf_clear(&a.gw_host);
	return ask_now.heard.r.status;
}

__attribute__((unused)) static int form_has(const char *text)
{
	if (strstr(ask_body(), text))
		return 1;
	printf("# the body has no: %s\n", text);
	return 0;
}

#endif
