/* edit.c - let the user change a text */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/sig.h"
#include "cmd/edit.h"

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

int cmd_edit(const char *name, struct span before, size_t max,
	     int (*use)(void *arg, struct span before, struct span after), void *arg)
{
	struct buf after = BUF_INIT(max);
	const char *dir = getenv("TMPDIR");
	char file[4200];
	int fd, slot, keep = 0, rc;

	snprintf(file, sizeof file, "%.4000s/%.100s.XXXXXX", dir && *dir ? dir : "/tmp", name);
	fd = mkstemp(file);
	if (fd < 0)
		return err_sys("making '%s'", file);
	slot = sig_unlink_later(AT_FDCWD, file);
	rc = io_write(fd, before.p, before.len, file);
	if (rc == 0)
		rc = run_editor(file);
	if (rc == 0)
		rc = io_slurp_file(AT_FDCWD, file, &after);	/* by name: editors replace files */
	if (rc == 0 && !span_equal(before, buf_span(&after))) {
		rc = use(arg, before, buf_span(&after));
		keep = rc == ERR_INVALID || rc == ERR_BUSY;
	}
	if (keep)
		err_add(rc, "not saved, your text is in '%s'", file);
	sig_unlink_done(slot);
	if (!keep)
		unlink(file);
	close(fd);
	buf_clear(&after);
	return rc;
}
