/*
 * rig.h - a front over an empty store, and requests to it without a server.
 *
 *	rig_open("cors.origins = https://a.example\n");
 *	CHECK(rig_ask("GET", "/health", "origin: https://a.example\n") == 200);
 *	CHECK_STR(rig_field("vary"), "Origin");
 *
 * rig_answer asks a handler of the test instead of the routes, through all that stands before and behind one.
 */
#ifndef TESTS_FRONT_RIG_H
#define TESTS_FRONT_RIG_H

#include <unistd.h>

#include "api/front/front_priv.h"
#include "tests/unit/api/heard.h"

/* for the next rig_open, and for the requests to come */
static int rig_roles = FRONT_GATEWAY;
static const char *rig_host = "127.0.0.1:8080";

static struct {
	struct config *c;
	struct front *f;
	char path[4200];		/* of the store */
	int remote;			/* the requests to come are not of this machine */
	struct heard heard;		/* of the last answer */
} rig;

__attribute__((unused)) static struct config *rig_config(const char *text)
{
	struct config *c = NULL;

	if (config_parse(&c, span_str(text)) < 0) {
		printf("# settings: %s\n", err_text());
		abort();
	}
	return c;
}

static void rig_shut(void)
{
	front_free(rig.f);
	config_free(rig.c);
	rig.f = NULL;
	rig.c = NULL;
}

/* rig_open - a front with these settings over a store made for it, without a sandbox */
__attribute__((unused)) static void rig_open(const char *config)
{
	static int n;
	static char *dir;

	if (!dir)
		dir = unit_tmpdir();
	rig_shut();
	snprintf(rig.path, sizeof rig.path, "%s/store%d", dir, n++);
	rig.c = rig_config(config);
	if (store_init(rig.path, "") < 0 || config_set(rig.c, "serve.sandbox", "no") < 0 ||
	    front_new(&rig.f, rig.path, rig.c, rig_roles) < 0 || front_begin(rig.f) < 0) {
		printf("# no front: %s\n", err_text());
		abort();
	}
}

__attribute__((unused)) static void rig_close(void)
{
	rig_shut();
	heard_clear(&rig.heard);
	memset(&rig, 0, sizeof rig);
}

typedef int rig_handler(struct request *rq, struct reply *r, void *ctx);

/* rig_answer - the status of the answer; 0: none was given */
static int rig_answer(rig_handler *run, void *ctx, const char *method, const char *target, const char *fields)
{
	struct field f[HEARD_FIELDS_MAX];
	struct request rq = heard_request(method, target, rig_host, fields, f);
	struct heard *h = &rig.heard;
	int rc;

	rq.local = !rig.remote;
	heard_begin(h);
	h->r.head_only = !strcmp(method, "HEAD");
	if (run == NULL) {
		h->rc = front_answer(&rq, &h->r, rig.f);
	} else {
		rc = coding_begin(rig.f, &rq, &h->r);
		h->rc = coding_end(&h->r, rc < 0 ? rc : run(&rq, &h->r, ctx));
	}
	/* whatever happened, nothing of ours stays where the next request would meet it */
	CHECK(rq.field == f && h->r.start == heard_start && h->r.sink.put == heard_put);
	return h->r.status;
}

__attribute__((unused)) static int rig_ask(const char *method, const char *target, const char *fields)
{
	return rig_answer(NULL, NULL, method, target, fields);
}

/* rig_field - the value of a field of the answer, several joined with ", "; "": it has none.  Kept. */
__attribute__((unused)) static const char *rig_field(const char *name)
{
	const char *is = heard_line(&rig.heard.r.fields, name);

	return is ? is : "";
}

__attribute__((unused)) static const char *rig_body(void)
{
	return heard_body(&rig.heard);
}

#endif
