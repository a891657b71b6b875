/* run.c - what a program with verbs does when options and operands are read */
#include "cmd/cmd.h"
#include "store/store.h"

/* A file of its own, because a program that does not call it shall not load what a store needs. */
int cmd_run(const struct cmd_verb *verb)
{
	struct store *st = NULL;
	int rc = 0;

	if (verb->store != CMD_NO_STORE)
		rc = store_open(&st, cmd_store(), verb->store);
	if (rc == 0)
		rc = verb->run(st);
	if (rc < 0)
		cmd_complain(rc, NULL);
	store_close(st);
	return cmd_finish();
}

int cmd_each(struct store *st, int (*deal)(struct store *st, const char *path))
{
	const char *path;
	int rc;

	while (cmd_next(&path)) {
		rc = deal(st, path);
		if (rc < 0)
			cmd_complain(rc, path);
	}
	return 0;
}
