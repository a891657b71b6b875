/* h2_priv.h - what the files of HTTP/2 share */
#ifndef WIRE_HTTP_H2_PRIV_H
#define WIRE_HTTP_H2_PRIV_H

#include <nghttp2/nghttp2.h>

#include "h2.h"
#include "http_priv.h"

/* events that wait, as bits */
enum { WAIT_HEAD = 1, WAIT_BODY = 2, WAIT_ROOM = 4, WAIT_GONE = 8 };

struct h2_stream {
	struct h2 *h;
	int32_t id;
	void *user;
	struct h2_stream *prev, *next;		/* of all */
	struct h2_stream *next_ready;		/* of those an event waits for */
	unsigned waits;
	int ready;				/* is in that list */
	int callers;				/* the caller has it, or will learn of it */
	int shown;				/* the caller knows it */
	int closed;				/* nghttp2 has it no more */
	uint32_t code;				/* why */
	/* the head, while it is read and until it was told: entries of two lengths and the bytes of both */
	struct buf block;
	size_t head_bytes, n_fields, trailer_bytes;
	int malformed, too_long, pseudo_over;
	int is_head;				/* the method is HEAD */
	int status;				/* to be answered with; 0: a good one */
	const char *why;
	int has_body, expects;
	uint64_t length;
	/* the body: from body_at on */
	struct buf body;
	size_t body_at;
	uint64_t body_bytes;			/* that came */
	int body_over;				/* all of it came */
	int body_asked;				/* the caller found nothing: H2_BODY is due */
	/* the answer */
	int answered, body_due, known, ended;	/* ended: END_STREAM was sent */
	uint64_t left;
	int blocked;				/* the caller found the window closed: H2_ROOM is due */
	size_t offer;				/* bytes of the DATA frame that is being made */
	int last;				/* and it is the last */
};

struct h2 {
	nghttp2_session *session;
	const struct http_limits *limits;
	struct http_head *head;
	struct h2_opts opts;
	struct h2_stream *all;
	struct h2_stream *ready, **ready_end;
	struct h2_stream *told, *spent;		/* whose head, whose end was told last */
	unsigned n_streams;			/* the caller's */
	unsigned n_all;
	/* what is rationed */
	int64_t credit, at_ms;
	uint32_t frame_left;		/* bytes until the next frame begins */
	uint8_t begun[9];		/* what is here of its header */
	unsigned n_begun;
	int have_time;
	size_t block_bytes;			/* of the header block at hand */
	unsigned pieces;			/* and how many CONTINUATION frames it had */
	int in_block, greeted;
	int draining;
	/* the frame header that is being made */
	uint8_t frame[9];
	size_t frame_payload;
	int payload_due;
	int rc;					/* the connection failed */
	int broken;				/* the session is of no use any more */
	uint8_t farewell[17];			/* then the GOAWAY is ours */
	size_t farewell_len;
	const char *why;
};

/* What brings nothing has a price: pings, settings, resets, empty frames, a head in many pieces.  A request
 * answered and bytes of bodies earn some of it back, and so does time. */
enum {
	PRICE_RESET = 10, PRICE_SETTINGS = 20, PRICE_PING = 4, PRICE_EMPTY = 4, PRICE_PIECE = 40,
	PRICE_HEAD = 2, PRICE_OTHER = 2, PRICE_WINDOW = 1,
	PAY_ANSWER = 20, PAY_DATA_IN = 1, PAY_DATA_OUT = 2
};

enum { H2_BODY_SLACK = 32 * 1024 };		/* bytes taken that may stand in front of those that were not */

/* ---- h2stream.c ---- */
struct h2_stream *h2_stream_new(struct h2 *h, int32_t id);
/* h2_wake - an event waits for the stream. */
void h2_wake(struct h2_stream *s, unsigned event);
/* h2_fail - the connection is at its end; returns rc, with a message. */
int h2_fail(struct h2 *h, int rc, const char *why);
/* h2_let_go - the caller has done with it. */
void h2_let_go(struct h2_stream *s);
/* h2_drop - free what is held of a stream, in every list. */
void h2_drop(struct h2_stream *s);
void h2_discard_body(struct h2_stream *s);

/* ---- h2.c ---- */
/* h2_charge - the client did something of no use.  h2_earn - of some use. */
void h2_charge(struct h2 *h, int price);
void h2_earn(struct h2 *h, int price);
/* h2_submitted - what a nghttp2_submit_ function said, as an error of ours */
int h2_submitted(int rv);

/* ---- h2frames.c ---- */
void h2_hear_frames(nghttp2_session_callbacks *c);

/* ---- h2head.c ---- */
/* h2_head_line - a field of the head of s; h2_trailer_line - of its trailers.  0, or -1: it is malformed. */
int h2_head_line(struct h2_stream *s, struct span name, struct span value);
int h2_trailer_line(struct h2_stream *s, struct span name, struct span value);
/* h2_head_check - the head is whole: set what the door tells of it.  0; ERR_INVALID: it is malformed, and the
 * stream has to be reset (RFC 9113 8.1.1); ERR_NOMEM. */
int h2_head_check(struct h2_stream *s);
/* h2_head_show - set h->head to point into the block of s. */
void h2_head_show(struct h2_stream *s);

/* ---- h2answer.c ---- */
ssize_t h2_read_offer(nghttp2_session *session, int32_t id, uint8_t *to, size_t len, uint32_t *flags,
		      nghttp2_data_source *source, void *user);
int h2_frame_made(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *header, size_t len,
		  nghttp2_data_source *source, void *user);
void h2_look_for_room(struct h2_stream *s);

#endif
