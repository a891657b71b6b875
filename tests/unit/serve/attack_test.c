/* attack_test - what those who mean harm, or just fall over, cost: nothing that stays, and nothing for others */
#include <sys/mman.h>
#include <sys/resource.h>

#include "tests/unit/serve/rig.h"
#include "tests/unit/serve/count.h"

static struct shared {
	_Atomic unsigned done;
	_Atomic int status, whole;
} *shared;

static void done(void *ctx, const struct serve_done *d)
{
	(void)ctx;
	shared->status = d->status;
	shared->whole = d->whole;
	shared->done++;
}

static void one_pump(struct serve_opts *o)
{
	o->pumps = 1;
	o->done = done;
	o->send_ms = 1000;
}

static void who_vanishes(void)
{
	char bytes[1000];
	int pool, i, fd, fds, workers;
	pid_t pids[64];

	for (pool = 0; pool < 2; pool++) {
		begin_one(pool, one_pump);
		NEED(pump_pid && spawner_pid);
		CHECK(alive());
		usleep(200000);
		fds = descriptors(pump_pid);
		workers = children(spawner_pid, pids, 64);
		for (i = 0; i < 40; i++) {
			struct linger now = { 1, 0 };

			fd = dial();
			say_to(fd, i % 4 == 0 ? "GET /file HTTP/1.1\r\n" END : i % 4 == 1 ? "GET /file?c HTTP/1.1\r\n" END :
			       i % 4 == 2 ? "POST /echo HTTP/1.1\r\nContent-Length: 9\r\n" END "x" : "GET /");
			if (i % 4 < 2)
				CHECK(recv(fd, bytes, sizeof bytes, 0) > 0);
			if (i % 8 < 4)		/* by a reset */
				setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
			close(fd);
		}
		CHECK(alive());
		/* a pool may have grown meanwhile: a link and a file for each of its eight */
		CHECK(rests_at(workers > 8 ? workers : 8, pool ? fds + 16 : fds));
		CHECK(stop() == 0);
	}
}

/* one that takes nothing: it is let go, and so is what it had */
static void who_does_not_read(void)
{
	struct timeval patience = { WAIT_MS / 1000, 0 };
	int fds[5], i, before;

	begin_one(0, one_pump);
	NEED(pump_pid && spawner_pid);
	CHECK(alive());
	usleep(200000);
	before = descriptors(pump_pid);
	for (i = 0; i < 5; i++) {
		int small = 4096;

		fds[i] = dial();
		setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
		setsockopt(fds[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
		say_to(fds[i], "GET /file HTTP/1.1\r\n" END);
	}
	CHECK(alive());
	CHECK(rests_at(2, before));
	for (i = 0; i < 5; i++)
		close(fds[i]);
	CHECK(stop() == 0);
}

static void a_worker_killed_in_the_middle(void)
{
	pid_t pids[64];
	struct buf out = BUF_INIT(1 << 24);
	char bytes[100];
	int pool, fd, other, n, i;
	ssize_t got;

	for (pool = 0; pool < 2; pool++) {
		begin_one(pool, one_pump);
		NEED(pump_pid && spawner_pid);
		other = dial();
		say_to(other, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n");
		usleep(200000);
		/* a head is out, and the client waits for the rest */
		fd = dial();
		say_to(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 30\r\n\r\nhello");
		CHECK(recv(fd, bytes, sizeof bytes, 0) > 0);
		n = children(spawner_pid, pids, 64);
		for (i = 0; i < n; i++)
			kill(pids[i], SIGKILL);
		got = all_of(fd, &out);
		CHECK(got < 0);			/* a reset: nothing that could be taken for the end */
		buf_reset(&out);
		CHECK(all_of(other, &out) > 0 && begins((const char *)out.data, "HTTP/1.1 500 "));
		buf_reset(&out);
		for (i = 0; i < n; i++)		/* until they are dead, and not only dying */
			while (kill(pids[i], 0) == 0)
				usleep(1000);
		CHECK(alive());
		CHECK(stop() == 0);
	}
	buf_clear(&out);
}

/* ---- descriptors ---- */

static void limit_descriptors(unsigned n)
{
	struct rlimit r;

	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = n;
	setrlimit(RLIMIT_NOFILE, &r);
}

static void no_descriptors_left(void)
{
	struct rlimit r = { 40, 40 };
	enum { MANY = 100 };
	int fds[MANY], i;

	begin_one(1, one_pump);
	NEED(pump_pid && spawner_pid);
	CHECK(alive());
	CHECK(prlimit(pump_pid, RLIMIT_NOFILE, &r, NULL) == 0);
	for (i = 0; i < MANY; i++)
		fds[i] = dial();		/* the queue of the system takes them */
	usleep(300000);
	CHECK(descriptors(pump_pid) <= 43);
	for (i = 0; i < MANY; i++)
		close(fds[i]);
	for (i = 0; i < 5; i++)
		CHECK(alive());
	CHECK(stop() == 0);
}

static void a_thousand_idle_clients(void)
{
	enum { IDLE = 1000 };
	static int fds[IDLE];
	int64_t before, after;
	int i;
	char text[200];

	limit_descriptors(4096);
	begin_one(1, one_pump);
	NEED(pump_pid && spawner_pid);
	CHECK(alive());
	before = memory_kb(pump_pid);
	for (i = 0; i < IDLE; i++) {
		fds[i] = dial();
		say_to(fds[i], "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
		CHECK(recv(fds[i], text, sizeof text, 0) > 0);
	}
	after = memory_kb(pump_pid);
	CHECK(before > 0 && after - before < 16 * IDLE);	/* KiB: 16 for each */
	CHECK(alive());
	for (i = 0; i < IDLE; i++) {		/* none was dropped */
		say_to(fds[i], "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
		CHECK(recv(fds[i], text, sizeof text, 0) > 0);
		close(fds[i]);
	}
	CHECK(stop() == 0);
}

int main(void)
{
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || rig_begin() < 0)
		return 1;
	RUN(who_vanishes);
	RUN(who_does_not_read);
	RUN(a_worker_killed_in_the_middle);
	RUN(no_descriptors_left);
	RUN(a_thousand_idle_clients);
	rig_end();
	return UNIT_END();
}
