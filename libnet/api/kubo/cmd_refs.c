/* cmd_refs.c */
#include "call.h"

const struct command kubo_refs_commands[] = {
	{ NULL }
};
