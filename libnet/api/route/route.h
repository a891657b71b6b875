/*
 * route.h - from a request to the function that answers it, and what that function answers with.
 * A handler knows nothing of sockets, versions of HTTP or processes: it reads a request, sets fields of
 * the reply, starts it and puts pieces into its sink.  Whoever called it makes an answer of that.
 * Spec: RFC 9110; errors as ipfrs-http-v1 section 2 has them.
 */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/piece.h"

#define LEN_UNKNOWN UINT64_MAX

struct field { struct span name, value; };	/* names in lower case; values without blanks around them */

/* A request whose head was read.  All spans are borrowed and stay until the handler returns. */
struct request {
	struct span method;		/* "GET" */
	struct span path, query;	/* as sent, percent-encoded; query without '?', its p NULL: none */
	struct span host;		/* the authority asked for, with its port if one was given */
	struct span peer;		/* who asks: "192.0.2.1:4711", "unix:" */
	struct span id;			/* of this request: in the log, in errors, in X-Request-ID */
	int tls, local;			/* came over TLS; from loopback or a unix socket */
	const struct field *field;
	size_t n_fields;
	uint64_t body_len;		/* bytes; LEN_UNKNOWN: chunked */
	/* the body: bytes, 0 at its end, or ERR_INTERRUPTED: the client is gone, ERR_LIMIT, ERR_INVALID */
	ssize_t (*read)(struct request *rq, void *p, size_t len);
	/* would it be answered now, or within so many ms?  1; 0: it might take longer.  NULL: nobody knows */
	int (*ready)(struct request *rq, int timeout_ms);
};

/* request_field - the value of the first field of that name; its p NULL: none.  request_list - all of them
 * joined with ", " (RFC 9110 5.3) and appended to `out`; 1, or 0: none. */
struct span request_field(const struct request *rq, const char *name);
int request_list(const struct request *rq, const char *name, struct buf *out);

/* request_arg - the decoded value of a query argument, appended to `out`: the first of that name; "+" is a
 * blank.  1; 0: not there; ERR_INVALID: a bad escape, or %00. */
int request_arg(const struct request *rq, const char *name, struct buf *out);
/* request_unescape - application/x-www-form-urlencoded, where "+" is a blank, appended.  ERR_INVALID: a bad escape. */
int request_unescape(struct span in, struct buf *out);

/* ---- the reply ---- */

struct reply {
	struct sink sink;		/* of the body, once started */
	struct buf fields, trailers;	/* "name: value\r\n" each */
	int status;			/* 0: not started */
	int head_only;			/* HEAD: what is put into the sink is dropped */
	int failed;			/* after the head: the client shall see that it is not whole */
	int may_end, ends;		/* a handler may end the server; it shall end behind this answer */
	/* the transport's: */
	int (*start)(struct reply *r, uint64_t len);
	int (*flush)(struct reply *r);	/* NULL: nothing is ever gathered */
};

enum { REPLY_FIELDS_MAX = 48 * 1024 };	/* bytes */

/* reply_field - add a field.  ERR_INVALID: a byte that may not stand in one (RFC 9110 5.5), so that nothing a
 * client sent can make a field of its own; ERR_LIMIT.  reply_drop - take the fields of that name out again. */
int reply_field(struct reply *r, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void reply_drop(struct reply *r, const char *name);
/* reply_value - the value of the first field of that name (in any case) that was set; borrowed until the next is; p NULL: none,
 * or an empty one. */
struct span reply_value(const struct reply *r, const char *name);
int reply_trailer(struct reply *r, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* reply_start - send the head.  len: bytes of the body, LEN_UNKNOWN: until its end. */
int reply_start(struct reply *r, int status, uint64_t len);
/* reply_flush - what was put so far is on its way to the client on return. */
int reply_flush(struct reply *r);
/* reply_whole - head and body in one. */
int reply_whole(struct reply *r, int status, const char *type, struct span body);
/* reply_error - the answer for an error code with err_text(), or for a status with `text`: JSON
 * {"error":{"code","message","request_id"}}, with the fields set so far but those of a body and of caching
 * dropped.  Once the head is out, the reply is marked as failed. */
int reply_error(const struct request *rq, struct reply *r, int rc);
int reply_status(const struct request *rq, struct reply *r, int status, const char *text);
const char *reply_reason(int status);		/* "Not Found" */

/* ---- the table ---- */

enum route_flags {
	ROUTE_WRITES = 1		/* the store is opened for writing */
};

struct route {
	const char *methods;		/* "GET HEAD" */
	const char *path;		/* exact, or up to a "*" at its end */
	int (*run)(struct request *rq, struct reply *r, void *ctx);
	int flags;
};

/*
 * route_find - the row for this request.  1; 0 and *status: 404, or 405 when other methods would do
 * (*allow lists them, static or of the row).  A row with GET answers HEAD as well.  The longest path that
 * fits wins.
 */
int route_find(const struct route *rows, size_t n, const struct request *rq, const struct route **row,
	       int *status, const char **allow);

/* route_run - find and run; what the handler left unanswered becomes an error.  0, or the error of the
 * transport (the client is gone). */
int route_run(const struct route *rows, size_t n, struct request *rq, struct reply *r, void *ctx);

#endif
