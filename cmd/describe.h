/*
 * describe.h - a thing described: lines `key TAB value`, or one JSON object, to standard output.
 */
#ifndef CMD_DESCRIBE_H
#define CMD_DESCRIBE_H

#include "cmd/cmd.h"
#include "unixfs/unixfs.h"

/* describe_begin … describe_end make one record; `json` counts up to its end.  describe_done frees at last. */
void describe_begin(int json);
void describe_text(const char *key, const char *value);
void describe_number(const char *key, uint64_t v);
/* describe_meta - mode, if there is one, and mtime: RFC 3339, or @seconds where the calendar ends. */
void describe_meta(const struct unixfs_meta *m);
void describe_end(void);
void describe_done(void);

#endif
