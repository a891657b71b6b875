/* edit.h - let the user change a text */
#ifndef CMD_EDIT_H
#define CMD_EDIT_H

#include "base/buf.h"
#include "base/err.h"

/*
 * cmd_edit - put `before` into a temporary file whose name begins with `name`, run $VISUAL, $EDITOR or vi on
 * it, and give use() what came of it (at most max bytes), unless nothing was changed.
 *
 * The file is removed, but for ERR_INVALID (a mistake in the text) and ERR_BUSY (someone else was
 * quicker) of use(): then it is kept for the next try, and the message names it.  ERR_INTERRUPTED: the
 * editor did not end well; other errors are those of files and of use().
 */
int cmd_edit(const char *name, struct span before, size_t max,
	     int (*use)(void *arg, struct span before, struct span after), void *arg);

#endif
