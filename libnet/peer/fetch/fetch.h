/*
 * fetch.h - blocks from trustless gateways, over libcurl.
 *
 * Nothing a gateway says is believed: a block is stored after it was hashed, a record of a name is used after its
 * signature was verified, and of an archive only what the DAG that was asked for leads to is taken.  A handle
 * belongs to the thread that made it, and so does its store; it makes no threads but those in which libcurl asks the
 * system for addresses.
 * Memory: the requests at once times the largest block, and some tens of MiB for the walk, whatever the DAG.
 * Spec: ipfs/specs src/http-gateways/trustless-gateway.md.
 */
#ifndef PEER_FETCH_FETCH_H
#define PEER_FETCH_FETCH_H

#include "dag/dag.h"
#include "store/store.h"

enum { FETCH_GATEWAYS_MAX = 64, FETCH_PARALLEL_MAX = 256 };

/* How blocks are asked for.  AUTO: a whole DAG as an archive while that brings what is not here yet, single blocks
 * otherwise. */
enum fetch_form { FETCH_UNSAID, FETCH_AUTO, FETCH_RAW, FETCH_CAR };

/* 0 in the first ones: as the settings say, or by default. */
struct fetch_opts {
	const char *const *gateways;	/* "https://host[:port][/prefix]"; borrowed for fetch_new */
	size_t n_gateways;
	enum fetch_form form;
	int parallel;			/* requests at once; 16 */
	int connect_ms, stall_ms;	/* a connection; under FETCH_SPEED_MIN bytes a second.  10 s, 30 s */
	int tries;			/* rounds over the gateways before a block is given up */
	int total_ms;			/* one request; 0: no limit */
	int backoff_ms;			/* after the first failure of a gateway, twice that after the next, ... */
	int retry_after_max_s;		/* a gateway that asks for more patience is passed over */
	int redirects;			/* followed at most */
	size_t block_max;		/* bytes of a block, up to STORE_BLOCK_MAX */
	uint64_t bytes_max;		/* received by this handle in all; 0: no limit */
	const char *proxy;		/* NULL: as the environment says; "": none */
	const char *ca_file;		/* the authorities that are trusted; NULL: the system's */
	int trust_dnslink;		/* believe the gateways about the DNSLinks of domains */
	const char *dns;		/* address[:port] of a DNS server; NULL: the system's */
	/* heard of now and then, with the bytes received and blocks stored since; nonzero stops with
	 * ERR_INTERRUPTED.  May be NULL. */
	int (*progress)(void *arg, uint64_t bytes, uint64_t blocks);
	void *arg;
	void *list;			/* fetch_opts_config's, see there */
};
enum { FETCH_SPEED_MIN = 1024 };	/* bytes a second, over stall_ms */

/* fetch_opts_init - the defaults, without gateways. */
void fetch_opts_init(struct fetch_opts *o);
/* fetch_opts_config - what the fetch.* settings say about what was not said yet.  Where no gateways were named it gives
 * o->list, which o->gateways points to: free() it behind fetch_new. */
int fetch_opts_config(struct fetch_opts *o, const struct config *c);

struct fetch;
/* fetch_new - the store, borrowed, is where blocks go; STORE_READ will not do.  gives *f.  ERR_USAGE: no gateway, too
 * many, or one that is no http: or https: URL. */
int fetch_new(struct fetch **f, struct store *st, const struct fetch_opts *o);
void fetch_free(struct fetch *f);		/* accepts NULL; what was not committed stays in the batch */

/*
 * fetch_block - one block, from the store or else from the gateways, appended to `out` (NULL: not wanted).  It is
 * put, not committed.  ERR_NOTFOUND: no gateway has it; ERR_BUSY, ERR_TIMEOUT: may work later; ERR_CORRUPT: what
 * came is something else; ERR_LIMIT: over block_max or bytes_max; ERR_DENIED: the block policy; ERR_IO.  The message
 * names the gateway that was asked last.
 */
int fetch_block(struct fetch *f, const struct cid *cid, struct buf *out);

/*
 * fetch_dag - everything below root, or `depth_max` levels of links (0: the block alone, -1: all).  What the store has
 * is walked and not asked for.  Commits now and then and at the end, so that an interrupted fetch goes on where it
 * stopped.  `missing` hears of each block that is not to be had, with the error (and err_text): 0 goes on without
 * it, a negative return stops.  NULL: stops at the first.
 * 0: all is here and durable.  With `missing` also when it was called.
 */
struct fetch_dag {
	int depth_max;
	int (*missing)(void *arg, const struct cid *cid, int rc);
	void *arg;
	uint64_t n_blocks, bytes;	/* out: different blocks of the DAG that are here now, when it was walked */
	uint64_t n_new, new_bytes;	/* out: of these, fetched */
};
int fetch_dag(struct fetch *f, const struct cid *root, struct fetch_dag *d);
/* fetch_missing - the same without asking anybody: `missing` hears of what is not in the store, with ERR_NOTFOUND.  st may
 * be read only. */
int fetch_missing(struct store *st, const struct cid *root, struct fetch_dag *d);

/*
 * fetch_ahead - ask for an archive of what a path needs, from its root on: the blocks on the way ("a/b", "" for none)
 * and of what is there, by `scope`, nothing more (BLOCK), the whole of a file or the list of a directory (ENTITY), or all
 * (ALL); of a file bytes [from, to], -1 for both: all of it.  It spares round trips and proves nothing: read
 * through a fetch_source afterwards.  Asks once.  0 also when nothing came of it; negative: the store, or progress.
 */
enum fetch_scope { FETCH_BLOCK, FETCH_ENTITY, FETCH_ALL };
int fetch_ahead(struct fetch *f, const struct cid *root, const char *rest, enum fetch_scope scope, int64_t from,
		int64_t to);

/*
 * fetch_source - the store, and behind it the gateways: what is not here is fetched, kept and given.  Of a file that is
 * read from front to back the next blocks are asked for ahead.  Commits now and then; fetch_commit at
 * the end.  has: 1 also when a gateway has it (which fetches it).  Lives as long as f.
 */
struct dag_source *fetch_source(struct fetch *f);
int fetch_commit(struct fetch *f);
/* fetch_idle - go on with what was asked for ahead, until `fd` can be read or there is no more of it. */
int fetch_idle(struct fetch *f, int fd);

/*
 * fetch_resolve - "/ipns/X/rest" to "/ipfs/...", appended to `out`, as name_resolve: X is a key, whose record is asked for
 * and verified, the best of those the gateways and the store have, and kept in the store; or a domain, looked up
 * in the DNS, or, with trust_dnslink, asked of a gateway.  ERR_NOTFOUND: no record, no DNSLink; ERR_CORRUPT, ERR_TIMEOUT
 * (expired), ERR_INVALID: no good one.
 */
int fetch_resolve(struct fetch *f, const char *path, struct buf *out);

/* What it took. */
struct fetch_stat {
	const char *gateway;		/* its URL */
	uint64_t n_requests, n_failed, n_absent, n_wrong;	/* wrong: bytes that were not what was asked for */
	uint64_t bytes, n_blocks;	/* received; of those, stored */
};
/* fetch_count - blocks stored by this handle that were not here before, and their bytes. */
void fetch_count(const struct fetch *f, uint64_t *n_blocks, uint64_t *bytes);
/* fetch_each_stat - the i-th gateway: 1, or 0 at the end. */
int fetch_each_stat(const struct fetch *f, int i, struct fetch_stat *s);

#endif
