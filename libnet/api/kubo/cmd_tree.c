/* cmd_tree.c - the commands there are, as a tree: commands */
#include <stdlib.h>
#include <string.h>

#include "cmd_node.h"

enum { TREE_MAX = 1024 * 1024, DEPTH_MAX = 8 };

static int by_path(const void *a, const void *b)
{
	const struct command *x = *(const struct command *const *)a, *y = *(const struct command *const *)b;
	const char *p = x->path, *q = y->path;

	for (; *p && *p == *q; p++, q++)
		;
	/* '/' before all others, so that a command is followed by those below it */
	return (*p == '/' ? 1 : (unsigned char)*p) - (*q == '/' ? 1 : (unsigned char)*q);
}

/* all of them, sorted; NULL behind the last */
static const struct command **sorted(void)
{
	const struct command **all;
	size_t n, i;

	for (n = 0; query_command(n); n++)
		;
	all = calloc(n + 1, sizeof *all);
	for (i = 0; all && i < n; i++)
		all[i] = query_command(i);
	if (all)
		qsort(all, n, sizeof *all, by_path);
	return all;
}

/* "Options":[{"Names":["flags","f"]},…] */
static int put_options(const struct opt *o, struct buf *json)
{
	const char *names;
	size_t n;
	int rc = buf_str(json, ",\"Options\":[");

	for (; rc == 0 && o && o->names; o++) {
		rc = buf_str(json, json->data[json->len - 1] == '[' ? "{\"Names\":[" : ",{\"Names\":[");
		for (names = o->names; rc == 0 && *names; names += n + (names[n] == ',')) {
			n = strcspn(names, ",");
			rc = buf_printf(json, "%s\"%.*s\"", names == o->names ? "" : ",", (int)n, names);
		}
		if (rc == 0)
			rc = buf_str(json, "]}");
	}
	return rc < 0 ? rc : buf_u8(json, ']');
}

static int is_below(const char *path, const char *parent, size_t len)
{
	return len == 0 || (strncmp(path, parent, len) == 0 && path[len] == '/');
}

/* what is below `parent`, of `len` bytes: *at moves on behind them */
static int put_below(const struct command *const **at, const char *parent, size_t len, struct buf *json)
{
	int rc = buf_str(json, "\"Subcommands\":["), any = 0;

	while (rc == 0 && **at && is_below((**at)->path, parent, len)) {
		const struct command *cmd = **at;
		const char *name = cmd->path + (len ? len + 1 : 0);
		size_t n = strcspn(name, "/"), whole = (size_t)(name + n - cmd->path);

		rc = buf_printf(json, "%s{\"Name\":\"%.*s\",", any++ ? "," : "", (int)n, name);
		if (!name[n])
			++*at;			/* else it is a group, which is nothing by itself */
		if (rc == 0)
			rc = put_below(at, cmd->path, whole, json);
		if (rc == 0)
			rc = put_options(name[n] ? NULL : cmd->opts, json);
		if (rc == 0)
			rc = buf_u8(json, '}');
	}
	return rc < 0 ? rc : buf_u8(json, ']');
}

/* ---- as lines ---- */

struct lines {
	char **line;
	size_t n;
};

static int add_line(struct lines *l, struct buf *text)
{
	char **more = realloc(l->line, (l->n + 1) * sizeof *more);

	if (!more)
		return err_nomem();
	l->line = more;
	more[l->n] = buf_take(text);
	return more[l->n] ? (l->n++, 0) : err_nomem();
}

static int has_line(const struct lines *l, const char *text)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(l->line[i], text))
			return 1;
	return 0;
}

/* "ipfs pin add" of the first len bytes of a path */
static int spoken(const char *path, size_t len, struct buf *text)
{
	size_t i;
	int rc = buf_str(text, "ipfs ");

	for (i = 0; rc == 0 && i < len; i++)
		rc = buf_u8(text, path[i] == '/' ? ' ' : (unsigned char)path[i]);
	return rc;
}

static int option_line(const struct command *cmd, const struct opt *o, struct buf *text)
{
	const char *names;
	size_t n;
	int rc = 0;

	for (names = o->names; rc == 0 && *names; names += n + (names[n] == ',')) {
		n = strcspn(names, ",");
		rc = names == o->names ? 0 : buf_str(text, " / ");
		if (rc == 0)
			rc = spoken(cmd->path, strlen(cmd->path), text);
		if (rc == 0)
			rc = buf_printf(text, " %s%.*s", n == 1 ? "-" : "--", (int)n, names);
	}
	return rc;
}

/* the command, the groups it is in, and its options */
static int lines_of(const struct command *cmd, int flags, struct lines *l)
{
	struct buf text = BUF_INIT(TREE_MAX);
	const struct opt *o;
	size_t n = 0;
	int rc = 0;

	do {
		n += strcspn(cmd->path + n, "/");
		rc = spoken(cmd->path, n, &text);
		if (rc == 0 && !has_line(l, (char *)text.data))
			rc = add_line(l, &text);
		buf_clear(&text);
	} while (rc == 0 && cmd->path[n++]);
	for (o = cmd->opts; rc == 0 && flags && o && o->names; o++) {
		rc = option_line(cmd, o, &text);
		if (rc == 0)
			rc = add_line(l, &text);
		buf_clear(&text);
	}
	return rc;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int put_lines(const struct command *const *all, int flags, struct buf *out)
{
	struct lines l = { NULL, 0 };
	size_t i;
	int rc = buf_str(out, "ipfs\n");

	for (; rc == 0 && *all; all++)
		rc = lines_of(*all, flags, &l);
	if (rc == 0 && l.n)
		qsort(l.line, l.n, sizeof *l.line, by_bytes);
	for (i = 0; rc == 0 && i < l.n; i++)
		rc = buf_printf(out, "%s\n", l.line[i]);
	for (i = 0; i < l.n; i++)
		free(l.line[i]);
	free(l.line);
	return rc;
}

int tree_commands(struct call *c)
{
	const struct command **all = sorted(), *const *at = all;
	struct buf json = BUF_INIT(TREE_MAX), text = BUF_INIT(TREE_MAX);
	int rc = all ? buf_str(&json, "{\"Name\":\"ipfs\",") : err_nomem();

	if (rc == 0)
		rc = put_below(&at, "", 0, &json);
	if (rc == 0)
		rc = put_options(query_options(), &json);
	if (rc == 0)
		rc = buf_u8(&json, '}');
	if (rc == 0 && c->enc == ENC_TEXT)
		rc = put_lines(all, call_bool(c, "flags"), &text);
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	free(all);
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}
