/* cmd_key.c */
#include "call.h"

const struct command kubo_key_commands[] = {
	{ NULL }
};
