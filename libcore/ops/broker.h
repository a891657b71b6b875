/*
 * broker.h - a program started for those who may not start any.
 * A small process, made before the fences stand, starts one program anew for every request of any process that has the
 * handle, with its standard streams on a socket of who asked.
 */
#ifndef OPS_BROKER_H
#define OPS_BROKER_H

struct broker;

/*
 * broker_new - for `program` (as coproc.h finds it).  `may` looks at what it is to be told, in the process of the broker: who
 * asks may have been taken over, so 1 is for what harms nobody.  Both are borrowed.  Gives *b; call it before there are
 * threads.
 * broker_free - the process ends when all who have the handle freed it or ended; those it started go on.
 */
int broker_new(struct broker **b, const char *program, int (*may)(const char *const *args));
void broker_free(struct broker *b);		/* accepts NULL */
int broker_fd(const struct broker *b);		/* what a process has to keep to have the handle; 10 or more */

/* broker_run - start it with these arguments (NULL-ended, up to 8 KiB): a descriptor for its standard input, and for its
 * output and complaints, and behind them a line "exit N": its status, or 128 and the number of a signal.  shutdown(fd,
 * SHUT_WR) ends its input; write with MSG_NOSIGNAL.  ERR_LIMIT; ERR_IO: the broker is gone.  Arguments that are not allowed
 * show as an end without that line. */
int broker_run(struct broker *b, const char *const *args);

#endif
