/* session.c - one client: GnuTLS between two buffers */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "tls_priv.h"

enum {
	ALPN_MAX = 8,
	HANDSHAKE_MAX = 32 * 1024,	/* bytes of one message: a ClientHello is at most a few */
	WARNINGS_MAX = 8,		/* alerts that say nothing of use */
	OVERHEAD = 1024			/* bytes, generously, of a record besides its plaintext */
};

struct tls {
	struct tls_creds *creds;
	gnutls_session_t s;
	struct buf in, out;		/* ciphertext; used up to in_at and out_at */
	size_t in_at, out_at;
	int eof, closed, shaken, warnings;
	char alpn[32];
	char version[16];
};

/* ---- the two buffers ---- */

static size_t waiting(const struct tls *t)
{
	return t->in.len - t->in_at;
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *p, size_t len)
{
	struct tls *t = ptr;
	size_t n = waiting(t) < len ? waiting(t) : len;

	if (n == 0 && t->eof)
		return 0;
	if (n == 0) {
		gnutls.transport_set_errno(t->s, EAGAIN);
		return -1;
	}
	memcpy(p, t->in.data + t->in_at, n);
	t->in_at += n;
	if (t->in_at == t->in.len) {		/* one that is idle costs no buffers */
		buf_clear(&t->in);
		t->in_at = 0;
	}
	return (ssize_t)n;
}

static int pull_timeout(gnutls_transport_ptr_t ptr, unsigned int patience_ms)
{
	struct tls *t = ptr;

	(void)patience_ms;
	return waiting(t) || t->eof;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *p, size_t len)
{
	struct tls *t = ptr;

	if (buf_bytes(&t->out, p, len) < 0) {
		gnutls.transport_set_errno(t->s, EAGAIN);
		return -1;
	}
	return (ssize_t)len;
}

size_t tls_feed(struct tls *t, struct span in)
{
	size_t n;

	if (t->in_at) {
		memmove(t->in.data, t->in.data + t->in_at, waiting(t));
		t->in.len -= t->in_at;
		t->in_at = 0;
	}
	n = TLS_IN_MAX - t->in.len < in.len ? TLS_IN_MAX - t->in.len : in.len;
	return buf_bytes(&t->in, in.p, n) < 0 ? 0 : n;
}

void tls_eof(struct tls *t)
{
	t->eof = 1;
}

struct span tls_out(const struct tls *t)
{
	return t->out.len == t->out_at ? span_of(NULL, 0) :
					 span_of(t->out.data + t->out_at, t->out.len - t->out_at);
}

void tls_sent(struct tls *t, size_t n)
{
	t->out_at += n;
	if (t->out_at == t->out.len) {
		buf_clear(&t->out);
		t->out_at = 0;
	}
}

/* ---- coming and going ---- */

static int set_alpn(gnutls_session_t s, const char *const *alpn)
{
	gnutls_datum_t list[ALPN_MAX];
	unsigned n;

	for (n = 0; n < ALPN_MAX && alpn && alpn[n]; n++)
		list[n] = tls_datum(span_str(alpn[n]));
	return n ? gnutls.alpn_set_protocols(s, list, n, GNUTLS_ALPN_SERVER_PRECEDENCE) : 0;
}

int tls_new(struct tls **out, struct tls_creds *c, const char *const *alpn)
{
	struct tls *t = calloc(1, sizeof *t);
	gnutls_datum_t key = { c->ticket_key, TLS_TICKET_KEY };
	int rc;

	*out = NULL;
	if (!t)
		return err_nomem();
	t->in = BUF_INIT(TLS_IN_MAX);
	t->out = BUF_INIT(TLS_OUT_MAX);
	rc = gnutls.init(&t->s, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
	if (rc < 0) {
		free(t);
		return tls_error(ERR_IO, rc, "beginning with TLS");
	}
	t->creds = c;
	c->users++;
	gnutls.transport_set_ptr(t->s, t);
	gnutls.transport_set_pull_function(t->s, pull);
	gnutls.transport_set_pull_timeout_function(t->s, pull_timeout);
	gnutls.transport_set_push_function(t->s, push);
	gnutls.handshake_set_max_packet_length(t->s, HANDSHAKE_MAX);
	rc = gnutls.priority_set(t->s, c->rules);
	if (rc >= 0)
		rc = gnutls.credentials_set(t->s, GNUTLS_CRD_CERTIFICATE, c->cred);
	if (rc >= 0)
		rc = set_alpn(t->s, alpn);
	if (rc >= 0 && c->tickets)
		rc = gnutls.session_ticket_enable_server(t->s, &key);
	if (rc < 0) {
		tls_free(t);
		return tls_error(ERR_IO, rc, "beginning with TLS");
	}
	*out = t;
	return 0;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	gnutls.deinit(t->s);
	tls_creds_free(t->creds);
	buf_clear(&t->in);
	buf_clear(&t->out);
	free(t);
}

/* ---- what is said ---- */

/* an error: again, or for good? */
static int judge(struct tls *t, int rc, const char *what)
{
	if (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED)
		return 0;
	if (rc == GNUTLS_E_WARNING_ALERT_RECEIVED && ++t->warnings < WARNINGS_MAX)
		return 0;
	if (rc == GNUTLS_E_PREMATURE_TERMINATION || (t->eof && waiting(t) == 0))
		return err_set(ERR_INTERRUPTED, "the client left");
	if (rc == GNUTLS_E_REHANDSHAKE)		/* RFC 7525 3.5: no renegotiation */
		gnutls.alert_send(t->s, GNUTLS_AL_FATAL, GNUTLS_A_NO_RENEGOTIATION);
	return tls_error(ERR_INVALID, rc, what);
}

static void shaken(struct tls *t)
{
	gnutls_datum_t p;

	t->shaken = 1;
	if (gnutls.alpn_get_selected_protocol(t->s, &p) >= 0 && p.size < sizeof t->alpn)
		memcpy(t->alpn, p.data, p.size);
	strncpy(t->version, gnutls.protocol_get_name(gnutls.protocol_get_version(t->s)), sizeof t->version - 1);
}

int tls_shake(struct tls *t)
{
	int rc, was;

	if (t->shaken)
		return 1;
	do {
		was = t->warnings;
		rc = gnutls.handshake(t->s);
		if (rc >= 0) {
			shaken(t);
			return 1;
		}
		if (gnutls.error_is_fatal(rc) && rc != GNUTLS_E_PREMATURE_TERMINATION)
			gnutls.alert_send_appropriate(t->s, rc);
		rc = judge(t, rc, "the handshake of TLS failed");
	} while (rc == 0 && t->warnings != was);
	return rc;
}

ssize_t tls_read(struct tls *t, void *p, size_t len)
{
	ssize_t n;
	int rc, was;

	do {
		was = t->warnings;
		n = gnutls.record_recv(t->s, p, len);
		if (n > 0)
			return n;
		if (n == 0) {
			t->closed = 1;
			return err_set(ERR_INTERRUPTED, "the client closed");
		}
		rc = judge(t, (int)n, "reading what was encrypted");
	} while (rc == 0 && t->warnings != was);
	return rc;
}

int tls_closed(const struct tls *t)
{
	return t->closed;
}

ssize_t tls_write(struct tls *t, const void *p, size_t len)
{
	size_t queued = t->out.len - t->out_at;
	ssize_t n;

	if (len > TLS_RECORD)
		len = TLS_RECORD;
	/* a record is pushed whole, so that there is nothing to be said twice */
	if (t->out.max - t->out.len < len + OVERHEAD) {
		if (t->out_at == 0 || t->out.max - queued < len + OVERHEAD)
			return 0;
		memmove(t->out.data, t->out.data + t->out_at, queued);
		t->out.len = queued;
		t->out_at = 0;
	}
	n = gnutls.record_send(t->s, p, len);
	return n >= 0 ? n : judge(t, (int)n, "encrypting");
}

int tls_bye(struct tls *t)
{
	int rc = t->shaken ? gnutls.bye(t->s, GNUTLS_SHUT_WR) : 0;

	return rc < 0 ? judge(t, rc, "closing") : 0;
}

const char *tls_alpn(const struct tls *t)
{
	return t->alpn;
}

const char *tls_version(const struct tls *t)
{
	return t->version;
}

int tls_resumed(const struct tls *t)
{
	return gnutls.session_is_resumed(t->s) != 0;
}
