/* record.c - the signed record of a name, as it is kept (reference 8.9) */
#include "base/err.h"
#include "gateway_priv.h"
#include "name/name.h"

/* "/ipns/NAME" or "/ipns/NAME/": the name; an empty one when there is more */
static struct span name_of(struct span path)
{
	struct span name = span_of(path.p + 6, path.len > 6 ? path.len - 6 : 0);

	if (name.len && name.p[name.len - 1] == '/')
		name.len--;
	return name.len && memchr(name.p, '/', name.len) ? span_of(NULL, 0) : name;
}

/* 0; 1: answered; or an error */
static int head(struct gw_ask *a, struct span name, struct span record, const struct name_record *r)
{
	struct buf text = BUF_INIT(CID_TEXT_MAX + 32);
	uint8_t digest[MH_DIGEST_MAX];
	int64_t age = name_max_age(r, NULL);
	int rc;

	/* of this kind of answer it is the record itself that says how long it may be kept */
	a->ttl = age;
	rc = mh_sum(MH_SHA2_256, &record, 1, 0, digest);
	if (rc >= 0)
		rc = buf_u8(&text, '"');
	if (rc == 0)
		rc = mb_encode_body(mb_by_name("base32"), span_of(digest, 20), &text);
	if (rc == 0)
		rc = buf_u8(&text, '"');
	if (rc == 0)
		rc = gw_validators(a, (char *)text.data, 0, 0, GW_CACHE_FILE);
	buf_reset(&text);
	if (rc == 0)
		rc = buf_add(&text, name);
	if (rc == 0)
		rc = buf_str(&text, ".ipns-record");
	if (rc == 0)
		rc = gw_disposition(a, "attachment", buf_span(&text));
	if (rc == 0)
		rc = reply_field(a->r, "x-content-type-options", "nosniff");
	buf_clear(&text);
	return rc;
}

/* Whoever verifies it would not take a record that is no good: it is a fault on this side. */
static int failed(struct gw_ask *a, int rc)
{
	if (rc == ERR_NOTFOUND)
		return gw_fail_missing(a);
	if (rc == ERR_BUSY || rc == ERR_NOMEM)
		return gw_fail_rc(a, rc);
	return gw_fail(a, 500, "%s", err_text());
}

int gw_record(struct gw_ask *a)
{
	struct span name = name_of(buf_span(&a->path));
	struct buf record = BUF_INIT(NAME_RECORD_MAX);
	struct name_record r;
	struct cid id;
	int rc;

	if (!a->mutable_path || !name.len || key_id_parse(name, &id) < 0)
		return gw_fail(a, 400, "a record is of /ipns/ and a key, and nothing below it");
	rc = gw_learn(a, &id);
	if (rc < 0)
		return gw_fail_rc(a, rc);
	rc = name_get(a->st, &id, &record, &r);
	if (rc < 0)
		rc = failed(a, rc);
	else
		rc = head(a, name, buf_span(&record), &r);
	if (rc == 0)
		rc = reply_whole(a->r, 200, "application/vnd.ipfs.ipns-record", buf_span(&record));
	buf_clear(&record);
	return rc == 0 ? 1 : rc;
}
