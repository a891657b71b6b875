/* ipfrs-config - read and change the settings of a store */
#include <fcntl.h>
#include <stdio.h>

#include "base/io.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/edit.h"
#include "store/store.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	CMD_OPT_J,
	{ 's', NULL, "list: only what the file sets" },
	{ 0 }
};
static const struct cmd_info info = {
	"ipfrs-config", "[key [value]]", "read and change the settings of a store", opts
};

enum { CONFIG_TEXT_MAX = 1024 * 1024, JSON_MAX = 65536 };

static int json, only_set;
static struct config *conf;

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

static int list(struct store *st)
{
	const char *key, *value, *help;
	int i, set, rc = 0;

	(void)st;
	for (i = 0; rc == 0 && config_each(conf, i, &key, &value, &set, &help); i++)
		if (set || !only_set)
			rc = show(key, value, set, help);
	return rc;
}

static int get(struct store *st)
{
	const char *key, *value;
	int rc;

	(void)st;
	while (cmd_next(&key)) {
		rc = config_get(conf, key, &value);
		if (rc < 0)
			cmd_complain(rc, NULL);
		else
			cmd_print("%s", value);
	}
	return 0;
}

/* set KEY VALUE, unset KEY */
static int change(struct store *st)
{
	int rc = config_set(conf, cmd_operand(0), cmd_operand(1));

	(void)st;
	return rc < 0 ? rc : store_config_save(cmd_store(), conf);
}

static int profile(struct store *st)
{
	const char *name;
	int i, rc;

	(void)st;
	if (!cmd_operand(0)) {
		for (i = 0; (name = config_profile_name(i)) != NULL; i++)
			cmd_print("%s", name);
		return 0;
	}
	rc = config_profile(conf, cmd_operand(0));
	if (rc == ERR_NOTFOUND)
		cmd_usage("%s", err_text());
	return rc < 0 ? rc : store_config_save(cmd_store(), conf);
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

/* A copy is edited, checked, and only then put in place, so that a store never has a bad file. */
static int use(void *arg, struct span before, struct span after)
{
	struct buf now = BUF_INIT(CONFIG_TEXT_MAX);
	struct config *c = NULL;
	int rc = config_parse(&c, after);

	(void)arg;
	if (rc == 0)
		rc = read_config(&now);
	if (rc == 0 && !span_equal(before, buf_span(&now)))
		rc = err_set(ERR_BUSY, "the configuration was changed meanwhile");
	if (rc == 0)
		rc = store_config_save(cmd_store(), c);
	config_free(c);
	buf_clear(&now);
	return rc;
}

static int edit(struct store *st)
{
	struct buf text = BUF_INIT(CONFIG_TEXT_MAX);
	int rc = read_config(&text);

	(void)st;
	if (rc == 0)
		rc = cmd_edit("ipfrs-config", buf_span(&text), CONFIG_TEXT_MAX, use, NULL);
	buf_clear(&text);
	return rc;
}

static const struct cmd_verb verbs[] = {
	{ "get", "0", "[key ...]", "print the values of settings", 0, -1, get, CMD_NO_STORE },
	{ "set", "", "key value", "change a setting", 2, 2, change, CMD_NO_STORE },
	{ "unset", "", "key", "give a setting its default back", 1, 1, change, CMD_NO_STORE },
	{ "list", "0js", "", "print all settings and what they mean", 0, 0, list, CMD_NO_STORE },
	{ "edit", "", "", "change the file with an editor", 0, 0, edit, CMD_NO_STORE },
	{ "profile", "0", "[name]", "change several settings, or list the profiles", 0, 1, profile,
	  CMD_NO_STORE },
	{ 0 }
};

int main(int argc, char **argv)
{
	const struct cmd_verb *verb;
	int c, rc;

	cmd_start(&info, argc, argv);
	verb = cmd_pick(verbs);
	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case 'j': json = 1; break;
		case 's': only_set = 1; break;
		}
	}
	rc = store_config_load(cmd_store(), &conf);
	if (rc == ERR_INVALID && verb->run == edit)
		rc = 0;			/* a file with a mistake in it is there to be mended */
	if (rc == 0)
		rc = verb->run(NULL);
	config_free(conf);
	return rc < 0 ? cmd_fail(rc) : cmd_finish();
}
