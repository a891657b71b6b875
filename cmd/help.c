/* help.c - usage, manual, version, and the option table for scripts */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/num.h"
#include "cmd/help.h"

enum { HELP_MAX = 65536 };

static const struct cmd_opt common[] = {
	{ 'h', NULL, "show this text (--help opens the manual)" },
	{ 'q', NULL, "no notes and no progress" },
	{ 'v', NULL, "more talk (repeatable)" },
	{ 'V', NULL, "show the version" },
	{ 'S', "dir", "the store, instead of $IPFRS_PATH or ~/.ipfrs" },
	{ 0, NULL, NULL }
};

static int width(void)
{
	const char *env = getenv("COLUMNS");
	struct winsize ws;
	uint64_t n = 0;

	if (!env || num_parse(env, &n) < 0)
		n = ioctl(1, TIOCGWINSZ, &ws) == 0 ? ws.ws_col : 80;
	return n < 40 ? n ? 40 : 80 : n > 100 ? 100 : (int)n;
}

/* print words, broken before column `cols`; `indent` for the lines after the first, which begins in
 * column `at`.  A space inside brackets is no place to break. */
static void wrap(const char *text, int at, int indent, int cols)
{
	int first = 1;

	while (*text) {
		int depth = 0;
		size_t n = 0;

		while (text[n] && (text[n] != ' ' || depth)) {
			depth += (text[n] == '[') - (text[n] == ']' && depth);
			n++;
		}
		if (!first && at + 1 + (int)n > cols) {
			printf("\n%*s", indent, "");
			at = indent;
		} else if (!first) {
			putchar(' ');
			at++;
		}
		fwrite(text, 1, n, stdout);
		at += (int)n;
		first = 0;
		text += n;
		text += strspn(text, " ");
	}
	putchar('\n');
}

/* is this an option of the verb?  (NULL: of the program) */
static int takes(const struct cmd_verb *verb, char letter)
{
	return !verb || strchr(verb->opts, letter) != NULL;
}

static void flags(struct buf *line, const struct cmd_opt *o, const struct cmd_verb *verb)
{
	const struct cmd_opt *p;
	int any = 0;

	for (p = o; p && p->letter; p++)
		if (!p->arg && takes(verb, p->letter)) {
			buf_printf(line, any ? "%c" : "[-%c", p->letter);
			any = 1;
		}
	if (any)
		buf_str(line, "] ");
	for (p = o; p && p->letter; p++)
		if (p->arg && takes(verb, p->letter))
			buf_printf(line, "[-%c %s] ", p->letter, p->arg);
}

static void list(const struct cmd_opt *o, const struct cmd_verb *verb, int cols)
{
	char left[64];

	for (; o && o->letter; o++) {
		int n, at;

		if (!takes(verb, o->letter))
			continue;
		n = snprintf(left, sizeof left, "  -%c %s", o->letter, o->arg ? o->arg : "");
		at = n < 14 ? 14 : n + 2;
		printf("%-*s", at, left);
		wrap(o->help, at, 14, cols);
	}
}

static void usage(const struct cmd_info *info, const char *verb, const struct cmd_verb *v,
		  const char *operands, int cols)
{
	struct buf line = BUF_INIT(HELP_MAX);

	buf_printf(&line, "usage: %s %s%s", info->name, verb, *verb ? " " : "");
	flags(&line, info->opts, v);
	flags(&line, common, NULL);
	buf_str(&line, operands ? operands : "");
	if (line.len)
		wrap((const char *)line.data, 0, 7, cols);
	buf_clear(&line);
}

static void list_verbs(const struct cmd_verb *v, int cols)
{
	puts("verbs:");
	for (; v->name; v++) {
		printf("  %-11s ", v->name);
		wrap(v->summary, 14, 14, cols);
	}
	puts("options:");
}

void cmd_help_text(const struct cmd_info *info, const struct cmd_verb *verbs)
{
	int cols = width();

	usage(info, verbs ? "verb" : "", NULL, info->operands, cols);
	wrap(info->summary, 0, 0, cols);
	if (verbs)
		list_verbs(verbs, cols);
	list(info->opts, NULL, cols);
	list(common, NULL, cols);
}

void cmd_help_verb(const struct cmd_info *info, const struct cmd_verb *verb)
{
	int cols = width();

	usage(info, verb->name, verb, verb->operands, cols);
	wrap(verb->summary, 0, 0, cols);
	list(info->opts, verb, cols);
	list(common, NULL, cols);
}

void cmd_help_version(const struct cmd_info *info)
{
	printf("%s %s\n", info->name, IPFRS_VERSION);
}

static void table(const char *kind, const struct cmd_opt *o)
{
	for (; o && o->letter; o++)
		printf("%s\t%c\t%s\t%s\n", kind, o->letter, o->arg ? o->arg : "", o->help);
}

void cmd_help_table(const struct cmd_info *info, const struct cmd_verb *verbs)
{
	const struct cmd_verb *v;

	printf("name\t%s\noperands\t%s\nsummary\t%s\n", info->name,
	       info->operands ? info->operands : "", info->summary);
	for (v = verbs; v && v->name; v++)
		printf("verb\t%s\t%s\t%s\t%s\n", v->name, v->opts, v->operands, v->summary);
	table("opt", info->opts);
	table("common", common);
}

/* the page in the tree this program was built in: bin/X beside man/X.1; gives NULL when installed */
static char *page_beside(const char *name)
{
	char exe[4096], *slash, *page;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	if (n <= 0)
		return NULL;
	exe[n] = 0;
	slash = strrchr(exe, '/');
	if (!slash)
		return NULL;
	*slash = 0;
	if (asprintf(&page, "%s/../man/%s.1", exe, name) < 0)
		return NULL;
	if (access(page, R_OK) == 0)
		return page;
	free(page);
	return NULL;
}

void cmd_help_manual(const struct cmd_info *info, const struct cmd_verb *verbs)
{
	char *page = page_beside(info->name);
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		if (null >= 0)
			dup2(null, 2);	/* "no entry" would only puzzle: we have other words */
		if (page)
			execlp("man", "man", "-l", page, (char *)NULL);
		else
			execlp("man", "man", info->name, (char *)NULL);
		_exit(127);
	}
	free(page);
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0)
			;
	if (status != 0)
		cmd_help_text(info, verbs);
}
