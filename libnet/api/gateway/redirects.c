/*
 * redirects.c - the rules of a _redirects file.
 * The whole file is read even when an early rule fits, because a fault anywhere makes all of it unusable.
 * Spec: ipfs/specs src/http-gateways/web-redirects-file.md.
 */
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "gateway_priv.h"

enum {
	CAPTURES_MAX = 64,		/* placeholders of one rule */
	TO_MAX = 4 * GW_PATH_MAX,	/* bytes of a target with everything put in */
	CLASH_MAX = 1 << 16		/* comparisons of names of query arguments */
};

struct capture { struct span name, text; };

struct rule {
	struct span from, to;
	int status;
	size_t n_captures;
	struct capture capture[CAPTURES_MAX];
};

/* ---- reading ---- */

static int is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static struct span next_field(struct span *rest)
{
	struct span field;

	while (rest->len && is_blank(rest->p[0]))
		*rest = span_of(rest->p + 1, rest->len - 1);
	field = span_of(rest->p, 0);
	while (field.len < rest->len && !is_blank(rest->p[field.len]))
		field.len++;
	*rest = span_of(rest->p + field.len, rest->len - field.len);
	return field;
}

static int begins(struct span s, const char *with)
{
	size_t len = strlen(with);

	return s.len >= len && memcmp(s.p, with, len) == 0;
}

static int is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* RFC 3986 4.1, as far as it can go wrong: no controls, and every '%' begins an escape */
static int is_reference(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return 0;
		if (s.p[i] == '%' && (s.len - i < 3 || !is_hex(s.p[i + 1]) || !is_hex(s.p[i + 2])))
			return 0;
	}
	return 1;
}

static const char *check_from(struct span from)
{
	const uint8_t *star = memchr(from.p, '*', from.len);

	if (!begins(from, "/"))
		return "the path must begin with '/'";
	if (star && star != from.p + from.len - 1)
		return "an asterisk may only stand at the end, and once";
	return is_reference(from) ? NULL : "the path is no valid URL";
}

static const char *check_to(struct span to)
{
	static const char *const schemes[] = { "http://", "https://", "ipfs://", "ipns://" };
	size_t i, len;

	if (!is_reference(to))
		return "the target is no valid URL";
	if (begins(to, "/"))
		return NULL;
	for (i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
		len = strlen(schemes[i]);
		if (to.len > len && strncasecmp((const char *)to.p, schemes[i], len) == 0)
			return NULL;
	}
	return "the target must begin with '/', or with http, https, ipfs or ipns and '://'";
}

static int status_of(struct span s)
{
	static const int known[] = { 200, 301, 302, 303, 307, 308, 404, 410, 451 };
	size_t i;
	int n;

	if (s.len != 3)
		return 0;
	n = (s.p[0] - '0') * 100 + (s.p[1] - '0') * 10 + (s.p[2] - '0');
	for (i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i] == n && s.p[1] >= '0' && s.p[1] <= '9' && s.p[2] >= '0' && s.p[2] <= '9')
			return n;
	return 0;
}

/* ---- matching, segment by segment ---- */

static struct span without_slash(struct span s)
{
	return s.len && s.p[s.len - 1] == '/' ? span_of(s.p, s.len - 1) : s;
}

static struct span next_segment(struct span *rest, int *more)
{
	const uint8_t *slash = rest->len ? memchr(rest->p, '/', rest->len) : NULL;
	struct span segment = span_of(rest->p, slash ? (size_t)(slash - rest->p) : rest->len);

	*more = slash != NULL;
	*rest = slash ? span_of(slash + 1, rest->len - segment.len - 1) : span_of(NULL, 0);
	return segment;
}

static int is_star(struct span s)
{
	return s.len == 1 && s.p[0] == '*';
}

/* the names of the placeholders; NULL, or what is wrong with them */
static const char *placeholders(struct rule *rule)
{
	struct span rest = without_slash(rule->from), s;
	size_t i;
	int more = 1;

	rule->n_captures = 0;
	while (more) {
		s = next_segment(&rest, &more);
		if (!(s.len > 1 && s.p[0] == ':') && !(is_star(s) && !more))
			continue;
		s = is_star(s) ? span_str("splat") : span_of(s.p + 1, s.len - 1);
		for (i = 0; i < rule->n_captures; i++)
			if (span_equal(rule->capture[i].name, s))
				return "a placeholder stands in the path twice";
		if (rule->n_captures == CAPTURES_MAX)
			return "too many placeholders";
		rule->capture[rule->n_captures++].name = s;
	}
	return NULL;
}

/* does the path fit?  1, with the text of the captures, or 0 */
static int fits(struct rule *rule, struct span path)
{
	struct span from = without_slash(rule->from), want, have;
	int more_from = 1, more_path = 1;
	size_t n = 0;

	while (more_from) {
		want = next_segment(&from, &more_from);
		if (!more_path)
			return 0;
		if (is_star(want) && !more_from) {
			rule->capture[n].text = path;	/* all that is left */
			return 1;
		}
		have = next_segment(&path, &more_path);
		if (want.len > 1 && want.p[0] == ':')
			rule->capture[n++].text = have;
		else if (!span_equal(want, have))
			return 0;
	}
	return !more_path;
}

/* ---- the target ---- */

static int is_redirect(int status)
{
	return status >= 300 && status < 400;
}

/* append, with what may not stand in a URL percent-encoded, and of what a client sent also what has a
 * meaning in one */
static int encoded(struct buf *out, struct span s, const char *plain)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < s.len; i++) {
		uint8_t c = s.p[i];
		int ok = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
			 (c && c < 0x80 && strchr(plain, c));

		rc = ok ? buf_u8(out, c) : buf_printf(out, "%%%02X", c);
	}
	return rc;
}

#define UNRESERVED "-_.~"
#define IN_PATH  UNRESERVED "$&+,/:;=@"
#define IN_QUERY UNRESERVED "/:@,;$"
#define IN_URL   UNRESERVED "$&+,/:;=@!'()*?#[]%"

/* the placeholder with the longest name that `s` begins with (":year" before ":y") */
static const struct capture *placeholder_at(const struct rule *rule, struct span s)
{
	const struct capture *best = NULL, *c;

	for (c = rule->capture; c < rule->capture + rule->n_captures; c++)
		if (s.len > c->name.len && memcmp(s.p + 1, c->name.p, c->name.len) == 0 &&
		    (!best || best->name.len < c->name.len))
			best = c;
	return best;
}

/* in one pass, so that text a client sent is never taken for a placeholder */
static int put_in(const struct rule *rule, struct buf *out)
{
	const struct capture *c;
	struct span to = rule->to;
	int url = is_redirect(rule->status), query = 0, rc = 0;

	while (rc == 0 && to.len) {
		c = to.p[0] == ':' ? placeholder_at(rule, to) : NULL;
		query |= to.p[0] == '?';
		if (c && url)
			rc = encoded(out, c->text, query ? IN_QUERY : IN_PATH);
		else if (c)
			rc = buf_add(out, c->text);
		else if (url)
			rc = encoded(out, span_of(to.p, 1), IN_URL);
		else
			rc = buf_u8(out, to.p[0]);
		to = c ? span_of(to.p + 1 + c->name.len, to.len - 1 - c->name.len) :
			 span_of(to.p + 1, to.len - 1);
	}
	/* an empty placeholder must not make a path the name of another host */
	while (rc == 0 && begins(buf_span(out), "//") && !begins(rule->to, "//")) {
		memmove(out->data, out->data + 1, out->len);
		out->len--;
	}
	return rc;
}

static size_t count_arguments(struct span query)
{
	struct span name, value;
	size_t n = 0;

	while (http_query_next(&query, &name, &value))
		n++;
	return n;
}

static int same_name(struct span a, struct span b)
{
	struct buf x = BUF_INIT(TO_MAX), y = BUF_INIT(TO_MAX);
	int same = http_unescape(a, 1, &x) == 0 && http_unescape(b, 1, &y) == 0 &&
		   span_equal(buf_span(&x), buf_span(&y));

	buf_clear(&x);
	buf_clear(&y);
	return same;
}

static int named_in(struct span query, struct span wanted)
{
	struct span name, value;

	while (http_query_next(&query, &name, &value))
		if (same_name(name, wanted))
			return 1;
	return 0;
}

/* the arguments of the target that the request does not give anew, then those of the request */
static int merge(struct buf *to, struct span query)
{
	struct buf out = BUF_INIT(TO_MAX);
	struct span whole = buf_span(to), path, old = span_of(NULL, 0), fragment, name, value;
	const uint8_t *at = memchr(whole.p, '#', whole.len);
	int rc, look, sep = '?';

	path = span_of(whole.p, at ? (size_t)(at - whole.p) : whole.len);
	fragment = span_of(whole.p + path.len, whole.len - path.len);
	at = path.len ? memchr(path.p, '?', path.len) : NULL;
	if (at) {
		old = span_of(at + 1, path.len - (size_t)(at + 1 - path.p));
		path.len = (size_t)(at - path.p);
	}
	look = count_arguments(old) * count_arguments(query) <= CLASH_MAX;
	rc = buf_add(&out, path);
	while (rc == 0 && http_query_next(&old, &name, &value)) {
		if (look && named_in(query, name))
			continue;
		rc = buf_u8(&out, (unsigned)sep);
		if (rc == 0)
			rc = buf_add(&out, name);
		if (rc == 0 && value.p)
			rc = buf_u8(&out, '=');
		if (rc == 0 && value.p)
			rc = buf_add(&out, value);
		sep = '&';
	}
	if (rc == 0)
		rc = buf_u8(&out, (unsigned)sep);
	if (rc == 0)
		rc = encoded(&out, query, UNRESERVED "$&+,/:;=@!'()*?%");
	if (rc == 0)
		rc = buf_add(&out, fragment);
	if (rc == 0) {
		buf_reset(to);
		rc = buf_add(to, buf_span(&out));
	}
	buf_clear(&out);
	return rc;
}

static int target(const struct rule *rule, struct span query, struct gw_rule *out)
{
	int rc;

	out->status = rule->status;
	rc = put_in(rule, &out->to);
	if (rc == 0 && query.len && is_redirect(rule->status))
		rc = merge(&out->to, query);
	if (rc == ERR_LIMIT)
		return err_set(ERR_INVALID, "the target of a rule, with everything put in, is over %d bytes",
			       TO_MAX);
	return rc < 0 ? rc : 1;
}

/* ---- line by line ---- */

static int fault(size_t number, struct span line, const char *why)
{
	char shown[81];
	size_t i, n = line.len < sizeof shown - 1 ? line.len : sizeof shown - 1;

	for (i = 0; i < n; i++)
		shown[i] = (char)(line.p[i] < 0x20 || line.p[i] > 0x7e ? '?' : line.p[i]);
	shown[n] = 0;
	return err_set(ERR_INVALID, "line %zu, '%s': %s", number, shown, why);
}

/* 1: a rule; 0: none on this line; NULL *why, or what is wrong */
static int read_rule(struct span line, struct rule *rule, const char **why)
{
	struct span rest = line, status;

	*why = NULL;
	rule->from = next_field(&rest);
	if (!rule->from.len || rule->from.p[0] == '#')
		return 0;
	rule->to = next_field(&rest);
	status = next_field(&rest);
	if (!rule->to.len)
		*why = "a rule has a path, a target and maybe a status; there is no target";
	else if (next_field(&rest).len)
		*why = "a rule has a path, a target and maybe a status; there is more";
	if (!*why)
		*why = check_from(rule->from);
	if (!*why)
		*why = check_to(rule->to);
	rule->status = status.len ? status_of(status) : 301;
	if (!*why && !rule->status)
		*why = "the status must be one of 200, 301, 302, 303, 307, 308, 404, 410 and 451";
	if (!*why)
		*why = placeholders(rule);
	return 1;
}

int gw_redirects(struct span file, struct span path, struct span query, struct gw_rule *out)
{
	struct rule *rule;
	struct span line;
	const uint8_t *end;
	const char *why;
	size_t number;
	int rc = 0, found = 0;

	if (!out->to.max)
		buf_init(&out->to, TO_MAX);
	buf_reset(&out->to);
	if (file.len > GW_REDIRECTS_MAX)
		return err_set(ERR_INVALID, "redirects file size cannot exceed %d bytes", GW_REDIRECTS_MAX);
	rule = malloc(sizeof *rule);
	if (!rule)
		return err_nomem();
	path = without_slash(path);
	for (number = 1; rc >= 0 && file.len; number++) {
		end = memchr(file.p, '\n', file.len);
		line = span_of(file.p, end ? (size_t)(end - file.p) : file.len);
		file = end ? span_of(end + 1, file.len - line.len - 1) : span_of(NULL, 0);
		if (!read_rule(line, rule, &why))
			continue;
		if (why)
			rc = fault(number, line, why);
		else if (!found && fits(rule, path))
			rc = found = target(rule, query, out);
	}
	free(rule);
	if (rc < 0)
		buf_reset(&out->to);
	return rc < 0 ? rc : found;
}
