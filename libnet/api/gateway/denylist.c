/*
 * denylist.c - reading what is not served: a list in the compact denylist format (IPIP-383).
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
 * Spec: ipfs/specs src/compact-denylist-format.md.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/names.h"
#include "deny_priv.h"

enum {
	HEADER_MAX = 1 << 20,		/* bytes */
	RULES_MAX = 1 << 24
};

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

static int add_key(struct gw_deny *d, const uint8_t key[DENY_KEY_LEN], uint16_t status)
{
	void *array = d->rule;
	int rc = grow(&array, &d->cap_rules, d->n_rules, sizeof *d->rule);

	d->rule = array;
	if (rc < 0)
		return rc;
	memcpy(d->rule[d->n_rules].key, key, DENY_KEY_LEN);
	d->rule[d->n_rules].place = d->place;
	d->rule[d->n_rules++].status = status;
	return 0;
}

static int add_prefix(struct gw_deny *d, const struct deny_root *r, struct span start, uint16_t status)
{
	struct span parts[3] = { buf_span(&r->text), span_str("/"), start };
	void *array = d->prefix;
	struct deny_prefix *p;
	int rc = grow(&array, &d->cap_prefixes, d->n_prefixes, sizeof *p);

	d->prefix = array;
	if (rc < 0)
		return rc;
	p = &d->prefix[d->n_prefixes++];
	*p = (struct deny_prefix){ .place = d->place, .len = (uint32_t)start.len, .status = status };
	deny_hash(d->code[0], parts, 1, p->root);
	deny_hash(d->code[0], parts, 3, p->key);
	return 0;
}

static int bad_rule(const char *line, const char *why)
{
	return err_set(ERR_INVALID, "'%.200s' is no rule: %s", line, why);
}

static int path_rule(struct gw_deny *d, const char *line, struct span item, uint16_t status)
{
	struct deny_root r = { BUF_INIT(CID_TEXT_MAX + 8), BUF_INIT(CID_TEXT_MAX) };
	struct buf plain = BUF_INIT(NAMES_LINE_MAX);
	int star = item.len && item.p[item.len - 1] == '*', rc;
	struct span rest, parts[2];
	uint8_t key[DENY_KEY_LEN];

	item.len -= (size_t)star;
	if (star && item.p[item.len - 1] == '/')
		item.len--;
	rc = http_unescape(item, 0, &plain);
	if (rc < 0 || !deny_take_apart(buf_span(&plain), &r, &rest)) {
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
		deny_hash(d->code[0], parts, 2, key);
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
	if (d->n_codes == DENY_CODES_MAX || mh_native(code) < DENY_KEY_LEN)
		return 0;
	d->code[d->n_codes++] = code;
	return 1;
}

static int hex_key(struct span s, uint8_t key[DENY_KEY_LEN])
{
	struct buf b = BUF_INIT(64);
	int ok = s.len == 64 && mb_decode_body(mb_by_name("base16"), s, &b) == 0;

	if (ok)
		memcpy(key, b.data, DENY_KEY_LEN);
	buf_clear(&b);
	return ok;
}

/* The spec wants both rules where it could be either. */
static int hashed_rule(struct gw_deny *d, const char *line, struct span s, uint16_t status)
{
	struct buf b = BUF_INIT(MH_BYTES_MAX);
	uint8_t key[DENY_KEY_LEN];
	struct mh mh;
	int any = hex_key(s, key), rc = any ? add_key(d, key, status) : 0;

	if (rc == 0 && mb_decode_body(mb_by_name("base58btc"), s, &b) == 0 && mh_decode(buf_span(&b), &mh) == 0 &&
	    mh.digest.len >= DENY_KEY_LEN) {
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
		status = DENY_NOT;
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
	const struct deny_rule *x = a, *y = b;
	int c = memcmp(x->key, y->key, DENY_KEY_LEN);

	return c ? c : (x->place > y->place) - (x->place < y->place);
}

static int by_root(const void *a, const void *b)
{
	const struct deny_prefix *x = a, *y = b;
	int c = memcmp(x->root, y->root, DENY_KEY_LEN);

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
