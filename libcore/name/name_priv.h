/* name_priv.h - what the files of the room share */
#ifndef NAME_PRIV_H
#define NAME_PRIV_H

#include "base/err.h"
#include "name.h"

/* what is signed in front of data, and what the legacy signature has behind value and validity */
#define NAME_SIGN_PREFIX "ipns-signature:"
#define NAME_SIGN_EOL "EOL"

/* name_now - *now, or the system's clock for NULL */
struct timespec name_now(const struct timespec *now);
int name_before(const struct timespec *a, const struct timespec *b);	/* 1: a is earlier */

/* name_parts - "/ipns/X/rest": 1 with X and "/rest" ("" for none); 0: another name space; or ERR_USAGE: no X. */
int name_parts(struct span path, struct span *name, struct span *rest);

#endif
