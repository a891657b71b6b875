/* conditions.c - is what the client has still what there is? (RFC 9110 13) */
#include <time.h>

#include "body.h"
#include "wire/http/field.h"

enum { LIST_MAX = 64 * 1024 };		/* bytes of a field with a list */

static int list(const struct request *rq, const char *name, struct buf *b, struct span *out)
{
	int rc;

	*b = BUF_INIT(LIST_MAX);
	rc = request_list(rq, name, b);
	*out = rc > 0 ? span_of(b->len ? b->data : (const uint8_t *)"", b->len) : span_of(NULL, 0);
	return rc < 0 ? rc : 0;
}

/* RFC 9110 15.4.5: what described the body goes, what describes the answer stays */
static int not_modified(struct reply *r)
{
	static const char *const names[] = {
		"last-modified", "content-type", "content-disposition", "accept-ranges", "x-content-type-options"
	};
	size_t i;
	int rc;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		reply_drop(r, names[i]);
	rc = reply_start(r, 304, 0);
	return rc < 0 ? rc : 304;
}

int body_conditions(const struct request *rq, struct reply *r, const char *etag, int has_mtime, int64_t mtime)
{
	struct http_validators v = { 1, span_str(etag), has_mtime, mtime };
	struct buf match, none;
	struct http_conditions c = { .modified_since = request_field(rq, "if-modified-since"),
				     .unmodified_since = request_field(rq, "if-unmodified-since") };
	int rc = list(rq, "if-match", &match, &c.match), was;

	was = rc;
	rc = list(rq, "if-none-match", &none, &c.none_match);
	rc = was < 0 ? was : rc;
	if (rc == 0)
		rc = http_condition(&c, 1, &v, (int64_t)time(NULL));
	if (rc == 304)
		rc = not_modified(r);
	buf_clear(&match);
	buf_clear(&none);
	return rc;
}
