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
 * output and complaints, which end when it does; shutdown(fd, SHUT_WR) ends its input.  ERR_LIMIT; ERR_IO: the broker is
 * gone.  Not allowed arguments show as an end without a word. */
int broker_run(struct broker *b, const char *const *args);

#endif
