/* time_test.c - RFC 3339, there and back */
#include "name/name.h"
#include "tests/unit/unit.h"

static const char *text(int64_t s, long ns)
{
	static struct buf b = BUF_INIT(64);
	struct timespec t = { s, ns };

	buf_reset(&b);
	return name_time_format(&t, &b) < 0 ? err_text() : (const char *)b.data;
}

static void both_ways(void)
{
	static const struct { const char *text; int64_t s; long ns; } rows[] = {
		{ "1970-01-01T00:00:00Z", 0, 0 },
		{ "1969-12-31T23:59:59.999999999Z", -1, 999999999 },
		{ "2000-02-29T12:00:00Z", 951825600, 0 },
		{ "2026-11-25T22:32:45.5Z", 1795645965, 500000000 },
		{ "2123-08-14T12:38:50.000001Z", 4847690330, 1000 },
		{ "2100-03-01T00:00:00Z", 4107542400, 0 },
		{ "0001-01-01T00:00:00Z", -62135596800, 0 },
		{ "9999-12-31T23:59:59Z", 253402300799, 0 },
	};
	struct timespec t;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK(name_time_parse(span_str(rows[i].text), &t) == 0);
		CHECK(t.tv_sec == rows[i].s && t.tv_nsec == rows[i].ns);
		CHECK_STR(text(rows[i].s, rows[i].ns), rows[i].text);
	}
}

static void every_day(void)
{
	struct timespec t = { -62135596800, 0 }, back;
	struct buf b = BUF_INIT(64);
	int bad = 0;

	for (; t.tv_sec <= 253402300799; t.tv_sec += 86400 * 3 + 3601) {
		buf_reset(&b);
		bad += name_time_format(&t, &b) < 0 || name_time_parse(buf_span(&b), &back) < 0 ||
		       back.tv_sec != t.tv_sec;
	}
	CHECK(bad == 0);
	buf_clear(&b);
}

static void forms(void)
{
	static const char *bad[] = {
		"", "2026", "2026-11-25", "2026-11-25T22:32:45", "2026-11-25 22:32:45Z", "2026-11-25t22:32:45z",
		"2026-13-25T22:32:45Z", "2026-00-25T22:32:45Z", "2026-02-29T22:32:45Z", "2100-02-29T22:32:45Z",
		"2026-04-31T22:32:45Z", "2026-11-00T22:32:45Z", "2026-11-25T24:00:00Z", "2026-11-25T22:60:45Z",
		"2026-11-25T22:32:60Z", "2026-11-25T22:32:45.Z", "2026-11-25T22:32:45Zx", "2026-11-25T22:32:45+24:00",
		"2026-11-25T22:32:45+01", "2026-11-25T22:32:45+0100", "26-11-25T22:32:45Z", "+2026-11-25T22:32:45Z",
		"0000-11-25T22:32:45Z", "2026-11-25T2:32:45Z"
	};
	struct timespec t;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_ERR(name_time_parse(span_str(bad[i]), &t), ERR_INVALID);
	CHECK(name_time_parse(span_str("1970-01-01T01:30:00.25+01:30"), &t) == 0 && t.tv_sec == 0 &&
	      t.tv_nsec == 250000000);
	CHECK(name_time_parse(span_str("1969-12-31T22:30:00-01:30"), &t) == 0 && t.tv_sec == 0);
	CHECK(name_time_parse(span_str("1970-01-01T00:00:00.1234567899Z"), &t) == 0 && t.tv_nsec == 123456789);
	CHECK(!strncmp(text(253402300800, 0), "a time outside", 14));
	CHECK(!strncmp(text(INT64_MAX, 0), "a time outside", 14));
	CHECK(!strncmp(text(INT64_MIN, 0), "a time outside", 14));
}

int main(void)
{
	RUN(both_ways);
	RUN(every_day);
	RUN(forms);
	return UNIT_END();
}
