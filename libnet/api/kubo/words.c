/* words.c - CIDs, paths and durations as Kubo takes and gives them */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kubo_priv.h"
#include "name/name.h"
#include "ops/cidfmt.h"
#include "ops/read.h"

/* ---- CIDs ---- */

int call_base(const struct call *c)
{
	return c->no_base ? err_set(ERR_USAGE, "unsupported multibase encoding: %s", call_text(c, "cid-base")) : 0;
}

int call_cid(const struct call *c, const struct cid *cid, struct buf *out)
{
	struct cid one;

	if (c->no_base)
		return call_base(c);
	if (cid->version == 0 && c->upgrade) {
		if (cid_make_mh(&one, 1, cid->codec, cid_mh(cid)) < 0)
			return ERR_INVALID;
		return cid_format(&one, c->base, out);
	}
	return cid_format(cid, cid->version == 0 ? NULL : c->base, out);
}

int call_cid_field(const struct call *c, struct buf *json, const char *key, const struct cid *cid)
{
	struct buf text = BUF_INIT(CID_TEXT_MAX);
	int rc = call_cid(c, cid, &text);

	if (rc == 0)
		rc = json_field(json, key, buf_span(&text));
	buf_clear(&text);
	return rc;
}

int call_cid_link(struct buf *json, const struct cid *cid)
{
	char text[CID_TEXT_MAX];

	return cid ? buf_printf(json, "{\"/\":\"%s\"}", cid_text(cid, text)) : buf_str(json, "null");
}

/* ---- paths ---- */

static int starts(const char *text, const char *head)
{
	return strncmp(text, head, strlen(head)) == 0;
}

/* every form a path comes in, as one that begins with a slash */
static int to_path(const char *arg, struct buf *path)
{
	static const struct { const char *head, *as; } uris[] = {
		{ "ipfs://", "/ipfs/" }, { "ipns://", "/ipns/" }, { "ipfs:", "/ipfs/" }, { "ipns:", "/ipns/" },
		{ "ipld://", "/ipld/" }
	};
	size_t i;
	int rc;

	for (i = 0; i < sizeof uris / sizeof *uris; i++)
		if (starts(arg, uris[i].head)) {
			rc = buf_str(path, uris[i].as);
			return rc < 0 ? rc : buf_str(path, arg + strlen(uris[i].head));
		}
	rc = *arg == '/' ? 0 : buf_str(path, "/ipfs/");
	return rc < 0 ? rc : buf_str(path, arg);
}

static int invalid(const char *arg, const char *why)
{
	return err_set(ERR_USAGE, "invalid path \"%s\": %s", arg, why);
}

/* a name space and something in it, which is a CID where it has to be one */
static int check_path(const char *arg, const char *path)
{
	const char *space = path + 1, *root = strchr(space, '/');
	size_t n = root ? (size_t)(root - space) : strlen(space);
	struct cid cid;
	char *name, *why;
	int rc;

	if (!root || !root[1])
		return invalid(arg, "path does not have enough components");
	if (n != 4 || (strncmp(space, "ipfs", 4) && strncmp(space, "ipns", 4) && strncmp(space, "ipld", 4)))
		return err_set(ERR_USAGE, "invalid path \"%s\": unknown namespace: \"%.*s\"", arg, (int)n, space);
	if (strncmp(space, "ipns", 4) == 0)
		return 0;
	name = strndup(root + 1, strcspn(root + 1, "/"));
	rc = name ? cidfmt_parse(name, &cid, NULL) : err_nomem();
	free(name);
	if (rc == 0 || rc == ERR_NOMEM)
		return rc;
	if (*arg != '/' && strchr(arg, ':') == NULL)	/* it was no path to begin with, and is no CID either */
		return invalid(arg, "path does not have enough components");
	why = strdup(err_text());
	rc = why ? invalid(path, why) : err_nomem();
	free(why);
	return rc;
}

int call_path_as_given(const char *arg, struct buf *path)
{
	struct buf first = BUF_INIT(path->max);
	int rc = to_path(arg, &first);

	if (rc == 0)
		rc = check_path(arg, (const char *)first.data);
	if (rc == 0)
		rc = buf_add(path, buf_span(&first));
	buf_clear(&first);
	return rc;
}

int name_unresolved(const char *path, int rc)
{
	struct cid id;
	int n = (int)strcspn(path + 6, "/");

	if (rc == ERR_LIMIT)
		return err_set(rc, "could not resolve name (recursion limit exceeded)");
	if (rc != ERR_NOTFOUND)
		return rc;
	if (key_id_parse(span_of(path + 6, (size_t)n), &id) == 0)
		return err_set(rc, "could not resolve name");
	return err_set(rc, "DNSLink lookup for \"%.*s.\" failed: could not resolve name: DNSLink lookup could not find a TXT "
		       "record (https://docs.ipfs.tech/concepts/dnslink/)", n, path + 6);
}

int call_path(struct call *c, const char *arg, struct buf *path)
{
	struct buf first = BUF_INIT(path->max);
	int rc = call_path_as_given(arg, &first);

	if (rc == 0 && starts((const char *)first.data, "/ipns/"))
		rc = name_unresolved((const char *)first.data,
				     name_resolve(c->st, buf_span(&first), NULL, NULL, path, NULL));
	else if (rc == 0)
		rc = buf_add(path, buf_span(&first));
	buf_clear(&first);
	return rc;
}

int call_place(struct call *c, const char *arg, struct ops_place *place)
{
	struct buf path = BUF_INIT(64 * 1024);
	int rc = call_path(c, arg, &path);

	*place = (struct ops_place){ 0 };
	if (rc == 0)
		rc = ops_place_from(c->src, (const char *)path.data, place);
	buf_clear(&path);
	return rc;
}

int call_resolve(struct call *c, const char *arg, struct cid *cid)
{
	struct ops_place place;
	int rc = call_place(c, arg, &place);

	if (rc == 0 && *place.rest)
		rc = err_set(ERR_INVALID, "\"%s\" is a value inside a block", arg);
	if (rc == 0)
		*cid = place.cid;
	ops_place_clear(&place);
	return rc;
}

/* ---- time ---- */

/* strtod would take more than a duration has */
static int digits(const char **at, double *v)
{
	double scale = 1;
	int any = 0;

	for (*v = 0; **at >= '0' && **at <= '9'; (*at)++, any = 1)
		*v = *v * 10 + (**at - '0');
	if (**at != '.')
		return any;
	for ((*at)++; **at >= '0' && **at <= '9'; (*at)++, any = 1)
		*v += (**at - '0') * (scale /= 10);
	return any;
}

int call_duration(const char *text, int64_t *ns)
{
	static const struct { const char *name; double ns; } units[] = {
		{ "ns", 1 }, { "us", 1e3 }, { "\xc2\xb5s", 1e3 }, { "\xce\xbcs", 1e3 }, { "ms", 1e6 }, { "s", 1e9 },
		{ "m", 60e9 }, { "h", 3600e9 }
	};
	const char *at = text + (*text == '-' || *text == '+');
	double all = 0, v;
	size_t i;

	if (strcmp(at, "0") == 0) {
		*ns = 0;
		return 0;
	}
	do {
		if (!digits(&at, &v))
			return err_set(ERR_USAGE, "time: invalid duration \"%s\"", text);
		for (i = 0; i < sizeof units / sizeof *units && !starts(at, units[i].name); i++)
			;
		if (i == sizeof units / sizeof *units)
			return *at ? err_set(ERR_USAGE, "time: unknown unit \"%.*s\" in duration \"%s\"",
					     (int)strcspn(at, ".0123456789"), at, text) :
				     err_set(ERR_USAGE, "time: missing unit in duration \"%s\"", text);
		all += v * units[i].ns;
		at += strlen(units[i].name);
	} while (*at);
	if (all > 9.2e18)
		return err_set(ERR_USAGE, "time: invalid duration \"%s\"", text);
	*ns = *text == '-' ? -(int64_t)all : (int64_t)all;
	return 0;
}

int call_expired(const struct call *c)
{
	struct timespec now;

	if (!c->deadline.tv_sec)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec < c->deadline.tv_sec ||
	    (now.tv_sec == c->deadline.tv_sec && now.tv_nsec < c->deadline.tv_nsec))
		return 0;
	return err_set(ERR_TIMEOUT, "context deadline exceeded");
}
