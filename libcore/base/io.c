/* io.c - whole reads and writes on file descriptors */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"

ssize_t io_read(int fd, void *p, size_t len, const char *what)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, (char *)p + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys("reading '%s'", what);
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

ssize_t io_pread(int fd, void *p, size_t len, uint64_t off, const char *what)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(fd, (char *)p + got, len - got, (off_t)(off + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys("reading '%s'", what);
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

int io_write(int fd, const void *p, size_t len, const char *what)
{
	struct iovec v = { (void *)(uintptr_t)p, len };

	return io_writev(fd, &v, 1, what);
}

int io_pwrite(int fd, const void *p, size_t len, uint64_t off, const char *what)
{
	struct iovec v = { (void *)(uintptr_t)p, len };

	return io_pwritev(fd, &v, 1, off, what);
}

/* the one loop behind both; off < 0 writes at the file's own position */
static int write_all(int fd, struct iovec *iov, int n, int64_t off, const char *what)
{
	while (n > 0) {
		int batch = n < 1024 ? n : 1024;	/* IOV_MAX */
		ssize_t w = off < 0 ? writev(fd, iov, batch) : pwritev(fd, iov, batch, off);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_sys("writing '%s'", what);
		if (off >= 0)
			off += w;
		while (n > 0 && (size_t)w >= iov->iov_len) {
			w -= (ssize_t)iov->iov_len;
			iov++;
			n--;
		}
		if (n > 0) {
			iov->iov_base = (char *)iov->iov_base + w;
			iov->iov_len -= (size_t)w;
		}
	}
	return 0;
}

int io_writev(int fd, struct iovec *iov, int n, const char *what)
{
	return write_all(fd, iov, n, -1, what);
}

int io_pwritev(int fd, struct iovec *iov, int n, uint64_t off, const char *what)
{
	return write_all(fd, iov, n, (int64_t)off, what);
}

int io_slurp(int fd, struct buf *out, const char *what)
{
	for (;;) {
		size_t left = out->max - out->len;
		size_t most = out->len ? 65536 : 4096;	/* most files are small */
		size_t want = left < most ? left : most;
		char extra;
		ssize_t n;
		int rc;

		if (want == 0) {		/* full: is there more? */
			n = io_read(fd, &extra, 1, what);
			if (n > 0)
				return err_set(ERR_LIMIT, "'%s' is larger than %zu bytes",
					       what, out->max);
			return (int)n;
		}
		rc = buf_reserve(out, want);
		if (rc < 0)
			return rc;
		n = io_read(fd, out->data + out->len, want, what);
		if (n < 0)
			return (int)n;
		out->len += (size_t)n;
		out->data[out->len] = 0;
		if ((size_t)n < want)
			return 0;
	}
}

int io_slurp_file(int dirfd, const char *path, struct buf *out)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_sys("opening '%s'", path);
	rc = io_slurp(fd, out, path);
	close(fd);
	return rc;
}

int io_sync(int fd, const char *what)
{
	if (fdatasync(fd) < 0)
		return err_sys("syncing '%s'", what);
	return 0;
}

int io_sync_dir(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return err_sys("opening folder '%s'", path);
	if (fsync(fd) < 0)
		rc = err_sys("syncing folder '%s'", path);
	close(fd);
	return rc;
}
