/* answer.c - values, bytes and errors as go-ipfs-cmds sends them */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kubo_priv.h"

enum { SOON_MS = 10 };			/* how long a value may wait for others */

/* ---- heads ---- */

/* API.HTTPHeaders, but for those of CORS, which have been dealt with: {"Name": ["value", ...]} */
static int configured(struct call *c)
{
	const struct node *nd = &c->k->conf;
	struct span name, value;
	char text[256];
	size_t at, end, v, i;
	int rc = 0;

	if (!kubo_conf(c->k, "API.HTTPHeaders", &at) || nd->step[at].kind != NODE_MAP)
		return 0;
	end = (size_t)nd->step[at].end;
	for (at++; rc == 0 && at < end; at = node_next(nd, at + 1)) {
		name = node_span(nd, at);
		snprintf(text, sizeof text, "%.*s", (int)name.len, (const char *)name.p);
		if (strncasecmp(text, "access-control-", 15) == 0 || name.len >= sizeof text)
			continue;
		for (i = 0; rc == 0 && node_entry(nd, at + 1, i, &v); i++) {
			if (nd->step[v].kind != NODE_STRING)
				continue;
			value = node_span(nd, v);
			rc = reply_field(c->r, text, "%.*s", (int)value.len, (const char *)value.p);
		}
	}
	return rc;
}

static int common(struct call *c, const char *type)
{
	static const char shown[] = "X-Stream-Output, X-Chunked-Output, X-Content-Length";
	struct reply *r = c->r;
	int rc = reply_field(r, "content-type", "%s", type);

	reply_drop(r, "access-control-expose-headers");
	if (rc == 0)
		rc = reply_field(r, "access-control-allow-headers", "%s", shown);
	if (rc == 0)
		rc = reply_field(r, "access-control-expose-headers", "%s", shown);
	if (rc == 0)
		rc = reply_field(r, "server", "ipfrs/" IPFRS_VERSION " kubo/" KUBO_VERSION);
	if (rc == 0)
		rc = configured(c);
	return rc == 0 ? reply_field(r, "trailer", "X-Stream-Error") : rc;
}

static const char *value_type(const struct call *c)
{
	return c->enc == ENC_TEXT ? "text/plain" : c->enc == ENC_XML ? "application/xml" : "application/json";
}

static int begin(struct call *c)
{
	int rc = common(c, value_type(c));

	if (rc == 0)
		rc = reply_field(c->r, "x-chunked-output", "1");
	if (rc == 0)
		rc = reply_start(c->r, 200, LEN_UNKNOWN);
	c->streams = rc == 0;
	return rc;
}

int call_begin(struct call *c)
{
	int rc = c->streams ? 0 : begin(c);

	return rc == 0 ? reply_flush(c->r) : rc;
}

int call_bytes(struct call *c, const char *type, uint64_t len)
{
	int rc = common(c, type ? type : "text/plain");

	if (rc == 0)
		rc = reply_field(c->r, "x-stream-output", "1");
	if (rc == 0 && len != LEN_UNKNOWN)
		rc = reply_field(c->r, "x-content-length", "%llu", (unsigned long long)len);
	if (rc == 0)
		rc = reply_start(c->r, 200, LEN_UNKNOWN);
	c->streams = rc == 0;
	return rc;
}

int call_flush(struct call *c)
{
	return reply_flush(c->r);
}

int call_empty(struct call *c)
{
	return c->streams ? 0 : begin(c);	/* the end comes at once, and goes along */
}

/* ---- values ---- */

/* What Go escapes in JSON besides: it may end up in a page. */
static int go_json(struct buf *out, struct span json)
{
	size_t i, from = 0, n;
	int rc = 0;

	for (i = 0; rc == 0 && i < json.len; i += n) {
		const uint8_t *p = json.p + i;

		n = 1;
		if (*p == 0xe2 && json.len - i >= 3 && p[1] == 0x80 && (p[2] & 0xfe) == 0xa8)
			n = 3;			/* U+2028, U+2029 */
		else if (*p != '<' && *p != '>' && *p != '&')
			continue;
		rc = buf_bytes(out, json.p + from, i - from);
		if (rc == 0)
			rc = n == 3 ? buf_printf(out, "\\u202%c", p[2] == 0xa8 ? '8' : '9') :
				      buf_printf(out, "\\u%04x", *p);
		from = i + n;
	}
	return rc < 0 ? rc : buf_bytes(out, json.p + from, json.len - from);
}

/* the value as it goes out, in c->json */
static int dress(struct call *c, struct span json, struct span text)
{
	int rc;

	buf_reset(&c->json);
	if (c->enc == ENC_TEXT && text.p)
		return buf_add(&c->json, text);
	rc = go_json(&c->json, json);
	return rc < 0 ? rc : buf_u8(&c->json, '\n');
}

int call_one(struct call *c, struct span json, struct span text)
{
	int rc = dress(c, json, text);

	if (rc == 0)
		rc = common(c, value_type(c));
	if (rc == 0)
		rc = reply_start(c->r, 200, LEN_UNKNOWN);
	c->one = rc == 0;
	return rc == 0 ? sink_bytes(&c->r->sink, buf_span(&c->json)) : rc;
}

int call_more(struct call *c, struct span json, struct span text)
{
	int rc = 0;

	if (!c->one) {
		rc = common(c, value_type(c));
		if (rc == 0)
			rc = reply_start(c->r, 200, LEN_UNKNOWN);
		c->one = rc == 0 ? 2 : 0;
	}
	buf_reset(&c->json);
	if (rc == 0)
		rc = c->enc == ENC_TEXT ? buf_add(&c->json, text) : go_json(&c->json, json);
	return rc == 0 && c->json.len ? sink_bytes(&c->r->sink, buf_span(&c->json)) : rc;
}

int call_value_last(struct call *c, struct span json, struct span text)
{
	int rc = dress(c, json, text);

	if (rc == 0 && !c->streams)
		rc = begin(c);
	return rc == 0 ? sink_bytes(&c->r->sink, buf_span(&c->json)) : rc;
}

int call_value(struct call *c, struct span json, struct span text)
{
	int rc = call_value_last(c, json, text);

	return rc == 0 ? reply_flush(c->r) : rc;
}

int call_value_soon(struct call *c, struct span json, struct span text)
{
	int rc = call_value_last(c, json, text);
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (rc < 0 || (now.tv_sec - c->flushed.tv_sec) * 1000 + (now.tv_nsec - c->flushed.tv_nsec) / 1000000 < SOON_MS)
		return rc;
	c->flushed = now;
	return reply_flush(c->r);
}

/* ---- ends ---- */

int call_client_error(struct call *c, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (!text)
		return err_nomem();
	c->code = 1;
	err_set(ERR_USAGE, "%s", text);
	free(text);
	return ERR_USAGE;
}

/* a text that may stand in a field: what would end it is a blank */
static int put_trailer(struct call *c, const char *text)
{
	char *copy = strdup(text), *p;
	int rc;

	if (!copy)
		return err_nomem();
	for (p = copy; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	rc = reply_trailer(c->r, "x-stream-error", "%s", copy);
	free(copy);
	return rc;
}

static int error_object(const struct call *c, const char *text, struct buf *out)
{
	struct buf json = BUF_INIT(VALUE_MAX);
	int rc = buf_str(&json, "{");

	if (rc == 0)
		rc = json_field(&json, "Message", span_str(text));
	if (rc == 0)
		rc = json_num(&json, "Code", (uint64_t)c->code);
	if (rc == 0)
		rc = json_field(&json, "Type", span_str("error"));
	if (rc == 0)
		rc = buf_str(&json, "}");
	if (rc == 0)
		rc = go_json(out, buf_span(&json));
	buf_clear(&json);
	return rc < 0 ? rc : buf_u8(out, '\n');
}

int answer_error(struct call *c, int rc)
{
	struct buf body = BUF_INIT(VALUE_MAX);
	const char *text = err_text();

	if (c->streams || c->one) {
		put_trailer(c, text);
		return 0;
	}
	rc = c->enc == ENC_TEXT ? buf_str(&body, text) : error_object(c, text, &body);
	if (rc == 0)
		rc = common(c, value_type(c));
	if (rc == 0)
		rc = reply_start(c->r, c->code == 1 ? 400 : 500, LEN_UNKNOWN);
	if (rc == 0)
		rc = sink_bytes(&c->r->sink, buf_span(&body));
	buf_clear(&body);
	return rc;
}

int answer_end(struct call *c)
{
	if (c->one == 2 && c->enc != ENC_TEXT)
		return sink_bytes(&c->r->sink, span_str("\n"));
	return c->streams || c->one ? 0 : call_begin(c);
}
