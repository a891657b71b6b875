/*
 * board.h - what all processes of a store see of each other: counters and running operations.
 *
 * One small file, mapped shared (board/state of the store).  Nothing durable is in it: it may be
 * deleted when no program runs, and a program that cannot open it works without (every call
 * accepts NULL).  Counters are atomic adds.  An operation holds a lock on its slot, so one whose
 * process died is recognised and its slot used again.
 */
#ifndef BOARD_BOARD_H
#define BOARD_BOARD_H

#include <stddef.h>
#include <stdint.h>

struct board;

/* X(enum tail, name for people and machines) - append only: the order is the file's format. */
#define BOARD_COUNTERS(X) \
	X(BLOCKS_PUT, "blocks_put") \
	X(BLOCKS_DUP, "blocks_already_present") \
	X(BYTES_PUT, "bytes_put") \
	X(COMMITS, "commits") \
	X(PINS_ADDED, "pins_added") \
	X(PINS_REMOVED, "pins_removed") \
	X(GC_RUNS, "gc_runs") \
	X(GC_DELETED, "gc_blocks_deleted") \
	X(GC_FREED, "gc_bytes_freed") \
	X(FILES_ADDED, "files_added") \
	X(FILES_CACHED, "files_unchanged")

enum board_counter {
#define X(tail, name) BOARD_##tail,
	BOARD_COUNTERS(X)
#undef X
	BOARD_N_COUNTERS
};

enum { BOARD_OPS_MAX = 256, BOARD_VERB_MAX = 24, BOARD_WHAT_MAX = 128 };	/* bytes with NUL */

/* board_open - map `path` (made if absent).  Gives *b, NULL when it cannot be had.  0, or an error
 * that a caller may ignore: the board is a convenience. */
int board_open(struct board **b, const char *path);
void board_close(struct board *b);

void board_count(struct board *b, enum board_counter c, uint64_t n);
uint64_t board_value(struct board *b, enum board_counter c);
const char *board_counter_name(enum board_counter c);

/* An operation others may see while it runs.  begin returns a slot or -1 (board full or absent);
 * the other two accept -1.  done and total in bytes or items, total 0: not known. */
int board_op_begin(struct board *b, const char *verb, const char *what, uint64_t total);
void board_op_progress(struct board *b, int slot, uint64_t done);
void board_op_end(struct board *b, int slot);

struct board_op {
	long pid;
	uint64_t start_ms;		/* milliseconds since the epoch */
	uint64_t done, total;
	char verb[BOARD_VERB_MAX], what[BOARD_WHAT_MAX];
};

/* board_ops - the operations that run now, at most `max`; returns their number.  Operations of this
 * process are included. */
int board_ops(struct board *b, struct board_op *out, int max);

#endif
