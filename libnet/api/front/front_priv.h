/* front_priv.h - what the files of the front share */
#ifndef API_FRONT_PRIV_H
#define API_FRONT_PRIV_H

#include <stdio.h>
#include <time.h>

#include "board/board.h"
#include "front.h"
#include "wire/http/encode.h"
#include "wire/http/field.h"
#include "wire/http/http.h"

struct front {
	const struct config *c;
	char *path;			/* of the store */
	struct gateway *gateway;
	struct board_series *series;
	struct board_buckets *buckets;
	time_t started;
	int sandbox;			/* 0: none; 1: as far as the kernel can; 2: all of it */
	int metrics;			/* 0: nobody, 1: local clients, 2: all */
	/* rates */
	double burst, per_second;
	unsigned requests;		/* 0: no limit */
	struct span trusted;		/* words */
	/* cors */
	struct span origins;		/* words */
	int any_origin, credentials;
	/* codings */
	const char *coding[HTTP_CODINGS];
	enum http_coding which[HTTP_CODINGS];
	size_t n_codings;
	int level;
	uint64_t coding_min;
	/* in a worker */
	struct store *st;
	struct dag_source source;
	unsigned last_conns;		/* in a pump: what its gauge says */
};

/* word - the next of `rest`, words separated by blanks and commas: 1 or 0.  worded - is it one of them? */
int front_word(struct span *rest, struct span *word);
int front_worded(struct span words, struct span word);

/* source.c - the open store, counted; borrowed from f */
struct dag_source *front_source(struct front *f);

/* cors.c */
int cors_fields(struct front *f, const struct request *rq, struct reply *r);
int cors_preflight(struct front *f, const struct request *rq, struct reply *r);

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
