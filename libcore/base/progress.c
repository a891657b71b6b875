/* progress.c - one line on a terminal while long work goes on */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "base/progress.h"

static int enabled;

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void progress_enable(int yes)
{
	enabled = yes;
}

void progress_start(struct progress *p, const char *verb, uint64_t total, int bytes)
{
	*p = (struct progress){ .verb = verb, .total = total, .bytes = bytes, .on = enabled };
	if (p->on) {
		p->start_ms = now_ms();
		p->next_ms = p->start_ms + 1000;
	}
}

static void draw(struct progress *p, uint64_t now)
{
	char line[160], a[NUM_SIZE_MAX], b[NUM_SIZE_MAX], r[NUM_SIZE_MAX];
	uint64_t ms = now - p->start_ms ? now - p->start_ms : 1;
	uint64_t rate = (uint64_t)((double)p->done * 1000 / (double)ms);
	int n;

	if (p->bytes)
		n = snprintf(line, sizeof line, "%s %s%s%s, %s/s", p->verb,
			     num_format_size(p->done, a), p->total ? " of " : "",
			     p->total ? num_format_size(p->total, b) : "",
			     num_format_size(rate, r));
	else
		n = snprintf(line, sizeof line, "%s %" PRIu64 ", %" PRIu64 "/s", p->verb,
			     p->done, rate);
	if (p->items)
		n += snprintf(line + n, sizeof line - (size_t)n, ", %" PRIu64 " items", p->items);
	if (p->total && p->done <= p->total && rate)
		snprintf(line + n, sizeof line - (size_t)n, ", %" PRIu64 "%%, %" PRIu64 " s left",
			 (uint64_t)((double)p->done * 100 / (double)p->total),
			 (p->total - p->done) / rate);
	dprintf(2, "\r\033[K%s", line);
	p->shown = 1;
}

void progress_add(struct progress *p, uint64_t done, uint64_t items)
{
	uint64_t now;

	p->done += done;
	p->items += items;
	if (!p->on)
		return;
	now = now_ms();
	if (now < p->next_ms)
		return;
	draw(p, now);
	p->next_ms = now + 200;
}

void progress_end(struct progress *p)
{
	if (p->shown)
		dprintf(2, "\r\033[K");
	p->shown = p->on = 0;
}
