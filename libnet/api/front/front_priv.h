/* front_priv.h - what the files of the front share */
#ifndef API_FRONT_PRIV_H
#define API_FRONT_PRIV_H

#include <stdio.h>
#include <time.h>

#include "api/kubo/kubo.h"
#include "api/v1/v1.h"
#include "board/board.h"
#include "front.h"
#include "wire/http/encode.h"
#include "wire/http/field.h"
#include "wire/http/http.h"

struct coproc;

/* count.c: the families of measurements */
enum metric {
	METRIC_REQUESTS, METRIC_REQUEST_SECONDS, METRIC_REQUEST_BYTES, METRIC_RESPONSE_BYTES, METRIC_CONNS, METRIC_CUT,
	METRIC_BLOCKS, METRIC_BLOCKS_STORED, METRIC_BLOCK_ERRORS, METRIC_BLOCK_SECONDS, METRIC_BATCH,
	METRIC_BATCH_SECONDS, METRIC_UPLOAD, METRIC_DOWNLOAD, METRIC_STREAMS, METRIC_CHUNKS, METRIC_CACHE_HITS,
	METRIC_CACHE_MISSES, METRIC_CACHE_SIZE, METRIC_AUTH, METRIC_SESSIONS, METRIC_LIMITED, METRIC_TOKENS, METRIC_WS,
	METRIC_WS_SENT, METRIC_WS_GOT, METRIC_GRPC, METRIC_GRPC_SECONDS, METRIC_TENSOR, METRIC_TENSOR_SLICES,
	METRIC_TENSOR_BYTES, METRIC_MEMORY, METRIC_TASKS, METRIC_N
};
struct metric_family {
	const char *name, *help;
	enum board_kind kind;
	const double *bounds;		/* of a histogram */
	size_t n;
};
extern const struct metric_family metric_families[METRIC_N];

struct front {
	const struct config *c;
	char *path;			/* of the store */
	int roles;
	struct gateway *gateway;
	struct kubo *kubo;		/* NULL: not our role */
	struct board_series *series;
	struct board_buckets *buckets;
	time_t started;
	int serving;			/* the lock of servers that run; -1: none */
	int spawned, pumps;		/* part of the sandbox is inherited; a pump's is all around us */
	int sandbox;			/* 0: none; 1: as far as the kernel can; 2: all of it */
	int metrics;			/* 0: nobody, 1: local clients, 2: all */
	/* rates */
	double burst, per_second;
	unsigned requests;		/* 0: no limit */
	struct span trusted;		/* words */
	/* cors */
	struct span origins;		/* words */
	int any_origin, credentials;
	struct buf cors;		/* lines of every answer */
	/* codings */
	const char *coding[HTTP_CODINGS];
	enum http_coding which[HTTP_CODINGS];
	size_t n_codings;
	int level;
	uint64_t coding_min;
	/* in a worker */
	uint64_t folders;		/* in a pump: which ones workers may write */
	int writes;			/* flags of store_open for who writes */
	int settled;			/* fenced in, or as far as we go */
	struct store *st;		/* of this request: one of `open`; NULL: none */
	int reads_only;			/* nothing in this process writes to the store, so far */
	struct store *open[2];		/* for reading; for writing, at rest between requests.  NULL: not open */
	struct dag_source source, beyond;	/* source.c: the store; and what is behind it */
	int missed;			/* the store did not have the block asked for last */
	int wants_upstream;
	const char *fetch[2 * 64 + 8];	/* the program and what it is told, words in fetch_words */
	char *fetch_words;
	struct coproc *upstream;	/* NULL: what is not here is not here */
	struct gateway_caches caches;	/* as they were counted last */
	/* in a pump: what its gauges say */
	uint64_t last_conns, last_busy, last_queued, last_memory;
	int statm;			/* what the system says of our memory; -1: nothing */
	time_t statm_at;
};

/* word - the next of `rest`, words separated by blanks and commas: 1 or 0.  worded - is it one of them? */
int front_word(struct span *rest, struct span *word);
int front_worded(struct span words, struct span word);

int front_is_set(const struct config *c, const char *key);	/* by somebody: it is no default */

/* front.c.  front_store - have the store open with these flags of store_open, as f->st: 0, or why not; then that is
 * NULL.  front_rest - the request is over; close - all that is open. */
int front_store(struct front *f, int flags);
void front_rest(struct front *f);
void front_close(struct front *f);
/* front_find, front_run - of the pages on ourselves; as route_find and route_run. */
int front_find(const struct request *rq, const struct route **row, int *status, const char **allow);
int front_run(struct front *f, struct request *rq, struct reply *r);

/* rpc.c.  folders - a number that is another when one of those that may be written is.  wants - is it for us?  not_here -
 * 404, in Kubo's words.  fence - the folders that may be written, in `room`, to be freed one by one. */
enum { RPC_FOLDERS = 8 };
int rpc_new(struct front *f);
int rpc_reload(struct front *f);
uint64_t rpc_folders(const struct front *f);
int rpc_fence(const struct front *f, char *room[RPC_FOLDERS], const char *write[RPC_FOLDERS + 1]);
int rpc_wants(struct front *f, const struct request *rq);
int rpc_not_here(struct reply *r);
int rpc_answer(struct front *f, struct request *rq, struct reply *r);

/* source.c - the open store, counted; borrowed from f.  front_sources - and the upstream behind it, if there is one. */
struct dag_source *front_source(struct front *f);
struct dag_source *front_sources(struct front *f);

/* count.c.  add - to a counter; observe - a value of a histogram; since - seconds from then (CLOCK_MONOTONIC).  limited - a
 * request is refused.  attempt - somebody had to show that it may ask, and showed this (p NULL: nothing).  caches - hits
 * and misses of the gateway.  pump_begin - in a pump, before it is
 * fenced in; pump_end - its levels are none any more. */
void metric_add(struct front *f, enum metric m, const char *labels, uint64_t n);
void metric_observe(struct front *f, enum metric m, const char *labels, double value);
double metric_since(const struct timespec *from);
void metric_limited(struct front *f, struct span path);
void metric_attempt(struct front *f, struct span shown, int yes);
void metric_caches(struct front *f);
void metric_pump_begin(struct front *f);
void metric_pump_end(struct front *f);

/* cors.c.  cors_new - the lines that are the same for everybody, made once: they stand in every answer. */
int cors_new(struct front *f);
int cors_fields(struct front *f, const struct request *rq, struct reply *r);
int cors_preflight(struct front *f, const struct request *rq, struct reply *r);

/* client.c - trusted_check - are all words of rate.trusted addresses?  ERR_USAGE.  client_key - who asks, as the bytes of
 * its bucket: an address, of IPv6 its network of 64 bits; in `room`, or of `peer`. */
int trusted_check(struct span trusted);
struct span client_key(const struct front *f, struct span peer, struct span forwarded, uint8_t room[16]);

/* tags.c - begin: the handler sees the client's tags without codings, too; end: its own again.  set - the answer's tag
 * becomes that of the coding.  listed - the coding whose tag, and not the plain one, the client has; NULL: none. */
int tags_begin(const struct front *f, struct request *rq);
void tags_end(struct request *rq);
int tag_set(struct reply *r, const char *coding);
const char *tag_listed(const struct front *f, const struct reply *r);

/* coding.c - between the handler and the transport: codes the body where that helps.  coding_end: after the handler,
 * whatever it returned. */
int coding_begin(struct front *f, struct request *rq, struct reply *r);
int coding_end(struct reply *r, int rc);

/* health.c, metrics.c: routes */
int health_now(struct request *rq, struct reply *r, void *ctx);
int health_live(struct request *rq, struct reply *r, void *ctx);
int health_ready(struct request *rq, struct reply *r, void *ctx);
int metrics_page(struct request *rq, struct reply *r, void *ctx);

#endif
