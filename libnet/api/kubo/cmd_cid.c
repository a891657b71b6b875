/* cmd_cid.c */
#include "call.h"

const struct command kubo_cid_commands[] = {
	{ NULL }
};
