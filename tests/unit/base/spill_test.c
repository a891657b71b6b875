/* spill_test.c - sort any number of records in bounded memory */
#include <signal.h>
#include <sys/resource.h>

#include "base/spill.h"
#include "tests/unit/unit.h"

static int by_first_word(struct span a, struct span b)
{
	return span_cmp(span_of(a.p, a.len < 4 ? a.len : 4), span_of(b.p, b.len < 4 ? b.len : 4));
}

static int by_last_byte(struct span a, struct span b)
{
	return (int)a.p[a.len - 1] - (int)b.p[b.len - 1];
}

/* record i: a scattered key of two bytes, then its number, then stuffing */
static struct span make(uint32_t i, size_t stuffing, uint8_t *room)
{
	uint32_t key = i * 2654435761u >> 16;

	room[0] = room[1] = 0;
	room[2] = (uint8_t)(key >> 8);
	room[3] = (uint8_t)key;
	memcpy(room + 4, &i, 4);
	memset(room + 8, (int)(i & 0xff), stuffing);
	return span_of(room, 8 + stuffing);
}

/* n records in, n records out: in order of their keys, equal ones in order of adding */
static void in_and_out(uint32_t n, size_t stuffing, const char *tmpdir)
{
	uint8_t *room = malloc(8 + stuffing);
	uint32_t i, count = 0, number, before = 0;
	struct span r, last = { NULL, 0 };
	uint8_t last_key[4];
	struct spill *s;
	int rc, bad = 0, c;
	uint64_t sum = 0;

	NEED(spill_new(&s, tmpdir, 0, by_first_word) == 0);
	for (i = 0; i < n; i++)
		NEED(spill_add(s, make(i, stuffing, room)) == 0);
	NEED(spill_read(s) == 0);
	while ((rc = spill_next(s, &r)) == 1) {
		memcpy(&number, r.p + 4, 4);
		sum += number;
		bad += r.len != 8 + stuffing || (stuffing && r.p[7 + stuffing] != (uint8_t)number);
		if (last.p) {
			c = memcmp(last_key, r.p, 4);
			bad += c > 0 || (c == 0 && before >= number);
		}
		memcpy(last_key, r.p, 4);
		last = span_of(last_key, 4);
		before = number;
		count++;
	}
	CHECK(rc == 0);
	CHECK(spill_next(s, &r) == 0);
	CHECK(count == n);
	CHECK(sum == (uint64_t)n * (n ? n - 1 : 0) / 2);
	CHECK(bad == 0);
	spill_free(s);
	free(room);
}

static void in_memory(void)
{
	in_and_out(0, 0, NULL);
	in_and_out(1, 3, NULL);
	in_and_out(2, 0, NULL);
	in_and_out(5000, 20, NULL);
}

static void on_disk(void)
{
	in_and_out(30000, 100, unit_tmpdir());
	in_and_out(9, SPILL_RECORD_MAX - 8, unit_tmpdir());
}

/* more runs than are merged at once, so that runs are made of runs */
static void many_runs(void)
{
	in_and_out(600000, 64, unit_tmpdir());
}

static void empty_records(void)
{
	struct spill *s;
	struct span r;
	int i;

	NEED(spill_new(&s, NULL, 0, by_first_word) == 0);
	for (i = 0; i < 3; i++)
		CHECK(spill_add(s, span_of("", 0)) == 0);
	CHECK(spill_read(s) == 0);
	for (i = 0; i < 3; i++)
		CHECK(spill_next(s, &r) == 1 && r.len == 0);
	CHECK(spill_next(s, &r) == 0);
	spill_free(s);

	NEED(spill_new(&s, NULL, 0, by_first_word) == 0);
	CHECK(spill_add(s, span_of("", 0)) == 0 && spill_flush(s) == 0);
	CHECK(spill_add(s, span_of("a", 1)) == 0);
	CHECK(spill_read(s) == 0);
	CHECK(spill_next(s, &r) == 1 && r.len == 0);
	CHECK(spill_next(s, &r) == 1 && r.len == 1);
	CHECK(spill_next(s, &r) == 0);
	spill_free(s);
}

static void another_order(void)
{
	struct spill *s;
	struct span r;

	NEED(spill_new(&s, NULL, 0, by_first_word) == 0);
	CHECK(spill_mem(s) == 0);
	CHECK(spill_add(s, span_str("a2")) == 0 && spill_add(s, span_str("b1")) == 0);
	CHECK(spill_mem(s) > 0);
	CHECK(spill_order(s, by_last_byte) == 1);
	CHECK(spill_read(s) == 0);
	CHECK(spill_next(s, &r) == 1 && r.p[1] == '1');
	spill_free(s);

	NEED(spill_new(&s, unit_tmpdir(), 0, by_first_word) == 0);
	CHECK(spill_add(s, span_str("a2")) == 0 && spill_flush(s) == 0 && spill_mem(s) == 0);
	CHECK(spill_order(s, by_last_byte) == 0);
	spill_free(s);
}

struct given {
	uint32_t from;
	uint8_t room[8];
};

/* records from, from + 1, … whose keys ascend every other time */
static struct span give(void *arg, size_t i)
{
	struct given *g = arg;
	uint32_t number = g->from + (uint32_t)i, key = (uint32_t)i / 2;

	memset(g->room, 0, 4);
	g->room[2] = (uint8_t)(key >> 8);
	g->room[3] = (uint8_t)key;
	memcpy(g->room + 4, &number, 4);
	return span_of(g->room, sizeof g->room);
}

/* Runs that come in order, and records that do not between them: one order, equal ones as they came. */
static void runs_in_order(void)
{
	enum { RUNS = 150, EACH = 1000 };
	struct given g = { 0 };
	uint32_t number, before = 0, i, n = 0, bad = 0;
	uint8_t last[4] = { 0 };
	struct spill *s;
	struct span r;
	int c;

	NEED(spill_new(&s, NULL, 0, by_first_word) == 0);
	for (i = 0; i < RUNS; i++) {
		CHECK(spill_run(s, EACH, give, &g) == 0);
		g.from += EACH;
		CHECK(spill_run(s, 0, give, &g) == 0);
		CHECK(spill_add(s, give(&g, 999)) == 0 && spill_add(s, give(&g, 0)) == 0);
		g.from += EACH;
	}
	NEED(spill_read(s) == 0);
	for (; spill_next(s, &r) == 1; n++) {
		memcpy(&number, r.p + 4, 4);
		c = n ? memcmp(last, r.p, 4) : -1;
		bad += r.len != 8 || c > 0 || (c == 0 && before >= number);
		memcpy(last, r.p, 4);
		before = number;
	}
	CHECK(n == RUNS * (EACH + 2) && bad == 0);
	spill_free(s);
}

static void refuses(void)
{
	struct spill *s;
	uint8_t *big = calloc(1, SPILL_RECORD_MAX + 1);

	NEED(spill_new(&s, NULL, 0, by_first_word) == 0);
	CHECK_ERR(spill_add(s, span_of(big, SPILL_RECORD_MAX + 1)), ERR_LIMIT);
	spill_free(s);
	spill_free(NULL);
	free(big);
}

/* a disk that is full is told, not ignored */
static void no_space(void)
{
	struct rlimit old, small = { 1 << 20, RLIM_INFINITY };
	uint8_t room[4096] = { 0 };
	struct spill *s;
	int i, rc = 0;

	NEED(spill_new(&s, unit_tmpdir(), 0, by_first_word) == 0);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	for (i = 0; i < 1000 && rc == 0; i++)
		rc = spill_add(s, span_of(room, sizeof room));
	setrlimit(RLIMIT_FSIZE, &old);
	CHECK(rc == ERR_NOSPACE);
	spill_free(s);
}

int main(void)
{
	RUN(in_memory);
	RUN(on_disk);
	RUN(many_runs);
	RUN(empty_records);
	RUN(another_order);
	RUN(runs_in_order);
	RUN(refuses);
	RUN(no_space);
	return UNIT_END();
}
