/* piece_test.c - the shared sinks take inline bytes and extents in order, wherever they go */
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/piece.h"
#include "tests/unit/unit.h"

enum { SOURCE = 1500000 };

static uint8_t source_bytes[SOURCE];
static int source = -1;			/* an open file with these bytes */
static char *dir;

static int open_in(const char *name, int flags)
{
	char path[4200];
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, flags | O_CREAT, 0600);
	if (fd < 0)
		abort();
	return fd;
}

static void prepare(void)
{
	size_t i;

	for (i = 0; i < SOURCE; i++)
		source_bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	source = open_in("source", O_RDWR | O_TRUNC);
	NEED(io_write(source, source_bytes, SOURCE, "source") == 0);
}

/* small and large pieces of both kinds; what they add up to goes into `want` */
static int send_all(struct sink *s, struct buf *want)
{
	static const struct { uint64_t off, len; int inl; } plan[] = {
		{ 0, 10, 1 }, { 10, 0, 1 }, { 10, 5000, 0 }, { 5010, 1, 0 }, { 5011, 300000, 1 },
		{ 305011, 131072, 1 }, { 436083, 700000, 0 }, { 1136083, 0, 0 }, { 1136083, 3, 1 },
		{ 1499000, 1000, 0 }, { 7, 77, 1 },
	};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof plan / sizeof *plan; i++) {
		struct span b = span_of(source_bytes + plan[i].off, (size_t)plan[i].len);
		struct piece p = { .fd = source, .off = plan[i].off, .len = plan[i].len };

		rc = plan[i].inl ? sink_bytes(s, b) : sink_put(s, &p);
		if (rc == 0 && want)
			rc = buf_add(want, b);
	}
	return rc;
}

static void into_file(int flags)
{
	struct buf want = BUF_INIT(4 * SOURCE), got = BUF_INIT(4 * SOURCE);
	int fd = open_in("target", O_RDWR | O_TRUNC | flags);
	struct sink_fd s;

	NEED(sink_fd_start(&s, fd, "target") == 0);
	CHECK(send_all(&s.sink, &want) == 0);
	CHECK(sink_fd_end(&s) == 0);
	CHECK(lseek(fd, 0, SEEK_SET) == 0 && io_slurp(fd, &got, "target") == 0);
	CHECK(span_equal(buf_span(&got), buf_span(&want)));
	close(fd);
	buf_clear(&want);
	buf_clear(&got);
}

static void file(void) { into_file(0); }
static void append_file(void) { into_file(O_APPEND); }	/* copy_file_range refuses these */

struct drain {
	int fd;
	struct buf got;
};

static void *drain(void *arg)
{
	struct drain *d = arg;

	io_slurp(d->fd, &d->got, "drain");
	return NULL;
}

static void through(int in, int out)
{
	struct drain d = { .fd = out, .got = BUF_INIT(4 * SOURCE) };
	struct buf want = BUF_INIT(4 * SOURCE);
	struct sink_fd s;
	pthread_t id;

	NEED(pthread_create(&id, NULL, drain, &d) == 0);
	NEED(sink_fd_start(&s, in, "stream") == 0);
	CHECK(send_all(&s.sink, &want) == 0);
	CHECK(sink_fd_end(&s) == 0);
	close(in);
	pthread_join(id, NULL);
	close(out);
	CHECK(span_equal(buf_span(&d.got), buf_span(&want)));
	buf_clear(&d.got);
	buf_clear(&want);
}

static void into_pipe(void)
{
	int p[2];

	NEED(pipe(p) == 0);
	through(p[1], p[0]);
}

static void into_socket(void)
{
	int p[2];

	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0);
	through(p[1], p[0]);
}

static void short_extents(void)
{
	struct piece p = { .fd = source, .off = SOURCE - 10, .len = 11 };
	int fd = open_in("short", O_RDWR | O_TRUNC), q[2];
	struct buf out = BUF_INIT(1000);
	struct sink_buf b;
	struct sink_fd s;

	NEED(sink_fd_start(&s, fd, "short") == 0);
	CHECK_ERR(sink_put(&s.sink, &p), ERR_CORRUPT);
	sink_fd_clear(&s);
	close(fd);
	NEED(pipe(q) == 0);
	NEED(sink_fd_start(&s, q[1], "pipe") == 0);
	CHECK_ERR(sink_put(&s.sink, &p), ERR_CORRUPT);
	sink_fd_clear(&s);
	close(q[0]);
	close(q[1]);
	sink_buf_start(&b, &out);
	CHECK_ERR(sink_put(&b.sink, &p), ERR_CORRUPT);
	CHECK(out.len == 0);
	buf_clear(&out);
}

static void no_space(void)
{
	struct piece p = { .fd = source, .off = 0, .len = SOURCE };
	int fd = open("/dev/full", O_WRONLY);
	struct sink_fd s;

	if (fd < 0)
		return;
	NEED(sink_fd_start(&s, fd, "full") == 0);
	CHECK(sink_bytes(&s.sink, span_str("gathered")) == 0);
	CHECK_ERR(sink_fd_end(&s), ERR_NOSPACE);
	NEED(sink_fd_start(&s, fd, "full") == 0);
	CHECK_ERR(sink_put(&s.sink, &p), ERR_NOSPACE);
	sink_fd_clear(&s);
	sink_fd_clear(&s);
	close(fd);
}

static void buf_and_null(void)
{
	struct buf want = BUF_INIT(4 * SOURCE), got = BUF_INIT(4 * SOURCE);
	struct sink_null null;
	struct sink_buf b;

	sink_buf_start(&b, &got);
	CHECK(send_all(&b.sink, &want) == 0);
	CHECK(span_equal(buf_span(&got), buf_span(&want)));
	CHECK(got.data[got.len] == 0);
	got.max = got.len + 100;
	CHECK_ERR(send_all(&b.sink, NULL), ERR_LIMIT);
	sink_null_start(&null);
	CHECK(send_all(&null.sink, NULL) == 0 && null.bytes == want.len);
	buf_clear(&want);
	buf_clear(&got);
}

/* the same bytes of both kinds of piece, and none that a file has not */
static void read_part(void)
{
	struct piece bytes = { .bytes = { source_bytes + 10, 100 }, .fd = -1, .len = 100 };
	struct piece extent = { .fd = source, .off = 10, .len = 100 };
	uint8_t a[100], b[100];

	CHECK(piece_read(&bytes, 7, a, 93) == 0 && !memcmp(a, source_bytes + 17, 93));
	CHECK(piece_read(&extent, 7, b, 93) == 0 && !memcmp(a, b, 93));
	CHECK(piece_read(&bytes, 100, a, 0) == 0 && piece_read(&extent, 100, a, 0) == 0);
	extent.off = SOURCE - 50;
	CHECK(piece_read(&extent, 0, b, 50) == 0 && !memcmp(b, source_bytes + SOURCE - 50, 50));
	CHECK_ERR(piece_read(&extent, 1, b, 50), ERR_CORRUPT);
}

int main(void)
{
	dir = unit_tmpdir();
	RUN(prepare);
	RUN(read_part);
	RUN(file);
	RUN(append_file);
	RUN(into_pipe);
	RUN(into_socket);
	RUN(short_extents);
	RUN(no_space);
	RUN(buf_and_null);
	return UNIT_END();
}
