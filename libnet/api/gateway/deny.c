/*
 * deny.c - is it served?  What a list (denylist.c) says of a path or a CID.
 * A rule is kept as the first 16 bytes of the hash of what it names, so that plain and hashed rules are one kind, and
 * looked up in a sorted array; 24 bytes a rule.
 * Spec: ipfs/specs src/compact-denylist-format.md.
 */
#include "base/err.h"
#include "deny_priv.h"
#include "key/key.h"

/* ---- what is hashed ---- */

void deny_hash(uint64_t code, const struct span *parts, int n, uint8_t key[DENY_KEY_LEN])
{
	uint8_t digest[MH_DIGEST_MAX] = { 0 };

	if (mh_sum(code, parts, n, 0, digest) < 0)
		memset(digest, 0, DENY_KEY_LEN);
	memcpy(key, digest, DENY_KEY_LEN);
}

int deny_root_of(struct deny_root *r, const struct cid *cid)
{
	struct cid v1;
	int rc = cid_make_mh(&v1, 1, cid->codec, cid_mh(cid));

	buf_reset(&r->text);
	buf_reset(&r->legacy);
	if (rc == 0)
		rc = mb_encode_body(mb_by_name("base58btc"), cid_mh(cid), &r->text);
	if (rc == 0)
		rc = cid_format(&v1, mb_by_name("base32"), &r->legacy);
	return rc;
}

static int root_of_name(struct deny_root *r, struct span name)
{
	size_t i;
	int rc;

	buf_reset(&r->text);
	buf_reset(&r->legacy);
	rc = buf_str(&r->text, "/ipns/");
	for (i = 0; rc == 0 && i < name.len; i++) {
		uint8_t c = name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] | 0x20 : name.p[i];

		rc = buf_u8(&r->text, c);
		if (rc == 0)
			rc = buf_u8(&r->legacy, c);
	}
	return rc;
}

/* "/ipfs/CID/a/b" -> its root and "/a/b", which has no slash at its end.  1; 0: it is no such path */
int deny_take_apart(struct span path, struct deny_root *r, struct span *rest)
{
	struct span id = span_of(path.p + 6, path.len > 6 ? path.len - 6 : 0);
	int ipns = path.len > 6 && memcmp(path.p, "/ipns/", 6) == 0;
	const uint8_t *slash;
	struct cid cid;

	if (!id.len || (!ipns && memcmp(path.p, "/ipfs/", 6) != 0))
		return 0;
	slash = memchr(id.p, '/', id.len);
	*rest = slash ? span_of(slash, id.len - (size_t)(slash - id.p)) : span_of("", 0);
	id.len -= rest->len;
	while (rest->len && rest->p[rest->len - 1] == '/')
		rest->len--;
	if (!id.len || id.len > CID_TEXT_MAX)
		return 0;
	if (ipns && memchr(id.p, '.', id.len))
		return root_of_name(r, id) == 0;
	if (cid_parse(id, &cid, NULL) == 0 || (ipns && key_id_parse(id, &cid) == 0))
		return deny_root_of(r, &cid) == 0;
	return ipns && root_of_name(r, id) == 0;
}

/* ---- looking up ---- */

struct verdict { uint32_t place; uint16_t status; };

static void note(struct verdict *v, uint32_t place, uint16_t status)
{
	if (place >= v->place)
		*v = (struct verdict){ place, status };
}

static void look_up(const struct gw_deny *d, const uint8_t key[DENY_KEY_LEN], struct verdict *v)
{
	size_t low = 0, high = d->n_rules, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (memcmp(d->rule[mid].key, key, DENY_KEY_LEN) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < d->n_rules && memcmp(d->rule[low].key, key, DENY_KEY_LEN) == 0; low++)
		note(v, d->rule[low].place, d->rule[low].status);
}

static void look_up_text(const struct gw_deny *d, struct span root, struct span rest, int legacy, struct verdict *v)
{
	struct span parts[2] = { root, rest };
	uint8_t key[DENY_KEY_LEN];
	size_t i;

	for (i = 0; i < (legacy ? 1 : d->n_codes); i++) {
		deny_hash(d->code[i], parts, 2, key);
		look_up(d, key, v);
	}
}

static void look_up_prefixes(const struct gw_deny *d, struct span root, struct span rest, struct verdict *v)
{
	struct span parts[3] = { root, span_str("/"), rest };
	uint8_t key[DENY_KEY_LEN], start[DENY_KEY_LEN];
	size_t low = 0, high = d->n_prefixes, mid, hashed = SIZE_MAX;
	const struct deny_prefix *p;

	if (rest.len)
		rest = span_of(rest.p + 1, rest.len - 1);
	deny_hash(d->code[0], parts, 1, key);
	while (low < high) {
		mid = low + (high - low) / 2;
		if (memcmp(d->prefix[mid].root, key, DENY_KEY_LEN) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < d->n_prefixes; low++) {
		p = &d->prefix[low];
		if (memcmp(p->root, key, DENY_KEY_LEN) != 0 || p->len > rest.len)
			break;
		if (p->len != hashed) {		/* once for each length */
			parts[2] = span_of(rest.p, p->len);
			deny_hash(d->code[0], parts, 3, start);
			hashed = p->len;
		}
		if (memcmp(p->key, start, DENY_KEY_LEN) == 0)
			note(v, p->place, p->status);
	}
}

/* A denied root, or block, denies what is below it, unless a later rule says of this path that it is served. */
static void inherit(struct verdict *v, const struct verdict *from)
{
	if (from->status != DENY_NOT)
		note(v, from->place, from->status);
}

static void judge_root(const struct gw_deny *d, const struct deny_root *r, struct verdict *v)
{
	look_up_text(d, buf_span(&r->text), span_of("", 0), 0, v);
	look_up_text(d, buf_span(&r->legacy), span_str("/"), 1, v);
}

static void judge_path(const struct gw_deny *d, const struct deny_root *r, struct span rest, struct verdict *v)
{
	struct verdict root = { 0, DENY_NOT };

	if (rest.len) {
		look_up_text(d, buf_span(&r->text), rest, 0, v);
		look_up_text(d, buf_span(&r->legacy), rest, 1, v);
	} else {
		judge_root(d, r, v);
	}
	if (d->n_prefixes)
		look_up_prefixes(d, buf_span(&r->text), rest, v);
	if (rest.len) {
		judge_root(d, r, &root);
		inherit(v, &root);
	}
}

int gw_denied(struct gw_deny *d, struct span path, const struct cid *cid)
{
	struct deny_root r = { BUF_INIT(CID_TEXT_MAX + 8), BUF_INIT(CID_TEXT_MAX) };
	struct verdict v = { 0, DENY_NOT }, block = { 0, DENY_NOT };
	struct span rest;

	if (!d || (!d->n_rules && !d->n_prefixes))
		return 0;
	if (deny_take_apart(path, &r, &rest))
		judge_path(d, &r, rest, &v);
	if (cid && cid->len && deny_root_of(&r, cid) == 0)
		judge_path(d, &r, span_of("", 0), &block);
	inherit(&v, &block);
	buf_clear(&r.text);
	buf_clear(&r.legacy);
	return v.status;
}

int gateway_denied(const struct gateway *g, struct span path, const struct cid *cid)
{
	return gw_denied(g->deny, path, cid);
}
