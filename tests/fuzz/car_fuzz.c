/*
 * car_fuzz.c - strange bytes as an archive, plain or packed.
 * The first byte picks flags of the reader and whether the bytes come as a file or through a pipe.  Whatever
 * comes out in sections must be what it says: hashed, in order, end to end; put together again it must be
 * the same inner CARv1 as far as it was good.  Without hashes the same sections come, or more.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "car/car.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x) do { if (!(x)) { fprintf(stderr, "%s: %s\n", #x, err_text()); abort(); } } while (0)

enum { PIPE_MAX = 60000, UNPACKED_MAX = 8 << 20 };

static int as_file(struct span s)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	MUST(fd >= 0 && io_pwrite(fd, s.p, s.len, 0, "memfd") == 0);
	return fd;
}

static int as_pipe(struct span s)
{
	int fd[2];

	MUST(pipe2(fd, O_CLOEXEC) == 0);
	MUST(write(fd[1], s.p, s.len) == (ssize_t)s.len);	/* it fits */
	close(fd[1]);
	return fd[0];
}

/* What one reading gave: sections, bytes, and how it ended. */
struct end {
	uint64_t n, at;
	int rc;
};

static struct end read_all(int fd, int flags, struct buf *copy)
{
	struct end end = { 0, 0, 0 };
	struct car_section s;
	const struct cid *roots;
	struct sink_buf to;
	struct car_in *in;
	struct car_out o;
	size_t n;

	end.rc = car_in_open(&in, fd, "fuzz", flags);
	if (end.rc < 0)
		return end;
	roots = car_in_roots(in, &n);
	sink_buf_start(&to, copy);
	MUST(car_out_start(&o, &to.sink, NULL, roots, n) == 0);
	end.at = o.pos;
	while (copy->len < UNPACKED_MAX && (end.rc = car_in_next(in, &s)) == 1) {
		MUST(end.n == 0 || s.off == end.at);
		/* a header with its keys in another order is as long as ours */
		MUST(end.n || s.off == o.pos);
		MUST(flags & CAR_NO_HASH || cid_verify(&s.cid, s.data) == 0);
		MUST(car_out_block(&o, &s.cid, &(struct piece){ .bytes = s.data, .fd = -1 }) == 0);
		MUST(s.len == car_section_len(&s.cid, s.data.len));
		end.at = s.off + s.len;
		MUST(o.pos == end.at);
		end.n++;
	}
	car_in_close(in);
	return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf copy = BUF_INIT(64 << 20), again = BUF_INIT(64 << 20);
	struct end a, b;
	struct span in;
	int fd, flags;

	if (size < 1 || size > 1 << 20)
		return 0;
	flags = data[0] & (CAR_NO_HASH | CAR_ZERO_ENDS | CAR_LOOSE_HEADER);
	in = span_of(data + 1, size - 1);
	fd = data[0] & 0x80 && in.len < PIPE_MAX ? as_pipe(in) : as_file(in);
	a = read_all(fd, flags, &copy);
	close(fd);
	fd = as_file(in);
	b = read_all(fd, flags | CAR_NO_HASH, &again);
	close(fd);
	MUST(a.rc != 0 || b.rc == 0 || data[0] & 0x80);	/* a file knows its length, a pipe does not */
	MUST(b.rc < 0 || b.n >= a.n);
	if (copy.len && copy.len < UNPACKED_MAX) {	/* what we write we read */
		fd = as_file(buf_span(&copy));
		buf_reset(&again);
		b = read_all(fd, flags & ~CAR_ZERO_ENDS, &again);
		close(fd);
		MUST(b.rc == 0 && b.n == a.n && span_equal(buf_span(&copy), buf_span(&again)));
	}
	buf_clear(&copy);
	buf_clear(&again);
	return 0;
}
