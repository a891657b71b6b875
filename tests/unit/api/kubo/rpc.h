/*
 * rpc.h - the RPC over a store made for the test, and calls to it without a server.
 *
 *	rpc_open("");
 *	CHECK(rpc("block/stat?arg=bafk…") == 500);
 *	CHECK_STR(rpc_body(), "{\"Message\":\"…\",\"Code\":0,\"Type\":\"error\"}\n");
 *	rpc_file("a.txt", "hello");
 *	CHECK(rpc_send("add?cid-version=1") == 200);
 *	CHECK_STR(rpc_field("x-chunked-output"), "1");
 *
 * rpc_ask says everything; rpc_part and rpc_file add parts to the body of the next rpc_send.
 */
#ifndef TESTS_KUBO_RPC_H
#define TESTS_KUBO_RPC_H

#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

#include "api/kubo/kubo_priv.h"
#include "base/io.h"
#include "tests/unit/unit.h"

#define RPC_BOUNDARY "----7ba_-"

static struct {
	char path[4200];		/* of the store */
	struct store *st;
	struct kubo *k;
	/* of the last answer: */
	struct reply r;
	struct buf body;
	int rc, starts;
	uint64_t n_flushes, n_extents;
	uint64_t room;			/* bytes the client takes before it goes away; 0: all */
	/* of the request: */
	struct buf send;
	size_t sent, step, cut;		/* bytes given at one time, 0: all; where the client goes away, 0: nowhere */
	struct request rq;
	int may_end;			/* of the reply to come */
} rpc_now;

static int rpc_start(struct reply *r, uint64_t len)
{
	(void)r;
	(void)len;
	rpc_now.starts++;
	return 0;
}

static int rpc_flush(struct reply *r)
{
	(void)r;
	rpc_now.n_flushes++;
	return 0;
}

static int rpc_put(struct sink *s, const struct piece *p)
{
	struct buf *b = &rpc_now.body;

	(void)s;
	if (rpc_now.room && b->len >= rpc_now.room)
		return err_set(ERR_INTERRUPTED, "the client is gone");
	if (p->fd < 0)
		return buf_add(b, p->bytes);
	rpc_now.n_extents++;
	if (buf_reserve(b, p->len) < 0 ||
	    io_pread(p->fd, b->data + b->len, p->len, p->off, "extent") != (ssize_t)p->len)
		abort();
	b->len += p->len;
	b->data[b->len] = 0;
	return 0;
}

static ssize_t rpc_read(struct request *rq, void *p, size_t len)
{
	size_t left = rpc_now.send.len - rpc_now.sent;

	(void)rq;
	if (rpc_now.step && len > rpc_now.step)
		len = rpc_now.step;
	if (rpc_now.cut && rpc_now.sent >= rpc_now.cut)
		return err_set(ERR_INTERRUPTED, "the client is gone");
	if (rpc_now.cut && len > rpc_now.cut - rpc_now.sent)
		len = rpc_now.cut - rpc_now.sent;
	len = len < left ? len : left;
	if (len)
		memcpy(p, rpc_now.send.data + rpc_now.sent, len);
	rpc_now.sent += len;
	return (ssize_t)len;
}

__attribute__((unused)) static void rpc_close(void)
{
	store_close(rpc_now.st);
	kubo_free(rpc_now.k);
	buf_clear(&rpc_now.body);
	buf_clear(&rpc_now.send);
	buf_clear(&rpc_now.r.fields);
	buf_clear(&rpc_now.r.trailers);
	memset(&rpc_now, 0, sizeof rpc_now);
}

/* rpc_conf - token/kubo.json of the store from now on; the store stays */
__attribute__((unused)) static void rpc_conf(const char *json)
{
	char path[4300];
	int fd;

	snprintf(path, sizeof path, "%s/token/kubo.json", rpc_now.path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || io_write(fd, json, strlen(json), path) < 0)
		abort();
	close(fd);
	kubo_free(rpc_now.k);
	if (kubo_new(&rpc_now.k, rpc_now.path, store_config(rpc_now.st)) < 0) {
		printf("# kubo.json: %s\n", err_text());
		abort();
	}
}

/* rpc_open - a new empty store with these settings */
__attribute__((unused)) static void rpc_open(const char *config)
{
	static int n;
	static char *dir;

	if (!dir)
		dir = unit_tmpdir();
	rpc_close();
	snprintf(rpc_now.path, sizeof rpc_now.path, "%s/store%d", dir, n++);
	if (store_init(rpc_now.path, config) < 0 ||
	    store_open(&rpc_now.st, rpc_now.path, STORE_WRITE | STORE_UNSYNCED) < 0 ||
	    kubo_new(&rpc_now.k, rpc_now.path, store_config(rpc_now.st)) < 0) {
		printf("# no store: %s\n", err_text());
		abort();
	}
}

/* the fields of "name: value\n" lines */
static size_t rpc_fields(struct field *f, size_t max, const char *lines)
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

/* rpc_ask - the status of the answer; 0: none was given.  target: from "/" on.  Names of fields in lower case.  The body is
 * what rpc_now.send holds, and is used up. */
__attribute__((unused)) static int rpc_ask(const char *method, const char *target, const char *fields)
{
	const char *mark = strchr(target, '?');
	struct field f[32];

	rpc_now.rq = (struct request){ .method = span_str(method), .host = span_str("127.0.0.1:5001"),
		.path = span_of(target, strcspn(target, "?")), .id = span_str("id-1"),
		.query = mark ? span_str(mark + 1) : span_of(NULL, 0), .peer = span_str("127.0.0.1:4711"),
		.local = 1, .field = f, .body_len = LEN_UNKNOWN, .read = rpc_read };
	rpc_now.rq.n_fields = rpc_fields(f, 32, fields);
	buf_clear(&rpc_now.r.fields);
	buf_clear(&rpc_now.r.trailers);
	buf_clear(&rpc_now.body);
	rpc_now.body = BUF_INIT(256 << 20);
	rpc_now.r = (struct reply){ .sink = { rpc_put }, .fields = BUF_INIT(REPLY_FIELDS_MAX),
				    .trailers = BUF_INIT(65536), .start = rpc_start, .flush = rpc_flush,
				    .may_end = rpc_now.may_end };
	rpc_now.starts = 0;
	rpc_now.n_flushes = rpc_now.n_extents = 0;
	rpc_now.sent = 0;
	rpc_now.rc = kubo_answer(rpc_now.k, rpc_now.st, store_source(rpc_now.st), &rpc_now.rq, &rpc_now.r);
	CHECK(rpc_now.starts <= 1);
	buf_clear(&rpc_now.send);
	return rpc_now.r.status;
}

/* rpc - POST /api/v0/<call> without a body */
__attribute__((unused)) static int rpc(const char *call)
{
	char target[16384];

	snprintf(target, sizeof target, "/api/v0/%s", call);
	return rpc_ask("POST", target, NULL);
}

/* rpc_part - one more part of the body to come: its disposition and type as they stand, and its bytes */
__attribute__((unused)) static void rpc_part(const char *disposition, const char *type, struct span bytes)
{
	struct buf *b = &rpc_now.send;
	int rc;

	b->max = 256 << 20;
	rc = buf_printf(b, "--" RPC_BOUNDARY "\r\nContent-Disposition: %s\r\n", disposition);
	if (rc == 0 && type)
		rc = buf_printf(b, "Content-Type: %s\r\n", type);
	if (rc == 0)
		rc = buf_str(b, "\r\n");
	if (rc == 0)
		rc = buf_add(b, bytes);
	if (rc < 0 || buf_str(b, "\r\n") < 0)
		abort();
}

/* rpc_file - one more part: a file of that (encoded) name */
__attribute__((unused)) static void rpc_file(const char *name, const char *text)
{
	char disposition[4096];

	snprintf(disposition, sizeof disposition, "form-data; name=\"file\"; filename=\"%s\"", name);
	rpc_part(disposition, "application/octet-stream", span_str(text));
}

/* rpc_send - POST with the parts so far */
__attribute__((unused)) static int rpc_send(const char *call)
{
	char target[16384];

	rpc_now.send.max = 256 << 20;
	if (buf_str(&rpc_now.send, "--" RPC_BOUNDARY "--\r\n") < 0)
		abort();
	snprintf(target, sizeof target, "/api/v0/%s", call);
	return rpc_ask("POST", target, "content-type: multipart/form-data; boundary=\"" RPC_BOUNDARY "\"\n");
}

static const char *rpc_line(const struct buf *lines, const char *name)
{
	const char *p = (const char *)lines->data, *end;
	size_t len = strlen(name);

	for (; p && *p; p = end + 1) {
		end = strchr(p, '\n');
		if (strncasecmp(p, name, len) == 0 && p[len] == ':') {
			char *out = unit_kept((size_t)(end - p));

			snprintf(out, (size_t)(end - p), "%.*s", (int)((size_t)(end - p) - len - 3), p + len + 2);
			return out;
		}
	}
	return "";
}

/* rpc_field, rpc_trailer - the value of the first of that name; "": none */
__attribute__((unused)) static const char *rpc_field(const char *name)
{
	return rpc_line(&rpc_now.r.fields, name);
}

__attribute__((unused)) static const char *rpc_trailer(const char *name)
{
	return rpc_line(&rpc_now.r.trailers, name);
}

__attribute__((unused)) static const char *rpc_body(void)
{
	return rpc_now.body.data ? (const char *)rpc_now.body.data : "";
}

/* rpc_gives - it is answered with exactly this body.  rpc_says - it fails with this message, as it stands in JSON. */
__attribute__((unused)) static int rpc_gives(const char *call, const char *body)
{
	int status = rpc(call);

	if (status == 200 && !strcmp(rpc_body(), body))
		return 1;
	printf("# %s: %d %s# not       %s", call, status, rpc_body(), body);
	return 0;
}

__attribute__((unused)) static int rpc_says(const char *call, const char *message)
{
	char want[1200];
	int status = rpc(call);

	snprintf(want, sizeof want, "{\"Message\":\"%s\",\"Code\":0,\"Type\":\"error\"}\n", message);
	if (status == 500 && !strcmp(rpc_body(), want))
		return 1;
	printf("# %s: %d %s", call, status, rpc_body());
	return 0;
}

#endif
