/*
 * where.h - operands that are in the store or outside of it, as ops/tensor.h tells them apart.
 */
#ifndef CMD_WHERE_H
#define CMD_WHERE_H

#include "cmd/upstream.h"
#include "ops/tensor.h"

/*
 * cmd_where - the store an operand is in, opened at the first one that is in it, and with -g the gateways behind it; names
 * (/ipns/...) are looked up.  *found: the path to go on with, valid until the next call.  Of operands outside *st and
 * *src are NULL, and no store is needed.  cmd_where_end - closes what was opened.
 */
int cmd_where(const char *path, struct store **st, struct dag_source **src, const char **found);
void cmd_where_end(void);

/* cmd_tensors - the container an operand leads to; release with ops_tensor_close, before cmd_where_end. */
int cmd_tensors(struct ops_tensor *t, const char *path);

/* cmd_tensors_note - tell people what was read of it, for so many bytes of an answer.
 * cmd_tensors_read - what hears of bytes as they are read or written; arg is not looked at. */
void cmd_tensors_note(const struct ops_tensor *t, uint64_t bytes);
int cmd_tensors_read(void *arg, uint64_t bytes);

#endif
