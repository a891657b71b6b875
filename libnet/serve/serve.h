/*
 * serve.h - clients on one side, handlers on the other, a process per request between them.
 *
 * The pump is one thread with an event loop: it reads requests, hands each to a worker, and sends what the
 * worker answers, files by sendfile(2).  It opens nothing but sockets.  A worker is a process that a spawner
 * forked beforehand; it answers one request (or, with `pool`, many, one after the other).  Its death costs
 * the request it had: 500, or an answer that is cut off where the client can see it.
 * Spec: RFC 9112.
 */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include "api/route/route.h"
#include "wire/http/http.h"

struct serve_opts {
	const char *const *listen;	/* addresses, see listen.h; NULL-terminated.  NULL: what we were given
					 * (systemd, inetd: a socket that listens, or one client) */
	int pool;			/* workers serve many requests */
	unsigned workers, spares;	/* at most; forked ahead */
	unsigned conns;			/* clients at one time; more have to wait until one goes */
	unsigned queue;			/* requests that may wait for a worker; more are answered 503 */
	struct http_limits limits;
	int head_ms, idle_ms, body_ms, send_ms;	/* for a head; between requests; without progress */
	int drain_ms;			/* after SIGTERM */
	int log_fd;			/* a line for each request (combined, id, seconds); -1: none */
	/* In a worker: before its first request; and every request.  answer returns 0, or a negative error when
	 * the client is gone. */
	int (*begin)(void *ctx);
	int (*answer)(struct request *rq, struct reply *r, void *ctx);
	void *ctx;
	/* In the pump, when it listens at `text`; may be NULL. */
	void (*ready)(void *ctx, const char *text);
};
void serve_opts_init(struct serve_opts *o);	/* fork, 64 workers, 4 spares, 20000 clients, 10 s, 60 s, 30 s, 30 s */

/* serve_run - until SIGTERM or SIGINT and all requests under way are answered, or the one client of inetd is
 * gone.  0, or why it could not begin: ERR_USAGE, ERR_BUSY: an address is taken; ERR_IO. */
int serve_run(const struct serve_opts *o);

#endif
