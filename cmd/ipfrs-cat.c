/* ipfrs-cat - write the contents of files to standard output */
#include "cmd/cmd.h"
#include "ops/read.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ 'l', "bytes", "write at most this much of each file" },
	{ 's', "bytes", "start this far into each file" },
	{ 0 }
};
static const struct cmd_info info = {
	"ipfrs-cat", "[path ...]", "write the contents of files to standard output", opts
};

int main(int argc, char **argv)
{
	uint64_t start = 0, len = UINT64_MAX;
	struct store *st = NULL;
	const char *path;
	int c, rc;

	cmd_start(&info, argc, argv);
	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case 'l': len = cmd_bytes(); break;
		case 's': start = cmd_bytes(); break;
		}
	}
	rc = store_open(&st, cmd_store(), STORE_READ);
	if (rc < 0)
		return cmd_fail(rc);
	while (cmd_next(&path)) {
		rc = ops_cat(st, path, start, len, 1);
		if (rc < 0)
			cmd_complain(rc, path);
	}
	store_close(st);
	return cmd_finish();
}
