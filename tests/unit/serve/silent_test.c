/* silent_test - workers that do not answer: how long they are waited for, and that they are ended when nobody is left
 * who waits */
#include "tests/unit/serve/rig.h"
#include "tests/unit/serve/count.h"

static void brief(struct serve_opts *o)
{
	o->pumps = 1;
	o->workers = 3;
	o->answer_ms = 1500;
	o->body_ms = 20000;
	o->drain_ms = 2000;
	o->send_ms = 2000;
}

static void patient(struct serve_opts *o)
{
	brief(o);
	o->answer_ms = 0;
}

/* 504 where nothing has been said yet, else a reset; others are not in the way of that */
static void who_is_not_answered(void)
{
	struct buf out = BUF_INIT(1 << 20);
	int pool, fd, slow;

	for (pool = 0; pool < 2; pool++) {
		begin_one(pool, brief);
		NEED(pump_pid && spawner_pid);
		/* its worker waits for it: that is none of the worker's time */
		slow = dial();
		say_to(slow, "POST /echo HTTP/1.1\r\nContent-Length: 2\r\n" END "h");
		CHECK(begins(ask("GET /sleep HTTP/1.1\r\n" END, NULL), "HTTP/1.1 504 Gateway Timeout\r\n"));
		fd = dial();
		say_to(fd, "GET /sleep?then HTTP/1.1\r\n" END);
		CHECK(all_of(fd, &out) < 0 && begins((const char *)out.data, "HTTP/1.1 200 ") && out.len > 60000 &&
		      out.len < 140000);
		buf_reset(&out);
		say_to(slow, "i");
		CHECK(all_of(slow, &out) > 0 && has_end((const char *)out.data, "\r\n\r\nhi"));
		buf_reset(&out);
		CHECK(alive());
		CHECK(stop() == 0);
	}
	buf_clear(&out);
}

/* Two of three places are taken by workers nobody waits for: they are killed, and there is room for others again. */
static void whose_client_has_left(void)
{
	struct linger now = { 1, 0 };
	pid_t pids[64], sleeping[3];
	int pool, i, n, fd;

	for (pool = 0; pool < 2; pool++) {
		begin_one(pool, patient);
		NEED(pump_pid && spawner_pid);
		CHECK(alive());
		for (i = 0; i < 3; i++) {
			fd = dial();
			say_to(fd, "GET /sleep HTTP/1.1\r\n" END);
			usleep(300000);
			if (i < 2)		/* by a reset */
				setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
			close(fd);
		}
		n = children(spawner_pid, pids, 64);
		CHECK(n >= 3);
		for (i = 0; i < 3 && i < n; i++)
			sleeping[i] = pids[i];
		CHECK(alive());			/* it has waited for a place */
		for (i = 0; i < 10000 && (kill(sleeping[0], 0) == 0 || kill(sleeping[1], 0) == 0 ||
					  kill(sleeping[2], 0) == 0); i++)
			usleep(1000);
		CHECK(i < 10000);
		CHECK(children(spawner_pid, pids, 64) <= 3);
		CHECK(stop() == 0);
	}
}

/* Half a close is none: this client waits for its answers. */
static void who_has_said_all(void)
{
	struct buf out = BUF_INIT(1 << 23);
	int pool, fd;

	for (pool = 0; pool < 2; pool++) {
		begin_one(pool, brief);
		NEED(pump_pid && spawner_pid);
		fd = dial();
		say_to(fd, "GET /file HTTP/1.1\r\nHost: h\r\n\r\nGET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
		shutdown(fd, SHUT_WR);
		usleep(50000);
		CHECK(all_of(fd, &out) > FILE_LEN && has_end((const char *)out.data + out.len - 5, "hello"));
		buf_reset(&out);
		CHECK(stop() == 0);
	}
	buf_clear(&out);
}

int main(void)
{
	if (rig_begin() < 0)
		return 1;
	RUN(who_is_not_answered);
	RUN(whose_client_has_left);
	RUN(who_has_said_all);
	rig_end();
	return UNIT_END();
}
