/*
 * http.h - HTTP without sockets: bytes in, requests out.
 * Strict where leniency lets two programs read one stream as different requests (RFC 9112 11.2): one way
 * to end a line, one way to give a length, no folding, no second Host.
 * Spec: RFC 9110 (semantics), RFC 9112 (HTTP/1.1).
 */
#ifndef WIRE_HTTP_HTTP_H
#define WIRE_HTTP_HTTP_H

#include "base/span.h"

struct http_field { struct span name, value; };	/* names in lower case; values without blanks around them */

enum http_form { HTTP_ORIGIN, HTTP_ABSOLUTE, HTTP_AUTHORITY, HTTP_ASTERISK };	/* RFC 9112 3.2 */

enum { HTTP_FIELDS_MAX = 128 };

/* The head of a request.  Spans point into the buffer it was read from. */
struct http_head {
	struct span method, target;	/* target as it stands in the request line */
	enum http_form form;
	struct span path, query;	/* path: "/" if an absolute target has none; query without '?', its p
					 * NULL: none */
	struct span host;		/* authority of an absolute target or CONNECT, else the Host field; its
					 * p NULL: an HTTP/1.0 request without one */
	int tls;			/* the scheme of an absolute target is https */
	int minor;			/* HTTP/1.minor: 0 or 1 */
	struct http_field field[HTTP_FIELDS_MAX];
	size_t n_fields;
};

/* What a request may be at most. */
struct http_limits {
	size_t line;			/* bytes of the request line: 414 */
	size_t head;			/* bytes of the whole head, and of trailers: 431 */
	uint64_t body;			/* bytes: 413 */
};
extern const struct http_limits http_limits_default;	/* 8 KiB, 32 KiB, no limit */

/*
 * http1 - one side of a connection that brings HTTP/1 requests, one after the other.
 *
 *	http1_start -> http1_head until HTTP1_HEAD -> http1_body until HTTP1_END -> http1_next -> ...
 *
 * The caller keeps the bytes that were not used yet.  A fault (HTTP1_BAD) ends the connection: the state
 * then has the status to answer with and why.
 */
enum http1_event {
	HTTP1_MORE,			/* more bytes are needed */
	HTTP1_HEAD,			/* a whole head */
	HTTP1_DATA,			/* bytes of the body */
	HTTP1_END,			/* the body is at its end */
	HTTP1_BAD
};

struct http1 {
	const struct http_limits *limits;
	struct http_head *head;		/* filled by http1_head; only needed until it was looked at */
	/* of the request whose head was read: */
	int chunked, has_body;
	uint64_t length;		/* bytes of the body, when it is not chunked */
	int keep_alive;			/* the client would send another one on this connection */
	int expects;			/* it waits for a 100 before it sends the body */
	struct span upgrade;		/* the protocols it would change to (RFC 9110 7.8); p NULL: none */
	/* after HTTP1_BAD: */
	int status;			/* 400, 413, 414, 417, 431, 501, 505 */
	const char *why;		/* static */
	/* the state: */
	int state;
	size_t seen;			/* bytes of the head looked at already */
	uint64_t left, total;		/* of the chunk or body; bytes of the body so far */
	size_t extra;			/* bytes of chunk extensions or trailers so far */
	unsigned digits;
};

/* http1_start - begin a connection.  Both are borrowed; many connections may share a head (it is large),
 * if each is done with it before another reads one. */
void http1_start(struct http1 *h, const struct http_limits *limits, struct http_head *head);

/*
 * http1_head - look for a head at the beginning of `p`.  HTTP1_HEAD: it has *used bytes, and h->head points
 * into p, whose field names were made lower case; HTTP1_MORE: call again with the same bytes and more behind
 * them (after it said so, at most limits.head + 4 bytes need be kept); HTTP1_BAD.
 */
enum http1_event http1_head(struct http1 *h, uint8_t *p, size_t len, size_t *used);

/*
 * http1_body - take bytes of the body.  HTTP1_DATA: *data, which points into `in`; HTTP1_END; HTTP1_MORE;
 * HTTP1_BAD.  *used bytes of `in` are done with in any case.  Trailers are checked and dropped.
 */
enum http1_event http1_body(struct http1 *h, struct span in, size_t *used, struct span *data);

/* http1_next - the body was at its end: begin with the next request. */
void http1_next(struct http1 *h);

/* ---- characters (RFC 9110 5.6.2, 5.5) ---- */
int http_is_token(struct span s);	/* not empty, token characters only */
int http_is_value(struct span s);	/* what may stand in a field value */
int http_is(struct span s, const char *lower);	/* the same word in any case */
/* http_listed - is the word in a list with commas, in any case? */
int http_listed(struct span list, const char *lower);

#endif
