/* ipfrs-stat - describe files, directories, blocks, or the store */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/json.h"
#include "cmd/cmd.h"
#include "ops/read.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ 'a', NULL, "describe the store as a whole" },
	{ 'b', NULL, "count the blocks below, each once, and their bytes" },
	CMD_OPT_J,
	{ 0 }
};
static const struct cmd_info info = {
	"ipfrs-stat", "[path ...]", "describe files, directories, blocks, or the store", opts
};

static int json;
static struct buf line = { .max = SIZE_MAX };	/* the JSON record being made */

static void text(const char *key, const char *value)
{
	if (json)
		json_field(&line, key, span_str(value));
	else
		cmd_print("%s\t%s", key, value);
}

static void number(const char *key, uint64_t v)
{
	if (json)
		json_num(&line, key, v);
	else
		cmd_print("%s\t%" PRIu64, key, v);
}

static void begin_record(void)
{
	if (json)
		buf_str(&line, "{");
}

static void end_record(void)
{
	if (!json)
		return;
	if (buf_str(&line, "}") < 0)	/* also when a member before it did not fit */
		cmd_complain(ERR_NOMEM, NULL);
	else
		cmd_record(buf_span(&line));
	buf_reset(&line);
}

/* RFC 3339, or @seconds where the calendar ends */
static void print_time(const struct unixfs_meta *m)
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
	text("mtime", all);
}

static void print_node(const struct unixfs_stat *n)
{
	char mode[16];

	text("type", ops_type_name(n->type));
	number("size", n->size);
	number("cumulative", n->cumulative);
	number("links", n->n_links);
	if (n->type == UNIXFS_HAMT)
		text("layout", "hamt");
	if (n->meta.mode) {
		snprintf(mode, sizeof mode, "%04o", (unsigned)n->meta.mode);
		text("mode", mode);
	}
	if (n->meta.has_mtime)
		print_time(&n->meta);
}

static int describe(struct store *st, const char *path, int count)
{
	char cid[CID_TEXT_MAX];
	struct ops_stat s;
	int rc = cmd_name(st, path, &path);

	if (rc == 0)
		rc = ops_stat(st, path, count, &s);
	if (rc < 0)
		return rc;
	begin_record();
	text("path", path);
	text("cid", cid_text(&s.cid, cid));
	if (s.is_unixfs)
		print_node(&s.node);
	else
		text("type", "block");
	number("block", s.block_len);
	if (count) {
		number("blocks", s.all.n_blocks);
		number("bytes", s.all.bytes);
	}
	end_record();
	return 0;
}

static int describe_store(struct store *st)
{
	struct store_stat s;
	uint64_t pins;
	int rc = store_stat(st, &s);

	if (rc == 0)
		rc = pin_count(st, &pins);
	if (rc < 0)
		return rc;
	begin_record();
	text("path", store_path(st));
	number("blocks", s.n_blocks);
	number("bytes", s.raw_bytes);
	number("stored", s.stored_bytes);
	number("dead", s.dead_bytes);
	number("segments", s.n_segments);
	number("disk", s.disk_bytes);
	number("max", s.max_bytes);
	number("pins", pins);
	end_record();
	return 0;
}

int main(int argc, char **argv)
{
	int all = 0, count = 0, n = 0, c, rc;
	struct store *st = NULL;
	const char *path;

	cmd_start(&info, argc, argv);
	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case 'a': all = 1; break;
		case 'b': count = 1; break;
		case 'j': json = 1; break;
		}
	}
	if (all)
		cmd_operands(0, 0);
	rc = store_open(&st, cmd_store(), STORE_READ);
	if (rc < 0)
		return cmd_fail(rc);
	if (all) {
		rc = describe_store(st);
		if (rc < 0)
			cmd_complain(rc, NULL);
	}
	while (!all && cmd_next(&path)) {
		if (n++ && !json)
			cmd_print("%s", "");	/* an empty record between two descriptions */
		rc = describe(st, path, count);
		if (rc < 0)
			cmd_complain(rc, path);
	}
	store_close(st);
	buf_clear(&line);
	return cmd_finish();
}
