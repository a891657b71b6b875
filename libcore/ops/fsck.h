/*
 * fsck.h - is the store whole, and what can be mended?
 * Both print nothing: what they find goes to report->say, line by line.
 */
#ifndef OPS_FSCK_H
#define OPS_FSCK_H

#include "store/store.h"

/*
 * ops_fsck - check every record's checksum and hash, the index against the segments, the counters,
 * the pin journal against its copy, and that every pinned block is there and readable.
 *
 * `repair` mends what can be mended and says which blocks were lost.  Returns the number of faults
 * left (0: the store is good), or ERR_BUSY: programs that write are running (repair only);
 * ERR_NOTFOUND: no store there; ERR_IO, ERR_NOMEM.  Borrows all.
 */
int ops_fsck(const char *path, int repair, struct store_report *report);

/*
 * ops_reindex - rebuild the index from the segments alone, and the copy of the pins from the journal.
 * Damaged records are passed over and reported.  Returns 0, or ERR_BUSY, ERR_NOTFOUND, ERR_IO,
 * ERR_NOSPACE and the index is as it was.
 */
int ops_reindex(const char *path, struct store_report *report);

#endif
