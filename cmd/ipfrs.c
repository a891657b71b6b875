/* ipfrs - find and run the programs of the toolkit */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"		/* made from cmd/COMMANDS */
#include "cmd/cmd.h"
#include "cmd/help.h"

static const struct cmd_opt opts[] = {
	{ 0 }
};
static const struct cmd_info info = {
	"ipfrs", "[command [argument ...]]", "run a command of the toolkit, or list them",
	opts
};

static const struct command {
	const char *name, *group, *summary;
} commands[] = { COMMANDS };
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static void list_group(const char *group)
{
	int i;

	cmd_print("%s:", group);
	for (i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].group, group) == 0 && strchr(commands[i].name, '-'))
			cmd_print("  %-10s %s", strchr(commands[i].name, '-') + 1,
				  commands[i].summary);
}

/* every group where its first command stands in the list */
static void list_all(void)
{
	int i, j;

	for (i = 0; i < N_COMMANDS; i++) {
		for (j = 0; j < i; j++)
			if (strcmp(commands[j].group, commands[i].group) == 0)
				break;
		if (j == i && strchr(commands[i].name, '-'))
			list_group(commands[i].group);
	}
	cmd_print("`ipfrs help COMMAND` opens a command's manual, `ipfrs help` this one's.");
}

/* the full name in `full`: "cat" and "ipfrs-cat" are the same; 0: no such command */
static int find(const char *word, char full[64])
{
	int i, n = snprintf(full, 64, "%s%s", strncmp(word, "ipfrs-", 6) ? "ipfrs-" : "", word);

	if (n < 0 || n >= 64)
		return 0;
	for (i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, full) == 0)
			return 1;
	return 0;
}

/* run `full` with these arguments (NULL-ended) and what was said to us by -S, -q and -v: from the
 * folder of this program, else from PATH; returns only on failure */
static int run(char *full, int n_args, char **args)
{
	char **argv = calloc((size_t)n_args + 4, sizeof *argv), path[4096 + 64], *slash;
	ssize_t n = readlink("/proc/self/exe", path, 4096);
	int i = 0;

	if (!argv)
		return err_nomem();
	argv[i++] = full;
	if (cmd_quiet())
		argv[i++] = (char *)"-q";
	if (cmd_verbose())
		argv[i++] = (char *)(cmd_verbose() > 1 ? "-vv" : "-v");
	memcpy(argv + i, args, (size_t)n_args * sizeof *args);
	if (setenv("IPFRS_PATH", cmd_store(), 1) < 0)
		return err_nomem();
	if (n > 0) {
		path[n] = 0;
		slash = strrchr(path, '/');
		if (slash) {
			strcpy(slash + 1, full);
			execv(path, argv);
		}
	}
	execvp(full, argv);
	return err_sys("running '%s'", full);
}

int main(int argc, char **argv)
{
	char full[64], *help[] = { (char *)"--help" };
	const char *word;
	int n;

	cmd_start(&info, argc, argv);
	n = cmd_operands(0, -1);
	word = cmd_operand(0);
	if (!word) {
		list_all();
		return cmd_finish();
	}
	if (strcmp(word, "version") == 0) {
		cmd_operands(1, 1);
		cmd_help_version(&info);
		return cmd_finish();
	}
	if (strcmp(word, "help") != 0) {
		if (!find(word, full))
			cmd_usage("unknown command '%s'", word);
		return cmd_fail(run(full, n - 1, argv + argc - n + 1));
	}
	cmd_operands(1, 2);
	word = n == 2 ? cmd_operand(1) : "ipfrs";
	if (strcmp(word, "ipfrs") == 0)
		strcpy(full, word);
	else if (!find(word, full))
		cmd_usage("unknown command '%s'", word);
	return cmd_fail(run(full, 1, help));
}
