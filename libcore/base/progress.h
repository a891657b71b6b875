/*
 * progress.h - one line on a terminal while long work goes on.
 * Appears after a second and only when standard error is a terminal and the program was not
 * told to be quiet; otherwise every call costs a clock read at most ten times a second.
 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdint.h>

struct progress {
	const char *verb;	/* "adding"; borrowed */
	uint64_t done, total;	/* bytes or items; total 0: not known */
	uint64_t items;		/* a second count, 0: not shown */
	int bytes;		/* done and total are bytes */
	int on, shown;
	uint64_t start_ms, next_ms;
};

/* progress_enable - whether any progress may appear; main decides (terminal and not -q). */
void progress_enable(int yes);

void progress_start(struct progress *p, const char *verb, uint64_t total, int bytes);
void progress_add(struct progress *p, uint64_t done, uint64_t items);
void progress_end(struct progress *p);	/* wipes the line */

#endif
