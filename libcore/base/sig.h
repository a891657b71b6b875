/*
 * sig.h - signals end the program, but tidily.
 * INT, TERM and HUP remove the registered temporary files, then end the process by the same
 * signal, so the shell knows.  SIGPIPE keeps its default; a file over the limit of its size is an error of
 * who writes it, as a full disk is, and no signal.
 */
#ifndef BASE_SIG_H
#define BASE_SIG_H

/* sig_start - install the handlers; once, from main. */
void sig_start(void);

/* sig_unlink_later - remove `path` (relative to dirfd; the string stays the caller's and must
 * live until sig_unlink_done) if a signal ends us.  Returns a slot, or -1 when all are taken
 * (then the file may stay behind; harmless). */
int sig_unlink_later(int dirfd, const char *path);
void sig_unlink_done(int slot);		/* accepts -1 */

#endif
