/*
 * ask.h - a gateway over a store of fixtures, and requests to it without a server.
 *
 *	ask_open("gateway.hosts = example.com subdomains\n");
 *	ask_import("tests/golden/gateway/gateway-cache.car");
 *	CHECK(ask_get("/ipfs/bafy…/") == 200 && !strcmp(ask_field("etag"), "\"bafy…\""));
 *	CHECK_STR(ask_body(), "hello\n");
 *	ask("HEAD", "/ipfs/bafy…?format=raw", "example.com:8080", "range: bytes=0-1\nif-none-match: *\n");
 */
#ifndef TESTS_GATEWAY_ASK_H
#define TESTS_GATEWAY_ASK_H

#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

#include "api/gateway/gateway_priv.h"
#include "base/io.h"
#include "name/name.h"
#include "ops/car.h"
#include "tests/unit/unit.h"

static struct {
	struct store *st;
	struct gateway *g;
	struct dag_source *src;		/* NULL: the store itself */
	int tls, remote;		/* of the requests to come */
	/* of the last answer: */
	struct reply r;
	struct buf body;
	uint64_t len;			/* as the head said */
	int rc;				/* what gateway_answer returned */
	uint64_t n_extents;		/* pieces that were no bytes */
	uint64_t room;			/* bytes the client takes before it goes away; 0: all */
} ask_now;

static int ask_start(struct reply *r, uint64_t len)
{
	(void)r;
	ask_now.len = len;
	return 0;
}

static int ask_put(struct sink *s, const struct piece *p)
{
	struct buf *b = &ask_now.body;

	(void)s;
	if (ask_now.room && b->len >= ask_now.room)
		return err_set(ERR_INTERRUPTED, "the client is gone");
	if (p->fd < 0)
		return buf_add(b, p->bytes);
	ask_now.n_extents++;
	if (buf_reserve(b, p->len) < 0 ||
	    io_pread(p->fd, b->data + b->len, p->len, p->off, "extent") != (ssize_t)p->len)
		abort();
	b->len += p->len;
	b->data[b->len] = 0;
	return 0;
}

/* ask_open - a new empty store and a gateway with these settings */
__attribute__((unused)) static void ask_open(const char *config)
{
	static int n;
	static char *dir;
	char path[4200];

	if (!dir)
		dir = unit_tmpdir();
	store_close(ask_now.st);
	gateway_free(ask_now.g);
	ask_now.st = NULL;
	ask_now.g = NULL;
	snprintf(path, sizeof path, "%s/store%d", dir, n++);
	if (store_init(path, config) < 0 || store_open(&ask_now.st, path, STORE_WRITE | STORE_UNSYNCED) < 0 ||
	    gateway_new(&ask_now.g, store_config(ask_now.st)) < 0) {
		printf("# no gateway: %s\n", err_text());
		abort();
	}
}

__attribute__((unused)) static void ask_close(void)
{
	store_close(ask_now.st);
	gateway_free(ask_now.g);
	buf_clear(&ask_now.body);
	buf_clear(&ask_now.r.fields);
	buf_clear(&ask_now.r.trailers);
	memset(&ask_now, 0, sizeof ask_now);
}

/* ask_import - the blocks of an archive, without pins */
__attribute__((unused)) static void ask_import(const char *path)
{
	struct ops_car_import o = { .keep = 1 };
	struct car_importer *m = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ops_car_import_begin(&m, ask_now.st, &o) < 0 || ops_car_import_fd(m, fd, path) < 0 ||
	    ops_car_import_end(m, NULL, NULL) < 0 || ops_car_import_drop(m) < 0) {
		printf("# %s: %s\n", path, err_text());
		abort();
	}
	close(fd);
}

/* ask_record - the record of a file named after its key; 1: kept, or the error of name_put */
__attribute__((unused)) static int ask_record(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	struct buf record = BUF_INIT(1 << 20);
	struct cid id;
	int rc = io_slurp_file(AT_FDCWD, path, &record);

	if (rc == 0)
		rc = key_id_parse(span_of(name, strcspn(name, "_.")), &id);
	if (rc == 0)
		rc = name_put(ask_now.st, &id, buf_span(&record), 0);
	buf_clear(&record);
	return rc;
}

/* the fields of "name: value\n" lines */
static size_t ask_fields(struct field *f, size_t max, const char *lines)
{
	size_t n = 0, len;
	const char *colon;

	for (; lines && *lines && n < max; lines += len + (lines[len] == '\n')) {
		len = strcspn(lines, "\n");
		colon = memchr(lines, ':', len);
		if (!colon)
			abort();
		f[n].name = span_of(lines, (size_t)(colon - lines));
		colon += 1 + strspn(colon + 1, " ");
		f[n++].value = span_of(colon, len - (size_t)(colon - lines));
	}
	return n;
}

/* ask - the status of the answer; 0: none was given.  Names of fields in lower case. */
__attribute__((unused)) static int ask(const char *method, const char *target, const char *host, const char *fields)
{
	const char *mark = strchr(target, '?');
	struct field f[32];
	struct request rq = { .method = span_str(method), .host = host ? span_str(host) : span_of(NULL, 0),
			      .path = span_of(target, strcspn(target, "?")), .id = span_str("id-1"),
			      .query = mark ? span_str(mark + 1) : span_of(NULL, 0), .peer = span_str("127.0.0.1:4711"),
			      .tls = ask_now.tls, .local = !ask_now.remote, .field = f };

	rq.n_fields = ask_fields(f, 32, fields);
	buf_clear(&ask_now.r.fields);
	buf_clear(&ask_now.r.trailers);
	buf_clear(&ask_now.body);
	ask_now.body = BUF_INIT(64 << 20);
	ask_now.r = (struct reply){ .sink = { ask_put }, .fields = BUF_INIT(REPLY_FIELDS_MAX),
				    .trailers = BUF_INIT(4096), .head_only = !strcmp(method, "HEAD"),
				    .start = ask_start };
	ask_now.n_extents = 0;
	ask_now.len = 0;
	ask_now.rc = gateway_answer(ask_now.g, ask_now.st,
				    ask_now.src ? ask_now.src : store_source(ask_now.st), &rq, &ask_now.r);
	return ask_now.r.status;
}

__attribute__((unused)) static int ask_get(const char *target)
{
	return ask("GET", target, "127.0.0.1:8080", NULL);
}

__attribute__((unused)) static int ask_with(const char *target, const char *fields)
{
	return ask("GET", target, "127.0.0.1:8080", fields);
}

/* ask_field - the value of a field of the answer, several joined with ", "; NULL: it has none.  Kept. */
__attribute__((unused)) static const char *ask_field(const char *name)
{
	const char *p = (const char *)ask_now.r.fields.data, *end;
	size_t len = strlen(name);
	char *out = NULL;

	for (; p && *p; p = end + 1) {
		size_t was = out ? strlen(out) : 0, n;

		end = strchr(p, '\n');
		if (strncasecmp(p, name, len) != 0 || p[len] != ':')
			continue;
		n = (size_t)(end - p) - len - 3;
		if (!out)
			out = memset(unit_kept(REPLY_FIELDS_MAX), 0, 1);
		snprintf(out + was, REPLY_FIELDS_MAX - was, "%s%.*s", was ? ", " : "", (int)n, p + len + 2);
	}
	return out;
}

__attribute__((unused)) static int ask_field_is(const char *name, const char *value)
{
	const char *is = ask_field(name);

	if (!is || !value ? is == value : !strcmp(is, value))
		return 1;
	printf("# %s: is \"%s\", not \"%s\"\n", name, is ? is : "(none)", value ? value : "(none)");
	return 0;
}

__attribute__((unused)) static int ask_field_has(const char *name, const char *part)
{
	const char *is = ask_field(name);

	if (is && strstr(is, part))
		return 1;
	printf("# %s: \"%s\" has no \"%s\"\n", name, is ? is : "(none)", part);
	return 0;
}

__attribute__((unused)) static const char *ask_body(void)
{
	return ask_now.body.data ? (const char *)ask_now.body.data : "";
}

#endif
