/* names.c - a list of names from a stream */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#include <errno.h>

#include "base/err.h"
#include "base/names.h"

enum { NAMES_READ = 65536 };

void names_init(struct names *n, int fd, char end, const char *what)
{
	*n = (struct names){ .fd = fd, .end = end, .what = what,
			     .line = BUF_INIT(NAMES_LINE_MAX) };
}

void names_clear(struct names *n)
{
	buf_clear(&n->line);
	free(n->in);
	n->in = NULL;
}

/* one read(2): a pipe's names are used as they come, not when it ends */
static int names_fill(struct names *n)
{
	ssize_t got;

	if (!n->in && !(n->in = malloc(NAMES_READ)))
		return err_nomem();
	do
		got = read(n->fd, n->in, NAMES_READ);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys("reading '%s'", n->what);
	n->pos = 0;
	n->have = (size_t)got;
	n->eof = got == 0;
	return 0;
}

int names_next(struct names *n, const char **name)
{
	int rc = 0, filled;

	buf_reset(&n->line);
	for (;;) {
		char *from, *hit;
		size_t len;

		if (n->pos == n->have) {
			filled = n->eof ? 0 : names_fill(n);
			if (filled < 0)
				return filled;
			if (n->eof) {
				if (rc == 0 && n->line.len == 0)
					return 0;
				break;
			}
		}
		from = n->in + n->pos;
		hit = memchr(from, n->end, n->have - n->pos);
		len = hit ? (size_t)(hit - from) : n->have - n->pos;
		if (rc == 0)			/* the rest of a name too long is no name */
			rc = buf_bytes(&n->line, from, len);
		n->pos += len + (hit != NULL);
		if (hit && (rc < 0 || n->line.len))
			break;
	}
	if (rc < 0)
		return err_add(rc, "a name in '%s'", n->what);
	if (n->end && memchr(n->line.data, 0, n->line.len))
		return err_set(ERR_INVALID, "'%s' has a NUL inside a line; use -0?", n->what);
	*name = (const char *)n->line.data;
	return 1;
}

int names_wait(const struct names *n)
{
	struct pollfd in = { .fd = n->fd, .events = POLLIN };

	if (n->eof || (n->have > n->pos && memchr(n->in + n->pos, n->end, n->have - n->pos)))
		return 0;
	return poll(&in, 1, 0) == 0;
}
