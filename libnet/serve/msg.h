/* msg.h - heads of requests and replies as they travel on a link (inside serve only) */
#ifndef SERVE_MSG_H
#define SERVE_MSG_H

#include "serve/serve.h"
#include "link.h"

struct msg_peer {
	const char *text;		/* "192.0.2.1:4711" */
	int local, tls;
	struct span id;
};

/* msg_request - the message for a head that was read, appended to `out`. */
int msg_request(struct buf *out, const struct http1 *h, const struct msg_peer *peer);

/* msg_request_read - the worker's side: *rq points into `in` and at `fields` (HTTP_FIELDS_MAX of them).
 * ERR_INVALID: not what msg_request makes. */
int msg_request_read(struct span in, struct request *rq, struct field *fields);

/*
 * msg_head_check - fields as a worker sent them: lines of a name, ": ", a value and CRLF, and none of those
 * that are the pump's (length, coding, connection, date).  1; 0: no, as from a worker that was taken over.
 */
int msg_head_check(struct span fields);

#endif
