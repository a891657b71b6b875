/*
 * rig.h - a server with handlers of every kind in a process of its own, and clients that say what they like.
 * start() runs it, stop() ends it; ask() is a whole client.
 */
#ifndef TESTS_UNIT_SERVE_RIG_H
#define TESTS_UNIT_SERVE_RIG_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "serve/serve.h"
#include "tests/unit/unit.h"

#pragma GCC diagnostic ignored "-Wunused-function"

enum { FILE_LEN = 3 * 1024 * 1024 + 77, WAIT_MS = 20000 };

/* ---- handlers ---- */

static int hello(struct request *rq, struct reply *r, void *ctx)
{
	(void)rq;
	(void)ctx;
	return reply_whole(r, 200, "text/plain", span_str("hello"));
}

/* the body, back again, in chunks */
static int echo(struct request *rq, struct reply *r, void *ctx)
{
	char bytes[1000];
	ssize_t n = rq->read(rq, bytes, sizeof bytes);
	int rc = n < 0 ? (int)n : reply_field(r, "content-type", "application/octet-stream");

	(void)ctx;
	if (rc == 0)
		rc = reply_start(r, 200, rq->body_len);
	for (; rc == 0 && n > 0; n = rq->read(rq, bytes, sizeof bytes))
		rc = sink_bytes(&r->sink, span_of((uint8_t *)bytes, (size_t)n));
	return n < 0 ? (int)n : rc;
}

/* a file, in pieces of every kind */
static int file(struct request *rq, struct reply *r, void *ctx)
{
	int fd = *(int *)ctx, rc, chunked = rq->query.len > 0;
	struct piece p = { .fd = fd };

	rc = reply_start(r, 200, chunked ? LEN_UNKNOWN : FILE_LEN);
	for (p.off = 0; rc == 0 && p.off < FILE_LEN; p.off += p.len) {
		p.len = p.off == 0 ? 100 : p.off == 100 ? 20000 : 1024 * 1024;
		if (p.len > FILE_LEN - p.off)
			p.len = FILE_LEN - p.off;
		rc = sink_put(&r->sink, &p);
	}
	if (rc == 0 && chunked)
		rc = reply_trailer(r, "x-end", "yes");
	return rc;
}

static int crash(struct request *rq, struct reply *r, void *ctx)
{
	static const uint8_t much[70000];

	(void)ctx;
	if (rq->query.len) {			/* in the middle of an answer, part of which has left */
		reply_start(r, 200, 2 * sizeof much);
		sink_bytes(&r->sink, span_of(much, sizeof much));
	}
	signal(SIGABRT, SIG_DFL);
	abort();
}

static int half(struct request *rq, struct reply *r, void *ctx)
{
	(void)rq;
	(void)ctx;
	reply_start(r, 200, LEN_UNKNOWN);
	sink_bytes(&r->sink, span_str("some"));
	return err_set(ERR_CORRUPT, "the rest is damaged");
}

static int too_much(struct request *rq, struct reply *r, void *ctx)
{
	(void)rq;
	(void)ctx;
	reply_start(r, 200, 3);
	return sink_bytes(&r->sink, span_str("four"));
}

static int pid_of(struct request *rq, struct reply *r, void *ctx)
{
	char text[32];

	(void)rq;
	(void)ctx;
	snprintf(text, sizeof text, "%d", (int)getpid());
	return reply_whole(r, 200, "text/plain", span_str(text));
}

static int head_of(struct request *rq, struct reply *r, void *ctx)
{
	struct buf out = BUF_INIT(4096);
	int rc;

	(void)ctx;
	buf_printf(&out, "%.*s %.*s %.*s local=%d id=%.*s x=%.*s", (int)rq->method.len, (const char *)rq->method.p,
		   (int)rq->host.len, (const char *)rq->host.p, (int)rq->query.len, (const char *)rq->query.p,
		   rq->local, (int)rq->id.len, (const char *)rq->id.p,
		   (int)request_field(rq, "x").len, (const char *)request_field(rq, "x").p);
	rc = reply_whole(r, 200, "text/plain", buf_span(&out));
	buf_clear(&out);
	return rc;
}

/* Silence: it hears of nothing, not even that its client has left.  With a query: behind the head. */
static int sleeps(struct request *rq, struct reply *r, void *ctx)
{
	(void)ctx;
	if (rq->query.len) {
		static const uint8_t much[70000];

		reply_start(r, 200, 2 * sizeof much);
		sink_bytes(&r->sink, span_of(much, sizeof much));
	}
	while (getppid() > 0)
		pause();
	return 0;
}

static int tunnel(struct request *rq, struct reply *r, void *ctx)
{
	(void)ctx;
	if (!span_equal(rq->host, span_str("h:1")))
		return reply_status(rq, r, 403, "to ourselves only");
	return reply_start(r, 200, 0);
}

static const struct route routes[] = {
	{ "CONNECT", "", tunnel, 0 },
	{ "GET", "/hello", hello, 0 }, { "POST", "/echo", echo, 0 }, { "POST", "/deaf", hello, 0 },
	{ "GET", "/file", file, 0 },
	{ "GET", "/crash", crash, 0 }, { "GET", "/half", half, 0 }, { "GET", "/much", too_much, 0 },
	{ "GET", "/pid", pid_of, 0 }, { "GET", "/head", head_of, 0 },
	{ "GET", "/sleep", sleeps, 0 },
};

static int answer(struct request *rq, struct reply *r, void *ctx)
{
	return route_run(routes, sizeof routes / sizeof *routes, rq, r, ctx);
}

/* ---- the server ---- */

static int port, log_pipe[2], big = -1;
static pid_t server;

static void ready(void *ctx, const char *text)
{
	int n = atoi(strrchr(text, ':') + 1);

	(void)ctx;
	if (write(log_pipe[1], &n, sizeof n) < 0)
		_exit(1);
}

/* the file stays open in workers: they inherit it below the descriptors that are closed */
static int begin(void *ctx)
{
	*(int *)ctx = open((const char *)getenv("PUMP_TEST_FILE"), O_RDONLY | O_CLOEXEC);
	return *(int *)ctx < 0 ? err_sys("opening the test's file") : 0;
}

static void start(int pool, void (*change)(struct serve_opts *o))
{
	static const char *const at[] = { "127.0.0.1:0", NULL };
	struct serve_opts o;

	serve_opts_init(&o);
	o.listen = at;
	o.pool = pool;
	o.workers = 8;
	o.spares = 2;
	o.answer = answer;
	o.begin = begin;
	o.ctx = &big;
	o.ready = ready;
	if (change)
		change(&o);
	if (pipe(log_pipe) < 0)
		abort();
	fflush(stdout);
	server = fork();
	if (server == 0) {
		close(log_pipe[0]);
		_exit(serve_run(&o) < 0);
	}
	close(log_pipe[1]);
	if (read(log_pipe[0], &port, sizeof port) != sizeof port)
		abort();
}

static int stop(void)
{
	int status = -1;

	kill(server, SIGTERM);
	if (waitpid(server, &status, 0) != server)
		return -1;
	close(log_pipe[0]);
	return status;
}

static int dial(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct timeval patience = { WAIT_MS / 1000, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		abort();
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

static void say_to(int fd, const char *text)
{
	size_t len = strlen(text), at = 0;
	ssize_t n;

	while (at < len && (n = send(fd, text + at, len - at, MSG_NOSIGNAL)) > 0)
		at += (size_t)n;
}

/* everything until the server closes; the length, or -1 where it was a reset */
static ssize_t all_of(int fd, struct buf *out)
{
	char bytes[65536];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
		buf_bytes(out, bytes, (size_t)n);
	close(fd);
	return n < 0 ? -1 : (ssize_t)out->len;
}

/* what a client that says `text` and no more gets; kept */
static const char *ask(const char *text, ssize_t *n)
{
	struct buf out = BUF_INIT(1 << 28);
	ssize_t got;
	char *kept;
	int fd = dial();

	say_to(fd, text);
	got = all_of(fd, &out);
	kept = unit_kept(out.len + 1);
	if (out.len)
		memcpy(kept, out.data, out.len);
	kept[out.len] = 0;
	buf_clear(&out);
	if (n)
		*n = got;
	return kept;
}

#define END "Host: h\r\nConnection: close\r\n\r\n"

static int begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static int has_end(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static int alive(void)
{
	return begins(ask("GET /hello HTTP/1.1\r\n" END, NULL), "HTTP/1.1 200 OK\r\n");
}

static int64_t ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* rig_begin - the file that /file sends; 0 or -1.  rig_end removes it. */
static char rig_name[4096];
static int rig_begin(void)
{
	const char *tmp = getenv("TMPDIR");
	uint8_t *p = malloc(FILE_LEN);
	size_t i;
	int fd;

	snprintf(rig_name, sizeof rig_name, "%s/serve_rig.%d", tmp ? tmp : "/tmp", (int)getpid());
	fd = open(rig_name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || !p)
		return -1;
	for (i = 0; i < FILE_LEN; i++)
		p[i] = (uint8_t)(i * 7 + i / 1000);
	if (write(fd, p, FILE_LEN) != FILE_LEN)
		return -1;
	close(fd);
	free(p);
	setenv("PUMP_TEST_FILE", rig_name, 1);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

static void rig_end(void)
{
	unlink(rig_name);
}

#endif
