/* kubo_priv.h - what the files of the frame share; commands see call.h */
#ifndef API_KUBO_KUBO_PRIV_H
#define API_KUBO_KUBO_PRIV_H

#include "call.h"
#include "codec/codec.h"

/* What is answered here is what this version of Kubo answers. */
#define KUBO_VERSION "0.43.1"

enum {
	CONF_MAX = 4 * 1024 * 1024,	/* bytes of kubo.json */
	ARGS_MAX = 16 * 1024 * 1024,	/* bytes of arguments in a body */
	ARGS_COUNT_MAX = 1 << 19,	/* of a call */
	VALUE_MAX = 64 * 1024 * 1024	/* bytes of one value of an answer */
};

struct kubo {
	const char *path;
	const struct config *c;
	struct buf text;		/* kubo.json, as it was when we began */
	struct node conf;
	struct broker *broker;		/* starts ipfrs-remote; NULL: nobody does */
};

/* ---- kubo.c ---- */
/* kubo_conf - where in k->conf a setting is, "API.HTTPHeaders": 1 and *at, or 0. */
int kubo_conf(const struct kubo *k, const char *key, size_t *at);

/* ---- admit.c ---- */
/* admit - may this be asked, by whom, in that way?  1: go on; 0: it was answered.  Sets CORS fields. */
int admit(struct kubo *k, struct request *rq, struct reply *r, int *rc);
/* text_error - an error before there is a command. */
int text_error(struct reply *r, int status, const char *text);

/* ---- query.c ---- */
struct option {
	const struct opt *o;
	const char *as;			/* which of its names it was given by */
	char *text;
};
struct query {
	struct option *option;
	size_t n;
};
/* query_parse - find the command by the path, take its arguments and options.  0; a status to answer with and its text in
 * err_text; or an error. */
int query_parse(struct call *c);
int query_take(struct call *c);		/* the second half of it: when the command is known */
/* query_finish - behind the arguments that came in the body: are all there?  As query_parse. */
int query_finish(struct call *c);
void query_free(struct call *c);
/* query_command - the i-th of all commands, in no order; NULL behind the last.  query_options - those of every one. */
const struct command *query_command(size_t i);
const struct opt *query_options(void);
int query_add_arg(struct call *c, struct span text);	/* 0, ERR_NOMEM */

/* ---- option.c ---- */
/* option_take - a value of an option, owned: kept with the call, or freed.  0, also when there is no such option; a status
 * and its text in err_text; or an error. */
int option_take(struct call *c, const char *name, char *value);

/* ---- parts.c ---- */
int parts_open(struct call *c);		/* when the body has any */
int parts_args(struct call *c);		/* the first part is arguments */
void parts_free(struct call *c);

/* ---- answer.c ---- */
int answer_error(struct call *c, int rc);	/* what a command returned: an object, or a trailer */
int answer_end(struct call *c);

/* ---- cmd_remote.c ---- */
int remote_may(const char *const *args);	/* for the broker */

/* ---- guard.c ---- */
void guard_start(struct call *c, struct dag_source *under);

/* ---- cmd_key.c: how ids are shown ---- */
struct id_base {
	int peer;			/* base58btc of the multihash */
	const struct mb_base *base;	/* else a CID in this base */
};
int id_base(struct call *c, const char *option, struct id_base *b);	/* as the option says */
int id_text(const struct id_base *b, const struct cid *id, struct buf *text);

/* ---- words.c ---- */
/* name_unresolved - what name_resolve returned for a path of /ipns/, in Kubo's words; domains are not looked up here. */
int name_unresolved(const char *path, int rc);

/* ---- cmd_record.c ---- */
/* name_arg - an argument that is the name of a key, any text form, with "/ipns/" in front or not. */
int name_arg(const char *arg, struct cid *id);
/* name_routing_put - routing/put: a record of a name, which is the only kind of value there is here. */
int name_routing_put(struct call *c);

#endif
