/*
 * io.h - whole reads and writes on file descriptors.
 * All retry on EINTR and short counts.  Errors come from err_sys; `what` names the file in
 * messages (not quoted by the caller).
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <sys/types.h>
#include <sys/uio.h>

#include "base/buf.h"

/* io_read - up to `len` bytes, less only at the end of the file; returns the count (0: end). */
ssize_t io_read(int fd, void *p, size_t len, const char *what);
ssize_t io_pread(int fd, void *p, size_t len, uint64_t off, const char *what);

/* io_write - all of them; 0 or an error. */
int io_write(int fd, const void *p, size_t len, const char *what);
int io_pwrite(int fd, const void *p, size_t len, uint64_t off, const char *what);

/* io_writev, io_pwritev - all of them; the iovec array is used up (changed). */
int io_writev(int fd, struct iovec *iov, int n, const char *what);
int io_pwritev(int fd, struct iovec *iov, int n, uint64_t off, const char *what);

/* io_slurp - the rest of `fd` appended to `out`; ERR_LIMIT beyond out->max. */
int io_slurp(int fd, struct buf *out, const char *what);

/* io_slurp_file - a whole file, opened relative to `dirfd` (AT_FDCWD for the working folder);
 * appended to `out`. */
int io_slurp_file(int dirfd, const char *path, struct buf *out);

/* io_sync - fdatasync; io_sync_dir - fsync of a folder, so that names in it last. */
int io_sync(int fd, const char *what);
int io_sync_dir(int dirfd, const char *path);

#endif
