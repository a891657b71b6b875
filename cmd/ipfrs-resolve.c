/* ipfrs-resolve - print the CIDs that paths lead to */
#include "cmd/cmd.h"
#include "ops/read.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ 'b', "base", "print CIDs in this multibase, for example base58btc or base36" },
	{ 0 }
};
static const struct cmd_info info = {
	"ipfrs-resolve", "[path ...]", "print the CIDs that paths lead to", opts
};

/* without -b the answer is in the base of the question */
static int resolve(struct store *st, const char *path, const struct mb_base *base)
{
	struct buf text = BUF_INIT(SIZE_MAX);
	struct ops_place place;
	int rc = cmd_name(st, path, &path);

	if (rc == 0)
		rc = ops_resolve_place(st, path, &place);
	if (rc < 0)
		return rc;
	rc = ops_place_format(&place, base, &text);
	if (rc == 0)
		cmd_record(buf_span(&text));
	buf_clear(&text);
	ops_place_clear(&place);
	return rc;
}

int main(int argc, char **argv)
{
	const struct mb_base *base = NULL;
	struct store *st = NULL;
	const char *path;
	int c, rc;

	cmd_start(&info, argc, argv);
	while ((c = cmd_getopt()) != -1)
		if (c == 'b' && !(base = mb_by_name(cmd_arg())))
			cmd_usage("%s", err_text());
	rc = store_open(&st, cmd_store(), STORE_READ);
	if (rc < 0)
		return cmd_fail(rc);
	while (cmd_next(&path)) {
		rc = resolve(st, path, base);
		if (rc < 0)
			cmd_complain(rc, path);
	}
	store_close(st);
	return cmd_finish();
}
