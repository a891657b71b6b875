/* msg.h - heads of requests as they travel on a link (inside serve only) */
#ifndef SERVE_MSG_H
#define SERVE_MSG_H

#include "serve/serve.h"
#include "link.h"

struct msg_peer {
	const char *text;		/* "192.0.2.1:4711" */
	int local, tls;
	struct span id;
};

/* msg_request - the message for a head that was read, appended to `out`; body_len as in struct request. */
int msg_request(struct buf *out, const struct http_head *d, uint64_t body_len, const struct msg_peer *peer);

/* msg_request_read - the worker's side: *rq points into `in` and at `fields` (HTTP_FIELDS_MAX of them).
 * ERR_INVALID: not what msg_request makes. */
int msg_request_read(struct span in, struct request *rq, struct field *fields);

#endif
