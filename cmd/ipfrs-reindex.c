/* ipfrs-reindex - rebuild the index of a store from its segments */
#include <inttypes.h>

#include "cmd/cmd.h"
#include "ops/fsck.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ 0 }
};
static const struct cmd_info info = {
	"ipfrs-reindex", "", "rebuild the index of a store from its segments", opts
};

static void say(void *arg, int fixed, const char *text)
{
	(void)arg;
	cmd_print("%s\t%s", fixed ? "fixed" : "fault", text);
	if (!fixed)
		cmd_status(1);
}

int main(int argc, char **argv)
{
	struct store_report report = { .say = say };
	int rc;

	cmd_start(&info, argc, argv);
	cmd_operands(0, 0);
	rc = ops_reindex(cmd_store(), &report);
	if (rc < 0)
		return cmd_fail(rc);
	cmd_note("%" PRIu64 " records, %" PRIu64 " blocks, %" PRIu64 " damaged records",
		 report.n_records, report.n_blocks, report.n_bad_records);
	return cmd_finish();
}
