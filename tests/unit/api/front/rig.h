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

#include <strings.h>
#include <unistd.h>

#include "api/front/front_priv.h"
#include "base/io.h"
#include "tests/unit/unit.h"

/* for the next rig_open, and for the requests to come */
static int rig_roles = FRONT_GATEWAY;
static const char *rig_host = "127.0.0.1:8080";

static struct {
	struct config *c;
	struct front *f;
	char path[4200];		/* of the store */
	int remote;			/* the requests to come are not of this machine */
	/* of the last answer: */
	struct reply r;
	struct buf body;
	uint64_t len;			/* as the head said */
	int rc, starts;
	uint64_t n_pieces, n_extents;
	uint64_t room;			/* bytes the client takes before it goes away; 0: all */
} rig;

static int rig_start(struct reply *r, uint64_t len)
{
	(void)r;
	rig.len = len;
	rig.starts++;
	return 0;
}

static int rig_put(struct sink *s, const struct piece *p)
{
	struct buf *b = &rig.body;

	(void)s;
	rig.n_pieces++;
	if (rig.room && b->len >= rig.room)
		return err_set(ERR_INTERRUPTED, "the client is gone");
	if (p->fd < 0)
		return buf_add(b, p->bytes);
	rig.n_extents++;
	if (buf_reserve(b, p->len) < 0 ||
	    io_pread(p->fd, b->data + b->len, p->len, p->off, "extent") != (ssize_t)p->len)
		abort();
	b->len += p->len;
	return 0;
}

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
	buf_clear(&rig.body);
	buf_clear(&rig.r.fields);
	buf_clear(&rig.r.trailers);
	memset(&rig, 0, sizeof rig);
}

/* the fields of "name: value\n" lines */
static size_t rig_fields(struct field *f, size_t max, const char *lines)
{
	size_t n = 0, len;
	const char *colon;

	for (; lines && *lines && n < max; lines += len + (lines[len] == '\n')) {
		len = strcspn(lines, "\n");
		colon = memchr(lines, ':', len);
		if (!colon)
			abort();
		f[n].name = span_of(lines, (size_t)(colon - lines));
		colon += 1 + strspn(colon + 1, " ");
		f[n++].value = span_of(colon, len - (size_t)(colon - lines));
	}
	return n;
}

typedef int rig_handler(struct request *rq, struct reply *r, void *ctx);

/* rig_answer - the status of the answer; 0: none was given */
static int rig_answer(rig_handler *run, void *ctx, const char *method, const char *target, const char *fields)
{
	const char *mark = strchr(target, '?');
	struct field f[32];
	struct request rq = { .method = span_str(method), .host = span_str(rig_host), .id = span_str("id-1"),
			      .path = span_of(target, strcspn(target, "?")),
			      .query = mark ? span_str(mark + 1) : span_of(NULL, 0),
			      .peer = span_str("127.0.0.1:4711"), .local = !rig.remote, .field = f };
	int rc;

	rq.n_fields = rig_fields(f, 32, fields);
	buf_clear(&rig.r.fields);
	buf_clear(&rig.r.trailers);
	buf_clear(&rig.body);
	rig.body = BUF_INIT(64 << 20);
	rig.r = (struct reply){ .sink = { rig_put }, .fields = BUF_INIT(REPLY_FIELDS_MAX),
				.trailers = BUF_INIT(4096), .head_only = !strcmp(method, "HEAD"),
				.start = rig_start };
	rig.n_pieces = rig.n_extents = 0;
	rig.len = 0;
	rig.starts = 0;
	if (run == NULL) {
		rig.rc = front_answer(&rq, &rig.r, rig.f);
	} else {
		rc = coding_begin(rig.f, &rq, &rig.r);
		rig.rc = coding_end(&rig.r, rc < 0 ? rc : run(&rq, &rig.r, ctx));
	}
	/* whatever happened, nothing of ours stays where the next request would meet it */
	CHECK(rq.field == f && rig.r.start == rig_start && rig.r.sink.put == rig_put);
	return rig.r.status;
}

__attribute__((unused)) static int rig_ask(const char *method, const char *target, const char *fields)
{
	return rig_answer(NULL, NULL, method, target, fields);
}

/* rig_field - the value of a field of the answer, several joined with ", "; "": it has none.  Kept. */
__attribute__((unused)) static const char *rig_field(const char *name)
{
	const char *p = (const char *)rig.r.fields.data, *end;
	size_t len = strlen(name);
	char *out = NULL;

	for (; p && *p; p = end + 1) {
		size_t was = out ? strlen(out) : 0;

		end = strchr(p, '\n');
		if (strncasecmp(p, name, len) != 0 || p[len] != ':')
			continue;
		if (!out)
			out = memset(unit_kept(REPLY_FIELDS_MAX), 0, 1);
		snprintf(out + was, REPLY_FIELDS_MAX - was, "%s%.*s", was ? ", " : "",
			 (int)((size_t)(end - p) - len - 3), p + len + 2);
	}
	return out ? out : "";
}

__attribute__((unused)) static const char *rig_body(void)
{
	return rig.body.data ? (const char *)rig.body.data : "";
}

#endif
