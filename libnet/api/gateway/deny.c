/*
 * deny.c - what is not served: a list in the compact denylist format (IPIP-383).
 *
 * The file is text, a rule a line, in any order; of the rules that fit the last one counts.
 *	/ipfs/CID  /ipfs/CID/path  /ipns/NAME  /ipns/NAME/path	that content (by multihash, whatever codec and base)
 *	/ipfs/CID/pre*						and all whose path begins so; "pre" may be empty
 *	//HASH		the same without saying what: base58btc multihash of "MULTIHASH/path" (in base58btc) or
 *			"/ipns/name", or 64 hexadecimal digits, the sha2-256 of "CIDv1/path" or "name/"
 *	CID		short for /ipfs/CID
 *	!RULE		is served all the same
 * Paths are percent-encoded.  A "gateway_status:451" (or "status:451") behind a rule, or among the hints of the
 * header, makes 451 of 410; other hints are passed over, as are empty lines and those that begin with '#'.  A header
 * in YAML may stand in front, ended by a line "---".
 * What stands at a denied root is denied with it: that block would have to be read.
 *
 * A rule is kept as the first 16 bytes of the hash of what it names, so that plain and hashed rules are one kind, and
 * looked up in a sorted array; 24 bytes a rule.
 * Spec: ipfs/specs src/compact-denylist-format.md.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/names.h"
#include "gateway_priv.h"
#include "key/key.h"

enum {
	HEADER_MAX = 1 << 20,		/* bytes */
	RULES_MAX = 1 << 24,
	CODES_MAX = 8,			/* hash functions of "//" rules in one list */
	KEY_LEN = 16,
	ALLOW = 0
};

struct rule {
	uint8_t key[KEY_LEN];
	uint32_t place;			/* in the file: the last counts */
	uint16_t status;		/* ALLOW, 410, 451 */
};

struct prefix {
	uint8_t root[KEY_LEN], key[KEY_LEN];
	uint32_t place, len;		/* bytes of the path that must be the same */
	uint16_t status;
};

struct gw_deny {
	struct rule *rule;
	struct prefix *prefix;
	size_t n_rules, cap_rules, n_prefixes, cap_prefixes;
	uint64_t code[CODES_MAX];	/* code[0]: sha2-256, of plain rules */
	size_t n_codes;
	uint32_t place;
	uint16_t status;		/* of rules that do not say */
};

/* ---- what is hashed ---- */

static void hash(uint64_t code, const struct span *parts, int n, uint8_t key[KEY_LEN])
{
	uint8_t digest[MH_DIGEST_MAX] = { 0 };

	if (mh_sum(code, parts, n, 0, digest) < 0)
		memset(digest, 0, KEY_LEN);
	memcpy(key, digest, KEY_LEN);
}

/* the two names of a root: "Qm…" or "/ipns/name", and of old "bafy…" or "name" */
struct root { struct buf text, legacy; };

static int root_of_cid(struct root *r, const struct cid *cid)
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

static int root_of_name(struct root *r, struct span name)
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
static int take_apart(struct span path, struct root *r, struct span *rest)
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
		return root_of_cid(r, &cid) == 0;
	return ipns && root_of_name(r, id) == 0;
}

/* ---- reading the list ---- */

static int grow(void **array, size_t *cap, size_t n, size_t size)
{
	void *more;

	if (n < *cap)
		return 0;
	if (n >= RULES_MAX)
		return err_set(ERR_LIMIT, "a list of more than %d rules", RULES_MAX);
	*cap = *cap ? *cap * 2 : 64;
	more = realloc(*array, *cap * size);
	if (!more)
		return err_nomem();
	*array = more;
	return 0;
}

static int add_key(struct gw_deny *d, const uint8_t key[KEY_LEN], uint16_t status)
{
	void *array = d->rule;
	int rc = grow(&array, &d->cap_rules, d->n_rules, sizeof *d->rule);

	d->rule = array;
	if (rc < 0)
		return rc;
	memcpy(d->rule[d->n_rules].key, key, KEY_LEN);
	d->rule[d->n_rules].place = d->place;
	d->rule[d->n_rules++].status = status;
	return 0;
}

static int add_prefix(struct gw_deny *d, const struct root *r, struct span start, uint16_t status)
{
	struct span parts[3] = { buf_span(&r->text), span_str("/"), start };
	void *array = d->prefix;
	struct prefix *p;
	int rc = grow(&array, &d->cap_prefixes, d->n_prefixes, sizeof *p);

	d->prefix = array;
	if (rc < 0)
		return rc;
	p = &d->prefix[d->n_prefixes++];
	*p = (struct prefix){ .place = d->place, .len = (uint32_t)start.len, .status = status };
	hash(d->code[0], parts, 1, p->root);
	hash(d->code[0], parts, 3, p->key);
	return 0;
}

static int bad_rule(const char *line, const char *why)
{
	return err_set(ERR_INVALID, "'%.200s' is no rule: %s", line, why);
}

static int path_rule(struct gw_deny *d, const char *line, struct span item, uint16_t status)
{
	struct root r = { BUF_INIT(CID_TEXT_MAX + 8), BUF_INIT(CID_TEXT_MAX) };
	struct buf plain = BUF_INIT(NAMES_LINE_MAX);
	int star = item.len && item.p[item.len - 1] == '*', rc;
	struct span rest, parts[2];
	uint8_t key[KEY_LEN];

	item.len -= (size_t)star;
	if (star && item.p[item.len - 1] == '/')
		item.len--;
	rc = http_unescape(item, 0, &plain);
	if (rc < 0 || !take_apart(buf_span(&plain), &r, &rest)) {
		rc = bad_rule(line, "it is no path of /ipfs/ with a CID or of /ipns/");
	} else if (star) {
		/* behind the root a slash has to stand before the asterisk */
		if (!rest.len && item.p[item.len] != '/')
			rc = bad_rule(line, "the asterisk stands in the root");
		else
			rc = add_prefix(d, &r, rest.len ? span_of(rest.p + 1, rest.len - 1) : rest, status);
	} else {
		parts[0] = buf_span(&r.text);
		parts[1] = rest;
		hash(d->code[0], parts, 2, key);
		rc = add_key(d, key, status);
	}
	buf_clear(&r.text);
	buf_clear(&r.legacy);
	buf_clear(&plain);
	return rc;
}

static int know_code(struct gw_deny *d, uint64_t code)
{
	size_t i;

	for (i = 0; i < d->n_codes; i++)
		if (d->code[i] == code)
			return 1;
	if (d->n_codes == CODES_MAX || mh_native(code) < KEY_LEN)
		return 0;
	d->code[d->n_codes++] = code;
	return 1;
}

static int hex_key(struct span s, uint8_t key[KEY_LEN])
{
	struct buf b = BUF_INIT(64);
	int ok = s.len == 64 && mb_decode_body(mb_by_name("base16"), s, &b) == 0;

	if (ok)
		memcpy(key, b.data, KEY_LEN);
	buf_clear(&b);
	return ok;
}

/* The spec wants both rules where it could be either. */
static int hashed_rule(struct gw_deny *d, const char *line, struct span s, uint16_t status)
{
	struct buf b = BUF_INIT(MH_BYTES_MAX);
	uint8_t key[KEY_LEN];
	struct mh mh;
	int any = hex_key(s, key), rc = any ? add_key(d, key, status) : 0;

	if (rc == 0 && mb_decode_body(mb_by_name("base58btc"), s, &b) == 0 && mh_decode(buf_span(&b), &mh) == 0 &&
	    mh.digest.len >= KEY_LEN) {
		if (!know_code(d, mh.code))
			rc = bad_rule(line, "that hash function is not known here, or there are too many");
		else
			rc = add_key(d, mh.digest.p, status);
		any = 1;
	}
	buf_clear(&b);
	return rc < 0 ? rc : any ? 0 : bad_rule(line, "neither a multihash in base58btc nor 64 digits");
}

static int cid_rule(struct gw_deny *d, const char *line, struct span item, uint16_t status)
{
	struct buf path = BUF_INIT(CID_TEXT_MAX + 8);
	int rc = buf_str(&path, "/ipfs/");

	if (rc == 0)
		rc = buf_add(&path, item);
	rc = rc == 0 ? path_rule(d, line, buf_span(&path), status) : bad_rule(line, "it is too long");
	buf_clear(&path);
	return rc;
}

/* "gateway_status:451" or, in the header, "gateway_status: 451" */
static void hint(const char *at, uint16_t *status)
{
	static const char *const names[] = { "gateway_status:", "status:" };
	size_t i, len;

	at += strspn(at, " \t");
	for (i = 0; i < 2; i++) {
		len = strlen(names[i]);
		if (strncmp(at, names[i], len) != 0)
			continue;
		at += len + strspn(at + len, " \t");
		if (strncmp(at, "410", 3) == 0 || strncmp(at, "451", 3) == 0)
			*status = at[0] == '4' && at[1] == '1' ? 410 : 451;
		return;
	}
}

static int read_rule(struct gw_deny *d, const char *line)
{
	const char *at = line + strspn(line, " \t\r");
	uint16_t status = d->status;
	struct span item;
	int allow = *at == '!';

	if (!*at || *at == '#')
		return 0;
	at += allow;
	item = span_of(at, strcspn(at, " \t\r"));
	for (at += item.len; *at; at += strcspn(at, " \t\r")) {
		at += strspn(at, " \t\r");
		hint(at, &status);
	}
	if (allow)
		status = ALLOW;
	d->place++;
	if (item.len > 1 && item.p[0] == '/' && item.p[1] == '/')
		return hashed_rule(d, line, span_of(item.p + 2, item.len - 2), status);
	return item.len && item.p[0] == '/' ? path_rule(d, line, item, status) : cid_rule(d, line, item, status);
}

static int is_end_of_header(const char *line)
{
	return strncmp(line, "---", 3) == 0 && line[3 + strspn(line + 3, " \t\r")] == 0;
}

static int read_header(struct gw_deny *d, const char *line)
{
	if (strncmp(line, "version:", 8) == 0 && atoi(line + 8) != 1)
		return err_set(ERR_UNSUPPORTED, "a list of '%.40s'", line);
	hint(line, &d->status);
	return 0;
}

/* is there a header, as far as one may reach? */
static int find_header(int fd, const char *path, int *has)
{
	struct names n;
	const char *line;
	size_t bytes = 0;
	int rc;

	*has = 0;
	names_init(&n, fd, '\n', path);
	while ((rc = names_next(&n, &line)) > 0 && !*has && bytes <= HEADER_MAX) {
		*has = is_end_of_header(line);
		bytes += strlen(line) + 1;
	}
	names_clear(&n);
	if (rc >= 0 && lseek(fd, 0, SEEK_SET) < 0)
		return err_sys("'%s'", path);
	return rc < 0 ? rc : 0;
}

static int read_all(struct gw_deny *d, int fd, const char *path)
{
	struct names n;
	const char *line;
	int header, rc = find_header(fd, path, &header);

	if (rc < 0)
		return rc;
	names_init(&n, fd, '\n', path);
	while ((rc = names_next(&n, &line)) > 0) {
		if (header && is_end_of_header(line))
			header = rc = 0;
		else
			rc = header ? read_header(d, line) : read_rule(d, line);
		if (rc < 0)
			break;
	}
	names_clear(&n);
	return rc < 0 ? err_add(rc, "deny list '%s'", path) : 0;
}

static int by_key(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;
	int c = memcmp(x->key, y->key, KEY_LEN);

	return c ? c : (x->place > y->place) - (x->place < y->place);
}

static int by_root(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	int c = memcmp(x->root, y->root, KEY_LEN);

	return c ? c : (x->len > y->len) - (x->len < y->len);
}

int gw_deny_open(struct gw_deny **out, const char *path)
{
	struct gw_deny *d = calloc(1, sizeof *d);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), rc;

	*out = NULL;
	if (!d || fd < 0) {
		rc = d ? err_sys("deny list '%s'", path) : err_nomem();
	} else {
		d->code[d->n_codes++] = MH_SHA2_256;
		d->status = 410;
		rc = read_all(d, fd, path);
	}
	if (fd >= 0)
		close(fd);
	if (rc < 0) {
		gw_deny_free(d);
		return rc;
	}
	if (d->n_rules)
		qsort(d->rule, d->n_rules, sizeof *d->rule, by_key);
	if (d->n_prefixes)
		qsort(d->prefix, d->n_prefixes, sizeof *d->prefix, by_root);
	*out = d;
	return 0;
}

void gw_deny_free(struct gw_deny *d)
{
	if (!d)
		return;
	free(d->rule);
	free(d->prefix);
	free(d);
}

/* ---- looking up ---- */

struct verdict { uint32_t place; uint16_t status; };

static void note(struct verdict *v, uint32_t place, uint16_t status)
{
	if (place >= v->place)
		*v = (struct verdict){ place, status };
}

static void look_up(const struct gw_deny *d, const uint8_t key[KEY_LEN], struct verdict *v)
{
	size_t low = 0, high = d->n_rules, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (memcmp(d->rule[mid].key, key, KEY_LEN) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < d->n_rules && memcmp(d->rule[low].key, key, KEY_LEN) == 0; low++)
		note(v, d->rule[low].place, d->rule[low].status);
}

static void look_up_text(const struct gw_deny *d, struct span root, struct span rest, int legacy, struct verdict *v)
{
	struct span parts[2] = { root, rest };
	uint8_t key[KEY_LEN];
	size_t i;

	for (i = 0; i < (legacy ? 1 : d->n_codes); i++) {
		hash(d->code[i], parts, 2, key);
		look_up(d, key, v);
	}
}

static void look_up_prefixes(const struct gw_deny *d, struct span root, struct span rest, struct verdict *v)
{
	struct span parts[3] = { root, span_str("/"), rest };
	uint8_t key[KEY_LEN], start[KEY_LEN];
	size_t low = 0, high = d->n_prefixes, mid, hashed = SIZE_MAX;
	const struct prefix *p;

	if (rest.len)
		rest = span_of(rest.p + 1, rest.len - 1);
	hash(d->code[0], parts, 1, key);
	while (low < high) {
		mid = low + (high - low) / 2;
		if (memcmp(d->prefix[mid].root, key, KEY_LEN) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < d->n_prefixes; low++) {
		p = &d->prefix[low];
		if (memcmp(p->root, key, KEY_LEN) != 0 || p->len > rest.len)
			break;
		if (p->len != hashed) {		/* once for each length */
			parts[2] = span_of(rest.p, p->len);
			hash(d->code[0], parts, 3, start);
			hashed = p->len;
		}
		if (memcmp(p->key, start, KEY_LEN) == 0)
			note(v, p->place, p->status);
	}
}

/* A denied root, or block, denies what is below it, unless a later rule says of this path that it is served. */
static void inherit(struct verdict *v, const struct verdict *from)
{
	if (from->status != ALLOW)
		note(v, from->place, from->status);
}

static void judge_root(const struct gw_deny *d, const struct root *r, struct verdict *v)
{
	look_up_text(d, buf_span(&r->text), span_of("", 0), 0, v);
	look_up_text(d, buf_span(&r->legacy), span_str("/"), 1, v);
}

static void judge_path(const struct gw_deny *d, const struct root *r, struct span rest, struct verdict *v)
{
	struct verdict root = { 0, ALLOW };

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
	struct root r = { BUF_INIT(CID_TEXT_MAX + 8), BUF_INIT(CID_TEXT_MAX) };
	struct verdict v = { 0, ALLOW }, block = { 0, ALLOW };
	struct span rest;

	if (!d || (!d->n_rules && !d->n_prefixes))
		return 0;
	if (take_apart(path, &r, &rest))
		judge_path(d, &r, rest, &v);
	if (cid && cid->len && root_of_cid(&r, cid) == 0)
		judge_path(d, &r, span_of("", 0), &block);
	inherit(&v, &block);
	buf_clear(&r.text);
	buf_clear(&r.legacy);
	return v.status;
}
