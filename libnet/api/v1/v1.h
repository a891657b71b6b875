/*
 * v1.h - our own interface under /v1/: tensors and slices of them.
 * Spec: ipfrs-http-v1 sections 1.4 and 5; the page of it is ipfrs-tensors(7).
 */
#ifndef API_V1_H
#define API_V1_H

#include "api/route/route.h"
#include "store/store.h"

/* Where blocks come from, and who is asked or told; all borrowed. */
struct v1_env {
	struct store *st;		/* for its folders; open for reading */
	struct dag_source *src;
	/* a status (410, 451) when this block, or this content path (cid NULL), is not served here; 0 */
	int (*denied)(void *arg, struct span path, const struct cid *cid);
	/* a tensor was asked for, or a slice of one: so many bytes of body.  May be NULL. */
	void (*tensor)(void *arg, int sliced, uint64_t bytes);
	int verifiable_only;		/* what cannot be verified by the client is not served: 406 */
	void *arg;
};

int v1_wants(const struct request *rq);		/* 1: its path is ours */
/* v1_answer - answer a request that v1_wants, errors in the shape of section 1.4.  Blocks until the body is put.  0, also where an
 * error came behind the head: then the reply is marked as failed; or the error of the transport. */
int v1_answer(const struct v1_env *e, struct request *rq, struct reply *r);

#endif
