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
 * ops_blocks_check - read and hash every block of an open store, while others use it.  fn hears of each by the
 * CIDv1 of codec raw with its multihash: rc 0, or why it cannot be had, with err_text().
 * drop: the damaged ones are forgotten, pinned or not, after all were looked at; only then fn hears of them, with
 * `dropped` 1, or -1: that went wrong, and `why` is what ailed the block.
 * A nonzero return of fn stops and is returned.  Memory: bounded.
 */
struct ops_block_state {
	struct cid cid;
	int rc, dropped;
	const char *why;		/* rc < 0 */
};
int ops_blocks_check(struct store *st, int drop, int (*fn)(void *arg, const struct ops_block_state *b), void *arg);

/*
 * ops_reindex - rebuild the index from the segments alone, and the copy of the pins from the journal.
 * Damaged records are passed over and reported.  Returns 0, or ERR_BUSY, ERR_NOTFOUND, ERR_IO,
 * ERR_NOSPACE and the index is as it was.
 */
int ops_reindex(const char *path, struct store_report *report);

#endif
