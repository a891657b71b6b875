/* ipfrs-init - make an empty store */
#include "cmd/cmd.h"
#include "store/store.h"

static const struct cmd_opt opts[] = {
	{ 'p', "profile", "begin with the import settings of this profile" },
	{ 0 }
};
static const struct cmd_info info = {
	"ipfrs-init", "[dir]", "make an empty store", opts
};

static const char head[] =
	"# Configuration of an ipfrs store: key = value, one a line.\n"
	"# `ipfrs-config list` shows all keys with what they mean.\n";

/* the first config file: a word of help and the profile's values */
static int first_config(const char *profile, struct buf *text)
{
	struct config *c = NULL;
	int rc = config_parse(&c, span_of(head, sizeof head - 1));

	if (rc == 0 && profile)
		rc = config_profile(c, profile);
	if (rc == 0)
		rc = config_format(c, text);
	config_free(c);
	return rc;
}

int main(int argc, char **argv)
{
	struct buf text = BUF_INIT(65536);
	const char *profile = NULL, *dir;
	int c, rc;

	cmd_start(&info, argc, argv);
	while ((c = cmd_getopt()) != -1)
		if (c == 'p')
			profile = cmd_arg();
	dir = cmd_operands(0, 1) ? cmd_operand(0) : cmd_store();
	rc = first_config(profile, &text);
	if (rc == ERR_NOTFOUND)
		cmd_usage("%s", err_text());	/* no such profile is a mistake, not an absence */
	if (rc == 0)
		rc = store_init(dir, (const char *)text.data);
	buf_clear(&text);
	if (rc < 0)
		return cmd_fail(rc);
	cmd_note("made the store '%s'", dir);
	return cmd_finish();
}
