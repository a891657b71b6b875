/*
 * ignore.h - rules that say which names a tree walk leaves out, as .gitignore files write them.
 * Spec: gitignore(5), and what git itself does where that page is silent: CR before LF and a byte
 * order mark at the start are dropped; bytes are compared, not characters.
 */
#ifndef BASE_IGNORE_H
#define BASE_IGNORE_H

#include "base/span.h"

enum {
	IGNORE_TEXT_MAX = 1024 * 1024,		/* bytes of one file of rules */
	IGNORE_LINE_MAX = 4096,			/* of one rule */
	IGNORE_TOTAL_MAX = 16 * 1024 * 1024	/* of memory for all that are in force at once */
};

struct ignore;

int ignore_new(struct ignore **ig);
void ignore_free(struct ignore *ig);		/* accepts NULL */

/* ignore_push - rules found in the folder `base` ("" the top, else "a/b"), which go before those pushed
 * earlier; copied.  `what` names them in messages.  ERR_LIMIT: one of the bounds above. */
int ignore_push(struct ignore *ig, const char *base, struct span text, const char *what);
/* ignore_pop - forget the rules pushed last. */
void ignore_pop(struct ignore *ig);

/* ignore_match - 1: `path` is to be left out, 0: not.  The path is relative to the top, as "a/b/c", and
 * lies below the bases of all rules in force.  The last rule that matches decides, first among the rules
 * pushed last.  A walk does not enter folders left out, so what is below them is never asked about.
 * Time: at most the length of the path times that of all rules. */
int ignore_match(const struct ignore *ig, const char *path, int is_dir);

#endif
