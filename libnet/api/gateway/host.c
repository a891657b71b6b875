/*
 * host.c - whose name a request was sent to, and what content that makes of its path (reference 1 to 3, 20).
 * A gateway's own names come first; then ID.ipfs.NAME and ID.ipns.NAME of those with subdomains, which give each
 * content an origin of its own; then any other DNS name that has a DNSLink; else the path says it all.
 */
#include <strings.h>

#include "base/err.h"
#include "gateway_priv.h"
#include "key/key.h"

enum {
	LABEL_MAX = 63,			/* RFC 1035 2.3.4 */
	LOCATION_MAX = 4 * GW_PATH_MAX
};

static const char too_long[] = "CID incompatible with DNS label length limit of 63";

/* ---- pieces of hosts and paths ---- */

static int is_word(struct span s, const char *lower)
{
	return s.len == strlen(lower) && strncasecmp((const char *)s.p, lower, s.len) == 0;
}

/* RFC 3986 3.2.2: a host and maybe a port, without what could make it something else in a URL of ours */
static int is_host(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
		      (c && strchr("-._:[]", c))))
			return 0;
	}
	return 1;
}

static struct span without_port(struct span host)
{
	size_t len = host.len;

	while (len && host.p[len - 1] >= '0' && host.p[len - 1] <= '9')
		len--;
	/* "::1" has no port, "[::1]:80" and "a:80" have */
	if (len && host.p[len - 1] == ':' && (host.p[0] == '[' || !memchr(host.p, ':', len - 1)))
		host.len = len - 1;
	return host;
}

static int is_ip(struct span name)
{
	size_t i;

	if (!name.len || name.p[0] == '[' || memchr(name.p, ':', name.len))
		return 1;
	for (i = 0; i < name.len; i++)
		if (name.p[i] != '.' && (name.p[i] < '0' || name.p[i] > '9'))
			return 0;
	return 1;
}

/* the label, and what is behind its dot; 0: it is the last */
static int next_label(struct span *rest, struct span *label)
{
	const uint8_t *dot = rest->len ? memchr(rest->p, '.', rest->len) : NULL;

	*label = span_of(rest->p, dot ? (size_t)(dot - rest->p) : rest->len);
	*rest = dot ? span_of(dot + 1, rest->len - label->len - 1) : span_of(NULL, 0);
	return dot != NULL;
}

/* "/a/b/c" -> "a", "/b/c" */
static struct span first_segment(struct span path, struct span *rest)
{
	const uint8_t *slash;
	struct span s;

	if (path.len)
		path = span_of(path.p + 1, path.len - 1);
	slash = path.len ? memchr(path.p, '/', path.len) : NULL;
	s = span_of(path.p, slash ? (size_t)(slash - path.p) : path.len);
	*rest = slash ? span_of(slash, path.len - s.len) : span_of("", 0);
	return s;
}

/* ---- the names we are known by ---- */

/* RFC 6761 6.3: browsers resolve it, and all below it, to this machine */
static int is_localhost(struct span name)
{
	return is_word(name, "localhost");
}

/* is `host` the pattern, where a "*" of it is one label? */
static int matches(const char *pattern, struct span host)
{
	struct span p = span_str(pattern), a, b;
	int more_p, more_h;

	do {
		more_p = next_label(&p, &a);
		more_h = next_label(&host, &b);
		if (a.len == 1 && a.p[0] == '*' && b.len && (more_h || !memchr(b.p, ':', b.len)))
			continue;
		if (a.len != b.len || (a.len && strncasecmp((const char *)a.p, (const char *)b.p, a.len) != 0))
			return 0;
	} while (more_p && more_h);
	return more_p == more_h;
}

static const struct gw_host *find_exact(const struct gateway *g, struct span host, int wild)
{
	size_t i;

	for (i = 0; i < g->n_hosts; i++)
		if ((strchr(g->hosts[i].name, '*') != NULL) == wild && matches(g->hosts[i].name, host))
			return &g->hosts[i];
	return NULL;
}

/* with its port, without, then as one of many; 1 and what it may do, or 0 */
static int known_host(const struct gateway *g, struct span host, unsigned *flags)
{
	struct span name = without_port(host);
	const struct gw_host *h = find_exact(g, host, 0);

	if (!h)
		h = find_exact(g, name, 0);
	if (!h)
		h = find_exact(g, host, 1);
	if (!h)
		h = find_exact(g, name, 1);
	if (h)
		*flags = h->flags;
	else if (is_localhost(name))
		*flags = g->flags | GATEWAY_SUBDOMAINS;
	if (is_ip(name))			/* there are no names below an address */
		*flags &= ~(unsigned)GATEWAY_SUBDOMAINS;
	return h || is_localhost(name);
}

static int enabled(unsigned flags, struct span ns)
{
	return (span_equal(ns, span_str("ipfs")) && !(flags & GATEWAY_NO_IPFS)) ||
	       (span_equal(ns, span_str("ipns")) && !(flags & GATEWAY_NO_IPNS));
}

/* ---- labels ---- */

int gw_label(const struct cid *cid, const char *ns, struct buf *out)
{
	int ipns = strcmp(ns, "ipns") == 0, rc;
	struct buf text = BUF_INIT(CID_TEXT_MAX);
	struct cid v1;

	rc = cid_make_mh(&v1, 1, ipns ? (uint64_t)CID_LIBP2P_KEY : cid->codec, cid_mh(cid));
	if (rc == 0)
		rc = cid_format(&v1, mb_by_name(ipns ? "base36" : "base32"), &text);
	if (rc == 0 && text.len > LABEL_MAX) {
		buf_reset(&text);
		rc = cid_format(&v1, mb_by_name("base36"), &text);
	}
	if (rc == 0 && text.len > LABEL_MAX)
		rc = err_set(ERR_LIMIT, "%s", too_long);
	if (rc == 0)
		rc = buf_add(out, buf_span(&text));
	buf_clear(&text);
	return rc;
}

/* The CID a label or path segment is, of a key whatever its form; 0: it is none. */
static int id_of(struct span id, struct span ns, struct cid *cid)
{
	struct buf lower = BUF_INIT(CID_TEXT_MAX);
	size_t i;
	int ipns = span_equal(ns, span_str("ipns")), found;

	if (!id.len || id.len >= CID_TEXT_MAX || memchr(id.p, '.', id.len))
		return 0;
	if (cid_parse(id, cid, NULL) == 0 || (ipns && key_id_parse(id, cid) == 0))
		return 1;
	/* a host in mixed case is the same host (RFC 3986 6.2.2.1) */
	for (i = 0, found = 0; found == 0 && i < id.len; i++) {
		uint8_t c = id.p[i];

		found = buf_u8(&lower, c >= 'A' && c <= 'Z' ? c | 0x20u : c);
	}
	found = found == 0 && cid_parse(buf_span(&lower), cid, NULL) == 0;
	buf_clear(&lower);
	return found;
}

/* "en.wikipedia-on-ipfs.org" -> "en-wikipedia--on--ipfs-org" */
static int inlined(struct span name, struct buf *out)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < name.len; i++)
		rc = name.p[i] == '-' ? buf_str(out, "--") : buf_u8(out, name.p[i] == '.' ? '-' : name.p[i]);
	return rc;
}

static int uninlined(struct span label, struct buf *out)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < label.len; i++) {
		int twice = label.p[i] == '-' && i + 1 < label.len && label.p[i + 1] == '-';

		rc = buf_u8(out, label.p[i] == '-' && !twice ? '.' : label.p[i]);
		i += (size_t)twice;
	}
	return rc;
}

static int has_dot(struct span s)
{
	return s.len && memchr(s.p, '.', s.len) != NULL;
}

static int has_dash(struct span s)
{
	return s.len && memchr(s.p, '-', s.len) != NULL;
}

/* 1; 0; or why that cannot be told.  GATEWAY_NO_DNSLINK is about hosts, not about /ipns/ paths. */
static int has_dnslink(struct gw_ask *a, struct span name)
{
	struct buf value = BUF_INIT(GW_PATH_MAX);
	int64_t ttl;
	int rc = gw_dnslink(a->g, name, &value, &ttl);

	buf_clear(&value);
	return rc;
}

/* ---- answers ---- */

/* scheme://LABEL.NS.GATEWAY/rest?query */
static int to_subdomain(struct gw_ask *a, struct span label, struct span ns, struct span gateway, struct span rest)
{
	struct buf to = BUF_INIT(LOCATION_MAX);
	int rc = buf_printf(&to, "%s://%.*s.%.*s.%.*s", a->https ? "https" : "http", (int)label.len,
			    (const char *)label.p, (int)ns.len, (const char *)ns.p, (int)gateway.len,
			    (const char *)gateway.p);

	if (rc == 0)
		rc = rest.len ? gw_escape(&to, rest) : buf_u8(&to, '/');
	if (rc == 0 && a->rq->query.p) {
		rc = buf_u8(&to, '?');
		if (rc == 0)
			rc = buf_add(&to, a->rq->query);
	}
	rc = rc < 0 ? gw_fail_rc(a, rc) : gw_redirect(a, 301, buf_span(&to));
	buf_clear(&to);
	return rc;
}

/* what an ipfs: or ipns: URI says behind its path, as far as it may stand in a URL */
static int put_query(struct buf *out, struct span query)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < query.len; i++) {
		uint8_t c = query.p[i];

		rc = c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}#", c) ? buf_printf(out, "%%%02X", c) :
									   buf_u8(out, c);
	}
	return rc;
}

static int router_path(struct span uri, int ipns, struct buf *path, struct span *query)
{
	const uint8_t *end = memchr(uri.p, '#', uri.len);
	struct buf raw = BUF_INIT(GW_PATH_MAX);
	struct span authority, rest;
	size_t n;
	int rc;

	if (end)
		uri.len = (size_t)(end - uri.p);
	end = uri.len ? memchr(uri.p, '?', uri.len) : NULL;
	*query = end ? span_of(end, uri.len - (size_t)(end - uri.p)) : span_of(NULL, 0);
	uri.len -= query->len;
	rc = buf_str(&raw, ipns ? "/ipns/" : "/ipfs/");
	n = raw.len;
	if (rc == 0)
		rc = buf_add(&raw, uri);
	if (rc == 0)
		rc = gw_clean(buf_span(&raw), path);
	/* it stays below the root it names, whatever dots and escapes there are */
	authority = first_segment(span_of(raw.data + n - 1, raw.len - n + 1), &rest);
	if (rc == 0 && (!authority.len || memchr(authority.p, '%', authority.len) ||
			path->len < n + authority.len || memcmp(path->data, raw.data, n + authority.len) != 0 ||
			(path->len > n + authority.len && path->data[n + authority.len] != '/')))
		rc = err_set(ERR_INVALID, "there is no root in it");
	buf_clear(&raw);
	return rc;
}

/* Reference 20.6: browsers hand ipfs: and ipns: links over to "?uri=". */
static int uri_router(struct gw_ask *a)
{
	struct buf uri = BUF_INIT(GW_PATH_MAX), path = BUF_INIT(GW_PATH_MAX), to = BUF_INIT(LOCATION_MAX);
	struct span query, s;
	int rc = gw_arg(a, "uri", &uri), ipns;

	if (rc != 1 || !uri.len) {
		buf_clear(&uri);
		return rc < 0 ? gw_fail_rc(a, rc) : 0;
	}
	s = buf_span(&uri);
	ipns = s.len > 7 && is_word(span_of(s.p, 7), "ipns://");
	if (!ipns && !(s.len > 7 && is_word(span_of(s.p, 7), "ipfs://")))
		rc = gw_fail(a, 400, "the uri is not ipfs:// or ipns:// and something");
	else if (router_path(span_of(s.p + 7, s.len - 7), ipns, &path, &query) < 0)
		rc = gw_fail(a, 400, "the uri is malformed: %s", err_text());
	else if (gw_escape(&to, buf_span(&path)) < 0 || put_query(&to, query) < 0)
		rc = gw_fail(a, 414, "the uri is too long");
	else
		rc = gw_redirect(a, 301, buf_span(&to));
	buf_clear(&uri);
	buf_clear(&path);
	buf_clear(&to);
	return rc;
}

/* ---- paths of hosts with subdomains (20.3) ---- */

/* the label for a DNS name: as it is, or without its dots where a certificate has to cover it */
static int dns_label(struct gw_ask *a, struct span id, struct buf *label)
{
	struct buf full = BUF_INIT(GW_PATH_MAX);
	struct span name = id;
	int rc = 0;

	if (!has_dot(id) && has_dash(id)) {
		rc = uninlined(id, &full);
		if (rc == 0 && has_dnslink(a, buf_span(&full)) == 1)
			name = buf_span(&full);
	}
	if (rc == 0) {
		/* when the DNS cannot tell, the subdomain will say so */
		int inl = (a->https || (a->flags & GATEWAY_INLINE)) && has_dot(name) && has_dnslink(a, name) != 0;

		rc = inl ? inlined(name, label) : buf_add(label, name);
		if (rc == 0 && inl && label->len > LABEL_MAX)
			rc = err_set(ERR_LIMIT, "DNSLink name incompatible with DNS label length limit of %d",
				     LABEL_MAX);
	}
	buf_clear(&full);
	return rc;
}

/* 301 to where this content has its own origin; 0: there is no such place */
static int off_to_subdomain(struct gw_ask *a)
{
	struct buf label = BUF_INIT(GW_PATH_MAX);
	struct span rest, ns = first_segment(buf_span(&a->web), &rest), id = first_segment(rest, &rest);
	struct cid cid;
	int ipns = span_equal(ns, span_str("ipns")), rc;

	if (!id.len)
		return 0;
	if (id_of(id, ns, &cid))
		rc = gw_label(&cid, ipns ? "ipns" : "ipfs", &label);
	else if (!ipns || !is_host(id) || strcspn((const char *)id.p, ":[]") < id.len)
		return 0;
	else
		rc = dns_label(a, id, &label);
	if (rc == ERR_LIMIT)
		rc = gw_fail(a, 400, "%s", err_text());
	else if (rc < 0)
		rc = gw_fail_rc(a, rc);
	else
		rc = to_subdomain(a, buf_span(&label), ns, buf_span(&a->host), rest);
	buf_clear(&label);
	return rc;
}

/* ---- the views ---- */

static int set_path(struct gw_ask *a, enum gw_view view, const char *ns, struct span root)
{
	int rc = 0;

	a->view = view;
	buf_reset(&a->path);
	if (ns)
		rc = buf_printf(&a->path, "/%s/%.*s", ns, (int)root.len, (const char *)root.p);
	if (rc == 0)
		rc = buf_add(&a->path, buf_span(&a->web));
	return rc < 0 ? gw_fail_rc(a, rc) : 0;
}

static struct span dns_name_of(const struct gw_ask *a)
{
	struct span name = without_port(buf_span(&a->host));

	if (name.len && name.p[name.len - 1] == '.')
		name.len--;
	return name;
}

static int is_content(struct span web)
{
	struct span rest, ns = first_segment(web, &rest);

	return span_equal(ns, span_str("ipfs")) || span_equal(ns, span_str("ipns"));
}

/* 1: answered, or the view is set; 0: the host has no DNSLink */
static int by_dnslink(struct gw_ask *a, int *answered)
{
	struct span name = dns_name_of(a);
	int rc;

	*answered = 0;
	if ((a->flags & GATEWAY_NO_DNSLINK) || !gw_is_dns_name(name))
		return 0;
	rc = has_dnslink(a, name);
	if (rc < 0 && is_content(buf_span(&a->web)))
		return 0;		/* the path says what is meant, whatever the DNS is up to */
	if (rc < 0)
		*answered = gw_fail_rc(a, rc);
	else if (rc == 1)
		*answered = set_path(a, GW_DNSLINK, "ipns", name);
	return rc != 0;
}

/* a request to a name of the gateway itself (3, step 4) */
static int by_own_name(struct gw_ask *a)
{
	struct span rest, ns = first_segment(buf_span(&a->web), &rest);
	int rc = 0;

	if (!enabled(a->flags, ns)) {
		if (by_dnslink(a, &rc))
			return rc;
		return gw_fail(a, 404, "nothing is served under this path");
	}
	if (a->flags & GATEWAY_SUBDOMAINS)
		rc = off_to_subdomain(a);
	return rc ? rc : set_path(a, GW_PATH, NULL, span_of(NULL, 0));
}

/* the name in `id` of a DNSLink, which may stand there without its dots (20.4) */
static int subdomain_name(struct gw_ask *a, struct span id)
{
	struct buf full = BUF_INIT(GW_TEXT_MAX);
	int rc = 0;

	if (!has_dot(id) && has_dash(id)) {
		rc = uninlined(id, &full);
		if (rc == 0 && (has_dnslink(a, id) == 0 || has_dnslink(a, buf_span(&full)) == 1))
			id = buf_span(&full);
	}
	rc = rc < 0 ? gw_fail_rc(a, rc) : set_path(a, GW_SUBDOMAIN, "ipns", id);
	buf_clear(&full);
	return rc;
}

static int by_subdomain(struct gw_ask *a, struct span id, struct span ns, struct span gateway)
{
	struct buf label = BUF_INIT(GW_TEXT_MAX);
	struct span lower = is_word(ns, "ipns") ? span_str("ipns") : span_str("ipfs");
	struct cid cid;
	int ipns = span_equal(lower, span_str("ipns")), rc;

	if (!(a->flags & GATEWAY_SUBDOMAINS) || !enabled(a->flags, lower))
		return gw_fail(a, 404, "no %s content is served under names below this one", (const char *)lower.p);
	rc = buf_add(&a->gw_host, gateway);
	if (rc < 0)
		return gw_fail_rc(a, rc);
	if (!id_of(id, lower, &cid))
		return ipns ? subdomain_name(a, id) : set_path(a, GW_SUBDOMAIN, "ipfs", id);
	rc = gw_label(&cid, (const char *)lower.p, &label);
	if (rc == ERR_LIMIT)
		rc = gw_fail(a, 400, "%s", err_text());
	else if (rc < 0)
		rc = gw_fail_rc(a, rc);
	else if (!is_word(id, (const char *)label.data))
		rc = to_subdomain(a, buf_span(&label), lower, gateway, buf_span(&a->web));
	else
		rc = set_path(a, GW_SUBDOMAIN, (const char *)lower.p, buf_span(&label));
	buf_clear(&label);
	return rc;
}

/* is it ID.NS.GATEWAY with a gateway we are, the longest one?  1 and the parts */
static int take_apart(struct gw_ask *a, struct span *id, struct span *ns, struct span *gateway)
{
	struct span host = buf_span(&a->host), rest = host, label;
	int more = next_label(&rest, &label);

	while (more) {
		more = next_label(&rest, &label);	/* never the first: an ID stands before it */
		if (more && (is_word(label, "ipfs") || is_word(label, "ipns")) &&
		    known_host(a->g, rest, &a->flags)) {
			*ns = label;
			*gateway = rest;
			*id = span_of(host.p, (size_t)(label.p - host.p) - 1);
			return 1;
		}
	}
	return 0;
}

static int dispatch(struct gw_ask *a)
{
	struct span id, ns, gateway;
	int rc;

	if (known_host(a->g, buf_span(&a->host), &a->flags))
		return by_own_name(a);
	if (take_apart(a, &id, &ns, &gateway))
		return by_subdomain(a, id, ns, gateway);
	a->flags = a->g->flags;
	if (by_dnslink(a, &rc))
		return rc;
	return set_path(a, GW_PATH, NULL, span_of(NULL, 0));
}

/* What a proxy says counts when it is on this machine: anybody else could say it, too. */
static struct span effective_host(const struct request *rq, int *https)
{
	struct http_forwarded f = { .tls = -1 };

	if (rq->local)
		http_forwarded_x(span_of(NULL, 0), request_field(rq, "x-forwarded-host"),
				 request_field(rq, "x-forwarded-proto"), &f);
	*https = rq->tls || f.tls == 1;
	return f.host.len ? f.host : rq->host;
}

static int who_was_asked(struct gw_ask *a)
{
	struct span host = effective_host(a->rq, &a->https);

	buf_reset(&a->host);
	buf_reset(&a->gw_host);
	if (!is_host(host))
		return gw_fail(a, 400, "a host of that name is not served here");
	return buf_add(&a->host, host) < 0 ? gw_fail_rc(a, ERR_INVALID) : 0;
}

int gw_host(struct gw_ask *a)
{
	int rc = who_was_asked(a);

	a->flags = a->g->flags;
	buf_reset(&a->web);
	if (rc == 0)
		rc = uri_router(a);
	if (rc)
		return rc;
	rc = gw_clean(a->rq->path, &a->web);
	if (rc == ERR_LIMIT)
		return gw_fail(a, 414, "the path is too long");
	return rc < 0 ? gw_fail_rc(a, rc) : dispatch(a);
}

/* Reference 2.3.  Whether an address is ours is not known here: it leads to us all the same. */
int gw_connect(struct gw_ask *a)
{
	struct span host = a->rq->host;
	unsigned flags;
	int rc;

	if (!host.len || !is_host(host) ||
	    !(known_host(a->g, host, &flags) || is_ip(without_port(host)) || gateway_is_site(a->g, a->rq)))
		return gw_fail(a, 403, "tunnels lead to this gateway only");
	rc = reply_start(a->r, 200, 0);
	return rc < 0 ? rc : 1;
}

int gateway_is_ours(const struct gateway *g, struct span host)
{
	unsigned flags;

	return !host.len || is_ip(without_port(host)) || known_host(g, host, &flags);
}

int gateway_is_site(struct gateway *g, const struct request *rq)
{
	struct gw_ask a = { .g = g, .flags = g->flags, .host = BUF_INIT(GW_PATH_MAX) };
	struct span id, ns, gateway, name;
	int yes = 0;

	if (buf_add(&a.host, effective_host(rq, &a.https)) == 0 && !known_host(g, buf_span(&a.host), &a.flags)) {
		a.flags = g->flags;
		name = dns_name_of(&a);
		yes = take_apart(&a, &id, &ns, &gateway) ||
		      (!(g->flags & GATEWAY_NO_DNSLINK) && gw_is_dns_name(name) && has_dnslink(&a, name) == 1);
	}
	buf_clear(&a.host);
	return yes;
}
