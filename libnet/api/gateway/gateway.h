/*
 * gateway.h - content by HTTP: the path, trustless, subdomain and DNSLink gateway.
 * Spec: ipfs/specs src/http-gateways; where the sources leave room, what deployed gateways do.
 */
#ifndef API_GATEWAY_GATEWAY_H
#define API_GATEWAY_GATEWAY_H

#include "api/route/route.h"
#include "dag/dag.h"
#include "store/store.h"

/* A name clients reach us by.  `*` stands for one label. */
enum gateway_host_flags {
	GATEWAY_SUBDOMAINS = 1,		/* content under names of their own: CID.ipfs.NAME */
	GATEWAY_INLINE = 2,		/* DNS names always as one label */
	GATEWAY_NO_DNSLINK = 4,		/* no DNSLink is looked up for this name itself */
	GATEWAY_TRUSTLESS = 8,		/* only what a client can verify */
	GATEWAY_NO_IPFS = 16, GATEWAY_NO_IPNS = 32	/* paths that are not served */
};

struct gateway;

/*
 * gateway_new - as the gateway.* settings say, and $IPFS_NS_MAP ("name:path,name:path").  config NULL: defaults.
 * Reads the deny list and opens the table of magic numbers, so before the sandbox.  gives *g.
 * ERR_USAGE: a setting is wrong; ERR_IO.
 * gateway_wants_net - 1: it will ask the DNS.
 */
int gateway_new(struct gateway **g, const struct config *config);
void gateway_free(struct gateway *g);		/* accepts NULL */
int gateway_wants_net(const struct gateway *g);

/* gateway_caches - how often this process found what it looked for among what is kept, since it was made. */
struct gateway_caches {
	uint64_t types_hits, types_misses;	/* types of files that were found by looking into them */
	uint64_t names_hits, names_misses;	/* answers of the DNS */
	uint64_t types_bytes;			/* the table's memory, shared by all workers */
};
void gateway_caches(const struct gateway *g, struct gateway_caches *c);

/* gateway_is_site - 1: the host asked is content's own (CID.ipfs.NAME, a name with a DNSLink), so that every path of
 * it is; 0: it is ours.  May ask the DNS. */
int gateway_is_site(struct gateway *g, const struct request *rq);

/* gateway_is_ours - 1: the host asked is certainly no content's: an address, or a name that is given to us.  Asks nobody. */
int gateway_is_ours(const struct gateway *g, struct span host);

/* gateway_denied - a status (410, 451) when this content path, or this block, is not to be served; 0.  p of path NULL or empty:
 * only the block; cid NULL: only the path.  gateway_trustless - 1: under the host asked, only what can be verified is served. */
int gateway_denied(const struct gateway *g, struct span path, const struct cid *cid);
int gateway_trustless(const struct gateway *g, const struct request *rq);

/* gateway_upstream - who may know records of names that are not in the store, or newer ones: `resolve` is given "/ipns/KEY"
 * and puts what it learns into the store, verified; what it appends to `out` is not used.  NULL: nobody.  Asked no more
 * often than the records allow, and not for who wants what is here only. */
void gateway_upstream(struct gateway *g, int (*resolve)(void *ctx, const char *path, struct buf *out), void *ctx);

/* gateway_answer - answer any request that no other part of the server wants.  Blocks come from `src`, names from
 * `st`.  0, or the error of the transport. */
int gateway_answer(struct gateway *g, struct store *st, struct dag_source *src, struct request *rq,
		   struct reply *r);

#endif
