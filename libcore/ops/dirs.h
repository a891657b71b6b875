/*
 * dirs.h - the folders between a top and the place a walk has reached, open (inside ops only).
 * At most DIRS_OPEN of them are really open; the others are opened again when they are needed, each by its
 * name in the one above it, and only if it is still the same folder.
 */
#ifndef OPS_DIRS_H
#define OPS_DIRS_H

#include <sys/stat.h>

enum { DIRS_OPEN = 32 };

struct dirs {
	struct dirs_level {
		int fd;				/* -1: closed to save descriptors */
		dev_t dev;
		ino_t ino;
		char *name;			/* in the level above */
	} *level;
	int n, cap, n_open;
	int follow;				/* names may be symlinks */
};

/* dirs_push - one level deeper; takes fd (also on failure), whose fstat is *st.  0 or ERR_NOMEM. */
int dirs_push(struct dirs *d, int fd, const char *name, const struct stat *st);
void dirs_pop(struct dirs *d);
/* dirs_fd - the deepest folder, borrowed until the next call; or ERR_BUSY: it was exchanged, or another
 * error of opening. */
int dirs_fd(struct dirs *d);
/* dirs_has - 1: this very folder is among them. */
int dirs_has(const struct dirs *d, const struct stat *st);
void dirs_clear(struct dirs *d);

#endif
