/*
 * names.h - a list of names from a stream, one a line or ended by NUL.
 */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include "base/buf.h"

enum { NAMES_LINE_MAX = 65536 };	/* bytes of one name */

struct names {
	int fd;			/* borrowed */
	char end;		/* '\n' or '\0' */
	const char *what;	/* for messages; borrowed */
	struct buf line;
	char *in;
	size_t pos, have;
	int eof;
};

void names_init(struct names *n, int fd, char end, const char *what);
void names_clear(struct names *n);

/* names_next - 1 and the next name in *name (valid until the next call; NUL-terminated), 0 at
 * the end, ERR_LIMIT for a name over NAMES_LINE_MAX, ERR_INVALID for a NUL inside a line. A last
 * name without its end mark counts; empty names are passed over. */
int names_next(struct names *n, const char **name);

/* names_wait - 1: names_next would wait now for whoever writes; a program that gathers its answers gives them first. */
int names_wait(const struct names *n);

#endif
