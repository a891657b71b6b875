/* pump_test - clients over real sockets against the pump, in both modes: what they get, and what their
 * tricks and the deaths of workers cost */
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
	(void)ctx;
	if (rq->query.len)			/* in the middle of an answer */
		reply_start(r, 200, 1000);
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

static const struct route routes[] = {
	{ "GET", "/hello", hello, 0 }, { "POST", "/echo", echo, 0 }, { "POST", "/deaf", hello, 0 },
	{ "GET", "/file", file, 0 },
	{ "GET", "/crash", crash, 0 }, { "GET", "/half", half, 0 }, { "GET", "/much", too_much, 0 },
	{ "GET", "/pid", pid_of, 0 }, { "GET", "/head", head_of, 0 },
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

/* ---- what both modes do ---- */

static void simple(void)
{
	const char *a = ask("GET /hello HTTP/1.1\r\nX-Request-Id: mine-1\r\n" END, NULL);

	CHECK(begins(a, "HTTP/1.1 200 OK\r\ndate: ") && strstr(a, "\r\ncontent-length: 5\r\n"));
	CHECK(strstr(a, "\r\nx-request-id: mine-1\r\n") && strstr(a, "\r\nconnection: close\r\n\r\nhello"));
	a = ask("HEAD /hello HTTP/1.1\r\n" END, NULL);
	CHECK(strstr(a, "\r\ncontent-length: 5\r\n") && has_end(a, "\r\n\r\n"));
	a = ask("GET /nothing HTTP/1.1\r\n" END, NULL);
	CHECK(begins(a, "HTTP/1.1 404 Not Found\r\n") && strstr(a, "\"code\":404"));
	a = ask("DELETE /hello HTTP/1.1\r\n" END, NULL);
	CHECK(begins(a, "HTTP/1.1 405 ") && strstr(a, "\r\nallow: GET, HEAD\r\n"));
	a = ask("GET http://other:1/head?q HTTP/1.1\r\nX: 1\r\nX-Request-ID: bad id\r\n" END, NULL);
	CHECK(strstr(a, "\r\n\r\nGET other:1 q local=1 id=") && has_end(a, " x=1") && !strstr(a, "bad id"));
	a = ask("GET /hello HTTP/1.0\r\n\r\n", NULL);
	CHECK(begins(a, "HTTP/1.1 200 OK\r\n") && has_end(a, "hello"));
}

static void one_connection_many_requests(void)
{
	const char *a = ask("GET /hello HTTP/1.1\r\nHost: h\r\n\r\nPOST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
			    "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n"
			    "GET /hello HTTP/1.1\r\n" END, NULL);
	const char *at = a;
	int n = 0;

	while ((at = strstr(at, "HTTP/1.1 200 OK\r\n"))) {
		n++;
		at++;
	}
	CHECK(n == 4);
	CHECK(strstr(a, "\r\n\r\nabc") && strstr(a, "transfer-encoding: chunked\r\n"));
	CHECK(strstr(a, "\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n") || strstr(a, "\r\n\r\n3\r\ndef\r\n0\r\n\r\n"));
}

static void files_arrive(void)
{
	ssize_t n, i, bad = 0;
	const char *a = ask("GET /file HTTP/1.1\r\n" END, &n), *body = strstr(a, "\r\n\r\n");

	NEED(body && n - (body + 4 - a) == FILE_LEN);
	for (i = 0; i < FILE_LEN; i++)
		bad += (uint8_t)body[4 + i] != (uint8_t)(i * 7 + i / 1000);
	CHECK(bad == 0);
	a = ask("GET /file?chunked HTTP/1.1\r\n" END, &n);
	CHECK(n > FILE_LEN && memmem(a + n - 20, 20, "\r\n0\r\nx-end: yes\r\n\r\n", 19) != NULL);
}

static void bodies(void)
{
	static char text[200000 + 200];
	const char *a;
	ssize_t n;
	int fd = dial(), len;
	struct buf out = BUF_INIT(1 << 20);
	char hundred[64] = "";

	len = sprintf(text, "POST /echo HTTP/1.1\r\nContent-Length: 200000\r\n" END);
	memset(text + len, 'b', 200000);
	a = ask(text, &n);
	CHECK(begins(a, "HTTP/1.1 200 OK\r\n") && n > 200000 && has_end(a, "bbbb"));
	/* a client that waits to be asked for its body */
	say_to(fd, "POST /echo HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n" END);
	CHECK(recv(fd, hundred, 25, MSG_WAITALL) == 25);
	CHECK_STR(hundred, "HTTP/1.1 100 Continue\r\n\r\n");
	say_to(fd, "hi");
	all_of(fd, &out);
	CHECK(out.data && has_end((const char *)out.data, "\r\n\r\nhi"));
	buf_clear(&out);
	/* nobody reads this body: it is passed over */
	a = ask("POST /deaf HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhiGET /hello HTTP/1.1\r\n" END, NULL);
	CHECK(begins(a, "HTTP/1.1 200 OK\r\n") && has_end(a, "\r\n\r\nhello"));
	CHECK(strstr(a, "\r\n\r\nhelloHTTP/1.1 200 OK\r\n"));
	/* … unless it does not come to its end: then that is the end */
	a = ask("POST /deaf HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhi", NULL);
	CHECK(begins(a, "HTTP/1.1 200 OK\r\n") && has_end(a, "\r\n\r\nhello"));
	a = ask("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", NULL);
	CHECK(begins(a, "HTTP/1.1 200") || begins(a, "HTTP/1.1 400") || !*a);
	CHECK(alive());
}

static void what_is_refused(void)
{
	CHECK(begins(ask("GET / HTTP/1.1\nHost: h\n\n", NULL), "HTTP/1.1 400 Bad Request\r\n"));
	CHECK(begins(ask("GET / HTTP/1.1\r\n\r\n", NULL), "HTTP/1.1 400 Bad Request\r\n"));
	CHECK(begins(ask("GET / HTTP/3.0\r\nHost: h\r\n\r\n", NULL), "HTTP/1.1 505 "));
	CHECK(begins(ask("\x16\x03\x01", NULL), "HTTP/1.1 400 "));
	CHECK(begins(ask("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", NULL),
		     "HTTP/1.1 400 "));
	CHECK(alive());
}

static void the_death_of_a_worker(void)
{
	const char *a = ask("GET /crash HTTP/1.1\r\n" END, NULL);
	ssize_t n;

	CHECK(begins(a, "HTTP/1.1 500 Internal Server Error\r\n"));
	a = ask("GET /crash?later HTTP/1.1\r\n" END, &n);
	CHECK(n < 0 || !*a);			/* a reset, never the end of a whole answer */
	a = ask("GET /half HTTP/1.1\r\n" END, &n);
	CHECK(!strstr(a, "\r\n0\r\n\r\n"));
	a = ask("GET /much HTTP/1.1\r\n" END, &n);
	CHECK(!strstr(a, "four"));
	CHECK(alive());
}

/* clients that go away in the middle cost nothing that stays */
static void clients_that_vanish(void)
{
	int i, fd;

	for (i = 0; i < 30; i++) {
		fd = dial();
		say_to(fd, i % 3 == 0 ? "GET /file HTTP/1.1\r\n" END : i % 3 == 1 ? "GET /he" :
			   "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc");
		if (i % 2)
			usleep(5000);
		close(fd);
	}
	for (i = 0; i < 10; i++)
		CHECK(alive());
}

static int64_t ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* many who dribble, and one who is served meanwhile */
static void slow_clients(void)
{
	enum { SLOW = 200 };
	int fds[SLOW], i;
	struct buf out = BUF_INIT(4096);

	for (i = 0; i < SLOW; i++) {
		fds[i] = dial();
		say_to(fds[i], i % 2 ? "GET /hello HT" : "");
	}
	for (i = 0; i < 20; i++)
		CHECK(alive());
	/* those who began a request are told, those who did not are let go */
	CHECK(all_of(fds[1], &out) > 0 && begins((const char *)out.data, "HTTP/1.1 408 "));
	buf_reset(&out);
	CHECK(all_of(fds[0], &out) == 0);
	for (i = 2; i < SLOW; i++)
		close(fds[i]);
	buf_clear(&out);
}

static void short_patience(struct serve_opts *o)
{
	o->head_ms = 1500;
}

static void both(int pool)
{
	start(pool, NULL);
	simple();
	one_connection_many_requests();
	files_arrive();
	bodies();
	what_is_refused();
	the_death_of_a_worker();
	clients_that_vanish();
	CHECK(stop() == 0);
	start(pool, short_patience);
	slow_clients();
	CHECK(stop() == 0);
}

static void a_process_a_request(void)
{
	const char *a, *b;

	both(0);
	start(0, NULL);
	a = ask("GET /pid HTTP/1.1\r\n" END, NULL);
	b = ask("GET /pid HTTP/1.1\r\n" END, NULL);
	CHECK(atoi(strstr(a, "\r\n\r\n")) > 0 && strcmp(strstr(a, "\r\n\r\n"), strstr(b, "\r\n\r\n")) != 0);
	CHECK(stop() == 0);
}

static void workers_in_a_pool(void)
{
	int i, same = 0;
	const char *a, *b;

	both(1);
	start(1, NULL);
	a = ask("GET /pid HTTP/1.1\r\n" END, NULL);
	for (i = 0; i < 10; i++) {
		b = ask("GET /pid HTTP/1.1\r\n" END, NULL);
		same += strcmp(strstr(a, "\r\n\r\n"), strstr(b, "\r\n\r\n")) == 0;
		a = b;
	}
	CHECK(same > 0);
	CHECK(stop() == 0);
}

static void few_workers(struct serve_opts *o)
{
	o->workers = 1;
	o->spares = 1;
	o->queue = 3;
}

/* one worker, three places in the queue */
static void too_many(void)
{
	int fds[12], i, busy = 0, good = 0;

	start(1, few_workers);
	fds[0] = dial();			/* it keeps the worker */
	say_to(fds[0], "POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\n");
	usleep(300000);
	for (i = 1; i < 12; i++) {
		fds[i] = dial();
		say_to(fds[i], "GET /hello HTTP/1.1\r\n" END);
	}
	usleep(300000);
	say_to(fds[0], "hi");
	for (i = 0; i < 12; i++) {
		struct buf out = BUF_INIT(4096);

		all_of(fds[i], &out);
		good += out.data && begins((const char *)out.data, "HTTP/1.1 200 ");
		busy += out.data && begins((const char *)out.data, "HTTP/1.1 503 ") &&
			strstr((const char *)out.data, "retry-after: 1\r\n");
		buf_clear(&out);
	}
	CHECK(good == 4 && busy == 8);
	CHECK(stop() == 0);
}

/* what is under way when the signal comes is answered */
static void draining(void)
{
	struct buf out = BUF_INIT(4096);
	int fd, idle, status = -1;
	char c;

	start(0, NULL);
	idle = dial();
	say_to(idle, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
	CHECK(recv(idle, &c, 1, 0) == 1);
	fd = dial();
	say_to(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nh");
	usleep(300000);
	kill(server, SIGTERM);
	usleep(300000);
	CHECK(waitpid(server, &status, WNOHANG) == 0);
	say_to(fd, "i");
	all_of(fd, &out);
	CHECK(out.data && has_end((const char *)out.data, "\r\n\r\nhi"));
	CHECK(waitpid(server, &status, 0) == server && status == 0);
	close(idle);
	close(log_pipe[0]);
	buf_clear(&out);
}

/* inetd nowait: descriptor 0 is the client, and its end is ours */
static void one_client_of_inetd(void)
{
	struct buf out = BUF_INIT(4096);
	struct serve_opts o;
	int fds[2], status = -1;
	pid_t pid;
	int64_t from = ms();

	NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		serve_opts_init(&o);
		o.answer = answer;
		o.begin = begin;
		o.ctx = &big;
		unsetenv("LISTEN_FDS");
		if (dup2(fds[1], 0) < 0)
			_exit(2);
		close(fds[0]);
		_exit(serve_run(&o) < 0);
	}
	close(fds[1]);
	say_to(fds[0], "GET /hello HTTP/1.1\r\nHost: h\r\n\r\nGET /hello HTTP/1.1\r\n" END);
	all_of(fds[0], &out);
	CHECK(out.data && has_end((const char *)out.data, "\r\n\r\nhello"));
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(ms() - from < WAIT_MS);
	buf_clear(&out);
}

int main(void)
{
	char name[4096];
	const char *tmp = getenv("TMPDIR");
	uint8_t *p = malloc(FILE_LEN);
	size_t i;
	int fd;

	snprintf(name, sizeof name, "%s/pump_test.file", tmp ? tmp : "/tmp");
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || !p)
		return 1;
	for (i = 0; i < FILE_LEN; i++)
		p[i] = (uint8_t)(i * 7 + i / 1000);
	if (write(fd, p, FILE_LEN) != FILE_LEN)
		return 1;
	close(fd);
	free(p);
	setenv("PUMP_TEST_FILE", name, 1);
	signal(SIGPIPE, SIG_IGN);
	RUN(a_process_a_request);
	RUN(workers_in_a_pool);
	RUN(too_many);
	RUN(draining);
	RUN(one_client_of_inetd);
	unlink(name);
	return UNIT_END();
}
