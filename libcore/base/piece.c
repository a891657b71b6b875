/* piece.c - the shared sinks */
#include <errno.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/piece.h"

enum { GATHER = 128 * 1024, COPY = 256 * 1024 };

static int fd_flush(struct sink_fd *s)
{
	size_t n = s->have;

	s->have = 0;
	return n ? io_write(s->fd, s->gather, n, s->what) : 0;
}

static int short_extent(void)
{
	return err_set(ERR_CORRUPT, "a segment ends before its record does");
}

int piece_read(const struct piece *p, uint64_t off, void *out, size_t len)
{
	ssize_t n;

	if (p->fd < 0) {
		if (len)
			memcpy(out, p->bytes.p + off, len);
		return 0;
	}
	n = io_pread(p->fd, out, len, p->off + off, "segment");
	if (n < 0)
		return (int)n;
	return (size_t)n < len ? short_extent() : 0;
}

/* read and write, for files that offer nothing better */
static int fd_copy(struct sink_fd *s, const struct piece *p, uint64_t done)
{
	uint8_t *tmp = malloc(COPY);
	int rc = tmp ? 0 : err_nomem();

	while (rc == 0 && done < p->len) {
		size_t want = p->len - done < COPY ? (size_t)(p->len - done) : COPY;

		rc = piece_read(p, done, tmp, want);
		if (rc == 0)
			rc = io_write(s->fd, tmp, want, s->what);
		done += want;
	}
	free(tmp);
	return rc;
}

static int fd_extent(struct sink_fd *s, const struct piece *p)
{
	uint64_t done = 0;
	int rc = fd_flush(s);

	if (rc < 0)
		return rc;
	while (done < p->len) {
		off_t off = (off_t)(p->off + done);
		size_t want = p->len - done < (1u << 30) ? (size_t)(p->len - done) : 1u << 30;
		ssize_t n;

		if (s->regular && !s->no_copy_range) {
			n = copy_file_range(p->fd, &off, s->fd, NULL, want, 0);
			if (n < 0 && errno != EINTR && errno != ENOSPC && errno != EIO) {
				s->no_copy_range = 1;	/* other filesystem, O_APPEND … */
				continue;
			}
		} else if (!s->no_sendfile) {
			n = sendfile(s->fd, p->fd, &off, want);
			if (n < 0 && (errno == EINVAL || errno == ENOSYS)) {
				s->no_sendfile = 1;
				continue;
			}
		} else {
			return fd_copy(s, p, done);
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys("writing '%s'", s->what);
		if (n == 0 && s->regular && !s->no_copy_range) {
			s->no_copy_range = 1;	/* 0 may also mean "cannot", ask another way */
			continue;
		}
		if (n == 0)
			return short_extent();
		done += (uint64_t)n;
	}
	return 0;
}

static int fd_put(struct sink *sink, const struct piece *p)
{
	struct sink_fd *s = (struct sink_fd *)sink;
	int rc;

	if (p->fd >= 0)
		return fd_extent(s, p);
	if (p->bytes.len > GATHER - s->have) {
		rc = fd_flush(s);
		if (rc < 0)
			return rc;
	}
	if (p->bytes.len >= GATHER)
		return io_write(s->fd, p->bytes.p, p->bytes.len, s->what);
	if (p->bytes.len)
		memcpy(s->gather + s->have, p->bytes.p, p->bytes.len);
	s->have += p->bytes.len;
	return 0;
}

int sink_fd_start(struct sink_fd *s, int fd, const char *what)
{
	struct stat st;

	*s = (struct sink_fd){ .sink = { fd_put }, .fd = fd, .what = what };
	s->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	s->gather = malloc(GATHER);
	return s->gather ? 0 : err_nomem();
}

int sink_fd_end(struct sink_fd *s)
{
	int rc = fd_flush(s);

	sink_fd_clear(s);
	return rc;
}

void sink_fd_clear(struct sink_fd *s)
{
	free(s->gather);
	s->gather = NULL;
	s->have = 0;
}

static int buf_put(struct sink *sink, const struct piece *p)
{
	struct buf *out = ((struct sink_buf *)sink)->out;
	int rc;

	if (p->fd < 0)
		return buf_add(out, p->bytes);
	rc = p->len > out->max ? ERR_LIMIT : buf_reserve(out, (size_t)p->len);
	if (rc < 0)
		return err_set(rc, "more than %zu bytes", out->max);
	rc = piece_read(p, 0, out->data + out->len, (size_t)p->len);
	if (rc < 0)
		return rc;
	out->len += (size_t)p->len;
	out->data[out->len] = 0;
	return 0;
}

void sink_buf_start(struct sink_buf *s, struct buf *out)
{
	*s = (struct sink_buf){ { buf_put }, out };
}

static int null_put(struct sink *sink, const struct piece *p)
{
	((struct sink_null *)sink)->bytes += p->len;
	return 0;
}

void sink_null_start(struct sink_null *s)
{
	*s = (struct sink_null){ { null_put }, 0 };
}
