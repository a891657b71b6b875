/* cmd_read.h - what the files of cmd_read share (inside only) */
#ifndef API_KUBO_CMD_READ_H
#define API_KUBO_CMD_READ_H

#include "call.h"

/* ls, in cmd_ls.c */
int read_ls(struct call *c);

#endif
