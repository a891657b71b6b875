/* cors.c - whose pages may read our answers (Fetch standard, "CORS protocol"; ipfrs-http-v1 8.1) */
#include "base/err.h"
#include "front_priv.h"

/* what Access-Control-Allow-Origin says to this client; p NULL: nothing */
static struct span allowed(struct front *f, struct span origin)
{
	if (f->any_origin && !f->credentials)
		return span_str("*");
	if (origin.p && (f->any_origin || front_worded(f->origins, origin)))
		return origin;
	return span_of(NULL, 0);
}

int cors_new(struct front *f)
{
	struct reply r = { .fields = BUF_INIT(REPLY_FIELDS_MAX) };
	int rc = reply_field(&r, "Access-Control-Allow-Methods", "%s", front_text(f->c, "cors.methods"));

	if (rc == 0)
		rc = reply_field(&r, "Access-Control-Allow-Headers", "%s", front_text(f->c, "cors.headers"));
	if (rc == 0)
		rc = reply_field(&r, "Access-Control-Expose-Headers", "%s", front_text(f->c, "cors.expose"));
	if (rc == 0 && f->credentials)
		rc = reply_field(&r, "Access-Control-Allow-Credentials", "true");
	if (rc < 0) {
		buf_clear(&r.fields);
		return rc == ERR_INVALID ? err_set(ERR_USAGE, "the cors settings cannot stand in fields of an answer") : rc;
	}
	f->cors = r.fields;
	return 0;
}

int cors_fields(struct front *f, const struct request *rq, struct reply *r)
{
	struct span origin = request_field(rq, "origin"), allow = allowed(f, origin);
	int rc = 0;

	if (rc == 0 && f->origins.len && !(f->any_origin && !f->credentials))
		rc = reply_field(r, "Vary", "Origin");
	if (rc < 0 || !allow.p)
		return rc;
	rc = reply_field(r, "Access-Control-Allow-Origin", "%.*s", (int)allow.len, (const char *)allow.p);
	if (rc == 0)
		rc = buf_add(&r->fields, buf_span(&f->cors));
	return rc == ERR_INVALID ? 0 : rc;	/* an Origin that cannot stand in a field is none of ours */
}

int cors_preflight(struct front *f, const struct request *rq, struct reply *r)
{
	int rc = reply_field(r, "Allow", "%s", "GET, HEAD, OPTIONS");

	if (rc == 0 && allowed(f, request_field(rq, "origin")).p)
		rc = reply_field(r, "Access-Control-Max-Age", "%s", front_text(f->c, "cors.max-age"));
	return rc < 0 ? rc : reply_start(r, 204, 0);
}
