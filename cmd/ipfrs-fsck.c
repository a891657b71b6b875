/* ipfrs-fsck - check a store, and mend it */
#include <inttypes.h>

#include "cmd/cmd.h"
#include "ops/fsck.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ 'r', NULL, "repair what can be repaired" },
	{ 0 }
};
static const struct cmd_info info = {
	"ipfrs-fsck", "", "check a store, and mend it", opts
};

static void say(void *arg, int fixed, const char *text)
{
	uint64_t *n_fixed = arg;

	*n_fixed += fixed != 0;
	cmd_print("%s\t%s", fixed ? "fixed" : "fault", text);
}

int main(int argc, char **argv)
{
	uint64_t n_fixed = 0;
	struct store_report report = { .say = say, .arg = &n_fixed };
	int c, left, repair = 0;

	cmd_start(&info, argc, argv);
	while ((c = cmd_getopt()) != -1)
		if (c == 'r')
			repair = 1;
	cmd_operands(0, 0);
	left = ops_fsck(cmd_store(), repair, &report);
	if (left < 0)
		return cmd_fail(left);
	cmd_note("%" PRIu64 " records, %" PRIu64 " blocks, %" PRIu64 " mended, %d faults%s",
		 report.n_records, report.n_blocks, n_fixed, left, left ? " left" : "");
	if (left && !repair)
		cmd_note("`ipfrs-fsck -r` repairs what can be repaired");
	cmd_status(left ? 1 : 0);
	return cmd_finish();
}
