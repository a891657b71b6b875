/*
 * h2.h - HTTP/2 without sockets: bytes in, events out; answers in, bytes out.
 * The server's side of one connection, as strict about requests as http.h is.  What a request is, and what an
 * answer's lines are, is the same as for HTTP/1 (http.h, answer.h).  The caller owns the socket and the clock.
 * Spec: RFC 9113 (HTTP/2), RFC 7541 (HPACK), RFC 9110.
 *
 *	h2_new -> { h2_in, h2_next until 0, h2_out or h2_data_begin } until h2_over -> h2_free
 *
 * Memory is bounded: at most `streams` requests with a head of limits.head bytes and `window` bytes of body
 * each, `conn_window` bytes of bodies together, and a short queue of what is to be sent; h2_in takes no more
 * bytes while that is full.
 */
#ifndef WIRE_HTTP_H2_H
#define WIRE_HTTP_H2_H

#include "base/buf.h"
#include "wire/http/answer.h"
#include "wire/http/http.h"

struct h2;
struct h2_stream;			/* one request and its answer */

struct h2_opts {
	unsigned streams;		/* requests at one time */
	uint32_t window, conn_window;	/* bytes of body we hold for a request, for all of them; 65535 at least */
};
extern const struct h2_opts h2_opts_default;	/* 100, 128 KiB, 256 KiB */

enum { H2_PREFACE_LEN = 24 };

/* h2_is_preface - does a connection begin as one of HTTP/2 does (RFC 9113 3.4)?  1; 0: no; -1: so far, but
 * more bytes are needed to tell. */
int h2_is_preface(struct span in);

/* h2_new - begin a connection; its preface is still to come, and what it is to be sent first (SETTINGS) is in
 * h2_out at once.  `limits` and `head` are borrowed; many connections may share a head, as with http1_start.
 * `o` may be NULL.  0 or ERR_NOMEM. */
int h2_new(struct h2 **out, const struct http_limits *limits, struct http_head *head, const struct h2_opts *o);
void h2_free(struct h2 *h);		/* and all its streams; NULL is accepted */

/* ---- bytes in ---- */

/*
 * h2_in - take bytes from the client.  *used of them are done with; fewer than given: what is queued has to be
 * taken by h2_out first, then give the rest again.  `now_ms` is any clock that does not go backwards: what a
 * client may do that is of no use (pings, settings, resets, empty frames ...) is rationed by it.
 * 0, or the connection is at its end, and h2_out has the GOAWAY that says why: ERR_INVALID: not HTTP/2;
 * ERR_LIMIT: a flood; ERR_NOMEM.  Streams are over then: H2_GONE follows for each.  (Some of what is not HTTP/2
 * fails the connection only when h2_out gives that GOAWAY; h2_over is what to ask.)
 */
int h2_in(struct h2 *h, struct span in, int64_t now_ms, size_t *used);

/* ---- events ---- */

enum h2_what {
	H2_HEAD,		/* a new request: the head, has_body, length, expects, tls */
	H2_BAD,			/* a new request that has to be answered with `status`, because `why`; what is
				 * known of its head (perhaps nothing) is in the head.  It has no body. */
	H2_BODY,		/* there is more of the body, or its end: h2_body */
	H2_ROOM,		/* h2_window was 0 and is not any more */
	H2_GONE			/* the client reset the stream, or was wrong, or the connection ended: `code`.
				 * The stream is gone with the next call of h2_next. */
};

/* RFC 9113 7 */
enum h2_code {
	H2_NO_ERROR = 0x0, H2_PROTOCOL_ERROR = 0x1, H2_INTERNAL_ERROR = 0x2, H2_FLOW_CONTROL_ERROR = 0x3,
	H2_REFUSED_STREAM = 0x7, H2_CANCEL = 0x8, H2_ENHANCE_YOUR_CALM = 0xb
};

struct h2_event {
	enum h2_what what;
	struct h2_stream *s;
	void **user;			/* the caller's, of this stream; *user is NULL at first */
	/* H2_HEAD, H2_BAD: */
	const struct http_head *head;	/* the one h2_new was given; its spans stay until the next h2_next.
					 * minor is 1; host is :authority, else the Host field */
	int has_body, expects;		/* expects: it waits for a 100 before it sends the body */
	uint64_t length;		/* bytes of the body, or HTTP_LEN_UNKNOWN */
	int status;			/* H2_BAD: 400, 413, 414, 417, 431, 501 */
	const char *why;		/* H2_BAD: static */
	uint32_t code;			/* H2_GONE: an enum h2_code or another */
};

/* h2_next - the next event, 1, or 0: none now.  A stream is the caller's from its H2_HEAD or H2_BAD until
 * H2_GONE, h2_end or h2_reset, and not to be named afterwards.  Nothing is called back, so anything may be done
 * between two events. */
int h2_next(struct h2 *h, struct h2_event *e);

/*
 * h2_body - bytes of the body that were not taken yet.  1 and *data, until the next call of h2_in, h2_took or
 * one that ends the stream; 0: none now; H2_BODY tells when; 2: the body is whole and taken; ERR_LIMIT: more
 * than limits.body (413, or reset it).  Trailers are checked and dropped.
 */
int h2_body(struct h2 *h, struct h2_stream *s, struct span *data);

/* h2_took - `len` of these are done with: only now may the client send as many more. */
void h2_took(struct h2 *h, struct h2_stream *s, size_t len);

/* ---- answers ---- */

/* h2_interim - a 1xx (RFC 9110 15.2; not 101) before the answer; lines as for http1_answer. */
int h2_interim(struct h2 *h, struct h2_stream *s, int status, struct span lines);

/*
 * h2_answer - the head of the answer: as http1_answer, whose `lines`, `date` and `len` these are; a status or a
 * request (HEAD) that has no body drops it.  *has_body: bytes are to follow, by h2_data; not with 0, though
 * h2_end is due in either case.  ERR_INVALID as there, or answered already; ERR_LIMIT: too many fields;
 * ERR_NOMEM.  On failure nothing was queued.
 */
int h2_answer(struct h2 *h, struct h2_stream *s, int status, const char *date, struct span lines, uint64_t len,
	      int *has_body);

/* h2_window - how many bytes of body may be sent now, by what the client said of the stream and of the
 * connection; 0: none, and H2_ROOM will tell (how long to wait for it is the caller's question). */
size_t h2_window(struct h2 *h, struct h2_stream *s);

/*
 * h2_data_begin - append what is queued and then the header of a DATA frame for up to `len` bytes (not 0).
 * 1 and *now (1 to len, at most 16 KiB): exactly that many bytes have to follow on the wire, whatever happens
 * to the stream meanwhile; then call h2_data_behind.  Until then h2_out appends nothing.
 * 0: the window is closed, H2_ROOM or H2_GONE will follow; ERR_LIMIT: `out` has no room for it (what was
 * appended is good), empty it and call again; ERR_INVALID: more than was said, or no answer that has a body.
 */
int h2_data_begin(struct h2 *h, struct h2_stream *s, uint64_t len, struct buf *out, size_t *now);
void h2_data_behind(struct h2 *h);

/* h2_data - the same for bytes at hand: as many as windows and `out` let pass; *used (0: H2_ROOM or an `out`
 * with more room is to be waited for).  0, or an error as above (ERR_LIMIT only if *used is 0). */
int h2_data(struct h2 *h, struct h2_stream *s, struct span data, struct buf *out, size_t *used);

/*
 * h2_end - the body is whole; the stream is the caller's no longer.  Trailers are as for http1_answer_end and
 * dropped where the length was said.  A body of the request that was not read is given up.  0; ERR_INVALID:
 * less than was said, or no good trailers, or not answered; the client sees a reset then.
 */
int h2_end(struct h2 *h, struct h2_stream *s, struct span trailers);

/* h2_reset - give the stream up; the client sees why.  The stream is the caller's no longer. */
void h2_reset(struct h2 *h, struct h2_stream *s, enum h2_code code);

/* ---- bytes out ---- */

/* h2_out - append what is queued, as far as out->max lets it; nothing is lost when it does not.  0 or
 * ERR_NOMEM.  h2_wants_out - would h2_out append something?  1 or 0. */
int h2_out(struct h2 *h, struct buf *out);
int h2_wants_out(const struct h2 *h);

/* ---- the end, and what is stalled ---- */

/* h2_drain - new requests are not welcome: GOAWAY, twice, so that none on its way is lost (RFC 9113 6.8): the
 * second one when the client answered a ping, or with the second call.  Requests under way go on. */
void h2_drain(struct h2 *h);

/* h2_over - nothing more will come or has to be sent: close the connection.  h2_out is empty then. */
int h2_over(const struct h2 *h);

/* h2_n_streams - of the caller's, and of which no H2_HEAD was told yet.  h2_in_head - the client began with a
 * preface or head and did not finish it (a clock should run). */
unsigned h2_n_streams(const struct h2 *h);
int h2_in_head(const struct h2 *h);

/* h2_why - why the connection failed, for the log; "" if it did not.  Static or the connection's. */
const char *h2_why(const struct h2 *h);

#endif
