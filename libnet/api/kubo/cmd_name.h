/* cmd_name.h - what the commands of names and records share */
#ifndef API_KUBO_CMD_NAME_H
#define API_KUBO_CMD_NAME_H

#include "kubo_priv.h"

/* ---- cmd_record.c ---- */
extern const char name_both[], name_no_delegates[];	/* why nothing is published */
/* name_tell - {"Name":…,"Value":…}, and what it is as text. */
int name_tell(struct call *c, const char *name, struct span value, const char *text);
int name_cmd_get(struct call *c);
int name_cmd_put(struct call *c);
int name_cmd_inspect(struct call *c);

#endif
