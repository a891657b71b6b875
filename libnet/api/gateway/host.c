/*
 * host.c - whose name a request was sent to, and what content that makes of its path (reference 1 to 3, 20).
 * A gateway's own names come first; then ID.ipfs.NAME and ID.ipns.NAME of those with subdomains, which give each
 * content an origin of its own; then any other DNS name that has a DNSLink; else the path says it all.
 */
#include "base/err.h"
#include "host_priv.h"

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
	struct buf to = BUF_INIT(HOST_LOCATION_MAX);
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

/* ---- paths of hosts with subdomains (20.3) ---- */

/* the label for a DNS name: as it is, or without its dots where a certificate has to cover it */
static int dns_label(struct gw_ask *a, struct span id, struct buf *label)
{
	struct buf full = BUF_INIT(GW_PATH_MAX);
	struct span name = id;
	int rc = 0;

	if (!host_has_dot(id) && host_has_dash(id)) {
		rc = host_uninlined(id, &full);
		if (rc == 0 && has_dnslink(a, buf_span(&full)) == 1)
			name = buf_span(&full);
	}
	if (rc == 0) {
		/* when the DNS cannot tell, the subdomain will say so */
		int inl = (a->https || (a->flags & GATEWAY_INLINE)) && host_has_dot(name) && has_dnslink(a, name) != 0;

		rc = inl ? host_inlined(name, label) : buf_add(label, name);
		if (rc == 0 && inl && label->len > HOST_LABEL_MAX)
			rc = err_set(ERR_LIMIT, "DNSLink name incompatible with DNS label length limit of %d",
				     HOST_LABEL_MAX);
	}
	buf_clear(&full);
	return rc;
}

/* 301 to where this content has its own origin; 0: there is no such place */
static int off_to_subdomain(struct gw_ask *a)
{
	struct buf label = BUF_INIT(GW_PATH_MAX);
	struct span rest, ns = host_first_segment(buf_span(&a->web), &rest), id = host_first_segment(rest, &rest);
	struct cid cid;
	int ipns = span_equal(ns, span_str("ipns")), rc;

	if (!id.len)
		return 0;
	if (host_id(id, ns, &cid))
		rc = gw_label(&cid, ipns ? "ipns" : "ipfs", &label);
	else if (!ipns || !host_is_plain(id) || strcspn((const char *)id.p, ":[]") < id.len)
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
	struct span name = host_without_port(buf_span(&a->host));

	if (name.len && name.p[name.len - 1] == '.')
		name.len--;
	return name;
}

static int is_content(struct span web)
{
	struct span rest, ns = host_first_segment(web, &rest);

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
	struct span rest, ns = host_first_segment(buf_span(&a->web), &rest);
	int rc = 0;

	if (!host_enabled(a->flags, ns)) {
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

	if (!host_has_dot(id) && host_has_dash(id)) {
		rc = host_uninlined(id, &full);
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
	struct span lower = host_is_word(ns, "ipns") ? span_str("ipns") : span_str("ipfs");
	struct cid cid;
	int ipns = span_equal(lower, span_str("ipns")), rc;

	if (!(a->flags & GATEWAY_SUBDOMAINS) || !host_enabled(a->flags, lower))
		return gw_fail(a, 404, "no %s content is served under names below this one", (const char *)lower.p);
	rc = buf_add(&a->gw_host, gateway);
	if (rc < 0)
		return gw_fail_rc(a, rc);
	if (!host_id(id, lower, &cid))
		return ipns ? subdomain_name(a, id) : set_path(a, GW_SUBDOMAIN, "ipfs", id);
	rc = gw_label(&cid, (const char *)lower.p, &label);
	if (rc == ERR_LIMIT)
		rc = gw_fail(a, 400, "%s", err_text());
	else if (rc < 0)
		rc = gw_fail_rc(a, rc);
	else if (!host_is_word(id, (const char *)label.data))
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
	int more = host_next_label(&rest, &label);

	while (more) {
		more = host_next_label(&rest, &label);	/* never the first: an ID stands before it */
		if (more && (host_is_word(label, "ipfs") || host_is_word(label, "ipns")) &&
		    host_known(a->g, rest, &a->flags)) {
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

	if (host_known(a->g, buf_span(&a->host), &a->flags))
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
	if (!host_is_plain(host))
		return gw_fail(a, 400, "a host of that name is not served here");
	return buf_add(&a->host, host) < 0 ? gw_fail_rc(a, ERR_INVALID) : 0;
}

int gw_host(struct gw_ask *a)
{
	int rc = who_was_asked(a);

	a->flags = a->g->flags;
	buf_reset(&a->web);
	if (rc == 0)
		rc = host_uri(a);
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

	if (!host.len || !host_is_plain(host) ||
	    !(host_known(a->g, host, &flags) || host_is_ip(host_without_port(host)) || gateway_is_site(a->g, a->rq)))
		return gw_fail(a, 403, "tunnels lead to this gateway only");
	rc = reply_start(a->r, 200, 0);
	return rc < 0 ? rc : 1;
}

int gateway_is_ours(const struct gateway *g, struct span host)
{
	unsigned flags;

	return !host.len || host_is_ip(host_without_port(host)) || host_known(g, host, &flags);
}

int gateway_is_site(struct gateway *g, const struct request *rq)
{
	struct gw_ask a = { .g = g, .flags = g->flags, .host = BUF_INIT(GW_PATH_MAX) };
	struct span id, ns, gateway, name;
	int yes = 0;

	if (buf_add(&a.host, effective_host(rq, &a.https)) == 0 && !host_known(g, buf_span(&a.host), &a.flags)) {
		a.flags = g->flags;
		name = dns_name_of(&a);
		yes = take_apart(&a, &id, &ns, &gateway) ||
		      (!(g->flags & GATEWAY_NO_DNSLINK) && gw_is_dns_name(name) && has_dnslink(&a, name) == 1);
	}
	buf_clear(&a.host);
	return yes;
}

int gateway_trustless(const struct gateway *g, const struct request *rq)
{
	unsigned flags = g->flags;
	int https;

	host_known(g, effective_host(rq, &https), &flags);
	return (flags & GATEWAY_TRUSTLESS) != 0;
}
