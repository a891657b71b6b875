/*
 * listen.h - sockets to take clients from, and what we were started by (inside serve only).
 */
#ifndef SERVE_LISTEN_H
#define SERVE_LISTEN_H

#include "base/span.h"

enum { LISTEN_MAX = 16, PEER_TEXT_MAX = 64 };

struct listener {
	int fd;
	int is_unix, tls;
	int is_local;		/* of loopback, or unix: nobody else's machine reaches it */
	char text[136];		/* "127.0.0.1:8080", "tls:[::1]:8080", "unix:/run/x" as bound */
	char *path;		/* of a unix socket of ours, to be removed; else NULL */
};

/*
 * listen_open - listen at an address: "host:port", "[v6]:port", ":port" (loopback, both families),
 * "port", or "unix:path"; with "tls:" or "https://" in front clients speak TLS there, "http://" says that they
 * do not.  Port 0: the system picks one.  Appends to l[*n].
 * The sockets do not block and are close-on-exec.  ERR_USAGE: not an address; ERR_BUSY: taken; ERR_DENIED.
 */
int listen_open(const char *spec, struct listener *l, size_t *n);

/* listen_given - the sockets of systemd (LISTEN_FDS, LISTEN_PID; sd_listen_fds(3)) or, without them,
 * descriptor 0.  Returns how they are to be used. */
enum listen_how {
	LISTEN_NONE,		/* nothing was given */
	LISTEN_CONNECTED,	/* fd 0 is one client: inetd nowait, Accept=yes, tcpserver */
	LISTEN_LISTENING	/* l[0 .. *n) accept: Accept=no, inetd wait */
};
int listen_given(struct listener *l, size_t *n);

void listen_close(struct listener *l, size_t n);	/* removes unix sockets of ours */

/* peer_text - "192.0.2.1:4711", "[2001:db8::1]:4711", "unix:"; "" if it is no socket. */
void peer_text(int fd, char out[PEER_TEXT_MAX]);
/* peer_is_local - 1: loopback or a unix socket.  socket_is_local - the same of our end. */
int peer_is_local(int fd);
int socket_is_local(int fd);

#endif
