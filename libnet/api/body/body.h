/*
 * body.h - what every resource with a tag has: conditions, and a body or the parts of it that were asked for.
 * Spec: RFC 9110 13 and 14; RFC 9110 14.6 for multipart/byteranges.
 */
#ifndef API_BODY_H
#define API_BODY_H

#include "api/route/route.h"

/*
 * body_conditions - do the request's conditions hold for something with this tag (quotes and W/ included)?  0: go on; 304:
 * answered; 412: to be answered by the caller; or an error.  mtime: seconds since 1970, if has_mtime.  Borrows all for the call.
 */
int body_conditions(const struct request *rq, struct reply *r, const char *etag, int has_mtime, int64_t mtime);

enum body_sent { BODY_SENT = 1, BODY_NO_RANGE = 2 };

/*
 * body_send - start 200, or 206 for what Range chose (several: multipart), and put it: `cat` is called for each range, in
 * bytes of the whole, `size` of them.  HEAD is respected.  Content-Type is `type` (NULL: none).  If-Range is compared with the
 * fields etag and last-modified that stand in the reply.  BODY_SENT; BODY_NO_RANGE: nothing was sent, no range lies in it (416
 * is the caller's); or an error of the transport or of cat: then the head may be out.
 */
int body_send(const struct request *rq, struct reply *r, const char *type, uint64_t size,
	      int (*cat)(void *arg, uint64_t off, uint64_t len, struct sink *out), void *arg);

#endif
