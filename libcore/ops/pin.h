/*
 * pin.h - the verbs about pins that are more than one call on pin/pin.h.
 */
#ifndef OPS_PIN_H
#define OPS_PIN_H

#include "pin/pin.h"
#include "store/store.h"

/* Which pins are asked for, ored together. */
enum { OPS_PIN_RECURSIVE = 1, OPS_PIN_DIRECT = 2, OPS_PIN_INDIRECT = 4, OPS_PIN_ALL = 7 };

/* ops_pin_type - the set of "all", "recursive", "direct" or "indirect"; ERR_USAGE in Kubo's words. */
int ops_pin_type(const char *text);
/* ops_pin_mode_name - "recursive", "direct", "indirect". */
const char *ops_pin_mode_name(enum pin_mode mode);

/* ops_pin_ls - the pins of these types whose name has `name` in it (NULL: all; indirect ones have no
 * name): the explicit ones in the order of their binary CIDs, then the indirect ones; streaming.  A
 * nonzero return of fn stops and is returned. */
int ops_pin_ls(struct store *st, int types, const char *name,
	       int (*fn)(void *arg, const struct pin *p), void *arg);

/* ops_pin_look - the pin of the thing at `path`.  Appends its name.  When it is indirect, *root is a
 * pinned root above it.  ERR_NOTFOUND: "path '<path>' is not pinned" (in one of these types). */
int ops_pin_look(struct store *st, const char *path, int types, struct pin *p, struct buf *name,
		 struct cid *root);

/* ops_pin_verify - as pin_verify; with `all` the good pins are told, too (block NULL), after the bad.
 * Returns the number of bad pins, or fn's nonzero return. */
int ops_pin_verify(struct store *st, int all,
		   int (*fn)(void *arg, const struct pin *p, const struct cid *block,
			     const char *why), void *arg);

/* Records, appended without an end: of a pin (`through`: the root it is pinned by when indirect, else NULL;
 * plain: the name as it is, not fit for a terminal), and of what ops_pin_verify tells. */
int ops_pin_json(const struct pin *p, const struct cid *through, struct buf *out);
int ops_pin_text(const struct pin *p, const struct cid *through, int plain, struct buf *out);
int ops_pin_verify_json(const struct cid *cid, const struct cid *block, const char *why,
			struct buf *out);
int ops_pin_verify_text(const struct cid *cid, const struct cid *block, const char *why,
			struct buf *out);

#endif
