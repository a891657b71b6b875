/* hold_test - a client that does not read: what of its answer is kept for it, and that nobody else waits for it */
#include <sys/mman.h>

#include "tests/unit/serve/rig.h"
#include "tests/unit/serve/count.h"

enum {
	EXTENT = 16 * 1024, EXTENTS = 4000,	/* all of them fit into what may be kept */
	MANY = 40000,				/* these do not */
	INLINE = 10000, INLINES = 6400,		/* bytes that are no file */
	FILES = 3 * 8, EACH = 1 << 20		/* more than there are slots */
};

static _Atomic int *said;			/* of INLINES; seen by workers and the test */

static int extents(struct reply *r, int fd, unsigned n)
{
	struct piece p = { .fd = fd, .len = EXTENT };
	unsigned i;
	int rc = reply_start(r, 200, (uint64_t)n * EXTENT);

	for (i = 0; rc == 0 && i < n; i++) {
		p.off = i % 100 * EXTENT;
		rc = sink_put(&r->sink, &p);
	}
	return rc;
}

static int some(struct request *rq, struct reply *r, void *ctx)
{
	(void)rq;
	return extents(r, *(int *)ctx, EXTENTS);
}

static int many(struct request *rq, struct reply *r, void *ctx)
{
	(void)rq;
	return extents(r, *(int *)ctx, MANY);
}

static int words(struct request *rq, struct reply *r, void *ctx)
{
	static uint8_t bytes[INLINE];
	int i, rc = reply_start(r, 200, rq->query.len ? LEN_UNKNOWN : INLINE * INLINES);

	(void)ctx;
	for (i = 0; rc == 0 && i < INLINES; i++) {
		memset(bytes, 'a' + i % 26, sizeof bytes);
		rc = sink_bytes(&r->sink, span_of(bytes, sizeof bytes));
		*said = i;
	}
	return rc;
}

/* each of its files is closed as soon as it is said, and its slot is another's soon after */
static int files(struct request *rq, struct reply *r, void *ctx)
{
	static uint8_t bytes[EACH];
	struct piece p = { .len = EACH };
	int i, rc = reply_start(r, 200, FILES * EACH);

	(void)rq;
	(void)ctx;
	for (i = 0; rc == 0 && i < FILES; i++) {
		memset(bytes, 'a' + i, sizeof bytes);
		p.fd = memfd_create("one of many", MFD_CLOEXEC);
		if (p.fd < 0 || write(p.fd, bytes, EACH) != EACH)
			return err_sys("making a file");
		rc = sink_put(&r->sink, &p);
		close(p.fd);
	}
	return rc;
}

static const struct route ours[] = {
	{ "GET", "/hello", hello, 0 }, { "GET", "/some", some, 0 }, { "GET", "/many", many, 0 },
	{ "GET", "/words", words, 0 }, { "GET", "/files", files, 0 },
};

static int answer_ours(struct request *rq, struct reply *r, void *ctx)
{
	return route_run(ours, sizeof ours / sizeof *ours, rq, r, ctx);
}

static void one_worker(struct serve_opts *o)
{
	o->pumps = o->workers = 1;
	o->spares = 1;
	o->answer = answer_ours;
}

static void begin_ours(int pool)
{
	begin_one(pool, one_worker);
}

/* one that has asked, and reads the first byte; the system takes in some MiB more */
static int slow(const char *text)
{
	int fd = dial();
	char c = 0;

	say_to(fd, text);
	CHECK(recv(fd, &c, 1, 0) == 1 && c == 'H');
	return fd;
}

/* the rest of what it gets; its body, which begins behind the head */
static struct span rest_of(int fd, struct buf *out)
{
	const uint8_t *at;

	buf_reset(out);
	if (all_of(fd, out) < 4 || !(at = memmem(out->data, out->len, "\r\n\r\n", 4)))
		return span_of(NULL, 0);
	return span_of(at + 4, out->len - (size_t)(at + 4 - out->data));
}

static int are_extents(struct span s, unsigned n)
{
	size_t i, at;

	if (s.len != (size_t)n * EXTENT)
		return 0;
	for (i = 0; i < s.len; i++) {
		at = i % (100 * EXTENT);
		if (s.p[i] != (uint8_t)(at * 7 + at / 1000))
			return 0;
	}
	return 1;
}

/* the only worker has said all of it, and serves others while nobody reads */
static void who_reads_later(void)
{
	struct buf out = BUF_INIT(1 << 27);
	int pool, fd, other;

	for (pool = 0; pool < 2; pool++) {
		begin_ours(pool);
		NEED(pump_pid && spawner_pid);
		fd = slow("GET /some HTTP/1.1\r\n" END);
		CHECK(alive());
		other = slow("GET /some HTTP/1.1\r\n" END);
		CHECK(alive());
		CHECK(are_extents(rest_of(other, &out), EXTENTS));
		CHECK(are_extents(rest_of(fd, &out), EXTENTS));
		CHECK(stop() == 0);
	}
	buf_clear(&out);
}

/* an answer that is too much to be kept arrives all the same, and others after it */
static void too_much_to_keep(void)
{
	struct buf out = BUF_INIT(1u << 30);
	int pool, fd, other;

	for (pool = 0; pool < 2; pool++) {
		begin_ours(pool);
		NEED(pump_pid && spawner_pid);
		fd = slow("GET /many HTTP/1.1\r\n" END);
		other = dial();
		say_to(other, "GET /hello HTTP/1.1\r\n" END);
		CHECK(are_extents(rest_of(fd, &out), MANY));
		buf_reset(&out);
		CHECK(all_of(other, &out) > 0 && has_end((const char *)out.data, "\r\n\r\nhello"));
		CHECK(stop() == 0);
	}
	buf_clear(&out);
}

/* bytes that no file has make the worker wait, or the pump would swell */
static void bytes_are_not_kept(void)
{
	struct buf out = BUF_INIT(1 << 27);
	struct span s;
	int pool, fd, i, bad = 0;

	for (pool = 0; pool < 2; pool++) {
		begin_ours(pool);
		NEED(pump_pid && spawner_pid);
		fd = slow("GET /words HTTP/1.1\r\n" END);
		usleep(300000);
		CHECK(*said > 0 && *said < INLINES / 2);
		s = rest_of(fd, &out);
		CHECK(*said == INLINES - 1);
		CHECK(s.len == INLINE * INLINES);
		for (i = 0; s.len && i < INLINES; i++)
			bad += s.p[i * INLINE] != 'a' + i % 26 || s.p[(i + 1) * INLINE - 1] != 'a' + i % 26;
		CHECK(bad == 0);
		fd = slow("GET /words?chunked HTTP/1.1\r\n" END);
		s = rest_of(fd, &out);
		CHECK(s.len > INLINE * INLINES && memcmp(s.p + s.len - 7, "\r\n0\r\n\r\n", 7) == 0);
		CHECK(stop() == 0);
	}
	buf_clear(&out);
}

/* what a slot was when it was spoken of is what is sent */
static void slots_that_change(void)
{
	struct buf out = BUF_INIT(1 << 26);
	struct span s;
	int pool, fd, i, bad;

	for (pool = 0; pool < 2; pool++) {
		begin_ours(pool);
		NEED(pump_pid && spawner_pid);
		fd = slow("GET /files HTTP/1.1\r\n" END);
		CHECK(alive());			/* so all of it was said */
		s = rest_of(fd, &out);
		CHECK(s.len == FILES * EACH);
		for (i = bad = 0; s.len && i < FILES * EACH; i++)
			bad += s.p[i] != 'a' + i / EACH;
		CHECK(bad == 0);
		CHECK(stop() == 0);
	}
	buf_clear(&out);
}

static void who_leaves(void)
{
	static const char *const texts[] = {
		"GET /files HTTP/1.1\r\n" END, "GET /some HTTP/1.1\r\n" END, "GET /many HTTP/1.1\r\n" END,
		"GET /words HTTP/1.1\r\n" END
	};
	struct linger now = { 1, 0 };
	int pool, fd, i, fds;

	for (pool = 0; pool < 2; pool++) {
		begin_ours(pool);
		NEED(pump_pid && spawner_pid);
		CHECK(alive());
		usleep(200000);
		fds = descriptors(pump_pid);
		for (i = 0; i < 16; i++) {
			fd = slow(texts[i % 4]);
			if (i % 4 == 0)
				CHECK(alive());	/* all its files are kept */
			if (i % 8 < 4)
				setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
			close(fd);
		}
		CHECK(alive());
		/* the files in the slots of the one worker may be there still */
		CHECK(rests_at(1, pool ? fds + 8 : fds));
		CHECK(stop() == 0);
	}
}

/* the bytes of stream 1 of HTTP/2, put together; 0 where it did not come to its end */
static size_t stream_of(int fd, struct buf *out)
{
	uint8_t frame[9], bytes[1 << 14];
	size_t len;

	buf_reset(out);
	while (recv(fd, frame, 9, MSG_WAITALL) == 9) {
		len = (size_t)frame[0] << 16 | (size_t)frame[1] << 8 | frame[2];
		if (len > sizeof bytes || (len && recv(fd, bytes, len, MSG_WAITALL) != (ssize_t)len))
			return 0;
		if (frame[3] == 0 && buf_bytes(out, bytes, len) < 0)
			return 0;
		if (frame[3] <= 1 && frame[4] & 1)
			return out->len;
	}
	return 0;
}

/* RFC 9113 6.9: it is the client that says how much it takes, and this one takes nothing at first */
static void a_window_that_is_shut(void)
{
	static const char ask_some[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
		"\0\0\6\4\0\0\0\0\0\0\4\0\0\0\0"		/* SETTINGS: windows of 0 */
		"\0\0\14\1\5\0\0\0\1\202\206\4\5/some\101\1h";	/* HEADERS: GET http://h/some */
	static const char open_it[] = "\0\0\4\10\0\0\0\0\1\177\377\377\377"
		"\0\0\4\10\0\0\0\0\0\177\377\0\0";		/* WINDOW_UPDATE: all there may be */
	struct buf out = BUF_INIT(1 << 27);
	int pool, fd;

	for (pool = 0; pool < 2; pool++) {
		begin_ours(pool);
		NEED(pump_pid && spawner_pid);
		fd = dial();
		CHECK(send(fd, ask_some, sizeof ask_some - 1, 0) == sizeof ask_some - 1);
		usleep(200000);
		CHECK(alive());
		CHECK(send(fd, open_it, sizeof open_it - 1, 0) == sizeof open_it - 1);
		CHECK(stream_of(fd, &out) > 0 && are_extents(buf_span(&out), EXTENTS));
		close(fd);
		CHECK(stop() == 0);
	}
	buf_clear(&out);
}

int main(void)
{
	said = mmap(NULL, sizeof *said, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (said == MAP_FAILED || rig_begin() < 0)
		return 1;
	RUN(who_reads_later);
	RUN(too_much_to_keep);
	RUN(bytes_are_not_kept);
	RUN(slots_that_change);
	RUN(a_window_that_is_shut);
	RUN(who_leaves);
	rig_end();
	return UNIT_END();
}
