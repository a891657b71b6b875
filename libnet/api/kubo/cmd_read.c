/* cmd_read.c */
#include "call.h"

const struct command kubo_read_commands[] = {
	{ NULL }
};
