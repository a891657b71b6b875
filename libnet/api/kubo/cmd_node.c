/* cmd_node.c */
#include "call.h"

const struct command kubo_node_commands[] = {
	{ NULL }
};
