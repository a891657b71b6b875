/*
 * answer.h - the head of an answer in HTTP/1, and the frame around its body.
 * Nothing that comes from outside can add a line, end a head or change where a body ends: field lines are
 * looked at before they are written, and those that say where a body ends are written here only.
 * Every function that appends leaves `out` as it was on failure: ERR_LIMIT, ERR_NOMEM, or as it says.
 * Spec: RFC 9110 6, RFC 9112 4, 6, 7.1.
 */
#ifndef WIRE_HTTP_ANSWER_H
#define WIRE_HTTP_ANSWER_H

#include "base/buf.h"

#define HTTP_LEN_UNKNOWN UINT64_MAX

/* http_line - append "name: value" and CRLF.  ERR_INVALID: no token, a byte that may not stand in a value, or
 * blanks around it. */
int http_line(struct buf *out, const char *name, struct span value);

enum http_lines { HTTP_LINES_HEAD, HTTP_LINES_UPGRADE, HTTP_LINES_TRAILER };

/* http_lines_ok - are these whole lines as http_line makes them, and none of them about the connection, the
 * length or the date (of an upgrade: but for "upgrade"; of trailers: nor about anything that has to be known
 * before the body, RFC 9110 6.5.1)?  1 or 0. */
int http_lines_ok(struct span lines, enum http_lines kind);

struct http1_answer {
	/* set before http1_answer: */
	int minor;			/* of the request: HTTP/1.minor */
	int head_only;			/* its method is HEAD */
	int keep_alive;			/* the client would go on, and so would we; afterwards: both will */
	/* set by it: */
	int has_body;			/* bytes are to follow */
	int chunked;			/* in chunks */
	uint64_t left;			/* bytes of the body to come, or HTTP_LEN_UNKNOWN */
};

/*
 * http1_answer - append status line and head.  `reason` may be NULL; `date` is as http_date makes it (NULL: an
 * interim answer has none); `lines` as http_line makes them; `len` bytes of body or HTTP_LEN_UNKNOWN (then in
 * chunks, or for a client of HTTP/1.0 until the connection ends).  A status that has no body drops it.  Not
 * for a 2xx to CONNECT.  ERR_INVALID: the status is not three digits, a byte in the reason that may not stand
 * there, or not http_lines_ok.
 */
int http1_answer(struct buf *out, struct http1_answer *a, int status, const char *reason, const char *date,
		 struct span lines, uint64_t len);

/* http1_answer_begin - before `len` bytes of body (not 0) are sent: append what goes in front of them.
 * ERR_INVALID: more than was said.  http1_answer_behind - what goes behind them. */
int http1_answer_begin(struct buf *out, struct http1_answer *a, uint64_t len);
int http1_answer_behind(struct buf *out, const struct http1_answer *a);

/* http1_answer_end - the body is whole: append what ends it.  Trailers are dropped where they cannot be sent.
 * ERR_INVALID: less than was said, or trailers that are not http_lines_ok; then the connection has to end
 * without the last chunk, so that the client sees it. */
int http1_answer_end(struct buf *out, struct http1_answer *a, struct span trailers);

#endif
