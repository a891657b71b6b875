/*
 * guard.h - files mapped for reading that may be cut short meanwhile.
 * Reading behind the new end of a mapped file raises SIGBUS.  A handler puts zeros under the rest of the
 * mapping instead, and notes it, so that the reader goes on and asks afterwards whether what it saw was
 * the file.  A system call a look would cost a microsecond; this costs nothing.
 * The handler is put up with the first mapping and passes on what is not about one.
 */
#ifndef BASE_GUARD_H
#define BASE_GUARD_H

#include "base/span.h"

struct guard {
	struct span map;		/* NULL: not mapped */
	int slot;
};

/* guard_open - maps `len` bytes from `off`, a multiple of the page size: 1; 0: not to be had (address space, too many),
 * read instead. */
int guard_open(struct guard *g, int fd, uint64_t off, uint64_t len);
void guard_close(struct guard *g);	/* accepts one that was not opened, all zero */
int guard_hit(const struct guard *g);	/* 1: some of what was read was not the file */

#endif
