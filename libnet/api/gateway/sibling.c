/*
 * sibling.c - files their author has compressed already: NAME.br, NAME.zst or NAME.gz beside NAME.
 * That they hold the same is the author's word, as it is for any server of files that has this; so whoever asks for
 * bytes that can be verified, for a range or for a download gets NAME itself.
 * Spec: RFC 9110 8.4, 12.5.3; gateway reference 17.
 */
#include <stdio.h>

#include "base/err.h"
#include "gateway_priv.h"
#include "wire/http/http.h"

enum { NAME_MAX_BYTES = 4096 };

/* on equal terms the one that is smallest as a rule */
static const struct kind { const char *coding, *end; } kinds[] = {
	{ "br", ".br" }, { "zstd", ".zst" }, { "gzip", ".gz" }
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

/* ---- is it for this request? ---- */

static int has_download(struct gw_ask *a)
{
	struct buf v = BUF_INIT(GW_TEXT_MAX);
	int there = gw_arg(a, "download", &v);

	buf_clear(&v);
	return there;
}

/* the lines of a field as one list; empty: there is none, or more than anybody needs */
static struct span list_of(struct gw_ask *a, const char *name, struct buf *b)
{
	*b = BUF_INIT(8 * GW_TEXT_MAX);
	return request_list(a->rq, name, b) > 0 && b->len ? buf_span(b) : span_of("", 0);
}

static int untouched(struct gw_ask *a)
{
	struct buf b;
	int yes = http_listed(list_of(a, "cache-control", &b), "no-transform");

	buf_clear(&b);
	return yes;
}

/* ---- looking ---- */

/* 1: there is such a file, and the start of it is here; 0: not so; ERR_NOMEM, ERR_INTERRUPTED */
static int look(struct gw_ask *a, const struct cid *dir, struct span name, const struct kind *k,
		struct gw_sibling *s)
{
	struct buf full = BUF_INIT(NAME_MAX_BYTES);
	struct sink_null nowhere;
	int rc = buf_add(&full, name);

	if (rc == 0)
		rc = buf_str(&full, k->end);
	if (rc == 0)
		rc = unixfs_lookup(a->src, dir, buf_span(&full), &s->cid);
	buf_clear(&full);
	if (rc == 0 && gw_denied(a->g->deny, span_of("", 0), &s->cid))
		return 0;
	if (rc == 0)
		rc = unixfs_stat(a->src, &s->cid, &s->stat);
	if (rc == 0 && (!unixfs_is_file(s->stat.type) || !s->stat.size))
		return 0;
	if (rc == 0 && s->stat.n_links) {
		sink_null_start(&nowhere);
		rc = unixfs_cat(a->src, &s->cid, 0, 1, &nowhere.sink, NULL, NULL);
	}
	s->coding = k->coding;
	return rc == 0 ? 1 : rc == ERR_NOMEM || rc == ERR_INTERRUPTED ? rc : 0;
}

/* Those the client takes, the best liked first, each looked for once. */
static int find(struct gw_ask *a, const struct cid *dir, struct span name, struct span accept, struct gw_sibling *s)
{
	const struct kind *left[N_KINDS];
	const char *offers[N_KINDS];
	size_t n = 0, i;
	int pick, rc = 0;

	for (i = 0; i < N_KINDS; i++)
		left[n++] = &kinds[i];
	while (rc == 0 && n) {
		for (i = 0; i < n; i++)
			offers[i] = left[i]->coding;
		pick = http_coding_pick(accept, offers, n);
		if (pick < 0)
			break;
		rc = look(a, dir, name, left[pick], s);
		for (i = (size_t)pick, n--; i < n; i++)
			left[i] = left[i + 1];
	}
	return rc;
}

int gw_sibling(struct gw_ask *a, const struct cid *dir, struct span name, struct gw_sibling *s)
{
	int may, rc = 0, found = 0;
	struct buf b;

	if (!a->g->precompressed || !dir || !name.len || a->format != GW_NONE || has_download(a))
		return 0;
	if (!request_field(a->rq, "range").p && !untouched(a)) {
		found = find(a, dir, name, list_of(a, "accept-encoding", &b), s);
		buf_clear(&b);
	}
	/* a cache must not give this answer to those who would get another; where that is likely, at least, since
	 * to know it takes more looks */
	may = gw_compressible(gw_type_by_name(name));
	if (found == 1 || (found == 0 && may))
		rc = reply_field(a->r, "vary", "Accept-Encoding");
	return rc < 0 ? rc : found;
}

/* ---- answering ---- */

static int listed(struct gw_ask *a, const char *field, const char *tag)
{
	struct buf b;
	int yes = http_etag_listed(list_of(a, field, &b), span_str(tag), 1);

	buf_clear(&b);
	return yes;
}

/* A client may have NAME as it is from another time: that is as good, and need not be sent again. */
static int knows_plain(struct gw_ask *a, const char *etag, const char *plain)
{
	const char *field = request_field(a->rq, "if-none-match").p ? "if-none-match" : "if-match";

	return !listed(a, field, etag) && listed(a, field, plain);
}

int gw_sibling_head(struct gw_ask *a, const struct gw_sibling *s, const char *plain)
{
	char text[CID_TEXT_MAX], etag[CID_TEXT_MAX + 16];
	int rc, other;

	snprintf(etag, sizeof etag, "\"%s.%s\"", cid_text(&s->cid, text), s->coding);
	other = knows_plain(a, etag, plain);
	rc = gw_validators(a, other ? plain : etag, s->stat.meta.has_mtime, s->stat.meta.mtime, GW_CACHE_FILE);
	if (rc == 0 && other) {		/* it held as If-Match, and what is sent is the other */
		reply_drop(a->r, "etag");
		rc = reply_field(a->r, "etag", "%s", etag);
	}
	if (rc == 0)
		rc = reply_field(a->r, "content-encoding", "%s", s->coding);
	return rc;
}

int gw_sibling_body(struct gw_ask *a, const struct gw_sibling *s, const char *type)
{
	int rc = type ? reply_field(a->r, "content-type", "%s", type) : 0;

	if (rc == 0)
		rc = reply_start(a->r, 200, s->stat.size);
	if (rc < 0 || a->r->head_only)
		return rc < 0 ? rc : 1;
	rc = unixfs_cat(a->src, &s->cid, 0, UINT64_MAX, &a->r->sink, NULL, NULL);
	return rc < 0 ? gw_fail_rc(a, rc) : 1;
}
