/* told.c - records made in a buffer, and the progress line */
#include "base/progress.h"
#include "cmd/cmd.h"

int cmd_told(struct buf *line, int rc)
{
	if (rc == 0)
		cmd_record(buf_span(line));
	buf_reset(line);
	return rc;
}

struct progress *cmd_progress(void)
{
	static struct progress progress;

	return &progress;
}

int cmd_worked(void *arg, uint64_t bytes, uint64_t n)
{
	(void)arg;
	progress_add(cmd_progress(), bytes, n);
	return 0;
}
