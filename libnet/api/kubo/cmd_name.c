/* cmd_name.c */
#include "call.h"

const struct command kubo_name_commands[] = {
	{ NULL }
};
