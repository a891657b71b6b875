/*
 * link.h - what passes between the pump and a worker (inside serve only).
 *
 * A link is a pair of connected SOCK_SEQPACKET sockets: messages are whole or not there, and a reader
 * that is slow makes the writer wait.  The worker's end blocks; the pump's does not.  Neither side
 * believes the other: a worker may have been taken over by what it read, so the pump checks every message
 * against what may come next, and a worker is at most as bad as a client that hangs up.
 *
 *	pump to worker			worker to pump
 *	LINK_REQUEST  the head, and	LINK_WANT    ready for one LINK_BODY
 *		a small body at once
 *	LINK_BODY     up to LINK_DATA	LINK_HEAD    status and fields
 *	LINK_BODY_END			LINK_BYTES   up to LINK_DATA bytes of the body
 *					LINK_FILE    a descriptor, from now on called `slot`
 *					LINK_EXTENT  a range of the file in a slot
 *					LINK_END     trailers; whether the body is whole, and we are to end
 *					LINK_BUNDLE  several of LINK_HEAD to LINK_END but LINK_FILE
 *
 * Closing the pump's end is how a worker learns that nobody waits for its answer.
 */
#ifndef SERVE_LINK_H
#define SERVE_LINK_H

#include "base/buf.h"

enum link_type {
	LINK_REQUEST = 1, LINK_BODY, LINK_BODY_END,
	LINK_WANT, LINK_HEAD, LINK_BYTES, LINK_FILE, LINK_EXTENT, LINK_END, LINK_BUNDLE
};

enum {
	LINK_MAX = 128 * 1024,		/* bytes of a message: a head has to fit */
	LINK_DATA = 64 * 1024,		/* bytes of body in one */
	LINK_SLOTS = 8			/* files a worker may have handed over at one time */
};

enum { LINK_WHOLE = 1, LINK_LAST = 2 };	/* the body is whole; the server shall end */

struct link_msg {
	enum link_type type;
	int status;			/* LINK_HEAD; LINK_END: LINK_WHOLE, LINK_LAST */
	unsigned slot;			/* LINK_FILE, LINK_EXTENT */
	int fd;				/* LINK_FILE; the receiver's; else -1 */
	uint64_t off, len;		/* LINK_EXTENT: bytes; LINK_HEAD: len of the body, UINT64_MAX: not known;
					 * LINK_REQUEST: len of the body at the end of data, if that is all of it */
	struct span data;		/* LINK_REQUEST, LINK_HEAD, LINK_END: fields; LINK_BODY, LINK_BYTES: bytes */
};

/* link_pair - both ends, close-on-exec; [0] is the pump's and does not block. */
int link_pair(int fds[2]);

/* link_send - one message.  1: sent; 0: the socket is full (the pump's end); ERR_INTERRUPTED: the
 * other side is gone; ERR_IO. */
int link_send(int fd, const struct link_msg *m);

/*
 * link_recv - the next message into *m, its data in `room` (LINK_MAX bytes at least).  1; 0: nothing yet (the
 * pump's end); ERR_INTERRUPTED: the other side is gone; ERR_INVALID: not a message of ours.
 */
int link_recv(int fd, struct link_msg *m, struct buf *room);

/* link_pack - append a message to a bundle: one send for many.  link_unpack - take the next out of it, its data in the
 * bundle: 1; 0 at the end; ERR_INVALID: not one that may be in a bundle. */
int link_pack(struct buf *bundle, const struct link_msg *m);
int link_unpack(struct span *rest, struct link_msg *m);

#endif
