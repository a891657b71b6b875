/* ipfrs-config - read and change the settings of a store */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "base/sig.h"
#include "cmd/cmd.h"
#include "store/store.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	CMD_OPT_J,
	{ 's', NULL, "list: only what the file sets" },
	{ 0 }
};
static const struct cmd_info info = {
	"ipfrs-config", "[key [value]]", "read and change the settings of a store", opts,
	"get set unset list edit profile"
};

enum { CONFIG_TEXT_MAX = 1024 * 1024, JSON_MAX = 65536 };

static int json, only_set;

static int show(const char *key, const char *value, int set, const char *help)
{
	struct buf line = BUF_INIT(JSON_MAX);
	int rc = 0;

	if (!json) {
		cmd_print("%s\t%s\t%s\t%s", key, value, set ? "set" : "default", help);
		return 0;
	}
	if ((rc = buf_u8(&line, '{')) == 0 &&
	    (rc = json_field(&line, "key", span_str(key))) == 0 &&
	    (rc = json_field(&line, "value", span_str(value))) == 0 &&
	    (rc = json_bool(&line, "set", set)) == 0 &&
	    (rc = json_field(&line, "help", span_str(help))) == 0 &&
	    (rc = buf_u8(&line, '}')) == 0)
		cmd_record(buf_span(&line));
	buf_clear(&line);
	return rc;
}

static int list(const struct config *c)
{
	const char *key, *value, *help;
	int i, set, rc = 0;

	for (i = 0; rc == 0 && config_each(c, i, &key, &value, &set, &help); i++)
		if (set || !only_set)
			rc = show(key, value, set, help);
	return rc;
}

static int get(const struct config *c)
{
	const char *key, *value;
	int rc;

	while (cmd_next(&key)) {
		rc = config_get(c, key, &value);
		if (rc < 0)
			cmd_complain(rc, NULL);
		else
			cmd_print("%s", value);
	}
	return 0;
}

static int change(struct config *c, const char *key, const char *value)
{
	int rc = config_set(c, key, value);

	return rc < 0 ? rc : store_config_save(cmd_store(), c);
}

static int profile(struct config *c)
{
	const char *name;
	int i, rc;

	if (cmd_operands(0, 1) == 0) {
		for (i = 0; (name = config_profile_name(i)) != NULL; i++)
			cmd_print("%s", name);
		return 0;
	}
	rc = config_profile(c, cmd_operand(0));
	if (rc == ERR_NOTFOUND)
		cmd_usage("%s", err_text());
	return rc < 0 ? rc : store_config_save(cmd_store(), c);
}

/* run the user's editor on a file and wait for it */
static int run_editor(const char *file)
{
	const char *editor = getenv("VISUAL");
	int status = 0;
	pid_t pid;

	if (!editor || !*editor)
		editor = getenv("EDITOR");
	if (!editor || !*editor)
		editor = "vi";
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return err_sys("starting an editor");
	if (pid == 0) {
		/* $EDITOR may hold options: the shell splits it, the file is its $1 */
		setenv("IPFRS_EDITOR", editor, 1);
		execl("/bin/sh", "sh", "-c", "eval \"$IPFRS_EDITOR \\\"\\$1\\\"\"", "sh", file,
		      (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys("waiting for the editor");
	if (status != 0)
		return err_set(ERR_INTERRUPTED, "the editor '%s' did not end well; nothing is changed",
			       editor);
	return 0;
}

static int read_config(struct buf *text)
{
	char path[4096];
	int rc;

	if (snprintf(path, sizeof path, "%s/config", cmd_store()) >= (int)sizeof path)
		return err_set(ERR_LIMIT, "the store's name is too long");
	rc = io_slurp_file(AT_FDCWD, path, text);
	return rc == ERR_NOTFOUND ? 0 : rc;	/* all defaults */
}

/* A copy is edited, checked, and only then put in place, so that a store never has a bad file.
 * A text with a mistake is kept for the next try. */
static int edit(void)
{
	struct buf before = BUF_INIT(CONFIG_TEXT_MAX), now = BUF_INIT(CONFIG_TEXT_MAX);
	struct buf after = BUF_INIT(CONFIG_TEXT_MAX);
	const char *dir = getenv("TMPDIR");
	struct config *c = NULL;
	char file[4096];
	int fd = -1, slot = -1, keep = 0, rc = read_config(&before);

	snprintf(file, sizeof file, "%.4000s/ipfrs-config.XXXXXX", dir && *dir ? dir : "/tmp");
	if (rc < 0)
		goto out;
	if ((fd = mkstemp(file)) < 0) {
		rc = err_sys("making '%s'", file);
		goto out;
	}
	slot = sig_unlink_later(AT_FDCWD, file);
	rc = io_write(fd, before.data, before.len, file);
	if (rc == 0)
		rc = run_editor(file);
	if (rc == 0)
		rc = io_slurp_file(AT_FDCWD, file, &after);	/* by name: editors replace files */
	if (rc < 0 || span_equal(buf_span(&before), buf_span(&after)))
		goto out;
	rc = config_parse(&c, buf_span(&after));
	if (rc < 0) {
		keep = 1;
		rc = err_add(rc, "not saved, your text is in '%s'", file);
		goto out;
	}
	rc = read_config(&now);
	if (rc == 0 && !span_equal(buf_span(&before), buf_span(&now))) {
		keep = 1;
		rc = err_set(ERR_BUSY, "the configuration was changed meanwhile; not saved, your "
			     "text is in '%s'", file);
	}
	if (rc == 0)
		rc = store_config_save(cmd_store(), c);
out:
	if (fd >= 0) {
		sig_unlink_done(slot);
		if (!keep)
			unlink(file);
		close(fd);
	}
	config_free(c);
	buf_clear(&before);
	buf_clear(&now);
	buf_clear(&after);
	return rc;
}

int main(int argc, char **argv)
{
	struct config *conf = NULL;
	const char *verb;
	int c, rc;

	cmd_start(&info, argc, argv);
	verb = cmd_verb();
	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case 'j': json = 1; break;
		case 's': only_set = 1; break;
		}
	}
	if (verb[0] == 's')
		cmd_operands(2, 2);
	else if (verb[0] == 'u')
		cmd_operands(1, 1);
	else if (verb[0] == 'l' || verb[0] == 'e')
		cmd_operands(0, 0);
	rc = store_config_load(cmd_store(), &conf);
	if (verb[0] == 'e' && (rc == 0 || rc == ERR_INVALID))
		rc = edit();		/* a file with a mistake in it is there to be mended */
	else if (rc == 0)
		switch (verb[0]) {
		case 'g': rc = get(conf); break;
		case 's': rc = change(conf, cmd_operand(0), cmd_operand(1)); break;
		case 'u': rc = change(conf, cmd_operand(0), NULL); break;
		case 'l': rc = list(conf); break;
		case 'p': rc = profile(conf); break;
		}
	config_free(conf);
	return rc < 0 ? cmd_fail(rc) : cmd_finish();
}
