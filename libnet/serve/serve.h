/*
 * serve.h - clients on one side, handlers on the other, a process per request between them.
 *
 * A pump is one thread with an event loop: it reads requests, hands each to a worker, and sends what the
 * worker answers, files by sendfile(2).  It opens nothing but sockets, its log and its certificate.  A worker
 * is a process that a spawner forked beforehand; it answers one request (or, with `pool`, many, one after the
 * other).  Its death costs the request it had: 500, or an answer that is cut off where the client can see it.
 * Where addresses are listened at, there are several pumps, and a parent that starts one anew if it dies.
 * Spec: RFC 9112 (HTTP/1.1), RFC 9113 (HTTP/2), RFC 8446 (TLS).
 */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include "api/route/route.h"
#include "wire/http/http.h"

/* What a client may still ask for.  limit 0: there is none, and nothing is said about it. */
struct serve_admit {
	const struct http_head *head;	/* given: the request */
	int local;			/* given: it came from loopback or a unix socket */
	unsigned conns, busy, queued;	/* given: of this pump, at the moment, as in serve_done */
	unsigned limit, remaining;	/* requests */
	unsigned retry_after_s;		/* when refused */
};

/* A request that is over.  All text is borrowed, and cut where it is long; "" where it is not known (a request
 * that could not be read has no method). */
struct serve_done {
	int status;			/* 499: the client left before an answer */
	uint64_t sent, received;	/* bytes of the answer with its head, of the request's body */
	double seconds;			/* from its head to its last byte */
	const char *method, *path, *query, *host, *agent, *referer;
	const char *peer, *id;		/* "192.0.2.1:4711" */
	const char *protocol;		/* "HTTP/1.1" */
	int tls, whole;			/* whole: the answer came to its end */
	unsigned conns, busy, queued;	/* of this pump, at the moment: clients, workers with a request, requests without */
};

enum serve_log { SERVE_LOG_OFF, SERVE_LOG_COMMON, SERVE_LOG_COMBINED, SERVE_LOG_JSON };

struct serve_opts {
	const char *const *listen;	/* addresses, see listen.h; NULL-terminated.  NULL: what we were given
					 * (systemd, inetd: a socket that listens, or one client) */
	const char *only_local;		/* sockets that others than this machine's programs can reach are refused, with
					 * these words; NULL: any */
	int pool;			/* workers serve many requests */
	int may_end;			/* a handler may end the server, all its groups, with an answer (reply->ends) */
	unsigned pumps;			/* that share the addresses; 0: one a processor */
	unsigned workers, spares;	/* at most; forked ahead: of all pumps together */
	unsigned conns;			/* clients at one time; more have to wait until one goes.  1: every client
					 * gets a pump of its own, as many as there may be workers */
	unsigned conns_per_ip;		/* clients of one address; more are told 429.  0: any number */
	unsigned queue;			/* requests that may wait for a worker; more are answered 503 */
	unsigned streams;		/* requests at one time of one client (HTTP/2) */
	struct http_limits limits;
	int head_ms, idle_ms;		/* for a head; between requests */
	int body_ms, send_ms;		/* without progress.  0: any */
	int tls_ms;			/* for a handshake */
	int answer_ms;			/* for a request in its worker, without what the client takes: then it is
					 * answered 504, or cut off.  0: any */
	int drain_ms;			/* after SIGTERM */
	int quiet_ms;			/* end when there was no client for so long; 0: never */
	int log_fd;			/* a line for each request; -1: none, or log_path */
	const char *log_path;		/* opened by the pumps, and anew at SIGHUP; NULL: none */
	enum serve_log log;		/* how its lines are written; each then has id and seconds */
	/* PEM files, read by the pumps and again at SIGHUP, for the addresses that begin with "tls:" or
	 * "https://"; ocsp: DER, may be NULL.  tls_cert "self": a certificate is made up. */
	const char *tls_cert, *tls_key, *tls_ocsp;
	int tls_given;			/* sockets we were given speak TLS */
	/* In a worker: before its first request; and every request.  answer returns 0, or a negative error when
	 * the client is gone. */
	int (*begin)(void *ctx);
	int (*answer)(struct request *rq, struct reply *r, void *ctx);
	void *ctx;
	void (*end)(void *ctx);		/* in a worker, behind its last request; may be NULL */
	/* Where we listen at `text` and pumps are ready; may be NULL, as all that follow. */
	void (*ready)(void *ctx, const char *text);
	/* In a pump, before a request goes to a worker: 1, or 0: it is answered 429.  `peer`: the address of the
	 * client without its port.  Fields X-RateLimit-* are added to its answer. */
	int (*admit)(void *ctx, struct span peer, struct serve_admit *a);
	/* In a pump, before that: 1 when workers begun before now are of no use any more (what they were fenced in with is
	 * not there); they are replaced, as at SIGHUP. */
	int (*stale)(void *ctx);
	/* In a pump, when a request is over. */
	void (*done)(void *ctx, const struct serve_done *d);
	/* In the process that forks workers, before it does; and in a pump, when it has opened what it needs and before
	 * it hears clients: for what they may do without.  0, or a negative error: then there is no server. */
	int (*spawn)(void *ctx);
	int (*fence)(void *ctx);
	int kept;			/* a descriptor, from 4 on, that workers have besides their link; -1: none */
	/* At SIGHUP, in each of the pumps, their spawners and their parent: workers begun later see what it
	 * changed in `ctx`.  Workers of a pool are replaced as soon as they have answered. */
	void (*reload)(void *ctx);
};
/* serve_opts_init - fork, a pump a processor, 64 workers, 4 spares, 20000 clients, queue 1024, 128 streams,
 * 10 s, 60 s, 30 s, 30 s, 10 s, an hour for an answer, lines as combined. */
void serve_opts_init(struct serve_opts *o);

/* serve_run - until SIGTERM or SIGINT and all requests under way are answered, or the one client of inetd is
 * gone.  0, or why it could not begin: ERR_USAGE, ERR_BUSY: an address is taken; ERR_IO, ERR_INVALID: not a
 * certificate, or not its key. */
int serve_run(const struct serve_opts *o);

/* serve_run_groups - the same for several groups, each with addresses, handlers, limits and processes of its own, and one
 * parent: what workers of one may do, those of another need not.  Nobody is ready before all are; they end together.  One
 * group at most takes what was given, and is alone if that is a client. */
int serve_run_groups(const struct serve_opts *const *groups, size_t n);

#endif
