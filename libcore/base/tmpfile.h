/*
 * tmpfile.h - a file that appears whole or not at all.
 * Written under a temporary name beside its target, synced, renamed, and the folder synced.
 * A tmpfile that is still open when a signal ends the program is removed (see sig.h).
 */
#ifndef BASE_TMPFILE_H
#define BASE_TMPFILE_H

#include <sys/types.h>

struct tmpfile {
	int fd;			/* write here; -1 when closed */
	int dirfd;		/* borrowed from the caller */
	char *path, *tmp;	/* relative to dirfd */
	int slot;		/* sig.h clean-up slot */
};

/* tmpfile_open - borrows dirfd (AT_FDCWD: the working folder) until commit or close.  ERR_USAGE: `path` is a device, pipe
 * or socket, which are not replaced.
 * tmpfile_open_any - for a path that a person named: those are written to as they are, which nothing takes back. */
int tmpfile_open(struct tmpfile *t, int dirfd, const char *path, mode_t mode);
int tmpfile_open_any(struct tmpfile *t, const char *path, mode_t mode);

/* tmpfile_commit - sync, rename over `path`, sync the folder (neither sync when `sync` is 0);
 * closes in every case.  On failure the target is as it was. */
int tmpfile_commit(struct tmpfile *t, int sync);

/* tmpfile_close - drop it if it was not committed; may be called again. */
void tmpfile_close(struct tmpfile *t);

/* tmpfile_nameless - a file without a name, for reading and writing, in `dir` (may be NULL), else $TMPDIR,
 * else /tmp; gone when closed.  Gives a descriptor, or the error. */
int tmpfile_nameless(const char *dir);

#endif
