/*
 * fault.c - make the nth call of one kind fail (LD_PRELOAD).
 * FAULT_KIND malloc|write|sync|rename|commit|read, FAULT_NTH n (from 1; 0 only counts), FAULT_ERRNO
 * (default: what is usual for the kind), FAULT_HITS: a file that receives the number of calls seen.
 * Only calls made after main begins count, so the loader and libc start as ever.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { K_NONE, K_MALLOC, K_WRITE, K_SYNC, K_RENAME, K_COMMIT, K_READ };

static enum kind wanted;
static unsigned long nth;
static int with_errno;
static atomic_ulong seen;
static atomic_int armed;
static const char *hits;

static enum kind kind_of(const char *s)
{
	static const char *names[] = { "none", "malloc", "write", "sync", "rename", "commit", "read" };
	int i;

	for (i = 1; s && i < 7; i++)
		if (!strcmp(s, names[i]))
			return (enum kind)i;
	return K_NONE;
}

__attribute__((constructor)) static void arm(void)
{
	static const int usual[] = { 0, ENOMEM, ENOSPC, EIO, EIO, EIO, EIO };
	const char *e = getenv("FAULT_ERRNO");

	wanted = kind_of(getenv("FAULT_KIND"));
	nth = strtoul(getenv("FAULT_NTH") ? getenv("FAULT_NTH") : "0", NULL, 10);
	hits = getenv("FAULT_HITS");
	with_errno = e ? atoi(e) : usual[wanted];
	atomic_store(&armed, 1);
}

__attribute__((destructor)) static void report(void)
{
	char text[32];
	int fd, n;

	atomic_store(&armed, 0);
	if (!hits)
		return;
	n = snprintf(text, sizeof text, "%lu\n", atomic_load(&seen));
	fd = open(hits, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd >= 0) {
		if (write(fd, text, (size_t)n) != n)
			_exit(99);
		close(fd);
	}
}

/* 1: this call is the one */
static int strike(enum kind k)
{
	if (k != wanted || !atomic_load(&armed))
		return 0;
	if (atomic_fetch_add(&seen, 1) + 1 != nth)
		return 0;
	errno = with_errno;
	return 1;
}

#define REAL(ret, name, ...) \
	static ret (*real)(__VA_ARGS__); \
	if (!real) \
		*(void **)&real = dlsym(RTLD_NEXT, #name)

/* dlsym itself may allocate, so the allocator goes to glibc's own names */
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

void *malloc(size_t n) { return strike(K_MALLOC) ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t m) { return strike(K_MALLOC) ? NULL : __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { return strike(K_MALLOC) ? NULL : __libc_realloc(p, n); }

/* the answers on fd 1 and the talk on fd 2 are not the disk */
ssize_t write(int fd, const void *p, size_t n)
{
	REAL(ssize_t, write, int, const void *, size_t);
	return fd > 2 && strike(K_WRITE) ? -1 : real(fd, p, n);
}
ssize_t writev(int fd, const struct iovec *v, int n)
{
	REAL(ssize_t, writev, int, const struct iovec *, int);
	return fd > 2 && strike(K_WRITE) ? -1 : real(fd, v, n);
}
ssize_t pwrite(int fd, const void *p, size_t n, off_t o)
{
	REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
	return strike(K_WRITE) ? -1 : real(fd, p, n, o);
}
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t o)
{
	REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
	return strike(K_WRITE) ? -1 : real(fd, p, n, o);
}
ssize_t pwritev(int fd, const struct iovec *v, int n, off_t o)
{
	REAL(ssize_t, pwritev, int, const struct iovec *, int, off_t);
	return strike(K_WRITE) ? -1 : real(fd, v, n, o);
}
int ftruncate(int fd, off_t n)
{
	REAL(int, ftruncate, int, off_t);
	return strike(K_WRITE) ? -1 : real(fd, n);
}
int fallocate(int fd, int mode, off_t o, off_t n)
{
	REAL(int, fallocate, int, int, off_t, off_t);
	return strike(K_WRITE) ? -1 : real(fd, mode, o, n);
}
int fsync(int fd)
{
	REAL(int, fsync, int);
	return strike(K_SYNC) ? -1 : real(fd);
}
int fdatasync(int fd)
{
	REAL(int, fdatasync, int);
	return strike(K_SYNC) ? -1 : real(fd);
}
int rename(const char *a, const char *b)
{
	REAL(int, rename, const char *, const char *);
	return strike(K_RENAME) ? -1 : real(a, b);
}
int renameat(int d, const char *a, int e, const char *b)
{
	REAL(int, renameat, int, const char *, int, const char *);
	return strike(K_RENAME) ? -1 : real(d, a, e, b);
}
int unlink(const char *a)
{
	REAL(int, unlink, const char *);
	return strike(K_RENAME) ? -1 : real(a);
}
int unlinkat(int d, const char *a, int f)
{
	REAL(int, unlinkat, int, const char *, int);
	return strike(K_RENAME) ? -1 : real(d, a, f);
}
int mkdirat(int d, const char *a, mode_t m)
{
	REAL(int, mkdirat, int, const char *, mode_t);
	return strike(K_RENAME) ? -1 : real(d, a, m);
}
ssize_t pread(int fd, void *p, size_t n, off_t o)
{
	REAL(ssize_t, pread, int, void *, size_t, off_t);
	return strike(K_READ) ? -1 : real(fd, p, n, o);
}
ssize_t read(int fd, void *p, size_t n)
{
	REAL(ssize_t, read, int, void *, size_t);
	return fd > 2 && strike(K_READ) ? -1 : real(fd, p, n);
}

/* LMDB's commit: the failure must look like its own */
struct MDB_txn;
void mdb_txn_abort(struct MDB_txn *txn);
int mdb_txn_commit(struct MDB_txn *txn);
int mdb_txn_commit(struct MDB_txn *txn)
{
	REAL(int, mdb_txn_commit, struct MDB_txn *);
	static void (*abort_it)(struct MDB_txn *);

	if (strike(K_COMMIT)) {
		if (!abort_it)
			*(void **)&abort_it = dlsym(RTLD_NEXT, "mdb_txn_abort");
		abort_it(txn);
		return with_errno;
	}
	return real(txn);
}
