/* cmd_add.c */
#include "call.h"

const struct command kubo_add_commands[] = {
	{ NULL }
};
