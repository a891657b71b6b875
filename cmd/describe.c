/* describe.c - a thing described, for people or as JSON */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/json.h"
#include "cmd/describe.h"

static int json;
static struct buf line = { .max = SIZE_MAX };	/* the JSON record being made */

void describe_text(const char *key, const char *value)
{
	if (json)
		json_field(&line, key, span_str(value));
	else
		cmd_print("%s\t%s", key, value);
}

void describe_number(const char *key, uint64_t v)
{
	if (json)
		json_num(&line, key, v);
	else
		cmd_print("%s\t%" PRIu64, key, v);
}

void describe_begin(int as_json)
{
	json = as_json;
	if (json)
		buf_str(&line, "{");
}

void describe_end(void)
{
	if (!json)
		return;
	if (buf_str(&line, "}") < 0)	/* also when a member before it did not fit */
		cmd_complain(ERR_NOMEM, NULL);
	else
		cmd_record(buf_span(&line));
	buf_reset(&line);
}

void describe_done(void)
{
	buf_clear(&line);
}

static void describe_time(const struct unixfs_meta *m)
{
	time_t t = (time_t)m->mtime;
	char day[64], all[96];
	struct tm tm;

	if (!gmtime_r(&t, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900 ||
	    !strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm))
		snprintf(all, sizeof all, "@%" PRId64 ".%09u", m->mtime, (unsigned)m->nsec);
	else if (m->nsec)
		snprintf(all, sizeof all, "%s.%09uZ", day, (unsigned)m->nsec);
	else
		snprintf(all, sizeof all, "%sZ", day);
	describe_text("mtime", all);
}

void describe_meta(const struct unixfs_meta *m)
{
	char mode[16];

	if (m->mode) {
		snprintf(mode, sizeof mode, "%04o", (unsigned)m->mode);
		describe_text("mode", mode);
	}
	if (m->has_mtime)
		describe_time(m);
}
