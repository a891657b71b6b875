/* feed.h - bytes in memory as something to read, in pieces of any length */
#ifndef TESTS_FEED_H
#define TESTS_FEED_H

#include <string.h>
#include <sys/types.h>

#include "base/span.h"

struct feed {
	struct span left;
	size_t step;			/* bytes a read gives at most */
	int rc;				/* at the end: an error, or 0 */
};

/* for whoever asks with `arg` for the next bytes: their number, at the end rc */
static ssize_t feed_read(void *arg, void *p, size_t len)
{
	struct feed *f = arg;

	len = len < f->step ? len : f->step;
	len = len < f->left.len ? len : f->left.len;
	if (len == 0)
		return f->rc;
	memcpy(p, f->left.p, len);
	f->left = span_of(f->left.p + len, f->left.len - len);
	return (ssize_t)len;
}

#endif
