/* cmd_object.c */
#include "call.h"

const struct command kubo_object_commands[] = {
	{ NULL }
};
