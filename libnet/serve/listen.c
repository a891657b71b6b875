/* listen.c - from an address to a socket that accepts */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/num.h"
#include "listen.h"

enum { BACKLOG = 4096, FIRST_GIVEN = 3 };

static void text_of(const struct sockaddr_storage *a, char *out, size_t size)
{
	char host[INET6_ADDRSTRLEN];

	if (a->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)a;

		inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
		snprintf(out, size, "%s:%d", host, ntohs(in->sin_port));
	} else if (a->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const void *)a;

		inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof host);
		snprintf(out, size, "[%s]:%d", host, ntohs(in->sin6_port));
	} else {
		snprintf(out, size, a->ss_family == AF_UNIX ? "unix:" : "");
	}
}

void peer_text(int fd, char out[PEER_TEXT_MAX])
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof a;

	*out = 0;
	if (getpeername(fd, (struct sockaddr *)&a, &len) == 0)
		text_of(&a, out, PEER_TEXT_MAX);
}

static int is_local(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr) >> 24 == 127;
	if (a->ss_family == AF_INET6) {
		const struct in6_addr *in = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;

		return IN6_IS_ADDR_LOOPBACK(in) || (IN6_IS_ADDR_V4MAPPED(in) && in->s6_addr[12] == 127);
	}
	return a->ss_family == AF_UNIX;
}

int peer_is_local(int fd)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof a;

	return getpeername(fd, (struct sockaddr *)&a, &len) == 0 && is_local(&a);
}

int socket_is_local(int fd)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof a;

	return getsockname(fd, (struct sockaddr *)&a, &len) == 0 && is_local(&a);
}

/* what is bound: the port may have been picked */
static void name_it(struct listener *l)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof a;

	size_t n = (size_t)snprintf(l->text, sizeof l->text, "%s", l->tls ? "tls:" : "");

	if (getsockname(l->fd, (struct sockaddr *)&a, &len) < 0)
		return;
	l->is_unix = a.ss_family == AF_UNIX;
	l->is_local = is_local(&a);
	if (l->is_unix)
		snprintf(l->text + n, sizeof l->text - n, "unix:%.108s",
			 ((struct sockaddr_un *)(void *)&a)->sun_path);
	else
		text_of(&a, l->text + n, sizeof l->text - n);
}

/* ---- unix sockets ---- */

/* A socket nobody listens at was left by one who died, and is in our way. */
static void remove_dead(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)a, sizeof *a) < 0 && errno == ECONNREFUSED)
		unlink(a->sun_path);
	close(fd);
}

static int open_unix(const char *path, struct listener *l)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct stat sb;

	if (!*path || strlen(path) >= sizeof a.sun_path)
		return err_set(ERR_USAGE, "'%s' cannot be the name of a unix socket", path);
	strcpy(a.sun_path, path);
	if (lstat(path, &sb) == 0 && S_ISSOCK(sb.st_mode))
		remove_dead(&a);
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return err_sys("making a socket");
	if (bind(l->fd, (struct sockaddr *)&a, sizeof a) < 0) {
		int rc = errno == EADDRINUSE ? err_set(ERR_BUSY, "'%s' is taken", path) :
					       err_sys("binding '%s'", path);

		close(l->fd);
		return rc;
	}
	l->path = strdup(path);
	if (listen(l->fd, BACKLOG) < 0 || !l->path) {
		unlink(path);
		close(l->fd);
		return err_sys("listening at '%s'", path);
	}
	name_it(l);
	return 0;
}

/* ---- the internet ---- */

static int open_addr(const struct addrinfo *ai, struct listener *l)
{
	int one = 1, rc;

	l->fd = socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, ai->ai_protocol);
	if (l->fd < 0)
		return err_sys("making a socket");
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (ai->ai_family == AF_INET6)
		setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	if (bind(l->fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(l->fd, BACKLOG) == 0) {
		name_it(l);
		return 0;
	}
	rc = errno == EADDRINUSE ? err_set(ERR_BUSY, "the address is taken") : err_sys("binding");
	close(l->fd);
	return rc;
}

/* host and port out of the text; host NULL: loopback */
static int split(const char *spec, char *host, size_t size, const char **port)
{
	const char *colon = strrchr(spec, ':'), *from = spec;
	size_t len;
	uint64_t v;

	if (!colon) {
		*port = spec;
		*host = 0;
	} else {
		len = (size_t)(colon - spec);
		*port = colon + 1;
		if (len >= 2 && spec[0] == '[' && spec[len - 1] == ']') {
			from++;
			len -= 2;
		} else if (memchr(spec, ':', len)) {
			return err_set(ERR_USAGE, "'%s': write an IPv6 address as [address]:port", spec);
		}
		if (len >= size)
			return err_set(ERR_USAGE, "'%s' is no address", spec);
		memcpy(host, from, len);
		host[len] = 0;
	}
	if (num_parse(*port, &v) < 0 || v > 65535)
		return err_set(ERR_USAGE, "'%s': the port must be a number up to 65535", spec);
	return 0;
}

static int after(const char **text, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncasecmp(*text, prefix, n) != 0)
		return 0;
	*text += n;
	return 1;
}

int listen_open(const char *spec, struct listener *l, size_t *n)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *ai, *all;
	char host[256];
	const char *port;
	size_t was = *n;
	int rc, tls = after(&spec, "tls:") || after(&spec, "https://");

	if (!tls)
		after(&spec, "http://");
	if (*n >= LISTEN_MAX)
		return err_set(ERR_LIMIT, "more than %d addresses", LISTEN_MAX);
	l[*n] = (struct listener){ .fd = -1, .tls = tls };
	if (strncmp(spec, "unix:", 5) == 0) {
		rc = open_unix(spec + 5, &l[*n]);
		*n += rc == 0;
		return rc;
	}
	rc = split(spec, host, sizeof host, &port);
	if (rc < 0)
		return rc;
	rc = getaddrinfo(*host ? host : NULL, port, &hints, &all);
	if (rc)
		return err_set(ERR_USAGE, "'%s': %s", spec, gai_strerror(rc));
	rc = err_set(ERR_USAGE, "'%s': no address", spec);
	for (ai = all; ai && *n < LISTEN_MAX; ai = ai->ai_next) {
		int one;

		l[*n] = (struct listener){ .fd = -1, .tls = tls };
		one = open_addr(ai, &l[*n]);
		if (one == 0)
			rc = 0;
		else if (*n == was)		/* a machine may have but one of the families */
			rc = err_add(one, "'%s'", spec);
		*n += one == 0;
	}
	freeaddrinfo(all);
	return rc;
}

/* ---- what we were given ---- */

static int option(int fd, int name, int *value)
{
	socklen_t len = sizeof *value;

	return getsockopt(fd, SOL_SOCKET, name, value, &len) == 0;
}

static int is_stream_listener(int fd)
{
	int type, accepts;

	return option(fd, SO_TYPE, &type) && type == SOCK_STREAM && option(fd, SO_ACCEPTCONN, &accepts) &&
	       accepts;
}

static int take(int fd, struct listener *l)
{
	*l = (struct listener){ .fd = fd };
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		return err_sys("taking over descriptor %d", fd);
	name_it(l);
	return 0;
}

/* sd_listen_fds(3): descriptors from 3 on, if LISTEN_PID is us */
static int from_systemd(struct listener *l, size_t *n)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t who, count, i;
	int rc = 0, type;

	*n = 0;
	if (!pid || !fds || num_parse(pid, &who) < 0 || who != (uint64_t)getpid() || num_parse(fds, &count) < 0)
		return LISTEN_NONE;
	if (count > LISTEN_MAX)
		return err_set(ERR_LIMIT, "%s sockets were given, more than %d", fds, LISTEN_MAX);
	if (count == 1 && !is_stream_listener(FIRST_GIVEN) && option(FIRST_GIVEN, SO_TYPE, &type))
		return dup2(FIRST_GIVEN, 0) < 0 ? err_sys("taking over descriptor 3") : LISTEN_CONNECTED;
	for (i = 0; rc == 0 && i < count; i++) {
		if (!is_stream_listener(FIRST_GIVEN + (int)i))
			return err_set(ERR_USAGE, "descriptor %d is no stream socket that listens",
				       FIRST_GIVEN + (int)i);
		rc = take(FIRST_GIVEN + (int)i, &l[(*n)++]);
	}
	return rc < 0 ? rc : count ? LISTEN_LISTENING : LISTEN_NONE;
}

int listen_given(struct listener *l, size_t *n)
{
	int rc = from_systemd(l, n), type;

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (rc != LISTEN_NONE)
		return rc;
	if (is_stream_listener(0)) {
		rc = take(0, &l[0]);
		*n = 1;
		return rc < 0 ? rc : LISTEN_LISTENING;
	}
	return option(0, SO_TYPE, &type) && type == SOCK_STREAM ? LISTEN_CONNECTED : LISTEN_NONE;
}

void listen_close(struct listener *l, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (l[i].path)
			unlink(l[i].path);
		free(l[i].path);
		if (l[i].fd > 0)
			close(l[i].fd);
	}
}
