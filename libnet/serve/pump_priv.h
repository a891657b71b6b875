/* pump_priv.h - what pump.c and conn.c share: clients, workers, and who waits for whom */
#ifndef SERVE_PUMP_PRIV_H
#define SERVE_PUMP_PRIV_H

#include "link.h"
#include "listen.h"
#include "msg.h"
#include "serve/serve.h"
#include "spawn.h"

/* What an event of epoll is about. */
enum what { ABOUT_CONN, ABOUT_WORKER, ABOUT_LISTENER, ABOUT_SPAWNER, ABOUT_SIGNAL };
struct about { enum what what; };

/* Clients wait in one list a reason, each with the same patience, so that the first of a list is the first
 * to lose it. */
enum patience { PATIENT_HEAD, PATIENT_IDLE, PATIENT_BODY, PATIENT_SEND, PATIENT_WORKER, N_PATIENCE };

struct conn;
struct list { struct conn *first, *last; };

struct worker_end {
	struct about about;		/* first */
	int fd;
	pid_t pid;
	struct conn *conn;		/* whose request it has; NULL: idle */
	int files[LINK_SLOTS];		/* -1: none */
	int hears;			/* we listen to it: the client has taken what it sent before */
	struct worker_end *next;	/* of the idle ones */
};

enum conn_state {
	CONN_HEAD,			/* waits for a request, or the rest of one */
	CONN_QUEUED,			/* has one, and no worker yet */
	CONN_BUSY,			/* a worker has it */
	CONN_CLOSING			/* what is still to be sent is the last */
};

struct conn {
	struct about about;		/* first */
	int fd;
	enum conn_state state;
	unsigned events;		/* asked of epoll */
	struct http1 http;
	uint8_t *in;			/* bytes that were not used yet */
	size_t in_len, in_cap;
	int eof;			/* the client sends no more */
	struct buf out;			/* to be sent; from out_at on */
	size_t out_at;
	int file;			/* then this much of a file (borrowed from the worker); -1: none */
	uint64_t file_off, file_len;
	struct worker_end *worker;
	struct buf request;		/* the message for the worker, until it has it */
	/* of the reply: */
	int minor, started, chunked, no_body, over;
	uint64_t left;			/* of a body whose length was said */
	int want_body, body_over;	/* the worker waits for a piece; has all of it */
	int close_after;
	/* of the list it is in */
	enum patience patience;
	int64_t deadline_ms;
	struct conn *prev, *next;
	struct conn *queue_next;
	/* for the log */
	char peer[PEER_TEXT_MAX], id[40];
	char line[200];			/* the request line, cut */
	char agent[120], referer[120];
	int local, status;
	uint64_t sent;
	int64_t began_ms;
	int dead;
};

struct listening {
	struct about about;		/* first */
	struct listener l;
};

struct pump {
	const struct serve_opts *o;
	int epfd, sigfd;
	struct about about_spawner, about_signal;
	struct listening listeners[LISTEN_MAX];
	size_t n_listeners;
	int listening;			/* epoll hears the listeners */
	struct spawner spawner;
	struct worker_end *idle, *dead_workers;
	unsigned n_workers, n_idle, n_asked;
	struct conn *queue, **queue_end;
	unsigned n_queued;
	struct list lists[N_PATIENCE];
	struct conn *graves;		/* closed, and not freed yet */
	unsigned n_conns;
	int64_t now_ms, drain_until_ms;
	int draining;
	struct http_head head;		/* of whichever request is being read */
	struct buf room;		/* messages of workers */
	char date[40];
	int64_t date_s;
	uint64_t n_requests;
};

/* ---- pump.c ---- */
void pump_patience(struct pump *p, struct conn *c, enum patience why);
int pump_hear(struct pump *p, struct about *about, int fd, unsigned events, int again);
/* pump_close - another process may have the descriptor a moment longer (the spawner, of a new link): it must be
 * taken out of epoll by name, or its events outlive what they are about. */
void pump_close(struct pump *p, int fd);
/* pump_worker_for - a worker takes the request of c now, or it waits for one, or is answered 503. */
void pump_worker_for(struct pump *p, struct conn *c);
void pump_worker_done(struct pump *p, struct worker_end *w, int good);
void pump_unqueue(struct pump *p, struct conn *c);
void pump_hear_worker(struct pump *p, struct worker_end *w, int hears);
const char *pump_date(struct pump *p);

/* ---- conn.c ---- */
struct conn *conn_new(struct pump *p, int fd);
void conn_close(struct pump *p, struct conn *c);
void conn_free(struct conn *c);
void conn_event(struct pump *p, struct conn *c, unsigned events);
void conn_impatient(struct pump *p, struct conn *c);	/* its patience is at an end */
void conn_given(struct pump *p, struct conn *c, struct worker_end *w);
void conn_fail(struct pump *p, struct conn *c, int status, const char *text);
void conn_abort(struct pump *p, struct conn *c);
/* conn_say - text to be sent.  conn_go_on - send what there is, and see what comes next. */
int conn_say(struct conn *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void conn_go_on(struct pump *p, struct conn *c);
void conn_wants_body(struct pump *p, struct conn *c);

/* ---- answer.c ---- */
int conn_end_chunk(struct conn *c, int was_file);
/* conn_message - the worker said something; conn_worker_died - it will not any more. */
void conn_message(struct pump *p, struct conn *c, struct link_msg *m);
void conn_worker_died(struct pump *p, struct conn *c);

/* ---- log.c ---- */
void log_request(const struct pump *p, const struct conn *c);

#endif
