/*
 * spill.h - sort any number of records in bounded memory.
 * Records are added in any order and read back sorted.  Beyond `mem` bytes they go, as sorted runs,
 * to nameless files in a temporary folder and are merged when they are read.  The sort is stable:
 * records that compare equal come back in the order they were added.
 * Memory: up to twice `mem` while adding (it grows with the records); while reading about 2 MiB for
 * every level of runs (64 runs make one of the next level: two levels for 2 * 10^8 records of 64
 * bytes with 4 MiB).
 */
#ifndef BASE_SPILL_H
#define BASE_SPILL_H

#include "base/span.h"

enum { SPILL_RECORD_MAX = 256 * 1024 };	/* bytes of one record */

struct spill;

/* spill_new - tmpdir (borrowed; NULL: $TMPDIR or /tmp) is used only when memory does not suffice;
 * mem is raised to what SPILL_RECORD_MAX needs.  Gives; ERR_NOMEM. */
int spill_new(struct spill **s, const char *tmpdir, size_t mem,
	      int (*cmp)(struct span a, struct span b));
void spill_free(struct spill *s);			/* accepts NULL */

/* spill_add - the record is copied.  ERR_LIMIT: over SPILL_RECORD_MAX; ERR_NOMEM; ERR_NOSPACE, ERR_IO. */
int spill_add(struct spill *s, struct span record);

/* spill_run - n records that are in order already become a run on disk, behind what was added before; `at`
 * gives the i-th, borrowed until it is asked for another.  For those who can sort faster than by a
 * comparison. */
int spill_run(struct spill *s, size_t n, struct span (*at)(void *arg, size_t i), void *arg);

/* spill_mem - bytes of records in memory; spill_flush - write them to disk now, for someone who holds
 * many spills and has to share memory among them. */
size_t spill_mem(const struct spill *s);
int spill_flush(struct spill *s);

/* spill_order - compare differently from now on; 1, or 0 when it is too late: runs were written. */
int spill_order(struct spill *s, int (*cmp)(struct span a, struct span b));

/* spill_read - the end of adding; spill_next gives the records in order: 1 and a record that is
 * borrowed until the next call, 0 at the end, or an error. */
int spill_read(struct spill *s);
int spill_next(struct spill *s, struct span *record);

#endif
