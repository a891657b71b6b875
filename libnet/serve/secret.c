/* secret.c - what pumps share for TLS, in memory of its own */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "pump_priv.h"

static int make_up(struct secrets *s, const struct serve_opts *o)
{
	struct buf cert = BUF_INIT(PEM_MAX - 1), key = BUF_INIT(PEM_MAX - 1);
	int rc = tls_self_signed("localhost", &cert, &key);

	(void)o;
	if (rc == 0) {
		memcpy(s->cert, cert.data, cert.len + 1);
		memcpy(s->key, key.data, key.len + 1);
	}
	if (key.data)
		explicit_bzero(key.data, key.cap);
	buf_clear(&cert);
	buf_clear(&key);
	return rc;
}

/* What needs GnuTLS, or a key, is done by a child: neither shall be in those we fork later. */
static int apart(int (*what)(struct secrets *s, const struct serve_opts *o), struct secrets *s,
		 const struct serve_opts *o)
{
	int pipes[2], rc;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys("making a pipe");
	pid = fork();
	if (pid == 0) {
		close(pipes[0]);
		pump_report(pipes[1], what(s, o));
		_exit(0);
	}
	close(pipes[1]);
	rc = pump_hear_report(pipes[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return rc;
}

int secrets_make(struct secrets **out, const struct serve_opts *o)
{
	struct secrets *s;
	int rc;

	*out = NULL;
	if (!o->tls_cert)
		return err_set(ERR_USAGE, "a TLS address needs a certificate (-c and -k, or -c self)");
	s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return err_nomem();
	*out = s;
	rc = tls_ticket_key(s->ticket_key);
	return rc == 0 && strcmp(o->tls_cert, "self") == 0 ? apart(make_up, s, o) : rc;
}

int pump_creds(const struct serve_opts *o, const struct secrets *secrets, struct tls_creds **out)
{
	int rc;

	if (*secrets->cert)
		rc = tls_creds_pem(out, span_str(secrets->cert), span_str(secrets->key), span_of(NULL, 0));
	else
		rc = tls_creds_load(out, o->tls_cert, o->tls_key ? o->tls_key : o->tls_cert, o->tls_ocsp);
	return rc < 0 ? rc : tls_creds_tickets(*out, secrets->ticket_key);
}

static int check(struct secrets *s, const struct serve_opts *o)
{
	struct tls_creds *creds;

	return pump_creds(o, s, &creds);
}

int secrets_check(struct secrets *s, const struct serve_opts *o)
{
	return s ? apart(check, s, o) : 0;
}
