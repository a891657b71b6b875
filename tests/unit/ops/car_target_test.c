#include <sys/stat.h>

#include "cartest.h"

static int put(struct target *t, const struct carblock *b)
{
	struct piece p = { .bytes = b->bytes, .fd = -1, .len = b->bytes.len };

	return car_out_block(&t->out, &b->cid, &p);
}

static uint64_t size_of(const char *path)
{
	struct stat sb;

	return stat(path, &sb) == 0 ? (uint64_t)sb.st_size : UINT64_MAX;
}

/* nothing appears before the end, or without it */
static void whole_or_not(void)
{
	char *path = unit_kept(8300), head[11];
	struct ops_car_to to = { .path = path };
	struct carblock b = carleaf(1000, 1);
	struct target t;
	int fd;

	snprintf(path, 8300, "%s/x.car", unit_tmpdir());
	NEED(target_open(&t, &to) == 0);
	CHECK(target_start(&t, &b.cid, 1) == 0 && put(&t, &b) == 0);
	target_close(&t);
	CHECK(size_of(path) == UINT64_MAX);
	NEED(target_open(&t, &to) == 0);
	CHECK(target_start(&t, &b.cid, 1) == 0 && put(&t, &b) == 0);
	CHECK(size_of(path) == UINT64_MAX);
	CHECK(target_end(&t) == 0);
	target_close(&t);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(read(fd, head, 11) == 11 && !memcmp(head, "\x0a\xa1\x67version\x02", 11));
	close(fd);
	/* the same without an index in its place */
	to.plain = 1;
	NEED(target_open(&t, &to) == 0);
	CHECK(target_start(&t, &b.cid, 1) == 0 && put(&t, &b) == 0 && target_end(&t) == 0);
	target_close(&t);
	CHECK(size_of(path) == car_header_len(&b.cid, 1) + car_section_len(&b.cid, 1000));
}

/* into a sink: nothing is kept back, and nothing else is written to */
static void into_a_sink(void)
{
	struct buf out = BUF_INIT(1 << 20);
	struct sink_buf sink;
	struct ops_car_to to = { .sink = &sink.sink, .fd = -1, .path = "/nowhere/at/all" };
	struct carblock b = carleaf(1000, 1);
	struct target t;

	sink_buf_start(&sink, &out);
	NEED(target_open(&t, &to) == 0);
	CHECK(out.len == 0);
	CHECK(target_start(&t, &b.cid, 1) == 0 && out.len == car_header_len(&b.cid, 1));
	CHECK(put(&t, &b) == 0 && out.len == car_header_len(&b.cid, 1) + car_section_len(&b.cid, 1000));
	CHECK(target_cut(&t, ERR_IO) == ERR_IO && target_end(&t) == 0);
	target_close(&t);
	CHECK(out.len == car_header_len(&b.cid, 1) + car_section_len(&b.cid, 1000));
	buf_clear(&out);
}

/* a device is written to, and what was gathered for it goes out when the rest failed */
static void into_a_fifo(void)
{
	char *path = unit_kept(8300), in[4096];
	struct ops_car_to to = { .path = path };
	struct carblock b = carleaf(1000, 1);
	uint64_t want = car_header_len(&b.cid, 1) + car_section_len(&b.cid, 1000);
	struct target t;
	int fd;

	snprintf(path, 8300, "%s/fifo", unit_tmpdir());
	NEED(mkfifo(path, 0600) == 0);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	NEED(fd >= 0 && target_open(&t, &to) == 0);
	CHECK(target_start(&t, &b.cid, 1) == 0 && put(&t, &b) == 0 && target_end(&t) == 0);
	target_close(&t);
	CHECK(read(fd, in, sizeof in) == (ssize_t)want);
	NEED(target_open(&t, &to) == 0);
	CHECK(target_start(&t, &b.cid, 1) == 0 && put(&t, &b) == 0);
	err_set(ERR_NOTFOUND, "the reason");
	CHECK(target_cut(&t, ERR_NOTFOUND) == ERR_NOTFOUND);
	CHECK_STR(err_text(), "the reason");
	target_close(&t);
	CHECK(read(fd, in, sizeof in) == (ssize_t)want);
	close(fd);
}

static void nowhere(void)
{
	struct ops_car_to to = { .path = "/nonexistent/x.car" };
	struct target t;

	CHECK_ERR(target_open(&t, &to), ERR_NOTFOUND);
	target_close(&t);
}

int main(void)
{
	RUN(whole_or_not);
	RUN(into_a_sink);
	RUN(into_a_fifo);
	RUN(nowhere);
	return UNIT_END();
}
