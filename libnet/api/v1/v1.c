/* v1.c - which part of the interface is meant, and how it fails (ipfrs-http-v1 1.4) */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "v1_priv.h"

int v1_wants(const struct request *rq)
{
	return rq->path.len >= 4 && !memcmp(rq->path.p, "/v1/", 4);
}

static int put_error(struct v1_ask *a, int status, const char *code, const char *text)
{
	static const char *const of_body[] = {
		"content-type", "content-length", "etag", "last-modified", "cache-control", "accept-ranges", "x-tensor-format",
		"x-tensor-shape", "x-tensor-full-shape", "x-tensor-dtype", "x-tensor-name", "x-tensor-elements"
	};
	struct buf body = BUF_INIT(64 * 1024);
	size_t i;
	int rc;

	for (i = 0; i < sizeof of_body / sizeof *of_body; i++)
		reply_drop(a->r, of_body[i]);
	rc = buf_u8(&body, '{');
	if (rc == 0)
		rc = json_field(&body, "error", span_str(text));
	if (rc == 0)
		rc = json_field(&body, "code", span_str(code));
	if (rc == 0)
		rc = json_field(&body, "request_id", a->rq->id);
	if (rc == 0)
		rc = buf_str(&body, "}\n");
	if (rc == 0)
		rc = reply_field(a->r, "x-content-type-options", "nosniff");
	if (rc == 0)
		rc = reply_whole(a->r, status, "application/json", buf_span(&body));
	buf_clear(&body);
	return rc < 0 ? rc : 1;
}

int v1_fail(struct v1_ask *a, int status, const char *code, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int rc;

	if (a->r->status) {		/* the client shall see that it is not whole */
		a->r->failed = 1;
		return 1;
	}
	va_start(ap, fmt);
	rc = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (rc < 0)
		return err_nomem();
	rc = put_error(a, status, code, text);
	free(text);
	return rc;
}

static const char *code_of(int rc, const char *invalid)
{
	switch (rc) {
	case ERR_NOTFOUND: return "NOT_FOUND";
	case ERR_USAGE: return "INVALID_PARAMETER";
	case ERR_UNSUPPORTED: return "UNSUPPORTED_DTYPE";
	case ERR_INVALID: return invalid;
	case ERR_LIMIT: return "BODY_TOO_LARGE";
	case ERR_DENIED: return "FORBIDDEN";
	case ERR_TIMEOUT: return "TIMEOUT";
	case ERR_NOSPACE: return "INSUFFICIENT_STORAGE";
	case ERR_CORRUPT: case ERR_IO: return "STORAGE_ERROR";
	default: return "INTERNAL";
	}
}

int v1_fail_rc(struct v1_ask *a, int rc, const char *invalid, const char *before)
{
	int status = rc == ERR_UNSUPPORTED ? 400 : err_http(rc);

	if (rc == ERR_INTERRUPTED)
		return rc;
	if (rc == ERR_IO || rc == ERR_CORRUPT || rc == ERR_NOMEM)	/* what it says has paths of ours in it */
		return v1_fail(a, status, code_of(rc, invalid), "Storage error: %s", err_name(rc));
	return v1_fail(a, status, code_of(rc, invalid), "%s%s", before, err_text());
}

static int is_method(const struct request *rq, const char *name)
{
	return span_equal(rq->method, span_str(name));
}

int v1_answer(const struct v1_env *e, struct request *rq, struct reply *r)
{
	static const char tensors[] = "/v1/tensor/";
	size_t len = sizeof tensors - 1;
	struct v1_ask a = { .e = e, .rq = rq, .r = r };
	int rc;

	r->head_only = is_method(rq, "HEAD");
	if (rq->path.len < len || memcmp(rq->path.p, tensors, len) != 0) {
		rc = v1_fail(&a, 404, "NOT_FOUND", "nothing is served under this path");
	} else if (!r->head_only && !is_method(rq, "GET")) {
		rc = reply_field(r, "allow", "GET, HEAD");
		if (rc == 0)
			rc = v1_fail(&a, 405, "METHOD_NOT_ALLOWED", "only GET and HEAD are served here");
	} else {
		a.path = span_of(rq->path.p + len, rq->path.len - len);
		rc = v1_tensor(&a);
	}
	if (rc < 0 && rc != ERR_INTERRUPTED)	/* before the head an error of ours; behind it the answer is cut */
		rc = v1_fail_rc(&a, rc, "INVALID_TENSOR", "");
	return rc < 0 ? rc : 0;
}
