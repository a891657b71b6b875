/* cmd_files.c */
#include "call.h"

const struct command kubo_files_commands[] = {
	{ NULL }
};
