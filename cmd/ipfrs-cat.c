/* ipfrs-cat - write the contents of files to standard output */
#include "cmd/cmd.h"
#include "cmd/upstream.h"
#include "ops/read.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	CMD_OPT_G,
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
	struct dag_source *src;
	struct store *st = NULL;
	const char *path, *found;
	int c, rc;

	cmd_start(&info, argc, argv);
	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case 'g': cmd_gateway(cmd_arg()); break;
		case 'l': len = cmd_bytes(); break;
		case 's': start = cmd_bytes(); break;
		}
	}
	rc = store_open(&st, cmd_store(), STORE_READ);
	if (rc < 0)
		return cmd_fail(rc);
	src = cmd_source(st);
	while (cmd_next(&path)) {
		rc = cmd_path(path, &found);
		if (rc == 0)
			rc = ops_cat_from(src, found, start, len, 1);
		if (rc < 0)
			cmd_complain(rc, path);
	}
	cmd_source_end();
	store_close(st);
	return cmd_finish();
}
