/* cmd_block.c */
#include "call.h"

const struct command kubo_block_commands[] = {
	{ NULL }
};
