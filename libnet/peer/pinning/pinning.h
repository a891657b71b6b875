/*
 * pinning.h - pins kept by somebody else: a client of the IPFS Pinning Service API, over libcurl.
 * A handle belongs to one thread and asks one thing at a time.  Nothing a service says is believed further than its
 * form: CIDs are parsed, names and ids are text of a bounded length.
 * Spec: ipfs/pinning-services-api-spec 1.0.
 */
#ifndef PEER_PINNING_PINNING_H
#define PEER_PINNING_PINNING_H

#include "base/buf.h"
#include "multi/cid.h"

enum {
	PINNING_NAME_MAX = 255,		/* bytes of a pin's name */
	PINNING_CIDS_MAX = 10,		/* CIDs one may ask for at a time */
	PINNING_ANSWER_MAX = 8 * 1024 * 1024	/* bytes of one answer */
};

/* The states of a pin, ored together where several are meant. */
enum { PINNING_QUEUED = 1, PINNING_PINNING = 2, PINNING_PINNED = 4, PINNING_FAILED = 8, PINNING_ALL = 15 };
const char *pinning_status_name(int status);		/* "queued"; static */
int pinning_status(const char *name);			/* ERR_USAGE, in Kubo's words */

struct pinning_pin {
	const char *id;			/* of the request; borrowed, as all text here */
	int status;
	struct cid cid;
	const char *name;		/* "" when it has none */
	const char *created;		/* RFC 3339 */
};

struct pinning_query {
	struct cid cid[PINNING_CIDS_MAX];
	size_t n_cids;			/* 0: any */
	const char *name;		/* exactly so; NULL: any */
	int statuses;
};

struct pinning;
/* pinning_new - for the service at `endpoint`, an http: or https: URL without "/pins" at its end (ERR_USAGE, in Kubo's
 * words), with its key; both are copied.  Gives *p. */
int pinning_new(struct pinning **p, const char *endpoint, const char *key);
int pinning_check(const char *endpoint);		/* the endpoint alone */
void pinning_free(struct pinning *p);			/* wipes the key; accepts NULL */

/*
 * All of these: ERR_DENIED, ERR_NOTFOUND, ERR_BUSY, ERR_IO, … by the status of the answer, with the reason and details the
 * service gave; ERR_IO: no answer; ERR_INVALID: one that is not as the specification has it; ERR_LIMIT: a longer one.
 * pinning_add - ask for a pin (name NULL: none); `fn` hears what became of it so far.
 * pinning_get - what became of it by now.  pinning_rm - it is not wanted any more.
 * pinning_ls - the pins asked for, the newest first; a nonzero return of fn stops and is returned.
 * pinning_count - how many there are of these states.
 */
int pinning_add(struct pinning *p, const struct cid *cid, const char *name,
		int (*fn)(void *arg, const struct pinning_pin *pin), void *arg);
int pinning_get(struct pinning *p, const char *id, int (*fn)(void *arg, const struct pinning_pin *pin), void *arg);
int pinning_rm(struct pinning *p, const char *id);
int pinning_ls(struct pinning *p, const struct pinning_query *q, int (*fn)(void *arg, const struct pinning_pin *pin),
	       void *arg);
int pinning_count(struct pinning *p, int statuses, uint64_t *n);

#endif
