/*
 * json.h - write JSON text.
 * Bytes that are not UTF-8 become U+FFFD each (RFC 8259 8.1 wants UTF-8 only); control
 * characters, quote and backslash are escaped.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include "base/utf8.h"

int json_str(struct buf *b, struct span text);		/* "text" with its quotes */

/* json_key - `{"name":` for the first (`b` ends in '{' or '[' or is empty: no comma), else
 * `,"name":`; json_field and json_num add a whole member. */
int json_key(struct buf *b, const char *name);
int json_field(struct buf *b, const char *name, struct span text);
int json_num(struct buf *b, const char *name, uint64_t v);
int json_bool(struct buf *b, const char *name, int yes);

#endif
