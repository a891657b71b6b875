/* secure_test - TLS and HTTP/2 over real sockets: with curl and h2load where they are installed, and with
 * clients that are neither */
#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "tests/unit/serve/rig.h"
#include "wire/tls/tls.h"

static char cert_name[4200], key_name[4200], cert2_name[4200];

static int put(const char *name, struct buf *b)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int rc = fd < 0 || write(fd, b->data, b->len) != (ssize_t)b->len;

	close(fd);
	buf_clear(b);
	return rc;
}

static int make_cert(const char *cert, const char *key)
{
	struct buf c = BUF_INIT(1 << 16), k = BUF_INIT(1 << 16);

	return tls_self_signed("h.example", &c, &k) < 0 || put(cert, &c) || put(key, &k);
}

static void with_tls(struct serve_opts *o)
{
	static const char *const at[] = { "tls:127.0.0.1:0", NULL };

	o->listen = at;
	o->tls_cert = cert_name;
	o->tls_key = key_name;
	o->tls_ms = 600;
	o->pumps = 2;
}

static void with_self(struct serve_opts *o)
{
	with_tls(o);
	o->tls_cert = "self";
	o->tls_key = NULL;
}

static void one_each(struct serve_opts *o)
{
	with_tls(o);
	o->conns = 1;
}

/* the exit status of a shell command; its output is kept */
__attribute__((format(printf, 2, 3)))
static int sh(const char **out, const char *fmt, ...)
{
	char command[8192], *text = unit_kept(4096);
	size_t n = 0, got;
	va_list ap;
	FILE *f;
	int status;

	va_start(ap, fmt);
	vsnprintf(command, sizeof command, fmt, ap);
	va_end(ap);
	fflush(stdout);
	f = popen(command, "r");
	if (!f)
		abort();
	while (n < 4095 && (got = fread(text + n, 1, 4095 - n, f)) > 0)
		n += got;
	text[n] = 0;
	if (out)
		*out = text;
	status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int can(const char *program)
{
	if (sh(NULL, "command -v %s >/dev/null 2>&1", program) == 0)
		return 1;
	printf("# %s is not here\n", program);
	return 0;
}

#define CURL "curl -s --max-time 20 --cacert %s --resolve h.example:%d:127.0.0.1 "

/* what a client may want, by this version and this kind of address */
static void with_curl(const char *how, const char *scheme, const char *version)
{
	const char *a;

	CHECK(sh(&a, CURL "%s -w ' %%{http_version} %%{response_code}' %s://h.example:%d/hello", cert_name, port, how,
		 scheme, port) == 0);
	CHECK(begins(a, "hello ") && begins(a + 6, version) && has_end(a, " 200"));
	CHECK(sh(&a, CURL "%s -o /dev/null -w '%%{response_code}' %s://h.example:%d/nothing", cert_name, port, how,
		 scheme, port) == 0);
	CHECK_STR(a, "404");
	CHECK(sh(&a, CURL "%s -I -H 'X-Request-ID: mine' %s://h.example:%d/hello", cert_name, port, how, scheme,
		 port) == 0);
	CHECK(strstr(a, "content-length: 5\r\n") && strstr(a, "x-request-id: mine\r\n"));
	CHECK(sh(NULL, CURL "%s %s://h.example:%d/file | cmp - %s", cert_name, port, how, scheme, port, rig_name) == 0);
	CHECK(sh(NULL, CURL "%s '%s://h.example:%d/file?chunked' | cmp - %s", cert_name, port, how, scheme, port,
		 rig_name) == 0);
	CHECK(sh(NULL, CURL "%s --data-binary @%s %s://h.example:%d/echo | cmp - %s", cert_name, port, how, rig_name,
		 scheme, port, rig_name) == 0);
	CHECK(sh(NULL, CURL "%s -T - -X POST %s://h.example:%d/echo < %s | cmp - %s", cert_name, port, how, scheme,
		 port, rig_name, rig_name) == 0);
	/* curl before 8 loses many an answer over HTTP/2 that comes while it is still sending, though the frames are
	 * right (HEADERS, DATA with END_STREAM, no reset): one in five when the machine is busy */
	CHECK(sh(NULL, "for i in $(seq 60); do " CURL "%s -d body %s://h.example:%d/deaf && exit 0; done; exit 1",
		 cert_name, port, how, scheme, port) == 0);
	CHECK(sh(&a, CURL "%s -o /dev/null -w '%%{response_code}' %s://h.example:%d/crash", cert_name, port, how,
		 scheme, port) == 0);
	CHECK_STR(a, "500");
	/* what is not whole can be seen not to be */
	CHECK(sh(NULL, CURL "%s -o /dev/null '%s://h.example:%d/crash?later'", cert_name, port, how, scheme, port) != 0);
	CHECK(sh(NULL, CURL "%s -o /dev/null %s://h.example:%d/half", cert_name, port, how, scheme, port) != 0);
	CHECK(sh(NULL, CURL "%s -o /dev/null %s://h.example:%d/much", cert_name, port, how, scheme, port) != 0);
	/* one that leaves in the middle */
	sh(NULL, CURL "%s --max-filesize 100 %s://h.example:%d/file", cert_name, port, how, scheme, port);
	CHECK(sh(NULL, CURL "%s %s://h.example:%d/file | head -c 1000 >/dev/null", cert_name, port, how, scheme,
		 port) == 0);
	CHECK(sh(&a, CURL "%s %s://h.example:%d/hello", cert_name, port, how, scheme, port) == 0);
	CHECK_STR(a, "hello");
}

static void versions(void)
{
	int pool;

	if (!can("curl"))
		return;
	for (pool = 0; pool < 2; pool++) {
		start(pool, with_tls);
		with_curl("--http1.1", "https", "1.1");
		with_curl("--http2", "https", "2");
		with_curl("--http1.1 --tls-max 1.2", "https", "1.1");
		CHECK(stop() == 0);
		start(pool, NULL);
		with_curl("--http2-prior-knowledge", "http", "2");
		with_curl("--http1.1", "http", "1.1");
		CHECK(stop() == 0);
	}
	start(0, one_each);
	with_curl("--http2", "https", "2");
	CHECK(stop() == 0);
}

static void many_requests_of_one_client(void)
{
	const char *a;
	int pool;

	if (!can("h2load"))
		return;
	for (pool = 0; pool < 2; pool++) {
		start(pool, pool ? with_tls : NULL);
		CHECK(sh(&a, "h2load -n 600 -c 3 -m 50 -T 20 %s://127.0.0.1:%d/hello 2>&1", pool ? "https" : "http",
			 port) == 0);
		CHECK(strstr(a, "600 succeeded, 0 failed") != NULL);
		CHECK(sh(&a, "h2load -n 40 -c 2 -m 10 -T 20 %s://127.0.0.1:%d/file 2>&1", pool ? "https" : "http",
			 port) == 0);
		CHECK(strstr(a, "40 succeeded, 0 failed") != NULL);
		CHECK(stop() == 0);
	}
}

static void gnutls_client(void)
{
	const char *a;

	if (!can("gnutls-cli"))
		return;
	start(1, with_self);
	CHECK(sh(&a, "{ printf 'GET /hello HTTP/1.1\\r\\nHost: h\\r\\nConnection: close\\r\\n\\r\\n'; sleep 1; } | "
		 "gnutls-cli --insecure --alpn http/1.1 -p %d 127.0.0.1 2>&1", port) == 0);
	CHECK(strstr(a, "HTTP/1.1 200 OK") && strstr(a, "hello") && strstr(a, "(TLS1.3-X.509)"));
	CHECK(stop() == 0);
}

static void a_new_certificate(void)
{
	int i;

	if (!can("curl"))
		return;
	start(1, with_tls);
	CHECK(sh(NULL, CURL "https://h.example:%d/hello", cert_name, port, port) == 0);
	NEED(sh(NULL, "cp %s %s.old", cert_name, cert_name) == 0 && make_cert(cert2_name, key_name) == 0);
	/* one that does not fit: the old one stays */
	kill(server, SIGHUP);
	usleep(300000);
	CHECK(sh(NULL, CURL "https://h.example:%d/hello", cert_name, port, port) == 0);
	NEED(rename(cert2_name, cert_name) == 0);
	kill(server, SIGHUP);
	for (i = 0; i < 100 && sh(NULL, CURL "https://h.example:%d/hello", cert_name, port, port) != 0; i++)
		usleep(50000);
	CHECK(i < 100);
	CHECK(stop() == 0);
	sh(NULL, "rm -f %s.old", cert_name);
}

/* those who are no clients of TLS are let go, and nobody else is the worse for it */
static void no_handshake(void)
{
	struct buf out = BUF_INIT(1 << 16);
	int fds[50], i;

	start(1, with_self);
	for (i = 0; i < 50; i++) {
		fds[i] = dial();
		say_to(fds[i], i % 3 == 0 ? "" : i % 3 == 1 ? "GET / HTTP/1.1\r\nHost: h\r\n\r\n" : "\x16\x03\x01\x02");
	}
	for (i = 0; i < 50; i++) {
		all_of(fds[i], &out);
		CHECK(!out.data || !strstr((const char *)out.data, "HTTP"));
		buf_reset(&out);
	}
	buf_clear(&out);
	CHECK(stop() == 0);
}

static void beginnings_that_fail(void)
{
	static const char *const at[] = { "tls:127.0.0.1:0", NULL };
	struct serve_opts o;

	serve_opts_init(&o);
	o.listen = at;
	o.answer = answer;
	fflush(stdout);
	CHECK_ERR(serve_run(&o), ERR_USAGE);
	o.tls_cert = key_name;
	o.tls_key = key_name;
	CHECK_ERR(serve_run(&o), ERR_INVALID);
	o.conns = 1;
	CHECK_ERR(serve_run(&o), ERR_INVALID);
	o.tls_cert = "/nowhere";
	CHECK_ERR(serve_run(&o), ERR_NOTFOUND);
}

/* ---- HTTP/2 by hand ---- */

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

static void frame(int fd, unsigned type, unsigned flags, unsigned id, const void *p, size_t len)
{
	uint8_t h[9] = { (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, (uint8_t)type, (uint8_t)flags,
			 (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id };

	if (send(fd, h, 9, MSG_NOSIGNAL) < 0 || (len && send(fd, p, len, MSG_NOSIGNAL) < 0))
		errno = 0;			/* it had enough of us */
}

/* GET http://h/hello by the static table alone (RFC 7541 A), or /file */
static void get(int fd, unsigned id, const char *path)
{
	uint8_t block[64] = { 0x82, 0x86, 0x04, (uint8_t)strlen(path) };
	size_t n = 4 + strlen(path);

	memcpy(block + 4, path, n - 4);
	block[n++] = 0x01;			/* :authority */
	block[n++] = 1;
	block[n++] = 'h';
	frame(fd, 1, 5, id, block, n);
}

static void drip(struct serve_opts *o)
{
	o->idle_ms = o->head_ms = o->send_ms = 700;
	o->streams = 4;
}

/* rapid resets, pings, settings, empty frames: the connection is ended, and others are served meanwhile */
static void floods(void)
{
	struct buf out = BUF_INIT(1 << 24);
	unsigned kind, i;
	int fd, gone;

	start(1, drip);
	for (kind = 0; kind < 5; kind++) {
		fd = dial();
		say_to(fd, PREFACE);
		frame(fd, 4, 0, 0, "", 0);
		for (gone = 0, i = 0; i < 20000 && !gone; i++) {
			switch (kind) {
			case 0:
				get(fd, 2 * i + 1, "/hello");
				frame(fd, 3, 0, 2 * i + 1, "\0\0\0\x08", 4);
				break;
			case 1: frame(fd, 6, 0, 0, "12345678", 8); break;
			case 2: frame(fd, 4, 0, 0, "", 0); break;
			case 3: frame(fd, 1, i ? 1 : 0, 1, "\x82", i ? 0 : 1); break;
			case 4: frame(fd, i ? 9 : 1, 0, 1, i ? "" : "\x82", i ? 0 : 1); break;
			}
			if (i % 100 == 0) {
				struct pollfd p = { .fd = fd, .events = POLLIN | POLLRDHUP };

				gone = poll(&p, 1, 0) > 0 && p.revents & (POLLRDHUP | POLLHUP | POLLERR);
			}
		}
		CHECK(gone || kind > 4);
		all_of(fd, &out);
		buf_reset(&out);
		CHECK(alive());
	}
	buf_clear(&out);
	CHECK(stop() == 0);
}

/* a window that stays closed, a preface that stays alone, a head that is not finished: none stays for ever */
static void stalled(void)
{
	struct buf out = BUF_INIT(1 << 24);
	int fds[4], i;

	start(0, drip);
	for (i = 0; i < 4; i++) {
		fds[i] = dial();
		say_to(fds[i], i == 3 ? "PRI * HT" : PREFACE);
		if (i == 3)
			continue;
		frame(fds[i], 4, 0, 0, i == 1 ? "\0\4\0\0\0\0" : "", i == 1 ? 6 : 0);
		if (i == 1)
			get(fds[i], 1, "/file");
		if (i == 2)
			frame(fds[i], 1, 0, 1, "\x82", 1);
	}
	for (i = 0; i < 4; i++) {
		all_of(fds[i], &out);
		buf_reset(&out);
	}
	buf_clear(&out);
	CHECK(alive());
	CHECK(stop() == 0);
}

/* told to end, we say so, and a request that is under way is answered first */
static void draining(void)
{
	struct buf out = BUF_INIT(1 << 16);
	int fds[2], i, status = -1;
	char c;

	start(0, NULL);
	for (i = 0; i < 2; i++) {
		fds[i] = dial();
		say_to(fds[i], PREFACE);
		frame(fds[i], 4, 0, 0, "", 0);
		CHECK(recv(fds[i], &c, 1, 0) == 1);
	}
	/* POST /echo of two bytes, of which one comes later */
	frame(fds[1], 1, 4, 1, "\x83\x86\x04\x05/echo\x01\x01h\x0f\x0d\x01" "2", 16);
	frame(fds[1], 0, 0, 1, "h", 1);
	usleep(300000);
	kill(server, SIGTERM);
	all_of(fds[0], &out);			/* the idle one is closed */
	CHECK(waitpid(server, &status, WNOHANG) == 0);
	buf_reset(&out);
	frame(fds[1], 0, 1, 1, "i", 1);
	all_of(fds[1], &out);
	/* both bytes, in a frame each (the stream, then the byte) */
	CHECK(out.len && memmem(out.data, out.len, "\0\0\0\1h", 5) && memmem(out.data, out.len, "\0\0\0\1i", 5));
	CHECK(waitpid(server, &status, 0) == server && status == 0);
	close(log_pipe[0]);
	buf_clear(&out);
}

int main(void)
{
	if (rig_begin() < 0)
		return 1;
	snprintf(cert_name, sizeof cert_name, "%s.cert", rig_name);
	snprintf(cert2_name, sizeof cert2_name, "%s.cert2", rig_name);
	snprintf(key_name, sizeof key_name, "%s.key", rig_name);
	if (make_cert(cert_name, key_name))
		return 1;
	RUN(versions);
	RUN(many_requests_of_one_client);
	RUN(gnutls_client);
	RUN(a_new_certificate);
	RUN(no_handshake);
	RUN(beginnings_that_fail);
	RUN(floods);
	RUN(stalled);
	RUN(draining);
	unlink(cert_name);
	unlink(key_name);
	rig_end();
	return UNIT_END();
}
