/*
 * record.c - write down every change to files below a folder (LD_PRELOAD), for the power-cut test.
 *
 * RECORD_ROOT: the folder; RECORD_LOG: the log, appended to by one write(2) an event, so several
 * processes share one order.  Event: u32 length of the rest, u8 op, then by op:
 *   W write     str path, u64 off, u8 durable, bytes      (durable: the descriptor is O_DSYNC)
 *   T truncate  str path, u64 size
 *   C create    str path            D mkdir   str path
 *   R rename    str from, str to    U unlink  str path     L link  str from, str to
 *   S fsync     str path            (a file's data, or a folder's names)
 *   A answer    bytes               (written to standard output: acknowledged)
 * str: u16 length, bytes; paths relative to RECORD_ROOT.  Little-endian.
 * Changes through shared mappings (LMDB's reader table, the board) are not recorded: nothing
 * durable may depend on them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char root[PATH_MAX];
static size_t root_len;
static int log_fd = -1;

#define REAL(ret, name, ...) \
	static ret (*real)(__VA_ARGS__); \
	if (!real) \
		*(void **)&real = dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void begin(void)
{
	const char *r = getenv("RECORD_ROOT"), *l = getenv("RECORD_LOG");

	if (!r || !l || !realpath(r, root))
		return;
	root_len = strlen(root);
	log_fd = (int)syscall(SYS_openat, AT_FDCWD, l, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (log_fd >= 0 && log_fd < 64) {	/* out of the way of the program's own numbers */
		int up = fcntl(log_fd, F_DUPFD_CLOEXEC, 900);

		syscall(SYS_close, log_fd);
		log_fd = up;
	}
}

/* the path of fd (and name below it) relative to the root; NULL: elsewhere */
static const char *below(int dirfd, const char *name, char *out)
{
	char link[64], base[PATH_MAX];
	ssize_t n;

	if (log_fd < 0)
		return NULL;
	if (name && name[0] == '/') {
		snprintf(out, PATH_MAX, "%s", name);
	} else {
		if (dirfd == AT_FDCWD)
			snprintf(link, sizeof link, "/proc/self/cwd");
		else
			snprintf(link, sizeof link, "/proc/self/fd/%d", dirfd);
		n = readlink(link, base, sizeof base - 1);
		if (n < 0)
			return NULL;
		base[n] = 0;
		if (name)
			snprintf(out, PATH_MAX, "%.2000s/%.2000s", base, name);
		else
			snprintf(out, PATH_MAX, "%s", base);
	}
	if (strncmp(out, root, root_len) || (out[root_len] != '/' && out[root_len]))
		return NULL;
	out += root_len;
	while (*out == '/')
		out++;
	return out;
}

static void event(char op, const char *a, const char *b, int has_num, uint64_t num, int flag,
		  const struct iovec *v, int n, size_t bytes)
{
	uint8_t head[2 * PATH_MAX + 64], *p = head + 4;
	struct iovec out[1025];		/* IOV_MAX and the head */
	uint32_t len;
	size_t left = bytes;
	int i, k = 1;

	*p++ = (uint8_t)op;
	for (i = 0; i < 2; i++) {
		const char *s = i ? b : a;
		size_t l;

		if (!s)
			continue;
		l = strlen(s);
		*p++ = (uint8_t)l;
		*p++ = (uint8_t)(l >> 8);
		memcpy(p, s, l);
		p += l;
	}
	if (has_num) {
		memcpy(p, &num, 8);
		p += 8;
	}
	if (op == 'W')
		*p++ = (uint8_t)flag;
	for (i = 0; i < n && left && k < 1025; i++) {
		out[k] = v[i];
		if (out[k].iov_len > left)
			out[k].iov_len = left;
		left -= out[k++].iov_len;
	}
	if (left)
		abort();	/* more pieces than we have room for: the log would lie */
	len = (uint32_t)((size_t)(p - head) - 4 + bytes);
	memcpy(head, &len, 4);
	out[0] = (struct iovec){ head, (size_t)(p - head) };
	if (syscall(SYS_writev, log_fd, out, k) != (long)(len + 4))
		abort();
}

static void wrote(int fd, const struct iovec *v, int n, off_t off, ssize_t done)
{
	char path[PATH_MAX];
	const char *rel;
	int save = errno;

	if (done > 0 && (rel = below(fd, NULL, path)))
		event('W', rel, NULL, 1, (uint64_t)off, fcntl(fd, F_GETFL) & O_DSYNC ? 1 : 0, v, n,
		      (size_t)done);
	errno = save;
}

static void named(char op, int d, const char *a, int e, const char *b)
{
	char p1[PATH_MAX], p2[PATH_MAX];
	const char *r1 = below(d, a, p1), *r2 = b ? below(e, b, p2) : NULL;
	int save = errno;

	if (r1 && (!b || r2))
		event(op, r1, r2, 0, 0, 0, NULL, 0, 0);
	errno = save;
}

static off_t position(int fd)
{
	return (fcntl(fd, F_GETFL) & O_APPEND) ? lseek(fd, 0, SEEK_END) : lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *p, size_t n)
{
	REAL(ssize_t, write, int, const void *, size_t);
	struct iovec v = { (void *)(uintptr_t)p, n };
	off_t at = log_fd >= 0 ? position(fd) : 0;
	ssize_t w = real(fd, p, n);

	if (fd == 1 && w > 0 && log_fd >= 0)
		event('A', NULL, NULL, 0, 0, 0, &v, 1, (size_t)w);
	else
		wrote(fd, &v, 1, at, w);
	return w;
}
ssize_t writev(int fd, const struct iovec *v, int n)
{
	REAL(ssize_t, writev, int, const struct iovec *, int);
	off_t at = log_fd >= 0 ? position(fd) : 0;
	ssize_t w = real(fd, v, n);

	if (fd == 1 && w > 0 && log_fd >= 0)
		event('A', NULL, NULL, 0, 0, 0, v, n, (size_t)w);
	else
		wrote(fd, v, n, at, w);
	return w;
}
ssize_t pwrite(int fd, const void *p, size_t n, off_t o)
{
	REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
	struct iovec v = { (void *)(uintptr_t)p, n };
	ssize_t w = real(fd, p, n, o);

	wrote(fd, &v, 1, o, w);
	return w;
}
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t o) { return pwrite(fd, p, n, o); }
ssize_t pwritev(int fd, const struct iovec *v, int n, off_t o)
{
	REAL(ssize_t, pwritev, int, const struct iovec *, int, off_t);
	ssize_t w = real(fd, v, n, o);

	wrote(fd, v, n, o, w);
	return w;
}
ssize_t copy_file_range(int in, off64_t *io, int out, off64_t *oo, size_t n, unsigned f)
{
	char path[PATH_MAX];
	REAL(ssize_t, copy_file_range, int, off64_t *, int, off64_t *, size_t, unsigned);

	if (below(out, NULL, path)) {	/* the program must fall back to bytes we can see */
		errno = EXDEV;
		return -1;
	}
	return real(in, io, out, oo, n, f);
}
int ftruncate(int fd, off_t n)
{
	char path[PATH_MAX];
	const char *rel;
	REAL(int, ftruncate, int, off_t);
	int rc = real(fd, n);

	if (rc == 0 && (rel = below(fd, NULL, path)))
		event('T', rel, NULL, 1, (uint64_t)n, 0, NULL, 0, 0);
	return rc;
}
static int opened(int d, const char *name, int flags, mode_t mode, int existed)
{
	int fd = (int)syscall(SYS_openat, d, name, flags, mode);

	if (fd >= 0 && log_fd >= 0 && (flags & O_CREAT) && !existed)
		named('C', d, name, 0, NULL);
	if (fd >= 0 && log_fd >= 0 && (flags & O_TRUNC) && existed) {
		char path[PATH_MAX];
		const char *rel = below(d, name, path);

		if (rel)
			event('T', rel, NULL, 1, 0, 0, NULL, 0, 0);
	}
	return fd;
}
static int exists(int d, const char *name, int flags)
{
	struct stat st;

	return (flags & (O_CREAT | O_TRUNC)) && fstatat(d, name, &st, 0) == 0;
}
int openat(int d, const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(ap, int) : 0;
	va_end(ap);
	return opened(d, name, flags, mode, exists(d, name, flags));
}
int open(const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(ap, int) : 0;
	va_end(ap);
	return opened(AT_FDCWD, name, flags, mode, exists(AT_FDCWD, name, flags));
}
int open64(const char *name, int flags, ...) __attribute__((alias("open")));
int openat64(int d, const char *name, int flags, ...) __attribute__((alias("openat")));
int fsync(int fd)
{
	char path[PATH_MAX];
	const char *rel = below(fd, NULL, path);

	/* the simulated disk keeps what is synced; the real one need not wait */
	if (rel)
		event('S', rel, NULL, 0, 0, 0, NULL, 0, 0);
	return 0;
}
int fdatasync(int fd) { return fsync(fd); }
int rename(const char *a, const char *b)
{
	REAL(int, rename, const char *, const char *);
	int rc = real(a, b);

	if (rc == 0)
		named('R', AT_FDCWD, a, AT_FDCWD, b);
	return rc;
}
int renameat(int d, const char *a, int e, const char *b)
{
	REAL(int, renameat, int, const char *, int, const char *);
	int rc = real(d, a, e, b);

	if (rc == 0)
		named('R', d, a, e, b);
	return rc;
}
int unlink(const char *a)
{
	REAL(int, unlink, const char *);
	int rc = real(a);

	if (rc == 0)
		named('U', AT_FDCWD, a, 0, NULL);
	return rc;
}
int rmdir(const char *a)
{
	REAL(int, rmdir, const char *);
	int rc = real(a);

	if (rc == 0)
		named('U', AT_FDCWD, a, 0, NULL);
	return rc;
}
int unlinkat(int d, const char *a, int f)
{
	REAL(int, unlinkat, int, const char *, int);
	int rc = real(d, a, f);

	if (rc == 0)
		named('U', d, a, 0, NULL);
	return rc;
}
int mkdir(const char *a, mode_t m)
{
	REAL(int, mkdir, const char *, mode_t);
	int rc = real(a, m);

	if (rc == 0)
		named('D', AT_FDCWD, a, 0, NULL);
	return rc;
}
int mkdirat(int d, const char *a, mode_t m)
{
	REAL(int, mkdirat, int, const char *, mode_t);
	int rc = real(d, a, m);

	if (rc == 0)
		named('D', d, a, 0, NULL);
	return rc;
}
int link(const char *a, const char *b)
{
	REAL(int, link, const char *, const char *);
	int rc = real(a, b);

	if (rc == 0)
		named('L', AT_FDCWD, a, AT_FDCWD, b);
	return rc;
}
