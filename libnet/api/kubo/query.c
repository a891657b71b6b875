/*
 * query.c - which command is meant, and its arguments; options are option.c's.
 * All parameters stand in the path and the query; names that are not known are passed over, since clients send what they
 * like.
 */
#include <stdlib.h>
#include <string.h>

#include "kubo_priv.h"
#include "multi/mb.h"

enum { BAD_REQUEST = 400, NOT_FOUND = 404 };

static const struct command *const families[] = {
	kubo_add_commands, kubo_read_commands, kubo_block_commands, kubo_dag_commands, kubo_pin_commands,
	kubo_refs_commands, kubo_cid_commands, kubo_node_commands, kubo_repo_commands, kubo_key_commands,
	kubo_name_commands, kubo_files_commands, kubo_config_commands, kubo_net_commands, kubo_remote_commands,
	kubo_object_commands
};

/* ---- text ---- */

/* one side of a pair, as text that ends in NUL: *out owned, NULL: no text (a bad escape, a zero byte) */
static int side(struct span in, char **out)
{
	struct buf b = BUF_INIT(in.len);
	int rc = request_unescape(in, &b);

	*out = NULL;
	if (rc == 0 && !(b.len && memchr(b.data, 0, b.len))) {
		*out = buf_take(&b);
		rc = *out ? 0 : err_nomem();
	}
	buf_clear(&b);
	return rc == ERR_INVALID ? 0 : rc;
}

/* ---- arguments ---- */

static int keep_arg(struct call *c, char *text)
{
	size_t n = c->n_args;
	char **more = c->arg;

	if (n >= ARGS_COUNT_MAX) {		/* the shortest take the most memory for what they say */
		free(text);
		return err_set(ERR_LIMIT, "more than %d arguments", ARGS_COUNT_MAX);
	}
	if ((n & (n - 1)) == 0)			/* 0 or a power of two: what there is room for */
		more = realloc(c->arg, (n ? 2 * n : 1) * sizeof *more);
	if (!more) {
		free(text);
		return err_nomem();
	}
	c->arg = more;
	more[c->n_args++] = text;
	return 0;
}

int query_add_arg(struct call *c, struct span text)
{
	char *copy = strndup(text.len ? (const char *)text.p : "", text.len);

	return copy ? keep_arg(c, copy) : err_nomem();
}

/* the next word of a list of arguments; 0 at its end */
static int next_word(const char **at, struct span *word)
{
	size_t n;

	*at += strspn(*at, " ");
	n = strcspn(*at, " ");
	*word = span_of(*at, n);
	*at += n;
	return n > 0;
}

static int ends_in(struct span s, const char *tail)
{
	size_t n = strlen(tail);

	return s.len >= n && memcmp(s.p + s.len - n, tail, n) == 0;
}

/* `name!...` is name, must be given, repeats */
static struct span arg_name(struct span word, int *must, int *repeats)
{
	*repeats = ends_in(word, "...");
	word.len -= *repeats ? 3 : 0;
	*must = ends_in(word, "!");
	word.len -= *must ? 1 : 0;
	return word;
}

/* a TAB in a name stands for a blank */
static int missing_arg(struct span name)
{
	char text[64];
	size_t i, n = name.len < sizeof text ? name.len : sizeof text - 1;

	for (i = 0; i < n; i++)
		text[i] = name.p[i] == '\t' ? ' ' : (char)name.p[i];
	text[n] = 0;
	err_set(ERR_USAGE, "argument \"%s\" is required", text);
	return BAD_REQUEST;
}

int query_finish(struct call *c)
{
	const char *at = c->cmd->args ? c->cmd->args : "";
	struct span word, name;
	size_t n = 0;
	int must, repeats;

	while (next_word(&at, &word)) {
		name = arg_name(word, &must, &repeats);
		if (must && n++ >= c->n_args)
			return missing_arg(name);
	}
	if (c->cmd->flags & CMD_FILE && !c->parts) {
		name = arg_name(span_str(c->cmd->file), &must, &repeats);
		if (must) {
			err_set(ERR_USAGE, "file argument '%.*s' is required", (int)name.len, (const char *)name.p);
			return BAD_REQUEST;
		}
	}
	return 0;
}

/* ---- the command ---- */

static const struct command *command_at(const char *path, size_t len)
{
	const struct command *cmd;
	size_t i;

	for (i = 0; i < sizeof families / sizeof *families; i++)
		for (cmd = families[i]; cmd->path; cmd++)
			if (strlen(cmd->path) == len && memcmp(cmd->path, path, len) == 0)
				return cmd;
	return NULL;
}

const struct command *query_command(size_t i)
{
	const struct command *cmd;
	size_t f;

	for (f = 0; f < sizeof families / sizeof *families; f++)
		for (cmd = families[f]; cmd->path; cmd++)
			if (i-- == 0)
				return cmd;
	return NULL;
}

/* an argument in the path comes behind the command; escapes in it are looked at later, and are none of a command */
int kubo_reads(const struct request *rq)
{
	static const char root[] = "/api/v0/";
	size_t n = sizeof root - 1, len;
	const struct command *cmd;
	const char *path;

	if (rq->path.len <= n)
		return 0;
	path = (const char *)rq->path.p + n;
	for (len = rq->path.len - n, cmd = command_at(path, len); !cmd && len > 0; cmd = command_at(path, len))
		do
			len--;
		while (len > 0 && path[len] != '/');
	return cmd && cmd->flags & CMD_READS;
}

/* what others are below, and nothing by itself, says nothing */
static const struct command group = { "", NULL, NULL, NULL, CMD_NO_STORE, call_empty };

static int is_group(const char *path)
{
	const struct command *cmd;
	size_t i, n = strlen(path);

	for (i = 0; (cmd = query_command(i)); i++)
		if (strncmp(cmd->path, path, n) == 0 && cmd->path[n] == '/')
			return 1;
	return 0;
}

/* what Kubo's own program does by itself, below commands that would take it for an argument */
static int is_local(const char *path)
{
	return !strcmp(path, "config/edit") || !strcmp(path, "commands/completion");
}

/* "cat/QmX" is cat of QmX: the last segment is an argument where it is no command */
static int find_command(struct call *c, const char *path)
{
	const char *slash = strrchr(path, '/');

	c->cmd = command_at(path, strlen(path));
	if (!c->cmd && is_group(path))
		c->cmd = &group;
	if (c->cmd)
		return 0;
	c->cmd = slash && !is_local(path) ? command_at(path, (size_t)(slash - path)) : NULL;
	if (!c->cmd)
		return NOT_FOUND;
	return query_add_arg(c, span_str(slash + 1));
}

static int pairs(struct call *c)
{
	struct span rest = c->rq->query, part;
	const uint8_t *end, *eq;
	char *name, *value;
	int rc = 0;

	while (rc == 0 && rest.len) {
		end = memchr(rest.p, '&', rest.len);
		part = span_of(rest.p, end ? (size_t)(end - rest.p) : rest.len);
		rest = end ? span_of(end + 1, rest.len - part.len - 1) : span_of(NULL, 0);
		if (!part.len || memchr(part.p, ';', part.len))
			continue;
		eq = memchr(part.p, '=', part.len);
		rc = side(span_of(part.p, eq ? (size_t)(eq - part.p) : part.len), &name);
		if (rc < 0)
			return rc;
		value = NULL;
		if (name)
			rc = side(eq ? span_of(eq + 1, part.len - (size_t)(eq + 1 - part.p)) : span_of("", 0), &value);
		if (rc == 0 && value)
			rc = strcmp(name, "arg") == 0 ? keep_arg(c, value) : option_take(c, name, value);
		free(name);
	}
	return rc;
}

/* what holds for every command */
static int take_global(struct call *c)
{
	const char *enc = call_text(c, "encoding"), *base = call_text(c, "cid-base"), *t = call_text(c, "timeout");
	int64_t ns;

	if (strcmp(enc, "json") != 0 && strcmp(enc, "text") != 0 && strcmp(enc, "xml") != 0) {
		err_set(ERR_USAGE, "invalid encoding: %s", enc);
		return BAD_REQUEST;
	}
	c->enc = *enc == 'j' ? ENC_JSON : *enc == 't' ? ENC_TEXT : ENC_XML;
	c->base = *base ? mb_by_name(base) : NULL;
	c->no_base = *base && !c->base;		/* of interest to who prints CIDs only */
	c->upgrade = call_bool(c, "upgrade-cidv0-in-output") || (c->base && strcmp(c->base->name, "base58btc") != 0);
	if (!*t)
		return 0;
	if (call_duration(t, &ns) < 0)
		return BAD_REQUEST;
	clock_gettime(CLOCK_MONOTONIC, &c->deadline);
	c->deadline.tv_sec += ns / 1000000000;
	c->deadline.tv_nsec += ns % 1000000000;
	if (c->deadline.tv_nsec >= 1000000000) {
		c->deadline.tv_sec++;
		c->deadline.tv_nsec -= 1000000000;
	}
	return 0;
}

int query_take(struct call *c)
{
	int rc = pairs(c);

	return rc == 0 ? take_global(c) : rc;
}

int query_parse(struct call *c)
{
	static const char root[] = "/api/v0/";
	size_t n = sizeof root - 1;
	char *path = NULL;
	int rc = 0;

	err_set(ERR_NOTFOUND, "404 page not found");
	c->query = calloc(1, sizeof *c->query);
	if (!c->query)
		return err_nomem();
	if (c->rq->path.len > n && memcmp(c->rq->path.p, root, n) == 0)
		rc = side(span_of(c->rq->path.p + n, c->rq->path.len - n), &path);
	if (rc == 0)
		rc = path ? find_command(c, path) : NOT_FOUND;
	free(path);
	return rc == 0 ? query_take(c) : rc;
}

void query_free(struct call *c)
{
	size_t i;

	for (i = 0; i < c->n_args; i++)
		free(c->arg[i]);
	free(c->arg);
	for (i = 0; c->query && i < c->query->n; i++)
		free(c->query->option[i].text);
	if (c->query)
		free(c->query->option);
	free(c->query);
}
