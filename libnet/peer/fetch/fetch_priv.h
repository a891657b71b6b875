/*
 * fetch_priv.h - what the files of this room share: gateways, requests, and the turn that moves them on.
 *
 *	gateway.c   whom to ask next, and when
 *	job.c       one request, from its URL to the bytes that came
 *	take.c      an archive as it comes, block by block
 *	turn.c      all requests, a turn at a time
 *	fetch.c     the handle, and one block
 *	walk.c      a whole DAG;  source.c  one block after the other;  names.c, dns.c  what names stand for
 */
#ifndef PEER_FETCH_FETCH_PRIV_H
#define PEER_FETCH_FETCH_PRIV_H

#include <curl/curl.h>

#include "base/err.h"
#include "base/idset.h"
#include "peer/fetch/fetch.h"

enum {
	WRONG_MAX = 3,			/* lies before a gateway is asked no more */
	BACKOFF_MAX_MS = 10000,
	ERROR_BODY_MAX = 65536,		/* bytes of an error page that are read, to keep the connection */
	TAKES_MAX = 4,			/* archives at once */
	COMMIT_BYTES = 32 * 1024 * 1024, COMMIT_MS = 2000
};

/* ---- gateways ---- */

struct gateway {
	char *url;			/* without a slash at its end */
	int https;
	int fails;			/* in a row */
	int in_flight;
	int no_car;			/* knows no archives */
	uint64_t not_before;		/* ms */
	struct fetch_stat stat;
};

/* gateway_parse - gives *url, without query, fragment and slashes at its end.  ERR_USAGE. */
int gateway_parse(const char *text, char **url, int *https);
uint64_t gateway_bit(int i);
void gateway_failed(const struct fetch *f, struct gateway *g, uint64_t now, int64_t retry_after_s);
void gateway_fine(struct gateway *g);

/* ---- requests ---- */

enum job_kind { JOB_BLOCK, JOB_CAR, JOB_RECORD, JOB_HEAD };
enum job_state { JOB_WAITS, JOB_RUNS, JOB_DONE };

struct job {
	enum job_kind kind;
	enum job_state state;
	struct cid cid;			/* BLOCK, CAR */
	char *target;			/* what follows the URL of a gateway: "/ipfs/…?format=raw" */
	const void *owner;		/* NULL: freed when done */
	int depth;			/* the walk's */
	int keep;			/* BLOCK: the body stays here, too */
	uint64_t asked, absent;		/* gateways: in this round; not to be asked again */
	int round;
	uint64_t not_before;		/* ms */
	int gw;				/* who is asked now */
	CURL *easy;
	struct curl_slist *head;
	struct buf body;
	uint64_t came;			/* bytes in this try */
	struct take *take;		/* CAR */
	int fault;			/* of a callback: why it stopped curl */
	int rc;				/* done: 0 or the error … */
	char why[512];			/* … and its message */
	struct job *next;
};

/* How an answer is to be taken. */
enum verdict {
	ANSWER_GOOD,
	ANSWER_ABSENT,			/* not there, or not for us: ask another */
	ANSWER_RETRY,			/* may work later */
	ANSWER_WRONG,			/* not what was asked for */
	ANSWER_FATAL			/* the trouble is ours */
};

int job_new(struct job **j, struct fetch *f, enum job_kind kind, const struct cid *cid, const char *target);
void job_free(struct job *j);
/* job_start - hand the request to curl, for gateway j->gw. */
int job_start(struct fetch *f, struct job *j);
/* job_ended - curl is done: what it was.  j->rc and why are set unless it was good; *retry_after in seconds, 0: not
 * said. */
enum verdict job_ended(struct fetch *f, struct job *j, CURLcode code, int64_t *retry_after);
/* job_says - set rc and message (printf style) */
void job_says(struct fetch *f, struct job *j, int rc, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* ---- archives ---- */

/* take_new - of an archive whose first block is root.  take_bytes: 0, or why to stop: ERR_INVALID: no archive; ERR_CORRUPT:
 * a block that is another, or that nobody asked for; ERR_LIMIT; ERR_EXISTS: most of it is here already; ERR_NOTFOUND
 * never; else the store's.  take_whole: does it end at the end of a section? */
struct take;
int take_new(struct take **t, struct fetch *f, const struct cid *root);
void take_free(struct take *t);			/* accepts NULL */
int take_bytes(struct take *t, struct span in);
int take_whole(const struct take *t);
uint64_t take_stored(const struct take *t);	/* blocks that were not here before */

/* ---- the handle ---- */

enum { LISTS = 4 };

/* The links of a node of a file, in order, for reading ahead. */
struct list {
	struct buf links;		/* le16 length, CID */
	size_t last, pos;		/* the link read last: its number, and where the next begins */
	size_t ahead, ahead_pos;	/* the same of the last one asked for */
	int run;			/* links read one after the other */
};

struct fetch {
	struct store *st;
	struct fetch_opts o;
	char *proxy, *ca_file, *dns;
	struct gateway *gw;
	int n_gw;
	CURLM *multi;
	struct job *jobs;		/* all that are not done, in the order they came */
	struct job *done;		/* those with an owner */
	int n_running, n_takes, n_ahead;
	int fatal;			/* no use going on */
	char fatal_why[512];
	uint64_t bytes;			/* received */
	uint64_t n_stored, stored_bytes;
	uint64_t told_bytes, told_blocks;	/* progress has heard of */
	uint64_t uncommitted, commit_ms;
	struct dag_source source;
	struct list list[LISTS];
	int next_list;
};

uint64_t fetch_now(void);		/* ms, monotonic */
/* fetch_submit - takes the job; its end is seen in f->done, or in `done` by fetch_wait. */
void fetch_submit(struct fetch *f, struct job *j);
/* fetch_turn - start what can be started, and move everything on, waiting up to wait_ms for something to happen, also
 * on `fd` (-1: none).  0, or an error that ends all. */
int fetch_turn(struct fetch *f, int wait_ms, int fd);
struct job *fetch_take_done(struct fetch *f, const void *owner);	/* gives, or NULL */
/* fetch_cancel - forget all requests of an owner. */
void fetch_cancel(struct fetch *f, const void *owner);
/* fetch_wait - until one of the owner's is done: gives *j. */
int fetch_wait(struct fetch *f, const void *owner, struct job **j);
struct job *fetch_find(struct fetch *f, const struct cid *cid);	/* a BLOCK request that is under way */
/* fetch_keep - put a verified block.  1: it is new, 0: was here; or the store's error, which ends all. */
int fetch_keep(struct fetch *f, const struct cid *cid, struct span block);
int fetch_now_and_then(struct fetch *f);	/* commits, and tells of progress */
int fetch_ends(struct fetch *f, int rc);	/* rc and err_text end all; returns rc */

/* source.c: the source; hear of a block that was read, or is to be, and ask ahead */
void source_init(struct fetch *f);
void ahead_block(struct fetch *f, const struct cid *cid, struct span block);
int ahead_read(struct fetch *f, const struct cid *cid);

/* dns.c: the DNSLink of a domain, appended: 1, or 0: it has none.  ERR_TIMEOUT, ERR_IO, ERR_INVALID: more than one. */
int dns_link(struct span domain, const char *server, int timeout_ms, struct buf *value, int64_t *ttl);
/* dns_link_text - is this record a DNSLink?  1 and the path in it; 0.  dns_link_answer - look for it in a DNS message. */
int dns_link_text(struct span record, struct span *path);
int dns_link_answer(const uint8_t *msg, size_t len, struct buf *value, int64_t *ttl);

#endif
