/*
 * gw_path_fuzz - paths of requests, and the forms they ask for.
 * The input is three lines: the path, the query, the Accept field.
 */
#include <stdlib.h>

#include "api/gateway/gateway_priv.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int start(struct reply *r, uint64_t len)
{
	(void)r;
	(void)len;
	return 0;
}

static int put(struct sink *s, const struct piece *p)
{
	(void)s;
	(void)p;
	return 0;
}

static struct span line(struct span *rest)
{
	const uint8_t *lf = rest->len ? memchr(rest->p, '\n', rest->len) : NULL;
	struct span s = span_of(rest->p, lf ? (size_t)(lf - rest->p) : rest->len);

	*rest = lf ? span_of(lf + 1, rest->len - s.len - 1) : span_of(rest->p + rest->len, 0);
	return s;
}

/* A cleaned path has no empty segment and no dots, cleans to itself, and survives its own encoding. */
static void clean_is_clean(struct span path)
{
	struct buf escaped = BUF_INIT(4 * GW_PATH_MAX), again = BUF_INIT(GW_PATH_MAX), html = BUF_INIT(8 * GW_PATH_MAX);
	const char *text = (const char *)path.p;
	struct span rest = path, seg;
	uint32_t rune;
	size_t i;

	if (path.p[0] != '/' || strstr(text, "//") || strstr(text, "/./") || strstr(text, "/../"))
		abort();
	if (strlen(text) != path.len || gw_escape(&escaped, path) < 0)
		abort();
	for (i = 0; i < escaped.len; i++)
		if (escaped.data[i] <= ' ' || escaped.data[i] >= 0x7f || strchr("\"<>'?#", escaped.data[i]))
			abort();
	if (gw_clean(buf_span(&escaped), &again) < 0 || !span_equal(buf_span(&again), path))
		abort();
	if (gw_html(&html, path) < 0 || (html.len && (strchr((char *)html.data, '<') || strchr((char *)html.data, '"'))))
		abort();
	while (rest.len)
		gw_rune(&rest, &rune);
	seg = gw_last_segment(path);
	if (seg.len && memchr(seg.p, '/', seg.len))
		abort();
	buf_clear(&escaped);
	buf_clear(&again);
	buf_clear(&html);
}

/* No field may be begun by what came in. */
static void whole_lines(const struct reply *r)
{
	const char *p = (const char *)r->fields.data;

	for (; p && *p; p = strchr(p, '\n') + 1)
		if (!strchr(p, '\n') || strchr(p, '\n')[-1] != '\r' || strcspn(p, "\r") + 1 != strcspn(p, "\n"))
			abort();
}

static void negotiate(struct span path, struct span query, struct span accept)
{
	struct field f = { span_str("accept"), accept };
	struct request rq = { .query = query, .field = &f, .n_fields = 1 };
	struct reply r = { .sink = { put }, .fields = BUF_INIT(REPLY_FIELDS_MAX), .start = start };
	struct gw_ask a = { .rq = &rq, .r = &r, .accept_params = BUF_INIT(GW_PATH_MAX), .web = BUF_INIT(GW_PATH_MAX) };
	struct buf arg = BUF_INIT(GW_PATH_MAX);
	int rc;

	cid_parse(span_str("bafkqaaa"), &a.cid, NULL);
	if (buf_add(&a.web, path) < 0)
		abort();
	rc = gw_negotiate(&a);
	a.html = 0;
	if (rc == 0 && (gw_content_location(&a) < 0 || gw_disposition(&a, NULL, path) < 0))
		abort();
	gw_arg(&a, "range", &arg);
	whole_lines(&r);
	buf_clear(&arg);
	buf_clear(&a.accept_params);
	buf_clear(&a.web);
	buf_clear(&r.fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size), path = line(&rest), query = line(&rest), accept = line(&rest);
	struct buf clean = BUF_INIT(GW_PATH_MAX);

	if (size > 64 * 1024)
		return 0;
	if (gw_clean(path, &clean) == 0) {
		clean_is_clean(buf_span(&clean));
		negotiate(buf_span(&clean), query, accept);
	} else if (clean.len) {
		abort();
	}
	buf_clear(&clean);
	return 0;
}
