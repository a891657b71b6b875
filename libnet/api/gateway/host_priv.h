/* host_priv.h - what the files that find out who was asked share: host.c, hostname.c, uri.c */
#ifndef API_GATEWAY_HOST_PRIV_H
#define API_GATEWAY_HOST_PRIV_H

#include "gateway_priv.h"

enum {
	HOST_LABEL_MAX = 63,		/* RFC 1035 2.3.4 */
	HOST_LOCATION_MAX = 4 * GW_PATH_MAX
};

/* ---- hostname.c: pieces of hosts and paths ---- */
int host_is_word(struct span s, const char *lower);	/* in any case */
int host_is_plain(struct span s);	/* it has nothing in it that could make it something else in a URL of ours */
struct span host_without_port(struct span host);
int host_is_ip(struct span name);	/* or nothing at all */
int host_has_dot(struct span s);
int host_has_dash(struct span s);
int host_next_label(struct span *rest, struct span *label);	/* 0: it is the last */
struct span host_first_segment(struct span path, struct span *rest);	/* "/a/b/c": "a", "/b/c" */

/* host_known - 1 when it is a name of ours, and what may be done under it (*flags is as it was when it is none, but for an
 * address).  host_enabled - is this name space served there? */
int host_known(const struct gateway *g, struct span host, unsigned *flags);
int host_enabled(unsigned flags, struct span ns);

/* host_id - the CID a label or path segment is, of a key whatever its form; 0: it is none. */
int host_id(struct span id, struct span ns, struct cid *cid);
/* host_inlined, host_uninlined - a DNS name as one label, and back; appended. */
int host_inlined(struct span name, struct buf *out);
int host_uninlined(struct span label, struct buf *out);

/* ---- uri.c ---- */
/* host_uri - send a request with "?uri=" on to its path, or answer 400; 0: there is none. */
int host_uri(struct gw_ask *a);

#endif
