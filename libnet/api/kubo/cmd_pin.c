/* cmd_pin.c */
#include "call.h"

const struct command kubo_pin_commands[] = {
	{ NULL }
};
