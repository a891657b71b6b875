/* cmd_pin.h - what is in cmd_pin_ls.c: the list of pins */
#ifndef API_KUBO_CMD_PIN_H
#define API_KUBO_CMD_PIN_H

#include "call.h"

enum { PIN_LINE_MAX = 64 * 1024 };	/* bytes of what is said about one pin */

int pin_list(struct call *c);
/* pin_name_check - ERR_USAGE: it is longer than a pin's name can be. */
int pin_name_check(const char *name);

#endif
