/* house_test - several pumps behind one address and their parent, a pump for each client, and the sockets that
 * inetd, systemd and tcpserver hand over */
#include "tests/unit/serve/rig.h"

/* the processes that have `parent` as theirs; how many */
static int children(pid_t parent, pid_t *out, int max)
{
	char name[64], text[4096];
	int fd, n = 0;
	ssize_t len;
	char *at, *end;

	snprintf(name, sizeof name, "/proc/%d/task/%d/children", (int)parent, (int)parent);
	fd = open(name, O_RDONLY);
	len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return 0;
	text[len] = 0;
	for (at = text; n < max; at = end) {
		out[n] = (pid_t)strtol(at, &end, 10);
		if (end == at)
			break;
		n++;
	}
	return n;
}

static void three_pumps(struct serve_opts *o)
{
	o->pumps = 3;
}

static void a_pump_that_dies_is_replaced(void)
{
	pid_t pumps[8] = { 0 }, now[8], pids[8];
	int pool, i, n = 0;

	for (pool = 0; pool < 2; pool++) {
		start(pool, three_pumps);
		NEED(children(server, pumps, 8) == 3);
		CHECK(alive());
		for (i = 0; i < 3; i++)		/* each takes clients */
			CHECK(children(pumps[i], pids, 8) == 1);
		for (i = 0; i < 3; i++)
			kill(pumps[i], SIGKILL);
		CHECK(alive());			/* it waits until there is one again */
		for (i = 0; i < 5000 && n != 3; i++, usleep(1000))
			n = children(server, now, 8);
		CHECK(n == 3 && now[0] != pumps[0]);
		CHECK(alive());
		n = 0;
		CHECK(stop() == 0);
	}
}

/* nothing of it stays when the parent is killed */
static void without_a_parent(void)
{
	pid_t pumps[8];
	int i, status;

	start(1, three_pumps);
	NEED(children(server, pumps, 8) == 3);
	kill(server, SIGKILL);
	CHECK(waitpid(server, &status, 0) == server);
	close(log_pipe[0]);
	for (i = 0; i < 5000 && (kill(pumps[0], 0) == 0 || kill(pumps[1], 0) == 0 || kill(pumps[2], 0) == 0); i++)
		usleep(1000);
	CHECK(i < 5000);
}

static void bad_log(struct serve_opts *o)
{
	o->log_path = "/nowhere/at/all";
}

/* what a pump cannot do at its beginning is the parent's error */
static void a_beginning_that_fails(void)
{
	static const char *const at[] = { "127.0.0.1:0", NULL };
	struct serve_opts o;

	serve_opts_init(&o);
	o.listen = at;
	o.answer = answer;
	bad_log(&o);
	fflush(stdout);
	CHECK_ERR(serve_run(&o), ERR_NOTFOUND);
	CHECK(strstr(err_text(), "opening the log '/nowhere/at/all'") != NULL);
}

static void one_each(struct serve_opts *o)
{
	o->conns = 1;
	o->workers = 3;
	o->conns_per_ip = 2;
}

static int nobody_left(void)
{
	pid_t pumps[8];
	int i, n = 1;

	for (i = 0; i < 5000 && n; i++, usleep(1000))
		n = children(server, pumps, 8);
	return n == 0;
}

static void a_pump_for_each_client(void)
{
	pid_t pumps[8];
	int fds[2], i, status;
	char c;

	start(0, one_each);
	CHECK(children(server, pumps, 8) == 0);
	for (i = 0; i < 2; i++) {
		fds[i] = dial();
		say_to(fds[i], "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
		CHECK(recv(fds[i], &c, 1, 0) == 1 && c == 'H');
	}
	CHECK(children(server, pumps, 8) == 2);
	CHECK_STR(ask("GET /hello HTTP/1.1\r\n" END, NULL), "");	/* the third of this address */
	close(fds[0]);
	close(fds[1]);
	CHECK(nobody_left());
	CHECK(alive() && nobody_left());
	CHECK(begins(ask("GET /crash HTTP/1.1\r\n" END, NULL), "HTTP/1.1 500 ") && nobody_left());
	CHECK(alive() && nobody_left());
	/* what is under way is answered, although we are told to end */
	fds[0] = dial();
	say_to(fds[0], "POST /echo HTTP/1.1\r\nContent-Length: 2\r\n" END "h");
	usleep(300000);
	kill(server, SIGTERM);
	usleep(100000);
	say_to(fds[0], "i");
	CHECK(recv(fds[0], &c, 1, 0) == 1 && c == 'H');
	close(fds[0]);
	CHECK(waitpid(server, &status, 0) == server && status == 0);
	close(log_pipe[0]);
}

/* ---- sockets that are given ---- */

static void given(struct serve_opts *o, int pool)
{
	serve_opts_init(o);
	o->answer = answer;
	o->begin = begin;
	o->ctx = &big;
	o->pool = pool;
	o->quiet_ms = 300;
}

/* inetd wait: descriptor 0 listens; when nobody comes any more, the server goes, and inetd listens again */
static void inetd_wait(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;
	struct serve_opts o;
	int pool, status, i, listener;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	NEED(listener >= 0 && bind(listener, (struct sockaddr *)&a, sizeof a) == 0 && listen(listener, 50) == 0);
	NEED(getsockname(listener, (struct sockaddr *)&a, &len) == 0);
	port = ntohs(a.sin_port);
	for (pool = 0; pool < 2; pool++) {
		fflush(stdout);
		server = fork();
		if (server == 0) {
			given(&o, pool);
			unsetenv("LISTEN_FDS");
			if (dup2(listener, 0) < 0)
				_exit(2);
			close(listener);
			_exit(serve_run(&o) < 0);
		}
		for (i = 0; i < 5; i++)
			CHECK(alive());
		CHECK(waitpid(server, &status, 0) == server && status == 0);
	}
	close(listener);
}

/* run as a program of its own, by those who hand over sockets: see main */
static int serve_given(void)
{
	struct serve_opts o;

	given(&o, 0);
	return serve_run(&o) < 0;
}

static int can(const char *program)
{
	char text[200];

	snprintf(text, sizeof text, "command -v %s >/dev/null 2>&1", program);
	return system(text) == 0;
}

/* a port nobody has at the moment */
static int free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		abort();
	close(fd);
	return ntohs(a.sin_port);
}

static int reachable(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	yes = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
	close(fd);
	return yes;
}

static void under(const char *const *words)
{
	int i, status;

	fflush(stdout);
	server = fork();
	if (server == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 2);
		execvp(words[0], (char *const *)(uintptr_t)words);
		_exit(127);
	}
	for (i = 0; i < 5000 && !reachable(); i++)
		usleep(2000);
	for (i = 0; i < 3; i++)
		CHECK(alive());
	kill(server, SIGTERM);
	CHECK(waitpid(server, &status, 0) == server);
}

static char self[4096];

static void socket_activation(void)
{
	char at[40], file[4200];
	const char *const no[] = { "systemd-socket-activate", "-E", file, "-l", at, self, "given", NULL };
	const char *const yes[] = { "systemd-socket-activate", "-a", "--inetd", "-E", file, "-l", at, self, "given",
				    NULL };

	if (!can("systemd-socket-activate")) {
		printf("# systemd-socket-activate is not here\n");
		return;
	}
	snprintf(file, sizeof file, "PUMP_TEST_FILE=%s", rig_name);
	port = free_port();
	snprintf(at, sizeof at, "127.0.0.1:%d", port);
	under(no);				/* Accept=no */
	port = free_port();
	snprintf(at, sizeof at, "127.0.0.1:%d", port);
	under(yes);				/* Accept=yes */
}

static void ucspi(void)
{
	char at[20];
	const char *const words[] = { "tcpserver", "-RHl0", "127.0.0.1", at, self, "given", NULL };

	if (!can("tcpserver")) {
		printf("# tcpserver is not here\n");
		return;
	}
	port = free_port();
	snprintf(at, sizeof at, "%d", port);
	under(words);
}

/* the real one, in both of its ways */
static void inetd(void)
{
	static const char *const ways[] = { "nowait", "wait" };
	char name[4300], text[9000];
	const char *const words[] = { "/usr/sbin/inetd", "-E", "-i", name, NULL };
	int i, fd;

	if (!can("/usr/sbin/inetd") || getuid() != 0) {
		printf("# no inetd here, or we are not root\n");
		return;
	}
	snprintf(name, sizeof name, "%s.inetd", rig_name);
	for (i = 0; i < 2; i++) {
		port = free_port();
		snprintf(text, sizeof text, "127.0.0.1:%d stream tcp %s root %s house_test given\n", port, ways[i], self);
		fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		NEED(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
		close(fd);
		under(words);
	}
	unlink(name);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "given") == 0)
		return serve_given();
	if (rig_begin() < 0 || !realpath(argv[0], self))
		return 1;
	RUN(a_pump_that_dies_is_replaced);
	RUN(without_a_parent);
	RUN(a_beginning_that_fails);
	RUN(a_pump_for_each_client);
	RUN(inetd_wait);
	RUN(socket_activation);
	RUN(ucspi);
	RUN(inetd);
	rig_end();
	return UNIT_END();
}
