/*
 * cmd.h - the manners all programs share: options, operands, complaints, exit status.
 *
 * -h (help), -q (quiet), -v (more talk, repeatable), -V (version), -S dir (the store) and --help (opens
 * the manual) are handled here for every program and are not in its table.  `-0` is CMD_OPT_0 in the
 * table where it applies and is handled here too.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct cid;
struct progress;
struct store;

struct cmd_opt {
	char letter;		/* 0 ends the table */
	const char *arg;	/* name of its argument, NULL: takes none */
	const char *help;	/* one line, lower case, no full stop */
};

/* shared letters, spelled once */
#define CMD_OPT_0 { '0', NULL, "names and records end in NUL instead of newline" }
#define CMD_OPT_J { 'j', NULL, "print JSON lines" }
#define CMD_OPT_N { 'n', NULL, "only show what would be done" }
#define CMD_OPT_R { 'r', NULL, "work on everything below, too" }

struct cmd_info {
	const char *name;	/* "ipfrs-cat" */
	const char *operands;	/* "[path ...]" as in the synopsis */
	const char *summary;	/* one line */
	const struct cmd_opt *opts;
};

void cmd_start(const struct cmd_info *info, int argc, char **argv);

/* cmd_getopt - the next option letter of the program's own table, -1 at the end of the options.
 * Mistakes end the program with exit status 2 and a hint at -h. */
int cmd_getopt(void);
const char *cmd_arg(void);			/* the option's argument */
uint64_t cmd_bytes(void);			/* … as a size: 4096, 64KiB, 1.5GB */
uint64_t cmd_count(void);			/* … as a number */

/*
 * A program with verbs (`ipfrs-pin add …`) has a table of them.  It gives the errors, the text of -h
 * (`ipfrs-pin -h` tells of all, `ipfrs-pin ls -h` of one), --opts and with it the completions.
 */
struct cmd_verb {
	const char *name;	/* NULL ends the table */
	const char *opts;	/* the letters of the program's table that it takes: "0jN" */
	const char *operands;	/* "[path ...]" as in the synopsis; "": none */
	const char *summary;	/* one line, lower case, no full stop */
	int min, max;		/* how many operands; max -1: any number */
	int (*run)(struct store *st);	/* what it does; negative: an error that is not told yet */
	int store;		/* for cmd_run: STORE_READ, STORE_WRITE, or CMD_NO_STORE */
};
enum { CMD_NO_STORE = -1 };

/*
 * cmd_pick - the verb that the first operand names; options may stand before and behind it.  Call
 * once, before cmd_getopt; the table stays the caller's and is used until the end.
 *
 * No verb and an unknown one end the program with status 2.  From now on cmd_getopt refuses, in the
 * same way, options that the verb does not take, and at their end the wrong number of operands.
 * cmd_pick_as - picks without a word on the command line, where something else says which.
 */
const struct cmd_verb *cmd_pick(const struct cmd_verb *verbs);
const struct cmd_verb *cmd_pick_as(const struct cmd_verb *verbs, const char *name);

/* cmd_run - the rest of main: opens the store as the verb wants it (none: run gets NULL), runs the
 * verb, says what went wrong, closes the store; the exit status of the program. */
int cmd_run(const struct cmd_verb *verb);
/* cmd_each - `deal` with every operand or name (cmd_next); complains about those it fails on, and goes on. */
int cmd_each(struct store *st, int (*deal)(struct store *st, const char *path));

/* cmd_operands - how many operands are left; with limits: fewer or more than allowed (max -1: any
 * number) end the program with status 2. */
int cmd_operands(int min, int max);
const char *cmd_operand(int i);

/* cmd_next - operands one after the other, or, when there are none, names from standard input (lines,
 * or NUL-ended with -0): 1 and *name, 0 at the end.  A terminal as standard input without operands
 * is a mistake (status 2).  `-` is returned as it is: standard input as data. */
int cmd_next(const char **name);

/* cmd_waits - 1: cmd_next would wait now for whoever writes our standard input; a program that gathers
 * its answers gives them first (cmd_next itself flushes standard output then). */
int cmd_waits(void);

/* cmd_cids - the CIDs that operands (or names, as cmd_next has them) lead to, up to 1024 at once, fewer
 * when the next name keeps us waiting.  Complains about names that lead nowhere and goes on.  Stops at a
 * nonzero return of `deal` and returns it. */
int cmd_cids(struct store *st, int (*deal)(struct store *st, const struct cid *cids, size_t n));

/* Operands that are files; "-" is standard input, and shown as such.  cmd_open - to read: a descriptor, or an
 * error that names the file; cmd_close takes it, and an error, too.  cmd_each_file - as cmd_each; the errors of
 * `deal` name the file themselves. */
const char *cmd_shown(const char *name);
int cmd_open(const char *name);
void cmd_close(int fd);
int cmd_each_file(int (*deal)(const char *name, int fd));

/* cmd_name - what a path "/ipns/…" or "ipns://…" stands for by the records of the store; any other path as it is.  *out is
 * valid until the next call. */
int cmd_name(struct store *st, const char *path, const char **out);
/* cmd_name_in - what stands behind the "/ipns/" of such a path: "NAME/a/b"; NULL: it is no such path. */
const char *cmd_name_in(const char *path);

/* cmd_gather - all that cmd_next has, *n of them: gives, release with cmd_scatter.  Without memory the program
 * ends.  cmd_size - how many bytes the regular files among them have, for a progress line. */
const char **cmd_gather(size_t *n);
void cmd_scatter(const char **names, size_t n);
uint64_t cmd_size(const char *const *names, size_t n);

const char *cmd_store(void);	/* -S, else $IPFRS_PATH, else ~/.ipfrs; never NULL */
int cmd_zero(void);		/* -0 was given */
char cmd_end(void);		/* what ends a record: '\n' or NUL */
int cmd_quiet(void);
int cmd_verbose(void);

/* cmd_print - a record (fields by TAB are the caller's) and its end, to standard output (stdio). */
void cmd_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cmd_record(struct span bytes);	/* the same from bytes */
/* cmd_told - `line` as a record, if it could be made (rc is 0); empties it and returns rc. */
int cmd_told(struct buf *line, int rc);
void cmd_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));	/* stderr, not with -q */

/* cmd_progress - the progress line of the program, to start and end (base/progress.h); cmd_worked - adds to it:
 * what a verb of ops calls as it goes on (`arg` is not looked at).  Returns 0. */
struct progress *cmd_progress(void);
int cmd_worked(void *arg, uint64_t bytes, uint64_t n);

/* cmd_complain - "NAME: what: message" for the error `rc` (what may be NULL); remembers the largest
 * exit status seen; returns it.  Here and in notes control characters come out as ?, but for tab and
 * newline.  cmd_fail - the same as the last deed: `return cmd_fail(rc)`. */
int cmd_complain(int rc, const char *what);
int cmd_fail(int rc);
void cmd_status(int exit_status);	/* remember a status without a message ("no": 1) */

/* cmd_usage - a mistake in options or operands: message, hint, exit status 2. */
void cmd_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* cmd_finish - flush standard output, check that it worked; the exit status of the program. */
int cmd_finish(void);

#endif
