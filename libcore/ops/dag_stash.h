/*
 * dag_stash.h - records one after the other, in memory or, when they grow, in a file (inside ops only).
 * Read from any place forward; cut off at any place, as a stack is.
 */
#ifndef OPS_DAG_STASH_H
#define OPS_DAG_STASH_H

#include "base/buf.h"

enum { STASH_MEM = 1024 * 1024 };	/* bytes kept in memory (and one record more) */

struct stash {
	struct buf mem;			/* bytes from `base` on; those before are in the file */
	uint64_t base;
	int fd;				/* -1: no file yet */
	const char *tmpdir;		/* borrowed */
};

void stash_init(struct stash *p, const char *tmpdir);
void stash_clear(struct stash *p);
/* stash_end - the place behind the last record: bytes from the beginning. */
static inline uint64_t stash_end(const struct stash *p) { return p->base + p->mem.len; }
int stash_add(struct stash *p, struct span record);
/* stash_get - the record at *at into `out` (emptied first), and *at is the place behind it. */
int stash_get(struct stash *p, uint64_t *at, struct buf *out);
/* stash_cut - forget everything from the place `at` on. */
void stash_cut(struct stash *p, uint64_t at);

#endif
