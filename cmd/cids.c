/* cids.c - operands, or names from standard input, as CIDs, many at once */
#include "cmd/cmd.h"
#include "ops/read.h"

enum { BATCH = 1024 };

/* A file of its own, as run.c. */
int cmd_cids(struct store *st, int (*deal)(struct store *st, const struct cid *cids, size_t n))
{
	static struct cid cids[BATCH];
	const char *path, *found;
	size_t n = 0;
	int rc = 0;

	while (rc == 0 && cmd_next(&path)) {
		rc = cmd_name(st, path, &found);
		if (rc == 0)
			rc = ops_resolve(st, found, &cids[n]);
		if (rc < 0) {
			cmd_complain(rc, path);
			rc = 0;
		} else {
			n++;
		}
		if (n == BATCH || (n && cmd_waits())) {
			rc = deal(st, cids, n);		/* also when the next name is not there yet */
			n = 0;
		}
	}
	return rc == 0 && n ? deal(st, cids, n) : rc;
}
