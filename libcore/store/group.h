/* group.h - what offer.c and group.c share: the file of requests, board/commits */
#ifndef STORE_GROUP_H
#define STORE_GROUP_H

#include "store_priv.h"

enum {
	SLOTS = GROUP_SLOTS, SLOT = GROUP_SLOT, ROW = 32, ROWS = SLOTS * ROW, FIRST = 4096,
	BLOCKS_MAX = 256, OPS_MAX = 8 << 10
};
#define SEG_WITH UINT32_MAX		/* in place of a segment: the records come with the request */

extern const char *const group_file;

struct offer {				/* a row */
	uint64_t seq;			/* 0: none */
	uint32_t seg, len, crc;		/* of the request: the segment it speaks of, 0 for none; its bytes */
	uint64_t done;			/* seq of the last one that was done for its owner */
};

/* group_row - 1: it is whole, and `seq` says if there is a request */
int group_row(const struct store *st, int slot, struct offer *o);
int group_row_write(struct store *st, int slot, const struct offer *o);

/* the key of what the index knows of a slot */
struct done_key { char text[7]; };
MDB_val group_done_key(int slot, struct done_key *k);

#endif
