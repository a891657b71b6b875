/* cmd_net.c */
#include "call.h"

const struct command kubo_net_commands[] = {
	{ NULL }
};
