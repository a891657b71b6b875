/*
 * front.h - the front of the house: what happens to every request before and behind the part that answers it.
 * Who may ask (rates, CORS), what is counted (metrics), how an answer is coded, health; then the gateway, or Kubo's RPC.
 * A struct front is made by the program for each group of addresses, and inherited by all processes of that.
 * Spec: ipfrs-http-v1 sections 8, 16 to 18.
 */
#ifndef API_FRONT_FRONT_H
#define API_FRONT_FRONT_H

#include "api/gateway/gateway.h"
#include "api/route/route.h"
#include "store/store.h"

struct front;

/* ---- settings ---- */
/* front_preset - give keys that are not set the values of "production", "development" or "testing"; ERR_USAGE.
 * front_env - $IPFRS_LISTEN_ADDR, _TLS_CERT, _TLS_KEY, _RATE_LIMIT (requests a minute), _CORS_ORIGINS,
 * _MAX_BODY_SIZE; ERR_USAGE names the variable. */
int front_preset(struct config *c, const char *name);
int front_env(struct config *c);
uint64_t front_number(const struct config *c, const char *key);	/* of a checked setting: a number or size */
const char *front_text(const struct config *c, const char *key);

/* What is answered at its addresses.  Only who answers the RPC can write to the store. */
enum front_role { FRONT_GATEWAY = 1, FRONT_RPC = 2 };

/* front_new - for the store at `path`, by the settings of c (borrowed).  Opens what the sandbox would keep out.
 * roles: of enum front_role, one at least.  gives *f.  ERR_USAGE: settings that contradict each other; ERR_IO, ... */
int front_new(struct front **f, const char *path, const struct config *c, int roles);
void front_free(struct front *f);		/* accepts NULL */
/* front_reload - read what may change while we run (the deny list, who may use the RPC) again; keeps the old on failure.
 * ERR_DENIED: the RPC would be open to all, and was not. */
int front_reload(struct front *f);
/* front_guarded - 1: whoever uses the RPC has to show that it may. */
int front_guarded(const struct front *f);

/* ---- in a worker: for serve_opts.begin, .answer and .end; ctx is the front ---- */
/* front_begin - open the store for reading, enter the sandbox.  0, also without a store: then requests are told so;
 * negative: there is no sandbox where there must be one, and nothing is open.  front_answer - 0, or the error of the
 * transport. */
int front_begin(void *ctx);
int front_answer(struct request *rq, struct reply *r, void *ctx);
void front_end(void *ctx);		/* closes the store */

/* front_brief - a worker will answer one request only, so that what it opens need not be good for the next: the store is
 * opened for reading alone until somebody writes, and nobody else in the process may.  Call before there are workers. */
void front_brief(struct front *f);

/* front_stale - for serve_opts.stale: 1 when a folder that workers may write is not the one it was when we were asked last
 * (ipfrs-reindex makes the index anew): a fence is around folders, not around their names. */
int front_stale(void *ctx);

/* ---- for serve_opts.spawn and .fence ---- */
/* front_spawner - the part of the workers' sandbox that they can inherit.  front_pump - a pump's: no files but those it
 * opens again at SIGHUP, no new processes. */
int front_spawner(void *ctx);
int front_kept(const struct front *f);		/* for serve_opts.kept: a descriptor, or -1 */
int front_pump(void *ctx);

/* ---- in a pump ---- */
struct front_wish {
	struct span peer;		/* the address we see */
	struct span forwarded;		/* its X-Forwarded-For, heeded when it is a trusted proxy; p NULL: none */
	struct span host, path;		/* what is asked */
	struct span forwarded_host;	/* X-Forwarded-Host, heeded of local ones */
	int local;
};
/* front_admit - may this client ask for that now?  1 or 0.  *limit 0: there is no limit. */
int front_admit(struct front *f, const struct front_wish *w, unsigned *limit, unsigned *left, unsigned *wait_s);

/* What a pump is busy with, at the moment: clients, requests that workers have and that wait for one. */
struct front_load { unsigned conns, busy, queued; };
void front_levels(struct front *f, const struct front_load *l);	/* tell those who measure; front_count does, too */

/* A request that is over. */
struct front_done {
	const char *method, *path;
	int status;
	uint64_t sent, received;	/* bytes */
	double seconds;
	int whole;			/* the answer came to its end */
	struct front_load load;		/* of the calling pump, now */
};
void front_count(struct front *f, const struct front_done *d);

#endif
