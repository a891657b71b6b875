/* resolve.c - names followed to what they stand for */
#include "name_priv.h"

enum { PATH_MAX_ = 65536 };		/* bytes of a path on the way */

typedef int dnslink_fn(void *arg, struct span name, struct buf *value, int64_t *ttl);

static int by_record(struct store *st, const struct cid *id, struct buf *out, int64_t *ttl)
{
	struct buf bytes = BUF_INIT(NAME_RECORD_MAX);
	struct name_record r;
	char text[CID_TEXT_MAX];
	int rc = st ? name_get(st, id, &bytes, &r) :
		 err_set(ERR_NOTFOUND, "no record of the name \"%s\"", cid_text(id, text));

	if (rc < 0 && rc != ERR_NOTFOUND)
		rc = err_add(rc, "\"%s\"", cid_text(id, text));
	if (rc == 0)
		rc = buf_add(out, r.value);
	if (rc == 0)
		*ttl = name_max_age(&r, NULL);
	buf_clear(&bytes);
	return rc;
}

static int good_value(struct span value)
{
	struct span name, rest;
	int rc = name_parts(value, &name, &rest);

	if (rc > 0 || (value.len > 6 && !memcmp(value.p, "/ipfs/", 6)))
		return 0;
	return err_set(ERR_INVALID, "the name stands for \"%.*s\", which is no path of /ipfs/ or /ipns/",
		       value.len < 256 ? (int)value.len : 256, value.len ? (const char *)value.p : "");
}

int name_resolve_once(struct store *st, struct span name, dnslink_fn *dnslink, void *arg, struct buf *out,
		      int64_t *ttl)
{
	struct buf value = BUF_INIT(PATH_MAX_);
	int64_t known = -1;
	struct cid id;
	int rc = dnslink ? dnslink(arg, name, &value, &known) : 0;

	if (rc == 0 && key_id_parse(name, &id) == 0) {
		known = -1;
		buf_reset(&value);
		rc = by_record(st, &id, &value, &known);
	} else if (rc == 0) {
		rc = err_set(ERR_NOTFOUND, "\"%.*s\" has no DNSLink", name.len < 256 ? (int)name.len : 256,
			     (const char *)name.p);
	}
	if (rc >= 0)
		rc = good_value(buf_span(&value));
	if (rc == 0)
		rc = buf_add(out, buf_span(&value));
	if (rc == 0 && ttl)
		*ttl = known;
	buf_clear(&value);
	return rc;
}

/* what stands for the name, and the rest behind it, with one slash between them */
static int join(struct buf *value, struct span rest)
{
	while (rest.len && value->len && value->data[value->len - 1] == '/')
		value->data[--value->len] = 0;
	return buf_add(value, rest);
}

int name_resolve(struct store *st, struct span path, dnslink_fn *dnslink, void *arg, struct buf *out, int64_t *ttl)
{
	struct buf now = BUF_INIT(PATH_MAX_), next = BUF_INIT(PATH_MAX_), was;
	int64_t least = -1, one = -1;
	struct span name, rest;
	int depth, rc = buf_add(&now, path);

	for (depth = 0; rc == 0; depth++) {
		rc = name_parts(buf_span(&now), &name, &rest);
		if (rc <= 0)
			break;
		if (depth == NAME_DEPTH_MAX) {
			rc = err_set(ERR_LIMIT, "over %d names that lead to names", NAME_DEPTH_MAX);
			break;
		}
		buf_reset(&next);
		rc = name_resolve_once(st, name, dnslink, arg, &next, &one);
		if (rc == 0)
			rc = join(&next, rest);
		if (one >= 0 && (least < 0 || one < least))
			least = one;
		was = now;
		now = next;
		next = was;
	}
	if (rc == 0)
		rc = buf_add(out, buf_span(&now));
	if (rc == 0 && ttl)
		*ttl = least;
	buf_clear(&next);
	buf_clear(&now);
	return rc;
}
