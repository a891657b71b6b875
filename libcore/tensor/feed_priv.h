/*
 * feed_priv.h - a range of a file, read from its beginning to its end in small steps.
 * A feed reads ahead by 16 KiB; what is skipped is not read.
 */
#ifndef TENSOR_FEED_PRIV_H
#define TENSOR_FEED_PRIV_H

#include "tensor_priv.h"

struct feed {
	struct tensor_in *in;		/* borrowed */
	uint64_t at, end;		/* the next byte to come; behind the last, of the file */
	size_t pos, have;		/* in buf */
	uint8_t buf[16384];
};
void feed_start(struct feed *f, struct tensor_in *in, uint64_t off, uint64_t end);
/* feed_read - all of the next len bytes; feed_skip - go over them.  ERR_INVALID "InvalidHeaderLength: ...": the
 * range ends before. */
int feed_read(struct feed *f, void *p, size_t len);
int feed_skip(struct feed *f, uint64_t len);
int feed_buf(struct feed *f, struct buf *out, uint64_t len);	/* appended */
static inline uint64_t feed_left(const struct feed *f) { return f->end - f->at; }

/*
 * What lies where, in any number: nothing may lie in something else, else a small file could hold data without end.
 * ranges_add - [off, end), and whose it is.  ranges_check - ERR_INVALID "InvalidOffset: ...": two overlap; or
 * "MetadataIncompleteBuffer: ...": one ends behind `limit`.
 */
struct ranges {
	const char *what;		/* "member" */
	struct spill *sorted;
	struct buf row;
};
int ranges_new(struct ranges *r, const char *what, const char *tmpdir);
int ranges_add(struct ranges *r, uint64_t off, uint64_t end, struct span name);
int ranges_check(struct ranges *r, uint64_t limit);
void ranges_free(struct ranges *r);

/* class_add - where in the file an error happened, behind the class that begins its message:
 * "InvalidOffset: member 'x': ..." */
int class_add(int rc, const char *what, struct span name);

#endif
