/*
 * page_fuzz.c - pages and archives made of blocks from anyone: whatever stands in them, no name becomes markup, tags
 * are closed in the order they were opened, and no archive has a name that leads out of it.
 * The first byte chooses: bits 0 and 1 the form (dag-json, dag-cbor, a directory, an archive), bits 2 and 3 the
 * view.  What follows is the block, or the blocks of fuzzdag.h.
 */
#include <stdlib.h>

#include "api/gateway/gateway_priv.h"
#include "fuzzdag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BODY_MAX = 1 << 20 };

static struct buf body = { .max = BODY_MAX };
static struct span block;

static int put(struct sink *s, const struct piece *p)
{
	(void)s;
	if (p->fd >= 0)
		__builtin_trap();
	if (body.len + p->bytes.len > BODY_MAX)
		return err_set(ERR_INTERRUPTED, "enough");
	return buf_add(&body, p->bytes);
}

static int start(struct reply *r, uint64_t len)
{
	(void)r;
	(void)len;
	return 0;
}

static int get(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	(void)s;
	(void)cid;
	return buf_add(out, block);
}

/* ---- is it markup of ours? ---- */

static const char *const known[] = {
	"html", "head", "title", "style", "body", "main", "h1", "span", "dl", "dt", "dd", "ul", "li", "table", "thead",
	"tbody", "tfoot", "tr", "th", "td", "a", "p", "div", "details", "summary", "b", "i", "q", "code", "nav", "footer"
};

static int tag_of(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (strlen(known[i]) == len && !memcmp(known[i], p, len))
			return (int)i;
	return -1;
}

/* behind a tag at `p`; its attributes are name="value" */
static const char *pass_tag(const char *p)
{
	while (*p && *p != '>') {
		if (*p == '<' || *p == '\'')
			__builtin_trap();
		if (*p == '"') {
			for (p++; *p && *p != '"'; p++)
				if (*p == '<' || *p == '>')
					__builtin_trap();
		}
		if (*p)
			p++;
	}
	if (!*p)
		__builtin_trap();
	return p + 1;
}

static void look_at_page(void)
{
	const char *p = (const char *)body.data;
	int open[4096], n = 0;

	if (strlen(p) != body.len)
		__builtin_trap();
	while ((p = strchr(p, '<'))) {
		int close = p[1] == '/', tag;
		const char *name = p + 1 + close;
		size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");

		p = pass_tag(name);
		if (!strncmp(name, "!DOCTYPE", 8) || !strncmp(name, "meta ", 5) || !strncmp(name, "link ", 5))
			continue;
		tag = tag_of(name, len);
		if (tag < 0 || n == 4096 || (close && (n == 0 || open[n - 1] != tag)))
			__builtin_trap();
		if (close)
			n--;
		else
			open[n++] = tag;
	}
	if (n)
		__builtin_trap();
}

/* names of members that are short enough for the old header: below the root, without climbing */
static void look_at_archive(void)
{
	size_t at, i;

	for (at = 0; at + 512 <= body.len;) {
		const char *h = (const char *)body.data + at;
		uint64_t len = 0;

		if (!h[0])
			break;
		for (i = 124; i < 135 && h[i] >= '0' && h[i] <= '7'; i++)
			len = len << 3 | (uint64_t)(h[i] - '0');
		if ((h[156] == '0' || h[156] == '5' || h[156] == '2') && !memcmp(h + 257, "ustar", 5) && !h[345]) {
			char name[101] = "";

			memcpy(name, h, 100);
			if (name[0] == '/' || !strncmp(name, "../", 3) || strstr(name, "/../"))
				__builtin_trap();
		}
		if (len > body.len)
			break;
		at += 512 + (size_t)((len + 511) & ~(uint64_t)511);
	}
}

/* ---- the form ---- */

static void text(struct buf *b, const char *s)
{
	*b = BUF_INIT(GW_PATH_MAX);
	if (buf_str(b, s) < 0)
		abort();
}

static void name_of(struct cid *cid, uint64_t codec)
{
	static const uint8_t zero[32];

	if (cid_make(cid, 1, codec, MH_SHA2_256, span_of(zero, sizeof zero)) < 0)
		abort();
}

static void run(struct gw_ask *a, int form)
{
	static int (*const forms[])(struct gw_ask *) = { gw_preview, gw_preview, gw_listing, gw_archive };
	struct reply *r = a->r;
	int rc;

	buf_reset(&body);
	rc = forms[form](a);
	if (rc != 1 && rc != ERR_INTERRUPTED && rc != ERR_NOMEM)
		__builtin_trap();
	if (form == 3 && r->status == 200)
		look_at_archive();
	else if (rc == 1 && !r->failed && body.len)
		look_at_page();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t codecs[] = { CID_DAG_JSON, CID_DAG_CBOR, CID_DAG_PB, CID_DAG_PB };
	struct dag_source plain = { .get = get };
	struct gateway g = { .archives = 1 };
	struct request rq = { .method = span_str("GET"), .path = span_str("/x/"), .id = span_str("1") };
	struct reply r = { .sink = { put }, .fields = BUF_INIT(REPLY_FIELDS_MAX), .start = start };
	struct gw_ask a = { .g = &g, .rq = &rq, .r = &r, .rest = "", .ttl = -1, .html = 1, .format = GW_TAR };
	struct fuzzdag dag;
	int form;

	if (size < 2)
		return 0;
	form = data[0] & 3;
	a.view = (enum gw_view)((data[0] >> 2 & 3) % 3);
	name_of(&a.cid, codecs[form]);
	block = span_of(data + 1, size - 1);
	a.src = &plain;
	if (form >= 2) {
		fuzzdag_init(&dag, block, &a.cid);
		a.src = &dag.source;
		a.is_unixfs = unixfs_stat(a.src, &a.cid, &a.stat) == 0;
	}
	text(&a.web, "/ipfs/x/<\"'>&/");
	text(&a.path, "/ipfs/x/<\"'>&/");
	text(&a.host, "example.org");
	text(&a.gw_host, "example.com:8080");
	if (form < 2 || a.is_unixfs)
		run(&a, form);
	buf_clear(&a.web);
	buf_clear(&a.path);
	buf_clear(&a.host);
	buf_clear(&a.gw_host);
	buf_clear(&r.fields);
	return 0;
}
