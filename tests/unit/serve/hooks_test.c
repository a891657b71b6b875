/* hooks_test - limits with their statuses, what is told of each request, lines of the log, and SIGHUP */
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/unit/serve/rig.h"

/* what the pumps and the test share */
static struct shared {
	_Atomic unsigned asked, done, reloads, stale;
	_Atomic int status, whole;
	_Atomic uint64_t sent, received;
	char method[32], path[128], host[64], peer[64], id[160], protocol[16];
} *shared;

static char log_name[4200];

static int admit(void *ctx, struct span peer, struct serve_admit *a)
{
	unsigned n = shared->asked++;

	(void)ctx;
	if (!span_equal(peer, span_str("127.0.0.1")) || !a->local || a->head->n_fields == 0)
		return 0;
	a->limit = 3;
	a->remaining = n < 3 ? 2 - n : 7;
	a->retry_after_s = 42;
	return n < 3;
}

static void done(void *ctx, const struct serve_done *d)
{
	(void)ctx;
	shared->status = d->status;
	shared->whole = d->whole;
	shared->sent = d->sent;
	shared->received = d->received;
	snprintf(shared->method, sizeof shared->method, "%s", d->method);
	snprintf(shared->path, sizeof shared->path, "%s", d->path);
	snprintf(shared->host, sizeof shared->host, "%s", d->host);
	snprintf(shared->peer, sizeof shared->peer, "%s", d->peer);
	snprintf(shared->id, sizeof shared->id, "%s", d->id);
	snprintf(shared->protocol, sizeof shared->protocol, "%s", d->protocol);
	shared->done++;
}

/* the answer is out before it is told of */
static void wait_done(unsigned n)
{
	int64_t from = ms();

	while (shared->done < n && ms() - from < WAIT_MS)
		usleep(1000);
}

static void with_admit(struct serve_opts *o)
{
	o->admit = admit;
}

static void limits_of_a_client(void)
{
	const char *a;
	int pool, i;

	for (pool = 0; pool < 2; pool++) {
		shared->asked = 0;
		start(pool, with_admit);
		for (i = 0; i < 3; i++) {
			a = ask("GET /hello HTTP/1.1\r\n" END, NULL);
			CHECK(begins(a, "HTTP/1.1 200 ") && strstr(a, "\r\nx-ratelimit-limit: 3\r\n"));
			CHECK(strstr(a, i == 0 ? "\r\nx-ratelimit-remaining: 2\r\n" : i == 1 ?
				     "\r\nx-ratelimit-remaining: 1\r\n" : "\r\nx-ratelimit-remaining: 0\r\n"));
			CHECK(!strstr(a, "retry-after"));
		}
		a = ask("GET /hello HTTP/1.1\r\nX-Request-Id: a\r\n" END, NULL);
		CHECK(begins(a, "HTTP/1.1 429 Too Many Requests\r\n"));
		CHECK(strstr(a, "\r\nx-ratelimit-limit: 3\r\nx-ratelimit-remaining: 0\r\nretry-after: 42\r\n"));
		CHECK(strstr(a, "\r\nx-request-id: a\r\n") && strstr(a, "\r\ncontent-type: application/json\r\n"));
		CHECK(has_end(a, "\r\n\r\n{\"error\":{\"code\":429,\"status\":\"Too Many Requests\","
			      "\"message\":\"too many requests: wait a little\",\"request_id\":\"a\"}}\n"));
		/* the connection goes on */
		a = ask("GET /hello HTTP/1.1\r\nHost: h\r\n\r\nHEAD /hello HTTP/1.1\r\n" END, NULL);
		CHECK(strstr(a, "}}\nHTTP/1.1 429 ") && has_end(a, "\r\n\r\n"));
		/* … but not over a body that nobody will read */
		a = ask("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", NULL);
		CHECK(begins(a, "HTTP/1.1 429 ") && strstr(a, "\r\nconnection: close\r\n"));
		CHECK(stop() == 0);
	}
}

static void with_done(struct serve_opts *o)
{
	o->done = done;
	o->limits.body = 10;
	o->limits.line = 200;
	o->limits.head = 1000;
	o->head_ms = o->body_ms = 700;
}

static void what_is_told(void)
{
	char long_id[200] = "GET /hello HTTP/1.1\r\nX-Request-ID: ";
	unsigned n = 0;
	const char *a;
	int fd;

	shared->done = 0;
	start(1, with_done);
	a = ask("POST /echo?q HTTP/1.1\r\nX-Request-ID: Abc-1\r\nHost: h:1\r\nConnection: close\r\nContent-Length: 4\r\n\r\nabcd", NULL);
	wait_done(++n);
	CHECK(shared->status == 200 && shared->whole && shared->received == 4 && shared->sent == strlen(a));
	CHECK_STR(shared->method, "POST");
	CHECK_STR(shared->path, "/echo");
	CHECK_STR(shared->host, "h:1");
	CHECK_STR(shared->id, "Abc-1");
	CHECK_STR(shared->protocol, "HTTP/1.1");
	CHECK(begins(shared->peer, "127.0.0.1:"));
	/* one that cannot be used is replaced, and an answer of ours has one, too */
	memset(long_id + strlen(long_id), 'x', 129);
	strcat(long_id, "\r\n" END);
	a = ask(long_id, NULL);
	CHECK(strstr(a, "\r\nx-request-id: ") && !strstr(a, "xxxx"));
	wait_done(++n);
	a = ask("GET / HTTP/1.1\r\nnonsense\r\n\r\n", NULL);
	CHECK(begins(a, "HTTP/1.1 400 ") && strstr(a, "\r\nx-request-id: "));
	wait_done(++n);
	CHECK(shared->status == 400 && !*shared->method && *shared->id);
	ask("GET /half HTTP/1.1\r\n" END, NULL);
	wait_done(++n);
	CHECK(shared->status == 200 && !shared->whole);
	fd = dial();
	say_to(fd, "GET /he");
	close(fd);				/* no request at all */
	ask("GET /crash HTTP/1.1\r\n" END, NULL);
	wait_done(++n);
	CHECK(shared->status == 500);
	CHECK(stop() == 0);
	CHECK(shared->done == n);
}

static void each_limit_has_its_status(void)
{
	char text[4000] = "GET /";

	start(0, with_done);
	memset(text + 5, 'a', 300);
	strcat(text, " HTTP/1.1\r\n" END);
	CHECK(begins(ask(text, NULL), "HTTP/1.1 414 URI Too Long\r\n"));
	strcpy(text, "GET /hello HTTP/1.1\r\nX: ");
	memset(text + strlen(text), 'a', 1000);
	strcat(text, "\r\n" END);
	CHECK(begins(ask(text, NULL), "HTTP/1.1 431 Request Header Fields Too Large\r\n"));
	CHECK(begins(ask("POST /echo HTTP/1.1\r\nContent-Length: 11\r\n" END "hello hello", NULL),
		     "HTTP/1.1 413 Content Too Large\r\n"));
	CHECK(begins(ask("GET /hello HTTP/1.1\r\nHost", NULL), "HTTP/1.1 408 Request Timeout\r\n"));
	CHECK(begins(ask("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n" END, NULL), "HTTP/1.1 408 "));
	CHECK(alive());
	CHECK(stop() == 0);
}

/* a client that is refused while it sends a large body gets to read why */
static void told_while_sending(void)
{
	struct buf out = BUF_INIT(1 << 16);
	static char part[65536];
	int fd, i;

	start(0, with_done);
	fd = dial();
	say_to(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\n\r\n");
	for (i = 0; i < 60; i++)
		if (send(fd, part, sizeof part, MSG_NOSIGNAL) < 0)
			break;
	CHECK(all_of(fd, &out) > 0 && begins((const char *)out.data, "HTTP/1.1 413 "));
	buf_clear(&out);
	CHECK(stop() == 0);
}

static void three_each(struct serve_opts *o)
{
	o->conns_per_ip = 3;
	o->pumps = 2;
}

static void clients_of_one_address(void)
{
	int fds[3], i, round;
	char c;

	start(1, three_each);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 3; i++) {
			fds[i] = dial();
			say_to(fds[i], "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
			CHECK(recv(fds[i], &c, 1, 0) == 1 && c == 'H');
		}
		for (i = 0; i < 4; i++) {
			const char *a = ask("GET /hello HTTP/1.1\r\n" END, NULL);

			CHECK(begins(a, "HTTP/1.1 429 Too Many Requests\r\n"));
			CHECK(strstr(a, "\r\nretry-after: 1\r\n"));
		}
		for (i = 0; i < 3; i++)
			close(fds[i]);
		for (i = 0; i < 1000 && !alive(); i++)
			usleep(3000);
		CHECK(i < 1000);
		usleep(20000);
	}
	CHECK(stop() == 0);
}

/* ---- the log ---- */

static enum serve_log form;

static void with_log(struct serve_opts *o)
{
	o->log = form;
	o->log_path = log_name;
	o->done = done;
}

static const char *log_text(const char *name)
{
	char *text = unit_kept(20000);
	int fd = open(name, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, 19999);

	text[n < 0 ? 0 : n] = 0;
	if (fd >= 0)
		close(fd);
	return text;
}

static void forms_of_the_log(void)
{
	const char *t;
	unsigned n;

	for (form = SERVE_LOG_OFF; form <= SERVE_LOG_JSON; form++) {
		unlink(log_name);
		n = 0;
		shared->done = 0;
		start(0, with_log);
		ask("GET /hello?a=\"b\" HTTP/1.1\r\nUser-Agent: a\"\\\xff\r\nReferer: r\r\nX-Request-ID: i1\r\n" END, NULL);
		wait_done(++n);
		CHECK(stop() == 0);
		t = log_text(log_name);
		switch (form) {
		case SERVE_LOG_OFF:
			CHECK_STR(t, "");
			break;
		case SERVE_LOG_COMMON:
			CHECK(begins(t, "127.0.0.1 - - [") &&
			      strstr(t, "] \"GET /hello?a=\\x22b\\x22 HTTP/1.1\" 200 ") && strstr(t, " i1 0."));
			CHECK(!strstr(t, "\"r\""));
			break;
		case SERVE_LOG_COMBINED:
			CHECK(strstr(t, " \"r\" \"a\\x22\\x5c\\xff\" i1 0.") && has_end(t, "\n"));
			break;
		case SERVE_LOG_JSON:
			CHECK(begins(t, "{\"time\":\"20") && has_end(t, "\"request_id\":\"i1\"}\n"));
			CHECK(strstr(t, "\"client\":\"127.0.0.1\",\"method\":\"GET\",\"host\":\"h\",\"path\":\"/hello\","
				     "\"query\":\"a=\\\"b\\\"\",\"protocol\":\"HTTP/1.1\",\"tls\":false,\"status\":200,"));
			break;
		}
	}
	unlink(log_name);
}

static void reload(void *ctx)
{
	(void)ctx;
	shared->reloads++;
}

static void with_reload(struct serve_opts *o)
{
	form = SERVE_LOG_COMMON;
	with_log(o);
	o->reload = reload;
	o->pumps = 1;
	o->workers = o->spares = 1;
}

static int number_in(const char *answer)
{
	const char *body = strstr(answer, "\r\n\r\n");

	return body ? atoi(body + 4) : -1;
}

static void a_hangup(void)
{
	char moved[4300];
	int pool, before, after, fd, i;
	struct buf out = BUF_INIT(4096);

	snprintf(moved, sizeof moved, "%s.1", log_name);
	for (pool = 0; pool < 2; pool++) {
		shared->reloads = shared->done = 0;
		start(pool, with_reload);
		before = number_in(ask("GET /pid HTTP/1.1\r\n" END, NULL));
		wait_done(1);
		/* a request that is under way meanwhile is answered by whom it was given to */
		fd = dial();
		say_to(fd, "POST /echo HTTP/1.1\r\nContent-Length: 2\r\n" END "h");
		usleep(200000);
		CHECK(rename(log_name, moved) == 0);
		kill(server, SIGHUP);
		for (i = 0; i < 3000 && shared->reloads < 3; i++)
			usleep(1000);
		CHECK(shared->reloads == 3);	/* the parent, the pump, the spawner */
		say_to(fd, "i");
		CHECK(all_of(fd, &out) > 0 && has_end((const char *)out.data, "\r\n\r\nhi"));
		buf_reset(&out);
		after = number_in(ask("GET /pid HTTP/1.1\r\n" END, NULL));
		CHECK(before > 0 && after > 0 && before != after);
		wait_done(3);
		CHECK(stop() == 0);
		CHECK(strstr(log_text(moved), "/pid") && strstr(log_text(log_name), "/pid"));
		unlink(moved);
		unlink(log_name);
	}
	buf_clear(&out);
}

/* told once that those there are of no use any more */
static int is_stale(void *ctx)
{
	(void)ctx;
	return shared->stale && shared->stale--;
}

static void with_stale(struct serve_opts *o)
{
	with_reload(o);
	o->stale = is_stale;
}

static void workers_of_no_use(void)
{
	int pool, pid[4], i;

	for (pool = 0; pool < 2; pool++) {
		shared->stale = shared->reloads = 0;
		start(pool, with_stale);
		for (i = 0; i < 4; i++) {
			if (i == 2)
				shared->stale = 1;
			pid[i] = number_in(ask("GET /pid HTTP/1.1\r\n" END, NULL));
			CHECK(pid[i] > 0);
		}
		CHECK(shared->reloads == 1);		/* the spawner: those it makes now are good */
		CHECK(pid[1] != pid[2]);
		CHECK(!pool || (pid[0] == pid[1] && pid[2] == pid[3]));
		CHECK(stop() == 0);
		unlink(log_name);
	}
}

int main(void)
{
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || rig_begin() < 0)
		return 1;
	snprintf(log_name, sizeof log_name, "%s.log", rig_name);
	RUN(limits_of_a_client);
	RUN(what_is_told);
	RUN(each_limit_has_its_status);
	RUN(told_while_sending);
	RUN(clients_of_one_address);
	RUN(forms_of_the_log);
	RUN(a_hangup);
	RUN(workers_of_no_use);
	rig_end();
	return UNIT_END();
}
