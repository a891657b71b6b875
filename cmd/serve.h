/*
 * serve.h - from settings to a server that runs: what ipfrs-serve has between its options and serve_run.
 * The first that speaks wins: an option, the environment, the configuration, the preset, the default.
 */
#ifndef CMD_SERVE_H
#define CMD_SERVE_H

#include "base/buf.h"
#include "cmd/apifile.h"
#include "store/store.h"

enum { PLAN_OPTIONS_MAX = 64, PLAN_LISTEN_MAX = 16, PLAN_GROUPS = 2 };

struct front;
struct serve_opts;
/* What is answered at some addresses, by processes of their own. */
struct plan_group {
	int roles;			/* of enum front_role */
	struct front *front;
	struct serve_opts *opts;
	char *words;			/* of which `listen` is made */
	const char *listen[PLAN_LISTEN_MAX + 1];
};
struct serve_plan {
	const char *path;		/* of the store */
	int given;			/* -i: sockets come from whoever started us */
	int say_url;
	const char *preset;
	struct { char *key, *value; } option[PLAN_OPTIONS_MAX];
	int n_options;
	struct buf listen, rpc;		/* addresses of options, with blanks between */
	struct config *config;
	struct plan_group group[PLAN_GROUPS];
	size_t n_groups;
	struct apifile api;
};

int plan_begin(struct serve_plan *p);
/* An option; text is "key=value".  A mistake ends the program with status 2. */
void plan_set(struct serve_plan *p, const char *key, const char *value);
void plan_set_text(struct serve_plan *p, const char *text);
void plan_listen(struct serve_plan *p, const char *address);
void plan_rpc(struct serve_plan *p, const char *address);
/* plan_settle - put all of them and those of the store at `path` together; ERR_USAGE, ERR_NOTFOUND: no store. */
int plan_settle(struct serve_plan *p, const char *path);
int plan_show(struct serve_plan *p);	/* print them */
int plan_run(struct serve_plan *p);	/* until it is told to end */
void plan_end(struct serve_plan *p);

#endif
