/* serve_test - messages between pump and workers, the process that makes workers, and where to listen */
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "serve/link.h"
#include "serve/listen.h"
#include "serve/peers.h"
#include "serve/spawn.h"

/* ---- links ---- */

static void messages_arrive_whole(void)
{
	static uint8_t big[LINK_DATA];
	struct link_msg m = { .type = LINK_BYTES, .fd = -1, .data = span_of(big, sizeof big) }, got;
	struct buf room = BUF_INIT(LINK_MAX);
	int fds[2];

	NEED(link_pair(fds) == 0);
	CHECK(link_recv(fds[0], &got, &room) == 0);
	big[sizeof big - 1] = 7;
	CHECK(link_send(fds[1], &m) == 1);
	m = (struct link_msg){ .type = LINK_EXTENT, .slot = 3, .off = 1ull << 40, .len = 5, .fd = -1 };
	CHECK(link_send(fds[1], &m) == 1);
	m = (struct link_msg){ .type = LINK_HEAD, .status = 404, .len = UINT64_MAX, .fd = -1, .data = span_str("a: b\r\n") };
	CHECK(link_send(fds[1], &m) == 1);
	NEED(link_recv(fds[0], &got, &room) == 1);
	CHECK(got.type == LINK_BYTES && got.data.len == sizeof big && got.data.p[sizeof big - 1] == 7);
	NEED(link_recv(fds[0], &got, &room) == 1);
	CHECK(got.type == LINK_EXTENT && got.slot == 3 && got.off == 1ull << 40 && got.len == 5);
	NEED(link_recv(fds[0], &got, &room) == 1);
	CHECK(got.type == LINK_HEAD && got.status == 404 && got.len == UINT64_MAX);
	CHECK(span_equal(got.data, span_str("a: b\r\n")));
	close(fds[1]);
	CHECK_ERR(link_recv(fds[0], &got, &room), ERR_INTERRUPTED);
	m.type = LINK_WANT;
	close(fds[0]);
	buf_clear(&room);
}

static void files_travel(void)
{
	struct link_msg m = { .type = LINK_FILE, .slot = 1 }, got;
	struct buf room = BUF_INIT(LINK_MAX);
	struct stat a, b;
	int fds[2];

	NEED(link_pair(fds) == 0);
	m.fd = open("/dev/null", O_RDONLY);
	NEED(m.fd >= 0 && link_send(fds[1], &m) == 1);
	NEED(link_recv(fds[0], &got, &room) == 1);
	CHECK(got.type == LINK_FILE && got.slot == 1 && got.fd >= 0 && got.fd != m.fd);
	CHECK(fcntl(got.fd, F_GETFD) & FD_CLOEXEC);
	CHECK(fstat(got.fd, &a) == 0 && fstat(m.fd, &b) == 0 && a.st_rdev == b.st_rdev);
	close(got.fd);
	close(m.fd);
	close(fds[0]);
	close(fds[1]);
	buf_clear(&room);
}

static int descriptors(void)
{
	int fd = dup(0);

	if (fd >= 0)
		close(fd);
	return fd;
}

/* a worker that was taken over: what it sends is refused, and no descriptor of it stays */
static void what_is_no_message(void)
{
	static const struct link_msg bad[] = {
		{ .type = LINK_HEAD, .status = 100, .fd = -1 },
		{ .type = LINK_HEAD, .status = 600, .fd = -1 },
		{ .type = LINK_BYTES, .fd = -1 },
		{ .type = LINK_EXTENT, .slot = LINK_SLOTS, .len = 1, .fd = -1 },
		{ .type = LINK_EXTENT, .len = 0, .fd = -1 },
		{ .type = LINK_EXTENT, .off = INT64_MAX, .len = 2, .fd = -1 },
		{ .type = LINK_FILE, .slot = LINK_SLOTS, .fd = 0 },
		{ .type = LINK_END, .status = 4, .fd = -1 },
		{ .type = (enum link_type)99, .fd = -1 },
	};
	struct link_msg got;
	struct buf room = BUF_INIT(LINK_MAX);
	int fds[2], before;
	size_t i;

	NEED(link_pair(fds) == 0);
	before = descriptors();
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK(link_send(fds[1], &bad[i]) == 1);
		CHECK_ERR(link_recv(fds[0], &got, &room), ERR_INVALID);
		CHECK(got.fd == -1);
	}
	CHECK(send(fds[1], "short", 5, 0) == 5);
	CHECK_ERR(link_recv(fds[0], &got, &room), ERR_INVALID);
	CHECK(descriptors() == before);
	close(fds[0]);
	close(fds[1]);
	buf_clear(&room);
}

/* the pump's end says when there is no room, and loses nothing */
static void a_full_link(void)
{
	static uint8_t body[LINK_DATA];
	struct link_msg m = { .type = LINK_BODY, .fd = -1, .data = span_of(body, sizeof body) }, got;
	struct buf room = BUF_INIT(LINK_MAX);
	int fds[2], sent = 0, heard = 0;

	NEED(link_pair(fds) == 0);
	while (sent < 1000 && link_send(fds[0], &m) == 1)
		sent++;
	CHECK(sent > 1 && sent < 1000);
	CHECK(fcntl(fds[1], F_SETFL, O_NONBLOCK) == 0);
	while (link_recv(fds[1], &got, &room) == 1)
		heard++;
	CHECK(heard == sent);
	CHECK(link_send(fds[0], &m) == 1);
	close(fds[0]);
	close(fds[1]);
	buf_clear(&room);
}

/* ---- the spawner ---- */

static int echo(int fd, void *arg)
{
	struct buf room = BUF_INIT(LINK_MAX);
	struct link_msg m;
	int rc;

	while ((rc = link_recv(fd, &m, &room)) == 1) {
		if (m.type == LINK_BODY_END)
			abort();
		m.type = LINK_BYTES;
		link_send(fd, &m);
	}
	buf_clear(&room);
	return rc == ERR_INTERRUPTED ? *(int *)arg : 1;
}

static int wait_news(struct spawner *s, struct spawn_news *news)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };

	return poll(&p, 1, 10000) == 1 ? spawn_next(s, news) : 0;
}

static void workers_come_and_go(void)
{
	struct spawn_news made[2] = { { 0 } }, news = { 0 };
	struct link_msg m = { .type = LINK_BODY, .fd = -1, .data = span_str("hello") }, got;
	struct buf room = BUF_INIT(LINK_MAX);
	struct spawner s;
	struct pollfd p;
	int code = 9, i;

	NEED(spawn_start(&s, NULL, echo, NULL, &code, -1) == 0);
	CHECK(spawn_next(&s, &news) == 0);
	CHECK(spawn_ask(&s, 2) == 0);
	for (i = 0; i < 2; i++) {
		NEED(wait_news(&s, &made[i]) == 1);
		CHECK(made[i].fd >= 0 && made[i].pid > 0);
	}
	NEED(link_send(made[0].fd, &m) == 1);
	p = (struct pollfd){ .fd = made[0].fd, .events = POLLIN };
	NEED(poll(&p, 1, 10000) == 1 && link_recv(made[0].fd, &got, &room) == 1);
	CHECK(got.type == LINK_BYTES && span_equal(got.data, span_str("hello")));
	/* nobody waits for its answer any more: it ends as it likes, and we hear of it */
	close(made[0].fd);
	NEED(wait_news(&s, &news) == 1);
	CHECK(news.pid == made[0].pid && news.fd == -1 && WIFEXITED(news.status) && WEXITSTATUS(news.status) == 9);
	/* one that dies costs only itself */
	m = (struct link_msg){ .type = LINK_BODY_END, .fd = -1 };
	NEED(link_send(made[1].fd, &m) == 1);
	NEED(wait_news(&s, &news) == 1);
	CHECK(news.pid == made[1].pid && WIFSIGNALED(news.status));
	CHECK_ERR(link_recv(made[1].fd, &got, &room), ERR_INTERRUPTED);
	CHECK(spawn_ask(&s, 1) == 0);
	NEED(wait_news(&s, &news) == 1 && news.fd >= 0);
	close(news.fd);
	close(made[1].fd);
	spawn_stop(&s, 10000);
	CHECK(s.pid == 0);
	buf_clear(&room);
}

static int pauses(int fd, void *arg)
{
	(void)fd;
	(void)arg;
	while (getppid() > 0)
		pause();
	return 0;
}

/* its own workers are ended when it is told to, and nobody else */
static void workers_that_must_end(void)
{
	struct spawn_news made = { 0 }, news = { 0 };
	struct spawner s;
	pid_t other;
	int i, status;

	NEED(spawn_start(&s, NULL, pauses, NULL, NULL, -1) == 0);
	other = fork();
	if (other == 0)
		_exit(pauses(0, NULL));
	CHECK(spawn_ask(&s, 1) == 0);
	NEED(wait_news(&s, &made) == 1 && made.fd >= 0);
	CHECK(spawn_kill(&s, other) == 0 && spawn_kill(&s, s.pid) == 0 && spawn_kill(&s, 0) == 0 &&
	      spawn_kill(&s, -1) == 0 && spawn_kill(&s, 1) == 0);
	for (i = 0; i < 2; i++) {		/* what comes first is done first */
		CHECK(spawn_kill(&s, made.pid) == 0);
		if (i == 0)
			NEED(wait_news(&s, &news) == 1);
	}
	CHECK(news.pid == made.pid && WIFSIGNALED(news.status) && WTERMSIG(news.status) == SIGKILL);
	CHECK(waitpid(other, &status, WNOHANG) == 0 && waitpid(s.pid, &status, WNOHANG) == 0);
	kill(other, SIGKILL);
	CHECK(waitpid(other, &status, 0) == other);
	close(made.fd);
	spawn_stop(&s, 10000);
}

/* ---- addresses ---- */

static void addresses(void)
{
	static const char *const bad[] = {
		"", ":", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:80", "unix:", "host name:80"
	};
	struct listener l[LISTEN_MAX];
	size_t n = 0, i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_ERR(listen_open(bad[i], l, &n), ERR_USAGE);
	CHECK(n == 0);
	NEED(listen_open("127.0.0.1:0", l, &n) == 0);
	CHECK(n == 1 && strncmp(l[0].text, "127.0.0.1:", 10) == 0 && atoi(l[0].text + 10) > 0);
	CHECK_ERR(listen_open(l[0].text, l, &n), ERR_BUSY);
	CHECK(n == 1);
	listen_close(l, n);
}

static void a_socket_in_the_filesystem(void)
{
	char spec[200], peer[PEER_TEXT_MAX];
	const char *tmp = getenv("TMPDIR");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct listener l[LISTEN_MAX], dead;
	size_t n = 0;
	int fd, client;

	snprintf(spec, sizeof spec, "unix:%s/ipfrs-serve-test.%d", tmp ? tmp : "/tmp", (int)getpid());
	NEED(strlen(spec) < sizeof a.sun_path);
	strcpy(a.sun_path, spec + 5);
	NEED(listen_open(spec, l, &n) == 0 && n == 1);
	CHECK(l[0].is_unix);
	CHECK_STR(l[0].text, spec);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	NEED(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
	client = accept(l[0].fd, NULL, NULL);
	NEED(client >= 0);
	peer_text(client, peer);
	CHECK_STR(peer, "unix:");
	CHECK(peer_is_local(client));
	CHECK_ERR(listen_open(spec, l, &n), ERR_BUSY);	/* somebody is at it */
	/* one that was killed leaves its name behind: it is taken over */
	dead = l[0];
	close(dead.fd);
	free(dead.path);
	n = 0;
	NEED(listen_open(spec, l, &n) == 0);
	listen_close(l, n);
	CHECK(access(spec + 5, F_OK) < 0);
	close(fd);
	close(client);
}

/* ---- clients by address ---- */

/* two rows against what plain counting says */
static void counts_of_addresses(void)
{
	enum { KEYS = 100, STEPS = 20000 };
	static unsigned have[2][KEYS + 1];
	struct peers *ps = peers_new(2, 200);
	unsigned seed = 5, i, row, key, bad = 0;

	NEED(ps != NULL);
	for (i = 0; i < STEPS; i++) {
		seed = seed * 1103515245 + 12345;
		row = seed >> 16 & 1;
		key = 1 + (seed >> 17) % KEYS;
		if (have[row][key] < 3 && (seed >> 28) % 2) {
			have[row][key]++;
			bad += peers_add(ps, row, key) != have[0][key] + have[1][key];
		} else if (have[row][key]) {
			have[row][key]--;
			peers_drop(ps, row, key);
		}
	}
	CHECK(bad == 0);
	peers_drop(ps, 0, 9999);		/* nobody */
	peers_clear(ps, 0);			/* its pump has died */
	for (key = 1; key <= KEYS; key++)
		bad += peers_add(ps, 1, key) != have[1][key] + 1;
	CHECK(bad == 0);
	CHECK(peers_key(-1) == 0);
}

static void addresses_of_tls(void)
{
	struct listener l[LISTEN_MAX];
	size_t n = 0;

	NEED(listen_open("tls:127.0.0.1:0", l, &n) == 0 && listen_open("https://127.0.0.1:0", l, &n) == 0 &&
	     listen_open("http://127.0.0.1:0", l, &n) == 0);
	CHECK(n == 3 && l[0].tls && l[1].tls && !l[2].tls);
	CHECK(strncmp(l[0].text, "tls:127.0.0.1:", 14) == 0 && strncmp(l[2].text, "127.0.0.1:", 10) == 0);
	CHECK_ERR(listen_open("tls:", l, &n), ERR_USAGE);
	listen_close(l, n);
}

int main(void)
{
	RUN(messages_arrive_whole);
	RUN(files_travel);
	RUN(what_is_no_message);
	RUN(a_full_link);
	RUN(workers_come_and_go);
	RUN(workers_that_must_end);
	RUN(addresses);
	RUN(a_socket_in_the_filesystem);
	RUN(counts_of_addresses);
	RUN(addresses_of_tls);
	return UNIT_END();
}
