/* cmd_config.c */
#include "call.h"

const struct command kubo_config_commands[] = {
	{ NULL }
};
