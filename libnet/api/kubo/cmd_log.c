/* cmd_log.c - what the processes of the server say, and how much of it: log/... */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "cmd_node.h"

enum { TEXT_MAX = 64 * 1024, LOOK_MS = 200, SIGN_MS = 5000 };

static int is_all(const char *room)
{
	return !strcmp(room, "*") || !strcmp(room, "all");
}

/* Kubo's names; it has more for what is worse than an error */
static int parse_level(const char *name, enum log_level *level)
{
	if (!strcmp(name, "dpanic") || !strcmp(name, "panic") || !strcmp(name, "fatal"))
		name = "error";
	if (!strcmp(name, "default"))
		return log_level(NULL, level);
	return log_level_parse(name, level) < 0 ? err_set(ERR_USAGE, "unrecognized level: \"%s\"", name) : 0;
}

static int set_level(struct call *c)
{
	const char *room = c->arg[0], *name;
	struct buf json = BUF_INIT(TEXT_MAX), text = BUF_INIT(TEXT_MAX);
	enum log_level level;
	int rc = parse_level(c->arg[1], &level);

	if (rc == 0) {
		rc = log_set(is_all(room) ? NULL : room, level);
		if (rc == ERR_NOTFOUND)
			err_set(rc, "error: No such logger");
	}
	if (rc == 0) {
		name = strcmp(c->arg[1], "default") ? c->arg[1] : log_level_name(level);
		rc = buf_printf(&text, "Changed log level of '%s' to '%s'\n", is_all(room) ? "*" : room, name);
	}
	if (rc == 0)
		rc = buf_u8(&json, '{');
	if (rc == 0)
		rc = json_field(&json, "Message", buf_span(&text));
	if (rc == 0)
		rc = buf_u8(&json, '}');
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

struct levels {
	struct buf json, text;
	int named;			/* lines of text begin with the room */
};

static int tell_level(struct levels *l, const char *room, const char *shown)
{
	enum log_level level;
	int rc = log_level(room, &level);

	if (rc < 0)
		return err_set(rc, "error: No such logger");
	rc = json_field(&l->json, shown, span_str(log_level_name(level)));
	if (rc == 0 && l->named)
		rc = buf_printf(&l->text, "%s: ", shown);
	return rc < 0 ? rc : buf_printf(&l->text, "%s\n", log_level_name(level));
}

int log_cmd_level(struct call *c)
{
	const char *room = c->n_args ? c->arg[0] : "";
	struct levels l = { BUF_INIT(TEXT_MAX), BUF_INIT(TEXT_MAX), is_all(room) };
	int i, rc;

	if (c->n_args > 1 && *c->arg[1])
		return set_level(c);
	rc = buf_str(&l.json, "{\"Levels\":{");
	if (rc == 0 && is_all(room)) {
		rc = tell_level(&l, NULL, "(default)");
		for (i = 0; rc == 0 && log_room(i); i++)
			rc = tell_level(&l, log_room(i), log_room(i));
	} else if (rc == 0) {
		rc = tell_level(&l, *room ? room : NULL, room);
	}
	if (rc == 0)
		rc = buf_str(&l.json, "}}");
	if (rc == 0)
		rc = call_one(c, buf_span(&l.json), buf_span(&l.text));
	buf_clear(&l.text);
	buf_clear(&l.json);
	return rc;
}

int log_cmd_ls(struct call *c)
{
	struct buf json = BUF_INIT(TEXT_MAX), text = BUF_INIT(TEXT_MAX);
	int i, rc = buf_str(&json, "{\"Strings\":[");

	for (i = 0; rc == 0 && log_room(i); i++) {
		rc = i ? buf_u8(&json, ',') : 0;
		if (rc == 0)
			rc = json_str(&json, span_str(log_room(i)));
		if (rc == 0)
			rc = buf_printf(&text, "%s\n", log_room(i));
	}
	if (rc == 0)
		rc = buf_str(&json, "]}");
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

/* ---- log/tail ---- */

static int put_entry(const struct log_entry *e, struct buf *line)
{
	time_t t = (time_t)(e->time_ms / 1000);
	struct tm tm;
	char when[64];
	int rc;

	gmtime_r(&t, &tm);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
	rc = buf_printf(line, "{\"level\":\"%s\",\"ts\":\"%s.%03dZ\"", log_level_name(e->level), when,
			(int)(e->time_ms % 1000));
	if (rc == 0)
		rc = json_field(line, "logger", span_str(e->room));
	if (rc == 0)
		rc = json_field(line, "msg", span_str(e->text));
	return rc < 0 ? rc : buf_str(line, "}\n");
}

static int put_lines(struct call *c, uint64_t *at, enum log_level most, struct buf *line)
{
	struct log_entry e;
	int rc = 0;

	while (rc == 0 && log_next(at, &e)) {
		if (e.level > most)
			continue;
		buf_reset(line);
		rc = put_entry(&e, line);
		if (rc == 0)
			rc = sink_bytes(&c->r->sink, buf_span(line));
	}
	return rc;
}

/* Until the client goes, which nobody would learn of while there is nothing to say: so there is an empty line now and
 * then. */
int log_cmd_tail(struct call *c)
{
	const struct timespec nap = { 0, LOOK_MS * 1000000L };
	const char *name = call_text(c, "log-level");
	enum log_level most = LOG_DEBUG_;
	struct buf line = BUF_INIT(TEXT_MAX);
	uint64_t at = log_now(), before;
	int quiet_ms = 0, rc = *name ? parse_level(name, &most) : 0;

	if (rc < 0)
		return err_add(rc, "setting log level %s", name);
	rc = call_bytes(c, NULL, LEN_UNKNOWN);
	if (rc == 0)
		rc = call_flush(c);
	while (rc == 0 && (rc = call_expired(c)) == 0) {
		before = at;
		rc = put_lines(c, &at, most, &line);
		quiet_ms = at == before ? quiet_ms + LOOK_MS : 0;
		if (rc == 0 && quiet_ms >= SIGN_MS) {
			quiet_ms = 0;
			rc = sink_bytes(&c->r->sink, span_str("\n"));
		}
		if (rc == 0)
			rc = call_flush(c);
		if (rc == 0)
			nanosleep(&nap, NULL);
	}
	buf_clear(&line);
	return rc;
}
