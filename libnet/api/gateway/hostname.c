/*
 * hostname.c - names of hosts: their pieces, which ones are ours, and the labels that stand for content (reference 3, 20).
 * Nobody is asked here: what a name of the DNS stands for is another matter.
 */
#include <strings.h>

#include "base/err.h"
#include "host_priv.h"
#include "key/key.h"

static const char too_long[] = "CID incompatible with DNS label length limit of 63";

/* ---- pieces of hosts and paths ---- */

int host_is_word(struct span s, const char *lower)
{
	return s.len == strlen(lower) && strncasecmp((const char *)s.p, lower, s.len) == 0;
}

/* RFC 3986 3.2.2: a host and maybe a port, without what could make it something else in a URL of ours */
int host_is_plain(struct span s)
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

struct span host_without_port(struct span host)
{
	size_t len = host.len;

	while (len && host.p[len - 1] >= '0' && host.p[len - 1] <= '9')
		len--;
	/* "::1" has no port, "[::1]:80" and "a:80" have */
	if (len && host.p[len - 1] == ':' && (host.p[0] == '[' || !memchr(host.p, ':', len - 1)))
		host.len = len - 1;
	return host;
}

int host_is_ip(struct span name)
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
int host_next_label(struct span *rest, struct span *label)
{
	const uint8_t *dot = rest->len ? memchr(rest->p, '.', rest->len) : NULL;

	*label = span_of(rest->p, dot ? (size_t)(dot - rest->p) : rest->len);
	*rest = dot ? span_of(dot + 1, rest->len - label->len - 1) : span_of(NULL, 0);
	return dot != NULL;
}

/* "/a/b/c" -> "a", "/b/c" */
struct span host_first_segment(struct span path, struct span *rest)
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
	return host_is_word(name, "localhost");
}

/* is `host` the pattern, where a "*" of it is one label? */
static int matches(const char *pattern, struct span host)
{
	struct span p = span_str(pattern), a, b;
	int more_p, more_h;

	do {
		more_p = host_next_label(&p, &a);
		more_h = host_next_label(&host, &b);
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
int host_known(const struct gateway *g, struct span host, unsigned *flags)
{
	struct span name = host_without_port(host);
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
	if (host_is_ip(name))			/* there are no names below an address */
		*flags &= ~(unsigned)GATEWAY_SUBDOMAINS;
	return h || is_localhost(name);
}

int host_enabled(unsigned flags, struct span ns)
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
	if (rc == 0 && text.len > HOST_LABEL_MAX) {
		buf_reset(&text);
		rc = cid_format(&v1, mb_by_name("base36"), &text);
	}
	if (rc == 0 && text.len > HOST_LABEL_MAX)
		rc = err_set(ERR_LIMIT, "%s", too_long);
	if (rc == 0)
		rc = buf_add(out, buf_span(&text));
	buf_clear(&text);
	return rc;
}

/* The CID a label or path segment is, of a key whatever its form; 0: it is none. */
int host_id(struct span id, struct span ns, struct cid *cid)
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
int host_inlined(struct span name, struct buf *out)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < name.len; i++)
		rc = name.p[i] == '-' ? buf_str(out, "--") : buf_u8(out, name.p[i] == '.' ? '-' : name.p[i]);
	return rc;
}

int host_uninlined(struct span label, struct buf *out)
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

int host_has_dot(struct span s)
{
	return s.len && memchr(s.p, '.', s.len) != NULL;
}

int host_has_dash(struct span s)
{
	return s.len && memchr(s.p, '-', s.len) != NULL;
}
