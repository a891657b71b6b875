/*
 * sandbox.h - give up, for good, what the rest of a process does not need.
 * Three fences, each of which holds where another does not exist: Landlock (files by path), a filter of
 * system calls (seccomp), and resource limits.  Descriptors opened before stay usable.  What is fenced off fails
 * with EACCES or EPERM; nobody is killed for trying.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include <stdint.h>

/* The filter is the dear part (a tenth of a millisecond).  Who forks many that are to be fenced in alike enters
 * SANDBOX_PARENT once, which is the filter for all of them and what it takes to make them; they enter SANDBOX_CHILD: the
 * rest. */
enum sandbox_stage { SANDBOX_WHOLE, SANDBOX_PARENT, SANDBOX_CHILD };

struct sandbox {
	enum sandbox_stage stage;
	const char *const *read;	/* folders and files that may be read; NULL-terminated, or NULL: none */
	const char *const *write;	/* folders that may be read, and written, made and removed in */
	int net;			/* sockets may be made and used; without it only those there are, and a
					 * pair without an address */
	int fork;			/* processes may be made; without it only threads */
	uint64_t files;			/* descriptors at most; 0: as it was */
	uint64_t file_bytes;		/* of a file written, at most; 0: as it was */
	uint64_t memory;		/* bytes of address space; 0: as it was */
};

enum { SANDBOX_PATHS = 1, SANDBOX_CALLS = 2, SANDBOX_LIMITS = 4, SANDBOX_ALL = 7 };

/*
 * sandbox_enter - this thread, and what it starts, from now on; call it before there are other threads.
 * Paths that do not exist are left out.  Returns the fences that stand (SANDBOX_ bits): fewer where the kernel
 * has them not; with none of `must` missing, else ERR_UNSUPPORTED.
 */
int sandbox_enter(const struct sandbox *s, int must);

#endif
