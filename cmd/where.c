/* where.c - operands that are in the store or outside of it */
#include "cmd/cmd.h"
#include "cmd/where.h"

/* A file of its own, as run.c. */
static struct {
	struct store *st;
	struct dag_source *src;
} here;

int cmd_where(const char *path, struct store **st, struct dag_source **src, const char **found)
{
	int rc;

	*st = NULL;
	*src = NULL;
	*found = path;
	if (!ops_tensor_stored(path))
		return 0;
	if (!here.st) {
		rc = store_open(&here.st, cmd_store(), STORE_READ);
		if (rc < 0)
			return rc;
		here.src = cmd_source(here.st);
	}
	*st = here.st;
	*src = here.src;
	return cmd_path(path, found);
}

void cmd_where_end(void)
{
	if (here.st)
		cmd_source_end();
	store_close(here.st);
	here.st = NULL;
}

int cmd_tensors(struct ops_tensor *t, const char *path)
{
	struct dag_source *src;
	struct store *st;
	const char *found;
	int rc = cmd_where(path, &st, &src, &found);

	*t = (struct ops_tensor){ 0 };
	return rc < 0 ? rc : ops_tensor_open(t, st, src, found);
}
