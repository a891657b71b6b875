/* groups_test - several groups of addresses under one parent, each with handlers and rights of its own */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/un.h>

#include "base/err.h"
#include "tests/unit/serve/rig.h"

enum { N = 2 };

/* what the processes of the server and the test share; of a group each */
static struct shared { _Atomic int reloads, port, up; } *shared;
static struct group { int n, writes; } group[N] = { { 0, 0 }, { 1, 1 } };
static char unix_path[N][64], written[4200];

/* a group that may not write has given it up before it sees a request */
static int group_begin(void *ctx)
{
	const struct group *g = ctx;
	struct rlimit none = { 0, 0 };

	signal(SIGXFSZ, SIG_IGN);
	return g->writes || setrlimit(RLIMIT_FSIZE, &none) == 0 ? 0 : err_sys("giving up to write");
}

static int who(struct request *rq, struct reply *r, void *ctx)
{
	const struct group *g = ctx;
	char text[64];

	(void)rq;
	snprintf(text, sizeof text, "group %d, %d", g->n, (int)getpid());
	return reply_whole(r, 200, "text/plain", span_str(text));
}

static int writes(struct request *rq, struct reply *r, void *ctx)
{
	int fd = open(written, O_WRONLY | O_CREAT | O_TRUNC, 0600), ok = fd >= 0 && write(fd, "x", 1) == 1;

	(void)ctx;
	if (fd >= 0)
		close(fd);
	return ok ? reply_whole(r, 200, "text/plain", span_str("written")) : reply_status(rq, r, 403, "cannot write");
}

/* a worker that was taken over would not ask whether it may */
static int ends(struct request *rq, struct reply *r, void *ctx)
{
	(void)rq;
	(void)ctx;
	r->ends = 1;
	return reply_whole(r, 200, "text/plain", span_str(r->may_end ? "good night" : "I try"));
}

static const struct route group_routes[] = {
	{ "POST", "/end", ends, 0 },
	{ "GET", "/who", who, 0 }, { "POST", "/write", writes, 0 }, { "POST", "/echo", echo, 0 },
	{ "GET", "/crash", crash, 0 }, { "GET", "/hello", hello, 0 },
};

static int group_answer(struct request *rq, struct reply *r, void *ctx)
{
	return route_run(group_routes, sizeof group_routes / sizeof *group_routes, rq, r, ctx);
}

static void group_reload(void *ctx)
{
	shared[((struct group *)ctx)->n].reloads++;
}

static void group_ready(void *ctx, const char *text)
{
	int n = ((struct group *)ctx)->n;

	if (begins(text, "unix:"))
		return;
	shared[n].port = atoi(strrchr(text, ':') + 1);
	/* groups are ready in their order, when all are */
	shared[n].up = n == 0 || shared[n - 1].up;
	if (n == N - 1 && write(log_pipe[1], "r", 1) != 1)
		_exit(1);
}

static void set_up(struct serve_opts *o, int n, int pool, const char *const *at)
{
	serve_opts_init(o);
	o->listen = at;
	o->pool = pool;
	o->pumps = 2;
	o->workers = 4;
	o->spares = 1;
	o->answer = group_answer;
	o->begin = group_begin;
	o->ctx = &group[n];
	o->ready = group_ready;
	o->reload = group_reload;
	o->may_end = n;
	o->only_local = n ? "not for strangers" : NULL;
}

static void start_groups(int pool)
{
	char unix_at[N][80];
	const char *at[N][3];
	struct serve_opts o[N];
	const struct serve_opts *all[N];
	char c;
	int i;

	memset(shared, 0, N * sizeof *shared);
	for (i = 0; i < N; i++) {
		snprintf(unix_path[i], sizeof unix_path[i], "/tmp/groups_test.%d.%d", (int)getpid(), i);
		snprintf(unix_at[i], sizeof unix_at[i], "unix:%s", unix_path[i]);
		at[i][0] = unix_at[i];
		at[i][1] = "127.0.0.1:0";
		at[i][2] = NULL;
		set_up(&o[i], i, pool, at[i]);
		all[i] = &o[i];
	}
	if (pipe(log_pipe) < 0)
		abort();
	fflush(stdout);
	server = fork();
	if (server == 0) {
		close(log_pipe[0]);
		_exit(serve_run_groups(all, N) < 0);
	}
	close(log_pipe[1]);
	if (read(log_pipe[0], &c, 1) != 1)
		abort();
}

static const char *ask_at(int n, const char *text)
{
	port = shared[n].port;
	return ask(text, NULL);
}

static const char *ask_unix(int n, const char *text)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct buf out = BUF_INIT(1 << 16);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char *kept;

	strcpy(a.sun_path, unix_path[n]);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		abort();
	say_to(fd, text);
	all_of(fd, &out);
	kept = unit_kept(out.len + 1);
	memcpy(kept, out.len ? (char *)out.data : "", out.len + 1);
	buf_clear(&out);
	return kept;
}

static const char *body_of(const char *answer)
{
	const char *body = strstr(answer, "\r\n\r\n");

	return body ? body + 4 : "";
}

#define WHO "GET /who HTTP/1.1\r\n" END
#define WRITE "POST /write HTTP/1.1\r\nContent-Length: 0\r\n" END

static void each_has_its_rights(void)
{
	int pool, i;

	for (pool = 0; pool < 2; pool++) {
		start_groups(pool);
		CHECK(shared[0].up && shared[1].up && shared[0].port != shared[1].port);
		for (i = 0; i < 6; i++) {
			CHECK(begins(body_of(ask_at(0, WHO)), "group 0, "));
			CHECK(begins(body_of(ask_at(1, WHO)), "group 1, "));
			CHECK(begins(body_of(ask_unix(0, WHO)), "group 0, "));
			CHECK(begins(body_of(ask_unix(1, WHO)), "group 1, "));
			CHECK(begins(ask_at(0, WRITE), "HTTP/1.1 403 "));
			CHECK(begins(ask_at(1, WRITE), "HTTP/1.1 200 "));
			CHECK(begins(ask_unix(0, WRITE), "HTTP/1.1 403 "));
			CHECK(begins(ask_unix(1, WRITE), "HTTP/1.1 200 "));
		}
		CHECK(stop() == 0);
		CHECK(access(unix_path[0], F_OK) < 0 && access(unix_path[1], F_OK) < 0);
	}
	unlink(written);
}

static void a_crash_is_one_group_s(void)
{
	int pool, i, other;

	for (pool = 0; pool < 2; pool++) {
		start_groups(pool);
		other = atoi(strchr(body_of(ask_at(0, WHO)), ',') + 1);
		for (i = 0; i < 5; i++)
			CHECK(begins(ask_at(1, "GET /crash HTTP/1.1\r\n" END), "HTTP/1.1 500 "));
		CHECK(begins(body_of(ask_at(1, WHO)), "group 1, "));
		CHECK(begins(body_of(ask_at(0, WHO)), "group 0, "));
		CHECK(!pool || kill(other, 0) == 0);	/* and the processes of others live on */
		CHECK(stop() == 0);
	}
}

static void a_hangup_is_everybody_s(void)
{
	int pool, i, before[N], after[N];

	for (pool = 0; pool < 2; pool++) {
		start_groups(pool);
		for (i = 0; i < N; i++)
			before[i] = atoi(strchr(body_of(ask_at(i, WHO)), ',') + 1);
		kill(server, SIGHUP);
		/* the parent, two pumps and their spawners */
		for (i = 0; i < 5000 && (shared[0].reloads < 5 || shared[1].reloads < 5); i++)
			usleep(1000);
		CHECK(shared[0].reloads == 5 && shared[1].reloads == 5);
		for (i = 0; i < N; i++) {
			after[i] = atoi(strchr(body_of(ask_at(i, WHO)), ',') + 1);
			CHECK(after[i] > 0 && after[i] != before[i]);
		}
		CHECK(stop() == 0);
	}
}

/* what is under way in either is answered; the addresses of all are free at once */
static void all_are_drained(void)
{
	struct buf out = BUF_INIT(1 << 16);
	int pool, fd[N], i, status = -1;
	struct listener_at { struct sockaddr_in a; int fd; } again;

	for (pool = 0; pool < 2; pool++) {
		start_groups(pool);
		for (i = 0; i < N; i++) {
			port = shared[i].port;
			fd[i] = dial();
			say_to(fd[i], "POST /echo HTTP/1.1\r\nContent-Length: 2\r\n" END "h");
		}
		usleep(300000);
		kill(server, SIGTERM);
		usleep(200000);
		for (i = 0; i < N; i++) {
			int one = 1;

			again.a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)shared[i].port) };
			again.a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
			again.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
			setsockopt(again.fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
			CHECK(bind(again.fd, (struct sockaddr *)&again.a, sizeof again.a) == 0 && listen(again.fd, 1) == 0);
			close(again.fd);
			CHECK(access(unix_path[i], F_OK) < 0);
		}
		for (i = 0; i < N; i++) {
			say_to(fd[i], "i");
			CHECK(all_of(fd[i], &out) > 0 && has_end((const char *)out.data, "\r\n\r\nhi"));
			buf_reset(&out);
		}
		CHECK(waitpid(server, &status, 0) == server && status == 0);
		close(log_pipe[0]);
	}
	buf_clear(&out);
}

#define LAST "POST /end HTTP/1.1\r\nContent-Length: 0\r\n" END

/* a handler ends all groups, if those of its group may; what is under way in others comes to its end */
static void a_handler_ends_the_server(void)
{
	struct buf out = BUF_INIT(1 << 16);
	int pool, fd, status = -1;

	for (pool = 0; pool < 2; pool++) {
		start_groups(pool);
		CHECK_STR(body_of(ask_at(0, LAST)), "I try");
		usleep(200000);
		CHECK(begins(body_of(ask_at(0, WHO)), "group 0, ") && begins(body_of(ask_at(1, WHO)), "group 1, "));
		port = shared[0].port;
		fd = dial();
		say_to(fd, "POST /echo HTTP/1.1\r\nContent-Length: 2\r\n" END "h");
		usleep(200000);
		CHECK_STR(body_of(ask_at(1, LAST)), "good night");
		usleep(200000);
		CHECK(waitpid(server, &status, WNOHANG) == 0);
		say_to(fd, "i");
		CHECK(all_of(fd, &out) > 0 && has_end((const char *)out.data, "\r\n\r\nhi"));
		buf_reset(&out);
		CHECK(waitpid(server, &status, 0) == server && status == 0);
		close(log_pipe[0]);
	}
	buf_clear(&out);
}

/* ---- what is refused ---- */

static void strangers_are_not_let_in(void)
{
	static const char *const all[] = { "0.0.0.0:0", NULL }, *const none[] = { NULL };
	const char *const free_for_all[] = { "127.0.0.1:0", "[::]:0", NULL };
	struct serve_opts o[2];
	const struct serve_opts *both[] = { &o[0], &o[1] };

	set_up(&o[0], 0, 0, all);
	set_up(&o[1], 1, 0, all);
	CHECK_ERR(serve_run_groups(both, 2), ERR_USAGE);
	CHECK(begins(err_text(), "'0.0.0.0:") && strstr(err_text(), ": not for strangers"));
	o[1].listen = free_for_all;
	CHECK_ERR(serve_run_groups(both, 2), ERR_USAGE);
	CHECK(begins(err_text(), "'[::]:"));
	o[1].listen = none;
	CHECK_ERR(serve_run_groups(both, 2), ERR_USAGE);
	o[0].listen = o[1].listen = NULL;
	CHECK_ERR(serve_run_groups(both, 2), ERR_USAGE);
	CHECK_ERR(serve_run_groups(both, 0), ERR_USAGE);
}

/* one of them cannot begin: then there is no server, and nothing of the other stays */
static void all_or_none(void)
{
	static const char *const at[] = { "127.0.0.1:0", NULL };
	struct serve_opts o[2];
	const struct serve_opts *both[] = { &o[0], &o[1] };
	char name[64], kids[64];
	int fd;

	set_up(&o[0], 0, 1, at);
	set_up(&o[1], 1, 1, at);
	o[0].ready = o[1].ready = NULL;
	o[1].log_path = "/nowhere/at/all";
	CHECK_ERR(serve_run_groups(both, 2), ERR_NOTFOUND);
	snprintf(name, sizeof name, "/proc/self/task/%d/children", (int)getpid());
	fd = open(name, O_RDONLY);
	CHECK(fd < 0 || read(fd, kids, sizeof kids) == 0);
	close(fd);
}

int main(void)
{
	shared = mmap(NULL, N * sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || rig_begin() < 0)
		return 1;
	snprintf(written, sizeof written, "%s.written", rig_name);
	RUN(each_has_its_rights);
	RUN(a_crash_is_one_group_s);
	RUN(a_hangup_is_everybody_s);
	RUN(all_are_drained);
	RUN(a_handler_ends_the_server);
	RUN(strangers_are_not_let_in);
	RUN(all_or_none);
	rig_end();
	return UNIT_END();
}
