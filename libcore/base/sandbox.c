/* sandbox.c - Landlock, seccomp and limits */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/sandbox.h"

/* ---- files: Landlock ---- */

/* rights by the version of Landlock that has them (headers may be older than the kernel) */
enum {
	FS_V1 = (1 << 13) - 1,		/* execute .. make_sym */
	FS_REFER = 1 << 13,		/* 2 */
	FS_TRUNCATE = 1 << 14,		/* 3 */
	FS_IOCTL = 1 << 15,		/* 5 */
	FS_READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	FS_WRITE = FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
		   LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |
		   FS_REFER | FS_TRUNCATE,
	FS_FILE = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE
};

static int allow(int rules, const char *const *paths, uint64_t rights)
{
	struct landlock_path_beneath_attr below = { 0 };
	struct stat sb;
	int rc = 0;

	for (; rc == 0 && paths && *paths; paths++) {
		below.parent_fd = open(*paths, O_PATH | O_CLOEXEC);
		if (below.parent_fd < 0)
			continue;
		below.allowed_access = rights;
		if (fstat(below.parent_fd, &sb) == 0 && !S_ISDIR(sb.st_mode))
			below.allowed_access &= FS_FILE;
		if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0) < 0)
			rc = err_sys("fencing '%s' in", *paths);
		close(below.parent_fd);
	}
	return rc;
}

static int fence_paths(const struct sandbox *s)
{
	struct landlock_ruleset_attr attr = { 0 };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	uint64_t all = FS_V1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL : 0);
	int rules, rc;

	if (abi < 1)
		return 0;
	attr.handled_access_fs = all;
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0);
	if (rules < 0)
		return err_sys("making a fence around files");
	rc = allow(rules, s->read, FS_READ & all);
	if (rc == 0)
		rc = allow(rules, s->write, FS_WRITE & all);
	if (rc == 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		rc = err_sys("closing the fence around files");
	close(rules);
	return rc < 0 ? rc : SANDBOX_PATHS;
}

/* ---- system calls: seccomp ---- */

/*
 * What libc, LMDB and our own code use when everything is open: bytes, files below folders that Landlock
 * guards, memory, time, threads, descriptors handed around.  No exec, no ptrace, no mounts, no ids.
 */
#define CALL(name) __NR_##name
static const int calls[] = {
	CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(pread64), CALL(pwrite64), CALL(preadv), CALL(pwritev),
	CALL(lseek), CALL(openat), CALL(close), CALL(fstat), CALL(newfstatat), CALL(statx), CALL(statfs), CALL(fstatfs),
	CALL(getdents64), CALL(readlinkat), CALL(faccessat), CALL(fcntl), CALL(flock), CALL(dup), CALL(dup3), CALL(pipe2),
	CALL(ftruncate), CALL(fallocate), CALL(fsync), CALL(fdatasync), CALL(syncfs), CALL(sync_file_range), CALL(fadvise64),
	CALL(unlinkat), CALL(renameat2), CALL(linkat), CALL(mkdirat), CALL(fchmod), CALL(umask), CALL(utimensat),
	CALL(copy_file_range), CALL(sendfile), CALL(splice), CALL(memfd_create), CALL(readahead),
	CALL(mmap), CALL(munmap), CALL(mremap), CALL(mprotect), CALL(madvise), CALL(msync), CALL(mincore), CALL(brk),
	CALL(futex), CALL(set_robust_list), CALL(get_robust_list), CALL(set_tid_address), CALL(membarrier),
	CALL(sched_yield), CALL(sched_getaffinity), CALL(getcpu), CALL(rt_sigaction), CALL(rt_sigprocmask),
	CALL(rt_sigreturn), CALL(rt_sigpending), CALL(sigaltstack), CALL(restart_syscall), CALL(tgkill), CALL(getpid),
	CALL(gettid), CALL(getppid), CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid), CALL(getcwd), CALL(uname),
	CALL(sysinfo), CALL(getrandom), CALL(getrusage), CALL(prlimit64), CALL(getrlimit), CALL(clock_gettime),
	CALL(clock_getres), CALL(clock_nanosleep), CALL(nanosleep), CALL(gettimeofday), CALL(setitimer),
	CALL(timerfd_create), CALL(timerfd_settime), CALL(eventfd2), CALL(epoll_create1), CALL(epoll_ctl),
	CALL(epoll_pwait), CALL(ppoll), CALL(pselect6), CALL(sendto), CALL(recvfrom), CALL(sendmsg), CALL(recvmsg),
	CALL(shutdown), CALL(getsockopt), CALL(setsockopt), CALL(getsockname), CALL(getpeername), CALL(accept),
	CALL(accept4), CALL(exit), CALL(exit_group), CALL(wait4), CALL(kill),
#ifdef __NR_close_range
	CALL(close_range),
#endif
#ifdef __NR_rseq
	CALL(rseq),
#endif
#ifdef __NR_faccessat2
	CALL(faccessat2),
#endif
#ifdef __NR_renameat		/* the machines that have it beside renameat2 */
	CALL(renameat),
#endif
#ifdef __NR_open		/* calls that newer machines have not */
	CALL(open), CALL(stat), CALL(lstat), CALL(access), CALL(readlink), CALL(unlink), CALL(rename),
	CALL(mkdir), CALL(rmdir), CALL(link), CALL(dup2), CALL(pipe), CALL(poll), CALL(select), CALL(epoll_wait),
	CALL(time), CALL(arch_prctl), CALL(getdents),
#endif
};
/* making an address, or speaking to one */
static const int net_calls[] = { CALL(socket), CALL(connect), CALL(bind), CALL(listen), CALL(sendmmsg), CALL(recvmmsg) };

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OUR_ARCH AUDIT_ARCH_RISCV64
#endif

enum { PROGRAM_MAX = 2 * (sizeof calls + sizeof net_calls) / sizeof *calls + 64 };

struct program {
	struct sock_filter op[PROGRAM_MAX];
	unsigned short n;
};

static void emit(struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	p->op[p->n++] = (struct sock_filter){ code, yes, no, k };
}

/* if the call (loaded already) is `nr`: return `action` */
static void on_call(struct program *p, int nr, uint32_t action)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1);
	emit(p, BPF_RET | BPF_K, action, 0, 0);
}

static void load(struct program *p, size_t off)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)off, 0, 0);
}

/* if the call is `nr` and the low half of its argument has (mask) bits: `yes`, else `no` */
static void on_bits(struct program *p, int nr, int arg, uint32_t mask, uint32_t yes, uint32_t no)
{
	size_t off = offsetof(struct seccomp_data, args) + (size_t)arg * 8;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	off += 4;
#endif
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 4);
	load(p, off);
	emit(p, BPF_JMP | BPF_JSET | BPF_K, mask, 0, 1);
	emit(p, BPF_RET | BPF_K, yes, 0, 0);
	emit(p, BPF_RET | BPF_K, no, 0, 0);
}

#ifdef OUR_ARCH
static const uint32_t denied = SECCOMP_RET_ERRNO | EPERM, absent = SECCOMP_RET_ERRNO | ENOSYS;

/* libc tries clone3 first, whose flags a filter cannot see, and takes clone where that is absent */
static void processes(struct program *p, int may)
{
	on_call(p, __NR_clone3, may ? SECCOMP_RET_ALLOW : absent);
#ifdef __NR_fork
	on_call(p, __NR_fork, may ? SECCOMP_RET_ALLOW : denied);
	on_call(p, __NR_vfork, may ? SECCOMP_RET_ALLOW : denied);
#endif
	if (may)
		on_call(p, __NR_clone, SECCOMP_RET_ALLOW);
	else
		on_bits(p, __NR_clone, 0, 0x10000 /* CLONE_THREAD */, SECCOMP_RET_ALLOW, denied);
}

static void fill(struct program *p, const struct sandbox *s)
{
	size_t i;

	load(p, offsetof(struct seccomp_data, arch));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0);
	emit(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
	load(p, offsetof(struct seccomp_data, nr));
	if (s->stage == SANDBOX_CHILD) {	/* of what a parent may, less: the strictest of two filters counts */
		processes(p, s->fork);
		emit(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
		return;
	}
#ifdef __x86_64__
	emit(p, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);	/* the x32 table */
	emit(p, BPF_RET | BPF_K, denied, 0, 0);
#endif
	for (i = 0; i < sizeof calls / sizeof *calls; i++)
		on_call(p, calls[i], SECCOMP_RET_ALLOW);
	for (i = 0; s->net && i < sizeof net_calls / sizeof *net_calls; i++)
		on_call(p, net_calls[i], SECCOMP_RET_ALLOW);
	on_call(p, __NR_socketpair, SECCOMP_RET_ALLOW);
	on_call(p, __NR_prctl, SECCOMP_RET_ALLOW);
	if (s->stage == SANDBOX_PARENT) {
		on_call(p, SYS_landlock_create_ruleset, SECCOMP_RET_ALLOW);
		on_call(p, SYS_landlock_add_rule, SECCOMP_RET_ALLOW);
		on_call(p, SYS_landlock_restrict_self, SECCOMP_RET_ALLOW);
	}
	on_call(p, __NR_ioctl, SECCOMP_RET_ERRNO | ENOTTY);	/* a terminal is asked for, or an extent to share */
	processes(p, s->fork || s->stage == SANDBOX_PARENT);
	emit(p, BPF_RET | BPF_K, denied, 0, 0);
}
#endif

static int fence_calls(const struct sandbox *s)
{
#ifdef OUR_ARCH
	struct program p = { .n = 0 };
	struct sock_fprog prog;

	fill(&p, s);
	prog = (struct sock_fprog){ .len = p.n, .filter = p.op };
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0)
		return SANDBOX_CALLS;
	return errno == EINVAL || errno == ENOSYS ? 0 : err_sys("filtering system calls");
#else
	(void)s;
	return 0;
#endif
}

/* ---- limits ---- */

static int limit(int what, uint64_t most)
{
	struct rlimit r;

	if (!most || getrlimit(what, &r) < 0)
		return 0;
	if (r.rlim_max == RLIM_INFINITY || r.rlim_max > most)
		r.rlim_max = most;
	r.rlim_cur = r.rlim_max;
	return setrlimit(what, &r) < 0 ? err_sys("setting a limit") : 0;
}

static int fence_limits(const struct sandbox *s)
{
	struct rlimit none = { 0, 0 };
	int rc = limit(RLIMIT_NOFILE, s->files);

	if (rc == 0)
		rc = limit(RLIMIT_FSIZE, s->file_bytes);
	if (rc == 0)
		rc = limit(RLIMIT_AS, s->memory);
	if (rc == 0 && setrlimit(RLIMIT_CORE, &none) < 0)	/* memory may hold what was asked for */
		rc = err_sys("setting a limit");
	return rc < 0 ? rc : SANDBOX_LIMITS;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
/* The search for leaks at the end needs ptrace, which is fenced off. */
static int no_leak_check;
int __lsan_is_turned_off(void);
__attribute__((visibility("default"))) int __lsan_is_turned_off(void) { return no_leak_check; }
#endif

int sandbox_enter(const struct sandbox *s, int must)
{
	int got = s->stage == SANDBOX_PARENT ? SANDBOX_LIMITS | SANDBOX_PATHS : fence_limits(s), rc = 0;

	if (got < 0)
		return got;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys("giving up new privileges");
	if (s->stage != SANDBOX_PARENT)
		rc = fence_paths(s);
	if (rc < 0)
		return rc;
	got |= rc;
	rc = fence_calls(s);		/* the last: it takes away what the others need */
	if (rc < 0)
		return rc;
	got |= rc;
#ifdef __SANITIZE_ADDRESS__
	no_leak_check = (got & SANDBOX_CALLS) != 0;
#endif
	if (must & ~got)
		return err_set(ERR_UNSUPPORTED, "this kernel has no %s to fence us in",
			       must & ~got & SANDBOX_PATHS ? "Landlock" : "seccomp filters");
	return got;
}
