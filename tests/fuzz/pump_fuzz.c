/*
 * pump_fuzz.c - the pump between clients and workers who mean harm.
 * The pump is in this process; its clients are socket pairs, and so are its workers, which no spawner made.  The first
 * byte is how it is set up; then come steps: what somebody does, and who.  In the end nothing may be left.
 * Some clients speak TLS to it: what they say are bytes as they are, or goes through a real client's session.
 */
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "serve/pump_priv.h"

enum {
	CLIENTS = 4, WORKERS = 4, STEPS = 200, TURNS = 60,
	SHAKES = 12,			/* turns for a handshake */
	FIRST_PID = 1 << 29		/* the system gives out none like it */
};

struct end {
	int fd;				/* -1: none */
	int32_t pid;
	int deaf;
	gnutls_session_t tls;		/* of a client that speaks it; NULL: its bytes go as they are */
	int shaken;			/* 1: the handshake is done; -1: it is over with it */
};

static struct rig {
	struct pump *p;
	int spawner;			/* the spawner's end */
	struct end client[CLIENTS], worker[WORKERS];
	int32_t next_pid;
	uint32_t generation;
	int secure;			/* the pump has a certificate */
} rig;
static gnutls_certificate_credentials_t trust;	/* in nobody */

static void must(int yes)
{
	if (!yes)
		abort();
}

/* ---- input ---- */

struct in { const uint8_t *p; size_t left; };

static unsigned u8(struct in *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->p++;
}

static uint64_t number(struct in *in)
{
	static const uint64_t odd[] = { 0, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MAX + 1, 65536, 65535, 16384, 1ull << 32 };
	unsigned c = u8(in);

	return c >= 0xf0 ? odd[c & 7] : c >= 0xe0 ? (c & 15) * 5000u + u8(in) : c;
}

static struct span bytes(struct in *in)
{
	size_t n = u8(in);
	struct span s;

	if (n > in->left)
		n = in->left;
	s = span_of(in->p, n);
	in->p += n;
	in->left -= n;
	return s;
}

/* ---- what is behind the pump's back ---- */

static void over(struct end *w)
{
	const struct spawn_told t = { w->pid, 0, rig.generation };

	close(w->fd);
	w->fd = -1;
	spawn_tell(rig.spawner, &t, -1);
}

static void make_one(void)
{
	struct spawn_told t = { 0, -1, rig.generation };
	int fds[2], i;

	for (i = 0; i < WORKERS && rig.worker[i].fd >= 0; i++)
		;
	if (i == WORKERS || link_pair(fds) < 0) {
		spawn_tell(rig.spawner, &t, -1);
		return;
	}
	must(fcntl(fds[1], F_SETFL, O_NONBLOCK) == 0);
	t.pid = rig.next_pid++;
	rig.worker[i] = (struct end){ .fd = fds[1], .pid = t.pid };
	spawn_tell(rig.spawner, &t, fds[0]);
	close(fds[0]);
}

static void obey(void)
{
	struct spawn_order o;
	int i;

	while (recv(rig.spawner, &o, sizeof o, MSG_DONTWAIT) == sizeof o) {
		must(o.what <= SPAWN_KILL);
		rig.generation += o.what == SPAWN_RELOAD;
		for (; o.what == SPAWN_WORKERS && o.n > 0; o.n--)
			make_one();
		for (i = 0; o.what == SPAWN_KILL && i < WORKERS; i++)
			if (rig.worker[i].fd >= 0 && rig.worker[i].pid == (int32_t)o.n)
				over(&rig.worker[i]);
	}
}

static void look_at(void)
{
	const struct pump *p = rig.p;
	const struct worker_end *w;
	unsigned n = 0;

	for (w = p->workers; w; w = w->all_next) {
		must(!w->stream || (w->stream->worker == w && !w->stream->dead));
		n++;
	}
	must(n == p->n_workers && p->n_idle <= n && n <= p->o->workers);
	must(p->n_held <= 128u * 1024 * 1024);
	must((p->n_queued == 0) == (p->queue == NULL));
}

/* until nothing happens by itself any more */
static void turn(void)
{
	static uint8_t room[LINK_MAX];
	int i, n, any = 1;
	ssize_t got;

	for (n = 0; any && n < TURNS; n++) {
		any = pump_turn(rig.p, 0);
		must(any >= 0);
		look_at();
		obey();
		for (i = 0; i < WORKERS; i++) {
			struct end *w = &rig.worker[i];

			if (w->fd < 0 || w->deaf)
				continue;
			while ((got = recv(w->fd, room, sizeof room, 0)) > 0)
				;
			if (got == 0) {
				over(w);
				any = 1;
			}
		}
	}
}

/* ---- clients ---- */

static void gone(struct end *c)
{
	if (c->tls)
		gnutls_deinit(c->tls);
	c->tls = NULL;
	c->shaken = 0;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* `how`: which versions and protocols the client would speak */
static void begin_session(struct end *c, unsigned how)
{
	static const gnutls_datum_t alpn[] = { { (uint8_t *)"h2", 2 }, { (uint8_t *)"http/1.1", 8 } };
	const char *rules = how & 2 ? "NORMAL:-VERS-ALL:+VERS-TLS1.2" : "NORMAL";

	must(gnutls_init(&c->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) == 0);
	must(gnutls_priority_set_direct(c->tls, rules, NULL) == 0);
	must(gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, trust) == 0);
	if (how & 12)
		must(gnutls_alpn_set_protocols(c->tls, alpn + !(how & 4), how & 4 && how & 8 ? 2 : 1, 0) == 0);
	gnutls_transport_set_int(c->tls, c->fd);
}

static int later(ssize_t rc) { return rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED; }

/* nothing more will come: a record may have been cut off in its head, too */
static int is_over(const struct end *c)
{
	uint8_t b;
	ssize_t n = recv(c->fd, &b, 1, MSG_PEEK);

	return n == 0 || (n < 0 && errno != EAGAIN);
}

/* what a client may meet that has done nothing wrong itself: the other one left, or says why it will not go on */
static int fair(const struct end *c, ssize_t rc)
{
	return rc >= 0 || later(rc) || rc == GNUTLS_E_PREMATURE_TERMINATION || rc == GNUTLS_E_PUSH_ERROR ||
	       rc == GNUTLS_E_PULL_ERROR || rc == GNUTLS_E_FATAL_ALERT_RECEIVED ||
	       rc == GNUTLS_E_WARNING_ALERT_RECEIVED || rc == GNUTLS_E_INVALID_SESSION ||
	       (rc == GNUTLS_E_UNEXPECTED_PACKET_LENGTH && is_over(c));
}

/* 1: what is said is heard */
static int shaken(struct end *c)
{
	int n, rc = GNUTLS_E_AGAIN;

	for (n = 0; !c->shaken && later(rc) && n < SHAKES; n++) {
		rc = gnutls_handshake(c->tls);
		must(fair(c, rc));
		if (rc == 0)
			c->shaken = 1;
		else if (!later(rc))
			c->shaken = -1;
		turn();
	}
	return c->shaken == 1;
}

/* `how`, of a pump with a certificate: 0: in the clear, odd: with a session, else bytes where TLS is expected */
static void come(struct end *c, unsigned how)
{
	int fds[2], small = 1;

	gone(c);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	c->fd = fds[0];
	must(conn_new(rig.p, fds[1], rig.secure && how) != NULL);
	if (rig.secure && how & 1)
		begin_session(c, how);
}

static void say(struct end *c, struct span s)
{
	if (c->tls) {
		if (s.len && shaken(c))
			must(fair(c, gnutls_record_send(c->tls, s.p, s.len)));
		return;
	}
	if (c->fd >= 0 && s.len && send(c->fd, s.p, s.len, MSG_NOSIGNAL) < 0)
		return;
}

static void say_known(struct end *c, unsigned which)
{
#define KNOWN(text) { (const uint8_t *)(text), sizeof(text) - 1 }
	static const struct span known[] = {
		KNOWN("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
		KNOWN("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n"),
		KNOWN("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n"),
		KNOWN("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"),
		KNOWN("5\r\nhello\r\n"), KNOWN("0\r\n\r\n"),
		KNOWN("CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n"),
		KNOWN("GET /a HTTP/1.0\r\n\r\n"),
		KNOWN("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"),
		/* HEADERS: GET, http, /, a: one that is whole, one with a body, the next ones */
		KNOWN("\0\0\6\1\5\0\0\0\1\x82\x86\x84\x41\1a"),
		KNOWN("\0\0\6\1\4\0\0\0\3\x83\x86\x84\x41\1a"),
		KNOWN("\0\0\6\1\5\0\0\0\5\x82\x86\x84\x41\1a"),
		KNOWN("\0\0\6\1\5\0\0\0\7\x82\x86\x84\x41\1a"),
		KNOWN("\0\0\5\0\1\0\0\0\3hello"), KNOWN("\0\0\5\0\0\0\0\0\3hello"),
		KNOWN("\0\0\4\3\0\0\0\0\1\0\0\0\x8"), KNOWN("\0\0\4\3\0\0\0\0\3\0\0\0\x8"),
		KNOWN("\0\0\4\x8\0\0\0\0\0\0\1\0\0"), KNOWN("\0\0\4\x8\0\0\0\0\1\0\1\0\0"),
		KNOWN("\0\0\6\4\0\0\0\0\0\0\4\0\0\0\0"), KNOWN("\0\0\x8\6\0\0\0\0\0abcdefgh"),
		KNOWN("\0\0\x8\7\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	};

	say(c, known[which % (sizeof known / sizeof *known)]);
}

/* tickets come first, and count as nothing to be had */
static ssize_t recv_tls(struct end *c, void *p, size_t len)
{
	ssize_t got = GNUTLS_E_AGAIN;
	int n;

	for (n = 0; shaken(c) && later(got) && n < 4; n++) {
		got = gnutls_record_recv(c->tls, p, len);
		must(fair(c, got));
	}
	return got;
}

static void read_some(struct end *c, unsigned n)
{
	static uint8_t room[65536];
	ssize_t got;

	if (c->fd < 0)
		return;
	do {
		got = c->tls ? recv_tls(c, room, n * 256 + 1) : recv(c->fd, room, n * 256 + 1, 0);
		if (got > 0 && n == 255)
			turn();
	} while (got > 0 && n == 255);
}

static void leave(struct end *c, unsigned how)
{
	if (c->fd < 0)
		return;
	if (c->tls && how & 2 && shaken(c))
		gnutls_bye(c->tls, GNUTLS_SHUT_WR);
	if (how & 1)
		shutdown(c->fd, SHUT_WR);
	else
		gone(c);
}

/* ---- workers ---- */

static void message(struct in *in, struct link_msg *m)
{
	static uint8_t much[LINK_DATA + 1];
	static const int statuses[] = { 200, 1, 0, 404, 204, 304, 206, 100, 599, 600, 2 };

	*m = (struct link_msg){ .fd = -1 };
	m->type = (enum link_type)(u8(in) % (LINK_BUNDLE + 2));
	m->status = statuses[u8(in) % (sizeof statuses / sizeof *statuses)];
	m->slot = m->type == LINK_EXTENT ? u8(in) % (LINK_SLOTS + 1) : 0;
	m->len = m->type == LINK_EXTENT || m->type == LINK_HEAD ? number(in) : 0;
	m->off = m->type == LINK_EXTENT ? number(in) : 0;
	if (m->type == LINK_BYTES && (m->len = number(in)) > 255)
		m->data = span_of(much, m->len < sizeof much ? m->len : sizeof much);
	else if (m->type != LINK_EXTENT)
		m->data = bytes(in);
}

static void bundle(struct end *w, struct in *in, unsigned n)
{
	struct buf b = BUF_INIT(LINK_MAX - 64);
	struct link_msg m = { .fd = -1 };
	int rc = 0;

	while (n-- && rc == 0) {
		message(in, &m);
		rc = link_pack(&b, &m);
	}
	m = (struct link_msg){ .type = LINK_BUNDLE, .fd = -1, .data = buf_span(&b) };
	link_send(w->fd, &m);
	buf_clear(&b);
}

/* `how`: its length; its slot; a pipe */
static void hand_over(struct end *w, unsigned how)
{
	struct link_msg m = { .type = LINK_FILE, .slot = how & 15, .fd = -1 };
	int fds[2];

	if (how & 128) {
		must(pipe(fds) == 0);
		close(fds[1]);
		m.fd = fds[0];
	} else {
		m.fd = memfd_create("file", MFD_CLOEXEC);
		must(m.fd >= 0 && ftruncate(m.fd, (how & 112) * 1000) == 0);
	}
	link_send(w->fd, &m);
	close(m.fd);
}

/* head, some of a file, end: as they should be */
static void answer(struct end *w, unsigned how)
{
	struct buf b = BUF_INIT(LINK_MAX - 64);
	struct link_msg m = { .type = LINK_HEAD, .status = 200, .len = how & 128 ? UINT64_MAX : (how & 15) * 3000u, .fd = -1,
			      .data = span_str("a: b\r\n") };
	unsigned i;

	if (how & 16)
		hand_over(w, 112);
	link_pack(&b, &m);
	for (i = 0; i < (how & 15); i++) {
		m = (struct link_msg){ .type = LINK_EXTENT, .off = i * 100, .len = 3000, .fd = -1 };
		link_pack(&b, &m);
	}
	m = (struct link_msg){ .type = LINK_END, .status = 1, .fd = -1 };
	if (!(how & 32))
		link_pack(&b, &m);
	m = (struct link_msg){ .type = LINK_BUNDLE, .fd = -1, .data = buf_span(&b) };
	link_send(w->fd, &m);
	buf_clear(&b);
}

static void work(struct end *w, unsigned what, struct in *in)
{
	struct link_msg m;
	struct span s;

	if (w->fd < 0)
		return;
	switch (what) {
	case 0:
		message(in, &m);
		if (m.type != LINK_FILE)
			link_send(w->fd, &m);
		break;
	case 1:
		bundle(w, in, u8(in));
		break;
	case 2:
		s = bytes(in);
		if (send(w->fd, s.p, s.len, MSG_NOSIGNAL) < 0)
			break;
		break;
	case 3:
		hand_over(w, u8(in));
		break;
	case 4:
		over(w);
		break;
	case 5:
		answer(w, u8(in));
		break;
	case 6:
		w->deaf = !w->deaf;
		break;
	}
}

/* ---- all of them ---- */

static void step(struct in *in)
{
	unsigned what = u8(in), who = what >> 4;
	struct end *c = &rig.client[who % CLIENTS];

	switch (what & 15) {
	case 0: say(c, bytes(in)); break;
	case 1: say_known(c, u8(in)); break;
	case 2: read_some(c, u8(in)); break;
	case 3: leave(c, u8(in)); break;
	case 4: come(c, rig.secure && what & 64 ? u8(in) : 0); break;
	case 5: pump_new_workers(rig.p); break;		/* as at SIGHUP */
	case 6: say_known(c, u8(in)); return;		/* and more at the same time */
	default: work(&rig.worker[who % WORKERS], (what & 15) - 7, in);
	}
	if (!(what & 128))
		turn();
}

static int admit(void *ctx, struct span peer, struct serve_admit *a)
{
	(void)ctx;
	(void)peer;
	a->limit = 100;
	return a->head->n_fields != 2;
}

static void done(void *ctx, const struct serve_done *d)
{
	(void)ctx;
	must(d->status >= 200 && d->status <= 599 && d->method && d->path && d->id && d->busy <= WORKERS);
}

static int lowest(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* a certificate for the pump; a new one would cost more than all the rest */
static struct tls_creds *certificate(void)
{
	static struct buf cert = BUF_INIT(1 << 16), key = BUF_INIT(1 << 16);
	static const uint8_t ticket[TLS_TICKET_KEY] = { 1 };
	struct tls_creds *c;

	if (!cert.len)
		must(tls_self_signed("h.example", &cert, &key) == 0 && gnutls_certificate_allocate_credentials(&trust) == 0);
	must(tls_creds_pem(&c, buf_span(&cert), buf_span(&key), span_of(NULL, 0)) == 0 && tls_creds_tickets(c, ticket) == 0);
	return c;
}

static void begin(const struct serve_opts *o, struct tls_creds *creds, unsigned first)
{
	struct pump_start start = { .o = o, .fd = -1, .report = -1 };
	int fds[2], i;

	rig = (struct rig){ .next_pid = FIRST_PID, .p = pump_new(&start) };
	must(rig.p && link_pair(fds) == 0);
	rig.p->creds = creds;
	rig.secure = creds != NULL;
	rig.p->spawner.fd = fds[0];
	rig.spawner = fds[1];
	must(pump_hear_spawner(rig.p) == 0);
	for (i = 0; i < CLIENTS; i++)
		rig.client[i].fd = -1;
	for (i = 0; i < WORKERS; i++)
		rig.worker[i].fd = -1;
	pump_ask_workers(rig.p);
	come(&rig.client[0], first);
	turn();
}

/* when clients and workers are gone, so is everything of theirs */
static void end(void)
{
	int i;

	for (i = 0; i < CLIENTS; i++)
		leave(&rig.client[i], 0);
	turn();
	for (i = 0; i < WORKERS; i++)
		if (rig.worker[i].fd >= 0)
			over(&rig.worker[i]);
	if (rig.p->n_conns == 0)
		must(rig.p->n_held == 0 && rig.p->n_queued == 0);
	pump_end(rig.p);
	for (i = 0; i < WORKERS; i++)		/* one that was made meanwhile */
		if (rig.worker[i].fd >= 0)
			close(rig.worker[i].fd);
	close(rig.spawner);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct in in = { data, size };
	struct serve_opts o;
	unsigned how = u8(&in);
	struct tls_creds *creds = how & 128 ? certificate() : NULL;
	int before = lowest(), n;

	log_start("pump_fuzz", -1);
	signal(SIGPIPE, SIG_IGN);
	serve_opts_init(&o);
	o.pool = how & 1;
	o.workers = how & 2 ? 1 : WORKERS - 1;
	o.spares = how & 4 ? 0 : 1;
	o.queue = how & 8 ? 1 : 100;
	o.streams = 3;
	o.limits = (struct http_limits){ 500, 2000, 5000 };
	o.answer_ms = how & 16 ? 1 : 3600000;
	o.body_ms = o.send_ms = o.head_ms = o.tls_ms = how & 32 ? 1 : 30000;
	o.admit = how & 64 ? admit : NULL;
	o.done = done;
	begin(&o, creds, creds ? u8(&in) : 0);
	for (n = 0; in.left && n < STEPS; n++)
		step(&in);
	end();
	must(lowest() == before);
	return 0;
}
