/* cat.c - the bytes of a file to a descriptor */
#include <unistd.h>

#include "base/progress.h"
#include "ops/read.h"

static int heard(void *arg, uint64_t bytes)
{
	progress_add(arg, bytes, 0);
	return 0;
}

int ops_cat_from(struct dag_source *src, const char *path, uint64_t start, uint64_t len, int fd)
{
	struct progress bar;
	struct sink_fd out;
	struct cid cid;
	int tty = isatty(fd), rc, end;

	rc = unixfs_resolve(src, path, &cid);
	if (rc == 0)
		rc = sink_fd_start(&out, fd, "output");
	if (rc < 0)
		return rc;
	if (!tty)			/* bar and file would share the screen */
		progress_start(&bar, "reading", 0, 1);
	rc = unixfs_cat(src, &cid, start, len, &out.sink, tty ? NULL : heard, &bar);
	if (!tty)
		progress_end(&bar);
	end = sink_fd_end(&out);	/* what came before any trouble is good: let it out */
	return end < 0 ? end : rc;
}

int ops_cat(struct store *st, const char *path, uint64_t start, uint64_t len, int fd)
{
	return ops_cat_from(store_source(st), path, start, len, fd);
}
