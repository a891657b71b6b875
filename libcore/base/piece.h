/*
 * piece.h - whatever is sent out, as a lazy sequence of pieces, and the sinks that take them.
 * A piece is either inline bytes or an extent: a range of an open file.  Large plain data goes
 * from file to socket, pipe or file as an extent and never passes through user memory.
 */
#ifndef BASE_PIECE_H
#define BASE_PIECE_H

#include "base/span.h"

struct piece {
	struct span bytes;	/* used when fd < 0 */
	int fd;			/* borrowed for the call; -1: inline bytes */
	uint64_t off, len;	/* of the extent, bytes */
};

/* piece_read - bytes [off, off + len) of a piece, whichever it is; ERR_CORRUPT: the file ends before. */
int piece_read(const struct piece *p, uint64_t off, void *out, size_t len);

/* A sink takes pieces in order.  put returns 0 or an error; it borrows the piece for the call. */
struct sink {
	int (*put)(struct sink *s, const struct piece *p);
};

static inline int sink_put(struct sink *s, const struct piece *p) { return s->put(s, p); }

static inline int sink_bytes(struct sink *s, struct span b)
{
	struct piece p = { .bytes = b, .fd = -1, .len = b.len };

	return b.len ? s->put(s, &p) : 0;
}

/*
 * sink_fd - writes to a file descriptor (borrowed).  Small pieces are gathered; extents go by
 * copy_file_range to regular files (sharing extents where the filesystem can) and by sendfile
 * or splice to pipes and sockets, falling back to read and write.  After the last piece call
 * sink_fd_end, which writes what is gathered.
 */
struct sink_fd {
	struct sink sink;
	int fd;
	const char *what;	/* for messages; borrowed */
	uint8_t *gather;
	size_t have;
	int regular, no_copy_range, no_sendfile;
};

int sink_fd_start(struct sink_fd *s, int fd, const char *what);	/* 0 or ERR_NOMEM */
int sink_fd_end(struct sink_fd *s);	/* flush and release; 0 or the write's error */
void sink_fd_clear(struct sink_fd *s);	/* release without writing */

/* sink_buf - appends to a struct buf (borrowed), within its ceiling. */
struct buf;
struct sink_buf {
	struct sink sink;
	struct buf *out;
};
void sink_buf_start(struct sink_buf *s, struct buf *out);

/* sink_null - takes everything, counts bytes. */
struct sink_null {
	struct sink sink;
	uint64_t bytes;
};
void sink_null_start(struct sink_null *s);

#endif
