/*
 * kubo.h - Kubo's RPC API, v0: what clients written for Kubo send to /api/v0, answered from the store.
 * Spec: Kubo's core/commands and go-ipfs-cmds' http, as the clients rely on them.
 */
#ifndef API_KUBO_KUBO_H
#define API_KUBO_KUBO_H

#include "api/route/route.h"
#include "dag/dag.h"
#include "store/store.h"

struct kubo;

/* kubo_new - for the store at `path` (borrowed, as c is).  Reads who may ask (token/kubo.json of the store), so before the
 * sandbox; gives *k.  ERR_INVALID: that file is broken; ERR_IO, ERR_NOMEM. */
int kubo_new(struct kubo **k, const char *path, const struct config *c);
void kubo_free(struct kubo *k);			/* accepts NULL */

/* kubo_reach - let it ask pinning services, by a process that is made now, before there are fences.  kubo_reach_as - by that of
 * another one, which it takes over. */
int kubo_reach(struct kubo *k);
int kubo_kept(const struct kubo *k);		/* the descriptor of that, which its workers keep; -1: none */
void kubo_reach_as(struct kubo *k, struct kubo *other);

/* kubo_guarded - 1: every client has to show that it may ask (API.Authorizations is set). */
int kubo_guarded(const struct kubo *k);
/* kubo_allows - 1: this request shows that it may ask (or need not), as kubo_answer looks at it. */
int kubo_allows(const struct kubo *k, const struct request *rq);

/* kubo_wants - 1: the path is one of the RPC. */
int kubo_wants(const struct request *rq);

/* kubo_reads - 1: what is asked for changes nothing. */
int kubo_reads(const struct request *rq);

/* kubo_answer - answer any request.  Blocks are read from `src`, which is the store's or stands before it; st is open for
 * writing, unless kubo_reads (NULL: it cannot be opened, as err_text says).  0, or the error of the transport. */
int kubo_answer(struct kubo *k, struct store *st, struct dag_source *src, struct request *rq, struct reply *r);

#endif
