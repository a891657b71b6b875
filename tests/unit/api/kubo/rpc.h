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
#include <unistd.h>

#include "api/kubo/kubo_priv.h"
#include "tests/unit/api/heard.h"

#define RPC_BOUNDARY "----7ba_-"

static struct {
	char path[4200];		/* of the store */
	struct store *st;
	struct kubo *k;
	struct heard heard;		/* of the last answer */
	/* of the request: */
	struct buf send;
	size_t sent, step, cut;		/* bytes given at one time, 0: all; where the client goes away, 0: nowhere */
	struct request rq;
	int may_end;			/* of the reply to come */
} rpc_now;

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
	heard_clear(&rpc_now.heard);
	buf_clear(&rpc_now.send);
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

/* rpc_ask - the status of the answer; 0: none was given.  target: from "/" on.  Names of fields in lower case.  The body is
 * what rpc_now.send holds, and is used up. */
__attribute__((unused)) static int rpc_ask(const char *method, const char *target, const char *fields)
{
	struct field f[HEARD_FIELDS_MAX];
	struct heard *h = &rpc_now.heard;

	rpc_now.rq = heard_request(method, target, "127.0.0.1:5001", fields, f);
	rpc_now.rq.body_len = LEN_UNKNOWN;
	rpc_now.rq.read = rpc_read;
	heard_begin(h);
	h->r.may_end = rpc_now.may_end;
	rpc_now.sent = 0;
	h->rc = kubo_answer(rpc_now.k, rpc_now.st, store_source(rpc_now.st), &rpc_now.rq, &h->r);
	CHECK(h->starts <= 1);
	buf_clear(&rpc_now.send);
	return h->r.status;
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

/* rpc_field, rpc_trailer - the value, several joined with ", "; "": none */
__attribute__((unused)) static const char *rpc_field(const char *name)
{
	const char *is = heard_line(&rpc_now.heard.r.fields, name);

	return is ? is : "";
}

__attribute__((unused)) static const char *rpc_trailer(const char *name)
{
	const char *is = heard_line(&rpc_now.heard.r.trailers, name);

	return is ? is : "";
}

__attribute__((unused)) static const char *rpc_body(void)
{
	return heard_body(&rpc_now.heard);
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
