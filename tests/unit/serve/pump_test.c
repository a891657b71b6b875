/* pump_test - clients over real sockets against the pump, in both modes: what they get, and what their
 * tricks and the deaths of workers cost */
#include "tests/unit/serve/rig.h"

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

/* a proxy that leads to ourselves: the requests in it are answered as all others */
static void tunnels(void)
{
	const char *a = ask("CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\nGET http://h/hello HTTP/1.1\r\n" END, NULL), *b;

	CHECK(begins(a, "HTTP/1.1 200 Connection established\r\n"));
	b = strstr(a, "\r\n\r\n");
	NEED(b);
	CHECK(!memmem(a, (size_t)(b - a), "content-length", 14) && begins(b + 4, "HTTP/1.1 200 OK\r\n"));
	CHECK(has_end(b, "\r\n\r\nhello"));
	CHECK(begins(ask("CONNECT other:1 HTTP/1.1\r\n" END, NULL), "HTTP/1.1 403 "));
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

/* one that is small and here goes with its head: read or not, expected or not, all is as ever */
static void small_bodies(void)
{
	static const size_t lens[] = { 1, 300, 1001 };
	char text[2000];
	const char *a, *body;
	size_t i, k, n;

	for (i = 0; i < sizeof lens / sizeof *lens; i++)
		for (k = 0; k < 4; k++) {
			n = (size_t)sprintf(text, "POST /%s HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n%s\r\n",
					    k & 1 ? "deaf" : "echo", lens[i], k & 2 ? "Expect: 100-continue\r\n" : "");
			memset(text + n, 'b', lens[i]);
			strcpy(text + n + lens[i], "GET /hello HTTP/1.1\r\n" END);
			a = ask(text, NULL);
			CHECK(begins(a, "HTTP/1.1 200 OK\r\n") && has_end(a, "\r\n\r\nhello"));
			body = strstr(a, "\r\n\r\n");
			NEED(body);
			CHECK(k & 1 ? begins(body + 4, "hello") : strspn(body + 4, "b") == lens[i]);
			CHECK(begins(body + 4 + (k & 1 ? 5 : lens[i]), "HTTP/1.1 200 OK\r\n"));
		}
}

/* … and if not all of it is here, it comes as a large one does */
static void bodies_in_two(void)
{
	static const size_t lens[] = { 2, 300, 16383, 16384, 16385, 20000 };
	struct timespec moment = { .tv_nsec = 20000000 };
	static char text[20000 + 200];
	const char *body;
	struct buf out;
	size_t i, n;
	int fd;

	for (i = 0; i < sizeof lens / sizeof *lens; i++) {
		n = (size_t)sprintf(text, "POST /echo HTTP/1.1\r\nContent-Length: %zu\r\n" END, lens[i]);
		memset(text + n, 'c', lens[i]);
		text[n + lens[i] - 1] = 0;
		out = BUF_INIT(1 << 20);
		fd = dial();
		say_to(fd, text);
		nanosleep(&moment, NULL);
		say_to(fd, "d");
		all_of(fd, &out);
		CHECK(out.data && has_end((const char *)out.data, "cd"));
		body = out.data ? strstr((const char *)out.data, "\r\n\r\n") : NULL;
		CHECK(body && strspn(body + 4, "c") == lens[i] - 1);
		buf_clear(&out);
	}
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
	CHECK(n < 140000);			/* cut off, never the end of a whole answer */
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
	tunnels();
	files_arrive();
	bodies();
	small_bodies();
	bodies_in_two();
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
	if (rig_begin() < 0)
		return 1;
	RUN(a_process_a_request);
	RUN(workers_in_a_pool);
	RUN(too_many);
	RUN(draining);
	RUN(one_client_of_inetd);
	rig_end();
	return UNIT_END();
}
