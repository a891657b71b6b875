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

/* ---- measurements: counters, gauges and histograms with labels, in a file of their own ---- */

/*
 * A series is a family and its labels, as text: "ipfrs_http_requests_total", `method="GET",status="200"`.  All
 * processes that map the file add to the same numbers, without locks.  A table that is full, or a name that is
 * too long, drops what is new (board_lost counts it): memory is bounded by the table, not by what is measured.
 * All calls accept NULL.
 */
enum { BOARD_SERIES_MAX = 4096, BOARD_SERIES_NAME = 200, BOARD_BOUNDS_MAX = 14 };
struct board_series;
int board_series_open(struct board_series **s, const char *path);
void board_series_close(struct board_series *s);

void board_add(struct board_series *s, const char *family, const char *labels, uint64_t n);
void board_gauge(struct board_series *s, const char *family, const char *labels, int64_t change);
/* board_observe - a value into a histogram: n (at most BOARD_BOUNDS_MAX) upper bounds, ascending, the same at
 * every call for this family. */
void board_observe(struct board_series *s, const char *family, const char *labels, const double *bounds,
		   size_t n, double value);
void board_gauges_reset(struct board_series *s);	/* to 0: nobody else runs */
uint64_t board_lost(struct board_series *s);

enum board_kind { BOARD_COUNTER = 1, BOARD_GAUGE, BOARD_HISTOGRAM };
struct board_sample {
	enum board_kind kind;
	const char *family, *labels;
	uint64_t value;			/* of a counter */
	int64_t level;			/* of a gauge */
	uint64_t in[BOARD_BOUNDS_MAX + 1];	/* a histogram's values by bound, not cumulative; [n]: above all */
	uint64_t count;
	double sum;
};
/* board_each - every series, in no order; a nonzero return stops and is returned. */
int board_each(struct board_series *s, int (*fn)(void *arg, const struct board_sample *x), void *arg);

/* ---- token buckets: how often may one client ask? ---- */

/*
 * One table for all processes.  A client is any bytes; when the table is full the bucket that was idle longest
 * among a few makes room, so a flood of clients costs memory to nobody.
 */
enum { BOARD_BUCKETS_MAX = 65536 };
struct board_buckets;
int board_buckets_open(struct board_buckets **b, const char *path);
void board_buckets_close(struct board_buckets *b);
/* board_take - one token of `client`'s bucket, which holds `burst` and gets `per_second` (both over 0).  1; 0: none
 * is left, and *wait_s seconds (at least 1) until there is.  *left: whole tokens left.  Without a board: 1. */
int board_take(struct board_buckets *b, const void *client, size_t len, double burst, double per_second,
	       unsigned *left, unsigned *wait_s);

#endif
