/* cmd_remote.c */
#include "call.h"

const struct command kubo_remote_commands[] = {
	{ 0 }
};
