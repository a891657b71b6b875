/* where.c - operands that are in the store or outside of it */
#include <inttypes.h>

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

void cmd_tensors_note(const struct ops_tensor *t, uint64_t bytes)
{
	uint64_t n_blocks, n_bytes;

	tensor_opened(t->set, &n_blocks, &n_bytes);
	if (t->cid.len)
		cmd_note("%" PRIu64 " blocks opened, %" PRIu64 " bytes read, for %" PRIu64 " bytes", n_blocks, n_bytes, bytes);
	else
		cmd_note("%" PRIu64 " bytes read, for %" PRIu64 " bytes", n_bytes, bytes);
}

int cmd_tensors_read(void *arg, uint64_t bytes)
{
	(void)arg;
	return cmd_worked(NULL, bytes, 0);
}
