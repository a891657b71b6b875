/* cmd_repo.c */
#include "call.h"

const struct command kubo_repo_commands[] = {
	{ NULL }
};
