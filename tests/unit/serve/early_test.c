/* early_test - answers that begin while the body is still coming: pieces that go out at once, errors that are read, and
 * clients who leave in the middle */
#include <errno.h>
#include <sys/mman.h>

#include "base/err.h"
#include "tests/unit/serve/rig.h"

static struct shared { _Atomic int reads, last, done; } *shared;

/* ---- handlers ---- */

/* a line for each piece of the body, at once; with a query, one before the first, too */
static int progress(struct request *rq, struct reply *r, void *ctx)
{
	char piece[1000], line[40];
	ssize_t n = 0;
	size_t all = 0;
	int rc = reply_field(r, "trailer", "x-bytes");

	(void)ctx;
	if (rc == 0)
		rc = reply_start(r, 200, LEN_UNKNOWN);
	if (rc == 0 && rq->query.len)
		rc = sink_bytes(&r->sink, span_str("begun\n"));
	if (rc == 0)
		rc = reply_flush(r);
	while (rc == 0 && (n = rq->read(rq, piece, sizeof piece)) > 0) {
		all += (size_t)n;
		snprintf(line, sizeof line, "%zu\n", all);
		rc = sink_bytes(&r->sink, span_str(line));
		if (rc == 0)
			rc = reply_flush(r);
	}
	shared->last = n < 0 ? (int)n : rc;
	shared->done++;
	rc = n < 0 ? (int)n : rc;
	return rc < 0 ? rc : reply_trailer(r, "x-bytes", "%zu", all);
}

/* no word of the body is read between the two */
static int pauses(struct request *rq, struct reply *r, void *ctx)
{
	int rc = reply_start(r, 200, LEN_UNKNOWN), i;

	(void)rq;
	(void)ctx;
	for (i = 0; rc == 0 && i < 2; i++) {
		rc = sink_bytes(&r->sink, span_str(i ? "second\n" : "first\n"));
		if (rc == 0)
			rc = reply_flush(r);
		usleep(i ? 0 : 700000);
	}
	return rc;
}

static int only_trailers(struct request *rq, struct reply *r, void *ctx)
{
	int rc = reply_field(r, "trailer", "x-end");

	(void)rq;
	(void)ctx;
	if (rc == 0)
		rc = reply_start(r, 200, LEN_UNKNOWN);
	return rc < 0 ? rc : reply_trailer(r, "x-end", "yes");
}

/* it has read a little when it says no */
static int refuses(struct request *rq, struct reply *r, void *ctx)
{
	char piece[1000];
	ssize_t n = rq->read(rq, piece, sizeof piece);

	(void)ctx;
	return n < 0 ? (int)n : reply_status(rq, r, 403, "not this one");
}

/* reads all, and says nothing before */
static int swallows(struct request *rq, struct reply *r, void *ctx)
{
	char piece[1000];
	ssize_t n;

	(void)ctx;
	while ((n = rq->read(rq, piece, sizeof piece)) > 0)
		shared->reads++;
	shared->last = (int)n;
	shared->done++;
	return n < 0 ? (int)n : reply_whole(r, 200, "text/plain", span_str("all of it"));
}

/* how often it has to read for it all */
static int counts(struct request *rq, struct reply *r, void *ctx)
{
	static char piece[128 * 1024];
	char text[40];
	ssize_t n;
	int reads = 0;

	(void)ctx;
	while ((n = rq->read(rq, piece, sizeof piece)) > 0)
		reads++;
	snprintf(text, sizeof text, "%d", reads);
	return n < 0 ? (int)n : reply_whole(r, 200, "text/plain", span_str(text));
}

/* a line for each piece, and one when it had to be waited for; with a query it only looks whether a body is there */
static int looks(struct request *rq, struct reply *r, void *ctx)
{
	char piece[1000];
	ssize_t n = 1;
	int rc = 0;

	(void)ctx;
	if (rq->query.len)
		return reply_whole(r, 200, "text/plain", span_str(rq->ready(rq, 0) ? "ready" : "not yet"));
	rc = reply_start(r, 200, LEN_UNKNOWN);
	while (rc == 0 && n > 0) {
		if (!rq->ready(rq, 20)) {
			rc = sink_bytes(&r->sink, span_str("wait\n"));
			if (rc == 0)
				rc = reply_flush(r);
			while (rc == 0 && !rq->ready(rq, 1000))
				;
		}
		n = rq->read(rq, piece, sizeof piece);
		if (rc == 0 && n > 0)
			rc = sink_bytes(&r->sink, span_of(piece, (size_t)n));
		if (rc == 0)
			rc = reply_flush(r);
	}
	return n < 0 ? (int)n : rc;
}

static const struct route early_routes[] = {
	{ "POST", "/looks", looks, 0 },
	{ "POST", "/counts", counts, 0 },
	{ "POST", "/progress", progress, 0 }, { "POST", "/pauses", pauses, 0 }, { "POST", "/refuses", refuses, 0 },
	{ "POST GET", "/trailers", only_trailers, 0 }, { "POST", "/swallows", swallows, 0 },
	{ "POST", "/deaf", hello, 0 }, { "GET", "/hello", hello, 0 },
};

static int early_answer(struct request *rq, struct reply *r, void *ctx)
{
	return route_run(early_routes, sizeof early_routes / sizeof *early_routes, rq, r, ctx);
}

static void plain(struct serve_opts *o)
{
	o->answer = early_answer;
	o->pumps = 1;
}

/* ---- clients ---- */

/* receive until `text` has come: 1 or 0 */
static int sees(int fd, struct buf *got, const char *text)
{
	char bytes[4096];
	ssize_t n;

	while (!got->len || !strstr((const char *)got->data, text)) {
		n = recv(fd, bytes, sizeof bytes, 0);
		if (n <= 0)
			return 0;
		buf_bytes(got, bytes, (size_t)n);
	}
	return 1;
}

/* is nothing more to be read for a while? */
static int is_silent(int fd, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, wait_ms) == 0;
}

static void lines_while_uploading(void)
{
	struct buf got = BUF_INIT(1 << 16);
	int pool, fd;

	for (pool = 0; pool < 2; pool++) {
		start(pool, plain);
		fd = dial();
		say_to(fd, "POST /progress HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
		CHECK(sees(fd, &got, "\r\n\r\n"));
		CHECK(begins((const char *)got.data, "HTTP/1.1 200 OK\r\n"));
		CHECK(strstr((const char *)got.data, "\r\nconnection: close\r\n"));
		CHECK(strstr((const char *)got.data, "\r\ntrailer: x-bytes\r\n"));
		say_to(fd, "5\r\nhello\r\n");
		CHECK(sees(fd, &got, "\r\n2\r\n5\n\r\n"));
		CHECK(is_silent(fd, 50));
		say_to(fd, "6\r\n world\r\n");
		CHECK(sees(fd, &got, "\r\n3\r\n11\n\r\n"));
		say_to(fd, "0\r\n\r\n");
		CHECK(all_of(fd, &got) > 0);
		CHECK(has_end((const char *)got.data, "\r\n0\r\nx-bytes: 11\r\n\r\n"));
		buf_reset(&got);
		CHECK(stop() == 0);
	}
	buf_clear(&got);
}

/* whether a body can be read is known without reading it, and asking takes nothing from it or from what comes next */
static void ready_to_be_read(void)
{
	struct buf got = BUF_INIT(1 << 16);
	int pool, fd;

	for (pool = 0; pool < 2; pool++) {
		start(pool, plain);
		fd = dial();
		say_to(fd, "POST /looks HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
		CHECK(sees(fd, &got, "wait\n"));
		say_to(fd, "6\r\nfirst\n\r\n");
		CHECK(sees(fd, &got, "\r\nfirst\n\r\n5\r\nwait\n\r\n"));
		CHECK(is_silent(fd, 50));
		say_to(fd, "7\r\nsecond\n\r\n0\r\n\r\n");
		CHECK(all_of(fd, &got) > 0 && has_end((const char *)got.data, "\r\nsecond\n\r\n0\r\n\r\n"));
		buf_reset(&got);
		fd = dial();
		say_to(fd, "POST /looks?q HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");
		CHECK(sees(fd, &got, "not yet"));
		say_to(fd, "hello");
		close(fd);
		buf_reset(&got);
		fd = dial();
		say_to(fd, "POST /looks?q HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
		CHECK(sees(fd, &got, "\r\n\r\nready"));
		close(fd);
		buf_reset(&got);
		CHECK(stop() == 0);
	}
	buf_clear(&got);
}

/* RFC 9110 10.1.1: who waits for a 100 gets it before an answer that begins early, and sends */
static void one_who_waits_for_a_100(void)
{
	struct buf got = BUF_INIT(1 << 16);
	int pool, fd;

	for (pool = 0; pool < 2; pool++) {
		start(pool, plain);
		fd = dial();
		say_to(fd, "POST /progress?now HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
		CHECK(sees(fd, &got, "begun\n"));
		CHECK(begins((const char *)got.data, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
		say_to(fd, "hello");
		CHECK(all_of(fd, &got) > 0 && has_end((const char *)got.data, "\r\n2\r\n5\n\r\n0\r\nx-bytes: 5\r\n\r\n"));
		buf_reset(&got);
		/* a refusal is all the answer there is */
		fd = dial();
		say_to(fd, "POST /nowhere HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
		CHECK(sees(fd, &got, "\r\n\r\n"));
		CHECK(begins((const char *)got.data, "HTTP/1.1 404 "));
		CHECK(strstr((const char *)got.data, "\r\nconnection: close\r\n"));
		close(fd);
		buf_reset(&got);
		CHECK(stop() == 0);
	}
	buf_clear(&got);
}

static void a_flush_does_not_wait(void)
{
	struct buf got = BUF_INIT(1 << 16);
	int pool, fd;

	for (pool = 0; pool < 2; pool++) {
		start(pool, plain);
		fd = dial();
		say_to(fd, "POST /pauses HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
		CHECK(sees(fd, &got, "first\n"));
		CHECK(!strstr((const char *)got.data, "second") && is_silent(fd, 100));
		CHECK(sees(fd, &got, "second\n"));
		CHECK(!strstr((const char *)got.data, "connection: close"));
		close(fd);
		buf_reset(&got);
		CHECK(stop() == 0);
	}
	buf_clear(&got);
}

static void trailers_of_nothing(void)
{
	const char *a;
	int pool;

	for (pool = 0; pool < 2; pool++) {
		start(pool, plain);
		a = ask("POST /trailers HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
			"GET /trailers HTTP/1.1\r\n" END, NULL);
		CHECK(begins(a, "HTTP/1.1 200 OK\r\n") && strstr(a, "\r\ntrailer: x-end\r\n"));
		CHECK(strstr(a, "\r\n\r\n0\r\nx-end: yes\r\n\r\nHTTP/1.1 200 OK\r\n"));	/* and it goes on */
		CHECK(has_end(a, "\r\n\r\n0\r\nx-end: yes\r\n\r\n"));
		CHECK(stop() == 0);
	}
}

/* a body that is here already, read or not, is no reason to end the connection */
static void a_body_that_is_here(void)
{
	const char *a;
	int pool;

	for (pool = 0; pool < 2; pool++) {
		start(pool, plain);
		a = ask("POST /deaf HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
			"POST /deaf HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\na: b\r\n\r\n"
			"POST /refuses HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
			"GET /hello HTTP/1.1\r\n" END, NULL);
		CHECK(begins(a, "HTTP/1.1 200 OK\r\n") && strstr(a, "\r\n\r\nhelloHTTP/1.1 200 "));
		CHECK(strstr(a, "helloHTTP/1.1 403 ") && strstr(a, "}\nHTTP/1.1 200 "));
		CHECK(has_end(a, "\r\nconnection: close\r\n\r\nhello"));
		CHECK(strstr(a, "connection: close") == strstr(a, "connection: close\r\n\r\nhello"));
		CHECK(stop() == 0);
	}
}

/* one who sends everything before it reads gets to read the refusal */
static void a_refusal_is_read(void)
{
	struct buf got = BUF_INIT(1 << 16);
	static char part[65536];
	int pool, fd, i;

	for (pool = 0; pool < 2; pool++) {
		start(pool, plain);
		fd = dial();
		say_to(fd, "POST /refuses HTTP/1.1\r\nHost: h\r\nContent-Length: 13107200\r\n\r\n");
		for (i = 0; i < 200; i++)
			if (send(fd, part, sizeof part, MSG_NOSIGNAL) < 0)
				break;
		CHECK(all_of(fd, &got) > 0 && begins((const char *)got.data, "HTTP/1.1 403 "));
		CHECK(strstr((const char *)got.data, "\r\nconnection: close\r\n"));
		CHECK(strstr((const char *)got.data, "not this one"));
		buf_reset(&got);
		CHECK(stop() == 0);
	}
	buf_clear(&got);
}

/* a long body comes in large pieces: each is passed from one process to another */
static void large_pieces(void)
{
	struct buf got = BUF_INIT(1 << 16);
	static char part[65536];
	int pool, fd, i;

	for (pool = 0; pool < 2; pool++) {
		start(pool, plain);
		fd = dial();
		say_to(fd, "POST /counts HTTP/1.1\r\nContent-Length: 16777216\r\n" END);
		for (i = 0; i < 256; i++)
			CHECK(send(fd, part, sizeof part, MSG_NOSIGNAL) == sizeof part);
		CHECK(all_of(fd, &got) > 0 && begins((const char *)got.data, "HTTP/1.1 200 "));
		i = atoi(strstr((const char *)got.data, "\r\n\r\n") + 4);
		printf("# 16 MiB in %d pieces\n", i);
		CHECK(i >= 256 && i < 16777216 / 8192);
		buf_reset(&got);
		CHECK(stop() == 0);
	}
	buf_clear(&got);
}

/* ---- those who leave ---- */

static int done_in_time(void)
{
	int64_t from = ms();

	while (!shared->done && ms() - from < 4000)
		usleep(1000);
	return shared->done;
}

static void hang_up(int fd, int how)
{
	struct linger now = { 1, 0 };

	if (how == 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);	/* a reset */
	if (how == 1)
		shutdown(fd, SHUT_WR);		/* half of it, in the middle of a body: that is an end, too */
	if (how == 1)
		CHECK(is_silent(fd, 0) || recv(fd, &now, 1, 0) <= 0);
	close(fd);
}

/* before any answer, and behind its beginning; closed, half closed, reset */
static void cut_uploads(void)
{
	struct buf got = BUF_INIT(1 << 16);
	int pool, early, how, fd;

	for (pool = 0; pool < 2; pool++) {
		start(pool, plain);
		for (early = 0; early < 2; early++)
			for (how = 0; how < 3; how++) {
				shared->done = shared->last = shared->reads = 0;
				fd = dial();
				say_to(fd, early ? "POST /progress?q HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf" :
				       "POST /swallows HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf");
				if (early)
					CHECK(sees(fd, &got, "\r\n2\r\n4\n\r\n"));
				while (!early && !shared->reads)
					usleep(1000);
				buf_reset(&got);
				hang_up(fd, how);
				CHECK(done_in_time() && shared->last == ERR_INTERRUPTED);
			}
		CHECK(alive());
		CHECK(stop() == 0);
	}
	buf_clear(&got);
}

static void ten_bytes(struct serve_opts *o)
{
	plain(o);
	o->limits.body = 10;
}

/* what is said to be too long is not read; what turns out to be, is read as far as it may be */
static void too_long(void)
{
	int pool;

	for (pool = 0; pool < 2; pool++) {
		start(pool, ten_bytes);
		shared->reads = shared->done = 0;
		CHECK(begins(ask("POST /swallows HTTP/1.1\r\nContent-Length: 11\r\n" END, NULL), "HTTP/1.1 413 "));
		CHECK(shared->reads == 0 && shared->done == 0);
		CHECK(begins(ask("POST /swallows HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END "5\r\nhello\r\n6\r\n", NULL),
			     "HTTP/1.1 413 "));
		CHECK(done_in_time() && shared->last == ERR_INTERRUPTED);
		CHECK(has_end(ask("POST /swallows HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END
				  "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", NULL), "all of it"));
		CHECK(stop() == 0);
	}
}

/* ---- patience ---- */

static void impatient(struct serve_opts *o)
{
	plain(o);
	o->body_ms = 300;
}

static void patient(struct serve_opts *o)
{
	impatient(o);
	o->body_ms = o->send_ms = 0;
}

static int slow_upload(struct buf *got)
{
	int fd = dial();

	buf_reset(got);
	say_to(fd, "POST /swallows HTTP/1.1\r\nContent-Length: 2\r\n" END "h");
	usleep(900000);
	say_to(fd, "i");
	return all_of(fd, got) > 0;
}

static void any_patience(void)
{
	struct buf got = BUF_INIT(1 << 16);

	start(1, impatient);
	CHECK(slow_upload(&got) && begins((const char *)got.data, "HTTP/1.1 408 "));
	CHECK(stop() == 0);
	start(1, patient);
	CHECK(slow_upload(&got) && has_end((const char *)got.data, "all of it"));
	CHECK(stop() == 0);
	buf_clear(&got);
}

/* ---- HTTP/2 by hand ---- */

static void frame(int fd, unsigned type, unsigned flags, unsigned id, const void *p, size_t len)
{
	uint8_t h[9] = { (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, (uint8_t)type, (uint8_t)flags,
			 (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id };

	if (send(fd, h, 9, MSG_NOSIGNAL) < 0 || (len && send(fd, p, len, MSG_NOSIGNAL) < 0))
		errno = 0;
}

/* a POST, by the static table alone (RFC 7541 A); flags: 4, or 5 without a body */
static void post(int fd, unsigned flags, const char *path)
{
	uint8_t block[64] = { 0x83, 0x86, 0x04, (uint8_t)strlen(path) };
	size_t n = 4 + strlen(path);

	memcpy(block + 4, path, n - 4);
	memcpy(block + n, "\x01\x01h", 3);
	frame(fd, 4, 0, 0, "", 0);
	frame(fd, 1, flags, 1, block, n + 3);
}

/* the next frame of stream 1, its payload in `out`: its type, flags in *flags; -1: none */
static int next_frame(int fd, unsigned *flags, struct buf *out)
{
	uint8_t h[9], c;
	size_t len, i;
	int id;

	do {
		for (i = 0; i < 9; i++)
			if (recv(fd, &h[i], 1, 0) != 1)
				return -1;
		len = (size_t)h[0] << 16 | (size_t)h[1] << 8 | h[2];
		id = h[8];
		buf_reset(out);
		for (i = 0; i < len; i++) {
			if (recv(fd, &c, 1, 0) != 1)
				return -1;
			buf_u8(out, c);
		}
		*flags = h[4];
	} while (id != 1 || h[3] == 8);		/* WINDOW_UPDATE */
	return h[3];
}

static void over_http2(void)
{
	struct buf out = BUF_INIT(1 << 16);
	unsigned flags;
	int pool, fd;

	for (pool = 0; pool < 2; pool++) {
		start(pool, plain);
		fd = dial();
		say_to(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
		post(fd, 4, "/progress?q");
		CHECK(next_frame(fd, &flags, &out) == 1 && flags == 4);
		CHECK(next_frame(fd, &flags, &out) == 0 && span_equal(buf_span(&out), span_str("begun\n")));
		frame(fd, 0, 0, 1, "hello", 5);
		CHECK(next_frame(fd, &flags, &out) == 0 && span_equal(buf_span(&out), span_str("5\n")));
		frame(fd, 0, 0, 1, " world", 6);
		CHECK(next_frame(fd, &flags, &out) == 0 && span_equal(buf_span(&out), span_str("11\n")) && !(flags & 1));
		frame(fd, 0, 1, 1, "", 0);
		CHECK(next_frame(fd, &flags, &out) == 1 && flags == 5);	/* trailers, and the end */
		close(fd);
		/* nothing but trailers */
		fd = dial();
		say_to(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
		post(fd, 5, "/trailers");
		CHECK(next_frame(fd, &flags, &out) == 1 && flags == 4);
		CHECK(next_frame(fd, &flags, &out) == 1 && flags == 5);
		close(fd);
		/* a stream that is reset in the middle of its body */
		shared->done = shared->last = 0;
		fd = dial();
		say_to(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
		post(fd, 4, "/progress?q");
		CHECK(next_frame(fd, &flags, &out) == 1 && next_frame(fd, &flags, &out) == 0);
		frame(fd, 3, 0, 1, "\0\0\0\x08", 4);
		CHECK(done_in_time() && shared->last == ERR_INTERRUPTED);
		close(fd);
		CHECK(stop() == 0);
	}
	buf_clear(&out);
}

int main(void)
{
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || rig_begin() < 0)
		return 1;
	RUN(lines_while_uploading);
	RUN(ready_to_be_read);
	RUN(one_who_waits_for_a_100);
	RUN(a_flush_does_not_wait);
	RUN(trailers_of_nothing);
	RUN(a_body_that_is_here);
	RUN(a_refusal_is_read);
	RUN(large_pieces);
	RUN(cut_uploads);
	RUN(too_long);
	RUN(any_patience);
	RUN(over_http2);
	rig_end();
	return UNIT_END();
}
