/*
 * cartest.h - archives in memory, handed to the reader as files and through pipes.
 */
#ifndef TESTS_CARTEST_H
#define TESTS_CARTEST_H

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "car/car.h"
#include "unit.h"

#define GOLDEN "tests/golden/car/"

/* a file without a name that holds these bytes, at its start */
__attribute__((unused)) static int as_file(struct span s)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	if (fd < 0 || io_pwrite(fd, s.p, s.len, 0, "memfd") < 0)
		abort();
	return fd;
}

/* a file with a name, in a folder that is kept */
__attribute__((unused)) static char *as_path(struct span s)
{
	char *path = unit_kept(4200);
	int fd;

	snprintf(path, 4200, "%s/archive.car", unit_tmpdir());
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || io_write(fd, s.p, s.len, path) < 0)
		abort();
	close(fd);
	return path;
}

/* ---- a pipe somebody writes into, `step` bytes at a time ---- */
struct feed {
	pthread_t thread;
	struct span bytes;
	size_t step;
	int fd[2];
};

static void *feed_run(void *arg)
{
	struct feed *f = arg;
	size_t at, n;

	for (at = 0; at < f->bytes.len; at += n) {
		n = f->bytes.len - at < f->step ? f->bytes.len - at : f->step;
		if (write(f->fd[1], f->bytes.p + at, n) != (ssize_t)n)
			break;
	}
	close(f->fd[1]);
	return NULL;
}

__attribute__((unused)) static int feed_start(struct feed *f, struct span bytes, size_t step)
{
	*f = (struct feed){ .bytes = bytes, .step = step };
	signal(SIGPIPE, SIG_IGN);
	if (pipe2(f->fd, O_CLOEXEC) < 0 || pthread_create(&f->thread, NULL, feed_run, f))
		abort();
	return f->fd[0];
}

__attribute__((unused)) static void feed_end(struct feed *f)
{
	close(f->fd[0]);
	pthread_join(f->thread, NULL);
}

/* ---- reading to the end ---- */
struct seen {
	int rc;				/* of the call that ended it */
	int version, packed;
	size_t n_roots;
	uint64_t n, bytes;		/* blocks, and theirs */
	uint64_t off;			/* behind the last section, in the inner CARv1 */
	char text[512];			/* the message, after an error */
};

/* in: open, or rc says why not */
__attribute__((unused)) static struct seen read_in(struct car_in *in, int rc)
{
	struct seen s = { .rc = rc };
	struct car_section sec;

	if (s.rc == 0) {
		s.version = car_in_version(in);
		s.packed = car_in_packed(in);
		car_in_roots(in, &s.n_roots);
		while ((s.rc = car_in_next(in, &sec)) == 1) {
			s.n++;
			s.bytes += sec.data.len;
			s.off = sec.off + sec.len;
		}
		if (s.rc < 0)
			snprintf(s.text, sizeof s.text, "%s", err_text());
		CHECK(car_in_next(in, &sec) == s.rc);	/* once at the end, always there */
		car_in_close(in);
	} else {
		snprintf(s.text, sizeof s.text, "%s", err_text());
	}
	return s;
}

__attribute__((unused)) static struct seen read_fd(int fd, int flags)
{
	struct car_in *in = NULL;
	int rc;

	err_set(0, "%s", "");
	rc = car_in_open(&in, fd, "test.car", flags);
	return read_in(in, rc);
}

/* from a function that gives a step at a time */
struct gives {
	struct span left;
	size_t step;
};

static ssize_t gives_read(void *arg, void *p, size_t len)
{
	struct gives *g = arg;
	size_t n = g->step < len ? g->step : len;

	n = n < g->left.len ? n : g->left.len;
	if (n)
		memcpy(p, g->left.p, n);
	g->left = span_of(g->left.p + n, g->left.len - n);
	return (ssize_t)n;
}

__attribute__((unused)) static struct seen read_from(struct span bytes, size_t step, int flags)
{
	struct gives g = { bytes, step };
	struct car_in *in = NULL;
	int rc;

	err_set(0, "%s", "");
	rc = car_in_from(&in, gives_read, &g, "test.car", flags);
	return read_in(in, rc);
}

/* as a file; through a pipe, and from a function, in large and in small steps it must be the same */
__attribute__((unused)) static struct seen read_all(struct span bytes, int flags)
{
	static const size_t steps[] = { 1 << 16, 7 };
	struct seen s, t, u;
	struct feed f;
	size_t i;
	int fd = as_file(bytes);

	s = read_fd(fd, flags);
	close(fd);
	for (i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		if (bytes.len > 100000 && steps[i] < 100)
			continue;
		t = read_fd(feed_start(&f, bytes, steps[i]), flags);
		feed_end(&f);
		CHECK((t.rc < 0) == (s.rc < 0));
		/* a pipe does not tell its length, so a CARv2 is found wanting only at its end */
		CHECK(t.version == s.version || s.version == 0);
		if (s.rc == 0)
			CHECK(t.n == s.n && t.bytes == s.bytes && t.off == s.off && t.n_roots == s.n_roots);
		u = read_from(bytes, steps[i], flags);
		CHECK(u.rc == t.rc && u.version == t.version && u.packed == t.packed && u.n == t.n && u.off == t.off);
		CHECK_STR(u.text, t.text);
	}
	return s;
}

__attribute__((unused)) static struct span slurp(const char *path)
{
	struct buf b = BUF_INIT(64 * 1024 * 1024);
	uint8_t *kept;
	size_t len;

	if (io_slurp_file(AT_FDCWD, path, &b) < 0) {
		printf("# %s\n", err_text());
		abort();
	}
	len = b.len;
	kept = unit_kept(len + 1);
	if (len)
		memcpy(kept, b.data, len);
	kept[len] = 0;				/* some of it is text */
	buf_clear(&b);
	return span_of(kept, len);
}

/* ---- making archives ---- */

__attribute__((unused)) static struct cid raw_cid(struct span block)
{
	struct cid cid;

	if (cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, &block, 1) < 0)
		abort();
	return cid;
}

__attribute__((unused)) static void put_block(struct car_out *o, struct span block)
{
	struct cid cid = raw_cid(block);

	if (car_out_block(o, &cid, &(struct piece){ .bytes = block, .fd = -1, .len = block.len }) < 0)
		abort();
}

/* The archive of the worked examples: "hello world", and "second block" when n is 2; the first is the root. */
__attribute__((unused)) static void hello(struct buf *out, int n, struct car_index *x)
{
	struct cid root = raw_cid(span_str("hello world"));
	struct sink_buf to;
	struct car_out o;

	sink_buf_start(&to, out);
	if (car_out_start(&o, &to.sink, x, &root, 1) < 0)
		abort();
	put_block(&o, span_str("hello world"));
	if (n > 1)
		put_block(&o, span_str("second block"));
}

/* A CARv2 of `payload` with an index of `codec` (0: none). */
__attribute__((unused)) static void wrap(struct buf *out, struct span payload, struct car_index *x,
					  uint64_t codec)
{
	struct car_v2 v = { CAR_V2_HEADER, payload.len, codec ? CAR_V2_HEADER + payload.len : 0, 0 };
	uint8_t head[CAR_V2_HEADER];
	struct sink_buf to;

	car_v2_encode(&v, head);
	sink_buf_start(&to, out);
	if (buf_bytes(out, head, sizeof head) < 0 || buf_add(out, payload) < 0 ||
	    (codec && car_index_write(x, codec, &to.sink) < 0))
		abort();
}

#endif
