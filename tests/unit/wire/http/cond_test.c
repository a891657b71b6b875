/* cond_test - dates, and requests under a condition */
#include <time.h>

#include "wire/http/field.h"
#include "tests/unit/unit.h"

enum { NOW = 1764000000 };			/* November 2025 */

static int64_t parsed(const char *s)
{
	int64_t t = -1;

	return http_date_parse(span_str(s), NOW, &t) ? t : -1;
}

/* RFC 9110 5.6.7 */
static void dates(void)
{
	static const char *const wrong[] = {
		"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
		"sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT",
		"Sun Nov 06 08:49:37 1994 GMT", "Sun, 29 Feb 1900 00:00:00 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
		"Sun, 06 Nov 1994 8:49:37 GMT", "784111777", "Sun,06 Nov 1994 08:49:37 GMT",
	};
	char text[HTTP_DATE_LEN + 1];
	size_t i;

	CHECK(parsed("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
	CHECK(parsed("Sunday, 06-Nov-94 08:49:37 GMT") == 784111777);
	CHECK(parsed("Sun Nov  6 08:49:37 1994") == 784111777);
	CHECK(parsed("Wed Nov 16 08:49:37 1994") == 784111777 + 864000);
	CHECK(parsed("Tue, 29 Feb 2000 23:59:60 GMT") == 951868800);
	CHECK(parsed("Friday, 01-Jan-70 00:00:00 GMT") == 3155760000);	/* 2070 is not 50 years ahead */
	CHECK(parsed("Friday, 01-Jan-99 00:00:00 GMT") == 915148800);	/* 2099 is */
	for (i = 0; i < sizeof wrong / sizeof *wrong; i++)
		CHECK(parsed(wrong[i]) == -1);
	http_date(784111777, text);
	CHECK_STR(text, "Sun, 06 Nov 1994 08:49:37 GMT");
	http_date(INT64_MAX, text);
	CHECK_STR(text, "Fri, 31 Dec 9999 23:59:59 GMT");
	http_date(INT64_MIN, text);
	CHECK_STR(text, "Sat, 01 Jan 0000 00:00:00 GMT");
}

static void dates_as_libc(void)
{
	char ours[HTTP_DATE_LEN + 1], theirs[64];
	int64_t t, back;
	int bad = 0;

	for (t = -62135596800; t < 253402300800; t += 86399 * 7 + 12345) {
		time_t c = t;
		struct tm tm;

		gmtime_r(&c, &tm);
		strftime(theirs, sizeof theirs, "%a, %d %b %Y %H:%M:%S GMT", &tm);
		if (tm.tm_year + 1900 < 1000)		/* glibc does not pad years */
			continue;
		http_date(t, ours);
		bad += strcmp(ours, theirs) != 0;
		bad += !http_date_parse(span_str(ours), NOW, &back) || back != t;
	}
	CHECK(bad == 0);
}

static void tags(void)
{
	struct span list = span_str("\"a\", W/\"b\",,\"c,d\" , W/\"e\"");

	/* RFC 9110 8.8.3.2 */
	CHECK(!http_etag_listed(span_str("W/\"1\""), span_str("W/\"1\""), 0));
	CHECK(http_etag_listed(span_str("W/\"1\""), span_str("W/\"1\""), 1));
	CHECK(!http_etag_listed(span_str("W/\"1\""), span_str("W/\"2\""), 1));
	CHECK(!http_etag_listed(span_str("W/\"1\""), span_str("\"1\""), 0));
	CHECK(http_etag_listed(span_str("W/\"1\""), span_str("\"1\""), 1));
	CHECK(http_etag_listed(span_str("\"1\""), span_str("\"1\""), 0));
	CHECK(http_etag_listed(list, span_str("\"a\""), 0) && http_etag_listed(list, span_str("\"c,d\""), 0));
	CHECK(!http_etag_listed(list, span_str("\"e\""), 0) && http_etag_listed(list, span_str("\"e\""), 1));
	CHECK(!http_etag_listed(list, span_str("\"x\""), 1) && !http_etag_listed(list, span_of(NULL, 0), 1));
	CHECK(http_etag_listed(span_str(" * "), span_of(NULL, 0), 0));
	CHECK(!http_etag_listed(span_str("a, \"b\""), span_str("\"b\""), 0));
	CHECK(!http_etag_listed(span_str("\"a\" \"b\""), span_str("\"b\""), 0));
	CHECK(!http_etag_listed(span_str("\"a"), span_str("\"a\""), 0));
	CHECK(http_is_etag(span_str("\"\"")) && http_is_etag(span_str("W/\"x\"")) && !http_is_etag(span_str("w/\"x\"")));
	CHECK(!http_is_etag(span_str("\"a b\"")) && !http_is_etag(span_str("x")) && !http_is_etag(span_str("\"a\"b")));
}

static void conditions(void)
{
	static const char *early = "Sun, 06 Nov 1994 08:49:36 GMT", *same = "Sun, 06 Nov 1994 08:49:37 GMT",
		*late = "Sun, 06 Nov 1994 08:49:38 GMT";
	static const struct {
		const char *match, *unmodified, *none, *modified;
		int safe, change;
	} rows[] = {			/* what GET comes to, and PUT; the tag is "t", the date `same` */
		{ NULL, NULL, NULL, NULL, 0, 0 },
		{ "\"t\"", NULL, NULL, NULL, 0, 0 }, { "\"x\"", NULL, NULL, NULL, 412, 412 },
		{ "W/\"t\"", NULL, NULL, NULL, 412, 412 }, { "*", NULL, NULL, NULL, 0, 0 },
		{ NULL, NULL, "\"t\"", NULL, 304, 412 }, { NULL, NULL, "W/\"t\"", NULL, 304, 412 },
		{ NULL, NULL, "*", NULL, 304, 412 }, { NULL, NULL, "\"x\"", NULL, 0, 0 },
		{ NULL, "early", NULL, NULL, 412, 412 }, { NULL, "same", NULL, NULL, 0, 0 },
		{ NULL, NULL, NULL, "early", 0, 0 }, { NULL, NULL, NULL, "same", 304, 0 },
		{ NULL, NULL, NULL, "late", 304, 0 }, { NULL, NULL, NULL, "yesterday", 0, 0 },
		/* which one is heard when there are several (13.2.2) */
		{ "\"t\"", "early", NULL, NULL, 0, 0 }, { NULL, NULL, "\"x\"", "late", 0, 0 },
		{ "\"t\"", NULL, "\"t\"", NULL, 304, 412 }, { "\"x\"", NULL, "\"t\"", NULL, 412, 412 },
	};
	struct http_validators v = { 1, span_str("\"t\""), 1, 784111777 };
	size_t i;
#define DATE(s) span_str(!strcmp(s, "early") ? early : !strcmp(s, "same") ? same : !strcmp(s, "late") ? late : (s))

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct http_conditions c = { .match = span_of(NULL, 0) };

		if (rows[i].match)
			c.match = span_str(rows[i].match);
		if (rows[i].none)
			c.none_match = span_str(rows[i].none);
		if (rows[i].unmodified)
			c.unmodified_since = DATE(rows[i].unmodified);
		if (rows[i].modified)
			c.modified_since = DATE(rows[i].modified);
		CHECK(http_condition(&c, 1, &v, NOW) == rows[i].safe);
		CHECK(http_condition(&c, 0, &v, NOW) == rows[i].change);
	}
	{
		struct http_conditions c = { .none_match = span_str("*") }, d = { .match = span_str("*") };
		struct http_validators none = { .exists = 0 };

		CHECK(http_condition(&c, 0, &none, NOW) == 0);		/* put it there unless it is */
		CHECK(http_condition(&d, 0, &none, NOW) == 412);
	}
}

static void if_range(void)
{
	struct http_validators v = { 1, span_str("\"t\""), 1, 784111777 }, weak = { 1, span_str("W/\"t\""), 0, 0 };
	struct http_conditions c = { .if_range = span_of(NULL, 0) };

	CHECK(http_if_range(&c, &v, NOW));
	c.if_range = span_str("\"t\"");
	CHECK(http_if_range(&c, &v, NOW) && !http_if_range(&c, &weak, NOW));
	c.if_range = span_str("W/\"t\"");
	CHECK(!http_if_range(&c, &v, NOW) && !http_if_range(&c, &weak, NOW));
	c.if_range = span_str("\"x\"");
	CHECK(!http_if_range(&c, &v, NOW));
	c.if_range = span_str("Sun, 06 Nov 1994 08:49:37 GMT");
	CHECK(http_if_range(&c, &v, NOW) && !http_if_range(&c, &weak, NOW));
	CHECK(!http_if_range(&c, &v, 784111777));		/* it might change within this second */
	c.if_range = span_str("Sun, 06 Nov 1994 08:49:38 GMT");
	CHECK(!http_if_range(&c, &v, NOW));
	c.if_range = span_str("nonsense");
	CHECK(!http_if_range(&c, &v, NOW));
}

int main(void)
{
	RUN(dates);
	RUN(dates_as_libc);
	RUN(tags);
	RUN(conditions);
	RUN(if_range);
	return UNIT_END();
}
