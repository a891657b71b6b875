/* pump_priv.h - what the files of the pump share: clients, their requests, workers, and who waits for whom */
#ifndef SERVE_PUMP_PRIV_H
#define SERVE_PUMP_PRIV_H

#include "link.h"
#include "listen.h"
#include "msg.h"
#include "peers.h"
#include "serve/serve.h"
#include "spawn.h"
#include "wire/http/answer.h"
#include "wire/http/h2.h"
#include "wire/tls/tls.h"

/* What an event of epoll is about. */
enum what { ABOUT_CONN, ABOUT_WORKER, ABOUT_LISTENER, ABOUT_SPAWNER, ABOUT_SIGNAL };
struct about { enum what what; };

/* Whoever waits stands in one list a reason; the first of a list is the first to lose patience. */
enum patience {
	PATIENT_TLS, PATIENT_HEAD, PATIENT_IDLE, PATIENT_SEND, PATIENT_LINGER, PATIENT_BODY,
	PATIENT_GONE,			/* with a client that stopped sending, and may have left */
	PATIENT_ANSWER, PATIENT_LEAVE,	/* with workers: until they have answered; until they have ended */
	N_PATIENCE
};

enum {
	LEAVE_MS = 5000,		/* for a worker to notice that nobody waits for its answer */
	FINISH_MS = 30000		/* to close what it has open, behind its answer */
};

struct pump;
struct conn;
struct stream;
struct wait {
	enum patience why;		/* N_PATIENCE: waits for nothing that has an end */
	int64_t deadline_ms;
	struct conn *conn;
	struct stream *stream;		/* NULL: it is the client that waits */
	struct worker_end *worker;	/* it is this one that is waited for */
	struct wait *prev, *next;
};
struct list { struct wait *first, *last; };

/* A file a worker handed over; whoever means to send of it holds on to it. */
struct pump_file { int fd; unsigned refs; };

/* Messages of a worker that the client has no room for yet, as a bundle. */
struct held {
	struct held *next;
	size_t at, len;
	struct pump_file *files[LINK_SLOTS];	/* what the slots were then */
	uint8_t data[];
};

struct worker_end {
	struct about about;		/* first */
	int fd;
	pid_t pid;
	unsigned generation;		/* of what was loaded when it was made */
	struct stream *stream;		/* the request it has; NULL: idle */
	struct pump_file *files[LINK_SLOTS];	/* NULL: none */
	int hears;			/* we listen to it: the client has taken what it sent before */
	int ended;			/* it was reaped */
	struct wait wait;
	int64_t left_ms;		/* for its request, while nobody waits for it */
	struct worker_end *next;	/* of the idle ones */
	struct worker_end *all_prev, *all_next;	/* of those whose process may live */
};

/* ---- one request, whatever brought it ---- */

enum { ID_MAX = 128 };

struct note {				/* what is told of it afterwards; cut */
	char method[24], path[300], query[200], host[120], agent[200], referer[200], id[ID_MAX + 1];
	int status, whole;
	uint64_t sent, received;
	int64_t began_ms;
};

struct stream {
	struct conn *conn;
	struct stream *prev, *next;	/* of the same client */
	struct worker_end *worker;
	struct buf request;		/* the message for the worker, until it has it */
	size_t n_with;			/* bytes of the body at its end */
	int queued;
	struct stream *queue_next;
	struct wait wait;
	int started;			/* the head of the answer is out */
	int over;			/* all of the answer was given to the protocol */
	int want_body, body_over;	/* the worker waits for a piece; has all of it */
	struct held *held, **held_end;	/* hold.c */
	size_t n_held;			/* bytes of them */
	struct pump_file *lent;		/* of which an extent is being sent */
	char limits[160];		/* lines for the answer: what is left to the client */
	struct note note;
	int dead;
	/* of HTTP/2: */
	struct h2_stream *h2;		/* NULL: the client has given it up */
	int expects, has_body;		/* it waits for a 100; bytes are to follow the head of the answer */
	struct buf out;			/* to be sent, from out_at on; then the file, then the end with trailers */
	size_t out_at;
	int file;
	uint64_t file_off, file_len;
	int ending;
	struct buf trailers;
	size_t wasted;			/* bytes of the body that nobody read */
	int impatient;			/* its rest is not waited for any more */
};

/* ---- one client ---- */

enum conn_state {
	CONN_OPEN,
	CONN_CLOSING,			/* what is still to be sent is the last */
	CONN_LINGER			/* we are done; the client is still sending */
};

/* A protocol: how requests come out of the bytes of a client, and answers go in. */
struct proto {
	const char *name;		/* "HTTP/1.1" */
	int one_by_one;			/* what is sent is of the one request under way */
	/* input - there are bytes in c->in, or it is at its end.  wants - would it take more? */
	void (*input)(struct pump *p, struct conn *c);
	int (*wants)(const struct conn *c);
	/* all that was to be sent is sent: put more into c->out, or go on with what comes next */
	void (*sent)(struct pump *p, struct conn *c);
	/* The answer of a stream.  A negative return: it cannot be, or not any more. */
	int (*head)(struct pump *p, struct stream *s, int status, struct span lines, uint64_t len);
	int (*bytes)(struct stream *s, struct span data);
	int (*extent)(struct stream *s, int fd, uint64_t off, uint64_t len);
	int (*end)(struct stream *s, struct span trailers);
	/* busy - is there no room for more of the answer now? */
	int (*busy)(const struct stream *s);
	/* body - the worker waits for a piece: pass it on, if there is one */
	void (*body)(struct pump *p, struct stream *s);
	/* abort - the client shall see that the answer is not whole */
	void (*abort)(struct pump *p, struct stream *s);
	void (*drain)(struct pump *p, struct conn *c);	/* we are about to end */
};
extern const struct proto proto_http1, proto_http2;

struct conn {
	struct about about;		/* first */
	int fd;
	enum conn_state state;
	const struct proto *proto;
	unsigned events;		/* asked of epoll */
	struct wait wait;
	uint8_t *in;			/* bytes that were not used yet */
	size_t in_len, in_cap, in_first;	/* in_first: bytes of the next such buffer, 0: few */
	int eof;			/* the client sends no more */
	int hung_up;			/* … but there may be bytes that were not read */
	struct buf out;			/* to be sent; from out_at on */
	size_t out_at;
	int file;			/* then this much of a file (borrowed from the worker); -1: none */
	uint64_t file_off, file_len;
	uint64_t sent;			/* bytes, before they were encrypted */
	struct tls *tls;		/* NULL: in the clear */
	int shaking, bye;		/* the handshake is not done; close_notify was said */
	int sniffing;			/* it may still turn out to be HTTP/2 */
	struct h2 *h2;
	int going, again;		/* conn_go_on is at work; and was asked for once more */
	int close_after;		/* the answer at hand is the last */
	struct http1 http;
	struct http1_answer answer;
	int behind;			/* the file is a chunk: its end has to follow */
	struct stream *streams;		/* requests under way */
	unsigned n_streams;
	char peer[PEER_TEXT_MAX];
	uint64_t peer_key;		/* 0: not counted */
	int local;
	int linger;			/* at the end, wait until the client has stopped sending */
	int dead;
	struct conn *prev, *next;	/* of all */
	struct conn *next_grave;
};

struct listening {
	struct about about;		/* first */
	struct listener l;
};

struct pump {
	const struct serve_opts *o;
	int epfd, sigfd, log_fd;
	struct about about_spawner, about_signal;
	struct listening listeners[LISTEN_MAX];
	size_t n_listeners;
	int listening;			/* epoll hears the listeners */
	struct spawner spawner;
	struct tls_creds *creds;
	const struct secrets *secrets;
	struct worker_end *workers, *idle, *dead_workers;
	unsigned n_workers, n_idle, n_asked;
	struct stream *queue, **queue_end;
	unsigned n_queued;
	struct list lists[N_PATIENCE];
	struct conn *conns;		/* all */
	struct conn *graves;		/* closed, and not freed yet */
	struct stream *stream_graves;
	unsigned n_conns;
	struct peers *peers;		/* NULL: not counted */
	unsigned row;			/* ours of them */
	unsigned generation;		/* workers of an older one are replaced */
	int64_t quiet_since_ms, deaf_until_ms, no_spares_until_ms;
	int64_t now_ms, drain_until_ms;
	int draining;
	int asked_end, ask_fd;		/* a handler asked for the end; where the parent hears of that, -1: there is none */
	struct http_head head;		/* of whichever request is being read */
	struct buf room, lines;		/* messages of workers; fields of an answer */
	char date[40];
	int64_t date_s;
	uint64_t n_requests;
	size_t n_held;			/* bytes of all that is held */
};

/* ---- secret.c ---- */
/* What pumps have in common and workers must not see: memory that is shared with children, but for those who
 * have said that theirs shall not have it. */
enum { PEM_MAX = 4096 };
struct secrets {
	uint8_t ticket_key[TLS_TICKET_KEY];
	char cert[PEM_MAX], key[PEM_MAX];	/* made up; "" if there are files */
};
/* secrets_make - as the options say; never released.  secrets_check - is the certificate good?  Asked of a child, so that
 * the key, and GnuTLS, are in none of those who fork; NULL: there is none.  pump_creds - the certificate.  Gives it. */
int secrets_make(struct secrets **s, const struct serve_opts *o);
int secrets_check(struct secrets *s, const struct serve_opts *o);
int pump_creds(const struct serve_opts *o, const struct secrets *secrets, struct tls_creds **out);

/* ---- pump.c ---- */
/* What a pump is started with; all borrowed. */
struct pump_start {
	const struct serve_opts *o;	/* the limits are its own share */
	const struct listener *l;	/* shared with other pumps and our parent */
	size_t n_l;
	int fd, tls;			/* the one client, instead; it speaks TLS; -1 */
	struct secrets *secrets;	/* NULL: no TLS */
	struct peers *peers;
	unsigned row;
	int report;			/* where the parent hears that we are ready, or why not; -1: nowhere */
	int ask_fd;			/* where it hears that all shall end: an eventfd; -1 */
};
/* pump_run - until the end of all requests after SIGTERM, of the one client, or of the quiet time.  0 or an
 * error. */
int pump_run(const struct pump_start *start);
/* Its parts: pump_new makes one with nothing in it (NULL: no memory), pump_hear_spawner lets it hear p->spawner.
 * pump_turn deals with what happened, and waits for it up to timeout_ms (-1: for ever): 1, 0: nothing did, or an error.
 * pump_end lets all go, and frees it. */
struct pump *pump_new(const struct pump_start *start);
int pump_hear_spawner(struct pump *p);
int pump_turn(struct pump *p, int timeout_ms);
void pump_end(struct pump *p);

/* ---- crew.c ---- */
/* pump_report - write to such a descriptor; pump_hear_report - read from the other end. */
void pump_report(int fd, int rc);
int pump_hear_report(int fd);

/* ---- pump.c ---- */
void pump_wait(struct pump *p, struct wait *w, enum patience why);
void pump_wait_ms(struct pump *p, struct wait *w, enum patience why, int64_t ms);
int pump_hear(struct pump *p, struct about *about, int fd, unsigned events, int again);
/* pump_close - another process may have the descriptor a moment longer (the spawner, of a new link): it must be
 * taken out of epoll by name, or its events outlive what they are about. */
void pump_close(struct pump *p, int fd);
const char *pump_date(struct pump *p);
/* pump_ask_end - a handler wants the server to end, if those of this group may. */
void pump_ask_end(struct pump *p);

/* ---- hire.c ---- */
/* pump_worker_for - a worker takes the request now, or it waits for one, or is answered 503. */
void pump_worker_for(struct pump *p, struct stream *s);
void pump_worker_done(struct pump *p, struct worker_end *w, int good);
void pump_unqueue(struct pump *p, struct stream *s);
void pump_hear_worker(struct pump *p, struct worker_end *w, int hears);
void pump_ask_workers(struct pump *p);
void pump_worker_event(struct pump *p, struct worker_end *w);
/* pump_worker_clock - is it the worker that is waited for, or its client? */
void pump_worker_clock(struct pump *p, struct worker_end *w);
void pump_worker_impatient(struct pump *p, struct worker_end *w);
void pump_forget_workers(struct pump *p);	/* all have ended */
int pump_spawner_event(struct pump *p);	/* negative: without a spawner we cannot go on */
void pump_drop_workers(struct pump *p);	/* the idle ones */
void pump_new_workers(struct pump *p);	/* in place of all we have */

/* ---- conn.c ---- */
/* conn_new - takes fd in any case; NULL: it was closed. */
struct conn *conn_new(struct pump *p, int fd, int tls);
void conn_close(struct pump *p, struct conn *c);
void conn_free(struct conn *c);
void conn_event(struct pump *p, struct conn *c, unsigned events);
void conn_impatient(struct pump *p, struct conn *c);	/* its patience is at an end */
void conn_abort(struct pump *p, struct conn *c);	/* closed in a way that cannot be taken for an end */
void conn_use(struct conn *c, size_t n);	/* so many bytes of `in` are done with */
/* conn_go_on - send what there is, and see what comes next. */
void conn_go_on(struct pump *p, struct conn *c);

/* ---- hold.c ---- */
/* pump_file_new - takes fd; NULL without memory, and fd is the caller's. */
struct pump_file *pump_file_new(int fd);
struct pump_file *pump_file_hold(struct pump_file *f);	/* both accept NULL */
void pump_file_drop(struct pump_file *f);
/* hold - keep a bundle of s->worker for later; when it has the end in it the worker is let go.  Negative: it cannot be.
 * hold_go_on - there may be room now: go on with what is held, and hear the worker.  hold_clear - forget it. */
int hold(struct pump *p, struct stream *s, struct span bundle);
void hold_go_on(struct pump *p, struct stream *s);
void hold_clear(struct pump *p, struct stream *s);

/* ---- carry.c ---- */
/* carry_room - so much is to be put behind what is in `out`: what was sent of it, up to *at, goes if it is in the way. */
void carry_room(struct buf *out, size_t *at, size_t len);
int carry_pending(const struct conn *c);
/* carry_out - 1: all is sent; 0: later; negative: the client is gone. */
int carry_out(struct conn *c);
/* carry_in - what came, behind what is in c->in, up to about `max` bytes; 0 or negative: the client is gone. */
int carry_in(struct conn *c, size_t max);

/* ---- proto2.c ---- */
int proto2_begin(struct pump *p, struct conn *c);

/* ---- stream.c ---- */
/* stream_new - a request under way; NULL: no memory.  stream_fail answers it without a worker. */
struct stream *stream_new(struct pump *p, struct conn *c);
/* stream_begin - the head at p->head goes to a worker, if it may; `with`: and with it all of the body.  1: that is over
 * then; 0: it is still to be passed on. */
enum { BODY_SMALL = 16 * 1024 };
int stream_begin(struct pump *p, struct stream *s, uint64_t body_len, struct span with);
void stream_given(struct pump *p, struct stream *s, struct worker_end *w);
void stream_fail(struct pump *p, struct stream *s, int status, const char *text);
/* stream_release - its worker has done its part; good: and can take another request.  stream_end - it is over, well or not: told, and its worker let go. */
void stream_release(struct pump *p, struct stream *s, int good);
void stream_end(struct pump *p, struct stream *s);
void stream_free(struct stream *s);
/* stream_take - messages out of a bundle, until it is at its end or the client has no room; *rest: those left.  files:
 * what the slots in them mean.  Negative: the stream was failed. */
int stream_take(struct pump *p, struct stream *s, struct span *rest, struct pump_file *const files[LINK_SLOTS]);
/* stream_message - the worker said something; stream_orphaned - it will not any more. */
void stream_message(struct pump *p, struct stream *s, struct link_msg *m);
void stream_orphaned(struct pump *p, struct stream *s);
/* stream_pass - bytes of the body, or its end (empty), for the worker that waits for them.  0, or negative: it
 * had died, and that is dealt with. */
int stream_pass(struct pump *p, struct stream *s, struct span data);
void stream_impatient(struct pump *p, struct stream *s);

/* ---- log.c ---- */
int log_open(struct pump *p);
void log_stream(const struct pump *p, const struct stream *s);

#endif
